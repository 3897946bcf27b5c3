//! What the journal knows of the questions and children of open tasks: the source of answers for a
//! task that goes on after a crash, and for one that is run again to be compared.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::{
    Digest, Error, RunId, TaskId, Usage,
    call::{Charge, Effect},
    clock::Timestamp,
    id::RecordId,
    workspace::Change,
};

use crate::event::{Asked, Event, Origin, Reply, TaskStarted, Timed};

/// A recorded question.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Number of its record in the chain.
    pub sequence: u64,
    /// What was asked.
    pub asked: Asked,
    /// What became of it.
    pub answer: Answer,
    /// What the task itself staged with it and before it, as far as no earlier question brings it.
    pub staged: Vec<Change>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Nobody knows: the intent is there and no outcome.
    Open,
    /// It has no outcome yet, and asking it again is safe: children were requested and not all have ended, or a
    /// service keeps the idempotency key with what it did.
    Requested,
    /// It was refused.
    Denied {
        /// When.
        at: Timestamp,
        /// Why.
        error: Error,
    },
    /// It was answered.
    Given {
        /// When.
        at: Timestamp,
        /// The answer.
        reply: Reply,
        /// What it used.
        charge: Charge,
    },
}

/// One attempt of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Number of its first record in the chain.
    pub sequence: u64,
    /// When it began.
    pub at: Timestamp,
    /// How.
    pub started: TaskStarted,
    /// Its questions by ordinal.
    pub questions: BTreeMap<u32, Recorded>,
    /// Whether it may have changed the world, or has children: then it must not start anew.
    pub bound: bool,
    /// How it ended.
    pub end: Option<End>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// Number of its record in the chain.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// The canonical bytes of its success, or its error.
    pub result: Result<Vec<u8>, Error>,
    /// What it staged.
    pub changes: Vec<Change>,
    /// The run that computed the result, where it was kept.
    pub kept_from: Option<RunId>,
    /// What the attempt used, where a guest ran and that was counted.
    pub usage: Option<Usage>,
}

/// What the journal knows of tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    tasks: BTreeMap<TaskId, BTreeMap<u32, Attempt>>,
    children: BTreeMap<TaskId, BTreeSet<TaskId>>,
    /// For each execution of the steps of a block, the one around it.
    frames: BTreeMap<TaskId, TaskId>,
    /// Whether ended tasks are kept.
    keeps_all: bool,
}

impl Book {
    /// A book that forgets what no open task needs.
    pub fn of_open() -> Self {
        Self::default()
    }

    /// A book that keeps all.
    pub fn of_all() -> Self {
        Self { keeps_all: true, ..Self::default() }
    }

    /// Takes a fact.
    pub fn apply(&mut self, sequence: u64, timed: &Timed) {
        let at = timed.at;
        match &timed.event {
            Event::TaskStarted(started) => self.start(sequence, at, started),
            Event::EffectIntended { record, asked, staged, .. } => {
                self.bind(*record);
                let answer = match asked.effect {
                    Effect::Transaction => Answer::Requested,
                    _ => Answer::Open,
                };
                self.question(*record, sequence, asked, answer, staged);
            }
            Event::ChildrenRequested { record, asked, staged } => {
                self.bind(*record);
                self.question(*record, sequence, asked, Answer::Requested, staged);
            }
            Event::EffectAnswered { record, asked, reply, children, staged, .. } => {
                let charge = Charge { children: *children };
                let answer = Answer::Given { at, reply: reply.clone(), charge };
                self.question(*record, sequence, asked, answer, staged);
            }
            Event::EffectDenied { record, asked, error } => {
                let answer = Answer::Denied { at, error: error.clone() };
                self.question(*record, sequence, asked, answer, &[]);
            }
            Event::TaskDone { task, attempt, result, changes, kept_from, usage } => {
                let result = result.clone().map(serde_bytes::ByteBuf::into_vec);
                let (changes, kept_from, usage) = (changes.clone(), *kept_from, *usage);
                let end = End { sequence, at, result, changes, kept_from, usage };
                self.done(*task, *attempt, end);
            }
            Event::FrameStarted { frame, within, .. }
            | Event::CompensationStarted { frame, within, .. } => {
                if self.keeps_all {
                    self.frames.insert(*frame, *within);
                }
            }
            Event::RunStarted(_)
            | Event::RunResumed { .. }
            | Event::StepStarted { .. }
            | Event::StepSkipped { .. }
            | Event::FrameStopped { .. }
            | Event::FrameDone { .. }
            | Event::TaskResumed { .. }
            | Event::TaskPaused { .. }
            | Event::RetryScheduled { .. }
            | Event::CommitIntended { .. }
            | Event::CommitDone { .. }
            | Event::StepDone { .. }
            | Event::WaitStarted { .. }
            | Event::WaitAnswered { .. }
            | Event::WaitExpired { .. }
            | Event::SignalReceived { .. }
            | Event::RunPaused { .. }
            | Event::RunKilled { .. }
            | Event::RunCancelRequested { .. }
            | Event::RunDone { .. } => {}
        }
    }

    /// The newest attempt of a task.
    pub fn newest(&self, task: TaskId) -> Option<&Attempt> {
        self.tasks.get(&task)?.values().next_back()
    }

    /// An attempt of a task.
    pub fn attempt(&self, task: TaskId, attempt: u32) -> Option<&Attempt> {
        self.tasks.get(&task)?.get(&attempt)
    }

    /// All attempts of all tasks, in the order of their tasks' ids.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.tasks.values().flat_map(BTreeMap::values)
    }

    /// What the children of a question staged that have ended, in the order in which they ended.
    pub(crate) fn merged(&self, asked: RecordId) -> impl Iterator<Item = &Change> {
        let children = self.children.get(&asked.task).into_iter().flatten();
        let of_question = |attempt: &&Attempt| match attempt.started.origin {
            Origin::Parent { asked: by, .. } => by == asked,
            Origin::Step { .. } => false,
        };
        let ends = children.filter_map(|child| self.newest(*child)).filter(of_question);
        let mut ends: Vec<&End> = ends.filter_map(|attempt| attempt.end.as_ref()).collect();
        ends.sort_by_key(|end| end.sequence);
        ends.into_iter().flat_map(|end| &end.changes)
    }

    /// The frames around an execution of steps and itself, the run's own first.
    pub fn frames_around(&self, frame: TaskId) -> Vec<TaskId> {
        let outward = std::iter::successors(Some(frame), |frame| self.frames.get(frame).copied());
        let mut frames: Vec<TaskId> = outward.collect();
        frames.reverse();
        frames
    }

    /// The execution of steps in which the task of a step runs that an attempt serves.
    pub(crate) fn frame_of(&self, started: &TaskStarted) -> Option<TaskId> {
        let mut started = started;
        loop {
            match started.origin {
                Origin::Step { frame, .. } => return Some(frame),
                Origin::Parent { asked, .. } => started = &self.newest(asked.task)?.started,
            }
        }
    }

    fn start(&mut self, sequence: u64, at: Timestamp, started: &TaskStarted) {
        if let Origin::Parent { asked, .. } = started.origin {
            self.children.entry(asked.task).or_default().insert(started.task);
            self.bind(asked);
        }
        let attempt = Attempt {
            sequence,
            at,
            started: started.clone(),
            questions: BTreeMap::new(),
            bound: false,
            end: None,
        };
        let attempts = self.tasks.entry(started.task).or_default();
        if !self.keeps_all {
            attempts.clear();
        }
        attempts.insert(started.attempt, attempt);
    }

    fn question(
        &mut self,
        record: RecordId,
        sequence: u64,
        asked: &Asked,
        answer: Answer,
        staged: &[Change],
    ) {
        let Some(attempt) = self.attempt_mut(record) else { return };
        // The outcome takes the place of the intent, whose staged changes are not said again.
        let earlier = attempt.questions.remove(&record.ordinal).map(|earlier| earlier.staged);
        let staged = [earlier.unwrap_or_default().as_slice(), staged].concat();
        let recorded = Recorded { sequence, asked: asked.clone(), answer, staged };
        attempt.questions.insert(record.ordinal, recorded);
    }

    fn bind(&mut self, record: RecordId) {
        if let Some(attempt) = self.attempt_mut(record) {
            attempt.bound = true;
        }
    }

    fn done(&mut self, task: TaskId, attempt: u32, end: End) {
        let keeps_all = self.keeps_all;
        let record = RecordId { task, attempt, ordinal: 0 };
        let Some(attempt) = self.attempt_mut(record) else { return };
        attempt.end = Some(end);
        if keeps_all {
            return;
        }
        // An open parent still needs how its child ended, but nobody how it came to that.
        attempt.questions.clear();
        let of_step = matches!(attempt.started.origin, Origin::Step { .. });
        self.forget_children(task);
        if of_step {
            self.tasks.remove(&task);
        }
    }

    fn forget_children(&mut self, task: TaskId) {
        for child in self.children.remove(&task).unwrap_or_default() {
            self.forget_children(child);
            self.tasks.remove(&child);
        }
    }

    fn attempt_mut(&mut self, record: RecordId) -> Option<&mut Attempt> {
        self.tasks.get_mut(&record.task)?.get_mut(&record.attempt)
    }
}

/// The hash by which a call of an operation is recognised among ancestors.
pub fn call_digest(operation: &str, arguments: &[u8]) -> Digest {
    Digest::of_parts([operation.as_bytes(), arguments])
}
