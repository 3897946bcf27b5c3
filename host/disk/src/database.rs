//! A redb database in one file of a disk.
//!
//! redb checks its page checksums when it repairs, not when it opens or reads. So a file that was
//! closed in order is checked here before it is used, up to a size. The check runs on an overlay: a
//! damaged file is refused as it is, instead of falling back to an earlier commit.

use std::{
    cell::Cell,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{Builder, Database, StorageBackend};
use voyager_base::disk::{Disk, DiskFile};

use crate::backend::{Backend, Overlay};

/// How a database is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Memory for its pages, in bytes.
    pub cache_bytes: usize,
    /// Files up to this size are checked, every page, when they open. Beyond it damage is found where it
    /// is read.
    pub check_bytes_max: u64,
}

/// Why a database could not be opened or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The disk refused. Trying again may help.
    #[error("{reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error("{reason}")]
    Damaged {
        /// How that shows.
        reason: String,
    },
}

impl Broken {
    /// What is stored is not what was written.
    pub fn damaged(reason: impl ToString) -> Self {
        Self::Damaged { reason: reason.to_string() }
    }

    /// The disk refused.
    pub fn disk(reason: impl ToString) -> Self {
        Self::Disk { reason: reason.to_string() }
    }
}

/// From every error of redb.
impl<E: Into<redb::Error>> From<E> for Broken {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::Io(error) if !is_format(&error) => Self::disk(error),
            error => Self::damaged(error),
        }
    }
}

/// Tells what redb says about bytes from what the system says about the disk.
fn is_format(error: &io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, UnexpectedEof};
    matches!(error.kind(), InvalidData | UnexpectedEof)
}

/// Opens the database of a file, made where the file is empty.
///
/// # Errors
/// [`Broken`].
pub fn open(disk: &dyn Disk, name: &str, opening: Opening) -> Result<Database, Broken> {
    let file = disk.open(name).map_err(Broken::disk)?;
    let length = file.len().map_err(Broken::disk)?;
    if 0 < length && length <= opening.check_bytes_max {
        check(disk.open(name).map_err(Broken::disk)?, opening)?;
    }
    open_backend(Backend(file), opening).map(|(database, _)| database)
}

/// Opens redb, and tells whether it repaired, because the last process ended without closing it.
///
/// # Errors
/// [`Broken`].
pub fn open_backend(
    backend: impl StorageBackend,
    opening: Opening,
) -> Result<(Database, bool), Broken> {
    let seen = Arc::new(AtomicBool::new(false));
    let mut builder = Builder::new();
    builder.set_cache_size(opening.cache_bytes);
    let callback = Arc::clone(&seen);
    builder.set_repair_callback(move |_| callback.store(true, Ordering::Relaxed));
    let open = || Ok(builder.create_with_backend(backend)?);
    Ok((guarded(open)?, seen.load(Ordering::Relaxed)))
}

/// Checks every page of a file that was closed in order; repairing one that was not does the same.
fn check(file: Box<dyn DiskFile>, opening: Opening) -> Result<(), Broken> {
    let overlay = Overlay::new(file).map_err(Broken::disk)?;
    let (mut database, repaired) = open_backend(overlay, opening)?;
    let whole = repaired || guarded(|| Ok(database.check_integrity()?))?;
    close(database);
    if whole { Ok(()) } else { Err(Broken::damaged("its pages do not have their checksums")) }
}

/// Closes a database. Closing a damaged file may panic as reading it may.
pub fn close(database: Database) {
    let _ = guarded(|| {
        drop(database);
        Ok(())
    });
}

/// What is said where redb panics.
pub const CONTRADICTION: &str = "its pages contradict each other";

thread_local!(static GUARDED: Cell<bool> = const { Cell::new(false) });

/// Whether a panic of this thread is told as an error by [`guarded`]. For the panic hook of a program, which would tell of
/// it too.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// redb asserts what it reads: a damaged page may end in a panic, which must not end the host.
///
/// # Errors
/// What `act` says, or that the pages contradict each other.
pub fn guarded<T>(act: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    GUARDED.set(before);
    done.unwrap_or_else(|_| Err(Broken::damaged(CONTRADICTION)))
}

/// Says whether making the file was interrupted before redb took it for its own: then it is empty, or
/// begins with zeros and holds nothing behind its first page.
///
/// # Errors
/// What the disk says.
pub fn was_never_made(file: &dyn DiskFile) -> io::Result<bool> {
    /// redb makes a file of about 1 MiB.
    const NEW_BYTES_MAX: u64 = 4 << 20;
    const PAGE_BYTES: usize = 4096;
    let length = file.len()?;
    if length == 0 {
        return Ok(true);
    }
    if length > NEW_BYTES_MAX {
        return Ok(false);
    }
    let mut bytes = vec![0; length as usize];
    file.read_at(0, &mut bytes)?;
    let is_zero = |part: Option<&[u8]>| part.is_none_or(|part| part.iter().all(|it| *it == 0));
    Ok(is_zero(bytes.get(..bytes.len().min(9))) && is_zero(bytes.get(PAGE_BYTES..)))
}
