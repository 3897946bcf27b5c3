//! Days of the calendar.

use voyager_base::clock::Timestamp;

/// Names of the months.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A day of the Gregorian calendar since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// 1970 to 9999.
    pub year: u32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
}

impl Date {
    /// The date, if there is such a day between 1970 and 9999.
    pub fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let date = Self { year, month, day };
        let near =
            (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        (near && Self::of(date.number()) == date).then_some(date)
    }

    /// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`.
    pub fn number(self) -> u32 {
        let year = self.year - u32::from(self.month <= 2);
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
            - 719_468
    }

    /// The day of a number, by `civil_from_days`.
    pub fn of(number: u32) -> Self {
        let shifted = number + 719_468;
        let (era, day) = (shifted / 146_097, shifted % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self { year: year + era * 400 + u32::from(month <= 2), month, day }
    }

    /// The time of day on this day, in UTC.
    pub fn at(self, hour: u32, minute: u32) -> Timestamp {
        let minutes = (u64::from(self.number()) * 24 + u64::from(hour)) * 60 + u64::from(minute);
        Timestamp::from_millis(minutes * 60_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let shown = |year, month, day| Some(Date::new(year, month, day)?.at(13, 5).to_string());
        assert_eq!(shown(2023, 5, 8).unwrap(), "2023-05-08T13:05:00.000Z");
        assert_eq!(shown(2000, 2, 29).unwrap(), "2000-02-29T13:05:00.000Z");
        assert_eq!(shown(1970, 1, 1).unwrap(), "1970-01-01T13:05:00.000Z");
        for (year, month, day) in
            [(2023, 2, 29), (2023, 13, 1), (2023, 4, 31), (1969, 1, 1), (2023, 1, 0)]
        {
            assert_eq!(shown(year, month, day), None, "{year}-{month}-{day}");
        }
        for number in 0..60_000 {
            assert_eq!(Date::of(number).number(), number);
        }
    }
}
