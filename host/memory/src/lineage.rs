//! How far records are trusted: no more than anything that they descend from.
//!
//! A link is a relation of the kind [`DERIVED_FROM`] from a record to a source of it. The trust of a record is the least
//! of its own, which its standing holds, and those of all sources that links lead to, near and far. What can't be read
//! says nothing for itself: what is derived from it is trusted least. Links may close circles; all on one are trusted
//! alike.
//!
//! Kept is what is below a record's own trust. A new link only lowers, by [`Trust::ALL`] steps at most for each
//! record, so that all links together cost what there are of them. Where the trust of a record itself changes, those
//! that descend from it are looked at anew. A record that nothing is linked with costs nothing.
//!
//! A source that is forgotten leaves its trust behind: the store lowers what is directly derived from it in the same
//! commit, so nothing is trusted more for what is not known any more.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::memory::Trust;

use crate::record::MemoryId;

/// The kind of relation that says so.
pub const DERIVED_FROM: &str = "derived-from";

/// A link: what is derived, its source, the number of the relation.
type Link = (MemoryId, MemoryId, u32);

/// All links, and what follows from them.
#[derive(Default)]
pub(crate) struct Lineage {
    links: BTreeSet<Link>,
    /// The same by the source, which stands first.
    backward: BTreeSet<Link>,
    /// Records that are trusted less than by themselves.
    lowered: BTreeMap<MemoryId, Trust>,
}

fn all_of(id: MemoryId) -> std::ops::RangeInclusive<Link> {
    (id, MemoryId(0), 0)..=(id, MemoryId(u64::MAX), u32::MAX)
}

impl Lineage {
    /// Takes a link in, where `own` is the trust of a record by itself: none of one that is not here. Gives back the
    /// records that are trusted less now.
    pub(crate) fn add(
        &mut self,
        (derived, source, number): Link,
        own: impl Fn(MemoryId) -> Option<Trust>,
    ) -> Vec<MemoryId> {
        self.links.insert((derived, source, number));
        self.backward.insert((source, derived, number));
        let least = self.of(source, own(source));
        self.lower((derived, least), &own)
    }

    /// Lets a record go with its links. What is derived from it has to be trusted no more than it was, by itself.
    pub(crate) fn remove(&mut self, id: MemoryId) {
        let sources: Vec<Link> = self.links.range(all_of(id)).copied().collect();
        let derived: Vec<Link> = self.backward.range(all_of(id)).copied().collect();
        for (_, source, number) in sources {
            self.links.remove(&(id, source, number));
            self.backward.remove(&(source, id, number));
        }
        for (_, derived, number) in derived {
            self.links.remove(&(derived, id, number));
            self.backward.remove(&(id, derived, number));
        }
        self.lowered.remove(&id);
    }

    /// The trust of a record by itself changed. Gives back those that may be trusted otherwise now, itself among them.
    pub(crate) fn turned(
        &mut self,
        id: MemoryId,
        own: impl Fn(MemoryId) -> Option<Trust>,
    ) -> Vec<MemoryId> {
        let mut below = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let derived = self.backward.range(all_of(id)).map(|it| it.1);
            open.extend(derived.filter(|it| below.insert(*it)));
        }
        for it in &below {
            self.lowered.remove(it);
        }
        for it in &below {
            if let Some(least) = self.sources(*it).map(|it| self.of(it, own(it))).min() {
                self.lower((*it, least), &own);
            }
        }
        below.into_iter().collect()
    }

    /// Lowers a record to the trust of a source of it, and those that descend from it. Gives back those that are trusted
    /// less now.
    fn lower(
        &mut self,
        (id, least): (MemoryId, Trust),
        own: &impl Fn(MemoryId) -> Option<Trust>,
    ) -> Vec<MemoryId> {
        let mut lowered = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(by_itself) = own(id) else { continue };
            if least < self.of(id, Some(by_itself)) {
                self.lowered.insert(id, least);
                lowered.push(id);
                open.extend(self.derived(id));
            }
        }
        lowered
    }

    /// How far a record is trusted that has this trust by itself; least where it is not here.
    pub(crate) fn of(&self, id: MemoryId, own: Option<Trust>) -> Trust {
        let Some(own) = own else { return Trust::Outside };
        self.lowered.get(&id).map_or(own, |it| own.min(*it))
    }

    /// All links.
    pub(crate) fn all(&self) -> impl Iterator<Item = Link> + '_ {
        self.links.iter().copied()
    }

    /// The records that one is derived from directly.
    pub(crate) fn sources(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        self.links.range(all_of(id)).map(|it| it.1)
    }

    /// The records that are derived from one directly.
    pub(crate) fn derived(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        self.backward.range(all_of(id)).map(|it| it.1)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::{cell::Cell, collections::BTreeMap, sync::Arc};

    use proptest::prelude::*;
    use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};

    use super::*;
    use crate::{
        record::Draft,
        row::Standing,
        store::{Memory, Options},
        tables::{Act, Counters, Deed},
    };

    /// A skill's word is told by its field; of the rest nobody knows whether the owner typed it.
    #[test]
    fn records_from_before_trust_was_noted_have_the_least_that_they_can_be_of() {
        let disk = SimDisk::new(1);
        let open = || {
            let chance = Arc::new(Seeded::new(7));
            Memory::open(Arc::new(disk.clone()), Options::default(), chance).unwrap()
        };
        let memory = open();
        let skill = BTreeMap::from([("skill".to_owned(), "a:b".to_owned())]);
        let drafts = [
            Draft { text: "typed".to_owned(), ..Draft::default() },
            Draft { text: "a skill's".to_owned(), fields: skill, ..Draft::default() },
        ];
        let now = Timestamp::default();
        memory.remember(&drafts.map(Into::into), None, now).unwrap();
        let (tables, counters) = memory.tables_for_tests();
        let standing =
            Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
        let act = Act { at: now, deed: Deed::Arranged, first: 0, count: 2 };
        let counters = Counters { commit: counters.commit + 1, ..counters };
        let write = |it: &crate::tables::Change| {
            it.set_standings(&[(0, standing), (1, standing)])?;
            it.end(act)
        };
        tables.change(counters, write).unwrap();
        drop(memory);
        let memory = open();
        let trust = |memory: &Memory| [0, 1].map(|it| memory.trust(MemoryId(it)).unwrap());
        assert_eq!(trust(&memory), [Trust::Imported, Trust::Skill]);
        assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, []);
        // A use writes the standing anew, with what was found.
        memory.used(&[MemoryId(1)], None, now).unwrap();
        memory.keep_index().unwrap();
        drop(memory);
        let memory = open();
        assert_eq!(trust(&memory), [Trust::Imported, Trust::Skill]);
        assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, []);
    }

    #[test]
    fn a_link_costs_the_same_however_many_sources_there_are() {
        const COUNT: u64 = 1_000;
        let mut lineage = Lineage::default();
        let asked = Cell::new(0);
        for source in 1..=COUNT {
            let lowered = lineage.add((MemoryId(0), MemoryId(source), 0), |_| {
                asked.set(asked.get() + 1);
                Some(Trust::Owner)
            });
            assert_eq!(lowered, []);
        }
        assert_eq!(asked.get(), 2 * COUNT, "each time the record and its new source");
    }

    fn id(number: u8) -> MemoryId {
        MemoryId(u64::from(number))
    }

    /// The least of all that can be reached, one after the other.
    fn naive(links: &[Link], own: &[Option<Trust>; 6], of: u8) -> Trust {
        let mut all = BTreeSet::from([id(of)]);
        let mut open = vec![id(of)];
        while let Some(id) = open.pop() {
            if own[id.0 as usize].is_some() {
                let sources = links.iter().filter(|it| it.0 == id).map(|it| it.1);
                open.extend(sources.filter(|it| all.insert(*it)));
            }
        }
        all.iter().map(|it| own[it.0 as usize].unwrap_or_default()).min().unwrap_or_default()
    }

    proptest! {
        /// Circles and records that are not here among them.
        #[test]
        fn a_record_is_trusted_as_the_least_that_it_descends_from(
            pairs in prop::collection::vec((0_u8..6, 0_u8..6), 0..14),
            own in prop::array::uniform6(prop::option::weighted(0.9, 0_usize..4)),
            turns in prop::collection::vec((0_u8..6, prop::option::weighted(0.8, 0_usize..4)), 0..6),
        ) {
            let trust = |it: usize| Trust::ALL[it];
            let mut own = own.map(|it| it.map(trust));
            let links: Vec<Link> =
                pairs.iter().zip(0..).map(|(it, number)| (id(it.0), id(it.1), number)).collect();
            let mut lineage = Lineage::default();
            for link in &links {
                lineage.add(*link, |it| own[it.0 as usize]);
            }
            let check = |lineage: &Lineage, own: &[Option<Trust>; 6]| {
                for it in 0..6 {
                    let found = lineage.of(id(it), own[usize::from(it)]);
                    assert_eq!(found, naive(&links, own, it), "{it} of {links:?} with {own:?}");
                }
            };
            check(&lineage, &own);
            for (of, now) in turns {
                own[usize::from(of)] = now.map(trust);
                let before: Vec<Trust> = (0..6).map(|it| lineage.of(id(it), own[usize::from(it)])).collect();
                let told = lineage.turned(id(of), |it| own[it.0 as usize]);
                check(&lineage, &own);
                let changed = (0..6_u8).filter(|it| {
                    lineage.of(id(*it), own[usize::from(*it)]) != before[usize::from(*it)]
                });
                prop_assert!(changed.into_iter().all(|it| told.contains(&id(it))));
            }
        }
    }
}
