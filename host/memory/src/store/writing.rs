//! How every write begins and ends.
//!
//! Whoever writes waits for the writer, and says in a [`Commit`] all that a write is beside its rows. What it moves in the
//! horizon, its rows, what it does to which record, its idempotency key and its line of the audit become durable in one
//! transaction. Then the index is told, and says of which commit it is. A transaction that fails leaves open whether it is
//! there, so nothing more is written then.

use std::{
    collections::BTreeSet,
    sync::{MutexGuard, PoisonError},
};

use redb::Error;
use voyager_base::Digest;

use super::Memory;
use crate::{
    error::WriteError,
    horizon::{self, Ahead, Move},
    index::Index,
    keys::Filled,
    loading::Kept,
    past::Touch,
    record::MemoryId,
    tables::{Act, Change, Counters},
};

/// What only the writer knows.
pub(super) struct Writer {
    pub(super) filled: Filled,
    pub(super) counters: Counters,
    /// What the kept index saves.
    pub(super) kept: Kept,
    /// Which records were set aside when the horizon was made: they keep nothing alive. Where others are now, or there is
    /// none, the next write makes it first.
    pub(super) horizon: Option<BTreeSet<MemoryId>>,
    /// Whether deeds are noted up to now; where not, the next write begins to.
    pub(super) deeds: bool,
}

/// One commit, beside its rows. It has no defaults: who writes something new says all of it.
pub(super) struct Commit {
    /// Its line of the audit.
    pub(super) act: Act,
    /// Under what it is not done again.
    pub(super) key: Option<Digest>,
    /// What the store counts after it; the number of the commit comes by itself.
    pub(super) counters: Counters,
    /// What moves in the horizon with it, see [`Memory::moves`].
    pub(super) moves: Vec<Move>,
    /// What it does to records, save what its rows note by themselves.
    pub(super) touches: Vec<(u64, Touch)>,
}

impl Memory {
    /// The writer, for whom all is there that a write goes by.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>, WriteError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = self.failed.get() {
            return Err(WriteError::Disk { reason: reason.clone() });
        }
        if !self.has_horizon(&writer) {
            self.make_horizon(&mut writer)?;
        }
        if !writer.deeds {
            let begun = self.tables.begin_deeds(self.deeds_from, |it| self.index().holds(it));
            self.settled(begun).map_err(WriteError::disk)?;
            writer.deeds = true;
        }
        Ok(writer)
    }

    /// Whether the horizon is there, of what is set aside now.
    pub(super) fn has_horizon(&self, writer: &Writer) -> bool {
        writer.horizon.as_ref() == Some(self.index().damaged())
    }

    /// Makes the horizon anew.
    fn make_horizon(&self, writer: &mut Writer) -> Result<(), WriteError> {
        let (rows, aside) = {
            let index = self.index();
            (horizon::all(&index, self.archive_below), index.damaged().clone())
        };
        // The next opening finds whole again what a kept index has, and makes it anew.
        let below = if aside.is_empty() { self.archive_below } else { f64::NAN };
        let made = self.tables.set_horizon(writer.counters, below, &rows);
        self.settled(made).map_err(WriteError::disk)?;
        writer.horizon = Some(aside);
        Ok(())
    }

    /// What moves in the horizon with a write.
    pub(super) fn moves(&self, ahead: &Ahead) -> Vec<Move> {
        ahead.moves(&self.index(), self.archive_below)
    }

    /// Whether something was done under an idempotency key.
    ///
    /// # Errors
    /// [`WriteError::Disk`].
    pub fn is_done(&self, key: &Digest) -> Result<bool, WriteError> {
        Ok(self.tables.done(key).map_err(WriteError::disk)?.is_some())
    }

    /// The same, where there is a key.
    pub(super) fn was_done(&self, key: Option<&Digest>) -> Result<bool, WriteError> {
        key.map_or(Ok(false), |it| self.is_done(it))
    }

    /// Writes one commit, and has `tell` tell the index what `rows` gave back.
    pub(super) fn commit_one<T>(
        &self,
        writer: &mut Writer,
        commit: Commit,
        rows: impl FnOnce(&Change) -> Result<T, Error>,
        tell: impl Fn(&mut Index, T),
    ) -> Result<(), WriteError> {
        self.commit_each(writer, vec![(commit, rows)], tell)
    }

    /// Writes several commits that share one sync: all of them or none.
    pub(super) fn commit_each<T>(
        &self,
        writer: &mut Writer,
        commits: Vec<(Commit, impl FnOnce(&Change) -> Result<T, Error>)>,
        tell: impl Fn(&mut Index, T),
    ) -> Result<(), WriteError> {
        let first = writer.counters.commit + 1;
        let written = self.make_durable(writer, commits)?;
        let mut index = self.index_mut();
        for (commit, rows) in (first..).zip(written) {
            tell(&mut index, rows);
            index.stands_at(commit, writer.counters.cycle);
        }
        Ok(())
    }

    /// The same for who tells the index step by step, and that it stands at the commit when that is done.
    pub(super) fn make_durable<T>(
        &self,
        writer: &mut Writer,
        commits: Vec<(Commit, impl FnOnce(&Change) -> Result<T, Error>)>,
    ) -> Result<Vec<T>, WriteError> {
        let before = writer.counters;
        let after = commits.last().map_or(before, |it| it.0.counters);
        let mut written = Vec::with_capacity(commits.len());
        let all = |change: &Change| {
            for (Commit { act, key, moves, touches, .. }, rows) in commits {
                change.move_horizon(&moves)?;
                written.push(rows(change)?);
                change.note(touches)?;
                key.map_or(Ok(()), |it| change.set_done(&it, act.first, act.count))?;
                change.end(act)?;
            }
            Ok(())
        };
        let changed = self.tables.change(Counters { commit: before.commit + 1, ..after }, all);
        writer.counters = self.settled(changed).map_err(WriteError::disk)?;
        // What is new is in no index that was kept before.
        writer.kept.behind += after.next - before.next;
        Ok(written)
    }

    /// What a transaction gave, or destroying keys behind one. What fails leaves open whether it is there, so nothing more
    /// is written then. The first reason is the one that is told.
    pub(super) fn settled<T, E: ToString>(&self, done: Result<T, E>) -> Result<T, E> {
        done.inspect_err(|error| drop(self.failed.set(error.to_string())))
    }

    /// Whether a write failed, so that nothing more is written until the store is opened again. Waits for nobody.
    pub fn has_failed(&self) -> bool {
        self.failed.get().is_some()
    }
}
