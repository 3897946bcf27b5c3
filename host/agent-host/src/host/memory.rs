//! The memory of this machine, and what commands ask of it.

mod consolidating;
mod explaining;
mod exporting;
mod forgetting;
mod importing;
mod past;
mod snapshots;
mod verifying;

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value as Json;
use voyager_base::{
    call::Cancellation,
    clock::{Clock, Timestamp},
    memory::Trust,
};
use voyager_disk::{FileDisk, FolderError};
use voyager_manifest::nearest;
use voyager_memory::{
    AuditLine, Cost, Dated, Deed, Edge, Encodes as _, Entry, FIELDS_OF_HOST, FieldIs, Hit,
    LIMIT_MAX, LockError, Meaning, Memory, MemoryId, OpenError, Options, OwnerKey, OwnerKind,
    Passage, Places, Question, ReadError, Recall, Record, SUPERSEDES, Ticked, Turn, WriteError,
    check_question, is_locked,
    when::{ambiguous, impossible},
};

use self::snapshots::Folders;
use super::{Host, Updates, compact::note, cycles::Cycles, to_json};
use crate::{
    answer::memory::{
        AddAnswer, AuditDetail, HitDetail, ListAnswer, OwnerAnswer, PassageDetail, PinAnswer,
        RecallAnswer, RecordDetail, RelateAnswer, RelationDetail, RestoreAnswer, ShowAnswer,
        StatsAnswer, TickAnswer, TrustAnswer, TurnDetail, UnrelateAnswer, UsedDetail, VectorRecall,
        WhenDetail, named, snapshot::ProblemDetail,
    },
    encoding::Encoder,
    failure::{Failure, FailureKind},
    moment::Moment,
    owner_key::{KeySource, TypedKey},
    protocol::{MemoryRequest, Update},
    system::SystemChance,
    when,
};

/// Most cycles of one tick: all that is not pinned is archived long before.
const CYCLES_MAX: u64 = 1_000_000;

/// Told where a key is named for a memory that opens without one: whoever names it believes that it is needed, and what is
/// written then can be read by others.
const NOT_LOCKED: &str =
    "the memory is not locked, though a key is named for it: `agent-host memory lock` locks it";

/// The memory of the state folder, opened when somebody first needs it: opening reads every record, and most
/// commands need none.
pub(crate) struct LazyMemory {
    folder: PathBuf,
    /// What this process has the state by.
    around: Arc<dyn Any + Send + Sync>,
    encoder: Arc<Encoder>,
    /// Where its key comes from, where this process was told.
    source: Option<KeySource>,
    state: Mutex<Opened>,
}

/// What is open, and what opens it again.
#[derive(Default)]
struct Opened {
    memory: Option<Arc<Memory>>,
    key: Option<OwnerKey>,
    /// Whether its encoder could not be used then: vectors of it that it holds were not read.
    without_encoder: bool,
}

impl LazyMemory {
    /// The memory of a state folder; nothing is opened yet. `around` is kept until it is closed.
    pub(crate) fn new(
        state: &Path,
        around: Arc<dyn Any + Send + Sync>,
        encoder: Arc<Encoder>,
        source: Option<KeySource>,
    ) -> Self {
        Self { folder: state.join("memory"), around, encoder, source, state: Mutex::default() }
    }

    /// One that is open.
    #[cfg(test)]
    pub(super) fn with(memory: Arc<Memory>, encoder: Arc<Encoder>) -> Self {
        let state = Mutex::new(Opened { memory: Some(memory), ..Opened::default() });
        Self { folder: PathBuf::new(), around: Arc::new(()), encoder, source: None, state }
    }

    /// The memory, opened where it is not yet, or again where a write to it failed, or where it was opened without the
    /// encoder that can be used now, as soon as nobody uses that one. Blocks meanwhile.
    ///
    /// # Errors
    /// [`OpenError`]; the next call tries again.
    pub(crate) fn open(&self) -> Result<Arc<Memory>, OpenError> {
        self.open_with(None)
    }

    /// The same, with a key that somebody gave: it opens the memory as long as this process has it.
    fn open_with(&self, given: Option<OwnerKey>) -> Result<Arc<Memory>, OpenError> {
        let mut state = self.state();
        let without_encoder = state.without_encoder;
        let is_behind = || without_encoder && self.encoder.name().is_ok();
        // One that is in use goes on as it is, since its folder is not free before the last request that uses it has
        // ended: one that failed answers who reads, and tells who writes why it can't.
        let is_unused = |it: &Arc<Memory>| Arc::strong_count(it) == 1;
        drop(state.memory.take_if(|it| is_unused(it) && (it.has_failed() || is_behind())));
        if let Some(memory) = &state.memory {
            return Ok(Arc::clone(memory));
        }
        let mut key = given.or_else(|| state.key.clone());
        let mut opened = self.opened(key.clone());
        if let (Err(OpenError::Locked { .. }), Some(source)) = (&opened, &self.source) {
            let read = source.owner_key();
            let read = read.map_err(|it| OpenError::Disk { reason: format!("its key: {it}") })?;
            key = Some(read);
            opened = self.opened(key.clone());
        }
        let (memory, without_encoder) = opened?;
        let memory = Arc::new(memory);
        keep_index(&memory);
        *state = Opened { memory: Some(Arc::clone(&memory)), key, without_encoder };
        Ok(memory)
    }

    /// The memory, and whether the encoder that it should have can't be used.
    fn opened(&self, owner: Option<OwnerKey>) -> Result<(Memory, bool), OpenError> {
        let disk = Arc::new(self.disk()?);
        let places: Option<Arc<dyn Places>> = Some(Arc::new(Folders));
        let options = Options { owner, places, ..self.encoder.options() };
        let has_encoder = options.encoder.is_some() || options.encoder_named.is_some();
        let memory = Memory::open(disk, options, Arc::new(SystemChance))?;
        Ok((memory, self.encoder.is_wanted() && !has_encoder))
    }

    fn disk(&self) -> Result<FileDisk, FolderError> {
        FileDisk::open(&self.folder).map(|it| it.within(Arc::clone(&self.around)))
    }

    /// Whether there is a memory, open or not.
    pub(super) fn is_there(&self) -> bool {
        self.state().memory.is_some() || self.is_made()
    }

    fn is_made(&self) -> bool {
        self.folder.join("owner").exists()
    }

    /// Why a locked memory stays closed; none where it is open or opens without a key. Where there is no memory
    /// yet, none is made.
    pub(crate) fn stays_closed(&self) -> Option<OpenError> {
        // Opening it reads every record: for one that is not locked that can wait.
        if self.is_closed_and_locked() { self.open().err() } else { None }
    }

    /// Whether this process was told of a key that the memory does not need.
    pub(crate) fn has_idle_key(&self) -> bool {
        let state = self.state();
        self.source.is_some()
            && match &state.memory {
                Some(memory) => memory.locked_with().is_none(),
                None => !self.is_made() || self.disk().is_ok_and(|it| !is_locked(&it)),
            }
    }

    fn is_closed_and_locked(&self) -> bool {
        // Whoever opens it waits: to look is to have the folder, and only one can.
        let state = self.state();
        let is_there = state.memory.is_none() && self.is_made();
        is_there && self.disk().is_ok_and(|it| is_locked(&it))
    }

    fn state(&self) -> MutexGuard<'_, Opened> {
        // A thread that panicked while it opened left nothing behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the index where the next opening would take long without it. Nothing but that time depends on it.
pub(super) fn keep_index(memory: &Memory) {
    if memory.index_is_behind()
        && let Err(error) = memory.keep_index()
    {
        tracing::warn!(%error, "the index of the memory was not kept: it opens as slowly as before");
    }
}

impl Host {
    /// What to tell of a memory that is locked and that this process can't open, or that is not and should be. Blocks
    /// meanwhile.
    pub(crate) fn told_of_memory(&self) -> Option<String> {
        if self.memory.has_idle_key() {
            return Some(NOT_LOCKED.to_owned());
        }
        let failure = closed(&self.memory.stays_closed()?);
        let hint = failure.hint.map_or_else(String::new, |it| format!(" ({it})"));
        Some(format!("skills and commands get no memory here: {}{hint}", failure.message))
    }

    /// Answers what is asked of the memory, beside the threads that drive runs.
    pub(super) async fn ask_memory(
        &self,
        request: MemoryRequest,
        key: Option<TypedKey>,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<Json, Failure> {
        let key = key.map(|it| it.owner_key()).transpose().map_err(Failure::usage)?;
        let lazy = Arc::clone(&self.memory);
        let progress = Progress {
            clock: Arc::clone(&self.world.clock),
            cancellation: cancellation.clone(),
            updates: updates.clone(),
        };
        // These need no memory, and must not make one.
        let request = match request {
            MemoryRequest::Snapshots { folder, verify } => {
                let work = move || match verify {
                    true => lazy.verify_snapshots(&folder, key, &progress).map(to_json),
                    false => snapshots::list(&folder).map(to_json),
                };
                return tokio::task::spawn_blocking(work).await.map_err(bug)?;
            }
            MemoryRequest::RestoreFrom { folder, at } => {
                let work = move || lazy.restore_from(&folder, at, key, &progress).map(to_json);
                return tokio::task::spawn_blocking(work).await.map_err(bug)?;
            }
            other => other,
        };
        if matches!(request, MemoryRequest::Encode { .. }) {
            self.encoding.try_again();
        }
        let names_key = key.is_some() || self.memory.source.is_some();
        let opened = tokio::task::spawn_blocking(move || lazy.open_with(key)).await;
        let memory = match opened.map_err(bug)? {
            Ok(memory) => memory,
            Err(OpenError::Locked { kind } | OpenError::WrongKey { kind })
                if matches!(request, MemoryRequest::Owner) =>
            {
                let locked_with = Some(kind.to_string());
                return Ok(to_json(OwnerAnswer { locked_with, ..OwnerAnswer::default() }));
            }
            Err(error) => return Err(closed(&error)),
        };
        if names_key
            && memory.locked_with().is_none()
            && !matches!(request, MemoryRequest::Lock { .. })
        {
            note(updates, NOT_LOCKED.to_owned()).await;
        }
        if let MemoryRequest::Encode { has_encoder } = request {
            return self.encode(has_encoder, cancellation, updates).await.map(to_json);
        }
        let mut request = request;
        if let MemoryRequest::Recall { question, .. } | MemoryRequest::Explain { question, .. } =
            &mut request
        {
            check_question(&question.text).map_err(read)?;
            match self.encoding.meaning(&question.text).await {
                Ok(Meaning { vector, kindred, parts }) => {
                    (question.vector, question.kindred) = (vector, kindred);
                    question.parts = parts;
                }
                Err(error) => {
                    note(updates, format!("answered from the words alone: {error}")).await;
                }
            }
        }
        let encoder_problem = match request {
            MemoryRequest::Stats => self.encoding.trouble(&memory).await,
            _ => None,
        };
        let writes = matches!(request, MemoryRequest::Add { .. } | MemoryRequest::Import(_));
        let (lazy, cycles) = (Arc::clone(&self.memory), Arc::clone(&self.cycles));
        let (clock, cancellation) = (Arc::clone(&self.world.clock), cancellation.clone());
        let updates = updates.clone();
        let work = move || {
            let desk = Desk {
                memory,
                lazy,
                cycles,
                encoder_problem,
                clock,
                cancellation,
                updates,
                progress,
            };
            desk.answer(request)
        };
        let ended = tokio::task::spawn_blocking(work).await;
        if writes {
            self.encoding.written();
        }
        ended.map_err(bug)?
    }
}

/// A thread that panicked.
fn bug(error: tokio::task::JoinError) -> Failure {
    Failure::new(FailureKind::Bug, error.to_string())
}

/// Where one request is answered.
struct Desk {
    memory: Arc<Memory>,
    /// What opens it again.
    lazy: Arc<LazyMemory>,
    /// What lets its cycles pass.
    cycles: Arc<Cycles>,
    /// Why what makes vectors can't be used, where that was asked for.
    encoder_problem: Option<String>,
    clock: Arc<dyn Clock>,
    cancellation: Cancellation,
    updates: Updates,
    progress: Progress,
}

/// Tells whoever asked how far it is.
struct Progress {
    clock: Arc<dyn Clock>,
    cancellation: Cancellation,
    updates: Updates,
}

/// A time as it is told; none where it leaves the calendar.
fn dated(Dated { interval, granularity, by, is_said }: Dated) -> Option<WhenDetail> {
    let (first, last) = interval.days()?;
    Some(WhenDetail { first, last, granularity, by: by.to_string(), said: is_said })
}

impl Desk {
    fn answer(&self, request: MemoryRequest) -> Result<Json, Failure> {
        match request {
            MemoryRequest::Add { draft, supersedes, derived_from, trust } => {
                let trust = trust.unwrap_or(Trust::Owner);
                self.add(Entry { supersedes, derived_from, trust, ..draft.into() }).map(to_json)
            }
            MemoryRequest::Recall { question, as_of, passages } => {
                self.tell_unknown(&question.spaces);
                self.recall(question, as_of, passages).map(to_json)
            }
            MemoryRequest::Explain { question, id, as_of } => {
                self.tell_unknown(&question.spaces);
                self.explain(question, id, as_of).map(to_json)
            }
            MemoryRequest::Show { id } => self.show(id).map(to_json),
            MemoryRequest::History { id } => self.history(id).map(to_json),
            MemoryRequest::List { limit, before, question, as_of } => {
                self.tell_unknown(&question.spaces);
                self.list(limit, before, question, as_of).map(to_json)
            }
            MemoryRequest::Diff { from, to } => self.diff(from, to).map(to_json),
            MemoryRequest::Blame { id } => self.blame(id).map(to_json),
            MemoryRequest::Restore { ids, weight } => self.restore(&ids, weight).map(to_json),
            MemoryRequest::Relate { edge } => self.relate(edge).map(to_json),
            MemoryRequest::Unrelate { from, kind, to } => {
                self.unrelate(from, kind, to).map(to_json)
            }
            MemoryRequest::Forget { what, dry_run } => self.forget(&what, dry_run).map(to_json),
            MemoryRequest::Pin { id, pinned } => self.pin(id, pinned).map(to_json),
            MemoryRequest::Use { ids } => self.used(&ids).map(to_json),
            MemoryRequest::Trust { trust, ids, space } => {
                self.trust(trust, ids, space.as_deref()).map(to_json)
            }
            MemoryRequest::Consolidate { space, dry_run } => {
                self.consolidate(space.as_deref(), dry_run).map(to_json)
            }
            MemoryRequest::Part { commit } => self.part(commit).map(to_json),
            MemoryRequest::Tick { cycles } => self.tick(cycles).map(to_json),
            MemoryRequest::Audit { limit } => self.audit(limit).map(to_json),
            MemoryRequest::Stats => self.stats().map(to_json),
            MemoryRequest::Verify => self.verify().map(to_json),
            MemoryRequest::Snapshot { folder, keep } => self.snapshot(&folder, keep).map(to_json),
            MemoryRequest::LeaveSnapshots { folder } => self.leave_snapshots(folder).map(to_json),
            MemoryRequest::Snapshots { .. } | MemoryRequest::RestoreFrom { .. } => {
                Err(Failure::new(FailureKind::Bug, "what needs no memory among what does"))
            }
            MemoryRequest::Owner => {
                let locked_with = self.locked_with();
                Ok(to_json(OwnerAnswer { locked_with, ..OwnerAnswer::default() }))
            }
            MemoryRequest::Lock { key, again } => self.lock(&key, again).map(to_json),
            MemoryRequest::Unlock => self.unlock().map(to_json),
            MemoryRequest::Import(request) => {
                let answer = self.import(&request).map(to_json);
                keep_index(&self.memory);
                answer
            }
            // It is answered without blocking.
            MemoryRequest::Encode { .. } => {
                Err(Failure::new(FailureKind::Bug, "encoding among what blocks"))
            }
            MemoryRequest::Export { space, in_rows } => {
                self.export(space.as_deref(), in_rows).map(to_json)
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn add(&self, entry: Entry) -> Result<AddAnswer, Failure> {
        entry.draft.check().map_err(|it| Failure::usage(it.to_string()))?;
        let fields = &entry.draft.fields;
        let mut reserved = FIELDS_OF_HOST.into_iter().flat_map(|it| [it.0, it.1]);
        if let Some(name) = reserved.find(|it| fields.contains_key(*it)) {
            let message =
                format!("the field `{name}` says who wrote a record, and is the host's alone");
            return Err(Failure::usage(message).hint("call it something else"));
        }
        let ids = self.memory.remember(&[entry], None, self.now()).map_err(one_written)?;
        let id = ids.first().copied().unwrap_or_default();
        Ok(AddAnswer { id: id.to_string() })
    }

    fn recall(
        &self,
        mut question: Question,
        as_of: Option<Moment>,
        passages: bool,
    ) -> Result<RecallAnswer, Failure> {
        let now = self.asked_at(as_of)?;
        let as_of = as_of.map(|it| self.commit_of(it)).transpose()?;
        question.as_of = as_of.as_ref().map(|it| it.commit);
        let notes = self.notes(&question, now)?;
        let Recall { hits, candidates, answering, duplicates, superseded, doubt, commit } =
            self.found(&question, now)?;
        let when = self.memory.dated(&question, &hits, now).map_err(read)?;
        let archived = if hits.is_empty() { self.archived(&question, now)? } else { None };
        if hits.is_empty() {
            self.tell_meant(&question, now)?;
        }
        let left_out = answering.saturating_sub(hits.len() + duplicates);
        let passages = passages.then(|| self.memory.passages(&question, &hits));
        let passages = passages.transpose().map_err(read)?;
        let tokens = match &passages {
            Some(passages) => passages.iter().map(Passage::tokens).sum(),
            None => hits.iter().map(|it| u64::from(it.tokens)).sum(),
        };
        let hit = |it: Hit| HitDetail {
            score: it.score,
            tokens: it.tokens,
            signals: it.signals,
            record: self.detail(it.record),
            same: named(&it.same),
            same_more: it.same_more,
        };
        let hits = hits.into_iter().map(hit).collect();
        let passages = passages.map(|all| all.into_iter().map(|it| self.passage(it)).collect());
        let (records, damaged) = (self.memory.ids().len(), self.memory.damaged_count());
        Ok(RecallAnswer {
            hits,
            passages,
            tokens,
            candidates,
            duplicates,
            superseded,
            archived,
            left_out,
            doubt,
            records,
            damaged,
            commit,
            as_of,
            when: when.and_then(dated),
            notes,
        })
    }

    fn passage(&self, passage: Passage) -> PassageDetail {
        let tokens = passage.tokens();
        let Passage { score, turns } = passage;
        let ids: Vec<MemoryId> = turns.iter().map(|it| it.record.id).collect();
        let thread = turns.first().and_then(|it| it.record.draft.thread.clone());
        let turn = |Turn { score, tokens, record }: Turn| TurnDetail {
            score,
            tokens,
            record: self.detail(record),
        };
        let turns = turns.into_iter().map(turn).collect();
        PassageDetail { score, tokens, thread, ids: named(&ids), turns }
    }

    /// What the time that a question names does not do.
    fn notes(&self, question: &Question, now: Timestamp) -> Result<Vec<String>, Failure> {
        let text = question.text.as_str();
        let never = |it: std::ops::Range<usize>| {
            format!("{}: there is no such day; the question is asked without it", &text[it])
        };
        let mut notes: Vec<String> = impossible(text, now).into_iter().map(never).collect();
        notes.extend(ambiguous(text, now).into_iter().filter_map(|(span, [by_day, by_month])| {
            let (by_day, by_month) = (by_day.days()?.0, by_month.days()?.0);
            Some(format!(
                "{} may be {by_day} or {by_month}: the question is asked without it; write the one \
                 that is meant",
                &text[span]
            ))
        }));
        let common = self.memory.common_time(question, now).map_err(read)?;
        notes.extend(common.map(|count| {
            format!(
                "{count} records are of the time that the question names: only its words find some"
            )
        }));
        Ok(notes)
    }

    /// How many archived records answer a question that nothing else answers; none where it asks for those too. Only
    /// then: a memory that is used has archived records at all times, and to know that is to ask again.
    fn archived(&self, question: &Question, now: Timestamp) -> Result<Option<usize>, Failure> {
        if question.archived {
            return Ok(None);
        }
        let all = Question { archived: true, ..question.clone() };
        Ok(Some(self.found(&all, now)?.hits.len()))
    }

    fn found(&self, question: &Question, now: Timestamp) -> Result<Recall, Failure> {
        self.memory.recall(question, now).map_err(read)
    }

    /// When a question is asked: what was yesterday for who asks of an earlier state is the day before that.
    fn asked_at(&self, as_of: Option<Moment>) -> Result<Timestamp, Failure> {
        let now = self.now();
        let then = match as_of {
            None => None,
            Some(Moment::Time(time)) => Some(time),
            Some(Moment::Commit(commit)) => self.memory.line(commit).map_err(read)?.map(|it| it.at),
        };
        Ok(then.map_or(now, |it| it.min(now)))
    }

    /// A record, with what supersedes it now.
    fn detail(&self, record: Record) -> RecordDetail {
        // One that was forgotten in between is superseded by nothing, and trusted least.
        let superseded_by = self.memory.superseded_by(record.id).unwrap_or_default();
        let trust = self.memory.trust(record.id).unwrap_or_default();
        RecordDetail::of(record, trust, &superseded_by)
    }

    fn show(&self, id: MemoryId) -> Result<ShowAnswer, Failure> {
        let record = self.memory.record(id).map_err(|it| self.gone(id, it))?;
        let record = self.detail(record);
        let pinned = self.memory.is_pinned(id).map_err(read)?;
        let archived = self.memory.is_archived(id).map_err(read)?;
        let weight = self.memory.weight(id).map_err(read)?;
        let relations = self.memory.relations(id).map_err(read)?;
        let relations = relations.into_iter().map(RelationDetail::of).collect();
        let own_trust = self.memory.own_trust(id).map_err(read)?.to_string();
        let lowered_by = named(&self.memory.lowered_by(id).map_err(read)?);
        let standing = self.memory.standing_for(id).map(|it| it.to_string());
        let stands_for = named(&self.memory.stands_for(id));
        Ok(ShowAnswer {
            record,
            own_trust,
            lowered_by,
            standing,
            stands_for,
            pinned,
            archived,
            weight,
            relations,
        })
    }

    fn trust(
        &self,
        trust: Trust,
        mut ids: Vec<MemoryId>,
        space: Option<&str>,
    ) -> Result<TrustAnswer, Failure> {
        if space.is_some() {
            self.check_space(space)?;
            ids = self.ids_of(space);
        }
        ids.sort_unstable();
        ids.dedup();
        self.memory.set_trust(&ids, trust, self.now()).map_err(one_written)?;
        let below = |it: &MemoryId| self.memory.trust(*it).is_ok_and(|it| it < trust);
        let lowered: Vec<MemoryId> = ids.iter().copied().filter(below).collect();
        Ok(TrustAnswer { ids: named(&ids), trust: trust.to_string(), lowered: named(&lowered) })
    }

    fn list(
        &self,
        limit: usize,
        before: Option<MemoryId>,
        question: Question,
        as_of: Option<Moment>,
    ) -> Result<ListAnswer, Failure> {
        let as_of = as_of.map(|it| self.commit_of(it)).transpose()?;
        let past = as_of.as_ref().map(|it| self.memory.as_of(it.commit));
        let past = past.transpose().map_err(read)?;
        let is_archived = |id: MemoryId| match &past {
            Some(past) => past.is_archived(id),
            None => self.memory.is_archived(id).unwrap_or_default(),
        };
        let commit = as_of.as_ref().map(|it| it.commit);
        let of_all =
            Question { archived: true, history: true, as_of: commit, ..Question::default() };
        let all = self.memory.allowed(&of_all).map_err(read)?;
        let in_all = all.len();
        let faded = all.into_iter().filter(|it| is_archived(*it)).count();
        let archived = question.archived;
        let question = Question { archived: true, as_of: commit, ..question };
        let mut ids = self.memory.allowed(&question).map_err(read)?;
        ids.retain(|it| is_archived(*it) == archived);
        let of = ids.len();
        ids.retain(|it| before.is_none_or(|before| *it < before));
        let from = ids.len();
        ids.reverse();
        ids.truncate(limit.min(LIMIT_MAX));
        let older = Some(from - ids.len());
        let records = self.memory.records(&ids).map_err(read)?;
        let records = records.into_iter().flatten().map(|it| self.detail(it)).collect();
        let damaged = self.memory.damaged_count();
        Ok(ListAnswer { records, of, older, in_all, archived: faded, damaged, as_of })
    }

    /// Says which of some spaces there are not, so that a slip of the pen is not taken for an empty answer.
    fn tell_unknown(&self, spaces: &[String]) {
        let all = self.memory.spaces();
        for space in spaces.iter().filter(|it| !all.contains(*it)) {
            let problem = no_space(space, &all);
            self.note(format!("{problem} (`agent-host memory stats` shows all)"));
        }
    }

    /// Refuses a space that there is not, to what would do something with all of it.
    fn check_space(&self, space: Option<&str>) -> Result<(), Failure> {
        let all = self.memory.spaces();
        match space.filter(|it| !all.iter().any(|of| of == it)) {
            Some(space) => {
                let shown = "`agent-host memory stats` shows all";
                let hint = match self.memory.damaged_count() {
                    0 => shown.to_owned(),
                    count => format!("{shown}; {count} record(s) are damaged, and may be of it"),
                };
                Err(Failure::usage(no_space(space, &all)).hint(hint))
            }
            None => Ok(()),
        }
    }

    /// Says which author, thread, kind, tag or field may be meant, where none of what answers the question has one that was named:
    /// names are asked for as they were written.
    fn tell_meant(&self, question: &Question, now: Timestamp) -> Result<(), Failure> {
        let Question { author, thread, kind, tags, fields, .. } = question;
        if author.is_none()
            && thread.is_none()
            && kind.is_none()
            && tags.is_empty()
            && fields.is_empty()
        {
            return Ok(());
        }
        let all = Question {
            author: None,
            thread: None,
            kind: None,
            tags: Vec::new(),
            fields: Vec::new(),
            limit: LIMIT_MAX,
            budget_tokens: None,
            ..question.clone()
        };
        let found = self.found(&all, now)?;
        let drafts = || found.hits.iter().map(|it| &it.record.draft);
        let meant = |how: &str, name: &str, there: &mut dyn Iterator<Item = &str>| {
            if let Some(meant) = nearest(name, there).filter(|it| *it != name) {
                self.note(format!("no answer {how} `{name}`; did you mean `{meant}`?"));
            }
        };
        if let Some(it) = author {
            meant("is by", it, &mut drafts().filter_map(|it| it.author.as_deref()));
        }
        if let Some(it) = thread {
            meant("is of the thread", it, &mut drafts().filter_map(|it| it.thread.as_deref()));
        }
        if let Some(it) = kind {
            meant("is of the kind", it, &mut drafts().map(|it| it.kind.as_str()));
        }
        for it in tags {
            meant("has the tag", it, &mut drafts().flat_map(|it| &it.tags).map(String::as_str));
        }
        for FieldIs { name, .. } in fields {
            let names = drafts().flat_map(|it| it.fields.keys());
            meant("has the field", name, &mut names.map(String::as_str));
        }
        Ok(())
    }

    fn note(&self, text: String) {
        // Whoever asked may have left.
        let _ = self.updates.blocking_send(Update::Note { text });
    }

    /// The records of a space, or all, in the order of writing.
    fn ids_of(&self, space: Option<&str>) -> Vec<MemoryId> {
        let mut ids = self.memory.ids();
        if let Some(space) = space {
            ids.retain(|it| self.memory.space_of(*it).is_ok_and(|it| it == space));
        }
        ids
    }

    fn relate(&self, edge: Edge) -> Result<RelateAnswer, Failure> {
        edge.check().map_err(|it| Failure::usage(it.to_string()))?;
        self.memory.relate(&edge, None, self.now()).map_err(one_written)?;
        let hides = edge.kind != SUPERSEDES
            || self.memory.trust(edge.to).unwrap_or_default()
                <= self.memory.trust(edge.from).unwrap_or_default();
        Ok(RelateAnswer { relation: RelationDetail::of(edge), counts: hides })
    }

    fn unrelate(
        &self,
        from: MemoryId,
        kind: String,
        to: MemoryId,
    ) -> Result<UnrelateAnswer, Failure> {
        let taken = self.memory.unrelate(from, &kind, to, self.now());
        let count = taken.map_err(|error| match error {
            WriteError::Invalid { invalid, .. } => Failure::usage(invalid.problem)
                .hint(format!("`agent-host memory show {from}` shows its relations")),
            other => written(other),
        })?;
        Ok(UnrelateAnswer { from: from.to_string(), kind, to: to.to_string(), count })
    }

    fn pin(&self, id: MemoryId, pinned: bool) -> Result<PinAnswer, Failure> {
        self.memory.pin(id, pinned, self.now()).map_err(written)?;
        Ok(PinAnswer { id: id.to_string(), pinned })
    }

    fn used(&self, ids: &[MemoryId]) -> Result<Vec<UsedDetail>, Failure> {
        self.memory.used(ids, None, self.now()).map_err(one_written)?;
        let detail = |id: &MemoryId| {
            let weight = self.memory.weight(*id).map_err(read)?;
            Ok(UsedDetail { id: id.to_string(), weight })
        };
        ids.iter().map(detail).collect()
    }

    fn restore(&self, ids: &[MemoryId], weight: f64) -> Result<RestoreAnswer, Failure> {
        let restored = self.memory.restore(ids, weight, self.now()).map_err(one_written)?;
        Ok(RestoreAnswer { ids: named(&restored), weight })
    }

    fn tick(&self, cycles: u64) -> Result<TickAnswer, Failure> {
        // One that comes to the end of what counts them would stay there, and nothing would fade any more.
        if cycles > CYCLES_MAX {
            return Err(Failure::usage(format!("{cycles} cycles at once: {CYCLES_MAX} at most")));
        }
        let Ticked { cycle, archived } = self.memory.tick(cycles, self.now()).map_err(written)?;
        Ok(TickAnswer { cycle, archived })
    }

    fn audit(&self, limit: usize) -> Result<Vec<AuditDetail>, Failure> {
        let lines = self.memory.audit(limit).map_err(read)?;
        let detail = |it: AuditLine| AuditDetail {
            commit: it.commit,
            at: when::exact(it.at),
            deed: word(it.deed).to_owned(),
            first: it.first,
            count: it.count,
        };
        Ok(lines.into_iter().map(detail).collect())
    }

    fn stats(&self) -> Result<StatsAnswer, Failure> {
        let stats = self.memory.stats().map_err(read)?;
        let (row_bytes, database_bytes) = stats.bytes;
        let (answers, results) = (self.memory.answers(), self.memory.results());
        let cycle_since = self.memory.cycle_since().map_err(read)?;
        let cycle_until = cycle_since.and_then(|it| self.cycles.due(it));
        Ok(StatsAnswer {
            records: stats.records,
            archived: stats.archived,
            spaces: stats.spaces.into_iter().collect(),
            threads: stats.threads,
            words: stats.words,
            relations: stats.relations,
            encoder: self.lazy.encoder.name().ok().flatten(),
            encoder_problem: self.encoder_problem.clone(),
            vectors: stats.vectors,
            vector_recall: VectorRecall::of(self.memory.watched()),
            damaged: named(&stats.damaged),
            row_bytes,
            database_bytes,
            bytes_per_record: row_bytes.checked_div(stats.records as u64).unwrap_or_default(),
            cycle: stats.cycle,
            cycle_since: cycle_since.map(when::exact),
            cycle_until: cycle_until.map(when::exact),
            commit: stats.commit,
            answers_again: answers.hits,
            answers_anew: answers.misses,
            answer_bytes: answers.bytes,
            results_kept: results.kept,
            results_offered: results.offered,
            result_bytes: results.bytes,
            folder: self.lazy.folder.display().to_string(),
            locked_with: self.locked_with(),
            snapshots: self.snapshot_folders()?,
        })
    }

    fn locked_with(&self) -> Option<String> {
        self.memory.locked_with().map(|it| it.to_string())
    }

    fn owner(&self) -> Result<OwnerAnswer, Failure> {
        let (snapshots, pending) = self.memory.open_otherwise().map_err(read)?;
        let pending = ProblemDetail::all(pending);
        Ok(OwnerAnswer { locked_with: self.locked_with(), snapshots, pending })
    }

    fn lock(&self, key: &TypedKey, again: bool) -> Result<OwnerAnswer, Failure> {
        let key = key.owner_key().map_err(Failure::usage)?;
        match (self.memory.locked_with(), again) {
            (Some(_), false) => {
                return Err(Failure::usage("the memory is locked already")
                    .hint("`agent-host memory rekey` changes what it opens with"));
            }
            (None, true) => {
                return Err(Failure::usage("the memory is not locked")
                    .hint("`agent-host memory lock` locks it"));
            }
            _ => {}
        }
        self.memory.lock(&key, Cost::default()).map_err(|it| unlockable(&it))?;
        self.lazy.state().key = Some(key);
        self.owner()
    }

    fn unlock(&self) -> Result<OwnerAnswer, Failure> {
        self.memory.unlock().map_err(|it| unlockable(&it))?;
        self.lazy.state().key = None;
        self.owner()
    }

    /// Whether whoever asked does not want the rest any more.
    fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }
}

/// That there is no such space, and which may be meant.
fn no_space(space: &str, all: &[String]) -> String {
    let meant = nearest(space, all.iter().map(String::as_str));
    let meant = meant.map_or_else(String::new, |it| format!("; did you mean `{it}`?"));
    format!("there is no space `{space}`{meant}")
}

fn word(deed: Deed) -> &'static str {
    match deed {
        Deed::Remembered => "remembered",
        Deed::Forgotten => "forgotten",
        Deed::Related => "related",
        Deed::Ticked => "ticked",
        Deed::Encoded => "encoded",
        Deed::Arranged => "arranged",
        Deed::Restored => "restored",
        Deed::Consolidated => "consolidated",
        Deed::Parted => "parted",
        Deed::Unrelated => "unrelated",
    }
}

/// What an error of reading means to a command.
fn read(error: ReadError) -> Failure {
    match error {
        ReadError::NotFound { .. } => unknown(&error),
        ReadError::Invalid { reason } => Failure::usage(reason),
        ReadError::Damaged { .. } | ReadError::Disk { .. } => unusable(&error),
    }
}

/// What an error of writing means to a command.
fn written(error: WriteError) -> Failure {
    match error {
        WriteError::NotFound { .. } => unknown(&error),
        WriteError::Invalid { .. } => Failure::usage(error.to_string()),
        WriteError::Disk { .. } => unusable(&error),
    }
}

/// The same of a batch of one, of which nobody has to be told the place.
fn one_written(error: WriteError) -> Failure {
    match error {
        WriteError::Invalid { invalid, .. } if invalid.field == SUPERSEDES => {
            Failure::usage(invalid.problem)
                .hint("`agent-host memory history ID` shows what supersedes what")
        }
        WriteError::Invalid { invalid, .. } => Failure::usage(invalid.to_string()),
        other => written(other),
    }
}

/// What a memory that does not open means to a command.
fn closed(error: &OpenError) -> Failure {
    let failure = unusable(error);
    match error {
        OpenError::Locked { kind: OwnerKind::Passphrase } => failure.hint(
            "name where it is with --memory-key env:VARIABLE or --memory-key file:PATH; at a \
             terminal it is asked for",
        ),
        OpenError::Locked { kind: OwnerKind::KeyFile } => {
            failure.hint("name the file with --memory-key key-file:PATH")
        }
        OpenError::WrongKey { .. } => failure.hint("nothing was changed, and nothing is damaged"),
        OpenError::Damaged { .. } => failure.hint(
            "where there are snapshots, move the folder `memory` of the state folder away and type \
             `agent-host memory restore --from FOLDER`",
        ),
        _ => failure,
    }
}

/// Why it could not be locked or unlocked.
fn unlockable(error: &LockError) -> Failure {
    let hint = match error {
        LockError::Bare => {
            "`agent-host memory export --out FILE`, move the folder `memory` of the state folder \
             away, `agent-host memory import FILE`; lock the new one, and delete both"
        }
        LockError::Disk { .. } => "`agent-host memory stats` says whether it is locked",
    };
    unusable(error).hint(hint)
}

/// The machine refuses, in the words of the store.
pub(super) fn unusable(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Environment, error.to_string())
}

fn unknown(error: &dyn std::error::Error) -> Failure {
    Failure::usage(error.to_string()).hint("`agent-host memory list` shows the newest")
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use voyager_base::{
        chance::Seeded,
        sim::{SimClock, SimDisk},
    };
    use voyager_memory::Draft;

    use super::*;
    use crate::encoding::Setting;

    fn lazy(state: &Path) -> LazyMemory {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(Timestamp::from_millis(1_000)));
        let encoder = Encoder::new(Setting::of("hashed"), clock, state.join("words"));
        LazyMemory::new(state, Arc::new(()), Arc::new(encoder), None)
    }

    #[test]
    fn looking_whether_it_is_locked_keeps_nobody_from_opening_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        lazy(folder.path()).open().expect("it is made");
        for _ in 0..100 {
            let (lazy, both) = (lazy(folder.path()), Barrier::new(2));
            thread::scope(|scope| {
                scope.spawn(|| {
                    both.wait();
                    assert_eq!(lazy.stays_closed(), None);
                });
                both.wait();
                assert_eq!(lazy.open().err(), None);
            });
        }
    }

    #[test]
    fn one_that_failed_is_opened_again_once_nobody_uses_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (lazy, disk) = (lazy(folder.path()), SimDisk::new(1));
        let full =
            Memory::open(Arc::new(disk.clone()), Options::default(), Arc::new(Seeded::new(1)));
        let full = Arc::new(full.expect("it opens"));
        lazy.state().memory = Some(Arc::clone(&full));
        disk.crash_at(disk.calls() + 1);
        let write = |memory: &Memory| {
            let draft = Draft { text: "The door is green.".to_owned(), ..Draft::default() };
            memory.remember(&[draft.into()], None, Timestamp::default())
        };
        write(&full).expect_err("there is no room");
        let same = lazy.open().expect("it answers who reads");
        assert!(Arc::ptr_eq(&same, &full), "its folder is in use");
        write(&same).expect_err("it says why");
        drop((same, full));
        write(&lazy.open().expect("the folder is free")).expect("it is another one");
    }
}
