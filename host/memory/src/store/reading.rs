//! Reading records: by their ids, and those that a question allows whatever its words.

use std::borrow::Cow;

use voyager_disk::database::Broken;

use super::{Memory, recalling::allowed};
use crate::{
    error::ReadError,
    index::Index,
    recall::Question,
    record::{MemoryId, Record},
    row::open_record,
};

impl Memory {
    /// A record.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn record(&self, id: MemoryId) -> Result<Record, ReadError> {
        let row = self.tables.records(&[id.0])?.pop().flatten();
        self.open_row(id, row)?.ok_or(ReadError::NotFound { id })
    }

    /// Records by their ids; none for those that are not here, or turn out to be damaged: these are set aside.
    ///
    /// # Errors
    /// [`ReadError::Disk`].
    pub fn records(&self, ids: &[MemoryId]) -> Result<Vec<Option<Record>>, ReadError> {
        let numbers: Vec<u64> = ids.iter().map(|it| it.0).collect();
        let rows = self.tables.records(&numbers)?;
        let mut damaged = Vec::new();
        let record = |(id, row): (&MemoryId, Option<Vec<u8>>)| match self.open_row(*id, row) {
            Err(ReadError::Damaged { id }) => {
                damaged.push(id);
                Ok(None)
            }
            opened => opened,
        };
        let records = ids.iter().zip(rows).map(record).collect::<Result<_, _>>()?;
        self.set_aside(&damaged);
        Ok(records)
    }

    /// A record; none where it can't be read, or was forgotten in between.
    pub(super) fn record_if_there(&self, id: MemoryId) -> Result<Option<Record>, ReadError> {
        match self.record(id) {
            Ok(record) => Ok(Some(record)),
            Err(ReadError::NotFound { .. } | ReadError::Damaged { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// A record from its row; none where there is no row, or no key: it was forgotten since its row was read.
    fn open_row(&self, id: MemoryId, row: Option<Vec<u8>>) -> Result<Option<Record>, ReadError> {
        let Some(row) = row else { return Ok(None) };
        let Some(key) = self.keys.key(id.0).map_err(Broken::disk)? else { return Ok(None) };
        open_record(&key, id, &row).map(Some).ok_or(ReadError::Damaged { id })
    }

    /// Sets records aside that turned out to be damaged. Those that were forgotten since are none.
    pub(super) fn set_aside(&self, damaged: &[MemoryId]) {
        if damaged.is_empty() {
            return;
        }
        let mut index = self.index_mut();
        for id in damaged {
            if index.holds(*id) {
                index.set_aside(*id);
            }
        }
    }

    /// All records, in the order of writing.
    pub fn ids(&self) -> Vec<MemoryId> {
        self.index().ids()
    }

    /// The records that a question allows, whatever its words, in the order of writing: of a field with a value those that
    /// have it are looked up.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn allowed(&self, question: &Question) -> Result<Vec<MemoryId>, ReadError> {
        self.allowed_after(question, None, usize::MAX)
    }

    /// The first `limit` of them behind a record, where one is named: of a space no more records are looked at than it takes to
    /// find so many, but for those that are looked up.
    pub(crate) fn allowed_after(
        &self,
        question: &Question,
        after: Option<MemoryId>,
        limit: usize,
    ) -> Result<Vec<MemoryId>, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            let mut ids = Vec::new();
            for shard in index.shards(&question.spaces) {
                let places = match question.fields.first() {
                    Some(field) => Cow::Owned(shard.with_field(field)),
                    None => Cow::Borrowed(shard.after(after)),
                };
                let docs = places.iter().filter_map(|it| shard.doc(*it));
                let docs = docs.filter(|it| after.is_none_or(|after| after < it.id));
                let docs = docs.filter(|it| allowed(index, (question, past.as_ref()), shard, it));
                // What is looked up by a field comes in no order of ids.
                let most = if question.fields.is_empty() { limit } else { usize::MAX };
                ids.extend(docs.map(|it| it.id).take(most));
            }
            ids.sort_unstable();
            ids.truncate(limit);
            Ok(ids)
        })
    }

    /// The spaces that there are, by name.
    pub fn spaces(&self) -> Vec<String> {
        self.index().spaces().map(|it| it.0.to_owned()).collect()
    }

    /// The space of a record.
    ///
    /// # Errors
    /// [`ReadError::NotFound`].
    pub fn space_of(&self, id: MemoryId) -> Result<String, ReadError> {
        self.told_of(id, |it| it.space_of(id).map(str::to_owned))
    }

    /// What the index tells of a record that is there.
    pub(super) fn told_of<T>(
        &self,
        id: MemoryId,
        told: impl FnOnce(&Index) -> Option<T>,
    ) -> Result<T, ReadError> {
        told(&self.index()).ok_or(ReadError::NotFound { id })
    }
}
