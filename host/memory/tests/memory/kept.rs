//! The kept index: what opens from it answers as what was made of the rows, and tells of nothing forgotten.

use std::{io, sync::Arc};

use voyager_base::{
    chance::Seeded,
    clock::Timestamp,
    disk::{Disk, DiskFile},
    sim::SimDisk,
};
use voyager_memory::{Draft, Edge, Entry, KEPT_FROM, Memory, MemoryId, Options, Question};

use crate::support::{ask, draft, now, open, options, texts, turn, vector};

const WORDS: [&str; 6] = ["door", "green", "wall", "blue", "roof", "xylophone"];

/// A store of some threads, whose index is kept.
fn kept(disk: &SimDisk) -> Memory {
    let memory = open(disk);
    let entry = |it: usize| {
        let text = format!("{} {} {it}", WORDS[it % 6], WORDS[it / 6 % 6]);
        let mut entry = turn(["a", "b", "c"][it % 3], ["Ada", "Bo"][it % 2], &text);
        entry.draft.tags = vec![format!("tag{}", it % 4)];
        entry.draft.space = ["one", "two"][it % 2].to_owned();
        entry
    };
    memory.remember(&(0..40).map(entry).collect::<Vec<_>>(), None, now()).unwrap();
    memory.forget(&[MemoryId(3), MemoryId(8)], None, now()).unwrap();
    memory.relate(&edge(1, 2), None, now()).unwrap();
    let supersedes = Edge { kind: "supersedes".to_owned(), ..edge(6, 18) };
    memory.relate(&supersedes, None, now()).unwrap();
    memory.keep_index().unwrap();
    memory
}

fn edge(from: u64, to: u64) -> Edge {
    Edge { from: MemoryId(from), kind: "leads to".to_owned(), to: MemoryId(to), weight: 0.5 }
}

/// Names of the files that hold an index.
fn files(disk: &SimDisk) -> Vec<String> {
    let names = disk.list().unwrap();
    names.into_iter().filter(|it| it.starts_with("index-")).collect()
}

/// Everything that recall says: each feature of each candidate.
fn said(memory: &Memory) -> Vec<String> {
    let asked = |text: &&str| {
        let question = Question {
            text: (*text).to_owned(),
            vector: Some(vector(text)),
            ..Question::default()
        };
        format!("{:?} {:?}", memory.consider(&question, now()), memory.recall(&question, now()))
    };
    ["green door", "wall tag1", "Ada roof", "later"].iter().map(asked).collect()
}

/// What the life of the records did to them, and their relations.
fn life(memory: &Memory) -> Vec<String> {
    let of = |id: MemoryId| {
        let relations = memory.relations(id).unwrap();
        let marks = (memory.is_pinned(id), memory.is_archived(id), memory.space_of(id));
        format!("{id:?} {:?} {marks:?} {relations:?}", memory.weight(id))
    };
    memory.ids().into_iter().map(of).collect()
}

/// Opens a store that leaves all vectors in its kept index.
fn open_resting(disk: &SimDisk) -> Memory {
    let options = Options { resident_vectors_max: 0, ..options() };
    Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(8))).unwrap()
}

/// What `disk` answers with its kept index, and made anew.
fn both(disk: &SimDisk) -> (Vec<String>, Vec<String>) {
    let with = said(&open(disk));
    for name in files(disk) {
        disk.remove(&name).unwrap();
    }
    (with, said(&open(disk)))
}

#[test]
fn an_opened_index_answers_as_one_made_anew() {
    let disk = SimDisk::new(1);
    let memory = kept(&disk);
    let lived = said(&memory);
    drop(memory);
    assert_eq!(files(&disk).len(), 1);
    let (with, anew) = both(&disk);
    assert_eq!(with, anew);
    assert_eq!(with, lived);
}

#[test]
fn what_came_after_it_is_there_too() {
    let disk = SimDisk::new(1);
    let memory = kept(&disk);
    memory
        .remember(&[turn("a", "Ada", "later green"), turn("d", "Cy", "later")], None, now())
        .unwrap();
    memory.relate(&edge(5, 40), None, now()).unwrap();
    let supersedes = |from, to| Edge { kind: "supersedes".to_owned(), ..edge(from, to) };
    memory.relate(&supersedes(24, 6), None, now()).unwrap();
    memory.relate(&supersedes(40, 41), None, now()).unwrap();
    memory.unrelate(MemoryId(1), "leads to", MemoryId(2), now()).unwrap();
    memory.unrelate(MemoryId(6), "supersedes", MemoryId(18), now()).unwrap();
    memory.tick(30, now()).unwrap();
    memory.used(&[MemoryId(7)], None, now()).unwrap();
    memory.pin(MemoryId(9), true, now()).unwrap();
    memory.restore(&[MemoryId(10)], 0.5, now()).unwrap();
    let lived = (said(&memory), life(&memory));
    drop(memory);
    assert!(open(&disk).is_pinned(MemoryId(9)).unwrap());
    assert_eq!(life(&open(&disk)), lived.1);
    let (with, anew) = both(&disk);
    assert_eq!(with, lived.0);
    assert_eq!(with, anew);
    assert_eq!(life(&open(&disk)), lived.1);
}

#[test]
fn vectors_of_later_records_leave_it_of_use() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let entries: Vec<Entry> =
        (0..KEPT_FROM).map(|it| turn("a", "Ada", &format!("door {it}"))).collect();
    memory.remember(&entries, None, now()).unwrap();
    memory.keep_index().unwrap();
    let bare = Entry { vector: None, ..turn("a", "Ada", "a later door") };
    let id = memory.remember(&[bare], None, now()).unwrap()[0];
    assert_eq!(memory.encode(&[(id, vector("a later door"))], now()), Ok(1));
    drop(memory);
    let memory = open(&disk);
    assert!(!memory.index_is_behind(), "only the later one was read");
    assert_eq!(memory.stats().unwrap().vectors as u64, KEPT_FROM + 1);
}

#[test]
fn forgetting_leaves_no_index_that_could_be_read() {
    let disk = SimDisk::new(1);
    let memory = kept(&disk);
    let before = disk.content("keys").unwrap();
    assert!(before[64..160].iter().any(|it| *it != 0));
    memory.forget(&[MemoryId(5)], None, now()).unwrap();
    let after = disk.content("keys").unwrap();
    assert!(after[64..160].iter().all(|it| *it == 0), "its key went with that of the record");
    drop(memory);
    assert_eq!(files(&disk).len(), 1);
    let memory = open(&disk);
    assert_eq!(files(&disk), [""; 0], "nobody has its key: it takes room alone");
    assert!(texts(&ask(&memory, "xylophone")).iter().all(|it| !it.ends_with(" 5")));
    memory.keep_index().unwrap();
    assert_eq!(files(&disk).len(), 1);
    for word in WORDS.iter().chain(&["Ada", "tag1"]) {
        assert!(!disk.holds(word.as_bytes()), "{word}");
    }
}

/// Forgetting overwrites its key with those of what is forgotten: a power failure may leave it alone of them all.
#[test]
fn an_index_that_tells_of_what_is_gone_is_readable_to_nobody() {
    let disk = SimDisk::new(1);
    let memory = kept(&disk);
    let slip = || disk.content("keys").unwrap()[64..176].to_vec();
    let written = slip();
    memory.forget(&[MemoryId(5)], None, now()).unwrap();
    drop(memory);
    disk.open("keys").unwrap().write_at(64, &written).unwrap();
    assert_eq!(files(&disk).len(), 1);
    assert_eq!(open(&disk).ids().len(), 37);
    assert_eq!(slip(), [0; 112]);
    assert_eq!(files(&disk), [""; 0]);
}

#[test]
fn vectors_that_stay_in_the_index_are_compared_alike() {
    let disk = SimDisk::new(1);
    let expected = said(&kept(&disk));
    let memory = open_resting(&disk);
    assert_eq!(said(&memory), expected);
    memory.forget(&[MemoryId(5), MemoryId(6)], None, now()).unwrap();
    // Its place, and its row, were those of a forgotten one.
    memory.remember(&[turn("a", "Ada", "green door 5")], None, now()).unwrap();
    let lived = said(&memory);
    memory.keep_index().unwrap();
    assert_eq!(said(&memory), lived, "they stay in the new one");
    assert_eq!(said(&open_resting(&disk)), lived);
    memory.remember(&[turn("d", "Cy", "later")], None, now()).unwrap();
    let lived = said(&memory);
    drop(memory);
    assert_eq!(said(&open_resting(&disk)), lived);
    assert_eq!(both(&disk), (lived.clone(), lived));
}

#[test]
fn an_index_that_is_damaged_later_costs_nothing_but_time() {
    let disk = SimDisk::new(1);
    let expected = said(&kept(&disk));
    let name = files(&disk).remove(0);
    let bits = disk.content(&name).unwrap().len() * 8;
    for bit in (4096 * 8..bits).step_by(bits / 97) {
        let memory = open_resting(&disk);
        disk.flip_bit(&name, bit);
        assert_eq!(said(&memory), expected, "bit {bit}");
        disk.flip_bit(&name, bit);
    }
    let memory = open_resting(&disk);
    (4096 * 8..bits).step_by(64).for_each(|it| disk.flip_bit(&name, it));
    assert!(memory.keep_index().is_err(), "what is damaged is not kept");
    assert_eq!(said(&memory), expected);
    memory.keep_index().unwrap();
    drop(memory);
    assert_eq!(both(&disk), (expected.clone(), expected));
}

/// What a write reads of the index may be damaged as well.
#[test]
fn writes_over_a_damaged_index_are_those_over_a_whole_one() {
    let change = |memory: &Memory| {
        memory.forget(&[MemoryId(5), MemoryId(6)], None, now()).unwrap();
        let later = Timestamp::from_millis(now().as_micros() / 1000 + 1_000_000);
        let ahead = Entry::from(Draft { at: Some(later), ..draft("a green plan") });
        memory.remember(&[turn("a", "Ada", "later green door"), ahead], None, now()).unwrap();
        memory.used(&[MemoryId(7)], None, now()).unwrap();
        memory.relate(&edge(7, 9), None, now()).unwrap();
        let ticked = memory.tick(300, now()).unwrap();
        assert_eq!(memory.unencoded(9), [MemoryId(41)]);
        assert_eq!(memory.encode(&[(MemoryId(41), vector("plan"))], now()), Ok(1));
        (ticked, memory.is_archived(MemoryId(41)), memory.is_archived(MemoryId(1)))
    };
    let whole = SimDisk::new(1);
    drop(kept(&whole));
    let memory = open_resting(&whole);
    let changed = change(&memory);
    let expected = said(&memory);
    for step in [64, 64 * 1024 * 7, 64 * 1024 * 11] {
        let disk = SimDisk::new(1);
        drop(kept(&disk));
        let name = files(&disk).remove(0);
        let bits = disk.content(&name).unwrap().len() * 8;
        let memory = open_resting(&disk);
        (4096 * 8..bits).step_by(step).for_each(|it| disk.flip_bit(&name, it));
        assert_eq!(change(&memory), changed);
        assert_eq!(said(&memory), expected);
        drop(memory);
        assert_eq!(both(&disk), (expected.clone(), expected.clone()));
    }
}

/// A few records are read as fast as an index is.
#[test]
fn an_index_is_kept_where_that_saves_time() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let write = |count: u64| {
        let entries: Vec<_> = (0..count).map(|it| turn("a", "Ada", &it.to_string())).collect();
        memory.remember(&entries, None, now()).unwrap();
    };
    write(KEPT_FROM - 1);
    assert!(!memory.index_is_behind());
    write(1);
    assert!(memory.index_is_behind());
    memory.keep_index().unwrap();
    assert!(!memory.index_is_behind());
    drop(memory);
    assert!(!open(&disk).index_is_behind(), "it opens from the kept one");
    let memory = open(&disk);
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert!(!memory.index_is_behind(), "too few are left");
    drop(memory);
    let memory = open(&disk);
    memory.remember(&[turn("a", "Ada", "one more")], None, now()).unwrap();
    assert!(memory.index_is_behind(), "forgetting took it");
}

/// What takes time is the text.
#[test]
fn an_index_is_kept_of_a_few_long_records() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let text = "The door of the green house was never painted by anybody. ".repeat(1_000);
    let long = |count: u64| -> Vec<Entry> {
        (0..count).map(|it| turn("a", "Ada", &format!("{it} {text}"))).collect()
    };
    memory.remember(&long(1), None, now()).unwrap();
    assert!(!memory.index_is_behind());
    memory.remember(&long(15), None, now()).unwrap();
    assert!(memory.index_is_behind());
    memory.keep_index().unwrap();
    assert!(!memory.index_is_behind());
    memory.remember(&long(1), None, now()).unwrap();
    drop(memory);
    let memory = open(&disk);
    assert!(!memory.index_is_behind(), "one of many was read");
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    drop(memory);
    assert!(open(&disk).index_is_behind(), "all were read");
}

/// Fails to write the files of indexes, as a full disk does.
struct Full(SimDisk);

struct FullFile;

impl DiskFile for FullFile {
    fn len(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Full {
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let file = self.0.open(name)?;
        Ok(if name.starts_with("index-") { Box::new(FullFile) } else { file })
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

#[test]
fn a_full_disk_keeps_no_index_and_no_part_of_one() {
    let disk = SimDisk::new(1);
    let full = Arc::new(Full(disk.clone()));
    let memory = Memory::open(full, Options::default(), Arc::new(Seeded::new(7))).unwrap();
    memory.remember(&[draft("The door is green.").into()], None, now()).unwrap();
    assert!(memory.keep_index().is_err());
    assert_eq!(files(&disk), [""; 0]);
    memory.remember(&[draft("The wall is blue.").into()], None, now()).unwrap();
    assert_eq!(memory.ids().len(), 2, "the store goes on");
}

#[test]
fn a_damaged_index_costs_nothing_but_time() {
    let disk = SimDisk::new(1);
    let expected = said(&kept(&disk));
    let name = files(&disk).remove(0);
    let bits = disk.content(&name).unwrap().len() * 8;
    for bit in (0..bits).step_by(bits / 97) {
        disk.flip_bit(&name, bit);
        assert_eq!(said(&open(&disk)), expected, "bit {bit}");
        disk.flip_bit(&name, bit);
    }
    for bit in (64 * 8..160 * 8).step_by(37) {
        disk.flip_bit("keys", bit);
        assert_eq!(said(&open(&disk)), expected, "bit {bit} of the keys' header");
        disk.flip_bit("keys", bit);
    }
}

/// Opening reads no row that the kept index holds, so it does not find one that was damaged since: that one is set
/// aside when an answer needs it.
#[test]
fn a_damaged_row_costs_one_record() {
    let disk = SimDisk::new(1);
    drop(kept(&disk));
    // A bit of the key of m12.
    disk.flip_bit("keys", (512 + 12 * 32) * 8);
    let memory = open(&disk);
    assert_eq!(memory.stats().unwrap().damaged, []);
    let answer = ask(&memory, "12");
    assert!(answer.hits.iter().all(|it| it.record.id != MemoryId(12)));
    assert_eq!(memory.stats().unwrap().damaged, [MemoryId(12)]);
    memory.forget(&[MemoryId(12)], None, now()).unwrap();
    assert_eq!(memory.stats().unwrap().damaged, []);
}

/// So it is where many are read at once, and where everything is checked.
#[test]
fn a_damaged_row_among_many_costs_one_record() {
    let disk = SimDisk::new(1);
    let memory = kept(&disk);
    // It lives longer than what it leads to.
    memory.tick(30, now()).unwrap();
    memory.used(&[MemoryId(1)], None, now()).unwrap();
    memory.keep_index().unwrap();
    drop(memory);
    // A bit of the key of m1.
    disk.flip_bit("keys", (512 + 32) * 8);
    let memory = open(&disk);
    let ids = memory.ids();
    let records = memory.records(&ids).unwrap();
    let unread: Vec<_> = ids.iter().zip(&records).filter(|it| it.1.is_none()).collect();
    assert_eq!(unread, [(&MemoryId(1), &None)]);
    assert_eq!(memory.stats().unwrap().damaged, [MemoryId(1)]);
    drop(memory);
    let memory = open(&disk);
    assert_eq!(memory.stats().unwrap().damaged, []);
    let faults = || memory.verify(&|_, _| true).unwrap().unwrap().faults;
    let found = faults();
    assert!(found.iter().all(|it| it.id == Some(MemoryId(1))), "{found:?}");
    assert_eq!(memory.stats().unwrap().damaged, [MemoryId(1)]);
    assert_eq!(faults(), found, "that it is set aside is no fault of others");
    drop(memory);
    assert_eq!(open(&disk).stats().unwrap().damaged, [MemoryId(1)], "no index has it since");
}
