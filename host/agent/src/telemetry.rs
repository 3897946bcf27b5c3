//! What runs tell of themselves by `tracing`, for those who operate a host: a span for each run, one for
//! each attempt of a task, and events for what happens within them.
//!
//! All names and fields of the crate are here; what they are is listed in `docs/reference/telemetry.md`. They
//! are ids, names out of the plan, kinds and numbers: never arguments, answers, paths or messages, which may
//! hold what somebody must not see. Nothing depends on any of it, and where nobody listens it costs a look at
//! an atomic.

use std::time::Duration;

use tracing::{Span, debug, field::Empty, info, info_span, warn};
use voyager_base::{Error, ErrorKind, RunId, Usage, call::Effect};
use voyager_manifest::plan::{Plan, Priority};

use crate::{
    drive::DriveError,
    event::{Event, Origin, RunStarted, TaskStarted},
    interpreter::Outcome,
    undo,
};

/// The span of one life of a run: from its start, or from where another owner goes on with it.
pub(crate) fn run(run: RunId, started: &RunStarted, epoch: u64, resumed: bool) -> Span {
    let plan = &started.plan;
    info_span!(
        parent: None,
        "run",
        run = %run,
        manifest = %plan.name,
        version = %plan.version,
        priority = plan.priority.name(),
        epoch,
        resumed,
        undoes = undo::undone(started),
        outcome = Empty,
        step = Empty,
        error = Empty,
    )
}

/// The run has ended, or stands still.
pub(crate) fn run_ended(span: &Span, ended: &Result<Outcome, DriveError>) {
    let error = match ended {
        Ok(Ok(_)) => None,
        Ok(Err(failure)) => {
            span.record("step", failure.step.as_deref());
            Some(failure.error.kind)
        }
        Err(_) => {
            end(span, "interrupted", Some("journal"));
            warn!(name: "run-ended", parent: span, "the run stands still: its journal can't be written or read");
            return;
        }
    };
    end(span, outcome(error), error.map(ErrorKind::name));
    info!(name: "run-ended", parent: span, "the run has ended");
}

/// The span of a replay of a run.
pub(crate) fn replay(run: RunId, verify: bool) -> Span {
    info_span!(parent: None, "replay", replays = %run, verify, outcome = Empty)
}

/// A replay has ended.
pub(crate) fn replayed(span: &Span, is_same: bool) {
    end(span, if is_same { "same" } else { "different" }, None);
}

/// The span of an attempt of a task within that of its run or its parent; none within none.
pub(crate) fn task(
    parent: &Span,
    run: RunId,
    started: &TaskStarted,
    (plan, step): (&Plan, usize),
    epoch: u64,
    resumed: bool,
) -> Span {
    if parent.is_none() {
        return Span::none();
    }
    let item = match started.origin {
        Origin::Step { item, .. } | Origin::Parent { item, .. } => item,
    };
    info_span!(
        parent: parent,
        "task",
        run = %run,
        task = %started.task,
        attempt = started.attempt,
        operation = %started.operation,
        step = plan.steps.get(step).map(|it| it.id.as_str()),
        item,
        child = matches!(started.origin, Origin::Parent { .. }),
        priority = plan.priority_of(step).name(),
        epoch,
        resumed,
        waited_us = Empty,
        cpu_us = Empty,
        memory_bytes = Empty,
        host_calls = Empty,
        bytes_in = Empty,
        bytes_out = Empty,
        outcome = Empty,
        error = Empty,
    )
}

/// The attempt has ended, after it `waited` for keys and slots so long in all, and used so much.
pub(crate) fn task_ended<T>(
    span: &Span,
    waited: Duration,
    usage: Option<&Usage>,
    result: &Result<T, Error>,
) {
    let error = result.as_ref().err().map(|error| error.kind);
    span.record("waited_us", micros(waited));
    if let Some(usage) = usage {
        span.record("cpu_us", usage.cpu_micros);
        span.record("memory_bytes", usage.memory_bytes);
        span.record("host_calls", usage.host_calls);
        span.record("bytes_in", usage.bytes_in);
        span.record("bytes_out", usage.bytes_out);
    }
    end(span, outcome(error), error.map(ErrorKind::name));
    info!(name: "task-ended", parent: span, "the task has ended");
}

/// Nobody will say how the attempt ended: its run was let go of.
pub(crate) fn task_left(span: &Span) {
    end(span, "interrupted", None);
}

/// A task has its keys and a slot, after a wait.
pub(crate) fn scheduled(span: &Span, priority: Priority, waited: Duration) {
    debug!(name: "scheduled", parent: span, priority = priority.name(), waited_us = micros(waited), "it has a slot");
}

/// A more important task has taken the slot.
pub(crate) fn paused(span: &Span, priority: Priority) {
    info!(name: "paused", parent: span, priority = priority.name(), "a more important task takes its slot");
}

/// It has a slot again.
pub(crate) fn continued(span: &Span, after: Duration) {
    info!(name: "continued", parent: span, after_us = micros(after), "it goes on");
}

/// Its guest was dropped while it rested, since others need the room.
pub(crate) fn evicted(span: &Span) {
    info!(name: "evicted", parent: span, "its guest gives its memory up, and goes on from the record later");
}

/// Its result was computed by an earlier call: no guest runs.
pub(crate) fn kept(span: &Span, from: RunId) {
    info!(name: "result-kept", parent: span, from = %from, "its result is kept from an earlier call");
}

/// A run goes on after an interruption.
pub(crate) fn recovered(span: &Span, open: usize, rerun: usize) {
    info!(name: "recovered", parent: span, open, rerun, "the run goes on where it was interrupted");
}

/// A question to the host was answered by a service.
pub(crate) fn effect(span: &Span, call: &str, of: Effect, failed: Option<ErrorKind>, took: u64) {
    let outcome = if failed.is_some() { "failed" } else { "done" };
    let error = failed.map(ErrorKind::name);
    debug!(name: "effect", parent: span, call, effect = of.name(), outcome, error, took_us = took, "a question is answered");
}

/// A question was answered from the record.
pub(crate) fn recalled(span: &Span, call: &str, of: Effect) {
    debug!(name: "effect", parent: span, call, effect = of.name(), outcome = "recalled", "a question is answered from the record");
}

/// The host died while an effect was under way: nobody knows whether it happened.
pub(crate) fn unknown(span: &Span, call: &str, of: Effect) {
    warn!(name: "effect", parent: span, call, effect = of.name(), outcome = "unknown", "nobody knows whether this happened");
}

/// A question was refused: there is no grant, or a limit bites.
pub(crate) fn denied(span: &Span, call: &str, of: Effect, why: &Error) {
    let error = why.kind.name();
    info!(name: "effect", parent: span, call, effect = of.name(), outcome = "denied", error, "a question is refused");
}

/// A fact of the run that no span shows.
pub(crate) fn fact(span: &Span, plan: &Plan, event: &Event) {
    let name = |step: &usize| plan.steps.get(*step).map(|it| it.id.as_str());
    match event {
        Event::StepSkipped { step, .. } => {
            debug!(name: "step", parent: span, step = name(step), outcome = "skipped", "a step is passed over");
        }
        Event::StepDone { step, error, passed, .. } => {
            let outcome = match (error, passed) {
                (None, _) => "done",
                (Some(_), true) => "passed",
                (Some(_), false) => "failed",
            };
            let error = error.as_ref().map(|error| error.kind.name());
            debug!(name: "step", parent: span, step = name(step), outcome, error, "a step has ended");
        }
        Event::RetryScheduled { task, failures, .. } => {
            info!(name: "retry", parent: span, task = %task, failures, "a failed task will be tried again");
        }
        Event::CommitDone { step, conflicts, error, .. } => {
            let (step, conflicts) = (name(step), conflicts.len());
            let is_done = conflicts == 0 && error.is_none();
            let outcome = if is_done { "done" } else { "failed" };
            debug!(name: "commit", parent: span, step, outcome, conflicts, "changed files are real, or none is");
        }
        Event::CompensationStarted { step, .. } => {
            info!(name: "compensation", parent: span, step = name(step), "what a step did is taken back");
        }
        Event::RunCancelRequested { reason } => {
            info!(name: "cancel", parent: span, error = reason.kind.name(), "the run is to end");
        }
        _ => {}
    }
}

fn end(span: &Span, outcome: &str, error: Option<&str>) {
    if span.is_disabled() {
        return;
    }
    span.record("error", error);
    // The last that is said of a span: whoever exports it takes this as its end.
    span.record("outcome", outcome);
}

fn outcome(error: Option<ErrorKind>) -> &'static str {
    match error {
        None => "done",
        Some(ErrorKind::Cancelled) => "cancelled",
        Some(_) => "failed",
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
