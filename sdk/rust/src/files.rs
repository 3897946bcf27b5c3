//! Files of the granted folders.

use std::collections::VecDeque;

use crate::Error;
pub use crate::bindings::voyager::workspace::files::{
    Entry, Folder, Listing, Query, Root, Stat, roots,
};

/// Most bytes that one question to the host may read.
const READ_BYTES_MAX: u64 = 4 << 20;
/// Entries that are fetched at a time.
const ENTRIES: u32 = 1_000;

/// The line of a manifest that grants a folder.
const GRANT: &str = "workspace: [ { root: inputs.NAME, read: [\"**\"] } ]";

/// The only granted folder.
///
/// # Errors
/// `denied` where none is granted, `invalid` where several are.
pub fn only_folder() -> Result<Folder, Error> {
    let mut roots = roots()?;
    match (roots.pop(), roots.is_empty()) {
        (Some(root), true) => Ok(root.folder),
        (Some(_), false) => {
            Err(Error::invalid("several folders are granted; grant one, or name it"))
        }
        (None, _) => {
            Err(Error::denied("no folder is granted: add `workspace` to the grants", GRANT))
        }
    }
}

/// The granted folder with this name.
///
/// # Errors
/// `denied` where there is none.
pub fn folder(name: &str) -> Result<Folder, Error> {
    let root = roots()?.into_iter().find(|root| root.name == name);
    root.map(|root| root.folder)
        .ok_or_else(|| Error::denied(format!("no folder named `{name}` is granted"), GRANT))
}

impl Folder {
    /// The readable files that match one of `globs` (all where empty), ordered by path.
    ///
    /// # Errors
    /// `invalid` for a malformed glob; each item may fail with `unavailable`.
    pub fn files(&self, globs: &[&str]) -> Result<Entries, Error> {
        let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        Ok(Entries { listing: Some(self.list(&globs)?), fetched: VecDeque::new() })
    }

    /// A whole file, in as many questions as it takes.
    ///
    /// # Errors
    /// Those of `folder.read`.
    pub fn read_all(&self, path: &str) -> Result<Vec<u8>, Error> {
        let mut content = self.read(path, 0, READ_BYTES_MAX)?;
        let mut last = content.len() as u64;
        while last == READ_BYTES_MAX {
            let more = self.read(path, content.len() as u64, READ_BYTES_MAX)?;
            last = more.len() as u64;
            content.extend(more);
        }
        Ok(content)
    }

    /// A whole file of text.
    ///
    /// # Errors
    /// Those of `folder.read`, and `invalid` where it is not UTF-8.
    pub fn read_to_string(&self, path: &str) -> Result<String, Error> {
        String::from_utf8(self.read_all(path)?)
            .map_err(|_| Error::invalid(format!("`{path}` is not UTF-8")))
    }
}

/// The files of a listing, one after the other.
pub struct Entries {
    /// None behind the end.
    listing: Option<Listing>,
    fetched: VecDeque<Entry>,
}

impl Iterator for Entries {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.fetched.is_empty() {
            match self.listing.as_ref()?.next(ENTRIES) {
                Ok(entries) => self.fetched = entries.into(),
                Err(error) => {
                    self.listing = None;
                    return Some(Err(error));
                }
            }
            if self.fetched.is_empty() {
                self.listing = None;
            }
        }
        self.fetched.pop_front().map(Ok)
    }
}
