//! How single values are written: names, durations, sizes, numbers, versions.

use std::time::Duration;

use jiff::civil::Date;

/// Most characters of a name.
pub(crate) const NAME_CHARS_MAX: usize = 64;

/// Names are kebab-case as in WIT.
pub(crate) fn is_name(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.len() <= NAME_CHARS_MAX && !text.is_empty() && text.split('-').all(word)
}

/// A name like `text` that is well-formed, where there is one.
pub(crate) fn name_like(text: &str) -> Option<String> {
    let mut name = String::new();
    for character in text.chars().take(NAME_CHARS_MAX) {
        if character.is_ascii_uppercase() && name.ends_with(|last: char| last.is_ascii_lowercase())
        {
            name.push('-');
        }
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let words: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).collect();
    // A word of digits joins the one before it.
    let mut joined = String::new();
    for word in words {
        if !joined.is_empty() && word.starts_with(|first: char| first.is_ascii_lowercase()) {
            joined.push('-');
        }
        joined.push_str(word);
    }
    Some(joined).filter(|name| is_name(name))
}

/// A day of the calendar, as `2024-05-31`.
pub(crate) fn day(text: &str) -> Option<Date> {
    // The library takes other forms too.
    let day: Date = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}

/// `true` or `false`.
pub(crate) fn bool(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A whole number in decimal, or in hexadecimal behind `0x`.
pub(crate) fn int(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = match digits.strip_prefix("0x") {
        Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            i128::from_str_radix(hex, 16).ok()?
        }
        None if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    Some(if negative { -number } else { number })
}

/// A finite float; whole numbers are floats too.
pub(crate) fn float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let first = digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    let number: f64 = if first { text.parse().ok()? } else { return None };
    number.is_finite().then_some(number)
}

/// Numbers with units, the largest first: `1h30m`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_lowercase).count();
        let (unit, behind) = behind.split_at(letters);
        let unit_ms = match unit {
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 60e3,
            "h" => 3_600e3,
            "d" => 86_400e3,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        // Milliseconds are the finest that is promised anywhere.
        let part = Duration::try_from_secs_f64((number * unit_ms).round() / 1e3).ok()?;
        total = total.checked_add(part)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(total)
}

/// As [`duration`] reads it, in the fewest units.
pub(crate) fn show_duration(duration: Duration) -> String {
    let mut rest_ms = duration.as_millis();
    let mut shown = String::new();
    for (unit, unit_ms) in
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
    {
        if rest_ms >= unit_ms {
            shown.push_str(&format!("{}{unit}", rest_ms / unit_ms));
            rest_ms %= unit_ms;
        }
    }
    if shown.is_empty() { "0s".to_owned() } else { shown }
}

const SIZES: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A number of bytes with its unit: `64MiB`.
pub fn size(text: &str) -> Option<u64> {
    let (number, unit) = SIZES
        .into_iter()
        .find_map(|(unit, bytes)| text.strip_suffix(unit).map(|number| (number, bytes)))?;
    let number = number.trim_end();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if digits { number.parse::<u64>().ok()?.checked_mul(unit) } else { None }
}

/// As [`size`] reads it, in the largest unit that loses nothing.
pub(crate) fn show_size(bytes: u64) -> String {
    let whole = |unit: &u64| bytes >= *unit && bytes.is_multiple_of(*unit);
    let (unit, unit_bytes) = SIZES.into_iter().find(|(_, unit)| whole(unit)).unwrap_or(("B", 1));
    format!("{}{unit}", bytes / unit_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_others_get_a_suggestion() {
        for name in ["a", "find-all", "sha256", "a1-b2"] {
            assert!(is_name(name), "{name}");
        }
        for (text, like) in [
            ("Find_All", Some("find-all")),
            ("findAll", Some("find-all")),
            ("scan_1", Some("scan1")),
            ("-a", Some("a")),
            ("1", None),
            ("", None),
        ] {
            assert!(!is_name(text), "{text}");
            assert_eq!(name_like(text).as_deref(), like, "{text}");
        }
    }

    #[test]
    fn durations_and_sizes_need_units_and_read_back() {
        for text in ["30s", "5m", "1h30m", "250ms", "1d", "0s"] {
            assert_eq!(show_duration(duration(text).unwrap()), text);
        }
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1_500)));
        for text in ["", "30", "s", "5 m", "5min", "-1s", "1e3s", "999999999999999999999d", "..s"] {
            assert_eq!(duration(text), None, "{text}");
        }
        for text in ["64MiB", "1KiB", "7B", "0B", "1000B"] {
            assert_eq!(show_size(size(text).unwrap()), text);
        }
        for text in ["", "64", "64MB", "1.5KiB", "-1B", "99999999999TiB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_have_no_signs_of_other_languages() {
        assert_eq!(int("0x1f"), Some(31));
        assert_eq!(int("-7"), Some(-7));
        for text in [
            "",
            "-",
            "+1",
            "1_000",
            "0x",
            "1.0",
            "0o7",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(int(text), None, "{text}");
        }
        assert_eq!(float("-1.5e3"), Some(-1500.0));
        for text in ["", "inf", ".5", "nan", "1e999", "+1"] {
            assert_eq!(float(text), None, "{text}");
        }
    }
}
