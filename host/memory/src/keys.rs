//! The keys of the records, one each: a record whose key is gone is gone, wherever copies of its rows lie.
//!
//! A database leaves old pages in its file, and snapshots and backups hold rows of long ago. So every row
//! that holds something of a record is sealed with a key of that record's own, and the keys lie in a file
//! of slots that are overwritten in place. Slots are filled ahead of their use, many with one sync, so that
//! writing a record costs no sync of its own here.
//!
//! What a disk keeps of overwritten sectors below its own firmware is beyond a program; where that
//! matters, the keys belong on an encrypted disk.

use std::io;

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, aead::Aead};
use voyager_base::{
    chance::Chance,
    disk::{Disk, DiskFile},
};

use crate::error::OpenError;

/// Name of the file.
pub(crate) const FILE: &str = "keys";

/// The first bytes of the file. Slots begin behind it, on a sector of their own.
const HEADER: &[u8] = b"voyager memory keys, format 1\n";
const HEADER_BYTES: u64 = 512;
/// Where the header holds the slip of the kept index, and how long that is with its check.
const SLIP: u64 = 64;
const SLIP_BYTES: usize = 16 + 32 + 32 + 16;
const KEY_BYTES: usize = 32;

/// So many slots are filled ahead with one sync.
const AHEAD: u64 = 1024;

/// The key of one record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u8; KEY_BYTES]);

impl Key {
    /// Seals `plain`. `what` names the row, so that no two rows of a record share a key and a nonce.
    pub(crate) fn seal(&self, what: &[u8], plain: &[u8]) -> Vec<u8> {
        let sealed = self.cipher(what).encrypt(&Nonce::default(), plain);
        sealed.expect("a row is far below the 256 GiB that the cipher takes")
    }

    /// Opens what [`Key::seal`] sealed; none where it is something else.
    pub(crate) fn open(&self, what: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.cipher(what).decrypt(&Nonce::default(), sealed).ok()
    }

    /// A cipher under a key that nothing else is sealed with: its nonce may be zero.
    fn cipher(&self, what: &[u8]) -> ChaCha20Poly1305 {
        let key = blake3::keyed_hash(&self.0, what);
        ChaCha20Poly1305::new(key.as_bytes().into())
    }
}

/// What tells which file is the kept index, and opens it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slip {
    /// The end of its name.
    pub(crate) file: [u8; 16],
    /// Its key.
    pub(crate) key: [u8; 32],
    /// Its root.
    pub(crate) root: [u8; 32],
}

/// The file of keys.
pub(crate) struct Keys {
    file: Box<dyn DiskFile>,
}

/// Slots below it are filled and durable. What lies beyond may have been filled by a process that did not sync
/// it, and is filled anew.
pub(crate) struct Filled(pub(crate) u64);

impl Keys {
    /// Opens the file of a store that has given away `next` ids; made where there is none and none is
    /// needed.
    pub(crate) fn open(disk: &dyn Disk, next: u64) -> Result<Self, OpenError> {
        let there = disk.list().map_err(OpenError::disk)?.iter().any(|it| it == FILE);
        let file = disk.open(FILE).map_err(OpenError::disk)?;
        let length = file.len().map_err(OpenError::disk)?;
        let mut header = vec![0; HEADER.len()];
        if u64::try_from(header.len()).is_ok_and(|it| it <= length) {
            file.read_at(0, &mut header).map_err(OpenError::disk)?;
        }
        let damaged = |reason: &str| OpenError::Damaged { what: FILE, reason: reason.to_owned() };
        if header != HEADER {
            if 0 < next {
                return Err(damaged(if there { "it is no file of keys" } else { "it is missing" }));
            }
            let make = || -> io::Result<()> {
                file.set_len(0)?;
                file.set_len(HEADER_BYTES)?;
                file.write_at(0, HEADER)?;
                file.sync()?;
                disk.sync_folder()
            };
            make().map_err(OpenError::disk)?;
        }
        if length < slot(next) && 0 < next {
            return Err(damaged("it ends before its last key"));
        }
        Ok(Self { file })
    }

    /// The key of a record; none where it was destroyed.
    pub(crate) fn key(&self, id: u64) -> io::Result<Option<Key>> {
        Ok(self.keys(id, 1)?.pop().flatten())
    }

    /// The keys of `count` records from `first` on.
    pub(crate) fn keys(&self, first: u64, count: usize) -> io::Result<Vec<Option<Key>>> {
        let mut bytes = vec![0; count * KEY_BYTES];
        self.file.read_at(slot(first), &mut bytes)?;
        let key = |bytes: &[u8; KEY_BYTES]| bytes.iter().any(|it| *it != 0).then_some(Key(*bytes));
        Ok(bytes.as_chunks().0.iter().map(key).collect())
    }

    /// Fills the slots of `count` records from `next` on, and some more.
    pub(crate) fn fill(
        &self,
        filled: &mut Filled,
        next: u64,
        count: u64,
        chance: &dyn Chance,
    ) -> io::Result<()> {
        if next + count <= filled.0 {
            return Ok(());
        }
        let end = next + count + AHEAD;
        let mut bytes = vec![0; (end - filled.0) as usize * KEY_BYTES];
        chance.fill(&mut bytes);
        self.file.write_at(slot(filled.0), &bytes)?;
        self.file.sync()?;
        filled.0 = end;
        Ok(())
    }

    /// The slip of the kept index; none where there is none, or it was torn.
    pub(crate) fn slip(&self) -> io::Result<Option<Slip>> {
        let mut bytes = [0; SLIP_BYTES];
        self.file.read_at(SLIP, &mut bytes)?;
        let parts =
            (bytes[..16].first_chunk(), bytes[16..48].first_chunk(), bytes[48..80].first_chunk());
        let (Some(file), Some(key), Some(root)) = parts else { return Ok(None) };
        let whole = check(&bytes[..80]) == bytes[80..];
        Ok(whole.then_some(Slip { file: *file, key: *key, root: *root }))
    }

    /// Notes the slip of the kept index, durably: that of another one is gone then.
    pub(crate) fn note(&self, slip: &Slip) -> io::Result<()> {
        let mut bytes = [slip.file.as_slice(), &slip.key, &slip.root].concat();
        bytes.extend(check(&bytes));
        self.file.write_at(SLIP, &bytes)?;
        self.file.sync()
    }

    /// Destroys the keys of records, durably, and with them that of the kept index, which tells of them.
    pub(crate) fn destroy(&self, ids: &[u64]) -> io::Result<()> {
        self.file.write_at(SLIP, &[0; SLIP_BYTES])?;
        for id in ids {
            self.file.write_at(slot(*id), &[0; KEY_BYTES])?;
        }
        self.file.sync()
    }
}

/// What tells a slip from a torn one, and from none.
fn check(bytes: &[u8]) -> [u8; 16] {
    let mut check = [0; 16];
    check.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    check
}

fn slot(id: u64) -> u64 {
    HEADER_BYTES + id * KEY_BYTES as u64
}

#[cfg(test)]
mod tests {
    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;

    #[test]
    fn a_row_opens_with_its_key_and_its_name_alone() {
        let (key, other) = (Key([1; 32]), Key([2; 32]));
        let sealed = key.seal(b"record", b"The door is green.");
        assert_eq!(key.open(b"record", &sealed).as_deref(), Some(b"The door is green.".as_slice()));
        assert_eq!(key.open(b"vector", &sealed), None);
        assert_eq!(other.open(b"record", &sealed), None);
        assert_eq!(key.open(b"record", &sealed[1..]), None);
        assert_eq!(key.open(b"record", &[]), None);
    }

    #[test]
    fn a_destroyed_key_is_gone_and_its_neighbours_are_there() {
        let disk = SimDisk::new(1);
        let keys = Keys::open(&disk, 0).unwrap();
        keys.fill(&mut Filled(0), 0, 3, &Seeded::new(1)).unwrap();
        let before = keys.keys(0, 3).unwrap();
        assert!(before.iter().all(Option::is_some));
        assert!(before[0] != before[1] && before[1] != before[2]);
        keys.destroy(&[1]).unwrap();
        drop(keys);
        let keys = Keys::open(&disk, 3).unwrap();
        assert!(keys.keys(0, 3).unwrap() == [before[0], None, before[2]]);
        assert!(keys.key(2).unwrap() == before[2]);
    }

    #[test]
    fn missing_and_foreign_files_are_refused_where_keys_are_needed() {
        let refused = |disk: &SimDisk| Keys::open(disk, 5).map(drop).unwrap_err().to_string();
        let disk = SimDisk::new(1);
        assert!(refused(&disk).contains("keys is damaged: it is missing"));
        let disk = SimDisk::new(1);
        disk.open(FILE).unwrap().write_at(0, &[7; 4096]).unwrap();
        assert!(refused(&disk).contains("it is no file of keys"));
        let disk = SimDisk::new(1);
        Keys::open(&disk, 0).unwrap();
        assert!(refused(&disk).contains("it ends before its last key"));
    }
}
