//! Whole days, and what people name by them: weeks, weekends, months, seasons.
//!
//! The calendar is the proleptic Gregorian one in UTC. Weeks run from Monday to Sunday (ISO 8601), a
//! weekend is a Saturday and a Sunday, and seasons are the meteorological ones of the northern half of the
//! world, where most of the English texts come from. Years lie between 1 and 9999: every step that leaves
//! them gives nothing.

use jiff::{SignedDuration, civil::Date};
use voyager_base::clock::Timestamp;

use super::{Granularity, Interval};

const DAY_MICROS: i64 = 86_400_000_000;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: Date,
    pub(super) last: Date,
}

impl Days {
    /// Both days and those between them; nothing where they are in the wrong order.
    pub(super) fn between(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    pub(super) fn one(day: Date) -> Self {
        Self { first: day, last: day }
    }

    pub(super) fn length(self) -> i64 {
        number(self.last) - number(self.first) + 1
    }

    pub(super) fn contains(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }

    pub(super) fn interval(self) -> Interval {
        Interval { from: number(self.first) * DAY_MICROS, to: (number(self.last) + 1) * DAY_MICROS }
    }
}

/// What lengths of time and distances are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days, and nights.
    Day,
    /// Weeks from Monday to Sunday.
    Week,
    /// Saturdays with their Sundays.
    Weekend,
    /// Months.
    Month,
    /// Years.
    Year,
    /// Ten years.
    Decade,
}

/// A season, by the months of the northern half of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Season {
    Spring,
    Summer,
    Autumn,
    Winter,
}

/// The day of a time; the last day there is for a time beyond the year 9999.
pub(super) fn day_of(time: Timestamp) -> Date {
    let days = time.as_micros() / DAY_MICROS.unsigned_abs();
    let day = i64::try_from(days).ok().and_then(|it| plus_days(EPOCH, it));
    day.unwrap_or(Date::constant(9999, 12, 31))
}

/// The day of a time in microseconds after 1970.
pub(super) fn day_at(micros: i64) -> Option<Date> {
    plus_days(EPOCH, micros.div_euclid(DAY_MICROS))
}

/// A time in microseconds after 1970 as RFC 3339 with milliseconds; the first or the last one there is beyond the calendar.
pub(super) fn moment(micros: i64) -> String {
    let (first, last) = (Date::constant(1, 1, 1), Date::constant(9999, 12, 31));
    let micros = micros.clamp(start_micros(first), start_micros(last) + DAY_MICROS - 1);
    let day = day_at(micros).unwrap_or(first);
    let millis = micros.rem_euclid(DAY_MICROS) / 1_000;
    let (minutes, seconds) = (millis / 60_000, millis / 1_000 % 60);
    let (hour, minute, milli) = (minutes / 60, minutes % 60, millis % 1_000);
    format!("{day}T{hour:02}:{minute:02}:{seconds:02}.{milli:03}Z")
}

/// The time of a day in microseconds after 1970, negative before.
pub(super) fn start_micros(day: Date) -> i64 {
    number(day) * DAY_MICROS
}

fn number(day: Date) -> i64 {
    day.duration_since(EPOCH).as_hours() / 24
}

pub(super) fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    Date::new(i16::try_from(year).ok()?, month, day)
        .ok()
        .filter(|it| (1..=9999).contains(&it.year()))
}

pub(super) fn plus_days(day: Date, days: i64) -> Option<Date> {
    let hours = SignedDuration::try_from_hours(days.checked_mul(24)?)?;
    day.checked_add(hours).ok().filter(|it| (1..=9999).contains(&it.year()))
}

pub(super) fn year(number: i64) -> Option<Days> {
    Some(Days { first: date(number, 1, 1)?, last: date(number, 12, 31)? })
}

pub(super) fn decade(start: i64) -> Option<Days> {
    Some(Days { first: date(start, 1, 1)?, last: date(start + 9, 12, 31)? })
}

/// A month, where `number` may lie beyond 1 to 12: month 13 is January of the next year.
pub(super) fn month(year: i64, number: i64) -> Option<Days> {
    let from_zero = number.checked_sub(1)?;
    let year = year.checked_add(from_zero.div_euclid(12))?;
    let first = date(year, from_zero.rem_euclid(12) + 1, 1)?;
    Some(Days { first, last: first.last_of_month() })
}

pub(super) fn season(year: i64, season: Season) -> Option<Days> {
    let start = match season {
        Season::Spring => 3,
        Season::Summer => 6,
        Season::Autumn => 9,
        Season::Winter => 12,
    };
    Some(Days { first: month(year, start)?.first, last: month(year, start + 2)?.last })
}

/// The season that holds `day`.
pub(super) fn season_of(day: Date) -> Option<Days> {
    // December belongs to the winter that ends in the next year.
    let number = i64::from(day.month()) / 3 * 3;
    let first = month(i64::from(day.year()), number)?.first;
    Some(Days { first, last: month(i64::from(first.year()), i64::from(first.month()) + 2)?.last })
}

/// The week from Monday to Sunday that holds `day`.
pub(super) fn week_of(day: Date) -> Option<Days> {
    let monday = plus_days(day, -i64::from(day.weekday().to_monday_zero_offset()))?;
    Some(Days { first: monday, last: plus_days(monday, 6)? })
}

/// The weekend of the week that holds `day`.
pub(super) fn weekend_of(day: Date) -> Option<Days> {
    let week = week_of(day)?;
    Some(Days { first: plus_days(week.first, 5)?, last: week.last })
}

/// The last day with that weekday (Monday is 0) strictly before `day`.
pub(super) fn weekday_before(day: Date, weekday: i64) -> Option<Date> {
    let today = i64::from(day.weekday().to_monday_zero_offset());
    let back = (today - weekday).rem_euclid(7);
    plus_days(day, if back == 0 { -7 } else { -back })
}

/// The first day with that weekday (Monday is 0) strictly after `day`.
pub(super) fn weekday_after(day: Date, weekday: i64) -> Option<Date> {
    let today = i64::from(day.weekday().to_monday_zero_offset());
    let ahead = (weekday - today).rem_euclid(7);
    plus_days(day, if ahead == 0 { 7 } else { ahead })
}

/// The period of one `unit` that lies `count` units from `day`, backwards where negative.
///
/// Two weeks before a day is the calendar week that holds the day 14 days before, because who counts in
/// weeks does not say the day; in the same way with months and years. A weekend counts as passed when its
/// Sunday is.
pub(super) fn step(day: Date, count: i64, unit: Unit) -> Option<(Days, Granularity)> {
    let shifted = |days: i64| plus_days(day, count.checked_mul(days)?);
    let found = match unit {
        Unit::Second | Unit::Minute | Unit::Hour => return None,
        Unit::Day => (Days::one(shifted(1)?), Granularity::Day),
        Unit::Week => (week_of(shifted(7)?)?, Granularity::Week),
        Unit::Weekend => (weekends_from(day, count)?, Granularity::Weekend),
        Unit::Month => {
            let number = i64::from(day.month()).checked_add(count)?;
            (month(i64::from(day.year()), number)?, Granularity::Month)
        }
        Unit::Year => (year(i64::from(day.year()).checked_add(count)?)?, Granularity::Year),
        Unit::Decade => {
            let years = count.checked_mul(10)?;
            (year(i64::from(day.year()).checked_add(years)?)?, Granularity::Year)
        }
    };
    Some(found)
}

/// What lies from `least` to `most` units from `day`, backwards where `way` is -1: of one count its own period, of several a range.
pub(super) fn steps(
    day: Date,
    (least, most): (i64, i64),
    unit: Unit,
    way: i64,
) -> Option<(Days, Granularity)> {
    let (near, granularity) = step(day, least.checked_mul(way)?, unit)?;
    if most <= least {
        return Some((near, granularity));
    }
    let (far, _) = step(day, most.checked_mul(way)?, unit)?;
    let days = Days { first: near.first.min(far.first), last: near.last.max(far.last) };
    Some((days, Granularity::Range))
}

/// What lies so many units before `day`. "A year ago" is twelve months ago, for of the year before one says "last
/// year".
pub(super) fn ago(day: Date, counts: (i64, i64), unit: Unit) -> Option<(Days, Granularity)> {
    match (unit, counts) {
        (Unit::Year, (1, 1)) => steps(day, (12, 12), Unit::Month, -1),
        _ => steps(day, counts, unit, -1),
    }
}

fn weekends_from(day: Date, count: i64) -> Option<Days> {
    let own = weekend_of(day)?;
    let weeks = match count {
        0 => 0,
        // On a Saturday or Sunday the weekend has begun: the next one is that of the next week.
        1.. if day < own.first => count - 1,
        _ => count,
    };
    weekend_of(plus_days(own.first, weeks.checked_mul(7)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn weeks_begin_on_monday_and_weekends_pass_on_sunday() {
        assert_eq!(week_of(day("2023-05-07")).unwrap().first, day("2023-05-01"));
        assert_eq!(week_of(day("2023-05-08")).unwrap().first, day("2023-05-08"));
        let weekend = |from, count| weekends_from(day(from), count).unwrap().first;
        assert_eq!(weekend("2023-07-17", -1), day("2023-07-15"), "from a Monday");
        assert_eq!(weekend("2023-07-16", -1), day("2023-07-08"), "from a Sunday");
        assert_eq!(weekend("2023-07-14", 1), day("2023-07-15"), "from a Friday");
        assert_eq!(weekend("2023-07-15", 1), day("2023-07-22"), "from a Saturday");
    }

    #[test]
    fn steps_out_of_the_calendar_give_nothing() {
        let (first, last) = (day("0001-01-01"), day("9999-12-31"));
        for unit in [Unit::Day, Unit::Week, Unit::Weekend, Unit::Month, Unit::Year, Unit::Decade] {
            for count in [i64::MIN, -1, i64::MIN / 7] {
                assert_eq!(step(first, count, unit), None, "{unit:?} {count}");
            }
            for count in [i64::MAX, 1, i64::MAX / 7] {
                assert_eq!(step(last, count, unit), None, "{unit:?} {count}");
            }
        }
    }

    #[test]
    fn a_month_beyond_december_is_one_of_the_next_year() {
        assert_eq!(month(2023, 14).unwrap().last, day("2024-02-29"));
        assert_eq!(month(2023, 0).unwrap().first, day("2022-12-01"));
        assert_eq!(season(2023, Season::Winter).unwrap().last, day("2024-02-29"));
    }
}
