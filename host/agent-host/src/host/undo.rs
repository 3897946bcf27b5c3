//! Taking back what a run changed.

use std::{path::Path, sync::Arc};

use voyager_agent::{book::Book, undo::Written};
use voyager_base::{
    ErrorKind, RunId,
    call::{Cancellation, Effect},
    workspace::{Change, Conflict, Standing},
};

use super::{Host, Updates, past::effect, start_failure};
use crate::{
    answer::{EffectDetail, RestoredFile, RunAnswer, UndoAnswer, Undone},
    failure::{Failure, FailureKind},
    policy,
};

impl Host {
    /// Answers `undo`.
    pub(super) async fn undo(
        &self,
        named: &str,
        dry_run: bool,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<UndoAnswer, Failure> {
        let run = self.named(Some(named))?;
        let written = self.written(run)?;
        if written.outcome.is_none() {
            let (state, hint) = match self.active().contains_key(&run) {
                true => ("is going on", "wait for its end, or end it with `agent-host cancel`"),
                false => ("was interrupted", "end it with `agent-host resume` or `cancel` first"),
            };
            return Err(Failure::usage(format!("the run {run} {state}")).hint(hint));
        }
        let (changes, mut conflicts) = self.open_changes(&written).await?;
        // What one step found is not what another left: that version is nobody's to overwrite.
        conflicts.splice(0..0, written.interleaved.iter().cloned());
        let mut answer = UndoAnswer {
            run: run.to_string(),
            name: written.name.clone(),
            outcome: Undone::Possible,
            undo: None,
            restored: changes.iter().map(restored).collect(),
            conflicts,
            not_undone: self.elsewhere(run)?,
        };
        if !answer.conflicts.is_empty() {
            return Ok(refused(answer));
        }
        if changes.is_empty() {
            return Ok(UndoAnswer { outcome: Undone::Nothing, ..answer });
        }
        if dry_run {
            return Ok(answer);
        }
        let request = written.undo(changes, policy::layer(&policy::read(&self.places)?.policy));
        let live = voyager_agent::start(&self.world, request.clone()).await;
        let live = live.map_err(start_failure)?;
        let ended = self.drive_undo(live, request.plan, cancellation, updates).await?;
        answer.undo = Some(ended.run);
        let Some(error) = ended.error else {
            return Ok(UndoAnswer { outcome: Undone::Done, ..answer });
        };
        if error.kind == ErrorKind::Cancelled.to_string() {
            answer.restored.clear();
            return Ok(UndoAnswer { outcome: Undone::Cancelled, ..answer });
        }
        if error.kind != ErrorKind::Conflict.to_string() {
            return Err(Failure::new(FailureKind::Run, error.message));
        }
        // Somebody was faster: tell of all files, not just of the one in the message.
        answer.conflicts = self.open_changes(&written).await?.1;
        Ok(refused(answer))
    }

    /// What a run wrote, as its journal tells.
    pub(super) fn written(&self, run: RunId) -> Result<Written, Failure> {
        let (journal, content) = (&*self.world.journal, &*self.world.content);
        voyager_agent::undo::written(journal, content, run).map_err(start_failure)
    }

    /// The changes that are still to be taken back, and the files that somebody changed since.
    async fn open_changes(
        &self,
        written: &Written,
    ) -> Result<(Vec<Change>, Vec<Conflict>), Failure> {
        let all = written.taken_back();
        for (root, path) in &written.folders {
            if all.iter().any(|change| change.root == *root) && !Path::new(path).is_dir() {
                let message = format!("the folder {path} of the run is not there any more");
                return Err(Failure::new(FailureKind::Environment, message)
                    .hint("put it back where it was; an undo writes nowhere else"));
            }
        }
        let standings = self.world.workspace.assess(&written.folders, &all).await?;
        let (mut open, mut conflicts) = (Vec::new(), Vec::new());
        for (change, standing) in all.into_iter().zip(standings) {
            match standing {
                Standing::Before => open.push(change),
                Standing::After => {}
                Standing::Conflict(conflict) => conflicts.push(conflict),
            }
        }
        Ok((open, conflicts))
    }

    /// What a run did that no commit of files is.
    fn elsewhere(&self, run: RunId) -> Result<Vec<EffectDetail>, Failure> {
        let mut book = Book::of_all();
        self.walk(run, |sequence, timed| book.apply(sequence, &timed))?;
        let mut questions: Vec<_> = (book.attempts())
            .flat_map(|attempt| attempt.questions.values())
            .filter(|it| matches!(it.asked.effect, Effect::External | Effect::Transaction))
            .collect();
        questions.sort_by_key(|it| it.sequence);
        let effects = questions.into_iter().map(|it| effect(&it.asked, &it.answer));
        Ok(effects.filter(|it| matches!(it.outcome.as_str(), "done" | "unknown")).collect())
    }

    async fn drive_undo(
        &self,
        live: voyager_agent::Live,
        plan: Arc<voyager_manifest::Plan>,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<RunAnswer, Failure> {
        let (out, pins) = (self.default_out(live.id), self.pin(&plan).await?);
        let going = super::start::Going { live, plan, out, pins, wait: true, cores: None };
        self.go(going, false, cancellation, updates).await
    }
}

fn refused(answer: UndoAnswer) -> UndoAnswer {
    UndoAnswer { outcome: Undone::Refused, restored: Vec::new(), ..answer }
}

fn restored(change: &Change) -> RestoredFile {
    let how = match (&change.before, &change.after) {
        (None, _) => "created",
        (_, None) => "removed",
        (Some(_), Some(_)) => "changed",
    };
    let (root, path) = (change.root.clone(), change.path.clone());
    RestoredFile { root, path, how: how.to_owned() }
}
