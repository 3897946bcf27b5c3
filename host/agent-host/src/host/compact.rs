//! Tending the journal: packing old records, and letting it settle.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use voyager_base::{RunId, call::Cancellation};
use voyager_journal::{CompactError, Compacted};

use super::{Host, Updates, journal_failure};
use crate::{
    answer::CompactAnswer,
    failure::{Failure, FailureKind},
    protocol::{Event, Update},
};

/// How often the host looks whether anything was recorded: a burst is over after one to two times that.
const QUIET: Duration = Duration::from_secs(1);

/// How often is told how far a compaction is.
const TOLD: Duration = Duration::from_secs(5);

impl Host {
    /// What goes on beside all requests, until it is to end: tending the journal, making vectors, and
    /// looking whether questions find the nearest.
    pub(crate) async fn tend(self: Arc<Self>, stop: Cancellation, tell: impl Fn(&Update)) {
        let this = Arc::clone(&self);
        tokio::join!(
            this.tend_journal(&stop, tell),
            self.encoding.follow(&stop),
            self.encoding.compare(&stop)
        );
    }

    /// Looks now and then: while runs record, packs a little of what is old; once they rest, all of it, and
    /// lets the journal settle, so that a start after a crash is quick. Ends when it is to, or where the
    /// journal takes no more records: that is told to those who append. What it packed it tells.
    async fn tend_journal(&self, stop: &Cancellation, tell: impl Fn(&Update)) {
        let clock = &self.world.clock;
        let mut appended = self.store.appended();
        loop {
            tokio::select! {
                () = clock.wait_until(clock.now().after(QUIET)) => {}
                () = stop.cancelled() => return,
            }
            let before = std::mem::replace(&mut appended, self.store.appended());
            let rests = before == appended;
            loop {
                let packed = match self.pack().await {
                    Ok(packed) => packed,
                    Err(CompactError::Read(_)) => break,
                    Err(CompactError::Write(_)) => return,
                };
                if 0 < packed.records {
                    let Compacted { records, row_bytes, segment_bytes, .. } = packed;
                    tell(&Update::Event(Event::Packed { records, row_bytes, segment_bytes }));
                }
                if !packed.more || !rests || appended != self.store.appended() {
                    break;
                }
                if stop.is_cancelled() {
                    return;
                }
            }
            if self.store.settle().await.is_err() {
                return;
            }
        }
    }

    /// Answers `runs compact`.
    pub(super) async fn compact(
        &self,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<CompactAnswer, Failure> {
        let bytes = || self.store.disk_bytes().map_err(|error| journal_failure(&error));
        let disk_bytes_before = bytes()?;
        let mut done = Compacted::default();
        let mut told = self.world.clock.now();
        loop {
            let packed = self.pack().await.map_err(|error| journal_failure(&error))?;
            done.records += packed.records;
            done.row_bytes += packed.row_bytes;
            done.segment_bytes += packed.segment_bytes;
            done.damaged += packed.damaged;
            if !packed.more {
                break;
            }
            if cancellation.is_cancelled() {
                let what = format!("{} records are packed, others are not", done.records);
                return Err(Failure::new(FailureKind::Cancelled, what)
                    .hint("`agent-host runs compact` goes on where it stopped"));
            }
            if told.after(TOLD) <= self.world.clock.now() {
                told = self.world.clock.now();
                note(updates, format!("{} records are packed", done.records)).await;
            }
        }
        let shrunk = self.shrink(updates).await?;
        Ok(CompactAnswer {
            records: done.records,
            row_bytes: done.row_bytes,
            segment_bytes: done.segment_bytes,
            damaged_runs: done.damaged,
            shrunk,
            disk_bytes_before,
            disk_bytes_after: bytes()?,
        })
    }

    /// Packs what one commit takes, on a thread that may block.
    pub(super) async fn pack(&self) -> Result<Compacted, CompactError> {
        let _alone = self.packing.lock().await;
        let growing: BTreeSet<RunId> = self.active().keys().copied().collect();
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.compact(&growing)).await {
            Ok(packed) => Ok(packed?.await?),
            // The runtime ends, or packing panicked: either way nothing was replaced.
            Err(_) => Ok(Compacted::default()),
        }
    }

    /// Gives room back where nobody else needs the journal meanwhile, and with it all that runs left which were
    /// forgotten; says whether it did.
    async fn shrink(&self, updates: &Updates) -> Result<bool, Failure> {
        let Ok(_alone) = self.pruning.try_write() else { return Ok(false) };
        let _packing = self.packing.lock().await;
        note(updates, "giving room back".to_owned()).await;
        if let Err(error) = self.store.purge().await {
            // Whatever can't be read might name any of it.
            note(updates, format!("content of forgotten runs stays on the disk: {error}")).await;
        }
        let store = Arc::clone(&self.store);
        let shrunk = tokio::task::spawn_blocking(move || store.shrink())
            .await
            .map_err(|error| Failure::environment("cannot give room back", &error))?;
        shrunk.map(|()| true).map_err(|error| journal_failure(&error))
    }
}

/// Tells something beside the answer; whoever asked may have left.
pub(super) async fn note(updates: &Updates, text: String) {
    let _ = updates.send(Update::Note { text }).await;
}
