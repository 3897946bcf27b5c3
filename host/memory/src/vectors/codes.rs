//! The codes of vectors, by place: in memory, or where they lie in a kept index.
//!
//! A question compares a few of very many vectors exactly, wherever those lie. So the codes of a large shard, most of
//! its bytes, stay in the pack and are read a row at a time. Each row there ends with a check of its own: a pack
//! compares whole chunks with their hashes, which for a row would be a hundred times the work.
//!
//! ```text
//! steps, a byte each | quarters, four a byte | first eight bytes of the BLAKE3 hash of both and the place
//! ```

use std::{collections::BTreeMap, io};

use super::{level::ask_for, scan::LINE};
use crate::pack::{Section, Writer};

/// Bytes of a row's check.
const CHECK_BYTES: usize = 8;

/// So many rows are read and written together.
const ROWS: usize = 2048;

/// The codes of the vectors of a shard.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes {
    /// Of each.
    bytes: usize,
    /// The rows of the first places, in a pack.
    base: Option<Section>,
    /// Rows of the places behind those.
    live: Vec<u8>,
    /// Rows of places of the pack's that were given to others since.
    others: BTreeMap<u32, Box<[u8]>>,
}

impl Codes {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes, ..Self::default() }
    }

    /// What [`Codes::write`] wrote for so many places; none where it is something else. Stays in the pack where it
    /// `rests`.
    pub(super) fn of_section(
        section: Section,
        bytes: usize,
        places: usize,
        rests: bool,
    ) -> Option<Self> {
        let row = bytes + CHECK_BYTES;
        (section.len() == places * row).then_some(())?;
        if rests {
            return Some(Self { base: Some(section), ..Self::new(bytes) });
        }
        let mut live = Vec::with_capacity(places * bytes);
        for rows in section.parts_of(ROWS * row) {
            rows.chunks_exact(row).for_each(|it| live.extend_from_slice(&it[..bytes]));
        }
        Some(Self { live, ..Self::new(bytes) })
    }

    /// How many places lie in the pack.
    fn resting(&self) -> usize {
        self.base.as_ref().map_or(0, |it| it.len() / (self.bytes + CHECK_BYTES))
    }

    /// The row of a place, to be written.
    pub(super) fn row_mut(&mut self, place: u32) -> &mut [u8] {
        let Some(at) = (place as usize).checked_sub(self.resting()) else {
            return self.others.entry(place).or_insert_with(|| vec![0; self.bytes].into());
        };
        let start = at * self.bytes;
        if self.live.len() < start + self.bytes {
            super::lengthen(&mut self.live, start + self.bytes);
        }
        &mut self.live[start..][..self.bytes]
    }

    /// Lets those of a place go. What lies in a pack stays there, unread, and dies with the key of the pack.
    pub(super) fn remove(&mut self, place: u32) {
        self.others.remove(&place);
        if let Some(at) = (place as usize).checked_sub(self.resting())
            && let Some(row) = self.live.get_mut(at * self.bytes..)
        {
            row[..self.bytes].fill(0);
        }
    }

    /// Asks the memory for those of a place, where they are there.
    pub(super) fn ask_for(&self, place: u32) {
        if let Some(at) = (place as usize).checked_sub(self.resting()) {
            let row = at * self.bytes..(at + 1) * self.bytes;
            row.step_by(LINE).for_each(|it| ask_for(&self.live, it));
        }
    }

    /// Those of a place that has some, in `row` where they are read; none where they are damaged.
    #[inline]
    pub(super) fn of<'a>(&'a self, place: u32, row: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let resting = self.resting();
        let (Some(base), true) = (&self.base, (place as usize) < resting) else {
            let start = (place as usize - resting) * self.bytes;
            return self.live.get(start..start + self.bytes);
        };
        if let Some(other) = self.others.get(&place) {
            return Some(other);
        }
        row.resize(self.bytes + CHECK_BYTES, 0);
        base.read_row(place as usize * row.len(), row);
        let check = row.last_chunk::<CHECK_BYTES>().copied().unwrap_or_default();
        if check != check_of(place, row) {
            base.doubt("the row of a vector");
            return None;
        }
        row.get(..self.bytes)
    }

    /// Whether something in the pack was found damaged.
    pub(super) fn is_torn(&self) -> bool {
        self.base.as_ref().is_some_and(Section::is_damaged)
    }

    /// Writes the codes of the places that have some, as a section; zeros for the others, of whose vectors nothing
    /// is kept.
    pub(super) fn write(
        &self,
        writer: &mut Writer,
        name: &str,
        places: usize,
        has: impl Fn(u32) -> bool,
    ) -> io::Result<()> {
        let row = self.bytes + CHECK_BYTES;
        if places > ROWS {
            writer.begin(name)?;
        }
        let mut gathered = Vec::with_capacity(ROWS * row);
        let mut base = self.base.iter().flat_map(|it| it.parts_of(ROWS * row));
        let mut kept = Vec::new();
        for place in 0..places as u32 {
            let at = place as usize % ROWS;
            if at == 0 {
                kept = base.next().unwrap_or_default();
            }
            let start = gathered.len();
            gathered.resize(start + row, 0);
            let into = &mut gathered[start..];
            if has(place) {
                match kept.get(at * row..(at + 1) * row) {
                    Some(kept) if !self.others.contains_key(&place) => into.copy_from_slice(kept),
                    _ => {
                        let mut read = Vec::new();
                        let code = self.of(place, &mut read).ok_or_else(torn)?;
                        into[..self.bytes].copy_from_slice(code);
                        let check = check_of(place, into);
                        into[self.bytes..].copy_from_slice(&check);
                    }
                }
            }
            if gathered.len() == ROWS * row && places > ROWS {
                writer.append(&gathered)?;
                gathered.clear();
            }
        }
        if places > ROWS {
            writer.append(&gathered)?;
            writer.end()?;
        } else {
            writer.section(name, &gathered)?;
        }
        if self.is_torn() {
            return Err(torn());
        }
        Ok(())
    }
}

/// The check of a row, which holds the place afterwards in its stead.
fn check_of(place: u32, row: &mut [u8]) -> [u8; CHECK_BYTES] {
    if let Some(end) = row.last_chunk_mut::<CHECK_BYTES>() {
        *end = u64::from(place).to_le_bytes();
    }
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&blake3::hash(row).as_bytes()[..CHECK_BYTES]);
    check
}

fn torn() -> io::Error {
    io::Error::other("the index that was kept before is damaged")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;
    use voyager_base::{disk::Disk, sim::SimDisk};

    use super::*;
    use crate::pack::Pack;

    const BYTES: usize = 3;

    fn written(codes: &Codes, places: usize, has: impl Fn(u32) -> bool) -> Section {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        codes.write(&mut writer, "codes", places, has).unwrap();
        writer.finish(&0).unwrap();
        let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
        pack.section("codes").unwrap()
    }

    proptest! {
        #[test]
        fn they_are_what_a_list_is(
            changes in proptest::collection::vec((0_u32..12, 0_u8..9), 0..40),
            kept_at in any::<prop::sample::Index>(),
            offset in prop_oneof![Just(0), Just(2 * ROWS as u32 - 6)],
        ) {
            let places = offset as usize + 12;
            let mut list = vec![None; places];
            let mut codes = Codes::new(BYTES);
            codes.row_mut(places as u32 - 1);
            let kept_at = kept_at.index(changes.len().max(1));
            for (number, (place, value)) in changes.into_iter().enumerate() {
                if number == kept_at {
                    let section = written(&codes, places, |it| list[it as usize].is_some());
                    codes = Codes::of_section(section, BYTES, places, true).unwrap();
                }
                let place = place + offset;
                list[place as usize] = (value > 0).then_some([value; 3]);
                match &list[place as usize] {
                    Some(row) => codes.row_mut(place).copy_from_slice(row),
                    None => codes.remove(place),
                }
            }
            let section = written(&codes, places, |it| list[it as usize].is_some());
            let bytes = section.to_vec();
            let read = Codes::of_section(section, BYTES, places, false).unwrap();
            for (place, row) in list.iter().enumerate() {
                let kept = &bytes[place * (BYTES + CHECK_BYTES)..][..BYTES];
                prop_assert_eq!(kept, row.unwrap_or_default(), "nothing is left of what went");
                if let Some(row) = row {
                    let (mut one, mut other) = (Vec::new(), Vec::new());
                    prop_assert_eq!(codes.of(place as u32, &mut one), Some(row.as_slice()));
                    prop_assert_eq!(read.of(place as u32, &mut other), Some(row.as_slice()));
                }
            }
        }
    }
}
