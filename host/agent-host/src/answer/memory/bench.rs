//! What `memory bench` answers.

use serde::Serialize;
use voyager_memory::evaluate::Summary;

/// Answers `memory bench locomo`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BenchAnswer {
    /// The file, as it was named.
    pub(crate) file: String,
    /// What made the vectors; none where there were none.
    pub(crate) encoder: Option<String>,
    /// Conversations.
    pub(crate) conversations: usize,
    /// What was said in them.
    pub(crate) turns: usize,
    /// Questions that were asked: those whose evidence is there.
    pub(crate) questions: usize,
    /// What rankings are worth; that of recall is the last.
    pub(crate) rankings: Vec<Ranking>,
    /// Where the places of all evidence stand.
    pub(crate) out: Option<String>,
}

/// What a ranking is worth.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ranking {
    /// Which one.
    pub(crate) name: &'static str,
    /// What it is worth.
    #[serde(flatten)]
    pub(crate) summary: Summary,
}
