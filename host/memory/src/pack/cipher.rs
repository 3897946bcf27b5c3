//! What a pack's key does: it enciphers at any offset, seals the table, and is recognised.

use chacha20::{
    ChaCha20, KeyIvInit,
    cipher::{StreamCipher, StreamCipherSeek},
};

/// Bytes of a block of the cipher.
const BLOCK: u64 = 64;

/// Bytes of eight blocks.
const ROW: usize = 512;

/// The keys of one pack, each for one purpose.
pub(super) struct Cipher {
    stream: [u8; 32],
    seal: [u8; 32],
    check: [u8; 32],
}

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self {
            stream: blake3::derive_key("voyager memory pack, format 1, stream", key),
            seal: blake3::derive_key("voyager memory pack, format 1, seal", key),
            check: blake3::derive_key("voyager memory pack, format 1, check", key),
        }
    }

    /// Enciphers or deciphers what stands at `offset` of the body or of the table behind it.
    ///
    /// The nonce is always zero: no two bytes of a pack share an offset, and no two packs a key.
    pub(super) fn apply(&self, offset: u64, bytes: &mut [u8]) {
        // A row of a vector of 384 dimensions: what is made at once for eight blocks takes half of the time that it
        // takes for the parts of seven.
        let before = (offset % BLOCK) as usize;
        let whole = before + bytes.len();
        if (ROW / 2..=ROW).contains(&whole) {
            let mut row = [0; ROW];
            row[before..whole].copy_from_slice(bytes);
            self.apply_stream(offset - before as u64, &mut row);
            bytes.copy_from_slice(&row[before..whole]);
        } else {
            self.apply_stream(offset, bytes);
        }
    }

    fn apply_stream(&self, offset: u64, bytes: &mut [u8]) {
        let mut stream = ChaCha20::new(&self.stream.into(), &[0; 12].into());
        let done = stream.try_seek(offset).and_then(|()| stream.try_apply_keystream(bytes));
        done.expect("a pack is far below the 256 GiB that the cipher takes");
    }

    /// A hash that only who has the key can make.
    pub(super) fn seal(&self) -> blake3::Hasher {
        blake3::Hasher::new_keyed(&self.seal)
    }

    /// Tells the key from others, and tells nothing else of it.
    pub(super) fn check(&self) -> &[u8; 32] {
        &self.check
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_part_is_enciphered_as_the_whole_is() {
        let cipher = Cipher::new(&[7; 32]);
        let mut whole = [9; 2048];
        cipher.apply_stream(0, &mut whole);
        for start in (0..1024).step_by(13) {
            for length in [0, 1, 63, 64, 200, 256, 257, 392, 448, 500, 512, 513, 1000] {
                let mut part = vec![9; length];
                cipher.apply(start as u64, &mut part);
                assert_eq!(part, whole[start..start + length], "{start} {length}");
            }
        }
    }
}
