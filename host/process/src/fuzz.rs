//! The line between service and launcher for fuzzing: what reads it is not open to others.

use serde::{Serialize, de::DeserializeOwned};

use crate::wire::{self, Plan, Report};

/// Reads `line` as frames, and each frame as a plan and as a report.
///
/// # Panics
/// Where what was read is not written as it is read.
pub fn line(mut line: &[u8]) {
    as_each(line);
    while let Ok(body) = wire::read(&mut line) {
        as_each(&body);
    }
}

fn as_each(body: &[u8]) {
    again::<Plan>(body);
    again::<Report>(body);
}

fn again<T: Serialize + DeserializeOwned>(body: &[u8]) {
    let Ok(value) = wire::decode::<T>(body) else { return };
    let frame = wire::encode(&value).expect("it is no larger than what it was read from");
    let written = wire::read(&frame[..]).expect("a frame was written");
    let read: T = wire::decode(&written).expect("what was written is read");
    assert_eq!(wire::encode(&read).expect("as before"), frame);
}
