//! The journal, from outside.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod compact;
mod crash;
mod damage;
mod files;
mod golden;
mod prune;
mod store;
mod support;
