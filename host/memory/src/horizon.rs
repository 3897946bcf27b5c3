//! The horizon: in which cycle a record is archived, so that a tick looks at the due ones and never at all.
//!
//! A record's own death is the first cycle in which its weight lies below the threshold; a pinned one has none. A
//! record is archived at its own death or at that of the last record that cites it, whichever comes later: an
//! edge from a live record keeps what it leads to, one step far. One step, so that two records that cite each
//! other die with the later of them and not never, and so that a change moves only what it touches and what
//! that cites. Nothing of it depends on how cycles are batched.

use std::collections::{BTreeMap, BTreeSet};

use crate::{decay::death_of, index::Index, record::MemoryId, row::Standing};

/// The death of what never dies. It has no row.
pub(crate) const NEVER: u64 = u64::MAX;

/// A row of the horizon that moves: the record, its cycle before and after, where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Which record.
    pub(crate) id: u64,
    /// Its cycle until now.
    pub(crate) before: Option<u64>,
    /// Its cycle from now on.
    pub(crate) after: Option<u64>,
}

/// What a write changes, seen before it is in the index.
#[derive(Default)]
pub(crate) struct Ahead {
    /// New standings, of records that are there and of new ones.
    pub(crate) standings: BTreeMap<MemoryId, Standing>,
    /// New edges, by where they lead: where they start.
    pub(crate) edges: BTreeMap<MemoryId, Vec<MemoryId>>,
    /// Where the last edge from one record to another is taken back: where it leads, and where it starts.
    pub(crate) untied: BTreeSet<(MemoryId, MemoryId)>,
    /// Records that go.
    pub(crate) gone: BTreeSet<MemoryId>,
}

impl Ahead {
    fn standing(&self, index: &Index, id: MemoryId) -> Option<Standing> {
        if self.gone.contains(&id) {
            return None;
        }
        self.standings.get(&id).copied().or_else(|| index.standing(id))
    }

    /// The cycle in which a record is archived; none where it is not here, or archived, or never is.
    pub(crate) fn horizon(&self, index: &Index, id: MemoryId, below: f64) -> Option<u64> {
        let own = |it: MemoryId| {
            let standing = self.standing(index, it).filter(|it| !it.archived)?;
            Some(if standing.pinned {
                NEVER
            } else {
                death_of(standing.weight, standing.cycle, below)
            })
        };
        let added = self.edges.get(&id).into_iter().flatten().copied();
        let cites = |it: &MemoryId| !self.untied.contains(&(id, *it));
        let citing = index.citing(id).filter(cites).chain(added).filter_map(own).max();
        let horizon = own(id)?.max(citing.unwrap_or(0));
        (horizon != NEVER).then_some(horizon)
    }

    /// The rows of the horizon that move with it.
    pub(crate) fn moves(&self, index: &Index, below: f64) -> Vec<Move> {
        let mut touched: BTreeSet<MemoryId> = self.edges.keys().copied().collect();
        touched.extend(self.untied.iter().map(|it| it.0));
        for id in self.standings.keys().chain(&self.gone) {
            touched.insert(*id);
            touched.extend(index.cited(*id));
        }
        let now = Self::default();
        let moved = |id: MemoryId| {
            let before = now.horizon(index, id, below);
            let after = self.horizon(index, id, below);
            (before != after).then_some(Move { id: id.0, before, after })
        };
        touched.into_iter().filter_map(moved).collect()
    }
}

/// All rows, as the index has it.
pub(crate) fn all(index: &Index, below: f64) -> Vec<(u64, u64)> {
    let now = Ahead::default();
    let row = |it: MemoryId| Some((now.horizon(index, it, below)?, it.0));
    index.ids().into_iter().filter_map(row).collect()
}
