//! Vectors of records that come later than these, and whose they are.

use std::collections::BTreeMap;

use voyager_base::clock::Timestamp;
use voyager_disk::database::Broken;

use super::{Memory, writing::Commit};
use crate::{
    error::{ReadError, WriteError},
    past::Touch,
    record::{Invalid, MemoryId},
    row::{open_vector, seal_vector},
    tables::{Act, Change, Deed, Tables},
    vectors::{Code, DIMENSIONS_MAX},
};

/// What makes the vectors of a store. Vectors of different encoders are never compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// Its name, which changes whenever its vectors do.
    pub name: String,
    /// The dimensions of its vectors.
    pub dimensions: usize,
}

impl Memory {
    /// What makes the vectors of this store, once its dimensions are known.
    pub fn encoder(&self) -> Option<&Encoder> {
        self.encoder.get().map(|it| &it.1)
    }

    /// Gives a store that was opened without one the encoder that makes its vectors from now on; one that has it
    /// already keeps it. It must be one that made no vectors here before: those were not read.
    ///
    /// # Errors
    /// [`WriteError::Disk`] where it is another encoder than this store has, or made vectors here before.
    pub fn settle_encoder(&self, encoder: Encoder) -> Result<(), WriteError> {
        let writer = self.writer()?;
        if let Some((_, settled)) = self.encoder.get() {
            let wrong = || WriteError::disk(format!("its vectors are of `{}`", settled.name));
            return if *settled == encoder { Ok(()) } else { Err(wrong()) };
        }
        if known_encoder(&self.tables, &encoder.name).map_err(WriteError::disk)?.is_some() {
            let reason = format!("it was opened without the vectors of `{}`", encoder.name);
            return Err(WriteError::disk(reason));
        }
        let numbered = number_encoder(&self.tables, encoder).map_err(WriteError::disk)?;
        self.encoder.get_or_init(|| numbered);
        drop(writer);
        Ok(())
    }

    /// Gives records that have none a vector of this store's encoder. Those that have one, or are not
    /// here any more, are passed over. Gives back how many got one.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn encode(
        &self,
        vectors: &[(MemoryId, Vec<f32>)],
        now: Timestamp,
    ) -> Result<usize, WriteError> {
        let mut writer = self.writer()?;
        let Some(encoder) = self.encoder.get() else { return Ok(0) };
        let code = |(place, (id, vector)): (usize, &(MemoryId, Vec<f32>))| {
            let invalid = |problem| Invalid { field: "vector", problem };
            let code = self.of_vector(vector, Code::of).map_err(invalid);
            Ok((*id, code.map_err(|invalid| WriteError::Invalid { place, invalid })?))
        };
        // Of several of one record the last is its vector.
        let codes = (1..).zip(vectors).map(code).collect::<Result<BTreeMap<_, _>, WriteError>>()?;
        let bare = self.asked_by(&mut writer, |index| {
            Ok(codes.keys().map(|it| index.lacks_vector(*it)).collect::<Vec<_>>())
        })?;
        let mut rows = Vec::new();
        for ((id, code), _) in codes.into_iter().zip(bare).filter(|it| it.1) {
            if let Some(key) = self.keys.key(id.0).map_err(WriteError::disk)? {
                rows.push((id, seal_vector(&key, &encoder.1.name, &code), code));
            }
        }
        // The first of them all: it tells which kept index knows nothing of these.
        let Some(first) = rows.first().map(|it| it.0.0) else { return Ok(0) };
        let count = rows.len();
        let commit = Commit {
            act: Act { at: now, deed: Deed::Encoded, first, count: count as u64 },
            key: None,
            counters: writer.counters,
            moves: Vec::new(),
            touches: rows.iter().map(|it| (it.0.0, Touch::Encoded)).collect(),
        };
        let add = |change: &Change| {
            change.add_vectors(encoder, rows.iter().map(|it| (it.0.0, it.1.as_slice())))?;
            Ok(rows)
        };
        self.commit_one(&mut writer, commit, add, |index, rows| {
            rows.into_iter().for_each(|(id, _, code)| index.set_vector(id, code));
        })?;
        writer.kept.behind = writer.kept.behind.max(writer.counters.next - first);
        Ok(count)
    }

    /// Records that have no vector of this store's encoder, up to `limit`, the oldest first.
    pub fn unencoded(&self, limit: usize) -> Vec<MemoryId> {
        match self.encoder.get() {
            Some(_) => self.asked(|it| Ok(it.without_vector(limit))).unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// The vector of a record, from its row; none where it has none, or a damaged one.
    pub(super) fn vector_in_row(&self, id: MemoryId) -> Result<Option<Code>, ReadError> {
        let Some((number, encoder)) = self.encoder.get() else { return Ok(None) };
        let Some(sealed) = self.tables.vector(*number, id.0)? else { return Ok(None) };
        let key = self.keys.key(id.0).map_err(Broken::disk)?;
        let code = key.and_then(|it| open_vector(&it, &encoder.name, &sealed));
        Ok(code.filter(|it| it.dimensions() == encoder.dimensions))
    }

    /// What `of` makes of a vector of this store's encoder.
    pub(super) fn of_vector<T>(
        &self,
        vector: &[f32],
        of: impl Fn(&[f32]) -> Option<T>,
    ) -> Result<T, String> {
        let Some((_, encoder)) = self.encoder.get() else {
            return Err("this store has no encoder: it takes no vectors".to_owned());
        };
        if vector.len() != encoder.dimensions {
            let (found, name, wanted) = (vector.len(), &encoder.name, encoder.dimensions);
            return Err(format!("has {found} dimensions, and those of `{name}` have {wanted}"));
        }
        let no_direction = "has no direction: it is all zero, or holds something that is no number";
        of(vector).ok_or_else(|| no_direction.to_owned())
    }
}

/// The number of an encoder; one that has none yet keeps it with its first vectors.
pub(super) fn number_encoder(tables: &Tables, encoder: Encoder) -> Result<(u32, Encoder), Broken> {
    let known = tables.encoders()?;
    if let Some((number, name, dimensions)) = known.iter().find(|it| it.1 == encoder.name) {
        if *dimensions as usize != encoder.dimensions {
            let reason = format!(
                "`{name}` has {} dimensions now and had {dimensions}: another encoder needs another name",
                encoder.dimensions
            );
            return Err(Broken::disk(reason));
        }
        return Ok((*number, encoder));
    }
    if encoder.dimensions == 0 || encoder.dimensions > DIMENSIONS_MAX {
        let reason = format!("an encoder has 1 to {DIMENSIONS_MAX} dimensions");
        return Err(Broken::disk(reason));
    }
    // Never that of another one, whatever became of those.
    let number = known.iter().map(|it| it.0 + 1).max().unwrap_or_default();
    Ok((number, encoder))
}

/// An encoder whose vectors are here, with its number.
pub(super) fn known_encoder(tables: &Tables, name: &str) -> Result<Option<(u32, Encoder)>, Broken> {
    let known = tables.encoders()?.into_iter().find(|it| it.1 == name);
    let encoder = |(number, name, dimensions): (u32, String, u32)| {
        (number, Encoder { name, dimensions: dimensions as usize })
    };
    Ok(known.map(encoder))
}
