//! What tells a folder of snapshots from another one that lies, or lay, in the same place: of two sticks with one mount
//! point each has its own. It lies in a file of the folder, from before the folder is noted anywhere.

use std::{fmt, io, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};
use voyager_base::{chance::Chance, disk::Disk};

use crate::keys::check;

/// Name of the file.
pub(crate) const FILE: &str = "folder";
/// What it begins with.
const LINE: &[u8] = b"voyager memory snapshots, folder 1\n";
const ID_BYTES: usize = 16;
const CHECK_BYTES: usize = 16;

/// Which folder it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FolderId(u128);

impl FolderId {
    /// One that no other folder has.
    pub(crate) fn new(chance: &dyn Chance) -> Self {
        let mut id = [0; ID_BYTES];
        chance.fill(&mut id);
        Self(u128::from_be_bytes(id))
    }

    /// That of a folder; none where it has none yet, or its file is damaged.
    pub(crate) fn of(disk: &dyn Disk) -> io::Result<Option<Self>> {
        if !disk.list()?.iter().any(|it| it == FILE) {
            return Ok(None);
        }
        let file = disk.open(FILE)?;
        let mut bytes = [0; LINE.len() + ID_BYTES + CHECK_BYTES];
        if file.len()? != bytes.len() as u64 {
            return Ok(None);
        }
        file.read_at(0, &mut bytes)?;
        let id = bytes[LINE.len()..].first_chunk().map(|it| Self(u128::from_be_bytes(*it)));
        Ok(id.filter(|it| it.encode() == bytes))
    }

    /// Gives it to a folder, durably.
    pub(crate) fn give(self, disk: &dyn Disk) -> io::Result<()> {
        let file = disk.open(FILE)?;
        file.set_len(0)?;
        file.write_at(0, &self.encode())?;
        file.sync()?;
        disk.sync_folder()
    }

    fn encode(self) -> Vec<u8> {
        let mut bytes = [LINE, &self.0.to_be_bytes()].concat();
        bytes.extend(check(&bytes));
        bytes
    }
}

impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for FolderId {
    type Err = ParseIntError;

    fn from_str(digits: &str) -> Result<Self, ParseIntError> {
        u128::from_str_radix(digits, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;

    #[test]
    fn a_folder_has_the_id_that_it_was_given_or_none() {
        let (disk, id) = (SimDisk::new(1), FolderId::new(&Seeded::new(3)));
        assert_eq!(FolderId::of(&disk).unwrap(), None);
        id.give(&disk).unwrap();
        assert_eq!(FolderId::of(&disk).unwrap(), Some(id));
        assert_eq!(id.to_string().parse(), Ok(id));
        let whole = disk.content(FILE).unwrap();
        let file = disk.open(FILE).unwrap();
        for at in 0..whole.len() {
            file.write_at(at as u64, &[whole[at] ^ 1]).unwrap();
            assert_eq!(FolderId::of(&disk).unwrap(), None, "byte {at}");
            file.write_at(at as u64, &whole[at..=at]).unwrap();
        }
        file.set_len(whole.len() as u64 - 1).unwrap();
        assert_eq!(FolderId::of(&disk).unwrap(), None);
        FolderId::new(&Seeded::new(4)).give(&disk).unwrap();
        assert_ne!(FolderId::of(&disk).unwrap(), Some(id));
    }
}
