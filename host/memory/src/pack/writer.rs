//! Writes a pack from front to back.

use std::{io, mem};

use serde::Serialize;
use voyager_base::disk::DiskFile;

use super::{
    Root,
    cipher::Cipher,
    format::{
        ALIGNMENT, BODY_BYTES_MAX, CHUNK_BYTES, HEADER_BYTES, Header, Listed, Sizes, fault_of,
    },
};

/// So many bytes are gathered from the parts of a section.
const PART_BYTES: usize = 1 << 20;

/// Writes a pack: sections one after the other, then a manifest.
///
/// The same sections under the same key make the same bytes. A key is used for one pack alone: also after an
/// attempt that failed, what is tried next has a new one, since parts of the first may lie on the disk.
pub(crate) struct Writer {
    file: Box<dyn DiskFile>,
    cipher: Cipher,
    /// What is not yet on the disk, less than a chunk.
    chunk: Vec<u8>,
    /// How much of the body is on the disk.
    written: u64,
    hashes: Vec<u8>,
    sections: Vec<Listed>,
    /// A section was begun and did not end.
    open: bool,
    /// A write failed: nobody knows what is on the disk.
    broken: bool,
}

impl Writer {
    /// Begins a pack in `file`, which loses what it held.
    pub(crate) fn new(file: Box<dyn DiskFile>, key: &[u8; 32]) -> io::Result<Self> {
        file.set_len(0)?;
        Ok(Self {
            file,
            cipher: Cipher::new(key),
            chunk: Vec::with_capacity(CHUNK_BYTES),
            written: 0,
            hashes: Vec::new(),
            sections: Vec::new(),
            open: false,
            broken: false,
        })
    }

    /// Writes a section. One that fits into a chunk lies within one.
    pub(crate) fn section(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.pad_to(ALIGNMENT)?;
        if CHUNK_BYTES - self.chunk.len() < bytes.len() {
            self.pad_to(CHUNK_BYTES)?;
        }
        self.list(name)?;
        self.append(bytes)?;
        self.end()
    }

    /// Begins a section whose length shows later, on a new chunk.
    pub(crate) fn begin(&mut self, name: &str) -> io::Result<()> {
        self.pad_to(CHUNK_BYTES)?;
        self.list(name)
    }

    /// Adds to the section that was begun.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.open {
            return Err(misused("no section was begun"));
        }
        self.push(bytes)
    }

    /// Ends the section that was begun.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if !mem::take(&mut self.open) {
            return Err(misused("no section was begun"));
        }
        let end = self.end_of_body();
        if let Some((_, start, length)) = self.sections.last_mut() {
            *length = end - *start;
        }
        Ok(())
    }

    /// Writes a section from its parts, one after the other. One that fits into a chunk lies within one.
    pub(crate) fn parts<T: AsRef<[u8]>>(
        &mut self,
        name: &str,
        parts: impl Iterator<Item = T>,
    ) -> io::Result<()> {
        let (mut gathered, mut begun) = (Vec::new(), false);
        for part in parts {
            gathered.extend_from_slice(part.as_ref());
            if gathered.len() >= PART_BYTES {
                if !mem::replace(&mut begun, true) {
                    self.begin(name)?;
                }
                self.append(&gathered)?;
                gathered.clear();
            }
        }
        if !begun {
            return self.section(name, &gathered);
        }
        self.append(&gathered)?;
        self.end()
    }

    /// Writes what remains and makes everything durable. Until that is done, the file is no pack.
    pub(crate) fn finish(mut self, manifest: &impl Serialize) -> io::Result<Root> {
        if self.open {
            return Err(misused("a section did not end"));
        }
        self.flush()?;
        if fault_of(&self.sections, self.written).is_some() {
            return Err(misused("a section has no name, a long one, or one of another"));
        }
        let index = rmp_serde::to_vec(&self.sections).map_err(io::Error::other)?;
        let manifest = rmp_serde::to_vec_named(manifest).map_err(io::Error::other)?;
        let sizes = Sizes { body: self.written, index: index.len(), manifest: manifest.len() };
        if !sizes.within_bounds() {
            return Err(misused("a pack holds no manifest and no list of sections this long"));
        }
        let mut table = [self.hashes, index, manifest].concat();
        self.cipher.apply(self.written, &mut table);
        self.file.write_at(HEADER_BYTES as u64 + self.written, &table)?;
        // The header is written when everything else is durable: where it is, all is.
        self.file.sync()?;
        let header = Header::new(&self.cipher, sizes, &table);
        self.file.write_at(0, header.bytes())?;
        self.file.sync()?;
        Ok(header.root)
    }

    fn list(&mut self, name: &str) -> io::Result<()> {
        if mem::replace(&mut self.open, true) {
            return Err(misused("a section did not end"));
        }
        self.sections.push((name.to_owned(), self.end_of_body(), 0));
        Ok(())
    }

    fn end_of_body(&self) -> u64 {
        self.written + self.chunk.len() as u64
    }

    /// Zeros up to a multiple of `bytes`, which divides a chunk.
    fn pad_to(&mut self, bytes: usize) -> io::Result<()> {
        if self.open {
            return Err(misused("a section did not end"));
        }
        let zeros = self.chunk.len().next_multiple_of(bytes) - self.chunk.len();
        self.push(&[0; CHUNK_BYTES][..zeros])
    }

    fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(misused("a write failed before"));
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_BYTES - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            if self.chunk.len() == CHUNK_BYTES {
                self.flush()?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Enciphers and writes the chunk. Whatever comes of it, those bytes are not enciphered again: that would
    /// bring back the plain ones.
    fn flush(&mut self) -> io::Result<()> {
        if mem::replace(&mut self.broken, true) {
            return Err(misused("a write failed before"));
        }
        let end = self.end_of_body();
        if BODY_BYTES_MAX < end {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if !self.chunk.is_empty() {
            self.cipher.apply(self.written, &mut self.chunk);
            self.hashes.extend_from_slice(blake3::hash(&self.chunk).as_bytes());
            self.file.write_at(HEADER_BYTES as u64 + self.written, &self.chunk)?;
            self.chunk.clear();
        }
        self.written = end;
        self.broken = false;
        Ok(())
    }
}

fn misused(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
