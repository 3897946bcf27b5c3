//! The typed cover over the one boundary of `voyager-base`. Whatever a skill asks goes through
//! [`Guest::ask`]; a capability's adapter only translates.

use voyager_base::{
    Error,
    call::{self, Effect, HostCall},
};

use crate::{ending::Ending, guest::Guest};

impl Guest {
    /// The only way from a skill to the world: admits, answers from the record or has it performed,
    /// and records. The outer error ends the guest, the inner one is its answer.
    pub(crate) async fn ask<C: HostCall>(
        &mut self,
        question: C,
    ) -> wasmtime::Result<Result<C::Reply, Error>> {
        self.rest().await;
        // Children have limits of their own, so waiting for them costs the parent nothing.
        let pause = (C::EFFECT == Effect::Tasks).then(|| self.timing.pause());
        let answer = call::ask(self.ledger(), self.services(), question).await;
        drop(pause);
        self.rest().await;
        self.processor.resume();
        answer.map_err(|stop| Ending::Stop(stop).into())
    }
}
