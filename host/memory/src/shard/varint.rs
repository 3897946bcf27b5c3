//! Whole numbers in few bytes: seven bits a byte, the lowest first; the last byte has its highest bit clear.

/// Writes a number behind others.
pub(crate) fn write(mut number: u64, into: &mut Vec<u8>) {
    while number >= 128 {
        into.push(number as u8 | 128);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Takes a number off the front; none at the end.
#[inline]
pub(crate) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    if *first < 128 {
        return Some(u64::from(*first));
    }
    let (mut number, mut shift) = (u64::from(first & 127), 7);
    loop {
        let (next, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(next & 127) << shift;
        if *next < 128 || shift > 49 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Takes so many numbers off the front.
pub(crate) fn skip(bytes: &mut &[u8], count: u64) {
    for _ in 0..count {
        let Some(_) = read(bytes) else { return };
    }
}

/// Makes room for `more` bytes and a sixteenth of all: doubling would leave half of a large list unused.
pub(crate) fn make_room(list: &mut Vec<u8>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more + list.len() / 16);
    }
}
