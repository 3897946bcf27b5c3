//! The security skill: secrets, dangerous calls, vulnerable dependencies, and their report.
//!
//! The analysis is plain Rust over bytes: it builds and is tested natively. Only `skill` knows the
//! bindings of `wit/skill.wit`, and only in the sandbox. Nothing here reaches a network or a clock,
//! and nothing here ever puts a secret into its answer.
//!
//! Start reading at [`scan`], which takes a file from its bytes to its findings.

pub mod audit;
pub mod catalogue;
pub mod code;
pub mod dependencies;
pub mod model;
pub mod sarif;
pub mod scan;
pub mod secrets;
pub mod source;
pub mod text;

#[cfg(target_arch = "wasm32")]
mod skill;
