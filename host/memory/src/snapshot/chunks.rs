//! The rows of a store in chunks that stay the same as long as the rows do.
//!
//! A chunk holds the rows of one table for one range of ids: what is written later changes the last ranges, and
//! those that it touches. It is named by its hash, and is written where no earlier snapshot of the folder has it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    ops::Range,
};

use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use voyager_base::disk::Disk;
use voyager_disk::database::Broken;

use super::{SnapshotError, manifest::chunk_name};
use crate::tables::{Counters, DeedsRow, Reading};

/// So many ids, or commits, are in one range.
pub(crate) const IDS: u64 = 4096;

/// A chunk ends where its rows have so many bytes.
const CHUNK_BYTES: usize = 8 << 20;

/// No chunk is longer: each ends with the row with which its rows have [`CHUNK_BYTES`], and what names them takes no more
/// than they.
pub(crate) const CHUNK_BYTES_MAX: u64 = 8 * CHUNK_BYTES as u64;

/// So many bytes of chunks that are there are read again by one snapshot, more or less: a folder may lie on a stick or
/// behind a network, and snapshots are taken each hour.
const READ_AGAIN_BYTES: u64 = 256 << 20;

/// Which of the chunks that are there a snapshot reads again, since disks rot: all of them where they are few, else one
/// part of several, so that each has its turn.
pub(crate) struct Turn {
    number: u64,
    parts: u64,
}

impl Turn {
    /// That of the snapshot with a number, where there are so many bytes.
    pub(crate) fn of(number: u64, bytes: u64) -> Self {
        Self { number, parts: bytes.div_ceil(READ_AGAIN_BYTES).max(1) }
    }

    fn has(&self, hash: &[u8; 32]) -> bool {
        let part = hash.first_chunk().map_or(0, |it| u64::from_le_bytes(*it)) % self.parts;
        part == self.number % self.parts
    }
}

/// Rows of one table.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rows {
    /// By id: the sealed record.
    Records(Vec<(u64, ByteBuf)>),
    /// By id: what changes.
    Standings(Vec<(u64, ByteBuf)>),
    /// Where it starts, its number, where it leads, the sealed edge.
    Edges(Vec<(u64, u32, u64, ByteBuf)>),
    /// The number of the encoder; by id: the sealed vector.
    Vectors(u32, Vec<(u64, ByteBuf)>),
    /// By commit: what was done.
    Audit(Vec<(u64, (u64, u8, u64, u64))>),
    /// By idempotency key, as it is hidden: the first id, and how many.
    Done(Vec<(ByteBuf, u64, u64)>),
    /// From which commit on it is noted what is done to which record; what was, as its rows are.
    Deeds(u64, Vec<DeedsRow>),
    /// By id: what stands for it, and which commit found that out.
    Groups(Vec<(u64, u64, u64)>),
}

/// What was written of a store.
#[derive(Default)]
pub(crate) struct Written {
    /// Hash and length of each chunk.
    pub(crate) chunks: Vec<(ByteArray<32>, u64)>,
    pub(crate) records: u64,
    pub(crate) relations: u64,
    pub(crate) vectors: u64,
    /// How many chunks are new, and how many bytes they have.
    pub(crate) new_chunks: u64,
    pub(crate) new_bytes: u64,
    /// How many were there, and were not what was written.
    pub(crate) mended: u64,
}

/// A store on its way into chunks.
pub(crate) struct Writing<'a> {
    pub(crate) reading: &'a Reading,
    pub(crate) disk: &'a dyn Disk,
    /// Names and lengths of the chunks that whole snapshots name, and that are there.
    pub(crate) known: BTreeMap<String, u64>,
    pub(crate) turn: Turn,
    pub(crate) written: Written,
}

impl Writing<'_> {
    /// Writes all rows.
    pub(crate) fn all(
        &mut self,
        counters: Counters,
        encoders: &[(u32, String, u32)],
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<(), SnapshotError> {
        let ranges = counters.next.div_ceil(IDS);
        let commits = (counters.commit + 1).div_ceil(IDS);
        let total = ranges + commits;
        let deeds_from = self.reading.deeds_from(counters)?;
        let mut groups = self.reading.groups()?;
        groups.reverse();
        for number in 0..ranges {
            let ids = number * IDS..(number + 1) * IDS;
            self.ids(ids.clone(), encoders)?;
            if let Some(from) = deeds_from {
                self.deeds(ids.clone(), from)?;
            }
            let mut rows = Vec::new();
            while let Some((id, standing, commit)) = groups.pop_if(|it| it.0.0 < ids.end) {
                rows.push((id.0, standing.0, commit));
            }
            self.put(rows, Rows::Groups, |_| 24)?;
            if !see(number + 1, total) {
                return Err(SnapshotError::Stopped);
            }
        }
        for number in 0..commits {
            let mut rows = Vec::new();
            let commits = number * IDS..(number + 1) * IDS;
            self.reading.audit(commits, |commit, row| rows.push((commit, row)))?;
            self.put(rows, Rows::Audit, |_| 32)?;
            if !see(ranges + number + 1, total) {
                return Err(SnapshotError::Stopped);
            }
        }
        self.done()
    }

    fn ids(
        &mut self,
        ids: Range<u64>,
        encoders: &[(u32, String, u32)],
    ) -> Result<(), SnapshotError> {
        let mut rows = Vec::new();
        self.reading.records(ids.clone(), |id, row| rows.push((id, ByteBuf::from(row))))?;
        self.written.records += rows.len() as u64;
        self.put(rows, Rows::Records, |it| it.1.len())?;
        let mut rows = Vec::new();
        self.reading.standings(ids.clone(), |id, row| rows.push((id, ByteBuf::from(row))))?;
        self.put(rows, Rows::Standings, |it| it.1.len())?;
        let mut rows = Vec::new();
        self.reading.edges(ids.clone(), |from, number, to, row| {
            rows.push((from, number, to, ByteBuf::from(row)));
        })?;
        self.written.relations += rows.len() as u64;
        self.put(rows, Rows::Edges, |it| it.3.len())?;
        for (encoder, _, _) in encoders {
            let mut rows = Vec::new();
            let vectors = ids.clone();
            self.reading
                .vectors(*encoder, vectors, |id, row| rows.push((id, ByteBuf::from(row))))?;
            self.written.vectors += rows.len() as u64;
            self.put(rows, |it| Rows::Vectors(*encoder, it), |it| it.1.len())?;
        }
        Ok(())
    }

    /// What was done to records; the first chunk of it is there also where nothing was.
    fn deeds(&mut self, ids: Range<u64>, from: u64) -> Result<(), SnapshotError> {
        let is_first = ids.start == 0;
        let mut rows = Vec::new();
        self.reading.deeds(ids, |row| rows.push(row))?;
        if rows.is_empty() && is_first {
            return self.chunk(&Rows::Deeds(from, rows));
        }
        self.put(rows, |it| Rows::Deeds(from, it), |_| 40)
    }

    /// What was done under idempotency keys, by the ids that it was about: those never change.
    fn done(&mut self) -> Result<(), SnapshotError> {
        let mut rows = Vec::new();
        self.reading.done(|key, first, count| rows.push((first, *key, count)))?;
        rows.sort_unstable();
        let mut rest = rows.as_slice();
        while let Some((first, _, _)) = rest.first() {
            let range = first / IDS;
            let (now, later) = rest.split_at(rest.partition_point(|it| it.0 / IDS <= range));
            let row = |it: &(u64, [u8; 32], u64)| (ByteBuf::from(it.1), it.0, it.2);
            self.put(now.iter().map(row).collect(), Rows::Done, |_| 48)?;
            rest = later;
        }
        Ok(())
    }

    /// Writes rows of one range, in one chunk where they are not very long.
    fn put<T>(
        &mut self,
        rows: Vec<T>,
        made: impl Fn(Vec<T>) -> Rows,
        bytes: impl Fn(&T) -> usize,
    ) -> Result<(), SnapshotError> {
        let (mut part, mut part_bytes) = (Vec::new(), 0);
        for row in rows {
            part_bytes += bytes(&row);
            part.push(row);
            if part_bytes >= CHUNK_BYTES {
                self.chunk(&made(std::mem::take(&mut part)))?;
                part_bytes = 0;
            }
        }
        if part.is_empty() { Ok(()) } else { self.chunk(&made(part)) }
    }

    fn chunk(&mut self, rows: &Rows) -> Result<(), SnapshotError> {
        let bytes = rmp_serde::to_vec(rows).map_err(SnapshotError::disk)?;
        let hash = *blake3::hash(&bytes).as_bytes();
        let (name, length) = (chunk_name(&hash), bytes.len() as u64);
        let is_known = self.known.get(&name) == Some(&length);
        // What can't be read is written again as well.
        if !is_known || !self.is_whole(&name, &hash, &bytes).unwrap_or(false) {
            let write = || -> io::Result<()> {
                let file = self.disk.open(&name)?;
                file.write_at(0, &bytes)?;
                // One that was cut off, or is damaged, may be longer.
                file.set_len(length)?;
                file.sync()
            };
            write().map_err(SnapshotError::disk)?;
            if is_known {
                self.written.mended += 1;
            } else {
                self.known.insert(name, length);
                self.written.new_chunks += 1;
                self.written.new_bytes += length;
            }
        }
        self.written.chunks.push((ByteArray::new(hash), length));
        Ok(())
    }

    /// Whether the file of a known chunk holds what was written, as far as it is looked at: its length always.
    fn is_whole(&self, name: &str, hash: &[u8; 32], bytes: &[u8]) -> io::Result<bool> {
        let file = self.disk.open(name)?;
        if file.len()? != bytes.len() as u64 {
            return Ok(false);
        }
        if !self.turn.has(hash) {
            return Ok(true);
        }
        let mut found = vec![0; bytes.len()];
        file.read_at(0, &mut found)?;
        Ok(found == bytes)
    }
}

/// A chunk, compared with its hash.
pub(crate) fn read(
    disk: &dyn Disk,
    files: &BTreeSet<String>,
    (hash, length): &(ByteArray<32>, u64),
) -> Result<Rows, SnapshotError> {
    let name = chunk_name(hash);
    let damaged =
        |reason: &str| SnapshotError::Damaged { what: name.clone(), reason: reason.to_owned() };
    // Opening would make one.
    if !files.contains(&name) {
        return Err(damaged("it is missing"));
    }
    let file = disk.open(&name).map_err(SnapshotError::disk)?;
    if file.len().map_err(SnapshotError::disk)? != *length {
        return Err(damaged("it has another length"));
    }
    let mut bytes = vec![0; *length as usize];
    file.read_at(0, &mut bytes).map_err(SnapshotError::disk)?;
    if *blake3::hash(&bytes).as_bytes() != **hash {
        return Err(damaged("its bytes are not what was written"));
    }
    rmp_serde::from_slice(&bytes).map_err(|_| damaged("it says nothing that this program knows"))
}

impl From<Broken> for SnapshotError {
    fn from(error: Broken) -> Self {
        Self::disk(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chunk_has_its_turn() {
        let hashes: Vec<[u8; 32]> =
            (0..200_u64).map(|it| *blake3::hash(&it.to_le_bytes()).as_bytes()).collect();
        let read = |number, bytes| {
            let turn = Turn::of(number, bytes);
            hashes.iter().filter(|it| turn.has(it)).count()
        };
        assert_eq!([0, READ_AGAIN_BYTES].map(|it| read(7, it)), [200; 2], "all of a small folder");
        let parts: Vec<usize> = (7..11).map(|it| read(it, 4 * READ_AGAIN_BYTES)).collect();
        assert_eq!(parts.iter().sum::<usize>(), 200);
        assert!(parts.iter().all(|it| (25..75).contains(it)), "{parts:?}");
    }
}
