//! Sets of known words.

/// Words in alphabetical order, made when the program is compiled: what is out of order does not compile.
///
/// Of each text that is taken in every word is looked up in several of them, and nearly none is there: most are told by their
/// first byte and their length, without a search.
#[derive(Debug)]
pub(crate) struct Lexicon {
    words: &'static [&'static str],
    /// By first byte: one bit for each length in bytes that a word has, the last for those of [`LENGTH_MAX`] and more.
    lengths: [u32; 256],
}

/// Longest length that has a bit of its own.
const LENGTH_MAX: usize = 31;

const fn bit(length: usize) -> u32 {
    1 << if length < LENGTH_MAX { length } else { LENGTH_MAX }
}

/// Whether the first comes before the other. `Ord` can't be asked where a constant is made.
const fn is_before(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return one[at] < other[at];
        }
        at += 1;
    }
    one.len() < other.len()
}

impl Lexicon {
    pub(crate) const fn new(words: &'static [&'static str]) -> Self {
        let mut lengths = [0; 256];
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            assert!(!word.is_empty(), "a word has letters");
            assert!(
                at == 0 || is_before(words[at - 1].as_bytes(), word),
                "words stand in their order, each once"
            );
            lengths[word[0] as usize] |= bit(word.len());
            at += 1;
        }
        Self { words, lengths }
    }

    pub(crate) fn holds(&self, word: &str) -> bool {
        let may = word.bytes().next().map_or(0, |first| self.lengths[usize::from(first)]);
        may & bit(word.len()) != 0 && self.words.binary_search(&word).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "a word of more than thirty-one bytes";

    static SOME: Lexicon = Lexicon::new(&["a", LONG, "an", "the", "’"]);

    #[test]
    fn what_is_in_it_is_held_and_nothing_else() {
        for word in SOME.words {
            assert!(SOME.holds(word), "{word}");
        }
        for word in ["", "b", "at", "ann", "thy", "’s", "A", &LONG.replace("thirty", "forty-")] {
            assert!(!SOME.holds(word), "{word}");
        }
    }

    #[test]
    fn words_out_of_order_are_refused() {
        for words in [&["b", "a"], &["a", "a"], &["ab", "a"], &["", "a"]] {
            let made = std::panic::catch_unwind(|| Lexicon::new(words));
            assert!(made.is_err(), "{words:?}");
        }
    }
}
