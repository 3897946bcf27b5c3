//! Files that people import: JSON Lines, chats, notes. Places of what is found lie in the file, drafts are such as can be
//! remembered, and what is exported reads back as it was.

use super::imported;
use crate::import::{Format, Item, Place, Stop, files::read};

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

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    let lines = bytes.iter().filter(|it| **it == b'\n').count() as u64 + 1;
    let lies_in = |place: Place| {
        assert!(place.line >= 1 && place.line <= lines + 1 && place.column >= 1, "{place:?}");
    };
    for (name, format) in AS {
        let (items, stop) = imported::items(name, format, bytes, lies_in);
        for item in items {
            let Item::Record { id, draft, supersedes, trust, .. } = item else { continue };
            let (line, trust) = imported::line(id, &draft, &supersedes, trust);
            let line = serde_json::to_vec(&line).expect("texts and numbers can be written");
            let (again, stop) = read("a.jsonl", Format::Auto, &line);
            assert!(stop.is_none());
            let [Ok((_, Item::Record { id: same, draft: read, trust: kept, .. }))] = &again[..]
            else {
                panic!("{again:?}");
            };
            let expected = (&id, &draft, &trust);
            assert_eq!((same, read, kept), expected, "what is exported reads back");
        }
        if let Some(Stop::Bad(bad)) = stop {
            lies_in(bad.place);
        }
    }
}
