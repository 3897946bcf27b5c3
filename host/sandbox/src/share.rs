//! How many of the host's instances each run has.
//!
//! A task that waits for its children keeps its instance. So a run whose tasks have tasks without end would
//! take all there are, and every other run would fail for want of one: no run gets more than half.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use voyager_base::{Error, ErrorKind, RunId};

/// The instances of all runs.
pub(crate) struct Shares {
    runs: Mutex<BTreeMap<RunId, u32>>,
    most: u32,
}

/// One instance of a run, until it is dropped.
pub(crate) struct Share {
    shares: Arc<Shares>,
    run: RunId,
}

impl Shares {
    /// Shares in so many instances.
    pub(crate) fn new(instances_max: u32) -> Self {
        Self { runs: Mutex::default(), most: (instances_max / 2).max(1) }
    }

    /// One more for `run`.
    ///
    /// # Errors
    /// `limit` where it has its share.
    pub(crate) fn take(self: &Arc<Self>, run: RunId) -> Result<Share, Error> {
        let mut runs = self.runs();
        let count = runs.entry(run).or_default();
        if *count >= self.most {
            let most = self.most;
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "the run has {most} instances, half of what this host has; have fewer tasks wait for \
                     tasks of their own at a time"
                ),
            )
            .bound(format!("run-instances: {most}")));
        }
        *count += 1;
        Ok(Share { shares: Arc::clone(self), run })
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<RunId, u32>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut runs = self.shares.runs();
        if let Some(count) = runs.get_mut(&self.run) {
            *count -= 1;
            if *count == 0 {
                runs.remove(&self.run);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_has_more_than_half() {
        let shares = Arc::new(Shares::new(4));
        let (one, other) = (RunId([1; 16]), RunId([2; 16]));
        let mut held = vec![shares.take(one).unwrap(), shares.take(one).unwrap()];
        let error = shares.take(one).err().unwrap();
        assert_eq!(
            (error.kind, error.bound.as_deref()),
            (ErrorKind::Limit, Some("run-instances: 2"))
        );
        held.push(shares.take(other).unwrap());
        assert!(shares.take(other).is_ok() && shares.take(one).is_err());
        held.clear();
        assert!(shares.runs().is_empty(), "runs that ended are forgotten");
        assert!(Arc::new(Shares::new(1)).take(one).is_ok());
    }
}
