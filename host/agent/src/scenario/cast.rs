//! Stand-ins for skills and programs, and what is known of who calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind, RunId, TaskId, Value,
    call::{CallContext, Folders, Invocation, Report, Skills, Spawn as _, ask},
    clock::{Clock, Timestamp},
    http::{HttpRequest, HttpResponse, HttpService},
    memory::{
        FindMemory, ForgetMemory, FoundMemory, KeepResult, ListMemory, MemoryHit, MemoryPassage,
        MemoryService, MemoryTurn, OFFERS_MAX, OfferedResult, RELATED_MAX, ReadMemory,
        RecallMemory, Recalled, RelateMemory, RelatedMemory, RememberMemory, Remembered,
        SeekHistory, SeekPassages, SeekRelations, SeekResults, Trust, UsedMemory,
    },
    process::{Finished, ProcessService, RunProgram},
    sim::{Executor, SimClock},
    workspace::{RemoveFile, WriteFile},
};
use voyager_manifest::{
    Plan, Scenario,
    plan::{Awaited, Step},
    scenario::{Fault, MemoryAnswer, Span, Whose},
};

use super::{Idle, Rest};

use crate::{
    event::{Event, Origin},
    interpreter::{Message, Waiting},
    run::Handle,
    world::{Notice, Observer},
};

/// Answers in place of skills and programs. It outlives hosts: an answer that was used up stays so.
pub struct Cast {
    scenario: Arc<Scenario>,
    /// Where the scenario's paths begin.
    workspace: String,
    clock: SimClock,
    executor: Executor,
    /// For each step of the plan the signal that it waits for.
    signals: Vec<Option<String>>,
    /// The components of the steps, where nothing but them is real.
    alone: Option<BTreeSet<Digest>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// For each task of a step: the step, its item, its newest attempt.
    of_steps: BTreeMap<TaskId, (usize, u64, u32)>,
    /// How often each answer was taken.
    taken: BTreeMap<usize, u32>,
    /// The answer that an attempt took: one that goes on after a crash takes the same again.
    given: BTreeMap<(TaskId, u32), usize>,
    /// Faults of calls that struck.
    struck: BTreeSet<usize>,
    /// The answer that each wait took: after a crash it is given again.
    of_waits: BTreeMap<TaskId, usize>,
    /// Why the run did not take the answer to a wait.
    unwanted: BTreeMap<TaskId, String>,
    /// The run that goes on.
    line: Option<Handle>,
    /// How often each program's answer was taken.
    programs_taken: BTreeMap<usize, u32>,
    /// The same for servers.
    servers_taken: BTreeMap<usize, u32>,
    /// The same for the memory.
    memory_taken: BTreeMap<usize, u32>,
    /// The answer that each question to the memory took: after a crash it is given again.
    of_memory: BTreeMap<Digest, usize>,
    /// The ids of what was remembered, by the same key.
    remembered: BTreeMap<Digest, Vec<u64>>,
    /// What was asked and has no answer: what to add to the scenario, each once.
    missing: BTreeSet<String>,
    /// Lines that skills logged.
    log: Vec<LogLine>,
}

/// A line that a skill logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: String,
    /// What it says.
    pub message: String,
}

/// What is done about a call.
struct Cue {
    /// It fails.
    fails: Option<Error>,
    /// It takes longer.
    delay: Duration,
    /// The answer that stands in.
    answer: Option<usize>,
}

impl Cast {
    /// A cast for a scenario whose paths begin at `workspace`.
    pub fn new(
        scenario: Arc<Scenario>,
        workspace: String,
        clock: SimClock,
        executor: Executor,
        plan: &Plan,
        rest: Rest,
    ) -> Self {
        let signal = |step: &Step| match step.wait().map(|wait| &wait.on) {
            Some(Awaited::Signal(name)) => Some(name.clone()),
            Some(Awaited::Approval(_)) | None => None,
        };
        let signals = plan.steps.iter().map(signal).collect();
        let components = plan.steps.iter().filter_map(|step| Some(step.call()?.component));
        let alone = (rest == Rest::Missing).then(|| components.collect());
        Self { scenario, workspace, clock, executor, signals, alone, state: Mutex::default() }
    }

    /// Skills of which the scenario answers some; the others are passed on.
    pub fn skills(self: &Arc<Self>, real: Arc<dyn Skills>) -> Arc<dyn Skills> {
        Arc::new(StandIns { cast: Arc::clone(self), real })
    }

    /// Programs, likewise.
    pub fn programs(self: &Arc<Self>, real: Arc<dyn ProcessService>) -> Arc<dyn ProcessService> {
        Arc::new(Programs { cast: Arc::clone(self), real })
    }

    /// Servers; nobody else is asked.
    pub fn servers(self: &Arc<Self>) -> Arc<dyn HttpService> {
        Arc::new(Servers(Arc::clone(self)))
    }

    /// The memory; no real one is asked.
    pub fn memory(self: &Arc<Self>) -> Arc<dyn MemoryService> {
        Arc::new(Memories(Arc::clone(self)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cue(&self, invocation: &Invocation) -> Cue {
        let task = invocation.ledger.lineage().task;
        let mut state = self.state();
        let of_step = state.of_steps.get(&task).copied();
        let (mut fails, mut delay) = (None, Duration::ZERO);
        for (at, (_, fault)) in self.scenario.faults.iter().enumerate() {
            match (fault, of_step) {
                (Fault::Fail { step, which, error }, Some((own, item, attempt)))
                    if *step == own && which.fits(item, attempt) =>
                {
                    fails = fails.or_else(|| Some(error.clone()));
                    state.struck.insert(at);
                }
                (Fault::Delay { step, which, by }, Some((own, item, attempt)))
                    if *step == own && which.fits(item, attempt) =>
                {
                    delay += *by;
                    state.struck.insert(at);
                }
                _ => {}
            }
        }
        let attempt = (task, of_step.map_or(0, |(_, _, attempt)| attempt));
        let known = state.given.get(&attempt).copied();
        let answer = known.or_else(|| self.take(&mut state, invocation, of_step));
        if let Some(answer) = answer {
            state.given.insert(attempt, answer);
        }
        Cue { fails, delay, answer }
    }

    /// Takes the first answer that fits and is not used up.
    fn take(
        &self,
        state: &mut State,
        invocation: &Invocation,
        of_step: Option<(usize, u64, u32)>,
    ) -> Option<usize> {
        let fits = |answer: &voyager_manifest::scenario::Answer| match (&answer.of, of_step) {
            (Whose::Step(step), Some((own, item, attempt))) => {
                *step == own && answer.which.fits(item, attempt)
            }
            (Whose::Step(_), None) => false,
            // Where only the steps are real they are what is tested, and not answered for.
            (Whose::Operation(_), Some(_)) if self.alone.is_some() => false,
            (Whose::Operation(name), _) => *name == invocation.operation.name,
        };
        let taken = self.scenario.answers.iter().enumerate().position(|(at, answer)| {
            let before = state.taken.get(&at).copied().unwrap_or(0);
            fits(answer) && answer.times.is_none_or(|times| before < times)
        })?;
        *state.taken.entry(taken).or_default() += 1;
        Some(taken)
    }

    /// The error of what has no answer, which is remembered: `what` was asked, `line` is what would answer it.
    fn missing(&self, what: &str, line: &str) -> Error {
        let message = format!("there is no answer to {what}; add {line}");
        self.state().missing.insert(message.clone());
        Error::unavailable(message)
    }

    /// What was asked and has no answer.
    pub(super) fn unanswered(&self) -> Vec<String> {
        self.state().missing.iter().cloned().collect()
    }

    /// What skills logged.
    pub(super) fn log(&self) -> Vec<LogLine> {
        self.state().log.clone()
    }

    /// The run that is told what somebody says to its waiting steps.
    pub(super) fn connect(&self, line: Handle) {
        self.state().line = Some(line);
    }

    /// Answers a step that waits, when its time has come.
    fn waits(self: &Arc<Self>, wait: &Waiting) {
        let mut state = self.state();
        let known = state.of_waits.get(&wait.id).copied();
        let fits = |state: &State, at: usize| {
            let answer = &self.scenario.answers[at];
            let before = state.taken.get(&at).copied().unwrap_or(0);
            answer.of == Whose::Step(wait.step) && answer.times.is_none_or(|times| before < times)
        };
        let found = known.or_else(|| {
            let at = (0..self.scenario.answers.len()).find(|at| fits(&state, *at))?;
            *state.taken.entry(at).or_default() += 1;
            state.of_waits.insert(wait.id, at);
            Some(at)
        });
        let (Some(line), Some(at)) = (state.line.clone(), found) else { return };
        let message = self.message(wait, at);
        let (clock, until) = (self.clock.clone(), self.scenario.answers[at].takes);
        let until = wait.since.after(until);
        let (this, wait) = (Arc::clone(self), wait.id);
        self.executor.spawn(Box::pin(async move {
            clock.wait_until(until).await;
            // A step that waits no more has no use for it; one that still does is told of at the end.
            if let Some(Err(unwanted)) = line.tell(message).await {
                this.state().unwanted.insert(wait, unwanted.0);
            }
        }));
    }

    /// What became of the answers to a wait that has no end: the place of one, and why it is no help.
    pub(super) fn unheard(&self, wait: &Waiting) -> Option<(Span, String)> {
        let (state, answers) = (self.state(), &self.scenario.answers);
        if let Some(at) = state.of_waits.get(&wait.id) {
            let why = state.unwanted.get(&wait.id).cloned();
            let why = why.unwrap_or_else(|| "another step took it".to_owned());
            return Some((answers[*at].span.clone(), why));
        }
        let own = answers.iter().rev().find(|answer| answer.of == Whose::Step(wait.step))?;
        Some((own.span.clone(), "it was given already, as often as `times` says".to_owned()))
    }

    fn message(&self, wait: &Waiting, at: usize) -> Message {
        let answer = &self.scenario.answers[at];
        let of = |value: &Value, field: &str| {
            let text = value.field(field).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        match (&self.signals[wait.step], &answer.result) {
            (Some(name), result) => Message::Signal {
                id: wait.id.to_string(),
                name: name.clone(),
                value: result.clone().ok().filter(|it| *it != Value::Tuple(Vec::new())),
                by: "scenario".to_owned(),
            },
            (None, Ok(value)) => Message::Answer {
                wait: wait.id.to_string(),
                approved: true,
                by: of(value, "by"),
                comment: of(value, "comment"),
            },
            (None, Err(error)) => Message::Answer {
                wait: wait.id.to_string(),
                approved: false,
                by: "scenario".to_owned(),
                comment: error.message.clone(),
            },
        }
    }

    /// What the scenario holds and no call met.
    pub(super) fn idle(&self) -> Vec<Idle> {
        let (state, scenario) = (self.state(), &self.scenario);
        let answers = scenario.answers.iter().enumerate();
        let answers = answers.filter(|(at, _)| !state.taken.contains_key(at));
        let programs = scenario.programs.iter().enumerate();
        let programs = programs.filter(|(at, _)| !state.programs_taken.contains_key(at));
        let faults = scenario.faults.iter().enumerate().filter(|(at, (_, fault))| {
            matches!(fault, Fault::Fail { .. } | Fault::Delay { .. }) && !state.struck.contains(at)
        });
        let answers = answers.map(|(_, it)| (it.span.clone(), "no call took this answer"));
        let programs = programs.map(|(_, it)| (it.span.clone(), "this program was not started"));
        let faults = faults.map(|(_, (span, _))| (span.clone(), "this fault struck no call"));
        let servers = scenario.servers.iter().enumerate();
        let servers = servers.filter(|(at, _)| !state.servers_taken.contains_key(at));
        let servers = servers.map(|(_, it)| (it.span.clone(), "no request took this answer"));
        let memory = scenario.memory.iter().enumerate();
        let memory = memory.filter(|(at, _)| !state.memory_taken.contains_key(at));
        let memory = memory.map(|(_, it)| (it.span.clone(), "no question took this answer"));
        answers.chain(programs).chain(servers).chain(memory).chain(faults).collect()
    }

    fn wait(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.clock.wait_until(self.clock.now().after(time))
    }

    /// The granted folder that a path of the scenario lies in, and the path from there.
    fn granted(&self, folders: &Folders, path: &str) -> Result<(String, String), Error> {
        let whole = format!("{}/{path}", self.workspace);
        let below = |(root, folder): (&String, &String)| {
            let rest = whole.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/')?;
            Some((folder.len(), root.clone(), rest.to_owned()))
        };
        let found = folders.iter().filter_map(below).max_by_key(|(length, ..)| *length);
        let found = found.map(|(_, root, rest)| (root, rest));
        found.ok_or_else(|| Error::invalid(format!("`{path}` lies in no granted folder")))
    }

    /// Stages what an answer says, as a skill would.
    async fn write(&self, invocation: &Invocation, answer: usize) -> Result<(), Error> {
        let stopped =
            |stop: voyager_base::call::Stop| Error::new(ErrorKind::Cancelled, stop.to_string());
        let folders = Arc::clone(&invocation.ledger.grants().folders);
        let (ledger, services) = (&*invocation.ledger, &invocation.services);
        for (path, content) in &self.scenario.answers[answer].writes {
            let (root, path) = self.granted(&folders, path)?;
            match content {
                Some(text) => {
                    let content = ByteBuf::from(text.as_bytes());
                    let call = WriteFile { root, path, content };
                    ask(ledger, services, call).await.map_err(stopped)??;
                }
                None => {
                    let call = RemoveFile { root, path };
                    ask(ledger, services, call).await.map_err(stopped)??;
                }
            }
        }
        Ok(())
    }
}

struct StandIns {
    cast: Arc<Cast>,
    real: Arc<dyn Skills>,
}

impl Skills for StandIns {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        let cue = self.cast.cue(&invocation);
        let is_real = |alone: &BTreeSet<Digest>| alone.contains(&invocation.component);
        if cue.answer.is_none() && !self.cast.alone.as_ref().is_none_or(is_real) {
            let name = invocation.operation.name.unversioned();
            let line = format!("to `answers`: {{ operation: \"{name}\", result: ... }}");
            let missing = self.cast.missing(&format!("the child task `{name}`"), &line);
            return Box::pin(std::future::ready(Err(missing)));
        }
        if cue.fails.is_none() && cue.answer.is_none() && cue.delay.is_zero() {
            return self.real.call(invocation);
        }
        let (cast, real) = (Arc::clone(&self.cast), Arc::clone(&self.real));
        Box::pin(async move {
            let takes = cue.answer.map_or(Duration::ZERO, |at| cast.scenario.answers[at].takes);
            let time = cue.delay + takes;
            let most = invocation.limits.time;
            // The sandbox would end it then.
            if most < time {
                cast.wait(most).await;
                let message = format!("the skill took longer than its limit `time` of {most:?}");
                return Err(Error::new(ErrorKind::Timeout, message));
            }
            cast.wait(time).await;
            if let Some(error) = cue.fails {
                return Err(error);
            }
            let Some(answer) = cue.answer else { return real.call(invocation).await };
            cast.write(&invocation, answer).await?;
            cast.scenario.answers[answer].result.clone()
        })
    }
}

struct Programs {
    cast: Arc<Cast>,
    real: Arc<dyn ProcessService>,
}

impl Programs {
    fn take(&self, call: &RunProgram) -> Option<usize> {
        let mut state = self.cast.state();
        let words: Vec<&String> =
            std::iter::once(&call.program).chain(call.arguments.iter()).collect();
        let all = self.cast.scenario.programs.iter().enumerate();
        let (taken, _) = all.into_iter().find(|(at, answer)| {
            let before = state.programs_taken.get(at).copied().unwrap_or(0);
            let begins = answer.run.len() <= words.len()
                && answer.run.iter().zip(&words).all(|(one, other)| one == *other);
            begins && answer.times.is_none_or(|times| before < times)
        })?;
        *state.programs_taken.entry(taken).or_default() += 1;
        Some(taken)
    }
}

impl ProcessService for Programs {
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        let taken = self.take(&call);
        Box::pin(async move {
            if taken.is_none() && self.cast.alone.is_some() {
                let words = std::iter::once(&call.program).chain(&call.arguments);
                let words: Vec<&String> = words.collect();
                let line = format!("to `programs`: {{ run: {words:?}, stdout: ... }}");
                return Err(self.cast.missing(&format!("the program {words:?}"), &line));
            }
            let Some(taken) = taken else {
                let _outside = self.cast.executor.outside();
                return self.real.run(context, call).await;
            };
            let answer = &self.cast.scenario.programs[taken];
            self.cast.wait(answer.takes).await;
            match &answer.result {
                Err((kind, message)) => Err(Error::new(*kind, message.clone())),
                Ok((code, stdout, stderr)) => Ok(Finished {
                    exit_code: Some(i32::from(*code)),
                    signal: None,
                    stdout: ByteBuf::from(stdout.as_bytes()),
                    stderr: ByteBuf::from(stderr.as_bytes()),
                    dropped: 0,
                    changed: Vec::new(),
                    discarded: 0,
                    confinement: Vec::new(),
                }),
            }
        })
    }
}

struct Servers(Arc<Cast>);

impl Servers {
    fn take(&self, request: &HttpRequest) -> Option<usize> {
        let mut state = self.0.state();
        let all = self.0.scenario.servers.iter().enumerate();
        let (taken, _) = all.into_iter().find(|(at, answer)| {
            let before = state.servers_taken.get(at).copied().unwrap_or(0);
            request.url.as_str().starts_with(&answer.url)
                && answer.method.as_ref().is_none_or(|method| *method == request.method)
                && answer.times.is_none_or(|times| before < times)
        })?;
        *state.servers_taken.entry(taken).or_default() += 1;
        Some(taken)
    }
}

impl HttpService for Servers {
    fn exchange<'a>(
        &'a self,
        _: &'a CallContext,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>> {
        let taken = self.take(&request);
        Box::pin(async move {
            let HttpRequest { method, url, .. } = request;
            let Some(taken) = taken else {
                let line = format!(
                    "to `servers`: {{ url: \"{url}\", method: {method}, status: 200, body: ... }}"
                );
                return Err(self.0.missing(&format!("the request `{method} {url}`"), &line));
            };
            let answer = &self.0.scenario.servers[taken];
            self.0.wait(answer.takes).await;
            match &answer.result {
                Err(kind) => {
                    Err(Error::new(*kind, format!("the scenario lets `{method} {url}` fail")))
                }
                Ok((status, headers, body)) => Ok(HttpResponse {
                    status: *status,
                    url: url.to_string(),
                    headers: headers.clone(),
                    body: ByteBuf::from(body.as_bytes()),
                }),
            }
        })
    }
}

struct Memories(Arc<Cast>);

impl Memories {
    /// The first answer that fits and is not used up. What is asked again under its key gets the same.
    fn take(&self, key: Digest, asks: &str, holds: impl Fn(&str) -> bool) -> Option<usize> {
        let mut state = self.0.state();
        if let Some(known) = state.of_memory.get(&key) {
            return Some(*known);
        }
        let taken = self.0.scenario.memory.iter().enumerate().position(|(at, answer)| {
            let before = state.memory_taken.get(&at).copied().unwrap_or(0);
            answer.asks == asks
                && answer.text.as_deref().is_none_or(&holds)
                && answer.times.is_none_or(|times| before < times)
        })?;
        *state.memory_taken.entry(taken).or_default() += 1;
        state.of_memory.insert(key, taken);
        Some(taken)
    }

    /// The memories that the scenario gives to a question, and the answer that they are of.
    async fn given(
        &self,
        context: &CallContext,
        asks: &str,
        holds: impl Fn(&str) -> bool,
    ) -> Result<(Vec<Remembered>, &MemoryAnswer), Error> {
        let Some(taken) = self.take(context.idempotency_key, asks, holds) else {
            let line = format!("to `memory`: {{ asks: {asks} }}");
            return Err(self.0.missing(&format!("what asks the memory to {asks}"), &line));
        };
        let answer = &self.0.scenario.memory[taken];
        self.0.wait(answer.takes).await;
        let failed =
            |kind| Error::new(kind, format!("the scenario lets the memory fail to {asks}"));
        Ok((answer.result.clone().map_err(failed)?, answer))
    }

    /// What the scenario lets a question find, asked as `asks` says.
    async fn found(
        &self,
        context: &CallContext,
        asks: &str,
        question: &RecallMemory,
    ) -> Result<Recalled, Error> {
        let holds = |text: &str| question.text.contains(text);
        let (given, answer) = self.given(context, asks, holds).await?;
        let hit = |(memory, place): (Remembered, u32)| MemoryHit {
            tokens: u32::try_from(memory.text.len() / 4).unwrap_or(u32::MAX),
            score: 1.0 / f64::from(place),
            memory,
        };
        let hits = given.into_iter().take(question.limit as usize).zip(1..).map(hit);
        let (doubt, dated) = (answer.doubt, answer.dated.clone());
        Ok(Recalled { hits: hits.collect(), doubt, dated, ..Recalled::default() })
    }
}

impl MemoryService for Memories {
    fn remember<'a>(
        &'a self,
        context: &'a CallContext,
        call: RememberMemory,
    ) -> BoxFuture<'a, Result<Vec<u64>, Error>> {
        Box::pin(async move {
            let holds = |text: &str| call.drafts.iter().any(|it| it.text.contains(text));
            self.given(context, "remember", holds).await?;
            let mut state = self.0.state();
            let before: usize = state.remembered.values().map(Vec::len).sum();
            let ids = (before as u64 + 1..).take(call.drafts.len());
            Ok(state
                .remembered
                .entry(context.idempotency_key)
                .or_insert_with(|| ids.collect())
                .clone())
        })
    }

    fn recall<'a>(
        &'a self,
        context: &'a CallContext,
        call: RecallMemory,
    ) -> BoxFuture<'a, Result<Recalled, Error>> {
        Box::pin(async move { self.found(context, "recall", &call).await })
    }

    fn relate<'a>(
        &'a self,
        context: &'a CallContext,
        _: RelateMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.given(context, "relate", |_| false).await.map(drop) })
    }

    fn forget<'a>(
        &'a self,
        context: &'a CallContext,
        _: ForgetMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.given(context, "forget", |_| false).await.map(drop) })
    }

    fn used<'a>(
        &'a self,
        context: &'a CallContext,
        _: UsedMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move { self.given(context, "used", |_| false).await.map(drop) })
    }

    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadMemory,
    ) -> BoxFuture<'a, Result<Remembered, Error>> {
        Box::pin(async move {
            let (given, _) = self.given(context, "read", |_| false).await?;
            let none = || Error::not_found(format!("there is no memory m{}", call.id));
            given.into_iter().next().ok_or_else(none)
        })
    }

    fn keep_result<'a>(
        &'a self,
        _: &'a CallContext,
        _: KeepResult,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        // A scenario leaves nothing behind, and no skill can rest on its being kept.
        Box::pin(std::future::ready(Ok(false)))
    }

    fn offers<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekResults,
    ) -> BoxFuture<'a, Result<Vec<OfferedResult>, Error>> {
        Box::pin(async move {
            let question = call.question.text;
            let holds = |text: &str| question.contains(text);
            // Nothing kept is what a skill finds on any new host.
            if self.take(context.idempotency_key, "offers", holds).is_none() {
                return Ok(Vec::new());
            }
            let (given, _) = self.given(context, "offers", holds).await?;
            let offer = |it: Remembered| OfferedResult {
                question: question.clone(),
                asked: it.at,
                likeness: 1.0,
                found: Vec::new(),
                text: it.text,
                run: context.run.to_string(),
                skill: context.skill.clone(),
                trust: Trust::Skill,
            };
            Ok(given.into_iter().take(OFFERS_MAX).map(offer).collect())
        })
    }

    fn find<'a>(
        &'a self,
        context: &'a CallContext,
        call: FindMemory,
    ) -> BoxFuture<'a, Result<FoundMemory, Error>> {
        Box::pin(async move {
            let recalled = self.found(context, "find", &call.search.question).await?;
            // Nothing was measured.
            let signals = vec![Vec::new(); recalled.hits.len()];
            Ok(FoundMemory { recalled, signals })
        })
    }

    fn passages<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekPassages,
    ) -> BoxFuture<'a, Result<Vec<MemoryPassage>, Error>> {
        Box::pin(async move {
            let recalled = self.found(context, "passages", &call.search.question).await?;
            let passage = |MemoryHit { memory, score, tokens }: MemoryHit| {
                let turns = vec![MemoryTurn { memory, score: Some(score), tokens }];
                MemoryPassage { score, turns }
            };
            Ok(recalled.hits.into_iter().map(passage).collect())
        })
    }

    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: ListMemory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        Box::pin(async move {
            let (mut given, _) = self.given(context, "list", |_| false).await?;
            given.retain(|it| call.after.is_none_or(|after| after < it.id));
            given.sort_by_key(|it| it.id);
            given.truncate(call.search.question.limit as usize);
            Ok(given)
        })
    }

    fn relations<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekRelations,
    ) -> BoxFuture<'a, Result<Vec<RelatedMemory>, Error>> {
        Box::pin(async move {
            let (given, _) = self.given(context, "relations", |_| false).await?;
            // Who wants trust is told of no other kinds but two.
            let is_any = context.grants.trust_wanted() == Trust::Outside;
            let kind = if is_any { "related" } else { "derived-from" };
            let related = |memory: Remembered| {
                let (from, kind, to) = (call.id, kind.to_owned(), memory.id);
                let relation = RelateMemory { from, kind, to, weight: 1.0 };
                RelatedMemory { relation, memory }
            };
            let part = given.into_iter().skip(call.skip as usize).take(RELATED_MAX);
            Ok(part.map(related).collect())
        })
    }

    fn history<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekHistory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        Box::pin(async move {
            let (given, _) = self.given(context, "history", |_| false).await?;
            Ok(given.into_iter().skip(call.skip as usize).take(RELATED_MAX).collect())
        })
    }
}

/// Learns from what happens who calls, and answers those who wait.
pub(super) struct Listener(pub(super) Arc<Cast>);

impl Observer for Listener {
    fn notice(&self, _run: RunId, _at: Timestamp, notice: Notice<'_>) {
        let cast = &self.0;
        if let Notice::Waits(wait) = notice {
            return cast.waits(wait);
        }
        if let Notice::Report { report: Report::Log { level, message }, .. } = notice {
            let line = LogLine { level: level.clone(), message: message.clone() };
            return cast.state().log.push(line);
        }
        let Notice::Fact(Event::TaskStarted(started)) = notice else { return };
        if let Origin::Step { step, item, .. } = started.origin {
            cast.state().of_steps.insert(started.task, (step, item, started.attempt));
        }
    }
}
