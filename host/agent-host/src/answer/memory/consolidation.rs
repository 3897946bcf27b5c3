//! What is answered about records that say the same.

use serde::{Deserialize, Serialize};

/// Answers `memory consolidate`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ConsolidateAnswer {
    /// Whether it was only asked.
    pub(crate) dry_run: bool,
    /// The commit, by which it is undone; none where nothing was written.
    pub(crate) commit: Option<u64>,
    /// What was found.
    pub(crate) groups: Vec<GroupDetail>,
    /// How many records others stand for now.
    pub(crate) copies: usize,
    /// So many are found at once, where there are more.
    pub(crate) more: Option<usize>,
    /// With `--undo` the records that speak for themselves again.
    pub(crate) parted: Vec<String>,
    /// All consolidations of which something is left.
    pub(crate) consolidations: Vec<ConsolidationDetail>,
}

/// A record, and those that say the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GroupDetail {
    /// The record that stands for the others.
    pub(crate) id: String,
    /// The others.
    pub(crate) copies: Vec<String>,
    /// Its text; null where there are many groups.
    pub(crate) text: Option<String>,
}

/// A consolidation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ConsolidationDetail {
    /// Its commit.
    pub(crate) commit: u64,
    /// How many records others stand for by it.
    pub(crate) copies: usize,
}
