//! A folder, a content store and the questions of a task, for the tests of the service.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "a helper of tests, used in parts"
)]

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_executor::block_on;
use voyager_base::{
    call::{CallContext, Folders, StageId},
    error::{Error, ErrorKind},
    grant::{FolderGrant, Globs, GrantLayer, Grants},
    id::{Digest, RunId, TaskId},
    record::{AppendError, Content, ReadError},
    sim::asking,
    workspace::{
        Change, Conflict, FileKind, Found, Inspect, List, Look, ReadFile, RemoveFile, RenameFile,
        Replace, Replaced, Search, ShowDiff, TextQuery, WorkspaceService, WriteFile,
    },
};
use voyager_workspace::{Workspace, thread_each};

/// Content in files named by hash.
pub struct Store(pub PathBuf);

impl Content for Store {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        let digest = Digest::of(bytes);
        let refused = |error: std::io::Error| AppendError::Disk { reason: error.to_string() };
        std::fs::write(self.0.join(digest.to_string()), bytes).map_err(refused)?;
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        match std::fs::read(self.0.join(digest.to_string())) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ReadError::Disk { reason: error.to_string() }),
        }
    }
}

pub fn stage(task: u8) -> StageId {
    StageId { run: RunId([1; 16]), task: TaskId([task; 16]), attempt: 1 }
}

pub fn folders(root: &Path) -> Folders {
    Folders::from([("r".to_owned(), root.to_str().unwrap().to_owned())])
}

pub fn context(root: &Path, grant: FolderGrant, stages: &[StageId]) -> CallContext {
    let layer =
        GrantLayer { source: "test".into(), workspace: Some(vec![grant]), ..GrantLayer::default() };
    let grants = Grants { folders: Arc::new(folders(root)), layers: vec![Arc::new(layer)] };
    CallContext { stages: stages.into(), ..asking(grants) }
}

pub fn grant(read: &[&str], write: &[&str]) -> FolderGrant {
    let globs = |globs: &[&str]| Globs::new(globs.iter().copied()).unwrap();
    FolderGrant { root: "r".into(), read: globs(read), write: globs(write), write_bytes_max: None }
}

pub fn query(pattern: &str) -> TextQuery {
    TextQuery {
        pattern: pattern.into(),
        literal: false,
        word: false,
        ignore_case: false,
        globs: vec![],
    }
}

/// A task in a temporary folder; its questions skip the ledger.
pub struct Scene {
    pub folder: tempfile::TempDir,
    pub store: tempfile::TempDir,
    pub workspace: Workspace,
    pub context: CallContext,
}

impl Scene {
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::granted(files, grant(&["**"], &["**"]))
    }

    pub fn granted(files: &[(&str, &str)], grant: FolderGrant) -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let content = Arc::new(Store(store.path().to_owned()));
        let workspace = Workspace::new(content, thread_each(), NonZeroUsize::new(2).unwrap());
        let context = context(folder.path(), grant, &[stage(1)]);
        let scene = Self { folder, store, workspace, context };
        files.iter().for_each(|(path, text)| scene.put(path, text));
        scene
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file on the disk, as a user would.
    pub fn put(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn on_disk(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path().join(path)).ok()
    }

    /// The same workspace as another task sees it.
    pub fn with_stages(&self, stages: &[StageId]) -> CallContext {
        CallContext { stages: stages.into(), ..self.context.clone() }
    }

    pub fn read_in(&self, context: &CallContext, path: &str) -> Result<String, Error> {
        let call = ReadFile { root: "r".into(), path: path.into(), offset: 0, length: 4 << 20 };
        let bytes = block_on(self.workspace.read(context, call))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn read(&self, path: &str) -> Result<String, Error> {
        self.read_in(&self.context, path)
    }

    pub fn write_in(&self, context: &CallContext, path: &str, text: &str) -> Result<(), Error> {
        let content = text.as_bytes().to_vec().into();
        block_on(
            self.workspace
                .write(context, WriteFile { root: "r".into(), path: path.into(), content }),
        )
    }

    pub fn write(&self, path: &str, text: &str) -> Result<(), Error> {
        self.write_in(&self.context, path, text)
    }

    pub fn remove(&self, path: &str) -> Result<(), Error> {
        block_on(
            self.workspace
                .remove(&self.context, RemoveFile { root: "r".into(), path: path.into() }),
        )
    }

    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let call = RenameFile { root: "r".into(), from: from.into(), to: to.into() };
        block_on(self.workspace.rename(&self.context, call))
    }

    pub fn stat(&self, path: &str) -> Result<voyager_base::workspace::FileStat, Error> {
        block_on(
            self.workspace.stat(
                &self.context,
                Inspect { root: "r".into(), path: path.into(), follow: false },
            ),
        )
    }

    pub fn list(&self, globs: &[&str]) -> Vec<String> {
        let globs = globs.iter().map(|it| (*it).to_owned()).collect();
        let entries =
            block_on(self.workspace.list(&self.context, List { root: "r".into(), globs }));
        entries.unwrap().files.into_iter().map(|it| it.path).collect()
    }

    /// What lies in a folder, folders with a `/` behind them.
    pub fn look(&self, path: &str) -> Result<Vec<String>, Error> {
        let look = Look { root: "r".into(), path: path.into() };
        let entries = block_on(self.workspace.look(&self.context, look))?;
        let shown = entries.into_iter().map(|it| match it.kind {
            FileKind::Directory => format!("{}/", it.name),
            _ => it.name,
        });
        Ok(shown.collect())
    }

    pub fn search(&self, query: TextQuery, places_max: u32) -> Result<Found, Error> {
        block_on(
            self.workspace.search(&self.context, Search { root: "r".into(), query, places_max }),
        )
    }

    pub fn replace(&self, query: TextQuery, replacement: &str) -> Result<Replaced, Error> {
        let call = Replace { root: "r".into(), query, replacement: replacement.into() };
        block_on(self.workspace.replace(&self.context, call))
    }

    pub fn diff(&self, bytes_max: u64) -> String {
        block_on(self.workspace.diff(&self.context, ShowDiff { root: "r".into(), bytes_max }))
            .unwrap()
    }

    pub fn staged(&self) -> Vec<Change> {
        block_on(WorkspaceService::staged(&self.workspace, self.context.stages[0])).unwrap()
    }

    pub fn commit(&self) -> Vec<Conflict> {
        let changes = self.staged();
        block_on(self.workspace.commit(&folders(self.path()), &changes)).unwrap()
    }

    pub fn staging_folders(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.path()).unwrap().map(|it| it.unwrap().file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(".voyager-")).collect()
    }
}

pub fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}
