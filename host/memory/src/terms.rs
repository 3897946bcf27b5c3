//! Text as terms: what the keyword arms compare.
//!
//! Words are runs of letters and digits in lower case, without the commonest words of English, cut to
//! their stem (Snowball's English stemmer). Words of other languages pass unchanged as far as the stemmer
//! knows no ending of theirs.

use std::{cell::RefCell, collections::BTreeSet};

use rust_stemmers::{Algorithm, Stemmer};

/// Longest word that counts, in bytes: what is longer is no word of a language (a key, an encoded blob).
const WORD_BYTES_MAX: usize = 64;

/// Words that tell nothing of what a text is about.
const COMMON: &[&str] = &[
    "a", "about", "again", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been",
    "being", "both", "but", "by", "can", "could", "d", "did", "do", "does", "down", "each", "few",
    "for", "from", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how", "i",
    "if", "in", "is", "it", "its", "just", "ll", "m", "may", "me", "might", "more", "most", "must",
    "my", "no", "nor", "not", "of", "off", "on", "or", "other", "our", "out", "over", "own", "re",
    "s", "same", "shall", "she", "should", "so", "some", "such", "t", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "under", "up",
    "us", "ve", "very", "was", "we", "were", "what", "when", "where", "which", "who", "whom",
    "why", "will", "with", "would", "you", "your",
];

/// Words of `text` in lower case, in their order.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|it: char| !it.is_alphanumeric());
    parts.filter(|it| !it.is_empty() && it.len() <= WORD_BYTES_MAX).map(str::to_lowercase)
}

/// Whether a word in lower case tells nothing of what a text is about.
pub fn is_common(word: &str) -> bool {
    COMMON.binary_search(&word).is_ok()
}

/// The stem of a word in lower case.
pub fn stem(word: &str) -> String {
    thread_local!(static STEMMER: RefCell<Stemmer> = RefCell::new(Stemmer::create(Algorithm::English)));
    STEMMER.with_borrow(|it| it.stem(word).into_owned())
}

/// The different words of `text` that tell what it is about, in lower case and in their order.
pub fn telling(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words(text).filter(|it| !is_common(it) && seen.insert(it.clone())).collect()
}

/// Terms of `text` in their order, repeated as often as they occur.
pub fn terms(text: &str) -> Vec<String> {
    words(text).filter_map(|it| term(&it)).collect()
}

/// The term that a word in lower case is, unless it is common.
pub(crate) fn term(word: &str) -> Option<String> {
    (!is_common(word)).then(|| stem(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_sorted_for_the_search() {
        assert!(COMMON.is_sorted());
    }

    #[test]
    fn terms_are_stems_without_common_words() {
        assert_eq!(
            terms("When did Caroline's friends go hiking, at 7 o'clock?"),
            ["carolin", "friend", "go", "hike", "7", "o", "clock"]
        );
        assert_eq!(terms("\u{0}\u{7f}... --"), Vec::<String>::new());
        assert_eq!(terms(&"x".repeat(65)), Vec::<String>::new());
        assert_eq!(terms("Größe ÄPFEL"), ["größe", "äpfel"]);
        assert_eq!(telling("The dog, and dogs. Dog!"), ["dog", "dogs"]);
    }
}
