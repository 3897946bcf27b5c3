//! The process skill: runs a program by its command line, finds and runs a repository's tests.
//!
//! What a command line means and which files tell of tests is plain Rust, built and tested natively. Only
//! `skill` knows the bindings of `wit/skill.wit`, and only in the sandbox. What is deliberately not here:
//! any rule about what may run. That is the grant's business and the host's.

pub mod command;
pub mod detect;
pub mod output;

#[cfg(target_arch = "wasm32")]
mod skill;
