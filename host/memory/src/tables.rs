//! The redb file: its tables, and the one transaction in which everything of a write becomes durable.
//!
//! Rows hold what can't be computed again: records, vectors, edges, standings, what was done. What recall
//! searches (postings, threads, entities, times) follows from them and lives in memory, so that no arm can
//! know a record that another doesn't, and a forgotten record has few places to be removed from.

mod filling;
mod folders;
mod reading;

use std::cell::Cell;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, WriteTransaction,
};
use voyager_base::{Digest, clock::Timestamp, disk::Disk};
use voyager_disk::database::{self, Broken, Opening, guarded, was_never_made};

use self::reading::younger;
pub(crate) use self::{
    folders::{Folder, called},
    reading::{DeedsRow, Reading, is_known},
};
use crate::{
    error::OpenError,
    groups::GroupRow,
    horizon::Move,
    keys,
    owner::Veil,
    past::{TOUCHES_MAX, Touch},
    record::MemoryId,
    row::Standing,
    store::Encoder,
};

/// Name of the file.
pub(crate) const FILE: &str = "memory.redb";

/// The newest format. The first had names of encoders and idempotency keys in the clear, the second no trust in standings,
/// the third no quarters in vectors, the fourth no salt in edges, the fifth none in records and vectors and no ids of
/// folders; the sixth sealed edges with the key of one of their records alone. A store has it with its next write: who
/// knows of no trust would let anything supersede anything, and who knows of no quarters would take a vector as damaged.
const FORMAT: u64 = 7;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// By id: the sealed record.
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
/// By id: what changes.
const STANDINGS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("standings");
/// By the record it starts at and its number: the record it leads to, and the sealed edge.
const EDGES: TableDefinition<'_, (u64, u32), (u64, &[u8])> = TableDefinition::new("edges");
/// By the record it leads to: where it starts, and its number.
const BACKWARD: TableDefinition<'_, (u64, u64, u32), ()> = TableDefinition::new("backward");
/// By the encoder's number and the record: the sealed vectors.
const VECTORS: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("vectors");
/// By its number: the encoder's name and dimensions.
const ENCODERS: TableDefinition<'_, u32, (&str, u32)> = TableDefinition::new("encoders");
/// By the number of the commit: when, what, first id, number of records.
const AUDIT: TableDefinition<'_, u64, (u64, u8, u64, u64)> = TableDefinition::new("audit");
/// By idempotency key: the first id and the number of records.
const DONE: TableDefinition<'_, &[u8; 32], (u64, u64)> = TableDefinition::new("done");

/// By record, commit and a number of its own: what the commit did to the record, and the other one where there is one.
const DEEDS: TableDefinition<'_, (u64, u64, u32), (u8, u64, u32)> = TableDefinition::new("deeds");

/// By the record: the one that stands for it since it says the same, and the commit that found that out.
const GROUPS: TableDefinition<'_, u64, (u64, u64)> = TableDefinition::new("groups");

/// By the cycle in which it is archived, and the id: records that fade.
const HORIZON: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("horizon");

/// By id: the commit that last changed the standing of a record, or related it to another. Rows may be of commits that
/// no kept index asks for any more.
const CHANGED: TableDefinition<'_, u64, u64> = TableDefinition::new("changed");

/// Keys of [`META`]: the commits after which, and up to which, [`CHANGED`] tells all. A program that knows of none
/// leaves it behind.
const META_CHANGED_SINCE: &str = "changed since";
const META_CHANGED: &str = "changed";

/// Key of [`META`]: the commit up to which the horizon was kept. A program that knows of none leaves it behind.
const META_HORIZON: &str = "horizon";
/// Key of [`META`]: the commit up to which deeds were noted. A program that notes none leaves it behind.
const META_DEEDS: &str = "deeds";
/// Key of [`META`]: the commit from which on they were.
const META_DEEDS_FROM: &str = "deeds-from";
/// Key of [`META`]: the bits of the weight below which records are archived.
const META_BELOW: &str = "below";
/// Key of [`META`]: the format.
const META_FORMAT: &str = "format";
/// Key of [`META`]: the next id.
const META_NEXT: &str = "next";
/// Key of [`META`]: the number of the last commit.
const META_COMMIT: &str = "commit";
/// Key of [`META`]: the cycle of decay.
const META_CYCLE: &str = "cycle";

/// Counters of the whole store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// The next id.
    pub(crate) next: u64,
    /// The number of the last commit.
    pub(crate) commit: u64,
    /// The cycle of decay.
    pub(crate) cycle: u64,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Records were written.
    Remembered,
    /// Records were forgotten.
    Forgotten,
    /// Edges were written.
    Related,
    /// Cycles passed.
    Ticked,
    /// Vectors of another encoder took the place of others.
    Encoded,
    /// The standing of records was changed.
    Arranged,
    /// Archived records were brought back.
    Restored,
    /// Records were found to say the same as others, which stand for them.
    Consolidated,
    /// They speak for themselves again.
    Parted,
    /// Edges were taken back.
    Unrelated,
}

impl Deed {
    const ALL: [Self; 10] = [
        Self::Remembered,
        Self::Forgotten,
        Self::Related,
        Self::Ticked,
        Self::Encoded,
        Self::Arranged,
        Self::Restored,
        Self::Consolidated,
        Self::Parted,
        Self::Unrelated,
    ];

    pub(crate) fn code(self) -> u8 {
        Self::ALL.iter().position(|it| *it == self).unwrap_or_default() as u8
    }
}

/// What a change does, as the audit tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    /// When.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) deed: Deed,
    /// The first record.
    pub(crate) first: u64,
    /// How many records.
    pub(crate) count: u64,
}

/// One line of the audit: it says which records, never what they held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// The number of the commit.
    pub commit: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub deed: Deed,
    /// The first record.
    pub first: u64,
    /// How many records.
    pub count: u64,
}

/// A row of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeedRow {
    /// The record.
    pub(crate) id: MemoryId,
    /// The commit.
    pub(crate) commit: u64,
    /// What it did.
    pub(crate) touch: Touch,
}

/// A row of an edge.
pub(crate) struct EdgeRow {
    /// The record it starts at.
    pub(crate) from: u64,
    /// Its number there.
    pub(crate) number: u32,
    /// The record it leads to.
    pub(crate) to: u64,
    /// What it says.
    pub(crate) sealed: Vec<u8>,
}

/// The open file, and what hides some of it.
pub(crate) struct Tables(Option<Database>, Option<Veil>);

impl Drop for Tables {
    fn drop(&mut self) {
        if let Some(it) = self.0.take() {
            database::close(it);
        }
    }
}

/// One transaction under way, of one commit or several; dropped before its end it leaves nothing.
pub(crate) struct Change {
    transaction: WriteTransaction,
    veil: Option<Veil>,
    /// The number of its first commit.
    first: u64,
    /// The number of the commit that is being written.
    commit: Cell<u64>,
    /// Deeds that it noted.
    noted: Cell<u32>,
}

type Done<T> = Result<T, redb::Error>;
type Deeds<'a> = redb::Table<'a, (u64, u64, u32), (u8, u64, u32)>;

impl Tables {
    /// Opens the file, made where there is none. It is durable before a store has keys: where those are there it was
    /// lost, and is not made, since the first records of an empty store would take the places of their keys.
    pub(crate) fn open(disk: &dyn Disk, opening: Opening) -> Result<(Self, Counters), OpenError> {
        let may_make = !keys::are_made(disk).map_err(OpenError::disk)?;
        let lost = || {
            let reason = "it is missing or empty, and the keys of its records are there";
            Err(OpenError::Damaged { what: FILE, reason: reason.to_owned() })
        };
        if !may_make && !disk.list().map_err(OpenError::disk)?.iter().any(|it| it == FILE) {
            return lost();
        }
        let file = disk.open(FILE).map_err(OpenError::disk)?;
        if was_never_made(&*file).map_err(OpenError::disk)? {
            if !may_make {
                return lost();
            }
            file.set_len(0).map_err(OpenError::disk)?;
        }
        drop(file);
        let opened = || -> Result<(Self, u64, Counters), Broken> {
            let tables = Self(Some(database::open(disk, FILE, opening)?), None);
            match tables.counters()? {
                Some((format, counters)) => Ok((tables, format, counters)),
                None if may_make && tables.is_bare()? => {
                    tables.make()?;
                    Ok((tables, FORMAT, Counters::default()))
                }
                None => Err(Broken::damaged("it is a database that holds no memory")),
            }
        };
        let (tables, found, counters) = guarded(opened).map_err(OpenError::of_database)?;
        if !(1..=FORMAT).contains(&found) {
            return Err(OpenError::Newer { found: found as u32, known: FORMAT as u32 });
        }
        Ok((tables, counters))
    }

    /// Hides from now on what somebody could guess, and takes what is there as hidden.
    pub(crate) fn veil(&mut self, veil: Option<Veil>) {
        self.1 = veil;
    }

    fn database(&self) -> &Database {
        self.0.as_ref().expect("it is taken only by drop")
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        guarded(|| look(&self.database().begin_read()?))
    }

    fn counters(&self) -> Result<Option<(u64, Counters)>, Broken> {
        let transaction = self.database().begin_read()?;
        let Some(meta) = younger(&transaction, META)? else { return Ok(None) };
        let number = |key| -> Done<u64> { Ok(meta.get(key)?.map_or(0, |it| it.value())) };
        let counters = Counters {
            next: number(META_NEXT)?,
            commit: number(META_COMMIT)?,
            cycle: number(META_CYCLE)?,
        };
        Ok(Some((number(META_FORMAT)?, counters)))
    }

    /// Whether it has no tables at all.
    fn is_bare(&self) -> Result<bool, Broken> {
        let transaction = self.database().begin_read()?;
        let has_tables = transaction.list_tables()?.next().is_some();
        Ok(!has_tables && transaction.list_multimap_tables()?.next().is_none())
    }

    fn make(&self) -> Result<(), Broken> {
        let transaction = self.database().begin_write()?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert(META_FORMAT, FORMAT)?;
            meta.insert(META_DEEDS, 0)?;
            meta.insert(META_DEEDS_FROM, 1)?;
        }
        transaction.open_table(RECORDS)?;
        transaction.open_table(STANDINGS)?;
        transaction.open_table(EDGES)?;
        transaction.open_table(BACKWARD)?;
        transaction.open_table(VECTORS)?;
        transaction.open_table(ENCODERS)?;
        transaction.open_table(AUDIT)?;
        transaction.open_table(DONE)?;
        transaction.open_table(HORIZON)?;
        transaction.open_table(CHANGED)?;
        transaction.open_table(DEEDS)?;
        transaction.open_table(GROUPS)?;
        Ok(transaction.commit()?)
    }

    /// The standings of some records; none for those that have none that can be read.
    pub(crate) fn standings(&self, ids: &[u64]) -> Result<Vec<Option<Standing>>, Broken> {
        self.read(|transaction| {
            let standings = transaction.open_table(STANDINGS)?;
            let standing = |id: &u64| {
                let row = standings.get(id)?;
                Ok(row.and_then(|it| Standing::decode(it.value())))
            };
            ids.iter().map(standing).collect()
        })
    }

    /// Records whose standing was changed after a commit, or from which a relation leads that came after it; none where
    /// nobody knows.
    pub(crate) fn changed_since(
        &self,
        commit: u64,
        counters: Counters,
    ) -> Result<Option<Vec<u64>>, Broken> {
        if commit == counters.commit {
            return Ok(Some(Vec::new()));
        }
        self.read(|transaction| {
            let meta = transaction.open_table(META)?;
            let number = |key| Ok::<_, Broken>(meta.get(key)?.map(|it| it.value()));
            let (since, until) = (number(META_CHANGED_SINCE)?, number(META_CHANGED)?);
            if until != Some(counters.commit) || since.is_none_or(|it| it > commit) {
                return Ok(None);
            }
            let mut ids = Vec::new();
            if let Some(changed) = younger(transaction, CHANGED)? {
                for row in changed.iter()? {
                    let (id, at) = row?;
                    ids.extend((at.value() > commit).then(|| id.value()));
                }
            }
            Ok(Some(ids))
        })
    }

    /// Forgets what was changed up to a commit: an index of it was kept.
    pub(crate) fn settle_changes(&self, commit: u64) -> Result<(), Broken> {
        guarded(|| {
            let transaction = self.database().begin_write()?;
            {
                let mut changed = transaction.open_table(CHANGED)?;
                if changed.is_empty()? {
                    return Ok(());
                }
                changed.retain(|_, at| at > commit)?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// Calls `see` with every sealed record from an id on, and its standing where that can be read, in the order of ids.
    pub(crate) fn each_record(
        &self,
        first: u64,
        mut see: impl FnMut(u64, &[u8], Option<Standing>) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.read(|transaction| {
            let records = transaction.open_table(RECORDS)?;
            let standings = transaction.open_table(STANDINGS)?;
            let mut standings = standings.range(first..)?;
            let mut ahead = standings.next().transpose()?;
            for row in records.range(first..)? {
                let (id, sealed) = row?;
                let id = id.value();
                while ahead.as_ref().is_some_and(|it| it.0.value() < id) {
                    ahead = standings.next().transpose()?;
                }
                let own = ahead.as_ref().filter(|it| it.0.value() == id);
                see(id, sealed.value(), own.and_then(|it| Standing::decode(it.1.value())))?;
            }
            Ok(())
        })
    }

    /// Calls `see` with every edge, or every one that starts at some records: where it starts, its number, where it
    /// leads, and its sealed row.
    pub(crate) fn each_edge(
        &self,
        from: Option<&[u64]>,
        mut see: impl FnMut(u64, u32, u64, &[u8]) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.read(|transaction| {
            let edges = transaction.open_table(EDGES)?;
            let mut see_between = |first: u64, last: u64| -> Result<(), Broken> {
                for row in edges.range((first, 0)..=(last, u32::MAX))? {
                    let (key, row) = row?;
                    let ((from, number), (to, sealed)) = (key.value(), row.value());
                    see(from, number, to, sealed)?;
                }
                Ok(())
            };
            match from {
                Some(from) => from.iter().try_for_each(|it| see_between(*it, *it)),
                None => see_between(0, u64::MAX),
            }
        })
    }

    /// The sealed rows of some edges, by the record they start at and their number, with where they lead.
    pub(crate) fn edges(&self, keys: &[(u64, u32)]) -> Result<Vec<EdgeRow>, Broken> {
        self.read(|transaction| {
            let edges = transaction.open_table(EDGES)?;
            let row = |&(from, number): &(u64, u32)| {
                let row = edges.get((from, number))?;
                // One that was removed since somebody asked for it is none.
                Ok(row.map(|row| {
                    let (to, sealed) = row.value();
                    EdgeRow { from, number, to, sealed: sealed.to_vec() }
                }))
            };
            keys.iter().filter_map(|it| row(it).transpose()).collect()
        })
    }

    /// Calls `see` with the sealed vectors that one encoder made for records from an id on, in the order of ids.
    pub(crate) fn each_vector(
        &self,
        encoder: u32,
        first: u64,
        mut see: impl FnMut(u64, &[u8]) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        self.read(|transaction| {
            let vectors = transaction.open_table(VECTORS)?;
            let all = (encoder, first)..=(encoder, u64::MAX);
            for row in vectors.range(all)? {
                let (key, row) = row?;
                see(key.value().1, row.value())?;
            }
            Ok(())
        })
    }

    /// The encoders whose vectors are here: number, name, dimensions.
    pub(crate) fn encoders(&self) -> Result<Vec<(u32, String, u32)>, Broken> {
        let mut encoders = self.reading()?.encoders()?;
        if let Some(veil) = &self.1 {
            let damaged = || Broken::damaged("the name of an encoder is damaged");
            for (_, name, _) in &mut encoders {
                *name = veil.show(name).ok_or_else(damaged)?;
            }
        }
        Ok(encoders)
    }

    /// The sealed rows of some records; none for those that are not here.
    pub(crate) fn records(&self, ids: &[u64]) -> Result<Vec<Option<Vec<u8>>>, Broken> {
        self.read(|transaction| {
            let records = transaction.open_table(RECORDS)?;
            let row = |id: &u64| Ok(records.get(id)?.map(|it| it.value().to_vec()));
            ids.iter().map(row).collect()
        })
    }

    /// What was done under an idempotency key: the first id and the number of records.
    pub(crate) fn done(&self, key: &Digest) -> Result<Option<(u64, u64)>, Broken> {
        self.read(|transaction| {
            let done = transaction.open_table(DONE)?;
            let key = veiled(self.1.as_ref(), key);
            Ok(done.get(&key.0)?.map(|it| it.value()))
        })
    }

    /// Lines of the audit, the newest first.
    pub(crate) fn audit(&self, limit: usize) -> Result<Vec<AuditLine>, Broken> {
        self.read(|transaction| {
            let audit = transaction.open_table(AUDIT)?;
            let mut lines = Vec::new();
            for row in audit.iter()?.rev().take(limit) {
                lines.push(line(row?)?);
            }
            Ok(lines)
        })
    }

    /// Bytes that the tables take: what is stored, and with what the file has around it.
    pub(crate) fn bytes(&self) -> Result<(u64, u64), Broken> {
        self.read(|transaction| {
            let of = |it: redb::TableStats| {
                (it.stored_bytes(), it.metadata_bytes() + it.fragmented_bytes())
            };
            let stats = [
                younger(transaction, HORIZON)?.map_or(Ok((0, 0)), |it| it.stats().map(of))?,
                younger(transaction, DEEDS)?.map_or(Ok((0, 0)), |it| it.stats().map(of))?,
                of(transaction.open_table(RECORDS)?.stats()?),
                of(transaction.open_table(STANDINGS)?.stats()?),
                of(transaction.open_table(EDGES)?.stats()?),
                of(transaction.open_table(VECTORS)?.stats()?),
                of(transaction.open_table(AUDIT)?.stats()?),
                of(transaction.open_table(DONE)?.stats()?),
            ];
            let stored = stats.iter().map(|it| it.0).sum::<u64>();
            Ok((stored, stored + stats.iter().map(|it| it.1).sum::<u64>()))
        })
    }

    /// The sealed vector that an encoder made for a record.
    pub(crate) fn vector(&self, encoder: u32, id: u64) -> Result<Option<Vec<u8>>, Broken> {
        self.read(|transaction| {
            let vectors = transaction.open_table(VECTORS)?;
            let row = vectors.get((encoder, id))?;
            Ok(row.map(|it| it.value().to_vec()))
        })
    }

    /// From which commit on deeds are noted up to the last one. Those of an older program's commits are not: where one
    /// wrote last, or none was, they are to be from the next on, and the answer says that it is still to be begun.
    pub(crate) fn deeds_from(&self, counters: Counters) -> Result<(u64, bool), Broken> {
        Ok(match self.reading()?.deeds_from(counters)? {
            Some(from) => (from, true),
            None => (counters.commit + 1, false),
        })
    }

    /// Begins to note deeds from a commit on, in one transaction. Rows of records that an older program forgot go.
    pub(crate) fn begin_deeds(
        &self,
        from: u64,
        holds: impl Fn(MemoryId) -> bool,
    ) -> Result<(), Broken> {
        guarded(|| {
            let transaction = self.database().begin_write()?;
            {
                let mut deeds = transaction.open_table(DEEDS)?;
                deeds.retain(|key, row| stays((key, row), &holds))?;
                let mut meta = transaction.open_table(META)?;
                meta.insert(META_DEEDS_FROM, from)?;
                meta.insert(META_DEEDS, from.saturating_sub(1))?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// What was done to a record, or to all, the oldest first for each.
    pub(crate) fn deeds(&self, of: Option<MemoryId>) -> Result<Vec<DeedRow>, Broken> {
        let ids = of.map_or(0..u64::MAX, |it| it.0..it.0.saturating_add(1));
        let mut rows = Vec::new();
        self.reading()?.deeds(ids, |((id, commit, _), row)| {
            let touch = Touch::decode(row);
            rows.extend(touch.map(|touch| DeedRow { id: MemoryId(id), commit, touch }));
        })?;
        Ok(rows)
    }

    /// Lines of the audit of some commits, the oldest first.
    pub(crate) fn audit_of(
        &self,
        commits: std::ops::RangeInclusive<u64>,
    ) -> Result<Vec<AuditLine>, Broken> {
        self.read(|transaction| {
            let audit = transaction.open_table(AUDIT)?;
            let rows = audit.range(commits)?;
            rows.map(|row| line(row?)).collect()
        })
    }

    /// The newest line of the audit up to a commit that `is` wanted.
    pub(crate) fn last_line(
        &self,
        commit: u64,
        is: impl Fn(&AuditLine) -> bool,
    ) -> Result<Option<AuditLine>, Broken> {
        self.read(|transaction| {
            let audit = transaction.open_table(AUDIT)?;
            for row in audit.range(..=commit)?.rev() {
                let line = line(row?)?;
                if is(&line) {
                    return Ok(Some(line));
                }
            }
            Ok(None)
        })
    }

    /// Whether the horizon is that of the last commit, for this threshold.
    pub(crate) fn has_horizon(&self, counters: Counters, below: f64) -> Result<bool, Broken> {
        self.read(|transaction| {
            let meta = transaction.open_table(META)?;
            let number = |key| Ok::<_, Broken>(meta.get(key)?.map(|it| it.value()));
            let same = number(META_BELOW)? == Some(below.to_bits());
            Ok(same && number(META_HORIZON)? == Some(counters.commit))
        })
    }

    /// Makes the horizon anew, in one transaction.
    pub(crate) fn set_horizon(
        &self,
        counters: Counters,
        below: f64,
        rows: &[(u64, u64)],
    ) -> Result<(), Broken> {
        guarded(|| {
            let transaction = self.database().begin_write()?;
            transaction.delete_table(HORIZON)?;
            {
                let mut horizon = transaction.open_table(HORIZON)?;
                rows.iter().try_for_each(|row| horizon.insert(row, ()).map(drop))?;
                let mut meta = transaction.open_table(META)?;
                meta.insert(META_BELOW, below.to_bits())?;
                meta.insert(META_HORIZON, counters.commit)?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// Rows of the horizon up to a cycle.
    pub(crate) fn due(&self, cycle: u64) -> Result<Vec<(u64, u64)>, Broken> {
        self.read(|transaction| {
            let horizon = transaction.open_table(HORIZON)?;
            let rows = horizon.range(..=(cycle, u64::MAX))?;
            rows.map(|row| Ok(row?.0.value())).collect()
        })
    }

    /// Makes a change durable: one commit, or several at once, each of which `write` ends. The counters are those of the first,
    /// save what all of them do to the others. Gives back those of the last. A change that fails on the way leaves nothing;
    /// one whose commit fails leaves open whether it is there.
    pub(crate) fn change(
        &self,
        counters: Counters,
        write: impl FnOnce(&Change) -> Result<(), redb::Error>,
    ) -> Result<Counters, Broken> {
        guarded(|| {
            let transaction = self.database().begin_write()?;
            let (veil, first) = (self.1.clone(), counters.commit);
            let (commit, noted) = (Cell::new(first), Cell::new(0));
            let change = Change { transaction, veil, first, commit, noted };
            write(&change)?;
            let commit = change.commit.get() - 1;
            assert!(commit >= first, "a change ends each of its commits");
            let counters = Counters { commit, ..counters };
            change.commit(counters)?;
            Ok(counters)
        })
    }
}

/// A row of the audit.
type AuditRow<'a> = (redb::AccessGuard<'a, u64>, redb::AccessGuard<'a, (u64, u8, u64, u64)>);

fn line((commit, row): AuditRow<'_>) -> Result<AuditLine, Broken> {
    let (at, deed, first, count) = row.value();
    let deed = Deed::ALL.get(usize::from(deed)).copied();
    let deed = deed.ok_or_else(|| Broken::damaged("a line of the audit is unknown"))?;
    let (commit, at) = (commit.value(), Timestamp::from_micros(at));
    Ok(AuditLine { commit, at, deed, first, count })
}

/// What stands in place of an idempotency key.
fn veiled(veil: Option<&Veil>, key: &Digest) -> Digest {
    veil.map_or(*key, |it| it.digest(key))
}

/// Whether a row of what was done stays where only some records are left: with its record, and with the one that it
/// names; what was forgotten stays noted.
fn stays(((id, _, _), row): DeedsRow, holds: impl Fn(MemoryId) -> bool) -> bool {
    match Touch::decode(row) {
        Some(Touch::Forgotten { .. }) => true,
        Some(Touch::Related { to, .. }) => holds(MemoryId(id)) && holds(to),
        _ => holds(MemoryId(id)),
    }
}

/// Removes what was noted of the writing of an edge, which is gone: another one may have its number.
fn unnote(deeds: &mut Deeds<'_>, from: u64, number: u32, to: u64) -> Done<()> {
    let is_it = |row| match Touch::decode(row) {
        Some(Touch::Related { to: of, number: numbered }) => (of.0, numbered) == (to, number),
        _ => false,
    };
    deeds.retain_in((from, 0, 0)..=(from, u64::MAX, u32::MAX), |_, row| !is_it(row))?;
    Ok(())
}

impl Change {
    /// Adds records, in the order of their ids.
    pub(crate) fn add_records<'a>(
        &self,
        rows: impl IntoIterator<Item = (u64, &'a [u8], Standing)>,
    ) -> Done<()> {
        let mut records = self.transaction.open_table(RECORDS)?;
        let mut standings = self.transaction.open_table(STANDINGS)?;
        for (id, sealed, standing) in rows {
            records.insert(id, sealed)?;
            standings.insert(id, standing.encode().as_slice())?;
        }
        Ok(())
    }

    /// Adds vectors of an encoder, which has its number with the first of them.
    pub(crate) fn add_vectors<'a>(
        &self,
        (encoder, named): &(u32, Encoder),
        rows: impl IntoIterator<Item = (u64, &'a [u8])>,
    ) -> Done<()> {
        let dimensions = named.dimensions as u32;
        let name = self.veil.as_ref().map_or_else(|| named.name.clone(), |it| it.hide(&named.name));
        self.transaction.open_table(ENCODERS)?.insert(encoder, (name.as_str(), dimensions))?;
        let mut vectors = self.transaction.open_table(VECTORS)?;
        for (id, sealed) in rows {
            vectors.insert((*encoder, id), sealed)?;
        }
        Ok(())
    }

    /// Changes what is known of records beside their content.
    pub(crate) fn set_standings(&self, rows: &[(u64, Standing)]) -> Done<()> {
        let mut standings = self.transaction.open_table(STANDINGS)?;
        for (id, standing) in rows {
            standings.insert(id, standing.encode().as_slice())?;
        }
        self.mark(rows.iter().map(|it| it.0))
    }

    /// Notes that records were changed by this commit.
    fn mark(&self, ids: impl Iterator<Item = u64>) -> Done<()> {
        let mut changed = self.transaction.open_table(CHANGED)?;
        for id in ids {
            changed.insert(id, self.commit.get())?;
        }
        Ok(())
    }

    /// Notes which record stands for which.
    pub(crate) fn add_groups(&self, rows: &[GroupRow]) -> Done<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut groups = self.transaction.open_table(GROUPS)?;
        rows.iter().try_for_each(|(id, standing, commit)| {
            groups.insert(id.0, (standing.0, *commit)).map(drop)
        })?;
        Ok(())
    }

    /// Lets records speak for themselves again.
    pub(crate) fn remove_groups(&self, ids: &[MemoryId]) -> Done<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut groups = self.transaction.open_table(GROUPS)?;
        ids.iter().try_for_each(|it| groups.remove(it.0).map(drop))?;
        Ok(())
    }

    /// Moves rows of the horizon.
    pub(crate) fn move_horizon(&self, moves: &[Move]) -> Done<()> {
        let mut horizon = self.transaction.open_table(HORIZON)?;
        for Move { id, before, after } in moves {
            if let Some(before) = before {
                horizon.remove((*before, *id))?;
            }
            if let Some(after) = after {
                horizon.insert((*after, *id), ())?;
            }
        }
        Ok(())
    }

    /// The number of the next edge from a record.
    pub(crate) fn next_edge(&self, from: u64) -> Done<u32> {
        let edges = self.transaction.open_table(EDGES)?;
        let last = edges.range((from, 0)..=(from, u32::MAX))?.next_back().transpose()?;
        Ok(last.map_or(0, |(key, _)| key.value().1 + 1))
    }

    /// Adds an edge.
    pub(crate) fn add_edge(&self, from: u64, number: u32, to: u64, sealed: &[u8]) -> Done<()> {
        self.transaction.open_table(EDGES)?.insert((from, number), (to, sealed))?;
        self.transaction.open_table(BACKWARD)?.insert((to, from, number), ())?;
        self.mark(std::iter::once(from))
    }

    /// Removes edges between records that stay: each with where it starts, its number, and where it leads.
    pub(crate) fn remove_edges(&self, all: &[(u64, u32, u64)]) -> Done<()> {
        let mut edges = self.transaction.open_table(EDGES)?;
        let mut backward = self.transaction.open_table(BACKWARD)?;
        let mut deeds = self.transaction.open_table(DEEDS)?;
        for &(from, number, to) in all {
            edges.remove((from, number))?;
            backward.remove((to, from, number))?;
            unnote(&mut deeds, from, number, to)?;
        }
        self.mark(all.iter().map(|it| it.0))
    }

    /// Removes records with everything that hangs on them.
    pub(crate) fn remove(&self, ids: &[u64]) -> Done<()> {
        let mut records = self.transaction.open_table(RECORDS)?;
        let mut standings = self.transaction.open_table(STANDINGS)?;
        let mut edges = self.transaction.open_table(EDGES)?;
        let mut backward = self.transaction.open_table(BACKWARD)?;
        let mut vectors = self.transaction.open_table(VECTORS)?;
        let mut deeds = self.transaction.open_table(DEEDS)?;
        let mut changed = self.transaction.open_table(CHANGED)?;
        let encoders = self.transaction.open_table(ENCODERS)?;
        let encoders = encoders.iter()?.map(|it| it.map(|(number, _)| number.value()));
        let encoders = encoders.collect::<Result<Vec<_>, _>>()?;
        for &id in ids {
            records.remove(id)?;
            standings.remove(id)?;
            changed.remove(id)?;
            for encoder in &encoders {
                vectors.remove((*encoder, id))?;
            }
            let from_here = edges.extract_from_if((id, 0)..=(id, u32::MAX), |_, _| true)?;
            for edge in from_here {
                let (key, row) = edge?;
                backward.remove((row.value().0, id, key.value().1))?;
            }
            let to_here = (id, 0, 0)..=(id, u64::MAX, u32::MAX);
            for edge in backward.extract_from_if(to_here, |_, ()| true)? {
                let (_, from, number) = edge?.0.value();
                edges.remove((from, number))?;
                unnote(&mut deeds, from, number, id)?;
            }
            deeds.retain_in((id, 0, 0)..=(id, u64::MAX, u32::MAX), |_, _| false)?;
        }
        Ok(())
    }

    /// Notes what it does to records. Of one to which too much was done the oldest is not known any more: of relations and of
    /// the rest, of whichever there is more. What was superseded at a time goes by relations, and pins by the hundred are not
    /// to change that.
    pub(crate) fn note(&self, touches: impl IntoIterator<Item = (u64, Touch)>) -> Done<()> {
        let mut deeds = self.transaction.open_table(DEEDS)?;
        for (id, touch) in touches {
            let all = (id, 0, 0)..=(id, u64::MAX, u32::MAX);
            if deeds.range(all.clone())?.count() >= TOUCHES_MAX {
                let (mut relations, mut others) = (Vec::new(), Vec::new());
                for row in deeds.range(all)? {
                    let (key, row) = row?;
                    let touch = Touch::decode(row.value());
                    let is_relation = matches!(touch, Some(Touch::Related { .. }));
                    if is_relation { &mut relations } else { &mut others }.push(key.value());
                }
                let most = if relations.len() > others.len() { relations } else { others };
                if let Some(oldest) = most.first() {
                    deeds.remove(*oldest)?;
                }
            }
            let number = self.noted.replace(self.noted.get() + 1);
            deeds.insert((id, self.commit.get(), number), touch.encode())?;
        }
        Ok(())
    }

    /// Notes what was done under an idempotency key.
    pub(crate) fn set_done(&self, key: &Digest, first: u64, count: u64) -> Done<()> {
        let key = veiled(self.veil.as_ref(), key);
        self.transaction.open_table(DONE)?.insert(&key.0, (first, count))?;
        Ok(())
    }

    /// Ends a commit with its line of the audit: what follows is of the next one.
    pub(crate) fn end(&self, act: Act) -> Done<()> {
        let row = (act.at.as_micros(), act.deed.code(), act.first, act.count);
        let commit = self.commit.replace(self.commit.get() + 1);
        self.transaction.open_table(AUDIT)?.insert(commit, row)?;
        Ok(())
    }

    /// Makes everything durable, with the counters.
    fn commit(self, counters: Counters) -> Done<()> {
        {
            let mut meta = self.transaction.open_table(META)?;
            meta.insert(META_FORMAT, FORMAT)?;
            meta.insert(META_NEXT, counters.next)?;
            meta.insert(META_COMMIT, counters.commit)?;
            meta.insert(META_CYCLE, counters.cycle)?;
            meta.insert(META_HORIZON, counters.commit)?;
            let before = meta.insert(META_CHANGED, counters.commit)?.map(|it| it.value());
            if before.is_none_or(|it| it + 1 != self.first) {
                // What commits before these changed was not noted, or not all of it.
                meta.insert(META_CHANGED_SINCE, self.first - 1)?;
            }
            meta.insert(META_DEEDS, counters.commit)?;
        }
        Ok(self.transaction.commit()?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use voyager_base::sim::SimDisk;

    use super::*;

    fn commit(tables: &Tables, commit: u64, write: impl FnOnce(&Change) -> Done<()>) -> Counters {
        let act = Act { at: Timestamp::default(), deed: Deed::Related, first: 0, count: 1 };
        let counters = Counters { next: 9, commit, cycle: 0 };
        tables.change(counters, |it| write(it).and_then(|()| it.end(act))).unwrap();
        counters
    }

    fn opened() -> Tables {
        let opening = Opening { cache_bytes: 1 << 20, check_bytes_max: 0 };
        Tables::open(&SimDisk::new(1), opening).unwrap().0
    }

    #[test]
    fn a_database_of_something_else_is_refused_and_gets_no_tables() {
        let opening = Opening { cache_bytes: 1 << 20, check_bytes_max: 1 << 20 };
        let disk = SimDisk::new(1);
        let others: TableDefinition<'_, u64, u64> = TableDefinition::new("others");
        let foreign = database::open(&disk, FILE, opening).unwrap();
        let transaction = foreign.begin_write().unwrap();
        transaction.open_table(others).unwrap().insert(1, 2).unwrap();
        transaction.commit().unwrap();
        database::close(foreign);
        let refused = Tables::open(&disk, opening).map(drop).unwrap_err();
        let reason = "it is a database that holds no memory".to_owned();
        assert_eq!(refused, OpenError::Damaged { what: FILE, reason });
        let foreign = database::open(&disk, FILE, opening).unwrap();
        let reading = foreign.begin_read().unwrap();
        let tables = reading.list_tables().unwrap();
        let names: Vec<String> = tables.map(|it| redb::TableHandle::name(&it).to_owned()).collect();
        assert_eq!(names, ["others"]);
    }

    #[test]
    fn a_database_without_tables_is_filled_only_where_there_are_no_keys() {
        let opening = Opening { cache_bytes: 1 << 20, check_bytes_max: 1 << 20 };
        for has_keys in [false, true] {
            let disk = SimDisk::new(1);
            database::close(database::open(&disk, FILE, opening).unwrap());
            if has_keys {
                drop(keys::Keys::open(&disk, 0, None).unwrap());
            }
            assert_eq!(Tables::open(&disk, opening).is_err(), has_keys);
        }
    }

    #[test]
    fn a_record_comes_without_its_standing_where_that_can_not_be_read() {
        let tables = opened();
        let standing =
            Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
        let rows = [1, 3, 4, 6, 7].map(|id| (id, [id as u8], standing));
        commit(&tables, 1, |change| {
            change.add_records(rows.iter().map(|it| (it.0, it.1.as_slice(), it.2)))?;
            // One without a record is passed over.
            change.set_standings(&[(2, standing), (5, standing), (9, standing)])
        });
        let transaction = tables.database().begin_write().unwrap();
        {
            let mut standings = transaction.open_table(STANDINGS).unwrap();
            standings.remove(3).unwrap();
            standings.insert(6, [0xff; 17].as_slice()).unwrap();
            standings.insert(7, [7; 3].as_slice()).unwrap();
        }
        transaction.commit().unwrap();
        let mut found = Vec::new();
        let see = |id, _: &[u8], standing: Option<Standing>| {
            found.push((id, standing.is_some()));
            Ok(())
        };
        tables.each_record(1, see).unwrap();
        assert_eq!(found, [(1, true), (3, false), (4, true), (6, false), (7, false)]);
        let standings = tables.standings(&[1, 3, 6]).unwrap();
        assert_eq!(standings, [Some(standing), None, None]);
    }

    fn told(tables: &Tables) -> Vec<(u64, u64, Touch)> {
        tables.deeds(None).unwrap().iter().map(|it| (it.id.0, it.commit, it.touch)).collect()
    }

    #[test]
    fn what_is_done_by_the_hundred_leaves_what_was_related() {
        let tables = opened();
        let related = Touch::Related { to: MemoryId(2), number: 0 };
        commit(&tables, 1, |change| {
            change.note([(1, related)])?;
            change.note((0..2 * TOUCHES_MAX).map(|_| (1, Touch::Pinned)))
        });
        let rows = told(&tables);
        assert_eq!((rows.len(), rows[0].2), (TOUCHES_MAX, related));
        // Nor do relations by the hundred take all of the rest.
        commit(&tables, 2, |change| {
            change.note(
                (1..2 * TOUCHES_MAX as u32)
                    .map(|number| (1, Touch::Related { to: MemoryId(2), number })),
            )
        });
        let rest = told(&tables).iter().filter(|it| it.2 == Touch::Pinned).count();
        assert!((TOUCHES_MAX / 2 - 1..=TOUCHES_MAX / 2 + 1).contains(&rest), "{rest}");
    }

    /// An older program leaves behind up to where deeds were noted, and rows of what it forgot.
    #[test]
    fn what_an_older_program_did_is_not_known_and_what_it_forgot_leaves_no_row() {
        let tables = opened();
        let related = |to| Touch::Related { to: MemoryId(to), number: 0 };
        let archived = Touch::Archived { cycle: Some(7) };
        assert_eq!(tables.deeds_from(Counters::default()).unwrap(), (1, true));
        let counters = commit(&tables, 1, |change| {
            change.note([(1, related(2)), (2, Touch::Pinned), (2, related(3))])?;
            change.note([(3, archived), (3, related(4))])
        });
        assert_eq!(tables.deeds_from(counters).unwrap(), (1, true));
        let later = Counters { commit: 2, ..counters };
        assert_eq!(tables.deeds_from(later).unwrap(), (3, false));
        tables.begin_deeds(3, |it| it.0 != 2).unwrap();
        assert_eq!(told(&tables), [(3, 1, archived), (3, 1, related(4))]);
        assert_eq!(tables.deeds_from(commit(&tables, 3, |_| Ok(()))).unwrap(), (3, true));
    }

    #[test]
    fn what_is_removed_takes_its_rows_along_and_those_that_name_it() {
        let tables = opened();
        let related = |to, number| Touch::Related { to: MemoryId(to), number };
        commit(&tables, 1, |change| {
            for (from, number, to) in [(1, 0, 2), (1, 1, 3), (2, 0, 1)] {
                change.add_edge(from, number, to, &[])?;
                change.note([(from, related(to, number))])?;
            }
            change.note([(2, Touch::Pinned), (1, Touch::Encoded)])
        });
        commit(&tables, 2, |change| {
            change.remove(&[2])?;
            change.note([(2, Touch::Forgotten { count: 1 })])
        });
        let left = [(1, 1, related(3, 1)), (1, 1, Touch::Encoded)];
        let forgotten = (2, 2, Touch::Forgotten { count: 1 });
        assert_eq!(told(&tables), [left[0], left[1], forgotten]);
    }

    /// Commits what `write` does, as the next commit.
    fn next(tables: &Tables, counters: &mut Counters, write: impl FnOnce(&Change) -> Done<()>) {
        counters.commit += 1;
        let act = Act { at: Timestamp::default(), deed: Deed::Arranged, first: 0, count: 1 };
        tables.change(*counters, |it| write(it).and_then(|()| it.end(act))).unwrap();
    }

    /// Commits something as a program does that notes no changes.
    fn commit_as_before(tables: &Tables, counters: &mut Counters) {
        counters.commit += 1;
        let transaction = tables.database().begin_write().unwrap();
        transaction.open_table(META).unwrap().insert(META_COMMIT, counters.commit).unwrap();
        transaction.commit().unwrap();
    }

    #[test]
    fn what_changed_is_known_as_long_as_all_programs_note_it() {
        let opening = Opening { cache_bytes: 1 << 20, check_bytes_max: 0 };
        let (tables, mut counters) = Tables::open(&SimDisk::new(1), opening).unwrap();
        let standing =
            Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
        let used = |it: &Change, id| it.set_standings(&[(id, standing)]);
        let since = |commit, counters| tables.changed_since(commit, counters).unwrap();
        next(&tables, &mut counters, |it| used(it, 7));
        next(&tables, &mut counters, |it| used(it, 9));
        next(&tables, &mut counters, |it| it.add_edge(5, 0, 6, b"sealed"));
        assert_eq!(since(0, counters), Some(vec![5, 7, 9]));
        assert_eq!(since(1, counters), Some(vec![5, 9]));
        assert_eq!(since(3, counters), Some(vec![]));
        tables.settle_changes(2).unwrap();
        assert_eq!(since(2, counters), Some(vec![5]));
        next(&tables, &mut counters, |it| it.remove(&[5]));
        assert_eq!(since(2, counters), Some(vec![]));
        commit_as_before(&tables, &mut counters);
        assert_eq!(since(4, counters), None, "it changed nobody knows what");
        assert_eq!(since(5, counters), Some(vec![]), "nothing came after it");
        next(&tables, &mut counters, |it| used(it, 3));
        assert_eq!(since(4, counters), None, "also where others came after it");
        assert_eq!(since(5, counters), Some(vec![3]));
        // Two at once, and one behind them.
        counters.commit += 1;
        let act = Act { at: Timestamp::default(), deed: Deed::Arranged, first: 0, count: 1 };
        let two = |it: &Change| {
            used(it, 2)?;
            it.end(act)?;
            it.end(act)
        };
        counters = tables.change(counters, two).unwrap();
        assert_eq!(counters.commit, 8);
        assert_eq!(since(6, counters), Some(vec![2]));
        next(&tables, &mut counters, |it| used(it, 1));
        assert_eq!(since(5, counters), Some(vec![1, 2, 3]));
    }
}
