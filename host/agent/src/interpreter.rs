//! What a run does next.
//!
//! A machine without clock, disk or chance: facts go in ([`Interpreter::apply`]), wishes come out
//! ([`Interpreter::poll_command`]), and whoever fulfils a wish appends the fact that it leads to. All
//! that lasts follows from plan and facts. Which wishes have been given out does not last: after a
//! crash the same facts lead to the same wishes again, and that is all there is to resuming.
//!
//! The steps of a manifest run in a *frame*, and so do those within a block: one frame for each item,
//! round and attempt of it. A frame ends when its steps have, and its end is that of the block's item,
//! as the end of a task is that of a call's. `facts` is what facts do to the state, `wishes` what the
//! state leads to, `values` what expressions give.

mod compensation;
mod facts;
mod inherit;
mod layer;
mod retry;
mod scope;
mod state;
mod values;
mod wait;
mod wishes;
mod witness;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use voyager_base::{
    Error, ErrorKind, Limits, RunId, TaskId, Value, clock::Timestamp, workspace::Change,
};
use voyager_manifest::plan::{Part, Plan};

pub(crate) use self::witness::Witness;
pub use self::{
    compensation::Pending,
    state::State,
    wait::{Admitted, Message, Unwanted, Waiting},
};
use self::{
    facts::unknown,
    state::{Place, StepState, UnitState},
};
use crate::event::{Event, Failure, Origin, RunStarted, TaskStarted};

/// What a run wants next.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Record this decision: it needs nobody's help.
    Record(Event),
    /// Record that the task starts, and start it.
    Start(TaskStarted),
    /// Record that the task goes on in its attempt, and start it, answered from the record.
    Resume(TaskStarted),
    /// Stop the task; it ends with this error.
    Cancel {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// Why.
        reason: Error,
    },
    /// Make changes real.
    Commit {
        /// The execution of the steps that the step belongs to.
        frame: TaskId,
        /// The step's position in the plan.
        step: usize,
        /// The changes, ordered by folder and path.
        changes: Vec<Change>,
        /// Whether the intent is recorded already, by an earlier owner.
        intended: bool,
    },
    /// Let the steps of a transaction see what one of them changed.
    Stage {
        /// The execution of its steps.
        frame: TaskId,
        /// The changes.
        changes: Vec<Change>,
    },
    /// Forget what the steps of a transaction saw.
    Unstage {
        /// The execution of its steps.
        frame: TaskId,
    },
}

/// Outputs of a run in the order of the plan, or why it failed.
pub type Outcome = Result<Vec<(String, Value)>, Failure>;

/// The facts don't fit the plan or each other: they are damaged, or this is a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fact `{event}` does not fit the run: {reason}")]
pub struct Misplaced {
    /// Name of the fact.
    pub event: &'static str,
    /// Why not.
    pub reason: String,
}

/// Decides what one run does next.
pub struct Interpreter {
    /// The frame of the manifest's own steps.
    root: TaskId,
    started: RunStarted,
    /// Positions of steps by their ids.
    ids: BTreeMap<String, usize>,
    /// Positions of the steps directly within each block.
    inside: BTreeMap<usize, Vec<usize>>,
    /// Position of the step that takes back what a step did.
    compensations: BTreeMap<usize, usize>,
    inputs: BTreeMap<String, Value>,
    state: State,
    /// Items of running steps, as expressions give them.
    items: BTreeMap<(TaskId, usize), Vec<Value>>,
    /// Wishes that have been given out.
    wished: BTreeSet<Wish>,
    /// Tasks whose start is wished and not yet a fact, each with the execution that it belongs to.
    starting: BTreeMap<TaskId, TaskId>,
    /// For each transaction the step whose changes it is about to take.
    joining: BTreeMap<TaskId, (TaskId, usize)>,
    commands: VecDeque<Command>,
    /// Whether something has changed since wishes were last looked for.
    stale: bool,
    /// The time as far as it has been told.
    now: Timestamp,
}

/// What tells wishes apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    Step(TaskId, usize),
    End(TaskId, usize),
    Start(TaskId, u32),
    Cancel(TaskId, u32),
    Retry(TaskId, u32),
    Commit(TaskId, usize, u32),
    Enter(TaskId),
    Stop(TaskId),
    Ask(TaskId, usize),
    Expire(TaskId, usize),
    Leave(TaskId),
    Deadline,
    Finish,
}

impl Interpreter {
    /// A run that has just begun.
    pub fn new(run: RunId, started: RunStarted, at: Timestamp) -> Self {
        let root = TaskId::root(run);
        let mut state = State::new(at, root, &started.plan);
        if let (Some(inherited), Some(frame)) = (&started.inherited, state.frames.get_mut(&root)) {
            frame.inherit(&inherited.steps);
        }
        Self::with_state(run, started, state)
    }

    /// A run whose state was kept.
    pub fn with_state(run: RunId, started: RunStarted, state: State) -> Self {
        let ids = started.plan.steps.iter().enumerate();
        let ids = ids.map(|(position, step)| (step.id.clone(), position)).collect();
        let mut inside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut compensations = BTreeMap::new();
        for (position, step) in started.plan.steps.iter().enumerate() {
            match (step.within, step.part) {
                (Some(of), Part::Compensation) => drop(compensations.insert(of, position)),
                (Some(block), Part::Body | Part::Finally) => {
                    inside.entry(block).or_default().push(position);
                }
                (None, _) => {}
            }
        }
        let inputs = started.inputs.iter().cloned().collect();
        let now = state.last;
        Self {
            root: TaskId::root(run),
            started,
            ids,
            inside,
            compensations,
            inputs,
            state,
            items: BTreeMap::new(),
            wished: BTreeSet::new(),
            starting: BTreeMap::new(),
            joining: BTreeMap::new(),
            commands: VecDeque::new(),
            stale: true,
            now,
        }
    }

    /// All that lasts.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the run began with.
    pub fn started(&self) -> &RunStarted {
        &self.started
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.started.plan
    }

    /// How the run ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.state.outcome.as_ref()
    }

    /// Tells the time.
    pub fn handle_time(&mut self, now: Timestamp) {
        if self.now < now {
            self.now = now;
            self.stale = true;
        }
    }

    /// The next wish. Each is given out once.
    pub fn poll_command(&mut self) -> Option<Command> {
        if self.commands.is_empty() && self.stale {
            self.stale = false;
            self.look_for_wishes();
        }
        self.commands.pop_front()
    }

    /// Forgets which wishes were given out, so that all are given out again.
    pub fn forget_wishes(&mut self) {
        self.wished.clear();
        self.starting.clear();
        self.joining.clear();
        self.commands.clear();
        self.stale = true;
    }

    /// The time at which something happens by itself, and what.
    pub fn poll_timeout(&self) -> Option<(Timestamp, &'static str)> {
        if self.state.outcome.is_some() {
            return None;
        }
        let deadline = self.deadline().map(|at| (at, "the deadline of the run"));
        let deadline = deadline.filter(|_| !self.is_stopping());
        let units = self.state.running().flat_map(|(_, step, running)| {
            let timeout = self.plan().steps[step].timeout;
            running.open().filter_map(move |(_, unit)| match unit.state {
                UnitState::Started { at } => {
                    timeout.map(|time| (at.after(time), "the timeout of a step"))
                }
                UnitState::Asked { at, .. } => {
                    timeout.map(|time| (at.after(time), "the timeout of a wait"))
                }
                UnitState::Backoff { until } => {
                    Some((until, "the next attempt or the end of a sleep"))
                }
                _ => None,
            })
        });
        units.chain(deadline).filter(|(at, _)| self.now < *at).min_by_key(|(at, _)| *at)
    }

    /// The grants layer of a step, and the most that its tasks may use.
    pub fn limits(&self, step: usize) -> Limits {
        self.plan().steps[step].limits.lowest(&self.started.limits)
    }

    /// The frames around an execution of steps and itself, the run's own first.
    pub fn frames_around(&self, frame: TaskId) -> Vec<TaskId> {
        let mut frames: Vec<TaskId> = self.holders(frame).map(|place| place.frame).collect();
        frames.reverse();
        frames.push(frame);
        frames
    }

    /// The transactions around an execution of steps, itself among them, from the inside to the outside.
    pub fn transactions_around(&self, frame: TaskId) -> impl Iterator<Item = TaskId> {
        let around = std::iter::once(frame).chain(self.holders(frame).map(|place| place.frame));
        around.filter(|frame| self.state.frames.get(frame).is_some_and(|it| it.layer.is_some()))
    }

    /// What a running step is about to make real, ordered by folder and path.
    pub fn changes_of(&self, frame: TaskId, step: usize) -> Vec<Change> {
        match self.state.step(frame, step) {
            Some(StepState::Running(running)) => running.changes().unwrap_or_default(),
            Some(StepState::Waiting | StepState::Done(_)) | None => Vec::new(),
        }
    }

    /// Takes a fact. Facts of effects and of child tasks are none of its business.
    ///
    /// # Errors
    /// [`Misplaced`]; the state is of no use any more.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), Misplaced> {
        self.state.last = self.state.last.max(at);
        self.now = self.now.max(at);
        self.stale = true;
        let misplaced = |reason: String| Misplaced { event: event.name(), reason };
        match event {
            Event::RunStarted(_)
            | Event::EffectIntended { .. }
            | Event::EffectAnswered { .. }
            | Event::EffectDenied { .. }
            | Event::ChildrenRequested { .. }
            | Event::TaskPaused { .. } => Ok(()),
            Event::RunPaused { .. } => {
                self.state.paused = true;
                Ok(())
            }
            Event::RunKilled { by } => {
                let error = Error::new(ErrorKind::Cancelled, format!("{by} killed the run"));
                self.state.killed.get_or_insert(error);
                Ok(())
            }
            Event::RunResumed { rerun, .. } => {
                self.state.paused = false;
                self.interrupt(rerun);
                Ok(())
            }
            Event::StepStarted { frame, step, items } => {
                self.begin(*frame, *step, *items).map_err(misplaced)
            }
            Event::StepSkipped { frame, step } => {
                let none = self.none(*step);
                self.end(*frame, *step, none).map_err(misplaced)
            }
            Event::FrameStarted { frame, within, step, item } => {
                let place = Place { frame: *within, step: *step, item: *item };
                self.enter(at, *frame, place).map_err(misplaced)
            }
            Event::CompensationStarted { frame, within, step } => {
                self.compensate(*frame, *within, *step).map_err(misplaced)
            }
            Event::FrameStopped { frame, reason } => self.stop(*frame, reason).map_err(misplaced),
            Event::FrameDone { frame, error } => {
                self.leave(*frame, error.as_ref()).map_err(misplaced)
            }
            Event::TaskStarted(started) => match started.origin {
                Origin::Parent { .. } => Ok(()),
                Origin::Step { frame, step, item } => {
                    self.start(at, Place { frame, step, item }, started).map_err(misplaced)
                }
            },
            Event::TaskResumed { task, attempt } => {
                self.starting.remove(task);
                let unit = self.unit(*task, *attempt).map_err(misplaced)?;
                unit.state = UnitState::Started { at };
                Ok(())
            }
            Event::TaskDone { task, attempt, result, changes, .. } => {
                let Some(place) = self.state.nodes.get(task).copied() else { return Ok(()) };
                self.unit(*task, *attempt).map_err(misplaced)?;
                let result = match result {
                    Ok(bytes) => Ok(self.decode(place.step, bytes).map_err(misplaced)?),
                    Err(error) => Err(error.clone()),
                };
                self.ended(place, result, changes).map_err(misplaced)
            }
            Event::RetryScheduled { task, until, .. } => {
                let place = self.state.nodes.get(task).copied();
                let place = place.ok_or_else(|| misplaced(unknown(*task)))?;
                let unit = self.state.unit(place).map_err(misplaced)?;
                unit.state = UnitState::Backoff { until: *until };
                Ok(())
            }
            Event::CommitIntended { frame, step, .. } => {
                self.state.running_step(*frame, *step).map_err(misplaced)?.intended = true;
                Ok(())
            }
            Event::CommitDone { frame, step, conflicts, error } => {
                let id = self.step_id(*step);
                let error = error.clone().or_else(|| conflict(&id, conflicts));
                self.joined(*frame, *step);
                self.committed(*frame, *step, error).map_err(misplaced)
            }
            Event::StepDone { frame, step, error, passed } => {
                self.step_done(*frame, *step, error.as_ref(), *passed).map_err(misplaced)
            }
            Event::WaitStarted { frame, step, shown } => {
                self.ask(at, *frame, *step, shown.as_ref()).map_err(misplaced)
            }
            Event::WaitAnswered { frame, step, approved, by, comment } => {
                self.answered(*frame, *step, *approved, by, comment).map_err(misplaced)
            }
            Event::WaitExpired { frame, step } => self.expired(*frame, *step).map_err(misplaced),
            Event::SignalReceived { id, name, payload, by: _ } => {
                self.signalled(id, name, payload).map_err(misplaced)
            }
            Event::RunCancelRequested { reason } => {
                // A run that is failing already fails for its first reason.
                if !self.is_stopping() {
                    self.state.cancelled = Some(reason.clone());
                }
                Ok(())
            }
            Event::RunDone { outcome } => {
                self.state.outcome = Some(outcome.clone());
                self.commands.clear();
                Ok(())
            }
        }
    }
}

/// Items of one step. The bound protects the journal and the memory of the host.
const ITEMS_MAX: usize = 1_000_000;

fn conflict(step: &str, conflicts: &[voyager_base::workspace::Conflict]) -> Option<Error> {
    let first = conflicts.first()?;
    let others = match conflicts.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    Some(Error::new(
        ErrorKind::Conflict,
        format!(
            "nothing that the step `{step}` changed was written, since somebody else changed \
             `{}` in `{}`{others}: {}",
            first.path, first.root, first.reason
        ),
    ))
}
