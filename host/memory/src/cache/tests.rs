//! Answers are found while they hold, room is bounded, and order matters only where it matters.

use super::*;
use crate::{
    recall::Signals,
    record::{Draft, MemoryId, Record},
    row::Standing,
};

const STANDING: Standing =
    Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

fn asked(text: &str, spaces: &[&str]) -> Asked {
    let spaces = spaces.iter().map(|it| (*it).to_owned()).collect();
    Asked::of(&Question { text: text.to_owned(), spaces, ..Question::default() }, now())
}

fn answer(hits: u64) -> Arc<Answer> {
    let candidate = |id| Candidate {
        score: 1.0,
        ranking: Vec::new(),
        id: MemoryId(id),
        features: Vec::new(),
        untrained: 1.0,
        signals: Signals::default(),
        tokens: 3,
        speaks: true,
        is_behind: false,
    };
    let packed = (0..hits).map(|it| (1.0, candidate(it))).collect();
    Arc::new(Answer {
        packed,
        same: Vec::new(),
        candidates: 9,
        answering: 9,
        duplicates: 0,
        superseded: 0,
        doubt: None,
    })
}

/// Does what a write of one record does.
fn write(index: &mut Index, id: u64, space: &str) {
    let draft = Draft { space: space.to_owned(), text: "door".to_owned(), ..Draft::default() };
    index.add(&Record { id: MemoryId(id), written: now(), draft }, STANDING, None);
    index.stands_at(index.commit() + 1, index.cycle());
}

#[test]
fn a_minute_is_one_time() {
    let minute = |micros| end_of_minute(Timestamp::from_micros(micros)).as_micros();
    assert_eq!(minute(0), 59_999_999);
    assert_eq!(minute(59_999_999), 59_999_999);
    assert_eq!(minute(60_000_000), 119_999_999);
    assert_eq!(minute(u64::MAX), u64::MAX);
    let at = |micros| Asked::of(&Question::default(), Timestamp::from_micros(micros)).key;
    assert_eq!(at(60_000_000), at(119_999_999));
    assert_ne!(at(60_000_000), at(59_999_999));
}

#[test]
fn order_of_names_makes_no_difference_and_everything_else_does() {
    assert_eq!(asked("a", &["x", "y", "x"]).key, asked("a", &["y", "x"]).key);
    assert_ne!(asked("a", &["x"]).key, asked("a", &[]).key);
    assert_ne!(asked("a", &["x", "y"]).key, asked("a", &["xy"]).key);
    assert_ne!(asked("Will", &[]).key, asked("will", &[]).key);
    let key = |question: Question| Asked::of(&question, now()).key;
    let limit = |limit| key(Question { limit, ..Question::default() });
    assert_eq!(limit(LIMIT_MAX), limit(LIMIT_MAX + 1));
    assert_ne!(limit(1), limit(2));
    let vector = |it: f32| key(Question { vector: Some(vec![it]), ..Question::default() });
    assert_ne!(vector(0.1), vector(0.1_f32.next_up()));
}

#[test]
fn an_answer_holds_until_one_of_its_spaces_changes() {
    let (mut index, mut cache) = (Index::default(), Cache::new(1 << 20));
    let cases: [&[&str]; 4] = [&[], &["one"], &["one", "two"], &["none"]];
    let found = |cache: &mut Cache, index: &Index| {
        cases.map(|it| u8::from(cache.find(&asked("door", it), index).is_some()))
    };
    let keep = |cache: &mut Cache, index: &Index| {
        cases.iter().for_each(|it| cache.keep(asked("door", it), &answer(2), index));
    };
    write(&mut index, 0, "one");
    write(&mut index, 1, "two");
    keep(&mut cache, &index);
    assert_eq!(found(&mut cache, &index), [1, 1, 1, 1]);
    write(&mut index, 2, "two");
    assert_eq!(found(&mut cache, &index), [0, 1, 0, 1]);
    keep(&mut cache, &index);
    index.remove(MemoryId(0));
    index.stands_at(index.commit() + 1, 0);
    // One space is empty now, so whether one that is not there was it is not known any more.
    assert_eq!(found(&mut cache, &index), [0, 0, 0, 0]);
    keep(&mut cache, &index);
    assert_eq!(found(&mut cache, &index), [1, 1, 1, 1]);
    write(&mut index, 3, "none");
    assert_eq!(found(&mut cache, &index), [0, 1, 1, 0]);
    keep(&mut cache, &index);
    index.stands_at(index.commit() + 1, 1);
    assert_eq!(found(&mut cache, &index), [0, 0, 0, 0], "a cycle of decay passed");
}

/// Set aside without a commit, while somebody asked: no answer of that commit is believed.
#[test]
fn a_change_between_two_commits_ends_answers_too() {
    let (mut index, mut cache) = (Index::default(), Cache::new(1 << 20));
    write(&mut index, 0, "one");
    write(&mut index, 1, "one");
    cache.keep(asked("door", &["one"]), &answer(2), &index);
    index.remove(MemoryId(0));
    assert!(cache.find(&asked("door", &["one"]), &index).is_none());
}

#[test]
fn room_is_bounded_and_what_was_not_used_for_longest_goes_first() {
    let index = Index::default();
    let mut cache = Cache::new(4_000);
    cache.keep(asked("large", &[]), &answer(50), &index);
    assert_eq!(cache.told(), Answers::default(), "one answer shall not take all of it");
    for text in ["a", "b", "c"] {
        cache.keep(asked(text, &[]), &answer(4), &index);
    }
    let each = cache.told().bytes / 3;
    assert!(cache.find(&asked("a", &[]), &index).is_some());
    let more = 4_000 / each;
    (0..more - 1).for_each(|it| cache.keep(asked(&it.to_string(), &[]), &answer(4), &index));
    assert!(cache.told().bytes <= 4_000);
    assert!(cache.find(&asked("b", &[]), &index).is_none());
    assert!(cache.find(&asked("c", &[]), &index).is_none());
    assert!(cache.find(&asked("a", &[]), &index).is_some());
    let Answers { hits, misses, kept, .. } = cache.told();
    assert_eq!((hits, misses, kept), (2, 2, more));
    let mut none = Cache::new(0);
    none.keep(asked("a", &[]), &answer(0), &index);
    assert_eq!(none.told().kept, 0);
}

#[test]
fn sweeping_leaves_what_holds() {
    let (mut index, mut cache) = (Index::default(), Cache::new(1 << 20));
    write(&mut index, 0, "one");
    write(&mut index, 1, "two");
    cache.keep(asked("door", &["one"]), &answer(1), &index);
    cache.keep(asked("door", &["two"]), &answer(1), &index);
    write(&mut index, 2, "two");
    cache.sweep(&index);
    assert_eq!(cache.told().kept, 1);
    assert!(cache.find(&asked("door", &["one"]), &index).is_some());
}
