//! What records hold word for word: the numbers of their tags and terms, all in one list of bytes.
//!
//! A text is the number of its tags, the tags and the terms, each as a number of `varint.rs`: common words were seen
//! early and have small numbers. Texts that were let go leave holes of zeros until half of everything is holes.

use super::{Term, varint};

/// Less is never made tight.
const HOLES_MIN: usize = 64 << 10;

/// Texts of many records.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    holes: usize,
}

impl Texts {
    /// From the bytes of some that have no holes.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { bytes, holes: 0 }
    }

    /// Their bytes together.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes a text in, and says where it is.
    pub(super) fn add(&mut self, tags: &[u32], terms: &[Term]) -> u64 {
        let start = self.bytes.len();
        varint::make_room(&mut self.bytes, 5 * (1 + tags.len() + terms.len()));
        varint::write(tags.len() as u64, &mut self.bytes);
        for number in tags.iter().chain(terms) {
            varint::write(u64::from(*number), &mut self.bytes);
        }
        start as u64
    }

    /// The bytes of the text at `start` that has so many terms.
    pub(super) fn bytes(&self, start: u64, terms: u32) -> &[u8] {
        let all = self.bytes.get(start as usize..).unwrap_or_default();
        let mut rest = all;
        let tags = varint::read(&mut rest).unwrap_or(0);
        varint::skip(&mut rest, tags + u64::from(terms));
        &all[..all.len() - rest.len()]
    }

    /// Its tags.
    pub(super) fn tags(&self, start: u64) -> impl Iterator<Item = u32> {
        let mut rest = self.bytes.get(start as usize..).unwrap_or_default();
        let tags = varint::read(&mut rest).unwrap_or(0) as usize;
        std::iter::from_fn(move || Some(varint::read(&mut rest)? as u32)).take(tags)
    }

    /// Its terms, of which there are so many.
    #[inline]
    pub(super) fn terms(&self, start: u64, terms: u32) -> impl Iterator<Item = Term> {
        let mut rest = self.bytes.get(start as usize..).unwrap_or_default();
        let tags = varint::read(&mut rest).unwrap_or(0);
        varint::skip(&mut rest, tags);
        std::iter::from_fn(move || Some(varint::read(&mut rest)? as Term)).take(terms as usize)
    }

    /// Lets a text go.
    pub(super) fn remove(&mut self, start: u64, terms: u32) {
        let length = self.bytes(start, terms).len();
        self.bytes[start as usize..][..length].fill(0);
        self.holes += length;
    }

    /// Whether holes are more than half of everything.
    pub(super) fn is_loose(&self) -> bool {
        self.holes > HOLES_MIN && self.holes > self.bytes.len() / 2
    }

    /// Makes them tight, given where each begins and how many terms it has, all in the order in which they shall lie.
    pub(super) fn tighten<'a>(&mut self, starts: impl Iterator<Item = (&'a mut u64, u32)>) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.holes);
        for (start, terms) in starts {
            let moved = bytes.len() as u64;
            bytes.extend_from_slice(self.bytes(*start, terms));
            *start = moved;
        }
        *self = Self::of(bytes);
    }
}
