//! Simulated implementations of the traits that stand for the machine: the same code runs on them as
//! on the real ones. And a task that asks, as services are told of it.

mod asking;
mod clock;
mod disk;
mod executor;
mod journal;
mod results;

pub use self::{
    asking::asking,
    clock::SimClock,
    disk::{CrashModel, SimDisk},
    executor::{Executor, Outside, Unfinished, wait},
    journal::MemoryJournal,
    results::MemoryResults,
};
