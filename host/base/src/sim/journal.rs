//! A journal in memory, for runs whose host never dies.
//!
//! Deliberately absent: what survives a crash. Whoever wants to know that puts the real journal on a
//! [`super::SimDisk`].

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    BoxFuture,
    chain::Head,
    id::{Digest, RunId},
    record::{AppendError, Batch, Content, Entry, Journal, ReadError},
};

/// Keeps records and content in memory.
#[derive(Default)]
pub struct MemoryJournal(Mutex<State>);

#[derive(Default)]
struct State {
    runs: BTreeMap<RunId, Run>,
    content: BTreeMap<Digest, Arc<[u8]>>,
}

struct Run {
    epoch: u64,
    head: Head,
    entries: Vec<Entry>,
    checkpoint: Option<(Head, Vec<u8>)>,
}

impl MemoryJournal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, batch: Batch) -> Result<Head, AppendError> {
        let mut state = self.state();
        let (run, ours) = (batch.run, batch.epoch);
        let known = state.runs.get_mut(&run).filter(|it| it.epoch == ours);
        let Some(known) = known else {
            let current = state.runs.get(&run).map_or(0, |it| it.epoch);
            return Err(AppendError::Fenced { run, current, ours });
        };
        if known.head != batch.after {
            let (stands, believed) = (known.head.sequence, batch.after.sequence);
            return Err(AppendError::Moved { run, stands, believed });
        }
        for entry in batch.entries {
            known.head = known.head.after(&entry.salt, &entry.payload);
            known.entries.push(entry);
        }
        Ok(known.head)
    }
}

impl Journal for MemoryJournal {
    fn claim(&self, run: RunId) -> BoxFuture<'static, Result<(Head, u64), AppendError>> {
        let mut state = self.state();
        let fresh = Run { epoch: 0, head: Head::START, entries: Vec::new(), checkpoint: None };
        let known = state.runs.entry(run).or_insert(fresh);
        known.epoch += 1;
        Box::pin(std::future::ready(Ok((known.head, known.epoch))))
    }

    fn append(&self, batch: Batch) -> BoxFuture<'static, Result<Head, AppendError>> {
        Box::pin(std::future::ready(self.add(batch)))
    }

    fn read(&self, run: RunId, from: u64, bytes_max: usize) -> Result<Vec<Entry>, ReadError> {
        let state = self.state();
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let all = state.runs.get(&run).map_or(&[][..], |run| &run.entries);
        let mut bytes = 0_usize;
        let fits = |entry: &&Entry| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(entry.payload.len().max(1));
            first || bytes <= bytes_max
        };
        Ok(all.iter().skip(from).take_while(fits).cloned().collect())
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, ReadError> {
        Ok(self.state().runs.get(&run).map(|run| run.head))
    }

    fn runs(&self) -> Result<Vec<RunId>, ReadError> {
        let state = self.state();
        Ok(state.runs.iter().filter(|it| it.1.head != Head::START).map(|it| *it.0).collect())
    }

    fn checkpoint(
        &self,
        run: RunId,
        at: Head,
        checkpoint: Vec<u8>,
    ) -> BoxFuture<'static, Result<(), AppendError>> {
        if let Some(run) = self.state().runs.get_mut(&run) {
            run.checkpoint = Some((at, checkpoint));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn last_checkpoint(&self, run: RunId) -> Result<Option<(Head, Vec<u8>)>, ReadError> {
        Ok(self.state().runs.get(&run).and_then(|run| run.checkpoint.clone()))
    }
}

impl Content for MemoryJournal {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        let digest = Digest::of(bytes);
        self.state().content.entry(digest).or_insert_with(|| bytes.into());
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.state().content.get(&digest).map(|bytes| bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chance::Seeded, clock::Timestamp, record::Durability};

    #[test]
    fn an_append_compares_before_it_writes() {
        let journal = MemoryJournal::default();
        let run = RunId::new(Timestamp::from_millis(1), &Seeded::new(1));
        drop(journal.claim(run));
        assert_eq!(journal.runs().unwrap(), [], "it has not begun");
        let entry = Entry { salt: [1; 16], payload: b"one".to_vec() };
        let batch = |epoch, after| Batch {
            run,
            epoch,
            after,
            entries: vec![entry.clone()],
            durability: Durability::Synced,
        };
        let head = journal.add(batch(1, Head::START)).unwrap();
        assert_eq!(journal.head(run).unwrap(), Some(head));
        assert_eq!(journal.runs().unwrap(), [run]);
        assert!(matches!(journal.add(batch(1, Head::START)), Err(AppendError::Moved { .. })));
        assert!(matches!(journal.add(batch(2, head)), Err(AppendError::Fenced { .. })));
        assert_eq!(journal.read(run, 0, 1).unwrap(), [entry]);
    }
}
