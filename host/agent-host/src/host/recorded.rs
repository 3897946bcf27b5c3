//! A run of the journal as a scenario: what it was given, what each call gave back, how it ended.
//!
//! Every call of a step is answered from the record, so that the scenario comes to the same end without a
//! skill, a program or the files that the run read. Files that calls changed are there as they were before.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
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
use crate::failure::Failure;

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
    pub(crate) body: String,
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
        let body = self.body(run, &started, &places, &mut story, &outcome)?;
        Ok(Recorded {
            run: run.to_string(),
            name: started.plan.name.clone(),
            manifest: started.plan.file.clone(),
            source: started.plan.source.to_string(),
            body,
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

    fn body(
        &self,
        run: RunId,
        started: &RunStarted,
        places: &Places,
        story: &mut Story,
        outcome: &Outcome,
    ) -> Result<String, Failure> {
        let plan = &started.plan;
        let mut text = String::new();
        inputs(&mut text, started, places);
        let files = std::mem::take(&mut story.before);
        let there = files.iter().filter_map(|(path, it)| Some((path, it.as_ref()?)));
        files_of(&mut text, "files", 0, there, &mut story.notes);
        signals_as_words(plan, story);
        if !story.calls.is_empty() || !story.words.is_empty() {
            text += "answers:\n";
        }
        for (step, after, word) in &story.words {
            let id = &plan.steps[*step].id;
            text += &format!("  - step: {id}\n    times: 1\n    takes: {}ms\n", after.as_millis());
            match word {
                Ok(value) if *value == Value::Tuple(Vec::new()) => {}
                Ok(value) => text += &format!("    result: {}\n", flow(value)),
                Err(comment) => {
                    text += &format!("    fails: refused\n    message: {}\n", quoted(comment));
                }
            }
        }
        for call in std::mem::take(&mut story.calls) {
            self.call_as_answer(&mut text, plan, places, &call, &mut story.notes)?;
        }
        let trace =
            Trace::of(&*self.world.journal, &*self.world.content, run, plan, Timestamp::default())
                .map_err(|error| journal_failure(&error))?;
        expected(&mut text, plan, outcome, &trace);
        let told = self.files_after(run, places)?;
        if !told.is_empty() {
            text += &format!("  files:\n{told}");
        }
        text += "  other-files: unchanged\n";
        Ok(text)
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

    fn call_as_answer(
        &self,
        text: &mut String,
        plan: &Plan,
        places: &Places,
        call: &Call,
        notes: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let step = &plan.steps[call.step];
        // An attempt that its host did not survive was followed by another.
        let (Some(result), Some(of)) = (&call.result, step.call()) else { return Ok(()) };
        *text += &format!("  - step: {}\n", step.id);
        if step.for_each.is_some() {
            *text += &format!("    item: {}\n", call.item);
        }
        *text += "    times: 1\n";
        let races =
            plan.outward(call.step).any(|it| matches!(it.mode(), Some(Mode::Any | Mode::Race)));
        if let (true, Some(ended)) = (races, call.ended) {
            let millis = ended.since(call.began).as_millis();
            *text += &format!("    takes: {millis}ms\n");
        }
        match result {
            Err(error) => {
                let message = quoted(&error.message);
                *text += &format!("    fails: {}\n    message: {message}\n", error.kind);
                let own = of.operation.failure().filter(|_| !of.operation.fails_by_kind());
                if let (ErrorKind::Failed, Some(_), Some(detail)) = (error.kind, own, &error.detail)
                {
                    *text += &format!("    detail: {}\n", flow(detail));
                }
            }
            Ok(bytes) => {
                if let Some(ty) = of.operation.success() {
                    let value = value::decode(ty, bytes).map_err(|error| {
                        Failure::environment(format!("the result of `{}`", step.id), &error)
                    })?;
                    *text += &format!("    result: {}\n", flow(&value));
                }
                let mut writes = BTreeMap::new();
                let mut removes = BTreeSet::new();
                for change in &call.changes {
                    let Some(path) = places.path(&change.root, &change.path) else { continue };
                    match self.content(change.after.as_ref())? {
                        Some(content) => drop(writes.insert(path, content)),
                        None => drop(removes.insert(path)),
                    }
                }
                files_of(text, "writes", 4, writes.iter(), notes);
                if !removes.is_empty() {
                    let removes: Vec<String> = removes.iter().map(|it| quoted(it)).collect();
                    *text += &format!("    removes: [{}]\n", removes.join(", "));
                }
            }
        }
        Ok(())
    }
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

fn inputs(text: &mut String, started: &RunStarted, places: &Places) {
    let mut told = String::new();
    for (name, value) in &started.inputs {
        let Some(input) = started.plan.inputs.iter().find(|input| input.name == *name) else {
            continue;
        };
        let shown = match (&input.kind, value) {
            (_, Value::Option(None)) => continue,
            (InputKind::Path, value) => match text_of(value) {
                Some(path) => places.input(path).to_owned(),
                None => continue,
            },
            (_, value) if Some(value) == input.default.as_ref() => continue,
            (InputKind::Duration, Value::Int(millis)) => format!("{millis}ms"),
            (InputKind::Size, Value::Int(bytes)) => format!("{bytes}B"),
            (_, value) => flow(value),
        };
        told += &format!("  {name}: {shown}\n");
    }
    if !told.is_empty() {
        *text += &format!("inputs:\n{told}");
    }
}

fn expected(text: &mut String, plan: &Plan, outcome: &Outcome, trace: &Trace) {
    *text += "expect:\n";
    match outcome {
        Err(failure) if failure.error.kind == ErrorKind::Cancelled => {
            *text += "  status: cancelled\n";
        }
        Err(failure) => {
            *text += &format!("  error:\n    kind: {}\n", failure.error.kind);
            if let Some(step) = &failure.step {
                *text += &format!("    step: {step}\n");
            }
        }
        Ok(outputs) if outputs.is_empty() => {}
        Ok(outputs) => {
            *text += "  outputs:\n";
            for (name, value) in outputs {
                *text += &format!("    {name}: {}\n", flow(value));
            }
        }
    }
    *text += "  steps:\n";
    for (step, became) in plan.steps.iter().zip(&trace.steps) {
        let ending = became.ending.unwrap_or(StepEnding::NotReached).word();
        *text += &format!("    {}: {{ is: {ending} }}\n", step.id);
    }
}

fn files_of<'a>(
    text: &mut String,
    key: &str,
    indent: usize,
    files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
    notes: &mut Vec<String>,
) {
    let space = " ".repeat(indent);
    let mut told = String::new();
    for (path, content) in files {
        match std::str::from_utf8(content) {
            Ok(content) if content.len() <= FILE_BYTES_MAX => {
                told += &format!("{space}  {}: {}", quoted(path), block(content, indent + 4));
            }
            Ok(_) => notes.push(format!("`{path}` is left out: it has {} bytes", content.len())),
            Err(_) => notes.push(format!("`{path}` is left out: it is no UTF-8")),
        }
    }
    if !told.is_empty() {
        *text += &format!("{space}{key}:\n{told}");
    }
}

/// A text over several lines where YAML keeps it as it is; quoted otherwise.
fn block(text: &str, indent: usize) -> String {
    let plain = text.strip_suffix('\n').is_some_and(|it| !it.is_empty() && !it.ends_with('\n'))
        && !text.starts_with([' ', '\n'])
        && !text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{feff}');
    if !plain || text.lines().count() < 2 {
        return format!("{}\n", quoted(text));
    }
    let space = " ".repeat(indent);
    let mut block = String::from("|\n");
    for line in text.lines() {
        if !line.is_empty() {
            block += &space;
            block += line;
        }
        block.push('\n');
    }
    block
}

/// A value as it is written in a scenario.
fn flow(value: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(flow).collect::<Vec<_>>().join(", ");
    let case = |name: &str, value: Option<&Value>| match value {
        None => name.to_owned(),
        Some(value) => format!("{{ {name}: {} }}", flow(value)),
    };
    match value {
        Value::Int(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Char(character) => quoted(&character.to_string()),
        Value::List(values) | Value::Tuple(values) => format!("[{}]", all(values)),
        Value::Option(None) => "null".to_owned(),
        Value::Option(Some(value)) => flow(value),
        Value::Result(Ok(value)) => case("ok", value.as_deref()),
        Value::Result(Err(value)) => case("err", value.as_deref()),
        Value::Record(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Record(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", flow(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Variant(name, value) => case(name, value.as_deref()),
        Value::Enum(name) => name.clone(),
        Value::Flags(names) => format!("[{}]", names.join(", ")),
        Value::Bool(_) | Value::Float(_) | Value::Bytes(_) => value.to_json().to_string(),
    }
}

/// A text in quotes, as YAML reads them.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other
                if other.is_control() || matches!(other, '\u{2028}' | '\u{2029}' | '\u{feff}') =>
            {
                quoted.push_str(&format!("\\u{:04X}", other as u32));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
