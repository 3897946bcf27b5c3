//! What is remembered: one record with its text, who said it and when, and what a person or a skill said
//! about it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use voyager_base::{
    clock::Timestamp,
    id::MalformedId,
    memory::{KIND_USUAL, Trust},
};

use crate::alias;

/// Longest text of one record, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// Longest name of a space, author, thread, kind, tag or field, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// Most tags, and most fields, of one record.
pub const LABELS_MAX: usize = 64;

/// The field of a record that names the run which remembered it. Set by the host alone.
pub(crate) const FIELD_RUN: &str = "run";

/// The field of a record that names the skill which remembered it. Set by the host alone.
pub(crate) const FIELD_SKILL: &str = "skill";

/// Fields that the host alone sets, each with the one in which an import keeps what a file says there: anybody may have
/// written the file.
pub const FIELDS_OF_HOST: [(&str, &str); 2] =
    [(FIELD_RUN, "imported-run"), (FIELD_SKILL, "imported-skill")];

/// Whether a field tells what the host knows of a record, or what a file said so, and nothing that its author did.
pub(crate) fn is_of_host(field: &str) -> bool {
    FIELDS_OF_HOST.iter().any(|it| it.0 == field || it.1 == field)
}

/// A record of one store: numbers in the order of writing, never used twice.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct MemoryId(pub u64);

impl fmt::Display for MemoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

impl FromStr for MemoryId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let number = text.strip_prefix('m').unwrap_or(text);
        let plain = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
        let number = plain.then(|| number.parse().ok()).flatten();
        let malformed = || MalformedId { text: text.to_owned(), what: "memory id (like m12)" };
        number.map(Self).ok_or_else(malformed)
    }
}

/// What is to be remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// Which space it belongs to: spaces are what grants name.
    pub space: String,
    /// The text.
    pub text: String,
    /// Who said or wrote it, where that is known.
    pub author: Option<String>,
    /// The conversation or document that it is a part of: records of one thread are neighbours in the
    /// order of writing, and vote for each other.
    pub thread: Option<String>,
    /// When what it tells was told, where that is not the time of writing.
    pub at: Option<Timestamp>,
    /// What kind of record it is: `note` unless somebody says otherwise.
    pub kind: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Fields: names with values, texts or numbers written as such. Each finds the record, see
    /// [`FieldIs`](crate::FieldIs).
    pub fields: BTreeMap<String, String>,
    /// How much it matters, 0 to 1.
    pub importance: f32,
    /// How sure its author was, 0 to 1.
    pub confidence: f32,
    /// Whether it never decays.
    pub pinned: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            space: "default".to_owned(),
            text: String::new(),
            author: None,
            thread: None,
            at: None,
            kind: KIND_USUAL.to_owned(),
            tags: Vec::new(),
            fields: BTreeMap::new(),
            importance: 0.5,
            confidence: 1.0,
            pinned: false,
        }
    }
}

/// A draft that can't be remembered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Invalid {
    /// Which part of the draft.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Draft {
    /// How many bytes its text takes, with its tags and fields.
    pub(crate) fn bytes(&self) -> usize {
        let tags = self.tags.iter().map(String::len);
        let fields = self.fields.iter().map(|(name, value)| name.len() + value.len());
        self.text.len() + tags.chain(fields).sum::<usize>()
    }

    /// Checks sizes and ranges.
    ///
    /// # Errors
    /// The first part that is out of bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        let fail = |field, problem: String| Err(Invalid { field, problem });
        if self.text.trim().is_empty() {
            return fail("text", "is empty".to_owned());
        }
        if self.text.len() > TEXT_BYTES_MAX {
            let problem = format!(
                "has {} bytes, and {TEXT_BYTES_MAX} are the most: split it into records of one thread",
                self.text.len()
            );
            return fail("text", problem);
        }
        alias::check(&self.kind, &self.text)?;
        let optional = |it: &Option<String>| it.clone().into_iter().collect::<Vec<_>>();
        let names = [
            ("space", vec![self.space.clone()]),
            ("kind", vec![self.kind.clone()]),
            ("author", optional(&self.author)),
            ("thread", optional(&self.thread)),
            ("tags", self.tags.clone()),
            ("fields", self.fields.keys().cloned().collect()),
        ];
        for (field, names) in names {
            if names.len() > LABELS_MAX {
                return fail(field, format!("are {}, and {LABELS_MAX} are the most", names.len()));
            }
            names.iter().try_for_each(|it| check_name(field, it))?;
        }
        if let Some((name, _)) = self.fields.iter().find(|(_, it)| it.len() > TEXT_BYTES_MAX / 16) {
            let problem =
                format!("the value of `{name}` has more than {} bytes", TEXT_BYTES_MAX / 16);
            return fail("fields", problem);
        }
        if self.at.is_some_and(|it| it > Timestamp::LAST) {
            return fail("at", "lies behind the year 9999".to_owned());
        }
        for (field, value) in [("importance", self.importance), ("confidence", self.confidence)] {
            if !(0.0..=1.0).contains(&value) {
                return fail(field, format!("is {value}, and must lie between 0 and 1"));
            }
        }
        Ok(())
    }
}

/// Checks a name: it is shown in one line with others.
pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), Invalid> {
    let fail = |problem| Err(Invalid { field, problem });
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return fail(format!("{name:?} is no name: empty, or with control characters"));
    }
    if name.len() > NAME_BYTES_MAX {
        return fail(format!("a name has {} bytes, and {NAME_BYTES_MAX} are the most", name.len()));
    }
    Ok(())
}

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name in the store.
    pub id: MemoryId,
    /// When it was written.
    pub written: Timestamp,
    /// What was written.
    #[serde(flatten)]
    pub draft: Draft,
}

impl Record {
    /// How far it is trusted where nobody noted that: a program from before did not. A skill's word is one, and of the
    /// rest nobody knows what the owner typed and what a file held.
    pub(crate) fn trust_of_before(&self) -> Trust {
        if self.draft.fields.contains_key(FIELD_SKILL) { Trust::Skill } else { Trust::Imported }
    }

    /// When what it tells was told.
    pub fn at(&self) -> Timestamp {
        self.draft.at.unwrap_or(self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_with_and_without_its_letter() {
        assert_eq!(MemoryId(12).to_string(), "m12");
        assert_eq!("m12".parse(), Ok(MemoryId(12)));
        assert_eq!("12".parse(), Ok(MemoryId(12)));
        for malformed in ["", "m", "x1", "m-1", "m99999999999999999999"] {
            assert!(malformed.parse::<MemoryId>().is_err(), "{malformed}");
        }
    }

    #[test]
    fn a_draft_out_of_bounds_says_which_part_and_why() {
        let good = Draft { text: "The door is green.".to_owned(), ..Draft::default() };
        assert_eq!(good.check(), Ok(()));
        let fails = |change: fn(&mut Draft)| {
            let mut draft = good.clone();
            change(&mut draft);
            draft.check().map_err(|it| it.to_string()).unwrap_err()
        };
        assert_eq!(fails(|it| it.text = "  ".to_owned()), "text: is empty");
        assert!(
            fails(|it| it.text = "a".repeat(TEXT_BYTES_MAX + 1)).starts_with("text: has 1048577")
        );
        assert!(fails(|it| it.space = String::new()).starts_with("space: "));
        assert!(fails(|it| it.tags = vec!["a\nb".to_owned()]).starts_with("tags: "));
        assert!(fails(|it| it.author = Some("a".repeat(300))).starts_with("author: "));
        assert!(fails(|it| it.importance = f32::NAN).starts_with("importance: is NaN"));
        assert!(fails(|it| it.at = Some(Timestamp::from_micros(u64::MAX))).starts_with("at: lies"));
        assert!(fails(|it| it.confidence = 1.5).starts_with("confidence: is 1.5"));
        assert!(fails(|it| it.tags = vec!["a".to_owned(); 65]).starts_with("tags: are 65"));
    }
}
