//! Tickets that wait for the same thing: by level, then by turns of their parties, then of the runs of a party,
//! then in their order.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound::{Excluded, Included, Unbounded},
    sync::Arc,
};

use voyager_base::{RunId, clock::Timestamp};
use voyager_manifest::plan::Priority;

use super::machine::Ticket;

/// Who waits.
#[derive(Debug, Default)]
pub(super) struct Line {
    lanes: BTreeMap<Priority, Ring<Party, Ring<RunId, BTreeSet<Ticket>>>>,
    /// Of each key by which runs take turns, and each priority: how many wait, and when one of them last got
    /// what they wait for.
    served: BTreeMap<(Arc<str>, Priority), (usize, Option<Timestamp>)>,
}

/// A ticket as a line knows it.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) ticket: Ticket,
    pub(super) level: Priority,
    /// What its level was before it rose, and before anything was lent to it.
    pub(super) priority: Priority,
    pub(super) run: RunId,
    /// The key by which its run takes turns together with others.
    pub(super) fair_by: Option<Arc<str>>,
}

/// Those that have one turn together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    /// The runs of this key.
    Key(Arc<str>),
    /// A run by itself.
    Run(RunId),
}

/// Those that take turns.
#[derive(Debug)]
struct Ring<K, V> {
    members: BTreeMap<K, V>,
    /// Whose turn it was.
    last: Option<K>,
}

impl Line {
    pub(super) fn insert(&mut self, who: &Waiting) {
        let lane = self.lanes.entry(who.level).or_default();
        let party = lane.members.entry(who.party()).or_default();
        party.members.entry(who.run).or_default().insert(who.ticket);
        if let Some(class) = who.class() {
            self.served.entry(class).or_default().0 += 1;
        }
    }

    pub(super) fn remove(&mut self, who: &Waiting) {
        let Some(lane) = self.lanes.get_mut(&who.level) else { return };
        let Some(party) = lane.members.get_mut(&who.party()) else { return };
        let Some(own) = party.members.get_mut(&who.run) else { return };
        if !own.remove(&who.ticket) {
            return;
        }
        if own.is_empty() {
            party.members.remove(&who.run);
        }
        if party.members.is_empty() {
            lane.members.remove(&who.party());
        }
        let Some(class) = who.class() else { return };
        if let Some((waiting, _)) = self.served.get_mut(&class) {
            *waiting -= 1;
            if *waiting == 0 {
                self.served.remove(&class);
            }
        }
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<Ticket> {
        self.iter().next()
    }

    /// All that wait, in the order in which their turn comes.
    pub(super) fn iter(&self) -> impl Iterator<Item = Ticket> {
        let parties = self.lanes.values().rev().flat_map(Ring::in_turn);
        parties.flat_map(Ring::in_turn).flat_map(|own| own.iter().copied())
    }

    /// The highest level on which somebody waits.
    pub(super) fn highest(&self) -> Option<Priority> {
        let waited = self.lanes.iter().rev().find(|(_, lane)| !lane.members.is_empty());
        waited.map(|(level, _)| *level)
    }

    /// It has its turn: the next one is somebody else's.
    pub(super) fn turn(&mut self, who: &Waiting) {
        let Some(lane) = self.lanes.get_mut(&who.level) else { return };
        lane.last = Some(who.party());
        if let Some(party) = lane.members.get_mut(&who.party()) {
            party.last = Some(who.run);
        }
    }

    /// It gets what it waits for.
    pub(super) fn serve(&mut self, now: Timestamp, who: &Waiting) {
        if let Some((_, served)) = who.class().and_then(|class| self.served.get_mut(&class)) {
            *served = Some(now);
        }
    }

    /// When somebody of its key and priority last got what it waits for; none without a key.
    pub(super) fn served(&self, who: &Waiting) -> Option<Timestamp> {
        self.served.get(&who.class()?)?.1
    }
}

impl Waiting {
    fn party(&self) -> Party {
        self.fair_by.clone().map_or(Party::Run(self.run), Party::Key)
    }

    fn class(&self) -> Option<(Arc<str>, Priority)> {
        Some((self.fair_by.clone()?, self.priority))
    }
}

impl<K, V> Default for Ring<K, V> {
    fn default() -> Self {
        Self { members: BTreeMap::new(), last: None }
    }
}

impl<K: Ord, V> Ring<K, V> {
    /// All of them, as their turn comes.
    fn in_turn(&self) -> impl Iterator<Item = &V> {
        let (after, until) = match &self.last {
            Some(last) => (Excluded(last), Included(last)),
            None => (Unbounded, Unbounded),
        };
        let first = self.members.range((after, Unbounded));
        // Where nobody has had a turn yet, the first half is all of them.
        let rest = self.members.range((Unbounded, until)).filter(|_| self.last.is_some());
        first.chain(rest).map(|(_, member)| member)
    }
}

#[cfg(test)]
impl Line {
    /// These wait in it, and no others.
    pub(super) fn check(&self, waiting: Vec<Waiting>) {
        let mut line: Vec<Ticket> = self.iter().collect();
        line.sort_unstable();
        assert_eq!(line, waiting.iter().map(|it| it.ticket).collect::<Vec<_>>());
        let mut classes = BTreeMap::new();
        for class in waiting.iter().filter_map(Waiting::class) {
            *classes.entry(class).or_default() += 1_usize;
        }
        let counted = self.served.iter().map(|(class, (count, _))| (class.clone(), *count));
        assert_eq!(counted.collect::<BTreeMap<_, _>>(), classes);
    }
}
