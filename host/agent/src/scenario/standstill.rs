//! What a run waits for where nothing can happen any more.
//!
//! A scenario whose run has no end differs from what it expects, whatever that is. Each step that waits is
//! told at the answer that did not help it, or where the scenario says how the run ends.

use voyager_manifest::{Plan, Scenario, plan::Awaited, scenario::StepEnding};

use super::{BEGIN, Cast, Difference, Trace};
use crate::{
    interpreter::Waiting,
    run::{StartError, waiting},
    world::World,
};

/// What the only run of a world waits for.
pub(super) fn of(
    world: &World,
    scenario: &Scenario,
    plan: &Plan,
    cast: &Cast,
) -> Result<Vec<Difference>, StartError> {
    let Some(run) = world.journal.runs()?.first().copied() else {
        return Ok(vec![at_the_end(scenario, "the run never begins".to_owned(), vec![])]);
    };
    let waits = waiting(world, run)?;
    if !waits.is_empty() {
        return Ok(waits.iter().map(|wait| for_somebody(scenario, plan, cast, wait)).collect());
    }
    let trace = Trace::of(&*world.journal, &*world.content, run, plan, BEGIN)?;
    let open = plan.steps.iter().zip(&trace.steps);
    let open = open.filter(|(_, it)| it.ending == Some(StepEnding::Stopped));
    let steps = open.map(|(step, _)| {
        let held = step.concurrency.as_ref().map(|_| "; its `concurrency` may keep it");
        format!("the step `{}` has begun and not ended{}", step.id, held.unwrap_or_default())
    });
    let steps = steps.collect();
    let message = "the run has no end: it waits for what never comes".to_owned();
    Ok(vec![at_the_end(scenario, message, steps)])
}

/// A step waits for somebody who says nothing.
fn for_somebody(scenario: &Scenario, plan: &Plan, cast: &Cast, wait: &Waiting) -> Difference {
    let step = &plan.steps[wait.step];
    let what = match step.wait().map(|it| &it.on) {
        Some(Awaited::Signal(name)) => format!("the signal `{name}`"),
        Some(Awaited::Approval(_)) | None => "an approval".to_owned(),
    };
    let message = format!("the run has no end: the step `{}` waits for {what}", step.id);
    match cast.unheard(wait) {
        Some((span, why)) => Difference { span, message, details: vec![why] },
        None => {
            let way_out =
                format!("give an answer to the step `{}`, or a `timeout` in the manifest", step.id);
            at_the_end(scenario, message, vec![way_out])
        }
    }
}

/// Told where the scenario says how the run ends.
fn at_the_end(scenario: &Scenario, message: String, details: Vec<String>) -> Difference {
    Difference { span: scenario.expect.status.0.clone(), message, details }
}
