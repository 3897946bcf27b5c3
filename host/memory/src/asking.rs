//! A question as the arms take it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use voyager_base::clock::Timestamp;

use serde::{Deserialize, Serialize};

use crate::{
    alias::OtherName,
    entities,
    question::{self, Name, Related},
    recall::Question,
    search::Words,
    shard::{AskedDays, Shard},
    terms,
    vectors::Query,
    when::{Bound, Granularity, Interval, Mention, ambiguous, asks_of_the_past, impossible},
};

/// Words that mean something like one of a question, as far as an encoder knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kindred {
    /// The word of the question.
    pub word: String,
    /// The others, as stems ([`terms::stem`]), each with the cosine of the angle between both.
    pub near: Vec<(String, f32)>,
}

/// From this cosine on words are kindred; above it they are the more so.
pub const KINDRED_FROM: f32 = 0.3;

/// So many words of a question have kindred, and each so many.
const KINDRED_MAX: (usize, usize) = (64, 256);

/// Nothing but the word itself is nearer to it.
const NEAREST: f32 = 0.99;

/// A question as the arms take it.
pub(crate) struct Asking {
    /// All its words, as terms.
    pub(crate) words: Words,
    /// Those that name no author; all where nothing else is left.
    pub(crate) core: Words,
    /// By a term of a name that it says: other names of the same, each by its terms.
    pub(crate) also: BTreeMap<String, Vec<Vec<String>>>,
    /// Those of their terms that it does not say itself, and that stand for such a term: they are among its words.
    pub(crate) added: BTreeSet<String>,
    /// Words that mean something like those, and how near each is, from 0 to 1: terms, in their order.
    pub(crate) kindred: BTreeMap<String, Vec<(String, f32)>>,
    /// Those in the order of the question.
    pub(crate) sequence: Vec<String>,
    /// Authors that it names.
    pub(crate) authors: BTreeSet<String>,
    /// The time that the answer must lie in.
    pub(crate) window: Option<Interval>,
    /// The days that it asks about, where it names times, or is tied to an event whose time was found.
    pub(crate) days: Option<AskedDays>,
    /// How many things it asks about beside its time: names, and words that say more than that something happened.
    pub(crate) beside_time: usize,
    /// Months that it names, from 1.
    pub(crate) months: BTreeSet<u8>,
    /// What it asks for, in the order of the features.
    pub(crate) cues: [bool; 11],
    /// Its vector.
    pub(crate) vector: Option<Query>,
    /// What it asks for apart.
    pub(crate) parts: Vec<String>,
    /// The event before or after which its answer lies, where it asks for that apart, names no time itself, and does not
    /// speak of what is or will be: plans are told before what they follow.
    pub(crate) tied: Option<Related>,
}

/// Stems of words for whatever was, or was told.
const WHATEVER: [&str; 6] = ["discuss", "happen", "mention", "said", "say", "tell"];

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
    /// Takes a question apart that is asked at `now`. The authors of the shards are the names that it may hold, and `others` are
    /// other names of what it names.
    pub(crate) fn of(
        question: &Question,
        vector: Option<Query>,
        shards: &[&Shard],
        others: &[OtherName],
        now: Timestamp,
    ) -> Self {
        let text = question.text.as_str();
        let said: Vec<String> = terms::words(text).collect();
        let analysed = question::analyse(text, now);
        let Named { authors, short } = Named::of(&said, others, &analysed, shards);
        let of_names: BTreeSet<String> =
            authors.iter().chain(short.keys()).flat_map(|it| terms::terms(it)).collect();
        let text = &beside_dates(text, &analysed.times, now);
        let mut words = Words::new();
        let long = short.values().flat_map(|it| terms::terms(&it.word));
        terms::terms(text)
            .into_iter()
            .chain(long)
            .for_each(|it| *words.entry(it).or_default() += 1.0);
        let other = words.iter().filter(|(it, _)| !of_names.contains(*it));
        let core: Words = other.map(|(it, times)| (it.clone(), *times)).collect();
        let mut core = if core.is_empty() { words.clone() } else { core };
        let Also { names: also, words: other_words, added } = Also::of(others, &words);
        let beside = other_words.iter().filter(|it| !of_names.contains(it.0));
        core.extend(beside.map(|it| (it.0.clone(), *it.1)));
        words.extend(other_words);
        let sequence = terms::terms(text).into_iter().filter(|it| core.contains_key(it)).collect();
        let month = |it: &String| MONTHS.iter().position(|month| month == it);
        let months = said.iter().filter_map(month).map(|it| it as u8 + 1).collect();
        let (window, days) = (analysed.window, AskedDays::of(&analysed.times, now));
        let says_more = |it: &&String| !WHATEVER.contains(&terms::stem(it).as_str());
        let things = analysed.core.iter().filter(says_more).count();
        let beside_time = things + analysed.names.len() + analysed.exact.len();
        let kindred = kindred(&question.kindred, &core);
        let cues = cues(&said);
        // "After Tom" is after somebody, "after the Boston Marathon" after an event.
        let names: BTreeSet<String> = analysed
            .names
            .iter()
            .map(|it| &it.name)
            .chain(&authors)
            .chain(short.keys())
            .flat_map(|it| terms::words(it))
            .collect();
        let is_named =
            |event: &str| terms::words(event).all(|it| it == "and" || names.contains(&it));
        let is_ordered = |it: &Related| {
            it.bound != Bound::Within
                && asks_of_the_past(&it.rest)
                && window.is_none()
                && analysed.parts.contains(&it.event)
                && !is_named(&it.event)
        };
        let tied = analysed.related.filter(is_ordered);
        Self {
            words,
            core,
            also,
            added,
            kindred,
            sequence,
            authors,
            window,
            days,
            beside_time,
            months,
            cues,
            vector,
            parts: analysed.parts,
            tied,
        }
    }

    /// Its core as it was said: without the words of other names.
    pub(crate) fn said_core(&self) -> impl Iterator<Item = &String> {
        self.core.keys().filter(|it| !self.added.contains(*it))
    }

    /// Has a question that names no time ask about one. What the ranker learned is of times that are named.
    pub(crate) fn ask_about(&mut self, time: Interval) {
        if self.window.is_none() {
            self.days = AskedDays::within(time);
        }
    }
}

/// What other names do to the words of a question.
#[derive(Default)]
struct Also {
    /// See [`Asking::also`].
    names: BTreeMap<String, Vec<Vec<String>>>,
    /// The terms that it does not say, each for its share: a name of three words is worth no more than one of one.
    words: Words,
    /// See [`Asking::added`].
    added: BTreeSet<String>,
}

impl Also {
    /// Of other names of what a question says whose words are `words`.
    fn of(others: &[OtherName], words: &Words) -> Self {
        let (mut also, mut in_place) = (Self::default(), BTreeMap::new());
        for OtherName { said, other, .. } in others {
            let of_other: BTreeSet<String> = terms::terms(other).into_iter().collect();
            let of_said: BTreeSet<String> = terms::terms(said).into_iter().collect();
            // "IT" is no term: the first of its other names stands in its place.
            let stands = of_said.is_empty() && *in_place.entry(said).or_insert(other) == other;
            let share = 1.0 / of_other.len().max(1) as f64;
            for term in of_other.iter().filter(|it| !words.contains_key(*it)) {
                let known = also.words.entry(term.clone()).or_default();
                *known = share.max(*known);
                if !stands {
                    also.added.insert(term.clone());
                }
            }
            for term in of_said.into_iter().filter(|it| words.contains_key(it)) {
                also.names.entry(term).or_default().push(of_other.iter().cloned().collect());
            }
        }
        also
    }
}

/// A question without the numbers of the days and months that it names, which tell nothing but the time: what holds a 26 is
/// of no more use to who asks about the 26th than what holds another number. Days that there are not, or that may be two,
/// are asked for neither. As it stands where it has no other term.
fn beside_dates<'a>(text: &'a str, times: &[Mention], now: Timestamp) -> Cow<'a, str> {
    let is_date =
        |it: &&Mention| it.at().is_some_and(|(_, granularity)| granularity <= Granularity::Month);
    let dates = times.iter().filter(is_date).map(|it| it.span.clone());
    let unread = ambiguous(text, now).into_iter().map(|it| it.0).chain(impossible(text, now));
    let mut left = text.to_owned();
    for span in dates.chain(unread) {
        let Some(said) = text.get(span.clone()) else { continue };
        let mut at = span.start;
        for part in said.split_inclusive(|it: char| !it.is_alphanumeric()) {
            let word = part.trim_end_matches(|it: char| !it.is_alphanumeric());
            if word.starts_with(|it: char| it.is_ascii_digit()) {
                left.replace_range(at..at + word.len(), &" ".repeat(word.len()));
            }
            at += part.len();
        }
    }
    match left == text || terms::terms(&left).is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(left),
    }
}

/// Authors that a question names.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// All of them.
    pub(crate) authors: BTreeSet<String>,
    /// By a word of the question in lower case: the author whose name it is short for.
    pub(crate) short: BTreeMap<String, Long>,
}

/// What a short form of a name is short for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Long {
    /// The author.
    pub(crate) author: String,
    /// The word of that name, in lower case.
    pub(crate) word: String,
}

impl Named {
    /// Those that a question names whose words in lower case are `said`: by a word of their name, or by the beginning of one
    /// that no other author's name has. And those whose names have all words of an other name.
    pub(crate) fn of(
        said: &[String],
        others: &[OtherName],
        analysed: &question::Question,
        shards: &[&Shard],
    ) -> Self {
        let names: BTreeSet<&str> = shards.iter().flat_map(|it| it.authors().all()).collect();
        // One letter names nobody, in whichever script.
        let is_long = |it: &str| it.len() > 2 && it.chars().nth(1).is_some();
        let telling = |it: &String| is_long(it) && !terms::is_common(it);
        let words = |name| (name, terms::words(name).filter(telling).collect());
        let names: Vec<(&str, Vec<String>)> = names.into_iter().map(words).collect();
        // A question may be long, and there may be an author for each record.
        let said: HashSet<&str> = said.iter().map(String::as_str).collect();
        let is_said = |it: &String| said.contains(it.as_str());
        let words = |it: &OtherName| terms::words(&it.other).filter(telling).collect();
        let mut others: Vec<Vec<String>> = others.iter().map(words).collect();
        others.retain(|it| !it.is_empty());
        let other = |of: &[String]| others.iter().any(|it| it.iter().all(|it| of.contains(it)));
        let named = names.iter().filter(|(_, words)| words.iter().any(is_said) || other(words));
        let mut authors: BTreeSet<String> = named.map(|it| it.0.to_owned()).collect();
        let mut short = BTreeMap::new();
        for Name { name, .. } in &analysed.names {
            let mut alone = terms::words(name);
            let (Some(word), None) = (alone.next(), alone.next()) else { continue };
            if let Some((author, long)) = entities::long_form(&word, &names) {
                authors.insert(author.to_owned());
                short.insert(word, Long { author: author.to_owned(), word: long.to_owned() });
            }
        }
        Self { authors, short }
    }
}

/// How nearly each of some terms means what a word of the question means, from 0 to 1; of several forms of a word the
/// nearest counts.
fn kindred(known: &[Kindred], core: &Words) -> BTreeMap<String, Vec<(String, f32)>> {
    let mut all: BTreeMap<String, BTreeMap<String, f32>> = BTreeMap::new();
    for Kindred { word, near } in known.iter().take(KINDRED_MAX.0) {
        let word = terms::stem(word);
        if !core.contains_key(&word) {
            continue;
        }
        let of = all.entry(word.clone()).or_default();
        for (term, cosine) in near.iter().take(KINDRED_MAX.1) {
            let strength = (cosine - KINDRED_FROM) / (1.0 - KINDRED_FROM);
            if *term != word && strength > 0.0 {
                let known = of.entry(term.clone()).or_default();
                *known = known.max(strength.min(NEAREST));
            }
        }
    }
    all.into_iter().map(|(word, of)| (word, of.into_iter().collect())).collect()
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

    fn asking(text: &str, kindred: Vec<Kindred>) -> Asking {
        let question = Question { text: text.to_owned(), kindred, ..Question::default() };
        Asking::of(&question, None, &[], &[], Timestamp::default())
    }

    #[test]
    fn a_question_without_other_words_than_a_name_asks_for_the_name() {
        let who = asking("Who?", Vec::new());
        assert!(who.words.is_empty() && who.core.is_empty());
        assert!(who.cues[1]);
        let asking = asking("When is the release in May, and how many days are left?", Vec::new());
        assert_eq!(asking.months, BTreeSet::from([5]));
        assert_eq!((asking.cues[0], asking.cues[3], asking.cues[8]), (true, true, false));
    }

    #[test]
    fn what_is_asked_beside_a_time_is_counted() {
        let beside = |text: &str| asking(text, Vec::new()).beside_time;
        assert_eq!(beside("What happened on 3 May 2023?"), 0);
        assert_eq!(beside("What did we do last Friday?"), 0);
        assert_eq!(beside("What did Ada paint on 3 May 2023?"), 2);
        assert_eq!(beside("What was said on 3 May 2023?"), 0);
        assert_eq!(beside("What did the painter say to Ada yesterday?"), 2);
    }

    #[test]
    fn what_has_been_comes_before_or_after_an_event() {
        let tied = |text: &str| asking(text, Vec::new()).tied.map(|it| it.event);
        for text in [
            "What did Ana do after the move to Berlin?",
            "What happened until the move to Berlin?",
            "Where has Ana worked since the move to Berlin?",
            "Ana's jobs before the move to Berlin",
            "List Ana's jobs before the move to Berlin",
            "What has Ana done since the move to Berlin?",
        ] {
            assert_eq!(tied(text).as_deref(), Some("the move to Berlin"), "{text}");
        }
        let race = "Who was there after the Boston Marathon?";
        assert_eq!(tied(race).as_deref(), Some("the Boston Marathon"), "a name with an article");
        for text in [
            "What will Ana do after the move to Berlin?",
            "What does Ana want after the move to Berlin?",
            "What could Ana do after the move to Berlin?",
            "What did Ana do during the move to Berlin?",
            "What did Ana do in May after the move to Berlin?",
            "What did Ana do?",
            "What do we have to do after the move to Berlin?",
            "What does Ana have after the move to Berlin?",
            "What has to be done after the move to Berlin?",
            "List what Ana wants after the move to Berlin",
            "Who presented after Tom?",
        ] {
            assert_eq!(tied(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_a_date_are_no_words() {
        let words = |text: &str| {
            let mut words: Vec<String> = asking(text, Vec::new()).words.into_keys().collect();
            words.sort();
            words
        };
        for text in ["26/11/2026", "2026-11-26", "31/02/2023", "2023-13-45", "05/07/2023"] {
            assert_eq!(words(&format!("What happened on {text}?")), ["happen"], "{text}");
        }
        assert_eq!(words("What happened on 31 February 2023?"), ["februari", "happen"]);
        assert_eq!(words("What happened on November 26th, 2026?"), ["happen", "novemb"]);
        assert_eq!(
            words("Which 26 boxes came on 26 November 2026?"),
            ["26", "box", "came", "novemb"]
        );
        assert_eq!(words("What happened in May 2023?"), ["happen"]);
        // Nothing but the day is asked for, and a year is more often said than days are told.
        assert_eq!(words("2026-11-26"), ["11", "2026", "26"]);
        assert_eq!(words("What happened in 2023?"), ["2023", "happen"]);
    }

    #[test]
    fn kindred_are_terms_of_words_that_are_asked_for() {
        let of = |word: &str, near: &[(&str, f32)]| Kindred {
            word: word.to_owned(),
            near: near.iter().map(|it| (it.0.to_owned(), it.1)).collect(),
        };
        let kindred = vec![
            of("dogs", &[("puppi", 0.65), ("dog", 1.0), ("cat", f32::NAN), ("puppi", 0.5)]),
            of("lake", &[("river", 2.0), ("sea", -1.0), ("shore", KINDRED_FROM)]),
            of("moon", &[("star", 0.5)]),
        ];
        let asking = asking("Which dogs were at the lake?", kindred);
        let strength = (0.65 - KINDRED_FROM) / (1.0 - KINDRED_FROM);
        let expected = [("dog", vec![("puppi", strength)]), ("lake", vec![("river", NEAREST)])];
        let expected = expected.map(|(word, near)| {
            let near = near.into_iter().map(|(term, it)| (term.to_owned(), it));
            (word.to_owned(), near.collect())
        });
        assert_eq!(asking.kindred, BTreeMap::from(expected));
    }
}
