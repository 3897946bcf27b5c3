//! Three routes to one fact: its fields, its words and meaning, and its relations. They tell of the same records at each
//! commit, also behind an opening, from rows and from a kept index.

use voyager_base::sim::SimDisk;
use voyager_memory::{Draft, Edge, Entry, FieldIs, Memory, MemoryId, Question};

use crate::support::{now, open, vector};

/// A fact with fields; others that have some of them.
fn entry(text: &str, fields: &[(&str, &str)]) -> Entry {
    let fields = fields.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
    let draft = Draft { text: text.to_owned(), fields, ..Draft::default() };
    Entry { draft, vector: Some(vector(text)), ..Entry::default() }
}

fn with(memory: &Memory, fields: &[&str]) -> Vec<u64> {
    let fields = fields.iter().map(|it| it.parse().unwrap()).collect();
    let question = Question { fields, ..Question::default() };
    memory.allowed(&question).unwrap().into_iter().map(|it| it.0).collect()
}

/// What is found by words, of records with such fields only.
fn recalled(memory: &Memory, text: &str, fields: &[&str]) -> Vec<u64> {
    let fields: Vec<FieldIs> = fields.iter().map(|it| it.parse().unwrap()).collect();
    let question = Question { text: text.to_owned(), fields, ..Question::default() };
    let recalled = memory.recall(&question, now()).unwrap();
    recalled.hits.iter().map(|it| it.record.id.0).collect()
}

/// What the routes say of the fact, where it is there: its field, its words, both, its amount, what relates it.
fn told(memory: &Memory) -> [Vec<u64>; 5] {
    let relations = memory.relations(MemoryId(0)).unwrap();
    [
        with(memory, &["invoice=INV-77231"]),
        recalled(memory, "INV-77231", &[]).into_iter().take(1).collect(),
        recalled(memory, "quarterly figures", &["amount>=1000", "amount<2000"]),
        with(memory, &["amount>99"]),
        relations.into_iter().map(|it| it.from.0).collect(),
    ]
}

fn fact(disk: &SimDisk) -> Memory {
    let memory = open(disk);
    let entries = [
        entry("Rain is likely.", &[]),
        entry("Quarterly figures are in.", &[("invoice", "INV-77231"), ("amount", "1200")]),
        entry("Quarterly figures of another year.", &[("invoice", "INV-2"), ("amount", "99.5")]),
        entry("An offer without a number.", &[("amount", "unknown"), ("run", "INV-77231")]),
    ];
    memory.remember(&entries, None, now()).unwrap();
    let edge = Edge { from: MemoryId(1), kind: "proves".to_owned(), to: MemoryId(0), weight: 1.0 };
    memory.relate(&edge, None, now()).unwrap();
    memory
}

#[test]
fn a_fact_is_found_by_its_fields_its_words_and_its_relations() {
    let disk = SimDisk::new(1);
    let memory = fact(&disk);
    let whole = [vec![1], vec![1], vec![1], vec![1, 2], vec![1]];
    assert_eq!(told(&memory), whole);
    drop(memory);
    let memory = open(&disk);
    assert_eq!(told(&memory), whole, "opened from its rows");
    memory.keep_index().unwrap();
    drop(memory);
    let memory = open(&disk);
    assert!(!memory.index_is_behind());
    assert_eq!(told(&memory), whole, "opened from its index");
    memory.remember(&[entry("A later one.", &[("amount", "1e3")])], None, now()).unwrap();
    assert_eq!(with(&memory, &["amount>=1000"]), [1, 4]);
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    let gone = [vec![], vec![2], vec![], vec![2, 4], vec![]];
    assert_eq!(told(&memory), gone);
    memory.keep_index().unwrap();
    assert_eq!(told(&memory), gone);
    drop(memory);
    assert_eq!(told(&open(&disk)), gone);
    assert!(!disk.holds(b"INV-77231") && !disk.holds(b"1200"));
}
