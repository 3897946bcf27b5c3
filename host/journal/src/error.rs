//! Why a store does not open.
//!
//! Errors of an open store are [`voyager_base::record::AppendError`] and
//! [`voyager_base::record::ReadError`].

use voyager_base::record::{AppendError, ReadError};
use voyager_disk::{FolderError, database::Broken};

/// Why a store could not be opened. Nothing was changed, save what an interrupted process left
/// unfinished.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open. Trying again helps once that one has ended.
    #[error("the journal in {folder} is in use by another process; let that one do it, or end it")]
    Busy {
        /// Where the store lies.
        folder: String,
    },
    /// The disk refused. Trying again may help.
    #[error("cannot open the journal: {reason}")]
    Disk {
        /// What the system said.
        reason: String,
    },
    /// What is stored is not what was written. The whole store is refused, because nothing tells
    /// which runs are whole; the packs of content are not touched by this.
    #[error(
        "{what} is damaged: {reason}; put back a copy of it, or move it and `{}` away to begin anew \
         with the content that is left",
        crate::store::LABEL
    )]
    Damaged {
        /// Which file.
        what: &'static str,
        /// How that shows.
        reason: String,
    },
    /// A newer version wrote it.
    #[error("the journal has format {found}, this program knows {known}: use a newer program")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
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

impl From<Broken> for OpenError {
    fn from(error: Broken) -> Self {
        match error {
            Broken::Disk { reason } => Self::Disk { reason },
            Broken::Damaged { reason } => Self::Damaged { what: crate::tables::FILE, reason },
        }
    }
}

/// Says what the system said.
pub(crate) fn cannot_open(error: impl ToString) -> OpenError {
    OpenError::Disk { reason: error.to_string() }
}

/// Says what the system said.
pub(crate) fn cannot_read(error: impl ToString) -> ReadError {
    ReadError::Disk { reason: error.to_string() }
}

/// Says what the system said.
pub(crate) fn cannot_append(error: impl ToString) -> AppendError {
    AppendError::Disk { reason: error.to_string() }
}
