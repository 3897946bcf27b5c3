//! How a pack lies in its file: header, body, table.
//!
//! The header takes one page, so that chunks begin on pages. Of what it says nothing is believed before it
//! was compared with the file's length and with bounds.

use std::collections::BTreeSet;

use blake3::Hash;

use super::{PackError, Root, cipher::Cipher, damaged};

/// The header's bytes. The body follows.
pub(super) const HEADER_BYTES: usize = 4096;

/// What is read, deciphered and compared with a hash at once.
pub(super) const CHUNK_BYTES: usize = 8 * 1024;

/// Sections begin on a multiple of it.
pub(super) const ALIGNMENT: usize = 64;

/// A body is no longer: an eighth of what the cipher takes under one nonce, and 16 MiB of hashes for each 4 GiB.
pub(super) const BODY_BYTES_MAX: u64 = 32 << 30;

/// The list of sections is no longer.
pub(super) const INDEX_BYTES_MAX: usize = 1 << 20;

/// A manifest is no longer: what is large belongs into a section.
pub(super) const MANIFEST_BYTES_MAX: usize = 64 << 20;

/// A section's name is no longer.
pub(super) const NAME_BYTES_MAX: usize = 64;

const HASH_BYTES: usize = 32;
const MAGIC: &[u8; 20] = b"voyager memory pack\n";
const FORMAT: u32 = 3;

/// Where the fields of the header end. What lies between the root and the checksum is zero.
const FORMAT_END: usize = MAGIC.len() + 4;
const CHECK_END: usize = FORMAT_END + 32;
const BODY_END: usize = CHECK_END + 8;
const INDEX_END: usize = BODY_END + 4;
const MANIFEST_END: usize = INDEX_END + 4;
const ROOT_END: usize = MANIFEST_END + 32;
const CHECKSUM_START: usize = HEADER_BYTES - 32;

/// How long the parts of a pack are.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) body: u64,
    pub(super) index: usize,
    pub(super) manifest: usize,
}

impl Sizes {
    /// How many chunks the body has.
    pub(super) fn chunks(&self) -> usize {
        // Bodies are bounded before anyone asks.
        self.body.div_ceil(CHUNK_BYTES as u64) as usize
    }

    pub(super) fn hashes(&self) -> usize {
        self.chunks() * HASH_BYTES
    }

    pub(super) fn table(&self) -> usize {
        self.hashes() + self.index + self.manifest
    }

    pub(super) fn file(&self) -> u64 {
        HEADER_BYTES as u64 + self.body + self.table() as u64
    }

    pub(super) fn within_bounds(&self) -> bool {
        self.body <= BODY_BYTES_MAX
            && self.index <= INDEX_BYTES_MAX
            && self.manifest <= MANIFEST_BYTES_MAX
    }
}

/// The page in front of everything.
pub(super) struct Header {
    bytes: [u8; HEADER_BYTES],
    pub(super) sizes: Sizes,
    pub(super) root: Root,
}

impl Header {
    /// The header of a pack whose enciphered table is `table`.
    pub(super) fn new(cipher: &Cipher, sizes: Sizes, table: &[u8]) -> Self {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[MAGIC.len()..FORMAT_END].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[FORMAT_END..CHECK_END].copy_from_slice(cipher.check());
        bytes[CHECK_END..BODY_END].copy_from_slice(&sizes.body.to_le_bytes());
        // Both are within bounds that are far below what 32 bits hold.
        bytes[BODY_END..INDEX_END].copy_from_slice(&(sizes.index as u32).to_le_bytes());
        bytes[INDEX_END..MANIFEST_END].copy_from_slice(&(sizes.manifest as u32).to_le_bytes());
        let mut header = Self { bytes, sizes, root: Root([0; 32]) };
        header.root = header.root_with(cipher, table);
        header.bytes[MANIFEST_END..ROOT_END].copy_from_slice(&header.root.0);
        let checksum = blake3::hash(&header.bytes[..CHECKSUM_START]);
        header.bytes[CHECKSUM_START..].copy_from_slice(checksum.as_bytes());
        header
    }

    pub(super) fn bytes(&self) -> &[u8; HEADER_BYTES] {
        &self.bytes
    }

    /// Whether a file that begins with `start` may be a pack, or have been one.
    pub(super) fn is_begun_by(start: &[u8]) -> bool {
        start.first_chunk() == Some(MAGIC)
    }

    /// Reads the header of a file of `file_bytes`.
    pub(super) fn read(
        bytes: [u8; HEADER_BYTES],
        file_bytes: u64,
        cipher: &Cipher,
    ) -> Result<Self, PackError> {
        if !Self::is_begun_by(&bytes) {
            return Err(PackError::NotAPack);
        }
        match u32::from_le_bytes(field(&bytes, FORMAT_END)) {
            FORMAT => {}
            found if FORMAT < found => return Err(PackError::Newer { found, known: FORMAT }),
            _ => return Err(damaged("its header")),
        }
        let checksum = Hash::from_bytes(field(&bytes, HEADER_BYTES));
        if blake3::hash(&bytes[..CHECKSUM_START]) != checksum {
            return Err(damaged("its header"));
        }
        // Both are fixed functions of a key, and need no comparison in constant time.
        if field::<32>(&bytes, CHECK_END) != *cipher.check() {
            return Err(PackError::WrongKey);
        }
        let sizes = Sizes {
            body: u64::from_le_bytes(field(&bytes, BODY_END)),
            index: u32::from_le_bytes(field(&bytes, INDEX_END)) as usize,
            manifest: u32::from_le_bytes(field(&bytes, MANIFEST_END)) as usize,
        };
        if !sizes.within_bounds() {
            return Err(damaged("its header, which tells of more than fits a pack"));
        }
        if sizes.file() != file_bytes {
            return Err(damaged("its length"));
        }
        let root = Root(field(&bytes, ROOT_END));
        Ok(Self { bytes, sizes, root })
    }

    /// The root that a pack with this header and this enciphered table has.
    pub(super) fn root_with(&self, cipher: &Cipher, table: &[u8]) -> Root {
        let mut hasher = cipher.seal();
        hasher.update(&self.bytes[..MANIFEST_END]);
        hasher.update(table);
        Root(*hasher.finalize().as_bytes())
    }
}

/// The field that ends before `end`.
fn field<const N: usize>(bytes: &[u8; HEADER_BYTES], end: usize) -> [u8; N] {
    *bytes[..end].last_chunk().expect("a field lies within the header")
}

/// A section as the index lists it: its name, where in the body it begins, its length.
pub(super) type Listed = (String, u64, u64);

/// What is wrong with the list of sections of a body of `body` bytes.
pub(super) fn fault_of(sections: &[Listed], body: u64) -> Option<&'static str> {
    let (mut end, mut names) = (0, BTreeSet::new());
    for (name, start, length) in sections {
        if name.is_empty() || NAME_BYTES_MAX < name.len() {
            return Some("a name is too long, or empty");
        }
        if !names.insert(name) {
            return Some("two sections have one name");
        }
        let within = start.checked_add(*length).is_some_and(|it| it <= body);
        if !within || *start < end || !start.is_multiple_of(ALIGNMENT as u64) {
            return Some("a section lies where none can lie");
        }
        let first = start % CHUNK_BYTES as u64;
        if first != 0 && CHUNK_BYTES as u64 - first < *length {
            return Some("a section does not begin with a chunk");
        }
        end = start + length;
    }
    None
}
