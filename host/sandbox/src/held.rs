//! What the host holds for a guest beyond its handles: bodies and headers of requests and answers, counted
//! from when they come until they are dropped, however that happens.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use voyager_base::{Error, ErrorKind};

/// A guest that has its host hold more bytes than this gets nothing further: a single body may have 64 MiB,
/// and handles alone would let it hold a thousand of them.
const HELD_BYTES_MAX: usize = 64 << 20;

/// All that is held for one guest.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<AtomicUsize>);

impl Held {
    /// The weight of a thing of so many bytes.
    pub(crate) fn weigh(&self, bytes: usize) -> Weight {
        let mut weight = Weight { held: self.clone(), bytes: 0 };
        weight.set(bytes);
        weight
    }

    /// Makes sure that `more` bytes may be held.
    ///
    /// # Errors
    /// `limit`.
    pub(crate) fn room(&self, more: usize) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed).saturating_add(more) <= HELD_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "this task holds bodies and headers of requests with more than {HELD_BYTES_MAX} bytes; take them, \
             or drop them, before the next"
        );
        Err(Error::new(ErrorKind::Limit, message).bound(format!("held-bytes: {HELD_BYTES_MAX}")))
    }
}

/// What one thing weighs, until it is dropped.
pub(crate) struct Weight {
    held: Held,
    bytes: usize,
}

impl Weight {
    /// From now on it weighs so much.
    pub(crate) fn set(&mut self, bytes: usize) {
        let total = &self.held.0;
        total.fetch_add(bytes, Ordering::Relaxed);
        total.fetch_sub(std::mem::replace(&mut self.bytes, bytes), Ordering::Relaxed);
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_weighs_nothing() {
        let held = Held::default();
        let mut first = held.weigh(HELD_BYTES_MAX);
        assert_eq!(held.room(1).unwrap_err().bound.as_deref(), Some("held-bytes: 67108864"));
        first.set(1);
        let second = held.weigh(HELD_BYTES_MAX - 2);
        assert!(held.room(1).is_ok() && held.room(2).is_err());
        drop((first, second));
        assert!(held.room(HELD_BYTES_MAX).is_ok());
    }
}
