//! Commands that messages tell to type.

use std::borrow::Cow;

/// A word of a command, in quotes where a shell would read it as something else.
pub fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |it: char| it.is_alphanumeric() || "_-./:@%+,".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into();
    }
    // Nothing but its end means anything within such quotes.
    format!("'{}'", text.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_a_shell_reads_otherwise_is_quoted() {
        for plain in ["audit.yaml", "/srv/notes/2026-03", "größe/a_b,c"] {
            assert_eq!(word(plain), plain);
        }
        assert_eq!(word("my notes/a.yaml"), "'my notes/a.yaml'");
        assert_eq!(word("Ada's"), r"'Ada'\''s'");
        assert_eq!(word(""), "''");
    }

    proptest! {
        #[test]
        fn a_shell_reads_a_word_as_what_it_was(text in "[^\0]*|[ '\"\\\\$`~a;]*") {
            prop_assert_eq!(shlex::split(&format!("mkdir {}", word(&text))), Some(vec!["mkdir".to_owned(), text]));
        }
    }
}
