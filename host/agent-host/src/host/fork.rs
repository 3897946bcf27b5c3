//! Runs that take over what an earlier one did: `retry`, `fork`, `resume --manifest`.

use std::{collections::BTreeMap, sync::Arc};

use voyager_agent::{ForkError, Message, event::RunStarted};
use voyager_base::{RunId, Value, call::Cancellation};
use voyager_manifest::Plan;

use super::{
    Host, Updates, asking::Asker, inputs, start::Going, start_failure, tell::tell_failure,
};
use crate::{
    answer::RunAnswer,
    failure::Failure,
    policy,
    protocol::{ForkRequest, Took},
};

impl Host {
    /// Starts a run that takes over what an earlier one did, and waits for its end.
    pub(super) async fn fork(
        &self,
        request: ForkRequest,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<RunAnswer, Failure> {
        let earlier = self.named(Some(&request.run))?;
        self.may_be_taken_over(earlier, &request.took)?;
        let started = self.begun(earlier)?;
        let today = policy::read(&self.places)?;
        let plan = match &request.manifest {
            Some((file, text)) => Arc::new(
                self.plan(&today.policy.limits, &request.directory, file, text, updates).await?,
            ),
            None => Arc::clone(&started.plan),
        };
        let values = values(&plan, &started, &request)?;
        let folders = inputs::folders(&plan, &values)?;
        let mut today = today.policy;
        let file = request.manifest.as_ref().map_or(&*plan.file, |(file, _)| file);
        let answered =
            started.policy.rules.as_ref().map(|it| it.allowed.clone()).unwrap_or_default();
        let asker = Asker {
            plan: &plan,
            folders: &folders,
            file: &request.directory.join(file),
            said: &[],
            earlier: &answered,
        };
        today.rules = self.answered_rules(today.rules, &asker)?;
        let pins = self.pin(&plan).await?;
        let asked = voyager_agent::Request {
            plan: Arc::clone(&plan),
            inputs: values,
            secrets: self.recalled_for(&plan, &started, request.secrets)?,
            folders,
            policy: policy::layer(&today),
            limits: today.limits,
        };
        let from = match &request.took {
            Took::WhatIsBefore { step } => Some(step.as_str()),
            Took::WhatEndedWell | Took::TheRun { .. } => None,
        };
        if let Took::TheRun { by } = &request.took {
            // Whether it can be taken over is known before it ends for that.
            let inherited = voyager_agent::inherit(&self.world, earlier, from, &asked);
            inherited.map_err(fork_failure)?;
            let by = format!("{by}, who goes on with another manifest,");
            let told = voyager_agent::tell(&self.world, earlier, Message::Kill { by }).await;
            told.map_err(tell_failure)?;
            self.end(earlier).await?;
        }
        let live = voyager_agent::fork(&self.world, earlier, from, asked).await;
        let live = live.map_err(fork_failure)?;
        let out = request.out.unwrap_or_else(|| self.default_out(live.id));
        let going = Going { live, plan, out, pins, wait: request.wait, cores: None };
        self.go(going, false, cancellation, updates).await
    }

    fn may_be_taken_over(&self, run: RunId, took: &Took) -> Result<(), Failure> {
        if self.active().contains_key(&run) {
            return Err(Failure::usage(format!("the run {run} is going on"))
                .hint("`agent-host pause` or `agent-host cancel` it first"));
        }
        let problem = match (took, self.ended(run)?) {
            (Took::WhatEndedWell, None) => ("has not ended", "`agent-host resume` goes on with it"),
            (Took::WhatEndedWell, Some(Ok(_))) => {
                ("ended well", "`agent-host fork RUN --from STEP` runs a part of it again")
            }
            (Took::TheRun { .. }, Some(_)) => (
                "has ended",
                "`agent-host fork RUN --from STEP --manifest MANIFEST` starts from it",
            ),
            (Took::WhatEndedWell, Some(Err(_)))
            | (Took::WhatIsBefore { .. }, _)
            | (Took::TheRun { .. }, None) => return Ok(()),
        };
        Err(Failure::usage(format!("the run {run} {}", problem.0)).hint(problem.1))
    }
}

/// What was typed, otherwise what the earlier run had, as far as that still fits.
fn values(
    plan: &Plan,
    started: &RunStarted,
    request: &ForkRequest,
) -> Result<BTreeMap<String, Value>, Failure> {
    let mut values = inputs::read(plan, &request.inputs, &request.directory)?;
    let typed = |name: &str| request.inputs.iter().any(|(own, _)| own == name);
    for (name, value) in started.inputs.iter().filter(|(name, _)| !typed(name)) {
        let input = plan.inputs.iter().find(|input| input.name == *name);
        if input.is_some_and(|input| value.is_of(&input.ty)) {
            values.insert(name.clone(), value.clone());
        }
    }
    Ok(values)
}

fn fork_failure(error: ForkError) -> Failure {
    match error {
        ForkError::Start(error) => start_failure(error),
        ForkError::Files(error) => error.into(),
        ForkError::Unknown(_) => Failure::usage(error.to_string()),
        ForkError::Blocked(_) => Failure::usage(error.to_string())
            .hint("`agent-host fork RUN --from STEP` with the first of them runs them again"),
    }
}
