//! A cached answer equals one that is not, whatever happened in between.
//!
//! Random histories ask every question twice, through the cache and past it. A sample runs always; a million
//! operations: `VOYAGER_STORM=1`, or `cargo xtask storm`.

use std::sync::Arc;

use proptest::prelude::*;
use voyager_base::{
    chance::{Chance, Seeded},
    clock::Timestamp,
    memory::Trust,
    sim::SimDisk,
};
use voyager_memory::{
    Answers, Edge, Encoder, Entry, Made, Memory, MemoryId, Options, Question, Recall, SubQuery,
    question::analyse,
};

use crate::support::{DIMENSIONS, draft, now, open, turn, vector};

const SPACES: [&str; 3] = ["home", "work", "club"];
const WORDS: [&str; 10] =
    ["door", "green", "wall", "blue", "roof", "red", "tree", "old", "Ada", "yesterday"];

/// So many records are there at most.
const RECORDS_MAX: usize = 40;

/// So many operations lie between two openings of a store, on average.
const OPENED_EACH: usize = 5_000;

/// What a history did.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    questions: u64,
    hits: u64,
    /// Results of earlier questions that were offered.
    offers: u64,
    writes: u64,
    openings: u64,
}

fn made(text: &str) -> Made {
    Made {
        text: text.to_owned().into(),
        found: Vec::new(),
        run: "r1".to_owned(),
        skill: "acme:painter".to_owned(),
        trust: Trust::Skill,
    }
}

/// A store that somebody uses at random.
struct History {
    disk: SimDisk,
    memory: Memory,
    chance: Seeded,
    micros: u64,
    done: Done,
    asked: Vec<Question>,
}

impl History {
    fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let memory = opened(&disk);
        let (chance, micros) = (Seeded::new(seed), now().as_micros());
        Self { disk, memory, chance, micros, done: Done::default(), asked: Vec::new() }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros)
    }

    fn below(&self, count: usize) -> usize {
        (self.chance.number() % count.max(1) as u64) as usize
    }

    fn text(&self) -> String {
        let words: Vec<&str> = (0..1 + self.below(3)).map(|_| WORDS[self.below(10)]).collect();
        words.join(" ")
    }

    fn entry(&self) -> Entry {
        let mut entry = turn(WORDS[self.below(2)], WORDS[6 + self.below(3)], &self.text());
        entry.draft.space = SPACES[self.below(3)].to_owned();
        entry.draft.tags = vec![WORDS[self.below(4)].to_owned()];
        entry.draft.at = (self.below(2) == 0)
            .then(|| Timestamp::from_micros(self.micros - self.below(90) as u64 * 86_400_000_000));
        entry.draft.pinned = self.below(8) == 0;
        entry.vector = entry.vector.filter(|_| self.below(4) > 0);
        entry
    }

    /// A question: often one that was asked before, or nearly.
    fn question(&mut self) -> Question {
        if !self.asked.is_empty() && self.below(8) > 0 {
            let mut question = self.asked[self.below(self.asked.len())].clone();
            match self.below(20) {
                // The same in other words.
                0 => question.text = format!("{} ", question.text),
                1 => question.text = question.text.to_uppercase(),
                2 => question.limit += 1,
                3 => question.spaces.reverse(),
                5 => {
                    question.parts.pop();
                }
                4 => {
                    if let Some(first) = question.vector.iter_mut().flatten().next() {
                        *first += 0.001;
                    }
                }
                _ => {}
            }
            return question;
        }
        let mut text = self.text();
        // Two things in one question.
        if self.below(4) == 0 {
            text = format!("What {text} and what {}?", self.text());
        }
        let parts = analyse(&text, self.now()).parts.into_iter();
        let parts = parts.map(|text| SubQuery { vector: vector(&text), text });
        let question = Question {
            vector: (self.below(2) == 0).then(|| vector(&text)),
            text,
            parts: parts.filter(|_| self.below(4) > 0).collect(),
            spaces: (0..self.below(3)).map(|_| SPACES[self.below(3)].to_owned()).collect(),
            limit: 1 + self.below(12),
            budget_tokens: (self.below(4) == 0).then(|| self.below(20) as u32),
            author: (self.below(6) == 0).then(|| WORDS[8].to_owned()),
            tags: WORDS[..self.below(8) / 7].iter().map(|it| (*it).to_owned()).collect(),
            history: self.below(4) == 0,
            as_of: (self.below(4) == 0)
                .then(|| self.below(1 + self.memory.stats().unwrap().commit as usize) as u64),
            ..Question::default()
        };
        // The oldest are asked no more.
        if self.asked.len() == 12 {
            self.asked.remove(0);
        }
        self.asked.push(question.clone());
        question
    }

    /// Asks through the cache, and past it.
    fn ask(&mut self) {
        let (question, now) = (self.question(), self.now());
        let cached = self.memory.recall(&question, now);
        let anew = self.memory.recall_anew(&question, now);
        assert_eq!(cached, anew, "{question:?} after {:?}", self.done);
        self.done.questions += 1;
        if let Ok(recall) = &cached {
            self.make(&question, recall);
        }
    }

    /// Makes something of an answer, and looks at what is offered: what it was made of is still found.
    fn make(&mut self, question: &Question, recall: &Recall) {
        let (memory, now) = (&self.memory, self.now());
        let said = |it: &Recall| -> Vec<String> {
            it.hits.iter().map(|it| format!("{} {}", it.record.id, it.score)).collect()
        };
        if self.below(4) == 0 {
            let told = serde_json::to_string(&(question, said(recall))).unwrap();
            memory.keep_result(question, recall, made(&told), now).unwrap();
        }
        for offer in memory.offered(question, (0.9, Trust::Outside), now).unwrap() {
            let (earlier, then): (Question, Vec<String>) =
                serde_json::from_str(&offer.made.text).unwrap();
            assert_eq!(offer.question, earlier.text);
            let anew = memory.recall_anew(&earlier, offer.asked).unwrap();
            assert_eq!(said(&anew), then, "{offer:?} for {question:?}");
            self.done.offers += 1;
        }
    }

    fn act(&mut self) {
        if self.below(100) == 0 {
            self.micros += self.below(200) as u64 * 1_000_000;
        } else {
            self.micros += self.below(50_000) as u64;
        }
        let what = self.below(100);
        if what < 75 || self.below(2) == 0 {
            return self.ask();
        }
        if self.below(OPENED_EACH / 8) == 0 {
            return self.open_again();
        }
        let (memory, now) = (&self.memory, self.now());
        let ids = memory.ids();
        let any = |it: &Self| ids[it.below(ids.len())];
        match what {
            75..82 if ids.len() < RECORDS_MAX => {
                let entries: Vec<Entry> = (0..1 + self.below(3)).map(|_| self.entry()).collect();
                memory.remember(&entries, None, now).unwrap();
            }
            _ if ids.len() < 2 => return,
            75..86 => {
                let count = 1 + self.below(3);
                let ids: Vec<MemoryId> = (0..count).map(|_| any(self)).collect();
                memory.forget(&ids, None, now).unwrap();
            }
            86..88 => {
                let related = memory.all_relations().unwrap();
                if related.is_empty() {
                    return;
                }
                let Edge { from, kind, to, .. } = &related[self.below(related.len())];
                memory.unrelate(*from, kind, *to, now).unwrap();
            }
            88..90 => {
                let (from, to) = (any(self), any(self));
                let kind = ["causes", "supersedes"][self.below(2)].to_owned();
                let edge = Edge { from, kind, to, weight: 0.5 };
                // Of two spaces, or in a circle.
                if memory.relate(&edge, None, now).is_err() {
                    return;
                }
            }
            90..92 => memory.pin(any(self), self.below(2) == 0, now).unwrap(),
            92..94 => memory.used(&[any(self)], None, now).unwrap(),
            94..96 => drop(memory.tick(self.below(3) as u64, now).unwrap()),
            _ => {
                let bare = memory.unencoded(2);
                let of = |id: MemoryId| (id, vector(&memory.record(id).unwrap().draft.text));
                let vectors: Vec<_> = bare.into_iter().map(of).collect();
                memory.encode(&vectors, now).unwrap();
            }
        }
        self.done.writes += 1;
    }

    fn open_again(&mut self) {
        self.note_hits();
        let disk = self.disk.clone();
        if self.below(2) == 0 {
            self.memory.keep_index().unwrap();
        }
        // Its folder is free once nobody has it open.
        self.memory = opened(&SimDisk::new(0));
        self.memory = opened(&disk);
        self.done.openings += 1;
    }

    fn note_hits(&mut self) {
        self.done.hits += self.memory.answers().hits;
    }

    fn run(mut self, operations: usize) -> Done {
        (0..operations).for_each(|_| self.act());
        self.note_hits();
        self.done
    }
}

/// With room for some of the answers only.
fn opened(disk: &SimDisk) -> Memory {
    let encoder = Encoder { name: "test 1".to_owned(), dimensions: DIMENSIONS };
    let options = Options { encoder: Some(encoder), answers_bytes: 24 << 10, ..Options::default() };
    Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7))).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_cached_answer_equals_one_that_is_not(seed in any::<u64>()) {
        let done = History::new(seed).run(300);
        prop_assert!(done.hits > 0 && done.hits < done.questions, "{:?}", done);
    }
}

#[test]
fn a_million_operations_and_no_answer_is_stale() {
    if std::env::var_os("VOYAGER_STORM").is_none() {
        println!("skipped: set VOYAGER_STORM=1");
        return;
    }
    // Rows of the audit stay, so a store is used for a while and not for ever.
    let mut all = Done::default();
    for seed in 0..50 {
        let done = History::new(seed).run(20_000);
        all.questions += done.questions;
        all.hits += done.hits;
        all.offers += done.offers;
        all.writes += done.writes;
        all.openings += done.openings;
    }
    println!("1,000,000 operations: {all:?}");
    assert!(all.hits * 10 > all.questions, "the cache was used: {all:?}");
}

#[test]
fn the_same_again_is_answered_at_once_and_a_change_ends_that() {
    let memory = open(&SimDisk::new(1));
    let entry = |space: &str| {
        let mut entry = turn("t", "Ada", "The green door.");
        entry.draft.space = space.to_owned();
        entry
    };
    memory.remember(&[entry("home"), entry("work")], None, now()).unwrap();
    let question = |space: &str| Question {
        text: "green door".to_owned(),
        spaces: vec![space.to_owned()],
        ..Question::default()
    };
    let ask = |space| memory.recall(&question(space), now()).unwrap();
    let first = ask("home");
    assert_eq!(ask("home"), first);
    let Answers { hits, misses, kept, .. } = memory.answers();
    assert_eq!((hits, misses, kept), (1, 1, 1));
    memory.remember(&[entry("work")], None, now()).unwrap();
    let later = ask("home");
    assert_eq!(memory.answers().hits, 2, "what happens elsewhere does not matter");
    assert_eq!((&later.hits, later.commit), (&first.hits, first.commit + 1), "as of now");
    assert_eq!(ask("work").hits.len(), 1, "no other space is told of");
    memory.used(&[MemoryId(0)], None, now()).unwrap();
    ask("home");
    assert_eq!((memory.answers().hits, memory.answers().misses), (2, 3));
}

#[test]
fn what_is_forgotten_leaves_the_cache_with_the_same_commit() {
    let memory = open(&SimDisk::new(1));
    memory.remember(&[draft("The green door.").into()], None, now()).unwrap();
    let question = Question { text: "green door".to_owned(), ..Question::default() };
    memory.recall(&question, now()).unwrap();
    assert_eq!(memory.answers().kept, 1);
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    assert_eq!((memory.answers().kept, memory.answers().bytes), (0, 0));
    assert!(memory.recall(&question, now()).unwrap().hits.is_empty());
}

#[test]
fn what_was_made_of_an_answer_is_offered_until_a_record_is_forgotten() {
    let memory = open(&SimDisk::new(1));
    memory.remember(&[turn("t", "Ada", "The green door.")], None, now()).unwrap();
    let question = |text: &str| Question {
        text: text.to_owned(),
        vector: Some(vector("door")),
        ..Question::default()
    };
    let first = question("which door?");
    let recall = memory.recall(&first, now()).unwrap();
    let keep = || memory.keep_result(&first, &recall, made("a green one"), now()).unwrap();
    assert!(keep());
    let offers = |question: &Question| memory.offered(question, (0.9, Trust::Outside), now());
    let offered = offers(&question("what door is it?")).unwrap();
    let [offered] = &offered[..] else { panic!("{offered:?}") };
    assert_eq!((offered.question.as_str(), &offered.made), ("which door?", &made("a green one")));
    let bare = Question { vector: None, ..question("what door is it?") };
    assert_eq!(offers(&bare), Ok(Vec::new()), "other words alone are never near");
    let same = Question { vector: None, ..question("which door?") };
    assert_eq!(offers(&same).unwrap().len(), 1, "and the same words always");
    let wrong = Question { vector: Some(vec![1.0]), ..bare };
    assert!(offers(&wrong).is_err());
    assert!(offers(&question(&"x".repeat(65_537))).is_err(), "as recall says");
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    assert_eq!(memory.results().kept, 0, "its words left with what was forgotten");
    assert_eq!(offers(&first), Ok(Vec::new()));
    assert!(!keep(), "too late");
}

/// The row of a record is found to be damaged while an answer names it.
#[test]
fn what_is_set_aside_as_damaged_ends_answers() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let entries = ["The green door.", "A green wall."].map(|it| Entry::from(draft(it)));
    memory.remember(&entries, None, now()).unwrap();
    let question = Question { text: "green".to_owned(), ..Question::default() };
    assert_eq!(memory.recall(&question, now()).unwrap().hits.len(), 2);
    let keys = voyager_base::disk::Disk::open(&disk, "keys").unwrap();
    keys.write_at(512, &[7; 32]).unwrap();
    for _ in 0..3 {
        let cached = memory.recall(&question, now()).unwrap();
        assert_eq!(cached.hits.len(), 1);
        assert_eq!(memory.stats().unwrap().damaged, [MemoryId(0)]);
        assert_eq!(
            memory.recall_anew(&question, now()).unwrap().hits,
            memory.recall(&question, now()).unwrap().hits
        );
    }
}
