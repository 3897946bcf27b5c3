//! The memory of this machine.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use voyager_disk::FileDisk;
use voyager_memory::{Memory, OpenError, Options};

use crate::system::SystemChance;

/// The memory of the state folder, opened when somebody first needs it: opening reads every record, and most
/// commands need none.
pub(crate) struct LazyMemory {
    folder: PathBuf,
    opened: Mutex<Option<Arc<Memory>>>,
}

impl LazyMemory {
    /// The memory of a state folder; nothing is opened yet.
    pub(crate) fn new(state: &Path) -> Self {
        Self { folder: state.join("memory"), opened: Mutex::default() }
    }

    /// The memory, opened where it is not yet. Blocks meanwhile.
    ///
    /// # Errors
    /// [`OpenError`]; the next call tries again.
    pub(crate) fn open(&self) -> Result<Arc<Memory>, OpenError> {
        // A thread that panicked while it opened left nothing behind.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = &*opened {
            return Ok(Arc::clone(memory));
        }
        let disk = Arc::new(FileDisk::open(&self.folder)?);
        let memory = Arc::new(Memory::open(disk, Options::default(), Arc::new(SystemChance))?);
        *opened = Some(Arc::clone(&memory));
        Ok(memory)
    }
}
