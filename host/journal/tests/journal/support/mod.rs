//! What the tests of this folder share: the one place that knows how to build a batch and wait.
#![allow(dead_code, reason = "each test program uses another part")]
#![allow(unreachable_pub, reason = "a module of several test programs")]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::{
    collections::BTreeSet,
    future::Future,
    pin::Pin,
    sync::{Arc, Condvar, Mutex},
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
};

use voyager_base::{
    RunId,
    chain::Head,
    record::{AppendError, Batch, Durability, Entry, Journal},
    sim::SimDisk,
};
use voyager_journal::{Compacted, Options, Store};

pub const RUN: RunId = RunId([1; 16]);
pub const OTHER: RunId = RunId([2; 16]);

/// The run with a number.
pub fn run(number: u64) -> RunId {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    RunId(id)
}

pub fn open(disk: &SimDisk) -> Store {
    Store::open(Arc::new(disk.clone()), Options::default()).unwrap()
}

pub fn batch(run: RunId, epoch: u64, after: Head, texts: &[&str], durability: Durability) -> Batch {
    let entry = |text: &&str| Entry { salt: [7; 16], payload: text.as_bytes().to_vec() };
    Batch { run, epoch, after, entries: texts.iter().map(entry).collect(), durability }
}

/// The head after a batch.
pub fn after(batch: &Batch) -> Head {
    batch.entries.iter().fold(batch.after, |head, it| head.after(&it.salt, &it.payload))
}

pub fn append(
    store: &Store,
    run: RunId,
    epoch: u64,
    head: Head,
    texts: &[&str],
    durability: Durability,
) -> Result<Head, AppendError> {
    wait(store.append(batch(run, epoch, head, texts, durability)))
}

/// Packs all that is worth it, of all runs.
pub fn compact(store: &Store) -> Compacted {
    let mut all = Compacted::default();
    loop {
        let packed = wait(store.compact(&BTreeSet::new()).unwrap()).unwrap();
        all.records += packed.records;
        all.row_bytes += packed.row_bytes;
        all.segment_bytes += packed.segment_bytes;
        all.damaged += packed.damaged;
        if !packed.more {
            return all;
        }
    }
}

pub fn texts(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|it| String::from_utf8_lossy(&it.payload).into_owned()).collect()
}

pub fn payloads(store: &Store, run: RunId) -> Vec<String> {
    texts(&store.read(run, 0, usize::MAX).unwrap())
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Whether a future is ready without waiting.
pub fn is_ready<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send>>) -> bool {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// Holds up who passes while it is closed.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn close(&self) {
        *self.0.0.lock().unwrap() = true;
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = false;
        self.0.1.notify_all();
    }

    pub fn pass(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |closed| *closed).unwrap());
    }
}
