//! What the memory was, and what became of it: records as of a commit, the difference between two commits, and all
//! that was done to one record.
//!
//! The audit says of each commit when it was and what it did; for what it did to which record there is a row beside, in
//! the same transaction ([`Touch`]). A row goes with its record, and with the record that it names. What is left of a
//! forgotten record is that it was there, and which commit forgot it.
//!
//! Weights of then are not kept, nor vectors, nor totals: records of then are ranked by what is known now. Rows that
//! an older program did not write are told as what is not known ([`Past::known_from`]).

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::{clock::Timestamp, memory::Trust};

use crate::{
    index::Index,
    record::MemoryId,
    row::Edge,
    succession::{Judge, Succession},
    tables::{AuditLine, DeedRow},
};

/// Most rows of one record: the oldest go first.
pub(crate) const TOUCHES_MAX: usize = 256;

/// What a commit did to one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// A relation was written that starts at it.
    Related {
        /// The record that it leads to.
        to: MemoryId,
        /// The number of the relation.
        number: u32,
    },
    /// It faded, and was archived.
    Archived {
        /// In which cycle it faded; none where a program noted it that did not say.
        cycle: Option<u64>,
    },
    /// It was brought back.
    Restored,
    /// It was pinned.
    Pinned,
    /// It was let fade again.
    Unpinned,
    /// It got a vector.
    Encoded,
    /// Its trust by itself was changed: somebody said so, or a source of it was forgotten.
    Trusted {
        /// What it is now.
        trust: Trust,
    },
    /// Relations were taken back that started or ended at it.
    Unrelated,
    /// It was forgotten, and those that follow it.
    Forgotten {
        /// How many, itself among them.
        count: u64,
    },
}

impl Touch {
    /// The touch as its row.
    pub(crate) fn encode(self) -> (u8, u64, u32) {
        match self {
            Self::Related { to, number } => (0, to.0, number),
            Self::Archived { cycle } => (1, cycle.unwrap_or_default(), 0),
            Self::Restored => (2, 0, 0),
            Self::Pinned => (3, 0, 0),
            Self::Unpinned => (4, 0, 0),
            Self::Encoded => (5, 0, 0),
            Self::Forgotten { count } => (6, count, 0),
            Self::Trusted { trust } => (7, trust as u64, 0),
            // Without the other one: nothing would take its name away when that is forgotten.
            Self::Unrelated => (8, 0, 0),
        }
    }

    /// The touch of a row; none where a later program wrote it.
    pub(crate) fn decode((code, other, number): (u8, u64, u32)) -> Option<Self> {
        Some(match code {
            0 => Self::Related { to: MemoryId(other), number },
            1 => Self::Archived { cycle: (other > 0).then_some(other) },
            2 => Self::Restored,
            3 => Self::Pinned,
            4 => Self::Unpinned,
            5 => Self::Encoded,
            6 => Self::Forgotten { count: other },
            7 => {
                let trust = usize::try_from(other).ok().and_then(|it| Trust::ALL.get(it))?;
                Self::Trusted { trust: *trust }
            }
            8 => Self::Unrelated,
            _ => return None,
        })
    }
}

/// Runs of ids that follow each other, in the order in which they stand: the first, and how many.
pub fn runs(ids: &[MemoryId]) -> Vec<(MemoryId, u64)> {
    let mut runs: Vec<(MemoryId, u64)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((first, count)) if first.0.checked_add(*count) == Some(id.0) => *count += 1,
            _ => runs.push((*id, 1)),
        }
    }
    runs
}

/// What decides which claims counted then. Trust is that of now, as what records are ranked by is.
struct Then<'a> {
    index: &'a Index,
    next: u64,
    archived: &'a BTreeSet<MemoryId>,
}

impl Judge for Then<'_> {
    fn lives(&self, id: MemoryId) -> bool {
        id.0 < self.next && self.index.holds(id) && !self.archived.contains(&id)
    }

    fn trust(&self, id: MemoryId) -> Trust {
        self.index.trust(id).unwrap_or_default()
    }
}

/// The records of a commit that are still here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The commit.
    pub commit: u64,
    /// From this commit on it is known which records were archived; before it is guessed from what came later.
    pub known_from: u64,
    /// The first id that was not given away yet.
    next: u64,
    archived: BTreeSet<MemoryId>,
    /// What was superseded, and what hid it.
    superseded: BTreeMap<MemoryId, Vec<MemoryId>>,
}

impl Past {
    /// The past as of a commit, of what was written by then: ids below `next`.
    pub(crate) fn of(
        index: &Index,
        commit: u64,
        next: u64,
        known_from: u64,
        rows: &[DeedRow],
    ) -> Self {
        let was_there = |id: MemoryId| id.0 < next && index.holds(id);
        let mut turns: BTreeMap<MemoryId, (Option<bool>, Option<bool>)> = BTreeMap::new();
        let mut since: BTreeMap<(MemoryId, u32), u64> = BTreeMap::new();
        // A commit that the index does not show yet is none.
        for row in rows.iter().filter(|it| it.commit <= index.commit()) {
            let archived = match row.touch {
                Touch::Archived { .. } => true,
                Touch::Restored => false,
                Touch::Related { number, .. } => {
                    since.insert((row.id, number), row.commit);
                    continue;
                }
                _ => continue,
            };
            let (until, after) = turns.entry(row.id).or_default();
            if row.commit <= commit {
                *until = Some(archived);
            } else if after.is_none() {
                // Before it was archived it was not, and before it was brought back it was.
                *after = Some(!archived);
            }
        }
        let was_archived = |id: MemoryId| {
            let now = index.standing(id).is_some_and(|it| it.archived);
            let turned = turns.get(&id).and_then(|(until, after)| until.or(*after));
            turned.unwrap_or(now)
        };
        let touched = turns.keys().copied().filter(|it| was_there(*it));
        let now = if index.archived() > 0 { index.ids() } else { Vec::new() };
        let archived: BTreeSet<MemoryId> = touched
            .chain(now.into_iter().filter(|it| was_there(*it)))
            .filter(|it| was_archived(*it))
            .collect();
        let then = Then { index, next, archived: &archived };
        let mut succession = Succession::default();
        for (newer, older, number) in index.succession().claims() {
            // One without a row was written before rows were.
            let written = since.get(&(newer, number)).copied().unwrap_or_default();
            if written <= commit && newer.0 < next {
                succession.add((newer, older, number), &then);
            }
        }
        let hidden_by = |id: &MemoryId| {
            let mut hiding: Vec<MemoryId> = succession.hiding(*id, &then).collect();
            hiding.dedup();
            (*id, hiding)
        };
        let superseded = succession.superseded().iter().map(hidden_by).collect();
        Self { commit, known_from, next, archived, superseded }
    }

    /// Whether a record was there, given that it is here.
    pub fn holds(&self, id: MemoryId) -> bool {
        id.0 < self.next
    }

    /// Whether it was archived.
    pub fn is_archived(&self, id: MemoryId) -> bool {
        self.archived.contains(&id)
    }

    /// Whether a newer record superseded it.
    pub fn is_superseded(&self, id: MemoryId) -> bool {
        self.superseded.contains_key(&id)
    }

    /// The records that superseded it directly, so that it was not recalled; in the order of writing.
    pub fn superseded_by(&self, id: MemoryId) -> &[MemoryId] {
        self.superseded.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether a newer record superseded any.
    pub(crate) fn supersedes(&self) -> bool {
        !self.superseded.is_empty()
    }
}

/// What became of the memory between two commits, the first excluded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// The commit before.
    pub from: u64,
    /// The last commit.
    pub to: u64,
    /// From this commit on it is known what was done to which record.
    pub known_from: u64,
    /// New records that are still here.
    pub added: Vec<MemoryId>,
    /// How many new ones were forgotten since.
    pub gone: u64,
    /// Relations that were written and are still here.
    pub related: Vec<Edge>,
    /// Records at both ends of relations that were taken back.
    pub unrelated: Vec<MemoryId>,
    /// Records that were archived.
    pub archived: Vec<MemoryId>,
    /// Those that were brought back.
    pub restored: Vec<MemoryId>,
    /// Those that were pinned.
    pub pinned: Vec<MemoryId>,
    /// Those that were let fade again.
    pub unpinned: Vec<MemoryId>,
    /// Those whose trust by itself was changed.
    pub trusted: Vec<MemoryId>,
    /// How many got a vector.
    pub encoded: u64,
    /// How many others were found to stand for.
    pub consolidated: u64,
    /// How many speak for themselves again.
    pub parted: u64,
    /// How many were forgotten.
    pub forgotten: u64,
    /// Which, where that is known.
    pub forgotten_ids: Vec<MemoryId>,
    /// How many cycles passed.
    pub cycles: u64,
}

/// Something that a commit did to a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// The number of the commit.
    pub commit: u64,
    /// When; none where the audit has no line of it.
    pub at: Option<Timestamp>,
    /// What.
    pub what: Happened,
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// A relation was written that starts or ends at it.
    Related(Edge),
    /// Something else.
    Touched(Touch),
}

/// Who wrote a record, and what was done to it since.
#[derive(Clone, Debug, PartialEq)]
pub struct Blame {
    /// The commit that wrote it, with how many others.
    pub written: AuditLine,
    /// What was done to it since, the oldest first.
    pub since: Vec<Happening>,
    /// Relations of which nobody noted the commit: an older program wrote them, or too much was done since.
    pub undated: Vec<Edge>,
    /// From this commit on it is known what was done to which record.
    pub known_from: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_reads_back_and_a_later_one_is_passed_over() {
        let related = Touch::Related { to: MemoryId(7), number: 3 };
        let forgotten = Touch::Forgotten { count: 4 };
        let trusted = Touch::Trusted { trust: Trust::Imported };
        let archived = [None, Some(433)].map(|cycle| Touch::Archived { cycle });
        let bare = [Touch::Restored, Touch::Pinned, Touch::Unpinned, Touch::Unrelated];
        let others = [related, forgotten, Touch::Encoded, trusted];
        for touch in archived.into_iter().chain(bare).chain(others) {
            assert_eq!(Touch::decode(touch.encode()), Some(touch));
        }
        assert_eq!(Touch::decode((7, 4, 0)), None);
        assert_eq!(Touch::decode((9, 0, 0)), None);
    }

    #[test]
    fn ids_that_follow_each_other_are_one_run() {
        let ids = [1, 2, 3, 7, 9, 10].map(MemoryId);
        let told: Vec<(u64, u64)> = runs(&ids).into_iter().map(|it| (it.0.0, it.1)).collect();
        assert_eq!(told, [(1, 3), (7, 1), (9, 2)]);
    }
}
