//! A store on its way from the disk to memory.

use std::collections::BTreeSet;

use voyager_base::disk::Disk;
use voyager_disk::database::Broken;

use crate::{
    index::Index,
    kept,
    keys::{Key, KeyList, Keys},
    lineage::DERIVED_FROM,
    record::MemoryId,
    row::{Edge, Shut, open_edge, open_record, open_vector},
    store::Encoder,
    tables::{Counters, Tables},
};

/// So many keys are read at once.
const CHUNK: u64 = 4096;

/// Makes the cache of what the tables hold, and destroys the keys that an interrupted process left without their
/// records, and that of a kept index that tells of them. Gives back also what a kept index held, and what it did not.
/// Without `resident_max` no kept index is used; with it, more vectors of a space stay there.
pub(crate) fn load(
    disk: &dyn Disk,
    tables: &Tables,
    keys: &Keys,
    counters: Counters,
    encoder: Option<&(u32, Encoder)>,
    resident_max: Option<usize>,
) -> Result<(Index, Kept), Broken> {
    let mut loading = Loading { tables, keys, counters, encoder, index: Index::default() };
    let kept = resident_max
        .and_then(|it| kept::read(disk, keys, tables, counters, encoder.map(|it| &it.1), it));
    if resident_max.is_some() && kept.is_none() {
        kept::clear(disk, keys, tables, counters)?;
    }
    let (mut first, mut changed) = (0, None);
    if let Some(mut kept) = kept {
        let old: Vec<u64> = kept.changed.iter().copied().filter(|it| *it < kept.next).collect();
        let standings = tables.standings(&old)?;
        for (id, standing) in old.into_iter().map(MemoryId).zip(standings) {
            match standing {
                Some(standing) => {
                    kept.index.set_standing(id, standing);
                    // Some may have been taken back; those that were not are read below.
                    let edges = kept.index.edges_from(id);
                    kept.index.unrelate(id, &edges.iter().map(|it| it.0).collect::<Vec<_>>());
                }
                None => kept.index.set_aside(id),
            }
        }
        // Bringing records back into memory may have shown damage.
        if !kept.index.is_torn() {
            (loading.index, first, changed) = (kept.index, kept.next, Some(kept.changed));
        }
    }
    let terms = loading.index.terms();
    let kept = Kept { terms, behind: loading.run(first, changed.as_deref())? };
    tables.reading()?.groups()?.into_iter().for_each(|it| loading.index.group(it));
    loading.index.is_loaded();
    Ok((loading.index, kept))
}

/// What a kept index saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Terms of the texts that it holds.
    pub(crate) terms: u64,
    /// Records that it does not hold.
    pub(crate) behind: u64,
}

impl Kept {
    /// Where none is there any more: the next opening reads all.
    pub(crate) fn none(index: &Index) -> Self {
        Self { terms: 0, behind: index.len() as u64 }
    }
}

/// A store on its way from the disk to memory.
struct Loading<'a> {
    tables: &'a Tables,
    keys: &'a Keys,
    counters: Counters,
    encoder: Option<&'a (u32, Encoder)>,
    index: Index,
}

impl Loading<'_> {
    /// Reads what lies behind a kept index, and relations; those alone that start at `changed` records, where the
    /// others are there.
    fn run(&mut self, first: u64, changed: Option<&[u64]>) -> Result<u64, Broken> {
        self.index.stands_at(self.counters.commit, self.counters.cycle);
        let mut keys = KeyReader::default();
        let next = self.counters.next;
        let (index, file) = (&mut self.index, self.keys);
        let (mut expected, mut read) = (first, 0);
        let mut leftover = Vec::new();
        self.tables.each_record(first, |id, sealed, standing| {
            if id >= next {
                return Err(Broken::damaged(format!("m{id} was never given away")));
            }
            for gone in expected..id {
                if keys.key(file, gone, next)?.is_some() {
                    leftover.push(gone);
                }
            }
            expected = id + 1;
            read += 1;
            let key = keys.key(file, id, next)?;
            let record = key.and_then(|key| open_record(&key, MemoryId(id), sealed));
            match record.zip(standing) {
                Some((record, standing)) => index.add(&record, standing, None),
                None => index.add_damaged(MemoryId(id)),
            }
            Ok(())
        })?;
        for gone in expected..next {
            if keys.key(file, gone, next)?.is_some() {
                leftover.push(gone);
            }
        }
        self.vectors(first)?;
        self.edges(changed)?;
        // A process ended between removing the rows and destroying the keys.
        if !leftover.is_empty() {
            self.keys.destroy(&leftover).map_err(Broken::disk)?;
        }
        Ok(read)
    }

    fn vectors(&mut self, first: u64) -> Result<(), Broken> {
        let Some((number, encoder)) = self.encoder else { return Ok(()) };
        let mut keys = KeyReader::default();
        let (index, file, next) = (&mut self.index, self.keys, self.counters.next);
        self.tables.each_vector(*number, first, |id, sealed| {
            // A damaged vector is as good as none: it is made again.
            let code = keys.key(file, id, next)?;
            let code = code.and_then(|it| open_vector(&it, &encoder.name, sealed));
            if let Some(code) = code.filter(|it| it.dimensions() == encoder.dimensions) {
                index.set_vector(MemoryId(id), code);
            }
            Ok(())
        })
    }

    fn edges(&mut self, from: Option<&[u64]>) -> Result<(), Broken> {
        let mut keys = KeyReader::default();
        let mut damaged = BTreeSet::new();
        let (index, file, next) = (&mut self.index, self.keys, self.counters.next);
        self.tables.each_edge(from, |from, number, to, sealed| {
            if from >= next {
                return Err(Broken::damaged(format!("m{from} was never given away")));
            }
            // A relation does not open without the key of the record that it starts at.
            if index.damaged().contains(&MemoryId(from)) {
                return Ok(());
            }
            let end = file.key(to).map_err(Broken::disk)?;
            let edge = keys.key(file, from, next)?.ok_or(Shut::Damaged);
            match edge.and_then(|it| open_edge((&it, end.as_ref()), number, to, sealed)) {
                Ok(edge) if (edge.from.0, edge.to.0) == (from, to) => index.relate(number, &edge),
                // What it said beside that is lost with what it leads to.
                Err(Shut::Other { derives: true }) => index.relate(number, &derived(from, to)),
                Err(Shut::Other { derives: false }) => (),
                Ok(_) | Err(Shut::Damaged) => _ = damaged.insert(MemoryId(from)),
            }
            Ok(())
        })?;
        // Nobody knows what such a relation says: it may be what lowers the trust of its record, or of those that are
        // derived from that. When all are known, so that none stays that leads there.
        damaged.into_iter().for_each(|it| self.index.set_aside(it));
        Ok(())
    }
}

/// All that is known of an edge to a record whose key is damaged.
fn derived(from: u64, to: u64) -> Edge {
    let (from, to) = (MemoryId(from), MemoryId(to));
    Edge { from, kind: DERIVED_FROM.to_owned(), to, weight: 1.0 }
}

/// Keys that were read together.
#[derive(Default)]
struct KeyReader {
    first: u64,
    keys: KeyList,
}

impl KeyReader {
    fn key(&mut self, file: &Keys, id: u64, next: u64) -> Result<Option<Key>, Broken> {
        if id < self.first || id >= self.first + self.keys.len() as u64 {
            let count = CHUNK.min(next.saturating_sub(id)) as usize;
            self.keys = file.keys(id, count).map_err(Broken::disk)?;
            self.first = id;
        }
        Ok(self.keys.get((id - self.first) as usize).copied().flatten())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::sync::Arc;

    use voyager_base::{chance::Seeded, clock::Timestamp, memory::Trust, sim::SimDisk};

    use super::*;
    use crate::{
        error::ReadError,
        keys::slot_of,
        recall::Question,
        record::Draft,
        store::{Entry, Memory, Options},
        verify::Part,
    };

    const ALL: [MemoryId; 5] = [MemoryId(0), MemoryId(1), MemoryId(2), MemoryId(3), MemoryId(4)];

    fn now() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    fn open(disk: &SimDisk) -> Memory {
        // A large database is not checked when it opens: damage is found where it is read.
        let options = Options { check_bytes_max: 0, ..Options::default() };
        Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7))).unwrap()
    }

    /// m1 leads to m0 and to m2, m3 is derived from m1, and m4 leads to m1.
    fn filled(disk: &SimDisk) -> Memory {
        let memory = open(disk);
        let entry = |number: usize| {
            let draft = Draft { text: format!("door {number}"), ..Draft::default() };
            Entry { draft, trust: Trust::Owner, ..Entry::default() }
        };
        let entries: Vec<Entry> = (0..ALL.len()).map(entry).collect();
        memory.remember(&entries, None, now()).unwrap();
        let edge = |from: usize, kind: &str, to: usize| Edge {
            from: ALL[from],
            kind: kind.to_owned(),
            to: ALL[to],
            weight: 1.0,
        };
        let edges =
            [edge(1, "has", 0), edge(1, "has", 2), edge(3, DERIVED_FROM, 1), edge(4, "has", 1)];
        memory.relate_all(&edges, None, now()).unwrap();
        // Nothing else has the bytes of its standing.
        memory.tick(30, now()).unwrap();
        memory.used(&ALL[1..2], None, now()).unwrap();
        memory
    }

    /// Flips a bit of a row wherever the file has it.
    fn damage(disk: &SimDisk, row: &[u8], bit: usize) {
        let content = disk.content(crate::tables::FILE).unwrap();
        let places = content.windows(row.len()).enumerate().filter(|it| it.1 == row);
        let places: Vec<usize> = places.map(|it| it.0).collect();
        assert!(!places.is_empty());
        places.iter().for_each(|it| disk.flip_bit(crate::tables::FILE, it * 8 + bit));
    }

    fn damage_edge(disk: &SimDisk, memory: Memory) {
        let rows = memory.tables_for_tests().0.edges(&[(1, 1)]).unwrap();
        drop(memory);
        damage(disk, &rows[0].sealed, 77);
    }

    /// Gives it a trust that nobody knows.
    fn damage_standing(disk: &SimDisk, memory: Memory) {
        let standing = memory.tables_for_tests().0.standings(&[1]).unwrap()[0].unwrap();
        drop(memory);
        damage(disk, &standing.encode(), 16 * 8 + 7);
    }

    /// Where it leads to lies in the clear.
    fn damage_end(disk: &SimDisk, memory: Memory) {
        let rows = memory.tables_for_tests().0.edges(&[(1, 1)]).unwrap();
        drop(memory);
        let row = [rows[0].to.to_le_bytes().as_slice(), &rows[0].sealed].concat();
        damage(disk, &row, 61);
    }

    fn damage_key(disk: &SimDisk, memory: Memory) {
        drop(memory);
        disk.flip_bit(crate::keys::FILE, slot_of(1) as usize * 8 + 3);
    }

    /// What is left where m1 is damaged in a part of it, and that it can be forgotten.
    fn is_left(memory: &Memory, faults: &[(u64, Part)]) {
        let found = |memory: &Memory| -> Vec<(u64, Part)> {
            let faults = memory.verify(&|_, _| true).unwrap().unwrap().faults;
            faults.iter().filter_map(|it| Some((it.id?.0, it.part))).collect()
        };
        assert_eq!(memory.ids(), [0, 2, 3, 4].map(MemoryId));
        assert_eq!(memory.stats().unwrap().damaged, [MemoryId(1)]);
        let told = memory.difference(0, 1).unwrap();
        assert_eq!((told.added, told.gone), (memory.ids(), 0), "what is damaged is not forgotten");
        let question = Question { text: "door".to_owned(), ..Question::default() };
        assert_eq!(memory.recall(&question, now()).unwrap().hits.len(), 4);
        assert_eq!(memory.trust(MemoryId(3)), Ok(Trust::Outside), "nobody knows of what");
        assert_eq!(memory.trust(MemoryId(0)), Ok(Trust::Owner));
        assert!(memory.all_relations().unwrap().iter().all(|it| it.from != MemoryId(1)));
        assert_eq!(found(memory), faults);
        let wall = Draft { text: "a wall".to_owned(), ..Draft::default() };
        memory.remember(&[wall.into()], None, now()).unwrap();
        memory.forget(&ALL[1..2], None, now()).unwrap();
        let stats = memory.stats().unwrap();
        assert_eq!((stats.damaged, stats.relations), (vec![], 0));
        assert_eq!(memory.trust(MemoryId(3)), Ok(Trust::Outside), "as before");
        assert_eq!(found(memory), []);
    }

    #[test]
    fn a_damaged_relation_costs_its_record() {
        let disk = SimDisk::new(1);
        damage_edge(&disk, filled(&disk));
        is_left(&open(&disk), &[(1, Part::Relation)]);
        assert_eq!(open(&disk).ids().len(), 5, "with the one that came since");
    }

    #[test]
    fn a_relation_that_leads_nowhere_costs_its_record() {
        let disk = SimDisk::new(1);
        damage_end(&disk, filled(&disk));
        assert_eq!(open(&disk).stats().unwrap().damaged, [MemoryId(1)]);
        let disk = SimDisk::new(1);
        let memory = filled(&disk);
        memory.keep_index().unwrap();
        damage_end(&disk, memory);
        let memory = open(&disk);
        assert_eq!(memory.relations(MemoryId(1)), Err(ReadError::Damaged { id: MemoryId(1) }));
        assert!(!memory.verify(&|_, _| true).unwrap().unwrap().faults.is_empty());
    }

    #[test]
    fn a_damaged_standing_costs_its_record() {
        let disk = SimDisk::new(1);
        damage_standing(&disk, filled(&disk));
        is_left(&open(&disk), &[(1, Part::Standing)]);
        assert_eq!(open(&disk).ids().len(), 5, "with the one that came since");
    }

    /// It is half of what seals the relations that lead to it, and what is derived from it is known all the same.
    #[test]
    fn a_damaged_key_costs_its_record_alone() {
        let disk = SimDisk::new(1);
        damage_key(&disk, filled(&disk));
        let [record, relation] = [Part::Record, Part::Relation].map(|it| (1, it));
        is_left(&open(&disk), &[record, relation, relation, relation, relation]);
    }

    #[test]
    fn a_damaged_key_that_is_found_later_costs_its_record_then() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk);
        memory.keep_index().unwrap();
        damage_key(&disk, memory);
        let memory = open(&disk);
        assert_eq!(memory.ids(), ALL);
        assert_eq!(memory.relations(MemoryId(4)), Ok(vec![]));
        assert_eq!(memory.ids(), [0, 2, 3, 4].map(MemoryId));
        assert_eq!(memory.stats().unwrap().damaged, [MemoryId(1)]);
        assert_eq!(memory.trust(MemoryId(3)), Ok(Trust::Outside));
    }

    #[test]
    fn behind_a_kept_index_they_cost_no_more() {
        type Damage = fn(&SimDisk, Memory);
        let parts: [(Damage, Part); 2] =
            [(damage_edge, Part::Relation), (damage_standing, Part::Standing)];
        for (damage, part) in parts {
            let disk = SimDisk::new(1);
            let memory = filled(&disk);
            memory.keep_index().unwrap();
            // It was changed since, so that what is damaged is read.
            memory.used(&ALL[1..2], None, now()).unwrap();
            damage(&disk, memory);
            is_left(&open(&disk), &[(1, part)]);
        }
    }

    #[test]
    fn what_is_found_damaged_later_keeps_nothing_alive_from_then_on() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk);
        memory.pin(ALL[1], true, now()).unwrap();
        memory.keep_index().unwrap();
        damage_edge(&disk, memory);
        let memory = open(&disk);
        let archived = || {
            let cycle = memory.tick(1_000, now()).unwrap().cycle;
            (cycle, memory.is_archived(ALL[0]))
        };
        assert_eq!(archived(), (1_030, Ok(false)), "what is pinned leads to it");
        assert_eq!(memory.relations(ALL[1]), Err(ReadError::Damaged { id: ALL[1] }));
        assert_eq!(archived(), (2_030, Ok(true)));
        let faults = memory.verify(&|_, _| true).unwrap().unwrap().faults;
        assert!(faults.iter().all(|it| it.part == Part::Relation), "{faults:?}");
    }

    /// What its kept index has is whole again behind the next opening, and fades as before.
    #[test]
    fn what_was_set_aside_until_an_opening_has_its_horizon_again() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk);
        memory.keep_index().unwrap();
        damage_edge(&disk, memory);
        let memory = open(&disk);
        assert_eq!(memory.relations(ALL[1]), Err(ReadError::Damaged { id: ALL[1] }));
        memory.tick(1, now()).unwrap();
        drop(memory);
        let memory = open(&disk);
        memory.tick(1_000, now()).unwrap();
        assert_eq!(memory.is_archived(ALL[1]), Ok(true));
        let faults = memory.verify(&|_, _| true).unwrap().unwrap().faults;
        assert!(faults.iter().all(|it| it.part != Part::Horizon), "{faults:?}");
    }

    /// A relation that the kept index knows is read when somebody asks for it.
    #[test]
    fn a_damaged_relation_that_is_found_later_costs_its_record_then() {
        let disk = SimDisk::new(1);
        let memory = filled(&disk);
        memory.keep_index().unwrap();
        damage_edge(&disk, memory);
        let memory = open(&disk);
        assert_eq!(memory.ids(), ALL);
        assert_eq!(memory.relations(MemoryId(4)).unwrap().len(), 1);
        assert_eq!(memory.relations(MemoryId(1)), Err(ReadError::Damaged { id: MemoryId(1) }));
        is_left(&memory, &[(1, Part::Relation)]);
    }
}
