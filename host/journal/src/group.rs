//! What waits to be committed together.

use std::{collections::BTreeMap, sync::Arc};

use voyager_base::RunId;

use crate::row::{RecordsKey, Standing, first_of, records_key};

/// Rows of one run, encoded, by the number of records before each.
pub(crate) type Rows = BTreeMap<u64, Arc<[u8]>>;

/// Changes of all runs that one commit makes durable. All of it is visible to readers already.
#[derive(Default)]
pub(crate) struct Group {
    /// Batches of records, encoded.
    pub(crate) records: BTreeMap<RecordsKey, Arc<[u8]>>,
    /// Where the changed runs stand at the end.
    pub(crate) standings: BTreeMap<RunId, Standing>,
    /// New checkpoints, encoded.
    pub(crate) checkpoints: BTreeMap<RunId, Arc<[u8]>>,
    /// Size of the encoded rows.
    pub(crate) bytes: usize,
}

impl Group {
    /// Whether there is nothing to commit.
    pub(crate) fn is_empty(&self) -> bool {
        self.standings.is_empty() && self.checkpoints.is_empty()
    }

    /// Adds a batch of records of `run`, which stands at `standing` with it.
    pub(crate) fn push(&mut self, run: RunId, first: u64, row: Vec<u8>, standing: Standing) {
        self.bytes += row.len();
        self.records.insert(records_key(run, first), row.into());
        self.standings.insert(run, standing);
    }

    /// Adds or replaces a checkpoint.
    pub(crate) fn checkpoint(&mut self, run: RunId, row: Vec<u8>) {
        self.bytes += row.len();
        self.checkpoints.insert(run, row.into());
    }

    /// Adds the rows of `run` to `rows`, by the number of records before each.
    pub(crate) fn records_of(&self, run: RunId, rows: &mut Rows) {
        let of_run = self.records.range(records_key(run, 0)..=records_key(run, u64::MAX));
        rows.extend(of_run.map(|(key, row)| (first_of(key), Arc::clone(row))));
    }
}
