//! Forgetting runs: what is left is whole, and what nobody names is gone, also where power fails at any
//! I/O call of it.

use std::{collections::BTreeSet, sync::Arc};

use crate::support::*;
use voyager_base::{
    Digest, RunId,
    chain::Head,
    chance::{Chance, Seeded},
    disk::Disk,
    record::{Batch, Content, Durability, Entry, Journal},
    sim::{CrashModel, SimDisk},
};
use voyager_journal::{Options, Pruned, Store};

/// Packs of three blobs, so that several are written anew.
fn small(disk: &SimDisk) -> Option<Store> {
    let options = Options { pack_bytes_max: 4_000, log_batches_max: 3, ..Options::default() };
    Store::open(Arc::new(disk.clone()), options).ok()
}

fn blob(name: u8) -> Vec<u8> {
    vec![name; 1_000]
}

/// A record that names content, as MessagePack does, with something around it.
fn names(digest: Digest) -> Vec<u8> {
    [b"names ".as_slice(), &[0xc4, 32], &digest.0, b" and more"].concat()
}

/// A run of one record for each of these blobs; the last blob names another one.
fn begin(store: &Store, run: RunId, blobs: &[u8]) -> Vec<Digest> {
    let (mut head, epoch) = wait(store.claim(run)).unwrap();
    let mut all = Vec::new();
    for name in blobs {
        let inner = store.put(&blob(*name)).unwrap();
        let outer = store.put(&[names(inner), vec![*name; 20]].concat()).unwrap();
        let entries = vec![Entry { salt: [1; 16], payload: names(outer) }];
        let durability = Durability::Synced;
        head = wait(store.append(Batch { run, epoch, after: head, entries, durability })).unwrap();
        all.extend([inner, outer]);
    }
    all
}

fn filled(disk: &SimDisk) -> (Vec<Digest>, Vec<Digest>) {
    let store = small(disk).unwrap();
    let kept = begin(&store, RUN, b"abcdx");
    let gone = begin(&store, OTHER, b"efghijklx");
    (kept, gone)
}

fn other() -> BTreeSet<RunId> {
    BTreeSet::from([OTHER])
}

fn must_be_whole(store: &Store, kept: &[Digest]) {
    assert_eq!(store.verify(RUN).unwrap().sequence, 5);
    for digest in kept {
        assert_eq!(store.get(*digest).unwrap().map(|it| Digest::of(&it)), Some(*digest));
    }
}

#[test]
fn records_that_still_stand_in_the_log_are_weighed() {
    let store = Store::open(Arc::new(SimDisk::new(1)), Options::default()).unwrap();
    begin(&store, OTHER, b"a");
    let pruned = wait(store.prune(other())).unwrap();
    assert!(pruned.record_bytes > 0, "{pruned:?}");
}

#[test]
fn what_nobody_names_any_more_is_gone_and_the_rest_is_whole() {
    let disk = SimDisk::new(1);
    let (kept, gone) = filled(&disk);
    let store = small(&disk).unwrap();
    let size = || -> usize {
        let packs = (0..50).filter_map(|it| disk.content(&format!("pack-{it:06}")));
        packs.map(|it| it.len()).sum()
    };
    let (before, wanted) = (size(), store.prunable(&other()).unwrap());
    let pruned = wait(store.prune(other())).unwrap();
    assert_eq!(pruned, wanted);
    assert!(pruned.record_bytes > 0 && pruned.content_bytes > 8_000, "{pruned:?}");
    assert!(size() <= before - 8_000, "{before} bytes before, {} after", size());
    for store in [store, small(&disk).unwrap()] {
        must_be_whole(&store, &kept);
        assert_eq!(store.runs().unwrap(), [RUN]);
        assert_eq!(store.read(OTHER, 0, usize::MAX).unwrap(), []);
        let shared = |digest: &&Digest| kept.contains(digest);
        for digest in gone.iter().filter(|it| !shared(it)) {
            assert_eq!(store.get(*digest).unwrap(), None, "nobody names it");
        }
        assert_eq!(store.prunable(&BTreeSet::new()).unwrap(), Pruned::default());
        drop(store);
    }
}

/// Names of the files that hold some bytes.
fn files_with(disk: &SimDisk, bytes: &[u8]) -> Vec<String> {
    let holds = |name: &String| {
        disk.content(name).unwrap().windows(bytes.len()).any(|window| window == bytes)
    };
    disk.list().unwrap().into_iter().filter(holds).collect()
}

#[test]
fn nothing_of_a_forgotten_run_is_in_any_file_once_room_is_given_back() {
    let disk = SimDisk::new(1);
    let store = open(&disk);
    // Nothing packs it any shorter.
    let [said, named] = [5, 6].map(|seed| {
        let mut bytes = vec![0; 3_000];
        Seeded::new(seed).fill(&mut bytes);
        bytes
    });
    let text = |number: u64| (0..40).map(|it| format!("{number} says {it};")).collect::<String>();
    let grow = |run: RunId, number: u64| {
        let (mut head, epoch) = wait(store.claim(run)).unwrap();
        for step in 0..20 {
            let mut content = [text(step).as_bytes(), &number.to_le_bytes()].concat();
            let mut payload = text(step + number).into_bytes();
            if (run, step) == (OTHER, 10) {
                content.extend(&named);
                payload.extend(&said);
            }
            payload.extend(names(store.put(&content).unwrap()));
            let entries = vec![Entry { salt: [1; 16], payload }];
            let batch = Batch { run, epoch, after: head, entries, durability: Durability::Synced };
            head = wait(store.append(batch)).unwrap();
        }
    };
    let pack = || disk.content("pack-000001").unwrap();
    grow(run(0), 0);
    grow(OTHER, 1);
    // As it lies in a row, in content, and in a segment: not where that begins or ends.
    let (said, named) = (&said[1_000..1_040], &named[1_000..1_040]);
    assert_eq!(files_with(&disk, said), ["journal.redb"]);
    compact(&store);
    let packed = &pack()[pack().len() - 1_000..][..40];
    for number in 2..30 {
        grow(run(number), number);
    }
    compact(&store);
    wait(store.prune(other())).unwrap();
    // One run of many: pruning writes no pack anew for it.
    for bytes in [named, packed] {
        assert_eq!(files_with(&disk, bytes), ["pack-000001"]);
    }
    compact(&store);
    // What nobody has named yet is of no run that was forgotten.
    let late = b"put before there was a record of it";
    let digest = store.put(late).unwrap();
    wait(store.purge()).unwrap();
    assert_eq!(store.put(late).unwrap(), digest);
    assert_eq!(store.get(digest).unwrap().as_deref(), Some(late.as_slice()));
    store.shrink().unwrap();
    for bytes in [said, named, packed] {
        assert_eq!(files_with(&disk, bytes), [""; 0]);
    }
    drop(store);
    let store = open(&disk);
    assert_eq!(store.runs().unwrap().len(), 29);
    for run in store.runs().unwrap() {
        assert_eq!(store.verify(run).unwrap().sequence, 20);
    }
}

#[test]
fn whoever_owned_a_forgotten_run_is_fenced_and_what_comes_later_is_kept() {
    let disk = SimDisk::new(1);
    let (kept, _) = filled(&disk);
    let store = small(&disk).unwrap();
    let (head, epoch) = wait(store.claim(OTHER)).unwrap();
    wait(store.prune(other())).unwrap();
    append(&store, OTHER, epoch, head, &["late"], Durability::Synced).unwrap_err();
    let later = begin(&store, run(9), b"ea");
    drop(store);
    let store = small(&disk).unwrap();
    must_be_whole(&store, &kept);
    assert_eq!(store.runs().unwrap(), [run(9), RUN]);
    assert!(later.iter().all(|digest| store.get(*digest).unwrap().is_some()));
}

#[test]
fn a_run_is_forgotten_whole_or_not_at_all_wherever_power_fails() {
    let calm = SimDisk::new(1);
    filled(&calm);
    let begun = calm.calls();
    let store = small(&calm).unwrap();
    wait(store.prune(other())).unwrap();
    drop(store);
    let calls = calm.calls();
    assert!(calls > begun + 20, "{begun} to {calls}");
    for call in begun + 1..=calls {
        for model in CrashModel::ALL {
            let disk = SimDisk::new(1);
            let (kept, gone) = filled(&disk);
            disk.crash_at(call);
            let told = small(&disk).is_some_and(|store| wait(store.prune(other())).is_ok());
            let disk = disk.after_crash(model, call);
            let store = small(&disk).unwrap();
            must_be_whole(&store, &kept);
            let is_there = store.head(OTHER).unwrap().is_some();
            assert!(!(told && is_there), "call {call}, {model:?}: it was forgotten");
            if is_there {
                assert_eq!(store.verify(OTHER).unwrap().sequence, 9, "call {call}, {model:?}");
                assert!(gone.iter().all(|digest| store.get(*digest).unwrap().is_some()));
            }
            // Whatever is left is swept the next time.
            wait(store.prune(other())).unwrap();
            must_be_whole(&store, &kept);
            assert_eq!(store.head(OTHER).unwrap(), None::<Head>);
            assert_eq!(store.prunable(&BTreeSet::new()).unwrap(), Pruned::default());
        }
    }
}
