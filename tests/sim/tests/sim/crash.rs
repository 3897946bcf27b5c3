//! The host dies at every call of the disk, and at every point of a commit and of a program; the run
//! goes on as if nothing had happened.
//!
//! A sample runs always. All of it, and pairs of deaths: `VOYAGER_STORM=1 cargo test -p sim`; of some plans
//! only: `VOYAGER_STORM=retried`.

use sim::{
    guests::Guests,
    manifests::{self, Manifest},
    storm::{Calm, Death, calm, is_storm, survive, takes},
    superseded::Pair,
};
use voyager_base::{
    chance::{Chance, Seeded},
    sim::CrashModel,
};

const SEED: u64 = 20_261_120;

/// Deaths, and pairs of deaths, of each manifest in the sample, and pairs in a storm.
const SAMPLE: usize = 12;
const SAMPLE_PAIRS: usize = 4;
const STORM_PAIRS: usize = 400;
const SAMPLE_SUPERSEDED: usize = 24;

#[test]
fn a_run_survives_the_death_of_its_host_at_any_point() {
    let guests = manifests::guests();
    let (mut points, mut tried) = (0, 0);
    for manifest in manifests::all().into_iter().filter(|it| takes(&it.name)) {
        let calm = calm_as_planned(&manifest, &guests);
        let all = deaths(&calm);
        let chosen = if is_storm() { all.clone() } else { sample(&all, SAMPLE) };
        points += all.len();
        tried += chosen.len();
        println!("{}: {} points of death, {} tried", manifest.name, all.len(), chosen.len());
        for death in chosen {
            must_survive(&manifest, &guests, &calm, &[death]);
        }
    }
    println!("{points} points of death, {tried} tried, seed {SEED}");
}

#[test]
fn a_run_survives_two_deaths() {
    let guests = manifests::guests();
    let chance = Seeded::new(SEED);
    let pairs = if is_storm() { STORM_PAIRS } else { SAMPLE_PAIRS };
    let mut tried = 0;
    for manifest in manifests::all().into_iter().filter(|it| takes(&it.name)) {
        let calm = calm_as_planned(&manifest, &guests);
        let all = deaths(&calm);
        tried += pairs;
        for _ in 0..pairs {
            let draw = || all[usize::try_from(chance.number()).unwrap() % all.len()];
            // The second may never come: then the run has ended before.
            must_survive(&manifest, &guests, &calm, &[draw(), draw()]);
        }
    }
    println!("{tried} pairs of deaths, seed {SEED}");
}

#[test]
fn a_run_that_a_newer_one_ends_survives_the_death_of_its_host_at_any_point() {
    let (guests, pair) = (manifests::guests(), Pair::default());
    let all = pair.deaths(&guests, SEED).unwrap();
    let chosen = if is_storm() { all.clone() } else { sample(&all, SAMPLE_SUPERSEDED) };
    for death in &chosen {
        // Of the lives after it the one begins with the older run, the other with the newer one.
        for seed in [SEED, SEED + 1] {
            let ended = pair.outlive(&guests, &[*death], seed).and_then(|ended| ended.check());
            ended.unwrap_or_else(|problem| panic!("seed {seed}, {death:?}: {problem}"));
        }
    }
    println!("superseded: {} points of death, {} tried twice", all.len(), chosen.len());
}

/// A run without a death, which ends as its manifest says.
fn calm_as_planned(manifest: &Manifest, guests: &Guests) -> Calm {
    let calm = calm(manifest, guests, SEED)
        .unwrap_or_else(|problem| panic!("{}: {problem}", manifest.name));
    let kind = calm.outcome.as_ref().err().map(|failure| failure.error.kind);
    assert_eq!(kind, manifest.fails_with, "{}: {:?}", manifest.name, calm.outcome);
    calm
}

fn must_survive(manifest: &Manifest, guests: &Guests, calm: &Calm, deaths: &[Death]) {
    if let Err(problem) = survive(manifest, guests, calm, deaths, SEED) {
        panic!("{}, seed {SEED}, {deaths:?}: {problem}", manifest.name);
    }
}

fn deaths(calm: &Calm) -> Vec<Death> {
    let models = 0..CrashModel::ALL.len();
    (0..calm.points())
        .flat_map(|at| models.clone().map(move |model| calm.death(at, model)))
        .collect()
}

fn sample(all: &[Death], count: usize) -> Vec<Death> {
    let chance = Seeded::new(SEED);
    (0..count).map(|_| all[(chance.number() % all.len() as u64) as usize]).collect()
}
