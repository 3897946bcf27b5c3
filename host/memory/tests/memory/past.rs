//! What the memory was at each commit, the difference between two, and all that was done to one record.

use std::collections::BTreeSet;

use proptest::prelude::*;
use voyager_base::{clock::Timestamp, sim::SimDisk};
use voyager_memory::{
    Edge, Entry, Happened, Memory, MemoryId, Question, ReadError, SUPERSEDES, Touch,
};

use crate::support::{draft, now, open, texts};

fn edge(from: u64, kind: &str, to: u64) -> Edge {
    Edge { from: MemoryId(from), kind: kind.to_owned(), to: MemoryId(to), weight: 1.0 }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(now().as_micros() + seconds * 1_000_000)
}

fn ids(numbers: &[u64]) -> Vec<MemoryId> {
    numbers.iter().copied().map(MemoryId).collect()
}

/// The texts that answered a question at a commit, sorted, and how many were left out.
fn found(memory: &Memory, text: &str, as_of: Option<u64>) -> (Vec<String>, usize) {
    let question = Question { text: text.to_owned(), as_of, ..Question::default() };
    let recall = memory.recall(&question, now()).unwrap();
    let mut found: Vec<String> = texts(&recall).into_iter().map(str::to_owned).collect();
    found.sort();
    (found, recall.superseded)
}

/// #1 green, #2 red, #3 red supersedes green, #4 217 cycles, #5 green is back, #6 blue supersedes red.
fn doors() -> (SimDisk, Memory) {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    memory.remember(&[draft("A green door.").into()], None, at(1)).unwrap();
    memory.remember(&[draft("A red door.").into()], None, at(2)).unwrap();
    memory.relate(&edge(1, SUPERSEDES, 0), None, at(3)).unwrap();
    memory.tick(217, at(4)).unwrap();
    memory.restore(&ids(&[0]), 0.9, at(5)).unwrap();
    let blue = Entry { supersedes: ids(&[1]), ..draft("A blue door.").into() };
    memory.remember(&[blue], None, at(6)).unwrap();
    (disk, memory)
}

#[test]
fn recall_finds_what_it_would_have_found_then() {
    let (disk, memory) = doors();
    let check = |memory: &Memory| {
        let told = |commit| {
            let (texts, left_out) = found(memory, "door", commit);
            let colours = texts.iter().map(|it| it.split(' ').nth(1).unwrap().to_owned());
            (colours.collect::<Vec<_>>().join(" "), left_out)
        };
        assert_eq!(told(Some(0)), (String::new(), 0));
        assert_eq!(told(Some(1)), ("green".to_owned(), 0));
        assert_eq!(told(Some(2)), ("green red".to_owned(), 0));
        assert_eq!(told(Some(3)), ("red".to_owned(), 1));
        // Both had faded, and one came back.
        assert_eq!(told(Some(4)), (String::new(), 0));
        assert_eq!(told(Some(5)), ("green".to_owned(), 0));
        assert_eq!(told(Some(6)), told(None));
        assert_eq!(told(None), ("blue".to_owned(), 1), "a chain leads through what is archived");
    };
    check(&memory);
    memory.keep_index().unwrap();
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    let question = Question { text: "door".to_owned(), as_of: Some(7), ..Question::default() };
    let refused = memory.recall(&question, now()).unwrap_err();
    assert_eq!(refused.to_string(), "there is no commit #7 yet: the last one is #6");
    memory.forget(&ids(&[0]), None, at(7)).unwrap();
    assert_eq!(found(&memory, "door", Some(1)).0, [""; 0], "it stays forgotten");
    assert_eq!(found(&memory, "door", Some(2)).0, ["A red door."]);
}

#[test]
fn what_superseded_a_record_then_is_what_was_said_by_then() {
    let memory = open(&SimDisk::new(1));
    let doors = ["A green door.", "A red door.", "A blue door."].map(|it| draft(it).into());
    memory.remember(&doors, None, at(1)).unwrap();
    for newer in [1, 2] {
        memory.relate(&edge(newer, SUPERSEDES, 0), None, at(1 + newer)).unwrap();
    }
    let by = |commit| memory.as_of(commit).unwrap().superseded_by(MemoryId(0)).to_vec();
    assert_eq!([by(1), by(2), by(3)], [ids(&[]), ids(&[1]), ids(&[1, 2])]);
}

#[test]
fn a_time_is_the_last_commit_by_then() {
    let (_, memory) = doors();
    let commit = |seconds| memory.commit_at(at(seconds)).unwrap().map(|it| it.commit);
    assert_eq!([commit(0), commit(1), commit(5), commit(99)], [None, Some(1), Some(5), Some(6)]);
    assert_eq!(memory.line(3).unwrap().unwrap().at, at(3));
    assert_eq!(memory.line(9), Ok(None));
    assert_eq!(memory.known_from(), 1);
}

#[test]
fn a_difference_says_what_was_done_and_nothing_of_what_is_forgotten() {
    let (_, memory) = doors();
    memory.pin(MemoryId(2), true, at(7)).unwrap();
    memory.relate(&edge(2, "about", 0), None, at(8)).unwrap();
    let all = memory.difference(0, 8).unwrap();
    assert_eq!((&all.added, all.gone, all.cycles), (&ids(&[0, 1, 2]), 0, 217));
    assert_eq!(
        (&all.archived, &all.restored, &all.pinned),
        (&ids(&[0, 1]), &ids(&[0]), &ids(&[2]))
    );
    assert_eq!(all.related, [edge(1, SUPERSEDES, 0), edge(2, SUPERSEDES, 1), edge(2, "about", 0)]);
    let part = memory.difference(3, 5).unwrap();
    assert_eq!((&part.added, &part.related), (&ids(&[]), &Vec::new()));
    assert_eq!((&part.archived, &part.restored), (&ids(&[0, 1]), &ids(&[0])));
    memory.forget(&ids(&[0, 1]), None, at(9)).unwrap();
    let all = memory.difference(0, 9).unwrap();
    assert_eq!((&all.added, all.gone), (&ids(&[2]), 2));
    assert_eq!((all.forgotten, &all.forgotten_ids), (2, &ids(&[0, 1])));
    assert_eq!((&all.archived, &all.restored, &all.related), (&ids(&[]), &ids(&[]), &Vec::new()));
    assert_eq!(memory.forgotten(MemoryId(1)).unwrap().map(|it| it.commit), Some(9));
    assert_eq!(memory.forgotten(MemoryId(2)), Ok(None));
    assert!(memory.difference(9, 0).unwrap_err().to_string().contains("#0 lies before #9"));
    assert!(memory.difference(0, 10).unwrap_err().to_string().contains("the last one is #9"));
}

#[test]
fn blame_says_who_wrote_a_record_and_what_was_done_to_it() {
    let (disk, memory) = doors();
    memory.encode(&[(MemoryId(0), vec![1.0; crate::support::DIMENSIONS])], at(7)).unwrap();
    memory.pin(MemoryId(0), true, at(8)).unwrap();
    memory.pin(MemoryId(0), false, at(9)).unwrap();
    drop(memory);
    let memory = open(&disk);
    let blame = memory.blame(MemoryId(0)).unwrap();
    assert_eq!((blame.written.commit, blame.written.at), (1, at(1)));
    let told = blame.since.iter().map(|it| (it.commit, it.at.unwrap(), it.what.clone()));
    let touched = |commit: u64, touch| (commit, at(commit), Happened::Touched(touch));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (3, at(3), Happened::Related(edge(1, SUPERSEDES, 0))),
            touched(4, Touch::Archived { cycle: Some(217) }),
            touched(5, Touch::Restored),
            touched(7, Touch::Encoded),
            touched(8, Touch::Pinned),
            touched(9, Touch::Unpinned),
        ]
    );
    assert_eq!(blame.undated, []);
    memory.forget(&ids(&[1]), None, at(10)).unwrap();
    let left = memory.blame(MemoryId(0)).unwrap().since;
    assert!(left.iter().all(|it| matches!(it.what, Happened::Touched(_))), "{left:?}");
    assert_eq!(memory.blame(MemoryId(1)), Err(ReadError::NotFound { id: MemoryId(1) }));
}

#[test]
fn a_relation_that_is_taken_back_is_gone_of_then_and_that_it_was_is_told() {
    let (_, memory) = doors();
    assert_eq!(found(&memory, "door", Some(3)).0, ["A red door."]);
    assert_eq!(memory.unrelate(MemoryId(1), SUPERSEDES, MemoryId(0), at(7)), Ok(1));
    assert_eq!(found(&memory, "door", Some(3)).0, ["A green door.", "A red door."]);
    let told = |id| {
        let since = memory.blame(MemoryId(id)).unwrap().since;
        since.into_iter().map(|it| (it.commit, it.what)).collect::<Vec<_>>()
    };
    let taken_back = (7, Happened::Touched(Touch::Unrelated));
    assert_eq!(told(0).last(), Some(&taken_back));
    assert!(told(1).contains(&taken_back));
    let diff = memory.difference(6, 7).unwrap();
    assert_eq!(diff.unrelated, ids(&[0, 1]));
    assert_eq!(memory.difference(2, 3).unwrap().related, []);
    // The next one has its number, and is of its own commit.
    memory.relate(&edge(1, "about", 0), None, at(8)).unwrap();
    let about = Happened::Related(edge(1, "about", 0));
    assert!(told(0).contains(&(8, about)));
    assert_eq!(memory.difference(2, 3).unwrap().related, []);
    assert_eq!(memory.difference(7, 8).unwrap().related, [edge(1, "about", 0)]);
}

/// Of one to which too much was done the oldest goes, and the store stays small.
#[test]
fn what_is_noted_of_one_record_is_bounded() {
    let memory = open(&SimDisk::new(1));
    memory.remember(&[draft("door").into()], None, now()).unwrap();
    for number in 0..300_u64 {
        memory.pin(MemoryId(0), number % 2 == 0, now()).unwrap();
    }
    let since = memory.blame(MemoryId(0)).unwrap().since;
    assert_eq!((since.len(), since[0].commit), (256, 46));
}

#[derive(Clone, Debug)]
enum Act {
    Add(Vec<usize>),
    Relate(usize, usize),
    Forget(usize, usize),
    Restore(usize),
    Tick,
    Open,
}

fn act() -> impl Strategy<Value = Act> {
    let place = 0_usize..7;
    prop_oneof![
        4 => prop::collection::vec(place.clone(), 0..3).prop_map(Act::Add),
        4 => (place.clone(), place.clone()).prop_map(|it| Act::Relate(it.0, it.1)),
        2 => (place.clone(), place.clone()).prop_map(|it| Act::Forget(it.0, it.1)),
        3 => place.prop_map(Act::Restore),
        3 => Just(Act::Tick),
        1 => Just(Act::Open),
    ]
}

/// What a commit left.
struct Then {
    ids: BTreeSet<MemoryId>,
    archived: BTreeSet<MemoryId>,
    claims: Vec<(MemoryId, MemoryId)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever wrote down the state behind each commit says the same of the past, but for what was forgotten since.
    #[test]
    fn the_past_is_what_it_was_without_what_was_forgotten(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let disk = SimDisk::new(1);
        let (mut memory, mut thens, mut claims) = (open(&disk), Vec::new(), Vec::new());
        thens.push(Then { ids: BTreeSet::new(), archived: BTreeSet::new(), claims: Vec::new() });
        let mut forgotten: Vec<(u64, MemoryId)> = Vec::new();
        for act in &acts {
            let there = memory.ids();
            let id = |place: &usize| there.get(place % there.len().max(1)).copied();
            match act {
                Act::Add(over) => {
                    let supersedes: Vec<MemoryId> = over.iter().filter_map(id).collect();
                    let entry = Entry { supersedes, ..draft("A door.").into() };
                    let new = memory.remember(std::slice::from_ref(&entry), None, now()).unwrap();
                    claims.extend(entry.supersedes.iter().map(|it| (new[0], *it)));
                }
                Act::Relate(from, to) => {
                    let (Some(from), Some(to)) = (id(from), id(to)) else { continue };
                    if memory.relate(&edge(from.0, SUPERSEDES, to.0), None, now()).is_ok() {
                        claims.push((from, to));
                    }
                }
                Act::Forget(one, other) => {
                    let ids: Vec<MemoryId> = [one, other].into_iter().filter_map(id).collect();
                    let gone = memory.forget(&ids, None, now()).unwrap();
                    claims.retain(|it| !gone.ids.contains(&it.0) && !gone.ids.contains(&it.1));
                    forgotten.extend(gone.ids.iter().map(|it| (gone.commit, *it)));
                }
                Act::Restore(place) => {
                    let Some(id) = id(place) else { continue };
                    memory.restore(&[id], 1.0, now()).unwrap();
                }
                Act::Tick => drop(memory.tick(150, now()).unwrap()),
                Act::Open => {
                    drop(memory);
                    memory = open(&disk);
                }
            }
            let commit = memory.stats().unwrap().commit;
            if commit as usize == thens.len() {
                let ids: BTreeSet<MemoryId> = memory.ids().into_iter().collect();
                let archived = memory.archived(0).unwrap().into_iter().collect();
                thens.push(Then { ids, archived, claims: claims.clone() });
            }
        }
        let now_there: BTreeSet<MemoryId> = memory.ids().into_iter().collect();
        for (commit, then) in (0..).zip(&thens) {
            let past = memory.as_of(commit).unwrap();
            for id in &now_there {
                prop_assert_eq!(past.holds(*id), then.ids.contains(id), "{} at {}", id, commit);
                let archived = then.archived.contains(id);
                prop_assert_eq!(past.is_archived(*id), archived, "{} at {}", id, commit);
                // Chains of then, without what was forgotten since.
                let mut above = BTreeSet::new();
                let mut open = vec![*id];
                while let Some(id) = open.pop() {
                    let newer = then.claims.iter().filter(|it| it.1 == id).map(|it| it.0);
                    open.extend(newer.filter(|it| now_there.contains(it) && above.insert(*it)));
                }
                let superseded = above.iter().any(|it| !then.archived.contains(it));
                prop_assert_eq!(past.is_superseded(*id), superseded, "{} at {}", id, commit);
            }
            let difference = memory.difference(commit, thens.len() as u64 - 1).unwrap();
            let added = now_there.difference(&then.ids).copied().collect::<Vec<_>>();
            prop_assert_eq!(&difference.added, &added);
            let gone = forgotten.iter().filter(|it| it.0 > commit).map(|it| it.1);
            let gone: BTreeSet<MemoryId> = gone.collect();
            prop_assert_eq!(difference.forgotten, gone.len() as u64);
            prop_assert_eq!(&difference.forgotten_ids, &gone.into_iter().collect::<Vec<_>>());
        }
    }
}
