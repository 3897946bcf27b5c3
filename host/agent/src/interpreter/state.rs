//! All that lasts of a run: what its facts add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_base::{Error, ErrorKind, TaskId, Value, clock::Timestamp, workspace::Change};

use super::Outcome;
use crate::event::Failure;

/// All that lasts of a run. Can be kept, so that resuming need not begin at the first record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) began: Timestamp,
    pub(super) last: Timestamp,
    pub(super) steps: Vec<StepState>,
    /// Step and item of the tasks of steps that run.
    pub(super) tasks: BTreeMap<TaskId, (usize, u64)>,
    /// Why the run is ending before its time.
    pub(super) stopping: Option<Failure>,
    pub(super) outcome: Option<Outcome>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum StepState {
    Waiting,
    Running(Running),
    /// With the value that expressions see.
    Done(Option<Value>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) units: Vec<Unit>,
    /// All items before this one have ended.
    pub(super) first: usize,
    /// Why the step fails, once nothing of it runs any more.
    pub(super) failed: Option<Error>,
    /// Commits so far.
    pub(super) commits: u32,
    /// Whether a commit was intended whose end is not known.
    pub(super) intended: bool,
    pub(super) committed: bool,
}

/// One item of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) state: UnitState,
    /// The newest attempt; 0 before the first.
    pub(super) attempt: u32,
    pub(super) failures: u32,
    pub(super) changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum UnitState {
    Waiting,
    Started {
        at: Timestamp,
    },
    /// Its owner is gone. Bound to its attempt where that may have changed the world.
    Interrupted {
        bound: bool,
    },
    /// To be tried again.
    Failed {
        error: Error,
        at: Timestamp,
    },
    Backoff {
        until: Timestamp,
    },
    Done(Result<Option<Value>, Error>),
}

impl State {
    pub(super) fn new(began: Timestamp, steps: usize) -> Self {
        Self {
            began,
            last: began,
            steps: vec![StepState::Waiting; steps],
            tasks: BTreeMap::new(),
            stopping: None,
            outcome: None,
        }
    }

    /// Time of the last fact.
    pub fn time(&self) -> Timestamp {
        self.last
    }

    /// Tasks of steps that have started and not ended, with their attempts.
    pub fn open_tasks(&self) -> Vec<(TaskId, u32)> {
        let open = self.tasks.iter().filter_map(|(task, (step, item))| {
            let StepState::Running(running) = &self.steps[*step] else { return None };
            let unit = running.units.get(usize::try_from(*item).ok()?)?;
            matches!(unit.state, UnitState::Started { .. } | UnitState::Interrupted { .. })
                .then_some((*task, unit.attempt))
        });
        open.collect()
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (usize, &Running)> {
        self.steps.iter().enumerate().filter_map(|(step, state)| match state {
            StepState::Running(running) => Some((step, running)),
            StepState::Waiting | StepState::Done(_) => None,
        })
    }

    pub(super) fn running_mut(&mut self) -> impl Iterator<Item = (usize, &mut Running)> {
        self.steps.iter_mut().enumerate().filter_map(|(step, state)| match state {
            StepState::Running(running) => Some((step, running)),
            StepState::Waiting | StepState::Done(_) => None,
        })
    }

    pub(super) fn running_step(&mut self, step: usize) -> Result<&mut Running, String> {
        match self.steps.get_mut(step) {
            Some(StepState::Running(running)) => Ok(running),
            _ => Err(format!("step number {step} does not run")),
        }
    }

    pub(super) fn unit(&mut self, step: usize, item: u64) -> Result<&mut Unit, String> {
        self.running_step(step)?.unit(item)
    }

    /// Whether nothing runs and no commit is open.
    pub(super) fn is_idle(&self) -> bool {
        self.running().all(|(_, running)| {
            !running.intended
                && running.open().all(|(_, unit)| !matches!(unit.state, UnitState::Started { .. }))
        })
    }

    /// Whether all steps have ended.
    pub(super) fn is_over(&self) -> bool {
        self.steps.iter().all(|state| matches!(state, StepState::Done(_)))
    }
}

impl Running {
    pub(super) fn new(units: usize) -> Self {
        let unit = Unit { state: UnitState::Waiting, attempt: 0, failures: 0, changes: Vec::new() };
        let units = vec![unit; units];
        Self { units, first: 0, failed: None, commits: 0, intended: false, committed: false }
    }

    pub(super) fn unit(&mut self, item: u64) -> Result<&mut Unit, String> {
        let place = usize::try_from(item).ok();
        place
            .and_then(|place| self.units.get_mut(place))
            .ok_or_else(|| format!("there is no item {item}"))
    }

    /// Ends an item.
    pub(super) fn finish(
        &mut self,
        item: u64,
        result: Result<Option<Value>, Error>,
    ) -> Result<(), String> {
        self.unit(item)?.state = UnitState::Done(result);
        let done = |unit: &Unit| matches!(unit.state, UnitState::Done(_));
        while self.units.get(self.first).is_some_and(done) {
            self.first += 1;
        }
        Ok(())
    }

    /// Items that have begun and not ended. Items begin in their order, so the look ends at the first
    /// that has not: a step of many items must not be searched for each of them.
    pub(super) fn open(&self) -> impl Iterator<Item = (usize, &Unit)> {
        let units = self.units.iter().enumerate().skip(self.first);
        let begun = units.take_while(|(_, unit)| 0 < unit.attempt);
        begun.filter(|(_, unit)| !matches!(unit.state, UnitState::Done(_)))
    }

    /// What all items staged, ordered by folder and path.
    pub(super) fn changes(&self) -> Result<Vec<Change>, Error> {
        let mut all: BTreeMap<(&str, &str), &Change> = BTreeMap::new();
        for change in self.units.iter().flat_map(|unit| &unit.changes) {
            let place = (change.root.as_str(), change.path.as_str());
            if let Some(other) = all.insert(place, change)
                && other != change
            {
                let message = format!(
                    "two items changed `{}` in `{}` differently; nothing was written",
                    change.path, change.root
                );
                return Err(Error::new(ErrorKind::Conflict, message));
            }
        }
        Ok(all.into_values().cloned().collect())
    }
}
