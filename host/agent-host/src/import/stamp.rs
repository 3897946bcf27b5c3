//! Times as chats and notes write them: `31/12/2023, 10:11:12`, `17.05.24, 10:11`, `1/2/24, 10:12 PM`.
//!
//! Which of two numbers is the day is not said: apps write it as the language of the telephone has it. So a time is
//! read where one reading alone is a day, or where others of the same file show which it is. Nothing is guessed.

use std::collections::BTreeSet;

use voyager_base::clock::Timestamp;

use crate::when;

/// A day with a time of it, as somebody wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// What stands between the numbers of the day.
    sign: char,
    year: i64,
    /// The day and the month, in the order in which they stand.
    numbers: [i64; 2],
    /// Which of them is the day, where the way of writing says it.
    order: Option<Order>,
    /// Since the day began, where the time of the day is said.
    micros: Option<i64>,
}

/// Which number is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
}

impl Stamp {
    /// Reads one. None where it is something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (day, rest) = Self::day(text)?;
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim();
        let micros = if rest.is_empty() { None } else { Some(time_of_day(rest)?) };
        Some(Self { micros, ..day })
    }

    /// The day that a text begins with, and what stands behind it.
    fn day(text: &str) -> Option<(Self, &str)> {
        let mut rest = unmarked(text).trim();
        let first = digits(&mut rest)?;
        let sign = rest.chars().next().filter(|it| matches!(it, '/' | '.' | '-'))?;
        let mut next = || {
            rest = rest.strip_prefix(sign)?;
            digits(&mut rest)
        };
        let (second, third) = (next()?, next()?);
        let dotted = (sign == '.').then_some(Order::DayFirst);
        let lengths = [first, second, third].map(str::len);
        let [first, second, third] = [first, second, third].map(|it| it.parse().unwrap_or(0));
        let (year, numbers, order) = match lengths {
            [4, 1 | 2, 1 | 2] => (first, [second, third], Some(Order::MonthFirst)),
            [1 | 2, 1 | 2, 4] => (third, [first, second], dotted),
            [1 | 2, 1 | 2, 2] => (of_two_digits(third), [first, second], dotted),
            _ => return None,
        };
        Some((Self { sign, year, numbers, order, micros: None }, rest))
    }

    /// Whether the time of the day is said.
    pub(super) fn has_time_of_day(&self) -> bool {
        self.micros.is_some()
    }

    /// What it means with the day first, and with the month first.
    fn readings(&self) -> [Option<Timestamp>; 2] {
        match self.order {
            Some(order) => [self.at(order); 2],
            None => [Order::DayFirst, Order::MonthFirst].map(|it| self.at(it)),
        }
    }

    fn at(&self, order: Order) -> Option<Timestamp> {
        let [first, second] = self.numbers;
        let (month, day) = match order {
            Order::DayFirst => (second, first),
            Order::MonthFirst => (first, second),
        };
        let micros = when::start_of(self.year, month, day)? + self.micros.unwrap_or(0);
        u64::try_from(micros).ok().map(Timestamp::from_micros)
    }
}

/// A year without its century: chats are younger than computers.
fn of_two_digits(year: i64) -> i64 {
    if year < 70 { 2_000 + year } else { 1_900 + year }
}

/// The digits that a text begins with, which are taken from it.
fn digits<'a>(text: &mut &'a str) -> Option<&'a str> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(count);
    *text = rest;
    (1..=4).contains(&count).then_some(digits)
}

/// `10:11`, `10.11.12`, `10:11 PM`, `10:11 p. m.`, in microseconds.
fn time_of_day(text: &str) -> Option<i64> {
    let mut rest = text;
    let hour = digits(&mut rest).filter(|it| it.len() <= 2)?;
    let sign = rest.chars().next().filter(|it| matches!(it, ':' | '.'))?;
    let mut next = || {
        rest = rest.strip_prefix(sign)?;
        digits(&mut rest).filter(|it| it.len() == 2)?.parse::<i64>().ok()
    };
    let (hour, minute) = (hour.parse::<i64>().ok()?, next()?);
    let has_second = rest.strip_prefix(sign).is_some_and(|it| !it.is_empty());
    let mut next = || {
        rest = rest.strip_prefix(sign)?;
        digits(&mut rest).filter(|it| it.len() == 2)?.parse::<i64>().ok()
    };
    let second = if has_second { next()? } else { 0 };
    // Apps write a narrow space before it, of which many programs make another.
    let half: String = rest.chars().filter(|it| !it.is_whitespace() && *it != '.').collect();
    let hour = match (half.to_ascii_lowercase().as_str(), hour) {
        ("", 0..=23) => hour,
        ("am", 0..=12) => hour % 12,
        ("pm", 0..=12) => hour % 12 + 12,
        _ => return None,
    };
    let is_time = minute < 60 && second <= 60;
    is_time.then_some((hour * 3_600 + minute * 60 + second) * 1_000_000)
}

/// A text without the marks of direction that exports put in front of it and behind it.
pub(super) fn unmarked(text: &str) -> &str {
    text.trim_matches(is_mark)
}

/// Whether a sign only says in which direction others are written.
pub(super) fn is_mark(sign: char) -> bool {
    matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What the times of a file show: behind which signs the day stands first, and behind which the month. Of one app and
/// one telephone all are alike.
#[derive(Debug, Default)]
pub(super) struct Orders {
    day_first: BTreeSet<char>,
    month_first: BTreeSet<char>,
}

impl Orders {
    /// Takes in what a time shows.
    pub(super) fn see(&mut self, stamp: Stamp) {
        let readings = [Order::DayFirst, Order::MonthFirst].map(|it| stamp.at(it).is_some());
        let shown = match (stamp.order, readings) {
            (None, [true, false]) => &mut self.day_first,
            (None, [false, true]) => &mut self.month_first,
            _ => return,
        };
        shown.insert(stamp.sign);
    }

    /// The time that a text of the file says.
    ///
    /// # Errors
    /// In words why nobody can tell.
    pub(super) fn read(&self, text: &str) -> Result<Timestamp, String> {
        if let Some(time) = when::read(text) {
            return Ok(time);
        }
        let stamp = Stamp::read(text).ok_or_else(|| unread(text))?;
        let is_shown =
            [&self.day_first, &self.month_first].map(|shown| shown.contains(&stamp.sign));
        match (stamp.readings(), is_shown) {
            ([None, None], _) => Err(unread(text)),
            ([Some(time), None] | [None, Some(time)], _) => Ok(time),
            ([Some(day_first), Some(month_first)], _) if day_first == month_first => Ok(day_first),
            ([Some(time), _], [true, false]) | ([_, Some(time)], [false, true]) => Ok(time),
            ([Some(day_first), Some(month_first)], _) => {
                let day = |it| when::short(it).chars().take(10).collect::<String>();
                let (one, other) = (day(day_first), day(month_first));
                Err(format!("`{text}` may be {one} or {other}"))
            }
        }
    }
}

/// What of a text says no time.
fn unread(text: &str) -> String {
    let has_day = Stamp::day(text).is_some_and(|(day, _)| day.readings() != [None, None]);
    let what = if has_day { "time of the day" } else { "day" };
    format!("`{text}` says no {what} that can be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        Orders::default().read(text).map_or_else(|it| it, when::exact)
    }

    #[test]
    fn what_has_one_meaning_is_read() {
        let same = [
            "31/12/2023, 10:11:12",
            "12/31/2023 10:11:12",
            "12-31-23, 10:11:12",
            "31.12.2023, 10:11:12",
            "31.12.23 10.11.12",
            "2023-12-31, 10:11:12",
            "2023/12/31 10:11:12",
            "31/12/2023, 10:11:12 AM",
            "31/12/2023, 10:11:12\u{202f}am",
            "12/31/23, 10:11:12\u{a0}a.\u{a0}m.",
            "\u{200e}31/12/2023, 10:11:12\u{200e}",
        ];
        for text in same {
            assert_eq!(read(text), "2023-12-31T10:11:12.000Z", "{text}");
        }
        assert_eq!(read("2.1.2024, 9:05"), "2024-01-02T09:05:00.000Z");
        assert_eq!(read("17/5/24, 12:00 AM"), "2024-05-17T00:00:00.000Z");
        assert_eq!(read("17/5/24, 12:00 PM"), "2024-05-17T12:00:00.000Z");
        assert_eq!(read("5/5/24, 1:02 pm"), "2024-05-05T13:02:00.000Z");
        assert_eq!(read("17.5.1999"), "1999-05-17T00:00:00.000Z");
    }

    #[test]
    fn what_may_be_two_days_or_none_is_told() {
        assert_eq!(
            read("02/01/2024, 10:11"),
            "`02/01/2024, 10:11` may be 2024-01-02 or 2024-02-01"
        );
        for text in [
            "",
            "10:11",
            "31/13/2023",
            "5.17.2024",
            "31/13/2023, 24:00",
            "31/12-2023",
            "31/12/202, 10:11",
            "31/12/99999",
            "31/12/1969",
            "2023/31/12",
        ] {
            assert_eq!(read(text), format!("`{text}` says no day that can be read"));
        }
        for text in [
            "31/12/2023, 24:00",
            "31/12/2023, 13:00 PM",
            "31/12/2023, 10:61",
            "31/12/2023, 10:1",
            "31/12/2023, 10:11:",
            "31/12/2023, 10:11 x",
            "2023-12-31T10:61",
        ] {
            assert_eq!(read(text), format!("`{text}` says no time of the day that can be read"));
        }
    }

    #[test]
    fn one_that_shows_the_order_tells_it_for_those_alike() {
        let seen = |texts: &[&str]| {
            let mut orders = Orders::default();
            texts.iter().filter_map(|it| Stamp::read(it)).for_each(|it| orders.see(it));
            ["02/01/2024", "02-01-2024"].map(|it| orders.read(it).map(when::short).ok())
        };
        let (second, first) = ("2024-01-02 00:00".to_owned(), "2024-02-01 00:00".to_owned());
        assert_eq!(seen(&["1/2/24", "31/12/2023"]), [Some(second.clone()), None]);
        assert_eq!(seen(&["12/31/2023", "31-12-2023"]), [Some(first), Some(second)]);
        // Of two kinds of telephones nobody can tell; nor does the way of writing of another sign.
        assert_eq!(seen(&["12/31/2023", "31/12/2023", "31.12.2023", "2023-12-31"]), [None, None]);
    }
}
