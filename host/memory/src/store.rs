//! The store: what callers see.
//!
//! One writer at a time makes a change durable, then tells the cache; readers see it from then on. What is
//! acknowledged is on the disk. Who waits with records meanwhile is written together (`remembering.rs`).
//!
//! What a [`Memory`] does lies by concern beside this file:
//!
//! ```text
//!   opening                              a folder becomes a memory, and what that is locked with
//!
//!   remembering  relating  standings     what changes it
//!   encoding  forgetting  consolidating
//!   writing                              how each of those begins and ends
//!   indexing                             what is searched, a cache of what they wrote
//!
//!   recalling  naming  answering         what a question finds, and what is told and kept of it
//!   reading  history  checking           records, what was done to them, whether all of it is whole
//!   snapshots                            copies elsewhere: what is forgotten is forgotten there, too
//! ```
//!
//! *Invariants*: The writer alone changes the index, as of one commit after the other; whoever reads only sets aside
//! what turns out to be damaged. Who has the index waits for no writer, and whoever has several locks took them in the
//! order writer, owner, index, and what answers are kept in. Once a transaction failed no record is written any more.

mod answering;
mod checking;
mod consolidating;
mod encoding;
mod forgetting;
mod history;
mod indexing;
mod naming;
mod opening;
mod reading;
mod recalling;
mod relating;
mod remembering;
mod snapshots;
mod standings;
mod writing;

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use voyager_base::{chance::Chance, disk::Disk};

use crate::{
    cache::{Cache, Results},
    index::Index,
    keys::Keys,
    owner::Owner,
    queue::Queue,
    record::MemoryId,
    snapshot::Places,
    tables::Tables,
    watch::Watch,
};

pub use self::{
    checking::{Counts, Stats},
    consolidating::{COPIES_MAX, Consolidated, Group},
    encoding::Encoder,
    forgetting::Forgotten,
    indexing::KEPT_FROM,
    opening::Options,
    recalling::check_question,
    remembering::{BATCH_MAX, Entry, SOURCES_MAX, SUPERSEDES_MAX},
    snapshots::Reached,
    standings::Ticked,
};
use self::{
    remembering::{Batch, Outcome},
    writing::Writer,
};

/// Keeps what was learned, and finds it again. Everything acknowledged is durable.
pub struct Memory {
    tables: Tables,
    keys: Keys,
    /// Changed by a writer alone.
    owner: RwLock<Owner>,
    writer: Mutex<Writer>,
    /// Who waits for the writer with records, to be written together.
    waiting: Queue<Batch, Outcome>,
    /// Why nothing more is written. Beside the writer, so that nobody who only reads waits for one.
    failed: OnceLock<String>,
    index: RwLock<Index>,
    /// Held by who waits to read the index, so that a writer who has it for long can let one in: see
    /// [`Memory::give_turn`].
    turn: Mutex<()>,
    /// Locked within `index`, never around it.
    answers: Mutex<Cache>,
    /// As `answers`.
    results: Mutex<Results>,
    /// As `answers`.
    watch: Mutex<Watch>,
    encoder: OnceLock<(u32, Encoder)>,
    archive_below: f64,
    /// From which commit on deeds are noted.
    deeds_from: u64,
    resident_vectors_max: usize,
    exact_vectors_max: usize,
    places: Option<Arc<dyn Places>>,
    /// The folder of the snapshot that is being taken.
    taking: Mutex<Option<(String, Arc<dyn Disk>)>>,
    disk: Arc<dyn Disk>,
    chance: Arc<dyn Chance>,
}

impl Memory {
    /// For tests that damage rows.
    #[cfg(test)]
    pub(crate) fn tables_for_tests(&self) -> (&Tables, crate::tables::Counters) {
        (&self.tables, self.writer.lock().unwrap_or_else(PoisonError::into_inner).counters)
    }

    fn owner(&self) -> RwLockReadGuard<'_, Owner> {
        self.owner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner_mut(&self) -> RwLockWriteGuard<'_, Owner> {
        self.owner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers_mut(&self) -> MutexGuard<'_, Cache> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn results_mut(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch_mut(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records in the order of writing, each once.
fn each_once(ids: &[MemoryId]) -> Vec<MemoryId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}
