//! Which tasks may compute at a time: slots that all runs of a process share.
//!
//! There are as many slots as cores. Runs that wait take turns, whatever the number of tasks that each
//! has waiting, so that a run of ten thousand items doesn't starve a run of one. A task that waits for
//! its children gives its slot back.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use voyager_base::RunId;

/// The slots of a process. Clones share them.
#[derive(Clone)]
pub struct Schedule(Arc<Mutex<Slots>>);

struct Slots {
    total: u32,
    free: u32,
    next_ticket: u64,
    waiting: BTreeMap<RunId, VecDeque<(u64, Waker)>>,
    granted: BTreeSet<u64>,
    /// Whose turn it was.
    last: Option<RunId>,
}

impl Schedule {
    /// `slots` of them, one at least.
    pub fn new(slots: u32) -> Self {
        let total = slots.max(1);
        Self(Arc::new(Mutex::new(Slots {
            total,
            free: total,
            next_ticket: 0,
            waiting: BTreeMap::new(),
            granted: BTreeSet::new(),
            last: None,
        })))
    }

    /// Number of slots.
    pub fn slots(&self) -> u32 {
        self.lock().total
    }

    /// Waits for a slot. Dropping the future gives up the place in the queue.
    pub fn acquire(&self, run: RunId) -> Acquire {
        Acquire { schedule: self.clone(), run, ticket: None }
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self) {
        let woken = {
            let mut slots = self.lock();
            slots.free += 1;
            slots.grant()
        };
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Slots {
    /// Gives free slots to those whose turn it is.
    fn grant(&mut self) -> Vec<Waker> {
        let mut woken = Vec::new();
        while self.free > 0 {
            let Some(run) = self.turn() else { break };
            let queue = self.waiting.get_mut(&run).expect("a run whose turn it is waits");
            let (ticket, waker) = queue.pop_front().expect("a run without tasks does not wait");
            if queue.is_empty() {
                self.waiting.remove(&run);
            }
            self.free -= 1;
            self.last = Some(run);
            self.granted.insert(ticket);
            woken.push(waker);
        }
        woken
    }

    /// The next run in the round.
    fn turn(&self) -> Option<RunId> {
        use std::ops::Bound::{Excluded, Unbounded};
        let after = self.last.map_or(Unbounded, Excluded);
        let next = self.waiting.range((after, Unbounded)).next();
        next.or_else(|| self.waiting.iter().next()).map(|(run, _)| *run)
    }
}

/// A wait for a slot.
pub struct Acquire {
    schedule: Schedule,
    run: RunId,
    ticket: Option<u64>,
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        let schedule = self.schedule.clone();
        let mut slots = schedule.lock();
        let Some(ticket) = self.ticket else {
            if slots.free > 0 && slots.waiting.is_empty() {
                slots.free -= 1;
                slots.last = Some(self.run);
                return Poll::Ready(Permit { schedule: schedule.clone() });
            }
            let ticket = slots.next_ticket;
            slots.next_ticket += 1;
            let place = (ticket, context.waker().clone());
            slots.waiting.entry(self.run).or_default().push_back(place);
            self.ticket = Some(ticket);
            return Poll::Pending;
        };
        if slots.granted.remove(&ticket) {
            self.ticket = None;
            return Poll::Ready(Permit { schedule: schedule.clone() });
        }
        let queue = slots.waiting.get_mut(&self.run).into_iter().flatten();
        if let Some((_, waker)) = queue.into_iter().find(|(waiting, _)| *waiting == ticket) {
            waker.clone_from(context.waker());
        }
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let granted = {
            let mut slots = self.schedule.lock();
            if let Some(queue) = slots.waiting.get_mut(&self.run) {
                queue.retain(|(waiting, _)| *waiting != ticket);
                if queue.is_empty() {
                    slots.waiting.remove(&self.run);
                }
            }
            slots.granted.remove(&ticket)
        };
        if granted {
            self.schedule.release();
        }
    }
}

/// A slot. Dropping it gives it back.
pub struct Permit {
    schedule: Schedule,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.schedule.release();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[test]
    fn runs_take_turns_whatever_they_have_waiting() {
        let schedule = Schedule::new(1);
        let (many, one) = (RunId([1; 16]), RunId([2; 16]));
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(schedule.acquire(many)).poll(&mut context) else {
            panic!("a free slot is given at once")
        };
        let mut waiting: Vec<Acquire> =
            [many, many, one].map(|run| schedule.acquire(run)).into_iter().collect();
        for wait in &mut waiting {
            assert!(Pin::new(wait).poll(&mut context).is_pending());
        }
        drop(first);
        assert!(Pin::new(&mut waiting[0]).poll(&mut context).is_pending());
        assert!(Pin::new(&mut waiting[2]).poll(&mut context).is_ready(), "the other run's turn");
        assert!(Pin::new(&mut waiting[0]).poll(&mut context).is_ready());
    }

    #[test]
    fn a_slot_given_to_who_left_goes_to_the_next() {
        let schedule = Schedule::new(1);
        let mut context = Context::from_waker(Waker::noop());
        let run = RunId([1; 16]);
        let Poll::Ready(first) = pin!(schedule.acquire(run)).poll(&mut context) else {
            panic!("a free slot is given at once")
        };
        let (mut leaves, mut stays) = (schedule.acquire(run), schedule.acquire(run));
        assert!(Pin::new(&mut leaves).poll(&mut context).is_pending());
        assert!(Pin::new(&mut stays).poll(&mut context).is_pending());
        drop(first);
        drop(leaves);
        assert!(Pin::new(&mut stays).poll(&mut context).is_ready());
    }
}
