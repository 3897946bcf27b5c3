//! Damage of a store that was closed in order: every flipped bit and every cut is found, either when
//! the store opens or where the damage is read, or it hit nothing that is used.

use std::sync::Arc;

use crate::support::*;
use voyager_base::{
    Digest, RunId,
    chain::Head,
    chance::{Chance, Seeded},
    disk::Disk,
    record::{Content, Durability, Entry, Journal, ReadError},
    sim::SimDisk,
};
use voyager_journal::{OpenError, Options, Store};

const RUNS: u64 = 5;
const BLOBS: u64 = 6;

/// Records at their places and in the log, checkpoints, two packs.
fn filled() -> SimDisk {
    let disk = SimDisk::new(1);
    let options = Options { log_batches_max: 40, pack_bytes_max: 5_000, ..Options::default() };
    let store = Store::open(Arc::new(disk.clone()), options).unwrap();
    for number in 0..RUNS {
        let (mut head, epoch) = wait(store.claim(run(number))).unwrap();
        for record in 0..10 {
            let text = format!("record {record} of {number}, {}", "x".repeat(100));
            head = append(&store, run(number), epoch, head, &[&text], Durability::Synced).unwrap();
        }
        wait(store.checkpoint(run(number), head, b"state".to_vec())).unwrap();
    }
    for number in 0..BLOBS {
        store.put(&blob(number)).unwrap();
    }
    disk
}

fn blob(number: u64) -> Vec<u8> {
    vec![number as u8; 1_000 + number as usize]
}

/// What a store says of a checkpoint.
type Checkpoint = Result<Option<(Head, Vec<u8>)>, ReadError>;

/// Everything that a store says.
#[derive(Debug, PartialEq)]
struct Said {
    runs: Vec<RunId>,
    heads: Vec<Result<Head, ReadError>>,
    records: Vec<Result<Vec<Entry>, ReadError>>,
    checkpoints: Vec<Checkpoint>,
    content: Vec<Result<Option<Vec<u8>>, ReadError>>,
}

/// All records of a run, as every reader walks through them.
fn all_records(store: &Store, run: RunId) -> Result<Vec<Entry>, ReadError> {
    let end = store.head(run)?.map_or(0, |head| head.sequence);
    let mut all = Vec::new();
    while (all.len() as u64) < end {
        all.extend(store.read(run, all.len() as u64, usize::MAX)?);
    }
    Ok(all)
}

fn said(store: &Store) -> Said {
    let runs = || (0..RUNS).map(run);
    Said {
        runs: store.runs().unwrap(),
        heads: runs().map(|it| store.verify(it)).collect(),
        records: runs().map(|it| all_records(store, it)).collect(),
        checkpoints: runs().map(|it| store.last_checkpoint(it)).collect(),
        content: (0..BLOBS).map(|it| store.get(Digest::of(&blob(it)))).collect(),
    }
}

fn all_as_before<T: PartialEq>(
    now: &[Result<T, ReadError>],
    before: &[Result<T, ReadError>],
) -> bool {
    now.iter().zip(before).all(|(now, before)| now.is_err() || now == before)
}

/// What became of a damage.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Outcome {
    /// The store did not open.
    Refused,
    /// Reading something failed, everything else is as it was.
    Found,
    /// Everything reads as before.
    Unused,
}

fn outcome(disk: &SimDisk, options: Options, before: &Said, what: &str) -> Outcome {
    let store = match Store::open(Arc::new(disk.clone()), options) {
        Ok(store) => store,
        Err(OpenError::Damaged { .. } | OpenError::Newer { .. }) => return Outcome::Refused,
        Err(error) => panic!("{what}: {error}"),
    };
    let now = said(&store);
    if now == *before {
        return Outcome::Unused;
    }
    let unchanged = now.runs == before.runs
        && all_as_before(&now.heads, &before.heads)
        && all_as_before(&now.records, &before.records)
        && all_as_before(&now.checkpoints, &before.checkpoints)
        && all_as_before(&now.content, &before.content);
    assert!(unchanged, "{what}: damage was taken for content");
    Outcome::Found
}

/// A copy of a disk.
fn copy(disk: &SimDisk) -> SimDisk {
    disk.after_crash(voyager_base::sim::CrashModel::Clean, 0)
}

/// Damages copies, and counts the outcomes: refused, found, unused.
fn outcomes(
    options: &Options,
    count: u64,
    damage: impl Fn(&SimDisk, &Seeded) -> String,
) -> [usize; 3] {
    outcomes_of(&filled(), options, count, damage)
}

fn outcomes_of(
    disk: &SimDisk,
    options: &Options,
    count: u64,
    damage: impl Fn(&SimDisk, &Seeded) -> String,
) -> [usize; 3] {
    let before = said(&open(&copy(disk)));
    let mut counts = [0; 3];
    for number in 0..count {
        let damaged = copy(disk);
        let what = damage(&damaged, &Seeded::new(number));
        counts[outcome(&damaged, options.clone(), &before, &what) as usize] += 1;
    }
    counts
}

fn pick(chance: &Seeded, from: usize) -> usize {
    (chance.number() % from as u64) as usize
}

/// Flips a bit of a byte that is not zero: most of a new file is.
fn flip(disk: &SimDisk, chance: &Seeded, name: &str) -> String {
    let content = disk.content(name).unwrap();
    let used: Vec<usize> = (0..content.len()).filter(|it| content[*it] != 0).collect();
    let bit = used[pick(chance, used.len())] * 8 + pick(chance, 8);
    disk.flip_bit(name, bit);
    format!("bit {bit} of {name}")
}

fn cut(disk: &SimDisk, chance: &Seeded, name: &str) -> String {
    let length = pick(chance, disk.content(name).unwrap().len());
    disk.truncate(name, length);
    format!("{name} cut to {length}")
}

/// The same, with all records packed but the newest of each run.
fn packed() -> SimDisk {
    let disk = filled();
    let options = Options { segment_bytes_min: 1, pack_bytes_max: 5_000, ..Options::default() };
    let store = Store::open(Arc::new(disk.clone()), options).unwrap();
    assert_eq!(compact(&store).records, RUNS * 9);
    drop(store);
    disk
}

#[test]
fn no_damage_of_packed_records_is_taken_for_a_record() {
    let disk = packed();
    for name in ["pack-000002", "pack-000003", "journal.redb"] {
        let [refused, found, unused] =
            outcomes_of(&disk, &Options::default(), 150, |disk, chance| flip(disk, chance, name));
        println!("{name}: refused {refused}, found {found}, unused {unused}");
        assert!(found > 100 || name == "journal.redb");
    }
    let [_, found, _] = outcomes_of(&disk, &Options::default(), 50, |disk, chance| {
        cut(disk, chance, "pack-000003")
    });
    assert_eq!(found, 50);
}

#[test]
fn no_flipped_bit_of_the_records_is_taken_for_a_record() {
    let [refused, found, unused] =
        outcomes(&Options::default(), 400, |disk, chance| flip(disk, chance, "journal.redb"));
    println!("refused {refused}, found {found}, unused {unused}");
    assert!(refused > 50);
}

#[test]
fn no_flipped_bit_is_taken_for_a_record_where_files_are_too_large_to_check() {
    let options = Options { check_bytes_max: 0, ..Options::default() };
    let disk = filled();
    let before = said(&open(&copy(&disk)));
    for number in 0..400 {
        let damaged = copy(&disk);
        let what = flip(&damaged, &Seeded::new(number), "journal.redb");
        let Ok(store) = Store::open(Arc::new(damaged), options.clone()) else { continue };
        let now = said(&store);
        assert_eq!(now.runs, before.runs, "{what}");
        assert!(all_as_before(&now.heads, &before.heads), "{what}");
        assert!(all_as_before(&now.records, &before.records), "{what}");
    }
}

#[test]
fn no_cut_of_the_records_is_taken_for_a_shorter_journal() {
    let [refused, found, unused] =
        outcomes(&Options::default(), 60, |disk, chance| cut(disk, chance, "journal.redb"));
    println!("refused {refused}, found {found}, unused {unused}");
    assert_eq!((refused, found), (60, 0));
}

#[test]
fn damaged_content_shows_when_it_is_asked_for_and_affects_nothing_else() {
    for pack in ["pack-000001", "pack-000002"] {
        let [refused, found, _] =
            outcomes(&Options::default(), 100, |disk, chance| flip(disk, chance, pack));
        assert_eq!(refused, 0);
        assert!(found > 90, "{found}");
        let [refused, found, _] =
            outcomes(&Options::default(), 50, |disk, chance| cut(disk, chance, pack));
        assert_eq!((refused, found), (0, 50));
    }
}

#[test]
fn a_damaged_record_is_named() {
    let disk = filled();
    let content = disk.content("journal.redb").unwrap();
    // Closed in order, one copy of it is in use: damage all that are there.
    let text = b"record 7 of 4";
    let places = (0..content.len()).filter(|it| content[*it..].starts_with(text));
    places.for_each(|it| disk.flip_bit("journal.redb", it * 8));
    let options = Options { check_bytes_max: 0, ..Options::default() };
    match Store::open(Arc::new(disk), options) {
        Ok(store) => {
            let error = store.verify(run(4)).unwrap_err().to_string();
            assert_eq!(error, format!("record 7 of run {} is damaged: its hash differs", run(4)));
            assert!(store.verify(run(3)).is_ok());
        }
        Err(error) => {
            let named = format!("record 7 of run {} is damaged: its hash differs", run(4));
            assert!(error.to_string().contains(&named), "{error}");
        }
    }
}

#[test]
fn the_index_of_content_is_made_again_from_the_packs() {
    let disk = filled();
    disk.remove("journal.redb").unwrap();
    disk.remove("journal-format").unwrap();
    // One blob in the middle is damaged: the others are found all the same.
    disk.flip_bit("pack-000001", (16 + 48 + 1_000 + 48 + 5) * 8);
    let store = open(&disk);
    assert!(store.runs().unwrap().is_empty());
    for number in 0..BLOBS {
        let expected = (number != 1).then(|| blob(number));
        assert_eq!(store.get(Digest::of(&blob(number))), Ok(expected));
    }
    store.put(&blob(1)).unwrap();
    drop(store);
    let store = open(&disk);
    (0..BLOBS).for_each(|it| assert_eq!(store.get(Digest::of(&blob(it))), Ok(Some(blob(it)))));
}

#[test]
fn content_is_kept_once() {
    let disk = SimDisk::new(2);
    let store = open(&disk);
    let digest = store.put(b"the same").unwrap();
    let length = disk.content("pack-000001").unwrap().len();
    assert_eq!(store.put(b"the same"), Ok(digest));
    drop(store);
    let store = open(&disk);
    assert_eq!(store.put(b"the same"), Ok(digest));
    assert_eq!(disk.content("pack-000001").unwrap().len(), length);
    assert_eq!(store.get(Digest::of(b"another")), Ok(None));
    assert_eq!(store.put(b""), Ok(Digest::of(b"")));
    assert_eq!(store.get(Digest::of(b"")), Ok(Some(Vec::new())));
}
