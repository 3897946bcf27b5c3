//! What a run wrote, and the run that takes it back.
//!
//! An undo is a run like any other, whose plan is a single step that makes known changes real. So it is
//! recorded, goes on after a crash, and can be undone itself.

use std::{collections::BTreeMap, sync::Arc};

use voyager_base::{
    Limits, RunId, Type, Usage, Value,
    call::Folders,
    chain::Head,
    clock::Timestamp,
    grant::GrantLayer,
    record::{Content, Journal},
    workspace::{Change, Conflict, FileState},
};
use voyager_manifest::plan::{
    Action, Bounds, Changes, GrantPlan, Input, InputKind, Part, Plan, Priority, Step,
};

use crate::{
    event::{Event, RunStarted},
    interpreter::{Interpreter, Outcome},
    run::{self, Request, StartError},
    secrets::GivenSecrets,
};

/// What a run wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The run.
    pub run: RunId,
    /// Name of its plan.
    pub name: String,
    /// When it began.
    pub began: Timestamp,
    /// When its last fact was recorded.
    pub last: Timestamp,
    /// Absolute paths of its folders.
    pub folders: Folders,
    /// How it ended; none where it has not.
    pub outcome: Option<Outcome>,
    /// For each file that it wrote what was there before its first change and after its last.
    pub changes: Vec<Change>,
    /// What all its tasks used.
    pub usage: Usage,
    /// Files that somebody else changed between two of its changes.
    pub interleaved: Vec<Conflict>,
}

/// What the journal tells of the files that a run wrote.
///
/// # Errors
/// [`StartError`], where there is no such run or it can't be read.
pub fn written(
    journal: &dyn Journal,
    content: &dyn Content,
    run: RunId,
) -> Result<Written, StartError> {
    run::known(journal, run)?;
    let first = run::first(journal, content, run)?;
    let started = run::begun(run, &first)?;
    let (began, mut last) = (first.at, first.at);
    let RunStarted { folders, plan, .. } = started.clone();
    let mut interpreter = Interpreter::new(run, started, began);
    let (mut files, mut usage) = (Files::default(), Usage::default());
    run::walk(journal, content, run, Head::START, |_, _, timed| {
        last = timed.at;
        if let Event::CommitDone { frame, step, conflicts, error: None } = &timed.event
            && conflicts.is_empty()
        {
            files.add(interpreter.changes_of(*frame, *step));
        }
        if let Event::TaskDone { usage: Some(used), .. } = &timed.event {
            usage.add(*used);
        }
        interpreter.apply(timed.at, &timed.event)?;
        Ok::<(), StartError>(())
    })?;
    let outcome = interpreter.outcome().cloned();
    let Files { changes, interleaved } = files;
    let changes = changes.into_values().collect();
    let name = plan.name.clone();
    Ok(Written { run, name, began, last, folders, outcome, changes, usage, interleaved })
}

/// Files by folder and path, from before the first change to after the last.
#[derive(Default)]
struct Files {
    changes: BTreeMap<(String, String), Change>,
    interleaved: Vec<Conflict>,
}

impl Files {
    fn add(&mut self, changes: Vec<Change>) {
        for change in changes {
            let place = (change.root.clone(), change.path.clone());
            let Some(known) = self.changes.get_mut(&place) else {
                self.changes.insert(place, change);
                continue;
            };
            if !is_same(known.after.as_ref(), change.before.as_ref()) {
                let Change { root, path, .. } = &change;
                let reason = format!(
                    "`{path}` in `{root}`: somebody changed it between two steps of the run, and what it \
                     was then is not the run's to take back"
                );
                self.interleaved.push(Conflict { root: root.clone(), path: path.clone(), reason });
            }
            known.after = change.after;
        }
    }
}

/// Whether what one change left is what the next one found. A file that was new had the usual mode.
fn is_same(left: Option<&FileState>, found: Option<&FileState>) -> bool {
    match (left, found) {
        (None, None) => true,
        (Some(left), Some(found)) => {
            left.digest == found.digest && (left.mode.is_none() || left.mode == found.mode)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

impl Written {
    /// The changes that take back what it wrote. Files that it left as it found them are none of them.
    pub fn taken_back(&self) -> Vec<Change> {
        let changed = self.changes.iter().filter(|change| change.before != change.after);
        changed.map(Change::inverted).collect()
    }

    /// A run that makes `changes` real, as the one that takes back what this run wrote.
    pub fn undo(&self, changes: Vec<Change>, policy: GrantLayer) -> Request {
        let roots = changes.iter().map(|change| &change.root);
        let folders = roots.filter_map(|root| self.folders.get_key_value(root));
        let folders = folders.map(|(root, path)| (root.clone(), path.clone())).collect();
        let run = Value::String(self.run.to_string());
        Request {
            plan: Arc::new(plan(self, changes)),
            inputs: BTreeMap::from([("run".to_owned(), run)]),
            secrets: GivenSecrets::new(),
            folders,
            policy,
            limits: Limits::ceiling(),
        }
    }
}

/// The run whose changes a run takes back, where it is one that does.
pub(crate) fn undone(started: &RunStarted) -> Option<&str> {
    let undoes = |step: &Step| matches!(step.action, Action::Restore(_));
    let (_, run) = started.plan.steps.iter().any(undoes).then(|| started.inputs.first())??;
    if let Value::String(run) = run { Some(run) } else { None }
}

fn plan(written: &Written, changes: Vec<Change>) -> Plan {
    let step = Step {
        id: "undo".to_owned(),
        line: 0,
        within: None,
        part: Part::Body,
        needs: Vec::new(),
        when: None,
        for_each: None,
        repeat: None,
        action: Action::Restore(changes),
        changes: Changes::Commit,
        retry: None,
        timeout: None,
        expect: Vec::new(),
        on_error: Vec::new(),
        grants: GrantPlan::default(),
        limits: Limits::default(),
        priority: None,
        concurrency: None,
        resources: None,
        result: None,
    };
    let description = "The run whose changes are taken back.".to_owned();
    let (kind, ty) = (InputKind::Any, Type::String);
    Plan {
        name: "undo".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: format!("Takes back what the run {} ({}) wrote.", written.run, written.name),
        file: "agent-host undo".to_owned(),
        source: voyager_base::Digest::of(b""),
        inputs: vec![Input { name: "run".to_owned(), description, kind, ty, default: None }],
        secrets: Vec::new(),
        bounds: Bounds::default(),
        priority: Priority::default(),
        fair_by: None,
        concurrency: None,
        grants: GrantPlan::default(),
        steps: vec![step],
        outputs: Vec::new(),
        skills: Vec::new(),
        manifests: Vec::new(),
    }
}
