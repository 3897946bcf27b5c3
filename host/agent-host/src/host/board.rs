//! What all runs do now: kept in memory, since a journal tells only what was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use voyager_agent::{
    Event as Fact, Notice,
    event::{Origin, TaskStarted},
};
use voyager_base::{RunId, TaskId, Usage, clock::Timestamp};
use voyager_manifest::plan::Plan;

use super::Host;
use crate::{
    answer::{HostView, Top, TopRun, TopTask},
    failure::Failure,
    system,
};

/// Runs that do not go on and are told of.
const OTHERS_MAX: usize = 50;
/// Open tasks of a run that are told of.
const TASKS_MAX: usize = 200;

/// What all runs do now.
#[derive(Default)]
pub(crate) struct Board(Mutex<BTreeMap<RunId, Run>>);

struct Run {
    plan: Arc<Plan>,
    tasks: BTreeMap<TaskId, Task>,
    /// Steps that have ended, by their place in the plan.
    ended: BTreeSet<usize>,
    /// What its tasks used that have ended.
    usage: Usage,
}

struct Task {
    step: usize,
    operation: String,
    attempt: u32,
    parent: Option<TaskId>,
    since: Timestamp,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waits,
    Computes,
    Paused,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Computes => "computes",
            Self::Paused => "paused",
        }
    }
}

impl Board {
    /// A run begins, or goes on.
    pub(super) fn begin(&self, run: RunId, plan: &Arc<Plan>) {
        let (tasks, ended, usage) = (BTreeMap::new(), BTreeSet::new(), Usage::default());
        self.runs().insert(run, Run { plan: Arc::clone(plan), tasks, ended, usage });
    }

    /// It has ended.
    pub(super) fn end(&self, run: RunId) {
        self.runs().remove(&run);
    }

    /// Something happened in a run.
    pub(super) fn notice(&self, run: RunId, at: Timestamp, notice: &Notice<'_>) {
        let mut runs = self.runs();
        let Some(run) = runs.get_mut(&run) else { return };
        match notice {
            Notice::Queued { task, step } => run.waits(at, task, *step),
            Notice::Computes { task } | Notice::Continued { task, .. } => {
                run.stands(*task, State::Computes);
            }
            Notice::Paused { task } => run.stands(*task, State::Paused),
            Notice::ChildDone { task, usage, .. }
            | Notice::Fact(Fact::TaskDone { task, usage, .. }) => {
                run.tasks.remove(task);
                run.usage.add(usage.unwrap_or_default());
            }
            Notice::Fact(Fact::StepDone { step, .. } | Fact::StepSkipped { step, .. }) => {
                run.ended.insert(*step);
            }
            // Another round or attempt of a block.
            Notice::Fact(Fact::StepStarted { step, .. }) => {
                run.ended.remove(step);
            }
            Notice::Fact(_)
            | Notice::ChildStarted { .. }
            | Notice::Report { .. }
            | Notice::Waits(_) => {}
        }
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    fn waits(&mut self, at: Timestamp, started: &TaskStarted, step: usize) {
        let parent = match started.origin {
            Origin::Parent { asked, .. } => Some(asked.task),
            Origin::Step { .. } => None,
        };
        let known = self.tasks.get(&started.task).filter(|it| it.attempt == started.attempt);
        let since = known.map_or(at, |it| it.since);
        let (operation, attempt) = (started.operation.to_string(), started.attempt);
        let state = State::Waits;
        let task = Task { step, operation, attempt, parent, since, state };
        self.tasks.insert(started.task, task);
    }

    fn stands(&mut self, task: TaskId, state: State) {
        if let Some(task) = self.tasks.get_mut(&task) {
            task.state = state;
        }
    }

    /// Open tasks, children below their parents.
    fn tasks(&self, now: Timestamp) -> Vec<TopTask> {
        let mut found = Vec::new();
        let mut roots: Vec<_> = self.tasks.iter().filter(|(_, it)| self.is_root(it)).collect();
        roots.sort_by_key(|(_, it)| (it.step, it.since));
        for (id, task) in roots {
            self.below(now, *id, task, 0, &mut found);
        }
        found.truncate(TASKS_MAX);
        found
    }

    fn is_root(&self, task: &Task) -> bool {
        task.parent.is_none_or(|parent| !self.tasks.contains_key(&parent))
    }

    fn below(&self, now: Timestamp, id: TaskId, task: &Task, depth: u32, into: &mut Vec<TopTask>) {
        let children: Vec<_> = self.tasks.iter().filter(|(_, it)| it.parent == Some(id)).collect();
        let steps = &self.plan.steps;
        // Child tasks reserve nothing of their own.
        let reserves = steps.get(task.step).filter(|_| task.parent.is_none());
        let reserves = reserves.and_then(|it| it.resources).map(|it| it.to_string());
        let state = if children.is_empty() { task.state.word() } else { "children" };
        into.push(TopTask {
            task: id.to_string(),
            step: steps.get(task.step).map(|it| it.id.clone()).unwrap_or_default(),
            operation: task.operation.clone(),
            attempt: task.attempt,
            priority: self.plan.priority_of(task.step).to_string(),
            state: state.to_owned(),
            reserves,
            millis: u64::try_from(now.since(task.since).as_millis()).unwrap_or(u64::MAX),
            depth,
        });
        for (id, child) in children {
            self.below(now, *id, child, depth + 1, into);
        }
    }
}

impl Host {
    /// Answers `top`.
    pub(super) fn top(&self) -> Result<Top, Failure> {
        let (mut live, mut others) = (Vec::new(), Vec::new());
        for run in self.all_runs()?.into_iter().rev() {
            let is_live = self.active().contains_key(&run);
            if is_live || others.len() < OTHERS_MAX {
                let into = if is_live { &mut live } else { &mut others };
                into.push(self.top_run(run)?);
            }
        }
        let load = self.world.schedule.load();
        let host = (!live.is_empty()).then(|| HostView {
            pid: std::process::id(),
            slots: self.world.schedule.slots(),
            computing: load.computing,
            waiting: load.waiting,
            memory_bytes: system::resident_bytes().unwrap_or_default(),
        });
        live.append(&mut others);
        Ok(Top { host, runs: live })
    }

    fn top_run(&self, run: RunId) -> Result<TopRun, Failure> {
        let row = self.row(run)?;
        let now = self.world.clock.now();
        let runs = self.watchers.board.runs();
        let of_board = runs.get(&run);
        Ok(TopRun {
            priority: of_board.map(|it| it.plan.priority.to_string()).unwrap_or_default(),
            steps: of_board
                .map_or((0, 0), |it| (it.ended.len() as u64, it.plan.steps.len() as u64)),
            usage: of_board.map(|it| it.usage).unwrap_or_default(),
            tasks: of_board.map(|it| it.tasks(now)).unwrap_or_default(),
            row,
        })
    }
}
