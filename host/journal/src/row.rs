//! What a row holds, and its bytes: MessagePack maps with named fields and a version.
//!
//! Every row proves itself: records by the chain that they continue, the standing of all runs by one
//! sum over it, a checkpoint by its hash. redb's own checksums are looked at only when it opens.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use voyager_base::{
    Digest, RunId,
    chain::Head,
    record::{Entry, ReadError},
};

/// Version of every row.
pub(crate) const VERSION: u32 = 1;

/// Key of a row of records: the run, then the number of records before the row, big endian, so that
/// rows sort as the records do.
pub(crate) type RecordsKey = [u8; 24];

/// The key of the row of `run` that follows `first` records.
pub(crate) fn records_key(run: RunId, first: u64) -> RecordsKey {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&run.0);
    key[16..].copy_from_slice(&first.to_be_bytes());
    key
}

/// The number of records before the row with `key`.
pub(crate) fn first_of(key: &RecordsKey) -> u64 {
    u64::from_be_bytes(*key.last_chunk().expect("a key has 24 bytes"))
}

/// The run of the row with `key`.
pub(crate) fn run_of(key: &RecordsKey) -> RunId {
    RunId(*key.first_chunk().expect("a key has 24 bytes"))
}

/// Adds one batch of records to a chain.
pub(crate) fn chain(after: Head, entries: &[Entry]) -> Head {
    entries.iter().fold(after, |head, entry| head.after(&entry.salt, &entry.payload))
}

/// One batch of records.
#[derive(Debug, Serialize, Deserialize)]
struct RecordsRow<E> {
    v: u32,
    /// The chain before the first record.
    before: Digest,
    /// The chain after the last one.
    after: Digest,
    entries: E,
}

/// Consecutive records, found to be whole.
#[derive(Debug, PartialEq)]
pub(crate) struct Records {
    /// The head before them.
    pub(crate) before: Head,
    /// The head after them.
    pub(crate) after: Head,
    /// The records.
    pub(crate) entries: Vec<Entry>,
}

/// The bytes of one batch of records.
pub(crate) fn encode_records(before: Head, after: Head, entries: &[Entry]) -> Vec<u8> {
    encode(&RecordsRow { v: VERSION, before: before.chain, after: after.chain, entries })
}

/// Reads one batch of records that follows `first` records, and checks that its hashes are right.
pub(crate) fn decode_records(run: RunId, first: u64, bytes: &[u8]) -> Result<Records, ReadError> {
    let what = || format!("record {first} of run {run}");
    let row: RecordsRow<Vec<Entry>> = decode(bytes, what)?;
    version(row.v, what)?;
    let before = Head { sequence: first, chain: row.before };
    let after = chain(before, &row.entries);
    if after.chain != row.after {
        return Err(damaged(what(), "its hash differs"));
    }
    Ok(Records { before, after, entries: row.entries })
}

/// Where a run stands, and who owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Number of the present ownership, from 1.
    pub(crate) epoch: u64,
    /// Where its chain stands.
    pub(crate) head: Head,
}

#[derive(Serialize, Deserialize)]
struct StandingRow {
    v: u32,
    epoch: u64,
    sequence: u64,
    chain: Digest,
}

impl Standing {
    /// The bytes of its row.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Head { sequence, chain } = self.head;
        encode(&StandingRow { v: VERSION, epoch: self.epoch, sequence, chain })
    }

    /// Reads a row.
    pub(crate) fn decode(run: RunId, bytes: &[u8]) -> Result<Self, ReadError> {
        let what = || format!("the head of run {run}");
        let row: StandingRow = decode(bytes, what)?;
        version(row.v, what)?;
        let head = Head { sequence: row.sequence, chain: row.chain };
        Ok(Self { epoch: row.epoch, head })
    }
}

/// What one commit changed in one run: a batch of records, or only the ownership.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Change<R> {
    /// The run.
    pub(crate) run: RunId,
    /// Its ownership after the commit.
    pub(crate) epoch: u64,
    /// The number of records before the batch.
    pub(crate) first: u64,
    /// The row of the batch; empty where there is none.
    pub(crate) row: R,
}

#[derive(Serialize, Deserialize)]
struct PieceRow<C> {
    v: u32,
    changes: C,
}

/// The bytes of a piece of the log.
pub(crate) fn encode_piece(changes: &[Change<&serde_bytes::Bytes>]) -> Vec<u8> {
    encode(&PieceRow { v: VERSION, changes })
}

/// Reads a piece of the log.
pub(crate) fn decode_piece(bytes: &[u8]) -> Result<Vec<Change<serde_bytes::ByteBuf>>, ReadError> {
    let what = || "the log".to_owned();
    let row: PieceRow<Vec<Change<serde_bytes::ByteBuf>>> = decode(bytes, what)?;
    version(row.v, what)?;
    Ok(row.changes)
}

/// A sum over the standing of all runs, which changes with each: a run that vanishes, or one that
/// falls back, shows in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum([u8; 32]);

impl Sum {
    /// Adds the standing of a run; takes it out where it is in.
    pub(crate) fn toggle(&mut self, run: RunId, standing: &Standing) {
        let leaf = Digest::of_parts([
            run.0.as_slice(),
            &standing.epoch.to_le_bytes(),
            &standing.head.sequence.to_le_bytes(),
            &standing.head.chain.0,
        ]);
        self.0.iter_mut().zip(leaf.0).for_each(|(sum, leaf)| *sum ^= leaf);
    }

    /// The bytes of the sum.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Serialize, Deserialize)]
struct CheckpointRow<S> {
    v: u32,
    sequence: u64,
    chain: Digest,
    /// Hash over run, sequence, chain and state.
    hash: Digest,
    state: S,
}

fn checkpoint_hash(run: RunId, at: Head, state: &[u8]) -> Digest {
    Digest::of_parts([run.0.as_slice(), &at.sequence.to_le_bytes(), &at.chain.0, state])
}

/// The bytes of a checkpoint.
pub(crate) fn encode_checkpoint(run: RunId, at: Head, state: &[u8]) -> Vec<u8> {
    let hash = checkpoint_hash(run, at, state);
    let state = serde_bytes::Bytes::new(state);
    encode(&CheckpointRow { v: VERSION, sequence: at.sequence, chain: at.chain, hash, state })
}

/// Reads a checkpoint.
pub(crate) fn decode_checkpoint(run: RunId, bytes: &[u8]) -> Result<(Head, Vec<u8>), ReadError> {
    let what = || format!("the checkpoint of run {run}");
    let row: CheckpointRow<serde_bytes::ByteBuf> = decode(bytes, what)?;
    version(row.v, what)?;
    let at = Head { sequence: row.sequence, chain: row.chain };
    if checkpoint_hash(run, at, &row.state) != row.hash {
        return Err(damaged(what(), "its hash differs"));
    }
    Ok((at, row.state.into_vec()))
}

/// The bytes of a row.
pub(crate) fn encode(row: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(row).expect("maps, numbers and bytes in memory always encode")
}

/// Reads all of a row.
pub(crate) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    what: impl Fn() -> String,
) -> Result<T, ReadError> {
    let mut rest = bytes;
    let mut reader = rmp_serde::Deserializer::new(&mut rest);
    let row = T::deserialize(&mut reader).map_err(|error| damaged(what(), error))?;
    match rest.len() {
        0 => Ok(row),
        more => Err(damaged(what(), format!("{more} bytes follow its end"))),
    }
}

/// Checks the version of a row.
pub(crate) fn version(found: u32, what: impl Fn() -> String) -> Result<(), ReadError> {
    if found == VERSION {
        return Ok(());
    }
    Err(damaged(what(), format!("it has version {found}, this program knows {VERSION}")))
}

/// Says that something is not as it was written.
pub(crate) fn damaged(what: impl Into<String>, reason: impl ToString) -> ReadError {
    ReadError::Damaged { what: what.into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunId = RunId([7; 16]);

    fn entries() -> Vec<Entry> {
        vec![
            Entry { salt: [1; 16], payload: b"one".to_vec() },
            Entry { salt: [2; 16], payload: Vec::new() },
        ]
    }

    #[test]
    fn no_flipped_bit_of_any_row_goes_unseen() {
        let before = Head { sequence: 5, chain: Digest([3; 32]) };
        let row = encode_records(before, chain(before, &entries()), &entries());
        assert_eq!(decode_records(RUN, 5, &row).unwrap().entries, entries());
        let checkpoint = encode_checkpoint(RUN, before, b"state");
        assert_eq!(decode_checkpoint(RUN, &checkpoint), Ok((before, b"state".to_vec())));
        for bit in 0..row.len() * 8 {
            let mut row = row.clone();
            row[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_records(RUN, 5, &row).is_err(), "bit {bit}");
        }
        for bit in 0..checkpoint.len() * 8 {
            let mut checkpoint = checkpoint.clone();
            checkpoint[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_checkpoint(RUN, &checkpoint).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn no_byte_behind_a_row_goes_unseen() {
        let before = Head { sequence: 5, chain: Digest([3; 32]) };
        let mut row = encode_records(before, chain(before, &entries()), &entries());
        row.push(0);
        assert!(decode_records(RUN, 5, &row).is_err());
        let mut checkpoint = encode_checkpoint(RUN, before, b"state");
        checkpoint.push(0);
        assert!(decode_checkpoint(RUN, &checkpoint).is_err());
    }

    #[test]
    fn the_sum_shows_a_missing_run_and_an_older_head() {
        let standing = Standing { epoch: 1, head: Head::START };
        let newer = Standing { epoch: 2, ..standing };
        let mut sum = Sum::default();
        sum.toggle(RUN, &standing);
        assert_ne!(sum, Sum::default());
        let before = sum;
        sum.toggle(RUN, &standing);
        sum.toggle(RUN, &newer);
        assert_ne!(sum, before);
        assert_eq!(Standing::decode(RUN, &newer.encode()), Ok(newer));
    }
}
