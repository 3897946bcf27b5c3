//! Ctrl-C, also where it comes while nobody waits for it.

use std::io::BufRead as _;

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

/// A line that somebody types; none at the end of the input and at Ctrl-C. Reading alone would not end then: once
/// somebody listened for it, Ctrl-C ends no process by itself. Outside of a runtime only.
///
/// # Errors
/// The machine refuses a handler.
pub(crate) fn typed_line() -> Result<Option<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot wait for an answer", &error))?;
    let (sender, typed) = tokio::sync::oneshot::channel();
    // At Ctrl-C it is left behind, and ends with the process or the next line.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        drop(sender.send(read.is_ok_and(|bytes| 0 < bytes).then_some(line)));
    });
    runtime.block_on(async {
        let mut interrupts = Interrupts::of_people()?;
        tokio::select! {
            line = typed => Ok(line.ok().flatten()),
            () = interrupts.next() => Ok(None),
        }
    })
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
