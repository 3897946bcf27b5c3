//! The values of a column, row by row.

use parquet::{
    column::{
        page::PageReader,
        reader::{ColumnReader, ColumnReaderImpl, get_column_reader},
    },
    data_type::{
        BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type, Int96,
        Int96Type,
    },
    errors::{ParquetError, Result},
    schema::types::ColumnDescPtr,
};

use super::schema::Leaf;

/// A value as it lies in the file.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bytes(ByteArray),
    /// With a sign or without: both fit.
    Whole(i128),
    Real(f64),
    YesOrNo(bool),
    Old(Int96),
}

/// What a row has in a column: one value or null, or those of a list.
pub(super) type Cell = Vec<Option<Value>>;

/// A column that is read.
pub(super) struct Cells {
    column: Column,
    /// The levels at which a value is there, and an element of a list.
    there: i16,
    element: Option<i16>,
    is_unsigned: bool,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    /// How many levels were read, and how many of them, and of the values, were taken.
    levels: usize,
    taken: usize,
    taken_values: usize,
}

enum Column {
    Bytes(ColumnReaderImpl<ByteArrayType>, Vec<ByteArray>),
    Int32(ColumnReaderImpl<Int32Type>, Vec<i32>),
    Int64(ColumnReaderImpl<Int64Type>, Vec<i64>),
    Float(ColumnReaderImpl<FloatType>, Vec<f32>),
    Double(ColumnReaderImpl<DoubleType>, Vec<f64>),
    Bool(ColumnReaderImpl<BoolType>, Vec<bool>),
    Int96(ColumnReaderImpl<Int96Type>, Vec<Int96>),
}

impl Cells {
    pub(super) fn new(
        leaf: &Leaf,
        about: ColumnDescPtr,
        pages: Box<dyn PageReader>,
    ) -> Result<Self> {
        let column = match get_column_reader(about, pages) {
            ColumnReader::ByteArrayColumnReader(it) => Column::Bytes(it, Vec::new()),
            ColumnReader::Int32ColumnReader(it) => Column::Int32(it, Vec::new()),
            ColumnReader::Int64ColumnReader(it) => Column::Int64(it, Vec::new()),
            ColumnReader::FloatColumnReader(it) => Column::Float(it, Vec::new()),
            ColumnReader::DoubleColumnReader(it) => Column::Double(it, Vec::new()),
            ColumnReader::BoolColumnReader(it) => Column::Bool(it, Vec::new()),
            ColumnReader::Int96ColumnReader(it) => Column::Int96(it, Vec::new()),
            ColumnReader::FixedLenByteArrayColumnReader(_) => return Err(broken()),
        };
        let (there, element, is_unsigned) = (leaf.there, leaf.element, leaf.is_unsigned);
        let (definitions, repetitions) = (Vec::new(), Vec::new());
        let (levels, taken, taken_values) = (0, 0, 0);
        Ok(Self {
            column,
            there,
            element,
            is_unsigned,
            definitions,
            repetitions,
            levels,
            taken,
            taken_values,
        })
    }

    /// Forgets the values that were read.
    pub(super) fn clear(&mut self) {
        (self.levels, self.taken, self.taken_values) = (0, 0, 0);
        self.definitions.clear();
        self.repetitions.clear();
        match &mut self.column {
            Column::Bytes(_, it) => it.clear(),
            Column::Int32(_, it) => it.clear(),
            Column::Int64(_, it) => it.clear(),
            Column::Float(_, it) => it.clear(),
            Column::Double(_, it) => it.clear(),
            Column::Bool(_, it) => it.clear(),
            Column::Int96(_, it) => it.clear(),
        }
    }

    /// Reads the values of so many rows.
    pub(super) fn read(&mut self, rows: usize) -> Result<()> {
        let (defs, reps) = (Some(&mut self.definitions), Some(&mut self.repetitions));
        let (_, _, levels) = match &mut self.column {
            Column::Bytes(reader, it) => reader.read_records(rows, defs, reps, it)?,
            Column::Int32(reader, it) => reader.read_records(rows, defs, reps, it)?,
            Column::Int64(reader, it) => reader.read_records(rows, defs, reps, it)?,
            Column::Float(reader, it) => reader.read_records(rows, defs, reps, it)?,
            Column::Double(reader, it) => reader.read_records(rows, defs, reps, it)?,
            Column::Bool(reader, it) => reader.read_records(rows, defs, reps, it)?,
            Column::Int96(reader, it) => reader.read_records(rows, defs, reps, it)?,
        };
        self.levels = levels;
        Ok(())
    }

    /// What the next row has.
    pub(super) fn next(&mut self) -> Result<Cell> {
        let mut cell = Vec::new();
        loop {
            if self.taken >= self.levels {
                return Err(ParquetError::General("it has fewer rows than the others".to_owned()));
            }
            // Where there is no level all values are there.
            let level = self.definitions.get(self.taken).copied().unwrap_or(self.there);
            if level >= self.there {
                cell.push(Some(self.value(self.taken_values).ok_or_else(broken)?));
                self.taken_values += 1;
            } else if self.element.is_none_or(|it| level >= it) {
                cell.push(None);
            }
            self.taken += 1;
            if self.repetitions.get(self.taken).is_none_or(|it| *it == 0) {
                return Ok(cell);
            }
        }
    }

    fn value(&self, at: usize) -> Option<Value> {
        Some(match &self.column {
            Column::Bytes(_, it) => Value::Bytes(it.get(at)?.clone()),
            Column::Int32(_, it) if self.is_unsigned => {
                Value::Whole(i128::from(it.get(at)?.cast_unsigned()))
            }
            Column::Int32(_, it) => Value::Whole(i128::from(*it.get(at)?)),
            Column::Int64(_, it) if self.is_unsigned => {
                Value::Whole(i128::from(it.get(at)?.cast_unsigned()))
            }
            Column::Int64(_, it) => Value::Whole(i128::from(*it.get(at)?)),
            Column::Float(_, it) => Value::Real(f64::from(*it.get(at)?)),
            Column::Double(_, it) => Value::Real(*it.get(at)?),
            Column::Bool(_, it) => Value::YesOrNo(*it.get(at)?),
            Column::Int96(_, it) => Value::Old(*it.get(at)?),
        })
    }
}

fn broken() -> ParquetError {
    ParquetError::General("its levels do not fit its values".to_owned())
}
