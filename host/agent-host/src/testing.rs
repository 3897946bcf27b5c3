//! Scenarios: found, loaded, played in parallel, reported.
//!
//! Each is played on one thread, in a fresh workspace, with the sandbox that all share; as many at a time
//! as there are cores. What a scenario means is not decided here: see [`voyager_manifest::scenario`] and
//! [`voyager_agent::scenario`].

mod load;
mod machine;
mod minimize;
mod report;
mod scripted;

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
    process::{Pid, test_kill_process},
};
use voyager_agent::scenario::Difference;

pub(crate) use self::{
    load::{Case, Loader, beside, find, plan_of},
    machine::{Desk, Shared},
    minimize::{Minimized, Minimizer, Size},
    report::{Report, Style},
    scripted::{Scripted, ScriptedAnswer},
};
use crate::failure::Failure;

/// How scenarios are played.
pub(crate) struct Options {
    /// How often each.
    pub(crate) repeat: u32,
    /// Which part of its repetitions has to pass.
    pub(crate) pass_rate: f64,
    /// How many at a time.
    pub(crate) jobs: usize,
}

/// How one repetition of a scenario ended.
pub(crate) enum Verdict {
    /// As expected.
    Passed,
    /// Otherwise.
    Differs(Vec<Difference>),
    /// It has no end.
    Stuck(String),
}

/// How all repetitions of a scenario ended.
pub(crate) struct Tested {
    /// The scenario.
    pub(crate) case: Arc<Case>,
    /// Repetitions that ended.
    pub(crate) runs: u32,
    /// Those that ended as expected.
    pub(crate) passed: u32,
    /// Time of the machine that all of them took.
    pub(crate) took: Duration,
    /// The first one that did not.
    pub(crate) failure: Option<Verdict>,
    /// Whether enough of them passed.
    pub(crate) good: bool,
}

/// Plays all cases; `tell` hears of each that has ended. Gives back what became of them in their order;
/// none for those that were not reached before `given_up` turned true.
pub(crate) fn play(
    shared: &Arc<Shared>,
    cases: &[Arc<Case>],
    options: &Options,
    given_up: &AtomicBool,
    tell: &(dyn Fn(&Tested) + Sync),
) -> Result<Vec<Option<Tested>>, Failure> {
    let next = AtomicUsize::new(0);
    let ended: Mutex<Vec<Option<Tested>>> = Mutex::new(cases.iter().map(|_| None).collect());
    let broken: Mutex<Option<Failure>> = Mutex::default();
    let stop = || given_up.load(Ordering::SeqCst) || lock(&broken).is_some();
    let work = || {
        let _runtime = shared.runtime.enter();
        while !stop() {
            let at = next.fetch_add(1, Ordering::SeqCst);
            let Some(case) = cases.get(at) else { return };
            match test(shared, case, at, options, &stop) {
                Ok(Some(tested)) => {
                    tell(&tested);
                    lock(&ended)[at] = Some(tested);
                }
                Ok(None) => return,
                Err(failure) => {
                    lock(&broken).get_or_insert(failure);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..options.jobs.clamp(1, cases.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    match broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(failure) => Err(failure),
        None => Ok(ended.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

/// Plays one case as often as is asked; none where it is given up before.
fn test(
    shared: &Arc<Shared>,
    case: &Arc<Case>,
    number: usize,
    options: &Options,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Tested>, Failure> {
    let began = shared.clock.now();
    let (mut passed, mut failure) = (0, None);
    for _ in 0..options.repeat {
        let desk = Desk::new(shared, case, number)?;
        let verdict = desk.play(stop)?;
        desk.clear();
        match verdict {
            None => return Ok(None),
            Some(Verdict::Passed) => passed += 1,
            Some(other) => drop(failure.get_or_insert(other)),
        }
    }
    let rate = f64::from(passed) / f64::from(options.repeat.max(1));
    Ok(Some(Tested {
        case: Arc::clone(case),
        runs: options.repeat,
        passed,
        took: shared.clock.now().since(began),
        good: options.pass_rate <= rate,
        failure,
    }))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Name of a folder of workspaces, before the number of its process.
const WORKSPACES: &str = "voyager-scenarios-";

/// Makes the folder in which the workspaces of this process lie: in memory where the machine has a place
/// for that, since their syncs would cost more than everything else. What processes left there that were
/// killed is removed. It is in use as long as the file is open.
pub(crate) fn workspaces(state: &Path) -> io::Result<(PathBuf, File)> {
    let memory = PathBuf::from("/dev/shm");
    let in_memory =
        memory.is_dir() && rustix::fs::access(&memory, rustix::fs::Access::WRITE_OK).is_ok();
    let parent = if in_memory { memory } else { state.join("scenarios") };
    fs::create_dir_all(&parent)?;
    remove_left_behind(&parent);
    let folder = parent.join(format!("{WORKSPACES}{}", std::process::id()));
    // Never one that somebody else made: others may write into the parent.
    DirBuilder::new().mode(0o700).create(&folder)?;
    let in_use = File::open(&folder)?;
    flock(&in_use, FlockOperation::NonBlockingLockShared)?;
    // Links resolved, since granted folders are known by their real paths.
    Ok((folder.canonicalize()?, in_use))
}

/// Removes this user's folders whose processes are gone. That one can't be removed matters to nobody.
fn remove_left_behind(parent: &Path) {
    let own = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(WORKSPACES)?.parse().ok());
        let Some(process) = number.and_then(Pid::from_raw) else { continue };
        let is_own = entry.metadata().is_ok_and(|it| it.is_dir() && it.uid() == own);
        // A process of another container, which shares the folder, is not seen; its lock is.
        let is_gone = || {
            let folder = File::open(entry.path());
            test_kill_process(process) == Err(Errno::SRCH)
                && folder
                    .is_ok_and(|it| flock(&it, FlockOperation::NonBlockingLockExclusive).is_ok())
        };
        if is_own && is_gone() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_dead_processes_left_behind_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let folder = |name: String| parent.path().join(name);
        let (dead, own) = (child.id(), std::process::id());
        let (dead, own) =
            (folder(format!("{WORKSPACES}{dead}")), folder(format!("{WORKSPACES}{own}")));
        let other = folder("something-else-1".to_owned());
        for it in [&dead, &own, &other] {
            fs::create_dir(it).unwrap();
            fs::write(it.join("file"), "").unwrap();
        }
        let in_use = File::open(&dead).unwrap();
        flock(&in_use, FlockOperation::NonBlockingLockShared).unwrap();
        remove_left_behind(parent.path());
        assert!(dead.exists(), "somebody uses it");
        drop(in_use);
        remove_left_behind(parent.path());
        assert_eq!([&dead, &own, &other].map(|it| it.exists()), [false, true, true]);
    }
}
