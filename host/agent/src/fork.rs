//! A run that takes over what an earlier one did, and does the rest anew.
//!
//! A journal only grows, and its last record is the end of its run: what goes on after that is a run of
//! its own. It begins with the results that it keeps, so that it depends on nothing of the earlier journal.
//! What may be kept is decided here, before anything runs: what ended well, was not taken back, is still the
//! same, and was given the same. Of a step that did not end well that is what did within it.

mod choice;
mod kept;

use std::{collections::BTreeSet, sync::Arc};

use voyager_base::{
    Error, RunId, Value,
    call::Folders,
    chain::Head,
    workspace::{Change, Standing},
};
use voyager_manifest::{plan::Plan, prefix};

use self::choice::{Choice, File};
pub use self::kept::{Inherited, KeptEnd, KeptItem, KeptPart, KeptSteps};
use crate::{
    event::RunStarted,
    interpreter::{Interpreter, Witness},
    run::{self, Live, Request, StartError},
    world::World,
};

/// Why a run can't take over what an earlier one did. Nothing was begun.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForkError {
    /// The manifest has no such step.
    #[error("there is no step `{0}`")]
    Unknown(String),
    /// Steps ran that would run otherwise now.
    #[error("{}", .0.join("; "))]
    Blocked(Vec<String>),
    /// The files that items of steps are to change can't be looked at.
    #[error(transparent)]
    Files(Error),
    /// The runs can't be read, or the new one not be started.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Starts a run of `request` that keeps what `earlier` did: all that ended well where `from` is none, and
/// otherwise all that does not depend on that step.
///
/// What items of a step staged comes along where the step did not commit it; an item whose files somebody
/// changed since runs again.
///
/// # Errors
/// [`ForkError`].
pub async fn fork(
    world: &Arc<World>,
    earlier: RunId,
    from: Option<&str>,
    request: Request,
) -> Result<Live, ForkError> {
    let past = past(world, earlier, from, &request.plan)?;
    let stale = stale(world, &request.folders, &past.did).await?;
    let inherited = past.inherited(earlier, from, &request, &stale)?;
    Ok(run::start_inheriting(world, request, Some(inherited)).await?)
}

/// What such a run would take over, as long as nobody changes files.
///
/// # Errors
/// [`ForkError`].
pub fn inherit(
    world: &World,
    earlier: RunId,
    from: Option<&str>,
    request: &Request,
) -> Result<Inherited, ForkError> {
    past(world, earlier, from, &request.plan)?.inherited(earlier, from, request, &BTreeSet::new())
}

/// What an earlier run did.
struct Past {
    started: RunStarted,
    head: Head,
    /// What ended well, and what would take it back now.
    did: KeptSteps,
    /// Whether what would take it back is to be done by whoever takes over: what a run that ended well or
    /// goes on would take back is its own.
    is_left: bool,
}

fn past(world: &World, run: RunId, from: Option<&str>, plan: &Plan) -> Result<Past, StartError> {
    let (journal, content) = (&*world.journal, &*world.content);
    run::known(journal, run)?;
    let first = run::first(journal, content, run)?;
    let started = run::begun(run, &first)?;
    let mut interpreter = Interpreter::new(run, started.clone(), first.at);
    let mut witness = Witness::new(holding(from, plan, &started.plan));
    let head = run::walk(journal, content, run, Head::START, |_, _, timed| {
        witness.look(&mut interpreter, &timed.event);
        interpreter.apply(timed.at, &timed.event)?;
        Ok::<(), StartError>(())
    })?;
    let did = witness.of_run(&mut interpreter);
    let is_left = matches!(interpreter.outcome(), Some(Err(_)));
    Ok(Past { started, head, did, is_left })
}

/// Positions in another plan of the blocks that hold the step from which a run is to begin.
fn holding(from: Option<&str>, plan: &Plan, other: &Plan) -> BTreeSet<usize> {
    let position = |plan: &Plan, id: &str| plan.steps.iter().position(|step| step.id == id);
    let from = from.and_then(|id| position(plan, id));
    let around = from.into_iter().flat_map(|from| prefix::around(plan, from));
    around.filter_map(|block| position(other, &plan.steps[block].id)).collect()
}

/// Files that are not any more as items saw them that changed them.
async fn stale(
    world: &World,
    folders: &Folders,
    did: &KeptSteps,
) -> Result<BTreeSet<File>, ForkError> {
    let (there, gone): (Vec<&Change>, Vec<&Change>) =
        did.changes().into_iter().partition(|change| folders.contains_key(&change.root));
    let there: Vec<Change> = there.into_iter().cloned().collect();
    let standings = world.workspace.assess(folders, &there).await.map_err(ForkError::Files)?;
    let file = |change: &Change| (change.root.clone(), change.path.clone());
    let conflicts = there.iter().zip(&standings);
    let conflicts = conflicts.filter(|(_, it)| matches!(it, Standing::Conflict(_)));
    Ok(conflicts.map(|(change, _)| file(change)).chain(gone.into_iter().map(file)).collect())
}

impl Past {
    fn inherited(
        &self,
        run: RunId,
        from: Option<&str>,
        request: &Request,
        stale: &BTreeSet<File>,
    ) -> Result<Inherited, ForkError> {
        let plan = &*request.plan;
        let inputs = run::complete(plan, request.inputs.clone()).map_err(StartError::Inputs)?;
        let position = |id: &str| {
            let found = plan.steps.iter().position(|step| step.id == id);
            found.ok_or_else(|| ForkError::Unknown(id.to_owned()))
        };
        let from = from.map(position).transpose()?;
        let plans = (&*self.started.plan, plan);
        let mut choice = Choice::new(plans, self.changed(&inputs), from, stale, self.is_left);
        let steps = choice.of_steps(None, &self.did);
        if !choice.blocked.is_empty() {
            return Err(ForkError::Blocked(choice.blocked));
        }
        Ok(Inherited { run, chain: self.head.chain, steps })
    }

    /// Names of inputs that had another value, or were not there.
    fn changed(&self, inputs: &[(String, Value)]) -> BTreeSet<String> {
        let same = |(name, value): &&(String, Value)| {
            self.started.inputs.iter().any(|(own, was)| own == name && was == value)
        };
        inputs.iter().filter(|it| !same(it)).map(|(name, _)| name.clone()).collect()
    }
}
