//! Runs one operation of one component within its grants and limits.
//!
//! A [`Sandbox`] loads components ([`Sandbox::load`]: bounded, validated, described and compiled in a
//! child process, cached), and runs their operations (it implements [`voyager_base::call::Skills`]):
//! each call in a fresh store and instance (where a skill promises to keep nothing, in one that has
//! served another call: `idle.rs`), with all limits armed. Whatever a skill asks of the host
//! goes through `boundary.rs`; `capability/` translates WIT to the questions of `voyager-base`;
//! `wasi/` stands in for WASI, deterministic and without a way out of its own.
//!
//! What it deliberately does not know: which service answers, where records go, what a manifest is.
//! Only this crate names wasmtime, and no type of wasmtime crosses its border.
//!
//! Start reading at [`Sandbox`], then `call.rs`.

mod boundary;
mod cache;
mod call;
mod capability;
mod command;
mod compiler;
mod declare;
mod decode;
mod docs;
mod document;
mod ending;
mod engine;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod guest;
mod held;
mod idle;
mod imports;
mod limits;
mod lines;
mod load;
mod profiler;
mod requests;
mod sandbox;
mod share;
mod text;
mod timing;
mod values;
mod wasi;

pub use self::{
    compiler::{CompileBounds, CompilerCommand, compile_child_main},
    declare::declared,
    document::{DocumentError, document},
    engine::{Allocation, EngineShape},
    lines::SourceLine,
    load::LoadError,
    profiler::{Profile, Profiler, Sample},
    sandbox::{Sandbox, SandboxError, SandboxOptions},
};
