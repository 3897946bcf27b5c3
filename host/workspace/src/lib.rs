//! Files of granted folders: staged, searched, replaced, committed at once.
//!
//! What is here: the service behind `voyager:workspace`. Paths are checked (`path`), reached over
//! handles without leaving their folder (`folder`), changed in layers beside the folder (`stage`),
//! and made real together (`commit`). Folders are walked, searched and rewritten natively on several
//! cores (`walk`, `text`, `tree`).
//!
//! What is deliberately not: checking grants for what was asked (the boundary does it; here they only
//! filter what is shown, and are asked again where a symbolic link leads elsewhere), journaling, programs.
//!
//! Start reading at [`Workspace`], then `commit`.

mod commit;
mod diff;
mod files;
mod folder;
mod path;
mod stage;
mod text;
mod threads;
mod tree;
mod walk;

use std::{num::NonZeroUsize, sync::Arc};

use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture,
    call::Blocking,
    call::{CallContext, Folders, StageId},
    error::Error,
    process::{Absorbed, StagedFile, Views},
    record::Content,
    workspace::{
        Change, Conflict, Entry, FileStat, Found, Inspect, List, Listed, Look, ReadFile,
        RemoveFile, RenameFile, Replace, Replaced, Search, ShowDiff, Standing, WorkspaceService,
        WriteFile,
    },
};

pub use self::{commit::inverted, threads::thread_each};
use self::{
    commit::{Kernel, Means},
    files::Task,
    folder::Last,
    stage::Layers,
    threads::off,
    tree::Tree,
};

/// The files of granted folders. Clones share what is staged.
#[derive(Clone)]
pub struct Workspace(Arc<Inner>);

struct Inner {
    content: Arc<dyn Content>,
    layers: Layers,
    blocking: Blocking,
    threads: NonZeroUsize,
}

impl Workspace {
    /// A workspace whose contents are kept in `content`, whose blocking work is done by `blocking`, and
    /// which spreads walks and commits over `threads` threads.
    pub fn new(content: Arc<dyn Content>, blocking: Blocking, threads: NonZeroUsize) -> Self {
        let layers = Layers::new(Arc::clone(&content));
        Self(Arc::new(Inner { content, layers, blocking, threads }))
    }

    fn off<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, Error>> {
        let inner = Arc::clone(&self.0);
        Box::pin(off(&self.0.blocking, move || work(&inner)))
    }

    fn task<'a, T: Send + 'static>(
        &'a self,
        context: &CallContext,
        root: String,
        work: impl FnOnce(&Task<'_>) -> Result<T, Error> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, Error>> {
        let context = context.clone();
        self.off(move |inner| work(&Task::new(&inner.layers, &context, &root)?))
    }

    fn tree<'a, T: Send + 'static>(
        &'a self,
        context: &CallContext,
        work: impl FnOnce(&Tree<'_>) -> Result<T, Error> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, Error>> {
        let context = context.clone();
        self.off(move |inner| {
            work(&Tree { layers: &inner.layers, context: &context, threads: inner.threads })
        })
    }
}

impl WorkspaceService for Workspace {
    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: List,
    ) -> BoxFuture<'a, Result<Listed, Error>> {
        self.tree(context, |tree| tree.list(call))
    }

    fn look<'a>(
        &'a self,
        context: &'a CallContext,
        call: Look,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        self.task(context, call.root, move |task| task.look(&call.path))
    }

    fn stat<'a>(
        &'a self,
        context: &'a CallContext,
        call: Inspect,
    ) -> BoxFuture<'a, Result<FileStat, Error>> {
        self.task(context, call.root, move |task| {
            let last = if call.follow { Last::Follow } else { Last::Keep };
            task.stat(&call.path, last)
        })
    }

    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadFile,
    ) -> BoxFuture<'a, Result<ByteBuf, Error>> {
        self.task(context, call.root, move |task| {
            task.read(&call.path, call.offset, call.length).map(ByteBuf::from)
        })
    }

    fn write<'a>(
        &'a self,
        context: &'a CallContext,
        call: WriteFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.task(context, call.root, move |task| task.write(&call.path, call.content.into_vec()))
    }

    fn remove<'a>(
        &'a self,
        context: &'a CallContext,
        call: RemoveFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.task(context, call.root, move |task| task.remove(&call.path))
    }

    fn rename<'a>(
        &'a self,
        context: &'a CallContext,
        call: RenameFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.task(context, call.root, move |task| task.rename(&call.from, &call.to))
    }

    fn search<'a>(
        &'a self,
        context: &'a CallContext,
        call: Search,
    ) -> BoxFuture<'a, Result<Found, Error>> {
        self.tree(context, |tree| tree.search(call))
    }

    fn replace<'a>(
        &'a self,
        context: &'a CallContext,
        call: Replace,
    ) -> BoxFuture<'a, Result<Replaced, Error>> {
        self.tree(context, |tree| tree.replace(call))
    }

    fn diff<'a>(
        &'a self,
        context: &'a CallContext,
        call: ShowDiff,
    ) -> BoxFuture<'a, Result<String, Error>> {
        self.tree(context, move |tree| tree.diff(&call))
    }

    fn staged(&self, stage: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        self.off(move |inner| inner.layers.changes(stage))
    }

    fn staged_anew(&self, stage: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        self.off(move |inner| inner.layers.changes_anew(stage))
    }

    fn restage(&self, stage: StageId, changes: &[Change]) -> Result<(), Error> {
        self.0.layers.restage(stage, changes);
        Ok(())
    }

    fn merge(&self, child: StageId, parent: StageId) -> Result<(), Error> {
        self.0.layers.merge(child, parent)
    }

    fn discard(&self, stage: StageId) {
        self.0.layers.discard(stage);
    }

    fn assess<'a>(
        &'a self,
        folders: &'a Folders,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Standing>, Error>> {
        let (folders, changes) = (folders.clone(), changes.to_vec());
        self.off(move |inner| {
            let means = Means { content: &*inner.content, calls: &Kernel, threads: inner.threads };
            commit::assess(&means, &folders, &changes)
        })
    }

    fn commit<'a>(
        &'a self,
        folders: &'a Folders,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Conflict>, Error>> {
        let (folders, changes) = (folders.clone(), changes.to_vec());
        self.off(move |inner| {
            let means = Means { content: &*inner.content, calls: &Kernel, threads: inner.threads };
            commit::commit(&means, &folders, &changes)
        })
    }
}

impl Views for Workspace {
    fn staged(&self, context: &CallContext, root: &str) -> Result<Vec<StagedFile>, Error> {
        Task::new(&self.0.layers, context, root)?.view()
    }

    fn absorb(
        &self,
        context: &CallContext,
        root: &str,
        changes: Vec<StagedFile>,
    ) -> Result<Absorbed, Error> {
        Task::new(&self.0.layers, context, root)?.absorb(changes)
    }
}
