//! Lets the host die at a chosen point of a run, starts it again, and checks what must hold.

use std::collections::BTreeMap;

use voyager_agent::{Outcome, RunView};
use voyager_base::{
    ErrorKind, RunId,
    record::{Entry, Journal},
    sim::{CrashModel, SimDisk},
};

use crate::{
    guests::Guests,
    host::{Host, Life, SECRET, request},
    machine::Machine,
    manifests::Manifest,
};

/// Where the host dies.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    /// At this call of the disk below the journal, from 1.
    Disk(u64),
    /// At this point of a commit or a program, from 1.
    Machine(u64),
}

/// A planned death.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// Where.
    pub point: Point,
    /// What the disk keeps of what was not synced.
    pub model: CrashModel,
}

/// What a run without a death comes to.
pub struct Calm {
    /// How it ends.
    pub outcome: Outcome,
    /// The files afterwards.
    pub files: BTreeMap<String, String>,
    /// Calls of the disk until its end.
    pub disk_calls: u64,
    /// Points of commits and programs.
    pub machine_points: u64,
}

impl Calm {
    /// Points at which its host could die.
    pub fn points(&self) -> usize {
        usize::try_from(self.disk_calls + self.machine_points).unwrap_or(usize::MAX)
    }

    /// The death at point number `at`, from 0, with one of the models of a disk.
    pub fn death(&self, at: usize, model: usize) -> Death {
        let at = at as u64 + 1;
        let point = match at.checked_sub(self.disk_calls) {
            None | Some(0) => Point::Disk(at),
            Some(point) => Point::Machine(point),
        };
        Death { point, model: CrashModel::ALL[model] }
    }
}

/// Whether the long form of a suite is asked for.
#[expect(clippy::disallowed_methods, reason = "a storm is asked for from outside")]
pub fn is_storm() -> bool {
    std::env::var("VOYAGER_STORM").is_ok()
}

/// What a run begins on: a disk and a machine, and the run that failed before where it is retried.
struct Ground {
    disk: SimDisk,
    machine: Machine,
    earlier: Option<RunId>,
}

impl Ground {
    /// Where the manifest is retried, its first run has failed here, and somebody has mended what it failed by.
    fn of(manifest: &Manifest, guests: &Guests, seed: u64) -> Result<Self, String> {
        let (disk, machine) = (SimDisk::new(seed), manifest.machine());
        let Some(file) = &manifest.mended_by else {
            return Ok(Self { disk, machine, earlier: None });
        };
        // Not the seed of a life after this one: runs draw their ids from it.
        let host = Host::start(&disk, &machine, guests, !seed).ok_or("the host does not start")?;
        let Life::Ended(Err(_)) = host.run(&manifest.plan) else {
            return Err(format!("it does not fail without {file}"));
        };
        let earlier = host.only_run();
        drop(host);
        machine.set_file(file, Some(b"mended".to_vec()));
        machine.restart();
        Ok(Self { disk: disk.after_crash(CrashModel::Clean, 0), machine, earlier })
    }

    fn begin(&self, host: &Host, manifest: &Manifest) -> Life {
        match self.earlier {
            None => host.run(&manifest.plan),
            Some(earlier) => host.fork(earlier, None, request(&manifest.plan)),
        }
    }

    /// The run, among those that were acknowledged.
    fn run(&self, acknowledged: &BTreeMap<RunId, Vec<Entry>>) -> Option<RunId> {
        acknowledged.keys().copied().find(|run| Some(*run) != self.earlier)
    }
}

/// Whether a suite takes a plan of this name: a storm may be over those alone whose names begin with what it
/// is called.
#[expect(clippy::disallowed_methods, reason = "a storm is asked for from outside")]
pub fn takes(name: &str) -> bool {
    std::env::var("VOYAGER_STORM").map_or(true, |storm| storm == "1" || name.starts_with(&storm))
}

/// Runs `manifest` without a death.
///
/// # Errors
/// What went wrong, in words.
pub fn calm(manifest: &Manifest, guests: &Guests, seed: u64) -> Result<Calm, String> {
    let ground = Ground::of(manifest, guests, seed)?;
    let Ground { disk, machine, .. } = &ground;
    let host = Host::start(disk, machine, guests, seed).ok_or("the host does not start")?;
    let Life::Ended(outcome) = ground.begin(&host, manifest) else {
        return Err(format!("the run does not end: {:?}", host.log.lines()));
    };
    let disk_calls = disk.calls();
    check_replay(&host)?;
    let (files, machine_points) = (machine.files(), machine.points());
    Ok(Calm { outcome, files, disk_calls, machine_points })
}

/// Runs `manifest`, lets the host die at each of `deaths` in turn, and checks what must hold at the
/// end: the same outputs and files as without, no acknowledged record lost, no effect repeated, nothing
/// half committed.
///
/// # Errors
/// What does not hold, in words.
pub fn survive(
    manifest: &Manifest,
    guests: &Guests,
    calm: &Calm,
    deaths: &[Death],
    seed: u64,
) -> Result<(), String> {
    let survived = outlive(manifest, guests, deaths, seed)?;
    check(manifest, calm, &survived)
}

/// A run that its host did not live to see the end of.
pub struct Survived {
    /// How it ended in the end.
    pub outcome: Outcome,
    /// What its journal tells.
    pub view: RunView,
    /// The machine afterwards.
    pub machine: Machine,
}

impl Survived {
    /// Whether a task learned that nobody knows whether its effect happened.
    pub fn has_unknown_effect(&self) -> bool {
        let errors = self.view.tasks.iter().filter_map(|task| task.error.as_ref());
        errors.into_iter().any(|error| error.kind == ErrorKind::UnknownEffect)
    }
}

/// Runs `manifest` through the `deaths` of its host to its end. In every life what was acknowledged is
/// there; at the end the run replays, and no effect on the outside was done twice.
///
/// # Errors
/// What does not hold, in words.
pub fn outlive(
    manifest: &Manifest,
    guests: &Guests,
    deaths: &[Death],
    seed: u64,
) -> Result<Survived, String> {
    let mut ground = Ground::of(manifest, guests, seed)?;
    let mut acknowledged: BTreeMap<RunId, Vec<Entry>> = BTreeMap::new();
    let mut lives = 0;
    loop {
        let death = deaths.get(lives);
        arm(&ground.disk, &ground.machine, death);
        lives += 1;
        let ended = live(manifest, guests, &ground, &mut acknowledged, seed + lives as u64)?;
        // Packed records show nothing to who looks at the disk.
        let mut entries = acknowledged.values().flatten();
        let is_told = entries.any(|it| has(&it.payload, SECRET.as_bytes()));
        if !manifest.plan.secrets.is_empty() && (is_told || ground.disk.holds(SECRET.as_bytes())) {
            return Err("the journal holds the secret".to_owned());
        }
        if let Some((outcome, view)) = ended {
            let machine = ground.machine;
            no_effect_twice(&machine)?;
            return Ok(Survived { outcome, view, machine });
        }
        let Some(death) = death else { return Err("the host died unplanned".to_owned()) };
        ground.disk = ground.disk.after_crash(death.model, lives as u64);
        ground.machine.restart();
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|it| it == part)
}

/// Has the host die where it is planned.
pub(crate) fn arm(disk: &SimDisk, machine: &Machine, death: Option<&Death>) {
    match death.map(|death| death.point) {
        Some(Point::Disk(call)) => disk.crash_at(call),
        Some(Point::Machine(point)) => machine.crash_at(point),
        None => {}
    }
}

/// One life of a host. How the run ended, where it did in this life.
fn live(
    manifest: &Manifest,
    guests: &Guests,
    ground: &Ground,
    acknowledged: &mut BTreeMap<RunId, Vec<Entry>>,
    seed: u64,
) -> Result<Option<(Outcome, RunView)>, String> {
    let Ground { disk, machine, .. } = ground;
    let Some(host) = Host::start(disk, machine, guests, seed) else { return Ok(None) };
    if !nothing_is_lost(&host, disk, acknowledged)? {
        return Ok(None);
    }
    let life = match ground.run(acknowledged) {
        Some(run) => host.resume(run),
        None => ground.begin(&host, manifest),
    };
    acknowledged.extend(host.store.acknowledged());
    match life {
        Life::Ended(outcome) if !disk.is_down() && !machine.is_dead() => {
            // It outlived the death that was planned, and is read now.
            disk.crash_at(u64::MAX);
            check_replay(&host)?;
            // Beside it there may be runs that nobody was told of.
            let run = ground.run(acknowledged).ok_or("a run ended unacknowledged")?;
            let view = voyager_agent::inspect(&*host.world.journal, &*host.world.content, run);
            Ok(Some((outcome, view.map_err(|error| error.to_string())?)))
        }
        // The end was acknowledged, and still must be there in the next life.
        Life::Ended(_) | Life::Died => Ok(None),
    }
}

/// Whether what was acknowledged in earlier lives could be read: not where the host dies meanwhile. What is read is all
/// of it.
pub(crate) fn nothing_is_lost(
    host: &Host,
    disk: &SimDisk,
    acknowledged: &BTreeMap<RunId, Vec<Entry>>,
) -> Result<bool, String> {
    for (run, entries) in acknowledged {
        let kept = match host.store.read(*run, 0, usize::MAX) {
            Err(_) if disk.is_down() => return Ok(false),
            kept => kept.map_err(|error| error.to_string())?,
        };
        if !kept.starts_with(entries) {
            let (kept, entries) = (kept.len(), entries.len());
            return Err(format!("{kept} records of {entries} acknowledged ones are left"));
        }
    }
    Ok(true)
}

/// No effect on the outside was done twice.
pub(crate) fn no_effect_twice(machine: &Machine) -> Result<(), String> {
    match machine.programs().iter().find(|(_, count)| **count > 1) {
        Some((key, count)) => Err(format!("the effect {key} was done {count} times")),
        None => Ok(()),
    }
}

/// Every run of a host replays to the same chain, and its guests do the same again.
pub(crate) fn check_replay(host: &Host) -> Result<(), String> {
    let world = std::sync::Arc::clone(&host.world);
    for run in world.journal.runs().map_err(|error| error.to_string())? {
        voyager_agent::replay(&*world.journal, &*world.content, run)
            .map_err(|error| format!("replay: {error}"))?;
        let world = std::sync::Arc::clone(&world);
        let verified = host
            .block_on(async move { voyager_agent::replay_verify(&world, run).await })
            .ok_or("the host died while it verified")?;
        let verified = verified.map_err(|error| format!("verify: {error}"))?;
        if let Some(difference) = verified.difference {
            return Err(format!("verify: {difference}"));
        }
    }
    Ok(())
}

fn check(manifest: &Manifest, calm: &Calm, survived: &Survived) -> Result<(), String> {
    let machine = &survived.machine;
    match &survived.outcome {
        ended if *ended == calm.outcome => {
            let files = machine.files();
            if files != calm.files {
                return Err(format!("the files are {files:?}, and should be {:?}", calm.files));
            }
            Ok(())
        }
        Ok(outputs) => Err(format!("the outputs are {outputs:?}")),
        Err(failure)
            if manifest.may_be_unknown && failure.error.kind == ErrorKind::UnknownEffect =>
        {
            // Nothing of the failed step may have become real.
            let before: BTreeMap<String, String> = manifest.machine().files();
            if machine.files() != before {
                return Err("a failed step changed files".to_owned());
            }
            Ok(())
        }
        Err(failure) => Err(format!("the run failed: {failure}")),
    }
}
