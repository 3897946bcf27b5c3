//! Files into the memory, batch by batch.
//!
//! Each batch goes under an idempotency key: the hash over all drafts of its file up to its end. Before a draft is
//! added to a batch its key is looked up, so that what an earlier import remembered is found again wherever that one
//! ended a batch: where it was interrupted, where a line was broken, where the file has grown since.

use std::collections::{BTreeMap, HashMap};

use voyager_base::{Digest, chance::Chance as _, clock::Timestamp, memory::Trust};
use voyager_memory::{Draft, Edge, Entry, FIELDS_OF_HOST, MemoryId, SUPERSEDES};

use super::{Desk, read, written};
use crate::{
    answer::memory::ImportAnswer,
    failure::{Failure, FailureKind},
    import::{Bad, Files, Item, Listed, NoFiles, Place, Reader, Stop},
    printing,
    protocol::{Event, ImportRequest, Update},
    system::SystemChance,
};

/// Most records of a batch: one sync each. An import finds an earlier one's batches only where it has not written
/// one of its own before their end, so that this may not be made smaller than it was.
const BATCH: usize = 256;

/// A batch also ends where its texts have so many bytes.
const BATCH_BYTES: usize = 4 << 20;

/// Most relations of a batch.
const RELATIONS: usize = 1_000;

/// How often is told how far it is.
const TOLD: std::time::Duration = std::time::Duration::from_secs(1);

/// What to do about something that can't be read, where others can.
const SKIP: &str = "count it with --skip-bad";

/// So many broken records are shown, and so many times that nobody can read.
const SHOWN: usize = 10;

/// A draft as a file says it that was not imported and exported in between: so it is known again after both.
fn as_told_first(draft: &Draft) -> Draft {
    let mut draft = draft.clone();
    for (own, kept) in FIELDS_OF_HOST {
        if !draft.fields.contains_key(own)
            && let Some(value) = draft.fields.remove(kept)
        {
            draft.fields.insert(own.to_owned(), value);
        }
    }
    draft
}

impl Desk {
    /// Answers `memory import`.
    pub(super) fn import(&self, request: &ImportRequest) -> Result<ImportAnswer, Failure> {
        let files = Files::find(&request.path, request.name.as_deref(), request.format);
        let files = files.map_err(|error| match error {
            NoFiles::Disk { .. } => Failure::environment("cannot import", &error),
            NoFiles::Unfit(_) => Failure::usage(error.to_string()),
        })?;
        if let Some((path, error)) = files.unread.first().filter(|_| !request.skip_bad) {
            return Err(Failure::environment(path, error).hint(format!("mend it, or {SKIP}")));
        }
        if files.files.is_empty() && files.unread.is_empty() {
            let message = format!("{} has no notes (`*.md`)", request.path.display());
            return Err(Failure::usage(message).hint("other files are imported one by one"));
        }
        let mut salt = [0; 16];
        if request.again {
            SystemChance.fill(&mut salt);
        }
        let total_bytes = files.bytes();
        let begin = Digest::of_parts([b"import".as_slice(), &salt]);
        let mut import = Import {
            desk: self,
            request,
            begin,
            before: self.memory.ids().last().copied(),
            answer: ImportAnswer {
                files_passed_over: files.passed_over,
                ..ImportAnswer::default()
            },
            batch: Vec::new(),
            batch_bytes: 0,
            supersedes: Vec::new(),
            key: begin,
            ids: Ids::default(),
            relations: Vec::new(),
            known_relations: None,
            done_bytes: 0,
            total_bytes,
            told: None,
        };
        for (path, error) in &files.unread {
            import.skip(printing::harmless(&format!("{path}: {error}")));
        }
        for file in &files.files {
            if self.is_cancelled() {
                return Err(import.cancelled());
            }
            import.file(file)?;
        }
        Ok(import.answer)
    }
}

/// An import on its way.
struct Import<'a> {
    desk: &'a Desk,
    request: &'a ImportRequest,
    /// The key of a file of which nothing was read.
    begin: Digest,
    /// The last record that was there before.
    before: Option<MemoryId>,
    answer: ImportAnswer,
    /// Drafts that are not remembered yet, with the ids that the file has for them, and how far they are trusted.
    batch: Vec<(Option<u64>, Draft, Trust)>,
    batch_bytes: usize,
    /// By its place in the batch: what a draft supersedes.
    supersedes: Vec<(usize, Vec<u64>)>,
    /// The hash over all drafts of the file up to here.
    key: Digest,
    ids: Ids,
    /// Relations that are not remembered yet.
    relations: Vec<Edge>,
    /// How many of each were there before and are not met in a file yet, once somebody has to know.
    known_relations: Option<HashMap<Related, usize>>,
    /// Bytes of the files that are read.
    done_bytes: u64,
    total_bytes: u64,
    told: Option<Timestamp>,
}

/// What a relation says: from where, of which kind, to where, and the bits of its weight.
type Related = (MemoryId, String, MemoryId, u32);

fn related(edge: &Edge) -> Related {
    (edge.from, edge.kind.clone(), edge.to, edge.weight.to_bits())
}

impl Import<'_> {
    fn file(&mut self, file: &Listed) -> Result<(), Failure> {
        (self.key, self.ids) = (self.begin, Ids::default());
        match Reader::open(file, &self.desk.cancellation) {
            Ok(mut reader) => {
                let read = self.read(file, &mut reader);
                self.done_bytes += reader.bytes();
                read?;
            }
            Err(stop) => self.stop(file, stop)?,
        }
        self.answer.files += 1;
        Ok(())
    }

    fn read(&mut self, file: &Listed, reader: &mut Reader) -> Result<(), Failure> {
        let mut since = 0;
        loop {
            since += 1;
            let found = match reader.next() {
                Ok(Some(found)) => found,
                Ok(None) => return self.flush(),
                Err(stop) => return self.stop(file, stop),
            };
            if let Ok((_, Item::Record { untimed: Some(why), .. })) = &found {
                self.untimed(file, why);
            }
            match found.and_then(|(place, item)| self.take(place, item)) {
                Ok(Taken::Done) => {}
                Ok(Taken::Full) => self.flush()?,
                Ok(Taken::Failed(failure)) => return Err(failure),
                Err(bad) if self.request.skip_bad => {
                    // What stands before it is found again where somebody mends it.
                    self.flush_records()?;
                    self.skip(at(file, &bad));
                }
                Err(bad) => {
                    self.flush()?;
                    let hint = format!("mend it, or {SKIP}; {}", self.hint());
                    return Err(Failure::usage(at(file, &bad)).hint(hint));
                }
            }
            // Whatever ended the batch: a full one need never come.
            if BATCH <= since && self.batch.is_empty() {
                since = 0;
                self.tell(reader.bytes());
                if self.desk.is_cancelled() {
                    self.flush()?;
                    return Err(self.cancelled());
                }
            }
        }
    }

    /// No more can be read of a file: the import stops, or goes on with the next note.
    fn stop(&mut self, file: &Listed, stop: Stop) -> Result<(), Failure> {
        self.flush()?;
        if self.desk.is_cancelled() {
            return Err(self.cancelled());
        }
        // Of one that was named itself nothing else is left to be read.
        if self.request.skip_bad && !file.is_named {
            self.skip(match stop {
                Stop::Disk(error) => printing::harmless(&format!("{}: {error}", file.name())),
                Stop::Bad(bad) => at(file, &bad),
            });
            return Ok(());
        }
        Err(self.stopped(file, &stop))
    }

    /// Takes one item in.
    fn take(&mut self, place: Place, item: Item) -> Result<Taken, Bad> {
        match item {
            Item::Empty => {
                self.answer.empty += 1;
                Ok(Taken::Done)
            }
            Item::Record { id, draft, supersedes, trust, .. } => {
                self.record(place, id, *draft, supersedes, trust)
            }
            Item::Relation { from, kind, to, weight } => {
                // The records before it have ids only once they are remembered.
                if let Err(failure) = self.flush_records() {
                    return Ok(Taken::Failed(failure));
                }
                let id = |id| self.ids.find(id).ok_or_else(|| none_before(place, id));
                let edge = Edge { from: id(from)?, kind, to: id(to)?, weight };
                if edge.kind == SUPERSEDES {
                    match self.was_taken_back(&edge) {
                        // It stays so, whatever was claimed since.
                        Ok(true) => {}
                        Err(failure) => return Ok(Taken::Failed(failure)),
                        Ok(false) => {
                            // What it may supersede depends on those before it.
                            if let Err(failure) = self.flush_relations() {
                                return Ok(Taken::Failed(failure));
                            }
                            let checked = self.desk.memory.check_claim(&edge);
                            checked.map_err(|it| Bad { place, problem: it.problem })?;
                        }
                    }
                }
                self.relations.push(edge);
                Ok(if self.relations.len() < RELATIONS { Taken::Done } else { Taken::Full })
            }
        }
    }

    fn record(
        &mut self,
        place: Place,
        id: Option<u64>,
        mut draft: Draft,
        supersedes: Vec<u64>,
        trust: Option<Trust>,
    ) -> Result<Taken, Bad> {
        if let Some(id) = id
            && (self.ids.find(id).is_some() || self.batch.iter().any(|it| it.0 == Some(id)))
        {
            return Err(Bad { place, problem: format!("there is a record m{id} before") });
        }
        if let Some(space) = &self.request.space {
            draft.space.clone_from(space);
        }
        for older in &supersedes {
            let space = self.space_of(*older).ok_or_else(|| none_before(place, *older))?;
            if space.is_some_and(|it| it != draft.space) {
                let problem =
                    format!("m{older} is in another space: what supersedes lies in the same");
                return Err(Bad { place, problem });
            }
        }
        let mut line = serde_json::to_vec(&as_told_first(&draft)).expect("drafts are plain data");
        if !supersedes.is_empty() {
            line.extend(format!(" supersedes {supersedes:?}").bytes());
            self.supersedes.push((self.batch.len(), supersedes));
        }
        self.key = Digest::of_parts([self.key.0.as_slice(), &line]);
        self.batch_bytes += line.len();
        let most = self.request.trust;
        self.batch.push((id, draft, trust.map_or(most, |it| it.min(most))));
        let full = self.batch.len() >= BATCH || self.batch_bytes >= BATCH_BYTES;
        let earlier = match self.desk.memory.remembered(&self.key) {
            Ok(earlier) => earlier,
            Err(error) => return Ok(Taken::Failed(read(error))),
        };
        if let Some(ids) = earlier
            && let Err(failure) = self.remembered(&ids)
        {
            return Ok(Taken::Failed(failure));
        }
        Ok(if full { Taken::Full } else { Taken::Done })
    }

    /// The space of a record that stands before; none of it where that is forgotten, and nothing where none stands
    /// there.
    fn space_of(&self, id: u64) -> Option<Option<String>> {
        if let Some(known) = self.ids.find(id) {
            return Some(self.desk.memory.space_of(known).ok());
        }
        let waiting = self.batch.iter().find(|it| it.0 == Some(id));
        waiting.map(|it| Some(it.1.space.clone()))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.flush_records()?;
        self.flush_relations()
    }

    fn flush_records(&mut self) -> Result<(), Failure> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let entry = |(_, draft, trust): &(_, Draft, Trust)| {
            let (mut draft, trust) = (draft.clone(), *trust);
            for (own, kept) in FIELDS_OF_HOST {
                if let Some(value) = draft.fields.remove(own) {
                    // What an earlier import said of it is nearer to who wrote it.
                    draft.fields.entry(kept.to_owned()).or_insert(value);
                }
            }
            Entry { trust, ..draft.into() }
        };
        let entries: Vec<Entry> = self.batch.iter().map(entry).collect();
        let desk = self.desk;
        let ids = desk.memory.remember(&entries, Some(&self.key), desk.now()).map_err(written)?;
        self.remembered(&ids)
    }

    /// The batch has these ids, now or from an earlier import: the last of them, where a shorter copy of the file,
    /// imported since, makes it begin later than that one's did.
    fn remembered(&mut self, ids: &[MemoryId]) -> Result<(), Failure> {
        // Whatever ended a batch is found there again, and ends this one: only a batch that somebody else writes at
        // this moment is shorter.
        let Some(earlier) = ids.len().checked_sub(self.batch.len()) else {
            let message = "another import of the same file is under way";
            return Err(Failure::new(FailureKind::Environment, message).hint(self.hint()));
        };
        let ids = &ids[earlier..];
        for ((id, _, trust), new) in self.batch.drain(..).zip(ids) {
            let is_there = self.desk.memory.space_of(*new).is_ok();
            let is_earlier = self.before.is_some_and(|it| *new <= it);
            if is_earlier && self.desk.memory.own_trust(*new).is_ok_and(|it| it != trust) {
                self.answer.trusted_otherwise += 1;
            }
            match (is_there, is_earlier) {
                (false, _) if self.desk.memory.is_damaged(*new) => self.answer.damaged += 1,
                (false, _) => self.answer.forgotten += 1,
                (true, true) => self.answer.known += 1,
                (true, false) => self.answer.records += 1,
            }
            if let Some(id) = id {
                self.ids.add(id, *new);
            }
        }
        for (place, older) in std::mem::take(&mut self.supersedes) {
            let older = older.into_iter().filter_map(|it| self.ids.find(it));
            let edge = |to| Edge { from: ids[place], kind: SUPERSEDES.to_owned(), to, weight: 1.0 };
            self.relations.extend(older.map(edge));
        }
        self.batch_bytes = 0;
        Ok(())
    }

    /// Whether somebody took a relation of these two records back since an earlier import.
    fn was_taken_back(&self, edge: &Edge) -> Result<bool, Failure> {
        let is_earlier = |it: MemoryId| self.before.is_some_and(|before| it <= before);
        if !is_earlier(edge.from) || !is_earlier(edge.to) {
            return Ok(false);
        }
        self.desk.memory.was_unrelated(edge.from, edge.to).map_err(read)
    }

    fn flush_relations(&mut self) -> Result<(), Failure> {
        if self.relations.is_empty() {
            return Ok(());
        }
        let memory = &self.desk.memory;
        let mut new = std::mem::take(&mut self.relations);
        let known = match &mut self.known_relations {
            Some(known) => known,
            none => {
                let known = none.insert(HashMap::new());
                for edge in memory.all_relations().map_err(read)? {
                    *known.entry(related(&edge)).or_default() += 1;
                }
                known
            }
        };
        let is_there = |id: MemoryId| memory.space_of(id).is_ok();
        let mut is_new = |edge: &Edge| match known.get_mut(&related(edge)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        };
        new.retain(|it| is_there(it.from) && is_there(it.to) && is_new(it));
        let mut wanted = Vec::with_capacity(new.len());
        for edge in new {
            if self.was_taken_back(&edge)? {
                self.answer.taken_back += 1;
            } else {
                wanted.push(edge);
            }
        }
        memory.relate_all(&wanted, None, self.desk.now()).map_err(written)?;
        self.answer.relations += wanted.len() as u64;
        Ok(())
    }

    fn skip(&mut self, told: String) {
        self.answer.bad += 1;
        if self.answer.first_bad.len() < SHOWN {
            self.answer.first_bad.push(told);
        }
    }

    fn untimed(&mut self, file: &Listed, why: &Bad) {
        self.answer.untimed += 1;
        if self.answer.first_untimed.len() < SHOWN {
            self.answer.first_untimed.push(at(file, why));
        }
    }

    /// Tells now and then how far it is, while more follows.
    fn tell(&mut self, bytes: u64) {
        let now = self.desk.now();
        if self.told.is_some_and(|it| now < it.after(TOLD)) {
            return;
        }
        self.told = Some(now);
        let (records, total_bytes) = (self.read_records(), self.total_bytes);
        let done_bytes = self.done_bytes + bytes;
        let update = Update::Event(Event::Importing { records, done_bytes, total_bytes });
        // Whoever asked may have left, or is slow; another one follows.
        let _ = self.desk.updates.try_send(update);
    }

    fn read_records(&self) -> u64 {
        let ImportAnswer { records, known, forgotten, damaged, .. } = &self.answer;
        records + known + forgotten + damaged
    }

    /// What is in, and how to go on.
    fn hint(&self) -> String {
        format!(
            "{} new record(s) are in; the same command goes on, and passes over what is in",
            self.answer.records
        )
    }

    fn stopped(&self, file: &Listed, stop: &Stop) -> Failure {
        let hint = match file.is_named {
            true => self.hint(),
            false => format!("mend it, or {SKIP}; {}", self.hint()),
        };
        match stop {
            Stop::Disk(error) => Failure::environment(file.name(), error).hint(hint),
            Stop::Bad(bad) => Failure::usage(at(file, bad)).hint(hint),
        }
    }

    fn cancelled(&self) -> Failure {
        let message = format!("stopped after {} records", self.read_records());
        Failure::new(FailureKind::Cancelled, message).hint(self.hint())
    }
}

fn none_before(place: Place, id: u64) -> Bad {
    Bad { place, problem: format!("no record m{id} stands before") }
}

/// What became of an item.
enum Taken {
    /// It is in a batch.
    Done,
    /// It is, and the batch is full.
    Full,
    /// The memory refuses.
    Failed(Failure),
}

fn at(file: &Listed, bad: &Bad) -> String {
    let Place { line, column } = bad.place;
    printing::harmless(&format!("{}:{line}:{column}: {}", file.name(), bad.problem))
}

/// Which id of a file became which record: runs of them, since both mostly count up together.
#[derive(Debug, Default)]
struct Ids {
    /// By the first id of the file: the first record, and how many.
    runs: BTreeMap<u64, (u64, u64)>,
}

impl Ids {
    fn add(&mut self, id: u64, record: MemoryId) {
        if let Some((first, (new, count))) = self.runs.range_mut(..id).next_back()
            && id - first == *count
            && *new + *count == record.0
        {
            *count += 1;
            return;
        }
        self.runs.insert(id, (record.0, 1));
    }

    fn find(&self, id: u64) -> Option<MemoryId> {
        let (first, (new, count)) = self.runs.range(..=id).next_back()?;
        (id - first < *count).then(|| MemoryId(new + (id - first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_file_lead_to_their_records() {
        let mut ids = Ids::default();
        for (id, record) in [(0, 10), (1, 11), (2, 20), (9, 21), (5, 3), (u64::MAX, 4)] {
            ids.add(id, MemoryId(record));
        }
        let find = |id| ids.find(id).map(|it| it.0);
        assert_eq!([find(0), find(1), find(2)], [Some(10), Some(11), Some(20)]);
        assert_eq!([find(9), find(5), find(u64::MAX)], [Some(21), Some(3), Some(4)]);
        assert_eq!([find(3), find(4), find(8), find(10)], [None; 4]);
        assert_eq!(ids.runs.len(), 5, "neighbours share a run");
    }
}
