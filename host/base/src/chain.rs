//! The hash chain over the records of a run.
//!
//! The chain covers salted digests, not payloads, so that a payload can be destroyed without breaking
//! the chain, and its digest tells nothing about it.

use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// Salt of one record.
pub type Salt = [u8; 16];

/// Where a chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of records so far.
    pub sequence: u64,
    /// Hash over all of them.
    pub chain: Digest,
}

impl Head {
    /// The beginning of every chain.
    pub const START: Self = Self { sequence: 0, chain: Digest([0; 32]) };

    /// The head after one more record.
    #[must_use]
    pub fn after(&self, salt: &Salt, payload: &[u8]) -> Self {
        let digest = Digest::of_parts([salt.as_slice(), payload]);
        Self {
            sequence: self.sequence + 1,
            chain: Digest::of_parts([self.chain.0.as_slice(), &digest.0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_salt_and_payload_all_matter() {
        let head = |records: &[(u8, &[u8])]| {
            records
                .iter()
                .fold(Head::START, |head, (salt, payload)| head.after(&[*salt; 16], payload))
        };
        let base = head(&[(1, b"a"), (2, b"b")]);
        assert_eq!(base.sequence, 2);
        assert_ne!(base, head(&[(2, b"b"), (1, b"a")]));
        assert_ne!(base, head(&[(1, b"a"), (3, b"b")]));
        assert_ne!(base, head(&[(1, b"a"), (2, b"c")]));
    }
}
