//! The words of the grammar: numbers, units, weekdays, months, seasons.

use super::calendar::{Season, Unit};
use crate::lexicon::Lexicon;

/// Words and marks that an expression begins with, beside numbers: whether the rules have to be asked at all.
static OPENING: Lexicon = Lexicon::new(&[
    "'",
    "a",
    "about",
    "afternoon",
    "all",
    "almost",
    "an",
    "annually",
    "anzac",
    "approximately",
    "apr",
    "april",
    "around",
    "ascension",
    "ash",
    "at",
    "aug",
    "august",
    "australia",
    "autumn",
    "bastille",
    "beginning",
    "between",
    "bimonthly",
    "biweekly",
    "black",
    "bonfire",
    "boxing",
    "canada",
    "centuries",
    "century",
    "christmas",
    "cinco",
    "cob",
    "columbus",
    "coming",
    "couple",
    "cw",
    "cyber",
    "daily",
    "day",
    "dec",
    "decade",
    "december",
    "dozen",
    "during",
    "each",
    "earlier",
    "early",
    "earth",
    "easter",
    "eight",
    "eighteen",
    "eighteenth",
    "eighth",
    "eighties",
    "eighty",
    "eleven",
    "eleventh",
    "end",
    "eod",
    "eom",
    "eow",
    "eoy",
    "evening",
    "every",
    "fall",
    "father",
    "feb",
    "february",
    "few",
    "fifteen",
    "fifteenth",
    "fifth",
    "fifties",
    "fifty",
    "final",
    "first",
    "five",
    "following",
    "forties",
    "fortnight",
    "fortnightly",
    "forty",
    "four",
    "fourteen",
    "fourteenth",
    "fourth",
    "fri",
    "friday",
    "from",
    "good",
    "groundhog",
    "guy",
    "h",
    "half",
    "halloween",
    "hour",
    "hr",
    "hundred",
    "in",
    "independence",
    "international",
    "jan",
    "january",
    "jul",
    "july",
    "jun",
    "june",
    "juneteenth",
    "kw",
    "labor",
    "last",
    "late",
    "later",
    "latter",
    "leap",
    "mar",
    "march",
    "mardi",
    "martin",
    "maundy",
    "may",
    "memorial",
    "mid",
    "midday",
    "middle",
    "midnight",
    "min",
    "minute",
    "mlk",
    "mon",
    "monday",
    "month",
    "monthly",
    "morning",
    "mother",
    "nearly",
    "new",
    "next",
    "night",
    "nightly",
    "nine",
    "nineteen",
    "nineteenth",
    "nineties",
    "ninety",
    "ninth",
    "noon",
    "nov",
    "november",
    "oct",
    "october",
    "on",
    "once",
    "one",
    "other",
    "over",
    "palm",
    "past",
    "pentecost",
    "pi",
    "president",
    "previous",
    "q",
    "quarter",
    "quarterly",
    "recent",
    "remembrance",
    "roughly",
    "saint",
    "same",
    "sat",
    "saturday",
    "second",
    "sep",
    "sept",
    "september",
    "seven",
    "seventeen",
    "seventeenth",
    "seventh",
    "seventies",
    "seventy",
    "several",
    "shrove",
    "six",
    "sixteen",
    "sixteenth",
    "sixth",
    "sixties",
    "sixty",
    "some",
    "spring",
    "springtime",
    "st",
    "start",
    "summer",
    "summertime",
    "sun",
    "sunday",
    "ten",
    "tenth",
    "thanksgiving",
    "the",
    "third",
    "thirteen",
    "thirteenth",
    "thirties",
    "thirtieth",
    "thirty",
    "this",
    "thousand",
    "three",
    "thu",
    "thur",
    "thurs",
    "thursday",
    "times",
    "tmr",
    "tmrw",
    "today",
    "tommorow",
    "tommorrow",
    "tomorow",
    "tomorrow",
    "tonight",
    "tue",
    "tues",
    "tuesday",
    "twelfth",
    "twelve",
    "twentieth",
    "twenty",
    "twice",
    "two",
    "upcoming",
    "valentine",
    "veteran",
    "wed",
    "wednesday",
    "weds",
    "week",
    "weekday",
    "weekend",
    "weekly",
    "whit",
    "winter",
    "wintertime",
    "within",
    "wk",
    "wkend",
    "xmas",
    "year",
    "yearly",
    "yesterday",
    "yr",
    "’",
]);

/// Whether an expression may begin with the word, or with its plural.
pub(super) fn opens(low: &str) -> bool {
    OPENING.holds(low) || low.strip_suffix('s').is_some_and(|it| OPENING.holds(it))
}

/// Whether the word begins an expression only before another that [`opens`] one.
pub(super) fn leads(low: &str) -> bool {
    matches!(low, "the" | "a" | "an" | "in" | "at" | "on" | "from" | "over" | "about" | "some")
}

/// A number as a word, up to nineteen and the tens.
pub(super) fn number(low: &str) -> Option<i64> {
    Some(match low {
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" | "dozen" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

/// Which of several: `first` is 1, `last` is -1.
pub(super) fn ordinal(low: &str) -> Option<i64> {
    Some(match low {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "fifth" => 5,
        "last" | "final" => -1,
        _ => return None,
    })
}

/// A unit of time and how many of it the word means: a fortnight is two weeks.
pub(super) fn unit(low: &str) -> Option<(Unit, i64)> {
    Some(match low {
        "second" | "seconds" => (Unit::Second, 1),
        "minute" | "minutes" | "min" | "mins" => (Unit::Minute, 1),
        "hour" | "hours" | "hr" | "hrs" => (Unit::Hour, 1),
        "day" | "days" | "night" | "nights" => (Unit::Day, 1),
        "week" | "weeks" | "wk" | "wks" => (Unit::Week, 1),
        "fortnight" | "fortnights" => (Unit::Week, 2),
        "weekend" | "weekends" | "wkend" => (Unit::Weekend, 1),
        "month" | "months" | "mth" | "mths" | "mos" => (Unit::Month, 1),
        "year" | "years" | "yr" | "yrs" => (Unit::Year, 1),
        "decade" | "decades" => (Unit::Decade, 1),
        "century" | "centuries" => (Unit::Decade, 10),
        _ => return None,
    })
}

/// A unit by its letter, which stands behind a number without a space: "3d ago".
pub(super) fn short_unit(low: &str) -> Option<Unit> {
    Some(match low {
        "s" => Unit::Second,
        "m" => Unit::Minute,
        "h" => Unit::Hour,
        "d" => Unit::Day,
        "w" => Unit::Week,
        "mo" => Unit::Month,
        "y" => Unit::Year,
        _ => return None,
    })
}

/// The day after, also as people write it in haste.
pub(super) fn is_tomorrow(low: &str) -> bool {
    matches!(low, "tomorrow" | "tomorow" | "tommorow" | "tommorrow" | "tmrw" | "tmr")
}

/// A part of a day.
pub(super) fn is_daytime(low: &str) -> bool {
    matches!(low, "morning" | "afternoon" | "evening" | "night")
}

/// A weekday from Monday, 0, and whether the word is written out.
pub(super) fn weekday(low: &str) -> Option<(i64, bool)> {
    Some(match low {
        "monday" => (0, true),
        "tuesday" => (1, true),
        "wednesday" => (2, true),
        "thursday" => (3, true),
        "friday" => (4, true),
        "saturday" => (5, true),
        "sunday" => (6, true),
        "mon" => (0, false),
        "tue" | "tues" => (1, false),
        "wed" | "weds" => (2, false),
        "thu" | "thur" | "thurs" => (3, false),
        "fri" => (4, false),
        "sat" => (5, false),
        "sun" => (6, false),
        _ => return None,
    })
}

/// A month from January, 1.
pub(super) fn month(low: &str) -> Option<i64> {
    Some(match low {
        "january" | "jan" => 1,
        "february" | "feb" => 2,
        "march" | "mar" => 3,
        "april" | "apr" => 4,
        "may" => 5,
        "june" | "jun" => 6,
        "july" | "jul" => 7,
        "august" | "aug" => 8,
        "september" | "sept" | "sep" => 9,
        "october" | "oct" => 10,
        "november" | "nov" => 11,
        "december" | "dec" => 12,
        _ => return None,
    })
}

/// Whether a word that names a month has no other meaning, neither as a word nor as a person's name.
pub(super) fn is_only_a_month(low: &str) -> bool {
    matches!(
        low,
        "january" | "february" | "july" | "september" | "october" | "november" | "december"
    )
}

pub(super) fn season(low: &str) -> Option<Season> {
    Some(match low {
        "spring" | "springtime" => Season::Spring,
        "summer" | "summertime" => Season::Summer,
        "autumn" | "fall" => Season::Autumn,
        "winter" | "wintertime" => Season::Winter,
        _ => return None,
    })
}

/// A decade of the last century, by the word for its years.
pub(super) fn decade(low: &str) -> Option<i64> {
    Some(match low {
        "thirties" => 1930,
        "forties" => 1940,
        "fifties" => 1950,
        "sixties" => 1960,
        "seventies" => 1970,
        "eighties" => 1980,
        "nineties" => 1990,
        _ => return None,
    })
}

/// The number of a day or a century as a word, up to nineteen and the tens.
pub(super) fn nth(low: &str) -> Option<i64> {
    Some(match low {
        "first" => 1,
        "second" => 2,
        "third" => 3,
        "fourth" => 4,
        "fifth" => 5,
        "sixth" => 6,
        "seventh" => 7,
        "eighth" => 8,
        "ninth" => 9,
        "tenth" => 10,
        "eleventh" => 11,
        "twelfth" => 12,
        "thirteenth" => 13,
        "fourteenth" => 14,
        "fifteenth" => 15,
        "sixteenth" => 16,
        "seventeenth" => 17,
        "eighteenth" => 18,
        "nineteenth" => 19,
        "twentieth" => 20,
        "thirtieth" => 30,
        _ => return None,
    })
}

/// Whether the word shows that its sentence speaks of what has been.
pub(super) fn is_past(low: &str) -> bool {
    let irregular = matches!(
        low,
        "was"
            | "were"
            | "had"
            | "did"
            | "didn"
            | "went"
            | "got"
            | "met"
            | "saw"
            | "took"
            | "made"
            | "came"
            | "been"
            | "bought"
            | "found"
            | "gave"
            | "told"
            | "said"
            | "left"
            | "ran"
            | "won"
            | "lost"
            | "began"
            | "felt"
            | "spent"
            | "thought"
            | "held"
            | "wrote"
            | "drove"
            | "flew"
            | "ate"
            | "became"
            | "broke"
            | "brought"
            | "built"
            | "caught"
            | "chose"
            | "heard"
            | "kept"
            | "knew"
            | "led"
            | "paid"
            | "sent"
            | "sold"
            | "spoke"
            | "taught"
            | "wore"
            | "woke"
            | "since"
            | "ago"
            | "last"
    );
    irregular
        || (low.len() > 4 && low.ends_with("ed") && !matches!(low, "need" | "speed" | "indeed"))
}

/// Whether the word after "have" says what has been.
pub(super) fn is_participle(low: &str) -> bool {
    const OTHERS: [&str; 27] = [
        "become", "begun", "broken", "chosen", "come", "done", "driven", "drunk", "eaten", "flown",
        "given", "gone", "gotten", "grown", "known", "put", "read", "run", "seen", "shown",
        "spoken", "sung", "swum", "taken", "thrown", "worn", "written",
    ];
    is_past(low) || OTHERS.contains(&low)
}

/// Whether the word makes a sentence or a question of those around it.
pub(super) fn asks_or_helps(low: &str) -> bool {
    const WORDS: [&str; 31] = [
        "am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "how", "is", "may",
        "might", "must", "shall", "should", "was", "were", "what", "when", "where", "which", "who",
        "whom", "whose", "why", "will", "won", "would", "if",
    ];
    WORDS.contains(&low)
}

/// Whether the word shows that its sentence speaks of what is to come.
pub(super) fn is_future(low: &str) -> bool {
    is_tomorrow(low)
        || matches!(
            low,
            "will"
                | "ll"
                | "shall"
                | "going"
                | "gonna"
                | "plan"
                | "plans"
                | "planning"
                | "upcoming"
                | "coming"
                | "next"
                | "soon"
                | "forward"
                | "scheduled"
                | "due"
                | "hoping"
                | "hope"
                | "wait"
                | "let"
                | "intend"
                | "arriving"
                | "leaving"
                | "starting"
                | "ready"
                | "deadline"
                | "must"
                | "should"
        )
}
