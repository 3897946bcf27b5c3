//! Who may compute, as a machine: it knows no clock and wakes nobody. Time comes in as an argument, and
//! what changed comes out of [`Machine::poll_change`].
//!
//! A ticket stands aside, waits for its key, for what it reserves, for a slot, or has one. It keeps key and
//! reservation until it leaves. Whoever has a reservation waits for slots alone, and whoever waits for one has
//! no slot: so nobody waits in a circle. Its *level* is its priority,
//! or more: what waits long rises by a level at a time ([`Rules::ageing`]) and keeps that for its turn
//! ([`Rules::turn`]), so that nothing starves. Of runs that take turns together ([`Wish::fair_by`]) none rises
//! while others of its key and priority get what it waits for: otherwise whoever starts very many would have
//! the old ones stand above what others start now. And who holds a key for which a higher one waits has that
//! one's level, for all that it does, so that a critical task never waits for a low one that waits for
//! everybody else. The same holds for reservations: who has one has the level of the highest that waits for one.
//!
//! A ticket of level critical that finds no slot takes the one of the lowest. That happens at once: the
//! loser stops as soon as it notices, and waits for a slot again.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use voyager_base::{RunId, clock::Timestamp};
use voyager_manifest::plan::{Priority, Resources};

use super::line::{Line, Waiting};

/// What the schedule holds itself to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Tasks that may compute at a time.
    pub slots: u32,
    /// What waits so long rises by a level.
    pub ageing: Duration,
    /// How long a ticket that rose while it waited keeps its level once it has a slot.
    pub turn: Duration,
    /// What can be reserved, by all together.
    pub capacity: Resources,
    /// While nobody has waited so long for a reservation, smaller ones may pass one that does not fit; from
    /// then on it goes by the order alone, so that a large one is not passed for ever.
    pub patience: Duration,
}

impl Rules {
    /// So many slots, one at least. From the lowest level to the highest is a wait of ten minutes.
    pub fn new(slots: u32) -> Self {
        let (ageing, turn) = (Duration::from_secs(200), Duration::from_secs(1));
        let capacity = Resources { memory: u64::MAX, cpu: u32::MAX };
        let patience = Duration::from_secs(10);
        Self { slots: slots.max(1), ageing, turn, capacity, patience }
    }

    /// The same on a machine of which no more can be reserved than this.
    #[must_use]
    pub fn with_capacity(self, capacity: Resources) -> Self {
        Self { capacity, ..self }
    }
}

/// Number of somebody who wants to compute, in the order in which they came.
pub(super) type Ticket = u64;

/// What at most so many may do at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Whose key it is.
    pub scope: Scope,
    /// Its name.
    pub name: String,
}

/// Whose key it is. Whoever holds a key of a task waits for no other, and whoever waits for one may hold
/// that of its run: so nobody ever waits in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// It is held by whole runs.
    Run,
    /// It is held by tasks.
    Task,
}

/// What somebody wants.
#[derive(Clone, Debug)]
pub struct Wish {
    /// For which run.
    pub run: RunId,
    /// The key of the runs with which it has one turn together, on each level; a run without one has turns
    /// of its own.
    pub fair_by: Option<Arc<str>>,
    /// How important it is.
    pub priority: Priority,
    /// A key that it needs first, and how many may hold that.
    pub key: Option<(Key, u32)>,
    /// What it reserves before it computes.
    pub needs: Resources,
    /// Whether it wants a slot at all; a run wants only its key.
    pub computes: bool,
    /// Whether older runs that have its key, or wait for it, are to end.
    pub cancels: bool,
}

/// How much a schedule has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many have a slot.
    pub computing: usize,
    /// How many wait for a slot or a key.
    pub waiting: usize,
}

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It has what it waited for.
    Given,
    /// Its slot was taken.
    Taken,
    /// A newer run wants its key, and wants it to end.
    Superseded,
}

/// What a ticket does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Aside,
    WaitsForKey,
    WaitsForResources,
    WaitsForSlot,
    Computes,
}

#[derive(Debug)]
struct Entry {
    wish: Wish,
    standing: Standing,
    /// Whose level it has too.
    under: Option<Ticket>,
    members: BTreeSet<Ticket>,
    has_key: bool,
    has_resources: bool,
    /// Since when it waits for what it reserves.
    reserves_since: Option<Timestamp>,
    /// What waiting has made of its priority.
    aged: Priority,
    /// When waiting, or having had its turn, makes something else of it.
    ages_at: Option<Timestamp>,
    /// The highest level that waits for the key which it holds.
    lent: Priority,
    /// The highest level that waits for a reservation, where it has one.
    lent_resources: Priority,
    /// The highest that is lent to it, or to those that it stands under.
    inherited: Priority,
    level: Priority,
    /// In which order it got its slot.
    given: u64,
}

#[derive(Debug, Default)]
struct Holding {
    holders: BTreeSet<Ticket>,
    line: Line,
}

impl Entry {
    /// What it waits for once it has its key.
    fn behind_key(&self) -> Standing {
        let needs = self.wish.needs != Resources::default() && !self.has_resources;
        if needs { Standing::WaitsForResources } else { Standing::WaitsForSlot }
    }

    /// As the line knows it in which it waits.
    fn waiting(&self, ticket: Ticket) -> Waiting {
        let Wish { run, ref fair_by, priority, .. } = self.wish;
        Waiting { ticket, level: self.level, priority, run, fair_by: fair_by.clone() }
    }
}

/// Most waiting reservations that are looked at for one that fits: enough to find one where there are
/// any, and little where thousands wait.
const PASSING_MAX: usize = 64;

/// Who may compute.
#[derive(Debug)]
pub(super) struct Machine {
    rules: Rules,
    free: u32,
    next: Ticket,
    given: u64,
    entries: BTreeMap<Ticket, Entry>,
    line: Line,
    /// Who has a slot: the lowest first, among equals the one that has had it least.
    computing: BTreeSet<(Priority, Reverse<u64>, Ticket)>,
    keys: BTreeMap<Key, Holding>,
    /// Who has reserved something, and who waits for that.
    reserved: Holding,
    /// Since when they wait.
    since: BTreeSet<(Timestamp, Ticket)>,
    /// What can still be reserved.
    left: Resources,
    /// The latest time that it was told.
    now: Timestamp,
    ages: BTreeSet<(Timestamp, Ticket)>,
    changes: VecDeque<(Ticket, Change)>,
}

impl Machine {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            free: rules.slots,
            next: 0,
            given: 0,
            entries: BTreeMap::new(),
            line: Line::default(),
            computing: BTreeSet::new(),
            keys: BTreeMap::new(),
            reserved: Holding::default(),
            since: BTreeSet::new(),
            left: rules.capacity,
            now: Timestamp::from_micros(0),
            ages: BTreeSet::new(),
            changes: VecDeque::new(),
        }
    }

    pub(super) fn rules(&self) -> Rules {
        self.rules
    }

    pub(super) fn load(&self) -> Load {
        let waits = |it: &&Entry| !matches!(it.standing, Standing::Aside | Standing::Computes);
        let waiting = self.entries.values().filter(waits).count();
        Load { computing: self.computing.len(), waiting }
    }

    /// Somebody comes, and stands aside at first. It has at least the level that is lent to the one that
    /// it stands under.
    pub(super) fn join(&mut self, mut wish: Wish, under: Option<Ticket>) -> Ticket {
        // A run with more is refused before it begins; whatever comes here all the same must not wait for
        // ever.
        let Resources { memory, cpu } = self.rules.capacity;
        wish.needs =
            Resources { memory: wish.needs.memory.min(memory), cpu: wish.needs.cpu.min(cpu) };
        let ticket = self.next;
        self.next += 1;
        let under = under.filter(|it| self.entries.contains_key(it));
        if let Some(above) = under.and_then(|it| self.entries.get_mut(&it)) {
            above.members.insert(ticket);
        }
        let entry = Entry {
            standing: Standing::Aside,
            under,
            members: BTreeSet::new(),
            has_key: false,
            has_resources: false,
            reserves_since: None,
            aged: wish.priority,
            ages_at: None,
            lent: Priority::Low,
            lent_resources: Priority::Low,
            inherited: Priority::Low,
            level: wish.priority,
            given: 0,
            wish,
        };
        self.entries.insert(ticket, entry);
        self.refresh(ticket);
        ticket
    }

    /// It wants its key and a slot now.
    pub(super) fn wait(&mut self, now: Timestamp, ticket: Ticket) {
        let Some(entry) = self.entries.get(&ticket) else { return };
        if entry.standing != Standing::Aside {
            return;
        }
        let needs_key = entry.wish.key.is_some() && !entry.has_key;
        if !needs_key && !entry.wish.computes {
            return;
        }
        let standing = if needs_key { Standing::WaitsForKey } else { entry.behind_key() };
        self.now = now;
        self.begin_waiting(now, ticket, standing);
        self.handle_time(now);
    }

    /// It needs no slot for now, and keeps its key.
    pub(super) fn stand_aside(&mut self, now: Timestamp, ticket: Ticket) {
        self.now = now;
        self.move_to(ticket, Standing::Aside);
        self.ages(ticket, None);
        self.handle_time(now);
    }

    /// It is gone.
    pub(super) fn leave(&mut self, now: Timestamp, ticket: Ticket) {
        self.now = now;
        // Whoever gets its key may be the one to get its slot: nothing is given in between.
        self.move_to(ticket, Standing::Aside);
        self.ages(ticket, None);
        let Some(entry) = self.entries.remove(&ticket) else { return };
        if let Some(above) = entry.under.and_then(|it| self.entries.get_mut(&it)) {
            above.members.remove(&ticket);
        }
        for member in entry.members {
            if let Some(member) = self.entries.get_mut(&member) {
                member.under = None;
            }
            self.refresh(member);
        }
        if let (Some((key, _)), true) = (entry.wish.key, entry.has_key) {
            if let Some(holding) = self.keys.get_mut(&key) {
                holding.holders.remove(&ticket);
            }
            self.give_key(&key);
        }
        if entry.has_resources {
            self.reserved.holders.remove(&ticket);
            self.left.memory += entry.wish.needs.memory;
            self.left.cpu += entry.wish.needs.cpu;
            self.give_resources();
        }
        self.handle_time(now);
    }

    /// Lets time pass, and gives what there is to those whose turn it is.
    pub(super) fn handle_time(&mut self, now: Timestamp) {
        self.now = now;
        while let Some((at, ticket)) = self.ages.first().copied().filter(|(at, _)| *at <= now) {
            self.age(at, ticket);
        }
        while self.free > 0 && self.give_slot(now) {}
        while self.line.highest() == Some(Priority::Critical) {
            let lowest = self.computing.first().copied();
            let Some((_, _, loser)) = lowest.filter(|(level, ..)| *level < Priority::Critical)
            else {
                break;
            };
            self.begin_waiting(now, loser, Standing::WaitsForSlot);
            self.changes.push_back((loser, Change::Taken));
            self.give_slot(now);
        }
    }

    /// When time alone may change something for a ticket that waits.
    pub(super) fn poll_timeout(&self, ticket: Ticket) -> Option<Timestamp> {
        let entry = self.entries.get(&ticket)?;
        match entry.level {
            // It waits for those that have risen and have had their turn.
            Priority::Critical => self.ages.first().map(|(at, _)| *at),
            Priority::Low | Priority::Standard | Priority::High => entry.ages_at,
        }
    }

    /// What became of whom, in the order in which it happened.
    pub(super) fn poll_change(&mut self) -> Option<(Ticket, Change)> {
        self.changes.pop_front()
    }

    /// Its level.
    pub(super) fn level(&self, ticket: Ticket) -> Option<Priority> {
        self.entries.get(&ticket).map(|entry| entry.level)
    }

    /// Whether it has what it waits for.
    pub(super) fn is_ready(&self, ticket: Ticket) -> bool {
        self.entries.get(&ticket).is_none_or(|entry| match entry.standing {
            Standing::Computes => true,
            Standing::Aside => !entry.wish.computes && (entry.has_key || entry.wish.key.is_none()),
            Standing::WaitsForKey | Standing::WaitsForResources | Standing::WaitsForSlot => false,
        })
    }

    fn begin_waiting(&mut self, now: Timestamp, ticket: Ticket, standing: Standing) {
        self.move_to(ticket, standing);
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        entry.aged = entry.wish.priority;
        let rises = entry.aged < Priority::Critical;
        self.ages(ticket, rises.then(|| now.after(self.rules.ageing)));
        self.refresh(ticket);
        if let (Standing::WaitsForKey, Some((key, _))) = (standing, self.key_of(ticket)) {
            self.supersede(ticket, &key);
            self.give_key(&key);
        }
        if standing == Standing::WaitsForResources {
            self.give_resources();
        }
    }

    /// It has waited for a level's time, or has had its turn.
    fn age(&mut self, at: Timestamp, ticket: Ticket) {
        let served = self.line_of(ticket).and_then(|(line, who)| line.served(&who));
        if let Some(rises) = served.map(|it| it.after(self.rules.ageing)).filter(|it| at < *it) {
            return self.ages(ticket, Some(rises));
        }
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        let next = match entry.standing {
            Standing::WaitsForKey | Standing::WaitsForResources | Standing::WaitsForSlot => {
                entry.aged = entry.aged.raised();
                (entry.aged < Priority::Critical).then(|| at.after(self.rules.ageing))
            }
            Standing::Computes | Standing::Aside => {
                entry.aged = entry.wish.priority;
                None
            }
        };
        self.ages(ticket, next);
        self.refresh(ticket);
    }

    fn ages(&mut self, ticket: Ticket, at: Option<Timestamp>) {
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        if let Some(old) = std::mem::replace(&mut entry.ages_at, at) {
            self.ages.remove(&(old, ticket));
        }
        self.ages.extend(at.map(|at| (at, ticket)));
    }

    /// Gives a slot to whose turn it is; false where nobody waits.
    fn give_slot(&mut self, now: Timestamp) -> bool {
        let Some(ticket) = self.line.first() else { return false };
        self.serve(ticket, true);
        self.move_to(ticket, Standing::Computes);
        let Some(entry) = self.entries.get(&ticket) else { return true };
        let rose = entry.wish.priority < entry.aged;
        self.ages(ticket, rose.then(|| now.after(self.rules.turn)));
        self.changes.push_back((ticket, Change::Given));
        true
    }

    /// Gives a key to those whose turn it is, as far as it goes.
    fn give_key(&mut self, key: &Key) {
        while let Some(holding) = self.keys.get_mut(key) {
            let Some(first) = holding.line.first() else {
                if holding.holders.is_empty() {
                    self.keys.remove(key);
                }
                break;
            };
            let held = u32::try_from(holding.holders.len()).unwrap_or(u32::MAX);
            let Some(entry) = self.entries.get(&first) else { break };
            if entry.wish.key.as_ref().is_some_and(|(_, most)| *most <= held) {
                break;
            }
            holding.holders.insert(first);
            self.serve(first, true);
            let Some(entry) = self.entries.get_mut(&first) else { break };
            entry.has_key = true;
            entry.standing = Standing::Aside;
            if entry.wish.computes {
                let behind = entry.behind_key();
                self.move_to(first, behind);
                if behind == Standing::WaitsForResources {
                    self.give_resources();
                }
            } else {
                self.ages(first, None);
                self.changes.push_back((first, Change::Given));
            }
        }
        self.lend(key);
    }

    /// Tells older runs that have this key, or wait for it, where a newer one wants them to end. An older one
    /// may come later, when it is resumed.
    fn supersede(&mut self, ticket: Ticket, key: &Key) {
        // Tasks are many, and cancel nobody.
        if key.scope != Scope::Run {
            return;
        }
        let concerned = self.entries.iter().filter(|(_, it)| {
            let same = it.wish.key.as_ref().is_some_and(|(own, _)| own == key);
            same && (it.has_key || it.standing == Standing::WaitsForKey)
        });
        let concerned: Vec<(Ticket, RunId, bool)> =
            concerned.map(|(other, it)| (*other, it.wish.run, it.wish.cancels)).collect();
        let newest =
            concerned.iter().filter(|(_, _, cancels)| *cancels).map(|(_, run, _)| *run).max();
        let Some(newest) = newest else { return };
        // Those that were there before were told of all that came before this one.
        let is_new = concerned.iter().any(|(other, run, _)| *other == ticket && *run == newest);
        for (other, run, _) in concerned {
            if run < newest && (is_new || other == ticket) {
                self.changes.push_back((other, Change::Superseded));
            }
        }
    }

    /// Gives what can be reserved to those whose turn it is. One that does not fit lets smaller ones pass, as
    /// long as nobody has waited for too long.
    fn give_resources(&mut self) {
        while let Some(first) = self.reserved.line.first() {
            let longest = self.since.first().map(|(since, _)| self.now.since(*since));
            let is_patient = longest.is_none_or(|longest| longest < self.rules.patience);
            let next = if self.fits(first) {
                Some(first)
            } else if is_patient {
                self.reserved.line.iter().take(PASSING_MAX).find(|ticket| self.fits(*ticket))
            } else {
                None
            };
            let Some(ticket) = next else { break };
            self.serve(ticket, ticket == first);
            self.waits_no_more(ticket);
            self.reserved.holders.insert(ticket);
            let Some(entry) = self.entries.get_mut(&ticket) else { break };
            entry.has_resources = true;
            entry.standing = Standing::Aside;
            self.left.memory -= entry.wish.needs.memory;
            self.left.cpu -= entry.wish.needs.cpu;
            self.move_to(ticket, Standing::WaitsForSlot);
        }
        self.lend_resources();
    }

    fn waits_no_more(&mut self, ticket: Ticket) {
        let since = self.entries.get_mut(&ticket).and_then(|entry| entry.reserves_since.take());
        if let Some(since) = since {
            self.since.remove(&(since, ticket));
        }
    }

    fn fits(&self, ticket: Ticket) -> bool {
        let needs = self.entries.get(&ticket).map(|entry| entry.wish.needs).unwrap_or_default();
        needs.memory <= self.left.memory && needs.cpu <= self.left.cpu
    }

    /// Lends the highest level that waits for a reservation to those that have one.
    fn lend_resources(&mut self) {
        let lent = self.reserved.line.highest().unwrap_or(Priority::Low);
        for holder in self.reserved.holders.clone() {
            if let Some(entry) = self.entries.get_mut(&holder)
                && entry.lent_resources != lent
            {
                entry.lent_resources = lent;
                self.refresh(holder);
            }
        }
    }

    /// Lends the highest level that waits for a key to those that hold it.
    fn lend(&mut self, key: &Key) {
        let Some(holding) = self.keys.get(key) else { return };
        let lent = holding.line.highest().unwrap_or(Priority::Low);
        for holder in holding.holders.clone() {
            if let Some(entry) = self.entries.get_mut(&holder)
                && entry.lent != lent
            {
                entry.lent = lent;
                self.refresh(holder);
            }
        }
    }

    /// Finds its level anew, and that of those under it.
    fn refresh(&mut self, ticket: Ticket) {
        let mut open = vec![ticket];
        while let Some(ticket) = open.pop() {
            let Some(entry) = self.entries.get(&ticket) else { continue };
            let above = entry.under.and_then(|it| self.entries.get(&it));
            let inherited = above.map_or(Priority::Low, |it| it.inherited);
            let inherited = inherited.max(entry.lent).max(entry.lent_resources);
            let level = entry.aged.max(entry.wish.priority).max(inherited);
            if inherited != entry.inherited {
                open.extend(entry.members.iter().copied());
            }
            let (standing, moves) = (entry.standing, level != entry.level);
            if moves {
                self.take_out(ticket);
            }
            if let Some(entry) = self.entries.get_mut(&ticket) {
                (entry.inherited, entry.level) = (inherited, level);
            }
            if moves {
                self.put_in(ticket);
                if let (Standing::WaitsForKey, Some((key, _))) = (standing, self.key_of(ticket)) {
                    self.lend(&key);
                }
                if standing == Standing::WaitsForResources {
                    // It may be its turn now.
                    self.give_resources();
                }
            }
        }
    }

    fn move_to(&mut self, ticket: Ticket, standing: Standing) {
        let was = self.take_out(ticket);
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        entry.standing = standing;
        if standing == Standing::Computes {
            self.given += 1;
            entry.given = self.given;
            self.free -= 1;
        }
        if was == Some(Standing::Computes) {
            self.free += 1;
        }
        self.put_in(ticket);
        if let (Some(Standing::WaitsForKey), Some((key, _))) = (was, self.key_of(ticket)) {
            self.give_key(&key);
        }
        if was == Some(Standing::WaitsForResources) {
            self.waits_no_more(ticket);
            self.give_resources();
        }
    }

    fn take_out(&mut self, ticket: Ticket) -> Option<Standing> {
        if let Some((line, who)) = self.line_of(ticket) {
            line.remove(&who);
        }
        let entry = self.entries.get(&ticket)?;
        if entry.standing == Standing::Computes {
            self.computing.remove(&(entry.level, Reverse(entry.given), ticket));
        }
        Some(entry.standing)
    }

    fn put_in(&mut self, ticket: Ticket) {
        let Some(entry) = self.entries.get_mut(&ticket) else { return };
        if entry.standing == Standing::WaitsForResources {
            let since = *entry.reserves_since.get_or_insert(self.now);
            self.since.insert((since, ticket));
        }
        if entry.standing == Standing::Computes {
            self.computing.insert((entry.level, Reverse(entry.given), ticket));
        }
        if let Some((line, who)) = self.line_of(ticket) {
            line.insert(&who);
        }
    }

    /// It gets what it waits for in its line, and whether that is its turn, or it passes another.
    fn serve(&mut self, ticket: Ticket, is_its_turn: bool) {
        let now = self.now;
        if let Some((line, who)) = self.line_of(ticket) {
            if is_its_turn {
                line.turn(&who);
            }
            line.serve(now, &who);
            line.remove(&who);
        }
    }

    /// The line in which it waits.
    fn line_of(&mut self, ticket: Ticket) -> Option<(&mut Line, Waiting)> {
        let entry = self.entries.get(&ticket)?;
        let who = entry.waiting(ticket);
        let line = match entry.standing {
            Standing::Aside | Standing::Computes => return None,
            Standing::WaitsForKey => {
                let (key, _) = entry.wish.key.as_ref()?;
                &mut self.keys.entry(key.clone()).or_default().line
            }
            Standing::WaitsForResources => &mut self.reserved.line,
            Standing::WaitsForSlot => &mut self.line,
        };
        Some((line, who))
    }

    fn key_of(&self, ticket: Ticket) -> Option<(Key, u32)> {
        self.entries.get(&ticket)?.wish.key.clone()
    }
}

#[cfg(test)]
mod tests;
