//! Two runs with one key, of which the newer ends the older one, while their host dies at chosen points.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join;
use voyager_agent::{DriveError, Outcome, RunView, StartError, World};
use voyager_base::{
    ErrorKind, RunId,
    record::Entry,
    sim::{CrashModel, SimDisk},
};
use voyager_manifest::plan::Plan;

use crate::{
    guests::Guests,
    host::{Host, request, secrets},
    machine::Machine,
    plan::checked,
    storm::{Death, Point, arm, check_replay, no_effect_twice, nothing_is_lost},
};

/// The plans of both.
pub struct Pair {
    older: Plan,
    newer: Plan,
}

/// How two runs ended, and what they left.
#[derive(Debug)]
pub struct Ended {
    older: Older,
    newer: Outcome,
    files: BTreeMap<String, String>,
    starts: BTreeMap<Vec<String>, u32>,
    /// Calls of the disk, and points of commits and programs, in the last life.
    points: (u64, u64),
    /// Whether the host died.
    is_calm: bool,
}

/// How the older run ended, and what its journal tells.
type Older = (Outcome, RunView);

const FILES: [(&str, &str); 4] =
    [("a.txt", "one"), ("older.txt", ""), ("newer.txt", ""), ("key.txt", "")];

/// The older run does two things that have to be taken back, one of them on the outside, and then has an hour
/// to go.
const OLDER: &str = "\
concurrency: { key: { from: inputs.repo }, cancel-in-progress: true }
steps:
  - id: one
    use: guests/note
    with: { p0: older.txt, p1: one }
    compensate: { use: guests/note, with: { p0: older.txt, p1: no one } }
  - id: made
    use: guests/make
    with: { p0: build }
    compensate: { use: guests/make, with: { p0: clean } }
  - { id: rest, sleep: 1h }
  - { id: two, use: guests/note, with: { p0: older.txt, p1: never } }
finally:
  - { id: last, use: guests/note, with: { p0: older.txt, p1: last } }
";

/// It takes long enough that an older one that is gone on with beside it finds it there.
const NEWER: &str = "\
concurrency: { key: { from: inputs.repo }, cancel-in-progress: true }
steps:
  - { id: one, use: guests/note, with: { p0: newer.txt, p1: one } }
  - { id: rest, sleep: 1s }
  - { id: two, use: guests/note, with: { p0: newer.txt, p1: two } }
";

impl Default for Pair {
    fn default() -> Self {
        let named = |body, name: &str| Plan { name: name.to_owned(), ..checked(body) };
        Self { older: named(OLDER, "older"), newer: named(NEWER, "newer") }
    }
}

impl Pair {
    /// Every death of a host that runs the pair.
    ///
    /// # Errors
    /// What is wrong with the pair where nothing dies.
    pub fn deaths(&self, guests: &Guests, seed: u64) -> Result<Vec<Death>, String> {
        let calm = self.outlive(guests, &[], seed)?;
        calm.check()?;
        let (disk, machine) = calm.points;
        let points = (1..=disk).map(Point::Disk).chain((1..=machine).map(Point::Machine));
        let death = |point| CrashModel::ALL.map(|model| Death { point, model });
        Ok(points.flat_map(death).collect())
    }

    /// Begins both runs, the newer one a second and a half after the older one, and lets their host die at
    /// `deaths`; each time both are gone on with, or begun where nobody was told that they had. In every life what was
    /// acknowledged is there.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn outlive(&self, guests: &Guests, deaths: &[Death], seed: u64) -> Result<Ended, String> {
        let machine = Machine::with_files(FILES);
        let mut disk = SimDisk::new(seed);
        let mut acknowledged = BTreeMap::new();
        for life in 0.. {
            let death = deaths.get(life);
            arm(&disk, &machine, death);
            let of_life = seed + life as u64;
            if let Some((older, newer)) =
                self.live(guests, &disk, &machine, &mut acknowledged, of_life)?
            {
                no_effect_twice(&machine)?;
                let points = (disk.calls(), machine.points());
                let (files, starts) = (machine.files(), machine.starts());
                return Ok(Ended { older, newer, files, starts, points, is_calm: life == 0 });
            }
            let Some(death) = death else { return Err("the host died unplanned".to_owned()) };
            disk = disk.after_crash(death.model, of_life);
            machine.restart();
        }
        unreachable!("lives are counted without an end")
    }

    /// One life of a host. How both ended, where they did in this life.
    fn live(
        &self,
        guests: &Guests,
        disk: &SimDisk,
        machine: &Machine,
        acknowledged: &mut BTreeMap<RunId, Vec<Entry>>,
        seed: u64,
    ) -> Result<Option<(Older, Outcome)>, String> {
        let Some(host) = Host::start(disk, machine, guests, seed) else { return Ok(None) };
        if !nothing_is_lost(&host, disk, acknowledged)? {
            return Ok(None);
        }
        let mut known = BTreeMap::new();
        for run in acknowledged.keys() {
            match view(&host, *run) {
                Err(_) if disk.is_down() => return Ok(None),
                seen => drop(known.insert(seen?.name, *run)),
            }
        }
        let (older, newer) = (known.get("older").copied(), known.get("newer").copied());
        // Where both are known, either may be gone on with first.
        let (mut of_older, mut of_newer) = (Duration::ZERO, Duration::from_millis(1_500));
        if newer.is_some() {
            let first = Duration::from_millis(1);
            (of_older, of_newer) = if seed.is_multiple_of(2) {
                (Duration::ZERO, first)
            } else {
                (first, Duration::ZERO)
            };
        }
        let older = lived(&host.world, &self.older, older, of_older);
        let newer = lived(&host.world, &self.newer, newer, of_newer);
        let lives = host.block_on(join(older, newer));
        acknowledged.extend(host.store.acknowledged());
        let Some((Some((run, older)), Some((_, newer)))) = lives else { return Ok(None) };
        if disk.is_down() || machine.is_dead() {
            // The ends were acknowledged, and still must be there in the next life.
            return Ok(None);
        }
        // It outlived the death that was planned, and is read now.
        disk.crash_at(u64::MAX);
        check_replay(&host)?;
        Ok(Some(((older, view(&host, run)?), newer)))
    }
}

impl Ended {
    /// The newer run did all that it does, once; the older one did nothing any more, and took back once what it
    /// had done.
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn check(&self) -> Result<(), String> {
        if self.newer.is_err() || self.files["newer.txt"] != "one\ntwo\n" {
            return Err(format!("the newer run: {:?}, {:?}", self.newer, self.files));
        }
        let (outcome, view) = &self.older;
        let failure = outcome.as_ref().err().ok_or("the older run ended well")?;
        let unknown = view.tasks.iter().filter(|task| {
            task.error.as_ref().is_some_and(|error| error.kind == ErrorKind::UnknownEffect)
        });
        let is_unknown = unknown.count() != 0;
        let is_superseded = failure.error.kind == ErrorKind::Cancelled
            && failure.error.message.contains("a newer run has the same key");
        let is_in_doubt = is_unknown && failure.error.kind == ErrorKind::UnknownEffect;
        if !is_superseded && !is_in_doubt {
            return Err(format!("the older run failed otherwise: {failure}"));
        }
        let done = self.files["older.txt"].as_str();
        // The death may have come before it did anything; nothing else is less than in a life without one.
        if done != "one\nno one\nlast\n" && (self.is_calm || done != "last\n") {
            return Err(format!("the older run did {done:?}"));
        }
        let starts = |name: &str| {
            let of = |number: &str| self.starts.get(&vec![name.to_owned(), number.to_owned()]);
            of("second").copied().unwrap_or_default()
        };
        let (built, cleaned) = (starts("build"), starts("clean"));
        if 1 < cleaned || (!is_unknown && built != cleaned) || (self.is_calm && built != 1) {
            return Err(format!("it built {built} times, and took that back {cleaned} times"));
        }
        Ok(())
    }
}

fn view(host: &Host, run: RunId) -> Result<RunView, String> {
    let view = voyager_agent::inspect(&*host.world.journal, &*host.world.content, run);
    view.map_err(|error| error.to_string())
}

/// Begins a run, or goes on with it, after some time. None where its host died meanwhile.
fn lived(
    world: &Arc<World>,
    plan: &Plan,
    known: Option<RunId>,
    after: Duration,
) -> impl Future<Output = Option<(RunId, Outcome)>> + Send + use<> {
    let (world, request) = (Arc::clone(world), request(plan));
    async move {
        world.clock.wait_until(world.clock.now().after(after)).await;
        let begun: Result<_, StartError> = match known {
            Some(run) => voyager_agent::resume(&world, run, secrets()).await,
            None => voyager_agent::start(&world, request).await,
        };
        let live = begun.ok()?;
        let outcome: Result<Outcome, DriveError> = live.outcome.await;
        Some((live.id, outcome.ok()?))
    }
}
