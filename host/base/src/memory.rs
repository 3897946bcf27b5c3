//! `voyager:memory`: what tasks leave for tasks to come, by spaces that a grant names.
//!
//! Recalling and reading are reads. Whatever changes the memory is a transaction of its service, which
//! keeps the idempotency key of the call in the same commit: asked again after a crash it happens once.

mod evidence;
mod results;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    BoxFuture,
    call::{CallContext, Effect, HostCall, Need, Services},
    clock::Timestamp,
    error::{Error, ErrorKind},
    grant::Globs,
};

pub use self::{
    evidence::{
        Comparison, FieldCondition, FindMemory, FoundMemory, ListMemory, MemoryPassage,
        MemorySearch, MemoryTurn, PART_BYTES_MAX, RELATED_MAX, RelatedMemory, SeekHistory,
        SeekPassages, SeekRelations,
    },
    results::{
        KeepResult, LIKENESS_USUAL, OFFERS_MAX, OfferedResult, RESULT_BYTES_MAX, SeekResults,
    },
};

/// Most drafts that one call remembers, and most memories that one forgets.
pub const BATCH_MAX: usize = 1_000;
/// Most memories that one question gives back.
pub const HITS_MAX: u32 = 100;
/// Memories that a question gives back where it names neither a number nor a budget.
pub const HITS_USUAL: u32 = 10;
/// Most spaces, and most tags, that one question names.
pub const NAMES_MAX: usize = 64;
/// The kind of a memory whose draft names none.
pub const KIND_USUAL: &str = "note";
/// The kind of lessons.
pub const KIND_LESSON: &str = "lesson";
/// The kind of a memory that tells other names of the same: its text is those names, with `=` between them.
pub const KIND_ALIAS: &str = "alias";

/// The field of a memory by which skills are told how far it is trusted, and by which a draft asks for less trust.
pub const FIELD_TRUST: &str = "trust";

/// How far a memory is trusted, the least first: by what it comes from, as the host knows it, and not by what it says of
/// itself.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A run remembered it that may have it from elsewhere: from a file, a server, a program, or a memory that is
    /// trusted no more.
    #[default]
    Outside,
    /// A skill made it up of nothing that is trusted less.
    Skill,
    /// A file held it that the owner imported.
    Imported,
    /// The owner said it.
    Owner,
}

impl Trust {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Outside, Self::Skill, Self::Imported, Self::Owner];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Skill => "skill",
            Self::Imported => "imported",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|it| it.name() == text);
        known.ok_or_else(|| "`outside`, `skill`, `imported` or `owner` is wanted".to_owned())
    }
}

/// What is to be remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryDraft {
    /// The space that it belongs to.
    pub space: String,
    /// The text.
    pub text: String,
    /// Who said it; the skill where none is named.
    pub author: Option<String>,
    /// The conversation or document that it is a part of.
    pub thread: Option<String>,
    /// When what it tells was told; now where no time is named.
    pub at: Option<Timestamp>,
    /// What kind of memory it is; [`KIND_USUAL`] where none is named.
    pub kind: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Named values. [`FIELD_TRUST`] asks for less trust than the run has.
    pub fields: Vec<(String, String)>,
    /// How much it matters, 0 to 1.
    pub importance: Option<f32>,
    /// How sure its author is, 0 to 1.
    pub confidence: Option<f32>,
    /// Whether it never fades.
    pub pinned: bool,
}

/// Something that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The space that it belongs to.
    pub space: String,
    /// In which situation.
    pub context: String,
    /// What was tried.
    pub tried: String,
    /// What came of it.
    pub outcome: String,
    /// Whether that was what was wanted.
    pub worked: bool,
    /// Words to find it by.
    pub tags: Vec<String>,
}

impl Lesson {
    /// The fields of a memory that hold its parts: the situation, what was tried, what came of it, and `true` or `false`
    /// for whether it worked.
    pub const FIELDS: [&str; 4] = ["context", "tried", "outcome", "worked"];
}

impl From<Lesson> for MemoryDraft {
    /// A lesson is a memory like any other: its text is what one would tell, its parts are fields.
    fn from(lesson: Lesson) -> Self {
        let Lesson { space, context, tried, outcome, worked, tags } = lesson;
        let text = format!("{context}\nTried: {tried}\nOutcome: {outcome}");
        let parts = [context, tried, outcome, worked.to_string()];
        Self {
            space,
            text,
            author: None,
            thread: None,
            at: None,
            kind: Some(KIND_LESSON.to_owned()),
            tags,
            fields: Lesson::FIELDS.map(str::to_owned).into_iter().zip(parts).collect(),
            importance: None,
            confidence: None,
            pinned: false,
        }
    }
}

/// Something that is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Its number, never used twice.
    pub id: u64,
    /// The space that it belongs to.
    pub space: String,
    /// The text.
    pub text: String,
    /// Who said it, where that is known.
    pub author: Option<String>,
    /// The conversation or document that it is a part of.
    pub thread: Option<String>,
    /// When what it tells was told.
    pub at: Timestamp,
    /// What kind of memory it is.
    pub kind: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Named values, by name. `run` and `skill` say which run remembered it by which skill, where one did; `trust` how
    /// far it is trusted.
    pub fields: Vec<(String, String)>,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecallMemory {
    /// The question, in words.
    pub text: String,
    /// The spaces to look in; all that the grants let be read where none is named.
    pub spaces: Vec<String>,
    /// Most memories that are given back.
    pub limit: u32,
    /// Most tokens that they take together, about.
    pub budget_tokens: Option<u32>,
    /// Only what this author said.
    pub author: Option<String>,
    /// Only what is of this thread.
    pub thread: Option<String>,
    /// Only what is of this kind.
    pub kind: Option<String>,
    /// Only what has all of these tags.
    pub tags: Vec<String>,
    /// Only what was told at this time or later.
    pub since: Option<Timestamp>,
    /// Only what was told before this time.
    pub until: Option<Timestamp>,
}

/// A memory that answers a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryHit {
    /// The memory.
    pub memory: Remembered,
    /// How well it answers, against the others of this answer only.
    pub score: f64,
    /// How many tokens its text takes, about.
    pub tokens: u32,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recalled {
    /// The memories, the best first.
    pub hits: Vec<MemoryHit>,
    /// How many were left out because another one says the same.
    pub duplicates: u32,
    /// How probable it is that nothing answers the question, 0 to 1; none where there is too little to tell. Records of
    /// runs from before it was told have none.
    #[serde(default)]
    pub doubt: Option<f64>,
    /// When that happened which the question asks about, where it asks for that.
    #[serde(default)]
    pub dated: Option<DatedMemory>,
}

/// How exactly a time may be meant, finest first.
pub const GRANULARITIES: [&str; 9] =
    ["instant", "day", "weekend", "week", "month", "season", "year", "decade", "range"];

/// When that happened which a question asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedMemory {
    /// Its first day, as `2024-05-31`.
    pub first: String,
    /// Its last day, which may be the same.
    pub last: String,
    /// How exactly it was meant: one of [`GRANULARITIES`].
    pub granularity: String,
    /// The memory that says so.
    pub by: u64,
    /// Whether it says so; else this is the day on which it was told.
    pub said: bool,
}

/// Remembers drafts, all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RememberMemory {
    /// The drafts.
    pub drafts: Vec<MemoryDraft>,
}

/// Relates two memories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelateMemory {
    /// The memory that the relation starts at.
    pub from: u64,
    /// What it says, for example `causes` or `contradicts`.
    pub kind: String,
    /// The memory that it leads to.
    pub to: u64,
    /// How strong it is, above 0 and up to 1.
    pub weight: f32,
}

/// Forgets memories for certain, all of them or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForgetMemory {
    /// The memories.
    pub ids: Vec<u64>,
}

/// Says that memories were of use: they fade later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsedMemory {
    /// The memories.
    pub ids: Vec<u64>,
}

/// Reads one memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadMemory {
    /// The memory.
    pub id: u64,
}

impl RememberMemory {
    /// Drafts from what a skill says. Their parts are checked by the service.
    ///
    /// # Errors
    /// `invalid`, `limit`.
    pub fn new(drafts: Vec<MemoryDraft>) -> Result<Self, Error> {
        batch("drafts", drafts.len())?;
        Ok(Self { drafts })
    }
}

impl ForgetMemory {
    /// Memories from what a skill says.
    ///
    /// # Errors
    /// `invalid`, `limit`.
    pub fn new(ids: Vec<u64>) -> Result<Self, Error> {
        batch("ids", ids.len())?;
        Ok(Self { ids })
    }
}

impl UsedMemory {
    /// Memories from what a skill says.
    ///
    /// # Errors
    /// `invalid`, `limit`.
    pub fn new(ids: Vec<u64>) -> Result<Self, Error> {
        batch("ids", ids.len())?;
        Ok(Self { ids })
    }
}

impl RecallMemory {
    /// The same, where it is within bounds.
    ///
    /// # Errors
    /// `limit`.
    pub fn checked(self) -> Result<Self, Error> {
        for (what, count) in [("spaces", self.spaces.len()), ("tags", self.tags.len())] {
            if NAMES_MAX < count {
                return Err(over(what, count, NAMES_MAX));
            }
        }
        if HITS_MAX < self.limit {
            return Err(over("limit", self.limit as usize, HITS_MAX as usize));
        }
        Ok(self)
    }
}

fn batch(what: &str, count: usize) -> Result<(), Error> {
    match count {
        0 => Err(Error::invalid(format!("there are no {what}; one is the least"))),
        count if BATCH_MAX < count => Err(over(what, count, BATCH_MAX)),
        _ => Ok(()),
    }
}

fn over(what: &str, count: usize, most: usize) -> Error {
    let message =
        format!("`{what}` has {count}, and {most} are the most of one call; ask in parts");
    Error::new(ErrorKind::Limit, message).bound(format!("{what}: {most}"))
}

impl HostCall for RememberMemory {
    const NAME: &'static str = "memory.remember";
    const EFFECT: Effect = Effect::Transaction;
    type Reply = Vec<u64>;

    fn need(&self) -> Need<'_> {
        Need::Remember { drafts: &self.drafts }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Vec<u64>, Error>> {
        services.memory.remember(context, self)
    }
}

impl HostCall for RecallMemory {
    const NAME: &'static str = "memory.recall";
    const EFFECT: Effect = Effect::Read;
    type Reply = Recalled;

    fn need(&self) -> Need<'_> {
        Need::Recall { spaces: &self.spaces }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Recalled, Error>> {
        services.memory.recall(context, self)
    }
}

impl HostCall for RelateMemory {
    const NAME: &'static str = "memory.relate";
    const EFFECT: Effect = Effect::Transaction;
    type Reply = ();

    fn need(&self) -> Need<'_> {
        Need::SomeSpace { write: true }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<(), Error>> {
        services.memory.relate(context, self)
    }
}

impl HostCall for ForgetMemory {
    const NAME: &'static str = "memory.forget";
    const EFFECT: Effect = Effect::Transaction;
    type Reply = ();

    fn need(&self) -> Need<'_> {
        Need::SomeSpace { write: true }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<(), Error>> {
        services.memory.forget(context, self)
    }
}

impl HostCall for UsedMemory {
    const NAME: &'static str = "memory.used";
    const EFFECT: Effect = Effect::Transaction;
    type Reply = ();

    fn need(&self) -> Need<'_> {
        Need::SomeSpace { write: true }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<(), Error>> {
        services.memory.used(context, self)
    }
}

impl HostCall for ReadMemory {
    const NAME: &'static str = "memory.read";
    const EFFECT: Effect = Effect::Read;
    type Reply = Remembered;

    fn need(&self) -> Need<'_> {
        Need::SomeSpace { write: false }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Remembered, Error>> {
        services.memory.read(context, self)
    }
}

/// Keeps memories. The spaces that a question names are granted; a memory named by its id may be of any
/// space, and the service treats one that the grants of the context don't let be read as none.
///
/// What changes something does so once for each idempotency key: asked again under the same, it gives
/// back what it gave then.
pub trait MemoryService: Send + Sync {
    /// Remembers drafts, and gives back their ids.
    fn remember<'a>(
        &'a self,
        context: &'a CallContext,
        call: RememberMemory,
    ) -> BoxFuture<'a, Result<Vec<u64>, Error>>;

    /// Finds what answers a question.
    fn recall<'a>(
        &'a self,
        context: &'a CallContext,
        call: RecallMemory,
    ) -> BoxFuture<'a, Result<Recalled, Error>>;

    /// Relates two memories.
    fn relate<'a>(
        &'a self,
        context: &'a CallContext,
        call: RelateMemory,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Forgets memories for certain.
    fn forget<'a>(
        &'a self,
        context: &'a CallContext,
        call: ForgetMemory,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Says that memories were of use.
    fn used<'a>(
        &'a self,
        context: &'a CallContext,
        call: UsedMemory,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Reads one memory.
    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadMemory,
    ) -> BoxFuture<'a, Result<Remembered, Error>>;

    /// Keeps what was made of an answer, for as long as its question finds what it found. False where it is not kept.
    fn keep_result<'a>(
        &'a self,
        context: &'a CallContext,
        call: KeepResult,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// What was made of answers to questions that are nearly the same, the nearest first.
    fn offers<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekResults,
    ) -> BoxFuture<'a, Result<Vec<OfferedResult>, Error>>;

    /// Finds what answers a question, and says why.
    fn find<'a>(
        &'a self,
        context: &'a CallContext,
        call: FindMemory,
    ) -> BoxFuture<'a, Result<FoundMemory, Error>>;

    /// Puts together what answers a question, as it was said.
    fn passages<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekPassages,
    ) -> BoxFuture<'a, Result<Vec<MemoryPassage>, Error>>;

    /// Lists memories within bounds, in the order of their numbers.
    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: ListMemory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>>;

    /// The relations of a memory, with what is at their other ends, as far as that may be read.
    fn relations<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekRelations,
    ) -> BoxFuture<'a, Result<Vec<RelatedMemory>, Error>>;

    /// All that supersede each other around a memory, the newest first, as far as they may be read.
    fn history<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekHistory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>>;
}

/// Nobody: a host without a memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMemory;

fn nobody<T: Send + 'static>() -> BoxFuture<'static, Result<T, Error>> {
    Box::pin(std::future::ready(Err(Error::unavailable("this host has no memory"))))
}

impl MemoryService for NoMemory {
    fn remember<'a>(
        &'a self,
        _: &'a CallContext,
        _: RememberMemory,
    ) -> BoxFuture<'a, Result<Vec<u64>, Error>> {
        nobody()
    }

    fn recall<'a>(
        &'a self,
        _: &'a CallContext,
        _: RecallMemory,
    ) -> BoxFuture<'a, Result<Recalled, Error>> {
        nobody()
    }

    fn relate<'a>(
        &'a self,
        _: &'a CallContext,
        _: RelateMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        nobody()
    }

    fn forget<'a>(
        &'a self,
        _: &'a CallContext,
        _: ForgetMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        nobody()
    }

    fn used<'a>(&'a self, _: &'a CallContext, _: UsedMemory) -> BoxFuture<'a, Result<(), Error>> {
        nobody()
    }

    fn read<'a>(
        &'a self,
        _: &'a CallContext,
        _: ReadMemory,
    ) -> BoxFuture<'a, Result<Remembered, Error>> {
        nobody()
    }

    fn keep_result<'a>(
        &'a self,
        _: &'a CallContext,
        _: KeepResult,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        nobody()
    }

    fn offers<'a>(
        &'a self,
        _: &'a CallContext,
        _: SeekResults,
    ) -> BoxFuture<'a, Result<Vec<OfferedResult>, Error>> {
        nobody()
    }

    fn find<'a>(
        &'a self,
        _: &'a CallContext,
        _: FindMemory,
    ) -> BoxFuture<'a, Result<FoundMemory, Error>> {
        nobody()
    }

    fn passages<'a>(
        &'a self,
        _: &'a CallContext,
        _: SeekPassages,
    ) -> BoxFuture<'a, Result<Vec<MemoryPassage>, Error>> {
        nobody()
    }

    fn list<'a>(
        &'a self,
        _: &'a CallContext,
        _: ListMemory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        nobody()
    }

    fn relations<'a>(
        &'a self,
        _: &'a CallContext,
        _: SeekRelations,
    ) -> BoxFuture<'a, Result<Vec<RelatedMemory>, Error>> {
        nobody()
    }

    fn history<'a>(
        &'a self,
        _: &'a CallContext,
        _: SeekHistory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        nobody()
    }
}

/// Spaces that may be used: globs over their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryGrant {
    /// Spaces whose memories may be recalled and read.
    pub read: Globs,
    /// Spaces in which may be remembered, related, used and forgotten. Not readable by itself.
    pub write: Globs,
    /// The least trust of what may be recalled and read; all where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

impl Default for MemoryGrant {
    fn default() -> Self {
        Self { read: Globs::none(), write: Globs::none(), trust: None }
    }
}

impl MemoryGrant {
    /// Whether it grants nothing.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use super::*;

    /// A run that is resumed or replayed finds what an earlier version recorded.
    #[test]
    fn what_was_recalled_before_doubt_was_told_is_read() {
        let told = Recalled { duplicates: 3, doubt: Some(0.5), ..Recalled::default() };
        let bytes = rmp_serde::to_vec(&told).unwrap();
        assert_eq!(rmp_serde::from_slice::<Recalled>(&bytes).unwrap(), told);
        let earlier: (Vec<MemoryHit>, u32) = (Vec::new(), 3);
        let bytes = rmp_serde::to_vec(&earlier).unwrap();
        let read: Recalled = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(read, Recalled { duplicates: 3, ..Recalled::default() });
    }
}
