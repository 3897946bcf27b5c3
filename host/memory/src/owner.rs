//! The owner's key: who has the folder and not this key has nothing of what records say.
//!
//! A store has two random secrets. The mask is what each slot of the file of keys is covered with, so that a slot
//! without it is no key; the veil hides what the tables hold beside sealed rows: names of encoders, and digests
//! that somebody could guess. Both lie in a file of their own: in the clear while the store is unlocked, else
//! sealed with a key that is made of the owner's passphrase or key file.
//!
//! Locking makes a mask that was never in the clear, and writes the slots anew beside the old ones; a mark in this
//! file says that they are to take their place. Unlocking tells the mask, and touches no slot. The file is written
//! in place, twice, far apart: a crash in between, or a sector that fails, leaves one of the two whole, and of two
//! that differ the newer one counts. So a crash at any moment leaves the store as it was before, or as it is
//! after. No row is ever written again for it: a record's own key stays the same.

use std::{fmt, io, sync::Arc};

use argon2::{Algorithm, Argon2, Params, Version};
use voyager_base::{Digest, chance::Chance, disk::Disk};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    error::OpenError,
    keys::{self, Form, Key, Keys, Mask},
    tables::Reading,
};

/// Name of the file.
pub(crate) const FILE: &str = "owner";

/// How each of the two copies begins; behind it stands the number of its format.
const BEGIN: &[u8] = b"voyager memory owner, format ";
const FORMAT: &[u8] = b"voyager memory owner, format 1\n";
/// What a disk writes as a whole.
const COPY_BYTES: usize = 512;
/// The second copy lies so far behind the first that no sector of any disk has both.
pub(crate) const APART: u64 = 4096;
const SECRET_BYTES: usize = 32;
const SEALED_BYTES: usize = 2 * SECRET_BYTES + 16;

/// The shortest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MIN: usize = 8;
/// The longest passphrase, in bytes.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;
/// The smallest key file, in bytes: as many as any of our keys has.
pub const KEY_FILE_BYTES_MIN: usize = 32;
/// The largest key file, in bytes.
pub const KEY_FILE_BYTES_MAX: usize = 64 << 10;

/// A secret of the store; its bytes are overwritten when nobody has it any more.
pub(crate) type Secret = Arc<Zeroizing<[u8; SECRET_BYTES]>>;

/// What an owner opens a store with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// Words that somebody knows.
    Passphrase,
    /// A file that somebody has.
    KeyFile,
}

impl fmt::Display for OwnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key file",
        })
    }
}

/// A passphrase, or what a key file holds. Nobody is shown it.
#[derive(Clone)]
pub struct OwnerKey {
    kind: OwnerKind,
    secret: Arc<Zeroizing<Vec<u8>>>,
}

impl OwnerKey {
    /// A key of bytes.
    ///
    /// # Errors
    /// It is too short to protect anything, or too long; in words.
    pub fn new(kind: OwnerKind, secret: &[u8]) -> Result<Self, String> {
        let (least, most) = match kind {
            OwnerKind::Passphrase => (PASSPHRASE_BYTES_MIN, PASSPHRASE_BYTES_MAX),
            OwnerKind::KeyFile => (KEY_FILE_BYTES_MIN, KEY_FILE_BYTES_MAX),
        };
        if secret.len() < least || most < secret.len() {
            let length = secret.len();
            return Err(format!("a {kind} has {least} to {most} bytes, and this one has {length}"));
        }
        Ok(Self { kind, secret: Arc::new(Zeroizing::new(secret.to_vec())) })
    }

    /// What it is.
    pub fn kind(&self) -> OwnerKind {
        self.kind
    }
}

impl fmt::Debug for OwnerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerKey({})", self.kind)
    }
}

/// How dear it is to try a passphrase (Argon2id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Parts of it that can be computed beside each other.
    pub lanes: u32,
}

impl Default for Cost {
    /// The second recommended option of RFC 9106: 64 MiB, where 2 GiB would be too much.
    fn default() -> Self {
        Self { memory_kib: 64 << 10, passes: 3, lanes: 4 }
    }
}

impl Cost {
    /// Whether it is one that somebody may have meant. It is read from a file: who can write that must not be able to
    /// have this machine fill its memory, or compute for days.
    fn is_bounded(self) -> bool {
        let Self { memory_kib, passes, lanes } = self;
        (1..=16).contains(&lanes)
            && (1..=64).contains(&passes)
            && (8 * lanes..=1 << 20).contains(&memory_kib)
    }
}

/// One copy of what the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The newest counts.
    generation: u64,
    /// Whether keys that were written anew are to take the place of the old ones.
    moving: bool,
    lid: Lid,
}

/// Where the secrets are.
#[derive(Clone, PartialEq, Eq)]
enum Lid {
    /// Here: who has the folder has the store.
    Open { secrets: [u8; 2 * SECRET_BYTES] },
    /// Sealed with the owner's key.
    Shut { kind: OwnerKind, cost: Cost, salt: [u8; SECRET_BYTES], sealed: [u8; SEALED_BYTES] },
}

impl fmt::Debug for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { .. } => f.write_str("Open"),
            Self::Shut { kind, cost, .. } => write!(f, "Shut({kind}, {cost:?})"),
        }
    }
}

/// What is wrong with a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    /// A later format.
    Newer(u32),
    /// Nothing was written, or not all of it, or something else since.
    Damaged,
}

/// No file says something anew so often: who can write it must not be able to have it counted beyond what a number holds.
const GENERATION_MAX: u64 = 1 << 48;

/// The bytes of a copy before its check.
pub(crate) const STATED_BYTES: usize =
    FORMAT.len() + 8 + 1 + 1 + 3 * 4 + SECRET_BYTES + SEALED_BYTES;

impl Statement {
    /// What the sealed secrets are bound to: everything before them.
    fn bound(kind: u8, cost: Cost, salt: &[u8; SECRET_BYTES]) -> Vec<u8> {
        let Cost { memory_kib, passes, lanes } = cost;
        let numbers = [memory_kib, passes, lanes].map(u32::to_le_bytes).concat();
        [FORMAT, &[kind], &numbers, salt].concat()
    }

    fn encode(&self) -> [u8; COPY_BYTES] {
        let none = Cost { memory_kib: 0, passes: 0, lanes: 0 };
        let (kind, cost, salt, secrets) = match &self.lid {
            Lid::Open { secrets } => (0, none, [0; SECRET_BYTES], secrets.as_slice()),
            Lid::Shut { kind: OwnerKind::Passphrase, cost, salt, sealed } => {
                (1, *cost, *salt, sealed.as_slice())
            }
            Lid::Shut { kind: OwnerKind::KeyFile, cost, salt, sealed } => {
                (2, *cost, *salt, sealed.as_slice())
            }
        };
        let mut bytes = FORMAT.to_vec();
        bytes.extend(self.generation.to_le_bytes());
        bytes.push(u8::from(self.moving));
        bytes.extend(&Self::bound(kind, cost, &salt)[FORMAT.len()..]);
        bytes.extend(secrets);
        bytes.resize(STATED_BYTES, 0);
        bytes.extend(Digest::of(&bytes).0);
        let mut copy = [0; COPY_BYTES];
        copy[..bytes.len()].copy_from_slice(&bytes);
        copy
    }

    fn decode(copy: &[u8]) -> Result<Self, Unread> {
        let (stated, rest) = copy.split_at_checked(STATED_BYTES).ok_or(Unread::Damaged)?;
        let is_check = |of: &[u8]| rest.get(..SECRET_BYTES) == Some(Digest::of(of).0.as_slice());
        let Some(mut rest_of) = stated.strip_prefix(FORMAT) else {
            // One bit makes a later number of ours. The check tells that it was ours.
            let was_ours = is_check(&[FORMAT, &stated[FORMAT.len()..]].concat());
            let newer = newer(stated).filter(|_| !was_ours);
            return Err(newer.map_or(Unread::Damaged, Unread::Newer));
        };
        if !is_check(stated) {
            return Err(Unread::Damaged);
        }
        let generation = u64::from_le_bytes(take(&mut rest_of)?);
        if generation > GENERATION_MAX {
            return Err(Unread::Damaged);
        }
        let [moving, kind] = take(&mut rest_of)?;
        let mut number = || take(&mut rest_of).map(u32::from_le_bytes);
        let cost = Cost { memory_kib: number()?, passes: number()?, lanes: number()? };
        let salt = take(&mut rest_of)?;
        let shut = |kind, sealed| Lid::Shut { kind, cost, salt, sealed };
        let lid = match kind {
            0 => Lid::Open { secrets: take(&mut rest_of)? },
            1 if cost.is_bounded() => shut(OwnerKind::Passphrase, take(&mut rest_of)?),
            2 => shut(OwnerKind::KeyFile, take(&mut rest_of)?),
            _ => return Err(Unread::Damaged),
        };
        let moving = match moving {
            0 => false,
            1 => true,
            _ => return Err(Unread::Damaged),
        };
        Ok(Self { generation, moving, lid })
    }
}

/// The number of a later format, where a copy begins with one.
fn newer(copy: &[u8]) -> Option<u32> {
    let rest = copy.strip_prefix(BEGIN)?;
    let end = rest.iter().position(|it| *it == b'\n')?;
    let number = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    (number > 1).then_some(number)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Unread> {
    let (first, rest) = bytes.split_first_chunk().ok_or(Unread::Damaged)?;
    *bytes = rest;
    Ok(*first)
}

/// The secrets of a store.
#[derive(Clone)]
struct Secrets {
    mask: Secret,
    veil: Secret,
}

fn fresh(chance: &dyn Chance) -> Secret {
    let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
    chance.fill(&mut *bytes);
    Arc::new(bytes)
}

impl Secrets {
    /// Both, one after the other.
    fn bytes(&self) -> Zeroizing<[u8; 2 * SECRET_BYTES]> {
        let mut bytes = Zeroizing::new([0; 2 * SECRET_BYTES]);
        bytes[..SECRET_BYTES].copy_from_slice(&**self.mask);
        bytes[SECRET_BYTES..].copy_from_slice(&**self.veil);
        bytes
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let (mask, veil) = bytes.split_at_checked(SECRET_BYTES)?;
        let secret = |it: &[u8]| Some(Arc::new(Zeroizing::new(it.try_into().ok()?)));
        Some(Self { mask: secret(mask)?, veil: secret(veil)? })
    }

    /// Seals both.
    fn shut(&self, key: &OwnerKey, cost: Cost, chance: &dyn Chance) -> io::Result<Lid> {
        let mut salt = [0; SECRET_BYTES];
        chance.fill(&mut salt);
        let (number, cost) = match key.kind {
            OwnerKind::Passphrase if !cost.is_bounded() => {
                return Err(io::Error::other("this is no cost of a passphrase"));
            }
            OwnerKind::Passphrase => (1, cost),
            OwnerKind::KeyFile => (2, Cost { memory_kib: 0, passes: 0, lanes: 0 }),
        };
        let outer = outer(key, cost, &salt).map_err(io::Error::other)?;
        let sealed = outer.seal(&Statement::bound(number, cost, &salt), &*self.bytes());
        let sealed = sealed.try_into().map_err(|_| io::Error::other("a seal has one length"))?;
        Ok(Lid::Shut { kind: key.kind, cost, salt, sealed })
    }

    /// What is under a lid.
    fn under(lid: &Lid, key: Option<&OwnerKey>) -> Result<Self, OpenError> {
        let damaged = || OpenError::Damaged { what: FILE, reason: "it has no secrets".to_owned() };
        let (kind, cost, salt, sealed) = match lid {
            Lid::Open { secrets } => return Self::of(secrets).ok_or_else(damaged),
            Lid::Shut { kind, cost, salt, sealed } => (*kind, *cost, salt, sealed),
        };
        let key = key.ok_or(OpenError::Locked { kind })?;
        if key.kind != kind {
            return Err(OpenError::WrongKey { kind });
        }
        let number = if kind == OwnerKind::Passphrase { 1 } else { 2 };
        let outer = outer(key, cost, salt).map_err(OpenError::disk)?;
        let plain = outer.open(&Statement::bound(number, cost, salt), sealed);
        let plain = Zeroizing::new(plain.ok_or(OpenError::WrongKey { kind })?);
        Self::of(&plain).ok_or_else(damaged)
    }
}

/// The key that the secrets are sealed with. The salt is a fresh one each time, so no key seals twice.
fn outer(key: &OwnerKey, cost: Cost, salt: &[u8]) -> Result<Key, String> {
    let mut bytes = match key.kind {
        OwnerKind::KeyFile => {
            let mut hasher = blake3::Hasher::new_derive_key("voyager 2026 memory owner key file");
            hasher.update(salt).update(&key.secret);
            *hasher.finalize().as_bytes()
        }
        OwnerKind::Passphrase => {
            let Cost { memory_kib, passes, lanes } = cost;
            let params = Params::new(memory_kib, passes, lanes, Some(SECRET_BYTES));
            let params = params.map_err(|it| it.to_string())?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut bytes = [0; SECRET_BYTES];
            let made = argon2.hash_password_into(&key.secret, salt, &mut bytes);
            made.map_err(|it| it.to_string())?;
            bytes
        }
    };
    let key = Key::of(bytes);
    bytes.zeroize();
    Ok(key)
}

/// Hides what tables hold beside sealed rows. It stays the same for the life of a store: what it hid lies in old
/// pages, too.
#[derive(Clone)]
pub(crate) struct Veil(Secret);

impl Veil {
    /// What stands in place of an idempotency key, which may be made of texts that somebody can guess.
    pub(crate) fn digest(&self, key: &Digest) -> Digest {
        Digest(*blake3::keyed_hash(&self.0, &key.0).as_bytes())
    }

    /// What stands in place of the name of an encoder.
    pub(crate) fn hide(&self, name: &str) -> String {
        let place = self.place(name);
        let sealed = self.key().seal(&place, name.as_bytes());
        place.iter().chain(&sealed).map(|it| format!("{it:02x}")).collect()
    }

    /// The name of an encoder; none where it is damaged.
    pub(crate) fn show(&self, hidden: &str) -> Option<String> {
        let digits: Option<Vec<u8>> =
            hidden.bytes().map(|it| Some(char::from(it).to_digit(16)? as u8)).collect();
        let bytes: Vec<u8> =
            digits?.as_chunks().0.iter().map(|[high, low]| high << 4 | low).collect();
        let (place, sealed) = bytes.split_at_checked(PLACE_BYTES)?;
        String::from_utf8(self.key().open(place, sealed)?).ok()
    }

    /// What a name is sealed under: another one for each, so that no two are sealed alike.
    fn place(&self, name: &str) -> [u8; PLACE_BYTES] {
        let mut place = [0; PLACE_BYTES];
        let digest = blake3::keyed_hash(&self.0, name.as_bytes());
        place.copy_from_slice(&digest.as_bytes()[..PLACE_BYTES]);
        place
    }

    /// Seals bytes; no two are sealed alike.
    pub(crate) fn wrap(&self, plain: &[u8]) -> Vec<u8> {
        let mut wrapped = [0; PLACE_BYTES].to_vec();
        wrapped.copy_from_slice(&blake3::keyed_hash(&self.0, plain).as_bytes()[..PLACE_BYTES]);
        let sealed = self.key().seal(&wrapped, plain);
        wrapped.extend(sealed);
        wrapped
    }

    /// What [`Veil::wrap`] sealed.
    pub(crate) fn unwrap(&self, wrapped: &[u8]) -> Option<Vec<u8>> {
        let (place, sealed) = wrapped.split_at_checked(PLACE_BYTES)?;
        self.key().open(place, sealed)
    }

    /// What only a store with this veil says of bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 32] {
        let key = blake3::derive_key("voyager 2026 memory root of a snapshot", &**self.0);
        *blake3::keyed_hash(&key, bytes).as_bytes()
    }

    fn key(&self) -> Key {
        Key::of(blake3::derive_key("voyager 2026 memory names of encoders", &**self.0))
    }
}

const PLACE_BYTES: usize = 16;

/// The file of a store, and what it says.
pub(crate) struct Owner {
    disk: Arc<dyn Disk>,
    /// None where the store was made before there was such a file.
    known: Option<(Statement, Secrets)>,
}

/// What is to be said next: see [`Owner::prepare`].
pub(crate) struct Prepared {
    lid: Lid,
    secrets: Secrets,
}

impl Owner {
    /// Opens the file of a store that has one, finishes what an interrupted process left, and takes the secrets.
    /// Comes before anything else of the store is touched; none where it has no covered keys.
    pub(crate) fn find(
        disk: &Arc<dyn Disk>,
        key: Option<&OwnerKey>,
    ) -> Result<Option<Self>, OpenError> {
        if keys::form(&**disk).map_err(OpenError::disk)? != Some(Form::Covered) {
            return Ok(None);
        }
        let said = finish(&**disk, read(&**disk)?)?;
        let secrets = Secrets::under(&said.lid, key)?;
        Ok(Some(Self { disk: Arc::clone(disk), known: Some((said, secrets)) }))
    }

    /// Makes the file of a new store. One that has given away ids and has no covered keys is left without: it was
    /// made before there was such a file, or its keys are missing, which whoever wants them tells.
    pub(crate) fn make(disk: &Arc<dyn Disk>, next: u64, chance: &dyn Chance) -> io::Result<Self> {
        let mut owner = Self { disk: Arc::clone(disk), known: None };
        if next == 0 {
            let secrets = Secrets { mask: fresh(chance), veil: fresh(chance) };
            owner.say(Lid::Open { secrets: *secrets.bytes() }, false, &secrets)?;
        }
        Ok(owner)
    }

    /// What slots are covered with; none where they are not.
    pub(crate) fn mask(&self) -> Option<Mask> {
        Some(Mask::new(Arc::clone(&self.known.as_ref()?.1.mask)))
    }

    /// What hides the rest; none where nothing does.
    pub(crate) fn veil(&self) -> Option<Veil> {
        Some(Veil(Arc::clone(&self.known.as_ref()?.1.veil)))
    }

    /// What the store is locked with; none where it is not.
    pub(crate) fn kind(&self) -> Option<OwnerKind> {
        match self.known.as_ref()?.0.lid {
            Lid::Open { .. } => None,
            Lid::Shut { kind, .. } => Some(kind),
        }
    }

    /// Whether a folder of snapshots has keys, and opens with something else than this store: bringing it up to date
    /// writes all its slots anew, and none of them can be compared before.
    pub(crate) fn opens_otherwise(&self, there: &dyn Disk) -> io::Result<bool> {
        let (said, _) = self.known.as_ref().ok_or_else(no_file)?;
        let is_there = keys::form(there)? == Some(Form::Covered);
        Ok(is_there && read(there).map_err(io::Error::other)?.lid != said.lid)
    }

    /// Has a folder of snapshots open with what this store opens with, and brings its slots below `next` up to date,
    /// in place: what is destroyed here is destroyed there. Gives back the ids of those that stay there as they are,
    /// since those here are damaged.
    pub(crate) fn bring(
        &self,
        keys: &Keys,
        there: &dyn Disk,
        next: u64,
        rows: &Reading,
    ) -> io::Result<Vec<u64>> {
        let (said, _) = self.known.as_ref().ok_or_else(no_file)?;
        let identity = keys.identity()?.ok_or_else(no_file)?;
        if keys::form(there)? != Some(Form::Covered) {
            self.copy_to(there)?;
            keys.copy_new(there, next, &identity, &|_| false)?;
            return Ok(Vec::new());
        }
        let found = finish_there(there)?;
        if found.lid == said.lid {
            return keys.copy_same(there, next, &identity, rows);
        }
        keys.copy_anew(there, next, &identity)?;
        let lid = said.lid.clone();
        let generation = found.generation + 1;
        say(there, &Statement { generation, moving: true, lid: lid.clone() })?;
        keys::take_place(there)?;
        say(there, &Statement { generation: generation + 1, moving: false, lid })?;
        keys::drop_anew(there)?;
        Ok(Vec::new())
    }

    /// Has another folder open with what this one opens with.
    pub(crate) fn copy_to(&self, there: &dyn Disk) -> io::Result<()> {
        let (said, _) = self.known.as_ref().ok_or_else(no_file)?;
        say(there, &Statement { generation: 1, moving: false, lid: said.lid.clone() })
    }

    /// Whether both copies of the file say what it says.
    pub(crate) fn is_doubled(&self) -> io::Result<bool> {
        let Some((said, _)) = &self.known else { return Ok(true) };
        Ok(copies(&*self.disk)?.iter().all(|it| it.as_ref() == Ok(said)))
    }

    /// Whether the store can be locked at all.
    pub(crate) fn is_here(&self) -> bool {
        self.known.is_some()
    }

    /// Writes the keys anew under a mask that nobody has seen. Where that fails the store is as before.
    pub(crate) fn prepare(
        &self,
        keys: &Keys,
        next: u64,
        key: &OwnerKey,
        cost: Cost,
        chance: &dyn Chance,
    ) -> io::Result<Prepared> {
        let (_, known) = self.known.as_ref().ok_or_else(no_file)?;
        let secrets = Secrets { mask: fresh(chance), veil: Arc::clone(&known.veil) };
        let lid = secrets.shut(key, cost, chance)?;
        let written = keys.write_anew(&*self.disk, next, &Mask::new(Arc::clone(&secrets.mask)));
        written.inspect_err(|_| {
            // The disk may be full: what nobody can read shall not take its room.
            drop(keys::drop_anew(&*self.disk));
        })?;
        Ok(Prepared { lid, secrets })
    }

    /// Has the keys that were written anew take the place of the old ones. Where that fails, opening the store
    /// again shows whether it is locked.
    pub(crate) fn lock(&mut self, keys: &Keys, prepared: Prepared) -> io::Result<()> {
        let Prepared { lid, secrets } = prepared;
        // From here on the store is as it will be.
        self.say(lid.clone(), true, &secrets)?;
        keys.take_place(&*self.disk, Mask::new(Arc::clone(&secrets.mask)))?;
        self.say(lid, false, &secrets)?;
        keys::drop_anew(&*self.disk)
    }

    /// Lets everybody open the store who has the folder. Where that fails, opening it again shows whether it is
    /// locked.
    pub(crate) fn unlock(&mut self) -> io::Result<()> {
        let (_, secrets) = self.known.clone().ok_or_else(no_file)?;
        let lid = Lid::Open { secrets: *secrets.bytes() };
        self.say(lid, false, &secrets)
    }

    fn say(&mut self, lid: Lid, moving: bool, secrets: &Secrets) -> io::Result<()> {
        let generation = self.known.as_ref().map_or(0, |it| it.0.generation) + 1;
        let said = Statement { generation, moving, lid };
        say(&*self.disk, &said)?;
        self.known = Some((said, secrets.clone()));
        Ok(())
    }
}

fn no_file() -> io::Error {
    io::Error::other("the store was made before it could be locked")
}

/// Finishes what an interrupted process left in a folder of snapshots.
pub(crate) fn finish_there(disk: &dyn Disk) -> io::Result<Statement> {
    let said = read(disk).map_err(io::Error::other)?;
    finish(disk, said).map_err(io::Error::other)
}

/// Whether a store opens with its owner's key alone. Changes nothing; one that is damaged is not known to be locked.
pub fn is_locked(disk: &dyn Disk) -> bool {
    let covered = keys::form(disk).is_ok_and(|it| it == Some(Form::Covered));
    covered && read(disk).is_ok_and(|it| matches!(it.lid, Lid::Shut { .. }))
}

/// Finishes what an interrupted process left. No key is needed for it.
fn finish(disk: &dyn Disk, said: Statement) -> Result<Statement, OpenError> {
    let said = if said.moving {
        if !keys::is_written_anew(disk).map_err(OpenError::disk)? {
            let reason = "the keys that are to take its place are missing".to_owned();
            return Err(OpenError::Damaged { what: keys::FILE, reason });
        }
        keys::take_place(disk).map_err(OpenError::disk)?;
        let said = Statement { generation: said.generation + 1, moving: false, ..said };
        say(disk, &said).map_err(OpenError::disk)?;
        said
    } else {
        both_say(disk, &said).map_err(OpenError::disk)?;
        said
    };
    keys::drop_anew(disk).map_err(OpenError::disk)?;
    Ok(said)
}

/// Writes both copies, one after the other.
fn say(disk: &dyn Disk, said: &Statement) -> io::Result<()> {
    let file = disk.open(FILE)?;
    disk.sync_folder()?;
    for offset in [0, APART] {
        file.write_at(offset, &said.encode())?;
        file.sync()?;
    }
    Ok(())
}

/// Has both copies say the same: the one that doesn't is old, or damaged.
fn both_say(disk: &dyn Disk, said: &Statement) -> io::Result<()> {
    let found = copies(disk)?;
    let file = disk.open(FILE)?;
    for (offset, copy) in [0, APART].into_iter().zip(found) {
        if copy.as_ref() != Ok(said) {
            file.write_at(offset, &said.encode())?;
            file.sync()?;
        }
    }
    Ok(())
}

/// The two copies of the file.
fn copies(disk: &dyn Disk) -> io::Result<[Result<Statement, Unread>; 2]> {
    let file = disk.open(FILE)?;
    let length = file.len()?;
    let copy = |offset: u64| -> io::Result<Result<Statement, Unread>> {
        if length < offset + COPY_BYTES as u64 {
            return Ok(Err(Unread::Damaged));
        }
        let mut bytes = [0; COPY_BYTES];
        file.read_at(offset, &mut bytes)?;
        Ok(Statement::decode(&bytes))
    };
    Ok([copy(0)?, copy(APART)?])
}

/// What the file of a store says.
fn read(disk: &dyn Disk) -> Result<Statement, OpenError> {
    let damaged = |reason: &str| OpenError::Damaged { what: FILE, reason: reason.to_owned() };
    if !disk.list().map_err(OpenError::disk)?.iter().any(|it| it == FILE) {
        return Err(damaged("it is missing, and without it nobody can read the keys"));
    }
    let copies = copies(disk).map_err(OpenError::disk)?;
    for copy in &copies {
        if let Err(Unread::Newer(found)) = copy {
            return Err(OpenError::Newer { found: *found, known: 1 });
        }
    }
    let newest = copies.into_iter().flatten().max_by_key(|it| it.generation);
    newest.ok_or_else(|| damaged("neither of its two copies can be read"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;
    use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};
    use voyager_disk::database::Opening;

    use super::*;
    use crate::{
        error::LockError,
        keys::Filled,
        record::{Draft, MemoryId},
        row::{Standing, seal_record},
        store::{Memory, Options},
        tables::{Act, Change, Counters, Deed, Tables},
    };

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn key_file(seed: u8) -> OwnerKey {
        OwnerKey::new(OwnerKind::KeyFile, &[seed; 32]).unwrap()
    }

    fn shut(number: u64) -> Statement {
        let chance = Seeded::new(number);
        let secrets = Secrets { mask: fresh(&chance), veil: fresh(&chance) };
        let lid = secrets.shut(&key_file(1), CHEAP, &chance).unwrap();
        Statement { generation: number, moving: number % 2 == 1, lid }
    }

    proptest! {
        #[test]
        fn a_statement_reads_back_and_a_changed_one_does_not(
            number in 0..=GENERATION_MAX, bit in 0..STATED_BYTES * 8, chance: u64, open: bool,
        ) {
            let mut said = shut(chance);
            said.generation = number;
            if open {
                said.lid = Lid::Open { secrets: [7; 64] };
            }
            let mut copy = said.encode();
            prop_assert_eq!(Statement::decode(&copy), Ok(said));
            copy[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Statement::decode(&copy), Err(Unread::Damaged));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, number: u32) {
            prop_assert!(Statement::decode(&bytes).is_err());
            let later = format!("voyager memory owner, format {number}\n");
            let mut copy = [0; COPY_BYTES];
            copy[..later.len()].copy_from_slice(later.as_bytes());
            prop_assert!(Statement::decode(&copy).is_err());
        }
    }

    #[test]
    fn a_later_format_is_told() {
        let disk = SimDisk::new(1);
        let file = disk.open(FILE).unwrap();
        file.write_at(0, b"voyager memory owner, format 2\n").unwrap();
        file.set_len(COPY_BYTES as u64).unwrap();
        assert_eq!(read(&disk), Err(OpenError::Newer { found: 2, known: 1 }));
    }

    /// Who can write the file must not be able to have this machine fill its memory.
    #[test]
    fn a_cost_that_nobody_meant_is_refused() {
        let passphrase = OwnerKey::new(OwnerKind::Passphrase, b"green door").unwrap();
        let chance = Seeded::new(1);
        let secrets = Secrets { mask: fresh(&chance), veil: fresh(&chance) };
        let shut = |cost| secrets.shut(&passphrase, cost, &chance);
        assert!(shut(CHEAP).is_ok());
        assert!(Cost::default().is_bounded());
        for cost in [
            Cost { memory_kib: u32::MAX, ..CHEAP },
            Cost { passes: 65, ..CHEAP },
            Cost { lanes: 0, ..CHEAP },
            Cost { memory_kib: 7, ..CHEAP },
        ] {
            assert!(shut(cost).is_err(), "{cost:?}");
            let lid =
                Lid::Shut { kind: OwnerKind::Passphrase, cost, salt: [0; 32], sealed: [0; 80] };
            let said = Statement { generation: 1, moving: false, lid };
            assert_eq!(Statement::decode(&said.encode()), Err(Unread::Damaged));
        }
    }

    /// What is said next has a higher one.
    #[test]
    fn a_generation_that_no_file_reaches_is_refused() {
        let disk = SimDisk::new(1);
        let said = |generation| Statement { generation, ..shut(1) };
        let file = disk.open(FILE).unwrap();
        for (offset, generation) in [(0, 7), (APART, u64::MAX)] {
            file.write_at(offset, &said(generation).encode()).unwrap();
        }
        assert_eq!(read(&disk), Ok(said(7)), "the other copy counts");
        file.write_at(0, &said(GENERATION_MAX + 1).encode()).unwrap();
        assert!(matches!(read(&disk), Err(OpenError::Damaged { .. })));
    }

    #[test]
    fn the_same_name_is_hidden_under_a_veil_of_its_own() {
        let veils = [1, 2].map(|it| Veil(fresh(&Seeded::new(it))));
        let hidden = veils[0].hide("MiniLM v2");
        assert_eq!(veils[0].show(&hidden).as_deref(), Some("MiniLM v2"));
        assert_eq!(veils[1].show(&hidden), None);
        for damaged in ["", "MiniLM v2", "é", &hidden[2..], &hidden[..40]] {
            assert_eq!(veils[0].show(damaged), None, "{damaged}");
        }
        let digest = Digest::of(b"guessed");
        assert_ne!(veils[0].digest(&digest), digest);
        assert_ne!(veils[0].digest(&digest), veils[1].digest(&digest));
    }

    #[test]
    fn a_key_has_bounds_and_shows_nothing() {
        let refused = |kind, bytes: &[u8]| OwnerKey::new(kind, bytes).unwrap_err();
        assert!(refused(OwnerKind::Passphrase, b"short").contains("8 to 1024 bytes"));
        assert!(refused(OwnerKind::KeyFile, &[1; 31]).contains("32 to 65536 bytes"));
        assert!(refused(OwnerKind::KeyFile, &vec![1; 70_000]).contains("this one has 70000"));
        let key = OwnerKey::new(OwnerKind::Passphrase, b"green door").unwrap();
        assert_eq!(format!("{key:?}"), "OwnerKey(passphrase)");
    }

    fn open(disk: &SimDisk, owner: Option<OwnerKey>) -> Result<Memory, OpenError> {
        let options = Options { owner, ..Options::default() };
        Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7)))
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    fn draft(text: &str) -> Draft {
        Draft { text: text.to_owned(), ..Draft::default() }
    }

    /// A store of the first format: slots hold the keys themselves.
    #[test]
    fn a_bare_store_goes_on_and_can_not_be_locked() {
        let disk = SimDisk::new(1);
        let (tables, _) =
            Tables::open(&disk, Opening { cache_bytes: 1 << 20, check_bytes_max: 0 }).unwrap();
        let keys = Keys::open(&disk, 0, None).unwrap();
        keys.fill(&mut Filled(0), 0, 1, &Seeded::new(1)).unwrap();
        let row = seal_record(&keys.key(0).unwrap().unwrap(), now(), &draft("The door is green."));
        let standing =
            Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
        let act = Act { at: now(), deed: Deed::Remembered, first: 0, count: 1 };
        let counters = Counters { next: 1, commit: 1, cycle: 0 };
        let write = |it: &Change| {
            it.add_records([(0, row.as_slice(), standing)])?;
            it.end(act)
        };
        tables.change(counters, write).unwrap();
        drop((tables, keys));
        for expected in 1..3 {
            let memory = open(&disk, None).unwrap();
            assert_eq!(memory.ids().len(), expected);
            assert_eq!(memory.record(MemoryId(0)).unwrap().draft.text, "The door is green.");
            memory.remember(&[draft("The wall is blue.").into()], None, now()).unwrap();
            memory.keep_index().unwrap();
            assert_eq!(memory.lock(&key_file(1), CHEAP), Err(LockError::Bare));
        }
        assert!(!disk.list().unwrap().iter().any(|it| it == FILE));
    }

    /// The keys themselves, beside what the tests of callers can search for.
    #[test]
    fn no_key_of_a_record_stands_in_any_file() {
        let disk = SimDisk::new(1);
        let memory = open(&disk, None).unwrap();
        let drafts = ["a", "b", "c"].map(|it| draft(it).into());
        memory.remember(&drafts, None, now()).unwrap();
        let keys = memory_keys(&disk, None);
        assert_eq!(keys.len(), 3);
        memory.lock(&key_file(1), CHEAP).unwrap();
        memory.forget(&[MemoryId(1)], None, now()).unwrap();
        memory.unlock().unwrap();
        drop(memory);
        assert_eq!(memory_keys(&disk, None), [keys[0].clone(), keys[2].clone()]);
        assert!(keys.iter().all(|it| !disk.holds(it)));
    }

    /// The bytes of the keys that a store has.
    fn memory_keys(disk: &SimDisk, key: Option<&OwnerKey>) -> Vec<Vec<u8>> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let owner = Owner::find(&shared, key).unwrap().unwrap();
        let keys = Keys::open(disk, 3, owner.mask()).unwrap();
        keys.keys(0, 3).unwrap().iter().flatten().map(|it| it.bytes().to_vec()).collect()
    }
}
