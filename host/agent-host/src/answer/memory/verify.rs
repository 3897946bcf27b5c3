//! What a check of the memory is answered with.

use serde::{Deserialize, Serialize};
use voyager_memory::{Fault, Verified};

/// Answers `memory verify`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct VerifyAnswer {
    /// Whether nothing is damaged.
    pub(crate) whole: bool,
    /// The commit as of which it was checked.
    pub(crate) commit: u64,
    /// Rows of records that were opened.
    pub(crate) records: u64,
    /// Vectors that were opened.
    pub(crate) vectors: u64,
    /// Relations that were opened.
    pub(crate) relations: u64,
    /// Bytes of the kept index that were compared with its root.
    pub(crate) index_bytes: u64,
    /// How long it took, in milliseconds.
    pub(crate) millis: u64,
    /// What is damaged.
    pub(crate) faults: Vec<FaultDetail>,
    /// How many more faults there are.
    pub(crate) more: u64,
}

/// Something that is damaged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FaultDetail {
    /// The record that it is about.
    pub(crate) id: Option<String>,
    /// `record`, `key`, `standing`, `vector`, `relation`, `horizon`, `audit`, `index`, `kept index` or `owner`.
    pub(crate) part: String,
    /// What is wrong.
    pub(crate) problem: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl FaultDetail {
    /// A fault.
    pub(crate) fn of(it: Fault) -> Self {
        let id = it.id.map(|it| it.to_string());
        let remedy = it.part.remedy().replace("ID", id.as_deref().unwrap_or("ID"));
        Self { id, part: it.part.to_string(), problem: it.problem, remedy }
    }
}

impl VerifyAnswer {
    /// What was found, in so many milliseconds.
    pub(crate) fn of(found: Verified, millis: u64) -> Self {
        Self {
            whole: found.faults.is_empty(),
            commit: found.commit,
            records: found.records,
            vectors: found.vectors,
            relations: found.relations,
            index_bytes: found.kept_bytes,
            millis,
            faults: found.faults.into_iter().map(FaultDetail::of).collect(),
            more: found.more,
        }
    }
}
