//! Compaction: whoever reads sees what was there before, what is damaged is named, and what is forgotten goes.

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
};

use crate::support::*;
use voyager_base::{
    Digest, RunId,
    chain::Head,
    disk::Disk,
    record::{Batch, Content, Durability, Entry, Journal},
    sim::{CrashModel, SimDisk},
};
use voyager_journal::{Compacted, Options, Pruned, Store};

/// Segments of a few rows, commits of a few segments.
fn options() -> Options {
    Options {
        log_batches_max: 10,
        segment_bytes_max: 4_000,
        segment_bytes_min: 1_000,
        compaction_bytes_max: 9_000,
        ..Options::default()
    }
}

fn small(disk: &SimDisk) -> Store {
    Store::open(Arc::new(disk.clone()), options()).unwrap()
}

fn text(run: RunId, record: u64) -> String {
    format!("record {record} of {run}: {}", "the same again ".repeat((record % 7) as usize))
}

/// Adds records to a run, three in each batch.
fn grow(store: &Store, run: RunId, batches: u64) -> Head {
    let (mut head, epoch) = wait(store.claim(run)).unwrap();
    for _ in 0..batches {
        let texts: Vec<String> = (0..3).map(|it| text(run, head.sequence + it)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        head = append(store, run, epoch, head, &texts, Durability::Synced).unwrap();
    }
    head
}

/// Reads a run from everywhere, in large and small parts: each holds the records that belong there.
fn must_read(store: &Store, run: RunId) {
    let end = store.head(run).unwrap().map_or(0, |it| it.sequence);
    assert_eq!(store.verify(run).unwrap().sequence, end);
    for from in 0..=end {
        for bytes_max in [0, 500, 20_000] {
            let read = store.read(run, from, bytes_max).unwrap();
            assert_eq!(read.is_empty(), from == end, "from {from}");
            let numbers = from..from + read.len() as u64;
            assert_eq!(texts(&read), numbers.map(|it| text(run, it)).collect::<Vec<_>>());
            let bytes: usize = read.iter().map(|it| it.salt.len() + it.payload.len()).sum();
            assert!(bytes <= bytes_max || read.len() == 1, "{bytes} from {from}");
        }
    }
}

#[test]
fn whoever_reads_sees_what_was_there_before() {
    let disk = SimDisk::new(1);
    let store = small(&disk);
    for (number, batches) in [(1, 60), (2, 1), (3, 2), (4, 0), (5, 33)] {
        grow(&store, run(number), batches);
    }
    let heads = |store: &Store| [1, 2, 3, 4, 5].map(|it| store.verify(run(it)).unwrap());
    let before = heads(&store);
    let packed = compact(&store);
    // The last batch of each stays, and so does what is too little.
    assert_eq!(packed.records, 59 * 3 + 32 * 3, "{packed:?}");
    assert!(packed.segment_bytes * 2 < packed.row_bytes, "{packed:?}");
    for store in [store, small(&disk)] {
        (1..=5).for_each(|it| must_read(&store, run(it)));
        assert_eq!(heads(&store), before);
        assert_eq!(compact(&store), Compacted::default(), "nothing is left to pack");
        drop(store);
    }
    // It goes on behind.
    let store = small(&disk);
    grow(&store, run(1), 30);
    assert_eq!(compact(&store).records, 90);
    assert_eq!(store.verify(run(1)).unwrap().sequence, 270);
    must_read(&store, run(1));
}

#[test]
fn records_that_are_only_in_the_log_or_buffered_are_packed_too() {
    let disk = SimDisk::new(2);
    let store =
        Store::open(Arc::new(disk.clone()), Options { log_batches_max: 1_000, ..options() })
            .unwrap();
    let head = grow(&store, RUN, 20);
    let (_, epoch) = wait(store.claim(RUN)).unwrap();
    let texts = vec!["x"; 100];
    let head = append(&store, RUN, epoch, head, &texts, Durability::Buffered).unwrap();
    let head = append(&store, RUN, epoch, head, &["last"], Durability::Buffered).unwrap();
    assert_eq!(compact(&store).records, 160);
    // Nothing of them is a row any more.
    let rows = store.prunable(&BTreeSet::from([RUN])).unwrap().record_bytes;
    assert!((1..300).contains(&rows), "{rows} bytes of rows");
    assert_eq!(store.verify(RUN), Ok(head));
    // What was packed is durable, with what it waited for.
    disk.crash_at(disk.calls() + 1);
    drop(store);
    let store = small(&disk.after_crash(CrashModel::Lost, 1));
    assert_eq!(store.verify(RUN), Ok(head));
}

#[test]
fn of_a_run_that_grows_only_good_parts_are_packed() {
    let least = Options { segment_bytes_max: 8_000, segment_bytes_min: 100, ..options() };
    let store = Store::open(Arc::new(SimDisk::new(3)), least).unwrap();
    grow(&store, RUN, 2);
    let growing = BTreeSet::from([RUN]);
    let packed = |growing: &BTreeSet<RunId>| wait(store.compact(growing).unwrap()).unwrap().records;
    assert_eq!(packed(&growing), 0, "too little");
    grow(&store, RUN, 1);
    assert_eq!(packed(&growing), 0, "too little");
    grow(&store, RUN, 1);
    assert_eq!(packed(&BTreeSet::new()), 9);
    grow(&store, RUN, 60);
    assert!(packed(&growing) > 0);
}

#[test]
fn readers_and_writers_go_on_meanwhile() {
    let store = small(&SimDisk::new(4));
    for number in 1..=4 {
        grow(&store, run(number), 40);
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 1..=4 {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                let mut rounds = 0;
                while !done.load(Ordering::Relaxed) || rounds == 0 {
                    let head = store.verify(run(number)).unwrap();
                    let middle = head.sequence / 2;
                    let read = store.read(run(number), middle, 100).unwrap();
                    assert_eq!(texts(&read)[0], text(run(number), middle));
                    rounds += 1;
                }
            });
        }
        let head = grow(&store, run(5), 1);
        let (_, epoch) = wait(store.claim(run(5))).unwrap();
        let mut head = head;
        for _ in 0..200 {
            head = append(&store, run(5), epoch, head, &["x"], Durability::Synced).unwrap();
            wait(store.compact(&BTreeSet::from([run(5)])).unwrap()).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    compact(&store);
    assert_eq!(store.verify(run(5)).unwrap().sequence, 203);
}

#[test]
fn a_damaged_segment_is_named_and_other_runs_go_on() {
    let disk = SimDisk::new(5);
    let store = small(&disk);
    grow(&store, RUN, 40);
    compact(&store);
    let begin = disk.content("pack-000001").unwrap().len();
    grow(&store, OTHER, 40);
    compact(&store);
    drop(store);
    disk.flip_bit("pack-000001", (begin + 200) * 8);
    let store = small(&disk);
    assert_eq!(store.verify(RUN).unwrap().sequence, 120);
    let error = store.verify(OTHER).unwrap_err().to_string();
    assert!(error.contains(&format!("records 0 to 2 of run {OTHER} is damaged")), "{error}");
    assert!(error.contains("in pack-000001 have another hash"), "{error}");
    // Its other records are there, and it takes new ones.
    assert_eq!(texts(&store.read(OTHER, 3, 1).unwrap()), [text(OTHER, 3)]);
    grow(&store, OTHER, 20);
    assert!(compact(&store).records > 0);
    assert_eq!(texts(&store.read(OTHER, 179, 1).unwrap()), [text(OTHER, 179)]);
    // What can't be read might name anything.
    wait(store.prune(BTreeSet::new())).unwrap_err();
    disk.remove("pack-000001").unwrap();
    let error = store.verify(RUN);
    drop(store);
    assert!(error.is_ok(), "an open file stays");
    let error = small(&disk).verify(RUN).unwrap_err().to_string();
    assert!(error.contains("pack-000001 is missing"), "{error}");
}

/// A record that names content, as MessagePack does.
fn names(digest: Digest) -> Vec<u8> {
    [b"names ".as_slice(), &[0xc4, 32], &digest.0, b" and more"].concat()
}

/// Runs whose records name content, all packed but the last.
fn naming(store: &Store, run: RunId, names_of: &[u8]) -> Vec<Digest> {
    let (mut head, epoch) = wait(store.claim(run)).unwrap();
    let mut all = Vec::new();
    for name in names_of {
        let digest = store.put(&[*name; 1_000]).unwrap();
        let entries = vec![Entry { salt: [1; 16], payload: names(digest) }];
        let durability = Durability::Synced;
        head = wait(store.append(Batch { run, epoch, after: head, entries, durability })).unwrap();
        all.push(digest);
    }
    append(store, run, epoch, head, &["last"], Durability::Synced).unwrap();
    all
}

#[test]
fn what_a_segment_names_is_kept_and_segments_of_forgotten_runs_go() {
    let disk = SimDisk::new(6);
    let options = || Options { segment_bytes_min: 1, pack_bytes_max: 4_000, ..options() };
    let open = || Store::open(Arc::new(disk.clone()), options()).unwrap();
    let store = open();
    let kept = naming(&store, RUN, b"abcdef");
    let gone = naming(&store, OTHER, b"ghijklmn");
    assert_eq!(compact(&store).records, 6 + 8);
    let wanted = store.prunable(&BTreeSet::from([OTHER])).unwrap();
    let pruned = wait(store.prune(BTreeSet::from([OTHER]))).unwrap();
    assert_eq!(pruned, wanted);
    assert!(pruned.content_bytes > 8_000, "{pruned:?}");
    drop(store);
    let store = open();
    assert_eq!(store.runs().unwrap(), [RUN]);
    assert_eq!(store.verify(RUN).unwrap().sequence, 7);
    assert!(kept.iter().all(|it| store.get(*it).unwrap().is_some()));
    assert!(gone.iter().all(|it| store.get(*it).unwrap().is_none()));
    assert_eq!(store.read(OTHER, 0, 1).unwrap(), []);
    assert_eq!(store.prunable(&BTreeSet::new()).unwrap(), Pruned::default());
    // The same run begins anew: nothing of the old one shows.
    naming(&store, OTHER, b"a");
    assert_eq!(compact(&store).records, 1);
    assert_eq!(store.verify(OTHER).unwrap().sequence, 2);
}

#[test]
fn what_was_packed_for_a_run_that_is_forgotten_meanwhile_is_of_no_use() {
    let disk = SimDisk::new(7);
    let store = small(&disk);
    grow(&store, RUN, 20);
    grow(&store, OTHER, 20);
    let packed = store.compact(&BTreeSet::new()).unwrap();
    wait(store.prune(BTreeSet::from([OTHER]))).unwrap();
    wait(packed).unwrap();
    drop(store);
    let store = small(&disk);
    assert_eq!(store.runs().unwrap(), [RUN]);
    assert_eq!(store.verify(RUN).unwrap().sequence, 60);
    assert_eq!(store.read(OTHER, 0, 1).unwrap(), []);
}

#[test]
fn what_is_forgotten_with_the_commit_that_would_pack_it_is_gone() {
    let disk = SimDisk::new(10);
    let gate = Gate::default();
    disk.on_sync({
        let gate = gate.clone();
        move || gate.pass()
    });
    let store = small(&disk);
    // The one that is forgotten is packed first.
    grow(&store, RUN, 20);
    let head = grow(&store, OTHER, 20);
    let (_, epoch) = wait(store.claim(OTHER)).unwrap();
    gate.close();
    let appended = store.append(batch(OTHER, epoch, head, &["on"], Durability::Synced));
    let packed = store.compact(&BTreeSet::new()).unwrap();
    let mut pruned = std::pin::pin!(store.prune(BTreeSet::from([RUN])));
    assert!(pruned.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    gate.open();
    let head = wait(appended).unwrap();
    wait(packed).unwrap();
    wait(pruned).unwrap();
    assert_eq!(store.verify(OTHER), Ok(head));
    // The same run begins anew: nothing of the old one shows.
    assert_eq!(store.head(RUN), Ok(None));
    let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
    for _ in 0..30 {
        head = append(&store, RUN, epoch, head, &["new"], Durability::Synced).unwrap();
    }
    assert_eq!(store.verify(RUN), Ok(head));
    assert_eq!(payloads(&store, RUN), ["new"; 30]);
}

#[test]
fn the_file_of_rows_gives_its_room_back() {
    let disk = SimDisk::new(8);
    let store = small(&disk);
    let texts: Vec<String> = (0..2_000).map(|it| format!("{it} {}", "x".repeat(1_000))).collect();
    let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
    for texts in texts.chunks(10) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        head = append(&store, RUN, epoch, head, &texts, Durability::Buffered).unwrap();
    }
    compact(&store);
    let before = store.disk_bytes().unwrap();
    store.shrink().unwrap();
    let after = store.disk_bytes().unwrap();
    assert!(before > 2_000_000 && after * 3 < before, "{before} before, {after} after");
    assert_eq!(store.verify(RUN), Ok(head));
    let head = append(&store, RUN, epoch, head, &["on"], Durability::Synced).unwrap();
    drop(store);
    assert_eq!(small(&disk).verify(RUN), Ok(head));
}

#[test]
fn damaged_rows_stay_as_they_are() {
    let disk = SimDisk::new(9);
    let store = small(&disk);
    grow(&store, RUN, 40);
    grow(&store, OTHER, 40);
    drop(store);
    let content = disk.content("journal.redb").unwrap();
    let text = text(OTHER, 60);
    let places = (0..content.len()).filter(|it| content[*it..].starts_with(text.as_bytes()));
    places.for_each(|it| disk.flip_bit("journal.redb", it * 8));
    let unchecked = Options { check_bytes_max: 0, ..options() };
    let store = Store::open(Arc::new(disk.clone()), unchecked).unwrap();
    let packed = compact(&store);
    assert_eq!((packed.damaged, packed.records > 39 * 3), (1, true), "{packed:?}");
    assert_eq!(store.verify(RUN).unwrap().sequence, 120);
    let error = store.verify(OTHER).unwrap_err().to_string();
    assert!(error.contains(&format!("record 60 of run {OTHER} is damaged")), "{error}");
}
