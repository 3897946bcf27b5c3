//! `cargo xtask bench preempt`: how soon a critical task runs on a host whose slots are all taken by
//! guests that compute without end, with the real sandbox and the real journal on this disk.
//!
//! What is timed is a whole run of one small call, from the request to its outcome; beside it the same
//! on a host that has nothing else to do.
#![allow(clippy::unwrap_used, reason = "a benchmark stops where something is not as it should be")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use voyager_agent::{Notice, Observer};
use voyager_base::{RunId, clock::Timestamp};
use voyager_disk::FileDisk;
use voyager_hostile::{Host, RunHost, component};

const ROUNDS: usize = 500;

/// Says that it has begun, and ends; or computes without end.
const CORE: &str = r#"
    (import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
    (data (i32.const 0) "on")
    (func (export "test:hostile/api@0.1.0#greet")
        (call $log (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2)))
    (func (export "test:hostile/api@0.1.0#spin") (loop br 0))
"#;

/// When a guest last said that it has begun.
#[derive(Default)]
struct Begun(Mutex<Option<Instant>>);

impl Observer for Begun {
    fn notice(&self, _run: RunId, _at: Timestamp, notice: Notice<'_>) {
        if let Notice::Report { .. } = notice {
            *self.0.lock().unwrap() = Some(Instant::now());
        }
    }
}

fn main() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let skill = component("greet: func(); spin: func();", "import voyager:run/run@0.1.0;", CORE);
    runtime.block_on(async {
        let (host, begun) = (Host::new(), Arc::<Begun>::default());
        let disk = Arc::new(FileDisk::open(folder.path()).unwrap());
        let slots = u32::try_from(cores).unwrap();
        let runs = RunHost::on(&host, &[skill], slots, disk, Arc::clone(&begun) as _);
        eprintln!("{cores} slots, {ROUNDS} rounds each");
        critical(&runs, &begun, "nothing else runs").await;
        let spin = "limits: { cpu: 1h, time: 1h }\npriority: low\n\
                    steps: [ { id: spin, use: hostile/spin } ]\n";
        for _ in 0..2 * cores {
            let live = runs.start(runs.plan(spin)).await.unwrap();
            tokio::spawn(live.outcome);
        }
        while runs.world.schedule.load().computing < cores {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let low = format!("{} low guests compute without end", 2 * cores);
        let p99 = critical(&runs, &begun, &low).await;
        eprintln!("a critical guest begins within {p99:?} (p99); the target is 50 ms");
    });
    // The guests that compute without end are of no more use.
    runtime.shutdown_timeout(Duration::from_millis(100));
}

/// Times small critical runs; gives back the p99 of the time until the guest has begun.
async fn critical(runs: &RunHost, begun: &Begun, what: &str) -> Duration {
    let plan = runs.plan("priority: critical\nsteps: [ { id: greet, use: hostile/greet } ]\n");
    let (mut starts, mut wholes) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Any phase of the ticker.
        tokio::time::sleep(Duration::from_micros((round as u64 * 7_919) % 13_000)).await;
        let before = Instant::now();
        let live = runs.start(plan.clone()).await.unwrap();
        // A run goes on beside others, as it does in the program.
        tokio::spawn(live.outcome).await.unwrap().unwrap().unwrap();
        wholes.push(before.elapsed());
        starts.push(begun.0.lock().unwrap().take().unwrap() - before);
    }
    eprintln!("{what}:");
    let show = |name: &str, times: &mut Vec<Duration>| {
        times.sort();
        let at = |share: usize| times[times.len() * share / 100];
        let (p50, p99, most) = (at(50), at(99), times[times.len() - 1]);
        eprintln!("  {name:<34} p50 {p50:?}, p99 {p99:?}, most {most:?}");
        p99
    };
    let p99 = show("request until the guest has begun", &mut starts);
    show("request until the run has ended", &mut wholes);
    p99
}
