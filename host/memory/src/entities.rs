//! Whom and what a text speaks of: names, and the identifiers that people search for letter by letter.
//!
//! No language model: names are capitalised words where a capital means something, that is inside a
//! sentence. A capital at its start means nothing unless the word is a name elsewhere in the same text. Identifiers
//! (addresses, paths, versions, issue numbers, code) are told by their shape.
//!
//! Two spellings are the same name where their [`normal`] forms are; a short name is a long one's where exactly one
//! is known that it [begins](long_form).

mod identifiers;
mod names;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, ops::Range};

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub use self::names::is_false_name;
use self::{identifiers::identifiers, names::Word};

/// What kind of thing an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person, a place, an organisation, a product.
    Name,
    /// A word with `#`.
    Tag,
    /// An entry of a tracker: `ABC-123`, `#42`.
    Issue,
    /// A file or a folder.
    Path,
    /// A web address.
    Url,
    /// An e-mail address.
    Email,
    /// A name out of a program: `snake_case`, `Type::method`, `call()`.
    Code,
    /// A version: `1.2.3`, `v2`.
    Version,
    /// A hash or a UUID in hexadecimal digits.
    Hash,
    /// What stands in quotation marks, as titles do.
    Title,
}

/// Somebody or something that a text speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// As it was written, without a possessive.
    pub name: String,
    /// What other spellings of the same name share.
    pub normal: String,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Its bytes in the text.
    pub span: Range<usize>,
}

/// The entities of a text, in their order.
pub fn extract(text: &str) -> Vec<Entity> {
    let mut found = identifiers(text);
    let spans: Vec<Range<usize>> = found.iter().map(|it| it.span.clone()).collect();
    let words = names::words(text, &spans);
    // The second word of "Maria Lopez left" proves nothing about the first.
    let second = |at: usize| at > 0 && words[at].joined && words[at - 1].first;
    let inside: BTreeSet<&str> = (0..words.len())
        .filter(|at| words[*at].is_capital() && !words[*at].first && !second(*at))
        .map(|at| words[at].low.as_str())
        .collect();
    let runs = names::runs(&words, &|word| inside.contains(word));
    found.extend(runs.into_iter().filter_map(|run| named(text, &words[run])));
    found.sort_by_key(|it| it.span.start);
    found
}

/// The name that a run of words is.
fn named(text: &str, run: &[Word<'_>]) -> Option<Entity> {
    let span = run.first()?.span.start..run.last()?.span.end;
    let name = &text[span.clone()];
    let normal = normal(name);
    // A title or a letter without a name names nobody: "the Doctor said", "plan B".
    let title = run.len() == 1 && (names::is_title(&run[0].low) || run[0].raw.chars().count() == 1);
    let entity = Entity { name: name.to_owned(), normal, kind: Kind::Name, span };
    (!title && !entity.normal.is_empty()).then_some(entity)
}

/// Shortest short form, in letters: "Mel" is Melanie's, "Me" is nobody's.
const SHORT_FORM_MIN: usize = 3;

/// The words of names that one word in lower case is the beginning of, where only one name has such: with the name. None
/// where some name has the word itself.
///
/// The names come with their words in lower case, each once.
pub fn long_form<'a>(
    short: &str,
    names: &'a [(&'a str, Vec<String>)],
) -> Option<(&'a str, &'a str)> {
    if short.chars().count() < SHORT_FORM_MIN {
        return None;
    }
    let mut found = None;
    for (name, words) in names {
        for word in words.iter().filter(|it| it.starts_with(short)) {
            if word == short || found.is_some() {
                return None;
            }
            found = Some((*name, word.as_str()));
        }
    }
    found
}

/// The form that spellings of one name share: lower case without diacritics, punctuation, titles and
/// possessives. "Dr. Müller's" and "Muller" have the same.
pub fn normal(name: &str) -> String {
    let name = without_possessive(name.trim());
    let letters = name.nfkd().filter(|it| !is_combining_mark(*it));
    let mut folded = String::with_capacity(name.len());
    for letter in letters.flat_map(char::to_lowercase) {
        match plain(letter) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(letter),
        }
    }
    // "O'Brien" is one word, "Jean-Luc" is two.
    let folded = folded.replace(['\'', '’'], "");
    let mut words: Vec<&str> =
        folded.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    // "Lord of the Rings" begins with no title.
    while words.len() > 1 && names::is_title(words[0]) && !names::is_inside(words[1]) {
        words.remove(0);
    }
    words.join(" ")
}

/// Letters that people leave out the stroke of, though Unicode knows no decomposition of them.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ł' => "l",
        'ø' => "o",
        'đ' => "d",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ı' => "i",
        _ => return None,
    })
}

/// A name without "'s", and without the apostrophe of "James'".
pub fn without_possessive(name: &str) -> &str {
    let stripped = ["'s", "’s", "'S", "’S"].iter().find_map(|it| name.strip_suffix(it));
    stripped.unwrap_or_else(|| name.trim_end_matches(['\'', '’']))
}
