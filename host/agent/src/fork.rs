//! A run that takes over what an earlier one did, and does the rest anew.
//!
//! A journal only grows, and its last record is the end of its run: what goes on after that is a run of
//! its own. It begins with the results of the steps that it keeps, so that it depends on nothing of the
//! earlier journal. What may be kept is decided here, before anything runs: a step that ended well, was
//! not taken back, is still the same, and was given the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use voyager_base::{Digest, RunId, TaskId, Value, chain::Head};
use voyager_manifest::{
    plan::{Part, Plan},
    prefix,
};

use crate::{
    event::{Event, RunStarted},
    interpreter::{Interpreter, Pending},
    run::{self, Live, Request, StartError},
    world::World,
};

/// What a run takes over from an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inherited {
    /// The earlier run.
    pub run: RunId,
    /// Hash over the records that it had then.
    pub chain: Digest,
    /// Positions of the steps that it keeps, with what they gave.
    pub kept: Vec<(usize, Option<Value>)>,
    /// What takes them back, should this run fail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compensations: Vec<Pending>,
}

/// Why a run can't take over what an earlier one did. Nothing was begun.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ForkError {
    /// The manifest has no such step.
    #[error("there is no step `{0}`")]
    Unknown(String),
    /// Steps ran that would run otherwise now.
    #[error("{}", .0.join("; "))]
    Blocked(Vec<String>),
    /// The runs can't be read, or the new one not be started.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Starts a run of `request` that keeps what `earlier` did: all that ended well where `from` is none, and
/// otherwise all that does not depend on that step.
///
/// # Errors
/// [`ForkError`].
pub async fn fork(
    world: &Arc<World>,
    earlier: RunId,
    from: Option<&str>,
    request: Request,
) -> Result<Live, ForkError> {
    let inherited = inherit(world, earlier, from, &request)?;
    Ok(run::start_inheriting(world, request, Some(inherited)).await?)
}

/// What such a run would take over.
///
/// # Errors
/// [`ForkError`].
pub fn inherit(
    world: &World,
    earlier: RunId,
    from: Option<&str>,
    request: &Request,
) -> Result<Inherited, ForkError> {
    let past = past(world, earlier)?;
    let inputs = run::complete(&request.plan, request.inputs.clone());
    let inputs = inputs.map_err(StartError::Inputs)?;
    past.inherited(earlier, &request.plan, &inputs, from)
}

/// What an earlier run did.
struct Past {
    started: RunStarted,
    head: Head,
    /// The manifest's own steps that ended well, with what they gave.
    ended: BTreeMap<usize, Option<Value>>,
    /// Those of them that were taken back.
    taken_back: BTreeSet<usize>,
    /// What takes back what is left of it, where it ended so; what a run that ended well or goes on would
    /// take back is its own.
    pending: Vec<Pending>,
}

fn past(world: &World, run: RunId) -> Result<Past, StartError> {
    let (journal, content) = (&*world.journal, &*world.content);
    run::known(journal, run)?;
    let first = run::first(journal, content, run)?;
    let started = run::begun(run, &first)?;
    let root = TaskId::root(run);
    let mut interpreter = Interpreter::new(run, started.clone(), first.at);
    let mut well = BTreeSet::new();
    let mut taken_back = BTreeSet::new();
    for (step, _) in started.inherited.iter().flat_map(|it| &it.kept) {
        well.insert(*step);
    }
    let head = run::walk(journal, content, run, Head::START, |_, _, timed| {
        match &timed.event {
            Event::StepSkipped { frame, step } if *frame == root => drop(well.insert(*step)),
            Event::StepDone { frame, step, error, passed }
                if *frame == root && (error.is_none() || *passed) =>
            {
                well.insert(*step);
            }
            Event::CompensationStarted { within, step, .. } if *within == root => {
                taken_back.insert(prefix::outermost(&started.plan, *step));
            }
            _ => {}
        }
        interpreter.apply(timed.at, &timed.event)?;
        Ok::<(), StartError>(())
    })?;
    let ended = well.into_iter().filter_map(|step| Some((step, interpreter.result_of(step)?)));
    let ended = ended.collect();
    let ended_so = matches!(interpreter.outcome(), Some(Err(_)));
    let pending = if ended_so { interpreter.pending() } else { Vec::new() };
    Ok(Past { started, head, ended, taken_back, pending })
}

impl Past {
    fn inherited(
        &self,
        run: RunId,
        plan: &Plan,
        inputs: &[(String, Value)],
        from: Option<&str>,
    ) -> Result<Inherited, ForkError> {
        let from = match from {
            None => None,
            Some(id) => {
                let found = plan.steps.iter().position(|step| step.id == id);
                let found = found.ok_or_else(|| ForkError::Unknown(id.to_owned()))?;
                Some(prefix::outermost(plan, found))
            }
        };
        let before = &self.started.plan;
        let places: BTreeMap<&str, usize> =
            prefix::own_steps(plan).map(|step| (plan.steps[step].id.as_str(), step)).collect();
        let mut anew: BTreeSet<usize> = BTreeSet::new();
        let mut blocked = Vec::new();
        let mut kept = BTreeMap::new();
        let known: BTreeMap<&str, usize> =
            self.ended.keys().map(|step| (before.steps[*step].id.as_str(), *step)).collect();
        for (id, step) in &known {
            let is_own = before.steps[*step].part == Part::Body;
            if is_own && !self.taken_back.contains(step) && !places.contains_key(id) {
                blocked.push(format!("the step `{id}` ran, and is not there any more"));
            }
        }
        let changed = self.changed(inputs);
        for step in prefix::own_steps(plan) {
            let id = plan.steps[step].id.as_str();
            let old = known.get(id).copied().filter(|old| !self.taken_back.contains(old));
            let depends = plan.steps[step].needs.iter().any(|need| anew.contains(need));
            let Some(old) = old.filter(|_| from != Some(step)) else {
                anew.insert(step);
                continue;
            };
            if let Some(why) = changed_since((before, old), (plan, step), &changed) {
                // What depends on what is done anew has nothing to be kept.
                if !depends || from.is_none() {
                    blocked.push(format!("the step `{id}` (line {}) {why}", plan.steps[step].line));
                }
                anew.insert(step);
            } else if depends {
                anew.insert(step);
            } else {
                kept.insert(old, step);
            }
        }
        if !blocked.is_empty() {
            return Err(ForkError::Blocked(blocked));
        }
        let compensations = self.pending.iter().filter_map(|it| it.moved(before, plan, &kept));
        Ok(Inherited {
            run,
            chain: self.head.chain,
            compensations: compensations.collect(),
            kept: kept.iter().map(|(old, step)| (*step, self.ended[old].clone())).collect(),
        })
    }

    /// Names of inputs that had another value, or were not there.
    fn changed(&self, inputs: &[(String, Value)]) -> BTreeSet<String> {
        let same = |(name, value): &&(String, Value)| {
            self.started.inputs.iter().any(|(own, was)| own == name && was == value)
        };
        inputs.iter().filter(|it| !same(it)).map(|(name, _)| name.clone()).collect()
    }
}

fn changed_since(
    old: (&Plan, usize),
    new: (&Plan, usize),
    changed: &BTreeSet<String>,
) -> Option<String> {
    if !prefix::is_same(old, new) {
        return Some("ran, and is not the same any more".to_owned());
    }
    let used = prefix::inputs_used(new.0, new.1);
    let input = used.intersection(changed).next()?;
    Some(format!("ran with another `inputs.{input}`"))
}
