//! What is known of records beside their content, in one list by their ids.

use crate::{record::MemoryId, row::Standing};

/// The space of a record that is not there any more.
const GONE: u32 = u32::MAX;

/// A record that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) id: MemoryId,
    /// The number of its space.
    pub(crate) space: u32,
    pub(crate) standing: Standing,
}

/// Records by their ids. Those grow, so that new ones come to the end; what went leaves its place until an eighth
/// of all did.
#[derive(Debug, Default)]
pub(crate) struct KnownList {
    list: Vec<Known>,
    gone: usize,
}

impl KnownList {
    /// A list of records in the order of their ids, whose spaces are to be named yet.
    pub(crate) fn of_standings(standings: &[(u64, Standing)]) -> Self {
        let known =
            |it: &(u64, Standing)| Known { id: MemoryId(it.0), space: GONE, standing: it.1 };
        Self { list: standings.iter().map(known).collect(), gone: standings.len() }
    }

    /// Names the space of records, whose ids rise, best. False where one is not in the list, or has a space already.
    pub(crate) fn name(&mut self, ids: impl Iterator<Item = MemoryId>, space: u32) -> bool {
        let mut next = 0;
        for id in ids {
            // The next one is the one behind the last, mostly.
            let at = match self.list.get(next) {
                Some(it) if it.id == id => Ok(next),
                _ => self.find(id),
            };
            let Ok(at) = at else { return false };
            if self.list[at].space != GONE {
                return false;
            }
            self.list[at].space = space;
            (self.gone, next) = (self.gone - 1, at + 1);
        }
        true
    }

    /// Whether all have a space.
    pub(crate) fn is_whole(&self) -> bool {
        self.gone == 0
    }

    fn find(&self, id: MemoryId) -> Result<usize, usize> {
        // Ids are whole numbers that rise: none lies behind where it would with no gaps, and there it is, mostly.
        let first = self.list.first().map_or(id.0, |it| it.id.0);
        let Some(most) = id.0.checked_sub(first) else { return Err(0) };
        let end = usize::try_from(most).unwrap_or(usize::MAX).min(self.list.len());
        if self.list.get(end).is_some_and(|it| it.id == id) {
            return Ok(end);
        }
        let before = &self.list[..end];
        before.binary_search_by_key(&id, |it| it.id)
    }

    /// A record.
    pub(crate) fn get(&self, id: MemoryId) -> Option<&Known> {
        let at = self.find(id).ok()?;
        self.list.get(at).filter(|it| it.space != GONE)
    }

    /// A record, to be changed.
    pub(crate) fn standing_mut(&mut self, id: MemoryId) -> Option<&mut Standing> {
        let at = self.find(id).ok()?;
        self.list.get_mut(at).filter(|it| it.space != GONE).map(|it| &mut it.standing)
    }

    /// Takes a record in that is not there.
    pub(crate) fn insert(&mut self, known: Known) {
        if self.list.len() == self.list.capacity() {
            self.list.reserve_exact(16 + self.list.len() / 16);
        }
        match self.list.last() {
            Some(last) if known.id <= last.id => match self.find(known.id) {
                Ok(at) => {
                    self.gone -= usize::from(self.list[at].space == GONE);
                    self.list[at] = known;
                }
                Err(at) => self.list.insert(at, known),
            },
            _ => self.list.push(known),
        }
    }

    /// Lets a record go.
    pub(crate) fn remove(&mut self, id: MemoryId) -> Option<Known> {
        let known = *self.get(id)?;
        if let Ok(at) = self.find(id) {
            self.list[at].space = GONE;
        }
        self.gone += 1;
        if self.gone * 8 > self.list.len() {
            self.list.retain(|it| it.space != GONE);
            self.gone = 0;
        }
        Some(known)
    }

    /// The ids of all, in their order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = MemoryId> {
        self.list.iter().filter(|it| it.space != GONE).map(|it| it.id)
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.list.len() - self.gone
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_what_a_map_is(
            changes in proptest::collection::vec((0_u64..24, 0_u32..3), 0..80),
        ) {
            let (mut list, mut map) = (KnownList::default(), BTreeMap::new());
            for (id, space) in changes {
                let id = MemoryId(id);
                if space == 0 {
                    prop_assert_eq!(list.remove(id).map(|it| it.space), map.remove(&id));
                } else {
                    let standing =
                        Standing { weight: 1.0, cycle: id.0, pinned: false, archived: false };
                    list.insert(Known { id, space, standing });
                    map.insert(id, space);
                }
                prop_assert_eq!(list.len(), map.len());
                let ids: Vec<_> = list.ids().collect();
                prop_assert_eq!(&ids, &map.keys().copied().collect::<Vec<_>>());
                for id in (0..24).map(MemoryId) {
                    prop_assert_eq!(list.get(id).map(|it| it.space), map.get(&id).copied());
                }
                let standings: Vec<_> =
                    ids.iter().map(|it| (it.0, list.get(*it).map(|it| it.standing))).collect();
                let standings: Vec<_> =
                    standings.into_iter().filter_map(|it| Some((it.0, it.1?))).collect();
                let mut again = KnownList::of_standings(&standings);
                let odd = |it: &&MemoryId| it.0 % 2 == 1;
                prop_assert!(again.name(ids.iter().filter(odd).copied(), 1));
                prop_assert!(again.name(ids.iter().filter(|it| !odd(it)).copied(), 2));
                prop_assert!(again.is_whole() && !again.name([MemoryId(99)].into_iter(), 1));
            }
        }
    }
}
