//! Runs: started, resumed, cancelled.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use voyager_agent::{
    DriveError, Event as Fact, Live, Message, Outcome, event::RunStarted, undo::Written,
};
use voyager_base::{Limits, RunId, call::Cancellation};
use voyager_manifest::{plan::Plan, power::Power};

use super::{
    Host, Updates, artifacts, asking::Asker, attend::Wish, beyond, cores::Cores, inputs,
    journal_failure, shelf::Pins, start_failure,
};
use crate::{
    answer::{RunAnswer, RunError, Status},
    approvals::Approvals,
    checking,
    failure::{Failure, FailureKind},
    policy,
    protocol::{Event, RunRequest, TypedSecret, Update},
};

/// A run that is about to go on, with what is needed to tell of it.
pub(super) struct Going {
    pub(super) live: Live,
    pub(super) plan: Arc<Plan>,
    pub(super) out: PathBuf,
    /// What it needs as long as it goes on.
    pub(super) pins: Pins,
    /// Whether it is waited for where it waits for somebody.
    pub(super) wait: bool,
    /// Folder for the cores of its guests.
    pub(super) cores: Option<PathBuf>,
}

impl Host {
    /// Starts a run and waits for its end.
    pub(super) async fn run(
        &self,
        request: RunRequest,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<RunAnswer, Failure> {
        let today = policy::read(&self.places)?;
        let mut plan = self
            .plan(&today.policy.limits, &request.directory, &request.file, &request.text, updates)
            .await?;
        if request.unattended {
            let power = Power::of(&plan, &|it| self.catalog.now().imports(it));
            let approvals = Approvals::of(&self.places.state);
            approvals.require(&power, &request.directory, &request.file, &request.text)?;
        }
        plan.priority = request.priority.unwrap_or(plan.priority);
        let plan = Arc::new(plan);
        let values = inputs::read(&plan, &request.inputs, &request.directory)?;
        let folders = inputs::folders(&plan, &values)?;
        let asker = Asker {
            plan: &plan,
            folders: &folders,
            file: &request.directory.join(&request.file),
            said: &request.allows,
            earlier: &[],
        };
        let mut today = today.policy;
        today.rules = self.answered_rules(today.rules, &asker)?;
        let pins = self.pin(&plan).await?;
        let (request_out, wait, request_secrets) = (request.out, request.wait, request.secrets);
        let cores = request.cores;
        let request = voyager_agent::Request {
            plan: Arc::clone(&plan),
            inputs: values,
            secrets: self.given(request_secrets)?,
            folders,
            policy: policy::layer(&today),
            limits: today.limits,
        };
        let live = voyager_agent::start(&self.world, request).await.map_err(start_failure)?;
        let out = request_out.unwrap_or_else(|| self.default_out(live.id));
        self.go(Going { live, plan, out, pins, wait, cores }, false, cancellation, updates).await
    }

    /// Goes on with a run and waits for its end.
    pub(super) async fn resume(
        &self,
        named: Option<&str>,
        out: Option<PathBuf>,
        wait: bool,
        secrets: Vec<TypedSecret>,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<RunAnswer, Failure> {
        let run = match named {
            Some(_) => self.named(named)?,
            None => self.newest_interrupted()?,
        };
        if self.active().contains_key(&run) {
            return Err(Failure::usage(format!("the run {run} is going on")));
        }
        // A policy that can't be read allows nothing; better told now than by each step.
        policy::read(&self.places)?;
        let started = self.begun(run)?;
        let secrets = self.recalled(&started, secrets)?;
        let problems = voyager_agent::secrets::misfits(&started, &secrets);
        if !problems.is_empty() && self.ended(run)?.is_none() {
            return Err(Failure::usage(problems.join("; ")));
        }
        let plan = started.plan;
        let wide = voyager_agent::beyond(&plan, self.world.schedule.capacity());
        if !wide.is_empty() {
            return Err(beyond(&wide));
        }
        let pins = self.pin(&plan).await?;
        let live = voyager_agent::resume(&self.world, run, secrets).await;
        let live = live.map_err(start_failure)?;
        let out = out.unwrap_or_else(|| self.default_out(run));
        self.go(Going { live, plan, out, pins, wait, cores: None }, true, cancellation, updates)
            .await
    }

    /// Ends a run, whether it is going on here or nowhere.
    pub(super) async fn cancel(&self, named: &str) -> Result<String, Failure> {
        let run = self.named(Some(named))?;
        let handle = self.active().get(&run).cloned();
        if let Some(handle) = handle {
            handle.cancel();
            return Ok(format!("asked the run {run} to end"));
        }
        if self.ended(run)?.is_some() {
            return Err(Failure::usage(format!("the run {run} has ended already")));
        }
        // Known before anybody goes on: nothing of it begins anew only to be stopped.
        let told = voyager_agent::tell(&self.world, run, Message::Cancel).await;
        told.map_err(super::tell::tell_failure)?;
        // It ends as cancelled; that is what was asked for.
        self.end(run).await?;
        Ok(format!("the interrupted run {run} is cancelled"))
    }

    /// Drives a run to its end and tells of it.
    pub(super) async fn go(
        &self,
        going: Going,
        resumed: bool,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<RunAnswer, Failure> {
        let Going { live, plan, out, pins, wait, cores } = going;
        let run = live.id;
        let steps: Vec<String> = plan.steps.iter().map(|step| step.id.clone()).collect();
        self.watchers.watch(run, &plan, updates.clone(), cores.map(Cores::new));
        self.watchers.board.begin(run, &plan);
        let started =
            Event::RunStarted { run: run.to_string(), name: plan.name.clone(), steps, resumed };
        // Known before it is told: who reads of a run may ask for it at once.
        self.active().insert(run, live.handle.clone());
        let _ = updates.send(Update::Event(started)).await;
        if !wait {
            live.handle.leave_when_waiting();
        }
        let outcome = {
            let mut outcome = live.outcome;
            tokio::select! {
                outcome = &mut outcome => outcome,
                () = cancellation.cancelled() => {
                    live.handle.cancel();
                    outcome.await
                }
            }
        };
        self.active().remove(&run);
        drop(pins);
        self.watchers.forget(run);
        self.watchers.board.end(run);
        self.changed.notify_waiters();
        let stands = match &outcome {
            Err(DriveError::Waits) => Some(Status::Waiting),
            Err(DriveError::Paused) => Some(Status::Paused),
            _ => None,
        };
        if let Some(status) = stands {
            self.attendance.ask(Wish::Wakes(run));
            return self.stands(run, &plan, status);
        }
        let outcome = outcome.map_err(|error| {
            journal_failure(&error).hint("`agent-host resume` goes on where the run stopped")
        })?;
        self.told(run, &plan, &outcome, &out)
    }

    /// A run that has not ended, and that nobody goes on with.
    fn stands(&self, run: RunId, plan: &Plan, status: Status) -> Result<RunAnswer, Failure> {
        let waits = if status == Status::Waiting { self.waits(run, plan)? } else { Vec::new() };
        Ok(RunAnswer { waits, ..self.so_far(run, plan, status)? })
    }

    fn so_far(&self, run: RunId, plan: &Plan, status: Status) -> Result<RunAnswer, Failure> {
        let Written { began, last, changes, usage, .. } = self.written(run)?;
        Ok(RunAnswer {
            run: run.to_string(),
            name: plan.name.clone(),
            status,
            millis: u64::try_from(last.since(began).as_millis()).unwrap_or(u64::MAX),
            outputs: serde_json::Map::new(),
            artifacts: Vec::new(),
            changed: changes.into_iter().map(|change| change.path).collect(),
            usage,
            error: None,
            waits: Vec::new(),
        })
    }

    fn told(
        &self,
        run: RunId,
        plan: &Plan,
        outcome: &Outcome,
        out: &Path,
    ) -> Result<RunAnswer, Failure> {
        let mut answer = self.so_far(run, plan, status(outcome))?;
        match outcome {
            Ok(outputs) => {
                let told = artifacts::write(plan, outputs, out)?;
                (answer.outputs, answer.artifacts) = (told.outputs, told.artifacts);
            }
            Err(failure) => answer.error = Some(run_error(plan, failure)),
        }
        Ok(answer)
    }

    /// Checks a manifest; warnings are notes, errors are the failure.
    pub(super) async fn plan(
        &self,
        ceiling: &Limits,
        directory: &Path,
        file: &str,
        text: &str,
        updates: &Updates,
    ) -> Result<Plan, Failure> {
        let live = Arc::clone(&self.catalog);
        // Whoever has just put a skill into a folder runs it now.
        let refreshed = tokio::task::spawn_blocking(move || live.refresh()).await;
        refreshed
            .map_err(|error| Failure::new(FailureKind::Bug, format!("reading skills: {error}")))?;
        let catalog = self.catalog.now();
        let checked = checking::check(&catalog, directory, file, text, false, ceiling);
        let (plan, warnings) = checked.into_plan(&catalog)?;
        if let Some(text) = warnings {
            super::compact::note(updates, text).await;
        }
        Ok(plan)
    }

    pub(super) async fn pin(&self, plan: &Plan) -> Result<Pins, Failure> {
        let (shelf, plan) = (Arc::clone(&self.shelf), plan.clone());
        tokio::task::spawn_blocking(move || shelf.pin(&plan)).await.map_err(|error| {
            Failure::new(FailureKind::Bug, format!("pinning components: {error}"))
        })?
    }

    pub(super) fn default_out(&self, run: RunId) -> PathBuf {
        self.places.state.join("artifacts").join(run.to_string())
    }

    /// What a run began with.
    pub(super) fn begun(&self, run: RunId) -> Result<RunStarted, Failure> {
        match self.fact(run, 0)?.map(|timed| timed.event) {
            Some(Fact::RunStarted(started)) => Ok(*started),
            _ => Err(Failure::new(
                FailureKind::Environment,
                format!("the run {run} has no beginning"),
            )),
        }
    }
}

/// How a run ended.
pub(crate) fn status(outcome: &Outcome) -> Status {
    match outcome {
        Ok(_) => Status::Done,
        Err(failure) if failure.error.kind == voyager_base::ErrorKind::Cancelled => {
            Status::Cancelled
        }
        Err(_) => Status::Failed,
    }
}

/// Why a run failed, with its place in the manifest.
pub(crate) fn run_error(plan: &Plan, failure: &voyager_agent::Failure) -> RunError {
    let line = |id: &String| plan.steps.iter().find(|step| step.id == *id).map(|step| step.line);
    RunError {
        step: failure.step.clone(),
        line: failure.step.as_ref().and_then(line),
        kind: failure.error.kind.to_string(),
        code: failure.error.code.clone(),
        message: failure.error.message.clone(),
        bound: failure.error.bound.clone(),
        detail: failure.error.detail.as_ref().map(voyager_base::Value::to_json),
    }
}
