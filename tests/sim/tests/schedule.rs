//! The schedule through simulated hours: many tasks of random priority, under a virtual clock and a
//! printed seed.
//!
//! A hundred hours always. Ten thousand: `VOYAGER_STORM=1 cargo test --release -p sim --test schedule`.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use sim::storm::is_storm;
use voyager_agent::schedule::{Key, Place, Rules, Schedule, Scope, Wish};
use voyager_base::sim::Executor;
use voyager_base::{
    RunId,
    call::Spawn as _,
    chance::{Chance as _, Seeded},
    clock::{Clock as _, Timestamp},
    sim::SimClock,
};
use voyager_manifest::plan::{Priority, Resources};

const HOUR: Duration = Duration::from_secs(3_600);
/// How long a guest computes before it looks whether it still has its slot.
const TICK: Duration = Duration::from_millis(250);
/// Slots of the host under full load, and the runs whose tasks want them.
const SLOTS: u32 = 2;
const RUNS: u32 = 5;

/// How long tasks of a priority waited at most: for their first slot, and in one go.
#[derive(Debug, Default)]
struct Waits {
    longest: BTreeMap<Priority, Duration>,
    ended: BTreeMap<Priority, u32>,
    pauses: u32,
    /// Computing that was begun or waits, and the most of it there ever was.
    backlog: Duration,
    backlog_most: Duration,
}

impl Waits {
    fn add(&mut self, work: Duration) {
        self.backlog += work;
        self.backlog_most = self.backlog_most.max(self.backlog);
    }
}

struct World {
    clock: SimClock,
    schedule: Schedule,
    executor: Executor,
    waits: Mutex<Waits>,
}

impl World {
    fn new(slots: u32) -> Arc<Self> {
        Self::with(Rules::new(slots))
    }

    fn with(rules: Rules) -> Arc<Self> {
        let clock = SimClock::new(Timestamp::from_millis(0));
        let schedule = Schedule::new(rules, Arc::new(clock.clone()));
        let executor = Executor::default();
        Arc::new(Self { clock, schedule, executor, waits: Mutex::default() })
    }

    fn wish(run: u8, priority: Priority, key: Option<&str>) -> Wish {
        let key = key.map(|name| (Key { scope: Scope::Task, name: name.to_owned() }, 1));
        let needs = Resources::default();
        let run = RunId([run; 16]);
        Wish { run, priority, key, needs, computes: true, cancels: false }
    }

    /// A task that computes for so long, whenever it has a slot.
    async fn compute(&self, wish: Wish, time: Duration) -> Duration {
        let priority = wish.priority;
        let place = Arc::new(self.schedule.join(wish, None));
        self.waits.lock().unwrap().add(time);
        let began = self.waited(priority, place.enter()).await;
        let mut left = time;
        while left > Duration::ZERO {
            let part = TICK.min(left);
            self.clock.wait_until(self.clock.now().after(part)).await;
            left -= part;
            self.waits.lock().unwrap().backlog -= part;
            if let Some(lost) = place.lost() {
                self.waits.lock().unwrap().pauses += 1;
                self.waited(priority, lost).await;
            }
        }
        place.leave();
        *self.waits.lock().unwrap().ended.entry(priority).or_default() += 1;
        began
    }

    async fn waited(&self, priority: Priority, wait: impl Future<Output = ()>) -> Duration {
        let since = self.clock.now();
        wait.await;
        let waited = self.clock.now().since(since);
        let mut waits = self.waits.lock().unwrap();
        let longest = waits.longest.entry(priority).or_default();
        *longest = (*longest).max(waited);
        waited
    }

    /// Lets simulated time pass.
    fn pass(&self, time: Duration) {
        let until = self.clock.wait_until(self.clock.now().after(time));
        self.executor.run(&self.clock, || false, until).unwrap();
    }
}

/// How many seeds are tried.
fn seeds(always: u64, storm: u64) -> std::ops::Range<u64> {
    0..if is_storm() { storm } else { always }
}

/// A number below `below`.
fn below(chance: &Seeded, below: u64) -> u64 {
    let mut bytes = [0; 8];
    chance.fill(&mut bytes);
    u64::from_le_bytes(bytes) % below
}

/// As much work comes as two slots can just do, and the critical alone almost fill them: for ten hours
/// under each seed. Without ageing a low task waits for hours.
#[test]
fn in_simulated_hours_of_full_load_nothing_starves() {
    let seeds = seeds(12, 1_000);
    let mut longest_low = Duration::ZERO;
    for seed in seeds.clone() {
        let world = World::new(SLOTS);
        let chance = Seeded::new(seed);
        let until = world.clock.now().after(10 * HOUR);
        while world.clock.now() < until {
            let run = u8::try_from(below(&chance, RUNS.into())).unwrap();
            let priority = match below(&chance, 20) {
                0 => Priority::Low,
                1 => Priority::Standard,
                2 => Priority::High,
                _ => Priority::Critical,
            };
            let time = Duration::from_secs(1 + below(&chance, 60));
            let key = ["a", "b"].get(usize::try_from(below(&chance, 8)).unwrap());
            let wish = World::wish(run, priority, key.copied());
            let this = Arc::clone(&world);
            world.executor.spawn(Box::pin(async move {
                let _ = this.compute(wish, time).await;
            }));
            world.pass(Duration::from_secs(1 + below(&chance, 30)));
        }
        world.pass(2 * HOUR);
        let waits = world.waits.lock().unwrap();
        for priority in Priority::ALL {
            let longest = waits.longest[&priority];
            // Ten minutes until it stands beside the critical, then what waits, at the pace that its run
            // has where all take turns.
            let most = Duration::from_secs(600) + waits.backlog_most * RUNS / SLOTS;
            assert!(longest < most, "seed {seed}: {priority} waited {longest:?} of {most:?}");
        }
        assert!(0 < waits.pauses, "seed {seed}: nothing was ever paused");
        longest_low = longest_low.max(waits.longest[&Priority::Low]);
        world.executor.drop_all();
    }
    println!("seeds {seeds:?} of ten hours each: a low task waited {longest_low:?} at most");
}

/// Small reservations come so fast that there is never room for a large one beside them, from other runs, as
/// important as that and more. It is reserved for, and begins after what was there before it and a turn of
/// each run.
#[test]
fn a_large_reservation_is_not_passed_for_ever() {
    let mut longest = Duration::ZERO;
    for seed in seeds(20, 1_000) {
        let world = World::with(Rules::new(8).with_capacity(Resources { memory: 10, cpu: 8 }));
        let chance = Seeded::new(2_000 + seed);
        let small = |priority| {
            let run = u8::try_from(1 + below(&chance, 4)).unwrap();
            let needs = Resources { memory: 1 + below(&chance, 4), cpu: 1 };
            let wish = Wish { needs, ..World::wish(run, priority, None) };
            let time = Duration::from_secs(5 + below(&chance, 20));
            let this = Arc::clone(&world);
            world.executor.spawn(Box::pin(async move {
                let _ = this.compute(wish, time).await;
            }));
        };
        for _ in 0..20 {
            small(Priority::Standard);
        }
        world.pass(Duration::from_secs(30));
        let needs = Resources { memory: 9, cpu: 8 };
        let wish = Wish { needs, ..World::wish(9, Priority::Standard, None) };
        let (this, began) = (Arc::clone(&world), Arc::new(Mutex::new(None)));
        let told = Arc::clone(&began);
        let since = world.clock.now();
        world.executor.spawn(Box::pin(async move {
            let waited = this.compute(wish, Duration::from_secs(1)).await;
            *told.lock().unwrap() = Some(waited);
        }));
        while began.lock().unwrap().is_none() {
            let priority =
                if below(&chance, 10) == 0 { Priority::High } else { Priority::Standard };
            small(priority);
            world.pass(Duration::from_secs(1 + below(&chance, 3)));
            let waits = world.clock.now().since(since);
            assert!(waits < Duration::from_secs(900), "seed {seed}: it waits for {waits:?}");
        }
        let waited = began.lock().unwrap().unwrap();
        longest = longest.max(waited);
        world.executor.drop_all();
    }
    println!("a large reservation waited {longest:?} at most");
}

/// A low task holds a key and has lost its slot; high ones fill all slots for hours; a critical one
/// wants the key. It waits for what the low one has left to do and for nothing else.
#[test]
fn a_critical_task_waits_for_no_more_than_the_holder_of_its_key() {
    for seed in seeds(50, 5_000) {
        let world = World::new(2);
        let chance = Seeded::new(1_000 + seed);
        let left = Duration::from_secs(1 + below(&chance, 120));
        let start = |priority, key, time| {
            let (this, wish) = (Arc::clone(&world), World::wish(1, priority, key));
            world.executor.spawn(Box::pin(async move {
                let _ = this.compute(wish, time).await;
            }));
        };
        start(Priority::Low, Some("repo"), left);
        world.pass(Duration::from_millis(1));
        // Two short critical ones push the low one aside, and high ones fill what becomes free.
        start(Priority::Critical, None, Duration::from_secs(1));
        start(Priority::Critical, None, Duration::from_secs(1));
        for _ in 0..20 {
            start(Priority::High, None, HOUR);
        }
        world.pass(Duration::from_secs(2 + below(&chance, 100)));
        let wish = World::wish(2, Priority::Critical, Some("repo"));
        let this = Arc::clone(&world);
        let waited = world.executor.run(&world.clock, || false, async move {
            this.compute(wish, Duration::from_secs(1)).await
        });
        let waited = waited.unwrap();
        let most = left + 2 * TICK;
        assert!(waited <= most, "seed {seed}: it waited {waited:?}, and {most:?} is what was left");
        world.executor.drop_all();
    }
}

/// Dropping a place that waits, or computes, leaves room for the others.
#[test]
fn whoever_is_dropped_leaves_its_slot_and_its_key() {
    let world = World::new(1);
    let join = |priority| -> Arc<Place> {
        Arc::new(world.schedule.join(World::wish(1, priority, Some("key")), None))
    };
    let (first, second) = (join(Priority::Low), join(Priority::Low));
    let (one, two) = (first.enter(), second.enter());
    world.executor.run(&world.clock, || false, one).unwrap();
    drop(two);
    drop(first);
    world.executor.run(&world.clock, || false, second.enter()).unwrap();
    world.executor.drop_all();
}
