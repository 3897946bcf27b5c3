//! What goes wrong with a store, by who must act.

use voyager_disk::{FolderError, database::Broken};

use crate::{
    owner::OwnerKind,
    record::{Invalid, MemoryId},
};

/// Why a store could not be opened. Nothing was changed, save what an interrupted process left unfinished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open. Trying again helps once that one has ended.
    #[error("the memory in {folder} is in use by another process; let that one do it, or end it")]
    Busy {
        /// Where the store lies.
        folder: String,
    },
    /// The disk refused. Trying again may help.
    #[error("cannot open the memory: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
    /// What is stored is not what was written.
    #[error(
        "{what} is damaged: {reason}; put back a copy of the whole folder, or move it away and restore \
         a snapshot"
    )]
    Damaged {
        /// Which file.
        what: &'static str,
        /// How that shows.
        reason: String,
    },
    /// A newer version wrote it.
    #[error("the memory has format {found}, this program knows {known}: use a newer program")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// It is locked, and no key was given.
    #[error("the memory is locked: it opens with the {kind} of its owner")]
    Locked {
        /// With what.
        kind: OwnerKind,
    },
    /// It is locked with another key, or another kind of key. Nothing was changed, and nothing is damaged.
    #[error("this does not open the memory: it opens with the {kind} of its owner alone")]
    WrongKey {
        /// With what.
        kind: OwnerKind,
    },
}

impl From<FolderError> for OpenError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Busy { folder } => Self::Busy { folder },
            FolderError::Disk { reason } => Self::Disk { reason },
        }
    }
}

impl OpenError {
    /// The database of the store does not do.
    pub(crate) fn of_database(error: Broken) -> Self {
        match error {
            Broken::Disk { reason } => Self::Disk { reason },
            Broken::Damaged { reason } => Self::Damaged { what: crate::tables::FILE, reason },
        }
    }

    /// What the system said.
    pub(crate) fn disk(error: impl ToString) -> Self {
        Self::Disk { reason: error.to_string() }
    }
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such record, or it was forgotten.
    #[error("there is no memory {id}")]
    NotFound {
        /// Which one.
        id: MemoryId,
    },
    /// The question itself is malformed.
    #[error("{reason}")]
    Invalid {
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// Its row is damaged, or one of its relations: it comes back with a copy, or can be forgotten.
    #[error(
        "a row of memory {id} is damaged: put back a copy of the whole folder, or move it away and \
         restore a snapshot; `memory forget {id}` gives it up"
    )]
    Damaged {
        /// Which one.
        id: MemoryId,
    },
    /// The disk refused, or what it holds is damaged.
    #[error("cannot read the memory: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
}

impl From<Broken> for ReadError {
    fn from(error: Broken) -> Self {
        Self::Disk { reason: error.to_string() }
    }
}

/// Why something could not be written. Nothing of it was, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A draft or a relation is out of bounds; nothing of the batch was written.
    #[error("number {place} of the batch: {invalid}")]
    Invalid {
        /// Which of the batch, from 1.
        place: usize,
        /// What is wrong.
        invalid: Invalid,
    },
    /// There is no such record, or it was forgotten.
    #[error("there is no memory {id}")]
    NotFound {
        /// Which one.
        id: MemoryId,
    },
    /// The disk refused. Whether this write is there shows when the store is opened again; once a commit was
    /// refused nothing more is written until then.
    #[error("cannot write the memory: {reason}; free room or mend the disk, and open it again")]
    Disk {
        /// What the system said.
        reason: String,
    },
}

impl WriteError {
    /// What the system said.
    pub(crate) fn disk(error: impl ToString) -> Self {
        Self::Disk { reason: error.to_string() }
    }
}

impl From<ReadError> for WriteError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound { id } => Self::NotFound { id },
            error => Self::disk(error),
        }
    }
}

/// Why a store could not be locked or unlocked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Its database has what can't be hidden any more. Nothing was changed.
    #[error("this memory was made by a program that could not lock one, and tells too much")]
    Bare,
    /// The disk refused. Where nothing more is written since, opening it again shows whether it is locked.
    #[error("cannot lock or unlock the memory: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
}
