//! Going on with runs that nobody asks for: what a process does that stays.
//!
//! It begins with the runs that were interrupted, goes on with those that were told something while nobody ran
//! them, and wakes those that wait no longer than until some time.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, task::JoinSet};
use voyager_base::{RunId, call::Cancellation, clock::Timestamp};

use super::Host;
use crate::{
    answer::Status,
    failure::Failure,
    protocol::{Event, Update},
};

/// Runs that are gone on with at once. The scheduler shares out the slots among their tasks.
const AT_ONCE_MAX: usize = 64;

/// Who is told of runs that somebody should look after.
#[derive(Default)]
pub(super) struct Attendance(OnceLock<mpsc::UnboundedSender<Wish>>);

/// What a run needs.
pub(super) enum Wish {
    /// It was told something.
    GoOn(RunId),
    /// It waits, perhaps until some time.
    Wakes(RunId),
}

/// What an open run waits for.
enum Waits {
    /// An answer or a signal; perhaps until some time at most.
    ForPeople(Option<Timestamp>),
    /// Nothing that somebody has to say.
    ForNobody,
}

/// How a run stands that was gone on with.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Attended {
    /// The run.
    pub(crate) run: String,
    /// Its name, where it is known.
    pub(crate) name: String,
    /// How it ended, or that it waits.
    pub(crate) status: String,
    /// Why nobody can go on with it.
    pub(crate) error: Option<Failure>,
}

impl Attendance {
    /// Has somebody look after a run. Whether there is somebody.
    pub(super) fn ask(&self, wish: Wish) -> bool {
        self.0.get().is_some_and(|sender| sender.send(wish).is_ok())
    }
}

impl Host {
    /// Looks after runs until it is dropped, and tells of each that ended or waits.
    ///
    /// # Errors
    /// That the journal can't be read.
    pub(crate) async fn attend(self: Arc<Self>, tell: impl Fn(&Update)) -> Result<(), Failure> {
        let (sender, mut asked) = mpsc::unbounded_channel();
        let is_first = self.attendance.0.set(sender).is_ok();
        debug_assert!(is_first, "one looks after runs");
        let mut due: BTreeMap<RunId, Timestamp> = BTreeMap::new();
        let mut next: Vec<RunId> = Vec::new();
        // One that can't be read keeps nobody from the others.
        let fails = |run: RunId, error| tell(&Update::Event(Event::Attended(left(run, error))));
        for run in self.all_runs()? {
            self.begins(run, &mut due, &mut next).unwrap_or_else(|error| fails(run, error));
        }
        next.reverse();
        let mut going = JoinSet::new();
        loop {
            while going.len() < AT_ONCE_MAX
                && let Some(run) = next.pop()
            {
                if !self.active().contains_key(&run) {
                    going.spawn(Arc::clone(&self).go_on(run));
                }
            }
            let first = due.iter().map(|(run, at)| (*at, *run)).min();
            let wake = async {
                match first {
                    Some((at, run)) => {
                        self.world.clock.wait_until(at).await;
                        run
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                wish = asked.recv() => match wish {
                    Some(Wish::GoOn(run)) => next.insert(0, run),
                    Some(Wish::Wakes(run)) => {
                        self.wakes(run, &mut due).unwrap_or_else(|error| fails(run, error));
                    }
                    None => return Ok(()),
                },
                run = wake => {
                    due.remove(&run);
                    next.push(run);
                }
                Some(Ok((run, attended))) = going.join_next(), if !going.is_empty() => {
                    // One that can't go on is left to people: its time may be over, and would be again at once.
                    if attended.error.is_none() {
                        self.wakes(run, &mut due).unwrap_or_else(|error| fails(run, error));
                    }
                    tell(&Update::Event(Event::Attended(attended)));
                }
            }
        }
    }

    /// Has a run go on that nobody goes on with, or remembers when it wakes.
    fn begins(
        &self,
        run: RunId,
        due: &mut BTreeMap<RunId, Timestamp>,
        next: &mut Vec<RunId>,
    ) -> Result<(), Failure> {
        match self.row(run)?.status {
            Status::Interrupted => next.push(run),
            // What came last was a wait, perhaps a sleep; only all of the run tells.
            Status::Waiting => match self.until(run)? {
                Waits::ForPeople(until) => due.extend(until.map(|at| (run, at))),
                Waits::ForNobody => next.push(run),
            },
            _ => {}
        }
        Ok(())
    }

    /// Remembers when a run wakes that waits until some time.
    fn wakes(&self, run: RunId, due: &mut BTreeMap<RunId, Timestamp>) -> Result<(), Failure> {
        due.remove(&run);
        if self.ended(run)?.is_some() || self.row(run)?.status == Status::Paused {
            return Ok(());
        }
        if let Waits::ForPeople(Some(at)) = self.until(run)? {
            due.insert(run, at);
        }
        Ok(())
    }

    fn until(&self, run: RunId) -> Result<Waits, Failure> {
        let waits = voyager_agent::waiting(&self.world, run).map_err(super::start_failure)?;
        let until = waits.iter().filter_map(|wait| wait.until).min();
        Ok(if waits.is_empty() { Waits::ForNobody } else { Waits::ForPeople(until) })
    }

    async fn go_on(self: Arc<Self>, run: RunId) -> (RunId, Attended) {
        let (updates, mut nobody) = mpsc::channel(64);
        let drain = tokio::spawn(async move { while nobody.recv().await.is_some() {} });
        let name = self.begun(run).map(|it| it.plan.name.clone()).unwrap_or_default();
        let (named, never) = (run.to_string(), Cancellation::default());
        let answer = {
            let _shared = self.pruning.read().await;
            self.resume(Some(&named), None, false, Vec::new(), &never, &updates).await
        };
        drop(updates);
        let _ = drain.await;
        let attended = match answer {
            Ok(answer) => {
                Attended { run: named, name, status: answer.status.word().to_owned(), error: None }
            }
            Err(error) => Attended { name, ..left(run, error) },
        };
        (run, attended)
    }
}

/// A run that nobody can go on with.
fn left(run: RunId, error: Failure) -> Attended {
    let status = Status::Interrupted.word().to_owned();
    Attended { run: run.to_string(), name: String::new(), status, error: Some(error) }
}
