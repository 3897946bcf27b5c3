//! What a question asks, read without a language model: whom it names, what kind of answer it wants, which
//! time it speaks of, and what to look for separately.
//!
//! The result is shown as it is by `explain`, so that a wrong answer can be traced to a misread question.

mod cue;
mod parts;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, ops::Range};

use serde::{Deserialize, Serialize};
use voyager_base::clock::Timestamp;

pub use self::{cue::Cue, parts::Related};
use crate::{
    entities::{self, Kind},
    terms,
    when::{self, Interval, Mention},
};

/// Words of a question that are read: what comes later is text that was pasted.
const WORDS_MAX: usize = 512;

/// A question, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What kind of answer it wants.
    pub cue: Cue,
    /// Whom and what it names, in its order.
    pub names: Vec<Name>,
    /// Its time expressions.
    pub times: Vec<Mention>,
    /// The time that the answer must lie in, by the first expression that names one.
    pub window: Option<Interval>,
    /// What the answer comes before or after, where that is an event and no date.
    pub related: Option<Related>,
    /// What to look for separately, besides the whole: the parts of "both A and B", of two questions in one, of what came before
    /// or after an event. Nothing for a simple question.
    pub parts: Vec<String>,
    /// Identifiers and quoted phrases, to be found letter by letter.
    pub exact: Vec<Exact>,
    /// What it is about, in lower case: its words without names, times, cues and the commonest words.
    pub core: Vec<String>,
}

/// A name in a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// As it stands there, without a possessive.
    pub name: String,
    /// Its bytes in the question.
    pub span: Range<usize>,
}

/// Something to be found letter by letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exact {
    /// The letters.
    pub text: String,
    /// What kind of thing it is.
    pub kind: Kind,
}

/// Takes a question apart that is asked at `now`.
pub fn analyse(text: &str, now: Timestamp) -> Question {
    let text = clipped(text);
    let words = words(text);
    let found = entities::extract(text);
    let times = when::mentions(text, now);
    let names = names(&found, &times);
    let (cue, cue_words) = cue::cue(&words);
    let related = parts::related(text, &words, &times);
    let parts = parts::parts(text, &words, &names, related.as_ref());
    let exact: Vec<Exact> = found
        .iter()
        .filter(|it| it.kind != Kind::Name)
        .map(|it| Exact { text: it.name.clone(), kind: it.kind })
        .collect();
    let spans = found.iter().filter(|it| !matches!(it.kind, Kind::Name | Kind::Title));
    let taken: Vec<Range<usize>> = spans
        .map(|it| it.span.clone())
        .chain(names.iter().map(|it| it.span.clone()))
        .chain(times.iter().map(|it| it.span.clone()))
        .collect();
    let core = core(&words, &cue_words, &taken);
    let window = times.iter().find_map(|it| it.window(now));
    Question { cue, names, times, window, related, parts, exact, core }
}

/// A word of the question.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) span: Range<usize>,
    /// In lower case, without a possessive.
    pub(crate) low: String,
    pub(crate) capital: bool,
    pub(crate) possessive: bool,
    /// Whether a mark that sets clauses apart follows.
    pub(crate) ends_clause: bool,
}

/// The first words of the text; marks and spaces count as well, so that reading takes bounded time.
pub(crate) fn clipped(text: &str) -> &str {
    let end = text.char_indices().nth(WORDS_MAX * 8).map_or(text.len(), |it| it.0);
    &text[..end]
}

/// Whether a mark sets clauses apart: the dots of "1.2.3" and of a title do not.
fn ends_clause(text: &str, at: usize, mark: char) -> bool {
    let glued = text[at..].chars().nth(1).is_some_and(char::is_alphanumeric);
    matches!(mark, ',' | ';' | '?' | '!') || (matches!(mark, ':' | '.') && !glued)
}

fn words(text: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut start = None;
    let inner = |at: usize, it: char| {
        let next = text[at + it.len_utf8()..].starts_with(char::is_alphanumeric);
        it.is_alphanumeric() || (matches!(it, '\'' | '’' | '-') && next)
    };
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match start {
            None if letter.is_alphanumeric() => start = Some(at),
            Some(from) if at == text.len() || !inner(at, letter) => {
                start = None;
                let raw = entities::without_possessive(&text[from..at]);
                let plural = matches!(letter, '\'' | '’') && raw.ends_with('s');
                found.push(Word {
                    span: from..from + raw.len(),
                    low: raw.to_lowercase(),
                    capital: raw.starts_with(char::is_uppercase),
                    possessive: plural || raw.len() < at - from,
                    ends_clause: ends_clause(text, at, letter),
                });
            }
            None | Some(_) => {}
        }
        if start.is_none()
            && ends_clause(text, at, letter)
            && let Some(last) = found.last_mut()
        {
            last.ends_clause = true;
        }
    }
    found.truncate(WORDS_MAX);
    found
}

/// Names, but for what is a part of a time: "Friday".
fn names(found: &[entities::Entity], times: &[Mention]) -> Vec<Name> {
    let taken = |span: &Range<usize>| {
        times.iter().any(|it| it.span.start < span.end && span.start < it.span.end)
    };
    let names = found.iter().filter(|it| it.kind == Kind::Name && !taken(&it.span));
    names.map(|it| Name { name: it.name.clone(), span: it.span.clone() }).collect()
}

/// Words that say what the question is about.
fn core(words: &[Word], cue_words: &BTreeSet<usize>, taken: &[Range<usize>]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let free =
        |it: &Word| !taken.iter().any(|span| span.start < it.span.end && it.span.start < span.end);
    let about = words.iter().enumerate().filter(|(at, it)| {
        !cue_words.contains(at) && free(it) && !terms::is_common(&it.low) && !cue::is_cue(&it.low)
    });
    about.map(|(_, it)| it.low.clone()).filter(|it| seen.insert(it.clone())).collect()
}
