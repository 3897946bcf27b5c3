//! Confines a process that only computes: it reads what it has open, writes what it has open, and needs
//! nothing else of the machine.
//!
//! For code of the host that works on what comes from anywhere, as a compiler does. Unlike a program it
//! gets no view and no namespaces: it has nothing to look at.

use crate::launcher::{drop_privileges, filter, rules};

/// What confines this process from now on, and what does not, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confined {
    /// Of `no-privileges`, `landlock` and `seccomp` those that are active.
    pub active: Vec<&'static str>,
    /// The others, each with the reason.
    pub lacking: Vec<(&'static str, String)>,
}

/// Leaves this process, for good, nothing but computing, its memory, its threads and what it has open:
/// no path can be opened or changed, no socket made, no program or process started, no other process
/// touched. Must be called before the process starts a thread.
///
/// A kernel that lacks a layer gives the others: what it lacks is told, and to go on is the caller's
/// decision.
pub fn confine_self() -> Confined {
    let mut confined = Confined::default();
    let mut note = |name, outcome: Result<bool, String>| match outcome {
        Ok(true) => confined.active.push(name),
        Ok(false) => {
            confined.lacking.push((name, "the kernel has none, or it is switched off".to_owned()));
        }
        Err(reason) => confined.lacking.push((name, reason)),
    };
    let privileges = rustix::thread::set_no_new_privs(true)
        .map_err(std::io::Error::from)
        .and_then(|()| drop_privileges());
    note("no-privileges", privileges.map(|()| true).map_err(|error| error.to_string()));
    note("landlock", rules::restrict_all());
    note("seccomp", filter::compute_only().map(|()| true));
    confined
}
