//! The process between the host and a program: it confines itself, then starts the program.
//!
//! Two stages, each the host's binary executed afresh: [`supervise`] and [`keep`]. What is absent on
//! purpose: threads (a process with threads can't leave its user namespace), configuration, and any
//! reading of the environment.

mod cgroup;
pub(crate) mod filter;
mod keep;
mod namespaces;
mod root;
pub(crate) mod rules;
mod supervise;

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::net::UnixStream},
};

use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::wire::{self, Plan, Report};

/// First argument of the second stage.
const KEEP: &str = "keep";
/// The confinement by a control group.
const CGROUP: &str = "cgroup";

/// Runs a stage of the launcher, which is chosen by `arguments`: those that follow the hidden subcommand
/// under which the binary starts this. Must be called before the process starts a thread.
///
/// Standard input is the line to the service; whoever starts this by hand gets an error.
pub fn launcher_main(arguments: Vec<String>) -> ! {
    let outcome = take_line().and_then(|line| {
        let plan: Plan = wire::decode(&wire::read(&line)?)?;
        let done = match arguments.as_slice() {
            [] => supervise::supervise(&line, &plan),
            [stage, reported @ ..] if stage == KEEP => keep::keep(&line, plan, reported),
            _ => Err(io::Error::other("unknown stage of the launcher")),
        };
        done.or_else(|error| wire::report(&line, &Report::Failed { reason: error.to_string() }))
    });
    std::process::exit(i32::from(outcome.is_err()));
}

/// The socket that stands at standard input, moved where no program inherits it.
fn take_line() -> io::Result<UnixStream> {
    let line = rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let line = UnixStream::from(line);
    // Fails where it is no socket: this was not started by the service.
    line.peer_addr()?;
    Ok(line)
}

/// For good: nothing that is executed later gets a capability back.
pub(crate) fn drop_privileges() -> io::Result<()> {
    rustix::thread::clear_ambient_capability_set()?;
    for capability in CapabilitySet::all().iter() {
        // Fails for numbers that the kernel does not know, and where there is no privilege to lose.
        let _ = rustix::thread::remove_capability_from_bounding_set(capability);
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}
