//! One thread that polls futures in the order in which they become ready.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use crate::{BoxFuture, call::Spawn, clock::Clock, sim::SimClock};

/// How long the executor waits for the machine before it looks whether it is halted.
const LOOK: Duration = Duration::from_millis(50);

/// Polls futures on the calling thread. Clones share them.
#[derive(Clone, Default)]
pub struct Executor(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the polling thread that something became ready.
    woken: Condvar,
}

#[derive(Default)]
struct State {
    tasks: BTreeMap<u64, BoxFuture<'static, ()>>,
    ready: VecDeque<u64>,
    next: u64,
    /// Things that the machine itself does now: while there are any, time does not move.
    outside: u64,
}

/// Something that the machine itself does, a program say: until it is dropped, the simulated time stands
/// still, and what is waited for comes from another thread.
pub struct Outside(Executor);

impl Drop for Outside {
    fn drop(&mut self) {
        self.0.state().outside -= 1;
        self.0.0.woken.notify_one();
    }
}

/// Why a future did not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// Whoever polls was told to stop.
    #[error("it was halted")]
    Halted,
    /// Nothing is ready, no time is waited for, and nothing outside goes on: it would wait for ever.
    #[error("{waiting} future(s) wait for nothing that could still come")]
    Standstill {
        /// How many futures wait, the main one among them.
        waiting: usize,
    },
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
        drop(state);
        self.executor.0.woken.notify_one();
    }
}

impl Executor {
    /// Polls until `main` has ended, and gives back its output.
    /// Where nothing is ready, the clock moves on to whatever is waited for.
    ///
    /// # Errors
    /// [`Unfinished`]: `halted` says so before, or nothing can happen any more. The futures are kept as
    /// they are.
    pub fn run<T: Send + 'static>(
        &self,
        clock: &SimClock,
        halted: impl Fn() -> bool,
        main: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Unfinished> {
        let output: Arc<Mutex<Option<T>>> = Arc::default();
        let slot = Arc::clone(&output);
        self.spawn(Box::pin(async move {
            let ended = main.await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        }));
        loop {
            if halted() {
                return Err(Unfinished::Halted);
            }
            if let Some(ended) = output.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Ok(ended);
            }
            let Some(task) = self.next_ready() else {
                if self.waits_outside() {
                    continue;
                }
                let Some(deadline) = clock.next_deadline() else {
                    return Err(Unfinished::Standstill { waiting: self.state().tasks.len() });
                };
                clock.advance(deadline.since(clock.now()).max(Duration::from_micros(1)));
                continue;
            };
            self.poll(task);
        }
    }

    /// Says that the machine itself does something now.
    pub fn outside(&self) -> Outside {
        self.state().outside += 1;
        Outside(self.clone())
    }

    /// Waits a little where the machine itself does something. False where it doesn't.
    fn waits_outside(&self) -> bool {
        let state = self.state();
        if state.outside == 0 {
            // Something may have become ready in between.
            return !state.ready.is_empty();
        }
        let waiting = |state: &mut State| state.ready.is_empty() && state.outside > 0;
        let waited = self.0.woken.wait_timeout_while(state, LOOK, waiting);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        true
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
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Waits on this thread until a future has ended that another thread completes.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    #[derive(Default)]
    struct Bell(Mutex<bool>, Condvar);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.1.notify_one();
        }
    }
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let rung = bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rung = bell.1.wait_while(rung, |rung| !*rung);
        *rung.unwrap_or_else(PoisonError::into_inner) = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn time_moves_only_while_the_machine_does_nothing() {
        let (executor, clock) = (Executor::default(), SimClock::new(Timestamp::from_millis(0)));
        let (tell, told) = std::sync::mpsc::channel::<Waker>();
        let thread = std::thread::spawn(move || {
            let waker = told.recv().expect("the future hands its waker over");
            waker.wake();
        });
        let outside = executor.outside();
        let (own, later) = (clock.clone(), clock.wait_until(Timestamp::from_millis(5)));
        let mut polled = false;
        let seen = executor.run(&clock, || false, async move {
            std::future::poll_fn(|context| {
                if std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                tell.send(context.waker().clone()).expect("the thread waits");
                Poll::Pending
            })
            .await;
            let before = own.now();
            drop(outside);
            later.await;
            (before, own.now())
        });
        thread.join().expect("it ends");
        assert_eq!(seen, Ok((Timestamp::from_millis(0), Timestamp::from_millis(5))));
    }
    #[test]
    fn futures_that_wait_for_each_other_are_told() {
        let (executor, clock) = (Executor::default(), SimClock::new(Timestamp::from_millis(0)));
        executor.spawn(Box::pin(std::future::pending()));
        let later = clock.wait_until(Timestamp::from_millis(5));
        let ended = executor.run(&clock, || false, async move {
            later.await;
            std::future::pending::<()>().await;
        });
        assert_eq!(ended, Err(Unfinished::Standstill { waiting: 2 }));
        assert_eq!(clock.now(), Timestamp::from_millis(5), "what has a time is waited for before");
        assert_eq!(executor.run(&clock, || true, async {}), Err(Unfinished::Halted));
    }
}
