//! When a failed task is tried again.
//!
//! Every host that is given the same facts must arrive at the same waits, so nothing here reads a clock
//! or draws a random number. Attempts are still spread out, to keep tasks that failed together from
//! coming back together; the spread is a hash of the task's own identity.

use std::time::Duration;

use voyager_base::{Digest, Error, ErrorKind, Retry, TaskId};
use voyager_manifest::plan::RetryPlan;

/// Whether a task that failed `failures` times, last with an error of `kind`, is tried again.
pub(super) fn applies(retry: &RetryPlan, failures: u32, kind: ErrorKind) -> bool {
    failures < retry.attempts && retry.on.contains(&kind)
}

/// How long to wait before the next attempt; no less than the error itself asks for.
pub(super) fn wait(retry: &RetryPlan, task: TaskId, failures: u32, error: &Error) -> Duration {
    let asked = match error.retry {
        Retry::After(millis) => Duration::from_millis(millis).min(retry.wait_max),
        Retry::Never | Retry::AsIs => Duration::ZERO,
    };
    spread(backoff(retry, failures), task, failures).max(asked)
}

fn backoff(retry: &RetryPlan, failures: u32) -> Duration {
    let longer = retry.factor.max(1.0).powi(i32::try_from(failures).unwrap_or(i32::MAX) - 1);
    let seconds = retry.wait.as_secs_f64() * longer;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(retry.wait_max)
}

/// Shortens `wait` by up to a quarter, always by the same amount for the same attempt.
fn spread(wait: Duration, task: TaskId, failures: u32) -> Duration {
    let hash = Digest::of_parts([task.0.as_slice(), &failures.to_le_bytes()]);
    wait - wait / 4 * u32::from(hash.0[0]) / 255
}

#[cfg(test)]
mod tests {
    use voyager_base::RunId;

    use super::*;

    #[test]
    fn waits_grow_up_to_the_ceiling() {
        let waits: Vec<u128> = (1..=4).map(|n| backoff(&policy(), n).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 400]);
    }

    #[test]
    fn the_spread_is_repeatable_and_takes_at_most_a_quarter() {
        let wait = Duration::from_millis(400);
        for number in 1..100 {
            let task = TaskId::root(RunId([7; 16])).child("a", number);
            let once = spread(wait, task, 1);
            assert_eq!(once, spread(wait, task, 1));
            assert!(wait * 3 / 4 <= once && once <= wait);
        }
    }

    #[test]
    fn an_error_can_ask_for_a_longer_wait() {
        let task = TaskId::root(RunId([7; 16]));
        let error = Error { retry: Retry::After(390), ..Error::unavailable("busy") };
        assert_eq!(wait(&policy(), task, 1, &error).as_millis(), 390);
    }

    #[test]
    fn only_named_kinds_are_tried_again_and_the_last_attempt_is_the_last() {
        assert!(applies(&policy(), 1, ErrorKind::Timeout));
        assert!(!applies(&policy(), 1, ErrorKind::Failed));
        assert!(!applies(&policy(), 3, ErrorKind::Timeout));
    }

    fn policy() -> RetryPlan {
        RetryPlan {
            attempts: 3,
            wait: Duration::from_millis(100),
            factor: 2.0,
            wait_max: Duration::from_millis(400),
            on: vec![ErrorKind::Timeout],
        }
    }
}
