//! Measures how soon a host serves again, and how soon a long run goes on:
//! `cargo run --release --example startup -p sim [-- FOLDER] [--runs N] [--records N] [--steps N]`.
//!
//! The records are those of a real run through the real loop, and copies of it under other ids, on a disk
//! that is not synced while they are made. They are made in a process of its own that ends without closing
//! anything, as in a crash.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use sim::{guests::Guests, host::Host, host::request, machine::Machine, plan::checked};
use voyager_agent::DriveError;
use voyager_base::{
    RunId, Value,
    disk::{Disk, DiskFile},
    record::{Batch, Durability, Entry, Journal},
    sim::wait,
};
use voyager_disk::FileDisk;
use voyager_journal::{Compacted, Options, Store};
use voyager_manifest::Plan;

/// Records that are appended at once.
const RECORDS_AT_ONCE: usize = 64;

/// A crash of a host that recorded nothing for a while.
const CRASH_AT_REST: &str = "after a crash at rest";

/// Records of a run beside two for each step.
const RECORDS_BESIDE: u64 = 6;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = arguments.iter().position(|it| it == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    if let [make, folder, runs, steps] = arguments.as_slice()
        && make == "--make"
    {
        let number = |text: &String| text.parse().expect("it is a number");
        make_runs(Path::new(folder), number(runs), number(steps));
        // As a crash: nothing is closed.
        std::process::exit(0);
    }
    if let [settle, folder] = arguments.as_slice()
        && settle == "--settle"
    {
        write_and_rest(Path::new(folder));
        std::process::exit(0);
    }
    if let [write, folder] = arguments.as_slice()
        && write == "--write"
    {
        let store = open(Path::new(folder));
        write_one(&store);
        std::mem::forget(store);
        std::process::exit(0);
    }
    let base = arguments.first().filter(|it| !it.starts_with("--"));
    let folder = tempfile::tempdir_in(base.map_or_else(std::env::temp_dir, |it| it.into()))
        .expect("the folder can be written");
    let (runs, records) = (number("--runs", 10_000), number("--records", 5_000_000));
    let steps = (records / runs).saturating_sub(RECORDS_BESIDE) / 2;
    startup(&folder.path().join("many"), runs, steps);
    resume(&folder.path().join("long"), number("--steps", 100_000));
}

fn startup(folder: &Path, runs: u64, steps: u64) {
    make_elsewhere(folder, runs, steps);
    for how in ["after a crash", CRASH_AT_REST, "after a close", "after a close, again"] {
        if how == CRASH_AT_REST {
            elsewhere(&[Path::new("--settle"), folder]);
        }
        start(folder, how);
    }
    compact(folder);
    elsewhere(&[Path::new("--write"), folder]);
    start(folder, "packed, after a crash amid records");
    shrink(folder);
    elsewhere(&[Path::new("--write"), folder]);
    start(folder, "the same without the room that is free");
    start(folder, "packed, after a close");
    // What is asked first of a host that serves again.
    let host = Host::over(open(folder), &Machine::with_files([]), &guests(), 1);
    let newest = *host.store.runs().expect("they can be listed").last().expect("there is one");
    println!("resuming one of them: {:?}", median(|| go_on(&host, newest)));
}

/// Opens the store, and asks it for what a host asks.
fn start(folder: &Path, how: &str) {
    let (store, open) = timed(|| open(folder));
    let (all, list) = timed(|| store.runs().expect("they can be listed"));
    let ends = |run: &RunId| {
        let head = store.head(*run).expect("it can be read").expect("it is there");
        let last = store.read(*run, head.sequence - 1, 1).expect("it can be read");
        assert_eq!(last.len(), 1, "run {run} has a last record");
        head.sequence
    };
    let (records, ended) = timed(|| all.iter().map(ends).sum::<u64>());
    println!(
        "{how}: {} runs, {records} records, {} MiB: open {open:?}, list {list:?}, the last \
         record of each {ended:?}",
        all.len(),
        size(folder) >> 20
    );
    drop(store);
}

/// Packs everything that can be packed.
fn compact(folder: &Path) {
    let store = open(folder);
    let (mut done, mut pieces) = (Compacted::default(), Vec::new());
    let ((), all) = timed(|| {
        loop {
            let growing = BTreeSet::new();
            let (packed, packing) = timed(|| store.compact(&growing).expect("it can be read"));
            let (packed, commit) = timed(|| wait(packed).expect("it can be written"));
            pieces.push((commit, packing));
            done.records += packed.records;
            done.row_bytes += packed.row_bytes;
            done.segment_bytes += packed.segment_bytes;
            if !packed.more {
                break;
            }
        }
    });
    pieces.sort_unstable();
    let (commit, packing) = pieces[pieces.len() / 2];
    let longest = pieces.last().map_or(Duration::ZERO, |it| it.0);
    println!(
        "compacting: {} records in {all:?}; {} MiB of rows are {} MiB of segments; {} commits of {commit:?} \
         in the median, {longest:?} at most, each after packing for {packing:?}",
        done.records,
        done.row_bytes >> 20,
        done.segment_bytes >> 20,
        pieces.len(),
    );
}

fn shrink(folder: &Path) {
    let store = open(folder);
    let before = mib(folder);
    let ((), time) = timed(|| store.shrink().expect("it can be written"));
    drop(store);
    println!(
        "{before:.1} MiB on the disk, {:.1} MiB after giving room back for {time:?}",
        mib(folder)
    );
}

fn mib(folder: &Path) -> f64 {
    size(folder) as f64 / f64::from(1 << 20)
}

fn resume(folder: &Path, steps: u64) {
    make_elsewhere(folder, 1, steps);
    resume_long(folder, steps);
    println!("it takes {:.1} MiB", mib(folder));
    compact(folder);
    shrink(folder);
    resume_long(folder, steps);
}

fn resume_long(folder: &Path, steps: u64) {
    let host = Host::over(open(folder), &Machine::with_files([]), &guests(), 1);
    let run = host.only_run().expect("there is one");
    let head = host.store.head(run).expect("it can be read").expect("it is there");
    let first = timed(|| go_on(&host, run)).1;
    println!(
        "a run of {steps} steps, {} records: resumed after {first:?} the first time, {:?} in the \
         median of 9 more",
        head.sequence,
        median(|| go_on(&host, run))
    );
}

/// Claims a run, brings its state back, and records that it goes on.
fn go_on(host: &Host, run: RunId) {
    let world = Arc::clone(&host.world);
    let live =
        host.block_on(async move { voyager_agent::resume(&world, run, Default::default()).await });
    live.expect("the host lives").expect("it goes on");
}

fn median(act: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..9).map(|_| timed(&act).1).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = act();
    (done, begun.elapsed())
}

fn open(folder: &Path) -> Store {
    let disk = FileDisk::open(folder).expect("nobody else has it");
    Store::open(Arc::new(disk), Options::default()).expect("it is whole")
}

fn size(folder: &Path) -> u64 {
    let entries = folder.read_dir().expect("it can be listed");
    entries.filter_map(|it| it.ok()?.metadata().ok()).map(|it| it.len()).sum()
}

fn make_elsewhere(folder: &Path, runs: u64, steps: u64) {
    let (runs, steps) = (runs.to_string(), steps.to_string());
    elsewhere(&[Path::new("--make"), folder, Path::new(&runs), Path::new(&steps)]);
    // Whoever recorded these synced them: the start that is timed must not have to.
    for entry in folder.read_dir().expect("it can be listed") {
        let file = File::open(entry.expect("it can be listed").path()).expect("it can be read");
        file.sync_all().expect("the disk works");
    }
}

/// Does something in a process of its own, which ends without closing anything.
fn elsewhere(arguments: &[&Path]) {
    let program = std::env::current_exe().expect("it has a place");
    let done = Command::new(program).args(arguments).status().expect("it starts");
    assert!(done.success(), "{arguments:?}");
}

/// A record more, and then nothing for a while.
fn write_and_rest(folder: &Path) {
    let store = open(folder);
    write_one(&store);
    let settle = || wait(store.settle()).expect("it can be written");
    // It only sees that something was written.
    settle();
    println!("settling: {:?}", timed(settle).1);
    std::mem::forget(store);
}

fn write_one(store: &Store) {
    let newest = *store.runs().expect("they can be listed").last().expect("there is one");
    wait(store.claim(newest)).expect("it can be written");
}

fn guests() -> Guests {
    Guests::default().with("one", |guest| async move { Ok(Value::String(guest.text(0).into())) })
}

/// A run of so many steps, which waits for a signal then, and copies of it.
fn make_runs(folder: &Path, runs: u64, steps: u64) {
    let disk = Unsynced(FileDisk::open(folder).expect("nobody else has it"));
    let store = Store::open(Arc::new(disk), Options::default()).expect("it is whole");
    let seed = u64::from(std::process::id());
    let host = Host::over(store, &Machine::with_files([]), &guests(), seed);
    let (world, request) = (Arc::clone(&host.world), request(&plan(steps)));
    let left = host.block_on(async move {
        let live = voyager_agent::start(&world, request).await.expect("it starts");
        live.handle.leave_when_waiting();
        (live.id, live.outcome.await)
    });
    let (run, outcome) = left.expect("the host lives");
    assert_eq!(outcome, Err(DriveError::Waits), "it waits");
    let entries = host.store.read(run, 0, usize::MAX).expect("it can be read");
    drop(host);
    let disk = Unsynced(FileDisk::open(folder).expect("nobody else has it"));
    let store = Store::open(Arc::new(disk), Options::default()).expect("it is whole");
    for number in 1..runs {
        copy(&store, number, &entries);
    }
    std::mem::forget(store);
}

/// The same records under another id, older than that of any real run.
fn copy(store: &Store, number: u64, entries: &[Entry]) {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    let run = RunId(id);
    let (mut after, epoch) = wait(store.claim(run)).expect("it can be written");
    let last = entries.len().div_ceil(RECORDS_AT_ONCE) - 1;
    for (at, entries) in entries.chunks(RECORDS_AT_ONCE).enumerate() {
        let durability = if at == last { Durability::Synced } else { Durability::Buffered };
        let batch = Batch { run, epoch, after, entries: entries.to_vec(), durability };
        after = wait(store.append(batch)).expect("it can be written");
    }
}

fn plan(steps: u64) -> Plan {
    checked(&format!(
        "
limits: {{ steps: 10000000 }}
steps:
  - id: many
    repeat: {{ max: {steps}, carry: {{ at: {{ type: int, start: 0, next: \"at + 1\" }} }} }}
    use: guests/one
    changes: discard
    with: {{ p0: {{ expr: \"'step ' + string(at)\" }} }}
  - {{ id: told, await: {{ signal: told }} }}
"
    ))
}

/// A disk that keeps nothing safe: making millions of records would take as many syncs.
struct Unsynced(FileDisk);

struct UnsyncedFile(Box<dyn DiskFile>);

impl Disk for Unsynced {
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(UnsyncedFile(self.0.open(name)?)))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for UnsyncedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
