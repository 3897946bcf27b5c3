//! A shard as flat arrays in a pack, and back: what opening a store reads instead of every record.
//!
//! Rows, texts, postings and bits of common words stay there until they are asked.

use std::{borrow::Cow, io};

use serde::{Deserialize, Serialize};

use super::{
    Aliases, DenseWords, Fields, NONE, Names, Numbers, Place, Postings, RADII, Reach, Row, Shard,
    Texts, Thread, Times,
};
use crate::{
    pack::{Flat, FlatList, Pack, Section, Writer},
    pages::make_room,
    record::MemoryId,
    vectors::Vectors,
};

/// What changes with these arrays, or with how texts become terms or tell times: an index of another one is made anew.
pub(crate) const FORMAT: u32 = 17;

/// Bytes of a record beside its tags and terms. A chunk holds a whole number of them.
pub(super) const ROW_BYTES: usize = 64;

/// Bytes of a thread beside its places: the terms of its records, and how many those are.
const THREAD_BYTES: usize = 12;

/// Bytes of a word's postings beside their own list.
const HEAD_BYTES: usize = 12;

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
    /// Numbers that somebody holds, in the order of their names.
    sorted: Vec<u32>,
}

impl NamesImage {
    fn of(names: &Names) -> Self {
        let Names { names, holders, free, .. } = names.clone();
        let mut sorted: Vec<u32> =
            (0..names.len() as u32).filter(|it| holders[*it as usize] > 0).collect();
        sorted.sort_unstable_by(|a, b| names[*a as usize].cmp(&names[*b as usize]));
        Self { names, holders, free, sorted }
    }

    fn names(self) -> Option<Names> {
        let Self { names, holders, free, sorted } = self;
        let held = holders.iter().filter(|it| **it > 0).count();
        let fits = names.len() == holders.len()
            && free.iter().all(|it| holders.get(*it as usize) == Some(&0))
            && sorted.len() == held
            && sorted.iter().all(|it| holders.get(*it as usize).is_some_and(|it| *it > 0));
        let numbers = Numbers { sorted, ..Numbers::default() };
        fits.then_some(Names { numbers, names, holders, free })
    }
}

impl Shard {
    /// Writes the shard as sections of a pack whose names begin with `prefix`.
    pub(crate) fn write(&self, writer: &mut Writer, prefix: &str) -> io::Result<()> {
        let (shades, scales) = self.vectors.arrays();
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
            let moved = Row { text, ..row };
            text += self.text_of(&row, *terms).len() as u64;
            moved
        });
        FlatList::<Row, ROW_BYTES>::write(writer, &format!("{prefix}.rows"), rows)?;
        let reaches: Vec<u8> = self.reaches.iter().map(|it| it.0).collect();
        writer.section(&format!("{prefix}.reaches"), &reaches)?;
        let numbers =
            |all: &[u32]| -> Vec<u8> { all.iter().flat_map(|it| it.to_le_bytes()).collect() };
        writer.section(&format!("{prefix}.lengths"), &numbers(&self.lengths))?;
        // Ids follow the places, mostly.
        let is_usual = self.by_id.iter().copied().eq(0..self.rows.len() as Place);
        let order = if is_usual { Vec::new() } else { numbers(&self.by_id) };
        writer.section(&format!("{prefix}.order"), &order)?;
        let (told, named) = self.times.bytes();
        writer.section(&format!("{prefix}.told"), &told)?;
        writer.section(&format!("{prefix}.named"), &named)?;
        writer.section(&format!("{prefix}.fields"), &self.fields.bytes())?;
        writer.section(&format!("{prefix}.aliases"), &self.aliases.bytes())?;
        let threads = self.threads.iter().map(|it| {
            let mut row = [0; THREAD_BYTES];
            row[..8].copy_from_slice(&it.length.to_le_bytes());
            row[8..].copy_from_slice(&(it.docs.len() as u32).to_le_bytes());
            row
        });
        writer.parts(&format!("{prefix}.threads"), threads)?;
        let members = self.threads.iter().map(|it| numbers(&it.docs));
        writer.parts(&format!("{prefix}.members"), members)?;
        let texts = self.rows.iter().zip(&self.lengths);
        let texts = texts.map(|(row, terms)| self.text_of(&row, *terms));
        writer.parts(&format!("{prefix}.texts"), texts)?;
        let heads = self.postings.iter().map(|it| {
            let (count, last, bytes) = it.parts(&self.lists);
            [count, last, bytes.len() as u32].map(u32::to_le_bytes).concat()
        });
        writer.parts(&format!("{prefix}.heads"), heads)?;
        writer.parts(
            &format!("{prefix}.postings"),
            self.postings.iter().map(|it| it.parts(&self.lists).2),
        )?;
        let names = ["common", "bits"].map(|it| format!("{prefix}.{it}"));
        let words = (self.postings.as_slice(), &self.lists, self.rows.len());
        self.dense.write(writer, names.each_ref().map(String::as_str), words)?;
        let names = ["lists", "sketches"].map(|it| format!("{prefix}.{it}"));
        self.vectors.write_sketches(writer, names.each_ref().map(String::as_str))?;
        writer.section(&format!("{prefix}.shades"), &shades)?;
        let scales: Vec<u8> = scales.iter().flat_map(|it| it.to_le_bytes()).collect();
        writer.section(&format!("{prefix}.scales"), &scales)?;
        self.vectors.write_codes(writer, &codes_of(prefix))?;
        if self.is_torn() {
            return Err(io::Error::other("the index that was kept before is damaged"));
        }
        Ok(())
    }

    /// Leaves texts, postings, and the codes of more than `resident_max` vectors where [`Shard::write`] just wrote
    /// them.
    pub(crate) fn rest_on(&mut self, pack: &Pack, prefix: &str, resident_max: usize) {
        if let Some(codes) = pack.section(&codes_of(prefix))
            && let Some(mut read) = Self::read_beside(pack, prefix)
            && !pack.is_damaged()
        {
            self.vectors.rest_on(codes, resident_max);
            read.vectors = std::mem::take(&mut self.vectors);
            *self = read;
        }
    }

    /// Reads what [`Shard::write`] wrote; none where it is something else. Texts, postings and the codes of more than
    /// `resident_max` vectors stay where they are.
    pub(crate) fn read(pack: &Pack, prefix: &str, resident_max: usize) -> Option<Self> {
        let section = |name: &str| pack.section(&format!("{prefix}.{name}"));
        let dimensions = section("dimensions")?.to_vec();
        let dimensions = u32::from_le_bytes(dimensions.try_into().ok()?) as usize;
        let scales = section("scales")?;
        let arrays = [section("lists")?, section("sketches")?, section("shades")?];
        let codes = pack.section(&codes_of(prefix))?;
        let scales = scales.to_vec();
        let (scales, []) = scales.as_chunks::<4>() else { return None };
        let scales = scales.iter().map(|it| f32::from_le_bytes(*it)).collect();
        let vectors =
            Vectors::of_arrays(dimensions, arrays.each_ref(), scales, codes, resident_max)?;
        let mut shard = Self::read_beside(pack, prefix)?;
        (vectors.places() <= shard.rows.len()).then_some(())?;
        shard.vectors = vectors;
        Some(shard)
    }

    /// Reads all but the vectors.
    fn read_beside(pack: &Pack, prefix: &str) -> Option<Self> {
        let section = |name: &str| pack.section(&format!("{prefix}.{name}"));
        let bytes = |name: &str| section(name).map(|it: Section| it.to_vec());
        let meta: Meta = rmp_serde::from_slice(&bytes("meta")?).ok()?;
        let rows: FlatList<Row, ROW_BYTES> = FlatList::kept(section("rows")?)?;
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
            ..Self::default()
        };
        shard.texts = Texts::kept(section("texts")?);
        let lists = section("postings")?;
        shard.postings = postings(&bytes("heads")?, lists.len(), rows.len())?;
        shard.lists = Some(lists);
        let words = (shard.postings.as_slice(), rows.len());
        shard.dense = DenseWords::kept(&bytes("common")?, &section("bits")?, words)?;
        shard.reaches = bytes("reaches")?.into_iter().map(Reach).collect();
        shard.lengths = numbers(&bytes("lengths")?)?;
        shard.by_id = numbers(&bytes("order")?)?;
        let places = rows.len();
        if shard.by_id.is_empty() && shard.free.is_empty() {
            shard.by_id = (0..places as Place).collect();
        }
        shard.times = Times::of_bytes(&bytes("told")?, &bytes("named")?, places)?;
        shard.fields = Fields::kept(section("fields")?);
        shard.aliases = Aliases::of_bytes(&bytes("aliases")?, places)?;
        shard.rows = rows;
        let within = |it: &Place| (*it as usize) < places;
        let fits = shard.postings.len() == shard.words.len()
            && shard.reaches.len() == places
            && shard.reaches.iter().zip(0..).all(|(it, place)| it.fits(place, places))
            && shard.lengths.len() == places
            && shard.by_id.len() + shard.free.len() == places
            && shard.by_id.iter().chain(&shard.free).all(within);
        fits.then_some(())?;
        shard.threads = threads(&bytes("threads")?, &numbers(&bytes("members")?)?)?;
        let members = |it: &Thread| it.docs.iter().all(within);
        let fits =
            shard.threads.len() == shard.thread_names.len() && shard.threads.iter().all(members);
        fits.then_some(shard)
    }

    /// The bytes of a record's tags and terms.
    fn text_of(&self, row: &Row, terms: u32) -> Cow<'_, [u8]> {
        if row.kind == NONE { Cow::default() } else { self.texts.bytes(row.text, terms) }
    }

    /// Whether the numbers of a record are those of names.
    #[inline]
    pub(super) fn fits(&self, row: &Row) -> bool {
        let known = |number: u32, names: &Names| number == NONE || (number as usize) < names.len();
        known(row.kind, &self.kinds)
            && known(row.thread, &self.thread_names)
            && known(row.author, &self.authors)
            && row.text <= self.texts.len() as u64
    }
}

impl Reach {
    /// Whether it is one of that place, of so many.
    fn fits(self, place: usize, places: usize) -> bool {
        let (before, behind) = (usize::from(self.0 & 15), usize::from(self.0 >> 4));
        self == Self::SCATTERED || before <= place && place + behind < places
    }
}

/// The name of the section with the codes of the vectors.
fn codes_of(prefix: &str) -> String {
    format!("{prefix}.codes")
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

/// Threads, from their lengths and the places in them, one after the other.
fn threads(heads: &[u8], mut members: &[Place]) -> Option<Vec<Thread>> {
    let (heads, []) = heads.as_chunks::<THREAD_BYTES>() else { return None };
    let mut all = Vec::with_capacity(heads.len());
    for head in heads {
        let (length, count) = (head.first_chunk()?, head.last_chunk()?);
        let (docs, rest) = members.split_at_checked(u32::from_le_bytes(*count) as usize)?;
        all.push(Thread { docs: docs.to_vec(), length: u64::from_le_bytes(*length) });
        members = rest;
    }
    members.is_empty().then_some(all)
}

fn numbers(bytes: &[u8]) -> Option<Vec<u32>> {
    let (numbers, []) = bytes.as_chunks() else { return None };
    let mut all = Vec::new();
    make_room(&mut all, numbers.len());
    all.extend(numbers.iter().map(|it| u32::from_le_bytes(*it)));
    Some(all)
}

impl Flat<ROW_BYTES> for Row {
    fn bytes(&self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        let longs = [self.id.0, self.at, self.text];
        for (number, bytes) in longs.iter().zip(bytes.as_chunks_mut::<8>().0) {
            *bytes = number.to_le_bytes();
        }
        let numbers = [
            self.thread,
            self.position,
            self.author,
            self.kind,
            self.importance.to_bits(),
            self.confidence.to_bits(),
            self.tokens,
        ];
        for (number, bytes) in numbers.iter().zip(bytes[24..].as_chunks_mut::<4>().0) {
            *bytes = number.to_le_bytes();
        }
        bytes[52] = self.look;
        bytes
    }

    #[inline]
    fn of_bytes(bytes: &[u8; ROW_BYTES]) -> Self {
        let (longs, numbers) = (bytes.as_chunks::<8>().0, bytes.as_chunks::<4>().0);
        let long = |at: usize| u64::from_le_bytes(longs[at]);
        let number = |at: usize| u32::from_le_bytes(numbers[6 + at]);
        Self {
            id: MemoryId(long(0)),
            at: long(1),
            text: long(2),
            thread: number(0),
            position: number(1),
            author: number(2),
            kind: number(3),
            importance: f32::from_bits(number(4)),
            confidence: f32::from_bits(number(5)),
            tokens: number(6),
            look: bytes[52],
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Names that a kept index held, those that came since, and those that went: each is found by its number.
        #[test]
        fn names_are_found_whether_they_were_kept_or_came_since(
            acts in proptest::collection::vec((0_u8..8, 0_u32..30), 0..120),
        ) {
            let mut names = Names::default();
            let mut held: BTreeMap<String, (u32, u32)> = BTreeMap::new();
            for (act, which) in acts {
                let name = format!("name {which}");
                match act {
                    0 => names = NamesImage::of(&names).names().unwrap(),
                    1..=2 => if let Some((number, holders)) = held.get_mut(&name) {
                        names.release(*number);
                        *holders -= 1;
                        if *holders == 0 {
                            held.remove(&name);
                        }
                    },
                    _ => {
                        let number = names.hold(&name);
                        let (known, holders) = held.entry(name).or_insert((number, 0));
                        prop_assert_eq!(*known, number);
                        *holders += 1;
                    }
                }
                prop_assert_eq!(names.in_use(), held.len());
                for which in 0..30 {
                    let name = format!("name {which}");
                    prop_assert_eq!(names.find(&name), held.get(&name).map(|it| it.0));
                }
                let mut all: Vec<&str> = names.all().collect();
                all.sort_unstable();
                prop_assert!(all.iter().eq(held.keys()));
            }
        }
    }
}
