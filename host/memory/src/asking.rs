//! A question as the arms take it.

use std::collections::BTreeSet;

use voyager_base::clock::Timestamp;

use crate::{question, search::Words, shard::Shard, terms, vectors::Code, when::Interval};

/// A question as the arms take it.
pub(crate) struct Asking {
    /// All its words, as terms.
    pub(crate) words: Words,
    /// Those that name no author; all where nothing else is left.
    pub(crate) core: Words,
    /// Those in the order of the question.
    pub(crate) sequence: Vec<String>,
    /// Authors that it names.
    pub(crate) authors: BTreeSet<String>,
    /// The time that the answer must lie in.
    pub(crate) window: Option<Interval>,
    /// Months that it names, from 1.
    pub(crate) months: BTreeSet<u8>,
    /// What it asks for, in the order of the features.
    pub(crate) cues: [bool; 11],
    /// Its vector.
    pub(crate) vector: Option<Code>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Asking {
    /// Takes a question apart that is asked at `now`. The authors of the shards are the names that it may hold.
    pub(crate) fn of(text: &str, vector: Option<Code>, shards: &[&Shard], now: Timestamp) -> Self {
        let said: Vec<String> = terms::words(text).collect();
        let names: BTreeSet<&str> = shards.iter().flat_map(|it| it.authors().all()).collect();
        let named = |name: &&str| {
            let mut words = terms::words(name).filter(|it| it.len() > 2 && !terms::is_common(it));
            words.any(|it| said.contains(&it))
        };
        let authors: BTreeSet<String> =
            names.into_iter().filter(named).map(str::to_owned).collect();
        let of_names: BTreeSet<String> = authors.iter().flat_map(|it| terms::terms(it)).collect();
        let mut words = Words::new();
        terms::terms(text).into_iter().for_each(|it| *words.entry(it).or_default() += 1);
        let other = words.iter().filter(|(it, _)| !of_names.contains(*it));
        let core: Words = other.map(|(it, times)| (it.clone(), *times)).collect();
        let core = if core.is_empty() { words.clone() } else { core };
        let sequence = terms::terms(text).into_iter().filter(|it| core.contains_key(it)).collect();
        let month = |it: &String| MONTHS.iter().position(|month| month == it);
        let months = said.iter().filter_map(month).map(|it| it as u8 + 1).collect();
        let window = question::analyse(text, now, &|_| None).window;
        Self { words, core, sequence, authors, window, months, cues: cues(&said), vector }
    }
}

/// What a question asks for.
fn cues(said: &[String]) -> [bool; 11] {
    let first = said.first().map_or("", String::as_str);
    let holds = |words: &[&str]| said.iter().any(|it| words.contains(&it.as_str()));
    let pair = |one: &str, other: &str| said.windows(2).any(|it| it[0] == one && it[1] == other);
    const AUXILIARY: [&str; 12] =
        ["is", "are", "do", "does", "did", "would", "could", "has", "have", "was", "were", "can"];
    [
        first == "when" || ["date", "year", "month", "day"].iter().any(|it| pair("what", it)),
        first == "who",
        first == "where",
        pair("how", "many"),
        first == "how" && pair("how", "long"),
        first == "why",
        first == "which",
        first == "what",
        first == "how",
        AUXILIARY.contains(&first),
        holds(&["would", "likely", "might"]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_without_other_words_than_a_name_asks_for_the_name() {
        let asking = Asking::of("Who?", None, &[], Timestamp::default());
        assert!(asking.words.is_empty() && asking.core.is_empty());
        assert!(asking.cues[1]);
        let asking = Asking::of(
            "When is the release in May, and how many days are left?",
            None,
            &[],
            Timestamp::default(),
        );
        assert_eq!(asking.months, BTreeSet::from([5]));
        assert_eq!((asking.cues[0], asking.cues[3], asking.cues[8]), (true, true, false));
    }
}
