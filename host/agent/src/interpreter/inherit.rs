//! Taking over what an earlier run did.
//!
//! Whole steps have ended when their frame begins. What is kept of a step that did not end well waits with
//! the frame until the step begins, and what is kept within one of its items until that does: so a step of
//! which all is kept begins, ends and commits like any other.

use voyager_base::{Digest, TaskId, value};

use super::{
    Interpreter,
    state::{Frame, Running, StepState},
};
use crate::fork::{KeptEnd, KeptSteps};

impl Frame {
    /// Takes over what an earlier execution of the same steps did.
    pub(super) fn inherit(&mut self, kept: &KeptSteps) {
        for (step, value) in &kept.kept {
            if let Some(state) = self.steps.get_mut(step) {
                *state = StepState::Done(value.clone());
            }
        }
        let parts = kept.parts.iter().map(|part| (part.step, part.items.clone()));
        self.parts = parts.collect();
        self.compensations.inherit(&kept.compensations);
    }
}

impl Interpreter {
    /// Takes over what an earlier run did of a step that begins.
    pub(super) fn take_over(
        &mut self,
        frame: TaskId,
        step: usize,
        running: &mut Running,
    ) -> Result<(), String> {
        let of = self.state.frames.get_mut(&frame);
        let Some(items) = of.and_then(|of| of.parts.remove(&step)) else { return Ok(()) };
        self.items_of(frame, step).map_err(|error| error.message)?;
        for kept in items {
            let Ok(unit) = running.unit(kept.item) else { continue };
            if kept.of != self.digest_of(frame, step, kept.item) {
                continue;
            }
            if let Some(KeptEnd { value, changes }) = kept.ended {
                unit.changes = changes;
                running.finish(kept.item, Ok(value))?;
                continue;
            }
            (unit.rounds, unit.carried, unit.collected) =
                (kept.rounds, kept.carried, kept.collected);
            unit.inherited = (!kept.steps.is_empty()).then(|| Box::new(kept.steps));
        }
        Ok(())
    }

    /// Hash of the value of an item whose step has computed them; none where it is no `for-each`.
    pub(super) fn digest_of(&self, frame: TaskId, step: usize, item: u64) -> Option<Digest> {
        let values = self.items.get(&(frame, step))?;
        let value = values.get(usize::try_from(item).ok()?)?;
        Some(Digest::of(&value::encode(value)))
    }
}
