//! A disk in memory that counts its calls, fails from a chosen call on, and shows what may be left
//! after the power fails.
//!
//! Deliberately absent: bad sectors during operation. Damage is done from outside, by
//! [`SimDisk::flip_bit`] and [`SimDisk::truncate`].

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    chance::{Chance, Seeded},
    disk::{Disk, DiskFile},
};

/// What a disk writes as a whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What a power failure leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashModel {
    /// Everything.
    Clean,
    /// Nothing.
    Lost,
    /// Of each write its beginning, up to some sector; file creations and removals by chance.
    Torn,
    /// Some of the writes, whichever their order; file creations and removals by chance.
    Reordered,
}

impl CrashModel {
    /// All models.
    pub const ALL: [Self; 4] = [Self::Clean, Self::Lost, Self::Torn, Self::Reordered];
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

type SyncHook = Arc<dyn Fn() + Send + Sync>;

struct State {
    seed: u64,
    calls: u64,
    syncs: u64,
    crash_at: Option<u64>,
    sync_hook: Option<SyncHook>,
    /// Files by number; a removed one stays, since its removal may be lost.
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    names_durable: BTreeMap<String, u64>,
}

#[derive(Default)]
struct File {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(content, *offset, bytes),
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl File {
    /// A file that holds `content` durably.
    fn holding(content: Vec<u8>) -> Self {
        Self { now: content.clone(), durable: content, unsynced: Vec::new() }
    }

    /// What a crash leaves.
    fn after_crash(&self, model: CrashModel, chance: &dyn Chance) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.unsynced {
            match (model, change) {
                (CrashModel::Lost, _) => {}
                (CrashModel::Torn, Change::Write { offset, bytes }) => {
                    let kept = torn(*offset, bytes.len(), chance);
                    if kept > 0 {
                        write(&mut content, *offset, &bytes[..kept]);
                    }
                }
                (CrashModel::Clean, _) => change.apply(&mut content),
                (CrashModel::Torn | CrashModel::Reordered, _) => {
                    if coin(chance) {
                        change.apply(&mut content);
                    }
                }
            }
        }
        content
    }
}

/// Whether `bytes` stand in `content`. Looked for by their first one, which the system does: all windows of a megabyte
/// take a test without optimization a tenth of a second.
fn holds(content: &[u8], bytes: &[u8]) -> bool {
    let Some(first) = bytes.first() else { return true };
    let mut rest = content;
    while rest.skip_until(*first).is_ok_and(|skipped| skipped > 0) {
        if content[content.len() - rest.len() - 1..].starts_with(bytes) {
            return true;
        }
    }
    false
}

fn coin(chance: &dyn Chance) -> bool {
    chance.number() & 1 == 1
}

/// How many of `length` bytes at `offset` reach the disk when writing ends at some sector.
fn torn(offset: usize, length: usize, chance: &dyn Chance) -> usize {
    let first = SECTOR_BYTES - offset % SECTOR_BYTES;
    let sectors = if length <= first { 1 } else { 1 + (length - first).div_ceil(SECTOR_BYTES) };
    match (chance.number() % (sectors as u64 + 1)) as usize {
        0 => 0,
        kept => (first + (kept - 1) * SECTOR_BYTES).min(length),
    }
}

impl SimDisk {
    /// An empty disk. `seed` decides what crashes leave.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            seed,
            calls: 0,
            syncs: 0,
            crash_at: None,
            sync_hook: None,
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            names_durable: BTreeMap::new(),
        })))
    }

    /// Number of calls so far, of the disk and of all its files.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Number of syncs so far, of files and of the folder.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Lets call number `call` (from 1) and all later ones fail. A write among them may still reach the
    /// disk, as far as the model of the crash says.
    pub fn crash_at(&self, call: u64) {
        self.state().crash_at = Some(call);
    }

    /// Whether calls fail.
    pub fn is_down(&self) -> bool {
        let state = self.state();
        state.crash_at.is_some_and(|call| state.calls >= call)
    }

    /// Calls `hook` in every sync, for example to charge its time.
    pub fn on_sync(&self, hook: impl Fn() + Send + Sync + 'static) {
        self.state().sync_hook = Some(Arc::new(hook));
    }

    /// A disk that holds what a power failure at this moment may leave of this one. `draw` varies the
    /// outcome under one seed.
    #[must_use]
    pub fn after_crash(&self, model: CrashModel, draw: u64) -> Self {
        let state = self.state();
        let chance = Seeded::new(state.seed.wrapping_add(draw.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let names = state.names_after_crash(model, &chance);
        let files = state
            .files
            .iter()
            .map(|(number, file)| (*number, File::holding(file.after_crash(model, &chance))))
            .collect();
        let after = Self::new(chance.number());
        {
            let mut state = after.state();
            state.files = files;
            state.names.clone_from(&names);
            state.names_durable = names;
        }
        after
    }

    /// The bytes of a file as programs see them now; none where there is no such file.
    pub fn content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|number| state.files[number].now.clone())
    }

    /// Whether `bytes` stand anywhere on it, in files or their names.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let state = self.state();
        let within = |content: &[u8]| holds(content, bytes);
        let in_file = |it: &File| within(&it.now) || (it.durable != it.now && within(&it.durable));
        state.names.keys().any(|name| within(name.as_bytes())) || state.files.values().any(in_file)
    }

    /// Damages a file, durably: flips one bit. Not counted as a call.
    ///
    /// # Panics
    /// Where the file or the bit does not exist.
    pub fn flip_bit(&self, name: &str, bit: usize) {
        self.damage(name, |content| content[bit / 8] ^= 1 << (bit % 8));
    }

    /// Damages a file, durably: cuts it. Not counted as a call.
    ///
    /// # Panics
    /// Where the file does not exist.
    pub fn truncate(&self, name: &str, length: usize) {
        self.damage(name, |content| content.truncate(length));
    }

    fn damage(&self, name: &str, damage: impl Fn(&mut Vec<u8>)) {
        let mut state = self.state();
        let number = *state.names.get(name).expect("only a file that exists can be damaged");
        let file = state.files.entry(number).or_default();
        damage(&mut file.now);
        file.durable.clone_from(&file.now);
        file.unsynced.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and gives access where the disk is up.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        state.up()?;
        Ok(state)
    }

    fn sync(&self, make_durable: impl FnOnce(&mut State)) -> io::Result<()> {
        let hook = {
            let mut state = self.call()?;
            state.syncs += 1;
            make_durable(&mut state);
            state.sync_hook.clone()
        };
        if let Some(hook) = hook {
            hook();
        }
        Ok(())
    }
}

impl State {
    fn up(&self) -> io::Result<()> {
        if self.crash_at.is_some_and(|call| self.calls >= call) {
            return Err(io::Error::other("the power failed"));
        }
        Ok(())
    }

    fn names_after_crash(&self, model: CrashModel, chance: &dyn Chance) -> BTreeMap<String, u64> {
        let all: BTreeSet<&String> = self.names.keys().chain(self.names_durable.keys()).collect();
        let mut names = BTreeMap::new();
        for name in all {
            let (now, durable) = (self.names.get(name), self.names_durable.get(name));
            let kept = match model {
                CrashModel::Clean => now,
                CrashModel::Lost => durable,
                CrashModel::Torn | CrashModel::Reordered if now == durable || coin(chance) => now,
                CrashModel::Torn | CrashModel::Reordered => durable,
            };
            names.extend(kept.map(|number| (name.clone(), *number)));
        }
        names
    }
}

impl Disk for SimDisk {
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.call()?;
        let number = match state.names.get(name) {
            Some(number) => *number,
            None => {
                let number = state.files.len() as u64;
                state.files.insert(number, File::default());
                state.names.insert(name.to_owned(), number);
                number
            }
        };
        Ok(Box::new(SimFile { disk: self.clone(), number }))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.call()?.names.keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let removed = self.call()?.names.remove(name);
        removed.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.sync(|state| state.names_durable = state.names.clone())
    }
}

/// An open file of a [`SimDisk`].
struct SimFile {
    disk: SimDisk,
    number: u64,
}

impl SimFile {
    /// Counts a call and makes a change. One that fails because the power fails in it may still be
    /// found on the disk afterwards; later ones never got there.
    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.disk.state();
        state.calls += 1;
        let in_flight = state.crash_at.is_none_or(|call| state.calls <= call);
        let up = state.up();
        let file = state.files.entry(self.number).or_default();
        if in_flight {
            change.apply(&mut file.now);
            file.unsynced.push(change);
        }
        up
    }
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.call()?.files[&self.number].now.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = place(offset)?;
        let state = self.disk.call()?;
        let content = &state.files[&self.number].now;
        let part = content.get(offset..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(Change::Write { offset: place(offset)?, bytes: bytes.to_vec() })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(place(length)?))
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync(|state| {
            let file = state.files.entry(self.number).or_default();
            for change in file.unsynced.drain(..) {
                change.apply(&mut file.durable);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk_with(synced: &[u8], unsynced: &[u8]) -> SimDisk {
        let disk = SimDisk::new(1);
        let file = disk.open("f").unwrap();
        file.write_at(0, synced).unwrap();
        file.sync().unwrap();
        disk.sync_folder().unwrap();
        file.write_at(synced.len() as u64, unsynced).unwrap();
        disk
    }

    #[test]
    fn what_was_synced_survives_under_every_model() {
        let disk = disk_with(&[1; 700], &[2; 2_000]);
        for model in CrashModel::ALL {
            for draw in 0..50 {
                let content = disk.after_crash(model, draw).content("f").unwrap();
                assert_eq!(&content[..700], &[1; 700]);
            }
        }
    }

    #[test]
    fn what_was_not_synced_is_kept_lost_torn_at_a_sector_or_kept_by_chance() {
        let disk = disk_with(&[1; 700], &[2; 2_000]);
        let lengths = |model| -> BTreeSet<usize> {
            (0..200).map(|draw| disk.after_crash(model, draw).content("f").unwrap().len()).collect()
        };
        assert_eq!(lengths(CrashModel::Clean), [2_700].into());
        assert_eq!(lengths(CrashModel::Lost), [700].into());
        assert_eq!(lengths(CrashModel::Torn), [700, 1_024, 1_536, 2_048, 2_560, 2_700].into());
        assert_eq!(lengths(CrashModel::Reordered), [700, 2_700].into());
    }

    #[test]
    fn a_new_file_may_vanish_until_the_folder_is_synced() {
        let disk = SimDisk::new(2);
        disk.open("f").unwrap().sync().unwrap();
        assert_eq!(disk.after_crash(CrashModel::Lost, 0).list().unwrap(), Vec::<String>::new());
        let kept = (0..50)
            .filter(|draw| disk.after_crash(CrashModel::Reordered, *draw).content("f").is_some());
        assert!((1..50).contains(&kept.count()));
        disk.sync_folder().unwrap();
        assert_eq!(disk.after_crash(CrashModel::Lost, 0).list().unwrap(), ["f"]);
        disk.remove("f").unwrap();
        assert_eq!(disk.after_crash(CrashModel::Lost, 0).list().unwrap(), ["f"]);
    }

    #[test]
    fn the_chosen_call_and_all_later_ones_fail() {
        let disk = SimDisk::new(3);
        disk.crash_at(3);
        let file = disk.open("f").unwrap();
        file.write_at(0, b"a").unwrap();
        assert!(file.write_at(1, b"b").is_err());
        assert!(file.write_at(2, b"c").is_err());
        assert!(disk.is_down());
        assert_eq!(disk.calls(), 4);
        assert_eq!(
            disk.content("f").unwrap(),
            b"ab",
            "the write in flight may arrive, later ones not"
        );
    }

    #[test]
    fn one_seed_gives_one_outcome() {
        let outcome = || disk_with(b"a", &[3; 9_000]).after_crash(CrashModel::Torn, 7).content("f");
        assert_eq!(outcome(), outcome());
    }

    #[test]
    fn syncs_are_counted_and_shown_to_the_hook() {
        let disk = SimDisk::new(4);
        let seen = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let hook = Arc::clone(&seen);
        disk.on_sync(move || {
            hook.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        disk.open("f").unwrap().sync().unwrap();
        disk.sync_folder().unwrap();
        assert_eq!((disk.syncs(), seen.load(std::sync::atomic::Ordering::Relaxed)), (2, 2));
    }
}
