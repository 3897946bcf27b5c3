//! Times of day: "3 pm", "15:30", "half past three", "10:00:00Z".

use super::{period::Reader, words};

/// Minutes after midnight.
type Minutes = i64;

const HOUR: Minutes = 60;
const HALF_DAY: Minutes = 12 * HOUR;
const DAY: Minutes = 24 * HOUR;

/// Numbers with a colon that follow these words are places in a text, or results.
const NO_CLOCK: &[&str] = &[
    "line",
    "lines",
    "verse",
    "chapter",
    "ratio",
    "score",
    "aspect",
    "scale",
    "psalm",
    "psalms",
    "genesis",
    "exodus",
    "proverbs",
    "isaiah",
    "matthew",
    "mark",
    "luke",
    "john",
    "acts",
    "romans",
    "corinthians",
    "ephesians",
    "hebrews",
    "revelation",
];

impl Reader<'_> {
    /// A time of day that begins with the token `at`.
    pub(super) fn clock(&self, at: usize) -> Option<(Minutes, usize)> {
        match self.low(at) {
            "noon" | "midday" => return Some((HALF_DAY, at + 1)),
            "midnight" => return Some((0, at + 1)),
            _ => {}
        }
        // What hangs on a letter or a mark is a part of something else.
        let before = self.before(at);
        let part = before.starts_with(char::is_alphanumeric) || [":", ".", "/"].contains(&before);
        if (self.glued(at) && part) || NO_CLOCK.contains(&before) {
            return None;
        }
        self.spoken(at).or_else(|| self.digits(at))
    }

    /// "15:30", "10:00:00", "3 pm", "3.30pm", "7 o'clock", "7 in the evening".
    pub(super) fn digits(&self, at: usize) -> Option<(Minutes, usize)> {
        let hour = self.number(at).filter(|it| *it < 24 && self.tokens[at].raw.len() <= 2);
        // "Three o'clock", "seven pm".
        let spelled = || words::number(self.low(at)).filter(|it| (1..=12).contains(it));
        let hour = hour.or_else(spelled)?;
        let colon = self.sixtieth(at + 1, ":");
        // "3.30pm": with a dot only where what follows says that it is a time.
        let dotted = self.sixtieth(at + 1, ".").filter(|_| self.half_of_day(at + 3).is_some());
        let minute = colon.or(dotted);
        let mut after = if minute.is_some() { at + 3 } else { at + 1 };
        if colon.is_some() && self.sixtieth(after, ":").is_some() {
            after += 2;
            let fraction = self.is(after, &[".", ","])
                && (after..after + 2).all(|it| self.glued(it))
                && self.number(after + 1).is_some();
            after += if fraction { 2 } else { 0 };
        }
        // Another colon: it is no time of day at all ("1:20:300").
        if self.is(after, &[":"]) && self.glued(after) {
            return None;
        }
        let of_clock = self.is(after, &["o"]) && self.is(after + 2, &["clock"]);
        let full = if of_clock { after + 3 } else { self.skip(after, &["oclock"]) };
        let minute = minute.unwrap_or(0);
        let sure = after >= at + 3 || full > after;
        // "I take two in the morning" tells no hour.
        let placed = sure || ["at", "around", "about", "by", "until"].contains(&self.before(at));
        let half = self.half_of_day(full).filter(|_| placed || !self.is(full, &["in"]));
        match half {
            Some((afternoon, end)) if (1..=12).contains(&hour) => {
                Some((hour % 12 * HOUR + afternoon + minute, end))
            }
            _ if sure => Some((hour * HOUR + minute, full)),
            _ => None,
        }
    }

    /// The value of a mark and two digits below 60, each without a space.
    fn sixtieth(&self, at: usize, mark: &str) -> Option<Minutes> {
        let marked = self.is(at, &[mark]) && self.glued(at) && self.glued(at + 1);
        self.number(at + 1).filter(|it| marked && *it < 60 && self.tokens[at + 1].raw.len() == 2)
    }

    /// "half past three", "a quarter to four pm", "ten past five".
    fn spoken(&self, at: usize) -> Option<(Minutes, usize)> {
        let start = self.skip(at, &["a"]);
        let minute = match self.low(start) {
            "half" => 30,
            "quarter" => 15,
            low => {
                let number = self.number(start).or_else(|| words::number(low));
                number.filter(|it| matches!(it, 5 | 10 | 20 | 25))?
            }
        };
        let sign = match self.low(start + 1) {
            "past" => 1,
            // "Ten to one" is a chance.
            "to" if minute == 15 || self.before(at) == "at" => -1,
            _ => return None,
        };
        let hour = start + 2;
        let number = self.number(hour).or_else(|| words::number(self.low(hour)));
        let noon = if self.is(hour, &["noon", "midday"]) { Some(12) } else { number };
        let of_day = noon.filter(|it| (1..=12).contains(it))?;
        let after = self.skip(hour + 1, &["oclock"]);
        let (afternoon, end) = self.half_of_day(after).unwrap_or((-1, after));
        // "A quarter to four people": a word that counts follows.
        let goes_on = self.tokens.get(end).is_some_and(|it| it.is_word() && !is_joint(&it.low));
        if afternoon < 0 && goes_on {
            return None;
        }
        let of_day = if afternoon < 0 { of_day * HOUR } else { of_day % 12 * HOUR + afternoon };
        Some(((of_day + sign * minute).rem_euclid(DAY), end))
    }

    /// "am", "p.m.", "in the evening": the minutes that it adds.
    pub(super) fn half_of_day(&self, at: usize) -> Option<(Minutes, usize)> {
        if self.is(at, &["in"]) && self.is(at + 1, &["the"]) {
            return match self.low(at + 2) {
                "morning" => Some((0, at + 3)),
                "afternoon" | "evening" => Some((HALF_DAY, at + 3)),
                _ => None,
            };
        }
        let minutes = match self.low(at) {
            "am" | "a" => 0,
            "pm" | "p" => HALF_DAY,
            _ => return None,
        };
        if self.tokens[at].raw.len() == 2 {
            return Some((minutes, at + 1));
        }
        let dotted = self.is(at + 1, &["."])
            && self.is(at + 2, &["m"])
            && (1..3).all(|it| self.glued(at + it));
        dotted.then(|| (minutes, self.skip(at + 3, &["."])))
    }

    /// Two times of day, where the second stands: "9:30 - 11:00", "8am to 1pm".
    pub(super) fn clock_to(&self, from: Minutes, at: usize) -> Option<(Minutes, usize)> {
        let marks = ["-", "–", "to", "until", "till"];
        // "10:00 -05:00" is ahead of UTC or behind it.
        if self.is(at, &["-"]) && !self.glued(at) && self.glued(at + 1) {
            return None;
        }
        let (to, end) = self.is(at, &marks).then(|| self.clock_after(at + 1))??;
        let to = if to > from { to } else { to + HALF_DAY };
        (to > from && to - from <= DAY).then_some((to, end))
    }

    /// A time of day that may hang on a mark before it.
    fn clock_after(&self, at: usize) -> Option<(Minutes, usize)> {
        self.clock(at).or_else(|| self.digits(at))
    }

    /// "9-11am": the hours whose half of the day is said once.
    pub(super) fn hours(&self, at: usize) -> Option<(Minutes, Minutes, usize)> {
        let hour = self.number(at).filter(|it| (1..=12).contains(it) && !self.glued(at))?;
        if !self.is(at + 1, &["-", "–", "to"]) || self.number(at + 2).is_none() {
            return None;
        }
        let (to, end) = self.digits(at + 2)?;
        let said = self.half_of_day(end - 1).or_else(|| self.half_of_day(end.checked_sub(4)?));
        said.filter(|it| it.1 == end)?;
        let near = hour % 12 * HOUR + to / HALF_DAY * HALF_DAY;
        let from = if near < to { near } else { near - HALF_DAY };
        (from >= 0).then_some((from, to, end))
    }

    /// "tonight at 8", said of an evening that ends before `at`.
    pub(super) fn evening_hour(&self, at: usize) -> Option<(Minutes, usize)> {
        let evening = self.is(at.checked_sub(1)?, &["tonight", "evening", "night"]);
        let hour = self.number(at + 1).filter(|it| evening && (5..=11).contains(it))?;
        let bare = self.is(at, &["at"]) && !self.glued(at + 2);
        let ends = self.tokens.get(at + 2).is_none_or(|it| !it.is_word() || is_joint(&it.low));
        (bare && ends).then_some((HALF_DAY + hour * HOUR, at + 2))
    }

    /// What a time is ahead of UTC: "Z", " -0500"; and, where the time is `glued` to its day, "+02:00".
    pub(super) fn offset(&self, at: usize, glued: bool) -> Option<(Minutes, usize)> {
        if self.is(at, &["z", "utc", "gmt"]) {
            return Some((0, at + 1));
        }
        let sign = match self.low(at) {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let length = self.glued(at + 1).then(|| self.tokens[at + 1].raw.len())?;
        let number = self.number(at + 1)?;
        let (hours, minutes, end) = match length {
            4 => (number / 100, number % 100, at + 2),
            2 if glued => (number, self.sixtieth(at + 2, ":")?, at + 4),
            _ => return None,
        };
        (hours <= 14 && minutes < 60).then_some((sign * (hours * HOUR + minutes), end))
    }
}

/// Words that go on with a sentence after a time in it.
pub(super) fn is_joint(low: &str) -> bool {
    matches!(
        low,
        "a" | "after"
            | "and"
            | "as"
            | "at"
            | "because"
            | "before"
            | "but"
            | "by"
            | "for"
            | "from"
            | "he"
            | "i"
            | "if"
            | "in"
            | "instead"
            | "is"
            | "it"
            | "last"
            | "my"
            | "next"
            | "on"
            | "or"
            | "our"
            | "she"
            | "so"
            | "sharp"
            | "that"
            | "the"
            | "then"
            | "there"
            | "they"
            | "this"
            | "to"
            | "today"
            | "tomorrow"
            | "tonight"
            | "until"
            | "was"
            | "we"
            | "were"
            | "when"
            | "will"
            | "with"
            | "yesterday"
            | "you"
    )
}
