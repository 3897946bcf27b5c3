//! Decides what a run does next, and drives it through traits.
//!
//! What is here: the facts that a journal holds ([`event`]), the machine that turns them into wishes
//! ([`interpreter`]), the ledger through which a skill's questions pass, the one loop of a run, and
//! what the program calls ([`start`], [`resume`], [`replay`], [`undo`]). What is deliberately not: an executor,
//! a sandbox, a store, files, the system's clock. They come in through [`World`].
//!
//! Start reading at [`run`], then `drive`, the only loop a run has, then [`interpreter`].

mod account;
pub mod book;
mod children;
mod confirm;
mod drive;
mod effect;
pub mod event;
pub mod fork;
pub mod interpreter;
pub mod lineage;
mod name;
pub mod path;
pub mod recorder;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod secrets;
mod tally;
mod task;
mod telemetry;
pub mod undo;
pub mod verify;
pub mod world;

pub use self::{
    drive::{DriveError, Told},
    event::{Event, Failure, SEMANTICS, Timed},
    fork::{ForkError, fork, inherit},
    interpreter::{Message, Outcome, Unwanted, Waiting},
    lineage::{RunView, facts, inspect},
    run::{
        Handle, Live, ReplayError, Replayed, Request, StartError, TellError, beyond, replay,
        resume, start, tell, waiting,
    },
    schedule::{Rules, Schedule},
    secrets::{GivenSecret, GivenSecrets, KeptSecret},
    verify::{Difference, Verified, replay_verify},
    world::{Nobody, Notice, Observer, World},
};
