//! Questions that are put to all vectors once they are answered.

use std::sync::Arc;

use voyager_base::{chance::Seeded, sim::SimDisk};
use voyager_memory::{Memory, Options, Question, Watched};

use crate::support::{now, options, turn, vector};

/// A store of so many records that estimates the cosines of more than `exact`.
fn store(records: usize, exact: usize) -> Memory {
    let options = Options { exact_vectors_max: exact, ..options() };
    let disk = Arc::new(SimDisk::new(1));
    let memory = Memory::open(disk, options, Arc::new(Seeded::new(7))).unwrap();
    let turns = (0..records).map(|it| turn("all", "Ada", &format!("the door {it} of {}", it * it)));
    memory.remember(&turns.collect::<Vec<_>>(), None, now()).unwrap();
    memory
}

fn question(text: &str) -> Question {
    Question { text: text.to_owned(), vector: Some(vector(text)), ..Question::default() }
}

fn steps(memory: &Memory) -> usize {
    (0..1_000).take_while(|_| memory.watch_step()).count()
}

#[test]
fn what_is_estimated_is_held_against_all_vectors() {
    let memory = store(300, 100);
    assert_eq!((memory.watched(), steps(&memory)), (Watched::default(), 0));
    for number in 0..3 {
        memory.recall(&question(&format!("door {number}")), now()).unwrap();
    }
    assert_eq!(memory.watched(), Watched::default(), "no question waits for it");
    assert!(steps(&memory) > 0);
    let watched = Watched { questions: 3, nearest: 30, found: 30 };
    assert_eq!(memory.watched(), watched, "all 300 are compared exactly");
    assert_eq!((watched.recall(), watched.is_low()), (Some(1.0), false));
    // Given again from the cache: nothing was searched.
    memory.recall(&question("door 1"), now()).unwrap();
    assert_eq!((steps(&memory), memory.watched()), (0, watched));
}

#[test]
fn what_compares_all_anyway_is_not_watched() {
    let memory = store(300, 300);
    memory.recall(&question("door 1"), now()).unwrap();
    assert!(!memory.watch_step());
    let memory = store(300, 100);
    memory.recall(&Question { vector: None, ..question("door 1") }, now()).unwrap();
    memory.recall(&Question { as_of: Some(1), ..question("door 1") }, now()).unwrap();
    memory.recall_anew(&question("door 1"), now()).unwrap();
    assert!(!memory.watch_step());
}

#[test]
fn a_check_goes_on_while_records_come_and_go() {
    let memory = store(5_000, 100);
    let asked = |number: i32| {
        memory.recall(&question(&format!("door {number}")), now()).unwrap();
        memory.watch_step()
    };
    assert!((0..20).any(asked), "one of two is chosen");
    let ids = memory.remember(&[turn("all", "Bo", "door 1")], None, now()).unwrap();
    assert!(memory.watch_step(), "it goes on");
    memory.forget(&ids, None, now()).unwrap();
    steps(&memory);
    assert_eq!(memory.watched().questions, 1);
}
