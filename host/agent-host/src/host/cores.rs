//! Cores of guests that break: files for their author, and no part of any record.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use voyager_base::TaskId;

/// Most cores of one run. Each is bounded by the memory limit of its guest, so that a run whose every task
/// breaks does not fill the disk.
const CORES_MAX: usize = 16;

/// A folder for the cores of one run.
pub(crate) struct Cores {
    folder: PathBuf,
    /// Those that were written.
    written: Mutex<Vec<PathBuf>>,
}

impl Cores {
    /// In this folder, which is made with the first one.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, written: Mutex::default() }
    }

    /// Writes that of an attempt of a task, for its owner only; says where it is, or none where the run has
    /// enough of them. An attempt that breaks twice, in an instance that has served before and in a new one, has
    /// that of the new one.
    ///
    /// # Errors
    /// The file could not be written. What there is of it is gone.
    pub(crate) fn write(
        &self,
        step: &str,
        (task, attempt): (TaskId, u32),
        make: &mut dyn FnMut() -> Vec<u8>,
    ) -> io::Result<Option<PathBuf>> {
        // Steps of manifests within manifests have paths.
        let step = step.replace(|it: char| !it.is_ascii_alphanumeric(), "-");
        let file = self.folder.join(format!("{step}-{}-{attempt}.core", &task.to_string()[..8]));
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let again = written.contains(&file);
        if !again && CORES_MAX <= written.len() {
            return Ok(None);
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        // A link that lies there is not followed, and a file of others keeps no mode of its own.
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut open =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        if let Err(error) = open.write_all(&make()) {
            drop(fs::remove_file(&file));
            return Err(error);
        }
        if !again {
            written.push(file.clone());
        }
        Ok(Some(file))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn task(number: u8) -> TaskId {
        TaskId([number; 16])
    }

    #[test]
    fn a_core_is_for_its_owner_only_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let cores = Cores::new(folder.path().join("cores"));
        let first = cores.write("call", (task(1), 1), &mut || b"one".to_vec()).unwrap().unwrap();
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        let other = folder.path().join("other");
        fs::write(&other, b"kept").unwrap();
        fs::remove_file(&first).unwrap();
        symlink(&other, &first).unwrap();
        let again = cores.write("call", (task(1), 1), &mut || b"two".to_vec()).unwrap().unwrap();
        assert_eq!((again, fs::read(&first).unwrap()), (first, b"two".to_vec()));
        assert_eq!(fs::read(&other).unwrap(), b"kept");
    }

    #[test]
    fn a_run_has_so_many_cores_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let cores = Cores::new(folder.path().to_owned());
        let mut made = 0;
        for number in 0..20 {
            let mut make = || {
                made += 1;
                Vec::new()
            };
            cores.write("call", (task(number), 1), &mut make).unwrap();
        }
        assert_eq!((made, fs::read_dir(folder.path()).unwrap().count()), (CORES_MAX, CORES_MAX));
    }
}
