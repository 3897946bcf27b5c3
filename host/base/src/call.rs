//! The one boundary between a skill and the world.
//!
//! A skill's question to the host is a value that implements [`HostCall`]. [`ask`] is the only way in
//! which it is answered: a [`Ledger`] admits it (grants, budget), or answers it from the record, or has
//! it performed by a service and records the outcome. The author of a capability can't forget to check,
//! to charge, to journal or to replay, because there is nowhere to write it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    BoxFuture,
    clock::Timestamp,
    error::{Error, ErrorKind},
    grant::Grants,
    http::{HttpService, Url},
    id::{Digest, RecordId, RunId, TaskId},
    limits::Limits,
    memory::{MemoryDraft, MemoryService},
    operation::Operation,
    process::ProcessService,
    secret::Secrets,
    tasks::TasksService,
    value::Value,
    workspace::WorkspaceService,
};

/// What answering a question does to the world, hence what a crash in between means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing is changed. Recorded without waiting for the disk.
    Read,
    /// Something is prepared that only a commit makes visible. Recorded like a read.
    Staged,
    /// Something outside changes, and repeating it is not the same as doing it once. An intent is
    /// durable before, the outcome after.
    External,
    /// A service changes something of its own in one commit, and keeps the idempotency key in it. An
    /// intent is durable before; where the outcome is not in the record it is asked again, under the
    /// same key, and happens once.
    Transaction,
    /// Child tasks of the same run: each has its own records.
    Tasks,
}

impl Effect {
    /// Its name, as in the record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Staged => "staged",
            Self::External => "external",
            Self::Transaction => "transaction",
            Self::Tasks => "tasks",
        }
    }
}

/// The part of a grant that a question uses.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are what the variants say")]
pub enum Need<'a> {
    /// None.
    Nothing,
    /// Any access to a folder; what it shows is filtered by the grant.
    Folder { root: &'a str },
    /// Reading a path.
    Read { root: &'a str, path: &'a str },
    /// Writing or removing a path.
    Write { root: &'a str, path: &'a str },
    /// Writing two paths.
    Rename { root: &'a str, from: &'a str, to: &'a str },
    /// Starting a program.
    Program { program: &'a str, arguments: &'a [String] },
    /// Asking a server.
    Request { method: &'a str, url: &'a Url },
    /// Remembering in the spaces of drafts.
    Remember { drafts: &'a [MemoryDraft] },
    /// Recalling from spaces; from whichever may be read where none is named.
    Recall { spaces: &'a [String] },
    /// Some space of the memory: which one, only the service can tell.
    SomeSpace { write: bool },
    /// Calling an operation as a child, by its unversioned name.
    Operation { name: &'a str },
}

/// What a question used beyond itself, charged after the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Child tasks that were started.
    pub children: u32,
}

/// One question that a skill may ask the host.
pub trait HostCall: Serialize + Send + Sync + 'static {
    /// Its name in grants and in the journal, for example `workspace.read`.
    const NAME: &'static str;
    /// What answering does to the world.
    const EFFECT: Effect;
    /// The answer.
    type Reply: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The part of a grant that this question uses; checked before anything happens.
    fn need(&self) -> Need<'_>;

    /// What the answer used, charged after it.
    fn settle(_reply: &Result<Self::Reply, Error>) -> Charge {
        Charge::default()
    }

    /// Has the service answer.
    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Self::Reply, Error>>;
}

/// What a service knows of the task that asks.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The run.
    pub run: RunId,
    /// The package of the skill that asks.
    pub skill: String,
    /// Which question of which attempt of which task.
    pub record: RecordId,
    /// The same for the same effect, also when it is asked again after a crash.
    pub idempotency_key: Digest,
    /// Number of the ownership of the run; a service refuses one lower than it has seen.
    pub fencing_token: u64,
    /// When the answer is of no use any more.
    pub deadline: Option<Timestamp>,
    /// What the task may use. Checked already; a service uses it to filter what it shows.
    pub grants: Arc<Grants>,
    /// Layers of staged changes that the task sees: its own first, then its ancestors'.
    pub stages: Arc<[StageId]>,
    /// The secrets of its run. A grant says which of them a program gets; nothing that a program gives
    /// back may hold any.
    pub secrets: Secrets,
    /// Turns true when the outcome is of no use any more.
    pub cancellation: Cancellation,
}

/// Whose staged changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId {
    /// The run.
    pub run: RunId,
    /// The task, or the execution of the steps of a transaction.
    pub task: TaskId,
    /// Its attempt: a new one starts with nothing staged. 0 for a transaction.
    pub attempt: u32,
}

/// A wish that work should stop, seen by all who hold a clone.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<CancellationState>);

#[derive(Debug, Default)]
struct CancellationState {
    requested: std::sync::atomic::AtomicBool,
    wakers: std::sync::Mutex<Vec<std::task::Waker>>,
}

impl Cancellation {
    /// Wishes that work stops.
    pub fn cancel(&self) {
        self.0.requested.store(true, std::sync::atomic::Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.wakers());
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    /// Whether work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.requested.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Completes when work should stop.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + use<> {
        let this = self.clone();
        std::future::poll_fn(move |context| {
            // The waker goes in before the flag is read, so that no wish falls between the two.
            let mut wakers = this.wakers();
            if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                wakers.push(context.waker().clone());
            }
            drop(wakers);
            if this.is_cancelled() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
    }

    fn wakers(&self) -> std::sync::MutexGuard<'_, Vec<std::task::Waker>> {
        self.0.wakers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A question as the ledger sees it: names and bytes, so that the ledger needs no type of a capability.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// [`HostCall::NAME`].
    pub name: &'static str,
    /// [`HostCall::EFFECT`].
    pub effect: Effect,
    /// [`HostCall::need`].
    pub need: Need<'a>,
    /// The question in MessagePack.
    pub arguments: &'a [u8],
}

/// Whether and how a question is answered.
#[derive(Debug)]
pub enum Admission {
    /// Not: no grant, or a limit. Nothing happened.
    Denied(Error),
    /// From the record: the encoded `Result<Reply, Error>`.
    Recorded(Vec<u8>),
    /// By a service.
    Perform(CallContext),
}

/// What a service answered, encoded.
#[derive(Debug)]
pub struct Outcome {
    /// The `Result<Reply, Error>` in MessagePack.
    pub reply: Vec<u8>,
    /// Why there is no answer, where it is an error.
    pub failed: Option<ErrorKind>,
    /// What it used.
    pub charge: Charge,
}

/// The guest must not go on. The ledger remembers why; the guest's result is dropped.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Stop {
    /// The task was cancelled or preempted.
    #[error("the task was stopped")]
    Cancelled,
    /// In a replay: the guest asked something else than the record holds.
    #[error("the skill asked something else than when it was recorded: {0}")]
    Diverged(String),
    /// The record can't be written.
    #[error("the journal can't be written: {0}")]
    Journal(String),
}

/// What a guest reports to the people who watch. Not an effect: nothing depends on it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of voyager:run")]
pub enum Report {
    /// `voyager:run/run.progress`.
    Progress { done: u64, total: Option<u64>, note: String },
    /// `voyager:run/run.log`.
    Log { level: String, message: String },
}

/// Where a task stands in its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The run.
    pub run: RunId,
    /// The task.
    pub task: TaskId,
    /// Its ancestors, the root first.
    pub parents: Arc<[TaskId]>,
}

/// What is left of the limits that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of voyager:run")]
pub struct Remaining {
    pub host_calls: u64,
    pub log_bytes: u64,
    pub children: u32,
    pub depth: u32,
}

/// Admission, budget and record of one attempt of one task. One question at a time.
pub trait Ledger: Send + Sync {
    /// Decides on a question.
    fn admit<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Admission, Stop>>;

    /// Runs an admitted effect to its end and records the outcome. Dropping the returned future ends
    /// the guest's interest: an effect on the outside and child tasks go on all the same, and their
    /// outcome is still recorded; a read or a staged change is dropped too, since nothing depends on it.
    fn perform<'a>(
        &'a self,
        context: CallContext,
        effect: BoxFuture<'static, Outcome>,
    ) -> BoxFuture<'a, Result<Vec<u8>, Stop>>;

    /// Looked at whenever the guest could stop. Where its slot was taken: the wait until it has one
    /// again, in which the guest must not compute. Where nobody else wants to compute, always none.
    fn pause(&self) -> Option<BoxFuture<'static, ()>> {
        None
    }

    /// Takes a report. Beyond the log limits it is dropped and counted; in a replay it is dropped.
    fn report(&self, report: Report);

    /// Takes the core of the guest, which broke, where somebody wants it: only then `make` makes it. Like a
    /// report it is no effect, and no part of the record.
    fn core(&self, _make: &mut dyn FnMut() -> Vec<u8>) {}

    /// Takes what a guest of the attempt used by itself, once it is gone: how long a thread computed for it,
    /// and the bytes of linear memory that it held.
    fn used(&self, _cpu: Duration, _memory_bytes: u64) {}

    /// The time of the last record: what the guest's clocks show.
    fn time(&self) -> Timestamp;

    /// Where the task stands.
    fn lineage(&self) -> Lineage;

    /// The run that the task belongs to. Each call asks for it, and needs no ancestors for that.
    fn run(&self) -> RunId {
        self.lineage().run
    }

    /// What is left of its counted limits.
    fn remaining(&self) -> Remaining;

    /// What the task may use.
    fn grants(&self) -> Arc<Grants>;
}

/// The services that answer, handed in by the program.
#[derive(Clone)]
pub struct Services {
    /// Files.
    pub workspace: Arc<dyn WorkspaceService>,
    /// Programs.
    pub process: Arc<dyn ProcessService>,
    /// Servers.
    pub http: Arc<dyn HttpService>,
    /// Memories.
    pub memory: Arc<dyn MemoryService>,
    /// Child tasks.
    pub tasks: Arc<dyn TasksService>,
}

/// Asks one question: the only way from a skill to the world.
///
/// # Errors
/// [`Stop`], where the guest must not go on. Whatever else goes wrong is a value for the guest.
pub async fn ask<C: HostCall>(
    ledger: &dyn Ledger,
    services: &Arc<Services>,
    call: C,
) -> Result<Result<C::Reply, Error>, Stop> {
    let arguments = encode(&call);
    let question =
        Question { name: C::NAME, effect: C::EFFECT, need: call.need(), arguments: &arguments };
    let recorded = match ledger.admit(question).await? {
        Admission::Denied(error) => return Ok(Err(error)),
        Admission::Recorded(reply) => reply,
        Admission::Perform(context) => {
            let (services, inner) = (Arc::clone(services), context.clone());
            let effect = Box::pin(async move {
                let reply = call.perform(&services, &inner).await;
                let failed = reply.as_ref().err().map(|error| error.kind);
                Outcome { reply: encode(&reply), failed, charge: C::settle(&reply) }
            });
            ledger.perform(context, effect).await?
        }
    };
    rmp_serde::from_slice(&recorded).map_err(|error| {
        Stop::Diverged(format!("the recorded answer to `{}` can't be read: {error}", C::NAME))
    })
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    rmp_serde::to_vec_named(value).expect("questions and replies have no map with odd keys")
}

/// One call of one operation, for whoever runs skills.
#[derive(Clone)]
pub struct Invocation {
    /// The component.
    pub component: Digest,
    /// Its operation, as whoever asks knows it.
    pub operation: Arc<Operation>,
    /// The arguments, in the order of the parameters.
    pub arguments: Vec<Value>,
    /// The bounds.
    pub limits: Limits,
    /// What the guest's randomness grows from.
    pub seed: Digest,
    /// Whether the instance must be new, also where the skill promises to keep nothing: a verification
    /// does not take its word.
    pub fresh: bool,
    /// Admission, budget and record.
    pub ledger: Arc<dyn Ledger>,
    /// Who answers.
    pub services: Arc<Services>,
}

/// Runs operations of skills: the sandbox, or native stand-ins in a simulation.
pub trait Skills: Send + Sync {
    /// Runs one operation to its end, and gives back the success of its `result` (an empty tuple where
    /// it gives back nothing). Dropping the future ends the guest.
    ///
    /// The error is `failed` with the operation's own error as detail, `trapped`, `limit`, `timeout`,
    /// or `invalid` where the arguments don't fit.
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>>;
}

/// Runs one piece of blocking work off the threads that poll futures.
pub type Blocking = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

/// Starts futures that nobody waits for.
pub trait Spawn: Send + Sync {
    /// Runs `future` to its end.
    fn spawn(&self, future: BoxFuture<'static, ()>);
}

/// Absolute paths of named folders.
pub type Folders = BTreeMap<String, String>;
