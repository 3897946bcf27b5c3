//! The machine under virtual time: rules by example, then any order of events.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use voyager_base::RunId;
use voyager_manifest::plan::Priority::{self, Critical, High, Low, Standard};

use super::*;

const AGEING: Duration = Duration::from_secs(200);

/// A machine, and what it last said of whom.
struct Desk {
    machine: Machine,
    now: Timestamp,
    names: BTreeMap<Ticket, &'static str>,
}

impl Desk {
    fn new(slots: u32) -> Self {
        let machine = Machine::new(Rules::new(slots));
        Self { machine, now: Timestamp::from_millis(0), names: BTreeMap::new() }
    }

    fn join(&mut self, name: &'static str, wish: Wish, under: Option<Ticket>) -> Ticket {
        let ticket = self.machine.join(wish, under);
        self.names.insert(ticket, name);
        self.machine.wait(self.now, ticket);
        ticket
    }

    /// With so much memory to reserve, and slots for all.
    fn with_memory(memory: u64) -> Self {
        let capacity = Resources { memory, cpu: 4 };
        let machine = Machine::new(Rules::new(16).with_capacity(capacity));
        Self { machine, ..Self::new(1) }
    }

    fn comes(&mut self, name: &'static str, run: u8, priority: Priority) -> Ticket {
        self.join(name, wish(run, priority), None)
    }

    fn needs(&mut self, name: &'static str, run: u8, priority: Priority, key: &str) -> Ticket {
        self.join(name, Wish { key: Some((task_key(key), 1)), ..wish(run, priority) }, None)
    }

    fn reserves(&mut self, name: &'static str, run: u8, priority: Priority, memory: u64) -> Ticket {
        let needs = Resources { memory, cpu: 0 };
        self.join(name, Wish { needs, ..wish(run, priority) }, None)
    }

    fn leaves(&mut self, ticket: Ticket) {
        self.machine.leave(self.now, ticket);
    }

    fn passes(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.machine.handle_time(self.now);
    }

    /// What happened since this was last asked.
    fn news(&mut self) -> String {
        let mut news = Vec::new();
        while let Some((ticket, change)) = self.machine.poll_change() {
            let sign = match change {
                Change::Given => '+',
                Change::Taken => '-',
                Change::Superseded => '!',
            };
            news.push(format!("{sign}{}", self.names[&ticket]));
        }
        news.join(" ")
    }
}

fn wish(run: u8, priority: Priority) -> Wish {
    let needs = Resources::default();
    let run = RunId([run; 16]);
    Wish { run, fair_by: None, priority, key: None, needs, computes: true, cancels: false }
}

fn task_key(name: &str) -> Key {
    Key { scope: Scope::Task, name: name.to_owned() }
}

#[test]
fn runs_take_turns_whatever_they_have_waiting() {
    let mut desk = Desk::new(1);
    let first = desk.comes("many-1", 1, Standard);
    desk.comes("many-2", 1, Standard);
    desk.comes("many-3", 1, Standard);
    desk.comes("one", 2, Standard);
    assert_eq!(desk.news(), "+many-1");
    desk.leaves(first);
    assert_eq!(desk.news(), "+one");
}

#[test]
fn runs_of_one_key_have_one_turn_together() {
    let mut desk = Desk::new(1);
    let of = |run, key: &str| Wish { fair_by: Some(key.into()), ..wish(run, Standard) };
    let mut here = VecDeque::from([desk.join("a1", of(1, "a"), None)]);
    for (name, wish) in [
        ("a1 again", of(1, "a")),
        ("a2", of(2, "a")),
        ("a3", of(3, "a")),
        ("b4", of(4, "b")),
        ("b4 again", of(4, "b")),
        ("by itself", wish(5, Standard)),
        ("by itself again", wish(5, Standard)),
    ] {
        here.push_back(desk.join(name, wish, None));
    }
    let mut order = Vec::new();
    while !here.is_empty() {
        let name = desk.news().trim_start_matches('+').to_owned();
        let ticket = here.iter().position(|it| desk.names[it] == name).unwrap();
        desk.leaves(here.remove(ticket).unwrap());
        order.push(name);
    }
    let turns = "a1, b4, by itself, a1 again, b4 again, by itself again, a2, a3";
    assert_eq!(order.join(", "), turns);
}

#[test]
fn a_key_whose_tasks_get_slots_does_not_rise_above_others() {
    let mut desk = Desk::new(1);
    let of = |run, key: &str, priority| Wish { fair_by: Some(key.into()), ..wish(run, priority) };
    let mut has = desk.join("first", of(1, "many", Standard), None);
    for run in 2..9 {
        desk.join("many", of(run, "many", Standard), None);
    }
    let low = desk.join("low", of(9, "many", Low), None);
    desk.news();
    for _ in 0..2 {
        desk.passes(AGEING - Duration::from_secs(1));
        desk.leaves(has);
        assert_eq!(desk.news(), "+many");
        has += 1;
    }
    desk.passes(AGEING - Duration::from_secs(1));
    desk.join("other", of(10, "other", Standard), None);
    desk.leaves(has);
    assert_eq!(desk.news(), "+low", "what is less important has waited all along");
    desk.leaves(low);
    assert_eq!(desk.news(), "+other", "none of many stands above it");
}

#[test]
fn a_slot_given_to_who_left_goes_to_the_next() {
    let mut desk = Desk::new(1);
    let first = desk.comes("first", 1, Standard);
    let leaves = desk.comes("leaves", 1, Standard);
    desk.comes("stays", 1, Standard);
    desk.leaves(first);
    desk.leaves(leaves);
    assert_eq!(desk.news(), "+first +leaves +stays");
}

#[test]
fn the_more_important_goes_first_and_only_a_critical_one_takes_a_slot() {
    let mut desk = Desk::new(1);
    let low = desk.comes("low", 1, Low);
    desk.comes("standard", 2, Standard);
    let high = desk.comes("high", 3, High);
    assert_eq!(desk.news(), "+low");
    let critical = desk.comes("critical", 4, Critical);
    assert_eq!(desk.news(), "-low +critical");
    desk.comes("second", 4, Critical);
    assert_eq!(desk.news(), "", "a critical one takes nothing from another");
    desk.leaves(critical);
    assert_eq!(desk.news(), "+second");
    desk.leaves(4);
    assert_eq!(desk.news(), "+high");
    desk.leaves(high);
    assert_eq!(desk.news(), "+standard");
    desk.leaves(1);
    assert_eq!(desk.news(), "+low");
    desk.leaves(low);
}

#[test]
fn the_lowest_loses_its_slot_and_among_equals_the_newest() {
    let mut desk = Desk::new(3);
    desk.comes("standard", 1, Standard);
    desk.comes("low-1", 1, Low);
    desk.comes("low-2", 1, Low);
    desk.news();
    desk.comes("critical-1", 2, Critical);
    desk.comes("critical-2", 2, Critical);
    desk.comes("critical-3", 2, Critical);
    assert_eq!(desk.news(), "-low-2 +critical-1 -low-1 +critical-2 -standard +critical-3");
}

#[test]
fn what_waits_ten_minutes_takes_a_slot_and_keeps_it_for_its_turn() {
    let mut desk = Desk::new(1);
    desk.comes("standard", 1, Standard);
    desk.comes("low", 2, Low);
    desk.news();
    desk.passes(3 * AGEING - Duration::from_millis(1));
    assert_eq!(desk.news(), "");
    desk.passes(Duration::from_millis(1));
    assert_eq!(desk.news(), "-standard +low");
    let critical = desk.comes("critical", 3, Critical);
    desk.passes(Duration::from_millis(999));
    assert_eq!(desk.news(), "", "it has its turn");
    assert_eq!(desk.machine.poll_timeout(critical), Some(desk.now.after(Duration::from_millis(1))));
    desk.passes(Duration::from_millis(1));
    assert_eq!(desk.news(), "-low +critical");
}

#[test]
fn a_key_is_had_by_so_many_and_goes_on_to_the_most_important() {
    let mut desk = Desk::new(4);
    let first = desk.needs("first", 1, Standard, "repo");
    desk.needs("low", 1, Low, "repo");
    desk.needs("high", 2, High, "repo");
    desk.needs("other", 1, Low, "another");
    assert_eq!(desk.news(), "+first +other");
    desk.machine.stand_aside(desk.now, first);
    assert_eq!(desk.news(), "", "who waits for its children keeps its key");
    desk.leaves(first);
    assert_eq!(desk.news(), "+high");
}

#[test]
fn a_critical_task_never_waits_for_a_low_one_that_waits_for_all_others() {
    let mut desk = Desk::new(1);
    let low = desk.needs("low", 1, Low, "repo");
    let high = desk.comes("high", 2, High);
    desk.machine.stand_aside(desk.now, low);
    assert_eq!(desk.news(), "+low +high");
    desk.machine.wait(desk.now, low);
    assert_eq!(desk.news(), "");
    desk.needs("critical", 3, Critical, "repo");
    assert_eq!(desk.news(), "-high +low", "the key's holder has the level of who waits for it");
    desk.leaves(low);
    assert_eq!(desk.news(), "+critical");
    desk.leaves(high);
}

#[test]
fn what_is_lent_to_a_run_or_a_task_is_lent_to_all_that_it_does() {
    let mut desk = Desk::new(1);
    let key = Some((Key { scope: Scope::Run, name: "deploy".to_owned() }, 1));
    let place = Wish { key, computes: false, ..wish(1, Low) };
    let run = desk.join("run", place.clone(), None);
    let task = desk.join("task", wish(1, Low), Some(run));
    desk.machine.stand_aside(desk.now, task);
    desk.join("child", wish(1, Low), Some(task));
    desk.comes("high", 2, High);
    let other = Wish { run: RunId([3; 16]), priority: Critical, ..place };
    assert_eq!(desk.news(), "+run +task +child");
    let critical = desk.comes("critical", 4, Critical);
    assert_eq!(desk.news(), "-child +critical");
    desk.join("other run", other, None);
    desk.leaves(critical);
    assert_eq!(desk.news(), "+child", "before the high one");
    desk.leaves(run);
    assert_eq!(desk.news(), "+other run");
}

#[test]
fn a_newer_run_ends_older_ones_that_have_its_key_or_wait_for_it() {
    let mut desk = Desk::new(1);
    let run = |number: u8, cancels| {
        let key = Some((Key { scope: Scope::Run, name: "deploy".to_owned() }, 1));
        Wish { key, computes: false, cancels, ..wish(number, Standard) }
    };
    let second = desk.join("second", run(2, false), None);
    desk.join("third", run(3, false), None);
    assert_eq!(desk.news(), "+second", "who cancels nobody waits");
    let fourth = desk.join("fourth", run(4, true), None);
    assert_eq!(desk.news(), "!second !third");
    desk.join("first", run(1, true), None);
    assert_eq!(desk.news(), "!first", "an older one that comes later ends itself");
    desk.leaves(second);
    desk.leaves(1);
    desk.leaves(3);
    assert_eq!(desk.news(), "+third +fourth");
    desk.join("fifth", run(5, false), None);
    assert_eq!(desk.news(), "", "a newer one that cancels nobody waits");
    desk.leaves(fourth);
    assert_eq!(desk.news(), "+fifth");
}

#[test]
fn what_is_reserved_is_there_or_waited_for() {
    let mut desk = Desk::with_memory(10);
    let first = desk.reserves("first", 1, Standard, 6);
    desk.reserves("second", 2, Standard, 6);
    desk.comes("reserves nothing", 3, Low);
    assert_eq!(desk.news(), "+first +reserves nothing");
    desk.machine.stand_aside(desk.now, first);
    assert_eq!(desk.news(), "", "who waits for its children keeps what it reserved");
    desk.leaves(first);
    assert_eq!(desk.news(), "+second");
    let wide = desk.reserves("more than there is", 4, Standard, 99);
    desk.leaves(1);
    assert_eq!(desk.news(), "+more than there is", "it gets all of it, and does not wait for ever");
    desk.leaves(wide);
}

#[test]
fn a_large_reservation_is_passed_by_small_ones_for_a_while_only() {
    let mut desk = Desk::with_memory(10);
    let first = desk.reserves("first", 1, Standard, 6);
    let large = desk.reserves("large", 2, Standard, 8);
    let small = desk.reserves("small-1", 3, Standard, 4);
    assert_eq!(desk.news(), "+first +small-1", "it fits beside the first one");
    desk.leaves(small);
    desk.passes(Duration::from_secs(10));
    desk.reserves("small-2", 3, Standard, 4);
    desk.reserves("high", 4, High, 4);
    assert_eq!(desk.news(), "+high", "the more important goes before, whatever it is");
    desk.leaves(first);
    assert_eq!(desk.news(), "", "six are free, and kept for the large one");
    desk.leaves(4);
    assert_eq!(desk.news(), "+large");
    desk.leaves(large);
    assert_eq!(desk.news(), "+small-2");
}

#[test]
fn who_has_reserved_something_has_the_level_of_who_waits_for_it() {
    let mut desk = Desk::with_memory(10);
    desk.machine = Machine::new(Rules::new(1).with_capacity(Resources { memory: 10, cpu: 1 }));
    let low = desk.reserves("low", 1, Low, 6);
    let high = desk.comes("high", 2, High);
    desk.machine.stand_aside(desk.now, low);
    desk.machine.wait(desk.now, low);
    assert_eq!(desk.news(), "+low +high");
    let critical = desk.reserves("critical", 3, Critical, 6);
    assert_eq!(desk.news(), "-high +low", "it holds what the critical one needs");
    desk.leaves(low);
    assert_eq!(desk.news(), "+critical");
    desk.leaves(critical);
    assert_eq!(desk.news(), "+high");
    desk.leaves(high);
}

#[test]
fn a_key_comes_before_a_reservation() {
    let mut desk = Desk::with_memory(10);
    let needs = Resources { memory: 6, cpu: 0 };
    let key = || Some((task_key("repo"), 1));
    let first = desk.join("first", Wish { key: key(), needs, ..wish(1, Standard) }, None);
    desk.join("second", Wish { key: key(), needs, ..wish(1, Standard) }, None);
    let other = desk.reserves("other", 2, Standard, 4);
    assert_eq!(desk.news(), "+first +other", "who waits for a key reserves nothing");
    desk.leaves(other);
    desk.leaves(first);
    assert_eq!(desk.news(), "+second");
}

/// What may happen to a machine.
#[derive(Clone, Debug)]
enum Happens {
    Comes {
        run: u8,
        priority: usize,
        fair_by: Option<u8>,
        key: Option<u8>,
        under: Option<usize>,
        needs: Resources,
    },
    Aside(usize),
    Waits(usize),
    Leaves(usize),
    Passes(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let needs = prop_oneof![
        Just(Resources::default()),
        (0..12_u64, 0..5_u32).prop_map(|(memory, cpu)| Resources { memory, cpu }),
    ];
    let key = proptest::option::of(0..3_u8);
    let fair_by = proptest::option::of(0..2_u8);
    let comes = (0..4_u8, 0..4_usize, fair_by, key, proptest::option::of(0..9_usize), needs);
    prop_oneof![
        4 => comes.prop_map(|(run, priority, fair_by, key, under, needs)| {
            Happens::Comes { run, priority, fair_by, key, under, needs }
        }),
        1 => (0..9_usize).prop_map(Happens::Aside),
        2 => (0..9_usize).prop_map(Happens::Waits),
        2 => (0..9_usize).prop_map(Happens::Leaves),
        2 => (0..700_u64).prop_map(Happens::Passes),
    ]
}

impl Machine {
    /// What must hold whatever happened.
    fn check(&self) {
        let count = |standing| self.entries.values().filter(|it| it.standing == standing).count();
        let computing = count(Standing::Computes);
        assert_eq!(computing, self.computing.len());
        assert_eq!(u32::try_from(computing).unwrap() + self.free, self.rules.slots);
        assert!(self.free == 0 || count(Standing::WaitsForSlot) == 0, "a slot is free and wanted");
        if self.line.highest() == Some(Critical) {
            let lower = self.computing.first().is_some_and(|(level, ..)| *level < Critical);
            assert!(!lower, "a critical one waits behind a lower one");
        }
        for (ticket, entry) in &self.entries {
            let above = entry.under.and_then(|it| self.entries.get(&it));
            let inherited = above.map_or(Low, |it| it.inherited);
            let inherited = inherited.max(entry.lent).max(entry.lent_resources);
            assert_eq!(entry.inherited, inherited);
            assert_eq!(entry.level, entry.aged.max(entry.wish.priority).max(inherited));
            if let Some((key, _)) = &entry.wish.key {
                let holders = self.keys.get(key).map(|it| it.holders.contains(ticket));
                assert_eq!(entry.has_key, holders.unwrap_or_default());
            }
        }
        self.check_resources();
        let waiting = |standing| {
            let all = self.entries.iter().filter(move |(_, it)| it.standing == standing);
            all.map(|(ticket, it)| it.waiting(*ticket)).collect()
        };
        self.line.check(waiting(Standing::WaitsForSlot));
        self.reserved.line.check(waiting(Standing::WaitsForResources));
        for (key, holding) in &self.keys {
            let wanting = self.entries.values().filter(|it| {
                it.standing == Standing::WaitsForKey
                    && it.wish.key.as_ref().is_some_and(|(own, _)| own == key)
            });
            let highest = wanting.map(|it| it.level).max();
            assert_eq!(holding.line.highest(), highest);
            assert!(holding.holders.len() <= 2, "more hold a key than may");
            for holder in &holding.holders {
                assert_eq!(self.entries[holder].lent, highest.unwrap_or(Low), "an inversion");
            }
        }
    }
}

/// What the machines of the property have.
const CAPACITY: Resources = Resources { memory: 10, cpu: 4 };

impl Machine {
    fn check_resources(&self) {
        let holders = self.reserved.holders.iter().map(|it| self.entries[it].wish.needs);
        let (memory, cpu) =
            holders.fold((0, 0), |(memory, cpu), needs| (memory + needs.memory, cpu + needs.cpu));
        assert_eq!(
            self.left,
            Resources { memory: CAPACITY.memory - memory, cpu: CAPACITY.cpu - cpu }
        );
        if let Some(first) = self.reserved.line.first() {
            assert!(!self.fits(first), "there is room for the one whose turn it is");
            assert_eq!(self.reserved.line.iter().next(), Some(first));
        }
        let is_waiting = |(_, it): &(&Ticket, &Entry)| it.standing == Standing::WaitsForResources;
        let waiting = self.entries.iter().filter(is_waiting);
        let waiting: Vec<Ticket> = waiting.map(|(ticket, _)| *ticket).collect();
        assert_eq!(self.since.len(), waiting.len());
        let highest = waiting.iter().map(|it| self.entries[it].level).max();
        for (ticket, entry) in &self.entries {
            let holds = self.reserved.holders.contains(ticket);
            assert_eq!(entry.has_resources, holds);
            let lent = if holds { highest.unwrap_or(Low) } else { Low };
            assert_eq!(entry.lent_resources, lent, "an inversion");
            let begins = matches!(entry.standing, Standing::Computes | Standing::WaitsForSlot);
            assert!(!begins || holds || entry.wish.needs == Resources::default());
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_slots_and_keys_are_where_they_belong(
        slots in 1..4_u32,
        events in proptest::collection::vec(happens(), 0..120),
    ) {
        let rules = Rules::new(slots).with_capacity(CAPACITY);
        let mut machine = Machine::new(rules);
        let mut now = Timestamp::from_millis(0);
        let mut here: Vec<Ticket> = Vec::new();
        for event in events {
            let at = |place: usize| here.get(place % here.len().max(1)).copied();
            match event {
                Happens::Comes { run, priority, fair_by, key, under, needs } => {
                    let fair_by = fair_by.map(|key| key.to_string().into());
                    let under = under.and_then(at);
                    let key = key.filter(|_| under.is_none());
                    let key = key.map(|key| (task_key(&key.to_string()), 1 + u32::from(key) % 2));
                    let needs = if under.is_none() { needs } else { Resources::default() };
                    let wish = Wish { fair_by, key, needs, ..wish(run, Priority::ALL[priority]) };
                    let ticket = machine.join(wish, under);
                    machine.wait(now, ticket);
                    here.push(ticket);
                }
                Happens::Aside(place) => at(place).iter().for_each(|it| machine.stand_aside(now, *it)),
                Happens::Waits(place) => at(place).iter().for_each(|it| machine.wait(now, *it)),
                Happens::Leaves(place) => {
                    if let Some(ticket) = at(place) {
                        machine.leave(now, ticket);
                        here.retain(|it| *it != ticket);
                    }
                }
                Happens::Passes(seconds) => {
                    now = now.after(Duration::from_secs(seconds));
                    machine.handle_time(now);
                }
            }
            machine.check();
        }
        for ticket in here {
            machine.leave(now, ticket);
            machine.check();
        }
        prop_assert_eq!(machine.free, slots);
        prop_assert!(machine.keys.is_empty() && machine.ages.is_empty() && machine.since.is_empty());
        prop_assert_eq!(machine.left, CAPACITY);
        prop_assert!(machine.reserved.holders.is_empty());
        prop_assert_eq!(machine.line.highest(), None);
    }
}
