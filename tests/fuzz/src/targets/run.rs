//! Records of a run: bytes that are no record are refused, facts in any order and of any steps, tasks and
//! attempts are found not to fit. Whoever looks at such a journal gets an answer.

use std::sync::LazyLock;

use crate::catalog;
use arbitrary::{Result, Unstructured};
use serde_bytes::ByteBuf;
use voyager_agent::{
    Event, Failure, SEMANTICS, event,
    event::{Asked, Origin, Reply, RunStarted, TaskStarted},
    inspect, replay,
};
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind, Limits, RunId, TaskId, Value,
    call::Effect,
    chain::Head,
    clock::Timestamp,
    grant::GrantLayer,
    id::RecordId,
    record::{AppendError, Batch, Content, Entry, Journal, ReadError},
    value,
    workspace::{Change, Conflict, FileState},
};
use voyager_manifest::{Plan, check};

const RUN: RunId = RunId([7; 16]);

const MANIFEST: &str = "voyager: manifest/v1
name: fuzz
version: 1.0.0
description: One step of each sort.
limits: { deadline: 1h, parallel: 2 }
inputs: { repo: { type: path } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ] }
steps:
  - id: one
    use: text/clip
    with: { text: some, most: 3 }
    expect: [ { that: \"size(result) > 1\", message: too short } ]
    retry: { attempts: 3, wait: 1s }
    timeout: 10s
  - id: each
    use: text/clip
    for-each: { in: \"['a', 'b', steps.one]\", as: item, parallel: 2, fail: collect }
    with: { text: { from: item }, most: 2 }
  - id: maybe
    use: text/clip
    when: \"size(steps.each) > 2\"
    with: { text: x, most: 1 }
    on-error: { any: continue }
    compensate: { use: text/clip, with: { text: { from: result }, most: 1 } }
  - id: beside
    use: text/clip
    needs: []
    for-each: { in: \"['x', 'y']\", as: item }
    with: { text: { from: item }, most: 2 }
  - id: rounds
    repeat: { max: 2, carry: { last: { type: string, start: a, next: result.inner } } }
    steps:
      - id: inner
        use: text/clip
        with: { text: { from: last }, most: 2 }
        compensate: { use: text/clip, with: { text: { from: last }, most: 1 } }
    finally:
      - { id: rest, sleep: 1s }
  - id: together
    transaction: { workspace: inputs.repo }
    steps:
      - { id: changes, use: text/clip, with: { text: x, most: 1 } }
outputs:
  all: { from: \"string(size(steps.each))\" }
  maybe: { from: steps.maybe }
";

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let checked = check(MANIFEST.as_bytes(), "fuzz.yaml", &catalog(), &Limits::ceiling());
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
});

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    if let Ok(timed) = event::decode(bytes, &Nothing) {
        let written = event::encode(timed.at, &timed.event, &Nothing);
        if let Ok(written) = written {
            let read = event::decode(&written, &Nothing).expect("what was written is read");
            // Compared as bytes: NaN is no other than itself there.
            assert_eq!(event::encode(read.at, &read.event, &Nothing), Ok(written));
        }
    }
    let journal = Records::of(&mut Unstructured::new(bytes));
    let viewed = inspect(&journal, &Nothing, RUN);
    if let Ok(replayed) = replay(&journal, &Nothing, RUN) {
        let view = viewed.expect("what replays can be looked at");
        assert_eq!(view.head, replayed.head);
        view.tree();
    }
}

/// Records in memory, as a journal.
struct Records(Vec<Entry>);

impl Records {
    fn of(u: &mut Unstructured<'_>) -> Self {
        let mut now = Timestamp::from_millis(1_000);
        let mut entries = Vec::new();
        let mut add = |at: Timestamp, event: &Event| {
            let payload = event::encode(at, event, &Nothing);
            entries.extend(payload.ok().map(|payload| Entry { salt: [1; 16], payload }));
        };
        add(now, &started());
        while let Ok(event) = fact(u) {
            now = now
                .after(std::time::Duration::from_millis(u.arbitrary::<u16>().unwrap_or(1).into()));
            add(now, &event);
            if u.is_empty() {
                break;
            }
        }
        Self(entries)
    }
}

fn started() -> Event {
    Event::RunStarted(Box::new(RunStarted {
        semantics: SEMANTICS,
        plan: std::sync::Arc::new(PLAN.clone()),
        inputs: Vec::new(),
        secrets: Default::default(),
        folders: Default::default(),
        seed: Digest::of(b"seed"),
        policy: GrantLayer::default(),
        limits: Limits::ceiling(),
        inherited: None,
    }))
}

fn fact(u: &mut Unstructured<'_>) -> Result<Event> {
    Ok(match u.int_in_range(0..=18)? {
        0 => Event::StepStarted {
            frame: frame(u)?,
            step: step(u)?,
            items: u.arbitrary::<Option<u8>>()?.map(u64::from),
        },
        1 => Event::StepSkipped { frame: frame(u)?, step: step(u)? },
        17 => {
            let (within, step) = (frame(u)?, step(u)?);
            Event::FrameStarted { frame: frame(u)?, within, step, item: item(u)? }
        }
        18 => match u.int_in_range(0..=2)? {
            0 => Event::FrameStopped { frame: frame(u)?, reason: error(u)? },
            1 => Event::FrameDone { frame: frame(u)?, error: maybe_error(u)? },
            _ => {
                let (within, number) = (frame(u)?, u.int_in_range(0..=2)?);
                let frame = within.child("#compensate", number);
                Event::CompensationStarted { frame, within, step: step(u)? }
            }
        },
        2 | 3 => task_started(u)?,
        4 => match u.arbitrary()? {
            true => Event::TaskResumed { task: task(u)?, attempt: attempt(u)? },
            false => Event::TaskPaused {
                task: task(u)?,
                attempt: attempt(u)?,
                micros: u.arbitrary()?,
                evicted: u.arbitrary()?,
            },
        },
        5 => Event::EffectIntended {
            record: record(u)?,
            asked: asked(u)?,
            idempotency_key: Digest::of(b"key"),
            staged: changes(u)?,
        },
        6 => Event::EffectAnswered {
            record: record(u)?,
            asked: asked(u)?,
            reply: Reply::Inline(ByteBuf::from(u.arbitrary::<Vec<u8>>()?)),
            micros: u.arbitrary()?,
            children: u.arbitrary()?,
            staged: changes(u)?,
        },
        7 => Event::EffectDenied { record: record(u)?, asked: asked(u)?, error: error(u)? },
        8 => {
            let (record, asked) = (record(u)?, asked(u)?);
            Event::ChildrenRequested { record, asked, staged: changes(u)? }
        }
        9 | 10 => Event::TaskDone {
            task: task(u)?,
            attempt: attempt(u)?,
            result: result(u)?,
            changes: changes(u)?,
            kept_from: None,
            usage: u.arbitrary::<Option<u64>>()?.map(|cpu_micros| voyager_base::Usage {
                cpu_micros,
                ..voyager_base::Usage::default()
            }),
        },
        11 => Event::RetryScheduled {
            task: task(u)?,
            failures: u.arbitrary()?,
            until: Timestamp::from_micros(u.arbitrary()?),
        },
        12 => Event::CommitIntended {
            frame: frame(u)?,
            step: step(u)?,
            files: u.arbitrary()?,
            changes: Digest::of(b""),
        },
        13 => Event::CommitDone {
            frame: frame(u)?,
            step: step(u)?,
            conflicts: conflicts(u)?,
            error: maybe_error(u)?,
        },
        14 => Event::StepDone {
            frame: frame(u)?,
            step: step(u)?,
            error: maybe_error(u)?,
            passed: u.arbitrary()?,
        },
        15 => match u.int_in_range(0..=2)? {
            0 => Event::RunCancelRequested { reason: error(u)? },
            1 => Event::RunResumed { epoch: u.arbitrary()?, rerun: vec![task(u)?] },
            _ => started(),
        },
        _ => Event::RunDone {
            outcome: match u.arbitrary()? {
                true => Ok(vec![("all".to_owned(), Value::String("3".to_owned()))]),
                false => Err(Failure { step: None, error: error(u)? }),
            },
        },
    })
}

/// A step of the plan, or none.
fn step(u: &mut Unstructured<'_>) -> Result<usize> {
    match u.ratio(1, 20)? {
        true => u.arbitrary(),
        false => u.int_in_range(0..=PLAN.steps.len()),
    }
}

/// An execution of steps: the run's own, one of the block's rounds, or none.
fn frame(u: &mut Unstructured<'_>) -> Result<TaskId> {
    let root = TaskId::root(RUN);
    Ok(match u.int_in_range(0..=7)? {
        0 => root.child("rounds#0/1", 0),
        1 => root.child("rounds#1/1", 0),
        2 => task(u)?,
        3 => root.child("together#0/1", 0),
        _ => root,
    })
}

fn attempt(u: &mut Unstructured<'_>) -> Result<u32> {
    u.int_in_range(0..=3)
}

fn item(u: &mut Unstructured<'_>) -> Result<u64> {
    match u.ratio(1, 20)? {
        true => u.arbitrary(),
        false => u.int_in_range(0..=3),
    }
}

fn task(u: &mut Unstructured<'_>) -> Result<TaskId> {
    let id = PLAN.steps.get(step(u)?).map_or("none", |step| &step.id);
    Ok(TaskId::root(RUN).child(id, item(u)?))
}

fn record(u: &mut Unstructured<'_>) -> Result<RecordId> {
    Ok(RecordId { task: task(u)?, attempt: attempt(u)?, ordinal: u.int_in_range(0..=2)? })
}

fn task_started(u: &mut Unstructured<'_>) -> Result<Event> {
    let (step, item) = (step(u)?, item(u)?);
    let calls = PLAN.steps[step.min(PLAN.steps.len() - 1)..].iter();
    let calls = calls.chain(&PLAN.steps).find_map(|plan| Some((plan, plan.call()?)));
    let (plan, call) = calls.expect("the plan has calls");
    let frame = frame(u)?;
    let of_step = frame.child(&plan.id, item);
    let origin = match u.ratio(1, 4)? {
        true => Origin::Parent { asked: record(u)?, item },
        false => Origin::Step { frame, step, item },
    };
    Ok(Event::TaskStarted(TaskStarted {
        task: if u.ratio(1, 5)? { task(u)? } else { of_step },
        attempt: attempt(u)?,
        origin,
        operation: call.operation.name.clone(),
        component: call.component,
        arguments: ByteBuf::from(value::encode_tuple(&[
            Value::String("some".to_owned()),
            Value::Int(3),
        ])),
    }))
}

fn result(u: &mut Unstructured<'_>) -> Result<std::result::Result<ByteBuf, Error>> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Err(error(u)?),
        1 => Ok(ByteBuf::from(u.arbitrary::<Vec<u8>>()?)),
        _ => Ok(ByteBuf::from(value::encode(&Value::String("yes".to_owned())))),
    })
}

fn asked(u: &mut Unstructured<'_>) -> Result<Asked> {
    let effect = *u.choose(&[Effect::Read, Effect::Staged, Effect::External])?;
    let arguments = u.arbitrary::<Option<Vec<u8>>>()?.map(ByteBuf::from);
    Ok(Asked { name: "workspace.read".to_owned(), effect, digest: Digest::of(b""), arguments })
}

fn error(u: &mut Unstructured<'_>) -> Result<Error> {
    Ok(Error::new(*u.choose(&ErrorKind::ALL)?, "fuzz"))
}

fn maybe_error(u: &mut Unstructured<'_>) -> Result<Option<Error>> {
    if u.arbitrary()? { error(u).map(Some) } else { Ok(None) }
}

fn changes(u: &mut Unstructured<'_>) -> Result<Vec<Change>> {
    let length = u.int_in_range(0..=2)?;
    let state = |u: &mut Unstructured<'_>| -> Result<Option<FileState>> {
        let digest = Digest::of(&[u.arbitrary()?]);
        Ok(u.arbitrary::<Option<u64>>()?.map(|size| FileState { digest, size, mode: None }))
    };
    (0..length)
        .map(|_| {
            let path = u.choose(&["a", "b", "../c"]).map(|it| (*it).to_owned())?;
            Ok(Change { root: "repo".to_owned(), path, before: state(u)?, after: state(u)? })
        })
        .collect()
}

fn conflicts(u: &mut Unstructured<'_>) -> Result<Vec<Conflict>> {
    let conflict = |path: &str| Conflict {
        root: "repo".to_owned(),
        path: path.to_owned(),
        reason: "changed".to_owned(),
    };
    Ok(if u.ratio(1, 4)? { vec![conflict("a")] } else { Vec::new() })
}

impl Journal for Records {
    fn claim(
        &self,
        _run: RunId,
    ) -> BoxFuture<'static, std::result::Result<(Head, u64), AppendError>> {
        Box::pin(async { Err(AppendError::Closed) })
    }

    fn append(&self, _batch: Batch) -> BoxFuture<'static, std::result::Result<Head, AppendError>> {
        Box::pin(async { Err(AppendError::Closed) })
    }

    fn read(
        &self,
        _run: RunId,
        from: u64,
        _most: usize,
    ) -> std::result::Result<Vec<Entry>, ReadError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.0.len());
        Ok(self.0[from..].to_vec())
    }

    fn head(&self, _run: RunId) -> std::result::Result<Option<Head>, ReadError> {
        let after = |head: Head, entry: &Entry| head.after(&entry.salt, &entry.payload);
        Ok(Some(self.0.iter().fold(Head::START, after)))
    }

    fn runs(&self) -> std::result::Result<Vec<RunId>, ReadError> {
        Ok(vec![RUN])
    }

    fn checkpoint(
        &self,
        _run: RunId,
        _at: Head,
        _state: Vec<u8>,
    ) -> BoxFuture<'static, std::result::Result<(), AppendError>> {
        Box::pin(async { Err(AppendError::Closed) })
    }

    fn last_checkpoint(
        &self,
        _run: RunId,
    ) -> std::result::Result<Option<(Head, Vec<u8>)>, ReadError> {
        Ok(None)
    }
}

/// A content store that has nothing and takes nothing.
struct Nothing;

impl Content for Nothing {
    fn put(&self, _bytes: &[u8]) -> std::result::Result<Digest, AppendError> {
        Err(AppendError::Closed)
    }

    fn get(&self, _digest: Digest) -> std::result::Result<Option<Vec<u8>>, ReadError> {
        Ok(None)
    }
}
