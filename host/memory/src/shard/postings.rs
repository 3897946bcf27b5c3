//! The records that hold a word, and how often, in about a byte and a half for each.
//!
//! In the order of places: the distance from the one before and, where the word occurs more than once, how often.
//!
//! ```text
//! distance << 1 | more than once, as a number of varint.rs | how often, where it is more than once
//! ```
//!
//! Those of a kept index are read when they are asked first: a question needs few of them.
//!
//! Adding at the end, as records come, touches nothing else. A change in between looks for its place from the front,
//! which for the commonest word of a million records takes a millisecond.

use std::{borrow::Cow, sync::OnceLock};

use super::{Place, varint};
use crate::pack::Section;

/// Where postings lie one after the other that were not read yet; none where there are none.
pub(super) type Lists = Option<Section>;

/// The records that hold a word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Postings {
    /// None as long as they lie in a kept index.
    bytes: OnceLock<Vec<u8>>,
    /// Where they lie there, and how long they are.
    kept: (u64, u32),
    count: u32,
    last: Place,
}

/// One of them, and where it lies.
struct Found {
    start: usize,
    end: usize,
    /// The place before; zero for the first.
    before: Place,
    place: Place,
    times: u32,
}

fn encode(distance: Place, times: u32, into: &mut Vec<u8>) {
    varint::write(u64::from(distance) << 1 | u64::from(times > 1), into);
    if times > 1 {
        varint::write(u64::from(times), into);
    }
}

impl Postings {
    /// Such as lie among the kept ones: where, and how long they are.
    pub(super) fn kept(count: u32, last: Place, kept: (u64, u32)) -> Self {
        Self { bytes: OnceLock::new(), kept, count, last }
    }

    /// How many there are, the last place, and the bytes.
    pub(super) fn parts<'a>(&'a self, lists: &'a Lists) -> (u32, Place, Cow<'a, [u8]>) {
        let bytes = match (self.bytes.get(), lists) {
            (Some(bytes), _) => Cow::Borrowed(bytes.as_slice()),
            (None, Some(lists)) => lists.slice(self.range()),
            (None, None) => Cow::default(),
        };
        (self.count, self.last, bytes)
    }

    fn range(&self) -> std::ops::Range<usize> {
        let start = self.kept.0 as usize;
        start..start + self.kept.1 as usize
    }

    /// None where they are damaged.
    fn read(&self, lists: &Lists) -> Vec<u8> {
        let read = lists.as_ref().map(|it| (it.copied(self.range()), it.is_damaged()));
        read.filter(|it| !it.1).map(|it| it.0).unwrap_or_default()
    }

    fn bytes(&self, lists: &Lists) -> &[u8] {
        self.bytes.get_or_init(|| self.read(lists))
    }

    /// Shows the records in the order of their places. Does not bring the bytes into memory.
    pub(super) fn each(&self, lists: &Lists, see: impl FnMut((Place, u32))) {
        match self.bytes.get() {
            Some(_) => self.iter(lists).for_each(see),
            None => Iter { bytes: &self.read(lists), place: 0 }.for_each(see),
        }
    }

    /// How many records hold the word.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    /// The records in the order of their places, and how often they hold the word.
    pub(super) fn iter(&self, lists: &Lists) -> Iter<'_> {
        Iter { bytes: self.bytes(lists), place: 0 }
    }

    /// Takes in a record that is not among them.
    pub(super) fn insert(&mut self, place: Place, times: u32, lists: &Lists) {
        let mut bytes = self.bytes.take().unwrap_or_else(|| self.read(lists));
        let mut new = Vec::new();
        if self.count == 0 || self.last < place {
            encode(place - if self.count == 0 { 0 } else { self.last }, times, &mut new);
            varint::make_room(&mut bytes, new.len());
            bytes.extend_from_slice(&new);
            self.last = place;
        } else if let Some(next) = find(&bytes, place) {
            encode(place - next.before, times, &mut new);
            encode(next.place - place, next.times, &mut new);
            bytes.splice(next.start..next.end, new);
        }
        self.count += 1;
        self.bytes = bytes.into();
    }

    /// Lets a record go.
    pub(super) fn remove(&mut self, place: Place, lists: &Lists) {
        let mut bytes = self.bytes.take().unwrap_or_else(|| self.read(lists));
        if let Some(gone) = find(&bytes, place).filter(|it| it.place == place) {
            self.count -= 1;
            if self.count == 0 {
                *self = Self::default();
                bytes = Vec::new();
            } else if gone.end == bytes.len() {
                bytes.truncate(gone.start);
                self.last = gone.before;
            } else {
                let mut rest = Iter { bytes: &bytes[gone.end..], place };
                let (next, times) = rest.next().unwrap_or_default();
                let end = bytes.len() - rest.bytes.len();
                let mut new = Vec::new();
                encode(next - gone.before, times, &mut new);
                bytes.splice(gone.start..end, new);
            }
        }
        self.bytes = bytes.into();
    }
}

/// The first at `place` or behind it.
fn find(bytes: &[u8], place: Place) -> Option<Found> {
    let mut iter = Iter { bytes, place: 0 };
    loop {
        let (start, before) = (bytes.len() - iter.bytes.len(), iter.place);
        let (found, times) = iter.next()?;
        if found >= place {
            let end = bytes.len() - iter.bytes.len();
            return Some(Found { start, end, before, place: found, times });
        }
    }
}

/// Shows [`Postings`].
#[derive(Clone, Default)]
pub(crate) struct Iter<'a> {
    bytes: &'a [u8],
    place: Place,
}

impl Iterator for Iter<'_> {
    type Item = (Place, u32);

    #[inline]
    fn next(&mut self) -> Option<(Place, u32)> {
        let head = varint::read(&mut self.bytes)?;
        self.place = self.place.wrapping_add((head >> 1) as Place);
        let times = if head & 1 == 0 { 1 } else { varint::read(&mut self.bytes)? as u32 };
        Some((self.place, times))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, btree_map::Entry};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_a_map_is(
            changes in proptest::collection::vec((0_u32..40, 0_u32..4, any::<bool>()), 0..80),
        ) {
            let (mut postings, mut map) = (Postings::default(), BTreeMap::new());
            for (place, times, far) in changes {
                let place = if far { place * 107_374_182 } else { place };
                if times == 0 {
                    map.remove(&place);
                    postings.remove(place, &None);
                } else if let Entry::Vacant(entry) = map.entry(place) {
                    let times = if times == 3 { 1000 } else { times };
                    entry.insert(times);
                    postings.insert(place, times, &None);
                }
                let expected: Vec<_> = map.iter().map(|it| (*it.0, *it.1)).collect();
                prop_assert_eq!(postings.len(), expected.len());
                prop_assert_eq!(postings.iter(&None).collect::<Vec<_>>(), expected);
                let mut anew = Postings::default();
                map.iter().for_each(|(place, times)| anew.insert(*place, *times, &None));
                prop_assert_eq!(postings.parts(&None), anew.parts(&None), "what was there before leaves nothing");
            }
        }
    }
}
