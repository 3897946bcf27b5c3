//! Buffers that are used again: for a large store, filling new ones takes longer than the rest of a question.

use std::sync::{Mutex, PoisonError};

use crate::pages::make_room;

/// So many buffers are kept.
const KEPT_MAX: usize = 16;

/// Buffers of one kind that nobody uses at present, all filled with one value.
pub(crate) struct Pool<T>(Mutex<Vec<Vec<T>>>);

impl<T: Clone> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// A buffer of `length` times `filling`, which is the same for all that ask this pool.
    pub(crate) fn take(&self, length: usize, filling: T) -> Vec<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = kept.unwrap_or_default();
        make_room(&mut buffer, length);
        buffer.resize(length, filling);
        buffer
    }

    /// Keeps a buffer for the next who asks. Whoever gives it back has filled it again.
    pub(crate) fn give_back(&self, buffer: Vec<T>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(buffer);
        }
    }
}
