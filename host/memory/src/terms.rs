//! Text as terms: what the keyword arms compare.
//!
//! Words are runs of letters and digits in lower case, without the commonest words of English, cut to
//! their stem (Snowball's English stemmer). Words of other languages pass unchanged as far as the stemmer
//! knows no ending of theirs. Letters that are written in several ways are one (Unicode's NFKC).
//!
//! Some scripts put no spaces between words. There each letter is a word, and each with the next one: who asks for 東京
//! finds 東京は, and who asks for 猫 finds 黒猫.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    iter::once,
};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::lexicon::Lexicon;

/// Longest word that counts, in bytes: what is longer is no word of a language (a key, an encoded blob).
const WORD_BYTES_MAX: usize = 64;

/// Words that tell nothing of what a text is about.
static COMMON: Lexicon = Lexicon::new(&[
    "a", "about", "again", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been",
    "being", "both", "but", "by", "can", "could", "d", "did", "do", "does", "down", "each", "few",
    "for", "from", "had", "has", "have", "having", "he", "her", "here", "him", "his", "how", "i",
    "if", "in", "is", "it", "its", "just", "ll", "m", "may", "me", "might", "more", "most", "must",
    "my", "no", "nor", "not", "of", "off", "on", "or", "other", "our", "out", "over", "own", "re",
    "s", "same", "shall", "she", "should", "so", "some", "such", "t", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "under", "up",
    "us", "ve", "very", "was", "we", "were", "what", "when", "where", "which", "who", "whom",
    "why", "will", "with", "would", "you", "your",
]);

/// Words of `text` in lower case, in their order.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    runs(text).flat_map(|it| {
        // As most are: without a list of their own.
        let plain = it.is_ascii().then(|| it.to_ascii_lowercase());
        let mut others = Vec::new();
        if plain.is_none() {
            let composed = it.nfkc().collect::<String>().to_lowercase();
            runs(&composed).for_each(|it| written_on(it, &mut others));
        }
        plain.into_iter().chain(others).filter(|it| it.len() <= WORD_BYTES_MAX)
    })
}

/// Runs of letters and digits, with the marks that belong to them.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let is_mark = |it: char| !it.is_ascii() && is_combining_mark(it);
    let parts = text.split(move |it: char| !it.is_alphanumeric() && !is_mark(it));
    parts.filter(|it| it.contains(char::is_alphanumeric))
}

/// The words of a run of letters: those of scripts without spaces, and what lies between.
fn written_on(run: &str, words: &mut Vec<String>) {
    let mut rest = run;
    while let Some(first) = rest.chars().next() {
        let dense = is_dense(first);
        let end = rest.find(|it| is_dense(it) != dense).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        rest = behind;
        if !dense {
            words.push(part.to_owned());
            continue;
        }
        let next = part.chars().skip(1).map(Some).chain(once(None));
        for (letter, next) in part.chars().zip(next) {
            words.push(letter.to_string());
            words.extend(next.map(|it| [letter, it].iter().collect::<String>()));
        }
    }
}

/// Whether a letter is of a script that puts no spaces between words, or ties endings to them: Thai and its neighbours, Khmer,
/// Japanese, Chinese, Korean.
fn is_dense(letter: char) -> bool {
    matches!(
        letter,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// Whether a word in lower case tells nothing of what a text is about.
pub fn is_common(word: &str) -> bool {
    COMMON.holds(word)
}

/// The stem of a word in lower case.
pub fn stem(word: &str) -> String {
    thread_local!(static STEMMER: RefCell<Stemmer> = RefCell::new(Stemmer::create(Algorithm::English)));
    STEMMER.with_borrow(|it| it.stem(word).into_owned())
}

/// Stems of words that were asked for before: what people write is mostly the same few thousand words, and to find one takes
/// less than to cut it again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stems(HashMap<Box<str>, Box<str>>);

/// Of so many words the stems are kept.
const STEMS_MAX: usize = 8_192;

impl Stems {
    /// What [`stem`] gives.
    pub(crate) fn of(&mut self, word: &str) -> &str {
        // Asked for twice, since what is found can't be given back where something may be added behind.
        if !self.0.contains_key(word) {
            if self.0.len() == STEMS_MAX {
                self.0.clear();
            }
            self.0.insert(word.into(), stem(word).into());
        }
        &self.0[word]
    }

    /// Forgets all words: some may have been of a record that goes.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The different words of `text` that tell what it is about, in lower case and in their order.
pub fn telling(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words(text).filter(|it| !is_common(it) && seen.insert(it.clone())).collect()
}

/// Terms of `text` in their order, repeated as often as they occur.
pub fn terms(text: &str) -> Vec<String> {
    words(text).filter(|it| !is_common(it)).map(|it| stem(&it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn stems_are_the_same_however_many_words_came_before() {
        let mut stems = Stems::default();
        for number in 0..3 * STEMS_MAX {
            // Some come again, before and after others took their place.
            let word = format!("running{}s", number % 10_000);
            assert_eq!(stems.of(&word), stem(&word));
            assert_eq!(stems.of("hiking"), "hike");
        }
        assert!(stems.0.len() <= STEMS_MAX);
    }

    #[test]
    fn one_letter_that_is_written_in_two_ways_is_one() {
        assert_eq!(terms("cafe\u{301}"), terms("café"));
        assert_eq!(terms("Ｔｏｋｙｏ ﬁre ½"), ["tokyo", "fire", "1", "2"]);
        assert_eq!(terms("\u{301} ."), Vec::<String>::new());
    }

    #[test]
    fn letters_of_scripts_without_spaces_are_words_and_pairs() {
        assert_eq!(
            terms("東京は、Rust入門"),
            ["東", "東京", "京", "京は", "は", "rust", "入", "入門", "門"]
        );
        assert_eq!(terms("猫"), ["猫"]);
        assert_eq!(terms("서울에서"), ["서", "서울", "울", "울에", "에", "에서", "서"]);
        // However long a text without spaces is.
        assert_eq!(words(&"京".repeat(50)).count(), 99);
    }

    #[test]
    fn what_is_asked_for_stands_in_what_was_said() {
        for (said, asked) in [
            ("東京は日本の首都です。", "東京"),
            ("我喜欢喝咖啡", "咖啡"),
            ("ฉันรักประเทศไทย", "ไทย"),
            ("서울에서 만나요", "서울"),
            ("黒猫がいる", "猫"),
        ] {
            let (said, asked) = (terms(said), terms(asked));
            assert!(said.windows(asked.len()).any(|it| it == asked), "{said:?} {asked:?}");
        }
    }
}
