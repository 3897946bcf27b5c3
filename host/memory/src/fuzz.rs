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
    keys::{self, FILE, Filled, Key, KeyList, Keys, Slip},
    lineage::DERIVED_FROM,
    owner::{self, Owner, OwnerKey, OwnerKind, Veil},
    recall::{Look, Question, consider},
    record::{Draft, MemoryId, Record},
    row::{
        Edge, Shut, Standing, open_edge, open_record, open_vector, seal_edge, seal_record,
        seal_vector,
    },
    search::Search,
    snapshot::{
        Places, Restoring, Rows, Which, check_snapshots, folder_id,
        manifest::{self, Found, Manifest},
        restore, snapshots, thin,
    },
    store::{Encoder, Entry, Memory, Options},
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

/// Takes `bytes` for changes of what opens a folder of snapshots: its covered keys with what they say of their store, the
/// file of its owner, or its id; with right checks or without. Restores what can be restored.
///
/// # Panics
/// Where keys that open are not as many as there are records, or what is restored does not go on.
pub fn keys_covered(bytes: &[u8]) {
    let (folder, _) = snapshot_folder();
    let Some(([which, at @ .., how], with)) = bytes.split_first_chunk::<4>() else { return };
    let disk = folder.after_crash(CrashModel::Clean, 1);
    let name = [FILE, owner::FILE, folder_id::FILE][usize::from(*which) % 3];
    let mut file = changed(disk.content(name).expect("it was written"), *at, *how, with);
    if how & 64 != 0 {
        set_checks(name, &mut file);
    }
    write(&disk, name, &file);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    owner::is_locked(&disk);
    let key = OwnerKey::new(OwnerKind::KeyFile, &[7; 40]).expect("it is long enough");
    for key in [None, Some(&key)] {
        let Ok(Some(owner)) = Owner::find(&shared, key) else { continue };
        let Ok(keys) = Keys::open(&disk, 4, owner.mask()) else { continue };
        assert_eq!(keys.keys(0, 4).expect("it ends behind its last key").len(), 4);
        drop((keys.slip(), keys.identity()));
        assert!(keys.destroyed(4).expect("as before").ids().all(|it| it < 4));
    }
    if let Some(memory) = restored(&disk) {
        go_on(&memory);
    }
}

/// Has what a file says have the right checks, whatever it says.
fn set_checks(name: &str, file: &mut [u8]) {
    let place = |from: u64, bytes: usize| from as usize..from as usize + bytes;
    let said = match name {
        FILE => [keys::STATED_BYTES, keys::IDENTITY_BYTES].map(|it| place(keys::IDENTITY, it - 16)),
        owner::FILE => [0, owner::APART].map(|it| place(it, owner::STATED_BYTES)),
        _ => return,
    };
    for said in said {
        let rest = file.get_mut(said.start..);
        let Some((stated, rest)) = rest.and_then(|it| it.split_at_mut_checked(said.len())) else {
            continue;
        };
        let check = match name {
            FILE => keys::check(stated).to_vec(),
            _ => Digest::of(stated).0.to_vec(),
        };
        if let Some(place) = rest.get_mut(..check.len()) {
            place.copy_from_slice(&check);
        }
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
    let asking = Asking::of(&question, Query::of(&plain), &shards, &[], now);
    let search = Search::new(shards);
    let found = consider(&index, (&question, &asking), Vec::new(), &search, now, Look::Features);
    assert!(found.candidates.len() <= 3, "each record once");
    drop(search);
    (0..3).for_each(|id| index.remove(MemoryId(id)));
    assert_eq!(index.len(), 0);
}

/// Variants of [`Rows`] as the beginning of their MessagePack.
const TABLES: [&[u8]; 8] = [
    b"\x81\xa7Records",
    b"\x81\xa9Standings",
    b"\x81\xa5Edges",
    b"\x81\xa7Vectors",
    b"\x81\xa5Audit",
    b"\x81\xa4Done",
    b"\x81\xa5Deeds",
    b"\x81\xa6Groups",
];

fn encoder() -> Encoder {
    Encoder { name: "test".to_owned(), dimensions: 3 }
}

/// A folder with a snapshot of a small store that has rows of each sort, and what signs there.
fn snapshot_folder() -> &'static (SimDisk, Veil) {
    static MADE: OnceLock<(SimDisk, Veil)> = OnceLock::new();
    MADE.get_or_init(|| {
        let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
        let chance: Arc<dyn Chance> = Arc::new(Seeded::new(1));
        let places: Option<Arc<dyn Places>> = Some(Arc::new(One(folder.clone())));
        let options = Options { places, encoder: Some(encoder()), ..Options::default() };
        let memory = Memory::open(Arc::new(disk), options, chance).expect("an empty disk does");
        let entry = |text: &str| Entry {
            draft: Draft { text: text.to_owned(), ..Draft::default() },
            vector: Some(vec![1.0, 0.5, 0.25]),
            ..Entry::default()
        };
        let now = Timestamp::from_millis(1_790_000_000_000);
        let entries = ["one green door", "two doors", "one green door", "gone"].map(entry);
        let ids = memory.remember(&entries, Some(&Digest::of(b"once")), now);
        let ids = ids.expect("there is room");
        let edge = |from: usize, kind: &str, to: usize| {
            let (from, to) = (ids[from], ids[to]);
            Edge { from, kind: kind.to_owned(), to, weight: 1.0 }
        };
        let edges = [edge(1, "has", 0), edge(2, DERIVED_FROM, 1)];
        memory.relate_all(&edges, None, now).expect("there is room");
        memory.tick(30, now).expect("there is room");
        memory.used(&ids[1..2], None, now).expect("there is room");
        memory.forget(&ids[3..], None, now).expect("there is room");
        memory.consolidate(None, false, now, &|_, _| true).expect("there is room");
        memory.snapshot("there", "home", now, &|_, _| true).expect("there is room");
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
    let whole = [manifest::header(bytes, veil), bytes.to_vec()].concat();
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

/// Bytes that were written, with others from a place on: in place of them, between them, with less of them, or with bits
/// turned.
fn changed(mut written: Vec<u8>, at: [u8; 2], how: u8, with: &[u8]) -> Vec<u8> {
    let at = usize::from(u16::from_le_bytes(at)) % (written.len() + 1);
    let end = (at + with.len()).min(written.len());
    match how % 4 {
        0 => written[at..end].copy_from_slice(&with[..end - at]),
        1 => drop(written.splice(at..at, with.iter().copied())),
        2 => drop(written.drain(at..end)),
        _ => written[at..end].iter_mut().zip(with).for_each(|(it, byte)| *it ^= byte),
    }
    written
}

fn write(disk: &SimDisk, name: &str, content: &[u8]) {
    let file = disk.open(name).expect("there is room");
    file.write_at(0, content).and_then(|()| file.set_len(content.len() as u64)).expect("as before");
}

/// Restores a snapshot of which `bytes` change a chunk, or what it says of itself, under the signature of its store: who
/// has a folder that is not locked has what signs. Whether it was restored.
///
/// # Panics
/// Where what is restored does not open, answer and go on.
pub fn snapshot_changed(bytes: &[u8]) -> bool {
    let (folder, veil) = snapshot_folder();
    let Some(([which, at @ .., how], with)) = bytes.split_first_chunk::<4>() else { return false };
    let disk = folder.after_crash(CrashModel::Clean, 1);
    let written = manifest::read(&disk, 1, None).expect("the disk reads");
    let Found::Whole(mut manifest) = written else { panic!("it was written") };
    if *which >= 200 {
        let body = rmp_serde::to_vec(&*manifest).expect("plain data");
        let body = changed(body, *at, *how, with);
        write(&disk, &manifest::name_of(1), &[manifest::header(&body, veil), body].concat());
    } else {
        let place = usize::from(*which) % manifest.chunks.len();
        let written = disk.content(&manifest::chunk_name(&manifest.chunks[place].0));
        let chunk = changed(written.expect("it was written"), *at, *how, with);
        let hash = *blake3::hash(&chunk).as_bytes();
        write(&disk, &manifest::chunk_name(&hash), &chunk);
        let named = (ByteArray::new(hash), chunk.len() as u64);
        // In place of what it was, or beside that.
        if how & 64 == 0 {
            manifest.chunks[place] = named;
        } else {
            manifest.chunks.insert(place, named);
        }
        manifest.write(&disk, veil).expect("there is room");
    }
    restored(&disk).inspect(go_on).is_some()
}

/// The memory that a folder restores, where it does.
fn restored(disk: &SimDisk) -> Option<Memory> {
    let from: Arc<dyn Disk> = Arc::new(disk.clone());
    snapshots(disk).expect("the disk reads");
    drop(check_snapshots(&from, None, &|_, _| true));
    let to: Arc<dyn Disk> = Arc::new(SimDisk::new(3));
    let places: Arc<dyn Places> = Arc::new(One(disk.clone()));
    let restoring =
        Restoring { from, folder: "there", to: Arc::clone(&to), owner: None, places: &*places };
    let chance: Arc<dyn Chance> = Arc::new(Seeded::new(1));
    restore(&restoring, &Which::Newest, &chance, &|_, _| true).ok()?;
    // Of its dimensions the snapshot may say anything.
    let named = Some(encoder().name);
    let options = Options { places: Some(places), encoder_named: named, ..Options::default() };
    Some(Memory::open(to, options, chance).expect("it was verified"))
}

/// Uses a memory that was restored: who reads is answered, who writes is answered or refused.
fn go_on(memory: &Memory) {
    let now = Timestamp::from_millis(1_790_000_100_000);
    let question = Question { text: "door".to_owned(), ..Question::default() };
    let found = memory.recall(&question, now).expect("it was verified");
    let ids = memory.ids();
    assert!(found.hits.len() <= ids.len());
    memory.audit(9).expect("it was verified");
    let commit = memory.commit();
    (0..commit.min(20)).for_each(|it| drop(memory.difference(it, commit)));
    ids.iter().for_each(|it| drop((memory.trust(*it), memory.relations(*it), memory.blame(*it))));
    drop(memory.verify(&|_, _| true));
    let draft = Draft { text: "a wall".to_owned(), ..Draft::default() };
    drop(memory.remember(&[draft.into()], None, now));
    drop(memory.tick(3, now));
    drop(memory.keep_index());
    drop(memory.snapshot("there", "", now, &|_, _| true));
    drop(memory.forget(&ids, None, now));
    drop(memory.snapshot("there", "", now, &|_, _| true));
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

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
            super::keys_covered(&bytes);
            super::rows(&bytes);
            super::pack(&rest);
            super::snapshot_files(&bytes);
        }
    }

    /// One that is never restored shows nothing.
    #[test]
    fn a_snapshot_that_was_changed_is_restored_or_refused() {
        let restored = Cell::new(0);
        proptest!(ProptestConfig::with_cases(64), |(
            choices: [u8; 4],
            rest in vec(any::<u8>(), 1..4),
        )| {
            let bytes = [choices.as_slice(), &rest].concat();
            restored.set(restored.get() + u32::from(super::snapshot_changed(&bytes)));
        });
        assert!((1..64).contains(&restored.get()), "{} of 64", restored.get());
    }
}
