//! One attempt of one task: a guest, its ledger, and what becomes of what it staged.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_channel::oneshot;
use futures_util::future::{Either, FutureExt as _, Shared, select};
use serde_bytes::ByteBuf;
use tracing::Span;
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind, Limits, RunId, TaskId, Usage, Value,
    call::{Cancellation, Folders, Invocation, Ledger, Services, StageId, Stop},
    chain::Head,
    clock::Timestamp,
    error::NO_ROOM,
    grant::{FolderGrant, GrantLayer, Grants, Stands},
    operation::{Operation, OperationName},
    policy::Rules,
    record::{Durability, KeptResult, ReadError},
    secret::Secrets,
    value,
    workspace::Change,
};
use voyager_manifest::plan::{Call, GrantPlan, PinnedSkill, Priority, Resources};

use crate::{
    book::{Book, Recorded},
    children::Children,
    effect::{Mode, TaskLedger},
    event::{Event, Origin, RunStarted, TaskStarted},
    name,
    path::Path,
    recorder::{Recorder, Written},
    run,
    schedule::{Enter, Key, Place, Schedule, Scope, Wish},
    tally::{Bound, Tally},
    telemetry,
    world::{Notice, World},
};

/// What all tasks of a run share.
pub(crate) struct RunShared {
    pub(crate) world: Arc<World>,
    pub(crate) run: RunId,
    pub(crate) recorder: Recorder,
    pub(crate) started: RunStarted,
    /// Its secrets, as far as they were given.
    pub(crate) secrets: Secrets,
    /// What earlier owners recorded of tasks that were open when they stopped.
    pub(crate) book: Book,
    /// Attempts of tasks so far, children's included.
    pub(crate) tally: Mutex<Tally>,
    /// The key of the runs with which it takes turns together.
    pub(crate) fair_by: Option<Arc<str>>,
    /// Its key, where it needs one.
    pub(crate) place: Option<RunPlace>,
    /// Whether the loop of the run was let go of: what tasks do now is not how they ended.
    pub(crate) gone: AtomicBool,
    /// What tells of this life of the run.
    pub(crate) span: Span,
}

/// Where a run stands that needs a key before its first task begins. It has that until it ends.
pub(crate) struct RunPlace {
    place: Arc<Place>,
    /// Completes when it has the key.
    entered: Shared<Enter>,
}

impl RunPlace {
    /// The place of a run that needs the key `name`, which `max` may have.
    pub(crate) fn new(
        schedule: &Schedule,
        run: RunId,
        priority: Priority,
        fair_by: Option<Arc<str>>,
        (name, max): (String, u32),
        cancels: bool,
    ) -> Self {
        let key = Key { scope: Scope::Run, name };
        let needs = Resources::default();
        let key = Some((key, max));
        let wish = Wish { run, fair_by, priority, key, needs, computes: false, cancels };
        let place = Arc::new(schedule.join(wish, None));
        let entered = place.enter().shared();
        Self { place, entered }
    }

    /// Completes when a newer run wants this one to end (true), or when it has left (false).
    pub(crate) fn superseded(&self) -> impl Future<Output = bool> + Send + use<> {
        self.place.superseded()
    }

    /// Takes the key up again of a run that had it, or stands in its line, whatever the run does next: it may
    /// sleep for long, and what it has begun is no other's to go on from.
    pub(crate) fn take_up(&self) {
        // Once it stands there it needs nobody who waits.
        let _ = self.entered.clone().now_or_never();
    }

    /// Lets others have the key.
    pub(crate) fn leave(&self) {
        self.place.leave();
    }
}

impl RunShared {
    pub(crate) fn notice(&self, notice: Notice<'_>) {
        self.world.observer.notice(self.run, self.world.clock.now(), notice);
    }

    /// The operation that a task names, in full or in short.
    pub(crate) fn resolve(&self, name: &str) -> Result<(&PinnedSkill, &OperationName), Error> {
        name::resolve(&self.started.plan.skills, name)
    }

    /// Whether the loop of the run was let go of.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// The layer of what the steps of a transaction changed.
    pub(crate) fn layer(&self, frame: TaskId) -> StageId {
        StageId { run: self.run, task: frame, attempt: 0 }
    }

    /// What tells of an attempt, within the span of its run or its parent.
    fn span_of(&self, within: &Span, started: &TaskStarted, step: usize) -> Span {
        let resumed = self.book.attempt(started.task, started.attempt).is_some();
        let step = (&*self.started.plan, step);
        telemetry::task(within, self.run, started, step, self.recorder.epoch(), resumed)
    }

    /// Counts one more attempt of a task.
    pub(crate) fn count_task(&self, around: &[Bound]) -> Result<(), Error> {
        self.tally().count(self.started.plan.bounds.steps, around)
    }

    /// The counts of tasks.
    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Host policy for skills of `package`, then manifest, then the blocks around the step, then the step.
    pub(crate) fn grants(&self, step: usize, package: &str) -> Grants {
        grants_of(&self.started, step, package)
    }

    /// What is left of `grants` under the policy of today for skills of `packages`; none where that is what it
    /// was when the run began.
    fn left_of(&self, grants: &Grants, today: &GrantLayer, packages: &[String]) -> Option<Grants> {
        let begun = &self.started.policy;
        let then = begun.rules.as_deref().map(Rules::unanswered).filter(|it| !it.are_open());
        let now = today.rules.as_deref();
        let is_same = then.as_ref() == now.filter(|rules| !rules.are_open());
        let bare = |layer: &GrantLayer| GrantLayer { rules: None, ..layer.clone() };
        if is_same && bare(begun) == bare(today) {
            return None;
        }
        // What people allowed for this run, they allowed.
        let allowed = begun.rules.iter().flat_map(|rules| rules.allowed.clone()).collect();
        let answered = now.map(|rules| Arc::new(Rules { allowed, ..rules.clone() }));
        let today = GrantLayer { rules: answered, ..today.clone() };
        Some(
            packages.iter().fold(grants.clone(), |grants, package| {
                grants.narrowed(policy_for(&today, package))
            }),
        )
    }
}

/// What a step of a run that began so grants to skills of `package`.
pub(crate) fn grants_of(started: &RunStarted, step: usize, package: &str) -> Grants {
    let plan = &started.plan;
    let folders = Arc::new(started.folders.clone());
    let mut grants = Grants { folders, layers: Vec::new() };
    grants = grants.narrowed(policy_for(&started.policy, package));
    // A manifest speaks of all capabilities: what it does not grant, it refuses.
    let all = GrantPlan {
        workspace: Some(plan.grants.workspace.clone().unwrap_or_default()),
        process: Some(plan.grants.process.clone().unwrap_or_default()),
        http: Some(plan.grants.http.clone().unwrap_or_default()),
        memory: Some(plan.grants.memory.clone().unwrap_or_default()),
        tasks: Some(plan.grants.tasks.clone().unwrap_or_else(voyager_base::grant::Globs::none)),
        lines: plan.grants.lines.clone(),
    };
    grants = grants.narrowed(layer("the manifest", &all, &started.folders, (&plan.file, 1)));
    let around = plan.grants_around(step).into_iter();
    around.filter_map(|(step, own)| Some((step?, own))).fold(grants, |grants, (step, own)| {
        let inner = step.manifest().filter(|sub| std::ptr::eq(&sub.grants, own));
        let (source, place) = match inner {
            Some(sub) => (format!("the manifest `{}`", sub.name), (&*sub.file, 1)),
            None => {
                let at = plan.steps.iter().position(|it| std::ptr::eq(it, step));
                let file = at.map_or(&*plan.file, |at| plan.file_of(at));
                (format!("step `{}`", step.id), (file, step.line))
            }
        };
        grants.narrowed(layer(&source, own, &started.folders, place))
    })
}

/// A policy as it holds for the skills of a package.
fn policy_for(policy: &GrantLayer, package: &str) -> GrantLayer {
    let rules = policy.rules.as_ref();
    let rules = rules.map(|it| if it.differ() { Arc::new(it.of(package)) } else { Arc::clone(it) });
    GrantLayer { rules, ..policy.clone() }
}

fn layer(
    source: &str,
    plan: &GrantPlan,
    folders: &Folders,
    (file, line): (&str, u32),
) -> GrantLayer {
    let workspace = plan.workspace.as_ref().map(|all| {
        let there = all.iter().filter(|folder| folders.contains_key(&folder.root));
        let grant = |folder: &voyager_manifest::plan::FolderPlan| FolderGrant {
            root: folder.root.clone(),
            read: folder.read.clone(),
            write: folder.write.clone(),
            write_bytes_max: folder.write_bytes_max,
        };
        there.map(grant).collect()
    });
    let named = plan.workspace.iter().flatten();
    let stands = Stands {
        file: file.to_owned(),
        line,
        lines: plan.lines.0.clone(),
        roots: named.map(|it| (it.root.clone(), format!("inputs.{}", it.input))).collect(),
    };
    GrantLayer {
        source: source.to_owned(),
        workspace,
        process: plan.process.clone(),
        http: plan.http.clone(),
        memory: plan.memory.clone(),
        tasks: plan.tasks.clone(),
        rules: None,
        stands: Some(stands),
    }
}

/// What is around a step whose task begins.
pub(crate) struct Around {
    /// The executions of steps around it, the run's own first.
    pub(crate) frames: Arc<[TaskId]>,
    /// The layers whose staged changes it sees beside its own, the innermost first.
    pub(crate) layers: Vec<StageId>,
    /// The manifests around it that bound how many tasks they have, the innermost first.
    pub(crate) bounds: Vec<Bound>,
}

/// One attempt of one task.
pub(crate) struct Task {
    pub(crate) shared: Arc<RunShared>,
    pub(crate) started: TaskStarted,
    /// The step of the plan that it serves.
    pub(crate) step: usize,
    /// The way to it from the run; the executions of steps around its own are on it.
    path: Path,
    /// The root first, the parent last, once somebody has asked.
    ancestors: OnceLock<Arc<[TaskId]>>,
    /// Levels of tasks above it, the root counted: 1 for the task of a step.
    pub(crate) depth: u32,
    pub(crate) limits: Limits,
    /// What it may use, as it was when the run began: what a guest can see of it must not change.
    pub(crate) grants: Arc<Grants>,
    /// The packages of its skill and of those that called it: the policy of the host may differ for each.
    packages: Arc<[String]>,
    /// What the policy of this moment leaves of its grants.
    today: Mutex<Option<(Arc<GrantLayer>, Arc<Grants>)>>,
    pub(crate) stages: Arc<[StageId]>,
    pub(crate) cancellation: Cancellation,
    /// Why it was cancelled.
    pub(crate) reason: Mutex<Option<Error>>,
    /// The manifests around it that bound how many tasks they have.
    pub(crate) bounds: Arc<[Bound]>,
    /// Where it stands among all that want to compute.
    pub(crate) place: Arc<Place>,
    /// Since when its guest does not compute although it could.
    paused_at: Mutex<Option<Timestamp>>,
    /// Number of questions after which all that the attempt staged with them is there.
    staged_with: AtomicU32,
    /// Number of reports that were told.
    told: AtomicU64,
    /// What tells of this attempt.
    pub(crate) span: Span,
    /// Where results of its call are kept; none where they are not.
    cache: Option<Cache>,
    /// How long it waited for keys and slots, in microseconds.
    waited_micros: AtomicU64,
    /// What its guests used by themselves.
    used: Mutex<Usage>,
}

/// Under what the result of a call is kept beyond its run.
struct Cache {
    key: Digest,
    /// How old it may be.
    ttl: Duration,
}

impl Cache {
    /// That of a call whose result depends on its component, its operation and its arguments alone.
    fn of(call: &Call, started: &TaskStarted) -> Option<Self> {
        let operation = started.operation.to_string();
        let parts = [
            b"voyager result 1".as_slice(),
            &started.component.0,
            operation.as_bytes(),
            &started.arguments,
        ];
        call.cache.map(|ttl| Self { key: Digest::of_parts(parts), ttl })
    }
}

/// What became of a guest.
pub(crate) enum Called {
    /// It ended.
    Ended(Result<Value, Error>),
    /// Its task was cancelled.
    Cancelled,
    /// It rested, and somebody needed its room.
    Evicted(oneshot::Sender<()>),
}

/// How an attempt ended.
pub(crate) struct TaskEnd {
    pub(crate) result: Result<ByteBuf, Error>,
    pub(crate) changes: Vec<Change>,
    /// The run that computed the result, where it was kept.
    pub(crate) kept_from: Option<RunId>,
    /// What it used; none where no guest ran.
    pub(crate) usage: Option<Usage>,
}

impl TaskEnd {
    pub(crate) fn new(result: Result<ByteBuf, Error>, changes: Vec<Change>) -> Self {
        Self { result, changes, kept_from: None, usage: None }
    }

    pub(crate) fn failed(error: Error) -> Self {
        Self::new(Err(error), Vec::new())
    }
}

impl Task {
    /// The task of a step. It begins when it has `key`, where it needs one.
    pub(crate) fn of_step(
        shared: &Arc<RunShared>,
        started: TaskStarted,
        step: usize,
        limits: Limits,
        Around { frames, layers, bounds }: Around,
        key: Option<(String, u32)>,
    ) -> Arc<Self> {
        let stage = StageId { run: shared.run, task: started.task, attempt: started.attempt };
        let call = crate::book::call_digest(&started.operation.to_string(), &started.arguments);
        let root = Path::root(TaskId::root(shared.run));
        let inner = frames.iter().skip(1);
        let path = inner.fold(root, |path, frame| path.to(*frame, None));
        let path = path.to(started.task, Some(call));
        let wish = Wish {
            run: shared.run,
            fair_by: shared.fair_by.clone(),
            priority: shared.started.plan.priority_of(step),
            key: key.map(|(name, max)| (Key { scope: Scope::Task, name }, max)),
            needs: shared.started.plan.steps[step].resources.unwrap_or_default(),
            computes: true,
            cancels: false,
        };
        let under = shared.place.as_ref().map(|run| &*run.place);
        let place = Arc::new(shared.world.schedule.join(wish, under));
        let span = shared.span_of(&shared.span, &started, step);
        let cache = shared.started.plan.steps[step].call().and_then(|it| Cache::of(it, &started));
        Arc::new(Self {
            shared: Arc::clone(shared),
            step,
            path,
            ancestors: OnceLock::new(),
            depth: 1,
            limits,
            grants: Arc::new(shared.grants(step, &started.operation.package)),
            packages: Arc::new([started.operation.package.clone()]),
            today: Mutex::default(),
            stages: std::iter::once(stage).chain(layers).collect(),
            cancellation: Cancellation::default(),
            reason: Mutex::new(None),
            bounds: bounds.into(),
            place,
            paused_at: Mutex::new(None),
            staged_with: AtomicU32::new(0),
            told: AtomicU64::new(0),
            span,
            cache,
            waited_micros: AtomicU64::new(0),
            used: Mutex::default(),
            started,
        })
    }

    /// A child of this task.
    pub(crate) fn child(self: &Arc<Self>, started: TaskStarted, call: Digest) -> Arc<Self> {
        let shared = &self.shared;
        let stage = StageId { run: shared.run, task: started.task, attempt: started.attempt };
        let priority = shared.started.plan.priority_of(self.step);
        // What its step's task has reserved is there for it too: waiting for more while that holds some could
        // be a circle.
        let needs = Resources::default();
        let (run, fair_by, key) = (shared.run, shared.fair_by.clone(), None);
        let wish = Wish { run, fair_by, priority, key, needs, computes: true, cancels: false };
        let place = Arc::new(shared.world.schedule.join(wish, Some(&self.place)));
        let span = shared.span_of(&self.span, &started, self.step);
        Arc::new(Self {
            shared: Arc::clone(shared),
            step: self.step,
            path: self.path.to(started.task, Some(call)),
            ancestors: OnceLock::new(),
            depth: self.depth.saturating_add(1),
            limits: self.limits.clone(),
            grants: self.grants_for(&started.operation.package),
            packages: self.packages_with(&started.operation.package),
            today: Mutex::default(),
            stages: std::iter::once(stage).chain(self.stages.iter().copied()).collect(),
            cancellation: Cancellation::default(),
            reason: Mutex::new(None),
            bounds: Arc::clone(&self.bounds),
            place,
            paused_at: Mutex::new(None),
            staged_with: AtomicU32::new(0),
            told: AtomicU64::new(0),
            span,
            // Its parent is answered from the record, and whether that may be kept is not known.
            cache: None,
            waited_micros: AtomicU64::new(0),
            used: Mutex::default(),
            started,
        })
    }

    /// What a child may use whose skill is of `package`: no more than this task.
    fn grants_for(&self, package: &str) -> Arc<Grants> {
        let policy = &self.shared.started.policy;
        let differs = policy.rules.as_ref().is_some_and(|rules| rules.differ());
        if !differs || self.packages.iter().any(|it| it == package) {
            return Arc::clone(&self.grants);
        }
        Arc::new(self.grants.narrowed(policy_for(policy, package)))
    }

    fn packages_with(&self, package: &str) -> Arc<[String]> {
        if self.packages.iter().any(|it| it == package) {
            return Arc::clone(&self.packages);
        }
        self.packages.iter().cloned().chain([package.to_owned()]).collect()
    }

    /// What it may use now: the host may allow less than when the run began.
    pub(crate) fn grants_today(&self) -> Arc<Grants> {
        let policy = self.shared.world.policy.today();
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        match &*today {
            Some((known, grants)) if Arc::ptr_eq(known, &policy) => Arc::clone(grants),
            _ => {
                let left = self.shared.left_of(&self.grants, &policy, &self.packages);
                let grants = left.map_or_else(|| Arc::clone(&self.grants), Arc::new);
                *today = Some((policy, Arc::clone(&grants)));
                grants
            }
        }
    }

    /// The root first, the parent last; the executions of steps around its own are among them.
    pub(crate) fn ancestors(&self) -> Arc<[TaskId]> {
        Arc::clone(self.ancestors.get_or_init(|| self.path.ancestors()))
    }

    /// Whether it, or one of its ancestors, is this call: made once more, it would never end.
    pub(crate) fn is_within(&self, call: Digest) -> bool {
        self.path.has(call)
    }

    /// Its own layer of staged changes.
    pub(crate) fn stage(&self) -> StageId {
        self.stages[0]
    }

    /// Where the manifest speaks of it.
    pub(crate) fn place(&self) -> String {
        let plan = &self.shared.started.plan;
        let step = &plan.steps[self.step];
        format!("{}:{}: step `{}`", plan.file_of(self.step), step.line, step.id)
    }

    /// Wishes that it stops, and ends with `reason`.
    pub(crate) fn cancel(&self, reason: Error) {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.cancellation.cancel();
    }

    /// Waits for its keys and a slot, unless it is cancelled.
    pub(crate) async fn take_slot(&self) {
        let wait = async {
            if let Some(run) = &self.shared.place {
                run.entered.clone().await;
            }
            self.place.enter().await;
        };
        self.shared.notice(Notice::Queued { task: &self.started, step: self.step });
        let (clock, priority) = (&self.shared.world.clock, self.priority());
        let began = clock.now();
        let cancelled = Box::pin(self.cancellation.cancelled());
        let entered = matches!(select(std::pin::pin!(wait), cancelled).await, Either::Left(_));
        let waited = clock.now().since(began);
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Ordering::Relaxed);
        if entered {
            telemetry::scheduled(&self.span, priority, waited);
            self.shared.notice(Notice::Computes { task: self.started.task });
        }
    }

    /// How important it is.
    pub(crate) fn priority(&self) -> Priority {
        self.shared.started.plan.priority_of(self.step)
    }

    /// Tells how the attempt ended, once that is recorded.
    pub(crate) fn ended<T>(&self, result: &Result<T, Error>, usage: Option<Usage>) {
        let waited = Duration::from_micros(self.waited_micros.load(Ordering::Relaxed));
        telemetry::task_ended(&self.span, waited, usage.as_ref(), result);
    }

    /// Gives its slot back, and keeps its keys.
    pub(crate) fn give_slot(&self) {
        self.place.stand_aside();
    }

    /// Where a more important task has taken its slot: the wait until it has one again.
    pub(crate) fn pause(self: &Arc<Self>, records: bool) -> Option<BoxFuture<'static, ()>> {
        let wait = self.place.lost()?;
        let this = Arc::clone(self);
        Some(Box::pin(async move {
            *this.paused_at() = Some(this.shared.world.clock.now());
            this.shared.notice(Notice::Paused { task: this.started.task });
            telemetry::paused(&this.span, this.priority());
            if records {
                this.place.rest(wait).await;
            } else {
                wait.await;
            }
            this.continued(records, false).await;
        }))
    }

    /// Tells that it goes on, and records it.
    async fn continued(&self, records: bool, evicted: bool) {
        let TaskStarted { task, attempt, .. } = self.started;
        let Some(since) = self.paused_at().take() else { return };
        let after = self.shared.world.clock.now().since(since);
        self.shared.notice(Notice::Continued { task, after });
        telemetry::continued(&self.span, after);
        if records {
            let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
            let event = Event::TaskPaused { task, attempt, micros, evicted };
            // Nothing depends on it: a journal that can't be written stops the next question.
            let _ = self.shared.recorder.append_one(event, Durability::Buffered).await;
        }
    }

    fn paused_at(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.paused_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what the attempt staged with a question has to be staged; it has been then.
    pub(crate) fn stages(&self, ordinal: u32) -> bool {
        self.staged_with.fetch_max(ordinal + 1, Ordering::SeqCst) <= ordinal
    }

    /// Whether a report has to be told; it has been then.
    pub(crate) fn tells(&self, number: u64) -> bool {
        self.told.fetch_max(number, Ordering::SeqCst) < number
    }

    /// Runs the attempt to its end. What it staged is still staged then, where it ended well.
    ///
    /// # Errors
    /// The journal could not be written; the attempt stays open.
    pub(crate) async fn run(self: Arc<Self>, began: Written) -> Result<TaskEnd, String> {
        if let Some(end) = self.kept() {
            return Ok(end);
        }
        let recorded = self.shared.book.attempt(self.started.task, self.started.attempt);
        let mut questions: BTreeMap<u32, Recorded> =
            recorded.map(|attempt| attempt.questions.clone()).unwrap_or_default();
        // An attempt with a record is gone on with only where it is bound.
        let mut bound = !questions.is_empty();
        let (from, began) =
            recorded.map_or((began.sequence, began.at), |attempt| (attempt.sequence, attempt.at));
        // An earlier life in this process may have left something; what counts is in the record.
        self.shared.world.workspace.discard(self.stage());
        self.take_slot().await;
        let (ledger, called) = loop {
            let this = Arc::clone(&self);
            let ledger = Arc::new(TaskLedger::new(this, Mode::Live, began, questions, bound));
            match self.call(&ledger).await {
                Called::Evicted(room) => {
                    drop(room);
                    telemetry::evicted(&self.span);
                    // What it staged is still there, and what it was answered is in the record.
                    (questions, bound) = self.so_far(from)?;
                    self.take_slot().await;
                    self.continued(true, true).await;
                }
                called => break (ledger, called),
            }
        };
        ledger.settle().await;
        self.give_slot();
        let mut end = match (ledger.stop(), called) {
            (Some(Stop::Journal(reason)), _) => return Err(reason),
            (Some(Stop::Diverged(reason)), _) => TaskEnd::failed(diverged(reason)),
            (Some(Stop::Cancelled), _) | (None, Called::Cancelled | Called::Evicted(_)) => {
                TaskEnd::failed(self.reason())
            }
            (None, Called::Ended(Err(error))) => TaskEnd::failed(error),
            (None, Called::Ended(Ok(value))) => match self.staged().await {
                Ok(changes) => {
                    let result = self.encode(&value);
                    self.keep(&result);
                    TaskEnd::new(result, changes)
                }
                Err(error) => TaskEnd::failed(error),
            },
        };
        if end.result.is_err() {
            self.shared.world.workspace.discard(self.stage());
        }
        end.usage = Some(self.usage(&ledger, &end.result));
        Ok(end)
    }

    /// Takes what one of its guests used.
    pub(crate) fn used(&self, cpu: Duration, memory_bytes: u64) {
        let cpu_micros = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
        let usage = Usage { cpu_micros, memory_bytes, ..Usage::default() };
        self.used.lock().unwrap_or_else(PoisonError::into_inner).add(usage);
    }

    /// What the attempt used: its arguments and its result with it.
    fn usage(&self, ledger: &TaskLedger, result: &Result<ByteBuf, Error>) -> Usage {
        let mut usage = ledger.usage();
        usage.bytes_in += self.started.arguments.len() as u64;
        usage.bytes_out += result.as_ref().map_or(0, |bytes| bytes.len() as u64);
        usage.add(*self.used.lock().unwrap_or_else(PoisonError::into_inner));
        usage
    }

    /// How it ends where an earlier call gave its result.
    fn kept(&self) -> Option<TaskEnd> {
        let cache = self.cache.as_ref()?;
        let (world, operation) = (&self.shared.world, self.operation()?);
        let kept = world.results.find(&cache.key)?;
        let is_young = world.clock.now().since(kept.at) <= cache.ttl;
        let is_result = operation.success().map_or(kept.bytes.is_empty(), |ty| {
            let fits = kept.bytes.len() as u64 <= self.limits.value_bytes;
            fits && value::decode(ty, &kept.bytes).is_ok()
        });
        (is_young && is_result).then(|| {
            telemetry::kept(&self.span, kept.run);
            let result = Ok(ByteBuf::from(kept.bytes));
            TaskEnd { kept_from: Some(kept.run), ..TaskEnd::new(result, Vec::new()) }
        })
    }

    /// Keeps what the call gave for later ones.
    fn keep(&self, result: &Result<ByteBuf, Error>) {
        if let (Some(cache), Ok(bytes)) = (&self.cache, result) {
            let (run, at) = (self.shared.run, self.shared.world.clock.now());
            let result = KeptResult { run, at, bytes: bytes.to_vec() };
            self.shared.world.results.keep(&cache.key, result);
        }
    }

    /// What the guest's randomness grows from. Where its result is kept, that is what its result depends on,
    /// and no more.
    fn seed(&self) -> Digest {
        match &self.cache {
            Some(cache) => cache.key,
            None => {
                let of_run = self.shared.started.seed.0.as_slice();
                Digest::of_parts([of_run, &self.started.task.0])
            }
        }
    }

    /// The time that the guest sees where the record says `recorded`: none passes for it where its result is
    /// kept.
    pub(crate) fn time(&self, recorded: Timestamp) -> Timestamp {
        if self.cache.is_some() { Timestamp::default() } else { recorded }
    }

    /// What the record, from number `from` on, knows of the attempt: its questions, and whether it asked
    /// for more than reading and staging.
    fn so_far(&self, from: u64) -> Result<(BTreeMap<u32, Recorded>, bool), String> {
        let (shared, mut book) = (&self.shared, Book::of_open());
        let (journal, content) = (&*shared.world.journal, &*shared.world.content);
        let from = Head { sequence: from, ..Head::START };
        run::walk(journal, content, shared.run, from, |sequence, _, timed| {
            book.apply(sequence, &timed);
            Ok::<(), ReadError>(())
        })
        .map_err(|error| error.to_string())?;
        let attempt = book.attempt(self.started.task, self.started.attempt);
        let attempt = attempt.ok_or_else(|| format!("{} has no record", self.place()))?;
        Ok((attempt.questions.clone(), attempt.bound))
    }

    /// Runs the guest, in the room of one that matters less and rests where there is no other.
    pub(crate) async fn call(self: &Arc<Self>, ledger: &Arc<TaskLedger>) -> Called {
        loop {
            match self.call_once(ledger).await {
                Called::Ended(Err(error)) if error.code.as_deref() == Some(NO_ROOM) => {
                    let Some(room) = self.shared.world.schedule.evict() else {
                        return Called::Ended(Err(error));
                    };
                    // Whether the room is free or its guest goes on: there is something to try.
                    let _ = room.await;
                }
                called => return called,
            }
        }
    }

    async fn call_once(self: &Arc<Self>, ledger: &Arc<TaskLedger>) -> Called {
        if self.cancellation.is_cancelled() {
            return Called::Cancelled;
        }
        let (operation, arguments) = match self.arguments() {
            Ok((operation, arguments)) => (Arc::clone(operation), arguments),
            Err(error) => return Called::Ended(Err(error)),
        };
        let world = &self.shared.world;
        let services = Services {
            workspace: Arc::clone(&world.workspace),
            process: Arc::clone(&world.process),
            http: Arc::clone(&world.http),
            memory: Arc::clone(&world.memory),
            tasks: Arc::new(Children::of(Arc::clone(self), Arc::clone(ledger))),
        };
        let fresh = ledger.verifies();
        let ledger: Arc<dyn Ledger> = Arc::<TaskLedger>::clone(ledger);
        let guest: BoxFuture<'static, Result<Value, Error>> = world.skills.call(Invocation {
            component: self.started.component,
            operation,
            arguments,
            limits: self.limits.clone(),
            seed: self.seed(),
            fresh,
            ledger,
            services: Arc::new(services),
        });
        let stopped =
            select(Box::pin(self.cancellation.cancelled()), Box::pin(self.place.evicted()));
        match select(guest, stopped).await {
            Either::Left((result, _)) => Called::Ended(result),
            Either::Right((Either::Left(_), _)) => Called::Cancelled,
            Either::Right((Either::Right((room, _)), _)) => Called::Evicted(room),
        }
    }

    /// Its operation.
    pub(crate) fn operation(&self) -> Option<&Arc<Operation>> {
        let plan = &self.shared.started.plan;
        let of_step = &plan.steps[self.step];
        if matches!(self.started.origin, Origin::Step { .. }) {
            return of_step.call().map(|call| &call.operation);
        }
        let skill = plan.skills.iter().find(|it| it.component == self.started.component)?;
        skill.operations.iter().find(|it| it.name == self.started.operation)
    }

    /// The canonical bytes of its success.
    pub(crate) fn encode(&self, value: &Value) -> Result<ByteBuf, Error> {
        let success = self.operation().and_then(|it| it.success());
        match success {
            None => Ok(ByteBuf::new()),
            Some(ty) if value.is_of(ty) => Ok(ByteBuf::from(value::encode(value))),
            Some(ty) => {
                let message = format!(
                    "`{}` gave back a value that is no {ty}; the component is not the one that \
                     the plan was made for",
                    self.started.operation
                );
                Err(Error::new(ErrorKind::Trapped, message))
            }
        }
    }

    fn arguments(&self) -> Result<(&Arc<Operation>, Vec<Value>), Error> {
        let operation = self.operation().ok_or_else(|| {
            let name = &self.started.operation;
            Error::not_found(format!("the plan has no operation `{name}`"))
        })?;
        let types: Vec<_> = operation.parameters.iter().map(|(_, ty)| ty.clone()).collect();
        value::decode_tuple(&types, &self.started.arguments)
            .map(|arguments| (operation, arguments))
            .map_err(|error| Error::invalid(format!("the recorded arguments: {error}")))
    }

    async fn staged(&self) -> Result<Vec<Change>, Error> {
        self.shared.world.workspace.staged(self.stage()).await
    }

    fn reason(&self) -> Error {
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.clone().unwrap_or_else(Error::cancelled)
    }
}

pub(crate) fn diverged(reason: String) -> Error {
    let message = format!("{reason}; the skill is not deterministic, or not the recorded one");
    Error { code: Some("diverged".to_owned()), ..Error::new(ErrorKind::Other, message) }
}

/// The end of an attempt, as a fact.
pub(crate) fn done(started: &TaskStarted, end: TaskEnd) -> Event {
    Event::TaskDone {
        task: started.task,
        attempt: started.attempt,
        result: end.result,
        changes: end.changes,
        kept_from: end.kept_from,
        usage: end.usage,
    }
}
