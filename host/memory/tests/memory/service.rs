//! What skills ask of the memory, and what the host does for it.

use std::{
    pin::pin,
    slice,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use voyager_base::{
    BoxFuture, Error, ErrorKind,
    call::CallContext,
    clock::Timestamp,
    grant::{Globs, GrantLayer, Grants},
    memory::{
        Comparison, FieldCondition, FindMemory, KeepResult, ListMemory, MemoryGrant, MemorySearch,
        MemoryService as _, RecallMemory, Remembered, SeekHistory, SeekPassages, SeekRelations,
        SeekResults, Trust,
    },
    sim::{SimClock, SimDisk, asking},
};
use voyager_memory::{
    DERIVED_FROM, Draft, Edge, Encodes, Entry, Meaning, Memory, MemoryId, QUESTION_BYTES_MAX,
    SUPERSEDES, Service, TEXT_BYTES_MAX,
};

use crate::support::{draft, now, open, turn};

/// Counts the questions that it is given, and those of which only a vector is wanted.
#[derive(Default)]
struct Counting {
    whole: AtomicUsize,
    vectors: AtomicUsize,
}

impl Counting {
    fn counted(&self) -> (usize, usize) {
        (self.whole.load(Ordering::Relaxed), self.vectors.load(Ordering::Relaxed))
    }
}

impl Encodes for Counting {
    fn question<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Meaning> {
        self.whole.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Meaning::default() })
    }

    fn vector<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Option<Vec<f32>>> {
        self.vectors.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { None })
    }

    fn written(&self) {}
}

/// What a call gives that waits for nobody.
fn now_or_never<T>(call: BoxFuture<'_, T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_question_that_is_too_long_is_refused_before_it_is_encoded() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let encoder = Arc::new(Counting::default());
    let service = Service::new(
        Arc::new(move || Ok(Arc::clone(&memory))),
        Arc::new(|work| work()),
        Arc::new(SimClock::default()),
    )
    .with_encoder(Arc::clone(&encoder) as _);
    let context = asking(Grants::default());
    // Whether each call that holds a question takes one of so many bytes.
    let takes = |bytes: usize| {
        let question = RecallMemory { text: "a".repeat(bytes), limit: 1, ..Default::default() };
        let keep =
            KeepResult { question: question.clone(), found: Vec::new(), text: String::new() };
        let seek = SeekResults { question: question.clone(), likeness: 0.9 };
        let search = || MemorySearch { question: question.clone(), ..Default::default() };
        let (find, passages) = (FindMemory { search: search() }, SeekPassages { search: search() });
        [
            now_or_never(service.recall(&context, question.clone())).map(drop),
            now_or_never(service.find(&context, find)).map(drop),
            now_or_never(service.passages(&context, passages)).map(drop),
            now_or_never(service.keep_result(&context, keep)).map(drop),
            now_or_never(service.offers(&context, seek)).map(drop),
        ]
        .map(|it| it.map_err(|it| it.kind))
    };
    assert_eq!(takes(QUESTION_BYTES_MAX + 1), [const { Err(ErrorKind::Invalid) }; 5]);
    assert_eq!(encoder.counted(), (0, 0));
    assert_eq!(takes(QUESTION_BYTES_MAX), [const { Ok(()) }; 5]);
    assert_eq!(encoder.counted(), (4, 1), "what is offered needs the vector alone");
}

/// A service of this memory.
fn service(memory: &Arc<Memory>) -> Service {
    let memory = Arc::clone(memory);
    Service::new(
        Arc::new(move || Ok(Arc::clone(&memory))),
        Arc::new(|work| work()),
        Arc::new(SimClock::new(later())),
    )
}

fn later() -> Timestamp {
    Timestamp::from_millis(now().as_millis() + 60_000)
}

/// A task that may read and write such spaces, and read what is trusted so far.
fn granted(read: &[&str], write: &[&str], trust: Option<Trust>) -> CallContext {
    let globs = |it: &[&str]| Globs::new(it.iter().copied()).unwrap();
    let memory = Some(MemoryGrant { read: globs(read), write: globs(write), trust });
    asking(Grants::default().narrowed(GrantLayer { memory, ..GrantLayer::default() }))
}

fn note(space: &str, text: &str, trust: Trust) -> Entry {
    let draft = Draft { space: space.to_owned(), ..draft(text) };
    Entry { draft, trust, ..Entry::default() }
}

fn edge(from: u64, kind: &str, to: u64) -> Edge {
    Edge { from: MemoryId(from), kind: kind.to_owned(), to: MemoryId(to), weight: 0.5 }
}

fn ids(memories: &[Remembered]) -> Vec<u64> {
    memories.iter().map(|it| it.id).collect()
}

/// A search within a limit of ten.
fn search(text: &str) -> MemorySearch {
    let question = RecallMemory { text: text.to_owned(), limit: 10, ..Default::default() };
    MemorySearch { question, ..Default::default() }
}

#[test]
fn a_relation_to_what_may_not_be_read_is_not_told() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let all = [
        note("notes", "The door is green.", Trust::Owner),
        note("notes", "Paint was cheap.", Trust::Owner),
        note("private", "The vault opens with xylophone.", Trust::Owner),
        note("notes", "A server says that it is red.", Trust::Outside),
    ];
    memory.remember(&all, None, now()).unwrap();
    let relate = [
        edge(0, "causes", 1),
        edge(0, "hides", 2),
        edge(3, "denies", 0),
        edge(0, DERIVED_FROM, 1),
        edge(1, SUPERSEDES, 0),
    ];
    memory.relate_all(&relate, None, now()).unwrap();
    let service = service(&memory);
    let skipping = |context: &CallContext, id: u64, skip: u32| {
        let all = now_or_never(service.relations(context, SeekRelations { id, skip }))?;
        let told = all.into_iter().map(|it| {
            let relation = it.relation;
            assert!(it.memory.id != id && [relation.from, relation.to].contains(&it.memory.id));
            (relation.from, relation.kind, relation.to)
        });
        Ok::<_, Error>(told.collect::<Vec<_>>())
    };
    let told = |context: &CallContext, id: u64| skipping(context, id, 0);
    let as_told = |all: &[(u64, &str, u64)]| {
        Ok(all.iter().map(|it| (it.0, it.1.to_owned(), it.2)).collect::<Vec<_>>())
    };
    let (everything, notes) =
        (granted(&["**"], &[], None), granted(&["notes"], &["private"], None));
    let of_notes = [(0, "causes", 1), (0, DERIVED_FROM, 1), (1, SUPERSEDES, 0), (3, "denies", 0)];
    assert_eq!(told(&everything, 0).unwrap().len(), 5);
    assert_eq!(told(&notes, 0), as_told(&of_notes));
    assert_eq!(skipping(&notes, 0, 2), as_told(&of_notes[2..]));
    // Who said the others, nobody knows: trusted enough are those that only who is could say.
    let trusting = granted(&["notes"], &[], Some(Trust::Skill));
    assert_eq!(told(&trusting, 0), as_told(&[(0, DERIVED_FROM, 1), (1, SUPERSEDES, 0)]));
    // As `read` has it: what may only be written is denied, what is not granted is not there.
    for (context, id, kind) in [
        (&notes, 2, ErrorKind::Denied),
        (&trusting, 2, ErrorKind::NotFound),
        (&trusting, 3, ErrorKind::NotFound),
        (&everything, 9, ErrorKind::NotFound),
    ] {
        assert_eq!(told(context, id).unwrap_err().kind, kind, "{id}");
        let history = now_or_never(service.history(context, SeekHistory { id, skip: 0 }));
        assert_eq!(history.unwrap_err().kind, kind, "{id}");
    }
}

#[test]
fn a_history_goes_by_what_is_trusted_enough_alone() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let note = |text: &str, trust| note("notes", text, trust);
    let all = [
        note("The door is green.", Trust::Owner),
        note("The door is red.", Trust::Outside),
        note("The door is blue.", Trust::Owner),
        note("The door is white.", Trust::Owner),
    ];
    memory.remember(&all, None, now()).unwrap();
    let claims = [edge(1, SUPERSEDES, 0), edge(2, SUPERSEDES, 1), edge(3, SUPERSEDES, 2)];
    memory.relate_all(&claims, None, now()).unwrap();
    let service = service(&memory);
    let history = |context: &CallContext, id: u64, skip: u32| {
        ids(&now_or_never(service.history(context, SeekHistory { id, skip })).unwrap())
    };
    let everything = granted(&["**"], &[], None);
    assert_eq!(history(&everything, 0, 0), [3, 2, 1, 0]);
    assert_eq!(history(&everything, 1, 3), [0]);
    // What only a memory holds together that is not there is not together.
    let trusting = granted(&["**"], &[], Some(Trust::Skill));
    assert_eq!((history(&trusting, 0, 0), history(&trusting, 2, 0)), (vec![0], vec![3, 2]));
}

#[test]
fn a_search_has_bounds_of_fields_and_of_time() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let invoice = |space: &str, number: u64, amount: &str| {
        let mut entry = note(space, &format!("Invoice {number} came."), Trust::Owner);
        entry.draft.fields.insert("amount".to_owned(), amount.to_owned());
        entry
    };
    let first = [invoice("notes", 0, "900"), invoice("notes", 1, "1000")];
    memory.remember(&first, None, now()).unwrap();
    let second = [invoice("private", 2, "5000"), invoice("notes", 3, "20000")];
    memory.remember(&second, None, later()).unwrap();
    memory.relate(&edge(3, SUPERSEDES, 1), None, later()).unwrap();
    let service = service(&memory);
    let notes = granted(&["notes"], &[], None);
    let dear = |text: &str| {
        let (name, value) = ("amount".to_owned(), "1000".to_owned());
        let comparison = Comparison::AtLeast;
        MemorySearch { fields: vec![FieldCondition { name, comparison, value }], ..search(text) }
    };
    let find = |search: MemorySearch| {
        let found = now_or_never(service.find(&notes, FindMemory { search })).unwrap();
        assert_eq!(found.recalled.hits.len(), found.signals.len());
        let names = |it: &Vec<(String, f64)>| it.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
        let all = "vector keyword relation tag exact importance recency confidence relevance time";
        assert!(found.signals.iter().all(|it| names(it).join(" ") == all));
        let mut ids: Vec<u64> = found.recalled.hits.iter().map(|it| it.memory.id).collect();
        ids.sort_unstable();
        ids
    };
    let invoices = "Which invoice came?";
    assert_eq!(find(search(invoices)), [0, 3]);
    assert_eq!(find(dear(invoices)), [3]);
    assert_eq!(find(MemorySearch { history: true, ..dear(invoices) }), [1, 3]);
    let then = |search: MemorySearch| MemorySearch { as_of: Some(now()), ..search };
    assert_eq!(find(then(dear(invoices))), [1]);
    let before = Timestamp::from_millis(1);
    assert_eq!(find(MemorySearch { as_of: Some(before), ..dear(invoices) }), [0; 0]);
    let list = |search: MemorySearch, after: Option<u64>| {
        ids(&now_or_never(service.list(&notes, ListMemory { search, after })).unwrap())
    };
    assert_eq!(list(search(""), None), [0, 3]);
    assert_eq!(list(search(""), Some(0)), [3]);
    assert_eq!(list(then(search("")), None), [0, 1]);
    assert_eq!(list(MemorySearch { history: true, ..dear("") }, None), [1, 3]);
    let mut one = search("");
    one.question.limit = 1;
    assert_eq!(list(one, None), [0]);
    // What no field is found by.
    let mut long = dear(invoices);
    long.fields[0].value = "1".repeat(257);
    let refused = now_or_never(service.find(&notes, FindMemory { search: long }));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid);
}

#[test]
fn what_stands_beside_a_hit_is_told_where_it_is_trusted_enough() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let said = |author: &str, text: &str, trust| Entry { trust, ..turn("talk", author, text) };
    let all = [
        said("Eve", "Good morning.", Trust::Outside),
        said("Ada", "Did anybody see the volcano?", Trust::Owner),
        said("Bob", "Yes, from the ferry.", Trust::Owner),
    ];
    memory.remember(&all, None, now()).unwrap();
    let service = service(&memory);
    let told = |trust| {
        let mut search = search("volcano");
        search.question.limit = 1;
        let context = granted(&["**"], &[], trust);
        let passages = now_or_never(service.passages(&context, SeekPassages { search })).unwrap();
        let [passage] = &passages[..] else { panic!("{passages:?}") };
        let turns = passage.turns.iter().map(|it| (it.memory.id, it.score.is_some()));
        turns.collect::<Vec<_>>()
    };
    assert_eq!(told(None), [(0, false), (1, true), (2, false)]);
    assert_eq!(told(Some(Trust::Skill)), [(1, true), (2, false)]);
}

#[test]
fn reasons_are_measured_against_what_may_be_told() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let all = [
        note(
            "notes",
            "On the way home somebody told of a volcano, and of the weather.",
            Trust::Owner,
        ),
        note("notes", "Volcano, volcano!", Trust::Outside),
    ];
    memory.remember(&all, None, now()).unwrap();
    let service = service(&memory);
    // Which memories are found, and whether by all that words can say.
    let found = |trust| {
        let context = granted(&["**"], &[], trust);
        let search = search("volcano");
        let found = now_or_never(service.find(&context, FindMemory { search })).unwrap();
        let keyword = |it: &Vec<(String, f64)>| it.iter().find(|it| it.0 == "keyword").unwrap().1;
        let ids = found.recalled.hits.iter().map(|it| it.memory.id);
        ids.zip(found.signals.iter().map(|it| keyword(it) == 1.0)).collect::<Vec<_>>()
    };
    assert_eq!(found(None), [(1, true), (0, false)]);
    assert_eq!(found(Some(Trust::Skill)), [(0, true)]);
}

#[test]
fn what_is_told_comes_in_parts() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let all: Vec<Entry> =
        (0..102).map(|it| note("notes", &format!("Door {it} is green."), Trust::Owner)).collect();
    memory.remember(&all, None, now()).unwrap();
    // All others lead to m0, m1 also in two ways that nobody vouches for.
    let mut relate: Vec<Edge> = (1..102).map(|it| edge(it, SUPERSEDES, 0)).collect();
    relate.extend([edge(1, "near", 0), edge(1, "far", 0)]);
    memory.relate_all(&relate, None, now()).unwrap();
    let service = service(&memory);
    let relations = |trust, skip| {
        let call = SeekRelations { id: 0, skip };
        let told = now_or_never(service.relations(&granted(&["**"], &[], trust), call)).unwrap();
        told.iter().map(|it| it.memory.id).collect::<Vec<_>>()
    };
    let some: Vec<u64> = [1, 1].into_iter().chain(1..99).collect();
    assert_eq!((relations(None, 0), relations(None, 100)), (some, vec![99, 100, 101]));
    assert_eq!(relations(None, 103), [0; 0]);
    let trust = Some(Trust::Skill);
    assert_eq!((relations(trust, 0), relations(trust, 100)), ((1..101).collect(), vec![101]));
    let history = |skip| {
        let call = SeekHistory { id: 7, skip };
        ids(&now_or_never(service.history(&granted(&["**"], &[], None), call)).unwrap())
    };
    assert_eq!((history(0).len(), history(100).len(), history(102)), (100, 2, vec![]));
}

#[test]
fn a_part_of_what_is_told_ends_before_it_is_too_large() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    // Four of them are somewhat less than a part, the last is more.
    let large = "x".repeat(TEXT_BYTES_MAX - 100);
    let mut all = vec![note("notes", "The door is green.", Trust::Owner)];
    all.extend((0..6).map(|_| note("notes", &large, Trust::Owner)));
    for field in 0..60 {
        all[6].draft.fields.insert(format!("field {field}"), "y".repeat(TEXT_BYTES_MAX / 16));
    }
    memory.remember(&all, None, now()).unwrap();
    let relate: Vec<Edge> = (1..7).map(|it| edge(it, SUPERSEDES, 0)).collect();
    memory.relate_all(&relate, None, now()).unwrap();
    let service = service(&memory);
    let context = granted(&["**"], &[], None);
    let list = |after| {
        let search = MemorySearch { history: true, ..search("") };
        ids(&now_or_never(service.list(&context, ListMemory { search, after })).unwrap())
    };
    assert_eq!([list(None), list(Some(4)), list(Some(5))], [vec![0, 1, 2, 3, 4], vec![5], vec![6]]);
    let relations = |skip| {
        let told = now_or_never(service.relations(&context, SeekRelations { id: 0, skip }));
        told.unwrap().iter().map(|it| it.memory.id).collect::<Vec<_>>()
    };
    assert_eq!([relations(0), relations(4), relations(5)], [vec![1, 2, 3, 4], vec![5], vec![6]]);
    let history =
        |skip| ids(&now_or_never(service.history(&context, SeekHistory { id: 3, skip })).unwrap());
    assert_eq!([history(0), history(1), history(5)], [vec![6], vec![5, 4, 3, 2], vec![1, 0]]);
}

#[test]
fn a_list_goes_on_behind_any_memory() {
    let memory = Arc::new(open(&SimDisk::new(1)));
    let entry = |it: u64| {
        let space = if it.is_multiple_of(3) { "doors" } else { "notes" };
        let mut entry = note(space, &format!("Door {it} is green."), Trust::Owner);
        entry.draft.fields.insert("even".to_owned(), it.is_multiple_of(2).to_string());
        entry
    };
    memory.remember(&(0..40).map(entry).collect::<Vec<_>>(), None, now()).unwrap();
    memory.forget(&[MemoryId(4), MemoryId(9)], None, now()).unwrap();
    let service = service(&memory);
    let list = |fields: &[FieldCondition], after: Option<u64>| {
        let search = MemorySearch { fields: fields.to_vec(), ..search("") };
        let context = granted(&["**"], &[], None);
        ids(&now_or_never(service.list(&context, ListMemory { search, after })).unwrap())
    };
    let even = FieldCondition {
        name: "even".to_owned(),
        comparison: Comparison::Equal,
        value: "true".to_owned(),
    };
    let here = |it: &u64| ![4, 9].contains(it);
    for after in (0..41).map(Some).chain([None]) {
        let first = after.map_or(0, |it| it + 1);
        let all: Vec<u64> = (first..40).filter(here).take(10).collect();
        assert_eq!(list(&[], after), all);
        let of_even = (first..40).filter(here).filter(|it| it.is_multiple_of(2));
        assert_eq!(list(slice::from_ref(&even), after), of_even.take(10).collect::<Vec<_>>());
    }
}
