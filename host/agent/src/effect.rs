//! The ledger of a task: the one place where its questions meet grants, budget, record and services.
//!
//! Reads and staged changes are recorded without waiting for the disk. An effect on the outside has a
//! durable intent before and a durable outcome after; it runs to its end even where the guest is gone,
//! since the host owns a running effect and not the guest. An intent without an outcome, found after a
//! crash, becomes the error `unknown-effect`: nothing is ever done twice on a guess. Where the effect is a
//! transaction of a service that keeps the idempotency key in it, there is no guess: it is asked again under
//! the same key, and gives back what it did.
//!
//! An attempt that asked for more than reading and staging is *bound*: after a crash it goes on, answered
//! from its record, and what it staged is staged again from there too. No changed file is read for
//! that, so that somebody's change in between is a conflict and not overwritten. An attempt that is not
//! bound starts anew, and records nothing of what it stages before its end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_channel::oneshot;
use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind, RunId, Usage,
    call::{
        Admission, CallContext, Effect, Ledger, Lineage, Need, Outcome, Question, Remaining,
        Report, Stop,
    },
    clock::Timestamp,
    grant::Grants,
    id::RecordId,
    record::Durability,
    workspace::Change,
};

use crate::{
    account::{Account, Verdict},
    book::{Answer, Recorded},
    event::{self, ARGUMENTS_BYTES_MAX, Asked, Event, INLINE_BYTES_MAX, Reply},
    task::Task,
    telemetry,
    world::Notice,
};

/// Where answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// From the record as far as it goes, then from services.
    Live,
    /// From the record only.
    Verify {
        /// Whether the attempt ended in a way that no machine can repeat, a time limit say: then it
        /// is cut where its record ends.
        cut: bool,
    },
}

/// Admission, budget and record of one attempt of one task.
pub(crate) struct TaskLedger {
    task: Arc<Task>,
    mode: Mode,
    state: Mutex<State>,
}

struct State {
    account: Account,
    time: Timestamp,
    open: Option<Open>,
    stop: Option<Stop>,
    /// Where and how the guest asked otherwise than the record: the record's number, what it holds,
    /// what was asked.
    difference: Option<(u64, String, String)>,
    /// The guest asked on beyond a record that was cut.
    cut: bool,
    /// Completes when the running effect has ended and is recorded.
    outstanding: Option<oneshot::Receiver<()>>,
    /// Whether the attempt asked for more than reading and staging.
    bound: bool,
    reports: u64,
}

/// The admitted question.
struct Open {
    record: RecordId,
    asked: Asked,
}

impl TaskLedger {
    /// A ledger that knows `recorded` of the attempt, which began at `began`, and whether that asked for
    /// more than reading and staging.
    pub(crate) fn new(
        task: Arc<Task>,
        mode: Mode,
        began: Timestamp,
        recorded: BTreeMap<u32, Recorded>,
        bound: bool,
    ) -> Self {
        let account = Account::new(task.limits.clone(), task.depth, recorded);
        let state = State {
            account,
            time: began,
            open: None,
            stop: None,
            difference: None,
            cut: false,
            outstanding: None,
            bound,
            reports: 0,
        };
        Self { task, mode, state: Mutex::new(state) }
    }

    /// Whether it compares with the record instead of adding to it.
    pub(crate) fn verifies(&self) -> bool {
        matches!(self.mode, Mode::Verify { .. })
    }

    /// Waits until the running effect, if there is one, has ended and is recorded. The guest has ended for
    /// good.
    pub(crate) async fn settle(&self) {
        // Nobody waits for any outcome any more, so that it may end early: a search that goes on though
        // the time of its task is up, too.
        self.task.cancellation.cancel();
        let outstanding = self.state().outstanding.take();
        if let Some(ended) = outstanding {
            // The sender is dropped in any case once the effect has ended.
            let _ = ended.await;
        }
    }

    /// Why the guest was stopped, where it was.
    pub(crate) fn stop(&self) -> Option<Stop> {
        self.state().stop.clone()
    }

    /// Number of the record, what it holds, and what the guest asked instead, where it did.
    pub(crate) fn difference(&self) -> Option<(u64, String, String)> {
        self.state().difference.clone()
    }

    /// Whether the guest was stopped where its record ends.
    pub(crate) fn was_cut(&self) -> bool {
        self.state().cut
    }

    /// The first recorded question that the guest did not ask again.
    pub(crate) fn left_over(&self) -> Option<Recorded> {
        self.state().account.left_over().cloned()
    }

    /// What the attempt used of what is counted here.
    pub(crate) fn usage(&self) -> Usage {
        self.state().account.usage()
    }

    /// Whether the task may have `more` children now.
    pub(crate) fn children(&self, more: usize) -> Result<(), Error> {
        self.state().account.children(more)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn halt(&self, stop: Stop) -> Stop {
        self.state().stop.get_or_insert(stop).clone()
    }

    fn journal_failed(&self, error: impl ToString) -> Stop {
        self.halt(Stop::Journal(error.to_string()))
    }

    async fn record(&self, event: Event, durability: Durability) -> Result<Timestamp, Stop> {
        let written = self.task.shared.recorder.append_one(event, durability).await;
        written.map(|written| written.at).map_err(|error| self.journal_failed(error))
    }

    fn context(&self, record: RecordId) -> CallContext {
        let task = &self.task;
        CallContext {
            run: task.shared.run,
            skill: task.started.operation.package.clone(),
            record,
            idempotency_key: record.idempotency_key(task.shared.run),
            fencing_token: task.shared.recorder.epoch(),
            deadline: None,
            grants: task.grants_today(),
            stages: Arc::clone(&task.stages),
            secrets: task.shared.secrets.clone(),
            cancellation: task.cancellation.clone(),
        }
    }

    async fn decide(&self, question: Question<'_>) -> Result<Admission, Stop> {
        if let Some(stop) = self.stop() {
            return Err(stop);
        }
        if self.task.cancellation.is_cancelled() {
            return Err(self.halt(Stop::Cancelled));
        }
        let asked = Asked::of(&question);
        let (ordinal, verdict) = self.state().account.ask(&asked, question.arguments.len());
        let task = &self.task.started;
        let record = RecordId { task: task.task, attempt: task.attempt, ordinal };
        match verdict {
            Verdict::Spent(error) => {
                if self.mode == Mode::Live {
                    telemetry::denied(&self.task.span, &asked.name, asked.effect, &error);
                }
                Ok(Admission::Denied(error))
            }
            Verdict::Known(known) => self.answer_again(record, *known).await,
            Verdict::Other(known) => Err(self.diverged(ordinal, Some(&known), &asked)),
            Verdict::New => match self.mode {
                Mode::Live => self.admit_new(record, asked, &question.need).await,
                Mode::Verify { cut: true } => {
                    self.state().cut = true;
                    Err(self.halt(Stop::Cancelled))
                }
                Mode::Verify { cut: false } => Err(self.diverged(ordinal, None, &asked)),
            },
        }
    }

    async fn admit_new(
        &self,
        record: RecordId,
        asked: Asked,
        need: &Need<'_>,
    ) -> Result<Admission, Stop> {
        let grants = self.task.grants_today();
        let allowed = match need {
            Need::Operation { name } => {
                let operation = self.task.shared.resolve(name).map(|it| it.1.unversioned());
                operation.and_then(|name| grants.check(&Need::Operation { name: &name }))
            }
            need => grants.check(need),
        };
        if let Err(error) = allowed {
            telemetry::denied(&self.task.span, &asked.name, asked.effect, &error);
            let event = Event::EffectDenied { record, asked, error: error.clone() };
            self.state().time = self.record(event, Durability::Buffered).await?;
            return Ok(Admission::Denied(error));
        }
        let context = self.context(record);
        self.bind(&asked, &context).await?;
        self.state().open = Some(Open { record, asked });
        Ok(Admission::Perform(context))
    }

    /// Records the wish for an effect after which the attempt must not start anew, with what it staged
    /// so far.
    async fn bind(&self, asked: &Asked, context: &CallContext) -> Result<(), Stop> {
        let record = context.record;
        let (event, durability) = match asked.effect {
            Effect::Read | Effect::Staged => return Ok(()),
            Effect::External | Effect::Transaction => {
                let (asked, idempotency_key) = (asked.clone(), context.idempotency_key);
                let staged = self.staged_anew().await?;
                let event = Event::EffectIntended { record, asked, idempotency_key, staged };
                (event, Durability::Synced)
            }
            Effect::Tasks => {
                let (asked, staged) = (asked.clone(), self.staged_anew().await?);
                (Event::ChildrenRequested { record, asked, staged }, Durability::Buffered)
            }
        };
        self.state().bound = true;
        self.record(event, durability).await.map(drop)
    }

    async fn staged_anew(&self) -> Result<Vec<Change>, Stop> {
        let staged = self.task.shared.world.workspace.staged_anew(self.task.stage()).await;
        staged.map_err(|error| self.journal_failed(error))
    }

    async fn answer_again(&self, record: RecordId, known: Recorded) -> Result<Admission, Stop> {
        let Recorded { asked, answer, staged, .. } = known;
        let is_new = matches!(answer, Answer::Requested | Answer::Open);
        if self.mode == Mode::Live && !is_new {
            telemetry::recalled(&self.task.span, &asked.name, asked.effect);
        }
        // What an earlier guest of this life staged is still there.
        if self.mode == Mode::Live && self.task.stages(record.ordinal) {
            self.restage(record, asked.effect, staged)?;
        }
        match answer {
            Answer::Denied { at, error } => {
                self.state().time = at;
                Ok(Admission::Denied(error))
            }
            Answer::Given { at, reply, charge } => {
                let reply = self.fetch(reply)?;
                let mut state = self.state();
                state.time = at;
                state.account.charge(charge, reply.len());
                Ok(Admission::Recorded(reply))
            }
            Answer::Requested if self.mode == Mode::Live => {
                self.state().open = Some(Open { record, asked });
                Ok(Admission::Perform(self.context(record)))
            }
            Answer::Open if self.mode == Mode::Live => self.unknown(record, asked).await,
            Answer::Requested | Answer::Open => {
                self.state().cut = true;
                Err(self.halt(Stop::Cancelled))
            }
        }
    }

    /// Stages once more what an earlier life of the attempt staged up to the end of a question, and what
    /// the children did that it asked for with it.
    fn restage(&self, record: RecordId, effect: Effect, staged: Vec<Change>) -> Result<(), Stop> {
        let shared = &self.task.shared;
        let mut changes = staged;
        if effect == Effect::Tasks {
            changes.extend(shared.book.merged(record).cloned());
        }
        if changes.is_empty() {
            return Ok(());
        }
        let restaged = shared.world.workspace.restage(self.task.stage(), &changes);
        restaged.map_err(|error| self.journal_failed(error))
    }

    /// An effect was under way when its host died.
    async fn unknown(&self, record: RecordId, asked: Asked) -> Result<Admission, Stop> {
        let message = format!(
            "the host stopped while `{}` was under way, and nobody can tell whether it happened; \
             look at what it would have changed, then start the run anew or handle \
             `unknown-effect` in `on-error`",
            asked.name
        );
        telemetry::unknown(&self.task.span, &asked.name, asked.effect);
        let error = Error::new(ErrorKind::UnknownEffect, message);
        let reply = event::pack(&Err::<(), Error>(error));
        let event = Event::EffectAnswered {
            record,
            asked,
            reply: Reply::Inline(ByteBuf::from(reply.clone())),
            micros: 0,
            children: 0,
            staged: Vec::new(),
        };
        self.state().time = self.record(event, Durability::Synced).await?;
        Ok(Admission::Recorded(reply))
    }

    fn fetch(&self, reply: Reply) -> Result<Vec<u8>, Stop> {
        match reply {
            Reply::Inline(bytes) => Ok(bytes.into_vec()),
            Reply::Content(digest) => event::fetch(digest, &*self.task.shared.world.content)
                .map_err(|error| self.journal_failed(error)),
        }
    }

    fn diverged(&self, ordinal: u32, known: Option<&Recorded>, asked: &Asked) -> Stop {
        let recorded = known
            .map_or_else(|| "no further call".to_owned(), |known| format!("`{}`", known.asked));
        let now = format!("`{asked}`");
        let stop = Stop::Diverged(format!(
            "{}: call {ordinal} of task {}: recorded {recorded}, now {now}",
            self.task.place(),
            self.task.started.task,
        ));
        if let Some(known) = known {
            self.state().difference = Some((known.sequence, recorded, now));
        }
        self.halt(stop)
    }
}

impl Ledger for TaskLedger {
    fn admit<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Admission, Stop>> {
        Box::pin(self.decide(question))
    }

    fn perform<'a>(
        &'a self,
        _context: CallContext,
        effect: BoxFuture<'static, Outcome>,
    ) -> BoxFuture<'a, Result<Vec<u8>, Stop>> {
        Box::pin(async move {
            let Some(open) = self.state().open.take() else {
                return Err(self.halt(Stop::Diverged("an effect was not admitted".to_owned())));
            };
            let begun = self.task.shared.world.clock.now();
            let bound = self.state().bound;
            let performing = Performing { task: Arc::clone(&self.task), open, bound, begun };
            let ended = match performing.open.asked.effect {
                // Nothing depends on what nobody waits for any more: no need to outlive the guest.
                Effect::Read | Effect::Staged => performing.run(effect).await,
                Effect::External | Effect::Transaction | Effect::Tasks => {
                    self.detached(performing, effect).await
                }
            };
            let ended = ended.map_err(|error| self.journal_failed(error))?;
            self.task.stages(ended.ordinal);
            let mut state = self.state();
            state.time = ended.at;
            state.account.charge(ended.charge, ended.reply.len());
            Ok(ended.reply)
        })
    }

    fn pause(&self) -> Option<BoxFuture<'static, ()>> {
        self.task.pause(!self.verifies())
    }

    fn report(&self, report: Report) {
        let (number, is_kept) = {
            let mut state = self.state();
            state.reports += 1;
            (state.reports, state.account.report(&report))
        };
        if !is_kept || self.mode != Mode::Live || !self.task.tells(number) {
            return;
        }
        let report = clean(report);
        let task = self.task.started.task;
        self.task.shared.notice(Notice::Report { task, report: &report });
    }

    fn core(&self, make: &mut dyn FnMut() -> Vec<u8>) {
        // Whoever verifies compares; that a guest breaks again is no news.
        if self.mode == Mode::Live {
            let (shared, started) = (&self.task.shared, &self.task.started);
            shared.world.observer.core(shared.run, (started.task, started.attempt), make);
        }
    }

    fn used(&self, cpu: Duration, memory_bytes: u64) {
        self.task.used(cpu, memory_bytes);
    }

    fn time(&self) -> Timestamp {
        self.task.time(self.state().time)
    }

    fn run(&self) -> RunId {
        self.task.shared.run
    }

    fn lineage(&self) -> Lineage {
        Lineage {
            run: self.task.shared.run,
            task: self.task.started.task,
            parents: self.task.ancestors(),
        }
    }

    fn remaining(&self) -> Remaining {
        self.state().account.remaining()
    }

    fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.task.grants)
    }
}

impl TaskLedger {
    /// Runs an effect on its own, so that it ends and is recorded whatever becomes of the guest.
    async fn detached(
        &self,
        performing: Performing,
        effect: BoxFuture<'static, Outcome>,
    ) -> Result<Ended, String> {
        let (tell, told) = oneshot::channel();
        let (settle, settled) = oneshot::channel();
        self.state().outstanding = Some(settled);
        let spawn = Arc::clone(&self.task.shared.world.spawn);
        spawn.spawn(Box::pin(async move {
            // Nobody may be left to be told.
            let _ = tell.send(performing.run(effect).await);
            drop(settle);
        }));
        let ended = told.await;
        self.state().outstanding = None;
        ended.unwrap_or_else(|_| Err("the effect was dropped".to_owned()))
    }
}

struct Performing {
    task: Arc<Task>,
    open: Open,
    /// Whether what it stages can't be had by starting anew.
    bound: bool,
    begun: Timestamp,
}

struct Ended {
    ordinal: u32,
    at: Timestamp,
    reply: Vec<u8>,
    charge: voyager_base::call::Charge,
}

impl Performing {
    async fn run(self, effect: BoxFuture<'static, Outcome>) -> Result<Ended, String> {
        let outcome = effect.await;
        let world = &self.task.shared.world;
        let micros = world.clock.now().since(self.begun).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        let Asked { name, effect, .. } = &self.open.asked;
        telemetry::effect(&self.task.span, name, *effect, outcome.failed, micros);
        if self.open.asked.effect == Effect::Tasks && self.task.shared.is_gone() {
            return Err("the run was let go of".to_owned());
        }
        let durability = match self.open.asked.effect {
            Effect::External => Durability::Synced,
            // A transaction whose outcome is lost is asked again, and gives the same.
            Effect::Read | Effect::Staged | Effect::Transaction | Effect::Tasks => {
                Durability::Buffered
            }
        };
        let staged = match self.open.asked.effect {
            Effect::Staged | Effect::External | Effect::Transaction if self.bound => {
                world.workspace.staged_anew(self.task.stage()).await
            }
            // Children's changes stand with their ends.
            Effect::Read
            | Effect::Staged
            | Effect::External
            | Effect::Transaction
            | Effect::Tasks => Ok(Vec::new()),
        };
        let staged = staged.map_err(|error| error.message)?;
        let reply = if outcome.reply.len() <= INLINE_BYTES_MAX {
            Reply::Inline(ByteBuf::from(outcome.reply.clone()))
        } else {
            Reply::Content(world.content.put(&outcome.reply).map_err(|error| error.to_string())?)
        };
        let event = Event::EffectAnswered {
            record: self.open.record,
            asked: self.open.asked,
            reply,
            micros,
            children: outcome.charge.children,
            staged,
        };
        let written = self.task.shared.recorder.append_one(event, durability).await;
        let at = written.map_err(|error| error.to_string())?.at;
        let ordinal = self.open.record.ordinal;
        Ok(Ended { ordinal, at, reply: outcome.reply, charge: outcome.charge })
    }
}

impl Asked {
    fn of(question: &Question<'_>) -> Self {
        let keeps = question.arguments.len() <= ARGUMENTS_BYTES_MAX;
        Self {
            name: question.name.to_owned(),
            effect: question.effect,
            digest: Digest::of(question.arguments),
            arguments: keeps.then(|| ByteBuf::from(question.arguments)),
        }
    }
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = self
            .arguments
            .as_ref()
            .and_then(|bytes| rmp_serde::from_slice::<serde_json::Value>(bytes).ok());
        match json {
            Some(arguments) => write!(f, "{} {arguments}", self.name),
            None => write!(f, "{} (arguments {})", self.name, self.digest.short()),
        }
    }
}

/// Takes control characters out, so that a guest can't draw on a terminal.
fn clean(report: Report) -> Report {
    let clean = |text: String| -> String {
        text.chars().filter(|it| !it.is_control() || *it == '\t').collect()
    };
    match report {
        Report::Progress { done, total, note } => {
            Report::Progress { done, total, note: clean(note) }
        }
        Report::Log { level, message } => {
            Report::Log { level: clean(level), message: clean(message) }
        }
    }
}
