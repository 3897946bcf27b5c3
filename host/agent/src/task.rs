//! One attempt of one task: a guest, its ledger, and what becomes of what it staged.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use futures_util::future::{Either, FutureExt as _, Shared, select};
use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind, Limits, RunId, TaskId, Value,
    call::{Cancellation, Folders, Invocation, Ledger, Services, StageId, Stop},
    clock::Timestamp,
    grant::{FolderGrant, GrantLayer, Grants},
    operation::Operation,
    record::Durability,
    value,
    workspace::Change,
};
use voyager_manifest::plan::{GrantPlan, PinnedSkill, Priority, Step};

use crate::{
    book::{Book, Recorded},
    children::Children,
    effect::{Mode, TaskLedger},
    event::{Event, Origin, RunStarted, TaskStarted},
    name,
    recorder::Recorder,
    schedule::{Enter, Key, Place, Schedule, Scope, Wish},
    world::{Notice, World},
};

/// What all tasks of a run share.
pub(crate) struct RunShared {
    pub(crate) world: Arc<World>,
    pub(crate) run: RunId,
    pub(crate) recorder: Recorder,
    pub(crate) started: RunStarted,
    /// What the host allows today, which narrows what it allowed when the run began.
    pub(crate) today: Option<GrantLayer>,
    /// What earlier owners recorded of tasks that were open when they stopped.
    pub(crate) book: Book,
    /// Attempts of tasks so far, children's included.
    pub(crate) tasks: AtomicU64,
    /// Its key, where it needs one.
    pub(crate) place: Option<RunPlace>,
    /// Whether the loop of the run was let go of: what tasks do now is not how they ended.
    pub(crate) gone: AtomicBool,
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
        (name, max): (String, u32),
    ) -> Self {
        let key = Key { scope: Scope::Run, name };
        let wish = Wish { run, priority, key: Some((key, max)), computes: false };
        let place = Arc::new(schedule.join(wish, None));
        let entered = place.enter().shared();
        Self { place, entered }
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
    pub(crate) fn resolve(&self, name: &str) -> Result<(&PinnedSkill, &Operation), Error> {
        name::resolve(&self.started.plan.skills, name)
    }

    /// Whether the loop of the run was let go of.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    /// Counts one more attempt of a task.
    pub(crate) fn count_task(&self) -> Result<(), Error> {
        let bound = self.started.plan.bounds.steps;
        let before = self.tasks.fetch_add(1, Ordering::SeqCst);
        if bound <= before { Err(Error::limit("steps", bound)) } else { Ok(()) }
    }

    /// Host policy, then manifest, then the blocks around the step, then the step.
    pub(crate) fn grants(&self, step: usize) -> Grants {
        let plan = &self.started.plan;
        let folders = Arc::new(self.started.folders.clone());
        let mut grants = Grants { folders, layers: Vec::new() };
        grants = grants.narrowed(self.started.policy.clone());
        if let Some(today) = &self.today {
            grants = grants.narrowed(today.clone());
        }
        // A manifest speaks of all capabilities: what it does not grant, it refuses.
        let all = GrantPlan {
            workspace: Some(plan.grants.workspace.clone().unwrap_or_default()),
            process: Some(plan.grants.process.clone().unwrap_or_default()),
            tasks: Some(plan.grants.tasks.clone().unwrap_or_else(voyager_base::grant::Globs::none)),
        };
        grants = grants.narrowed(layer("the manifest", &all, &self.started.folders));
        let outward: Vec<&Step> = plan.outward(step).collect();
        outward.into_iter().rev().fold(grants, |grants, step| {
            let source = format!("step `{}`", step.id);
            grants.narrowed(layer(&source, &step.grants, &self.started.folders))
        })
    }
}

fn layer(source: &str, plan: &GrantPlan, folders: &Folders) -> GrantLayer {
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
    GrantLayer {
        source: source.to_owned(),
        workspace,
        process: plan.process.clone(),
        tasks: plan.tasks.clone(),
    }
}

/// One attempt of one task.
pub(crate) struct Task {
    pub(crate) shared: Arc<RunShared>,
    pub(crate) started: TaskStarted,
    /// The step of the plan that it serves.
    pub(crate) step: usize,
    /// The root first, the parent last; the blocks that hold its step are among them.
    pub(crate) ancestors: Arc<[TaskId]>,
    /// Levels of tasks above it, the root counted: 1 for the task of a step.
    pub(crate) depth: u32,
    /// Hashes of operation and arguments of its ancestors and itself.
    pub(crate) calls: Arc<[Digest]>,
    pub(crate) limits: Limits,
    pub(crate) grants: Arc<Grants>,
    pub(crate) stages: Arc<[StageId]>,
    pub(crate) cancellation: Cancellation,
    /// Why it was cancelled.
    pub(crate) reason: Mutex<Option<Error>>,
    /// Where it stands among all that want to compute.
    pub(crate) place: Arc<Place>,
}

/// How an attempt ended.
pub(crate) struct TaskEnd {
    pub(crate) result: Result<ByteBuf, Error>,
    pub(crate) changes: Vec<Change>,
}

impl TaskEnd {
    pub(crate) fn failed(error: Error) -> Self {
        Self { result: Err(error), changes: Vec::new() }
    }
}

impl Task {
    /// The task of a step, in `frames`: the executions of steps around it, the run's own first. It
    /// begins when it has `key`, where it needs one.
    pub(crate) fn of_step(
        shared: &Arc<RunShared>,
        started: TaskStarted,
        step: usize,
        limits: Limits,
        frames: Arc<[TaskId]>,
        key: Option<(String, u32)>,
    ) -> Arc<Self> {
        let stage = StageId { run: shared.run, task: started.task, attempt: started.attempt };
        let call = crate::book::call_digest(&started.operation.to_string(), &started.arguments);
        let wish = Wish {
            run: shared.run,
            priority: shared.started.plan.priority_of(step),
            key: key.map(|(name, max)| (Key { scope: Scope::Task, name }, max)),
            computes: true,
        };
        let under = shared.place.as_ref().map(|run| &*run.place);
        let place = Arc::new(shared.world.schedule.join(wish, under));
        Arc::new(Self {
            shared: Arc::clone(shared),
            step,
            ancestors: frames,
            depth: 1,
            calls: Arc::new([call]),
            limits,
            grants: Arc::new(shared.grants(step)),
            stages: Arc::new([stage]),
            cancellation: Cancellation::default(),
            reason: Mutex::new(None),
            place,
            started,
        })
    }

    /// A child of this task.
    pub(crate) fn child(self: &Arc<Self>, started: TaskStarted, call: Digest) -> Arc<Self> {
        let shared = &self.shared;
        let stage = StageId { run: shared.run, task: started.task, attempt: started.attempt };
        let parent = std::iter::once(self.started.task);
        let priority = shared.started.plan.priority_of(self.step);
        let wish = Wish { run: shared.run, priority, key: None, computes: true };
        let place = Arc::new(shared.world.schedule.join(wish, Some(&self.place)));
        Arc::new(Self {
            shared: Arc::clone(shared),
            step: self.step,
            ancestors: self.ancestors.iter().copied().chain(parent).collect(),
            depth: self.depth.saturating_add(1),
            calls: self.calls.iter().copied().chain([call]).collect(),
            limits: self.limits.clone(),
            grants: Arc::clone(&self.grants),
            stages: std::iter::once(stage).chain(self.stages.iter().copied()).collect(),
            cancellation: Cancellation::default(),
            reason: Mutex::new(None),
            place,
            started,
        })
    }

    /// Its own layer of staged changes.
    pub(crate) fn stage(&self) -> StageId {
        self.stages[0]
    }

    /// Where the manifest speaks of it.
    pub(crate) fn place(&self) -> String {
        let plan = &self.shared.started.plan;
        let step = &plan.steps[self.step];
        format!("{}:{}: step `{}`", plan.file, step.line, step.id)
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
        select(std::pin::pin!(wait), Box::pin(self.cancellation.cancelled())).await;
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
            let TaskStarted { task, attempt, .. } = this.started;
            let clock = &this.shared.world.clock;
            let since = clock.now();
            this.shared.notice(Notice::Paused { task });
            wait.await;
            let after = clock.now().since(since);
            this.shared.notice(Notice::Continued { task, after });
            if records {
                let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
                let event = Event::TaskPaused { task, attempt, micros };
                // Nothing depends on it: a journal that can't be written stops the next question.
                let _ = this.shared.recorder.append_one(event, Durability::Buffered).await;
            }
        }))
    }

    /// Runs the attempt to its end. What it staged is still staged then, where it ended well.
    ///
    /// # Errors
    /// The journal could not be written; the attempt stays open.
    pub(crate) async fn run(self: Arc<Self>, began: Timestamp) -> Result<TaskEnd, String> {
        let recorded = self.shared.book.attempt(self.started.task, self.started.attempt);
        let questions: BTreeMap<u32, Recorded> =
            recorded.map(|attempt| attempt.questions.clone()).unwrap_or_default();
        let began = recorded.map_or(began, |attempt| attempt.at);
        // An earlier life in this process may have left something; what counts is in the record.
        self.shared.world.workspace.discard(self.stage());
        self.take_slot().await;
        let ledger = Arc::new(TaskLedger::new(Arc::clone(&self), Mode::Live, began, questions));
        let result = self.call(&ledger).await;
        ledger.settle().await;
        self.give_slot();
        let end = match (ledger.stop(), result) {
            (Some(Stop::Journal(reason)), _) => return Err(reason),
            (Some(Stop::Diverged(reason)), _) => TaskEnd::failed(diverged(reason)),
            (Some(Stop::Cancelled), _) | (None, None) => TaskEnd::failed(self.reason()),
            (None, Some(Err(error))) => TaskEnd::failed(error),
            (None, Some(Ok(value))) => match self.staged().await {
                Ok(changes) => TaskEnd { result: self.encode(&value), changes },
                Err(error) => TaskEnd::failed(error),
            },
        };
        if end.result.is_err() {
            self.shared.world.workspace.discard(self.stage());
        }
        Ok(end)
    }

    /// The result of the guest; none where it was cancelled.
    pub(crate) async fn call(
        self: &Arc<Self>,
        ledger: &Arc<TaskLedger>,
    ) -> Option<Result<Value, Error>> {
        if self.cancellation.is_cancelled() {
            return None;
        }
        let (operation, arguments) = match self.arguments() {
            Ok((operation, arguments)) => (Arc::clone(operation), arguments),
            Err(error) => return Some(Err(error)),
        };
        let world = &self.shared.world;
        let services = Services {
            workspace: Arc::clone(&world.workspace),
            process: Arc::clone(&world.process),
            tasks: Arc::new(Children::of(Arc::clone(self), Arc::clone(ledger))),
        };
        let seed = [self.shared.started.seed.0.as_slice(), &self.started.task.0];
        let fresh = ledger.verifies();
        let ledger: Arc<dyn Ledger> = Arc::<TaskLedger>::clone(ledger);
        let guest: BoxFuture<'static, Result<Value, Error>> = world.skills.call(Invocation {
            component: self.started.component,
            operation,
            arguments,
            limits: self.limits.clone(),
            seed: Digest::of_parts(seed),
            fresh,
            ledger,
            services: Arc::new(services),
        });
        match select(guest, Box::pin(self.cancellation.cancelled())).await {
            Either::Left((result, _)) => Some(result),
            Either::Right(_) => None,
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
    }
}
