//! The power fails at any call of the disk: what was acknowledged is there, and what was not is there as a whole
//! or not at all.

use std::collections::BTreeMap;

use voyager_base::{
    Digest,
    chance::{Chance, Seeded},
    sim::{CrashModel, SimDisk},
};
use voyager_memory::{Edge, Entry, Memory, MemoryId, WriteError};

use crate::{
    model::Model,
    support::{ask, now, open, turn},
};

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    Remember(Vec<Entry>),
    Forget(Vec<MemoryId>),
    Relate(Edge),
    Unrelate(MemoryId, MemoryId),
    Tick(u64),
    Pin(MemoryId, bool),
    Restore(MemoryId),
    /// Keeps the index: changes nothing that can be asked.
    Keep,
}

/// What a store holds: what a test can compare.
#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    texts: BTreeMap<u64, String>,
    edges: Vec<(u64, u64)>,
    cycle: u64,
    archived: Vec<u64>,
    pinned: Vec<u64>,
    next: u64,
    /// Where the two before come from.
    model: Model,
}

impl Held {
    fn after(&self, act: &Act) -> Self {
        let mut held = self.clone();
        match act {
            Act::Remember(entries) => {
                for entry in entries {
                    held.texts.insert(held.next, entry.draft.text.clone());
                    held.model.add(held.next, 0, false);
                    held.next += 1;
                }
            }
            Act::Forget(ids) => {
                for id in ids {
                    held.texts.remove(&id.0);
                    held.model.forget(id.0);
                    held.edges.retain(|it| it.0 != id.0 && it.1 != id.0);
                }
            }
            Act::Relate(edge) => {
                held.edges.push((edge.from.0, edge.to.0));
                held.model.edges.push((edge.from.0, edge.to.0));
            }
            Act::Unrelate(from, to) => {
                held.edges.retain(|it| *it != (from.0, to.0));
                held.model.edges.retain(|it| *it != (from.0, to.0));
            }
            Act::Tick(cycles) => {
                held.cycle += cycles;
                held.model.tick(*cycles, now().as_micros());
            }
            Act::Pin(id, pinned) => {
                held.model.beings.get_mut(&id.0).unwrap().pinned = *pinned;
            }
            Act::Restore(id) => held.model.restore(id.0, RESTORED),
            Act::Keep => {}
        }
        held.edges.sort_unstable();
        held.archived = held.model.archived();
        let pinned = held.model.beings.iter().filter(|it| it.1.pinned);
        held.pinned = pinned.map(|it| *it.0).collect();
        held
    }

    /// Without what a store does not tell.
    fn told(&self) -> Self {
        Self { next: 0, model: Model::default(), ..self.clone() }
    }

    fn of(memory: &Memory) -> Self {
        let ids = memory.ids();
        let text = |id: &MemoryId| (id.0, memory.record(*id).unwrap().draft.text);
        let edges = ids.iter().flat_map(|id| {
            let edges = memory.relations(*id).unwrap().into_iter();
            edges.filter(|it| it.from == *id).map(|it| (it.from.0, it.to.0)).collect::<Vec<_>>()
        });
        let mut edges: Vec<_> = edges.collect();
        edges.sort_unstable();
        let texts = ids.iter().map(text).collect();
        let that = |is: fn(&Memory, MemoryId) -> bool| -> Vec<u64> {
            ids.iter().filter(|it| is(memory, **it)).map(|it| it.0).collect()
        };
        Self {
            texts,
            edges,
            cycle: memory.stats().unwrap().cycle,
            archived: that(|memory, it| memory.is_archived(it).unwrap()),
            pinned: that(|memory, it| memory.is_pinned(it).unwrap()),
            ..Self::default()
        }
    }
}

/// The weight with which records are brought back.
const RESTORED: f64 = 0.3;

const KIND: &str = "leads to";

const WORDS: [&str; 8] = ["door", "green", "wall", "blue", "roof", "red", "tree", "old"];

/// Some acts that a seed repeats.
fn history(seed: u64) -> Vec<Act> {
    let chance = Seeded::new(seed);
    let below = |count: usize| (chance.number() % count.max(1) as u64) as usize;
    let mut held = Held::default();
    let mut acts = Vec::new();
    for _ in 0..10 {
        let there: Vec<u64> = held.texts.keys().copied().collect();
        let act = match below(11) {
            0 if !there.is_empty() => {
                let count = 1 + below(2);
                Act::Forget((0..count).map(|_| MemoryId(there[below(there.len())])).collect())
            }
            1 if there.len() > 1 => {
                let from = below(there.len());
                let to = (from + 1 + below(there.len() - 1)) % there.len();
                let kind = KIND.to_owned();
                Act::Relate(Edge {
                    from: MemoryId(there[from]),
                    to: MemoryId(there[to]),
                    kind,
                    weight: 1.0,
                })
            }
            2 => Act::Tick(1 + below(200) as u64),
            3 => Act::Keep,
            4 if !there.is_empty() => Act::Pin(MemoryId(there[below(there.len())]), below(3) > 0),
            5 | 6 if !held.edges.is_empty() => {
                let (from, to) = held.edges[below(held.edges.len())];
                Act::Unrelate(MemoryId(from), MemoryId(to))
            }
            7 if !held.archived.is_empty() => {
                Act::Restore(MemoryId(held.archived[below(held.archived.len())]))
            }
            _ => {
                let text = |_| format!("{} {}", WORDS[below(8)], WORDS[below(8)]);
                let entry = |it: String| turn(WORDS[below(2)], WORDS[below(3)], &it);
                Act::Remember((0..1 + below(3)).map(text).map(entry).collect())
            }
        };
        held = held.after(&act);
        acts.push(act);
    }
    acts
}

/// Performs an act of a history, under the key that it has there.
fn perform(memory: &Memory, number: usize, act: &Act) -> bool {
    let key = Digest::of(&number.to_le_bytes());
    match act {
        Act::Remember(entries) => memory.remember(entries, Some(&key), now()).is_ok(),
        Act::Forget(ids) => memory.forget(ids, Some(&key), now()).is_ok(),
        Act::Relate(edge) => memory.relate(edge, Some(&key), now()).is_ok(),
        Act::Unrelate(from, to) => match memory.unrelate(*from, KIND, *to, now()) {
            // It was under way, and is done.
            Ok(_) | Err(WriteError::Invalid { .. }) => true,
            Err(_) => false,
        },
        Act::Tick(cycles) => memory.tick(*cycles, now()).is_ok(),
        Act::Pin(id, pinned) => memory.pin(*id, *pinned, now()).is_ok(),
        Act::Restore(id) => memory.restore(&[*id], RESTORED, now()).is_ok(),
        Act::Keep => memory.keep_index().is_ok(),
    }
}

/// Performs a history on a disk that fails at a call. Gives back how many acts were acknowledged.
fn until_crash(disk: &SimDisk, acts: &[Act]) -> usize {
    let Ok(memory) = crate::support::try_open(disk) else { return 0 };
    acts.iter().enumerate().take_while(|(number, it)| perform(&memory, *number, it)).count()
}

/// All states that a history goes through.
fn states(acts: &[Act]) -> Vec<Held> {
    let mut states = vec![Held::default()];
    for act in acts {
        states.push(states[states.len() - 1].after(act));
    }
    states
}

/// Opens what a crash left, and compares it.
fn check(left: &SimDisk, acknowledged: usize, acts: &[Act], states: &[Held], at: &str) {
    let memory = open(left);
    let found = Held::of(&memory);
    let candidates = acknowledged..=(acknowledged + 1).min(states.len() - 1);
    let same = |it: &usize| states[*it].told() == found;
    let state = candidates.clone().find(same);
    assert!(state.is_some(), "{at}: {found:?} is none of {candidates:?} of {states:#?}");
    assert_eq!(memory.stats().unwrap().damaged, [], "{at}");
    // The arms know what the tables know: a record answers to its words, or is not there.
    for (id, text) in &found.texts {
        let answer = ask(&memory, text);
        let known =
            answer.hits.iter().any(|it| it.record.id.0 == *id || it.record.draft.text == *text);
        let known = known || found.archived.contains(id);
        assert!(known, "{at}: m{id} is not found by its words");
    }
    // What was under way is asked for again under its key, and happens once.
    let under_way = acts.get(acknowledged).filter(|it| !matches!(it, Act::Tick(_)));
    let found = match under_way {
        Some(act) => {
            assert!(perform(&memory, acknowledged, act), "{at}: {act:?}");
            let after = states[acknowledged + 1].told();
            assert_eq!(Held::of(&memory), after, "{at}");
            after
        }
        None => found,
    };
    // It goes on from there, with ids that were never given away.
    let next = memory.remember(&[turn("a", "b", "goes on")], None, now()).unwrap()[0];
    assert!(found.texts.keys().all(|it| *it < next.0), "{at}");
    drop(memory);
    assert_eq!(Held::of(&open(left)).texts.len(), found.texts.len() + 1, "{at}");
}

fn crash_at_every_call(seed: u64, step: u64) -> u64 {
    let acts = history(seed);
    let states = states(&acts);
    let whole = SimDisk::new(seed);
    assert_eq!(until_crash(&whole, &acts), acts.len());
    let mut tried = 0;
    for call in (1..=whole.calls()).step_by(step as usize) {
        let disk = SimDisk::new(seed);
        disk.crash_at(call);
        let acknowledged = until_crash(&disk, &acts);
        let model = CrashModel::ALL[(call / step) as usize % CrashModel::ALL.len()];
        let left = disk.after_crash(model, call);
        check(&left, acknowledged, &acts, &states, &format!("seed {seed}, call {call}, {model:?}"));
        tried += 1;
    }
    tried
}

#[test]
fn a_crash_leaves_what_was_acknowledged() {
    let tried: u64 = (0..12).map(|seed| crash_at_every_call(seed, 7)).sum();
    assert!(tried > 200, "{tried} crashes were tried");
}

/// All calls of many histories: minutes. Run by the storm.
#[test]
fn a_storm_of_crashes_leaves_what_was_acknowledged() {
    if std::env::var_os("VOYAGER_STORM").is_none() {
        println!("skipped: set VOYAGER_STORM=1");
        return;
    }
    let tried: u64 = (100..140).map(|seed| crash_at_every_call(seed, 1)).sum();
    println!("memory: {tried} crashes of 40 histories");
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let disk = SimDisk::new(3);
    let memory = open(&disk);
    memory.remember(&[turn("a", "Ada", "The door is green.")], None, now()).unwrap();
    disk.crash_at(disk.calls() + 1);
    let error = memory.remember(&[turn("a", "Ada", "The wall is blue.")], None, now()).unwrap_err();
    assert!(error.to_string().contains("open it again"), "{error}");
    let again = memory.tick(1, now()).unwrap_err();
    assert!(again.to_string().contains("cannot write"), "nothing more is written: {again}");
    assert!(memory.has_failed());
    let left = disk.after_crash(CrashModel::Lost, 1);
    assert_eq!(Held::of(&open(&left)).texts.len(), 1);
}
