//! Reading a text: which expressions stand where.

use voyager_base::clock::Timestamp;

use super::{
    Basis, Bound, Granularity, Interval, Mention, Time, Unit,
    calendar::{self, Days},
    period::{DEPTH, Period, Reader},
    tokens::tokens,
    words,
};

const MINUTE_MICROS: i64 = 60_000_000;
const HOUR_MICROS: i64 = 60 * MINUTE_MICROS;

/// The time expressions of `text`, in their order, as told at `told`.
///
/// It takes time in proportion to the length of the text, whatever the text is.
pub fn mentions(text: &str, told: Timestamp) -> Vec<Mention> {
    let reader = Reader { tokens: tokens(text), told: calendar::day_of(told) };
    let now = i64::try_from(told.as_micros()).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    let mut at = 0;
    while at < reader.tokens.len() {
        let Some(expression) = reader.expression(at, now) else {
            at += 1;
            continue;
        };
        let (bound, first) = reader.bound(at);
        let start = reader.tokens[first].start;
        let end = reader.tokens[expression.end - 1].end;
        found.push(Mention {
            span: start..end,
            time: expression.time,
            basis: expression.basis,
            bound,
        });
        at = expression.end;
    }
    found
}

/// A time expression and the place after its last token.
struct Expression {
    time: Time,
    basis: Basis,
    end: usize,
}

impl Reader<'_> {
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
        match self.tokens.get(at.wrapping_sub(1)).map_or("", |it| it.low.as_str()) {
            "since" => before(Bound::Since),
            "until" | "till" | "by" => before(Bound::Until),
            "before" => before(Bound::Before),
            // "She looks after today's guests": the word belongs to its verb.
            "after" if !self.before(at - 1).starts_with("look") => before(Bound::After),
            _ => (Bound::Within, at),
        }
    }

    /// Days, with a time of day where one follows: "yesterday at 3 pm".
    fn dated(&self, at: usize) -> Option<Expression> {
        let (period, end) = self.period(at, DEPTH)?;
        let clock_at = self.skip(self.skip(end, &[","]), &["at", "around", "about"]);
        if period.granularity == Granularity::Day
            && let Some((minutes, end)) = self.clock(clock_at)
        {
            return Some(on_the_minute(period, minutes, end));
        }
        if let Some((last, end)) = self.year_range(at, end, period) {
            return Some(whole(Period { granularity: Granularity::Range, ..last }, end));
        }
        Some(whole(period, end))
    }

    /// "2019-2021", after its first year.
    fn year_range(&self, at: usize, end: usize, period: Period) -> Option<(Period, usize)> {
        let years = period.granularity == Granularity::Year && end == at + 1;
        let (last, after) =
            (years && self.is(end, &["-", "–"])).then(|| self.period(end + 1, DEPTH))??;
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
        let (mut first, middle) = self.period(at + 1, DEPTH)?;
        // "between 11 and 15 August" is one period of its own.
        if !self.is(middle, marks) {
            let whole_range = first.granularity == Granularity::Range;
            return whole_range.then(|| whole(first, middle));
        }
        let (last, end) = self.period(middle + 1, DEPTH)?;
        if first.basis == Basis::Told && last.basis == Basis::Absolute {
            first.days = shared_year(first.days, last.days)?;
        }
        let days = Days::between(first.days.first, last.days.last)?;
        let approximate = first.approximate || last.approximate;
        Some(whole(Period { days, approximate, granularity: Granularity::Range, ..last }, end))
    }

    /// "3 pm", "at 15:30", "3:30 pm on 8 May".
    fn instant(&self, at: usize) -> Option<Expression> {
        let start = self.skip(at, &["at", "around"]);
        let (minutes, end) = self.clock(start)?;
        let day_at = self.skip(self.skip(end, &[","]), &["on", "of"]);
        match self.period(day_at, DEPTH) {
            Some((period, end)) if period.granularity == Granularity::Day => {
                Some(on_the_minute(period, minutes, end))
            }
            _ => {
                let today = Days::one(self.told);
                let granularity = Granularity::Day;
                let period =
                    Period { days: today, granularity, basis: Basis::Told, approximate: false };
                Some(on_the_minute(period, minutes, end))
            }
        }
    }

    /// A time of day in minutes after midnight.
    fn clock(&self, at: usize) -> Option<(i64, usize)> {
        if self.is(at, &["noon", "midday"]) {
            return Some((12 * 60, at + 1));
        }
        if self.is(at, &["midnight"]) {
            return Some((0, at + 1));
        }
        let hour = self.number(at).filter(|it| *it < 24 && self.tokens[at].raw.len() <= 2)?;
        let colon = self.is(at + 1, &[":"]) && self.glued(at + 1) && self.glued(at + 2);
        let minute = self
            .number(at + 2)
            .filter(|it| colon && *it < 60 && self.tokens[at + 2].raw.len() == 2);
        let after = if minute.is_some() { at + 3 } else { at + 1 };
        // Another colon: seconds follow, or it is no time of day at all ("1:20:300").
        if self.is(after, &[":"]) && self.glued(after) {
            return None;
        }
        let half = self.half_of_day(after);
        match (half, minute) {
            (Some((afternoon, end)), minute) if (1..=12).contains(&hour) => {
                Some((hour % 12 * 60 + afternoon + minute.unwrap_or(0), end))
            }
            (None, Some(minute)) => Some((hour * 60 + minute, after)),
            _ if self.is(after, &["o"]) && self.is(after + 2, &["clock"]) => {
                Some((hour * 60, after + 3))
            }
            _ => None,
        }
    }

    /// "am", "p.m.": the minutes that it adds.
    fn half_of_day(&self, at: usize) -> Option<(i64, usize)> {
        let of = |low: &str| match low {
            "am" | "a" => Some(0),
            "pm" | "p" => Some(12 * 60),
            _ => None,
        };
        let minutes = of(self.low(at))?;
        if self.tokens[at].raw.len() == 2 {
            return Some((minutes, at + 1));
        }
        let dotted = self.is(at + 1, &["."])
            && self.is(at + 2, &["m"])
            && (1..3).all(|it| self.glued(at + it));
        dotted.then(|| (minutes, self.skip(at + 3, &["."])))
    }

    /// "two hours ago", "in 20 minutes".
    fn near(&self, at: usize, now: i64) -> Option<Expression> {
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

    /// "for two years", "20 minutes", "a two-week trip".
    fn lasting(&self, at: usize) -> Option<Expression> {
        let (amount, unit, end) = self.measure(at)?;
        let measured = [
            "for", "took", "take", "takes", "lasted", "lasts", "last", "about", "after", "within",
            "over", "than", "nearly", "almost", "under", "in", "spent", "spend",
        ];
        let before = self.tokens.get(at.wrapping_sub(1)).map_or("", |it| it.low.as_str());
        // "A day at the beach" says no length; "18 years old" does not say how long something took.
        let article = amount.article && !measured.contains(&before);
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
            let after = self.skip(at + 1, &["single", "other", "few", "second", "third"]);
            if let Some((_, _, end)) = self.measure(after) {
                return Some(end);
            }
            return period(after).then_some(after + 1);
        }
        if self
            .is(at, &["daily", "weekly", "monthly", "yearly", "annually", "nightly", "fortnightly"])
        {
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
    let from = calendar::start_micros(day.days.first) + minutes * MINUTE_MICROS;
    let interval = Interval { from, to: from + MINUTE_MICROS };
    let time =
        Time::At { interval, granularity: Granularity::Instant, approximate: day.approximate };
    Expression { time, basis: day.basis, end }
}

/// `days` moved into the year of `last`, or into the one before where they would lie after it.
fn shared_year(days: Days, last: Days) -> Option<Days> {
    let moved = |year: i64| {
        let at = |it: jiff::civil::Date| {
            calendar::date(year, i64::from(it.month()), i64::from(it.day()))
        };
        Days::between(at(days.first)?, at(days.last)?)
    };
    let year = i64::from(last.first.year());
    moved(year).filter(|it| it.first <= last.last).or_else(|| moved(year - 1))
}
