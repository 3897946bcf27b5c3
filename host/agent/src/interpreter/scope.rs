//! Values of the names that expressions of a run use.

use std::collections::BTreeMap;

use voyager_base::{TaskId, Value};
use voyager_manifest::{
    expr::Scope,
    plan::{Part, Plan},
};

use super::state::{State, StepState};

/// What a step without a value gives to one that runs after its block ended early.
static NONE: Value = Value::NONE;

/// Inputs, finished steps, names of the step's own and of the blocks that hold it.
pub(super) struct StepScope<'a> {
    /// What its manifest is given.
    pub(super) inputs: &'a BTreeMap<String, Value>,
    /// What stands before the ids of its manifest's steps; nothing where that is the run's own.
    pub(super) prefix: String,
    pub(super) ids: &'a BTreeMap<String, usize>,
    pub(super) plan: &'a Plan,
    pub(super) state: &'a State,
    /// The execution whose steps are nearest.
    pub(super) frame: TaskId,
    /// What the step sees as options although they are none, since it runs however they ended.
    pub(super) optional: BTreeMap<usize, Value>,
    /// The innermost first.
    pub(super) locals: Vec<(&'a str, Value)>,
    pub(super) result: Option<&'a Value>,
}

impl StepScope<'_> {
    /// The execution of the steps among which `position` stands, from the inside to the outside.
    fn frame_of(&self, position: usize) -> Option<TaskId> {
        let block = self.plan.steps.get(position)?.within;
        let mut frame = self.frame;
        loop {
            let of = self.state.frames.get(&frame)?.of;
            if of.map(|place| place.step) == block {
                return Some(frame);
            }
            frame = of?.frame;
        }
    }
}

impl Scope for StepScope<'_> {
    fn input(&self, name: &str) -> Option<&Value> {
        self.inputs.get(name)
    }

    fn step(&self, id: &str) -> Option<&Value> {
        let position = match self.prefix.as_str() {
            "" => *self.ids.get(id)?,
            prefix => *self.ids.get(&format!("{prefix}{id}"))?,
        };
        if let Some(value) = self.optional.get(&position) {
            return Some(value);
        }
        match self.state.step(self.frame_of(position)?, position)? {
            StepState::Done(value) => value.as_ref(),
            StepState::Waiting | StepState::Running(_) => None,
        }
    }

    fn local(&self, name: &str) -> Option<&Value> {
        if name == "result" {
            return self.result;
        }
        self.locals.iter().find(|(local, _)| *local == name).map(|(_, value)| value)
    }
}

/// What the steps of a frame are to one that runs however they ended: options, all of them.
pub(super) fn optional(plan: &Plan, state: &State, frame: TaskId) -> BTreeMap<usize, Value> {
    let steps = state.frames.get(&frame).into_iter().flat_map(|frame| &frame.steps);
    let body = steps.filter_map(|(position, state)| {
        let step = plan.steps.get(*position)?;
        let ty = step.result.as_ref().filter(|_| step.part == Part::Body)?;
        let value = match state {
            StepState::Done(Some(value)) if matches!(ty, voyager_base::Type::Option(_)) => {
                value.clone()
            }
            StepState::Done(Some(value)) => Value::some(value.clone()),
            StepState::Done(None) | StepState::Waiting | StepState::Running(_) => NONE.clone(),
        };
        Some((*position, value))
    });
    body.collect()
}
