//! What is answered about snapshots of the memory.

use serde::{Deserialize, Serialize};
use voyager_memory::{Checked, Listed, Restored, Snapshots, Taken, Thinned};

use super::{named, verify::FaultDetail};
use crate::when;

/// A snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotDetail {
    /// Its name in the folder.
    pub(crate) name: String,
    /// When it was taken, RFC 3339.
    pub(crate) at: String,
    /// The commit that it shows.
    pub(crate) commit: u64,
    /// Records in it, those that were forgotten since too.
    pub(crate) records: u64,
    /// Relations in it.
    pub(crate) relations: u64,
    /// Vectors in it.
    pub(crate) vectors: u64,
    /// Bytes of its rows, which others share.
    pub(crate) bytes: u64,
}

impl SnapshotDetail {
    fn of(it: Listed) -> Self {
        Self {
            name: it.name,
            at: when::exact(it.at),
            commit: it.commit,
            records: it.records,
            relations: it.relations,
            vectors: it.vectors,
            bytes: it.bytes,
        }
    }
}

/// Answers `memory snapshot`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SnapshotAnswer {
    /// Where.
    pub(crate) folder: String,
    /// The new one.
    #[serde(flatten)]
    pub(crate) snapshot: SnapshotDetail,
    /// Bytes that no earlier one of the folder had.
    pub(crate) new_bytes: u64,
    /// How many parts that earlier ones share were damaged in the folder, and are written again.
    #[serde(default)]
    pub(crate) mended: u64,
    /// Records that are damaged in the memory, while the folder has another key of them, which it keeps.
    #[serde(default)]
    pub(crate) damaged: Vec<String>,
    /// How many of its records the memory can't read.
    #[serde(default)]
    pub(crate) unreadable: usize,
    /// Names of older ones that were removed, where so many only were to be kept.
    #[serde(default)]
    pub(crate) removed: Vec<String>,
    /// Bytes that none needs any more, and that went with them.
    #[serde(default)]
    pub(crate) removed_bytes: u64,
    /// Those that were left as they are, since they are damaged or of another memory.
    #[serde(default)]
    pub(crate) aside: Vec<ProblemDetail>,
}

impl SnapshotAnswer {
    pub(crate) fn of(folder: String, taken: Taken, unreadable: usize, thinned: Thinned) -> Self {
        Self {
            folder,
            snapshot: SnapshotDetail::of(taken.snapshot),
            new_bytes: taken.new_bytes,
            mended: taken.mended,
            damaged: taken.damaged.iter().map(ToString::to_string).collect(),
            unreadable,
            removed: thinned.removed,
            removed_bytes: thinned.bytes,
            aside: ProblemDetail::all(thinned.aside),
        }
    }
}

/// Answers `memory snapshots`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SnapshotsAnswer {
    /// Where.
    pub(crate) folder: String,
    /// The whole ones, the oldest first.
    pub(crate) snapshots: Vec<SnapshotDetail>,
    /// The others.
    pub(crate) damaged: Vec<ProblemDetail>,
    /// Bytes of the rows of all of them.
    pub(crate) bytes: u64,
    /// What reading all of them showed; none where they were not read.
    #[serde(default)]
    pub(crate) verified: Option<VerifiedDetail>,
}

/// What reading all snapshots of a folder showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VerifiedDetail {
    /// How many parts were read: the rows of a table for a range of records.
    pub(crate) parts: u64,
    /// Whether records were opened, too: those of a locked memory are with its key alone.
    pub(crate) opened: bool,
    /// Records that do not open, and were not forgotten.
    pub(crate) unopened: Vec<String>,
}

/// A folder of snapshots.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FolderDetail {
    /// Where.
    pub(crate) folder: String,
    /// Whether it may still have keys of what was forgotten.
    pub(crate) pending: bool,
}

/// Something with what is wrong with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProblemDetail {
    /// What.
    pub(crate) name: String,
    /// What is wrong.
    pub(crate) problem: String,
}

impl ProblemDetail {
    /// Names with problems.
    pub(crate) fn all(found: Vec<(String, String)>) -> Vec<Self> {
        found.into_iter().map(|(name, problem)| Self { name, problem }).collect()
    }
}

impl SnapshotsAnswer {
    pub(crate) fn of(folder: String, found: Snapshots) -> Self {
        Self {
            folder,
            snapshots: found.whole.into_iter().map(SnapshotDetail::of).collect(),
            damaged: ProblemDetail::all(found.damaged),
            bytes: found.bytes,
            verified: None,
        }
    }

    pub(crate) fn checked(folder: String, checked: Checked) -> Self {
        let unopened = checked.unopened.iter().map(ToString::to_string).collect();
        let (parts, opened) = (checked.chunks, checked.opened);
        let verified = Some(VerifiedDetail { parts, opened, unopened });
        Self { verified, ..Self::of(folder, checked.snapshots) }
    }

    /// Whether reading all of them showed nothing that is damaged; so where they were not read.
    pub(crate) fn is_whole(&self) -> bool {
        let whole = |it: &VerifiedDetail| it.unopened.is_empty() && self.damaged.is_empty();
        self.verified.as_ref().is_none_or(whole)
    }
}

/// Answers `memory snapshots --leave`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LeaveAnswer {
    /// The folder that is left alone.
    pub(crate) folder: String,
}

/// Answers `memory restore --from`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RestoreFromAnswer {
    /// Where it came from.
    pub(crate) folder: String,
    /// From which snapshot.
    pub(crate) snapshot: SnapshotDetail,
    /// Records that the memory has now.
    pub(crate) records: u64,
    /// Records of the snapshot that were forgotten since, and did not come back.
    pub(crate) forgotten: u64,
    /// How many of those the folder still has keys of, and the memory that it is of has none.
    #[serde(default)]
    pub(crate) withheld: u64,
    /// Records that came back and are derived from forgotten ones, or may be.
    #[serde(default)]
    pub(crate) derived: Vec<String>,
    /// What was damaged when the snapshot was taken.
    pub(crate) faults: Vec<FaultDetail>,
    /// Later snapshots of the folder that are damaged, where none was named: name, and what is wrong.
    #[serde(default)]
    pub(crate) passed_over: Vec<(String, String)>,
    /// Other folders with snapshots of the memory that was backed up.
    #[serde(default)]
    pub(crate) elsewhere: Vec<String>,
}

impl RestoreFromAnswer {
    pub(crate) fn of(folder: String, restored: Restored) -> Self {
        Self {
            folder,
            snapshot: SnapshotDetail::of(restored.snapshot),
            records: restored.records,
            forgotten: restored.forgotten,
            withheld: restored.withheld,
            derived: named(&restored.derived),
            faults: restored.faults.into_iter().map(FaultDetail::of).collect(),
            passed_over: restored.passed_over,
            elsewhere: restored.elsewhere,
        }
    }
}
