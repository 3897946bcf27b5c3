//! A store on a simulated disk.

use std::sync::Arc;

use voyager_base::{
    chance::Seeded,
    clock::Timestamp,
    sim::{CrashModel, SimDisk},
};
use voyager_memory::{Draft, Encoder, Entry, Memory, OpenError, Options, Question, Recall};

pub(crate) const DIMENSIONS: usize = 8;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

pub(crate) fn open(disk: &SimDisk) -> Memory {
    try_open(disk).unwrap()
}

pub(crate) fn try_open(disk: &SimDisk) -> Result<Memory, OpenError> {
    Memory::open(Arc::new(disk.clone()), options(), Arc::new(Seeded::new(7)))
}

pub(crate) fn options() -> Options {
    let encoder = Encoder { name: "test 1".to_owned(), dimensions: DIMENSIONS };
    Options { encoder: Some(encoder), ..Options::default() }
}

pub(crate) fn draft(text: &str) -> Draft {
    Draft { text: text.to_owned(), ..Draft::default() }
}

pub(crate) fn turn(thread: &str, author: &str, text: &str) -> Entry {
    let draft =
        Draft { thread: Some(thread.to_owned()), author: Some(author.to_owned()), ..draft(text) };
    Entry { vector: Some(vector(text)), draft, ..Entry::default() }
}

/// A vector that depends on the text.
pub(crate) fn vector(text: &str) -> Vec<f32> {
    let mut vector = vec![0.01; DIMENSIONS];
    for (place, byte) in text.bytes().enumerate() {
        vector[(usize::from(byte) + place / 16) % DIMENSIONS] += 1.0;
    }
    vector
}

pub(crate) fn ask(memory: &Memory, text: &str) -> Recall {
    let question =
        Question { text: text.to_owned(), vector: Some(vector(text)), ..Question::default() };
    memory.recall(&question, now()).unwrap()
}

pub(crate) fn texts(recall: &Recall) -> Vec<&str> {
    recall.hits.iter().map(|it| it.record.draft.text.as_str()).collect()
}

/// Lets the power fail at each call of the disk while the store of a disk that `begin` makes is opened and does `work`,
/// and shows `see` what is left, with where that was. `work` says whether it was done.
pub(crate) fn each_crash(
    begin: impl Fn() -> SimDisk,
    work: impl Fn(&Memory) -> bool,
    mut see: impl FnMut(&str, Memory),
) {
    let whole = begin();
    let before = whole.calls();
    assert!(work(&open(&whole)), "nothing fails where the power does not");
    for call in before + 1..=whole.calls() {
        let disk = begin();
        disk.crash_at(call);
        if let Ok(memory) = try_open(&disk) {
            work(&memory);
        }
        let model = CrashModel::ALL[call as usize % CrashModel::ALL.len()];
        see(&format!("call {call}, {model:?}"), open(&disk.after_crash(model, call)));
    }
}
