//! Rules for periods: stretches of whole days.
//!
//! Every rule looks at a bounded number of tokens from its place, so that reading a text takes time in
//! proportion to its length.

use jiff::civil::Date;

use super::{
    Basis, Granularity,
    calendar::{
        self, Days, Unit, ago, date, plus_days, step, steps, week_of, weekday_after, weekday_before,
    },
    clock::is_joint,
    numeric::quarter_of,
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
    pub(super) fn told(days: Days, granularity: Granularity) -> Self {
        Self::based(days, granularity, Basis::Told)
    }

    pub(super) fn absolute(days: Days, granularity: Granularity) -> Self {
        Self::based(days, granularity, Basis::Absolute)
    }

    pub(super) fn based(days: Days, granularity: Granularity, basis: Basis) -> Self {
        Self { days, granularity, basis, approximate: false }
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
    /// Whether there is a half more: "two and a half", "2.5".
    pub(super) half: bool,
}

/// What a period rule finds: the period, and the place after its last token.
pub(super) type Found = Option<(Period, usize)>;

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
            .or_else(|| self.some_of(at, depth))
            .or_else(|| self.nth_of(at, depth))
            .or_else(|| self.relative(at))
            .or_else(|| self.absolute(at))
            .or_else(|| self.bare(at))
    }

    /// The token in lower case, empty beyond the ends.
    pub(super) fn low(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |it| it.low.as_ref())
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

    pub(super) fn is_capital(&self, at: usize) -> bool {
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
        let half = false;
        let exact =
            |count: i64| Amount { least: count, most: count, approximate, article: false, half };
        let open = |least, most| Amount { least, most, approximate: true, article: false, half };
        let after = self.skip(start, &["a", "the"]);
        match self.low(after) {
            "couple" => return Some((open(2, 3), self.skip(after + 1, &["of"]))),
            "few" => return Some((open(2, 5), after + 1)),
            "several" => return Some((open(3, 7), after + 1)),
            "dozen" if after > start => return Some((exact(12), after + 1)),
            _ => {}
        }
        let hundred = if self.is(after, &["hundred", "thousand"]) { after } else { start };
        if let Some((count, end)) = self.spelled(hundred) {
            let most = self.is(end, &["or", "to"]).then(|| self.spelled(end + 1)).flatten();
            return match most.filter(|it| count < it.0) {
                Some((most, end)) => Some((open(count, most), end)),
                None => Some((exact(count), end)),
            };
        }
        if self.is(start, &["a", "an"]) {
            return Some((Amount { article: true, ..exact(1) }, start + 1));
        }
        let count = self.number(start)?;
        // The end of "2.5" or of "10,000" is no number of its own.
        let part = self.glued(start) && [".", ","].contains(&self.before(start));
        if part && start.checked_sub(2).is_some_and(|it| self.number(it).is_some()) {
            return None;
        }
        let glued = |it: usize| self.glued(it) && self.glued(it + 1);
        if self.is(start + 1, &["."]) && glued(start + 1) && self.number(start + 2).is_some() {
            let half = self.tokens[start + 2].raw == "5";
            return half.then(|| (Amount { half, approximate: true, ..exact(count) }, start + 3));
        }
        if self.is(start + 1, &[","]) && glued(start + 1) {
            let rest = self.number(start + 2).filter(|_| self.tokens[start + 2].raw.len() == 3)?;
            return Some((exact(count.checked_mul(1_000)?.checked_add(rest)?), start + 3));
        }
        if self.is(start + 1, &["-", "–", "to", "or"])
            && let Some(most) = self.number(start + 2)
            && count < most
        {
            return Some((open(count, most), start + 3));
        }
        Some((exact(count), start + 1))
    }

    /// A number in words: "twenty-one", "two hundred", "a hundred and fifty".
    fn spelled(&self, at: usize) -> Option<(i64, usize)> {
        let below_hundred = |at: usize| {
            let count = words::number(self.low(at))?;
            let tens = (20..100).contains(&count) && count % 10 == 0;
            let ones = if tens && self.is(at + 1, &["-"]) {
                words::number(self.low(at + 2)).filter(|it| (1..=9).contains(it))
            } else {
                None
            };
            Some(ones.map_or((count, at + 1), |it| (count + it, at + 3)))
        };
        let first = below_hundred(at);
        let (count, hundred) = match first {
            Some(it) => it,
            // "A hundred", without a number before.
            None if self.is(at, &["hundred", "thousand"]) => (1, at),
            None => return None,
        };
        let each = match self.low(hundred) {
            "hundred" => 100,
            "thousand" => 1_000,
            _ => return first,
        };
        let more = self.is(hundred + 1, &["and"]).then(|| below_hundred(hundred + 2)).flatten();
        let (more, end) = more.unwrap_or((0, hundred + 1));
        Some((count * each + more, end))
    }

    /// An amount with its unit: "two weeks", "a year and a half", "half an hour", "5-day".
    pub(super) fn measure(&self, at: usize) -> Option<(Amount, Unit, usize)> {
        if self.is(at, &["half"]) {
            let (unit, 1) = words::unit(self.low(self.skip(at + 1, &["a", "an"])))? else {
                return None;
            };
            let none = Amount { least: 0, most: 0, approximate: true, article: false, half: true };
            let end = self.skip(at + 1, &["a", "an"]) + 1;
            return halves(none, unit, 1).map(|(amount, unit)| (amount, unit, end));
        }
        let (mut amount, mut after) = self.amount(at)?;
        let and_a_half = |it: usize| {
            self.is(it, &["and"]) && self.is(it + 1, &["a"]) && self.is(it + 2, &["half"])
        };
        if and_a_half(after) {
            (amount.half, after) = (true, after + 3);
        }
        // "3d ago", as lists of messages have it.
        let short = self.glued(after) && self.is(after + 1, &["ago"]);
        let letter = if short { words::short_unit(self.low(after)) } else { None };
        let after = self.skip(after, &["-", "full", "whole", "long", "more"]);
        let (unit, each) = letter.map(|it| (it, 1)).or_else(|| words::unit(self.low(after)))?;
        let mut end = after + 1;
        if and_a_half(end) {
            (amount.half, amount.article, end) = (true, false, end + 3);
        }
        if amount.half {
            amount.approximate = true;
            return halves(amount, unit, each).map(|(amount, unit)| (amount, unit, end));
        }
        // "A day or two", "ten years or so".
        let two = amount.article && self.is(end + 1, &["two"]);
        if self.is(end, &["or"]) && (two || self.is(end + 1, &["so"])) {
            amount.most += i64::from(two);
            (amount.approximate, amount.article, end) = (true, false, end + 2);
        }
        amount.least = amount.least.checked_mul(each)?;
        amount.most = amount.most.checked_mul(each)?;
        Some((amount, unit, end))
    }

    /// The period that lies `amount` units before (-1) or after (1) `day`.
    fn stepped(&self, day: Date, amount: Amount, unit: Unit, way: i64) -> Option<Period> {
        let (days, granularity) = steps(day, (amount.least, amount.most), unit, way)?;
        Some(Period { approximate: amount.approximate, ..Period::told(days, granularity) })
    }

    /// Periods named by another: "the week before 9 June", "two days after", "the weekend of 3 May".
    fn around(&self, at: usize, depth: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let weekday =
            words::weekday(self.low(start)).filter(|(_, full)| *full || self.is_capital(start));
        let measure = self.measure(start);
        let counted = measure.is_some();
        let (side, amount, unit) = if let Some((amount, unit, after)) = measure {
            (after, amount, unit)
        } else {
            let one = Amount { least: 1, most: 1, approximate: false, article: false, half: false };
            let skipped = self.skip(start, &["last"]);
            let unit = match words::unit(self.low(skipped)) {
                Some((unit, 1)) => unit,
                _ if weekday.is_some() || words::is_daytime(self.low(start)) => Unit::Day,
                _ => return None,
            };
            (skipped + 1, one, unit)
        };
        let named = weekday.is_some();
        // "Monday of last week", "Friday next week".
        // "Friday the week before last".
        let the = self.is(side, &["the"])
            && words::unit(self.low(side + 1)).is_some_and(|it| it.0 == Unit::Week);
        let of_week = the || self.is(side, &["of", "last", "this", "next"]);
        if of_week && named {
            let (week, end) = self
                .period(self.skip(side, &["of"]), depth)
                .filter(|(it, _)| it.granularity == Granularity::Week)?;
            let day = plus_days(week.days.first, weekday?.0)?;
            return Some((
                Period { days: Days::one(day), granularity: Granularity::Day, ..week },
                end,
            ));
        }
        let begins = ["of", "beginning", "commencing", "starting", "ending"];
        if self.is(side, &begins) && !counted {
            let short = |it: &Period| it.granularity == Granularity::Range && it.days.length() < 7;
            let (of, end) = self
                .period(side + 1, depth)
                .filter(|(it, _)| it.granularity <= Granularity::Day || short(it))?;
            let days = match unit {
                Unit::Week => (week_of(of.days.first)?, Granularity::Week),
                Unit::Weekend => (calendar::weekend_of(of.days.first)?, Granularity::Weekend),
                Unit::Day if self.is(side, &["of"]) => (of.days, of.granularity),
                _ => return None,
            };
            return Some((Period { days: days.0, granularity: days.1, ..of }, end));
        }
        // "Two weeks from Saturday", "a day from tomorrow".
        if counted && self.is(side, &["from"]) {
            return self.later(side + 1, amount, unit, depth);
        }
        let before = self.is(side, &["before", "prior"]);
        if !before && !self.is(side, &["after", "following"]) {
            return None;
        }
        let anchor_at = self.skip(side + 1, &["to"]);
        let last = before && self.is(anchor_at, &["last"]) && !counted;
        let next = !before && self.is(anchor_at, &["next"]) && !counted;
        let ends = !self.is_directed(anchor_at + 1);
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
        // "The week after next": of what "next" means, the one after.
        if next && ends && (named || unit != Unit::Day) {
            let two = Amount { least: 2, most: 2, ..amount };
            let weekend = || calendar::weekend_of(plus_days(self.told, 14)?);
            let period = match weekday {
                Some((weekday, _)) => {
                    let day = plus_days(self.weekday(at, Way::Next, weekday)?, 7)?;
                    Period::told(Days::one(day), Granularity::Day)
                }
                None if unit == Unit::Weekend => Period::told(weekend()?, Granularity::Weekend),
                None => self.stepped(self.told, two, unit, 1)?,
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

    /// Whether "last" or "next" before `at` belong to what stands there: "the week before last Christmas" has no week before
    /// the last.
    fn is_directed(&self, at: usize) -> bool {
        let low = self.low(at);
        // "The week before last may have been hard".
        let month =
            words::month(low).is_some() && (self.is_capital(at) || words::is_only_a_month(low));
        month
            || words::unit(low).is_some()
            || words::weekday(low).is_some()
            || words::season(low).is_some()
            || self.is(at, &["quarter", "qtr"])
            || self.any_feast(at).is_some()
    }

    /// So many days, weeks, months or years after a day that is named from `at` on, to the day.
    fn later(&self, at: usize, amount: Amount, unit: Unit, depth: usize) -> Found {
        let full = words::weekday(self.low(at)).filter(|it| it.1);
        let (anchor, end) = match full {
            Some((weekday, _)) => {
                let day = weekday_after(self.told, weekday)?;
                (Period::told(Days::one(day), Granularity::Day), at + 1)
            }
            // What counts from now is in calendar weeks.
            None if self.is(at, &["now"]) => return None,
            None => self.period(at, depth).filter(|(it, _)| it.granularity == Granularity::Day)?,
        };
        let at = |count: i64| day_from(anchor.days.first, count, unit);
        let days = Days::between(at(amount.least)?, at(amount.most)?)?;
        let open = amount.most > amount.least;
        let granularity = if open { Granularity::Range } else { Granularity::Day };
        Some((Period { days, granularity, approximate: amount.approximate, ..anchor }, end))
    }

    /// Whether the sentence goes on with a word at `at`.
    pub(super) fn goes_on(&self, at: usize) -> bool {
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
            _ => return self.half_of(start, depth),
        };
        let of = self.skip(self.skip(after, &["-", "of", "in"]), &["the"]);
        let (whole, end) =
            self.whole(of, depth).filter(|(it, _)| it.granularity > Granularity::Day)?;
        let days = third_of(whole.days, whole.granularity, third)?;
        Some((Period { days, granularity: Granularity::Range, approximate: true, ..whole }, end))
    }

    /// A period, or "the month", "the year" of the telling.
    fn whole(&self, of: usize, depth: usize) -> Found {
        self.period(of, depth).or_else(|| {
            let (unit, _) = words::unit(self.low(of)).filter(|_| self.before(of) == "the")?;
            let (days, granularity) = step(self.told, 0, unit)?;
            Some((Period::told(days, granularity), of + 1))
        })
    }

    /// "the first half of 2022", "the third quarter of last year", "4th quarter 2018", "H2 2022".
    fn half_of(&self, start: usize, depth: usize) -> Found {
        if self.is(start, &["h"]) && self.is_capital(start) && self.glued(start + 1) {
            let half = self.number(start + 1).filter(|it| (1..=2).contains(it))?;
            let (year, basis, end) = self.year_after(start + 2)?;
            let days = half_year(year, half)?;
            return Some((Period::based(days, Granularity::Range, basis), end));
        }
        let spelled = words::ordinal(self.low(start)).map(|it| (it, start + 1));
        let (nth, what) = spelled
            .or_else(|| self.day_number(start).filter(|it| it.1 == start + 2))
            .or_else(|| self.is(start, &["latter"]).then_some((2, start + 1)))?;
        let halves = match self.low(what) {
            "half" => true,
            "quarter" | "qtr" => false,
            _ => return None,
        };
        let nth = match nth {
            -1 if halves => 2,
            -1 => 4,
            _ => nth,
        };
        let said = self.year_after(what + 1).map(|(year, basis, end)| {
            (calendar::year(year).map(|it| Period::based(it, Granularity::Year, basis)), end)
        });
        let (whole, end) = match said {
            Some((year, end)) => (year?, end),
            None if self.is(what + 1, &["of", "in"]) => {
                self.whole(self.skip(what + 2, &["the"]), depth)?
            }
            None => return None,
        };
        let year = i64::from(whole.days.first.year());
        let days = match (halves, whole.granularity) {
            (true, Granularity::Year) => half_year(year, nth)?,
            (false, Granularity::Year) => quarter_of(year, nth)?,
            (true, Granularity::Month | Granularity::Season | Granularity::Decade) => {
                let middle = plus_days(whole.days.first, whole.days.length() / 2 - 1)?;
                match nth {
                    1 => Days::between(whole.days.first, middle)?,
                    2 => Days::between(plus_days(middle, 1)?, whole.days.last)?,
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some((Period { days, granularity: Granularity::Range, ..whole }, end))
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
        let (whole, end) = self.whole(self.skip(what + 2, &["the"]), depth)?;
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

    /// What "of" or "in" at `at` names by the calendar or by the day of telling, if that is longer than a day.
    fn of_whole(&self, at: usize, depth: usize) -> Found {
        let of = self.is(at, &["of", "in"]).then(|| self.skip(at + 1, &["the"]))?;
        self.whole(of, depth).filter(|(it, _)| it.granularity > Granularity::Day)
    }

    /// "the last two weeks of May 2023", "the first three months of the year".
    fn some_of(&self, at: usize, depth: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let first = match self.low(start) {
            "first" => true,
            "last" | "past" | "final" => false,
            _ => return None,
        };
        let (amount, unit, of) = self.measure(start + 1).filter(|it| !it.0.article)?;
        let (whole, end) = self.of_whole(of, depth)?;
        // "The past two months of this year" may end now, or with it.
        if self.is(start, &["past"]) && self.told <= whole.days.last {
            return None;
        }
        // Of an amount that is left open only that is sure: it lies in the whole.
        if amount.least < amount.most {
            return Some((Period { approximate: true, ..whole }, end));
        }
        let days = units_of(whole.days, amount.least, unit, first)?;
        // In weeks one counts from the first day or to the last one, whatever weekday that is.
        let approximate = amount.approximate || whole.approximate || unit == Unit::Week;
        Some((Period { days, granularity: Granularity::Range, approximate, ..whole }, end))
    }

    /// Periods counted from the day of telling: "yesterday", "last week", "two months ago", "in 3 days".
    fn relative(&self, at: usize) -> Found {
        self.near_day(at)
            .or_else(|| self.same_time(at))
            .or_else(|| self.directed(at))
            .or_else(|| self.counted(at))
            .or_else(|| self.named_ago(at))
            .or_else(|| self.of_month(at))
            .or_else(|| self.season_around(at))
            .or_else(|| self.open_weekend(at))
    }

    /// Days next to the day of telling.
    fn near_day(&self, at: usize) -> Found {
        let (shift, end) = match (self.low(at), self.low(at + 1)) {
            // As one says in Britain: "tomorrow week".
            ("today", "week") if self.number(at + 2).is_none() => (7, at + 2),
            ("tomorrow", "week") if self.number(at + 2).is_none() => (8, at + 2),
            ("yesterday", next) if words::is_daytime(next) => (-1, at + 2),
            ("today" | "tonight", _) => (0, at + 1),
            ("yesterday", _) => (-1, at + 1),
            (low, next) if words::is_tomorrow(low) => {
                (1, if words::is_daytime(next) { at + 2 } else { at + 1 })
            }
            ("last", "night" | "evening") => (-1, at + 2),
            ("this", next) if words::is_daytime(next) => (0, at + 2),
            ("day", "before") if self.is(at + 2, &["yesterday"]) => (-2, at + 3),
            ("day", "after") if self.is(at + 2, &["tomorrow"]) => (2, at + 3),
            ("night" | "evening", "before")
                if self.is(at + 2, &["last"]) && !self.is_directed(at + 3) =>
            {
                (-2, at + 3)
            }
            ("other", next) if self.before(at) == "the" => {
                let few = |least, most| Amount {
                    least,
                    most,
                    approximate: true,
                    article: false,
                    half: false,
                };
                let (amount, unit) = match next {
                    "day" => (few(2, 5), Unit::Day),
                    _ if words::is_daytime(next) => (few(2, 5), Unit::Day),
                    "week" => (few(1, 3), Unit::Week),
                    "weekend" => (few(1, 3), Unit::Weekend),
                    "month" => (few(1, 3), Unit::Month),
                    _ => return None,
                };
                return Some((self.stepped(self.told, amount, unit, -1)?, at + 2));
            }
            ("eod" | "cob" | "eow" | "eom" | "eoy", _) => return self.end_of(at),
            _ => return None,
        };
        Some((Period::told(Days::one(plus_days(self.told, shift)?), Granularity::Day), end))
    }

    /// "by EOD", "by EOM": the last day of what runs.
    fn end_of(&self, at: usize) -> Found {
        let unit = match self.low(at) {
            "eod" | "cob" => Unit::Day,
            "eow" => Unit::Week,
            "eom" => Unit::Month,
            _ => Unit::Year,
        };
        // "By EOD Friday" is Friday.
        let other = words::weekday(self.low(at + 1)).is_some()
            || self.is(at + 1, &["tomorrow", "on", "next", "today"]);
        let placed = ["by", "before", "until"].contains(&self.before(at)) && !other;
        let day = placed.then(|| step(self.told, 0, unit)).flatten()?.0.last;
        Some((Period::told(Days::one(day), Granularity::Day), at + 1))
    }

    /// "the 5th of next month", "the first of this month".
    fn of_month(&self, at: usize) -> Found {
        let (day, after) = self.day_number(at).or_else(|| self.day_word(at))?;
        let way = match self.low(after + 1) {
            "last" => -1,
            "this" => 0,
            "next" => 1,
            "the" if self.before(at) == "the" && after > at + 1 => 0,
            _ => return None,
        };
        let said = self.is(after, &["of"]) && self.is(after + 2, &["month"]);
        let month = said.then(|| step(self.told, way, Unit::Month)).flatten()?.0.first;
        let day = date(i64::from(month.year()), i64::from(month.month()), day)?;
        Some((Period::told(Days::one(day), Granularity::Day), after + 3))
    }

    /// "the summer before last".
    fn season_around(&self, at: usize) -> Found {
        let season = words::season(self.low(at))?;
        let way = match (self.low(at + 1), self.low(at + 2)) {
            _ if self.is_directed(at + 3) => return None,
            ("before", "last") => Way::Last,
            ("after", "next") => Way::Next,
            _ => return None,
        };
        let year = i64::from(self.told.year());
        let mut near = (year - 3..=year + 3).filter_map(|it| calendar::season(it, season));
        let days = if way == Way::Last {
            near.rev().filter(|it| it.last < self.told).nth(1)?
        } else {
            near.by_ref().filter(|it| it.first > self.told).nth(1)?
        };
        Some((Period::told(days, Granularity::Season), at + 3))
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
            ("recent", it) if it.ends_with('s') => (Way::Past, at + 1),
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
        if self.is(after, &["quarter", "qtr"]) && !the {
            return self.directed_quarter(way, after + 1);
        }
        // Before the months: "last May Day".
        if self.is(at, &["last", "this", "next"])
            && let Some(feast) = self.feast(after)
        {
            return Some(feast);
        }
        if let Some((weekday, full)) = words::weekday(self.low(after)) {
            let day = (full || self.is_capital(after))
                .then(|| self.weekday(at, way, weekday))
                .flatten()?;
            let end = if words::is_daytime(self.low(after + 1)) { after + 2 } else { after + 1 };
            return Some((Period::told(Days::one(day), Granularity::Day), end));
        }
        if let Some(month) = words::month(self.low(after)) {
            let named = self.is_capital(after) || words::is_only_a_month(self.low(after));
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
            let one = Amount { least: 1, most: 1, approximate: true, article: false, half: false };
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
        let period = Period::told(days, granularity);
        Some(self.within(period, unit, after + 1).unwrap_or((period, after + 1)))
    }

    /// What is named within a week, a month or a year: "last week on Tuesday", "next year in May".
    fn within(&self, whole: Period, unit: Unit, end: usize) -> Found {
        let first = whole.days.first;
        let (year, month) = (i64::from(first.year()), i64::from(first.month()));
        // "Last year, in May, we met": behind a comma it may begin what comes next.
        let inner = self.skip(end, &[","]);
        let closed = |it: usize| inner == end || !self.goes_on(it);
        let (days, granularity, end) = match unit {
            Unit::Week => {
                let mark = self.is(end, &["'", "’"]) && self.is(end + 1, &["s"]);
                let at = if mark { end + 2 } else { self.skip(end, &["on"]) };
                let (weekday, _) = words::weekday(self.low(at)).filter(|it| it.1)?;
                let day = Days::one(plus_days(first, weekday)?);
                let night = words::is_daytime(self.low(at + 1));
                (day, Granularity::Day, if night { at + 2 } else { at + 1 })
            }
            Unit::Month => {
                let the = self.is(inner, &["on"]) && self.is(inner + 1, &["the"]);
                let (day, end) = self
                    .day_number(inner + 2)
                    .filter(|it| the && it.1 > inner + 3 && closed(it.1))?;
                (Days::one(date(year, month, day)?), Granularity::Day, end)
            }
            Unit::Year => {
                let said = |it: usize| closed(it) && self.year_after(it).is_none();
                let (month, end) = self
                    .month_name(inner + 1)
                    .filter(|it| self.is(inner, &["in"]) && said(it.1))?;
                (calendar::month(year, month)?, Granularity::Month, end)
            }
            _ => return None,
        };
        Some((Period::told(days, granularity), end))
    }

    fn directed_quarter(&self, way: Way, end: usize) -> Found {
        let months = match way {
            Way::Last | Way::Past => -3,
            Way::This => 0,
            Way::Next | Way::Coming => 3,
        };
        let month = step(self.told, months, Unit::Month)?.0.first;
        let days = quarter_of(i64::from(month.year()), (i64::from(month.month()) + 2) / 3)?;
        Some((Period::told(days, Granularity::Range), end))
    }

    /// "the last three months", "the next few days": up to now, or from now on.
    fn stretch(&self, at: usize, way: Way) -> Found {
        if let Some((amount, unit, end)) = self.measure(at).filter(|it| !it.0.article) {
            // "The last two weeks of practice" may be of any; "the past two weeks of rain" end now.
            if self.is(end, &["of"]) && (way == Way::Last || self.of_whole(end, 1).is_some()) {
                return None;
            }
            return Some((self.up_to_now(amount, unit, way)?, end));
        }
        // "In the coming weeks", "in recent years".
        let (unit, each) = words::unit(self.low(at)).filter(|_| self.low(at).ends_with('s'))?;
        let placed = ["the", "in", "these", "over", "during"];
        let before = self.before(at - 1);
        if each != 1 || !placed.contains(&before) || self.is(at + 1, &["of", "'", "’"]) {
            return None;
        }
        let few = Amount { least: 2, most: 5, approximate: true, article: false, half: false };
        Some((self.up_to_now(few, unit, way)?, at + 1))
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
            let mark = self.is(end, &["'", "’"]);
            let of_it = if mark { self.skip(end + 1, &["s"]) } else { end };
            let end =
                self.skip(if mark && self.is(of_it, &["time"]) { of_it } else { end }, &["time"]);
            return Some((self.stepped(self.told, amount, unit, 1)?, end));
        }
        let (amount, unit, end) = self.measure(at)?;
        if let Some(found) = self.to_the_day(amount, unit, end) {
            return Some(found);
        }
        if self.is(end, &["ago", "back", "earlier"]) {
            let (days, granularity) = ago(self.told, (amount.least, amount.most), unit)?;
            let period =
                Period { approximate: amount.approximate, ..Period::told(days, granularity) };
            return Some(self.week_ago(period, amount, unit, end + 1).unwrap_or((period, end + 1)));
        }
        if self.is(end, &["from"]) && self.is(end + 1, &["now"]) {
            return Some((self.stepped(self.told, amount, unit, 1)?, end + 2));
        }
        None
    }

    /// "A year ago today", "two weeks ago yesterday": who names the day counts to it.
    fn to_the_day(&self, amount: Amount, unit: Unit, end: usize) -> Found {
        let day = match self.low(end + 1) {
            _ if amount.most > amount.least || !self.is(end, &["ago"]) => return None,
            "today" | "tonight" => self.told,
            "yesterday" => plus_days(self.told, -1)?,
            "tomorrow" => plus_days(self.told, 1)?,
            _ => return None,
        };
        let there = day_from(day, -amount.least, unit)?;
        Some((Period::told(Days::one(there), Granularity::Day), end + 2))
    }

    /// The day that follows "two weeks ago": "on Friday" of that week, or so many weeks before last Friday.
    fn week_ago(&self, week: Period, amount: Amount, unit: Unit, end: usize) -> Found {
        if unit != Unit::Week || week.granularity != Granularity::Week {
            return None;
        }
        let at = self.skip(end, &["on", "last"]);
        let (weekday, _) = words::weekday(self.low(at)).filter(|it| it.1)?;
        let day = if self.is(end, &["on"]) {
            plus_days(week.days.first, weekday)?
        } else {
            plus_days(weekday_before(self.told, weekday)?, amount.least.checked_mul(-7)?)?
        };
        Some((Period { days: Days::one(day), granularity: Granularity::Day, ..week }, at + 1))
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
    pub(super) fn absolute(&self, at: usize) -> Found {
        let weekday = words::weekday(self.low(at)).is_some();
        let start = if weekday { self.skip(self.skip(at + 1, &[","]), &["the"]) } else { at };
        self.numeric(start)
            .or_else(|| self.day_slash_month(start, weekday))
            .or_else(|| self.day_month(start))
            .or_else(|| self.month_day(start))
            .or_else(|| if weekday { self.weekday_dated(at, start) } else { None })
            .or_else(|| if weekday { None } else { self.long_period(at) })
    }

    /// "Tuesday the 19th": the nearest month in which that is so.
    fn weekday_dated(&self, at: usize, start: usize) -> Found {
        let (weekday, full) = words::weekday(self.low(at))?;
        let (day, end) = self.day_number(start).filter(|it| it.1 == start + 2)?;
        if !full && !self.is_capital(at) {
            return None;
        }
        let (year, month) = (i64::from(self.told.year()), i64::from(self.told.month()));
        let near = (month - 12..=month + 12).filter_map(|it| {
            let first = calendar::month(year, it)?.first;
            let day = date(i64::from(first.year()), i64::from(first.month()), day)?;
            let fits = i64::from(day.weekday().to_monday_zero_offset()) == weekday;
            fits.then(|| Days::one(day))
        });
        Some((Period::told(self.nearest(at, near.collect())?, Granularity::Day), end))
    }

    /// The number of a day: "7", "7th".
    fn day_number(&self, at: usize) -> Option<(i64, usize)> {
        let day =
            self.number(at).filter(|it| (1..=31).contains(it) && self.tokens[at].raw.len() <= 2)?;
        let suffix = self.glued(at + 1) && self.is(at + 1, &["st", "nd", "rd", "th"]);
        Some((day, if suffix { at + 2 } else { at + 1 }))
    }

    /// The number of a day as a word: "fourth", "twenty-first".
    fn day_word(&self, at: usize) -> Option<(i64, usize)> {
        let tens = match self.low(at) {
            "twenty" => 20,
            "thirty" => 30,
            low => return words::nth(low).map(|it| (it, at + 1)),
        };
        let ones = self.skip(at + 1, &["-"]);
        let day = words::nth(self.low(ones)).filter(|it| *it < 10)?;
        (tens + day <= 31).then_some((tens + day, ones + 1))
    }

    /// A month's name that starts with a capital letter or can be nothing else; or one in small letters by
    /// the number of a day or by a year, where it is no other word: "june 3rd", "12 aug", "sept 2021".
    pub(super) fn month_name(&self, at: usize) -> Option<(i64, usize)> {
        let month = words::month(self.low(at))?;
        // "Dec5" in small letters is of a hash.
        let hash = self.low(at).len() < 4 && (self.glued(at) || self.glued(at + 1));
        let one_of_two = hash || ["may", "march", "mar"].contains(&self.low(at));
        let day =
            |it: usize| self.day_number(it).is_some_and(|(_, end)| end > it + 1 || !one_of_two);
        let suffix = ["st", "nd", "rd", "th"].contains(&self.before(at));
        let year =
            !one_of_two && self.full_year(at + 1).is_some_and(|it| (1900..2100).contains(&it));
        let sure = self.is_capital(at)
            || words::is_only_a_month(self.low(at))
            || day(at + 1)
            || year
            || (!one_of_two && (suffix || self.day_number(at.wrapping_sub(1)).is_some()));
        let dot = self.low(at).len() <= 4 && self.is(at + 1, &["."]) && self.glued(at + 1);
        sure.then_some((month, if dot && self.number(at + 2).is_some() { at + 2 } else { at + 1 }))
    }

    /// A year after a date: "2023", ", 2023", "of 2023", "'23", "last year".
    pub(super) fn year_after(&self, at: usize) -> Option<(i64, Basis, usize)> {
        let of = self.skip(at, &["of"]);
        let told = i64::from(self.told.year());
        let near = match self.low(of) {
            _ if !self.is(of + 1, &["year"]) || self.is(of + 2, &["'", "’"]) => None,
            "last" => Some(told - 1),
            "this" => Some(told),
            "next" => Some(told + 1),
            _ => None,
        };
        if let Some(year) = near {
            return Some((year, Basis::Told, of + 2));
        }
        let dot = self.is(at, &["."]) && self.glued(at) && self.glued(at + 1);
        let start = if dot { at + 1 } else { self.skip(at, &[",", "of"]) };
        if self.is(start, &["'", "’"]) && self.glued(start + 1) {
            return Some((self.short_year(start + 1)?, Basis::Absolute, start + 2));
        }
        Some((self.full_year(start)?, Basis::Absolute, start + 1))
    }

    fn full_year(&self, at: usize) -> Option<i64> {
        let four = self.tokens.get(at).is_some_and(|it| it.raw.len() == 4);
        let bare = !self.glued(at) || self.is(at.wrapping_sub(1), &["-", "–", "(", ",", "/", "."]);
        self.number(at).filter(|it| four && bare && self.ends_year(at + 1) && *it >= 1)
    }

    /// The year of two digits behind an apostrophe: "'98".
    fn short_year(&self, at: usize) -> Option<i64> {
        let two = self.tokens.get(at).is_some_and(|it| it.raw.len() == 2);
        // "'42'" is quoted, "'22.5" and "'05-07" are more than a year.
        let mark = self.glued(at + 1) && self.is(at + 1, &["'", "’"]);
        let quoted = mark && !(self.glued(at + 2) && self.is(at + 2, &["s"]));
        let joined = (at + 1..at + 3).all(|it| self.glued(it))
            && self.is(at + 1, &[".", ",", "-", "–"])
            && self.number(at + 2).is_some();
        let ends = self.ends_year(at + 1) && !quoted && !joined;
        let number = self.number(at).filter(|_| two && ends)?;
        Some(self.of_two_digits(number))
    }

    /// Whether the number before `at` may be a year: no letter hangs on it, no sign of an amount or a time of day.
    fn ends_year(&self, at: usize) -> bool {
        let amount = self.is(at, &["%", "°", ":", "€", "$", "£"]);
        !self.glued(at) || !(amount || self.goes_on(at))
    }

    /// Two digits mean the past hundred years: nobody writes '98 of a year to come.
    pub(super) fn of_two_digits(&self, number: i64) -> i64 {
        let century = i64::from(self.told.year()) / 100 * 100;
        let year = century + number;
        if year > i64::from(self.told.year()) + 10 { year - 100 } else { year }
    }

    /// "7 May 2023", "the 4th of July".
    fn day_month(&self, at: usize) -> Found {
        let start = self.skip(at, &["the"]);
        let (day, after) = self.day_number(start).or_else(|| {
            // "The Fourth of July", where the word without "of" may be another's: "first March".
            self.day_word(start).filter(|it| self.is(it.1, &["of"]))
        })?;
        let (days, after) = self.day_range(day, self.day_list(day, after));
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
        let day_at = self.skip(after, &["the"]);
        let (day, after) = self.day_number(day_at).or_else(|| {
            // "In May second graders paint": a word is a day by "the", a preposition or a year.
            let (day, end) = self.day_word(day_at).filter(|_| !self.is_capital(day_at))?;
            let placed =
                ["on", "since", "until", "by", "before", "after"].contains(&self.before(at));
            let ends =
                self.year_after(end).is_some() || !self.goes_on(end) || is_joint(self.low(end));
            ((placed || day_at > after || self.year_after(end).is_some()) && ends)
                .then_some((day, end))
        })?;
        // "May 7:30" tells the hour, "May 10%" a share.
        if self.glued(after) && self.is(after, &[":", "%", "°"]) {
            return None;
        }
        let (days, end) = self.day_range(day, after);
        // "May 5 and 9 June": the second day has a month of its own.
        let other = end > after && self.month_name(self.skip(end, &["of"])).is_some();
        let (all, end_of_all) = self.day_range(day, self.day_list(day, after));
        let (days, after) = if other {
            ((day, day), after)
        } else if self.year_after(end_of_all).is_some() {
            (all, end_of_all)
        } else {
            (days, end)
        };
        self.dated_in(at, month, days, after)
    }

    /// The place before "and" of "3, 4 and 5", after the first.
    fn day_list(&self, first: i64, at: usize) -> usize {
        let (mut day, mut end) = (first, at);
        // More days than in a month are in no list of them.
        for _ in 0..31 {
            let next = self.is(end, &[","]).then(|| self.day_number(self.skip(end + 1, &["the"])));
            match next.flatten().filter(|it| day < it.0) {
                Some(next) => (day, end) = next,
                None => break,
            }
        }
        let joint = self.skip(end, &[","]);
        if end > at && self.is(joint, &["and"]) { joint } else { at }
    }

    /// The second day of "5-6", "30 to 31", "the 5th to the 9th".
    fn day_range(&self, first: i64, at: usize) -> ((i64, i64), usize) {
        let marked = self.is(at, &["-", "–", "to", "and", "until", "till", "through"]);
        let day_at = self.skip(at + 1, &["the"]);
        // "May 5 and the 9 dwarfs".
        let sure = |it: &(i64, usize)| day_at == at + 1 || it.1 > day_at + 1;
        let second = marked.then(|| self.day_number(day_at).filter(sure));
        match second.flatten() {
            Some((last, after)) if first < last => ((first, last), after),
            _ => ((first, first), at),
        }
    }

    fn dated_in(&self, at: usize, month: i64, (first, last): (i64, i64), after: usize) -> Found {
        let of_year =
            |year: i64| Days::between(date(year, month, first)?, date(year, month, last)?);
        let granularity = if first == last { Granularity::Day } else { Granularity::Range };
        let named = |days: Days, basis: Basis, end: usize| {
            let (days, kind, end) = self.weekend_by(days, end);
            let kind = if kind == Granularity::Weekend { kind } else { granularity };
            (Period::based(days, kind, basis), end)
        };
        if let Some((year, basis, end)) = self.year_after(after) {
            return Some(named(of_year(year)?, basis, end));
        }
        let year = i64::from(self.told.year());
        // A leap day may be eight years off.
        let near = (year - 8..=year + 8).filter_map(of_year).collect();
        Some(named(self.nearest(at, near)?, Basis::Told, after))
    }

    /// Months, seasons, quarters and decades with their year.
    fn long_period(&self, at: usize) -> Found {
        if let Some((month, after)) = self.month_name(at) {
            if let Some((year, basis, end)) = self.year_after(after) {
                let days = calendar::month(year, month)?;
                return Some((Period::based(days, Granularity::Month, basis), end));
            }
            return self.months(at, month, after);
        }
        if let Some(season) = words::season(self.low(at))
            && let Some((year, basis, end)) = self.year_after(at + 1)
        {
            // "Winter 2022/23" is the one that begins in the first of both.
            let next = self.is(end, &["-", "–", "/"]) && (end..end + 2).all(|it| self.glued(it));
            let both = next && self.number(end + 1) == Some((year + 1) % 100);
            let end = if both { end + 2 } else { end };
            let days = calendar::season(year, season)?;
            return Some((Period::based(days, Granularity::Season, basis), end));
        }
        if self.is(at, &["q"])
            && self.glued(at + 1)
            && let Some(quarter @ 1..=4) = self.number(at + 1)
        {
            let joined = self.skip(at + 2, &["-", "/"]);
            let said = self.year_after(at + 2).or_else(|| self.year_after(joined));
            if said.is_none() && !self.is_capital(at) {
                return None;
            }
            let today = (i64::from(self.told.year()), Basis::Told, at + 2);
            let (year, basis, end) = said.unwrap_or(today);
            return Some((
                Period::based(quarter_of(year, quarter)?, Granularity::Range, basis),
                end,
            ));
        }
        self.decade(at).or_else(|| self.century(at))
    }

    /// "May to July 2022", "Jan-Mar 2023", "June–August".
    fn months(&self, at: usize, month: i64, after: usize) -> Found {
        let marks = ["-", "–", "to", "through", "thru", "until"];
        let between = self.before(at) == "between" && self.is(after, &["and"]);
        let marked = between || self.is(after, &marks);
        let (last, end) = marked.then(|| self.month_name(after + 1))??;
        let named = |it: usize| self.is_capital(it) || words::is_only_a_month(self.low(it));
        let both = named(at) && named(after + 1) && month != last;
        let of_year = |year: i64| {
            let first = if month < last { year } else { year - 1 };
            let first = calendar::month(first, month)?.first;
            Days::between(first, calendar::month(year, last)?.last)
        };
        // A day follows: "May to July 5".
        if !both || self.day_number(end).is_some() {
            return None;
        }
        if let Some((year, basis, end)) = self.year_after(end) {
            return Some((Period::based(of_year(year)?, Granularity::Range, basis), end));
        }
        let year = i64::from(self.told.year());
        let near = (year - 1..=year + 1).filter_map(of_year).collect();
        Some((Period::told(self.nearest(at, near)?, Granularity::Range), end))
    }

    /// "the 19th century", "the 1800s".
    fn century(&self, at: usize) -> Found {
        let (number, after) = self.day_number(at).or_else(|| self.day_word(at))?;
        let sure = self.is(self.skip(after, &["-"]), &["century"]) && number <= 21;
        let end = self.skip(after, &["-"]) + 1;
        if !sure || self.is(end, &["bc", "bce"]) {
            return None;
        }
        let first =
            calendar::year((number - 1) * 100).or_else(|| calendar::year(1)).map(|it| it.first)?;
        let last = calendar::year(number * 100 - 1)?.last;
        Some((Period::absolute(Days { first, last }, Granularity::Range), end))
    }

    /// "the 1990s", "the '90s", "the 80s".
    fn decade(&self, at: usize) -> Found {
        // "Temperatures in the eighties", "the high 80s".
        let weather = ["temperature", "temperatures", "degrees", "highs", "lows", "weather"];
        if (at.saturating_sub(6)..at).any(|it| self.is(it, &weather)) {
            return None;
        }
        let of_them = ["the", "early", "late", "mid", "-"].contains(&self.before(at));
        if let Some(year) = words::decade(self.low(at)).filter(|_| of_them) {
            return Some((Period::absolute(calendar::decade(year)?, Granularity::Decade), at + 1));
        }
        let start = if self.is(at, &["'", "’"]) && self.glued(at + 1) { at + 1 } else { at };
        let plural = self.glued(start + 1) && self.is(start + 1, &["s"]);
        let number = self.number(start).filter(|it| plural && it % 10 == 0)?;
        let year = match self.tokens[start].raw.len() {
            // "The 1800s" are a hundred years, "the 2000s" ten.
            // "1000s of bytes".
            4 if number < 1500 && self.before(at) != "the" || self.is(start + 2, &["of"]) => {
                return None;
            }
            4 if number % 100 == 0 && number < 2000 => {
                let first = calendar::year(number)?.first;
                let last = calendar::year(number + 99)?.last;
                let days = Days { first, last };
                return Some((Period::absolute(days, Granularity::Range), start + 2));
            }
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
        let daytime = words::is_daytime(self.low(at + 1));
        let placed = self.before(at) == "on" && weekday != 6;
        // "Fri night was fun", where the name alone would be a word: "sun", "wed", "sat".
        let named = full || (self.is_capital(at) && (placed || daytime));
        // "Black Friday" and "Good Friday" are dates of their own, "Sunday School" is none.
        let other = ["good", "black", "ash", "palm", "cyber"].contains(&self.before(at))
            || self.is(at + 1, &["school", "times", "post", "roast"]);
        if !named || other {
            return None;
        }
        // "Monday.com", "Saturday Night Live".
        let site = self.is(at + 1, &["."]) && self.glued(at + 1) && self.glued(at + 2);
        if (site && self.goes_on(at + 2)) || self.is(at + 2, &["live"]) {
            return None;
        }
        // As one says in Britain: "Friday week".
        if self.is(at + 1, &["week"]) && self.number(at + 2).is_none() {
            let day = plus_days(weekday_after(self.told, weekday)?, 7)?;
            return Some((Period::told(Days::one(day), Granularity::Day), at + 2));
        }
        let day = match self.tense(at) {
            Tense::Future => weekday_after(self.told, weekday)?,
            _ => weekday_before(self.told, weekday)?,
        };
        let end = if daytime { at + 2 } else { at + 1 };
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
            || (self.is_capital(at)
                && ["before", "after", "to", "through", "and", "between", "until"]
                    .contains(&before));
        // "Mar" and "Jan" are names as well, and "march" is what soldiers do.
        let small = ["april", "june"].contains(&low);
        let named = self.is_capital(at) || small || (before == "in" && low.len() > 3);
        // "April said", "In May we trust": a preposition makes the month sure, a capital alone does not.
        // "May and June 2023 were hot."
        let listed = || {
            let next = (0..2).fold(at + 1, |it, _| self.skip(it, &[",", "and", "or", "&"]));
            let months = self.is_capital(at) && next > at + 1 && self.month_name(next).is_some();
            months && self.day_number(next + 1).is_none() && self.listed(at + 1).is_some()
        };
        let sure = words::is_only_a_month(low) || (placed && named) || listed();
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
            "in",
            "during",
            "over",
            "since",
            "until",
            "by",
            "early",
            "late",
            "mid",
            "of",
            "for",
            "-",
            "all",
            "whole",
            "entire",
            "throughout",
        ];
        let things = ["camp", "school", "job", "clothes", "coat", "olympics", "games", "house"];
        if self.is(at + 1, &things) {
            return None;
        }
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
        let spans = ["week", "weekend", "night", "morning", "evening", "day", "afternoon"];
        let of = self.before(at) == "of" && spans.contains(&self.low(at.wrapping_sub(2)));
        if !self.is(at, &["the"])
            || !(of || ["on", "by", "since", "until", "before", "after"].contains(&self.before(at)))
        {
            return None;
        }
        let (day, end) = self.day_number(at + 1).filter(|(_, end)| *end == at + 3)?;
        if self.goes_on(end) && self.is(end, NTH_THINGS) {
            return None;
        }
        let (year, month) = (i64::from(self.told.year()), i64::from(self.told.month()));
        let near = (month - 2..=month + 2).filter_map(|it| {
            let first = calendar::month(year, it)?.first;
            date(i64::from(first.year()), i64::from(first.month()), day).map(Days::one)
        });
        Some((Period::told(self.nearest(at, near.collect())?, Granularity::Day), end))
    }

    /// "in 2021", "(2021)", "in '98"; and a text that is nothing but a year.
    fn bare_year(&self, at: usize) -> Found {
        let before = self.before(at);
        if self.is(at, &["'", "’"]) && self.glued(at + 1) {
            let placed = [
                "in", "since", "until", "from", "by", "during", "of", "before", "after", "between",
            ];
            // "From '19 to '21".
            let second = ["to", "and", "through", "-", "–"].contains(&before)
                && at.checked_sub(3).is_some_and(|it| {
                    self.is(it, &["'", "’"]) && self.short_year(it + 1).is_some()
                });
            let year = self.short_year(at + 1).filter(|_| second || placed.contains(&before))?;
            return Some((Period::absolute(calendar::year(year)?, Granularity::Year), at + 2));
        }
        let year = self.full_year(at)?;
        let placed = [
            "in",
            "since",
            "until",
            "till",
            "by",
            "during",
            "of",
            "from",
            "before",
            "after",
            "around",
            "circa",
            "early",
            "late",
            "mid",
            "year",
            "between",
            "and",
            "to",
            "(",
            "-",
            "–",
            "throughout",
        ];
        let modern = (1900..2100).contains(&year);
        let goes_on = self.goes_on(at + 1);
        let joint = is_joint(self.low(at + 1)) || self.is(at + 1, &["till"]);
        let counted = goes_on && !joint && !["in", "since"].contains(&before);
        let alone = self.tokens.len() <= 3 && at == 0 && (!goes_on || joint);
        // "555-2023" is a telephone number, "2019-2021" are years, "mid-2021" is a part of one.
        let joined = ["-", "–"].contains(&before)
            && at.checked_sub(2).is_some_and(|it| {
                self.full_year(it).is_none() && !self.is(it, &["mid", "early", "late"])
            });
        // "In 2000 words": plurals are counted, and so is what goes on with a mark, "2021-nCoV".
        let next = self.low(at + 1);
        let plural = next.len() > 3
            && next.ends_with('s')
            && !self.is_capital(at + 1)
            && !["this", "perhaps", "always", "plus", "across", "besides", "unless"]
                .contains(&next);
        let marked = self.is(at + 1, &["-"]) && self.glued(at + 1) && self.goes_on(at + 2);
        let thing = plural || marked || self.is(at + 1, &["people"]);
        // "From 2000 to 3000".
        let amount = self.is(at + 1, &["to", "-", "–", "and"])
            && self.number(at + 2).is_some_and(|it| it >= 2100)
            || ["to", "and", "-", "–"].contains(&before)
                && at
                    .checked_sub(2)
                    .and_then(|it| self.number(it))
                    .is_some_and(|it| it > 31 && !(1000..2100).contains(&it));
        let sure = (alone && !marked)
            || (modern && placed.contains(&before) && !counted && !thing && !joined && !amount);
        sure.then_some(())?;
        Some((Period::absolute(calendar::year(year)?, Granularity::Year), at + 1))
    }

    /// Which of `choices`, in the order of time, the sentence around `at` speaks of: the latest that has
    /// begun, the first that has not ended, or, where it leaves that open, the nearest.
    pub(super) fn nearest(&self, at: usize, choices: Vec<Days>) -> Option<Days> {
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

/// After the number of a day these count something else: "on the 5th floor".
const NTH_THINGS: &[&str] = &[
    "amendment",
    "anniversary",
    "attempt",
    "avenue",
    "birthday",
    "build",
    "century",
    "chapter",
    "day",
    "district",
    "edition",
    "element",
    "episode",
    "floor",
    "game",
    "generation",
    "grade",
    "hole",
    "hour",
    "item",
    "iteration",
    "level",
    "line",
    "match",
    "minute",
    "month",
    "of",
    "page",
    "percentile",
    "person",
    "place",
    "quarter",
    "question",
    "round",
    "row",
    "run",
    "season",
    "step",
    "street",
    "time",
    "try",
    "version",
    "wave",
    "week",
    "year",
];

/// Where "last", "this" and "next" point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Last,
    Past,
    This,
    Next,
    Coming,
}

/// The day so many units from `day`, to the day.
fn day_from(day: Date, count: i64, unit: Unit) -> Option<Date> {
    match unit {
        Unit::Day => plus_days(day, count),
        Unit::Week => plus_days(day, count.checked_mul(7)?),
        Unit::Month => Some(same_day(step(day, count, unit)?.0, day)),
        Unit::Year => Some(same_day(step(day, count.checked_mul(12)?, Unit::Month)?.0, day)),
        _ => None,
    }
}

pub(super) fn same_day(month: Days, day: Date) -> Date {
    let wanted = i64::from(day.day()) - 1;
    plus_days(month.first, wanted.min(month.length() - 1)).unwrap_or(month.last)
}

/// So many units at the beginning or the end of a whole; nothing where it is not made of so many.
fn units_of(whole: Days, count: i64, unit: Unit, first: bool) -> Option<Days> {
    let back = count.checked_sub(1)?;
    let (from, to) = match unit {
        Unit::Second | Unit::Minute | Unit::Hour => return None,
        Unit::Day | Unit::Week => {
            let each = if unit == Unit::Week { 7 } else { 1 };
            let back = count.checked_mul(each)?.checked_sub(1)?;
            (plus_days(whole.last, back.checked_neg()?), plus_days(whole.first, back))
        }
        Unit::Weekend => {
            let nth = |nth: i64| nth_weekday(whole, nth, 5);
            let back = back.checked_mul(7)?;
            let (sunday, saturday) = (
                plus_days(nth(1)?, back.checked_add(1)?),
                plus_days(nth(-1)?, back.checked_neg()?),
            );
            let days = if first {
                Days::between(nth(1)?, sunday?)
            } else {
                Days::between(saturday?, plus_days(nth(-1)?, 1)?)
            };
            return days.filter(|it| whole.contains(it.first) && it.first <= whole.last);
        }
        Unit::Month | Unit::Year | Unit::Decade => {
            let months = match unit {
                Unit::Month => 1,
                Unit::Year => 12,
                _ => 120,
            };
            let back = count.checked_mul(months)?.checked_sub(1)?;
            let whole_months = whole.first.day() == 1 && whole.last == whole.last.last_of_month();
            let from = step(whole.last, back.checked_neg()?, Unit::Month)?.0.first;
            let to = step(whole.first, back, Unit::Month)?.0.last;
            whole_months.then_some((Some(from), Some(to)))?
        }
    };
    let days =
        if first { Days::between(whole.first, to?)? } else { Days::between(from?, whole.last)? };
    (whole.contains(days.first) && whole.contains(days.last)).then_some(days)
}

/// A half of a year.
fn half_year(year: i64, half: i64) -> Option<Days> {
    let second = half.checked_mul(2)?;
    let (first, last) = (quarter_of(year, second - 1)?, quarter_of(year, second)?);
    Days::between(first.first, last.last)
}

/// An amount of units and a half more, in units that it can be counted in.
fn halves(amount: Amount, unit: Unit, each: i64) -> Option<(Amount, Unit)> {
    let (unit, whole) = match unit {
        Unit::Minute => (Unit::Second, 60),
        Unit::Hour => (Unit::Minute, 60),
        Unit::Day => (Unit::Hour, 24),
        Unit::Week => (Unit::Day, 7),
        Unit::Month => (Unit::Week, 4),
        Unit::Year => (Unit::Month, 12),
        Unit::Decade => (Unit::Year, 10),
        Unit::Second | Unit::Weekend => return None,
    };
    let count = |it: i64| it.checked_mul(2)?.checked_add(1)?.checked_mul(whole)?.checked_mul(each);
    // Half a week is three days or four.
    let (least, most) = (count(amount.least)? / 2, count(amount.most)?.checked_add(1)? / 2);
    Some((Amount { least, most, half: false, ..amount }, unit))
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

pub(super) fn nth_weekday(whole: Days, nth: i64, weekday: i64) -> Option<Date> {
    let day = if nth < 0 {
        weekday_before(plus_days(whole.last, 1)?, weekday)?
    } else {
        plus_days(weekday_after(plus_days(whole.first, -1)?, weekday)?, (nth - 1) * 7)?
    };
    whole.contains(day).then_some(day)
}
