//! The system calls by which a commit changes the disk, behind a trait, so that a test can crash the
//! host before each of them. Reading is not here: it changes nothing.

use std::{fs::File, io, io::Write as _};

use rustix::{
    fd::BorrowedFd,
    fs::{AtFlags, Mode, OFlags, RenameFlags},
    io::Errno,
};

/// A name in an open folder.
pub(crate) type At<'a> = (BorrowedFd<'a>, &'a str);

/// Changes of the disk. None of them follows a symbolic link.
pub(crate) trait Calls: Send + Sync {
    /// Makes a folder.
    fn make_folder(&self, at: At<'_>, mode: u32) -> io::Result<()>;
    /// Makes a file that was not there, with the usual permissions where none are given.
    fn write_new(&self, at: At<'_>, bytes: &[u8], mode: Option<u32>) -> io::Result<()>;
    /// Swaps two names at once.
    fn exchange(&self, one: At<'_>, other: At<'_>) -> io::Result<()>;
    /// Renames; fails where `to` exists.
    fn rename_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()>;
    /// Renames, over whatever `to` is.
    fn rename(&self, from: At<'_>, to: At<'_>) -> io::Result<()>;
    /// Gives a file a second name; fails where `to` exists.
    fn link_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, at: At<'_>) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, at: At<'_>) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: BorrowedFd<'_>) -> io::Result<()>;
    /// Makes everything on the file system of a folder durable.
    fn sync(&self, folder: BorrowedFd<'_>) -> io::Result<()>;
}

/// The system itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel;

impl Calls for Kernel {
    fn make_folder(&self, (folder, name): At<'_>, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(mode))?)
    }

    fn write_new(&self, (folder, name): At<'_>, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let wanted = mode.map(|mode| Mode::from_raw_mode(mode & 0o7777));
        let usual = Mode::from_raw_mode(0o666);
        let mut file =
            File::from(rustix::fs::openat(folder, name, flags, wanted.unwrap_or(usual))?);
        file.write_all(bytes)?;
        // The process's mask may have taken some away. Looking is cheaper than setting them always.
        if let Some(wanted) = wanted
            && Mode::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) != wanted
        {
            rustix::fs::fchmod(&file, wanted)?;
        }
        Ok(())
    }

    fn exchange(&self, one: At<'_>, other: At<'_>) -> io::Result<()> {
        Ok(rustix::fs::renameat_with(one.0, one.1, other.0, other.1, RenameFlags::EXCHANGE)?)
    }

    fn rename_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
        Ok(rustix::fs::renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE)?)
    }

    fn rename(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
        Ok(rustix::fs::renameat(from.0, from.1, to.0, to.1)?)
    }

    fn link_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
        Ok(rustix::fs::linkat(from.0, from.1, to.0, to.1, AtFlags::empty())?)
    }

    fn remove(&self, (folder, name): At<'_>) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(folder, name, AtFlags::empty())?)
    }

    fn remove_folder(&self, (folder, name): At<'_>) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR)?)
    }

    fn sync_folder(&self, folder: BorrowedFd<'_>) -> io::Result<()> {
        Ok(rustix::fs::fsync(folder)?)
    }

    #[cfg(target_os = "linux")]
    fn sync(&self, folder: BorrowedFd<'_>) -> io::Result<()> {
        Ok(rustix::fs::syncfs(folder)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn sync(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        rustix::fs::sync();
        Ok(())
    }
}

/// Swaps two names; where the file system can't, in three renames over the free name `aside`, which
/// lies beside `slot`. A crash in between is mended by [`mend`]. Where somebody takes the name `target`
/// in between, that is the error `AlreadyExists`, and what was there stays in `aside`.
pub(crate) fn swap(calls: &dyn Calls, target: At<'_>, slot: At<'_>, aside: &str) -> io::Result<()> {
    match calls.exchange(target, slot) {
        Err(error) if is_unsupported(&error) => {
            let aside = (slot.0, aside);
            take(calls, target, aside)?;
            give(calls, slot, target)?;
            take(calls, aside, slot)
        }
        result => result,
    }
}

/// Puts names right that a crash left in the middle of [`swap`]; `target` and `slot` tell whether they
/// exist.
pub(crate) fn mend(
    calls: &dyn Calls,
    (target, has_target): (At<'_>, bool),
    (slot, has_slot): (At<'_>, bool),
    aside: &str,
) -> io::Result<()> {
    let aside = (slot.0, aside);
    match (has_target, has_slot) {
        (false, _) => give(calls, aside, target),
        (true, false) => take(calls, aside, slot),
        (true, true) => Ok(()),
    }
}

/// Renames to a free name of the prepared folder, which is this host's alone: so it does no harm that
/// some file systems can't promise that the name is free.
pub(crate) fn take(calls: &dyn Calls, from: At<'_>, to: At<'_>) -> io::Result<()> {
    match calls.rename_new(from, to) {
        Err(error) if is_unsupported(&error) => calls.rename(from, to),
        result => result,
    }
}

/// Renames from the prepared folder to a name that must be free; where the file system can't promise
/// that, by a second name for the file. A crash in between leaves one file with both names.
pub(crate) fn give(calls: &dyn Calls, from: At<'_>, to: At<'_>) -> io::Result<()> {
    match calls.rename_new(from, to) {
        Err(error) if is_unsupported(&error) => match calls.link_new(from, to) {
            Ok(()) => calls.remove(from),
            // A folder, or a file system without second names: all that is left is to look first.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                match rustix::fs::statat(to.0, to.1, AtFlags::SYMLINK_NOFOLLOW) {
                    Err(Errno::NOENT) => calls.rename(from, to),
                    Ok(_) => Err(Errno::EXIST.into()),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error),
        },
        result => result,
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
}
