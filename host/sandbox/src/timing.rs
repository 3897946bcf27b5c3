//! The wall time of one call: host calls included, waiting for children not. And how much of it a thread
//! computed.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;
use voyager_base::clock::{Clock, Timestamp};

/// When a call must end. Clones speak of the same call.
#[derive(Clone)]
pub(crate) struct Timing(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    resumed: Notify,
    computed_micros: AtomicU64,
}

struct State {
    deadline: Timestamp,
    /// Since when the call waits for children.
    waiting_since: Option<Timestamp>,
}

impl Timing {
    /// A call that starts now and may take `time`.
    pub(crate) fn start(clock: Arc<dyn Clock>, time: Duration) -> Self {
        let state = State { deadline: clock.now().after(time), waiting_since: None };
        Self(Arc::new(Shared {
            clock,
            state: Mutex::new(state),
            resumed: Notify::new(),
            computed_micros: AtomicU64::new(0),
        }))
    }

    /// Another call starts now, behind the one that ended.
    pub(crate) fn restart(&self, time: Duration) {
        let deadline = self.0.clock.now().after(time);
        *self.0.state() = State { deadline, waiting_since: None };
        self.0.computed_micros.store(0, Ordering::Relaxed);
    }

    /// Has `compute` use the thread, and counts for how long it did.
    pub(crate) fn count<T>(&self, compute: impl FnOnce() -> T) -> T {
        let began = self.0.clock.now();
        let done = compute();
        let micros = self.0.clock.now().since(began).as_micros();
        let micros = u64::try_from(micros).unwrap_or(u64::MAX);
        self.0.computed_micros.fetch_add(micros, Ordering::Relaxed);
        done
    }

    /// For how long a thread computed so far.
    pub(crate) fn computed(&self) -> Duration {
        Duration::from_micros(self.0.computed_micros.load(Ordering::Relaxed))
    }

    /// Stops the time until the guard is dropped.
    pub(crate) fn pause(&self) -> Pause {
        self.0.state().waiting_since = Some(self.0.clock.now());
        Pause(Arc::clone(&self.0))
    }

    /// Completes when the time is up.
    pub(crate) async fn expired(&self) {
        loop {
            let (deadline, waiting) = {
                let state = self.0.state();
                (state.deadline, state.waiting_since.is_some())
            };
            if waiting {
                self.0.resumed.notified().await;
            } else if deadline <= self.0.clock.now() {
                return;
            } else {
                // A pause meanwhile moves the deadline: then this wakes early, and looks again.
                self.0.clock.wait_until(deadline).await;
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time stands still while this lives.
pub(crate) struct Pause(Arc<Shared>);

impl Drop for Pause {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let Some(since) = state.waiting_since.take() {
            state.deadline = state.deadline.after(self.0.clock.now().since(since));
        }
        drop(state);
        self.0.resumed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use voyager_base::sim::SimClock;

    use super::*;

    #[test]
    fn waiting_for_children_costs_no_time() {
        let clock = SimClock::new(Timestamp::from_millis(0));
        let timing = Timing::start(Arc::new(clock.clone()), Duration::from_millis(10));
        let mut expired = pin!(timing.expired());
        let mut context = Context::from_waker(Waker::noop());
        let mut is_over = || expired.as_mut().poll(&mut context).is_ready();
        assert!(!is_over());
        let pause = timing.pause();
        clock.advance(Duration::from_millis(50));
        assert!(!is_over());
        drop(pause);
        assert!(!is_over());
        clock.advance(Duration::from_millis(9));
        assert!(!is_over());
        clock.advance(Duration::from_millis(1));
        assert!(is_over());
    }
}
