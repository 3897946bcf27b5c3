//! Compaction: packs records that lie in rows into segments. Nothing is dropped; what moves is where they lie.
//!
//! The newest row of a run stays a row, since whoever lists runs reads the newest record of each; the first
//! row becomes a segment of its own, since whoever resumes or lists a run reads that.
//!
//! Packing reads, and appends to packs, on the thread of the caller. The writer syncs them as it does any
//! content, and lets one commit name the segments and remove the rows: a crash leaves the one or the other,
//! and at worst content that nothing names, which the next compaction names or the next prune removes.

use std::collections::BTreeSet;

use tracing::warn;
use voyager_base::{
    BoxFuture, Digest, RunId,
    record::{AppendError, Content, Durability, ReadError},
};

use crate::{
    error::{cannot_append, cannot_read},
    group::{Piece, Segments},
    row::{Records, damaged, decode_records, records_key},
    segment::{Segment, decode_segment, encode_segment},
    store::{Rest, Store, Waiting, acknowledged},
};

/// How many runs are looked at for one commit: most have nothing new.
const RUNS_MAX: usize = 1_000;

/// What one call of [`Store::compact`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// How many records were packed.
    pub records: u64,
    /// Bytes of the rows that they were.
    pub row_bytes: u64,
    /// Bytes of the segments that they are now.
    pub segment_bytes: u64,
    /// Runs whose rows are damaged: they are left as they are.
    pub damaged: u64,
    /// Whether there is more to pack.
    pub more: bool,
}

/// Why records could not be packed. They are still in their rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompactError {
    /// The disk does not give them.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The disk takes nothing.
    #[error(transparent)]
    Write(#[from] AppendError),
}

/// What is about to be packed.
#[derive(Default)]
struct Packing {
    segments: Segments,
    done: Compacted,
}

/// Rows of one run that follow each other.
struct Loose {
    rows: Vec<(Records, u64)>,
    /// Whether the newest row of the run follows.
    is_all: bool,
}

impl Store {
    /// Packs some of the records of all runs, as many as one commit should take; durable when it completes.
    /// Of `growing` runs only what fills a good part of a segment is packed, of others all that is worth it.
    ///
    /// Reading and packing happens before this returns: call it where that blocks nobody. Nothing may be
    /// pruned meanwhile.
    ///
    /// # Errors
    /// [`CompactError`]. Damage is no error: what is damaged stays as it is.
    pub fn compact(
        &self,
        growing: &BTreeSet<RunId>,
    ) -> Result<BoxFuture<'static, Result<Compacted, AppendError>>, CompactError> {
        let forgotten = {
            let state = self.shared().state();
            state.writable()?;
            state.forgotten
        };
        let mut packing = Packing::default();
        let options = &self.shared().options;
        let mut looked_at = 0;
        packing.done.more = loop {
            if looked_at == RUNS_MAX {
                break true;
            }
            looked_at += 1;
            let Some(run) = self.shared().state().loose.pop_first() else { break false };
            let least = match growing.contains(&run) {
                true => options.segment_bytes_max / 4,
                false => options.segment_bytes_min,
            };
            match self.pack(run, least, &mut packing) {
                Ok(true) => {}
                Ok(false) => {
                    self.shared().state().loose.insert(run);
                    break true;
                }
                Err(CompactError::Read(error @ ReadError::Damaged { .. })) => {
                    warn!(name: "journal-not-packed", %run, %error, "damaged records stay as they are");
                    packing.done.damaged += 1;
                }
                Err(error) => {
                    self.shared().state().loose.insert(run);
                    return Err(error);
                }
            }
        };
        let done = packing.done;
        let waiting = self.replace(packing.segments, forgotten)?;
        Ok(acknowledged(Ok((done, waiting))))
    }

    /// How many batches were appended since the store was opened: whoever compacts sees by it whether the
    /// journal is at rest.
    pub fn appended(&self) -> u64 {
        self.shared().state().appended
    }

    /// Bytes of all files: of rows, and packs.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn disk_bytes(&self) -> Result<u64, ReadError> {
        self.shared().packs.bytes_with(crate::tables::FILE).map_err(cannot_read)
    }

    /// Gives the room of the file of rows back that is not needed any more. Whoever reads or appends waits
    /// until that is done: some seconds for each GiB that was packed.
    ///
    /// # Errors
    /// [`AppendError::Disk`].
    pub fn shrink(&self) -> Result<(), AppendError> {
        let shrunk = self.shared().tables.shrink();
        self.shared().state().rest = Rest::Written;
        shrunk.map_err(cannot_append)
    }

    /// Packs what is loose of one run; false where the commit is full before.
    fn pack(&self, run: RunId, least: usize, packing: &mut Packing) -> Result<bool, CompactError> {
        let mut from = self.shared().tables.packed(run)?;
        loop {
            if packing.done.row_bytes >= self.shared().options.compaction_bytes_max as u64 {
                return Ok(false);
            }
            let Loose { mut rows, is_all } = self.loose(run, from)?;
            let bytes: u64 = rows.iter().map(|(_, bytes)| bytes).sum();
            if rows.is_empty() || (is_all && bytes < least as u64) {
                return Ok(true);
            }
            let others = rows.split_off(if from == 0 { 1 } else { rows.len() });
            for part in [rows, others] {
                if let Some((records, bytes)) = joined(part) {
                    from = records.after.sequence;
                    self.pack_part(run, &records, bytes, packing)?;
                }
            }
            if is_all {
                return Ok(true);
            }
        }
    }

    /// The rows of `run` behind its first `from` records that may be packed, as many as fit one segment.
    fn loose(&self, run: RunId, from: u64) -> Result<Loose, ReadError> {
        let bytes_max = self.shared().options.segment_bytes_max;
        let mut loose = Loose { rows: Vec::new(), is_all: true };
        let pieces = self.shared().pieces(run, from, bytes_max)?;
        let Some((head, pieces)) = pieces else { return Ok(loose) };
        let (mut next, mut bytes) = (from, 0);
        for (first, piece) in pieces.range(from..head.sequence) {
            let Piece::Row(row) = piece else { return Err(not_there(run, next)) };
            let records = decode_records(run, *first, row)?;
            let follows = loose.rows.last().is_none_or(|(last, _)| last.after == records.before);
            if *first != next || !follows {
                return Err(not_there(run, next));
            }
            next = records.after.sequence;
            bytes += row.len();
            if next == head.sequence {
                return Ok(loose);
            }
            if bytes > bytes_max && !loose.rows.is_empty() {
                break;
            }
            loose.rows.push((records, row.len() as u64));
        }
        if next < head.sequence && loose.rows.is_empty() {
            return Err(not_there(run, next));
        }
        loose.is_all = next == head.sequence;
        Ok(loose)
    }

    /// Packs records into one segment, which is read once before anything takes it for them.
    fn pack_part(
        &self,
        run: RunId,
        records: &Records,
        bytes: u64,
        packing: &mut Packing,
    ) -> Result<(), CompactError> {
        let first = records.before.sequence;
        let packed = encode_segment(run, records);
        if decode_segment(run, first, &packed)? != *records {
            return Err(damaged(format!("the segment of run {run}"), "it reads differently").into());
        }
        let digest: Digest = self.put(&packed)?;
        let count = records.entries.len() as u64;
        let segment = Segment { digest, records: count, bytes };
        packing.segments.insert(records_key(run, first), segment);
        packing.done.records += count;
        packing.done.row_bytes += bytes;
        packing.done.segment_bytes += packed.len() as u64;
        Ok(())
    }

    /// Lets the next commit take segments in the place of rows, unless runs were forgotten meanwhile.
    fn replace(&self, segments: Segments, forgotten: u64) -> Result<Waiting, AppendError> {
        let mut state = self.shared().state();
        state.writable()?;
        if segments.is_empty() || state.forgotten != forgotten {
            return Ok(None);
        }
        state.waiting.segments.extend(segments);
        Ok(self.shared().accept(&mut state, Durability::Synced))
    }
}

/// All records of some rows, and the bytes of the rows.
fn joined(rows: Vec<(Records, u64)>) -> Option<(Records, u64)> {
    rows.into_iter().reduce(|(mut all, bytes), (records, more)| {
        all.entries.extend(records.entries);
        (Records { after: records.after, ..all }, bytes + more)
    })
}

fn not_there(run: RunId, record: u64) -> ReadError {
    damaged(format!("record {record} of run {run}"), "it is missing")
}
