//! Plays a plan with scripted answers of its tasks, without a host, and tells what happens as text.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
};

use serde_bytes::ByteBuf;
use voyager_agent::{
    Event, SEMANTICS,
    event::{Origin, RunStarted, TaskStarted},
    interpreter::{Command, Interpreter, Misplaced},
};
use voyager_base::{
    Digest, Error, ErrorKind, Limits, RunId, TaskId, Value,
    clock::Timestamp,
    grant::GrantLayer,
    value,
    workspace::{Change, Conflict, FileState},
};
use voyager_manifest::plan::Plan;

/// What a task does.
#[derive(Clone)]
pub enum Answer {
    /// It ends well, with text.
    Text(&'static str),
    /// It ends well, and has changed these files.
    Changed(&'static [&'static str]),
    /// It fails.
    Fails(ErrorKind),
    /// It goes on until it is stopped.
    Hangs,
}

/// Plays `plan`. `answers` are by task, `id #attempt` or `id[item] #attempt`; the others give the text
/// `ok`. A task of a further round or item of the blocks around its step is `id' #attempt`, and so on.
/// Commits meet `conflicts`, one after the other, then none.
pub fn play(plan: &Plan, answers: &[(&str, Answer)], conflicts: &[bool]) -> String {
    Script {
        interpreter: Interpreter::new(RUN, started(plan), START),
        now: START,
        answers: answers
            .iter()
            .map(|(task, answer)| ((*task).to_owned(), answer.clone()))
            .collect(),
        conflicts: conflicts.iter().copied().collect(),
        names: BTreeMap::new(),
        executions: BTreeMap::new(),
        running: VecDeque::new(),
        hanging: Vec::new(),
        told: String::new(),
    }
    .play()
}

/// Gives a fact to a run of `plan` that has just begun.
///
/// # Errors
/// Why it does not fit.
pub fn happens(plan: &Plan, event: &Event) -> Result<(), Misplaced> {
    Interpreter::new(RUN, started(plan), START).apply(START, event)
}

/// The run that is played.
pub const RUN: RunId = RunId([7; 16]);

const START: Timestamp = Timestamp::from_millis(1_000);

struct Script {
    interpreter: Interpreter,
    now: Timestamp,
    answers: BTreeMap<String, Answer>,
    conflicts: VecDeque<bool>,
    names: BTreeMap<(TaskId, u32), String>,
    /// Tasks of the same item of the same step, in further rounds and items of the blocks around it.
    executions: BTreeMap<String, Vec<TaskId>>,
    running: VecDeque<Event>,
    hanging: Vec<(TaskId, u32)>,
    told: String,
}

impl Script {
    fn play(mut self) -> String {
        loop {
            while let Some(command) = self.interpreter.poll_command() {
                self.fulfil(command);
            }
            if self.interpreter.outcome().is_some() {
                return self.told;
            }
            if let Some(event) = self.running.pop_front() {
                self.now = self.now.after(std::time::Duration::from_millis(1));
                self.happen(event);
                continue;
            }
            let Some((deadline, reason)) = self.interpreter.poll_timeout() else {
                self.tell("stuck");
                return self.told;
            };
            self.tell(&format!("at {} {reason}", Self::since(deadline)));
            self.now = deadline;
            self.interpreter.handle_time(deadline);
        }
    }

    fn fulfil(&mut self, command: Command) {
        match command {
            Command::Record(event) => self.happen(event),
            Command::Start(started) | Command::Resume(started) => self.start(started),
            Command::Cancel { task, attempt, reason } => {
                let name = self.names[&(task, attempt)].clone();
                self.tell(&format!("stop {name}: {}", reason.kind));
                if self.hanging.contains(&(task, attempt)) {
                    let result = Err(reason);
                    let changes = Vec::new();
                    self.running.push_back(done(task, attempt, result, changes));
                }
            }
            Command::Stage { changes, .. } => {
                let paths: Vec<&str> = changes.iter().map(|it| it.path.as_str()).collect();
                self.tell(&format!("stage {}", paths.join(" ")));
            }
            Command::Unstage { .. } => self.tell("unstage"),
            Command::Commit { frame, step, changes, .. } => {
                let paths: Vec<&str> = changes.iter().map(|it| it.path.as_str()).collect();
                self.tell(&format!("commit {}", paths.join(" ")));
                let files = changes.len() as u64;
                let digest = Digest::of(b"changes");
                self.happen(Event::CommitIntended { frame, step, files, changes: digest });
                let conflict = Conflict {
                    root: "repo".to_owned(),
                    path: "a".to_owned(),
                    reason: "changed".to_owned(),
                };
                let conflicts = match self.conflicts.pop_front() {
                    Some(true) => vec![conflict],
                    Some(false) | None => Vec::new(),
                };
                self.running.push_back(Event::CommitDone { frame, step, conflicts, error: None });
            }
        }
    }

    fn start(&mut self, started: TaskStarted) {
        let Origin::Step { step, item, .. } = started.origin else { return };
        let plan = &self.interpreter.plan().steps[step];
        let Some(call) = plan.call() else { return };
        let place = match plan.for_each {
            Some(_) => format!("{}[{item}]", plan.id),
            None => plan.id.clone(),
        };
        let others = self.executions.entry(place.clone()).or_default();
        let number = others.iter().position(|task| *task == started.task).unwrap_or_else(|| {
            others.push(started.task);
            others.len() - 1
        });
        let place = format!("{place}{}", "'".repeat(number));
        let name = format!("{place} #{}", started.attempt);
        let types: Vec<_> = call.operation.parameters.iter().map(|(_, ty)| ty.clone()).collect();
        let arguments = value::decode_tuple(&types, &started.arguments).unwrap_or_default();
        let arguments: Vec<String> =
            arguments.iter().map(|value| value.to_json().to_string()).collect();
        let answer = self.answers.get(&name).cloned().unwrap_or(Answer::Text("ok"));
        let (task, attempt) = (started.task, started.attempt);
        self.names.insert((task, attempt), name.clone());
        self.tell(&format!("start {name} ({})", arguments.join(", ")));
        self.happen(Event::TaskStarted(started));
        let text = |text: &str| Ok(value::encode(&Value::String(text.to_owned())).into());
        let (result, changes) = match answer {
            Answer::Text(it) => (text(it), Vec::new()),
            Answer::Changed(paths) => {
                (text("changed"), paths.iter().map(|it| change(it)).collect())
            }
            Answer::Fails(kind) => (Err(Error::new(kind, "scripted")), Vec::new()),
            Answer::Hangs => return self.hanging.push((task, attempt)),
        };
        self.running.push_back(done(task, attempt, result, changes));
    }

    fn happen(&mut self, event: Event) {
        let line = self.line(&event);
        if let Some(line) = line {
            self.tell(&line);
        }
        if let Err(error) = self.interpreter.apply(self.now, &event) {
            self.tell(&format!("misplaced: {error}"));
        }
    }

    fn line(&self, event: &Event) -> Option<String> {
        let id = |step: &usize| self.interpreter.plan().steps[*step].id.as_str();
        let line = match event {
            Event::StepSkipped { step, .. } => format!("skip {}", id(step)),
            Event::TaskDone { task, attempt, result, .. } => {
                let name = &self.names[&(*task, *attempt)];
                match result {
                    Ok(_) => format!("done {name}"),
                    Err(error) => format!("failed {name}: {}", error.kind),
                }
            }
            Event::RetryScheduled { until, .. } => format!("wait until {}", Self::since(*until)),
            Event::CommitDone { conflicts, .. } if !conflicts.is_empty() => "conflict".to_owned(),
            Event::StepDone { step, error: None, .. } => format!("end {}", id(step)),
            Event::FrameDone { error: None, .. } => "end of a round".to_owned(),
            Event::FrameDone { error: Some(error), .. } => {
                format!("end of a round: {} ({error})", error.kind)
            }
            Event::CompensationStarted { step, .. } => format!("take back: {}", id(step)),
            Event::FrameStopped { reason, .. } => format!("stop a round: {}", reason.kind),
            Event::StepDone { step, error: Some(error), passed, .. } => {
                let passed = if *passed { ", passed over" } else { "" };
                format!("end {}: {} ({error}){passed}", id(step), error.kind)
            }
            Event::RunCancelRequested { reason } => format!("cancel: {}", reason.kind),
            Event::RunDone { outcome: Ok(outputs) } => {
                let outputs: Vec<String> =
                    outputs.iter().map(|(name, it)| format!("{name}={}", it.to_json())).collect();
                format!("result {}", outputs.join(" "))
            }
            Event::RunDone { outcome: Err(failure) } => format!("result {failure}"),
            _ => return None,
        };
        Some(line)
    }

    fn tell(&mut self, line: &str) {
        // Writing to text can't fail.
        let _ = writeln!(self.told, "{line}");
    }

    fn since(at: Timestamp) -> String {
        format!("{:?}", at.since(START))
    }
}

fn done(task: TaskId, attempt: u32, result: Result<ByteBuf, Error>, changes: Vec<Change>) -> Event {
    Event::TaskDone { task, attempt, result, changes, kept_from: None, usage: None }
}

fn change(path: &str) -> Change {
    let after = FileState { digest: Digest::of(path.as_bytes()), size: 1, mode: None };
    let (root, path) = ("repo".to_owned(), path.to_owned());
    Change { root, path, before: None, after: Some(after) }
}

fn started(plan: &Plan) -> RunStarted {
    let inputs = plan.inputs.iter();
    let inputs = inputs.filter_map(|input| Some((input.name.clone(), input.default.clone()?)));
    RunStarted {
        semantics: SEMANTICS,
        plan: std::sync::Arc::new(plan.clone()),
        inputs: inputs.collect(),
        secrets: BTreeMap::new(),
        folders: BTreeMap::new(),
        seed: Digest::of(b"seed"),
        policy: GrantLayer::default(),
        limits: Limits::ceiling(),
        inherited: None,
    }
}
