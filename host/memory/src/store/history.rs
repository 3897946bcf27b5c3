//! What was done, and how everything stood at a commit.

use std::collections::BTreeSet;

use voyager_base::clock::Timestamp;
use voyager_disk::database::Broken;

use super::Memory;
use crate::{
    error::ReadError,
    index::Index,
    past::{Blame, Difference, Happened, Happening, Past, Touch},
    recall::Question,
    record::MemoryId,
    tables::{AuditLine, Deed, DeedRow},
};

impl Memory {
    /// Of the records that are here, those that were there at a commit, and how they stood.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn as_of(&self, commit: u64) -> Result<Past, ReadError> {
        self.past_of(&self.index(), commit)
    }

    /// What a question asks of the past; none where it asks of now.
    pub(super) fn past(
        &self,
        index: &Index,
        question: &Question,
    ) -> Result<Option<Past>, ReadError> {
        question.as_of.map(|it| self.past_of(index, it)).transpose()
    }

    fn past_of(&self, index: &Index, commit: u64) -> Result<Past, ReadError> {
        self.check_commit(commit, index.commit())?;
        let written = |it: &AuditLine| it.deed == Deed::Remembered;
        let last = self.tables.last_line(commit, written)?;
        let next = last.map_or(0, |it| it.first + it.count);
        let rows = self.tables.deeds(None)?;
        Ok(Past::of(index, commit, next, self.deeds_from, &rows))
    }

    fn check_commit(&self, commit: u64, last: u64) -> Result<(), ReadError> {
        if commit <= last {
            return Ok(());
        }
        let reason = format!("there is no commit #{commit} yet: the last one is #{last}");
        Err(ReadError::Invalid { reason })
    }

    /// From which commit on it is noted what is done to which record.
    pub fn known_from(&self) -> u64 {
        self.deeds_from
    }

    /// The last commit up to a time, with its time; none where there was none yet.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn commit_at(&self, time: Timestamp) -> Result<Option<AuditLine>, ReadError> {
        let last = self.index().commit();
        Ok(self.tables.last_line(last, |it| it.at <= time)?)
    }

    /// The line of a commit; none where there is none.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn line(&self, commit: u64) -> Result<Option<AuditLine>, ReadError> {
        Ok(self.tables.audit_of(commit..=commit)?.pop())
    }

    /// What was done last, the newest first.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn audit(&self, limit: usize) -> Result<Vec<AuditLine>, ReadError> {
        Ok(self.tables.audit(limit)?)
    }

    /// Since when the cycle of decay is the one that it is: when the last one passed, or where none has, when the first
    /// commit was made; none before that.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn cycle_since(&self) -> Result<Option<Timestamp>, ReadError> {
        let (cycle, commit) = {
            let index = self.index();
            (index.cycle(), index.commit())
        };
        // Where none has passed no line is looked for but the first.
        let last = if cycle == 0 { commit.min(1) } else { commit };
        let begins = |it: &AuditLine| it.commit == 1 || it.deed == Deed::Ticked && it.count > 0;
        Ok(self.tables.last_line(last, begins)?.map(|it| it.at))
    }

    /// What became of the memory after one commit, up to another.
    ///
    /// # Errors
    /// [`ReadError`]; the second must not lie before the first.
    pub fn difference(&self, from: u64, to: u64) -> Result<Difference, ReadError> {
        self.check_commit(from.max(to), self.index().commit())?;
        if to < from {
            let reason = format!("#{to} lies before #{from}: name the earlier one first");
            return Err(ReadError::Invalid { reason });
        }
        let known_from = self.deeds_from;
        let mut told = Difference { from, to, known_from, ..Difference::default() };
        for line in self.tables.audit_of(from + 1..=to)? {
            match line.deed {
                Deed::Remembered => {
                    let ids = (line.first..line.first + line.count).map(MemoryId);
                    let index = self.index();
                    for id in ids.filter(|it| !index.damaged().contains(it)) {
                        if index.holds(id) {
                            told.added.push(id);
                        } else {
                            told.gone += 1;
                        }
                    }
                }
                Deed::Forgotten => told.forgotten += line.count,
                Deed::Encoded => told.encoded += line.count,
                Deed::Ticked => told.cycles += line.count,
                Deed::Consolidated => told.consolidated += line.count,
                Deed::Parted => told.parted += line.count,
                Deed::Related | Deed::Unrelated | Deed::Arranged | Deed::Restored => {}
            }
        }
        let mut edges = Vec::new();
        for row in self.tables.deeds(None)?.iter().filter(|it| from < it.commit && it.commit <= to)
        {
            if let Touch::Forgotten { count } = row.touch {
                let ids = row.id.0..row.id.0 + count;
                told.forgotten_ids.extend(ids.map(MemoryId));
                continue;
            }
            if !self.index().holds(row.id) {
                continue;
            }
            let list = match row.touch {
                Touch::Archived { .. } => &mut told.archived,
                Touch::Restored => &mut told.restored,
                Touch::Pinned => &mut told.pinned,
                Touch::Unpinned => &mut told.unpinned,
                Touch::Trusted { .. } => &mut told.trusted,
                Touch::Unrelated => &mut told.unrelated,
                Touch::Related { number, .. } => {
                    edges.push((row.id.0, number));
                    continue;
                }
                Touch::Encoded | Touch::Forgotten { .. } => continue,
            };
            if list.last() != Some(&row.id) {
                list.push(row.id);
            }
        }
        told.forgotten_ids.sort_unstable();
        told.related = self.edges(&edges)?;
        Ok(told)
    }

    /// Who wrote a record, and what was done to it since.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn blame(&self, id: MemoryId) -> Result<Blame, ReadError> {
        let keys = {
            let index = self.index();
            if !index.holds(id) && !index.damaged().contains(&id) {
                return Err(ReadError::NotFound { id });
            }
            index.edges_of(id).into_iter().map(|it| it.0).collect::<Vec<_>>()
        };
        let lines = self.tables.audit_of(0..=u64::MAX)?;
        let wrote = |it: &&AuditLine| {
            it.deed == Deed::Remembered && it.first <= id.0 && id.0 - it.first < it.count
        };
        let written = lines.iter().find(wrote).copied();
        let written = written.ok_or_else(|| Broken::damaged(format!("no line tells of {id}")))?;
        let at = |commit: u64| {
            let place = lines.binary_search_by_key(&commit, |it| it.commit);
            place.ok().map(|it| lines[it].at)
        };
        let mut since = Vec::new();
        let mut undated = Vec::new();
        let own = self.tables.deeds(Some(id))?;
        for (from, number) in keys {
            let far;
            let rows = if from == id.0 {
                &own
            } else {
                far = self.tables.deeds(Some(MemoryId(from)))?;
                &far
            };
            let is_it = |it: &&DeedRow| matches!(it.touch, Touch::Related { number: of, .. } if of == number);
            let commit = rows.iter().find(is_it).map(|it| it.commit);
            for edge in self.edges(&[(from, number)])? {
                match commit {
                    Some(commit) => {
                        let what = Happened::Related(edge);
                        since.push(Happening { commit, at: at(commit), what });
                    }
                    None => undated.push(edge),
                }
            }
        }
        for row in own.iter().filter(|it| !matches!(it.touch, Touch::Related { .. })) {
            let (commit, what) = (row.commit, Happened::Touched(row.touch));
            since.push(Happening { commit, at: at(commit), what });
        }
        since.sort_by_key(|it| it.commit);
        Ok(Blame { written, since, undated, known_from: self.deeds_from })
    }

    /// Whether a relation from one record to another was taken back, whatever has been related since.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn was_unrelated(&self, from: MemoryId, to: MemoryId) -> Result<bool, ReadError> {
        let commits = |id| -> Result<BTreeSet<u64>, ReadError> {
            let rows = self.tables.deeds(Some(id))?.into_iter();
            Ok(rows.filter(|it| it.touch == Touch::Unrelated).map(|it| it.commit).collect())
        };
        let there = commits(from)?;
        if there.is_empty() {
            return Ok(false);
        }
        for commit in there.intersection(&commits(to)?) {
            // One that leads back touches both, too.
            let lines = self.tables.audit_of(*commit..=*commit)?;
            if lines.iter().any(|it| it.deed == Deed::Unrelated && it.first == from.0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Which commit forgot a record, where one did and that is known.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn forgotten(&self, id: MemoryId) -> Result<Option<AuditLine>, ReadError> {
        let gone = |it: &DeedRow| match it.touch {
            Touch::Forgotten { count } => it.id <= id && id.0 - it.id.0 < count,
            _ => false,
        };
        let Some(row) = self.tables.deeds(None)?.into_iter().find(gone) else { return Ok(None) };
        Ok(self.tables.audit_of(row.commit..=row.commit)?.pop())
    }
}
