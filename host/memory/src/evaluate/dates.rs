//! Answers to "when" that people wrote, as intervals, and how a found time compares with them.
//!
//! The answers are short: "7 May 2023", "The week before 9 June 2023", "summer 2022", "early August". They are
//! read with the grammar of [`crate::when`], so that "the week before 9 June" and "last week", told on that
//! day, are the same week by the same rule; what is special here is what counts as a date at all.

use serde::{Deserialize, Serialize};
use voyager_base::clock::Timestamp;

use super::{Category, Gold, Seen};
use crate::{
    terms,
    when::{self, Granularity, Interval, Time, Unit, mentions},
};

/// An answer to a question about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A time.
    At {
        /// When.
        interval: Interval,
        /// How exactly.
        granularity: Granularity,
    },
    /// A length of time.
    Lasting {
        /// At least so many units.
        least: i64,
        /// At most so many.
        most: i64,
        /// What is counted.
        unit: Unit,
    },
    /// Something else: a name, a yes.
    Other,
}

/// How a found time compares with the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// Another time.
    Wrong,
    /// Not the same stretch, and yet what was meant: it lies within the right one, or both are open
    /// stretches, as in "a few days ago", that share more than half of the shorter one.
    Within,
    /// The same stretch of time.
    Exact,
}

/// Reads an answer. `near` is the day that tells the year of a date without one: the day the answer was
/// told on.
///
/// A date somewhere in a sentence does not make the sentence a date: at least half of the words must be of
/// the expression.
pub fn answer(text: &str, near: Timestamp) -> Answer {
    let mentions = mentions(text, near);
    let words = |text: &str| terms::words(text).filter(|it| !is_filler(it)).count();
    let Some(longest) = mentions.iter().max_by_key(|it| it.span.len()) else {
        return Answer::Other;
    };
    if words(&text[longest.span.clone()]) * 2 < words(text) {
        return Answer::Other;
    }
    match longest.time {
        Time::At { interval, granularity, .. } => Answer::At { interval, granularity },
        Time::Lasting { least, most, unit } => Answer::Lasting { least, most, unit },
        Time::Recurring => Answer::Other,
    }
}

/// Words around a date that say nothing.
fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "on" | "in" | "at" | "the" | "of" | "approximately" | "about" | "around" | "night"
    )
}

/// Compares a found time with the right one.
pub fn agreement(found: (Interval, Granularity), right: (Interval, Granularity)) -> Agreement {
    let (found, right) = ((day_whole(found), found.1), (day_whole(right), right.1));
    if found.0 == right.0 {
        return Agreement::Exact;
    }
    let shared = found.0.to.min(right.0.to).saturating_sub(found.0.from.max(right.0.from));
    let shorter = found.0.length().min(right.0.length());
    let open = |it: Granularity| {
        matches!(it, Granularity::Range | Granularity::Week | Granularity::Weekend)
    };
    if right.0.contains(found.0) || (open(found.1) && open(right.1) && shared > shorter / 2) {
        Agreement::Within
    } else {
        Agreement::Wrong
    }
}

/// How the date that a ranking gives for a question compares with the right one, which is as of the day on which its
/// evidence was told: wrong where nothing was found. None where the question asks for none, or its answer is none.
pub(super) fn of_ranking(
    seen: &Seen,
    (question, gold): (usize, &Gold),
    order: &[usize],
) -> Option<Agreement> {
    let asked = gold.answer.as_ref().filter(|_| gold.category == Category::Temporal)?;
    let told = seen.turns[*gold.evidence.first()?].at;
    match answer(asked, told) {
        Answer::At { interval, granularity } => {
            let found = found(&seen.questions[question], seen, order);
            let agrees = |it| agreement(it, (interval, granularity));
            Some(found.map_or(Agreement::Wrong, agrees))
        }
        Answer::Lasting { .. } | Answer::Other => None,
    }
}

/// The date that a ranking gives for a question, as recall tells it: that of the best turn, of one near it, of the next best ones,
/// or else the day on which the best was said.
fn found(question: &str, seen: &Seen, order: &[usize]) -> Option<(Interval, Granularity)> {
    let best = *order.first()?;
    let beside = when::BESIDE.iter().filter_map(|it| best.checked_add_signed(*it as isize));
    let session = |it: &usize| seen.turns.get(*it).map(|it| it.session);
    let beside = beside.filter(|it| session(it) == session(&best));
    let next = order.iter().skip(1).take(when::NEXT).copied();
    let turns = std::iter::once(best).chain(beside).chain(next).map(|it| &seen.turns[it]);
    let texts = turns.map(|it| (it.text.as_str(), it.at));
    let now = seen.turns.last()?.at;
    Some(match when::date_among((question, now), texts) {
        Some((_, interval, granularity)) => (interval, granularity),
        None => (Interval::day_of(seen.turns[best].at), Granularity::Day),
    })
}

/// A time of day as its day: answers name days.
fn day_whole((interval, granularity): (Interval, Granularity)) -> Interval {
    const DAY_MICROS: i64 = 86_400_000_000;
    if granularity != Granularity::Instant {
        return interval;
    }
    let from = interval.from.div_euclid(DAY_MICROS) * DAY_MICROS;
    Interval { from, to: from.saturating_add(DAY_MICROS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Turn;

    /// 2023-07-15T10:00Z, a Saturday.
    const TOLD: Timestamp = Timestamp::from_millis(1_689_415_200_000);

    fn at(text: &str) -> (Interval, Granularity) {
        match answer(text, TOLD) {
            Answer::At { interval, granularity } => (interval, granularity),
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn answers_in_other_words_are_the_same_time() {
        let same = [
            ("7 May 2023", "May 7, 2023"),
            ("On May 7th, 2023.", "2023-05-07"),
            ("The Friday before 15 July 2023", "last Friday"),
            ("the week before 15 July 2023", "last week"),
            ("Last week before 15 July 2023.", "last week"),
            ("two weekends before 15 July 2023", "two weekends ago"),
            ("The week of 15 July 2023", "this week"),
            ("June, 2023", "last month"),
            ("June 2023", "in June"),
            ("2022", "last year"),
            ("13 July", "two days ago"),
            ("a few days before 15 July 2023", "a few days ago"),
            ("The summer of 2022", "approximately summer 2022"),
            ("approximately summer of 2022", "last summer"),
            ("On the night of October 30 to 31, 2022", "October 30-31, 2022"),
            ("Since 2016", "seven years ago"),
            ("early July", "early July, 2023"),
        ];
        for (one, other) in same {
            let agreement = agreement(at(one), at(other));
            assert_eq!(
                agreement,
                Agreement::Exact,
                "{one} and {other}: {:?} {:?}",
                at(one),
                at(other)
            );
        }
    }

    #[test]
    fn lengths_and_other_words_are_no_dates() {
        let years = |least, most| Answer::Lasting { least, most, unit: Unit::Year };
        assert_eq!(answer("4 years", TOLD), years(4, 4));
        assert_eq!(answer("nearly four years", TOLD), years(4, 4));
        assert_eq!(answer("a few years", TOLD), years(2, 5));
        for other in ["her mother", "", "yes", "Toronto, Canada", "every Friday"] {
            assert_eq!(answer(other, TOLD), Answer::Other, "{other}");
        }
        let sentence = "They met in May 2023 at the conference about rivers in the old town hall";
        assert_eq!(answer(sentence, TOLD), Answer::Other);
    }

    #[test]
    fn the_right_date_is_as_of_what_was_told_and_the_found_one_as_of_the_best() {
        let turn = |days: u64, session, text: &str| Turn {
            speaker: "Ada".to_owned(),
            id: String::new(),
            text: text.to_owned(),
            caption: None,
            session,
            at: Timestamp::from_micros(TOLD.as_micros() + days * 86_400_000_000),
        };
        let turns = vec![
            turn(0, 1, "The regatta was yesterday."),
            turn(0, 1, "How nice."),
            turn(366, 2, "The regatta was yesterday."),
        ];
        let questions = vec!["When was the regatta?".to_owned()];
        let seen = Seen { name: "made".to_owned(), turns, questions };
        let agreement = |category, answer: &str, order: &[usize]| {
            let answer = Some(answer.to_owned());
            let gold = Gold { number: 0, category, evidence: vec![0], answer };
            of_ranking(&seen, (0, &gold), order)
        };
        // Without its year the answer is of the year in which it was told, whatever was found.
        let temporal = |order: &[usize]| agreement(Category::Temporal, "14 July", order);
        assert_eq!(temporal(&[0, 1, 2]), Some(Agreement::Exact));
        assert_eq!(temporal(&[1]), Some(Agreement::Exact), "told by the one before it");
        assert_eq!(temporal(&[2, 0]), Some(Agreement::Wrong));
        assert_eq!(temporal(&[]), Some(Agreement::Wrong), "nothing was found");
        assert_eq!(agreement(Category::Temporal, "in Oslo", &[0]), None);
        assert_eq!(agreement(Category::Open, "14 July", &[0]), None);
    }

    #[test]
    fn a_found_time_agrees_as_far_as_the_answer_is_exact() {
        let found = |found, right| agreement(at(found), at(right));
        assert_eq!(found("8 July 2023 at 3 pm", "8 July 2023"), Agreement::Exact);
        assert_eq!(found("8 July 2023", "July 2023"), Agreement::Within);
        assert_eq!(found("July 2023", "8 July 2023"), Agreement::Wrong);
        assert_eq!(found("8 July 2023", "9 July 2023"), Agreement::Wrong);
        assert_eq!(found("last week", "first week of July 2023"), Agreement::Exact);
        assert_eq!(found("early July", "first week of July 2023"), Agreement::Within);
        assert_eq!(found("last week", "last week of June 2023"), Agreement::Wrong);
        assert_eq!(found("June 2023", "summer 2023"), Agreement::Within);
    }
}
