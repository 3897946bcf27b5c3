//! Which records of a shard have which fields: a tree of values for each name.
//!
//! Where a shard was kept it rests there until a field is asked for or a record comes or goes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
};

use voyager_base::memory::Comparison;

use super::Place;
use crate::{
    fields::{FieldIs, Value},
    pack::Section,
};

/// Of a place: names and values of its fields, as they are kept.
type Kept = (Place, Vec<(String, String)>);

/// The fields of the records of a shard.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    kept: Option<Section>,
    held: OnceLock<Held>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    /// By name and value: whose they are.
    places: BTreeMap<String, BTreeMap<Value<'static>, BTreeSet<Place>>>,
    /// Names and values by place.
    of: HashMap<Place, Vec<(String, Value<'static>)>>,
}

impl Held {
    fn add(&mut self, place: Place, fields: Vec<(String, Value<'static>)>) {
        for (name, value) in &fields {
            let of_name = self.places.entry(name.clone()).or_default();
            of_name.entry(value.clone()).or_default().insert(place);
        }
        self.of.insert(place, fields);
    }

    fn remove(&mut self, place: Place) {
        for (name, value) in self.of.remove(&place).into_iter().flatten() {
            let Some(values) = self.places.get_mut(&name) else { continue };
            if let Some(places) = values.get_mut(&value) {
                places.remove(&place);
                if places.is_empty() {
                    values.remove(&value);
                }
            }
            if values.is_empty() {
                self.places.remove(&name);
            }
        }
    }
}

impl Fields {
    pub(super) fn kept(section: Section) -> Self {
        Self { kept: (section.len() > 0).then_some(section), held: OnceLock::new() }
    }

    /// What is kept is read when it is first wanted. Nothing is there where it is damaged, and the pack says so.
    fn held(&self) -> &Held {
        self.held.get_or_init(|| {
            let mut held = Held::default();
            let Some(section) = &self.kept else { return held };
            let all: Vec<Kept> = rmp_serde::from_slice(&section.to_vec()).unwrap_or_default();
            for (place, fields) in all {
                let fields = fields.into_iter();
                held.add(
                    place,
                    fields.map(|(name, it)| (name, Value::of(&it).into_owned())).collect(),
                );
            }
            held
        })
    }

    fn held_mut(&mut self) -> &mut Held {
        self.held();
        self.held.get_mut().expect("it was just read")
    }

    /// As they are kept, in the order of places.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let held = self.held();
        let mut all: Vec<Kept> = Vec::with_capacity(held.of.len());
        for (place, fields) in &held.of {
            let fields = fields.iter().map(|(name, value)| (name.clone(), value.text().to_owned()));
            all.push((*place, fields.collect()));
        }
        all.sort_unstable_by_key(|it| it.0);
        if all.is_empty() {
            Vec::new()
        } else {
            rmp_serde::to_vec(&all).expect("texts can be written")
        }
    }

    pub(super) fn add<'a>(
        &mut self,
        place: Place,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let fields: Vec<_> =
            fields.map(|(name, it)| (name.to_owned(), Value::of(it).into_owned())).collect();
        if !fields.is_empty() {
            self.held_mut().add(place, fields);
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        // Where no record ever had one, nothing has to be read.
        if self.kept.is_some() || self.held.get().is_some() {
            self.held_mut().remove(place);
        }
    }

    /// The fields of a record, in the order of their names.
    pub(super) fn of(&self, place: Place) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.held().of.get(&place).into_iter().flatten();
        fields.map(|it| (it.0.as_str(), it.1.text()))
    }

    /// Whether a record has such a field.
    pub(super) fn has(&self, place: Place, asked: &FieldIs) -> bool {
        let fields = self.held().of.get(&place).into_iter().flatten();
        fields.filter(|it| it.0 == asked.name).any(|it| asked.holds(&it.1))
    }

    /// The records that have such a field, in the order of places.
    pub(super) fn places(&self, asked: &FieldIs) -> Vec<Place> {
        let Some(values) = self.held().places.get(&asked.name) else { return Vec::new() };
        let value = Value::of(&asked.value).into_owned();
        // A record has one value of a name.
        let mut found: Vec<Place> = match asked.comparison {
            Comparison::Equal => values.get(&value).into_iter().flatten().copied().collect(),
            _ => {
                values.iter().filter(|it| asked.holds(it.0)).flat_map(|it| it.1).copied().collect()
            }
        };
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Records come, go and come again at the same places: each question finds those that a look at all finds.
        #[test]
        fn fields_are_found_as_by_a_look_at_all(
            acts in proptest::collection::vec((0_u32..12, proptest::collection::btree_map("[ab]", "[0-9]{1,2}|[xy]", 0..3)), 0..60),
            asked in "[ab](=|<|<=|>|>=)([0-9]{1,2}|[xy])",
        ) {
            let (mut fields, mut all) = (Fields::default(), BTreeMap::new());
            for (place, of) in acts {
                fields.remove(place);
                fields.add(place, of.iter().map(|it| (it.0.as_str(), it.1.as_str())));
                all.insert(place, of);
            }
            let asked: FieldIs = asked.parse().unwrap();
            let has = |of: &BTreeMap<String, String>| {
                of.get(&asked.name).is_some_and(|it| asked.holds(&Value::of(it)))
            };
            let wanted: Vec<Place> = all.iter().filter(|it| has(it.1)).map(|it| *it.0).collect();
            prop_assert_eq!(fields.places(&asked), wanted.clone());
            let by_one: Vec<Place> = (0..12).filter(|it| fields.has(*it, &asked)).collect();
            prop_assert_eq!(by_one, wanted);
        }
    }
}
