//! The sketches of a shard, and the lists that they belong to (`lists.rs`).
//!
//! They lie by place. Those of very many are put in the order of their lists, so that some lists are read as runs of memory;
//! what comes since lies behind them.

use std::io;

use super::{
    AHEAD,
    level::ask_for,
    lists::{Chosen, LISTS, List},
};
use crate::{
    pack::{Coming, Section, Writer, lengthen},
    pages::make_room,
};

/// From so many vectors of a shard on their sketches lie by list. Of fewer all are scanned mostly, and nobody has to
/// remember which row is whose. It may be another number in each program: what is kept says how it lies.
#[cfg(not(test))]
const ORDERED_MIN: usize = 1_500_000;
#[cfg(test)]
const ORDERED_MIN: usize = 300;

/// The list of what has no vector.
const NOWHERE: List = List::MAX;

/// What lists begin with in a pack: whether the rows there lie by place, or by list.
const BY_PLACE: List = 0;
const BY_LIST: List = 1;

/// The row of a place without a vector, and the place of a row that is nobody's.
const NOBODY: u32 = u32::MAX;

/// Bytes that are asked for ahead of a run.
const AHEAD_BYTES: usize = 4096;

/// Bytes that the memory answers at once.
const LINE: usize = 64;

/// Rows one after the other.
pub(super) type Run = std::ops::Range<usize>;

/// Sketches, a row each: all zero where there is no vector.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketches {
    row_bytes: usize,
    rows: Coming,
    /// By row, from the first that lies by place on: its list.
    lists: Vec<List>,
    /// Where rows lie by list; else by place.
    order: Option<Order>,
}

/// Rows by list, and others behind them.
#[derive(Clone, Debug)]
struct Order {
    /// By list: where its rows begin; and where those of the last end.
    starts: Vec<u32>,
    /// By row: its place.
    places: Vec<u32>,
    /// By place: its row.
    rows: Vec<u32>,
    /// Rows behind those of the lists that are nobody's.
    free: Vec<u32>,
}

impl Order {
    /// Of places by their lists.
    fn of(lists: &[List]) -> Self {
        let mut starts = vec![0; LISTS + 1];
        lists.iter().filter(|it| **it != NOWHERE).for_each(|it| starts[usize::from(*it) + 1] += 1);
        (0..LISTS).for_each(|it| starts[it + 1] += starts[it]);
        let mut places = vec![NOBODY; starts[LISTS] as usize];
        let mut rows = vec![NOBODY; lists.len()];
        let mut next = starts.clone();
        for ((place, list), row) in (0..).zip(lists).zip(&mut rows).filter(|it| *it.0.1 != NOWHERE)
        {
            let next = &mut next[usize::from(*list)];
            places[*next as usize] = place;
            *row = *next;
            *next += 1;
        }
        Self { starts, places, rows, free: Vec::new() }
    }

    /// How many rows lie by list.
    fn listed(&self) -> usize {
        self.starts[LISTS] as usize
    }

    fn row(&self, place: u32) -> Option<usize> {
        self.rows.get(place as usize).filter(|it| **it != NOBODY).map(|it| *it as usize)
    }

    /// The list of a row that lies by list.
    fn list(&self, row: usize) -> List {
        (self.starts.partition_point(|it| *it as usize <= row) - 1) as List
    }

    /// A row for a place that has none.
    fn add(&mut self, place: u32) -> usize {
        let known = self.rows.len();
        if known <= place as usize {
            lengthen(&mut self.rows, place as usize + 1);
            self.rows[known..].fill(NOBODY);
        }
        let row = self.free.pop().map_or(self.places.len(), |it| it as usize);
        if row == self.places.len() {
            self.places.push(place);
        }
        self.places[row] = place;
        self.rows[place as usize] = row as u32;
        row
    }

    /// Lets the row of a place go.
    fn remove(&mut self, place: u32, row: usize) {
        self.rows[place as usize] = NOBODY;
        self.places[row] = NOBODY;
        if row >= self.listed() {
            self.free.push(row as u32);
        }
    }
}

impl Sketches {
    pub(super) fn new(row_bytes: usize) -> Self {
        Self { row_bytes, ..Self::default() }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.listed() + self.lists.len()
    }

    /// How many of them lie by list.
    fn listed(&self) -> usize {
        self.order.as_ref().map_or(0, Order::listed)
    }

    /// Where the row of a place begins, in rows; none where it has no vector, or was never heard of.
    #[inline]
    pub(super) fn row_of(&self, place: u32) -> Option<usize> {
        match &self.order {
            Some(order) => order.row(place),
            None => {
                let list = self.lists.get(place as usize)?;
                (*list != NOWHERE).then_some(place as usize)
            }
        }
    }

    /// The place of a row that has a sketch.
    #[inline]
    pub(super) fn place_of(&self, row: usize) -> u32 {
        self.order.as_ref().map_or(row as u32, |it| it.places[row])
    }

    /// A row.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.rows[row * self.row_bytes..][..self.row_bytes]
    }

    /// The sketch of a place.
    #[inline]
    pub(super) fn of(&self, place: u32) -> Option<&[u8]> {
        Some(self.row(self.row_of(place)?))
    }

    /// All rows, one after the other.
    pub(super) fn all(&self) -> &[u8] {
        &self.rows
    }

    /// The row of a place whose vector belongs to a list, to be written.
    pub(super) fn row_mut(&mut self, place: u32, list: List) -> &mut [u8] {
        let listed = self.listed();
        let row = match (&mut self.order, place as usize) {
            (None, place) => place,
            (Some(order), _) => match order.row(place) {
                Some(row) if row >= listed || order.list(row) == list => row,
                None => order.add(place),
                Some(row) => {
                    order.remove(place, row);
                    let start = row * self.row_bytes;
                    self.rows.to_mut()[start..start + self.row_bytes].fill(0);
                    order.add(place)
                }
            },
        };
        if let Some(later) = row.checked_sub(listed) {
            let known = self.lists.len();
            if known <= later {
                lengthen(&mut self.lists, later + 1);
                self.lists[known..].fill(NOWHERE);
                lengthen(self.rows.to_mut(), (row + 1) * self.row_bytes);
            }
            self.lists[later] = list;
        }
        &mut self.rows.to_mut()[row * self.row_bytes..][..self.row_bytes]
    }

    /// Lets that of a place go.
    pub(super) fn remove(&mut self, place: u32) {
        let Some(row) = self.row_of(place) else { return };
        self.rows.to_mut()[row * self.row_bytes..][..self.row_bytes].fill(0);
        if let Some(later) = row.checked_sub(self.listed()) {
            self.lists[later] = NOWHERE;
        }
        if let Some(order) = &mut self.order {
            order.remove(place, row);
        }
    }

    /// Whether they are still being read.
    #[cfg(test)]
    pub(super) fn are_coming(&self) -> bool {
        self.rows.is_coming()
    }

    /// Gives each row the sketch of the one before it.
    #[cfg(test)]
    pub(super) fn confuse(&mut self) {
        self.rows.to_mut().rotate_right(self.row_bytes);
    }

    /// The rows of some lists.
    pub(super) fn runs(&self, chosen: &Chosen) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut add = |run: Run| match runs.last_mut() {
            _ if run.is_empty() => (),
            Some(last) if last.end == run.start => last.end = run.end,
            _ => runs.push(run),
        };
        if let Some(Order { starts, .. }) = &self.order {
            let bounds =
                |it: List| starts[usize::from(it)] as usize..starts[usize::from(it) + 1] as usize;
            chosen.each().map(bounds).for_each(&mut add);
        }
        let later = (self.listed()..).zip(&self.lists).filter(|it| chosen.has(*it.1));
        later.for_each(|it| add(it.0..it.0 + 1));
        runs
    }

    /// The rows of a run. Those of the next are asked for meanwhile.
    pub(super) fn run(&self, run: &Run, next: Option<&Run>) -> &[u8] {
        if let Some(next) = next {
            let start = next.start * self.row_bytes;
            let end = (next.end * self.row_bytes).min(start + AHEAD_BYTES);
            (start..end).step_by(LINE).for_each(|it| ask_for(&self.rows, it));
        }
        &self.rows[run.start * self.row_bytes..run.end * self.row_bytes]
    }

    /// By place: its list.
    fn by_place(&self) -> Vec<List> {
        let Some(Order { starts, places, rows, .. }) = &self.order else {
            return self.lists.clone();
        };
        let mut all = vec![NOWHERE; rows.len()];
        let of_listed = (0..)
            .zip(starts.windows(2))
            .flat_map(|(list, bounds)| std::iter::repeat_n(list, (bounds[1] - bounds[0]) as usize));
        for (place, list) in places.iter().zip(of_listed.chain(self.lists.iter().copied())) {
            if let Some(it) = all.get_mut(*place as usize) {
                *it = list;
            }
        }
        all
    }

    /// The order in which they are kept, of places by their lists.
    fn kept(lists: &[List]) -> Option<Order> {
        let count = lists.iter().filter(|it| **it != NOWHERE).count();
        (count >= ORDERED_MIN).then(|| Order::of(lists))
    }

    /// Lets the sketches of very many lie by list.
    pub(super) fn settle(&mut self) {
        let lists = self.by_place();
        let Some(order) = Self::kept(&lists) else { return };
        let mut rows = Vec::new();
        make_room(&mut rows, order.places.len() * self.row_bytes);
        self.in_order(&order).for_each(|it| rows.extend_from_slice(it));
        let rows = rows.into();
        *self = Self { row_bytes: self.row_bytes, rows, lists: Vec::new(), order: Some(order) };
    }

    fn in_order<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a [u8]> {
        order.places.iter().enumerate().map(|(at, place)| {
            if let Some(later) = order.places.get(at + AHEAD).and_then(|it| self.row_of(*it)) {
                ask_for(&self.rows, later * self.row_bytes);
            }
            self.of(*place).unwrap_or_default()
        })
    }

    /// Writes them as sections of a pack: how the rows lie with the list of each place, and the rows as
    /// [`Sketches::settle`] would order them.
    pub(super) fn write(&self, writer: &mut Writer, names: [&str; 2]) -> io::Result<()> {
        let lists = self.by_place();
        self.write_in(Self::kept(&lists), &lists, writer, names)
    }

    /// The same in an order of its own; by place without one.
    fn write_in(
        &self,
        order: Option<Order>,
        of: &[List],
        writer: &mut Writer,
        [lists, rows]: [&str; 2],
    ) -> io::Result<()> {
        let lie = if order.is_some() { BY_LIST } else { BY_PLACE };
        let bytes: Vec<u8> = [lie].iter().chain(of).flat_map(|it| it.to_le_bytes()).collect();
        writer.section(lists, &bytes)?;
        match (order, &self.order) {
            (Some(order), _) => writer.parts(rows, self.in_order(&order)),
            (None, None) => writer.section(rows, &self.rows),
            (None, Some(_)) => {
                let none = vec![0; self.row_bytes];
                let row = |place| self.of(place).unwrap_or(&none);
                writer.parts(rows, (0..of.len() as u32).map(row))
            }
        }
    }

    /// From those sections; none where they do not belong together.
    pub(super) fn of_sections(row_bytes: usize, [lists, rows]: [&Section; 2]) -> Option<Self> {
        let bytes = lists.to_vec();
        let (bytes, []) = bytes.as_chunks::<{ size_of::<List>() }>() else { return None };
        let (lie, bytes) = bytes.split_first()?;
        let mut lists: Vec<List> = bytes.iter().map(|it| List::from_le_bytes(*it)).collect();
        let known = |it: &List| usize::from(*it) < LISTS || *it == NOWHERE;
        lists.iter().all(known).then_some(())?;
        let order = match List::from_le_bytes(*lie) {
            BY_PLACE => None,
            BY_LIST => Some(Order::of(&lists)),
            _ => return None,
        };
        let count = order.as_ref().map_or(lists.len(), Order::listed);
        (rows.len() == count * row_bytes).then_some(())?;
        if order.is_some() {
            lists = Vec::new();
        }
        Some(Self { row_bytes, rows: Coming::of(rows), lists, order })
    }

    /// Places up to that of the last vector.
    pub(super) fn places(&self) -> usize {
        self.order.as_ref().map_or(self.lists.len(), |it| it.rows.len())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use voyager_base::{disk::Disk, sim::SimDisk};

    use super::*;
    use crate::pack::Pack;

    const ROW: usize = 16;

    /// What [`Sketches::write`] writes, read.
    fn kept(sketches: &Sketches) -> Sketches {
        read_of(sketches, |writer| sketches.write(writer, ["lists", "sketches"]))
    }

    /// What was written of some, read.
    fn read_of(sketches: &Sketches, write: impl FnOnce(&mut Writer) -> io::Result<()>) -> Sketches {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        write(&mut writer).unwrap();
        writer.finish(&0).unwrap();
        let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
        let sections = ["lists", "sketches"].map(|it| pack.section(it).unwrap());
        assert!(
            Sketches::of_sections(ROW + 1, sections.each_ref()).is_none() || sketches.len() == 0
        );
        assert!(
            Sketches::of_sections(ROW, [&sections[1], &sections[0]]).is_none()
                || sketches.len() == 0
        );
        Sketches::of_sections(ROW, sections.each_ref()).unwrap()
    }

    /// Few and many of them, in the other order than this program would choose too.
    #[test]
    fn what_is_kept_says_how_it_lies() {
        let counts = [0, 1, 20, ORDERED_MIN as u32 + 20];
        for (count, has_gap) in counts.into_iter().flat_map(|it| [(it, false), (it, true)]) {
            let mut sketches = Sketches::new(ROW);
            for place in 0..count {
                let list = (place * 37 % 11) as List * 700;
                sketches.row_mut(place, list).copy_from_slice(&place.to_le_bytes().repeat(4));
            }
            if has_gap {
                sketches.remove(4);
            }
            let all = |it: &Sketches| -> Vec<Option<Vec<u8>>> {
                (0..count).map(|place| it.of(place).map(<[u8]>::to_vec)).collect()
            };
            // By list: its places.
            let rows = |it: &Sketches| -> Vec<Vec<u32>> {
                let places = |list: List| {
                    let runs = it.runs(&Chosen::of([list * 700].into_iter()));
                    runs.into_iter().flatten().map(|row| it.place_of(row)).collect()
                };
                (0..11).map(places).collect()
            };
            let lists = sketches.by_place();
            for order in [None, Some(Order::of(&lists))] {
                let lie = order.is_some();
                let read = read_of(&sketches, |writer| {
                    sketches.write_in(order, &lists, writer, ["lists", "sketches"])
                });
                assert_eq!(all(&read), all(&sketches), "{count} by list: {lie}");
                assert_eq!(rows(&read), rows(&sketches), "{count} by list: {lie}");
                assert_eq!(read.order.is_some(), lie);
                assert_eq!(all(&kept(&read)), all(&sketches), "{count} by list: {lie}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Places get vectors, get others, lose them; all is ordered, or kept and read, in between.
        #[test]
        fn rows_are_those_of_their_places_however_they_lie(
            before in 0..500_u32,
            acts in proptest::collection::vec((0_u8..12, 0_u32..600, 0..12_u16), 0..200),
        ) {
            let mut sketches = Sketches::new(ROW);
            let mut expected: BTreeMap<u32, (List, [u8; ROW])> = BTreeMap::new();
            let list = |it: u16| it * 700;
            let first = (0..before).map(|it| (7, it, it as u16 % 12));
            for (act, place, some) in first.chain(acts) {
                match act {
                    0 => sketches.settle(),
                    1 => sketches = kept(&sketches),
                    2..=4 => {
                        sketches.remove(place);
                        expected.remove(&place);
                    }
                    _ => {
                        let row = [act + some as u8 + 1; ROW];
                        sketches.row_mut(place, list(some)).copy_from_slice(&row);
                        expected.insert(place, (list(some), row));
                    }
                }
            }
            for place in 0..700 {
                let row = expected.get(&place).map(|it| &it.1[..]);
                prop_assert_eq!(sketches.of(place), row, "{}", place);
            }
            let rows = sketches.all().chunks(ROW);
            prop_assert_eq!(rows.len(), sketches.len());
            let others = rows.filter(|it| **it == [0; ROW]).count();
            prop_assert_eq!(sketches.len() - others, expected.len(), "nothing is left of what went");
            for some in [vec![], vec![0], vec![3, 4, 11], (0..12).collect()] {
                let some: Vec<List> = some.into_iter().map(list).collect();
                let chosen = Chosen::of(some.iter().copied());
                let runs = sketches.runs(&chosen);
                prop_assert!(runs.windows(2).all(|it| it[0].end < it[1].start), "{:?}", runs);
                let rows = runs.into_iter().flatten().filter(|it| *sketches.row(*it) != [0; ROW]);
                let mut found: Vec<u32> = rows.map(|it| sketches.place_of(it)).collect();
                found.sort_unstable();
                let wanted = expected.iter().filter(|it| some.contains(&it.1.0)).map(|it| *it.0);
                prop_assert!(found.iter().copied().eq(wanted), "{:?} {:?}", some, found);
            }
        }
    }
}
