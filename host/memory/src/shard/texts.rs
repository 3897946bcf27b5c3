//! What records hold word for word: the numbers of their tags and terms, all in one list of bytes.
//!
//! The first of them may lie in a kept index, from which they come into memory chunk by chunk.
//!
//! A text is the number of its tags and of its sentences, the tags, the sentences and the terms, each as a number of
//! `varint.rs`: common words were seen early and have small numbers. Texts that were let go leave holes of zeros until
//! half of everything is holes.

use std::borrow::Cow;

use super::{Sentence, Term, varint};
use crate::pack::Section;

/// Less is never made tight.
const HOLES_MIN: usize = 64 << 10;

/// A number takes no more.
const NUMBER_BYTES_MAX: usize = 5;

/// So many numbers say how many others there are.
const COUNTS: usize = 2;

/// Texts of many records.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    base: Option<Section>,
    /// Those behind `base`.
    bytes: Vec<u8>,
    holes: usize,
}

impl Texts {
    /// Some that lie in a kept index, without holes.
    pub(super) fn kept(base: Section) -> Self {
        Self { base: Some(base), ..Self::default() }
    }

    fn resting(&self) -> usize {
        self.base.as_ref().map_or(0, Section::len)
    }

    /// Their bytes together.
    pub(super) fn len(&self) -> usize {
        self.resting() + self.bytes.len()
    }

    /// Takes a text in, and says where it is.
    pub(super) fn add(&mut self, tags: &[u32], sentences: &[Sentence], terms: &[Term]) -> u64 {
        let start = self.len();
        let numbers = COUNTS + tags.len() + sentences.len() + terms.len();
        varint::make_room(&mut self.bytes, NUMBER_BYTES_MAX * numbers);
        for count in [tags.len(), sentences.len()] {
            varint::write(count as u64, &mut self.bytes);
        }
        let sentences = sentences.iter().map(|it| it.number());
        for number in tags.iter().copied().chain(sentences).chain(terms.iter().copied()) {
            varint::write(u64::from(number), &mut self.bytes);
        }
        start as u64
    }

    /// The text at `start` that has so many terms, and bytes behind it.
    #[inline]
    fn from(&self, start: u64, terms: u32) -> Cow<'_, [u8]> {
        let (start, resting) = (start as usize, self.resting());
        match &self.base {
            Some(base) if start < resting => {
                let head = base.slice(start..resting.min(start + COUNTS * NUMBER_BYTES_MAX));
                let count = |rest: &mut &[u8]| {
                    varint::read(rest).unwrap_or(0).min(u64::from(u32::MAX)) as usize
                };
                let mut rest = &*head;
                let numbers = COUNTS + count(&mut rest) + count(&mut rest) + terms as usize;
                base.slice(start..resting.min(start + numbers * NUMBER_BYTES_MAX))
            }
            _ => Cow::Borrowed(self.bytes.get(start - resting..).unwrap_or_default()),
        }
    }

    /// The bytes of the text at `start` that has so many terms.
    pub(super) fn bytes(&self, start: u64, terms: u32) -> Cow<'_, [u8]> {
        let all = self.from(start, terms);
        let mut rest = &*all;
        let counts = [0; COUNTS].map(|_| varint::read(&mut rest).unwrap_or(0));
        varint::skip(
            &mut rest,
            counts.iter().fold(u64::from(terms), |sum, it| sum.saturating_add(*it)),
        );
        let length = all.len() - rest.len();
        match all {
            Cow::Borrowed(all) => Cow::Borrowed(&all[..length]),
            Cow::Owned(all) => Cow::Owned(all[..length].to_vec()),
        }
    }

    /// Its tags.
    pub(super) fn tags(&self, start: u64) -> impl Iterator<Item = u32> {
        let ([tags, _], numbers) = numbers(self.from(start, 0));
        numbers.take(tags)
    }

    /// Its sentences, where it has so many terms.
    pub(super) fn sentences(&self, start: u64, terms: u32) -> impl Iterator<Item = Sentence> {
        let ([tags, sentences], numbers) = numbers(self.from(start, terms));
        numbers.skip(tags).take(sentences).map(Sentence::of_number)
    }

    /// Its terms, of which there are so many.
    #[inline]
    pub(super) fn terms(&self, start: u64, terms: u32) -> impl Iterator<Item = Term> {
        let ([tags, sentences], numbers) = numbers(self.from(start, terms));
        numbers.skip(tags + sentences).take(terms as usize)
    }

    /// Lets a text go. One that lies in a kept index stays there, unread, and dies with the key of that.
    pub(super) fn remove(&mut self, start: u64, terms: u32) {
        let length = self.bytes(start, terms).len();
        if let Some(start) = (start as usize).checked_sub(self.resting()) {
            self.bytes[start..][..length].fill(0);
        }
        self.holes += length;
    }

    /// Whether holes are more than half of everything.
    pub(super) fn is_loose(&self) -> bool {
        self.holes > HOLES_MIN && self.holes > self.len() / 2
    }

    /// Makes them tight, given where each begins and how many terms it has, all in the order in which they shall lie.
    pub(super) fn tighten<'a>(&mut self, starts: impl Iterator<Item = (&'a mut u64, u32)>) {
        let mut bytes = Vec::with_capacity(self.len() - self.holes);
        for (start, terms) in starts {
            let moved = bytes.len() as u64;
            bytes.extend_from_slice(&self.bytes(*start, terms));
            *start = moved;
        }
        *self = Self { bytes, ..Self::default() };
    }
}

/// How many tags and sentences a text has, and all its numbers behind that.
#[inline]
fn numbers(text: Cow<'_, [u8]>) -> ([usize; COUNTS], impl Iterator<Item = u32>) {
    let mut rest = &*text;
    let counts = [0; COUNTS].map(|_| varint::read(&mut rest).unwrap_or(0) as usize);
    let mut at = text.len() - rest.len();
    let numbers = std::iter::from_fn(move || {
        let mut rest = text.get(at..)?;
        let number = varint::read(&mut rest)?;
        at = text.len() - rest.len();
        Some(number as u32)
    });
    (counts, numbers)
}
