//! The files of a program: a view of the granted folders, changed as programs change files (open, write a
//! few bytes, close), above the questions that every skill asks of its workspace.
//!
//! Whatever leaves the view is such a question: admitted, recorded and staged as a skill's own. The view
//! keeps small steps from becoming one question each: what is read comes in windows, and a file that is
//! changed is held as a whole until it is closed, synced, or the program ends. What is held counts, up to
//! the task's `memory`. Folders are no files, so one that is made or removed is so in the view alone.

use std::collections::BTreeMap;

use serde_bytes::ByteBuf;
use voyager_base::{
    Error, ErrorKind,
    grant::Extent,
    workspace::{Entry, FileKind, Inspect, Look, ReadFile, RemoveFile, RenameFile, WriteFile},
};

use crate::{ending::Ending, guest::Guest, wasi::ErrorCode};

/// What is read at a time, so that a program may read byte by byte.
const WINDOW_BYTES: u64 = 1 << 20;

/// What a mark of a folder counts beside its path.
const MARK_BYTES: u64 = 128;

/// Why something of the view is not done.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Fault {
    /// The program is told.
    Code(ErrorCode),
    /// The program ends: it could not tell why, or would take the answer for success.
    End(wasmtime::Error),
}

impl From<ErrorCode> for Fault {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Self::End(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.kind {
            ErrorKind::Denied => Self::Code(ErrorCode::Access),
            ErrorKind::NotFound => Self::Code(ErrorCode::NoEntry),
            ErrorKind::Invalid => Self::Code(ErrorCode::Invalid),
            ErrorKind::Unavailable => Self::Code(ErrorCode::Io),
            // A limit has to be named, and a conflict is for the manifest to react to.
            _ => Self::End(Ending::Host(error).into()),
        }
    }
}

pub(crate) type Fs<T> = Result<T, Fault>;

/// A path below a granted folder; empty for the folder itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) root: String,
    pub(crate) path: String,
}

impl Place {
    /// The granted folder `root`.
    pub(crate) fn root(root: &str) -> Self {
        Self { root: root.to_owned(), path: String::new() }
    }

    /// What a program calls `path`, seen from here. It can't lead out.
    pub(crate) fn at(&self, path: &str) -> Result<Self, ErrorCode> {
        if path.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if path.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        let mut below: Vec<&str> = Vec::new();
        for name in path.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(below.pop().ok_or(ErrorCode::NotPermitted)?),
                name => below.push(name),
            }
        }
        let own = Some(self.path.as_str()).filter(|own| !own.is_empty());
        let names: Vec<&str> = own.into_iter().chain(below).collect();
        Ok(Self { root: self.root.clone(), path: names.join("/") })
    }

    fn parent(&self) -> Option<Self> {
        if self.path.is_empty() {
            return None;
        }
        let path = self.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        Some(Self { root: self.root.clone(), path: path.to_owned() })
    }

    /// The name of what lies directly in this folder; none for everything else.
    fn name_of<'p>(&self, other: &'p Self) -> Option<&'p str> {
        let below = match self.path.is_empty() {
            true => other.path.as_str(),
            false => other.path.strip_prefix(&self.path)?.strip_prefix('/')?,
        };
        let is_name = other.root == self.root && !below.is_empty() && !below.contains('/');
        is_name.then_some(below)
    }
}

/// What a path names, and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) kind: FileKind,
    pub(crate) size: u64,
}

impl Node {
    fn folder() -> Self {
        Self { kind: FileKind::Directory, size: 0 }
    }

    fn is_folder(&self) -> bool {
        self.kind == FileKind::Directory
    }
}

/// A file that is open, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(u32);

/// The state of a view.
pub(crate) struct Files {
    open: BTreeMap<FileId, OpenFile>,
    places: BTreeMap<Place, FileId>,
    next: u32,
    /// Folders that were made (true) or removed here.
    marks: BTreeMap<Place, bool>,
    held: u64,
    held_max: u64,
}

/// A file that is open: once, however many handles it has.
struct OpenFile {
    /// None once it is removed.
    place: Option<Place>,
    /// Descriptors and streams.
    handles: u32,
    /// Its size, where the content is not held.
    size: u64,
    /// What was read last, and where it begins.
    window: Option<(u64, Vec<u8>)>,
    /// All of it, where it was changed.
    content: Option<Vec<u8>>,
    /// Whether that is not staged yet.
    changed: bool,
}

impl OpenFile {
    fn size(&self) -> u64 {
        self.content.as_ref().map_or(self.size, |content| content.len() as u64)
    }

    fn held(&self) -> u64 {
        let window = self.window.as_ref().map_or(0, |(_, bytes)| bytes.len());
        (window + self.content.as_ref().map_or(0, Vec::len)) as u64
    }
}

impl Files {
    /// A view that holds at most so many bytes.
    pub(crate) fn new(held_max: u64) -> Self {
        let (open, places, marks) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { open, places, next: 0, marks, held: 0, held_max }
    }

    fn file(&mut self, id: FileId) -> Fs<&mut OpenFile> {
        self.open.get_mut(&id).ok_or(Fault::Code(ErrorCode::BadDescriptor))
    }

    /// Makes sure that `more` bytes may be held.
    fn room(&self, more: u64) -> Fs<()> {
        match self.held.saturating_add(more) > self.held_max {
            true => Err(Ending::limit("memory", self.held_max).into()),
            false => Ok(()),
        }
    }

    /// Changes what is held of a file, and counts it.
    fn holding<T>(&mut self, id: FileId, change: impl FnOnce(&mut OpenFile) -> T) -> Fs<T> {
        let file = self.file(id)?;
        let before = file.held();
        let changed = change(file);
        let after = file.held();
        self.held = self.held.saturating_sub(before).saturating_add(after);
        Ok(changed)
    }

    fn mark(&mut self, place: Place, made: bool) -> Fs<()> {
        if !self.marks.contains_key(&place) {
            let bytes = place.path.len() as u64 + MARK_BYTES;
            self.room(bytes)?;
            self.held += bytes;
        }
        self.marks.insert(place, made);
        Ok(())
    }

    /// One more handle of the file at `place`.
    fn attach(&mut self, place: &Place, size: u64) -> FileId {
        let next = FileId(self.next);
        let id = *self.places.entry(place.clone()).or_insert(next);
        if id == next {
            self.next += 1;
        }
        let file = self.open.entry(id).or_insert_with(|| OpenFile {
            place: Some(place.clone()),
            handles: 0,
            size,
            window: None,
            content: None,
            changed: false,
        });
        file.handles += 1;
        id
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    pub(crate) create: bool,
    pub(crate) exclusive: bool,
    pub(crate) truncate: bool,
    pub(crate) write: bool,
}

impl Guest {
    /// The view; none but programs have one.
    fn files(&mut self) -> Fs<&mut Files> {
        let command = self.command.as_mut().ok_or(ErrorCode::BadDescriptor)?;
        Ok(&mut command.files)
    }

    /// What a path names.
    pub(crate) async fn look_up(&mut self, place: &Place, follow: bool) -> Fs<Node> {
        if place.path.is_empty() {
            return Ok(Node::folder());
        }
        let files = self.files()?;
        match files.marks.get(place) {
            Some(true) => return Ok(Node::folder()),
            Some(false) => return Err(ErrorCode::NoEntry.into()),
            None => {}
        }
        if let Some(file) = files.places.get(place).and_then(|id| files.open.get(id)) {
            return Ok(Node { kind: FileKind::File, size: file.size() });
        }
        let (grants, (root, path)) = (self.ledger().grants(), (&place.root, &place.path));
        if !grants.may_read(root, path) {
            if grants.reads_below(root, path) > Extent::Nothing {
                self.look(place).await?;
                return Ok(Node::folder());
            }
            // A folder for what may be written counts as there: files bring their folders with them.
            if !grants.may_write(root, path) && grants.writes_below(root, path) > Extent::Nothing {
                return Ok(Node::folder());
            }
        }
        let Place { root, path } = place.clone();
        let stat = self.ask(Inspect { root, path, follow }).await??;
        Ok(Node { kind: stat.kind, size: stat.size })
    }

    /// What lies directly in a folder.
    pub(crate) async fn entries(&mut self, place: &Place) -> Fs<Vec<Entry>> {
        let made = self.files()?.marks.get(place).copied();
        let mut entries = match (self.look(place).await, made) {
            (Err(Fault::Code(_)), Some(true)) => Vec::new(),
            (_, Some(false)) => return Err(ErrorCode::NoEntry.into()),
            (looked, _) => looked?,
        };
        for (marked, made) in &self.files()?.marks {
            let Some(name) = place.name_of(marked) else { continue };
            entries.retain(|entry| entry.name != name);
            if *made {
                entries.push(Entry { name: name.to_owned(), kind: FileKind::Directory });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    async fn look(&mut self, place: &Place) -> Fs<Vec<Entry>> {
        let Place { root, path } = place.clone();
        Ok(self.ask(Look { root, path }).await??)
    }

    async fn check_parent(&mut self, place: &Place) -> Fs<()> {
        let parent = place.parent().ok_or(ErrorCode::Exist)?;
        // Boxed: nearly all parents are roots or marks, and need no room for a question.
        match Box::pin(self.look_up(&parent, true)).await?.is_folder() {
            true => Ok(()),
            false => Err(ErrorCode::NotDirectory.into()),
        }
    }

    /// Opens a file; none where it is a folder.
    pub(crate) async fn open_file(
        &mut self,
        place: &Place,
        follow: bool,
        how: Opening,
    ) -> Fs<Option<FileId>> {
        let grants = self.ledger().grants();
        let (root, path) = (&place.root, &place.path);
        let blind = how.truncate && !how.exclusive && !grants.may_read(root, path);
        let found = match blind && grants.may_write(root, path) {
            // What may be written and not be read can be replaced.
            true => None,
            false => match self.look_up(place, follow).await {
                Ok(node) => Some(node),
                Err(Fault::Code(ErrorCode::NoEntry)) if how.create => None,
                Err(fault) => return Err(fault),
            },
        };
        let writes = how.write || how.truncate;
        let size = match found {
            None => {
                self.check_parent(place).await?;
                0
            }
            Some(_) if how.create && how.exclusive => return Err(ErrorCode::Exist.into()),
            Some(Node { kind: FileKind::File, size }) => size,
            Some(Node { kind: FileKind::Directory, .. }) if writes => {
                return Err(ErrorCode::IsDirectory.into());
            }
            Some(Node { kind: FileKind::Directory, .. }) => return Ok(None),
            Some(Node { kind: FileKind::Symlink, .. }) => return Err(ErrorCode::Loop.into()),
            Some(Node { kind: FileKind::Other(_), .. }) => {
                return Err(ErrorCode::NotPermitted.into());
            }
        };
        let emptied = found.is_none() || how.truncate;
        // Asked where it will be refused too, so that the refusal is recorded.
        if emptied || writes && !grants.may_write(root, path) {
            let (root, path) = (root.clone(), path.clone());
            self.ask(WriteFile { root, path, content: ByteBuf::new() }).await??;
        }
        let files = self.files()?;
        let id = files.attach(place, size);
        if emptied {
            files.holding(id, |file| {
                file.window = None;
                file.content = Some(Vec::new());
                file.changed = false;
            })?;
        }
        Ok(Some(id))
    }

    /// One more handle of an open file.
    pub(crate) fn share_file(&mut self, id: FileId) -> Fs<()> {
        self.files()?.file(id)?.handles += 1;
        Ok(())
    }

    /// One handle less; the last stages what was changed. A program takes closing for granted, so it ends
    /// where that fails.
    pub(crate) async fn close_file(&mut self, id: FileId) -> wasmtime::Result<()> {
        let Ok(files) = self.files() else { return Ok(()) };
        let Ok(file) = files.file(id) else { return Ok(()) };
        file.handles = file.handles.saturating_sub(1);
        if file.handles > 0 {
            return Ok(());
        }
        self.stage_file(id).await?;
        let Ok(files) = self.files() else { return Ok(()) };
        if let Some(file) = files.open.remove(&id) {
            files.held = files.held.saturating_sub(file.held());
            files.places.retain(|_, other| *other != id);
        }
        Ok(())
    }

    /// Stages what was changed in all files.
    pub(crate) async fn stage_files(&mut self) -> wasmtime::Result<()> {
        let Ok(files) = self.files() else { return Ok(()) };
        let ids: Vec<FileId> = files.open.keys().copied().collect();
        for id in ids {
            self.stage_file(id).await?;
        }
        Ok(())
    }

    async fn stage_file(&mut self, id: FileId) -> wasmtime::Result<()> {
        match self.sync_file(id).await {
            Ok(answer) => answer.map_err(|error| Ending::Host(error).into()),
            Err(Fault::End(error)) => Err(error),
            Err(Fault::Code(_)) => Ok(()),
        }
    }

    /// Stages what was changed in a file. The inner error is why it can't be.
    pub(crate) async fn sync_file(&mut self, id: FileId) -> Fs<Result<(), Error>> {
        let file = self.files()?.file(id)?;
        let (Some(place), Some(content), true) = (&file.place, &file.content, file.changed) else {
            return Ok(Ok(()));
        };
        let Place { root, path } = place.clone();
        let content = ByteBuf::from(content.clone());
        let answer = self.ask(WriteFile { root, path, content }).await?;
        if answer.is_ok() {
            self.files()?.file(id)?.changed = false;
        }
        Ok(answer)
    }

    /// The size of an open file.
    pub(crate) fn file_size(&mut self, id: FileId) -> Fs<u64> {
        Ok(self.files()?.file(id)?.size())
    }

    /// Where an open file lies; none once it is removed.
    pub(crate) fn file_place(&mut self, id: FileId) -> Fs<Option<Place>> {
        Ok(self.files()?.file(id)?.place.clone())
    }

    /// Reads at most `most` bytes of an open file; none at its end.
    pub(crate) async fn read_file(&mut self, id: FileId, offset: u64, most: usize) -> Fs<Vec<u8>> {
        let file = self.files()?.file(id)?;
        if let Some(content) = &file.content {
            return Ok(part(content, offset, most));
        }
        if let Some((start, bytes)) = &file.window {
            let end = start + bytes.len() as u64;
            // A window that is not full has met the end of the file.
            if *start <= offset && (offset < end || (bytes.len() as u64) < WINDOW_BYTES) {
                return Ok(part(bytes, offset - start, most));
            }
        }
        let bytes = self.read_window(id, offset, WINDOW_BYTES).await?;
        let first = part(&bytes, 0, most);
        let files = self.files()?;
        files.holding(id, |file| file.window = None)?;
        files.room(bytes.len() as u64)?;
        files.holding(id, |file| file.window = Some((offset, bytes)))?;
        Ok(first)
    }

    async fn read_window(&mut self, id: FileId, offset: u64, length: u64) -> Fs<Vec<u8>> {
        let place = self.file_place(id)?.ok_or(ErrorCode::NoEntry)?;
        let Place { root, path } = place;
        Ok(self.ask(ReadFile { root, path, offset, length }).await??.into_vec())
    }

    /// Holds the whole content of a file.
    async fn hold_file(&mut self, id: FileId) -> Fs<()> {
        let file = self.files()?.file(id)?;
        if file.content.is_some() {
            return Ok(());
        }
        let size = file.size;
        self.files()?.room(size)?;
        let mut content = Vec::new();
        loop {
            let window = self.read_window(id, content.len() as u64, WINDOW_BYTES).await?;
            let is_last = (window.len() as u64) < WINDOW_BYTES;
            self.files()?.room((content.len() + window.len()) as u64)?;
            content.extend_from_slice(&window);
            if is_last {
                break;
            }
        }
        self.files()?.holding(id, |file| {
            file.window = None;
            file.content = Some(content);
        })
    }

    /// Writes into an open file, at its end where no offset is given; zeroes fill a gap before it.
    /// Gives back where what was written ends.
    pub(crate) async fn write_file(
        &mut self,
        id: FileId,
        offset: Option<u64>,
        bytes: &[u8],
    ) -> Fs<u64> {
        self.hold_file(id).await?;
        let offset = match offset {
            Some(offset) => offset,
            None => self.file_size(id)?,
        };
        let end = offset.checked_add(bytes.len() as u64).ok_or(ErrorCode::FileTooLarge)?;
        if end > self.file_size(id)? && !bytes.is_empty() {
            self.resize(id, end)?;
        }
        self.files()?.holding(id, |file| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let content = file.content.as_mut().and_then(|it| it.get_mut(start..));
            if let Some(content) = content.and_then(|it| it.get_mut(..bytes.len())) {
                content.copy_from_slice(bytes);
                file.changed = true;
            }
        })?;
        Ok(end)
    }

    /// Cuts an open file, or fills it up with zeroes.
    pub(crate) async fn resize_file(&mut self, id: FileId, size: u64) -> Fs<()> {
        self.hold_file(id).await?;
        self.resize(id, size)
    }

    fn resize(&mut self, id: FileId, size: u64) -> Fs<()> {
        let files = self.files()?;
        let held = files.file(id)?.size();
        files.room(size.saturating_sub(held))?;
        files.holding(id, |file| {
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if let Some(content) = &mut file.content {
                content.resize(size, 0);
                file.changed = true;
            }
        })
    }

    /// Makes a folder, in the view alone: it comes into being with the first file in it.
    pub(crate) async fn make_folder(&mut self, place: &Place) -> Fs<()> {
        match self.look_up(place, true).await {
            Ok(_) => return Err(ErrorCode::Exist.into()),
            Err(Fault::Code(ErrorCode::NoEntry)) => {}
            // Where it may write and not read, nothing can tell whether one is there.
            Err(Fault::Code(ErrorCode::Access))
                if self.ledger().grants().may_write(&place.root, &place.path) => {}
            Err(fault) => return Err(fault),
        }
        self.check_parent(place).await?;
        self.files()?.mark(place.clone(), true)
    }

    /// Removes a folder that is empty.
    pub(crate) async fn remove_folder(&mut self, place: &Place) -> Fs<()> {
        if place.path.is_empty() {
            return Err(ErrorCode::Busy.into());
        }
        if !self.look_up(place, false).await?.is_folder() {
            return Err(ErrorCode::NotDirectory.into());
        }
        if !self.entries(place).await?.is_empty() {
            return Err(ErrorCode::NotEmpty.into());
        }
        self.files()?.mark(place.clone(), false)
    }

    /// Removes a file. Who has it open keeps it.
    pub(crate) async fn remove_file(&mut self, place: &Place) -> Fs<()> {
        if self.look_up(place, false).await?.is_folder() {
            return Err(ErrorCode::IsDirectory.into());
        }
        let id = self.files()?.places.get(place).copied();
        if let Some(id) = id {
            self.hold_file(id).await?;
        }
        let Place { root, path } = place.clone();
        self.ask(RemoveFile { root, path }).await??;
        let files = self.files()?;
        if let Some(id) = id {
            files.places.remove(place);
            files.file(id)?.place = None;
        }
        Ok(())
    }

    /// Renames a file, in place of one that is there.
    pub(crate) async fn rename_file(&mut self, from: &Place, to: &Place) -> Fs<()> {
        if from.root != to.root {
            return Err(ErrorCode::CrossDevice.into());
        }
        if self.look_up(from, false).await?.is_folder() {
            return Err(ErrorCode::Unsupported.into());
        }
        if from == to {
            return Ok(());
        }
        match self.look_up(to, false).await {
            Ok(_) => self.remove_file(to).await?,
            Err(Fault::Code(ErrorCode::NoEntry)) => self.check_parent(to).await?,
            Err(fault) => return Err(fault),
        }
        let id = self.files()?.places.get(from).copied();
        if let Some(id) = id {
            self.sync_file(id).await??;
        }
        let Place { root, path } = from.clone();
        self.ask(RenameFile { root, from: path, to: to.path.clone() }).await??;
        let files = self.files()?;
        if let Some(id) = id {
            files.places.remove(from);
            files.places.insert(to.clone(), id);
            files.file(id)?.place = Some(to.clone());
        }
        Ok(())
    }
}

/// At most `most` bytes from `offset` on.
fn part(bytes: &[u8], offset: u64, most: usize) -> Vec<u8> {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    let rest = rest.unwrap_or_default();
    rest[..rest.len().min(most)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        let folder = Place { root: "repo".to_owned(), path: "src".to_owned() };
        let at = |path: &str| folder.at(path).map(|it| it.path);
        assert_eq!(at("./a//b/../c/").unwrap(), "src/a/c");
        assert_eq!(at(".").unwrap(), "src");
        assert_eq!(at("a/..").unwrap(), "src");
        for out in ["..", "../src", "a/../..", "a/../../src/a", "/src/a", "/"] {
            assert_eq!(at(out), Err(ErrorCode::NotPermitted), "{out}");
        }
        assert_eq!(at(""), Err(ErrorCode::NoEntry));
    }

    #[test]
    fn a_folder_knows_what_lies_directly_in_it() {
        let place = |path: &str| Place { root: "repo".to_owned(), path: path.to_owned() };
        assert_eq!(place("").name_of(&place("a")), Some("a"));
        assert_eq!(place("a").name_of(&place("a/b")), Some("b"));
        for (folder, other) in [("", ""), ("", "a/b"), ("a", "a"), ("a", "ab/c"), ("a", "a/b/c")] {
            assert_eq!(place(folder).name_of(&place(other)), None, "{folder} {other}");
        }
    }
}
