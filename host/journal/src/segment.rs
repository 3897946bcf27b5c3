//! Segments: records that nobody changes any more, packed.
//!
//! A segment holds consecutive records of one run. It lies in the packs like any content, found and checked by
//! its hash, and is named by one row. Salts can't be packed, so they stand apart; lengths and payloads are
//! deflated together. The hashes of the chain in between are computed again when it is read.

use miniz_oxide::{deflate::compress_to_vec, inflate::decompress_to_vec_with_limit};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};
use voyager_base::{
    Digest, RunId,
    chain::{Head, Salt},
    record::{Entry, ReadError},
};

use crate::{
    row::{Records, chain, damaged, decode, encode, version},
    store::ROW_BYTES_MAX,
};

/// Level of deflate. Beyond it, packing takes longer and gives next to nothing.
const LEVEL: u8 = 6;

/// Bytes of one length.
const LENGTH_BYTES: usize = size_of::<u32>();

/// What a segment unpacks to, at most: one row of the largest size, whose records are empty.
const UNPACKED_BYTES_MAX: u64 = 2 * ROW_BYTES_MAX as u64;

/// What the row that names a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The hash of its bytes.
    pub(crate) digest: Digest,
    /// How many records it holds.
    pub(crate) records: u64,
    /// Bytes of the rows that it stands for.
    pub(crate) bytes: u64,
}

impl Segment {
    /// The number of records up to its end, where it follows `first`.
    pub(crate) fn end(&self, first: u64) -> u64 {
        first.saturating_add(self.records)
    }
}

#[derive(Serialize, Deserialize)]
struct SegmentRow<B> {
    v: u32,
    run: RunId,
    /// The number of records before it.
    first: u64,
    /// The chain before the first record.
    before: Digest,
    /// The chain after the last one.
    after: Digest,
    /// The salt of each record.
    salts: B,
    /// What `packed` unpacks to, in bytes: the length of each payload, then the payloads.
    unpacked: u64,
    packed: B,
}

/// The bytes of a segment.
pub(crate) fn encode_segment(run: RunId, records: &Records) -> Vec<u8> {
    let Records { before, after, entries } = records;
    let salts: Vec<u8> = entries.iter().flat_map(|it| it.salt).collect();
    let payloads: usize = entries.iter().map(|it| it.payload.len()).sum();
    let mut plain = Vec::with_capacity(entries.len() * LENGTH_BYTES + payloads);
    for entry in entries {
        let length = u32::try_from(entry.payload.len()).expect("a row is shorter than that");
        plain.extend_from_slice(&length.to_le_bytes());
    }
    entries.iter().for_each(|it| plain.extend_from_slice(&it.payload));
    let packed = compress_to_vec(&plain, LEVEL);
    encode(&SegmentRow {
        v: crate::row::VERSION,
        run,
        first: before.sequence,
        before: before.chain,
        after: after.chain,
        salts: Bytes::new(&salts),
        unpacked: plain.len() as u64,
        packed: Bytes::new(&packed),
    })
}

/// Reads a segment of `run` that follows `first` records, and checks that its hashes are right.
pub(crate) fn decode_segment(run: RunId, first: u64, bytes: &[u8]) -> Result<Records, ReadError> {
    let what = || format!("the segment of run {run} from record {first} on");
    let row: SegmentRow<ByteBuf> = decode(bytes, what)?;
    version(row.v, what)?;
    if (row.run, row.first) != (run, first) {
        let other = format!("it is that of run {} from record {} on", row.run, row.first);
        return Err(damaged(what(), other));
    }
    let plain = unpack(&row).map_err(|reason| damaged(what(), reason))?;
    let entries =
        entries(&row.salts, &plain).ok_or_else(|| damaged(what(), "its lengths differ"))?;
    let before = Head { sequence: first, chain: row.before };
    let after = chain(before, &entries);
    if after.chain != row.after {
        return Err(damaged(what(), "its hash differs"));
    }
    Ok(Records { before, after, entries })
}

/// What is packed. No more memory is taken than the segment says, and no more than any segment takes.
fn unpack(row: &SegmentRow<ByteBuf>) -> Result<Vec<u8>, String> {
    if row.unpacked > UNPACKED_BYTES_MAX {
        return Err(format!("{} bytes are more than a segment holds", row.unpacked));
    }
    let plain = decompress_to_vec_with_limit(&row.packed, row.unpacked as usize)
        .map_err(|error| format!("it does not unpack: {error}"))?;
    match plain.len() as u64 == row.unpacked {
        true => Ok(plain),
        false => Err(format!("it unpacks to {} bytes, not {}", plain.len(), row.unpacked)),
    }
}

/// The records of these salts; none where lengths and payloads do not fit them.
fn entries(salts: &[u8], plain: &[u8]) -> Option<Vec<Entry>> {
    let (salts, rest) = salts.as_chunks::<{ size_of::<Salt>() }>();
    if !rest.is_empty() {
        return None;
    }
    let (lengths, mut payloads) = plain.split_at_checked(salts.len().checked_mul(LENGTH_BYTES)?)?;
    let (lengths, _) = lengths.as_chunks::<LENGTH_BYTES>();
    let mut entries = Vec::with_capacity(salts.len());
    for (salt, length) in salts.iter().zip(lengths) {
        let (payload, rest) = payloads.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        entries.push(Entry { salt: *salt, payload: payload.to_vec() });
        payloads = rest;
    }
    payloads.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUN: RunId = RunId([7; 16]);

    fn records(entries: Vec<Entry>) -> Records {
        let before = Head { sequence: 5, chain: Digest([3; 32]) };
        Records { before, after: chain(before, &entries), entries }
    }

    fn few() -> Records {
        let entry = |salt: u8, text: &str| Entry { salt: [salt; 16], payload: text.into() };
        records(vec![entry(1, "one one one"), entry(2, ""), entry(3, "three")])
    }

    #[test]
    fn no_changed_bit_byte_or_end_goes_unseen() {
        let segment = encode_segment(RUN, &few());
        assert_eq!(decode_segment(RUN, 5, &segment).unwrap(), few());
        for bit in 0..segment.len() * 8 {
            let mut segment = segment.clone();
            segment[bit / 8] ^= 1 << (bit % 8);
            assert!(
                decode_segment(RUN, 5, &segment).is_ok_and(|it| it == few())
                    || decode_segment(RUN, 5, &segment).is_err(),
                "bit {bit}"
            );
        }
        for end in 0..segment.len() {
            assert!(decode_segment(RUN, 5, &segment[..end]).is_err(), "cut at {end}");
        }
        let longer = [segment.as_slice(), &[0]].concat();
        assert!(decode_segment(RUN, 5, &longer).is_err());
    }

    #[test]
    fn a_segment_is_read_only_as_what_it_is() {
        let segment = encode_segment(RUN, &few());
        let other = decode_segment(RunId([8; 16]), 5, &segment).unwrap_err().to_string();
        assert!(other.contains(&format!("it is that of run {RUN} from record 5 on")), "{other}");
        assert!(decode_segment(RUN, 6, &segment).is_err());
    }

    #[test]
    fn no_more_is_unpacked_than_a_segment_says() {
        let tell = |unpacked: u64| {
            let (salts, packed) = ([1; 16], compress_to_vec(&vec![0; 1 << 20], LEVEL));
            let (salts, packed) = (Bytes::new(&salts), Bytes::new(&packed));
            let chain = Digest([0; 32]);
            let (v, run, before, after) = (1, RUN, chain, chain);
            let row = SegmentRow { v, run, first: 0, before, after, salts, unpacked, packed };
            decode_segment(RUN, 0, &encode(&row)).unwrap_err().to_string()
        };
        assert!(tell(1_000).contains("does not unpack"), "{}", tell(1_000));
        assert!(tell(u64::MAX).contains("more than a segment holds"), "{}", tell(u64::MAX));
        assert!(tell(2 << 20).contains("not 2097152"), "{}", tell(2 << 20));
        assert!(tell(1 << 20).contains("lengths differ"), "{}", tell(1 << 20));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_packed_is_unpacked(
            entries in proptest::collection::vec(
                (any::<[u8; 16]>(), proptest::collection::vec(any::<u8>(), 0..300), 0_usize..40),
                0..40,
            )
        ) {
            let entry = |(salt, payload, times): (Salt, Vec<u8>, usize)| {
                Entry { salt, payload: payload.repeat(times) }
            };
            let records = records(entries.into_iter().map(entry).collect());
            let segment = encode_segment(RUN, &records);
            prop_assert_eq!(decode_segment(RUN, 5, &segment).unwrap(), records);
        }
    }
}
