//! Tickets that wait for the same thing: by level, then by turns of their runs, then in their order.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::RunId;
use voyager_manifest::plan::Priority;

use super::machine::Ticket;

/// Who waits.
#[derive(Debug, Default)]
pub(super) struct Line {
    lanes: BTreeMap<Priority, Lane>,
}

/// Who waits on one level.
#[derive(Debug, Default)]
struct Lane {
    waiting: BTreeMap<RunId, BTreeSet<Ticket>>,
    /// Whose turn it was.
    last: Option<RunId>,
}

impl Line {
    pub(super) fn insert(&mut self, level: Priority, run: RunId, ticket: Ticket) {
        self.lanes.entry(level).or_default().waiting.entry(run).or_default().insert(ticket);
    }

    pub(super) fn remove(&mut self, level: Priority, run: RunId, ticket: Ticket) {
        let Some(lane) = self.lanes.get_mut(&level) else { return };
        let Some(own) = lane.waiting.get_mut(&run) else { return };
        own.remove(&ticket);
        if own.is_empty() {
            lane.waiting.remove(&run);
        }
    }

    /// Whose turn it is.
    pub(super) fn first(&self) -> Option<Ticket> {
        self.lanes.values().rev().find_map(Lane::first).map(|(_, ticket)| ticket)
    }

    /// All that wait, in the order in which their turn comes.
    pub(super) fn iter(&self) -> impl Iterator<Item = Ticket> {
        self.lanes.values().rev().flat_map(Lane::iter)
    }

    /// The highest level on which somebody waits.
    pub(super) fn highest(&self) -> Option<Priority> {
        let waited = self.lanes.iter().rev().find(|(_, lane)| !lane.waiting.is_empty());
        waited.map(|(level, _)| *level)
    }

    /// Takes out whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Ticket> {
        let level = self.highest()?;
        let lane = self.lanes.get_mut(&level)?;
        let (run, ticket) = lane.first()?;
        lane.last = Some(run);
        self.remove(level, run, ticket);
        Some(ticket)
    }
}

impl Lane {
    fn iter(&self) -> impl Iterator<Item = Ticket> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let (after, until) = match self.last {
            Some(last) => (Excluded(last), Included(last)),
            None => (Unbounded, Unbounded),
        };
        let first = self.waiting.range((after, Unbounded));
        // Where nobody has had a turn yet, the first half is all of them.
        let rest = self.waiting.range((Unbounded, until)).filter(|_| self.last.is_some());
        first.chain(rest).flat_map(|(_, own)| own.iter().copied())
    }

    fn first(&self) -> Option<(RunId, Ticket)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let after = self.last.map_or(Unbounded, Excluded);
        let next = self.waiting.range((after, Unbounded)).next();
        let (run, own) = next.or_else(|| self.waiting.iter().next())?;
        own.first().map(|ticket| (*run, *ticket))
    }
}
