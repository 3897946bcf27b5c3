//! A state of the memory, as people name it: a time, or the number of a commit.

use serde::{Deserialize, Serialize};
use voyager_base::clock::Timestamp;

use crate::when;

/// A state of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Moment {
    /// That of a time.
    Time(Timestamp),
    /// That behind a commit.
    Commit(u64),
}

/// Reads a moment for the command line: the number of a commit may stand without its `#`, which begins a comment in
/// many shells.
pub(crate) fn typed(text: &str) -> Result<Moment, String> {
    let plain = text.trim();
    let number = plain.strip_prefix('#').unwrap_or(plain);
    if !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit()) {
        let number = number.parse().map_err(|_| format!("`{text}` is no number of a commit"))?;
        return Ok(Moment::Commit(number));
    }
    let wrong = || {
        let examples = when::EXAMPLES;
        format!("`{text}` is no commit, like 12, and no time since 1970; {examples}")
    };
    when::read(text).map(Moment::Time).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_commit_or_a_time() {
        assert_eq!(typed("#12"), Ok(Moment::Commit(12)));
        assert_eq!(typed("12"), Ok(Moment::Commit(12)));
        let day = when::read("2024-01-02").map(Moment::Time);
        assert!(day.is_some());
        assert_eq!(typed("2024-01-02").ok(), day);
        for wrong in ["", "#", "#x", "-1", "soon", "99999999999999999999"] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }
}
