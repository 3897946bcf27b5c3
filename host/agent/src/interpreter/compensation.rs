//! Taking back what ended well, where it turns out to be of no use.
//!
//! Each frame knows the compensations of what ended well within it, in that order, with their arguments:
//! these are computed when the item ends, since what they refer to is forgotten with the frames inside. A
//! frame that ends well hands them to the one around it, and one that fails runs them, the last first, one
//! at a time, each in a frame of its own.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use voyager_base::{Error, TaskId, Value};
use voyager_manifest::plan::Part;

use super::{
    Command, Interpreter, Wish,
    facts::unknown,
    state::{Frame, Place},
};
use crate::event::Event;

/// A call that takes back what an item of a step did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Compensation {
    /// Position of the step that calls it.
    pub(super) step: usize,
    /// The canonical bytes of its arguments.
    pub(super) arguments: ByteBuf,
}

/// The compensations of a frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Compensations {
    /// Those that have not begun.
    pub(super) open: Vec<Compensation>,
    /// How many have begun.
    pub(super) begun: u64,
    /// The frame of the one that runs.
    pub(super) running: Option<TaskId>,
    /// Why some failed.
    pub(super) failed: Vec<String>,
}

/// A call that takes back what an item of a step did, as a later run takes it over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pending(Compensation);

impl Pending {
    /// Position of the step that takes it back.
    pub(crate) fn step(&self) -> usize {
        self.0.step
    }

    /// The same where that step has another position.
    pub(crate) fn moved(&self, step: usize) -> Self {
        Self(Compensation { step, ..self.0.clone() })
    }
}

impl Compensations {
    pub(super) fn inherit(&mut self, pending: &[Pending]) {
        self.open.extend(pending.iter().map(|it| it.0.clone()));
    }

    /// What would be taken back now, the first first.
    pub(super) fn pending(&self) -> Vec<Pending> {
        self.open.iter().cloned().map(Pending).collect()
    }

    /// An error, and what of all that it made useless could not be taken back.
    pub(super) fn told(&self, error: Error) -> Error {
        if self.failed.is_empty() {
            return error;
        }
        let message = format!(
            "{}; not taken back: {}",
            error.message,
            self.failed.join("; not taken back: ")
        );
        Error { message, ..error }
    }
}

impl Interpreter {
    /// The compensation of an item that gave `result`.
    pub(super) fn compensation(
        &mut self,
        place: Place,
        result: Option<&Value>,
    ) -> Result<Option<Compensation>, Error> {
        let Some(step) = self.compensations.get(&place.step).copied() else { return Ok(None) };
        let call = self.plan().steps[step].call().cloned();
        let Some(call) = call else { return Ok(None) };
        let (frame, of, item) = (place.frame, place.step, Some(place.item));
        let arguments = self.with_scope(frame, of, item, result, |_, scope| {
            super::values::encoded(&call, scope, "compensate.with")
        })??;
        Ok(Some(Compensation { step, arguments: arguments.into() }))
    }

    pub(super) fn is_compensation(&self, step: usize) -> bool {
        self.plan().steps.get(step).is_some_and(|step| step.part == Part::Compensation)
    }

    /// Whether a frame whose steps have ended has to take back what they did before it goes on.
    pub(super) fn is_compensating(&self, id: TaskId, frame: &Frame) -> bool {
        let all = &frame.compensations;
        all.running.is_some() || (!all.open.is_empty() && self.is_failing(id, frame))
    }

    /// Whether a frame whose steps have ended will not end well.
    fn is_failing(&self, id: TaskId, frame: &Frame) -> bool {
        let stopped = match frame.of {
            Some(of) => self.halted_item(of).is_some(),
            None => self.state.cancelled.is_some() && id == self.root,
        };
        frame.failed.is_some() || stopped || self.all_spared(frame).is_some()
    }

    /// Wants the next compensation of a frame to begin. Whether there is one.
    pub(super) fn wish_compensation(&mut self, within: TaskId) -> bool {
        let Some(of) = self.state.frames.get(&within) else { return false };
        let Some(next) = of.compensations.open.last() else { return false };
        let (frame, step) = (name(within, of.compensations.begun), next.step);
        let event = Event::CompensationStarted { frame, within, step };
        self.wish(Wish::Enter(frame), Command::Record(event));
        true
    }

    /// A compensation begins.
    pub(super) fn compensate(
        &mut self,
        frame: TaskId,
        within: TaskId,
        step: usize,
    ) -> Result<(), String> {
        let all = self.state.frames.get_mut(&within).map(|it| &mut it.compensations);
        let all = all.ok_or_else(|| unknown(within))?;
        let expected = name(within, all.begun);
        if frame != expected || all.running.is_some() {
            return Err(format!("{frame} is not {expected}, which comes next"));
        }
        let next = all.open.pop_if(|next| next.step == step);
        let next = next.ok_or_else(|| format!("step number {step} has nothing to take back"))?;
        let place = Place { frame: within, step, item: all.begun };
        (all.begun, all.running) = (all.begun + 1, Some(frame));
        let mut of = Frame::new(Some(place), std::iter::once(step));
        of.compensation = Some(next);
        self.state.nodes.insert(frame, place);
        self.state.frames.insert(frame, of);
        Ok(())
    }

    /// A compensation ended.
    pub(super) fn compensated(
        &mut self,
        frame: TaskId,
        within: TaskId,
        error: Option<&Error>,
    ) -> Result<(), String> {
        self.state.forget(frame);
        self.state.nodes.remove(&frame);
        let of = self.state.frames.get_mut(&within).ok_or_else(|| unknown(within))?;
        of.compensations.running = None;
        of.compensations.failed.extend(error.map(|error| error.message.clone()));
        Ok(())
    }
}

fn name(within: TaskId, number: u64) -> TaskId {
    // No step is called like that.
    within.child("#compensate", number)
}
