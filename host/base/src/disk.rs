//! Files as an input: what a store needs of a disk, and no more.

use std::io;

/// An open file of a [`Disk`].
pub trait DiskFile: Send + Sync {
    /// Length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    ///
    /// # Errors
    /// What the system says.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|length| length == 0)
    }

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// What the system says; `UnexpectedEof` beyond the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes `bytes` at `offset`. Not durable before [`DiskFile::sync`].
    ///
    /// # Errors
    /// What the system says.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts or extends (with zeros) the file.
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// What the system says. Afterwards nothing is known of the unsynced writes.
    fn sync(&self) -> io::Result<()>;
}

/// A folder of files, names without separators.
pub trait Disk: Send + Sync {
    /// Opens a file, created empty where it does not exist.
    ///
    /// # Errors
    /// What the system says.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Names of all files, sorted.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the set of files durable: creations and removals.
    ///
    /// # Errors
    /// What the system says.
    fn sync_folder(&self) -> io::Result<()>;
}
