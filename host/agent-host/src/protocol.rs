//! What a command asks of the process that holds the state, and what comes back. The same words
//! within one process and over the socket, where each is one line of JSON, and an empty line before the first that
//! comes back says that the request is taken.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use voyager_base::{clock::Timestamp, memory::Trust, policy::What};
use voyager_manifest::plan::Priority;
use voyager_memory::{Draft, Edge, MemoryId, Question, runs};

use crate::{
    failure::Failure, host::Attended, import::Format, moment::Moment, owner_key::TypedKey,
};

/// What a command asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub(crate) enum Request {
    /// Starts a run and waits for its end.
    Run(RunRequest),
    /// Goes on with an interrupted run.
    Resume {
        /// Its id, or the beginning of it; the newest interrupted one where none is given.
        run: Option<String>,
        /// Where artifacts go.
        out: Option<PathBuf>,
        /// Whether it is waited for where it waits for somebody.
        #[serde(default)]
        wait: bool,
        /// Its secrets, where they are not to be read from where they came.
        #[serde(default)]
        secrets: Vec<TypedSecret>,
    },
    /// Starts a run that takes over what an earlier one did, and waits for its end.
    Fork(ForkRequest),
    /// Tells a run something from outside.
    Tell {
        /// Its id, or the beginning of it.
        run: String,
        /// What.
        word: Word,
        /// Who.
        by: String,
    },
    /// Replays a run.
    Replay {
        /// Its id, or the beginning of it.
        run: String,
        /// Runs the guests again.
        verify: bool,
    },
    /// Cancels a run that is going on.
    Cancel {
        /// Its id, or the beginning of it.
        run: String,
    },
    /// Takes back what a run changed.
    Undo {
        /// Its id, or the beginning of it.
        run: String,
        /// Only tells what it would do.
        dry_run: bool,
    },
    /// What goes on, and the newest runs.
    Top,
    /// What results are kept.
    Results {
        /// Forgets them.
        clear: bool,
    },
    /// Forgets runs that have ended.
    Prune {
        /// Those that ended so long ago.
        older_than: Duration,
        /// Only tells what it would do.
        dry_run: bool,
    },
    /// Packs old records.
    Compact,
    /// All runs.
    Runs,
    /// One run.
    Show {
        /// Its id, or the beginning of it; the newest where none is given.
        run: Option<String>,
    },
    /// One run as a scenario.
    FromRun {
        /// Its id, or the beginning of it; the newest where none is given.
        run: Option<String>,
    },
    /// What the steps of one run may use, and who says so.
    Grants {
        /// Its id, or the beginning of it; the newest where none is given.
        run: Option<String>,
    },
    /// The records of one run.
    Export {
        /// Its id, or the beginning of it.
        run: String,
    },
    /// Something of the memory.
    Memory {
        /// What.
        what: MemoryRequest,
        /// What opens it, where whoever asks has that.
        #[serde(default)]
        key: Option<TypedKey>,
    },
}

impl Request {
    /// How to go on with what was left, for whoever leaves.
    pub(crate) fn goes_on_by(&self) -> &'static str {
        match self {
            Self::Memory {
                what:
                    MemoryRequest::Add { .. }
                    | MemoryRequest::Relate { .. }
                    | MemoryRequest::Use { .. }
                    | MemoryRequest::Tick { .. },
                ..
            } => "`agent-host memory audit` tells whether it was done",
            Self::Memory { .. } => "what is in the memory stays there; the same command goes on",
            _ => "`agent-host resume` goes on where the run stopped",
        }
    }
}

/// What is asked of the memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "memory")]
pub(crate) enum MemoryRequest {
    /// Remembers a record.
    Add {
        /// What.
        draft: Draft,
        /// The records that it supersedes.
        #[serde(default)]
        supersedes: Vec<MemoryId>,
        /// The records that it is derived from.
        #[serde(default)]
        derived_from: Vec<MemoryId>,
        /// How far it is trusted by itself; as the owner's word where nothing is said.
        #[serde(default)]
        trust: Option<Trust>,
    },
    /// Finds what answers a question.
    Recall {
        /// Which.
        question: Question,
        /// Of which state; of now where none is named.
        #[serde(default)]
        as_of: Option<Moment>,
        /// Whether what is found is put together to passages.
        #[serde(default)]
        passages: bool,
    },
    /// Why a question is answered as it is.
    Explain {
        /// Which.
        question: Question,
        /// Why this record is, or is not, among the answers.
        id: Option<MemoryId>,
        /// Of which state; of now where none is named.
        #[serde(default)]
        as_of: Option<Moment>,
    },
    /// One record with its relations.
    Show {
        /// Which.
        id: MemoryId,
    },
    /// What supersedes what around a record.
    History {
        /// Which.
        id: MemoryId,
    },
    /// The newest records.
    List {
        /// How many.
        limit: usize,
        /// Only what has a smaller number.
        #[serde(default)]
        before: Option<MemoryId>,
        /// Which, whatever its words: where it asks for archived ones, these instead of the others.
        question: Question,
        /// Of which state; of now where none is named.
        #[serde(default)]
        as_of: Option<Moment>,
    },
    /// What became of the memory.
    Diff {
        /// The state before.
        from: Moment,
        /// The state behind; now where none is named.
        to: Option<Moment>,
    },
    /// Who wrote a record, and what was done to it.
    Blame {
        /// Which.
        id: MemoryId,
    },
    /// Brings archived records back.
    Restore {
        /// Which.
        ids: Vec<MemoryId>,
        /// With which weight.
        weight: f64,
    },
    /// Relates two records.
    Relate {
        /// How.
        edge: Edge,
    },
    /// Takes relations back.
    Unrelate {
        /// Where they start.
        from: MemoryId,
        /// What they say.
        kind: String,
        /// Where they lead.
        to: MemoryId,
    },
    /// Forgets records.
    Forget {
        /// Which.
        what: Forgetting,
        /// Only tells which.
        dry_run: bool,
    },
    /// Keeps a record from fading, or lets it fade again.
    Pin {
        /// Which.
        id: MemoryId,
        /// Whether it is kept.
        pinned: bool,
    },
    /// Says that records were of use.
    Use {
        /// Which.
        ids: Vec<MemoryId>,
    },
    /// Says how far records are trusted by themselves.
    Trust {
        /// How far.
        trust: Trust,
        /// Which.
        ids: Vec<MemoryId>,
        /// Or all of this space.
        space: Option<String>,
    },
    /// Finds records that say the same, and has one stand for the others.
    Consolidate {
        /// Within this space only.
        space: Option<String>,
        /// Only tells which.
        dry_run: bool,
    },
    /// Takes a consolidation back.
    Part {
        /// Its commit.
        commit: u64,
    },
    /// Lets cycles of decay pass.
    Tick {
        /// How many.
        cycles: u64,
    },
    /// What was done last.
    Audit {
        /// How many lines.
        limit: usize,
    },
    /// What is there.
    Stats,
    /// Checks everything.
    Verify,
    /// Takes a snapshot.
    Snapshot {
        /// Into which folder.
        folder: String,
        /// How many of its snapshots stay, the new one among them; all where none is named.
        #[serde(default)]
        keep: Option<NonZeroUsize>,
    },
    /// What snapshots there are.
    Snapshots {
        /// In which folder.
        folder: String,
        /// Whether all of them are read.
        verify: bool,
    },
    /// Leaves a folder of snapshots alone from now on.
    LeaveSnapshots {
        /// Which.
        folder: String,
    },
    /// Restores a snapshot where there is no memory yet.
    RestoreFrom {
        /// From which folder.
        folder: String,
        /// Which one.
        at: SnapshotChoice,
    },
    /// What it is locked with; never fails since it is locked.
    Owner,
    /// Locks it, or changes what it is locked with.
    Lock {
        /// What opens it from now on.
        key: TypedKey,
        /// Whether it is locked already.
        again: bool,
    },
    /// Lets whoever has the folder open it.
    Unlock,
    /// Makes the vectors that lack.
    Encode {
        /// Whether whoever asks would have an encoder.
        #[serde(default)]
        has_encoder: bool,
    },
    /// Reads files.
    Import(ImportRequest),
    /// All records as lines, in parts.
    Export {
        /// Of this space only.
        space: Option<String>,
        /// Whether relations stand behind the record that they start at, instead of behind all.
        #[serde(default)]
        in_rows: bool,
    },
}

/// Which snapshot is meant.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "snapshot")]
pub(crate) enum SnapshotChoice {
    /// The newest.
    #[default]
    Newest,
    /// That of a name.
    Named {
        /// Its name.
        name: String,
    },
    /// The newest of those taken at a time or before.
    At {
        /// The time.
        at: Timestamp,
    },
}

/// Which records are forgotten: those with all that is named.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Forgetting {
    /// These, where some are named.
    #[serde(default)]
    pub(crate) ids: Vec<MemoryId>,
    /// Those of a space.
    pub(crate) space: Option<String>,
    /// Those of a thread.
    pub(crate) thread: Option<String>,
    /// Only archived ones that faded so many cycles ago, or earlier.
    #[serde(default)]
    pub(crate) archived: Option<u64>,
    /// Only some of these, where somebody was asked about them.
    #[serde(default)]
    pub(crate) only: Option<Spans>,
}

/// Records, as spans of ids: first and how many. All of a large memory are a few of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Spans(Vec<(MemoryId, u64)>);

impl Spans {
    /// Whether a record is among them.
    pub(crate) fn holds(&self, id: MemoryId) -> bool {
        let behind = self.0.partition_point(|it| it.0 <= id);
        self.0[..behind].last().is_some_and(|it| id.0 - it.0.0 < it.1)
    }
}

impl FromIterator<MemoryId> for Spans {
    /// Of ids in the order of writing.
    fn from_iter<I: IntoIterator<Item = MemoryId>>(ids: I) -> Self {
        Self(runs(&ids.into_iter().collect::<Vec<_>>()))
    }
}

/// Files that are read into the memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ImportRequest {
    /// The file or the folder.
    pub(crate) path: PathBuf,
    /// What it is called, where its path says nothing to people.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// The space of all records.
    pub(crate) space: Option<String>,
    /// What the file is taken for.
    pub(crate) format: Format,
    /// Whether broken records are counted and passed over.
    pub(crate) skip_bad: bool,
    /// Whether what an earlier import remembered is remembered again.
    pub(crate) again: bool,
    /// How far what it holds is trusted, where it says nothing less of a record.
    pub(crate) trust: Trust,
}

/// A secret on its way to the process that has the state. Only its own user can read the socket.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TypedSecret {
    /// Its name.
    pub(crate) name: String,
    /// Where it came from.
    pub(crate) source: String,
    /// What nobody is shown.
    pub(crate) value: String,
}

impl std::fmt::Debug for TypedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TypedSecret({} from {})", self.name, self.source)
    }
}

/// A run to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunRequest {
    /// Name of the manifest's file, for messages.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
    /// Inputs as they were typed.
    pub(crate) inputs: Vec<(String, String)>,
    /// Its secrets.
    #[serde(default)]
    pub(crate) secrets: Vec<TypedSecret>,
    /// Folder against which paths are relative.
    pub(crate) directory: PathBuf,
    /// Where artifacts go.
    pub(crate) out: Option<PathBuf>,
    /// How important it is, where that is not left to the manifest.
    #[serde(default)]
    pub(crate) priority: Option<Priority>,
    /// Nobody watches: it must not be able to do more than was approved.
    #[serde(default)]
    pub(crate) unattended: bool,
    /// Whether it is waited for where it waits for somebody.
    #[serde(default)]
    pub(crate) wait: bool,
    /// What its user allows where the policy asks.
    #[serde(default)]
    pub(crate) allows: Vec<Yes>,
    /// Folder for the cores of guests that break, where somebody wants them.
    #[serde(default)]
    pub(crate) cores: Option<PathBuf>,
}

/// Something that a person allows where the policy asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Yes {
    /// The package of the skill.
    pub(crate) package: String,
    /// What.
    pub(crate) what: What,
    /// Whether it is remembered for the manifest.
    pub(crate) always: bool,
    /// Who.
    pub(crate) by: String,
}

/// A run to start that takes over what an earlier one did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ForkRequest {
    /// The earlier one's id, or the beginning of it.
    pub(crate) run: String,
    /// What it takes over.
    pub(crate) took: Took,
    /// Inputs that are to be others, as they were typed.
    pub(crate) inputs: Vec<(String, String)>,
    /// Its secrets, where they are not to be read from where they came.
    #[serde(default)]
    pub(crate) secrets: Vec<TypedSecret>,
    /// Another version of the manifest: its file and its text.
    pub(crate) manifest: Option<(String, String)>,
    /// Folder against which paths are relative.
    pub(crate) directory: PathBuf,
    /// Where artifacts go.
    pub(crate) out: Option<PathBuf>,
    /// Whether it is waited for where it waits for somebody.
    pub(crate) wait: bool,
}

/// What a run takes over from an earlier one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "took")]
pub(crate) enum Took {
    /// All that ended well, of one that failed.
    WhatEndedWell,
    /// All that does not depend on this step.
    WhatIsBefore {
        /// Its id.
        step: String,
    },
    /// All that ended well, of one that has not ended: it ends for that.
    TheRun {
        /// Who wants it.
        by: String,
    },
}

/// What somebody tells a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "word")]
pub(crate) enum Word {
    /// They approve or refuse what a step waits for.
    Answer {
        /// Id of the step, or the beginning of the wait's own.
        step: String,
        /// Whether they approve.
        approved: bool,
        /// What they say.
        comment: String,
    },
    /// They send a signal.
    Signal {
        /// Its name.
        name: String,
        /// What it carries.
        value: Option<Json>,
        /// Tells it apart; a new one where none is given.
        id: Option<String>,
    },
    /// Nobody is to go on with the run until it is resumed.
    Pause,
    /// The run is to end at once.
    Kill,
}

/// What comes back, any number of times; the last is `Done` or `Failed`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "update")]
pub(crate) enum Update {
    /// Something happened in a run.
    Event(Event),
    /// Something that a person should know, beside the result.
    Note {
        /// One sentence.
        text: String,
    },
    /// A part of an answer that is too large for one line.
    Part {
        /// It.
        text: String,
    },
    /// The answer.
    Done {
        /// Its shape belongs to the request.
        answer: Json,
    },
    /// There is no answer.
    Failed {
        /// Why.
        error: Failure,
    },
}

/// Something that happened in a run, for the people who watch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "event")]
pub(crate) enum Event {
    RunStarted { run: String, name: String, steps: Vec<String>, resumed: bool },
    StepStarted { step: String, tasks: u64 },
    StepProgress { step: String, done: u64, total: Option<u64>, note: String },
    StepDone { step: String, millis: u64, note: String },
    StepSkipped { step: String },
    StepFailed { step: String, error: String, goes_on: bool },
    Waits { step: String, wait: String, show: Option<String>, signal: Option<String> },
    Paused { step: String },
    Continued { step: String, millis: u64 },
    Retry { step: String, attempt: u32, error: String },
    Log { step: String, level: String, message: String },
    Output { step: String, stream: String, text: String },
    Core { step: String, file: PathBuf },
    Serving { state: PathBuf },
    SkillAdded { skill: String },
    SkillReplaced { skill: String },
    SkillRemoved { skill: String },
    SkillQuarantined { file: PathBuf, reason: String },
    Attended(Attended),
    Importing { records: u64, done_bytes: u64, total_bytes: u64 },
    Encoding { vectors: u64, records: u64 },
    EncoderFailed { reason: String },
    Going { doing: String, done: u64, total: u64 },
    Packed { records: u64, row_bytes: u64, segment_bytes: u64 },
    CyclePassed { cycle: u64, archived: usize },
    SkillBuilt { component: PathBuf, millis: u64, changes: Vec<String> },
    SkillNotBuilt { error: Failure },
    Smaller { tries: u64, inputs: usize, files: usize, answers: usize, bytes: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_records_of_a_large_memory_are_few_spans() {
        let ids = (0..1_000_000).filter(|it| *it != 500_000).map(MemoryId);
        let spans: Spans = ids.collect();
        let line = serde_json::to_string(&spans).expect("it is plain data");
        assert_eq!(line, "[[0,500000],[500001,499999]]");
        let read: Spans = serde_json::from_str(&line).expect("it is read");
        let held = |ids: &[u64]| ids.iter().filter(|it| read.holds(MemoryId(**it))).count();
        assert_eq!(held(&[0, 499_999, 500_001, 999_999]), 4);
        assert_eq!(held(&[500_000, 1_000_000, u64::MAX]), 0);
    }
}
