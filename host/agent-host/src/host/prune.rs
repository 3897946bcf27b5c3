//! Forgetting runs that ended long ago.

use std::{collections::BTreeSet, time::Duration};

use voyager_base::RunId;
use voyager_journal::PruneError;

use super::{Host, journal_failure};
use crate::{
    answer::{PruneAnswer, RunRow, Status},
    failure::Failure,
};

impl Host {
    /// Answers `runs prune`.
    pub(super) async fn prune(
        &self,
        older_than: Duration,
        dry_run: bool,
    ) -> Result<PruneAnswer, Failure> {
        // A run that goes on may be about to name content that nothing names yet.
        let Ok(_alone) = self.pruning.try_write() else {
            return Err(Failure::usage("something goes on in this state folder")
                .hint("try again when no run is going on"));
        };
        let _packing = self.packing.lock().await;
        let (runs, kept) = self.old_runs(older_than)?;
        let ids: BTreeSet<RunId> = runs.iter().map(|(id, _)| *id).collect();
        let pruned = match dry_run {
            true => self.store.prunable(&ids).map_err(PruneError::from),
            false => self.store.prune(ids).await,
        };
        let pruned = pruned.map_err(|error| journal_failure(&error))?;
        Ok(PruneAnswer {
            dry_run,
            runs: runs.into_iter().map(|(_, row)| row).collect(),
            kept,
            record_bytes: pruned.record_bytes,
            content_bytes: pruned.content_bytes,
        })
    }

    /// The runs that ended so long ago, and how many there are beside them.
    fn old_runs(&self, older_than: Duration) -> Result<(Vec<(RunId, RunRow)>, u64), Failure> {
        let now = self.world.clock.now();
        let (mut old, mut kept) = (Vec::new(), 0);
        for run in self.all_runs()? {
            let Some((row, last)) = self.row_and_end(run)? else { continue };
            let has_ended = matches!(row.status, Status::Done | Status::Failed | Status::Cancelled);
            if has_ended && last.after(older_than) <= now {
                old.push((run, row));
            } else {
                kept += 1;
            }
        }
        Ok((old, kept))
    }
}
