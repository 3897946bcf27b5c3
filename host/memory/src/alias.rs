//! Names that mean the same, as somebody told: who asks by one of them finds what was written with another.
//!
//! Such names are a record like any other, of the kind [`KIND_ALIAS`]: it belongs to a space, is trusted as what told it, is
//! superseded, exported and forgotten. Its text is the names, with `=` between them: `k8s = Kubernetes`.

use std::collections::BTreeSet;

use voyager_base::memory::KIND_ALIAS;

use crate::{
    record::{Invalid, NAME_BYTES_MAX},
    terms,
};

/// Most names of one alias.
pub const ALIAS_NAMES_MAX: usize = 16;

/// Most words of one name. In scripts without spaces each letter is one, and each with the next.
pub(crate) const NAME_WORDS_MAX: usize = 24;

/// A name that a question says, and another one of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherName {
    /// The name, as the record has it.
    pub said: String,
    /// The other one.
    pub other: String,
    /// The record that tells so.
    pub by: crate::MemoryId,
}

/// The names of a text like `k8s = Kubernetes`.
pub(crate) fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('=').map(str::trim)
}

/// What spellings of one name share: its words.
pub(crate) fn spelling(name: &str) -> String {
    terms::words(name).collect::<Vec<String>>().join(" ")
}

/// Checks the text of a record of a kind.
pub(crate) fn check(kind: &str, text: &str) -> Result<(), Invalid> {
    let fail = |what: String| {
        let right = "an alias is two names of the same or more, with `=` between them, like `k8s = Kubernetes`";
        Err(Invalid { field: "text", problem: format!("{what}: {right}") })
    };
    if kind != KIND_ALIAS {
        return Ok(());
    }
    let (mut known, mut count) = (BTreeSet::new(), 0);
    for name in names(text) {
        count += 1;
        if count > ALIAS_NAMES_MAX {
            return fail(format!("it has more than {ALIAS_NAMES_MAX} names"));
        }
        if name.len() > NAME_BYTES_MAX {
            return fail(format!(
                "a name of it has {} bytes, and {NAME_BYTES_MAX} are the most",
                name.len()
            ));
        }
        let words = terms::words(name).count();
        if words == 0 {
            return fail(format!("\"{name}\" is no name"));
        }
        if words > NAME_WORDS_MAX {
            return fail(format!(
                "a name of it has {words} words, and {NAME_WORDS_MAX} are the most"
            ));
        }
        if is_common(name) && (name.contains(char::is_lowercase) || name.chars().count() == 1) {
            return fail(format!(
                "\"{name}\" stands in any text, and two capitals make such a word a name, as in \"IT\""
            ));
        }
        known.insert(spelling(name));
    }
    match known.len() {
        0 | 1 => fail("it has one name alone".to_owned()),
        _ => Ok(()),
    }
}

/// Whether a name has nothing but the commonest words.
fn is_common(name: &str) -> bool {
    terms::words(name).all(|it| terms::is_common(&it))
}

/// Whether a text that has the words of a name in this order says it. One of nothing but the commonest words is said where it is
/// written so: "IT", and not "it".
pub(crate) fn is_said(name: &str, text: &str) -> bool {
    let inner = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    !is_common(name)
        || text.match_indices(name).any(|(at, _)| {
            !inner(text[..at].chars().next_back()) && !inner(text[at + name.len()..].chars().next())
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_names_with_a_sign_between_them() {
        let check = |text: &str| check(KIND_ALIAS, text).map_err(|it| it.problem);
        for text in [
            "k8s = Kubernetes",
            "k8s=kube=Kubernetes",
            "IT = Information Technology",
            "マイクロソフト = Microsoft",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let many: Vec<String> = (0..=ALIAS_NAMES_MAX).map(|it| format!("n{it}")).collect();
        for (text, what) in [
            ("k8s".to_owned(), "it has one name alone"),
            ("k8s = K8S".to_owned(), "it has one name alone"),
            ("k8s = ".to_owned(), "\"\" is no name"),
            ("k8s = !".to_owned(), "\"!\" is no name"),
            (
                format!("k8s = {}", "b ".repeat(25)),
                "a name of it has 25 words, and 24 are the most",
            ),
            (many.join(" = "), "it has more than 16 names"),
            ("a1 = b1 = ".repeat(9), "it has more than 16 names"),
            (
                format!("k8s = {}", "x".repeat(257)),
                "a name of it has 257 bytes, and 256 are the most",
            ),
            ("I = somebody".to_owned(), "\"I\" stands in any text"),
            ("Who = wizard".to_owned(), "\"Who\" stands in any text"),
        ] {
            assert!(check(&text).unwrap_err().starts_with(what), "{text}: {:?}", check(&text));
        }
        // What is no alias says what it likes.
        assert_eq!(super::check("note", "k8s"), Ok(()));
    }

    #[test]
    fn common_words_are_a_name_where_they_are_written_so() {
        for text in ["Who is in IT?", "IT", "the IT-staff"] {
            assert!(is_said("IT", text), "{text}");
        }
        for text in ["Who is in it?", "the ITEM", "ITS"] {
            assert!(!is_said("IT", text), "{text}");
        }
        assert!(is_said("K8s", "who upgraded k8s?"));
    }
}
