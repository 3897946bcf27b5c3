//! Opening the store of a folder, and what it is locked with.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, RwLock},
};

use voyager_base::{chance::Chance, disk::Disk};
use voyager_disk::database::Opening;

use super::{
    Encoder, Memory,
    encoding::{known_encoder, number_encoder},
    writing::Writer,
};
use crate::{
    cache::{Cache, Results},
    error::{LockError, OpenError},
    keys::{Filled, Keys},
    loading::load,
    owner::{Cost, Owner, OwnerKey, OwnerKind},
    queue::Queue,
    search::EXACT_MAX,
    snapshot::{self, Places},
    tables::Tables,
};

/// How a store uses memory and disk.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory for pages of the database, in bytes.
    pub cache_bytes: usize,
    /// A database up to this size is checked, every page, when it opens. Beyond it damage is found where
    /// it is read.
    pub check_bytes_max: u64,
    /// Memory for answers that were given before, and as much for what was made of them, in bytes.
    pub answers_bytes: usize,
    /// What makes the vectors; none where records have none.
    pub encoder: Option<Encoder>,
    /// A space with more vectors leaves them in the kept index, where there is one: what recall compares exactly
    /// is read from there.
    pub resident_vectors_max: usize,
    /// Of more vectors a question compares only those exactly that look near, see [`Memory::watched`].
    pub exact_vectors_max: usize,
    /// What a store that is locked opens with. One that is not opens without it.
    pub owner: Option<OwnerKey>,
    /// An encoder of which only the name is known before it has made a vector: its dimensions are those it had
    /// here before, or come with [`Memory::settle_encoder`].
    pub encoder_named: Option<String>,
    /// A record whose weight is below this is archived by the next tick; 0 archives none.
    pub archive_below: f64,
    /// Where folders of snapshots lie; without it none is reached.
    pub places: Option<Arc<dyn Places>>,
}

/// The usual [`Options::resident_vectors_max`]: 92 MiB of 384 dimensions.
const RESIDENT_VECTORS_MAX: usize = 200_000;

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 32 << 20,
            check_bytes_max: 16 << 20,
            answers_bytes: 4 << 20,
            encoder: None,
            resident_vectors_max: RESIDENT_VECTORS_MAX,
            exact_vectors_max: EXACT_MAX,
            encoder_named: None,
            owner: None,
            // Without any use that is after 217 cycles.
            archive_below: 0.05,
            places: None,
        }
    }
}

impl Memory {
    /// Opens the store of a folder, made where there is none.
    ///
    /// After a crash everything that was acknowledged is there, and of what was not each batch as a whole or
    /// not at all. What was being forgotten is forgotten or not, as a whole.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, OpenError> {
        if snapshot::is_unfinished(&*disk).map_err(OpenError::disk)? {
            let reason = "restoring it was not finished; restore it again".to_owned();
            return Err(OpenError::Damaged { what: "the memory", reason });
        }
        Self::open_whole(disk, options, chance)
    }

    /// Opens a store that may be on its way from a snapshot.
    pub(crate) fn open_whole(
        disk: Arc<dyn Disk>,
        options: Options,
        chance: Arc<dyn Chance>,
    ) -> Result<Self, OpenError> {
        let Options { cache_bytes, check_bytes_max, answers_bytes, archive_below, .. } = options;
        let Options { encoder, encoder_named, owner, resident_vectors_max, places, .. } = options;
        let exact_vectors_max = options.exact_vectors_max;
        // One that stays locked says so before anything of it is touched.
        let found = Owner::find(&disk, owner.as_ref())?;
        let (mut tables, counters) =
            Tables::open(&*disk, Opening { cache_bytes, check_bytes_max })?;
        disk.sync_folder().map_err(OpenError::disk)?;
        let owner = match found {
            Some(owner) => owner,
            None => Owner::make(&disk, counters.next, &*chance).map_err(OpenError::disk)?,
        };
        tables.veil(owner.veil());
        let keys = Keys::open(&*disk, counters.next, owner.mask())?;
        let encoder = match (encoder, encoder_named) {
            (Some(encoder), _) => number_encoder(&tables, encoder).map(Some),
            (None, Some(name)) => known_encoder(&tables, &name),
            (None, None) => Ok(None),
        };
        let encoder = encoder.map_err(OpenError::of_database)?;
        let resident = Some(resident_vectors_max);
        let index = load(&*disk, &tables, &keys, counters, encoder.as_ref(), resident);
        let (index, kept) = index.map_err(OpenError::of_database)?;
        let encoder = encoder.map_or_else(OnceLock::new, OnceLock::from);
        let filled = Filled(counters.next);
        let horizon = tables.has_horizon(counters, archive_below);
        // It was made before anybody knew what is damaged.
        let horizon = horizon.map_err(OpenError::of_database)?.then(BTreeSet::new);
        let (deeds_from, deeds) = tables.deeds_from(counters).map_err(OpenError::of_database)?;
        let writer = Mutex::new(Writer { filled, counters, kept, horizon, deeds });
        let (index, answers) = (RwLock::new(index), Mutex::new(Cache::new(answers_bytes)));
        let results = Mutex::new(Results::new(answers_bytes));
        let owner = RwLock::new(owner);
        Ok(Self {
            tables,
            keys,
            owner,
            writer,
            failed: OnceLock::new(),
            index,
            turn: Mutex::default(),
            answers,
            results,
            watch: Mutex::default(),
            encoder,
            archive_below,
            deeds_from,
            resident_vectors_max,
            exact_vectors_max,
            places,
            taking: Mutex::new(None),
            waiting: Queue::default(),
            disk,
            chance,
        })
    }

    /// Locks the store, or changes what it is locked with: from now on it opens with this key alone. Keys are
    /// written anew, 32 bytes a record; rows stay. Writes wait meanwhile.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn lock(&self, key: &OwnerKey, cost: Cost) -> Result<(), LockError> {
        let disk = |error: &dyn ToString| LockError::Disk { reason: error.to_string() };
        let mut writer = self.writer().map_err(|it| disk(&it))?;
        let next = writer.counters.next;
        let prepared = {
            let owner = self.owner();
            if !owner.is_here() {
                return Err(LockError::Bare);
            }
            owner.prepare(&self.keys, next, key, cost, &*self.chance)
        };
        let prepared = prepared.map_err(|it| disk(&it))?;
        // Slots that were filled ahead are cut away.
        writer.filled = Filled(next);
        let locked = self.owner_mut().lock(&self.keys, prepared);
        self.settled(locked).map_err(|it| disk(&it))
    }

    /// Lets whoever has the folder open the store.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn unlock(&self) -> Result<(), LockError> {
        let disk = |error: &dyn ToString| LockError::Disk { reason: error.to_string() };
        let _writer = self.writer().map_err(|it| disk(&it))?;
        if self.owner().kind().is_none() {
            return Ok(());
        }
        let unlocked = self.owner_mut().unlock();
        self.settled(unlocked).map_err(|it| disk(&it))
    }

    /// What the store is locked with; none where it is not.
    pub fn locked_with(&self) -> Option<OwnerKind> {
        self.owner().kind()
    }
}
