//! The one thread that writes: takes whatever waits, of all runs, commits it with one sync, and
//! acknowledges. No timers: while one commit waits for the disk, the next one gathers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tracing::{debug_span, error, field::Empty};
use voyager_base::{RunId, record::AppendError};

use crate::{
    error::cannot_append,
    group::Group,
    packs::Synced,
    row::{Standing, Sum},
    store::{Acknowledgement, Rest, Shared},
    tables::{Loaded, Target},
};

/// The log is moved to its places when it would grow beyond this size: it is read as a whole when the
/// store opens.
const LOG_BYTES_MAX: usize = 8 << 20;

/// The writer of a store.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// Where all runs stand on the disk.
    durable: BTreeMap<RunId, Standing>,
    /// The sum over that.
    sum: Sum,
    /// Runs that changed since the log was empty.
    changed: BTreeSet<RunId>,
    /// Number of the pieces of the log.
    pieces: u64,
    /// Size of the records in the log.
    log_bytes: usize,
}

/// What one commit takes.
struct Work {
    group: Arc<Group>,
    acknowledgements: Vec<Acknowledgement>,
    /// Whether the file is to settle, where there is nothing to write.
    settles: bool,
    /// Whether it is the last.
    closing: bool,
}

impl Writer {
    /// The writer of a store whose disk holds `loaded`.
    pub(crate) fn new(shared: Arc<Shared>, loaded: Loaded) -> Self {
        let Loaded { standings: durable, sum, log, .. } = loaded;
        let log_bytes = log.records.values().map(|it| it.len()).sum();
        Self { shared, durable, sum, changed: log.runs, pieces: log.pieces, log_bytes }
    }

    /// Writes until the store is dropped or the disk fails.
    pub(crate) fn run(mut self) {
        loop {
            let Work { group, acknowledgements, settles, closing } = self.next();
            let outcome = self.told(&group, settles);
            let acknowledgements = match &outcome {
                Ok(()) => acknowledgements,
                Err(error) => self.fail(error, acknowledgements),
            };
            for acknowledgement in acknowledgements {
                // Who dropped the future does not want to know.
                let _ = acknowledgement.send(outcome.clone());
            }
            if closing || outcome.is_err() {
                return;
            }
        }
    }

    /// Waits until somebody wants a commit, and takes what there is.
    fn next(&self) -> Work {
        let state = self.shared.state();
        let idle = self.shared.work.wait_while(state, |state| !state.wanted && !state.closing);
        let mut state = idle.unwrap_or_else(std::sync::PoisonError::into_inner);
        state.wanted = false;
        state.committing = Arc::new(std::mem::take(&mut state.waiting));
        Work {
            group: Arc::clone(&state.committing),
            acknowledgements: std::mem::take(&mut state.acknowledgements),
            settles: state.rest == Rest::Wanted,
            closing: state.closing,
        }
    }

    /// Commits, and tells how that went: how long it took, a subscriber's clock knows.
    fn told(&mut self, group: &Group, settles: bool) -> Result<(), AppendError> {
        let batches = group.records.len();
        let span = debug_span!("journal-sync", batches, bytes = group.bytes, outcome = Empty);
        let outcome = self.commit(group, settles);
        span.record("outcome", if outcome.is_ok() { "done" } else { "failed" });
        if let Err(error) = &outcome {
            error!(name: "journal-failed", parent: &span, %error, "the journal takes no more records");
        }
        outcome
    }

    /// Makes content and then the group durable. Where there is neither, the file may settle.
    fn commit(&mut self, group: &Group, settles: bool) -> Result<(), AppendError> {
        let synced = self.shared.packs.sync().map_err(cannot_append)?;
        if group.is_empty() && synced.is_empty() {
            if settles {
                self.shared.tables.settle().map_err(cannot_append)?;
                self.shared.state().rest = Rest::Settled;
            }
            return Ok(());
        }
        self.write(group, &synced)?;
        self.shared.packs.indexed();
        Ok(())
    }

    fn write(&mut self, group: &Group, synced: &Synced) -> Result<(), AppendError> {
        let mut sum = self.sum;
        for (run, standing) in &group.standings {
            if let Some(before) = self.durable.get(run) {
                sum.toggle(*run, before);
            }
            sum.toggle(*run, standing);
        }
        for run in &group.forgotten {
            if let Some(before) = self.durable.get(run) {
                sum.toggle(*run, before);
            }
        }
        let log = Arc::clone(&self.shared.state().log);
        let moves = !group.forgotten.is_empty()
            || !group.segments.is_empty()
            || log.len() + group.records.len() > self.shared.options.log_batches_max
            || self.log_bytes + group.bytes > LOG_BYTES_MAX;
        let target = if moves {
            Target::Places(&log, self.standings_elsewhere(group))
        } else {
            Target::Log(self.pieces)
        };
        let pieces = self.shared.tables.commit(group, &target, synced, &sum);
        self.pieces = pieces.map_err(cannot_append)?;
        self.sum = sum;
        self.durable.retain(|run, _| !group.forgotten.contains(run));
        self.durable.extend(&group.standings);
        drop(target);
        drop(log);
        self.committed(group, moves);
        Ok(())
    }

    /// Where the runs stand that changed since the log was empty.
    fn standings_elsewhere(&self, group: &Group) -> Vec<(RunId, Standing)> {
        let earlier = self
            .changed
            .iter()
            .filter(|run| !group.standings.contains_key(run) && !group.forgotten.contains(run));
        let earlier = earlier.filter_map(|run| Some((*run, *self.durable.get(run)?)));
        earlier.chain(group.standings.iter().map(|(run, it)| (*run, *it))).collect()
    }

    /// Keeps in memory what the log holds now.
    fn committed(&mut self, group: &Group, moved: bool) {
        let mut state = self.shared.state();
        state.committing = Arc::default();
        state.rest = Rest::Written;
        state.loose.extend(group.standings.keys());
        if moved {
            state.log = Arc::default();
            self.changed.clear();
            self.log_bytes = 0;
            return;
        }
        let rows = group.records.iter().map(|(key, row)| (*key, Arc::clone(row)));
        Arc::make_mut(&mut state.log).extend(rows);
        self.changed.extend(group.standings.keys());
        self.log_bytes += group.bytes;
    }

    /// Takes back what is not on the disk, and refuses everything from now on. Gives back everybody
    /// who waits.
    fn fail(&self, error: &AppendError, mut told: Vec<Acknowledgement>) -> Vec<Acknowledgement> {
        let mut state = self.shared.state();
        state.failed = Some(error.clone());
        state.standings.clone_from(&self.durable);
        state.waiting = Group::default();
        state.committing = Arc::default();
        told.append(&mut state.acknowledgements);
        told
    }
}

impl Drop for Writer {
    /// A panic here would be a bug; nobody should wait for ever because of it.
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(self.fail(&cannot_append("the writer of the journal ended"), Vec::new()));
        }
    }
}
