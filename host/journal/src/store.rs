//! The store: what callers see.
//!
//! Appending compares and takes effect under one lock, at once and in the order of the calls; readers
//! see it from then on. Only the acknowledgement waits for the writer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use futures_channel::oneshot;
use voyager_base::{
    BoxFuture, Digest, RunId,
    chain::Head,
    disk::Disk,
    record::{AppendError, Batch, Content, Durability, Entry, Journal, ReadError},
};
use voyager_disk::database::Opening;

use crate::{
    error::{OpenError, cannot_append, cannot_open},
    group::{Group, Piece, Pieces, Records, records_of},
    packs::{Packs, Place},
    row::{
        self, Standing, chain, damaged, decode_checkpoint, decode_records, encode_checkpoint,
        encode_records,
    },
    segment::{Segment, decode_segment},
    tables::{Loaded, Tables},
    writer::Writer,
};

/// Name of the file that says that a store lies here, and in which format.
pub(crate) const LABEL: &str = "journal-format";

/// Largest batch or checkpoint: it lies in memory as a whole, several times.
pub(crate) const ROW_BYTES_MAX: usize = 256 << 20;

/// How a store uses memory and disk.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory for pages of the database, in bytes.
    pub cache_bytes: usize,
    /// Buffered records are committed, without anybody asking, once they take this many bytes.
    pub buffered_bytes_max: usize,
    /// While this many bytes of records wait for the disk, buffered appends are acknowledged only when
    /// they are written: who appends faster than the disk writes is slowed to its pace.
    pub waiting_bytes_max: usize,
    /// Once this many batches wait in the log, they are moved to their places, run by run.
    pub log_batches_max: usize,
    /// Content is committed, without anybody asking, once this many bytes of it wait.
    pub content_bytes_max: u64,
    /// A pack of content grows to this size.
    pub pack_bytes_max: u64,
    /// Rows of one run up to this size are packed into one segment.
    pub segment_bytes_max: usize,
    /// Rows of one run below this size are not worth a segment.
    pub segment_bytes_min: usize,
    /// Rows of this size are packed with one commit.
    pub compaction_bytes_max: usize,
    /// Files of records up to this size are checked, every page, when they open. Beyond it damage is
    /// found where it is read.
    pub check_bytes_max: u64,
}

impl Options {
    /// How the file of records is opened.
    pub(crate) fn opening(&self) -> Opening {
        Opening { cache_bytes: self.cache_bytes, check_bytes_max: self.check_bytes_max }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            buffered_bytes_max: 4 << 20,
            waiting_bytes_max: 16 << 20,
            log_batches_max: 8_192,
            content_bytes_max: 64 << 20,
            pack_bytes_max: 256 << 20,
            segment_bytes_max: 256 << 10,
            segment_bytes_min: 4 << 10,
            compaction_bytes_max: 2 << 20,
            // About 7 ms of every start.
            check_bytes_max: 16 << 20,
        }
    }
}

/// Keeps the records of all runs, and content. Dropping it commits what is buffered.
pub struct Store {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What callers and the writer share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) tables: Tables,
    pub(crate) packs: Packs,
    state: Mutex<State>,
    /// Tells the writer that somebody waits for it.
    pub(crate) work: Condvar,
}

/// Tells one caller that what it waits for is durable, or isn't.
pub(crate) type Acknowledgement = oneshot::Sender<Result<(), AppendError>>;

/// How far the file of records is from being as it would be closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rest {
    /// It was written since somebody asked last.
    #[default]
    Written,
    /// It was not.
    Quiet,
    /// It is to settle with the next commit.
    Wanted,
    /// It is as it would be closed.
    Settled,
}

/// What is known beyond the disk.
#[derive(Default)]
pub(crate) struct State {
    /// Where all runs stand, with everything that waits.
    pub(crate) standings: BTreeMap<RunId, Standing>,
    /// What the next commit will take.
    pub(crate) waiting: Group,
    /// Who waits for the next commit.
    pub(crate) acknowledgements: Vec<Acknowledgement>,
    /// Whether the writer should begin.
    pub(crate) wanted: bool,
    /// How far the file is from being as it would be closed.
    pub(crate) rest: Rest,
    /// Records that are durable, but not at their places yet.
    pub(crate) log: Arc<Records>,
    /// What the commit under way takes.
    pub(crate) committing: Arc<Group>,
    /// Runs that may have rows that could be packed.
    pub(crate) loose: BTreeSet<RunId>,
    /// How often runs were forgotten.
    pub(crate) forgotten: u64,
    /// How many batches were appended.
    pub(crate) appended: u64,
    /// Why nothing more can be written.
    pub(crate) failed: Option<AppendError>,
    /// Whether the store is being dropped.
    pub(crate) closing: bool,
}

impl State {
    pub(crate) fn writable(&self) -> Result<(), AppendError> {
        match &self.failed {
            Some(error) => Err(error.clone()),
            None if self.closing => Err(AppendError::Closed),
            None => Ok(()),
        }
    }

    /// The run as its writer believes it to be, or why it is not.
    fn expect(&self, run: RunId, epoch: u64, after: Head) -> Result<(), AppendError> {
        let standing = self.standings.get(&run);
        let current = standing.map_or(0, |it| it.epoch);
        let head = standing.map_or(Head::START, |it| it.head);
        if epoch != current || current == 0 {
            return Err(AppendError::Fenced { run, current, ours: epoch });
        }
        if head != after {
            let (stands, believed) = (head.sequence, after.sequence);
            return Err(AppendError::Moved { run, stands, believed });
        }
        Ok(())
    }
}

impl Store {
    /// Opens the store of a folder, made where there is none.
    ///
    /// After a crash everything that was acknowledged as synced is there, and of what was not a
    /// beginning for each run. A damaged file of records is refused as a whole and not changed; damaged
    /// content shows when it is asked for, and affects nothing else.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(disk: Arc<dyn Disk>, options: Options) -> Result<Self, OpenError> {
        let (tables, loaded) = Tables::open(&*disk, &options)?;
        let marks = loaded.as_ref().map(|it| &it.marks);
        let packs = Packs::open(Arc::clone(&disk), options.pack_bytes_max, marks)?;
        let loaded = match loaded {
            Some(loaded) => loaded,
            None => {
                let content = packs.sync().map_err(cannot_open)?;
                let loaded = tables.make(&*disk, &content)?;
                packs.indexed();
                loaded
            }
        };
        let Loaded { standings, log, .. } = &loaded;
        let (standings, log) = (standings.clone(), Arc::new(log.records.clone()));
        let loose = standings.keys().copied().collect();
        let state = State { standings, log, loose, ..State::default() };
        let work = Condvar::new();
        let shared = Arc::new(Shared { options, tables, packs, state: Mutex::new(state), work });
        let writer = Writer::new(Arc::clone(&shared), loaded);
        let thread = std::thread::Builder::new().name("journal".to_owned());
        let thread = thread.spawn(move || writer.run()).map_err(cannot_open)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Reads all records of a run, and computes its chain again. Gives back where it stands;
    /// [`Head::START`] for an unknown run.
    ///
    /// # Errors
    /// [`ReadError`], with the run and the first record that is not as it was written.
    pub fn verify(&self, run: RunId) -> Result<Head, ReadError> {
        const PART_BYTES: usize = 1 << 20;
        let Some(end) = self.head(run)? else { return Ok(Head::START) };
        let mut head = Head::START;
        while head.sequence < end.sequence {
            let entries = self.read(run, head.sequence, PART_BYTES)?;
            let rest = (end.sequence - head.sequence).try_into().unwrap_or(usize::MAX);
            head = chain(head, &entries[..entries.len().min(rest)]);
        }
        if head == end {
            return Ok(end);
        }
        let what = format!("record {} of run {run}", end.sequence.saturating_sub(1));
        Err(damaged(what, "its hash differs from the head of the run"))
    }

    /// Leaves the file of records as it would be closed, where nothing was written since this was asked last:
    /// a start after a crash needs no walk through all of it then. Whoever asks now and then has that after
    /// each burst of records, for one more commit; the commits of a burst cost what they always do. Records that
    /// a burst left buffered are written first, and count as something written.
    pub fn settle(&self) -> BoxFuture<'static, Result<(), AppendError>> {
        acknowledged(self.settle_now().map(|waiting| ((), waiting)))
    }

    fn settle_now(&self) -> Result<Waiting, AppendError> {
        let mut state = self.shared.state();
        state.writable()?;
        match state.rest {
            Rest::Written => state.rest = Rest::Quiet,
            Rest::Quiet => {
                state.rest = Rest::Wanted;
                return Ok(self.shared.accept(&mut state, Durability::Synced));
            }
            Rest::Wanted | Rest::Settled => {}
        }
        Ok(None)
    }

    fn append_now(&self, batch: &Batch, after: Head, row: Vec<u8>) -> Result<Waiting, AppendError> {
        let mut state = self.shared.state();
        state.writable()?;
        state.expect(batch.run, batch.epoch, batch.after)?;
        if !batch.entries.is_empty() {
            let standing = Standing { epoch: batch.epoch, head: after };
            state.standings.insert(batch.run, standing);
            state.appended += 1;
            state.waiting.push(batch.run, batch.after.sequence, row, standing);
        }
        Ok(self.shared.accept(&mut state, batch.durability))
    }

    fn claim_now(&self, run: RunId) -> Result<(Head, u64, Waiting), AppendError> {
        let mut state = self.shared.state();
        state.writable()?;
        let standing =
            state.standings.entry(run).or_insert(Standing { epoch: 0, head: Head::START });
        standing.epoch += 1;
        let standing = *standing;
        state.waiting.standings.insert(run, standing);
        let waiting = self.shared.accept(&mut state, Durability::Synced);
        Ok((standing.head, standing.epoch, waiting))
    }

    fn checkpoint_now(&self, run: RunId, at: Head, row: Vec<u8>) -> Result<Waiting, AppendError> {
        let mut state = self.shared.state();
        state.writable()?;
        let stands = state.standings.get(&run).map_or(Head::START, |it| it.head);
        if at.sequence > stands.sequence || (at.sequence == stands.sequence && at != stands) {
            let (stands, believed) = (stands.sequence, at.sequence);
            return Err(AppendError::Moved { run, stands, believed });
        }
        state.waiting.checkpoint(run, row);
        Ok(self.shared.accept(&mut state, Durability::Buffered))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Forgets all records of some runs, durably. Whoever believes to own one of them is fenced.
    pub(crate) fn forget(
        &self,
        runs: BTreeSet<RunId>,
    ) -> BoxFuture<'static, Result<(), AppendError>> {
        let forget = || {
            let mut state = self.shared.state();
            state.writable()?;
            state.forgotten += 1;
            for run in runs {
                state.standings.remove(&run);
                state.loose.remove(&run);
                state.waiting.forget(run);
            }
            Ok(((), self.shared.accept(&mut state, Durability::Synced)))
        };
        acknowledged(forget())
    }
}

/// An acknowledgement that is still to come; none where it has.
pub(crate) type Waiting = Option<oneshot::Receiver<Result<(), AppendError>>>;

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pieces of a run that hold records from `from` on, by the number of records before each, and the
    /// head that they lead to. What waits is taken before what is on the disk, so that a commit
    /// between the two hides nothing: at worst a row shows beside the segment that holds it, and the read
    /// ends before it.
    pub(crate) fn pieces(
        &self,
        run: RunId,
        from: u64,
        bytes_max: usize,
    ) -> Result<Option<(Head, Pieces)>, ReadError> {
        let mut pieces = Pieces::new();
        let head = {
            let state = self.state();
            let Some(standing) = state.standings.get(&run) else { return Ok(None) };
            for records in [&*state.log, &state.committing.records, &state.waiting.records] {
                records_of(run, records, &mut pieces);
            }
            standing.head
        };
        let in_memory = pieces.range(..=from).next_back().is_some();
        if from < head.sequence && !in_memory {
            self.tables.records(run, from, bytes_max, &mut pieces)?;
        }
        Ok(Some((head, pieces)))
    }

    /// Reads a piece of `run` that follows `first` records.
    pub(crate) fn unpack(
        &self,
        run: RunId,
        first: u64,
        piece: &Piece,
    ) -> Result<row::Records, ReadError> {
        match piece {
            Piece::Row(row) => decode_records(run, first, row),
            Piece::Segment(segment) => self.unpack_segment(run, first, segment),
        }
    }

    /// Reads a segment of `run` that follows `first` records.
    pub(crate) fn unpack_segment(
        &self,
        run: RunId,
        first: u64,
        segment: &Segment,
    ) -> Result<row::Records, ReadError> {
        let broken = |reason: String| {
            let last = segment.end(first).saturating_sub(1);
            damaged(format!("the segment of records {first} to {last} of run {run}"), reason)
        };
        let Some(place) = self.place(segment.digest)? else {
            return Err(broken(format!("content {} is in no pack", segment.digest)));
        };
        let bytes = self.packs.read(segment.digest, place).map_err(|error| match error {
            ReadError::Damaged { what, reason } => broken(format!("{what}: {reason}")),
            error @ ReadError::Disk { .. } => error,
        })?;
        let records = decode_segment(run, first, &bytes)?;
        match records.entries.len() as u64 == segment.records {
            true => Ok(records),
            false => Err(broken(format!("it holds {} records", records.entries.len()))),
        }
    }

    /// Where a blob lies.
    pub(crate) fn place(&self, digest: Digest) -> Result<Option<Place>, ReadError> {
        match self.packs.unindexed(digest) {
            Some(place) => Ok(Some(place)),
            None => self.tables.blob(digest),
        }
    }

    /// The rows that are not at their places yet.
    pub(crate) fn logged(&self) -> Records {
        let state = self.state();
        let mut all = (*state.log).clone();
        all.extend(state.committing.records.clone());
        all.extend(state.waiting.records.clone());
        all
    }

    /// Decides when something that has just been added is acknowledged, and whether the writer begins.
    pub(crate) fn accept(&self, state: &mut State, durability: Durability) -> Waiting {
        let waiting = state.waiting.bytes;
        let full = waiting + state.committing.bytes >= self.options.waiting_bytes_max;
        if durability == Durability::Synced || waiting >= self.options.buffered_bytes_max || full {
            self.want(state);
        }
        if durability == Durability::Buffered && !full {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.acknowledgements.push(sender);
        Some(receiver)
    }

    fn want(&self, state: &mut State) {
        if !state.wanted {
            state.wanted = true;
            self.work.notify_one();
        }
    }
}

/// Completes with `value` once acknowledged.
pub(crate) fn acknowledged<T: Send + 'static>(
    accepted: Result<(T, Waiting), AppendError>,
) -> BoxFuture<'static, Result<T, AppendError>> {
    match accepted {
        Ok((value, Some(waiting))) => Box::pin(async move {
            waiting.await.unwrap_or(Err(AppendError::Closed))?;
            Ok(value)
        }),
        Ok((value, None)) => Box::pin(std::future::ready(Ok(value))),
        Err(error) => Box::pin(std::future::ready(Err(error))),
    }
}

fn bounded(bytes: usize) -> Result<(), AppendError> {
    if bytes <= ROW_BYTES_MAX {
        return Ok(());
    }
    Err(cannot_append(format!(
        "{bytes} bytes at once are above the limit of {ROW_BYTES_MAX}; keep them as content"
    )))
}

impl Journal for Store {
    fn claim(&self, run: RunId) -> BoxFuture<'static, Result<(Head, u64), AppendError>> {
        let claimed = self.claim_now(run);
        acknowledged(claimed.map(|(head, epoch, waiting)| ((head, epoch), waiting)))
    }

    fn append(&self, batch: Batch) -> BoxFuture<'static, Result<Head, AppendError>> {
        // Hashed and encoded here, not under the lock, and not by the writer.
        let after = chain(batch.after, &batch.entries);
        let row = encode_records(batch.after, after, &batch.entries);
        let accepted = bounded(row.len()).and_then(|()| self.append_now(&batch, after, row));
        acknowledged(accepted.map(|waiting| (after, waiting)))
    }

    fn read(&self, run: RunId, from: u64, bytes_max: usize) -> Result<Vec<Entry>, ReadError> {
        let pieces = self.shared.pieces(run, from, bytes_max)?;
        let Some((head, pieces)) = pieces else { return Ok(Vec::new()) };
        if from >= head.sequence {
            return Ok(Vec::new());
        }
        let mut reading = Reading { from, bytes_max, bytes: 0, entries: Vec::new() };
        let mut next: Option<Head> = None;
        let begin = pieces.range(..=from).next_back().map_or(from, |(first, _)| *first);
        for (first, piece) in pieces.range(begin..head.sequence) {
            if next.is_none() && from < *first {
                break;
            }
            let records = self.shared.unpack(run, *first, piece)?;
            if next.is_some_and(|next| next != records.before) {
                break;
            }
            next = Some(records.after);
            if !has_ends(&records, head) {
                let what = format!("record {first} of run {run}");
                return Err(damaged(what, "its run begins or ends otherwise"));
            }
            if !reading.take(records.before.sequence, records.entries) {
                return Ok(reading.entries);
            }
        }
        if !reading.entries.is_empty() {
            // Where rows are missing behind these, the next read begins there, and finds nothing.
            return Ok(reading.entries);
        }
        let missing = next.map_or(from, |it| it.sequence);
        Err(damaged(format!("record {missing} of run {run}"), "it is missing"))
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, ReadError> {
        Ok(self.shared.state().standings.get(&run).map(|it| it.head))
    }

    fn runs(&self) -> Result<Vec<RunId>, ReadError> {
        let state = self.shared.state();
        let begun = state.standings.iter().filter(|it| it.1.head != Head::START);
        Ok(begun.map(|it| *it.0).collect())
    }

    fn checkpoint(
        &self,
        run: RunId,
        at: Head,
        state: Vec<u8>,
    ) -> BoxFuture<'static, Result<(), AppendError>> {
        let accepted = bounded(state.len())
            .and_then(|()| self.checkpoint_now(run, at, encode_checkpoint(run, at, &state)));
        acknowledged(accepted.map(|waiting| ((), waiting)))
    }

    fn last_checkpoint(&self, run: RunId) -> Result<Option<(Head, Vec<u8>)>, ReadError> {
        let waiting = {
            let state = self.shared.state();
            let groups = [&state.waiting, &state.committing];
            groups.iter().find_map(|it| it.checkpoints.get(&run)).map(Arc::clone)
        };
        let row = match waiting {
            Some(row) => Some(row.to_vec()),
            None => self.shared.tables.checkpoint(run)?,
        };
        row.map(|row| decode_checkpoint(run, &row)).transpose()
    }
}

/// Whether records that begin or end a run do so as it does.
fn has_ends(records: &row::Records, head: Head) -> bool {
    let begins = records.before.sequence != 0 || records.before == Head::START;
    begins && (records.after.sequence != head.sequence || records.after == head)
}

/// Records on their way to a reader.
struct Reading {
    from: u64,
    bytes_max: usize,
    bytes: usize,
    entries: Vec<Entry>,
}

impl Reading {
    /// Takes the wanted ones of `entries`, which follow `first` records; says whether there is room for
    /// more.
    fn take(&mut self, first: u64, entries: Vec<Entry>) -> bool {
        let skipped = self.from.saturating_sub(first).try_into().unwrap_or(usize::MAX);
        for entry in entries.into_iter().skip(skipped) {
            self.bytes += entry.salt.len() + entry.payload.len();
            if self.bytes > self.bytes_max && !self.entries.is_empty() {
                return false;
            }
            self.entries.push(entry);
        }
        true
    }
}

impl Content for Store {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        self.shared.state().writable()?;
        let digest = Digest::of(bytes);
        let indexed = || self.shared.tables.blob(digest).map(|it| it.is_some());
        let fresh = self.shared.packs.put(digest, bytes, || indexed().map_err(cannot_append))?;
        if fresh >= self.shared.options.content_bytes_max {
            self.shared.want(&mut self.shared.state());
        }
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        self.shared.place(digest)?.map(|place| self.shared.packs.read(digest, place)).transpose()
    }

    fn holds(&self, digest: Digest) -> Result<bool, ReadError> {
        self.shared.place(digest).map(|place| place.is_some())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.shared.state().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has told everybody already.
            let _ = thread.join();
        }
    }
}
