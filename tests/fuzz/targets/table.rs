//! Tables in Parquet that people import. Places of what is found lie in the table, drafts are such as can be remembered,
//! and what was read is written as a table that reads back as it was.
#![no_main]

// The program has no library: its readers are read here as they stand there.
#[allow(dead_code, unused_imports, reason = "files of a folder are not read here")]
#[path = "../../../host/agent-host/src/import.rs"]
mod import;
#[allow(dead_code, reason = "times of the command line are not read here")]
#[path = "../../../host/agent-host/src/when.rs"]
mod when;

use import::{Format, Item, Place, Stop, lines::RecordLine, read, table::TableWriter};
use voyager_base::memory::Trust;
use voyager_fuzz::fuzz_target;
use voyager_memory::{Edge, MemoryId};

/// Most rows of a table that are written again: a few bytes may say of many that they are equal.
const ROWS: usize = 1_000;

fuzz_target!(|bytes: &[u8]| {
    let lies_in = |place: Place| {
        assert!(place.line >= 1 && (1..=16).contains(&place.column), "{place:?}");
    };
    let (found, stop) = read("a.parquet", Format::Parquet, bytes);
    if let Some(Stop::Bad(bad)) = &stop {
        // Of the columns of a schema that is refused there may be more.
        assert!(bad.place.line >= 1 && bad.place.column >= 1, "{bad:?}");
    }
    let mut table = TableWriter::new(Vec::new()).expect("memory takes it");
    let mut records = Vec::new();
    for found in found {
        let (place, item) = match found {
            Ok(found) => found,
            Err(bad) => {
                lies_in(bad.place);
                continue;
            }
        };
        lies_in(place);
        match item {
            Item::Record { id, draft, supersedes, trust } => {
                draft.check().expect("it was checked");
                if records.len() < ROWS {
                    let older: Vec<MemoryId> = supersedes.iter().copied().map(MemoryId).collect();
                    let id = MemoryId(id.unwrap_or_default());
                    let line = RecordLine::of(Some(id), (*draft).clone()).supersedes(&older);
                    let line = line.trust(trust.unwrap_or(Trust::Imported));
                    // What is trusted as far as an import is says nothing of it.
                    let trust = trust.filter(|it| *it < Trust::Imported);
                    let line = serde_json::to_string(&line).expect("texts and numbers");
                    table.line(&line).expect("it is a line");
                    records.push(Item::Record { id: Some(id.0), draft, supersedes, trust });
                }
            }
            Item::Relation { from, kind, to, weight } => {
                let edge = Edge { from: MemoryId(from), kind, to: MemoryId(to), weight };
                edge.check().expect("it was checked");
            }
            Item::Empty => panic!("a row is a record"),
        }
    }
    let table = table.finish().expect("memory takes it");
    let (again, stop) = read("a.parquet", Format::Auto, &table);
    assert!(stop.is_none(), "{stop:?}");
    let again: Vec<Item> = again.into_iter().map(|it| it.expect("it was checked").1).collect();
    assert_eq!(again, records, "what is written reads back");
});
