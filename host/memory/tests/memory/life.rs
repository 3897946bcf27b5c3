//! What nobody uses is archived in its cycle, however cycles are batched, and comes back when it is asked for.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use voyager_base::{Digest, chance::Seeded, clock::Timestamp, sim::SimDisk};
use voyager_memory::{Deed, Draft, Edge, Memory, MemoryId, Options, Question, WriteError};

use crate::{
    model::Model,
    support::{draft, now, open, texts},
};

/// What somebody does; records are named by their place among those that there are.
#[derive(Clone, Debug)]
enum Act {
    Add { ahead: u64, pinned: bool },
    Used(usize),
    Pin(usize, bool),
    Relate(usize, usize),
    Unrelate(usize, usize),
    Restore(usize, bool),
    Forget(usize),
    Tick { cycles: u64, time: u64 },
    Open,
}

fn act() -> impl Strategy<Value = Act> {
    let place = 0_usize..5;
    prop_oneof![
        3 => (prop_oneof![4 => Just(0_u64), 1 => 1_u64..400], prop::bool::weighted(0.2))
            .prop_map(|(ahead, pinned)| Act::Add { ahead, pinned }),
        2 => place.clone().prop_map(Act::Used),
        2 => (place.clone(), any::<bool>()).prop_map(|it| Act::Pin(it.0, it.1)),
        4 => (place.clone(), place.clone()).prop_map(|it| Act::Relate(it.0, it.1)),
        2 => (place.clone(), place.clone()).prop_map(|it| Act::Unrelate(it.0, it.1)),
        2 => (place.clone(), any::<bool>()).prop_map(|it| Act::Restore(it.0, it.1)),
        1 => place.prop_map(Act::Forget),
        5 => (1_u64..150, 0_u64..100).prop_map(|(cycles, time)| Act::Tick { cycles, time }),
        1 => Just(Act::Open),
    ]
}

/// Performs an act on both.
fn perform(memory: &Memory, model: &mut Model, time: &mut Timestamp, act: &Act) {
    let there: Vec<u64> = model.beings.keys().copied().collect();
    let id = |place: usize| there.get(place % there.len().max(1)).copied();
    match *act {
        Act::Add { ahead, pinned } => {
            let at = Timestamp::from_micros(time.as_micros() + ahead);
            let draft = Draft { at: Some(at), pinned, ..draft("The door is green.") };
            let id = memory.remember(&[draft.into()], None, *time).unwrap()[0];
            model.add(id.0, at.as_micros(), pinned);
        }
        Act::Used(place) => {
            let Some(id) = id(place) else { return };
            memory.used(&[MemoryId(id)], None, *time).unwrap();
            model.used(id);
        }
        Act::Pin(place, pinned) => {
            let Some(id) = id(place) else { return };
            memory.pin(MemoryId(id), pinned, *time).unwrap();
            model.beings.get_mut(&id).unwrap().pinned = pinned;
        }
        Act::Relate(from, to) => {
            let (Some(from), Some(to)) = (id(from), id(to)) else { return };
            if from != to {
                memory.relate(&edge(from, to), None, *time).unwrap();
                model.edges.push((from, to));
            }
        }
        Act::Unrelate(from, to) => {
            let (Some(from), Some(to)) = (id(from), id(to)) else { return };
            let before = model.edges.len();
            model.edges.retain(|it| *it != (from, to));
            let count = memory.unrelate(MemoryId(from), "cites", MemoryId(to), *time);
            assert_eq!(count.unwrap_or_default(), (before - model.edges.len()) as u64);
        }
        Act::Restore(place, strong) => {
            let Some(id) = id(place) else { return };
            let weight = if strong { 0.9 } else { 0.07 };
            memory.restore(&[MemoryId(id)], weight, *time).unwrap();
            model.restore(id, weight);
        }
        Act::Forget(place) => {
            let Some(id) = id(place) else { return };
            memory.forget(&[MemoryId(id)], None, *time).unwrap();
            model.forget(id);
        }
        Act::Tick { cycles, time: passed } => {
            *time = Timestamp::from_micros(time.as_micros() + passed);
            memory.tick(cycles, *time).unwrap();
            model.tick(cycles, time.as_micros());
        }
        Act::Open => {}
    }
}

fn edge(from: u64, to: u64) -> Edge {
    Edge { from: MemoryId(from), kind: "cites".to_owned(), to: MemoryId(to), weight: 1.0 }
}

fn archived(memory: &Memory) -> Vec<u64> {
    faded(memory, 0)
}

fn faded(memory: &Memory, cycles: u64) -> Vec<u64> {
    memory.archived(cycles).unwrap().iter().map(|it| it.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// The store looks at what is due, once a tick; the model at everything, in every cycle.
    #[test]
    fn a_store_that_never_sweeps_archives_as_one_that_does(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let disk = SimDisk::new(1);
        let (mut memory, mut model, mut time) = (open(&disk), Model::default(), now());
        for act in &acts {
            if matches!(act, Act::Open) {
                drop(memory);
                memory = open(&disk);
            }
            perform(&memory, &mut model, &mut time, act);
            let flagged: Vec<u64> = memory.ids().iter().map(|it| it.0)
                .filter(|it| memory.is_archived(MemoryId(*it)).unwrap()).collect();
            prop_assert_eq!(flagged, model.archived(), "after {:?}", act);
            for cycles in [0, 1, 2, 10, 100, 300] {
                prop_assert_eq!(faded(&memory, cycles), model.faded(cycles), "{}: {:?}", cycles, act);
            }
            for (id, being) in &model.beings {
                let weight = if being.pinned { 1.0 } else { being.weight };
                let found = memory.weight(MemoryId(*id)).unwrap();
                prop_assert!((found - weight).abs() < 1e-12, "m{}: {} and {}", id, found, weight);
            }
        }
    }
}

#[test]
fn a_cycle_begins_with_the_last_tick_or_with_the_first_commit() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let later = |seconds| now().after(Duration::from_secs(seconds));
    let write = |at| memory.remember(&[draft("The door is green.").into()], None, at).unwrap();
    assert_eq!(memory.cycle_since().unwrap(), None);
    write(later(0));
    write(later(1));
    memory.tick(0, later(2)).unwrap();
    assert_eq!(memory.cycle_since().unwrap(), Some(later(0)), "none has passed");
    memory.tick(2, later(3)).unwrap();
    write(later(4));
    memory.tick(0, later(5)).unwrap();
    assert_eq!(memory.cycle_since().unwrap(), Some(later(3)));
    drop(memory);
    assert_eq!(open(&disk).cycle_since().unwrap(), Some(later(3)));
}

/// What others cite is archived when nothing does any more, and is as old as that, not as its last use.
#[test]
fn what_was_archived_late_is_not_old() {
    let memory = open(&SimDisk::new(1));
    let drafts = ["The door is green.", "The wall is blue."].map(|it| draft(it).into());
    let ids = memory.remember(&drafts, None, now()).unwrap();
    memory.pin(ids[0], true, now()).unwrap();
    let edge = Edge { from: ids[0], kind: "cites".to_owned(), to: ids[1], weight: 1.0 };
    memory.relate(&edge, None, now()).unwrap();
    memory.tick(1_000, now()).unwrap();
    assert_eq!(archived(&memory), [0; 0]);
    memory.unrelate(ids[0], "cites", ids[1], now()).unwrap();
    memory.tick(1, now()).unwrap();
    assert_eq!(archived(&memory), [1]);
    assert_eq!(memory.archived(1).unwrap(), []);
    memory.tick(499, now()).unwrap();
    assert_eq!(memory.archived(499).unwrap(), [ids[1]]);
    assert_eq!(memory.archived(500).unwrap(), []);
}

/// The first is cited by the second, with which it fades.
#[test]
fn how_long_ago_a_record_faded_does_not_depend_on_how_cycles_are_batched() {
    for batch in [500, 100, 1] {
        let memory = open(&SimDisk::new(1));
        memory.remember(&[draft("The wall is blue.").into()], None, now()).unwrap();
        memory.tick(216, now()).unwrap();
        memory.remember(&[draft("The door is green.").into()], None, now()).unwrap();
        memory.relate(&edge(1, 0), None, now()).unwrap();
        for _ in 0..500 / batch {
            memory.tick(batch, now()).unwrap();
        }
        let check = || {
            assert_eq!(faded(&memory, 283), [0, 1], "batches of {batch}");
            assert_eq!(faded(&memory, 284), [0; 0], "batches of {batch}");
        };
        check();
        for pinned in [true, false] {
            memory.pin(MemoryId(0), pinned, now()).unwrap();
            check();
        }
        // Of use it was, and fades anew.
        memory.used(&[MemoryId(0)], None, now()).unwrap();
        assert_eq!(faded(&memory, 1), [1], "batches of {batch}");
    }
}

#[test]
fn what_faded_is_archived_and_comes_back() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let ids = memory
        .remember(
            &[draft("The door is green.").into(), draft("The wall is blue.").into()],
            None,
            now(),
        )
        .unwrap();
    memory.pin(ids[1], true, now()).unwrap();
    memory.tick(216, now()).unwrap();
    assert_eq!(archived(&memory), [0; 0]);
    memory.tick(1, now()).unwrap();
    assert_eq!(archived(&memory), [0]);
    memory.tick(30, now()).unwrap();
    assert_eq!((memory.archived(30).unwrap().len(), memory.archived(31).unwrap().len()), (1, 0));
    drop(memory);
    let memory = open(&disk);
    let door = Question { text: "green door".to_owned(), ..Question::default() };
    let found = |question: &Question| {
        texts(&memory.recall(question, now()).unwrap())
            .iter()
            .map(|it| (*it).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&door), [""; 0]);
    let all = Question { archived: true, ..door.clone() };
    assert_eq!(found(&all), ["The door is green."]);
    assert_eq!(memory.record(ids[0]).unwrap().draft.text, "The door is green.", "it is kept");
    let refused = memory.restore(&ids, 0.01, now()).unwrap_err();
    assert!(matches!(refused, WriteError::Invalid { .. }), "{refused}");
    let missing = WriteError::NotFound { id: MemoryId(9) };
    assert_eq!(memory.restore(&[MemoryId(9)], 0.5, now()), Err(missing));
    assert_eq!(memory.restore(&ids, 0.5, now()), Ok(vec![ids[0]]));
    assert_eq!(memory.audit(1).unwrap()[0].deed, Deed::Restored);
    assert_eq!((memory.weight(ids[0]), memory.is_archived(ids[0])), (Ok(0.5), Ok(false)));
    assert_eq!(found(&door), ["The door is green."]);
    memory.tick(300, now()).unwrap();
    assert_eq!(archived(&memory), [0], "it fades again");
    assert_eq!(memory.restore(&ids[1..], 0.5, now()), Ok(Vec::new()));
}

/// As one that a program wrote which knew of no horizon, or which archived at another weight.
#[test]
fn what_was_pinned_fades_from_the_weight_it_had() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let id = memory.remember(&[draft("The door is green.").into()], None, now()).unwrap()[0];
    memory.tick(50, now()).unwrap();
    memory.pin(id, true, now()).unwrap();
    memory.tick(300, now()).unwrap();
    assert_eq!(memory.weight(id).unwrap(), 1.0);
    memory.pin(id, false, now()).unwrap();
    assert!((memory.weight(id).unwrap() - 0.5).abs() < 1e-12);
    memory.tick(50, now()).unwrap();
    assert!((memory.weight(id).unwrap() - 0.25).abs() < 1e-12);
}

#[test]
fn a_use_under_a_key_counts_once() {
    let disk = SimDisk::new(1);
    let id = MemoryId(0);
    {
        let memory = open(&disk);
        memory.remember(&[draft("The door is green.").into()], None, now()).unwrap();
        memory.tick(50, now()).unwrap();
        memory.used(&[id, id], Some(&Digest::of(b"key")), now()).unwrap();
    }
    let memory = open(&disk);
    memory.used(&[id], Some(&Digest::of(b"key")), now()).unwrap();
    assert!((memory.weight(id).unwrap() - 0.55).abs() < 1e-12);
    memory.used(&[id], Some(&Digest::of(b"other")), now()).unwrap();
    assert!((memory.weight(id).unwrap() - 0.595).abs() < 1e-12);
    let none = memory.used(&[id, MemoryId(7)], Some(&Digest::of(b"third")), now());
    assert!(none.is_err());
    assert!((memory.weight(id).unwrap() - 0.595).abs() < 1e-12);
}

#[test]
fn a_store_without_a_horizon_gets_it_with_the_next_write() {
    let disk = SimDisk::new(1);
    let archive_below = 0.0;
    let options = Options { archive_below, ..Options::default() };
    let memory = Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7))).unwrap();
    let texts = ["one", "two", "three"].map(|it| draft(it).into());
    let ids = memory.remember(&texts, None, now()).unwrap();
    memory.relate(&edge(0, 1), None, now()).unwrap();
    memory.tick(400, now()).unwrap();
    memory.used(&ids[..1], None, now()).unwrap();
    assert_eq!(archived(&memory), [0; 0], "nothing is below nothing");
    drop(memory);
    let memory = open(&disk);
    memory.tick(1, now()).unwrap();
    assert_eq!(archived(&memory), [2], "the first was used, and cites the second");
    memory.forget(&ids[..1], None, now()).unwrap();
    memory.tick(1, now()).unwrap();
    assert_eq!(archived(&memory), [1, 2]);
}
