//! Writing records: one transaction, and one sync, for all callers that wait meanwhile.
//!
//! Each caller's batch is a commit with its own number, line and key, as if it had been written alone; only the sync is
//! shared. What a batch says is judged by what was there before the transaction: nobody knows an id of another batch yet.

use std::{mem, ops::Range};

use voyager_base::{Digest, clock::Timestamp, memory::Trust};
use zeroize::Zeroizing;

use super::{
    Encoder, Memory, each_once,
    relating::{add_edges, elsewhere, led},
    writing::{Commit, Writer},
};
use crate::{
    error::{ReadError, WriteError},
    horizon::Ahead,
    index::Index,
    keys::Key,
    lineage::DERIVED_FROM,
    queue::Turn,
    record::{Draft, Invalid, MemoryId, Record},
    row::{Edge, Standing, seal_record, seal_vector},
    succession::SUPERSEDES,
    tables::{Act, Change, Counters, Deed},
    vectors::Code,
};

/// Most records that are written at once.
pub const BATCH_MAX: usize = 10_000;

/// Most records that one supersedes when it is written.
pub const SUPERSEDES_MAX: usize = 64;

/// Most records that one is derived from when it is written.
pub const SOURCES_MAX: usize = 64;

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

/// The ids of a batch.
pub(super) type Outcome = Result<Vec<MemoryId>, WriteError>;

/// What one caller wants to be remembered; its vectors are taken out.
pub(super) struct Batch {
    entries: Vec<Entry>,
    codes: Vec<Option<Code>>,
    key: Option<Digest>,
    now: Timestamp,
}

/// A batch as its rows.
struct Sealed {
    first: u64,
    batch: Batch,
    rows: Vec<(u64, Vec<u8>, Standing)>,
    vectors: Vec<(u64, Vec<u8>)>,
    edges: Vec<Edge>,
    ends: Zeroizing<Vec<[Key; 2]>>,
}

impl Sealed {
    fn ids(&self) -> Range<u64> {
        self.first..self.first + self.rows.len() as u64
    }

    /// Writes its rows. Gives back the numbers of its edges.
    fn add(
        &self,
        change: &Change,
        encoder: Option<&(u32, Encoder)>,
    ) -> Result<Vec<u32>, redb::Error> {
        let rows = self.rows.iter().map(|(id, row, it)| (*id, row.as_slice(), *it));
        change.add_records(rows)?;
        if let Some(encoder) = encoder.filter(|_| !self.vectors.is_empty()) {
            let vectors = self.vectors.iter().map(|it| (it.0, it.1.as_slice()));
            change.add_vectors(encoder, vectors)?;
        }
        add_edges(change, &self.edges, &self.ends)
    }

    /// Tells the index of it.
    fn tell(self, index: &mut Index, numbers: &[u32]) {
        let Self { batch: Batch { entries, codes, now: written, .. }, rows, edges, .. } = self;
        for ((entry, code), (id, _, standing)) in entries.into_iter().zip(codes).zip(rows) {
            let record = Record { id: MemoryId(id), written, draft: entry.draft };
            index.add(&record, standing, code);
        }
        numbers.iter().zip(&edges).for_each(|(number, edge)| index.relate(*number, edge));
    }
}

/// Whoever wrote it ended on the way.
fn lost() -> Outcome {
    Err(WriteError::disk("whoever wrote it ended on the way"))
}

impl Memory {
    /// Remembers a batch, all of it or nothing. The ids follow each other. Callers that come while another one writes share
    /// one sync, see [`Memory::remember_each`].
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
        let batch = self.check(entries, key, now)?;
        match self.waiting.join(batch) {
            Turn::Leads(mut lead) => {
                let writer = self.writer();
                // Who came while that took its time comes along.
                let mut room = BATCH_MAX.saturating_sub(entries.len());
                let batches = lead.take(|it| match room.checked_sub(it.entries.len()) {
                    Some(left) => {
                        room = left;
                        true
                    }
                    None => false,
                });
                let outcomes = match writer {
                    Ok(mut writer) => self.write(&mut writer, batches),
                    Err(error) => vec![Err(error); batches.len()],
                };
                lead.tell(outcomes).unwrap_or_else(lost)
            }
            Turn::Done(outcome) => outcome,
            Turn::Lost => lost(),
        }
    }

    /// Remembers what several callers want, each with its key, in this order and with one sync for all of them. Each batch is
    /// a commit of its own, all of it or nothing, and as if it had come alone: it has its own ids or its own error. Of a
    /// disk that fails to take the group all learn.
    pub fn remember_each(
        &self,
        batches: &[(&[Entry], Option<&Digest>)],
        now: Timestamp,
    ) -> Vec<Result<Vec<MemoryId>, WriteError>> {
        let checked = batches.iter().map(|(entries, key)| self.check(entries, *key, now));
        let (mut outcomes, mut valid) = (Vec::new(), Vec::new());
        for batch in checked {
            outcomes.push(batch.map(|it| valid.push(it)));
        }
        let count = valid.len();
        let written = match self.writer() {
            Ok(mut writer) => self.write(&mut writer, valid),
            Err(error) => vec![Err(error); count],
        };
        let mut written = written.into_iter();
        let own =
            |it: Result<(), WriteError>| it.and_then(|()| written.next().unwrap_or_else(lost));
        outcomes.into_iter().map(own).collect()
    }

    /// What was remembered under an idempotency key; none where nothing was. Some of it may be forgotten since.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn remembered(&self, key: &Digest) -> Result<Option<Vec<MemoryId>>, ReadError> {
        let done = self.tables.done(key)?;
        Ok(done.map(|(first, count)| (first..first + count).map(MemoryId).collect()))
    }

    /// Writes batches, each as a commit of its own, in one transaction.
    fn write(&self, writer: &mut Writer, batches: Vec<Batch>) -> Vec<Outcome> {
        let mut group: Vec<Sealed> = Vec::with_capacity(batches.len());
        let placed: Vec<_> =
            batches.into_iter().map(|it| self.place(writer, &mut group, it)).collect();
        // Those that are new now.
        let new = writer.counters.next;
        let written = self.commit_group(writer, group);
        let outcome = |placed: Result<Range<u64>, WriteError>| {
            let ids = placed?;
            match &written {
                Err(error) if ids.start >= new => Err(error.clone()),
                _ => Ok(ids.map(MemoryId).collect()),
            }
        };
        placed.into_iter().map(outcome).collect()
    }

    /// Puts a batch behind the others of a group, where its key was not used before, by one of them or ever. Gives back
    /// its ids.
    fn place(
        &self,
        writer: &mut Writer,
        group: &mut Vec<Sealed>,
        batch: Batch,
    ) -> Result<Range<u64>, WriteError> {
        if let Some(key) = &batch.key {
            if let Some(sealed) = group.iter().find(|it| it.batch.key.as_ref() == Some(key)) {
                return Ok(sealed.ids());
            }
            if let Some((first, count)) = self.tables.done(key).map_err(WriteError::disk)? {
                return Ok(first..first + count);
            }
        }
        let first = group.last().map_or(writer.counters.next, |it| it.ids().end);
        let sealed = self.seal_batch(writer, first, batch)?;
        let ids = sealed.ids();
        group.push(sealed);
        Ok(ids)
    }

    /// A batch as its rows, with ids from `first` on.
    fn seal_batch(
        &self,
        writer: &mut Writer,
        first: u64,
        batch: Batch,
    ) -> Result<Sealed, WriteError> {
        let (entries, now) = (&batch.entries, batch.now);
        let edges = self.claims(first, entries)?;
        self.keys
            .fill(&mut writer.filled, first, entries.len() as u64, &*self.chance)
            .map_err(WriteError::disk)?;
        let made = self.keys.keys(first, entries.len()).map_err(WriteError::disk)?;
        let keys: Option<Vec<&Key>> = made.iter().map(Option::as_ref).collect();
        let keys = keys.ok_or_else(|| WriteError::disk("a key that was just made is gone"))?;
        let cycle = writer.counters.cycle;
        let rows = entries
            .iter()
            .zip(&keys)
            .zip(first..)
            .map(|((entry, key), id)| {
                let (pinned, trust) = (entry.draft.pinned, Some(entry.trust));
                let standing = Standing { weight: 1.0, cycle, pinned, archived: false, trust };
                (id, seal_record(key, now, &entry.draft), standing)
            })
            .collect();
        let vectors = self.seal_vectors(first, &keys, &batch.codes);
        let ends = self.ends_of(&edges)?;
        Ok(Sealed { first, batch, rows, vectors, edges, ends })
    }

    /// Makes a group durable with one sync, and tells the index of one batch after the other.
    fn commit_group(&self, writer: &mut Writer, group: Vec<Sealed>) -> Result<(), WriteError> {
        let rows = group.iter().flat_map(|it| &it.rows);
        let standings = rows.map(|it| (MemoryId(it.0), it.2)).collect();
        let edges = led(group.iter().flat_map(|it| &it.edges));
        // Of all at once, with the first: several may lead to one record.
        let mut moves = self.moves(&Ahead { standings, edges, ..Ahead::default() });
        let (before, encoder) = (writer.counters, self.encoder.get());
        let commit = |sealed: Sealed| {
            let (first, count) = (sealed.first, sealed.rows.len() as u64);
            let commit = Commit {
                act: Act { at: sealed.batch.now, deed: Deed::Remembered, first, count },
                key: sealed.batch.key,
                counters: Counters { next: first + count, ..before },
                moves: mem::take(&mut moves),
                touches: Vec::new(),
            };
            let add = move |change: &Change| {
                let numbers = sealed.add(change, encoder)?;
                Ok((sealed, numbers))
            };
            (commit, add)
        };
        let commits: Vec<_> = group.into_iter().map(commit).collect();
        if commits.is_empty() {
            return Ok(());
        }
        self.commit_each(writer, commits, |index, (sealed, numbers)| sealed.tell(index, &numbers))
    }

    /// Checks a batch, and takes it with its vectors.
    fn check(
        &self,
        entries: &[Entry],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<Batch, WriteError> {
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
        let codes = entries.iter().enumerate().map(code).collect::<Result<_, _>>()?;
        let own = |it: &Entry| Entry {
            draft: it.draft.clone(),
            vector: None,
            supersedes: it.supersedes.clone(),
            derived_from: it.derived_from.clone(),
            trust: it.trust,
        };
        Ok(Batch { entries: entries.iter().map(own).collect(), codes, key: key.copied(), now })
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
            let older = each_once(&entry.supersedes);
            if older.len() > SUPERSEDES_MAX {
                let count = older.len();
                return Err(invalid(format!("are {count}, and {SUPERSEDES_MAX} are the most")));
            }
            let sources = each_once(&entry.derived_from);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::{
        sync::Arc,
        thread::{self, Scope, ScopedJoinHandle},
    };

    use voyager_base::{chance::Seeded, sim::SimDisk};

    use super::*;
    use crate::store::Options;

    fn open(disk: &SimDisk) -> Memory {
        let (disk, chance) = (Arc::new(disk.clone()), Arc::new(Seeded::new(1)));
        Memory::open(disk, Options::default(), chance).unwrap()
    }

    fn now() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    fn entry(text: &str, supersedes: &[u64]) -> Entry {
        let supersedes = supersedes.iter().copied().map(MemoryId).collect();
        Entry { supersedes, ..Draft { text: text.to_owned(), ..Draft::default() }.into() }
    }

    /// Lets somebody remember an entry behind those who wait.
    fn waits<'scope>(
        scope: &'scope Scope<'scope, '_>,
        memory: &'scope Memory,
        entry: Entry,
        key: Option<Digest>,
    ) -> ScopedJoinHandle<'scope, Outcome> {
        let before = memory.waiting.callers();
        let waits = scope.spawn(move || memory.remember(&[entry], key.as_ref(), now()));
        while memory.waiting.callers() == before {
            thread::yield_now();
        }
        waits
    }

    #[test]
    fn who_waits_while_another_one_writes_is_written_with_one_sync() {
        let disk = SimDisk::new(1);
        let memory = open(&disk);
        let first = memory.remember(&[entry("first", &[])], None, now()).unwrap();
        let before = disk.syncs();
        memory.remember(&[entry("alone", &[])], None, now()).unwrap();
        let alone = disk.syncs() - before;
        let key = Some(Digest::of(b"key"));
        let outcomes: Vec<Outcome> = thread::scope(|scope| {
            let another = memory.writer().unwrap();
            let mut pinned = entry("c", &[0]);
            pinned.draft.pinned = true;
            let waiting = [
                (entry("a", &[]), key),
                (entry("b", &[99]), key),
                (pinned, None),
                (entry("d", &[0]), None),
                (entry("a", &[]), key),
            ]
            .map(|(entry, key)| waits(scope, &memory, entry, key));
            // One that nobody could write does not wait.
            assert!(memory.remember(&[], None, now()).is_err());
            assert_eq!(memory.ids().len(), 2, "nothing is seen before it is written");
            drop(another);
            waiting.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let id = |id| Ok(vec![MemoryId(id)]);
        assert_eq!(
            outcomes,
            [id(2), id(2), id(3), id(4), id(2)],
            "the second has the key of the first"
        );
        assert_eq!(disk.syncs() - before, 2 * alone);
        let lines: Vec<_> =
            memory.audit(3).unwrap().iter().map(|it| (it.commit, it.first)).collect();
        assert_eq!(lines, [(5, 4), (4, 3), (3, 2)], "each is a commit of its own");
        assert_eq!(memory.superseded_by(first[0]), Ok(vec![MemoryId(3), MemoryId(4)]));
        let told = |memory: &Memory| {
            assert_eq!(memory.verify(&|_, _| true).unwrap().unwrap().faults, []);
            let ids = memory.ids();
            (memory.records(&ids).unwrap(), memory.all_relations().unwrap(), memory.commit())
        };
        let written = told(&memory);
        drop(memory);
        assert_eq!(told(&open(&disk)), written);
    }

    #[test]
    fn who_is_refused_is_refused_alone_and_of_a_disk_that_fails_all_learn() {
        let disk = SimDisk::new(1);
        let memory = open(&disk);
        memory.remember(&[entry("first", &[])], None, now()).unwrap();
        let before = disk.calls();
        memory.remember(&[entry("alone", &[])], None, now()).unwrap();
        let alone = disk.calls() - before;
        let group = |fails: bool| -> Vec<Outcome> {
            thread::scope(|scope| {
                let another = memory.writer().unwrap();
                let waiting = [entry("a", &[]), entry("b", &[99]), entry("c", &[])]
                    .map(|it| waits(scope, &memory, it, None));
                if fails {
                    disk.crash_at(disk.calls() + alone);
                }
                drop(another);
                waiting.into_iter().map(|it| it.join().unwrap()).collect()
            })
        };
        let refused = Err(WriteError::NotFound { id: MemoryId(99) });
        assert_eq!(group(false), [Ok(vec![MemoryId(2)]), refused.clone(), Ok(vec![MemoryId(3)])]);
        let failed = group(true);
        assert!(matches!(failed[0], Err(WriteError::Disk { .. })), "{failed:?}");
        assert_eq!(failed, [failed[0].clone(), refused, failed[0].clone()]);
        assert!(memory.has_failed(), "it was their commit");
        assert_eq!(memory.ids().len(), 4);
    }
}
