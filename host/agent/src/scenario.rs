//! Plays scenarios: runs of a manifest with stand-ins for skills and programs, with faults, in a time of
//! their own.
//!
//! There is no second engine here. A scenario is started by [`crate::start`] and driven by the only loop a
//! run has; after its host dies it goes on by [`crate::resume`]. What differs is what stands around it: a
//! clock that moves when nothing is left to do, one thread that polls everything in order, a journal that
//! strikes faults after records, and [`Cast`], which answers in place of skills and programs what the
//! scenario says. What has no answer is passed on to the real ones.
//!
//! `cast` holds the stand-ins, `faults` strikes, `trace` tells what a journal says that happened, `judge`
//! compares that with what is expected, `standstill` tells what a run waits for that never ends.

mod cast;
mod differ;
mod faults;
mod judge;
mod standstill;
mod trace;

use std::sync::Arc;

use voyager_base::{
    BoxFuture, Limits, RunId,
    call::{Folders, Skills},
    chance::Seeded,
    clock::Timestamp,
    grant::GrantLayer,
    policy::Unchanging,
    process::ProcessService,
    record::{Content, Journal, ReadError},
    secret::Secret,
    sim::{CrashModel, Executor, MemoryResults, SimClock, Unfinished},
    workspace::WorkspaceService,
};
use voyager_manifest::{
    Plan, Scenario,
    scenario::{Fault, Span},
};

use self::{cast::Listener, faults::Faults};
pub use self::{
    cast::{Cast, LogLine},
    judge::{Difference, Judged, NowAndBefore, judge},
    trace::{StepTrace, Trace},
};
use crate::{
    DriveError, GivenSecret, GivenSecrets, KeptSecret, Live, Outcome, Request, Rules, Schedule,
    StartError, World, world::Observer,
};

/// When every scenario begins: the same on every machine and in every repetition.
const BEGIN: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Tasks at a time, as on a small machine: a scenario must not depend on the number of cores.
const SLOTS: u32 = 4;

/// Most deaths of a host: each fault strikes once, so that more would be a bug.
const LIVES_MAX: usize = 1_000;

/// The machine that a scenario plays on. It outlives its hosts.
pub trait Machine {
    /// Starts a host: what it finds on its disk, and its services. `executor` polls all of it.
    ///
    /// # Errors
    /// Why it does not start, in one sentence.
    fn host(&self, executor: &Executor) -> Result<Hosted, String>;

    /// The host has died; its disk has what `model` says of what was not synced.
    fn died(&self, model: CrashModel);
}

/// A host on a machine.
pub struct Hosted {
    /// Keeps records.
    pub journal: Arc<dyn Journal>,
    /// Keeps content.
    pub content: Arc<dyn Content>,
    /// Files.
    pub workspace: Arc<dyn WorkspaceService>,
    /// Programs for which nothing stands in.
    pub process: Arc<dyn ProcessService>,
    /// Skills for which nothing stands in.
    pub skills: Arc<dyn Skills>,
}

/// What a scenario is played with.
pub struct Play<'a> {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The plan of its manifest.
    pub plan: &'a Arc<Plan>,
    /// Values of inputs by name, paths of the machine in them.
    pub inputs: std::collections::BTreeMap<String, voyager_base::Value>,
    /// Absolute paths of the granted folders.
    pub folders: Folders,
    /// Absolute path of the workspace, where the scenario's own paths begin.
    pub workspace: String,
    /// What stands above the manifest.
    pub policy: GrantLayer,
    /// What is done about what has no answer.
    pub rest: Rest,
    /// The machine.
    pub machine: &'a dyn Machine,
    /// Turns true when the scenario is to be given up.
    pub given_up: &'a dyn Fn() -> bool,
}

/// What is done about a call of a skill or a program that the scenario has no answer to. Servers are never asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The real ones answer.
    Real,
    /// It fails, and is told of in [`Played::missing`]. Only the skills of the steps themselves are real.
    Missing,
}

/// Where something stands in a scenario that nothing met, and what that is.
pub type Idle = (Span, &'static str);

/// How a scenario ended.
pub struct Played {
    /// The run.
    pub run: RunId,
    /// How the run ended.
    pub outcome: Outcome,
    /// What happened.
    pub trace: Trace,
    /// Answers and faults that nothing met: a scenario that was not played as it was meant.
    pub idle: Vec<Idle>,
    /// What was asked and has no answer, with what to add.
    pub missing: Vec<String>,
    /// What skills logged.
    pub log: Vec<LogLine>,
}

/// Why a scenario has no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// It was given up.
    #[error("it was given up")]
    GivenUp,
    /// The run could not be started, or not be gone on with.
    #[error("{0}")]
    Stuck(String),
    /// The run waits for what never comes: for what, and where the scenario could say more.
    #[error("the run waits for what never comes")]
    Stands(Vec<Difference>),
}

/// How a life of a host ended.
enum Life {
    Ended(RunId, Result<Outcome, DriveError>),
    Refused(StartError),
    /// Nobody polled any more: the host died, or the scenario was given up.
    Left,
    /// The run waits, and nothing can happen any more.
    Stands,
}

impl Play<'_> {
    /// Plays the scenario to its end.
    ///
    /// # Errors
    /// [`PlayError`].
    pub fn play(self) -> Result<Played, PlayError> {
        let stuck = |reason: &dyn ToString| PlayError::Stuck(reason.to_string());
        let (executor, clock) = (Executor::default(), SimClock::new(BEGIN));
        let faults = Arc::new(Faults::new(&self.scenario, clock.clone()));
        let cast = Arc::new(Cast::new(
            Arc::clone(&self.scenario),
            self.workspace.clone(),
            clock.clone(),
            executor.clone(),
            self.plan,
            self.rest,
        ));
        let chance = Arc::new(Seeded::from_bytes(self.scenario.name.as_bytes()));
        let may_die =
            self.scenario.faults.iter().any(|(_, fault)| matches!(fault, Fault::Kill { .. }));
        let secrets = stand_ins(&self.scenario);
        let mut request = Some(Request {
            plan: Arc::clone(self.plan),
            inputs: self.inputs,
            secrets: secrets.clone(),
            folders: self.folders,
            policy: self.policy,
            limits: Limits::ceiling(),
        });
        let results = Arc::<MemoryResults>::default();
        let mut known: Option<RunId> = None;
        for _ in 0..LIVES_MAX {
            let hosted = self.machine.host(&executor).map_err(|error| stuck(&error))?;
            if let Some(last) = known {
                // A run whose first record was lost begins anew.
                let head = hosted.journal.head(last).map_err(|error| stuck(&error))?;
                known = head.filter(|head| 0 < head.sequence).map(|_| last);
            }
            let content = Arc::clone(&hosted.content);
            let journal = faults.over(Arc::clone(&hosted.journal), Arc::clone(&content));
            let observer: Arc<dyn Observer> = Arc::new(Listener(Arc::clone(&cast)));
            let world = Arc::new(World {
                journal: Arc::clone(&journal),
                content: Arc::clone(&content),
                results: Arc::<MemoryResults>::clone(&results),
                skills: cast.skills(hosted.skills),
                workspace: hosted.workspace,
                process: cast.programs(hosted.process),
                http: cast.servers(),
                memory: cast.memory(),
                clock: Arc::new(clock.clone()),
                chance: chance.clone(),
                spawn: Arc::new(executor.clone()),
                policy: Arc::new(Unchanging::default()),
                observer,
                schedule: Schedule::new(Rules::new(SLOTS), Arc::new(clock.clone())),
            });
            let begin: BoxFuture<'static, Result<Live, StartError>> = match known {
                Some(run) => Box::pin({
                    let (world, secrets) = (Arc::clone(&world), secrets.clone());
                    async move { crate::resume(&world, run, secrets).await }
                }),
                None => Box::pin({
                    // A host that can't die needs it once.
                    let request = if may_die { request.clone() } else { request.take() };
                    let request = request.expect("a run begins again only where its host died");
                    let world = Arc::clone(&world);
                    async move { crate::start(&world, request).await }
                }),
            };
            let life =
                live(&executor, &clock, &|| faults.is_dead() || (self.given_up)(), begin, &cast);
            match life {
                Life::Ended(run, outcome) => {
                    let outcome = outcome.map_err(|error| stuck(&error))?;
                    let trace = Trace::of(&*journal, &*content, run, self.plan, BEGIN)
                        .map_err(|error: ReadError| stuck(&error))?;
                    executor.drop_all();
                    let never =
                        faults.idle().into_iter().map(|span| (span, "this fault never struck"));
                    let idle = cast.idle().into_iter().chain(never).collect();
                    let (missing, log) = (cast.unanswered(), cast.log());
                    return Ok(Played { run, outcome, trace, idle, missing, log });
                }
                Life::Refused(error) => return Err(stuck(&error)),
                Life::Stands => {
                    let found = standstill::of(&world, &self.scenario, self.plan, &cast);
                    executor.drop_all();
                    return Err(found.map_or_else(|error| stuck(&error), PlayError::Stands));
                }
                Life::Left => {}
            }
            let Some(model) = faults.revive() else {
                executor.drop_all();
                return Err(PlayError::GivenUp);
            };
            // What the disk has is settled before anybody lets go: a store that closes in peace would
            // still write.
            self.machine.died(model);
            executor.drop_all();
            known = journal.runs().map_err(|error| stuck(&error))?.first().copied();
        }
        Err(PlayError::Stuck(format!("its host died {LIVES_MAX} times")))
    }
}

/// The scenario's secrets, as a run is given them.
fn stand_ins(scenario: &Scenario) -> GivenSecrets {
    let given = |(name, value): (&String, &Secret)| {
        let kept = KeptSecret { source: "scenario".to_owned(), digest: value.digest(&[0; 32]) };
        (name.clone(), GivenSecret { value: value.clone(), kept })
    };
    scenario.secrets.iter().map(given).collect()
}

fn live(
    executor: &Executor,
    clock: &SimClock,
    halted: &dyn Fn() -> bool,
    begin: BoxFuture<'static, Result<Live, StartError>>,
    cast: &Arc<Cast>,
) -> Life {
    let cast = Arc::clone(cast);
    let ended = executor.run(clock, halted, async move {
        match begin.await {
            Ok(live) => {
                cast.connect(live.handle.clone());
                Life::Ended(live.id, live.outcome.await)
            }
            Err(error) => Life::Refused(error),
        }
    });
    match ended {
        Ok(life) => life,
        Err(Unfinished::Halted) => Life::Left,
        Err(Unfinished::Standstill { .. }) => Life::Stands,
    }
}
