//! Kept results in memory.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::{
    Digest,
    record::{KeptResult, Results},
};

/// Keeps results while it lives, all of them.
#[derive(Debug, Default)]
pub struct MemoryResults(Mutex<BTreeMap<Digest, KeptResult>>);

impl Results for MemoryResults {
    fn find(&self, key: &Digest) -> Option<KeptResult> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: &Digest, result: KeptResult) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(*key, result);
    }
}
