//! A file system that holds what was granted, and nothing else.
//!
//! An empty memory file system gets the system's programs and libraries (not to be written), a few files
//! of `/etc` without any secret, the granted folders as views, a few devices, and a private `/tmp`; then
//! it becomes the root. What is not in it can't be named: no socket of a daemon, no key in a home folder.

use std::{
    ffi::CString,
    fs::{self, File},
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::symlink,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, StatVfsMountFlags},
    mount::{MountFlags, MountPropagationFlags, UnmountFlags},
};

use crate::wire::{Plan, ViewKind, ViewPlan};

/// The system's programs, libraries and data.
pub(super) const SYSTEM: [&str; 11] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix/store",
    "/gnu/store",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
];
/// What programs look for in `/etc`. Not the whole: that has password hashes and the machine's keys.
pub(super) const SETTINGS: [&str; 27] = [
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/java",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
];
/// Devices that hold nothing.
pub(super) const DEVICES: [&str; 5] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Why there is no such file system.
pub(super) enum Obstacle {
    /// The kernel gives no overlay of a folder.
    Overlay(String),
    /// Anything else.
    Root(String),
}

/// Builds it and makes it the root of this process.
pub(super) fn enter(plan: &Plan) -> Result<(), Obstacle> {
    let failed = |what: &str, error: io::Error| Obstacle::Root(format!("{what}: {error}"));
    let root = Path::new(&plan.private).join("root");
    let views = opened(&plan.views).map_err(|error| failed("granted folders", error))?;
    begin(&root).map_err(|error| failed("empty root", error))?;
    let readable = plan.readable.iter().map(String::as_str);
    let shown: Vec<&str> = SYSTEM.into_iter().chain(SETTINGS).chain(readable).collect();
    show_all(&root, &shown)?;
    devices(&root).map_err(|error| failed("/dev", error))?;
    let private = Path::new(&plan.private).join("tmp");
    bind(&private, &root.join("tmp"), false).map_err(|error| failed("/tmp", error))?;
    // The host's, until the new one can be mounted: the kernel wants to see that this was allowed.
    bind(Path::new("/proc"), &root.join("proc"), false).map_err(|error| failed("/proc", error))?;
    for view in &views {
        view.mount(&root)?;
    }
    seal(&root, MountFlags::NOSUID | MountFlags::NODEV).map_err(|error| failed("seal", error))?;
    pivot(&root).map_err(|error| failed("pivot_root", error))
}

/// Shows the processes of the new namespace only, and no settings to change: a program of the machine's
/// root could set them without any privilege. Whether the kernel let it.
pub(super) fn own_processes() -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    Ok(rustix::mount::mount("proc", "/proc", "proc", flags, None)?)
}

fn begin(root: &Path) -> io::Result<()> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private)?;
    memory(root, c"mode=0755,size=16m")
}

fn memory(target: &Path, options: &'static std::ffi::CStr) -> io::Result<()> {
    fs::create_dir_all(target)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(rustix::mount::mount("tmpfs", target, "tmpfs", flags, options)?)
}

fn devices(root: &Path) -> io::Result<()> {
    for device in DEVICES {
        bind(Path::new(device), &inside(root, device), false)?;
    }
    for (name, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")]
    {
        symlink(format!("/proc/self/{target}"), root.join("dev").join(name))?;
    }
    memory(&root.join("dev/shm"), c"mode=1777,size=256m")
}

/// Shows files and folders of the host, not to be written. What does not exist is left out.
fn show_all(root: &Path, paths: &[&str]) -> Result<(), Obstacle> {
    let mut paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    // The short ones first, so that a folder within a shown folder is not shown twice.
    paths.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    let mut shown: Vec<PathBuf> = Vec::new();
    for path in paths {
        show(root, &path, &mut shown)
            .map_err(|error| Obstacle::Root(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

fn show(root: &Path, path: &Path, shown: &mut Vec<PathBuf>) -> io::Result<()> {
    let Ok(kind) = path.symlink_metadata() else { return Ok(()) };
    if shown.iter().any(|it| path.starts_with(it)) {
        return Ok(());
    }
    let source = match path.canonicalize() {
        Ok(source) if kind.is_symlink() => source,
        Ok(_) => path.to_owned(),
        // A link that leads nowhere.
        Err(_) => return Ok(()),
    };
    shown.push(path.to_owned());
    if kind.is_symlink() && source.is_dir() {
        let link = root.join(path.strip_prefix("/").unwrap_or(path));
        fs::create_dir_all(link.parent().unwrap_or(root))?;
        symlink(&source, link)?;
        return show(root, &source, shown);
    }
    bind(&source, &root.join(path.strip_prefix("/").unwrap_or(path)), true)
}

fn bind(source: &Path, target: &Path, sealed: bool) -> io::Result<()> {
    if source.is_dir() {
        fs::create_dir_all(target)?;
    } else {
        fs::create_dir_all(target.parent().unwrap_or(target))?;
        File::create(target)?;
    }
    rustix::mount::mount_bind_recursive(source, target)?;
    if sealed { seal(target, MountFlags::NOSUID | MountFlags::NODEV) } else { Ok(()) }
}

/// Forbids writing through a mount. The flags that it has must stay: in a user namespace the kernel
/// refuses to take one away.
fn seal(target: &Path, flags: MountFlags) -> io::Result<()> {
    let has = rustix::fs::statvfs(target)?.f_flag;
    let kept = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ];
    let kept = kept.into_iter().filter(|(flag, _)| has.contains(*flag)).map(|(_, flag)| flag);
    let flags = kept.fold(flags | MountFlags::BIND | MountFlags::RDONLY, |all, flag| all | flag);
    Ok(rustix::mount::mount_remount(target, flags, c"")?)
}

/// A view whose folders were opened before anything was mounted over them: a granted folder may lie
/// within another.
struct Opened<'a> {
    plan: &'a ViewPlan,
    /// From the top: what hides, then the folder; or the copy alone.
    lower: Vec<OwnedFd>,
    upper: Option<(OwnedFd, OwnedFd)>,
}

fn opened(views: &[ViewPlan]) -> io::Result<Vec<Opened<'_>>> {
    let folder = |path: &Path| {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty())
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
    };
    let mut opened = Vec::with_capacity(views.len());
    for plan in views {
        let store = Path::new(&plan.store);
        opened.push(match plan.kind {
            ViewKind::Overlay => {
                let hidden = plan.hidden.then(|| store.join("hidden"));
                let lower = hidden.into_iter().chain([PathBuf::from(&plan.folder)]);
                Opened {
                    plan,
                    lower: lower.map(|path| folder(&path)).collect::<io::Result<_>>()?,
                    upper: Some((folder(&store.join("upper"))?, folder(&store.join("work"))?)),
                }
            }
            ViewKind::Reflink | ViewKind::Copy => {
                Opened { plan, lower: vec![folder(&store.join("copy"))?], upper: None }
            }
        });
    }
    opened.sort_by_key(|view| view.plan.folder.len());
    Ok(opened)
}

impl Opened<'_> {
    fn mount(&self, root: &Path) -> Result<(), Obstacle> {
        let target = inside(root, &self.plan.folder);
        let failed = |error: io::Error| format!("a view of {}: {error}", self.plan.folder);
        if target == *root {
            return Err(Obstacle::Root("the whole file system can't be a granted folder".into()));
        }
        fs::create_dir_all(&target).map_err(|error| Obstacle::Root(failed(error)))?;
        let path = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
        let lower: Vec<String> = self.lower.iter().map(path).collect();
        let lower = lower.join(":");
        match &self.upper {
            None => rustix::mount::mount_bind(lower, &target)
                .map_err(|error| Obstacle::Root(failed(error.into()))),
            Some((upper, work)) => {
                // Nothing of it outlives the run: without `volatile` its end would sync the disk.
                let options = format!(
                    "lowerdir={lower},upperdir={},workdir={},userxattr,volatile",
                    path(upper),
                    path(work)
                );
                let options = CString::new(options).expect("numbers and fixed words have no NUL");
                let flags = MountFlags::NOSUID | MountFlags::NODEV;
                rustix::mount::mount("overlay", &target, "overlay", flags, &*options)
                    .map_err(|error| Obstacle::Overlay(failed(error.into())))
            }
        }
    }
}

fn inside(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn pivot(root: &Path) -> io::Result<()> {
    rustix::process::chdir(root)?;
    // Both names are the new root: the old one is stacked below it and taken away (pivot_root(2)).
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    Ok(rustix::process::chdir("/")?)
}
