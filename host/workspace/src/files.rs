//! Answers about single files: what a task sees of one, and staging changes of it.

use std::collections::BTreeMap;

use rustix::fs::FileType;
use voyager_base::{
    call::{CallContext, Folders, StageId},
    error::{Error, ErrorKind},
    grant::{Extent, Grants},
    process::{Absorbed, StagedFile},
    workspace::{Entry, FileKind, FileStat},
};

use crate::{
    folder::{FILE_BYTES_MAX, Folder, Last, Located, kind},
    path::FilePath,
    stage::{Layers, Overlay, Staged, Stamp, Version},
};

/// Most bytes of one read.
pub(crate) const READ_BYTES_MAX: u64 = 4 << 20;

/// One folder as one task sees it.
pub(crate) struct Task<'a> {
    layers: &'a Layers,
    grants: &'a Grants,
    stages: &'a [StageId],
    folder: Folder,
}

impl<'a> Task<'a> {
    /// The folder `root` of a task.
    ///
    /// # Errors
    /// `denied` for a folder that is not granted, `unavailable` where it can't be opened.
    pub(crate) fn new(
        layers: &'a Layers,
        context: &'a CallContext,
        root: &str,
    ) -> Result<Self, Error> {
        let folders: &Folders = &context.grants.folders;
        let folder = Folder::open(folders, root)?;
        Ok(Self { layers, grants: &context.grants, stages: &context.stages, folder })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Everything that is staged in the folder, as the task sees it.
    pub(crate) fn overlay(&self) -> Overlay {
        self.layers.overlay(self.stages, self.root())
    }

    /// The layer that the task writes to.
    ///
    /// # Errors
    /// `invalid` for a task without one.
    pub(crate) fn own(&self) -> Result<StageId, Error> {
        self.stages
            .first()
            .copied()
            .ok_or_else(|| Error::invalid("this task has no layer to stage changes in"))
    }

    fn root(&self) -> &str {
        self.folder.name()
    }

    /// Says what a path is.
    pub(crate) fn stat(&self, path: &str, last: Last) -> Result<FileStat, Error> {
        let located = self.locate(path, last, Grants::may_read)?;
        if let Some(staged) = self.staged(&located.path) {
            let version = staged.after.as_ref().ok_or_else(|| self.absent(&located.path))?;
            return Ok(FileStat { kind: FileKind::File, size: version.size() });
        }
        let Some(node) = &located.node else {
            if self.is_staged_folder(&located.path) {
                return Ok(FileStat { kind: FileKind::Directory, size: 0 });
            }
            return Err(self.absent(&located.path));
        };
        let kind = kind(node.kind());
        let size = if kind == FileKind::File { node.stat.st_size } else { 0 };
        Ok(FileStat { kind, size: u64::try_from(size).unwrap_or(0) })
    }

    /// Looks into a folder, itself given by an empty path.
    pub(crate) fn look(&self, path: &str) -> Result<Vec<Entry>, Error> {
        let folder = match path.is_empty() {
            true => None,
            false => Some(self.folder.locate(&FilePath::parse(path)?, Last::Follow)?),
        };
        if let Some(reserved) = folder.as_ref().filter(|it| it.path.is_reserved()) {
            return Err(self.absent(&reserved.path));
        }
        let at = folder.as_ref().map_or("", |it| it.path.as_str());
        if self.grants.reads_below(self.root(), at) == Extent::Nothing {
            return Err(Error::denied(
                format!("nothing in `{path}` of `{}` may be read", self.root()),
                format!("workspace: [ {{ root: {}, read: [\"{path}/**\"] }} ]", self.root()),
            ));
        }
        let mut entries = match &folder {
            None => self.folder.names(None)?,
            Some(Located { node: Some(node), path }) if node.kind() == FileType::Directory => {
                self.folder.names(Some((path, node)))?
            }
            Some(Located { node: Some(_), path }) => {
                let root = self.root();
                return Err(Error::invalid(format!(
                    "`{path}` in `{root}` is a file, not a folder"
                )));
            }
            Some(Located { node: None, path }) if self.is_staged_folder(path) => BTreeMap::new(),
            Some(Located { node: None, path }) => return Err(self.absent(path)),
        };
        let prefix = if at.is_empty() { String::new() } else { format!("{at}/") };
        for (path, staged) in self.overlay().range(prefix.clone()..) {
            let Some(rest) = path.strip_prefix(&prefix) else { break };
            match (rest.split_once('/'), &staged.after) {
                (Some((name, _)), Some(_)) => {
                    entries.insert(name.to_owned(), FileKind::Directory);
                }
                (None, Some(_)) => {
                    entries.insert(rest.to_owned(), FileKind::File);
                }
                (None, None) => {
                    entries.remove(rest);
                }
                (Some(_), None) => {}
            }
        }
        let is_shown = |name: &str, kind: &FileKind| {
            let path = format!("{prefix}{name}");
            self.grants.may_read(self.root(), &path)
                || *kind == FileKind::Directory
                    && self.grants.reads_below(self.root(), &path) > Extent::Nothing
        };
        entries.retain(|name, kind| is_shown(name, kind));
        Ok(entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect())
    }

    /// Reads a part of a file.
    pub(crate) fn read(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        if length > READ_BYTES_MAX {
            let message =
                format!("a read of {length} bytes; read at most {READ_BYTES_MAX} at a time");
            return Err(Error::new(ErrorKind::Limit, message)
                .bound(format!("read-bytes-max: {READ_BYTES_MAX}")));
        }
        let located = self.locate(path, Last::Follow, Grants::may_read)?;
        if let Some(staged) = self.staged(&located.path) {
            let version = staged.after.as_ref().ok_or_else(|| self.absent(&located.path))?;
            return self.layers.part(&version.blob, offset, length);
        }
        let node = located.node.as_ref().ok_or_else(|| self.absent(&located.path))?;
        let (file, stat) = self.folder.open_file(&located.path, node)?;
        if let Some(own) = self.stages.first() {
            self.layers.witness(*own, self.root(), located.path.as_str(), Stamp::of(&stat));
        }
        read_part(&file.into(), offset, length)
            .map_err(|error| self.folder.refused(&located.path, "read", &error))
    }

    /// Stages the whole content of a file.
    pub(crate) fn write(&self, path: &str, content: Vec<u8>) -> Result<(), Error> {
        let located = self.locate(path, Last::Follow, Grants::may_write)?;
        let staged = self.written(&located, content, None)?;
        self.stage(vec![(located.path.as_str().to_owned(), staged)])
    }

    /// Stages the removal of a file.
    pub(crate) fn remove(&self, path: &str) -> Result<(), Error> {
        let located = self.locate(path, Last::Keep, Grants::may_write)?;
        let before = Some(self.existing(&located)?);
        self.stage(vec![(located.path.as_str().to_owned(), Staged { before, after: None })])
    }

    /// Stages a rename of a file.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let from = self.locate(from, Last::Keep, Grants::may_write)?;
        let to = self.locate(to, Last::Keep, Grants::may_write)?;
        let may_read = |path: &FilePath| self.grants.may_read(self.root(), path.as_str());
        if may_read(&to.path) && !may_read(&from.path) {
            let (path, root) = (&from.path, self.root());
            return Err(Error::denied(
                format!(
                    "renaming `{path}` in `{root}` to `{}` would show what this task may not read",
                    to.path
                ),
                format!("workspace: [ {{ root: {root}, read: [\"{path}\"] }} ]"),
            ));
        }
        let version = self.existing(&from)?;
        let is_taken = match self.staged(&to.path) {
            Some(staged) => staged.after.is_some(),
            None => to.node.is_some() || self.is_staged_folder(&to.path),
        };
        if is_taken {
            let message =
                format!("`{}` in `{}` exists already; remove it first", to.path, self.root());
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        self.check_parents(&to.path)?;
        // Where the target was removed in this task, its old content stays what was before.
        let before = self.current(&to)?;
        let gone = Staged { before: Some(version.clone()), after: None };
        let come = Staged { before, after: Some(version) };
        self.stage(vec![(from.path.as_str().to_owned(), gone), (to.path.as_str().to_owned(), come)])
    }

    /// All that the task sees as changed.
    pub(crate) fn view(&self) -> Result<Vec<StagedFile>, Error> {
        let file = |(path, staged): (String, std::sync::Arc<Staged>)| {
            let content =
                staged.after.as_ref().map(|after| self.layers.bytes(&after.blob)).transpose()?;
            let executable = staged.after.as_ref().is_some_and(Version::is_executable);
            Ok(StagedFile { path, content, executable })
        };
        self.overlay().into_iter().map(file).collect()
    }

    /// Stages what a program changed, as far as the grant lets the task write.
    pub(crate) fn absorb(&self, changes: Vec<StagedFile>) -> Result<Absorbed, Error> {
        let (mut absorbed, mut staged) = (Absorbed::default(), Vec::new());
        for change in changes {
            let located = self.locate(&change.path, Last::Keep, Grants::may_write);
            let Ok(located) = located else {
                absorbed.discarded += 1;
                continue;
            };
            let path = located.path.as_str().to_owned();
            let file = match change.content {
                Some(content) => self.written(&located, content, Some(change.executable))?,
                None => match self.current(&located)? {
                    Some(before) => Staged { before: Some(before), after: None },
                    None => continue,
                },
            };
            if !file.changes_nothing() {
                absorbed.changed.push(path.clone());
                staged.push((path, file));
            }
        }
        self.stage(staged)?;
        absorbed.changed.sort();
        Ok(absorbed)
    }

    /// Stages files, all or none, within the grant's bound.
    pub(crate) fn stage(&self, files: Vec<(String, Staged)>) -> Result<(), Error> {
        let bytes_max = self.grants.write_bytes_max(self.root());
        self.layers.stage(self.own()?, self.root(), files, bytes_max)
    }

    /// Finds a path, and checks the grant for where it leads as well, since a symbolic link must not
    /// widen it.
    fn locate(
        &self,
        path: &str,
        last: Last,
        may: impl Fn(&Grants, &str, &str) -> bool,
    ) -> Result<Located, Error> {
        let located = self.folder.locate(&FilePath::parse(path)?, last)?;
        let (found, root) = (&located.path, self.root());
        if found.is_reserved() {
            return Err(Error::denied(
                format!("`{found}` in `{root}` is where commits prepare their files"),
                "no grant reaches it",
            ));
        }
        if may(self.grants, root, found.as_str()) {
            return Ok(located);
        }
        let way = if found.as_str() == path {
            String::new()
        } else {
            format!(" leads to `{found}`, which")
        };
        Err(Error::denied(
            format!("`{path}` in `{root}`{way} is outside the grant"),
            format!("workspace: [ {{ root: {root}, read or write: [\"{found}\"] }} ]"),
        ))
    }

    /// A file with a new content.
    fn written(
        &self,
        located: &Located,
        content: Vec<u8>,
        executable: Option<bool>,
    ) -> Result<Staged, Error> {
        if content.len() as u64 > FILE_BYTES_MAX {
            return Err(self.folder.too_large(&located.path, FILE_BYTES_MAX));
        }
        self.check_parents(&located.path)?;
        let before = self.current(located)?;
        if before.is_none() && self.is_staged_folder(&located.path) {
            return Err(self.is_folder(&located.path));
        }
        let mode = before.as_ref().and_then(|before| before.mode);
        let mode = match (executable, mode) {
            (None, mode) => mode,
            (Some(true), None) => Some(0o755),
            (Some(false), None) => None,
            // Whoever may read it may execute it.
            (Some(true), Some(mode)) if mode & 0o111 == 0 => Some(mode | (mode & 0o444) >> 2),
            (Some(true), Some(mode)) => Some(mode),
            (Some(false), Some(mode)) => Some(mode & !0o111),
        };
        Ok(Staged { before, after: Some(Version { blob: self.layers.keep(content)?, mode }) })
    }

    /// The file as the task sees it; none where there is none.
    fn current(&self, located: &Located) -> Result<Option<Version>, Error> {
        let (path, root) = (&located.path, self.root());
        if let Some(staged) = self.staged(path) {
            return Ok(staged.after.clone());
        }
        let Some(node) = &located.node else { return Ok(None) };
        match node.kind() {
            FileType::RegularFile => {}
            FileType::Directory => return Err(self.is_folder(path)),
            FileType::Symlink => {
                let message =
                    format!("`{path}` in `{root}` is a symbolic link; change what it points to");
                return Err(Error::invalid(message));
            }
            _ => return Err(Error::invalid(format!("`{path}` in `{root}` is no regular file"))),
        }
        let (bytes, stat) = self.folder.read(path, node, FILE_BYTES_MAX)?;
        let seen =
            self.stages.first().and_then(|own| self.layers.witnessed(*own, root, path.as_str()));
        if seen.is_some_and(|seen| seen != Stamp::of(&stat)) {
            let message = format!(
                "somebody changed `{path}` in `{root}` since this task read it; start again"
            );
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        Ok(Some(Version { blob: self.layers.keep(bytes)?, mode: Some(stat.st_mode & 0o7777) }))
    }

    fn existing(&self, located: &Located) -> Result<Version, Error> {
        self.current(located)?.ok_or_else(|| self.absent(&located.path))
    }

    fn staged(&self, path: &FilePath) -> Option<std::sync::Arc<Staged>> {
        self.layers.look(self.stages, self.root(), path.as_str())
    }

    /// Whether staged files make a folder of `path`.
    fn is_staged_folder(&self, path: &FilePath) -> bool {
        let prefix = format!("{path}/");
        let overlay = self.overlay();
        let mut below =
            overlay.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        below.any(|(_, staged)| staged.after.is_some())
    }

    /// No folder on the way to `path` may be a staged file.
    fn check_parents(&self, path: &FilePath) -> Result<(), Error> {
        for (end, _) in path.as_str().match_indices('/') {
            let parent = &path.as_str()[..end];
            let staged = self.layers.look(self.stages, self.root(), parent);
            if staged.is_some_and(|staged| staged.after.is_some()) {
                let root = self.root();
                return Err(Error::invalid(format!(
                    "`{parent}` in `{root}` is a file, not a folder"
                )));
            }
        }
        Ok(())
    }

    fn absent(&self, path: &FilePath) -> Error {
        Error::not_found(format!("`{path}` does not exist in `{}`", self.root()))
    }

    fn is_folder(&self, path: &FilePath) -> Error {
        Error::invalid(format!("`{path}` in `{}` is a folder", self.root()))
    }
}

fn read_part(file: &std::fs::File, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut file = file;
    let size = file.metadata()?.len();
    // Never more room than the file has bytes, whatever was asked for.
    let room = size.saturating_sub(offset).min(length);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    // An offset beyond what the system can seek to is beyond every end.
    if i64::try_from(offset).is_ok() {
        file.seek(SeekFrom::Start(offset))?;
        file.take(length).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
