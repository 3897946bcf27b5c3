//! A record is trusted as the least that it descends from, whatever becomes of that, and who is trusted less hides nothing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use voyager_base::{memory::Trust, sim::SimDisk};
use voyager_memory::{
    DERIVED_FROM, Edge, Entry, Memory, MemoryId, Question, SOURCES_MAX, SUPERSEDES, WriteError,
};

use crate::support::{draft, each_crash, now, open, texts};

fn edge(kind: &str, from: u64, to: u64) -> Edge {
    Edge { from: MemoryId(from), kind: kind.to_owned(), to: MemoryId(to), weight: 1.0 }
}

fn entry(text: &str, trust: Trust, sources: &[u64]) -> Entry {
    let derived_from = sources.iter().copied().map(MemoryId).collect();
    Entry { trust, derived_from, ..draft(text).into() }
}

fn found(memory: &Memory, text: &str, trust: Option<Trust>) -> Vec<String> {
    let question = Question { text: text.to_owned(), trust, ..Question::default() };
    let recall = memory.recall(&question, now()).unwrap();
    let mut found: Vec<String> = texts(&recall).into_iter().map(str::to_owned).collect();
    found.sort();
    found
}

fn trust(memory: &Memory, id: u64) -> Trust {
    memory.trust(MemoryId(id)).unwrap()
}

#[test]
fn what_is_derived_is_trusted_as_its_worst_source() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let entries = [
        entry("page: the door is open", Trust::Outside, &[]),
        entry("ada: the door is shut", Trust::Owner, &[]),
    ];
    memory.remember(&entries, None, now()).unwrap();
    let summary = entry("in short: the door is open", Trust::Owner, &[0, 1, 0]);
    memory.remember(&[summary], None, now()).unwrap();
    memory.remember(&[entry("so the door lets you in", Trust::Skill, &[2])], None, now()).unwrap();
    let check = |memory: &Memory| {
        assert_eq!(
            [0, 1, 2, 3].map(|it| trust(memory, it)),
            [Trust::Outside, Trust::Owner, Trust::Outside, Trust::Outside]
        );
        assert_eq!(memory.own_trust(MemoryId(2)), Ok(Trust::Owner));
        assert_eq!(memory.lowered_by(MemoryId(2)), Ok(vec![MemoryId(0)]));
        assert_eq!(memory.lowered_by(MemoryId(1)), Ok(Vec::new()));
        assert_eq!(found(memory, "door", Some(Trust::Skill)), ["ada: the door is shut"]);
        assert_eq!(found(memory, "door", Some(Trust::Outside)).len(), 4);
        assert_eq!(found(memory, "door", None).len(), 4);
    };
    check(&memory);
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    memory.keep_index().unwrap();
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    // The owner has looked at the page: all that follows from it rises, as far as it reaches by itself.
    memory.set_trust(&[MemoryId(0)], Trust::Imported, now()).unwrap();
    let risen = [Trust::Imported, Trust::Owner, Trust::Imported, Trust::Skill];
    assert_eq!([0, 1, 2, 3].map(|it| trust(&memory, it)), risen);
    drop(memory);
    let memory = open(&disk);
    assert_eq!([0, 1, 2, 3].map(|it| trust(&memory, it)), risen, "the kept index is older");
}

/// The trap: whoever lets the bad source be forgotten must not be trusted more for it.
#[test]
fn nothing_is_trusted_more_for_a_source_that_is_forgotten() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let first = [entry("bad", Trust::Outside, &[]), entry("good", Trust::Imported, &[])];
    memory.remember(&first, None, now()).unwrap();
    memory.remember(&[entry("child", Trust::Owner, &[0, 1])], None, now()).unwrap();
    memory.remember(&[entry("grandchild", Trust::Owner, &[2])], None, now()).unwrap();
    memory.remember(&[entry("other", Trust::Owner, &[1])], None, now()).unwrap();
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    let check = |memory: &Memory, own: &[(u64, Trust)], all: &[(u64, Trust)]| {
        let own_of = |it: &(u64, Trust)| (it.0, memory.own_trust(MemoryId(it.0)).unwrap());
        assert_eq!(own.iter().map(own_of).collect::<Vec<_>>(), own);
        let of = |it: &(u64, Trust)| (it.0, trust(memory, it.0));
        assert_eq!(all.iter().map(of).collect::<Vec<_>>(), all);
    };
    let own = [(2, Trust::Outside), (3, Trust::Owner), (4, Trust::Owner)];
    let all = [(2, Trust::Outside), (3, Trust::Outside), (4, Trust::Imported)];
    check(&memory, &own, &all);
    drop(memory);
    let memory = open(&disk);
    check(&memory, &own, &all);
    // A source and what is between in one batch.
    memory.forget(&[MemoryId(1), MemoryId(2)], None, now()).unwrap();
    check(&memory, &[(3, Trust::Outside)], &[(3, Trust::Outside), (4, Trust::Imported)]);
    let blame = memory.blame(MemoryId(3)).unwrap();
    assert!(format!("{:?}", blame.since).contains("Trusted { trust: Outside }"), "{blame:?}");
}

#[test]
fn circles_are_harmless_and_bounds_are_told() {
    let memory = open(&SimDisk::new(1));
    let entries = ["a", "b", "c"].map(|it| entry(it, Trust::Owner, &[]));
    memory.remember(&entries, None, now()).unwrap();
    let circle = [edge(DERIVED_FROM, 0, 1), edge(DERIVED_FROM, 1, 2), edge(DERIVED_FROM, 2, 0)];
    memory.relate_all(&circle, None, now()).unwrap();
    assert_eq!([0, 1, 2].map(|it| trust(&memory, it)), [Trust::Owner; 3]);
    memory.set_trust(&[MemoryId(1)], Trust::Skill, now()).unwrap();
    assert_eq!([0, 1, 2].map(|it| trust(&memory, it)), [Trust::Skill; 3]);
    memory.set_trust(&[MemoryId(1)], Trust::Owner, now()).unwrap();
    assert_eq!([0, 1, 2].map(|it| trust(&memory, it)), [Trust::Owner; 3]);
    let many: Vec<u64> = (0..=SOURCES_MAX as u64).collect();
    let refused = memory.remember(&[entry("d", Trust::Owner, &many)], None, now());
    assert!(refused.unwrap_err().to_string().contains("derived-from: are 65, and 64 are the most"));
    let missing = memory.remember(&[entry("d", Trust::Owner, &[9])], None, now());
    assert_eq!(missing, Err(WriteError::NotFound { id: MemoryId(9) }));
    assert_eq!(memory.ids().len(), 3);
}

#[test]
fn who_is_trusted_less_hides_nothing_until_the_owner_says_otherwise() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let told = entry("the door code is 1234", Trust::Owner, &[]);
    let poison = Entry {
        supersedes: vec![MemoryId(0)],
        ..entry("the door code is 6666", Trust::Outside, &[])
    };
    memory.remember(&[told], None, now()).unwrap();
    memory.remember(&[poison], None, now()).unwrap();
    let both = ["the door code is 1234", "the door code is 6666"];
    assert_eq!(found(&memory, "door code", None), both);
    assert_eq!(found(&memory, "door code", Some(Trust::Skill)), both[..1]);
    // A third one between helps it nothing.
    let between = Entry {
        supersedes: vec![MemoryId(1)],
        ..entry("the door code is 7777", Trust::Outside, &[])
    };
    memory.remember(&[between], None, now()).unwrap();
    assert_eq!(found(&memory, "door code", None), [both[0], "the door code is 7777"]);
    memory.set_trust(&[MemoryId(1), MemoryId(2)], Trust::Owner, now()).unwrap();
    assert_eq!(found(&memory, "door code", None), ["the door code is 7777"]);
    drop(memory);
    let memory = open(&disk);
    assert_eq!(found(&memory, "door code", None), ["the door code is 7777"]);
    // What it descends from turns out to be bad.
    memory.remember(&[entry("page about doors", Trust::Outside, &[])], None, now()).unwrap();
    memory.relate(&edge(DERIVED_FROM, 1, 3), None, now()).unwrap();
    let told = found(&memory, "code", None);
    assert_eq!(told, [both[0], "the door code is 7777"], "the chain is broken in its middle");
    assert_eq!(found(&memory, "code", Some(Trust::Owner)), told);
}

/// What somebody does; records are named by their place among those that there are.
#[derive(Clone, Debug)]
enum Act {
    Add { trust: usize, sources: Vec<usize>, over: Option<usize> },
    Derive(usize, usize),
    Supersede(usize, usize),
    TakeBack(usize, usize),
    Trust(usize, usize),
    Forget(Vec<usize>),
    Tick,
    Open { keeps: bool },
}

fn act() -> impl Strategy<Value = Act> {
    let place = 0_usize..9;
    prop_oneof![
        5 => (0_usize..4, prop::collection::vec(place.clone(), 0..3), prop::option::of(place.clone()))
            .prop_map(|(trust, sources, over)| Act::Add { trust, sources, over }),
        4 => (place.clone(), place.clone()).prop_map(|it| Act::Derive(it.0, it.1)),
        2 => (place.clone(), place.clone()).prop_map(|it| Act::Supersede(it.0, it.1)),
        2 => (place.clone(), place.clone()).prop_map(|it| Act::TakeBack(it.0, it.1)),
        3 => (place.clone(), 0_usize..4).prop_map(|it| Act::Trust(it.0, it.1)),
        3 => prop::collection::vec(place, 1..3).prop_map(Act::Forget),
        1 => Just(Act::Tick),
        1 => any::<bool>().prop_map(|keeps| Act::Open { keeps }),
    ]
}

/// Records as a naive model has them: nobody forgets where anything came from, and all of it is asked each time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// By id: its trust by itself, and what was ever said to be its sources. Forgotten ones stay.
    pub(crate) records: BTreeMap<u64, (Trust, BTreeSet<u64>)>,
    pub(crate) gone: BTreeSet<u64>,
    pub(crate) claims: BTreeSet<(u64, u64)>,
}

impl Model {
    /// The owner says how far a record is trusted.
    pub(crate) fn set(&mut self, id: u64, trust: Trust) {
        let record = self.records.get_mut(&id).unwrap();
        record.0 = trust;
        // What was left of forgotten sources counts no more for this one.
        let gone = &self.gone;
        record.1.retain(|it| !gone.contains(it));
    }

    /// A forgotten source can't be corrected any more: it is as it was.
    pub(crate) fn forget(&mut self, ids: &[MemoryId]) {
        let was: Vec<(u64, Trust)> = ids.iter().map(|it| (it.0, self.trust(it.0))).collect();
        for (id, trust) in was {
            self.records.insert(id, (trust, BTreeSet::new()));
            self.gone.insert(id);
        }
    }

    pub(crate) fn trust(&self, of: u64) -> Trust {
        let mut all = BTreeSet::from([of]);
        let mut open = vec![of];
        while let Some(id) = open.pop() {
            open.extend(self.records[&id].1.iter().copied().filter(|it| all.insert(*it)));
        }
        all.iter().map(|it| self.records[it].0).min().unwrap()
    }

    fn is_here(&self, id: u64) -> bool {
        self.records.contains_key(&id) && !self.gone.contains(&id)
    }

    pub(crate) fn superseded(&self, of: u64, faded: &dyn Fn(u64) -> bool) -> bool {
        let newer = self.claims.iter().filter(|it| it.1 == of && self.is_here(it.0));
        let strong = newer.filter(|it| self.trust(it.0) >= self.trust(of));
        strong.into_iter().any(|it| !faded(it.0) || self.superseded(it.0, faded))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Trust is never more than the least of all that a record ever descended from; where the owner says nothing it
    /// is just that. A store that lived through changes says what one says that was just opened, and recalls so.
    #[test]
    fn trust_and_what_it_hides_follow_from_all_that_was_ever_said(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let disk = SimDisk::new(1);
        let (mut memory, mut model) = (open(&disk), Model::default());
        for act in &acts {
            let ids = memory.ids();
            let id = |place: &usize| ids.get(place % ids.len().max(1)).copied();
            match act {
                Act::Add { trust, sources, over } => {
                    let sources: BTreeSet<u64> =
                        sources.iter().filter_map(id).map(|it| it.0).collect();
                    let named: Vec<u64> = sources.iter().copied().collect();
                    let text = format!("The door is green {}.", ids.len());
                    let mut entry = entry(&text, Trust::ALL[*trust], &named);
                    entry.supersedes = over.iter().filter_map(id).collect();
                    let new = memory.remember(&[entry.clone()], None, now()).unwrap()[0].0;
                    model.records.insert(new, (Trust::ALL[*trust], sources));
                    model.claims.extend(entry.supersedes.iter().map(|it| (new, it.0)));
                }
                Act::Derive(from, to) => {
                    let (Some(from), Some(to)) = (id(from), id(to)) else { continue };
                    let related = memory.relate(&edge(DERIVED_FROM, from.0, to.0), None, now());
                    prop_assert_eq!(related.is_ok(), from != to);
                    if from != to {
                        model.records.get_mut(&from.0).unwrap().1.insert(to.0);
                    }
                }
                Act::Supersede(from, to) => {
                    let (Some(from), Some(to)) = (id(from), id(to)) else { continue };
                    if memory.relate(&edge(SUPERSEDES, from.0, to.0), None, now()).is_ok() {
                        model.claims.insert((from.0, to.0));
                    }
                }
                Act::TakeBack(from, to) => {
                    let (Some(from), Some(to)) = (id(from), id(to)) else { continue };
                    let was = memory.unrelate(from, SUPERSEDES, to, now()).is_ok();
                    prop_assert_eq!(model.claims.remove(&(from.0, to.0)), was);
                }
                Act::Trust(place, trust) => {
                    let Some(id) = id(place) else { continue };
                    let trust = Trust::ALL[*trust];
                    memory.set_trust(&[id], trust, now()).unwrap();
                    model.set(id.0, trust);
                }
                Act::Forget(places) => {
                    let ids: Vec<MemoryId> = places.iter().filter_map(id).collect();
                    memory.forget(&ids, None, now()).unwrap();
                    model.forget(&ids);
                }
                Act::Tick => drop(memory.tick(120, now()).unwrap()),
                Act::Open { keeps } => {
                    if *keeps {
                        memory.keep_index().unwrap();
                    }
                    drop(memory);
                    memory = open(&disk);
                }
            }
            let faded = |it: u64| memory.is_archived(MemoryId(it)).unwrap();
            for id in memory.ids() {
                prop_assert_eq!(memory.trust(id).unwrap(), model.trust(id.0), "{}", id);
                let superseded = model.superseded(id.0, &faded);
                prop_assert_eq!(!memory.superseded_by(id).unwrap().is_empty(), superseded, "{}", id);
            }
            // What was answered before the change, it is not given again.
            let asked = Question {
                text: "green door".to_owned(),
                trust: Some(Trust::Skill),
                ..Question::default()
            };
            let answer = memory.recall(&asked, now()).unwrap();
            prop_assert_eq!(answer, memory.recall_anew(&asked, now()).unwrap());
        }
        for least in Trust::ALL {
            let question = Question {
                text: "green door".to_owned(),
                limit: 100,
                trust: Some(least),
                history: true,
                archived: true,
                ..Question::default()
            };
            let recall = memory.recall(&question, now()).unwrap();
            let mut found: Vec<u64> = recall.hits.iter().map(|it| it.record.id.0).collect();
            found.sort_unstable();
            let here = memory.ids().into_iter().map(|it| it.0);
            let trusted: Vec<u64> = here.filter(|it| model.trust(*it) >= least).collect();
            prop_assert_eq!(found.len() + recall.duplicates, trusted.len());
            prop_assert!(found.iter().all(|it| trusted.contains(it)));
        }
    }
}

/// A crash at any call of the disk: the source is there and counts, or is gone and has left its trust behind.
#[test]
fn a_crash_while_a_source_is_forgotten_leaves_nothing_trusted_more() {
    let filled = || {
        let disk = SimDisk::new(5);
        let memory = open(&disk);
        memory.remember(&[entry("bad", Trust::Outside, &[])], None, now()).unwrap();
        memory.remember(&[entry("child", Trust::Owner, &[0])], None, now()).unwrap();
        drop(memory);
        disk
    };
    let (mut there, mut gone) = (0, 0);
    let forget = |memory: &Memory| memory.forget(&[MemoryId(0)], None, now()).is_ok();
    each_crash(filled, forget, |at, memory| {
        assert_eq!(trust(&memory, 1), Trust::Outside, "{at}");
        *(if memory.ids().len() == 2 { &mut there } else { &mut gone }) += 1;
    });
    assert!(there > 0 && gone > 0, "{there} {gone}");
}

/// What can no longer be read can no longer be trusted.
#[test]
fn a_damaged_source_speaks_for_nothing() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    memory.remember(&[entry("source", Trust::Owner, &[])], None, now()).unwrap();
    memory.remember(&[entry("child", Trust::Owner, &[0])], None, now()).unwrap();
    disk.flip_bit("keys", 512 * 8);
    assert_eq!(found(&memory, "source", None), ["child"], "a relation leads to it");
    assert_eq!(trust(&memory, 1), Trust::Outside);
    drop(memory);
    let memory = open(&disk);
    assert_eq!(memory.stats().unwrap().damaged, [MemoryId(0)]);
    assert_eq!(trust(&memory, 1), Trust::Outside);
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    assert_eq!(memory.own_trust(MemoryId(1)), Ok(Trust::Outside), "and stays so");
}
