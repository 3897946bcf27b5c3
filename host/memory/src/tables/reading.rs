//! All tables as of one commit: whoever reads them is in nobody's way, and nobody in theirs.

use std::ops::Range;

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableError};
use voyager_disk::database::{Broken, guarded};

use super::{
    AUDIT, BACKWARD, Counters, DEEDS, DONE, Deed, EDGES, ENCODERS, GROUPS, HORIZON, META,
    META_DEEDS, META_DEEDS_FROM, RECORDS, STANDINGS, Tables, VECTORS, broken,
};
use crate::{groups::GroupRow, record::MemoryId};

/// A line of the audit, as it lies there: when, what, first, count.
pub(crate) type AuditRow = (u64, u8, u64, u64);

/// A row of what was done to records, as it lies there: the record, the commit, a number; what, and with which other.
pub(crate) type DeedsRow = ((u64, u64, u32), (u8, u64, u32));

/// One view of the tables.
pub(crate) struct Reading(ReadTransaction);

impl Tables {
    /// The tables as they are now, and stay for whoever has this.
    pub(crate) fn reading(&self) -> Result<Reading, Broken> {
        guarded(|| Ok(Reading(self.database().begin_read().map_err(broken)?)))
    }
}

impl Reading {
    /// Calls `see` with the sealed records of some ids, in their order.
    pub(crate) fn records(
        &self,
        ids: Range<u64>,
        mut see: impl FnMut(u64, &[u8]),
    ) -> Result<(), Broken> {
        guarded(|| {
            let records = self.0.open_table(RECORDS).map_err(broken)?;
            for row in records.range(ids).map_err(broken)? {
                let (id, sealed) = row.map_err(broken)?;
                see(id.value(), sealed.value());
            }
            Ok(())
        })
    }

    /// Whether a record is there.
    pub(crate) fn holds(&self, id: u64) -> Result<bool, Broken> {
        guarded(|| {
            let records = self.0.open_table(RECORDS).map_err(broken)?;
            Ok(records.get(id).map_err(broken)?.is_some())
        })
    }

    /// Calls `see` with the standings of some ids, in their order.
    pub(crate) fn standings(
        &self,
        ids: Range<u64>,
        mut see: impl FnMut(u64, &[u8]),
    ) -> Result<(), Broken> {
        guarded(|| {
            let standings = self.0.open_table(STANDINGS).map_err(broken)?;
            for row in standings.range(ids).map_err(broken)? {
                let (id, bytes) = row.map_err(broken)?;
                see(id.value(), bytes.value());
            }
            Ok(())
        })
    }

    /// Calls `see` with the edges that start at some ids: where, its number, where to, the sealed row.
    pub(crate) fn edges(
        &self,
        ids: Range<u64>,
        mut see: impl FnMut(u64, u32, u64, &[u8]),
    ) -> Result<(), Broken> {
        guarded(|| {
            let edges = self.0.open_table(EDGES).map_err(broken)?;
            for row in edges.range((ids.start, 0)..(ids.end, 0)).map_err(broken)? {
                let (key, row) = row.map_err(broken)?;
                let ((from, number), (to, sealed)) = (key.value(), row.value());
                see(from, number, to, sealed);
            }
            Ok(())
        })
    }

    /// Whether an edge is found from where it leads.
    pub(crate) fn leads_back(&self, from: u64, number: u32, to: u64) -> Result<bool, Broken> {
        guarded(|| {
            let backward = self.0.open_table(BACKWARD).map_err(broken)?;
            Ok(backward.get((to, from, number)).map_err(broken)?.is_some())
        })
    }

    /// How many edges there are, and how many are found from where they lead.
    pub(crate) fn edge_counts(&self) -> Result<(u64, u64), Broken> {
        guarded(|| {
            let edges = self.0.open_table(EDGES).map_err(broken)?.len().map_err(broken)?;
            let backward = self.0.open_table(BACKWARD).map_err(broken)?.len().map_err(broken)?;
            Ok((edges, backward))
        })
    }

    /// Calls `see` with the sealed vectors of an encoder, of some ids, in their order.
    pub(crate) fn vectors(
        &self,
        encoder: u32,
        ids: Range<u64>,
        mut see: impl FnMut(u64, &[u8]),
    ) -> Result<(), Broken> {
        guarded(|| {
            let vectors = self.0.open_table(VECTORS).map_err(broken)?;
            let range = (encoder, ids.start)..(encoder, ids.end);
            for row in vectors.range(range).map_err(broken)? {
                let (key, row) = row.map_err(broken)?;
                see(key.value().1, row.value());
            }
            Ok(())
        })
    }

    /// The encoders as they lie there, hidden where a veil hides them: number, name, dimensions.
    pub(crate) fn encoders(&self) -> Result<Vec<(u32, String, u32)>, Broken> {
        guarded(|| {
            let encoders = self.0.open_table(ENCODERS).map_err(broken)?;
            let mut all = Vec::new();
            for row in encoders.iter().map_err(broken)? {
                let (number, row) = row.map_err(broken)?;
                let (name, dimensions) = row.value();
                all.push((number.value(), name.to_owned(), dimensions));
            }
            Ok(all)
        })
    }

    /// Calls `see` with lines of the audit, by the numbers of their commits.
    pub(crate) fn audit(
        &self,
        commits: Range<u64>,
        mut see: impl FnMut(u64, AuditRow),
    ) -> Result<(), Broken> {
        guarded(|| {
            let audit = self.0.open_table(AUDIT).map_err(broken)?;
            for row in audit.range(commits).map_err(broken)? {
                let (commit, row) = row.map_err(broken)?;
                see(commit.value(), row.value());
            }
            Ok(())
        })
    }

    /// Calls `see` with what was done under idempotency keys, as these lie there.
    pub(crate) fn done(&self, mut see: impl FnMut(&[u8; 32], u64, u64)) -> Result<(), Broken> {
        guarded(|| {
            let done = self.0.open_table(DONE).map_err(broken)?;
            for row in done.iter().map_err(broken)? {
                let (key, row) = row.map_err(broken)?;
                let (first, count) = row.value();
                see(key.value(), first, count);
            }
            Ok(())
        })
    }

    /// Calls `see` with what was done to some ids.
    pub(crate) fn deeds(
        &self,
        ids: Range<u64>,
        mut see: impl FnMut(DeedsRow),
    ) -> Result<(), Broken> {
        guarded(|| {
            // An old store has none before its next write.
            let deeds = match self.0.open_table(DEEDS) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(()),
                other => other.map_err(broken)?,
            };
            for row in deeds.range((ids.start, 0, 0)..(ids.end, 0, 0)).map_err(broken)? {
                let (key, row) = row.map_err(broken)?;
                see((key.value(), row.value()));
            }
            Ok(())
        })
    }

    /// From which commit on deeds are noted up to the last one; none where an older program wrote last, or none was.
    pub(crate) fn deeds_from(&self, counters: Counters) -> Result<Option<u64>, Broken> {
        guarded(|| {
            let meta = self.0.open_table(META).map_err(broken)?;
            let number = |key| Ok::<_, Broken>(meta.get(key).map_err(broken)?.map(|it| it.value()));
            let from = number(META_DEEDS_FROM)?;
            let is_noted = number(META_DEEDS)? == Some(counters.commit);
            Ok(from.filter(|_| is_noted))
        })
    }

    /// Which record stands for which, by the record.
    pub(crate) fn groups(&self) -> Result<Vec<GroupRow>, Broken> {
        guarded(|| {
            // An old store has none before somebody consolidates it.
            let groups = match self.0.open_table(GROUPS) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                other => other.map_err(broken)?,
            };
            let mut rows = Vec::new();
            for row in groups.iter().map_err(broken)? {
                let (id, row) = row.map_err(broken)?;
                let (standing, commit) = row.value();
                rows.push((MemoryId(id.value()), MemoryId(standing), commit));
            }
            Ok(rows)
        })
    }

    /// The rows of the horizon, by id; none where there is no horizon yet.
    pub(crate) fn horizon(&self) -> Result<Vec<(u64, u64)>, Broken> {
        guarded(|| {
            let horizon = match self.0.open_table(HORIZON) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                other => other.map_err(broken)?,
            };
            let mut rows = Vec::new();
            for row in horizon.iter().map_err(broken)? {
                let (cycle, id) = row.map_err(broken)?.0.value();
                rows.push((id, cycle));
            }
            rows.sort_unstable();
            Ok(rows)
        })
    }
}

/// Whether a line of the audit says what this program knows.
pub(crate) fn is_known(row: AuditRow) -> bool {
    usize::from(row.1) < Deed::ALL.len()
}
