//! Points in time as people and files write them.

use jiff::civil::{Date, date};
use voyager_base::clock::Timestamp;

/// What a time looks like, for messages.
pub(crate) const EXAMPLES: &str =
    "write for example `2024-01-02`, `2024-01-02 10:11` or `2024-01-02T10:11:12+01:00`";

const EPOCH: Date = date(1970, 1, 1);

/// Reads RFC 3339, also with a space for the `T`, without seconds, and without a time of the day. What names no
/// offset is taken as UTC. None where it is something else, no day of the calendar, or not within
/// 1970 to 9999.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let mut rest = Rest(text.trim());
    let (year, month) = (rest.number(4)?, rest.after("-")?.number(2)?);
    let day = rest.after("-")?.number(2)?;
    let mut micros = start_of(year, month, day)?;
    if !rest.0.is_empty() {
        rest.0 = rest.0.strip_prefix(['T', 't', ' '])?;
        let (hour, minute) = (rest.number(2)?, rest.after(":")?.number(2)?);
        let (mut second, mut fraction) = (0, 0);
        if rest.0.starts_with(':') {
            second = rest.after(":")?.number(2)?;
            if rest.0.starts_with(['.', ',']) {
                rest.0 = &rest.0[1..];
                fraction = rest.fraction()?;
            }
        }
        // 60 is a leap second.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        micros += (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction;
        micros -= rest.offset()? * 60_000_000;
    }
    let time = u64::try_from(micros).ok().map(Timestamp::from_micros);
    time.filter(|it| *it <= Timestamp::LAST)
}

/// Reads a time for the command line.
pub(crate) fn typed(text: &str) -> Result<Timestamp, String> {
    read(text).ok_or_else(|| format!("`{text}` is no time since 1970; {EXAMPLES}"))
}

/// A number of seconds, milliseconds or microseconds since 1970, told apart by its size: seconds do so until the
/// year 5138. None where it is none of them.
pub(crate) fn of_number(number: f64) -> Option<Timestamp> {
    let micros = match number {
        it if !(0.0..1e17).contains(&it) => return None,
        it if it < 1e11 => it * 1e6,
        it if it < 1e14 => it * 1e3,
        it => it,
    };
    Some(Timestamp::from_micros(micros.round() as u64))
}

/// A time with all of its digits, as RFC 3339.
pub(crate) fn exact(time: Timestamp) -> String {
    let text = time.to_string();
    match time.as_micros() % 1_000 {
        0 => text,
        micros => format!("{}{micros:03}Z", text.trim_end_matches('Z')),
    }
}

/// A time for people: to the minute.
pub(crate) fn short(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

/// The start of a day of the calendar in microseconds after 1970, negative before; none where there is no such day.
pub(crate) fn start_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let (year, month, day) = (year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?);
    let day = Date::new(year, month, day).ok()?;
    // Not by a zone: the last day of all may lie in none.
    i64::try_from(day.duration_since(EPOCH).as_micros()).ok()
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.bytes().all(|it| it.is_ascii_digit()).then(|| number.parse().ok()).flatten()
    }

    fn after(&mut self, sign: &str) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(sign)?;
        Some(self)
    }

    /// Digits behind the point, in microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        let six: String = number.chars().chain("000000".chars()).take(6).collect();
        if digits == 0 { None } else { six.parse().ok() }
    }

    /// The offset from UTC, in minutes; what has none is UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0 {
            "" | "Z" | "z" => return Some(0),
            it if it.starts_with('+') => 1,
            it if it.starts_with('-') => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.number(2)?;
        self.0 = self.0.strip_prefix(':').unwrap_or(self.0);
        let minutes = self.number(2)?;
        (self.0.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let is = |text: &str| read(text).map(exact).unwrap_or_default();
        assert_eq!(is("2024-01-02"), "2024-01-02T00:00:00.000Z");
        assert_eq!(is("2024-02-29 10:11"), "2024-02-29T10:11:00.000Z");
        assert_eq!(is("2024-01-02T10:11:12.5Z"), "2024-01-02T10:11:12.500Z");
        assert_eq!(is("2024-01-02T10:11:12.1234567Z"), "2024-01-02T10:11:12.123456Z");
        assert_eq!(is("2024-01-02T00:30:00+01:00"), "2024-01-01T23:30:00.000Z");
        assert_eq!(is("2024-01-02T00:30-0130"), "2024-01-02T02:00:00.000Z");
        assert_eq!(is("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
        for wrong in [
            "",
            "2024",
            "2024-13-01",
            "2023-02-29",
            "2024-01-00",
            "1969-12-31",
            "2024-01-02 10",
            "2024-01-02 24:00",
            "2024-01-02T10:11:12.Z",
            "2024-01-02 10:11 x",
            "2024-01-0é",
            "1970-01-01T00:00+01:00",
            "9999-12-31T23:59-00:01",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_time_reads_back() {
        for micros in [0, 1, 86_399_999_999, 951_782_400_000_000, 1_795_219_199_999_123] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(read(&exact(time)), Some(time));
        }
        assert_eq!(short(Timestamp::from_micros(1_795_219_199_999_123)), "2026-11-20 23:59");
    }

    #[test]
    fn numbers_tell_their_unit_by_their_size() {
        let seconds = of_number(1_512_085_950.000_216);
        assert_eq!(seconds, Some(Timestamp::from_micros(1_512_085_950_000_216)));
        assert_eq!(of_number(1_512_085_950_000.0), of_number(1_512_085_950.0));
        assert_eq!(of_number(1_512_085_950_000_000.0), of_number(1_512_085_950.0));
        assert_eq!([of_number(-1.0), of_number(f64::NAN), of_number(1e18)], [None; 3]);
    }
}
