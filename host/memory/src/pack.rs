//! A file of arrays that opens at once, however large it is: its bytes come into memory when they are asked.
//!
//! A pack is written once and never changed. It is a header, a body of sections, and a table: the hashes of the
//! body's chunks, the list of sections, and a manifest of the writer's own. Body and table are enciphered under
//! a key of that pack alone, at the offset at which they lie, so that any part can be read without the others;
//! who destroys the key destroys all copies. The [`Root`] speaks for every byte: it is a hash, under the key,
//! of header and table, and the table holds a hash of each chunk.
//!
//! Opening reads header and table. A chunk is read, compared with its hash, deciphered and kept when it is first
//! touched. What is found damaged then is no error of whoever reads: reads give
//! zeros, [`Pack::is_damaged`] says so, and who holds the pack makes it anew from what it was made of.
//!
//! What is deliberately not here: what sections mean, changes of a pack, where keys and roots are kept, and
//! mapping the file, which would need the plain bytes on the disk.

mod cipher;
mod coming;
mod flat;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod gradual;
mod section;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::BTreeMap,
    fmt, io,
    num::NonZeroUsize,
    ops::Range,
    panic,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
};

use serde::de::DeserializeOwned;
use voyager_base::disk::DiskFile;

use self::{
    cipher::Cipher,
    format::{CHUNK_BYTES, HEADER_BYTES, Header, Listed, fault_of},
};
pub(crate) use self::{
    coming::Coming,
    flat::{Flat, FlatList},
    gradual::Gradual,
    section::Section,
    writer::Writer,
};

/// So many bytes are worth a thread more to read them.
const SHARED_BYTES: usize = 1 << 20;

/// So many chunks are asked of the system at once where more are wanted.
const RUN_CHUNKS: usize = 16;

/// Their bytes.
const RUN_BYTES: usize = RUN_CHUNKS * CHUNK_BYTES;

/// Lengthens with zeros, with room for an eighth more: doubling would leave half of a large store's memory unused.
pub(crate) fn lengthen<T: Clone + Default>(list: &mut Vec<T>, length: usize) {
    if list.capacity() < length {
        list.reserve_exact(length + length / 8 - list.len());
    }
    list.resize(length, T::default());
}

/// Does both, at once where there are many bytes to read.
pub(crate) fn at_once<A: Send, B>(
    bytes: usize,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    if bytes < SHARED_BYTES {
        return (one(), other());
    }
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|it| panic::resume_unwind(it)), other)
    })
}

/// Speaks for every byte of a pack: two packs with one root are the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Root(pub(crate) [u8; 32]);

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from_bytes(self.0).to_hex().fmt(f)
    }
}

/// Why a file cannot be used as a pack. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PackError {
    /// The disk refused. Trying again may help.
    #[error("cannot read the pack: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
    /// It is some other file, or writing it was cut off.
    #[error("the file is no pack, or was not written to its end")]
    NotAPack,
    /// A newer version wrote it.
    #[error("the pack has format {found}, this program knows {known}")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// It was written with another key.
    #[error("the pack was written with another key")]
    WrongKey,
    /// It is whole, and another one than was asked for.
    #[error("the pack is another one than was written last")]
    Another,
    /// What is there is not what was written.
    #[error("the pack is damaged: {what}")]
    Damaged {
        /// Which part, or how that shows.
        what: String,
    },
}

fn damaged(what: impl Into<String>) -> PackError {
    PackError::Damaged { what: what.into() }
}

fn disk(error: impl ToString) -> PackError {
    PackError::Disk { reason: error.to_string() }
}

/// An open pack. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Pack {
    body: Arc<Body>,
    sections: Arc<BTreeMap<String, Range<usize>>>,
    manifest: Arc<[u8]>,
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pack");
        shown.field("sections", &self.sections);
        shown.field("damage", &self.body.damage.get()).finish_non_exhaustive()
    }
}

impl Pack {
    /// Opens a pack; with `expected`, that one and no other.
    pub(crate) fn open(
        file: Box<dyn DiskFile>,
        key: &[u8; 32],
        expected: Option<&Root>,
    ) -> Result<Self, PackError> {
        let cipher = Cipher::new(key);
        let length = file.len().map_err(disk)?;
        let mut bytes = [0; HEADER_BYTES];
        let there = usize::try_from(length).unwrap_or(usize::MAX).min(HEADER_BYTES);
        file.read_at(0, &mut bytes[..there]).map_err(disk)?;
        if there < HEADER_BYTES && Header::is_begun_by(&bytes) {
            return Err(damaged("it ends within its header"));
        }
        let header = Header::read(bytes, length, &cipher)?;
        if expected.is_some_and(|it| *it != header.root) {
            return Err(PackError::Another);
        }
        let sizes = header.sizes;
        let mut table = vec![0; sizes.table()];
        file.read_at(HEADER_BYTES as u64 + sizes.body, &mut table).map_err(disk)?;
        if header.root_with(&cipher, &table) != header.root {
            return Err(damaged("its table"));
        }
        cipher.apply(sizes.body, &mut table);
        let (index, manifest) = table[sizes.hashes()..].split_at(sizes.index);
        let listed: Vec<Listed> =
            rmp_serde::from_slice(index).map_err(|_| damaged("its list of sections"))?;
        if let Some(fault) = fault_of(&listed, sizes.body) {
            return Err(damaged(format!("its list of sections: {fault}")));
        }
        let manifest = manifest.into();
        table.truncate(sizes.hashes());
        // Bodies are bounded, and sections were found to lie in theirs.
        let place = |it: Listed| (it.0, it.1 as usize..(it.1 + it.2) as usize);
        let body = Body {
            file,
            cipher,
            length: sizes.body as usize,
            hashes: table,
            chunks: (0..sizes.chunks()).map(|_| OnceLock::new()).collect(),
            last: Mutex::default(),
            damage: OnceLock::new(),
        };
        Ok(Self {
            body: Arc::new(body),
            sections: Arc::new(listed.into_iter().map(place).collect()),
            manifest,
        })
    }

    /// What its writer said of it.
    pub(crate) fn manifest<T: DeserializeOwned>(&self) -> Result<T, PackError> {
        let read = rmp_serde::from_slice(&self.manifest);
        read.map_err(|error| damaged(format!("its manifest: {error}")))
    }

    /// A section, none of whose bytes is read yet; none where it has none of that name.
    pub(crate) fn section(&self, name: &str) -> Option<Section> {
        let range = self.sections.get(name)?;
        Some(Section::packed(&self.body, range.start, range.len()))
    }

    /// Whether something of it could not be read, or is not what was written. What was read since it was opened
    /// may hold zeros then.
    #[inline]
    pub(crate) fn is_damaged(&self) -> bool {
        self.body.is_damaged()
    }

    /// How many bytes its chunks have.
    pub(crate) fn bytes(&self) -> u64 {
        self.body.length as u64
    }

    /// How many chunks it has, for [`Pack::verify_range`].
    pub(crate) fn chunks(&self) -> usize {
        self.body.chunks.len()
    }

    /// Compares what lies on the disk of some chunks with its hashes, and brings nothing into memory. Several threads
    /// may do so at once, each for some.
    pub(crate) fn verify_range(&self, chunks: Range<usize>) -> Result<(), PackError> {
        let mut bytes = vec![0; RUN_BYTES];
        let end = self.body.length.min(chunks.end * CHUNK_BYTES);
        for first in chunks.step_by(RUN_CHUNKS) {
            let start = first * CHUNK_BYTES;
            let run = &mut bytes[..RUN_BYTES.min(end - start)];
            let read = self.body.read_raw(start, run).map_err(disk);
            let mut numbered = (first..).zip(run.chunks(CHUNK_BYTES));
            let compare = |it: (usize, &[u8])| self.body.compare(it.0, it.1);
            let whole = read.and_then(|()| numbered.try_for_each(compare));
            whole.inspect_err(|fault| self.body.found(fault.clone()))?;
        }
        Ok(())
    }
}

/// What tests and fuzzing ask beside.
#[cfg(any(test, fuzzing))]
impl Pack {
    /// How damage showed first.
    pub(crate) fn damage(&self) -> Option<&str> {
        self.body.damage.get().map(String::as_str)
    }

    /// Reads everything that lies on the disk behind the header and the table, and compares it with its hashes.
    /// Brings nothing into memory.
    pub(crate) fn verify(&self) -> Result<(), PackError> {
        self.verify_range(0..self.chunks())
    }
}

/// The sections of a pack, and which of its chunks are in memory.
struct Body {
    file: Box<dyn DiskFile>,
    cipher: Cipher,
    length: usize,
    /// Of each chunk, one after the other.
    hashes: Vec<u8>,
    chunks: Box<[OnceLock<Box<[u8]>>]>,
    /// The chunk of which a part was copied last: sections may be small, and many lie in one.
    last: Mutex<Option<(usize, Box<[u8]>)>>,
    damage: OnceLock<String>,
}

impl Body {
    /// A chunk's plain bytes: those that are kept, or zeros where it is damaged.
    #[inline]
    fn chunk(&self, number: usize) -> &[u8] {
        self.chunks[number].get_or_init(|| self.load(number))
    }

    /// The bytes from `from` to `to`, which lie in one chunk.
    fn part(&self, from: usize, to: usize) -> &[u8] {
        let first = from / CHUNK_BYTES * CHUNK_BYTES;
        &self.chunk(from / CHUNK_BYTES)[from - first..to - first]
    }

    /// Copies the bytes from `start` on, and keeps no chunk. Many are shared by as many threads as the machine runs
    /// at once: deciphering and hashing take most of the time of an opening.
    fn copy(&self, start: usize, into: &mut [u8]) {
        let head = into.len().min(start.next_multiple_of(CHUNK_BYTES) - start);
        let (head, rest) = into.split_at_mut(head);
        self.copy_part(start, head);
        let start = start + head.len();
        // The system is asked only where it matters: that reads files.
        let most = rest.len() / SHARED_BYTES;
        let machine = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = if most < 2 { 1 } else { machine().min(most) };
        let share =
            |(number, it): (usize, &mut [u8])| self.copy_run(start + number * RUN_BYTES, it);
        let shares = rest.chunks_mut(RUN_BYTES).enumerate();
        if threads < 2 {
            return shares.for_each(share);
        }
        let shares = Mutex::new(shares);
        let next = || shares.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || std::iter::from_fn(next).for_each(share);
        thread::scope(|scope| {
            (1..threads).for_each(|_| _ = scope.spawn(work));
            work();
        });
    }

    /// Copies bytes from the beginning of a chunk on, those of chunks that are not in memory in one read.
    fn copy_run(&self, start: usize, into: &mut [u8]) {
        let first = start / CHUNK_BYTES;
        let whole = into.len() / CHUNK_BYTES;
        let kept = self.chunks.iter().skip(first).take(whole).any(|it| it.get().is_some());
        // What cannot be read at once is read chunk by chunk, so that only what is damaged is missing.
        let read =
            whole > 0 && !kept && self.read_raw(start, &mut into[..whole * CHUNK_BYTES]).is_ok();
        for (number, bytes) in (first..).zip(into.chunks_mut(CHUNK_BYTES)) {
            match read && bytes.len() == CHUNK_BYTES {
                true => self.open_chunk(number, self.compare(number, bytes), bytes),
                false => self.copy_part(number * CHUNK_BYTES, bytes),
            }
        }
    }

    /// Copies bytes that lie in one chunk.
    fn copy_part(&self, from: usize, into: &mut [u8]) {
        let number = from / CHUNK_BYTES;
        let first = number * CHUNK_BYTES;
        let whole = CHUNK_BYTES.min(self.length.saturating_sub(first));
        match self.chunks.get(number).and_then(OnceLock::get) {
            _ if into.is_empty() => (),
            Some(chunk) => into.copy_from_slice(&chunk[from - first..][..into.len()]),
            None if into.len() == whole => self.load_into(number, into),
            None => {
                // Nobody waits while another one reads.
                let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
                let known = last().take().filter(|it| it.0 == number);
                let (_, chunk) = known.unwrap_or_else(|| (number, self.load(number)));
                into.copy_from_slice(&chunk[from - first..][..into.len()]);
                *last() = Some((number, chunk));
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn load(&self, number: usize) -> Box<[u8]> {
        let mut bytes = vec![0; CHUNK_BYTES.min(self.length - number * CHUNK_BYTES)];
        self.load_into(number, &mut bytes);
        bytes.into()
    }

    fn load_into(&self, number: usize, bytes: &mut [u8]) {
        let read = self.read_raw(number * CHUNK_BYTES, bytes).map_err(disk);
        self.open_chunk(number, read.and_then(|()| self.compare(number, bytes)), bytes);
    }

    /// Deciphers a chunk that was read, or puts zeros in its place.
    fn open_chunk(&self, number: usize, read: Result<(), PackError>, bytes: &mut [u8]) {
        match read {
            Ok(()) => self.cipher.apply((number * CHUNK_BYTES) as u64, bytes),
            Err(fault) => {
                self.found(fault);
                bytes.fill(0);
            }
        }
    }

    /// Compares the enciphered bytes of a chunk with its hash.
    fn compare(&self, number: usize, bytes: &[u8]) -> Result<(), PackError> {
        if self.hashes.as_chunks().0[number] != *blake3::hash(bytes).as_bytes() {
            return Err(damaged(format!("chunk {number} of {}", self.chunks.len())));
        }
        Ok(())
    }

    /// Copies plain bytes from chunks that are kept, or else from the file without looking at a hash.
    fn read(&self, start: usize, into: &mut [u8]) {
        let Some(last) = into.len().checked_sub(1) else { return };
        let numbers = start / CHUNK_BYTES..=(start + last) / CHUNK_BYTES;
        let kept = |number: usize| self.chunks[number].get();
        if numbers.clone().all(|it| kept(it).is_some()) {
            let (mut at, mut rest) = (start % CHUNK_BYTES, into);
            for chunk in numbers.filter_map(kept) {
                let (now, later) = rest.split_at_mut(rest.len().min(chunk.len() - at));
                now.copy_from_slice(&chunk[at..at + now.len()]);
                (at, rest) = (0, later);
            }
            return;
        }
        match self.read_raw(start, into) {
            Ok(()) => self.cipher.apply(start as u64, into),
            Err(error) => {
                self.found(disk(error));
                into.fill(0);
            }
        }
    }

    fn read_raw(&self, start: usize, into: &mut [u8]) -> io::Result<()> {
        self.file.read_at((HEADER_BYTES + start) as u64, into)
    }

    #[inline]
    fn is_damaged(&self) -> bool {
        self.damage.get().is_some()
    }

    /// Keeps what was found first.
    fn found(&self, fault: PackError) {
        // A later one tells nothing new.
        let _ = self.damage.set(fault.to_string());
    }

    /// `range` as it may be asked of a section of `length` bytes.
    fn bounded(&self, range: Range<usize>, length: usize) -> Range<usize> {
        if range.start <= range.end && range.end <= length {
            return range;
        }
        self.bounds_may_be_wrong(range.start.max(range.end), length);
        let end = range.end.min(length);
        range.start.min(end)..end
    }

    /// Something was asked beyond the end: a bug, save where zeros of a damaged chunk were taken for places.
    #[cold]
    #[inline(never)]
    fn bounds_may_be_wrong(&self, at: usize, length: usize) {
        if !self.is_damaged() {
            section::beyond(at, length);
        }
    }
}
