//! A workspace in memory: staged layers over the files of a [`Machine`].
//!
//! One folder only: the name of the folder is not looked at.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Digest, Error, ErrorKind,
    call::{CallContext, Folders, StageId},
    record::Content,
    workspace::{
        Change, Conflict, Entry, FileEntry, FileKind, FileStat, FileState, Found, Inspect, List,
        Listed, Look, ReadFile, RemoveFile, RenameFile, Replace, Replaced, Search, ShowDiff,
        Standing, WorkspaceService, WriteFile,
    },
};

use crate::machine::{File, Machine};

/// A workspace of one host.
pub struct SimWorkspace {
    machine: Machine,
    content: Arc<dyn Content>,
    stages: Mutex<BTreeMap<StageId, Stage>>,
}

#[derive(Clone, Default)]
struct Stage {
    files: Files,
    /// Of these what the task staged since it was last asked for.
    anew: Files,
}

/// By path what a task saw and what it staged.
type Files = BTreeMap<String, (Option<File>, Option<File>)>;

impl SimWorkspace {
    /// The files of `machine`, with contents kept in `content`.
    pub fn new(machine: Machine, content: Arc<dyn Content>) -> Self {
        Self { machine, content, stages: Mutex::default() }
    }

    fn stages(&self) -> MutexGuard<'_, BTreeMap<StageId, Stage>> {
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self, stages: &[StageId], path: &str) -> Option<File> {
        let all = self.stages();
        for stage in stages {
            if let Some((_, file)) = all.get(stage).and_then(|stage| stage.files.get(path)) {
                return file.clone();
            }
        }
        drop(all);
        self.machine.file(path)
    }

    fn write(&self, context: &CallContext, path: &str, content: Vec<u8>) {
        let mode = self.seen(&context.stages, path).and_then(|before| before.mode);
        self.stage(context, path, Some(File { content, mode }));
    }

    fn stage(&self, context: &CallContext, path: &str, file: Option<File>) {
        let before = self.seen(&context.stages, path);
        let mut stages = self.stages();
        let stage = stages.entry(context.stages[0]).or_default();
        let staged = put(&mut stage.files, path, (before, file));
        stage.anew.insert(path.to_owned(), staged);
    }

    fn keep(&self, file: Option<&File>) -> Result<Option<FileState>, Error> {
        let Some(File { content, mode }) = file else { return Ok(None) };
        let digest = self.content.put(content).map_err(|it| Error::unavailable(it.to_string()))?;
        Ok(Some(FileState { digest, size: content.len() as u64, mode: *mode }))
    }

    fn kept(&self, state: Option<&FileState>) -> Result<Option<File>, Error> {
        let Some(state) = state else { return Ok(None) };
        let content = self.content.get(state.digest);
        let content = content.map_err(|error| Error::unavailable(error.to_string()))?;
        let content = content.ok_or_else(|| Error::unavailable("the content is not kept"))?;
        Ok(Some(File { content, mode: state.mode }))
    }

    fn changes(&self, files: Files) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for (path, (before, after)) in files {
            changes.push(Change {
                root: "repo".to_owned(),
                path,
                before: self.keep(before.as_ref())?,
                after: self.keep(after.as_ref())?,
            });
        }
        Ok(changes)
    }

    /// All paths that there may be for a task.
    fn paths(&self, context: &CallContext) -> BTreeSet<String> {
        let mut paths: BTreeSet<String> = self.machine.files().into_keys().collect();
        for stage in context.stages.iter() {
            let all = self.stages();
            paths.extend(all.get(stage).into_iter().flat_map(|it| it.files.keys()).cloned());
        }
        paths
    }

    fn apply(&self, changes: &[Change]) -> Result<Vec<Conflict>, Error> {
        let now =
            |change: &Change| self.machine.file(&change.path).map(|it| Digest::of(&it.content));
        let digest = |state: &Option<FileState>| state.as_ref().map(|it| it.digest);
        let conflicts: Vec<Conflict> = changes
            .iter()
            .filter(|it| now(it) != digest(&it.before) && now(it) != digest(&it.after))
            .map(|it| Conflict {
                root: it.root.clone(),
                path: it.path.clone(),
                reason: "it is neither as before nor as after".to_owned(),
            })
            .collect();
        if !conflicts.is_empty() {
            for change in changes.iter().filter(|it| now(it) == digest(&it.after)) {
                self.put(change, change.before.as_ref())?;
            }
            return Ok(conflicts);
        }
        for change in changes {
            self.put(change, change.after.as_ref())?;
        }
        Ok(Vec::new())
    }

    fn put(&self, change: &Change, state: Option<&FileState>) -> Result<(), Error> {
        let file = self.kept(state)?;
        if !self.machine.pass() {
            return Err(Error::unavailable("the host died"));
        }
        self.machine.put(&change.path, file);
        Ok(())
    }
}

impl WorkspaceService for SimWorkspace {
    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        _call: List,
    ) -> BoxFuture<'a, Result<Listed, Error>> {
        let entries = self.paths(context).into_iter().filter_map(|path| {
            let file = self.seen(&context.stages, &path)?;
            Some(FileEntry { path, size: file.content.len() as u64 })
        });
        let listed = Listed { files: entries.collect(), skipped: Vec::new() };
        Box::pin(async move { Ok(listed) })
    }

    fn look<'a>(
        &'a self,
        context: &'a CallContext,
        call: Look,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        let prefix = if call.path.is_empty() { String::new() } else { format!("{}/", call.path) };
        let mut entries: BTreeMap<String, FileKind> = BTreeMap::new();
        for path in self.paths(context) {
            let Some(rest) = path.strip_prefix(&prefix) else { continue };
            if self.seen(&context.stages, &path).is_some() {
                let (name, kind) = match rest.split_once('/') {
                    Some((name, _)) => (name, FileKind::Directory),
                    None => (rest, FileKind::File),
                };
                entries.insert(name.to_owned(), kind);
            }
        }
        let entries = entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect();
        Box::pin(async move { Ok(entries) })
    }

    fn stat<'a>(
        &'a self,
        context: &'a CallContext,
        call: Inspect,
    ) -> BoxFuture<'a, Result<FileStat, Error>> {
        Box::pin(async move {
            let file = self.seen(&context.stages, &call.path);
            let file = file.ok_or_else(|| Error::not_found(call.path))?;
            Ok(FileStat { kind: FileKind::File, size: file.content.len() as u64 })
        })
    }

    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadFile,
    ) -> BoxFuture<'a, Result<ByteBuf, Error>> {
        Box::pin(async move {
            let file = self.seen(&context.stages, &call.path);
            let file = file.ok_or_else(|| Error::not_found(call.path))?;
            Ok(ByteBuf::from(file.content))
        })
    }

    fn write<'a>(
        &'a self,
        context: &'a CallContext,
        call: WriteFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Self::write(self, context, &call.path, call.content.into_vec());
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(
        &'a self,
        context: &'a CallContext,
        call: RemoveFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.stage(context, &call.path, None);
        Box::pin(async { Ok(()) })
    }

    fn rename<'a>(
        &'a self,
        context: &'a CallContext,
        call: RenameFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let file = self.seen(&context.stages, &call.from);
        self.stage(context, &call.to, file);
        self.stage(context, &call.from, None);
        Box::pin(async { Ok(()) })
    }

    fn search<'a>(
        &'a self,
        _context: &'a CallContext,
        _call: Search,
    ) -> BoxFuture<'a, Result<Found, Error>> {
        Box::pin(async { Ok(Found::default()) })
    }

    fn replace<'a>(
        &'a self,
        context: &'a CallContext,
        call: Replace,
    ) -> BoxFuture<'a, Result<Replaced, Error>> {
        let mut replaced = Replaced::default();
        for path in self.machine.files().into_keys() {
            let Some(file) = self.seen(&context.stages, &path) else { continue };
            let text = String::from_utf8_lossy(&file.content).into_owned();
            let places = text.matches(&call.query.pattern).count() as u64;
            if places > 0 {
                let text = text.replace(&call.query.pattern, &call.replacement);
                Self::write(self, context, &path, text.into_bytes());
                replaced.files.push((path, places));
                replaced.places += places;
            }
        }
        Box::pin(async { Ok(replaced) })
    }

    fn diff<'a>(
        &'a self,
        _context: &'a CallContext,
        _call: ShowDiff,
    ) -> BoxFuture<'a, Result<String, Error>> {
        Box::pin(async { Ok(String::new()) })
    }

    fn staged(&self, stage: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        let files = self.stages().get(&stage).map(|stage| stage.files.clone());
        Box::pin(async move { self.changes(files.unwrap_or_default()) })
    }

    fn staged_anew(&self, stage: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        let anew = self.stages().get_mut(&stage).map(|stage| std::mem::take(&mut stage.anew));
        Box::pin(async move { self.changes(anew.unwrap_or_default()) })
    }

    fn restage(&self, stage: StageId, changes: &[Change]) -> Result<(), Error> {
        for change in changes {
            let staged = (self.kept(change.before.as_ref())?, self.kept(change.after.as_ref())?);
            put(&mut self.stages().entry(stage).or_default().files, &change.path, staged);
        }
        Ok(())
    }

    fn merge(&self, child: StageId, parent: StageId) -> Result<(), Error> {
        let mut stages = self.stages();
        let staged = stages.get(&child).map(|stage| stage.files.clone()).unwrap_or_default();
        let into = &mut stages.entry(parent).or_default().files;
        let clash = staged
            .iter()
            .find(|(path, (_, after))| into.get(*path).is_some_and(|(_, other)| other != after));
        if let Some((path, _)) = clash {
            return Err(Error::new(ErrorKind::Conflict, format!("`{path}` was changed twice")));
        }
        for (path, staged) in staged {
            put(into, &path, staged);
        }
        stages.remove(&child);
        Ok(())
    }

    fn discard(&self, stage: StageId) {
        self.stages().remove(&stage);
    }

    fn assess<'a>(
        &'a self,
        _folders: &'a Folders,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Standing>, Error>> {
        let standing = |change: &Change| {
            let now = self.machine.file(&change.path).map(|it| Digest::of(&it.content));
            let is = |state: &Option<FileState>| now == state.as_ref().map(|it| it.digest);
            match (is(&change.after), is(&change.before)) {
                (true, _) => Standing::After,
                (false, true) => Standing::Before,
                (false, false) => Standing::Conflict(Conflict {
                    root: change.root.clone(),
                    path: change.path.clone(),
                    reason: "it is neither as before nor as after".to_owned(),
                }),
            }
        };
        let standings = changes.iter().map(standing).collect();
        Box::pin(async move { Ok(standings) })
    }

    fn commit<'a>(
        &'a self,
        _folders: &'a Folders,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Conflict>, Error>> {
        Box::pin(async move {
            let applied = self.apply(changes);
            if self.machine.is_dead() {
                return std::future::pending().await;
            }
            applied
        })
    }
}

/// Stages a file. What the task saw first stays what it saw.
fn put(
    files: &mut Files,
    path: &str,
    (before, after): (Option<File>, Option<File>),
) -> (Option<File>, Option<File>) {
    let staged = files.entry(path.to_owned()).or_insert((before, None));
    staged.1 = after;
    staged.clone()
}
