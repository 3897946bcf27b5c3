//! The only loop a run has.
//!
//! It is the same in production and in simulation; what differs is who stands behind the world. It
//! takes whatever facts are there and makes them durable at once, so that tasks that end together cost
//! one sync.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use futures_channel::{
    mpsc::{UnboundedReceiver, UnboundedSender},
    oneshot,
};
use futures_util::{
    StreamExt,
    future::{Either, FutureExt, select},
};
use serde::{Deserialize, Serialize};
use voyager_base::{
    Digest, Error, TaskId,
    record::{AppendError, Durability, ReadError},
    workspace::Change,
};
use voyager_manifest::plan::Part;

use crate::{
    event::{self, Event, SEMANTICS, TaskStarted},
    interpreter::{Admitted, Command, Interpreter, Message, Misplaced, Outcome, State, Unwanted},
    recorder::Written,
    tally::Tally,
    task::{self, Around, RunShared, Task, TaskEnd},
    telemetry,
    world::Notice,
};

/// Records between two checkpoints, at least.
const CHECKPOINT_RECORDS: u64 = 1_000;

/// Why a run stands still. What was acknowledged is safe, and the run can be resumed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DriveError {
    /// The journal can't be written, or belongs to somebody else.
    #[error(transparent)]
    Journal(#[from] AppendError),
    /// The journal or the content store can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The facts don't fit the run.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// It only waits for somebody, and was told not to wait here.
    #[error("the run waits for somebody")]
    Waits,
    /// Somebody paused it.
    #[error("the run is paused")]
    Paused,
    /// A task could not record what it did.
    #[error("a task could not be recorded: {reason}")]
    Task {
        /// What it said.
        reason: String,
    },
}

/// What comes to the loop.
pub(crate) enum Fact {
    /// Something happened.
    Happened(Event),
    /// A task can't go on.
    Broken(String),
    /// Somebody outside says something, and wants to know what became of it.
    Told(Message, oneshot::Sender<Result<Told, Unwanted>>),
    /// The run is let go where it only waits for somebody.
    Leave,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is recorded.
    Taken,
    /// It came before.
    Known,
}

/// A run on its way.
pub(crate) struct Run {
    pub(crate) shared: Arc<RunShared>,
    pub(crate) interpreter: Interpreter,
    pub(crate) facts: UnboundedReceiver<Fact>,
    pub(crate) tell: UnboundedSender<Fact>,
    pub(crate) tasks: BTreeMap<(TaskId, u32), Arc<Task>>,
    /// Tasks that ended well and keep their keys until what they staged is real.
    pub(crate) held: BTreeMap<(TaskId, usize), Arc<Task>>,
    /// For each open task of a step the record with which its attempt began.
    pub(crate) opened: BTreeMap<TaskId, u64>,
    pub(crate) kept: Kept,
    /// Whether it is let go where it only waits for somebody.
    pub(crate) leaves: bool,
}

/// When a state was last kept, and how large it was.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) sequence: u64,
    pub(crate) written_bytes: u64,
    pub(crate) state_bytes: u64,
}

/// A point from which a run can be resumed without the records before it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    pub(crate) semantics: u32,
    pub(crate) state: State,
    /// Number of the first record that an open task needs.
    pub(crate) open_from: u64,
    /// Attempts of tasks so far.
    pub(crate) tally: Tally,
}

/// Turns wishes into facts until the run has its outcome.
pub(crate) async fn drive(run: Run) -> Result<Outcome, DriveError> {
    let span = run.shared.span.clone();
    let ended = to_the_end(run).await;
    telemetry::run_ended(&span, &ended);
    ended
}

async fn to_the_end(mut run: Run) -> Result<Outcome, DriveError> {
    for wait in run.interpreter.waiting() {
        run.notice(Notice::Waits(&wait));
    }
    loop {
        while let Some(command) = run.interpreter.poll_command() {
            run.begin(command).await?;
        }
        if let Some(outcome) = run.interpreter.outcome() {
            return Ok(outcome.clone());
        }
        let facts = run.next_facts().await?;
        run.record(facts, Durability::Synced).await?;
        run.keep().await?;
    }
}

impl Run {
    async fn begin(&mut self, command: Command) -> Result<(), DriveError> {
        match command {
            Command::Record(event) => {
                let durability = match event {
                    // Whoever is told of a wait may answer it at once, to somebody else.
                    Event::RunDone { .. } | Event::WaitStarted { .. } => Durability::Synced,
                    // It follows from the facts before it: lost, it is found out again.
                    _ => Durability::Buffered,
                };
                self.record(vec![event], durability).await
            }
            Command::Start(started) => {
                let event = Event::TaskStarted(started.clone());
                let written = self.append(event, Durability::Buffered).await?;
                self.opened.insert(started.task, written.sequence);
                let around = match started.origin {
                    event::Origin::Step { frame, .. } => self.interpreter.step_bounds(frame),
                    event::Origin::Parent { .. } => Vec::new(),
                };
                let counted = self.shared.count_task(&around);
                // Neither does the bound that a run fails by keep it from being taken back.
                let counted = counted.or_else(|error| match self.takes_back(&started) {
                    true => Ok(()),
                    false => Err(error),
                });
                self.start(started, written, counted);
                Ok(())
            }
            Command::Resume(started) => {
                let event = Event::TaskResumed { task: started.task, attempt: started.attempt };
                let written = self.append(event, Durability::Buffered).await?;
                self.start(started, written, Ok(()));
                Ok(())
            }
            Command::Cancel { task, attempt, reason } => {
                if let Some(running) = self.tasks.get(&(task, attempt)) {
                    running.cancel(reason);
                }
                Ok(())
            }
            Command::Commit { frame, step, changes, intended } => {
                if !intended {
                    let digest = Digest::of(&event::pack(&changes));
                    let files = changes.len() as u64;
                    let event = Event::CommitIntended { frame, step, files, changes: digest };
                    self.record(vec![event], Durability::Synced).await?;
                }
                self.commit(frame, step, changes);
                Ok(())
            }
            Command::Stage { frame, changes } => {
                let workspace = &self.shared.world.workspace;
                let staged = workspace.restage(self.shared.layer(frame), &changes);
                staged.map_err(|error| DriveError::Task { reason: error.message })
            }
            Command::Unstage { frame } => {
                self.shared.world.workspace.discard(self.shared.layer(frame));
                Ok(())
            }
        }
    }

    fn takes_back(&self, started: &TaskStarted) -> bool {
        let event::Origin::Step { step, .. } = started.origin else { return false };
        self.interpreter.plan().steps.get(step).is_some_and(|it| it.part == Part::Compensation)
    }

    fn start(&mut self, started: TaskStarted, written: Written, counted: Result<(), Error>) {
        let (frame, step) = match started.origin {
            event::Origin::Step { frame, step, .. } => (frame, step),
            event::Origin::Parent { .. } => return,
        };
        let limits = self.interpreter.limits(step);
        // Another round or attempt needs the key that the one before it kept.
        self.let_go(frame, step);
        let (key, counted) = match self.interpreter.concurrency(&started.origin) {
            Ok(key) => (key, counted),
            Err(error) => (None, counted.and(Err(error))),
        };
        let layers = self.interpreter.transactions_around(frame);
        let around = Around {
            frames: self.interpreter.frames_around(frame).into(),
            layers: layers.map(|it| self.shared.layer(it)).collect(),
            bounds: self.interpreter.step_bounds(frame),
        };
        let task = Task::of_step(&self.shared, started, step, limits, around, key);
        let key = (task.started.task, task.started.attempt);
        self.tasks.insert(key, Arc::clone(&task));
        let tell = self.tell.clone();
        self.shared.world.spawn.spawn(Box::pin(async move {
            let end = match counted {
                Ok(()) => Arc::clone(&task).run(written).await,
                Err(error) => Ok(TaskEnd::failed(error)),
            };
            let fact = match end {
                Ok(end) => {
                    // The contents are kept: what is staged in memory is of no more use.
                    task.shared.world.workspace.discard(task.stage());
                    Fact::Happened(task::done(&task.started, end))
                }
                Err(reason) => Fact::Broken(reason),
            };
            // The run may have been dropped.
            let _ = tell.unbounded_send(fact);
        }));
    }

    /// Gives up the key that a task of a step kept.
    fn let_go(&mut self, frame: TaskId, step: usize) {
        if let Some(task) = self.held.remove(&(frame, step)) {
            task.place.leave();
        }
    }

    /// A task has ended. One that stands for its whole step keeps its key until that has ended too.
    fn release(&mut self, task: &Arc<Task>, is_good: bool) {
        let plan = &self.shared.started.plan;
        match task.started.origin {
            event::Origin::Step { frame, step, .. }
                if is_good && plan.steps[step].for_each.is_none() =>
            {
                self.held.insert((frame, step), Arc::clone(task));
            }
            _ => task.place.leave(),
        }
    }

    fn commit(&self, frame: TaskId, step: usize, changes: Vec<Change>) {
        let (shared, tell) = (Arc::clone(&self.shared), self.tell.clone());
        let spawn = Arc::clone(&shared.world.spawn);
        spawn.spawn(Box::pin(async move {
            let workspace = &shared.world.workspace;
            let event = match workspace.commit(&shared.started.folders, &changes).await {
                Ok(conflicts) => Event::CommitDone { frame, step, conflicts, error: None },
                Err(error) => {
                    Event::CommitDone { frame, step, conflicts: vec![], error: Some(error) }
                }
            };
            // The run may have been dropped.
            let _ = tell.unbounded_send(Fact::Happened(event));
        }));
    }

    /// Waits for facts, or until the interpreter wants to be told the time, and takes all there are.
    async fn next_facts(&mut self) -> Result<Vec<Event>, DriveError> {
        let clock = Arc::clone(&self.shared.world.clock);
        let there = self.facts.next().now_or_never().flatten();
        let first = match (there, self.interpreter.poll_timeout()) {
            (Some(fact), _) => Some(fact),
            (None, _) if self.leaves && self.interpreter.only_waits() => {
                return Err(DriveError::Waits);
            }
            (None, None) => self.facts.next().await,
            (None, Some((deadline, _reason))) => {
                match select(self.facts.next(), clock.wait_until(deadline)).await {
                    Either::Left((fact, _)) => fact,
                    Either::Right(_) => None,
                }
            }
        };
        self.interpreter.handle_time(clock.now());
        let mut events = Vec::new();
        let mut next = first;
        while let Some(fact) = next {
            match fact {
                Fact::Happened(event) => events.push(event),
                Fact::Broken(reason) => return Err(DriveError::Task { reason }),
                Fact::Leave => self.leaves = true,
                Fact::Told(message, reply) => {
                    // What it is measured by has to be true already.
                    self.record(std::mem::take(&mut events), Durability::Buffered).await?;
                    let told = self.told(&message).await?;
                    // Whoever asked may have left.
                    let _ = reply.send(told);
                    if self.interpreter.state().is_paused() {
                        return Err(DriveError::Paused);
                    }
                }
            }
            next = self.facts.next().now_or_never().flatten();
        }
        Ok(events)
    }

    /// Takes what somebody outside says, durably, or says why not.
    async fn told(&mut self, message: &Message) -> Result<Result<Told, Unwanted>, DriveError> {
        Ok(match self.interpreter.admit(message) {
            Err(unwanted) => Err(unwanted),
            Ok(Admitted::Known) => Ok(Told::Known),
            Ok(Admitted::New(event)) => {
                self.record(vec![event], Durability::Synced).await?;
                Ok(Told::Taken)
            }
        })
    }

    fn notice(&self, notice: Notice<'_>) {
        let at = self.interpreter.state().time();
        self.shared.world.observer.notice(self.shared.run, at, notice);
    }

    async fn append(
        &mut self,
        event: Event,
        durability: Durability,
    ) -> Result<Written, DriveError> {
        let written = self.shared.recorder.append(std::slice::from_ref(&event), durability).await?;
        let written = *written.first().expect("one fact gives one record");
        self.apply(written, &event)?;
        Ok(written)
    }

    async fn record(
        &mut self,
        events: Vec<Event>,
        durability: Durability,
    ) -> Result<(), DriveError> {
        if events.is_empty() {
            return Ok(());
        }
        let written = self.shared.recorder.append(&events, durability).await?;
        for (written, event) in written.into_iter().zip(&events) {
            if let Event::TaskDone { task, attempt, result, usage, .. } = event {
                if let Some(task) = self.tasks.remove(&(*task, *attempt)) {
                    task.ended(result, *usage);
                    self.release(&task, result.is_ok());
                }
                self.opened.remove(task);
            }
            self.apply(written, event)?;
        }
        Ok(())
    }

    fn apply(&mut self, written: Written, event: &Event) -> Result<(), DriveError> {
        self.interpreter.apply(written.at, event)?;
        if let Event::StepDone { frame, step, .. } = event {
            self.let_go(*frame, *step);
        }
        let shared = &self.shared;
        telemetry::fact(&shared.span, &shared.started.plan, event);
        shared.world.observer.notice(shared.run, written.at, Notice::Fact(event));
        if let Event::WaitStarted { frame, step, .. } = event {
            // A signal may have been there already.
            if let Some(wait) = self.interpreter.wait_of(*frame, *step) {
                self.notice(Notice::Waits(&wait));
            }
        }
        Ok(())
    }

    /// The counts of tasks, those of ended executions left out.
    fn tally(&self) -> Tally {
        let mut tally = self.shared.tally();
        tally.retain(|execution| self.interpreter.state().is_open(execution));
        tally.clone()
    }

    /// Keeps the state from time to time, so that resuming stays short. No more is written for it than
    /// for the records themselves.
    async fn keep(&mut self) -> Result<(), DriveError> {
        let (head, written_bytes) = self.shared.recorder.position();
        let grown = written_bytes - self.kept.written_bytes;
        if head.sequence < self.kept.sequence + CHECKPOINT_RECORDS || grown < self.kept.state_bytes
        {
            return Ok(());
        }
        let open_from = self.opened.values().copied().min().unwrap_or(head.sequence);
        let checkpoint = Checkpoint {
            semantics: SEMANTICS,
            state: self.interpreter.state().clone(),
            open_from,
            tally: self.tally(),
        };
        let state = event::pack(&checkpoint);
        let state_bytes = state.len() as u64;
        self.shared.world.journal.checkpoint(self.shared.run, head, state).await?;
        self.kept = Kept { sequence: head.sequence, written_bytes, state_bytes };
        Ok(())
    }
}

impl Drop for Run {
    /// Whoever lets go of a run lets go of its guests; effects under way end and are recorded.
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::SeqCst);
        for task in self.tasks.values() {
            task.cancel(Error::cancelled());
            telemetry::task_left(&task.span);
        }
        self.held.values().for_each(|task| task.place.leave());
        if let Some(run) = &self.shared.place {
            run.leave();
        }
    }
}
