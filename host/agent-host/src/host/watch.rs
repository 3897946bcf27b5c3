//! From facts of runs to what people watch.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use voyager_agent::{Event as Fact, Notice, Observer, Waiting, event::Origin};
use voyager_base::{RunId, TaskId, call::Report, clock::Timestamp};
use voyager_manifest::plan::{Awaited, Plan, Step};
use voyager_process::{Output, Stream};

use super::{Updates, board::Board, cores::Cores};
use crate::protocol::{Event, Update};

/// Who watches which run.
#[derive(Default)]
pub(crate) struct Watchers {
    watches: Mutex<BTreeMap<RunId, Watch>>,
    /// What all runs do now.
    pub(super) board: Board,
}

/// One watched run.
struct Watch {
    updates: Updates,
    /// Ids of the plan's steps.
    steps: Vec<String>,
    /// The signals that they wait for.
    signals: Vec<Option<String>>,
    /// To which execution of a step a task belongs.
    tasks: BTreeMap<TaskId, Execution>,
    going_on: BTreeMap<Execution, GoingOn>,
    /// Why the last attempt of a task failed.
    errors: BTreeMap<TaskId, String>,
    /// Where cores of its guests go, where somebody wants them.
    cores: Option<Arc<Cores>>,
}

/// A step, in one execution of the steps around it: those of a block may run several times at once.
type Execution = (TaskId, usize);

/// A step that is going on.
#[derive(Default)]
struct GoingOn {
    since: Timestamp,
    items: Option<u64>,
    items_done: u64,
    children: u64,
    children_done: u64,
}

impl Watchers {
    /// Sends what happens in `run` to `updates`, and puts cores of its guests into `cores`.
    pub(crate) fn watch(&self, run: RunId, plan: &Plan, updates: Updates, cores: Option<Cores>) {
        let signal = |step: &Step| match step.wait().map(|wait| &wait.on) {
            Some(Awaited::Signal(name)) => Some(name.clone()),
            Some(Awaited::Approval(_)) | None => None,
        };
        let watch = Watch {
            updates,
            steps: plan.steps.iter().map(|step| step.id.clone()).collect(),
            signals: plan.steps.iter().map(signal).collect(),
            tasks: BTreeMap::new(),
            going_on: BTreeMap::new(),
            errors: BTreeMap::new(),
            cores: cores.map(Arc::new),
        };
        self.all().insert(run, watch);
    }

    /// Forgets a run that has ended.
    pub(crate) fn forget(&self, run: RunId) {
        self.all().remove(&run);
    }

    /// Where live output of programs goes.
    pub(crate) fn program_output(self: &Arc<Self>) -> Output {
        let this = Arc::clone(self);
        Arc::new(move |task, stream, bytes| {
            for watch in this.all().values_mut() {
                let Some(step) = watch.step_of(task) else { continue };
                let stream = match stream {
                    Stream::Stdout => "stdout",
                    Stream::Stderr => "stderr",
                };
                let text = String::from_utf8_lossy(bytes).into_owned();
                watch.send(Event::Output { step, stream: stream.to_owned(), text });
            }
        })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<RunId, Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watchers {
    fn notice(&self, run: RunId, at: Timestamp, notice: Notice<'_>) {
        self.board.notice(run, at, &notice);
        let mut all = self.all();
        let Some(watch) = all.get_mut(&run) else { return };
        match notice {
            Notice::Fact(fact) => watch.fact(at, fact),
            Notice::Waits(wait) => watch.waits(wait),
            Notice::ChildStarted { parent, task, of } => watch.child_started(parent, task, of),
            Notice::ChildDone { parent, .. } => watch.child_done(parent),
            Notice::Paused { task } => watch.of_task(task, |step| Event::Paused { step }),
            Notice::Continued { task, after } => {
                let millis = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                watch.of_task(task, |step| Event::Continued { step, millis });
            }
            // Where a task stands is for those who look at the whole host.
            Notice::Queued { .. } | Notice::Computes { .. } => {}
            Notice::Report { task, report } => watch.report(task, report),
        }
    }

    fn core(&self, run: RunId, of: (TaskId, u32), make: &mut dyn FnMut() -> Vec<u8>) {
        let all = self.all();
        let Some(watch) = all.get(&run) else { return };
        let Some((cores, step)) = watch.cores.clone().zip(watch.step_of(of.0)) else { return };
        let updates = watch.updates.clone();
        // Writing takes a while, and others report meanwhile.
        drop(all);
        let told = match cores.write(&step, of, make) {
            Ok(Some(file)) => Update::Event(Event::Core { step, file }),
            Ok(None) => return,
            Err(failed) => Update::Note { text: format!("note: no core of {step}: {failed}") },
        };
        let _ = updates.try_send(told);
    }
}

impl Watch {
    fn fact(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::StepStarted { frame, step, items } => {
                let going_on = GoingOn { since: at, items: *items, ..GoingOn::default() };
                self.going_on.insert((*frame, *step), going_on);
                let tasks = items.unwrap_or(1);
                self.send(Event::StepStarted { step: self.name(*step), tasks });
            }
            Fact::StepSkipped { step, .. } => {
                self.send(Event::StepSkipped { step: self.name(*step) })
            }
            Fact::TaskStarted(started) => {
                if let Origin::Step { frame, step, .. } = started.origin {
                    self.tasks.insert(started.task, (frame, step));
                }
            }
            Fact::TaskDone { task, result, .. } => self.task_done(*task, result.as_ref().err()),
            Fact::RetryScheduled { task, failures, .. } => {
                let error = self.errors.get(task).cloned().unwrap_or_default();
                if let Some(step) = self.step_of(*task) {
                    self.send(Event::Retry { step, attempt: failures + 1, error });
                }
            }
            Fact::StepDone { frame, step, error, passed } => {
                self.step_done(at, (*frame, *step), error.as_ref(), *passed)
            }
            _ => {}
        }
    }

    fn task_done(&mut self, task: TaskId, error: Option<&voyager_base::Error>) {
        if let Some(error) = error {
            self.errors.insert(task, format!("{}: {}", error.kind, error.message));
        }
        let Some(execution) = self.tasks.get(&task).copied() else { return };
        let Some(going_on) = self.going_on.get_mut(&execution) else { return };
        going_on.items_done += 1;
        if let Some(total) = going_on.items {
            let done = going_on.items_done;
            let note = String::new();
            self.send(Event::StepProgress {
                step: self.name(execution.1),
                done,
                total: Some(total),
                note,
            });
        }
    }

    fn step_done(
        &mut self,
        at: Timestamp,
        execution: Execution,
        error: Option<&voyager_base::Error>,
        passed: bool,
    ) {
        // A step whose condition or items have no value ends before it began.
        let begun = GoingOn { since: at, ..GoingOn::default() };
        let going_on = self.going_on.remove(&execution).unwrap_or(begun);
        let name = self.name(execution.1);
        if let Some(error) = error {
            let error = format!("{}: {}", error.kind, error.message);
            return self.send(Event::StepFailed { step: name, error, goes_on: passed });
        }
        let millis = u64::try_from(at.since(going_on.since).as_millis()).unwrap_or(u64::MAX);
        let note = match (going_on.items, going_on.children) {
            (Some(items), _) => format!("{items} items"),
            (None, 0) => String::new(),
            (None, children) => format!("{children} child tasks"),
        };
        self.send(Event::StepDone { step: name, millis, note });
    }

    fn waits(&self, wait: &Waiting) {
        let step = self.name(wait.step);
        let signal = self.signals.get(wait.step).cloned().flatten();
        let (wait, show) = (wait.id.to_string(), wait.shown.clone());
        self.send(Event::Waits { step, wait, show, signal });
    }

    fn child_started(&mut self, parent: TaskId, task: TaskId, of: u64) {
        let Some(execution) = self.tasks.get(&parent).copied() else { return };
        self.tasks.insert(task, execution);
        if let Some(going_on) = self.going_on.get_mut(&execution) {
            going_on.children = going_on.children.max(of);
        }
    }

    fn child_done(&mut self, parent: TaskId) {
        let Some(execution) = self.tasks.get(&parent).copied() else { return };
        let Some(going_on) = self.going_on.get_mut(&execution) else { return };
        going_on.children_done += 1;
        let (done, total) = (going_on.children_done, going_on.children);
        let (step, note) = (self.name(execution.1), "child tasks".to_owned());
        self.send(Event::StepProgress { step, done, total: Some(total), note });
    }

    fn report(&mut self, task: TaskId, report: &Report) {
        let Some(step) = self.step_of(task) else { return };
        self.send(match report.clone() {
            Report::Progress { done, total, note } => {
                Event::StepProgress { step, done, total, note }
            }
            Report::Log { level, message } => Event::Log { step, level, message },
        });
    }

    fn of_task(&self, task: TaskId, event: impl FnOnce(String) -> Event) {
        if let Some(step) = self.step_of(task) {
            self.send(event(step));
        }
    }

    fn step_of(&self, task: TaskId) -> Option<String> {
        self.tasks.get(&task).map(|(_, step)| self.name(*step))
    }

    fn name(&self, step: usize) -> String {
        self.steps.get(step).cloned().unwrap_or_else(|| format!("step {step}"))
    }

    fn send(&self, event: Event) {
        // Who can't keep up misses events; the journal has them all.
        let _ = self.updates.try_send(Update::Event(event));
    }
}
