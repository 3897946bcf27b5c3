//! What is answered about the memory.

pub(crate) mod bench;
pub(crate) mod consolidation;
pub(crate) mod snapshot;
pub(crate) mod verify;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_base::memory::Trust;
use voyager_memory::{
    Draft, Edge, Kindred, MemoryId, Record, Signals, Watched,
    question::Cue,
    when::{Bound, Granularity},
};

use super::past::MomentDetail;
use crate::when;

/// A record, as people and programs see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RecordDetail {
    /// Its id.
    pub(crate) id: String,
    /// When it was written, RFC 3339.
    pub(crate) written: String,
    /// When what it tells was told, RFC 3339.
    pub(crate) at: String,
    /// Its space.
    pub(crate) space: String,
    /// Who said it.
    pub(crate) author: Option<String>,
    /// What it is a part of.
    pub(crate) thread: Option<String>,
    /// What kind of record it is.
    pub(crate) kind: String,
    /// Words to find it by.
    pub(crate) tags: Vec<String>,
    /// Names with values.
    pub(crate) fields: BTreeMap<String, String>,
    /// How much it matters.
    pub(crate) importance: f64,
    /// How sure its author was.
    pub(crate) confidence: f64,
    /// How far it is trusted, with all that it descends from: `owner`, `imported`, `skill` or `outside`.
    #[serde(default)]
    pub(crate) trust: Trust,
    /// The text.
    pub(crate) text: String,
    /// What supersedes it, so that it is not recalled; nothing where it is.
    #[serde(default, rename = "superseded-by")]
    pub(crate) superseded_by: Vec<String>,
}

impl RecordDetail {
    /// A record that is trusted so far, and that these supersede.
    pub(crate) fn of(record: Record, trust: Trust, superseded_by: &[MemoryId]) -> Self {
        let at = when::exact(record.at());
        let Record { id, written, draft } = record;
        let Draft { space, text, author, thread, kind, tags, fields, .. } = draft;
        Self {
            id: id.to_string(),
            written: when::exact(written),
            at,
            space,
            author,
            thread,
            kind,
            tags,
            fields,
            importance: decimal(draft.importance),
            confidence: decimal(draft.confidence),
            trust,
            text,
            superseded_by: named(superseded_by),
        }
    }
}

/// A number with the digits that it was written with.
pub(crate) fn decimal(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

/// Ids as people and programs see them.
pub(crate) fn named(ids: &[MemoryId]) -> Vec<String> {
    ids.iter().map(MemoryId::to_string).collect()
}

/// A relation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RelationDetail {
    /// The record it starts at.
    pub(crate) from: String,
    /// What it says.
    pub(crate) kind: String,
    /// The record it leads to.
    pub(crate) to: String,
    /// How strong it is.
    pub(crate) weight: f64,
}

impl RelationDetail {
    /// A relation.
    pub(crate) fn of(edge: Edge) -> Self {
        let Edge { from, kind, to, weight } = edge;
        Self { from: from.to_string(), kind, to: to.to_string(), weight: decimal(weight) }
    }
}

/// Answers `memory add`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AddAnswer {
    /// The id of the new record.
    pub(crate) id: String,
}

/// Answers `memory recall`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RecallAnswer {
    /// The records, the best first.
    pub(crate) hits: Vec<HitDetail>,
    /// These with turns beside them, put together as they were said; none where that was not asked for.
    #[serde(default)]
    pub(crate) passages: Option<Vec<PassageDetail>>,
    /// The tokens that the texts take, about: of the passages, where there are such, else of the hits.
    pub(crate) tokens: u64,
    /// How many records were looked at closely.
    pub(crate) candidates: usize,
    /// How many were left out because another one says the same.
    pub(crate) duplicates: usize,
    /// How many would be among the hits, were they not superseded.
    #[serde(default)]
    pub(crate) superseded: usize,
    /// How many would be among the hits, were they not archived; none where there are hits, or such were asked for too.
    #[serde(default)]
    pub(crate) archived: Option<usize>,
    /// How many were left out for the limit and the budget.
    pub(crate) left_out: usize,
    /// How probable it is that nothing here answers the question, from 0 to 1; none where too few were asked.
    pub(crate) doubt: Option<f64>,
    /// How many records the store has.
    pub(crate) records: usize,
    /// How many more are damaged, and in no answer.
    #[serde(default)]
    pub(crate) damaged: usize,
    /// The number of the store's last commit.
    pub(crate) commit: u64,
    /// The state that was asked for; none where it is now.
    #[serde(default)]
    pub(crate) as_of: Option<MomentDetail>,
    /// When that happened which the question asks about; none where it asks for no time, or nothing was found.
    #[serde(default)]
    pub(crate) when: Option<WhenDetail>,
    /// What the time that the question names does not do: a day that no calendar has, a time of too many records.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
}

/// When something happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct WhenDetail {
    /// Its first day, RFC 3339.
    pub(crate) first: String,
    /// Its last day, which may be the same.
    pub(crate) last: String,
    /// How exactly it was meant.
    pub(crate) granularity: Granularity,
    /// The record that says so.
    pub(crate) by: String,
    /// Whether it says so; else this is the day on which it was told.
    pub(crate) said: bool,
}

/// A record that was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HitDetail {
    /// How well it answers, against the others of this answer only.
    pub(crate) score: f64,
    /// How many tokens its text takes, about.
    pub(crate) tokens: u32,
    /// Why.
    pub(crate) signals: Signals,
    /// The record.
    pub(crate) record: RecordDetail,
    /// Others that say the same, as a consolidation found: the first of them.
    #[serde(default)]
    pub(crate) same: Vec<String>,
    /// How many more there are.
    #[serde(default, rename = "same-more")]
    pub(crate) same_more: usize,
}

/// Turns that follow each other in their thread, or one record alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PassageDetail {
    /// How well the best of its hits answers.
    pub(crate) score: f64,
    /// How many tokens its texts take, about.
    pub(crate) tokens: u64,
    /// The thread; none of a record without one.
    pub(crate) thread: Option<String>,
    /// Its records.
    pub(crate) ids: Vec<String>,
    /// The same with what they say, in the order of the thread.
    pub(crate) turns: Vec<TurnDetail>,
}

/// A record in a passage.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TurnDetail {
    /// How well it answers; none where it is no hit, and stands beside one.
    pub(crate) score: Option<f64>,
    /// How many tokens its text takes, about.
    pub(crate) tokens: u32,
    /// The record.
    pub(crate) record: RecordDetail,
}

/// Answers `memory explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ExplainAnswer {
    /// The hits, the best first.
    pub(crate) hits: Vec<Explained>,
    /// How many records were looked at closely.
    pub(crate) candidates: usize,
    /// How many records the store has.
    pub(crate) records: usize,
    /// How many more are damaged, and in no answer.
    #[serde(default)]
    pub(crate) damaged: usize,
    /// The record that was asked for.
    pub(crate) asked: Option<Asked>,
    /// How the question was read; none where a host of an earlier version answers.
    #[serde(default)]
    pub(crate) question: Option<Reading>,
    /// Names in the question that were read as those of authors which they begin.
    #[serde(default)]
    pub(crate) names: Vec<NameDetail>,
    /// Names in the question, and other names of the same that somebody told.
    #[serde(default)]
    pub(crate) also: Vec<AlsoDetail>,
    /// Words of the question, and what the encoder finds like them: stems, with the cosine, the nearest first.
    #[serde(default)]
    pub(crate) kindred: Vec<Kindred>,
    /// The state that was asked for; none where it is now.
    #[serde(default)]
    pub(crate) as_of: Option<MomentDetail>,
}

/// How a question was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Reading {
    /// What kind of answer it wants.
    pub(crate) wants: Cue,
    /// Whom and what it names.
    pub(crate) names: Vec<String>,
    /// What is looked for letter by letter.
    pub(crate) exact: Vec<String>,
    /// Its expressions of time.
    pub(crate) times: Vec<TimeDetail>,
    /// The event that the answer is tied to.
    pub(crate) tied: Option<Tied>,
    /// What is looked for apart, besides the whole.
    pub(crate) parts: Vec<String>,
}

/// A time that a question names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TimeDetail {
    /// How, as it stands there.
    pub(crate) said: String,
    /// The beginning of what is meant, RFC 3339; none where that is no time on the calendar, as with "for two years".
    pub(crate) from: Option<String>,
    /// Its end, which is no part of it.
    pub(crate) until: Option<String>,
}

/// An event that an answer is tied to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tied {
    /// How: before it, after it.
    pub(crate) how: Bound,
    /// The event.
    pub(crate) event: String,
    /// When it was, as far as the answer goes by that.
    #[serde(default)]
    pub(crate) when: Option<WhenDetail>,
}

impl Tied {
    /// As it is told: `after "the trip"`.
    pub(crate) fn told(&self) -> String {
        format!("{} \"{}\"", format!("{:?}", self.how).to_lowercase(), self.event)
    }
}

/// A short form of a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NameDetail {
    /// The word of the question, in lower case.
    pub(crate) said: String,
    /// The author that it was read as.
    pub(crate) author: String,
}

/// Another name of what a question names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AlsoDetail {
    /// The name in the question.
    pub(crate) said: String,
    /// The other one, whose words count as its own.
    pub(crate) name: String,
    /// The record that tells so.
    pub(crate) by: String,
}

/// Why a record stands where it stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Explained {
    /// Its place, from 1.
    pub(crate) rank: usize,
    /// Its id.
    pub(crate) id: String,
    /// How well it answers.
    pub(crate) score: f64,
    /// What it is worth without what the ranking has learned.
    pub(crate) untrained: f64,
    /// How many tokens its text takes, about.
    pub(crate) tokens: u32,
    /// Why.
    pub(crate) signals: Signals,
    /// How far it is trusted, with all that it descends from.
    #[serde(default)]
    pub(crate) trust: Trust,
    /// All that is known of it for this question, by name.
    pub(crate) features: BTreeMap<String, f64>,
    /// The beginning of its text.
    pub(crate) text: String,
}

/// Why a record is, or is not, among the hits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Asked {
    /// Its id.
    pub(crate) id: String,
    /// `hit`, `beyond-limit`, `beyond-budget`, `duplicate`, `superseded`, `excluded` or `not-found`.
    pub(crate) verdict: String,
    /// One sentence.
    pub(crate) reason: String,
    /// It, where it was looked at closely; without a place where another one says the same.
    pub(crate) found: Option<Explained>,
}

/// Answers `memory show`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ShowAnswer {
    /// The record.
    #[serde(flatten)]
    pub(crate) record: RecordDetail,
    /// Whether it never fades.
    pub(crate) pinned: bool,
    /// Whether it is archived: kept, and not recalled.
    pub(crate) archived: bool,
    /// What fading left of its weight.
    pub(crate) weight: f64,
    /// How far it is trusted by itself.
    #[serde(rename = "own-trust")]
    pub(crate) own_trust: String,
    /// The sources through which it is trusted less.
    #[serde(rename = "lowered-by")]
    pub(crate) lowered_by: Vec<String>,
    /// The record that stands for it since it says the same.
    #[serde(default)]
    pub(crate) standing: Option<String>,
    /// The records that it stands for.
    #[serde(default, rename = "stands-for")]
    pub(crate) stands_for: Vec<String>,
    /// Relations that start at it or lead to it.
    pub(crate) relations: Vec<RelationDetail>,
}

/// Answers `memory list`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ListAnswer {
    /// The newest records, the newest first.
    pub(crate) records: Vec<RecordDetail>,
    /// How many there are.
    pub(crate) of: usize,
    /// How many of them are older than all of these. A host of before says nothing.
    #[serde(default)]
    pub(crate) older: Option<usize>,
    /// How many there are in all spaces, archived or not.
    #[serde(default)]
    pub(crate) in_all: usize,
    /// How many are archived, here and elsewhere.
    pub(crate) archived: usize,
    /// How many more are damaged, and in no list.
    #[serde(default)]
    pub(crate) damaged: usize,
    /// The state that was asked for; none where it is now.
    #[serde(default)]
    pub(crate) as_of: Option<MomentDetail>,
}

/// Answers `memory relate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RelateAnswer {
    /// The relation.
    #[serde(flatten)]
    pub(crate) relation: RelationDetail,
    /// False where it says that a record supersedes one that is trusted more: then it hides nothing.
    #[serde(default = "yes")]
    pub(crate) counts: bool,
}

/// Answers `memory unrelate`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnrelateAnswer {
    /// Where the relations started.
    pub(crate) from: String,
    /// What they said.
    pub(crate) kind: String,
    /// Where they led.
    pub(crate) to: String,
    /// How many there were.
    pub(crate) count: u64,
}

fn yes() -> bool {
    true
}

/// Answers `memory forget`: the receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ForgetAnswer {
    /// Whether it was only asked.
    pub(crate) dry_run: bool,
    /// The records that are, or would be, forgotten.
    pub(crate) ids: Vec<String>,
    /// The number of the commit that removed them.
    pub(crate) commit: u64,
    /// When, RFC 3339.
    pub(crate) at: String,
    /// Damaged records, of which nobody can tell whether they are meant.
    pub(crate) damaged: Vec<String>,
    /// Folders of snapshots in which their keys are destroyed, too.
    #[serde(default)]
    pub(crate) snapshots: Vec<String>,
    /// Folders of snapshots that were not reached, and why.
    #[serde(default)]
    pub(crate) pending: Vec<snapshot::ProblemDetail>,
}

/// Answers `memory pin` and `memory unpin`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PinAnswer {
    /// The record.
    pub(crate) id: String,
    /// Whether it never fades.
    pub(crate) pinned: bool,
}

/// Answers `memory use`: one of these for each record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UsedDetail {
    /// The record.
    pub(crate) id: String,
    /// What is left of its weight now.
    pub(crate) weight: f64,
}

/// Answers `memory trust`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TrustAnswer {
    /// The records.
    pub(crate) ids: Vec<String>,
    /// How far they are trusted by themselves.
    pub(crate) trust: String,
    /// Those that are trusted less, through what they descend from.
    pub(crate) lowered: Vec<String>,
}

/// Answers `memory restore`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RestoreAnswer {
    /// The records that were archived, and are not any more.
    pub(crate) ids: Vec<String>,
    /// The weight that they have now.
    pub(crate) weight: f64,
}

/// Answers `memory tick`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TickAnswer {
    /// The cycle of decay now.
    pub(crate) cycle: u64,
    /// How many records were archived.
    pub(crate) archived: usize,
}

/// A line of `memory audit`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuditDetail {
    /// The number of the commit.
    pub(crate) commit: u64,
    /// When, RFC 3339.
    pub(crate) at: String,
    /// `remembered`, `forgotten`, `related`, `ticked`, `encoded`, `arranged`, `restored`, `consolidated`, `parted`,
    /// `unrelated`.
    pub(crate) deed: String,
    /// The first record, or the new cycle.
    pub(crate) first: u64,
    /// How many.
    pub(crate) count: u64,
}

/// Answers `memory stats`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StatsAnswer {
    /// Records that are there, archived ones too.
    pub(crate) records: usize,
    /// How many of them are archived.
    pub(crate) archived: usize,
    /// By space: how many.
    pub(crate) spaces: BTreeMap<String, usize>,
    /// Threads.
    pub(crate) threads: usize,
    /// Different words, added up over spaces.
    pub(crate) words: usize,
    /// Relations.
    pub(crate) relations: usize,
    /// What makes vectors.
    pub(crate) encoder: Option<String>,
    /// Why what is set for that can't be used.
    pub(crate) encoder_problem: Option<String>,
    /// Records with a vector of it.
    pub(crate) vectors: usize,
    /// How many of the nearest vectors questions find; none as long as that is not known.
    #[serde(default)]
    pub(crate) vector_recall: Option<VectorRecall>,
    /// Records that can't be read.
    pub(crate) damaged: Vec<String>,
    /// Bytes of the rows.
    pub(crate) row_bytes: u64,
    /// Bytes of the rows with what the database has around them.
    pub(crate) database_bytes: u64,
    /// Bytes of the rows, for each record.
    pub(crate) bytes_per_record: u64,
    /// The cycle of decay.
    pub(crate) cycle: u64,
    /// When the last one passed, or where none has, when the first commit was made: RFC 3339.
    #[serde(default)]
    pub(crate) cycle_since: Option<String>,
    /// When the next one passes; none where none does by itself.
    #[serde(default)]
    pub(crate) cycle_until: Option<String>,
    /// The number of the last commit.
    pub(crate) commit: u64,
    /// Questions that were answered from what was found before.
    pub(crate) answers_again: u64,
    /// Questions that were not.
    pub(crate) answers_anew: u64,
    /// Bytes of memory that answers take.
    pub(crate) answer_bytes: usize,
    /// What runs made of answers, and is kept for others.
    #[serde(default)]
    pub(crate) results_kept: usize,
    /// How often such a result was offered.
    #[serde(default)]
    pub(crate) results_offered: u64,
    /// Bytes of memory that results take.
    #[serde(default)]
    pub(crate) result_bytes: usize,
    /// Where it lies.
    pub(crate) folder: String,
    /// What opens it: `passphrase`, `key file`, or null where everybody does who has the folder.
    pub(crate) locked_with: Option<String>,
    /// The folders with snapshots of it.
    #[serde(default)]
    pub(crate) snapshots: Vec<snapshot::FolderDetail>,
}

/// How many of the ten nearest vectors questions find, of those that were compared with all since the memory was opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VectorRecall {
    /// The share.
    pub(crate) recall: f64,
    /// Between what that of all questions lies, with 95 %.
    pub(crate) low: f64,
    /// As `low`.
    pub(crate) high: f64,
    /// How many questions were compared.
    pub(crate) questions: u64,
    /// Whether something should be done about it.
    #[serde(rename = "is-low")]
    pub(crate) is_low: bool,
}

impl VectorRecall {
    /// What was found; none where nothing was compared.
    pub(crate) fn of(watched: Watched) -> Option<Self> {
        let (recall, (low, high)) = (watched.recall()?, watched.interval()?);
        let (questions, is_low) = (watched.questions, watched.is_low());
        Some(Self { recall, low, high, questions, is_low })
    }
}

/// Answers `memory lock`, `memory rekey` and `memory unlock`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct OwnerAnswer {
    /// What opens it: `passphrase`, `key file`, or null where everybody does who has the folder.
    pub(crate) locked_with: Option<String>,
    /// Folders of snapshots that open otherwise until the next snapshot into them.
    #[serde(default)]
    pub(crate) snapshots: Vec<String>,
    /// Those that could not be asked.
    #[serde(default)]
    pub(crate) pending: Vec<snapshot::ProblemDetail>,
}

/// Answers `memory encode`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EncodeAnswer {
    /// What made them; none where there was nothing to make.
    pub(crate) encoder: Option<String>,
    /// Records that got a vector.
    pub(crate) encoded: usize,
    /// Records of which it makes none.
    pub(crate) refused: usize,
    /// Records with a vector now.
    pub(crate) vectors: usize,
    /// Records that are there.
    pub(crate) records: usize,
}

/// Answers `memory import`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ImportAnswer {
    /// Files that were read.
    pub(crate) files: u64,
    /// Other files, and links, which were not read.
    pub(crate) files_passed_over: u64,
    /// Records that are new.
    pub(crate) records: u64,
    /// Relations that are new.
    pub(crate) relations: u64,
    /// Records that an earlier import remembered.
    pub(crate) known: u64,
    /// Those of them that are trusted otherwise than this one asks for.
    #[serde(default)]
    pub(crate) trusted_otherwise: u64,
    /// Records that an earlier import remembered, and that were forgotten since.
    pub(crate) forgotten: u64,
    /// Records that an earlier import remembered, and that are damaged.
    #[serde(default)]
    pub(crate) damaged: u64,
    /// Relations between records of an earlier import that were taken back since, and stay so.
    #[serde(default)]
    pub(crate) taken_back: u64,
    /// Messages without a text.
    pub(crate) empty: u64,
    /// Broken records that were passed over.
    pub(crate) bad: u64,
    /// The first of them: file, line, column, what is wrong.
    pub(crate) first_bad: Vec<String>,
    /// Times that nobody can read: what they are of is told as of its import.
    #[serde(default)]
    pub(crate) untimed: u64,
    /// The first of them: file, line, column, why.
    #[serde(default)]
    pub(crate) first_untimed: Vec<String>,
}

/// Answers `memory export`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ExportAnswer {
    /// How many records.
    pub(crate) records: u64,
    /// How many relations.
    pub(crate) relations: u64,
    /// Damaged records, which are left out.
    pub(crate) damaged: Vec<String>,
}
