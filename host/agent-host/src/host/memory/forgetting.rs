//! Forgetting records, with a receipt.

use voyager_memory::MemoryId;

use super::{Desk, read, written};
use crate::{
    answer::memory::{ForgetAnswer, named, snapshot::ProblemDetail},
    failure::Failure,
    protocol::Forgetting,
    when,
};

/// So many records are read at once.
const CHUNK: usize = 1_000;

impl Desk {
    /// Answers `memory forget`.
    pub(super) fn forget(&self, what: &Forgetting, dry_run: bool) -> Result<ForgetAnswer, Failure> {
        let ids = if what.ids.is_empty() { self.chosen(what)? } else { what.ids.clone() };
        let stats = self.memory.stats().map_err(read)?;
        // Named ones are forgotten whether they can be read or not.
        let damaged = if what.ids.is_empty() { named(&stats.damaged) } else { Vec::new() };
        let (now, mut commit) = (self.now(), stats.commit);
        let (mut snapshots, mut pending) = (Vec::new(), Vec::new());
        let mut forgotten = ids;
        if !dry_run {
            let receipt = self.memory.forget(&forgotten, None, now).map_err(written)?;
            (forgotten, commit) = (receipt.ids, receipt.commit);
            (snapshots, pending) = (receipt.reached, ProblemDetail::all(receipt.pending));
        }
        let (ids, at) = (named(&forgotten), when::exact(now));
        Ok(ForgetAnswer { dry_run, ids, commit, at, damaged, snapshots, pending })
    }

    /// The records of a space and a thread.
    fn chosen(&self, what: &Forgetting) -> Result<Vec<MemoryId>, Failure> {
        self.check_space(what.space.as_deref())?;
        let mut ids = self.ids_of(what.space.as_deref());
        if let Some(cycles) = what.archived {
            let archived = self.memory.archived(cycles).map_err(read)?;
            ids.retain(|it| archived.binary_search(it).is_ok());
        }
        let Some(thread) = &what.thread else { return Ok(ids) };
        let mut chosen = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            let records = self.memory.records(chunk).map_err(read)?;
            let meant = records.into_iter().flatten();
            let meant = meant.filter(|it| it.draft.thread.as_ref() == Some(thread));
            chosen.extend(meant.map(|it| it.id));
        }
        Ok(chosen)
    }
}
