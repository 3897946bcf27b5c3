//! Which tasks may compute at a time: slots, keys and resources that all runs of a process share.
//!
//! There are as many slots as cores. Those that wait are served by their priority, then by turns of
//! their runs (or of all runs with the same `fair-by`), whatever the number of tasks that each has
//! waiting, so that a run of ten thousand items doesn't starve a run of one, then in their order. A task
//! that waits for its children gives its slot back. `machine` decides; what is here asks it with the
//! time, and wakes whom it means.

mod line;
mod machine;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use futures_channel::oneshot;
use voyager_base::{
    BoxFuture,
    clock::{Clock, Timestamp},
};

use voyager_manifest::plan::Resources;

use self::machine::{Change, Machine, Ticket};
pub use self::machine::{Key, Load, Rules, Scope, Wish};

/// The slots of a process. Clones share them.
#[derive(Clone)]
pub struct Schedule(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    machine: Machine,
    hands: BTreeMap<Ticket, Hand>,
    /// Who needs the room of a guest, and found none that rests yet.
    demands: VecDeque<oneshot::Sender<()>>,
}

/// How somebody is reached.
struct Hand {
    waker: Option<Waker>,
    taken: Arc<AtomicBool>,
    /// Whether it keeps a guest that does not compute.
    rests: bool,
    /// Somebody needs the room of its guest.
    evicted: Option<oneshot::Sender<()>>,
    /// Who looks whether that is so.
    evicts: Option<Waker>,
    /// A newer run wants it to end.
    superseded: bool,
    /// Who looks whether that is so.
    ends: Option<Waker>,
}

impl Schedule {
    /// A schedule of these rules, by this clock.
    pub fn new(rules: Rules, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            machine: Machine::new(rules),
            hands: BTreeMap::new(),
            demands: VecDeque::new(),
        };
        Self(Arc::new(Shared { clock, state: Mutex::new(state) }))
    }

    /// Number of slots.
    pub fn slots(&self) -> u32 {
        self.state().machine.rules().slots
    }

    /// What can be reserved, by all together.
    pub fn capacity(&self) -> Resources {
        self.state().machine.rules().capacity
    }

    /// How many compute now, and how many wait for a slot or a key.
    pub fn load(&self) -> Load {
        self.state().machine.load()
    }

    /// Somebody who wants to compute comes, and stands aside at first. What is lent to the one that it
    /// stands under is lent to it too.
    pub fn join(&self, wish: Wish, under: Option<&Place>) -> Place {
        let taken = Arc::<AtomicBool>::default();
        let mut state = self.state();
        let ticket = state.machine.join(wish, under.map(|place| place.ticket));
        let hand = Hand {
            waker: None,
            taken: Arc::clone(&taken),
            rests: false,
            evicted: None,
            evicts: None,
            superseded: false,
            ends: None,
        };
        state.hands.insert(ticket, hand);
        drop(state);
        Place { schedule: self.clone(), ticket, taken }
    }

    /// Has the guest dropped that matters least of those that rest, or else the next one that does. None
    /// where no slot was taken, so that none will. When what it gives completes, there may be room.
    pub fn evict(&self) -> Option<oneshot::Receiver<()>> {
        let (tell, told) = oneshot::channel();
        let mut state = self.state();
        let State { machine, hands, demands } = &mut *state;
        let rest = hands.iter_mut().filter(|(_, hand)| hand.rests && hand.evicted.is_none());
        let least = rest.min_by_key(|(ticket, _)| (machine.level(**ticket), Reverse(**ticket)));
        let Some((_, hand)) = least else {
            let some_will = hands.values().any(Hand::lost);
            demands.extend(some_will.then_some(tell));
            return some_will.then_some(told);
        };
        hand.evicted = Some(tell);
        let waker = hand.evicts.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Some(told)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the machine do something, and tells those who are concerned.
    fn with<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let now = self.0.clock.now();
        let mut state = self.state();
        let done = act(&mut state, now);
        let woken = state.tell();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        done
    }
}

impl Hand {
    /// Whether its slot was taken.
    fn lost(&self) -> bool {
        self.taken.load(Ordering::SeqCst)
    }
}

impl State {
    fn tell(&mut self) -> Vec<Waker> {
        let mut woken = Vec::new();
        while let Some((ticket, change)) = self.machine.poll_change() {
            let Some(hand) = self.hands.get_mut(&ticket) else { continue };
            match change {
                Change::Given => {
                    hand.taken.store(false, Ordering::SeqCst);
                    woken.extend(hand.waker.take());
                }
                Change::Taken => hand.taken.store(true, Ordering::SeqCst),
                Change::Superseded => {
                    hand.superseded = true;
                    woken.extend(hand.ends.take());
                }
            }
        }
        if !self.demands.is_empty() && !self.hands.values().any(Hand::lost) {
            // None will rest: whoever needs room has to see whether there is some by now.
            self.demands.clear();
        }
        woken
    }
}

/// Somebody in the schedule. Dropping it gives up slot and key.
pub struct Place {
    schedule: Schedule,
    ticket: Ticket,
    /// Whether its slot was taken.
    taken: Arc<AtomicBool>,
}

impl Place {
    /// Waits for its key and a slot. Dropping the future gives up the wait. One at a time may wait.
    pub fn enter(self: &Arc<Self>) -> Enter {
        Enter { place: Arc::clone(self), timer: None, is_in: false }
    }

    /// Gives the slot back, and keeps the key.
    pub fn stand_aside(&self) {
        self.taken.store(false, Ordering::SeqCst);
        self.schedule.with(|state, now| state.machine.stand_aside(now, self.ticket));
    }

    /// Gives up slot and key; the place is of no use any more.
    pub fn leave(&self) {
        self.taken.store(false, Ordering::SeqCst);
        let hand = self.schedule.with(|state, now| {
            state.machine.leave(now, self.ticket);
            // Its room is free: one that needs some may have it.
            state.demands.pop_front();
            state.hands.remove(&self.ticket)
        });
        hand.and_then(|hand| hand.ends).into_iter().for_each(Waker::wake);
    }

    /// Completes when a newer run wants this one to end (true), or when it has left (false).
    pub fn superseded(&self) -> impl Future<Output = bool> + Send + use<> {
        let (schedule, ticket) = (self.schedule.clone(), self.ticket);
        std::future::poll_fn(move |context| {
            let mut state = schedule.state();
            let Some(hand) = state.hands.get_mut(&ticket) else { return Poll::Ready(false) };
            if hand.superseded {
                return Poll::Ready(true);
            }
            hand.ends = Some(context.waker().clone());
            Poll::Pending
        })
    }

    /// Waits with a guest that keeps its memory meanwhile, unless somebody needs the room.
    pub async fn rest(self: &Arc<Self>, wait: Enter) {
        let rest = Rest::begin(self);
        wait.await;
        drop(rest);
    }

    /// Completes when somebody needs the room of its guest, which rests; what it gives is dropped when
    /// the guest is.
    pub fn evicted(self: &Arc<Self>) -> impl Future<Output = oneshot::Sender<()>> + use<> {
        let this = Arc::clone(self);
        std::future::poll_fn(move |context| {
            let mut state = this.schedule.state();
            let Some(hand) = state.hands.get_mut(&this.ticket) else { return Poll::Pending };
            if let Some(evicted) = hand.evicted.take() {
                return Poll::Ready(evicted);
            }
            hand.evicts = Some(context.waker().clone());
            Poll::Pending
        })
    }

    /// Where its slot was taken: the wait until it has one again. Costs nothing where it was not.
    pub fn lost(self: &Arc<Self>) -> Option<Enter> {
        self.taken.load(Ordering::SeqCst).then(|| self.enter())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A guest rests while this lives.
struct Rest(Arc<Place>);

impl Rest {
    fn begin(place: &Arc<Place>) -> Self {
        let this = Self(Arc::clone(place));
        this.set(true);
        this
    }

    fn set(&self, rests: bool) {
        let mut state = self.0.schedule.state();
        let State { hands, demands, .. } = &mut *state;
        let Some(hand) = hands.get_mut(&self.0.ticket) else { return };
        hand.rests = rests;
        // Where it goes on, whoever wanted its room has to look for another.
        let next = if rests { demands.pop_front() } else { None };
        let before = std::mem::replace(&mut hand.evicted, next);
        drop(state);
        drop(before);
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// A wait for a slot.
pub struct Enter {
    place: Arc<Place>,
    /// When time alone may change something.
    timer: Option<(Timestamp, BoxFuture<'static, ()>)>,
    is_in: bool,
}

impl Future for Enter {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let place = Arc::clone(&self.place);
        let ticket = place.ticket;
        loop {
            let wait = place.schedule.with(|state, now| {
                state.machine.wait(now, ticket);
                state.machine.handle_time(now);
                if state.machine.is_ready(ticket) {
                    return Poll::Ready(());
                }
                if let Some(hand) = state.hands.get_mut(&ticket) {
                    hand.waker = Some(context.waker().clone());
                }
                Poll::Pending
            });
            if wait.is_ready() {
                self.is_in = true;
                return wait;
            }
            let at = place.schedule.state().machine.poll_timeout(ticket);
            if self.timer.as_ref().map(|(at, _)| *at) != at {
                let clock = &place.schedule.0.clock;
                self.timer = at.map(|at| (at, clock.wait_until(at)));
            }
            let Some((_, timer)) = &mut self.timer else { return Poll::Pending };
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.timer = None;
        }
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        if !self.is_in {
            self.place.stand_aside();
        }
    }
}
