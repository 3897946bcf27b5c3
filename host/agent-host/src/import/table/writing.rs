//! Lines of an export as a table, group of rows by group of rows.

use std::{io::Write, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, FloatType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use voyager_memory::MemoryId;

use super::{
    super::lines::{Id, RecordLine, RelationLine, is_relation},
    schema::WRITTEN,
};

/// A group of rows ends with so many, or where its lines have so many bytes.
const ROWS_MAX: usize = 16_384;
const BYTES_MAX: usize = 16 << 20;

/// A table on its way.
pub(crate) struct TableWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<Row>,
    bytes: usize,
    /// After so many rows a group ends.
    pub(super) rows_max: usize,
}

/// A record with the relations that start at it.
struct Row {
    record: RecordLine,
    relations: Vec<RelationLine>,
}

/// Why no table can be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    /// The file refuses.
    #[error("cannot write the table")]
    File(#[from] ParquetError),
    /// That is no line of an export.
    #[error("the export holds a line that is none")]
    Line(#[from] serde_json::Error),
    /// The relation does not stand behind the record that it starts at.
    #[error(
        "a relation stands far from its record: the process that has the state is an older program"
    )]
    Order,
}

impl<W: Write + Send> TableWriter<W> {
    /// A table without rows.
    ///
    /// # Errors
    /// [`TableError::File`].
    pub(crate) fn new(file: W) -> Result<Self, TableError> {
        // Texts and ids are all different, and bounds of texts tell nobody anything.
        let [text, id] = ["text", "id"].map(|it| vec![it.to_owned()].into());
        let properties = WriterProperties::builder()
            .set_created_by(format!("Voyager {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_column_dictionary_enabled(text, false)
            .set_column_dictionary_enabled(id, false)
            .set_column_statistics_enabled(vec!["text".to_owned()].into(), EnabledStatistics::None)
            .build();
        let schema = Arc::new(parse_message_type(WRITTEN)?);
        let file = SerializedFileWriter::new(file, schema, Arc::new(properties))?;
        Ok(Self { file, rows: Vec::new(), bytes: 0, rows_max: ROWS_MAX })
    }

    /// Adds a line of an export: a record, or a relation that starts at the last one.
    ///
    /// # Errors
    /// [`TableError`].
    pub(crate) fn line(&mut self, line: &str) -> Result<(), TableError> {
        if is_relation(line.as_bytes()) {
            let relation: RelationLine = serde_json::from_str(line)?;
            let last = self.rows.last_mut();
            let from = last.filter(|it| it.record.id.is_some_and(|it| it.0 == relation.from.0));
            from.ok_or(TableError::Order)?.relations.push(relation);
            self.bytes += line.len();
            return Ok(());
        }
        if self.rows.len() >= self.rows_max || self.bytes >= BYTES_MAX {
            self.group()?;
        }
        let record: RecordLine = serde_json::from_str(line)?;
        self.rows.push(Row { record, relations: Vec::new() });
        self.bytes += line.len();
        Ok(())
    }

    /// Writes what is left, and what the file says of itself.
    ///
    /// # Errors
    /// [`TableError::File`].
    pub(crate) fn finish(mut self) -> Result<W, TableError> {
        self.group()?;
        let mut file = self.file.into_inner()?;
        file.flush().map_err(ParquetError::from)?;
        Ok(file)
    }

    fn group(&mut self) -> Result<(), TableError> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = Group { group: self.file.next_row_group()?, rows: &rows };
        let tell = |id: &Id| MemoryId(id.0).to_string();
        // In the order of the schema.
        group.texts(|it| it.id.as_ref().map_or_else(String::new, tell))?;
        group.texts(|it| it.space.clone())?;
        group.texts(|it| it.text.clone())?;
        group.optional::<ByteArrayType>(|it| it.author.as_deref().map(ByteArray::from))?;
        group.optional::<ByteArrayType>(|it| it.thread.as_deref().map(ByteArray::from))?;
        group.optional::<Int64Type>(|it| it.at.map(|it| it.0.as_micros().cast_signed()))?;
        group.texts(|it| it.kind.clone())?;
        group.lists::<ByteArrayType>(|it| texts(&it.record.tags))?;
        group.lists::<ByteArrayType>(|it| texts(it.record.fields.keys()))?;
        group.lists::<ByteArrayType>(|it| texts(it.record.fields.values()))?;
        group.all::<FloatType>(|it| it.importance)?;
        group.all::<FloatType>(|it| it.confidence)?;
        group.all::<BoolType>(|it| it.pinned)?;
        group.all::<BoolType>(|it| it.archived)?;
        group.lists::<ByteArrayType>(|it| {
            it.record.supersedes.iter().map(|it| ByteArray::from(&*tell(it))).collect()
        })?;
        group.optional::<ByteArrayType>(|it| it.trust.map(|it| ByteArray::from(it.name())))?;
        group.lists::<ByteArrayType>(|it| texts(it.relations.iter().map(|it| &it.kind)))?;
        group.lists::<ByteArrayType>(|it| {
            it.relations.iter().map(|it| ByteArray::from(&*tell(&it.to))).collect()
        })?;
        group.lists::<FloatType>(|it| it.relations.iter().map(|it| it.weight).collect())?;
        group.group.close()?;
        Ok(())
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<ByteArray> {
    texts.into_iter().map(|it| ByteArray::from(it.as_str())).collect()
}

/// A group of rows, written column by column.
struct Group<'a, W: Write> {
    group: SerializedRowGroupWriter<'a, W>,
    rows: &'a [Row],
}

impl<W: Write + Send> Group<'_, W> {
    fn texts(&mut self, of: impl Fn(&RecordLine) -> String) -> Result<(), ParquetError> {
        self.all::<ByteArrayType>(|it| ByteArray::from(of(it).into_bytes()))
    }

    /// A column in which each row has a value.
    fn all<T: DataType>(&mut self, of: impl Fn(&RecordLine) -> T::T) -> Result<(), ParquetError> {
        let values: Vec<T::T> = self.rows.iter().map(|it| of(&it.record)).collect();
        self.write::<T>(&values, None, None)
    }

    /// A column in which a row may have none.
    fn optional<T: DataType>(
        &mut self,
        of: impl Fn(&RecordLine) -> Option<T::T>,
    ) -> Result<(), ParquetError> {
        let cells: Vec<Option<T::T>> = self.rows.iter().map(|it| of(&it.record)).collect();
        let levels: Vec<i16> = cells.iter().map(|it| i16::from(it.is_some())).collect();
        let values: Vec<T::T> = cells.into_iter().flatten().collect();
        self.write::<T>(&values, Some(&levels), None)
    }

    /// A column of a list.
    fn lists<T: DataType>(&mut self, of: impl Fn(&Row) -> Vec<T::T>) -> Result<(), ParquetError> {
        let (mut values, mut there, mut goes_on) = (Vec::new(), Vec::new(), Vec::new());
        for row in self.rows {
            let list = of(row);
            // A list without elements has one level, too.
            there.extend(std::iter::repeat_n(i16::from(!list.is_empty()), list.len().max(1)));
            goes_on.push(0);
            goes_on.extend(std::iter::repeat_n(1, list.len().saturating_sub(1)));
            values.extend(list);
        }
        self.write::<T>(&values, Some(&there), Some(&goes_on))
    }

    fn write<T: DataType>(
        &mut self,
        values: &[T::T],
        definitions: Option<&[i16]>,
        repetitions: Option<&[i16]>,
    ) -> Result<(), ParquetError> {
        let column = self.group.next_column()?;
        let none =
            || ParquetError::General("there are fewer columns than the schema has".to_owned());
        let mut column = column.ok_or_else(none)?;
        column.typed::<T>().write_batch(values, definitions, repetitions)?;
        column.close()
    }
}
