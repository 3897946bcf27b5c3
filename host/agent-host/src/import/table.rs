//! Parquet: a table with a row for each record, as pandas, Polars and DuckDB read and write them.
//!
//! What it says is what lines of JSON say (`lines.rs`), in columns of the same names, and the relations of a record
//! stand in its row: a row may name rows below it, where a line may not. So a file is read twice, first the records,
//! then the relations, and what is written comes row by row.
//!
//! Whoever hands a file over may want to break what reads it. Sizes are looked at before anything is made of them
//! (`thrift.rs`, `pages.rs`), and only what is easily bounded is decoded: no compression but Snappy, no encodings of
//! differences.
//!
//! Not here: vectors, which an encoder makes anew, and whatever JSON Lines do not tell.

#[path = "table/cells.rs"]
mod cells;
#[path = "table/pages.rs"]
mod pages;
#[path = "table/reading.rs"]
mod reading;
#[path = "table/schema.rs"]
mod schema;
#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
#[path = "table/thrift.rs"]
mod thrift;
#[path = "table/writing.rs"]
mod writing;

pub(super) use self::reading::Table;
pub(crate) use self::writing::{TableError, TableWriter};

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";
