//! A folder of the real file system as a disk.
//!
//! Only the owner may read it, and only one process at a time may have it open.

use std::{
    any::Any,
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::OFlags;
use voyager_base::disk::{Disk, DiskFile};

/// Name of the file whose lock tells other processes to stay out.
const LOCK: &str = "lock";

/// Why a folder could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// Another process, or another [`FileDisk`], has it open. Trying again helps once that one has ended.
    #[error("{folder} is in use by another process; let that one do it, or end it")]
    Busy {
        /// Which folder.
        folder: String,
    },
    /// The disk refused. Trying again may help.
    #[error("{reason}")]
    Disk {
        /// What the system said, and of which file.
        reason: String,
    },
}

/// A folder of the real file system. Its lock is held until it is dropped.
#[derive(Debug)]
pub struct FileDisk {
    path: PathBuf,
    folder: File,
    _lock: File,
    /// Behind the lock: fields are dropped in this order.
    _around: Option<Arc<dyn Any + Send + Sync>>,
}

impl FileDisk {
    /// Opens a folder, made where it does not exist.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FolderError> {
        let path = path.into();
        let place =
            |error: io::Error| FolderError::Disk { reason: format!("{}: {error}", path.display()) };
        make(&path).map_err(place)?;
        let lock = open_private(&path.join(LOCK)).map_err(place)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FolderError::Busy { folder: path.display().to_string() },
            TryLockError::Error(error) => place(error),
        })?;
        let folder = File::open(&path).map_err(place)?;
        Ok(Self { path, folder, _lock: lock, _around: None })
    }

    /// Keeps something until this folder is free again: whoever waits for that finds the folder free, too.
    #[must_use]
    pub fn within(self, around: Arc<dyn Any + Send + Sync>) -> Self {
        Self { _around: Some(around), ..self }
    }

    fn file(&self, name: &str) -> io::Result<PathBuf> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if !plain || name == LOCK {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{name}` is no name"),
            ));
        }
        Ok(self.path.join(name))
    }
}

/// Makes a folder with those above it. What is written in it later is lost with it where a folder above does not
/// durably hold its name, so each is synced that got one.
fn make(path: &Path) -> io::Result<()> {
    let private = || DirBuilder::new().mode(0o700).create(path);
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    let made = match private() {
        Err(error) if error.kind() == io::ErrorKind::NotFound && above != path => {
            make(above)?;
            private()
        }
        made => made,
    };
    match made {
        Ok(()) => File::open(above)?.sync_all(),
        Err(_) if path.is_dir() => Ok(()),
        Err(_) if path.exists() => Err(io::ErrorKind::NotADirectory.into()),
        Err(error) => Err(error),
    }
}

/// Opens a file of a folder, and none that a link there leads to: a folder may come from elsewhere, and is written to.
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

impl Disk for FileDisk {
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let path = self.file(name)?;
        let place = |it: io::Error| io::Error::new(it.kind(), format!("{}: {it}", path.display()));
        Ok(Box::new(RealFile(open_private(&path).map_err(place)?)))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in self.path.read_dir()? {
            let entry = entry?;
            if let (true, Ok(name)) =
                (entry.file_type()?.is_file(), entry.file_name().into_string())
                && name != LOCK
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.file(name)?)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.folder.sync_all()
    }
}

/// An open file of a [`FileDisk`].
struct RealFile(File);

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|it| it.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_may_read_the_folder_and_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let disk = FileDisk::open(&path).unwrap();
        disk.open("a").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("a")), 0o600);
        assert_eq!(disk.list().unwrap(), ["a"], "the lock is not shown");
    }

    #[test]
    fn folders_are_made_as_deep_as_asked_and_only_where_there_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        make(&deep).unwrap();
        assert!(deep.is_dir());
        make(&deep).unwrap();
        make(Path::new("/")).unwrap();
        make(Path::new(".")).unwrap();
        std::fs::write(deep.join("file"), "").unwrap();
        assert_eq!(make(&deep.join("file")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        let beyond = make(&deep.join("file/d")).unwrap_err();
        assert_eq!(beyond.kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn a_folder_in_use_is_busy_until_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = FileDisk::open(folder.path()).unwrap();
        let busy = FileDisk::open(folder.path()).unwrap_err();
        assert_eq!(busy, FolderError::Busy { folder: folder.path().display().to_string() });
        drop(first);
        FileDisk::open(folder.path()).unwrap();
    }

    #[test]
    fn what_is_around_a_folder_is_kept_until_that_is_free() {
        struct Around(PathBuf, std::sync::mpsc::Sender<bool>);
        impl Drop for Around {
            fn drop(&mut self) {
                self.1.send(FileDisk::open(&self.0).is_ok()).unwrap();
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let (sender, was_free) = std::sync::mpsc::channel();
        let around = Arc::new(Around(folder.path().to_owned(), sender));
        let disk = FileDisk::open(folder.path()).unwrap().within(around);
        assert!(was_free.try_recv().is_err(), "it is kept");
        drop(disk);
        assert_eq!(was_free.try_recv(), Ok(true));
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FileDisk::open(folder.path()).unwrap();
        for name in ["", ".", "..", "../a", "a/b", "/a", "lock", "a\0"] {
            assert!(disk.open(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_link_is_no_file_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("state"), folder.path().join("letter"));
        std::fs::write(&other, "dear Ada").unwrap();
        let disk = FileDisk::open(&path).unwrap();
        for to in [&other, &folder.path().join("new")] {
            std::os::unix::fs::symlink(to, path.join("a")).unwrap();
            assert!(disk.open("a").is_err());
            disk.remove("a").unwrap();
        }
        drop(disk);
        std::fs::remove_file(path.join(LOCK)).unwrap();
        std::os::unix::fs::symlink(&other, path.join(LOCK)).unwrap();
        assert!(FileDisk::open(&path).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "dear Ada");
        assert!(!folder.path().join("new").exists());
    }

    #[test]
    fn a_file_that_does_not_open_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FileDisk::open(folder.path()).unwrap();
        let path = folder.path().join("a");
        std::fs::create_dir(&path).unwrap();
        let error = disk.open("a").err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
    }

    #[test]
    fn a_file_reads_back_what_was_written_and_refuses_what_lies_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FileDisk::open(folder.path()).unwrap();
        let file = disk.open("a").unwrap();
        file.write_at(3, b"abc").unwrap();
        file.sync().unwrap();
        let mut bytes = [9; 6];
        file.read_at(0, &mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\0\0abc");
        let beyond = file.read_at(1, &mut bytes).unwrap_err();
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
        disk.remove("a").unwrap();
        disk.sync_folder().unwrap();
        assert!(disk.list().unwrap().is_empty());
    }
}
