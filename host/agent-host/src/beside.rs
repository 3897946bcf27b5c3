//! The files beside a manifest: the other manifests that it runs, and its lock.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use voyager_manifest::{Files, Pins};

/// Most bytes that are read of a file: the checker refuses less.
const FILE_BYTES_MAX: u64 = 2 << 20;

/// The folder of a manifest, from which the paths of others begin.
pub(crate) struct Beside {
    folder: PathBuf,
}

impl Beside {
    /// The folder of the manifest at `file`.
    pub(crate) fn of(file: &Path) -> Self {
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Self { folder: folder.to_owned() }
    }

    /// Where the file at a path from there lies.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

impl Files for Beside {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let place = self.folder.join(path);
        let told = |error: std::io::Error| format!("{}: {error}", place.display());
        let folder = self.folder.canonicalize().map_err(told)?;
        let real = place.canonicalize().map_err(told)?;
        // A link could lead anywhere.
        if !real.starts_with(&folder) {
            return Err(format!("{} lies outside of {}", real.display(), folder.display()));
        }
        bytes(&real).map_err(told)
    }
}

/// The pins of the manifest at `file`.
pub(crate) fn pins(file: &Path) -> Pins {
    let lock = lock_of(file);
    match bytes(&lock) {
        Ok(text) => Pins::read(Some(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Pins::read(None),
        Err(error) => Pins::Malformed(format!("{}: {error}", lock.display())),
    }
}

/// The lock of the manifest at `file`: `audit.lock` beside `audit.yaml`.
pub(crate) fn lock_of(file: &Path) -> PathBuf {
    file.with_extension("lock")
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
