//! First stage: leaves the host's namespaces, starts the second stage in them, and kills everything when
//! the line to the service breaks.

use std::{
    ffi::OsStr,
    fs, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    process::{Command, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, WaitOptions},
};

use super::{CGROUP, KEEP, cgroup::Cgroup, namespaces};
use crate::wire::Plan;

pub(super) fn supervise(line: &UnixStream, plan: &Plan) -> io::Result<()> {
    rustix::process::setsid()?;
    // Programs that a kept one leaves behind become children of this process, not of the machine's init.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // Before the namespaces, in which the machine's groups are not this user's any more.
    let run = Path::new(&plan.private).file_name().unwrap_or_default().to_string_lossy();
    let group = Cgroup::make(&run);
    let namespaces = namespaces::enter(plan)?;
    let (folder, none) = match &group {
        Ok(group) => (group.folder.as_os_str(), String::new()),
        Err(error) => (OsStr::new(""), format!("{CGROUP}: {error}")),
    };
    let lacking = [&namespaces.lacking[..], &[none]].concat().join("\n");
    let mut keeper = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .args([KEEP, &namespaces.active.join(","), &lacking])
        .arg(folder)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(line.try_clone()?)))
        .spawn()?;
    let watched = watch(line, Pid::from_child(&keeper));
    let group = group.ok().inspect(Cgroup::kill);
    // As the first process of its namespace it takes all others with it, and is gone after them.
    let _ = keeper.kill();
    keeper.wait()?;
    end_orphans();
    if let Some(group) = group {
        group.remove();
    }
    watched
}

/// Waits until the keeper has ended or the service's side of the line is closed.
fn watch(line: &UnixStream, keeper: Pid) -> io::Result<()> {
    let keeper = rustix::process::pidfd_open(keeper, PidfdFlags::empty())?;
    loop {
        let mut watched = [
            PollFd::from_borrowed_fd(line.as_fd(), PollFlags::RDHUP),
            PollFd::from_borrowed_fd(keeper.as_fd(), PollFlags::IN),
        ];
        match poll(&mut watched, None) {
            Ok(_) if watched.iter().any(|it| !it.revents().is_empty()) => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Kills what is left where no process namespace did it. What a killed process leaves behind becomes a
/// child of this one, hence the loop.
fn end_orphans() {
    loop {
        for child in children() {
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn children() -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_pid().to_string();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id: &i32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name in parentheses may hold anything, so the fields are counted from its end:
        // state, parent.
        stat.rsplit(')').next().and_then(|it| it.split_whitespace().nth(1)) == Some(&*own)
    })
    .filter_map(Pid::from_raw)
    .collect()
}
