//! Second stage: the first process of the new namespaces. It builds the file system, gives up every
//! privilege, says what confines it, starts the program and stays until the program has ended.

use std::{
    fs::File,
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream, unix::process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::MemfdFlags,
    process::{DumpableBehavior, Pid, Resource, Rlimit, Signal, WaitOptions},
    thread::CpuSet,
};

use super::{
    CGROUP, cgroup, drop_privileges, filter,
    root::{self, Obstacle},
    rules,
};
use crate::{
    environment,
    wire::{self, Plan, Report, ResourceLimits, Start},
};

/// What a control group bounds for all processes together.
const MEMORY_TOGETHER: &str = "memory:cgroup";
const PROCESSES_TOGETHER: &str = "processes:cgroup";

/// What confines this process, and what does not, with the reason.
#[derive(Default)]
struct Confinement {
    active: Vec<String>,
    lacking: Vec<(String, String)>,
}

impl Confinement {
    fn reported(active: &str, lacking: &str) -> Self {
        let pair =
            |line: &str| line.split_once(": ").map(|(name, why)| (name.to_owned(), why.to_owned()));
        Self {
            active: active.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
            lacking: lacking.lines().filter_map(pair).collect(),
        }
    }

    /// Bounds memory and processes of all that will run, here and below, as well as the kernel can.
    fn bound_together(&mut self, group: &Path, limits: &ResourceLimits) {
        if !group.as_os_str().is_empty() {
            match cgroup::join(group, limits) {
                Ok(bounds) => {
                    self.active.push(CGROUP.to_owned());
                    self.note(MEMORY_TOGETHER, bounds.memory);
                    self.note(PROCESSES_TOGETHER, bounds.processes);
                }
                Err(error) => self.lacks(CGROUP, error.to_string()),
            }
        }
        if self.has("pid-namespace") && !self.has(PROCESSES_TOGETHER) {
            self.note("processes:pid-namespace", bound_namespace(limits.processes_max));
        }
    }

    fn note(&mut self, name: &str, outcome: io::Result<()>) {
        match outcome {
            Ok(()) => self.active.push(name.to_owned()),
            Err(error) => self.lacks(name, error.to_string()),
        }
    }

    /// Whether something whose name begins with this is active.
    fn has_some(&self, kind: &str) -> bool {
        self.active.iter().any(|it| it.starts_with(kind))
    }

    fn has(&self, name: &str) -> bool {
        self.active.iter().any(|it| it == name)
    }

    fn lacks(&mut self, name: &str, reason: impl Into<String>) {
        self.lacking.push((name.to_owned(), reason.into()));
    }

    fn reason(&self, name: &str) -> String {
        // A group that bounds nothing is none to those who demand it.
        let parts: &[&str] = &[name, MEMORY_TOGETHER, PROCESSES_TOGETHER];
        let names = if name == CGROUP { parts } else { &parts[..1] };
        let known = self.lacking.iter().find(|(lacking, _)| names.contains(&lacking.as_str()));
        known.map_or_else(|| "not available here".to_owned(), |(_, reason)| reason.clone())
    }
}

/// `reported` is what the supervisor found: what is active, what is lacking, and the control group.
pub(super) fn keep(line: &UnixStream, plan: Plan, reported: &[String]) -> io::Result<()> {
    let [active, lacking, group] = reported else {
        return Err(io::Error::other("the supervisor reports something else"));
    };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    if closed(line) {
        return Ok(());
    }
    let stdin = wire::read(line)?;
    let mut confinement = Confinement::reported(active, lacking);
    confinement.bound_together(Path::new(group), &plan.limits);
    if plan.own_root
        && let Err(obstacle) = enter_root(&plan, &confinement)
    {
        let report = match obstacle {
            Obstacle::Overlay(reason) => Report::NoOverlay { reason },
            Obstacle::Root(reason) => Report::NoRoot { reason },
        };
        return wire::report(line, &report);
    }
    let places = Places::of(&plan);
    let directory = match places.start(&plan.start) {
        Ok(directory) => directory,
        Err(reason) => return wire::report(line, &Report::NoDirectory { reason }),
    };
    confine(&plan, &places, &mut confinement)?;
    let missing = missing(&plan, &confinement);
    if !missing.is_empty() {
        return wire::report(line, &Report::Refused { missing });
    }
    let command = command(plan, &places, &directory, &stdin)?;
    // The program has the same user: it must not reach into this process and speak for it.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    run(line, command, confinement.active)
}

fn enter_root(plan: &Plan, confinement: &Confinement) -> Result<(), Obstacle> {
    if !confinement.has("mount-namespace") {
        return Err(Obstacle::Root(confinement.reason("mount-namespace")));
    }
    root::enter(plan)
}

fn run(line: &UnixStream, mut command: Command, confinement: Vec<String>) -> io::Result<()> {
    let name = command.get_program().display().to_string();
    let program = match command.spawn() {
        Ok(program) => program,
        Err(error) => {
            let reason = format!("{name} can't be started: {error}");
            return wire::report(line, &Report::Failed { reason });
        }
    };
    wire::report(line, &Report::Started { confinement })?;
    let status = ended(Pid::from_child(&program))?;
    wire::report(line, &Report::Ended { exit_code: status.code(), signal: status.signal() })
}

/// Waits for the program, and meanwhile for every process whose parent has gone.
fn ended(program: Pid) -> io::Result<ExitStatus> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((process, status))) if process == program => {
                return Ok(ExitStatus::from_raw(status.as_raw()));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the service has given up already.
fn closed(line: &UnixStream) -> bool {
    let mut watched = [PollFd::from_borrowed_fd(line.as_fd(), PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Where the program's folders are for itself.
struct Places {
    /// Its private folder.
    private: String,
    /// The views, in the plan's order.
    views: Vec<String>,
}

impl Places {
    /// In a file system of its own everything is at its usual place; otherwise where it really is.
    fn of(plan: &Plan) -> Self {
        if plan.own_root {
            let views = plan.views.iter().map(|view| view.folder.clone()).collect();
            return Self { private: "/tmp".to_owned(), views };
        }
        let views = plan.views.iter().map(|view| format!("{}/copy", view.store)).collect();
        Self { private: format!("{}/tmp", plan.private), views }
    }

    fn start(&self, start: &Start) -> Result<PathBuf, String> {
        let (folder, directory) = match start {
            Start::Private => (&self.private, "work"),
            Start::View { index, directory } => (&self.views[*index], directory.as_str()),
        };
        let path = Path::new(folder).join(directory);
        let real = path.canonicalize().and_then(|real| {
            let within = real.starts_with(Path::new(folder).canonicalize()?) && real.is_dir();
            if within { Ok(real) } else { Err(io::ErrorKind::NotADirectory.into()) }
        });
        real.map_err(|error| {
            format!("`{directory}` is no directory of the granted folder: {error}")
        })
    }

    fn writable(&self) -> Vec<String> {
        self.views.iter().chain([&self.private]).cloned().collect()
    }
}

fn confine(plan: &Plan, places: &Places, confinement: &mut Confinement) -> io::Result<()> {
    if confinement.has("mount-namespace") && confinement.has("pid-namespace") {
        match root::own_processes() {
            Ok(()) => confinement.active.push("private-proc".to_owned()),
            Err(error) => confinement.lacks("private-proc", error.to_string()),
        }
    }
    let mut views: Vec<_> = plan.views.iter().map(|view| view.kind.word().to_owned()).collect();
    views.dedup();
    confinement.active.extend(views);
    bound(&plan.limits, confinement)?;
    if let Some(most) = plan.limits.cpus_max {
        confinement.note("cpus:affinity", pin(most, plan.limits.cpus_from));
    }
    rustix::thread::set_no_new_privs(true)?;
    match rules::restrict(&plan.readable, &places.writable()) {
        Ok(true) => confinement.active.push("landlock".to_owned()),
        Ok(false) => confinement.lacks("landlock", "the kernel has none, or it is switched off"),
        Err(reason) => confinement.lacks("landlock", reason),
    }
    drop_privileges()?;
    seal_descriptors()?;
    let pinned = plan.limits.cpus_max.is_some();
    match filter::restrict(plan.network || confinement.has("network-namespace"), pinned) {
        Ok(()) => confinement.active.push("seccomp".to_owned()),
        Err(reason) => confinement.lacks("seccomp", reason),
    }
    Ok(())
}

/// What the grant demands and does not have; and what nobody has to demand: a program never runs where
/// nothing keeps it from the machine's files, or from a network that it was not granted.
fn missing(plan: &Plan, confinement: &Confinement) -> Vec<(String, String)> {
    let with_reason = |name: &str| (name.to_owned(), confinement.reason(name));
    let active = |name: &str| match name {
        "view" => plan.views.is_empty() || confinement.has_some("view:"),
        CGROUP => confinement.has(MEMORY_TOGETHER) && confinement.has(PROCESSES_TOGETHER),
        name => confinement.has(name),
    };
    let demanded = plan.demand.iter().filter(|name| !active(name)).map(|name| with_reason(name));
    let mut missing: Vec<_> = demanded.collect();
    let files = active("landlock") || active("mount-namespace") && active("private-proc");
    if !files && !plan.demand.iter().any(|it| it == "landlock") {
        missing.push(with_reason("landlock"));
    }
    let cut = plan.network || active("network-namespace") || active("seccomp");
    if !cut && !plan.demand.iter().any(|it| it == "network-namespace") {
        missing.push(with_reason("network-namespace"));
    }
    missing
}

/// Bounds of each process. They are inherited, and nobody here can raise them again.
fn bound(limits: &ResourceLimits, confinement: &mut Confinement) -> io::Result<()> {
    let mut bounds = vec![
        (Resource::Core, 0),
        (Resource::Nofile, limits.open_files_max),
        (Resource::Fsize, limits.file_bytes_max),
    ];
    // Without a user namespace it counts all processes of the host's user, not the program's.
    if confinement.has("user-namespace") {
        bounds.push((Resource::Nproc, limits.processes_max));
        // The kernel makes an exception for the machine's root.
        if !confinement.has_some("processes:") && !rustix::process::geteuid().is_root() {
            confinement.active.push("processes:rlimit".to_owned());
        }
    }
    // What a program writes to of its own; reserved addresses, of which runtimes take terabytes, are free.
    if !confinement.has_some("memory:") {
        bounds.push((Resource::Data, limits.memory_bytes_max));
        confinement.active.push("memory:rlimit".to_owned());
    }
    for (resource, most) in bounds {
        let most = rustix::process::getrlimit(resource).maximum.map_or(most, |hard| hard.min(most));
        let bound = Rlimit { current: Some(most), maximum: Some(most) };
        rustix::process::setrlimit(resource, bound)?;
    }
    Ok(())
}

/// Leaves this process, and all that it starts, so many processors of those that it has.
fn pin(most: u32, from: u32) -> io::Result<()> {
    let has = rustix::thread::sched_getaffinity(None)?;
    let all: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| has.is_set(*cpu)).collect();
    let mut kept = CpuSet::new();
    for next in 0..(most as usize).min(all.len()) {
        kept.set(all[(from as usize).wrapping_add(next) % all.len()]);
    }
    Ok(rustix::thread::sched_setaffinity(None, &kept)?)
}

/// Bounds the processes of this process namespace. Numbers up to 300 are given out once only, so that
/// there are up to so many more at first.
fn bound_namespace(processes_max: u64) -> io::Result<()> {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    if version(&release).is_none_or(|version| version < (6, 14)) {
        // Before, the same file bounded the whole machine.
        return Err(io::Error::other("a namespace has no bound before Linux 6.14"));
    }
    std::fs::write("/proc/sys/kernel/pid_max", processes_max.saturating_add(302).to_string())
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// No descriptor but the three standard ones reaches the program, not even one that a foreign library
/// of the host left open.
fn seal_descriptors() -> io::Result<()> {
    #[expect(unsafe_code, reason = "neither std nor rustix has close_range")]
    // SAFETY: with this flag the call closes nothing now; it only marks descriptors for the next exec.
    let outcome = unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn command(plan: Plan, places: &Places, directory: &Path, stdin: &[u8]) -> io::Result<Command> {
    for (name, folder) in environment::private_folder(&places.private) {
        if name.starts_with("XDG_") || name == "HOME" {
            std::fs::create_dir_all(folder)?;
        }
    }
    let mut command = Command::new(&plan.program);
    command
        .args(&plan.arguments)
        .env_clear()
        .envs(plan.environment)
        .envs(environment::private_folder(&places.private))
        .current_dir(directory)
        .stdin(input(stdin)?);
    Ok(command)
}

/// Standard input as a file in memory: it is there at once and needs nobody to feed it.
fn input(bytes: &[u8]) -> io::Result<Stdio> {
    if bytes.is_empty() {
        return Ok(Stdio::null());
    }
    let mut file = File::from(rustix::fs::memfd_create("stdin", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    io::Seek::rewind(&mut file)?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_s_version_is_read_or_taken_for_an_old_one() {
        assert_eq!(version("6.14.0-rc1"), Some((6, 14)));
        assert_eq!(version("5.15.167.4-microsoft-standard-WSL2"), Some((5, 15)));
        assert_eq!(version("7.0"), Some((7, 0)));
        assert_eq!(version("generic"), None);
        assert_eq!(version(""), None);
    }
}
