//! What the requests are answered with: data, which `report.rs` prints.

pub(crate) mod memory;
pub(crate) mod past;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use voyager_base::Usage;

/// How a run ended, or stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// Some process runs it.
    Running,
    /// No process runs it, and it has not ended: `resume` goes on.
    Interrupted,
    /// It waits for an approval or a signal.
    Waiting,
    /// Somebody paused it: `resume` goes on.
    Paused,
    /// It gave its outputs.
    Done,
    /// A step failed for good.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl Status {
    /// The word for people.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
        }
    }
}

/// Answers `run` and `resume`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunAnswer {
    /// Its id.
    pub(crate) run: String,
    /// Name of its manifest.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) status: Status,
    /// Time from its start to its end, pauses between processes included.
    pub(crate) millis: u64,
    /// Outputs that are no artifacts, by name.
    pub(crate) outputs: serde_json::Map<String, Json>,
    /// Artifacts: output and file.
    pub(crate) artifacts: Vec<(String, String)>,
    /// Files of the granted folders that the run changed.
    pub(crate) changed: Vec<String>,
    /// What all its tasks used.
    #[serde(default)]
    pub(crate) usage: Usage,
    /// Why it failed: the step and the error.
    pub(crate) error: Option<RunError>,
    /// What it waits for, where it waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) waits: Vec<WaitDetail>,
}

/// A step that waits for somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WaitDetail {
    /// Tells it apart where the same step waits several times.
    pub(crate) wait: String,
    /// The step.
    pub(crate) step: String,
    /// What is to be approved, where it is that.
    pub(crate) show: Option<String>,
    /// The signal, where it is that.
    pub(crate) signal: Option<String>,
    /// Type of what the signal carries.
    #[serde(rename = "type")]
    pub(crate) ty: Option<String>,
    /// Since when, RFC 3339.
    pub(crate) since: String,
    /// When it ends by itself, RFC 3339.
    pub(crate) until: Option<String>,
}

/// Answers `approve`, `signal`, `pause` and `kill` of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ToldAnswer {
    /// The run.
    pub(crate) run: String,
    /// Whether it is new to the run; a signal that came before is not.
    pub(crate) is_new: bool,
    /// Whether some process goes on with the run; where none does, `resume` does.
    pub(crate) goes_on: bool,
}

/// What somebody told a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ToldDetail {
    /// When, RFC 3339.
    pub(crate) at: String,
    /// `approved`, `refused`, `signalled`, `paused`, `killed`.
    pub(crate) what: String,
    /// The step, or the signal.
    pub(crate) about: String,
    /// Who.
    pub(crate) by: String,
    /// What they said.
    pub(crate) comment: String,
}

/// Why a run failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunError {
    /// The step; none where it is the run itself (its deadline, its outputs).
    pub(crate) step: Option<String>,
    /// Line of the step in the manifest.
    pub(crate) line: Option<u32>,
    /// Kind of the error.
    pub(crate) kind: String,
    /// The code where the kind is `other`.
    pub(crate) code: Option<String>,
    /// One sentence.
    pub(crate) message: String,
    /// The grant that is missing, or the bound that was hit.
    pub(crate) bound: Option<String>,
    /// The operation's own error where the kind is `failed`.
    pub(crate) detail: Option<Json>,
}

/// Answers `replay`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ReplayAnswer {
    /// The run.
    pub(crate) run: String,
    /// Number of records.
    pub(crate) records: u64,
    /// Hash over all of them.
    pub(crate) chain: String,
    /// How it ended, or stands.
    pub(crate) status: Status,
    /// With `--verify`: attempts of tasks whose guests ran again, and did the same.
    pub(crate) attempts_verified: Option<u64>,
}

/// Answers `undo`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UndoAnswer {
    /// The run whose changes are taken back.
    pub(crate) run: String,
    /// Name of its manifest.
    pub(crate) name: String,
    /// What came of it.
    pub(crate) outcome: Undone,
    /// The run that took them back, where one was started.
    pub(crate) undo: Option<String>,
    /// Files that are, or would be, as before the run.
    pub(crate) restored: Vec<RestoredFile>,
    /// Files that somebody changed since: where there is one, nothing is touched.
    pub(crate) conflicts: Vec<voyager_base::workspace::Conflict>,
    /// What the run did beside changing files: that stays done.
    pub(crate) not_undone: Vec<EffectDetail>,
}

/// What came of an undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Undone {
    /// The files are as before the run.
    Done,
    /// They would be: it was only asked.
    Possible,
    /// They were so already, or the run changed none.
    Nothing,
    /// Somebody changed files since.
    Refused,
    /// Somebody cancelled it; nothing is changed.
    Cancelled,
}

/// A file that an undo restores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RestoredFile {
    /// The folder.
    pub(crate) root: String,
    /// Path from the folder.
    pub(crate) path: String,
    /// `changed`, `created` (it is there again), `removed` (the run had created it).
    pub(crate) how: String,
}

/// One row of `runs list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunRow {
    /// Its id.
    pub(crate) run: String,
    /// Name of its manifest.
    pub(crate) name: String,
    /// How it ended, or stands.
    pub(crate) status: Status,
    /// When it began, RFC 3339.
    pub(crate) started: String,
    /// Time from its first to its last record; until now, where it goes on.
    pub(crate) millis: u64,
    /// Number of records.
    pub(crate) records: u64,
}

/// Answers `cache`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ResultsAnswer {
    /// Whether they were forgotten.
    pub(crate) cleared: bool,
    /// How many results.
    pub(crate) results: u64,
    /// The bytes that they take.
    pub(crate) bytes: u64,
}

/// Answers `runs prune`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct PruneAnswer {
    /// Whether it was only asked.
    pub(crate) dry_run: bool,
    /// The runs that are, or would be, forgotten.
    pub(crate) runs: Vec<RunRow>,
    /// How many runs are left.
    pub(crate) kept: u64,
    /// Bytes of their records that are not packed. What comes later uses the room, or `runs compact` gives it back.
    pub(crate) record_bytes: u64,
    /// Bytes of their packed records, and of content that nothing else names: the disk has them again.
    pub(crate) content_bytes: u64,
}

/// Answers `runs compact`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CompactAnswer {
    /// How many records were packed.
    pub(crate) records: u64,
    /// Bytes of the rows that they were.
    pub(crate) row_bytes: u64,
    /// Bytes of the segments that they are now.
    pub(crate) segment_bytes: u64,
    /// How many runs have damaged records: those stay as they are.
    pub(crate) damaged_runs: u64,
    /// Whether the file of rows gave back the room that it does not need any more.
    pub(crate) shrunk: bool,
    /// Bytes of the journal before.
    pub(crate) disk_bytes_before: u64,
    /// Bytes of the journal now.
    pub(crate) disk_bytes_after: u64,
}

/// Answers `runs show` and `runs trace`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunDetail {
    /// What `runs list` shows.
    #[serde(flatten)]
    pub(crate) row: RunRow,
    /// File of its manifest.
    pub(crate) file: String,
    /// Hash over all its records.
    pub(crate) chain: String,
    /// Its inputs.
    pub(crate) inputs: Json,
    /// What all its tasks used, earlier attempts included.
    #[serde(default)]
    pub(crate) usage: Usage,
    /// Its steps.
    pub(crate) steps: Vec<StepDetail>,
    /// The run whose results it took over, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) waits: Vec<WaitDetail>,
    /// What people told it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) told: Vec<ToldDetail>,
    /// Its outputs, where it is done.
    pub(crate) outputs: Option<Json>,
    /// Why it failed.
    pub(crate) error: Option<RunError>,
}

/// One step of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StepDetail {
    /// Its id.
    pub(crate) step: String,
    /// `waiting`, `running`, `done`, `skipped`, `failed`, `kept` (an earlier run did it).
    pub(crate) state: String,
    /// Its items that an earlier run did, by number, from 0: `2`, or `0/2` within an item of a block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kept: Vec<String>,
    /// Its attempts, children below them.
    pub(crate) tasks: Vec<TaskDetail>,
}

/// One attempt of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TaskDetail {
    /// The task.
    pub(crate) task: String,
    /// The operation.
    pub(crate) operation: String,
    /// Which attempt.
    pub(crate) attempt: u32,
    /// `open`, `done`, `failed`. One that a crash ended is open for ever; a later attempt follows.
    pub(crate) state: String,
    /// Time from the start of the run to its own.
    #[serde(default)]
    pub(crate) after_millis: u64,
    /// Time from its first to its last record.
    pub(crate) millis: u64,
    /// How often more important tasks took its slot; none where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paused: Option<PauseDetail>,
    /// The run that computed its result, where no guest ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept_from: Option<String>,
    /// What it used, its children not; none where no guest ran, or nobody counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// What it asked the host: name, what was used, outcome.
    pub(crate) effects: Vec<EffectDetail>,
    /// Files that it staged.
    pub(crate) staged: Vec<String>,
    /// Its child tasks.
    pub(crate) children: Vec<Self>,
}

/// How often more important tasks took the slot of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PauseDetail {
    /// How often.
    pub(crate) times: u32,
    /// How long it did not compute for that.
    pub(crate) millis: u64,
}

/// One question to the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EffectDetail {
    /// Name of the call.
    pub(crate) call: String,
    /// What it was about: a path, a program.
    pub(crate) about: String,
    /// `done`, `denied`, `limit`, `requested` (children that have not all ended), `unknown` (an intent
    /// without an outcome).
    pub(crate) outcome: String,
}

/// Answers `top`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Top {
    /// The process that has runs; none where no run goes on.
    pub(crate) host: Option<HostView>,
    /// Runs that are going on, then the newest others, the newest first.
    pub(crate) runs: Vec<TopRun>,
}

/// What a process has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct HostView {
    /// Its number.
    pub(crate) pid: u32,
    /// Tasks that may compute at a time.
    pub(crate) slots: u32,
    /// Tasks that do.
    pub(crate) computing: usize,
    /// Tasks and runs that wait for a slot or a key.
    pub(crate) waiting: usize,
    /// Its memory, guests included.
    pub(crate) memory_bytes: u64,
}

/// A run, as `top` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TopRun {
    /// What `runs list` shows.
    #[serde(flatten)]
    pub(crate) row: RunRow,
    /// How important it is; empty where it does not go on.
    pub(crate) priority: String,
    /// Steps that have ended, and all.
    pub(crate) steps: (u64, u64),
    /// What its tasks used that ended since this process has the run.
    #[serde(default)]
    pub(crate) usage: Usage,
    /// Attempts of tasks that are open.
    pub(crate) tasks: Vec<TopTask>,
}

/// An open attempt of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct TopTask {
    /// The task.
    pub(crate) task: String,
    /// Its step.
    pub(crate) step: String,
    /// The operation.
    pub(crate) operation: String,
    /// Which attempt.
    pub(crate) attempt: u32,
    /// How important it is.
    pub(crate) priority: String,
    /// `waits`, `computes`, `paused`, `children` (it waits for them).
    pub(crate) state: String,
    /// What it has reserved, or waits for, of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reserves: Option<String>,
    /// Time since it began.
    pub(crate) millis: u64,
    /// Tasks above it in its run.
    pub(crate) depth: u32,
}
