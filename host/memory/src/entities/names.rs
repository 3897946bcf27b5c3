//! Capitalised words as names.

use std::ops::Range;

use crate::lexicon::Lexicon;

/// Most words of one name: a longer run of capitals is a heading.
const WORDS_MAX: usize = 6;

/// Longest word of a name, in bytes.
const WORD_BYTES_MAX: usize = 32;

/// Words with a capital that name nobody: of the calendar, of greeting, of the start of sentences.
static FALSE_NAMES: Lexicon = Lexicon::new(&[
    "absolutely",
    "actually",
    "after",
    "again",
    "agreed",
    "ah",
    "alright",
    "also",
    "although",
    "always",
    "am",
    "amazing",
    "another",
    "anyway",
    "april",
    "as",
    "august",
    "aw",
    "awesome",
    "aww",
    "because",
    "before",
    "besides",
    "bet",
    "btw",
    "bye",
    "can",
    "cheers",
    "come",
    "congrats",
    "congratulations",
    "cool",
    "dad",
    "day",
    "dear",
    "december",
    "definitely",
    "despite",
    "does",
    "during",
    "easter",
    "eh",
    "even",
    "every",
    "everyone",
    "everything",
    "exactly",
    "fantastic",
    "february",
    "finally",
    "first",
    "fri",
    "friday",
    "fun",
    "get",
    "getting",
    "give",
    "glad",
    "go",
    "going",
    "good",
    "goodbye",
    "gosh",
    "got",
    "great",
    "guess",
    "haha",
    "happy",
    "hello",
    "hey",
    "hi",
    "hmm",
    "honestly",
    "hope",
    "hopefully",
    "however",
    "i",
    "id",
    "if",
    "ill",
    "im",
    "incredible",
    "indeed",
    "instead",
    "ive",
    "january",
    "july",
    "june",
    "keep",
    "last",
    "lately",
    "later",
    "let",
    "lets",
    "like",
    "look",
    "looking",
    "lots",
    "love",
    "lovely",
    "ma",
    "make",
    "many",
    "march",
    "maybe",
    "meanwhile",
    "mine",
    "mom",
    "mon",
    "monday",
    "morning",
    "mum",
    "my",
    "never",
    "next",
    "nice",
    "night",
    "no",
    "nope",
    "nothing",
    "november",
    "now",
    "october",
    "oh",
    "ok",
    "okay",
    "on",
    "once",
    "one",
    "ooh",
    "perhaps",
    "please",
    "pm",
    "pretty",
    "probably",
    "re",
    "really",
    "remember",
    "right",
    "sat",
    "saturday",
    "say",
    "see",
    "seems",
    "september",
    "since",
    "so",
    "some",
    "someone",
    "something",
    "sometimes",
    "soon",
    "sorry",
    "sounds",
    "speaking",
    "still",
    "sun",
    "sunday",
    "super",
    "sure",
    "take",
    "taking",
    "talk",
    "tell",
    "thank",
    "thanks",
    "thing",
    "think",
    "thu",
    "thur",
    "thurs",
    "thursday",
    "today",
    "tomorrow",
    "tonight",
    "totally",
    "true",
    "tue",
    "tues",
    "tuesday",
    "tv",
    "ugh",
    "until",
    "usually",
    "ve",
    "wait",
    "wed",
    "wednesday",
    "weds",
    "welcome",
    "well",
    "what",
    "whatever",
    "whoa",
    "woah",
    "wonderful",
    "woohoo",
    "wow",
    "yay",
    "yeah",
    "yep",
    "yes",
    "yesterday",
    "yet",
    "yo",
    "yup",
]);

/// Words before a name that are no part of it.
static TITLES: Lexicon = Lexicon::new(&[
    "aunt",
    "capt",
    "captain",
    "doctor",
    "dr",
    "herr",
    "lady",
    "lord",
    "madam",
    "miss",
    "mister",
    "mr",
    "mrs",
    "ms",
    "mx",
    "prof",
    "professor",
    "rev",
    "saint",
    "sir",
    "uncle",
]);

/// Words in lower case that stand inside of names: "Bank of America", "Vincent van Gogh".
static INSIDE: Lexicon = Lexicon::new(&[
    "al", "bin", "da", "de", "del", "der", "di", "du", "la", "le", "of", "van", "von",
]);

/// Whether a word in lower case names nobody, though it may begin with a capital.
pub fn is_false_name(low: &str) -> bool {
    FALSE_NAMES.holds(low) || crate::terms::is_common(low)
}

/// Whether a word in lower case is a title before a name.
pub(super) fn is_title(low: &str) -> bool {
    TITLES.holds(low)
}

/// Whether a word in lower case stands inside of names.
pub(super) fn is_inside(low: &str) -> bool {
    INSIDE.holds(low)
}

/// A word of a text.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    pub(super) span: Range<usize>,
    /// Without a possessive.
    pub(super) raw: &'a str,
    /// In lower case, without apostrophes.
    pub(super) low: String,
    pub(super) possessive: bool,
    /// Whether a sentence begins here, so that a capital means nothing.
    pub(super) first: bool,
    /// Whether only one space lies between the word before and this one.
    pub(super) joined: bool,
}

impl Word<'_> {
    pub(super) fn is_capital(&self) -> bool {
        self.raw.starts_with(char::is_uppercase)
    }

    /// Written in capitals only, as acronyms are, and shouted words.
    fn is_loud(&self) -> bool {
        self.raw.chars().nth(1).is_some() && self.raw.chars().all(|it| !it.is_lowercase())
    }
}

/// The words of `text` outside of `taken`, which lie in their order and do not overlap.
pub(super) fn words<'a>(text: &'a str, taken: &[Range<usize>]) -> Vec<Word<'a>> {
    let mut found: Vec<Word<'a>> = Vec::new();
    let mut taken = taken.iter().peekable();
    let mut letters = text.char_indices().peekable();
    let (mut first, mut last_end) = (true, 0);
    while let Some((start, letter)) = letters.next() {
        while taken.next_if(|it| it.end <= start).is_some() {}
        if taken.peek().is_some_and(|it| it.contains(&start)) {
            // What is quoted or an identifier stands in its sentence like a word.
            first = false;
            continue;
        }
        if !letter.is_alphabetic() {
            first = first || ends_sentence(text, letter, start, found.last());
            first = first && !letter.is_numeric();
            continue;
        }
        let mut end = start + letter.len_utf8();
        while let Some(&(at, next)) = letters.peek() {
            let inner = next.is_alphanumeric()
                || (is_inner(next) && continues(&text[at + next.len_utf8()..]));
            if !inner {
                break;
            }
            end = at + next.len_utf8();
            letters.next();
        }
        let whole = &text[start..end];
        let raw = super::without_possessive(whole);
        let plural = text[end..].starts_with(['\'', '’']) && raw.ends_with('s');
        let joined = last_end > 0 && &text[last_end..start] == " ";
        let initial =
            found.last().is_some_and(|it: &Word<'_>| it.raw.len() == 1 || is_title(&it.low));
        let dotted = last_end > 0 && matches!(&text[last_end..start], ". " | ".") && initial;
        if raw.len() <= WORD_BYTES_MAX {
            found.push(Word {
                span: start..start + raw.len(),
                raw,
                low: raw.to_lowercase().replace(['\'', '’'], ""),
                possessive: plural || raw.len() < whole.len(),
                first: first && !dotted,
                joined: joined || dotted,
            });
            first = false;
        }
        last_end = end;
    }
    found
}

fn is_inner(letter: char) -> bool {
    matches!(letter, '\'' | '’' | '-' | '&')
}

fn continues(rest: &str) -> bool {
    rest.starts_with(char::is_alphanumeric)
}

/// Whether a sentence ends with this mark, so that the next word begins one. A dot after an initial or a
/// title does not.
fn ends_sentence(text: &str, mark: char, at: usize, before: Option<&Word<'_>>) -> bool {
    let abbreviated = before.is_some_and(|it| {
        it.span.end == at && it.is_capital() && (it.raw.chars().count() == 1 || is_title(&it.low))
    });
    match mark {
        '.' => !abbreviated && !continues(&text[at + 1..]),
        '!' | '?' | ':' | '\n' | '•' | '"' | '“' | '„' | '(' | '*' => true,
        // Pictures and dashes set sentences apart in chats.
        _ => mark as u32 > 0x2000 && !matches!(mark, '’' | '‘' | '”' | '–'),
    }
}

/// Names among `words`: the run of each one as indices. `known` says whether a word is known to be that of a name; a capital
/// at the start of a sentence means nothing by itself.
pub(super) fn runs(words: &[Word<'_>], known: &dyn Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let end = run(words, at, known);
        if end > at {
            let start = if words[at].first && end > at + 1 && !starts_name(words, at, known) {
                at + 1
            } else {
                at
            };
            found.push(start..end);
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

/// Whether the word at the start of a sentence belongs to the name that follows: "Maria Lopez left", and not
/// "Driving Maria home".
fn starts_name(words: &[Word<'_>], at: usize, known: &dyn Fn(&str) -> bool) -> bool {
    let low = &words[at].low;
    let form = ["ing", "ly", "ed"].iter().any(|it| low.ends_with(it) && low.len() > 5);
    // Where the next word is a name by itself and this one was never seen in one, it only comes before.
    let before = known(&words[at + 1].low) && !is_title(low);
    known(low) || (!form && !before)
}

/// The end of the name that begins at `at`, or `at`.
fn run(words: &[Word<'_>], at: usize, known: &dyn Fn(&str) -> bool) -> usize {
    let names =
        |it: usize| words[it].is_capital() && !is_false_name(&words[it].low) && !shouted(words, it);
    if !names(at) {
        return at;
    }
    let follows = |it: usize| it < words.len() && words[it].joined && !words[it].first && names(it);
    let alone = words[at].first && !follows(at + 1);
    // A title with its name is one; a capital at the start of a sentence alone tells nothing.
    // "Maria's dog" does, as far as it is not "life's good".
    if alone && !known(&words[at].low) && !words[at].possessive {
        return at;
    }
    let mut end = at + 1;
    while end - at < WORDS_MAX && !words[end - 1].possessive {
        if follows(end) {
            end += 1;
            continue;
        }
        let inside = |it: usize| words.get(it).is_some_and(|it| it.joined && is_inside(&it.low));
        let the = words
            .get(end + 1)
            .is_some_and(|it| it.joined && matches!(it.low.as_str(), "the" | "la" | "der"));
        let next = if inside(end) && the { end + 2 } else { end + 1 };
        if !(inside(end) && follows(next)) {
            break;
        }
        end = next + 1;
    }
    end
}

/// Whether a word in capitals stands beside others: shouting, and no acronym.
fn shouted(words: &[Word<'_>], at: usize) -> bool {
    let loud = |it: Option<&Word<'_>>| it.is_some_and(|it| it.is_loud());
    let beside = loud(words.get(at + 1)) || (at > 0 && loud(words.get(at - 1)));
    words[at].is_loud() && (beside || words[at].raw.len() > 8)
}
