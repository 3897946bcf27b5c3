//! A queue whose first leads: who comes while another one is at work is taken along by the next who leads, with all who
//! came until then.
//!
//! There is no timer. Who comes alone leads at once; the longer the work takes, the more are done together.

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
};

/// Who waits, in the order of arrival: each with what is to be done for it, and how it is told.
pub(crate) struct Queue<T, R>(Mutex<Line<T, R>>);

struct Line<T, R> {
    waiting: VecDeque<Waiting<T, R>>,
    /// Whether somebody leads. Else nobody waits.
    is_led: bool,
}

struct Waiting<T, R> {
    one: T,
    caller: SyncSender<Told<T, R>>,
}

/// What who waits is told.
enum Told<T, R> {
    /// It is the first now.
    Leads(T),
    /// It was done by another one.
    Done(R),
}

/// What becomes of who comes.
pub(crate) enum Turn<'a, T, R> {
    /// It does the work, its own and that of all who come until it begins.
    Leads(Lead<'a, T, R>),
    /// Its work was done by another one.
    Done(R),
    /// Who took it along ended without a word.
    Lost,
}

/// Who leads. Dropped, it lets the next one lead.
pub(crate) struct Lead<'a, T, R> {
    queue: &'a Queue<T, R>,
    own: Option<T>,
    followers: Vec<SyncSender<Told<T, R>>>,
}

impl<T, R> Default for Queue<T, R> {
    fn default() -> Self {
        Self(Mutex::new(Line { waiting: VecDeque::new(), is_led: false }))
    }
}

impl<T, R> Queue<T, R> {
    /// Waits until `one` is done, or is the first.
    pub(crate) fn join(&self, one: T) -> Turn<'_, T, R> {
        let told = {
            let mut line = self.line();
            if !mem::replace(&mut line.is_led, true) {
                return Turn::Leads(self.lead(one));
            }
            let (caller, told) = sync_channel(1);
            line.waiting.push_back(Waiting { one, caller });
            told
        };
        match told.recv() {
            Ok(Told::Leads(one)) => Turn::Leads(self.lead(one)),
            Ok(Told::Done(done)) => Turn::Done(done),
            Err(_) => Turn::Lost,
        }
    }

    fn lead(&self, one: T) -> Lead<'_, T, R> {
        Lead { queue: self, own: Some(one), followers: Vec::new() }
    }

    /// How many wait or lead.
    #[cfg(test)]
    pub(crate) fn callers(&self) -> usize {
        let line = self.line();
        line.waiting.len() + usize::from(line.is_led)
    }

    fn line(&self) -> MutexGuard<'_, Line<T, R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, R> Lead<'_, T, R> {
    /// Takes along who waits, in the order of arrival and as long as the next one `fits`; one's own stands first.
    pub(crate) fn take(&mut self, mut fits: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut taken: Vec<T> = self.own.take().into_iter().collect();
        let mut line = self.queue.line();
        while let Some(Waiting { one, caller }) = line.waiting.pop_front_if(|it| fits(&it.one)) {
            taken.push(one);
            self.followers.push(caller);
        }
        taken
    }

    /// Tells each how it went, in the order in which they were taken. Gives back one's own.
    pub(crate) fn tell(mut self, done: impl IntoIterator<Item = R>) -> Option<R> {
        let mut done = done.into_iter();
        let own = done.next();
        for (caller, done) in self.followers.drain(..).zip(done) {
            // A caller waits for nothing else.
            drop(caller.send(Told::Done(done)));
        }
        own
    }
}

impl<T, R> Drop for Lead<'_, T, R> {
    fn drop(&mut self) {
        let mut line = self.queue.line();
        match line.waiting.pop_front() {
            Some(Waiting { one, caller }) => drop(caller.send(Told::Leads(one))),
            None => line.is_led = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, Scope, ScopedJoinHandle};

    use super::*;

    type Numbers = Queue<u32, Vec<u32>>;

    /// Lets `one` join behind those who wait. It leads by giving back all that it takes, three at most.
    fn joins<'scope>(
        scope: &'scope Scope<'scope, '_>,
        queue: &'scope Numbers,
        one: u32,
    ) -> ScopedJoinHandle<'scope, Option<Vec<u32>>> {
        let before = queue.callers();
        let joined = scope.spawn(move || match queue.join(one) {
            Turn::Leads(lead) => leads(lead),
            Turn::Done(done) => Some(done),
            Turn::Lost => None,
        });
        while queue.callers() == before {
            thread::yield_now();
        }
        joined
    }

    fn leads(mut lead: Lead<'_, u32, Vec<u32>>) -> Option<Vec<u32>> {
        let mut room = 2;
        let taken = lead.take(|_| {
            let fits = room > 0;
            room -= i32::from(fits);
            fits
        });
        let all = vec![taken.clone(); taken.len()];
        lead.tell(all)
    }

    fn first(queue: &Numbers, one: u32) -> Lead<'_, u32, Vec<u32>> {
        match queue.join(one) {
            Turn::Leads(lead) => lead,
            Turn::Done(_) | Turn::Lost => panic!("nobody else is there"),
        }
    }

    #[test]
    fn who_comes_alone_leads_at_once() {
        let queue = Numbers::default();
        for one in 0..3 {
            assert_eq!(leads(first(&queue, one)), Some(vec![one]));
        }
    }

    #[test]
    fn who_comes_meanwhile_is_taken_along_in_the_order_of_arrival() {
        let queue = Numbers::default();
        thread::scope(|scope| {
            let lead = first(&queue, 0);
            let others: Vec<_> = (1..6).map(|it| joins(scope, &queue, it)).collect();
            assert_eq!(leads(lead), Some(vec![0, 1, 2]));
            let done = others.into_iter().map(|it| it.join().ok().flatten());
            let (with, next) = (Some(vec![0, 1, 2]), Some(vec![3, 4, 5]));
            assert_eq!(
                done.collect::<Vec<_>>(),
                [&with, &with, &next, &next, &next].map(Clone::clone)
            );
        });
        assert_eq!(leads(first(&queue, 6)), Some(vec![6]), "and nobody leads any more");
    }

    #[test]
    fn who_was_taken_along_by_one_that_ends_without_a_word_is_told_and_the_next_leads() {
        let queue = Numbers::default();
        thread::scope(|scope| {
            let mut lead = first(&queue, 0);
            let taken = joins(scope, &queue, 1);
            let mut room = true;
            assert_eq!(lead.take(|_| mem::take(&mut room)), [0, 1]);
            let next = joins(scope, &queue, 2);
            drop(lead);
            assert_eq!(taken.join().ok(), Some(None));
            assert_eq!(next.join().ok().flatten(), Some(vec![2]));
        });
    }
}
