//! The folders with snapshots of a store: what is copied there, and what is forgotten there with it.

use std::{
    slice,
    sync::{Arc, PoisonError},
};

use voyager_base::{clock::Timestamp, disk::Disk};
use voyager_disk::database::Broken;

use super::Memory;
use crate::{
    error::{ReadError, WriteError},
    keys::Identity,
    owner::Veil,
    snapshot::{self, SnapshotError, Taken, Taking, Thinned, descent::Descent, forget_there},
    tables::{Folder, called},
};

/// Folders of snapshots, and those that were not reached, with the reason.
pub type Reached = (Vec<String>, Vec<(String, String)>);

impl Memory {
    /// Takes a snapshot into a folder: what earlier ones there have is not written again. `home` is where this store
    /// lies, so that restoring can ask it what it forgot. `see` is told how much is done, of how much, and says
    /// whether to go on. Writes go on meanwhile, save for a moment at the end.
    ///
    /// # Errors
    /// [`SnapshotError`]. The earlier snapshots are as they were.
    pub fn snapshot(
        &self,
        folder: &str,
        home: &str,
        now: Timestamp,
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<Taken, SnapshotError> {
        self.in_folder(folder, true, |disk| self.take(disk, folder, home, now, see))
    }

    fn take(
        &self,
        disk: &Arc<dyn Disk>,
        folder: &str,
        home: &str,
        now: Timestamp,
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<Taken, SnapshotError> {
        let veil = self.veil().ok_or(SnapshotError::Bare)?;
        // Before writes wait: the disk of the folder may be slow.
        let found = snapshot::content(&**disk, Some(&veil)).map_err(SnapshotError::disk)?;
        let mut taking = {
            let writer = self.writer().map_err(SnapshotError::disk)?;
            let identity = self.identity().map_err(SnapshotError::disk)?;
            let (noted, reading) = (self.tables.folders()?, self.tables.reading()?);
            let (there, as_of) = ((Arc::clone(disk), found), (writer.counters, reading));
            let taking = Taking::begin(there, folder, identity, &noted, as_of, &*self.chance)?;
            self.note_folders(&taking.notes, taking.before.as_slice())?;
            taking
        };
        let note = taking.note.clone();
        let written = taking.write(see);
        if written.is_err() && taking.is_new {
            // No key was ever there. Where that can't be noted it is told as one that was not reached.
            drop(self.note_folders(&[], slice::from_ref(&note)));
        }
        let written = written?;
        let writer = self.writer().map_err(SnapshotError::disk)?;
        let owner = self.owner();
        let next = writer.counters.next;
        // As of now: what is forgotten meanwhile has no row any more.
        let rows = self.tables.reading()?;
        let folders = self.tables.folders()?;
        if !folders.iter().any(|it| it.is_that(&note)) {
            return Err(SnapshotError::Folder {
                folder: folder.to_owned(),
                reason: "it was given up meanwhile: there is no new snapshot".to_owned(),
            });
        }
        let told = (home, folders.as_slice());
        let taken = taking.finish(written, (&owner, &self.keys, next), &rows, told, now)?;
        let caught_up = folders.into_iter().filter(|it| it.is_that(&note));
        let caught_up: Vec<_> = caught_up.map(|it| Folder { pending: false, ..it }).collect();
        self.note_folders(&caught_up, &[])?;
        Ok(taken)
    }

    /// Works in a folder of snapshots, in which nobody else of this process works meanwhile.
    fn in_folder<T>(
        &self,
        folder: &str,
        make: bool,
        work: impl FnOnce(&Arc<dyn Disk>) -> Result<T, SnapshotError>,
    ) -> Result<T, SnapshotError> {
        let refused = |reason: String| SnapshotError::Folder { folder: folder.to_owned(), reason };
        let places = self.places.as_ref().ok_or_else(|| refused("there is no disk".to_owned()))?;
        let place = || self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = {
            let mut place = place();
            if place.is_some() {
                return Err(SnapshotError::Busy);
            }
            let disk = places.open(folder, make).map_err(refused)?;
            *place = Some((folder.to_owned(), Arc::clone(&disk)));
            disk
        };
        let done = work(&disk);
        *place() = None;
        done
    }

    /// Removes all but the newest `keep` snapshots of this store from a folder, one at least stays.
    ///
    /// # Errors
    /// [`SnapshotError`]. The newest ones are as they were.
    pub fn thin_snapshots(&self, folder: &str, keep: usize) -> Result<Thinned, SnapshotError> {
        self.in_folder(folder, false, |disk| {
            let known = self.keys.identity().map_err(SnapshotError::disk)?;
            let store = known.map(|it| it.store).ok_or_else(|| SnapshotError::Folder {
                folder: folder.to_owned(),
                reason: "this memory has no snapshots".to_owned(),
            })?;
            let veil = self.veil().ok_or(SnapshotError::Bare)?;
            snapshot::thin(&**disk, store, &veil, keep.max(1))
        })
    }

    /// The folders with snapshots of this store, and whether one may still have keys of what is forgotten. Where several
    /// lie or lay in one place, `#` and digits behind its path tell which.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn snapshot_folders(&self) -> Result<Vec<(String, bool)>, ReadError> {
        let folders = self.tables.folders()?;
        Ok(called(&folders).into_iter().zip(folders.iter().map(|it| it.pending)).collect())
    }

    /// Leaves a folder of snapshots, as [`Memory::snapshot_folders`] calls it, alone from now on: nothing is forgotten
    /// there any more.
    ///
    /// # Errors
    /// [`WriteError::Disk`].
    pub fn leave_snapshots(&self, folder: &str) -> Result<(), WriteError> {
        let _writer = self.writer()?;
        let mut folders = self.tables.folders().map_err(WriteError::disk)?;
        let at = called(&folders).iter().position(|it| it == folder);
        let gone = at.map(|at| folders.swap_remove(at));
        self.note_folders(&[], gone.as_slice()).map_err(WriteError::disk)
    }

    /// The folders of snapshots, as [`Memory::snapshot_folders`] calls them, that open with something else than this store,
    /// since it was locked or unlocked after the last snapshot there; and those that can't be asked, with the reason. Each
    /// follows with the next snapshot into it.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn open_otherwise(&self) -> Result<Reached, ReadError> {
        let noted = self.tables.folders()?;
        let (mut otherwise, mut pending) = (Vec::new(), Vec::new());
        for (folder, name) in noted.iter().zip(called(&noted)) {
            let asked = self.disk_of(folder).and_then(|disk| {
                snapshot::check_id(&*disk, folder, &noted)?;
                self.owner().opens_otherwise(&*disk).map_err(|it| it.to_string())
            });
            match asked {
                Ok(true) => otherwise.push(name),
                Ok(false) => {}
                Err(reason) => pending.push((name, reason)),
            }
        }
        Ok((otherwise, pending))
    }

    /// Destroys in those of the folders of snapshots that are meant the keys that are destroyed here. Gives back which
    /// were reached, and the others with the reason.
    pub(super) fn reach(
        &self,
        noted: &[Folder],
        is_meant: impl Fn(&Folder) -> bool,
        ids: &[u64],
    ) -> Result<Reached, WriteError> {
        let (mut reached, mut pending) = (Vec::new(), Vec::new());
        let mut done = Vec::new();
        let rows = self.tables.reading().map_err(WriteError::disk)?;
        for (folder, name) in noted.iter().zip(called(noted)).filter(|it| is_meant(it.0)) {
            let forgot = self.disk_of(folder).and_then(|disk| {
                let identity = self.keys.identity().map_err(|it| it.to_string())?;
                let identity = identity.ok_or("this memory has no snapshots")?;
                // What was pending is found by comparing; else it is these alone.
                let these = ids.iter().copied().filter(|it| *it < folder.upto);
                let these: Option<Vec<u64>> = (!folder.pending).then(|| these.collect());
                let keys = (&self.keys, &rows);
                forget_there(&*disk, (folder, noted), &identity, keys, these.as_deref())
            });
            match forgot {
                Ok(()) => {
                    reached.push(name);
                    done.push(Folder { pending: false, ..folder.clone() });
                }
                Err(reason) => pending.push((name, reason)),
            }
        }
        if !done.is_empty() {
            self.note_folders(&done, &[]).map_err(WriteError::disk)?;
        }
        Ok((reached, pending))
    }

    /// A folder of snapshots; where one is being taken there, as that has it.
    fn disk_of(&self, folder: &Folder) -> Result<Arc<dyn Disk>, String> {
        let taking = self.taking.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (taking, &self.places) {
            (Some((name, disk)), _) if name == folder.folder => Ok(disk),
            (_, Some(places)) => places.open(&folder.folder, false),
            (_, None) => Err("this process reaches no folders".to_owned()),
        }
    }

    /// Notes what is known of folders, and no longer what is known of others.
    fn note_folders(&self, folders: &[Folder], gone: &[Folder]) -> Result<(), Broken> {
        self.settled(self.tables.note_folders(folders, gone))
    }

    /// Which store it is, from its first snapshot on.
    fn identity(&self) -> std::io::Result<Identity> {
        if let Some(known) = self.keys.identity()? {
            return Ok(known);
        }
        let (mut store, mut incarnation) = ([0; 16], [0; 16]);
        self.chance.fill(&mut store);
        self.chance.fill(&mut incarnation);
        let identity = Identity { store, descent: Descent::of(incarnation, 0) };
        self.keys.name(&identity)?;
        Ok(identity)
    }

    fn veil(&self) -> Option<Veil> {
        self.owner().veil()
    }
}
