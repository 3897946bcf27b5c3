//! All that lasts of a run: what its facts add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_base::{Error, ErrorKind, TaskId, Value, clock::Timestamp, workspace::Change};
use voyager_manifest::plan::Plan;

use super::{
    Outcome,
    compensation::{Compensation, Compensations},
    layer::Layer,
    wait::Signals,
};
use crate::{
    event::Failure,
    fork::{KeptItem, KeptSteps},
};

/// All that lasts of a run. Can be kept, so that resuming need not begin at the first record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub(super) began: Timestamp,
    pub(super) last: Timestamp,
    /// Executions of steps that go on: the run's own, and one for each running item of a block.
    pub(super) frames: BTreeMap<TaskId, Frame>,
    /// The item of a running step that a task or a frame serves.
    pub(super) nodes: BTreeMap<TaskId, Place>,
    /// Why the run is to end before its time.
    pub(super) cancelled: Option<Error>,
    pub(super) outcome: Option<Outcome>,
    /// Why the run is to end at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) killed: Option<Error>,
    /// Whether nobody is to go on with it until it is resumed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) paused: bool,
    /// What came from outside.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub(super) signals: Signals,
}

/// An item of a step in one execution of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) frame: TaskId,
    pub(super) step: usize,
    pub(super) item: u64,
}

/// One execution of the steps of a block, or of the manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Frame {
    /// The item of the block that it serves; none for the run itself.
    pub(super) of: Option<Place>,
    pub(super) steps: BTreeMap<usize, StepState>,
    /// Why its steps end before their time.
    pub(super) failed: Option<Failure>,
    /// The first step that ended well, where the others are then of no use any more.
    pub(super) decided: Option<usize>,
    /// Why the last step failed that did not fail all of them.
    pub(super) spared: Option<Failure>,
    /// What its steps changed, where they do that together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) layer: Option<Layer>,
    /// What takes back what ended well within it.
    #[serde(default)]
    pub(super) compensations: Compensations,
    /// What it does, where it takes something back itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compensation: Option<Compensation>,
    /// What the manifest is given whose steps these are, where a step runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inputs: Option<BTreeMap<String, Value>>,
    /// What an earlier run did of steps that have not begun.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) parts: BTreeMap<usize, Vec<KeptItem>>,
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
    /// Rounds that have ended; only of repeated steps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) rounds: u32,
    /// Values that go from round to round, once there were any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) carried: Vec<Value>,
    /// Results of ended rounds, where all are wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) collected: Vec<Value>,
    /// What an earlier run did of the steps within it, until they begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inherited: Option<Box<KeptSteps>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum UnitState {
    Waiting,
    /// Its task or its frame goes on.
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
    /// It waits for somebody.
    Asked {
        at: Timestamp,
        /// What is to be approved.
        shown: Option<String>,
    },
    /// Goes on by itself at this time: the next attempt, or the end of a sleep.
    Backoff {
        until: Timestamp,
    },
    Done(Result<Option<Value>, Error>),
}

impl State {
    pub(super) fn new(began: Timestamp, root: TaskId, plan: &Plan) -> Self {
        Self {
            began,
            last: began,
            frames: BTreeMap::from([(root, Frame::new(None, plan.inside(None)))]),
            nodes: BTreeMap::new(),
            cancelled: None,
            outcome: None,
            killed: None,
            paused: false,
            signals: Signals::default(),
        }
    }

    /// Time of the last fact.
    pub fn time(&self) -> Timestamp {
        self.last
    }

    /// Whether somebody paused it, and nobody has resumed it since.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Tasks of steps that have started and not ended, with their attempts.
    pub fn open_tasks(&self) -> Vec<(TaskId, u32)> {
        let open = self.nodes.iter().filter(|(node, _)| !self.frames.contains_key(node));
        let open = open.filter_map(|(task, place)| {
            let unit = self.look(*place)?;
            matches!(unit.state, UnitState::Started { .. } | UnitState::Interrupted { .. })
                .then_some((*task, unit.attempt))
        });
        open.collect()
    }

    pub(super) fn step(&self, frame: TaskId, step: usize) -> Option<&StepState> {
        self.frames.get(&frame)?.steps.get(&step)
    }

    /// An item of a running step.
    pub(super) fn look(&self, place: Place) -> Option<&Unit> {
        match self.step(place.frame, place.step)? {
            StepState::Running(running) => running.units.get(usize::try_from(place.item).ok()?),
            StepState::Waiting | StepState::Done(_) => None,
        }
    }

    /// All steps that run, in all frames.
    pub(super) fn running(&self) -> impl Iterator<Item = (TaskId, usize, &Running)> {
        self.frames.iter().flat_map(|(frame, it)| {
            it.running().map(move |(step, running)| (*frame, step, running))
        })
    }

    pub(super) fn running_step(
        &mut self,
        frame: TaskId,
        step: usize,
    ) -> Result<&mut Running, String> {
        match self.frames.get_mut(&frame).and_then(|frame| frame.steps.get_mut(&step)) {
            Some(StepState::Running(running)) => Ok(running),
            _ => Err(format!("step number {step} does not run")),
        }
    }

    pub(super) fn unit(&mut self, place: Place) -> Result<&mut Unit, String> {
        self.running_step(place.frame, place.step)?.unit(place.item)
    }

    /// Whether an execution of steps has not ended.
    pub(crate) fn is_open(&self, frame: TaskId) -> bool {
        self.frames.contains_key(&frame)
    }

    /// Forgets a frame with all frames inside it.
    pub(super) fn forget(&mut self, frame: TaskId) {
        self.frames.remove(&frame);
        let inner = self.nodes.iter().filter(|(_, place)| place.frame == frame);
        let inner: Vec<TaskId> = inner.map(|(node, _)| *node).collect();
        for node in inner {
            self.nodes.remove(&node);
            self.forget(node);
        }
    }
}

impl Frame {
    pub(super) fn new(of: Option<Place>, steps: impl Iterator<Item = usize>) -> Self {
        let steps = steps.map(|step| (step, StepState::Waiting)).collect();
        Self {
            of,
            steps,
            failed: None,
            decided: None,
            spared: None,
            layer: None,
            compensations: Compensations::default(),
            compensation: None,
            inputs: None,
            parts: BTreeMap::new(),
        }
    }

    pub(super) fn running(&self) -> impl Iterator<Item = (usize, &Running)> {
        self.steps.iter().filter_map(|(step, state)| match state {
            StepState::Running(running) => Some((*step, running)),
            StepState::Waiting | StepState::Done(_) => None,
        })
    }
}

impl Running {
    pub(super) fn new(units: usize, state: &UnitState) -> Self {
        let unit = Unit {
            state: state.clone(),
            attempt: 0,
            failures: 0,
            changes: Vec::new(),
            rounds: 0,
            carried: Vec::new(),
            collected: Vec::new(),
            inherited: None,
        };
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
        let begun = units.take_while(|(_, unit)| {
            0 < unit.attempt || 0 < unit.rounds || !matches!(unit.state, UnitState::Waiting)
        });
        begun.filter(|(_, unit)| !matches!(unit.state, UnitState::Done(_)))
    }

    /// Whether nothing of it runs: no task, no frame, no commit.
    pub(super) fn is_idle(&self) -> bool {
        !self.intended
            && self.open().all(|(_, unit)| !matches!(unit.state, UnitState::Started { .. }))
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
