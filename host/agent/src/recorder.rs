//! Writes the facts of one run, in one order, as links of one chain.
//!
//! One recorder per owner of a run. It computes the chain itself, so that the journal can compare where
//! the writer believes the chain to stand with where it stands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use voyager_base::{
    RunId,
    chain::{Head, Salt},
    clock::Timestamp,
    record::{AppendError, Batch, Durability, Entry},
};

use crate::{
    event::{self, Event},
    world::World,
};

/// Writes the facts of one run.
pub struct Recorder {
    world: Arc<World>,
    run: RunId,
    epoch: u64,
    state: Mutex<State>,
}

struct State {
    head: Head,
    time: Timestamp,
    bytes: u64,
    /// After a failure nothing is known of the chain's end, so nothing is appended any more.
    failed: Option<AppendError>,
}

/// Where a fact came to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Number of its record, from 0.
    pub sequence: u64,
    /// Its time.
    pub at: Timestamp,
}

impl Recorder {
    /// A recorder for the owner `epoch` of a run whose chain stands at `head`; times go on after
    /// `time`.
    pub fn new(world: Arc<World>, run: RunId, epoch: u64, head: Head, time: Timestamp) -> Self {
        let state = Mutex::new(State { head, time, bytes: 0, failed: None });
        Self { world, run, epoch, state }
    }

    /// Number of the ownership.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Appends facts as one batch. The order of the chain is the order of the calls.
    ///
    /// # Errors
    /// What the journal says, then and for ever after.
    pub async fn append(
        &self,
        events: &[Event],
        durability: Durability,
    ) -> Result<Vec<Written>, AppendError> {
        let (written, acknowledged) = self.enqueue(events, durability)?;
        match acknowledged.await {
            Ok(_) => Ok(written),
            Err(error) => {
                self.lock().failed.get_or_insert_with(|| error.clone());
                Err(error)
            }
        }
    }

    /// Appends one fact.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub async fn append_one(
        &self,
        event: Event,
        durability: Durability,
    ) -> Result<Written, AppendError> {
        let written = self.append(std::slice::from_ref(&event), durability).await?;
        Ok(*written.first().expect("one fact gives one record"))
    }

    /// Where the chain stands, and bytes of records that this owner wrote.
    pub fn position(&self) -> (Head, u64) {
        let state = self.lock();
        (state.head, state.bytes)
    }

    #[expect(
        clippy::type_complexity,
        reason = "a future that has been started, and what it is for"
    )]
    fn enqueue(
        &self,
        events: &[Event],
        durability: Durability,
    ) -> Result<
        (Vec<Written>, voyager_base::BoxFuture<'static, Result<Head, AppendError>>),
        AppendError,
    > {
        // The lock is held until the journal has the batch, so that the order of the chain is the
        // order in which the journal gets it.
        let mut state = self.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        // A clock set back must not let facts precede their causes.
        let at = self.world.clock.now().max(state.time);
        let after = state.head;
        let mut head = after;
        let mut entries = Vec::with_capacity(events.len());
        let mut written = Vec::with_capacity(events.len());
        for event in events {
            let payload = event::encode(at, event, &*self.world.content)?;
            let mut salt = Salt::default();
            self.world.chance.fill(&mut salt);
            written.push(Written { sequence: head.sequence, at });
            head = head.after(&salt, &payload);
            state.bytes += payload.len() as u64;
            entries.push(Entry { salt, payload });
        }
        (state.head, state.time) = (head, at);
        let batch = Batch { run: self.run, epoch: self.epoch, after, entries, durability };
        Ok((written, self.world.journal.append(batch)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
