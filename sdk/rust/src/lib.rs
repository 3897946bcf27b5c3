//! Helpers for skills written in Rust: a skill is a library crate with `wit/` and one `impl`.
//!
//! The bindings of the contract are generated here once ([`bindings`]); a skill names them in the `with`
//! of its own `wit_bindgen::generate!`, so that its types and these are the same:
//!
//! ```text
//! wit_bindgen::generate!({
//!     path: "wit",
//!     with: {
//!         "voyager:types/types@0.1.0": voyager_sdk::bindings::voyager::types::types,
//!         "voyager:workspace/files@0.1.0": voyager_sdk::bindings::voyager::workspace::files,
//!     },
//! });
//! ```
//!
//! Name exactly what your world imports: what a skill imports is what it asks for. On top of the
//! bindings are [`files`] (listings as iterators, whole files), [`tasks`] (typed child tasks),
//! [`http`] (requests), [`memory`] (what runs leave for runs to come), [`evidence`] (why it was found, and what is around it),
//! [`results`] (what they made of it), [`log`] and [`progress`], and errors of the host that work with `?` ([`Error`]).
//!
//! What is deliberately not here: anything that a skill could do without the host. `agent-host skill
//! new` begins a skill from `template/` beside this crate.

pub mod bindings;
mod error;
pub mod evidence;
pub mod files;
pub mod http;
pub mod memory;
pub mod results;
mod run;
pub mod tasks;
#[cfg(feature = "testing")]
pub mod testing;

pub use self::{
    bindings::voyager::types::types::{Error, Fault, OtherFault, Retry},
    run::{Level, log, progress},
};
