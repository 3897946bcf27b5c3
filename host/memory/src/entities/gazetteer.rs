//! Names learnt from the texts themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use serde::{Deserialize, Serialize};

use super::{
    Entity, Kind,
    identifiers::identifiers,
    names::{self, Word},
    normal,
};

/// Shortest short form, in letters: "Mel" is Melanie's, "Me" is nobody's.
const SHORT_FORM_MIN: usize = 3;

/// How words were written in the texts it was told of, and which names they are parts of.
///
/// What it knows is a sum over texts, each counted for itself alone: a text that is forgotten leaves nothing
/// behind, whatever came before and after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gazetteer {
    /// By word in lower case.
    words: BTreeMap<String, Spelling>,
    /// Names of several words by each of their words, with how often they were found.
    parts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Authors by normal form.
    authors: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spelling {
    /// Inside of sentences, with a capital.
    capital: u64,
    /// Without one.
    small: u64,
}

impl Gazetteer {
    /// Counts a text and its author.
    pub fn learn(&mut self, text: &str, author: Option<&str>) {
        self.count(text, author, |count| *count = count.saturating_add(1));
    }

    /// Takes back what [`Self::learn`] counted for the same text and author.
    pub fn forget(&mut self, text: &str, author: Option<&str>) {
        self.count(text, author, |count| *count = count.saturating_sub(1));
        self.words.retain(|_, it| *it != Spelling::default());
        self.authors.retain(|_, it| *it > 0);
        self.parts.retain(|_, names| {
            names.retain(|_, it| *it > 0);
            !names.is_empty()
        });
    }

    /// Whether nothing was learnt, or all of it forgotten.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a word in lower case is written with a capital inside of sentences more often than without.
    pub fn is_name(&self, word: &str) -> bool {
        self.authors.contains_key(word)
            || self.words.get(word).is_some_and(|it| it.capital > it.small)
    }

    /// The entities of a text: as of [`super::extract`], and names at the start of sentences that are known
    /// from elsewhere.
    pub fn extract(&self, text: &str, author: Option<&str>) -> Vec<Entity> {
        let mut found = identifiers(text);
        let words = names::words(text, &spans(&found));
        // The second word of "Maria Lopez left" proves nothing about the first.
        let second = |at: usize| at > 0 && words[at].joined && words[at - 1].first;
        let inside: BTreeSet<&str> = (0..words.len())
            .filter(|at| words[*at].is_capital() && !words[*at].first && !second(*at))
            .map(|at| words[at].low.as_str())
            .collect();
        let known = |word: &str| {
            let told = self.words.get(word).map(|_| self.is_name(word));
            (inside.contains(word) || self.is_name(word)).then_some(true).or(told)
        };
        let runs = names::runs(&words, &known);
        found.extend(runs.into_iter().filter_map(|run| named(text, &words[run])));
        found.sort_by_key(|it| it.span.as_ref().map(|it| it.start));
        if let Some(author) = author {
            let entity = Entity {
                name: author.to_owned(),
                normal: normal(author),
                kind: Kind::Author,
                span: None,
            };
            found.insert(0, entity);
        }
        found
    }

    /// The long form of a name in normal form, where exactly one is known that it can be short for: the name
    /// of several words that it begins or ends, or the author whose name it begins. Else the name itself.
    pub fn canonical<'a>(&'a self, name: &'a str) -> &'a str {
        let mut longer = self.parts.get(name).into_iter().flatten().map(|it| it.0.as_str());
        match (longer.next(), longer.next()) {
            (Some(only), None) => return only,
            (Some(_), Some(_)) => return name,
            (None, _) => {}
        }
        if name.chars().count() < SHORT_FORM_MIN || self.authors.contains_key(name) {
            return name;
        }
        let mut authors = self.authors.range(name.to_owned()..).map(|it| it.0.as_str());
        let mut authors = authors.by_ref().take_while(|it| it.starts_with(name));
        match (authors.next(), authors.next()) {
            (Some(only), None) => self.canonical(only),
            _ => name,
        }
    }

    /// The long form of a name in normal form, where the name is known.
    pub fn find(&self, name: &str) -> Option<String> {
        let long = self.canonical(name);
        let whole = |first: &str| self.parts.get(first).is_some_and(|it| it.contains_key(name));
        let known = long != name
            || self.is_name(name)
            || name.split_once(' ').is_some_and(|it| whole(it.0));
        known.then(|| long.to_owned())
    }

    /// Changes every count that the text and its author alone decide on.
    fn count(&mut self, text: &str, author: Option<&str>, change: impl Fn(&mut u64)) {
        let found = identifiers(text);
        let words = names::words(text, &spans(&found));
        for word in &words {
            let capital = word.is_capital();
            // A capital at the start of a sentence says nothing either way.
            if capital && (word.first || names::is_false_name(&word.low)) {
                continue;
            }
            let spelling = self.words.entry(word.low.clone()).or_default();
            change(if capital { &mut spelling.capital } else { &mut spelling.small });
        }
        let runs = names::runs(&words, &|_| None);
        // What only begins a sentence may be a word before a name: "Dear Tom".
        let runs = runs.into_iter().filter(|run| !words[run.start].first);
        let names = runs.filter_map(|run| named(text, &words[run])).map(|it| it.normal);
        for name in names.chain(author.map(normal)) {
            self.count_parts(&name, &change);
        }
        if let Some(author) = author.map(normal).filter(|it| !it.is_empty()) {
            change(self.authors.entry(author).or_default());
        }
    }

    fn count_parts(&mut self, name: &str, change: &impl Fn(&mut u64)) {
        let (Some((first, _)), Some((_, last))) = (name.split_once(' '), name.rsplit_once(' '))
        else {
            return;
        };
        let mut count = |part: &str| {
            let names = self.parts.entry(part.to_owned()).or_default();
            change(names.entry(name.to_owned()).or_default());
        };
        count(first);
        if last != first {
            count(last);
        }
    }
}

fn spans(entities: &[Entity]) -> Vec<Range<usize>> {
    entities.iter().filter_map(|it| it.span.clone()).collect()
}

/// The name that a run of words is.
fn named(text: &str, run: &[Word<'_>]) -> Option<Entity> {
    let span = run.first()?.span.start..run.last()?.span.end;
    let name = &text[span.clone()];
    let normal = normal(name);
    // A title or a letter without a name names nobody: "the Doctor said", "plan B".
    let title = run.len() == 1 && (names::is_title(&run[0].low) || run[0].raw.chars().count() == 1);
    let entity = Entity { name: name.to_owned(), normal, kind: Kind::Name, span: Some(span) };
    (!title && !entity.normal.is_empty()).then_some(entity)
}
