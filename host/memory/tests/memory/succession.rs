//! The newer fact wins, and the older stays as history, whatever becomes of both.

use std::collections::BTreeSet;

use proptest::prelude::*;
use voyager_base::{Digest, memory::Trust, sim::SimDisk};
use voyager_memory::{
    Deed, Edge, Entry, Memory, MemoryId, Question, ReadError, SUPERSEDES, SUPERSEDES_MAX,
    WriteError,
};

use crate::support::{draft, now, open, texts};

fn edge(newer: u64, older: u64) -> Edge {
    let (from, to) = (MemoryId(newer), MemoryId(older));
    Edge { from, kind: SUPERSEDES.to_owned(), to, weight: 1.0 }
}

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), ..Question::default() }
}

/// The texts that answer a question, and how many were left out.
fn found(memory: &Memory, question: &Question) -> (Vec<String>, usize) {
    let recall = memory.recall(question, now()).unwrap();
    (texts(&recall).into_iter().map(str::to_owned).collect(), recall.superseded)
}

fn over(text: &str, older: &[u64]) -> Entry {
    let supersedes = older.iter().copied().map(MemoryId).collect();
    Entry { supersedes, ..draft(text).into() }
}

#[test]
fn the_newer_fact_wins_and_the_older_stays_as_history() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    memory.remember(&[draft("The door is green.").into()], None, now()).unwrap();
    memory.remember(&[over("The door is red.", &[0, 0])], None, now()).unwrap();
    let door = question("which colour has the door?");
    let all = Question { history: true, ..door.clone() };
    let check = |memory: &Memory| {
        assert_eq!(found(memory, &door), (vec!["The door is red.".to_owned()], 1));
        let (mut both, left_out) = found(memory, &all);
        both.sort();
        assert_eq!((both.len(), left_out), (2, 0), "{both:?}");
        assert_eq!(memory.superseded_by(MemoryId(0)), Ok(vec![MemoryId(1)]));
        assert_eq!(memory.story(MemoryId(0), Trust::Outside), Ok(vec![MemoryId(1), MemoryId(0)]));
        assert_eq!(memory.relations(MemoryId(1)), Ok(vec![edge(1, 0)]), "once");
        assert_eq!(memory.record(MemoryId(0)).unwrap().draft.text, "The door is green.");
    };
    check(&memory);
    assert_eq!(memory.audit(9).unwrap().len(), 2, "record and relation are one commit");
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    // Nobody is told of what would be no hit.
    let one = |text: &str| Question { limit: 1, ..question(text) };
    assert_eq!(found(&memory, &one("red")), (vec!["The door is red.".to_owned()], 0));
    assert_eq!(found(&memory, &one("green")), (Vec::new(), 1));
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    assert_eq!(found(&memory, &door), (vec!["The door is green.".to_owned()], 0));
    assert_eq!(memory.superseded_by(MemoryId(1)), Err(ReadError::NotFound { id: MemoryId(1) }));
    assert_eq!(memory.relations(MemoryId(0)), Ok(Vec::new()));
}

#[test]
fn a_claim_that_is_taken_back_hides_nothing() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let doors = ["door one", "door two", "door three"].map(|it| Entry::from(draft(it)));
    memory.remember(&doors, None, now()).unwrap();
    let about = |from, to| Edge { kind: "about".to_owned(), ..edge(from, to) };
    let weak = Edge { weight: 0.5, ..edge(2, 1) };
    memory.relate_all(&[edge(2, 1), weak, edge(1, 0), about(2, 1)], None, now()).unwrap();
    let door = question("door");
    assert_eq!(found(&memory, &door), (vec!["door three".to_owned()], 2));
    // Both that say so, whatever their weights, and nothing else.
    assert_eq!(memory.unrelate(MemoryId(2), SUPERSEDES, MemoryId(1), now()), Ok(2));
    let check = |memory: &Memory| {
        let (mut left, hidden) = found(memory, &door);
        left.sort();
        assert_eq!((left, hidden), (vec!["door three".to_owned(), "door two".to_owned()], 1));
        assert_eq!(memory.relations(MemoryId(2)), Ok(vec![about(2, 1)]));
        assert_eq!(memory.superseded_by(MemoryId(0)), Ok(vec![MemoryId(1)]));
    };
    check(&memory);
    let line = memory.audit(1).unwrap()[0];
    assert_eq!((line.deed, line.first, line.count), (Deed::Unrelated, 2, 2));
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    // What was said wrongly can be said the other way round.
    memory.relate(&edge(1, 2), None, now()).unwrap();
    assert_eq!(found(&memory, &door), (vec!["door two".to_owned()], 2));
}

#[test]
fn what_cannot_be_taken_back_is_told_and_nothing_is_written() {
    let memory = open(&SimDisk::new(1));
    let derived = Entry { derived_from: vec![MemoryId(0)], ..draft("two").into() };
    memory.remember(&[draft("one").into()], None, now()).unwrap();
    memory.remember(&[derived, draft("three").into()], None, now()).unwrap();
    let about = Edge { kind: "about".to_owned(), ..edge(1, 2) };
    memory.relate(&about, None, now()).unwrap();
    let commit = memory.stats().unwrap().commit;
    let told = |from, kind, to| {
        let (from, to) = (MemoryId(from), MemoryId(to));
        memory.unrelate(from, kind, to, now()).unwrap_err().to_string()
    };
    let of = |problem: &str| format!("number 1 of the batch: relation: {problem}");
    assert_eq!(
        told(1, "derived-from", 0),
        of("what m1 is derived from stays, since it is trusted no more than that")
    );
    assert_eq!(told(1, "has", 2), of("m1 has no relation `has` to m2: it has `about`"));
    assert_eq!(
        told(2, "about", 1),
        of("m2 has no relation `about` to m1: it has none that leads there")
    );
    assert_eq!(told(1, "about", 9), "there is no memory m9");
    assert_eq!(memory.stats().unwrap().commit, commit);
    assert_eq!(memory.all_relations().unwrap().len(), 2);
}

#[test]
fn what_is_archived_supersedes_nothing_until_it_comes_back() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let mut old = draft("The door is green.");
    old.pinned = true;
    memory.remember(&[old.into(), draft("The door is red.").into()], None, now()).unwrap();
    memory.relate(&edge(1, 0), None, now()).unwrap();
    let door = question("door");
    assert_eq!(found(&memory, &door).0, ["The door is red."]);
    memory.tick(217, now()).unwrap();
    assert_eq!(found(&memory, &door).0, ["The door is green."]);
    drop(memory);
    let memory = open(&disk);
    assert_eq!(found(&memory, &door).0, ["The door is green."]);
    memory.restore(&[MemoryId(1)], 0.5, now()).unwrap();
    assert_eq!(found(&memory, &door), (vec!["The door is red.".to_owned()], 1));
}

#[test]
fn only_what_hides_a_record_is_named() {
    let memory = open(&SimDisk::new(1));
    let drafts = ["door one", "door two", "door three"].map(|it| Entry::from(draft(it)));
    let [one, two, three] = drafts.map(|it| Entry { trust: Trust::Owner, ..it });
    let outside = Entry { trust: Trust::Outside, ..over("door four", &[0]) };
    memory.remember(&[one, two, three], None, now()).unwrap();
    memory.remember(&[outside], None, now()).unwrap();
    let named = || -> Vec<u64> {
        memory.superseded_by(MemoryId(0)).unwrap().iter().map(|it| it.0).collect()
    };
    assert_eq!(named(), [0; 0], "who is trusted less hides nothing");
    memory.relate_all(&[edge(1, 0), edge(2, 0), edge(2, 0)], None, now()).unwrap();
    assert_eq!(named(), [1, 2]);
    memory.pin(MemoryId(1), true, now()).unwrap();
    memory.tick(217, now()).unwrap();
    assert_eq!((memory.is_archived(MemoryId(2)), named()), (Ok(true), vec![1]));
    // A chain leads through what faded.
    let newest = Entry { trust: Trust::Owner, ..over("door five", &[2]) };
    memory.remember(&[newest], None, now()).unwrap();
    assert_eq!(named(), [1, 2]);
}

#[test]
fn of_a_chain_the_newest_is_left_also_where_one_between_faded() {
    let memory = open(&SimDisk::new(1));
    let pinned = |text: &str| {
        let mut draft = draft(text);
        draft.pinned = true;
        Entry::from(draft)
    };
    memory
        .remember(
            &[pinned("door one"), draft("door two").into(), pinned("door three")],
            None,
            now(),
        )
        .unwrap();
    memory.tick(217, now()).unwrap();
    memory.relate_all(&[edge(2, 1), edge(1, 0)], None, now()).unwrap();
    assert!(memory.is_archived(MemoryId(1)).unwrap());
    assert_eq!(found(&memory, &question("door")), (vec!["door three".to_owned()], 1));
    assert_eq!(memory.story(MemoryId(1), Trust::Outside).unwrap(), [2, 1, 0].map(MemoryId));
    memory.restore(&[MemoryId(1)], 1.0, now()).unwrap();
    assert_eq!(found(&memory, &question("door")), (vec!["door three".to_owned()], 2));
    memory.forget(&[MemoryId(2)], None, now()).unwrap();
    assert_eq!(found(&memory, &question("door")).0, ["door two"]);
}

#[test]
fn circles_and_other_spaces_are_refused_and_nothing_of_the_batch_is_written() {
    let memory = open(&SimDisk::new(1));
    let mut far = draft("elsewhere");
    far.space = "work".to_owned();
    let drafts = [draft("a"), draft("b"), draft("c"), far].map(Entry::from);
    memory.remember(&drafts, None, now()).unwrap();
    memory.relate_all(&[edge(2, 1), edge(1, 0)], None, now()).unwrap();
    let told = |result: Result<(), WriteError>| match result.unwrap_err() {
        WriteError::Invalid { place, invalid } => format!("{place} {invalid}"),
        other => panic!("{other}"),
    };
    assert_eq!(
        told(memory.relate(&edge(0, 2), None, now())),
        "1 supersedes: m0 can't supersede m2, since m2 supersedes m1 supersedes m0: one of them is the newest"
    );
    let far = told(memory.relate(&edge(3, 2), None, now()));
    assert!(far.contains("m2 is in the space `default` and m3 in `work`"), "{far}");
    assert!(far.contains("the same space"), "{far}");
    memory.remember(&[draft("d").into(), draft("e").into()], None, now()).unwrap();
    let batch = [edge(4, 5), edge(4, 0), edge(5, 4)];
    assert!(told(memory.relate_all(&batch, None, now())).starts_with("3 supersedes: m5 can't"));
    assert_eq!(memory.relations(MemoryId(4)), Ok(Vec::new()));
    let many: Vec<u64> = (0..=SUPERSEDES_MAX as u64).collect();
    let refused = memory.remember(&[over("f", &many)], None, now()).map(drop);
    assert!(told(refused).contains("64 are the most"));
    let missing = memory.remember(&[draft("g").into(), over("h", &[99])], None, now());
    assert_eq!(missing, Err(WriteError::NotFound { id: MemoryId(99) }));
    let refused = memory.remember(&[over("i", &[3])], None, now()).map(drop);
    assert!(told(refused).contains("the new one in `default`"));
    assert_eq!(memory.ids().len(), 6, "nothing of them was written");
}

#[test]
fn under_a_key_that_was_used_nothing_is_superseded_again() {
    let memory = open(&SimDisk::new(1));
    memory.remember(&[draft("a").into()], None, now()).unwrap();
    let key = Digest([7; 32]);
    for _ in 0..2 {
        let ids = memory.remember(&[over("b", &[0])], Some(&key), now()).unwrap();
        assert_eq!(ids, [MemoryId(1)]);
    }
    assert_eq!(memory.relations(MemoryId(0)).unwrap().len(), 1);
    assert_eq!(memory.audit(1).unwrap()[0].deed, Deed::Remembered);
}

/// What somebody does; records are named by their place among those that there are.
#[derive(Clone, Debug)]
enum Act {
    Add { space: u8, over: Vec<usize> },
    Relate(usize, usize),
    Forget(usize),
    Pin(usize),
    Restore(usize),
    Tick,
    Open { keeps: bool },
}

fn act() -> impl Strategy<Value = Act> {
    let place = 0_usize..9;
    prop_oneof![
        4 => (0_u8..2, prop::collection::vec(place.clone(), 0..3))
            .prop_map(|(space, over)| Act::Add { space, over }),
        6 => (place.clone(), place.clone()).prop_map(|it| Act::Relate(it.0, it.1)),
        2 => place.clone().prop_map(Act::Forget),
        2 => place.clone().prop_map(Act::Pin),
        2 => place.prop_map(Act::Restore),
        1 => Just(Act::Tick),
        1 => any::<bool>().prop_map(|keeps| Act::Open { keeps }),
    ]
}

/// Claims as pairs, newer before older.
type Claims = BTreeSet<(MemoryId, MemoryId)>;

/// All that lies above a record.
fn above(claims: &Claims, id: MemoryId) -> BTreeSet<MemoryId> {
    let mut all = BTreeSet::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let newer = claims.iter().filter(|it| it.1 == id).map(|it| it.0);
        open.extend(newer.filter(|it| all.insert(*it)));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A store that keeps up with each change says what a naive look at all relations says, and recalls so.
    #[test]
    fn what_is_superseded_follows_from_relations_and_standings(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let disk = SimDisk::new(1);
        let (mut memory, mut claims) = (open(&disk), Claims::new());
        for act in &acts {
            let ids = memory.ids();
            let id = |place: &usize| ids.get(place % ids.len().max(1)).copied();
            match act {
                Act::Add { space, over } => {
                    let mut draft = draft("The door is green.");
                    draft.text = format!("The door is green {}.", ids.len());
                    draft.space = ["one", "two"][usize::from(*space)].to_owned();
                    let supersedes: Vec<MemoryId> = over.iter().filter_map(id).collect();
                    let near = |it: &MemoryId| memory.space_of(*it).unwrap() == draft.space;
                    let fits = supersedes.iter().all(near);
                    let entry = Entry { supersedes, ..draft.into() };
                    let written = memory.remember(std::slice::from_ref(&entry), None, now());
                    prop_assert_eq!(written.is_ok(), fits);
                    let new = written.iter().flatten();
                    claims.extend(new.flat_map(|new| entry.supersedes.iter().map(|it| (*new, *it))));
                }
                Act::Relate(from, to) => {
                    let (Some(from), Some(to)) = (id(from), id(to)) else { continue };
                    let near = memory.space_of(from) == memory.space_of(to);
                    let closes = from == to || above(&claims, from).contains(&to);
                    let related = memory.relate(&edge(from.0, to.0), None, now());
                    prop_assert_eq!(related.is_ok(), near && !closes, "{:?}", related);
                    if related.is_ok() {
                        claims.insert((from, to));
                    }
                }
                Act::Forget(place) => {
                    let Some(id) = id(place) else { continue };
                    memory.forget(&[id], None, now()).unwrap();
                    claims.retain(|it| it.0 != id && it.1 != id);
                }
                Act::Pin(place) => {
                    let Some(id) = id(place) else { continue };
                    memory.pin(id, true, now()).unwrap();
                }
                Act::Restore(place) => {
                    let Some(id) = id(place) else { continue };
                    memory.restore(&[id], 1.0, now()).unwrap();
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
            let lives = |it: &MemoryId| !memory.is_archived(*it).unwrap();
            let superseded: BTreeSet<MemoryId> =
                memory.ids().into_iter().filter(|it| above(&claims, *it).iter().any(lives)).collect();
            for id in memory.ids() {
                let hides = |it: &MemoryId| lives(it) || superseded.contains(it);
                let newer = claims.iter().filter(|it| it.1 == id).map(|it| it.0);
                let hiding: Vec<MemoryId> = newer.filter(hides).collect();
                prop_assert_eq!(memory.superseded_by(id).unwrap(), hiding);
            }
            let door = Question { limit: 100, ..question("door") };
            let recall = memory.recall(&door, now()).unwrap();
            let hits: BTreeSet<MemoryId> = recall.hits.iter().map(|it| it.record.id).collect();
            let wanted: BTreeSet<MemoryId> =
                memory.ids().into_iter().filter(|it| lives(it) && !superseded.contains(it)).collect();
            prop_assert_eq!(hits.len() + recall.duplicates, wanted.len());
            prop_assert!(hits.is_subset(&wanted));
            let all = memory.recall(&Question { history: true, ..door }, now()).unwrap();
            let old = all.hits.iter().filter(|it| superseded.contains(&it.record.id)).count();
            prop_assert_eq!(recall.superseded, old);
        }
    }
}
