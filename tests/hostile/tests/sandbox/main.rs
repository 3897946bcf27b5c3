//! The sandbox, from outside: one program, since each that links wasmtime weighs more than a hundred
//! megabytes.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod cores;
mod limits;
mod load;
mod preempt;
mod profile;
mod reuse;
mod suite;
mod values;
mod wasi;
