//! Rows of a section that come into memory a part at a time.
//!
//! Were all rows of a large section read at once, one question would wait for what many others need. So each brings one
//! part along, and reads the rows that are not in memory yet one by one.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{SHARED_BYTES, Section};

/// About so many bytes come into memory at once.
const PART_BYTES: usize = 1 << 20;

/// Rows of bytes, of which some may not be in memory yet.
pub(crate) enum Gradual {
    /// All are in memory, one after the other.
    Whole(Vec<u8>),
    /// They lie in a pack.
    Parts(Parts),
}

/// A section, and what of it is in memory.
pub(crate) struct Parts {
    section: Section,
    row_bytes: usize,
    /// Bytes of a part: whole rows.
    part_bytes: usize,
    parts: Box<[OnceLock<Vec<u8>>]>,
    /// How many parts were brought along, or are about to be.
    brought: AtomicUsize,
}

impl Parts {
    fn of(section: Section, row_bytes: usize) -> Self {
        let part_bytes = (PART_BYTES / row_bytes).max(1) * row_bytes;
        let count = section.len().div_ceil(part_bytes);
        let parts = (0..count).map(|_| OnceLock::new()).collect();
        Self { section, row_bytes, part_bytes, parts, brought: AtomicUsize::new(0) }
    }

    fn bring(&self) {
        let number = self.brought.fetch_add(1, Ordering::Relaxed);
        let Some(part) = self.parts.get(number) else { return };
        let start = number * self.part_bytes;
        let end = self.section.len().min(start + self.part_bytes);
        part.get_or_init(|| self.section.copied(start..end));
    }

    #[inline]
    fn row(&self, start: usize) -> Option<&[u8]> {
        let part = self.parts.get(start / self.part_bytes)?.get()?;
        part.get(start % self.part_bytes..)?.get(..self.row_bytes)
    }
}

impl Gradual {
    /// Rows of so many bytes. A short section is read at once.
    pub(crate) fn of(section: &Section, row_bytes: usize) -> Self {
        if section.len() < SHARED_BYTES {
            return Self::Whole(section.to_vec());
        }
        Self::Parts(Parts::of(section.clone(), row_bytes))
    }

    /// Brings one part more into memory, as long as one is missing.
    pub(crate) fn bring(&self) {
        if let Self::Parts(parts) = self {
            parts.bring();
        }
    }

    /// The row of so many bytes that begins at `start`, where it is in memory.
    #[inline]
    pub(crate) fn row(&self, start: usize, row_bytes: usize) -> Option<&[u8]> {
        match self {
            Self::Whole(rows) => rows.get(start..start + row_bytes),
            Self::Parts(parts) => parts.row(start),
        }
    }

    /// Reads the bytes from `start` on, which are not in memory. They are not compared with a hash: see
    /// [`Section::read_row`].
    pub(crate) fn read(&self, start: usize, into: &mut [u8]) {
        match self {
            Self::Whole(_) => into.fill(0),
            Self::Parts(parts) => parts.section.read_row(start, into),
        }
    }

    /// Says that what was read is not what was written.
    pub(crate) fn doubt(&self, what: &str) {
        if let Self::Parts(parts) = self {
            parts.section.doubt(what);
        }
    }

    /// All rows; those that are not in memory are read, and do not stay.
    pub(crate) fn all(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Whole(rows) => Cow::Borrowed(rows),
            Self::Parts(parts) => Cow::Owned(parts.section.to_vec()),
        }
    }

    /// All rows, to be changed.
    pub(crate) fn to_mut(&mut self) -> &mut Vec<u8> {
        if let Self::Parts(parts) = self {
            *self = Self::Whole(parts.section.to_vec());
        }
        match self {
            Self::Whole(rows) => rows,
            Self::Parts(_) => unreachable!("they were just read"),
        }
    }
}

impl Default for Gradual {
    fn default() -> Self {
        Self::Whole(Vec::new())
    }
}

impl Clone for Gradual {
    fn clone(&self) -> Self {
        match self {
            Self::Whole(rows) => Self::Whole(rows.clone()),
            Self::Parts(it) => Self::Parts(Parts::of(it.section.clone(), it.row_bytes)),
        }
    }
}

impl fmt::Debug for Gradual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(rows) => write!(f, "Gradual({} bytes)", rows.len()),
            Self::Parts(parts) => write!(f, "Gradual({:?})", parts.section),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use voyager_base::{disk::Disk, sim::SimDisk};

    use super::*;
    use crate::pack::{Pack, Writer};

    const ROW: usize = 48;

    fn written(bytes: &[u8]) -> Section {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        writer.section("before", &[1; 100]).unwrap();
        writer.section("rows", bytes).unwrap();
        writer.finish(&0).unwrap();
        let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
        pack.section("rows").unwrap()
    }

    #[test]
    fn rows_are_what_was_written_wherever_they_are() {
        for rows in [0, 1, 500, 70_001] {
            let bytes: Vec<u8> = (0..rows * ROW).map(|it| ((it * 31) >> 3) as u8).collect();
            let section = written(&bytes);
            let mut gradual = Gradual::of(&section, ROW);
            let parts = if bytes.len() < SHARED_BYTES { 0 } else { 4 };
            for brought in 0..=parts + 1 {
                let mut there = 0;
                for (number, expected) in bytes.chunks(ROW).enumerate() {
                    let (start, mut read) = (number * ROW, [7; ROW]);
                    if let Some(row) = gradual.row(start, ROW) {
                        assert_eq!(row, expected);
                        there += 1;
                    } else {
                        gradual.read(start, &mut read);
                        assert_eq!(read, expected);
                    }
                }
                let per_part = PART_BYTES / ROW;
                let expected = if parts == 0 { rows } else { rows.min(brought * per_part) };
                assert_eq!(there, expected, "{rows} {brought}");
                assert!(*gradual.all() == bytes && *gradual.clone().all() == bytes);
                assert!(*gradual.clone().to_mut() == bytes);
                gradual.bring();
            }
            gradual.to_mut().extend([9; ROW]);
            assert_eq!(gradual.row(rows * ROW, ROW), Some(&[9; ROW][..]));
            assert_eq!(gradual.row((rows + 1) * ROW, ROW), None);
            assert!(gradual.all()[..rows * ROW] == bytes);
        }
    }
}
