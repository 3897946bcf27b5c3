//! Content in append-only pack files, found by its hash.
//!
//! A pack is a line of [`MAGIC`] and then blobs, each behind a header of [`HEADER_BYTES`]: hash, length
//! (little endian) and the first eight bytes of the hash over both. Nothing in a pack is ever changed.
//! The index from hash to place is derived: whatever lies behind the mark up to which a pack is indexed
//! is read again when the store opens, and a torn end is cut.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use voyager_base::{
    Digest,
    disk::{Disk, DiskFile},
    record::{AppendError, ReadError},
};

use crate::{
    error::{OpenError, cannot_append, cannot_open, cannot_read},
    row::damaged,
};

/// How every pack begins.
const MAGIC: &[u8; 16] = b"voyager pack 01\n";

/// Length of the header of a blob.
const HEADER_BYTES: usize = 48;

/// The largest blob: what is read back lies in memory as a whole.
pub(crate) const BLOB_BYTES_MAX: u64 = 1 << 30;

/// Blobs up to this size are written together with their header, in one call.
const JOINED_BYTES_MAX: usize = 64 << 10;

/// How much is read at once where a pack is looked through.
const CHUNK_BYTES: usize = 1 << 20;

/// Where a blob lies: its header begins at `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) pack: u32,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Place {
    fn end(&self) -> u64 {
        self.offset + self.size()
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> u64 {
        HEADER_BYTES as u64 + self.length
    }
}

/// Content that is on the disk, but not in the index yet.
#[derive(Default)]
pub(crate) struct Synced {
    /// The blobs.
    pub(crate) blobs: BTreeMap<Digest, Place>,
    /// Up to where each pack is then indexed.
    pub(crate) marks: BTreeMap<u32, u64>,
}

impl Synced {
    /// Whether there is nothing to index.
    pub(crate) fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.marks.is_empty()
    }
}

/// The pack files of a store.
pub(crate) struct Packs {
    disk: Arc<dyn Disk>,
    pack_bytes_max: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<u32, Arc<dyn DiskFile>>,
    /// The highest number that was ever used.
    last: u32,
    /// The pack that grows, and its end.
    open: Option<(u32, u64)>,
    /// Packs written to since they were synced.
    unsynced: BTreeMap<u32, u64>,
    /// Whether a pack was made since the folder was synced.
    folder_unsynced: bool,
    /// Blobs that no commit has taken yet.
    fresh: BTreeMap<Digest, Place>,
    fresh_bytes: u64,
    /// Blobs of the commit under way.
    committing: BTreeMap<Digest, Place>,
}

fn name(pack: u32) -> String {
    format!("pack-{pack:06}")
}

fn number(name: &str) -> Option<u32> {
    name.strip_prefix("pack-").filter(|it| it.len() >= 6)?.parse().ok()
}

fn header(digest: Digest, length: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..32].copy_from_slice(&digest.0);
    header[32..40].copy_from_slice(&length.to_le_bytes());
    let check = Digest::of(&header[..40]);
    header[40..].copy_from_slice(&check.0[..8]);
    header
}

/// Hash and length from a header; none where it isn't one.
fn read_header(bytes: &[u8; HEADER_BYTES]) -> Option<(Digest, u64)> {
    let digest = Digest(*bytes.first_chunk()?);
    let length = u64::from_le_bytes(*bytes[32..].first_chunk()?);
    (header(digest, length) == *bytes && length <= BLOB_BYTES_MAX).then_some((digest, length))
}

impl Packs {
    /// Opens the packs of a folder. `marks` says up to where each is indexed; none where there is no
    /// index at all: then every pack is read, and none is changed.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        pack_bytes_max: u64,
        marks: Option<&BTreeMap<u32, u64>>,
    ) -> Result<Self, OpenError> {
        let mut state = State::default();
        let names = disk.list().map_err(cannot_open)?;
        let found: BTreeSet<u32> = names.iter().filter_map(|it| number(it)).collect();
        state.last =
            found.iter().chain(marks.iter().flat_map(|it| it.keys())).max().map_or(0, |it| *it);
        for pack in found {
            let file: Arc<dyn DiskFile> = disk.open(&name(pack)).map_err(cannot_open)?.into();
            state.files.insert(pack, Arc::clone(&file));
            match marks {
                None => state.index_all(pack, &*file),
                Some(marks) => state.recover(pack, &*file, marks.get(&pack).copied()),
            }
            .map_err(|error| cannot_open(format!("{}: {error}", name(pack))))?;
        }
        Ok(Self { disk, pack_bytes_max, state: Mutex::new(state) })
    }

    /// Keeps `bytes` unless `indexed` says that they are kept already. Gives back the size of what
    /// no commit has taken yet.
    pub(crate) fn put(
        &self,
        digest: Digest,
        bytes: &[u8],
        indexed: impl FnOnce() -> Result<bool, AppendError>,
    ) -> Result<u64, AppendError> {
        let length = bytes.len() as u64;
        if length > BLOB_BYTES_MAX {
            let reason =
                format!("content of {length} bytes is above the limit of {BLOB_BYTES_MAX}");
            return Err(cannot_append(reason));
        }
        let mut state = self.state();
        if state.unindexed(digest).is_none() && !indexed()? {
            self.write(&mut state, digest, bytes).map_err(cannot_append)?;
        }
        Ok(state.fresh_bytes)
    }

    fn write(&self, state: &mut State, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        let (pack, offset) = self.room(state, length)?;
        let file = &state.files[&pack];
        let header = header(digest, length);
        if bytes.len() <= JOINED_BYTES_MAX {
            file.write_at(offset, &[header.as_slice(), bytes].concat())?;
        } else {
            file.write_at(offset, &header)?;
            file.write_at(offset + HEADER_BYTES as u64, bytes)?;
        }
        let place = Place { pack, offset, length };
        state.open = Some((pack, place.end()));
        state.unsynced.insert(pack, place.end());
        state.fresh.insert(digest, place);
        state.fresh_bytes += length;
        Ok(())
    }

    /// The pack and place for a blob of `length` bytes; a new pack where it would grow too large.
    fn room(&self, state: &mut State, length: u64) -> io::Result<(u32, u64)> {
        if let Some((pack, end)) = state.open
            && end + HEADER_BYTES as u64 + length <= self.pack_bytes_max
        {
            return Ok((pack, end));
        }
        let pack = state.last + 1;
        let file: Arc<dyn DiskFile> = self.disk.open(&name(pack))?.into();
        file.set_len(0)?;
        file.write_at(0, MAGIC)?;
        let end = MAGIC.len() as u64;
        state.files.insert(pack, file);
        state.last = pack;
        state.open = Some((pack, end));
        state.unsynced.insert(pack, end);
        state.folder_unsynced = true;
        Ok((pack, end))
    }

    /// Makes durable what was put so far. [`Packs::indexed`] tells when its index is, too.
    pub(crate) fn sync(&self) -> io::Result<Synced> {
        let (blobs, marks, files, folder) = {
            let mut state = self.state();
            state.fresh_bytes = 0;
            state.committing = std::mem::take(&mut state.fresh);
            let marks = std::mem::take(&mut state.unsynced);
            let files: Vec<_> = marks.keys().map(|pack| Arc::clone(&state.files[pack])).collect();
            (state.committing.clone(), marks, files, std::mem::take(&mut state.folder_unsynced))
        };
        files.iter().try_for_each(|file| file.sync())?;
        if folder {
            self.disk.sync_folder()?;
        }
        Ok(Synced { blobs, marks })
    }

    /// Lets the next blob begin a new pack.
    pub(crate) fn begin_new(&self) {
        self.state().open = None;
    }

    /// Removes packs of which nothing is in the index.
    pub(crate) fn remove(&self, packs: &[u32]) -> io::Result<()> {
        let mut state = self.state();
        for pack in packs {
            state.files.remove(pack);
            state.unsynced.remove(pack);
            self.disk.remove(&name(*pack))?;
        }
        self.disk.sync_folder()
    }

    /// Says that the blobs of the last [`Packs::sync`] are found in the index now.
    pub(crate) fn indexed(&self) {
        self.state().committing.clear();
    }

    /// Bytes of all packs, and of another file beside them.
    pub(crate) fn bytes_with(&self, name: &str) -> io::Result<u64> {
        let files: Vec<Arc<dyn DiskFile>> = self.state().files.values().map(Arc::clone).collect();
        files.iter().try_fold(self.disk.open(name)?.len()?, |sum, file| Ok(sum + file.len()?))
    }

    /// Where a blob lies that is not in the index yet.
    pub(crate) fn unindexed(&self, digest: Digest) -> Option<Place> {
        self.state().unindexed(digest)
    }

    /// Reads a blob, and checks that it has its hash.
    pub(crate) fn read(&self, digest: Digest, place: Place) -> Result<Vec<u8>, ReadError> {
        let broken = |reason: String| damaged(format!("content {digest}"), reason);
        let name = name(place.pack);
        let file = self.state().files.get(&place.pack).map(Arc::clone);
        let file = file.ok_or_else(|| broken(format!("{name} is missing")))?;
        if file.len().map_err(cannot_read)? < place.end() {
            return Err(broken(format!("{name} is too short")));
        }
        let mut found = [0; HEADER_BYTES];
        file.read_at(place.offset, &mut found).map_err(cannot_read)?;
        if found != header(digest, place.length) || place.length > BLOB_BYTES_MAX {
            return Err(broken(format!("its header in {name} differs")));
        }
        let mut bytes = vec![0; place.length as usize];
        file.read_at(place.offset + HEADER_BYTES as u64, &mut bytes).map_err(cannot_read)?;
        if Digest::of(&bytes) != digest {
            return Err(broken(format!("its bytes in {name} have another hash")));
        }
        Ok(bytes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn unindexed(&self, digest: Digest) -> Option<Place> {
        self.fresh.get(&digest).or_else(|| self.committing.get(&digest)).copied()
    }

    /// Takes the whole blobs behind the mark, and cuts what is torn behind them. A pack that is
    /// shorter than its mark, or no pack any more, is left as it is: what is missing shows when it is
    /// asked for.
    fn recover(&mut self, pack: u32, file: &dyn DiskFile, mark: Option<u64>) -> io::Result<()> {
        let length = file.len()?;
        let begun = has_magic(file, length)?;
        let mark = match mark {
            Some(mark) if begun && length >= mark => mark,
            Some(_) => return Ok(()),
            None if begun => MAGIC.len() as u64,
            None => return self.begin_again(pack, file),
        };
        let mut end = mark;
        while let Scan::Whole(digest, place) = scan(file, pack, end, length)? {
            self.fresh.insert(digest, place);
            end = place.end();
        }
        if end < length {
            file.set_len(end)?;
        }
        if end > mark || end < length || mark == MAGIC.len() as u64 {
            self.unsynced.insert(pack, end);
            self.folder_unsynced = true;
        }
        self.open = Some((pack, end));
        Ok(())
    }

    /// A pack whose first line never reached the disk holds nothing that was acknowledged.
    fn begin_again(&mut self, pack: u32, file: &dyn DiskFile) -> io::Result<()> {
        file.set_len(0)?;
        file.write_at(0, MAGIC)?;
        let end = MAGIC.len() as u64;
        self.unsynced.insert(pack, end);
        self.folder_unsynced = true;
        self.open = Some((pack, end));
        Ok(())
    }

    /// Takes every blob of a pack that can be found, past damaged ones too.
    fn index_all(&mut self, pack: u32, file: &dyn DiskFile) -> io::Result<()> {
        let length = file.len()?;
        if !has_magic(file, length)? {
            return Ok(());
        }
        let mut end = MAGIC.len() as u64;
        loop {
            match scan(file, pack, end, length)? {
                Scan::Whole(digest, place) => {
                    self.fresh.insert(digest, place);
                    end = place.end();
                }
                Scan::Damaged(place) => end = place.end(),
                Scan::End => break,
            }
        }
        self.unsynced.insert(pack, length);
        self.folder_unsynced = true;
        Ok(())
    }
}

fn has_magic(file: &dyn DiskFile, length: u64) -> io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    if length < MAGIC.len() as u64 {
        return Ok(false);
    }
    file.read_at(0, &mut magic)?;
    Ok(&magic == MAGIC)
}

/// What lies at some place of a pack.
enum Scan {
    Whole(Digest, Place),
    /// A header, but other bytes than it says.
    Damaged(Place),
    /// No header, or one that points beyond the end.
    End,
}

fn scan(file: &dyn DiskFile, pack: u32, offset: u64, file_length: u64) -> io::Result<Scan> {
    let mut found = [0; HEADER_BYTES];
    if file_length.saturating_sub(offset) < HEADER_BYTES as u64 {
        return Ok(Scan::End);
    }
    file.read_at(offset, &mut found)?;
    let Some((digest, length)) = read_header(&found) else { return Ok(Scan::End) };
    let place = Place { pack, offset, length };
    if place.end() > file_length {
        return Ok(Scan::End);
    }
    let whole = hash(file, offset + HEADER_BYTES as u64, length)? == digest;
    Ok(if whole { Scan::Whole(digest, place) } else { Scan::Damaged(place) })
}

fn hash(file: &dyn DiskFile, mut offset: u64, length: u64) -> io::Result<Digest> {
    let end = offset + length;
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK_BYTES.min(length as usize)];
    while offset < end {
        let part = chunk.len().min((end - offset) as usize);
        file.read_at(offset, &mut chunk[..part])?;
        hasher.update(&chunk[..part]);
        offset += part as u64;
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}
