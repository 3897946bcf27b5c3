//! Measures what durability costs: `cargo run --release --example durability -p voyager-journal [-- --json] [FOLDER]`.
//!
//! Prints the time of a bare `fdatasync` of the same folder beside, since every figure stands and falls
//! with it.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use voyager_base::{
    RunId,
    chain::Head,
    disk::{Disk, DiskFile},
    record::{Batch, Durability, Entry, Journal},
    sim::SimDisk,
};
use voyager_disk::FileDisk;
use voyager_journal::{Options, Store};

/// Size of the payload of a record: what a typical effect takes.
const PAYLOAD_BYTES: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|it| it == "--json");
    let base = arguments.iter().find(|it| !it.starts_with("--"));
    let folder = tempfile::tempdir_in(base.map_or_else(std::env::temp_dir, |it| it.into()))
        .expect("the folder can be written");

    let bare = bare_syncs(folder.path(), 2_000);
    let alone = alone(on_file(folder.path(), "alone"), 2_000);
    let many = together(on_file(folder.path(), "many"), 1_000, Duration::from_secs(5));
    let slow = |runs| together(on_slow_disk(), runs, Duration::from_secs(5));
    let (slow_alone, slow_many) = (slow(1), slow(1_000));

    let report = serde_json::json!({
        "payload_bytes": PAYLOAD_BYTES,
        "fdatasync_p50_us": bare.as_micros() as u64,
        "alone_p50_us": alone.latency.as_micros() as u64,
        "alone_sync_p50_us": alone.sync.as_micros() as u64,
        "alone_without_sync_p50_us": alone.rest.as_micros() as u64,
        "runs_1000_records_per_second": many.rate(),
        "runs_1000_records_per_sync": many.per_sync(),
        "slow_alone_records_per_second": slow_alone.rate(),
        "slow_1000_records_per_second": slow_many.rate(),
        "slow_1000_records_per_sync": slow_many.per_sync(),
        "slow_ratio": slow_many.rate() / slow_alone.rate(),
    });
    if json {
        println!("{report}");
        return;
    }
    let object = report.as_object().expect("it was made as an object");
    object.iter().for_each(|(name, value)| println!("{name:32} {value}"));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Time of writing one page of a file that does not grow, and syncing it.
fn bare_syncs(folder: &Path, count: usize) -> Duration {
    let file = File::create(folder.join("bare")).expect("the folder can be written");
    file.write_all_at(&vec![1; 1 << 20], 0).expect("the disk has room");
    file.sync_all().expect("the disk works");
    let page = [2; 4096];
    let sync = |number: usize| {
        file.write_all_at(&page, (number % 256 * 4096) as u64).expect("the disk works");
        let begin = now();
        file.sync_data().expect("the disk works");
        begin.elapsed()
    };
    median((0..count).map(sync).collect())
}

/// A store with a count of its syncs, and their time.
struct Measured {
    store: Store,
    syncs: Arc<Syncs>,
}

#[derive(Default)]
struct Syncs {
    count: AtomicU64,
    micros: AtomicU64,
}

/// A disk whose syncs are measured.
struct Watched<D>(D, Arc<Syncs>);

struct WatchedFile(Box<dyn DiskFile>, Arc<Syncs>);

impl<D: Disk> Disk for Watched<D> {
    fn open(&self, name: &str) -> std::io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(WatchedFile(self.0.open(name)?, Arc::clone(&self.1))))
    }

    fn list(&self) -> std::io::Result<Vec<String>> {
        self.0.list()
    }

    fn remove(&self, name: &str) -> std::io::Result<()> {
        self.0.remove(name)
    }

    fn sync_folder(&self) -> std::io::Result<()> {
        self.0.sync_folder()
    }
}

impl DiskFile for WatchedFile {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn set_len(&self, length: u64) -> std::io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> std::io::Result<()> {
        let begin = now();
        let outcome = self.0.sync();
        self.1.count.fetch_add(1, Ordering::Relaxed);
        self.1.micros.fetch_add(begin.elapsed().as_micros() as u64, Ordering::Relaxed);
        outcome
    }
}

fn watched(disk: impl Disk + 'static) -> Measured {
    let syncs = Arc::new(Syncs::default());
    let disk = Watched(disk, Arc::clone(&syncs));
    let store = Store::open(Arc::new(disk), Options::default()).expect("a new store opens");
    Measured { store, syncs }
}

fn on_file(folder: &Path, name: &str) -> Measured {
    watched(FileDisk::open(folder.join(name)).expect("the folder can be written"))
}

/// A disk whose sync takes 5 ms.
fn on_slow_disk() -> Measured {
    let disk = SimDisk::new(1);
    disk.on_sync(|| std::thread::sleep(Duration::from_millis(5)));
    watched(disk)
}

fn next(run: RunId, epoch: u64, after: Head, number: u64) -> Batch {
    let mut payload = vec![0; PAYLOAD_BYTES];
    payload[..8].copy_from_slice(&number.to_le_bytes());
    let entries = vec![Entry { salt: [1; 16], payload }];
    Batch { run, epoch, after, entries, durability: Durability::Synced }
}

fn run(number: u64) -> RunId {
    let mut id = [0; 16];
    // Spread as ULIDs of one minute are.
    id[..16].copy_from_slice(&voyager_base::Digest::of(&number.to_le_bytes()).0[..16]);
    RunId(id)
}

struct Alone {
    latency: Duration,
    sync: Duration,
    rest: Duration,
}

/// Latency of each append of a run that is alone, with and without its syncs.
fn alone(measured: Measured, count: u64) -> Alone {
    let (store, syncs) = (&measured.store, &measured.syncs);
    let (mut head, epoch) = wait(store.claim(run(0))).expect("the disk works");
    let (mut latencies, mut synced, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..count {
        let before = syncs.micros.load(Ordering::Relaxed);
        let begin = now();
        head = wait(store.append(next(run(0), epoch, head, number))).expect("the disk works");
        let latency = begin.elapsed();
        let sync = Duration::from_micros(syncs.micros.load(Ordering::Relaxed) - before);
        latencies.push(latency);
        synced.push(sync);
        rest.push(latency.saturating_sub(sync));
    }
    Alone { latency: median(latencies), sync: median(synced), rest: median(rest) }
}

struct Together {
    records: u64,
    syncs: u64,
    time: Duration,
}

impl Together {
    fn rate(&self) -> f64 {
        self.records as f64 / self.time.as_secs_f64()
    }

    fn per_sync(&self) -> f64 {
        self.records as f64 / self.syncs as f64
    }
}

/// Many runs, each of which waits for every record.
fn together(measured: Measured, runs: u64, time: Duration) -> Together {
    let (store, syncs) = (&measured.store, &measured.syncs);
    let claims: Vec<_> = (0..runs).map(|it| (it, store.claim(run(it)))).collect();
    let claimed: Vec<_> = claims
        .into_iter()
        .map(|(number, claim)| (number, wait(claim).expect("the disk works")))
        .collect();
    let (begin, before) = (now(), syncs.count.load(Ordering::Relaxed));
    let mut records = 0;
    let step = |number: u64, epoch: u64, head: Head| async move {
        let head = store.append(next(run(number), epoch, head, head.sequence)).await;
        (number, epoch, head.expect("the disk works"))
    };
    let mut appends: FuturesUnordered<_> =
        claimed.into_iter().map(|(number, (head, epoch))| step(number, epoch, head)).collect();
    wait(async {
        while let Some((number, epoch, head)) = appends.next().await {
            records += 1;
            if begin.elapsed() < time {
                appends.push(step(number, epoch, head));
            }
        }
    });
    Together { records, syncs: syncs.count.load(Ordering::Relaxed) - before, time: begin.elapsed() }
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}
