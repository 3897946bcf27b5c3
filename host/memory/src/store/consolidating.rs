//! Finding records that say the same, and having one stand for the others; and taking that back.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::{Digest, clock::Timestamp};

use super::{
    Memory,
    writing::{Commit, Writer},
};
use crate::{
    error::{ReadError, WriteError},
    groups::{GroupRow, saying},
    index::Index,
    record::MemoryId,
    tables::{Act, Change, Deed},
};

/// Most records that one consolidation finds another one to stand for.
pub const COPIES_MAX: usize = 100_000;

/// Vectors of what says the same lie at least so near each other, where there are some. Words decide; a vector may only
/// forbid.
const NEAR: f64 = 0.9;

/// So many records are read at once.
const CHUNK: usize = 1_000;

/// A record, and those that say the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The one that stands for the others.
    pub standing: MemoryId,
    /// The others, in the order of writing.
    pub copies: Vec<MemoryId>,
}

/// What a consolidation found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consolidated {
    /// The commit, which names it; none where nothing was written.
    pub commit: Option<u64>,
    /// In the order of what stands.
    pub groups: Vec<Group>,
    /// Whether there are more than [`COPIES_MAX`]: another one finds those.
    pub more: bool,
}

impl Memory {
    /// Finds records that say the same, within one space or within each, and has one stand for the others: recall gives
    /// back that one. Nothing is changed of any record. What stands is trusted as much as all of the others. Archived and
    /// superseded records, and those that another one stands for already, are left alone. With `dry_run` nothing is written.
    ///
    /// `see` is told how many records were read, of how many, and says whether to go on; none, and nothing written, where it
    /// did not. Once all are read it goes to the end.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn consolidate(
        &self,
        space: Option<&str>,
        dry_run: bool,
        now: Timestamp,
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<Option<Consolidated>, WriteError> {
        let spaces = self.speaking(space);
        let total = spaces.values().map(|it| it.len() as u64).sum();
        let mut found = Consolidated::default();
        let (mut left, mut read) = (COPIES_MAX, 0);
        for ids in spaces.values() {
            let mut go_on = |count: usize| {
                read += count as u64;
                see(read, total)
            };
            let groups = self.groups_of(ids, &mut go_on).map_err(WriteError::disk)?;
            let Some(groups) = groups else { return Ok(None) };
            for group in groups {
                found.more |= group.copies.len() > left;
                found.groups.extend(part_of(group, &mut left));
            }
        }
        found.groups.sort_by_key(|it| it.standing);
        if dry_run || found.groups.is_empty() {
            return Ok(Some(found));
        }
        let mut writer = self.writer()?;
        // Others may have written since.
        for group in &mut found.groups {
            let index = self.index();
            let is_free = |it: &MemoryId| {
                speaks(&index, *it)
                    && !stands(&index, *it)
                    && index.trust(*it) <= index.trust(group.standing)
            };
            group.copies.retain(is_free);
            if !speaks(&index, group.standing) {
                group.copies.clear();
            }
        }
        found.groups.retain(|it| !it.copies.is_empty());
        let Some(first) = found.groups.first().map(|it| it.standing.0) else {
            return Ok(Some(found));
        };
        let commit = writer.counters.commit + 1;
        let rows: Vec<GroupRow> = found
            .groups
            .iter()
            .flat_map(|group| group.copies.iter().map(|it| (*it, group.standing, commit)))
            .collect();
        let act = Act { at: now, deed: Deed::Consolidated, first, count: rows.len() as u64 };
        self.set_groups(&mut writer, act, &rows, &[])?;
        found.commit = Some(commit);
        Ok(Some(found))
    }

    /// Takes a consolidation back, of which nothing is left then. Gives back the records that speak for themselves again.
    ///
    /// # Errors
    /// [`WriteError::Invalid`] where there is none of that commit.
    pub fn part(&self, commit: u64, now: Timestamp) -> Result<Vec<MemoryId>, WriteError> {
        let mut writer = self.writer()?;
        let freed: Vec<MemoryId> = {
            let index = self.index();
            index.groups().all().filter(|it| it.2 == commit).map(|it| it.0).collect()
        };
        let Some(first) = freed.first().map(|it| it.0) else {
            let problem = format!("there is no consolidation #{commit}, or nothing is left of it");
            let invalid = crate::record::Invalid { field: "commit", problem };
            return Err(WriteError::Invalid { place: 1, invalid });
        };
        let act = Act { at: now, deed: Deed::Parted, first, count: freed.len() as u64 };
        self.set_groups(&mut writer, act, &[], &freed)?;
        Ok(freed)
    }

    fn set_groups(
        &self,
        writer: &mut Writer,
        act: Act,
        added: &[GroupRow],
        freed: &[MemoryId],
    ) -> Result<(), WriteError> {
        let commit = Commit {
            act,
            key: None,
            counters: writer.counters,
            moves: Vec::new(),
            touches: Vec::new(),
        };
        let set = |change: &Change| {
            change.remove_groups(freed)?;
            change.add_groups(added)
        };
        self.commit_one(writer, commit, set, |index, ()| {
            added.iter().for_each(|it| index.group(*it));
            freed.iter().for_each(|it| index.ungroup(*it));
        })
    }

    /// The consolidations of which something is left: the commit, and how many records another one stands for.
    pub fn consolidations(&self) -> Vec<(u64, usize)> {
        let mut all: BTreeMap<u64, usize> = BTreeMap::new();
        for (_, _, commit) in self.index().groups().all() {
            *all.entry(commit).or_default() += 1;
        }
        all.into_iter().collect()
    }

    /// The record that was found to say the same as this one and to stand for it.
    pub fn standing_for(&self, id: MemoryId) -> Option<MemoryId> {
        self.index().groups().standing(id).map(|it| it.0)
    }

    /// The records that this one was found to stand for.
    pub fn stands_for(&self, id: MemoryId) -> Vec<MemoryId> {
        self.index().groups().members(id).collect()
    }

    /// Records for which no other speaks, by space, of one or of all.
    fn speaking(&self, space: Option<&str>) -> BTreeMap<String, Vec<MemoryId>> {
        let index = self.index();
        let mut spaces: BTreeMap<String, Vec<MemoryId>> = BTreeMap::new();
        for id in index.ids() {
            let Some(of) = index.space_of(id).filter(|_| speaks(&index, id)) else { continue };
            if space.is_some_and(|it| it != of) {
                continue;
            }
            match spaces.get_mut(of) {
                Some(ids) => ids.push(id),
                None => _ = spaces.insert(of.to_owned(), vec![id]),
            }
        }
        spaces
    }

    /// Groups of the records of a space that nobody has noted yet; none where `go_on`, which is told how many were read
    /// each time, says no.
    fn groups_of(
        &self,
        ids: &[MemoryId],
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Option<Vec<Group>>, ReadError> {
        let mut saying_so: BTreeMap<Digest, Vec<(MemoryId, f32)>> = BTreeMap::new();
        for chunk in ids.chunks(CHUNK) {
            for record in self.records(chunk)?.into_iter().flatten() {
                let alike = saying_so.entry(saying(&record)).or_default();
                alike.push((record.id, record.draft.importance));
            }
            if !go_on(chunk.len()) {
                return Ok(None);
            }
        }
        let mut groups = Vec::new();
        for (_, alike) in saying_so.into_iter().filter(|it| it.1.len() > 1) {
            groups.extend(self.group(alike)?);
        }
        Ok(Some(groups))
    }

    /// The group of records that are alike by their words; none where nothing of it is new.
    fn group(&self, alike: Vec<(MemoryId, f32)>) -> Result<Option<Group>, ReadError> {
        let index = self.index();
        // One that stands for others already goes on; then the most trusted, the pinned, the most important, the newest.
        let rank = |(id, importance): &(MemoryId, f32)| {
            let pinned = index.standing(*id).is_some_and(|it| it.pinned);
            // It may be -0, which has the largest bits of all.
            (index.trust(*id), stands(&index, *id), pinned, importance.abs().to_bits(), *id)
        };
        let Some((standing, _)) = alike.iter().copied().max_by_key(rank) else { return Ok(None) };
        let others = alike.iter().map(|it| it.0);
        let others: BTreeSet<MemoryId> =
            others.filter(|it| *it != standing && !stands(&index, *it)).collect();
        drop(index);
        let vector = self.vector_in_row(standing)?;
        let mut copies = Vec::new();
        for id in others {
            let other = self.vector_in_row(id)?;
            let near =
                vector.as_ref().zip(other.as_ref()).is_none_or(|it| it.0.cosine(it.1) >= NEAR);
            copies.extend(near.then_some(id));
        }
        Ok((!copies.is_empty()).then_some(Group { standing, copies }))
    }
}

/// Whether a record speaks for itself: it is neither archived nor superseded, and no other one stands for it.
fn speaks(index: &Index, id: MemoryId) -> bool {
    index.standing(id).is_some_and(|it| !it.archived)
        && !index.succession().holds(id)
        && index.groups().standing(id).is_none()
}

/// Whether a record stands for others already.
fn stands(index: &Index, id: MemoryId) -> bool {
    index.groups().members(id).next().is_some()
}

/// As much of a group as still fits; the rest of it is found the next time, by the same record. None where nothing does.
fn part_of(mut group: Group, left: &mut usize) -> Option<Group> {
    group.copies.truncate(*left);
    *left -= group.copies.len();
    (!group.copies.is_empty()).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_is_larger_than_what_is_left_is_begun() {
        let group = |standing, copies: std::ops::Range<u64>| Group {
            standing: MemoryId(standing),
            copies: copies.map(MemoryId).collect(),
        };
        let mut left = 5;
        assert_eq!(part_of(group(0, 1..4), &mut left), Some(group(0, 1..4)));
        assert_eq!(part_of(group(10, 11..20), &mut left), Some(group(10, 11..13)));
        assert_eq!(part_of(group(30, 31..40), &mut left), None);
        assert_eq!(left, 0);
    }
}
