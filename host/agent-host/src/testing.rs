//! Scenarios: found, loaded, played in parallel, reported.
//!
//! Each is played on one thread, in a fresh workspace, with the sandbox that all share; as many at a time
//! as there are cores. What a scenario means is not decided here: see [`voyager_manifest::scenario`] and
//! [`voyager_agent::scenario`].

mod load;
mod machine;
mod report;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use voyager_agent::scenario::Difference;

pub(crate) use self::{
    load::{Case, Loader, beside, find, plan_of},
    machine::{Desk, Shared},
    report::{Report, Style},
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

/// Where workspaces lie: in memory where the machine has a place for that, since their syncs would cost
/// more than everything else.
pub(crate) fn workspaces(state: &std::path::Path) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() && rustix::fs::access(&memory, rustix::fs::Access::WRITE_OK).is_ok() {
        return memory.join(format!("voyager-scenarios-{}", std::process::id()));
    }
    state.join("scenarios").join(std::process::id().to_string())
}
