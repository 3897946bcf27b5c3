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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    proptest! {
        #[test]
        fn a_line_of_any_bytes_is_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
            line(&bytes);
        }

        #[test]
        fn a_changed_frame_is_read_or_refused(at in any::<Index>(), byte in any::<u8>()) {
            let missing = vec![("landlock".to_owned(), "an old kernel".to_owned())];
            let mut frame = wire::encode(&Report::Refused { missing }).expect("it is short");
            *at.get_mut(&mut frame) = byte;
            line(&frame);
        }
    }
}
