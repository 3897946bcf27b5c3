//! Tables in Parquet that people import. Places of what is found lie in the table, drafts are such as can be remembered,
//! and what was read is written as a table that reads back as it was.

use super::imported;
use crate::import::{Format, Item, Place, Stop, files::read, table::TableWriter};

/// Most rows of a table that are written again: a few bytes may say of many that they are equal.
const ROWS: usize = 1_000;

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    let lies_in = |place: Place| {
        assert!(place.line >= 1 && (1..=16).contains(&place.column), "{place:?}");
    };
    let (items, stop) = imported::items("a.parquet", Format::Parquet, bytes, lies_in);
    if let Some(Stop::Bad(bad)) = &stop {
        // Of the columns of a schema that is refused there may be more.
        assert!(bad.place.line >= 1 && bad.place.column >= 1, "{bad:?}");
    }
    let mut table = TableWriter::new(Vec::new()).expect("memory takes it");
    let mut records = Vec::new();
    for item in items {
        let (id, draft, supersedes, trust) = match item {
            Item::Record { id, draft, supersedes, trust, .. } => (id, draft, supersedes, trust),
            Item::Relation { .. } => continue,
            Item::Empty => panic!("a row is a record"),
        };
        if records.len() == ROWS {
            break;
        }
        let id = Some(id.unwrap_or_default());
        let (line, trust) = imported::line(id, &draft, &supersedes, trust);
        let line = serde_json::to_string(&line).expect("texts and numbers");
        table.line(&line).expect("it is a line");
        records.push(Item::Record { id, draft, supersedes, trust, untimed: None });
    }
    let table = table.finish().expect("memory takes it");
    let (again, stop) = read("a.parquet", Format::Auto, &table);
    assert!(stop.is_none(), "{stop:?}");
    let again: Vec<Item> = again.into_iter().map(|it| it.expect("it was checked").1).collect();
    assert_eq!(again, records, "what is written reads back");
}
