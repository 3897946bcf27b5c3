//! What tasks staged: layers of changed files, kept beside the folders until they are committed.
//!
//! Knows no disk and no grant. A layer remembers for each file what the task saw before and what shall
//! be there; small contents are held in memory up to a bound, the others go to the content store at once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use voyager_base::{
    call::StageId,
    error::{Error, ErrorKind},
    id::Digest,
    record::Content,
    workspace::{Change, FileState},
};

/// Contents are held in memory up to so many bytes over all tasks.
const HELD_BYTES_MAX: u64 = 64 << 20;
/// Larger contents go to the content store at once.
const HELD_ONE_MAX: u64 = 1 << 20;
/// Most files that one task may have staged: protects the host's memory where a grant sets no bound.
const STAGED_FILES_MAX: usize = 1_000_000;
/// Most files whose reading is remembered for one task; beyond, edits between read and write go unseen.
const WITNESSED_MAX: usize = 100_000;

/// Some content.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    digest: Digest,
    size: u64,
    /// None where the content store has it.
    held: Option<Arc<Held>>,
}

#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    /// Whether the content store has it as well.
    kept: AtomicBool,
    total: Arc<AtomicU64>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

/// A file as it was or shall be.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Its content.
    pub(crate) blob: Blob,
    /// Its permission bits; none where it is new and takes the usual ones.
    pub(crate) mode: Option<u32>,
}

impl Version {
    /// Size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.blob.size
    }

    /// Whether the file may be executed.
    pub(crate) fn is_executable(&self) -> bool {
        self.mode.is_some_and(|mode| mode & 0o111 != 0)
    }

    /// Its content, where it is held in memory.
    pub(crate) fn held(&self) -> Option<Vec<u8>> {
        self.blob.held.as_ref().map(|held| held.bytes.clone())
    }

    fn state(&self) -> FileState {
        FileState { digest: self.blob.digest, size: self.blob.size, mode: self.mode }
    }
}

/// One staged file.
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    /// What the task saw; none where there was no file.
    pub(crate) before: Option<Version>,
    /// What shall be there; none where the file goes.
    pub(crate) after: Option<Version>,
}

impl Staged {
    /// Whether the file ends as it began.
    pub(crate) fn changes_nothing(&self) -> bool {
        same(self.before.as_ref(), self.after.as_ref())
    }
}

/// The staged files of one folder by path, over several layers or one.
pub(crate) type Overlay = BTreeMap<String, Arc<Staged>>;

/// What tells that a file was not changed since it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, u64),
    changed: (i64, u64),
}

impl Stamp {
    /// The stamp of a file.
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        reason = "the types differ from system to system"
    )]
    pub(crate) fn of(stat: &rustix::fs::Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as i64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }
}

#[derive(Default)]
struct Layer {
    folders: BTreeMap<String, Overlay>,
    /// Of these what was staged since it was last asked for.
    anew: BTreeMap<String, Overlay>,
    witnessed: BTreeMap<(String, String), Stamp>,
}

/// All layers of all tasks.
pub(crate) struct Layers {
    content: Arc<dyn Content>,
    held: Arc<AtomicU64>,
    stages: Mutex<BTreeMap<StageId, Layer>>,
}

impl Layers {
    pub(crate) fn new(content: Arc<dyn Content>) -> Self {
        Self { content, held: Arc::default(), stages: Mutex::default() }
    }

    /// Keeps some content, in memory or in the content store.
    ///
    /// # Errors
    /// `unavailable` where the content store refuses.
    pub(crate) fn keep(&self, bytes: Vec<u8>) -> Result<Blob, Error> {
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        let fits = size <= HELD_ONE_MAX
            && self.held.fetch_add(size, Ordering::Relaxed) + size <= HELD_BYTES_MAX;
        if fits {
            let kept = AtomicBool::new(false);
            let held = Held { bytes, kept, total: Arc::clone(&self.held) };
            return Ok(Blob { digest, size, held: Some(Arc::new(held)) });
        }
        if size <= HELD_ONE_MAX {
            self.held.fetch_sub(size, Ordering::Relaxed);
        }
        self.put(&bytes)?;
        Ok(Blob { digest, size, held: None })
    }

    /// The bytes of some content.
    ///
    /// # Errors
    /// `unavailable` where the content store does not give it back.
    pub(crate) fn bytes(&self, blob: &Blob) -> Result<Vec<u8>, Error> {
        match &blob.held {
            Some(held) => Ok(held.bytes.clone()),
            None => fetch(&*self.content, blob.digest),
        }
    }

    /// A part of some content; fewer bytes at its end.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub(crate) fn part(&self, blob: &Blob, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let cut = |bytes: &[u8]| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len() - start);
            bytes[start..start + length].to_vec()
        };
        match &blob.held {
            Some(held) => Ok(cut(&held.bytes)),
            None => Ok(cut(&fetch(&*self.content, blob.digest)?)),
        }
    }

    /// What the first of `stages` with a say on it says of a file.
    pub(crate) fn look(&self, stages: &[StageId], root: &str, path: &str) -> Option<Arc<Staged>> {
        let all = self.lock();
        let files = stages.iter().filter_map(|stage| all.get(stage)?.folders.get(root));
        files.filter_map(|overlay| overlay.get(path)).next().map(Arc::clone)
    }

    /// All that `stages` together say of a folder, the first with a say on a file deciding.
    pub(crate) fn overlay(&self, stages: &[StageId], root: &str) -> Overlay {
        let all = self.lock();
        let mut merged = Overlay::new();
        for overlay in stages.iter().rev().filter_map(|stage| all.get(stage)?.folders.get(root)) {
            merged.extend(overlay.iter().map(|(path, staged)| (path.clone(), Arc::clone(staged))));
        }
        merged
    }

    /// Remembers how a file was when a task first read it.
    pub(crate) fn witness(&self, stage: StageId, root: &str, path: &str, stamp: Stamp) {
        let mut all = self.lock();
        let witnessed = &mut all.entry(stage).or_default().witnessed;
        if witnessed.len() < WITNESSED_MAX {
            witnessed.entry((root.to_owned(), path.to_owned())).or_insert(stamp);
        }
    }

    /// How a file was when a task first read it.
    pub(crate) fn witnessed(&self, stage: StageId, root: &str, path: &str) -> Option<Stamp> {
        self.lock().get(&stage)?.witnessed.get(&(root.to_owned(), path.to_owned())).copied()
    }

    /// Stages files of a folder, all or none. `before` of a file that the layer has already is what it
    /// has.
    ///
    /// # Errors
    /// `limit` where the layer would hold more than `bytes_max` bytes of new content for the folder.
    pub(crate) fn stage(
        &self,
        stage: StageId,
        root: &str,
        files: Vec<(String, Staged)>,
        bytes_max: Option<u64>,
    ) -> Result<(), Error> {
        let mut all = self.lock();
        let layer = all.entry(stage).or_default();
        let overlay = layer.folders.entry(root.to_owned()).or_default();
        let size = |staged: &Staged| staged.after.as_ref().map_or(0, Version::size);
        let now: u64 = overlay.values().map(|staged| size(staged)).sum();
        let replaced: u64 =
            files.iter().filter_map(|(path, _)| overlay.get(path)).map(|it| size(it)).sum();
        let then = files.iter().map(|(_, staged)| size(staged)).sum::<u64>()
            + now.saturating_sub(replaced);
        if let Some(max) = bytes_max.filter(|max| then > *max) {
            let message = format!(
                "the grant lets this task write {max} bytes below `{root}`, and this would make it {then}; \
                 raise `write-bytes-max` of the folder's grant"
            );
            return Err(
                Error::new(ErrorKind::Limit, message).bound(format!("write-bytes-max: {max}"))
            );
        }
        if overlay.len() + files.len() > STAGED_FILES_MAX {
            let message = format!("one task can stage {STAGED_FILES_MAX} files; split the task");
            return Err(Error::new(ErrorKind::Limit, message));
        }
        let anew = layer.anew.entry(root.to_owned()).or_default();
        for (path, staged) in files {
            let staged = put(overlay, &path, staged);
            anew.insert(path, staged);
        }
        Ok(())
    }

    /// Puts all contents of a layer into the content store, and lists its changes by folder and path.
    ///
    /// # Errors
    /// `unavailable` where the content store refuses.
    pub(crate) fn changes(&self, stage: StageId) -> Result<Vec<Change>, Error> {
        let folders = self.lock().get(&stage).map(|layer| layer.folders.clone());
        self.listed(folders.unwrap_or_default())
    }

    /// As [`Self::changes`], but only what was staged since this was asked last.
    ///
    /// # Errors
    /// As [`Self::changes`].
    pub(crate) fn changes_anew(&self, stage: StageId) -> Result<Vec<Change>, Error> {
        let anew = self.lock().get_mut(&stage).map(|layer| std::mem::take(&mut layer.anew));
        self.listed(anew.unwrap_or_default())
    }

    fn listed(&self, folders: BTreeMap<String, Overlay>) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        for (root, overlay) in folders {
            for (path, staged) in overlay {
                for version in [&staged.before, &staged.after].into_iter().flatten() {
                    if let Some(held) = &version.blob.held
                        && !held.kept.load(Ordering::Relaxed)
                    {
                        self.put(&held.bytes)?;
                        held.kept.store(true, Ordering::Relaxed);
                    }
                }
                let before = staged.before.as_ref().map(Version::state);
                let after = staged.after.as_ref().map(Version::state);
                changes.push(Change { root: root.clone(), path, before, after });
            }
        }
        Ok(changes)
    }

    /// Stages changes whose contents the content store has.
    pub(crate) fn restage(&self, stage: StageId, changes: &[Change]) {
        let version = |state: &FileState| Version {
            blob: Blob { digest: state.digest, size: state.size, held: None },
            mode: state.mode,
        };
        let mut all = self.lock();
        let layer = all.entry(stage).or_default();
        for change in changes {
            let staged = Staged {
                before: change.before.as_ref().map(version),
                after: change.after.as_ref().map(version),
            };
            put(layer.folders.entry(change.root.clone()).or_default(), &change.path, staged);
        }
    }

    /// Adds what `child` staged to what `parent` staged, and forgets the child's.
    ///
    /// # Errors
    /// `conflict` where the parent's file is neither what the child saw nor what it made of it.
    pub(crate) fn merge(&self, child: StageId, parent: StageId) -> Result<(), Error> {
        let mut all = self.lock();
        let Some(from) = all.remove(&child) else { return Ok(()) };
        let into = all.entry(parent).or_default();
        if let Some((root, path)) = first_conflict(&from, into) {
            all.insert(child, from);
            let message = format!(
                "`{path}` in `{root}` was changed differently by another task of the same transaction; \
                 let one wait for the other (`needs`)"
            );
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        for (root, overlay) in from.folders {
            let target = into.folders.entry(root).or_default();
            for (path, staged) in overlay {
                put(target, &path, Staged::clone(&staged));
            }
        }
        Ok(())
    }

    /// Forgets a layer.
    pub(crate) fn discard(&self, stage: StageId) {
        self.lock().remove(&stage);
    }

    fn put(&self, bytes: &[u8]) -> Result<(), Error> {
        let refused =
            |error| Error::unavailable(format!("the content store refuses a staged file: {error}"));
        self.content.put(bytes).map(drop).map_err(refused)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<StageId, Layer>> {
        // A layer is changed by single insertions only, so a panic elsewhere leaves it whole.
        self.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stages a file among others. `before` of one that is there already stays; one that ends as it began
/// goes.
fn put(overlay: &mut Overlay, path: &str, mut staged: Staged) -> Arc<Staged> {
    if let Some(earlier) = overlay.get(path) {
        staged.before.clone_from(&earlier.before);
    }
    let staged = Arc::new(staged);
    if staged.changes_nothing() {
        overlay.remove(path);
    } else {
        overlay.insert(path.to_owned(), Arc::clone(&staged));
    }
    staged
}

/// Content by its hash.
///
/// # Errors
/// `unavailable` where the content store does not have it, or has it damaged.
pub(crate) fn fetch(content: &dyn Content, digest: Digest) -> Result<Vec<u8>, Error> {
    match content.get(digest) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            Err(Error::unavailable(format!("the content store does not have {digest} any more")))
        }
        Err(error) => {
            Err(Error::unavailable(format!("the content store does not give {digest}: {error}")))
        }
    }
}

fn first_conflict(from: &Layer, into: &Layer) -> Option<(String, String)> {
    for (root, overlay) in &from.folders {
        let Some(target) = into.folders.get(root) else { continue };
        for (path, staged) in overlay {
            let Some(current) = target.get(path).map(|it| it.after.as_ref()) else { continue };
            if !same(current, staged.before.as_ref()) && !same(current, staged.after.as_ref()) {
                return Some((root.clone(), path.clone()));
            }
        }
    }
    None
}

fn same(one: Option<&Version>, other: Option<&Version>) -> bool {
    one.map(Version::state) == other.map(Version::state)
}
