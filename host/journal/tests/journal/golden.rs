//! Journals of earlier formats still read. A golden folder is written once, by the version that brings
//! its format, by the test that finds it missing, and never again.

use std::{path::PathBuf, sync::Arc};

use crate::support::*;
use voyager_base::{
    Digest,
    chain::Head,
    disk::Disk,
    record::{Content, Durability, Journal},
    sim::{CrashModel, SimDisk},
};
use voyager_disk::FileDisk;
use voyager_journal::{Options, Store};

const BLOB: &[u8] = b"content that a record names";
const FILES: [&str; 3] = ["journal-format", "journal.redb", "pack-000001"];

fn folder(format: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/format-{format}"))
}

/// A copy of a golden folder in memory.
fn golden(format: u32) -> SimDisk {
    let disk = SimDisk::new(1);
    for name in FILES {
        let bytes = std::fs::read(folder(format).join(name)).unwrap();
        disk.open(name).unwrap().write_at(0, &bytes).unwrap();
    }
    disk
}

/// Writes records to segments, to their places, to the log, and buffered until the end; checkpoints; content.
fn write(disk: Arc<dyn Disk>) {
    let options = Options { log_batches_max: 3, segment_bytes_min: 1, ..Options::default() };
    let store = Store::open(disk, options).unwrap();
    let (mut head, epoch) = wait(store.claim(RUN)).unwrap();
    head = append(&store, RUN, epoch, head, &["one", "two"], Durability::Synced).unwrap();
    head = append(&store, RUN, epoch, head, &["", "four"], Durability::Synced).unwrap();
    wait(store.checkpoint(RUN, head, b"state".to_vec())).unwrap();
    let digest = store.put(BLOB).unwrap().to_string();
    assert_eq!(compact(&store).records, 2);
    let (other, epoch_of_other) = wait(store.claim(OTHER)).unwrap();
    for after in [other, other.after(&[7; 16], b"a")] {
        append(&store, OTHER, epoch_of_other, after, &["a"], Durability::Synced).unwrap();
    }
    head = append(&store, RUN, epoch, head, &[&digest], Durability::Synced).unwrap();
    append(&store, RUN, epoch, head, &["last"], Durability::Buffered).unwrap();
    wait(store.claim(run(3))).unwrap();
}

/// Fails where there is no golden folder, and writes it: a new format gets one, an old one is never
/// written again.
#[test]
fn every_format_has_its_golden_folder() {
    let folder = folder(2);
    if !folder.exists() {
        write(Arc::new(FileDisk::open(&folder).unwrap()));
        std::fs::remove_file(folder.join("lock")).unwrap();
        panic!("{} was missing and is written now: keep it", folder.display());
    }
}

#[test]
fn every_format_reads_and_goes_on() {
    reads_and_goes_on(&golden(1));
    reads_and_goes_on(&golden(2));
}

#[test]
fn format_1_is_compacted() {
    let disk = golden(1);
    let options = Options { segment_bytes_min: 1, ..Options::default() };
    let store = Store::open(Arc::new(disk.clone()), options).unwrap();
    assert_eq!(compact(&store).records, 6);
    drop(store);
    let label = disk.content("journal-format").unwrap();
    assert_eq!(label, b"voyager journal, format 2\n");
    reads_and_goes_on(&disk);
}

#[test]
fn format_1_becomes_format_2_or_stays_wherever_power_fails() {
    let calm = golden(1);
    let begun = calm.calls();
    drop(open(&calm));
    let calls = calm.calls();
    assert!(begun < calls);
    for call in begun + 1..=calls {
        for model in CrashModel::ALL {
            // The files were there before.
            let disk = golden(1).after_crash(CrashModel::Clean, 0);
            disk.crash_at(call - begun);
            drop(Store::open(Arc::new(disk.clone()), Options::default()));
            reads_and_goes_on(&disk.after_crash(model, call));
        }
    }
}

fn reads_and_goes_on(disk: &SimDisk) {
    let store = open(disk);
    assert_eq!(store.runs(), Ok(vec![RUN, OTHER]), "the third never began");
    let digest = Digest::of(BLOB).to_string();
    assert_eq!(payloads(&store, RUN), ["one", "two", "", "four", &digest, "last"]);
    assert_eq!(payloads(&store, OTHER), ["a", "a"]);
    let head = store.verify(RUN).unwrap();
    assert_eq!(
        head.chain.to_string(),
        "652a6b41c2fab9222d6f84d7b957bb965bdfe72f52a152fd597258e4558bd200"
    );
    let (at, state) = store.last_checkpoint(RUN).unwrap().unwrap();
    assert_eq!((at.sequence, state.as_slice()), (4, b"state".as_slice()));
    assert_eq!(store.get(Digest::of(BLOB)), Ok(Some(BLOB.to_vec())));
    assert_eq!(store.head(run(3)), Ok(Some(Head::START)));
    assert_eq!(wait(store.claim(RUN)), Ok((head, 2)));
    append(&store, RUN, 2, head, &["goes on"], Durability::Synced).unwrap();
    drop(store);
    assert_eq!(payloads(&open(disk), RUN).last().unwrap(), "goes on");
}
