//! Random manifests of blocks within blocks, from text to end: they run, replay to the same chain, and
//! survive the death of their host at random points with the same outcome and the same files.
//!
//! What a manifest does must not depend on time: steps beside each other write files of their own, and
//! those that may be left behind write nothing.
//!
//! Some always, always the same ones. Many: `cargo xtask storm`.

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{RngSeed, TestRunner},
};
use sim::{
    manifests::{self, Manifest},
    plan::checked,
    storm::{Death, calm, is_storm, outlive, survive},
};
use voyager_base::sim::CrashModel;

const SEED: u64 = 20_261_127;

/// Manifests that are always tried, and of a storm.
const CASES: u32 = 100;
const STORM_CASES: u32 = 4_000;

/// Blocks within blocks.
const DEPTH_MAX: u32 = 3;

#[test]
fn random_blocks_survive_the_storm() {
    let cases = if is_storm() { STORM_CASES } else { CASES };
    println!("{cases} random manifests, seed {SEED}");
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    let tape = prop::collection::vec(any::<u8>(), 0..120);
    let deaths = prop::collection::vec((any::<Index>(), 0..CrashModel::ALL.len()), 1..3);
    let outcome = TestRunner::new(config).run(&(tape, deaths), |(tape, deaths)| {
        let text = Writer::new(&tape).manifest();
        survives(&text, &deaths)
            .map_err(|problem| TestCaseError::fail(format!("{problem}\n{text}")))
    });
    if let Err(failure) = outcome {
        panic!("seed {SEED}: {failure}");
    }
}

fn survives(text: &str, deaths: &[(Index, usize)]) -> Result<(), String> {
    let mut manifest = Manifest {
        name: "random".to_owned(),
        plan: checked(text),
        files: vec![("a.txt", "old one"), ("b.txt", "two old"), ("log.txt", "")],
        fails_with: None,
        may_be_unknown: false,
        mended_by: None,
    };
    let guests = manifests::guests();
    let calm = calm(&manifest, &guests, SEED)?;
    manifest.fails_with = calm.outcome.as_ref().err().map(|failure| failure.error.kind);
    let deaths: Vec<Death> =
        deaths.iter().map(|(at, model)| calm.death(at.index(calm.points()), *model)).collect();
    let told = |problem: String| format!("{deaths:?}: {problem}");
    if text.contains("guests/make") {
        // A program of which nobody knows whether it ran fails its step, and what follows differs.
        let survived = outlive(&manifest, &guests, &deaths, SEED).map_err(told)?;
        if survived.has_unknown_effect() {
            return Ok(());
        }
    }
    survive(&manifest, &guests, &calm, &deaths, SEED).map_err(told)
}

/// What the steps of a list may do.
#[derive(Clone, Copy, PartialEq)]
enum Freedom {
    /// Everything: one comes after the other.
    All,
    /// Nothing that depends on who is first: no failures, and no file that another one writes.
    Beside,
    /// Nothing that is seen afterwards.
    Pure,
}

/// Writes a manifest as a tape of bytes says; where the tape ends, always the first choice is taken.
struct Writer<'a> {
    tape: std::slice::Iter<'a, u8>,
    steps: u32,
}

impl<'a> Writer<'a> {
    fn new(tape: &'a [u8]) -> Self {
        Self { tape: tape.iter(), steps: 0 }
    }

    /// A number below `below`.
    fn choice(&mut self, below: u8) -> u8 {
        self.tape.next().map_or(0, |byte| byte % below)
    }

    fn manifest(mut self) -> String {
        let steps = self.list(Freedom::All, 0);
        let last =
            if self.choice(3) == 1 { self.list(Freedom::All, DEPTH_MAX) } else { Vec::new() };
        let finally =
            if last.is_empty() { String::new() } else { format!("finally:\n{}", lines(&last)) };
        format!(
            "steps:\n{}  - {{ id: count, use: guests/count }}\n{finally}outputs:\n  count: {{ from: steps.count }}\n",
            lines(&steps)
        )
    }

    fn list(&mut self, freedom: Freedom, depth: u32) -> Vec<String> {
        (0..=self.choice(3)).map(|_| self.step(freedom, depth)).collect()
    }

    fn step(&mut self, freedom: Freedom, depth: u32) -> String {
        self.steps += 1;
        let id = format!("s{}", self.steps);
        if depth < DEPTH_MAX && self.choice(3) == 1 {
            return self.block(&id, freedom, depth);
        }
        match self.choice(5) {
            1 => format!("{{ id: {id}, sleep: {}s }}", self.choice(4) + 1),
            _ => self.call(&id, freedom),
        }
    }

    fn call(&mut self, id: &str, freedom: Freedom) -> String {
        let (used, changes) = match (self.choice(7), freedom) {
            (1 | 2, Freedom::All) => (format!("use: guests/append, with: {{ p0: {id} }}"), true),
            (3, Freedom::All) => {
                ("use: guests/rename, with: { p0: old, p1: new }".to_owned(), true)
            }
            (4, Freedom::All) => ("use: guests/shout, with: { p0: nowhere.txt }".to_owned(), false),
            (5, Freedom::All) => (format!("use: guests/make, with: {{ p0: {id} }}"), true),
            (6, Freedom::All | Freedom::Beside) => {
                ("use: guests/copy, with: { p0: b.txt }".to_owned(), true)
            }
            _ => (format!("use: guests/upper, with: {{ p0: {id} }}"), false),
        };
        let mut more = self.failures(freedom);
        if freedom == Freedom::All && self.choice(4) == 1 {
            more += &format!(", compensate: {{ use: guests/append, with: {{ p0: no {id} }} }}");
        }
        if changes && self.choice(6) == 1 {
            more += ", changes: discard";
        }
        if !changes && self.choice(4) == 1 {
            more += ", for-each: { in: \"['x', 'y', 'z']\", parallel: 2 }";
        }
        format!("{{ id: {id}, {used}{more} }}")
    }

    fn block(&mut self, id: &str, freedom: Freedom, depth: u32) -> String {
        let depth = depth + 1;
        let (form, inside) = match self.choice(8) {
            1 => ("parallel: all, ", freedom.least(Freedom::Beside)),
            2 => ("parallel: any, ", Freedom::Pure),
            3 => ("parallel: race, ", Freedom::Pure),
            4 => return self.switch(id, freedom, depth),
            _ => ("", freedom),
        };
        let steps = self.list(inside, depth).join(", ");
        let mut more = self.failures(freedom);
        if form.is_empty() {
            more += &self.rounds(inside);
        }
        if freedom == Freedom::All && self.choice(5) == 1 {
            more += &format!(", finally: [ {} ]", self.list(freedom, DEPTH_MAX).join(", "));
        }
        if freedom == Freedom::All && self.choice(5) == 1 {
            more += &format!(", compensate: {{ use: guests/append, with: {{ p0: no {id} }} }}");
        }
        format!("{{ id: {id}, {form}steps: [ {steps} ]{more} }}")
    }

    /// How often a block whose steps come one after the other runs, and with which changes.
    fn rounds(&mut self, inside: Freedom) -> String {
        match self.choice(6) {
            1 => format!(", repeat: {{ max: {} }}", self.choice(3) + 1),
            2 => ", for-each: { in: \"['x', 'y']\", parallel: 1 }".to_owned(),
            3 if inside == Freedom::All => ", transaction: { workspace: inputs.repo }".to_owned(),
            4 if inside == Freedom::All => ", timeout: 5s".to_owned(),
            _ => String::new(),
        }
    }

    fn switch(&mut self, id: &str, freedom: Freedom, depth: u32) -> String {
        let mut cases = self.list(freedom, depth);
        let last = cases.len() - 1;
        for case in &mut cases[..last] {
            let holds = if self.choice(2) == 1 { "1 < 2" } else { "1 > 2" };
            *case = case.replacen("{ ", &format!("{{ when: \"{holds}\", "), 1);
        }
        format!("{{ id: {id}, switch: [ {} ] }}", cases.join(", "))
    }

    /// What becomes of a failure.
    fn failures(&mut self, freedom: Freedom) -> String {
        let mut more = String::new();
        if freedom == Freedom::All && self.choice(3) > 0 {
            more += ", on-error: { any: continue }";
        }
        if freedom == Freedom::All && self.choice(4) == 1 {
            more += ", retry: { attempts: 2, wait: 10ms, on: [not-found] }";
        }
        more
    }
}

impl Freedom {
    /// The lesser of two.
    fn least(self, other: Self) -> Self {
        if self == Self::All { other } else { self }
    }
}

fn lines(steps: &[String]) -> String {
    steps.iter().map(|step| format!("  - {step}\n")).collect()
}
