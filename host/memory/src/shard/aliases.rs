//! Which records of a shard tell other names of the same, and by which names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Place;
use crate::alias::{NAME_WORDS_MAX, is_said, names, spelling};

/// So many words of a question are read for names.
const WORDS_MAX: usize = 512;

/// A name that a question says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// At which of its words.
    pub(crate) at: usize,
    /// The record that has the name.
    pub(crate) place: Place,
    /// The name.
    pub(crate) name: &'a str,
    /// The others of the record.
    pub(crate) others: Vec<&'a str>,
}

/// The records that tell names. They are few: most shards have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Aliases {
    texts: BTreeMap<Place, String>,
    /// By [`spelling`].
    places: HashMap<String, BTreeSet<Place>>,
}

impl Aliases {
    pub(super) fn add(&mut self, place: Place, text: &str) {
        for name in names(text) {
            self.places.entry(spelling(name)).or_default().insert(place);
        }
        self.texts.insert(place, text.to_owned());
    }

    pub(super) fn remove(&mut self, place: Place) {
        let Some(text) = self.texts.remove(&place) else { return };
        for name in names(&text).map(spelling) {
            if let Some(places) = self.places.get_mut(&name) {
                places.remove(&place);
                if places.is_empty() {
                    self.places.remove(&name);
                }
            }
        }
    }

    /// Whether a record tells names.
    pub(super) fn holds(&self, place: Place) -> bool {
        self.texts.contains_key(&place)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The names that a text says whose words are `words`.
    pub(super) fn said(&self, text: &str, words: &[String]) -> Vec<Said<'_>> {
        let words = &words[..words.len().min(WORDS_MAX)];
        let mut found = Vec::new();
        for at in 0..words.len() {
            let mut said = String::new();
            for word in words[at..].iter().take(NAME_WORDS_MAX) {
                if !said.is_empty() {
                    said.push(' ');
                }
                said.push_str(word);
                let places = self.places.get(&said).into_iter().flatten().copied();
                found.extend(places.filter_map(|place| {
                    let mut others: Vec<&str> = names(self.texts.get(&place)?).collect();
                    let own = others.iter().position(|it| spelling(it) == said)?;
                    let name = others.remove(own);
                    others.retain(|it| spelling(it) != said);
                    is_said(name, text).then_some(Said { at, place, name, others })
                }));
            }
        }
        found
    }

    /// As they are kept, in the order of places.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let all: Vec<(&Place, &String)> = self.texts.iter().collect();
        if all.is_empty() {
            Vec::new()
        } else {
            rmp_serde::to_vec(&all).expect("texts can be written")
        }
    }

    /// None where these are no names of a shard of so many places.
    pub(super) fn of_bytes(bytes: &[u8], places: usize) -> Option<Self> {
        let mut aliases = Self::default();
        if !bytes.is_empty() {
            let all: Vec<(Place, String)> = rmp_serde::from_slice(bytes).ok()?;
            for (place, text) in all {
                ((place as usize) < places).then_some(())?;
                aliases.add(place, &text);
            }
        }
        Some(aliases)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use super::*;

    fn said(aliases: &Aliases, text: &str) -> Vec<(usize, Place, String)> {
        let words: Vec<String> = crate::terms::words(text).collect();
        let found = aliases.said(text, &words).into_iter();
        found
            .map(|it| (it.at, it.place, format!("{}: {}", it.name, it.others.join(", "))))
            .collect()
    }

    #[test]
    fn names_are_found_where_a_question_says_them() {
        let mut aliases = Aliases::default();
        aliases.add(3, "k8s = Kubernetes = kube");
        aliases.add(5, "New York = NYC");
        aliases.add(7, "IT = Information Technology");
        aliases.add(8, "東京 = Tokyo");
        let of = |text: &str| said(&aliases, text);
        assert_eq!(of("Who upgraded K8S?"), [(2, 3, "k8s: Kubernetes, kube".to_owned())]);
        assert_eq!(of("a new car in York"), []);
        assert_eq!(
            of("Is new york in it, or in NYC?"),
            [(1, 5, "New York: NYC".to_owned()), (7, 5, "NYC: New York".to_owned())]
        );
        assert_eq!(of("who is in IT"), [(3, 7, "IT: Information Technology".to_owned())]);
        assert_eq!(of("東京は"), [(0, 8, "東京: Tokyo".to_owned())]);
        let kept = Aliases::of_bytes(&aliases.bytes(), 9).unwrap();
        assert_eq!(kept, aliases);
        assert_eq!(Aliases::of_bytes(&aliases.bytes(), 8), None, "a place that is not there");
        assert_eq!(Aliases::of_bytes(b"rubbish", 9), None);
        [3, 5, 7, 8, 9].into_iter().for_each(|it| aliases.remove(it));
        assert_eq!(aliases, Aliases::default());
        assert!(aliases.bytes().is_empty());
    }
}
