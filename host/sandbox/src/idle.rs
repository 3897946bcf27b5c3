//! Instances that wait for another call, so that it needs no new one.
//!
//! Only instances of skills that promise to keep nothing from call to call (`Loaded::reusable`) wait
//! here, only after a call that ended well, and only for calls of the same run with the same limits:
//! nothing of one run can reach another. While an instance waits, it holds nothing of the task that it
//! served. It does not wait long (a run that has ended asks no more), and serves a bounded number of
//! calls (so that what it leaks stays little).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use voyager_base::{Digest, Limits, RunId, call::Invocation};
use wasmtime::{
    Store,
    component::{ComponentExportIndex, Func, Instance},
};

use crate::{guest::Guest, share::Share};

/// Most instances that wait, over all runs; fewer where the host has few.
const IDLE_MAX: usize = 64;
/// Of the host's instances at most this share waits: a new call must find one free.
const IDLE_SHARE: u32 = 4;
/// How long one waits.
pub(crate) const IDLE: Duration = Duration::from_secs(1);
/// Most bytes of linear memory of one that waits.
const HELD_BYTES_MAX: u64 = 4 << 20;
/// Most calls that one serves.
const CALLS_MAX: u32 = 1_000;

/// An instance, with its store. Boxed, since it is moved from call to call.
pub(crate) struct Live {
    pub(crate) store: Store<Guest>,
    /// None until it has started.
    pub(crate) instance: Option<Instance>,
    /// The operation that was called last.
    pub(crate) called: Option<(ComponentExportIndex, Func)>,
    /// Calls that it has begun.
    pub(crate) calls: u32,
    /// Its place among those of its run. Last, so that it is free when the instance is gone.
    pub(crate) _share: Share,
}

impl Live {
    /// Lets go of the task that it served. Whether it may serve another: it has not served too many,
    /// and holds little.
    pub(crate) fn leave(&mut self) -> bool {
        let guest = self.store.data_mut();
        guest.leave();
        let holds_little = guest.handles.is_empty() && guest.memory.held() <= HELD_BYTES_MAX;
        holds_little && self.calls < CALLS_MAX
    }
}

/// Which calls may be served by the same instance. Boxed, since it travels with the instance.
#[derive(PartialEq, Eq)]
pub(crate) struct Kind {
    run: RunId,
    component: Digest,
    limits: Limits,
}

impl Kind {
    /// That of a call.
    pub(crate) fn of(invocation: &Invocation) -> Box<Self> {
        Box::new(Self {
            run: invocation.ledger.run(),
            component: invocation.component,
            limits: invocation.limits.clone(),
        })
    }

    /// Whether the call is of this kind.
    pub(crate) fn serves(&self, invocation: &Invocation) -> bool {
        self.component == invocation.component
            && self.run == invocation.ledger.run()
            && self.limits == invocation.limits
    }
}

/// What waits, the longest first.
pub(crate) struct Idle<T> {
    waiting: Mutex<Vec<Waiting<T>>>,
    most: usize,
    /// Ticks that one waits.
    ticks: u64,
}

struct Waiting<T> {
    kind: Box<Kind>,
    instance: T,
    since: u64,
}

impl<T> Idle<T> {
    /// Room for instances of a host that has at most `instances_max`, each of which waits for so many `ticks`.
    pub(crate) fn new(instances_max: u32, ticks: u64) -> Self {
        let most = IDLE_MAX.min((instances_max / IDLE_SHARE) as usize);
        Self { waiting: Mutex::default(), most, ticks }
    }

    /// Of those whose kind fits, the one that has waited least.
    pub(crate) fn take(&self, fits: impl Fn(&Kind) -> bool) -> Option<(Box<Kind>, T)> {
        let mut waiting = self.waiting();
        let place = waiting.iter().rposition(|it| fits(&it.kind))?;
        let Waiting { kind, instance, .. } = waiting.remove(place);
        Some((kind, instance))
    }

    /// Lets an instance wait from tick `now` on. Where there is no room, the one that has waited longest
    /// gives way.
    pub(crate) fn keep(&self, kind: Box<Kind>, instance: T, now: u64) {
        let mut waiting = self.waiting();
        waiting.push(Waiting { kind, instance, since: now });
        let gone = (waiting.len() > self.most).then(|| waiting.remove(0));
        // Taking an instance down takes a while: not under the lock.
        drop(waiting);
        drop(gone);
    }

    /// Takes down what has waited too long at tick `now`.
    pub(crate) fn sweep(&self, now: u64) {
        let mut waiting = self.waiting();
        let recent = waiting.iter().position(|it| now.saturating_sub(it.since) < self.ticks);
        let count = recent.unwrap_or(waiting.len());
        let gone: Vec<_> = waiting.drain(..count).collect();
        drop(waiting);
        drop(gone);
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(run: u8) -> Box<Kind> {
        Box::new(Kind {
            run: RunId([run; 16]),
            component: Digest([0; 32]),
            limits: Limits::default(),
        })
    }

    fn take<T>(idle: &Idle<T>, kind: &Kind) -> Option<T> {
        idle.take(|it| it == kind).map(|it| it.1)
    }

    #[test]
    fn an_instance_is_found_by_its_own_kind_only() {
        let idle = Idle::new(1_000, 100);
        idle.keep(kind(1), "one", 0);
        idle.keep(kind(1), "two", 0);
        assert_eq!(take(&idle, &kind(2)), None);
        assert_eq!(take(&idle, &Kind { component: Digest([1; 32]), ..*kind(1) }), None);
        let limits = Limits { memory: 1, ..Limits::default() };
        assert_eq!(take(&idle, &Kind { limits, ..*kind(1) }), None);
        assert_eq!(take(&idle, &kind(1)), Some("two"));
        assert_eq!(take(&idle, &kind(1)), Some("one"));
        assert_eq!(take(&idle, &kind(1)), None);
    }

    #[test]
    fn what_has_waited_its_time_is_taken_down() {
        let idle = Idle::new(1_000, 100);
        idle.keep(kind(1), "early", 0);
        idle.keep(kind(2), "late", 1);
        idle.sweep(100);
        assert_eq!(take(&idle, &kind(1)), None);
        assert_eq!(take(&idle, &kind(2)), Some("late"));
    }

    #[test]
    fn without_room_the_longest_waiting_gives_way() {
        let idle = Idle::new(2 * IDLE_SHARE, 100);
        (1..=3).for_each(|run| idle.keep(kind(run), run, 0));
        assert_eq!([1, 2, 3].map(|run| take(&idle, &kind(run))), [None, Some(2), Some(3)]);
        let none = Idle::new(1, 100);
        none.keep(kind(1), 1, 0);
        assert_eq!(take(&none, &kind(1)), None);
    }
}
