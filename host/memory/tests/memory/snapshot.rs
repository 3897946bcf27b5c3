//! Snapshots: a store comes back as it was, each row is kept once, and what was forgotten never comes back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::channel,
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use proptest::prelude::*;
use voyager_base::{
    Digest,
    chance::{Chance, Seeded},
    clock::Timestamp,
    disk::{Disk, DiskFile},
    grant::Grants,
    memory::{ForgetMemory, MemoryService as _, Trust},
    sim::{CrashModel, SimClock, SimDisk, asking},
};
use voyager_memory::{
    Blame, Checked, Cost, Edge, Entry, Happened, Memory, MemoryId, OpenError, Options, OwnerKey,
    OwnerKind, Places, Record, Restored, Restoring, Service, SnapshotError, Taken, Which,
    check_snapshots, is_snapshot_file, restore, snapshots,
};

use crate::support::{ask, draft, now, options, texts, turn};

const SECRET: &str = "The vault opens with xylophone.";
const FOLDER: &str = "/backup";
const HOME: &str = "/home/memory";
const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

/// Folders by name; those that are away can't be reached.
#[derive(Clone, Default)]
struct Folders(Arc<Mutex<BTreeMap<String, SimDisk>>>);

impl fmt::Debug for Folders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Folders")
    }
}

impl Folders {
    fn with(name: &str, disk: &SimDisk) -> Self {
        let folders = Self::default();
        folders.put(name, disk);
        folders
    }

    fn put(&self, name: &str, disk: &SimDisk) {
        self.0.lock().unwrap().insert(name.to_owned(), disk.clone());
    }

    fn take(&self, name: &str) {
        self.0.lock().unwrap().remove(name);
    }
}

impl Places for Folders {
    fn open(&self, folder: &str, _make: bool) -> Result<Arc<dyn Disk>, String> {
        let disk = self.0.lock().unwrap().get(folder).cloned();
        disk.map(|it| Arc::new(it) as Arc<dyn Disk>).ok_or_else(|| "it is away".to_owned())
    }

    fn file_of(&self, folder: &str, name: &str) -> Option<Box<dyn DiskFile>> {
        let disk = self.0.lock().unwrap().get(folder).cloned()?;
        let is_there = disk.list().ok()?.iter().any(|it| it == name);
        is_there.then(|| disk.open(name).ok()).flatten()
    }
}

fn chance() -> Arc<dyn Chance> {
    Arc::new(Seeded::new(9))
}

fn try_open(
    disk: &SimDisk,
    folders: &Folders,
    owner: Option<&OwnerKey>,
) -> Result<Memory, OpenError> {
    let places: Option<Arc<dyn Places>> = Some(Arc::new(folders.clone()));
    let options = Options { places, owner: owner.cloned(), ..options() };
    Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7)))
}

fn open(disk: &SimDisk, folders: &Folders) -> Memory {
    try_open(disk, folders, None).unwrap()
}

fn take(memory: &Memory) -> Result<Taken, SnapshotError> {
    memory.snapshot(FOLDER, HOME, now(), &|_, _| true)
}

fn back(
    from: &SimDisk,
    to: &SimDisk,
    which: &Which,
    folders: &Folders,
    owner: Option<&OwnerKey>,
) -> Result<Restored, SnapshotError> {
    let restoring = Restoring {
        from: Arc::new(from.clone()),
        folder: FOLDER,
        to: Arc::new(to.clone()),
        owner: owner.cloned(),
        places: folders,
    };
    restore(&restoring, which, &chance(), &|_, _| true)
}

/// A snapshot of a folder as a store.
fn restored(from: &SimDisk, which: &Which) -> (SimDisk, Memory) {
    let to = SimDisk::new(1);
    // A folder is restored wherever it is: the store that it is of is not there.
    let away = Folders::with(FOLDER, from);
    back(from, &to, which, &away, None).unwrap();
    let memory = open(&to, &away);
    (to, memory)
}

/// What a store holds.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    records: BTreeMap<MemoryId, (Record, f64, bool, bool)>,
    relations: Vec<(u64, String, u64)>,
    trust: BTreeMap<MemoryId, Trust>,
    /// What was done to each record since it was written, and what stands for it.
    past: BTreeMap<MemoryId, (Blame, Option<MemoryId>)>,
    answers: Vec<Vec<(MemoryId, f64)>>,
}

fn held(memory: &Memory) -> Held {
    let all = memory.ids().into_iter().map(|id| {
        let weight = memory.weight(id).unwrap();
        let (pinned, archived) = (memory.is_pinned(id).unwrap(), memory.is_archived(id).unwrap());
        (id, (memory.record(id).unwrap(), weight, pinned, archived))
    });
    let relations = memory.all_relations().unwrap().into_iter();
    let mut relations: Vec<_> = relations.map(|it| (it.from.0, it.kind, it.to.0)).collect();
    relations.sort();
    let trust = memory.ids().into_iter();
    let trust = trust.map(|it| (it, memory.trust(it).unwrap())).collect();
    let past = memory.ids().into_iter();
    let past = past.map(|it| (it, (memory.blame(it).unwrap(), memory.standing_for(it))));
    let answer = |question: &str| {
        let recall = ask(memory, question);
        recall.hits.iter().map(|it| (it.record.id, it.score)).collect()
    };
    let answers = ["door", "vault xylophone", "text 3 thread"].map(answer).to_vec();
    Held { records: all.collect(), relations, trust, past: past.collect(), answers }
}

/// A store with a snapshot.
fn filled() -> (SimDisk, SimDisk, Folders, Memory) {
    let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
    let folders = Folders::with(FOLDER, &folder);
    let memory = open(&disk, &folders);
    let mut secret = turn("wardrobe", "Quentin", SECRET);
    secret.draft.tags = vec!["kazoo".to_owned()];
    let entries = [turn("wardrobe", "Ada", "The door is green."), secret, draft("noted").into()];
    let key = Digest::of(b"first");
    memory.remember(&entries, Some(&key), now()).unwrap();
    let edge = |from, to| Edge {
        from: MemoryId(from),
        to: MemoryId(to),
        kind: "glockenspiel".to_owned(),
        weight: 1.0,
    };
    memory.relate_all(&[edge(0, 1), edge(1, 2), edge(2, 0)], None, now()).unwrap();
    memory.pin(MemoryId(0), true, now()).unwrap();
    take(&memory).unwrap();
    (disk, folder, folders, memory)
}

fn slot(disk: &SimDisk, id: u64) -> Vec<u8> {
    disk.content("keys").unwrap()[512 + id as usize * 32..][..32].to_vec()
}

#[test]
fn a_snapshot_comes_back_and_goes_on() {
    let (_, folder, _, memory) = filled();
    let expected = held(&memory);
    let (to, again) = restored(&folder, &Which::Newest);
    assert_eq!(held(&again), expected);
    assert_eq!(again.remembered(&Digest::of(b"first")).unwrap().unwrap().len(), 3);
    assert_eq!(again.audit(9).unwrap(), memory.audit(9).unwrap());
    assert_eq!(again.verify(&|_, _| true).unwrap().unwrap().faults, []);
    let id = again.remember(&[draft("goes on").into()], None, now()).unwrap();
    assert_eq!(id, [MemoryId(3)]);
    // In the same folder, too.
    let taken = take(&again).unwrap();
    assert_eq!(taken.snapshot.name, "snapshot-00000002");
    drop(again);
    assert_eq!(open(&to, &Folders::default()).ids().len(), 4);
    // And the old one would mix what both wrote since.
    memory.remember(&[draft("another").into()], None, now()).unwrap();
    let refused = take(&memory).unwrap_err().to_string();
    assert!(refused.contains("later snapshots"), "{refused}");
    assert_eq!(snapshots(&folder).unwrap().whole.len(), 2);
}

#[test]
fn what_did_not_change_is_not_written_again() {
    let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
    let folders = Folders::with(FOLDER, &folder);
    let memory = open(&disk, &folders);
    for batch in 0..3 {
        let entry = |it| draft(&format!("text {}", batch * 4_096 + it)).into();
        let entries: Vec<_> = (0..4_096).map(entry).collect();
        memory.remember(&entries, None, now()).unwrap();
    }
    let first = take(&memory).unwrap();
    // Records and standings, the audit, and since when what is done to which record is noted.
    assert_eq!((first.snapshot.records, first.new_chunks), (3 * 4_096, 2 * 3 + 2));
    let again = take(&memory).unwrap();
    assert_eq!((again.new_chunks, again.new_bytes), (0, 0));
    memory.remember(&[draft("one more").into()], None, now()).unwrap();
    let later = take(&memory).unwrap();
    // A record, its standing, a line of the audit.
    assert_eq!(later.new_chunks, 3);
    assert!(later.new_bytes < 1_000, "{later:?}");
    let found = snapshots(&folder).unwrap();
    assert_eq!((found.whole.len(), found.damaged), (3, Vec::new()));
    assert!(found.bytes < later.snapshot.bytes + 1_000, "{}", found.bytes);
}

#[test]
fn forgetting_reaches_every_snapshot_before_it_is_acknowledged() {
    let (disk, folder, _, memory) = filled();
    let key = slot(&disk, 1);
    assert!(folder.holds(&key), "the search finds what is there");
    memory.remember(&[draft("later").into()], None, now()).unwrap();
    take(&memory).unwrap();
    let forgotten = memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert_eq!(forgotten.reached, [FOLDER]);
    assert_eq!(forgotten.pending, []);
    assert!(!folder.after_crash(CrashModel::Lost, 1).holds(&key), "even if the power fails now");
    take(&memory).unwrap();
    for word in [SECRET, "xylophone", "kazoo", "Quentin", "glockenspiel", "noted", HOME, "test 1"] {
        assert!(!folder.holds(word.as_bytes()), "{word}");
    }
    assert!(!folder.holds(&key));
    for number in 1..=3 {
        let which = Which::Named(format!("snapshot-0000000{number}"));
        let (to, again) = restored(&folder, &which);
        assert!(again.record(MemoryId(1)).is_err());
        assert_eq!(again.all_relations().unwrap().len(), 1, "{number}");
        assert!(!texts(&ask(&again, "vault xylophone")).contains(&SECRET));
        assert_eq!(again.verify(&|_, _| true).unwrap().unwrap().faults, []);
        assert!(!to.holds(&key) && slot(&to, 1) == [0; 32]);
        assert_eq!(slot(&to, 0), slot(&disk, 0), "and the others have theirs");
    }
}

#[test]
fn what_stood_for_others_and_was_forgotten_since_stands_for_none() {
    let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
    let folders = Folders::with(FOLDER, &folder);
    let memory = open(&disk, &folders);
    let same = || draft("The same again.").into();
    memory.remember(&[same(), same(), same()], None, now()).unwrap();
    memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
    take(&memory).unwrap();
    let stands = |memory: &Memory| [0, 1].map(|it| memory.standing_for(MemoryId(it)));
    assert_eq!(stands(&restored(&folder, &Which::Newest).1), [Some(MemoryId(2)); 2]);
    memory.forget(&[MemoryId(2)], None, now()).unwrap();
    let again = restored(&folder, &Which::Newest).1;
    assert_eq!(stands(&again), [None; 2]);
    assert_eq!(again.verify(&|_, _| true).unwrap().unwrap().faults, []);
}

/// What the owner vouches for, and may be made of another record.
fn derived(text: &str, of: Option<MemoryId>) -> Entry {
    let derived_from = of.into_iter().collect();
    Entry { trust: Trust::Owner, derived_from, ..turn("thread", "Ada", text) }
}

/// Forgetting lowers what is derived from what goes, in the store alone: a snapshot may be of before.
#[test]
fn nothing_that_comes_back_is_trusted_more_for_what_was_forgotten_since() {
    let id = MemoryId;
    for (trust, gone, expected) in [
        (Trust::Outside, [id(0)].as_slice(), Trust::Outside),
        (Trust::Imported, &[id(0)], Trust::Imported),
        (Trust::Owner, &[id(0)], Trust::Owner),
        // Nobody can read any more what m1 was derived from.
        (Trust::Owner, &[id(1)], Trust::Outside),
        (Trust::Outside, &[id(0), id(1)], Trust::Outside),
    ] {
        for is_away in [false, true] {
            let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
            let folders = Folders::with(FOLDER, &folder);
            let memory = open(&disk, &folders);
            let first = Entry { trust, ..draft("The page says so.").into() };
            memory.remember(&[first], None, now()).unwrap();
            memory.remember(&[derived("So it is.", Some(id(0)))], None, now()).unwrap();
            memory.remember(&[derived("So be it.", Some(id(1)))], None, now()).unwrap();
            memory.remember(&[derived("Another.", None)], None, now()).unwrap();
            // A relation of another kind says nothing of trust.
            let near = Edge { from: id(3), to: id(0), kind: "near".to_owned(), weight: 1.0 };
            memory.relate(&near, None, now()).unwrap();
            take(&memory).unwrap();
            if is_away {
                folders.take(FOLDER);
            }
            memory.forget(gone, None, now()).unwrap();
            let (to, home) = (SimDisk::new(3), Folders::with(HOME, &disk));
            let came = back(&folder, &to, &Which::Newest, &home, None).unwrap();
            assert_eq!(came.withheld > 0, is_away);
            assert_eq!(came.derived, [id(if gone.contains(&id(1)) { 2 } else { 1 })]);
            let again = open(&to, &home);
            let found = [2, 3].map(|it| again.trust(id(it)).unwrap());
            assert_eq!(found, [expected, Trust::Owner], "{trust:?} without {gone:?}, {is_away}");
            assert_eq!(again.verify(&|_, _| true).unwrap().unwrap().faults, []);
        }
    }
}

#[test]
fn a_folder_that_is_away_is_named_and_caught_up_with() {
    let (disk, folder, folders, memory) = filled();
    let key = slot(&disk, 1);
    folders.take(FOLDER);
    let forgotten = memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert_eq!(forgotten.pending, [(FOLDER.to_owned(), "it is away".to_owned())]);
    assert_eq!(memory.snapshot_folders().unwrap(), [(FOLDER.to_owned(), true)]);
    assert!(folder.holds(&key), "nobody could reach it");
    // While the store is there to tell, it does not come back. Its word alone destroys nothing in the folder.
    let home = Folders::with(HOME, &disk);
    let left = folder.after_crash(CrashModel::Clean, 1);
    let to = SimDisk::new(3);
    let came = back(&left, &to, &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.forgotten, came.withheld), (2, 1, 1));
    assert!(left.holds(&key) && !to.holds(&key));
    // What goes on in its place knows that the folder is behind.
    let away = Folders::with(FOLDER, &left);
    let again = open(&to, &away);
    assert_eq!(again.snapshot_folders().unwrap(), [(FOLDER.to_owned(), true)]);
    again.forget(&[MemoryId(2)], None, now()).unwrap();
    assert!(!left.holds(&key));
    // What is forgotten next catches up with the folder, once it is there.
    folders.put(FOLDER, &folder);
    let forgotten = memory.forget(&[MemoryId(2)], None, now()).unwrap();
    assert_eq!((forgotten.reached.len(), forgotten.pending.len()), (1, 0));
    assert!(!folder.holds(&key));
    // And so does a snapshot.
    folders.take(FOLDER);
    let last = slot(&disk, 0);
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    assert!(folder.holds(&last));
    folders.put(FOLDER, &folder);
    take(&memory).unwrap();
    assert!(!folder.holds(&last));
    assert_eq!(memory.snapshot_folders().unwrap(), [(FOLDER.to_owned(), false)]);
    memory.leave_snapshots(FOLDER).unwrap();
    assert_eq!(memory.snapshot_folders().unwrap(), []);
}

/// Rows that do not change lie in chunks that every snapshot names.
#[test]
fn a_chunk_that_rots_is_written_again_by_the_next_snapshot() {
    let (_, folder, _, memory) = filled();
    let expected = held(&memory);
    for damage in [
        (|folder, name| SimDisk::flip_bit(folder, name, 99)) as fn(&SimDisk, &str),
        |folder, name| folder.truncate(name, 7),
        |folder, name| folder.open(name).unwrap().write_at(1 << 20, b"more").unwrap(),
    ] {
        let all = chunks(&folder);
        all.iter().for_each(|it| damage(&folder, it));
        let newest = Which::Newest;
        let error = back(&folder, &SimDisk::new(3), &newest, &Folders::default(), None);
        assert!(error.unwrap_err().to_string().contains("is damaged"));
        let taken = take(&memory).unwrap();
        assert_eq!((taken.new_chunks, taken.mended), (0, all.len() as u64));
        assert_eq!(take(&memory).unwrap().mended, 0);
        for number in whole(&folder) {
            let which = Which::Named(format!("snapshot-0000000{number}"));
            assert_eq!(held(&restored(&folder, &which).1), expected);
        }
    }
}

fn checked(folder: &SimDisk, owner: Option<&OwnerKey>) -> Result<Checked, SnapshotError> {
    check_snapshots(&(Arc::new(folder.clone()) as Arc<dyn Disk>), owner, &|_, _| true)
}

#[test]
fn all_of_a_folder_is_read_and_what_is_damaged_is_told() {
    let (_, folder, _, memory) = filled();
    let first = chunks(&folder);
    memory.remember(&[draft("later").into(), draft("gone").into()], None, now()).unwrap();
    take(&memory).unwrap();
    memory.forget(&[MemoryId(4)], None, now()).unwrap();
    let listed = snapshots(&folder).unwrap();
    let expected = Checked {
        snapshots: listed.clone(),
        chunks: chunks(&folder).len() as u64,
        opened: true,
        ..Checked::default()
    };
    assert_eq!(checked(&folder, None).unwrap(), expected, "what was forgotten is no damage");
    let before = folder.clone().content("keys").unwrap();

    // A key: of records that both snapshots have.
    folder.flip_bit("keys", (512 + 32) * 8 + 7);
    let unopened = vec![MemoryId(1)];
    assert_eq!(checked(&folder, None).unwrap(), Checked { unopened, ..expected.clone() });
    folder.flip_bit("keys", (512 + 32) * 8 + 7);
    assert_eq!(folder.content("keys").unwrap(), before);
    assert_eq!(checked(&folder, None).unwrap(), expected);

    // A part that the second snapshot alone has, and one of both.
    let new = chunks(&folder).into_iter().find(|it| !first.contains(it)).unwrap();
    folder.flip_bit(&new, 99);
    let found = checked(&folder, None).unwrap().snapshots;
    assert_eq!(found.whole, listed.whole[..1]);
    let problem = format!("{new} is damaged: its bytes are not what was written");
    assert_eq!(found.damaged, [("snapshot-00000002".to_owned(), problem)]);
    assert_eq!(snapshots(&folder).unwrap(), listed, "a list reads none");
    chunks(&folder).iter().filter(|it| **it != new).for_each(|it| folder.truncate(it, 3));
    let found = checked(&folder, None).unwrap().snapshots;
    assert_eq!((found.whole.len(), found.damaged.len()), (0, 2));
    assert!(found.damaged[0].1.contains("more of its parts are damaged"), "{found:?}");
    // The next snapshot mends what it has in common with them.
    take(&memory).unwrap();
    assert_eq!(checked(&folder, None).unwrap().snapshots.whole.last().unwrap().records, 4);
}

/// What is not signed says nothing, whole as it may look: neither how many records there are, nor which parts are read.
#[test]
fn a_list_of_parts_that_somebody_else_wrote_is_told() {
    let (_, folder, _, memory) = filled();
    memory.remember(&[draft("later").into()], None, now()).unwrap();
    take(&memory).unwrap();
    let whole = snapshots(&folder).unwrap().whole;
    let file = folder.open("snapshot-00000002").unwrap();
    // Behind a line of 34 bytes and a length of 8 lies the hash of the body, which begins at 512.
    let written = folder.content("snapshot-00000002").unwrap();
    let mut foreign = 0;
    for bit in 0..(written.len() - 512) * 8 {
        let mut body = written[512..].to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        file.write_at(42, &Digest::of(&body).0).unwrap();
        file.write_at(512, &body).unwrap();
        let found = checked(&folder, None).unwrap_or_else(|it| panic!("bit {bit}: {it}"));
        assert_eq!(found.snapshots.whole, whole[..1], "bit {bit}");
        assert_eq!(found.unopened, [], "bit {bit}");
        let [(_, problem)] = found.snapshots.damaged.as_slice() else { panic!("bit {bit}") };
        foreign += usize::from(problem.contains("its signature"));
    }
    assert!(foreign > 1_000, "{foreign} of them can be read");
}

#[test]
fn reading_a_folder_stops_when_it_is_told_to() {
    let (_, folder, _, _memory) = filled();
    let disk: Arc<dyn Disk> = Arc::new(folder.clone());
    let stopped = check_snapshots(&disk, None, &|done, total| {
        assert_eq!(total, chunks(&folder).len() as u64);
        done < 2
    });
    assert_eq!(stopped, Err(SnapshotError::Stopped));
    folder.remove("keys").unwrap();
    let told = checked(&folder, None).unwrap_err().to_string();
    assert_eq!(told, "keys is damaged: it is missing, or no file of keys");
}

/// A bit of a key in the store is another one: the folder has the last good key of the record.
#[test]
fn a_key_that_is_damaged_in_the_store_stays_whole_in_the_folder() {
    let (disk, folder, folders, memory) = filled();
    let expected = held(&memory);
    drop(memory);
    let key = slot(&folder, 1);
    disk.flip_bit("keys", (512 + 32) * 8);
    let memory = open(&disk, &folders);
    assert!(memory.record(MemoryId(1)).is_err());
    let new = memory.remember(&[draft("later").into()], None, now()).unwrap()[0];
    let taken = take(&memory).unwrap();
    assert_eq!(taken.damaged, [MemoryId(1)]);
    assert_eq!(slot(&folder, 1), key);
    assert_eq!(slot(&folder, new.0), slot(&disk, new.0), "and those that are new are there");
    let (_, again) = restored(&folder, &Which::Named("snapshot-00000001".to_owned()));
    assert_eq!(held(&again), expected);
    // What is forgotten is, damaged or not.
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert!(!folder.holds(&key));
    assert_eq!(take(&memory).unwrap().damaged, []);
}

/// Damage in the folder is mended with what the store has whole.
#[test]
fn a_key_that_is_damaged_in_the_folder_is_written_again() {
    let (disk, folder, _, memory) = filled();
    folder.flip_bit("keys", (512 + 32) * 8);
    let zeros = folder.open("keys").unwrap();
    zeros.write_at(512, &[0; 32]).unwrap();
    assert_eq!(take(&memory).unwrap().damaged, []);
    for id in 0..3 {
        assert_eq!(slot(&folder, id), slot(&disk, id));
    }
}

/// A block of the store's keys is zeros, as those of forgotten records are.
#[test]
fn keys_that_are_lost_in_the_store_are_no_forgotten_ones() {
    let (disk, folder, folders, memory) = filled();
    let expected = held(&memory);
    drop(memory);
    let keys: Vec<_> = (0..3).map(|it| slot(&folder, it)).collect();
    disk.open("keys").unwrap().write_at(512, &[0; 64]).unwrap();
    // What the check advises, while the damaged store is there to be asked.
    let home = Folders::with(HOME, &disk);
    let came = back(&folder, &SimDisk::new(3), &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.forgotten, came.withheld), (1, 2, 2));
    let there = || (0..3).map(|it| slot(&folder, it)).collect::<Vec<_>>();
    assert_eq!(there(), keys);
    let memory = open(&disk, &folders);
    assert_eq!(take(&memory).unwrap().damaged, [MemoryId(0), MemoryId(1)]);
    assert_eq!(there(), keys);
    // Catching up compares the two: what has a row is not forgotten.
    memory.remember(&[draft("later").into()], None, now()).unwrap();
    folders.take(FOLDER);
    memory.forget(&[MemoryId(2)], None, now()).unwrap();
    folders.put(FOLDER, &folder);
    memory.forget(&[MemoryId(3)], None, now()).unwrap();
    assert_eq!(there(), [keys[0].clone(), keys[1].clone(), vec![0; 32]]);
    // Once the damaged store is away both come back.
    let (_, again) = restored(&folder, &Which::Named("snapshot-00000001".to_owned()));
    for id in [MemoryId(0), MemoryId(1)] {
        assert_eq!(again.record(id).unwrap(), expected.records[&id].0);
    }
}

/// Slots that are written anew can't be compared with those that were there.
#[test]
fn a_folder_keeps_its_cover_while_records_are_damaged() {
    let owner = OwnerKey::new(OwnerKind::KeyFile, &[1; 32]).unwrap();
    let (disk, folder, folders, memory) = filled();
    let keys = folder.content("keys").unwrap();
    memory.lock(&owner, CHEAP).unwrap();
    disk.flip_bit("keys", (512 + 32) * 8);
    let refused = take(&memory).unwrap_err().to_string();
    assert!(
        refused.contains("opens with the earlier key") && refused.contains(": m1;"),
        "{refused}"
    );
    assert_eq!(folder.content("keys").unwrap(), keys);
    drop(memory);
    let memory = try_open(&disk, &folders, Some(&owner)).unwrap();
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert_eq!(take(&memory).unwrap().damaged, []);
    assert!(!folder.holds(&keys[512..544]));
}

#[test]
fn what_is_forgotten_while_a_snapshot_is_taken_is_not_in_it() {
    let (disk, folder, _, memory) = filled();
    memory.remember(&[draft("brand new").into()], None, now()).unwrap();
    let (key, new) = (slot(&disk, 1), slot(&disk, 3));
    let see = |done, _| {
        if done == 1 {
            let ids = [MemoryId(1), MemoryId(3)];
            let forgotten = memory.forget(&ids, None, now()).unwrap();
            assert_eq!((forgotten.reached.len(), forgotten.pending.len()), (1, 0));
            assert!(!folder.holds(&key), "it is acknowledged");
            let busy = memory.snapshot(FOLDER, HOME, now(), &|_, _| true).unwrap_err();
            assert_eq!(busy, SnapshotError::Busy);
        }
        true
    };
    let taken = memory.snapshot(FOLDER, HOME, now(), &see).unwrap();
    assert_eq!(taken.snapshot.records, 4, "it shows the commit before");
    assert!(!folder.holds(&key) && !folder.holds(&new));
    assert_eq!(restored(&folder, &Which::Newest).1.ids(), [MemoryId(0), MemoryId(2)]);
    let stopped = memory.snapshot(FOLDER, HOME, now(), &|_, _| false);
    assert_eq!(stopped, Err(SnapshotError::Stopped));
    take(&memory).unwrap();
    assert_eq!(snapshots(&folder).unwrap().whole.len(), 3);
}

#[test]
fn a_snapshot_that_is_stopped_leaves_nothing_pending_that_was_not() {
    let (disk, folder, folders, memory) = filled();
    let stopped = || memory.snapshot(FOLDER, HOME, now(), &|_, _| false).unwrap_err();
    assert_eq!(stopped(), SnapshotError::Stopped);
    assert_eq!(memory.snapshot_folders().unwrap(), [(FOLDER.to_owned(), false)]);
    let key = slot(&disk, 1);
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert!(!folder.holds(&key), "and what is forgotten then is gone there, too");
    folders.take(FOLDER);
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    folders.put(FOLDER, &folder);
    assert_eq!(stopped(), SnapshotError::Stopped);
    assert_eq!(memory.snapshot_folders().unwrap(), [(FOLDER.to_owned(), true)]);
}

/// A disk on which something happens whenever the first snapshot is read.
struct Watched(SimDisk, Arc<dyn Fn() + Send + Sync>);

impl Disk for Watched {
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        if name == "snapshot-00000001" {
            (self.1)();
        }
        self.0.open(name)
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.0.sync_folder()
    }
}

/// The place of such a folder.
struct Watching(SimDisk, Arc<dyn Fn() + Send + Sync>);

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watching")
    }
}

impl Places for Watching {
    fn open(&self, _: &str, _: bool) -> Result<Arc<dyn Disk>, String> {
        Ok(Arc::new(Watched(self.0.clone(), Arc::clone(&self.1))))
    }

    fn file_of(&self, _: &str, _: &str) -> Option<Box<dyn DiskFile>> {
        None
    }
}

#[test]
fn writes_go_on_while_a_slow_folder_is_read() {
    let memory: Arc<OnceLock<Memory>> = Arc::default();
    let (is_second, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (store, armed, count) = (Arc::clone(&memory), Arc::clone(&is_second), Arc::clone(&reads));
    let write = move || {
        if !armed.load(Ordering::Relaxed) {
            return;
        }
        count.fetch_add(1, Ordering::Relaxed);
        let (store, (told, done)) = (Arc::clone(&store), channel());
        thread::spawn(move || {
            let memory = store.get().expect("it is open");
            memory.remember(&[draft("meanwhile").into()], None, now()).expect("there is room");
            told.send(())
        });
        done.recv_timeout(Duration::from_secs(60)).expect("it is written");
    };
    let places: Arc<dyn Places> = Arc::new(Watching(SimDisk::new(2), Arc::new(write)));
    let options = Options { places: Some(places), ..options() };
    let opened = Memory::open(Arc::new(SimDisk::new(1)), options, chance()).unwrap();
    let memory = memory.get_or_init(|| opened);
    memory.remember(&[draft("The door is green.").into()], None, now()).unwrap();
    take(memory).unwrap();
    is_second.store(true, Ordering::Relaxed);
    assert_eq!(take(memory).unwrap().snapshot.records, 2, "what is written then is in it");
    assert_eq!(reads.load(Ordering::Relaxed), 1);
}

/// Where no snapshot of it is noted under a path, the newest there tells whether it took that one.
#[test]
fn a_folder_that_was_moved_goes_on_where_it_is_now() {
    const MOVED: &str = "/moved";
    let (disk, folder, folders, memory) = filled();
    let into = |name| memory.snapshot(name, HOME, now(), &|_, _| true);
    let key = slot(&disk, 1);
    // The place of before may be a copy that is away.
    let copy = folder.after_crash(CrashModel::Clean, 1);
    folders.take(FOLDER);
    folders.put(MOVED, &folder);
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert_eq!(into(MOVED).unwrap().snapshot.name, "snapshot-00000002");
    assert!(!folder.holds(&key), "it catches up");
    let known = [(FOLDER.to_owned(), true), (MOVED.to_owned(), false)];
    assert_eq!(memory.snapshot_folders().unwrap(), known);
    memory.forget(&[MemoryId(2)], None, now()).unwrap();
    folders.put(FOLDER, &copy);
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    assert!(!copy.holds(&key));
    // It may be the one that lay there before, too: that has to be given up as well.
    memory.leave_snapshots(MOVED).unwrap();
    assert_eq!(into(MOVED).unwrap().snapshot.name, "snapshot-00000003");
    [MOVED, FOLDER].iter().for_each(|it| memory.leave_snapshots(it).unwrap());
    let refused = into(MOVED).unwrap_err().to_string();
    assert!(refused.contains("it left this folder"), "{refused}");
}

/// Two sticks that are plugged in by turns.
#[test]
fn of_two_folders_in_one_place_the_one_that_is_away_is_pending() {
    let (disk, one, folders, memory) = filled();
    let other = SimDisk::new(5);
    let names = || -> Vec<(String, bool)> { memory.snapshot_folders().unwrap() };
    let plug = |stick: &SimDisk| {
        folders.take(FOLDER);
        folders.put(FOLDER, stick);
    };
    plug(&other);
    assert_eq!(take(&memory).unwrap().snapshot.name, "snapshot-00000001");
    let keys = [0, 1, 2].map(|it| slot(&disk, it));
    let forget = |id| memory.forget(&[MemoryId(id)], None, now()).unwrap();
    let told = forget(0);
    assert_eq!((told.reached.len(), told.pending.len()), (1, 1), "{told:?}");
    assert_eq!(told.pending[0].1, "another folder lies there now");
    assert!(one.holds(&keys[0]) && !other.holds(&keys[0]));
    let named = names();
    let [here, away] = [&told.reached[0], &told.pending[0].0].map(String::clone);
    assert!(named.contains(&(here.clone(), false)) && named.contains(&(away.clone(), true)));
    assert!(here != away && [&here, &away].iter().all(|it| it.starts_with("/backup#")));
    // Each is caught up with where it is there.
    plug(&one);
    let told = forget(1);
    assert_eq!((&told.reached[0], &told.pending[0].0), (&away, &here));
    assert!(!one.holds(&keys[0]) && !one.holds(&keys[1]) && other.holds(&keys[1]));
    plug(&other);
    assert_eq!(take(&memory).unwrap().snapshot.name, "snapshot-00000002");
    assert!(!other.holds(&keys[1]));
    assert!(names().iter().all(|it| !it.1), "{:?}", names());
    // One that is given up leaves the other its name.
    memory.leave_snapshots(&away).unwrap();
    assert_eq!(names(), [(FOLDER.to_owned(), false)]);
    forget(2);
    assert!(one.holds(&keys[2]) && !other.holds(&keys[2]));
}

#[test]
fn what_is_restored_knows_the_other_folders() {
    const OTHER: &str = "/other";
    for is_away in [false, true] {
        let (disk, folder, folders, memory) = filled();
        let other = SimDisk::new(5);
        folders.put(OTHER, &other);
        memory.snapshot(OTHER, HOME, now(), &|_, _| true).unwrap();
        let key = slot(&disk, 1);
        // A snapshot of before the other folder says nothing of it.
        let names = |which: &Which| {
            let to = SimDisk::new(3);
            let came = back(&folder, &to, which, &folders, None).unwrap();
            (came.elsewhere, open(&to, &folders))
        };
        assert_eq!(names(&Which::Newest).0, [""; 0]);
        take(&memory).unwrap();
        let (elsewhere, again) = names(&Which::Newest);
        assert_eq!(elsewhere, [OTHER]);
        let known = [(FOLDER.to_owned(), false), (OTHER.to_owned(), true)];
        assert_eq!(again.snapshot_folders().unwrap(), known);
        if is_away {
            folders.take(OTHER);
        }
        let told = again.forget(&[MemoryId(1)], None, now()).unwrap();
        assert!(!folder.holds(&key));
        assert_eq!(other.holds(&key), is_away);
        match is_away {
            true => assert_eq!(told.pending, [(OTHER.to_owned(), "it is away".to_owned())]),
            false => assert_eq!(told.reached, [FOLDER, OTHER]),
        }
        // What it took over it may go on with.
        folders.put(OTHER, &other);
        again.snapshot(OTHER, HOME, now(), &|_, _| true).unwrap();
        assert!(!other.holds(&key));
        assert!(again.snapshot_folders().unwrap().iter().all(|it| !it.1));
    }
}

#[test]
fn a_folder_that_lost_its_id_is_pending_until_the_next_snapshot() {
    let (disk, folder, _, memory) = filled();
    let (key, id) = (slot(&disk, 1), folder.content("folder").unwrap());
    for lost in [true, false] {
        match lost {
            true => folder.remove("folder").unwrap(),
            false => folder.open("folder").unwrap().write_at(40, &[1, 2, 3]).unwrap(),
        }
        let told = memory.forget(&[MemoryId(u64::from(lost))], None, now()).unwrap();
        assert_eq!((told.reached.len(), told.pending.len()), (0, 1));
        take(&memory).unwrap();
        assert_eq!(folder.content("folder").unwrap(), id);
        assert_eq!(memory.snapshot_folders().unwrap(), [(FOLDER.to_owned(), false)]);
    }
    assert!(!folder.holds(&key));
}

/// A stick that is plugged in here and there.
#[test]
fn a_folder_that_came_back_goes_on_and_forgets_what_it_got_elsewhere() {
    const OTHER: &str = "/other";
    for leaves in [false, true] {
        let (disk, folder, folders, memory) = filled();
        let into = |name| memory.snapshot(name, HOME, now(), &|_, _| true);
        let moved = |from, to| {
            folders.take(from);
            folders.put(to, &folder);
        };
        moved(FOLDER, OTHER);
        memory.remember(&[draft("The cellar opens with 1234.").into()], None, now()).unwrap();
        into(OTHER).unwrap();
        let key = slot(&disk, 3);
        moved(OTHER, FOLDER);
        if leaves {
            memory.leave_snapshots(OTHER).unwrap();
        }
        let told = memory.forget(&[MemoryId(3)], None, now()).unwrap();
        assert!(told.reached == [FOLDER] && told.pending.is_empty() == leaves, "{told:?}");
        assert!(!folder.holds(&key));
        assert_eq!(into(FOLDER).unwrap().snapshot.name, "snapshot-00000003");
    }
}

#[test]
fn a_folder_that_is_given_up_while_a_snapshot_is_taken_gets_none() {
    let (disk, _, folders, memory) = filled();
    let other = SimDisk::new(5);
    folders.put("/other", &other);
    let see = |_, _| {
        memory.leave_snapshots("/other").unwrap();
        true
    };
    let refused = memory.snapshot("/other", HOME, now(), &see).unwrap_err().to_string();
    assert!(refused.contains("it was given up meanwhile"), "{refused}");
    assert!([0, 1, 2].iter().all(|it| !other.holds(&slot(&disk, *it))));
    assert_eq!(memory.snapshot_folders().unwrap().len(), 1);
}

#[test]
fn a_folder_that_lost_its_id_is_one_folder_also_when_it_is_restored() {
    let (_, folder, folders, memory) = filled();
    take(&memory).unwrap();
    folder.remove("folder").unwrap();
    let to = SimDisk::new(3);
    let came = back(&folder, &to, &Which::Newest, &folders, None).unwrap();
    assert_eq!(came.elsewhere, [""; 0]);
    let again = open(&to, &folders);
    take(&again).unwrap();
    assert_eq!(again.snapshot_folders().unwrap(), [(FOLDER.to_owned(), false)]);
}

/// Whoever can write into the folder can say what he likes there, and not sign it.
#[test]
fn what_somebody_else_wrote_is_no_later_snapshot() {
    let (_, folder, _, memory) = filled();
    let written = folder.content("snapshot-00000001").unwrap();
    let file = folder.open("snapshot-00000009").unwrap();
    file.write_at(0, &written).unwrap();
    // The number stands behind the three bytes of a list. Its hash lies behind a line of 34 bytes and a length of 8.
    assert_eq!(written[512 + 3], 1);
    file.write_at(512 + 3, &[9]).unwrap();
    let body = folder.content("snapshot-00000009").unwrap()[512..].to_vec();
    file.write_at(42, &Digest::of(&body).0).unwrap();
    assert_eq!(snapshots(&folder).unwrap().whole.len(), 2, "without a key nobody can tell");
    // It is in nobody's way, unless it is asked for.
    let away = Folders::with(FOLDER, &folder);
    for which in [Which::Newest, Which::At(now())] {
        let came = back(&folder, &SimDisk::new(3), &which, &away, None).unwrap();
        assert_eq!((came.snapshot.name.as_str(), came.records), ("snapshot-00000001", 3));
        let [(name, problem)] = came.passed_over.as_slice() else { panic!("{came:?}") };
        assert!(name == "snapshot-00000009" && problem.contains("its signature"), "{problem}");
    }
    let named = Which::Named("snapshot-00000009".to_owned());
    let refused = back(&folder, &SimDisk::new(3), &named, &away, None).unwrap_err().to_string();
    assert!(refused.contains("its signature"), "{refused}");
    assert_eq!(take(&memory).unwrap().snapshot.name, "snapshot-00000010");
}

#[test]
fn a_snapshot_of_an_older_program_comes_back_and_that_of_a_newer_one_is_told() {
    let (_, folder, folders, memory) = filled();
    let (name, before) = ("snapshot-00000001", "voyager memory snapshot, format ".len() as u64);
    let file = folder.open(name).unwrap();
    file.write_at(before, b"1").unwrap();
    let to = SimDisk::new(3);
    back(&folder, &to, &Which::Named(name.to_owned()), &folders, None).unwrap();
    assert_eq!(held(&open(&to, &folders)), held(&memory));
    for older in [b"2", b"3", b"4"] {
        file.write_at(before, older).unwrap();
        back(&folder, &SimDisk::new(4), &Which::Named(name.to_owned()), &folders, None).unwrap();
    }
    file.write_at(before, b"7").unwrap();
    let newer = (name.to_owned(), "a newer program wrote it".to_owned());
    assert_eq!(snapshots(&folder).unwrap().damaged, [newer]);
}

#[test]
fn a_locked_store_makes_locked_snapshots() {
    let key = |seed| OwnerKey::new(OwnerKind::KeyFile, &[seed; 32]).unwrap();
    let (_, folder, folders, memory) = filled();
    let told = [folder.content("owner").unwrap()[85..149].to_vec(), slot(&folder, 0)];
    memory.lock(&key(1), CHEAP).unwrap();
    assert!(told.iter().all(|it| folder.holds(it)), "it is open as it was until the next snapshot");
    take(&memory).unwrap();
    assert!(told.iter().all(|it| !folder.holds(it)), "and its old snapshots are locked with it");
    let away = Folders::with(FOLDER, &folder);
    let which = |number| Which::Named(format!("snapshot-0000000{number}"));
    let refused = |owner: Option<&OwnerKey>| {
        back(&folder, &SimDisk::new(3), &which(1), &away, owner).unwrap_err()
    };
    let kind = OwnerKind::KeyFile;
    assert_eq!(refused(None), SnapshotError::Open(OpenError::Locked { kind }));
    assert_eq!(refused(Some(&key(2))), SnapshotError::Open(OpenError::WrongKey { kind }));
    let found = checked(&folder, None).unwrap();
    assert_eq!((found.opened, found.snapshots.whole.len()), (false, 2));
    let opened = checked(&folder, Some(&key(1))).unwrap();
    assert_eq!(opened, Checked { opened: true, ..found });
    let wrong = checked(&folder, Some(&key(2))).unwrap_err();
    assert_eq!(wrong, SnapshotError::Open(OpenError::WrongKey { kind }));
    memory.lock(&key(2), CHEAP).unwrap();
    let to = SimDisk::new(4);
    back(&folder, &to, &which(1), &away, Some(&key(1))).unwrap();
    assert!(try_open(&to, &folders, None).is_err(), "what is restored is locked as well");
    assert_eq!(held(&try_open(&to, &away, Some(&key(1))).unwrap()), held(&memory));
    // The folder itself was locked with the old key until now.
    take(&memory).unwrap();
    assert_eq!(refused(Some(&key(1))), SnapshotError::Open(OpenError::WrongKey { kind }));
    back(&folder, &SimDisk::new(5), &which(1), &away, Some(&key(2))).unwrap();
    memory.unlock().unwrap();
    take(&memory).unwrap();
    assert_eq!(held(&restored(&folder, &which(2)).1), held(&memory));
}

#[test]
fn a_folder_that_opens_otherwise_than_its_store_is_named() {
    let key = |seed| OwnerKey::new(OwnerKind::KeyFile, &[seed; 32]).unwrap();
    let (_, folder, folders, memory) = filled();
    let (none, here) = ((Vec::new(), Vec::new()), (vec![FOLDER.to_owned()], Vec::new()));
    assert_eq!(memory.open_otherwise().unwrap(), none);
    for owner in [Some(key(1)), Some(key(2)), None] {
        match owner {
            Some(key) => memory.lock(&key, CHEAP).unwrap(),
            None => memory.unlock().unwrap(),
        }
        assert_eq!(memory.open_otherwise().unwrap(), here);
        take(&memory).unwrap();
        assert_eq!(memory.open_otherwise().unwrap(), none);
    }
    folders.take(FOLDER);
    let away = (Vec::new(), vec![(FOLDER.to_owned(), "it is away".to_owned())]);
    assert_eq!(memory.open_otherwise().unwrap(), away);
    folders.put(FOLDER, &SimDisk::new(8));
    assert_eq!(memory.open_otherwise().unwrap().1.len(), 1, "another folder tells nothing");
    folders.put(FOLDER, &folder);
    assert_eq!(memory.open_otherwise().unwrap(), none);
}

#[test]
fn foreign_and_damaged_folders_are_refused_in_words() {
    let (_, folder, folders, memory) = filled();
    let into = |name: &str| memory.snapshot(name, HOME, now(), &|_, _| true);
    let letters = SimDisk::new(8);
    drop(letters.open("letter").unwrap());
    folders.put("/letters", &letters);
    let holds = into("/letters").unwrap_err().to_string();
    assert!(holds.contains("it holds other files"), "{holds}");
    let away = into("/gone").unwrap_err().to_string();
    assert!(away.contains("cannot use /gone: it is away"), "{away}");
    assert_eq!(memory.snapshot_folders().unwrap().len(), 1, "only that with snapshots is known");
    let other = SimDisk::new(7);
    let other = open(&other, &folders);
    other.remember(&[draft("another store").into()], None, now()).unwrap();
    let foreign = take(&other).unwrap_err().to_string();
    assert!(foreign.contains("another memory"), "{foreign}");

    let to = SimDisk::new(3);
    let error = |which: &Which| back(&folder, &to, which, &folders, None).unwrap_err();
    let named = |name: &str| Which::Named(name.to_owned());
    assert!(error(&named("snapshot-00000009")).to_string().contains("no snapshot `snapshot-"));
    assert!(error(&named("yesterday")).to_string().contains("no snapshot `yesterday`"));
    let before = error(&Which::At(Timestamp::from_millis(1))).to_string();
    assert!(before.contains("or before"), "{before}");
    let full = SimDisk::new(3);
    open(&full, &folders).remember(&[draft("full").into()], None, now()).unwrap();
    let error_of = |to: &SimDisk| back(&folder, to, &Which::Newest, &folders, None).unwrap_err();
    assert_eq!(error_of(&full), SnapshotError::NotEmpty);
    // One into which nothing was ever written is none.
    drop(open(&to, &folders));

    // That of the records: what the audit says is read before anything is begun.
    let chunk = chunks(&folder).into_iter().max_by_key(|it| folder.content(it).unwrap().len());
    let chunk = chunk.unwrap();
    memory.remember(&[draft("later").into()], None, now()).unwrap();
    take(&memory).unwrap();
    folder.flip_bit("snapshot-00000002", 600 * 8);
    let found = snapshots(&folder).unwrap();
    assert_eq!((found.whole.len(), found.damaged.len()), (1, 1));
    let damaged = error(&named("snapshot-00000002")).to_string();
    assert!(damaged.contains("snapshot-00000002 is damaged"), "{damaged}");
    folder.flip_bit(&chunk, 99);
    folder.flip_bit("snapshot-00000001", 90 * 8);
    let signed = error(&named("snapshot-00000001")).to_string();
    assert!(signed.contains("its signature"), "{signed}");
    folder.flip_bit("snapshot-00000001", 90 * 8);
    let damaged = error(&named("snapshot-00000001")).to_string();
    assert!(damaged.contains("chunk-") && damaged.contains("is damaged"), "{damaged}");
    // What was begun does not count, and is no hindrance.
    let unfinished = try_open(&to, &folders, None).map(drop).unwrap_err().to_string();
    assert!(unfinished.contains("restore it again"), "{unfinished}");
    folder.flip_bit(&chunk, 99);
    back(&folder, &to, &named("snapshot-00000001"), &folders, None).unwrap();
    assert_eq!(open(&to, &folders).ids().len(), 3);
    folder.remove(&chunk).unwrap();
    let found = snapshots(&folder).unwrap();
    assert!(found.damaged.iter().any(|it| it.1.contains("is missing")), "{found:?}");
}

#[test]
fn files_that_are_merely_named_as_ours_stay_and_are_told() {
    let (_, folder, _, memory) = filled();
    let put = |name: &str| folder.open(name).unwrap().write_at(0, b"my notes").unwrap();
    let capitals = format!("chunk-{}", "AB".repeat(32));
    for name in ["chunk-notes.txt", "chunk-", &format!("chunk-{}", "a".repeat(63)), &capitals] {
        put(name);
        assert!(!is_snapshot_file(name), "{name}");
        let refused = take(&memory).unwrap_err().to_string();
        assert!(refused.contains("it holds other files"), "{name}: {refused}");
        memory.thin_snapshots(FOLDER, 1).unwrap();
        assert_eq!(folder.content(name).as_deref(), Some(b"my notes".as_slice()));
        folder.remove(name).unwrap();
    }
    let last = "snapshot-18446744073709551615";
    put(last);
    let refused = take(&memory).unwrap_err().to_string();
    assert!(refused.contains(&format!("no number is left behind {last}")), "{refused}");
    assert_eq!(snapshots(&folder).unwrap().damaged[0].0, last);
    assert!(chunks(&folder).iter().all(|it| is_snapshot_file(it)));
    folder.remove(last).unwrap();
    put("snapshot-00000005");
    assert_eq!(take(&memory).unwrap().snapshot.name, "snapshot-00000006");
    assert!(folder.content("snapshot-00000005").is_some());
    assert_eq!(restored(&folder, &Which::Newest).1.ids(), memory.ids());
}

/// A crash of the folder's disk at any call: earlier snapshots stay, the new one is whole or none, and the next one
/// is taken. Nothing that is forgotten comes back.
#[test]
fn a_crash_while_a_snapshot_is_taken_loses_no_other() {
    let begin = || {
        let (disk, folder, folders, memory) = filled();
        let expected = held(&memory);
        memory.remember(&[draft("later").into()], None, now()).unwrap();
        folders.take(FOLDER);
        memory.forget(&[MemoryId(2)], None, now()).unwrap();
        folders.put(FOLDER, &folder);
        (disk, folder, folders, memory, expected)
    };
    let (_, folder, _, memory, _) = begin();
    let before = folder.calls();
    take(&memory).unwrap();
    let calls = folder.calls() - before;
    let mut found = [0; 2];
    for call in 1..=calls {
        let model = CrashModel::ALL[call as usize % 4];
        let at = format!("call {call}, {model:?}");
        let (disk, folder, folders, memory, expected) = begin();
        folder.crash_at(folder.calls() + call);
        let done = take(&memory).is_ok();
        let left = folder.after_crash(model, call);
        folders.put(FOLDER, &left);
        let listed = snapshots(&left).unwrap();
        assert_eq!(listed.damaged, [], "{at}");
        assert!(listed.whole.len() == 2 || !done, "{at}: it was acknowledged");
        found[listed.whole.len() - 1] += 1;
        for (number, it) in listed.whole.iter().enumerate() {
            let to = SimDisk::new(3);
            let home = Folders::with(HOME, &disk);
            back(&left, &to, &Which::Named(it.name.clone()), &home, None).expect(&at);
            let again = open(&to, &home);
            let ids: Vec<u64> = again.ids().iter().map(|it| it.0).collect();
            assert_eq!(ids, if number == 0 { vec![0, 1] } else { vec![0, 1, 3] }, "{at}");
            let record = again.record(MemoryId(1)).unwrap();
            assert_eq!(record, expected.records[&MemoryId(1)].0, "{at}");
        }
        take(&memory).expect(&at);
        assert_eq!(slot(&left, 2), [0; 32], "{at}");
        let chunks = left.list().unwrap().into_iter().filter(|it| it.starts_with("chunk-")).count();
        assert!(chunks <= 12, "{at}: {chunks} chunks, some of which nobody needs");
        // A store that was ended then goes on as well.
        drop(memory);
        take(&open(&disk, &folders)).expect(&at);
    }
    assert!(found.iter().all(|it| 0 < *it), "{found:?}");
}

/// Names of the whole snapshots of a folder, by their numbers.
fn whole(folder: &SimDisk) -> Vec<u64> {
    let found = snapshots(folder).unwrap();
    assert_eq!(found.damaged, []);
    let number = |it: &voyager_memory::Listed| it.name.trim_start_matches("snapshot-").parse();
    found.whole.iter().map(|it| number(it).unwrap()).collect()
}

fn chunks(folder: &SimDisk) -> BTreeSet<String> {
    folder.list().unwrap().into_iter().filter(|it| it.starts_with("chunk-")).collect()
}

/// A store with four snapshots, and what it held at the last two.
fn with_four() -> (SimDisk, Folders, Memory, [Held; 2]) {
    let (_, folder, folders, memory) = filled();
    let mut held_then = Vec::new();
    for number in 0..3 {
        memory.remember(&[draft(&format!("later {number}")).into()], None, now()).unwrap();
        take(&memory).unwrap();
        held_then.push(held(&memory));
    }
    let last = [held_then[1].clone(), held_then[2].clone()];
    (folder, folders, memory, last)
}

#[test]
fn older_snapshots_are_removed_with_what_no_other_needs() {
    let (folder, _, memory, last) = with_four();
    let before = chunks(&folder);
    let nothing = memory.thin_snapshots(FOLDER, 4).unwrap();
    assert_eq!((nothing.removed.len(), nothing.bytes), (0, 0));
    assert_eq!(chunks(&folder), before);
    let thinned = memory.thin_snapshots(FOLDER, 2).unwrap();
    assert_eq!(thinned.removed, ["snapshot-00000001", "snapshot-00000002"]);
    assert_eq!(thinned.aside, []);
    assert_eq!(whole(&folder), [3, 4]);
    let after = chunks(&folder);
    assert!(after.is_subset(&before) && after.len() < before.len());
    let gone: u64 = before.difference(&after).count() as u64;
    assert!(thinned.bytes > 0 && gone > 0, "{thinned:?}");
    for (which, expected) in ["snapshot-00000003", "snapshot-00000004"].iter().zip(&last) {
        let (_, again) = restored(&folder, &Which::Named((*which).to_owned()));
        assert_eq!(held(&again), *expected);
    }
    // Numbers go on, and forgetting still reaches what stays.
    assert_eq!(take(&memory).unwrap().snapshot.name, "snapshot-00000005");
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert_eq!(slot(&folder, 1), [0; 32]);
    // One at least stays.
    memory.thin_snapshots(FOLDER, 0).unwrap();
    assert_eq!(whole(&folder), [5]);
    assert_eq!(restored(&folder, &Which::Newest).1.ids().len(), 5);
}

#[test]
fn what_is_damaged_or_of_another_memory_is_named_and_stays() {
    let (folder, folders, memory, _) = with_four();
    folder.flip_bit("snapshot-00000002", 600 * 8);
    // Another signature: it may be of anybody.
    folder.flip_bit("snapshot-00000001", 90 * 8);
    let before = chunks(&folder);
    let thinned = memory.thin_snapshots(FOLDER, 1).unwrap();
    assert_eq!(thinned.removed, ["snapshot-00000003"]);
    let names: Vec<&str> = thinned.aside.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(names, ["snapshot-00000001", "snapshot-00000002"]);
    assert_eq!((chunks(&folder), thinned.bytes), (before, 0), "the damaged one may need any");
    folder.flip_bit("snapshot-00000002", 600 * 8);
    take(&memory).unwrap();
    // The one that cannot be told is whole again; the foreign one stays, with its chunks.
    let thinned = memory.thin_snapshots(FOLDER, 1).unwrap();
    assert_eq!(thinned.removed, ["snapshot-00000002", "snapshot-00000004"]);
    folder.flip_bit("snapshot-00000001", 90 * 8);
    assert_eq!(restored(&folder, &Which::Named("snapshot-00000001".to_owned())).1.ids().len(), 3);
    // Without one of its chunks a snapshot is none of those that are kept.
    let needed = {
        let one = chunks(&folder);
        memory.remember(&[draft("one more").into()], None, now()).unwrap();
        take(&memory).unwrap();
        chunks(&folder).difference(&one).next().unwrap().clone()
    };
    folder.remove(&needed).unwrap();
    let thinned = memory.thin_snapshots(FOLDER, 1).unwrap();
    assert_eq!(thinned.removed, ["snapshot-00000001"]);
    assert!(thinned.aside[0].1.contains("is missing"), "{thinned:?}");

    folders.take(FOLDER);
    assert!(memory.thin_snapshots(FOLDER, 1).unwrap_err().to_string().contains("it is away"));
    let see = |_, _| {
        assert_eq!(memory.thin_snapshots(FOLDER, 1), Err(SnapshotError::Busy));
        true
    };
    folders.put(FOLDER, &folder);
    memory.snapshot(FOLDER, HOME, now(), &see).unwrap();
}

/// A crash of the folder's disk at any call: those that stay are whole, and the next one finishes what was begun.
#[test]
fn a_crash_while_older_snapshots_are_removed_harms_none_that_stays() {
    let (folder, _, memory, _) = with_four();
    let before = folder.calls();
    memory.thin_snapshots(FOLDER, 2).unwrap();
    let (calls, needed) = (folder.calls() - before, chunks(&folder));
    let mut found = BTreeSet::new();
    for call in 1..=calls {
        let model = CrashModel::ALL[call as usize % 4];
        let at = format!("call {call}, {model:?}");
        let (folder, folders, memory, last) = with_four();
        folder.crash_at(folder.calls() + call);
        let done = memory.thin_snapshots(FOLDER, 2).is_ok();
        let left = folder.after_crash(model, call);
        folders.put(FOLDER, &left);
        let there = whole(&left);
        assert!(there.ends_with(&[3, 4]), "{at}: {there:?}");
        assert!(there.len() == 2 || !done, "{at}: it was acknowledged");
        found.insert(there.len());
        for number in &there {
            let which = Which::Named(format!("snapshot-0000000{number}"));
            let (_, again) = restored(&left, &which);
            if let Some(place) = number.checked_sub(3) {
                assert_eq!(held(&again), last[place as usize], "{at}");
            }
        }
        memory.thin_snapshots(FOLDER, 2).expect(&at);
        assert_eq!(whole(&left), [3, 4], "{at}");
        take(&memory).expect(&at);
        assert!(chunks(&left).is_superset(&needed), "{at}");
        assert!(chunks(&left).len() <= needed.len() + 3, "{at}: some that nobody needs");
    }
    assert!(found.contains(&2) && found.len() > 1, "{found:?}");
}

/// A crash of the store's or the folder's disk while it forgets: what is acknowledged is gone from the folder, or
/// the receipt names it; and what is gone from the store is known to be pending.
#[test]
fn a_crash_while_forgetting_leaves_no_key_that_nobody_knows_of() {
    let calls = |of: &dyn Fn(&SimDisk, &SimDisk) -> u64| {
        let (disk, folder, _, memory) = filled();
        let before = of(&disk, &folder);
        memory.forget(&[MemoryId(1)], None, now()).unwrap();
        of(&disk, &folder) - before
    };
    let (own, there) = (calls(&|it, _| it.calls()), calls(&|_, it| it.calls()));
    for (call, in_folder) in (1..=own).map(|it| (it, false)).chain((1..=there).map(|it| (it, true)))
    {
        let model = CrashModel::ALL[call as usize % 4];
        let at = format!("call {call}, {model:?}, {in_folder}");
        let (disk, folder, folders, memory) = filled();
        let key = slot(&disk, 1);
        let failing = if in_folder { &folder } else { &disk };
        failing.crash_at(failing.calls() + call);
        let done = memory.forget(&[MemoryId(1)], None, now());
        let (left, left_there) = (disk.after_crash(model, call), folder.after_crash(model, call));
        drop(memory);
        folders.put(FOLDER, &left_there);
        let memory = open(&left, &folders);
        let there = memory.record(MemoryId(1)).is_ok();
        let pending = memory.snapshot_folders().unwrap()[0].1;
        let held = left_there.holds(&key);
        assert!(!held || there || pending, "{at}: nobody knows of it");
        if let Ok(forgotten) = done {
            assert!(!there, "{at}");
            assert!(!held || !forgotten.pending.is_empty(), "{at}: it was acknowledged");
        }
        take(&memory).expect(&at);
        assert_eq!(left_there.holds(&key), there, "{at}");
    }
}

/// The process ends anywhere while it forgets, and is asked the same again: what it acknowledges then is gone from the
/// folder.
#[test]
fn forgetting_that_is_asked_again_reaches_what_it_did_not() {
    let key = Digest::of(b"forget m1");
    let calls = {
        let (disk, _, _, memory) = filled();
        let before = disk.calls();
        memory.forget(&[MemoryId(1)], Some(&key), now()).unwrap();
        disk.calls() - before
    };
    let mut left_behind = 0;
    for call in 1..=calls {
        let model = CrashModel::ALL[call as usize % 4];
        let at = format!("call {call}, {model:?}");
        let (disk, folder, folders, memory) = filled();
        let secret = slot(&disk, 1);
        disk.crash_at(disk.calls() + call);
        let _ = memory.forget(&[MemoryId(1)], Some(&key), now());
        let left = disk.after_crash(model, call);
        drop(memory);
        let memory = open(&left, &folders);
        let is_done = memory.is_done(&key).unwrap();
        let is_behind = is_done && folder.holds(&secret);
        left_behind += usize::from(is_behind);
        let again = memory.forget(&[MemoryId(1)], Some(&key), now()).expect(&at);
        assert!(!folder.holds(&secret), "{at}: it was acknowledged");
        assert_eq!(again.pending, [], "{at}");
        assert!(!is_behind || again.reached == [FOLDER], "{at}");
        assert_eq!(memory.snapshot_folders().unwrap(), [(FOLDER.to_owned(), false)], "{at}");
    }
    assert!(left_behind > 0, "no crash was between the store and the folder");
}

/// The same for a skill, whose grants say nothing of what is gone.
#[test]
fn a_skill_that_forgets_again_reaches_a_folder_that_was_away() {
    let (disk, folder, folders, memory) = filled();
    let (key, context) = (slot(&disk, 1), asking(Grants::default()));
    folders.take(FOLDER);
    memory.forget(&[MemoryId(1)], Some(&context.idempotency_key), now()).unwrap();
    folders.put(FOLDER, &folder);
    assert!(folder.holds(&key));
    let memory = Arc::new(memory);
    let service = Service::new(
        Arc::new(move || Ok(Arc::clone(&memory))),
        Arc::new(|work| work()),
        Arc::new(SimClock::default()),
    );
    let mut call = service.forget(&context, ForgetMemory { ids: vec![1] });
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert!(!folder.holds(&key));
}

/// A crash while restoring: what is there is whole, or does not open and is restored again.
#[test]
fn a_crash_while_restoring_leaves_a_whole_store_or_none() {
    let (_, folder, _, memory) = filled();
    let expected = held(&memory);
    let away = Folders::with(FOLDER, &folder);
    let to = SimDisk::new(3);
    back(&folder, &to, &Which::Newest, &away, None).unwrap();
    let (calls, mut found) = (to.calls(), [0; 3]);
    for call in (1..=calls).step_by(3) {
        let model = CrashModel::ALL[call as usize % 4];
        let at = format!("call {call}, {model:?}");
        let to = SimDisk::new(3);
        to.crash_at(call);
        let done = back(&folder, &to, &Which::Newest, &away, None).is_ok();
        let left = to.after_crash(model, call);
        let again = match try_open(&left, &away, None) {
            // Before anything was there.
            Ok(memory) if memory.ids().is_empty() => {
                found[0] += 1;
                assert!(!done, "{at}");
                continue;
            }
            Ok(memory) => {
                found[2] += 1;
                memory
            }
            Err(error) => {
                assert!(error.to_string().contains("restore it again"), "{at}: {error}");
                assert!(!done, "{at}");
                found[1] += 1;
                back(&folder, &left, &Which::Newest, &away, None).expect(&at);
                open(&left, &away)
            }
        };
        assert_eq!(held(&again), expected, "{at}");
    }
    assert!(found[1] > 0, "{found:?}");
}

/// It is restored to the place where it was, and the power fails before its keys are all there.
#[test]
fn a_store_that_was_not_restored_to_its_end_forgot_nothing() {
    let (_, folder, _, memory) = filled();
    let expected = held(&memory);
    let to = SimDisk::new(3);
    let home = Folders::with(HOME, &to);
    back(&folder, &to, &Which::Newest, &home, None).unwrap();
    drop(to.open("restoring").unwrap());
    to.open("keys").unwrap().write_at(512, &[0; 3 * 32]).unwrap();
    let came = back(&folder, &to, &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.withheld), (3, 0));
    assert_eq!(held(&open(&to, &home)), expected);
}

/// O gave away ids 0 to 4. R came from its first snapshot, of before id 2, and gave away 2 to 4 itself; R2 came from R.
/// What R2 forgot of those is not what O had under the same ids.
#[test]
fn what_a_grandchild_forgot_is_asked_only_where_both_knew_it() {
    const OTHER: &str = "/other";
    let (disk, o, folder, other) =
        (SimDisk::new(1), SimDisk::new(2), SimDisk::new(3), SimDisk::new(4));
    let folders = Folders::with(FOLDER, &folder);
    folders.put(OTHER, &other);
    let write = |memory: &Memory, names: &[&str]| {
        let entries: Vec<_> = names.iter().map(|it| draft(it).into()).collect();
        memory.remember(&entries, None, now()).unwrap();
    };
    let first = Which::Named("snapshot-00000001".to_owned());
    let store = open(&o, &folders);
    write(&store, &["both 0", "both 1"]);
    take(&store).unwrap();
    write(&store, &["O's 2", "O's 3", "O's 4"]);
    take(&store).unwrap();
    back(&folder, &disk, &first, &Folders::default(), None).unwrap();
    let child = open(&disk, &folders);
    write(&child, &["R's 2", "R's 3", "R's 4"]);
    child.snapshot(OTHER, HOME, now(), &|_, _| true).unwrap();
    let home = Folders::with(HOME, &disk);
    child.forget(&[MemoryId(3)], None, now()).unwrap();
    child.snapshot(OTHER, HOME, now(), &|_, _| true).unwrap();
    let grand = SimDisk::new(5);
    back(&other, &grand, &Which::Newest, &home, None).unwrap();
    let home = Folders::with(HOME, &grand);
    let to = SimDisk::new(6);
    let came = back(&folder, &to, &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.forgotten), (5, 0));
    assert_eq!(open(&to, &home).record(MemoryId(3)).unwrap().draft.text, "O's 3");
    // What all of them knew is forgotten wherever one forgot it.
    open(&grand, &Folders::default()).forget(&[MemoryId(1)], None, now()).unwrap();
    let came = back(&folder, &SimDisk::new(7), &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.withheld), (4, 1));
    // And what R knew when it had R2, though O has another record there.
    open(&grand, &Folders::default()).forget(&[MemoryId(4)], None, now()).unwrap();
    let came = back(&other, &SimDisk::new(8), &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.forgotten, came.withheld), (2, 2, 2));
    let came = back(&folder, &SimDisk::new(9), &Which::Newest, &home, None).unwrap();
    assert_eq!((came.records, came.withheld), (4, 1));
}

/// A store that was stopped while it took a snapshot takes it that the folder may have keys of its newest records. What
/// was restored from there goes on in the folder, with other records under their ids.
#[test]
fn a_store_forgets_nothing_of_another_that_began_as_it_did() {
    let (_, folder, folders, memory) = filled();
    memory.remember(&[draft("of the first").into()], None, now()).unwrap();
    memory.snapshot(FOLDER, HOME, now(), &|_, _| false).unwrap_err();
    let (disk, child) = restored(&folder, &Which::Newest);
    child.remember(&[draft("of the other").into()], None, now()).unwrap();
    take(&child).unwrap();
    assert_eq!(slot(&folder, 3), slot(&disk, 3));
    // It compares at first, since the folder is pending then, and names these alone later.
    folders.take(FOLDER);
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    folders.put(FOLDER, &folder);
    for id in [MemoryId(3), MemoryId(1)] {
        let forgotten = memory.forget(&[id], None, now()).unwrap();
        assert_eq!((forgotten.reached.len(), forgotten.pending.len()), (1, 0));
        assert_eq!(slot(&folder, 3), slot(&disk, 3));
    }
    assert_eq!(slot(&folder, 1), [0; 32], "both knew it");
}

#[test]
fn what_was_restored_goes_on_in_no_folder_in_which_the_first_went_on() {
    let (disk, folder, _, memory) = filled();
    let (_, child) = restored(&folder, &Which::Newest);
    child.remember(&[draft("of the other").into()], None, now()).unwrap();
    // The numbers that it means to take go ahead of those that are there.
    for _ in 0..2 {
        child.snapshot(FOLDER, HOME, now(), &|_, _| false).unwrap_err();
    }
    memory.remember(&[draft("of the first").into()], None, now()).unwrap();
    take(&memory).unwrap();
    let refused = take(&child).unwrap_err().to_string();
    assert!(refused.contains("later snapshots"), "{refused}");
    assert_eq!(slot(&folder, 3), slot(&disk, 3));
}

/// A step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Remember(u8),
    /// What is made of another, and is trusted by itself.
    Derive(u8),
    /// The same again, and what finds that out.
    Again,
    Consolidate,
    Forget(u8),
    Relate(u8, u8),
    Used(u8),
    Pin(u8),
    Tick(u8),
    Away,
    Here,
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u8..4).prop_map(Step::Remember),
        2 => any::<u8>().prop_map(Step::Derive),
        3 => Just(Step::Again),
        2 => Just(Step::Consolidate),
        2 => any::<u8>().prop_map(Step::Forget),
        2 => (any::<u8>(), any::<u8>()).prop_map(|(a, b)| Step::Relate(a, b)),
        1 => any::<u8>().prop_map(Step::Used),
        1 => any::<u8>().prop_map(Step::Pin),
        1 => (1_u8..120).prop_map(Step::Tick),
        1 => Just(Step::Away),
        1 => Just(Step::Here),
        4 => Just(Step::Snapshot),
    ]
}

fn act(memory: &Memory, step: &Step, number: usize) {
    let ids = memory.ids();
    let of = |it: u8| ids.get(usize::from(it) % ids.len().max(1)).copied();
    match step {
        Step::Remember(count) => {
            let entry = |it| Entry {
                trust: Trust::ALL[(number + usize::from(it)) % Trust::ALL.len()],
                ..turn("thread", "Ada", &format!("text {number} door {it}"))
            };
            let entries: Vec<_> = (0..*count).map(entry).collect();
            memory.remember(&entries, None, now()).unwrap();
        }
        Step::Derive(it) => {
            let text = format!("text {number} made of another");
            memory.remember(&[derived(&text, of(*it))], None, now()).unwrap();
        }
        Step::Again => {
            memory.remember(&[draft("The same again.").into()], None, now()).unwrap();
        }
        Step::Consolidate => {
            memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
        }
        Step::Forget(it) => {
            if let Some(it) = of(*it) {
                memory.forget(&[it], None, now()).unwrap();
            }
        }
        Step::Relate(from, to) => {
            if let (Some(from), Some(to)) = (of(*from), of(*to))
                && from != to
            {
                let edge = Edge { from, to, kind: "near".to_owned(), weight: 0.5 };
                // What is there already is taken back.
                if memory.unrelate(from, &edge.kind, to, now()).is_err() {
                    memory.relate(&edge, None, now()).unwrap();
                }
            }
        }
        Step::Used(it) => {
            if let Some(it) = of(*it) {
                memory.used(&[it], None, now()).unwrap();
            }
        }
        Step::Pin(it) => {
            if let Some(it) = of(*it) {
                memory.pin(it, true, now()).unwrap();
            }
        }
        Step::Tick(cycles) => {
            memory.tick(u64::from(*cycles), now()).unwrap();
        }
        Step::Away | Step::Here | Step::Snapshot => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_snapshot_is_the_store_of_its_commit_without_what_was_forgotten_since(
        steps in proptest::collection::vec(step(), 1..24),
    ) {
        let (disk, folder) = (SimDisk::new(1), SimDisk::new(2));
        let folders = Folders::with(FOLDER, &folder);
        let memory = open(&disk, &folders);
        let mut taken = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Away => folders.take(FOLDER),
                Step::Here => folders.put(FOLDER, &folder),
                Step::Snapshot => match take(&memory) {
                    Ok(it) => taken.push((it.snapshot, held(&memory))),
                    Err(error) => prop_assert!(error.to_string().contains("away"), "{error}"),
                },
                step => act(&memory, step, number),
            }
        }
        let last: BTreeSet<MemoryId> = memory.ids().into_iter().collect();
        let home = Folders::with(HOME, &disk);
        for (snapshot, mut expected) in taken {
            let to = SimDisk::new(3);
            let which = Which::Named(snapshot.name.clone());
            let came = back(&folder, &to, &which, &home, None).unwrap();
            prop_assert_eq!(came.faults, []);
            let again = open(&to, &home);
            let found = held(&again);
            let count = expected.records.len();
            expected.records.retain(|it, _| last.contains(it));
            let there = |it: &u64| last.contains(&MemoryId(*it));
            expected.relations.retain(|it| there(&it.0) && there(&it.2));
            expected.past.retain(|it, _| last.contains(it));
            for (blame, standing) in expected.past.values_mut() {
                blame.since.retain(|it| match &it.what {
                    Happened::Related(edge) => there(&edge.from.0) && there(&edge.to.0),
                    Happened::Touched(_) => true,
                });
                *standing = standing.filter(|it| last.contains(it));
            }
            if expected.records.len() < count {
                expected.answers.clone_from(&found.answers);
                // Of how far what is gone was trusted the least is taken that it may have been.
                expected.trust.retain(|it, _| last.contains(it));
                let never_more = expected.trust.iter().all(|(it, before)| found.trust[it] <= *before);
                prop_assert!(never_more, "{:?} of {:?}", found.trust, expected.trust);
                expected.trust.clone_from(&found.trust);
            }
            prop_assert_eq!(found, expected);
            let verified = again.verify(&|_, _| true).unwrap().unwrap();
            prop_assert_eq!(verified.faults, []);
        }
    }
}

/// Who holds a store opens it again where it says that nothing more is written.
#[test]
fn where_a_disk_refused_a_note_of_folders_it_is_told_that_nothing_more_is_written() {
    let works: [fn(&Memory) -> bool; 3] = [
        |memory| memory.leave_snapshots(FOLDER).is_ok(),
        |memory| memory.forget(&[MemoryId(0)], None, now()).is_ok(),
        |memory| take(memory).is_ok(),
    ];
    for (number, work) in works.into_iter().enumerate() {
        for at in 1.. {
            let (disk, _, _, memory) = filled();
            disk.crash_at(disk.calls() + at);
            let is_done = work(&memory);
            if !disk.is_down() {
                assert!(is_done && at > 3, "{number}: {at}");
                break;
            }
            // It takes writes again.
            disk.crash_at(u64::MAX);
            assert!(memory.has_failed() || memory.tick(1, now()).is_ok(), "{number}: {at}");
        }
    }
}
