//! What a pack's key does: it enciphers at any offset, seals the table, and is recognised.

use chacha20::{
    ChaCha20, KeyIvInit,
    cipher::{StreamCipher, StreamCipherSeek},
};

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
