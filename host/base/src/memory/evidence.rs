//! The memory asked by structure, by relations and for reasons.

use serde::{Deserialize, Serialize};

use super::{HITS_MAX, NAMES_MAX, RecallMemory, Recalled, RelateMemory, Remembered, over};
use crate::{
    BoxFuture,
    call::{CallContext, Effect, HostCall, Need, Services},
    clock::Timestamp,
    error::Error,
};

/// Most relations, and most memories of a history, that one call tells.
pub const RELATED_MAX: usize = 100;

/// Most bytes of the memories that one call lists, that are related to one, or of its history: the call ends before there are
/// more, behind one memory at least. As many take those that stand beside what a question found. One has up to 5 MiB, and may
/// be related to another as often as one likes.
pub const PART_BYTES_MAX: usize = 4 << 20;

/// How the value of a field compares with another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// It is written the same, byte for byte.
    Equal,
    /// It is less.
    Less,
    /// It is less or equal.
    AtMost,
    /// It is greater.
    Greater,
    /// It is greater or equal.
    AtLeast,
}

/// What is asked of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCondition {
    /// The name of the field.
    pub name: String,
    /// How its value compares with `value`.
    pub comparison: Comparison,
    /// The value that it is compared with.
    pub value: String,
}

/// What is asked for, and what of it is to be given back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemorySearch {
    /// The question, with its bounds.
    pub question: RecallMemory,
    /// Only what has fields like all of these.
    pub fields: Vec<FieldCondition>,
    /// Also what a newer memory supersedes.
    pub history: bool,
    /// Of what is here, what was there at this time, as it stood then.
    pub as_of: Option<Timestamp>,
}

/// Finds what answers a question, and says why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindMemory {
    /// What is asked for.
    pub search: MemorySearch,
}

/// Puts together what answers a question, as it was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeekPassages {
    /// What is asked for.
    pub search: MemorySearch,
}

/// Lists memories within the bounds of a question, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListMemory {
    /// The bounds.
    pub search: MemorySearch,
    /// Only memories above this one.
    pub after: Option<u64>,
}

/// Asks for the relations of a memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeekRelations {
    /// The memory.
    pub id: u64,
    /// How many of them are passed over.
    pub skip: u32,
}

/// Asks for all that supersede each other around a memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeekHistory {
    /// The memory.
    pub id: u64,
    /// How many of them are passed over.
    pub skip: u32,
}

/// What was found, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundMemory {
    /// What was found.
    pub recalled: Recalled,
    /// The reasons for each hit, in their order: how much there is of which.
    pub signals: Vec<Vec<(String, f64)>>,
}

/// Memories that follow each other in their thread, or one alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryPassage {
    /// How well the best of them answers.
    pub score: f64,
    /// The memories, in the order of their thread.
    pub turns: Vec<MemoryTurn>,
}

/// A memory in a passage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryTurn {
    /// The memory.
    pub memory: Remembered,
    /// How well it answers; none where it only stands beside one that does.
    pub score: Option<f64>,
    /// How many tokens its text takes, about.
    pub tokens: u32,
}

/// A relation of a memory, and what is at its other end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelatedMemory {
    /// The relation.
    pub relation: RelateMemory,
    /// The memory at its other end.
    pub memory: Remembered,
}

impl MemorySearch {
    /// The same, where it is within bounds.
    ///
    /// # Errors
    /// `limit`.
    pub fn checked(self) -> Result<Self, Error> {
        if NAMES_MAX < self.fields.len() {
            return Err(over("fields", self.fields.len(), NAMES_MAX));
        }
        Ok(Self { question: self.question.checked()?, ..self })
    }
}

impl ListMemory {
    /// Bounds from what a skill says: as many memories as `limit` says, and [`HITS_MAX`] where it says nothing.
    ///
    /// # Errors
    /// `limit`, `invalid`.
    pub fn new(
        mut search: MemorySearch,
        limit: Option<u32>,
        after: Option<u64>,
    ) -> Result<Self, Error> {
        search.question.limit = limit.unwrap_or(HITS_MAX);
        let search = search.checked()?;
        if !search.question.text.is_empty() || search.question.budget_tokens.is_some() {
            let message = "a list has bounds, and neither words nor a budget; `find` takes both";
            return Err(Error::invalid(message));
        }
        Ok(Self { search, after })
    }
}

impl HostCall for FindMemory {
    const NAME: &'static str = "memory.find";
    const EFFECT: Effect = Effect::Read;
    type Reply = FoundMemory;

    fn need(&self) -> Need<'_> {
        Need::Recall { spaces: &self.search.question.spaces }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<FoundMemory, Error>> {
        services.memory.find(context, self)
    }
}

impl HostCall for SeekPassages {
    const NAME: &'static str = "memory.passages";
    const EFFECT: Effect = Effect::Read;
    type Reply = Vec<MemoryPassage>;

    fn need(&self) -> Need<'_> {
        Need::Recall { spaces: &self.search.question.spaces }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Vec<MemoryPassage>, Error>> {
        services.memory.passages(context, self)
    }
}

impl HostCall for ListMemory {
    const NAME: &'static str = "memory.list";
    const EFFECT: Effect = Effect::Read;
    type Reply = Vec<Remembered>;

    fn need(&self) -> Need<'_> {
        Need::Recall { spaces: &self.search.question.spaces }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        services.memory.list(context, self)
    }
}

impl HostCall for SeekRelations {
    const NAME: &'static str = "memory.relations";
    const EFFECT: Effect = Effect::Read;
    type Reply = Vec<RelatedMemory>;

    fn need(&self) -> Need<'_> {
        Need::SomeSpace { write: false }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Vec<RelatedMemory>, Error>> {
        services.memory.relations(context, self)
    }
}

impl HostCall for SeekHistory {
    const NAME: &'static str = "memory.history";
    const EFFECT: Effect = Effect::Read;
    type Reply = Vec<Remembered>;

    fn need(&self) -> Need<'_> {
        Need::SomeSpace { write: false }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        services.memory.history(context, self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_is_out_of_bounds_says_so() {
        let condition = FieldCondition {
            name: "n".to_owned(),
            comparison: Comparison::Equal,
            value: String::new(),
        };
        let fields =
            |count| MemorySearch { fields: vec![condition.clone(); count], ..Default::default() };
        assert!(fields(NAMES_MAX).checked().is_ok());
        let error = fields(NAMES_MAX + 1).checked().unwrap_err();
        assert_eq!((error.kind, error.bound.as_deref()), (ErrorKind::Limit, Some("fields: 64")));
        let list = |limit| ListMemory::new(MemorySearch::default(), limit, None);
        assert_eq!(list(None).unwrap().search.question.limit, HITS_MAX);
        assert_eq!(list(Some(3)).unwrap().search.question.limit, 3);
        assert_eq!(list(Some(101)).unwrap_err().kind, ErrorKind::Limit);
        for question in [
            RecallMemory { text: "x".to_owned(), ..Default::default() },
            RecallMemory { budget_tokens: Some(7), ..Default::default() },
        ] {
            let search = MemorySearch { question, ..Default::default() };
            assert_eq!(ListMemory::new(search, None, None).unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
