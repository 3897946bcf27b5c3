//! The facts that a run's journal holds, and their form on the disk.
//!
//! A record is MessagePack with named fields and a version. A fact above [`INLINE_BYTES_MAX`] lies in
//! the content store, and the record names its hash: the chain covers it all the same.
//!
//! Facts say what happened, never what to do about it: that the interpreter finds out again whenever
//! it is given them.
//!
//! What a task staged stands with its end. An attempt that has an effect other than reading and staging
//! is gone on with after a crash, so from its first such question on each question brings what the task
//! staged since the one before: no question brings what its children staged, which stands with theirs.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use voyager_base::{
    Digest, Error, Limits, RunId, TaskId, Usage, Value,
    call::{Effect, Folders},
    clock::Timestamp,
    grant::GrantLayer,
    id::RecordId,
    operation::OperationName,
    record::{AppendError, Content, ReadError},
    workspace::{Change, Conflict},
};
use voyager_manifest::plan::Plan;

use crate::{fork::Inherited, secrets::KeptSecret};

/// Number of the meaning of facts: a host goes on with runs whose facts it understands.
pub const SEMANTICS: u32 = 6;

/// The lowest number whose facts mean the same to this host. Since 6 a run may take over parts of steps.
pub const SEMANTICS_SINCE: u32 = 5;

/// Version of the form of records.
const VERSION: u32 = 1;

/// Larger payloads lie in the content store, so that walking a chain stays cheap.
pub const INLINE_BYTES_MAX: usize = 64 << 10;

/// Bytes of a question that a record keeps beside their hash.
pub const ARGUMENTS_BYTES_MAX: usize = 2 << 10;

/// A fact with the time at which it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// A fact of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// The run began. Always the first, and only the first.
    RunStarted(Box<RunStarted>),
    /// A new owner goes on with the run after a crash or a stop.
    RunResumed {
        /// Number of the ownership.
        epoch: u64,
        /// Open tasks of the plan that go on in their attempt, answered from the record: it may have
        /// changed the world. All other open tasks start again.
        rerun: Vec<TaskId>,
    },
    /// A step begins.
    StepStarted {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
        /// How many items it has; none where it is no `for-each`.
        items: Option<u64>,
    },
    /// A step is passed over, since its `when` does not hold.
    StepSkipped {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
    },
    /// The steps within a block begin: once for each item, round and attempt.
    FrameStarted {
        /// Names this execution of them.
        frame: TaskId,
        /// The execution that the block itself belongs to.
        within: TaskId,
        /// The block's position in the plan.
        step: usize,
        /// Number of the item, from 0.
        item: u64,
    },
    /// Something that ended well is about to be taken back: in a frame of its own, which ends like those
    /// of blocks.
    CompensationStarted {
        /// Names it.
        frame: TaskId,
        /// The execution that fails.
        within: TaskId,
        /// Position of the step that takes it back.
        step: usize,
    },
    /// The steps within a block end before their time.
    FrameStopped {
        /// Their execution.
        frame: TaskId,
        /// Why.
        reason: Error,
    },
    /// The steps within a block have ended.
    FrameDone {
        /// Their execution.
        frame: TaskId,
        /// Why it failed, where it did.
        error: Option<Error>,
    },
    /// An attempt of a task begins.
    TaskStarted(TaskStarted),
    /// An attempt of a task goes on after a crash, answered from the record.
    TaskResumed {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
    },
    /// An attempt goes on whose slot a more important task had taken.
    TaskPaused {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// How long it did not compute, in microseconds.
        micros: u64,
        /// Whether its guest was dropped meanwhile, since others needed the room, and went on from the
        /// record.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        evicted: bool,
    },
    /// An effect on the outside is about to happen. Durable before it does.
    EffectIntended {
        /// Which question of which attempt of which task.
        record: RecordId,
        /// What was asked.
        asked: Asked,
        /// By which a service recognises it.
        idempotency_key: Digest,
        /// What the task staged since it last recorded that.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        staged: Vec<Change>,
    },
    /// A question was answered. For an effect on the outside, durable before the guest sees it.
    EffectAnswered {
        /// Which question.
        record: RecordId,
        /// What was asked.
        asked: Asked,
        /// The answer.
        reply: Reply,
        /// How long the answer took, in microseconds.
        micros: u64,
        /// Child tasks that it used.
        #[serde(default, skip_serializing_if = "is_zero")]
        children: u32,
        /// What the task staged since it last recorded that; none in an attempt that starts anew after
        /// a crash.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        staged: Vec<Change>,
    },
    /// A question was refused. Nothing happened.
    EffectDenied {
        /// Which question.
        record: RecordId,
        /// What was asked.
        asked: Asked,
        /// Why not.
        error: Error,
    },
    /// A task asked for child tasks.
    ChildrenRequested {
        /// Which question.
        record: RecordId,
        /// What was asked.
        asked: Asked,
        /// What the task staged since it last recorded that.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        staged: Vec<Change>,
    },
    /// An attempt of a task ended.
    TaskDone {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// The canonical bytes of its success (none where it has no value), or its error.
        result: Result<ByteBuf, Error>,
        /// What it staged.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<Change>,
        /// The run that computed the result, where it was kept: no guest ran.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_from: Option<RunId>,
        /// What it used; none where no guest ran, and in records of hosts that did not count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
    /// A failed task will be tried again.
    RetryScheduled {
        /// The task.
        task: TaskId,
        /// Failed attempts so far.
        failures: u32,
        /// Not before this time.
        until: Timestamp,
    },
    /// What a step staged is about to become real. Durable before it does.
    CommitIntended {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// The step's position in the plan.
        step: usize,
        /// Number of changed files.
        files: u64,
        /// Hash of the changes that its tasks staged.
        changes: Digest,
    },
    /// What a step staged is real, or nothing of it.
    CommitDone {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// The step's position in the plan.
        step: usize,
        /// Files that somebody else changed; where there are any, nothing is real.
        conflicts: Vec<Conflict>,
        /// Why it failed otherwise; nothing is real then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
    /// A step ended.
    StepDone {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
        /// Its error, where it failed for good.
        error: Option<Error>,
        /// Whether the run goes on in spite of the error.
        passed: bool,
    },
    /// A step waits for somebody. Durable before anybody is told.
    WaitStarted {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
        /// What is to be approved, where it waits for that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<String>,
    },
    /// Somebody approved or refused what a step waits for.
    WaitAnswered {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
        /// Whether they approved.
        approved: bool,
        /// Who.
        by: String,
        /// What they said.
        comment: String,
    },
    /// Nobody answered in time.
    WaitExpired {
        /// The execution of the steps that it belongs to.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
    },
    /// A signal came from outside: the first step that waits for it takes it, now or later.
    SignalReceived {
        /// Tells it apart: one that comes again is no further one.
        id: String,
        /// Its name.
        name: String,
        /// The canonical bytes of what it carries; empty where that is nothing.
        payload: ByteBuf,
        /// Who sent it.
        by: String,
    },
    /// Somebody, or the deadline, wants the run to end.
    RunCancelRequested {
        /// Why.
        reason: Error,
    },
    /// Somebody wants nobody to go on with the run until it is resumed.
    RunPaused {
        /// Who.
        by: String,
    },
    /// Somebody wants the run to end at once: nothing is taken back, nothing runs at last.
    RunKilled {
        /// Who.
        by: String,
    },
    /// The run ended. Always the last.
    RunDone {
        /// What it gives back, in the order of the plan.
        outcome: Result<Vec<(String, Value)>, Failure>,
    },
}

/// What a run begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunStarted {
    /// Number of the meaning of facts: [`SEMANTICS`].
    pub semantics: u32,
    /// What the run does.
    pub plan: Arc<Plan>,
    /// A value for each input of the plan, in its order.
    pub inputs: Vec<(String, Value)>,
    /// What is kept of its secrets, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, KeptSecret>,
    /// Absolute paths of the named folders.
    pub folders: Folders,
    /// What all randomness of its tasks grows from.
    pub seed: Digest,
    /// What the host allowed when it began.
    pub policy: GrantLayer,
    /// The most that the host allowed a task.
    pub limits: Limits,
    /// What it takes over from an earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited: Option<Inherited>,
}

/// An attempt of a task begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TaskStarted {
    /// The task.
    pub task: TaskId,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// Who asked for it.
    pub origin: Origin,
    /// The operation.
    pub operation: OperationName,
    /// The component that exports it.
    pub component: Digest,
    /// The canonical bytes of the tuple of its arguments.
    pub arguments: ByteBuf,
}

/// Who asked for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Origin {
    /// A step of the plan.
    Step {
        /// The execution of the steps that it belongs to; the run itself where it stands in no block.
        frame: TaskId,
        /// Its position in the plan.
        step: usize,
        /// Number of the item, from 0.
        item: u64,
    },
    /// Another task.
    Parent {
        /// Which question of which attempt of which task.
        asked: RecordId,
        /// Number of the child within the question, from 0.
        item: u64,
    },
}

/// A question, as far as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// Name of the call, for example `workspace.read`.
    pub name: String,
    /// What answering it does to the world.
    pub effect: Effect,
    /// Hash of its arguments.
    pub digest: Digest,
    /// The arguments in MessagePack, where they are small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<ByteBuf>,
}

/// An answer: the encoded `Result<Reply, Error>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// Here.
    Inline(ByteBuf),
    /// In the content store.
    Content(Digest),
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[error("{}{error}", .step.as_ref().map(|step| format!("step `{step}`: ")).unwrap_or_default())]
pub struct Failure {
    /// Id of the step that failed; none where it was the run itself.
    pub step: Option<String>,
    /// Why.
    pub error: Error,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Event {
    /// Its name, as in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted(_) => "run-started",
            Self::RunResumed { .. } => "run-resumed",
            Self::StepStarted { .. } => "step-started",
            Self::StepSkipped { .. } => "step-skipped",
            Self::FrameStarted { .. } => "frame-started",
            Self::CompensationStarted { .. } => "compensation-started",
            Self::FrameStopped { .. } => "frame-stopped",
            Self::FrameDone { .. } => "frame-done",
            Self::TaskStarted(_) => "task-started",
            Self::TaskResumed { .. } => "task-resumed",
            Self::TaskPaused { .. } => "task-paused",
            Self::EffectIntended { .. } => "effect-intended",
            Self::EffectAnswered { .. } => "effect-answered",
            Self::EffectDenied { .. } => "effect-denied",
            Self::ChildrenRequested { .. } => "children-requested",
            Self::TaskDone { .. } => "task-done",
            Self::RetryScheduled { .. } => "retry-scheduled",
            Self::CommitIntended { .. } => "commit-intended",
            Self::CommitDone { .. } => "commit-done",
            Self::StepDone { .. } => "step-done",
            Self::WaitStarted { .. } => "wait-started",
            Self::WaitAnswered { .. } => "wait-answered",
            Self::WaitExpired { .. } => "wait-expired",
            Self::SignalReceived { .. } => "signal-received",
            Self::RunCancelRequested { .. } => "run-cancel-requested",
            Self::RunPaused { .. } => "run-paused",
            Self::RunKilled { .. } => "run-killed",
            Self::RunDone { .. } => "run-done",
        }
    }
}

#[derive(Serialize)]
struct RecordRef<'a> {
    version: u32,
    at: Timestamp,
    body: BodyRef<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum BodyRef<'a> {
    Event(&'a Event),
    Content { name: &'a str, digest: Digest, bytes: u64 },
}

#[derive(Deserialize)]
struct Record {
    version: u32,
    at: Timestamp,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Body {
    Event(Event),
    Content { digest: Digest },
}

/// The record of a fact. A large one is put into the content store first.
///
/// # Errors
/// As [`Content::put`].
pub fn encode(at: Timestamp, event: &Event, content: &dyn Content) -> Result<Vec<u8>, AppendError> {
    let inline = pack(&RecordRef { version: VERSION, at, body: BodyRef::Event(event) });
    if inline.len() <= INLINE_BYTES_MAX {
        return Ok(inline);
    }
    let bytes = pack(event);
    let digest = content.put(&bytes)?;
    let body = BodyRef::Content { name: event.name(), digest, bytes: bytes.len() as u64 };
    Ok(pack(&RecordRef { version: VERSION, at, body }))
}

/// The fact of a record.
///
/// # Errors
/// [`ReadError::Damaged`] for bytes that are no record of a version that is known, and for content
/// that is missing; what the content store says.
pub fn decode(payload: &[u8], content: &dyn Content) -> Result<Timed, ReadError> {
    let record: Record = unpack("a record", payload)?;
    if record.version != VERSION {
        return Err(damaged("a record", format!("it has version {}", record.version)));
    }
    let event = match record.body {
        Body::Event(event) => event,
        Body::Content { digest } => unpack("a record's content", &fetch(digest, content)?)?,
    };
    Ok(Timed { at: record.at, event })
}

/// Content that a record names.
pub(crate) fn fetch(digest: Digest, content: &dyn Content) -> Result<Vec<u8>, ReadError> {
    content
        .get(digest)?
        .ok_or_else(|| damaged("the content store", format!("content {digest} is missing")))
}

pub(crate) fn damaged(what: &str, reason: impl Into<String>) -> ReadError {
    ReadError::Damaged { what: what.to_owned(), reason: reason.into() }
}

pub(crate) fn pack<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("facts have no map with odd keys")
}

pub(crate) fn unpack<'a, T: Deserialize<'a>>(what: &str, bytes: &'a [u8]) -> Result<T, ReadError> {
    rmp_serde::from_slice(bytes).map_err(|error| damaged(what, error.to_string()))
}
