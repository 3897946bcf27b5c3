//! A run of the journal as a scenario: what it was given, what each call gave back, how it ended.
//!
//! Every call of a step is answered from the record, so that the scenario comes to the same end without a
//! skill, a program or the files that the run read. Files that calls changed are there as they were before.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use voyager_agent::{
    Event as Fact, Outcome,
    event::{Origin, Reply, RunStarted},
    scenario::Trace,
};
use voyager_base::{
    Digest, Error, ErrorKind, RunId, TaskId, Value,
    clock::Timestamp,
    value,
    workspace::{Change, FileState, ReadFile},
};
use voyager_manifest::{
    plan::{Awaited, InputKind, Mode, Plan},
    scenario::StepEnding,
};

use super::{Host, journal_failure};
use crate::{
    draft::{Answer, Draft, block, flow, mapping, quoted},
    failure::Failure,
};

/// Larger files are left out: nobody reads a test of that size.
const FILE_BYTES_MAX: usize = 64 << 10;

/// Answers `scenario from-run`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recorded {
    /// The run.
    pub(crate) run: String,
    /// Name of its manifest.
    pub(crate) name: String,
    /// File of its manifest, as it was named when the run began.
    pub(crate) manifest: String,
    /// Hash of the manifest's text.
    pub(crate) source: String,
    /// The scenario below its first lines.
    pub(crate) draft: Draft,
    /// What could not be taken over.
    pub(crate) notes: Vec<String>,
}

/// What is collected from the records.
#[derive(Default)]
struct Story {
    calls: Vec<Call>,
    /// What people said to waiting steps: which step, after how long, what.
    words: Vec<(usize, Duration, Result<Value, String>)>,
    /// Since when steps wait.
    waits: BTreeMap<(TaskId, usize), Timestamp>,
    /// Signals in the order in which they came.
    signals: Vec<(Timestamp, String, ByteBuf)>,
    places: BTreeMap<(TaskId, u32), usize>,
    /// Files as they were before the run.
    before: BTreeMap<String, Option<Vec<u8>>>,
    outcome: Option<Outcome>,
    notes: Vec<String>,
}

/// A call of a step.
struct Call {
    step: usize,
    item: u64,
    began: Timestamp,
    ended: Option<Timestamp>,
    result: Option<Result<ByteBuf, Error>>,
    changes: Vec<Change>,
}

impl Host {
    /// Answers `scenario from-run`.
    pub(super) fn recorded(&self, named: Option<&str>) -> Result<Recorded, Failure> {
        let run = self.named(named)?;
        let started = self.begun(run)?;
        let places = Places::of(&started);
        let mut story = Story::default();
        let mut broken = None;
        self.walk(run, |_, timed| {
            if let Err(failure) = self.tell(&mut story, &places, timed.at, timed.event) {
                broken.get_or_insert(failure);
            }
        })?;
        if let Some(failure) = broken {
            return Err(failure);
        }
        let Some(outcome) = story.outcome.take() else {
            return Err(Failure::usage(format!("the run {run} has not ended"))
                .hint("`agent-host resume` goes on with it"));
        };
        if let Some(inherited) = &started.inherited {
            let note = format!(
                "steps whose results it took over from run {} have no answer here",
                inherited.run
            );
            story.notes.push(note);
        }
        let draft = self.draft(run, &started, &places, &mut story, &outcome)?;
        Ok(Recorded {
            run: run.to_string(),
            name: started.plan.name.clone(),
            manifest: started.plan.file.clone(),
            source: started.plan.source.to_string(),
            draft,
            notes: story.notes,
        })
    }

    fn tell(
        &self,
        story: &mut Story,
        places: &Places,
        at: Timestamp,
        fact: Fact,
    ) -> Result<(), Failure> {
        match fact {
            Fact::TaskStarted(started) => {
                if let Origin::Step { step, item, .. } = started.origin {
                    story.places.insert((started.task, started.attempt), story.calls.len());
                    let (ended, result, changes) = (None, None, Vec::new());
                    let began = at;
                    story.calls.push(Call { step, item, began, ended, result, changes });
                }
            }
            Fact::TaskDone { task, attempt, result, changes, .. } => {
                let place = story.places.get(&(task, attempt)).copied();
                if let Some(call) = place.and_then(|place| story.calls.get_mut(place)) {
                    call.ended = Some(at);
                    call.result = Some(result);
                    call.changes = changes;
                    for change in call.changes.clone() {
                        let Some(path) = places.path(&change.root, &change.path) else { continue };
                        if let Entry::Vacant(entry) = story.before.entry(path) {
                            entry.insert(self.content(change.before.as_ref())?);
                        }
                    }
                }
            }
            Fact::EffectAnswered { asked, reply, .. } if asked.name == "workspace.read" => {
                self.read_file(story, places, asked.arguments.as_ref(), reply)?;
            }
            Fact::WaitStarted { frame, step, .. } => {
                story.waits.insert((frame, step), at);
            }
            Fact::WaitAnswered { frame, step, approved, by, comment } => {
                let since = story.waits.remove(&(frame, step)).unwrap_or(at);
                let text = |key: &str, text: String| (key.to_owned(), Value::String(text));
                let word = match approved {
                    true => Ok(Value::Record(vec![text("by", by), text("comment", comment)])),
                    false => Err(comment),
                };
                story.words.push((step, at.since(since), word));
            }
            Fact::SignalReceived { name, payload, .. } => story.signals.push((at, name, payload)),
            Fact::RunDone { outcome } => story.outcome = Some(outcome),
            _ => {}
        }
        Ok(())
    }

    /// A file that a skill read as a whole is one that the scenario can have.
    fn read_file(
        &self,
        story: &mut Story,
        places: &Places,
        arguments: Option<&ByteBuf>,
        reply: Reply,
    ) -> Result<(), Failure> {
        let asked: Option<ReadFile> = arguments.and_then(|bytes| rmp_serde::from_slice(bytes).ok());
        let Some(asked) = asked.filter(|asked| asked.offset == 0) else { return Ok(()) };
        let Some(path) = places.path(&asked.root, &asked.path) else { return Ok(()) };
        if story.before.contains_key(&path) {
            return Ok(());
        }
        let reply = match reply {
            Reply::Inline(bytes) => bytes.into_vec(),
            Reply::Content(digest) => self.kept(digest)?,
        };
        let read: Result<Result<ByteBuf, Error>, _> = rmp_serde::from_slice(&reply);
        if let Ok(Ok(content)) = read
            && (content.len() as u64) < asked.length
            && content.len() <= FILE_BYTES_MAX
        {
            story.before.insert(path, Some(content.into_vec()));
        }
        Ok(())
    }

    fn content(&self, state: Option<&FileState>) -> Result<Option<Vec<u8>>, Failure> {
        state.map(|state| self.kept(state.digest)).transpose()
    }

    fn kept(&self, digest: Digest) -> Result<Vec<u8>, Failure> {
        let kept = self.world.content.get(digest).map_err(|error| journal_failure(&error))?;
        kept.ok_or_else(|| {
            Failure::new(
                crate::failure::FailureKind::Environment,
                format!("the content {} is not kept any more", digest.short()),
            )
        })
    }

    fn draft(
        &self,
        run: RunId,
        started: &RunStarted,
        places: &Places,
        story: &mut Story,
        outcome: &Outcome,
    ) -> Result<Draft, Failure> {
        let plan = &started.plan;
        let files = std::mem::take(&mut story.before);
        let there = files.iter().filter_map(|(path, it)| Some((path, it.as_ref()?)));
        let files = texts(there, &mut story.notes);
        signals_as_words(plan, story);
        let mut answers: Vec<Answer> =
            story.words.iter().map(|word| word_as_answer(plan, word)).collect();
        for call in std::mem::take(&mut story.calls) {
            answers.extend(self.call_as_answer(plan, places, &call, &mut story.notes)?);
        }
        let trace =
            Trace::of(&*self.world.journal, &*self.world.content, run, plan, Timestamp::default())
                .map_err(|error| journal_failure(&error))?;
        Ok(Draft {
            inputs: inputs(started, places),
            files,
            answers,
            succeeded: outcome.is_ok(),
            end: end(outcome),
            steps: endings(plan, &trace),
            after: Some(self.files_after(run, places)?),
        })
    }

    /// What is expected of the files that the run wrote, whichever of its steps, blocks among them, made
    /// the changes real.
    fn files_after(&self, run: RunId, places: &Places) -> Result<String, Failure> {
        let mut told = String::new();
        for change in self.written(run)?.changes {
            let Some(path) = places.path(&change.root, &change.path) else { continue };
            if change.before == change.after {
                continue;
            }
            let after = self.content(change.after.as_ref())?;
            match after.as_deref().map(std::str::from_utf8) {
                None => told += &format!("    {}: {{ is: absent }}\n", quoted(&path)),
                Some(Ok(content)) if content.len() <= FILE_BYTES_MAX => {
                    told += &format!("    {}:\n      equals: {}", quoted(&path), block(content, 8));
                }
                Some(_) => told += &format!("    {}: {{ is: present }}\n", quoted(&path)),
            }
        }
        Ok(told)
    }

    /// The answer that stands in for a call; none for an attempt that its host did not survive, which
    /// was followed by another.
    fn call_as_answer(
        &self,
        plan: &Plan,
        places: &Places,
        call: &Call,
        notes: &mut Vec<String>,
    ) -> Result<Option<Answer>, Failure> {
        let step = &plan.steps[call.step];
        let (Some(result), Some(of)) = (&call.result, step.call()) else { return Ok(None) };
        let mut answer = Answer::of(&step.id);
        if step.for_each.is_some() {
            answer.head += &format!("    item: {}\n", call.item);
        }
        answer.head += "    times: 1\n";
        let races =
            plan.outward(call.step).any(|it| matches!(it.mode(), Some(Mode::Any | Mode::Race)));
        if let (true, Some(ended)) = (races, call.ended) {
            let millis = ended.since(call.began).as_millis();
            answer.head += &format!("    takes: {millis}ms\n");
        }
        match result {
            Err(error) => {
                let message = quoted(&error.message);
                answer.head += &format!("    fails: {}\n    message: {message}\n", error.kind);
                let own = of.operation.failure().filter(|_| !of.operation.fails_by_kind());
                if let (ErrorKind::Failed, Some(_), Some(detail)) = (error.kind, own, &error.detail)
                {
                    answer.head += &format!("    detail: {}\n", flow(detail));
                }
            }
            Ok(bytes) => {
                if let Some(ty) = of.operation.success() {
                    let value = value::decode(ty, bytes).map_err(|error| {
                        Failure::environment(format!("the result of `{}`", step.id), &error)
                    })?;
                    answer.result = Some(flow(&value));
                }
                answer.tail = self.changes_as_text(places, &call.changes, notes)?;
            }
        }
        Ok(Some(answer))
    }

    fn changes_as_text(
        &self,
        places: &Places,
        changes: &[Change],
        notes: &mut Vec<String>,
    ) -> Result<String, Failure> {
        let mut writes = BTreeMap::new();
        let mut removes = Vec::new();
        for change in changes {
            let Some(path) = places.path(&change.root, &change.path) else { continue };
            match self.content(change.after.as_ref())? {
                Some(content) => drop(writes.insert(path, content)),
                None => removes.push(quoted(&path)),
            }
        }
        let mut text = mapping("writes", 4, &texts(writes.iter(), notes));
        if !removes.is_empty() {
            text += &format!("    removes: [{}]\n", removes.join(", "));
        }
        Ok(text)
    }
}

/// The answer that says what somebody said to a step that waits.
fn word_as_answer(plan: &Plan, word: &(usize, Duration, Result<Value, String>)) -> Answer {
    let (step, after, said) = word;
    let mut answer = Answer::of(&plan.steps[*step].id);
    answer.head += &format!("    times: 1\n    takes: {}ms\n", after.as_millis());
    match said {
        Ok(value) if *value == Value::Tuple(Vec::new()) => {}
        Ok(value) => answer.result = Some(flow(value)),
        Err(comment) => {
            answer.head += &format!("    fails: refused\n    message: {}\n", quoted(comment));
        }
    }
    answer
}

/// Signals were taken in the order in which they came, by the steps that wait for them in theirs. Where a
/// signal came before the wait, it is there at once.
fn signals_as_words(plan: &Plan, story: &mut Story) {
    for (_, name, payload) in std::mem::take(&mut story.signals) {
        let waits = |step: usize| {
            plan.steps[step]
                .wait()
                .is_some_and(|it| matches!(&it.on, Awaited::Signal(own) if *own == name))
        };
        let first = story.waits.iter().filter(|((_, step), _)| waits(*step));
        let Some((key, _)) = first.min_by_key(|((_, step), at)| (**at, *step)) else { continue };
        let key = *key;
        story.waits.remove(&key);
        let value = match plan.signal(&name).flatten() {
            Some(ty) => value::decode(ty, &payload).ok(),
            None => Some(Value::Tuple(Vec::new())),
        };
        let Some(value) = value else { continue };
        story.words.push((key.1, Duration::ZERO, Ok(value)));
    }
}

/// Where the folders of a run lie in the workspace of its scenario.
struct Places(BTreeMap<String, String>);

impl Places {
    /// One folder is the whole workspace; several are folders of it, named by their inputs.
    fn of(started: &RunStarted) -> Self {
        let mut paths = BTreeMap::new();
        for (name, value) in &started.inputs {
            let input = started.plan.inputs.iter().find(|input| input.name == *name);
            let is_path = input.is_some_and(|input| matches!(input.kind, InputKind::Path));
            if let (true, Some(path)) = (is_path, text_of(value)) {
                paths.insert(path.to_owned(), name.clone());
            }
        }
        if paths.len() == 1 {
            paths.values_mut().for_each(|name| ".".clone_into(name));
        }
        let roots = started.folders.iter();
        let roots = roots.filter_map(|(root, path)| Some((root.clone(), paths.get(path)?.clone())));
        let mut places: BTreeMap<String, String> = roots.collect();
        places.extend(paths.into_iter().map(|(path, place)| (format!("={path}"), place)));
        Self(places)
    }

    /// A path of a granted folder, from the workspace.
    fn path(&self, root: &str, path: &str) -> Option<String> {
        match self.0.get(root)?.as_str() {
            "." => Some(path.to_owned()),
            folder => Some(format!("{folder}/{path}")),
        }
    }

    /// A path of the machine that an input names.
    fn input(&self, path: &str) -> &str {
        self.0.get(&format!("={path}")).map_or(".", String::as_str)
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Option(Some(inner)) => inner.as_str(),
        other => other.as_str(),
    }
}

/// Values of inputs that are not their defaults.
fn inputs(started: &RunStarted, places: &Places) -> Vec<String> {
    let told = started.inputs.iter().filter_map(|(name, value)| {
        let input = started.plan.inputs.iter().find(|input| input.name == *name)?;
        let shown = match (&input.kind, value) {
            (_, Value::Option(None)) => return None,
            (InputKind::Path, value) => places.input(text_of(value)?).to_owned(),
            (_, value) if Some(value) == input.default.as_ref() => return None,
            (InputKind::Duration, Value::Int(millis)) => format!("{millis}ms"),
            (InputKind::Size, Value::Int(bytes)) => format!("{bytes}B"),
            (_, value) => flow(value),
        };
        Some(format!("{name}: {shown}"))
    });
    told.collect()
}

/// What a scenario expects of the end.
fn end(outcome: &Outcome) -> String {
    match outcome {
        Err(failure) if failure.error.kind == ErrorKind::Cancelled => {
            "  status: cancelled\n".to_owned()
        }
        Err(failure) => {
            let step = failure.step.as_ref().map(|step| format!("    step: {step}\n"));
            format!("  error:\n    kind: {}\n{}", failure.error.kind, step.unwrap_or_default())
        }
        Ok(outputs) if outputs.is_empty() => String::new(),
        Ok(outputs) => {
            let told = outputs.iter().map(|(name, it)| format!("    {name}: {}\n", flow(it)));
            format!("  outputs:\n{}", told.collect::<String>())
        }
    }
}

fn endings(plan: &Plan, trace: &Trace) -> Vec<String> {
    let all = plan.steps.iter().zip(&trace.steps);
    all.map(|(step, became)| {
        let ending = became.ending.unwrap_or(StepEnding::NotReached).word();
        format!("{}: {{ is: {ending} }}", step.id)
    })
    .collect()
}

/// Those files that are text, and not too large.
fn texts<'a>(
    files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
    notes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for (path, content) in files {
        match std::str::from_utf8(content) {
            Ok(content) if content.len() <= FILE_BYTES_MAX => {
                told.push((path.clone(), content.to_owned()));
            }
            Ok(_) => notes.push(format!("`{path}` is left out: it has {} bytes", content.len())),
            Err(_) => notes.push(format!("`{path}` is left out: it is no UTF-8")),
        }
    }
    told
}
