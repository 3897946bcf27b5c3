//! The store: what callers see.
//!
//! One writer at a time makes a change durable, then tells the cache; readers see it from then on. What is
//! acknowledged is on the disk. Who waits with records meanwhile is written together (`remembering.rs`).

mod consolidating;
mod naming;
mod remembering;
mod writing;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    iter, slice,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        TryLockError,
    },
};

use voyager_base::{Digest, chance::Chance, clock::Timestamp, disk::Disk, memory::Trust};
use voyager_disk::database::{Broken, Opening};
use zeroize::Zeroizing;

use crate::{
    arm::Spot,
    asking::{Asking, Named},
    cache::{Answer, Answers, Asked, Cache, Made, Offer, Results, ResultsTold, end_of_minute},
    decay::{death_of, weight_used},
    error::{LockError, OpenError, ReadError, WriteError},
    groups::saying,
    horizon::{Ahead, Move},
    index::{EdgeKey, Index},
    kept,
    keys::{Filled, Identity, Key, Keys},
    lineage::DERIVED_FROM,
    loading::{Kept, load},
    owner::{Cost, Owner, OwnerKey, OwnerKind, Veil},
    passages::{self, Passage, Seat},
    past::{Blame, Difference, Happened, Happening, Past, Touch, runs},
    question::{Cue, Related, analyse},
    queue::Queue,
    recall::{
        self, Aside, Considered, Dated, Hit, Look, QUESTION_BYTES_MAX, Question, Ranked, Recall,
        SAME_MAX, Same,
    },
    record::{Draft, Invalid, MemoryId, Record},
    row::{Edge, Shut, Standing, open_edge, open_record, seal_edge, seal_vector},
    search::{EXACT_MAX, Search},
    shard::{AskedDays, Doc, NONE, Shard},
    snapshot::{
        self, Places, SnapshotError, Taken, Taking, Thinned, descent::Descent, forget_there,
    },
    succession::{SUPERSEDES, Succession},
    tables::{Act, AuditLine, Change, Counters, Deed, DeedRow, EdgeRow, Folder, Tables, called},
    terms,
    vectors::{Code, DIMENSIONS_MAX, Query},
    verify::{self, Checking, Fault, Part, Verified},
    watch::{Check, STEP_ROWS, Step, Watch, Watched},
    when::{self, Granularity, Interval},
};

pub use self::consolidating::{COPIES_MAX, Consolidated, Group};
use self::{
    naming::other_names,
    remembering::{Batch, Outcome},
    writing::{Commit, Writer},
};

/// So many records are read faster than a kept index is written: see [`Memory::index_is_behind`].
pub const KEPT_FROM: u64 = 1_000;
/// The same of the terms of long records.
const KEPT_FROM_TERMS: u64 = 50_000;

/// Most records that are written at once.
pub const BATCH_MAX: usize = 10_000;

/// So many records leave the index at once when they are forgotten, and nobody reads meanwhile: some milliseconds.
const LEAVE_AT_ONCE: usize = 250;

/// Most records that one supersedes when it is written.
pub const SUPERSEDES_MAX: usize = 64;

/// Most records that one is derived from when it is written.
pub const SOURCES_MAX: usize = 64;

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

/// The usual [`Options::resident_vectors_max`]: 75 MiB of 384 dimensions.
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

/// What makes the vectors of a store. Vectors of different encoders are never compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// Its name, which changes whenever its vectors do.
    pub name: String,
    /// The dimensions of its vectors.
    pub dimensions: usize,
}

/// A draft with its vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// What is to be remembered.
    pub draft: Draft,
    /// The vector of its text, where the store has an encoder.
    pub vector: Option<Vec<f32>>,
    /// The records of its space that it supersedes, [`SUPERSEDES_MAX`] at most.
    pub supersedes: Vec<MemoryId>,
    /// The records that it is derived from, [`SOURCES_MAX`] at most, of any space.
    pub derived_from: Vec<MemoryId>,
    /// How far it is trusted by itself.
    pub trust: Trust,
}

impl From<Draft> for Entry {
    fn from(draft: Draft) -> Self {
        Self { draft, ..Self::default() }
    }
}

/// What forgetting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The records, in the order of their ids. Their rows are removed and their keys destroyed.
    pub ids: Vec<MemoryId>,
    /// The number of the commit.
    pub commit: u64,
    /// Folders of snapshots in which their keys are destroyed, too.
    pub reached: Vec<String>,
    /// Folders of snapshots that may still have their keys, and why they were not reached: the next snapshot there
    /// destroys them.
    pub pending: Vec<(String, String)>,
}

/// Folders of snapshots, and those that were not reached, with the reason.
pub type Reached = (Vec<String>, Vec<(String, String)>);

/// What passing cycles did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticked {
    /// The cycle of decay now.
    pub cycle: u64,
    /// How many records were archived.
    pub archived: usize,
}

/// How many records there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All, archived ones too.
    pub records: usize,
    /// Those with a vector of this store's encoder.
    pub vectors: usize,
}

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// By space: how many records it holds.
    pub spaces: Vec<(String, usize)>,
    /// Records that are there, archived ones too.
    pub records: usize,
    /// How many of them are archived.
    pub archived: usize,
    /// Threads.
    pub threads: usize,
    /// Different words, added up over spaces.
    pub words: usize,
    /// Relations.
    pub relations: usize,
    /// Records with a vector of this store's encoder.
    pub vectors: usize,
    /// Records that are in no answer: their row, their key, their standing or one of their relations is damaged.
    pub damaged: Vec<MemoryId>,
    /// Bytes of the rows, and with what the database has around them.
    pub bytes: (u64, u64),
    /// The cycle of decay.
    pub cycle: u64,
    /// The number of the last commit.
    pub commit: u64,
}

/// Keeps what was learned, and finds it again. Everything acknowledged is durable.
pub struct Memory {
    tables: Tables,
    keys: Keys,
    /// Changed by a writer alone.
    owner: RwLock<Owner>,
    writer: Mutex<Writer>,
    /// Who waits for the writer with records, to be written together.
    waiting: Queue<Batch, Outcome>,
    /// Why nothing more is written. Beside the writer, so that nobody who only reads waits for one.
    failed: OnceLock<String>,
    index: RwLock<Index>,
    /// Held by who waits to read the index, so that a writer who has it for long can let one in: see
    /// [`Memory::give_turn`].
    turn: Mutex<()>,
    /// Locked within `index`, never around it.
    answers: Mutex<Cache>,
    /// As `answers`.
    results: Mutex<Results>,
    /// As `answers`.
    watch: Mutex<Watch>,
    encoder: OnceLock<(u32, Encoder)>,
    archive_below: f64,
    /// From which commit on deeds are noted.
    deeds_from: u64,
    resident_vectors_max: usize,
    exact_vectors_max: usize,
    places: Option<Arc<dyn Places>>,
    /// The folder of the snapshot that is being taken.
    taking: Mutex<Option<(String, Arc<dyn Disk>)>>,
    disk: Arc<dyn Disk>,
    chance: Arc<dyn Chance>,
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
        // What is damaged keeps nothing alive: the horizon was made before anybody knew that it is.
        let horizon = horizon.map_err(OpenError::of_database)? && index.damaged().is_empty();
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

    /// Whether keeping the index is worth its time: the next opening would read an eighth of the records or
    /// more, and [`KEPT_FROM`] at least; or so much of their texts, where it is long enough to take as much time.
    pub fn index_is_behind(&self) -> bool {
        let kept = self.writer.lock().unwrap_or_else(PoisonError::into_inner).kept;
        let index = self.index();
        let is_behind = |unkept, least, all| unkept >= least && unkept * 8 >= all;
        let terms = index.terms();
        is_behind(kept.behind, KEPT_FROM, index.len() as u64)
            || is_behind(terms.saturating_sub(kept.terms), KEPT_FROM_TERMS, terms)
    }

    /// Keeps what recall searches in a file, so that the next opening reads only what is written from now on.
    /// Vectors of large spaces are let out of memory then. Writes wait meanwhile. Does nothing where some records
    /// can't be read. A failure leaves the store as it was.
    ///
    /// # Errors
    /// [`WriteError::Disk`].
    pub fn keep_index(&self) -> Result<(), WriteError> {
        self.mend().map_err(WriteError::disk)?;
        let mut writer = self.writer()?;
        let kept = {
            let index = self.index();
            if !index.damaged().is_empty() {
                return Ok(());
            }
            let encoder = self.encoder.get().map(|it| &it.1);
            kept::keep(&*self.disk, &self.keys, &index, writer.counters, encoder, &*self.chance)
                .map_err(WriteError::disk)?
        };
        if let Some((pack, spaces)) = kept {
            self.index_mut().rest_on(&pack, &spaces, self.resident_vectors_max);
        }
        let settled = self.tables.settle_changes(writer.counters.commit);
        self.settled(settled).map_err(WriteError::disk)?;
        writer.kept = Kept { terms: self.index().terms(), behind: 0 };
        Ok(())
    }

    /// Asks the index; anew where the question found that a part of it was damaged that lies in a file.
    fn asked<T>(&self, ask: impl Fn(&Index) -> Result<T, ReadError>) -> Result<T, ReadError> {
        {
            let index = self.index();
            let answer = ask(&index);
            if !index.is_torn() {
                return answer;
            }
        }
        self.mend()?;
        ask(&self.index())
    }

    /// The same for who has the writer.
    fn asked_by<T>(
        &self,
        writer: &mut Writer,
        ask: impl Fn(&Index) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let answer = ask(&self.index());
        let is_anew = self.mend_by(writer).map_err(WriteError::disk)?;
        if is_anew { ask(&self.index()) } else { answer }
    }

    /// Makes the index of the rows, where a part of it was damaged that lay in a file.
    fn mend(&self) -> Result<(), Broken> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.mend_by(&mut writer).map(drop)
    }

    /// The same for who has the writer. Gives back whether it was.
    fn mend_by(&self, writer: &mut Writer) -> Result<bool, Broken> {
        if !self.index().is_torn() {
            return Ok(false);
        }
        let (counters, encoder) = (writer.counters, self.encoder.get());
        let anew = load(&*self.disk, &self.tables, &self.keys, counters, encoder, None)?;
        // The new one knows of no change before it.
        let mut index = self.index_mut();
        self.answers_mut().clear();
        self.results_mut().clear();
        (*index, writer.kept) = anew;
        // What was answered before may be handed in only now.
        index.answers_anew();
        Ok(true)
    }

    /// What was remembered under an idempotency key; none where nothing was. Some of it may be forgotten since.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn remembered(&self, key: &Digest) -> Result<Option<Vec<MemoryId>>, ReadError> {
        let done = self.tables.done(key)?;
        Ok(done.map(|(first, count)| (first..first + count).map(MemoryId).collect()))
    }

    /// Whether a relation of the kind [`SUPERSEDES`] may be written: it leads to a record of the same space, and closes
    /// no circle.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_claim(&self, edge: &Edge) -> Result<(), Invalid> {
        self.check_claim_beside(edge, &Succession::default())
    }

    /// The same beside others to come.
    fn check_claim_beside(&self, edge: &Edge, beside: &Succession) -> Result<(), Invalid> {
        let index = self.index();
        let Edge { from, to, .. } = *edge;
        let (Some(space), Some(of)) = (index.space_of(to), index.space_of(from)) else {
            return Ok(());
        };
        let invalid = |problem| Err(Invalid { field: SUPERSEDES, problem });
        if space != of {
            return invalid(elsewhere(to, space, &format!("{from} in `{of}`")));
        }
        let Some(way) = index.succession().way(to, from, beside) else { return Ok(()) };
        let way: Vec<String> = way.iter().map(MemoryId::to_string).collect();
        let way = way.join(" supersedes ");
        invalid(format!("{from} can't supersede {to}, since {way}: one of them is the newest"))
    }

    /// What `of` makes of a vector of this store's encoder.
    fn of_vector<T>(&self, vector: &[f32], of: impl Fn(&[f32]) -> Option<T>) -> Result<T, String> {
        let Some((_, encoder)) = self.encoder.get() else {
            return Err("this store has no encoder: it takes no vectors".to_owned());
        };
        if vector.len() != encoder.dimensions {
            let (found, name, wanted) = (vector.len(), &encoder.name, encoder.dimensions);
            return Err(format!("has {found} dimensions, and those of `{name}` have {wanted}"));
        }
        let no_direction = "has no direction: it is all zero, or holds something that is no number";
        of(vector).ok_or_else(|| no_direction.to_owned())
    }

    /// Gives records that have none a vector of this store's encoder. Those that have one, or are not
    /// here any more, are passed over. Gives back how many got one.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn encode(
        &self,
        vectors: &[(MemoryId, Vec<f32>)],
        now: Timestamp,
    ) -> Result<usize, WriteError> {
        let mut writer = self.writer()?;
        let Some(encoder) = self.encoder.get() else { return Ok(0) };
        let code = |(place, (id, vector)): (usize, &(MemoryId, Vec<f32>))| {
            let invalid = |problem| Invalid { field: "vector", problem };
            let code = self.of_vector(vector, Code::of).map_err(invalid);
            Ok((*id, code.map_err(|invalid| WriteError::Invalid { place, invalid })?))
        };
        // Of several of one record the last is its vector.
        let codes = (1..).zip(vectors).map(code).collect::<Result<BTreeMap<_, _>, WriteError>>()?;
        let bare = self.asked_by(&mut writer, |index| {
            Ok(codes.keys().map(|it| index.lacks_vector(*it)).collect::<Vec<_>>())
        })?;
        let mut rows = Vec::new();
        for ((id, code), _) in codes.into_iter().zip(bare).filter(|it| it.1) {
            if let Some(key) = self.keys.key(id.0).map_err(WriteError::disk)? {
                rows.push((id, seal_vector(&key, &encoder.1.name, &code), code));
            }
        }
        // The first of them all: it tells which kept index knows nothing of these.
        let Some(first) = rows.first().map(|it| it.0.0) else { return Ok(0) };
        let count = rows.len();
        let commit = Commit {
            act: Act { at: now, deed: Deed::Encoded, first, count: count as u64 },
            key: None,
            counters: writer.counters,
            moves: Vec::new(),
            touches: rows.iter().map(|it| (it.0.0, Touch::Encoded)).collect(),
        };
        let add = |change: &Change| {
            change.add_vectors(encoder, rows.iter().map(|it| (it.0.0, it.1.as_slice())))?;
            Ok(rows)
        };
        self.commit_one(&mut writer, commit, add, |index, rows| {
            rows.into_iter().for_each(|(id, _, code)| index.set_vector(id, code));
        })?;
        writer.kept.behind = writer.kept.behind.max(writer.counters.next - first);
        Ok(count)
    }

    /// Records that have no vector of this store's encoder, up to `limit`, the oldest first.
    pub fn unencoded(&self, limit: usize) -> Vec<MemoryId> {
        match self.encoder.get() {
            Some(_) => self.asked(|it| Ok(it.without_vector(limit))).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// What makes the vectors of this store, once its dimensions are known.
    pub fn encoder(&self) -> Option<&Encoder> {
        self.encoder.get().map(|it| &it.1)
    }

    /// Gives a store that was opened without one the encoder that makes its vectors from now on; one that has it
    /// already keeps it. It must be one that made no vectors here before: those were not read.
    ///
    /// # Errors
    /// [`WriteError::Disk`] where it is another encoder than this store has, or made vectors here before.
    pub fn settle_encoder(&self, encoder: Encoder) -> Result<(), WriteError> {
        let writer = self.writer()?;
        if let Some((_, settled)) = self.encoder.get() {
            let wrong = || WriteError::disk(format!("its vectors are of `{}`", settled.name));
            return if *settled == encoder { Ok(()) } else { Err(wrong()) };
        }
        if known_encoder(&self.tables, &encoder.name).map_err(WriteError::disk)?.is_some() {
            let reason = format!("it was opened without the vectors of `{}`", encoder.name);
            return Err(WriteError::disk(reason));
        }
        let numbered = number_encoder(&self.tables, encoder).map_err(WriteError::disk)?;
        self.encoder.get_or_init(|| numbered);
        drop(writer);
        Ok(())
    }

    /// The keys of both records of each edge.
    fn ends_of(&self, edges: &[Edge]) -> Result<Zeroizing<Vec<[Key; 2]>>, WriteError> {
        let key_of = |id: MemoryId| {
            let key = self.keys.key(id.0).map_err(WriteError::disk)?;
            key.ok_or(WriteError::NotFound { id })
        };
        // A list that grew would leave keys where it was before.
        let mut ends = Zeroizing::new(Vec::with_capacity(edges.len()));
        for edge in edges {
            ends.push([key_of(edge.from)?, key_of(edge.to)?]);
        }
        Ok(ends)
    }

    /// Relates two records. Under an idempotency key that was used before nothing is written.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn relate(
        &self,
        edge: &Edge,
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        self.relate_all(slice::from_ref(edge), key, now)
    }

    /// Relates records: all of the batch or nothing, with one sync. Under an idempotency key that was used
    /// before nothing is written.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn relate_all(
        &self,
        edges: &[Edge],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        for (place, edge) in (1..).zip(edges) {
            edge.check().map_err(|invalid| WriteError::Invalid { place, invalid })?;
        }
        let mut writer = self.writer()?;
        if self.was_done(key)? {
            return Ok(());
        }
        let mut ids = edges.iter().flat_map(|it| [it.from, it.to]);
        if let Some(id) = ids.find(|it| !self.index().holds(*it)) {
            return Err(WriteError::NotFound { id });
        }
        let ends = self.ends_of(edges)?;
        let mut beside = Succession::default();
        for (place, edge) in (1..).zip(edges).filter(|it| it.1.kind == SUPERSEDES) {
            let invalid = |invalid| WriteError::Invalid { place, invalid };
            self.check_claim_beside(edge, &beside).map_err(invalid)?;
            beside.insert((edge.from, edge.to, place as u32));
        }
        let Some(first) = edges.first().map(|it| it.from.0) else { return Ok(()) };
        let commit = Commit {
            act: Act { at: now, deed: Deed::Related, first, count: edges.len() as u64 },
            key: key.copied(),
            counters: writer.counters,
            moves: self.moves(&Ahead { edges: led(edges), ..Ahead::default() }),
            touches: Vec::new(),
        };
        let add = |change: &Change| add_edges(change, edges, &ends);
        self.commit_one(&mut writer, commit, add, |index, numbers| {
            numbers.iter().zip(edges).for_each(|(number, edge)| index.relate(*number, edge));
        })
    }

    /// Takes back all relations of a kind that lead from one record to another. Gives back how many there were. States
    /// of before don't have them any more either: what is gone is gone, and the audit says when.
    ///
    /// # Errors
    /// [`WriteError`]: also where there is none, or the kind is [`DERIVED_FROM`], which trust goes by.
    pub fn unrelate(
        &self,
        from: MemoryId,
        kind: &str,
        to: MemoryId,
        now: Timestamp,
    ) -> Result<u64, WriteError> {
        let invalid = |problem| {
            let invalid = Invalid { field: "relation", problem };
            Err(WriteError::Invalid { place: 1, invalid })
        };
        if kind == DERIVED_FROM {
            return invalid(format!(
                "what {from} is derived from stays, since it is trusted no more than that"
            ));
        }
        let mut writer = self.writer()?;
        if let Some(id) = [from, to].into_iter().find(|it| !self.index().holds(*it)) {
            return Err(WriteError::NotFound { id });
        }
        let mut between = self.index().edges_from(from);
        between.retain(|it| it.1 == to);
        let mut kinds = BTreeMap::new();
        for (number, _) in &between {
            let edges = self.edges(&[(from.0, *number)])?;
            kinds.extend(edges.into_iter().map(|it| (*number, it.kind)));
        }
        if !self.index().holds(from) {
            return Err(ReadError::Damaged { id: from }.into());
        }
        let numbers: Vec<u32> = kinds.iter().filter(|it| it.1 == kind).map(|it| *it.0).collect();
        if numbers.is_empty() {
            let others: BTreeSet<String> = kinds.values().map(|it| format!("`{it}`")).collect();
            let others = match others.len() {
                0 => "it has none that leads there".to_owned(),
                _ => format!("it has {}", others.into_iter().collect::<Vec<_>>().join(", ")),
            };
            return invalid(format!("{from} has no relation `{kind}` to {to}: {others}"));
        }
        let untied = (numbers.len() == between.len()).then_some((to, from)).into_iter().collect();
        let count = numbers.len() as u64;
        let commit = Commit {
            act: Act { at: now, deed: Deed::Unrelated, first: from.0, count },
            key: None,
            counters: writer.counters,
            moves: self.moves(&Ahead { untied, ..Ahead::default() }),
            touches: [from, to].map(|it| (it.0, Touch::Unrelated)).into(),
        };
        let rows: Vec<_> = numbers.iter().map(|it| (from.0, *it, to.0)).collect();
        let remove = |change: &Change| change.remove_edges(&rows);
        self.commit_one(&mut writer, commit, remove, |index, ()| index.unrelate(from, &numbers))?;
        Ok(count)
    }

    /// Forgets records for certain: every row that tells of them is removed, and their keys are destroyed, so
    /// that old copies of the rows can't be read either. All of them or none. Under an idempotency key that was
    /// used before nothing more is forgotten; folders of snapshots that were not reached then are reached now.
    ///
    /// # Errors
    /// [`WriteError`]. After [`WriteError::Disk`] the records may be gone already, while their keys are not
    /// destroyed yet: opening the store again finishes that.
    pub fn forget(
        &self,
        ids: &[MemoryId],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<Forgotten, WriteError> {
        let ids = each_once(ids);
        let mut writer = self.writer()?;
        if self.was_done(key)? {
            // The process may have ended between forgetting here and there.
            let folders = self.tables.folders().map_err(WriteError::disk)?;
            let (reached, pending) = self.reach(&folders, |it| it.pending, &[])?;
            return Ok(Forgotten { ids, commit: writer.counters.commit, reached, pending });
        }
        {
            let index = self.index();
            let there = |it: &&MemoryId| index.holds(**it) || index.damaged().contains(*it);
            if let Some(id) = ids.iter().find(|it| !there(it)) {
                return Err(WriteError::NotFound { id: *id });
            }
        }
        let Some(first) = ids.first().map(|it| it.0) else {
            let commit = writer.counters.commit;
            return Ok(Forgotten { ids, commit, reached: Vec::new(), pending: Vec::new() });
        };
        if ids.iter().any(|it| self.index().damaged().contains(it)) {
            // Nobody can tell any more what it led to.
            self.make_horizon(&mut writer)?;
        }
        let numbers: Vec<u64> = ids.iter().map(|it| it.0).collect();
        let folders = self.tables.folders().map_err(WriteError::disk)?;
        // Where a process ends before they are reached, it is known that they were not.
        let mut behind = folders.clone();
        behind.retain(|it| first < it.upto && !it.pending);
        behind.iter_mut().for_each(|it| it.pending = true);
        let gone: BTreeSet<MemoryId> = ids.iter().copied().collect();
        let floors = self.index().floors(&gone);
        let grouped = self.index().grouped_with(&ids);
        let lowered = floors.iter().filter_map(|it| Some((it.0, trusted(it.1)?)));
        let forgotten =
            runs(&ids).into_iter().map(|(first, count)| (first.0, Touch::Forgotten { count }));
        let commit = Commit {
            act: Act { at: now, deed: Deed::Forgotten, first, count: ids.len() as u64 },
            key: key.copied(),
            counters: writer.counters,
            moves: self.moves(&Ahead { gone, ..Ahead::default() }),
            touches: lowered.chain(forgotten).collect(),
        };
        let remove = |change: &Change| {
            change.set_standings(&floors)?;
            change.remove_groups(&grouped)?;
            change.remove(&numbers)?;
            change.note_folders(&behind)
        };
        self.make_durable(&mut writer, vec![(commit, remove)])?;
        {
            let mut index = self.index_mut();
            floors.iter().for_each(|it| index.set_standing(MemoryId(it.0), it.1));
            index.leave(&ids);
        }
        // Before the index lets go of them, which takes longer: they are in no answer already.
        self.settled(self.keys.destroy(&numbers)).map_err(WriteError::disk)?;
        for some in ids.chunks(LEAVE_AT_ONCE) {
            {
                let mut index = self.index_mut();
                some.iter().for_each(|it| index.remove(*it));
            }
            self.give_turn();
        }
        {
            let mut index = self.index_mut();
            index.stands_at(writer.counters.commit, writer.counters.cycle);
            self.answers_mut().sweep(&index);
            self.results_mut().sweep(&index);
        }
        writer.kept = Kept::none(&self.index());
        let touched = |it: &Folder| first < it.upto || it.pending;
        let (reached, pending) = self.reach(&folders, touched, &numbers)?;
        Ok(Forgotten { ids, commit: writer.counters.commit, reached, pending })
    }

    /// Destroys in those of the folders of snapshots that are meant the keys that are destroyed here. Gives back which
    /// were reached, and the others with the reason.
    fn reach(
        &self,
        noted: &[Folder],
        is_meant: impl Fn(&Folder) -> bool,
        ids: &[u64],
    ) -> Result<Reached, WriteError> {
        let (mut reached, mut pending) = (Vec::new(), Vec::new());
        let mut done = Vec::new();
        let rows = self.tables.reading().map_err(WriteError::disk)?;
        for (folder, name) in noted.iter().zip(called(noted)).filter(|it| is_meant(it.0)) {
            let forgot = self.disk_of(folder).and_then(|disk| {
                let identity = self.keys.identity().map_err(|it| it.to_string())?;
                let identity = identity.ok_or("this memory has no snapshots")?;
                // What was pending is found by comparing; else it is these alone.
                let these = ids.iter().copied().filter(|it| *it < folder.upto);
                let these: Option<Vec<u64>> = (!folder.pending).then(|| these.collect());
                let keys = (&self.keys, &rows);
                forget_there(&*disk, (folder, noted), &identity, keys, these.as_deref())
            });
            match forgot {
                Ok(()) => {
                    reached.push(name);
                    done.push(Folder { pending: false, ..folder.clone() });
                }
                Err(reason) => pending.push((name, reason)),
            }
        }
        if !done.is_empty() {
            self.note_folders(&done, &[]).map_err(WriteError::disk)?;
        }
        Ok((reached, pending))
    }

    /// A folder of snapshots; where one is being taken there, as that has it.
    fn disk_of(&self, folder: &Folder) -> Result<Arc<dyn Disk>, String> {
        let taking = self.taking.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (taking, &self.places) {
            (Some((name, disk)), _) if name == folder.folder => Ok(disk),
            (_, Some(places)) => places.open(&folder.folder, false),
            (_, None) => Err("this process reaches no folders".to_owned()),
        }
    }

    /// The folders of snapshots, as [`Memory::snapshot_folders`] calls them, that open with something else than this store,
    /// since it was locked or unlocked after the last snapshot there; and those that can't be asked, with the reason. Each
    /// follows with the next snapshot into it.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn open_otherwise(&self) -> Result<Reached, ReadError> {
        let noted = self.tables.folders()?;
        let (mut otherwise, mut pending) = (Vec::new(), Vec::new());
        for (folder, name) in noted.iter().zip(called(&noted)) {
            let asked = self.disk_of(folder).and_then(|disk| {
                snapshot::check_id(&*disk, folder, &noted)?;
                self.owner().opens_otherwise(&*disk).map_err(|it| it.to_string())
            });
            match asked {
                Ok(true) => otherwise.push(name),
                Ok(false) => {}
                Err(reason) => pending.push((name, reason)),
            }
        }
        Ok((otherwise, pending))
    }

    /// Takes a snapshot into a folder: what earlier ones there have is not written again. `home` is where this store
    /// lies, so that restoring can ask it what it forgot. `see` is told how much is done, of how much, and says
    /// whether to go on. Writes go on meanwhile, save for a moment at the end.
    ///
    /// # Errors
    /// [`SnapshotError`]. The earlier snapshots are as they were.
    pub fn snapshot(
        &self,
        folder: &str,
        home: &str,
        now: Timestamp,
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<Taken, SnapshotError> {
        self.in_folder(folder, true, |disk| self.take(disk, folder, home, now, see))
    }

    fn take(
        &self,
        disk: &Arc<dyn Disk>,
        folder: &str,
        home: &str,
        now: Timestamp,
        see: &dyn Fn(u64, u64) -> bool,
    ) -> Result<Taken, SnapshotError> {
        let veil = self.veil().ok_or(SnapshotError::Bare)?;
        // Before writes wait: the disk of the folder may be slow.
        let found = snapshot::content(&**disk, Some(&veil)).map_err(SnapshotError::disk)?;
        let mut taking = {
            let writer = self.writer().map_err(SnapshotError::disk)?;
            let identity = self.identity().map_err(SnapshotError::disk)?;
            let (noted, reading) = (self.tables.folders()?, self.tables.reading()?);
            let (there, as_of) = ((Arc::clone(disk), found), (writer.counters, reading));
            let taking = Taking::begin(there, folder, identity, &noted, as_of, &*self.chance)?;
            self.note_folders(&taking.notes, taking.before.as_slice())?;
            taking
        };
        let note = taking.note.clone();
        let written = taking.write(see);
        if written.is_err() && taking.is_new {
            // No key was ever there. Where that can't be noted it is told as one that was not reached.
            drop(self.note_folders(&[], slice::from_ref(&note)));
        }
        let written = written?;
        let writer = self.writer().map_err(SnapshotError::disk)?;
        let owner = self.owner();
        let next = writer.counters.next;
        // As of now: what is forgotten meanwhile has no row any more.
        let rows = self.tables.reading()?;
        let folders = self.tables.folders()?;
        if !folders.iter().any(|it| it.is_that(&note)) {
            return Err(SnapshotError::Folder {
                folder: folder.to_owned(),
                reason: "it was given up meanwhile: there is no new snapshot".to_owned(),
            });
        }
        let told = (home, folders.as_slice());
        let taken = taking.finish(written, (&owner, &self.keys, next), &rows, told, now)?;
        let caught_up = folders.into_iter().filter(|it| it.is_that(&note));
        let caught_up: Vec<_> = caught_up.map(|it| Folder { pending: false, ..it }).collect();
        self.note_folders(&caught_up, &[])?;
        Ok(taken)
    }

    /// Works in a folder of snapshots, in which nobody else of this process works meanwhile.
    fn in_folder<T>(
        &self,
        folder: &str,
        make: bool,
        work: impl FnOnce(&Arc<dyn Disk>) -> Result<T, SnapshotError>,
    ) -> Result<T, SnapshotError> {
        let refused = |reason: String| SnapshotError::Folder { folder: folder.to_owned(), reason };
        let places = self.places.as_ref().ok_or_else(|| refused("there is no disk".to_owned()))?;
        let place = || self.taking.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = {
            let mut place = place();
            if place.is_some() {
                return Err(SnapshotError::Busy);
            }
            let disk = places.open(folder, make).map_err(refused)?;
            *place = Some((folder.to_owned(), Arc::clone(&disk)));
            disk
        };
        let done = work(&disk);
        *place() = None;
        done
    }

    fn veil(&self) -> Option<Veil> {
        self.owner().veil()
    }

    /// Removes all but the newest `keep` snapshots of this store from a folder, one at least stays.
    ///
    /// # Errors
    /// [`SnapshotError`]. The newest ones are as they were.
    pub fn thin_snapshots(&self, folder: &str, keep: usize) -> Result<Thinned, SnapshotError> {
        self.in_folder(folder, false, |disk| {
            let known = self.keys.identity().map_err(SnapshotError::disk)?;
            let store = known.map(|it| it.store).ok_or_else(|| SnapshotError::Folder {
                folder: folder.to_owned(),
                reason: "this memory has no snapshots".to_owned(),
            })?;
            let veil = self.veil().ok_or(SnapshotError::Bare)?;
            snapshot::thin(&**disk, store, &veil, keep.max(1))
        })
    }

    /// Which store it is, from its first snapshot on.
    fn identity(&self) -> std::io::Result<Identity> {
        if let Some(known) = self.keys.identity()? {
            return Ok(known);
        }
        let (mut store, mut incarnation) = ([0; 16], [0; 16]);
        self.chance.fill(&mut store);
        self.chance.fill(&mut incarnation);
        let identity = Identity { store, descent: Descent::of(incarnation, 0) };
        self.keys.name(&identity)?;
        Ok(identity)
    }

    /// The folders with snapshots of this store, and whether one may still have keys of what is forgotten. Where several
    /// lie or lay in one place, `#` and digits behind its path tell which.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn snapshot_folders(&self) -> Result<Vec<(String, bool)>, ReadError> {
        let folders = self.tables.folders()?;
        Ok(called(&folders).into_iter().zip(folders.iter().map(|it| it.pending)).collect())
    }

    /// Leaves a folder of snapshots, as [`Memory::snapshot_folders`] calls it, alone from now on: nothing is forgotten
    /// there any more.
    ///
    /// # Errors
    /// [`WriteError::Disk`].
    pub fn leave_snapshots(&self, folder: &str) -> Result<(), WriteError> {
        let _writer = self.writer()?;
        let mut folders = self.tables.folders().map_err(WriteError::disk)?;
        let at = called(&folders).iter().position(|it| it == folder);
        let gone = at.map(|at| folders.swap_remove(at));
        self.note_folders(&[], gone.as_slice()).map_err(WriteError::disk)
    }

    /// Notes what is known of folders, and no longer what is known of others.
    fn note_folders(&self, folders: &[Folder], gone: &[Folder]) -> Result<(), Broken> {
        self.settled(self.tables.note_folders(folders, gone))
    }

    /// Pins a record, or lets it decay again. One that is archived stays so.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn pin(&self, id: MemoryId, pinned: bool, now: Timestamp) -> Result<(), WriteError> {
        let touch = if pinned { Touch::Pinned } else { Touch::Unpinned };
        self.arrange((Deed::Arranged, Some(touch), None), &[id], now, |standing, cycle| {
            match standing.archived {
                // It goes on fading: its weight says how long ago it faded.
                true => Standing { pinned, ..standing },
                false => Standing { weight: standing.weight_at(cycle), cycle, pinned, ..standing },
            }
        })
    }

    /// Says that records were of use, all of them or none: they fade later. One that is archived stays so. Once for each
    /// `key`, as [`Self::remember`].
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn used(
        &self,
        ids: &[MemoryId],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        self.arrange((Deed::Arranged, None, key), ids, now, |standing, cycle| Standing {
            weight: weight_used(standing.weight_at(cycle)),
            cycle,
            ..standing
        })
    }

    /// Brings archived records back, with a weight from which they fade again. Those that are not archived
    /// stay as they are. Gives back the ones that were.
    ///
    /// # Errors
    /// [`WriteError`]; a weight below [`Options::archive_below`] is refused, since the next tick would take it
    /// back.
    pub fn restore(
        &self,
        ids: &[MemoryId],
        weight: f64,
        now: Timestamp,
    ) -> Result<Vec<MemoryId>, WriteError> {
        let below = self.archive_below;
        if !(weight >= below && weight > 0.0 && weight <= 1.0) {
            let problem =
                format!("is {weight}, and must be above 0, {below} at least, and up to 1");
            let invalid = Invalid { field: "weight", problem };
            return Err(WriteError::Invalid { place: 1, invalid });
        }
        let mut archived = each_once(ids);
        for id in &archived {
            self.index().standing(*id).ok_or(WriteError::NotFound { id: *id })?;
        }
        let is_archived = |it: &MemoryId| self.index().standing(*it).is_some_and(|it| it.archived);
        archived.retain(is_archived);
        let restored = (Deed::Restored, Some(Touch::Restored), None);
        self.arrange(restored, &archived, now, |standing, cycle| match standing.archived {
            true => Standing { weight, cycle, archived: false, ..standing },
            false => standing,
        })?;
        Ok(archived)
    }

    /// Says how far records are trusted by themselves: more than they were, or less. What they descend from bounds them
    /// as before.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn set_trust(
        &self,
        ids: &[MemoryId],
        trust: Trust,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let touch = Touch::Trusted { trust };
        let trust = Some(trust);
        self.arrange((Deed::Arranged, Some(touch), None), ids, now, |standing, _| Standing {
            trust,
            ..standing
        })
    }

    /// Changes standings, each once however often it is named.
    fn arrange(
        &self,
        (deed, touch, key): (Deed, Option<Touch>, Option<&Digest>),
        ids: &[MemoryId],
        now: Timestamp,
        change: impl Fn(Standing, u64) -> Standing,
    ) -> Result<(), WriteError> {
        let mut writer = self.writer()?;
        if self.was_done(key)? {
            return Ok(());
        }
        let cycle = writer.counters.cycle;
        let ids = each_once(ids);
        let mut rows = Vec::new();
        for id in &ids {
            let standing = self.index().standing(*id).ok_or(WriteError::NotFound { id: *id })?;
            rows.push((id.0, change(standing, cycle)));
        }
        let Some(first) = ids.first().map(|it| it.0) else { return Ok(()) };
        let commit = Commit {
            act: Act { at: now, deed, first, count: ids.len() as u64 },
            key: key.copied(),
            counters: writer.counters,
            moves: Vec::new(),
            touches: rows.iter().filter_map(|it| Some((it.0, touch?))).collect(),
        };
        self.set_standings(&mut writer, commit, &rows)
    }

    /// Lets cycles of decay pass, and archives what faded until then: its weight is below
    /// [`Options::archive_below`], it is not pinned, nothing that has not faded cites it, and what it tells was
    /// told before `now`. Looks at those whose time has come, never at all records. Gives back the
    /// cycle, and how many were archived.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn tick(&self, cycles: u64, now: Timestamp) -> Result<Ticked, WriteError> {
        let mut writer = self.writer()?;
        let cycle = writer.counters.cycle.saturating_add(cycles);
        let first = writer.counters.cycle.saturating_add(1).min(cycle);
        let (rows, touches, moves) = self.asked_by(&mut writer, |index| {
            let (mut rows, mut touches, mut moves) = (Vec::new(), Vec::new(), Vec::new());
            for (due, id) in self.tables.due(cycle).map_err(WriteError::disk)? {
                let record = MemoryId(id);
                let after = Ahead::default().horizon(index, record, self.archive_below);
                if after != Some(due) {
                    // What is damaged was taken out of the index, with its edges.
                    moves.push(Move { id, before: Some(due), after });
                }
                let lies_ahead = index.told(record).is_some_and(|it| it > now.as_micros());
                if let Some(faded) = after.filter(|it| *it <= cycle && !lies_ahead)
                    && let Some(standing) = index.standing(record)
                {
                    rows.push((id, Standing { archived: true, ..standing }));
                    // What was kept beyond its time, or let go after it, fades as this tick begins.
                    touches.push((id, Touch::Archived { cycle: Some(faded.max(first)) }));
                }
            }
            Ok((rows, touches, moves))
        })?;
        let commit = Commit {
            act: Act { at: now, deed: Deed::Ticked, first: cycle, count: cycles },
            key: None,
            counters: Counters { cycle, ..writer.counters },
            moves,
            touches,
        };
        self.set_standings(&mut writer, commit, &rows)?;
        Ok(Ticked { cycle, archived: rows.len() })
    }

    /// Commits other standings, with what they move in the horizon.
    fn set_standings(
        &self,
        writer: &mut Writer,
        mut commit: Commit,
        rows: &[(u64, Standing)],
    ) -> Result<(), WriteError> {
        let standings = rows.iter().map(|it| (MemoryId(it.0), it.1)).collect();
        commit.moves.extend(self.moves(&Ahead { standings, ..Ahead::default() }));
        let set = |change: &Change| change.set_standings(rows);
        self.commit_one(writer, commit, set, |index, ()| {
            rows.iter().for_each(|(id, standing)| index.set_standing(MemoryId(*id), *standing));
        })
    }

    /// What is left of the weight of a record.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn weight(&self, id: MemoryId) -> Result<f64, ReadError> {
        let index = self.index();
        let standing = index.standing(id).ok_or(ReadError::NotFound { id })?;
        Ok(standing.relevance_at(index.cycle()))
    }

    /// Whether a record is pinned now, whatever its draft said.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn is_pinned(&self, id: MemoryId) -> Result<bool, ReadError> {
        let standing = self.index().standing(id).ok_or(ReadError::NotFound { id })?;
        Ok(standing.pinned)
    }

    /// Whether a record is archived: kept, and not recalled.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn is_archived(&self, id: MemoryId) -> Result<bool, ReadError> {
        let standing = self.index().standing(id).ok_or(ReadError::NotFound { id })?;
        Ok(standing.archived)
    }

    /// How far a record is trusted: the least of its own trust and that of all that it descends from.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn trust(&self, id: MemoryId) -> Result<Trust, ReadError> {
        self.index().trust(id).ok_or(ReadError::NotFound { id })
    }

    /// How far it is trusted by itself.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn own_trust(&self, id: MemoryId) -> Result<Trust, ReadError> {
        let standing = self.index().standing(id).ok_or(ReadError::NotFound { id })?;
        Ok(standing.trust.unwrap_or_default())
    }

    /// The records that one is derived from directly and that are trusted no more than it is, where it is trusted less
    /// than by itself: one of them may be damaged, and not be here.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn lowered_by(&self, id: MemoryId) -> Result<Vec<MemoryId>, ReadError> {
        let index = self.index();
        let trust = index.trust(id).ok_or(ReadError::NotFound { id })?;
        if index.standing(id).and_then(|it| it.trust).is_none_or(|it| it <= trust) {
            return Ok(Vec::new());
        }
        let least = |it: &MemoryId| index.trust(*it).unwrap_or_default() <= trust;
        let mut sources: Vec<MemoryId> = index.lineage().sources(id).filter(least).collect();
        sources.dedup();
        Ok(sources)
    }

    /// The records that supersede one directly, so that it is not recalled; in the order of writing. Of those that are
    /// said to, not the ones that are trusted less, nor archived ones that nothing supersedes.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn superseded_by(&self, id: MemoryId) -> Result<Vec<MemoryId>, ReadError> {
        let index = self.index();
        if index.holds(id) { Ok(index.superseded_by(id)) } else { Err(ReadError::NotFound { id }) }
    }

    /// The records that one is said to supersede directly, in the order of writing.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn older(&self, id: MemoryId) -> Result<Vec<MemoryId>, ReadError> {
        let index = self.index();
        if !index.holds(id) {
            return Err(ReadError::NotFound { id });
        }
        let mut older: Vec<MemoryId> = index.succession().older(id).collect();
        older.dedup();
        Ok(older)
    }

    /// All that supersede each other around a record, itself among them: newer ones before what they supersede, else
    /// the later written first. What is trusted less than `trust` is not there, nor what only that leads to.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn story(&self, id: MemoryId, trust: Trust) -> Result<Vec<MemoryId>, ReadError> {
        let index = self.index();
        if index.holds(id) {
            let is_told = |it| index.trust(it).unwrap_or_default() >= trust;
            Ok(index.succession().story(id, is_told))
        } else {
            Err(ReadError::NotFound { id })
        }
    }

    /// Archived records that faded at least so many cycles ago, in the order of writing. What others cite fades later
    /// than by itself, and what was used since fades anew.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn archived(&self, cycles: u64) -> Result<Vec<MemoryId>, ReadError> {
        let (now, mut found) = {
            let index = self.index();
            let by_itself = |it: &MemoryId| {
                index.standing(*it).is_some_and(|it| {
                    let death = death_of(it.weight, it.cycle, self.archive_below);
                    it.archived && index.cycle().saturating_sub(death) >= cycles
                })
            };
            let ids = if index.archived() > 0 { index.ids() } else { Vec::new() };
            (index.cycle(), ids.into_iter().filter(by_itself).collect::<Vec<_>>())
        };
        if found.is_empty() || cycles == 0 {
            return Ok(found);
        }
        let lines = self.tables.audit_of(0..=u64::MAX)?.into_iter();
        let ticks = lines.filter(|it| it.deed == Deed::Ticked);
        let began = |it: AuditLine| (it.commit, it.first.saturating_sub(it.count) + 1);
        let ticks: HashMap<u64, u64> = ticks.map(began).collect();
        let rows = self.tables.deeds(None)?.into_iter();
        let faded = |it: DeedRow| match it.touch {
            // Where nobody noted the cycle it was not before the tick began.
            Touch::Archived { cycle } => {
                Some((it.id, cycle.or_else(|| ticks.get(&it.commit).copied())?))
            }
            _ => None,
        };
        // The last one counts: a record may have been brought back before.
        let archived: HashMap<MemoryId, u64> = rows.filter_map(faded).collect();
        // Of what an older program archived nobody may know more than when it faded by itself.
        found.retain(|it| archived.get(it).is_none_or(|it| now.saturating_sub(*it) >= cycles));
        Ok(found)
    }

    /// A record.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn record(&self, id: MemoryId) -> Result<Record, ReadError> {
        let row = self.tables.records(&[id.0])?.pop().flatten();
        self.open_row(id, row)?.ok_or(ReadError::NotFound { id })
    }

    /// Records by their ids; none for those that are not here, or turn out to be damaged: these are set aside.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn records(&self, ids: &[MemoryId]) -> Result<Vec<Option<Record>>, ReadError> {
        let numbers: Vec<u64> = ids.iter().map(|it| it.0).collect();
        let rows = self.tables.records(&numbers)?;
        let mut damaged = Vec::new();
        let record = |(id, row): (&MemoryId, Option<Vec<u8>>)| match self.open_row(*id, row) {
            Err(ReadError::Damaged { id }) => {
                damaged.push(id);
                Ok(None)
            }
            opened => opened,
        };
        let records = ids.iter().zip(rows).map(record).collect::<Result<_, _>>()?;
        self.set_aside(&damaged);
        Ok(records)
    }

    /// A record from its row; none where there is no row, or no key: it was forgotten since its row was read.
    fn open_row(&self, id: MemoryId, row: Option<Vec<u8>>) -> Result<Option<Record>, ReadError> {
        let Some(row) = row else { return Ok(None) };
        let Some(key) = self.keys.key(id.0).map_err(Broken::disk)? else { return Ok(None) };
        open_record(&key, id, &row).map(Some).ok_or(ReadError::Damaged { id })
    }

    /// Sets records aside that turned out to be damaged. Those that were forgotten since are none.
    fn set_aside(&self, damaged: &[MemoryId]) {
        if damaged.is_empty() {
            return;
        }
        let mut index = self.index_mut();
        for id in damaged {
            if index.holds(*id) {
                index.set_aside(*id);
            }
        }
    }

    /// All records, in the order of writing.
    pub fn ids(&self) -> Vec<MemoryId> {
        self.index().ids()
    }

    /// The records that a question allows, whatever its words, in the order of writing: of a field with a value those that
    /// have it are looked up.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn allowed(&self, question: &Question) -> Result<Vec<MemoryId>, ReadError> {
        self.allowed_after(question, None, usize::MAX)
    }

    /// The first `limit` of them behind a record, where one is named: of a space no more records are looked at than it takes to
    /// find so many, but for those that are looked up.
    pub(crate) fn allowed_after(
        &self,
        question: &Question,
        after: Option<MemoryId>,
        limit: usize,
    ) -> Result<Vec<MemoryId>, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            let mut ids = Vec::new();
            for shard in index.shards(&question.spaces) {
                let places = match question.fields.first() {
                    Some(field) => Cow::Owned(shard.with_field(field)),
                    None => Cow::Borrowed(shard.after(after)),
                };
                let docs = places.iter().filter_map(|it| shard.doc(*it));
                let docs = docs.filter(|it| after.is_none_or(|after| after < it.id));
                let docs = docs.filter(|it| allowed(index, (question, past.as_ref()), shard, it));
                // What is looked up by a field comes in no order of ids.
                let most = if question.fields.is_empty() { limit } else { usize::MAX };
                ids.extend(docs.map(|it| it.id).take(most));
            }
            ids.sort_unstable();
            ids.truncate(limit);
            Ok(ids)
        })
    }

    /// How many records are here.
    pub fn counts(&self) -> Counts {
        counts(&self.index())
    }

    /// The number of the last commit.
    pub fn commit(&self) -> u64 {
        self.index().commit()
    }

    /// The records that are in no answer, see [`Stats::damaged`].
    pub fn damaged(&self) -> Vec<MemoryId> {
        self.index().damaged().iter().copied().collect()
    }

    /// How many they are.
    pub fn damaged_count(&self) -> usize {
        self.index().damaged().len()
    }

    /// Whether a record is one of them.
    pub fn is_damaged(&self, id: MemoryId) -> bool {
        self.index().damaged().contains(&id)
    }

    /// What relations of a record lead to, and which lead to it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn relations(&self, id: MemoryId) -> Result<Vec<Edge>, ReadError> {
        let keys: Vec<_> = self.ends(id)?.into_iter().map(|it| it.0).collect();
        self.relations_at(id, &keys)
    }

    /// Where the relations of a record lead, and which lead to it: what each is read by, in their order, and the other record. That
    /// is known without reading any.
    pub(crate) fn ends(&self, id: MemoryId) -> Result<Vec<(EdgeKey, MemoryId)>, ReadError> {
        let index = self.index();
        if index.holds(id) { Ok(index.edges_of(id)) } else { Err(ReadError::NotFound { id }) }
    }

    /// Some of the relations of a record, by what [`Memory::ends`] says.
    pub(crate) fn relations_at(
        &self,
        id: MemoryId,
        keys: &[EdgeKey],
    ) -> Result<Vec<Edge>, ReadError> {
        let edges = self.edges(keys)?;
        if self.index().damaged().contains(&id) {
            Err(ReadError::Damaged { id })
        } else {
            Ok(edges)
        }
    }

    /// All relations, by the records they start at.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn all_relations(&self) -> Result<Vec<Edge>, ReadError> {
        let keys = self.index().all_edges();
        self.edges(&keys)
    }

    /// Those of some relations that can be read. A record of which another one starts is set aside, with all of its own.
    fn edges(&self, keys: &[(u64, u32)]) -> Result<Vec<Edge>, ReadError> {
        let mut edges = Vec::new();
        let mut damaged = BTreeSet::new();
        for EdgeRow { from, number, to, sealed } in self.tables.edges(keys)? {
            let key_of = |it: u64| self.keys.key(it).map_err(Broken::disk);
            // An edge without a key was forgotten since its row was read.
            let (Some(start), end) = (key_of(from)?, key_of(to)?) else { continue };
            match open_edge((&start, end.as_ref()), number, to, &sealed) {
                Ok(edge) => edges.push(edge),
                Err(Shut::Damaged) => _ = damaged.insert(MemoryId(from)),
                Err(Shut::Other { .. }) if end.is_none() => {}
                Err(Shut::Other { .. }) => _ = damaged.insert(MemoryId(to)),
            }
        }
        if !damaged.is_empty() {
            edges.retain(|it| !damaged.contains(&it.from) && !damaged.contains(&it.to));
            let mut index = self.index_mut();
            damaged.into_iter().for_each(|it| index.set_aside(it));
        }
        Ok(edges)
    }

    /// Finds what answers a question. Whoever asks the same again in the same minute, while nothing changed, gets the
    /// same answer from the cache.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn recall(&self, question: &Question, now: Timestamp) -> Result<Recall, ReadError> {
        let asked = Asked::of(question, now);
        let (answer, commit) = self.asked(|index| {
            if let Some(known) = self.answers_mut().find(&asked, index) {
                debug_assert!(
                    self.answer(index, question, now).as_ref() == Ok(&*known) || index.is_torn(),
                    "an answer is given again only where asking anew gives the same"
                );
                return Ok((known, index.commit()));
            }
            let answer = Arc::new(self.answer(index, question, now)?);
            if !index.is_torn() {
                self.answers_mut().keep(asked.clone(), &answer, index);
                self.choose(index, &asked, question)?;
            }
            Ok((answer, index.commit()))
        })?;
        self.tell(&answer, commit)
    }

    /// How many records fit the time that a question names, where those are so many that it finds none of them by
    /// itself: then the words of the question have to.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn common_time(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Option<u64>, ReadError> {
        check_question(&question.text)?;
        let now = end_of_minute(now);
        let times = analyse(&question.text, now).times;
        let Some(asked) = AskedDays::of(&times, now) else { return Ok(None) };
        self.asked(|index| Ok(Search::new(index.shards(&question.spaces)).common_time(&asked)))
    }

    /// When that happened which a question asks about, by the best of what was found, those beside it in its thread, and the next best.
    /// None where it asks for no time, or nothing was found.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn dated(
        &self,
        question: &Question,
        hits: &[Hit],
        now: Timestamp,
    ) -> Result<Option<Dated>, ReadError> {
        let Some(best) = hits.first() else { return Ok(None) };
        if analyse(&question.text, end_of_minute(now)).cue != Cue::When {
            return Ok(None);
        }
        let beside = self.asked(|index| {
            let past = self.past(index, question)?;
            Ok(beside(&self.search(index, (question, past.as_ref())), best.record.id))
        })?;
        let beside: Vec<Record> = self.records(&beside)?.into_iter().flatten().collect();
        let next = hits.iter().skip(1).take(when::NEXT).map(|it| &it.record);
        let all: Vec<&Record> = iter::once(&best.record).chain(&beside).chain(next).collect();
        let texts = all.iter().map(|it| (it.draft.text.as_str(), it.at()));
        let told = || (0, Interval::day_of(best.record.at()), Granularity::Day);
        let found = when::date_among((&question.text, now), texts);
        let (number, interval, granularity) = found.unwrap_or_else(told);
        Ok(Some(Dated { interval, granularity, by: all[number].id, is_said: found.is_some() }))
    }

    /// Puts the hits of a question together: those that stand next to each other in their thread become one passage, and
    /// turns beside them come along as far as the budget allows.
    ///
    /// Such a turn lies within the spaces and times of the question, is trusted as far as it wants, and is neither archived nor
    /// superseded where it asks for no such ones. Who said it, of which kind it is and which tags it has is asked of hits alone: before
    /// an answer by Ada stands what Bob asked. What says the same as a hit is not told again, unless copies are asked for.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn passages(&self, question: &Question, hits: &[Hit]) -> Result<Vec<Passage>, ReadError> {
        let around = Question {
            author: None,
            kind: None,
            tags: Vec::new(),
            fields: Vec::new(),
            ..question.bare()
        };
        let told = hits.iter().filter(|_| !question.copies).map(|it| saying(&it.record));
        let told: HashSet<Digest> = told.collect();
        self.asked(|index| {
            let past = self.past(index, question)?;
            let spaces: HashMap<&str, &Shard> = index.spaces().collect();
            let seat = |id: MemoryId| {
                let space = index.space_of(id)?;
                let shard = spaces.get(space)?;
                let doc = shard.doc(shard.place(id)?)?;
                (doc.thread != NONE).then_some(((space, doc.thread), doc.position))
            };
            let known = |((space, thread), position): Seat<(&str, u32)>| {
                let shard = *spaces.get(space)?;
                let place = shard.thread(thread)?.docs.get(position as usize)?;
                Some((shard, shard.doc(*place)?))
            };
            let turn = |seat: Seat<(&str, u32)>, left: u64| {
                let is_meant = |(shard, doc): &(&Shard, Doc)| {
                    u64::from(doc.tokens) <= left
                        && allowed(index, (&around, past.as_ref()), shard, doc)
                };
                let Some((_, doc)) = known(seat).filter(is_meant) else { return Ok(None) };
                let record = self.record_if_there(doc.id)?;
                Ok(record.filter(|it| !told.contains(&saying(it))))
            };
            passages::passages(hits, question.budget_tokens, seat, turn)
        })
    }

    /// Does what [`Memory::recall`] does, without the cache: for those who measure or compare.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn recall_anew(&self, question: &Question, now: Timestamp) -> Result<Recall, ReadError> {
        let (answer, commit) =
            self.asked(|index| Ok((self.answer(index, question, now)?, index.commit())))?;
        self.tell(&answer, commit)
    }

    fn answer(
        &self,
        index: &Index,
        question: &Question,
        now: Timestamp,
    ) -> Result<Answer, ReadError> {
        let past = self.past(index, question)?;
        let past = past.as_ref();
        let Considered { candidates, doubt, .. } =
            self.look(index, (question, past), now, Look::Ranking)?;
        let count = candidates.len();
        let answering = candidates.iter().filter(|it| it.speaks).count();
        let scored = candidates.into_iter().map(|it| (it.score, it)).collect();
        let grouping =
            Grouping { index, question, past, on: !question.history && !question.copies };
        let stands = |it| grouping.stands(it);
        let (packed, duplicates) =
            recall::pack(index, scored, question, stands, |it| self.says(it))?;
        let same = packed.iter().map(|it| grouping.same(it.1.id)).collect();
        let superseded = self.left_out(index, (question, past), now)?;
        Ok(Answer { packed, same, candidates: count, answering, duplicates, superseded, doubt })
    }

    /// How many would be given back, were they not superseded. To know that is to ask again, where there are any.
    fn left_out(
        &self,
        index: &Index,
        (question, past): (&Question, Option<&Past>),
        now: Timestamp,
    ) -> Result<usize, ReadError> {
        let are_some = match past {
            Some(past) => past.supersedes(),
            None => index.supersedes_in(&question.spaces),
        };
        if question.history || !are_some {
            return Ok(0);
        }
        let all = Question { history: true, ..question.clone() };
        let looked = self.look(index, (&all, past), now, Look::Ranking)?.candidates;
        let scored = looked.into_iter().map(|it| (it.score, it)).collect();
        let grouping = Grouping { index, question: &all, past, on: !question.copies };
        let stands = |it| grouping.stands(it);
        let (packed, _) = recall::pack(index, scored, &all, stands, |it| self.says(it))?;
        Ok(packed.iter().filter(|it| is_superseded(index, past, it.1.id)).count())
    }

    /// Which of some hits of a question says the same as another record, as a consolidation found: none where the question
    /// does not allow that one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn said_by<'a>(
        &self,
        question: &Question,
        hits: &'a [Hit],
        id: MemoryId,
    ) -> Result<Option<&'a Hit>, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            let on = !question.history && !question.copies;
            let grouping = Grouping { index, question, past: past.as_ref(), on };
            let group = |id| grouping.stands(id).unwrap_or(id);
            let says_it = |it: &&Hit| it.record.id != id && group(it.record.id) == group(id);
            Ok(hits.iter().find(says_it).filter(|_| grouping.allows(id)))
        })
    }

    /// The same for records that say the same; none for one that can't be read. It takes no lock of the index, which
    /// whoever packs an answer has.
    fn says(&self, id: MemoryId) -> Result<Option<Digest>, ReadError> {
        Ok(self.record_if_there(id)?.map(|it| saying(&it)))
    }

    /// A record; none where it can't be read, or was forgotten in between.
    fn record_if_there(&self, id: MemoryId) -> Result<Option<Record>, ReadError> {
        match self.record(id) {
            Ok(record) => Ok(Some(record)),
            Err(ReadError::NotFound { .. } | ReadError::Damaged { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Reads the records of an answer.
    fn tell(&self, answer: &Answer, commit: u64) -> Result<Recall, ReadError> {
        let Answer { packed, same, .. } = answer;
        let ids: Vec<MemoryId> = packed.iter().map(|it| it.1.id).collect();
        let records = self.records(&ids)?;
        // A record that was forgotten in between is none.
        let there = packed.iter().zip(same).zip(records);
        let hits = there.filter_map(|((it, same), record)| {
            Some(recall::hit(it.0, it.1.clone(), record?, same.clone()))
        });
        let hits = hits.collect();
        Ok(Recall {
            hits,
            candidates: answer.candidates,
            answering: answer.answering,
            duplicates: answer.duplicates,
            superseded: answer.superseded,
            doubt: answer.doubt,
            commit,
        })
    }

    /// Keeps what somebody made of the answer to a question, for [`Memory::offered`]: until a space that was
    /// searched changes. Whoever calls this is let see all that was found. False where it is not kept: the answer holds no
    /// more, or the result is too large.
    ///
    /// # Errors
    /// [`ReadError::Invalid`].
    pub fn keep_result(
        &self,
        question: &Question,
        recall: &Recall,
        made: Made,
        now: Timestamp,
    ) -> Result<bool, ReadError> {
        let vector = self.vector_of(question, Code::of)?;
        let index = self.index();
        Ok(self.results_mut().keep((question, vector), (recall.commit, &index), made, now))
    }

    /// What was made of the answers to the nearest questions about the same spaces with the same filters, from a cosine
    /// and a trust on: at most [`OFFERS_MAX`](voyager_base::memory::OFFERS_MAX). They are results of those questions and not
    /// of this one: who asks judges whether one does.
    ///
    /// # Errors
    /// [`ReadError::Invalid`].
    pub fn offered(
        &self,
        question: &Question,
        least: (f64, Trust),
        now: Timestamp,
    ) -> Result<Vec<Offer>, ReadError> {
        let vector = self.vector_of(question, Code::of)?;
        let index = self.index();
        Ok(self.results_mut().near((question, vector.as_ref()), least, &index, now))
    }

    /// How results do that were kept.
    pub fn results(&self) -> ResultsTold {
        self.results_mut().told()
    }

    /// What `of` makes of the vector of a question that is within bounds.
    fn vector_of<T>(
        &self,
        question: &Question,
        of: impl Fn(&[f32]) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        check_question(&question.text)?;
        let vector = question.vector.as_ref().map(|it| self.of_vector(it, of)).transpose();
        let invalid =
            |it| ReadError::Invalid { reason: format!("the vector of the question {it}") };
        vector.map_err(invalid)
    }

    /// Names of a question that are short for those of authors in its spaces, each with the author: "mel", "Melanie".
    pub fn short_forms(&self, question: &Question, now: Timestamp) -> Vec<(String, String)> {
        let (text, index) = (question.text.as_str(), self.index());
        let said: Vec<String> = terms::words(text).collect();
        let named = Named::of(&said, &analyse(text, now), &index.shards(&question.spaces));
        named.short.into_iter().map(|(short, long)| (short, long.author)).collect()
    }

    /// Lets a question wait to be put to all vectors, where it is chosen.
    fn choose(&self, index: &Index, asked: &Asked, question: &Question) -> Result<(), ReadError> {
        // What was there at an earlier commit has to be read, and is found in the same way.
        if question.vector.is_none() || question.as_of.is_some() {
            return Ok(());
        }
        let shards = index.shards(&question.spaces);
        let vectors: usize = shards.iter().map(|it| it.vectors.len()).sum();
        let is_chosen = vectors > self.exact_vectors_max
            && self.watch_mut().chooses(asked.key(), index.commit(), vectors);
        if is_chosen && let Some(query) = self.vector_of(question, Query::of)? {
            self.watch_mut().wait(Check::new(question, query));
        }
        Ok(())
    }

    /// How many of the nearest vectors questions find, as far as [`Memory::watch_step`] looked.
    pub fn watched(&self) -> Watched {
        self.watch_mut().told()
    }

    /// Compares some more of all vectors with the question whose turn it is, of those that were chosen of what
    /// [`Memory::recall`] answered. Says whether there are more to compare. For whoever has time: it takes some
    /// milliseconds at most.
    pub fn watch_step(&self) -> bool {
        let Some(mut check) = self.watch_mut().next() else { return false };
        let question = check.question();
        let step = {
            let index = self.index();
            let search = self.search(&index, (&question, None));
            let as_of = (index.commit(), index.changed(&question.spaces));
            let step = check.step(&search, as_of, STEP_ROWS);
            // What was compared of a damaged index says nothing. Whoever asks next makes it anew.
            if index.is_torn() { Step::Moot } else { step }
        };
        let mut watch = self.watch_mut();
        match step {
            Step::Goes => watch.go_on(check),
            Step::Ends(counts) => watch.count(counts),
            Step::Moot => {}
        }
        watch.is_waiting()
    }

    /// How the cache of answers does.
    pub fn answers(&self) -> Answers {
        self.answers_mut().told()
    }

    /// What is looked at closely for a question, with its features, in the order of writing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn consider(&self, question: &Question, now: Timestamp) -> Result<Considered, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            self.look(index, (question, past.as_ref()), now, Look::Features)
        })
    }

    fn look(
        &self,
        index: &Index,
        (question, past): (&Question, Option<&Past>),
        now: Timestamp,
        look: Look,
    ) -> Result<Considered, ReadError> {
        let now = end_of_minute(now);
        let query = self.vector_of(question, Query::of)?;
        let shards = index.shards(&question.spaces);
        let others = |text: &str| other_names(index, (question, past), text);
        let mut asking = Asking::of(question, query, &shards, &others(&question.text), now);
        if asking.words.is_empty() && asking.vector.is_none() {
            let reason = "the question has no word that tells what to look for".to_owned();
            return Err(ReadError::Invalid { reason });
        }
        let mut parts = Vec::with_capacity(asking.parts.len());
        for text in &asking.parts {
            let part = question.part(text);
            let vector = self.vector_of(&part, Query::of)?;
            let asking = Asking::of(&part, vector, &shards, &others(text), now);
            if !asking.words.is_empty() {
                parts.push((part, asking));
            }
        }
        let search = self.search(index, (question, past));
        let rank = |it: &(Question, Asking)| recall::apart(index, &search, (&it.0, &it.1), now);
        let tied = asking.tied.take();
        let at = |tied: &Related| parts.iter().position(|it| it.0.text == tied.event);
        // When the event was is known before the others are asked.
        let mut event = None;
        if let Some((at, Related { bound, rest, .. })) = tied.and_then(|it| Some((at(&it)?, it))) {
            let part = parts.remove(at);
            let (text, ranking) = (part.0.text.as_str(), rank(&part));
            let telling = recall::holding_all(&search, &part.1, &ranking);
            // With the history what was superseded is found, and is no doubt about what is so.
            let stands = |it: &(MemoryId, Timestamp)| !is_superseded(index, past, it.0);
            let found = self.event(text, telling.into_iter().filter(stands).collect())?;
            if let Some(found) = found {
                // Its words are a time here, and nothing that is asked for beside.
                let rest = parts.iter().find(|it| it.0.text == rest);
                asking.beside_time = rest.map_or(0, |it| it.1.beside_time);
                let time = found.window(bound, now);
                let others = parts.iter_mut().map(|it| &mut it.1);
                iter::once(&mut asking).chain(others).for_each(|it| it.ask_about(time));
            }
            event = Some((at, ranking, found));
        }
        let mut ranked: Vec<Ranked> = parts.iter().map(rank).collect();
        let event = event.and_then(|(at, ranking, found)| {
            ranked.insert(at, ranking);
            found
        });
        let considered = recall::consider(index, (question, &asking), ranked, &search, now, look);
        Ok(Considered { event, ..considered })
    }

    /// When an event was that a question is tied to, by the records that hold all of its words, the best first, and when each was
    /// told: by what says a time of it, of the best and the first that was told, where no other of those says another time; or else
    /// by when that first one was told. What holds only some of its words may tell of another one.
    fn event(
        &self,
        event: &str,
        telling: Vec<(MemoryId, Timestamp)>,
    ) -> Result<Option<Dated>, ReadError> {
        let Some(first) = telling.iter().copied().min_by_key(|(id, told)| (*told, *id)) else {
            return Ok(None);
        };
        let mut read: Vec<(MemoryId, Timestamp)> =
            telling.into_iter().take(1 + when::NEXT).collect();
        if !read.contains(&first) {
            read.push(first);
        }
        let mut said: Vec<Dated> = Vec::new();
        for (by, told) in read {
            let Some(record) = self.record_if_there(by)? else { continue };
            let date = when::date_of_event(event, &record.draft.text, told);
            said.extend(date.map(|(interval, granularity)| Dated {
                interval,
                granularity,
                by,
                is_said: true,
            }));
        }
        let Some(best) = said.first() else {
            let (by, told) = first;
            let interval = Interval::day_of(told);
            return Ok(Some(Dated { interval, granularity: Granularity::Day, by, is_said: false }));
        };
        let agree = said.iter().all(|it| it.interval.overlaps(best.interval));
        Ok(agree.then_some(*best))
    }

    /// What a question searches.
    fn search<'a>(
        &self,
        index: &'a Index,
        (question, past): (&'a Question, Option<&'a Past>),
    ) -> Search<'a> {
        let mut search = Search::new(index.shards(&question.spaces));
        search.exact_max = self.exact_vectors_max;
        // Who asks for no alias has no use for one: it says no more than what things are called.
        let hides = question.kind.is_none() && search.shards.iter().any(|it| it.has_aliases());
        if past.is_some() || question.is_selective() || index.sets_aside() || hides {
            search.only(move |shard, doc| {
                !(hides && shard.is_alias(doc.place))
                    && allowed(index, (question, past), shard, doc)
            });
        }
        search
    }

    /// What a question asks of the past; none where it asks of now.
    fn past(&self, index: &Index, question: &Question) -> Result<Option<Past>, ReadError> {
        question.as_of.map(|it| self.past_of(index, it)).transpose()
    }

    fn past_of(&self, index: &Index, commit: u64) -> Result<Past, ReadError> {
        self.check_commit(commit, index.commit())?;
        let written = |it: &AuditLine| it.deed == Deed::Remembered;
        let last = self.tables.last_line(commit, written)?;
        let next = last.map_or(0, |it| it.first + it.count);
        let rows = self.tables.deeds(None)?;
        Ok(Past::of(index, commit, next, self.deeds_from, &rows))
    }

    fn check_commit(&self, commit: u64, last: u64) -> Result<(), ReadError> {
        if commit <= last {
            return Ok(());
        }
        let reason = format!("there is no commit #{commit} yet: the last one is #{last}");
        Err(ReadError::Invalid { reason })
    }

    /// Of the records that are here, those that were there at a commit, and how they stood.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn as_of(&self, commit: u64) -> Result<Past, ReadError> {
        self.past_of(&self.index(), commit)
    }

    /// The last commit up to a time, with its time; none where there was none yet.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn commit_at(&self, time: Timestamp) -> Result<Option<AuditLine>, ReadError> {
        let last = self.index().commit();
        Ok(self.tables.last_line(last, |it| it.at <= time)?)
    }

    /// The line of a commit; none where there is none.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn line(&self, commit: u64) -> Result<Option<AuditLine>, ReadError> {
        Ok(self.tables.audit_of(commit..=commit)?.pop())
    }

    /// From which commit on it is noted what is done to which record.
    pub fn known_from(&self) -> u64 {
        self.deeds_from
    }

    /// What became of the memory after one commit, up to another.
    ///
    /// # Errors
    /// [`ReadError`]; the second must not lie before the first.
    pub fn difference(&self, from: u64, to: u64) -> Result<Difference, ReadError> {
        self.check_commit(from.max(to), self.index().commit())?;
        if to < from {
            let reason = format!("#{to} lies before #{from}: name the earlier one first");
            return Err(ReadError::Invalid { reason });
        }
        let known_from = self.deeds_from;
        let mut told = Difference { from, to, known_from, ..Difference::default() };
        for line in self.tables.audit_of(from + 1..=to)? {
            match line.deed {
                Deed::Remembered => {
                    let ids = (line.first..line.first + line.count).map(MemoryId);
                    let index = self.index();
                    for id in ids.filter(|it| !index.damaged().contains(it)) {
                        if index.holds(id) {
                            told.added.push(id);
                        } else {
                            told.gone += 1;
                        }
                    }
                }
                Deed::Forgotten => told.forgotten += line.count,
                Deed::Encoded => told.encoded += line.count,
                Deed::Ticked => told.cycles += line.count,
                Deed::Consolidated => told.consolidated += line.count,
                Deed::Parted => told.parted += line.count,
                Deed::Related | Deed::Unrelated | Deed::Arranged | Deed::Restored => {}
            }
        }
        let mut edges = Vec::new();
        for row in self.tables.deeds(None)?.iter().filter(|it| from < it.commit && it.commit <= to)
        {
            if let Touch::Forgotten { count } = row.touch {
                let ids = row.id.0..row.id.0 + count;
                told.forgotten_ids.extend(ids.map(MemoryId));
                continue;
            }
            if !self.index().holds(row.id) {
                continue;
            }
            let list = match row.touch {
                Touch::Archived { .. } => &mut told.archived,
                Touch::Restored => &mut told.restored,
                Touch::Pinned => &mut told.pinned,
                Touch::Unpinned => &mut told.unpinned,
                Touch::Trusted { .. } => &mut told.trusted,
                Touch::Unrelated => &mut told.unrelated,
                Touch::Related { number, .. } => {
                    edges.push((row.id.0, number));
                    continue;
                }
                Touch::Encoded | Touch::Forgotten { .. } => continue,
            };
            if list.last() != Some(&row.id) {
                list.push(row.id);
            }
        }
        told.forgotten_ids.sort_unstable();
        told.related = self.edges(&edges)?;
        Ok(told)
    }

    /// Who wrote a record, and what was done to it since.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn blame(&self, id: MemoryId) -> Result<Blame, ReadError> {
        let keys = {
            let index = self.index();
            if !index.holds(id) && !index.damaged().contains(&id) {
                return Err(ReadError::NotFound { id });
            }
            index.edges_of(id).into_iter().map(|it| it.0).collect::<Vec<_>>()
        };
        let lines = self.tables.audit_of(0..=u64::MAX)?;
        let wrote = |it: &&AuditLine| {
            it.deed == Deed::Remembered && it.first <= id.0 && id.0 - it.first < it.count
        };
        let written = lines.iter().find(wrote).copied();
        let written = written.ok_or_else(|| Broken::damaged(format!("no line tells of {id}")))?;
        let at = |commit: u64| {
            let place = lines.binary_search_by_key(&commit, |it| it.commit);
            place.ok().map(|it| lines[it].at)
        };
        let mut since = Vec::new();
        let mut undated = Vec::new();
        let own = self.tables.deeds(Some(id))?;
        for (from, number) in keys {
            let far;
            let rows = if from == id.0 {
                &own
            } else {
                far = self.tables.deeds(Some(MemoryId(from)))?;
                &far
            };
            let is_it = |it: &&DeedRow| matches!(it.touch, Touch::Related { number: of, .. } if of == number);
            let commit = rows.iter().find(is_it).map(|it| it.commit);
            for edge in self.edges(&[(from, number)])? {
                match commit {
                    Some(commit) => {
                        let what = Happened::Related(edge);
                        since.push(Happening { commit, at: at(commit), what });
                    }
                    None => undated.push(edge),
                }
            }
        }
        for row in own.iter().filter(|it| !matches!(it.touch, Touch::Related { .. })) {
            let (commit, what) = (row.commit, Happened::Touched(row.touch));
            since.push(Happening { commit, at: at(commit), what });
        }
        since.sort_by_key(|it| it.commit);
        Ok(Blame { written, since, undated, known_from: self.deeds_from })
    }

    /// Whether a relation from one record to another was taken back, whatever has been related since.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn was_unrelated(&self, from: MemoryId, to: MemoryId) -> Result<bool, ReadError> {
        let commits = |id| -> Result<BTreeSet<u64>, ReadError> {
            let rows = self.tables.deeds(Some(id))?.into_iter();
            Ok(rows.filter(|it| it.touch == Touch::Unrelated).map(|it| it.commit).collect())
        };
        let there = commits(from)?;
        if there.is_empty() {
            return Ok(false);
        }
        for commit in there.intersection(&commits(to)?) {
            // One that leads back touches both, too.
            let lines = self.tables.audit_of(*commit..=*commit)?;
            if lines.iter().any(|it| it.deed == Deed::Unrelated && it.first == from.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which commit forgot a record, where one did and that is known.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn forgotten(&self, id: MemoryId) -> Result<Option<AuditLine>, ReadError> {
        let gone = |it: &DeedRow| match it.touch {
            Touch::Forgotten { count } => it.id <= id && id.0 - it.id.0 < count,
            _ => false,
        };
        let Some(row) = self.tables.deeds(None)?.into_iter().find(gone) else { return Ok(None) };
        Ok(self.tables.audit_of(row.commit..=row.commit)?.pop())
    }

    /// What the store holds. Bytes are counted on every page, seconds of a large store: what is only a number is asked by
    /// [`Memory::counts`], [`Memory::commit`] and [`Memory::damaged`].
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn stats(&self) -> Result<Stats, ReadError> {
        let bytes = self.tables.bytes()?;
        let index = self.index();
        let spaces: Vec<_> = index.spaces().collect();
        let Counts { records, vectors } = counts(&index);
        Ok(Stats {
            archived: index.archived(),
            records,
            threads: spaces.iter().map(|it| it.1.threads_in_use()).sum(),
            words: spaces.iter().map(|it| it.1.words_in_use()).sum(),
            vectors,
            relations: index.edges(),
            spaces: spaces.into_iter().map(|(name, it)| (name.to_owned(), it.len())).collect(),
            damaged: index.damaged().iter().copied().collect(),
            bytes,
            cycle: index.cycle(),
            commit: index.commit(),
        })
    }

    /// Checks everything that is stored. `see` is told how much is done, of how much, and says whether to go on; none
    /// where it did not. Writes go on meanwhile. No row is changed; a record that does not open is set aside, and one whose
    /// vector does not is without from then on.
    ///
    /// # Errors
    /// [`ReadError::Disk`] where the database itself can't be read.
    pub fn verify(
        &self,
        see: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Option<Verified>, ReadError> {
        let disk = |error: std::io::Error| ReadError::Disk { reason: error.to_string() };
        let index = |see: &mut dyn FnMut(&Index)| see(&self.index());
        let is_there = |id| Ok(self.tables.records(&[id])?.iter().any(Option::is_some));
        let (checking, doubled) = {
            // Between two commits: keys of what was forgotten before are destroyed.
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let owner = self.owner();
            let threads = verify::threads(writer.counters.next);
            let readings = (0..threads).map(|_| self.tables.reading());
            let checking = Checking {
                disk: &*self.disk,
                keys: &self.keys,
                veil: owner.veil(),
                readings: readings.collect::<Result<_, _>>()?,
                counters: writer.counters,
                // What is set aside keeps nothing alive, and did where the horizon is of before.
                horizon: (writer.horizon && self.index().damaged().is_empty())
                    .then_some(self.archive_below),
                index: &index,
                is_there: &is_there,
            };
            (checking, owner.is_doubled().map_err(disk)?)
        };
        let Some(mut found) = verify::run(&checking, see)? else { return Ok(None) };
        self.heed(&found.faults)?;
        if !doubled {
            let problem = "one of its two copies is damaged".to_owned();
            found.faults.insert(0, Fault { id: None, part: Part::Owner, problem });
        }
        Ok(Some(found.cut()))
    }

    /// Has what recall searches go by what a check found.
    fn heed(&self, faults: &[Fault]) -> Result<(), ReadError> {
        if faults.is_empty() {
            return Ok(());
        }
        let of = |part| faults.iter().filter(move |it| it.part == part).filter_map(|it| it.id);
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_here = |it: &MemoryId| self.index().holds(*it);
        let damaged: Vec<MemoryId> = of(Part::Record).collect();
        if !damaged.is_empty() {
            // They keep nothing alive.
            writer.horizon = false;
            let here: Vec<MemoryId> = damaged.iter().copied().filter(is_here).collect();
            self.set_aside(&here);
        }
        let mut bare = Vec::new();
        for id in of(Part::Vector).filter(is_here) {
            // That of another encoder is not searched.
            if self.vector_in_row(id)?.is_none() && !self.index().lacks_vector(id) {
                bare.push(id);
            }
        }
        // A kept index of another encoder may have what this memory does not search.
        let foreign = self.encoder.get().is_none() && of(Part::Vector).next().is_some();
        if !(damaged.is_empty() && bare.is_empty()) || foreign {
            let mut index = self.index_mut();
            bare.iter().for_each(|it| index.remove_vector(*it));
            // A kept index has them still. A disk that does not let go of it takes no new vectors either.
            drop(self.keys.destroy(&[]));
            writer.kept = Kept::none(&index);
        }
        Ok(())
    }

    /// What was done last, the newest first.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn audit(&self, limit: usize) -> Result<Vec<AuditLine>, ReadError> {
        Ok(self.tables.audit(limit)?)
    }

    /// Since when the cycle of decay is the one that it is: when the last one passed, or where none has, when the first
    /// commit was made; none before that.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn cycle_since(&self) -> Result<Option<Timestamp>, ReadError> {
        let (cycle, commit) = {
            let index = self.index();
            (index.cycle(), index.commit())
        };
        // Where none has passed no line is looked for but the first.
        let last = if cycle == 0 { commit.min(1) } else { commit };
        let begins = |it: &AuditLine| it.commit == 1 || it.deed == Deed::Ticked && it.count > 0;
        Ok(self.tables.last_line(last, begins)?.map(|it| it.at))
    }

    /// The spaces that there are, by name.
    pub fn spaces(&self) -> Vec<String> {
        self.index().spaces().map(|it| it.0.to_owned()).collect()
    }

    /// The space of a record.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn space_of(&self, id: MemoryId) -> Result<String, ReadError> {
        let index = self.index();
        index.space_of(id).map(str::to_owned).ok_or(ReadError::NotFound { id })
    }

    /// For tests that damage rows.
    #[cfg(test)]
    pub(crate) fn tables_for_tests(&self) -> (&Tables, Counters) {
        (&self.tables, self.writer.lock().unwrap_or_else(PoisonError::into_inner).counters)
    }

    fn owner(&self) -> RwLockReadGuard<'_, Owner> {
        self.owner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn owner_mut(&self) -> RwLockWriteGuard<'_, Owner> {
        self.owner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers_mut(&self) -> MutexGuard<'_, Cache> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn results_mut(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch_mut(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        match self.index.try_read() {
            Ok(index) => index,
            Err(TryLockError::Poisoned(index)) => index.into_inner(),
            Err(TryLockError::WouldBlock) => {
                let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
                self.index.read().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// Lets one in who waits to read the index. The lock alone does not: who gives it back and takes it again is faster
    /// than who has to wake up.
    fn give_turn(&self) {
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those beside a record in its thread that a question allows, as [`when::BESIDE`] names them.
fn beside(search: &Search<'_>, id: MemoryId) -> Vec<MemoryId> {
    let found =
        search.shards.iter().zip(0..).find_map(|(it, shard)| Some((it, shard, it.place(id)?)));
    let Some((of, shard, place)) = found else { return Vec::new() };
    let Some(doc) = of.doc(place) else { return Vec::new() };
    let near = when::BESIDE.iter().filter_map(|it| of.neighbour(&doc, *it));
    let allowed = near.filter(|it| search.allows(Spot { shard, place: *it }));
    allowed.filter_map(|it| Some(of.doc(it)?.id)).collect()
}

/// Whether the text of a question is short enough, to be known before anybody takes it apart or encodes it.
///
/// # Errors
/// [`ReadError::Invalid`].
pub fn check_question(text: &str) -> Result<(), ReadError> {
    let (bytes, most) = (text.len(), QUESTION_BYTES_MAX);
    if bytes <= most {
        return Ok(());
    }
    let reason = format!("the question has {bytes} bytes, and {most} are the most");
    Err(ReadError::Invalid { reason })
}

/// Whether a newer record supersedes one, or did at the commit that is asked about.
fn is_superseded(index: &Index, past: Option<&Past>, id: MemoryId) -> bool {
    match past {
        Some(past) => past.is_superseded(id),
        None => index.succession().holds(id),
    }
}

/// Whether a question lets a record be given back.
fn allowed(
    index: &Index,
    (question, past): (&Question, Option<&Past>),
    shard: &Shard,
    doc: &Doc,
) -> bool {
    if index.is_leaving(doc.id) {
        return false;
    }
    let archived = match past {
        Some(past) => past.is_archived(doc.id),
        None => index.standing(doc.id).is_none_or(|it| it.archived),
    };
    let superseded = is_superseded(index, past, doc.id);
    let trust = match question.trust {
        Some(_) => index.trust(doc.id).unwrap_or_default(),
        None => Trust::Owner,
    };
    let was_there = past.is_none_or(|it| it.holds(doc.id));
    was_there && recall::allows(question, shard, doc, Aside { archived, superseded, trust })
}

/// Which records stand for others where a question is asked.
struct Grouping<'a> {
    index: &'a Index,
    question: &'a Question,
    past: Option<&'a Past>,
    /// Whether any does.
    on: bool,
}

impl Grouping<'_> {
    /// What stands for a record: it is allowed, and trusted as much.
    fn stands(&self, id: MemoryId) -> Option<MemoryId> {
        let (standing, commit) = self.index.groups().standing(id).filter(|_| self.on)?;
        let was_so = self.past.is_none_or(|it| commit <= it.commit);
        let is_trusted = self.index.trust(standing) >= self.index.trust(id);
        (was_so && is_trusted && self.allows(standing)).then_some(standing)
    }

    /// The others that say the same as a record that is given back, as far as they are allowed.
    fn same(&self, id: MemoryId) -> Same {
        let standing = self.stands(id).unwrap_or(id);
        let members = self.index.groups().members(standing);
        let members = members.filter(|it| self.stands(*it) == Some(standing) && self.allows(*it));
        let mut same: Vec<MemoryId> = members.chain([standing]).filter(|it| *it != id).collect();
        same.sort_unstable();
        let more = same.len().saturating_sub(SAME_MAX);
        same.truncate(SAME_MAX);
        (same, more)
    }

    fn allows(&self, id: MemoryId) -> bool {
        let shard = self.index.shard_of(id);
        let doc = shard.and_then(|it| Some((it, it.doc(it.place(id)?)?)));
        doc.is_some_and(|(shard, doc)| allowed(self.index, (self.question, self.past), shard, &doc))
    }
}

fn counts(index: &Index) -> Counts {
    let shards = || index.spaces().map(|it| it.1);
    let records = shards().map(Shard::len).sum();
    Counts { records, vectors: shards().map(|it| it.vectors.len()).sum() }
}

/// Records in the order of writing, each once.
fn each_once(ids: &[MemoryId]) -> Vec<MemoryId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What is noted of a record whose trust by itself is another one.
fn trusted(standing: Standing) -> Option<Touch> {
    standing.trust.map(|trust| Touch::Trusted { trust })
}

/// Where edges lead, with where they start.
fn led<'a>(edges: impl IntoIterator<Item = &'a Edge>) -> BTreeMap<MemoryId, Vec<MemoryId>> {
    let mut led: BTreeMap<MemoryId, Vec<MemoryId>> = BTreeMap::new();
    edges.into_iter().for_each(|it| led.entry(it.to).or_default().push(it.from));
    led
}

/// Adds edges, each sealed with the keys of both of its records. Gives back their numbers.
fn add_edges(change: &Change, edges: &[Edge], ends: &[[Key; 2]]) -> Result<Vec<u32>, redb::Error> {
    let add = |(edge, [start, end]): (&Edge, &[Key; 2])| {
        let (from, to) = (edge.from.0, edge.to.0);
        let number = change.next_edge(from)?;
        change.add_edge(from, number, to, &seal_edge([start, end], number, edge))?;
        change.note([(from, Touch::Related { to: edge.to, number })])?;
        Ok(number)
    };
    edges.iter().zip(ends).map(add).collect()
}

/// Why a record can't supersede one of another space.
fn elsewhere(to: MemoryId, space: &str, other: &str) -> String {
    format!("{to} is in the space `{space}` and {other}: what supersedes lies in the same space")
}

/// The number of an encoder; one that has none yet keeps it with its first vectors.
fn number_encoder(tables: &Tables, encoder: Encoder) -> Result<(u32, Encoder), Broken> {
    let known = tables.encoders()?;
    if let Some((number, name, dimensions)) = known.iter().find(|it| it.1 == encoder.name) {
        if *dimensions as usize != encoder.dimensions {
            let reason = format!(
                "`{name}` has {} dimensions now and had {dimensions}: another encoder needs another name",
                encoder.dimensions
            );
            return Err(Broken::disk(reason));
        }
        return Ok((*number, encoder));
    }
    if encoder.dimensions == 0 || encoder.dimensions > DIMENSIONS_MAX {
        let reason = format!("an encoder has 1 to {DIMENSIONS_MAX} dimensions");
        return Err(Broken::disk(reason));
    }
    // Never that of another one, whatever became of those.
    let number = known.iter().map(|it| it.0 + 1).max().unwrap_or_default();
    Ok((number, encoder))
}

/// An encoder whose vectors are here, with its number.
fn known_encoder(tables: &Tables, name: &str) -> Result<Option<(u32, Encoder)>, Broken> {
    let known = tables.encoders()?.into_iter().find(|it| it.1 == name);
    let encoder = |(number, name, dimensions): (u32, String, u32)| {
        (number, Encoder { name, dimensions: dimensions as usize })
    };
    Ok(known.map(encoder))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;

    #[test]
    fn who_waits_to_read_is_let_in_before_a_writer_goes_on() {
        let (disk, chance) = (Arc::new(SimDisk::new(1)), Arc::new(Seeded::new(1)));
        let memory = Memory::open(disk, Options::default(), chance).unwrap();
        let has_read = AtomicBool::new(false);
        thread::scope(|scope| {
            let written = memory.index_mut();
            scope.spawn(|| {
                let index = memory.index();
                has_read.store(true, Ordering::SeqCst);
                drop(index);
            });
            while memory.turn.try_lock().is_ok() {
                thread::yield_now();
            }
            drop(written);
            memory.give_turn();
            let _again = memory.index_mut();
            assert!(has_read.load(Ordering::SeqCst));
        });
    }
}
