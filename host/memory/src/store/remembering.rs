//! Writing records.

use voyager_base::{Digest, clock::Timestamp};

use super::{BATCH_MAX, Entry, Memory, SOURCES_MAX, SUPERSEDES_MAX, add_edges, elsewhere, led};
use crate::{
    error::WriteError,
    horizon::Ahead,
    keys::Key,
    lineage::DERIVED_FROM,
    record::{Invalid, MemoryId, Record},
    row::{Edge, Standing, seal_record, seal_vector},
    succession::SUPERSEDES,
    tables::{Act, Counters, Deed},
    vectors::Code,
};

impl Memory {
    /// Remembers a batch, all of it or nothing, with one sync. The ids follow each other.
    ///
    /// Under an idempotency key that was used before nothing is written, and the ids of that time are given
    /// back.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn remember(
        &self,
        entries: &[Entry],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<Vec<MemoryId>, WriteError> {
        let codes = self.check(entries)?;
        let mut writer = self.writer()?;
        if let Some(key) = key
            && let Some((first, count)) = self.tables.done(key).map_err(WriteError::disk)?
        {
            return Ok((first..first + count).map(MemoryId).collect());
        }
        let (first, count) = (writer.counters.next, entries.len() as u64);
        let edges = self.claims(first, entries)?;
        self.keys
            .fill(&mut writer.filled, first, count, &*self.chance)
            .map_err(WriteError::disk)?;
        let made = self.keys.keys(first, entries.len()).map_err(WriteError::disk)?;
        let keys: Option<Vec<&Key>> = made.iter().map(Option::as_ref).collect();
        let keys = keys.ok_or_else(|| WriteError::disk("a key that was just made is gone"))?;
        let cycle = writer.counters.cycle;
        let rows: Vec<(u64, Vec<u8>, Standing)> = entries
            .iter()
            .zip(&keys)
            .zip(first..)
            .map(|((entry, key), id)| {
                let (pinned, trust) = (entry.draft.pinned, Some(entry.trust));
                let standing = Standing { weight: 1.0, cycle, pinned, archived: false, trust };
                (id, seal_record(key, now, &entry.draft), standing)
            })
            .collect();
        let vectors = self.seal_vectors(first, &keys, &codes);
        let counters = Counters { next: first + count, ..writer.counters };
        let standings = rows.iter().map(|it| (MemoryId(it.0), it.2)).collect();
        let moves = self.moves(&Ahead { standings, edges: led(&edges), ..Ahead::default() });
        let ends = self.ends_of(&edges)?;
        let mut numbers = Vec::with_capacity(edges.len());
        let act = Act { at: now, deed: Deed::Remembered, first, count };
        writer.commit(&self.tables, act, counters, |change| {
            change.move_horizon(&moves)?;
            change.add_records(rows.iter().map(|(id, row, it)| (*id, row.as_slice(), *it)))?;
            if let Some(encoder) = self.encoder.get().filter(|_| !vectors.is_empty()) {
                change.add_vectors(encoder, vectors.iter().map(|it| (it.0, it.1.as_slice())))?;
            }
            numbers = add_edges(change, &edges, &ends)?;
            key.map_or(Ok(()), |it| change.set_done(it, first, count))
        })?;
        let mut index = self.index_mut();
        for (((entry, code), row), id) in entries.iter().zip(codes).zip(&rows).zip(first..) {
            let record = Record { id: MemoryId(id), written: now, draft: entry.draft.clone() };
            index.add(&record, row.2, code);
        }
        numbers.iter().zip(&edges).for_each(|(number, edge)| index.relate(*number, edge));
        index.stands_at(writer.counters.commit, cycle);
        writer.kept.behind += count;
        Ok((first..first + count).map(MemoryId).collect())
    }

    /// Checks a batch, and takes the vectors.
    fn check(&self, entries: &[Entry]) -> Result<Vec<Option<Code>>, WriteError> {
        let invalid = |place: usize, field, problem: String| WriteError::Invalid {
            place: place + 1,
            invalid: Invalid { field, problem },
        };
        if entries.is_empty() || entries.len() > BATCH_MAX {
            let problem =
                format!("has {} records, and 1 to {BATCH_MAX} are possible", entries.len());
            return Err(invalid(0, "batch", problem));
        }
        let code = |(place, entry): (usize, &Entry)| {
            entry.draft.check().map_err(|it| invalid(place, it.field, it.problem))?;
            let Some(vector) = &entry.vector else { return Ok(None) };
            self.of_vector(vector, Code::of)
                .map(Some)
                .map_err(|problem| invalid(place, "vector", problem))
        };
        entries.iter().enumerate().map(code).collect()
    }

    /// What entries supersede and are derived from that will have ids from `first` on.
    fn claims(&self, first: u64, entries: &[Entry]) -> Result<Vec<Edge>, WriteError> {
        let index = self.index();
        let mut edges = Vec::new();
        for ((place, entry), from) in (1..).zip(entries).zip((first..).map(MemoryId)) {
            let invalid = |problem: String| WriteError::Invalid {
                place,
                invalid: Invalid { field: SUPERSEDES, problem },
            };
            let mut older = entry.supersedes.clone();
            older.sort_unstable();
            older.dedup();
            if older.len() > SUPERSEDES_MAX {
                let count = older.len();
                return Err(invalid(format!("are {count}, and {SUPERSEDES_MAX} are the most")));
            }
            let mut sources = entry.derived_from.clone();
            sources.sort_unstable();
            sources.dedup();
            if sources.len() > SOURCES_MAX {
                let problem = format!("are {}, and {SOURCES_MAX} are the most", sources.len());
                let invalid = Invalid { field: DERIVED_FROM, problem };
                return Err(WriteError::Invalid { place, invalid });
            }
            for to in sources {
                index.space_of(to).ok_or(WriteError::NotFound { id: to })?;
                edges.push(Edge { from, kind: DERIVED_FROM.to_owned(), to, weight: 1.0 });
            }
            for to in older {
                let space = index.space_of(to).ok_or(WriteError::NotFound { id: to })?;
                let of = &entry.draft.space;
                if space != of {
                    return Err(invalid(elsewhere(to, space, &format!("the new one in `{of}`"))));
                }
                edges.push(Edge { from, kind: SUPERSEDES.to_owned(), to, weight: 1.0 });
            }
        }
        Ok(edges)
    }

    fn seal_vectors(
        &self,
        first: u64,
        keys: &[&Key],
        codes: &[Option<Code>],
    ) -> Vec<(u64, Vec<u8>)> {
        let Some((_, encoder)) = self.encoder.get() else { return Vec::new() };
        let all = codes.iter().zip(keys).zip(first..);
        let seal = |((code, key), id): ((&Option<Code>, &&Key), u64)| {
            Some((id, seal_vector(key, &encoder.name, code.as_ref()?)))
        };
        all.filter_map(seal).collect()
    }
}
