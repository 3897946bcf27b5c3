//! How much a store holds, and whether all of it is whole.

use std::sync::PoisonError;

use super::Memory;
use crate::{
    error::ReadError,
    index::Index,
    loading::Kept,
    record::MemoryId,
    shard::Shard,
    verify::{self, Checking, Fault, Part, Verified},
};

/// How many records there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All, archived ones too.
    pub records: usize,
    /// Those with a vector of this store's encoder.
    pub vectors: usize,
}

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// By space: how many records it holds.
    pub spaces: Vec<(String, usize)>,
    /// Records that are there, archived ones too.
    pub records: usize,
    /// How many of them are archived.
    pub archived: usize,
    /// Threads.
    pub threads: usize,
    /// Different words, added up over spaces.
    pub words: usize,
    /// Relations.
    pub relations: usize,
    /// Records with a vector of this store's encoder.
    pub vectors: usize,
    /// Records that are in no answer: their row, their key, their standing or one of their relations is damaged.
    pub damaged: Vec<MemoryId>,
    /// Bytes of the rows, and with what the database has around them.
    pub bytes: (u64, u64),
    /// The cycle of decay.
    pub cycle: u64,
    /// The number of the last commit.
    pub commit: u64,
}

impl Memory {
    /// How many records are here.
    pub fn counts(&self) -> Counts {
        counts(&self.index())
    }

    /// The number of the last commit.
    pub fn commit(&self) -> u64 {
        self.index().commit()
    }

    /// The records that are in no answer, see [`Stats::damaged`].
    pub fn damaged(&self) -> Vec<MemoryId> {
        self.index().damaged().iter().copied().collect()
    }

    /// How many they are.
    pub fn damaged_count(&self) -> usize {
        self.index().damaged().len()
    }

    /// Whether a record is one of them.
    pub fn is_damaged(&self, id: MemoryId) -> bool {
        self.index().damaged().contains(&id)
    }

    /// What the store holds. Bytes are counted on every page, seconds of a large store: what is only a number is asked by
    /// [`Memory::counts`], [`Memory::commit`] and [`Memory::damaged`].
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn stats(&self) -> Result<Stats, ReadError> {
        let bytes = self.tables.bytes()?;
        let index = self.index();
        let spaces: Vec<_> = index.spaces().collect();
        let Counts { records, vectors } = counts(&index);
        Ok(Stats {
            archived: index.archived(),
            records,
            threads: spaces.iter().map(|it| it.1.threads_in_use()).sum(),
            words: spaces.iter().map(|it| it.1.words_in_use()).sum(),
            vectors,
            relations: index.edges(),
            spaces: spaces.into_iter().map(|(name, it)| (name.to_owned(), it.len())).collect(),
            damaged: index.damaged().iter().copied().collect(),
            bytes,
            cycle: index.cycle(),
            commit: index.commit(),
        })
    }

    /// Checks everything that is stored. `see` is told how much is done, of how much, and says whether to go on; none
    /// where it did not. Writes go on meanwhile. No row is changed; a record that does not open is set aside, and one whose
    /// vector does not is without from then on.
    ///
    /// # Errors
    /// [`ReadError::Disk`] where the database itself can't be read.
    pub fn verify(
        &self,
        see: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Option<Verified>, ReadError> {
        let disk = |error: std::io::Error| ReadError::Disk { reason: error.to_string() };
        let index = |see: &mut dyn FnMut(&Index)| see(&self.index());
        let is_there = |id| Ok(self.tables.records(&[id])?.iter().any(Option::is_some));
        let (checking, doubled) = {
            // Between two commits: keys of what was forgotten before are destroyed.
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let owner = self.owner();
            let threads = verify::threads(writer.counters.next);
            let readings = (0..threads).map(|_| self.tables.reading());
            let checking = Checking {
                disk: &*self.disk,
                keys: &self.keys,
                veil: owner.veil(),
                readings: readings.collect::<Result<_, _>>()?,
                counters: writer.counters,
                horizon: self.has_horizon(&writer).then_some(self.archive_below),
                index: &index,
                is_there: &is_there,
            };
            (checking, owner.is_doubled().map_err(disk)?)
        };
        let Some(mut found) = verify::run(&checking, see)? else { return Ok(None) };
        self.heed(&found.faults)?;
        if !doubled {
            let problem = "one of its two copies is damaged".to_owned();
            found.faults.insert(0, Fault { id: None, part: Part::Owner, problem });
        }
        Ok(Some(found.cut()))
    }

    /// Has what recall searches go by what a check found.
    fn heed(&self, faults: &[Fault]) -> Result<(), ReadError> {
        if faults.is_empty() {
            return Ok(());
        }
        let of = |part| faults.iter().filter(move |it| it.part == part).filter_map(|it| it.id);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_here = |it: &MemoryId| self.index().holds(*it);
        let damaged: Vec<MemoryId> = of(Part::Record).collect();
        self.set_aside(&damaged);
        let mut bare = Vec::new();
        for id in of(Part::Vector).filter(is_here) {
            // That of another encoder is not searched.
            if self.vector_in_row(id)?.is_none() && !self.index().lacks_vector(id) {
                bare.push(id);
            }
        }
        // A kept index of another encoder may have what this memory does not search.
        let foreign = self.encoder.get().is_none() && of(Part::Vector).next().is_some();
        if !(damaged.is_empty() && bare.is_empty()) || foreign {
            let mut index = self.index_mut();
            bare.iter().for_each(|it| index.remove_vector(*it));
            // A kept index has them still. A disk that does not let go of it takes no new vectors either.
            drop(self.keys.destroy(&[]));
            writer.kept = Kept::none(&index);
        }
        Ok(())
    }
}

fn counts(index: &Index) -> Counts {
    let shards = || index.spaces().map(|it| it.1);
    let records = shards().map(Shard::len).sum();
    Counts { records, vectors: shards().map(|it| it.vectors.len()).sum() }
}
