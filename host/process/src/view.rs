//! A granted folder as a program sees it: the folder, the task's staged changes above it, and room for
//! the program's own changes, which never reach the folder itself.
//!
//! As an overlay the changes are what lies in its upper layer; where the kernel gives no overlay, a copy
//! (by reflink where the disk can) is compared with what it was. What a change means is not decided
//! here: the list goes to [`voyager_base::process::Views`].
//!
//! Files that the task may not read ([`Visible`]) are not in a copy, and hidden in an overlay by a layer
//! of their own between the folder and the changes. To a program they are absent, so it can neither
//! read nor remove them; a file that it makes in such a place is a change like any other.

mod visible;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, Metadata},
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use voyager_base::{
    Error,
    grant::{Extent, Grants},
    process::StagedFile,
};
use walkdir::WalkDir;

use self::visible::Visible;
use crate::wire::{ViewKind, ViewPlan};

/// One granted folder for one run of a program.
pub(crate) struct View {
    /// Its name in the grant.
    pub(crate) root: String,
    folder: PathBuf,
    store: PathBuf,
    kind: ViewKind,
    visible: Visible,
    /// Whether a layer hides what is not visible.
    hidden: bool,
    staged: Vec<StagedFile>,
    /// How the files were before the program started: the staged ones of an overlay, all of a copy.
    before: BTreeMap<String, Option<Stamp>>,
}

/// What a program changed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Changes {
    /// Within the grant.
    pub(crate) files: Vec<StagedFile>,
    /// Number of those outside it, and of what can't be staged: links, devices, odd names.
    pub(crate) discarded: u64,
}

/// Tells whether a file was touched. The change time can't be set back by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    mode: u32,
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            mode: metadata.mode(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl View {
    /// A view of what may be read of the folder that `grants` name `root`, with its own files in `store`,
    /// which must not exist yet. An overlay, unless `copied`.
    ///
    /// # Errors
    /// `unavailable` where the disk fails, `invalid` for a staged path that leaves the folder, `limit`
    /// where a copy would be larger than `copy_bytes_max`.
    pub(crate) fn prepare(
        root: &str,
        grants: &Arc<Grants>,
        store: PathBuf,
        mut staged: Vec<StagedFile>,
        copied: bool,
        copy_bytes_max: u64,
    ) -> Result<Self, Error> {
        let visible = Visible::new(grants, root);
        staged.retain(|file| visible.file(&file.path));
        let mut view = Self {
            root: root.to_owned(),
            folder: PathBuf::from(&grants.folders[root]),
            store,
            kind: ViewKind::Overlay,
            visible,
            hidden: false,
            staged,
            before: BTreeMap::new(),
        };
        let failed = |error| disk(&format!("the view of `{root}` can't be made"), &error);
        if copied {
            view.copy(copy_bytes_max)?;
        } else {
            fs::create_dir_all(view.store.join("work")).map_err(failed)?;
            fs::create_dir_all(view.store.join("upper")).map_err(failed)?;
            let mode = view.folder.metadata().map_err(failed)?.permissions();
            fs::set_permissions(view.store.join("upper"), mode).map_err(failed)?;
            view.hidden =
                view.visible.hide(&view.folder, &view.store.join("hidden")).map_err(failed)?;
            view.fill_upper()?;
        }
        Ok(view)
    }

    /// Whether it needs the kernel's overlay.
    pub(crate) fn is_overlay(&self) -> bool {
        self.kind == ViewKind::Overlay
    }

    /// The same as a copy, where the kernel gave no overlay.
    ///
    /// # Errors
    /// As [`View::prepare`].
    pub(crate) fn into_copy(mut self, copy_bytes_max: u64) -> Result<Self, Error> {
        if self.is_overlay() {
            self.before.clear();
            self.copy(copy_bytes_max)?;
        }
        Ok(self)
    }

    /// For the launcher.
    pub(crate) fn plan(&self) -> Result<ViewPlan, Error> {
        let text = |path: &Path| {
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| Error::invalid(format!("{} is no UTF-8", path.display())))
        };
        let (folder, store) = (text(&self.folder)?, text(&self.store)?);
        Ok(ViewPlan { folder, store, kind: self.kind, hidden: self.hidden })
    }

    /// What the program changed, with the content of the files that `may_write` names.
    ///
    /// # Errors
    /// `limit` where those hold more than `bytes_max`, `unavailable` where the disk fails.
    pub(crate) fn changes(
        &self,
        may_write: &dyn Fn(&str) -> bool,
        bytes_max: u64,
    ) -> Result<Changes, Error> {
        let collected = Collected { may_write, bytes_max, bytes: 0, changes: Changes::default() };
        match self.kind {
            ViewKind::Overlay => self.overlay_changes(collected),
            ViewKind::Reflink | ViewKind::Copy => self.copy_changes(collected),
        }
    }

    fn fill_upper(&mut self) -> Result<(), Error> {
        let upper = self.store.join("upper");
        for file in &self.staged {
            let relative = safe(&file.path)?;
            let failed =
                |error| disk(&format!("`{}` can't be put into the view", file.path), &error);
            let target = upper.join(relative);
            self.upper_parents(&upper, relative).map_err(failed)?;
            match &file.content {
                Some(content) => write(&target, content, file.executable).map_err(failed)?,
                // Below a folder that is not there, nothing has to be hidden.
                None if self.folder.join(relative).symlink_metadata().is_ok() => {
                    white_out(&target).map_err(failed)?;
                }
                None => continue,
            }
            let stamp = Stamp::of(&target.symlink_metadata().map_err(failed)?);
            self.before.insert(file.path.clone(), Some(stamp));
        }
        Ok(())
    }

    /// The folders above a staged file, with the permissions that they have below the overlay.
    fn upper_parents(&self, upper: &Path, relative: &Path) -> io::Result<()> {
        let mut path = PathBuf::new();
        for part in relative.parent().into_iter().flat_map(Path::components) {
            path.push(part);
            match fs::create_dir(upper.join(&path)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            if let Ok(below) = self.folder.join(&path).symlink_metadata()
                && below.is_dir()
            {
                fs::set_permissions(upper.join(&path), below.permissions())?;
            }
        }
        Ok(())
    }

    fn copy(&mut self, bytes_max: u64) -> Result<(), Error> {
        let target = self.store.join("copy");
        let failed = |error| disk(&format!("the folder `{}` can't be copied", self.root), &error);
        let visible = &self.visible;
        let mut copier = Copier { visible, reflinked: true, bytes: 0, bytes_max };
        copier.tree(&self.folder, &target).map_err(|error| match error {
            CopyError::Disk(error) => failed(error),
            CopyError::TooLarge => Error::limit("process.copy-bytes", bytes_max),
        })?;
        self.kind = if copier.reflinked { ViewKind::Reflink } else { ViewKind::Copy };
        for file in &self.staged {
            let path = below(&target, safe(&file.path)?, file.content.is_some()).map_err(failed)?;
            match (&file.content, path) {
                (Some(content), Some(path)) => {
                    write(&path, content, file.executable).map_err(failed)?
                }
                (None, Some(path)) if path.symlink_metadata().is_ok_and(|it| !it.is_dir()) => {
                    fs::remove_file(path).map_err(failed)?;
                }
                _ => {}
            }
        }
        for entry in WalkDir::new(&target).min_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|error| failed(error.into()))?;
            let Some(path) = relative_name(&target, entry.path()) else { continue };
            if !entry.file_type().is_dir() {
                let metadata = entry.metadata().map_err(|error| failed(error.into()))?;
                self.before.insert(path, Some(Stamp::of(&metadata)));
            }
        }
        Ok(())
    }

    fn overlay_changes(&self, mut collected: Collected<'_>) -> Result<Changes, Error> {
        let upper = self.store.join("upper");
        let lower = Lower::open(&self.folder, &self.visible)?;
        let mut seen = BTreeSet::new();
        for entry in WalkDir::new(&upper).min_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|error| disk("changes can't be listed", &error.into()))?;
            let Some(path) = relative_name(&upper, entry.path()) else {
                collected.changes.discarded += 1;
                continue;
            };
            let metadata =
                entry.metadata().map_err(|error| disk("changes can't be listed", &error.into()))?;
            if metadata.is_dir() {
                // In place of a file, or emptied before it came back: what was there is gone.
                if lower.kind(&path).is_some_and(|kind| kind != FileType::Directory) {
                    collected.removed(path);
                } else if opaque(entry.path()) {
                    let kept = |path: &str| upper.join(path).symlink_metadata().is_ok();
                    lower
                        .files(&path)
                        .filter(|path| !kept(path))
                        .for_each(|it| collected.removed(it));
                }
                continue;
            }
            seen.insert(path.clone());
            if self.before.get(&path) == Some(&Some(Stamp::of(&metadata))) {
                continue;
            }
            if is_white_out(&metadata) {
                match lower.kind(&path) {
                    Some(FileType::Directory) => {
                        lower.files(&path).for_each(|path| collected.removed(path));
                    }
                    Some(_) => collected.removed(path),
                    // The program made it and removed it.
                    None => {}
                }
            } else if metadata.is_file() {
                let same = |content: &[u8]| {
                    !self.before.contains_key(&path) && lower.holds(&path, content, &metadata)
                };
                collected.changed(&path, entry.path(), &metadata, &same)?;
            } else {
                collected.changes.discarded += 1;
            }
        }
        // Files that only the task's stage had, and that the program removed.
        for (path, stamp) in &self.before {
            let was_file = stamp.is_some() && !self.is_staged_removal(path);
            if was_file && !seen.contains(path) {
                collected.removed(path.clone());
            }
        }
        Ok(collected.changes)
    }

    fn is_staged_removal(&self, path: &str) -> bool {
        self.staged.iter().any(|file| file.path == path && file.content.is_none())
    }

    fn copy_changes(&self, mut collected: Collected<'_>) -> Result<Changes, Error> {
        let copy = self.store.join("copy");
        let mut seen = BTreeSet::new();
        for entry in WalkDir::new(&copy).min_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|error| disk("changes can't be listed", &error.into()))?;
            if entry.file_type().is_dir() {
                continue;
            }
            let Some(path) = relative_name(&copy, entry.path()) else {
                collected.changes.discarded += 1;
                continue;
            };
            let metadata =
                entry.metadata().map_err(|error| disk("changes can't be listed", &error.into()))?;
            seen.insert(path.clone());
            if self.before.get(&path) == Some(&Some(Stamp::of(&metadata))) {
                continue;
            }
            if metadata.is_file() {
                collected.changed(&path, entry.path(), &metadata, &|_| false)?;
            } else {
                collected.changes.discarded += 1;
            }
        }
        for path in self.before.keys().filter(|path| !seen.contains(*path)) {
            collected.removed(path.clone());
        }
        Ok(collected.changes)
    }
}

/// Changes as they are found. Content is read only where the grant allows the write: build folders with
/// thousands of files cost a look at their names.
struct Collected<'a> {
    may_write: &'a dyn Fn(&str) -> bool,
    bytes_max: u64,
    bytes: u64,
    changes: Changes,
}

impl Collected<'_> {
    fn removed(&mut self, path: String) {
        if (self.may_write)(&path) {
            self.changes.files.push(StagedFile { path, content: None, executable: false });
        } else {
            self.changes.discarded += 1;
        }
    }

    fn changed(
        &mut self,
        path: &str,
        source: &Path,
        metadata: &Metadata,
        same: &dyn Fn(&[u8]) -> bool,
    ) -> Result<(), Error> {
        if !(self.may_write)(path) {
            self.changes.discarded += 1;
            return Ok(());
        }
        self.bytes = self.bytes.saturating_add(metadata.len());
        if self.bytes > self.bytes_max {
            return Err(Error::limit("write-bytes", self.bytes_max));
        }
        let content = read(source)
            .map_err(|error| disk(&format!("the changed file `{path}` can't be read"), &error))?;
        if !same(&content) {
            let executable = metadata.mode() & 0o111 != 0;
            let path = path.to_owned();
            self.changes.files.push(StagedFile { path, content: Some(content), executable });
        }
        Ok(())
    }
}

/// The visible part of the folder itself, looked at without following any link: a program may have put
/// a folder where the real one has a link that leads elsewhere.
struct Lower<'a> {
    folder: OwnedFd,
    visible: &'a Visible,
}

impl<'a> Lower<'a> {
    fn open(folder: &Path, visible: &'a Visible) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())
            .map_err(|error| disk("the granted folder can't be opened", &error.into()))?;
        Ok(Self { folder, visible })
    }

    fn at(&self, path: &str, flags: OFlags) -> Option<OwnedFd> {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat2(&self.folder, path, flags, Mode::empty(), resolve).ok()
    }

    fn kind(&self, path: &str) -> Option<FileType> {
        let file = self.at(path, OFlags::PATH)?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(file).ok()?.st_mode);
        (kind == FileType::Directory || self.visible.file(path)).then_some(kind)
    }

    /// Whether the file there has this content, and the same right to be executed. Not told of one
    /// that is not visible: a program could find out its content by guessing.
    fn holds(&self, path: &str, content: &[u8], metadata: &Metadata) -> bool {
        if !self.visible.file(path) {
            return false;
        }
        let Some(file) = self.at(path, OFlags::RDONLY | OFlags::NONBLOCK) else { return false };
        let mut file = File::from(file);
        let alike = file.metadata().is_ok_and(|it| {
            it.is_file()
                && it.len() == metadata.len()
                && (it.mode() & 0o111 == 0) == (metadata.mode() & 0o111 == 0)
        });
        let mut held = Vec::new();
        alike && io::Read::read_to_end(&mut file, &mut held).is_ok() && held == content
    }

    /// The files below a folder, by their paths from the granted folder.
    fn files(&self, path: &str) -> impl Iterator<Item = String> + use<'a> {
        let visible = self.visible;
        let folder = self.at(path, OFlags::PATH | OFlags::DIRECTORY);
        let path = path.to_owned();
        folder.into_iter().flat_map(move |folder| {
            let base = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
            let walk = WalkDir::new(&base).min_depth(1).sort_by_file_name();
            let files = walk.into_iter().flatten().filter(|entry| !entry.file_type().is_dir());
            let names = files.filter_map(|entry| relative_name(&base, entry.path()));
            // Collected while `folder` is open: the walk goes through it.
            let paths = names.map(|name| format!("{path}/{name}"));
            paths.filter(|path| visible.file(path)).collect::<Vec<_>>()
        })
    }
}

struct Copier<'a> {
    visible: &'a Visible,
    reflinked: bool,
    bytes: u64,
    bytes_max: u64,
}

enum CopyError {
    Disk(io::Error),
    TooLarge,
}

impl<E: Into<io::Error>> From<E> for CopyError {
    fn from(error: E) -> Self {
        Self::Disk(error.into())
    }
}

impl Copier<'_> {
    fn tree(&mut self, from: &Path, to: &Path) -> Result<(), CopyError> {
        fs::create_dir_all(to)?;
        // What this process may not read, or what has gone meanwhile, the program would not see either.
        let mut entries = WalkDir::new(from).min_depth(1).into_iter();
        let everything = self.visible.below("") == Extent::All;
        while let Some(entry) = entries.next() {
            let Ok(entry) = entry else { continue };
            let target = to.join(entry.path().strip_prefix(from).unwrap_or_else(|_| entry.path()));
            let kind = entry.file_type();
            // What is no text, no glob matches.
            let path = relative_name(from, entry.path());
            if kind.is_dir() {
                if !everything && path.is_none_or(|it| self.visible.below(&it) == Extent::Nothing) {
                    entries.skip_current_dir();
                }
                fs::create_dir(&target)?;
                let mode = entry.metadata()?.mode();
                fs::set_permissions(&target, fs::Permissions::from_mode(mode | 0o700))?;
            } else if !everything && path.is_none_or(|it| !self.visible.file(&it)) {
                // Absent to the program.
            } else if kind.is_symlink() {
                std::os::unix::fs::symlink(fs::read_link(entry.path())?, &target)?;
            } else if kind.is_file() {
                match self.file(entry.path(), &target) {
                    Err(CopyError::Disk(error)) if unreadable(&error) => {}
                    copied => copied?,
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<(), CopyError> {
        let metadata = from.symlink_metadata()?;
        let copied =
            if self.reflinked { reflink_copy::reflink_or_copy(from, to)? } else { Some(0) };
        if copied.is_some() {
            self.bytes = self.bytes.saturating_add(metadata.len());
            if self.bytes > self.bytes_max {
                return Err(CopyError::TooLarge);
            }
            if !self.reflinked {
                fs::copy(from, to)?;
            }
            self.reflinked = false;
        }
        fs::set_permissions(to, metadata.permissions())?;
        // Build tools compare times: a copy that looks newer would be built anew.
        File::open(to)?.set_times(fs::FileTimes::new().set_modified(metadata.modified()?))?;
        Ok(())
    }
}

fn unreadable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound)
}

/// Removes a private folder, also where a program has taken rights away from its own folders.
///
/// # Errors
/// Where something is left.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock(path);
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Lets the owner into every folder again. What fails here shows when the removal is tried again.
fn unlock(path: &Path) {
    let mut locked = vec![path.to_owned()];
    while let Some(folder) = locked.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        let Ok(entries) = folder.read_dir() else { continue };
        let folders = entries.flatten().filter(|it| it.file_type().is_ok_and(|kind| kind.is_dir()));
        locked.extend(folders.map(|entry| entry.path()));
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A program may have left a file that not even its owner may read.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let open = || fs::OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file = match open() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            open()?
        }
        opened => opened?,
    };
    let mut content = Vec::new();
    io::Read::read_to_end(&mut file, &mut content)?;
    Ok(content)
}

fn write(path: &Path, content: &[u8], executable: bool) -> io::Result<()> {
    // Removed first: a link that stands there must not be written through.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::write(path, content)?;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// How an overlay says "removed". Making one needs no privilege.
fn white_out(path: &Path) -> io::Result<()> {
    let kind = FileType::CharacterDevice;
    Ok(rustix::fs::mknodat(rustix::fs::CWD, path, kind, Mode::empty(), 0)?)
}

fn is_white_out(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

fn opaque(folder: &Path) -> bool {
    let mut value = [0; 2];
    let found = rustix::fs::lgetxattr(folder, "user.overlay.opaque", &mut value[..]);
    found.is_ok_and(|length| length == 1) && value[0] == b'y'
}

/// The path of a staged file, which must not leave its folder.
fn safe(path: &str) -> Result<&Path, Error> {
    let relative = Path::new(path);
    let normal = relative.components().all(|part| matches!(part, Component::Normal(_)));
    if path.is_empty() || !normal {
        return Err(Error::invalid(format!(
            "the staged path `{}` leaves its folder",
            path.escape_debug()
        )));
    }
    Ok(relative)
}

/// `relative` below `base` where no link stands on the way; its folders are made where `make`.
fn below(base: &Path, relative: &Path, make: bool) -> io::Result<Option<PathBuf>> {
    let mut path = base.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        path.push(part);
        match path.symlink_metadata() {
            Ok(it) if it.is_dir() => {}
            Ok(_) => return Err(io::Error::other(format!("{} is no folder", path.display()))),
            Err(_) if make => fs::create_dir(&path)?,
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(base.join(relative)))
}

fn relative_name(base: &Path, path: &Path) -> Option<String> {
    path.strip_prefix(base).ok()?.to_str().map(str::to_owned)
}

fn disk(what: &str, error: &io::Error) -> Error {
    Error::unavailable(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use voyager_base::grant::{FolderGrant, Globs, GrantLayer};

    use super::*;

    fn staged(path: &str, content: Option<&str>) -> StagedFile {
        let content = content.map(|it| it.as_bytes().to_vec());
        StagedFile { path: path.to_owned(), content, executable: false }
    }

    /// What may be read of the folder `repo` below `folder`.
    fn reading(folder: &Path, read: &[&str]) -> Arc<Grants> {
        let repo = folder.join("repo").display().to_string();
        let read = Globs::new(read.iter().copied()).unwrap();
        let granted =
            FolderGrant { root: "repo".into(), read, write: Globs::none(), write_bytes_max: None };
        let layer = GrantLayer { workspace: Some(vec![granted]), ..GrantLayer::default() };
        let folders = Arc::new(BTreeMap::from([("repo".to_owned(), repo)]));
        Arc::new(Grants { folders, layers: vec![Arc::new(layer)] })
    }

    fn copied(staged: Vec<StagedFile>) -> (tempfile::TempDir, View, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("repo/src")).unwrap();
        fs::write(folder.path().join("repo/src/a"), "a").unwrap();
        fs::write(folder.path().join("repo/b"), "b").unwrap();
        let grants = reading(folder.path(), &["**"]);
        let store = folder.path().join("store");
        let view = View::prepare("repo", &grants, store, staged, true, 1 << 20).unwrap();
        let copy = folder.path().join("store/copy");
        (folder, view, copy)
    }

    #[test]
    fn a_copy_that_nobody_touched_has_no_changes() {
        let (_folder, view, copy) = copied(vec![staged("src/new", Some("new")), staged("b", None)]);
        assert_eq!(fs::read_to_string(copy.join("src/new")).unwrap(), "new");
        assert!(!copy.join("b").exists());
        assert_eq!(view.changes(&|_| true, 100).unwrap(), Changes::default());
    }

    #[test]
    fn changes_of_a_copy_within_the_grant_are_collected_and_others_counted() {
        let (_folder, view, copy) = copied(vec![]);
        fs::write(copy.join("src/a"), "A").unwrap();
        fs::write(copy.join("src/c"), "c").unwrap();
        fs::remove_file(copy.join("b")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", copy.join("src/link")).unwrap();
        let changes = view.changes(&|path| path.starts_with("src/"), 100).unwrap();
        assert_eq!(changes.files, [staged("src/a", Some("A")), staged("src/c", Some("c"))]);
        assert_eq!(changes.discarded, 2);
    }

    #[test]
    fn more_bytes_than_the_grant_allows_are_a_limit() {
        let (_folder, view, copy) = copied(vec![]);
        fs::write(copy.join("src/a"), "too much").unwrap();
        let error = view.changes(&|_| true, 3).unwrap_err();
        assert_eq!(error.kind, voyager_base::ErrorKind::Limit);
    }

    #[test]
    fn staged_paths_stay_within_their_folder() {
        for path in ["../a", "/etc/passwd", "", "a/../../b"] {
            assert!(safe(path).is_err(), "{path}");
        }
        let (folder, _view, copy) = copied(vec![]);
        std::os::unix::fs::symlink(folder.path(), copy.join("link")).unwrap();
        assert!(below(&copy, Path::new("link/x"), true).is_err());
    }

    #[test]
    fn a_copy_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("repo")).unwrap();
        fs::write(folder.path().join("repo/a"), "twelve bytes").unwrap();
        let grants = reading(folder.path(), &["**"]);
        match View::prepare("repo", &grants, folder.path().join("s"), vec![], true, 3) {
            // On a disk with reflinks nothing is copied.
            Ok(view) => assert_eq!(view.kind, ViewKind::Reflink),
            Err(error) => assert_eq!(error.kind, voyager_base::ErrorKind::Limit),
        }
    }
}
