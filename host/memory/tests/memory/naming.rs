//! Other names of the same: who asks by one finds what was written with another.

use voyager_base::{memory::Trust, sim::SimDisk};
use voyager_memory::{Draft, Entry, Memory, MemoryId, Question, features};

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

/// The candidates of a question that have so much of a feature.
fn with_feature(memory: &Memory, text: &str, feature: &str, least: f32) -> Vec<u64> {
    let column = features::names().iter().position(|it| it == feature).unwrap();
    let considered = memory.consider(&asks(text), now()).unwrap().candidates;
    considered.iter().filter(|it| it.features[column] >= least).map(|it| it.id.0).collect()
}

/// A memory in which one author has another name, and as many records as what was learned is asked about.
fn authors(disk: &SimDisk) -> Memory {
    let memory = open(disk);
    for number in 0..120 {
        let mut entry =
            note("default", "note", &format!("The kitchen of house {number} is painted."));
        entry.draft.author = Some(["Robert Miller", "Ana", "Tom Miller"][number % 3].to_owned());
        tell(&memory, entry);
    }
    tell(&memory, note("default", "alias", "Bob = Robert Miller"));
    memory
}

#[test]
fn an_author_is_named_by_another_name() {
    let memory = authors(&SimDisk::new(4));
    // A word of the other name alone is no name of somebody else.
    for text in ["What did Bob say of house 3?", "What did Robert say of house 3?"] {
        let named = with_feature(&memory, text, "author_asked_for", 0.5);
        let named: Vec<u64> = named.into_iter().map(|it| it % 3).collect();
        assert!(!named.is_empty() && named.iter().all(|it| *it == 0), "{text}: {named:?}");
    }
}

#[test]
fn who_is_named_by_the_own_name_is_doubted_no_more_than_without_another_one() {
    let memory = authors(&SimDisk::new(5));
    let doubt =
        |memory: &Memory| memory.recall(&asks("Robert Miller"), now()).unwrap().doubt.unwrap();
    let with = doubt(&memory);
    memory.forget(&[MemoryId(120)], None, now()).unwrap();
    assert!((with - doubt(&memory)).abs() < 0.1, "{with} {}", doubt(&memory));
}

/// A name of several words is held where all of them are, and is worth no more than one of one word.
#[test]
fn a_long_name_does_not_outdo_the_one_that_was_said() {
    let memory = open(&SimDisk::new(6));
    for text in [
        "Tom visited NYC in May.",
        "York has a new mayor in the old city.",
        "Ana moved to New York City.",
        "A mountain is high.",
        "NYC = New York City",
    ] {
        let kind = if text.contains('=') { "alias" } else { "note" };
        tell(&memory, note("default", kind, text));
    }
    assert_eq!(found(&memory, &asks("NYC"))[0], "Tom visited NYC in May.");
    for number in 0..120 {
        tell(&memory, note("default", "note", &format!("The city hall of town {number} is new.")));
    }
    let both = ["Tom visited NYC in May.", "Ana moved to New York City."];
    for text in ["Who was in NYC?", "NYC", "Who was in New York City?"] {
        let mut first = found(&memory, &asks(text));
        first.truncate(2);
        first.sort_unstable_by_key(|it| std::cmp::Reverse(it.clone()));
        assert_eq!(first, both, "{text}");
    }
    // The mayor's has all words of the name, and the halls have some.
    assert_eq!(with_feature(&memory, "NYC", "coverage", 0.1), [0, 1, 2]);
}

/// The longest name counts, the most trusted names do, and common words are names in capitals alone.
#[test]
fn what_is_said_is_the_longest_name() {
    let memory = open(&SimDisk::new(7));
    for (trust, text) in [
        (Trust::Outside, "York = Eboracum"),
        (Trust::Outside, "New York City = NY"),
        (Trust::Outside, "New York = NYC"),
        (Trust::Owner, "New York = Big Apple"),
        (Trust::Outside, "IT = Information Technology"),
    ] {
        tell(&memory, Entry { trust, ..note("default", "alias", text) });
    }
    let others = |text: &str| -> Vec<String> {
        let names = memory.other_names(&asks(text)).unwrap();
        names.into_iter().map(|it| it.other).collect()
    };
    assert_eq!(others("a car in new york, or New York"), ["NYC", "Big Apple"]);
    assert_eq!(others("York?"), ["Eboracum"]);
    assert_eq!(others("Is it IT?"), ["Information Technology"]);
    assert_eq!(others("Is it?"), [""; 0]);
    // "IT" is no word that tells anything, and its other name stands for it.
    let team = tell(&memory, note("default", "note", "Information Technology has moved."));
    tell(&memory, note("default", "note", "Technology is old."));
    assert_eq!(with_feature(&memory, "Who is in IT?", "coverage", 0.99), [team.0]);
    assert_eq!(others("new york city"), ["NY"]);
    // Those of a stranger fill no room.
    for number in 0..40 {
        tell(&memory, note("default", "alias", &format!("A-{number} = stranger")));
    }
    let all = others("a stranger in new york");
    assert!(all.len() == 16 && all.contains(&"Big Apple".to_owned()), "{all:?}");
}

#[test]
fn what_names_nothing_is_no_alias() {
    let memory = open(&SimDisk::new(8));
    for text in ["k8s", "k8s = ", "k8s = K8s", "Who = k8s"] {
        let told = memory.remember(&[note("default", "alias", text)], None, now()).unwrap_err();
        assert!(told.to_string().contains("like `k8s = Kubernetes`"), "{text}: {told}");
    }
}
