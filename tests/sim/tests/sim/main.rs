//! The simulated host: one program for all suites, since linking them one by one costs more than running
//! them.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod blocks;
mod compensation;
mod concurrency;
mod crash;
mod fork;
mod interpreter;
mod kept_results;
mod lending;
mod policy;
mod random;
mod random_blocks;
mod restage;
mod run;
mod schedule;
mod scripted;
mod secrets;
mod standstill;
mod templates;
mod transactions;
mod undo;
