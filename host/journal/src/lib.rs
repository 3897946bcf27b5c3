//! Makes a record durable, gives it back, and never changes it.
//!
//! One [`Store`] keeps the records of all runs and the content that they name. Records are rows of
//! one redb file, older ones packed as segments; segments and content lie in append-only pack files beside it. One thread writes: it takes
//! whatever waits, of all runs, commits it with one sync, and only then acknowledges.
//!
//! What is deliberately not here: what a record means, timers (waiting for company would make a lone
//! run slower, and a busy store has company anyway), and a second process (`voyager-disk`'s `FileDisk` takes a lock).
//!
//! Start reading at [`Store`]; then `writer.rs`, the one place that commits.

mod compact;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod group;
mod packs;
mod results;
mod row;
mod segment;
mod store;
mod sweep;
mod tables;
mod writer;

pub use self::{
    compact::{CompactError, Compacted},
    error::OpenError,
    results::{ResultStore, Taken},
    store::{Options, Store},
    sweep::{PruneError, Pruned},
};
