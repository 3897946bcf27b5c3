//! How records stand: what is left of their weight, whether they are pinned or archived, and how far they are trusted.

use std::collections::HashMap;

use voyager_base::{Digest, clock::Timestamp, memory::Trust};

use super::{
    Memory, each_once,
    writing::{Commit, Writer},
};
use crate::{
    decay::{death_of, weight_used},
    error::{ReadError, WriteError},
    horizon::{Ahead, Move},
    past::Touch,
    record::{Invalid, MemoryId},
    row::Standing,
    tables::{Act, AuditLine, Change, Counters, Deed, DeedRow},
};

/// What passing cycles did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticked {
    /// The cycle of decay now.
    pub cycle: u64,
    /// How many records were archived.
    pub archived: usize,
}

impl Memory {
    /// Pins a record, or lets it decay again. One that is archived stays so.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn pin(&self, id: MemoryId, pinned: bool, now: Timestamp) -> Result<(), WriteError> {
        let touch = if pinned { Touch::Pinned } else { Touch::Unpinned };
        self.arrange((Deed::Arranged, Some(touch), None), &[id], now, |standing, cycle| {
            match standing.archived {
                // It goes on fading: its weight says how long ago it faded.
                true => Standing { pinned, ..standing },
                false => Standing { weight: standing.weight_at(cycle), cycle, pinned, ..standing },
            }
        })
    }

    /// Says that records were of use, all of them or none: they fade later. One that is archived stays so. Once for each
    /// `key`, as [`Self::remember`].
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn used(
        &self,
        ids: &[MemoryId],
        key: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        self.arrange((Deed::Arranged, None, key), ids, now, |standing, cycle| Standing {
            weight: weight_used(standing.weight_at(cycle)),
            cycle,
            ..standing
        })
    }

    /// Brings archived records back, with a weight from which they fade again. Those that are not archived
    /// stay as they are. Gives back the ones that were.
    ///
    /// # Errors
    /// [`WriteError`]; a weight below [`Options::archive_below`](super::Options::archive_below) is refused, since the next
    /// tick would take it back.
    pub fn restore(
        &self,
        ids: &[MemoryId],
        weight: f64,
        now: Timestamp,
    ) -> Result<Vec<MemoryId>, WriteError> {
        let below = self.archive_below;
        if !(weight >= below && weight > 0.0 && weight <= 1.0) {
            let problem =
                format!("is {weight}, and must be above 0, {below} at least, and up to 1");
            let invalid = Invalid { field: "weight", problem };
            return Err(WriteError::Invalid { place: 1, invalid });
        }
        let mut archived = Vec::new();
        for id in each_once(ids) {
            archived.extend(self.is_archived(id)?.then_some(id));
        }
        let restored = (Deed::Restored, Some(Touch::Restored), None);
        self.arrange(restored, &archived, now, |standing, cycle| match standing.archived {
            true => Standing { weight, cycle, archived: false, ..standing },
            false => standing,
        })?;
        Ok(archived)
    }

    /// Says how far records are trusted by themselves: more than they were, or less. What they descend from bounds them
    /// as before.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn set_trust(
        &self,
        ids: &[MemoryId],
        trust: Trust,
        now: Timestamp,
    ) -> Result<(), WriteError> {
        let touch = Touch::Trusted { trust };
        let trust = Some(trust);
        self.arrange((Deed::Arranged, Some(touch), None), ids, now, |standing, _| Standing {
            trust,
            ..standing
        })
    }

    /// Changes standings, each once however often it is named.
    fn arrange(
        &self,
        (deed, touch, key): (Deed, Option<Touch>, Option<&Digest>),
        ids: &[MemoryId],
        now: Timestamp,
        change: impl Fn(Standing, u64) -> Standing,
    ) -> Result<(), WriteError> {
        let mut writer = self.writer()?;
        if self.was_done(key)? {
            return Ok(());
        }
        let cycle = writer.counters.cycle;
        let ids = each_once(ids);
        let mut rows = Vec::new();
        for id in &ids {
            let standing = self.told_of(*id, |it| it.standing(*id))?;
            rows.push((id.0, change(standing, cycle)));
        }
        let Some(first) = ids.first().map(|it| it.0) else { return Ok(()) };
        let commit = Commit {
            act: Act { at: now, deed, first, count: ids.len() as u64 },
            key: key.copied(),
            counters: writer.counters,
            moves: Vec::new(),
            touches: rows.iter().filter_map(|it| Some((it.0, touch?))).collect(),
        };
        self.set_standings(&mut writer, commit, &rows)
    }

    /// Lets cycles of decay pass, and archives what faded until then: its weight is below
    /// [`Options::archive_below`](super::Options::archive_below), it is not pinned, nothing that has not faded cites it,
    /// and what it tells was told before `now`. Looks at those whose time has come, never at all records. Gives back
    /// the cycle, and how many were archived.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn tick(&self, cycles: u64, now: Timestamp) -> Result<Ticked, WriteError> {
        let mut writer = self.writer()?;
        let cycle = writer.counters.cycle.saturating_add(cycles);
        let first = writer.counters.cycle.saturating_add(1).min(cycle);
        let (rows, touches, moves) = self.asked_by(&mut writer, |index| {
            let (mut rows, mut touches, mut moves) = (Vec::new(), Vec::new(), Vec::new());
            for (due, id) in self.tables.due(cycle).map_err(WriteError::disk)? {
                let record = MemoryId(id);
                let after = Ahead::default().horizon(index, record, self.archive_below);
                if after != Some(due) {
                    // What is damaged was taken out of the index, with its edges.
                    moves.push(Move { id, before: Some(due), after });
                }
                let lies_ahead = index.told(record).is_some_and(|it| it > now.as_micros());
                if let Some(faded) = after.filter(|it| *it <= cycle && !lies_ahead)
                    && let Some(standing) = index.standing(record)
                {
                    rows.push((id, Standing { archived: true, ..standing }));
                    // What was kept beyond its time, or let go after it, fades as this tick begins.
                    touches.push((id, Touch::Archived { cycle: Some(faded.max(first)) }));
                }
            }
            Ok((rows, touches, moves))
        })?;
        let commit = Commit {
            act: Act { at: now, deed: Deed::Ticked, first: cycle, count: cycles },
            key: None,
            counters: Counters { cycle, ..writer.counters },
            moves,
            touches,
        };
        self.set_standings(&mut writer, commit, &rows)?;
        Ok(Ticked { cycle, archived: rows.len() })
    }

    /// Commits other standings, with what they move in the horizon.
    fn set_standings(
        &self,
        writer: &mut Writer,
        mut commit: Commit,
        rows: &[(u64, Standing)],
    ) -> Result<(), WriteError> {
        let standings = rows.iter().map(|it| (MemoryId(it.0), it.1)).collect();
        commit.moves.extend(self.moves(&Ahead { standings, ..Ahead::default() }));
        let set = |change: &Change| change.set_standings(rows);
        self.commit_one(writer, commit, set, |index, ()| {
            rows.iter().for_each(|(id, standing)| index.set_standing(MemoryId(*id), *standing));
        })
    }

    /// What is left of the weight of a record.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn weight(&self, id: MemoryId) -> Result<f64, ReadError> {
        self.told_of(id, |it| Some(it.standing(id)?.relevance_at(it.cycle())))
    }

    /// Whether a record is pinned now, whatever its draft said.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn is_pinned(&self, id: MemoryId) -> Result<bool, ReadError> {
        self.told_of(id, |it| Some(it.standing(id)?.pinned))
    }

    /// Whether a record is archived: kept, and not recalled.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn is_archived(&self, id: MemoryId) -> Result<bool, ReadError> {
        self.told_of(id, |it| Some(it.standing(id)?.archived))
    }

    /// How far a record is trusted: the least of its own trust and that of all that it descends from.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn trust(&self, id: MemoryId) -> Result<Trust, ReadError> {
        self.told_of(id, |it| it.trust(id))
    }

    /// How far it is trusted by itself.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn own_trust(&self, id: MemoryId) -> Result<Trust, ReadError> {
        self.told_of(id, |it| Some(it.standing(id)?.trust.unwrap_or_default()))
    }

    /// The records that one is derived from directly and that are trusted no more than it is, where it is trusted less
    /// than by itself: one of them may be damaged, and not be here.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn lowered_by(&self, id: MemoryId) -> Result<Vec<MemoryId>, ReadError> {
        let index = self.index();
        let trust = index.trust(id).ok_or(ReadError::NotFound { id })?;
        if index.standing(id).and_then(|it| it.trust).is_none_or(|it| it <= trust) {
            return Ok(Vec::new());
        }
        let least = |it: &MemoryId| index.trust(*it).unwrap_or_default() <= trust;
        let mut sources: Vec<MemoryId> = index.lineage().sources(id).filter(least).collect();
        sources.dedup();
        Ok(sources)
    }

    /// Archived records that faded at least so many cycles ago, in the order of writing. What others cite fades later
    /// than by itself, and what was used since fades anew.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn archived(&self, cycles: u64) -> Result<Vec<MemoryId>, ReadError> {
        let (now, mut found) = {
            let index = self.index();
            let by_itself = |it: &MemoryId| {
                index.standing(*it).is_some_and(|it| {
                    let death = death_of(it.weight, it.cycle, self.archive_below);
                    it.archived && index.cycle().saturating_sub(death) >= cycles
                })
            };
            let ids = if index.archived() > 0 { index.ids() } else { Vec::new() };
            (index.cycle(), ids.into_iter().filter(by_itself).collect::<Vec<_>>())
        };
        if found.is_empty() || cycles == 0 {
            return Ok(found);
        }
        let lines = self.tables.audit_of(0..=u64::MAX)?.into_iter();
        let ticks = lines.filter(|it| it.deed == Deed::Ticked);
        let began = |it: AuditLine| (it.commit, it.first.saturating_sub(it.count) + 1);
        let ticks: HashMap<u64, u64> = ticks.map(began).collect();
        let rows = self.tables.deeds(None)?.into_iter();
        let faded = |it: DeedRow| match it.touch {
            // Where nobody noted the cycle it was not before the tick began.
            Touch::Archived { cycle } => {
                Some((it.id, cycle.or_else(|| ticks.get(&it.commit).copied())?))
            }
            _ => None,
        };
        // The last one counts: a record may have been brought back before.
        let archived: HashMap<MemoryId, u64> = rows.filter_map(faded).collect();
        // Of what an older program archived nobody may know more than when it faded by itself.
        found.retain(|it| archived.get(it).is_none_or(|it| now.saturating_sub(*it) >= cycles));
        Ok(found)
    }
}
