//! Snapshots of the memory, and the folders in which they lie.

use std::{
    fs::{self, File, OpenOptions},
    io,
    num::NonZeroUsize,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::OFlags;
use voyager_base::{
    chance::Chance,
    disk::{Disk, DiskFile},
};
use voyager_disk::FileDisk;
use voyager_memory::{
    OpenError, OwnerKey, Places, Restoring, SnapshotError, Thinned, Which, check_snapshots,
    is_locked, is_snapshot_file, restore, snapshots,
};

use super::{Desk, LazyMemory, Progress, closed, unusable, written};
use crate::{
    answer::memory::snapshot::{
        FolderDetail, LeaveAnswer, RestoreFromAnswer, SnapshotAnswer, SnapshotsAnswer,
    },
    failure::{Failure, FailureKind},
    protocol::SnapshotChoice,
    system::SystemChance,
};

/// Folders of this machine.
#[derive(Debug)]
pub(crate) struct Folders;

impl Places for Folders {
    fn open(&self, folder: &str, make: bool) -> Result<Arc<dyn Disk>, String> {
        let path = Path::new(folder);
        // One that is made where a stick is not plugged in would be no backup.
        let there = match make {
            true => path.parent().is_none_or(Path::is_dir),
            false => path.join("keys").is_file(),
        };
        if !there {
            let what = if make { "the folder above it is not there" } else { missing(path) };
            return Err(what.to_owned());
        }
        // Opening leaves a lock behind, which is not to lie among other files.
        if !holds_ours_alone(path) {
            return Err("it holds other files; name an empty folder, or a new one".to_owned());
        }
        let disk = FileDisk::open(path).map_err(|it| it.to_string())?;
        Ok(Arc::new(disk))
    }

    fn file_of(&self, folder: &str, name: &str) -> Option<Box<dyn DiskFile>> {
        // A snapshot says where to look: no device is opened for it, and nothing waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = flags.bits().cast_signed();
        let path = Path::new(folder).join(name);
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
        file.metadata().ok()?.is_file().then(|| Box::new(Looked(file)) as Box<dyn DiskFile>)
    }
}

/// What there is not, where there is no file of keys.
fn missing(path: &Path) -> &'static str {
    let Ok(about) = path.metadata() else { return "it is not there" };
    if !about.is_dir() {
        return "it is no folder";
    }
    let snapshot = |it: io::Result<fs::DirEntry>| {
        it.is_ok_and(|it| it.file_name().to_string_lossy().starts_with("snapshot-"))
    };
    if path.read_dir().is_ok_and(|mut it| it.any(snapshot)) {
        return NO_KEYS;
    }
    "no file in it is one"
}

const NO_KEYS: &str = "its file `keys` is missing, without which nobody can read them";

/// Whether a folder holds nothing but what snapshots leave there.
fn holds_ours_alone(path: &Path) -> bool {
    let Ok(entries) = path.read_dir() else { return true };
    entries.filter_map(Result::ok).all(|it| {
        let name = it.file_name();
        let is_ours = name == "lock" || name.to_str().is_some_and(is_snapshot_file);
        // What a link leads to is no file of ours.
        is_ours && it.file_type().is_ok_and(|it| it.is_file())
    })
}

/// A file that is only read, whoever has it open.
struct Looked(File);

impl DiskFile for Looked {
    fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|it| it.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Answers `memory snapshots`: needs no memory, and makes none.
pub(super) fn list(folder: &str) -> Result<SnapshotsAnswer, Failure> {
    let disk = opened(folder)?;
    let found = snapshots(&*disk).map_err(|it| failed(&it))?;
    Ok(SnapshotsAnswer::of(folder.to_owned(), found))
}

fn opened(folder: &str) -> Result<Arc<dyn Disk>, Failure> {
    let refused = |reason: String| {
        let failure = |what: &str| {
            Failure::new(FailureKind::Environment, format!("{folder} {what}: {reason}"))
        };
        if reason == NO_KEYS {
            return failure("has snapshots that can't be read")
                .hint("where you have a copy of the folder, take that, with its `keys`");
        }
        failure("has no snapshots").hint("`agent-host memory snapshot FOLDER` takes one")
    };
    Folders.open(folder, false).map_err(refused)
}

impl LazyMemory {
    /// Answers `memory snapshots --verify`: needs no memory, and makes none.
    pub(super) fn verify_snapshots(
        &self,
        folder: &str,
        given: Option<OwnerKey>,
        progress: &Progress,
    ) -> Result<SnapshotsAnswer, Failure> {
        let disk = opened(folder)?;
        let mut key = given.or_else(|| self.state().key.clone());
        if let (None, Some(source)) = (&key, &self.source)
            && is_locked(&*disk)
        {
            let read = source.owner_key();
            key = Some(read.map_err(unread)?);
        }
        let see = progress.telling("read");
        let checked = check_snapshots(&disk, key.as_ref(), &see).map_err(|it| match it {
            SnapshotError::Stopped => {
                Failure::new(FailureKind::Cancelled, "stopped: not all of the folder was read")
            }
            other => failed(&other),
        })?;
        Ok(SnapshotsAnswer::checked(folder.to_owned(), checked))
    }

    /// Answers `memory restore --from`: the memory is opened after it, and not before.
    pub(super) fn restore_from(
        &self,
        folder: &str,
        choice: SnapshotChoice,
        given: Option<OwnerKey>,
        progress: &Progress,
    ) -> Result<RestoreFromAnswer, Failure> {
        let mut state = self.state();
        // One that was opened and holds nothing is in nobody's way, save its own and that of who uses it.
        state.memory.take_if(|it| it.ids().is_empty() && Arc::strong_count(it) == 1);
        if let Some(memory) = &state.memory {
            return Err(match memory.ids().is_empty() {
                true => Failure::usage("something uses the memory").hint("try again"),
                false => failed(&SnapshotError::NotEmpty),
            });
        }
        let from = opened(folder)?;
        let to = self.disk().map_err(|it| closed(&OpenError::from(it)))?;
        let to: Arc<dyn Disk> = Arc::new(to);
        let which = match choice {
            SnapshotChoice::Newest => Which::Newest,
            SnapshotChoice::Named { name } => Which::Named(name),
            SnapshotChoice::At { at } => Which::At(at),
        };
        let mut key = given.or_else(|| state.key.clone());
        let see = progress.telling("restored");
        let chance: Arc<dyn Chance> = Arc::new(SystemChance);
        let mut again = || {
            let (from, to) = (Arc::clone(&from), Arc::clone(&to));
            let restoring = Restoring { from, folder, to, owner: key.clone(), places: &Folders };
            let ended = restore(&restoring, &which, &chance, &see);
            if let (Err(SnapshotError::Open(OpenError::Locked { .. })), Some(source), None) =
                (&ended, &self.source, &key)
            {
                let read = source.owner_key();
                key = Some(read.map_err(unread)?);
                return Ok(None);
            }
            ended.map(Some).map_err(|it| match it {
                SnapshotError::Stopped => stopped("nothing is restored"),
                other => failed(&other),
            })
        };
        let restored = match again()? {
            Some(restored) => Some(restored),
            None => again()?,
        };
        state.key = key;
        let restored = restored.ok_or_else(|| Failure::usage("the memory is locked"))?;
        Ok(RestoreFromAnswer::of(folder.to_owned(), restored))
    }
}

impl Desk {
    /// Answers `memory snapshot`. Of older ones only so many are kept that with the new one there are `keep`.
    pub(super) fn snapshot(
        &self,
        folder: &str,
        keep: Option<NonZeroUsize>,
    ) -> Result<SnapshotAnswer, Failure> {
        let home = self.lazy.folder.canonicalize().unwrap_or_else(|_| self.lazy.folder.clone());
        let state = home.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        if Path::new(folder).starts_with(&state) {
            return Err(Failure::usage("the folder lies in the state folder")
                .hint("what befalls the one befalls the other: name one elsewhere"));
        }
        let home = home.display().to_string();
        let see = self.progress.telling("in the snapshot");
        let taken = self.memory.snapshot(folder, &home, self.now(), &see);
        let taken = taken.map_err(|it| failed(&it))?;
        let thinned = match keep {
            Some(keep) => self.memory.thin_snapshots(folder, keep.get()).map_err(|it| {
                let mut failure = failed(&it);
                let name = &taken.snapshot.name;
                failure.message =
                    format!("{name} is taken, older ones are not removed: {}", failure.message);
                failure
            })?,
            None => Thinned::default(),
        };
        let unreadable = self.memory.damaged_count();
        Ok(SnapshotAnswer::of(folder.to_owned(), taken, unreadable, thinned))
    }

    /// The folders with snapshots of this memory.
    pub(super) fn snapshot_folders(&self) -> Result<Vec<FolderDetail>, Failure> {
        let folders = self.memory.snapshot_folders().map_err(super::read)?.into_iter();
        let detail = |(folder, pending)| FolderDetail { folder, pending };
        Ok(folders.map(detail).collect())
    }

    /// Answers `memory snapshots --leave`.
    pub(super) fn leave_snapshots(&self, folder: String) -> Result<LeaveAnswer, Failure> {
        let known = self.memory.snapshot_folders().map_err(super::read)?;
        if !known.iter().any(|it| it.0 == folder) {
            let names: Vec<String> = known.into_iter().map(|it| it.0).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Failure::usage(format!(
                "{folder} is no folder of snapshots of this memory"
            ))
            .hint(format!("it has: {names}")));
        }
        self.memory.leave_snapshots(&folder).map_err(written)?;
        Ok(LeaveAnswer { folder })
    }
}

/// That the key could not be read.
fn unread(why: Failure) -> Failure {
    Failure { message: format!("the key: {}", why.message), ..why }
}

/// That whoever asked does not want it any more, and what is true then.
fn stopped(what: &str) -> Failure {
    Failure::new(FailureKind::Cancelled, format!("stopped: {what}"))
        .hint("the same command begins anew")
}

/// What went wrong with snapshots, for a command.
fn failed(error: &SnapshotError) -> Failure {
    match error {
        SnapshotError::Open(error) => closed(error),
        SnapshotError::Stopped => stopped("there is no new snapshot"),
        SnapshotError::NotFound { .. } => Failure::usage(error.to_string())
            .hint("`agent-host memory snapshots FOLDER` lists them"),
        SnapshotError::NotEmpty => Failure::usage(error.to_string()).hint(
            "name another state folder with --state FOLDER, or move the folder `memory` of this \
             one away",
        ),
        SnapshotError::Bare => unusable(error).hint(
            "`agent-host memory export --out FILE`, move the folder `memory` of the state folder \
             away, `agent-host memory import FILE`",
        ),
        SnapshotError::Damaged { .. } => unusable(error).hint(
            "`--at NAME` takes another snapshot; `agent-host memory snapshots FOLDER` lists them",
        ),
        _ => unusable(error),
    }
}

#[cfg(test)]
mod tests {
    use voyager_base::{
        call::Cancellation,
        clock::{Clock, Timestamp},
        sim::SimClock,
    };
    use voyager_memory::{Draft, Memory, Options};

    use super::*;
    use crate::encoding::{Encoder, Setting};

    #[test]
    fn a_restore_that_is_stopped_restores_nothing_and_says_so() {
        let here = tempfile::tempdir().expect("a temporary folder");
        let [home, folder] = ["home", "folder"].map(|it| here.path().join(it));
        let folder = folder.display().to_string();
        let now = Timestamp::from_millis(1_000);
        let disk = Arc::new(FileDisk::open(&home).expect("it is made"));
        let options = Options { places: Some(Arc::new(Folders)), ..Options::default() };
        let memory = Memory::open(disk, options, Arc::new(SystemChance)).expect("it opens");
        let draft = Draft { text: "The door is green.".to_owned(), ..Draft::default() };
        memory.remember(&[draft.into()], None, now).expect("it is written");
        memory.snapshot(&folder, "home", now, &|_, _| true).expect("it is taken");
        drop(memory);
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(now));
        let encoder = Encoder::new(Setting::of("none"), Arc::clone(&clock), "/nowhere".into());
        let lazy = LazyMemory::new(here.path(), Arc::new(()), Arc::new(encoder), None);
        let (updates, _) = tokio::sync::mpsc::channel(1);
        let progress = Progress { clock, cancellation: Cancellation::default(), updates };
        progress.cancellation.cancel();
        let restore = || lazy.restore_from(&folder, SnapshotChoice::Newest, None, &progress);
        let Err(failure) = restore() else { panic!("it is stopped") };
        assert_eq!(failure.kind, FailureKind::Cancelled);
        assert_eq!(failure.message, "stopped: nothing is restored");
    }
}
