//! Words that many records hold, a second time: as bits by place.
//!
//! A question with common words asks, of all records that hold one, for the few that lie near what rarer words found.
//! Taking a long list of distances apart for that took most of a question's time; bits are compared 64 at a time. They
//! take at most two bytes for each record that holds the word.

use std::{collections::BTreeMap, sync::OnceLock};

use super::{Place, Postings, postings::Lists};

/// Fewer records than this are taken apart quickly.
const HOLDERS_MIN: usize = 16;

/// A word gets bits where one record in so many holds it,
const DENSE: usize = 8;

/// and keeps them until it is one in so many.
const SPARSE: usize = 16;

/// The records that hold a word.
#[derive(Clone, Debug, Default)]
pub(super) struct Dense {
    bits: Vec<u64>,
    /// In the order of places: those that hold it more than once, and how often.
    more: Vec<(Place, u32)>,
}

fn part(place: Place) -> (usize, u64) {
    (place as usize / 64, 1 << (place % 64))
}

impl Dense {
    fn of(postings: &Postings, lists: &Lists) -> Self {
        let mut dense = Self::default();
        postings.each(lists, |(place, times)| dense.insert(place, times));
        dense
    }

    fn insert(&mut self, place: Place, times: u32) {
        let (at, bit) = part(place);
        if self.bits.len() <= at {
            self.bits.resize(at + 1, 0);
        }
        self.bits[at] |= bit;
        if times > 1 {
            let at = match self.more.last() {
                Some(last) if last.0 > place => self.more.partition_point(|it| it.0 < place),
                _ => self.more.len(),
            };
            self.more.insert(at, (place, times));
        }
    }

    fn remove(&mut self, place: Place) {
        let (at, bit) = part(place);
        if let Some(bits) = self.bits.get_mut(at) {
            *bits &= !bit;
        }
        if let Ok(at) = self.more.binary_search_by_key(&place, |it| it.0) {
            self.more.remove(at);
        }
    }

    /// Shows those among `places`, in their order, and how often each holds the word.
    pub(super) fn each_of(&self, places: &Places, mut see: impl FnMut(Place, u32)) {
        let mut more = self.more.iter().peekable();
        for (number, (bits, wanted)) in self.bits.iter().zip(&places.0).enumerate() {
            let mut left = bits & wanted;
            while left != 0 {
                let place = (number * 64) as Place + left.trailing_zeros();
                left &= left - 1;
                while more.next_if(|it| it.0 < place).is_some() {}
                see(place, more.peek().filter(|it| it.0 == place).map_or(1, |it| it.1));
            }
        }
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

    /// Whether there is room for any.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        fn bits_show_what_postings_show(
            changes in proptest::collection::vec((0_u32..300, 0_u32..4), 0..80),
            wanted in proptest::collection::vec(0_u32..300, 0..60),
        ) {
            let (mut postings, mut dense) = (Postings::default(), Dense::default());
            let mut map = BTreeMap::new();
            for (place, times) in changes {
                if times == 0 {
                    map.remove(&place);
                    postings.remove(place, &None);
                    dense.remove(place);
                } else if let std::collections::btree_map::Entry::Vacant(entry) = map.entry(place) {
                    entry.insert(times);
                    postings.insert(place, times, &None);
                    dense.insert(place, times);
                }
            }
            let mut places = Places::none(300);
            wanted.iter().for_each(|it| places.add(*it));
            let expected: Vec<_> =
                map.into_iter().filter(|it| places.holds(it.0)).collect();
            for dense in [dense, Dense::of(&postings, &None)] {
                let mut shown = Vec::new();
                dense.each_of(&places, |place, times| shown.push((place, times)));
                prop_assert_eq!(&shown, &expected);
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
        let mut all = Places::none(50);
        (0..50).for_each(|it| all.add(it));
        let mut shown = 0;
        words.get(3, &postings, &None).unwrap().each_of(&all, |_, _| shown += 1);
        assert_eq!(shown, postings.len());
        assert!(!add(&mut postings, &mut words, few + 2, SPARSE * 100), "rare by now");
    }
}
