//! Starting runs, going on with them, ending them: what the program calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use futures_channel::{
    mpsc::{UnboundedSender, unbounded},
    oneshot,
};
use tracing::Span;
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind, Limits, RunId, TaskId, Value,
    call::Folders,
    chain::Head,
    clock::Timestamp,
    grant::GrantLayer,
    record::{AppendError, Content, Durability, Journal, ReadError},
    secret::Secrets,
};
use voyager_manifest::plan::{Plan, Resources, Step};

use crate::{
    book::Book,
    drive::{self, Checkpoint, DriveError, Fact, Kept, Run, Told},
    event::{self, Event, RunStarted, SEMANTICS, SEMANTICS_SINCE, Timed},
    fork::Inherited,
    interpreter::{Admitted, Interpreter, Message, Misplaced, Outcome, Unwanted, Waiting},
    recorder::Recorder,
    secrets::{self, GivenSecrets},
    tally::Tally,
    task::{RunPlace, RunShared},
    telemetry,
    world::{Notice, World},
};

/// Bytes of records that are read at a time.
const READ_BYTES_MAX: usize = 4 << 20;

/// What a run is started with.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it does; shared, since a plan may be large.
    pub plan: Arc<Plan>,
    /// Values of inputs by name; one that is absent gets its default.
    pub inputs: BTreeMap<String, Value>,
    /// Its secrets by name.
    pub secrets: GivenSecrets,
    /// Absolute paths of the folders that the plan's grants name, by the names under which skills see
    /// them. A grant of a folder that is not here grants nothing.
    pub folders: Folders,
    /// What the host allows. A capability that it does not speak of it leaves to the manifest.
    pub policy: GrantLayer,
    /// The most that the host allows a task.
    pub limits: Limits,
}

/// A run that goes on as long as `outcome` is polled.
pub struct Live {
    /// Its id.
    pub id: RunId,
    /// Controls it from elsewhere.
    pub handle: Handle,
    /// Completes when the run has ended. Dropping it lets go of the run: its guests end, effects under
    /// way are still recorded, and it can be resumed.
    pub outcome: BoxFuture<'static, Result<Outcome, DriveError>>,
}

/// Controls a run from elsewhere.
#[derive(Clone)]
pub struct Handle(UnboundedSender<Fact>);

impl Handle {
    /// Wishes that the run ends: running tasks stop at their next call, and it fails as cancelled.
    pub fn cancel(&self) {
        self.cancel_since(&Error::cancelled().message);
    }

    fn cancel_since(&self, why: &str) {
        let reason = Error::new(ErrorKind::Cancelled, why);
        // A run that has ended can't be cancelled any more.
        let _ = self.0.unbounded_send(Fact::Happened(Event::RunCancelRequested { reason }));
    }

    /// Wishes that the run is let go as soon as it only waits for somebody: it ends with
    /// [`DriveError::Waits`], and can be resumed.
    pub fn leave_when_waiting(&self) {
        let _ = self.0.unbounded_send(Fact::Leave);
    }

    /// Tells the run something from outside. None where it does not go on any more: tell it by [`tell`]
    /// then.
    pub async fn tell(&self, message: Message) -> Option<Result<Told, Unwanted>> {
        let (reply, told) = oneshot::channel();
        self.0.unbounded_send(Fact::Told(message, reply)).ok()?;
        told.await.ok()
    }
}

/// Why a run could not be started or resumed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StartError {
    /// The inputs don't fit the plan. Nothing was begun.
    #[error("{}", .0.join("; "))]
    Inputs(Vec<String>),
    /// A step reserves more than this host has, so its task could never begin. Nothing was begun.
    #[error("{}", .0.join("; "))]
    Capacity(Vec<String>),
    /// There is no such run.
    #[error("there is no run {0}")]
    Unknown(RunId),
    /// The run began under another meaning of facts; only the release that began it can go on with it.
    #[error("run {run} was begun under semantics {recorded}, and this host knows {known}")]
    Semantics {
        /// The run.
        run: RunId,
        /// The number that it began with.
        recorded: u32,
        /// The number of this host.
        known: u32,
    },
    /// The journal can't be written.
    #[error(transparent)]
    Journal(#[from] AppendError),
    /// The journal can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The facts don't fit the run.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
}

/// Starts a run. When this completes, the run is durable, and its id can be told; it goes on when its
/// [`Live::outcome`] is polled.
///
/// # Errors
/// [`StartError::Inputs`], and what the journal says.
pub async fn start(world: &Arc<World>, request: Request) -> Result<Live, StartError> {
    start_inheriting(world, request, None).await
}

/// The same with what it takes over from an earlier run.
pub(crate) async fn start_inheriting(
    world: &Arc<World>,
    request: Request,
    inherited: Option<Inherited>,
) -> Result<Live, StartError> {
    let inputs = complete(&request.plan, request.inputs);
    let (inputs, (secrets, kept_secrets)) =
        match (inputs, secrets::begin(&request.plan, request.secrets)) {
            (Ok(inputs), Ok(secrets)) => (inputs, secrets),
            (inputs, secrets) => {
                let problems = [inputs.err(), secrets.err()];
                return Err(StartError::Inputs(problems.into_iter().flatten().flatten().collect()));
            }
        };
    let wide = beyond(&request.plan, world.schedule.capacity());
    if !wide.is_empty() {
        return Err(StartError::Capacity(wide));
    }
    let now = world.clock.now();
    let run = RunId::new(now, &*world.chance);
    let mut seed = [0; 32];
    world.chance.fill(&mut seed);
    let started = RunStarted {
        semantics: SEMANTICS,
        plan: request.plan,
        inputs,
        secrets: kept_secrets,
        folders: request.folders,
        seed: Digest(seed),
        policy: request.policy,
        limits: request.limits,
        inherited,
    };
    // A run whose keys have no value must not begin: it could never go on.
    let first = Interpreter::new(run, started.clone(), now);
    let keys = first.run_concurrency().and_then(|_| first.fair_by());
    keys.map_err(|error| StartError::Inputs(vec![error.message]))?;
    let (head, epoch) = world.journal.claim(run).await?;
    let recorder = Recorder::new(Arc::clone(world), run, epoch, head, now);
    let event = Event::RunStarted(Box::new(started.clone()));
    // By reference: a plan may be large.
    let written = recorder.append(std::slice::from_ref(&event), Durability::Synced).await?;
    let at = written.first().expect("one fact gives one record").at;
    world.observer.notice(run, at, Notice::Fact(&event));
    let interpreter = Interpreter::new(run, started.clone(), at);
    let span = telemetry::run(run, &started, epoch, false);
    let past = Past {
        book: Book::of_open(),
        tally: Tally::default(),
        opened: BTreeMap::new(),
        secrets,
        span,
    };
    live(world, run, recorder, started, interpreter, past)
}

/// Goes on with a run that was interrupted. A run that has ended gives back its outcome once more.
/// What the host allows now narrows what it allowed when the run began. Of `given` those
/// secrets count that the run began with: [`secrets::misfits`] tells whether they are all of them.
///
/// # Errors
/// [`StartError`].
pub async fn resume(
    world: &Arc<World>,
    run: RunId,
    given: GivenSecrets,
) -> Result<Live, StartError> {
    known(&*world.journal, run)?;
    let (head, epoch) = world.journal.claim(run).await?;
    let first = first(&*world.journal, &*world.content, run)?;
    let started = begun(run, &first)?;
    let Folded { mut interpreter, book, tally } = fold(world, run, &started, first.at, head)?;
    if let Some(outcome) = interpreter.outcome() {
        let outcome = Ok(outcome.clone());
        let (tell, _) = unbounded();
        let outcome = Box::pin(std::future::ready(outcome));
        return Ok(Live { id: run, handle: Handle(tell), outcome });
    }
    let open: Vec<(TaskId, u32)> = interpreter.state().open_tasks();
    let known = |task: &TaskId| book.newest(*task);
    let bound = |(task, _): &&(TaskId, u32)| known(task).is_some_and(|attempt| attempt.bound);
    let rerun: Vec<TaskId> = open.iter().filter(bound).map(|(task, _)| *task).collect();
    let opened = open
        .iter()
        .filter_map(|(task, _)| known(task).map(|attempt| (*task, attempt.sequence)))
        .collect();
    let recorder = Recorder::new(Arc::clone(world), run, epoch, head, interpreter.state().time());
    let span = telemetry::run(run, &started, epoch, true);
    telemetry::recovered(&span, open.len(), rerun.len());
    let event = Event::RunResumed { epoch, rerun };
    let written = recorder.append_one(event.clone(), Durability::Synced).await?;
    interpreter.apply(written.at, &event)?;
    world.observer.notice(run, written.at, Notice::Fact(&event));
    let secrets = secrets::again(&started, &given);
    let past = Past { book, tally, opened, secrets, span };
    live(world, run, recorder, started, interpreter, past)
}

/// Why a run was not told something.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TellError {
    /// It can't be read or written.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It does not want it.
    #[error(transparent)]
    Unwanted(#[from] Unwanted),
}

impl From<AppendError> for TellError {
    fn from(error: AppendError) -> Self {
        Self::Start(error.into())
    }
}

/// Tells a run something that nobody goes on with: it is recorded, and no more happens until somebody
/// resumes the run.
///
/// # Errors
/// [`TellError`]; then nothing is recorded.
pub async fn tell(world: &Arc<World>, run: RunId, message: Message) -> Result<Told, TellError> {
    known(&*world.journal, run).map_err(TellError::Start)?;
    let (head, epoch) = world.journal.claim(run).await?;
    let first = first(&*world.journal, &*world.content, run).map_err(StartError::from)?;
    let started = begun(run, &first)?;
    let Folded { mut interpreter, .. } = fold(world, run, &started, first.at, head)?;
    interpreter.handle_time(world.clock.now());
    match interpreter.admit(&message)? {
        Admitted::Known => Ok(Told::Known),
        Admitted::New(event) => {
            let time = interpreter.state().time();
            let recorder = Recorder::new(Arc::clone(world), run, epoch, head, time);
            recorder.append_one(event, Durability::Synced).await?;
            Ok(Told::Taken)
        }
    }
}

/// The steps of a plan that reserve more than a host has: their tasks could never begin.
pub fn beyond(plan: &Plan, capacity: Resources) -> Vec<String> {
    let reserves = |step: &Step| {
        let needs = step.resources?;
        let fits = needs.memory <= capacity.memory && needs.cpu <= capacity.cpu;
        let id = &step.id;
        (!fits).then(|| {
            format!("the step `{id}` reserves {needs}, and all of this host is {capacity}")
        })
    };
    plan.steps.iter().filter_map(reserves).collect()
}

/// What a run waits for that nobody goes on with.
///
/// # Errors
/// [`StartError`].
pub fn waiting(world: &World, run: RunId) -> Result<Vec<Waiting>, StartError> {
    let head = known(&*world.journal, run)?;
    let first = first(&*world.journal, &*world.content, run)?;
    let started = begun(run, &first)?;
    Ok(fold(world, run, &started, first.at, head)?.interpreter.waiting())
}

/// Where the chain of a run stands. A run that was claimed and never began is none.
pub(crate) fn known(journal: &dyn Journal, run: RunId) -> Result<Head, StartError> {
    let head = journal.head(run)?.filter(|head| 0 < head.sequence);
    head.ok_or(StartError::Unknown(run))
}

/// What is known of the life of a run before this owner.
struct Past {
    book: Book,
    tally: Tally,
    opened: BTreeMap<TaskId, u64>,
    secrets: Secrets,
    span: Span,
}

fn live(
    world: &Arc<World>,
    run: RunId,
    recorder: Recorder,
    started: RunStarted,
    interpreter: Interpreter,
    past: Past,
) -> Result<Live, StartError> {
    let (head, written_bytes) = recorder.position();
    let has_begun = past.tally.has_begun();
    let unfit = |error: Error| StartError::Inputs(vec![error.message]);
    let key = interpreter.run_concurrency().map_err(unfit)?;
    let fair_by: Option<Arc<str>> = interpreter.fair_by().map_err(unfit)?.map(Into::into);
    let (schedule, priority) = (&world.schedule, started.plan.priority);
    let cancels = started.plan.concurrency.as_ref().is_some_and(|it| it.cancels);
    let place =
        key.map(|key| RunPlace::new(schedule, run, priority, fair_by.clone(), key, cancels));
    let shared = Arc::new(RunShared {
        world: Arc::clone(world),
        run,
        recorder,
        started,
        secrets: past.secrets,
        book: past.book,
        fair_by,
        place,
        tally: Mutex::new(past.tally),
        gone: AtomicBool::new(false),
        span: past.span,
    });
    let (tell, facts) = unbounded();
    let handle = Handle(tell.clone());
    if let Some(place) = &shared.place {
        if has_begun {
            place.take_up();
        }
        let (superseded, handle) = (place.superseded(), handle.clone());
        world.spawn.spawn(Box::pin(async move {
            if superseded.await {
                handle.cancel_since("a newer run has the same key of `concurrency`");
            }
        }));
    }
    let kept = Kept { sequence: head.sequence, written_bytes, state_bytes: 0 };
    let opened = past.opened;
    let (tasks, held) = (BTreeMap::new(), BTreeMap::new());
    let leaves = false;
    let run_state = Run { shared, interpreter, facts, tell, tasks, held, opened, kept, leaves };
    Ok(Live { id: run, handle, outcome: Box::pin(drive::drive(run_state)) })
}

/// A value for each input, in the plan's order.
pub(crate) fn complete(
    plan: &Plan,
    mut given: BTreeMap<String, Value>,
) -> Result<Vec<(String, Value)>, Vec<String>> {
    let mut problems = Vec::new();
    let mut inputs = Vec::new();
    for input in &plan.inputs {
        let value = given.remove(&input.name).or_else(|| input.default.clone());
        let is_option = matches!(input.ty, voyager_base::Type::Option(_));
        match value {
            Some(value) if value.is_of(&input.ty) => inputs.push((input.name.clone(), value)),
            Some(_) => problems.push(format!("the input `{}` must be a {}", input.name, input.ty)),
            None if is_option => inputs.push((input.name.clone(), Value::NONE)),
            None => problems.push(format!(
                "the input `{}` is missing; give `--input {}=...`",
                input.name, input.name
            )),
        }
    }
    let known: BTreeSet<&str> = plan.inputs.iter().map(|input| input.name.as_str()).collect();
    problems.extend(given.keys().map(|name| {
        let known: Vec<&str> = known.iter().copied().collect();
        format!("there is no input `{name}`; there is {}", known.join(", "))
    }));
    if problems.is_empty() { Ok(inputs) } else { Err(problems) }
}

/// The first record of a run.
pub(crate) fn first(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
) -> Result<Timed, ReadError> {
    let entries = journal.read(run, 0, 1)?;
    let entry = entries
        .first()
        .ok_or_else(|| event::damaged("a run", format!("run {run} has no first record")))?;
    event::decode(&entry.payload, content)
}

/// What a run began with.
pub(crate) fn begun(run: RunId, first: &Timed) -> Result<RunStarted, StartError> {
    let Event::RunStarted(started) = &first.event else {
        let reason = format!("run {run} begins with `{}`", first.event.name());
        return Err(event::damaged("a run", reason).into());
    };
    if !(SEMANTICS_SINCE..=SEMANTICS).contains(&started.semantics) {
        let (recorded, known) = (started.semantics, SEMANTICS);
        return Err(StartError::Semantics { run, recorded, known });
    }
    Ok((**started).clone())
}

/// Gives all facts of a run from number `from` to `take`, with where the chain stands after each as
/// counted from `head`.
pub(crate) fn walk<E: From<ReadError>>(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
    from: Head,
    mut take: impl FnMut(u64, Head, Timed) -> Result<(), E>,
) -> Result<Head, E> {
    let mut head = from;
    loop {
        let entries = journal.read(run, head.sequence, READ_BYTES_MAX)?;
        if entries.is_empty() {
            return Ok(head);
        }
        for entry in entries {
            let timed = event::decode(&entry.payload, content)?;
            let sequence = head.sequence;
            head = head.after(&entry.salt, &entry.payload);
            take(sequence, head, timed)?;
        }
    }
}

struct Folded {
    interpreter: Interpreter,
    book: Book,
    tally: Tally,
}

/// The state of a run, from its newest checkpoint where there is one.
fn fold(
    world: &World,
    run: RunId,
    started: &RunStarted,
    at: Timestamp,
    head: Head,
) -> Result<Folded, StartError> {
    let kept = world.journal.last_checkpoint(run)?;
    let kept = kept.filter(|(at, _)| at.sequence <= head.sequence);
    let kept = kept.and_then(|(at, state)| {
        // A checkpoint saves time, no more: one that can't be read is passed over.
        let checkpoint: Checkpoint = event::unpack("a checkpoint", &state).ok()?;
        (checkpoint.semantics == SEMANTICS).then_some((at, checkpoint))
    });
    let (known, open_from, mut tally, mut interpreter) = match kept {
        None => (1, 0, Tally::default(), Interpreter::new(run, started.clone(), at)),
        Some((at, checkpoint)) => (
            at.sequence,
            checkpoint.open_from,
            checkpoint.tally,
            Interpreter::with_state(run, started.clone(), checkpoint.state),
        ),
    };
    let mut book = Book::of_open();
    // Only the numbers count here: the chain itself is checked by a replay, and as a whole only where
    // all of it is read.
    let from = Head { sequence: open_from, ..Head::START };
    let end = walk(&*world.journal, &*world.content, run, from, |sequence, _, timed| {
        book.apply(sequence, &timed);
        if known <= sequence {
            if let Event::TaskStarted(started) = &timed.event {
                let around = book.frame_of(started).map(|frame| interpreter.step_bounds(frame));
                // Whether a bound bit is recorded as the end of the attempt.
                let _ = tally.count(u64::MAX, &around.unwrap_or_default());
            }
            interpreter.apply(timed.at, &timed.event)?;
        }
        Ok::<(), StartError>(())
    })?;
    if end.sequence != head.sequence || (open_from == 0 && end.chain != head.chain) {
        let reason = format!("its records end at {}, its chain at {}", end.sequence, head.sequence);
        return Err(event::damaged("the run", reason).into());
    }
    Ok(Folded { interpreter, book, tally })
}

/// A run folded from its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// How it ended; none where it has not.
    pub outcome: Option<Outcome>,
    /// Where its chain stands, computed anew.
    pub head: Head,
    /// Number of facts.
    pub events: u64,
}

/// Why a run does not replay.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// There is no such run, or it is of another meaning.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The journal can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The facts don't fit the run.
    #[error("record {sequence}: {reason}")]
    Misplaced {
        /// Number of the record.
        sequence: u64,
        /// What does not fit.
        reason: String,
    },
    /// The run decided otherwise than the plan does now.
    #[error("record {sequence} ({place}): recorded {recorded}, and the plan decides {decided}")]
    Decision {
        /// Number of the record.
        sequence: u64,
        /// Where the manifest speaks of it.
        place: String,
        /// What is recorded.
        recorded: String,
        /// What the interpreter wants at this point.
        decided: String,
    },
    /// The chain that the journal keeps is not the one that its records give.
    #[error("the records give the chain {computed}, and the journal keeps {kept}")]
    Chain {
        /// From the records.
        computed: Digest,
        /// From the journal.
        kept: Digest,
    },
}

/// Folds the recorded facts: state, outcome and chain come out as they were, and every decision that
/// the run recorded is the one that the plan leads to.
///
/// # Errors
/// The first difference.
pub fn replay(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
) -> Result<Replayed, ReplayError> {
    let span = telemetry::replay(run, false);
    let replayed = folded_again(journal, content, run);
    telemetry::replayed(&span, replayed.is_ok());
    replayed
}

fn folded_again(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
) -> Result<Replayed, ReplayError> {
    let kept = known(journal, run)?;
    let first = first(journal, content, run)?;
    let started = begun(run, &first)?;
    let mut confirm = crate::confirm::Confirm::new(Interpreter::new(run, started, first.at));
    let head = walk(journal, content, run, Head::START, |sequence, _, timed| {
        confirm.apply(sequence, &timed)
    })?;
    if head.chain != kept.chain {
        return Err(ReplayError::Chain { computed: head.chain, kept: kept.chain });
    }
    let outcome = confirm.into_interpreter().outcome().cloned();
    Ok(Replayed { outcome, head, events: head.sequence })
}
