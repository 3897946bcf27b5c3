//! Whom each sentence of a text speaks of: whoever says it, or whoever it is said to.
//!
//! "That's great about your new job! I had a setback" tells of both, and whose setback it was says the sentence.

use crate::{
    lexicon::Lexicon,
    terms::{self, Stems},
};

/// Words of whoever says something, of himself and of whom he says it to.
static ME: Lexicon =
    Lexicon::new(&["i", "me", "mine", "my", "myself", "our", "ours", "ourselves", "us", "we"]);
static YOU: Lexicon = Lexicon::new(&["you", "your", "yours", "yourself", "yourselves"]);

/// Words that name a time.
static TIMES: Lexicon = Lexicon::new(&[
    "ago",
    "april",
    "august",
    "december",
    "february",
    "friday",
    "january",
    "july",
    "june",
    "last",
    "march",
    "may",
    "monday",
    "month",
    "next",
    "november",
    "october",
    "saturday",
    "september",
    "since",
    "sunday",
    "thursday",
    "today",
    "tomorrow",
    "tuesday",
    "wednesday",
    "week",
    "weekend",
    "year",
    "yesterday",
]);

/// A sentence that holds terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// How many.
    pub(crate) terms: u32,
    pub(crate) speaks: Speaks,
}

/// Whom something speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Speaks {
    /// Of whoever says it.
    pub(crate) of_me: bool,
    /// Of whoever it is said to.
    pub(crate) of_you: bool,
}

impl Speaks {
    fn of(words: &[String]) -> Self {
        let holds = |some: &Lexicon| words.iter().any(|it| some.holds(it));
        Self { of_me: holds(&ME), of_you: holds(&YOU) }
    }

    fn or(self, other: Self) -> Self {
        Self { of_me: self.of_me || other.of_me, of_you: self.of_you || other.of_you }
    }
}

impl Sentence {
    /// As one number.
    pub(super) fn number(self) -> u32 {
        let Self { terms, speaks: Speaks { of_me, of_you } } = self;
        terms << 2 | u32::from(of_you) << 1 | u32::from(of_me)
    }

    pub(super) fn of_number(number: u32) -> Self {
        let speaks = Speaks { of_me: number & 1 != 0, of_you: number & 2 != 0 };
        Self { terms: number >> 2, speaks }
    }
}

/// A text as it is taken in.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// What [`terms::terms`] gives.
    pub(super) terms: Vec<String>,
    /// Those of its sentences that hold terms.
    pub(super) sentences: Vec<Sentence>,
    /// Whom any of its sentences speaks of.
    pub(super) speaks: Speaks,
    /// Whether a word in it names a time.
    pub(super) names_time: bool,
}

/// Reads a text sentence by sentence. One ends with a line, with a sign that always ends one, or with a sign that does so
/// before anything but a letter or digit.
pub(super) fn read(text: &str, stems: &mut Stems) -> Read {
    let mut read = Read::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (sentence, behind) = rest.split_at(end(rest));
        rest = behind;
        let words: Vec<String> = terms::words(sentence).collect();
        let speaks = Speaks::of(&words);
        read.speaks = read.speaks.or(speaks);
        read.names_time |= words.iter().any(|it| TIMES.holds(it));
        let before = read.terms.len();
        let telling = words.iter().filter(|it| !terms::is_common(it));
        read.terms.extend(telling.map(|it| stems.of(it).to_owned()));
        let terms = (read.terms.len() - before) as u32;
        if terms > 0 {
            read.sentences.push(Sentence { terms, speaks });
        }
    }
    read
}

/// Where the first sentence of a text ends.
fn end(text: &str) -> usize {
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        let goes_on = signs.peek().is_some_and(|it| it.1.is_alphanumeric());
        let ends = matches!(sign, '\n' | '。' | '！' | '？');
        if ends || matches!(sign, '.' | '!' | '?' | '…') && !goes_on {
            return at + sign.len_utf8();
        }
    }
    text.len()
}

/// Of some sentences whose terms lie one after the other up to `all`: whom that speaks of which weighs most by what
/// of it is found, the first of equal ones. None where nothing is found in any.
///
/// `found` says of some terms, in their order, where they are, which of those that are looked for they are, and what
/// that weighs; where one comes twice in a sentence, the heavier counts.
pub(crate) fn heaviest(
    sentences: impl Iterator<Item = Sentence>,
    all: usize,
    found: &[(usize, u32, f64)],
) -> Option<Speaks> {
    let sentences: Vec<Sentence> = sentences.collect();
    let held: usize = sentences.iter().map(|it| it.terms as usize).sum();
    let mut end = all.checked_sub(held)?;
    let mut best = None::<(f64, Speaks)>;
    for sentence in sentences {
        let start = end;
        end += sentence.terms as usize;
        let from = found.partition_point(|it| it.0 < start);
        let within = found[from..].iter().take_while(|it| it.0 < end);
        let mut weights: Vec<(u32, f64)> = within.map(|it| (it.1, it.2)).collect();
        weights.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.total_cmp(&one.1)));
        weights.dedup_by_key(|it| it.0);
        let weight: f64 = weights.iter().map(|it| it.1).sum();
        if weight > best.map_or(0.0, |it| it.0) {
            best = Some((weight, sentence.speaks));
        }
    }
    best.map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(u32, bool, bool)> {
        let of = |it: Sentence| (it.terms, it.speaks.of_me, it.speaks.of_you);
        read(text, &mut Stems::default()).sentences.into_iter().map(of).collect()
    }

    #[test]
    fn sentences_speak_of_who_says_them_or_hears_them() {
        assert_eq!(
            said(
                "That's awesome about your healthier eating! I'd a setback: v1.2 broke...\nYou? Wow."
            ),
            [(3, false, true), (4, true, false), (1, false, false)]
        );
        assert_eq!(said("We saw you"), [(1, true, true)]);
        assert_eq!(said(" ?! \n\u{0}"), []);
    }

    #[test]
    fn sentences_hold_the_terms_of_their_text() {
        for text in
            ["", "One. Two three!four\nfive…six… seven", "no end at all", "Größe?ÄPFEL. 7 o'clock"]
        {
            let read = read(text, &mut Stems::default());
            assert_eq!(read.terms, terms::terms(text));
            let held: u32 = read.sentences.iter().map(|it| it.terms).sum();
            assert_eq!(held as usize, read.terms.len());
        }
    }

    #[test]
    fn numbers_are_sentences_again() {
        let speaks = Speaks { of_me: true, of_you: false };
        for sentence in
            [Sentence { terms: 7, speaks }, Sentence { terms: 1 << 29, ..Sentence::default() }]
        {
            assert_eq!(Sentence::of_number(sentence.number()), sentence);
        }
    }

    #[test]
    fn the_sentence_that_weighs_most_speaks_for_its_text() {
        let me = Speaks { of_me: true, of_you: false };
        let you = Speaks { of_me: false, of_you: true };
        let sentences = [Sentence { terms: 2, speaks: me }, Sentence { terms: 3, speaks: you }];
        // The first of six terms is that of a label.
        let of = |found: &[(usize, u32, f64)]| heaviest(sentences.into_iter(), 6, found);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(0, 0, 9.0)]), None);
        assert_eq!(of(&[(2, 0, 1.0), (3, 1, 1.0)]), Some(me));
        assert_eq!(of(&[(1, 0, 1.0), (3, 1, 1.0), (5, 2, 0.5)]), Some(you));
        // What comes twice counts once, by the heavier.
        assert_eq!(of(&[(1, 0, 1.0), (3, 1, 0.6), (4, 1, 0.6)]), Some(me));
        assert_eq!(of(&[(1, 0, 1.0), (3, 1, 0.6), (4, 1, 1.1)]), Some(you));
        // A text that says of itself what can't be.
        assert_eq!(heaviest(sentences.into_iter(), 4, &[(1, 0, 1.0)]), None);
    }
}
