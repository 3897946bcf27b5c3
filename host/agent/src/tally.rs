//! How many attempts of tasks there were: of a run, and of each execution of a manifest within it that bounds
//! its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_base::{Error, TaskId};

/// An execution of a manifest within a run, and the most tasks that it may have.
pub(crate) type Bound = (TaskId, u64);

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    all: u64,
    within: BTreeMap<TaskId, u64>,
}

impl Tally {
    /// Counts one more attempt, children's included, in `around`, the innermost first.
    ///
    /// # Errors
    /// The bound that it is beyond: of these, or of the run.
    pub(crate) fn count(&mut self, of_run: u64, around: &[Bound]) -> Result<(), Error> {
        self.all += 1;
        let mut beyond = (of_run < self.all).then_some(of_run);
        for (execution, bound) in around.iter().rev() {
            let within = self.within.entry(*execution).or_default();
            *within += 1;
            if *bound < *within {
                beyond = Some(*bound);
            }
        }
        beyond.map_or(Ok(()), |bound| Err(Error::limit("steps", bound)))
    }

    /// Whether any task has begun.
    pub(crate) fn has_begun(&self) -> bool {
        0 < self.all
    }

    /// Forgets executions that have ended.
    pub(crate) fn retain(&mut self, is_open: impl Fn(TaskId) -> bool) {
        self.within.retain(|execution, _| is_open(*execution));
    }
}
