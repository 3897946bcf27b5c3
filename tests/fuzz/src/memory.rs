//! A content store without a disk.

use std::{collections::BTreeMap, sync::Mutex};

use voyager_base::{
    Digest,
    record::{AppendError, Content, ReadError},
};

/// Content in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<Digest, Vec<u8>>>);

impl Content for Memory {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        let digest = Digest::of(bytes);
        self.0.lock().expect("no thread panics").insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.lock().expect("no thread panics").get(&digest).cloned())
    }
}
