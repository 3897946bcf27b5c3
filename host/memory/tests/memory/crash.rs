//! The power fails at any call of the disk: what was acknowledged is there, and what was not is there as a whole
//! or not at all.
//!
//! What is left is compared with what a store says that never failed, in everything that can be asked; and what that one
//! says, with a naive model, as far as there is one.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::{
    Digest,
    chance::{Chance, Seeded},
    memory::Trust,
    sim::{CrashModel, SimDisk},
};
use voyager_memory::{
    DERIVED_FROM, Edge, Entry, Memory, MemoryId, Question, SUPERSEDES, Stats, WriteError,
};

use crate::{
    model::Model,
    support::{now, open, turn, vector},
    trust,
};

/// What somebody does.
#[derive(Clone, Debug)]
enum Act {
    Remember(Vec<Entry>),
    /// Several callers remember at once. Between them comes one that is refused, and last the first one again.
    Together(Vec<Vec<Entry>>),
    Forget(Vec<MemoryId>),
    Relate(Edge),
    Unrelate(MemoryId, &'static str, MemoryId),
    Tick(u64),
    Pin(MemoryId, bool),
    Used(MemoryId),
    Trust(MemoryId, Trust),
    Restore(MemoryId),
    /// Gives vectors to all that have none.
    Encode,
    Consolidate,
    /// Takes the last consolidation back.
    Part,
    /// Keeps the index: changes nothing that can be asked.
    Keep,
}

impl Act {
    /// The keys under which the act of this number is done.
    fn keys(&self, number: usize) -> Vec<Digest> {
        match self {
            Self::Remember(_) | Self::Forget(_) | Self::Relate(_) | Self::Used(_) => {
                vec![key(number, 0)]
            }
            Self::Together(batches) => (0..batches.len()).map(|it| key(number, it)).collect(),
            _ => Vec::new(),
        }
    }
}

fn key(number: usize, caller: usize) -> Digest {
    Digest::of(&[number as u8, caller as u8])
}

/// What a store holds, as far as the model knows it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    texts: BTreeMap<u64, String>,
    edges: Vec<(u64, String, u64)>,
    cycle: u64,
    archived: Vec<u64>,
    pinned: Vec<u64>,
    trusts: Vec<Trust>,
    superseded: Vec<u64>,
    keys: BTreeSet<Digest>,
}

impl Held {
    fn of(memory: &Memory) -> Self {
        let ids = memory.ids();
        let text = |id: &MemoryId| (id.0, memory.record(*id).unwrap().draft.text);
        let edges = memory.all_relations().unwrap().into_iter();
        let mut edges: Vec<_> = edges.map(|it| (it.from.0, it.kind, it.to.0)).collect();
        edges.sort_unstable();
        let that = |is: fn(&Memory, MemoryId) -> bool| -> Vec<u64> {
            ids.iter().filter(|it| is(memory, **it)).map(|it| it.0).collect()
        };
        Self {
            texts: ids.iter().map(text).collect(),
            edges,
            cycle: memory.stats().unwrap().cycle,
            archived: that(|memory, it| memory.is_archived(it).unwrap()),
            pinned: that(|memory, it| memory.is_pinned(it).unwrap()),
            trusts: ids.iter().map(|it| memory.trust(*it).unwrap()).collect(),
            superseded: that(|memory, it| !memory.superseded_by(it).unwrap().is_empty()),
            keys: all_keys().filter(|it| memory.is_done(it).unwrap()).collect(),
        }
    }
}

/// All keys that a history may use.
fn all_keys() -> impl Iterator<Item = Digest> {
    (0..ACTS).flat_map(|number| (0..CALLERS_MAX).map(move |it| key(number, it)))
}

/// The model.
#[derive(Clone, Debug, Default)]
struct Naive {
    texts: BTreeMap<u64, String>,
    edges: Vec<(u64, String, u64)>,
    keys: BTreeSet<Digest>,
    next: u64,
    life: Model,
    line: trust::Model,
}

impl Naive {
    fn perform(&mut self, number: usize, act: &Act) {
        match act {
            Act::Remember(entries) => self.add(entries),
            Act::Together(batches) => batches.iter().for_each(|it| self.add(it)),
            Act::Forget(ids) => {
                self.line.forget(ids);
                for id in ids {
                    self.texts.remove(&id.0);
                    self.life.forget(id.0);
                    self.edges.retain(|it| it.0 != id.0 && it.2 != id.0);
                }
            }
            Act::Relate(Edge { from, kind, to, .. }) => self.relate(from.0, kind, to.0),
            Act::Unrelate(from, kind, to) => {
                self.edges.retain(|it| (it.0, it.1.as_str(), it.2) != (from.0, kind, to.0));
                if *kind == SUPERSEDES {
                    self.line.claims.remove(&(from.0, to.0));
                }
            }
            Act::Tick(cycles) => self.life.tick(*cycles, now().as_micros()),
            Act::Pin(id, pinned) => self.life.beings.get_mut(&id.0).unwrap().pinned = *pinned,
            Act::Used(id) => self.life.used(id.0),
            Act::Trust(id, trust) => self.line.set(id.0, *trust),
            Act::Restore(id) => self.life.restore(id.0, RESTORED),
            Act::Encode | Act::Consolidate | Act::Part | Act::Keep => {}
        }
        self.life.edges = self.edges.iter().map(|it| (it.0, it.2)).collect();
        self.keys.extend(act.keys(number));
    }

    fn add(&mut self, entries: &[Entry]) {
        for entry in entries {
            let id = self.next;
            self.next += 1;
            self.texts.insert(id, entry.draft.text.clone());
            self.life.add(id, 0, entry.draft.pinned);
            self.line.records.insert(id, (entry.trust, BTreeSet::new()));
            entry.derived_from.iter().for_each(|it| self.relate(id, DERIVED_FROM, it.0));
            entry.supersedes.iter().for_each(|it| self.relate(id, SUPERSEDES, it.0));
        }
    }

    fn relate(&mut self, from: u64, kind: &str, to: u64) {
        self.edges.push((from, kind.to_owned(), to));
        match kind {
            DERIVED_FROM => _ = self.line.records.get_mut(&from).unwrap().1.insert(to),
            SUPERSEDES => _ = self.line.claims.insert((from, to)),
            _ => {}
        }
    }

    fn held(&self) -> Held {
        let mut edges = self.edges.clone();
        edges.sort_unstable();
        let archived = self.life.archived();
        let faded = |it: u64| archived.contains(&it);
        let ids = self.texts.keys().copied();
        Held {
            texts: self.texts.clone(),
            edges,
            cycle: self.life.cycle,
            pinned: self.life.beings.iter().filter(|it| it.1.pinned).map(|it| *it.0).collect(),
            trusts: ids.clone().map(|it| self.line.trust(it)).collect(),
            superseded: ids.filter(|it| self.line.superseded(*it, &faded)).collect(),
            keys: self.keys.clone(),
            archived,
        }
    }
}

/// Everything that a store can be asked, with what it says.
type Told = BTreeMap<&'static str, Vec<String>>;

fn told(memory: &Memory) -> Told {
    let ids = memory.ids();
    let commit = memory.commit();
    let ever = memory.audit(usize::MAX).unwrap().iter().map(|it| it.first + it.count).max();
    let of = |say: &dyn Fn(MemoryId) -> String| ids.iter().map(|it| say(*it)).collect();
    let standing = |id| {
        let own = (memory.own_trust(id), memory.trust(id), memory.lowered_by(id));
        let life = (memory.weight(id), memory.is_pinned(id), memory.is_archived(id));
        let line = (memory.superseded_by(id), memory.older(id), memory.story(id, Trust::Outside));
        let copies = (memory.standing_for(id), memory.stands_for(id));
        format!("{id} {own:?} {life:?} {line:?} {copies:?}")
    };
    let stats = Stats { bytes: (0, 0), ..memory.stats().unwrap() };
    let answers = [(WORDS[0], false), (WORDS[1], true)].map(|(word, all)| {
        let text = format!("{word} {}", WORDS[3]);
        format!("{:?}", memory.recall(&question(&text, all, 10), now()).unwrap())
    });
    let numbers = |say: &dyn Fn(u64) -> String, end: u64| (0..end).map(say).collect();
    BTreeMap::from([
        ("records", of(&|it| format!("{:?}", memory.record(it)))),
        ("relations", of(&|it| format!("{it} {:?}", memory.relations(it)))),
        ("standings", of(&standing)),
        ("deeds", of(&|it| format!("{it} {:?}", memory.blame(it)))),
        ("stats", vec![format!("{stats:?}")]),
        (
            "lists",
            vec![
                format!("{:?} {:?}", memory.unencoded(100), memory.consolidations()),
                format!("{:?} {:?}", memory.archived(0), memory.archived(20)),
            ],
        ),
        ("keys", all_keys().map(|it| format!("{:?}", memory.remembered(&it))).collect()),
        ("audit", memory.audit(usize::MAX).unwrap().iter().map(|it| format!("{it:?}")).collect()),
        (
            "forgotten",
            numbers(&|it| format!("{it} {:?}", memory.forgotten(MemoryId(it))), ever.unwrap_or(0)),
        ),
        ("past", numbers(&|it| format!("{:?}", memory.as_of(it)), commit + 1)),
        ("difference", vec![format!("{:?}", memory.difference(0, commit))]),
        ("answers", answers.to_vec()),
    ])
}

/// Asks for some of the records, or for `all` that have the words.
fn question(text: &str, all: bool, limit: usize) -> Question {
    let (text, vector) = (text.to_owned(), Some(vector(text)));
    let (history, archived, copies) = (all, all, all);
    Question { text, vector, history, archived, copies, limit, ..Question::default() }
}

/// What two stores say differently.
fn differences(one: &Told, other: &Told) -> String {
    let differ = one.iter().filter(|it| other[it.0] != *it.1);
    let differ = differ.map(|(name, said)| format!("{name}: {said:#?}\nnot {:#?}", other[name]));
    differ.collect::<Vec<_>>().join("\n")
}

/// The weight with which records are brought back.
const RESTORED: f64 = 0.3;

const KIND: &str = "leads to";
const KINDS: [&str; 3] = [KIND, SUPERSEDES, DERIVED_FROM];

const WORDS: [&str; 8] = ["door", "green", "wall", "blue", "roof", "red", "tree", "old"];

/// How many acts a history has.
const ACTS: usize = 12;
/// Most callers at once.
const CALLERS_MAX: usize = 3;

/// What happens, and what a store says that never fails: before each act, and at the end.
struct History {
    acts: Vec<Act>,
    states: Vec<Told>,
    /// By state: the texts.
    texts: Vec<BTreeMap<u64, String>>,
}

/// A history that a seed repeats.
fn history(seed: u64) -> History {
    let chance = Seeded::new(seed);
    let memory = open(&SimDisk::new(seed));
    let mut naive = Naive::default();
    let mut history =
        History { acts: Vec::new(), states: vec![told(&memory)], texts: vec![BTreeMap::new()] };
    while history.acts.len() < ACTS {
        let number = history.acts.len();
        let act = draw(&chance, &naive);
        // One that can't be done is another one.
        if !perform(&memory, number, &act, false) {
            continue;
        }
        naive.perform(number, &act);
        assert_eq!(Held::of(&memory), naive.held(), "seed {seed}: {act:?}");
        history.acts.push(act);
        history.states.push(told(&memory));
        history.texts.push(naive.texts.clone());
    }
    history
}

fn draw(chance: &Seeded, naive: &Naive) -> Act {
    let below = |count: usize| (chance.number() % count.max(1) as u64) as usize;
    let there: Vec<u64> = naive.texts.keys().copied().collect();
    let one = || MemoryId(there[below(there.len())]);
    let some = |count: usize| -> Vec<MemoryId> {
        if there.is_empty() { Vec::new() } else { (0..below(count)).map(|_| one()).collect() }
    };
    let entry = || {
        let text = format!("{} {} {}", WORDS[below(3)], WORDS[below(8)], WORDS[3 + below(2)]);
        let mut entry = turn(WORDS[below(2)], WORDS[below(2)], &text);
        entry.vector = entry.vector.filter(|_| below(4) > 0);
        entry.draft.pinned = below(8) == 0;
        entry.trust = Trust::ALL[below(4)];
        // Each with its own sources.
        entry.derived_from = BTreeSet::from_iter(some(3)).into_iter().collect();
        entry.supersedes = BTreeSet::from_iter(some(2)).into_iter().collect();
        entry
    };
    let batch = || (0..1 + below(3)).map(|_| entry()).collect();
    let archived = naive.life.archived();
    match below(20) {
        0 | 1 if !there.is_empty() => {
            Act::Forget(BTreeSet::from([one(), one()]).into_iter().collect())
        }
        2 | 3 if there.len() > 1 => {
            let (kind, weight) = (KINDS[below(3)].to_owned(), 1.0);
            Act::Relate(Edge { from: one(), to: one(), kind, weight })
        }
        4 | 5 if !naive.edges.is_empty() => {
            let (from, _, to) = naive.edges[below(naive.edges.len())];
            Act::Unrelate(MemoryId(from), KINDS[below(2)], MemoryId(to))
        }
        6 => Act::Tick(1 + below(200) as u64),
        7 => Act::Keep,
        8 if !there.is_empty() => Act::Pin(one(), below(3) > 0),
        9 if !there.is_empty() => Act::Used(one()),
        10 if !there.is_empty() => Act::Trust(one(), Trust::ALL[below(4)]),
        11 if !archived.is_empty() => Act::Restore(MemoryId(archived[below(archived.len())])),
        12 => Act::Encode,
        13 | 14 => Act::Consolidate,
        15 => Act::Part,
        16 | 17 => Act::Together((0..2 + below(2)).map(|_| batch()).collect()),
        _ => Act::Remember(batch()),
    }
}

/// Performs an act of a history, under the keys that it has there. Who comes together may also come one after the other.
fn perform(memory: &Memory, number: usize, act: &Act, together: bool) -> bool {
    let own = key(number, 0);
    match act {
        Act::Remember(entries) => memory.remember(entries, Some(&own), now()).is_ok(),
        Act::Together(batches) if together => remember_together(memory, number, batches),
        Act::Together(batches) => batches
            .iter()
            .enumerate()
            .all(|(caller, it)| memory.remember(it, Some(&key(number, caller)), now()).is_ok()),
        Act::Forget(ids) => memory.forget(ids, Some(&own), now()).is_ok(),
        Act::Relate(edge) => memory.relate(edge, Some(&own), now()).is_ok(),
        Act::Unrelate(from, kind, to) => memory.unrelate(*from, kind, *to, now()).is_ok(),
        Act::Tick(cycles) => memory.tick(*cycles, now()).is_ok(),
        Act::Pin(id, pinned) => memory.pin(*id, *pinned, now()).is_ok(),
        Act::Used(id) => memory.used(&[*id], Some(&own), now()).is_ok(),
        Act::Trust(id, trust) => memory.set_trust(&[*id], *trust, now()).is_ok(),
        Act::Restore(id) => memory.restore(&[*id], RESTORED, now()).is_ok(),
        Act::Encode => {
            let ids = memory.unencoded(100).into_iter();
            let one = |id| memory.record(id).ok().map(|it| (id, vector(&it.draft.text)));
            let vectors: Option<Vec<_>> = ids.map(one).collect();
            vectors.is_some_and(|it| memory.encode(&it, now()).is_ok())
        }
        Act::Consolidate => memory.consolidate(None, false, now(), &|_, _| true).is_ok(),
        Act::Part => match memory.consolidations().last() {
            Some((commit, _)) => memory.part(*commit, now()).is_ok(),
            None => true,
        },
        Act::Keep => memory.keep_index().is_ok(),
    }
}

/// Whether all got what they were to get.
fn remember_together(memory: &Memory, number: usize, batches: &[Vec<Entry>]) -> bool {
    let keys: Vec<Digest> = (0..batches.len()).map(|it| key(number, it)).collect();
    let missing = MemoryId(u64::MAX);
    let refused = [Entry { supersedes: vec![missing], ..turn("a", "b", "refused") }];
    let mut callers: Vec<(&[Entry], Option<&Digest>)> =
        batches.iter().zip(&keys).map(|(it, key)| (it.as_slice(), Some(key))).collect();
    callers.insert(1, (&refused, None));
    callers.push(callers[0]);
    let outcomes = memory.remember_each(&callers, now());
    let failed = |it: &&Result<_, _>| matches!(it, Err(WriteError::Disk { .. }));
    if outcomes.iter().any(|it| failed(&it)) {
        return false;
    }
    assert_eq!(outcomes[1], Err(WriteError::NotFound { id: missing }));
    assert_eq!(outcomes.first(), outcomes.last(), "under one key it is written once");
    outcomes.iter().enumerate().all(|(caller, it)| caller == 1 || it.is_ok())
}

/// What lay in the file of keys during a history, and must not lie anywhere once it is of no use: by record what was in
/// its slot, and what opened an index that was kept before something was forgotten.
#[derive(Default)]
struct Secrets {
    slots: BTreeMap<u64, [u8; 32]>,
    indexes: BTreeSet<[u8; 32]>,
}

impl Secrets {
    fn note(&mut self, disk: &SimDisk, next: u64) {
        let Some(keys) = disk.content("keys") else { return };
        for (id, slot) in (0..next).zip(keys.get(512..).unwrap_or_default().as_chunks().0) {
            if *slot != [0; 32] {
                self.slots.insert(id, *slot);
            }
        }
    }

    /// What opens the index that is kept now.
    fn of_index(disk: &SimDisk) -> Option<[u8; 32]> {
        let sealed = disk.content("keys")?.get(80..112)?.try_into().ok()?;
        (sealed != [0; 32]).then_some(sealed)
    }
}

/// Performs a history on a disk that fails at a call. Gives back how many acts were acknowledged.
fn until_crash(disk: &SimDisk, history: &History, secrets: &mut Secrets) -> usize {
    let Ok(memory) = crate::support::try_open(disk) else { return 0 };
    let mut next = 0;
    for (number, act) in history.acts.iter().enumerate() {
        let kept = Secrets::of_index(disk);
        let done = perform(&memory, number, act, true);
        next = history.texts[number + 1].keys().last().map_or(next, |it| next.max(it + 1));
        secrets.note(disk, next);
        if !done {
            return number;
        }
        secrets.indexes.extend(kept.filter(|_| matches!(act, Act::Forget(_))));
    }
    history.acts.len()
}

/// Opens what a crash left, and compares it.
fn check(
    left: &SimDisk,
    (acknowledged, secrets): (usize, &Secrets),
    History { acts, states, texts }: &History,
    at: &str,
) {
    let memory = open(left);
    let found = told(&memory);
    let under_way = acts.get(acknowledged);
    // Where the act says nothing that could be asked, both are the same.
    let state = (acknowledged..=acknowledged + usize::from(under_way.is_some()))
        .find(|it| states[*it] == found);
    let Some(state) = state else {
        panic!("{at}: {under_way:?}: {}", differences(&found, &states[acknowledged]))
    };
    search(left, secrets, &texts[..=state], at);
    assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, [], "{at}");
    // The arms know what the tables know: a record answers to its words, or is not there.
    let answer = memory.recall(&question(&WORDS.join(" "), true, 100), now()).unwrap();
    let hits: BTreeSet<u64> = answer.hits.iter().map(|it| it.record.id.0).collect();
    assert!(hits.iter().eq(texts[state].keys()), "{at}: {hits:?} of {:?}", texts[state]);
    // What was under way is asked for again, and happens once: by its key, or since it did not happen.
    let mut last = state;
    if let Some(act) = under_way {
        last = acknowledged + 1;
        if state == acknowledged || !act.keys(acknowledged).is_empty() {
            assert!(perform(&memory, acknowledged, act, true), "{at}: {act:?}");
        }
        let after = told(&memory);
        let right = after == states[last];
        assert!(right, "{at}: {act:?}: {}", differences(&after, &states[last]));
    }
    // It goes on from there, with ids that were never given away.
    let next = memory.remember(&[turn("a", "b", "goes on")], None, now()).unwrap()[0];
    assert!(texts[last].keys().all(|it| *it < next.0), "{at}");
    drop(memory);
    assert_eq!(open(left).ids().len(), texts[last].len() + 1, "{at}");
}

/// Looks for what was forgotten in every byte of the disk.
fn search(disk: &SimDisk, secrets: &Secrets, texts: &[BTreeMap<u64, String>], at: &str) {
    let Some((now, before)) = texts.split_last() else { return };
    let gone: BTreeMap<&u64, &String> =
        before.iter().flatten().filter(|it| !now.contains_key(it.0)).collect();
    for (id, text) in gone {
        assert!(!disk.holds(text.as_bytes()), "{at}: the text of m{id}");
        let slot = secrets.slots.get(id);
        assert!(slot.is_none_or(|it| !disk.holds(it)), "{at}: the key of m{id}");
    }
    let there = now.keys().next_back().and_then(|it| secrets.slots.get(it));
    assert!(there.is_none_or(|it| disk.holds(it)), "{at}: the search finds what is there");
    for sealed in &secrets.indexes {
        assert!(!disk.holds(sealed), "{at}: the key of an index from before");
    }
}

fn crash_at_every_call(seed: u64, step: u64) -> u64 {
    let history = history(seed);
    let (whole, mut secrets) = (SimDisk::new(seed), Secrets::default());
    assert_eq!(until_crash(&whole, &history, &mut secrets), ACTS);
    check(&whole, (ACTS, &secrets), &history, &format!("seed {seed}, no crash"));
    let mut tried = 0;
    // Histories begin alike, so each fails at other calls.
    for call in (1 + seed % step..=whole.calls()).step_by(step as usize) {
        let (disk, mut secrets) = (SimDisk::new(seed), Secrets::default());
        disk.crash_at(call);
        let acknowledged = until_crash(&disk, &history, &mut secrets);
        let model = CrashModel::ALL[(call / step) as usize % CrashModel::ALL.len()];
        let left = disk.after_crash(model, call);
        let at = format!("seed {seed}, call {call}, {model:?}");
        check(&left, (acknowledged, &secrets), &history, &at);
        tried += 1;
    }
    tried
}

#[test]
fn a_crash_leaves_what_was_acknowledged() {
    let tried: u64 = (0..12).map(|seed| crash_at_every_call(seed, 17)).sum();
    assert!(tried > 200, "{tried} crashes were tried");
}

/// All calls of many histories: minutes. Run by the storm.
#[test]
fn a_storm_of_crashes_leaves_what_was_acknowledged() {
    if std::env::var_os("VOYAGER_STORM").is_none() {
        println!("skipped: set VOYAGER_STORM=1");
        return;
    }
    let tried: u64 = (100..140).map(|seed| crash_at_every_call(seed, 1)).sum();
    println!("memory: {tried} crashes of 40 histories");
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing() {
    let disk = SimDisk::new(3);
    let memory = open(&disk);
    memory.remember(&[turn("a", "Ada", "The door is green.")], None, now()).unwrap();
    disk.crash_at(disk.calls() + 1);
    let error = memory.remember(&[turn("a", "Ada", "The wall is blue.")], None, now()).unwrap_err();
    assert!(error.to_string().contains("open it again"), "{error}");
    let again = memory.tick(1, now()).unwrap_err();
    assert!(again.to_string().contains("cannot write"), "nothing more is written: {again}");
    assert!(memory.has_failed());
    let left = disk.after_crash(CrashModel::Lost, 1);
    assert_eq!(open(&left).ids().len(), 1);
}
