//! One thread that polls futures in the order in which they become ready.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use voyager_base::{BoxFuture, call::Spawn, clock::Clock, sim::SimClock};

/// Polls futures on the calling thread. Clones share them.
#[derive(Clone, Default)]
pub struct Executor(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    tasks: BTreeMap<u64, BoxFuture<'static, ()>>,
    ready: VecDeque<u64>,
    next: u64,
}

struct Ready {
    executor: Executor,
    task: u64,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        let mut state = self.executor.state();
        if !state.ready.contains(&self.task) {
            state.ready.push_back(self.task);
        }
    }
}

impl Executor {
    /// Polls until `main` has ended, and gives back its output; none where `halted` says so before.
    /// Where nothing is ready, the clock moves on to whatever is waited for.
    ///
    /// # Panics
    /// Where nothing is ready and nothing is waited for: a deadlock.
    pub fn run<T: Send + 'static>(
        &self,
        clock: &SimClock,
        halted: impl Fn() -> bool,
        main: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let output: Arc<Mutex<Option<T>>> = Arc::default();
        let slot = Arc::clone(&output);
        self.spawn(Box::pin(async move {
            let ended = main.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        }));
        loop {
            if halted() {
                return None;
            }
            if let Some(ended) = output.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Some(ended);
            }
            let Some(task) = self.next_ready() else {
                let deadline = clock.next_deadline();
                let deadline = deadline.expect("a simulation must not wait for nothing");
                clock.advance(deadline.since(clock.now()).max(Duration::from_micros(1)));
                continue;
            };
            self.poll(task);
        }
    }

    /// Forgets all futures, as a host does that dies.
    pub fn drop_all(&self) {
        // Dropping a future may wake others, which needs the lock.
        loop {
            let task = self.state().tasks.pop_first();
            let Some((_, future)) = task else { break };
            drop(future);
        }
    }

    fn next_ready(&self) -> Option<u64> {
        self.state().ready.pop_front()
    }

    fn poll(&self, task: u64) {
        let Some(mut future) = self.state().tasks.remove(&task) else { return };
        let waker = Waker::from(Arc::new(Ready { executor: self.clone(), task }));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(()) => drop(future),
            Poll::Pending => {
                self.state().tasks.insert(task, future);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spawn for Executor {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut state = self.state();
        let task = state.next;
        state.next += 1;
        state.tasks.insert(task, future);
        state.ready.push_back(task);
    }
}
