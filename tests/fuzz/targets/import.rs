//! Files that people import: JSON Lines, chats, notes. Places of what is found lie in the file, drafts are such as can be
//! remembered, and what is exported reads back as it was.
#![no_main]

// The program has no library: its readers are read here as they stand there.
#[allow(dead_code, unused_imports, reason = "files of a folder are not read here")]
#[path = "../../../host/agent-host/src/import.rs"]
mod import;
#[allow(dead_code, reason = "times of the command line are not read here")]
#[path = "../../../host/agent-host/src/when.rs"]
mod when;

use import::{Format, Item, Place, Stop, lines::RecordLine, read};
use voyager_base::memory::Trust;
use voyager_fuzz::fuzz_target;
use voyager_memory::{Edge, MemoryId};

/// Names and formats under which the bytes are read.
const AS: [(&str, Format); 7] = [
    ("a.jsonl", Format::Auto),
    ("a.json", Format::Auto),
    ("a.json", Format::Chat),
    ("a.md", Format::Auto),
    ("a.txt", Format::Auto),
    ("a.bin", Format::Auto),
    ("a.txt", Format::Chat),
];

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.iter().filter(|it| **it == b'\n').count() as u64 + 1;
    let lies_in = |place: Place| {
        assert!(place.line >= 1 && place.line <= lines + 1 && place.column >= 1, "{place:?}");
    };
    for (name, format) in AS {
        let (found, stop) = read(name, format, bytes);
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
                    let older: Vec<MemoryId> = supersedes.iter().copied().map(MemoryId).collect();
                    let line =
                        RecordLine::of(id.map(MemoryId), (*draft).clone()).supersedes(&older);
                    let line = line.trust(trust.unwrap_or(Trust::Imported));
                    let line = serde_json::to_vec(&line).expect("texts and numbers can be written");
                    let (again, stop) = read("a.jsonl", Format::Auto, &line);
                    assert!(stop.is_none());
                    let [Ok((_, Item::Record { id: same, draft: read, trust: kept, .. }))] =
                        &again[..]
                    else {
                        panic!("{again:?}");
                    };
                    // What is trusted as far as an import is says nothing of it.
                    let trust = trust.filter(|it| *it < Trust::Imported);
                    let expected = (&id, &draft, &trust);
                    assert_eq!((same, read, kept), expected, "what is exported reads back");
                }
                Item::Relation { from, kind, to, weight } => {
                    let edge = Edge { from: MemoryId(from), kind, to: MemoryId(to), weight };
                    edge.check().expect("it was checked");
                }
                Item::Empty => {}
            }
        }
        if let Some(Stop::Bad(bad)) = stop {
            lies_in(bad.place);
        }
    }
});
