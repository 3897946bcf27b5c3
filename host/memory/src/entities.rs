//! Whom and what a text speaks of: names, and the identifiers that people search for letter by letter.
//!
//! No language model: names are capitalised words where a capital means something, that is inside a
//! sentence. A capital at its start means nothing unless the word is a name elsewhere: in the same text, or in
//! the texts that a [`Gazetteer`] has seen. Identifiers (addresses, paths, versions, issue numbers, code)
//! are told by their shape.
//!
//! Two spellings are the same name where their [`normal`] forms are; a short name is a long one's where a
//! [`Gazetteer`] knows exactly one that it fits.

mod gazetteer;
mod identifiers;
mod names;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

pub use self::{gazetteer::Gazetteer, names::is_false_name};

/// What kind of thing an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person, a place, an organisation, a product.
    Name,
    /// Who said or wrote the text.
    Author,
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
    /// Its bytes in the text; nothing for the author.
    pub span: Option<Range<usize>>,
}

/// The entities of one text, by what the text alone tells.
pub fn extract(text: &str, author: Option<&str>) -> Vec<Entity> {
    Gazetteer::default().extract(text, author)
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
