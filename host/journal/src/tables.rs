//! The redb file: its tables, and when it counts as whole.
//!
//! A commit of many runs would touch as many places of the table of records, a page each. So a commit
//! only adds pieces to the end of a log, and every few thousand batches they are moved to their places
//! together, within a commit like any other. What the log holds is also in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, RangeInclusive},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use redb::{
    Database, ReadableDatabase, ReadableTable, StorageError, TableDefinition, TableError,
    WriteTransaction,
};
use voyager_base::{Digest, RunId, chain::Head, disk::Disk, record::ReadError};
use voyager_disk::database::{self, Broken, CONTRADICTION, was_never_made};

use crate::{
    error::{OpenError, cannot_open, cannot_read},
    group::{Group, Piece, Pieces, Records, is_packed},
    packs::{Place, Synced},
    row::{
        Change, RecordsKey, Standing, Sum, damaged, decode_piece, decode_records, encode_piece,
        first_of, records_key, run_of,
    },
    segment::Segment,
    store::{LABEL, Options},
};

/// Name of the redb file.
pub(crate) const FILE: &str = "journal.redb";

/// The newest format of the store. The first had no segments.
const FORMAT: u32 = 2;

/// A piece of the log fills a leaf of eight pages, as far as it consists of small rows.
const PIECE_BYTES: usize = 32_000;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const RUNS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("runs");
const RECORDS: TableDefinition<'_, &RecordsKey, &[u8]> = TableDefinition::new("records");
const SEGMENTS: TableDefinition<'_, &RecordsKey, (&[u8; 32], u64, u64)> =
    TableDefinition::new("segments");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const CHECKPOINTS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("checkpoints");
const BLOBS: TableDefinition<'_, &[u8; 32], (u32, u64, u64)> = TableDefinition::new("blobs");
const PACKS: TableDefinition<'_, u32, u64> = TableDefinition::new("packs");

/// Key of [`META`]: the format.
const META_FORMAT: &str = "format";
/// Key of [`META`]: the sum over the standing of all runs.
const META_SUM: &str = "sum";

/// The open redb file. Whoever shrinks it has it alone.
pub(crate) struct Tables(RwLock<Option<Database>>);

/// The file, in use.
struct Using<'a>(RwLockReadGuard<'a, Option<Database>>);

impl Deref for Using<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.0.as_ref().expect("it is taken only by drop")
    }
}

/// What is kept in memory.
#[derive(Default)]
pub(crate) struct Loaded {
    /// The format that the file has.
    format: u32,
    /// Where all runs stand.
    pub(crate) standings: BTreeMap<RunId, Standing>,
    /// The sum over them.
    pub(crate) sum: Sum,
    /// What the log holds.
    pub(crate) log: Log,
    /// Up to where each pack is indexed.
    pub(crate) marks: BTreeMap<u32, u64>,
}

impl Drop for Tables {
    fn drop(&mut self) {
        if let Some(it) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            database::close(it);
        }
    }
}

/// What the log holds: changes that have not been moved to their places yet.
#[derive(Default)]
pub(crate) struct Log {
    /// The batches of records.
    pub(crate) records: Records,
    /// The runs that changed.
    pub(crate) runs: BTreeSet<RunId>,
    /// The number of its pieces.
    pub(crate) pieces: u64,
}

/// Where a commit puts its records.
pub(crate) enum Target<'a> {
    /// Behind the log, which has this many pieces.
    Log(u64),
    /// With everything that the log holds, to their places; these runs stand elsewhere then.
    Places(&'a Records, Vec<(RunId, Standing)>),
}

impl Tables {
    /// Opens the file. Nothing is loaded where the store is new: then [`Tables::make`] comes next.
    pub(crate) fn open(
        disk: &dyn Disk,
        options: &Options,
    ) -> Result<(Self, Option<Loaded>), OpenError> {
        let label = read_label(disk)?;
        let labelled = label.is_some();
        let file = disk.open(FILE).map_err(cannot_open)?;
        if was_never_made(&*file).map_err(cannot_open)? {
            if labelled {
                return Err(refused("it is empty or missing"));
            }
            file.set_len(0).map_err(cannot_open)?;
        }
        drop(file);
        let tables = Self::of(database::open(disk, FILE, options.opening())?);
        let loaded = guarded(|| tables.load())?;
        match &loaded {
            None if labelled => return Err(refused("its tables are missing")),
            None => {}
            Some(loaded) => {
                if loaded.format < FORMAT {
                    tables.upgrade().map_err(cannot_open)?;
                }
                if label != Some(FORMAT) {
                    write_label(disk).map_err(cannot_open)?;
                }
            }
        }
        Ok((tables, loaded))
    }

    fn of(database: Database) -> Self {
        Self(RwLock::new(Some(database)))
    }

    fn database(&self) -> Using<'_> {
        Using(self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Brings a file of an earlier format to the newest. Nothing that it holds changes.
    fn upgrade(&self) -> Result<(), redb::Error> {
        let database = self.database();
        let transaction = database.begin_write()?;
        transaction.open_table(META)?.insert(META_FORMAT, FORMAT.to_le_bytes().as_slice())?;
        transaction.open_table(SEGMENTS)?;
        Ok(transaction.commit()?)
    }

    /// Makes the tables of a new store, with the content that is there already.
    pub(crate) fn make(&self, disk: &dyn Disk, content: &Synced) -> Result<Loaded, OpenError> {
        let make = || -> Result<(), redb::Error> {
            let database = self.database();
            let transaction = database.begin_write()?;
            index(&transaction, content)?;
            {
                let mut meta = transaction.open_table(META)?;
                meta.insert(META_FORMAT, FORMAT.to_le_bytes().as_slice())?;
                meta.insert(META_SUM, Sum::default().bytes())?;
                transaction.open_table(RUNS)?;
                transaction.open_table(RECORDS)?;
                transaction.open_table(SEGMENTS)?;
                transaction.open_table(LOG)?;
                transaction.open_table(CHECKPOINTS)?;
                transaction.open_table(BLOBS)?;
                transaction.open_table(PACKS)?;
            }
            Ok(transaction.commit()?)
        };
        make().map_err(cannot_open)?;
        write_label(disk).map_err(cannot_open)?;
        Ok(Loaded::default())
    }

    /// Reads what is kept in memory; none where the tables were never made.
    fn load(&self) -> Result<Option<Loaded>, OpenError> {
        let database = self.database();
        let transaction = database.begin_read().map_err(broken)?;
        let meta = match transaction.open_table(META) {
            Ok(meta) => meta,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(broken(error)),
        };
        let format = meta.get(META_FORMAT).map_err(broken)?;
        let format = format.and_then(|it| it.value().try_into().ok()).map(u32::from_le_bytes);
        let format = match format {
            Some(known @ 1..=FORMAT) => known,
            Some(found) if found > FORMAT => return Err(OpenError::Newer { found, known: FORMAT }),
            Some(_) | None => return Err(refused("its format is missing")),
        };
        let mut standings = BTreeMap::new();
        for row in transaction.open_table(RUNS).map_err(broken)?.iter().map_err(broken)? {
            let (key, row) = row.map_err(broken)?;
            let run = RunId(*key.value());
            let standing = Standing::decode(run, row.value()).map_err(refused)?;
            standings.insert(run, standing);
        }
        let mut log = Log::default();
        for piece in transaction.open_table(LOG).map_err(broken)?.iter().map_err(broken)? {
            let (_, piece) = piece.map_err(broken)?;
            log.add(piece.value(), &mut standings).map_err(refused)?;
        }
        let mut sum = Sum::default();
        standings.iter().for_each(|(run, standing)| sum.toggle(*run, standing));
        let kept = meta.get(META_SUM).map_err(broken)?;
        if kept.is_none_or(|it| it.value() != sum.bytes()) {
            return Err(refused("the heads of the runs do not have their sum"));
        }
        let mut marks = BTreeMap::new();
        for row in transaction.open_table(PACKS).map_err(broken)?.iter().map_err(broken)? {
            let (pack, mark) = row.map_err(broken)?;
            marks.insert(pack.value(), mark.value());
        }
        Ok(Some(Loaded { format, standings, sum, log, marks }))
    }

    /// Makes a group durable, with one sync. Gives back how many pieces the log has then.
    pub(crate) fn commit(
        &self,
        group: &Group,
        target: &Target<'_>,
        synced: &Synced,
        sum: &Sum,
    ) -> Result<u64, redb::Error> {
        catch_unwind(AssertUnwindSafe(|| self.write(group, target, synced, sum)))
            .unwrap_or_else(|_| Err(redb::Error::Corrupted(CONTRADICTION.to_owned())))
    }

    fn write(
        &self,
        group: &Group,
        target: &Target<'_>,
        synced: &Synced,
        sum: &Sum,
    ) -> Result<u64, redb::Error> {
        let database = self.database();
        let transaction = database.begin_write()?;
        transaction.open_table(META)?.insert(META_SUM, sum.bytes())?;
        let pieces = match target {
            Target::Log(pieces) => add_to_log(&transaction, group, *pieces)?,
            Target::Places(log, standings) => {
                move_to_places(&transaction, group, log, standings)?;
                0
            }
        };
        if !group.checkpoints.is_empty() {
            let mut checkpoints = transaction.open_table(CHECKPOINTS)?;
            for (run, row) in &group.checkpoints {
                checkpoints.insert(&run.0, &**row)?;
            }
        }
        if !synced.is_empty() {
            index(&transaction, synced)?;
        }
        transaction.commit()?;
        Ok(pieces)
    }

    /// Keeps which pages are free with a commit of its own, so that nobody has to walk the file for that
    /// if the process ends without closing it. The next commit makes it void.
    pub(crate) fn settle(&self) -> Result<(), redb::Error> {
        let settle = || {
            let database = self.database();
            let mut transaction = database.begin_write()?;
            transaction.set_quick_repair(true);
            Ok(transaction.commit()?)
        };
        catch_unwind(AssertUnwindSafe(settle))
            .unwrap_or_else(|_| Err(redb::Error::Corrupted(CONTRADICTION.to_owned())))
    }

    /// Adds what is kept of `run` to `pieces`: from what holds record `from` on, until it holds at least
    /// `bytes_max` bytes of records.
    pub(crate) fn records(
        &self,
        run: RunId,
        from: u64,
        bytes_max: usize,
        pieces: &mut Pieces,
    ) -> Result<(), ReadError> {
        unpanicked(|| {
            let database = self.database();
            let transaction = database.begin_read().map_err(cannot_read)?;
            let mut part = Part { from, next: from, bytes: 0, bytes_max: bytes_max as u64, pieces };
            let segments = transaction.open_table(SEGMENTS).map_err(cannot_read)?;
            part.take_segments(run, &segments)?;
            let records = transaction.open_table(RECORDS).map_err(cannot_read)?;
            part.take_rows(run, &records)
        })
    }

    /// How many of the first records of `run` are in segments.
    pub(crate) fn packed(&self, run: RunId) -> Result<u64, ReadError> {
        unpanicked(|| {
            let database = self.database();
            let transaction = database.begin_read().map_err(cannot_read)?;
            let table = transaction.open_table(SEGMENTS).map_err(cannot_read)?;
            let all = all_of(run);
            let last = table.range::<&RecordsKey>(as_range(&all)).map_err(unreadable)?.next_back();
            let Some(last) = last.transpose().map_err(unreadable)? else { return Ok(0) };
            Ok(read_segment(last.1.value()).end(first_of(last.0.value())))
        })
    }

    /// Gives every segment of all runs but some.
    pub(crate) fn each_segment(
        &self,
        without: &BTreeSet<RunId>,
        take: &mut dyn FnMut(RunId, u64, Segment) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        unpanicked(|| {
            let database = self.database();
            let transaction = database.begin_read().map_err(cannot_read)?;
            let table = transaction.open_table(SEGMENTS).map_err(cannot_read)?;
            for row in table.iter().map_err(unreadable)? {
                let (key, segment) = row.map_err(unreadable)?;
                let run = run_of(key.value());
                if !without.contains(&run) {
                    take(run, first_of(key.value()), read_segment(segment.value()))?;
                }
            }
            Ok(())
        })
    }

    /// Gives the room back that the file does not need any more. Nobody else reads or writes meanwhile.
    pub(crate) fn shrink(&self) -> Result<(), redb::Error> {
        let mut database = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_mut().expect("it is taken only by drop");
        let shrink = AssertUnwindSafe(|| Ok(database.compact().map(drop)?));
        catch_unwind(shrink)
            .unwrap_or_else(|_| Err(redb::Error::Corrupted(CONTRADICTION.to_owned())))
    }

    /// Bytes of the rows of some runs that are at their places.
    pub(crate) fn bytes_of(&self, runs: &BTreeSet<RunId>) -> Result<u64, ReadError> {
        unpanicked(|| {
            let database = self.database();
            let table = database.begin_read().map_err(cannot_read)?;
            let table = table.open_table(RECORDS).map_err(cannot_read)?;
            let mut bytes = 0;
            for run in runs {
                let all = all_of(*run);
                for row in table.range::<&RecordsKey>(as_range(&all)).map_err(unreadable)? {
                    let (_, row) = row.map_err(unreadable)?;
                    bytes += row.value().len() as u64;
                }
            }
            Ok(bytes)
        })
    }

    /// Gives every row of records, and every checkpoint, of all runs but some.
    pub(crate) fn each_row(
        &self,
        without: &BTreeSet<RunId>,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ReadError> {
        unpanicked(|| {
            let database = self.database();
            let transaction = database.begin_read().map_err(cannot_read)?;
            let records = transaction.open_table(RECORDS).map_err(cannot_read)?;
            for row in records.iter().map_err(unreadable)? {
                let (key, row) = row.map_err(unreadable)?;
                if !without.contains(&run_of(key.value())) {
                    take(row.value());
                }
            }
            let checkpoints = transaction.open_table(CHECKPOINTS).map_err(cannot_read)?;
            for row in checkpoints.iter().map_err(unreadable)? {
                let (run, row) = row.map_err(unreadable)?;
                if !without.contains(&RunId(*run.value())) {
                    take(row.value());
                }
            }
            Ok(())
        })
    }

    /// Where all content lies that is in the index.
    pub(crate) fn blobs(&self) -> Result<BTreeMap<Digest, Place>, ReadError> {
        unpanicked(|| {
            let database = self.database();
            let table = database.begin_read().map_err(cannot_read)?;
            let table = table.open_table(BLOBS).map_err(cannot_read)?;
            let mut blobs = BTreeMap::new();
            for row in table.iter().map_err(unreadable)? {
                let (digest, place) = row.map_err(unreadable)?;
                let (pack, offset, length) = place.value();
                blobs.insert(Digest(*digest.value()), Place { pack, offset, length });
            }
            Ok(blobs)
        })
    }

    /// Says in one step where content lies now that was moved, that some is gone, and some packs with it.
    pub(crate) fn reindex(
        &self,
        moved: &Synced,
        dead: &[Digest],
        packs: &[u32],
    ) -> Result<(), redb::Error> {
        let write = || {
            let database = self.database();
            let transaction = database.begin_write()?;
            {
                let mut blobs = transaction.open_table(BLOBS)?;
                for digest in dead {
                    blobs.remove(&digest.0)?;
                }
                let mut marks = transaction.open_table(PACKS)?;
                for pack in packs {
                    marks.remove(pack)?;
                }
            }
            index(&transaction, moved)?;
            transaction.commit()?;
            Ok(())
        };
        catch_unwind(AssertUnwindSafe(write))
            .unwrap_or_else(|_| Err(redb::Error::Corrupted(CONTRADICTION.to_owned())))
    }

    /// The row of the checkpoint of `run`.
    pub(crate) fn checkpoint(&self, run: RunId) -> Result<Option<Vec<u8>>, ReadError> {
        unpanicked(|| {
            let database = self.database();
            let table = database.begin_read().map_err(cannot_read)?;
            let table = table.open_table(CHECKPOINTS).map_err(cannot_read)?;
            let row = table.get(&run.0).map_err(unreadable)?;
            Ok(row.map(|it| it.value().to_vec()))
        })
    }

    /// Where a blob lies.
    pub(crate) fn blob(&self, digest: Digest) -> Result<Option<Place>, ReadError> {
        unpanicked(|| {
            let database = self.database();
            let table = database.begin_read().map_err(cannot_read)?;
            let table = table.open_table(BLOBS).map_err(cannot_read)?;
            let row = table.get(&digest.0).map_err(unreadable)?;
            Ok(row.map(|it| it.value()).map(|(pack, offset, length)| Place {
                pack,
                offset,
                length,
            }))
        })
    }
}

/// What a reader wants of a run, and has so far.
struct Part<'a> {
    from: u64,
    /// The record that comes next.
    next: u64,
    bytes: u64,
    bytes_max: u64,
    pieces: &'a mut Pieces,
}

impl Part<'_> {
    /// Takes one piece, and says whether there is room for more. Of that with the first wanted record perhaps
    /// only the end is wanted.
    fn take(&mut self, first: u64, bytes: u64, piece: impl FnOnce() -> Piece) -> bool {
        self.pieces.entry(first).or_insert_with(piece);
        self.bytes += if first <= self.from { 0 } else { bytes };
        self.bytes <= self.bytes_max
    }

    fn take_segments(
        &mut self,
        run: RunId,
        table: &impl ReadableTable<&'static RecordsKey, (&'static [u8; 32], u64, u64)>,
    ) -> Result<(), ReadError> {
        let (first, from) = (records_key(run, 0), records_key(run, self.from));
        let before = table.range::<&RecordsKey>(&first..=&from).map_err(unreadable)?.next_back();
        let Some(before) = before.transpose().map_err(unreadable)? else { return Ok(()) };
        let begin = first_of(before.0.value());
        if read_segment(before.1.value()).end(begin) <= self.from {
            return Ok(());
        }
        let (begin, last) = (records_key(run, begin), records_key(run, u64::MAX));
        for row in table.range::<&RecordsKey>(&begin..=&last).map_err(unreadable)? {
            let (key, segment) = row.map_err(unreadable)?;
            let (first, segment) = (first_of(key.value()), read_segment(segment.value()));
            self.next = segment.end(first);
            if !self.take(first, segment.bytes, || Piece::Segment(segment)) {
                break;
            }
        }
        Ok(())
    }

    fn take_rows(
        &mut self,
        run: RunId,
        table: &impl ReadableTable<&'static RecordsKey, &'static [u8]>,
    ) -> Result<(), ReadError> {
        if self.bytes > self.bytes_max {
            return Ok(());
        }
        let (first, next) = (records_key(run, 0), records_key(run, self.next));
        let before = table.range::<&RecordsKey>(&first..=&next).map_err(unreadable)?.next_back();
        let Some(before) = before.transpose().map_err(unreadable)? else { return Ok(()) };
        let (begin, last) = (before.0.value(), records_key(run, u64::MAX));
        for row in table.range::<&RecordsKey>(begin..=&last).map_err(unreadable)? {
            let (key, row) = row.map_err(unreadable)?;
            let (first, row) = (first_of(key.value()), row.value());
            if !self.take(first, row.len() as u64, || Piece::Row(row.into())) {
                break;
            }
        }
        Ok(())
    }
}

/// The keys of all that is kept of a run.
fn all_of(run: RunId) -> RangeInclusive<RecordsKey> {
    records_key(run, 0)..=records_key(run, u64::MAX)
}

fn as_range(keys: &RangeInclusive<RecordsKey>) -> RangeInclusive<&RecordsKey> {
    keys.start()..=keys.end()
}

fn read_segment((digest, records, bytes): (&[u8; 32], u64, u64)) -> Segment {
    Segment { digest: Digest(*digest), records, bytes }
}

impl Log {
    /// Adds a piece to what is in memory.
    fn add(
        &mut self,
        piece: &[u8],
        standings: &mut BTreeMap<RunId, Standing>,
    ) -> Result<(), ReadError> {
        self.pieces += 1;
        for Change { run, epoch, first, row } in decode_piece(piece)? {
            self.runs.insert(run);
            let standing = standings.entry(run).or_insert(Standing { epoch, head: Head::START });
            standing.epoch = epoch;
            if !row.is_empty() {
                let records = decode_records(run, first, &row)?;
                if records.before != standing.head {
                    return Err(damaged(
                        format!("record {first} of run {run}"),
                        "a gap in the log",
                    ));
                }
                standing.head = records.after;
                self.records.insert(records_key(run, first), row.into_vec().into());
            }
        }
        Ok(())
    }
}

fn add_to_log(
    transaction: &WriteTransaction,
    group: &Group,
    mut pieces: u64,
) -> Result<u64, redb::Error> {
    let mut log = transaction.open_table(LOG)?;
    let (mut piece, mut bytes) = (Vec::new(), 0);
    let mut changes = group.changes().peekable();
    while let Some(change) = changes.next() {
        /// What a change takes beside its row.
        const FRAME_BYTES: usize = 60;
        bytes += change.row.len() + FRAME_BYTES;
        piece.push(change);
        let next = changes.peek().map_or(PIECE_BYTES, |it| it.row.len() + FRAME_BYTES);
        if bytes + next > PIECE_BYTES {
            log.insert(pieces, encode_piece(&piece).as_slice())?;
            pieces += 1;
            piece.clear();
            bytes = 0;
        }
    }
    Ok(pieces)
}

fn move_to_places(
    transaction: &WriteTransaction,
    group: &Group,
    log: &Records,
    standings: &[(RunId, Standing)],
) -> Result<(), redb::Error> {
    let mut records = transaction.open_table(RECORDS)?;
    let mut segments = transaction.open_table(SEGMENTS)?;
    let mut runs = transaction.open_table(RUNS)?;
    for run in &group.forgotten {
        let all = all_of(*run);
        records.retain_in::<&RecordsKey, _>(as_range(&all), |_, _| false)?;
        segments.retain_in::<&RecordsKey, _>(as_range(&all), |_, _| false)?;
        runs.remove(&run.0)?;
        transaction.open_table(CHECKPOINTS)?.remove(&run.0)?;
    }
    for (begin, segment) in &group.segments {
        let end = records_key(run_of(begin), segment.end(first_of(begin)));
        records.retain_in::<&RecordsKey, _>(begin..&end, |_, _| false)?;
        segments.insert(begin, (&segment.digest.0, segment.records, segment.bytes))?;
    }
    let kept = log.iter().filter(|(key, _)| !group.forgotten.contains(&run_of(key)));
    for (key, row) in kept.chain(&group.records) {
        if !is_packed(&group.segments, key) {
            records.insert(key, &**row)?;
        }
    }
    for (run, standing) in standings {
        runs.insert(&run.0, standing.encode().as_slice())?;
    }
    transaction.delete_table(LOG)?;
    transaction.open_table(LOG)?;
    Ok(())
}

/// Writes the places of content.
fn index(transaction: &WriteTransaction, content: &Synced) -> Result<(), redb::Error> {
    let mut blobs = transaction.open_table(BLOBS)?;
    for (digest, place) in &content.blobs {
        blobs.insert(&digest.0, (place.pack, place.offset, place.length))?;
    }
    let mut packs = transaction.open_table(PACKS)?;
    for (pack, mark) in &content.marks {
        packs.insert(pack, mark)?;
    }
    Ok(())
}

/// The format that the label says, where the store was made completely once: then a missing file is a loss,
/// not a beginning.
fn read_label(disk: &dyn Disk) -> Result<Option<u32>, OpenError> {
    if !disk.list().map_err(cannot_open)?.iter().any(|it| it == LABEL) {
        return Ok(None);
    }
    let file = disk.open(LABEL).map_err(cannot_open)?;
    let length = file.len().map_err(cannot_open)?;
    if length == 0 {
        return Ok(None);
    }
    let mut text = vec![0; length.min(64) as usize];
    file.read_at(0, &mut text).map_err(cannot_open)?;
    let number = || str::from_utf8(&text).ok()?.strip_prefix(LABEL_TEXT)?.trim_end().parse().ok();
    match number() {
        Some(found) if found > FORMAT => Err(OpenError::Newer { found, known: FORMAT }),
        Some(found) if 0 < found && text == label(found).as_bytes() => Ok(Some(found)),
        Some(_) | None => {
            let reason = format!("it does not say `{}`", label(FORMAT).trim_end());
            Err(OpenError::Damaged { what: LABEL, reason })
        }
    }
}

const LABEL_TEXT: &str = "voyager journal, format ";

fn label(format: u32) -> String {
    format!("{LABEL_TEXT}{format}\n")
}

/// The label comes to be only after the file that it stands for.
fn write_label(disk: &dyn Disk) -> std::io::Result<()> {
    disk.sync_folder()?;
    let file = disk.open(LABEL)?;
    file.write_at(0, label(FORMAT).as_bytes())?;
    file.sync()?;
    disk.sync_folder()
}

fn refused(reason: impl ToString) -> OpenError {
    OpenError::Damaged { what: FILE, reason: reason.to_string() }
}

fn broken(error: impl Into<redb::Error>) -> OpenError {
    Broken::from(error.into()).into()
}

fn unreadable(error: StorageError) -> ReadError {
    match error {
        StorageError::Corrupted(reason) => damaged(FILE, reason),
        error => cannot_read(error),
    }
}

/// redb asserts what it reads: a damaged page may end in a panic, which must not end the host.
fn guarded<T>(act: impl FnOnce() -> Result<T, OpenError>) -> Result<T, OpenError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err(refused(CONTRADICTION)))
}

/// As [`guarded`], for an open store.
fn unpanicked<T>(act: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err(damaged(FILE, CONTRADICTION)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use voyager_base::sim::{CrashModel, SimDisk};
    use voyager_disk::Backend;

    use super::*;

    fn database(disk: &SimDisk) -> (Database, bool) {
        let file = disk.open(FILE).unwrap();
        disk.sync_folder().unwrap();
        database::open_backend(Backend(file), Options::default().opening()).unwrap()
    }

    fn put(tables: &Tables, key: u64) -> Result<(), redb::Error> {
        let database = tables.database();
        let transaction = database.begin_write()?;
        transaction.open_table(LOG)?.insert(key, [1; 9_000].as_slice())?;
        Ok(transaction.commit()?)
    }

    fn rows(database: &Database) -> usize {
        let table = database.begin_read().unwrap().open_table(LOG).unwrap();
        table.iter().unwrap().count()
    }

    /// What a crash leaves after `work`: whether redb walks the file, and how many rows are there.
    fn after_crash(work: &dyn Fn(&Tables)) -> (bool, usize) {
        let disk = SimDisk::new(1);
        let tables = Tables::of(database(&disk).0);
        work(&tables);
        // As in a crash: nothing is closed in order.
        disk.crash_at(disk.calls() + 1);
        let (database, repaired) = database(&disk.after_crash(CrashModel::Lost, 1));
        (repaired, rows(&database))
    }

    #[test]
    fn nobody_walks_a_file_that_settled() {
        let settled = after_crash(&|tables| {
            put(tables, 1).unwrap();
            tables.settle().unwrap();
        });
        assert_eq!(settled, (false, 1));
        let written = after_crash(&|tables| {
            put(tables, 1).unwrap();
            tables.settle().unwrap();
            put(tables, 2).unwrap();
        });
        assert_eq!(written, (true, 2), "the next commit makes it void");
    }

    #[test]
    fn a_crash_while_it_settles_loses_nothing() {
        let calls = |at: u64| {
            let disk = SimDisk::new(2);
            let tables = Tables::of(database(&disk).0);
            (0..20).for_each(|key| put(&tables, key).unwrap());
            let before = disk.calls();
            disk.crash_at(before + at);
            let _ = tables.settle();
            let used = disk.calls() - before;
            disk.crash_at(disk.calls() + 1);
            drop(tables);
            for model in CrashModel::ALL {
                let left = disk.after_crash(model, at);
                let (mut database, _) = database(&left);
                assert_eq!(rows(&database), 20, "call {at}, {model:?}");
                assert!(database.check_integrity().unwrap(), "call {at}, {model:?}");
            }
            used
        };
        let all = calls(u64::MAX / 2);
        assert!(2 < all, "it syncs twice and writes between");
        for at in 1..=all {
            calls(at);
        }
    }
}
