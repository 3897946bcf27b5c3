//! An array of bytes that lies in a pack and comes into memory chunk by chunk.

use std::{borrow::Cow, fmt, ops::Range, sync::Arc};

use super::{Body, format::CHUNK_BYTES};
use crate::pages::prefer_large;

/// An array of bytes. Clones share it.
///
/// Reading never fails: where a pack turns out to be damaged, zeros are given instead, and the pack says so
/// ([`super::Pack::is_damaged`]). A read beyond the end is a bug and panics, save in a damaged pack, whose
/// zeros may have been taken for places: there it finds zeros, or nothing.
#[derive(Clone)]
pub(crate) struct Section {
    body: Arc<Body>,
    start: usize,
    length: usize,
}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Section({} bytes)", self.length)
    }
}

impl Section {
    /// The bytes of `body` from `start` on, which were checked to lie there.
    pub(super) fn packed(body: &Arc<Body>, start: usize, length: usize) -> Self {
        Self { body: Arc::clone(body), start, length }
    }

    /// Its length in bytes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The `index`th of elements of `N` bytes, where `N` divides 64: none lies in two chunks.
    #[inline]
    pub(crate) fn element<const N: usize>(&self, index: usize) -> [u8; N] {
        const { assert!(64 % N == 0, "elements of other sizes would lie in two chunks") };
        let at = index.saturating_mul(N);
        if self.length < at.saturating_add(N) {
            self.body.bounds_may_be_wrong(at, self.length);
            return [0; N];
        }
        let place = self.start + at;
        let chunk = self.body.chunk(place / CHUNK_BYTES);
        *chunk[place % CHUNK_BYTES..].first_chunk().expect("elements lie in one chunk")
    }

    /// The bytes of `range`: borrowed where they lie in one chunk, else put together.
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> Cow<'_, [u8]> {
        let range = self.body.bounded(range, self.length);
        if range.is_empty() {
            return Cow::Borrowed(&[]);
        }
        let (from, to) = (self.start + range.start, self.start + range.end);
        if from / CHUNK_BYTES == (to - 1) / CHUNK_BYTES {
            return Cow::Borrowed(self.body.part(from, to));
        }
        let parts = parts(from, to).map(|(from, to)| self.body.part(from, to));
        Cow::Owned(parts.collect::<Vec<_>>().concat())
    }

    /// Everything in parts of so many bytes, the last one shorter, as [`Section::to_vec`].
    pub(crate) fn parts_of(&self, bytes: usize) -> impl Iterator<Item = Vec<u8>> {
        let starts = (0..self.len()).step_by(bytes);
        starts.map(move |from| self.copied(from..self.len().min(from + bytes)))
    }

    /// Says that what was read of it is not what was written.
    pub(crate) fn doubt(&self, what: &str) {
        self.body.found(super::damaged(what));
    }

    /// Whether the pack that it lies in was found damaged.
    #[inline]
    pub(crate) fn is_damaged(&self) -> bool {
        self.body.is_damaged()
    }

    /// Everything, compared with its hashes. Brings no chunk into memory beside: who wants all of a section once
    /// needs it once.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.copied(0..self.len())
    }

    /// The bytes of `range`, compared with their hashes, without bringing a chunk into memory.
    pub(crate) fn copied(&self, range: Range<usize>) -> Vec<u8> {
        let range = self.body.bounded(range, self.length);
        let mut bytes = vec![0; range.len()];
        prefer_large(&bytes);
        self.body.copy(self.start + range.start, &mut bytes);
        bytes
    }

    /// Copies the bytes from `at` on.
    ///
    /// Brings no chunk into memory: where none is there yet, just these bytes are read and deciphered, and not
    /// compared with the hash of their chunk. Damage in them shows in a check of their own alone.
    pub(crate) fn read_row(&self, at: usize, into: &mut [u8]) {
        let end = at.saturating_add(into.len());
        if self.length < end {
            self.body.bounds_may_be_wrong(end, self.length);
            into.fill(0);
        } else {
            self.body.read(self.start + at, into);
        }
    }
}

/// Cuts `from..to` of a body where chunks end.
fn parts(from: usize, to: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut next = from;
    std::iter::from_fn(move || {
        let from = next;
        next = to.min((from / CHUNK_BYTES + 1) * CHUNK_BYTES);
        (from < to).then_some((from, next))
    })
}

#[cold]
#[inline(never)]
pub(super) fn beyond(at: usize, length: usize) -> ! {
    panic!("byte {at} was asked of a section of {length}")
}
