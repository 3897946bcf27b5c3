//! What waits to be committed together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_bytes::Bytes;
use voyager_base::RunId;

use crate::{
    row::{Change, RecordsKey, Standing, first_of, records_key, run_of},
    segment::Segment,
};

/// Batches of records of all runs, encoded.
pub(crate) type Records = BTreeMap<RecordsKey, Arc<[u8]>>;

/// Consecutive records of one run, as they are kept.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    /// An encoded batch.
    Row(Arc<[u8]>),
    /// What is packed elsewhere.
    Segment(Segment),
}

/// Pieces of one run, by the number of records before each.
pub(crate) type Pieces = BTreeMap<u64, Piece>;

/// Segments of all runs that take the place of rows.
pub(crate) type Segments = BTreeMap<RecordsKey, Segment>;

/// Changes of all runs that one commit makes durable. All of it is visible to readers already.
#[derive(Default)]
pub(crate) struct Group {
    /// Batches of records, encoded.
    pub(crate) records: Records,
    /// Where the changed runs stand at the end.
    pub(crate) standings: BTreeMap<RunId, Standing>,
    /// New checkpoints, encoded.
    pub(crate) checkpoints: BTreeMap<RunId, Arc<[u8]>>,
    /// New segments: the rows of their records go.
    pub(crate) segments: Segments,
    /// Runs of which nothing is kept any more; nothing of them is in the group.
    pub(crate) forgotten: BTreeSet<RunId>,
    /// Size of the encoded rows.
    pub(crate) bytes: usize,
}

impl Group {
    /// What the group changes, in an order that keeps the batches of a run in theirs.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<&Bytes>> {
        let batches = self.records.iter().map(|(key, row)| {
            let run = run_of(key);
            let epoch = self.standings.get(&run).map_or(0, |it| it.epoch);
            Change { run, epoch, first: first_of(key), row: Bytes::new(row) }
        });
        let claims = self.standings.iter().map(|(run, standing)| {
            let (epoch, first) = (standing.epoch, standing.head.sequence);
            Change { run: *run, epoch, first, row: Bytes::new(&[]) }
        });
        batches.chain(claims.filter(|it| !self.has_records(it.run)))
    }

    fn has_records(&self, run: RunId) -> bool {
        self.records.range(records_key(run, 0)..=records_key(run, u64::MAX)).next().is_some()
    }

    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.standings.is_empty()
            && self.checkpoints.is_empty()
            && self.segments.is_empty()
            && self.forgotten.is_empty()
    }

    /// Adds a batch of records of `run`, which stands at `standing` with it.
    pub(crate) fn push(&mut self, run: RunId, first: u64, row: Vec<u8>, standing: Standing) {
        self.bytes += row.len();
        self.records.insert(records_key(run, first), row.into());
        self.standings.insert(run, standing);
    }

    /// Forgets a run.
    pub(crate) fn forget(&mut self, run: RunId) {
        self.records.retain(|key, _| run_of(key) != run);
        self.standings.remove(&run);
        self.checkpoints.remove(&run);
        self.segments.retain(|key, _| run_of(key) != run);
        self.forgotten.insert(run);
    }

    /// Adds or replaces a checkpoint.
    pub(crate) fn checkpoint(&mut self, run: RunId, row: Vec<u8>) {
        self.bytes += row.len();
        self.checkpoints.insert(run, row.into());
    }
}

/// Adds the rows of `run` among `records` to `pieces`.
pub(crate) fn records_of(run: RunId, records: &Records, pieces: &mut Pieces) {
    let of_run = records.range(records_key(run, 0)..=records_key(run, u64::MAX));
    pieces.extend(of_run.map(|(key, row)| (first_of(key), Piece::Row(Arc::clone(row)))));
}

/// Whether a segment takes the place of the row with `key`.
pub(crate) fn is_packed(segments: &Segments, key: &RecordsKey) -> bool {
    let before = segments.range(..=*key).next_back();
    before.is_some_and(|(begin, segment)| {
        run_of(begin) == run_of(key) && first_of(key) < segment.end(first_of(begin))
    })
}
