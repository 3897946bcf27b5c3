//! What a journal says that happened, as far as scenarios ask.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use voyager_base::{
    Error, ErrorKind, RunId,
    chain::Head,
    clock::Timestamp,
    id::RecordId,
    record::{Content, Journal, ReadError},
};
use voyager_manifest::{Plan, scenario::StepEnding};

use crate::{
    event::{Event, Origin, Timed},
    run,
};

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// What became of each step of the plan.
    pub steps: Vec<StepTrace>,
    /// Attempts of tasks, by the unversioned name of their operation.
    pub operations: BTreeMap<String, u64>,
    /// Questions to the host, by their name.
    pub questions: BTreeMap<String, u64>,
    /// How often the run was gone on with.
    pub resumes: u64,
    /// Time from its first to its last record.
    pub time: Duration,
}

/// What became of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepTrace {
    /// How it stood last; none where it never began.
    pub ending: Option<StepEnding>,
    /// Its error, the last time.
    pub error: Option<Error>,
    /// Attempts of its calls.
    pub attempts: u64,
    /// How often it began.
    pub runs: u64,
}

impl Trace {
    /// What the journal says of a run that began at `began`.
    ///
    /// # Errors
    /// What the journal says.
    pub fn of(
        journal: &dyn Journal,
        content: &dyn Content,
        of: RunId,
        plan: &Plan,
        began: Timestamp,
    ) -> Result<Self, ReadError> {
        let mut trace =
            Self { steps: vec![StepTrace::default(); plan.steps.len()], ..Self::default() };
        let mut last = began;
        let mut asked = BTreeSet::new();
        // The first record holds the plan, which is known and may be large.
        let from = Head { sequence: 1, ..Head::START };
        run::walk::<ReadError>(journal, content, of, from, |_, _, timed| {
            last = timed.at;
            trace.apply(&timed, &mut asked);
            Ok(())
        })?;
        trace.time = last.since(began);
        Ok(trace)
    }

    /// Attempts of tasks in total.
    pub fn tasks(&self) -> u64 {
        self.operations.values().sum()
    }

    /// Questions to the host in total.
    pub fn host_calls(&self) -> u64 {
        self.questions.values().sum()
    }

    fn apply(&mut self, timed: &Timed, asked: &mut BTreeSet<RecordId>) {
        match &timed.event {
            Event::RunResumed { .. } => self.resumes += 1,
            Event::StepStarted { step, .. } => self.step(*step, |step| {
                step.runs += 1;
                // Whatever has no end was left behind when the run ended.
                (step.ending, step.error) = (Some(StepEnding::Stopped), None);
            }),
            Event::StepSkipped { step, .. } => {
                self.step(*step, |step| step.ending = Some(StepEnding::Skipped));
            }
            Event::StepDone { step, error, .. } => self.step(*step, |step| {
                let ending = match error {
                    None => StepEnding::Ran,
                    Some(error) if error.kind == ErrorKind::Cancelled => StepEnding::Stopped,
                    Some(_) => StepEnding::Failed,
                };
                (step.ending, step.error) = (Some(ending), error.clone());
            }),
            Event::TaskStarted(started) => {
                *self.operations.entry(started.operation.unversioned()).or_default() += 1;
                if let Origin::Step { step, .. } = started.origin {
                    self.step(step, |step| step.attempts += 1);
                }
            }
            Event::EffectIntended { record, asked: question, .. }
            | Event::EffectAnswered { record, asked: question, .. }
            | Event::EffectDenied { record, asked: question, .. }
            | Event::ChildrenRequested { record, asked: question, .. } => {
                let first = asked.insert(*record);
                *self.questions.entry(question.name.clone()).or_default() += u64::from(first);
            }
            _ => {}
        }
    }

    fn step(&mut self, step: usize, change: impl FnOnce(&mut StepTrace)) {
        if let Some(step) = self.steps.get_mut(step) {
            change(step);
        }
    }
}
