//! A task that asks a service, without a run behind it.

use std::sync::Arc;

use crate::{
    call::{CallContext, Cancellation, StageId},
    grant::Grants,
    id::{Digest, RecordId, RunId, TaskId},
    secret::Secrets,
};

/// What a service knows of a task with these grants: it asks for the first time, and sees what it staged itself.
pub fn asking(grants: impl Into<Arc<Grants>>) -> CallContext {
    let run = RunId([1; 16]);
    let stage = StageId { run, task: TaskId::root(run), attempt: 1 };
    CallContext {
        run,
        skill: "test:skill".to_owned(),
        record: RecordId { task: stage.task, attempt: stage.attempt, ordinal: 0 },
        idempotency_key: Digest::of(b"effect"),
        fencing_token: 1,
        deadline: None,
        grants: grants.into(),
        stages: Arc::new([stage]),
        secrets: Secrets::default(),
        cancellation: Cancellation::default(),
    }
}
