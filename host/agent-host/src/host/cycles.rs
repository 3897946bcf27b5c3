//! Cycles of the memory's decay that pass by themselves, in a host that stays and was told how long one is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use voyager_base::clock::{Clock, Timestamp};
use voyager_memory::Ticked;

use super::{Host, memory::LazyMemory};
use crate::protocol::{Event, Update};

/// So long a memory is left alone that could not be opened or written: nothing is lost meanwhile, and to try a wrong
/// passphrase takes a second of a processor.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// Lets cycles pass.
pub(super) struct Cycles {
    memory: Arc<LazyMemory>,
    clock: Arc<dyn Clock>,
    /// How long one is, and when it is looked next whether one is over; nothing where none passes by itself.
    next: Mutex<Option<(Duration, Timestamp)>>,
}

impl Cycles {
    pub(super) fn new(memory: Arc<LazyMemory>, clock: Arc<dyn Clock>) -> Self {
        Self { memory, clock, next: Mutex::new(None) }
    }

    /// When the next one passes, where the last one did `since` then; none where none passes by itself.
    pub(super) fn due(&self, since: Timestamp) -> Option<Timestamp> {
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        next.map(|(every, next)| due(since, every, self.clock.now()).max(next))
    }

    /// Lets one pass each `every` from now on, whoever let the last one pass. What passed while nobody had the memory is
    /// one cycle, however long it was: a cycle is time in which a record could have been used.
    ///
    /// Tells of each, and why none passes: once, until that is another reason.
    async fn pass(&self, every: Duration, tell: impl Fn(Result<Ticked, &str>)) {
        let mut known = None;
        loop {
            let next = match self.pass_due(every).await {
                Ok((ticked, next)) => {
                    known = None;
                    ticked.into_iter().for_each(|it| tell(Ok(it)));
                    next
                }
                Err(reason) => {
                    if known.as_ref() != Some(&reason) {
                        tell(Err(&reason));
                    }
                    known = Some(reason);
                    self.clock.now().after(AGAIN)
                }
            };
            *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some((every, next));
            self.clock.wait_until(next).await;
        }
    }

    /// Lets a cycle pass where one is due; also gives back when to look again.
    async fn pass_due(&self, every: Duration) -> Result<(Option<Ticked>, Timestamp), String> {
        let (lazy, now) = (Arc::clone(&self.memory), self.clock.now());
        let later = now.after(every);
        let work = move || {
            // Where nothing is remembered nothing fades, and no memory is made for that: one may be restored there.
            if !lazy.is_there() {
                return Ok((None, later));
            }
            let memory = lazy.open().map_err(|it| it.to_string())?;
            let since = memory.cycle_since().map_err(|it| it.to_string())?;
            match since.map_or(later, |it| due(it, every, now)) {
                due if due > now => Ok((None, due)),
                _ => {
                    let ticked = memory.tick(1, now).map_err(|it| it.to_string())?;
                    Ok((Some(ticked), later))
                }
            }
        };
        tokio::task::spawn_blocking(work).await.map_err(|it| it.to_string())?
    }
}

/// When a cycle is over that began `since` then, or now where that is past.
fn due(since: Timestamp, every: Duration, now: Timestamp) -> Timestamp {
    // A clock that was set back does not tell how long ago that was, and to wait for it may take years.
    if since > now { now } else { since.after(every).max(now) }
}

impl Host {
    /// Lets a cycle of the memory's decay pass each `every`, until it is dropped, and tells of each.
    pub(crate) async fn pass_cycles(self: Arc<Self>, every: Duration, tell: impl Fn(&Update)) {
        let passed = |passed: Result<Ticked, &str>| match passed {
            Ok(Ticked { cycle, archived }) => {
                tell(&Update::Event(Event::CyclePassed { cycle, archived }));
            }
            Err(reason) => {
                let text =
                    format!("no cycle of the memory passes, tried again each hour: {reason}");
                tell(&Update::Note { text });
            }
        };
        self.cycles.pass(every, passed).await;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use tokio::task::JoinHandle;
    use voyager_base::{
        chance::Seeded,
        sim::{SimClock, SimDisk},
    };
    use voyager_memory::{Draft, Memory, Options};

    use super::*;
    use crate::{
        encoding::{Encoder, Setting},
        host::encoding::tests::until,
    };

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const BEGIN: Timestamp = Timestamp::from_millis(1_000);

    fn days(count: u32) -> Timestamp {
        BEGIN.after(DAY * count)
    }

    fn encoder(clock: &SimClock) -> Arc<Encoder> {
        let words = Path::new("/nowhere/words").to_owned();
        Arc::new(Encoder::new(Setting::of("none"), Arc::new(clock.clone()), words))
    }

    /// A memory whose only record was written as the clock began.
    fn memory() -> Arc<Memory> {
        let disk = Arc::new(SimDisk::new(1));
        let memory = Memory::open(disk, Options::default(), Arc::new(Seeded::new(1)));
        let memory = memory.expect("it opens");
        let draft = Draft { text: "The door is green.".to_owned(), ..Draft::default() };
        memory.remember(&[draft.into()], None, BEGIN).expect("it is written");
        Arc::new(memory)
    }

    /// A host that lets a cycle pass each day, how many it told of, and of how many reasons why none does.
    struct Passing {
        clock: SimClock,
        cycles: Arc<Cycles>,
        told: Arc<AtomicUsize>,
        failed: Arc<AtomicUsize>,
        task: JoinHandle<()>,
    }

    impl Passing {
        fn begin(memory: LazyMemory, clock: SimClock) -> Self {
            let cycles = Arc::new(Cycles::new(Arc::new(memory), Arc::new(clock.clone())));
            let (told, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let task = tokio::spawn({
                let cycles = Arc::clone(&cycles);
                let (told, failed) = (Arc::clone(&told), Arc::clone(&failed));
                async move {
                    let tell = |it: Result<Ticked, &str>| {
                        let count = if it.is_ok() { &told } else { &failed };
                        count.fetch_add(1, Ordering::SeqCst);
                    };
                    cycles.pass(DAY, tell).await;
                }
            });
            Self { clock, cycles, told, failed, task }
        }

        fn of(memory: &Arc<Memory>, now: Timestamp) -> Self {
            let clock = SimClock::new(now);
            let encoder = encoder(&clock);
            Self::begin(LazyMemory::with(Arc::clone(memory), encoder), clock)
        }

        /// Waits until it waits for this time; gives back how many cycles it told of.
        async fn waits_for(&self, time: Timestamp) -> usize {
            until(|| self.clock.next_deadline() == Some(time)).await;
            self.told.load(Ordering::SeqCst)
        }
    }

    impl Drop for Passing {
        fn drop(&mut self) {
            self.task.abort();
        }
    }

    #[tokio::test]
    async fn a_cycle_passes_each_day_whoever_let_the_last_one_pass() {
        let memory = memory();
        let host = Passing::of(&memory, BEGIN);
        assert_eq!(host.waits_for(days(1)).await, 0, "the first one begins with the first record");
        host.clock.advance(DAY);
        assert_eq!(host.waits_for(days(2)).await, 1);
        assert_eq!(host.cycles.due(days(1)), Some(days(2)));
        host.clock.advance(DAY / 2);
        let by_hand = days(1).after(DAY / 2);
        assert_eq!(memory.tick(1, by_hand).expect("it is written").cycle, 2);
        host.clock.advance(DAY / 2);
        assert_eq!(host.waits_for(by_hand.after(DAY)).await, 1, "that one counts");
        // Another host goes on where this one ended.
        drop(host);
        let next = Passing::of(&memory, days(2));
        assert_eq!(next.waits_for(by_hand.after(DAY)).await, 0);
        assert_eq!(memory.stats().expect("it is read").cycle, 2);
    }

    #[tokio::test]
    async fn a_week_without_a_host_is_one_cycle() {
        let memory = memory();
        let host = Passing::of(&memory, days(7));
        assert_eq!(host.waits_for(days(8)).await, 1);
        assert_eq!(memory.stats().expect("it is read").cycle, 1);
    }

    #[tokio::test]
    async fn a_cycle_of_a_time_to_come_keeps_no_other_away() {
        let memory = memory();
        memory.tick(1, days(900)).expect("it is written");
        let host = Passing::of(&memory, days(1));
        assert_eq!(host.waits_for(days(2)).await, 1);
    }

    #[tokio::test]
    async fn no_memory_is_made_for_cycles() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = SimClock::new(BEGIN);
        let lazy = LazyMemory::new(folder.path(), Arc::new(()), encoder(&clock), None);
        let host = Passing::begin(lazy, clock);
        assert_eq!(host.waits_for(days(1)).await, 0);
        host.clock.advance(DAY);
        assert_eq!(host.waits_for(days(2)).await, 0);
        assert!(!folder.path().join("memory").exists());
        // Nobody wakes it for one that is restored meanwhile.
        assert_eq!(host.cycles.due(BEGIN), Some(days(2)));
    }

    #[tokio::test]
    async fn why_no_cycle_passes_is_told_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let memory = folder.path().join("memory");
        std::fs::create_dir(&memory).expect("a folder");
        for name in ["owner", "memory.redb"] {
            std::fs::write(memory.join(name), "of something else").expect("a file");
        }
        let clock = SimClock::new(BEGIN);
        let lazy = LazyMemory::new(folder.path(), Arc::new(()), encoder(&clock), None);
        let host = Passing::begin(lazy, clock);
        for hour in 1..4 {
            assert_eq!(host.waits_for(BEGIN.after(AGAIN * hour)).await, 0);
            assert_eq!(host.failed.load(Ordering::SeqCst), 1);
            host.clock.advance(AGAIN);
        }
    }
}
