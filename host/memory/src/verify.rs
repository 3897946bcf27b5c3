//! Checks everything that is stored: that each row opens under its key, that what follows from the rows agrees with
//! them, and that the kept index is what was written.
//!
//! It reads the tables as of one commit, so that writes go on meanwhile. What was forgotten while it ran is no fault.

use std::{
    collections::BTreeSet,
    fmt,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use voyager_base::disk::Disk;
use voyager_disk::database::Broken;
use zeroize::Zeroizing;

use crate::{
    error::ReadError,
    horizon::Ahead,
    index::Index,
    kept,
    keys::{Key, KeyList, Keys},
    owner::Veil,
    pack::Pack,
    record::MemoryId,
    row::{Shut, Standing, dimensions_of, open_edge, open_record_in, vector_name},
    tables::{Counters, Reading, is_known},
};

/// So many ids are checked at once.
const IDS: u64 = 4096;

/// So many chunks of the kept index are checked at once.
const CHUNKS: u64 = 64;

/// From so many ids on a second thread pays.
const THREADS_FROM: u64 = 4 * IDS;

/// So many faults are told by id; a store with more of them is not mended one by one.
pub const FAULTS_MAX: usize = 1_000;

/// What was found wrong with a part of the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The record that it is about; none where it is about none.
    pub id: Option<MemoryId>,
    /// Which part.
    pub part: Part,
    /// What is wrong, in words.
    pub problem: String,
}

/// A part of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The row of a record.
    Record,
    /// The key of a record.
    Key,
    /// What is known of a record beside its content.
    Standing,
    /// The vector of a record.
    Vector,
    /// A relation.
    Relation,
    /// Which record stands for which.
    Consolidation,
    /// In which cycle records are archived.
    Horizon,
    /// What was done.
    Audit,
    /// What recall searches.
    Index,
    /// The file of the kept index.
    Kept,
    /// What opens the keys.
    Owner,
}

impl Part {
    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Record | Self::Standing | Self::Relation => {
                "`memory forget ID` removes it; a snapshot from before, restored into another folder, may have it whole"
            }
            Self::Key | Self::Owner => "nothing: opening the memory again mends it",
            Self::Vector => "`memory encode` with its encoder makes it again",
            Self::Consolidation => {
                "`memory consolidate --undo COMMIT` takes a consolidation back; no record is lost by it"
            }
            Self::Horizon => {
                "nothing: it is made anew when the memory is opened again, and written"
            }
            Self::Kept => {
                "nothing: the rows are read instead, and the next index that is kept takes its place"
            }
            Self::Audit => {
                "restore a snapshot from before into another folder, or export what can be read"
            }
            Self::Index => "open the memory again; where it stays, report it: it is a bug",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Record => "record",
            Self::Key => "key",
            Self::Standing => "standing",
            Self::Vector => "vector",
            Self::Relation => "relation",
            Self::Consolidation => "consolidation",
            Self::Horizon => "horizon",
            Self::Audit => "audit",
            Self::Index => "index",
            Self::Kept => "kept index",
            Self::Owner => "owner",
        })
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows of records that were opened.
    pub records: u64,
    /// Vectors that were opened.
    pub vectors: u64,
    /// Relations that were opened.
    pub relations: u64,
    /// Bytes of the kept index that were compared with its root; 0 where none is kept.
    pub kept_bytes: u64,
    /// The commit as of which it was checked.
    pub commit: u64,
    /// What is wrong, by id; [`FAULTS_MAX`] at most.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: u64,
}

impl Verified {
    /// The same with as many faults as are told.
    pub(crate) fn cut(mut self) -> Self {
        self.more = self.faults.len().saturating_sub(FAULTS_MAX) as u64;
        self.faults.truncate(FAULTS_MAX);
        self
    }
}

/// Shows an index to whoever asks.
pub(crate) type Showing<'a> = dyn Fn(&mut dyn FnMut(&Index)) + Sync + 'a;

/// What a check needs of a store.
pub(crate) struct Checking<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) keys: &'a Keys,
    pub(crate) veil: Option<Veil>,
    /// One view for each thread, all of the same commit.
    pub(crate) readings: Vec<Reading>,
    pub(crate) counters: Counters,
    /// The horizon, where it is kept.
    pub(crate) horizon: Option<f64>,
    /// Shows the index as it is now.
    pub(crate) index: &'a Showing<'a>,
    /// Whether a record is still there.
    pub(crate) is_there: &'a (dyn Fn(u64) -> Result<bool, Broken> + Sync),
}

/// How many threads a store of so many ids is checked with.
pub(crate) fn threads(next: u64) -> usize {
    if next >= THREADS_FROM { 2 } else { 1 }
}

/// What all threads have in common.
struct Work<'a> {
    checking: &'a Checking<'a>,
    encoders: Vec<(u32, Option<String>, u32)>,
    /// By id: the cycle in which it is archived.
    horizon: Vec<(u64, u64)>,
    pack: Option<Pack>,
    /// Tasks: ranges of ids, then ranges of chunks.
    ranges: u64,
    total: u64,
    taken: AtomicU64,
    done: AtomicU64,
    stopped: AtomicBool,
    found: Mutex<Verified>,
    failed: Mutex<Option<Broken>>,
}

/// Checks a store, and finds all its faults. `see` is told how much is done, of how much, and says whether to go on; none
/// where it did not.
pub(crate) fn run(
    checking: &Checking<'_>,
    see: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Result<Option<Verified>, ReadError> {
    let Some(first) = checking.readings.first() else { return Ok(None) };
    let mut found = Verified { commit: checking.counters.commit, ..Verified::default() };
    let named = |(number, name, dimensions): (u32, String, u32)| {
        let name = checking.veil.as_ref().map_or_else(|| Some(name.clone()), |it| it.show(&name));
        (number, name, dimensions)
    };
    let encoders: Vec<_> = first.encoders()?.into_iter().map(named).collect();
    for (number, name, _) in &encoders {
        if name.is_none() {
            let problem = format!("the name of encoder {number} does not open");
            found.faults.push(Fault { id: None, part: Part::Vector, problem });
        }
    }
    audit(first, checking.counters, &mut found.faults)?;
    let (edges, backward) = first.edge_counts()?;
    if edges != backward {
        let problem = format!("there are {edges}, and {backward} are found from where they lead");
        found.faults.push(Fault { id: None, part: Part::Relation, problem });
    }
    groups(first, checking, &mut found.faults)?;
    let pack = pack(checking, &mut found);
    let ranges = checking.counters.next.div_ceil(IDS);
    let parts = pack.as_ref().map_or(0, |it| (it.chunks() as u64).div_ceil(CHUNKS));
    let work = Work {
        checking,
        encoders,
        horizon: first.horizon()?,
        pack,
        ranges,
        total: ranges + parts,
        taken: AtomicU64::new(0),
        done: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        found: Mutex::new(found),
        failed: Mutex::new(None),
    };
    std::thread::scope(|scope| {
        for reading in &checking.readings[1..] {
            scope.spawn(|| work.all(reading, see));
        }
        work.all(first, see);
    });
    if let Some(error) = work.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error.into());
    }
    if work.stopped.into_inner() {
        return Ok(None);
    }
    let mut found = work.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.faults.sort();
    let mut kept = Vec::with_capacity(found.faults.len());
    for fault in found.faults {
        let gone = match fault.id {
            Some(id) => !(checking.is_there)(id.0)?,
            None => false,
        };
        // One that was forgotten since is no fault, save where its key was left without it.
        if !gone || fault.part == Part::Key {
            kept.push(fault);
        }
    }
    found.faults = kept;
    Ok(Some(found))
}

/// Each commit has a line, up to the last.
fn audit(reading: &Reading, counters: Counters, faults: &mut Vec<Fault>) -> Result<(), Broken> {
    let (mut lines, mut last, mut unknown) = (0, 0, 0_u64);
    reading.audit(0..u64::MAX, |commit, row| {
        lines += 1;
        last = commit;
        unknown += u64::from(!is_known(row));
    })?;
    let mut fault = |problem: String| faults.push(Fault { id: None, part: Part::Audit, problem });
    if (lines, last) != (counters.commit, counters.commit) {
        let commits = counters.commit;
        fault(format!("it has {lines} lines up to {last}, and there were {commits} commits"));
    }
    if unknown > 0 {
        fault(format!("{unknown} lines say what this program does not know"));
    }
    Ok(())
}

/// Each row of a consolidation is of records that are there, and is what recall goes by.
fn groups(
    reading: &Reading,
    checking: &Checking<'_>,
    faults: &mut Vec<Fault>,
) -> Result<(), Broken> {
    let rows = reading.groups()?;
    let part = Part::Consolidation;
    for (id, standing, commit) in &rows {
        if !reading.holds(id.0)? || !reading.holds(standing.0)? {
            let problem =
                format!("#{commit} has {standing} stand for {id}, and not both are there");
            faults.push(Fault { id: None, part, problem });
        }
    }
    (checking.index)(&mut |index| {
        let is_as_written = index.is_of(checking.counters.commit);
        if is_as_written && !index.groups().all().eq(rows.iter().copied()) {
            let problem = "recall goes by other ones than are written".to_owned();
            faults.push(Fault { id: None, part, problem });
        }
    });
    Ok(())
}

/// The kept index, where there is one that the store would use.
fn pack(checking: &Checking<'_>, found: &mut Verified) -> Option<Pack> {
    match kept::open(checking.disk, checking.keys)? {
        Ok(pack) => {
            found.kept_bytes = pack.bytes();
            Some(pack)
        }
        Err(problem) => {
            found.faults.push(Fault { id: None, part: Part::Kept, problem });
            None
        }
    }
}

impl Work<'_> {
    /// Does tasks until there is none.
    fn all(&self, reading: &Reading, see: &(dyn Fn(u64, u64) -> bool + Sync)) {
        loop {
            let task = self.taken.fetch_add(1, Ordering::Relaxed);
            if task >= self.total || self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = self.task(reading, task) {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                self.stopped.store(true, Ordering::Relaxed);
                return;
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            if !see(done, self.total) {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
    }

    fn task(&self, reading: &Reading, task: u64) -> Result<(), Broken> {
        let mut ids = Ids::default();
        if task < self.ranges {
            let end = ((task + 1) * IDS).min(self.checking.counters.next);
            ids.check(self, reading, task * IDS..end)?;
        } else if let Some(pack) = &self.pack {
            let first = ((task - self.ranges) * CHUNKS) as usize;
            let last = (first + CHUNKS as usize).min(pack.chunks());
            if let Err(error) = pack.verify_range(first..last) {
                ids.fault(None, Part::Kept, error.to_string());
            }
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.records += ids.records;
        found.vectors += ids.vectors;
        found.relations += ids.relations;
        found.faults.append(&mut ids.faults);
        Ok(())
    }
}

/// What was found about some ids.
#[derive(Default)]
struct Ids {
    first: u64,
    keys: KeyList,
    /// The space of each record that could be read.
    spaces: Vec<(u64, String)>,
    standings: Vec<(u64, Standing)>,
    /// Records with a row, whether it can be read or not, in their order.
    there: Vec<u64>,
    /// What is opened, one after the other. Overwritten at the end: all texts of the store pass through here.
    plain: Zeroizing<Vec<u8>>,
    records: u64,
    vectors: u64,
    relations: u64,
    faults: Vec<Fault>,
}

impl Ids {
    fn fault(&mut self, id: Option<u64>, part: Part, problem: impl Into<String>) {
        self.faults.push(Fault { id: id.map(MemoryId), part, problem: problem.into() });
    }

    fn key(&self, id: u64) -> Option<Key> {
        self.keys.get((id - self.first) as usize).copied().flatten()
    }

    fn is_there(&self, id: u64) -> bool {
        self.there.binary_search(&id).is_ok()
    }

    fn check(&mut self, work: &Work<'_>, reading: &Reading, ids: Range<u64>) -> Result<(), Broken> {
        self.first = ids.start;
        let count = (ids.end - ids.start) as usize;
        self.keys = work.checking.keys.keys(ids.start, count).map_err(Broken::disk)?;
        self.records(reading, ids.clone())?;
        self.standings(reading, ids.clone())?;
        for (number, name, dimensions) in &work.encoders {
            let Some(name) = name.as_deref() else { continue };
            let sealed_as = vector_name(name);
            reading.vectors(*number, ids.clone(), |id, sealed| {
                let opened = self
                    .key(id)
                    .and_then(|it| dimensions_of(&it, &sealed_as, sealed, &mut self.plain));
                self.vectors += 1;
                if !self.is_there(id) {
                    self.fault(Some(id), Part::Vector, "it is of a record that is not there");
                } else if opened != Some(*dimensions as usize) {
                    let problem = format!("that of `{name}` does not open under its record's key");
                    self.fault(Some(id), Part::Vector, problem);
                }
            })?;
        }
        self.edges(work, reading, ids.clone())?;
        for id in ids.clone() {
            if self.key(id).is_some() && !self.is_there(id) {
                self.fault(Some(id), Part::Key, "it is left, and its record is gone");
            }
        }
        (work.checking.index)(&mut |index| self.compare(index, work, ids.clone()));
        Ok(())
    }

    fn records(&mut self, reading: &Reading, ids: Range<u64>) -> Result<(), Broken> {
        reading.records(ids, |id, sealed| {
            self.there.push(id);
            self.records += 1;
            let Some(key) = self.key(id) else {
                self.fault(Some(id), Part::Record, "it has no key");
                return;
            };
            match open_record_in(&key, MemoryId(id), sealed, &mut self.plain) {
                Some(record) => self.spaces.push((id, record.draft.space)),
                None => self.fault(Some(id), Part::Record, "its row does not open under its key"),
            }
        })
    }

    fn standings(&mut self, reading: &Reading, ids: Range<u64>) -> Result<(), Broken> {
        reading.standings(ids, |id, bytes| match Standing::decode(bytes) {
            Some(standing) => self.standings.push((id, standing)),
            None => self.fault(Some(id), Part::Standing, "it is no standing"),
        })?;
        if self.standings.iter().map(|it| it.0).eq(self.there.iter().copied()) {
            return Ok(());
        }
        let with: BTreeSet<u64> = self.standings.iter().map(|it| it.0).collect();
        let there: BTreeSet<u64> = self.there.iter().copied().collect();
        let told: BTreeSet<u64> = self.faults.iter().filter_map(|it| Some(it.id?.0)).collect();
        let apart: Vec<u64> = there.symmetric_difference(&with).copied().collect();
        for id in apart.into_iter().filter(|it| !told.contains(it)) {
            let problem = match with.contains(&id) {
                true => "it is of a record that is not there",
                false => "the record has none",
            };
            self.fault(Some(id), Part::Standing, problem);
        }
        Ok(())
    }

    fn edges(&mut self, work: &Work<'_>, reading: &Reading, ids: Range<u64>) -> Result<(), Broken> {
        let mut rows: Vec<(u64, u32, u64, Box<[u8]>)> = Vec::new();
        reading
            .edges(ids, |from, number, to, sealed| rows.push((from, number, to, sealed.into())))?;
        let mut whole = Vec::new();
        for (from, number, to, sealed) in rows {
            self.relations += 1;
            let end = work.checking.keys.key(to).map_err(Broken::disk)?;
            let edge = self.key(from).ok_or(Shut::Damaged);
            match edge.and_then(|it| open_edge((&it, end.as_ref()), number, to, &sealed)) {
                Ok(edge) if (edge.from.0, edge.to.0) == (from, to) => {
                    whole.push((from, number, to))
                }
                Err(Shut::Other { .. }) => self.fault(
                    Some(to),
                    Part::Relation,
                    format!("the one from m{from} does not open under its record's key"),
                ),
                Ok(_) | Err(Shut::Damaged) => self.fault(
                    Some(from),
                    Part::Relation,
                    format!("the one to m{to} does not open under its record's key"),
                ),
            }
        }
        for (from, number, to) in whole {
            if !reading.leads_back(from, number, to)? {
                let problem = format!("the one to m{to} is not found from there");
                self.fault(Some(from), Part::Relation, problem);
            }
            if !reading.holds(to)? {
                let problem = format!("one leads to m{to}, which is not there");
                self.fault(Some(from), Part::Relation, problem);
            }
        }
        Ok(())
    }

    /// Compares what is searched with the rows, where nothing was written since.
    fn compare(&mut self, index: &Index, work: &Work<'_>, ids: Range<u64>) {
        let Counters { commit, .. } = work.checking.counters;
        if !index.is_of(commit) {
            return;
        }
        let told: BTreeSet<u64> = self.faults.iter().filter_map(|it| Some(it.id?.0)).collect();
        for (id, space) in std::mem::take(&mut self.spaces) {
            // One with another fault is set aside for that.
            let is_aside = told.contains(&id) && index.damaged().contains(&MemoryId(id));
            if !is_aside && index.space_of(MemoryId(id)) != Some(space.as_str()) {
                self.fault(Some(id), Part::Index, "it is not searched where it belongs");
            }
        }
        for (id, standing) in std::mem::take(&mut self.standings) {
            // A damaged one is in no index.
            let same =
                |it: Standing| it == Standing { trust: standing.trust.or(it.trust), ..standing };
            if index.standing(MemoryId(id)).is_some_and(|it| !same(it)) {
                self.fault(Some(id), Part::Index, "it is searched with another standing");
            }
        }
        for id in ids.clone().filter(|it| index.holds(MemoryId(*it))) {
            if !self.is_there(id) {
                self.fault(Some(id), Part::Index, "it is searched, and not there");
            }
        }
        let Some(below) = work.checking.horizon else { return };
        let kept = &work.horizon;
        let from = kept.partition_point(|it| it.0 < ids.start);
        let to = kept.partition_point(|it| it.0 < ids.end);
        let kept = &kept[from..to];
        let due = |id: u64| {
            let cycle = Ahead::default().horizon(index, MemoryId(id), below)?;
            Some((id, cycle))
        };
        // What is damaged was taken out of the index; a tick passes it over.
        let whole = |it: &u64| !index.damaged().contains(&MemoryId(*it));
        let expected: Vec<(u64, u64)> = ids.filter(whole).filter_map(due).collect();
        let kept: Vec<(u64, u64)> = kept.iter().copied().filter(|it| whole(&it.0)).collect();
        if kept == expected {
            return;
        }
        let (expected, kept) = (BTreeSet::from_iter(expected), BTreeSet::from_iter(kept));
        let apart: BTreeSet<u64> = kept.symmetric_difference(&expected).map(|it| it.0).collect();
        for id in apart {
            self.fault(Some(id), Part::Horizon, "it is to be archived in another cycle");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::sync::{Arc, atomic::AtomicUsize};

    use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};

    use super::*;
    use crate::{
        record::Draft,
        row::Edge,
        store::{Encoder, Entry, Memory, Options},
        tables::{Act, Change, Deed},
    };

    fn now() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    fn open(disk: &SimDisk) -> Memory {
        let encoder = Some(Encoder { name: "test 1".to_owned(), dimensions: 4 });
        let options = Options { encoder, ..Options::default() };
        Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7))).unwrap()
    }

    /// A store with something in every table: m3 is forgotten, m1 leads to m2, and the index is kept.
    fn filled(disk: &SimDisk, records: usize) -> Memory {
        let memory = open(disk);
        let entry = |number: usize| {
            let draft = Draft { text: format!("text {number}"), ..Draft::default() };
            Entry { draft, vector: Some(vec![1.0, number as f32, 0.5, 0.25]), ..Entry::default() }
        };
        let entries: Vec<Entry> = (0..records).map(entry).collect();
        memory.remember(&entries, None, now()).unwrap();
        let (from, to) = (MemoryId(1), MemoryId(2));
        let edge = Edge { from, to, kind: "causes".to_owned(), weight: 1.0 };
        memory.relate(&edge, None, now()).unwrap();
        memory.forget(&[MemoryId(3)], None, now()).unwrap();
        memory.pin(MemoryId(4), true, now()).unwrap();
        memory.keep_index().unwrap();
        memory
    }

    fn verified(memory: &Memory) -> Verified {
        memory.verify(&|_, _| true).unwrap().unwrap()
    }

    fn faults(memory: &Memory) -> Vec<(Option<u64>, Part)> {
        let faults = verified(memory).faults;
        faults.into_iter().map(|it| (it.id.map(|it| it.0), it.part)).collect()
    }

    #[test]
    fn a_whole_store_has_no_fault() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk, 6);
        let check = |memory: &Memory| {
            let found = verified(memory);
            assert_eq!(found.faults, []);
            assert_eq!((found.records, found.vectors, found.relations), (5, 5, 1));
            assert_eq!(found.commit, memory.commit());
            assert!(found.kept_bytes > 0);
        };
        check(&memory);
        drop(memory);
        check(&open(&disk));
        assert_eq!(faults(&open(&SimDisk::new(1))), [], "an empty one neither");
    }

    #[test]
    fn two_threads_find_what_one_finds_and_stop_when_they_are_told() {
        let disk = SimDisk::new(1);
        let memory = open(&disk);
        let draft = |number: u64| Draft { text: format!("text {number}"), ..Draft::default() };
        for batch in 0..4 {
            let batch = batch * 5_000..(batch + 1) * 5_000;
            let entries: Vec<Entry> = batch.map(|it| draft(it).into()).collect();
            memory.remember(&entries, None, now()).unwrap();
        }
        assert_eq!(threads(20_000), 2);
        for id in [0, 4_095, 4_096, 19_999] {
            disk.flip_bit("keys", (512 + id * 32) * 8);
        }
        let expected = [0, 4_095, 4_096, 19_999].map(|it| (Some(it), Part::Record));
        assert_eq!(faults(&memory), expected);
        let seen = AtomicUsize::new(0);
        let stop = |_, _| {
            seen.fetch_add(1, Ordering::Relaxed);
            false
        };
        assert_eq!(memory.verify(&stop).unwrap(), None);
        assert!(seen.into_inner() <= 2);
    }

    /// Changes rows of the last commit.
    fn change(memory: &Memory, write: &dyn Fn(&Change)) {
        let (tables, counters) = memory.tables_for_tests();
        let act = Act { at: now(), deed: Deed::Arranged, first: 0, count: 0 };
        let write = |it: &Change| {
            write(it);
            it.end(act)
        };
        tables.change(counters, write).unwrap();
    }

    /// Seals the vector of m0 with nothing that opens it.
    fn damage_vector(change: &Change) {
        let encoder = (0, Encoder { name: "test 1".to_owned(), dimensions: 4 });
        change.add_vectors(&encoder, [(0, [7; 40].as_slice())]).unwrap();
    }

    #[test]
    fn each_damage_is_told_by_its_record() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk, 6);
        let change = |write: &dyn Fn(&Change)| change(&memory, write);
        // A vector, and a relation, sealed with nothing that opens them.
        change(&|it| {
            damage_vector(it);
            it.add_edge(5, 0, 4, &[7; 40]).unwrap();
        });
        assert_eq!(faults(&memory), [(Some(0), Part::Vector), (Some(5), Part::Relation)]);
        // A standing without a record, and one that the index doesn't know.
        let standing =
            Standing { weight: 0.5, cycle: 0, pinned: false, archived: false, trust: None };
        change(&|it| it.set_standings(&[(3, standing), (2, standing)]).unwrap());
        let found = faults(&memory);
        assert!(found.contains(&(Some(2), Part::Index)), "{found:?}");
        // One stands for m3, which is gone.
        change(&|it| it.add_groups(&[(MemoryId(3), MemoryId(2), 1)]).unwrap());
        let found = faults(&memory);
        let groups = found.iter().filter(|it| it.1 == Part::Consolidation).count();
        assert_eq!(groups, 2, "not there, and not what recall goes by: {found:?}");
        // The record is gone, so that nobody asks whether it is there.
        change(&|it| {
            it.move_horizon(&[crate::horizon::Move { id: 0, before: None, after: Some(9) }])
                .unwrap()
        });
        assert!(faults(&memory).contains(&(Some(0), Part::Horizon)));
    }

    /// The kept index has it still.
    #[test]
    fn a_damaged_vector_is_made_again() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk, 6);
        change(&memory, &damage_vector);
        let problem = "that of `test 1` does not open under its record's key".to_owned();
        let fault = Fault { id: Some(MemoryId(0)), part: Part::Vector, problem };
        assert_eq!(verified(&memory).faults, [fault]);
        assert_eq!(memory.unencoded(10), [MemoryId(0)]);
        drop(memory);
        let memory = open(&disk);
        assert_eq!(memory.unencoded(10), [MemoryId(0)], "for the next process, too");
        assert_eq!(memory.encode(&[(MemoryId(0), vec![1.0, 0.0, 0.5, 0.25])], now()), Ok(1));
        assert_eq!(faults(&memory), []);
    }

    #[test]
    fn damaged_files_beside_the_rows_are_told() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk, 6);
        disk.flip_bit("owner", 4096 * 8 + 300);
        assert_eq!(faults(&memory), [(None, Part::Owner)]);
        let index = disk.list().unwrap().into_iter().find(|it| it.starts_with("index-")).unwrap();
        disk.flip_bit(&index, 5_000);
        assert_eq!(faults(&memory), [(None, Part::Owner), (None, Part::Kept)]);
        drop(memory);
        let memory = open(&disk);
        assert_eq!(faults(&memory), [(None, Part::Kept)], "opening mends the owner's file");
        memory.keep_index().unwrap();
        assert_eq!(faults(&memory), []);
    }

    #[test]
    fn what_is_forgotten_meanwhile_is_no_fault() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk, 6);
        let once = AtomicBool::new(true);
        let see = |_, _| {
            if once.swap(false, Ordering::Relaxed) {
                memory.forget(&[MemoryId(0), MemoryId(1)], None, now()).unwrap();
            }
            true
        };
        assert_eq!(memory.verify(&see).unwrap().unwrap().faults, []);
        disk.flip_bit("keys", (512 + 2 * 32) * 8);
        let found = verified(&memory).faults;
        assert_eq!(found[0].id, Some(MemoryId(2)), "the search finds what is there");
    }
}
