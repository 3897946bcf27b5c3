//! One granted folder, opened: finds and reads what lies below it and nothing else.
//!
//! Every step of the way is taken on a handle and follows no symbolic link, so that nobody can swap a
//! folder for a link between check and use. A link that is met is resolved by cap-std inside the folder,
//! and the way is taken anew on the resolved path, which the caller checks against the grant again.
//! A hard link is not told from the file itself: reading one shows what it shares, and a commit never
//! writes into it, because it puts a new file in its place.

use std::{collections::BTreeMap, io, io::Read, os::fd::OwnedFd, path::PathBuf};

use cap_std::{ambient_authority, fs::Dir};
use rustix::{
    buffer::spare_capacity,
    fd::{AsFd, BorrowedFd},
    fs::{AtFlags, FileType, Mode, OFlags, Stat},
    io::{Errno, retry_on_intr},
};
use voyager_base::{
    call::Folders,
    error::{Error, ErrorKind},
    workspace::FileKind,
};

use crate::path::{FilePath, STAGING_PREFIX, flaw, leaves};

/// Largest file that is read, searched or staged as a whole. Two of them at a time are held for each
/// thread of a search.
pub(crate) const FILE_BYTES_MAX: u64 = 100 << 20;
/// Most names of one folder that are told: protects the host's memory.
const NAMES_MAX: usize = 100_000;
/// Most symbolic links on the way to one file, as in Linux.
const LINKS_MAX: usize = 40;

/// A granted folder.
#[derive(Debug)]
pub(crate) struct Folder {
    name: String,
    /// Resolves symbolic links.
    dir: Dir,
    /// The same folder, open for reading and syncing, which cap-std's handle is not.
    handle: OwnedFd,
}

/// Where a path leads, with no symbolic link left in it (the last name only where the caller asked).
#[derive(Debug)]
pub(crate) struct Located {
    /// The path without symbolic links.
    pub(crate) path: FilePath,
    /// What is there; none where nothing is.
    pub(crate) node: Option<Node>,
}

/// Something that exists.
#[derive(Debug)]
pub(crate) struct Node {
    /// The folder that holds it.
    pub(crate) parent: OwnedFd,
    /// What it is.
    pub(crate) stat: Stat,
}

impl Node {
    /// What it is.
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

/// Whether the last name of a path may be a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// It is followed.
    Follow,
    /// It is the answer.
    Keep,
}

enum Way {
    End(Node),
    Missing,
    /// The first so many bytes of the path are a symbolic link.
    Link(usize),
}

impl Folder {
    /// Opens the folder `root` of a grant.
    ///
    /// # Errors
    /// `denied` for a folder that is not granted, `unavailable` where it can't be opened.
    pub(crate) fn open(folders: &Folders, root: &str) -> Result<Self, Error> {
        let Some(place) = folders.get(root) else {
            return Err(Error::denied(
                format!("no folder `{root}` is granted"),
                format!("workspace: [ {{ root: {root}, read: [\"**\"] }} ]"),
            ));
        };
        let refused = |error: io::Error| {
            Error::unavailable(format!("the folder `{root}` ({place}) can't be opened: {error}"))
        };
        let dir = Dir::open_ambient_dir(place, ambient_authority()).map_err(refused)?;
        let handle = open_folder(dir.as_fd(), ".").map_err(|error| refused(error.into()))?;
        Ok(Self { name: root.to_owned(), dir, handle })
    }

    /// Its name in the grant.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its handle.
    pub(crate) fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    /// Finds what a path names.
    ///
    /// # Errors
    /// `denied` where a link leads out of the folder, `invalid` where a name on the way is no folder.
    pub(crate) fn locate(&self, path: &FilePath, last: Last) -> Result<Located, Error> {
        let mut path = path.clone();
        for _ in 0..=LINKS_MAX {
            match self.walk(&path, last)? {
                Way::End(node) => return Ok(Located { path, node: Some(node) }),
                Way::Missing => return Ok(Located { path, node: None }),
                Way::Link(length) => path = self.resolve(&path, length)?,
            }
        }
        let name = &self.name;
        Err(Error::denied(
            format!("`{path}` in `{name}` leads through more than {LINKS_MAX} symbolic links"),
            "symbolic links must not form a loop",
        ))
    }

    /// Reads a regular file of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// As [`open_regular`], `limit` for a larger file.
    pub(crate) fn read(
        &self,
        path: &FilePath,
        node: &Node,
        bytes_max: u64,
    ) -> Result<(Vec<u8>, Stat), Error> {
        let (file, stat) = self.open_file(path, node)?;
        let mut bytes = Vec::new();
        match read_whole(file, &stat, bytes_max, &mut bytes) {
            Ok(true) => Ok((bytes, stat)),
            Ok(false) => Err(self.too_large(path, bytes_max)),
            Err(error) => Err(self.refused(path, "read", &error)),
        }
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// `invalid` for what is no regular file, else what the system says.
    pub(crate) fn open_file(&self, path: &FilePath, node: &Node) -> Result<(OwnedFd, Stat), Error> {
        match open_regular(node.parent.as_fd(), path.split().1) {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => {
                Err(Error::invalid(format!("`{path}` in `{}` is no regular file", self.name)))
            }
            Err(error) => Err(self.refused(path, "read", &error)),
        }
    }

    /// The error for a file that is too large to be handled as a whole.
    pub(crate) fn too_large(&self, path: &FilePath, bytes_max: u64) -> Error {
        let message = format!(
            "`{path}` in `{}` has more than {bytes_max} bytes, the most that is handled",
            self.name
        );
        Error::new(ErrorKind::Limit, message).bound(format!("file-bytes-max: {bytes_max}"))
    }

    /// The error for what the system refused.
    pub(crate) fn refused(&self, path: &FilePath, what: &str, error: &io::Error) -> Error {
        let name = &self.name;
        match error.kind() {
            io::ErrorKind::NotFound => {
                Error::not_found(format!("`{path}` does not exist in `{name}`"))
            }
            io::ErrorKind::PermissionDenied => Error::denied(
                format!("the system does not let this host {what} `{path}` in `{name}`"),
                "permissions of the file system",
            ),
            _ => Error::unavailable(format!("can't {what} `{path}` in `{name}`: {error}")),
        }
    }

    /// What lies directly in a folder, given with its path, or in this one. Names that no path may have
    /// are left out, as are those where commits prepare their files.
    ///
    /// # Errors
    /// What the system says; `limit` for too many.
    pub(crate) fn names(
        &self,
        below: Option<(&FilePath, &Node)>,
    ) -> Result<BTreeMap<String, FileKind>, Error> {
        let refused = |error: Errno| match below {
            Some((path, _)) => self.refused(path, "read", &error.into()),
            None => Error::unavailable(format!("can't read `{}`: {error}", self.name)),
        };
        let folder = match below {
            Some((path, node)) => open_folder(node.parent.as_fd(), path.split().1),
            None => open_folder(self.handle(), "."),
        };
        let folder = folder.map_err(refused)?;
        let mut names = BTreeMap::new();
        for entry in rustix::fs::Dir::read_from(&folder).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if flaw(name).is_some() || below.is_none() && name.starts_with(STAGING_PREFIX) {
                continue;
            }
            let of = match entry.file_type() {
                // Some file systems don't tell it with the name.
                FileType::Unknown => rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
                known => known,
            };
            names.insert(name.to_owned(), kind(of));
            if names.len() > NAMES_MAX {
                let message =
                    format!("a folder in `{}` has more than {NAMES_MAX} names", self.name);
                let error = Error::new(ErrorKind::Limit, message);
                return Err(error.bound(format!("folder-names: {NAMES_MAX}")));
            }
        }
        Ok(names)
    }

    fn walk(&self, path: &FilePath, last: Last) -> Result<Way, Error> {
        let text = path.as_str();
        let mut folder = self
            .handle()
            .try_clone_to_owned()
            .map_err(|error| self.refused(path, "open", &error))?;
        let mut start = 0;
        loop {
            let end = text[start..].find('/').map_or(text.len(), |length| start + length);
            let (name, is_last) = (&text[start..end], end == text.len());
            let stat = match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => return Ok(Way::Missing),
                Err(error) => return Err(self.refused(path, "open", &error.into())),
            };
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Symlink if !is_last || last == Last::Follow => return Ok(Way::Link(end)),
                _ if is_last => return Ok(Way::End(Node { parent: folder, stat })),
                FileType::Directory => {}
                _ => {
                    let (before, name) = (&text[..end], &self.name);
                    return Err(Error::invalid(format!(
                        "`{before}` in `{name}` is a file, not a folder"
                    )));
                }
            }
            // Somebody may swap the name for a link here: then this fails, and is looked at again.
            folder = match open_folder(folder.as_fd(), name) {
                Ok(next) => next,
                Err(Errno::LOOP | Errno::NOTDIR) => return Ok(Way::Link(end)),
                Err(Errno::NOENT) => return Ok(Way::Missing),
                Err(error) => return Err(self.refused(path, "open", &error.into())),
            };
            start = end + 1;
        }
    }

    /// The path with the link that its first `length` bytes name resolved, inside the folder.
    fn resolve(&self, path: &FilePath, length: usize) -> Result<FilePath, Error> {
        let (link, rest) = path.as_str().split_at(length);
        let target = self.target(path, link)?;
        let target = target.to_str().unwrap_or("\\").trim_start_matches("./");
        if matches!(target, "" | ".") {
            return FilePath::parse(rest.trim_start_matches('/'));
        }
        FilePath::parse(&format!("{target}{rest}"))
    }

    /// Where the symbolic link that `path` begins with leads to.
    fn target(&self, path: &FilePath, link: &str) -> Result<PathBuf, Error> {
        self.dir.canonicalize(link).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::not_found(format!(
                "`{link}` in `{}` is a symbolic link to something that does not exist",
                self.name
            )),
            // cap-std's own refusal carries no number of the system.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
                leaves(path.as_str())
            }
            _ => self.refused(path, "resolve", &error),
        })
    }

    /// Finds out whether a symbolic link leads to something in the folder.
    ///
    /// # Errors
    /// `not-found` where it leads nowhere, `denied` where it leads out, what the system says otherwise.
    pub(crate) fn check_link(&self, path: &FilePath) -> Result<(), Error> {
        self.target(path, path.as_str()).map(drop)
    }
}

/// What a file of the system is.
pub(crate) fn kind(of: FileType) -> FileKind {
    match of {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::Fifo => FileKind::Other("fifo".to_owned()),
        FileType::Socket => FileKind::Other("socket".to_owned()),
        FileType::CharacterDevice | FileType::BlockDevice => FileKind::Other("device".to_owned()),
        FileType::Unknown => FileKind::Other("unknown".to_owned()),
    }
}

/// Opens the folder `name` below a handle; a symbolic link is an error.
pub(crate) fn open_folder(parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// Opens the regular file `name` below a handle; none where it is something else. Never waits for the
/// other end of a pipe, never follows a symbolic link.
pub(crate) fn open_regular(
    parent: BorrowedFd<'_>,
    name: &str,
) -> io::Result<Option<(OwnedFd, Stat)>> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Ok(file) => file,
        // A link, a socket, a device without a driver.
        Err(Errno::LOOP | Errno::NXIO | Errno::NODEV) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stat = rustix::fs::fstat(&file)?;
    let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    Ok(regular.then_some((file, stat)))
}

/// Reads an open file into `bytes`, which is emptied first; false where it has more than `bytes_max`.
pub(crate) fn read_whole(
    file: OwnedFd,
    stat: &Stat,
    bytes_max: u64,
    bytes: &mut Vec<u8>,
) -> io::Result<bool> {
    bytes.clear();
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    if size > bytes_max {
        return Ok(false);
    }
    // The file may grow meanwhile, and files of /proc have no size.
    let mut file = std::fs::File::from(file).take(bytes_max + 1);
    let expected = usize::try_from(size).unwrap_or(0);
    bytes.reserve(expected + 1);
    // A read that could have given more and gave just what there should be has met the end.
    let first = retry_on_intr(|| rustix::io::read(file.get_ref(), spare_capacity(bytes)))?;
    if first != expected {
        file.read_to_end(bytes)?;
    }
    Ok(bytes.len() as u64 <= bytes_max)
}
