//! Where blocking work is done: off the threads that poll futures, and on several cores.
//!
//! No pool of its own: the program hands in where blocking work goes.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_channel::oneshot;
use voyager_base::{call::Blocking, error::Error};

/// Runs every piece of blocking work on a thread of its own.
pub fn thread_each() -> Blocking {
    Arc::new(|work| {
        std::thread::spawn(work);
    })
}

/// Does `work` where blocking is allowed, and waits for its outcome without blocking.
pub(crate) async fn off<T: Send + 'static>(
    blocking: &Blocking,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = oneshot::channel();
    // The asker may be gone: then nobody needs the outcome.
    blocking(Box::new(move || drop(sender.send(work()))));
    let gone =
        |_| Error::unavailable("the work on files was dropped before it ended: the host stops");
    receiver.await.map_err(gone)?
}

/// Most items that one thread takes at once.
const RUN_MAX: usize = 64;

/// Applies `work` to all items on several threads; the results come in the order of the items. A thread
/// takes several neighbours at once, and makes a `state` for them that `work` keeps from one to the next.
pub(crate) fn parallel<T: Sync, R: Send, S>(
    threads: NonZeroUsize,
    items: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.get().min(items.len()).max(1);
    // Small enough that no thread is left with much of the work when the others are done.
    let length = (items.len() / (threads * 8)).clamp(1, RUN_MAX);
    let runs: Vec<&[T]> = items.chunks(length).collect();
    let all = |run: &&[T]| {
        let mut state = state();
        run.iter().map(|item| work(&mut state, item)).collect::<Vec<R>>()
    };
    if threads == 1 {
        return runs.iter().flat_map(all).collect();
    }
    let next = AtomicUsize::new(0);
    let one = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = runs.get(index) else { return results };
            results.push((index, all(run)));
        }
    };
    let mut results: Vec<(usize, Vec<R>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        for threads in [1, 4] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let doubled = parallel(threads, &items, || (), |(), item| item * 2);
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_state_is_kept_for_some_neighbours_and_not_for_all() {
        let items: Vec<usize> = (0..1000).collect();
        let threads = NonZeroUsize::new(2).unwrap();
        let seen = parallel(threads, &items, || None, |first, item| *first.get_or_insert(*item));
        for (item, first) in items.iter().zip(seen) {
            assert!(first <= *item && item - first < RUN_MAX, "{item} with the state of {first}");
        }
    }
}
