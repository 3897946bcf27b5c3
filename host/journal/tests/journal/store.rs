//! The store on the simulated disk: order, fencing, what readers see, what a commit costs.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::support::*;
use voyager_base::{
    chain::Head,
    disk::{Disk, DiskFile},
    record::{AppendError, Content, Durability, Journal},
    sim::{CrashModel, SimDisk},
};
use voyager_journal::{OpenError, Options, Store};

#[test]
fn what_was_appended_reads_back_after_reopening() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    let (head, epoch) = wait(store.claim(RUN)).unwrap();
    assert_eq!((head, epoch), (Head::START, 1));
    let head = append(&store, RUN, epoch, head, &["one", "two"], Durability::Synced).unwrap();
    let head = append(&store, RUN, epoch, head, &["three"], Durability::Synced).unwrap();
    drop(store);
    let store = open(&disk);
    assert_eq!(store.head(RUN), Ok(Some(head)));
    assert_eq!(store.runs(), Ok(vec![RUN]));
    assert_eq!(payloads(&store, RUN), ["one", "two", "three"]);
    assert_eq!(store.verify(RUN), Ok(head));
    assert_eq!(wait(store.claim(RUN)), Ok((head, 2)));
}

#[test]
fn a_run_that_was_claimed_and_never_began_is_not_among_the_runs() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    wait(store.claim(RUN)).unwrap();
    assert_eq!(store.runs(), Ok(vec![]));
    drop(store);
    let store = open(&disk);
    assert_eq!(store.runs(), Ok(vec![]));
    let (head, epoch) = wait(store.claim(RUN)).unwrap();
    assert_eq!((head, epoch), (Head::START, 2), "whoever claimed it first is fenced");
    append(&store, RUN, epoch, head, &["one"], Durability::Buffered).unwrap();
    assert_eq!(store.runs(), Ok(vec![RUN]));
}

#[test]
fn a_read_begins_anywhere_and_ends_where_the_bytes_do() {
    let store = open(&SimDisk::new(2));
    let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
    for batch in [["0", "1"], ["2", "3"], ["4", "5"]] {
        head = append(&store, RUN, epoch, head, &batch, Durability::Synced).unwrap();
    }
    for from in 0..7 {
        let wanted: Vec<String> = (from..6).map(|it| it.to_string()).collect();
        assert_eq!(texts(&store.read(RUN, from, usize::MAX).unwrap()), wanted, "from {from}");
        let one: Vec<String> = wanted.into_iter().take(1).collect();
        assert_eq!(texts(&store.read(RUN, from, 0).unwrap()), one, "one from {from}");
        let two = store.read(RUN, from, 34).unwrap().len() as u64;
        assert_eq!(two, 2.min(6_u64.saturating_sub(from)));
    }
    assert!(store.read(OTHER, 0, 100).unwrap().is_empty());
    assert_eq!(store.head(OTHER), Ok(None));
}

#[test]
fn an_older_ownership_is_fenced() {
    let store = open(&SimDisk::new(3));
    let (head, first) = wait(store.claim(RUN)).unwrap();
    let (_, second) = wait(store.claim(RUN)).unwrap();
    assert!(second > first);
    let fenced = append(&store, RUN, first, head, &["a"], Durability::Synced);
    assert_eq!(fenced, Err(AppendError::Fenced { run: RUN, current: 2, ours: 1 }));
    append(&store, RUN, second, head, &["b"], Durability::Synced).unwrap();
    assert_eq!(payloads(&store, RUN), ["b"]);
    let unclaimed = append(&store, OTHER, 0, Head::START, &["a"], Durability::Synced);
    assert_eq!(unclaimed, Err(AppendError::Fenced { run: OTHER, current: 0, ours: 0 }));
}

#[test]
fn a_writer_that_believes_the_chain_elsewhere_changes_nothing() {
    let store = open(&SimDisk::new(4));
    let (start, epoch) = wait(store.claim(RUN)).unwrap();
    append(&store, RUN, epoch, start, &["a"], Durability::Buffered).unwrap();
    let moved = append(&store, RUN, epoch, start, &["b"], Durability::Synced);
    assert_eq!(moved, Err(AppendError::Moved { run: RUN, stands: 1, believed: 0 }));
    let other_chain = Head { sequence: 1, ..start };
    assert!(append(&store, RUN, epoch, other_chain, &["b"], Durability::Synced).is_err());
    assert_eq!(payloads(&store, RUN), ["a"]);
}

#[test]
fn calls_take_effect_in_order_though_nobody_waits() {
    let disk = SimDisk::new(5);
    let store = open(&disk);
    let (start, epoch) = wait(store.claim(RUN)).unwrap();
    let mut head = start;
    let mut appends = Vec::new();
    for number in 0..100 {
        let durability = if number % 3 == 0 { Durability::Synced } else { Durability::Buffered };
        let batch = batch(RUN, epoch, head, &[&number.to_string()], durability);
        head = after(&batch);
        appends.push(store.append(batch));
    }
    // Dropping an append does not take it back.
    drop(appends.split_off(50));
    for append in appends {
        wait(append).unwrap();
    }
    assert_eq!(store.verify(RUN), Ok(head));
    drop(store);
    assert_eq!(open(&disk).verify(RUN), Ok(head));
}

#[test]
fn buffered_records_are_read_at_once_and_lost_in_a_crash() {
    let disk = SimDisk::new(6);
    let store = open(&disk);
    let (head, epoch) = wait(store.claim(RUN)).unwrap();
    let calls = disk.calls();
    let head = append(&store, RUN, epoch, head, &["a"], Durability::Buffered).unwrap();
    wait(store.checkpoint(RUN, head, b"state".to_vec())).unwrap();
    assert_eq!(payloads(&store, RUN), ["a"]);
    assert_eq!(store.last_checkpoint(RUN), Ok(Some((head, b"state".to_vec()))));
    assert_eq!(disk.calls(), calls, "nothing was written");
    let crashed = open(&disk.after_crash(CrashModel::Clean, 0));
    assert_eq!(crashed.head(RUN), Ok(Some(Head::START)));
    assert_eq!(crashed.last_checkpoint(RUN), Ok(None));

    append(&store, RUN, epoch, head, &["b"], Durability::Synced).unwrap();
    let crashed = open(&disk.after_crash(CrashModel::Lost, 0));
    assert_eq!(payloads(&crashed, RUN), ["a", "b"]);
    assert_eq!(crashed.last_checkpoint(RUN), Ok(Some((head, b"state".to_vec()))));
}

#[test]
fn closing_in_order_keeps_what_was_buffered() {
    let disk = SimDisk::new(7);
    let store = open(&disk);
    let (head, epoch) = wait(store.claim(RUN)).unwrap();
    append(&store, RUN, epoch, head, &["a"], Durability::Buffered).unwrap();
    let digest = store.put(b"content").unwrap();
    drop(store);
    let store = open(&disk);
    assert_eq!(payloads(&store, RUN), ["a"]);
    assert_eq!(store.get(digest), Ok(Some(b"content".to_vec())));
}

#[test]
fn a_commit_costs_one_sync_and_one_more_where_there_is_content() {
    let disk = SimDisk::new(8);
    let store = open(&disk);
    let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
    for _ in 0..50 {
        let before = disk.syncs();
        head = append(&store, RUN, epoch, head, &["a"], Durability::Synced).unwrap();
        assert_eq!(disk.syncs() - before, 1);
    }
    store.put(b"first").unwrap();
    head = append(&store, RUN, epoch, head, &["a"], Durability::Synced).unwrap();
    store.put(b"second").unwrap();
    let before = disk.syncs();
    append(&store, RUN, epoch, head, &[], Durability::Synced).unwrap();
    assert_eq!(disk.syncs() - before, 2);
}

#[test]
fn many_runs_share_a_sync() {
    let disk = SimDisk::new(9);
    let store = open(&disk);
    let mut heads: Vec<_> =
        (0..200).map(|it| (run(it), wait(store.claim(run(it))).unwrap())).collect();
    // While the disk is in a sync, everything else gathers.
    let gate = Gate::default();
    disk.on_sync({
        let gate = gate.clone();
        move || gate.pass()
    });
    gate.close();
    let appends: Vec<_> = heads
        .iter_mut()
        .map(|(run, (head, epoch))| {
            store.append(batch(*run, *epoch, *head, &["a"], Durability::Synced))
        })
        .collect();
    let before = disk.syncs();
    gate.open();
    for append in appends {
        wait(append).unwrap();
    }
    // The one that the first append began, one for all others, and one where the file grows.
    assert!(disk.syncs() - before <= 3, "{} syncs", disk.syncs() - before);
}

#[test]
fn who_appends_faster_than_the_disk_writes_is_slowed() {
    let disk = SimDisk::new(10);
    let options =
        Options { buffered_bytes_max: 1_000, waiting_bytes_max: 4_000, ..Options::default() };
    let store = Store::open(Arc::new(disk.clone()), options).unwrap();
    let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
    let gate = Gate::default();
    disk.on_sync({
        let gate = gate.clone();
        move || gate.pass()
    });
    gate.close();
    let payload = "x".repeat(500);
    let mut slowed = None;
    for _ in 0..20 {
        let batch = batch(RUN, epoch, head, &[&payload], Durability::Buffered);
        head = after(&batch);
        let mut append = store.append(batch);
        if !is_ready(&mut append) {
            slowed = Some(append);
            break;
        }
    }
    let slowed = slowed.expect("4,000 bytes are full long before 20 times 500");
    gate.open();
    assert_eq!(wait(slowed), Ok(head));
    assert_eq!(store.verify(RUN), Ok(head));
}

#[test]
fn once_the_disk_fails_everything_is_refused_and_reopening_helps() {
    let disk = SimDisk::new(11);
    let store = open(&disk);
    let (head, epoch) = wait(store.claim(RUN)).unwrap();
    let kept = append(&store, RUN, epoch, head, &["a"], Durability::Synced).unwrap();
    let buffered = append(&store, RUN, epoch, kept, &["b"], Durability::Buffered).unwrap();
    disk.crash_at(disk.calls() + 1);
    let failed = append(&store, RUN, epoch, buffered, &["c"], Durability::Synced);
    assert!(matches!(failed, Err(AppendError::Disk { .. })), "{failed:?}");
    let again = append(&store, RUN, epoch, kept, &["c"], Durability::Buffered);
    assert!(matches!(again, Err(AppendError::Disk { .. })));
    assert!(matches!(store.put(b"x"), Err(AppendError::Disk { .. })));
    assert_eq!(store.head(RUN), Ok(Some(kept)), "what is not durable is not shown any more");
    drop(store);
    let store = open(&disk.after_crash(CrashModel::Lost, 0));
    assert_eq!(store.verify(RUN), Ok(kept));
}

#[test]
fn a_checkpoint_replaces_the_earlier_one_and_lies_within_the_run() {
    let disk = SimDisk::new(12);
    let store = open(&disk);
    let (start, epoch) = wait(store.claim(RUN)).unwrap();
    let head = append(&store, RUN, epoch, start, &["a"], Durability::Synced).unwrap();
    wait(store.checkpoint(RUN, start, b"old".to_vec())).unwrap();
    wait(store.checkpoint(RUN, head, b"new".to_vec())).unwrap();
    let beyond = Head { sequence: 2, ..head };
    let refused = wait(store.checkpoint(RUN, beyond, Vec::new()));
    assert_eq!(refused, Err(AppendError::Moved { run: RUN, stands: 1, believed: 2 }));
    drop(store);
    assert_eq!(open(&disk).last_checkpoint(RUN), Ok(Some((head, b"new".to_vec()))));
}

#[test]
fn a_newer_format_and_a_lost_file_are_told_apart() {
    let disk = SimDisk::new(13);
    drop(open(&disk));
    disk.truncate("journal.redb", 0);
    let error = Store::open(Arc::new(disk.clone()), Options::default()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "journal.redb is damaged: it is empty or missing; put back a copy of it, or move it and \
         `journal-format` away to begin anew with the content that is left"
    );
    let disk = SimDisk::new(14);
    drop(open(&disk));
    let label = Disk::open(&disk, "journal-format").unwrap();
    label.write_at(0, b"voyager journal, format 9").unwrap();
    let error = Store::open(Arc::new(disk.clone()), Options::default()).err().unwrap();
    assert_eq!(error, OpenError::Newer { found: 9, known: 2 });
}

/// A disk that counts the bytes that are read.
struct Counted<D>(D, Arc<AtomicU64>);

impl Disk for Counted<SimDisk> {
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(Counted(self.0.open(name)?, Arc::clone(&self.1))))
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

impl DiskFile for Counted<Box<dyn DiskFile>> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.1.fetch_add(buffer.len() as u64, Ordering::SeqCst);
        self.0.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

#[test]
fn a_store_at_rest_settles_once_and_opens_without_a_walk() {
    // Files of any size are opened unchecked, and nothing is read from memory: a repair reads all of one
    // twice, where redb itself looks at its pages once with debug assertions.
    let options =
        Options { check_bytes_max: 0, cache_bytes: 0, log_batches_max: 4, ..Options::default() };
    let open = |disk: &SimDisk| Store::open(Arc::new(disk.clone()), options.clone()).unwrap();
    let calls_of = |asked: usize| {
        let disk = SimDisk::new(3);
        let store = open(&disk);
        let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
        let text = "x".repeat(30_000);
        for _ in 0..40 {
            head = append(&store, RUN, epoch, head, &[&text], Durability::Synced).unwrap();
        }
        let before = disk.calls();
        (0..asked).for_each(|_| wait(store.settle()).unwrap());
        let settling = disk.calls() - before;
        disk.crash_at(disk.calls() + 1);
        drop(store);
        let left = disk.after_crash(CrashModel::Lost, 0);
        let read = Arc::<AtomicU64>::default();
        let opened = Arc::new(Counted(left, Arc::clone(&read)));
        let opened = Store::open(opened, options.clone()).unwrap();
        let opening = read.load(Ordering::SeqCst);
        assert_eq!(opened.verify(RUN).unwrap(), head);
        (settling, opening)
    };
    let (none, walked) = calls_of(1);
    let (some, opened) = calls_of(2);
    assert_eq!(none, 0, "who asks first only learns that something was written");
    assert!(
        0 < some && opened < walked * 3 / 4,
        "{some} calls; {opened} bytes instead of {walked}"
    );
    assert_eq!(calls_of(5).0, some, "what has settled needs no more");
}
