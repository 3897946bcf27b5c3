//! redb on a file of [`voyager_base::disk`], so that the same engine runs on the simulated disk.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt, io,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;
use voyager_base::disk::DiskFile;

/// The one file of a redb database.
pub struct Backend(pub Box<dyn DiskFile>);

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Backend")
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}

/// A file to look at: what is written stays in memory.
pub struct Overlay {
    file: Box<dyn DiskFile>,
    state: Mutex<Written>,
}

struct Written {
    length: u64,
    /// Whole pages that were written, by their number.
    pages: BTreeMap<u64, Box<[u8; PAGE_BYTES]>>,
    /// Shortest length so far: what lay behind reads as zeros.
    kept: u64,
}

const PAGE_BYTES: usize = 4096;

impl Overlay {
    /// Looks at `file`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn new(file: Box<dyn DiskFile>) -> io::Result<Self> {
        let length = file.len()?;
        let state = Mutex::new(Written { length, pages: BTreeMap::new(), kept: length });
        Ok(Self { file, state })
    }

    fn state(&self) -> MutexGuard<'_, Written> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of one page of the file below, zeros where it does not reach.
    fn page_below(&self, page: u64, kept: u64) -> io::Result<Box<[u8; PAGE_BYTES]>> {
        let mut bytes = Box::new([0; PAGE_BYTES]);
        let start = page * PAGE_BYTES as u64;
        let there = kept.saturating_sub(start).min(PAGE_BYTES as u64) as usize;
        self.file.read_at(start, &mut bytes[..there])?;
        Ok(bytes)
    }
}

/// Parts of a range by page: number, place within the page, place within the range.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, Range<usize>, Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % PAGE_BYTES as u64) as usize;
        let part = (PAGE_BYTES - within).min(length - done);
        let range = done..done + part;
        done += part;
        (part > 0).then_some((at / PAGE_BYTES as u64, within..within + part, range))
    })
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overlay")
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > state.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if state.pages.is_empty() && state.kept == state.length {
            return self.file.read_at(offset, out);
        }
        for (page, within, range) in parts(offset, out.len()) {
            match state.pages.get(&page) {
                Some(bytes) => out[range].copy_from_slice(&bytes[within]),
                None => out[range].copy_from_slice(&self.page_below(page, state.kept)?[within]),
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        let kept_pages = length.div_ceil(PAGE_BYTES as u64);
        state.pages.retain(|page, _| *page < kept_pages);
        state.kept = state.kept.min(length);
        state.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        for (page, within, range) in parts(offset, data.len()) {
            let kept = state.kept;
            let bytes = match state.pages.entry(page) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.page_below(page, kept)?),
            };
            bytes[within].copy_from_slice(&data[range]);
        }
        Ok(())
    }
}
