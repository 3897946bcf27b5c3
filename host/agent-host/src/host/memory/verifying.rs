//! Checking everything that is stored.

use std::sync::Mutex;

use voyager_base::clock::Timestamp;
use voyager_memory::Verified;

use super::{Desk, Progress, read};
use crate::{
    answer::memory::verify::VerifyAnswer,
    failure::{Failure, FailureKind},
    protocol::{Event, Update},
};

/// How often is told how far it is.
const TOLD: std::time::Duration = std::time::Duration::from_secs(1);

impl Desk {
    /// Answers `memory verify`.
    pub(super) fn verify(&self) -> Result<VerifyAnswer, Failure> {
        let begun = self.now();
        let progress = self.progress.telling("checked");
        let found: Option<Verified> = self.memory.verify(&progress).map_err(read)?;
        let stopped = || Failure::new(FailureKind::Cancelled, "stopped: not all was checked");
        let found = found.ok_or_else(stopped)?;
        let millis = self.now().since(begun).as_millis();
        Ok(VerifyAnswer::of(found, u64::try_from(millis).unwrap_or(u64::MAX)))
    }
}

impl Progress {
    /// Tells whoever asked, once a second, how much is done, and whether they still want it.
    pub(super) fn telling(&self, doing: &'static str) -> impl Fn(u64, u64) -> bool + Sync + '_ {
        let told: Mutex<Timestamp> = Mutex::new(self.clock.now());
        move |done, total| {
            let now = self.clock.now();
            let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if told.after(TOLD) <= now {
                *told = now;
                let doing = doing.to_owned();
                // Whoever asked may have left, or is slow; another one follows.
                let _ = self.updates.try_send(Update::Event(Event::Going { doing, done, total }));
            }
            !self.cancellation.is_cancelled()
        }
    }
}
