//! A store on its way from the disk to memory.

use voyager_base::disk::Disk;
use voyager_disk::database::Broken;

use crate::{
    index::Index,
    kept,
    keys::{Key, KeyList, Keys},
    record::MemoryId,
    row::{open_edge, open_record, open_vector},
    store::Encoder,
    tables::{Counters, Tables},
};

/// So many keys are read at once.
const CHUNK: u64 = 4096;

/// Makes the cache of what the tables hold, and destroys the keys that an interrupted process left without their
/// records. Gives back also how many records were read: all that no kept index held. Without `resident_max` no kept
/// index is used; with it, more vectors of a space stay there.
pub(crate) fn load(
    disk: &dyn Disk,
    tables: &Tables,
    keys: &Keys,
    counters: Counters,
    encoder: Option<&(u32, Encoder)>,
    resident_max: Option<usize>,
) -> Result<(Index, u64), Broken> {
    let mut loading = Loading { tables, keys, counters, encoder, index: Index::default() };
    let kept = resident_max
        .and_then(|it| kept::read(disk, keys, tables, counters, encoder.map(|it| &it.1), it));
    let (mut first, mut changed) = (0, None);
    if let Some(mut kept) = kept {
        let old: Vec<u64> = kept.changed.iter().copied().filter(|it| *it < kept.next).collect();
        let standings = tables.standings(&old)?;
        for (id, standing) in old.into_iter().zip(standings) {
            kept.index.set_standing(MemoryId(id), standing);
        }
        // Bringing records back into memory may have shown damage.
        if !kept.index.is_torn() {
            (loading.index, first, changed) = (kept.index, kept.next, Some(kept.changed));
        }
    }
    let read = loading.run(first, changed.as_deref())?;
    tables.reading()?.groups()?.into_iter().for_each(|it| loading.index.group(it));
    loading.index.is_loaded();
    Ok((loading.index, read))
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
            match key.and_then(|key| open_record(&key, MemoryId(id), sealed)) {
                Some(record) => index.add(&record, standing, None),
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
        let (index, file, next) = (&mut self.index, self.keys, self.counters.next);
        self.tables.each_edge(from, |from, number, to, sealed| {
            // A relation is sealed with the key of the record that it starts at.
            if index.damaged().contains(&MemoryId(from)) {
                return Ok(());
            }
            let key = keys.key(file, from, next)?;
            let edge = key.and_then(|it| open_edge(&it, number, to, sealed));
            let edge =
                edge.ok_or_else(|| Broken::damaged(format!("a relation of m{from} is damaged")))?;
            if edge.from.0 != from || edge.to.0 != to {
                return Err(Broken::damaged(format!("a relation of m{from} leads elsewhere")));
            }
            index.relate(number, &edge);
            Ok(())
        })
    }
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
