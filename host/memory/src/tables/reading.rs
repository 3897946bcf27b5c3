//! All tables as of one commit: whoever reads them is in nobody's way, and nobody in theirs.

use std::ops::Range;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, TableError, Value,
};
use voyager_disk::database::{Broken, guarded};

use super::{
    AUDIT, BACKWARD, Counters, DEEDS, DONE, Deed, EDGES, ENCODERS, GROUPS, HORIZON, META,
    META_DEEDS, META_DEEDS_FROM, RECORDS, STANDINGS, Tables, VECTORS,
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
        guarded(|| Ok(Reading(self.database().begin_read()?)))
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
            let records = self.0.open_table(RECORDS)?;
            for row in records.range(ids)? {
                let (id, sealed) = row?;
                see(id.value(), sealed.value());
            }
            Ok(())
        })
    }

    /// Whether a record is there.
    pub(crate) fn holds(&self, id: u64) -> Result<bool, Broken> {
        guarded(|| {
            let records = self.0.open_table(RECORDS)?;
            Ok(records.get(id)?.is_some())
        })
    }

    /// Calls `see` with the standings of some ids, in their order.
    pub(crate) fn standings(
        &self,
        ids: Range<u64>,
        mut see: impl FnMut(u64, &[u8]),
    ) -> Result<(), Broken> {
        guarded(|| {
            let standings = self.0.open_table(STANDINGS)?;
            for row in standings.range(ids)? {
                let (id, bytes) = row?;
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
            let edges = self.0.open_table(EDGES)?;
            for row in edges.range((ids.start, 0)..(ids.end, 0))? {
                let (key, row) = row?;
                let ((from, number), (to, sealed)) = (key.value(), row.value());
                see(from, number, to, sealed);
            }
            Ok(())
        })
    }

    /// Whether an edge is found from where it leads.
    pub(crate) fn leads_back(&self, from: u64, number: u32, to: u64) -> Result<bool, Broken> {
        guarded(|| {
            let backward = self.0.open_table(BACKWARD)?;
            Ok(backward.get((to, from, number))?.is_some())
        })
    }

    /// How many edges there are, and how many are found from where they lead.
    pub(crate) fn edge_counts(&self) -> Result<(u64, u64), Broken> {
        guarded(|| {
            let edges = self.0.open_table(EDGES)?.len()?;
            let backward = self.0.open_table(BACKWARD)?.len()?;
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
            let vectors = self.0.open_table(VECTORS)?;
            let range = (encoder, ids.start)..(encoder, ids.end);
            for row in vectors.range(range)? {
                let (key, row) = row?;
                see(key.value().1, row.value());
            }
            Ok(())
        })
    }

    /// The encoders as they lie there, hidden where a veil hides them: number, name, dimensions.
    pub(crate) fn encoders(&self) -> Result<Vec<(u32, String, u32)>, Broken> {
        guarded(|| {
            let encoders = self.0.open_table(ENCODERS)?;
            let mut all = Vec::new();
            for row in encoders.iter()? {
                let (number, row) = row?;
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
            let audit = self.0.open_table(AUDIT)?;
            for row in audit.range(commits)? {
                let (commit, row) = row?;
                see(commit.value(), row.value());
            }
            Ok(())
        })
    }

    /// Calls `see` with what was done under idempotency keys, as these lie there.
    pub(crate) fn done(&self, mut see: impl FnMut(&[u8; 32], u64, u64)) -> Result<(), Broken> {
        guarded(|| {
            let done = self.0.open_table(DONE)?;
            for row in done.iter()? {
                let (key, row) = row?;
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
            let Some(deeds) = younger(&self.0, DEEDS)? else { return Ok(()) };
            for row in deeds.range((ids.start, 0, 0)..(ids.end, 0, 0))? {
                let (key, row) = row?;
                see((key.value(), row.value()));
            }
            Ok(())
        })
    }

    /// From which commit on deeds are noted up to the last one; none where an older program wrote last, or none was.
    pub(crate) fn deeds_from(&self, counters: Counters) -> Result<Option<u64>, Broken> {
        guarded(|| {
            let meta = self.0.open_table(META)?;
            let number = |key| Ok::<_, Broken>(meta.get(key)?.map(|it| it.value()));
            let from = number(META_DEEDS_FROM)?;
            let is_noted = number(META_DEEDS)? == Some(counters.commit);
            Ok(from.filter(|_| is_noted))
        })
    }

    /// Which record stands for which, by the record.
    pub(crate) fn groups(&self) -> Result<Vec<GroupRow>, Broken> {
        guarded(|| {
            let Some(groups) = younger(&self.0, GROUPS)? else { return Ok(Vec::new()) };
            let mut rows = Vec::new();
            for row in groups.iter()? {
                let (id, row) = row?;
                let (standing, commit) = row.value();
                rows.push((MemoryId(id.value()), MemoryId(standing), commit));
            }
            Ok(rows)
        })
    }

    /// The rows of the horizon, by id; none where there is no horizon yet.
    pub(crate) fn horizon(&self) -> Result<Vec<(u64, u64)>, Broken> {
        guarded(|| {
            let Some(horizon) = younger(&self.0, HORIZON)? else { return Ok(Vec::new()) };
            let mut rows = Vec::new();
            for row in horizon.iter()? {
                let (cycle, id) = row?.0.value();
                rows.push((id, cycle));
            }
            rows.sort_unstable();
            Ok(rows)
        })
    }
}

/// A table that an old store does not have before somebody needs it to write.
pub(super) fn younger<K: Key + 'static, V: Value + 'static>(
    transaction: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<Option<ReadOnlyTable<K, V>>, TableError> {
    match transaction.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        other => other.map(Some),
    }
}

/// Whether a line of the audit says what this program knows.
pub(crate) fn is_known(row: AuditRow) -> bool {
    usize::from(row.1) < Deed::ALL.len()
}
