//! `voyager:tasks`: calls of other operations as child tasks.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    BoxFuture,
    call::{CallContext, Charge, Effect, HostCall, Need, Services},
    error::Error,
};

/// Calls one operation once for each of `arguments`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MapTasks {
    /// The operation: its unversioned name, or a short form as in manifests.
    pub operation: String,
    /// For each child the canonical bytes of the tuple of parameters.
    pub arguments: Vec<ByteBuf>,
    /// Most children at a time; 0 for as many as the host has cores.
    pub parallel: u32,
}

/// What became of one child: the canonical bytes of its result, or why there is none.
pub type ChildOutcome = Result<ByteBuf, Error>;

impl HostCall for MapTasks {
    const NAME: &'static str = "tasks.map";
    const EFFECT: Effect = Effect::Tasks;
    type Reply = Vec<ChildOutcome>;

    fn need(&self) -> Need<'_> {
        Need::Operation { name: &self.operation }
    }

    fn settle(reply: &Result<Self::Reply, Error>) -> Charge {
        let children = reply.as_ref().map_or(0, |outcomes| outcomes.len());
        Charge { children: u32::try_from(children).unwrap_or(u32::MAX) }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Self::Reply, Error>> {
        services.tasks.map(context, self)
    }
}

/// Runs child tasks: the run's own loop.
pub trait TasksService: Send + Sync {
    /// Runs the children of the asking task. Outcomes come in the order of the arguments.
    fn map<'a>(
        &'a self,
        context: &'a CallContext,
        call: MapTasks,
    ) -> BoxFuture<'a, Result<Vec<ChildOutcome>, Error>>;
}
