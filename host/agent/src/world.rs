//! What stands around runs: the traits through which they meet the machine, and the people who watch.

use std::{sync::Arc, time::Duration};

use voyager_base::{
    Error, RunId, TaskId, Usage,
    call::{Report, Skills, Spawn},
    chance::Chance,
    clock::{Clock, Timestamp},
    http::HttpService,
    memory::MemoryService,
    policy::HostPolicy,
    process::ProcessService,
    record::{Content, Journal, Results},
    workspace::WorkspaceService,
};

use crate::{event::TaskStarted, schedule::Schedule};

/// What stands around all runs of a process.
#[derive(Clone)]
pub struct World {
    /// Keeps records.
    pub journal: Arc<dyn Journal>,
    /// Keeps content.
    pub content: Arc<dyn Content>,
    /// Keeps results beyond runs.
    pub results: Arc<dyn Results>,
    /// Runs operations.
    pub skills: Arc<dyn Skills>,
    /// Files.
    pub workspace: Arc<dyn WorkspaceService>,
    /// Programs.
    pub process: Arc<dyn ProcessService>,
    /// Servers.
    pub http: Arc<dyn HttpService>,
    /// Memories.
    pub memory: Arc<dyn MemoryService>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub chance: Arc<dyn Chance>,
    /// Starts futures.
    pub spawn: Arc<dyn Spawn>,
    /// What the host allows now: what it allowed when a run began, or less, as far as the run goes.
    pub policy: Arc<dyn HostPolicy>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Who runs when: the slots that all runs share.
    pub schedule: Schedule,
}

/// Watches runs. Nothing depends on it; it must return at once.
pub trait Observer: Send + Sync {
    /// Takes notice.
    fn notice(&self, run: RunId, at: Timestamp, notice: Notice<'_>);

    /// Takes the core of the guest that broke in an attempt of a task, where somebody wants it: only then `make`
    /// makes it.
    fn core(&self, _run: RunId, _of: (TaskId, u32), _make: &mut dyn FnMut() -> Vec<u8>) {}
}

/// Watches nothing.
pub struct Nobody;

impl Observer for Nobody {
    fn notice(&self, _run: RunId, _at: Timestamp, _notice: Notice<'_>) {}
}

/// What people may want to see of a run while it goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice<'a> {
    /// A fact of the run itself, its steps and its tasks; no effects. The facts of a resumed run's past
    /// are not told again.
    Fact(&'a crate::event::Event),
    /// A step waits for somebody: since now, or since an earlier life of the run.
    Waits(&'a crate::interpreter::Waiting),
    /// A child task began.
    ChildStarted {
        /// Its parent.
        parent: TaskId,
        /// The child.
        task: TaskId,
        /// Children of the same question in total.
        of: u64,
    },
    /// A child task ended.
    ChildDone {
        /// Its parent.
        parent: TaskId,
        /// The child.
        task: TaskId,
        /// Why it failed, where it did.
        error: Option<&'a Error>,
        /// What it used; none where no guest ran.
        usage: Option<Usage>,
    },
    /// An attempt of a task waits for its keys and a slot: to begin, or to go on.
    Queued {
        /// How it began.
        task: &'a TaskStarted,
        /// Position in the plan of the step that it serves.
        step: usize,
    },
    /// It has them.
    Computes {
        /// The task.
        task: TaskId,
    },
    /// A more important task took the slot of a task, which has stopped.
    Paused {
        /// The task.
        task: TaskId,
    },
    /// It goes on.
    Continued {
        /// The task.
        task: TaskId,
        /// How long it did not compute.
        after: Duration,
    },
    /// A guest reports.
    Report {
        /// Its task.
        task: TaskId,
        /// What it says; control characters removed.
        report: &'a Report,
    },
}
