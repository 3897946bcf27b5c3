//! Lines of JSON with the fields of a draft, and relations: what `memory export` writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_base::{clock::Timestamp, memory::Trust};
use voyager_memory::{Draft, Edge, MemoryId, SUPERSEDES_MAX};

use super::{Bad, Item, Place, plain};
use crate::when;

/// A record as a line.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RecordLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Id>,
    pub(super) space: String,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thread: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Time>,
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tags: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fields: BTreeMap<String, String>,
    pub(super) importance: f32,
    pub(super) confidence: f32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) pinned: bool,
    /// Whether it was archived where it was exported. What is imported is new, and is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) archived: bool,
    /// Records that stand before it, which it supersedes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) supersedes: Vec<Id>,
    /// How far it was trusted, where that is less than the owner's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trust: Option<Trust>,
}

impl Default for RecordLine {
    fn default() -> Self {
        Self::of(None, Draft::default())
    }
}

impl RecordLine {
    /// The line of a draft.
    pub(crate) fn of(id: Option<MemoryId>, draft: Draft) -> Self {
        let Draft { space, text, author, thread, at, kind, tags, fields, .. } = draft;
        let Draft { importance, confidence, pinned, .. } = draft;
        let (id, at) = (id.map(|it| Id(it.0)), at.map(Time));
        Self {
            id,
            space,
            text,
            author,
            thread,
            at,
            kind,
            tags,
            fields,
            importance,
            confidence,
            pinned,
            archived: false,
            supersedes: Vec::new(),
            trust: None,
        }
    }

    /// The line of a record that is trusted so far, with all that it descends from: that may not be in the file.
    pub(crate) fn trust(self, trust: Trust) -> Self {
        Self { trust: Some(trust).filter(|it| *it < Trust::Owner), ..self }
    }

    /// The line of a record that is archived, or is not.
    pub(crate) fn archived(self, archived: bool) -> Self {
        Self { archived, ..self }
    }

    /// The line of a record that supersedes these.
    pub(crate) fn supersedes(self, older: &[MemoryId]) -> Self {
        Self { supersedes: older.iter().map(|it| Id(it.0)).collect(), ..self }
    }

    fn draft(self) -> Draft {
        let Self { space, text, author, thread, at, kind, tags, fields, .. } = self;
        let Self { importance, confidence, pinned, .. } = self;
        let at = at.map(|it| it.0);
        Draft {
            space,
            text,
            author,
            thread,
            at,
            kind,
            tags,
            fields,
            importance,
            confidence,
            pinned,
        }
    }
}

/// A relation as a line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelationLine {
    pub(super) from: Id,
    pub(super) kind: String,
    pub(super) to: Id,
    #[serde(default = "one")]
    pub(super) weight: f32,
}

impl RelationLine {
    /// The line of a relation.
    pub(crate) fn of(edge: Edge) -> Self {
        let Edge { from, kind, to, weight } = edge;
        Self { from: Id(from.0), kind, to: Id(to.0), weight }
    }
}

fn one() -> f32 {
    1.0
}

/// `m12` or 12.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "Number", into = "String")]
pub(super) struct Id(pub(super) u64);

/// RFC 3339, or a number of what passed since 1970.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "Number", into = "String")]
pub(super) struct Time(pub(super) Timestamp);

/// A number, or a text that says one.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a number is wanted")]
enum Number {
    Whole(u64),
    Real(f64),
    Text(String),
}

impl TryFrom<Number> for Id {
    type Error = String;

    fn try_from(number: Number) -> Result<Self, String> {
        match number {
            Number::Whole(number) => Ok(Self(number)),
            Number::Real(number) => Err(format!("`{number}` is no id; write for example `m12`")),
            Number::Text(text) => {
                let id = text.parse::<MemoryId>();
                id.map(|it| Self(it.0)).map_err(|error| error.to_string())
            }
        }
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        MemoryId(id.0).to_string()
    }
}

impl TryFrom<Number> for Time {
    type Error = String;

    fn try_from(number: Number) -> Result<Self, String> {
        let (read, told) = match number {
            Number::Whole(number) => (when::of_number(number as f64), number.to_string()),
            Number::Real(number) => (when::of_number(number), number.to_string()),
            Number::Text(text) => (when::read(&text), text),
        };
        let wrong = || format!("`{told}` is no time since 1970; {}", when::EXAMPLES);
        read.map(Self).ok_or_else(wrong)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        when::exact(time.0)
    }
}

/// The item of a line.
pub(super) fn item(start: Place, line: &[u8]) -> Result<Vec<Item>, Bad> {
    let blank = line.iter().take_while(|it| it.is_ascii_whitespace()).count();
    if line.get(blank) != Some(&b'{') {
        let place = Place { column: start.column + blank as u64, ..start };
        let there = format!("`{}`", plain::beginning(&line[blank..]));
        let object = "an object such as `{\"text\": \"The door is green.\"}`";
        return Err(Bad::new(place, plain::stands_here(&there, object)));
    }
    let wrong = |error: serde_json::Error| Bad::json(start, line, &error);
    if is_relation(line) {
        let RelationLine { from, kind, to, weight } =
            serde_json::from_slice(line).map_err(wrong)?;
        let edge = Edge { from: MemoryId(from.0), kind: kind.clone(), to: MemoryId(to.0), weight };
        edge.check().map_err(|it| Bad::new(start, it.to_string()))?;
        return Ok(vec![Item::Relation { from: from.0, kind, to: to.0, weight }]);
    }
    let record: RecordLine = serde_json::from_slice(line).map_err(wrong)?;
    let id = record.id.map(|it| it.0);
    let supersedes: Vec<u64> = record.supersedes.iter().map(|it| it.0).collect();
    if supersedes.len() > SUPERSEDES_MAX {
        let count = supersedes.len();
        let problem = format!("supersedes: are {count}, and {SUPERSEDES_MAX} are the most");
        return Err(Bad::new(start, problem));
    }
    let trust = record.trust;
    let draft = Box::new(record.draft());
    Ok(vec![Item::Record { id, draft, supersedes, trust, untimed: None }])
}

/// Whether a line says how two records are related.
pub(super) fn is_relation(line: &[u8]) -> bool {
    let keys: Option<BTreeMap<String, serde::de::IgnoredAny>> = serde_json::from_slice(line).ok();
    keys.is_some_and(|it| it.contains_key("from") && it.contains_key("to"))
}
