//! What is answered about what the memory was.

use serde::{Deserialize, Serialize};

use super::memory::{RecordDetail, RelationDetail};

/// A state of the memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct MomentDetail {
    /// The number of its last commit; 0 before the first.
    pub(crate) commit: u64,
    /// When that was, RFC 3339; none before the first.
    pub(crate) at: Option<String>,
    /// From this commit on it is known what was done to which record.
    pub(crate) known_from: u64,
}

/// Answers `memory history`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HistoryAnswer {
    /// The record that was asked for.
    pub(crate) id: String,
    /// All that supersede each other around it: newer ones before what they supersede.
    pub(crate) records: Vec<HistoryDetail>,
}

/// A record among those that supersede each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HistoryDetail {
    /// The record.
    #[serde(flatten)]
    pub(crate) record: RecordDetail,
    /// The records that it supersedes, or would, were it not archived.
    pub(crate) supersedes: Vec<String>,
    /// Whether it is archived, and supersedes nothing by itself.
    pub(crate) archived: bool,
}

/// Answers `memory diff`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DiffAnswer {
    /// The state before.
    pub(crate) from: MomentDetail,
    /// The state behind.
    pub(crate) to: MomentDetail,
    /// New records that are still here.
    pub(crate) added: Vec<String>,
    /// How many new ones were forgotten since.
    pub(crate) gone: u64,
    /// Relations that say so, from the newer record to the older.
    pub(crate) superseded: Vec<RelationDetail>,
    /// Other relations that were written.
    pub(crate) related: Vec<RelationDetail>,
    /// Records at both ends of relations that were taken back.
    #[serde(default)]
    pub(crate) unrelated: Vec<String>,
    /// Records that were archived.
    pub(crate) archived: Vec<String>,
    /// Those that were brought back.
    pub(crate) restored: Vec<String>,
    /// Those that were pinned.
    pub(crate) pinned: Vec<String>,
    /// Those that were let fade again.
    pub(crate) unpinned: Vec<String>,
    /// Those whose trust by itself was changed.
    #[serde(default)]
    pub(crate) trusted: Vec<String>,
    /// How many got a vector.
    pub(crate) encoded: u64,
    /// How many cycles passed.
    pub(crate) cycles: u64,
    /// How many others were found to stand for, since they say the same.
    #[serde(default)]
    pub(crate) consolidated: u64,
    /// How many of such speak for themselves again.
    #[serde(default)]
    pub(crate) parted: u64,
    /// How many records were forgotten.
    pub(crate) forgotten: u64,
    /// Which, where that was noted.
    pub(crate) forgotten_ids: Vec<String>,
}

/// Answers `memory blame`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct BlameAnswer {
    /// The record.
    pub(crate) id: String,
    /// Who said it.
    pub(crate) author: Option<String>,
    /// Its space.
    pub(crate) space: String,
    /// What it is a part of.
    pub(crate) thread: Option<String>,
    /// The run that remembered it.
    pub(crate) run: Option<String>,
    /// The skill that did.
    pub(crate) skill: Option<String>,
    /// What is known of how it came here, in words.
    pub(crate) origin: String,
    /// When it was written, RFC 3339.
    pub(crate) written: String,
    /// The commit that wrote it.
    pub(crate) commit: u64,
    /// The records of that commit which are still here, itself among them.
    pub(crate) together: Vec<String>,
    /// What was done to it since, the oldest first.
    pub(crate) since: Vec<HappeningDetail>,
    /// Relations of which the commit was not noted.
    pub(crate) undated: Vec<RelationDetail>,
    /// From this commit on it is known what was done to which record.
    pub(crate) known_from: u64,
}

/// Something that was done to a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HappeningDetail {
    /// The number of the commit.
    pub(crate) commit: u64,
    /// When, RFC 3339.
    pub(crate) at: Option<String>,
    /// `related`, `unrelated`, `supersedes`, `superseded`, `archived`, `restored`, `pinned`, `unpinned`, `encoded`, `trusted`.
    pub(crate) deed: String,
    /// The relation, where it is one.
    pub(crate) relation: Option<RelationDetail>,
}
