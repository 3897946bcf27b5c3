//! What the memory reads from its files, for fuzzing: what reads it is not open to others.

use voyager_base::{chance::Seeded, clock::Timestamp, disk::Disk as _, sim::SimDisk};

pub use crate::pack::fuzz::pack;
use crate::{
    asking::Asking,
    index::Index,
    keys::{FILE, Filled, Key, Keys, Slip},
    recall::{Look, Question, consider},
    record::{Draft, MemoryId, Record},
    row::{Standing, open_edge, open_record, open_vector, seal_edge, seal_record, seal_vector},
    search::Search,
    vectors::{Code, DIMENSIONS_MAX},
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
            0 => Vec::new(),
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
    keys.fill(&mut Filled(0), 0, 1, &Seeded::new(1)).expect("there is room");
    let key = keys.key(0).ok().flatten().expect("it was made");
    let (id, other) = (MemoryId(0), 7);
    assert_eq!(open_record(&key, id, bytes), None);
    assert_eq!(open_edge(&key, 0, other, bytes), None);
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
    if let Some(mut edge) = open_edge(&key, 0, other, &key.seal(&name, bytes)) {
        // Whoever loads it looks where it leads.
        edge.to = MemoryId(other);
        let row = seal_edge(&key, 0, &edge);
        let read = open_edge(&key, 0, other, &row).expect("what was written is read");
        assert_eq!(seal_edge(&key, 0, &read), row);
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
    let plain = Code::of(&vec![1.0; dimensions]);
    for (id, code) in (0..).zip([Some(code.clone()), plain.clone(), None]) {
        let draft = Draft { text: "door".to_owned(), ..Draft::default() };
        let record = Record { id: MemoryId(id), written: Timestamp::default(), draft };
        index.add(&record, standing, code);
    }
    let question = Question { text: "door".to_owned(), ..Question::default() };
    let now = Timestamp::default();
    for vector in [Some(code), plain] {
        let shards = index.shards(&[]);
        let asking = Asking::of(&question, vector, &shards, now);
        let search = Search::new(shards);
        let found = consider(&index, &question, &asking, &search, now, Look::Features);
        assert!(found.candidates.len() <= 3, "each record once");
    }
    (0..3).for_each(|id| index.remove(MemoryId(id)));
    assert_eq!(index.len(), 0);
}
