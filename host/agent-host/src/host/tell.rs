//! What people tell runs: approvals, signals, a pause, an end.
//!
//! A run that goes on in this process hears it at once. One that nobody goes on with has it in its
//! journal, and finds it there when it is resumed. The process that has the state is the only one that
//! writes, so there is no third case: others ask it over its socket.

use voyager_agent::{Message, TellError, Told, Waiting};
use voyager_base::{RunId, Value};
use voyager_manifest::plan::{Awaited, Plan};

use super::{Host, attend::Wish, start_failure};
use crate::{
    answer::{ToldAnswer, WaitDetail},
    failure::Failure,
    protocol::Word,
};

impl Host {
    /// Answers `approve RUN STEP`, `signal`, `pause` and `kill`.
    pub(super) async fn say(
        &self,
        named: &str,
        word: Word,
        by: String,
    ) -> Result<ToldAnswer, Failure> {
        let run = self.named(Some(named))?;
        let plan = self.begun(run)?.plan;
        let ends = matches!(word, Word::Kill);
        let pauses = matches!(word, Word::Pause);
        let message = self.message(&plan, word, by)?;
        let handle = self.active().get(&run).cloned();
        let live = match handle {
            Some(handle) => handle.tell(message.clone()).await,
            None => None,
        };
        let (told, goes_on) = match live {
            Some(told) => (told.map_err(|error| tell_failure(error.into()))?, !pauses),
            None => {
                let told = voyager_agent::tell(&self.world, run, message).await;
                (
                    told.map_err(tell_failure)?,
                    !ends && !pauses && self.attendance.ask(Wish::GoOn(run)),
                )
            }
        };
        if ends && !goes_on {
            self.end(run).await?;
        }
        let goes_on = goes_on || ends;
        Ok(ToldAnswer { run: run.to_string(), is_new: told == Told::Taken, goes_on })
    }

    /// Brings a run to the end that its journal asks for.
    pub(super) async fn end(&self, run: RunId) -> Result<(), Failure> {
        // A run has to end whatever became of its secrets: a program that needs one then is refused.
        let secrets = self.recalled(&self.begun(run)?, Vec::new())?;
        let live = voyager_agent::resume(&self.world, run, secrets).await;
        let live = live.map_err(start_failure)?;
        // How it ends is what was asked for.
        drop(live.outcome.await.map_err(|error| super::journal_failure(&error))?);
        Ok(())
    }

    fn message(&self, plan: &Plan, word: Word, by: String) -> Result<Message, Failure> {
        Ok(match word {
            Word::Answer { step, approved, comment } => {
                Message::Answer { wait: step, approved, by, comment }
            }
            Word::Signal { name, value, id } => {
                let value = match (value, plan.signal(&name).flatten()) {
                    (Some(json), Some(ty)) => {
                        let value = Value::from_json(ty, &json).map_err(|error| {
                            Failure::usage(format!("the signal `{name}` carries a {ty}: {error}"))
                        })?;
                        Some(value)
                    }
                    // The run says that it carries nothing, or that nobody waits for it.
                    (Some(_), None) => Some(Value::Bool(true)),
                    (None, _) => None,
                };
                let fresh = || RunId::new(self.world.clock.now(), &*self.world.chance).to_string();
                Message::Signal { id: id.unwrap_or_else(fresh), name, value, by }
            }
            Word::Pause => Message::Pause { by },
            Word::Kill => Message::Kill { by },
        })
    }

    /// What a run waits for.
    pub(super) fn waits(&self, run: RunId, plan: &Plan) -> Result<Vec<WaitDetail>, Failure> {
        let waits = voyager_agent::waiting(&self.world, run).map_err(start_failure)?;
        Ok(waits.iter().map(|wait| detail(plan, wait)).collect())
    }
}

fn detail(plan: &Plan, wait: &Waiting) -> WaitDetail {
    let step = &plan.steps[wait.step];
    let signal = match step.wait().map(|wait| &wait.on) {
        Some(Awaited::Signal(name)) => Some(name.clone()),
        Some(Awaited::Approval(_)) | None => None,
    };
    let carried = step.wait().and_then(|wait| wait.result.as_ref());
    WaitDetail {
        wait: wait.id.to_string(),
        step: step.id.clone(),
        show: wait.shown.clone(),
        ty: signal.as_ref().and_then(|_| carried.map(ToString::to_string)),
        signal,
        since: wait.since.to_string(),
        until: wait.until.map(|until| until.to_string()),
    }
}

/// Why a run was not told something: what the run does not want is a wrong question.
pub(super) fn tell_failure(error: TellError) -> Failure {
    match error {
        TellError::Unwanted(unwanted) => Failure::usage(unwanted.to_string())
            .hint("`agent-host runs show` tells what a run waits for"),
        TellError::Start(error) => start_failure(error),
    }
}
