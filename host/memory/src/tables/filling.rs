//! Rows of a snapshot into tables that hold nothing yet: all of them in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadableTable, WriteTransaction};
use voyager_base::memory::Trust;
use voyager_disk::database::{Broken, guarded};

use super::{
    AUDIT, BACKWARD, Counters, DEEDS, DONE, Done, EDGES, ENCODERS, GROUPS, META, META_COMMIT,
    META_CYCLE, META_DEEDS, META_DEEDS_FROM, META_NEXT, RECORDS, STANDINGS, Tables, VECTORS,
    is_known, stays,
};
use crate::{record::MemoryId, row::Standing, snapshot::Rows};

/// Tells of a relation whether it may say that the record it starts at is derived from the one that it leads to: where it
/// starts, its number, where it leads, the sealed row.
type MayDerive<'a> = &'a dyn Fn(u64, u32, u64, &[u8]) -> bool;

/// Tables on their way; dropped before its end it leaves nothing.
pub(crate) struct Filling {
    transaction: WriteTransaction,
    /// From which commit on it is noted what is done to which record; none where the rows say nothing of it.
    deeds_from: Option<u64>,
    lineage: Lost,
}

/// What is known of the lineage that goes with records that are gone.
#[derive(Default)]
struct Lost {
    /// How far each of those was trusted by itself, as far as that is known.
    trusted: BTreeMap<u64, Trust>,
    /// Those that may be derived from others: nobody can tell any more how far those are trusted.
    derived: BTreeSet<u64>,
    /// What stays and may be derived from one that is gone, and that one.
    links: Vec<(u64, u64)>,
}

impl Lost {
    /// How far each record that stays is trusted at most.
    fn floors(&self) -> BTreeMap<u64, Trust> {
        let mut floors = BTreeMap::new();
        for (from, gone) in &self.links {
            let known = self.trusted.get(gone).filter(|_| !self.derived.contains(gone));
            let trust = known.copied().unwrap_or_default();
            let floor = floors.entry(*from).or_insert(trust);
            *floor = trust.min(*floor);
        }
        floors
    }
}

impl Tables {
    /// Begins to fill the tables.
    pub(crate) fn filling(&self) -> Result<Filling, Broken> {
        guarded(|| {
            let transaction = self.database().begin_write()?;
            Ok(Filling { transaction, deeds_from: None, lineage: Lost::default() })
        })
    }
}

impl Filling {
    /// Adds rows, save those of records that are gone.
    pub(crate) fn add(
        &mut self,
        rows: &Rows,
        is_gone: &dyn Fn(u64) -> bool,
        may_derive: MayDerive<'_>,
    ) -> Result<(), Broken> {
        guarded(|| Ok(self.put(rows, is_gone, may_derive)?))
    }

    fn put(
        &mut self,
        rows: &Rows,
        is_gone: &dyn Fn(u64) -> bool,
        may_derive: MayDerive<'_>,
    ) -> Done<()> {
        match rows {
            Rows::Records(rows) => {
                let mut table = self.transaction.open_table(RECORDS)?;
                for (id, row) in rows.iter().filter(|it| !is_gone(it.0)) {
                    table.insert(id, row.as_slice())?;
                }
            }
            Rows::Standings(rows) => {
                let mut table = self.transaction.open_table(STANDINGS)?;
                for (id, row) in rows {
                    if !is_gone(*id) {
                        table.insert(id, row.as_slice())?;
                    } else if let Some(standing) = Standing::decode(row) {
                        // Where none was noted it was one of a skill at the least.
                        let trust = standing.trust.unwrap_or(Trust::Skill);
                        self.lineage.trusted.insert(*id, trust);
                    }
                }
            }
            Rows::Edges(rows) => {
                let mut edges = self.transaction.open_table(EDGES)?;
                let mut backward = self.transaction.open_table(BACKWARD)?;
                for (from, number, to, row) in rows {
                    let derives = || may_derive(*from, *number, *to, row);
                    match (is_gone(*from), is_gone(*to)) {
                        (false, false) => {
                            edges.insert((*from, *number), (*to, row.as_slice()))?;
                            backward.insert((*to, *from, *number), ())?;
                        }
                        (false, true) if derives() => self.lineage.links.push((*from, *to)),
                        (true, _) if derives() => drop(self.lineage.derived.insert(*from)),
                        _ => {}
                    }
                }
            }
            Rows::Vectors(encoder, rows) => {
                let mut table = self.transaction.open_table(VECTORS)?;
                for (id, row) in rows.iter().filter(|it| !is_gone(it.0)) {
                    table.insert((*encoder, *id), row.as_slice())?;
                }
            }
            Rows::Audit(rows) => {
                let mut table = self.transaction.open_table(AUDIT)?;
                // One line that nobody can read would leave the whole audit unread; that it is missing is told.
                for (commit, row) in rows.iter().filter(|it| is_known(it.1)) {
                    table.insert(commit, row)?;
                }
            }
            Rows::Done(rows) => {
                let mut table = self.transaction.open_table(DONE)?;
                for (key, first, count) in rows {
                    if let Ok(key) = <&[u8; 32]>::try_from(key.as_slice()) {
                        table.insert(key, (*first, *count))?;
                    }
                }
            }
            Rows::Deeds(from, rows) => {
                self.deeds_from = Some(*from);
                let mut table = self.transaction.open_table(DEEDS)?;
                for row in rows.iter().filter(|it| stays(**it, |id| !is_gone(id.0))) {
                    table.insert(row.0, row.1)?;
                }
            }
            Rows::Groups(rows) => {
                let mut table = self.transaction.open_table(GROUPS)?;
                for (id, standing, commit) in rows {
                    if !is_gone(*id) && !is_gone(*standing) {
                        table.insert(id, (*standing, *commit))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes everything durable, with what the store counts. Gives back the records that may be derived from one that is
    /// gone.
    pub(crate) fn finish(
        self,
        counters: Counters,
        encoders: &[(u32, String, u32)],
    ) -> Result<Vec<MemoryId>, Broken> {
        let floors = self.lineage.floors();
        let derived = floors.keys().copied().map(MemoryId).collect();
        let finish = || -> Done<()> {
            {
                // As forgetting has it: nothing is trusted more for what is not known any more.
                let mut table = self.transaction.open_table(STANDINGS)?;
                for (id, least) in floors {
                    let standing = table.get(id)?.and_then(|it| Standing::decode(it.value()));
                    // Where none was noted it is an imported one at the most.
                    let own = |it: &Standing| it.trust.unwrap_or(Trust::Imported);
                    if let Some(standing) = standing.filter(|it| own(it) > least) {
                        let lowered = Standing { trust: Some(least), ..standing };
                        table.insert(id, lowered.encode().as_slice())?;
                    }
                }
                let mut table = self.transaction.open_table(ENCODERS)?;
                for (number, name, dimensions) in encoders {
                    table.insert(number, (name.as_str(), *dimensions))?;
                }
                let mut meta = self.transaction.open_table(META)?;
                meta.insert(META_NEXT, counters.next)?;
                meta.insert(META_COMMIT, counters.commit)?;
                meta.insert(META_CYCLE, counters.cycle)?;
                if let Some(from) = self.deeds_from {
                    meta.insert(META_DEEDS_FROM, from)?;
                    meta.insert(META_DEEDS, counters.commit)?;
                }
                debug_assert!(meta.get(META_COMMIT)?.is_some(), "the counters are the last rows");
            }
            Ok(self.transaction.commit()?)
        };
        guarded(|| Ok(finish()?))?;
        Ok(derived)
    }
}
