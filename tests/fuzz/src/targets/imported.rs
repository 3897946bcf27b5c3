//! What is read of a file that people import, for the targets that read such: their program has no library, so that this is a
//! part of each.

use voyager_base::memory::Trust;
use voyager_memory::{Draft, Edge, MemoryId};

use crate::import::{Format, Item, Place, Stop, files::read, lines::RecordLine};

/// What is read of a file, and what ended that early. All that is read can be remembered; each place is shown to
/// `lies_in`.
pub(crate) fn items(
    name: &str,
    format: Format,
    bytes: &[u8],
    lies_in: impl Fn(Place),
) -> (Vec<Item>, Option<Stop>) {
    let (found, stop) = read(name, format, bytes);
    let mut items = Vec::new();
    for found in found {
        match found {
            Ok((place, item)) => {
                lies_in(place);
                check(&item);
                items.push(item);
            }
            Err(bad) => lies_in(bad.place),
        }
    }
    (items, stop)
}

/// A record that was read, as it is exported once it is remembered, and what is read of its trust then.
pub(crate) fn line(
    id: Option<u64>,
    draft: &Draft,
    supersedes: &[u64],
    trust: Option<Trust>,
) -> (RecordLine, Option<Trust>) {
    let older: Vec<MemoryId> = supersedes.iter().copied().map(MemoryId).collect();
    let trust = trust.unwrap_or(Trust::Imported);
    let line = RecordLine::of(id.map(MemoryId), draft.clone()).supersedes(&older).trust(trust);
    // Of the owner's word nothing is said.
    (line, Some(trust).filter(|it| *it < Trust::Owner))
}

fn check(item: &Item) {
    match item {
        Item::Record { draft, .. } => draft.check().expect("it was checked"),
        Item::Relation { from, kind, to, weight } => {
            let (from, to) = (MemoryId(*from), MemoryId(*to));
            let edge = Edge { from, kind: kind.clone(), to, weight: *weight };
            edge.check().expect("it was checked");
        }
        Item::Empty => {}
    }
}
