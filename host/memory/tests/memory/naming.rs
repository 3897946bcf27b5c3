//! Other names of the same: who asks by one finds what was written with another.

use voyager_base::{memory::Trust, sim::SimDisk};
use voyager_memory::{Draft, Entry, Memory, MemoryId, Question};

use crate::support::{now, open};

fn note(space: &str, kind: &str, text: &str) -> Entry {
    let (space, kind, text) = (space.to_owned(), kind.to_owned(), text.to_owned());
    Entry { draft: Draft { space, kind, text, ..Draft::default() }, ..Entry::default() }
}

fn tell(memory: &Memory, entry: Entry) -> MemoryId {
    memory.remember(&[entry], None, now()).unwrap()[0]
}

/// What the hits of a question say, the best first.
fn found(memory: &Memory, question: &Question) -> Vec<String> {
    let hits = memory.recall(question, now()).unwrap().hits;
    hits.into_iter().map(|it| it.record.draft.text).collect()
}

fn asks(text: &str) -> Question {
    Question { text: text.to_owned(), ..Question::default() }
}

/// Which names count for a question about k8s.
fn others(memory: &Memory, question: Question) -> Vec<String> {
    let question = Question { text: "Who upgraded K8S?".to_owned(), ..question };
    let names = memory.other_names(&question).unwrap().into_iter();
    names.map(|it| format!("{} = {} ({})", it.said, it.other, it.by)).collect()
}

const UPGRADE: &str = "Ana upgraded Kubernetes on Tuesday.";

/// Records of a team, in which one thing has two names.
fn team(disk: &SimDisk) -> Memory {
    let memory = open(disk);
    for text in [UPGRADE, "Tom upgraded Postgres.", "The kitchen is painted."] {
        tell(&memory, note("default", "note", text));
    }
    memory
}

#[test]
fn what_was_written_with_one_name_is_found_by_another() {
    let disk = SimDisk::new(1);
    let memory = team(&disk);
    let question = asks("Who upgraded k8s?");
    assert_ne!(found(&memory, &asks("k8s")), [UPGRADE], "nobody said yet that it is one");
    let id = tell(&memory, note("default", "alias", "k8s = Kubernetes = kube"));
    let told = |memory: &Memory| {
        assert_eq!(found(memory, &question).first().map(String::as_str), Some(UPGRADE));
        assert_eq!(found(memory, &asks("kube")), [UPGRADE]);
        assert_eq!(found(memory, &asks("KUBE, or Postgres?")).len(), 2);
        let names = [format!("k8s = Kubernetes ({id})"), format!("k8s = kube ({id})")];
        assert_eq!(others(memory, Question::default()), names);
        // What tells names answers who asks for such.
        let aliases = Question { kind: Some("alias".to_owned()), ..asks("k8s") };
        assert_eq!(found(memory, &aliases), ["k8s = Kubernetes = kube"]);
    };
    told(&memory);
    drop(memory);
    let memory = open(&disk);
    told(&memory);
    memory.keep_index().unwrap();
    drop(memory);
    let memory = open(&disk);
    assert!(!memory.index_is_behind(), "it is opened from its index");
    told(&memory);
    memory.forget(&[id], None, now()).unwrap();
    assert_eq!(others(&memory, Question::default()), [""; 0]);
    assert_eq!(found(&memory, &asks("kube")), [""; 0]);
}

#[test]
fn of_many_records_the_one_with_the_other_name_is_the_first_and_not_doubted() {
    let memory = team(&SimDisk::new(2));
    for number in 0..150 {
        let text = format!("Tom upgraded machine {number}, which took all of day {}.", number % 9);
        tell(&memory, note("default", "note", &text));
    }
    let question = asks("Who upgraded k8s?");
    let before = memory.recall(&question, now()).unwrap();
    assert_ne!(before.hits[0].record.draft.text, UPGRADE);
    tell(&memory, note("default", "alias", "k8s = Kubernetes"));
    let after = memory.recall(&question, now()).unwrap();
    assert_eq!(after.hits[0].record.draft.text, UPGRADE);
    // As by the name that it was written with.
    let by_name = memory.recall(&asks("Who upgraded Kubernetes?"), now()).unwrap();
    assert_eq!(by_name.hits[0].record.draft.text, UPGRADE);
    let doubt = [&before, &after, &by_name].map(|it| it.doubt.unwrap());
    assert!(doubt[1] < doubt[0], "{doubt:?}");
    assert!((doubt[1] - doubt[2]).abs() < 0.1, "{doubt:?}");
}

#[test]
fn a_name_counts_where_it_may_be_read_and_stands() {
    let memory = team(&SimDisk::new(3));
    let here = Entry { trust: Trust::Owner, ..note("default", "alias", "k8s = Kubernetes") };
    let here = tell(&memory, here);
    let commit = memory.commit();
    let entry = Entry { trust: Trust::Skill, ..note("team", "alias", "k8s = kube") };
    let there = tell(&memory, entry);
    let both = [format!("k8s = Kubernetes ({here})"), format!("k8s = kube ({there})")];
    assert_eq!(others(&memory, Question::default()), both);
    let spaces = vec!["default".to_owned()];
    assert_eq!(others(&memory, Question { spaces, ..Question::default() }), both[..1]);
    let trust = Some(Trust::Owner);
    assert_eq!(others(&memory, Question { trust, ..Question::default() }), both[..1]);
    let as_of = Some(commit);
    assert_eq!(others(&memory, Question { as_of, ..Question::default() }), both[..1]);
    // What else a question is bounded by bounds its answers, and no names.
    let kind = Some("note".to_owned());
    let question = Question { kind, until: Some(now()), ..Question::default() };
    assert_eq!(others(&memory, question), both);
    let mut newer = note("default", "alias", "k8s = the cluster");
    (newer.supersedes, newer.trust) = (vec![here], Trust::Owner);
    let newer = tell(&memory, newer);
    let other = format!("k8s = the cluster ({newer})");
    assert_eq!(others(&memory, Question::default()), [both[1].clone(), other]);
    let as_of = Some(commit);
    assert_eq!(others(&memory, Question { as_of, ..Question::default() }), both[..1]);
}

#[test]
fn an_author_is_named_by_another_name() {
    let memory = open(&SimDisk::new(4));
    for (author, text) in [
        ("Robert Miller", "The kitchen is painted."),
        ("Ana", "The kitchen was painted by a friend."),
        ("Tom", "I like painted kitchens."),
    ] {
        let mut entry = note("default", "note", text);
        entry.draft.author = Some(author.to_owned());
        tell(&memory, entry);
    }
    tell(&memory, note("default", "alias", "Bob = Robert Miller"));
    let first = found(&memory, &asks("What did Bob say of the kitchen?")).remove(0);
    assert_eq!(first, "The kitchen is painted.");
}

#[test]
fn what_names_nothing_is_no_alias() {
    let memory = open(&SimDisk::new(5));
    for text in ["k8s", "k8s = ", "k8s = K8s"] {
        let told = memory.remember(&[note("default", "alias", text)], None, now()).unwrap_err();
        assert!(told.to_string().contains("like `k8s = Kubernetes`"), "{text}: {told}");
    }
}
