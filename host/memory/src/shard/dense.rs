//! Words that many records hold, a second time: how often, as bits by place.
//!
//! A question with common words asks how often they stand in the windows of what rarer words found. Taking a long list of
//! distances apart for that took most of a question's time; in bits, a window of a few places is looked up and
//! counted at once. They are made, or read from a kept index, when they are asked for.
//!
//! ```text
//! plane n, bit of a place: whether 2^n is part of how often the record holds the word
//! ```

use std::{borrow::Cow, collections::BTreeMap, io, sync::OnceLock};

use super::{Place, Postings, postings::Lists};
use crate::pack::{Section, Writer};

/// Fewer records than this are taken apart quickly.
const HOLDERS_MIN: usize = 16;

/// A word gets bits where one record in so many holds it,
const DENSE: usize = 8;

/// and keeps them until it is one in so many.
const SPARSE: usize = 16;

/// Planes of bits.
const PLANES: usize = 3;

/// What they can tell: `SATURATED` is that often, or oftener.
const SATURATED: u32 = (1 << PLANES) - 1;

/// Bytes of what a kept index says of a word's bits: which word, the length of each plane, how many are more.
const HEAD_BYTES: usize = 4 * (PLANES + 2);

/// Most places of a run that is asked for at once.
const RUN_MAX: usize = 9;

/// How many bits a number has.
const ONES: [u8; 1 << RUN_MAX] = {
    let mut ones = [0; 1 << RUN_MAX];
    let mut number = 0;
    while number < ones.len() {
        ones[number] = number.count_ones() as u8;
        number += 1;
    }
    ones
};

/// The records that hold a word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dense {
    /// Each as long as its last place asks.
    planes: [Vec<u64>; PLANES],
    /// In the order of places: how much oftener than [`SATURATED`].
    more: Vec<(Place, u32)>,
}

fn part(place: Place) -> (usize, u64) {
    (place as usize / 64, 1 << (place % 64))
}

impl Dense {
    fn of(postings: &Postings, lists: &Lists) -> Self {
        let mut dense = Self::default();
        let mut parts: Vec<[u64; PLANES]> = Vec::new();
        // Of a word with so many records a branch for each is what takes the time: there is none that is hard to foresee.
        postings.each(lists, |(place, times)| {
            let at = place as usize / 64;
            if parts.len() <= at {
                parts.resize(at + 1, [0; PLANES]);
            }
            let told = u64::from(times.min(SATURATED));
            for (bits, plane) in parts[at].iter_mut().zip(0..) {
                *bits |= (told >> plane & 1) << (place % 64);
            }
            if times > SATURATED {
                dense.more.push((place, times - SATURATED));
            }
        });
        for (number, plane) in dense.planes.iter_mut().enumerate() {
            let used = parts.iter().rposition(|it| it[number] != 0).map_or(0, |it| it + 1);
            *plane = parts[..used].iter().map(|it| it[number]).collect();
        }
        dense
    }

    /// Planes one after the other, and what is more behind them.
    fn bytes(&self) -> Vec<u8> {
        let pair = |(place, times): &(Place, u32)| u64::from(*place) | u64::from(*times) << 32;
        let numbers = self.planes.iter().flatten().copied().chain(self.more.iter().map(pair));
        numbers.flat_map(u64::to_le_bytes).collect()
    }

    fn insert(&mut self, place: Place, times: u32) {
        let (at, bit) = part(place);
        let told = times.min(SATURATED);
        for plane in (0..PLANES).filter(|it| told >> it & 1 != 0) {
            let plane = &mut self.planes[plane];
            if plane.len() <= at {
                plane.resize(at + 1, 0);
            }
            plane[at] |= bit;
        }
        if times > SATURATED {
            // What is added comes to the end, most of the time.
            let at = match self.more.last() {
                Some(last) if last.0 > place => self.more.partition_point(|it| it.0 < place),
                _ => self.more.len(),
            };
            self.more.insert(at, (place, times - SATURATED));
        }
    }

    fn remove(&mut self, place: Place) {
        let (at, bit) = part(place);
        for bits in self.planes.iter_mut().filter_map(|it| it.get_mut(at)) {
            *bits &= !bit;
        }
        if let Ok(at) = self.more.binary_search_by_key(&place, |it| it.0) {
            self.more.remove(at);
        }
    }

    /// How often the records of a run of at most [`RUN_MAX`] places hold the word together.
    #[inline]
    pub(super) fn in_run(&self, first: Place, last: Place) -> u32 {
        let (at, shift) = (first as usize / 64, first % 64);
        let width = last - first + 1;
        let mask = (1_u64 << width) - 1;
        let (mut count, mut saturated) = (0, mask);
        for (plane, worth) in self.planes.iter().zip(0..) {
            let word = |at: usize| plane.get(at).copied().unwrap_or(0);
            let mut bits = word(at) >> shift;
            if shift + width > 64 {
                bits |= word(at + 1) << (64 - shift);
            }
            let bits = bits & mask;
            saturated &= bits;
            count += u32::from(ONES[bits as usize % ONES.len()]) << worth;
        }
        if saturated != 0 {
            let from = self.more.partition_point(|it| it.0 < first);
            let more = self.more[from..].iter().take_while(|it| it.0 <= last);
            count += more.map(|it| it.1).sum::<u32>();
        }
        count
    }
}

/// Where bits lie in a kept index.
#[derive(Clone, Debug)]
struct Kept {
    section: Section,
    start: usize,
    /// How many parts of 64 places each plane has.
    planes: [usize; PLANES],
    /// How many records hold the word oftener than planes can tell.
    more: usize,
}

impl Kept {
    fn bytes(&self) -> usize {
        8 * (self.planes.iter().sum::<usize>() + self.more)
    }

    /// Zeros where they are damaged.
    fn read(&self) -> Dense {
        let bytes = self.section.copied(self.start..self.start + self.bytes());
        let mut parts = bytes.as_chunks::<8>().0.iter();
        let planes = self
            .planes
            .map(|length| parts.by_ref().take(length).map(|it| u64::from_le_bytes(*it)).collect());
        let pair = |it: &[u8; 8]| {
            let both = u64::from_le_bytes(*it);
            (both as u32, (both >> 32) as u32)
        };
        Dense { planes, more: parts.map(pair).collect() }
    }
}

/// The bits of a word.
#[derive(Clone, Debug, Default)]
struct Word {
    bits: OnceLock<Dense>,
    /// Where they lie as long as nothing changed.
    kept: Option<Kept>,
}

impl Word {
    /// The bits, to be changed; none where they will be made of postings anyway.
    fn known(&mut self) -> Option<&mut Dense> {
        if let Some(kept) = self.kept.take() {
            self.bits.get_or_init(|| kept.read());
        }
        self.bits.get_mut()
    }
}

/// Bits of words, by the words' numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct DenseWords(BTreeMap<u32, Word>);

impl DenseWords {
    /// Writes the bits of all words as sections of a pack.
    pub(super) fn write(
        &self,
        writer: &mut Writer,
        [heads, bits]: [&str; 2],
        (all, lists, capacity): (&[Postings], &Lists, usize),
    ) -> io::Result<()> {
        let mut said = Vec::new();
        let words = all.iter().zip(0..).filter(|it| is_dense(it.0, capacity));
        let parts = words.map(|(postings, number)| {
            let known = self.0.get(&number).map(|it| (it.bits.get(), &it.kept));
            let dense = match known {
                Some((Some(dense), _)) => Cow::Borrowed(dense),
                Some((None, Some(kept))) => Cow::Owned(kept.read()),
                _ => Cow::Owned(Dense::of(postings, lists)),
            };
            let lengths = dense.planes.each_ref().map(|it| it.len() as u32);
            said.extend(number.to_le_bytes());
            said.extend(lengths.iter().flat_map(|it| it.to_le_bytes()));
            said.extend((dense.more.len() as u32).to_le_bytes());
            dense.bytes()
        });
        writer.parts(bits, parts)?;
        writer.section(heads, &said)
    }

    /// From those sections, of a shard with such postings and so many places; none where they do not belong together.
    pub(super) fn kept(
        heads: &[u8],
        section: &Section,
        (all, capacity): (&[Postings], usize),
    ) -> Option<Self> {
        let (heads, []) = heads.as_chunks::<HEAD_BYTES>() else { return None };
        let mut words = all.iter().zip(0..).filter(|it| is_dense(it.0, capacity)).map(|it| it.1);
        let (mut start, mut known) = (0, BTreeMap::new());
        for head in heads {
            let number = |at: usize| u32::from_le_bytes(head.as_chunks().0[at]);
            let planes: [usize; PLANES] = std::array::from_fn(|it| number(1 + it) as usize);
            let more = number(1 + PLANES) as usize;
            let kept = Kept { section: section.clone(), start, planes, more };
            let fits = words.next() == Some(number(0))
                && planes.iter().all(|it| *it <= capacity.div_ceil(64))
                && more <= capacity;
            fits.then_some(())?;
            start += kept.bytes();
            known.insert(number(0), Word { bits: OnceLock::new(), kept: Some(kept) });
        }
        (start == section.len() && words.next().is_none()).then_some(Self(known))
    }

    /// Those of a word, whose postings are these.
    #[inline]
    pub(super) fn get(&self, word: u32, postings: &Postings, lists: &Lists) -> Option<&Dense> {
        let word = self.0.get(&word)?;
        let make = || match &word.kept {
            Some(kept) => kept.read(),
            None => Dense::of(postings, lists),
        };
        Some(word.bits.get_or_init(make))
    }

    /// A record was added to the postings of a word.
    pub(super) fn added(
        &mut self,
        word: u32,
        (place, times): (Place, u32),
        postings: &Postings,
        capacity: usize,
    ) {
        match self.0.get_mut(&word) {
            Some(_) if postings.len() * SPARSE < capacity => _ = self.0.remove(&word),
            Some(word) => {
                if let Some(dense) = word.known() {
                    dense.insert(place, times);
                }
            }
            None if is_dense(postings, capacity) => _ = self.0.insert(word, Word::default()),
            None => (),
        }
    }

    /// A record was removed from them.
    pub(super) fn removed(&mut self, word: u32, place: Place, postings: &Postings) {
        if postings.len() == 0 {
            self.0.remove(&word);
        } else if let Some(dense) = self.0.get_mut(&word).and_then(Word::known) {
            dense.remove(place);
        }
    }
}

fn is_dense(postings: &Postings, capacity: usize) -> bool {
    postings.len() >= HOLDERS_MIN && postings.len() * DENSE >= capacity
}

/// Some places of a shard, as bits.
#[derive(Default)]
pub(crate) struct Places(Vec<u64>);

impl Places {
    /// None yet, of so many.
    pub(crate) fn none(capacity: usize) -> Self {
        Self(vec![0; capacity.div_ceil(64)])
    }

    pub(crate) fn add(&mut self, place: Place) {
        let (at, bit) = part(place);
        self.0[at] |= bit;
    }

    pub(crate) fn holds(&self, place: Place) -> bool {
        let (at, bit) = part(place);
        self.0[at] & bit != 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use voyager_base::{disk::Disk, sim::SimDisk};

    use super::*;
    use crate::pack::Pack;

    /// What [`DenseWords::write`] writes, in a pack.
    fn written(words: &DenseWords, all: &[Postings], capacity: usize) -> Pack {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        words.write(&mut writer, ["common", "bits"], (all, &None, capacity)).unwrap();
        writer.finish(&0).unwrap();
        Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap()
    }

    fn kept(pack: &Pack, all: &[Postings], capacity: usize) -> Option<DenseWords> {
        let section = |name| pack.section(name).unwrap();
        DenseWords::kept(&section("common").to_vec(), &section("bits"), (all, capacity))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Words get records and lose them; some bits are asked for, and all are written and read, in between.
        #[test]
        fn kept_bits_are_those_that_postings_give(
            changes in proptest::collection::vec((0..3_usize, 0_u32..150, 0_u32..16), 0..300),
        ) {
            const CAPACITY: usize = 200;
            let mut all = vec![Postings::default(); 3];
            let mut words = DenseWords::default();
            let mut held: [BTreeMap<Place, u32>; 3] = Default::default();
            // Two of the three words hold enough to have bits.
            let first = (0..60).map(|it| (it % 2, it as u32 * 3, 4 + it as u32 % 12));
            for (word, place, act) in first.chain(changes) {
                let number = word as u32;
                match act {
                    0 => words = kept(&written(&words, &all, CAPACITY), &all, CAPACITY).unwrap(),
                    1 => _ = words.get(number, &all[word], &None),
                    2..=4 => {
                        if held[word].remove(&place).is_some() {
                            all[word].remove(place, &None);
                            words.removed(number, place, &all[word]);
                        }
                    }
                    _ if held[word].contains_key(&place) => (),
                    _ => {
                        let times = act - 4;
                        held[word].insert(place, times);
                        all[word].insert(place, times, &None);
                        words.added(number, (place, times), &all[word], CAPACITY);
                    }
                }
            }
            let pack = written(&words, &all, CAPACITY);
            for words in [&words, &kept(&pack, &all, CAPACITY).unwrap()] {
                for ((number, postings), held) in (0..).zip(&all).zip(&held) {
                    let dense = words.get(number, postings, &None);
                    prop_assert!(dense.is_some() || !is_dense(postings, CAPACITY));
                    for first in 0..CAPACITY as Place {
                        let expected: u32 = held.range(first..=first + 4).map(|it| it.1).sum();
                        let told = dense.map(|it| it.in_run(first, first + 4));
                        prop_assert_eq!(told.unwrap_or(expected), expected, "{} {}", number, first);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn bits_count_what_postings_hold(
            changes in proptest::collection::vec((0_u32..300, 0_u32..20), 0..120),
        ) {
            let (mut postings, mut dense) = (Postings::default(), Dense::default());
            let mut map = BTreeMap::new();
            for (place, times) in changes {
                if times < 4 {
                    map.remove(&place);
                    postings.remove(place, &None);
                    dense.remove(place);
                } else if let std::collections::btree_map::Entry::Vacant(entry) = map.entry(place) {
                    let times = times - 3;
                    entry.insert(times);
                    postings.insert(place, times, &None);
                    dense.insert(place, times);
                }
            }
            for dense in [dense, Dense::of(&postings, &None)] {
                for first in 0..400 {
                    for last in first..first + RUN_MAX as Place {
                        let expected: u32 = map.range(first..=last).map(|it| it.1).sum();
                        prop_assert_eq!(dense.in_run(first, last), expected, "{}..={}", first, last);
                    }
                }
            }
        }
    }

    #[test]
    fn bits_that_belong_to_something_else_are_refused() {
        let mut all = vec![Postings::default(); 2];
        (0..100).for_each(|it| all[1].insert(it, 9, &None));
        let pack = written(&DenseWords::default(), &all, 100);
        assert!(kept(&pack, &all, 100).is_some());
        let section = |name| pack.section(name).unwrap();
        let (heads, bits) = (section("common").to_vec(), section("bits"));
        let read = |heads: &[u8], bits| DenseWords::kept(heads, &bits, (&all, 100));
        assert!(read(&heads[1..], bits.clone()).is_none(), "cut off");
        assert!(read(&[heads.clone(), heads.clone()].concat(), bits.clone()).is_none());
        assert!(read(&heads, section("common")).is_none(), "other bits");
        assert!(read(&[], bits.clone()).is_none(), "a common word without bits");
        assert!(kept(&pack, &all[1..], 100).is_none(), "bits of another word");
        assert!(kept(&pack, &all, 64).is_none(), "of places that there are not");
        for at in (0..HEAD_BYTES).step_by(4) {
            let mut heads = heads.clone();
            heads[at..at + 4].fill(255);
            assert!(read(&heads, bits.clone()).is_none(), "{at}");
        }
    }

    #[test]
    fn common_words_get_bits_and_lose_them_again() {
        let (mut postings, mut words) = (Postings::default(), DenseWords::default());
        let add = |postings: &mut Postings, words: &mut DenseWords, place, capacity| {
            postings.insert(place, 1, &None);
            words.added(3, (place, 1), postings, capacity);
            words.get(3, postings, &None).is_some()
        };
        let few = HOLDERS_MIN as Place - 1;
        assert!(!(0..few).any(|it| add(&mut postings, &mut words, it, 50)), "too few");
        assert!(add(&mut postings, &mut words, few, 50));
        assert!(add(&mut postings, &mut words, few + 1, 50));
        let dense = words.get(3, &postings, &None).unwrap();
        let shown: u32 = (0..50).map(|it| dense.in_run(it, it)).sum();
        assert_eq!(shown as usize, postings.len());
        assert!(!add(&mut postings, &mut words, few + 2, SPARSE * 100), "rare by now");
    }
}
