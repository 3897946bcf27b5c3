//! Rows for fuzzing: what reads them is not open to others.

use voyager_base::{Digest, RunId, chain::Head, record::Entry};

use crate::{
    row::{
        self, Standing, decode_checkpoint, decode_piece, decode_records, encode_checkpoint,
        encode_records,
    },
    segment::{decode_segment, encode_segment},
};

const RUN: RunId = RunId([7; 16]);

/// Reads `bytes` as a row of each sort, and as the changes of rows that were written well.
///
/// # Panics
/// Where a changed row is taken for a whole one.
pub fn rows(bytes: &[u8]) {
    drop(decode_records(RUN, 0, bytes));
    drop(decode_checkpoint(RUN, bytes));
    drop(decode_piece(bytes));
    drop(decode_segment(RUN, 0, bytes));
    if let Ok(standing) = Standing::decode(RUN, bytes) {
        assert_eq!(Standing::decode(RUN, &standing.encode()), Ok(standing));
    }
    let Some((place, rest)) = bytes.split_first_chunk::<3>() else { return };
    let entries: Vec<Entry> = rest
        .chunks(40)
        .map(|payload| Entry { salt: [place[2]; 16], payload: payload.to_vec() })
        .collect();
    let before = Head { sequence: place[2].into(), chain: Digest::of(place) };
    let row = encode_records(before, row::chain(before, &entries), &entries);
    let read = decode_records(RUN, before.sequence, &row).expect("what was written is read");
    assert_eq!(read.entries, entries);
    assert!(decode_records(RUN, before.sequence, &changed(&row, *place)).is_err());
    let checkpoint = encode_checkpoint(RUN, before, rest);
    assert_eq!(decode_checkpoint(RUN, &checkpoint), Ok((before, rest.to_vec())));
    assert!(decode_checkpoint(RUN, &changed(&checkpoint, *place)).is_err());
    let records = decode_records(RUN, before.sequence, &row).expect("what was written is read");
    let segment = encode_segment(RUN, &records);
    assert_eq!(decode_segment(RUN, before.sequence, &segment).as_ref(), Ok(&records));
    // Deflate says some things in several ways: what a changed one still says must be the same.
    if let Ok(read) = decode_segment(RUN, before.sequence, &changed(&segment, *place)) {
        assert_eq!(read, records);
    }
}

/// The row with one bit turned over, cut off there, or with a byte too many there.
fn changed(row: &[u8], place: [u8; 3]) -> Vec<u8> {
    let at = usize::from(u16::from_le_bytes([place[0], place[1]])) % row.len();
    let mut row = row.to_vec();
    match place[2] % 10 {
        bit @ 0..8 => row[at] ^= 1 << bit,
        8 => row.truncate(at),
        _ => row.insert(at, place[2]),
    }
    row
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    proptest! {
        #[test]
        fn rows_of_any_bytes_are_whole_or_damaged(bytes in vec(any::<u8>(), 0..200)) {
            super::rows(&bytes);
        }
    }
}
