//! All records and relations as lines, part by part.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use voyager_memory::{Edge, MemoryId, Record, SUPERSEDES, SUPERSEDES_MAX};

use super::{Desk, read};
use crate::{
    answer::memory::{ExportAnswer, named},
    failure::{Failure, FailureKind},
    import::lines::{RecordLine, RelationLine},
    protocol::Update,
};

/// So many records are read at once.
const CHUNK: usize = 256;

/// A part is sent when it has so many bytes.
const PART_BYTES: usize = 256 << 10;

/// Lines on their way.
struct Lines<'a> {
    desk: &'a Desk,
    part: String,
}

impl Lines<'_> {
    fn push(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(line)
            .map_err(|error| Failure::environment("cannot write JSON", &error))?;
        self.part.push_str(&line);
        self.part.push('\n');
        if self.part.len() >= PART_BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Failure> {
        let text = std::mem::take(&mut self.part);
        let gone = self.desk.updates.blocking_send(Update::Part { text }).is_err();
        if gone || self.desk.is_cancelled() {
            let stopped =
                Failure::new(FailureKind::Cancelled, "stopped: the export is no whole one");
            return Err(stopped.hint("the same command begins anew"));
        }
        Ok(())
    }
}

impl Desk {
    /// Answers `memory export`. What is written meanwhile may be in it or not. `in_rows` has relations behind the
    /// record that they start at.
    pub(super) fn export(
        &self,
        space: Option<&str>,
        in_rows: bool,
    ) -> Result<ExportAnswer, Failure> {
        self.check_space(space)?;
        let ids = self.ids_of(space);
        let relations = self.memory.all_relations().map_err(read)?;
        let mut answer = ExportAnswer::default();
        let mut lines = Lines { desk: self, part: String::new() };
        let mut told = HashSet::new();
        // A line can only name records that stand before it; what supersedes a later one is a line of its own.
        let mut older: HashMap<MemoryId, Vec<MemoryId>> = HashMap::new();
        let in_line = |it: &Edge| it.kind == SUPERSEDES && it.to < it.from && it.weight == 1.0;
        let here: HashSet<MemoryId> = ids.iter().copied().collect();
        for edge in relations.iter().filter(|it| in_line(it) && here.contains(&it.to)) {
            older.entry(edge.from).or_default().push(edge.to);
        }
        let mut own: HashMap<MemoryId, Vec<Edge>> = HashMap::new();
        let mut behind_all = Vec::new();
        let is_own = |it: &Edge| here.contains(&it.from) && here.contains(&it.to) && !in_line(it);
        for edge in relations.into_iter().filter(is_own) {
            if in_rows {
                own.entry(edge.from).or_default().push(edge);
            } else {
                behind_all.push(edge);
            }
        }
        for chunk in ids.chunks(CHUNK) {
            for record in self.memory.records(chunk).map_err(read)?.into_iter().flatten() {
                let from = record.id;
                told.insert(from);
                let mut older = older.remove(&record.id).unwrap_or_default();
                older.retain(|it| told.contains(it));
                // More of them than a line can name are lines of their own behind it.
                let more = older.split_off(older.len().min(SUPERSEDES_MAX));
                answer.relations += older.len() as u64;
                let mut own = own.remove(&record.id).unwrap_or_default();
                // One that is forgotten by now, or can't be read, has no row.
                own.retain(|it| told.contains(&it.to) || self.memory.record(it.to).is_ok());
                lines.push(&self.line(record).supersedes(&older))?;
                answer.records += 1;
                let kind = || SUPERSEDES.to_owned();
                own.extend(more.into_iter().map(|to| Edge { from, kind: kind(), to, weight: 1.0 }));
                answer.relations += own.len() as u64;
                own.into_iter().try_for_each(|it| lines.push(&RelationLine::of(it)))?;
            }
        }
        let has = |id: &MemoryId| told.contains(id);
        for edge in behind_all.into_iter().filter(|it| has(&it.from) && has(&it.to)) {
            lines.push(&RelationLine::of(edge))?;
            answer.relations += 1;
        }
        lines.send()?;
        // Some are found while they are read.
        answer.damaged = named(&self.memory.damaged());
        Ok(answer)
    }

    /// The line of a record, as it stands now.
    fn line(&self, record: Record) -> RecordLine {
        // The time of writing is another one where it is imported; what it tells was told when it was.
        let at = Some(record.at());
        let mut draft = record.draft;
        draft.at = at;
        // One that was forgotten in between has no standing.
        draft.pinned = self.memory.is_pinned(record.id).unwrap_or(draft.pinned);
        let archived = self.memory.is_archived(record.id).unwrap_or_default();
        let trust = self.memory.trust(record.id).unwrap_or_default();
        RecordLine::of(Some(record.id), draft).archived(archived).trust(trust)
    }
}
