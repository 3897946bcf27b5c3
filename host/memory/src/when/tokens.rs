//! Text as words, numbers and marks, each with its place.

use std::borrow::Cow;

/// Longest word that a rule of the grammar knows, in bytes.
const WORD_BYTES_MAX: usize = 16;

/// A word, a number or a mark.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    /// As it was written.
    pub(super) raw: &'a str,
    /// In lower case; empty for words that are too long for every rule.
    pub(super) low: Cow<'a, str>,
    /// Whether it follows the one before without a space.
    pub(super) glued: bool,
}

impl Token<'_> {
    pub(super) fn is_word(&self) -> bool {
        self.raw.starts_with(char::is_alphabetic)
    }

    /// Whether it begins with a capital letter.
    pub(super) fn is_capital(&self) -> bool {
        self.raw.starts_with(char::is_uppercase)
    }

    /// Its value, where it is a number of at most nine digits.
    pub(super) fn number(&self) -> Option<i64> {
        let digits = self.raw.len() <= 9 && self.raw.bytes().all(|it| it.is_ascii_digit());
        digits.then(|| self.raw.parse().ok()).flatten()
    }
}

/// A word in lower case, as it stands there where it is; empty where it is too long for every rule.
fn low(raw: &str) -> Cow<'_, str> {
    if raw.len() > WORD_BYTES_MAX {
        return Cow::Borrowed("");
    }
    let is_low = raw.bytes().all(|it| it.is_ascii() && !it.is_ascii_uppercase());
    if is_low { Cow::Borrowed(raw) } else { Cow::Owned(raw.to_lowercase()) }
}

/// Whether some word of `text`, in lower case, is `known`, or a number begins in it that is no part of a word ("w12"): without
/// taking it apart any further.
pub(super) fn holds(text: &str, known: impl Fn(&str) -> bool) -> bool {
    let mut before = b' ';
    let number = text.bytes().any(|it| {
        let begins = it.is_ascii_digit() && !before.is_ascii_alphanumeric();
        before = it;
        begins
    });
    number || text.split(|it: char| !it.is_alphabetic()).any(|it| known(&low(it)))
}

/// The tokens of `text`: runs of letters, runs of digits, and every other visible character alone.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first.is_whitespace() || first.is_control() {
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some(&(at, next)) = rest.peek() {
            let same = if first.is_ascii_digit() {
                next.is_ascii_digit()
            } else {
                first.is_alphabetic() && next.is_alphabetic()
            };
            if !same {
                break;
            }
            end = at + next.len_utf8();
            rest.next();
        }
        let raw = &text[start..end];
        let low = low(raw);
        let glued = found.last().is_some_and(|it| it.end == start);
        found.push(Token { start, end, raw, low, glued });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_digits_and_marks_are_tokens_of_their_own() {
        let shown: Vec<_> = tokens("On May 7th, 3pm—mid-August")
            .iter()
            .map(|it| (it.raw, it.glued))
            .collect::<Vec<_>>();
        assert_eq!(
            shown,
            [
                ("On", false),
                ("May", false),
                ("7", false),
                ("th", true),
                (",", true),
                ("3", false),
                ("pm", true),
                ("—", true),
                ("mid", true),
                ("-", true),
                ("August", true),
            ]
        );
    }
}
