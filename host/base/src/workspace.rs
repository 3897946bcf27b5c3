//! `voyager:workspace`: files of granted folders, changed in stages.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    BoxFuture,
    call::{CallContext, Effect, Folders, HostCall, Need, Services, StageId},
    error::Error,
    id::Digest,
};

/// Lists the readable files of a folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct List {
    /// The folder.
    pub root: String,
    /// Globs that a file must match one of; all files where empty.
    pub globs: Vec<String>,
}

/// One file that a listing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path from the folder.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
}

/// What a listing found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The files, ordered by path.
    pub files: Vec<FileEntry>,
    /// Files and folders that were passed over, with the reason.
    pub skipped: Vec<(String, String)>,
}

/// Looks into one folder below a granted one, hidden and ignored files too: what a program sees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Look {
    /// The folder.
    pub root: String,
    /// The path; empty for the folder itself.
    pub path: String,
}

/// What lies directly in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
}

/// Says what a path is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inspect {
    /// The folder.
    pub root: String,
    /// The path.
    pub path: String,
    /// Whether a symbolic link at its end is followed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow: bool,
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, a socket, a pipe.
    Other(String),
}

/// What is known of a path without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStat {
    /// What it is.
    pub kind: FileKind,
    /// Size in bytes; 0 for what is no file.
    pub size: u64,
}

/// Reads a part of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReadFile {
    /// The folder.
    pub root: String,
    /// The path.
    pub path: String,
    /// First byte.
    pub offset: u64,
    /// Most bytes.
    pub length: u64,
}

/// Stages the whole content of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteFile {
    /// The folder.
    pub root: String,
    /// The path.
    pub path: String,
    /// The content.
    pub content: ByteBuf,
}

/// Stages the removal of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveFile {
    /// The folder.
    pub root: String,
    /// The path.
    pub path: String,
}

/// Stages a rename.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenameFile {
    /// The folder.
    pub root: String,
    /// The path now.
    pub from: String,
    /// The path then.
    pub to: String,
}

/// A text to look for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TextQuery {
    /// A regular expression, or the text itself.
    pub pattern: String,
    /// Take the pattern as it is.
    pub literal: bool,
    /// Whole words only.
    pub word: bool,
    /// Ignore case.
    pub ignore_case: bool,
    /// Globs that a file must match one of; all files where empty.
    pub globs: Vec<String>,
}

/// Looks for a text in all readable files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Search {
    /// The folder.
    pub root: String,
    /// What to look for.
    pub query: TextQuery,
    /// Most places.
    pub places_max: u32,
}

/// A place that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Path from the folder.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
    /// The line, shortened.
    pub text: String,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The places, ordered by path, line, column.
    pub places: Vec<Place>,
    /// Number of files that were searched.
    pub files_searched: u64,
    /// Files that could not be read, with the reason.
    pub skipped: Vec<(String, String)>,
    /// There are more places.
    pub more: bool,
}

/// Stages the replacement of every match in all writable files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replace {
    /// The folder.
    pub root: String,
    /// What to look for.
    pub query: TextQuery,
    /// What to put there.
    pub replacement: String,
}

/// What a bulk replace staged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Changed files with their number of replacements, ordered by path.
    pub files: Vec<(String, u64)>,
    /// Replacements in total.
    pub places: u64,
    /// Files that could not be read, with the reason.
    pub skipped: Vec<(String, String)>,
}

/// Shows what is staged as a unified diff.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowDiff {
    /// The folder.
    pub root: String,
    /// Most bytes; what is beyond is cut at a line, and said.
    pub bytes_max: u64,
}

impl HostCall for List {
    const NAME: &'static str = "workspace.list";
    const EFFECT: Effect = Effect::Read;
    type Reply = Listed;

    fn need(&self) -> Need<'_> {
        Need::Folder { root: &self.root }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Self::Reply, Error>> {
        services.workspace.list(context, self)
    }
}

impl HostCall for Look {
    const NAME: &'static str = "workspace.look";
    const EFFECT: Effect = Effect::Read;
    type Reply = Vec<Entry>;

    fn need(&self) -> Need<'_> {
        Need::Folder { root: &self.root }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Self::Reply, Error>> {
        services.workspace.look(context, self)
    }
}

impl HostCall for Inspect {
    const NAME: &'static str = "workspace.stat";
    const EFFECT: Effect = Effect::Read;
    type Reply = FileStat;

    fn need(&self) -> Need<'_> {
        Need::Read { root: &self.root, path: &self.path }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Self::Reply, Error>> {
        services.workspace.stat(context, self)
    }
}

impl HostCall for ReadFile {
    const NAME: &'static str = "workspace.read";
    const EFFECT: Effect = Effect::Read;
    type Reply = ByteBuf;

    fn need(&self) -> Need<'_> {
        Need::Read { root: &self.root, path: &self.path }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Self::Reply, Error>> {
        services.workspace.read(context, self)
    }
}

impl HostCall for WriteFile {
    const NAME: &'static str = "workspace.write";
    const EFFECT: Effect = Effect::Staged;
    type Reply = ();

    fn need(&self) -> Need<'_> {
        Need::Write { root: &self.root, path: &self.path }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<(), Error>> {
        services.workspace.write(context, self)
    }
}

impl HostCall for RemoveFile {
    const NAME: &'static str = "workspace.remove";
    const EFFECT: Effect = Effect::Staged;
    type Reply = ();

    fn need(&self) -> Need<'_> {
        Need::Write { root: &self.root, path: &self.path }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<(), Error>> {
        services.workspace.remove(context, self)
    }
}

impl HostCall for RenameFile {
    const NAME: &'static str = "workspace.rename";
    const EFFECT: Effect = Effect::Staged;
    type Reply = ();

    fn need(&self) -> Need<'_> {
        Need::Rename { root: &self.root, from: &self.from, to: &self.to }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<(), Error>> {
        services.workspace.rename(context, self)
    }
}

impl HostCall for Search {
    const NAME: &'static str = "workspace.search";
    const EFFECT: Effect = Effect::Read;
    type Reply = Found;

    fn need(&self) -> Need<'_> {
        Need::Folder { root: &self.root }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Found, Error>> {
        services.workspace.search(context, self)
    }
}

impl HostCall for Replace {
    const NAME: &'static str = "workspace.replace";
    const EFFECT: Effect = Effect::Staged;
    type Reply = Replaced;

    fn need(&self) -> Need<'_> {
        Need::Folder { root: &self.root }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Replaced, Error>> {
        services.workspace.replace(context, self)
    }
}

impl HostCall for ShowDiff {
    const NAME: &'static str = "workspace.diff";
    const EFFECT: Effect = Effect::Read;
    type Reply = String;

    fn need(&self) -> Need<'_> {
        Need::Folder { root: &self.root }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<String, Error>> {
        services.workspace.diff(context, self)
    }
}

/// What a file was or shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Hash of its content, which the content store keeps.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits; those of a new file where none are given.
    pub mode: Option<u32>,
}

/// One file that a commit changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The folder.
    pub root: String,
    /// Path from the folder.
    pub path: String,
    /// What the task saw; none where there was no file.
    pub before: Option<FileState>,
    /// What shall be there; none where the file goes.
    pub after: Option<FileState>,
}

impl Change {
    /// The change that undoes this one.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self {
            root: self.root.clone(),
            path: self.path.clone(),
            before: self.after.clone(),
            after: self.before.clone(),
        }
    }
}

/// How a file stands to a change that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is as before.
    Before,
    /// It is as it shall be.
    After,
    /// It is neither, or something is in the way.
    Conflict(Conflict),
}

/// A file that is neither as the task saw it nor as it shall be: somebody else changed it. It is left
/// as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The folder.
    pub root: String,
    /// Path from the folder.
    pub path: String,
    /// One sentence.
    pub reason: String,
}

/// Files of granted folders. Paths come checked against the grant; whether they leave their folder, the
/// service checks itself at every step of the way.
pub trait WorkspaceService: Send + Sync {
    /// Answers [`List`].
    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: List,
    ) -> BoxFuture<'a, Result<Listed, Error>>;

    /// Answers [`Look`]: in the order of their names, what may be read and the folders in which something
    /// may be.
    fn look<'a>(
        &'a self,
        context: &'a CallContext,
        call: Look,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>>;

    /// Answers [`Inspect`].
    fn stat<'a>(
        &'a self,
        context: &'a CallContext,
        call: Inspect,
    ) -> BoxFuture<'a, Result<FileStat, Error>>;

    /// Answers [`ReadFile`].
    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadFile,
    ) -> BoxFuture<'a, Result<ByteBuf, Error>>;

    /// Answers [`WriteFile`].
    fn write<'a>(
        &'a self,
        context: &'a CallContext,
        call: WriteFile,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Answers [`RemoveFile`].
    fn remove<'a>(
        &'a self,
        context: &'a CallContext,
        call: RemoveFile,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Answers [`RenameFile`].
    fn rename<'a>(
        &'a self,
        context: &'a CallContext,
        call: RenameFile,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// Answers [`Search`].
    fn search<'a>(
        &'a self,
        context: &'a CallContext,
        call: Search,
    ) -> BoxFuture<'a, Result<Found, Error>>;

    /// Answers [`Replace`].
    fn replace<'a>(
        &'a self,
        context: &'a CallContext,
        call: Replace,
    ) -> BoxFuture<'a, Result<Replaced, Error>>;

    /// Answers [`ShowDiff`].
    fn diff<'a>(
        &'a self,
        context: &'a CallContext,
        call: ShowDiff,
    ) -> BoxFuture<'a, Result<String, Error>>;

    /// What a task staged, ordered by folder and path. The contents, old and new, are in the content
    /// store when this returns, so that a commit can be finished after a crash and undone later.
    fn staged(&self, stage: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>>;

    /// What the task itself staged since this was asked last, otherwise as [`Self::staged`]: neither
    /// what [`Self::merge`] nor what [`Self::restage`] brought. A file that is again as it was comes
    /// with an `after` that is its `before`.
    fn staged_anew(&self, stage: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>>;

    /// Stages changes once more, whose contents are in the content store: what [`Self::staged`] or
    /// [`Self::staged_anew`] gave before a crash. No file is read, so that one that somebody changed
    /// since is a conflict when it is committed. The `before` of a file that is staged already stays.
    ///
    /// # Errors
    /// `unavailable` where a content is needed now and not given back.
    fn restage(&self, stage: StageId, changes: &[Change]) -> Result<(), Error>;

    /// Adds what a child staged to what its parent staged, and forgets the child's.
    ///
    /// # Errors
    /// `conflict` where both changed the same file differently; then nothing changes.
    fn merge(&self, child: StageId, parent: StageId) -> Result<(), Error>;

    /// Forgets what a task staged.
    fn discard(&self, stage: StageId);

    /// How the files stand to changes, in their order. Nothing is touched.
    fn assess<'a>(
        &'a self,
        folders: &'a Folders,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Standing>, Error>>;

    /// Makes changes real, all or none across a crash: called again with the same changes it finishes
    /// what an earlier call began. Files that are neither as before nor as after are conflicts; where
    /// there is one, everything that this commit changed is put back, and the list is the answer.
    fn commit<'a>(
        &'a self,
        folders: &'a Folders,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Conflict>, Error>>;
}
