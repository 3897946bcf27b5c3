//! Forgetting for certain: rows, keys, what was answered, and the keys in folders of snapshots.

use std::collections::BTreeSet;

use voyager_base::{Digest, clock::Timestamp};

use super::{Memory, each_once, writing::Commit};
use crate::{
    error::WriteError,
    horizon::Ahead,
    loading::Kept,
    past::{Touch, runs},
    record::MemoryId,
    row::Standing,
    tables::{Act, Change, Deed, Folder},
};

/// So many records leave the index at once when they are forgotten, and nobody reads meanwhile: some milliseconds.
const LEAVE_AT_ONCE: usize = 250;

/// What forgetting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The records, in the order of their ids. Their rows are removed and their keys destroyed.
    pub ids: Vec<MemoryId>,
    /// The number of the commit.
    pub commit: u64,
    /// Folders of snapshots in which their keys are destroyed, too.
    pub reached: Vec<String>,
    /// Folders of snapshots that may still have their keys, and why they were not reached: the next snapshot there
    /// destroys them.
    pub pending: Vec<(String, String)>,
}

impl Memory {
    /// Forgets records for certain: every row that tells of them is removed, and their keys are destroyed, so
    /// that old copies of the rows can't be read either. All of them or none. Under an idempotency key that was
    /// used before nothing more is forgotten; folders of snapshots that were not reached then are reached now.
    ///
    /// # Errors
    /// [`WriteError`]. After [`WriteError::Disk`] the records may be gone already, while their keys are not
    /// destroyed yet: opening the store again finishes that.
    pub fn forget(
        &self,
        ids: &[MemoryId],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<Forgotten, WriteError> {
        let ids = each_once(ids);
        let mut writer = self.writer()?;
        if self.was_done(key)? {
            // The process may have ended between forgetting here and there.
            let folders = self.tables.folders().map_err(WriteError::disk)?;
            let (reached, pending) = self.reach(&folders, |it| it.pending, &[])?;
            return Ok(Forgotten { ids, commit: writer.counters.commit, reached, pending });
        }
        {
            let index = self.index();
            let there = |it: &&MemoryId| index.holds(**it) || index.damaged().contains(*it);
            if let Some(id) = ids.iter().find(|it| !there(it)) {
                return Err(WriteError::NotFound { id: *id });
            }
        }
        let Some(first) = ids.first().map(|it| it.0) else {
            let commit = writer.counters.commit;
            return Ok(Forgotten { ids, commit, reached: Vec::new(), pending: Vec::new() });
        };
        let numbers: Vec<u64> = ids.iter().map(|it| it.0).collect();
        let folders = self.tables.folders().map_err(WriteError::disk)?;
        // Where a process ends before they are reached, it is known that they were not.
        let mut behind = folders.clone();
        behind.retain(|it| first < it.upto && !it.pending);
        behind.iter_mut().for_each(|it| it.pending = true);
        let gone: BTreeSet<MemoryId> = ids.iter().copied().collect();
        let floors = self.index().floors(&gone);
        let grouped = self.index().grouped_with(&ids);
        let lowered = floors.iter().filter_map(|it| Some((it.0, trusted(it.1)?)));
        let forgotten =
            runs(&ids).into_iter().map(|(first, count)| (first.0, Touch::Forgotten { count }));
        let ahead = Ahead { gone, ..Ahead::default() };
        let (moves, is_of_now) = {
            let index = self.index();
            let is_of_now = writer.horizon.as_ref() == Some(index.damaged());
            (ahead.moves(&index, self.archive_below), is_of_now)
        };
        let commit = Commit {
            act: Act { at: now, deed: Deed::Forgotten, first, count: ids.len() as u64 },
            key: key.copied(),
            counters: writer.counters,
            moves,
            touches: lowered.chain(forgotten).collect(),
        };
        let remove = |change: &Change| {
            change.set_standings(&floors)?;
            change.remove_groups(&grouped)?;
            change.remove(&numbers)?;
            change.note_folders(&behind)
        };
        self.make_durable(&mut writer, vec![(commit, remove)])?;
        {
            let mut index = self.index_mut();
            floors.iter().for_each(|it| index.set_standing(MemoryId(it.0), it.1));
            index.leave(&ids);
        }
        // Before the index lets go of them, which takes longer: they are in no answer already.
        self.settled(self.keys.destroy(&numbers)).map_err(WriteError::disk)?;
        for some in ids.chunks(LEAVE_AT_ONCE) {
            {
                let mut index = self.index_mut();
                some.iter().for_each(|it| index.remove(*it));
            }
            self.give_turn();
        }
        {
            let mut index = self.index_mut();
            index.stands_at(writer.counters.commit, writer.counters.cycle);
            self.answers_mut().sweep(&index);
            self.results_mut().sweep(&index);
        }
        writer.kept = Kept::none(&self.index());
        // What was set aside meanwhile is gone with the others, and its rows stay until they are made anew.
        writer.horizon = writer.horizon.take().filter(|_| is_of_now).map(|mut aside| {
            aside.retain(|it| ids.binary_search(it).is_err());
            aside
        });
        let touched = |it: &Folder| first < it.upto || it.pending;
        let (reached, pending) = self.reach(&folders, touched, &numbers)?;
        Ok(Forgotten { ids, commit: writer.counters.commit, reached, pending })
    }
}

/// What is noted of a record whose trust by itself is another one.
fn trusted(standing: Standing) -> Option<Touch> {
    standing.trust.map(|trust| Touch::Trusted { trust })
}
