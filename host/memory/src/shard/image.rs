//! A shard as flat arrays in a pack, and back: what opening a store reads instead of every record.
//!
//! Texts and postings stay there until they are asked. Arrays hold what can't be computed quickly. Threads follow from them, in one pass.

use std::{borrow::Cow, io};

use serde::{Deserialize, Serialize};

use super::{DenseWords, NONE, Names, Place, Postings, RADII, Reach, Row, Shard, Texts, Thread};
use crate::{
    pack::{Pack, Section, Writer},
    record::MemoryId,
    vectors::Vectors,
};

/// What changes with these arrays, or with how texts become terms: an index of another one is made anew.
pub(crate) const FORMAT: u32 = 3;

/// Bytes of a record beside its tags and terms.
const ROW_BYTES: usize = 57;

/// Bytes of a word's postings beside their own list.
const HEAD_BYTES: usize = 12;

/// So many bytes are gathered before they are handed to the pack.
const PART_BYTES: usize = 1 << 20;

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
        let (sketches, scales) = self.vectors.arrays();
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
        };
        let meta = rmp_serde::to_vec(&meta).map_err(io::Error::other)?;
        writer.section(&format!("{prefix}.meta"), &meta)?;
        let dimensions = (self.vectors.dimensions() as u32).to_le_bytes();
        writer.section(&format!("{prefix}.dimensions"), &dimensions)?;
        // Texts lie without holes, in the order of places.
        let mut text = 0;
        let rows = self.rows.iter().zip(&self.lengths).map(|(row, terms)| {
            let moved = row_bytes(&Row { text, ..*row }, *terms);
            text += self.text_of(row, *terms).len() as u64;
            moved
        });
        list(writer, &format!("{prefix}.rows"), rows)?;
        let texts = self.rows.iter().zip(&self.lengths);
        let texts = texts.map(|(row, terms)| self.text_of(row, *terms));
        list(writer, &format!("{prefix}.texts"), texts)?;
        let heads = self.postings.iter().map(|it| {
            let (count, last, bytes) = it.parts(&self.lists);
            [count, last, bytes.len() as u32].map(u32::to_le_bytes).concat()
        });
        list(writer, &format!("{prefix}.heads"), heads)?;
        list(
            writer,
            &format!("{prefix}.postings"),
            self.postings.iter().map(|it| it.parts(&self.lists).2),
        )?;
        writer.section(&format!("{prefix}.sketches"), sketches)?;
        let scales: Vec<u8> = scales.iter().flat_map(|it| it.to_le_bytes()).collect();
        writer.section(&format!("{prefix}.scales"), &scales)?;
        self.vectors.write_steps(writer, &steps_of(prefix))?;
        if self.is_torn() {
            return Err(io::Error::other("the index that was kept before is damaged"));
        }
        Ok(())
    }

    /// Leaves texts, postings, and the steps of more than `resident_max` vectors where [`Shard::write`] just wrote
    /// them.
    pub(crate) fn rest_on(&mut self, pack: &Pack, prefix: &str, resident_max: usize) {
        if let Some(steps) = pack.section(&steps_of(prefix))
            && let Some(mut read) = Self::read_beside(pack, prefix, Vectors::default())
            && !pack.is_damaged()
        {
            self.vectors.rest_on(steps, resident_max);
            read.vectors = std::mem::take(&mut self.vectors);
            *self = read;
        }
    }

    /// Reads what [`Shard::write`] wrote; none where it is something else. Texts, postings and the steps of more than
    /// `resident_max` vectors stay where they are.
    pub(crate) fn read(pack: &Pack, prefix: &str, resident_max: usize) -> Option<Self> {
        let section = |name: &str| pack.section(&format!("{prefix}.{name}"));
        let bytes = |name: &str| section(name).map(|it: Section| it.to_vec());
        let dimensions = section("dimensions")?.to_vec();
        let dimensions = u32::from_le_bytes(dimensions.try_into().ok()?) as usize;
        let rest = bytes("scales")?;
        let (scales, []) = rest.as_chunks::<4>() else { return None };
        let scales = scales.iter().map(|it| f32::from_le_bytes(*it)).collect();
        let (sketches, steps) = (bytes("sketches")?, pack.section(&steps_of(prefix))?);
        let vectors = Vectors::of_arrays(dimensions, sketches, scales, steps, resident_max)?;
        Self::read_beside(pack, prefix, vectors)
    }

    /// Reads all but the vectors.
    fn read_beside(pack: &Pack, prefix: &str, vectors: Vectors) -> Option<Self> {
        let section = |name: &str| pack.section(&format!("{prefix}.{name}"));
        let bytes = |name: &str| section(name).map(|it: Section| it.to_vec());
        let meta: Meta = rmp_serde::from_slice(&bytes("meta")?).ok()?;
        let rows = bytes("rows")?;
        let (rows, []) = rows.as_chunks::<ROW_BYTES>() else { return None };
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
        shard.texts = Texts::kept(section("texts")?);
        let lists = section("postings")?;
        shard.postings = postings(&bytes("heads")?, lists.len(), rows.len())?;
        shard.lists = Some(lists);
        shard.dense = DenseWords::of(&shard.postings, rows.len());
        shard.reaches = vec![Reach::ALONE; rows.len()];
        (shard.rows, shard.lengths) = rows.iter().map(row).unzip();
        let mut is_free = vec![false; rows.len()];
        for place in &shard.free {
            *is_free.get_mut(*place as usize)? = true;
        }
        for (row, is_free) in shard.rows.iter().zip(is_free) {
            ((row.kind == NONE) == is_free && shard.fits(row)).then_some(())?;
        }
        shard.by_id = shard.places().collect();
        // It is, mostly.
        let id = |it: &Place| shard.rows[*it as usize].id;
        if !shard.by_id.is_sorted_by_key(id) {
            shard.by_id.sort_unstable_by_key(id);
        }
        let fits =
            shard.postings.len() == shard.words.len() && shard.vectors.places() <= shard.rows.len();
        (fits && shard.join_all()).then_some(shard)
    }

    /// The bytes of a record's tags and terms.
    fn text_of(&self, row: &Row, terms: u32) -> Cow<'_, [u8]> {
        if row.kind == NONE { Cow::default() } else { self.texts.bytes(row.text, terms) }
    }

    /// Whether the numbers of a record are those of names.
    fn fits(&self, row: &Row) -> bool {
        let known = |number: u32, names: &Names| number == NONE || (number as usize) < names.len();
        known(row.kind, &self.kinds)
            && known(row.thread, &self.thread_names)
            && known(row.author, &self.authors)
            && row.text <= self.texts.len() as u64
    }

    /// Makes threads of the records. False where the places in a thread are not those of as many records.
    fn join_all(&mut self) -> bool {
        self.threads = vec![Thread::default(); self.thread_names.len()];
        let mut members: Vec<(u32, u32, Place)> = Vec::new();
        for (row, place) in self.rows.iter().zip(0..).filter(|it| it.0.thread != NONE) {
            members.push((row.thread, row.position, place));
        }
        members.sort_unstable();
        let mut whole = true;
        for of in members.chunk_by(|one, other| one.0 == other.0) {
            let thread = &mut self.threads[of[0].0 as usize];
            thread.docs = of.iter().map(|it| it.2).collect();
            thread.length = of.iter().map(|it| u64::from(self.lengths[it.2 as usize])).sum();
            whole &= of.iter().zip(0..).all(|(it, position)| it.1 == position);
            for (position, place) in thread.docs.iter().enumerate() {
                self.reaches[*place as usize] = Reach::of(&thread.docs, position);
            }
        }
        whole
    }
}

/// The name of the section with the steps of the vectors.
fn steps_of(prefix: &str) -> String {
    format!("{prefix}.steps")
}

/// Writes a section from its parts.
fn list<T: AsRef<[u8]>>(
    writer: &mut Writer,
    name: &str,
    parts: impl Iterator<Item = T>,
) -> io::Result<()> {
    let mut gathered = Vec::new();
    let mut begun = false;
    for part in parts {
        gathered.extend_from_slice(part.as_ref());
        if gathered.len() >= PART_BYTES {
            if !std::mem::replace(&mut begun, true) {
                writer.begin(name)?;
            }
            writer.append(&gathered)?;
            gathered.clear();
        }
    }
    if !begun {
        return writer.section(name, &gathered);
    }
    writer.append(&gathered)?;
    writer.end()
}

/// Postings by word, from their heads. Their lists lie one after the other and have so many bytes together.
fn postings(heads: &[u8], bytes: usize, capacity: usize) -> Option<Vec<Postings>> {
    let (heads, []) = heads.as_chunks::<HEAD_BYTES>() else { return None };
    let mut all = Vec::with_capacity(heads.len());
    let mut start = 0;
    for head in heads {
        let number = |at: usize| Some(u32::from_le_bytes(*head[4 * at..].first_chunk()?));
        let (count, last) = (number(0)?, number(1)?);
        (count == 0 || (last as usize) < capacity).then_some(())?;
        let length = number(2)?;
        all.push(Postings::kept(count, last, (start, length)));
        start += u64::from(length);
    }
    (start == bytes as u64).then_some(all)
}

fn row_bytes(row: &Row, terms: u32) -> [u8; ROW_BYTES] {
    let mut bytes = [0; ROW_BYTES];
    for (number, bytes) in [row.id.0, row.at, row.text].iter().zip(bytes.as_chunks_mut::<8>().0) {
        *bytes = number.to_le_bytes();
    }
    let numbers = [
        row.thread,
        row.position,
        row.author,
        row.kind,
        row.importance.to_bits(),
        row.confidence.to_bits(),
        row.tokens,
        terms,
    ];
    for (number, bytes) in numbers.iter().zip(bytes[24..].as_chunks_mut::<4>().0) {
        *bytes = number.to_le_bytes();
    }
    bytes[56] = row.look;
    bytes
}

/// A record, and how many terms it has.
fn row(bytes: &[u8; ROW_BYTES]) -> (Row, u32) {
    let long = |at: usize| bytes[at..].first_chunk().map_or(0, |it| u64::from_le_bytes(*it));
    let number =
        |at: usize| bytes[24 + 4 * at..].first_chunk().map_or(0, |it| u32::from_le_bytes(*it));
    let row = Row {
        id: MemoryId(long(0)),
        at: long(8),
        text: long(16),
        thread: number(0),
        position: number(1),
        author: number(2),
        kind: number(3),
        importance: f32::from_bits(number(4)),
        confidence: f32::from_bits(number(5)),
        tokens: number(6),
        look: bytes[56],
    };
    (row, number(7))
}
