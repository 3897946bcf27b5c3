//! What was found is put together as it was said.

use voyager_base::{clock::Timestamp, memory::Trust, sim::SimDisk};
use voyager_memory::{Draft, Edge, Entry, Memory, MemoryId, Passage, Question};

use crate::support::{draft, now, open, turn};

/// Turns of one talk, each a minute after the one before, by Ada and Bob in turns.
const TALK: [&str; 7] = [
    "Good morning.",
    "Did anybody see the volcano?",
    "Yes, from the ferry.",
    "It was smoking.",
    "Lunch is at noon.",
    "Soup again.",
    "The volcano erupted later.",
];

fn told(place: u64, author: &str, text: &str) -> Entry {
    let mut entry = turn("talk", author, text);
    entry.draft.at = Some(Timestamp::from_millis(place * 60_000));
    entry
}

fn talk(memory: &Memory) {
    let authors = ["Ada", "Bob"].into_iter().cycle();
    let entries = TALK.iter().zip(authors).zip(0..).map(|((text, by), at)| told(at, by, text));
    let alone = Entry::from(draft("A volcano is a mountain."));
    memory.remember(&entries.chain([alone]).collect::<Vec<_>>(), None, now()).unwrap();
}

fn volcano() -> Question {
    Question { text: "volcano".to_owned(), limit: 3, ..Question::default() }
}

fn asked(memory: &Memory, question: &Question) -> Vec<Passage> {
    let hits = memory.recall(question, now()).unwrap().hits;
    let passages = memory.passages(question, &hits).unwrap();
    let turns = || passages.iter().flat_map(|it| &it.turns);
    for hit in &hits {
        let of_hit = |it: &&voyager_memory::Turn| it.record.id == hit.record.id;
        let scores: Vec<_> = turns().filter(of_hit).map(|it| it.score).collect();
        assert_eq!(scores, [Some(hit.score)]);
    }
    assert_eq!(turns().filter(|it| it.score.is_some()).count(), hits.len());
    let tokens: u64 = passages.iter().map(Passage::tokens).sum();
    assert!(question.budget_tokens.is_none_or(|it| tokens <= u64::from(it)), "{tokens}");
    passages
}

/// The ids of each passage, by the first.
fn ids(memory: &Memory, question: &Question) -> Vec<Vec<u64>> {
    let of = |it: &Passage| it.turns.iter().map(|it| it.record.id.0).collect();
    let mut ids: Vec<Vec<u64>> = asked(memory, question).iter().map(of).collect();
    ids.sort();
    ids
}

/// Of the talk those that name the volcano, and of the others what `change` leaves of turns beside them.
fn beside(question: Question, change: impl Fn(&Memory)) -> Vec<Vec<u64>> {
    let memory = open(&SimDisk::new(1));
    talk(&memory);
    change(&memory);
    ids(&memory, &Question { text: "\"volcano\"".to_owned(), ..question })
}

#[test]
fn turns_of_a_talk_are_told_in_its_order_with_those_beside_them() {
    let memory = open(&SimDisk::new(1));
    talk(&memory);
    let all = vec![vec![0, 1, 2], vec![5, 6], vec![7]];
    assert_eq!(ids(&memory, &volcano()), all);
    let within = |budget| Question { budget_tokens: Some(budget), ..volcano() };
    let hits: u64 =
        memory.recall(&volcano(), now()).unwrap().hits.iter().map(|it| u64::from(it.tokens)).sum();
    assert_eq!(ids(&memory, &within(hits as u32)), [vec![1], vec![6], vec![7]]);
    assert_eq!(ids(&memory, &within(hits as u32 + 1_000)), all);
    let some = asked(&memory, &within(hits as u32 + 3));
    assert_eq!(some.iter().map(|it| it.turns.len()).sum::<usize>(), 4, "{some:?}");
    // The best is the first, wherever it stands.
    let best = memory.recall(&volcano(), now()).unwrap().hits[0].record.id;
    let first = &asked(&memory, &volcano())[0];
    assert!(first.turns.iter().any(|it| it.record.id == best), "{first:?}");
    // Of one that was forgotten since nobody knows where it stood.
    let hits = memory.recall(&volcano(), now()).unwrap().hits;
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    let passages = memory.passages(&volcano(), &hits).unwrap();
    let lengths: Vec<usize> = passages.iter().map(|it| it.turns.len()).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 4, "{lengths:?}");
}

#[test]
fn who_said_it_is_asked_of_hits_alone() {
    let any = |_: &Memory| {};
    let of = Question { author: Some("Bob".to_owned()), limit: 1, ..volcano() };
    assert_eq!(beside(of, any), [[0, 1, 2]]);
    let memory = open(&SimDisk::new(1));
    let tagged = |mut it: Entry| {
        it.draft.tags = vec!["x".to_owned()];
        it.draft.kind = "fact".to_owned();
        it
    };
    let entries = [told(0, "Ada", "Where?"), tagged(told(1, "Bob", "At the volcano."))];
    memory.remember(&entries, None, now()).unwrap();
    let kind = Some("fact".to_owned());
    assert_eq!(ids(&memory, &Question { kind, tags: vec!["x".to_owned()], ..volcano() }), [[0, 1]]);
}

#[test]
fn what_a_question_does_not_allow_is_not_told_beside_hits() {
    let minute = |it: u64| Some(Timestamp::from_millis(it * 60_000));
    let any = |_: &Memory| {};
    let all = [vec![0, 1, 2], vec![5, 6], vec![7]];
    assert_eq!(beside(volcano(), any), all);
    let since = Question { since: minute(1), until: minute(7), limit: 2, ..volcano() };
    assert_eq!(beside(since, any), [vec![1, 2], vec![5, 6]]);
    let until = Question { until: minute(2), ..volcano() };
    assert_eq!(beside(until, any), [vec![0, 1]]);
    // Archived, superseded, from outside, and behind the commit that is asked about.
    let superseded = |memory: &Memory| {
        memory.remember(&[told(9, "Ada", "Good evening.")], None, now()).unwrap();
        let kind = "supersedes".to_owned();
        let edge = Edge { from: MemoryId(8), kind, to: MemoryId(0), weight: 1.0 };
        memory.relate(&edge, None, now()).unwrap();
    };
    let without = [vec![1, 2], vec![5, 6, 8], vec![7]];
    assert_eq!(beside(volcano(), superseded), without);
    let history = Question { history: true, ..volcano() };
    assert_eq!(beside(history, superseded), [vec![0, 1, 2], vec![5, 6, 8], vec![7]]);
    let then = Question { as_of: Some(1), ..volcano() };
    assert_eq!(beside(then, superseded), all);
    let outside = |memory: &Memory| {
        let hits = [1, 6, 7].map(MemoryId);
        memory.set_trust(&hits, Trust::Owner, now()).unwrap();
        memory.set_trust(&[MemoryId(2)], Trust::Skill, now()).unwrap();
    };
    let trust = Some(Trust::Skill);
    assert_eq!(beside(Question { trust, ..volcano() }, outside), [vec![1, 2], vec![6], vec![7]]);
    let faded = |memory: &Memory| {
        [1, 2, 6, 7].iter().for_each(|it| memory.pin(MemoryId(*it), true, now()).unwrap());
        memory.tick(300, now()).unwrap();
    };
    assert_eq!(beside(volcano(), faded), [vec![1, 2], vec![6], vec![7]]);
    let archived = Question { archived: true, ..volcano() };
    assert_eq!(beside(archived, faded), all);
}

#[test]
fn what_says_the_same_as_a_hit_is_not_told_beside_one() {
    let memory = open(&SimDisk::new(1));
    let entries = [
        told(0, "Ada", "The volcano erupted."),
        told(1, "Ada", "the volcano erupted"),
        told(2, "Bob", "Yes."),
        told(3, "Bob", "Yes."),
    ];
    memory.remember(&entries, None, now()).unwrap();
    let question = Question { text: "\"volcano\"".to_owned(), limit: 1, ..Question::default() };
    let hit = |question: &Question| memory.recall(question, now()).unwrap().hits[0].record.id.0;
    let told: Vec<u64> = ids(&memory, &question).concat();
    assert!(!told.contains(&(1 - hit(&question))), "{told:?}");
    let told = ids(&memory, &Question { copies: true, ..question }).concat();
    assert!(told.contains(&0) && told.contains(&1), "{told:?}");
}

#[test]
fn threads_of_one_name_in_two_spaces_are_two() {
    let memory = open(&SimDisk::new(1));
    let of = |space: &str, text: &str| {
        let space = space.to_owned();
        Entry::from(Draft { space, thread: Some("talk".to_owned()), ..draft(text) })
    };
    let entries = [
        of("home", "The volcano smokes."),
        of("work", "The volcano is asleep."),
        of("home", "I see."),
        of("work", "I hear."),
    ];
    memory.remember(&entries, None, now()).unwrap();
    assert_eq!(ids(&memory, &Question { limit: 2, ..volcano() }), [[0, 2], [1, 3]]);
    let spaces = vec!["work".to_owned()];
    assert_eq!(ids(&memory, &Question { spaces, ..volcano() }), [[1, 3]]);
}
