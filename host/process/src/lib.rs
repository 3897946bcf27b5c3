//! Runs one granted program, confined, in a view of the granted folders.
//!
//! What is here: the service behind `voyager:process` ([`Process`]), the launcher that confines itself
//! and starts the program ([`launcher_main`]), what both say to each other, and how a process of the host
//! that only computes shuts itself in ([`confine_self`]).
//!
//! What is deliberately not: who may start what (the grants, checked before a call comes here), what a
//! change of a file means ([`voyager_base::process::Views`] is handed in), the journal, and shells.
//!
//! Three processes stand between the host and a program. The *supervisor* leaves the host's namespaces
//! and watches the line to the host; when that line breaks, for whatever reason, everything below it is
//! killed. The *keeper* is the first process of the new namespaces: it builds a file system that holds
//! only what was granted, gives up every privilege, and starts the program. Each is the host's own binary,
//! executed afresh, so that nothing of the host's memory, environment or open files is there to leak.
//!
//! Start reading at [`Process`] in `service.rs`, then `launcher/keep.rs`.

mod confine;
mod environment;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod launcher;
mod programs;
mod service;
mod tail;
mod toolchain;
mod view;
mod wire;

pub use self::{
    confine::{Confined, confine_self},
    launcher::launcher_main,
    service::{Launcher, Output, Process, ProcessOptions, Stream, usable_memory_bytes},
    toolchain::Toolchain,
};
