//! Hosts, disks and guests in one process, under one seed.
//!
//! What is real here: the interpreter, the loop, the ledger, the journal. What is simulated: the disk
//! below the journal, the clock, chance, the workspace, programs, and the guests, which are closures.
//! Nothing here links the sandbox: a simulation of many runs must be cheap.
//!
//! Start reading at [`host`].

pub mod guests;
pub mod host;
pub mod machine;
pub mod manifests;
pub mod plan;
pub mod script;
pub mod storm;
pub mod superseded;
pub mod workspace;
