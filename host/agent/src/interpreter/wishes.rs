//! What a run wants next, as its state tells.

use std::time::Duration;

use voyager_base::{Error, ErrorKind, TaskId, clock::Timestamp, workspace::Change};
use voyager_manifest::plan::{Action, Changes, Handling, Mode};

use super::{
    Command, Interpreter, Wish, retry,
    state::{Frame, Place, StepState, UnitState},
};
use crate::{
    event::{Event, Failure, Origin, TaskStarted},
    tally::Bound,
};

impl Interpreter {
    pub(super) fn look_for_wishes(&mut self) {
        if self.state.outcome.is_some() {
            return;
        }
        if let Some(error) = self.state.killed.clone() {
            return self.look_at_killed(error);
        }
        if !self.is_stopping() && self.deadline().is_some_and(|at| at <= self.now) {
            let time = self.plan().bounds.deadline.unwrap_or_default();
            let reason = timeout("the run", "deadline", time);
            self.wish(Wish::Deadline, Command::Record(Event::RunCancelRequested { reason }));
        }
        let mut busy = self.busy();
        self.look_at_frame(self.root, &mut busy);
    }

    /// Ends a run that was killed, as soon as nothing of it goes on: a task may still be in the middle of
    /// an effect, and a commit must not be left half done.
    fn look_at_killed(&mut self, error: Error) {
        let mut tasks = Vec::new();
        let mut commits = Vec::new();
        for (frame, step, running) in self.state.running() {
            if running.intended {
                commits.push((frame, step, running.commits));
            }
            if self.is_block(step) {
                continue;
            }
            tasks.extend(running.open().filter_map(|(item, unit)| match unit.state {
                UnitState::Started { at } => {
                    Some((Place { frame, step, item: item as u64 }, unit.attempt, at))
                }
                _ => None,
            }));
        }
        for (place, attempt, at) in &tasks {
            self.look_at_started(*place, *attempt, *at, Some(&error), true);
        }
        for (frame, step, number) in &commits {
            let (frame, step) = (*frame, *step);
            let changes = self.changes_of(frame, step);
            let commit = Command::Commit { frame, step, changes, intended: true };
            self.wish(Wish::Commit(frame, step, *number), commit);
        }
        if tasks.is_empty() && commits.is_empty() && self.starting.is_empty() {
            let outcome = Err(Failure { step: None, error });
            self.wish(Wish::Finish, Command::Record(Event::RunDone { outcome }));
        }
    }

    /// Whether the run is ending before its time.
    pub(super) fn is_stopping(&self) -> bool {
        let root = self.state.frames.get(&self.root);
        self.state.cancelled.is_some() || root.is_some_and(|root| root.failed.is_some())
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.plan().bounds.deadline.map(|time| self.state.began.after(time))
    }

    pub(super) fn wish(&mut self, wish: Wish, command: Command) {
        if self.wished.insert(wish) {
            self.commands.push_back(command);
        }
    }

    fn look_at_frame(&mut self, frame: TaskId, busy: &mut u32) {
        let Some(of) = self.state.frames.get(&frame) else { return };
        let open = of.steps.iter().filter(|(_, state)| !matches!(state, StepState::Done(_)));
        let open: Vec<usize> = open.map(|(step, _)| *step).collect();
        for step in open {
            match self.state.step(frame, step) {
                Some(StepState::Waiting) => self.look_at_waiting(frame, step),
                Some(StepState::Running(_)) => self.look_at_running(frame, step, busy),
                Some(StepState::Done(_)) | None => {}
            }
        }
        let of = self.state.frames.get(&frame);
        if let Some(running) = of.and_then(|of| of.compensations.running) {
            return self.look_at_frame(running, busy);
        }
        self.look_at_end(frame);
    }

    fn look_at_waiting(&mut self, frame: TaskId, step: usize) {
        let other_case = self.mode_around(step) == Mode::Switch
            && self.is_body(step)
            && self.state.frames.get(&frame).is_some_and(|frame| frame.decided.is_some());
        if self.wished.contains(&Wish::Step(frame, step))
            || self.halted(frame, step).is_some()
            || !(other_case || self.is_ready(frame, step))
        {
            return;
        }
        let holds = match other_case {
            true => Ok(false),
            false if self.is_compensation(step) => Ok(true),
            false => self.holds(frame, step),
        };
        let event = match holds {
            Ok(false) => Event::StepSkipped { frame, step },
            Ok(true) => match self.items_of(frame, step) {
                Ok(items) => Event::StepStarted { frame, step, items },
                Err(error) => self.step_failed(frame, step, error),
            },
            Err(error) => self.step_failed(frame, step, error),
        };
        self.wish(Wish::Step(frame, step), Command::Record(event));
    }

    /// Whether all that a step waits for has ended.
    fn is_ready(&self, frame: TaskId, step: usize) -> bool {
        let Some(of) = self.state.frames.get(&frame) else { return false };
        let is_late = !self.is_body(step);
        let ready = |needed: &usize| {
            matches!(of.steps.get(needed), Some(StepState::Done(_)))
                || (is_late && self.is_body(*needed))
        };
        let is_settled = || self.is_settled(frame, of) && !self.is_compensating(frame, of);
        self.plan().steps[step].needs.iter().all(ready) && (!is_late || is_settled())
    }

    /// Whether the steps of a frame have all ended, or will not go on; those that run however the
    /// others end left out.
    fn is_settled(&self, id: TaskId, frame: &Frame) -> bool {
        let mut body = frame.steps.iter().filter(|(step, _)| self.is_body(**step));
        body.all(|(step, state)| match state {
            StepState::Done(_) => true,
            StepState::Waiting => self.halted(id, *step).is_some(),
            StepState::Running(running) => running.is_idle() && self.halted(id, *step).is_some(),
        })
    }

    fn step_failed(&self, frame: TaskId, step: usize, error: Error) -> Event {
        let handlers = &self.plan().steps[step].on_error;
        let named =
            handlers.iter().find(|it| it.kinds.is_empty() || it.kinds.contains(&error.kind));
        let passed = named.is_some_and(|handler| handler.then == Handling::Continue);
        Event::StepDone { frame, step, error: Some(error), passed }
    }

    fn look_at_running(&mut self, frame: TaskId, step: usize, busy: &mut u32) {
        let Some(StepState::Running(running)) = self.state.step(frame, step) else { return };
        let failed = running.failed.clone();
        let stopped = self.halted(frame, step);
        let halted = failed.is_some() || stopped.is_some();
        let (first, units) = (running.first, running.units.len());
        let mut active = 0_u32;
        let mut open = false;
        let mut broken = None;
        for item in first..units {
            if broken.is_some() {
                break;
            }
            let place = Place { frame, step, item: item as u64 };
            let Some(unit) = self.state.look(place) else { return };
            let (attempt, failures) = (unit.attempt, unit.failures);
            match &unit.state {
                UnitState::Done(_) => {}
                UnitState::Started { at } => {
                    (active, open) = (active + 1, true);
                    let at = *at;
                    if self.is_block(step) {
                        self.look_at_inside(place, at, halted, busy);
                    } else {
                        self.look_at_started(place, attempt, at, stopped.as_ref(), halted);
                    }
                }
                _ if halted => {}
                UnitState::Failed { error, at } => {
                    open = true;
                    let (error, at) = (error.clone(), *at);
                    self.schedule_retry(place, failures, &error, at);
                }
                UnitState::Interrupted { bound: true } => {
                    (active, open) = (active + 1, true);
                    broken = self.wish_start(place, attempt, true).err();
                }
                UnitState::Backoff { until } if self.now < *until => open = true,
                UnitState::Asked { at, .. } => {
                    open = true;
                    let at = *at;
                    self.look_at_asked(place, at);
                }
                UnitState::Waiting if self.plan().steps[step].wait().is_some() => {
                    open = true;
                    broken = self.wish_wait(place).err();
                }
                UnitState::Backoff { .. } if self.is_sleep(step) => {}
                UnitState::Waiting
                | UnitState::Backoff { .. }
                | UnitState::Interrupted { bound: false } => {
                    open = true;
                    let is_waiting = matches!(unit.state, UnitState::Waiting);
                    if self.next_node(place).is_ok_and(|task| self.starting.contains_key(&task)) {
                        active += 1;
                    } else if self.has_room(frame, step, active, *busy) {
                        active += 1;
                        if self.is_block(step) {
                            broken = self.wish_frame(place).err();
                        } else {
                            *busy += 1;
                            broken = self.wish_start(place, attempt + 1, false).err();
                        }
                    } else if is_waiting {
                        break;
                    }
                }
            }
        }
        if broken.is_some() {
            open = self.cancel_started(frame, step);
        }
        if !open {
            self.look_at_finished(frame, step, failed.or(broken), stopped.is_some());
        }
    }

    /// Stops what runs of a step whose other items can't begin. Whether there is anything.
    fn cancel_started(&mut self, frame: TaskId, step: usize) -> bool {
        let Some(StepState::Running(running)) = self.state.step(frame, step) else { return false };
        let started = running.open().filter_map(|(item, unit)| match unit.state {
            UnitState::Started { at } => Some((item as u64, unit.attempt, at)),
            _ => None,
        });
        let started: Vec<(u64, u32, Timestamp)> = started.collect();
        for (item, attempt, at) in &started {
            self.look_at_started(Place { frame, step, item: *item }, *attempt, *at, None, true);
        }
        !started.is_empty()
    }

    fn is_block(&self, step: usize) -> bool {
        self.plan().steps[step].holds_steps()
    }

    fn is_sleep(&self, step: usize) -> bool {
        matches!(self.plan().steps[step].action, Action::Sleep(_))
    }

    fn has_room(&self, frame: TaskId, step: usize, active: u32, busy: u32) -> bool {
        let bound = self.plan().bounds.parallel;
        let of_step = self.plan().steps[step].for_each.as_ref().map_or(0, |each| each.parallel);
        if self.is_block(step) {
            // It computes nothing: what stands within it asks for room of its own. The run's bound
            // keeps its items from beginning all at once.
            let most = if of_step == 0 { bound } else { of_step };
            return most == 0 || active < most;
        }
        (bound == 0 || busy < bound)
            && (of_step == 0 || active < of_step)
            && self.manifests_have_room(frame)
    }

    /// Whether the manifests that an execution is part of may have one more task at a time.
    fn manifests_have_room(&self, frame: TaskId) -> bool {
        self.executions_around(frame).all(|(execution, place)| {
            let manifest = self.plan().steps[place.step].manifest();
            let bound = manifest.map_or(0, |manifest| manifest.parallel);
            bound == 0 || self.busy_within(|frame| self.is_within(frame, execution)) < bound
        })
    }

    /// An execution and those around it, from the inside to the outside, each with the item that it serves.
    fn executions_around(&self, frame: TaskId) -> impl Iterator<Item = (TaskId, Place)> {
        let around = |frame| Some((frame, self.state.frames.get(&frame)?.of?));
        std::iter::successors(around(frame), move |(_, place)| around(place.frame))
    }

    /// The manifests that an execution is part of and that bound how many tasks they have, the innermost first.
    pub(crate) fn step_bounds(&self, frame: TaskId) -> Vec<Bound> {
        let of = |(execution, place): (TaskId, Place)| {
            Some((execution, self.plan().steps[place.step].manifest()?.steps?))
        };
        self.executions_around(frame).filter_map(of).collect()
    }

    fn is_within(&self, frame: TaskId, execution: TaskId) -> bool {
        self.executions_around(frame).any(|(around, _)| around == execution)
    }

    /// Tasks that run or are about to.
    fn busy(&self) -> u32 {
        self.busy_within(|_| true)
    }

    /// The same, of some executions.
    fn busy_within(&self, counts: impl Fn(TaskId) -> bool) -> u32 {
        let running = self.state.running();
        let units = running
            .filter(|(frame, step, _)| !self.is_block(*step) && counts(*frame))
            .flat_map(|(_, _, running)| running.open());
        let busy = units.filter(|(_, unit)| {
            matches!(unit.state, UnitState::Started { .. } | UnitState::Interrupted { bound: true })
        });
        let starting = self.starting.values().filter(|frame| counts(**frame));
        u32::try_from(busy.count() + starting.count()).unwrap_or(u32::MAX)
    }

    /// Looks at the steps within a block, whose own time may be over.
    fn look_at_inside(&mut self, place: Place, at: Timestamp, halted: bool, busy: &mut u32) {
        let Some(frame) = self.node(place) else { return };
        let plan = &self.plan().steps[place.step];
        if let Some(time) = plan.timeout.filter(|time| at.after(*time) <= self.now)
            && !halted
            && self.state.frames.get(&frame).is_some_and(|frame| frame.failed.is_none())
        {
            let reason = timeout(&format!("the step `{}`", plan.id), "timeout", time);
            let stop = Event::FrameStopped { frame, reason };
            return self.wish(Wish::Stop(frame), Command::Record(stop));
        }
        self.look_at_frame(frame, busy);
    }

    /// Stops the task that serves an item, where it has to be.
    fn look_at_started(
        &mut self,
        place: Place,
        attempt: u32,
        at: Timestamp,
        stopped: Option<&Error>,
        halted: bool,
    ) {
        let plan = &self.plan().steps[place.step];
        let reason = match (plan.timeout, stopped) {
            (_, Some(reason)) => reason.clone(),
            _ if halted => Error::new(ErrorKind::Cancelled, "another part of the step failed"),
            (Some(time), _) if at.after(time) <= self.now => {
                timeout(&format!("the step `{}`", plan.id), "timeout", time)
            }
            _ => return,
        };
        let Some(task) = self.node(place) else { return };
        self.wish(Wish::Cancel(task, attempt), Command::Cancel { task, attempt, reason });
    }

    fn schedule_retry(&mut self, place: Place, failures: u32, error: &Error, at: Timestamp) {
        let Some(task) = self.node(place) else { return };
        let Some(retry) = &self.plan().steps[place.step].retry else { return };
        let wait = retry::wait(retry, task, failures, error);
        let event = Event::RetryScheduled { task, failures, until: at.after(wait) };
        self.wish(Wish::Retry(task, failures), Command::Record(event));
    }

    fn wish_frame(&mut self, place: Place) -> Result<(), Error> {
        let Ok(frame) = self.next_node(place) else { return Ok(()) };
        if self.wished.contains(&Wish::Enter(frame)) {
            return Ok(());
        }
        // What it can't be given it can't begin with.
        self.given(place)?;
        let Place { frame: within, step, item } = place;
        let event = Event::FrameStarted { frame, within, step, item };
        self.wish(Wish::Enter(frame), Command::Record(event));
        Ok(())
    }

    fn wish_start(&mut self, place: Place, attempt: u32, resumes: bool) -> Result<(), Error> {
        let task = if resumes { self.node(place) } else { self.next_node(place).ok() };
        let Some(task) = task else { return Ok(()) };
        if self.wished.contains(&Wish::Start(task, attempt)) {
            return Ok(());
        }
        let arguments = self.arguments(place)?;
        let Some(call) = self.plan().steps[place.step].call() else { return Ok(()) };
        let Place { frame, step, item } = place;
        let started = TaskStarted {
            task,
            attempt,
            origin: Origin::Step { frame, step, item },
            operation: call.operation.name.clone(),
            component: call.component,
            arguments: arguments.into(),
        };
        let command = if resumes {
            Command::Resume
        } else {
            self.starting.insert(task, frame);
            Command::Start
        };
        self.wish(Wish::Start(task, attempt), command(started));
        Ok(())
    }

    /// All items of a step have ended, or will not begin any more.
    fn look_at_finished(
        &mut self,
        frame: TaskId,
        step: usize,
        failed: Option<Error>,
        stopped: bool,
    ) {
        let Some(StepState::Running(running)) = self.state.step(frame, step) else { return };
        let (commits, intended) = (running.commits, running.intended);
        if !intended {
            if let Some(error) = failed {
                let event = self.step_failed(frame, step, error);
                return self.wish(Wish::End(frame, step), Command::Record(event));
            }
            if stopped {
                return;
            }
        }
        let changes = match running.changes() {
            Ok(changes) => changes,
            Err(error) => {
                let event = self.step_failed(frame, step, error);
                return self.wish(Wish::End(frame, step), Command::Record(event));
            }
        };
        let commits_changes = self.plan().steps[step].changes == Changes::Commit;
        if running.committed || changes.is_empty() || !commits_changes {
            let event = Event::StepDone { frame, step, error: None, passed: false };
            return self.wish(Wish::End(frame, step), Command::Record(event));
        }
        let around = self.transactions_around(frame).next();
        if let Some(around) = around {
            return self.look_at_joining(around, frame, step, commits, &changes);
        }
        let commit = Command::Commit { frame, step, changes, intended };
        self.wish(Wish::Commit(frame, step, commits), commit);
    }

    /// What a step changed becomes part of the transaction around it, or clashes with what another step
    /// changed there. One step at a time: what one brings may clash with the next.
    fn look_at_joining(
        &mut self,
        around: TaskId,
        frame: TaskId,
        step: usize,
        attempts: u32,
        changes: &[Change],
    ) {
        if *self.joining.entry(around).or_insert((frame, step)) != (frame, step) {
            return;
        }
        let of = self.state.frames.get(&around);
        match of.and_then(|of| of.layer.as_ref()).map(|layer| layer.takes(changes)) {
            Some(Err(error)) => {
                let (conflicts, error) = (Vec::new(), Some(error));
                let clash = Event::CommitDone { frame, step, conflicts, error };
                self.wish(Wish::Commit(frame, step, attempts), Command::Record(clash));
            }
            Some(Ok(())) | None => {
                let event = Event::StepDone { frame, step, error: None, passed: false };
                self.wish(Wish::End(frame, step), Command::Record(event));
            }
        }
    }

    /// Ends a frame whose steps have all ended, or will not go on; with the run's own, the run.
    fn look_at_end(&mut self, frame: TaskId) {
        let Some(of) = self.state.frames.get(&frame) else { return };
        if !self.is_settled(frame, of) {
            return;
        }
        if self.is_compensating(frame, of) {
            self.wish_compensation(frame);
            return;
        }
        let mut late = of.steps.iter().filter(|(step, _)| !self.is_body(**step));
        if late.any(|(_, it)| !matches!(it, StepState::Done(_))) {
            return;
        }
        let failed = of.failed.clone().or_else(|| self.all_spared(of));
        let told = |error: Error| of.compensations.told(error);
        let (wish, event, fails) = match of.of {
            None => {
                let cancelled = self.state.cancelled.clone();
                let cancelled = cancelled.map(|error| Failure { step: None, error });
                let outcome = match cancelled.or(failed) {
                    Some(failure) => Err(failure),
                    None => self.outputs(self.root, &self.plan().outputs),
                };
                let outcome = outcome.map_err(|it| Failure { error: told(it.error), ..it });
                (Wish::Finish, Event::RunDone { outcome: outcome.clone() }, outcome.is_err())
            }
            Some(place) => {
                let error = failed.map(inner).or_else(|| self.halted_item(place));
                let error = error.or_else(|| self.gives(frame).err()).map(told);
                let fails = error.is_some();
                (Wish::Leave(frame), Event::FrameDone { frame, error }, fails)
            }
        };
        // What fails at the very end, an output say, makes all that was done useless too.
        if fails && self.wish_compensation(frame) {
            return;
        }
        self.wish(wish, Command::Record(event));
    }

    /// Why a block failed one step of which would have been enough.
    pub(super) fn all_spared(&self, frame: &Frame) -> Option<Failure> {
        if frame.decided.is_some() { None } else { frame.spared.clone() }
    }
}

/// The error of a block: that of the step inside it that failed, with its name.
fn inner(failure: Failure) -> Error {
    match failure.step {
        None => failure.error,
        Some(step) => {
            let message = format!("step `{step}`: {}", failure.error.message);
            Error { message, ..failure.error }
        }
    }
}

pub(super) fn timeout(who: &str, field: &str, time: Duration) -> Error {
    let message = format!("{who} took longer than its {field} of {time:?}; raise `{field}`");
    Error::new(ErrorKind::Timeout, message).bound(format!("{field}: {time:?}"))
}
