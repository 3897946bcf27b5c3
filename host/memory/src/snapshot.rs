//! Snapshots: a folder that holds the store as it was at several commits, each row once.
//!
//! A snapshot is a signed manifest over chunks of sealed rows, named by their hashes (`chunks.rs`): what did not
//! change since an earlier one is not written again. Keys of records are in no chunk. A folder has one file of them,
//! with a slot for each id that any of its snapshots knows, covered as those of the store are, and beside it what
//! opens the cover: each snapshot brings both up to date, in place. So forgetting has one place to reach in a folder,
//! however many snapshots there are, and the store knows its folders.
//!
//! A store that was restored is a new one that knows what the old one knew. Both may go on, but one of them alone in
//! the same folder: ids that they give away from then on are of different records.
//!
//! What is deliberately not here: what opens folders ([`Places`]), and mapping chunks into memory: rows are sealed.

mod check;
mod chunks;
pub(crate) mod descent;
pub(crate) mod folder_id;
pub(crate) mod manifest;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    sync::Arc,
};

use serde_bytes::ByteArray;
use voyager_base::{
    chance::Chance,
    clock::Timestamp,
    disk::{Disk, DiskFile},
};
use voyager_disk::database::Opening;

pub use self::check::{Checked, check_snapshots};
pub(crate) use self::chunks::Rows;
use self::{
    chunks::{Turn, Writing, Written},
    folder_id::FolderId,
    manifest::{Found, Manifest, is_chunk, name_of, number_of},
};
use crate::{
    error::OpenError,
    keys::{self, Destroyed, Identity, Keys},
    lineage::DERIVED_FROM,
    owner::{self, Owner, OwnerKey},
    record::MemoryId,
    row::{Shut, open_edge},
    store::{BATCH_MAX, Memory, Options},
    tables::{Counters, Deed, Folder, Reading, Tables, called},
    verify::{Fault, Part},
};

/// The mark of a store that is being restored. While it is there the store does not open.
const RESTORING: &str = "restoring";

/// What is wrong with a manifest that another one than the memory of the folder signed.
const FOREIGN: &str = "its signature is not of the memory that this folder is of";

/// What is wrong with a manifest that counts more ids than its audit tells of: each of them would cost who reads a slot, and
/// the folder nothing.
const NOT_GIVEN: &str = "it counts records that were never written";

/// A memory has snapshots in so many folders at most: each is asked for whenever something is forgotten.
const FOLDERS_MAX: usize = 256;

/// Where folders lie.
pub trait Places: fmt::Debug + Send + Sync {
    /// The folder of snapshots of this name.
    ///
    /// # Errors
    /// It is not there (and is made only with `make`), or cannot be used; in words.
    fn open(&self, folder: &str, make: bool) -> Result<Arc<dyn Disk>, String>;

    /// A file of the store in a folder, to be read alone, while another process may have it open; none where it is not
    /// there, or is no plain file.
    fn file_of(&self, folder: &str, name: &str) -> Option<Box<dyn DiskFile>>;
}

/// Why a snapshot could not be taken, listed or restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The store was made before it had what hides it.
    #[error("this memory was made by a program that took no snapshots, and tells too much")]
    Bare,
    /// A snapshot is being taken.
    #[error("a snapshot is being taken; try again when it is done")]
    Busy,
    /// The folder can't be used.
    #[error("cannot use {folder}: {reason}")]
    Folder {
        /// Which.
        folder: String,
        /// Why.
        reason: String,
    },
    /// Whoever asked does not want it any more. Nothing that counts came of it.
    #[error("stopped")]
    Stopped,
    /// There is no such snapshot.
    #[error("there is no snapshot {wanted} in this folder")]
    NotFound {
        /// What was asked for.
        wanted: String,
    },
    /// What is stored is not what was written.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// Which file of the folder.
        what: String,
        /// How that shows.
        reason: String,
    },
    /// The memory to restore into is none that is empty.
    #[error("there is a memory already: a snapshot is restored where there is none")]
    NotEmpty,
    /// What opens it, or what was restored, does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The disk refused. There is no new snapshot, and the earlier ones are as they were.
    #[error("the disk refused: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
}

impl SnapshotError {
    pub(crate) fn disk(error: impl ToString) -> Self {
        Self::Disk { reason: error.to_string() }
    }
}

/// A snapshot, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name in the folder.
    pub name: String,
    /// When it was taken.
    pub at: Timestamp,
    /// The commit that it shows.
    pub commit: u64,
    /// Records, relations and vectors in it, those that were forgotten since too.
    pub records: u64,
    /// See `records`.
    pub relations: u64,
    /// See `records`.
    pub vectors: u64,
    /// Bytes of its chunks, which other snapshots share.
    pub bytes: u64,
}

/// What a folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    /// The whole ones, the oldest first.
    pub whole: Vec<Listed>,
    /// The others: name, and what is wrong.
    pub damaged: Vec<(String, String)>,
    /// Bytes of all its chunks.
    pub bytes: u64,
}

/// What taking a snapshot did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The snapshot.
    pub snapshot: Listed,
    /// How many of its chunks no earlier one had, and their bytes.
    pub new_chunks: u64,
    /// See `new_chunks`.
    pub new_bytes: u64,
    /// How many chunks of earlier ones were no longer what was written, and are again: the disk of the folder fails.
    pub mended: u64,
    /// Records whose keys are damaged in the store, or whose rows are: the folder keeps the keys that it has of them,
    /// so that an earlier snapshot there may have them whole.
    pub damaged: Vec<MemoryId>,
}

/// What thinning a folder out did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thinned {
    /// The snapshots that are gone, the oldest first.
    pub removed: Vec<String>,
    /// Bytes of the chunks that went with them.
    pub bytes: u64,
    /// Those that were not looked at: name, and what is wrong. While one of them can't be read no chunk goes, since it
    /// may need any.
    pub aside: Vec<(String, String)>,
}

/// Which snapshot is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest.
    Newest,
    /// That of a name.
    Named(String),
    /// The newest of those taken at a time or before.
    At(Timestamp),
}

/// What restoring did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// From which snapshot.
    pub snapshot: Listed,
    /// How many records the memory has.
    pub records: u64,
    /// How many records of the snapshot were forgotten since, and did not come back.
    pub forgotten: u64,
    /// How many of those the folder still has keys of: that the store which it is of has none of them is all that tells.
    /// Where they were damaged there and not forgotten, they come back once that store is out of reach.
    pub withheld: u64,
    /// Records that came back and are derived from forgotten ones, or may be: each is trusted as far as those were when the
    /// snapshot was taken, whatever was said of them since.
    pub derived: Vec<MemoryId>,
    /// Records that were damaged when the snapshot was taken.
    pub faults: Vec<Fault>,
    /// Later snapshots that are damaged, or of somebody else, where none was named: name, and what is wrong.
    pub passed_over: Vec<(String, String)>,
    /// The other folders with snapshots of the memory that it is of, as far as it knew of them then: what is forgotten is
    /// forgotten there, too, or pending.
    pub elsewhere: Vec<String>,
}

/// Number, name as it is hidden, dimensions.
type Encoders = Vec<(u32, String, u32)>;

/// A snapshot on its way.
pub(crate) struct Taking {
    disk: Arc<dyn Disk>,
    /// Files that a process which ended left there.
    left: Vec<String>,
    /// What is known of the folder from now on.
    pub(crate) note: Folder,
    /// What is to be noted before anything more is written there: that, and what follows of other places.
    pub(crate) notes: Vec<Folder>,
    /// What is noted of it and does not hold any more.
    pub(crate) before: Option<Folder>,
    identity: Identity,
    counters: Counters,
    reading: Reading,
    /// Chunks of the whole snapshots.
    known: BTreeMap<String, u64>,
    /// Whether the store has no snapshots there yet, and the folder no keys.
    pub(crate) is_new: bool,
}

/// What is noted of a folder in which a snapshot is to be taken, there or in another place. `id` is that of the folder,
/// `newest` number and mark of the newest of this memory's snapshots there.
fn known_as<'a>(
    noted: &'a [Folder],
    path: &str,
    (id, newest): (Option<FolderId>, Option<(u64, [u8; 16])>),
    is_empty: bool,
) -> Option<&'a Folder> {
    let of_id = |it: &Folder| id.is_some() && it.id == id;
    // What was last written there tells which note is the latest of a folder that lay in several places, and which
    // folder it is where it lost its id.
    let is_newest = |it: &Folder| Some((it.number, it.mark)) == newest;
    let is_here = |it: &Folder| it.folder == path;
    // Noted by a program that gave no ids.
    let may_be = |it: &Folder| is_here(it) && it.id.is_none() && !is_empty;
    let candidates = noted.iter().filter(|it| of_id(it) || is_newest(it) || may_be(it));
    candidates.max_by_key(|it| (of_id(it), is_newest(it), is_here(it)))
}

/// What a folder holds, read.
pub(crate) struct Content {
    files: BTreeSet<String>,
    /// By number.
    whole: BTreeMap<u64, Manifest>,
    damaged: Vec<(String, String)>,
    /// Names of those that were never finished.
    unfinished: Vec<String>,
    /// The last number that has a file.
    last: u64,
}

/// Reads what a folder holds. Without a veil nobody can tell who signed its snapshots.
pub(crate) fn content(disk: &dyn Disk, veil: Option<&owner::Veil>) -> io::Result<Content> {
    let files: BTreeSet<String> = disk.list()?.into_iter().collect();
    let numbers: Vec<u64> = files.iter().filter_map(|it| number_of(it)).collect();
    let last = numbers.iter().copied().max().unwrap_or(0);
    let (mut whole, mut damaged, mut unfinished) = (BTreeMap::new(), Vec::new(), Vec::new());
    for number in numbers {
        match manifest::read(disk, number, veil)? {
            Found::Whole(manifest) => drop(whole.insert(number, *manifest)),
            Found::Damaged(how) => damaged.push((name_of(number), how)),
            Found::Unfinished => unfinished.push(name_of(number)),
        }
    }
    Ok(Content { files, whole, damaged, unfinished, last })
}

fn listed(manifest: &Manifest) -> Listed {
    Listed {
        name: name_of(manifest.number),
        at: Timestamp::from_micros(manifest.at),
        commit: manifest.commit,
        records: manifest.records,
        relations: manifest.relations,
        vectors: manifest.vectors,
        bytes: manifest.chunks.iter().map(|it| it.1).sum(),
    }
}

/// Which chunk a snapshot lacks, in words.
fn missing(manifest: &Manifest, files: &BTreeSet<String>) -> Option<String> {
    let mut names = manifest.chunks.iter().map(|it| manifest::chunk_name(&it.0));
    names.find(|it| !files.contains(it)).map(|it| format!("{it} is missing"))
}

/// Whether a file of this name is one that snapshots leave in a folder.
pub fn is_snapshot_file(name: &str) -> bool {
    number_of(name).is_some()
        || is_chunk(name)
        || keys::is_name(name)
        || [owner::FILE, folder_id::FILE].contains(&name)
}

/// What snapshots a folder holds. Changes nothing, and needs no key.
///
/// # Errors
/// [`SnapshotError::Disk`].
pub fn snapshots(disk: &dyn Disk) -> Result<Snapshots, SnapshotError> {
    let content = content(disk, None).map_err(SnapshotError::disk)?;
    let mut found = Snapshots { damaged: content.damaged, ..Snapshots::default() };
    let mut chunks = BTreeMap::new();
    for (number, manifest) in &content.whole {
        chunks.extend(manifest.chunks.iter().map(|it| (manifest::chunk_name(&it.0), it.1)));
        match missing(manifest, &content.files) {
            Some(how) => found.damaged.push((name_of(*number), how)),
            None => found.whole.push(listed(manifest)),
        }
    }
    found.bytes = chunks.into_values().sum();
    Ok(found)
}

impl Taking {
    /// Looks at what a folder holds, gives it an id where it has none, and says what of it is to be noted before anything
    /// more is written there.
    pub(crate) fn begin(
        (disk, found): (Arc<dyn Disk>, Content),
        folder: &str,
        identity: Identity,
        noted: &[Folder],
        (counters, reading): (Counters, Reading),
        chance: &dyn Chance,
    ) -> Result<Self, SnapshotError> {
        let refused = |reason: &str| SnapshotError::Folder {
            folder: folder.to_owned(),
            reason: reason.to_owned(),
        };
        if !found.files.iter().all(|it| is_snapshot_file(it))
            || found.files.contains(crate::tables::FILE)
        {
            return Err(refused("it holds other files; name an empty folder, or a new one"));
        }
        let there = keys::identity(&*disk).map_err(SnapshotError::disk)?;
        let of = there.as_ref().map(|it| it.store).into_iter();
        let mut of = of.chain(found.whole.values().map(|it| *it.store));
        if of.any(|it| it != identity.store) {
            return Err(refused("it holds snapshots of another memory; name another folder"));
        }
        // What somebody else wrote says nothing of this memory.
        let own: Vec<&Manifest> = found.whole.values().filter(|it| it.is_own).collect();
        let newest = own.last().map(|it| (it.number, *it.mark));
        let id = FolderId::of(&*disk).map_err(SnapshotError::disk)?;
        let is_empty = there.is_none() && newest.is_none();
        let known_as = known_as(noted, folder, (id, newest), is_empty);
        let here = known_as.filter(|it| it.folder == folder);
        let is_new = known_as.is_none() && there.is_none();
        let (last, mark) = known_as.map_or((0, [0; 16]), |it| (it.number, it.mark));
        let is_foreign = |it: &&Manifest| {
            let later = it.number > last || (it.number == last && *it.mark != mark);
            // Ids that it knows may be of other records.
            let shared = identity.descent.shared_below(&it.descent());
            later || shared.is_some_and(|shared| shared < it.next)
        };
        if own.iter().any(is_foreign) {
            return Err(refused(match here.filter(|it| it.number > 0) {
                Some(_) => {
                    "it holds later snapshots, of before this memory was restored or of a copy of \
                     it; name another folder"
                }
                None => {
                    "it holds snapshots that this memory has no note of: it left this folder, its \
                     note is damaged, or a copy of it took them; name another folder"
                }
            }));
        }
        let mut mark = [0; 16];
        chance.fill(&mut mark);
        let before = found.last.max(last);
        let number = before.checked_add(1).ok_or_else(|| {
            let name = name_of(before);
            refused(&format!("no number is left behind {name}; move that file away"))
        })?;
        let known = own.iter().flat_map(|it| &it.chunks);
        let known = known.map(|it| (manifest::chunk_name(&it.0), it.1));
        let known = known.filter(|it| found.files.contains(&it.0)).collect();
        // One that was not there may have keys of anything that was forgotten since it was written.
        let pending = here.is_none_or(|it| it.pending);
        let given = id.or_else(|| known_as?.id);
        let given = given.unwrap_or_else(|| FolderId::new(chance));
        let note = Folder {
            folder: folder.to_owned(),
            number,
            mark,
            upto: counters.next,
            pending,
            id: Some(given),
        };
        let before = here.filter(|it| !it.is_that(&note)).cloned();
        // It may be this one that lay there, and may come back.
        let elsewhere = noted.iter().filter(|it| it.id == note.id && it.folder != note.folder);
        let raised =
            |it: &Folder| Folder { number, mark, upto: it.upto.max(note.upto), ..it.clone() };
        let mut notes: Vec<Folder> = elsewhere.map(raised).collect();
        notes.push(note.clone());
        if here.is_none() && noted.len() >= FOLDERS_MAX {
            return Err(refused(&format!(
                "this memory has snapshots in {FOLDERS_MAX} folders; give one up that is gone for good \
                 (`agent-host memory snapshots FOLDER --leave`)"
            )));
        }
        // Before it is noted: what is noted of a folder without its id would never be found again.
        if id.is_none() {
            given.give(&*disk).map_err(SnapshotError::disk)?;
        }
        let left = left_over(&found);
        Ok(Self { disk, left, note, notes, before, identity, counters, reading, known, is_new })
    }

    /// Writes the chunks that no earlier snapshot has. None of it counts yet.
    pub(crate) fn write(
        &mut self,
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<(Written, Encoders), SnapshotError> {
        let encoders = self.reading.encoders()?;
        let known = std::mem::take(&mut self.known);
        let mut writing = Writing {
            reading: &self.reading,
            disk: &*self.disk,
            turn: Turn::of(self.note.number, known.values().sum()),
            known,
            written: Written::default(),
        };
        writing.all(self.counters, &encoders, see)?;
        let written = writing.written;
        self.disk.sync_folder().map_err(SnapshotError::disk)?;
        Ok((written, encoders))
    }

    /// Brings keys and what opens them up to date, and has the snapshot count. Nothing is forgotten meanwhile.
    pub(crate) fn finish(
        self,
        (written, encoders): (Written, Encoders),
        (owner, keys, next): (&Owner, &Keys, u64),
        rows: &Reading,
        (home, folders): (&str, &[Folder]),
        at: Timestamp,
    ) -> Result<Taken, SnapshotError> {
        let veil = owner.veil().ok_or(SnapshotError::Bare)?;
        if owner.opens_otherwise(&*self.disk).map_err(SnapshotError::disk)? {
            let unopened = keys.unopened(next, rows).map_err(SnapshotError::disk)?;
            if !unopened.is_empty() {
                return Err(SnapshotError::Folder {
                    folder: self.note.folder,
                    reason: cover_refused(&unopened),
                });
            }
        }
        let manifest = Manifest {
            number: self.note.number,
            mark: ByteArray::new(self.note.mark),
            store: ByteArray::new(self.identity.store),
            incarnation: ByteArray::new(self.identity.descent.incarnation()),
            since: self.identity.descent.since(),
            at: at.as_micros(),
            commit: self.counters.commit,
            next: self.counters.next,
            cycle: self.counters.cycle,
            records: written.records,
            relations: written.relations,
            vectors: written.vectors,
            encoders,
            home: veil.hide(home),
            chunks: written.chunks,
            descent: self.identity.descent.clone(),
            folders: veil
                .wrap(&rmp_serde::to_vec(folders).expect("numbers and texts can be written")),
            is_own: true,
        };
        let write = || -> io::Result<Vec<u64>> {
            let kept = owner.bring(keys, &*self.disk, next.min(self.counters.next), rows)?;
            manifest.write(&*self.disk, &veil)?;
            let mut left = self.left;
            let named: BTreeSet<String> =
                manifest.chunks.iter().map(|it| manifest::chunk_name(&it.0)).collect();
            left.retain(|it| !named.contains(it));
            remove(&*self.disk, &left)?;
            Ok(kept)
        };
        let kept = write().map_err(SnapshotError::disk)?;
        let Written { new_chunks, new_bytes, mended, .. } = written;
        let damaged = kept.into_iter().map(MemoryId).collect();
        Ok(Taken { snapshot: listed(&manifest), new_chunks, new_bytes, mended, damaged })
    }
}

/// Why a folder that opens with an earlier key does not follow to the new one, in words.
fn cover_refused(unopened: &[u64]) -> String {
    const NAMED_MAX: usize = 10;
    let mut names: Vec<String> =
        unopened.iter().take(NAMED_MAX).map(|it| MemoryId(*it).to_string()).collect();
    if let Some(more) = unopened.len().checked_sub(NAMED_MAX).filter(|it| *it > 0) {
        names.push(format!("{more} more"));
    }
    let names = names.join(", ");
    format!(
        "it still opens with the earlier key, and may alone have whole what is damaged here: {names}; \
         forget those records, or name another folder"
    )
}

/// What a process that ended left: snapshots that were never finished, and chunks that none names.
fn left_over(found: &Content) -> Vec<String> {
    let mut left = found.unfinished.clone();
    // A damaged one may name any.
    if found.damaged.is_empty() {
        let named = found.whole.values().flat_map(|it| &it.chunks);
        let named: BTreeSet<String> = named.map(|it| manifest::chunk_name(&it.0)).collect();
        let files = found.files.iter().filter(|it| is_chunk(it) && !named.contains(*it));
        left.extend(files.cloned());
    }
    left
}

fn remove(disk: &dyn Disk, files: &[String]) -> io::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    files.iter().try_for_each(|it| disk.remove(it))?;
    disk.sync_folder()
}

/// Removes all but the newest `keep` snapshots of a store, and the chunks that none needs any more. What is damaged, or
/// of somebody else, stays and is no one of those that are kept.
pub(crate) fn thin(
    disk: &dyn Disk,
    store: [u8; 16],
    veil: &owner::Veil,
    keep: usize,
) -> Result<Thinned, SnapshotError> {
    let mut found = content(disk, Some(veil)).map_err(SnapshotError::disk)?;
    let mut thinned = Thinned { aside: found.damaged.clone(), ..Thinned::default() };
    let mut own = Vec::new();
    for (number, manifest) in &found.whole {
        let problem = match manifest.is_own && *manifest.store == store {
            true => missing(manifest, &found.files),
            false => Some("it is of another memory, or was changed".to_owned()),
        };
        match problem {
            Some(problem) => thinned.aside.push((name_of(*number), problem)),
            None => own.push(*number),
        }
    }
    thinned.aside.sort();
    own.truncate(own.len().saturating_sub(keep));
    if own.is_empty() {
        return Ok(thinned);
    }
    let gone: Vec<Manifest> = own.iter().filter_map(|it| found.whole.remove(it)).collect();
    let names: Vec<String> = own.into_iter().map(name_of).collect();
    let left = left_over(&found);
    // One that came back after a crash would miss its chunks.
    let removed = remove(disk, &names).and_then(|()| remove(disk, &left));
    removed.map_err(SnapshotError::disk)?;
    let chunks = gone.iter().flat_map(|it| &it.chunks);
    let lengths: BTreeMap<String, u64> =
        chunks.map(|it| (manifest::chunk_name(&it.0), it.1)).collect();
    thinned.bytes = left.iter().filter_map(|it| lengths.get(it)).sum();
    thinned.removed = names;
    Ok(thinned)
}

/// Refuses another folder than the one that is noted; `noted` are all folders of the store.
pub(crate) fn check_id(disk: &dyn Disk, folder: &Folder, noted: &[Folder]) -> Result<(), String> {
    let id = FolderId::of(disk).map_err(|it| it.to_string())?;
    // One that was noted without its id may have been given one since by another that was restored from it.
    if id == folder.id || (folder.id.is_none() && !noted.iter().any(|it| it.id == id)) {
        return Ok(());
    }
    let another = "another folder lies there now";
    Err(match id {
        Some(_) => another.to_owned(),
        None => {
            format!("{another}, or its file `{}` is lost: a snapshot there tells", folder_id::FILE)
        }
    })
}

/// Destroys in a folder the keys that a store has destroyed. `ids` are all that may be there, where that is known; `noted`
/// are all folders of the store.
pub(crate) fn forget_there(
    disk: &dyn Disk,
    (folder, noted): (&Folder, &[Folder]),
    identity: &Identity,
    (keys, rows): (&Keys, &Reading),
    ids: Option<&[u64]>,
) -> Result<(), String> {
    check_id(disk, folder, noted)?;
    let found = keys::identity(disk).map_err(|it| it.to_string())?;
    let shared = match found {
        // From there on its slots are of records of another that began as this one did.
        Some(it) if it.store == identity.store => identity.descent.shared_below(&it.descent),
        Some(_) => return Err("it holds snapshots of another memory".to_owned()),
        None => return Err("it holds no snapshots".to_owned()),
    };
    let shared = shared.unwrap_or(u64::MAX);
    // Keys that were to take the place of others are no place to forget.
    owner::finish_there(disk).map_err(|it| it.to_string())?;
    let done = match ids {
        Some(ids) => {
            let ids: Vec<u64> = ids.iter().copied().filter(|it| *it < shared).collect();
            keys::destroy_there(disk, &ids)
        }
        None => keys.destroy_same(disk, folder.upto.min(shared), rows),
    };
    done.map_err(|it| it.to_string())
}

/// Whether restoring a store was not finished.
pub(crate) fn is_unfinished(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.list()?.iter().any(|it| it == RESTORING))
}

/// Where a snapshot is restored from, and to.
pub struct Restoring<'a> {
    /// The folder with the snapshots.
    pub from: Arc<dyn Disk>,
    /// Its name.
    pub folder: &'a str,
    /// An empty folder, or one in which restoring was interrupted.
    pub to: Arc<dyn Disk>,
    /// What opens snapshots of a locked store.
    pub owner: Option<OwnerKey>,
    /// What opens the place of the store that they are of.
    pub places: &'a dyn Places,
}

/// Restores a snapshot into an empty folder. It is verified before it counts: until then the folder does not open.
/// What was forgotten since does not come back, where the folder of snapshots or the store that they are of, which
/// may be in use, tells of it.
///
/// # Errors
/// [`SnapshotError`]. What was begun in `to` is removed by the next who restores there.
pub fn restore(
    restoring: &Restoring<'_>,
    which: &Which,
    chance: &Arc<dyn Chance>,
    see: &(dyn Fn(u64, u64) -> bool + Sync),
) -> Result<Restored, SnapshotError> {
    let Restoring { from, folder, to, owner: key, places } = restoring;
    let there = to.list().map_err(SnapshotError::disk)?;
    let begun = there.iter().any(|it| it == RESTORING);
    if !begun && !is_blank(to, &there, key.clone(), chance) {
        return Err(SnapshotError::NotEmpty);
    }
    let missing = || SnapshotError::Damaged {
        what: keys::FILE.to_owned(),
        reason: "it is missing, or no file of keys".to_owned(),
    };
    let owner = Owner::find(from, key.as_ref())?.ok_or_else(missing)?;
    let veil = owner.veil().ok_or_else(missing)?;
    let found = content(&**from, Some(&veil)).map_err(SnapshotError::disk)?;
    let manifest = chosen(&found, which)?;
    let name = name_of(manifest.number);
    // Before anything is done for each id.
    check_given(manifest, audit_given(&**from, &found.files, manifest)?)?;
    let source = Keys::open(&**from, manifest.next, owner.mask())?;
    let forgotten = source.destroyed(manifest.next).map_err(SnapshotError::disk)?;
    let told = told_by_home(manifest, &veil_home(manifest, &veil), *places)?;
    let is_untold = |id: u64| told.has(id) && !forgotten.has(id);
    let is_gone = |id: u64| forgotten.has(id) || told.has(id);
    let damaged = |what: &str| SnapshotError::Damaged {
        what: name.clone(),
        reason: format!("{what} is not what was written"),
    };
    // A memory with one whose name is damaged does not open. Its vectors can be made again.
    let (encoders, nameless): (Encoders, Encoders) =
        manifest.encoders.iter().cloned().partition(|it| veil.show(&it.1).is_some());
    let mut noted =
        manifest.folders(&veil).ok_or_else(|| damaged("what it says of other folders"))?;
    let id = FolderId::of(&**from).map_err(SnapshotError::disk)?;
    let this = Folder {
        folder: (*folder).to_owned(),
        number: manifest.number,
        mark: *manifest.mark,
        upto: manifest.next,
        pending: told.ids().any(is_untold),
        // It may have lost it since.
        id: id.or_else(|| noted.iter().find(|it| it.mark == *manifest.mark)?.id),
    };
    // Nobody knows which of what is forgotten is forgotten in the others. Ids from there on are of other records.
    noted.retain(|it| !it.is_that(&this));
    noted.iter_mut().for_each(|it| (it.upto, it.pending) = (manifest.next, true));
    noted.push(this);
    let mut elsewhere = called(&noted);
    elsewhere.pop();

    begin(&**to, &there).map_err(SnapshotError::disk)?;
    let counters = Counters { next: manifest.next, commit: manifest.commit, cycle: manifest.cycle };
    let (mut came, mut withheld) = (0, 0);
    let derived = {
        let opening = Opening { cache_bytes: 64 << 20, check_bytes_max: 0 };
        let (mut tables, _) = Tables::open(&**to, opening)?;
        tables.veil(Some(veil.clone()));
        let mut filling = tables.filling()?;
        // What can't be read may say so, too.
        let may_derive = |from: u64, number: u32, to: u64, row: &[u8]| {
            let key_of = |it: u64| source.key(it).ok().flatten();
            let Some(key) = key_of(from) else { return true };
            match open_edge((&key, key_of(to).as_ref()), number, to, row) {
                Ok(edge) => edge.kind == DERIVED_FROM,
                Err(Shut::Other { derives }) => derives,
                Err(Shut::Damaged) => true,
            }
        };
        let total = 2 * manifest.chunks.len() as u64;
        for (number, chunk) in (1..).zip(&manifest.chunks) {
            let rows = chunks::read(&**from, &found.files, chunk)?;
            if let Rows::Records(rows) = &rows {
                came += rows.iter().filter(|it| !is_gone(it.0)).count() as u64;
                withheld += rows.iter().filter(|it| is_untold(it.0)).count() as u64;
            }
            let is_nameless = |encoder: u32| nameless.iter().any(|it| it.0 == encoder);
            if !matches!(&rows, Rows::Vectors(encoder, _) if is_nameless(*encoder)) {
                filling.add(&rows, &is_gone, &may_derive)?;
            }
            if !see(number, total) {
                return Err(SnapshotError::Stopped);
            }
        }
        let derived = filling.finish(counters, &encoders)?;
        tables.note_folders(&noted, &[])?;
        derived
    };
    let mut incarnation = [0; 16];
    chance.fill(&mut incarnation);
    let descent = manifest.descent().child(incarnation, manifest.next);
    let identity = Identity { store: *manifest.store, descent };
    let keyed = || -> io::Result<()> {
        owner.copy_to(&**to)?;
        source.copy_new(&**to, manifest.next, &identity, &is_gone)
    };
    keyed().map_err(SnapshotError::disk)?;
    let restored = || -> Result<Restored, SnapshotError> {
        let options = Options { owner: key.clone(), answers_bytes: 0, ..Options::default() };
        let memory = Memory::open_whole(Arc::clone(to), options, Arc::clone(chance))?;
        let half = |done: u64, total: u64| see(total + done, 2 * total);
        let verified = memory.verify(&half).map_err(SnapshotError::disk)?;
        let verified = verified.ok_or(SnapshotError::Stopped)?;
        if verified.records != came || verified.commit != manifest.commit {
            let reason = format!("{} of {came} records came", verified.records);
            return Err(SnapshotError::Damaged { what: name.clone(), reason });
        }
        let mut faults = verified.faults;
        faults.extend(nameless.iter().map(|_| Fault {
            id: None,
            part: Part::Vector,
            problem: "the name of an encoder is damaged: its vectors are left out".to_owned(),
        }));
        Ok(Restored {
            snapshot: listed(manifest),
            records: came,
            forgotten: manifest.records.saturating_sub(came),
            withheld,
            derived,
            faults,
            passed_over: passed_over(&found, which, manifest.number),
            elsewhere,
        })
    };
    let restored = restored()?;
    let finish = || -> io::Result<()> {
        to.sync_folder()?;
        to.remove(RESTORING)?;
        to.sync_folder()
    };
    finish().map_err(SnapshotError::disk)?;
    Ok(restored)
}

/// Whether a folder holds nothing, or a store into which nothing was ever written.
fn is_blank(
    to: &Arc<dyn Disk>,
    there: &[String],
    owner: Option<OwnerKey>,
    chance: &Arc<dyn Chance>,
) -> bool {
    let known = [crate::tables::FILE, keys::FILE, owner::FILE];
    if there.is_empty() || !there.iter().all(|it| known.contains(&it.as_str())) {
        return there.is_empty();
    }
    let options = Options { owner, ..Options::default() };
    let opened = Memory::open_whole(Arc::clone(to), options, Arc::clone(chance));
    opened.is_ok_and(|it| it.commit() == 0)
}

/// Marks a folder, and removes what an interrupted restore left there.
fn begin(to: &dyn Disk, there: &[String]) -> io::Result<()> {
    to.open(RESTORING)?.sync()?;
    to.sync_folder()?;
    for name in there.iter().filter(|it| *it != RESTORING) {
        // What is destroyed later shall not be there still.
        if keys::is_name(name) { keys::drop_file(to, name)? } else { to.remove(name)? }
    }
    to.sync_folder()
}

/// The manifest that is meant. Where none is named, one that its memory did not sign is in nobody's way.
fn chosen<'a>(found: &'a Content, which: &Which) -> Result<&'a Manifest, SnapshotError> {
    let not_found = |wanted: &str| SnapshotError::NotFound { wanted: wanted.to_owned() };
    let signed = |manifest: &'a Manifest| {
        let reason = FOREIGN.to_owned();
        let damaged = || SnapshotError::Damaged { what: name_of(manifest.number), reason };
        manifest.is_own.then_some(manifest).ok_or_else(damaged)
    };
    let upto = match which {
        Which::Newest => Timestamp::LAST,
        Which::At(at) => *at,
        Which::Named(name) => {
            if let Some((_, how)) = found.damaged.iter().find(|it| it.0 == *name) {
                return Err(SnapshotError::Damaged { what: name.clone(), reason: how.clone() });
            }
            let number = number_of(name).ok_or_else(|| not_found(&format!("`{name}`")))?;
            let named = found.whole.get(&number);
            return signed(named.ok_or_else(|| not_found(&format!("`{name}`")))?);
        }
    };
    let meant = || found.whole.values().rev().filter(|it| it.at <= upto.as_micros()).map(signed);
    let newest = meant().find(Result::is_ok).or_else(|| meant().next());
    newest.unwrap_or_else(|| {
        Err(match which {
            Which::At(at) => not_found(&format!("of {at} or before")),
            _ => not_found("that is whole"),
        })
    })
}

/// Later ones than that which was chosen, where none was named: name, and what is wrong.
fn passed_over(found: &Content, which: &Which, chosen: u64) -> Vec<(String, String)> {
    if matches!(which, Which::Named(_)) {
        return Vec::new();
    }
    let later = found.whole.range(chosen + 1..);
    let foreign = later.filter(|it| !it.1.is_own);
    let foreign = foreign.map(|it| (name_of(*it.0), FOREIGN.to_owned()));
    let damaged = found.damaged.iter().filter(|it| it.0 > name_of(chosen)).cloned();
    let mut all: Vec<_> = foreign.chain(damaged).collect();
    all.sort();
    all
}

/// How many ids the lines of an audit gave away, by their commits: each id is of one of them, also where its record is
/// forgotten.
fn given_away(rows: &Rows) -> Vec<(u64, u64)> {
    let Rows::Audit(lines) = rows else { return Vec::new() };
    let written = lines.iter().filter(|it| it.1.1 == Deed::Remembered.code());
    written.map(|it| (it.0, it.1.3.min(BATCH_MAX as u64))).collect()
}

/// Refuses a snapshot that counts more ids than its audit `given` away, each commit once however many lines name it.
fn check_given(
    manifest: &Manifest,
    given: impl IntoIterator<Item = (u64, u64)>,
) -> Result<(), SnapshotError> {
    let commits: BTreeMap<u64, u64> = given.into_iter().collect();
    if commits.into_values().sum::<u64>() >= manifest.next {
        return Ok(());
    }
    Err(SnapshotError::Damaged { what: name_of(manifest.number), reason: NOT_GIVEN.to_owned() })
}

/// What the audit of a snapshot gave away, and as little else as there is behind it.
fn audit_given(
    disk: &dyn Disk,
    files: &BTreeSet<String>,
    manifest: &Manifest,
) -> Result<Vec<(u64, u64)>, SnapshotError> {
    let mut given = Vec::new();
    // Chunks of the audit come behind those of records; the others behind those are few.
    for chunk in manifest.chunks.iter().rev() {
        match chunks::read(disk, files, chunk)? {
            rows @ Rows::Audit(_) => given.extend(given_away(&rows)),
            Rows::Done(_) => {}
            _ => break,
        }
    }
    Ok(given)
}

/// Where the store lies that a snapshot is of; nothing where that can't be read.
fn veil_home(manifest: &Manifest, veil: &owner::Veil) -> String {
    veil.show(&manifest.home).unwrap_or_default()
}

/// Ids of a snapshot for which the store that it is of has no keys, where it is there, whole, and that one. They may be
/// forgotten or damaged there, which its file of keys does not tell: nothing of them comes back, and nothing is destroyed.
fn told_by_home(
    manifest: &Manifest,
    home: &str,
    places: &dyn Places,
) -> Result<Destroyed, SnapshotError> {
    // One that was not restored to its end has keys that are not there yet, and forgot nothing.
    if places.file_of(home, RESTORING).is_some() {
        return Ok(Destroyed::default());
    }
    let Some(file) = places.file_of(home, keys::FILE) else { return Ok(Destroyed::default()) };
    let Ok(Some(identity)) = keys::identity_of(&*file) else { return Ok(Destroyed::default()) };
    if identity.store != *manifest.store {
        return Ok(Destroyed::default());
    }
    // Two that began as one share the ids of before they parted.
    let shared = identity.descent.surely_shared_below(&manifest.descent());
    keys::destroyed_in(&*file, shared.min(manifest.next)).map_err(SnapshotError::disk)
}
