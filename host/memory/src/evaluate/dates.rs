//! Answers to "when" that people wrote, as intervals, and how a found time compares with them.
//!
//! The answers are short: "7 May 2023", "The week before 9 June 2023", "summer 2022", "early August". They are
//! read with the grammar of [`crate::when`], so that "the week before 9 June" and "last week", told on that
//! day, are the same week by the same rule; what is special here is what counts as a date at all.

use serde::{Deserialize, Serialize};
use voyager_base::clock::Timestamp;

use crate::{
    terms,
    when::{Granularity, Interval, Time, Unit, mentions},
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
