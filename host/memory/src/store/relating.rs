//! Relations of records: writing them, taking them back, and what they say of what supersedes what.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use voyager_base::{Digest, clock::Timestamp, memory::Trust};
use voyager_disk::database::Broken;
use zeroize::Zeroizing;

use super::{Memory, writing::Commit};
use crate::{
    error::{ReadError, WriteError},
    horizon::Ahead,
    index::{EdgeKey, Index},
    keys::Key,
    lineage::DERIVED_FROM,
    past::Touch,
    record::{Invalid, MemoryId},
    row::{Edge, Shut, open_edge, seal_edge},
    succession::{SUPERSEDES, Succession},
    tables::{Act, Change, Deed, EdgeRow},
};

impl Memory {
    /// Whether a relation of the kind [`SUPERSEDES`] may be written: it leads to a record of the same space, and closes
    /// no circle.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_claim(&self, edge: &Edge) -> Result<(), Invalid> {
        self.check_claim_beside(edge, &Succession::default())
    }

    /// The same beside others to come.
    fn check_claim_beside(&self, edge: &Edge, beside: &Succession) -> Result<(), Invalid> {
        let index = self.index();
        let Edge { from, to, .. } = *edge;
        let (Some(space), Some(of)) = (index.space_of(to), index.space_of(from)) else {
            return Ok(());
        };
        let invalid = |problem| Err(Invalid { field: SUPERSEDES, problem });
        if space != of {
            return invalid(elsewhere(to, space, &format!("{from} in `{of}`")));
        }
        let Some(way) = index.succession().way(to, from, beside) else { return Ok(()) };
        let way: Vec<String> = way.iter().map(MemoryId::to_string).collect();
        let way = way.join(" supersedes ");
        invalid(format!("{from} can't supersede {to}, since {way}: one of them is the newest"))
    }

    /// Relates two records. Under an idempotency key that was used before nothing is written.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn relate(
        &self,
        edge: &Edge,
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        self.relate_all(slice::from_ref(edge), key, now)
    }

    /// Relates records: all of the batch or nothing, with one sync. Under an idempotency key that was used
    /// before nothing is written.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn relate_all(
        &self,
        edges: &[Edge],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        for (place, edge) in (1..).zip(edges) {
            edge.check().map_err(|invalid| WriteError::Invalid { place, invalid })?;
        }
        let mut writer = self.writer()?;
        if self.was_done(key)? {
            return Ok(());
        }
        let mut ids = edges.iter().flat_map(|it| [it.from, it.to]);
        if let Some(id) = ids.find(|it| !self.index().holds(*it)) {
            return Err(WriteError::NotFound { id });
        }
        let ends = self.ends_of(edges)?;
        let mut beside = Succession::default();
        for (place, edge) in (1..).zip(edges).filter(|it| it.1.kind == SUPERSEDES) {
            let invalid = |invalid| WriteError::Invalid { place, invalid };
            self.check_claim_beside(edge, &beside).map_err(invalid)?;
            beside.insert((edge.from, edge.to, place as u32));
        }
        let Some(first) = edges.first().map(|it| it.from.0) else { return Ok(()) };
        let commit = Commit {
            act: Act { at: now, deed: Deed::Related, first, count: edges.len() as u64 },
            key: key.copied(),
            counters: writer.counters,
            moves: self.moves(&Ahead { edges: led(edges), ..Ahead::default() }),
            touches: Vec::new(),
        };
        let add = |change: &Change| add_edges(change, edges, &ends);
        self.commit_one(&mut writer, commit, add, |index, numbers| {
            numbers.iter().zip(edges).for_each(|(number, edge)| index.relate(*number, edge));
        })
    }

    /// Takes back all relations of a kind that lead from one record to another. Gives back how many there were. States
    /// of before don't have them any more either: what is gone is gone, and the audit says when.
    ///
    /// # Errors
    /// [`WriteError`]: also where there is none, or the kind is [`DERIVED_FROM`], which trust goes by.
    pub fn unrelate(
        &self,
        from: MemoryId,
        kind: &str,
        to: MemoryId,
        now: Timestamp,
    ) -> Result<u64, WriteError> {
        let invalid = |problem| {
            let invalid = Invalid { field: "relation", problem };
            Err(WriteError::Invalid { place: 1, invalid })
        };
        if kind == DERIVED_FROM {
            return invalid(format!(
                "what {from} is derived from stays, since it is trusted no more than that"
            ));
        }
        let mut writer = self.writer()?;
        if let Some(id) = [from, to].into_iter().find(|it| !self.index().holds(*it)) {
            return Err(WriteError::NotFound { id });
        }
        let mut between = self.index().edges_from(from);
        between.retain(|it| it.1 == to);
        let mut kinds = BTreeMap::new();
        for (number, _) in &between {
            let edges = self.edges(&[(from.0, *number)])?;
            kinds.extend(edges.into_iter().map(|it| (*number, it.kind)));
        }
        if !self.index().holds(from) {
            return Err(ReadError::Damaged { id: from }.into());
        }
        let numbers: Vec<u32> = kinds.iter().filter(|it| it.1 == kind).map(|it| *it.0).collect();
        if numbers.is_empty() {
            let others: BTreeSet<String> = kinds.values().map(|it| format!("`{it}`")).collect();
            let others = match others.len() {
                0 => "it has none that leads there".to_owned(),
                _ => format!("it has {}", others.into_iter().collect::<Vec<_>>().join(", ")),
            };
            return invalid(format!("{from} has no relation `{kind}` to {to}: {others}"));
        }
        let untied = (numbers.len() == between.len()).then_some((to, from)).into_iter().collect();
        let count = numbers.len() as u64;
        let commit = Commit {
            act: Act { at: now, deed: Deed::Unrelated, first: from.0, count },
            key: None,
            counters: writer.counters,
            moves: self.moves(&Ahead { untied, ..Ahead::default() }),
            touches: [from, to].map(|it| (it.0, Touch::Unrelated)).into(),
        };
        let rows: Vec<_> = numbers.iter().map(|it| (from.0, *it, to.0)).collect();
        let remove = |change: &Change| change.remove_edges(&rows);
        self.commit_one(&mut writer, commit, remove, |index, ()| index.unrelate(from, &numbers))?;
        Ok(count)
    }

    /// The keys of both records of each edge.
    pub(super) fn ends_of(&self, edges: &[Edge]) -> Result<Zeroizing<Vec<[Key; 2]>>, WriteError> {
        let key_of = |id: MemoryId| {
            let key = self.keys.key(id.0).map_err(WriteError::disk)?;
            key.ok_or(WriteError::NotFound { id })
        };
        // A list that grew would leave keys where it was before.
        let mut ends = Zeroizing::new(Vec::with_capacity(edges.len()));
        for edge in edges {
            ends.push([key_of(edge.from)?, key_of(edge.to)?]);
        }
        Ok(ends)
    }

    /// What relations of a record lead to, and which lead to it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn relations(&self, id: MemoryId) -> Result<Vec<Edge>, ReadError> {
        let keys: Vec<_> = self.ends(id)?.into_iter().map(|it| it.0).collect();
        self.relations_at(id, &keys)
    }

    /// Where the relations of a record lead, and which lead to it: what each is read by, in their order, and the other record. That
    /// is known without reading any.
    pub(crate) fn ends(&self, id: MemoryId) -> Result<Vec<(EdgeKey, MemoryId)>, ReadError> {
        self.told_of(id, |it| it.holds(id).then(|| it.edges_of(id)))
    }

    /// Some of the relations of a record, by what [`Memory::ends`] says.
    pub(crate) fn relations_at(
        &self,
        id: MemoryId,
        keys: &[EdgeKey],
    ) -> Result<Vec<Edge>, ReadError> {
        let edges = self.edges(keys)?;
        if self.index().damaged().contains(&id) {
            Err(ReadError::Damaged { id })
        } else {
            Ok(edges)
        }
    }

    /// All relations, by the records they start at.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn all_relations(&self) -> Result<Vec<Edge>, ReadError> {
        let keys = self.index().all_edges();
        self.edges(&keys)
    }

    /// Those of some relations that can be read. A record of which another one starts is set aside, with all of its own.
    pub(super) fn edges(&self, keys: &[(u64, u32)]) -> Result<Vec<Edge>, ReadError> {
        let mut edges = Vec::new();
        let mut damaged = BTreeSet::new();
        for EdgeRow { from, number, to, sealed } in self.tables.edges(keys)? {
            let key_of = |it: u64| self.keys.key(it).map_err(Broken::disk);
            // An edge without a key was forgotten since its row was read.
            let (Some(start), end) = (key_of(from)?, key_of(to)?) else { continue };
            match open_edge((&start, end.as_ref()), number, to, &sealed) {
                Ok(edge) => edges.push(edge),
                Err(Shut::Damaged) => _ = damaged.insert(MemoryId(from)),
                Err(Shut::Other { .. }) if end.is_none() => {}
                Err(Shut::Other { .. }) => _ = damaged.insert(MemoryId(to)),
            }
        }
        if !damaged.is_empty() {
            edges.retain(|it| !damaged.contains(&it.from) && !damaged.contains(&it.to));
            let mut index = self.index_mut();
            damaged.into_iter().for_each(|it| index.set_aside(it));
        }
        Ok(edges)
    }

    /// The records that supersede one directly, so that it is not recalled; in the order of writing. Of those that are
    /// said to, not the ones that are trusted less, nor archived ones that nothing supersedes.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn superseded_by(&self, id: MemoryId) -> Result<Vec<MemoryId>, ReadError> {
        self.told_of(id, |it| it.holds(id).then(|| it.superseded_by(id)))
    }

    /// The records that one is said to supersede directly, in the order of writing.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn older(&self, id: MemoryId) -> Result<Vec<MemoryId>, ReadError> {
        let older = |it: &Index| it.holds(id).then(|| it.succession().older(id).collect());
        let mut older: Vec<MemoryId> = self.told_of(id, older)?;
        older.dedup();
        Ok(older)
    }

    /// All that supersede each other around a record, itself among them: newer ones before what they supersede, else
    /// the later written first. What is trusted less than `trust` is not there, nor what only that leads to.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn story(&self, id: MemoryId, trust: Trust) -> Result<Vec<MemoryId>, ReadError> {
        self.told_of(id, |index| {
            let is_told = |it| index.trust(it).unwrap_or_default() >= trust;
            index.holds(id).then(|| index.succession().story(id, is_told))
        })
    }
}

/// Where edges lead, with where they start.
pub(super) fn led<'a>(
    edges: impl IntoIterator<Item = &'a Edge>,
) -> BTreeMap<MemoryId, Vec<MemoryId>> {
    let mut led: BTreeMap<MemoryId, Vec<MemoryId>> = BTreeMap::new();
    edges.into_iter().for_each(|it| led.entry(it.to).or_default().push(it.from));
    led
}

/// Adds edges, each sealed with the keys of both of its records. Gives back their numbers.
pub(super) fn add_edges(
    change: &Change,
    edges: &[Edge],
    ends: &[[Key; 2]],
) -> Result<Vec<u32>, redb::Error> {
    let add = |(edge, [start, end]): (&Edge, &[Key; 2])| {
        let (from, to) = (edge.from.0, edge.to.0);
        let number = change.next_edge(from)?;
        change.add_edge(from, number, to, &seal_edge([start, end], number, edge))?;
        change.note([(from, Touch::Related { to: edge.to, number })])?;
        Ok(number)
    };
    edges.iter().zip(ends).map(add).collect()
}

/// Why a record can't supersede one of another space.
pub(super) fn elsewhere(to: MemoryId, space: &str, other: &str) -> String {
    format!("{to} is in the space `{space}` and {other}: what supersedes lies in the same space")
}
