//! What of a granted folder a program may see: the files that the task's read globs match.
//!
//! Folders stay visible, empty where nothing in them may be read, so that a program can write where it
//! may. Where everything may be read, nothing is walked and no layer is made.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
    sync::Arc,
};

use rustix::fs::XattrFlags;
use voyager_base::grant::{Extent, Grants};

use super::white_out;

/// The readable part of one granted folder.
pub(crate) struct Visible {
    grants: Arc<Grants>,
    root: String,
}

impl Visible {
    /// What `grants` let be read of the folder that they name `root`.
    pub(crate) fn new(grants: &Arc<Grants>, root: &str) -> Self {
        Self { grants: Arc::clone(grants), root: root.to_owned() }
    }

    /// Whether a file, or anything else that is no folder, may be seen.
    pub(crate) fn file(&self, path: &str) -> bool {
        self.grants.may_read(&self.root, path)
    }

    /// How much of what lies below `folder` may be seen.
    pub(crate) fn below(&self, folder: &str) -> Extent {
        self.grants.reads_below(&self.root, folder)
    }

    /// Makes `layer`, which lies between `folder` and a program's changes in an overlay, so that it hides
    /// what may not be seen; not, where there is nothing to hide. Whether it was made.
    ///
    /// # Errors
    /// Where the disk fails: then nothing may be started, since something may not be hidden.
    pub(crate) fn hide(&self, folder: &Path, layer: &Path) -> io::Result<bool> {
        if self.below("") == Extent::All {
            return Ok(false);
        }
        fs::create_dir_all(layer)?;
        self.hide_entries("", folder, layer)?;
        Ok(true)
    }

    fn hide_entries(&self, path: &str, folder: &Path, layer: &Path) -> io::Result<()> {
        for entry in folder.read_dir()? {
            let entry = entry?;
            let target = layer.join(entry.file_name());
            // What is no text, no glob matches.
            let name = entry.file_name().into_string().ok();
            let path =
                name.map(|name| if path.is_empty() { name } else { format!("{path}/{name}") });
            match path {
                Some(path) if entry.file_type()?.is_dir() => {
                    self.hide_folder(&path, &entry.path(), &target)?;
                }
                Some(path) if self.file(&path) => {}
                _ => white_out(&target)?,
            }
        }
        Ok(())
    }

    fn hide_folder(&self, path: &str, folder: &Path, target: &Path) -> io::Result<()> {
        let extent = self.below(path);
        if extent == Extent::All {
            return Ok(());
        }
        fs::create_dir(target)?;
        let hidden = match extent {
            Extent::Some => self.hide_entries(path, folder, target),
            _ => Err(ErrorKind::PermissionDenied.into()),
        };
        match hidden {
            // Gone meanwhile, or closed to this process: then nothing in it is for the program.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) =>
            {
                empty(target)
            }
            done => done,
        }?;
        // The upper one of two merged folders has the say.
        match folder.symlink_metadata() {
            Ok(it) => fs::set_permissions(target, it.permissions()),
            Err(_) => Ok(()),
        }
    }
}

/// Shows a folder without what lies below it; where the disk can't note that, hides it.
fn empty(folder: &Path) -> io::Result<()> {
    let noted = rustix::fs::lsetxattr(folder, "user.overlay.opaque", b"y", XattrFlags::empty());
    if noted.is_ok() {
        return Ok(());
    }
    fs::remove_dir_all(folder)?;
    white_out(folder)
}
