//! When a text says something was, is or will be: time expressions as intervals.
//!
//! "I joined the choir last Friday" means nothing without the day it was told. This module reads such
//! expressions out of English text with a small grammar and gives each as a half-open [`Interval`], with the
//! [`Granularity`] in which it was meant. No clock, no language model: the same text told at the same time
//! has the same mentions. Time runs in UTC.
//!
//! What an expression means where English leaves it open:
//! - "last Friday" is the latest Friday before the day of telling; said on a Friday, a week ago. "Next
//!   Friday" is that of the next calendar week, "this Friday" the one to come, or, in a sentence of the past,
//!   the latest one. "On Friday" lies in the past unless the sentence speaks of the future.
//! - "last week" is the calendar week before, from Monday to Sunday; so is "the week before 9 June", and
//!   "two weeks ago" is the week that holds the day 14 days ago. "The last week" is the past seven days. "The
//!   first week of June" is the first whose Thursday lies in June, as ISO 8601 counts.
//! - "three years ago" is the calendar year, and "a year ago" the month twelve months ago.
//! - "A year ago today" and "two weeks ago yesterday" are days: who names the day counts to it.
//! - "last summer" is the latest summer that has ended, "last June" the latest June that has.
//! - "a couple" is two or three, "a few" two to five, "several" three to seven, as one interval.
//! - "early", "mid" and "late" are the first, the second and the last third.
//! - A date without its year is the latest one in a sentence of the past, the next one in a sentence of the
//!   future, and the nearest one otherwise.
//! - "05/07/2023" means two days, and so nothing, and [`ambiguous`] names both; "7.5.2023" is the seventh of May, for dots stand where the day
//!   comes first.
//! - A year that is said once is that of all dates of a list or a range: "3 May and 5 May 2023".
//! - "The last two weeks of May 2023" are its last fourteen days; "the last few days of 2023" lie in 2023.
//! - "Two Fridays ago" is the one before the last; "this time last year" the month twelve months ago.
//! - Names of feasts mean what they mean in the United States, where they mean several days.
//! - A day that no calendar has ("31 February") is no time: [`impossible`] names it.

mod calendar;
mod choice;
mod clock;
mod feasts;
mod grammar;
mod numeric;
mod period;
#[cfg(test)]
mod tests;
mod tokens;
mod words;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use voyager_base::clock::Timestamp;

pub use self::{
    calendar::Unit,
    choice::{BESIDE, NEXT, Wanted, asks_of_the_past, date_among, date_of, date_of_event, wanted},
    grammar::{impossible, mentions},
    numeric::ambiguous,
};

/// A time in microseconds after 1970, negative before, as RFC 3339. A window may be open: what lies beyond the years 1 to
/// 9999 is shown as the end of them.
pub fn moment(micros: i64) -> String {
    calendar::moment(micros)
}

/// The month of a time, from 1.
pub(crate) fn month_of(time: Timestamp) -> u8 {
    calendar::day_of(time).month().unsigned_abs()
}

/// A stretch of time, without its end: microseconds since 1970 in UTC.
///
/// Signed, unlike [`Timestamp`], because people remember what was before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// Its first microsecond.
    pub from: i64,
    /// The first microsecond after it.
    pub to: i64,
}

impl Interval {
    /// Whether both share any time.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Whether all of `other` lies within this one.
    pub fn contains(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// Its length in microseconds.
    pub fn length(self) -> i64 {
        self.to.saturating_sub(self.from)
    }

    /// Its first and its last day, RFC 3339; none where it leaves the calendar.
    pub fn days(self) -> Option<(String, String)> {
        let day = |micros: i64| Some(calendar::day_at(micros)?.to_string());
        Some((day(self.from)?, day(self.to.checked_sub(1)?.max(self.from))?))
    }

    /// The calendar day of `time`.
    pub fn day_of(time: Timestamp) -> Self {
        calendar::Days::one(calendar::day_of(time)).interval()
    }
}

/// How exactly a time was meant, finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// A time of day.
    Instant,
    /// A calendar day.
    Day,
    /// A Saturday and its Sunday.
    Weekend,
    /// A week from Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three months.
    Season,
    /// A calendar year.
    Year,
    /// Ten years.
    Decade,
    /// From one time to another.
    Range,
}

impl Granularity {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Day => "day",
            Self::Weekend => "weekend",
            Self::Week => "week",
            Self::Month => "month",
            Self::Season => "season",
            Self::Year => "year",
            Self::Decade => "decade",
            Self::Range => "range",
        }
    }
}

/// Whether an expression stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// It says its year.
    Absolute,
    /// It counts from the time of telling, or leaves the year to it.
    Told,
}

/// How an expression is tied to its sentence: "since 2019" is more than 2019.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// In or on it.
    Within,
    /// From it on, until it is told.
    Since,
    /// Until it, or by it.
    Until,
    /// Before it.
    Before,
    /// After it.
    After,
}

impl Bound {
    /// All the time that is tied so to an interval, told at `told`.
    pub(crate) fn window(self, interval: Interval, told: Timestamp) -> Interval {
        let now = i64::try_from(told.as_micros()).unwrap_or(i64::MAX);
        match self {
            Self::Within => interval,
            Self::Since => Interval { from: interval.from, to: now.max(interval.to) },
            Self::Until => Interval { from: i64::MIN, to: interval.to },
            Self::Before => Interval { from: i64::MIN, to: interval.from },
            Self::After => Interval { from: interval.to, to: i64::MAX },
        }
    }
}

/// What an expression says about time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Time {
    /// When.
    At {
        /// The time itself, without the [`Bound`].
        interval: Interval,
        /// How exactly it was meant.
        granularity: Granularity,
        /// Whether the text leaves it open, as in "about two weeks ago".
        approximate: bool,
    },
    /// How long: "for two years".
    Lasting {
        /// At least so many units.
        least: i64,
        /// At most so many.
        most: i64,
        /// What is counted.
        unit: Unit,
    },
    /// Again and again: "every Friday". It has no interval.
    Recurring,
}

/// A time expression of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What it says.
    pub time: Time,
    /// Whether it needs the time of telling.
    pub basis: Basis,
    /// How it is tied to its sentence.
    pub bound: Bound,
}

impl Mention {
    /// Its interval and granularity, where it has one.
    pub fn at(&self) -> Option<(Interval, Granularity)> {
        match self.time {
            Time::At { interval, granularity, .. } => Some((interval, granularity)),
            Time::Lasting { .. } | Time::Recurring => None,
        }
    }

    /// All the time that it speaks of when told at `told`: "since 2019" reaches from 2019 to then.
    pub fn window(&self, told: Timestamp) -> Option<Interval> {
        let (interval, _) = self.at()?;
        Some(self.bound.window(interval, told))
    }
}
