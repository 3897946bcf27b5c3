//! The host dies at every call of the disk, and at every point of a commit and of a program; the run
//! goes on as if nothing had happened.
//!
//! A sample runs always. All of it, and pairs of deaths: `VOYAGER_STORM=1 cargo test -p sim`.

use sim::{
    manifests::{self, Manifest},
    storm::{Calm, Death, Point, calm, survive},
};
use voyager_base::{
    chance::{Chance, Seeded},
    sim::CrashModel,
};

const SEED: u64 = 20_261_120;

/// Deaths of each manifest in the sample.
const SAMPLE: usize = 40;

#[test]
fn a_run_survives_the_death_of_its_host_at_any_point() {
    let guests = manifests::guests();
    for manifest in manifests::all() {
        let calm = calm(&manifest, &guests, SEED).unwrap();
        assert!(calm.outcome.is_ok(), "{}: {:?}", manifest.name, calm.outcome);
        let all = deaths(&calm);
        let chosen = if is_storm() { all.clone() } else { sample(&all, SAMPLE) };
        println!(
            "{}: {} points of death, {} tried, seed {SEED}",
            manifest.name,
            all.len(),
            chosen.len()
        );
        for death in chosen {
            must_survive(&manifest, &guests, &calm, &[death]);
        }
    }
}

#[test]
fn a_run_survives_two_deaths() {
    let guests = manifests::guests();
    let chance = Seeded::new(SEED);
    let pairs = if is_storm() { 2_000 } else { 10 };
    for manifest in manifests::all() {
        let calm = calm(&manifest, &guests, SEED).unwrap();
        assert!(calm.outcome.is_ok(), "{}: {:?}", manifest.name, calm.outcome);
        let all = deaths(&calm);
        println!("{}: {pairs} pairs of deaths, seed {SEED}", manifest.name);
        for _ in 0..pairs {
            let draw = || all[usize::try_from(chance.number()).unwrap() % all.len()];
            // The second may never come: then the run has ended before.
            must_survive(&manifest, &guests, &calm, &[draw(), draw()]);
        }
    }
}

fn must_survive(manifest: &Manifest, guests: &sim::guests::Guests, calm: &Calm, deaths: &[Death]) {
    if let Err(problem) = survive(manifest, guests, calm, deaths, SEED) {
        panic!("{}, seed {SEED}, {deaths:?}: {problem}", manifest.name);
    }
}

fn deaths(calm: &Calm) -> Vec<Death> {
    let disk = (1..=calm.disk_calls).map(Point::Disk);
    let machine = (1..=calm.machine_points).map(Point::Machine);
    disk.chain(machine)
        .flat_map(|point| CrashModel::ALL.map(|model| Death { point, model }))
        .collect()
}

fn sample(all: &[Death], count: usize) -> Vec<Death> {
    let chance = Seeded::new(SEED);
    (0..count).map(|_| all[(chance.number() % all.len() as u64) as usize]).collect()
}

#[expect(clippy::disallowed_methods, reason = "a storm is asked for from outside")]
fn is_storm() -> bool {
    std::env::var("VOYAGER_STORM").is_ok()
}
