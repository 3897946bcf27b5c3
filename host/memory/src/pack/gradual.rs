//! Rows of a section that come into memory a part at a time.
//!
//! Were all rows of a large section read at once, one question would wait for what many others need. So each brings one
//! part along, and reads the rows that are not in memory yet one by one. A row that is changed brings its part, and new
//! ones lie behind those of the section.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{SHARED_BYTES, Section, lengthen};

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
    /// Rows that came behind those of the section.
    behind: Vec<u8>,
}

impl Parts {
    fn of(section: Section, row_bytes: usize) -> Self {
        let part_bytes = (PART_BYTES / row_bytes).max(1) * row_bytes;
        let count = section.len().div_ceil(part_bytes);
        let parts = (0..count).map(|_| OnceLock::new()).collect();
        let (brought, behind) = (AtomicUsize::new(0), Vec::new());
        Self { section, row_bytes, part_bytes, parts, brought, behind }
    }

    /// What a part holds in the section.
    fn read(&self, number: usize) -> Vec<u8> {
        let start = number * self.part_bytes;
        let end = self.section.len().min(start + self.part_bytes);
        self.section.copied(start..end)
    }

    fn bring(&self) {
        let number = self.brought.fetch_add(1, Ordering::Relaxed);
        let Some(part) = self.parts.get(number) else { return };
        part.get_or_init(|| self.read(number));
    }

    #[inline]
    fn row(&self, start: usize) -> Option<&[u8]> {
        let rest = match self.parts.get(start / self.part_bytes) {
            Some(part) if start < self.section.len() => {
                part.get()?.get(start % self.part_bytes..)?
            }
            _ => self.behind.get(start.checked_sub(self.section.len())?..)?,
        };
        rest.get(..self.row_bytes)
    }

    fn row_mut(&mut self, start: usize) -> &mut [u8] {
        let rest = match start.checked_sub(self.section.len()) {
            Some(start) => &mut self.behind[start..],
            None => {
                let number = start / self.part_bytes;
                self.parts[number].get_or_init(|| self.read(number));
                let part = self.parts[number].get_mut().expect("it was just brought");
                &mut part[start % self.part_bytes..]
            }
        };
        &mut rest[..self.row_bytes]
    }

    fn all(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.section.len() + self.behind.len());
        for (number, part) in self.parts.iter().enumerate() {
            match part.get() {
                Some(part) => all.extend_from_slice(part),
                None => all.extend(self.read(number)),
            }
        }
        all.extend_from_slice(&self.behind);
        all
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
            Self::Parts(parts) => Cow::Owned(parts.all()),
        }
    }

    /// Rows of zeros behind the others, so that all have so many bytes.
    pub(crate) fn lengthen(&mut self, bytes: usize) {
        match self {
            Self::Whole(rows) => lengthen(rows, bytes),
            Self::Parts(parts) => {
                let behind = bytes.saturating_sub(parts.section.len());
                lengthen(&mut parts.behind, behind);
            }
        }
    }

    /// The row of so many bytes that begins at `start`, to be changed. It has to be there.
    pub(crate) fn row_mut(&mut self, start: usize, row_bytes: usize) -> &mut [u8] {
        match self {
            Self::Whole(rows) => &mut rows[start..start + row_bytes],
            Self::Parts(parts) => parts.row_mut(start),
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
            Self::Parts(it) => Self::Parts(Parts {
                parts: it.parts.clone(),
                brought: AtomicUsize::new(it.brought.load(Ordering::Relaxed)),
                behind: it.behind.clone(),
                ..Parts::of(it.section.clone(), it.row_bytes)
            }),
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
            let gradual = Gradual::of(&section, ROW);
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
                gradual.bring();
            }
        }
    }

    #[test]
    fn changed_rows_are_changed_wherever_they_were_and_new_ones_lie_behind() {
        for rows in [0, 500, 70_001] {
            let bytes: Vec<u8> = (0..rows * ROW).map(|it| ((it * 31) >> 3) as u8).collect();
            let section = written(&bytes);
            for brought in [0, 1, 9] {
                let (mut gradual, mut expected) = (Gradual::of(&section, ROW), bytes.clone());
                (0..brought).for_each(|_| gradual.bring());
                for step in 0..40 {
                    if step % 3 == 0 {
                        expected.resize(expected.len() + ROW, 0);
                        gradual.lengthen(expected.len());
                    }
                    let start = (step * 7_919) % (expected.len() / ROW) * ROW;
                    expected[start..][..ROW].fill(step as u8);
                    gradual.row_mut(start, ROW).fill(step as u8);
                    assert_eq!(gradual.row(start, ROW), Some(&[step as u8; ROW][..]));
                }
                assert!(*gradual.all() == expected && *gradual.clone().all() == expected);
                assert_eq!(gradual.row(expected.len(), ROW), None);
                // What a question brings along afterwards undoes nothing.
                (0..9).for_each(|_| gradual.bring());
                for (number, row) in expected.chunks(ROW).enumerate() {
                    assert_eq!(gradual.row(number * ROW, ROW), Some(row));
                }
            }
        }
    }
}
