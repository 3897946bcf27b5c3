//! Runs the guests of a finished run again, with recorded answers, and compares every call and every
//! result. No service is asked, nothing is written.
//!
//! Endings that no machine can repeat, a time limit say, are cut where the record ends: what came
//! before must be the same.

use std::sync::{Arc, Mutex, atomic::AtomicBool};

use tracing::Span;
use voyager_base::{
    Error, ErrorKind, RunId, TaskId, Value, call::Stop, chain::Head, secret::Secrets,
};

use crate::{
    book::{Attempt, Book},
    confirm::Confirm,
    effect::{Mode, TaskLedger},
    event::{Origin, RunStarted},
    interpreter::Interpreter,
    recorder::Recorder,
    run::{self, ReplayError, Replayed},
    task::{Around, Called, RunShared, Task},
    telemetry,
    world::World,
};

/// What a verification found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The folded run.
    pub replayed: Replayed,
    /// Attempts of tasks whose guests ran again.
    pub attempts: u64,
    /// The first difference in the order of the chain, if there is one.
    pub difference: Option<Difference>,
}

/// Where a guest did otherwise than it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Number of the record.
    pub sequence: u64,
    /// The task.
    pub task: TaskId,
    /// Its attempt.
    pub attempt: u32,
    /// Where the manifest speaks of it: file, line, step.
    pub place: String,
    /// What is recorded.
    pub recorded: String,
    /// What it is now.
    pub now: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: record {} (task {}, attempt {}): recorded {}, now {}",
            self.place, self.sequence, self.task, self.attempt, self.recorded, self.now
        )
    }
}

/// Runs every recorded guest again and compares.
///
/// # Errors
/// [`ReplayError`], where the run does not even fold.
pub async fn replay_verify(world: &Arc<World>, run: RunId) -> Result<Verified, ReplayError> {
    let span = telemetry::replay(run, true);
    let verified = run_again(world, run).await;
    telemetry::replayed(&span, verified.as_ref().is_ok_and(|it| it.difference.is_none()));
    verified
}

async fn run_again(world: &Arc<World>, run: RunId) -> Result<Verified, ReplayError> {
    let (journal, content) = (&*world.journal, &*world.content);
    let kept = run::known(journal, run)?;
    let first = run::first(journal, content, run)?;
    let started = run::begun(run, &first)?;
    let mut confirm = Confirm::new(Interpreter::new(run, started.clone(), first.at));
    let mut book = Book::of_all();
    let head = run::walk(journal, content, run, Head::START, |sequence, _, timed| {
        book.apply(sequence, &timed);
        confirm.apply(sequence, &timed)
    })?;
    if head.chain != kept.chain {
        return Err(ReplayError::Chain { computed: head.chain, kept: kept.chain });
    }
    let outcome = confirm.into_interpreter().outcome().cloned();
    let replayed = Replayed { outcome, head, events: head.sequence };
    let shared = shared(world, run, started, head, first.at);
    let mut verified = Verified { replayed, attempts: 0, difference: None };
    for attempt in book.attempts().filter(|attempt| attempt.end.is_some()) {
        verified.attempts += 1;
        if let Some(difference) = again(&shared, &book, attempt).await? {
            let earlier = |other: &Difference| other.sequence < difference.sequence;
            if !verified.difference.as_ref().is_some_and(earlier) {
                verified.difference = Some(difference);
            }
        }
    }
    Ok(verified)
}

fn shared(
    world: &Arc<World>,
    run: RunId,
    started: RunStarted,
    head: Head,
    at: voyager_base::clock::Timestamp,
) -> Arc<RunShared> {
    // Nothing is ever appended through it: a ledger that verifies has nothing to record.
    let recorder = Recorder::new(Arc::clone(world), run, 0, head, at);
    Arc::new(RunShared {
        world: Arc::clone(world),
        run,
        recorder,
        started,
        // It starts no program.
        secrets: Secrets::default(),
        book: Book::of_all(),
        fair_by: None,
        place: None,
        tally: Mutex::default(),
        gone: AtomicBool::new(false),
        // Its tasks have ended long ago.
        span: Span::none(),
    })
}

/// Runs one attempt again.
async fn again(
    shared: &Arc<RunShared>,
    book: &Book,
    attempt: &Attempt,
) -> Result<Option<Difference>, ReplayError> {
    let Some(end) = &attempt.end else { return Ok(None) };
    let task = task(shared, book, attempt)?;
    let cut = end.result.as_ref().is_err_and(is_unrepeatable);
    let mode = Mode::Verify { cut };
    let questions = attempt.questions.clone();
    let ledger = Arc::new(TaskLedger::new(Arc::clone(&task), mode, attempt.at, questions, true));
    task.take_slot().await;
    let result = match task.call(&ledger).await {
        Called::Ended(result) => Some(result),
        // A guest that is compared keeps its room.
        Called::Cancelled | Called::Evicted(_) => None,
    };
    task.place.leave();
    let difference = |sequence, recorded, now| Difference {
        sequence,
        task: task.started.task,
        attempt: task.started.attempt,
        place: task.place(),
        recorded,
        now,
    };
    if let Some(Stop::Diverged(_) | Stop::Journal(_)) = ledger.stop() {
        let (sequence, recorded, now) = ledger.difference().unwrap_or_else(|| {
            let now = ledger.stop().map(|stop| stop.to_string()).unwrap_or_default();
            (end.sequence, describe(&end.result), now)
        });
        return Ok(Some(difference(sequence, recorded, now)));
    }
    if cut || ledger.was_cut() {
        return Ok(None);
    }
    if let Some(left) = ledger.left_over() {
        let recorded = format!("`{}`", left.asked);
        return Ok(Some(difference(left.sequence, recorded, "no further call".to_owned())));
    }
    let now = match result {
        Some(Ok(value)) => task.encode(&value).map(serde_bytes::ByteBuf::into_vec),
        Some(Err(error)) => Err(error),
        None => Err(Error::cancelled()),
    };
    if same(&end.result, &now) {
        return Ok(None);
    }
    let recorded = shown(&task, &end.result);
    Ok(Some(difference(end.sequence, recorded, shown(&task, &now))))
}

/// The task of a recorded attempt, among its ancestors.
fn task(shared: &Arc<RunShared>, book: &Book, attempt: &Attempt) -> Result<Arc<Task>, ReplayError> {
    let started = attempt.started.clone();
    match &started.origin {
        Origin::Step { frame, step, .. } => {
            let step = *step;
            let plan = &shared.started.plan;
            let limits = plan.steps.get(step).map(|it| it.limits.lowest(&shared.started.limits));
            let limits = limits.ok_or_else(|| ReplayError::Misplaced {
                sequence: attempt.sequence,
                reason: format!("there is no step number {step}"),
            })?;
            // No service is asked, so nobody looks at what a transaction staged; nothing is counted.
            let frames = book.frames_around(*frame).into();
            let around = Around { frames, layers: Vec::new(), bounds: Vec::new() };
            Ok(Task::of_step(shared, started, step, limits, around, None))
        }
        Origin::Parent { asked, .. } => {
            let parent = book.attempt(asked.task, asked.attempt);
            let parent = parent.ok_or_else(|| ReplayError::Misplaced {
                sequence: attempt.sequence,
                reason: format!("its parent, task {}, is not recorded", asked.task),
            })?;
            let parent = task(shared, book, parent)?;
            let operation = started.operation.to_string();
            let call = crate::book::call_digest(&operation, &started.arguments);
            Ok(parent.child(started, call))
        }
    }
}

/// Whether an error depends on the machine: time, memory, somebody's wish.
fn is_unrepeatable(error: &Error) -> bool {
    match error.kind {
        ErrorKind::Timeout | ErrorKind::Limit | ErrorKind::Cancelled | ErrorKind::Trapped => true,
        // What staged changes met when they were merged is not the guest's doing.
        ErrorKind::Conflict | ErrorKind::Unavailable => true,
        ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::Invalid
        | ErrorKind::UnknownEffect
        | ErrorKind::Failed
        | ErrorKind::Expectation
        | ErrorKind::Refused
        | ErrorKind::Other => false,
    }
}

fn same(recorded: &Result<Vec<u8>, Error>, now: &Result<Vec<u8>, Error>) -> bool {
    match (recorded, now) {
        (Ok(recorded), Ok(now)) => recorded == now,
        (Err(recorded), Err(now)) => {
            recorded.kind == now.kind
                && crate::event::pack(&recorded.detail) == crate::event::pack(&now.detail)
        }
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

fn shown(task: &Task, result: &Result<Vec<u8>, Error>) -> String {
    let success = task.operation().and_then(|it| it.success());
    let decoded = match (result, success) {
        (Ok(bytes), Some(ty)) => voyager_base::value::decode(ty, bytes).ok(),
        _ => None,
    };
    decoded.as_ref().map_or_else(
        || describe(result),
        |value: &Value| {
            let text = value.to_json().to_string();
            let short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            if short.len() < text.len() {
                format!("the result {short}...")
            } else {
                format!("the result {short}")
            }
        },
    )
}

/// Enough to recognise a value by, and little enough for a line.
const SHOWN_CHARS_MAX: usize = 200;

fn describe(result: &Result<Vec<u8>, Error>) -> String {
    match result {
        Ok(bytes) => format!("a result of {} bytes", bytes.len()),
        Err(error) => format!("the error `{}`: {error}", error.kind),
    }
}
