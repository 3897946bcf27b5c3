//! What to look for separately: the parts of a question whose answers stand in different texts.
//!
//! Whom a person is "who gave Tom the book", or "Maria's sister", is no such part: asked for itself, it finds no more than the
//! whole does (decision 0061).

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Name, Word};
use crate::when::{Bound, Mention};

/// Most parts of one question: each is searched for. One with more is asked as a whole.
pub(crate) const PARTS_MAX: usize = 4;

/// An event that the answer is tied to: "after the move to Berlin".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// How the answer is tied to it.
    pub bound: Bound,
    /// What to look for to learn when that was.
    pub event: String,
    /// The question without it.
    pub rest: String,
}

/// The event that the question is tied to, where it is no date.
pub(super) fn related(text: &str, words: &[Word], times: &[Mention]) -> Option<Related> {
    words.iter().enumerate().find_map(|(at, word)| {
        let bound = match word.low.as_str() {
            "before" => Bound::Before,
            "after" => Bound::After,
            "since" => Bound::Since,
            "until" | "till" => Bound::Until,
            "during" | "while" => Bound::Within,
            "when" if at > 0 || !helps(words, at + 1) => Bound::Within,
            _ => return None,
        };
        // "Named after", "look after": the word belongs to its verb.
        let verbs = [
            "look", "looks", "looking", "looked", "named", "take", "takes", "took", "ask", "asked",
        ];
        let verb = at > 0 && word.low == "after" && verbs.contains(&words[at - 1].low.as_str());
        let asks = word.low == "when" && at > 0 && helps(words, at + 1);
        let end = (at + 1..words.len())
            .find(|it| words[*it].ends_clause)
            .unwrap_or_else(|| words.len().saturating_sub(1));
        let clause = words.get(at + 1..=end).filter(|it| !it.is_empty())?;
        let span = clause[0].span.start..clause[clause.len() - 1].span.end;
        let dated = times
            .iter()
            .any(|it| it.at().is_some() && it.span.start <= span.start && it.span.end > span.start);
        let empty = clause.iter().all(|it| crate::terms::is_common(&it.low));
        // "Till date" is until now.
        let now = bound == Bound::Until && clause.len() == 1 && clause[0].low == "date";
        if verb || asks || dated || empty || now || word.ends_clause {
            return None;
        }
        let rest = without(text, word.span.start..whole_end(text, words, end));
        (!rest.is_empty()).then(|| Related { bound, event: text[span].to_owned(), rest })
    })
}

/// The parts of a question; nothing where it has only one.
pub(super) fn parts(
    text: &str,
    words: &[Word],
    names: &[Name],
    related: Option<&Related>,
) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(related) = related {
        found.push(related.rest.clone());
        found.push(related.event.clone());
    }
    found.extend(questions(text, words));
    found.extend(each_name(text, words, names));
    found.extend(possessions(text, words));
    let mut seen = std::collections::BTreeSet::new();
    // "... and why?" alone is nothing to look for.
    let speaks = |it: &str| crate::terms::words(it).any(|it| !crate::terms::is_common(&it));
    found.retain(|it| speaks(it) && it != text && seen.insert(it.to_lowercase()));
    if found.len() > PARTS_MAX {
        found.clear();
    }
    found
}

/// Two questions in one: "what did she cook and where did he go".
fn questions(text: &str, words: &[Word]) -> Vec<String> {
    let asks = |it: usize| {
        words.get(it).is_some_and(|it| {
            matches!(it.low.as_str(), "what" | "when" | "where" | "who" | "why" | "how" | "which")
        })
    };
    let splits: Vec<usize> = (1..words.len())
        .filter(|at| asks(*at) && (words[at - 1].low == "and" || sentence_end(text, words, at - 1)))
        .collect();
    if splits.is_empty() {
        return Vec::new();
    }
    let mut starts = vec![0];
    starts.extend(splits);
    starts.push(words.len());
    let piece = |pair: &[usize]| {
        let last = pair[1].checked_sub(1)?;
        let last = if pair[1] < words.len() && words[last].low == "and" {
            last.checked_sub(1)?
        } else {
            last
        };
        (pair[0] <= last).then(|| text[words[pair[0]].span.start..words[last].span.end].to_owned())
    };
    starts.windows(2).filter_map(piece).collect()
}

fn sentence_end(text: &str, words: &[Word], at: usize) -> bool {
    let next = words.get(at + 1).map_or(text.len(), |it| it.span.start);
    text[words[at].span.end..next].contains(['?', '.', '!'])
}

/// "Both Maria and Tom": the question once for each of them.
fn each_name(text: &str, words: &[Word], names: &[Name]) -> Vec<String> {
    let between = |a: &Name, b: &Name| text[a.span.end..b.span.start].trim().to_lowercase();
    let mut at = 0;
    while at + 1 < names.len() {
        let mut end = at;
        let mut joined = false;
        while let Some(next) = names.get(end + 1) {
            let mark = between(&names[end], next);
            let mark = mark.trim_start_matches("'s").trim_start_matches("’s").trim();
            if !matches!(mark, "and" | "or" | "," | ", and" | ", or" | "&") {
                break;
            }
            joined |= mark != ",";
            end += 1;
        }
        if joined && end > at {
            let mut span = names[at].span.start..names[end].span.end;
            let both = words.iter().rev().find(|it| it.span.end <= span.start);
            // What lies between two is no question about each.
            if both.is_some_and(|it| it.low == "between") {
                return Vec::new();
            }
            if let Some(both) = both.filter(|it| matches!(it.low.as_str(), "both" | "either")) {
                span.start = both.span.start;
            }
            let with =
                |name: &Name| format!("{}{}{}", &text[..span.start], name.name, &text[span.end..]);
            return names[at..=end].iter().map(with).collect();
        }
        at = end + 1;
    }
    Vec::new()
}

/// "Maria's hobbies and favourite books": each of them.
fn possessions(text: &str, words: &[Word]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, owner) in words.iter().enumerate().filter(|(_, it)| it.possessive && it.capital) {
        let name = &text[owner.span.clone()];
        let phrase = |range: Range<usize>| {
            let words = words.get(range)?;
            let span = words.first()?.span.start..words.last()?.span.end;
            Some(format!("{name}'s {}", &text[span]))
        };
        let clause = (at + 1..words.len().min(at + 5))
            .take_while(|it| *it == at + 1 || !words[*it - 1].ends_clause);
        let Some(and) =
            clause.into_iter().find(|it| words[*it].low == "and").filter(|it| *it > at + 1)
        else {
            continue;
        };
        let end = (and + 1..words.len().min(and + 4))
            .find(|it| {
                crate::terms::is_common(&words[*it].low)
                    || words[*it - 1].ends_clause && *it > and + 1
            })
            .unwrap_or_else(|| words.len().min(and + 4));
        let other = words.get(and + 1).is_some_and(|it| !it.capital);
        if other && end > and + 1 {
            found.extend(phrase(at + 1..and));
            found.extend(phrase(and + 1..end));
        }
    }
    found
}

fn helps(words: &[Word], at: usize) -> bool {
    words.get(at).is_some_and(|it| {
        matches!(
            it.low.as_str(),
            "did"
                | "do"
                | "does"
                | "is"
                | "are"
                | "was"
                | "were"
                | "will"
                | "would"
                | "has"
                | "have"
                | "had"
                | "can"
                | "could"
                | "should"
        )
    })
}

/// The end of a clause with the mark and the space after it, where the sentence goes on.
fn whole_end(text: &str, words: &[Word], last: usize) -> usize {
    words.get(last + 1).map_or(text.len(), |it| it.span.start)
}

fn without(text: &str, span: Range<usize>) -> String {
    let (before, after) = (text[..span.start].trim_end(), text[span.end..].trim_start());
    let joined = if before.is_empty() || after.is_empty() {
        format!("{before}{after}")
    } else {
        format!("{before} {after}")
    };
    joined.trim_end_matches([',', ' ']).to_owned()
}
