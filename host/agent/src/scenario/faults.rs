//! Faults that strike after a record: a host that dies, a clock that jumps.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use voyager_base::{
    BoxFuture, RunId, TaskId,
    chain::Head,
    record::{AppendError, Batch, Content, Entry, Journal, ReadError},
    sim::{CrashModel, SimClock, wait},
};
use voyager_manifest::{
    Scenario,
    scenario::{Fault, Span, When},
};

use crate::event::{self, Event, Origin};

/// The faults of a scenario that strike after records, and how far they are.
pub(super) struct Faults {
    clock: SimClock,
    /// Whether there ever were any.
    any: bool,
    dead: AtomicBool,
    state: Mutex<State>,
}

struct State {
    pending: Vec<Pending>,
    /// For each task, the step that it belongs to.
    steps: BTreeMap<TaskId, usize>,
    /// What the disk of the dead host keeps.
    keeps: Option<CrashModel>,
}

struct Pending {
    span: Span,
    when: When,
    strike: Strike,
    seen: u32,
}

#[derive(Clone, Copy)]
enum Strike {
    Kill(CrashModel),
    Jump(Duration),
}

impl Faults {
    pub(super) fn new(scenario: &Scenario, clock: SimClock) -> Self {
        let pending = scenario.faults.iter().filter_map(|(span, fault)| match fault {
            Fault::Kill { when, disk } => Some((span, when, Strike::Kill(*disk))),
            Fault::Jump { when, by } => Some((span, when, Strike::Jump(*by))),
            Fault::Fail { .. } | Fault::Delay { .. } => None,
        });
        let pending = pending.map(|(span, when, strike)| Pending {
            span: span.clone(),
            when: when.clone(),
            strike,
            seen: 0,
        });
        let pending: Vec<Pending> = pending.collect();
        let any = !pending.is_empty();
        let state = State { pending, steps: BTreeMap::new(), keeps: None };
        Self { clock, any, dead: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// The faults that have not struck.
    pub(super) fn idle(&self) -> Vec<Span> {
        self.state().pending.iter().map(|fault| fault.span.clone()).collect()
    }

    /// The journal with the faults over it; the journal itself where there are none.
    pub(super) fn over(
        self: &Arc<Self>,
        journal: Arc<dyn Journal>,
        content: Arc<dyn Content>,
    ) -> Arc<dyn Journal> {
        if !self.any {
            return journal;
        }
        Arc::new(Struck { faults: Arc::clone(self), journal, content })
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// What the disk of the dead host keeps; none where it did not die.
    pub(super) fn revive(&self) -> Option<CrashModel> {
        self.dead.store(false, Ordering::SeqCst);
        self.state().keeps.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes notice of a record, and strikes where one of the faults waits for it.
    fn recorded(&self, event: &Event) {
        let mut state = self.state();
        let step = state.step(event);
        let mut struck = Vec::new();
        state.pending.retain_mut(|fault| {
            let meant = fault.when.point == event.name()
                && fault.when.step.is_none_or(|wanted| step == Some(wanted));
            fault.seen += u32::from(meant);
            let strikes = meant && fault.seen == fault.when.count;
            if strikes {
                struck.push(fault.strike);
            }
            !strikes
        });
        for strike in struck {
            match strike {
                Strike::Jump(by) => self.clock.advance(by),
                Strike::Kill(model) => {
                    state.keeps = Some(model);
                    self.dead.store(true, Ordering::SeqCst);
                }
            }
        }
    }
}

impl State {
    /// The step that a fact belongs to.
    fn step(&mut self, event: &Event) -> Option<usize> {
        match event {
            Event::TaskStarted(started) => {
                let step = match &started.origin {
                    Origin::Step { step, .. } => Some(*step),
                    Origin::Parent { asked, .. } => self.steps.get(&asked.task).copied(),
                };
                self.steps.extend(step.map(|step| (started.task, step)));
                step
            }
            Event::StepStarted { step, .. }
            | Event::StepDone { step, .. }
            | Event::WaitStarted { step, .. }
            | Event::WaitAnswered { step, .. }
            | Event::CommitIntended { step, .. }
            | Event::CommitDone { step, .. } => Some(*step),
            Event::TaskDone { task, .. } => self.steps.get(task).copied(),
            Event::EffectIntended { record, .. } | Event::EffectAnswered { record, .. } => {
                self.steps.get(&record.task).copied()
            }
            _ => None,
        }
    }
}

/// A journal after whose records faults strike.
struct Struck {
    faults: Arc<Faults>,
    journal: Arc<dyn Journal>,
    content: Arc<dyn Content>,
}

impl Journal for Struck {
    fn claim(&self, run: RunId) -> BoxFuture<'static, Result<(Head, u64), AppendError>> {
        Box::pin(std::future::ready(wait(self.journal.claim(run))))
    }

    /// Waits for the journal at once, so that the order of records does not depend on its thread.
    fn append(&self, batch: Batch) -> BoxFuture<'static, Result<Head, AppendError>> {
        let events: Vec<Event> = batch
            .entries
            .iter()
            .filter_map(|entry| event::decode(&entry.payload, &*self.content).ok())
            .map(|timed| timed.event)
            .collect();
        let appended = wait(self.journal.append(batch));
        if appended.is_ok() {
            events.iter().for_each(|event| self.faults.recorded(event));
        }
        if self.faults.is_dead() {
            // Nobody hears the answer of a host that died.
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(appended))
    }

    fn read(&self, run: RunId, from: u64, bytes_max: usize) -> Result<Vec<Entry>, ReadError> {
        self.journal.read(run, from, bytes_max)
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, ReadError> {
        self.journal.head(run)
    }

    fn runs(&self) -> Result<Vec<RunId>, ReadError> {
        self.journal.runs()
    }

    fn checkpoint(
        &self,
        run: RunId,
        at: Head,
        state: Vec<u8>,
    ) -> BoxFuture<'static, Result<(), AppendError>> {
        Box::pin(std::future::ready(wait(self.journal.checkpoint(run, at, state))))
    }

    fn last_checkpoint(&self, run: RunId) -> Result<Option<(Head, Vec<u8>)>, ReadError> {
        self.journal.last_checkpoint(run)
    }
}
