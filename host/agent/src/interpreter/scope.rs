//! Values of the names that expressions of a run use.

use std::collections::BTreeMap;

use voyager_base::Value;
use voyager_manifest::expr::Scope;

use super::state::StepState;

/// Inputs, finished steps, the item and the result.
pub(super) struct StepScope<'a> {
    pub(super) inputs: &'a BTreeMap<String, Value>,
    pub(super) ids: &'a BTreeMap<String, usize>,
    pub(super) steps: &'a [StepState],
    pub(super) variable: Option<(&'a str, &'a Value)>,
    pub(super) result: Option<&'a Value>,
}

impl Scope for StepScope<'_> {
    fn input(&self, name: &str) -> Option<&Value> {
        self.inputs.get(name)
    }

    fn step(&self, id: &str) -> Option<&Value> {
        match &self.steps[*self.ids.get(id)?] {
            StepState::Done(value) => value.as_ref(),
            StepState::Waiting | StepState::Running(_) => None,
        }
    }

    fn local(&self, name: &str) -> Option<&Value> {
        match self.variable {
            Some((variable, value)) if variable == name => Some(value),
            _ if name == "result" => self.result,
            _ => None,
        }
    }
}
