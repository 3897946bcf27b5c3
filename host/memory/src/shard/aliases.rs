//! Which records of a shard tell other names of the same, and by which names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Place;
use crate::alias::{names, spelling};

/// The records that tell names. They are few: most shards have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Aliases {
    texts: BTreeMap<Place, String>,
    /// By [`spelling`].
    places: HashMap<String, BTreeSet<Place>>,
    /// How many of those begin with a word.
    beginning: HashMap<String, usize>,
}

/// The word that a spelling begins with.
fn first(spelling: &str) -> &str {
    spelling.split(' ').next().unwrap_or_default()
}

impl Aliases {
    pub(super) fn add(&mut self, place: Place, text: &str) {
        for name in names(text).map(spelling) {
            if !self.places.contains_key(&name) {
                *self.beginning.entry(first(&name).to_owned()).or_default() += 1;
            }
            self.places.entry(name).or_default().insert(place);
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
                    if let Some(count) = self.beginning.get_mut(first(&name)) {
                        *count -= 1;
                        if *count == 0 {
                            self.beginning.remove(first(&name));
                        }
                    }
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// What a record tells, where it tells names.
    pub(super) fn text(&self, place: Place) -> Option<&str> {
        self.texts.get(&place).map(String::as_str)
    }

    /// Whether a name begins with a word.
    pub(super) fn begins(&self, word: &str) -> bool {
        self.beginning.contains_key(word)
    }

    /// The records that tell a name of such a [`spelling`], in the order of places.
    pub(super) fn places(&self, spelling: &str) -> impl Iterator<Item = Place> {
        self.places.get(spelling).into_iter().flatten().copied()
    }

    /// As they are kept, in the order of places.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let all: Vec<(&Place, &String)> = self.texts.iter().collect();
        match all.is_empty() {
            true => Vec::new(),
            false => rmp_serde::to_vec(&all).expect("texts can be written"),
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

    #[test]
    fn names_come_and_go_with_their_records() {
        let mut aliases = Aliases::default();
        aliases.add(3, "k8s = Kubernetes = kube");
        aliases.add(5, "New York = NYC = new york");
        aliases.add(7, "k8s=the cluster");
        let places = |of: &Aliases, name: &str| of.places(name).collect::<Vec<_>>();
        assert_eq!(places(&aliases, "k8s"), [3, 7]);
        assert_eq!(places(&aliases, "new york"), [5]);
        assert_eq!(aliases.text(7), Some("k8s=the cluster"));
        let kept = Aliases::of_bytes(&aliases.bytes(), 8).unwrap();
        assert_eq!(kept, aliases);
        assert_eq!(Aliases::of_bytes(&aliases.bytes(), 7), None, "a place that is not there");
        assert_eq!(Aliases::of_bytes(b"rubbish", 9), None);
        aliases.remove(3);
        assert_eq!(places(&aliases, "k8s"), [7]);
        assert!(aliases.begins("k8s") && aliases.begins("the") && !aliases.begins("kube"));
        [5, 7, 9].into_iter().for_each(|it| aliases.remove(it));
        assert_eq!(aliases, Aliases::default());
        assert!(aliases.bytes().is_empty());
    }
}
