//! The records that hold a word, and how often, in about a byte and a half for each.
//!
//! In the order of places: the distance from the one before and, where the word occurs more than once, how often.
//!
//! ```text
//! distance << 1 | more than once, as a number of varint.rs | how often, where it is more than once
//! ```
//!
//! Adding at the end, as records come, touches nothing else. A change in between looks for its place from the front,
//! which for the commonest word of a million records takes a millisecond.

use super::{Place, varint};

/// The records that hold a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Postings {
    bytes: Vec<u8>,
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
    /// From [`Postings::parts`].
    pub(super) fn of_parts(count: u32, last: Place, bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), count, last }
    }

    /// How many there are, the last place, and the bytes.
    pub(super) fn parts(&self) -> (u32, Place, &[u8]) {
        (self.count, self.last, &self.bytes)
    }

    /// How many records hold the word.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    /// The records in the order of their places, and how often they hold the word.
    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter { bytes: &self.bytes, place: 0 }
    }

    /// The first at `place` or behind it.
    fn find(&self, place: Place) -> Option<Found> {
        let mut iter = self.iter();
        loop {
            let (start, before) = (self.bytes.len() - iter.bytes.len(), iter.place);
            let (found, times) = iter.next()?;
            if found >= place {
                let end = self.bytes.len() - iter.bytes.len();
                return Some(Found { start, end, before, place: found, times });
            }
        }
    }

    /// Takes in a record that is not among them.
    pub(super) fn insert(&mut self, place: Place, times: u32) {
        let mut bytes = Vec::new();
        if self.count == 0 || self.last < place {
            encode(place - if self.count == 0 { 0 } else { self.last }, times, &mut bytes);
            varint::make_room(&mut self.bytes, bytes.len());
            self.bytes.extend_from_slice(&bytes);
            self.last = place;
        } else if let Some(next) = self.find(place) {
            encode(place - next.before, times, &mut bytes);
            encode(next.place - place, next.times, &mut bytes);
            self.bytes.splice(next.start..next.end, bytes);
        }
        self.count += 1;
    }

    /// Lets a record go.
    pub(super) fn remove(&mut self, place: Place) {
        let Some(gone) = self.find(place).filter(|it| it.place == place) else { return };
        self.count -= 1;
        if self.count == 0 {
            *self = Self::default();
        } else if gone.end == self.bytes.len() {
            self.bytes.truncate(gone.start);
            self.last = gone.before;
        } else {
            let mut rest = Iter { bytes: &self.bytes[gone.end..], place };
            let (next, times) = rest.next().unwrap_or_default();
            let end = self.bytes.len() - rest.bytes.len();
            let mut bytes = Vec::new();
            encode(next - gone.before, times, &mut bytes);
            self.bytes.splice(gone.start..end, bytes);
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
                    postings.remove(place);
                } else if let Entry::Vacant(entry) = map.entry(place) {
                    let times = if times == 3 { 1000 } else { times };
                    entry.insert(times);
                    postings.insert(place, times);
                }
                let expected: Vec<_> = map.iter().map(|it| (*it.0, *it.1)).collect();
                prop_assert_eq!(postings.len(), expected.len());
                prop_assert_eq!(postings.iter().collect::<Vec<_>>(), expected);
                let mut anew = Postings::default();
                map.iter().for_each(|(place, times)| anew.insert(*place, *times));
                prop_assert_eq!(&postings, &anew, "what was there before leaves nothing");
            }
        }
    }
}
