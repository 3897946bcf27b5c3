//! What a snapshot says of itself: which chunks it is made of, and what they add up to.
//!
//! The file is a line that names the format, a signature, and a MessagePack body. The signature is a hash of the body
//! under a key of the store, so that nobody who has not what opens the store makes one up; each chunk is named by its
//! own hash, so that it speaks for every byte of them. The first sector is written last: a file without it was never
//! finished.

use std::{collections::BTreeSet, io};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use voyager_base::{Digest, disk::Disk};

use super::{chunks::CHUNK_BYTES_MAX, descent::Descent};
use crate::{owner::Veil, tables::Folder};

/// What names of these files begin with.
const PREFIX: &str = "snapshot-";
/// What names of chunks begin with.
const CHUNK_PREFIX: &str = "chunk-";
/// First lines that are read; the last is written. Vectors of the first had no quarters: who knows of none would take them
/// as damaged. The second said nothing of its descent, relations of the third had no salt, records and vectors of the
/// fourth had none, and it said nothing of other folders, and relations of the fifth were sealed with one key.
const FORMATS: [&[u8]; 6] = [
    b"voyager memory snapshot, format 1\n",
    b"voyager memory snapshot, format 2\n",
    b"voyager memory snapshot, format 3\n",
    b"voyager memory snapshot, format 4\n",
    b"voyager memory snapshot, format 5\n",
    b"voyager memory snapshot, format 6\n",
];
const BEGIN: &[u8] = b"voyager memory snapshot, format ";
/// The line, the length of the body, its hash, and the signature.
const HEADER_BYTES: usize = 512;
/// Enough for some billions of records.
const BODY_BYTES_MAX: u64 = 64 << 20;
/// No memory counts so far. Whoever has a folder that is not locked can write and sign a manifest there: what is made of its
/// numbers shall neither overflow nor take room for what is not there.
const COUNT_MAX: u64 = 1 << 48;
const ENCODER_MAX: u32 = 1 << 24;

/// What a snapshot says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Its number in the folder.
    pub(crate) number: u64,
    /// What tells it from another of the same number.
    pub(crate) mark: ByteArray<16>,
    /// The store that it is of.
    pub(crate) store: ByteArray<16>,
    /// Which of the stores that began as one.
    pub(crate) incarnation: ByteArray<16>,
    /// The first id that is not in all of those.
    pub(crate) since: u64,
    /// When it was taken, in microseconds.
    pub(crate) at: u64,
    /// The commit that it shows, the next id then, and the cycle of decay.
    pub(crate) commit: u64,
    pub(crate) next: u64,
    pub(crate) cycle: u64,
    pub(crate) records: u64,
    pub(crate) relations: u64,
    pub(crate) vectors: u64,
    /// Number, name as it is hidden in the store, dimensions.
    pub(crate) encoders: Vec<(u32, String, u32)>,
    /// Where the store lies, hidden as those.
    pub(crate) home: String,
    /// Hash and length of each chunk.
    pub(crate) chunks: Vec<(ByteArray<32>, u64)>,
    /// How that incarnation came to be; empty in earlier formats.
    #[serde(default)]
    pub(crate) descent: Descent,
    /// The folders with snapshots of that store then, sealed as what it knows of them is; empty in earlier formats.
    #[serde(default, with = "serde_bytes")]
    pub(crate) folders: Vec<u8>,
    /// Whether the veil signed it with which it was read.
    #[serde(skip)]
    pub(crate) is_own: bool,
}

/// A file of a snapshot, as it was found.
pub(crate) enum Found {
    /// It is whole; what it says.
    Whole(Box<Manifest>),
    /// Writing it was cut off before it counted.
    Unfinished,
    /// It is not what was written; how that shows.
    Damaged(String),
}

/// The name of a snapshot's file.
pub(crate) fn name_of(number: u64) -> String {
    format!("{PREFIX}{number:08}")
}

/// The number in a name of a snapshot's file.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let number: u64 = name.strip_prefix(PREFIX)?.parse().ok()?;
    (name_of(number) == name).then_some(number)
}

/// The name of a chunk's file.
pub(crate) fn chunk_name(hash: &[u8; 32]) -> String {
    format!("{CHUNK_PREFIX}{}", blake3::Hash::from_bytes(*hash).to_hex())
}

/// Whether a file of this name is a chunk: it has a name that [`chunk_name`] gives, since chunks that none needs are
/// removed.
pub(crate) fn is_chunk(name: &str) -> bool {
    let is_digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    name.strip_prefix(CHUNK_PREFIX)
        .is_some_and(|it| it.len() == 2 * blake3::OUT_LEN && it.bytes().all(is_digit))
}

impl Manifest {
    /// How the store that it is of came to be, as far as it is told.
    pub(crate) fn descent(&self) -> Descent {
        match self.descent.is_empty() {
            true => Descent::of(*self.incarnation, self.since),
            false => self.descent.clone(),
        }
    }

    /// What it says of folders; none where it is not what was written.
    pub(crate) fn folders(&self, veil: &Veil) -> Option<Vec<Folder>> {
        if self.folders.is_empty() {
            return Some(Vec::new());
        }
        rmp_serde::from_slice(&veil.unwrap(&self.folders)?).ok()
    }

    /// Whether its numbers are such as a memory may have.
    fn is_bounded(&self) -> bool {
        [self.next, self.commit, self.cycle].iter().all(|it| *it <= COUNT_MAX)
            && self.encoders.iter().all(|it| it.0 <= ENCODER_MAX)
            && self.chunks.iter().all(|it| it.1 <= CHUNK_BYTES_MAX)
    }

    /// Whether it names each chunk once, as it does that was written: rows of another chunk are others, save none at all,
    /// of which there is at most one.
    fn names_each_once(&self) -> bool {
        let mut seen = BTreeSet::new();
        self.chunks.iter().all(|it| seen.insert(&*it.0))
    }

    /// Writes it, durably; it counts with its last sector.
    pub(crate) fn write(&self, disk: &dyn Disk, veil: &Veil) -> io::Result<()> {
        let body = rmp_serde::to_vec(self).map_err(io::Error::other)?;
        let header = header(&body, veil);
        let file = disk.open(&name_of(self.number))?;
        file.set_len(0)?;
        file.write_at(HEADER_BYTES as u64, &body)?;
        file.sync()?;
        disk.sync_folder()?;
        file.write_at(0, &header)?;
        file.sync()
    }
}

/// What stands before a body.
pub(crate) fn header(body: &[u8], veil: &Veil) -> Vec<u8> {
    let (length, hash) = ((body.len() as u64).to_le_bytes(), Digest::of(body));
    let mut header = [FORMATS[5], &length, &hash.0, &veil.sign(body)].concat();
    header.resize(HEADER_BYTES, 0);
    header
}

/// Reads the file of a snapshot. Without a veil nobody can tell who signed it.
pub(crate) fn read(disk: &dyn Disk, number: u64, veil: Option<&Veil>) -> io::Result<Found> {
    let file = disk.open(&name_of(number))?;
    let length = file.len()?;
    let mut header = [0; HEADER_BYTES];
    file.read_at(0, &mut header[..length.min(HEADER_BYTES as u64) as usize])?;
    if header.iter().all(|it| *it == 0) {
        return Ok(Found::Unfinished);
    }
    let damaged = |how: &str| Ok(Found::Damaged(how.to_owned()));
    let Some(rest) = FORMATS.iter().find_map(|it| header.strip_prefix(*it)) else {
        return if header.starts_with(BEGIN) {
            damaged("a newer program wrote it")
        } else {
            damaged("it is no snapshot")
        };
    };
    let (bytes, rest) = rest.split_at(8);
    let body_bytes = u64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let (hash, rest) = rest.split_at(32);
    let signature: [u8; 32] = rest.first_chunk().copied().unwrap_or_default();
    if body_bytes > BODY_BYTES_MAX || length != HEADER_BYTES as u64 + body_bytes {
        return damaged("it has another length");
    }
    let mut body = vec![0; body_bytes as usize];
    file.read_at(HEADER_BYTES as u64, &mut body)?;
    if Digest::of(&body).0 != hash {
        return damaged("its bytes are not what was written");
    }
    let Ok(mut manifest) = rmp_serde::from_slice::<Manifest>(&body) else {
        return damaged("it says nothing that this program knows");
    };
    if manifest.number != number {
        return damaged("it has the name of another one");
    }
    if !manifest.is_bounded() {
        return damaged("its numbers are such as no memory has");
    }
    if !manifest.names_each_once() {
        return damaged("it names a part twice");
    }
    manifest.is_own = veil.is_some_and(|it| it.sign(&body) == signature);
    Ok(Found::Whole(Box::new(manifest)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;
    use crate::owner::Owner;

    fn manifest() -> Manifest {
        Manifest {
            number: 1,
            mark: ByteArray::new([1; 16]),
            store: ByteArray::new([2; 16]),
            incarnation: ByteArray::new([3; 16]),
            since: 7,
            at: 0,
            commit: 1,
            next: 9,
            cycle: 0,
            records: 9,
            relations: 0,
            vectors: 0,
            encoders: Vec::new(),
            home: String::new(),
            chunks: Vec::new(),
            descent: Descent::default(),
            folders: Vec::new(),
            is_own: false,
        }
    }

    /// Whoever has a folder that is not locked has what signs, too.
    #[test]
    fn numbers_that_no_memory_has_are_damage() {
        let disk = SimDisk::new(1);
        let folder: Arc<dyn Disk> = Arc::new(disk.clone());
        let veil = Owner::make(&folder, 0, &Seeded::new(1)).unwrap().veil().unwrap();
        let is_whole = |change: fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            manifest.write(&disk, &veil).unwrap();
            matches!(read(&disk, manifest.number, Some(&veil)).unwrap(), Found::Whole(it) if it.is_own)
        };
        assert!(is_whole(|_| ()));
        for change in [
            |it| it.next = 1 << 59,
            |it| it.commit = u64::MAX,
            |it| it.cycle = u64::MAX,
            |it| it.encoders.push((u32::MAX, String::new(), 8)),
            |it| it.chunks.push((ByteArray::new([7; 32]), 1 << 30)),
        ] as [fn(&mut Manifest); 5]
        {
            assert!(!is_whole(change));
        }
    }

    /// The bodies of the formats before, which had less fields.
    #[test]
    fn a_manifest_without_its_descent_and_folders_is_read() {
        let manifest = manifest();
        let body = rmp_serde::to_vec(&manifest).unwrap();
        // A list of 16 and more has three bytes before it, one of 15 has one; an empty one is a byte, no bytes are two.
        let before = [&[0xdc, 0, 16], &body[3..body.len() - 2]].concat();
        let older = [&[0x9f], &body[3..body.len() - 3]].concat();
        for older in [before, older] {
            assert_eq!(rmp_serde::from_slice::<Manifest>(&older).unwrap(), manifest);
        }
        assert_eq!(manifest.descent(), Descent::of([3; 16], 7));
    }
}
