//! One record stands for those that say the same: nothing is lost by it, and all of it can be taken back.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use voyager_base::{memory::Trust, sim::SimDisk};
use voyager_memory::{
    Consolidated, Deed, Edge, Entry, Memory, MemoryId, Question, Recall, SAME_MAX, SUPERSEDES,
    WriteError,
};

use crate::support::{draft, each_crash, now, open, vector};

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), vector: Some(vector(text)), ..Question::default() }
}

fn recall(memory: &Memory, question: &Question) -> Recall {
    memory.recall(question, now()).unwrap()
}

/// The hits, each with those that say the same.
fn told(memory: &Memory, question: &Question) -> Vec<(u64, Vec<u64>)> {
    let told = |it: &voyager_memory::Hit| {
        (it.record.id.0, it.same.iter().map(|it| it.0).collect::<Vec<_>>())
    };
    let mut told: Vec<_> = recall(memory, question).hits.iter().map(told).collect();
    told.sort();
    told
}

fn entry(text: &str, tag: &str) -> Entry {
    let mut draft = draft(text);
    // Without a tag of its own it would be a duplicate of the same words already.
    draft.tags = vec![tag.to_owned()];
    // An encoder of meaning would have those that say the same near each other.
    let about = if text.contains("wall") { "wall" } else { "door" };
    Entry { vector: Some(vector(about)), trust: Trust::Imported, ..draft.into() }
}

#[test]
fn a_hit_names_the_first_of_those_that_say_the_same_and_counts_the_others() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let text = "The door is green.";
    let entries: Vec<Entry> = (0..SAME_MAX + 4).map(|it| entry(text, &it.to_string())).collect();
    let ids = memory.remember(&entries, None, now()).unwrap();
    let found = memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
    let standing = found.groups[0].standing;
    let question = question("green door");
    let hits = recall(&memory, &question).hits;
    assert_eq!((hits.len(), hits[0].record.id), (1, standing));
    let copies: Vec<MemoryId> = ids.iter().copied().filter(|it| *it != standing).collect();
    assert_eq!((hits[0].same.as_slice(), hits[0].same_more), (&copies[..SAME_MAX], 3));
    for id in ids {
        let by = memory.said_by(&question, &hits, id).unwrap();
        assert_eq!(by.is_some(), id != standing, "{id}, also where it is not named");
    }
    let wanted = Question { tags: vec!["0".to_owned()], ..question };
    assert_eq!(memory.said_by(&wanted, &hits, copies[1]).unwrap(), None, "it is not asked for");
}

fn groups(found: &Consolidated) -> Vec<(u64, Vec<u64>)> {
    let group = |it: &voyager_memory::Group| {
        (it.standing.0, it.copies.iter().map(|it| it.0).collect::<Vec<_>>())
    };
    found.groups.iter().map(group).collect()
}

fn filled(disk: &SimDisk) -> Memory {
    let memory = open(disk);
    let texts = [
        ("The door is green.", "one"),
        ("the door is green", "two"),
        ("The door is really green!", "three"),
        ("The door is red.", "one"),
        ("The wall is blue.", "one"),
        ("The wall is blue", "two"),
    ];
    memory.remember(&texts.map(|it| entry(it.0, it.1)), None, now()).unwrap();
    memory
}

#[test]
fn one_stands_for_those_that_say_the_same_until_that_is_taken_back() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let (door, wall) = (question("green door"), question("blue wall"));
    let before = [recall(&memory, &door), recall(&memory, &wall)];
    let dry = memory.consolidate(None, true, now(), &|_, _| true).unwrap().unwrap();
    assert_eq!((groups(&dry), dry.commit), (vec![(2, vec![0, 1]), (5, vec![4])], None));
    let found = memory.consolidate(Some("default"), false, now(), &|_, _| true).unwrap().unwrap();
    assert_eq!(Consolidated { commit: None, ..found.clone() }, dry);
    let commit = found.commit.unwrap();
    let check = |memory: &Memory| {
        let all = told(memory, &door);
        assert!(all.contains(&(2, vec![0, 1])) && all.contains(&(3, vec![])), "{all:?}");
        assert!(!all.iter().any(|it| it.0 < 2), "{all:?}");
        // Whoever asks for all of them gets them.
        for all in
            [Question { copies: true, ..door.clone() }, Question { history: true, ..door.clone() }]
        {
            assert_eq!(told(memory, &all).iter().filter(|it| it.0 < 3).count(), 3);
            assert!(told(memory, &all).iter().all(|it| it.1.is_empty()));
        }
        // A copy speaks where what stands for it is not asked for.
        let one = Question { tags: vec!["one".to_owned()], ..door.clone() };
        assert!(told(memory, &one).contains(&(0, vec![])), "{:?}", told(memory, &one));
        assert_eq!(memory.standing_for(MemoryId(0)), Some(MemoryId(2)));
        assert_eq!(memory.stands_for(MemoryId(2)), [0, 1].map(MemoryId));
        assert_eq!(memory.consolidations(), [(commit, 3)]);
        assert_eq!(memory.ids().len(), 6);
        assert!((0..6).all(|it| memory.record(MemoryId(it)).is_ok()));
        let past = Question { as_of: Some(commit - 1), ..door.clone() };
        assert!(told(memory, &past).iter().all(|it| it.1.is_empty()));
        assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, []);
    };
    check(&memory);
    memory.keep_index().unwrap();
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    let again = memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
    assert_eq!(again, Consolidated::default(), "there is nothing new");
    assert_eq!(memory.part(commit, now()).unwrap(), [0, 1, 4].map(MemoryId));
    let parted = |memory: &Memory| {
        let since = [recall(memory, &door), recall(memory, &wall)];
        for (one, other) in before.iter().zip(&since) {
            assert_eq!(
                (&one.hits, one.duplicates, one.doubt),
                (&other.hits, other.duplicates, other.doubt)
            );
        }
        assert_eq!(memory.consolidations(), []);
    };
    parted(&memory);
    let WriteError::Invalid { invalid, .. } = memory.part(commit, now()).unwrap_err() else {
        panic!()
    };
    assert!(invalid.problem.contains("or nothing is left of it"), "{invalid}");
    let deeds: Vec<Deed> = memory.audit(2).unwrap().iter().map(|it| it.deed).collect();
    assert_eq!(deeds, [Deed::Parted, Deed::Consolidated]);
    drop(memory);
    let memory = open(&disk);
    parted(&memory);
    assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, []);
}

/// A poisoned copy never stands for what is trusted more, also not afterwards.
#[test]
fn the_most_trusted_stands_and_no_longer_than_it_is() {
    let memory = filled(&SimDisk::new(1));
    memory.set_trust(&[MemoryId(0)], Trust::Owner, now()).unwrap();
    memory.set_trust(&[MemoryId(2)], Trust::Outside, now()).unwrap();
    let found = memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
    assert_eq!(groups(&found), [(0, vec![1, 2]), (5, vec![4])]);
    let door = question("green door");
    assert!(told(&memory, &door).contains(&(0, vec![1, 2])));
    let sure = Question { trust: Some(Trust::Imported), ..door.clone() };
    assert!(told(&memory, &sure).contains(&(0, vec![1])), "{:?}", told(&memory, &sure));
    // What stood turns out to be bad: what it stood for speaks again, save what is no better.
    memory.set_trust(&[MemoryId(0)], Trust::Outside, now()).unwrap();
    let all = told(&memory, &door);
    assert!(all.contains(&(0, vec![2])) && all.contains(&(1, vec![])), "{all:?}");
    assert!(told(&memory, &sure).contains(&(1, vec![])));
}

#[test]
fn an_importance_below_zero_by_its_sign_alone_is_none() {
    let memory = open(&SimDisk::new(1));
    let entries = [("a", 1.0), ("b", -0.0), ("c", 0.0)].map(|(tag, importance)| {
        let mut entry = entry("The door is green.", tag);
        entry.draft.importance = importance;
        entry
    });
    memory.remember(&entries, None, now()).unwrap();
    let found = memory.consolidate(None, true, now(), &|_, _| true).unwrap().unwrap();
    assert_eq!(groups(&found), [(0, vec![1, 2])]);
}

#[test]
fn what_stood_and_went_leaves_the_others_as_they_were() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
    let door = question("green door");
    // Superseded, it speaks for none.
    let edge =
        Edge { from: MemoryId(3), kind: SUPERSEDES.to_owned(), to: MemoryId(2), weight: 1.0 };
    memory.relate(&edge, None, now()).unwrap();
    let ids = |memory: &Memory| told(memory, &door).into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert!(ids(&memory).contains(&0) && !ids(&memory).contains(&2), "{:?}", ids(&memory));
    memory.forget(&[MemoryId(2)], None, now()).unwrap();
    let check = |memory: &Memory| {
        assert!([0, 1].iter().all(|it| ids(memory).contains(it)), "{:?}", ids(memory));
        assert_eq!(memory.standing_for(MemoryId(0)), None);
        assert_eq!(memory.consolidations().iter().map(|it| it.1).sum::<usize>(), 1);
    };
    check(&memory);
    drop(memory);
    let memory = open(&disk);
    check(&memory);
    // The other group fades.
    memory.pin(MemoryId(4), true, now()).unwrap();
    memory.tick(217, now()).unwrap();
    let wall = question("blue wall");
    assert!(told(&memory, &wall).contains(&(4, vec![])), "{:?}", told(&memory, &wall));
    memory.restore(&[MemoryId(5)], 0.5, now()).unwrap();
    assert!(told(&memory, &wall).contains(&(5, vec![4])), "{:?}", told(&memory, &wall));
}

#[test]
fn spaces_authors_and_vectors_keep_apart_what_words_do_not() {
    let memory = open(&SimDisk::new(1));
    let with = |change: fn(&mut Entry)| {
        let mut entry = entry("I like the green door.", "x");
        change(&mut entry);
        entry
    };
    let entries = [
        with(|_| {}),
        with(|it| it.draft.space = "work".to_owned()),
        with(|it| it.draft.author = Some("Ada".to_owned())),
        with(|it| it.draft.kind = "lesson".to_owned()),
        with(|it| it.vector = Some(vec![1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])),
    ];
    memory.remember(&entries, None, now()).unwrap();
    assert_eq!(
        memory.consolidate(None, true, now(), &|_, _| true).unwrap().unwrap(),
        Consolidated::default()
    );
    memory.remember(&[with(|it| it.vector = None)], None, now()).unwrap();
    let found = memory.consolidate(None, true, now(), &|_, _| true).unwrap().unwrap();
    assert_eq!(groups(&found), [(5, vec![0, 4])], "words alone decide where there is no vector");
}

/// What somebody does; records are named by their place among those that there are.
#[derive(Clone, Debug)]
enum Act {
    Add { text: usize, trust: usize },
    Consolidate,
    Part(usize),
    Trust(usize, usize),
    Forget(usize),
    Tick,
    Open { keeps: bool },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0_usize..8, 1_usize..4).prop_map(|(text, trust)| Act::Add { text, trust }),
        3 => Just(Act::Consolidate),
        2 => (0_usize..4).prop_map(Act::Part),
        2 => (0_usize..9, 1_usize..4).prop_map(|it| Act::Trust(it.0, it.1)),
        2 => (0_usize..9).prop_map(Act::Forget),
        1 => Just(Act::Tick),
        1 => any::<bool>().prop_map(|keeps| Act::Open { keeps }),
    ]
}

/// What a text says, without what changes nothing: the model of these tests.
const TEXTS: [(&str, u8); 8] = [
    ("The door is green.", 0),
    ("the door is green", 0),
    ("Door is very green!", 0),
    ("The door is not green.", 1),
    ("Is the door green?", 2),
    ("The door is red.", 3),
    ("A door is red", 3),
    ("The door is green 2.", 4),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Who is given back with others says the same as they do and is trusted as much; nobody who would be found
    /// without consolidations is lost with them; taken back, all is as it was, bit for bit.
    #[test]
    fn nothing_is_lost_or_trusted_more_and_all_can_be_taken_back(
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let disk = SimDisk::new(1);
        let mut memory = open(&disk);
        let mut says: BTreeMap<MemoryId, u8> = BTreeMap::new();
        let wide = Question { limit: 100, ..question("green red door") };
        for (number, act) in acts.iter().enumerate() {
            let ids = memory.ids();
            let id = |place: usize| ids.get(place % ids.len().max(1)).copied();
            match act {
                Act::Add { text, trust } => {
                    let (text, what) = TEXTS[*text];
                    let mut entry = entry(text, &format!("t{number}"));
                    entry.trust = Trust::ALL[*trust];
                    let new = memory.remember(&[entry], None, now()).unwrap()[0];
                    says.insert(new, what);
                }
                Act::Consolidate => {
                    let before = recall(&memory, &wide);
                    let found = memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
                    if let Some(commit) = found.commit {
                        memory.part(commit, now()).unwrap();
                        let since = recall(&memory, &wide);
                        prop_assert_eq!(&before.hits, &since.hits);
                        prop_assert_eq!(before.duplicates, since.duplicates);
                        prop_assert_eq!(before.candidates, since.candidates);
                        let again = memory.consolidate(None, false, now(), &|_, _| true).unwrap().unwrap();
                        prop_assert_eq!(&again.groups, &found.groups);
                        for group in &again.groups {
                            for copy in &group.copies {
                                prop_assert_eq!(says[copy], says[&group.standing]);
                                prop_assert!(memory.trust(*copy).unwrap() <= memory.trust(group.standing).unwrap());
                            }
                        }
                    }
                    let rest = memory.consolidate(None, true, now(), &|_, _| true).unwrap().unwrap();
                    prop_assert_eq!(rest, Consolidated::default());
                }
                Act::Part(place) => {
                    let all = memory.consolidations();
                    let Some((commit, _)) = all.get(place % all.len().max(1)) else { continue };
                    memory.part(*commit, now()).unwrap();
                }
                Act::Trust(place, trust) => {
                    let Some(id) = id(*place) else { continue };
                    memory.set_trust(&[id], Trust::ALL[*trust], now()).unwrap();
                }
                Act::Forget(place) => {
                    let Some(id) = id(*place) else { continue };
                    memory.forget(&[id], None, now()).unwrap();
                    says.remove(&id);
                }
                Act::Tick => drop(memory.tick(60, now()).unwrap()),
                Act::Open { keeps } => {
                    if *keeps {
                        memory.keep_index().unwrap();
                    }
                    drop(memory);
                    memory = open(&disk);
                    prop_assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, []);
                }
            }
            if says.is_empty() {
                continue;
            }
            for least in [None, Some(Trust::Imported)] {
                let question = Question { trust: least, ..wide.clone() };
                let given = recall(&memory, &question);
                let all = recall(&memory, &Question { copies: true, ..question.clone() });
                let mut reached: BTreeSet<MemoryId> = BTreeSet::new();
                for hit in &given.hits {
                    prop_assert!(reached.insert(hit.record.id), "{} twice", hit.record.id);
                    for same in &hit.same {
                        prop_assert!(reached.insert(*same), "{} twice", same);
                        prop_assert_eq!(says[same], says[&hit.record.id]);
                        prop_assert!(least.is_none_or(|it| it <= memory.trust(*same).unwrap()));
                        prop_assert!(memory.trust(*same).unwrap() <= memory.trust(hit.record.id).unwrap());
                    }
                }
                for hit in &all.hits {
                    prop_assert!(reached.contains(&hit.record.id), "{} is lost", hit.record.id);
                    prop_assert!(hit.same.is_empty());
                }
                prop_assert_eq!(
                    recall(&memory, &question), memory.recall_anew(&question, now()).unwrap()
                );
            }
        }
        for (commit, _) in memory.consolidations() {
            memory.part(commit, now()).unwrap();
        }
        if !says.is_empty() {
            let (plain, all) =
                (recall(&memory, &wide), recall(&memory, &Question { copies: true, ..wide.clone() }));
            prop_assert_eq!(plain.hits, all.hits, "nothing is left of them");
        }
    }
}

/// A crash at any call of the disk: it is consolidated, or it is not, and nothing is lost.
#[test]
fn a_crash_leaves_a_consolidation_whole_or_none() {
    let begin = || {
        let disk = SimDisk::new(5);
        drop(filled(&disk));
        disk
    };
    let work = |memory: &Memory| {
        let found = memory.consolidate(None, false, now(), &|_, _| true).ok()??;
        memory.part(found.commit?, now()).ok()?;
        memory.consolidate(None, false, now(), &|_, _| true).ok()??;
        memory.forget(&[MemoryId(2)], None, now()).ok()
    };
    let mut seen = BTreeSet::new();
    each_crash(
        begin,
        |memory| work(memory).is_some(),
        |at, memory| {
            let left: usize = memory.consolidations().iter().map(|it| it.1).sum();
            let there = memory.ids().len();
            assert!([(6, 0), (6, 3), (5, 1)].contains(&(there, left)), "{at}: {there} {left}");
            seen.insert((there, left));
            let all = told(&memory, &Question { copies: true, ..question("green door") });
            assert_eq!(all.iter().filter(|it| it.0 < 3).count(), there - 3, "{at}: {all:?}");
        },
    );
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn one_that_is_stopped_writes_nothing() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let before = memory.stats().unwrap().commit;
    assert_eq!(memory.consolidate(None, false, now(), &|_, _| false).unwrap(), None);
    assert_eq!((memory.stats().unwrap().commit, memory.consolidations()), (before, Vec::new()));
    let told = std::cell::RefCell::new(Vec::new());
    let see = |read, total| {
        told.borrow_mut().push((read, total));
        true
    };
    let records = memory.ids().len() as u64;
    assert!(memory.consolidate(None, false, now(), &see).unwrap().unwrap().commit.is_some());
    assert_eq!(told.into_inner().last(), Some(&(records, records)));
}

#[test]
fn what_is_archived_or_superseded_while_it_reads_is_left_alone() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let same = ["a", "b", "c", "d"].map(|it| entry("The door is green.", it));
    memory.remember(&same, None, now()).unwrap();
    let newer = entry("The door is red by now.", "e");
    memory.remember(&[newer], None, now()).unwrap();
    let kind = SUPERSEDES.to_owned();
    let edge = Edge { from: MemoryId(4), kind, to: MemoryId(0), weight: 1.0 };
    let others = [2, 3, 4].map(MemoryId);
    let see = |_, _| {
        memory.relate(&edge, None, now()).unwrap();
        others.iter().for_each(|it| memory.pin(*it, true, now()).unwrap());
        memory.tick(1_000, now()).unwrap();
        true
    };
    let found = memory.consolidate(None, false, now(), &see).unwrap().unwrap();
    let groups: Vec<_> = found.groups.iter().map(|it| (it.standing.0, it.copies.clone())).collect();
    assert_eq!(groups, [(3, vec![MemoryId(2)])]);
}
