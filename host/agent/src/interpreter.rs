//! What a run does next.
//!
//! A machine without clock, disk or chance: facts go in ([`Interpreter::apply`]), wishes come out
//! ([`Interpreter::poll_command`]), and whoever fulfils a wish appends the fact that it leads to. All
//! that lasts follows from plan and facts. Which wishes have been given out does not last: after a
//! crash the same facts lead to the same wishes again, and that is all there is to resuming.

mod retry;
mod scope;
mod state;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use voyager_base::{
    Error, ErrorKind, Limits, RunId, TaskId, Type, Value, clock::Timestamp, value,
    workspace::Change,
};
use voyager_manifest::{
    convert::convert,
    plan::{Argument, Changes, FailMode, Handling, Plan, Step},
};

pub use self::state::State;
use self::{
    scope::StepScope,
    state::{Running, StepState, Unit, UnitState},
};
use crate::event::{Event, Failure, Origin, RunStarted, TaskStarted};

/// What a run wants next.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Record this decision: it needs nobody's help.
    Record(Event),
    /// Record that the task starts, and start it.
    Start(TaskStarted),
    /// Record that the task goes on in its attempt, and start it, answered from the record.
    Resume(TaskStarted),
    /// Stop the task; it ends with this error.
    Cancel {
        /// The task.
        task: TaskId,
        /// Its attempt.
        attempt: u32,
        /// Why.
        reason: Error,
    },
    /// Make changes real.
    Commit {
        /// The step's position in the plan.
        step: usize,
        /// The changes, ordered by folder and path.
        changes: Vec<Change>,
        /// Whether the intent is recorded already, by an earlier owner.
        intended: bool,
    },
}

/// Outputs of a run in the order of the plan, or why it failed.
pub type Outcome = Result<Vec<(String, Value)>, Failure>;

/// The facts don't fit the plan or each other: they are damaged, or this is a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fact `{event}` does not fit the run: {reason}")]
pub struct Misplaced {
    /// Name of the fact.
    pub event: &'static str,
    /// Why not.
    pub reason: String,
}

/// Decides what one run does next.
pub struct Interpreter {
    run: RunId,
    started: RunStarted,
    /// Positions of steps by their ids.
    ids: BTreeMap<String, usize>,
    inputs: BTreeMap<String, Value>,
    state: State,
    /// Items of running steps, as expressions give them.
    items: BTreeMap<usize, Vec<Value>>,
    /// Wishes that have been given out.
    wished: BTreeSet<Wish>,
    /// Tasks whose start is wished and not yet a fact.
    starting: BTreeSet<TaskId>,
    commands: VecDeque<Command>,
    /// Whether something has changed since wishes were last looked for.
    stale: bool,
    /// The time as far as it has been told.
    now: Timestamp,
}

/// What tells wishes apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    Step(usize),
    End(usize),
    Start(TaskId, u32),
    Cancel(TaskId, u32),
    Retry(TaskId, u32),
    Commit(usize, u32),
    Deadline,
    Finish,
}

impl Interpreter {
    /// A run that has just begun.
    pub fn new(run: RunId, started: RunStarted, at: Timestamp) -> Self {
        let steps = started.plan.steps.len();
        Self::with_state(run, started, State::new(at, steps))
    }

    /// A run whose state was kept.
    pub fn with_state(run: RunId, started: RunStarted, state: State) -> Self {
        let ids = started.plan.steps.iter().enumerate();
        let ids = ids.map(|(position, step)| (step.id.clone(), position)).collect();
        let inputs = started.inputs.iter().cloned().collect();
        let now = state.last;
        Self {
            run,
            started,
            ids,
            inputs,
            state,
            items: BTreeMap::new(),
            wished: BTreeSet::new(),
            starting: BTreeSet::new(),
            commands: VecDeque::new(),
            stale: true,
            now,
        }
    }

    /// All that lasts.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the run began with.
    pub fn started(&self) -> &RunStarted {
        &self.started
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.started.plan
    }

    /// How the run ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.state.outcome.as_ref()
    }

    /// Tells the time.
    pub fn handle_time(&mut self, now: Timestamp) {
        if self.now < now {
            self.now = now;
            self.stale = true;
        }
    }

    /// The next wish. Each is given out once.
    pub fn poll_command(&mut self) -> Option<Command> {
        if self.commands.is_empty() && self.stale {
            self.stale = false;
            self.look_for_wishes();
        }
        self.commands.pop_front()
    }

    /// Forgets which wishes were given out, so that all are given out again.
    pub fn forget_wishes(&mut self) {
        self.wished.clear();
        self.starting.clear();
        self.commands.clear();
        self.stale = true;
    }

    /// The time at which something happens by itself, and what.
    pub fn poll_timeout(&self) -> Option<(Timestamp, &'static str)> {
        if self.state.outcome.is_some() {
            return None;
        }
        let deadline = self.deadline().map(|at| (at, "the deadline of the run"));
        let deadline = deadline.filter(|_| self.state.stopping.is_none());
        let units = self.state.running().flat_map(|(step, running)| {
            let timeout = self.plan().steps[step].timeout;
            running.open().filter_map(move |(_, unit)| match unit.state {
                UnitState::Started { at } => {
                    timeout.map(|time| (at.after(time), "the timeout of a step"))
                }
                UnitState::Backoff { until } => Some((until, "the next attempt of a step")),
                _ => None,
            })
        });
        units.chain(deadline).filter(|(at, _)| self.now < *at).min_by_key(|(at, _)| *at)
    }

    /// The grants layer of a step, and the most that its tasks may use.
    pub fn limits(&self, step: usize) -> Limits {
        self.plan().steps[step].limits.lowest(&self.started.limits)
    }

    /// The task of an item of a step.
    pub fn task(&self, step: usize, item: u64) -> TaskId {
        TaskId::root(self.run).child(&self.plan().steps[step].id, item)
    }

    /// Takes a fact. Facts of effects and of child tasks are none of its business.
    ///
    /// # Errors
    /// [`Misplaced`]; the state is of no use any more.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), Misplaced> {
        self.state.last = self.state.last.max(at);
        self.now = self.now.max(at);
        self.stale = true;
        let misplaced = |reason: String| Misplaced { event: event.name(), reason };
        match event {
            Event::RunStarted(_)
            | Event::EffectIntended { .. }
            | Event::EffectAnswered { .. }
            | Event::EffectDenied { .. }
            | Event::ChildrenRequested { .. } => Ok(()),
            Event::RunResumed { rerun, .. } => {
                self.interrupt(rerun);
                Ok(())
            }
            Event::StepStarted { step, items } => self.begin(*step, *items).map_err(misplaced),
            Event::StepSkipped { step } => {
                let none = self.none(*step);
                self.end(*step, none).map_err(misplaced)
            }
            Event::TaskStarted(started) => match started.origin {
                Origin::Parent { .. } => Ok(()),
                Origin::Step { step, item } => {
                    self.start(at, step, item, started).map_err(misplaced)
                }
            },
            Event::TaskResumed { task, attempt } => {
                self.starting.remove(task);
                let unit = self.unit(*task, *attempt).map_err(misplaced)?;
                unit.state = UnitState::Started { at };
                Ok(())
            }
            Event::TaskDone { task, attempt, result, changes } => {
                if !self.state.tasks.contains_key(task) {
                    return Ok(());
                }
                self.unit(*task, *attempt).map_err(misplaced)?;
                self.finish(*task, result.as_ref().map(|bytes| bytes.as_slice()), changes)
                    .map_err(misplaced)
            }
            Event::RetryScheduled { task, until, .. } => {
                let (step, item) =
                    *self.state.tasks.get(task).ok_or_else(|| misplaced(unknown(*task)))?;
                let unit = self.state.unit(step, item).map_err(misplaced)?;
                unit.state = UnitState::Backoff { until: *until };
                Ok(())
            }
            Event::CommitIntended { step, .. } => {
                self.running(*step).map_err(misplaced)?.intended = true;
                Ok(())
            }
            Event::CommitDone { step, conflicts, error } => {
                let id = self.step_id(*step);
                let error = error.clone().or_else(|| conflict(&id, conflicts));
                self.committed(*step, error).map_err(misplaced)
            }
            Event::StepDone { step, error, passed } => {
                self.step_done(*step, error.as_ref(), *passed).map_err(misplaced)
            }
            Event::RunCancelRequested { reason } => {
                let failure = Failure { step: None, error: reason.clone() };
                self.state.stopping.get_or_insert(failure);
                Ok(())
            }
            Event::RunDone { outcome } => {
                self.state.outcome = Some(outcome.clone());
                self.commands.clear();
                Ok(())
            }
        }
    }

    // Facts.

    fn interrupt(&mut self, rerun: &[TaskId]) {
        let run = self.run;
        let ids: Vec<String> = self.plan().steps.iter().map(|step| step.id.clone()).collect();
        for (step, running) in self.state.running_mut() {
            for (item, unit) in running.units.iter_mut().enumerate() {
                if matches!(unit.state, UnitState::Started { .. }) {
                    let task = TaskId::root(run).child(&ids[step], item as u64);
                    unit.state = UnitState::Interrupted { bound: rerun.contains(&task) };
                }
            }
        }
        self.forget_wishes();
    }

    fn begin(&mut self, step: usize, items: Option<u64>) -> Result<(), String> {
        if !matches!(self.state.steps.get(step), Some(StepState::Waiting)) {
            return Err(format!("step number {step} does not wait"));
        }
        let units = usize::try_from(items.unwrap_or(1)).map_err(|_| "too many items".to_owned())?;
        if ITEMS_MAX < units {
            return Err("too many items".to_owned());
        }
        self.state.steps[step] = StepState::Running(Running::new(units));
        Ok(())
    }

    fn start(
        &mut self,
        at: Timestamp,
        step: usize,
        item: u64,
        started: &TaskStarted,
    ) -> Result<(), String> {
        let unit = self.state.unit(step, item)?;
        if started.attempt <= unit.attempt {
            return Err(format!("attempt {} follows attempt {}", started.attempt, unit.attempt));
        }
        unit.attempt = started.attempt;
        unit.state = UnitState::Started { at };
        self.starting.remove(&started.task);
        self.state.tasks.insert(started.task, (step, item));
        Ok(())
    }

    fn finish(
        &mut self,
        task: TaskId,
        result: Result<&[u8], &Error>,
        changes: &[Change],
    ) -> Result<(), String> {
        let (step, item) = self.state.tasks[&task];
        let checked = match result {
            Err(error) => Err(error.clone()),
            Ok(bytes) => {
                let value = self.decode(step, bytes)?;
                self.expected(step, item, value.as_ref()).map(|()| value)
            }
        };
        match checked {
            Ok(value) => {
                let running = self.running(step)?;
                running.finish(item, Ok(value))?;
                running.unit(item)?.changes = changes.to_vec();
            }
            Err(error) => self.failed(step, item, error)?,
        }
        Ok(())
    }

    /// An attempt failed: there is another one, or the item has failed for good.
    fn failed(&mut self, step: usize, item: u64, error: Error) -> Result<(), String> {
        let plan = &self.started.plan.steps[step];
        let stopping = self.state.stopping.is_some();
        let collects = plan.for_each.as_ref().is_some_and(|each| each.fail == FailMode::Collect);
        let (retry, at) = (plan.retry.clone(), self.state.last);
        let running = self.running(step)?;
        let others_failed = running.failed.is_some();
        let unit = running.unit(item)?;
        unit.failures += 1;
        let again = retry.is_some_and(|retry| retry::applies(&retry, unit.failures, error.kind));
        if again && !stopping && !others_failed {
            unit.state = UnitState::Failed { error, at };
            return Ok(());
        }
        running.finish(item, Err(error.clone()))?;
        if !collects {
            running.failed.get_or_insert(error);
        }
        Ok(())
    }

    fn committed(&mut self, step: usize, error: Option<Error>) -> Result<(), String> {
        let single = self.plan().steps.get(step).is_some_and(|step| step.for_each.is_none());
        let running = self.running(step)?;
        running.intended = false;
        running.commits += 1;
        let Some(error) = error else {
            running.committed = true;
            return Ok(());
        };
        if single {
            running.unit(0)?.changes.clear();
            running.first = 0;
            return self.failed(step, 0, error);
        }
        running.failed = Some(error);
        Ok(())
    }

    fn step_done(
        &mut self,
        step: usize,
        error: Option<&Error>,
        passed: bool,
    ) -> Result<(), String> {
        let id = self.step_id(step);
        match error {
            None => {
                let value = self.result(step)?;
                self.end(step, value)
            }
            Some(_) if passed => {
                let none = self.none(step);
                self.end(step, none)
            }
            Some(error) => {
                let failure = Failure { step: Some(id), error: error.clone() };
                self.state.stopping.get_or_insert(failure);
                self.end(step, None)
            }
        }
    }

    fn end(&mut self, step: usize, value: Option<Value>) -> Result<(), String> {
        let state =
            self.state.steps.get_mut(step).ok_or_else(|| format!("there is no step {step}"))?;
        if matches!(state, StepState::Done(_)) {
            return Err(format!("step number {step} ended before"));
        }
        *state = StepState::Done(value);
        self.state.tasks.retain(|_, (of, _)| *of != step);
        self.items.remove(&step);
        Ok(())
    }

    fn running(&mut self, step: usize) -> Result<&mut Running, String> {
        self.state.running_step(step)
    }

    fn unit(&mut self, task: TaskId, attempt: u32) -> Result<&mut Unit, String> {
        let (step, item) = *self.state.tasks.get(&task).ok_or_else(|| unknown(task))?;
        let unit = self.state.unit(step, item)?;
        if unit.attempt != attempt {
            return Err(format!("attempt {attempt} is not attempt {}", unit.attempt));
        }
        Ok(unit)
    }

    fn step_id(&self, step: usize) -> String {
        self.plan().steps.get(step).map(|step| step.id.clone()).unwrap_or_default()
    }

    // Values.

    fn decode(&self, step: usize, bytes: &[u8]) -> Result<Option<Value>, String> {
        let Some(ty) = self.plan().steps[step].operation.success() else { return Ok(None) };
        value::decode(ty, bytes).map(Some).map_err(|error| error.to_string())
    }

    fn expected(&mut self, step: usize, item: u64, result: Option<&Value>) -> Result<(), Error> {
        if self.plan().steps[step].expect.is_empty() {
            return Ok(());
        }
        self.with_scope(step, Some(item), result, |plan, scope| {
            for expectation in &plan.expect {
                match expectation.that.evaluate(scope) {
                    Ok(Value::Bool(true)) => {}
                    Ok(_) => {
                        let message = expectation.message.clone();
                        return Err(Error::new(ErrorKind::Expectation, message));
                    }
                    Err(error) => return Err(Error::invalid(format!("expect: {error}"))),
                }
            }
            Ok(())
        })?
    }

    /// The value of a step that did not run, or failed and was passed over.
    fn none(&self, step: usize) -> Option<Value> {
        self.plan().steps.get(step)?.result.as_ref().map(|_| Value::NONE)
    }

    /// The value of a step all of whose items have ended well.
    fn result(&self, step: usize) -> Result<Option<Value>, String> {
        let plan = self.plan().steps.get(step).ok_or_else(|| format!("there is no step {step}"))?;
        let (Some(ty), Some(success)) = (&plan.result, plan.operation.success()) else {
            return Ok(None);
        };
        let StepState::Running(running) = &self.state.steps[step] else {
            return Err(format!("step number {step} does not run"));
        };
        let Some(each) = &plan.for_each else {
            let Some(UnitState::Done(Ok(Some(value)))) = running.units.first().map(|it| &it.state)
            else {
                return Err(format!("step number {step} has no result"));
            };
            return Ok(Some(wrap(value.clone(), ty, success)));
        };
        let collects = each.fail == FailMode::Collect;
        let mut values = Vec::with_capacity(running.units.len());
        for unit in &running.units {
            match &unit.state {
                UnitState::Done(Ok(Some(value))) if collects => {
                    values.push(Value::some(value.clone()));
                }
                UnitState::Done(Ok(Some(value))) => values.push(value.clone()),
                UnitState::Done(Err(_)) if collects => values.push(Value::NONE),
                _ => return Err(format!("an item of step number {step} has no result")),
            }
        }
        let element = if collects { Type::option(success.clone()) } else { success.clone() };
        Ok(Some(wrap(list(values, &element), ty, &Type::list(element))))
    }

    fn with_scope<T>(
        &mut self,
        step: usize,
        item: Option<u64>,
        result: Option<&Value>,
        with: impl FnOnce(&Step, &StepScope<'_>) -> T,
    ) -> Result<T, Error> {
        if item.is_some() {
            self.items_of(step)?;
        }
        let plan = &self.started.plan.steps[step];
        let variable = plan.for_each.as_ref().and_then(|each| {
            let values = self.items.get(&step)?;
            let value = values.get(usize::try_from(item?).ok()?)?;
            Some((each.variable.as_str(), value))
        });
        let scope = StepScope {
            inputs: &self.inputs,
            ids: &self.ids,
            steps: &self.state.steps,
            variable,
            result,
        };
        Ok(with(plan, &scope))
    }

    /// Number of items, whose values are computed where that was not done before.
    fn items_of(&mut self, step: usize) -> Result<Option<u64>, Error> {
        if self.plan().steps[step].for_each.is_none() {
            return Ok(None);
        }
        if !self.items.contains_key(&step) {
            let items = self.with_scope(step, None, None, |plan, scope| {
                let each = plan.for_each.as_ref().expect("asked above");
                each.items.evaluate(scope)
            })?;
            let values = match items {
                Ok(Value::List(values)) => values,
                Ok(Value::Bytes(bytes)) => {
                    bytes.into_iter().map(|byte| Value::Int(byte.into())).collect()
                }
                Ok(_) => return Err(Error::invalid("for-each.in: gives no list")),
                Err(error) => return Err(Error::invalid(format!("for-each.in: {error}"))),
            };
            if ITEMS_MAX < values.len() {
                return Err(Error::limit("items", ITEMS_MAX));
            }
            self.items.insert(step, values);
        }
        Ok(self.items.get(&step).map(|values| values.len() as u64))
    }

    fn arguments(&mut self, step: usize, item: u64) -> Result<Vec<u8>, Error> {
        let values = self.with_scope(step, Some(item), None, |plan, scope| {
            let parameters = plan.operation.parameters.iter();
            let values = parameters.zip(&plan.arguments).map(|((name, ty), argument)| {
                compute(argument, ty, scope)
                    .map_err(|error| Error::invalid(format!("with.{name}: {error}")))
            });
            values.collect::<Result<Vec<Value>, Error>>()
        })??;
        Ok(value::encode_tuple(&values))
    }

    fn outputs(&self) -> Outcome {
        let scope = StepScope {
            inputs: &self.inputs,
            ids: &self.ids,
            steps: &self.state.steps,
            variable: None,
            result: None,
        };
        let failure = |name: &str, reason: String| Failure {
            step: None,
            error: Error::invalid(format!("outputs.{name}: {reason}")),
        };
        let output = |output: &voyager_manifest::plan::Output| {
            let value = output.from.evaluate(&scope);
            let value = value.map_err(|error| failure(&output.name, error.to_string()))?;
            let value = convert(value, &output.ty);
            let value = value.map_err(|error| failure(&output.name, error.to_string()))?;
            Ok((output.name.clone(), value))
        };
        self.plan().outputs.iter().map(output).collect()
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.plan().bounds.deadline.map(|time| self.state.began.after(time))
    }

    // Wishes.

    fn wish(&mut self, wish: Wish, command: Command) {
        if self.wished.insert(wish) {
            self.commands.push_back(command);
        }
    }

    fn look_for_wishes(&mut self) {
        if self.state.outcome.is_some() {
            return;
        }
        if self.state.stopping.is_none() && self.deadline().is_some_and(|at| at <= self.now) {
            let time = self.plan().bounds.deadline.unwrap_or_default();
            let reason = timeout("the run", "deadline", time);
            self.wish(Wish::Deadline, Command::Record(Event::RunCancelRequested { reason }));
        }
        let mut busy = self.busy();
        for step in 0..self.state.steps.len() {
            match &self.state.steps[step] {
                StepState::Done(_) => {}
                StepState::Waiting => self.look_at_waiting(step),
                StepState::Running(_) => self.look_at_running(step, &mut busy),
            }
        }
        self.look_at_end();
    }

    fn look_at_waiting(&mut self, step: usize) {
        let ready = |needed: &usize| matches!(self.state.steps[*needed], StepState::Done(_));
        if self.state.stopping.is_some()
            || !self.plan().steps[step].needs.iter().all(ready)
            || self.wished.contains(&Wish::Step(step))
        {
            return;
        }
        let event = match self.holds(step) {
            Ok(false) => Event::StepSkipped { step },
            Ok(true) => match self.items_of(step) {
                Ok(items) => Event::StepStarted { step, items },
                Err(error) => self.step_failed(step, error),
            },
            Err(error) => self.step_failed(step, error),
        };
        self.wish(Wish::Step(step), Command::Record(event));
    }

    fn holds(&mut self, step: usize) -> Result<bool, Error> {
        self.with_scope(step, None, None, |plan, scope| match &plan.when {
            None => Ok(true),
            Some(condition) => match condition.evaluate(scope) {
                Ok(Value::Bool(holds)) => Ok(holds),
                Ok(_) => Err(Error::invalid("when: gives neither true nor false")),
                Err(error) => Err(Error::invalid(format!("when: {error}"))),
            },
        })?
    }

    fn step_failed(&self, step: usize, error: Error) -> Event {
        let handlers = &self.plan().steps[step].on_error;
        let named =
            handlers.iter().find(|it| it.kinds.is_empty() || it.kinds.contains(&error.kind));
        let passed = named.is_some_and(|handler| handler.then == Handling::Continue);
        Event::StepDone { step, error: Some(error), passed }
    }

    fn look_at_running(&mut self, step: usize, busy: &mut u32) {
        let StepState::Running(running) = &self.state.steps[step] else { return };
        let (failed, stopping) = (running.failed.clone(), self.state.stopping.clone());
        let halted = failed.is_some() || stopping.is_some();
        let first = running.first;
        let mut active = 0_u32;
        let mut open = false;
        let mut broken = None;
        for item in first..running.units.len() {
            if broken.is_some() {
                break;
            }
            let StepState::Running(running) = &self.state.steps[step] else { return };
            let unit = &running.units[item];
            let (attempt, failures, item) = (unit.attempt, unit.failures, item as u64);
            match &unit.state {
                UnitState::Done(_) => {}
                UnitState::Started { at } => {
                    (active, open) = (active + 1, true);
                    let at = *at;
                    self.look_at_started(step, item, attempt, at, halted);
                }
                _ if halted => {}
                UnitState::Failed { error, at } => {
                    open = true;
                    let (error, at) = (error.clone(), *at);
                    self.schedule_retry(step, item, failures, &error, at);
                }
                UnitState::Interrupted { bound: true } => {
                    (active, open) = (active + 1, true);
                    broken = self.wish_start(step, item, attempt, true).err();
                }
                UnitState::Backoff { until } if self.now < *until => open = true,
                UnitState::Waiting
                | UnitState::Backoff { .. }
                | UnitState::Interrupted { bound: false } => {
                    open = true;
                    let task = self.task(step, item);
                    if self.starting.contains(&task) {
                        active += 1;
                    } else if self.has_room(step, active, *busy) {
                        (active, *busy) = (active + 1, *busy + 1);
                        broken = self.wish_start(step, item, attempt + 1, false).err();
                    } else if matches!(
                        unit_state(&self.state, step, item),
                        Some(UnitState::Waiting)
                    ) {
                        break;
                    }
                }
            }
        }
        if broken.is_some() {
            open = self.cancel_started(step);
        }
        if !open {
            self.look_at_finished(step, failed.or(broken), stopping.is_some());
        }
    }

    /// Stops what runs of a step whose other items can't begin. Whether there is anything.
    fn cancel_started(&mut self, step: usize) -> bool {
        let StepState::Running(running) = &self.state.steps[step] else { return false };
        let started = running.open().filter_map(|(item, unit)| match unit.state {
            UnitState::Started { at } => Some((item as u64, unit.attempt, at)),
            _ => None,
        });
        let started: Vec<(u64, u32, Timestamp)> = started.collect();
        for (item, attempt, at) in &started {
            self.look_at_started(step, *item, *attempt, *at, true);
        }
        !started.is_empty()
    }

    fn has_room(&self, step: usize, active: u32, busy: u32) -> bool {
        let bound = self.plan().bounds.parallel;
        let of_step = self.plan().steps[step].for_each.as_ref().map_or(0, |each| each.parallel);
        (bound == 0 || busy < bound) && (of_step == 0 || active < of_step)
    }

    /// Tasks that run or are about to.
    fn busy(&self) -> u32 {
        let units = self.state.running().flat_map(|(_, running)| running.open());
        let busy = units.filter(|(_, unit)| {
            matches!(unit.state, UnitState::Started { .. } | UnitState::Interrupted { bound: true })
        });
        u32::try_from(busy.count() + self.starting.len()).unwrap_or(u32::MAX)
    }

    fn look_at_started(
        &mut self,
        step: usize,
        item: u64,
        attempt: u32,
        at: Timestamp,
        halted: bool,
    ) {
        let plan = &self.plan().steps[step];
        let reason = match (plan.timeout, &self.state.stopping) {
            (_, Some(failure)) if failure.step.is_none() => failure.error.clone(),
            _ if halted => Error::new(ErrorKind::Cancelled, "another part of the run failed"),
            (Some(time), _) if at.after(time) <= self.now => {
                timeout(&format!("the step `{}`", plan.id), "timeout", time)
            }
            _ => return,
        };
        let task = self.task(step, item);
        self.wish(Wish::Cancel(task, attempt), Command::Cancel { task, attempt, reason });
    }

    fn schedule_retry(
        &mut self,
        step: usize,
        item: u64,
        failures: u32,
        error: &Error,
        at: Timestamp,
    ) {
        let task = self.task(step, item);
        let Some(retry) = &self.plan().steps[step].retry else { return };
        let wait = retry::wait(retry, task, failures, error);
        let event = Event::RetryScheduled { task, failures, until: at.after(wait) };
        self.wish(Wish::Retry(task, failures), Command::Record(event));
    }

    fn wish_start(
        &mut self,
        step: usize,
        item: u64,
        attempt: u32,
        resumes: bool,
    ) -> Result<(), Error> {
        let task = self.task(step, item);
        if self.wished.contains(&Wish::Start(task, attempt)) {
            return Ok(());
        }
        let arguments = self.arguments(step, item)?;
        let plan = &self.plan().steps[step];
        let started = TaskStarted {
            task,
            attempt,
            origin: Origin::Step { step, item },
            operation: plan.operation.name.clone(),
            component: plan.component,
            arguments: arguments.into(),
        };
        let command = if resumes {
            Command::Resume
        } else {
            self.starting.insert(task);
            Command::Start
        };
        self.wish(Wish::Start(task, attempt), command(started));
        Ok(())
    }

    /// All items of a step have ended, or will not begin any more.
    fn look_at_finished(&mut self, step: usize, failed: Option<Error>, stopping: bool) {
        let StepState::Running(running) = &self.state.steps[step] else { return };
        let (commits, intended) = (running.commits, running.intended);
        if !intended {
            if let Some(error) = failed {
                let event = self.step_failed(step, error);
                return self.wish(Wish::End(step), Command::Record(event));
            }
            if stopping {
                return;
            }
        }
        let changes = match running.changes() {
            Ok(changes) => changes,
            Err(error) => {
                let event = self.step_failed(step, error);
                return self.wish(Wish::End(step), Command::Record(event));
            }
        };
        let commits_changes = self.plan().steps[step].changes == Changes::Commit;
        if running.committed || changes.is_empty() || !commits_changes {
            let event = Event::StepDone { step, error: None, passed: false };
            return self.wish(Wish::End(step), Command::Record(event));
        }
        self.wish(Wish::Commit(step, commits), Command::Commit { step, changes, intended });
    }

    fn look_at_end(&mut self) {
        let outcome = match &self.state.stopping {
            Some(failure) if self.state.is_idle() => Err(failure.clone()),
            None if self.state.is_over() => self.outputs(),
            _ => return,
        };
        self.wish(Wish::Finish, Command::Record(Event::RunDone { outcome }));
    }
}

/// Items of one step. The bound protects the journal and the memory of the host.
const ITEMS_MAX: usize = 1_000_000;

fn unit_state(state: &State, step: usize, item: u64) -> Option<&UnitState> {
    let StepState::Running(running) = state.steps.get(step)? else { return None };
    running.units.get(usize::try_from(item).ok()?).map(|unit| &unit.state)
}

fn compute(argument: &Argument, ty: &Type, scope: &StepScope<'_>) -> Result<Value, Error> {
    let invalid = |error: &dyn std::fmt::Display| Error::invalid(error.to_string());
    match (argument, ty) {
        (Argument::Literal(value), _) => Ok(value.clone()),
        (Argument::Computed(expression), _) => {
            let value = expression.evaluate(scope).map_err(|error| invalid(&error))?;
            convert(value, ty).map_err(|error| invalid(&error))
        }
        (argument, Type::Option(ty)) => compute(argument, ty, scope).map(Value::some),
        (Argument::Record(fields), ty) => {
            let field = |(name, argument): &(String, Argument)| {
                let ty = ty.field(name);
                let ty = ty.ok_or_else(|| Error::invalid(format!("there is no field `{name}`")))?;
                Ok((name.clone(), compute(argument, ty, scope)?))
            };
            fields.iter().map(field).collect::<Result<_, Error>>().map(Value::Record)
        }
        (Argument::List(arguments), Type::Tuple(types)) => {
            let values = arguments.iter().zip(types).map(|(it, ty)| compute(it, ty, scope));
            values.collect::<Result<_, Error>>().map(Value::Tuple)
        }
        (Argument::List(arguments), Type::List(ty)) => {
            let values = arguments.iter().map(|it| compute(it, ty, scope));
            values.collect::<Result<_, Error>>().map(Value::List)
        }
        (Argument::List(arguments), Type::Bytes) => {
            let element = Type::Int(voyager_base::types::IntKind::U8);
            let values = arguments.iter().map(|it| compute(it, &element, scope));
            values.collect::<Result<_, Error>>().map(|values| list(values, &element))
        }
        (Argument::List(_), _) => Err(Error::invalid(format!("a list is no {ty}"))),
    }
}

/// A list of values of one type; of `u8`, bytes.
fn list(values: Vec<Value>, element: &Type) -> Value {
    if Type::list(element.clone()) != Type::Bytes {
        return Value::List(values);
    }
    let byte = |value: &Value| match value {
        Value::Int(byte) => u8::try_from(*byte).unwrap_or_default(),
        _ => 0,
    };
    Value::Bytes(values.iter().map(byte).collect())
}

/// `value` as a present option where `ty` is an option of `inner`, the type of `value`.
fn wrap(value: Value, ty: &Type, inner: &Type) -> Value {
    if matches!(ty, Type::Option(_)) && !ty.same(inner) { Value::some(value) } else { value }
}

fn conflict(step: &str, conflicts: &[voyager_base::workspace::Conflict]) -> Option<Error> {
    let first = conflicts.first()?;
    let others = match conflicts.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    Some(Error::new(
        ErrorKind::Conflict,
        format!(
            "nothing that the step `{step}` changed was written, since somebody else changed \
             `{}` in `{}`{others}: {}",
            first.path, first.root, first.reason
        ),
    ))
}

fn timeout(who: &str, field: &str, time: Duration) -> Error {
    let message = format!("{who} took longer than its {field} of {time:?}; raise `{field}`");
    Error::new(ErrorKind::Timeout, message).bound(format!("{field}: {time:?}"))
}

fn unknown(task: TaskId) -> String {
    format!("task {task} is unknown")
}
