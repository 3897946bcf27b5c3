//! `voyager:tasks`: other operations as child tasks.

use serde_bytes::ByteBuf;
use voyager_base::{Error, tasks::MapTasks};

use super::wit::voyager::tasks::tasks;
use crate::guest::Guest;

impl tasks::Host for Guest {
    async fn call(
        &mut self,
        operation: String,
        arguments: Vec<u8>,
    ) -> wasmtime::Result<tasks::Outcome> {
        let arguments = vec![ByteBuf::from(arguments)];
        let answer = self.ask(MapTasks { operation, arguments, parallel: 1 }).await?;
        let outcome = answer.and_then(|mut outcomes| match outcomes.pop() {
            Some(outcome) => outcome,
            None => Err(Error::unavailable("the child left no outcome")),
        });
        Ok(outcome.map(ByteBuf::into_vec).map_err(Into::into))
    }

    async fn map(
        &mut self,
        operation: String,
        arguments: Vec<Vec<u8>>,
        parallel: u32,
    ) -> wasmtime::Result<Result<Vec<tasks::Outcome>, tasks::Error>> {
        let arguments = arguments.into_iter().map(ByteBuf::from).collect();
        let answer = self.ask(MapTasks { operation, arguments, parallel }).await?;
        let outcomes = answer.map(|outcomes| {
            let outcomes = outcomes.into_iter();
            outcomes.map(|it| it.map(ByteBuf::into_vec).map_err(Into::into)).collect()
        });
        Ok(outcomes.map_err(Into::into))
    }
}
