//! Standard output and standard error: the one place that writes to them.

use std::{
    io::{ErrorKind, IsTerminal, Write},
    time::Duration,
};

use serde::Serialize;

use crate::{failure::Failure, protocol::Update};

/// Writes bytes to standard output. A reader that has gone (`| head`) is no failure.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::environment("cannot write to standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Writes text and a line end to standard output.
pub(crate) fn line(text: impl AsRef<str>) -> Result<(), Failure> {
    bytes(format!("{}\n", text.as_ref()).as_bytes())
}

/// Writes one line of JSON to standard output.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .map_err(|error| Failure::environment("cannot write JSON", &error))?;
    line(text)
}

/// Writes what every command ends with where JSON is asked for: the answer or the error, and the code
/// that the process ends with.
pub(crate) fn last(update: &Update, exit_code: u8) -> Result<(), Failure> {
    let mut object = serde_json::to_value(update)
        .map_err(|error| Failure::environment("cannot write JSON", &error))?;
    object["exit-code"] = exit_code.into();
    json(&object)
}

/// Writes a line to standard error; there is nobody to tell where that fails.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr().lock(), "{}", text.as_ref());
}

/// Whether standard error is a terminal.
pub(crate) fn on_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Removes what would steer a terminal, except tabs and line ends; shows what would turn the direction of what
/// follows, so that a text reads as another one.
pub(crate) fn harmless(text: &str) -> String {
    let shown = text.chars().filter(|it| !it.is_control() || matches!(it, '\t' | '\n'));
    shown.map(|it| if turns(it) { '\u{fffd}' } else { it }).collect()
}

/// The same for what is shown in one line: nothing in it may look like a line of its own.
pub(crate) fn in_one_line(text: &str) -> String {
    harmless(text).replace('\n', "\\n")
}

/// Whether a sign turns the direction of all up to another one. Marks of direction say it of their own place alone,
/// and texts in Hebrew and Arabic have them.
fn turns(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A byte count for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A duration for people.
pub(crate) fn duration(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", millis as f64 / 1_000.0),
        _ => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
    }
}

/// A duration for people, where it may be far below a millisecond.
pub(crate) fn fine_duration(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..10_000 => format!("{:.1} ms", micros as f64 / 1_000.0),
        _ => duration(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short() {
        assert_eq!(
            [size(0), size(1_023), size(1_536), size(5 << 30)],
            ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]
        );
        assert_eq!(
            [duration(7), duration(1_500), duration(61_000)],
            ["7 ms", "1.5 s", "1 min 1 s"]
        );
        let fine = |micros| fine_duration(Duration::from_micros(micros));
        assert_eq!([fine(7), fine(1_500), fine(70_000)], ["7 µs", "1.5 ms", "70 ms"]);
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(harmless("a\x1b[31mb\tc\nd\u{9b}"), "a[31mb\tc\nd");
        assert_eq!(in_one_line("a\nid  m9\r\n"), "a\\nid  m9\\n");
        let turned = harmless("a\u{202e}b\u{202c} \u{2067}c\u{2069} ש\u{200f}!");
        assert_eq!(turned, "a\u{fffd}b\u{fffd} \u{fffd}c\u{fffd} ש\u{200f}!");
    }
}
