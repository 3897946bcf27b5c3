//! What is known of records beside their content, in one list by their ids.
//!
//! Many have one standing in common, such as all that were written in one cycle and never asked for. So standings lie
//! in a list of their own, each once. As it is kept, a record is three numbers of `varint.rs`: how far its id lies
//! behind the one before, its space, and its standing.

use std::{collections::HashMap, io};

use crate::{
    pack::{Pack, Writer},
    record::MemoryId,
    row::Standing,
    shard::varint,
};

/// The space of a record that is not there any more.
const GONE: u32 = u32::MAX;

/// Names of sections of a pack.
const RECORDS: &str = "known";
const STANDINGS: &str = "standings";

/// A record that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) id: MemoryId,
    /// The number of its space.
    pub(crate) space: u32,
    pub(crate) standing: Standing,
}

/// The same, with the number of its standing.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: MemoryId,
    space: u32,
    standing: u32,
}

/// Standings with numbers, which are used again when nobody holds them any more.
#[derive(Debug, Default)]
struct Standings {
    numbers: HashMap<[u8; Standing::BYTES], u32>,
    /// Each with how many records hold it.
    all: Vec<(Standing, u32)>,
    free: Vec<u32>,
}

impl Standings {
    fn hold(&mut self, standing: Standing) -> u32 {
        let number = *self.numbers.entry(standing.encode()).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.all.push((standing, 0));
                (self.all.len() - 1) as u32
            })
        });
        let (held, holders) = &mut self.all[number as usize];
        *held = standing;
        *holders += 1;
        number
    }

    fn release(&mut self, number: u32) {
        let (standing, holders) = &mut self.all[number as usize];
        *holders -= 1;
        if *holders == 0 {
            self.numbers.remove(&standing.encode());
            self.free.push(number);
        }
    }
}

/// Records by their ids. Those grow, so that new ones come to the end; what went leaves its place until an eighth
/// of all did.
#[derive(Debug, Default)]
pub(crate) struct KnownList {
    list: Vec<Row>,
    standings: Standings,
    gone: usize,
}

impl KnownList {
    /// Writes it as sections of a pack, with other numbers for spaces.
    pub(crate) fn write(&self, writer: &mut Writer, space: impl Fn(u32) -> u32) -> io::Result<()> {
        let (mut numbers, mut standings) = (Vec::new(), Vec::new());
        for (standing, holders) in &self.standings.all {
            numbers.push((standings.len() / Standing::BYTES) as u32);
            if *holders > 0 {
                standings.extend(standing.encode());
            }
        }
        writer.section(STANDINGS, &standings)?;
        let there = self.list.iter().filter(|it| it.space != GONE);
        let (mut rows, mut next) = (Vec::new(), 0);
        varint::write(self.len() as u64, &mut rows);
        for Row { id, space: of, standing } in there {
            varint::write(id.0 - next, &mut rows);
            varint::write(u64::from(space(*of)), &mut rows);
            varint::write(u64::from(numbers[*standing as usize]), &mut rows);
            next = id.0 + 1;
        }
        writer.section(RECORDS, &rows)
    }

    /// How much [`KnownList::read`] reads.
    pub(crate) fn bytes_in(pack: &Pack) -> usize {
        pack.section(RECORDS).map_or(0, |it| it.len())
    }

    /// What [`KnownList::write`] wrote for so many spaces, and how many records each has; none where it is something
    /// else.
    pub(crate) fn read(pack: &Pack, spaces: usize) -> Option<(Self, Vec<u32>)> {
        let standings = pack.section(STANDINGS)?.to_vec();
        let (standings, []) = standings.as_chunks::<{ Standing::BYTES }>() else { return None };
        let all: Option<Vec<_>> =
            standings.iter().map(|it| Some((Standing::decode(it)?, 0))).collect();
        let mut all = all?;
        let rows = pack.section(RECORDS)?.to_vec();
        let mut rest = rows.as_slice();
        let count = usize::try_from(varint::read(&mut rest)?).ok()?;
        // Each takes three bytes at least.
        let mut list = Vec::with_capacity(count.min(rest.len() / 3));
        let mut held = vec![0; spaces];
        let mut next = 0_u64;
        for _ in 0..count {
            let id = next.checked_add(varint::read(&mut rest)?)?;
            let space = u32::try_from(varint::read(&mut rest)?).ok()?;
            let standing = u32::try_from(varint::read(&mut rest)?).ok()?;
            *held.get_mut(space as usize)? += 1;
            all.get_mut(standing as usize)?.1 += 1;
            list.push(Row { id: MemoryId(id), space, standing });
            next = id.checked_add(1)?;
        }
        rest.is_empty().then_some(())?;
        let numbers = standings.iter().copied().zip(0..).collect();
        let standings = Standings { numbers, all, free: Vec::new() };
        Some((Self { list, standings, gone: 0 }, held))
    }

    fn find(&self, id: MemoryId) -> Result<usize, usize> {
        // Ids are whole numbers that rise: none lies behind where it would with no gaps, and there it is, mostly.
        let first = self.list.first().map_or(id.0, |it| it.id.0);
        let Some(most) = id.0.checked_sub(first) else { return Err(0) };
        let end = usize::try_from(most).unwrap_or(usize::MAX).min(self.list.len());
        if self.list.get(end).is_some_and(|it| it.id == id) {
            return Ok(end);
        }
        let before = &self.list[..end];
        before.binary_search_by_key(&id, |it| it.id)
    }

    fn row(&self, id: MemoryId) -> Option<&Row> {
        let at = self.find(id).ok()?;
        self.list.get(at).filter(|it| it.space != GONE)
    }

    /// A record.
    pub(crate) fn get(&self, id: MemoryId) -> Option<Known> {
        let Row { space, standing, .. } = *self.row(id)?;
        Some(Known { id, space, standing: self.standings.all[standing as usize].0 })
    }

    /// Changes the standing of a record.
    pub(crate) fn set_standing(&mut self, id: MemoryId, standing: Standing) {
        if let Some(before) = self.row(id).map(|it| it.standing)
            && let Ok(at) = self.find(id)
        {
            self.list[at].standing = self.standings.hold(standing);
            self.standings.release(before);
        }
    }

    /// Takes a record in that is not there.
    pub(crate) fn insert(&mut self, known: Known) {
        let Known { id, space, standing } = known;
        if self.list.len() == self.list.capacity() {
            self.list.reserve_exact(16 + self.list.len() / 16);
        }
        let row = Row { id, space, standing: self.standings.hold(standing) };
        match self.list.last() {
            Some(last) if id <= last.id => match self.find(id) {
                Ok(at) => {
                    let before = std::mem::replace(&mut self.list[at], row);
                    if before.space == GONE {
                        self.gone -= 1;
                    } else {
                        self.standings.release(before.standing);
                    }
                }
                Err(at) => self.list.insert(at, row),
            },
            _ => self.list.push(row),
        }
    }

    /// Lets a record go.
    pub(crate) fn remove(&mut self, id: MemoryId) -> Option<Known> {
        let known = self.get(id)?;
        if let Ok(at) = self.find(id) {
            self.list[at].space = GONE;
            self.standings.release(self.list[at].standing);
        }
        self.gone += 1;
        if self.gone * 8 > self.list.len() {
            self.list.retain(|it| it.space != GONE);
            self.gone = 0;
        }
        Some(known)
    }

    /// The ids of all, in their order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = MemoryId> {
        self.list.iter().filter(|it| it.space != GONE).map(|it| it.id)
    }

    /// How many records are archived.
    pub(crate) fn archived(&self) -> usize {
        let archived = self.standings.all.iter().filter(|it| it.0.archived);
        archived.map(|it| it.1 as usize).sum()
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.list.len() - self.gone
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use voyager_base::{disk::Disk, memory::Trust, sim::SimDisk};

    use super::*;

    /// What a pack gives back of a list of spaces up to the fourth.
    fn kept(list: &KnownList) -> (KnownList, Vec<u32>) {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        list.write(&mut writer, |it| it).unwrap();
        writer.finish(&0).unwrap();
        let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
        KnownList::read(&pack, 4).unwrap()
    }

    proptest! {
        #[test]
        fn they_are_what_a_map_is(
            changes in proptest::collection::vec((0_u64..24, 0_u32..4, 0_u64..5), 0..80),
            kept_at in proptest::collection::vec(0_usize..80, 0..3),
        ) {
            let (mut list, mut map) = (KnownList::default(), BTreeMap::new());
            for (number, (id, space, cycle)) in changes.into_iter().enumerate() {
                if kept_at.contains(&number) {
                    let (again, held) = kept(&list);
                    let of = |space| map.values().filter(|it: &&(u32, Standing)| it.0 == space).count();
                    prop_assert_eq!(held, [0, 1, 2, 3].map(|it| of(it) as u32));
                    list = again;
                }
                let archived = id % 3 == 0;
                let trust = Some(Trust::ALL[cycle as usize % 4]);
                let standing = Standing { weight: 0.5, cycle, pinned: !archived, archived, trust };
                let id = MemoryId(id);
                match space {
                    0 => {
                        let gone = map.remove(&id);
                        prop_assert_eq!(list.remove(id).map(|it| (it.space, it.standing)), gone);
                    }
                    1 => {
                        list.set_standing(id, standing);
                        map.entry(id).and_modify(|it| it.1 = standing);
                    }
                    _ => {
                        list.insert(Known { id, space, standing });
                        map.insert(id, (space, standing));
                    }
                }
                prop_assert_eq!(list.len(), map.len());
                let ids: Vec<_> = list.ids().collect();
                prop_assert_eq!(&ids, &map.keys().copied().collect::<Vec<_>>());
                for id in (0..24).map(MemoryId) {
                    let found = list.get(id).map(|it| (it.space, it.standing));
                    prop_assert_eq!(found, map.get(&id).copied());
                }
                let different: BTreeSet<_> = map.values().map(|it| it.1.encode()).collect();
                let held = list.standings.all.iter().filter(|it| it.1 > 0).count();
                prop_assert_eq!(held, different.len(), "each is there once");
                prop_assert_eq!(list.standings.numbers.len(), different.len());
            }
        }
    }
}
