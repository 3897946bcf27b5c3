//! Durable records of runs, and content by its hash.

use crate::{
    BoxFuture,
    chain::{Head, Salt},
    clock::Timestamp,
    id::{Digest, RunId},
};

/// One record: bytes that only the writer understands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// What hides the payload in the chain.
    #[serde(with = "serde_bytes")]
    pub salt: Salt,
    /// The record.
    #[serde(with = "serde_bytes")]
    pub payload: Vec<u8>,
}

/// When an append is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk, with everything appended and all content put before it.
    Synced,
    /// At once. It becomes durable with the next synced append of any run, or is lost in a crash
    /// together with everything of this run that came after it.
    Buffered,
}

/// Records to append to one run.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The run.
    pub run: RunId,
    /// Number of the writer's ownership of the run.
    pub epoch: u64,
    /// Where the writer believes the chain to stand; appending compares before it writes.
    pub after: Head,
    /// The records.
    pub entries: Vec<Entry>,
    /// When to acknowledge.
    pub durability: Durability,
}

/// Why records could not be appended. Nothing of the batch is visible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The disk refused. Everything that was acknowledged is safe; opening the journal again may help.
    #[error("cannot write the journal: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
    /// Another writer owns the run. Appending again fails in the same way.
    #[error("run {run} belongs to another writer (ownership {current}, ours is {ours})")]
    Fenced {
        /// The run.
        run: RunId,
        /// Its ownership number now.
        current: u64,
        /// The one that was presented.
        ours: u64,
    },
    /// The chain stands elsewhere than the writer believes: a bug in the writer, or a second one.
    #[error("run {run} stands at record {stands}, not {believed}")]
    Moved {
        /// The run.
        run: RunId,
        /// Its number of records.
        stands: u64,
        /// What the writer believed.
        believed: u64,
    },
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why records or content could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The disk refused.
    #[error("cannot read the journal: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// What was read.
        what: String,
        /// How that shows.
        reason: String,
    },
}

/// Keeps records. One writer at a time owns a run.
pub trait Journal: Send + Sync {
    /// Takes ownership of a run, new or known: gives back where its chain stands and the number of the
    /// new ownership, higher than all before. Durable when it completes.
    fn claim(&self, run: RunId) -> BoxFuture<'static, Result<(Head, u64), AppendError>>;

    /// Appends records. Batches of one run take effect in the order of the calls, also when the
    /// acknowledgements are not waited for.
    fn append(&self, batch: Batch) -> BoxFuture<'static, Result<Head, AppendError>>;

    /// Reads records of a run from number `from` on: at most as many as fit `bytes_max`, one at least
    /// where there is one. Sees buffered records too.
    ///
    /// # Errors
    /// [`ReadError`].
    fn read(&self, run: RunId, from: u64, bytes_max: usize) -> Result<Vec<Entry>, ReadError>;

    /// Where the chain of a run stands; none for an unknown run.
    ///
    /// # Errors
    /// [`ReadError`].
    fn head(&self, run: RunId) -> Result<Option<Head>, ReadError>;

    /// All runs that have a record, oldest first. One that was claimed and got none has not begun, and may never: its
    /// owner may be gone.
    ///
    /// # Errors
    /// [`ReadError`].
    fn runs(&self) -> Result<Vec<RunId>, ReadError>;

    /// Keeps a point from which the state of a run can be rebuilt without the records before it.
    /// Replaces an earlier one. Becomes durable like a buffered append.
    fn checkpoint(
        &self,
        run: RunId,
        at: Head,
        state: Vec<u8>,
    ) -> BoxFuture<'static, Result<(), AppendError>>;

    /// The newest checkpoint of a run.
    ///
    /// # Errors
    /// [`ReadError`].
    fn last_checkpoint(&self, run: RunId) -> Result<Option<(Head, Vec<u8>)>, ReadError>;
}

/// A result of an operation that only depends on its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptResult {
    /// The run that computed it.
    pub run: RunId,
    /// When.
    pub at: Timestamp,
    /// Its canonical bytes; empty where the operation gives nothing.
    pub bytes: Vec<u8>,
}

/// Keeps results beyond the runs that computed them. It may lose them at any time: that costs time and
/// nothing else, so no error is given back.
pub trait Results: Send + Sync {
    /// The newest result under `key`.
    fn find(&self, key: &Digest) -> Option<KeptResult>;

    /// Keeps a result, in the place of an earlier one.
    fn keep(&self, key: &Digest, result: KeptResult);
}

/// Keeps content by its hash. What was put before a synced append is durable with it.
pub trait Content: Send + Sync {
    /// Keeps `bytes`.
    ///
    /// # Errors
    /// [`AppendError::Disk`].
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError>;

    /// Gives back content; none where it is not kept.
    ///
    /// # Errors
    /// [`ReadError`], also where the content does not have its hash any more.
    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError>;

    /// Whether content is kept; whether it has its hash still is not looked at.
    ///
    /// # Errors
    /// [`ReadError`], as far as looking for it can fail.
    fn holds(&self, digest: Digest) -> Result<bool, ReadError> {
        self.get(digest).map(|content| content.is_some())
    }
}
