//! Names of things: content, runs, tasks, records.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{chance::Chance, clock::Timestamp};

/// BLAKE3 hash of some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Hashes `parts`, each behind its length, so that no two lists of parts collide.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The first eight hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// One execution of a plan. Sorts by the time it was made (a ULID).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub [u8; 16]);

impl RunId {
    /// Makes a new id: 48 bits of milliseconds, then 80 random bits.
    pub fn new(now: Timestamp, chance: &dyn Chance) -> Self {
        let mut bytes = [0; 16];
        chance.fill(&mut bytes[6..]);
        bytes[..6].copy_from_slice(&now.as_millis().to_be_bytes()[2..]);
        Self(bytes)
    }
}

/// Crockford's alphabet: no letter that reads like another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u128::from_be_bytes(self.0);
        (0..26).rev().try_for_each(|place| {
            let digit = (number >> (place * 5)) as usize & 31;
            write!(f, "{}", char::from(ALPHABET[digit]))
        })
    }
}

/// The text is no id of the asked kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no {what}")]
pub struct MalformedId {
    /// What was read.
    pub text: String,
    /// What was expected.
    pub what: &'static str,
}

impl FromStr for RunId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let malformed = || MalformedId { text: text.to_owned(), what: "run id" };
        if text.len() != 26 {
            return Err(malformed());
        }
        text.bytes()
            .try_fold(0_u128, |number, byte| {
                let digit = ALPHABET.iter().position(|it| *it == byte.to_ascii_lowercase())?;
                number.checked_mul(32)?.checked_add(digit as u128)
            })
            .map(|number| Self(number.to_be_bytes()))
            .ok_or_else(malformed)
    }
}

/// A node of the lineage tree of a run: the hash of (parent, place in the plan, iteration), so that a
/// replay names every task as the first execution did.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub [u8; 16]);

impl TaskId {
    /// The task that stands for the run itself.
    pub fn root(run: RunId) -> Self {
        Self::from_digest(Digest::of_parts([b"root".as_slice(), &run.0]))
    }

    /// The task at `place` below `self`; `iteration` tells repetitions apart.
    #[must_use]
    pub fn child(self, place: &str, iteration: u64) -> Self {
        let number = iteration.to_le_bytes();
        Self::from_digest(Digest::of_parts([self.0.as_slice(), place.as_bytes(), &number]))
    }

    fn from_digest(digest: Digest) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&digest.0[..16]);
        Self(id)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// A record within a run: which call of which attempt of which task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId {
    /// The task.
    pub task: TaskId,
    /// Its attempt, from 1.
    pub attempt: u32,
    /// The call within the attempt, from 0.
    pub ordinal: u32,
}

impl RecordId {
    /// What a service uses to recognise the same effect when it is asked again.
    pub fn idempotency_key(&self, run: RunId) -> Digest {
        let (attempt, ordinal) = (self.attempt.to_le_bytes(), self.ordinal.to_le_bytes());
        Digest::of_parts([run.0.as_slice(), &self.task.0, &attempt, &ordinal])
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Ids are shown as in messages, and stored as their bytes.
macro_rules! bytes_id {
    ($name:ident, $size:literal) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde_bytes::ByteArray::<$size>::new(self.0).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = serde_bytes::ByteArray::<$size>::deserialize(deserializer)?;
                Ok(Self(bytes.into_array()))
            }
        }
    };
}

bytes_id!(Digest, 32);
bytes_id!(RunId, 16);
bytes_id!(TaskId, 16);

impl FromStr for Digest {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let malformed = || MalformedId { text: text.to_owned(), what: "content hash" };
        if text.len() != 64 || !text.is_ascii() {
            return Err(malformed());
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).map_err(|_| malformed())?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Seeded;

    #[test]
    fn run_ids_sort_by_time_and_read_back() {
        let chance = Seeded::new(7);
        let early = RunId::new(Timestamp::from_millis(1_000), &chance);
        let late = RunId::new(Timestamp::from_millis(1_001), &chance);
        assert!(early.to_string() < late.to_string());
        assert_eq!(early.to_string().parse(), Ok(early));
    }

    #[test]
    fn an_id_that_would_overflow_is_refused() {
        assert!("zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<RunId>().is_err());
        assert!("01".parse::<RunId>().is_err());
    }

    #[test]
    fn tasks_differ_by_parent_place_and_iteration() {
        let root = TaskId::root(RunId([1; 16]));
        let tasks = [root.child("a", 0), root.child("a", 1), root.child("b", 0), root];
        for (place, task) in tasks.iter().enumerate() {
            assert!(!tasks[..place].contains(task));
        }
    }

    #[test]
    fn digests_read_back_from_their_text() {
        let digest = Digest::of(b"content");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("xyz".parse::<Digest>().is_err());
    }
}
