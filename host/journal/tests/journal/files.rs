//! The store on the real file system.

use std::sync::Arc;

use crate::support::*;
use voyager_base::record::{Content, Durability, Journal};
use voyager_disk::FileDisk;
use voyager_journal::{OpenError, Options, Store};

#[test]
fn a_store_in_a_folder_reads_back_and_admits_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let open = || {
        let disk = FileDisk::open(&path)?;
        Store::open(Arc::new(disk), Options::default())
    };
    let store = open().unwrap();
    let (head, epoch) = wait(store.claim(RUN)).unwrap();
    let digest = store.put(&[7; 100_000]).unwrap();
    let head = append(&store, RUN, epoch, head, &["a"], Durability::Synced).unwrap();
    let busy = open().err().unwrap();
    assert_eq!(busy, OpenError::Busy { folder: path.display().to_string() });
    drop(store);
    let store = open().unwrap();
    assert_eq!(store.verify(RUN), Ok(head));
    assert_eq!(store.get(digest), Ok(Some(vec![7; 100_000])));
}

#[test]
fn what_lies_in_the_folder_and_is_no_journal_is_refused_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.redb");
    std::fs::write(&file, b"somebody's notes").unwrap();
    let disk = FileDisk::open(folder.path()).unwrap();
    let error = Store::open(Arc::new(disk), Options::default()).err().unwrap();
    assert!(matches!(error, OpenError::Damaged { what: "journal.redb", .. }), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"somebody's notes");
}

#[test]
fn many_threads_append_and_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FileDisk::open(folder.path()).unwrap();
    let options = Options { log_batches_max: 50, ..Options::default() };
    let store = Store::open(Arc::new(disk), options).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let store = &store;
            scope.spawn(move || {
                let (mut head, epoch) = wait(store.claim(run(number))).unwrap();
                for record in 0..60_u64 {
                    let digest = store.put(&record.to_le_bytes()).unwrap();
                    let text = digest.to_string();
                    let synced = record % 3 == 0;
                    let durability = if synced { Durability::Synced } else { Durability::Buffered };
                    head = append(store, run(number), epoch, head, &[&text], durability).unwrap();
                    let read = store.read(run(number), record / 2, usize::MAX).unwrap();
                    assert_eq!(read.len() as u64, record + 1 - record / 2);
                    assert!(store.get(digest).unwrap().is_some());
                }
                assert_eq!(store.verify(run(number)), Ok(head));
            });
        }
    });
    assert_eq!(store.runs().unwrap().len(), 8);
}
