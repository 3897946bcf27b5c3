//! Guests that are closures instead of components.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{Either, select};
use voyager_base::{
    BoxFuture, Error, ErrorKind, Value,
    call::{HostCall, Invocation, Skills, ask},
    clock::Clock,
    sim::SimClock,
};

/// A running guest: its arguments, and its way to the host.
pub struct Guest(Invocation);

impl Guest {
    /// The argument at `place`.
    pub fn argument(&self, place: usize) -> &Value {
        &self.0.arguments[place]
    }

    /// The text at `place` of the arguments.
    ///
    /// # Panics
    /// Where there is none.
    pub fn text(&self, place: usize) -> &str {
        self.argument(place).as_str().expect("the plan gives text")
    }

    /// Stops while a more important guest has its slot: what the sandbox sees to at each tick.
    pub async fn rest(&self) {
        if let Some(pause) = self.0.ledger.pause() {
            pause.await;
        }
    }

    /// Asks the host. A guest that must not go on ends with `cancelled`.
    ///
    /// # Errors
    /// The host's answer.
    pub async fn ask<C: HostCall>(&self, call: C) -> Result<C::Reply, Error> {
        self.rest().await;
        let answer = ask(&*self.0.ledger, &self.0.services, call).await;
        self.rest().await;
        answer.map_err(|stop| Error::new(ErrorKind::Cancelled, stop.to_string()))?
    }
}

type Function = Arc<dyn Fn(Guest) -> BoxFuture<'static, Result<Value, Error>> + Send + Sync>;

/// Guests by the function of their operation.
#[derive(Clone, Default)]
pub struct Guests(BTreeMap<String, Function>);

impl Guests {
    /// These and one more.
    #[must_use]
    pub fn with<F, R>(mut self, function: &str, guest: F) -> Self
    where
        F: Fn(Guest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let guest = move |it| -> BoxFuture<'static, _> { Box::pin(guest(it)) };
        self.0.insert(function.to_owned(), Arc::new(guest));
        self
    }
}

impl Guests {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        let name = invocation.operation.name.clone();
        match self.0.get(&name.function) {
            Some(guest) => guest(Guest(invocation)),
            None => Box::pin(async move { Err(Error::not_found(format!("no guest {name}"))) }),
        }
    }
}

/// Runs guests within the time of their limits, as the sandbox does.
pub(crate) struct Sandbox {
    pub(crate) guests: Guests,
    pub(crate) clock: SimClock,
}

impl Skills for Sandbox {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        let time = invocation.limits.time;
        let up = self.clock.wait_until(self.clock.now().after(time));
        let guest = self.guests.call(invocation);
        Box::pin(async move {
            match select(guest, up).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => Err(Error::new(ErrorKind::Timeout, "the guest takes too long")),
            }
        })
    }
}
