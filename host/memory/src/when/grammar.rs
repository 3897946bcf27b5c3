//! Reading a text: which expressions stand where.

use std::ops::Range;

use voyager_base::clock::Timestamp;

use super::{
    Basis, Bound, Granularity, Interval, Mention, Time, Unit,
    calendar::{self, Days},
    period::{DEPTH, Period, Reader},
    tokens::{holds, tokens},
    words,
};

const MINUTE_MICROS: i64 = 60_000_000;
const HOUR_MICROS: i64 = 60 * MINUTE_MICROS;

/// So many dates of a list are looked at for their year: without a bound a text that is one list would take time in
/// proportion to the square of its length.
const LISTED_MAX: usize = 12;

/// A date of a list is no longer than a season.
const SEASON_DAYS_MAX: i64 = 92;

const HALF_YEAR_DAYS: i64 = 184;

/// The time expressions of `text`, in their order, as told at `told`.
///
/// It takes time in proportion to the length of the text, whatever the text is.
pub fn mentions(text: &str, told: Timestamp) -> Vec<Mention> {
    read(text, told, false).mentions
}

/// Where `text` names days that no calendar has: "31 February 2023", "2023-13-45".
///
/// [`mentions`] passes them over, so that "31 February 2023" is not taken for a February. A day without a year is impossible
/// only where no year has it.
pub fn impossible(text: &str, told: Timestamp) -> Vec<Range<usize>> {
    read(text, told, false).never
}

/// What a text says of times.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Times {
    pub(super) mentions: Vec<Mention>,
    /// The days that no calendar has.
    pub(super) never: Vec<Range<usize>>,
}

/// The time expressions of `text`. Its rules are asked at `all` places in tests, otherwise only where an
/// expression may begin: most words of a text begin none.
pub(super) fn read(text: &str, told: Timestamp, all: bool) -> Times {
    let mut read = Times::default();
    // Most texts of a memory name no time: nothing begins an expression but a word that leads to none alone.
    if !all && !holds(text, |it| words::opens(it) && !words::leads(it)) {
        return read;
    }
    let reader = Reader { tokens: tokens(text), told: calendar::day_of(told) };
    let now = i64::try_from(told.as_micros()).unwrap_or(i64::MAX);
    let mut at = 0;
    while at < reader.tokens.len() {
        if reader.ends_word(at) || !(all || reader.opens(at)) {
            at += 1;
            continue;
        }
        if let Some(end) = reader.never(at) {
            read.never.push(reader.tokens[at].start..reader.tokens[end - 1].end);
            at = end;
            continue;
        }
        let Some(expression) = reader.expression(at, now) else {
            at += 1;
            continue;
        };
        let (bound, first) = reader.bound(at);
        let start = reader.tokens[first].start;
        let end = reader.tokens[expression.end - 1].end;
        read.mentions.push(Mention {
            span: start..end,
            time: expression.time,
            basis: expression.basis,
            bound,
        });
        at = expression.end;
    }
    read
}

/// A period with its tokens.
type Placed = (Range<usize>, Period);

/// A time expression and the place after its last token.
struct Expression {
    time: Time,
    basis: Basis,
    end: usize,
}

impl Reader<'_> {
    /// Whether the token `at` is a number that belongs to the word before it: "w12", "sha256".
    fn ends_word(&self, at: usize) -> bool {
        let number = self.tokens[at].raw.starts_with(|it: char| it.is_ascii_digit());
        let word = |at: usize| self.tokens[at].raw.ends_with(|it: char| it.is_ascii_alphabetic());
        number && self.glued(at) && at > 0 && word(at - 1)
    }

    /// Whether an expression may begin with the token `at`.
    fn opens(&self, at: usize) -> bool {
        let known = |at: usize| {
            self.tokens.get(at).is_some_and(|it| {
                it.raw.starts_with(|it: char| it.is_ascii_digit()) || words::opens(&it.low)
            })
        };
        // "The", "in" and their like are many, and begin an expression with another of these words only.
        known(at) && (!words::leads(self.low(at)) || known(at + 1))
    }

    /// The expression that begins with the token `at`.
    fn expression(&self, at: usize, now: i64) -> Option<Expression> {
        if let Some(end) = self.recurring(at) {
            return Some(Expression { time: Time::Recurring, basis: Basis::Told, end });
        }
        self.range(at)
            .or_else(|| self.instant(at))
            .or_else(|| self.near(at, now))
            .or_else(|| self.dated(at))
            .or_else(|| self.lasting(at))
    }

    /// How the words before an expression tie it, and where those begin.
    fn bound(&self, at: usize) -> (Bound, usize) {
        let before = |bound| (bound, at - 1);
        match self.tokens.get(at.wrapping_sub(1)).map_or("", |it| it.low.as_ref()) {
            "since" => before(Bound::Since),
            "until" | "till" | "by" => before(Bound::Until),
            "before" => before(Bound::Before),
            // "She looks after today's guests": the word belongs to its verb.
            "after" if !self.before(at - 1).starts_with("look") => before(Bound::After),
            _ => (Bound::Within, at),
        }
    }

    /// Days, with a time of day where one follows: "yesterday at 3 pm", "2024-05-17T10:00Z".
    fn dated(&self, at: usize) -> Option<Expression> {
        let (mut period, mut end) = self.period(at, DEPTH)?;
        if period.granularity == Granularity::Day {
            let joined = self.is(end, &["t", ":"]) && self.glued(end) && self.glued(end + 1);
            let clock_at = self.skip(end, &[",", ";"]);
            let clock_at = self.skip(clock_at, &["at", "around", "about", "from", "between"]);
            let clock = if joined { self.digits(end + 1) } else { self.clock(clock_at) };
            if let Some((minutes, mut after)) = clock.or_else(|| self.evening_hour(end)) {
                // As commands print it: "Wed May 17 10:00:00 2023", "10:00:00 CEST 2023".
                let zone = self.tokens.get(after).is_some_and(|it| {
                    (3..=4).contains(&it.raw.len())
                        && it.raw.bytes().all(|it| it.is_ascii_uppercase())
                });
                let year_at = if zone { after + 1 } else { after };
                if let Some((year, Basis::Absolute, all)) = self.year_after(year_at)
                    && period.basis == Basis::Told
                    && !self.is(year_at, &[",", "of"])
                    && let Some(days) = of_year(period.days, year)
                {
                    (period, after) = (Period { days, basis: Basis::Absolute, ..period }, all);
                }
                if let Some((to, after)) = self.clock_to(minutes, after).filter(|_| !joined) {
                    return Some(minutes_of(period, minutes, to, after));
                }
                let (ahead, after) =
                    self.offset(after, joined || !self.glued(after)).unwrap_or((0, after));
                return Some(on_the_minute(period, minutes - ahead, after));
            }
            if let Some((from, to, after)) = self.hours(clock_at) {
                return Some(minutes_of(period, from, to, after));
            }
        }
        if let Some((last, after)) = self.year_range(at, end, period) {
            return Some(whole(Period { granularity: Granularity::Range, ..last }, after));
        }
        if let Some(range) = self.dates_to(at, end, period) {
            (period, end) = range;
        } else if let Some(date) = self.in_listed_year(at, end, period) {
            period = date;
        }
        Some(whole(period, end))
    }

    /// "May 5 - May 9", "May 30 to June 2, 2023", "2010 to 2012", after the first of the two.
    fn dates_to(&self, at: usize, end: usize, first: Period) -> Option<(Period, usize)> {
        let dates = [Granularity::Day, Granularity::Month, Granularity::Year];
        let named = |it: usize| {
            let weekday = words::weekday(self.low(it)).is_some();
            let it = if weekday { self.skip(it + 1, &[","]) } else { it };
            let short = self.is(it, &["'", "’"]);
            short || self.number(it).is_some() || self.month_name(it).is_some()
        };
        let start = self.skip(at, &["the"]);
        let marks = ["-", "–", "—", "to", "through", "thru", "until", "till"];
        // "Monday to Wednesday last week", where without a week it is mostly every one.
        if words::weekday(self.low(at)).is_some() && end == at + 1 && self.is(end, &marks) {
            let (last, after) = self.period(end + 1, DEPTH)?;
            let named = words::weekday(self.low(end + 1)).is_some() && after > end + 3;
            let days = || self.weekdays(&(at..end, first), &(end + 1..after, last));
            return Some((named.then(days).flatten()?, after));
        }
        if !dates.contains(&first.granularity) || !named(start) || !self.is(end, &marks) {
            return None;
        }
        let next = self.skip(end + 1, &["the"]);
        let (last, after) = named(next).then(|| self.period(end + 1, DEPTH))??;
        if last.granularity != first.granularity {
            return None;
        }
        Some((self.dates_between(&(at..end, first), &(next..after, last))?, after))
    }

    /// From one date to another, where a year that one of them says is that of both.
    fn dates_between(&self, first: &Placed, last: &Placed) -> Option<Period> {
        let (mut from, mut to) = (first.1.days, last.1.days);
        let mut basis = last.1.basis;
        let approximate = first.1.approximate || last.1.approximate;
        let range =
            |days, basis| Period { approximate, ..Period::based(days, Granularity::Range, basis) };
        let open = |it: &Placed| self.is_calendar(&it.0);
        // "From 3 May 2019 until June" may reach until now.
        let until = self.is(first.0.end, &["until", "till"]);
        let year = i64::from(from.first.year());
        match (first.1.basis, last.1.basis) {
            (Basis::Told, Basis::Absolute)
                if open(first) || self.any_feast(first.0.start).is_some() =>
            {
                from = shared_year(from, to)?;
            }
            (Basis::Told, Basis::Absolute) => basis = Basis::Told,
            (Basis::Absolute, Basis::Told)
                if first.1.granularity != Granularity::Year && open(last) && !until =>
            {
                let same = of_year(to, year).filter(|it| from.first <= it.last);
                to = same.or_else(|| of_year(to, year + 1))?;
                basis = Basis::Absolute;
            }
            // "Between 20 December and 5 January", each of which is the nearest.
            (Basis::Told, Basis::Told) if to.last < from.first && open(first) && open(last) => {
                let back = || Days::between(of_year(from, year - 1)?.first, to.last);
                let ahead = || Days::between(from.first, of_year(to, year + 1)?.last);
                let both = [back(), ahead()].into_iter().flatten();
                let near = both.filter(|it| it.length() <= HALF_YEAR_DAYS).collect();
                return Some(range(self.nearest(first.0.start, near)?, basis));
            }
            _ => {}
        }
        Some(range(Days::between(from.first, to.last)?, basis))
    }

    /// The year that a date leaves to one behind it in a list, as days of that one: "3 May and 5 May 2023", "May, June
    /// and July 2023", after the first.
    pub(super) fn listed(&self, end: usize) -> Option<(Days, Basis)> {
        let mut at = end;
        for _ in 0..LISTED_MAX {
            let comma = self.skip(at, &[","]);
            let joint = self.skip(comma, &["and", "or", "&"]);
            // "We met in May, and June 2023 was cold" goes on with something else.
            if joint == at || (at == end && joint > at + 1) {
                return None;
            }
            // "On 3 May and on 5 May 2023"; behind a comma that may begin something else.
            let placed = if comma == at { self.skip(joint, &["on", "in"]) } else { joint };
            let part = ["early", "mid", "late", "-", "the"];
            let next = (0..3).fold(placed, |it, _| self.skip(it, &part));
            at = match self.absolute(next) {
                // "May last year".
                Some((date, end))
                    if date.basis == Basis::Absolute || self.is(end - 1, &["year"]) =>
                {
                    let short = date.days.length() <= SEASON_DAYS_MAX;
                    return short.then_some((date.days, date.basis));
                }
                Some((_, end)) if self.is_calendar(&(next..end)) => end,
                Some(_) => return None,
                None if self.month_name(next).is_some() => next + 1,
                None if words::season(self.low(next)).is_some() => next + 1,
                None => return None,
            };
        }
        None
    }

    /// A date without its year, where one behind it in a list says it.
    fn in_listed_year(&self, at: usize, end: usize, date: Period) -> Option<Period> {
        let open = date.basis == Basis::Told && self.is_calendar(&(at..end));
        let (last, basis) = open.then(|| self.listed(end)).flatten()?;
        let year = i64::from(last.first.year());
        let same = of_year(date.days, year)?;
        // "In December and January 2023" passes a new year, "on 5 May or 3 May 2023" only tells the later day first.
        let before = of_year(date.days, year - 1).filter(|it| {
            let gap = Days::between(it.last, last.first);
            last.first < same.first && gap.is_some_and(|it| it.length() <= HALF_YEAR_DAYS)
        });
        Some(Period { days: before.unwrap_or(same), basis, ..date })
    }

    /// Whether tokens name a part of a year by the calendar alone, as days, months and seasons do: such a one lies in every year at
    /// the same place. "Last May" and "Easter" do not.
    fn is_calendar(&self, tokens: &Range<usize>) -> bool {
        const BESIDE: &[&str] = &[
            "the", "of", "st", "nd", "rd", "th", ",", ".", "-", "–", "/", "to", "and", "early",
            "mid", "late",
        ];
        let named = |it: usize| {
            words::month(self.low(it)).is_some() || words::season(self.low(it)).is_some()
        };
        let known = |it: usize| {
            let low = self.low(it);
            BESIDE.contains(&low)
                || self.number(it).is_some()
                || (words::weekday(low).is_some() && it == tokens.start)
                || words::nth(low).is_some()
        };
        tokens.clone().any(named) && tokens.clone().all(|it| named(it) || known(it))
    }

    /// "2019-2021", "2022/23", after its first year.
    fn year_range(&self, at: usize, end: usize, period: Period) -> Option<(Period, usize)> {
        let mark = usize::from(self.is(at, &["'", "’"]));
        let years = period.granularity == Granularity::Year && end == at + 1 + mark;
        if !years || !self.is(end, &["-", "–", "/"]) {
            return None;
        }
        let short = self.glued(end) && self.glued(end + 1) && !self.glued(end + 2);
        let next = (i64::from(period.days.first.year()) + 1) % 100;
        if short && self.tokens[end + 1].raw.len() == 2 && self.number(end + 1) == Some(next) {
            let last = calendar::year(i64::from(period.days.first.year()) + 1)?.last;
            let days = Days { first: period.days.first, last };
            return Some((Period { days, ..period }, end + 2));
        }
        let (last, after) = self.period(end + 1, DEPTH).filter(|_| !self.is(end, &["/"]))?;
        let days = Days::between(period.days.first, last.days.last)?;
        (last.granularity == Granularity::Year).then_some((Period { days, ..last }, after))
    }

    /// "between 11 and 15 August", "from June to August 2022".
    fn range(&self, at: usize) -> Option<Expression> {
        let marks: &[&str] = match self.low(at) {
            "between" => &["and", "-", "–"],
            "from" => &["to", "until", "till", "through", "-", "–"],
            _ => return None,
        };
        let (first, middle) = self.period(at + 1, DEPTH)?;
        // "between 11 and 15 August" is one period of its own.
        if !self.is(middle, marks) {
            let whole_range = first.granularity == Granularity::Range;
            return whole_range.then(|| whole(first, middle));
        }
        let (last, end) = self.period(middle + 1, DEPTH)?;
        let (first, last) = ((at + 1..middle, first), (middle + 1..end, last));
        let range = match self.weekdays(&first, &last) {
            Some(range) => range,
            None => self.dates_between(&first, &last)?,
        };
        Some(whole(range, end))
    }

    /// From one weekday to another, where one of them is only named: up to one of a named week it is of that week ("between Monday
    /// and Friday last week"), up to a date it is the one before, and behind a day the one after.
    fn weekdays(&self, first: &Placed, last: &Placed) -> Option<Period> {
        let weekday = |it: &Placed| words::weekday(self.low(it.0.start)).map(|it| it.0);
        let bare = |it: &Placed| {
            let daytime = it.0.len() == 2 && words::is_daytime(self.low(it.0.end - 1));
            weekday(it).filter(|_| it.0.len() == 1 || daytime)
        };
        let days = [first, last].iter().all(|it| it.1.granularity == Granularity::Day);
        let (mut from, mut to) = (first.1.days.first, last.1.days.last);
        match (bare(first), bare(last)) {
            _ if !days => return None,
            (Some(named), None) if last.1.basis == Basis::Absolute => {
                from = calendar::weekday_before(to, named)?;
            }
            (Some(named), None) if weekday(last).is_some() => {
                let week = calendar::week_of(to)?;
                from = calendar::weekday_before(to, named).filter(|it| week.contains(*it))?;
            }
            (None, Some(named)) if first.1.basis == Basis::Absolute => {
                to = calendar::weekday_after(from, named)?;
            }
            (_, Some(_)) if to < from => to = calendar::plus_days(to, 7)?,
            _ => return None,
        }
        let absolute = [first, last].iter().any(|it| it.1.basis == Basis::Absolute);
        let basis = if absolute { Basis::Absolute } else { Basis::Told };
        Some(Period::based(Days::between(from, to)?, Granularity::Range, basis))
    }

    /// "3 pm", "at 15:30", "3:30 pm on 8 May", "9:30 to 11:00 on Thursday", "8 tonight".
    fn instant(&self, at: usize) -> Option<Expression> {
        let start = self.skip(at, &["at", "around"]);
        if let Some((from, to, end)) = self.hours(start) {
            let (day, end) = self.day_of_clock(end);
            return Some(minutes_of(day, from, to, end));
        }
        let Some((minutes, end)) = self.clock(start) else {
            return self.hour_tonight(start);
        };
        if let Some((to, end)) = self.clock_to(minutes, end) {
            let (day, end) = self.day_of_clock(end);
            return Some(minutes_of(day, minutes, to, end));
        }
        let (day, end) = self.day_of_clock(end);
        Some(on_the_minute(day, minutes, end))
    }

    /// The day that a time of day names after it, or the day of telling.
    fn day_of_clock(&self, end: usize) -> (Period, usize) {
        let day_at = self.skip(self.skip(end, &[","]), &["on", "of"]);
        match self.period(day_at, DEPTH) {
            Some((period, end)) if period.granularity == Granularity::Day => (period, end),
            _ => {
                let today = Days::one(self.told);
                let granularity = Granularity::Day;
                let period =
                    Period { days: today, granularity, basis: Basis::Told, approximate: false };
                (period, end)
            }
        }
    }

    /// "8 tonight", "eight this evening".
    fn hour_tonight(&self, at: usize) -> Option<Expression> {
        let hour = self.number(at).or_else(|| words::number(self.low(at)));
        let hour = hour.filter(|it| (5..=11).contains(it) && !self.glued(at))?;
        let evening = self.is(at + 1, &["tonight"])
            || (self.is(at + 1, &["this"]) && self.is(at + 2, &["evening"]));
        let (period, end) = evening.then(|| self.period(at + 1, DEPTH))??;
        Some(on_the_minute(period, (12 + hour) * 60, end))
    }

    /// "two hours ago", "in 20 minutes", "the last 24 hours".
    fn near(&self, at: usize, now: i64) -> Option<Expression> {
        if self.is(at, &["last", "past", "next"]) {
            return self.hours_around(at, now);
        }
        let future = self.is(at, &["in"]);
        let (amount, unit, end) = self.measure(if future { at + 1 } else { at })?;
        let length = match unit {
            Unit::Second => MINUTE_MICROS / 60,
            Unit::Minute => MINUTE_MICROS,
            Unit::Hour => HOUR_MICROS,
            _ => return None,
        };
        let ago = self.is(end, &["ago"]);
        if ago == future {
            return None;
        }
        let (sign, end) = if ago { (-1, end + 1) } else { (1, end) };
        let from = now.checked_add(amount.least.checked_mul(length)?.checked_mul(sign)?)?;
        let interval = Interval { from, to: from.checked_add(length)? };
        let time = Time::At { interval, granularity: Granularity::Instant, approximate: true };
        Some(Expression { time, basis: Basis::Told, end })
    }

    /// "the last 24 hours", "in the last hour", "the next 30 minutes".
    fn hours_around(&self, at: usize, now: i64) -> Option<Expression> {
        let counted = self.measure(at + 1).filter(|it| !it.0.article);
        let hour = self.is(at + 1, &["hour"]) && self.before(at) == "the";
        let (most, unit, end) = match counted {
            Some((amount, unit, end)) => (amount.most, unit, end),
            None if hour => (1, Unit::Hour, at + 2),
            None => return None,
        };
        let length = match unit {
            Unit::Minute => MINUTE_MICROS,
            Unit::Hour => HOUR_MICROS,
            _ => return None,
        };
        // "The last two minutes of the game".
        if self.is(end, &["of", "in"]) {
            return None;
        }
        let length = most.checked_mul(length).filter(|it| *it > 0)?;
        let interval = if self.is(at, &["next"]) {
            Interval { from: now, to: now.checked_add(length)? }
        } else {
            Interval { from: now.checked_sub(length)?, to: now }
        };
        calendar::day_at(interval.from)?;
        calendar::day_at(interval.to)?;
        let time = Time::At { interval, granularity: Granularity::Range, approximate: true };
        Some(Expression { time, basis: Basis::Told, end })
    }

    /// "for two years", "20 minutes", "a two-week trip".
    fn lasting(&self, at: usize) -> Option<Expression> {
        let (amount, unit, end) = self.measure(at)?;
        let measured = [
            "for", "took", "take", "takes", "lasted", "lasts", "last", "about", "after", "within",
            "over", "than", "nearly", "almost", "under", "in", "spent", "spend",
        ];
        let before = self.tokens.get(at.wrapping_sub(1)).map_or("", |it| it.low.as_ref());
        // "A day at the beach" and "one day I'll go" say no length; "18 years old" does not say how long something took.
        let some_day = unit == Unit::Day && self.is(at, &["one"]);
        let article = (amount.article || some_day) && !measured.contains(&before);
        let age = self.is(end, &["old"]) || (self.is(end, &["-"]) && self.is(end + 1, &["old"]));
        if article || age {
            return None;
        }
        let time = Time::Lasting { least: amount.least, most: amount.most, unit };
        Some(Expression { time, basis: Basis::Told, end })
    }

    /// "every Friday", "weekly", "twice a month", "on Sundays": the place after it.
    fn recurring(&self, at: usize) -> Option<usize> {
        let period = |it: usize| {
            let low = self.low(it);
            words::unit(low).is_some()
                || words::weekday(low).is_some()
                || words::is_daytime(low)
                || words::season(low).is_some()
                || self.month_name(it).is_some()
        };
        if self.is(at, &["every", "each"]) {
            let after =
                self.skip(at + 1, &["single", "other", "few", "first", "second", "third", "last"]);
            if let Some(end) = self.any_feast(after) {
                return Some(end);
            }
            if let Some((_, _, end)) = self.measure(after) {
                return Some(end);
            }
            return period(after).then_some(after + 1);
        }
        if self.is(
            at,
            &[
                "daily",
                "weekly",
                "monthly",
                "yearly",
                "annually",
                "nightly",
                "fortnightly",
                "quarterly",
                "biweekly",
                "bimonthly",
            ],
        ) {
            return Some(at + 1);
        }
        if self.is(at, &["once", "twice", "times"])
            && self.is(at + 1, &["a", "per", "every", "each"])
        {
            return words::unit(self.low(at + 2)).map(|_| at + 3);
        }
        if self.is(at, &["on"]) && self.is(at + 1, &["weekends", "weekdays"]) {
            return Some(at + 2);
        }
        let named = self.skip(at, &["the"]);
        if words::ordinal(self.low(named)).is_some()
            && (words::weekday(self.low(named + 1)).is_some()
                || words::unit(self.low(named + 1)).is_some())
            && self.is(named + 2, &["of", "in"])
            && self.is(named + 3, &["every", "each"])
        {
            return words::unit(self.low(named + 4)).map(|_| named + 5);
        }
        let plural = self.low(at).strip_suffix('s').and_then(words::weekday).is_some_and(|it| it.1);
        plural.then_some(at + 1)
    }
}

fn whole(period: Period, end: usize) -> Expression {
    let Period { days, granularity, basis, approximate } = period;
    Expression {
        time: Time::At { interval: days.interval(), granularity, approximate },
        basis,
        end,
    }
}

fn on_the_minute(day: Period, minutes: i64, end: usize) -> Expression {
    minutes_of(day, minutes, minutes + 1, end)
}

/// From one minute of a day to another.
fn minutes_of(day: Period, from: i64, to: i64, end: usize) -> Expression {
    let start = calendar::start_micros(day.days.first);
    let interval = Interval { from: start + from * MINUTE_MICROS, to: start + to * MINUTE_MICROS };
    let time =
        Time::At { interval, granularity: Granularity::Instant, approximate: day.approximate };
    Expression { time, basis: day.basis, end }
}

/// `days` in another year, where it has them. Whole months stay whole.
fn of_year(days: Days, year: i64) -> Option<Days> {
    let Days { first, last } = days;
    let months = first.day() == 1 && last == last.last_of_month();
    let ahead = i64::from(last.year()) - i64::from(first.year());
    let (year_of_last, month) = (year.checked_add(ahead)?, i64::from(last.month()));
    let last = if months {
        calendar::month(year_of_last, month)?.last
    } else {
        calendar::date(year_of_last, month, i64::from(last.day()))?
    };
    Days::between(calendar::date(year, i64::from(first.month()), i64::from(first.day()))?, last)
}

/// `days` moved into the year of `last`, or into the one before where they would lie after it.
fn shared_year(days: Days, last: Days) -> Option<Days> {
    let year = i64::from(last.first.year());
    of_year(days, year).filter(|it| it.first <= last.last).or_else(|| of_year(days, year - 1))
}
