//! A list of elements of one size whose first ones may lie in a pack.
//!
//! Those come into memory chunk by chunk, when they are asked. What changed of them since is in memory beside it.

use std::{collections::BTreeMap, io};

use super::{Section, Writer};

/// Where one in so many changed, all are brought into memory.
const CHANGED: usize = 4;

/// An element of `N` bytes, where `N` divides 64.
pub(crate) trait Flat<const N: usize>: Copy {
    fn bytes(&self) -> [u8; N];
    fn of_bytes(bytes: &[u8; N]) -> Self;
}

/// Elements of one size.
#[derive(Clone, Debug)]
pub(crate) struct FlatList<T, const N: usize> {
    base: Option<Section>,
    /// Of those in the pack, the ones that changed.
    others: BTreeMap<usize, T>,
    /// Those behind.
    list: Vec<T>,
}

impl<T, const N: usize> Default for FlatList<T, N> {
    fn default() -> Self {
        Self { base: None, others: BTreeMap::new(), list: Vec::new() }
    }
}

impl<T: Flat<N>, const N: usize> FlatList<T, N> {
    /// What [`FlatList::write`] wrote; none where it is something else.
    pub(crate) fn kept(base: Section) -> Option<Self> {
        base.len().is_multiple_of(N).then(|| Self { base: Some(base), ..Self::default() })
    }

    /// A list in memory.
    pub(crate) fn of(list: Vec<T>) -> Self {
        Self { list, ..Self::default() }
    }

    /// Writes elements as a section.
    pub(crate) fn write(
        writer: &mut Writer,
        name: &str,
        elements: impl Iterator<Item = T>,
    ) -> io::Result<()> {
        writer.parts(name, elements.map(|it| it.bytes()))
    }

    /// How many lie in a pack.
    fn resting(&self) -> usize {
        self.base.as_ref().map_or(0, |it| it.len() / N)
    }

    pub(crate) fn len(&self) -> usize {
        self.resting() + self.list.len()
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<T> {
        match at.checked_sub(self.resting()) {
            Some(at) => self.list.get(at).copied(),
            None => match self.others.get(&at) {
                Some(other) => Some(*other),
                None => Some(T::of_bytes(&self.base.as_ref()?.element(at))),
            },
        }
    }

    /// Changes one that is there.
    pub(crate) fn set(&mut self, at: usize, element: T) {
        let resting = self.resting();
        if let Some(at) = at.checked_sub(resting) {
            self.list[at] = element;
            return;
        }
        self.others.insert(at, element);
        if self.others.len() * CHANGED > resting {
            *self = Self::of(self.iter().collect());
        }
    }

    /// Adds one, with room for a sixteenth more: doubling would leave half of a large store's memory unused.
    pub(crate) fn push(&mut self, element: T) {
        if self.list.len() == self.list.capacity() {
            self.list.reserve_exact(16 + self.list.len() / 16);
        }
        self.list.push(element);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> {
        (0..self.len()).filter_map(|it| self.get(it))
    }

    /// Says that what was read is not what was written.
    #[cold]
    pub(crate) fn doubt(&self, what: &str) {
        if let Some(base) = &self.base {
            base.doubt(what);
        }
    }
}
