//! A clock that only moves when it is told to.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    BoxFuture,
    clock::{Clock, Timestamp},
};

/// A clock that only moves when it is told to. Clones show the same time.
#[derive(Clone, Default)]
pub struct SimClock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Timestamp,
    waiting: Vec<(Timestamp, Waker)>,
}

impl SimClock {
    /// A clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        let clock = Self::default();
        clock.state().now = now;
        clock
    }

    /// Moves the clock on, and wakes who waited for that.
    pub fn advance(&self, by: Duration) {
        let due: Vec<Waker> = {
            let mut state = self.state();
            state.now = state.now.after(by);
            let now = state.now;
            state
                .waiting
                .extract_if(.., |(deadline, _)| *deadline <= now)
                .map(|(_, it)| it)
                .collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// The earliest time that somebody waits for.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.state().waiting.iter().map(|(deadline, _)| *deadline).min()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn wait_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(std::future::poll_fn(move |context| {
            let mut state = clock.state();
            if deadline <= state.now {
                return Poll::Ready(());
            }
            state.waiting.push((deadline, context.waker().clone()));
            Poll::Pending
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Context};

    use super::*;

    #[test]
    fn a_wait_ends_when_the_clock_has_moved_there() {
        let clock = SimClock::new(Timestamp::from_millis(5));
        let mut wait = pin!(clock.wait_until(Timestamp::from_millis(7)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut context).is_pending());
        assert_eq!(clock.next_deadline(), Some(Timestamp::from_millis(7)));
        clock.advance(Duration::from_millis(2));
        assert!(wait.as_mut().poll(&mut context).is_ready());
    }
}
