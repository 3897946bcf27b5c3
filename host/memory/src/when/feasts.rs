//! Days that have a name: feasts of a fixed date, of a weekday in a month, and those that follow Easter.
//!
//! Of names that mean different days in different countries the one of the United States is taken, where most
//! texts come from; where even those leave it open ("Labour Day"), the name is no time. Feasts of a calendar by
//! the moon are not known.

use jiff::civil::Date;

use super::{
    Basis, Granularity,
    calendar::{self, Days, Unit, date, plus_days, step, weekday_before},
    period::{Found, Period, Reader, nth_weekday},
    words,
};

/// How a feast finds its day in a year.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Month and day.
    On(i64, i64),
    /// Month, which one (-1 is the last), the weekday from Monday, and days after it.
    Nth(i64, i64, i64, i64),
    /// Days after Easter Sunday.
    Easter(i64),
}

/// What a name needs around it to be one: "Easter" alone may be an egg's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// A capital letter, or a preposition.
    Capital,
    /// A preposition, or a year.
    Place,
}

/// Words of a name without the endings of possessives, which people leave out.
type Name = (&'static [&'static str], Rule, Needs);

/// Longer names before those that they begin with.
const FEASTS: &[Name] = {
    use Needs::{Capital, Nothing, Place};
    use Rule::{Easter, Nth, On};
    &[
        (&["new", "year", "eve"], On(12, 31), Nothing),
        (&["new", "year", "day"], On(1, 1), Nothing),
        (&["new", "year"], On(1, 1), Place),
        (&["christmas", "eve"], On(12, 24), Nothing),
        (&["xmas", "eve"], On(12, 24), Nothing),
        (&["christmas", "day"], On(12, 25), Nothing),
        (&["xmas", "day"], On(12, 25), Nothing),
        (&["christmas"], On(12, 25), Place),
        (&["xmas"], On(12, 25), Place),
        (&["boxing", "day"], On(12, 26), Nothing),
        (&["halloween"], On(10, 31), Place),
        (&["valentine", "day"], On(2, 14), Nothing),
        (&["leap", "day"], On(2, 29), Nothing),
        (&["groundhog", "day"], On(2, 2), Capital),
        (&["pi", "day"], On(3, 14), Capital),
        (&["st", "patrick", "day"], On(3, 17), Nothing),
        (&["saint", "patrick", "day"], On(3, 17), Nothing),
        (&["international", "women", "day"], On(3, 8), Nothing),
        (&["april", "fool", "day"], On(4, 1), Nothing),
        (&["earth", "day"], On(4, 22), Capital),
        (&["may", "day"], On(5, 1), Capital),
        (&["cinco", "de", "mayo"], On(5, 5), Nothing),
        (&["juneteenth"], On(6, 19), Place),
        (&["canada", "day"], On(7, 1), Nothing),
        (&["independence", "day"], On(7, 4), Capital),
        (&["bastille", "day"], On(7, 14), Nothing),
        (&["all", "saint", "day"], On(11, 1), Nothing),
        (&["all", "soul", "day"], On(11, 2), Nothing),
        (&["guy", "fawkes", "night"], On(11, 5), Nothing),
        (&["guy", "fawkes", "day"], On(11, 5), Nothing),
        (&["bonfire", "night"], On(11, 5), Capital),
        (&["veteran", "day"], On(11, 11), Nothing),
        (&["remembrance", "day"], On(11, 11), Nothing),
        (&["australia", "day"], On(1, 26), Nothing),
        (&["anzac", "day"], On(4, 25), Nothing),
        (&["mlk", "day"], Nth(1, 3, 0, 0), Nothing),
        (&["martin", "luther", "king", "day"], Nth(1, 3, 0, 0), Nothing),
        (&["martin", "luther", "king", "jr", "day"], Nth(1, 3, 0, 0), Nothing),
        (&["president", "day"], Nth(2, 3, 0, 0), Nothing),
        (&["mother", "day"], Nth(5, 2, 6, 0), Nothing),
        (&["memorial", "day"], Nth(5, -1, 0, 0), Capital),
        (&["father", "day"], Nth(6, 3, 6, 0), Nothing),
        (&["labor", "day"], Nth(9, 1, 0, 0), Nothing),
        (&["columbus", "day"], Nth(10, 2, 0, 0), Nothing),
        (&["thanksgiving", "day"], Nth(11, 4, 3, 0), Nothing),
        (&["thanksgiving"], Nth(11, 4, 3, 0), Place),
        (&["black", "friday"], Nth(11, 4, 3, 1), Capital),
        (&["cyber", "monday"], Nth(11, 4, 3, 4), Capital),
        (&["mardi", "gras"], Easter(-47), Place),
        (&["shrove", "tuesday"], Easter(-47), Nothing),
        (&["ash", "wednesday"], Easter(-46), Capital),
        (&["palm", "sunday"], Easter(-7), Capital),
        (&["maundy", "thursday"], Easter(-3), Nothing),
        (&["good", "friday"], Easter(-2), Capital),
        (&["easter", "sunday"], Easter(0), Nothing),
        (&["easter", "day"], Easter(0), Nothing),
        (&["easter", "monday"], Easter(1), Nothing),
        (&["easter"], Easter(0), Place),
        (&["ascension", "day"], Easter(39), Nothing),
        (&["whit", "monday"], Easter(50), Nothing),
        (&["pentecost"], Easter(49), Place),
    ]
};

/// What ties a feast's name to a sentence.
const PLACED: &[&str] = &[
    "on", "at", "last", "this", "next", "since", "until", "till", "before", "after", "by", "for",
    "over", "around", "during", "every",
];

/// After the name of a feast these make another thing of it.
const THINGS: &[&str] = &[
    "bunny",
    "candy",
    "card",
    "cards",
    "carol",
    "carols",
    "costume",
    "costumes",
    "dinner",
    "egg",
    "eggs",
    "gift",
    "gifts",
    "island",
    "lights",
    "lunch",
    "market",
    "markets",
    "mood",
    "parade",
    "party",
    "present",
    "presents",
    "resolution",
    "resolutions",
    "sale",
    "sales",
    "shopping",
    "song",
    "songs",
    "spirit",
    "story",
    "tree",
    "trees",
];

/// New years and feasts of other calendars.
const OTHER_CALENDARS: &[&str] = &[
    "chinese",
    "lunar",
    "jewish",
    "tamil",
    "islamic",
    "vietnamese",
    "thai",
    "persian",
    "orthodox",
    "greek",
    "coptic",
    "bengali",
    "nepali",
    "muslim",
    "tibetan",
    "hindu",
    "korean",
];

impl Rule {
    fn day(self, year: i64) -> Option<Date> {
        match self {
            Self::On(month, day) => date(year, month, day),
            Self::Nth(month, nth, weekday, after) => {
                plus_days(nth_weekday(calendar::month(year, month)?, nth, weekday)?, after)
            }
            Self::Easter(after) => plus_days(easter(year)?, after),
        }
    }

    /// Its days in the years around that one, in the order of time.
    fn near(self, year: i64) -> Vec<Days> {
        // A leap day may be eight years off.
        (year - 8..=year + 8).filter_map(|it| self.day(it).map(Days::one)).collect()
    }
}

/// Easter Sunday by the Gregorian computus (Meeus, Jones and Butcher).
fn easter(year: i64) -> Option<Date> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let shift = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * golden + century - century / 4 - shift + 15) % 30;
    let sunday = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let late = (golden + 11 * moon + 22 * sunday) / 451;
    let day = moon + sunday - 7 * late + 114;
    date(year, day / 31, day % 31 + 1)
}

impl Reader<'_> {
    /// The feast that is named from `at` on, and the place after it.
    fn feast_name(&self, at: usize) -> Option<(&'static Name, usize)> {
        if !FEASTS.iter().any(|it| it.0[0] == singular(self.low(at))) {
            return None;
        }
        FEASTS.iter().find_map(|feast| {
            let end = feast.0.iter().try_fold(at, |place, word| self.name_word(place, word))?;
            Some((feast, end))
        })
    }

    /// The place after a word of a name: "year", "years", "year's", "st.".
    fn name_word(&self, at: usize, word: &str) -> Option<usize> {
        let low = self.low(at);
        (low == word || singular(low) == word).then_some(())?;
        let dot = matches!(word, "st" | "jr") && self.is(at + 1, &["."]);
        let mark = self.is(at + 1, &["'", "’"]) && self.glued(at + 1);
        let of_it = mark && self.is(at + 2, &["s"]) && self.glued(at + 2);
        Some(at + 1 + usize::from(dot) + usize::from(mark) + usize::from(of_it))
    }

    /// "Christmas Eve", "Thanksgiving 2022", "last Easter", "Labor Day weekend".
    pub(super) fn feast(&self, at: usize) -> Found {
        let (&(name, rule, needs), mut end) = self.feast_name(at)?;
        let way = self.before(at);
        if OTHER_CALENDARS.contains(&way) {
            return None;
        }
        if let Some((year, basis, after)) = self.year_after(end) {
            let day = Days::one(rule.day(year)?);
            let (days, granularity, end) = self.weekend_by(day, after);
            return Some((Period::based(days, granularity, basis), end));
        }
        let past = way == "past" && self.is(at.wrapping_sub(2), &["this"]);
        let placed = (past || PLACED.contains(&way)) && !self.is(end, THINGS);
        let alone = at == 0 && end == self.tokens.len();
        let capital = self.is_capital(at) && !self.is(end, THINGS);
        let sure = match needs {
            Needs::Nothing => true,
            Needs::Capital => capital || placed,
            Needs::Place => placed || alone || (capital && self.is(end, &["weekend"])),
        };
        // "At New York" is none, and neither is "in the new year", which is all of it.
        if !sure || (name == ["new", "year"] && way == "for") {
            return None;
        }
        let near = rule.near(i64::from(self.told.year()));
        let days = match way {
            "last" | "past" => near.into_iter().rfind(|it| it.last < self.told)?,
            "next" => near.into_iter().find(|it| it.first > self.told)?,
            _ => self.nearest(at, near)?,
        };
        if words::is_daytime(self.low(end)) {
            end += 1;
        }
        let (days, granularity, end) = self.weekend_by(days, end);
        let approximate = ["around", "over"].contains(&way);
        Some((Period { approximate, ..Period::told(days, granularity) }, end))
    }

    /// A day, or the weekend by it where its name goes on so: "Labor Day weekend".
    pub(super) fn weekend_by(&self, day: Days, end: usize) -> (Days, Granularity, usize) {
        let one = day.first == day.last && self.is(end, &["weekend"]);
        match one.then(|| nearest_weekend(day.first)).flatten() {
            Some(weekend) => (weekend, Granularity::Weekend, end + 1),
            None => (day, Granularity::Day, end),
        }
    }

    /// Whether a feast's name is there, and the place after it: "every Christmas".
    pub(super) fn any_feast(&self, at: usize) -> Option<usize> {
        self.feast_name(at).map(|it| it.1)
    }

    /// "two Fridays ago", "a couple of summers ago", "three Christmases ago".
    pub(super) fn named_ago(&self, at: usize) -> Found {
        let (amount, name) = self.amount(at).filter(|it| !it.0.half)?;
        let low = self.low(name);
        let one = singular(low);
        if !self.is(name + 1, &["ago", "back"]) {
            return None;
        }
        let back = |count: i64| -> Option<(Days, Granularity)> {
            let count = usize::try_from(count - 1).ok().filter(|it| *it < 100)?;
            if let Some((weekday, true)) = words::weekday(one) {
                let day = weekday_before(self.told, weekday)?;
                let days = Days::one(plus_days(day, -7 * i64::try_from(count).ok()?)?);
                return Some((days, Granularity::Day));
            }
            // "Two evenings ago": of a single one nobody says so.
            if words::is_daytime(one) && count > 0 {
                let day = plus_days(self.told, -1 - i64::try_from(count).ok()?)?;
                return Some((Days::one(day), Granularity::Day));
            }
            let year = i64::from(self.told.year());
            let years = (year - 101..=year + 1).rev();
            if let Some(season) = words::season(one) {
                let ended = years
                    .filter_map(|it| calendar::season(it, season))
                    .filter(|it| it.last < self.told);
                return ended.into_iter().nth(count).map(|it| (it, Granularity::Season));
            }
            let (&(_, rule, _), _) = self.feast_name(name)?;
            let gone = years.filter_map(|it| rule.day(it)).filter(|it| *it < self.told);
            gone.into_iter().nth(count).map(|it| (Days::one(it), Granularity::Day))
        };
        let (near, granularity) = back(amount.least)?;
        let days = Days { first: back(amount.most)?.0.first, last: near.last };
        let open = amount.most > amount.least;
        let granularity = if open { Granularity::Range } else { granularity };
        let period = Period { approximate: amount.approximate, ..Period::told(days, granularity) };
        Some((period, name + 2))
    }

    /// "this time last year", "the same day last month": what lies just one of them away.
    pub(super) fn same_time(&self, at: usize) -> Found {
        let what = self.low(at + 1);
        let said = self.is(at, &["this", "same"])
            && matches!(what, "time" | "day" | "week" | "month" | "weekend");
        let way = match self.low(at + 2) {
            _ if !said => return None,
            "last" => -1,
            "next" => 1,
            _ => return None,
        };
        let (unit, 1) = words::unit(self.low(at + 3))? else { return None };
        let day = match unit {
            Unit::Week => plus_days(self.told, 7 * way)?,
            Unit::Month | Unit::Year => {
                let months = if unit == Unit::Year { 12 * way } else { way };
                super::period::same_day(step(self.told, months, Unit::Month)?.0, self.told)
            }
            _ => return None,
        };
        let (days, granularity) = match (what, unit) {
            ("time", Unit::Year) | ("month", _) => step(day, 0, Unit::Month)?,
            ("time", Unit::Month) | ("week", _) => step(day, 0, Unit::Week)?,
            ("weekend", _) => step(day, 0, Unit::Weekend)?,
            _ => step(day, 0, Unit::Day)?,
        };
        let approximate = what == "time";
        Some((
            Period { approximate, basis: Basis::Told, ..Period::told(days, granularity) },
            at + 4,
        ))
    }
}

/// A word without the ending of a plural.
fn singular(low: &str) -> &str {
    match low {
        "christmas" | "xmas" | "fawkes" | "columbus" | "gras" => low,
        "christmases" => "christmas",
        _ => low.strip_suffix('s').unwrap_or(low),
    }
}

/// The weekend that is nearest to a day.
fn nearest_weekend(day: Date) -> Option<Days> {
    let weekend = calendar::weekend_of(day)?;
    let monday_or_tuesday = day.weekday().to_monday_zero_offset() < 2;
    if monday_or_tuesday { calendar::weekend_of(plus_days(day, -7)?) } else { Some(weekend) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_almanacs_have_it() {
        let days = [
            (1818, 3, 22),
            (1943, 4, 25),
            (1961, 4, 2),
            (2000, 4, 23),
            (2023, 4, 9),
            (2024, 3, 31),
            (2025, 4, 20),
            (2038, 4, 25),
            (2100, 3, 28),
        ];
        for (year, month, day) in days {
            assert_eq!(easter(year), date(year, month, day), "{year}");
        }
        assert!((1..=9999).all(|it| easter(it).is_some()));
    }

    #[test]
    fn a_name_stands_before_those_that_it_begins_with() {
        for (at, (name, ..)) in FEASTS.iter().enumerate() {
            let hidden = FEASTS[..at].iter().find(|it| name.starts_with(it.0));
            assert!(hidden.is_none(), "{name:?} is never found after {hidden:?}");
            assert!(name.iter().all(|it| singular(it) == *it), "{name:?}");
        }
    }
}
