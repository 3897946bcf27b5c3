//! Words that many records hold, a second time: how often, as bits by place.
//!
//! A question with common words asks how often they stand in the windows of what rarer words found. Taking a long list of
//! distances apart for that took most of a question's time; in bits, a window of a few places is looked up and
//! counted at once.
//!
//! ```text
//! plane n, bit of a place: whether 2^n is part of how often the record holds the word
//! ```

use std::{collections::BTreeMap, sync::OnceLock};

use super::{Place, Postings, postings::Lists};

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

/// Bits of words, by the words' numbers. They are made when they are asked first.
#[derive(Clone, Debug, Default)]
pub(super) struct DenseWords(BTreeMap<u32, OnceLock<Dense>>);

impl DenseWords {
    /// Of the words of a shard with so many places.
    pub(super) fn of(all: &[Postings], capacity: usize) -> Self {
        let dense = all.iter().zip(0..).filter(|it| is_dense(it.0, capacity));
        Self(dense.map(|it| (it.1, OnceLock::new())).collect())
    }

    /// Those of a word, whose postings are these.
    #[inline]
    pub(super) fn get(&self, word: u32, postings: &Postings, lists: &Lists) -> Option<&Dense> {
        Some(self.0.get(&word)?.get_or_init(|| Dense::of(postings, lists)))
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
            Some(known) => {
                if let Some(dense) = known.get_mut() {
                    dense.insert(place, times);
                }
            }
            None if is_dense(postings, capacity) => _ = self.0.insert(word, OnceLock::new()),
            None => (),
        }
    }

    /// A record was removed from them.
    pub(super) fn removed(&mut self, word: u32, place: Place, postings: &Postings) {
        if postings.len() == 0 {
            self.0.remove(&word);
        } else if let Some(dense) = self.0.get_mut(&word).and_then(OnceLock::get_mut) {
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
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

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
