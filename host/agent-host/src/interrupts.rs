//! Ctrl-C, also where it comes while nobody waits for it.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Failure, FailureKind};

/// A signal that people or their machine send to have this process end. One that comes from now on counts, whenever
/// it is asked for: between two looks, too, where a listener made anew for each look would miss it.
pub(crate) struct Interrupts(Signal);

impl Interrupts {
    /// Those of Ctrl-C. Within a runtime only.
    ///
    /// # Errors
    /// The machine refuses a handler.
    pub(crate) fn of_people() -> Result<Self, Failure> {
        Self::of(SignalKind::interrupt())
    }

    /// Those by which the machine stops a service. Within a runtime only.
    ///
    /// # Errors
    /// The machine refuses a handler.
    pub(crate) fn of_machine() -> Result<Self, Failure> {
        Self::of(SignalKind::terminate())
    }

    fn of(kind: SignalKind) -> Result<Self, Failure> {
        let refused = |error: std::io::Error| {
            Failure::new(FailureKind::Environment, format!("cannot listen for signals: {error}"))
        };
        signal(kind).map(Self).map_err(refused)
    }

    /// The next one. Dropped before its end it has taken none.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            // No more can come.
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal as Sent, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn what_comes_while_nobody_waits_is_not_lost() {
        let mut interrupts = Interrupts::of_people().unwrap();
        for _ in 0..3 {
            kill_process(getpid(), Sent::INT).unwrap();
            interrupts.next().await;
        }
    }
}
