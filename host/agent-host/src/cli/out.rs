//! What a command is told to write with `--out`.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;
use voyager_manifest::shell;

use crate::failure::Failure;

/// Where a command writes to. A file that is there stays as it is until the new one is whole; a pipe or a device takes
/// all as it comes.
pub(crate) struct Out {
    /// As it was typed.
    name: PathBuf,
    way: Way,
}

enum Way {
    File {
        /// Where it lies in the end: a link stays, and what it leads to is replaced.
        to: PathBuf,
        new: NamedTempFile,
        /// Those of the file that it replaces; a new one is its owner's alone.
        permissions: Option<Permissions>,
    },
    Through(File),
}

impl Out {
    /// Begins to write. What can't be written is told here, before anybody works for it.
    pub(crate) fn begin(name: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::environment(name.display(), &error);
        let there = match fs::metadata(name) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            about => Some(about.map_err(failed)?),
        };
        // Where a name ends with it, a folder is meant.
        let is_folder = name.as_os_str().as_encoded_bytes().ends_with(b"/");
        let way = match there {
            None if is_folder || name.file_name().is_none() => {
                let message = format!("`{}` names no file", name.display());
                return Err(Failure::usage(message));
            }
            Some(about) if about.is_dir() => {
                let message = format!("{} is a folder", name.display());
                return Err(Failure::usage(message).hint("name a file in it"));
            }
            about => {
                let is_file = about.as_ref().is_none_or(|it| it.is_file());
                match followed(name).map_err(failed)?.filter(|_| is_file) {
                    Some(to) => {
                        let new = beside(&to).map_err(|it| unmade(name, folder_of(&to), &it))?;
                        Way::File { to, new, permissions: about.map(|it| it.permissions()) }
                    }
                    None => {
                        Way::Through(OpenOptions::new().append(true).open(name).map_err(failed)?)
                    }
                }
            }
        };
        Ok(Self { name: name.to_owned(), way })
    }

    /// Ends it: from here on it is there.
    pub(crate) fn end(self) -> Result<(), Failure> {
        let Self { name, way } = self;
        let Way::File { to, new, permissions } = way else { return Ok(()) };
        let put = || {
            if let Some(permissions) = permissions {
                new.as_file().set_permissions(permissions)?;
            }
            new.as_file().sync_all()?;
            new.persist(to).map(drop).map_err(|it| it.error)
        };
        put().map_err(|it| Failure::environment(name.display(), &it))
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::File { new, .. } => new.as_file_mut().write(bytes),
            Way::Through(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Most links from one to the next, as Linux has it.
const LINKS_MAX: usize = 40;

/// Where a name leads to, whether something is there yet or not; none where that is a file which a process has open, as
/// with `/dev/stdout`: it goes on where that is, and may have no name any more.
fn followed(name: &Path) -> io::Result<Option<PathBuf>> {
    let mut path = name.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(_) if path.starts_with("/proc") => return Ok(None),
            Ok(to) => path = folder_of(&path).join(to),
            // It is no link, or nothing.
            Err(_) => return Ok(Some(path)),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// A new file in the folder of another one. Of its name nobody is told.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = folder_of(path);
    fs::metadata(folder)?;
    NamedTempFile::new_in(folder).map_err(|it| it.kind().into())
}

fn unmade(name: &Path, folder: &Path, error: &io::Error) -> Failure {
    let failed = Failure::environment(name.display(), error);
    if error.kind() != ErrorKind::NotFound {
        return failed;
    }
    let folder = folder.to_string_lossy();
    let word = shell::word(&folder);
    failed.hint(format!("there is no folder `{folder}`: type `mkdir -p {word}`"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::{
        io::Seek as _,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;
    use crate::failure::FailureKind;

    fn write(path: &Path, text: &str) -> Result<(), Failure> {
        let mut out = Out::begin(path)?;
        out.write_all(text.as_bytes()).unwrap();
        out.end()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_new_one_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        write(&file, "one").unwrap();
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        write(&file, "two").unwrap();
        assert_eq!((mode(&file), fs::read(&file).unwrap()), (0o664, b"two".to_vec()));
        // One that is not ended leaves the old one, and nothing else.
        Out::begin(&file).unwrap().write_all(b"three").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_link_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("far")).unwrap();
        symlink("far/file", path("second")).unwrap();
        symlink("second", path("first")).unwrap();
        for text in ["new", "old"] {
            write(&path("first"), text).unwrap();
            assert_eq!(fs::read_to_string(path("far/file")).unwrap(), text);
            assert!(path("first").is_symlink() && path("second").is_symlink());
        }
        symlink("circle", path("circle")).unwrap();
        let failure = write(&path("circle"), "x").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Environment);
        assert!(path("circle").is_symlink());
    }

    #[test]
    fn a_file_that_is_open_already_goes_on() {
        use std::os::fd::AsRawFd as _;
        let mut open = tempfile::tempfile().unwrap();
        open.write_all(b"kept, ").unwrap();
        write(Path::new(&format!("/proc/self/fd/{}", open.as_raw_fd())), "new").unwrap();
        open.rewind().unwrap();
        assert_eq!(io::read_to_string(open).unwrap(), "kept, new");
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let failure = write(folder.path(), "x").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage);
        assert!(failure.message.ends_with("is a folder"), "{failure}");
        let failure = write(&folder.path().join("no/"), "x").unwrap_err();
        assert!(failure.message.ends_with("names no file"), "{failure}");
        let failure = write(&folder.path().join("no/file"), "x").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Environment);
        assert!(failure.hint.unwrap().contains("mkdir -p"));
    }
}
