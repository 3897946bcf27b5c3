//! `voyager:tasks`: child tasks of a task, as tasks of the same run.
//!
//! A child has its parent's grants and limits, an instance of its own, and a layer of staged changes
//! above its parent's, which is merged into that when the child ends well. Its end is recorded without
//! waiting for the disk: where that is lost, so is everything that its parent did with it.

use std::sync::Arc;

use futures_channel::oneshot;
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream,
};
use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Digest, Error, Type, Usage,
    call::CallContext,
    operation::OperationName,
    record::Durability,
    tasks::{ChildOutcome, MapTasks, TasksService},
    value,
};

use crate::{
    book::call_digest,
    effect::TaskLedger,
    event::{Event, Origin, TaskStarted},
    recorder::Written,
    task::{self, Task, TaskEnd},
    telemetry,
    world::Notice,
};

/// Runs the children of one task.
pub(crate) struct Children {
    task: Arc<Task>,
    ledger: Arc<TaskLedger>,
}

/// What the children of one question have in common.
#[derive(Clone)]
struct Family {
    task: Arc<Task>,
    context: CallContext,
    component: Digest,
    operation: OperationName,
    types: Arc<[Type]>,
    of: u64,
}

impl Children {
    pub(crate) fn of(task: Arc<Task>, ledger: Arc<TaskLedger>) -> Self {
        Self { task, ledger }
    }

    async fn run(&self, context: &CallContext, call: MapTasks) -> Result<Vec<ChildOutcome>, Error> {
        self.ledger.children(call.arguments.len())?;
        let (skill, name) = self.task.shared.resolve(&call.operation)?;
        let known = skill.operations.iter().find(|it| it.name == *name);
        let operation = known.ok_or_else(|| {
            Error::not_found(format!("the plan knows the types of no operation `{name}`"))
        })?;
        let family = Family {
            task: Arc::clone(&self.task),
            context: context.clone(),
            component: skill.component,
            operation: operation.name.clone(),
            types: operation.parameters.iter().map(|(_, ty)| ty.clone()).collect(),
            of: call.arguments.len() as u64,
        };
        let slots = self.task.shared.world.schedule.slots();
        let parallel = if call.parallel == 0 { slots } else { call.parallel };
        // A parent that waits needs no processor, and its children do.
        self.task.give_slot();
        let children = (0..).zip(call.arguments).map(|(item, arguments)| {
            let family = family.clone();
            async move { (item, family.detached(item, arguments).await) }
        });
        let parallel = usize::try_from(parallel).unwrap_or(usize::MAX);
        let mut ended: Vec<(u64, ChildOutcome)> =
            stream::iter(children).buffer_unordered(parallel).collect().await;
        self.task.take_slot().await;
        ended.sort_by_key(|(item, _)| *item);
        Ok(ended.into_iter().map(|(_, outcome)| outcome).collect())
    }
}

impl TasksService for Children {
    fn map<'a>(
        &'a self,
        context: &'a CallContext,
        call: MapTasks,
    ) -> BoxFuture<'a, Result<Vec<ChildOutcome>, Error>> {
        Box::pin(self.run(context, call))
    }
}

impl Family {
    /// Runs a child beside its siblings.
    async fn detached(self, item: u64, arguments: ByteBuf) -> ChildOutcome {
        let (tell, told) = oneshot::channel();
        let spawn = Arc::clone(&self.task.shared.world.spawn);
        spawn.spawn(Box::pin(async move {
            // The parent waits for all its children, unless the whole run is dropped.
            let _ = tell.send(self.child(item, arguments).await);
        }));
        told.await.unwrap_or_else(|_| Err(Error::cancelled()))
    }

    async fn child(self, item: u64, arguments: ByteBuf) -> ChildOutcome {
        let values = value::decode_tuple(&self.types, &arguments).map_err(|error| {
            Error::invalid(format!(
                "the arguments of child {item} of `{}`: {error}",
                self.operation
            ))
        })?;
        let arguments = value::encode_tuple(&values);
        let call = call_digest(&self.operation.to_string(), &arguments);
        if self.task.is_within(call) {
            return Err(Error::invalid(format!(
                "`{}` is called with the same arguments by one of its ancestors; it would never end",
                self.operation
            )));
        }
        let record = self.context.record;
        let place = format!("{}/{}", record.attempt, record.ordinal);
        let id = self.task.started.task.child(&place, item);
        let shared = Arc::clone(&self.task.shared);
        let known = shared.book.newest(id);
        if let Some(end) = known.and_then(|attempt| attempt.end.as_ref()) {
            // What it staged, its parent's ledger has staged again.
            return end.result.clone().map(ByteBuf::from);
        }
        if self.context.cancellation.is_cancelled() {
            return Err(Error::cancelled());
        }
        let resumes = known.is_some_and(|attempt| attempt.bound);
        let earlier = known.map_or(0, |attempt| attempt.started.attempt);
        let started = TaskStarted {
            task: id,
            attempt: if resumes { earlier } else { earlier + 1 },
            origin: Origin::Parent { asked: record, item },
            operation: self.operation.clone(),
            component: self.component,
            arguments: ByteBuf::from(arguments),
        };
        let notice = Notice::ChildStarted { parent: record.task, task: id, of: self.of };
        shared.notice(notice);
        let child = self.task.child(started, call);
        let ended = self.attempt(&child, resumes).await;
        let (outcome, usage) = ended.unwrap_or_else(|error| (Err(error), None));
        let error = outcome.as_ref().err();
        shared.notice(Notice::ChildDone { parent: record.task, task: id, error, usage });
        outcome
    }

    /// Runs it to its recorded end: how it ended, and what it used.
    ///
    /// # Errors
    /// Its end is not recorded.
    async fn attempt(
        &self,
        child: &Arc<Task>,
        resumes: bool,
    ) -> Result<(ChildOutcome, Option<Usage>), Error> {
        let shared = &self.task.shared;
        let started = &child.started;
        let begin = if resumes {
            Event::TaskResumed { task: started.task, attempt: started.attempt }
        } else {
            Event::TaskStarted(started.clone())
        };
        let unwritten = |error: &dyn ToString| Error::unavailable(error.to_string());
        let began = shared.recorder.append_one(begin, Durability::Buffered).await;
        let began = began.map_err(|error| unwritten(&error))?;
        let counted = if resumes { Ok(()) } else { shared.count_task(&self.task.bounds) };
        let end = match counted {
            Err(error) => TaskEnd::failed(error),
            Ok(()) => self.watched(child, began).await.map_err(|error| unwritten(&error))?,
        };
        if shared.is_gone() {
            telemetry::task_left(&child.span);
            return Err(Error::cancelled());
        }
        child.place.leave();
        let end = self.merged(child, end);
        let (outcome, usage) = (end.result.clone(), end.usage);
        let done = task::done(started, end);
        let written = shared.recorder.append_one(done, Durability::Buffered).await;
        written.map_err(|error| unwritten(&error))?;
        child.ended(&outcome, usage);
        Ok((outcome, usage))
    }

    /// Runs the child; a parent that stops stops its children.
    async fn watched(&self, child: &Arc<Task>, began: Written) -> Result<TaskEnd, String> {
        let running = Box::pin(Arc::clone(child).run(began));
        match select(running, Box::pin(self.context.cancellation.cancelled())).await {
            Either::Left((end, _)) => end,
            Either::Right(((), running)) => {
                child.cancel(Error::cancelled());
                running.await
            }
        }
    }

    fn merged(&self, child: &Arc<Task>, end: TaskEnd) -> TaskEnd {
        if end.result.is_err() || end.changes.is_empty() {
            self.task.shared.world.workspace.discard(child.stage());
            return end;
        }
        match self.task.shared.world.workspace.merge(child.stage(), self.task.stage()) {
            Ok(()) => end,
            Err(error) => {
                self.task.shared.world.workspace.discard(child.stage());
                TaskEnd { usage: end.usage, ..TaskEnd::failed(error) }
            }
        }
    }
}
