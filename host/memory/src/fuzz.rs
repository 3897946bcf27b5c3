//! What the memory reads from its files, for fuzzing: what reads it is not open to others.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde_bytes::ByteArray;
use voyager_base::{
    Digest,
    chance::{Chance, Seeded},
    clock::Timestamp,
    disk::{Disk, DiskFile},
    sim::{CrashModel, SimDisk},
};

pub use crate::pack::fuzz::pack;
use crate::{
    asking::Asking,
    index::Index,
    keys::{FILE, Filled, Key, KeyList, Keys, Slip},
    owner::{Owner, Veil},
    recall::{Look, Question, consider},
    record::{Draft, MemoryId, Record},
    row::{
        Shut, Standing, open_edge, open_record, open_vector, seal_edge, seal_record, seal_vector,
    },
    search::Search,
    snapshot::{
        Places, Restoring, Rows, Which,
        manifest::{self, Found, Manifest},
        restore, snapshots, thin,
    },
    store::{Memory, Options},
    vectors::{Code, DIMENSIONS_MAX, Query},
};

/// What a file of keys begins with.
const HEADER: &[u8] = b"voyager memory keys, format 1\n";

/// Takes `bytes` for the file of keys of a store: as they are, and behind the header of one.
///
/// # Panics
/// Where a file that is taken has fewer keys than its store has records, or does not keep what it is given.
pub fn keys(bytes: &[u8]) {
    let Some((next, rest)) = bytes.split_first() else { return };
    for file in [rest.to_vec(), [HEADER, rest].concat()] {
        let disk = SimDisk::new(1);
        disk.open(FILE).and_then(|it| it.write_at(0, &file)).expect("there is room");
        let next = u64::from(*next);
        let Ok(keys) = Keys::open(&disk, next, None) else { continue };
        drop(keys.slip());
        // Of a store without records nothing is read.
        let all = || match next {
            0 => KeyList::default(),
            count => keys.keys(0, count as usize).expect("it ends behind its last key"),
        };
        let held = all();
        assert_eq!(held.len() as u64, next);
        keys.fill(&mut Filled(next), next, 1, &Seeded::new(1)).expect("there is room");
        assert!(all() == held, "older keys stay");
        let slip = Slip { file: [1; 16], key: [2; 32], root: [3; 32] };
        keys.note(&slip).expect("there is room");
        assert!(keys.slip().expect("it was written") == Some(slip), "a slip is kept");
        keys.destroy(&[next]).expect("there is room");
        assert!(keys.slip().expect("as before").is_none(), "a slip goes with any key");
        assert!(keys.key(next).expect("as before").is_none(), "a destroyed key is gone");
        assert!(all() == held, "others stay");
    }
}

/// Reads `bytes` as rows of each sort: as they lie in the database, and as what a key seals.
///
/// # Panics
/// Where bytes that no key sealed are read, or what was read is not written as it is read.
pub fn rows(bytes: &[u8]) {
    let keys = Keys::open(&SimDisk::new(1), 0, None).expect("an empty disk does");
    keys.fill(&mut Filled(0), 0, 2, &Seeded::new(1)).expect("there is room");
    let [key, end] = [0, 1].map(|it| keys.key(it).ok().flatten().expect("it was made"));
    let (id, other) = (MemoryId(0), 7);
    let edge_of = |row: &[u8]| open_edge((&key, Some(&end)), 0, other, row);
    assert_eq!(open_record(&key, id, bytes), None);
    assert_eq!(edge_of(bytes), Err(Shut::Damaged));
    assert_eq!(open_vector(&key, "test", bytes), None);
    if let Some(standing) = Standing::decode(bytes) {
        assert_eq!(standing.encode(), bytes, "a standing is written in one way");
    }
    if let Some(record) = open_record(&key, id, &key.seal(b"record", bytes)) {
        // As rows: NaN is no other than itself there.
        let row = |it: &Record| seal_record(&key, it.written, &it.draft);
        let read = open_record(&key, id, &row(&record)).expect("what was written is read");
        assert_eq!(row(&read), row(&record));
    }
    let name = [b"edge".as_slice(), &0_u32.to_le_bytes(), &other.to_le_bytes()].concat();
    if let Ok(mut edge) = edge_of(&key.seal(&name, bytes)) {
        // Whoever loads it looks where it leads.
        edge.to = MemoryId(other);
        let row = seal_edge([&key, &end], 0, &edge);
        let read = edge_of(&row).expect("what was written is read");
        assert_eq!(seal_edge([&key, &end], 0, &read), row);
    }
    if let Some(code) = open_vector(&key, "test", &key.seal(b"vector test", bytes)) {
        of_vector(&key, code);
    }
}

/// A store takes a vector that was read, and answers.
fn of_vector(key: &Key, code: Code) {
    let row = seal_vector(key, "test", &code);
    let read = open_vector(key, "test", &row).expect("what was written is read");
    assert_eq!(seal_vector(key, "test", &read), row);
    let dimensions = code.dimensions();
    if dimensions == 0 || dimensions > DIMENSIONS_MAX {
        return;
    }
    let mut index = Index::default();
    let standing = Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
    let plain = vec![1.0; dimensions];
    for (id, code) in (0..).zip([Some(code), Code::of(&plain), None]) {
        let draft = Draft { text: "door".to_owned(), ..Draft::default() };
        let record = Record { id: MemoryId(id), written: Timestamp::default(), draft };
        index.add(&record, standing, code);
    }
    let question = Question { text: "door".to_owned(), ..Question::default() };
    let now = Timestamp::default();
    let shards = index.shards(&[]);
    let asking = Asking::of(&question, Query::of(&plain), &shards, now);
    let search = Search::new(shards);
    let found = consider(&index, (&question, &asking), &[], &search, now, Look::Features);
    assert!(found.candidates.len() <= 3, "each record once");
    drop(search);
    (0..3).for_each(|id| index.remove(MemoryId(id)));
    assert_eq!(index.len(), 0);
}

/// Variants of [`Rows`] as the beginning of their MessagePack.
const TABLES: [&[u8]; 6] = [
    b"\x81\xa7Records",
    b"\x81\xa9Standings",
    b"\x81\xa5Edges",
    b"\x81\xa7Vectors",
    b"\x81\xa5Audit",
    b"\x81\xa4Done",
];

/// A folder with a snapshot of a small store, and what signs there.
fn snapshot_folder() -> &'static (SimDisk, Veil) {
    static MADE: OnceLock<(SimDisk, Veil)> = OnceLock::new();
    MADE.get_or_init(|| {
        let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
        let chance: Arc<dyn Chance> = Arc::new(Seeded::new(1));
        let places: Option<Arc<dyn Places>> = Some(Arc::new(One(folder.clone())));
        let options = Options { places, ..Options::default() };
        let memory = Memory::open(Arc::new(disk), options, chance).expect("an empty disk does");
        let draft = |text: &str| Draft { text: text.to_owned(), ..Draft::default() };
        let entries = ["one door", "two doors", "no door"].map(|it| draft(it).into());
        memory.remember(&entries, None, Timestamp::default()).expect("there is room");
        memory.snapshot("there", "", Timestamp::default(), &|_, _| true).expect("there is room");
        drop(memory);
        let there: Arc<dyn Disk> = Arc::new(folder.clone());
        let owner = Owner::find(&there, None).expect("it is not locked").expect("it is there");
        (folder, owner.veil().expect("a new store has one"))
    })
}

/// One folder, whatever it is called; the store that it is of is nowhere.
#[derive(Clone)]
pub(crate) struct One(pub(crate) SimDisk);

impl fmt::Debug for One {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("One")
    }
}

impl Places for One {
    fn open(&self, _: &str, _: bool) -> Result<Arc<dyn Disk>, String> {
        Ok(Arc::new(self.0.clone()))
    }

    fn file_of(&self, _: &str, _: &str) -> Option<Box<dyn DiskFile>> {
        None
    }
}

/// Takes `bytes` for the file of a snapshot, for what such a file says, and for a chunk.
///
/// # Panics
/// Where one that is read is not written as it is read, or where a folder with it can't be listed and thinned out.
pub fn snapshot_files(bytes: &[u8]) {
    let (folder, veil) = snapshot_folder();
    let body = [
        b"voyager memory snapshot, format 1\n".as_slice(),
        &(bytes.len() as u64).to_le_bytes(),
        &Digest::of(bytes).0,
        &veil.sign(bytes),
    ];
    let mut whole = body.concat();
    whole.resize(512, 0);
    whole.extend(bytes);
    for file in [bytes, &whole] {
        let disk = folder.after_crash(CrashModel::Clean, 1);
        disk.open("snapshot-00000002").and_then(|it| it.write_at(0, file)).expect("there is room");
        let read = manifest::read(&disk, 2, None).expect("the disk reads");
        if let Found::Whole(manifest) = read {
            let again = rmp_serde::to_vec(&*manifest).expect("plain data");
            let again: Manifest = rmp_serde::from_slice(&again).expect("what was written is read");
            assert_eq!(again, *manifest);
        }
        let found = snapshots(&disk).expect("the disk reads");
        let count = found.whole.len() + found.damaged.len();
        assert!((1..=2).contains(&count), "one that was never finished is none");
        let own = manifest::read(&disk, 1, None).expect("the disk reads");
        let Found::Whole(own) = own else { panic!("it was not touched") };
        let thinned = thin(&disk, *own.store, veil, 1).expect("the disk does all");
        for (name, _) in &thinned.aside {
            assert!(disk.content(name).is_some(), "nobody's are not removed");
        }
        assert!(!snapshots(&disk).expect("the disk reads").whole.is_empty());
    }
    for begin in TABLES.iter().chain([&b"".as_slice()]) {
        let chunk = [begin, bytes].concat();
        let Ok(rows) = rmp_serde::from_slice::<Rows>(&chunk) else { continue };
        let again = rmp_serde::to_vec(&rows).expect("plain data");
        assert_eq!(rmp_serde::from_slice::<Rows>(&again).expect("it was written"), rows);
    }
}

/// Restores a snapshot that says, with the signature of its store, that `bytes` are one of its chunks.
///
/// # Panics
/// Where what is restored does not open, answer and verify.
pub fn snapshot_restored(bytes: &[u8]) {
    let (folder, veil) = snapshot_folder();
    let Some(([table, next, whole], rest)) = bytes.split_first_chunk() else { return };
    let disk = folder.after_crash(CrashModel::Clean, 1);
    let written = manifest::read(&disk, 1, None).expect("the disk reads");
    let Found::Whole(mut manifest) = written else { panic!("it was written") };
    let begin = TABLES.get(usize::from(*table)).copied().unwrap_or_default();
    let chunk = [begin, rest].concat();
    let hash = *blake3::hash(&chunk).as_bytes();
    let name = manifest::chunk_name(&hash);
    disk.open(&name).and_then(|it| it.write_at(0, &chunk)).expect("there is room");
    if whole % 2 == 0 {
        manifest.chunks.clear();
    }
    manifest.chunks.push((ByteArray::new(hash), chunk.len() as u64));
    manifest.next += u64::from(*next);
    manifest.write(&disk, veil).expect("there is room");
    let to = SimDisk::new(3);
    let restoring = Restoring {
        from: Arc::new(disk.clone()),
        folder: "there",
        to: Arc::new(to.clone()),
        owner: None,
        places: &One(disk.clone()),
    };
    let chance: Arc<dyn Chance> = Arc::new(Seeded::new(1));
    if restore(&restoring, &Which::Newest, &chance, &|_, _| true).is_err() {
        return;
    }
    let memory = Memory::open(Arc::new(to), Options::default(), chance).expect("it was verified");
    let question = Question { text: "door".to_owned(), ..Question::default() };
    let found = memory.recall(&question, Timestamp::default()).expect("it was verified");
    assert!(found.hits.len() <= memory.ids().len());
    memory.audit(9).expect("it was verified");
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn files_of_any_bytes_are_read_or_refused(
            // What chooses stands first: large numbers choose nothing.
            choices in vec(0..8_u8, 4),
            rest in vec(any::<u8>(), 0..200),
        ) {
            let bytes = [choices.as_slice(), &rest].concat();
            super::keys(&bytes);
            super::rows(&bytes);
            super::pack(&rest);
            super::snapshot_files(&bytes);
            super::snapshot_restored(&bytes);
        }
    }
}
