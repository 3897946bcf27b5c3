//! What is searched: who reads it and who changes it, keeping it in a file, and making it anew of the rows where that
//! file is damaged.

use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use voyager_disk::database::Broken;

use super::{Memory, writing::Writer};
use crate::{
    error::{ReadError, WriteError},
    index::Index,
    kept,
    loading::{Kept, load},
};

/// So many records are read faster than a kept index is written: see [`Memory::index_is_behind`].
pub const KEPT_FROM: u64 = 1_000;

/// The same of the terms of long records.
const KEPT_FROM_TERMS: u64 = 50_000;

impl Memory {
    /// Whether keeping the index is worth its time: the next opening would read an eighth of the records or
    /// more, and [`KEPT_FROM`] at least; or so much of their texts, where it is long enough to take as much time.
    pub fn index_is_behind(&self) -> bool {
        let kept = self.writer.lock().unwrap_or_else(PoisonError::into_inner).kept;
        let index = self.index();
        let is_behind = |unkept, least, all| unkept >= least && unkept * 8 >= all;
        let terms = index.terms();
        is_behind(kept.behind, KEPT_FROM, index.len() as u64)
            || is_behind(terms.saturating_sub(kept.terms), KEPT_FROM_TERMS, terms)
    }

    /// Keeps what recall searches in a file, so that the next opening reads only what is written from now on.
    /// Vectors of large spaces are let out of memory then. Writes wait meanwhile. Does nothing where some records
    /// can't be read. A failure leaves the store as it was.
    ///
    /// # Errors
    /// [`WriteError::Disk`].
    pub fn keep_index(&self) -> Result<(), WriteError> {
        self.mend().map_err(WriteError::disk)?;
        let mut writer = self.writer()?;
        let kept = {
            let index = self.index();
            if !index.damaged().is_empty() {
                return Ok(());
            }
            let encoder = self.encoder.get().map(|it| &it.1);
            kept::keep(&*self.disk, &self.keys, &index, writer.counters, encoder, &*self.chance)
                .map_err(WriteError::disk)?
        };
        if let Some((pack, spaces)) = kept {
            self.index_mut().rest_on(&pack, &spaces, self.resident_vectors_max);
        }
        let settled = self.tables.settle_changes(writer.counters.commit);
        self.settled(settled).map_err(WriteError::disk)?;
        writer.kept = Kept { terms: self.index().terms(), behind: 0 };
        Ok(())
    }

    /// Asks the index; anew where the question found that a part of it was damaged that lies in a file.
    pub(super) fn asked<T>(
        &self,
        ask: impl Fn(&Index) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        {
            let index = self.index();
            let answer = ask(&index);
            if !index.is_torn() {
                return answer;
            }
        }
        self.mend()?;
        ask(&self.index())
    }

    /// The same for who has the writer.
    pub(super) fn asked_by<T>(
        &self,
        writer: &mut Writer,
        ask: impl Fn(&Index) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let answer = ask(&self.index());
        let is_anew = self.mend_by(writer).map_err(WriteError::disk)?;
        if is_anew { ask(&self.index()) } else { answer }
    }

    /// Makes the index of the rows, where a part of it was damaged that lay in a file.
    fn mend(&self) -> Result<(), Broken> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.mend_by(&mut writer).map(drop)
    }

    /// The same for who has the writer. Gives back whether it was.
    fn mend_by(&self, writer: &mut Writer) -> Result<bool, Broken> {
        if !self.index().is_torn() {
            return Ok(false);
        }
        let (counters, encoder) = (writer.counters, self.encoder.get());
        let anew = load(&*self.disk, &self.tables, &self.keys, counters, encoder, None)?;
        // The new one knows of no change before it.
        let mut index = self.index_mut();
        self.answers_mut().clear();
        self.results_mut().clear();
        (*index, writer.kept) = anew;
        // What was answered before may be handed in only now.
        index.answers_anew();
        Ok(true)
    }

    pub(super) fn index(&self) -> RwLockReadGuard<'_, Index> {
        match self.index.try_read() {
            Ok(index) => index,
            Err(TryLockError::Poisoned(index)) => index.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
                self.index.read().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// Lets one in who waits to read the index. The lock alone does not: who gives it back and takes it again is faster
    /// than who has to wake up.
    pub(super) fn give_turn(&self) {
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        thread,
    };

    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;
    use crate::store::Options;

    #[test]
    fn who_waits_to_read_is_let_in_before_a_writer_goes_on() {
        let (disk, chance) = (Arc::new(SimDisk::new(1)), Arc::new(Seeded::new(1)));
        let memory = Memory::open(disk, Options::default(), chance).unwrap();
        let has_read = AtomicBool::new(false);
        thread::scope(|scope| {
            let written = memory.index_mut();
            scope.spawn(|| {
                let index = memory.index();
                has_read.store(true, Ordering::SeqCst);
                drop(index);
            });
            while memory.turn.try_lock().is_ok() {
                thread::yield_now();
            }
            drop(written);
            memory.give_turn();
            let _again = memory.index_mut();
            assert!(has_read.load(Ordering::SeqCst));
        });
    }
}
