//! Whether questions find the nearest vectors: compared once they are answered, a little at a time.

use std::time::Duration;

use voyager_base::call::Cancellation;
use voyager_memory::Watched;

use super::Encoding;

/// So long after its vector was made a question is answered, mostly, and so is one behind it.
const ANSWERED: Duration = Duration::from_secs(1);

/// So many steps are taken together: some milliseconds of them where vectors are in memory.
const STEPS: usize = 8;

/// Between them others have the processor, and the memory.
const PAUSE: Duration = Duration::from_millis(100);

impl Encoding {
    /// Compares what questions found with all vectors, whenever some were asked, until it is to end: at once, since what is
    /// not compared is no loss.
    pub(in crate::host) async fn compare(&self, stop: &Cancellation) {
        let mut warned = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.asked.notified() => {}
            }
            let mut pause = ANSWERED;
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = self.clock.wait_until(self.clock.now().after(pause)) => {}
                }
                let Some((more, watched)) = self.compare_some().await else { break };
                if watched.is_low() && !std::mem::replace(&mut warned, true) {
                    let recall = watched.recall().unwrap_or_default();
                    tracing::warn!(
                        recall,
                        questions = watched.questions,
                        "questions miss some of the nearest vectors: `agent-host memory stats` says what helps"
                    );
                }
                if !more {
                    break;
                }
                pause = PAUSE;
            }
        }
    }

    /// Some steps: whether there are more, and what came of all. None where the memory can't be had.
    async fn compare_some(&self) -> Option<(bool, Watched)> {
        let memory = self.opened().await.ok()?;
        let compare = move || {
            let more = (0..STEPS).take_while(|_| memory.watch_step()).count() == STEPS;
            (more, memory.watched())
        };
        tokio::task::spawn_blocking(compare).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use voyager_base::{
        chance::Seeded,
        clock::{Clock as _, Timestamp},
        sim::{SimClock, SimDisk},
    };
    use voyager_encoder::Hashed;
    use voyager_memory::{Draft, Entry, Memory, Options, Question};

    use super::*;
    use crate::{
        encoding::{Encoder, Setting},
        host::{encoding::tests::until, memory::LazyMemory},
    };

    /// A memory that compares the vectors of more than 50 records in two stages.
    fn memory(encoder: &Encoder, records: usize) -> Memory {
        let options = Options { exact_vectors_max: 50, ..encoder.options() };
        let memory = Memory::open(Arc::new(SimDisk::new(1)), options, Arc::new(Seeded::new(1)));
        let memory = memory.expect("it opens");
        let entry = |number: usize| {
            let text = format!("The door {number} is green.");
            let vector = Hashed::new().encode(&[&text]).pop();
            Entry { vector, ..Draft { text, ..Draft::default() }.into() }
        };
        let entries: Vec<Entry> = (0..records).map(entry).collect();
        memory.remember(&entries, None, Timestamp::default()).expect("it is written");
        memory
    }

    #[tokio::test]
    async fn what_was_asked_is_compared_once_it_was_answered() {
        let clock = SimClock::new(Timestamp::from_millis(1_000));
        let words = Path::new("/nowhere/words").to_owned();
        let encoder = Arc::new(Encoder::new(Setting::of("hashed"), Arc::new(clock.clone()), words));
        let memory = Arc::new(memory(&encoder, 120));
        let lazy = LazyMemory::with(Arc::clone(&memory), Arc::clone(&encoder));
        let encoding = Encoding::new(Arc::new(lazy), encoder, Arc::new(clock.clone()));
        let (encoding, stop) = (Arc::new(encoding), Cancellation::default());
        let beside = tokio::spawn({
            let (encoding, stop) = (Arc::clone(&encoding), stop.clone());
            async move { encoding.compare(&stop).await }
        });
        let text = "door 7".to_owned();
        let vector = encoding.meaning(&text).await.expect("it has a vector").vector;
        let question = Question { text, vector, ..Question::default() };
        memory.recall(&question, clock.now()).expect("it is answered");
        until(|| clock.next_deadline().is_some()).await;
        assert_eq!(memory.watched(), Watched::default(), "whoever asks comes first");
        clock.advance(ANSWERED);
        until(|| memory.watched().questions > 0).await;
        let found = Watched { questions: 1, nearest: 10, found: 10 };
        assert_eq!(memory.watched(), found, "all of so few are compared exactly");
        stop.cancel();
        beside.await.expect("it ends");
    }
}
