//! The keys of the records, one each: a record whose key is gone is gone, wherever copies of its rows lie.
//!
//! A database leaves old pages in its file, and snapshots and backups hold rows of long ago. So every row
//! that holds something of a record is sealed with a key of that record's own, and the keys lie in a file
//! of slots that are overwritten in place. Slots are filled ahead of their use, many with one sync, so that
//! writing a record costs no sync of its own here.
//!
//! A slot holds no key in the clear: it is covered with the mask of the store, which lies in the file of its owner
//! (`owner.rs`).
//!
//! What a disk keeps of overwritten sectors below its own firmware is beyond a program; where that
//! matters, the keys belong on an encrypted disk.

use std::{
    io,
    ops::Range,
    sync::{PoisonError, RwLock},
};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use voyager_base::{
    chance::Chance,
    disk::{Disk, DiskFile},
};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    error::OpenError,
    owner::Secret,
    record::MemoryId,
    row::open_record,
    snapshot::descent::{DESCENT_BYTES, Descent},
    tables::Reading,
};

/// Name of the file.
pub(crate) const FILE: &str = "keys";
/// Name of the file whose content is to take its place.
const ANEW: &str = "keys-anew";

/// The first bytes of the file. Slots begin behind it, on a sector of their own.
const HEADER: &[u8] = b"voyager memory keys, format 2\n";
/// Those of a store that has no owner's file: its slots are the keys themselves.
const HEADER_BARE: &[u8] = b"voyager memory keys, format 1\n";
const HEADER_BYTES: u64 = 512;
/// Where the header holds the slip of the kept index, and how long that is with its check.
const SLIP: u64 = 64;
const SLIP_BYTES: usize = 16 + 32 + 32 + 16;
const KEY_BYTES: usize = 32;
/// Bytes in front of a row, which tell it from all others of its name.
const SALT_BYTES: usize = 16;
/// Where the header holds which store it is of, once that has snapshots, and how long that is with its check.
pub(crate) const IDENTITY: u64 = 192;
pub(crate) const IDENTITY_BYTES: usize = STATED_BYTES + DESCENT_BYTES + 16;
/// Its beginning, which is all that earlier programs write and read.
pub(crate) const STATED_BYTES: usize = 16 + 16 + 8 + 16;
const _: () = assert!(IDENTITY as usize + IDENTITY_BYTES <= HEADER_BYTES as usize);

/// So many slots are filled ahead with one sync.
const AHEAD: u64 = 1024;

/// The key of one record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u8; KEY_BYTES]);

/// Keys of records that follow each other; none for those that were destroyed. They are overwritten when nobody needs them:
/// with the key that memory still held, and an old copy of its row, a forgotten record could be read.
pub(crate) type KeyList = Zeroizing<Vec<Option<Key>>>;

impl Zeroize for Key {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl Key {
    /// A key of bytes that nobody knows.
    pub(crate) fn of(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for those who look for them where they must not be.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Seals the row of this name. A name has other rows in time: a relation that was taken back leaves its number to the
    /// next one, an endpoint encodes a damaged vector otherwise, and a store that goes on from a copy gives away ids again
    /// that have the same keys. So what seals a row follows from all that it says (a synthetic initialisation vector, as
    /// of RFC 5297), and stands in front.
    pub(crate) fn seal_row(&self, name: &[u8], plain: &[u8]) -> Vec<u8> {
        let salt = &self.digest_of(&[b"salt", name, plain])[..SALT_BYTES];
        [salt, &self.seal(&[name, salt].concat(), plain)].concat()
    }

    /// Opens what [`Key::seal_row`] sealed, in a buffer that is used again; none where it is something else. Relations up to
    /// format 4 of a store, and records and vectors up to format 5, have no salt.
    pub(crate) fn open_row<'a>(
        &self,
        name: &[u8],
        sealed: &[u8],
        buffer: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        let salted = sealed.split_at_checked(SALT_BYTES).and_then(|(salt, sealed)| {
            Some(self.open_into(&[name, salt].concat(), sealed, buffer)?.len())
        });
        let length = match salted {
            Some(length) => length,
            None => self.open_into(name, sealed, buffer)?.len(),
        };
        buffer.get(..length)
    }

    /// Seals `plain`. `what` names it, so that no two that are sealed with it share a key and a nonce.
    pub(crate) fn seal(&self, what: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + CHACHA20_POLY1305.tag_len());
        sealed.extend_from_slice(plain);
        let done = self.cipher(what).seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed);
        done.expect("a row is far below the 256 GiB that the cipher takes");
        sealed
    }

    /// Opens what [`Key::seal`] sealed; none where it is something else.
    pub(crate) fn open(&self, what: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::new();
        let length = self.open_into(what, sealed, &mut plain)?.len();
        plain.truncate(length);
        Some(plain)
    }

    /// The same, in a buffer that is used again.
    fn open_into<'a>(
        &self,
        what: &[u8],
        sealed: &[u8],
        buffer: &'a mut Vec<u8>,
    ) -> Option<&'a [u8]> {
        buffer.clear();
        buffer.extend_from_slice(sealed);
        let opened = self.cipher(what).open_in_place(nonce(), Aad::empty(), buffer);
        Some(opened.ok()?)
    }

    /// The key of what is said of two records, under which nothing opens when one of theirs is destroyed.
    pub(crate) fn with(&self, other: &Self) -> Self {
        Self(self.digest_of(&[b"with", &other.0]))
    }

    /// A hash of all parts under this key: nobody else can tell what of.
    pub(crate) fn digest_of(&self, parts: &[&[u8]]) -> [u8; KEY_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    fn cipher(&self, what: &[u8]) -> LessSafeKey {
        let key = blake3::keyed_hash(&self.0, what);
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_bytes());
        LessSafeKey::new(key.expect("a hash is as long as a key"))
    }
}

/// That of a key that nothing else is sealed with.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
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

impl Slip {
    fn encode(&self, mask: Option<&Mask>) -> Vec<u8> {
        let secret = [self.key, self.root].concat();
        let rest = match mask {
            // Its check is the seal. No two files have one name, so no two slips are sealed alike.
            Some(mask) => mask.key().seal(&self.file, &secret),
            None => {
                let mut bytes = [self.file.as_slice(), &secret].concat();
                bytes.extend(check(&bytes));
                bytes.split_off(self.file.len())
            }
        };
        [self.file.as_slice(), &rest].concat()
    }

    fn decode(bytes: &[u8; SLIP_BYTES], mask: Option<&Mask>) -> Option<Self> {
        let (file, rest) = bytes.split_first_chunk()?;
        let secret = match mask {
            Some(mask) => mask.key().open(file, rest)?,
            None => {
                let (stated, found) = bytes.split_last_chunk()?;
                (check(stated) == *found).then(|| stated[file.len()..].to_vec())?
            }
        };
        let (key, root) = secret.split_first_chunk()?;
        Some(Self { file: *file, key: *key, root: root.try_into().ok()? })
    }
}

/// Which store it is, for its snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The same for a store and what was restored from its snapshots.
    pub(crate) store: [u8; 16],
    /// Which of those it is, and how it came to be.
    pub(crate) descent: Descent,
}

impl Identity {
    fn encode(&self) -> Vec<u8> {
        let Self { store, descent } = self;
        let since = descent.since().to_le_bytes();
        let mut bytes = [&store[..], &descent.incarnation(), &since].concat();
        bytes.extend(check(&bytes));
        bytes.extend(descent.encode());
        bytes.resize(STATED_BYTES + DESCENT_BYTES, 0);
        bytes.extend(check(&bytes));
        bytes
    }

    fn decode(bytes: &[u8; IDENTITY_BYTES]) -> Option<Self> {
        let (all, found) = bytes.split_last_chunk()?;
        let is_whole = check(all) == *found;
        let (stated, told) = all.split_first_chunk::<STATED_BYTES>()?;
        let (stated, found) = stated.split_last_chunk()?;
        (check(stated) == *found).then_some(())?;
        let (store, rest) = stated.split_first_chunk()?;
        let (incarnation, since) = rest.split_first_chunk()?;
        let descent = match is_whole {
            true => Descent::decode(told),
            false => Descent::of(*incarnation, u64::from_le_bytes(since.try_into().ok()?)),
        };
        Some(Self { store: *store, descent })
    }
}

/// Which store a file of keys is of; none where that was never asked.
pub(crate) fn identity_of(file: &dyn DiskFile) -> io::Result<Option<Identity>> {
    if form_of(file)?.is_none() {
        return Ok(None);
    }
    let mut bytes = [0; IDENTITY_BYTES];
    file.read_at(IDENTITY, &mut bytes)?;
    Ok(Identity::decode(&bytes))
}

/// The same of a folder.
pub(crate) fn identity(disk: &dyn Disk) -> io::Result<Option<Identity>> {
    if form(disk)?.is_none() {
        return Ok(None);
    }
    identity_of(&*disk.open(FILE)?)
}

/// Whether a file of this name has keys.
pub(crate) fn is_name(name: &str) -> bool {
    name == FILE || name == ANEW
}

/// Destroys the keys of records in a folder of snapshots, durably. Those that it has not are passed over.
pub(crate) fn destroy_there(disk: &dyn Disk, ids: &[u64]) -> io::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let file = disk.open(FILE)?;
    let length = file.len()?;
    for id in ids.iter().filter(|it| slot_of(**it + 1) <= length) {
        file.write_at(slot_of(*id), &[0; KEY_BYTES])?;
    }
    file.sync()
}

/// What the row of a record says of the key in its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// There is no row: it is forgotten.
    Gone,
    /// The key opens it.
    Opens,
    /// It does not, or there is none: the key or the row is damaged.
    Damaged,
}

impl Fit {
    fn of(rows: &Reading, id: u64, key: Option<&Key>) -> io::Result<Self> {
        let mut fit = Self::Gone;
        let see = |_, sealed: &[u8]| {
            let opened = key.and_then(|it| open_record(it, MemoryId(id), sealed));
            fit = if opened.is_some() { Self::Opens } else { Self::Damaged };
        };
        rows.records(id..id + 1, see).map_err(|it| io::Error::other(it.to_string()))?;
        Ok(fit)
    }
}

/// Ids whose keys are destroyed, in runs: a file may have far more slots that hold nothing than bytes on its disk.
#[derive(Default)]
pub(crate) struct Destroyed(Vec<Range<u64>>);

impl Destroyed {
    pub(crate) fn has(&self, id: u64) -> bool {
        let at = self.0.partition_point(|it| it.end <= id);
        self.0.get(at).is_some_and(|it| it.contains(&id))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> {
        self.0.iter().cloned().flatten()
    }

    /// Adds an id, which is above all others.
    fn add(&mut self, id: u64) {
        match self.0.last_mut() {
            Some(run) if run.end == id => run.end += 1,
            _ => self.0.push(id..id + 1),
        }
    }
}

/// Ids below `next` whose slots in a file hold nothing.
pub(crate) fn destroyed_in(file: &dyn DiskFile, next: u64) -> io::Result<Destroyed> {
    let slots = file.len()?.saturating_sub(HEADER_BYTES) / KEY_BYTES as u64;
    let mut destroyed = Destroyed::default();
    each_part(next.min(slots), |first, count| {
        let mut bytes = vec![0; count * KEY_BYTES];
        file.read_at(slot_of(first), &mut bytes)?;
        let slots = (first..).zip(bytes.as_chunks::<KEY_BYTES>().0);
        slots.filter(|it| *it.1 == [0; KEY_BYTES]).for_each(|it| destroyed.add(it.0));
        Ok(())
    })?;
    Ok(destroyed)
}

/// Calls `see` with the first and the count of some ids after the other, up to `next`.
fn each_part(next: u64, mut see: impl FnMut(u64, usize) -> io::Result<()>) -> io::Result<()> {
    const PART: u64 = (COPIED_BYTES / KEY_BYTES) as u64;
    for first in (0..next).step_by(PART as usize) {
        see(first, (next - first).min(PART) as usize)?;
    }
    Ok(())
}

/// What slots are covered with.
#[derive(Clone)]
pub(crate) struct Mask(Secret);

impl Mask {
    pub(crate) fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// What the slot of a record holds in place of its key: a permutation of all keys, another one for each slot
    /// (four rounds of Luby and Rackoff, with a keyed hash). A pad would be a shorter way, and would tell how two
    /// keys differ that were in one slot: one is filled anew where a process ended before it used it.
    fn cover(&self, id: u64, key: &Key) -> [u8; KEY_BYTES] {
        let [mut left, mut right] = halves(&key.0);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.scrambled(id, round, right));
        }
        whole(left, right)
    }

    /// The key that a slot holds.
    fn uncover(&self, id: u64, slot: &[u8; KEY_BYTES]) -> Key {
        let [mut left, mut right] = halves(slot);
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.scrambled(id, round, left), left);
        }
        Key(whole(left, right))
    }

    fn scrambled(&self, id: u64, round: u8, half: u128) -> u128 {
        let mut bytes = [0; 8 + 1 + 16];
        bytes[..8].copy_from_slice(&id.to_le_bytes());
        bytes[8] = round;
        bytes[9..].copy_from_slice(&half.to_le_bytes());
        halves(blake3::keyed_hash(&self.0, &bytes).as_bytes())[0]
    }

    /// What the slip of the kept index is sealed with.
    fn key(&self) -> Key {
        Key(blake3::derive_key("voyager 2026 memory slip of the kept index", &**self.0))
    }
}

const ROUNDS: u8 = 4;

fn halves(bytes: &[u8; KEY_BYTES]) -> [u128; 2] {
    let whole: [[u8; 16]; 2] = [0, 16].map(|at| std::array::from_fn(|place| bytes[at + place]));
    whole.map(u128::from_le_bytes)
}

fn whole(left: u128, right: u128) -> [u8; KEY_BYTES] {
    let mut bytes = [0; KEY_BYTES];
    bytes[..16].copy_from_slice(&left.to_le_bytes());
    bytes[16..].copy_from_slice(&right.to_le_bytes());
    bytes
}

/// What slots hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Keys.
    Bare,
    /// Keys that are covered with a mask.
    Covered,
}

/// What the slots of a store hold; none where it has no file of keys, or no whole one.
pub(crate) fn form(disk: &dyn Disk) -> io::Result<Option<Form>> {
    if !disk.list()?.iter().any(|it| it == FILE) {
        return Ok(None);
    }
    form_of(&*disk.open(FILE)?)
}

fn form_of(file: &dyn DiskFile) -> io::Result<Option<Form>> {
    let mut header = vec![0; HEADER.len()];
    if file.len()? < HEADER_BYTES {
        return Ok(None);
    }
    file.read_at(0, &mut header)?;
    let forms = [(HEADER, Form::Covered), (HEADER_BARE, Form::Bare)];
    Ok(forms.iter().find(|it| it.0 == header).map(|it| it.1))
}

/// Whether a store has its file of keys, a damaged one too. One that is being made is no longer than its header, and has
/// none yet.
pub(crate) fn are_made(disk: &dyn Disk) -> io::Result<bool> {
    if !disk.list()?.iter().any(|it| it == FILE) {
        return Ok(false);
    }
    let file = disk.open(FILE)?;
    Ok(HEADER_BYTES < file.len()? || form_of(&*file)?.is_some())
}

/// Whether keys were written that are to take the place of the others.
pub(crate) fn is_written_anew(disk: &dyn Disk) -> io::Result<bool> {
    let there = disk.list()?.iter().any(|it| it == ANEW);
    Ok(there && form_of(&*disk.open(ANEW)?)? == Some(Form::Covered))
}

/// Has the keys that were written anew take the place of the others, in the same blocks: nothing of those stays.
pub(crate) fn take_place(disk: &dyn Disk) -> io::Result<()> {
    copy(&*disk.open(ANEW)?, &*disk.open(FILE)?)
}

fn copy(from: &dyn DiskFile, to: &dyn DiskFile) -> io::Result<()> {
    let length = from.len()?;
    for at in (0..length).step_by(COPIED_BYTES) {
        let mut bytes = vec![0; (length - at).min(COPIED_BYTES as u64) as usize];
        from.read_at(at, &mut bytes)?;
        to.write_at(at, &bytes)?;
    }
    to.set_len(length)?;
    to.sync()
}

/// Removes what was written anew, and overwrites it before: a key that is destroyed later shall not be there still.
pub(crate) fn drop_anew(disk: &dyn Disk) -> io::Result<()> {
    if disk.list()?.iter().any(|it| it == ANEW) { drop_file(disk, ANEW) } else { Ok(()) }
}

/// Overwrites a file of keys, and removes it.
pub(crate) fn drop_file(disk: &dyn Disk, name: &str) -> io::Result<()> {
    let file = disk.open(name)?;
    let length = file.len()?;
    for at in (0..length).step_by(COPIED_BYTES) {
        file.write_at(at, &vec![0; (length - at).min(COPIED_BYTES as u64) as usize])?;
    }
    file.sync()?;
    disk.remove(name)?;
    disk.sync_folder()
}

/// So many bytes are copied at once.
const COPIED_BYTES: usize = 128 << 10;

/// The file of keys.
pub(crate) struct Keys {
    file: Box<dyn DiskFile>,
    cover: RwLock<Cover>,
}

/// What slots are covered with.
enum Cover {
    Bare,
    Under(Mask),
    /// Some with the old mask and some with the new one: that is finished when the store is opened.
    Unfinished,
}

impl Cover {
    fn mask(&self) -> io::Result<Option<&Mask>> {
        match self {
            Self::Bare => Ok(None),
            Self::Under(mask) => Ok(Some(mask)),
            Self::Unfinished => Err(io::Error::other("locking it was not finished: open it again")),
        }
    }
}

/// Slots below it are filled and durable. What lies beyond may have been filled by a process that did not sync
/// it, and is filled anew.
pub(crate) struct Filled(pub(crate) u64);

impl Keys {
    /// Opens the file of a store that has given away `next` ids; made where there is none and none is
    /// needed.
    pub(crate) fn open(disk: &dyn Disk, next: u64, mask: Option<Mask>) -> Result<Self, OpenError> {
        let (own, cover) = match mask {
            Some(mask) => (HEADER, Cover::Under(mask)),
            None => (HEADER_BARE, Cover::Bare),
        };
        let there = disk.list().map_err(OpenError::disk)?.iter().any(|it| it == FILE);
        let file = disk.open(FILE).map_err(OpenError::disk)?;
        let length = file.len().map_err(OpenError::disk)?;
        let mut header = vec![0; HEADER.len()];
        if u64::try_from(header.len()).is_ok_and(|it| it <= length) {
            file.read_at(0, &mut header).map_err(OpenError::disk)?;
        }
        let damaged = |reason: &str| OpenError::Damaged { what: FILE, reason: reason.to_owned() };
        if header != own {
            if 0 < next {
                return Err(damaged(if there { "it is no file of keys" } else { "it is missing" }));
            }
            let make = || -> io::Result<()> {
                file.set_len(0)?;
                file.set_len(HEADER_BYTES)?;
                file.write_at(0, own)?;
                file.sync()?;
                disk.sync_folder()
            };
            make().map_err(OpenError::disk)?;
        }
        if length < slot_of(next) && 0 < next {
            return Err(damaged("it ends before its last key"));
        }
        Ok(Self { file, cover: RwLock::new(cover) })
    }

    /// The key of a record; none where it was destroyed.
    pub(crate) fn key(&self, id: u64) -> io::Result<Option<Key>> {
        match self.keys(id, 1) {
            // What one record says of another may be damaged.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            keys => Ok(keys?[0]),
        }
    }

    /// The keys of `count` records from `first` on.
    pub(crate) fn keys(&self, first: u64, count: usize) -> io::Result<KeyList> {
        let cover = self.cover.read().unwrap_or_else(PoisonError::into_inner);
        let mask = cover.mask()?;
        let mut bytes = Zeroizing::new(vec![0; count * KEY_BYTES]);
        self.file.read_at(slot_of(first), &mut bytes)?;
        let key = |(id, bytes): (u64, &[u8; KEY_BYTES])| {
            bytes.iter().any(|it| *it != 0).then(|| match mask {
                Some(mask) => mask.uncover(id, bytes),
                None => Key(*bytes),
            })
        };
        // A list that grew would leave keys where it was before.
        let mut keys = Zeroizing::new(Vec::with_capacity(count));
        keys.extend((first..).zip(bytes.as_chunks().0).map(key));
        Ok(keys)
    }

    /// Fills the slots of `count` records from `next` on, and some more. What they hold is by chance, covered or
    /// not.
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
        self.file.write_at(slot_of(filled.0), &bytes)?;
        self.file.sync()?;
        filled.0 = end;
        Ok(())
    }

    /// The slip of the kept index; none where there is none, or it was torn.
    pub(crate) fn slip(&self) -> io::Result<Option<Slip>> {
        let cover = self.cover.read().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; SLIP_BYTES];
        self.file.read_at(SLIP, &mut bytes)?;
        Ok(Slip::decode(&bytes, cover.mask()?))
    }

    /// Notes the slip of the kept index, durably: that of another one is gone then.
    pub(crate) fn note(&self, slip: &Slip) -> io::Result<()> {
        let cover = self.cover.read().unwrap_or_else(PoisonError::into_inner);
        self.file.write_at(SLIP, &slip.encode(cover.mask()?))?;
        self.file.sync()
    }

    /// Writes the slots below `next` and the slip anew, under another mask, into a file of their own. Durable, and
    /// nothing counts yet.
    pub(crate) fn write_anew(&self, disk: &dyn Disk, next: u64, mask: &Mask) -> io::Result<()> {
        let file = disk.open(ANEW)?;
        file.set_len(0)?;
        let mut header = vec![0; HEADER_BYTES as usize];
        header[..HEADER.len()].copy_from_slice(HEADER);
        if let Some(slip) = self.slip()? {
            header[SLIP as usize..][..SLIP_BYTES].copy_from_slice(&slip.encode(Some(mask)));
        }
        if let Some(identity) = self.identity()? {
            header[IDENTITY as usize..][..IDENTITY_BYTES].copy_from_slice(&identity.encode());
        }
        file.write_at(0, &header)?;
        for first in (0..next).step_by(COPIED_BYTES / KEY_BYTES) {
            let count = (next - first).min((COPIED_BYTES / KEY_BYTES) as u64) as usize;
            let keys = self.keys(first, count)?;
            // What was destroyed stays so.
            let covered = |(id, key): (u64, &Option<Key>)| {
                key.as_ref().map_or([0; KEY_BYTES], |it| mask.cover(id, it))
            };
            let slots: Vec<_> = (first..).zip(&*keys).map(covered).collect();
            file.write_at(slot_of(first), slots.as_flattened())?;
        }
        file.sync()?;
        disk.sync_folder()
    }

    /// Has what was written anew take the place of what is here. Where that fails no key can be read any more.
    pub(crate) fn take_place(&self, disk: &dyn Disk, mask: Mask) -> io::Result<()> {
        let mut cover = self.cover.write().unwrap_or_else(PoisonError::into_inner);
        *cover = Cover::Unfinished;
        copy(&*disk.open(ANEW)?, &*self.file)?;
        *cover = Cover::Under(mask);
        Ok(())
    }

    /// Which store it is; none before its first snapshot.
    pub(crate) fn identity(&self) -> io::Result<Option<Identity>> {
        identity_of(&*self.file)
    }

    /// Notes which store it is, durably.
    pub(crate) fn name(&self, identity: &Identity) -> io::Result<()> {
        self.file.write_at(IDENTITY, &identity.encode())?;
        self.file.sync()
    }

    /// Ids below `next` whose keys are destroyed.
    pub(crate) fn destroyed(&self, next: u64) -> io::Result<Destroyed> {
        destroyed_in(&*self.file, next)
    }

    /// The slots of some ids as they lie there, covered.
    fn slots(&self, first: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count * KEY_BYTES];
        self.file.read_at(slot_of(first), &mut bytes)?;
        Ok(bytes)
    }

    /// Writes slots below `next` as they lie here into another folder that has none, save those that are gone.
    pub(crate) fn copy_new(
        &self,
        there: &dyn Disk,
        next: u64,
        identity: &Identity,
        is_gone: &dyn Fn(u64) -> bool,
    ) -> io::Result<()> {
        self.copy_into(there, FILE, next, identity, is_gone)
    }

    /// The same into a file that is to take the place of the one there.
    pub(crate) fn copy_anew(
        &self,
        there: &dyn Disk,
        next: u64,
        identity: &Identity,
    ) -> io::Result<()> {
        self.copy_into(there, ANEW, next, identity, &|_| false)
    }

    fn copy_into(
        &self,
        there: &dyn Disk,
        name: &str,
        next: u64,
        identity: &Identity,
        is_gone: &dyn Fn(u64) -> bool,
    ) -> io::Result<()> {
        let file = there.open(name)?;
        file.set_len(0)?;
        let mut header = vec![0; HEADER_BYTES as usize];
        header[..HEADER.len()].copy_from_slice(HEADER);
        header[IDENTITY as usize..][..IDENTITY_BYTES].copy_from_slice(&identity.encode());
        file.write_at(0, &header)?;
        each_part(next, |first, count| {
            let mut slots = self.slots(first, count)?;
            for (id, slot) in (first..).zip(slots.as_chunks_mut::<KEY_BYTES>().0) {
                if is_gone(id) {
                    *slot = [0; KEY_BYTES];
                }
            }
            // Where no key is left the file takes no room.
            if slots.iter().all(|it| *it == 0) {
                return Ok(());
            }
            file.write_at(slot_of(first), &slots)
        })?;
        file.set_len(slot_of(next))?;
        file.sync()?;
        there.sync_folder()
    }

    /// Writes those of the slots below `next` that are others in another folder with the same cover, in place. What is
    /// there may be the last good key of a record: it gives way to one that opens the record's row, and to nothing where
    /// there is no row. Gives back the ids of the others, whose slots there stay as they are.
    pub(crate) fn copy_same(
        &self,
        there: &dyn Disk,
        next: u64,
        identity: &Identity,
        rows: &Reading,
    ) -> io::Result<Vec<u64>> {
        let file = there.open(FILE)?;
        let length = file.len()?;
        let mut kept = Vec::new();
        each_part(next, |first, count| {
            let mut slots = self.slots(first, count)?;
            let mut found = vec![0; slots.len()];
            let whole = length.saturating_sub(slot_of(first)) / KEY_BYTES as u64;
            let whole = (whole as usize).min(count);
            file.read_at(slot_of(first), &mut found[..whole * KEY_BYTES])?;
            let pairs = slots.as_chunks_mut::<KEY_BYTES>().0.iter_mut();
            let pairs = pairs.zip(found.as_chunks::<KEY_BYTES>().0);
            for (id, (slot, found)) in (first..).zip(pairs) {
                if slot == found || *found == [0; KEY_BYTES] {
                    continue;
                }
                match Fit::of(rows, id, self.key(id)?.as_ref())? {
                    Fit::Opens => {}
                    Fit::Gone => *slot = [0; KEY_BYTES],
                    Fit::Damaged => {
                        *slot = *found;
                        kept.push(id);
                    }
                }
            }
            if whole == count && found == slots {
                return Ok(());
            }
            file.write_at(slot_of(first), &slots)
        })?;
        if identity_of(&*file)?.as_ref() != Some(identity) {
            // Whose slots they are is said once none is another's.
            file.sync()?;
            file.write_at(IDENTITY, &identity.encode())?;
        }
        file.sync()?;
        Ok(kept)
    }

    /// Destroys in a folder of snapshots the keys below `upto` that are destroyed here, durably. A slot that holds nothing
    /// while the record has a row is no forgotten one: what is there may be its last key.
    pub(crate) fn destroy_same(
        &self,
        there: &dyn Disk,
        upto: u64,
        rows: &Reading,
    ) -> io::Result<()> {
        let here = self.destroyed(upto)?;
        let left = destroyed_in(&*there.open(FILE)?, upto)?;
        let mut ids = Vec::new();
        for id in here.ids().filter(|it| !left.has(*it)) {
            if Fit::of(rows, id, None)? == Fit::Gone {
                ids.push(id);
            }
        }
        destroy_there(there, &ids)
    }

    /// Ids below `next` of records whose rows their keys do not open.
    pub(crate) fn unopened(&self, next: u64, rows: &Reading) -> io::Result<Vec<u64>> {
        let mut unopened = Vec::new();
        each_part(next, |first, count| {
            let keys = self.keys(first, count)?;
            let see = |id: u64, sealed: &[u8]| {
                let key = &keys[(id - first) as usize];
                if key.as_ref().and_then(|it| open_record(it, MemoryId(id), sealed)).is_none() {
                    unopened.push(id);
                }
            };
            let seen = rows.records(first..first + count as u64, see);
            seen.map_err(|it| io::Error::other(it.to_string()))
        })?;
        Ok(unopened)
    }

    /// Destroys the keys of records, durably, and with them that of the kept index, which tells of them.
    pub(crate) fn destroy(&self, ids: &[u64]) -> io::Result<()> {
        self.file.write_at(SLIP, &[0; SLIP_BYTES])?;
        for id in ids {
            self.file.write_at(slot_of(*id), &[0; KEY_BYTES])?;
        }
        self.file.sync()
    }
}

/// What tells bytes from torn ones, and from none.
pub(crate) fn check(bytes: &[u8]) -> [u8; 16] {
    let mut check = [0; 16];
    check.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    check
}

pub(crate) fn slot_of(id: u64) -> u64 {
    HEADER_BYTES.saturating_add(id.saturating_mul(KEY_BYTES as u64))
}

#[cfg(test)]
mod tests {
    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;

    fn mask(seed: u8) -> Mask {
        Mask::new(std::sync::Arc::new([seed; 32].into()))
    }

    fn open(disk: &SimDisk, next: u64) -> Result<Keys, OpenError> {
        Keys::open(disk, next, Some(mask(1)))
    }

    #[test]
    fn a_covered_key_comes_back_under_its_own_mask_and_in_its_own_slot() {
        let chance = Seeded::new(3);
        for id in 0..100 {
            let mut bytes = [0; 32];
            chance.fill(&mut bytes);
            let key = Key(bytes);
            let covered = mask(1).cover(id, &key);
            assert!(mask(1).uncover(id, &covered) == key);
            assert!(mask(2).uncover(id, &covered) != key);
            assert!(mask(1).uncover(id + 1, &covered) != key);
        }
    }

    /// A slot that is filled twice: who sees both sees no more than that they differ.
    #[test]
    fn two_keys_in_one_slot_do_not_tell_how_they_differ() {
        let (one, other) = ([1; 32], [2; 32]);
        let covered = [one, other].map(|it| mask(1).cover(7, &Key(it)));
        let apart: Vec<u8> = covered[0].iter().zip(&covered[1]).map(|(a, b)| a ^ b).collect();
        assert!(apart.iter().filter(|it| **it == 3).count() < 4, "{apart:?}");
    }

    #[test]
    fn a_slip_is_whole_under_its_own_mask_or_it_is_none() {
        let slip = Slip { file: *b"0123456789abcdef", key: [3; 32], root: [4; 32] };
        for own in [None, Some(mask(1))] {
            let bytes: [u8; SLIP_BYTES] = slip.encode(own.as_ref()).try_into().unwrap();
            assert!(Slip::decode(&bytes, own.as_ref()) == Some(slip));
            assert!(Slip::decode(&bytes, Some(&mask(2))).is_none());
            for at in 0..SLIP_BYTES {
                let mut torn = bytes;
                torn[at] ^= 1;
                assert!(Slip::decode(&torn, own.as_ref()).is_none(), "byte {at}");
            }
        }
    }

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

    /// What was sealed with one program of the cipher opens with every other.
    #[test]
    fn a_row_is_sealed_as_the_standard_says() {
        use chacha20poly1305::{ChaCha20Poly1305, KeyInit, aead::Aead};
        let key = Key([7; 32]);
        let of_row = blake3::keyed_hash(&key.0, b"record");
        let other = ChaCha20Poly1305::new(of_row.as_bytes().into());
        for length in [0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 400, 1000, 5000] {
            let plain: Vec<u8> = (0..length).map(|it| (it * 31) as u8).collect();
            let sealed = key.seal(b"record", &plain);
            assert_eq!(sealed, other.encrypt(&Default::default(), plain.as_slice()).unwrap());
            assert_eq!(key.open(b"record", &sealed), Some(plain));
        }
    }

    #[test]
    fn a_destroyed_key_is_gone_and_its_neighbours_are_there() {
        let disk = SimDisk::new(1);
        let keys = open(&disk, 0).unwrap();
        keys.fill(&mut Filled(0), 0, 3, &Seeded::new(1)).unwrap();
        let before = keys.keys(0, 3).unwrap();
        assert!(before.iter().all(Option::is_some));
        assert!(before[0] != before[1] && before[1] != before[2]);
        keys.destroy(&[1]).unwrap();
        drop(keys);
        let keys = open(&disk, 3).unwrap();
        assert!(*keys.keys(0, 3).unwrap() == [before[0], None, before[2]]);
        assert!(keys.key(2).unwrap() == before[2]);
    }

    #[test]
    fn slots_that_hold_nothing_are_one_run_however_many_they_are() {
        let disk = SimDisk::new(1);
        let keys = open(&disk, 0).unwrap();
        keys.fill(&mut Filled(0), 0, 9, &Seeded::new(1)).unwrap();
        keys.destroy(&[2, 3, 7]).unwrap();
        let runs = |next| keys.destroyed(next).unwrap().0;
        assert_eq!(runs(9), [2..4, 7..8]);
        let next = 1 << 16;
        disk.open(FILE).unwrap().set_len(slot_of(9)).unwrap();
        disk.open(FILE).unwrap().set_len(slot_of(next)).unwrap();
        assert_eq!(runs(next), [2..4, 7..8, 9..next]);
        let destroyed = keys.destroyed(next).unwrap();
        let has = [0, 2, 3, 4, 7, 8, 9, next - 1, next].map(|it| destroyed.has(it));
        assert_eq!(has, [false, true, true, false, true, false, true, true, false]);
        assert_eq!(destroyed.ids().take(4).collect::<Vec<_>>(), [2, 3, 7, 9]);
    }

    #[test]
    fn missing_and_foreign_files_are_refused_where_keys_are_needed() {
        let refused =
            |disk: &SimDisk| Keys::open(disk, 5, Some(mask(1))).map(drop).unwrap_err().to_string();
        let disk = SimDisk::new(1);
        assert!(refused(&disk).contains("keys is damaged: it is missing"));
        let disk = SimDisk::new(1);
        disk.open(FILE).unwrap().write_at(0, &[7; 4096]).unwrap();
        assert!(refused(&disk).contains("it is no file of keys"));
        let disk = SimDisk::new(1);
        open(&disk, 0).unwrap();
        assert!(refused(&disk).contains("it ends before its last key"));
    }
}
