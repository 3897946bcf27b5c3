//! A control group (cgroup v2) for one program: bounds that hold for all its processes together, and one
//! stroke that ends them.
//!
//! It needs a place where this user may make groups: below the host's own, or beside it, as in a session
//! or in a service with `Delegate=yes` and `DelegateSubgroup=`. Where no such place hands on memory and
//! processes the group still ends everything at once.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::AtFlags,
};

use crate::wire::ResourceLimits;

/// What the names of groups begin with. They end with the number of the supervisor.
const PREFIX: &str = "voyager-";
/// Longest wait until the kernel has taken an ended process out of its group.
const GONE_TIME_MAX: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// A group of the supervisor's making, held open: the keeper changes the root of them both, and then no
/// path leads here any more.
pub(super) struct Cgroup {
    pub(super) folder: PathBuf,
    name: String,
    place: File,
    events: File,
    /// None before Linux 5.14.
    kill: Option<File>,
}

impl Cgroup {
    /// Makes an empty group for the run of a program that is called `run`.
    ///
    /// # Errors
    /// Where the kernel has no cgroup v2, or none that this user may write.
    pub(super) fn make(run: &str) -> io::Result<Self> {
        let (mount, own) = own_group()?;
        let beside = own.parent().filter(|parent| parent.starts_with(&mount));
        let bounding = [Some(&*own), beside].into_iter().flatten().filter(|it| hands_on(it));
        let name = format!("{PREFIX}{run}-{}", std::process::id());
        let mut made = Err(io::ErrorKind::NotFound.into());
        for place in bounding.chain([&*own]) {
            remove_leftovers(place);
            let folder = place.join(&name);
            made = fs::create_dir(&folder).and_then(|()| Self::open(place, &name, folder));
            if made.is_ok() {
                break;
            }
        }
        made
    }

    fn open(place: &Path, name: &str, folder: PathBuf) -> io::Result<Self> {
        let place = File::open(place)?;
        let events = File::open(folder.join("cgroup.events"))?;
        let kill = File::options().write(true).open(folder.join("cgroup.kill")).ok();
        Ok(Self { folder, name: name.to_owned(), place, events, kill })
    }

    /// Kills all that is in it, at once: nothing in it can start another process meanwhile.
    pub(super) fn kill(&self) {
        // What this does not reach the supervisor kills one by one.
        let _ = self.kill.as_ref().map(|mut kill| kill.write_all(b"1"));
    }

    /// Removes the group, whose processes have ended. What stays is removed by a later one.
    pub(super) fn remove(mut self) {
        let mut told = String::new();
        // The kernel tells of changes since it was read last.
        while self.events.rewind().and_then(|()| self.events.read_to_string(&mut told)).is_ok() {
            if rustix::fs::unlinkat(&self.place, &self.name, AtFlags::REMOVEDIR).is_ok() {
                return;
            }
            let mut watched = [PollFd::from_borrowed_fd(self.events.as_fd(), PollFlags::PRI)];
            if !poll(&mut watched, Some(&GONE_TIME_MAX)).is_ok_and(|changed| changed > 0) {
                return;
            }
        }
    }
}

/// Which bounds a group keeps, for all its processes together.
pub(super) struct Bounds {
    pub(super) memory: io::Result<()>,
    pub(super) processes: io::Result<()>,
}

/// Puts this process, which keeps a program, into the group, and bounds it.
///
/// # Errors
/// Where the kernel does not take it in.
pub(super) fn join(folder: &Path, limits: &ResourceLimits) -> io::Result<Bounds> {
    let bound = |file: &str, most: u64| fs::write(folder.join(file), most.to_string());
    let memory = bound("memory.max", limits.memory_bytes_max);
    // Memory on the disk is memory too. A kernel without swap has no such file.
    let _ = bound("memory.swap.max", 0);
    // This process counts, too.
    let processes = bound("pids.max", limits.processes_max.saturating_add(1));
    fs::write(folder.join("cgroup.procs"), "0")?;
    Ok(Bounds { memory, processes })
}

/// Where groups are mounted, and the group of this process there.
fn own_group() -> io::Result<(PathBuf, PathBuf)> {
    let missing = || io::Error::other("there is no cgroup v2");
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let groups = fs::read_to_string("/proc/self/cgroup")?;
    own_group_of(&mounts, &groups).ok_or_else(missing)
}

/// See proc_pid_mountinfo(5) and cgroups(7).
fn own_group_of(mounts: &str, groups: &str) -> Option<(PathBuf, PathBuf)> {
    let (shown, mount) = mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut fields = place.split(' ').skip(3);
        kind.starts_with("cgroup2 ").then_some((fields.next()?, fields.next()?))
    })?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let own = Path::new(own).strip_prefix(shown).ok()?;
    let mount = PathBuf::from(mount);
    let own = mount.join(own);
    Some((mount, own))
}

/// Whether groups below this one can be bounded in memory and processes.
fn hands_on(place: &Path) -> bool {
    let file = place.join("cgroup.subtree_control");
    // Refused where it is not this user's, or holds processes; it may be so already.
    let _ = fs::write(&file, "+memory +pids");
    let controllers = fs::read_to_string(file).unwrap_or_default();
    let has = |name| controllers.split_whitespace().any(|it| it == name);
    has("memory") && has("pids")
}

/// Removes empty groups of supervisors that were killed. The kernel keeps those that are not empty.
fn remove_leftovers(place: &Path) {
    for entry in place.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().and_then(|it| it.strip_prefix(PREFIX)) else { continue };
        let supervisor = name.rsplit('-').next().unwrap_or_default();
        if !Path::new("/proc").join(supervisor).exists() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_found_in_every_kind_of_mount() {
        let of = |mounts: &str, groups: &str| {
            let (_, own) = own_group_of(mounts, groups)?;
            Some(own.display().to_string())
        };
        let unified = "26 22 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        let own = "0::/user.slice/a.scope\n";
        assert_eq!(of(unified, own).unwrap(), "/sys/fs/cgroup/user.slice/a.scope");
        let hybrid = "1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n\
                      1 2 0:4 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n";
        assert_eq!(of(hybrid, "8:pids:/x\n0::/\n").unwrap(), "/sys/fs/cgroup/unified/");
        let container = "1 2 0:3 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        assert_eq!(of(container, "0::/docker/1/sub").unwrap(), "/sys/fs/cgroup/sub");
        assert_eq!(of(container, "0::/elsewhere"), None);
        assert_eq!(of("1 2 0:3 / /proc rw - proc proc rw\n", own), None);
        assert_eq!(of(unified, "8:pids:/x\n"), None);
    }
}
