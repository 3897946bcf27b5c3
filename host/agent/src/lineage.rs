//! The tree of tasks of a run, and what a run looks like from outside.

use std::{collections::BTreeMap, time::Duration};

use voyager_base::{
    Digest, Error, RunId, TaskId, Value,
    call::Effect,
    chain::Head,
    clock::Timestamp,
    id::RecordId,
    record::{Content, Journal},
    workspace::Change,
};

use crate::{
    event::{Asked, Event, Origin, Reply, Timed},
    interpreter::Outcome,
    run::{self, StartError},
};

/// A run as its journal shows it. Works for running, ended and interrupted runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// Its id.
    pub run: RunId,
    /// Name of its plan.
    pub name: String,
    /// File of its manifest.
    pub file: String,
    /// When it began.
    pub began: Timestamp,
    /// When its last fact was recorded.
    pub last: Timestamp,
    /// Its inputs.
    pub inputs: Vec<(String, Value)>,
    /// How it stands.
    pub status: Status,
    /// Its steps, in the plan's order.
    pub steps: Vec<StepView>,
    /// Its tasks, in the order in which they first began; parents before children.
    pub tasks: Vec<TaskView>,
    /// How often somebody else went on with it.
    pub resumed: u32,
    /// Where its chain stands.
    pub head: Head,
}

/// How a run stands, as far as its journal tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// It has no end: it is running, or was interrupted. Whether its owner lives, only that owner's
    /// process knows.
    Open,
    /// It ended.
    Ended(Outcome),
}

/// A step of a run. One within a block shows how it stood last.
#[derive(Clone, Debug, PartialEq)]
pub struct StepView {
    /// Its id.
    pub id: String,
    /// Where it stands in the manifest.
    pub line: u32,
    /// How it stands.
    pub status: StepStatus,
    /// Number of items; none before it began, and where it is no `for-each`.
    pub items: Option<u64>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq)]
pub enum StepStatus {
    /// It has not begun.
    Waiting,
    /// It runs.
    Running,
    /// Its `when` did not hold.
    Skipped,
    /// It ended well.
    Done,
    /// It failed, and the run went on.
    Passed(Error),
    /// It failed, and so did the run.
    Failed(Error),
}

/// An attempt of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskView {
    /// The task.
    pub task: TaskId,
    /// Its attempt.
    pub attempt: u32,
    /// Who asked for it.
    pub origin: Origin,
    /// Levels below the root: 1 for tasks of steps.
    pub depth: u32,
    /// Name of the operation.
    pub operation: String,
    /// The component.
    pub component: Digest,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How often a more important task took its slot.
    pub pauses: u32,
    /// How often its guest was dropped meanwhile, since others needed the room.
    pub evictions: u32,
    /// How long it did not compute for that.
    pub paused: Duration,
    /// Why it failed.
    pub error: Option<Error>,
    /// Its effects by ordinal.
    pub effects: Vec<EffectView>,
    /// What it staged.
    pub changes: Vec<Change>,
}

/// A question of a task and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectView {
    /// Which question.
    pub record: RecordId,
    /// Name of the call.
    pub name: String,
    /// What answering does to the world.
    pub effect: Effect,
    /// The question in words.
    pub asked: String,
    /// How it stands.
    pub status: EffectStatus,
    /// When it was last recorded.
    pub at: Timestamp,
    /// How long the answer took, in microseconds.
    pub micros: u64,
}

/// How an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectStatus {
    /// It is under way, or nobody knows how it ended.
    Intended,
    /// It was answered, well or not; with the size of the answer where it is in the record.
    Answered {
        /// Bytes of the answer; none where it is in the content store.
        bytes: Option<u64>,
    },
    /// It was refused.
    Denied,
}

/// What the journal tells of a run.
///
/// # Errors
/// [`StartError`], where there is no such run or it can't be read.
pub fn inspect(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
) -> Result<RunView, StartError> {
    run::known(journal, run)?;
    let first = run::first(journal, content, run)?;
    let mut viewer = Viewer::new(run, &first)?;
    let head = run::walk(journal, content, run, Head::START, |_, _, timed| {
        viewer.apply(&timed);
        Ok::<(), StartError>(())
    })?;
    Ok(RunView { head, ..viewer.view })
}

/// All facts of a run, for an export: number and fact.
///
/// # Errors
/// As [`inspect`], and what `take` says.
pub fn facts<E: From<voyager_base::record::ReadError>>(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
    mut take: impl FnMut(u64, Digest, &Timed) -> Result<(), E>,
) -> Result<Head, E> {
    run::walk(journal, content, run, Head::START, |sequence, head, timed| {
        take(sequence, head.chain, &timed)
    })
}

struct Viewer {
    view: RunView,
    /// Position of attempts among the tasks.
    places: BTreeMap<(TaskId, u32), usize>,
}

impl Viewer {
    fn new(run: RunId, first: &Timed) -> Result<Self, StartError> {
        let started = run::begun(run, first)?;
        let step = |step: &voyager_manifest::plan::Step| StepView {
            id: step.id.clone(),
            line: step.line,
            status: StepStatus::Waiting,
            items: None,
            began: None,
            ended: None,
        };
        let mut steps: Vec<StepView> = started.plan.steps.iter().map(step).collect();
        if let Some(inherited) = &started.inherited {
            for (kept, _) in &inherited.steps.kept {
                if let Some(step) = steps.get_mut(*kept) {
                    step.status = StepStatus::Done;
                }
            }
        }
        let view = RunView {
            run,
            name: started.plan.name.clone(),
            file: started.plan.file.clone(),
            began: first.at,
            last: first.at,
            inputs: started.inputs,
            status: Status::Open,
            steps,
            tasks: Vec::new(),
            resumed: 0,
            head: Head::START,
        };
        Ok(Self { view, places: BTreeMap::new() })
    }

    fn apply(&mut self, timed: &Timed) {
        let at = timed.at;
        self.view.last = at;
        match &timed.event {
            Event::RunStarted(_)
            | Event::FrameStarted { .. }
            | Event::CompensationStarted { .. }
            | Event::FrameStopped { .. }
            | Event::FrameDone { .. }
            | Event::TaskResumed { .. }
            | Event::RetryScheduled { .. }
            | Event::CommitIntended { .. }
            | Event::CommitDone { .. }
            | Event::WaitStarted { .. }
            | Event::WaitAnswered { .. }
            | Event::WaitExpired { .. }
            | Event::SignalReceived { .. }
            | Event::RunPaused { .. }
            | Event::RunKilled { .. }
            | Event::RunCancelRequested { .. } => {}
            Event::RunResumed { .. } => self.view.resumed += 1,
            Event::RunDone { outcome } => self.view.status = Status::Ended(outcome.clone()),
            Event::StepStarted { step, items, .. } => self.step(*step, |view| {
                (view.status, view.items) = (StepStatus::Running, *items);
                (view.began, view.ended) = (Some(at), None);
            }),
            Event::StepSkipped { step, .. } => self.step(*step, |view| {
                (view.status, view.ended) = (StepStatus::Skipped, Some(at));
            }),
            Event::StepDone { step, error, passed, .. } => {
                let status = match (error.clone(), passed) {
                    (None, _) => StepStatus::Done,
                    (Some(error), true) => StepStatus::Passed(error),
                    (Some(error), false) => StepStatus::Failed(error),
                };
                self.step(*step, |view| (view.status, view.ended) = (status, Some(at)));
            }
            Event::TaskStarted(started) => {
                let depth = match &started.origin {
                    Origin::Step { .. } => 1,
                    Origin::Parent { asked, .. } => {
                        self.task((asked.task, asked.attempt)).map_or(1, |parent| parent.depth + 1)
                    }
                };
                self.places.insert((started.task, started.attempt), self.view.tasks.len());
                self.view.tasks.push(TaskView {
                    task: started.task,
                    attempt: started.attempt,
                    origin: started.origin.clone(),
                    depth,
                    operation: started.operation.to_string(),
                    component: started.component,
                    began: at,
                    ended: None,
                    pauses: 0,
                    evictions: 0,
                    paused: Duration::ZERO,
                    error: None,
                    effects: Vec::new(),
                    changes: Vec::new(),
                });
            }
            Event::TaskPaused { task, attempt, micros, evicted } => {
                if let Some(view) = self.task((*task, *attempt)) {
                    view.pauses += 1;
                    view.evictions += u32::from(*evicted);
                    view.paused = view.paused.saturating_add(Duration::from_micros(*micros));
                }
            }
            Event::TaskDone { task, attempt, result, changes, .. } => {
                if let Some(view) = self.task((*task, *attempt)) {
                    view.ended = Some(at);
                    view.error = result.as_ref().err().cloned();
                    view.changes.clone_from(changes);
                }
            }
            Event::EffectIntended { record, asked, .. }
            | Event::ChildrenRequested { record, asked, .. } => {
                self.effect(*record, asked, EffectStatus::Intended, at, 0);
            }
            Event::EffectAnswered { record, asked, reply, micros, .. } => {
                let bytes = match reply {
                    Reply::Inline(bytes) => Some(bytes.len() as u64),
                    Reply::Content(_) => None,
                };
                self.effect(*record, asked, EffectStatus::Answered { bytes }, at, *micros);
            }
            Event::EffectDenied { record, asked, .. } => {
                self.effect(*record, asked, EffectStatus::Denied, at, 0);
            }
        }
    }

    fn step(&mut self, step: usize, change: impl FnOnce(&mut StepView)) {
        if let Some(view) = self.view.steps.get_mut(step) {
            change(view);
        }
    }

    fn task(&mut self, key: (TaskId, u32)) -> Option<&mut TaskView> {
        self.view.tasks.get_mut(*self.places.get(&key)?)
    }

    fn effect(
        &mut self,
        record: RecordId,
        asked: &Asked,
        status: EffectStatus,
        at: Timestamp,
        micros: u64,
    ) {
        let Some(task) = self.task((record.task, record.attempt)) else { return };
        // The answer of an intended effect replaces the intent.
        let view = EffectView {
            record,
            name: asked.name.clone(),
            effect: asked.effect,
            asked: asked.to_string(),
            status,
            at,
            micros,
        };
        match task.effects.iter_mut().rev().find(|it| it.record == record) {
            Some(known) => *known = view,
            None => task.effects.push(view),
        }
    }
}

impl RunView {
    /// Tasks as a tree: each with the positions of its children, and the positions of the tasks of
    /// steps.
    pub fn tree(&self) -> (Vec<usize>, Vec<Vec<usize>>) {
        let mut roots = Vec::new();
        let mut children = vec![Vec::new(); self.tasks.len()];
        let places: BTreeMap<(TaskId, u32), usize> =
            self.tasks.iter().enumerate().map(|(at, it)| ((it.task, it.attempt), at)).collect();
        for (at, task) in self.tasks.iter().enumerate() {
            match &task.origin {
                Origin::Step { .. } => roots.push(at),
                Origin::Parent { asked, .. } => match places.get(&(asked.task, asked.attempt)) {
                    Some(parent) => children[*parent].push(at),
                    None => roots.push(at),
                },
            }
        }
        (roots, children)
    }
}
