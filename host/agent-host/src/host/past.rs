//! What the journal tells of runs: lists, details, records, replays.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use voyager_agent::{
    Event as Fact, Outcome, Timed,
    book::{Answer, Attempt, Book},
    event::{self, Asked, Origin},
};
use voyager_base::{
    ErrorKind, RunId, TaskId, Usage, Value, call::Effect, clock::Timestamp, record::Entry,
};
use voyager_manifest::Plan;

use super::{
    Host, journal_failure,
    start::{run_error, status},
};
use crate::{
    answer::{
        EffectDetail, PauseDetail, ReplayAnswer, RunDetail, RunRow, Status, StepDetail, TaskDetail,
        ToldDetail,
    },
    failure::{Failure, FailureKind},
};

/// Bytes of records that are read at a time.
const READ_BYTES_MAX: usize = 4 << 20;

impl Host {
    /// Answers `runs list`.
    pub(super) fn runs(&self) -> Result<Vec<RunRow>, Failure> {
        self.all_runs()?.into_iter().map(|run| self.row(run)).collect()
    }

    /// Answers `runs show` and `runs trace`.
    pub(super) fn show(&self, named: Option<&str>) -> Result<RunDetail, Failure> {
        let run = self.named(named)?;
        let started = self.begun(run)?;
        let plan = &started.plan;
        let (mut book, mut states) = (Book::of_all(), BTreeMap::new());
        let mut pauses = Pauses::new();
        let (mut outcome, mut told) = (None, Vec::new());
        self.walk(run, |sequence, timed| {
            told.extend(word(plan, &timed));
            book.apply(sequence, &timed);
            match timed.event {
                Fact::StepStarted { step, .. } => drop(states.insert(step, "running")),
                Fact::StepSkipped { step, .. } => drop(states.insert(step, "skipped")),
                Fact::StepDone { step, error: Some(_), .. } => drop(states.insert(step, "failed")),
                Fact::StepDone { step, error: None, .. } => drop(states.insert(step, "done")),
                Fact::RunDone { outcome: ended } => outcome = Some(ended),
                Fact::TaskPaused { task, attempt, micros, .. } => {
                    let (count, total) = pauses.entry((task, attempt)).or_default();
                    (*count, *total) = (*count + 1, total.saturating_add(micros));
                }
                _ => {}
            }
        })?;
        let mut kept: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        if let Some(inherited) = &started.inherited {
            inherited.steps.each(&mut |step, items| {
                states.entry(step).or_insert("kept");
                kept.entry(step).or_default().extend(item_path(items));
            });
        }
        let began = self.fact(run, 0)?.map(|timed| timed.at).unwrap_or_default();
        let family = Family::of(&book, &pauses, began);
        let mut usage = Usage::default();
        let ends = book.attempts().filter_map(|attempt| attempt.end.as_ref()?.usage);
        ends.for_each(|used| usage.add(used));
        let steps = plan.steps.iter().enumerate().map(|(number, step)| StepDetail {
            step: step.id.clone(),
            state: (*states.get(&number).unwrap_or(&"waiting")).to_owned(),
            kept: kept.remove(&number).unwrap_or_default(),
            tasks: family.of_step(number),
        });
        let mut row = self.row(run)?;
        let head = self.head(run)?;
        let waits = if outcome.is_none() { self.waits(run, plan)? } else { Vec::new() };
        if !waits.is_empty() && row.status == Status::Interrupted {
            row.status = Status::Waiting;
        }
        Ok(RunDetail {
            waits,
            told,
            from: started.inherited.as_ref().map(|it| it.run.to_string()),
            file: plan.file.clone(),
            chain: head.chain.to_string(),
            inputs: started.inputs.iter().map(|(name, it)| (name.clone(), it.to_json())).collect(),
            usage,
            steps: steps.collect(),
            outputs: outcome.as_ref().and_then(outputs),
            error: outcome.as_ref().and_then(|it| it.as_ref().err()).map(|it| run_error(plan, it)),
            row,
        })
    }

    /// Answers `runs export`.
    pub(super) fn export(&self, named: &str) -> Result<Vec<Json>, Failure> {
        let run = self.named(Some(named))?;
        let mut records = Vec::new();
        self.walk(run, |sequence, timed| {
            records.push(json!({
                "record": sequence,
                "at": timed.at.to_string(),
                "fact": timed.event.name(),
                "body": readable(serde_json::to_value(&timed.event).unwrap_or(Json::Null)),
            }));
        })?;
        Ok(records)
    }

    /// Answers `replay`.
    pub(super) async fn replay(&self, named: &str, verify: bool) -> Result<ReplayAnswer, Failure> {
        let run = self.named(Some(named))?;
        let (replayed, attempts) = if verify {
            let _pins = self.pin(&self.begun(run)?.plan).await?;
            let verified =
                voyager_agent::replay_verify(&self.world, run).await.map_err(|it| differs(&it))?;
            if let Some(difference) = &verified.difference {
                return Err(Failure::new(FailureKind::Diverged, difference.to_string())
                    .hint("the skill asked or answered otherwise than when it was recorded"));
            }
            (verified.replayed, Some(verified.attempts))
        } else {
            let (journal, content) = (&*self.world.journal, &*self.world.content);
            let replayed = voyager_agent::replay(journal, content, run);
            (replayed.map_err(|it| differs(&it))?, None)
        };
        Ok(ReplayAnswer {
            run: run.to_string(),
            records: replayed.events,
            chain: replayed.head.chain.to_string(),
            status: replayed.outcome.as_ref().map_or_else(|| self.open_status(run), status),
            attempts_verified: attempts,
        })
    }

    /// One record of a run.
    pub(super) fn fact(&self, run: RunId, number: u64) -> Result<Option<Timed>, Failure> {
        let entries =
            self.world.journal.read(run, number, 1).map_err(|error| journal_failure(&error))?;
        entries.first().map(|entry| self.decode(entry)).transpose()
    }

    /// How a run ended; none where it has not.
    pub(super) fn ended(&self, run: RunId) -> Result<Option<Outcome>, Failure> {
        let last = self.head(run)?.sequence.saturating_sub(1);
        Ok(match self.fact(run, last)?.map(|timed| timed.event) {
            Some(Fact::RunDone { outcome }) => Some(outcome),
            _ => None,
        })
    }

    pub(super) fn newest_interrupted(&self) -> Result<RunId, Failure> {
        for run in self.all_runs()?.into_iter().rev() {
            let last = self.head(run)?.sequence.saturating_sub(1);
            let last = self.fact(run, last)?.map(|timed| timed.event);
            let rests = matches!(
                last,
                Some(Fact::RunDone { .. } | Fact::RunPaused { .. } | Fact::WaitStarted { .. })
            );
            if !rests && !self.active().contains_key(&run) {
                return Ok(run);
            }
        }
        Err(Failure::usage("no run is interrupted").hint("`agent-host runs` lists all runs"))
    }

    /// A run as `runs list` shows it, and when its last record was made; none where it never began.
    pub(super) fn row_and_end(&self, run: RunId) -> Result<Option<(RunRow, Timestamp)>, Failure> {
        let last = self.head(run)?.sequence.checked_sub(1);
        let Some(last) = last else { return Ok(None) };
        let Some(last) = self.fact(run, last)? else { return Ok(None) };
        Ok(Some((self.row(run)?, last.at)))
    }

    pub(super) fn row(&self, run: RunId) -> Result<RunRow, Failure> {
        let head = self.head(run)?;
        let (first, last) = (self.fact(run, 0)?, self.fact(run, head.sequence.saturating_sub(1))?);
        let (name, started) = match first {
            Some(Timed { at, event: Fact::RunStarted(started) }) => (started.plan.name.clone(), at),
            _ => (String::new(), Timestamp::default()),
        };
        let status = match last.as_ref().map(|timed| &timed.event) {
            Some(Fact::RunDone { outcome }) => status(outcome),
            // What came last tells without reading all of it; `show` reads all.
            Some(Fact::WaitStarted { .. }) if !self.active().contains_key(&run) => Status::Waiting,
            Some(Fact::RunPaused { .. }) => Status::Paused,
            _ => self.open_status(run),
        };
        let ended = match status {
            Status::Running => self.world.clock.now(),
            _ => last.map_or(started, |timed| timed.at),
        };
        Ok(RunRow {
            run: run.to_string(),
            name,
            status,
            started: started.to_string(),
            millis: u64::try_from(ended.since(started).as_millis()).unwrap_or(u64::MAX),
            records: head.sequence,
        })
    }

    fn open_status(&self, run: RunId) -> Status {
        if self.active().contains_key(&run) { Status::Running } else { Status::Interrupted }
    }

    fn head(&self, run: RunId) -> Result<voyager_base::chain::Head, Failure> {
        let head = self.world.journal.head(run).map_err(|error| journal_failure(&error))?;
        head.ok_or_else(|| Failure::usage(format!("there is no run {run}")))
    }

    fn decode(&self, entry: &Entry) -> Result<Timed, Failure> {
        event::decode(&entry.payload, &*self.world.content).map_err(|error| journal_failure(&error))
    }

    /// Gives every record of a run, with its number.
    pub(super) fn walk(&self, run: RunId, mut take: impl FnMut(u64, Timed)) -> Result<(), Failure> {
        let mut next = 0;
        loop {
            let entries = self
                .world
                .journal
                .read(run, next, READ_BYTES_MAX)
                .map_err(|error| journal_failure(&error))?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in &entries {
                take(next, self.decode(entry)?);
                next += 1;
            }
        }
    }
}

/// The numbers of items within each other as one text; none where there are none.
fn item_path(items: &[u64]) -> Option<String> {
    let numbers: Vec<String> = items.iter().map(u64::to_string).collect();
    (!numbers.is_empty()).then(|| numbers.join("/"))
}

/// What somebody told the run with this fact.
fn word(plan: &Plan, timed: &Timed) -> Option<ToldDetail> {
    let detail = |what: &str, about: &str, by: &str, comment: &str| {
        let at = timed.at.to_string();
        let (what, about) = (what.to_owned(), about.to_owned());
        Some(ToldDetail { at, what, about, by: by.to_owned(), comment: comment.to_owned() })
    };
    match &timed.event {
        Fact::WaitAnswered { step, approved, by, comment, .. } => {
            let what = if *approved { "approved" } else { "refused" };
            let id = plan.steps.get(*step).map(|step| step.id.as_str());
            detail(what, id.unwrap_or_default(), by, comment)
        }
        Fact::SignalReceived { name, by, .. } => detail("signalled", name, by, ""),
        Fact::RunPaused { by } => detail("paused", "the run", by, ""),
        Fact::RunKilled { by } => detail("killed", "the run", by, ""),
        _ => None,
    }
}

fn differs(error: &voyager_agent::ReplayError) -> Failure {
    let failure = Failure::environment("the replay stops", error);
    Failure { kind: FailureKind::Diverged, ..failure }
}

fn outputs(outcome: &Outcome) -> Option<Json> {
    let outputs = outcome.as_ref().ok()?;
    Some(
        outputs
            .iter()
            .map(|(name, value): &(String, Value)| (name.clone(), value.to_json()))
            .collect(),
    )
}

/// Bytes are shown as text where they are some, and as their number where not: a list of numbers helps
/// nobody.
fn readable(json: Json) -> Json {
    match json {
        Json::Array(items) => {
            let bytes: Option<Vec<u8>> = (items.len() >= 16)
                .then(|| {
                    items
                        .iter()
                        .map(|it| it.as_u64().and_then(|it| u8::try_from(it).ok()))
                        .collect()
                })
                .flatten();
            match bytes {
                Some(id) if id.len() == 16 || id.len() == 32 => {
                    Json::String(id.iter().map(|byte| format!("{byte:02x}")).collect())
                }
                Some(bytes) => match String::from_utf8(bytes) {
                    Ok(text) => Json::String(text),
                    Err(other) => json!({ "bytes": other.as_bytes().len() }),
                },
                None => items.into_iter().map(readable).collect(),
            }
        }
        Json::Object(fields) => fields.into_iter().map(|(key, it)| (key, readable(it))).collect(),
        other => other,
    }
}

/// How often a more important task took the slot of an attempt, and for how many microseconds in all.
type Pauses = BTreeMap<(TaskId, u32), (u32, u64)>;

/// Attempts by the step or the task that asked for them.
struct Family<'b> {
    of_steps: BTreeMap<usize, Vec<&'b Attempt>>,
    of_tasks: BTreeMap<(TaskId, u32), Vec<&'b Attempt>>,
    pauses: &'b Pauses,
    /// When the run began.
    began: Timestamp,
}

impl<'b> Family<'b> {
    fn of(book: &'b Book, pauses: &'b Pauses, began: Timestamp) -> Self {
        let (of_steps, of_tasks) = (BTreeMap::new(), BTreeMap::new());
        let mut family = Self { of_steps, of_tasks, pauses, began };
        let mut attempts: Vec<&Attempt> = book.attempts().collect();
        attempts.sort_by_key(|it| it.sequence);
        for attempt in attempts {
            match &attempt.started.origin {
                Origin::Step { step, .. } => {
                    family.of_steps.entry(*step).or_default().push(attempt)
                }
                Origin::Parent { asked, .. } => {
                    family.of_tasks.entry((asked.task, asked.attempt)).or_default().push(attempt);
                }
            }
        }
        family
    }

    fn of_step(&self, step: usize) -> Vec<TaskDetail> {
        self.of_steps.get(&step).into_iter().flatten().map(|it| self.detail(it)).collect()
    }

    fn detail(&self, attempt: &Attempt) -> TaskDetail {
        let started = &attempt.started;
        let children = self.of_tasks.get(&(started.task, started.attempt));
        let last = attempt.end.as_ref().map_or(attempt.at, |end| end.at);
        let paused = self.pauses.get(&(started.task, started.attempt));
        let error = attempt.end.as_ref().and_then(|end| end.result.as_ref().err());
        TaskDetail {
            task: started.task.to_string(),
            operation: started.operation.to_string(),
            attempt: started.attempt,
            state: state(attempt).to_owned(),
            after_millis: millis(attempt.at.since(self.began)),
            millis: millis(last.since(attempt.at)),
            paused: paused
                .map(|(times, micros)| PauseDetail { times: *times, millis: micros / 1_000 }),
            kept_from: attempt.end.as_ref().and_then(|end| end.kept_from).map(|it| it.to_string()),
            usage: attempt.end.as_ref().and_then(|end| end.usage),
            error: error.map(|error| format!("{}: {}", error.kind, error.message)),
            effects: attempt.questions.values().map(|it| effect(&it.asked, &it.answer)).collect(),
            staged: attempt
                .end
                .iter()
                .flat_map(|end| &end.changes)
                .map(|change| format!("{}/{}", change.root, change.path))
                .collect(),
            children: children.into_iter().flatten().map(|it| self.detail(it)).collect(),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn state(attempt: &Attempt) -> &'static str {
    match attempt.end.as_ref().map(|end| &end.result) {
        Some(Ok(_)) => "done",
        Some(Err(_)) => "failed",
        None => "open",
    }
}

pub(super) fn effect(asked: &Asked, answer: &Answer) -> EffectDetail {
    let outcome = match answer {
        Answer::Open => "unknown",
        // Whoever resumes the run knows it again.
        Answer::Requested if asked.effect == Effect::Transaction => "unknown",
        Answer::Requested => "requested",
        Answer::Denied { error, .. } if error.kind == ErrorKind::Limit => "limit",
        Answer::Denied { .. } => "denied",
        Answer::Given { .. } => "done",
    };
    EffectDetail { call: asked.name.clone(), about: about(asked), outcome: outcome.to_owned() }
}

/// Arguments that name something. Others may hold what no JSON can, bytes say.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Naming {
    root: Option<Json>,
    path: Option<Json>,
    from: Option<Json>,
    to: Option<Json>,
    program: Option<Json>,
    arguments: Option<Json>,
    operation: Option<Json>,
    globs: Option<Json>,
    method: Option<Json>,
    url: Option<Json>,
}

/// What a question was about: the fields of its arguments that name something.
fn about(asked: &Asked) -> String {
    let fields: Option<Naming> =
        asked.arguments.as_ref().and_then(|bytes| rmp_serde::from_slice(bytes).ok());
    let Some(fields) = fields else { return String::new() };
    let Naming { root, path, from, to, program, arguments, operation, globs, method, url } = fields;
    let named = [root, path, from, to, program, arguments, operation, globs, method, url];
    let texts = named.into_iter().flatten().filter_map(|value| match value {
        Json::String(text) => Some(text),
        Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_string) => {
            Some(items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}
