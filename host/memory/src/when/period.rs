//! Rules for periods: stretches of whole days.
//!
//! Every rule looks at a bounded number of tokens from its place, so that reading a text takes time in
//! proportion to its length.

use jiff::civil::Date;

use super::{
    Basis, Granularity,
    calendar::{self, Days, Unit, date, plus_days, step, week_of, weekday_after, weekday_before},
    tokens::Token,
    words,
};

/// How many tokens of a sentence, before and after an expression, tell whether it speaks of past or future.
const TENSE_TOKENS: usize = 12;

/// How deep periods may be named by other periods: "the week before the first weekend of June".
pub(super) const DEPTH: usize = 3;

/// Whether a sentence speaks of what has been or of what is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tense {
    Past,
    Future,
    Unclear,
}

/// A stretch of whole days that a text names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Period {
    pub(super) days: Days,
    pub(super) granularity: Granularity,
    pub(super) basis: Basis,
    pub(super) approximate: bool,
}

impl Period {
    fn told(days: Days, granularity: Granularity) -> Self {
        Self { days, granularity, basis: Basis::Told, approximate: false }
    }

    fn absolute(days: Days, granularity: Granularity) -> Self {
        Self { days, granularity, basis: Basis::Absolute, approximate: false }
    }
}

/// How many: at least and at most, for "a few" leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) approximate: bool,
    /// Whether it was only an article, as in "a week".
    pub(super) article: bool,
}

/// What a period rule finds: the period, and the place after its last token.
type Found = Option<(Period, usize)>;

/// The tokens of a text, and the day it was told.
pub(super) struct Reader<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) told: Date,
}

impl Reader<'_> {
    /// The period that is named from the token `at` on.
    pub(super) fn period(&self, at: usize, depth: usize) -> Found {
        let depth = depth.checked_sub(1)?;
        self.around(at, depth)
            .or_else(|| self.part(at, depth))
            .or_else(|| self.nth_of(at, depth))
            .or_else(|| self.relative(at))
            .or_else(|| self.absolute(at))
            .or_else(|| self.bare(at))
    }

    /// The token in lower case, empty beyond the ends.
    pub(super) fn low(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |it| it.low.as_str())
    }

    pub(super) fn is(&self, at: usize, words: &[&str]) -> bool {
        words.contains(&self.low(at))
    }

    /// The token before `at` in lower case.
    pub(super) fn before(&self, at: usize) -> &str {
        at.checked_sub(1).map_or("", |it| self.low(it))
    }

    pub(super) fn number(&self, at: usize) -> Option<i64> {
        self.tokens.get(at).and_then(Token::number)
    }

    pub(super) fn glued(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|it| it.glued)
    }

    fn capital(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_capital)
    }

    /// The place after `at`, or after one of `words` there.
    pub(super) fn skip(&self, at: usize, words: &[&str]) -> usize {
        if self.is(at, words) { at + 1 } else { at }
    }

    /// Whether the tokens around `at` speak of the past or of the future; the nearest one decides.
    pub(super) fn tense(&self, at: usize) -> Tense {
        let ends = |it: usize| self.is(it, &[".", "!", "?", ";"]) && !self.glued(it + 1);
        let told = |it: usize| {
            let not = self.is(it, &["won"]) && self.is(it + 1, &["'", "’"]);
            let still = self.is(it, &["going"])
                && (!["m", "re", "is", "are", "am", "be", "s"].contains(&self.before(it))
                    || self.is(it + 1, &["well", "great", "good", "on", "."]));
            if still {
                None
            } else if not || words::is_future(self.low(it)) {
                Some(Tense::Future)
            } else {
                words::is_past(self.low(it)).then_some(Tense::Past)
            }
        };
        let backwards = (at.saturating_sub(TENSE_TOKENS)..at).rev().take_while(|it| !ends(*it));
        let forwards = (at..self.tokens.len().min(at + TENSE_TOKENS)).take_while(|it| !ends(*it));
        backwards
            .into_iter()
            .find_map(told)
            .or_else(|| forwards.into_iter().find_map(told))
            .unwrap_or(Tense::Unclear)
    }

    /// "two", "twenty-one", "a couple of", "about a few", "2-3".
    pub(super) fn amount(&self, at: usize) -> Option<(Amount, usize)> {
        let hedges =
            ["about", "around", "roughly", "approximately", "nearly", "almost", "some", "over"];
        let start = self.skip(at, &hedges);
        let approximate = start > at;
        let exact = |count: i64| Amount { least: count, most: count, approximate, article: false };
        let open = |least, most| Amount { least, most, approximate: true, article: false };
        let after = self.skip(start, &["a", "the"]);
        match self.low(after) {
            "couple" => return Some((open(2, 3), self.skip(after + 1, &["of"]))),
            "few" => return Some((open(2, 5), after + 1)),
            "several" => return Some((open(3, 7), after + 1)),
            "dozen" if after > start => return Some((exact(12), after + 1)),
            _ => {}
        }
        if self.is(start, &["a", "an"]) {
            return Some((Amount { article: true, ..exact(1) }, start + 1));
        }
        if let Some(count) = self.number(start) {
            if self.is(start + 1, &["-", "–", "to", "or"])
                && let Some(most) = self.number(start + 2)
                && count < most
            {
                return Some((open(count, most), start + 3));
            }
            return Some((exact(count), start + 1));
        }
        let count = words::number(self.low(start))?;
        let tens = (20..100).contains(&count) && count % 10 == 0;
        let ones = if tens && self.is(start + 1, &["-"]) {
            words::number(self.low(start + 2))
        } else {
            None
        };
        match ones {
            Some(ones @ 1..=9) => Some((exact(count + ones), start + 3)),
            _ => Some((exact(count), start + 1)),
        }
    }

    /// An amount with its unit: "two weeks", "a year and a half", "5-day".
    pub(super) fn measure(&self, at: usize) -> Option<(Amount, Unit, usize)> {
        let (mut amount, after) = self.amount(at)?;
        let after = self.skip(after, &["-", "full", "whole", "long", "more"]);
        let (unit, each) = words::unit(self.low(after))?;
        amount.least = amount.least.checked_mul(each)?;
        amount.most = amount.most.checked_mul(each)?;
        let mut end = after + 1;
        if self.is(end, &["and"]) && self.is(end + 1, &["a"]) && self.is(end + 2, &["half"]) {
            amount.approximate = true;
            end += 3;
        }
        Some((amount, unit, end))
    }

    /// The period that lies `amount` units before (-1) or after (1) `day`.
    fn stepped(&self, day: Date, amount: Amount, unit: Unit, way: i64) -> Option<Period> {
        let (mut days, mut granularity) = step(day, amount.least.checked_mul(way)?, unit)?;
        if amount.most > amount.least {
            let (other, _) = step(day, amount.most.checked_mul(way)?, unit)?;
            days = Days { first: days.first.min(other.first), last: days.last.max(other.last) };
            granularity = Granularity::Range;
        }
        Some(Period { approximate: amount.approximate, ..Period::told(days, granularity) })
    }

    /// Periods named by another: "the week before 9 June", "two days after", "the weekend of 3 May".
    fn around(&self, at: usize, depth: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let weekday =
            words::weekday(self.low(start)).filter(|(_, full)| *full || self.capital(start));
        let measure = self.measure(start);
        let counted = measure.is_some();
        let (side, amount, unit) = if let Some((amount, unit, after)) = measure {
            (after, amount, unit)
        } else {
            let one = Amount { least: 1, most: 1, approximate: false, article: false };
            let skipped = self.skip(start, &["last"]);
            let unit = match words::unit(self.low(skipped)) {
                Some((unit, 1)) => unit,
                _ if weekday.is_some() || words::is_daytime(self.low(start)) => Unit::Day,
                _ => return None,
            };
            (skipped + 1, one, unit)
        };
        let named = weekday.is_some();
        if self.is(side, &["of"]) && named {
            let (week, end) = self
                .period(side + 1, depth)
                .filter(|(it, _)| it.granularity == Granularity::Week)?;
            let day = plus_days(week.days.first, weekday?.0)?;
            return Some((
                Period { days: Days::one(day), granularity: Granularity::Day, ..week },
                end,
            ));
        }
        if self.is(side, &["of"]) && !counted {
            let (of, end) = self
                .period(side + 1, depth)
                .filter(|(it, _)| it.granularity <= Granularity::Day)?;
            let days = match unit {
                Unit::Week => (week_of(of.days.first)?, Granularity::Week),
                Unit::Weekend => (calendar::weekend_of(of.days.first)?, Granularity::Weekend),
                Unit::Day => (of.days, Granularity::Day),
                _ => return None,
            };
            return Some((Period { days: days.0, granularity: days.1, ..of }, end));
        }
        let before = self.is(side, &["before", "prior"]);
        if !before && !self.is(side, &["after", "following"]) {
            return None;
        }
        let anchor_at = self.skip(side + 1, &["to"]);
        let last = before && self.is(anchor_at, &["last"]) && !counted;
        let ends = words::unit(self.low(anchor_at + 1)).is_none()
            && words::weekday(self.low(anchor_at + 1)).is_none();
        if last && ends && (named || unit != Unit::Day) {
            let period = match weekday {
                Some((weekday, _)) => {
                    let day = weekday_before(weekday_before(self.told, weekday)?, weekday)?;
                    Period::told(Days::one(day), Granularity::Day)
                }
                None => {
                    self.stepped(self.told, Amount { least: 2, most: 2, ..amount }, unit, -1)?
                }
            };
            return Some((period, anchor_at + 1));
        }
        let (anchor, end) = match self.period(anchor_at, depth) {
            Some(found) => found,
            // "the Friday before", said alone: before the day it is told.
            None if start > at
                && (weekday.is_some() || unit != Unit::Day)
                && !self.goes_on(anchor_at) =>
            {
                (Period::told(Days::one(self.told), Granularity::Day), side + 1)
            }
            None => return None,
        };
        let from = if before { anchor.days.first } else { anchor.days.last };
        let period = match weekday {
            Some((weekday, _)) if named => {
                let day = if before {
                    weekday_before(from, weekday)
                } else {
                    weekday_after(from, weekday)
                };
                Period::told(Days::one(day?), Granularity::Day)
            }
            _ => self.stepped(from, amount, unit, if before { -1 } else { 1 })?,
        };
        Some((Period { basis: anchor.basis, ..period }, end))
    }

    /// Whether the sentence goes on with a word at `at`.
    fn goes_on(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_word)
    }

    /// Parts of periods: "early May", "mid-August", "the end of the year", "later this week".
    fn part(&self, at: usize, depth: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let (third, after) = match self.low(start) {
            "early" | "earlier" => (0, start + 1),
            "mid" | "middle" => (1, start + 1),
            "late" | "later" => (2, start + 1),
            "beginning" | "start" if self.is(start + 1, &["of"]) => (0, start + 1),
            "end" if self.is(start + 1, &["of"]) => (2, start + 1),
            _ => return None,
        };
        let of = self.skip(self.skip(after, &["-", "of", "in"]), &["the"]);
        let whole = self.period(of, depth).or_else(|| {
            let (unit, _) = words::unit(self.low(of)).filter(|_| self.is(of - 1, &["the"]))?;
            let (days, granularity) = step(self.told, 0, unit)?;
            Some((Period::told(days, granularity), of + 1))
        });
        let (whole, end) = whole.filter(|(it, _)| it.granularity > Granularity::Day)?;
        let days = third_of(whole.days, whole.granularity, third)?;
        Some((Period { days, granularity: Granularity::Range, approximate: true, ..whole }, end))
    }

    /// "the first week of June 2023", "the last Friday in May", "the third day of 2022".
    fn nth_of(&self, at: usize, depth: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let spelled = words::ordinal(self.low(start)).map(|it| (it, start + 1));
        let (nth, what) = spelled.or_else(|| self.day_number(start).filter(|it| it.0 <= 5))?;
        if !self.is(what + 1, &["of", "in"]) {
            return None;
        }
        let weekday = words::weekday(self.low(what)).filter(|(_, full)| *full);
        let unit = words::unit(self.low(what)).map(|(unit, _)| unit);
        let (whole, end) = self.period(self.skip(what + 2, &["the"]), depth)?;
        let fits =
            whole.granularity >= Granularity::Month && whole.granularity != Granularity::Range;
        let (days, granularity) = match (weekday, unit) {
            _ if !fits => return None,
            (Some((weekday, _)), _) => {
                (Days::one(nth_weekday(whole.days, nth, weekday)?), Granularity::Day)
            }
            (_, Some(Unit::Weekend)) => {
                let saturday = nth_weekday(whole.days, nth, 5)?;
                (calendar::weekend_of(saturday)?, Granularity::Weekend)
            }
            // As in ISO 8601 a week belongs to the month or year that its Thursday lies in.
            (_, Some(Unit::Week)) => {
                (week_of(nth_weekday(whole.days, nth, 3)?)?, Granularity::Week)
            }
            (_, Some(Unit::Day)) => (Days::one(nth_day(whole.days, nth)?), Granularity::Day),
            (_, Some(Unit::Month)) if whole.granularity == Granularity::Year => {
                let number = if nth < 0 { 12 } else { nth };
                (calendar::month(i64::from(whole.days.first.year()), number)?, Granularity::Month)
            }
            _ => return None,
        };
        Some((Period { days, granularity, ..whole }, end))
    }

    /// Periods counted from the day of telling: "yesterday", "last week", "two months ago", "in 3 days".
    fn relative(&self, at: usize) -> Found {
        self.near_day(at)
            .or_else(|| self.directed(at))
            .or_else(|| self.counted(at))
            .or_else(|| self.open_weekend(at))
    }

    /// Days next to the day of telling.
    fn near_day(&self, at: usize) -> Found {
        let (shift, end) = match (self.low(at), self.low(at + 1)) {
            ("today" | "tonight", _) => (0, at + 1),
            ("yesterday", next) if words::is_daytime(next) => (-1, at + 2),
            ("yesterday", _) => (-1, at + 1),
            ("tomorrow", next) if words::is_daytime(next) => (1, at + 2),
            ("tomorrow", _) => (1, at + 1),
            ("last", "night" | "evening") => (-1, at + 2),
            ("this", next) if words::is_daytime(next) => (0, at + 2),
            ("day", "before") if self.is(at + 2, &["yesterday"]) => (-2, at + 3),
            ("day", "after") if self.is(at + 2, &["tomorrow"]) => (2, at + 3),
            ("other", "day") if self.before(at) == "the" => {
                let few = Amount { least: 2, most: 5, approximate: true, article: false };
                return Some((self.stepped(self.told, few, Unit::Day, -1)?, at + 2));
            }
            _ => return None,
        };
        Some((Period::told(Days::one(plus_days(self.told, shift)?), Granularity::Day), end))
    }

    /// "last Friday", "this week", "next summer", "the past three months".
    fn directed(&self, at: usize) -> Found {
        let whose = ["my", "our", "your", "his", "her", "their", "its", "s", "’"];
        if whose.contains(&self.before(at)) {
            return None;
        }
        let (way, after) = match (self.low(at), self.low(at + 1)) {
            ("this", "past" | "last") => (Way::Past, at + 2),
            ("this", "coming" | "upcoming" | "next") => (Way::Coming, at + 2),
            ("last", _) => (Way::Last, at + 1),
            ("past" | "previous", _) => (Way::Past, at + 1),
            ("this", _) => (Way::This, at + 1),
            ("next", _) => (Way::Next, at + 1),
            ("coming" | "upcoming" | "following", _) => (Way::Coming, at + 1),
            _ => return None,
        };
        if matches!(way, Way::Last | Way::Past | Way::Next | Way::Coming)
            && let Some(found) = self.stretch(after, way)
        {
            return Some(found);
        }
        if self.is(after + 1, &["of"]) {
            return None;
        }
        let the = self.before(at) == "the";
        if let Some((weekday, full)) = words::weekday(self.low(after)) {
            let day =
                (full || self.capital(after)).then(|| self.weekday(at, way, weekday)).flatten()?;
            let end = if words::is_daytime(self.low(after + 1)) { after + 2 } else { after + 1 };
            return Some((Period::told(Days::one(day), Granularity::Day), end));
        }
        if let Some(month) = words::month(self.low(after)) {
            let named = self.capital(after) || words::is_only_a_month(self.low(after));
            let end = self.skip(after + 1, &["."]);
            let followed = self.number(end).is_some();
            let days = (named && !followed).then(|| self.directed_month(way, month)).flatten()?;
            return Some((Period::told(days, Granularity::Month), after + 1));
        }
        if let Some(season) = words::season(self.low(after)) {
            if the && self.is(after, &["fall", "spring"]) {
                return None;
            }
            return Some((
                Period::told(self.directed_season(at, way, season)?, Granularity::Season),
                after + 1,
            ));
        }
        let (unit, each) =
            words::unit(self.low(after)).filter(|_| !self.low(after).ends_with('s'))?;
        if each != 1 || matches!(unit, Unit::Second | Unit::Minute | Unit::Hour | Unit::Day) {
            return None;
        }
        // "I was ill the last week": the seven days that end with today, not the calendar week before.
        if the && self.is(at, &["last", "past"]) && unit != Unit::Weekend {
            let one = Amount { least: 1, most: 1, approximate: true, article: false };
            return Some((self.up_to_now(one, unit, Way::Past)?, after + 1));
        }
        let count = match way {
            Way::Last | Way::Past => -1,
            Way::This => 0,
            Way::Next | Way::Coming => 1,
        };
        let (days, granularity) = match (unit, way) {
            (Unit::Weekend, Way::This) => (self.this_weekend(at)?, Granularity::Weekend),
            // From Monday to Friday the weekend to come is "this weekend", so that "next" is the one after.
            (Unit::Weekend, Way::Next) => {
                (calendar::weekend_of(plus_days(self.told, 7)?)?, Granularity::Weekend)
            }
            (Unit::Decade, _) => {
                let start = i64::from(self.told.year()) / 10 * 10 + count * 10;
                (calendar::decade(start)?, Granularity::Decade)
            }
            _ => step(self.told, count, unit)?,
        };
        Some((Period::told(days, granularity), after + 1))
    }

    /// "the last three months", "the next few days": up to now, or from now on.
    fn stretch(&self, at: usize, way: Way) -> Found {
        let (amount, unit, end) = self.measure(at).filter(|(amount, ..)| !amount.article)?;
        Some((self.up_to_now(amount, unit, way)?, end))
    }

    fn up_to_now(&self, amount: Amount, unit: Unit, way: Way) -> Option<Period> {
        let sign = if matches!(way, Way::Last | Way::Past) { -1 } else { 1 };
        let count = amount.most.checked_mul(sign)?;
        let far = match unit {
            Unit::Second | Unit::Minute | Unit::Hour => return None,
            Unit::Day => plus_days(self.told, count)?,
            Unit::Week | Unit::Weekend => plus_days(self.told, count.checked_mul(7)?)?,
            Unit::Month => same_day(step(self.told, count, unit)?.0, self.told),
            Unit::Year | Unit::Decade => {
                let (there, _) = step(self.told, count, unit)?;
                let month =
                    calendar::month(i64::from(there.first.year()), i64::from(self.told.month()))?;
                same_day(month, self.told)
            }
        };
        let days = Days { first: far.min(self.told), last: far.max(self.told) };
        Some(Period { approximate: true, ..Period::told(days, Granularity::Range) })
    }

    /// Which day a weekday with a direction is.
    ///
    /// "Last Friday" is the latest Friday before the day of telling: on a Wednesday five days ago, on a
    /// Saturday the day before, on a Friday a week ago. "Next Friday" is the Friday of the next calendar
    /// week, because the one of this week would be called "this Friday".
    fn weekday(&self, at: usize, way: Way, weekday: i64) -> Option<Date> {
        match way {
            Way::Last | Way::Past => weekday_before(self.told, weekday),
            Way::Coming => weekday_after(self.told, weekday),
            Way::Next => plus_days(week_of(plus_days(self.told, 7)?)?.first, weekday),
            Way::This if self.tense(at) == Tense::Past => {
                weekday_before(plus_days(self.told, 1)?, weekday)
            }
            Way::This => weekday_after(plus_days(self.told, -1)?, weekday),
        }
    }

    fn directed_month(&self, way: Way, month: i64) -> Option<Days> {
        let (year, own) = (i64::from(self.told.year()), i64::from(self.told.month()));
        let year = match way {
            Way::Last | Way::Past if month >= own => year - 1,
            Way::Next | Way::Coming if month <= own => year + 1,
            _ => year,
        };
        calendar::month(year, month)
    }

    fn directed_season(&self, at: usize, way: Way, season: calendar::Season) -> Option<Days> {
        let year = i64::from(self.told.year());
        let mut near = (year - 2..=year + 2).filter_map(|it| calendar::season(it, season));
        match way {
            Way::Last | Way::Past => near.rfind(|it| it.last < self.told),
            Way::Next | Way::Coming => near.find(|it| it.first > self.told),
            Way::This => self.nearest(at, near.collect()),
        }
    }

    fn this_weekend(&self, at: usize) -> Option<Days> {
        let own = calendar::weekend_of(self.told)?;
        let past = self.tense(at) == Tense::Past && !own.contains(self.told);
        if past { Some(step(self.told, -1, Unit::Weekend)?.0) } else { Some(own) }
    }

    /// "two weeks ago", "in 3 days", "a month from now".
    fn counted(&self, at: usize) -> Found {
        if self.is(at, &["in", "within"]) {
            let (amount, unit, end) = self.measure(at + 1)?;
            let told =
                matches!(unit, Unit::Second | Unit::Minute | Unit::Hour) || self.is(end, &["of"]);
            if told || self.tense(at) == Tense::Past || self.low(at) == "within" {
                return None;
            }
            let time = self.is(end, &["'", "’"]) && self.is(end + 1, &["time"]);
            let end = if time { end + 2 } else { end };
            return Some((self.stepped(self.told, amount, unit, 1)?, end));
        }
        let (amount, unit, end) = self.measure(at)?;
        if self.is(end, &["ago", "back", "earlier"]) {
            let half = end >= 3 && self.is(end - 1, &["half"]);
            // "A year ago" is twelve months ago, for of the year before one says "last year".
            let (amount, unit) = match (unit, amount.most) {
                (Unit::Year, 1) if half => (Amount { least: 18, most: 18, ..amount }, Unit::Month),
                (Unit::Year, 1) => (Amount { least: 12, most: 12, ..amount }, Unit::Month),
                _ => (amount, unit),
            };
            return Some((self.stepped(self.told, amount, unit, -1)?, end + 1));
        }
        if self.is(end, &["from"]) && self.is(end + 1, &["now", "today"]) {
            return Some((self.stepped(self.told, amount, unit, 1)?, end + 2));
        }
        None
    }

    /// "over the weekend", "at the weekend", "I had a quiet weekend", "how was your weekend".
    fn open_weekend(&self, at: usize) -> Found {
        let preposition = self.is(at, &["over", "during", "at", "on"]) && self.is(at + 1, &["the"]);
        let had = || {
            let spent = (at.saturating_sub(4)..at).any(|it| self.is(it, &["had", "was", "spent"]));
            let own = ["my", "your", "our"].contains(&self.before(at)) && self.is(at + 1, &["was"]);
            spent || own
        };
        let end = if preposition && self.is(at + 2, &["weekend"]) {
            at + 3
        } else if self.is(at, &["weekend"]) && had() {
            at + 1
        } else {
            return None;
        };
        if self.is(end, &["of"]) {
            return None;
        }
        let own = calendar::weekend_of(self.told)?;
        let days = match self.tense(at) {
            Tense::Future => own,
            _ if own.contains(self.told) => own,
            _ => step(self.told, -1, Unit::Weekend)?.0,
        };
        Some((Period::told(days, Granularity::Weekend), end))
    }

    /// Dates that say their year, and days and months that leave it to the day of telling.
    fn absolute(&self, at: usize) -> Found {
        let weekday = words::weekday(self.low(at)).is_some();
        let start = if weekday { self.skip(self.skip(at + 1, &[","]), &["the"]) } else { at };
        self.numeric(start)
            .or_else(|| self.day_month(start))
            .or_else(|| self.month_day(start))
            .or_else(|| if weekday { None } else { self.long_period(at) })
    }

    /// "2023-05-07", and "13/05/2023" where day and month can't be taken for each other.
    fn numeric(&self, at: usize) -> Found {
        let mark = self.low(at + 1);
        let same = mark == self.low(at + 3) && matches!(mark, "-" | "/" | ".");
        let whole = same && (1..5).all(|it| self.glued(at + it)) && !self.glued(at);
        let follows =
            self.glued(at + 5) && (self.low(at + 5) == mark || self.number(at + 5).is_some());
        if !whole || (follows && self.glued(at + 6)) {
            return None;
        }
        let (a, b, c) = (self.number(at)?, self.number(at + 2)?, self.number(at + 4)?);
        let digits = |it: usize| self.tokens[it].raw.len();
        let day = match (digits(at), digits(at + 4)) {
            (4, 1 | 2) => date(a, b, c)?,
            (1 | 2, 4) if a > 12 || a == b => date(c, b, a)?,
            (1 | 2, 4) if b > 12 => date(c, a, b)?,
            _ => return None,
        };
        Some((Period::absolute(Days::one(day), Granularity::Day), at + 5))
    }

    /// The number of a day: "7", "7th".
    fn day_number(&self, at: usize) -> Option<(i64, usize)> {
        let day =
            self.number(at).filter(|it| (1..=31).contains(it) && self.tokens[at].raw.len() <= 2)?;
        let suffix = self.glued(at + 1) && self.is(at + 1, &["st", "nd", "rd", "th"]);
        Some((day, if suffix { at + 2 } else { at + 1 }))
    }

    /// A month's name that starts with a capital letter or can be nothing else.
    pub(super) fn month_name(&self, at: usize) -> Option<(i64, usize)> {
        let month = words::month(self.low(at))?;
        let sure = self.capital(at) || words::is_only_a_month(self.low(at));
        let dot = self.low(at).len() <= 4 && self.is(at + 1, &["."]) && self.glued(at + 1);
        sure.then_some((month, if dot && self.number(at + 2).is_some() { at + 2 } else { at + 1 }))
    }

    /// A year after a date: "2023", ", 2023", "of 2023", "'23".
    fn year_after(&self, at: usize) -> Option<(i64, usize)> {
        let dot = self.is(at, &["."]) && self.glued(at) && self.glued(at + 1);
        let start = if dot { at + 1 } else { self.skip(at, &[",", "of"]) };
        if self.is(start, &["'", "’"]) && self.glued(start + 1) {
            return Some((self.short_year(start + 1)?, start + 2));
        }
        Some((self.full_year(start)?, start + 1))
    }

    fn full_year(&self, at: usize) -> Option<i64> {
        let four = self.tokens.get(at).is_some_and(|it| it.raw.len() == 4);
        let bare = !self.glued(at) || self.is(at.wrapping_sub(1), &["-", "–", "(", ",", "/", "."]);
        let ends =
            !self.glued(at + 1) || !(self.is(at + 1, &["%", "°", ":"]) || self.goes_on(at + 1));
        self.number(at).filter(|it| four && bare && ends && *it >= 1)
    }

    fn short_year(&self, at: usize) -> Option<i64> {
        let two = self.tokens.get(at).is_some_and(|it| it.raw.len() == 2);
        let number = self.number(at).filter(|_| two && !self.glued(at + 1))?;
        // Two digits mean the past hundred years: nobody writes '98 of a year to come.
        let century = i64::from(self.told.year()) / 100 * 100;
        let year = century + number;
        Some(if year > i64::from(self.told.year()) + 10 { year - 100 } else { year })
    }

    /// "7 May 2023", "the 4th of July".
    fn day_month(&self, at: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let (day, after) = self.day_number(start)?;
        let (days, after) = self.day_range(day, after);
        let of = self.skip(after, &["of"]);
        let lower = of > after && words::month(self.low(of)).is_some();
        let (month, after) = self
            .month_name(of)
            .or_else(|| lower.then(|| (words::month(self.low(of)).unwrap_or(1), of + 1)))?;
        self.dated_in(start, month, days, after)
    }

    /// "May 7, 2023", "June 2nd to 4th".
    fn month_day(&self, at: usize) -> Found {
        let (month, after) = self.month_name(at)?;
        let (day, after) = self.day_number(self.skip(after, &["the"]))?;
        // "May 7:30" tells the hour, "May 10%" a share.
        if self.glued(after) && self.is(after, &[":", "%", "°"]) {
            return None;
        }
        let (days, after) = self.day_range(day, after);
        self.dated_in(at, month, days, after)
    }

    /// The second day of "5-6", "30 to 31".
    fn day_range(&self, first: i64, at: usize) -> ((i64, i64), usize) {
        let second = self
            .is(at, &["-", "–", "to", "and", "until", "till", "through"])
            .then(|| self.day_number(at + 1));
        match second.flatten() {
            Some((last, after)) if first < last => ((first, last), after),
            _ => ((first, first), at),
        }
    }

    fn dated_in(&self, at: usize, month: i64, (first, last): (i64, i64), after: usize) -> Found {
        let of_year =
            |year: i64| Days::between(date(year, month, first)?, date(year, month, last)?);
        let granularity = if first == last { Granularity::Day } else { Granularity::Range };
        if let Some((year, end)) = self.year_after(after) {
            return Some((Period::absolute(of_year(year)?, granularity), end));
        }
        let year = i64::from(self.told.year());
        // A leap day may be eight years off.
        let near = (year - 8..=year + 8).filter_map(of_year).collect();
        Some((Period::told(self.nearest(at, near)?, granularity), after))
    }

    /// Months, seasons, quarters and decades with their year.
    fn long_period(&self, at: usize) -> Found {
        if let Some((month, after)) = self.month_name(at)
            && let Some((year, end)) = self.year_after(after)
        {
            return Some((
                Period::absolute(calendar::month(year, month)?, Granularity::Month),
                end,
            ));
        }
        if let Some(season) = words::season(self.low(at))
            && let Some((year, end)) = self.year_after(at + 1)
        {
            return Some((
                Period::absolute(calendar::season(year, season)?, Granularity::Season),
                end,
            ));
        }
        if self.is(at, &["q"])
            && self.glued(at + 1)
            && let Some(quarter @ 1..=4) = self.number(at + 1)
        {
            let said = self.year_after(at + 2);
            let (year, end) = said.unwrap_or_else(|| (i64::from(self.told.year()), at + 2));
            let first = calendar::month(year, quarter * 3 - 2)?.first;
            let days = Days { first, last: calendar::month(year, quarter * 3)?.last };
            let basis = if said.is_some() { Basis::Absolute } else { Basis::Told };
            return Some((Period { basis, ..Period::absolute(days, Granularity::Range) }, end));
        }
        self.decade(at)
    }

    /// "the 1990s", "the '90s", "the 80s".
    fn decade(&self, at: usize) -> Found {
        let start = if self.is(at, &["'", "’"]) && self.glued(at + 1) { at + 1 } else { at };
        let plural = self.glued(start + 1) && self.is(start + 1, &["s"]);
        let number = self.number(start).filter(|it| plural && it % 10 == 0)?;
        let year = match self.tokens[start].raw.len() {
            4 => number,
            2 if self.is(at.wrapping_sub(1), &["the", "early", "late", "mid", "-"])
                || start > at =>
            {
                if number >= 30 {
                    1900 + number
                } else {
                    2000 + number
                }
            }
            _ => return None,
        };
        Some((Period::absolute(calendar::decade(year)?, Granularity::Decade), start + 2))
    }

    /// Names that leave everything else to the day of telling: "Friday", "in June", "the 15th", "in 2021".
    fn bare(&self, at: usize) -> Found {
        self.bare_weekday(at)
            .or_else(|| self.bare_month(at))
            .or_else(|| self.bare_season(at))
            .or_else(|| self.bare_day(at))
            .or_else(|| self.feast(at))
            .or_else(|| self.bare_year(at))
    }

    fn bare_weekday(&self, at: usize) -> Found {
        let (weekday, full) = words::weekday(self.low(at))?;
        let named = full || (self.capital(at) && self.before(at) == "on" && weekday != 6);
        // "Black Friday" and "Good Friday" are dates of their own, "Sunday School" is none.
        let other = ["good", "black", "ash", "palm", "cyber"].contains(&self.before(at))
            || self.is(at + 1, &["school", "times", "post", "roast"]);
        if !named || other {
            return None;
        }
        let day = match self.tense(at) {
            Tense::Future => weekday_after(self.told, weekday)?,
            _ => weekday_before(self.told, weekday)?,
        };
        let end = if words::is_daytime(self.low(at + 1)) { at + 2 } else { at + 1 };
        Some((Period::told(Days::one(day), Granularity::Day), end))
    }

    fn bare_month(&self, at: usize) -> Found {
        let low = self.low(at);
        let month = words::month(low)?;
        let before = self.before(at);
        let placed = [
            "in", "since", "until", "till", "by", "during", "of", "for", "from", "early", "late",
            "mid", "-",
        ]
        .contains(&before)
            || (self.capital(at)
                && ["before", "after", "to", "through", "and", "between", "until"]
                    .contains(&before));
        // "Mar" and "Jan" are names as well, and "march" is what soldiers do.
        let named = self.capital(at) || (before == "in" && low.len() > 3);
        // "April said", "In May we trust": a preposition makes the month sure, a capital alone does not.
        let sure = words::is_only_a_month(low) || (placed && named);
        if !sure {
            return None;
        }
        let year = i64::from(self.told.year());
        let near = (year - 1..=year + 1).filter_map(|it| calendar::month(it, month)).collect();
        Some((Period::told(self.nearest(at, near)?, Granularity::Month), at + 1))
    }

    fn bare_season(&self, at: usize) -> Found {
        let season = words::season(self.low(at))?;
        let the = self.before(at) == "the";
        let preposition = if the { self.low(at.wrapping_sub(2)) } else { self.before(at) };
        let placed = [
            "in", "during", "over", "since", "until", "by", "early", "late", "mid", "of", "for",
            "-",
        ];
        // "The fall of Rome", "on a spring": the two have other meanings.
        let strict = ["in", "since", "until", "during", "by"];
        let other = self.is(at, &["fall", "spring"]) && !strict.contains(&preposition);
        let sure = placed.contains(&preposition) && !other;
        if !sure || self.is(at + 1, &["of"]) && self.number(at + 2).is_none() {
            return None;
        }
        let year = i64::from(self.told.year());
        let near = (year - 2..=year + 2).filter_map(|it| calendar::season(it, season)).collect();
        Some((Period::told(self.nearest(at, near)?, Granularity::Season), at + 1))
    }

    /// "on the 15th": of this month, or of the one before or after.
    fn bare_day(&self, at: usize) -> Found {
        if !self.is(at, &["the"])
            || !["on", "by", "since", "until", "before", "after"].contains(&self.before(at))
        {
            return None;
        }
        let (day, end) = self.day_number(at + 1).filter(|(_, end)| *end == at + 3)?;
        if self.goes_on(end)
            && self.is(end, &["floor", "day", "time", "anniversary", "birthday", "of", "century"])
        {
            return None;
        }
        let (year, month) = (i64::from(self.told.year()), i64::from(self.told.month()));
        let near = (month - 2..=month + 2).filter_map(|it| {
            let first = calendar::month(year, it)?.first;
            date(i64::from(first.year()), i64::from(first.month()), day).map(Days::one)
        });
        Some((Period::told(self.nearest(at, near.collect())?, Granularity::Day), end))
    }

    fn feast(&self, at: usize) -> Found {
        let placed =
            ["on", "at", "last", "this", "next", "since", "until", "before", "after", "by", "for"];
        let (month, day, length) =
            words::feast([self.low(at), self.low(at + 1), self.low(at + 2)])?;
        let way = self.before(at);
        if let Some((year, end)) = self.year_after(at + length) {
            return Some((
                Period::absolute(Days::one(date(year, month, day)?), Granularity::Day),
                end,
            ));
        }
        if !placed.contains(&way) && length == 1 {
            return None;
        }
        let year = i64::from(self.told.year());
        let mut near = (year - 1..=year + 1).filter_map(|it| date(it, month, day).map(Days::one));
        let days = match way {
            "last" => near.rfind(|it| it.last < self.told)?,
            "next" => near.find(|it| it.first > self.told)?,
            _ => self.nearest(at, near.collect())?,
        };
        Some((Period::told(days, Granularity::Day), at + length))
    }

    /// "in 2021", "(2021)"; and a text that is nothing but a year.
    fn bare_year(&self, at: usize) -> Found {
        let year = self.full_year(at)?;
        let before = self.before(at);
        let placed = [
            "in", "since", "until", "till", "by", "during", "of", "from", "before", "after",
            "around", "circa", "early", "late", "mid", "year", "between", "and", "to", "(", "-",
            "–",
        ];
        let modern = (1900..2100).contains(&year);
        let counted = self.goes_on(at + 1)
            && !self.is(
                at + 1,
                &[
                    "and", "to", "i", "we", "he", "she", "they", "it", "the", "when", "at", "with",
                    "or", "by", "until", "till", "as", "but", "after", "because", "there", "my",
                    "our", "for", "in", "on", "a", "was", "were", "is", "he", "you", "so", "that",
                ],
            )
            && !["in", "since"].contains(&before);
        let alone = self.tokens.len() <= 3 && at == 0;
        // "555-2023" is a telephone number, "2019-2021" are years.
        let joined = ["-", "–"].contains(&before)
            && at.checked_sub(2).and_then(|it| self.full_year(it)).is_none();
        let thing = self.is(
            at + 1,
            &[
                "people",
                "dollars",
                "miles",
                "steps",
                "calories",
                "pieces",
                "users",
                "points",
                "meters",
                "kilometers",
            ],
        );
        let sure = alone || (modern && placed.contains(&before) && !counted && !thing && !joined);
        sure.then_some(())?;
        Some((Period::absolute(calendar::year(year)?, Granularity::Year), at + 1))
    }

    /// Which of `choices`, in the order of time, the sentence around `at` speaks of: the latest that has
    /// begun, the first that has not ended, or, where it leaves that open, the nearest.
    fn nearest(&self, at: usize, choices: Vec<Days>) -> Option<Days> {
        let distance = |it: &Days| {
            if it.contains(self.told) {
                0
            } else if it.last < self.told {
                (Days { first: it.last, last: self.told }).length()
            } else {
                (Days { first: self.told, last: it.first }).length()
            }
        };
        match self.tense(at) {
            Tense::Past => choices.into_iter().rfind(|it| it.first <= self.told),
            Tense::Future => choices.into_iter().find(|it| it.last >= self.told),
            Tense::Unclear => choices.into_iter().min_by_key(distance),
        }
    }
}

/// Where "last", "this" and "next" point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Last,
    Past,
    This,
    Next,
    Coming,
}

fn same_day(month: Days, day: Date) -> Date {
    let wanted = i64::from(day.day()) - 1;
    plus_days(month.first, wanted.min(month.length() - 1)).unwrap_or(month.last)
}

fn third_of(whole: Days, granularity: Granularity, third: i64) -> Option<Days> {
    if granularity == Granularity::Year {
        let year = i64::from(whole.first.year());
        let first = calendar::month(year, third * 4 + 1)?.first;
        return Some(Days { first, last: calendar::month(year, third * 4 + 4)?.last });
    }
    // Ten days for a month, whose last part takes the rest.
    let length = whole.length() / 3;
    let first = plus_days(whole.first, third * length)?;
    let last = if third == 2 { whole.last } else { plus_days(first, length - 1)? };
    Days::between(first, last)
}

fn nth_day(whole: Days, nth: i64) -> Option<Date> {
    if nth < 0 { Some(whole.last) } else { plus_days(whole.first, nth - 1) }
}

fn nth_weekday(whole: Days, nth: i64, weekday: i64) -> Option<Date> {
    let day = if nth < 0 {
        weekday_before(plus_days(whole.last, 1)?, weekday)?
    } else {
        plus_days(weekday_after(plus_days(whole.first, -1)?, weekday)?, (nth - 1) * 7)?
    };
    whole.contains(day).then_some(day)
}
