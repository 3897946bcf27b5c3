//! The memory of this machine, and what commands ask of it.

mod explaining;
mod exporting;
mod forgetting;
mod importing;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value as Json;
use voyager_base::{
    call::Cancellation,
    clock::{Clock, Timestamp},
};
use voyager_disk::FileDisk;
use voyager_memory::{
    AuditLine, Deed, Draft, Edge, Hit, Memory, MemoryId, OpenError, Options, Question, ReadError,
    Recall, Ticked, WriteError,
};

use super::{Host, Updates, to_json};
use crate::{
    answer::memory::{
        AddAnswer, AuditDetail, HitDetail, ListAnswer, PinAnswer, RecallAnswer, RecordDetail,
        RelateAnswer, RelationDetail, RestoreAnswer, ShowAnswer, StatsAnswer, TickAnswer, named,
    },
    failure::{Failure, FailureKind},
    protocol::MemoryRequest,
    system::SystemChance,
    when,
};

/// The memory of the state folder, opened when somebody first needs it: opening reads every record, and most
/// commands need none.
pub(crate) struct LazyMemory {
    folder: PathBuf,
    opened: Mutex<Option<Arc<Memory>>>,
}

impl LazyMemory {
    /// The memory of a state folder; nothing is opened yet.
    pub(crate) fn new(state: &Path) -> Self {
        Self { folder: state.join("memory"), opened: Mutex::default() }
    }

    /// The memory, opened where it is not yet, or again where a write to it failed. Blocks meanwhile.
    ///
    /// # Errors
    /// [`OpenError`]; the next call tries again.
    pub(crate) fn open(&self) -> Result<Arc<Memory>, OpenError> {
        // A thread that panicked while it opened left nothing behind.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = opened.take_if(|it| it.has_failed()) {
            // Its folder is free once the last request that uses it has ended.
            drop(memory);
        }
        if let Some(memory) = &*opened {
            return Ok(Arc::clone(memory));
        }
        let disk = Arc::new(FileDisk::open(&self.folder)?);
        let memory = Arc::new(Memory::open(disk, Options::default(), Arc::new(SystemChance))?);
        keep_index(&memory);
        *opened = Some(Arc::clone(&memory));
        Ok(memory)
    }
}

/// Keeps the index where the next opening would take long without it. Nothing but that time depends on it.
fn keep_index(memory: &Memory) {
    if memory.index_is_behind()
        && let Err(error) = memory.keep_index()
    {
        tracing::warn!(%error, "the index of the memory was not kept: it opens as slowly as before");
    }
}

impl Host {
    /// Answers what is asked of the memory, beside the threads that drive runs.
    pub(super) async fn ask_memory(
        &self,
        request: MemoryRequest,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<Json, Failure> {
        let lazy = Arc::clone(&self.memory);
        let (clock, cancellation) = (Arc::clone(&self.world.clock), cancellation.clone());
        let updates = updates.clone();
        let work = move || {
            let memory = lazy.open().map_err(|it| unusable(&it))?;
            let folder = lazy.folder.display().to_string();
            Desk { memory, folder, clock, cancellation, updates }.answer(request)
        };
        let ended = tokio::task::spawn_blocking(work).await;
        ended.map_err(|error| Failure::new(FailureKind::Bug, error.to_string()))?
    }
}

/// Where one request is answered.
struct Desk {
    memory: Arc<Memory>,
    /// Where it lies.
    folder: String,
    clock: Arc<dyn Clock>,
    cancellation: Cancellation,
    updates: Updates,
}

impl Desk {
    fn answer(&self, request: MemoryRequest) -> Result<Json, Failure> {
        match request {
            MemoryRequest::Add { draft } => self.add(draft).map(to_json),
            MemoryRequest::Recall { question } => self.recall(&question).map(to_json),
            MemoryRequest::Explain { question, id } => self.explain(&question, id).map(to_json),
            MemoryRequest::Show { id } => self.show(id).map(to_json),
            MemoryRequest::List { limit, space, archived } => {
                self.list(limit, space.as_deref(), archived).map(to_json)
            }
            MemoryRequest::Restore { ids, weight } => self.restore(&ids, weight).map(to_json),
            MemoryRequest::Relate { edge } => self.relate(edge).map(to_json),
            MemoryRequest::Forget { what, dry_run } => self.forget(&what, dry_run).map(to_json),
            MemoryRequest::Pin { id, pinned } => self.pin(id, pinned).map(to_json),
            MemoryRequest::Tick { cycles } => self.tick(cycles).map(to_json),
            MemoryRequest::Audit { limit } => self.audit(limit).map(to_json),
            MemoryRequest::Stats => self.stats().map(to_json),
            MemoryRequest::Import(request) => {
                let answer = self.import(&request).map(to_json);
                keep_index(&self.memory);
                answer
            }
            MemoryRequest::Export { space } => self.export(space.as_deref()).map(to_json),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn add(&self, draft: Draft) -> Result<AddAnswer, Failure> {
        draft.check().map_err(|it| Failure::usage(it.to_string()))?;
        let ids = self.memory.remember(&[draft.into()], None, self.now()).map_err(written)?;
        let id = ids.first().copied().unwrap_or_default();
        Ok(AddAnswer { id: id.to_string() })
    }

    fn recall(&self, question: &Question) -> Result<RecallAnswer, Failure> {
        let Recall { hits, candidates, duplicates, commit } = self.found(question)?;
        let left_out = candidates.saturating_sub(hits.len() + duplicates);
        let tokens = hits.iter().map(|it| u64::from(it.tokens)).sum();
        let hit = |it: Hit| HitDetail {
            score: it.score,
            tokens: it.tokens,
            signals: it.signals,
            record: RecordDetail::of(it.record),
        };
        let hits = hits.into_iter().map(hit).collect();
        let records = self.memory.ids().len();
        Ok(RecallAnswer { hits, tokens, candidates, duplicates, left_out, records, commit })
    }

    fn found(&self, question: &Question) -> Result<Recall, Failure> {
        self.memory.recall(question, self.now()).map_err(read)
    }

    fn show(&self, id: MemoryId) -> Result<ShowAnswer, Failure> {
        let record = RecordDetail::of(self.memory.record(id).map_err(read)?);
        let pinned = self.memory.is_pinned(id).map_err(read)?;
        let archived = self.memory.is_archived(id).map_err(read)?;
        let weight = self.memory.weight(id).map_err(read)?;
        let relations = self.memory.relations(id).map_err(read)?;
        let relations = relations.into_iter().map(RelationDetail::of).collect();
        Ok(ShowAnswer { record, pinned, archived, weight, relations })
    }

    fn list(
        &self,
        limit: usize,
        space: Option<&str>,
        archived: bool,
    ) -> Result<ListAnswer, Failure> {
        let mut ids = self.ids_of(space);
        ids.retain(|it| self.memory.is_archived(*it).is_ok_and(|it| it == archived));
        let of = ids.len();
        ids.reverse();
        ids.truncate(limit);
        let records = self.memory.records(&ids).map_err(read)?;
        let records = records.into_iter().flatten().map(RecordDetail::of).collect();
        let archived = self.memory.archived(0).len();
        Ok(ListAnswer { records, of, archived })
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
        self.memory.relate(&edge, None, self.now()).map_err(written)?;
        Ok(RelateAnswer { relation: RelationDetail::of(edge) })
    }

    fn pin(&self, id: MemoryId, pinned: bool) -> Result<PinAnswer, Failure> {
        self.memory.pin(id, pinned, self.now()).map_err(written)?;
        Ok(PinAnswer { id: id.to_string(), pinned })
    }

    fn restore(&self, ids: &[MemoryId], weight: f64) -> Result<RestoreAnswer, Failure> {
        let restored = self.memory.restore(ids, weight, self.now()).map_err(|it| match it {
            WriteError::Invalid { invalid, .. } => Failure::usage(invalid.to_string()),
            other => written(other),
        })?;
        Ok(RestoreAnswer { ids: named(&restored), weight })
    }

    fn tick(&self, cycles: u64) -> Result<TickAnswer, Failure> {
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
        Ok(StatsAnswer {
            records: stats.records,
            archived: stats.archived,
            spaces: stats.spaces.into_iter().collect(),
            threads: stats.threads,
            words: stats.words,
            relations: stats.relations,
            vectors: stats.vectors,
            damaged: named(&stats.damaged),
            row_bytes,
            database_bytes,
            bytes_per_record: row_bytes.checked_div(stats.records as u64).unwrap_or_default(),
            cycle: stats.cycle,
            commit: stats.commit,
            folder: self.folder.clone(),
        })
    }

    /// Whether whoever asked does not want the rest any more.
    fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }
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

/// The machine refuses, in the words of the store.
fn unusable(error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureKind::Environment, error.to_string())
}

fn unknown(error: &dyn std::error::Error) -> Failure {
    Failure::usage(error.to_string()).hint("`agent-host memory list` shows the newest")
}
