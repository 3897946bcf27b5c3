//! The schedule through simulated hours: many tasks of random priority, under a virtual clock and a
//! printed seed.
//!
//! A hundred hours always. Ten thousand: `cargo xtask storm`.

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
        Wish { run, fair_by: None, priority, key, needs, computes: true, cancels: false }
    }

    /// A run that has so many tasks waiting or computing at a time, one after another, for ever. What each
    /// computed is told as it ends.
    fn keeps_computing(
        self: &Arc<Self>,
        wish: &Wish,
        tasks: u32,
        chance: &Arc<Seeded>,
        told: impl Fn(Duration, Duration) + Clone + Send + Sync + 'static,
    ) {
        for _ in 0..tasks {
            let (this, wish, chance) = (Arc::clone(self), wish.clone(), Arc::clone(chance));
            let told = told.clone();
            self.executor.spawn(Box::pin(async move {
                loop {
                    let time = Duration::from_secs(1 + below(&chance, 90));
                    let began = this.compute(wish.clone(), time).await;
                    told(began, time);
                }
            }));
        }
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

/// What became of the tasks of one run among those of a customer with ten.
#[derive(Debug, Default)]
struct Share {
    many: Duration,
    other: Duration,
    other_waited: Duration,
    low_waited: Duration,
}

impl Share {
    /// The part of all computing that the other one had.
    fn of_other(&self) -> f64 {
        self.other.as_secs_f64() / (self.other + self.many).as_secs_f64()
    }
}

/// Ten runs that have more tasks waiting than they will ever have slots, and one with a few; three hours.
fn ten_against_one(seed: u64, keys: Option<(&str, &str)>) -> Share {
    let world = World::new(SLOTS);
    let chance = Arc::new(Seeded::new(3_000 + seed));
    let share = Arc::new(Mutex::new(Share::default()));
    let key = |key: Option<&str>| key.map(Arc::from);
    let (many, other) = (key(keys.map(|it| it.0)), key(keys.map(|it| it.1)));
    for run in 1..=10 {
        let wish = Wish { fair_by: many.clone(), ..World::wish(run, Priority::Standard, None) };
        let told = Arc::clone(&share);
        let told = move |_, time| told.lock().unwrap().many += time;
        world.keeps_computing(&wish, 4, &chance, told);
    }
    // Time enough for all of them to have waited for longer than it takes to rise.
    world.pass(HOUR);
    share.lock().unwrap().many = Duration::ZERO;
    let wish = Wish { fair_by: other, ..World::wish(11, Priority::Standard, None) };
    let told = Arc::clone(&share);
    world.keeps_computing(&wish, 4, &chance, move |began, time| {
        let mut share = told.lock().unwrap();
        share.other += time;
        share.other_waited = share.other_waited.max(began);
    });
    // What is less important than all of that, of the customer that has so much waiting.
    let wish = Wish { fair_by: many, ..World::wish(12, Priority::Low, None) };
    let told = Arc::clone(&share);
    world.keeps_computing(&wish, 1, &chance, move |began, _| {
        let mut share = told.lock().unwrap();
        share.low_waited = share.low_waited.max(began);
    });
    world.pass(10 * HOUR);
    world.executor.drop_all();
    std::mem::take(&mut *share.lock().unwrap())
}

#[test]
fn runs_of_one_key_have_the_share_of_one_run() {
    let (mut least, mut most) = (f64::MAX, 0.0_f64);
    let (mut other_waited, mut low_waited) = (Duration::ZERO, Duration::ZERO);
    for seed in seeds(10, 500) {
        let share = ten_against_one(seed, Some(("many", "one")));
        let part = share.of_other();
        assert!((0.45..0.55).contains(&part), "seed {seed}: {part:.3} of all: {share:?}");
        let none = ten_against_one(seed, None).of_other();
        assert!((0.07..0.12).contains(&none), "seed {seed}: {none:.3} is the share of a run");
        let same = ten_against_one(seed, Some(("all", "all"))).of_other();
        assert!((0.07..0.12).contains(&same), "seed {seed}: {same:.3} of one key's");
        // Its four tasks have every second turn, of two slots and tasks of a minute and a half at most.
        let bound = Duration::from_secs(4 * 90);
        assert!(share.other_waited < bound, "seed {seed}: {share:?}");
        // Ten minutes until it stands beside all others, and its turn.
        assert!(share.low_waited < Duration::from_secs(1_200), "seed {seed}: {share:?}");
        assert!(Duration::ZERO < share.low_waited, "seed {seed}: {share:?}");
        (least, most) = (least.min(part), most.max(part));
        other_waited = other_waited.max(share.other_waited);
        low_waited = low_waited.max(share.low_waited);
    }
    println!(
        "one run against ten of one key has {least:.3} to {most:.3} of all, and waits \
         {other_waited:?} at most, a low one of theirs {low_waited:?}"
    );
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
