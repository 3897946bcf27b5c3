//! Results that outlive their runs: a file of its own, which may be thrown away at any time.
//!
//! It is synced now and then only: what a crash takes is computed again. So a file that is damaged or in
//! use is no error either; it is begun anew, or results are not kept while this process lives.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::{Builder, Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use tracing::warn;
use voyager_base::{
    Digest, RunId,
    clock::Timestamp,
    disk::Disk,
    record::{KeptResult, Results},
};
use voyager_disk::Backend;

/// Name of the file.
const FILE: &str = "results.redb";

type Row = (u64, &'static [u8; 16], &'static [u8]);

/// By key: when it was computed, by which run, and the result.
const RESULTS: TableDefinition<'_, &[u8; 32], Row> = TableDefinition::new("results");
/// By time and key, the oldest first: the bytes that it takes.
const AGES: TableDefinition<'_, (u64, &[u8; 32]), u64> = TableDefinition::new("ages");
/// The bytes that all of them take, under nothing.
const BYTES: TableDefinition<'_, (), u64> = TableDefinition::new("bytes");

/// What a result takes beside its own bytes, about.
const ROW_BYTES: u64 = 128;

/// So many results are kept between two syncs: redb uses no room again that was not synced.
const UNSYNCED_MAX: u32 = 64;

/// Memory for pages of the file.
const CACHE_BYTES: usize = 1 << 20;

/// Keeps results up to a number of bytes; then the oldest go.
pub struct ResultStore {
    disk: Arc<dyn Disk>,
    bytes_max: u64,
    state: Mutex<State>,
}

/// What results take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Number of results.
    pub results: u64,
    /// The bytes that they take.
    pub bytes: u64,
}

enum State {
    /// Nobody has asked for it.
    Closed,
    Open {
        database: Database,
        /// Results kept since the last sync.
        unsynced: u32,
    },
    /// It can't be used.
    Broken,
}

impl ResultStore {
    /// Keeps results in a folder. Nothing is opened before the first is asked for.
    pub fn new(disk: Arc<dyn Disk>, bytes_max: u64) -> Self {
        Self { disk, bytes_max, state: Mutex::new(State::Closed) }
    }

    /// What is kept.
    pub fn taken(&self) -> Taken {
        self.with(|database, _| {
            let transaction = database.begin_read()?;
            let results = redb::ReadableTableMetadata::len(&transaction.open_table(AGES)?)?;
            let bytes = transaction.open_table(BYTES)?.get(())?.map_or(0, |it| it.value());
            Ok(Taken { results, bytes })
        })
        .unwrap_or_default()
    }

    /// Forgets all; gives back what that was.
    pub fn clear(&self) -> Taken {
        let taken = self.taken();
        let mut state = self.state();
        *state = State::Closed;
        if let Err(error) = self.begin_anew() {
            warn!(%error, "kept results can't be removed");
        }
        taken
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the file; none where that fails.
    fn with<T>(
        &self,
        work: impl FnOnce(&Database, &mut u32) -> Result<T, redb::Error>,
    ) -> Option<T> {
        let mut state = self.state();
        if matches!(*state, State::Closed) {
            *state =
                self.open().map_or(State::Broken, |database| State::Open { database, unsynced: 0 });
        }
        let State::Open { database, unsynced } = &mut *state else { return None };
        // A damaged file may make redb panic.
        let done = catch_unwind(AssertUnwindSafe(|| work(database, unsynced)));
        match done {
            Ok(Ok(done)) => Some(done),
            Ok(Err(error)) => {
                warn!(%error, "kept results can't be used");
                *state = State::Broken;
                None
            }
            Err(_) => {
                warn!("kept results are damaged");
                *state = State::Broken;
                None
            }
        }
    }

    fn open(&self) -> Option<Database> {
        let opened = || catch_unwind(AssertUnwindSafe(|| self.database())).ok()?.ok();
        opened().or_else(|| {
            // Whatever it was, it is worth less than a run that can't keep its results.
            self.begin_anew().ok()?;
            opened()
        })
    }

    fn database(&self) -> Result<Database, redb::Error> {
        let file = self.disk.open(FILE)?;
        let database =
            Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(Backend(file))?;
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        transaction.open_table(RESULTS)?;
        transaction.open_table(AGES)?;
        transaction.open_table(BYTES)?;
        transaction.commit()?;
        Ok(database)
    }

    fn begin_anew(&self) -> std::io::Result<()> {
        self.disk.open(FILE)?.set_len(0)
    }
}

impl Results for ResultStore {
    fn find(&self, key: &Digest) -> Option<KeptResult> {
        self.with(|database, _| {
            let transaction = database.begin_read()?;
            let row = transaction.open_table(RESULTS)?.get(&key.0)?;
            Ok(row.map(|row| {
                let (at, run, bytes) = row.value();
                let at = Timestamp::from_micros(at);
                KeptResult { run: RunId(*run), at, bytes: bytes.to_vec() }
            }))
        })
        .flatten()
    }

    fn keep(&self, key: &Digest, result: KeptResult) {
        let taken = ROW_BYTES + result.bytes.len() as u64;
        if self.bytes_max < taken {
            return;
        }
        self.with(|database, unsynced| {
            let mut transaction = database.begin_write()?;
            *unsynced = (*unsynced + 1) % UNSYNCED_MAX;
            if *unsynced != 0 {
                transaction.set_durability(Durability::None)?;
            }
            {
                let mut results = transaction.open_table(RESULTS)?;
                let mut ages = transaction.open_table(AGES)?;
                let mut bytes = transaction.open_table(BYTES)?;
                let mut sum = bytes.get(())?.map_or(0, |it| it.value());
                let at = result.at.as_micros();
                let row = (at, &result.run.0, result.bytes.as_slice());
                let earlier = results.insert(&key.0, row)?.map(|it| it.value().0);
                if let Some(earlier) = earlier {
                    let removed = ages.remove((earlier, &key.0))?;
                    sum = sum.saturating_sub(removed.map_or(0, |it| it.value()));
                }
                ages.insert((at, &key.0), taken)?;
                sum += taken;
                while self.bytes_max < sum {
                    let Some((oldest, removed)) = ages.pop_first()? else { break };
                    results.remove(oldest.value().1)?;
                    sum = sum.saturating_sub(removed.value());
                }
                bytes.insert((), sum)?;
            }
            Ok(transaction.commit()?)
        });
    }
}

#[cfg(test)]
mod tests {
    use voyager_base::sim::SimDisk;

    use super::*;

    const BYTES_MAX: u64 = 10_000;

    fn store(disk: &SimDisk) -> ResultStore {
        ResultStore::new(Arc::new(disk.clone()), BYTES_MAX)
    }

    fn key(number: u8) -> Digest {
        Digest([number; 32])
    }

    fn result(micros: u64, bytes: Vec<u8>) -> KeptResult {
        KeptResult { run: RunId([7; 16]), at: Timestamp::from_micros(micros), bytes }
    }

    #[test]
    fn a_result_is_found_by_another_process() {
        let disk = SimDisk::new(1);
        let first = store(&disk);
        first.keep(&key(1), result(5, vec![1, 2, 3]));
        drop(first);
        let second = store(&disk);
        assert_eq!(second.find(&key(1)), Some(result(5, vec![1, 2, 3])));
        assert_eq!(second.find(&key(2)), None);
    }

    #[test]
    fn a_newer_result_takes_the_place_of_an_older_one() {
        let store = store(&SimDisk::new(1));
        store.keep(&key(1), result(5, vec![1; 100]));
        store.keep(&key(1), result(6, vec![2; 10]));
        assert_eq!(store.find(&key(1)), Some(result(6, vec![2; 10])));
        assert_eq!(store.taken(), Taken { results: 1, bytes: ROW_BYTES + 10 });
    }

    #[test]
    fn the_oldest_go_where_there_is_no_more_room() {
        let store = store(&SimDisk::new(1));
        for number in 1..=20 {
            store.keep(&key(number), result(u64::from(100 - number), vec![number; 1_000]));
        }
        let kept: Vec<u8> = (1..=20).filter(|it| store.find(&key(*it)).is_some()).collect();
        assert_eq!(kept, (1..=8).collect::<Vec<u8>>());
        assert!(store.taken().bytes <= BYTES_MAX);
        store.keep(&key(30), result(500, vec![0; 20_000]));
        assert_eq!(store.find(&key(30)), None);
        assert_eq!(store.taken().results, 8);
    }

    #[test]
    fn what_is_cleared_is_gone() {
        let disk = SimDisk::new(1);
        let store = store(&disk);
        store.keep(&key(1), result(5, vec![1; 100]));
        assert_eq!(store.clear(), Taken { results: 1, bytes: ROW_BYTES + 100 });
        assert_eq!((store.find(&key(1)), store.taken()), (None, Taken::default()));
        store.keep(&key(1), result(5, vec![1]));
        assert_eq!(store.find(&key(1)), Some(result(5, vec![1])));
    }

    #[test]
    fn a_damaged_file_is_begun_anew() {
        let disk = SimDisk::new(1);
        let first = store(&disk);
        first.keep(&key(1), result(5, vec![1; 100]));
        drop(first);
        let file = disk.open(FILE).unwrap();
        let length = file.len().unwrap();
        file.write_at(0, &vec![0xa5; usize::try_from(length).unwrap()]).unwrap();
        let second = store(&disk);
        assert_eq!(second.find(&key(1)), None);
        second.keep(&key(1), result(6, vec![2]));
        assert_eq!(second.find(&key(1)), Some(result(6, vec![2])));
    }
}
