//! The language, from outside.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod common;
mod corpus;
mod hostile;
mod lending;
mod policies;
mod policy;
mod power;
mod risks;
mod scenarios;
mod shipped;
mod views;
