//! What the benchmarks share.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use voyager_base::{
    id::Digest,
    record::{AppendError, Content, ReadError},
};

/// Content behind each other in one file, as a journal packs it.
pub(crate) struct Pack {
    file: Mutex<(File, u64)>,
    index: Mutex<BTreeMap<Digest, (u64, usize)>>,
}

impl Pack {
    /// An empty one, in a folder.
    pub(crate) fn new(folder: &Path) -> Arc<Self> {
        let path = folder.join("pack");
        let file = File::options().create_new(true).read(true).append(true).open(path).unwrap();
        Arc::new(Self { file: Mutex::new((file, 0)), index: Mutex::default() })
    }
}

impl Content for Pack {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        let digest = Digest::of(bytes);
        if self.index.lock().unwrap().contains_key(&digest) {
            return Ok(digest);
        }
        let (file, end) = &mut *self.file.lock().unwrap();
        file.write_all(bytes).unwrap();
        self.index.lock().unwrap().insert(digest, (*end, bytes.len()));
        *end += bytes.len() as u64;
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        let Some((offset, length)) = self.index.lock().unwrap().get(&digest).copied() else {
            return Ok(None);
        };
        let mut bytes = vec![0; length];
        self.file.lock().unwrap().0.read_exact_at(&mut bytes, offset).unwrap();
        Ok(Some(bytes))
    }
}

/// What some work gives, and the time it takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Writes out all that the file system of a folder still holds.
pub(crate) fn sync(folder: &Path) {
    rustix::fs::syncfs(File::open(folder).unwrap()).unwrap();
}
