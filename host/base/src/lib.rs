//! The words every Voyager crate speaks, and the traits of the outside world.
//!
//! What is here: ids, types and values of operations, grants and limits, the questions that a skill
//! may ask ([`call::HostCall`]), errors, and traits for clock, chance, disk, record and services, with
//! simulated implementations of those that stand for the machine ([`sim`]).
//!
//! What is deliberately not: anything that opens a file or a socket, reads the system's clock, or
//! starts a thread. A type comes here when two crates need it, and brings no behaviour beyond its own
//! invariant.
//!
//! Start reading at [`call`], the one boundary between a skill and the world; then [`grant`].

pub mod call;
pub mod chain;
pub mod chance;
pub mod clock;
pub mod disk;
pub mod error;
pub mod grant;
pub mod http;
pub mod id;
pub mod limits;
pub mod memory;
pub mod operation;
pub mod policy;
pub mod process;
pub mod record;
pub mod secret;
pub mod sim;
pub mod tasks;
pub mod types;
pub mod usage;
pub mod value;
pub mod workspace;

use std::{future::Future, pin::Pin};

pub use self::{
    error::{Error, ErrorKind, Retry},
    id::{Digest, RunId, TaskId},
    limits::Limits,
    types::Type,
    usage::Usage,
    value::Value,
};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
