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
use voyager_base::error::Error;

/// Runs one piece of blocking work, for example on tokio's blocking threads.
pub type Blocking = Arc<dyn Fn(Box<dyn FnOnce() + Send>) + Send + Sync>;

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

/// Applies `work` to all items on several threads; the results come in the order of the items.
pub(crate) fn parallel<T: Sync, R: Send>(
    threads: NonZeroUsize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.get().min(items.len());
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let one = || {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return results };
            results.push((index, work(item)));
        }
    };
    let mut results: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = parallel(NonZeroUsize::new(4).unwrap(), &items, |item| item * 2);
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
    }
}
