//! Walks a folder over its handles, on several threads, with the staged files in their places.
//!
//! Not ripgrep's walker, which opens paths by name; its matchers for ignore files are used. A walk
//! honours `.gitignore`, `.ignore` and `.git/info/exclude` of the folder itself and below, never follows
//! a symbolic link, and passes over what it can't read with a reason. It knows nothing of what lies
//! above the folder, and no user-wide ignore file, so that it shows the same on every machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
    num::NonZeroUsize,
    os::fd::OwnedFd,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};
use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::{AtFlags, FileType},
    io::Errno,
};
use voyager_base::{
    call::Cancellation,
    error::{Error, ErrorKind},
    grant::{Globs, Grants},
};

use crate::{
    folder::{Folder, open_folder, open_regular},
    path::{FilePath, STAGING_PREFIX, flaw},
    stage::{Overlay, Staged},
};

/// Deepest folder that is entered. Also bounds how many handles a walk holds.
const DEPTH_MAX: usize = 128;
/// Most files that one walk visits: protects the host's memory.
const FILES_MAX: u64 = 1_000_000;
/// Most skipped files that one answer names.
const SKIPPED_MAX: usize = 1_000;
/// Largest ignore file that is honoured.
const IGNORE_BYTES_MAX: u64 = 1 << 20;
/// Most globs of one question, and most bytes of them together: all are compiled before anything is looked
/// at, which takes no notice of the time that its task has left.
const GLOBS_MAX: usize = 10_000;
const GLOB_BYTES_MAX: usize = 256 << 10;
/// Files handed to a thread at a time: small enough to spread one flat folder over the cores.
const BATCH: usize = 64;

/// Which files a walk shows.
pub(crate) struct Filter<'a> {
    grants: &'a Grants,
    root: &'a str,
    globs: Globs,
    /// Those of the globs that name something hidden.
    dotted: Globs,
    /// The folders in which a glob can match; empty where it can anywhere.
    prefixes: Vec<String>,
}

impl<'a> Filter<'a> {
    /// Files of `root` that may be read and match one of `globs`, or any where there are none.
    ///
    /// # Errors
    /// `invalid` for a malformed glob, and for too many.
    pub(crate) fn new(
        grants: &'a Grants,
        root: &'a str,
        globs: Vec<String>,
    ) -> Result<Self, Error> {
        let bytes: usize = globs.iter().map(String::len).sum();
        if globs.len() > GLOBS_MAX || bytes > GLOB_BYTES_MAX {
            return Err(Error::invalid(format!(
                "{} globs of {bytes} bytes; at most {GLOBS_MAX} of {GLOB_BYTES_MAX} bytes are possible",
                globs.len()
            )));
        }
        let malformed =
            |error: voyager_base::grant::MalformedGlob| Error::invalid(error.to_string());
        let is_dotted = |glob: &&String| glob.split('/').any(|name| name.starts_with('.'));
        let dotted = Globs::new(globs.iter().filter(is_dotted).cloned()).map_err(malformed)?;
        let prefixes: Vec<String> = globs.iter().map(|glob| literal_prefix(glob)).collect();
        let prefixes = if prefixes.iter().any(String::is_empty) { Vec::new() } else { prefixes };
        Ok(Self { grants, root, globs: Globs::new(globs).map_err(malformed)?, dotted, prefixes })
    }

    fn admits(&self, path: &str, hidden: bool) -> bool {
        let globs = if hidden { &self.dotted } else { &self.globs };
        (globs.matches(path) || (globs.is_empty() && !hidden))
            && self.grants.may_read(self.root, path)
    }

    fn enters(&self, path: &str, name: &str, hidden: bool) -> bool {
        let names_it = |glob: &String| glob.split('/').any(|part| part == name);
        let visible = !hidden
            || (!self.dotted.is_empty()
                && (name != ".git" || self.dotted.patterns().iter().any(names_it)));
        visible
            && (self.prefixes.is_empty()
                || self
                    .prefixes
                    .iter()
                    .any(|prefix| leads_to(path, prefix) || leads_to(prefix, path)))
    }
}

/// Whether `inner` is `outer` or lies below it.
fn leads_to(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder part of a glob before its first special character.
fn literal_prefix(glob: &str) -> String {
    let names: Vec<&str> = glob.split('/').collect();
    let plain = |name: &&&str| !name.contains(['*', '?', '[', ']', '{', '}', '\\', '!']);
    let folders = names.len().saturating_sub(1);
    names[..folders].iter().take_while(plain).copied().collect::<Vec<_>>().join("/")
}

/// One file of a walk.
pub(crate) struct Visited<'a> {
    /// Path from the folder.
    pub(crate) path: &'a str,
    /// Where its content is.
    pub(crate) source: Source<'a>,
}

/// Where the content of a file is.
pub(crate) enum Source<'a> {
    /// On the disk, in this folder with this name.
    Disk(BorrowedFd<'a>, &'a str),
    /// Staged.
    Staged(&'a Arc<Staged>),
}

/// What looks at the files of a walk; each thread has its own.
pub(crate) trait Visitor: Send {
    /// Looks at one file; an error ends the walk.
    fn visit(&mut self, file: &Visited<'_>) -> Result<(), Error>;
}

/// A path that was passed over, and why.
pub(crate) type Skipped = (String, String);

/// Everything a walk needs beside its visitors.
pub(crate) struct Walk<'a> {
    /// The folder.
    pub(crate) folder: &'a Folder,
    /// Which files.
    pub(crate) filter: &'a Filter<'a>,
    /// What is staged.
    pub(crate) overlay: &'a Overlay,
    /// How many threads.
    pub(crate) threads: NonZeroUsize,
    /// Ends the walk early.
    pub(crate) cancellation: &'a Cancellation,
}

impl Walk<'_> {
    /// Shows every file to one of the visitors that `make` makes, in no order, and gives them back with
    /// what was passed over, sorted.
    ///
    /// # Errors
    /// Those of the visitors, `cancelled`, `limit` for too many files, `unavailable` where the folder
    /// itself can't be read.
    pub(crate) fn run<V: Visitor>(
        &self,
        make: impl Fn() -> V + Sync,
    ) -> Result<(Vec<V>, Vec<Skipped>), Error> {
        let path = String::new();
        let top = self.folder.handle().try_clone_to_owned();
        let top = top.map_err(|error| {
            Error::unavailable(format!("can't read `{}`: {error}", self.folder.name()))
        })?;
        let queue = Queue::new(Job::Folder {
            parent: None,
            top: Some(top),
            path,
            ignores: None,
            hidden: false,
            depth: 0,
        });
        let files = AtomicU64::new(0);
        let one = || {
            let mut worker = Worker {
                walk: self,
                queue: &queue,
                files: &files,
                visitor: make(),
                skipped: Vec::new(),
            };
            while let Some(job) = queue.next() {
                let _done = Done(&queue);
                if let Err(error) = worker.work(job) {
                    queue.stop(error);
                }
            }
            (worker.visitor, worker.skipped)
        };
        let outcomes: Vec<(V, Vec<Skipped>)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.get()).map(|_| scope.spawn(one)).collect();
            let mut outcomes = vec![one()];
            let joined = others
                .into_iter()
                .map(|it| it.join().unwrap_or_else(|it| std::panic::resume_unwind(it)));
            outcomes.extend(joined);
            outcomes
        });
        if let Some(error) = queue.lock().failed.take() {
            return Err(error);
        }
        let (visitors, skipped): (Vec<V>, Vec<Vec<Skipped>>) = outcomes.into_iter().unzip();
        let mut skipped: Vec<Skipped> = skipped.into_iter().flatten().collect();
        skipped.sort();
        Ok((visitors, skipped))
    }
}

/// At most as many skipped files as an answer names, in order; a last entry without a path counts the
/// others.
pub(crate) fn bounded(mut skipped: Vec<Skipped>) -> Vec<Skipped> {
    skipped.sort();
    if skipped.len() > SKIPPED_MAX {
        let others = skipped.len() - SKIPPED_MAX;
        skipped.truncate(SKIPPED_MAX);
        skipped.push((String::new(), format!("and {others} more files")));
    }
    skipped
}

enum Job {
    Folder {
        /// The folder above, where it exists on the disk.
        parent: Option<Arc<OwnedFd>>,
        /// The handle, for the outermost folder.
        top: Option<OwnedFd>,
        path: String,
        ignores: Option<Arc<Ignores>>,
        hidden: bool,
        depth: usize,
    },
    Files {
        folder: Option<Arc<OwnedFd>>,
        path: Arc<str>,
        files: Vec<(String, Option<Arc<Staged>>)>,
    },
}

/// The ignore files of one folder, with those above it.
struct Ignores {
    above: Option<Arc<Self>>,
    /// Length of the path of the folder, with its last `/`.
    prefix: usize,
    ignore: Gitignore,
    git: Gitignore,
    exclude: Gitignore,
    /// A repository begins here: the `.gitignore` files above don't reach below.
    is_repository: bool,
}

impl Ignores {
    fn hides(innermost: Option<&Arc<Self>>, path: &str, is_folder: bool) -> bool {
        let chain = || std::iter::successors(innermost.map(Arc::as_ref), |it| it.above.as_deref());
        let say = |matcher: &Gitignore, node: &Self| match matcher
            .matched(&path[node.prefix..], is_folder)
        {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        };
        let repository = || {
            let mut outside = false;
            chain().take_while(move |node| {
                let is_inside = !outside;
                outside |= node.is_repository;
                is_inside
            })
        };
        chain()
            .find_map(|node| say(&node.ignore, node))
            .or_else(|| repository().find_map(|node| say(&node.git, node)))
            .or_else(|| repository().find_map(|node| say(&node.exclude, node)))
            .unwrap_or(false)
    }
}

struct Worker<'a, V> {
    walk: &'a Walk<'a>,
    queue: &'a Queue,
    files: &'a AtomicU64,
    visitor: V,
    skipped: Vec<Skipped>,
}

/// What one folder holds, staged changes included.
#[derive(Default)]
struct Listing {
    files: Vec<(String, Option<Arc<Staged>>)>,
    folders: BTreeSet<String>,
    /// What is neither.
    others: Vec<(String, FileType)>,
}

impl<V: Visitor> Worker<'_, V> {
    fn work(&mut self, job: Job) -> Result<(), Error> {
        if self.walk.cancellation.is_cancelled() {
            return Err(Error::cancelled());
        }
        match job {
            Job::Folder { parent, top, path, ignores, hidden, depth } => {
                let handle = match (top, parent) {
                    (Some(top), _) => Some(top),
                    (None, Some(parent)) => self.open(&parent, &path),
                    (None, None) => None,
                };
                self.enter(handle.map(Arc::new), &path, ignores, hidden, depth);
                Ok(())
            }
            Job::Files { folder, path, files } => self.show(folder.as_deref(), &path, &files),
        }
    }

    fn open(&mut self, parent: &OwnedFd, path: &str) -> Option<OwnedFd> {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        match open_folder(parent.as_fd(), name) {
            Ok(handle) => Some(handle),
            // Gone, or no folder any more: nothing to show.
            Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => None,
            Err(error) => {
                self.skip(path, error.to_string());
                None
            }
        }
    }

    fn enter(
        &mut self,
        handle: Option<Arc<OwnedFd>>,
        path: &str,
        ignores: Option<Arc<Ignores>>,
        hidden: bool,
        depth: usize,
    ) {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let listing = self.list(handle.as_deref(), &prefix);
        let ignores = self.ignores(handle.as_deref(), &prefix, &listing, ignores);
        let is_hidden = |name: &str| hidden || name.starts_with('.');
        let mut jobs = Vec::new();
        for name in &listing.folders {
            let path = format!("{prefix}{name}");
            let hidden = is_hidden(name);
            if !self.walk.filter.enters(&path, name, hidden)
                || Ignores::hides(ignores.as_ref(), &path, true)
            {
                continue;
            }
            if depth + 1 > DEPTH_MAX {
                self.skip(&path, format!("lies deeper than {DEPTH_MAX} folders"));
                continue;
            }
            let (parent, ignores) = (handle.clone(), ignores.clone());
            jobs.push(Job::Folder { parent, top: None, path, ignores, hidden, depth: depth + 1 });
        }
        let filter = self.walk.filter;
        let is_shown = |name: &str| {
            let path = format!("{prefix}{name}");
            filter.admits(&path, is_hidden(name)) && !Ignores::hides(ignores.as_ref(), &path, false)
        };
        for (name, kind) in listing.others.into_iter().filter(|(name, _)| is_shown(name)) {
            let path = format!("{prefix}{name}");
            if let Some(reason) = self.unreadable(&path, kind) {
                self.skip(&path, reason);
            }
        }
        let shown: Vec<_> = listing.files.into_iter().filter(|(name, _)| is_shown(name)).collect();
        let path: Arc<str> = prefix.into();
        let mut files = shown.into_iter().peekable();
        while files.peek().is_some() {
            let files = files.by_ref().take(BATCH).collect();
            jobs.push(Job::Files { folder: handle.clone(), path: Arc::clone(&path), files });
        }
        self.queue.add(jobs);
    }

    fn list(&mut self, handle: Option<&OwnedFd>, prefix: &str) -> Listing {
        let (staged, mut listing) = staged_below(self.walk.overlay, prefix);
        if let Some(handle) = handle {
            self.list_disk(handle, prefix, &staged, &mut listing);
        }
        let live = staged.into_iter().filter(|(_, staged)| staged.after.is_some());
        listing
            .files
            .extend(live.map(|(name, staged)| (name.to_owned(), Some(Arc::clone(staged)))));
        listing
    }

    fn list_disk(
        &mut self,
        handle: &OwnedFd,
        prefix: &str,
        staged: &BTreeMap<&str, &Arc<Staged>>,
        listing: &mut Listing,
    ) {
        let entries = match rustix::fs::Dir::read_from(handle) {
            Ok(entries) => entries,
            Err(error) => return self.skip(prefix.trim_end_matches('/'), error.to_string()),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.skip(prefix.trim_end_matches('/'), error.to_string()),
            };
            let Ok(name) = entry.file_name().to_str() else {
                let name = entry.file_name().to_string_lossy();
                self.skip(&format!("{prefix}{name}"), "its name is not UTF-8".to_owned());
                continue;
            };
            if matches!(name, "." | "..") || (prefix.is_empty() && name.starts_with(STAGING_PREFIX))
            {
                continue;
            }
            if let Some(reason) = flaw(name) {
                let shown = name.escape_debug();
                self.skip(&format!("{prefix}{shown}"), format!("the path {reason}"));
                continue;
            }
            match kind(handle, name, entry.file_type()) {
                FileType::Directory => {
                    listing.folders.insert(name.to_owned());
                }
                _ if staged.contains_key(name) => {}
                FileType::RegularFile => listing.files.push((name.to_owned(), None)),
                kind => listing.others.push((name.to_owned(), kind)),
            }
        }
    }

    fn ignores(
        &self,
        handle: Option<&OwnedFd>,
        prefix: &str,
        listing: &Listing,
        above: Option<Arc<Ignores>>,
    ) -> Option<Arc<Ignores>> {
        let is_repository = handle.is_some_and(|handle| {
            rustix::fs::statat(handle, ".git", AtFlags::SYMLINK_NOFOLLOW).is_ok()
        });
        let text = |name: &str| {
            let file = listing.files.iter().find(|(other, _)| other == name)?;
            match &file.1 {
                Some(staged) => staged.after.as_ref()?.held(),
                None => read_ignore(handle?.as_fd(), name),
            }
        };
        let exclude = || {
            let git = open_folder(handle?.as_fd(), ".git").ok()?;
            read_ignore(open_folder(git.as_fd(), "info").ok()?.as_fd(), "exclude")
        };
        let (ignore, git) = (text(".ignore"), text(".gitignore"));
        let exclude = if is_repository { exclude() } else { None };
        if ignore.is_none() && git.is_none() && exclude.is_none() && !is_repository {
            return above;
        }
        let matcher =
            |text: Option<Vec<u8>>| text.map_or_else(Gitignore::empty, |text| parse_ignore(&text));
        Some(Arc::new(Ignores {
            above,
            prefix: prefix.len(),
            ignore: matcher(ignore),
            git: matcher(git),
            exclude: matcher(exclude),
            is_repository,
        }))
    }

    fn show(
        &mut self,
        folder: Option<&OwnedFd>,
        prefix: &str,
        files: &[(String, Option<Arc<Staged>>)],
    ) -> Result<(), Error> {
        let count = files.len() as u64;
        if self.files.fetch_add(count, Ordering::Relaxed) + count > FILES_MAX {
            let message = format!("more than {FILES_MAX} files; narrow the globs or the grant");
            return Err(
                Error::new(ErrorKind::Limit, message).bound(format!("files-max: {FILES_MAX}"))
            );
        }
        let mut path = prefix.to_owned();
        for (name, staged) in files {
            path.truncate(prefix.len());
            path.push_str(name);
            let source = match (staged, folder) {
                (Some(staged), _) => Source::Staged(staged),
                (None, Some(folder)) => Source::Disk(folder.as_fd(), name),
                (None, None) => continue,
            };
            self.visitor.visit(&Visited { path: &path, source })?;
        }
        Ok(())
    }

    /// Why what is neither a file nor a folder is passed over; none for a symbolic link to something in
    /// the folder, which is shown under its own name.
    fn unreadable(&self, path: &str, kind: FileType) -> Option<String> {
        let special = match kind {
            FileType::Symlink => {
                let path = FilePath::parse(path);
                let checked = path.and_then(|path| self.walk.folder.check_link(&path));
                return checked.err().map(|error| error.message);
            }
            FileType::Socket => "a socket",
            FileType::Fifo => "a pipe",
            FileType::CharacterDevice | FileType::BlockDevice => "a device",
            // Vanished meanwhile.
            _ => return None,
        };
        Some(format!("no regular file, but {special}"))
    }

    fn skip(&mut self, path: &str, reason: String) {
        self.skipped.push((path.to_owned(), reason));
    }
}

/// The staged files right below a folder, and the folders that only staged files make.
fn staged_below<'a>(
    overlay: &'a Overlay,
    prefix: &str,
) -> (BTreeMap<&'a str, &'a Arc<Staged>>, Listing) {
    let (mut files, mut listing) = (BTreeMap::new(), Listing::default());
    let from = overlay.range(prefix.to_owned()..);
    for (path, staged) in from.take_while(|(path, _)| path.starts_with(prefix)) {
        match path[prefix.len()..].split_once('/') {
            None => drop(files.insert(&path[prefix.len()..], staged)),
            Some((folder, _)) if staged.after.is_some() => {
                listing.folders.insert(folder.to_owned());
            }
            Some(_) => {}
        }
    }
    (files, listing)
}

fn kind(handle: &OwnedFd, name: &str, known: FileType) -> FileType {
    if known != FileType::Unknown {
        return known;
    }
    rustix::fs::statat(handle, name, AtFlags::SYMLINK_NOFOLLOW)
        .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

fn read_ignore(parent: BorrowedFd<'_>, name: &str) -> Option<Vec<u8>> {
    let (file, _) = open_regular(parent, name).ok()??;
    let mut text = Vec::new();
    std::fs::File::from(file).take(IGNORE_BYTES_MAX).read_to_end(&mut text).ok()?;
    Some(text)
}

/// A malformed line ignores nothing, as in git.
fn parse_ignore(text: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new(".");
    let text = String::from_utf8_lossy(text);
    for line in text.trim_start_matches('\u{feff}').lines() {
        drop(builder.add_line(None, line));
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    jobs: Vec<Job>,
    busy: usize,
    failed: Option<Error>,
}

impl Queue {
    fn new(first: Job) -> Self {
        let state = State { jobs: vec![first], busy: 0, failed: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The next job; none when all work is done. The last added comes first, so that few folders are
    /// open at a time.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.failed.is_some() {
                return None;
            }
            if let Some(job) = state.jobs.pop() {
                state.busy += 1;
                return Some(job);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn add(&self, jobs: Vec<Job>) {
        if !jobs.is_empty() {
            self.lock().jobs.extend(jobs);
            self.changed.notify_all();
        }
    }

    fn stop(&self, error: Error) {
        self.lock().failed.get_or_insert(error);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a job also when its visitor panics, so that no other thread waits for it.
struct Done<'a>(&'a Queue);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.changed.notify_all();
    }
}
