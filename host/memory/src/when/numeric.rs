//! Dates in digits: "2023-05-07", "13/05/2023", "17-May-2023", "2024-W15"; and those that no calendar has.
//!
//! Where digits could mean two days they mean none, with one exception: dots stand in dates of people who write the
//! day first.

use std::ops::Range;

use jiff::civil::Date;
use voyager_base::clock::Timestamp;

use super::{
    Granularity, Interval,
    calendar::{self, Days, date, plus_days, week_of},
    period::{Found, Period, Reader},
    tokens::tokens,
    words,
};

/// Years of which a date without words can be thought.
const MODERN: Range<i64> = 1900..2100;

/// Marks before which a date in digits begins though no space stands between.
const OPENING: &[&str] =
    &["(", "[", "{", "\"", "'", "“", "‘", "<", ">", ",", ";", "=", "*", "|", "~", "—"];

/// Before a number that looks like a date these say that it is none.
const VERSIONS: &[&str] =
    &["version", "versions", "v", "ver", "release", "build", "ip", "section", "chapter", "id", "="];

/// What is written like a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Day(Date),
    /// One of two days: the first where the day stands first, the second where the month does.
    Either(Date, Date),
    /// A day that no calendar has.
    Never,
}

/// Where `text` names days in digits that may be two ("05/07/2023"), with both: where the day stands first, and where the month
/// does. A year of two digits is one of the hundred up to `told`. [`mentions`](super::mentions) passes them over.
pub fn ambiguous(text: &str, told: Timestamp) -> Vec<(Range<usize>, [Interval; 2])> {
    let reader = Reader { tokens: tokens(text), told: calendar::day_of(told) };
    let mut found = Vec::new();
    let mut at = 0;
    while at < reader.tokens.len() {
        match reader.triple(at) {
            Some((Written::Either(by_day, by_month), end)) => {
                let span = reader.tokens[at].start..reader.tokens[end - 1].end;
                found.push((span, [by_day, by_month].map(|it| Days::one(it).interval())));
                at = end;
            }
            Some((_, end)) => at = end,
            None => at += 1,
        }
    }
    found
}

impl Reader<'_> {
    /// The place after a date that no calendar has.
    pub(super) fn never(&self, at: usize) -> Option<usize> {
        let number = self.tokens[at].raw.starts_with(|it: char| it.is_ascii_digit());
        if words::weekday(self.low(at)).is_some() {
            // "Friday, 31 February" names no Friday.
            let date = self.skip(at + 1, &[","]);
            let named = self.number(date).is_some() || self.month_name(date).is_some();
            return named.then(|| self.never(date)).flatten();
        }
        if !number {
            return self.month_name(at).and_then(|it| self.never_month_day(it));
        }
        match self.triple(at).or_else(|| self.hyphened(at)) {
            Some((Written::Never, end)) => Some(end),
            Some(_) => None,
            None => self.never_day_month(at),
        }
    }

    /// "31 February", "45 May 2023".
    fn never_day_month(&self, at: usize) -> Option<usize> {
        let day = self.number(at).filter(|_| self.tokens[at].raw.len() <= 2 && !self.glued(at))?;
        let suffix = self.glued(at + 1) && self.is(at + 1, &["st", "nd", "rd", "th"]);
        let after = if suffix { at + 2 } else { at + 1 };
        let range = ["-", "–", "to", "and", "through"].contains(&self.before(at));
        let (month, after) = self.month_name(self.skip(after, &["of"])).filter(|_| !range)?;
        self.never_in(month, day, after)
    }

    /// "February 31st", "June 31, 2023".
    fn never_month_day(&self, (month, after): (i64, usize)) -> Option<usize> {
        let at = self.skip(after, &["the"]);
        let day = self.number(at).filter(|_| self.tokens[at].raw.len() <= 2)?;
        let suffix = self.glued(at + 1) && self.is(at + 1, &["st", "nd", "rd", "th"]);
        let after = if suffix { at + 2 } else { at + 1 };
        let end = self.never_in(month, day, after)?;
        // "In February 30 people came", "April 45%".
        let other = end == at + 1
            && (self.goes_on(end)
                || (self.glued(end) && self.is(end, &[":", "%", "°", "-", "–", "/"])));
        (!other).then_some(end)
    }

    fn never_in(&self, month: i64, day: i64, after: usize) -> Option<usize> {
        let year = self.year_after(after).filter(|it| MODERN.contains(&it.0));
        let (year, end) = match year {
            Some((year, _, end)) => (year, end),
            // A leap year has all days that any has; more than 31 is no day at all but something else.
            None if day <= 31 => (2000, after),
            None => return None,
        };
        (day > 0 && date(year, month, day).is_none()).then_some(end)
    }

    /// Dates and weeks in digits that say their year.
    pub(super) fn numeric(&self, at: usize) -> Found {
        if let Some((written, end)) = self.triple(at).or_else(|| self.hyphened(at)) {
            let Written::Day(day) = written else { return None };
            return Some((Period::absolute(Days::one(day), Granularity::Day), end));
        }
        self.iso_week(at)
            .or_else(|| self.week_number(at))
            .or_else(|| self.iso_month(at))
            .or_else(|| self.year_quarter(at))
    }

    /// Whether a number stands for itself and does not end a word, a path or another number.
    fn begins(&self, at: usize) -> bool {
        !self.glued(at) || OPENING.contains(&self.before(at))
    }

    /// Whether what began ends before `at`, and no other part follows.
    fn ends(&self, at: usize, mark: &str) -> bool {
        let more = self.is(at, &[mark, "-", "/", "_"]) || self.number(at).is_some();
        let time = self.is(at, &["t"]) && self.number(at + 1).is_some();
        let word = self.goes_on(at) && !time;
        !(self.glued(at) && (word || (more && self.glued(at + 1))))
    }

    fn digits_of(&self, at: usize) -> usize {
        self.tokens[at].raw.len()
    }

    /// Three numbers with the same mark between.
    fn triple(&self, at: usize) -> Option<(Written, usize)> {
        let mark = self.low(at + 1);
        let same = mark == self.low(at + 3) && matches!(mark, "-" | "/" | ".");
        let whole = same && (1..5).all(|it| self.glued(at + it)) && self.begins(at);
        if !whole || !self.ends(at + 5, mark) {
            return None;
        }
        let (a, b, c) = (self.number(at)?, self.number(at + 2)?, self.number(at + 4)?);
        let sizes = [at, at + 2, at + 4].map(|it| self.digits_of(it));
        let dotted = mark == ".";
        if dotted && VERSIONS.contains(&self.before(at)) {
            return None;
        }
        let written = |year, month, day| match date(year, month, day) {
            Some(day) => Some(Written::Day(day)),
            None if !dotted && MODERN.contains(&year) => Some(Written::Never),
            None => None,
        };
        let either = |year| Some(Written::Either(date(year, b, a)?, date(year, a, b)?));
        let found = match sizes {
            // "2023.1.2" is a version.
            [4, 2, 2] => written(a, b, c),
            [4, 1 | 2, 1 | 2] if !dotted => written(a, b, c),
            [1 | 2, 1 | 2, 4] if b > 12 && a <= 12 => written(c, a, b),
            [1 | 2, 1 | 2, 4] if a > 12 || a == b || dotted => written(c, b, a),
            [1 | 2, 1 | 2, 4] if MODERN.contains(&c) => either(c),
            [1 | 2, 1 | 2, 2] => {
                let year = self.of_two_digits(c);
                let placed = ["on", "since", "until", "by", "from", "before", "after"]
                    .contains(&self.before(at));
                let day = match mark {
                    "/" if a <= 12 && b <= 12 && a != b => return Some((either(year)?, at + 5)),
                    "/" if b > 12 && a <= 12 => date(year, a, b),
                    "/" if a > 12 => date(year, b, a),
                    "." if placed && sizes == [2, 2, 2] => date(year, b, a),
                    _ => None,
                };
                day.map(Written::Day)
            }
            _ => None,
        };
        found.map(|it| (it, at + 5))
    }

    /// "17-May-2023", "17/May/2023", "8-Aug-23".
    fn hyphened(&self, at: usize) -> Option<(Written, usize)> {
        let mark = self.low(at + 1);
        let same = mark == self.low(at + 3) && matches!(mark, "-" | "/" | ".");
        let whole = same && (1..5).all(|it| self.glued(at + it)) && self.begins(at);
        let day = self.number(at).filter(|_| whole && self.digits_of(at) <= 2)?;
        let month = words::month(self.low(at + 2))?;
        let year = match self.digits_of(at + 4) {
            4 => self.number(at + 4)?,
            2 => self.of_two_digits(self.number(at + 4)?),
            _ => return None,
        };
        // Logs go on with the time: "17/May/2023:10:00:00".
        let ends = self.ends(at + 5, mark);
        match date(year, month, day) {
            _ if !ends => None,
            Some(day) => Some((Written::Day(day), at + 5)),
            None => Some((Written::Never, at + 5)),
        }
    }

    /// "2024-W15", "2024-W15-3", "2024W15".
    fn iso_week(&self, at: usize) -> Found {
        let year = self.number(at).filter(|_| self.digits_of(at) == 4 && self.begins(at))?;
        let mark = if self.is(at + 1, &["-"]) { at + 2 } else { at + 1 };
        let written = self.tokens.get(mark).is_some_and(|it| it.raw == "W");
        let whole = written && (at + 1..=mark + 1).all(|it| self.glued(it));
        let number = self.number(mark + 1).filter(|_| whole && self.digits_of(mark + 1) == 2)?;
        let week = nth_week(year, number)?;
        let day = self
            .number(mark + 3)
            .filter(|it| (1..=7).contains(it) && self.is(mark + 2, &["-"]))
            .filter(|_| (2..4).all(|it| self.glued(mark + it)));
        match day {
            Some(day) if self.ends(mark + 4, "-") => {
                let day = plus_days(week.first, day - 1)?;
                Some((Period::absolute(Days::one(day), Granularity::Day), mark + 4))
            }
            None if self.ends(mark + 2, "-") => {
                Some((Period::absolute(week, Granularity::Week), mark + 2))
            }
            _ => None,
        }
    }

    /// "week 15 of 2024", "calendar week 15", "CW15".
    fn week_number(&self, at: usize) -> Found {
        let (start, sure) = match self.low(at) {
            "week" => (at + 1, self.before(at) == "calendar"),
            "cw" | "kw" => (at + 1, self.tokens[at].raw == self.tokens[at].raw.to_uppercase()),
            _ => return None,
        };
        let number = self.number(start).filter(|it| (1..=53).contains(it))?;
        let said = self.year_after(start + 1).filter(|it| MODERN.contains(&it.0));
        match said {
            Some((year, basis, end)) => {
                Some((Period::based(nth_week(year, number)?, Granularity::Week, basis), end))
            }
            None if sure && !self.is(start + 1, &["of"]) => {
                let week = nth_week(i64::from(self.told.year()), number)?;
                Some((Period::told(week, Granularity::Week), start + 1))
            }
            None => None,
        }
    }

    /// "2024-05", "2024/05", "05/2024". "2010-12" may be two years or a month, and is neither.
    fn iso_month(&self, at: usize) -> Found {
        let mark = self.low(at + 1);
        let whole = matches!(mark, "-" | "/") && (1..3).all(|it| self.glued(at + it));
        if !whole || !self.begins(at) || !self.ends(at + 3, mark) {
            return None;
        }
        let (a, b) = (self.number(at)?, self.number(at + 2)?);
        let (year, month) = match [at, at + 2].map(|it| self.digits_of(it)) {
            [4, 2] if b <= a % 100 => (a, b),
            [2, 4] if mark == "/" => (b, a),
            _ => return None,
        };
        let fits = MODERN.contains(&year) && (1..=12).contains(&month);
        let days = fits.then(|| calendar::month(year, month)).flatten()?;
        Some((Period::absolute(days, Granularity::Month), at + 3))
    }

    /// "2024 Q3", "2024-Q3".
    fn year_quarter(&self, at: usize) -> Found {
        let year = self.number(at).filter(|it| MODERN.contains(it) && self.digits_of(at) == 4)?;
        let start = if self.is(at + 1, &["-", "/"]) { at + 2 } else { at + 1 };
        let letter = self.tokens.get(start).is_some_and(|it| it.raw == "Q");
        let quarter = self.number(start + 1).filter(|_| letter && self.glued(start + 1))?;
        let days = quarter_of(year, quarter).filter(|_| self.begins(at))?;
        Some((Period::absolute(days, Granularity::Range), start + 2))
    }

    /// "on 5/17", "Sat 20/5": a day without its year, where it can be nothing else.
    pub(super) fn day_slash_month(&self, at: usize, weekday: bool) -> Found {
        let placed = ["on", "by", "since", "until", "before", "after"].contains(&self.before(at));
        let whole =
            self.is(at + 1, &["/"]) && (1..3).all(|it| self.glued(at + it)) && !self.glued(at);
        if !(weekday || placed) || !whole || !self.ends(at + 3, "/") || self.is(at + 3, &["of"]) {
            return None;
        }
        let (a, b) = (self.number(at)?, self.number(at + 2)?);
        let (month, day) = match (a, b) {
            (1..=12, 13..=31) => (a, b),
            (13..=31, 1..=12) => (b, a),
            _ => return None,
        };
        let year = i64::from(self.told.year());
        let near = (year - 8..=year + 8).filter_map(|it| date(it, month, day).map(Days::one));
        Some((Period::told(self.nearest(at, near.collect())?, Granularity::Day), at + 3))
    }
}

/// Week `number` of a year, as ISO 8601 counts.
fn nth_week(year: i64, number: i64) -> Option<Days> {
    let first = week_of(date(year, 1, 4)?)?.first;
    let week = week_of(plus_days(first, 7 * number.checked_sub(1)?)?)?;
    // Only some years have a week 53.
    let thursday = plus_days(week.first, 3)?;
    (number >= 1 && i64::from(thursday.year()) == year).then_some(week)
}

/// A quarter of a year, from 1.
pub(super) fn quarter_of(year: i64, quarter: i64) -> Option<Days> {
    (1..=4).contains(&quarter).then_some(())?;
    let first = calendar::month(year, quarter * 3 - 2)?.first;
    Some(Days { first, last: calendar::month(year, quarter * 3)?.last })
}
