//! Whether what a run recorded as its decisions is what its plan leads to.
//!
//! A run looks at its state, records all that it decides on that, and only then looks again: so it is
//! followed here too. The time of a record is a little later than that of the look, though, and a host
//! that dies leaves decisions unrecorded. So a decision counts as confirmed as well where the interpreter
//! wanted it at any fact before, or would now.

use voyager_base::Digest;

use crate::{
    event::{self, Event, Origin, TaskStarted, Timed},
    interpreter::{Command, Interpreter},
    run::ReplayError,
};

/// Follows an interpreter through recorded facts.
pub(crate) struct Confirm {
    interpreter: Interpreter,
    wanted: Vec<Command>,
}

impl Confirm {
    pub(crate) fn new(interpreter: Interpreter) -> Self {
        Self { interpreter, wanted: Vec::new() }
    }

    pub(crate) fn into_interpreter(self) -> Interpreter {
        self.interpreter
    }

    /// Takes a fact, after it has confirmed it where it is a decision.
    pub(crate) fn apply(&mut self, sequence: u64, timed: &Timed) -> Result<(), ReplayError> {
        let event = &timed.event;
        self.interpreter.handle_time(timed.at);
        if is_decision(event) {
            if !self.wanted.iter().any(is_recorded) {
                self.want();
            }
            if !self.take(event) {
                // An earlier wish may have told otherwise in the light of fewer facts.
                self.interpreter.forget_wishes();
                self.want();
                if !self.take(event) {
                    return Err(self.contradicted(sequence, event));
                }
            }
        }
        if matches!(event, Event::RunResumed { .. }) {
            self.wanted.clear();
        }
        self.interpreter
            .apply(timed.at, event)
            .map_err(|error| ReplayError::Misplaced { sequence, reason: error.to_string() })
    }

    fn want(&mut self) {
        while let Some(command) = self.interpreter.poll_command() {
            // What its steps see of a transaction is no decision.
            if !matches!(command, Command::Stage { .. } | Command::Unstage { .. }) {
                self.wanted.push(command);
            }
        }
    }

    fn take(&mut self, event: &Event) -> bool {
        let place = self.wanted.iter().position(|wanted| leads_to(wanted, event));
        place.map(|place| self.wanted.swap_remove(place)).is_some()
    }

    fn contradicted(&self, sequence: u64, event: &Event) -> ReplayError {
        let decided: Vec<String> = self.wanted.iter().map(describe).collect();
        ReplayError::Decision {
            sequence,
            place: self.place(event),
            recorded: describe_event(event),
            decided: if decided.is_empty() { "nothing".to_owned() } else { decided.join(", ") },
        }
    }

    fn place(&self, event: &Event) -> String {
        let plan = self.interpreter.plan();
        let step = step_of(event).and_then(|at| Some((plan.file_of(at), plan.steps.get(at)?)));
        step.map_or_else(
            || plan.file.clone(),
            |(file, step)| format!("{file}:{}: step `{}`", step.line, step.id),
        )
    }
}

/// Whether a run records a decision at once.
fn is_recorded(command: &Command) -> bool {
    matches!(command, Command::Record(_) | Command::Start(_))
}

fn is_decision(event: &Event) -> bool {
    match event {
        Event::StepStarted { .. }
        | Event::StepSkipped { .. }
        | Event::FrameStarted { .. }
        | Event::CompensationStarted { .. }
        | Event::FrameStopped { .. }
        | Event::FrameDone { .. }
        | Event::TaskStarted(TaskStarted { origin: Origin::Step { .. }, .. })
        | Event::RetryScheduled { .. }
        | Event::WaitStarted { .. }
        | Event::WaitExpired { .. }
        | Event::CommitIntended { .. }
        | Event::StepDone { .. }
        | Event::RunDone { .. } => true,
        // A resumed task is one of a step, or a child: only its parent knows.
        Event::RunStarted(_)
        | Event::RunResumed { .. }
        | Event::TaskStarted(_)
        | Event::TaskResumed { .. }
        | Event::TaskPaused { .. }
        | Event::EffectIntended { .. }
        | Event::EffectAnswered { .. }
        | Event::EffectDenied { .. }
        | Event::ChildrenRequested { .. }
        | Event::TaskDone { .. }
        | Event::CommitDone { .. }
        | Event::WaitAnswered { .. }
        | Event::SignalReceived { .. }
        | Event::RunPaused { .. }
        | Event::RunKilled { .. }
        | Event::RunCancelRequested { .. } => false,
    }
}

fn leads_to(command: &Command, event: &Event) -> bool {
    match (command, event) {
        // Compared as bytes: a number that is none is not equal to itself.
        (Command::Record(wanted), event) => event::pack(wanted) == event::pack(event),
        (Command::Start(wanted), Event::TaskStarted(started)) => wanted == started,
        (
            Command::Commit { frame, step, changes, intended: false },
            Event::CommitIntended { frame: of, step: recorded, changes: digest, .. },
        ) => (frame, step) == (of, recorded) && Digest::of(&event::pack(changes)) == *digest,
        _ => false,
    }
}

fn step_of(event: &Event) -> Option<usize> {
    match event {
        Event::StepStarted { step, .. }
        | Event::StepSkipped { step, .. }
        | Event::FrameStarted { step, .. }
        | Event::CompensationStarted { step, .. }
        | Event::CommitIntended { step, .. }
        | Event::WaitStarted { step, .. }
        | Event::WaitExpired { step, .. }
        | Event::StepDone { step, .. }
        | Event::TaskStarted(TaskStarted { origin: Origin::Step { step, .. }, .. }) => Some(*step),
        _ => None,
    }
}

fn describe(command: &Command) -> String {
    match command {
        Command::Record(event) => describe_event(event),
        Command::Start(started) | Command::Resume(started) => {
            format!("start of task {} (attempt {})", started.task, started.attempt)
        }
        Command::Cancel { task, .. } => format!("stop of task {task}"),
        Command::Commit { step, changes, .. } => {
            format!("commit of {} files by step number {step}", changes.len())
        }
        Command::Stage { frame, .. } | Command::Unstage { frame } => {
            format!("staging for the steps of {frame}")
        }
    }
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::TaskStarted(started) => {
            format!("start of task {} (attempt {})", started.task, started.attempt)
        }
        Event::StepDone { step, error: Some(error), .. } => {
            format!("step-done of step number {step} with: {error}")
        }
        Event::RunDone { outcome: Err(failure) } => format!("run-done with: {failure}"),
        event => event.name().to_owned(),
    }
}
