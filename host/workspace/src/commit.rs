//! Makes staged changes real: all or none, across a crash at any point, and never over somebody else's
//! work.
//!
//! The way of a commit, in each folder that it changes:
//!
//! 1. *Look.* A file that is neither as before nor as after is a conflict; then nothing is touched.
//! 2. *Prepare.* All new contents are written into the hidden folder `.voyager-HASH.new`, one file each,
//!    named by the number of its change; then the file system is synced, once for all files, and the
//!    folder is renamed to `.voyager-HASH`. The hash is that of the changes, so that a second call finds
//!    what the first one began.
//! 3. *Apply.* Each prepared file and the file it replaces are exchanged at once (`RENAME_EXCHANGE`; a
//!    new or removed one is renamed with `RENAME_NOREPLACE`). What was displaced lies in the prepared
//!    folder now, and its hash is compared: where it is not what the task saw, it is exchanged back,
//!    which is a conflict, and so is every other file of this commit. A file that goes back is the very
//!    file that was there, with its times and permissions.
//! 4. *Finish.* The file system is synced again, the folder is renamed to `.voyager-HASH.done`, and
//!    removed. After a conflict it is renamed back to `.voyager-HASH.new` first, and removed.
//!
//! So the name of the folder tells a later call where an earlier one stood: with `.new` nothing is
//! applied, with the plain name some of it may be, with `.done` everything is. This asks of the file
//! system that renames reach the disk in their order, as those with a journal do.
//!
//! A file system without `RENAME_EXCHANGE` gets three renames instead, between which the file is missing
//! for a moment; one without `RENAME_NOREPLACE` a hard link and a removal. Writers that hold a file open
//! write into the displaced one. Owner, access lists and extended attributes of a replaced file are not
//! carried over, its permission bits are; a hard link to it keeps the old content. Folders that a
//! rollback leaves empty go again, those that undoing a finished commit leaves empty stay.

mod calls;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read as _},
    num::NonZeroUsize,
    os::fd::OwnedFd,
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    fd::AsFd as _,
    fs::{AtFlags, FileType},
    io::Errno,
};
use voyager_base::{
    call::Folders,
    error::Error,
    id::Digest,
    record::Content,
    workspace::{Change, Conflict, FileState, Standing},
};

use self::calls::{At, give, mend, swap, take};
pub(crate) use self::calls::{Calls, Kernel};
use crate::{
    folder::{FILE_BYTES_MAX, Folder, Last, open_folder, open_regular, read_whole},
    path::{FilePath, STAGING_PREFIX},
    stage::fetch,
    threads::parallel,
};

/// Name of the list of folders that a commit makes, in its prepared folder.
const MADE: &str = "made";

/// The changes that undo `changes`.
pub fn inverted(changes: &[Change]) -> Vec<Change> {
    changes.iter().map(Change::inverted).collect()
}

/// How the files stand to changes. Nothing is touched.
///
/// # Errors
/// As [`commit`].
pub(crate) fn assess(
    means: &Means<'_>,
    folders: &Folders,
    changes: &[Change],
) -> Result<Vec<Standing>, Error> {
    // No commit prepares anything under this name, so there is nothing to go on with or to put right.
    let commit = Commit::open(means, folders, changes, &format!("{STAGING_PREFIX}none"))?;
    let mut standings = Vec::with_capacity(changes.len());
    for (item, stand) in commit.items.iter().zip(parallel(
        means.threads,
        &commit.items,
        Way::default,
        |way, item| commit.assess(way, item),
    )) {
        standings.push(match stand.map_err(|error| item.unreadable(&error))? {
            Stand::Pending => Standing::Before,
            Stand::Applied | Stand::Already => Standing::After,
            Stand::Displaced => item.conflict("somebody changed it"),
            Stand::Conflict(reason) => item.conflict(&reason),
        });
    }
    Ok(standings)
}

/// What a commit works with.
pub(crate) struct Means<'a> {
    /// Where the contents are.
    pub(crate) content: &'a dyn Content,
    /// How the disk is changed.
    pub(crate) calls: &'a dyn Calls,
    /// How many threads compare and write.
    pub(crate) threads: NonZeroUsize,
}

/// Makes changes real, or finds that an earlier call did.
///
/// # Errors
/// `invalid` for changes that make no sense, `denied` or `unavailable` where the system refuses; then
/// everything is put back, or, where that fails too, will be by a later call.
pub(crate) fn commit(
    means: &Means<'_>,
    folders: &Folders,
    changes: &[Change],
) -> Result<Vec<Conflict>, Error> {
    let name = format!("{STAGING_PREFIX}{}", &key(changes).to_string()[..32]);
    let mut commit = Commit::open(means, folders, changes, &name)?;
    if commit.areas.values().any(|area| area.stage == Stage::Done) {
        return commit.finish().map(|()| Vec::new()).map_err(|error| unfinished(&error));
    }
    commit.run()
}

/// The hash of the changes.
fn key(changes: &[Change]) -> Digest {
    let state = |state: &Option<FileState>| -> Vec<u8> {
        state.as_ref().map_or_else(Vec::new, |state| {
            let mode = state.mode.map_or(u32::MAX, |mode| mode);
            [&state.digest.0[..], &mode.to_le_bytes()].concat()
        })
    };
    let parts: Vec<[Vec<u8>; 4]> = (changes.iter())
        .map(|it| {
            [
                it.root.clone().into_bytes(),
                it.path.clone().into_bytes(),
                state(&it.before),
                state(&it.after),
            ]
        })
        .collect();
    Digest::of_parts(parts.iter().flatten().map(Vec::as_slice))
}

fn items<'a>(
    areas: &BTreeMap<String, Area>,
    changes: &'a [Change],
) -> Result<Vec<Item<'a>>, Error> {
    let mut seen = BTreeSet::new();
    let mut items = Vec::with_capacity(changes.len());
    for (number, change) in changes.iter().enumerate() {
        let path = FilePath::parse(&change.path)?;
        let (root, sense) = (&change.root, change.before.is_some() || change.after.is_some());
        if !areas.contains_key(root)
            || !sense
            || path.is_reserved()
            || !seen.insert((root, &change.path))
        {
            return Err(Error::invalid(format!(
                "the change of `{path}` in `{root}` makes no sense"
            )));
        }
        items.push(Item {
            change,
            path,
            slot: number.to_string(),
            aside: format!("{number}.aside"),
        });
    }
    Ok(items)
}

/// How far an earlier call came in one folder, as the name of the prepared folder tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is applied.
    Fresh,
    /// Some may be.
    Prepared,
    /// Everything is.
    Done,
}

/// One granted folder that is changed.
struct Area {
    folder: Folder,
    /// Name of the prepared folder.
    name: String,
    stage: Stage,
    prepared: Option<OwnedFd>,
    device: u64,
}

/// One change.
struct Item<'a> {
    change: &'a Change,
    path: FilePath,
    slot: String,
    aside: String,
}

/// How one change stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stand {
    /// The file is as before.
    Pending,
    /// This commit changed it.
    Applied,
    /// It is as it shall be, and not by this commit.
    Already,
    /// Something that nobody expected was displaced: it must go back.
    Displaced,
    /// It is neither as before nor as after.
    Conflict(String),
}

/// What is at a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Absent,
    File {
        digest: Digest,
        mode: u32,
        inode: u64,
    },
    /// A file of another size than any that is expected.
    Strange,
    /// No regular file.
    NoFile,
}

impl Seen {
    fn is(&self, state: Option<&FileState>) -> bool {
        match (self, state) {
            (Self::Absent, None) => true,
            (Self::File { digest, mode, .. }, Some(state)) => {
                *digest == state.digest && state.mode.is_none_or(|it| it & 0o7777 == *mode)
            }
            (Self::Absent | Self::File { .. } | Self::Strange | Self::NoFile, _) => false,
        }
    }

    fn same_file(&self, other: &Self) -> bool {
        matches!((self, other), (Self::File { inode: a, .. }, Self::File { inode: b, .. }) if a == b)
    }
}

impl Area {
    fn open(means: &Means<'_>, folders: &Folders, root: &str, name: &str) -> Result<Self, Error> {
        let folder = Folder::open(folders, root)?;
        let open = |name: &str| match open_folder(folder.handle(), name) {
            Ok(handle) => Ok(Some(handle)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => {
                Err(Error::unavailable(format!("can't open `{name}` in `{root}`: {error}")))
            }
        };
        let stat = rustix::fs::fstat(folder.handle());
        let stat =
            stat.map_err(|error| Error::unavailable(format!("can't look at `{root}`: {error}")))?;
        let prepared = open(name)?;
        let done = open(&format!("{name}.done"))?;
        let stage = match (&done, &prepared) {
            (Some(_), _) => Stage::Done,
            (None, Some(_)) => Stage::Prepared,
            (None, None) => Stage::Fresh,
        };
        let device = stat.st_dev;
        let area = Self { folder, name: name.to_owned(), stage, prepared, device };
        // Half prepared, or rolled back: worth nothing.
        if stage == Stage::Fresh {
            let wiped = area.wipe(means.calls, means.threads, ".new");
            wiped.map_err(|error| {
                Error::unavailable(format!("can't clean `{name}.new` in `{root}`: {error}"))
            })?;
        }
        Ok(area)
    }

    fn named(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.name)
    }

    fn rename(&self, calls: &dyn Calls, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.named(from), self.named(to));
        take(calls, (self.folder.handle(), &from), (self.folder.handle(), &to))
    }

    /// Removes the prepared folder with all in it.
    fn wipe(&self, calls: &dyn Calls, threads: NonZeroUsize, suffix: &str) -> io::Result<()> {
        let name = self.named(suffix);
        let handle = match open_folder(self.folder.handle(), &name) {
            Ok(handle) => handle,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&handle)? {
            names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| !matches!(name.as_str(), "." | ".."));
        names.sort();
        parallel(threads, &names, || (), |(), name| calls.remove((handle.as_fd(), name)))
            .into_iter()
            .collect::<io::Result<()>>()?;
        calls.remove_folder((self.folder.handle(), &name))
    }
}

/// In more folders than this, the names are synced with the file system as a whole.
const SYNCED_FOLDERS_MAX: usize = 32;

/// A commit under way.
struct Commit<'a> {
    means: &'a Means<'a>,
    areas: BTreeMap<String, Area>,
    items: Vec<Item<'a>>,
    /// Whether it goes on with what an earlier one prepared, or made a folder: then other folders than those of
    /// its files may have changed.
    changed_others: AtomicBool,
}

impl<'a> Commit<'a> {
    fn open(
        means: &'a Means<'a>,
        folders: &Folders,
        changes: &'a [Change],
        name: &str,
    ) -> Result<Self, Error> {
        let mut areas = BTreeMap::new();
        for change in changes {
            if !areas.contains_key(&change.root) {
                let area = Area::open(means, folders, &change.root, name)?;
                areas.insert(change.root.clone(), area);
            }
        }
        let items = items(&areas, changes)?;
        let goes_on = areas.values().any(|area| area.stage != Stage::Fresh);
        Ok(Self { means, areas, items, changed_others: AtomicBool::new(goes_on) })
    }
}

impl Commit<'_> {
    fn run(&mut self) -> Result<Vec<Conflict>, Error> {
        let mut stands = Vec::with_capacity(self.items.len());
        for stand in parallel(self.means.threads, &self.items, Way::default, |way, item| {
            self.assess(way, item)
        }) {
            stands.push(stand.map_err(|error| unfinished(&error))?);
        }
        let has_conflict = |stands: &[Stand]| {
            stands.iter().any(|it| matches!(it, Stand::Conflict(_) | Stand::Displaced))
        };
        let result = if has_conflict(&stands) {
            Ok(())
        } else {
            self.prepare(&stands)
                .and_then(|()| self.apply(&mut stands))
                .and_then(|()| if has_conflict(&stands) { Ok(()) } else { self.sync_names() })
        };
        match result {
            Ok(()) if !has_conflict(&stands) => {
                self.finish().map_err(|error| unfinished(&error))?;
                Ok(Vec::new())
            }
            Ok(()) => {
                self.roll_back(&mut stands).map_err(|error| unfinished(&error))?;
                Ok(self.conflicts(&stands))
            }
            Err(error) => {
                self.roll_back(&mut stands).map_err(|second| {
                    Error::unavailable(format!(
                        "{error}; putting back failed too: {second}; commit again"
                    ))
                })?;
                Err(Error::unavailable(format!("{error}; nothing is changed")))
            }
        }
    }

    fn area(&self, item: &Item<'_>) -> &Area {
        &self.areas[&item.change.root]
    }

    /// How a change stands, from what is at its path and what is in its slot.
    fn assess(&self, way: &mut Way, item: &Item<'_>) -> io::Result<Stand> {
        let area = self.area(item);
        let prepared = area.prepared.as_ref();
        if let Some(prepared) = prepared {
            self.mend(way, item, prepared)?;
        }
        let target = match self.parent(way, item)? {
            Parent::Folder(parent) => look(item, (parent.as_fd(), item.path.split().1))?,
            Parent::Missing => Seen::Absent,
            Parent::Strange(reason) => return Ok(Stand::Conflict(reason)),
        };
        let slot = match prepared {
            Some(prepared) => look(item, (prepared.as_fd(), &item.slot))?,
            None => Seen::Absent,
        };
        if target.same_file(&slot)
            && let Some(prepared) = prepared
        {
            // A rename by way of a second name that a crash cut in half: the way that is left is the
            // slot's.
            self.means.calls.remove((prepared.as_fd(), &item.slot))?;
            return Ok(item.stand(&target, &Seen::Absent, true));
        }
        Ok(item.stand(&target, &slot, prepared.is_some()))
    }

    fn mend(&self, way: &mut Way, item: &Item<'_>, prepared: &OwnedFd) -> io::Result<()> {
        if !exists((prepared.as_fd(), &item.aside))? {
            return Ok(());
        }
        let Parent::Folder(parent) = self.parent(way, item)? else { return Ok(()) };
        let target = (parent.as_fd(), item.path.split().1);
        let slot = (prepared.as_fd(), item.slot.as_str());
        let aside = (prepared.as_fd(), item.aside.as_str());
        let same = |one, other| -> io::Result<bool> {
            Ok(look(item, one)?.same_file(&look(item, other)?))
        };
        if same(aside, target)? {
            self.means.calls.remove(aside)
        } else {
            if same(slot, target)? {
                self.means.calls.remove(slot)?;
            }
            mend(self.means.calls, (target, exists(target)?), (slot, exists(slot)?), &item.aside)?;
            self.drop_aside(item, target, prepared).map(drop)
        }
    }

    /// The folder of an item's file, reached without any symbolic link.
    fn parent(&self, way: &mut Way, item: &Item<'_>) -> io::Result<Parent> {
        if let Some(folder) = way.folder(item) {
            return Ok(Parent::Folder(folder));
        }
        let mut folder = self.area(item).folder.handle().try_clone_to_owned()?;
        for name in item.folders() {
            folder = match open_folder(folder.as_fd(), name) {
                Ok(next) => next,
                Err(Errno::NOENT) => return Ok(Parent::Missing),
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    return Ok(Parent::Strange(format!(
                        "`{name}` on the way to it is no folder any more"
                    )));
                }
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Parent::Folder(way.keep(item, folder)))
    }

    /// The same, with the missing folders made.
    fn made_parent(&self, way: &mut Way, item: &Item<'_>) -> io::Result<Rc<OwnedFd>> {
        if let Some(folder) = way.folder(item) {
            return Ok(folder);
        }
        let mut folder = self.area(item).folder.handle().try_clone_to_owned()?;
        for name in item.folders() {
            folder = match open_folder(folder.as_fd(), name) {
                Err(Errno::NOENT) => {
                    self.changed_others.store(true, Ordering::Relaxed);
                    match self.means.calls.make_folder((folder.as_fd(), name), 0o777) {
                        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                            return Err(error);
                        }
                        _ => open_folder(folder.as_fd(), name)?,
                    }
                }
                opened => opened?,
            };
        }
        Ok(way.keep(item, folder))
    }

    /// Writes all new contents beside the files they shall replace, and syncs once.
    fn prepare(&mut self, stands: &[Stand]) -> io::Result<()> {
        let nothing_to_do = stands.iter().all(|it| matches!(it, Stand::Already));
        let fresh: Vec<String> = (self.areas.iter())
            .filter(|(_, area)| area.stage == Stage::Fresh && !nothing_to_do)
            .map(|(root, _)| root.clone())
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        for root in &fresh {
            let made = self.missing_folders(root)?;
            let area = self.areas.get_mut(root).expect("the roots are the keys");
            let name = area.named(".new");
            self.means.calls.make_folder((area.folder.handle(), &name), 0o700)?;
            let prepared = open_folder(area.folder.handle(), &name)?;
            let list = made.into_iter().collect::<Vec<_>>().join("\n");
            self.means.calls.write_new((prepared.as_fd(), MADE), list.as_bytes(), None)?;
            area.prepared = Some(prepared);
        }
        let new: Vec<&Item<'_>> =
            self.items.iter().filter(|item| fresh.contains(&item.change.root)).collect();
        parallel(self.means.threads, &new, || (), |(), item| self.write(item))
            .into_iter()
            .collect::<io::Result<()>>()?;
        self.sync()?;
        for root in &fresh {
            let area = self.areas.get_mut(root).expect("the roots are the keys");
            area.rename(self.means.calls, ".new", "")?;
            area.stage = Stage::Prepared;
        }
        Ok(())
    }

    fn write(&self, item: &Item<'_>) -> io::Result<()> {
        let Some(after) = &item.change.after else { return Ok(()) };
        let bytes = fetch(self.means.content, after.digest)
            .map_err(|error| io::Error::other(error.message))?;
        self.means.calls.write_new((self.prepared(item)?.as_fd(), &item.slot), &bytes, after.mode)
    }

    fn prepared(&self, item: &Item<'_>) -> io::Result<&OwnedFd> {
        self.area(item)
            .prepared
            .as_ref()
            .ok_or_else(|| io::Error::other("the prepared folder is gone"))
    }

    /// The folders that this commit has to make, outer ones first.
    fn missing_folders(&self, root: &str) -> io::Result<BTreeSet<String>> {
        let (mut missing, mut way, mut last) = (BTreeSet::new(), Way::default(), None);
        for item in
            self.items.iter().filter(|item| item.change.root == root && item.change.after.is_some())
        {
            let parent = item.path.split().0;
            // The files of one folder come one after the other.
            if last.replace(parent) == Some(parent)
                || !matches!(self.parent(&mut way, item)?, Parent::Missing)
            {
                continue;
            }
            let (mut folder, mut path) =
                (self.area(item).folder.handle().try_clone_to_owned().ok(), String::new());
            for name in item.folders() {
                path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                folder = folder.and_then(|folder| open_folder(folder.as_fd(), name).ok());
                if folder.is_none() {
                    missing.insert(path.clone());
                }
            }
        }
        Ok(missing)
    }

    /// Applies what is pending; the first conflict stops it.
    fn apply(&self, stands: &mut [Stand]) -> io::Result<()> {
        let stop = AtomicBool::new(false);
        let work: Vec<usize> =
            (0..stands.len()).filter(|index| stands[*index] == Stand::Pending).collect();
        let outcomes = parallel(self.means.threads, &work, Way::default, |way, index| {
            if stop.load(Ordering::Relaxed) {
                return Ok(Stand::Pending);
            }
            let outcome = self.apply_one(way, &self.items[*index]);
            if !matches!(outcome, Ok(Stand::Applied | Stand::Already)) {
                stop.store(true, Ordering::Relaxed);
            }
            outcome
        });
        let mut failed = Ok(());
        for (index, outcome) in work.into_iter().zip(outcomes) {
            match outcome {
                Ok(stand) => stands[index] = stand,
                // Unknown how far it came: looked at again before it is put back.
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    fn apply_one(&self, way: &mut Way, item: &Item<'_>) -> io::Result<Stand> {
        let calls = self.means.calls;
        let slot = (self.prepared(item)?.as_fd(), item.slot.as_str());
        let gone = || Ok(Stand::Conflict("somebody removed it meanwhile".to_owned()));
        let changed = || Ok(Stand::Conflict("somebody changed it meanwhile".to_owned()));
        match (&item.change.before, &item.change.after) {
            (None, _) => {
                let parent = match self.made_parent(way, item) {
                    Err(error) if is_no_folder(&error) => {
                        return Ok(Stand::Conflict(
                            "a folder on the way to it is no folder any more".to_owned(),
                        ));
                    }
                    parent => parent?,
                };
                match give(calls, slot, (parent.as_fd(), item.path.split().1)) {
                    Ok(()) => Ok(Stand::Applied),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Ok(Stand::Conflict("somebody created it meanwhile".to_owned()))
                    }
                    Err(error) => Err(error),
                }
            }
            (Some(_), after) => {
                let Parent::Folder(parent) = self.parent(way, item)? else { return gone() };
                let target = (parent.as_fd(), item.path.split().1);
                let moved = match after {
                    Some(_) => swap(calls, target, slot, &item.aside),
                    None => take(calls, target, slot),
                };
                match moved {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return gone(),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        let reason = self.drop_aside(item, target, self.prepared(item)?)?;
                        return Ok(Stand::Conflict(reason));
                    }
                    Err(error) => return Err(error),
                }
                if look(item, slot)?.is(item.change.before.as_ref()) {
                    return Ok(Stand::Applied);
                }
                self.put_back(way, item)?;
                changed()
            }
        }
    }

    /// Undoes one applied change. Where the file is not what this commit put there, it stays; then the
    /// sentence says what became of the version that this commit displaced.
    fn put_back(&self, way: &mut Way, item: &Item<'_>) -> io::Result<Option<String>> {
        let calls = self.means.calls;
        let slot = (self.prepared(item)?.as_fd(), item.slot.as_str());
        let Parent::Folder(parent) = self.parent(way, item)? else {
            let seen = look(item, slot)?;
            let is_known = |state: &Option<FileState>| seen.is(state.as_ref());
            if seen == Seen::Absent || is_known(&item.change.before) || is_known(&item.change.after)
            {
                return Ok(Some("the folder that holds it is gone".to_owned()));
            }
            // Somebody's own version is in the slot: better stopped than lost.
            let (path, name) = (&item.path, &self.area(item).name);
            let message =
                format!("the folder of `{path}` is gone; its last version lies in `{name}`");
            return Err(io::Error::other(message));
        };
        let target = (parent.as_fd(), item.path.split().1);
        let after = item.change.after.as_ref();
        if after.is_some() && !exists(target)? {
            return self.keep(item, target, slot).map(Some);
        }
        match (&item.change.before, after) {
            (Some(_), Some(_)) => {
                for is_first in [true, false] {
                    match swap(calls, target, slot, &item.aside) {
                        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                            return self.drop_aside(item, target, self.prepared(item)?).map(Some);
                        }
                        result => result?,
                    }
                    if is_first && look(item, slot)?.is(after) {
                        return Ok(None);
                    }
                }
                self.keep(item, target, slot).map(Some)
            }
            (Some(_), None) => match give(calls, slot, target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.keep(item, target, slot).map(Some)
                }
                result => result.map(|()| None),
            },
            (None, _) => {
                take(calls, target, slot)?;
                if look(item, slot)?.is(after) {
                    return Ok(None);
                }
                give(calls, slot, target)?;
                Ok(Some("somebody changed it meanwhile".to_owned()))
            }
        }
    }

    /// Saves a displaced version that is known from nowhere else, beside the file.
    fn keep(&self, item: &Item<'_>, target: At<'_>, slot: At<'_>) -> io::Result<String> {
        let changed = "somebody changed it meanwhile".to_owned();
        let seen = look(item, slot)?;
        if seen == Seen::Absent
            || seen.is(item.change.before.as_ref())
            || seen.is(item.change.after.as_ref())
        {
            return Ok(changed);
        }
        let name = format!("{}.voyager-kept", target.1);
        give(self.means.calls, slot, (target.0, &name))?;
        Ok(format!("{changed}, twice; the version before lies beside it as `{name}`"))
    }

    /// Gets rid of what [`swap`] left aside when somebody took the file's name.
    fn drop_aside(
        &self,
        item: &Item<'_>,
        target: At<'_>,
        prepared: &OwnedFd,
    ) -> io::Result<String> {
        let aside = (prepared.as_fd(), item.aside.as_str());
        let reason = self.keep(item, target, aside)?;
        if exists(aside)? {
            self.means.calls.remove(aside)?;
        }
        Ok(reason)
    }

    /// Puts back everything that this commit changed.
    fn roll_back(&mut self, stands: &mut [Stand]) -> io::Result<()> {
        let work: Vec<(&Item<'_>, &Stand)> = self.items.iter().zip(stands.iter()).collect();
        let outcomes = parallel(self.means.threads, &work, Way::default, |way, (item, stand)| {
            self.roll_back_one(way, item, stand)
        });
        for (stand, outcome) in stands.iter_mut().zip(outcomes) {
            *stand = outcome?;
        }
        self.remove_made_folders()?;
        self.leave(".new")
    }

    fn roll_back_one(&self, way: &mut Way, item: &Item<'_>, stand: &Stand) -> io::Result<Stand> {
        if self.area(item).stage == Stage::Fresh {
            return Ok(stand.clone());
        }
        let stand = match stand {
            // After a failure it is not known how far a pending one came.
            Stand::Pending => self.assess(way, item)?,
            known => known.clone(),
        };
        if !matches!(stand, Stand::Applied | Stand::Displaced) {
            return Ok(stand);
        }
        Ok(match self.put_back(way, item)? {
            Some(reason) => Stand::Conflict(reason),
            None if stand == Stand::Displaced => {
                Stand::Conflict("somebody changed it meanwhile".to_owned())
            }
            None => Stand::Pending,
        })
    }

    fn remove_made_folders(&self) -> io::Result<()> {
        for area in self.areas.values().filter(|area| area.stage == Stage::Prepared) {
            let Some(prepared) = &area.prepared else { continue };
            let Some((file, _)) = open_regular(prepared.as_fd(), MADE)? else { continue };
            let mut list = String::new();
            std::fs::File::from(file).read_to_string(&mut list)?;
            for path in list.lines().rev() {
                let Ok(path) = FilePath::parse(path) else { continue };
                let Ok(found) = area.folder.locate(&path, Last::Keep) else { continue };
                let (true, Some(node)) = (found.path == path, found.node) else { continue };
                // Others may have put files there: then it stays.
                drop(self.means.calls.remove_folder((node.parent.as_fd(), path.split().1)));
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.leave(".done")
    }

    /// Marks all prepared folders as of no use any more, then removes them.
    fn leave(&mut self, suffix: &str) -> io::Result<()> {
        for area in self.areas.values_mut().filter(|area| area.stage == Stage::Prepared) {
            area.rename(self.means.calls, "", suffix)?;
        }
        for area in self.areas.values_mut() {
            area.wipe(self.means.calls, self.means.threads, suffix)?;
            area.prepared = None;
        }
        Ok(())
    }

    /// Makes the renames durable: where they are in a few folders by a sync of each, which does not wait for
    /// what others write meanwhile.
    fn sync_names(&self) -> io::Result<()> {
        let place =
            |item: &Item<'_>| (item.change.root.clone(), item.path.split().0.map(str::to_owned));
        let changed = self.items.iter().filter(|item| self.area(item).prepared.is_some());
        let folders: BTreeMap<_, &Item<'_>> = changed.map(|it| (place(it), it)).collect();
        if self.changed_others.load(Ordering::Relaxed) || SYNCED_FOLDERS_MAX < folders.len() {
            return self.sync();
        }
        let (calls, mut way) = (self.means.calls, Way::default());
        for item in folders.into_values() {
            if let Parent::Folder(parent) = self.parent(&mut way, item)? {
                calls.sync_folder(parent.as_fd())?;
            }
        }
        let mut prepared = self.areas.values().filter_map(|area| area.prepared.as_ref());
        prepared.try_for_each(|prepared| calls.sync_folder(prepared.as_fd()))
    }

    /// One sync for each file system that is changed.
    fn sync(&self) -> io::Result<()> {
        let mut synced = BTreeSet::new();
        for area in self.areas.values().filter(|area| area.prepared.is_some()) {
            if synced.insert(area.device) {
                self.means.calls.sync(area.folder.handle())?;
            }
        }
        Ok(())
    }

    fn conflicts(&self, stands: &[Stand]) -> Vec<Conflict> {
        let conflict = |(item, stand): (&Item<'_>, &Stand)| match stand {
            Stand::Conflict(reason) => Some(item.told(reason)),
            Stand::Pending | Stand::Applied | Stand::Already | Stand::Displaced => None,
        };
        self.items.iter().zip(stands).filter_map(conflict).collect()
    }
}

/// The folder that was reached last, kept for the next file in it. It lives for a few neighbours at a
/// time only: who moves a folder meanwhile takes along what is done to them.
#[derive(Default)]
struct Way(Option<Reached>);

/// An open folder, with the granted folder it lies in and its path there.
struct Reached {
    root: String,
    path: Option<String>,
    folder: Rc<OwnedFd>,
}

impl Way {
    fn folder(&self, item: &Item<'_>) -> Option<Rc<OwnedFd>> {
        let reached = self.0.as_ref()?;
        let same =
            reached.root == item.change.root && reached.path.as_deref() == item.path.split().0;
        same.then(|| Rc::clone(&reached.folder))
    }

    fn keep(&mut self, item: &Item<'_>, folder: OwnedFd) -> Rc<OwnedFd> {
        let folder = Rc::new(folder);
        self.0 = Some(Reached {
            root: item.change.root.clone(),
            path: item.path.split().0.map(str::to_owned),
            folder: Rc::clone(&folder),
        });
        folder
    }
}

enum Parent {
    Folder(Rc<OwnedFd>),
    Missing,
    Strange(String),
}

impl Item<'_> {
    /// The names of the folders on the way to the file.
    fn folders(&self) -> impl Iterator<Item = &str> {
        self.path.split().0.into_iter().flat_map(|parent| parent.split('/'))
    }

    fn told(&self, reason: &str) -> Conflict {
        let (root, path) = (self.change.root.clone(), self.change.path.clone());
        let reason = format!("`{path}` in `{root}`: {reason}; it is left as it is");
        Conflict { root, path, reason }
    }

    fn conflict(&self, reason: &str) -> Standing {
        Standing::Conflict(self.told(reason))
    }

    fn unreadable(&self, error: &io::Error) -> Error {
        let (root, path) = (&self.change.root, &self.change.path);
        Error::unavailable(format!("can't look at `{path}` in `{root}`: {error}"))
    }

    fn stand(&self, target: &Seen, slot: &Seen, prepared: bool) -> Stand {
        let (before, after) = (self.change.before.as_ref(), self.change.after.as_ref());
        let conflict = |reason: &str| Stand::Conflict(reason.to_owned());
        let is_free = *slot == Seen::Absent;
        match (before, after) {
            (Some(_), Some(_)) if target.is(before) && target.is(after) => Stand::Already,
            (Some(_), Some(_)) if target.is(before) => Stand::Pending,
            (Some(_), Some(_)) if target.is(after) => match slot {
                Seen::Absent => Stand::Already,
                slot if slot.is(after) => Stand::Already,
                slot if slot.is(before) => Stand::Applied,
                _ => Stand::Displaced,
            },
            (None, Some(_)) if *target == Seen::Absent && slot.is(after) => Stand::Pending,
            (None, Some(_)) if *target == Seen::Absent && !prepared => Stand::Pending,
            (None, Some(_)) if target.is(after) && is_free && prepared => Stand::Applied,
            (None, Some(_)) if target.is(after) => Stand::Already,
            (Some(_), None) if target.is(before) && is_free => Stand::Pending,
            (Some(_), None) if *target == Seen::Absent && is_free => Stand::Already,
            (Some(_), None) if *target == Seen::Absent && slot.is(before) => Stand::Applied,
            (Some(_), None) if *target == Seen::Absent => Stand::Displaced,
            (_, _) => match target {
                Seen::Absent => conflict("somebody removed it"),
                Seen::NoFile => conflict("it is no regular file"),
                Seen::File { .. } | Seen::Strange if before.is_none() => {
                    conflict("somebody created it")
                }
                Seen::File { .. } | Seen::Strange => {
                    conflict("somebody changed it since the task saw it")
                }
            },
        }
    }
}

/// What is at a name, hashed where its size is one of those expected.
fn look(item: &Item<'_>, at: At<'_>) -> io::Result<Seen> {
    let (file, stat) = match open_regular(at.0, at.1) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Ok(Seen::NoFile),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Seen::Absent),
        Err(error) => return Err(error),
    };
    let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    let states = [&item.change.before, &item.change.after];
    if !states.into_iter().flatten().any(|state| state.size == size) {
        return Ok(Seen::Strange);
    }
    let mut bytes = Vec::new();
    if !read_whole(file, &stat, FILE_BYTES_MAX, &mut bytes)? {
        return Ok(Seen::Strange);
    }
    Ok(Seen::File { digest: Digest::of(&bytes), mode: stat.st_mode & 0o7777, inode: stat.st_ino })
}

fn exists(at: At<'_>) -> io::Result<bool> {
    match rustix::fs::statat(at.0, at.1, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) != FileType::Unknown),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOTDIR | Errno::LOOP))
}

fn unfinished(error: &io::Error) -> Error {
    Error::unavailable(format!(
        "the commit of files is cut short: {error}; commit again to finish it"
    ))
}
