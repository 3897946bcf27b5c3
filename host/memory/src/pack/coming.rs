//! Bytes of a section that a thread reads, while the others do what they can without them.

use std::{
    fmt,
    ops::Deref,
    panic,
    sync::{Mutex, OnceLock, PoisonError},
    thread::{self, JoinHandle},
};

use super::{SHARED_BYTES, Section};

/// Bytes that are in memory, or will be. Who asks for them waits.
#[derive(Default)]
pub(crate) struct Coming {
    bytes: OnceLock<Vec<u8>>,
    source: Mutex<Source>,
}

/// Where bytes come from that are not in memory yet.
#[derive(Default)]
enum Source {
    /// Nobody has to read any more.
    #[default]
    Nothing,
    /// Nobody reads yet: the machine has no thread to give.
    Waiting(Section),
    Reader(JoinHandle<Vec<u8>>),
}

impl Source {
    /// A thread that reads a section.
    fn reader(section: Section) -> Self {
        let read = section.clone();
        let reader = thread::Builder::new().spawn(move || read.to_vec());
        reader.map_or(Self::Waiting(section), Self::Reader)
    }

    /// All bytes, which are waited for.
    fn read(self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Waiting(section) => section.to_vec(),
            Self::Reader(it) => it.join().unwrap_or_else(|it| panic::resume_unwind(it)),
        }
    }
}

impl From<Vec<u8>> for Coming {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), source: Mutex::default() }
    }
}

impl From<Source> for Coming {
    fn from(source: Source) -> Self {
        Self { bytes: OnceLock::new(), source: Mutex::new(source) }
    }
}

impl Coming {
    /// All of a section. A short one is read at once.
    pub(crate) fn of(section: &Section) -> Self {
        if section.len() < SHARED_BYTES {
            return section.to_vec().into();
        }
        Source::reader(section.clone()).into()
    }

    /// Whether nobody waited for them yet.
    #[cfg(test)]
    pub(crate) fn is_coming(&self) -> bool {
        self.bytes.get().is_none()
    }

    fn all(&self) -> &Vec<u8> {
        self.bytes.get_or_init(|| {
            let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *source).read()
        })
    }

    /// The bytes, to be changed.
    pub(crate) fn to_mut(&mut self) -> &mut Vec<u8> {
        self.all();
        self.bytes.get_mut().expect("they were just waited for")
    }
}

impl Deref for Coming {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.all()
    }
}

impl Clone for Coming {
    fn clone(&self) -> Self {
        self.all().clone().into()
    }
}

impl fmt::Debug for Coming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Coming({:?} bytes)", self.bytes.get().map(Vec::len))
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        // Nobody shall find the file open when the store is closed.
        let source = self.source.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Source::Reader(reader) = std::mem::take(source) {
            drop(reader.join());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use voyager_base::{disk::Disk, sim::SimDisk};

    use super::*;
    use crate::pack::{Pack, Writer};

    #[test]
    fn what_comes_is_what_lies_there() {
        for length in [0, 1, SHARED_BYTES - 1, SHARED_BYTES, 3 * SHARED_BYTES + 5] {
            let bytes: Vec<u8> = (0..length).map(|it| ((it * 31) >> 3) as u8).collect();
            let disk = SimDisk::new(1);
            let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
            writer.section("one", &bytes).unwrap();
            writer.finish(&0).unwrap();
            let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
            let section = pack.section("one").unwrap();
            let mut coming = Coming::of(&section);
            assert_eq!(coming.is_coming(), length >= SHARED_BYTES);
            assert!(*Coming::of(&section).clone() == bytes);
            coming.to_mut().push(7);
            assert!(coming[..length] == bytes && coming.len() == length + 1);
            drop(Coming::of(&section));
        }
    }
}
