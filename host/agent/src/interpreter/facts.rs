//! What facts do to the state of a run.

use voyager_base::{Error, ErrorKind, TaskId, Value, clock::Timestamp, workspace::Change};
use voyager_manifest::plan::{Action, Changes, FailMode, Mode, Part};

use super::{
    Command, ITEMS_MAX, Interpreter,
    layer::Layer,
    retry,
    state::{Frame, Place, Running, StepState, Unit, UnitState},
    values::Round,
};
use crate::event::{Failure, TaskStarted};

impl Interpreter {
    pub(super) fn interrupt(&mut self, rerun: &[TaskId]) {
        let tasks = self.state.nodes.iter().filter(|it| !self.state.frames.contains_key(it.0));
        let tasks: Vec<(TaskId, Place)> = tasks.map(|(task, place)| (*task, *place)).collect();
        for (task, place) in tasks {
            let Ok(unit) = self.state.unit(place) else { continue };
            if matches!(unit.state, UnitState::Started { .. }) {
                unit.state = UnitState::Interrupted { bound: rerun.contains(&task) };
            }
        }
        self.forget_wishes();
        // Whatever lies there from an earlier life in this process, what counts is in the record.
        for (frame, of) in &self.state.frames {
            let Some(layer) = &of.layer else { continue };
            self.commands.push_back(Command::Unstage { frame: *frame });
            let changes = layer.changes();
            self.commands.push_back(Command::Stage { frame: *frame, changes });
        }
    }

    pub(super) fn begin(
        &mut self,
        frame: TaskId,
        step: usize,
        items: Option<u64>,
    ) -> Result<(), String> {
        let units = usize::try_from(items.unwrap_or(1)).map_err(|_| "too many items".to_owned())?;
        if ITEMS_MAX < units {
            return Err("too many items".to_owned());
        }
        let now = self.state.last;
        let state = match self.plan().steps.get(step).map(|step| &step.action) {
            Some(Action::Sleep(time)) => UnitState::Backoff { until: now.after(*time) },
            Some(
                Action::Call(_)
                | Action::Block(_)
                | Action::Manifest(_)
                | Action::Wait(_)
                | Action::Restore(_),
            ) => UnitState::Waiting,
            None => return Err(format!("there is no step number {step}")),
        };
        let mut running = Running::new(units, &state);
        if let Action::Restore(changes) = &self.plan().steps[step].action {
            // There is nothing to do but the commit.
            running.finish(0, Ok(None))?;
            running.unit(0)?.changes.clone_from(changes);
        }
        self.take_over(frame, step, &mut running)?;
        let switches = self.mode_around(step) == Mode::Switch && self.is_body(step);
        let of = self.state.frames.get_mut(&frame).ok_or_else(|| unknown(frame))?;
        match of.steps.get_mut(&step) {
            Some(waiting @ StepState::Waiting) => {
                *waiting = StepState::Running(running);
            }
            _ => return Err(format!("step number {step} does not wait")),
        }
        if switches {
            of.decided.get_or_insert(step);
        }
        Ok(())
    }

    pub(super) fn start(
        &mut self,
        at: Timestamp,
        place: Place,
        started: &TaskStarted,
    ) -> Result<(), String> {
        let unit = self.state.unit(place)?;
        if started.attempt <= unit.attempt {
            return Err(format!("attempt {} follows attempt {}", started.attempt, unit.attempt));
        }
        unit.attempt = started.attempt;
        unit.state = UnitState::Started { at };
        self.starting.remove(&started.task);
        self.state.nodes.insert(started.task, place);
        Ok(())
    }

    pub(super) fn enter(
        &mut self,
        at: Timestamp,
        frame: TaskId,
        place: Place,
    ) -> Result<(), String> {
        let expected = self.next_node(place)?;
        if frame != expected {
            return Err(format!("{frame} is not {expected}, which comes next"));
        }
        if let Some(earlier) = self.node(place) {
            self.state.nodes.remove(&earlier);
        }
        let inputs = self.given(place).map_err(|error| error.message)?;
        let inside = self.inside.get(&place.step).cloned().unwrap_or_default();
        let unit = self.state.unit(place)?;
        unit.attempt += 1;
        unit.state = UnitState::Started { at };
        let inherited = unit.inherited.take();
        self.state.nodes.insert(frame, place);
        let mut of = Frame::new(Some(place), inside.into_iter());
        if let Some(inherited) = inherited {
            of.inherit(&inherited);
        }
        of.inputs = inputs;
        of.layer = self.plan().steps[place.step].transaction().map(|_| Layer::default());
        self.state.frames.insert(frame, of);
        Ok(())
    }

    pub(super) fn stop(&mut self, frame: TaskId, reason: &Error) -> Result<(), String> {
        let failure = Failure { step: None, error: reason.clone() };
        let frame = self.state.frames.get_mut(&frame).ok_or_else(|| unknown(frame))?;
        frame.failed.get_or_insert(failure);
        Ok(())
    }

    pub(super) fn leave(&mut self, frame: TaskId, error: Option<&Error>) -> Result<(), String> {
        let known = self.state.frames.get_mut(&frame).ok_or_else(|| unknown(frame))?;
        let place = known.of.ok_or_else(|| unknown(frame))?;
        if known.compensation.is_some() {
            return self.compensated(frame, place.frame, error);
        }
        let ended_well = std::mem::take(&mut known.compensations.open);
        let result = match error {
            None => self.gives(frame),
            Some(error) => Err(error.clone()),
        };
        let layer = self.state.frames.get_mut(&frame).and_then(|it| it.layer.take());
        if layer.is_some() {
            self.commands.push_back(Command::Unstage { frame });
        }
        self.state.forget(frame);
        let frames = &self.state.frames;
        self.items.retain(|(frame, _), _| frames.contains_key(frame));
        let changes = layer.map(|layer| layer.changes()).unwrap_or_default();
        if let Some(around) = self.state.frames.get_mut(&place.frame) {
            around.compensations.open.extend(ended_well);
        }
        self.ended(place, result, &changes)
    }

    /// A task or frame ended that served an item.
    pub(super) fn ended(
        &mut self,
        place: Place,
        result: Result<Option<Value>, Error>,
        changes: &[Change],
    ) -> Result<(), String> {
        let followed = result.and_then(|value| self.after_round(place, value));
        let last = match followed {
            Ok(Round::Next(carried)) => {
                if let Some(node) = self.node(place) {
                    self.state.nodes.remove(&node);
                }
                let unit = self.state.unit(place)?;
                unit.rounds += 1;
                (unit.attempt, unit.failures, unit.carried) = (0, 0, carried);
                unit.state = UnitState::Waiting;
                return Ok(());
            }
            Ok(Round::Last(value)) => self
                .expected(place, value.as_ref())
                .and_then(|()| self.compensation(place, value.as_ref()))
                .map(|compensation| (value, compensation)),
            Err(error) => Err(error),
        };
        match last {
            Ok((value, compensation)) => {
                if let Some(frame) = self.state.frames.get_mut(&place.frame) {
                    frame.compensations.open.extend(compensation);
                }
                let running = self.state.running_step(place.frame, place.step)?;
                running.finish(place.item, Ok(value))?;
                running.unit(place.item)?.changes = changes.to_vec();
                Ok(())
            }
            Err(error) => self.failed(place, error),
        }
    }

    /// An attempt failed: there is another one, or the item has failed for good.
    pub(super) fn failed(&mut self, place: Place, error: Error) -> Result<(), String> {
        let plan = &self.started.plan.steps[place.step];
        let halted = self.halted(place.frame, place.step).is_some();
        let collects = plan.for_each.as_ref().is_some_and(|each| each.fail == FailMode::Collect);
        let (retry, at) = (plan.retry.clone(), self.state.last);
        let running = self.state.running_step(place.frame, place.step)?;
        let others_failed = running.failed.is_some();
        let unit = running.unit(place.item)?;
        unit.failures += 1;
        let again = retry.is_some_and(|retry| retry::applies(&retry, unit.failures, error.kind));
        if again && !halted && !others_failed {
            unit.state = UnitState::Failed { error, at };
            return Ok(());
        }
        running.finish(place.item, Err(error.clone()))?;
        if !collects {
            running.failed.get_or_insert(error);
        }
        Ok(())
    }

    pub(super) fn committed(
        &mut self,
        frame: TaskId,
        step: usize,
        error: Option<Error>,
    ) -> Result<(), String> {
        let single = self.plan().steps.get(step).is_some_and(|step| step.for_each.is_none());
        let running = self.state.running_step(frame, step)?;
        running.intended = false;
        running.commits += 1;
        let Some(error) = error else {
            running.committed = true;
            return Ok(());
        };
        if single {
            running.unit(0)?.changes.clear();
            running.first = 0;
            return self.failed(Place { frame, step, item: 0 }, error);
        }
        running.failed = Some(error);
        Ok(())
    }

    pub(super) fn step_done(
        &mut self,
        frame: TaskId,
        step: usize,
        error: Option<&Error>,
        passed: bool,
    ) -> Result<(), String> {
        let value = match error {
            None => {
                self.join(frame, step)?;
                self.result(frame, step)?
            }
            Some(_) => self.none(step),
        };
        self.joined(frame, step);
        self.end(frame, step, value)?;
        let mode = if self.is_body(step) { self.mode_around(step) } else { Mode::All };
        let failure = error
            .filter(|_| !passed)
            .map(|error| Failure { step: Some(self.step_id(step)), error: error.clone() });
        let of = self.state.frames.get_mut(&frame).ok_or_else(|| unknown(frame))?;
        match (failure, mode) {
            (Some(failure), Mode::Any) => of.spared = Some(failure),
            (Some(failure), Mode::All | Mode::Race | Mode::Switch) => {
                if of.decided.is_none() || mode != Mode::Race {
                    of.failed.get_or_insert(failure);
                }
            }
            // A failure that was passed over is an end, but no success.
            (None, Mode::Race) => drop(of.decided.get_or_insert(step)),
            (None, Mode::Any) if error.is_none() => drop(of.decided.get_or_insert(step)),
            (None, _) => {}
        }
        Ok(())
    }

    /// Adds what a step that ended well changed to the transaction around it, where there is one.
    fn join(&mut self, frame: TaskId, step: usize) -> Result<(), String> {
        let around = self.transactions_around(frame).next();
        let Some(around) = around else { return Ok(()) };
        let plan = self.plan().steps.get(step);
        if plan.is_none_or(|plan| plan.changes == Changes::Discard) {
            return Ok(());
        }
        let running = self.state.running_step(frame, step)?;
        let changes = running.changes().map_err(|error| error.message)?;
        if changes.is_empty() {
            return Ok(());
        }
        let of = self.state.frames.get_mut(&around).and_then(|it| it.layer.as_mut());
        let layer = of.ok_or_else(|| unknown(around))?;
        layer.takes(&changes).map_err(|error| error.message)?;
        layer.add(&changes);
        self.commands.push_back(Command::Stage { frame: around, changes });
        Ok(())
    }

    /// Lets the next step join its transaction.
    pub(super) fn joined(&mut self, frame: TaskId, step: usize) {
        self.joining.retain(|_, joining| *joining != (frame, step));
    }

    pub(super) fn end(
        &mut self,
        frame: TaskId,
        step: usize,
        value: Option<Value>,
    ) -> Result<(), String> {
        let of = self.state.frames.get_mut(&frame).ok_or_else(|| unknown(frame))?;
        let state =
            of.steps.get_mut(&step).ok_or_else(|| format!("there is no step {step} in {frame}"))?;
        if matches!(state, StepState::Done(_)) {
            return Err(format!("step number {step} ended before"));
        }
        *state = StepState::Done(value);
        self.state.nodes.retain(|_, place| place.frame != frame || place.step != step);
        self.items.remove(&(frame, step));
        Ok(())
    }

    /// The unit of a task, in its newest attempt.
    pub(super) fn unit(&mut self, task: TaskId, attempt: u32) -> Result<&mut Unit, String> {
        let place = *self.state.nodes.get(&task).ok_or_else(|| unknown(task))?;
        let unit = self.state.unit(place)?;
        if unit.attempt != attempt {
            return Err(format!("attempt {attempt} is not attempt {}", unit.attempt));
        }
        Ok(unit)
    }

    /// Why nothing more of a step may begin, and what runs of it must stop; none where it may go on.
    pub(super) fn halted(&self, frame: TaskId, step: usize) -> Option<Error> {
        let stopped = |why: &str| Some(Error::new(ErrorKind::Cancelled, why));
        let (mut frame, mut step) = (frame, step);
        loop {
            // What runs however the others ended isn't stopped by how they did.
            if !self.is_body(step) {
                return None;
            }
            let of = self.state.frames.get(&frame)?;
            match &of.failed {
                Some(Failure { step: None, error }) => return Some(error.clone()),
                Some(Failure { step: Some(_), .. }) => {
                    return stopped("another part of the run failed");
                }
                None => {}
            }
            let ends_others = matches!(self.mode_around(step), Mode::Any | Mode::Race);
            if ends_others && of.decided.is_some_and(|decided| decided != step) {
                return stopped("another step of its block ended first");
            }
            let Some(holder) = of.of else { return self.state.cancelled.clone() };
            if self.has_failed(holder) {
                return stopped("another item of its step failed");
            }
            (frame, step) = (holder.frame, holder.step);
        }
    }

    /// Why what serves an item of a block must stop, seen from outside it.
    pub(super) fn halted_item(&self, place: Place) -> Option<Error> {
        let failed = self
            .has_failed(place)
            .then(|| Error::new(ErrorKind::Cancelled, "another item of its step failed"));
        failed.or_else(|| self.halted(place.frame, place.step))
    }

    fn has_failed(&self, place: Place) -> bool {
        match self.state.step(place.frame, place.step) {
            Some(StepState::Running(running)) => running.failed.is_some(),
            Some(StepState::Waiting | StepState::Done(_)) | None => false,
        }
    }

    pub(super) fn is_body(&self, step: usize) -> bool {
        self.plan().steps.get(step).is_none_or(|step| step.part == Part::Body)
    }

    /// How the steps of the block around a step stand to each other.
    pub(super) fn mode_around(&self, step: usize) -> Mode {
        let block = self.plan().steps.get(step).and_then(|step| step.within);
        let block = block.and_then(|block| self.plan().steps.get(block));
        block.and_then(voyager_manifest::plan::Step::mode).unwrap_or(Mode::All)
    }

    pub(super) fn step_id(&self, step: usize) -> String {
        self.plan().steps.get(step).map(|step| step.id.clone()).unwrap_or_default()
    }

    /// Names the task or frame that serves an item now, or did last.
    pub(super) fn node(&self, place: Place) -> Option<TaskId> {
        let unit = self.state.look(place)?;
        (0 < unit.attempt).then(|| self.name(place, unit.rounds, unit.attempt))
    }

    /// Names the task or frame that serves an item next.
    pub(super) fn next_node(&self, place: Place) -> Result<TaskId, String> {
        let unit = self.state.look(place).ok_or_else(|| "the step does not run".to_owned())?;
        Ok(self.name(place, unit.rounds, unit.attempt + 1))
    }

    fn name(&self, place: Place, rounds: u32, attempt: u32) -> TaskId {
        let step = &self.plan().steps[place.step];
        // A further attempt of a task is the same task; steps within a block begin anew.
        let name = match (&step.action, rounds) {
            (Action::Block(_) | Action::Manifest(_), _) => {
                format!("{}#{rounds}/{attempt}", step.id)
            }
            (_, 0) => step.id.clone(),
            (_, _) => format!("{}#{rounds}", step.id),
        };
        place.frame.child(&name, place.item)
    }
}

pub(super) fn unknown(task: TaskId) -> String {
    format!("task {task} is unknown")
}
