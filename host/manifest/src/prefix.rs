//! What of a plan stays as it was: which inputs a step uses, and which steps of another version are the
//! same. By that a run takes over what an earlier one did.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    expr::Expr,
    plan::{Action, Argument, Awaited, Part, Plan, Step},
};

/// The step at a position, then all that it holds, in the order of the plan.
pub fn whole(plan: &Plan, step: usize) -> Vec<usize> {
    let mut inside = BTreeSet::from([step]);
    for (at, it) in plan.steps.iter().enumerate().skip(step + 1) {
        if it.within.is_some_and(|block| inside.contains(&block)) {
            inside.insert(at);
        }
    }
    inside.into_iter().collect()
}

/// Positions of the steps that hold a step, from the inside to the outside.
pub fn around(plan: &Plan, step: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(plan.steps[step].within, |at| plan.steps[*at].within)
}

/// The step directly within a block, or within the manifest where none is named, that holds a step or is
/// it; none where the step stands elsewhere.
pub fn directly_within(plan: &Plan, block: Option<usize>, step: usize) -> Option<usize> {
    std::iter::once(step).chain(around(plan, step)).find(|at| plan.steps[*at].within == block)
}

/// Names of the inputs by which the outcome of a step, or of one that it holds, may differ.
pub fn inputs_used(plan: &Plan, step: usize) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for at in whole(plan, step) {
        let it = &plan.steps[at];
        expressions(it, &mut |expr| used.extend(expr.references().inputs));
        if it.call().is_some() {
            let own = plan.outward(at).find_map(|step| step.grants.workspace.as_ref());
            let folders = own.or(plan.grants.workspace.as_ref());
            used.extend(folders.into_iter().flatten().map(|folder| folder.input.clone()));
        }
    }
    used
}

/// Names of the inputs that what a step says itself refers to, and not what it holds.
pub fn own_inputs(plan: &Plan, step: usize) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    expressions(&plan.steps[step], &mut |expr| used.extend(expr.references().inputs));
    used
}

/// Whether what a step says itself is the same in two plans, and what it waits for, whatever it holds.
pub fn is_same_outside(old: (&Plan, usize), new: (&Plan, usize)) -> bool {
    outside(old.0, old.1) == outside(new.0, new.1)
}

/// A step without what it holds: the type of its result depends on that.
fn outside(plan: &Plan, step: usize) -> (Step, Vec<&str>) {
    let mut own = Step { line: 0, within: None, result: None, ..plan.steps[step].clone() };
    own.needs.clear();
    if let Action::Block(block) = &mut own.action {
        block.result = None;
    }
    (own, needed(plan, step))
}

/// Ids of the steps that a step waits for.
fn needed(plan: &Plan, step: usize) -> Vec<&str> {
    plan.steps[step].needs.iter().map(|need| plan.steps[*need].id.as_str()).collect()
}

/// Whether a step, all that it holds and what it waits for are the same in two plans, wherever they stand
/// in the file.
pub fn is_same(old: (&Plan, usize), new: (&Plan, usize)) -> bool {
    let (before, after) = (portable(old.0, old.1), portable(new.0, new.1));
    before.len() == after.len() && before.iter().zip(&after).all(|(one, other)| one == other)
}

/// A step and all that it holds, without what tells where they stand: the steps, and the ids of those that
/// each waits for.
fn portable(plan: &Plan, step: usize) -> Vec<(Step, Vec<&str>)> {
    let whole = whole(plan, step);
    let places: BTreeMap<usize, usize> =
        whole.iter().enumerate().map(|(place, at)| (*at, place)).collect();
    let of = |at: &usize| {
        let it = &plan.steps[*at];
        let within = it.within.and_then(|block| places.get(&block).copied());
        let portable = Step { line: 0, within, needs: Vec::new(), ..it.clone() };
        (portable, needed(plan, *at))
    };
    whole.iter().map(of).collect()
}

/// Positions of the steps directly within a block, or within the manifest where none is named; those that
/// run at last are left out.
pub fn body(plan: &Plan, block: Option<usize>) -> impl Iterator<Item = usize> {
    plan.inside(block).filter(|step| plan.steps[*step].part == Part::Body)
}

fn expressions(step: &Step, take: &mut dyn FnMut(&Expr)) {
    step.when.iter().for_each(&mut *take);
    if let Some(each) = &step.for_each {
        take(&each.items);
    }
    if let Some(repeat) = &step.repeat {
        repeat.until.iter().for_each(&mut *take);
        for carry in &repeat.carry {
            argument(&carry.start, take);
            take(&carry.next);
        }
    }
    step.expect.iter().for_each(|expectation| take(&expectation.that));
    match &step.action {
        Action::Call(call) => call.arguments.iter().for_each(|it| argument(it, take)),
        Action::Wait(wait) => match &wait.on {
            Awaited::Approval(show) => argument(show, take),
            Awaited::Signal(_) => {}
        },
        // What it gives back is computed from its own steps and inputs.
        Action::Manifest(sub) => sub.arguments.iter().for_each(|it| argument(it, take)),
        Action::Block(_) | Action::Sleep(_) | Action::Restore(_) => {}
    }
}

fn argument(of: &Argument, take: &mut dyn FnMut(&Expr)) {
    match of {
        Argument::Literal(_) => {}
        Argument::Computed(expr) => take(expr),
        Argument::Template(template) => template.expressions(take),
        Argument::Record(fields) => fields.iter().for_each(|(_, it)| argument(it, take)),
        Argument::List(items) => items.iter().for_each(|it| argument(it, take)),
    }
}
