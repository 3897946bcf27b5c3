//! A shard as flat arrays in a pack, and back: what opening a store reads instead of every record.
//!
//! Arrays hold what can't be computed quickly. Postings and threads follow from them, in one pass.

use std::io;

use serde::{Deserialize, Serialize};

use super::{Doc, Look, NONE, Names, Place, RADII, Reach, Shard, Term, Thread, counted};
use crate::{
    pack::{Pack, Writer},
    record::MemoryId,
    vectors::Vectors,
};

/// What changes with these arrays, or with how texts become terms: an index of another one is made anew.
pub(crate) const FORMAT: u32 = 1;

/// Bytes of a record beside its terms and tags.
const DOC_BYTES: usize = 52;

/// What is small.
#[derive(Serialize, Deserialize)]
struct Meta {
    words: NamesImage,
    thread_names: NamesImage,
    authors: NamesImage,
    kinds: NamesImage,
    tags: NamesImage,
    free: Vec<Place>,
    length: u64,
    loose: usize,
    loose_length: u64,
    window_lengths: [u64; RADII.len()],
    dimensions: usize,
}

#[derive(Serialize, Deserialize)]
struct NamesImage {
    names: Vec<Box<str>>,
    holders: Vec<u32>,
    free: Vec<u32>,
}

impl NamesImage {
    fn of(names: &Names) -> Self {
        let Names { names, holders, free, .. } = names.clone();
        Self { names, holders, free }
    }

    fn names(self) -> Option<Names> {
        let Self { names, holders, free } = self;
        let fits = names.len() == holders.len()
            && free.iter().all(|it| holders.get(*it as usize) == Some(&0));
        let held = names.iter().zip(&holders).zip(0..).filter(|it| *it.0.1 > 0);
        let numbers = held.map(|((name, _), number)| (name.clone(), number)).collect();
        fits.then_some(Names { numbers, names, holders, free })
    }
}

impl Shard {
    /// Writes the shard as sections of a pack whose names begin with `prefix`.
    pub(crate) fn write(&self, writer: &mut Writer, prefix: &str) -> io::Result<()> {
        let (dimensions, sketches, scales, steps) = self.vectors.arrays();
        let meta = Meta {
            words: NamesImage::of(&self.words),
            thread_names: NamesImage::of(&self.thread_names),
            authors: NamesImage::of(&self.authors),
            kinds: NamesImage::of(&self.kinds),
            tags: NamesImage::of(&self.tags),
            free: self.free.clone(),
            length: self.length,
            loose: self.loose,
            loose_length: self.loose_length,
            window_lengths: self.window_lengths,
            dimensions,
        };
        let meta = rmp_serde::to_vec(&meta).map_err(io::Error::other)?;
        writer.section(&format!("{prefix}.meta"), &meta)?;
        let all = || self.docs.iter();
        let docs = all().flat_map(|it| it.as_ref().map_or([0; DOC_BYTES], row));
        writer.section(&format!("{prefix}.docs"), &docs.collect::<Vec<u8>>())?;
        let terms = all().flatten().flat_map(|it| it.terms.iter().flat_map(|it| it.to_le_bytes()));
        writer.section(&format!("{prefix}.terms"), &terms.collect::<Vec<u8>>())?;
        let tags = all().flatten().flat_map(|it| it.tags.iter().flat_map(|it| it.to_le_bytes()));
        writer.section(&format!("{prefix}.tags"), &tags.collect::<Vec<u8>>())?;
        writer.section(&format!("{prefix}.sketches"), sketches)?;
        let scales: Vec<u8> = scales.iter().flat_map(|it| it.to_le_bytes()).collect();
        writer.section(&format!("{prefix}.scales"), &scales)?;
        writer.section(&format!("{prefix}.steps"), steps)
    }

    /// Reads what [`Shard::write`] wrote; none where it is something else.
    pub(crate) fn read(pack: &Pack, prefix: &str) -> Option<Self> {
        let bytes = |name: &str| -> Option<Vec<u8>> {
            let section = pack.section(&format!("{prefix}.{name}"))?;
            let mut bytes = Vec::with_capacity(section.len());
            section.all().for_each(|it| bytes.extend_from_slice(it));
            Some(bytes)
        };
        let meta: Meta = rmp_serde::from_slice(&bytes("meta")?).ok()?;
        let (rows, rest) = (bytes("docs")?, bytes("scales")?);
        let (rows, []) = rows.as_chunks::<DOC_BYTES>() else { return None };
        let (scales, []) = rest.as_chunks::<4>() else { return None };
        let scales = scales.iter().map(|it| f32::from_le_bytes(*it)).collect();
        let vectors =
            Vectors::of_arrays(meta.dimensions, bytes("sketches")?, scales, bytes("steps")?)?;
        let mut shard = Self {
            words: meta.words.names()?,
            thread_names: meta.thread_names.names()?,
            authors: meta.authors.names()?,
            kinds: meta.kinds.names()?,
            tags: meta.tags.names()?,
            free: meta.free,
            length: meta.length,
            loose: meta.loose,
            loose_length: meta.loose_length,
            window_lengths: meta.window_lengths,
            vectors,
            ..Self::default()
        };
        shard.docs = vec![None; rows.len()];
        shard.lengths = vec![0; rows.len()];
        shard.reaches = vec![Reach::ALONE; rows.len()];
        let mut is_free = vec![false; rows.len()];
        for place in &shard.free {
            *is_free.get_mut(*place as usize)? = true;
        }
        let (terms, tags) = (bytes("terms")?, bytes("tags")?);
        let (mut terms, mut tags) = (numbers(&terms)?, numbers(&tags)?);
        for (place, row) in rows.iter().enumerate().filter(|it| !is_free[it.0]) {
            let doc = doc(row, &mut terms, &mut tags)?;
            shard.fits(&doc).then_some(())?;
            shard.places.insert(doc.id, place as Place);
            shard.lengths[place] = doc.terms.len() as u32;
            shard.docs[place] = Some(doc);
        }
        let ends = terms.next().is_none() && tags.next().is_none();
        let vectors_end = shard.vectors.places() <= shard.docs.len();
        (ends && vectors_end && shard.join_all()).then_some(shard)
    }

    /// Whether the numbers of a record are those of names.
    fn fits(&self, doc: &Doc) -> bool {
        let known = |number: u32, names: &Names| (number as usize) < names.len();
        known(doc.kind, &self.kinds)
            && (doc.thread == NONE || known(doc.thread, &self.thread_names))
            && (doc.author == NONE || known(doc.author, &self.authors))
            && doc.tags.iter().all(|it| known(*it, &self.tags))
            && doc.terms.iter().all(|it| known(*it, &self.words))
    }

    /// Makes postings and threads of the records. False where the places in a thread are not those of as many
    /// records.
    fn join_all(&mut self) -> bool {
        self.postings = vec![Vec::new(); self.words.len()];
        self.threads = vec![Thread::default(); self.thread_names.len()];
        let mut members: Vec<(u32, u32, Place)> = Vec::new();
        for (doc, place) in self.docs.iter().zip(0..) {
            let Some(doc) = doc else { continue };
            for (term, count) in counted(&doc.terms) {
                self.postings[term as usize].push((place, count));
            }
            if doc.thread != NONE {
                members.push((doc.thread, doc.position, place));
            }
        }
        members.sort_unstable();
        let whole = members.into_iter().all(|(number, position, place)| {
            let length = u64::from(self.lengths[place as usize]);
            let thread = &mut self.threads[number as usize];
            let next = thread.docs.len() == position as usize;
            thread.docs.push(place);
            thread.length += length;
            next
        });
        for thread in &self.threads {
            for (position, place) in thread.docs.iter().enumerate() {
                self.reaches[*place as usize] = Reach::of(&thread.docs, position);
            }
        }
        whole
    }
}

/// Numbers of four bytes.
fn numbers(bytes: &[u8]) -> Option<impl Iterator<Item = u32>> {
    let (numbers, []) = bytes.as_chunks::<4>() else { return None };
    Some(numbers.iter().map(|it| u32::from_le_bytes(*it)))
}

fn row(doc: &Doc) -> [u8; DOC_BYTES] {
    let Look { asks, number, time, of_me, of_you } = doc.look;
    let flags = [asks, number, time, of_me, of_you];
    let flags = flags.iter().rev().fold(0_u8, |bits, it| bits << 1 | u8::from(*it));
    let mut row = [0; DOC_BYTES];
    row[..8].copy_from_slice(&doc.id.0.to_le_bytes());
    row[8..16].copy_from_slice(&doc.at.to_le_bytes());
    let numbers = [
        doc.thread,
        doc.position,
        doc.author,
        doc.kind,
        doc.importance.to_bits(),
        doc.confidence.to_bits(),
        doc.tokens,
        doc.terms.len() as u32,
    ];
    for (number, bytes) in numbers.iter().zip(row[16..48].as_chunks_mut::<4>().0) {
        *bytes = number.to_le_bytes();
    }
    row[48] = flags;
    row[49] = doc.tags.len() as u8;
    row
}

fn doc(
    row: &[u8; DOC_BYTES],
    terms: &mut impl Iterator<Item = Term>,
    tags: &mut impl Iterator<Item = u32>,
) -> Option<Doc> {
    let long = |at: usize| Some(u64::from_le_bytes(*row[at..].first_chunk()?));
    let number = |at: usize| Some(u32::from_le_bytes(*row[16 + 4 * at..].first_chunk()?));
    let (flag, count) = (|bit: u8| row[48] >> bit & 1 != 0, number(7)? as usize);
    let terms: Box<[Term]> = terms.take(count).collect();
    let tags: Box<[u32]> = tags.take(usize::from(row[49])).collect();
    let all = terms.len() == count && tags.len() == usize::from(row[49]);
    all.then_some(Doc {
        id: MemoryId(long(0)?),
        at: long(8)?,
        thread: number(0)?,
        position: number(1)?,
        author: number(2)?,
        kind: number(3)?,
        tags,
        terms,
        importance: f32::from_bits(number(4)?),
        confidence: f32::from_bits(number(5)?),
        look: Look {
            asks: flag(0),
            number: flag(1),
            time: flag(2),
            of_me: flag(3),
            of_you: flag(4),
        },
        tokens: number(6)?,
    })
}
