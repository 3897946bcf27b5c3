//! Forgetting records, with a receipt.

use voyager_memory::MemoryId;

use super::{Desk, read, written};
use crate::{
    answer::memory::{ForgetAnswer, named, snapshot::ProblemDetail},
    failure::Failure,
    protocol::Forgetting,
    when,
};

/// So many records are read at once.
const CHUNK: usize = 1_000;

impl Desk {
    /// Answers `memory forget`.
    pub(super) fn forget(&self, what: &Forgetting, dry_run: bool) -> Result<ForgetAnswer, Failure> {
        let ids = if what.ids.is_empty() { self.chosen(what)? } else { what.ids.clone() };
        // Named ones are forgotten whether they can be read or not.
        let damaged = if what.ids.is_empty() { named(&self.memory.damaged()) } else { Vec::new() };
        let (now, mut commit) = (self.now(), self.memory.commit());
        let (mut snapshots, mut pending) = (Vec::new(), Vec::new());
        let mut forgotten = ids;
        if !dry_run {
            let receipt = self.memory.forget(&forgotten, None, now).map_err(written)?;
            (forgotten, commit) = (receipt.ids, receipt.commit);
            (snapshots, pending) = (receipt.reached, ProblemDetail::all(receipt.pending));
        }
        let (ids, at) = (named(&forgotten), when::exact(now));
        Ok(ForgetAnswer { dry_run, ids, commit, at, damaged, snapshots, pending })
    }

    /// The records of a space and a thread.
    fn chosen(&self, what: &Forgetting) -> Result<Vec<MemoryId>, Failure> {
        self.check_space(what.space.as_deref())?;
        let mut ids = self.ids_of(what.space.as_deref());
        if let Some(only) = &what.only {
            ids.retain(|it| only.holds(*it));
        }
        if let Some(cycles) = what.archived {
            let archived = self.memory.archived(cycles).map_err(read)?;
            ids.retain(|it| archived.binary_search(it).is_ok());
        }
        let Some(thread) = &what.thread else { return Ok(ids) };
        let mut chosen = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            let records = self.memory.records(chunk).map_err(read)?;
            let meant = records.into_iter().flatten();
            let meant = meant.filter(|it| it.draft.thread.as_ref() == Some(thread));
            chosen.extend(meant.map(|it| it.id));
        }
        Ok(chosen)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use voyager_base::{
        call::Cancellation,
        chance::Seeded,
        clock::{Clock, Timestamp},
        sim::{SimClock, SimDisk},
    };
    use voyager_memory::{Draft, Memory, Options};

    use super::{
        super::{LazyMemory, Progress},
        *,
    };
    use crate::{
        encoding::{Encoder, Setting},
        host::cycles::Cycles,
    };

    fn desk(disk: &SimDisk) -> Desk {
        let clock: Arc<dyn Clock> = Arc::new(SimClock::new(Timestamp::from_millis(1_000)));
        let encoder = Encoder::new(Setting::of("hashed"), Arc::clone(&clock), "/nowhere".into());
        let disk = Arc::new(disk.clone());
        let memory = Memory::open(disk, Options::default(), Arc::new(Seeded::new(1)));
        let memory = Arc::new(memory.expect("it opens"));
        let lazy = Arc::new(LazyMemory::with(Arc::clone(&memory), Arc::new(encoder)));
        let (updates, _) = tokio::sync::mpsc::channel(1);
        let cancellation = Cancellation::default();
        let progress = Progress {
            clock: Arc::clone(&clock),
            cancellation: cancellation.clone(),
            updates: updates.clone(),
        };
        let cycles = Arc::new(Cycles::new(Arc::clone(&lazy), Arc::clone(&clock)));
        let encoder_problem = None;
        Desk { memory, lazy, cycles, encoder_problem, clock, cancellation, updates, progress }
    }

    fn add(desk: &Desk, text: &str) {
        let thread = Some("talk".to_owned());
        let draft = Draft { text: text.to_owned(), thread, ..Draft::default() };
        desk.add(draft.into()).expect("it is written");
    }

    #[test]
    fn what_is_remembered_after_the_question_stays() {
        let desk = desk(&SimDisk::new(1));
        add(&desk, "One.");
        add(&desk, "Two.");
        let mut what = Forgetting { space: Some("default".to_owned()), ..Forgetting::default() };
        let asked = desk.forget(&what, true).expect("it is told");
        assert_eq!(asked.ids, ["m0", "m1"]);
        add(&desk, "Three.");
        desk.memory.forget(&[MemoryId(0)], None, desk.now()).expect("somebody else did it");
        what.only = Some([MemoryId(0), MemoryId(1)].into_iter().collect());
        assert_eq!(desk.forget(&what, false).expect("it is done").ids, ["m1"]);
        assert_eq!(desk.memory.ids(), [MemoryId(2)]);
        what.only = Some([].into_iter().collect());
        assert!(desk.forget(&what, false).expect("it is done").ids.is_empty());
    }

    /// Behind a kept index a row is read only when somebody asks for it.
    #[test]
    fn what_is_found_damaged_while_it_is_read_is_told() {
        let disk = SimDisk::new(1);
        let before = desk(&disk);
        add(&before, "One.");
        add(&before, "Two.");
        before.memory.keep_index().expect("it is kept");
        drop(before);
        // A bit of the key of m1.
        disk.flip_bit("keys", (512 + 32) * 8);
        let what = Forgetting { thread: Some("talk".to_owned()), ..Forgetting::default() };
        let told = desk(&disk).forget(&what, true).expect("it is told");
        assert_eq!((told.ids, told.damaged), (named(&[MemoryId(0)]), named(&[MemoryId(1)])));
        let (updates, _parts) = tokio::sync::mpsc::channel(1);
        let told = Desk { updates, ..desk(&disk) }.export(None, false).expect("it is told");
        assert_eq!((told.records, told.damaged), (1, named(&[MemoryId(1)])));
    }
}
