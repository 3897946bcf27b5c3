//! What kind of answer a question wants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Word;
use crate::lexicon::Lexicon;

/// What kind of answer a question wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cue {
    /// A time.
    When,
    /// A person.
    Who,
    /// A place.
    Where,
    /// A number.
    HowMany,
    /// A length of time.
    HowLong,
    /// A manner: "how did".
    How,
    /// One of several.
    Which,
    /// A reason.
    Why,
    /// A thing.
    What,
    /// Yes or no.
    YesNo,
    /// A guess: "would she likely ...".
    Hypothetical,
    /// No question: words to look for.
    Open,
}

static AUXILIARY: Lexicon = Lexicon::new(&[
    "am", "are", "aren't", "can", "could", "did", "didn't", "do", "does", "doesn't", "don't",
    "had", "has", "hasn't", "have", "haven't", "is", "isn't", "may", "might", "must", "s", "shall",
    "should", "was", "wasn't", "were", "will", "won't", "would",
]);

/// Words of asking, and words that tie events together: they say nothing of what is asked for.
static ASKING: Lexicon = Lexicon::new(&[
    "after", "ago", "before", "could", "during", "find", "give", "how", "know", "likely", "list",
    "might", "name", "please", "probably", "remind", "show", "since", "tell", "till", "until",
    "what's", "when's", "where's", "while", "who's", "whose",
]);

/// Whether a word in lower case belongs to asking rather than to what is asked.
pub(super) fn is_cue(low: &str) -> bool {
    ASKING.holds(low) || AUXILIARY.holds(low)
}

/// The kind, and which words said it.
pub(super) fn cue(words: &[Word]) -> (Cue, BTreeSet<usize>) {
    let low = |at: usize| words.get(at).map_or("", |it| it.low.as_str());
    let found =
        (0..words.len()).find_map(|at| asked(words, at).map(|(cue, length)| (cue, at, length)));
    let starts = ["list", "name", "tell", "give", "show", "find", "remind"].contains(&low(0));
    let (cue, used) = match found {
        Some((cue, at, length)) => (cue, (at..at + length).collect()),
        None if low(0) == "when" => (Cue::When, BTreeSet::from([0])),
        None if starts => (Cue::What, BTreeSet::from([0])),
        None if AUXILIARY.holds(low(0)) => (Cue::YesNo, BTreeSet::from([0])),
        None => (Cue::Open, BTreeSet::new()),
    };
    if is_guess(words, cue) { (Cue::Hypothetical, used) } else { (cue, used) }
}

/// Whether it asks for what might be: "would ... likely", "might ... be", "would" alone at the start.
fn is_guess(words: &[Word], cue: Cue) -> bool {
    let any = |list: &[&str]| words.iter().any(|it| list.contains(&it.low.as_str()));
    let asks = !matches!(cue, Cue::Open);
    // "When would be a good time" and "what would you like" ask for no guess about a person.
    let you = words
        .windows(2)
        .any(|it| it[0].low == "would" && matches!(it[1].low.as_str(), "you" | "i" | "we"));
    asks && !you
        && (any(&["would"])
            || any(&["likely", "probably", "hypothetically", "presumably"])
            || (any(&["might"]) && cue != Cue::YesNo))
}

/// The kind that the word `at` asks for, with how many words say it.
fn asked(words: &[Word], at: usize) -> Option<(Cue, usize)> {
    let low = |at: usize| words.get(at).map_or("", |it| it.low.as_str());
    let helps = |it: usize| AUXILIARY.holds(low(it));
    let next = low(at + 1);
    Some(match low(at) {
        "how" => match next {
            "long" if low(at + 2) == "ago" => (Cue::When, 3),
            "long" => (Cue::HowLong, 2),
            "many" | "much" | "often" | "old" | "far" | "tall" | "big" | "frequently" | "large"
            | "fast" => (Cue::HowMany, 2),
            "come" => (Cue::Why, 2),
            _ => (Cue::How, 1),
        },
        // "When she left, ..." tells a time, "when did she leave" asks for it.
        "when" if helps(at + 1) || words.len() == at + 1 => (Cue::When, 1),
        "when's" => (Cue::When, 1),
        "where" if helps(at + 1) || at == 0 || words.len() == at + 1 => (Cue::Where, 1),
        "where's" => (Cue::Where, 1),
        // "The person who" names, "who" asks.
        "who" | "whom" | "whose" | "who's" if at == 0 || asks_again(words, at) => (Cue::Who, 1),
        "why" if helps(at + 1) || at == 0 => (Cue::Why, 1),
        "what" | "which" if is_relative(words, at) => return None,
        word @ ("what" | "which") => {
            let cue = if word == "what" { Cue::What } else { Cue::Which };
            sort(next).map_or((cue, 1), |it| (it, 2))
        }
        "what's" => (Cue::What, 1),
        _ => return None,
    })
}

/// Whether a word of asking inside of the sentence asks: after a preposition or another part of the question.
fn asks_again(words: &[Word], at: usize) -> bool {
    const BEFORE: [&str; 14] = [
        "with", "to", "from", "for", "by", "and", "of", "about", "tell", "me", "remember", "know",
        "on", "at",
    ];
    let before = &words[at - 1];
    before.ends_clause || BEFORE.contains(&before.low.as_str())
}

/// "The book which she read": after a noun, and no question of its own.
fn is_relative(words: &[Word], at: usize) -> bool {
    let article = at >= 2 && matches!(words[at - 2].low.as_str(), "the" | "a" | "an");
    words[at].low == "which" && article && !words[at - 1].ends_clause
}

/// What the noun after "what" or "which" asks for.
fn sort(noun: &str) -> Option<Cue> {
    Some(match noun {
        "time" | "day" | "date" | "week" | "weekend" | "month" | "year" | "decade" | "season" => {
            Cue::When
        }
        "city" | "country" | "place" | "state" | "town" | "location" | "street" | "places"
        | "countries" | "cities" | "address" | "region" => Cue::Where,
        "person" | "people" | "friend" | "colleague" => Cue::Who,
        "reason" | "reasons" => Cue::Why,
        "number" | "percentage" | "amount" => Cue::HowMany,
        "kind" | "kinds" | "type" | "types" | "sort" | "sorts" => Cue::What,
        _ => return None,
    })
}
