//! Where files come from: granted folders in the sandbox, maps in tests, a disk in the example.

use std::collections::BTreeMap;

/// Bytes asked for at once: well below what one answer of the host may hold (4 MiB).
pub const RANGE: u64 = 2 << 20;

/// Read access to the files below one folder.
pub trait Source {
    /// Reads at most `length` bytes from `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// The reason why the file can't be read, for a person: denied, gone, no file.
    fn read(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, String>;
}

/// Reads a whole file of at most `max` bytes.
///
/// # Errors
/// The source's reason, or that the file is larger.
pub fn read_whole(source: &dyn Source, path: &str, max: u64) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    loop {
        let piece = source.read(path, content.len() as u64, RANGE)?;
        let last = (piece.len() as u64) < RANGE;
        content.extend_from_slice(&piece);
        if content.len() as u64 > max {
            return Err(format!("larger than {} MiB", max >> 20));
        }
        if last {
            return Ok(content);
        }
    }
}

/// Files in memory.
impl Source for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, String> {
        let content = self.get(path).ok_or_else(|| "not found".to_owned())?;
        let from = content.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let to =
            content.len().min(from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)));
        Ok(content[from..to].to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_over_several_ranges_and_bounded() {
        let content: Vec<u8> = (0..RANGE * 2 + 7).map(|n| (n % 251) as u8).collect();
        let files = BTreeMap::from([("a".to_owned(), content.clone())]);
        assert!(read_whole(&files, "a", RANGE * 3).unwrap() == content);
        assert_eq!(read_whole(&files, "a", RANGE).unwrap_err(), "larger than 2 MiB");
        assert_eq!(read_whole(&files, "b", RANGE).unwrap_err(), "not found");
    }
}
