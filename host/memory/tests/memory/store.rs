//! What is written is there, and what can't be written is refused.

use std::{
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use voyager_base::{Digest, chance::Seeded, disk::Disk, memory::Trust, sim::SimDisk};
use voyager_memory::{
    Cost, Counts, Deed, Edge, Encoder, Entry, Memory, MemoryId, Options, OwnerKey, OwnerKind,
    Question, WriteError,
};

use crate::support::{DIMENSIONS, ask, draft, now, open, options, texts, try_open, turn, vector};

#[test]
fn what_was_remembered_is_there_when_it_is_opened_again() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let ids = memory
        .remember(
            &[turn("a", "Ada", "The release is on Friday."), turn("a", "Bob", "Who tests it?")],
            None,
            now(),
        )
        .unwrap();
    assert_eq!(ids, [MemoryId(0), MemoryId(1)]);
    let before = ask(&memory, "When is the release?");
    assert_eq!(texts(&before)[0], "The release is on Friday.");
    let record = memory.record(ids[0]).unwrap();
    assert_eq!((record.written, record.draft.author.as_deref()), (now(), Some("Ada")));
    drop(memory);
    let memory = open(&disk);
    assert_eq!(ask(&memory, "When is the release?"), before);
    assert_eq!(memory.remember(&[draft("next").into()], None, now()).unwrap(), [MemoryId(2)]);
}

#[test]
fn what_is_only_a_number_is_told_without_reading() {
    let disk = SimDisk::new(1);
    let options = Options { cache_bytes: 0, ..options() };
    let memory = Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7))).unwrap();
    memory.remember(&[turn("a", "Ada", "one"), draft("two").into()], None, now()).unwrap();
    let before = disk.calls();
    let (counts, commit, damaged) = (memory.counts(), memory.commit(), memory.damaged());
    assert_eq!(disk.calls(), before);
    let stats = memory.stats().unwrap();
    assert!(disk.calls() > before, "counting bytes reads");
    assert_eq!(counts, Counts { records: stats.records, vectors: stats.vectors });
    assert_eq!((counts.records, counts.vectors), (2, 1));
    assert_eq!((commit, damaged), (stats.commit, stats.damaged));
}

#[test]
fn under_the_same_key_nothing_is_written_twice() {
    let disk = SimDisk::new(1);
    let key = Digest::of(b"call 7");
    let memory = open(&disk);
    let first = memory.remember(&[draft("once").into()], Some(&key), now()).unwrap();
    let commit = memory.stats().unwrap().commit;
    assert_eq!(memory.remember(&[draft("once").into()], Some(&key), now()).unwrap(), first);
    drop(memory);
    let memory = open(&disk);
    assert_eq!(memory.remembered(&key).unwrap(), Some(first.clone()));
    assert_eq!(memory.remembered(&Digest::of(b"call 8")).unwrap(), None);
    assert_eq!(memory.remember(&[draft("once").into()], Some(&key), now()).unwrap(), first);
    let stats = memory.stats().unwrap();
    assert_eq!((stats.records, stats.commit), (1, commit));
    // Another call forgets it: what is asked again under its key is done already, though it is gone.
    let other = Digest::of(b"call 8");
    assert!(!memory.is_done(&other).unwrap());
    memory.forget(&first, Some(&other), now()).unwrap();
    assert!(memory.is_done(&other).unwrap());
    let commit = memory.stats().unwrap().commit;
    memory.forget(&first, Some(&other), now()).unwrap();
    assert_eq!(memory.remember(&[draft("once").into()], Some(&key), now()).unwrap(), first);
    assert_eq!(memory.stats().unwrap().commit, commit);
    assert!(memory.forget(&first, None, now()).is_err());
}

#[test]
fn under_the_same_key_two_records_are_related_once() {
    let memory = open(&SimDisk::new(1));
    let ids = memory.remember(&[draft("one").into(), draft("two").into()], None, now()).unwrap();
    let edge = Edge { from: ids[0], kind: "has".to_owned(), to: ids[1], weight: 1.0 };
    let key = Digest::of(b"call 9");
    for _ in 0..2 {
        memory.relate(&edge, Some(&key), now()).unwrap();
    }
    assert_eq!(memory.relations(ids[0]).unwrap(), [edge]);
}

#[test]
fn a_batch_with_something_wrong_in_it_is_refused_as_a_whole() {
    let memory = open(&SimDisk::new(1));
    let refused = |entries: &[Entry]| memory.remember(entries, None, now()).unwrap_err();
    let good: Entry = draft("good").into();
    let error = refused(&[good.clone(), draft("").into()]);
    assert_eq!(error.to_string(), "number 2 of the batch: text: is empty");
    let with = |vector: Vec<f32>| Entry { vector: Some(vector), ..good.clone() };
    let error = refused(&[with(vec![1.0; DIMENSIONS + 1])]).to_string();
    assert!(error.contains("vector: has 9 dimensions, and those of `test 1` have 8"), "{error}");
    for hostile in
        [vec![f32::NAN; DIMENSIONS], vec![0.0; DIMENSIONS], vec![f32::INFINITY; DIMENSIONS]]
    {
        assert!(refused(&[with(hostile)]).to_string().contains("vector: has no direction"));
    }
    let large = draft(&"x".repeat(10 << 20)).into();
    assert!(refused(&[large]).to_string().contains("split it into records of one thread"));
    assert!(matches!(refused(&[]), WriteError::Invalid { .. }));
    assert_eq!(memory.stats().unwrap().records, 0);
    assert_eq!(memory.remember(&[good], None, now()).unwrap(), [MemoryId(0)]);
}

#[test]
fn relations_lead_to_what_the_words_do_not() {
    let memory = open(&SimDisk::new(1));
    let texts_of = ["The meeting is on Monday.", "Ada comes.", "Ada leads the compiler project."];
    let entries: Vec<Entry> = texts_of.iter().map(|it| draft(it).into()).collect();
    let ids = memory.remember(&entries, None, now()).unwrap();
    let question = Question { text: "Monday".to_owned(), ..Question::default() };
    let found = |memory: &Memory| memory.recall(&question, now()).unwrap();
    assert_eq!(texts(&found(&memory)), ["The meeting is on Monday."]);
    let edge = |from: usize, to: usize| Edge {
        from: ids[from],
        kind: "has".to_owned(),
        to: ids[to],
        weight: 0.5,
    };
    memory.relate(&edge(0, 1), None, now()).unwrap();
    let recall = found(&memory);
    assert_eq!(texts(&recall), ["The meeting is on Monday.", "Ada comes."]);
    assert_eq!(recall.hits[1].signals.relation, 0.5);
    assert_eq!(memory.relations(ids[1]).unwrap(), [edge(0, 1)]);
    // Who comes to the meeting leads on to what they do.
    memory.relate(&edge(1, 2), None, now()).unwrap();
    let recall = found(&memory);
    assert_eq!(texts(&recall), texts_of);
    let relation = recall.hits[2].signals.relation;
    assert!((0.125..0.14).contains(&relation), "{relation}");
    // No walk comes by what the question does not allow.
    let mut other = draft("Bob comes.");
    other.space = "other".to_owned();
    let last = memory.remember(&[other.into(), draft("Bob sings.").into()], None, now()).unwrap();
    let edge = |from, to| Edge { from, kind: "has".to_owned(), to, weight: 1.0 };
    let edges = [edge(ids[0], last[0]), edge(last[0], last[1])];
    memory.relate_all(&edges, None, now()).unwrap();
    assert_eq!(texts(&found(&memory)).len(), 5);
    let here = Question { spaces: vec!["default".to_owned()], ..question.clone() };
    assert_eq!(texts(&memory.recall(&here, now()).unwrap()), texts_of);
    let edge = |from: usize, to: usize| Edge { from: ids[from], to: ids[to], ..edges[0].clone() };
    let refused = memory.relate(&edge(0, 0), None, now()).unwrap_err();
    assert!(matches!(refused, WriteError::Invalid { .. }), "{refused}");
    let none = Edge { to: MemoryId(9), ..edge(0, 1) };
    assert_eq!(memory.relate(&none, None, now()), Err(WriteError::NotFound { id: MemoryId(9) }));
}

#[test]
fn a_batch_of_relations_is_there_as_a_whole_or_not_at_all() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let entries: Vec<Entry> = ["one", "two", "three"].iter().map(|it| draft(it).into()).collect();
    let ids = memory.remember(&entries, None, now()).unwrap();
    let edge = |to: MemoryId| Edge { from: ids[0], kind: "has".to_owned(), to, weight: 0.5 };
    let half = [edge(ids[1]), edge(MemoryId(9))];
    assert_eq!(
        memory.relate_all(&half, None, now()),
        Err(WriteError::NotFound { id: MemoryId(9) })
    );
    assert_eq!(memory.all_relations().unwrap(), []);
    let both = [edge(ids[1]), edge(ids[2])];
    let commit = memory.stats().unwrap().commit;
    memory.relate_all(&both, None, now()).unwrap();
    assert_eq!(memory.stats().unwrap().commit, commit + 1);
    assert_eq!(memory.relate_all(&[], None, now()), Ok(()));
    drop(memory);
    let memory = open(&disk);
    assert_eq!(memory.all_relations().unwrap(), both);
    assert_eq!(memory.relations(ids[2]).unwrap(), both[1..]);
}

#[test]
fn what_nobody_uses_fades_and_what_is_pinned_does_not() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let ids = memory.remember(&[draft("one").into(), draft("two").into()], None, now()).unwrap();
    memory.pin(ids[1], true, now()).unwrap();
    assert_eq!([memory.is_pinned(ids[0]), memory.is_pinned(ids[1])], [Ok(false), Ok(true)]);
    for _ in 0..50 {
        memory.tick(1, now()).unwrap();
    }
    assert!((memory.weight(ids[0]).unwrap() - 0.5).abs() < 1e-12);
    assert_eq!(memory.weight(ids[1]).unwrap(), 1.0);
    memory.used(&ids[..1], None, now()).unwrap();
    assert!((memory.weight(ids[0]).unwrap() - 0.55).abs() < 1e-12);
    drop(memory);
    let memory = open(&disk);
    assert!((memory.weight(ids[0]).unwrap() - 0.55).abs() < 1e-12);
    assert_eq!(memory.stats().unwrap().cycle, 50);
}

#[test]
fn what_is_named_twice_is_written_and_counted_once() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let bare = |text| Entry { vector: None, ..turn("a", "Ada", text) };
    memory.remember(&["The door is green.", "The wall is blue."].map(bare), None, now()).unwrap();
    let last = || memory.audit(1).unwrap().iter().map(|it| (it.first, it.count)).next().unwrap();
    let trusted = || memory.blame(MemoryId(1)).unwrap().since.len();
    memory.set_trust(&[1, 0, 1].map(MemoryId), Trust::Owner, now()).unwrap();
    assert_eq!((last(), trusted()), ((0, 2), 1));
    let vectors = ["wall", "door", "tide"].map(vector);
    let vectors: Vec<_> = [1, 0, 1].map(MemoryId).into_iter().zip(vectors).collect();
    assert_eq!(memory.encode(&vectors, now()), Ok(2));
    assert_eq!((last(), trusted()), ((0, 2), 2));
}

#[test]
fn vectors_of_another_encoder_are_never_compared() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    memory.remember(&[turn("a", "Ada", "The door is green.")], None, now()).unwrap();
    drop(memory);
    let with = |name: &str, dimensions| {
        let encoder = Some(Encoder { name: name.to_owned(), dimensions });
        let options = Options { encoder, ..Options::default() };
        Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(1)))
    };
    let memory = with("other", 3).unwrap();
    assert_eq!((memory.stats().unwrap().vectors, memory.unencoded(9)), (0, vec![MemoryId(0)]));
    let encoded =
        memory.encode(&[(MemoryId(0), vec![1.0, 0.0, 0.0]), (MemoryId(5), vec![1.0; 3])], now());
    assert_eq!(encoded, Ok(1));
    assert_eq!((memory.stats().unwrap().vectors, memory.unencoded(9)), (1, vec![]));
    assert_eq!(memory.encode(&[(MemoryId(0), vec![0.0, 1.0, 0.0])], now()), Ok(0), "it has one");
    drop(memory);
    assert_eq!(with("other", 3).unwrap().stats().unwrap().vectors, 1);
    let error = with("other", 4).map(drop).unwrap_err().to_string();
    assert!(error.contains("another encoder needs another name"), "{error}");
    assert_eq!(open(&disk).stats().unwrap().vectors, 1, "those of the first are still there");
}

#[test]
fn every_change_has_its_line_in_the_audit() {
    let memory = open(&SimDisk::new(1));
    let ids = memory.remember(&[draft("a").into(), draft("b").into()], None, now()).unwrap();
    memory.forget(&ids[1..], None, now()).unwrap();
    memory.tick(3, now()).unwrap();
    let lines: Vec<_> =
        memory.audit(3).unwrap().iter().map(|it| (it.deed, it.first, it.count)).collect();
    assert_eq!(lines, [(Deed::Ticked, 3, 3), (Deed::Forgotten, 1, 1), (Deed::Remembered, 0, 2)]);
}

#[test]
fn a_damaged_or_foreign_store_is_refused_and_not_changed() {
    let full = || {
        let disk = SimDisk::new(1);
        open(&disk).remember(&[draft("a").into()], None, now()).unwrap();
        disk
    };
    // The damaged file stays as it is, for whoever wants to mend it.
    let refused = |disk: &SimDisk, file: &str| {
        let before = disk.content(file);
        let error = try_open(disk).map(drop).unwrap_err().to_string();
        assert!(disk.content(file) == before, "{error}");
        assert!(error.contains(&format!("{file} is damaged")), "{error}");
    };
    let disk = full();
    disk.truncate("keys", 100);
    refused(&disk, "keys");
    let disk = full();
    disk.truncate("memory.redb", 5_000);
    refused(&disk, "memory.redb");
    // A bit in each page: what is in use is refused, the rest is as it was.
    let pages = full().content("memory.redb").unwrap().len() / 4096;
    let mut damaged = 0;
    for page in 1..pages {
        let disk = full();
        disk.flip_bit("memory.redb", (page * 4096 + 70) * 8 + 3);
        match try_open(&disk) {
            Ok(memory) => {
                assert_eq!(memory.record(MemoryId(0)).unwrap().draft.text, "a", "page {page}");
            }
            Err(_) => {
                refused(&disk, "memory.redb");
                damaged += 1;
            }
        }
    }
    assert!(damaged > 3, "{damaged} of {pages} pages are in use");
}

#[test]
fn a_lost_database_is_told_and_costs_no_key() {
    let disk = SimDisk::new(1);
    open(&disk).remember(&[draft("The door is green.").into()], None, now()).unwrap();
    let (rows, keys) = (disk.content("memory.redb").unwrap(), disk.content("keys"));
    let lose: [&dyn Fn(); 3] = [
        &|| disk.remove("memory.redb").unwrap(),
        &|| disk.truncate("memory.redb", 0),
        // What a crash leaves of a file that is being made.
        &|| {
            disk.truncate("memory.redb", 0);
            disk.open("memory.redb").unwrap().set_len(1 << 20).unwrap();
        },
    ];
    for lose in lose {
        lose();
        let left = disk.content("memory.redb");
        let error = try_open(&disk).map(drop).unwrap_err().to_string();
        assert!(error.contains("memory.redb is damaged: it is"), "{error}");
        assert!(error.ends_with("or move it away and restore a snapshot"), "{error}");
        assert!(disk.content("memory.redb") == left && disk.content("keys") == keys, "{error}");
        let file = disk.open("memory.redb").unwrap();
        file.set_len(0).unwrap();
        file.write_at(0, &rows).unwrap();
        let memory = open(&disk);
        assert_eq!(memory.record(MemoryId(0)).unwrap().draft.text, "The door is green.");
    }
}

#[test]
fn one_damaged_key_costs_one_record() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let entries = [turn("a", "Ada", "The door is green."), turn("a", "Bob", "The wall is blue.")];
    let ids = memory.remember(&entries, None, now()).unwrap();
    let kind = "is beside".to_owned();
    memory.relate(&Edge { from: ids[0], kind, to: ids[1], weight: 1.0 }, None, now()).unwrap();
    drop(memory);
    disk.flip_bit("keys", (512 + 3) * 8);
    let memory = open(&disk);
    assert_eq!(memory.stats().unwrap().damaged, ids[..1]);
    assert_eq!(memory.all_relations().unwrap(), []);
    assert_eq!(texts(&ask(&memory, "green blue")), ["The wall is blue."]);
    memory.forget(&ids[..1], None, now()).unwrap();
    assert_eq!(memory.stats().unwrap().damaged, []);
    drop(memory);
    assert_eq!(open(&disk).stats().unwrap().damaged, []);
}

#[test]
fn questions_that_ask_nothing_are_refused() {
    let memory = open(&SimDisk::new(1));
    memory.remember(&[draft("a door").into()], None, now()).unwrap();
    let refused = |question: Question| memory.recall(&question, now()).unwrap_err().to_string();
    let text = |text: &str| Question { text: text.to_owned(), ..Question::default() };
    assert!(refused(text("the, of?")).contains("no word that tells what to look for"));
    assert!(refused(text(&"x ".repeat(40_000))).contains("has 80000 bytes"));
    let short = Question { vector: Some(vec![1.0]), ..text("door") };
    assert!(refused(short).contains("the vector of the question has 1 dimensions"));
    assert_eq!(vector("door").len(), DIMENSIONS);
}

#[test]
fn an_encoder_that_is_known_by_name_settles_with_its_first_vectors() {
    let disk = SimDisk::new(1);
    let named = || {
        let options = Options { encoder_named: Some("far".to_owned()), ..Options::default() };
        Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(1))).unwrap()
    };
    let far = |dimensions| Encoder { name: "far".to_owned(), dimensions };
    let memory = named();
    memory.remember(&[draft("The door is green.").into()], None, now()).unwrap();
    assert_eq!((memory.encoder(), memory.unencoded(9)), (None, vec![]));
    memory.settle_encoder(far(3)).unwrap();
    assert_eq!(memory.settle_encoder(far(3)), Ok(()));
    assert!(memory.settle_encoder(far(4)).is_err(), "it has other dimensions");
    assert_eq!(memory.unencoded(9), [MemoryId(0)]);
    assert_eq!(memory.encode(&[(MemoryId(0), vec![1.0, 0.0, 0.0])], now()), Ok(1));
    drop(memory);
    let memory = named();
    assert_eq!((memory.encoder(), memory.stats().unwrap().vectors), (Some(&far(3)), 1));
    drop(memory);
    let options = Options::default();
    let memory = Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(1))).unwrap();
    assert!(memory.settle_encoder(far(3)).is_err(), "its vectors were not read");
}

/// What somebody reads each of the first `times` that a write waits for the disk.
fn read_beside<T: Send>(
    disk: &SimDisk,
    times: usize,
    write: impl FnOnce() + Send,
    read: impl Fn() -> T + Sync,
) -> Vec<T> {
    let (begun, is_in_sync) = mpsc::channel();
    let (goes_on, waits) = mpsc::channel();
    let waits = Mutex::new(waits);
    disk.on_sync(move || {
        let _ = begun.send(());
        let _ = waits.lock().unwrap().recv();
    });
    let told: Result<Vec<T>, _> = thread::scope(|scope| {
        let goes_on = goes_on;
        scope.spawn(|| {
            write();
            disk.on_sync(|| {});
        });
        let read = &read;
        let read_once = |()| {
            let (tell, told) = mpsc::channel();
            scope.spawn(move || drop(tell.send(read())));
            let told = told.recv_timeout(Duration::from_secs(60));
            let _ = goes_on.send(());
            told
        };
        is_in_sync.iter().take(times).map(read_once).collect()
    });
    told.expect("it does not wait for the write")
}

#[test]
fn whoever_reads_does_not_wait_for_whoever_writes() {
    let disk = SimDisk::new(4);
    let memory = open(&disk);
    let turns = ["The door is green.", "The wall is blue."].map(|it| turn("a", "Ada", it));
    memory.remember(&turns, None, now()).unwrap();
    let read = || {
        let found = ask(&memory, "wall").hits.len();
        (memory.has_failed(), memory.locked_with(), memory.stats().unwrap().records, found)
    };
    let forget = || drop(memory.forget(&[MemoryId(0)], None, now()).unwrap());
    assert_eq!(read_beside(&disk, 1, forget, read), [(false, None, 2, 2)], "it is there yet");
    let key = OwnerKey::new(OwnerKind::KeyFile, &[1; 32]).unwrap();
    let cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
    let lock = || memory.lock(&key, cost).unwrap();
    assert_eq!(read_beside(&disk, 1, lock, read), [(false, None, 1, 1)], "it is not locked yet");
    assert_eq!(memory.locked_with(), Some(OwnerKind::KeyFile));
}

#[test]
fn while_many_are_forgotten_the_others_are_found() {
    const GONE: u64 = 1_100;
    const STAY: u64 = 100;
    let disk = SimDisk::new(5);
    let memory = open(&disk);
    let all = (0..GONE + STAY).map(|it| turn("a", "Ada", &format!("The door {it} is green.")));
    memory.remember(&all.collect::<Vec<_>>(), None, now()).unwrap();
    ask(&memory, "door 7");
    let gone: Vec<MemoryId> = (0..GONE).map(MemoryId).collect();
    let read = || {
        let found: Vec<MemoryId> =
            ask(&memory, "door 7").hits.iter().map(|it| it.record.id).collect();
        (memory.ids().len() as u64, found)
    };
    let forget = || drop(memory.forget(&gone, None, now()).unwrap());
    let told = read_beside(&disk, usize::MAX, forget, read);
    // The keys of all are destroyed in the last step on the disk.
    let (left, found) = told.last().unwrap();
    assert_eq!(*left, GONE + STAY, "before the index lets go of any");
    assert!(found.len() == 10 && found.iter().all(|it| it.0 >= GONE), "{found:?}");
    assert_eq!(memory.ids().len() as u64, STAY);
}
