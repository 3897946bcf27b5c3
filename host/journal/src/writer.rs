//! The one thread that writes: takes whatever waits, of all runs, commits it with one sync, and
//! acknowledges. No timers: while one commit waits for the disk, the next one gathers.

use std::{collections::BTreeMap, sync::Arc};

use voyager_base::{RunId, record::AppendError};

use crate::{
    error::cannot_append,
    group::Group,
    packs::Synced,
    row::{Standing, Sum},
    store::{Acknowledgement, Shared},
};

/// The writer of a store.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// Where all runs stand on the disk.
    durable: BTreeMap<RunId, Standing>,
    /// The sum over that.
    sum: Sum,
}

/// What one commit takes.
struct Work {
    group: Arc<Group>,
    acknowledgements: Vec<Acknowledgement>,
    /// Whether it is the last.
    closing: bool,
}

impl Writer {
    /// The writer of a store whose runs stand at `durable`.
    pub(crate) fn new(shared: Arc<Shared>, durable: BTreeMap<RunId, Standing>, sum: Sum) -> Self {
        Self { shared, durable, sum }
    }

    /// Writes until the store is dropped or the disk fails.
    pub(crate) fn run(mut self) {
        loop {
            let Work { group, acknowledgements, closing } = self.next();
            let outcome = self.commit(&group);
            let acknowledgements = match &outcome {
                Ok(()) => {
                    self.shared.state().committing = Arc::default();
                    acknowledgements
                }
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
            closing: state.closing,
        }
    }

    /// Makes content and then the group durable.
    fn commit(&mut self, group: &Group) -> Result<(), AppendError> {
        let synced = self.shared.packs.sync().map_err(cannot_append)?;
        if group.is_empty() && synced.is_empty() {
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
        self.shared.tables.commit(group, synced, &sum).map_err(cannot_append)?;
        self.sum = sum;
        self.durable.extend(&group.standings);
        Ok(())
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
