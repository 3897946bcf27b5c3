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
