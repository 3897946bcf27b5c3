//! What is installed: the components in the folder that skills are served from, the records beside it.
//!
//! ```text
//! voyager/skills/acme.spelling@1.2.0.wasm            served
//! voyager/skills/acme.spelling@1.2.0.wasm.minisig    its signature
//! voyager/packages/installed.json                    the records
//! voyager/packages/held/...                          what waits for an approval
//! ```
//!
//! One process changes them at a time. The order of a change is: the new component under a name that is not
//! served, the records, the component's own name. So a component that is served is always the one that the
//! records name, or one that they do not know; whatever happens in between is mended by installing again.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::{
    hash::sha256,
    record::{Held, Record, Records},
};

/// The form of the records.
const FORM: u32 = 1;
/// What stands before the name of a file that is being written: whoever serves the folder passes hidden ones over.
const PARTIAL: &str = ".installing-";

/// Where skills are installed.
#[derive(Clone, Debug)]
pub struct Store {
    skills: PathBuf,
    packages: PathBuf,
}

/// The store while nobody else changes it.
pub struct Locked {
    store: Store,
    records: Records,
    /// Released when it is closed.
    _lock: File,
}

/// A component about to be installed.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it is.
    pub record: Record,
    /// The component.
    pub bytes: Vec<u8>,
    /// Its signature, where it has one.
    pub signature: Option<String>,
}

/// The store can't be used. What was installed before still is.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refuses.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The records can't be read.
    #[error("{} holds no records of installed skills: {reason}", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Nothing of that name is held.
    #[error("no skill `{0}` waits for an approval")]
    NotHeld(String),
    /// What is held is not what was held.
    #[error("{} was changed since it was held", .0.display())]
    Changed(PathBuf),
}

impl Store {
    /// The store beside a folder of skills.
    pub fn beside(skills: &Path) -> Self {
        Self { skills: skills.to_owned(), packages: skills.with_file_name("packages") }
    }

    /// The folder that skills are served from.
    pub fn skills(&self) -> &Path {
        &self.skills
    }

    /// The folder with the records, and with what is held.
    pub fn packages(&self) -> &Path {
        &self.packages
    }

    /// The file with the records.
    pub fn records_file(&self) -> PathBuf {
        self.packages.join("installed.json")
    }

    /// What is installed and held now.
    ///
    /// # Errors
    /// It can't be read.
    pub fn records(&self) -> Result<Records, StoreError> {
        let path = self.records_file();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Records::new()),
            Err(source) => return Err(StoreError::File { what: "read", path, source }),
        };
        let unusable = |reason: String| StoreError::Records { path: path.clone(), reason };
        let records: Records =
            serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        match records.form {
            FORM => Ok(records),
            other => Err(unusable(format!("form {other} is of another release"))),
        }
    }

    /// Waits until nobody else changes the store.
    ///
    /// # Errors
    /// It can't be opened, or read.
    pub fn lock(&self) -> Result<Locked, StoreError> {
        make_folder(&self.skills, 0o755)?;
        make_folder(&self.packages, 0o700)?;
        let path = self.packages.join("lock");
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = open.map_err(file("open", &path))?;
        flock(&lock, FlockOperation::LockExclusive)
            .map_err(|error| file("lock", &path)(error.into()))?;
        sweep(&self.skills);
        let records = self.records()?;
        Ok(Locked { store: self.clone(), records, _lock: lock })
    }
}

impl Locked {
    /// What is installed and held.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Whether a component is installed and lies where it should.
    pub fn has(&self, record: &Record) -> bool {
        let same = |it: &&Record| it.file == record.file && it.component == record.component;
        let found = self.records.installed.iter().find(same);
        let bytes = found.and_then(|it| fs::read(self.store.skills.join(&it.file)).ok());
        bytes.is_some_and(|it| sha256(&it) == record.sha256)
    }

    /// Installs a component; other versions of its package go unless they are to be kept.
    ///
    /// # Errors
    /// The file system refuses; nothing is changed then, unless the error says so.
    pub fn install(&mut self, package: Package, keep: bool) -> Result<Vec<Record>, StoreError> {
        let Package { record, bytes, signature } = package;
        let target = self.store.skills.join(&record.file);
        let partial = self.store.skills.join(format!("{PARTIAL}{}", record.file));
        write_synced(&partial, &bytes)?;
        let signed = signature_file(&target);
        let signature_partial = signature_file(&partial);
        if let Some(text) = &signature {
            write_synced(&signature_partial, text.as_bytes())?;
        }
        let replaced = self.without(&record, keep);
        self.records.held.retain(|it| it.record.file != record.file);
        self.records.installed.push(record.clone());
        let done = self.write_records().and_then(|()| {
            match &signature {
                Some(_) => rename(&signature_partial, &signed)?,
                None => remove(&signed)?,
            }
            rename(&partial, &target)
        });
        if let Err(error) = done {
            sweep(&self.store.skills);
            return Err(error);
        }
        self.forget_held(&record.file);
        for gone in replaced.iter().filter(|it| it.file != record.file) {
            self.remove_files(gone)?;
        }
        sync_folder(&self.store.skills)?;
        Ok(replaced)
    }

    /// Keeps a component out of the served folder until it is approved.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn hold(
        &mut self,
        package: Package,
        reasons: Vec<String>,
        keep: bool,
    ) -> Result<(), StoreError> {
        let Package { record, bytes, signature } = package;
        let folder = self.held_folder();
        make_folder(&folder, 0o700)?;
        let file = folder.join(&record.file);
        write_synced(&file, &bytes)?;
        match &signature {
            Some(text) => write_synced(&signature_file(&file), text.as_bytes())?,
            None => remove(&signature_file(&file))?,
        }
        self.records.held.retain(|it| it.record.file != record.file);
        self.records.held.push(Held { record, reasons, keep });
        self.write_records()
    }

    /// What is held under a name; of several versions none, unless one is named.
    pub fn held(&self, named: &str) -> Vec<&Held> {
        self.records.held.iter().filter(|it| it.record.is_named(named)).collect()
    }

    /// What was held, to be installed.
    ///
    /// # Errors
    /// It is gone, or was changed.
    pub fn take_held(&self, held: &Held) -> Result<Package, StoreError> {
        let path = self.held_folder().join(&held.record.file);
        let bytes = fs::read(&path).map_err(file("read", &path))?;
        if sha256(&bytes) != held.record.sha256 {
            return Err(StoreError::Changed(path));
        }
        let signature = fs::read_to_string(signature_file(&path)).ok();
        Ok(Package { record: held.record.clone(), bytes, signature })
    }

    /// Removes what is installed or held under a name: all versions, unless one is named.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn remove(&mut self, named: &str) -> Result<Vec<Record>, StoreError> {
        let is_gone = |it: &Record| it.is_named(named);
        let mut gone: Vec<Record> =
            self.records.installed.iter().filter(|it| is_gone(it)).cloned().collect();
        let held: Vec<Record> = self
            .records
            .held
            .iter()
            .map(|it| &it.record)
            .filter(|it| is_gone(it))
            .cloned()
            .collect();
        // Files first: without its record a component would be served as one that somebody put there.
        for record in &gone {
            self.remove_files(record)?;
        }
        self.records.installed.retain(|it| !is_gone(it));
        self.records.held.retain(|it| !is_gone(&it.record));
        self.write_records()?;
        held.iter().for_each(|it| self.forget_held(&it.file));
        gone.extend(held);
        Ok(gone)
    }

    /// Takes out of the records what a new one takes the place of.
    fn without(&mut self, record: &Record, keep: bool) -> Vec<Record> {
        let (gone, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut self.records.installed)
            .into_iter()
            .partition(|it| it.file == record.file || (!keep && it.package == record.package));
        self.records.installed = stay;
        gone
    }

    fn write_records(&mut self) -> Result<(), StoreError> {
        let key = |it: &Record| (it.package.clone(), it.version.clone());
        self.records.installed.sort_by_key(key);
        let path = self.store.records_file();
        let text = serde_json::to_vec_pretty(&self.records).expect("records are plain data");
        let partial = path.with_extension("partial");
        write_synced(&partial, &text)?;
        rename(&partial, &path)?;
        sync_folder(&self.store.packages)
    }

    fn held_folder(&self) -> PathBuf {
        self.store.packages.join("held")
    }

    /// What can't be removed is overwritten by the next one of its name.
    fn forget_held(&self, name: &str) {
        let path = self.held_folder().join(name);
        let _ = fs::remove_file(signature_file(&path));
        let _ = fs::remove_file(path);
    }

    fn remove_files(&self, record: &Record) -> Result<(), StoreError> {
        let path = self.store.skills.join(&record.file);
        remove(&path)?;
        remove(&signature_file(&path))
    }
}

impl Records {
    fn new() -> Self {
        Self { form: FORM, ..Self::default() }
    }
}

/// Where the signature of a component lies: beside it.
pub fn signature_file(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { what, path, source }
}

fn make_folder(path: &Path, mode: u32) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(mode).create(path).map_err(file("create", path))
}

/// Removes what an installation left that was ended in between.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let left = entries.flatten().filter(|it| it.file_name().to_string_lossy().starts_with(PARTIAL));
    left.for_each(|it| drop(fs::remove_file(it.path())));
}

/// Writes all of a file, or nothing.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let written = || {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    written().map_err(|error| {
        let _ = fs::remove_file(path);
        file("write", path)(error)
    })
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(file("write", to))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(file("remove", path)(error)),
        _ => Ok(()),
    }
}

fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|it| it.sync_all()).map_err(file("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Face;

    fn package(version: &str, content: &str) -> Package {
        let record = Record {
            package: "acme:spelling".to_owned(),
            version: version.to_owned(),
            file: format!("acme.spelling@{version}.wasm"),
            source: "here".to_owned(),
            component: voyager_base::Digest::of(content.as_bytes()).to_string(),
            sha256: sha256(content.as_bytes()),
            manifest: None,
            signer: None,
            size: content.len() as u64,
            face: Face::default(),
            installed: "2026-01-01T00:00:00Z".to_owned(),
        };
        Package { record, bytes: content.as_bytes().to_vec(), signature: None }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::beside(&folder.path().join("skills"));
        (folder, store)
    }

    #[test]
    fn another_version_takes_the_place_unless_both_are_kept() {
        let (_folder, store) = store();
        let mut locked = store.lock().unwrap();
        assert!(locked.install(package("1.0.0", "one"), false).unwrap().is_empty());
        assert_eq!(locked.install(package("1.1.0", "two"), true).unwrap().len(), 0);
        assert_eq!(names(store.skills()), ["acme.spelling@1.0.0.wasm", "acme.spelling@1.1.0.wasm"]);
        assert_eq!(locked.install(package("1.2.0", "three"), false).unwrap().len(), 2);
        assert_eq!(names(store.skills()), ["acme.spelling@1.2.0.wasm"]);
        assert_eq!(store.records().unwrap(), *locked.records());
        assert!(locked.has(&package("1.2.0", "three").record));
        assert!(!locked.has(&package("1.2.0", "other").record));
    }

    #[test]
    fn what_is_held_is_not_served_until_it_is_taken() {
        let (_folder, store) = store();
        let mut locked = store.lock().unwrap();
        locked.hold(package("1.0.0", "one"), vec!["asks for more".to_owned()], false).unwrap();
        assert!(names(store.skills()).is_empty());
        let held = locked.held("spelling")[0].clone();
        let taken = locked.take_held(&held).unwrap();
        assert_eq!(taken.bytes, b"one");
        locked.install(taken, held.keep).unwrap();
        assert!(locked.held("spelling").is_empty());
        assert_eq!(names(store.skills()), ["acme.spelling@1.0.0.wasm"]);
    }

    #[test]
    fn what_was_changed_while_it_was_held_is_not_installed() {
        let (_folder, store) = store();
        let mut locked = store.lock().unwrap();
        locked.hold(package("1.0.0", "one"), Vec::new(), false).unwrap();
        fs::write(locked.held_folder().join("acme.spelling@1.0.0.wasm"), "evil").unwrap();
        let held = locked.held("spelling")[0].clone();
        assert!(matches!(locked.take_held(&held), Err(StoreError::Changed(_))));
    }

    #[test]
    fn what_an_end_in_between_left_is_swept() {
        let (_folder, store) = store();
        drop(store.lock().unwrap());
        fs::write(store.skills().join(".installing-acme.x.wasm"), "half").unwrap();
        fs::write(store.skills().join("mine.wasm"), "mine").unwrap();
        drop(store.lock().unwrap());
        assert_eq!(names(store.skills()), ["mine.wasm"]);
    }

    #[test]
    fn a_folder_that_takes_no_file_leaves_everything_as_it_was() {
        let (_folder, store) = store();
        let mut locked = store.lock().unwrap();
        locked.install(package("1.0.0", "one"), false).unwrap();
        // A folder stands where the new component would be written first.
        fs::create_dir(store.skills().join(".installing-acme.spelling@1.1.0.wasm")).unwrap();
        let error = locked.install(package("1.1.0", "two"), false).unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{error}");
        assert_eq!(store.records().unwrap().installed[0].version, "1.0.0");
        assert!(store.skills().join("acme.spelling@1.0.0.wasm").is_file());
    }

    #[test]
    fn a_removed_skill_leaves_nothing() {
        let (_folder, store) = store();
        let mut locked = store.lock().unwrap();
        let mut signed = package("1.0.0", "one");
        signed.signature = Some("signature".to_owned());
        locked.install(signed, false).unwrap();
        locked.hold(package("1.1.0", "two"), Vec::new(), false).unwrap();
        assert!(locked.remove("acme:other").unwrap().is_empty());
        assert_eq!(locked.remove("acme:spelling").unwrap().len(), 2);
        assert!(names(store.skills()).is_empty() && names(&locked.held_folder()).is_empty());
        assert!(store.records().unwrap().installed.is_empty());
    }

    #[test]
    fn two_that_install_at_once_come_one_after_the_other() {
        let (_folder, store) = store();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let store = store.clone();
                scope.spawn(move || {
                    let version = format!("1.{number}.0");
                    store.lock().unwrap().install(package(&version, &version), true).unwrap();
                });
            }
        });
        assert_eq!(store.records().unwrap().installed.len(), 8);
        assert_eq!(names(store.skills()).len(), 8);
    }

    #[test]
    fn records_of_another_release_are_not_guessed() {
        let (_folder, store) = store();
        drop(store.lock().unwrap());
        for text in ["{", "{\"form\":2,\"installed\":[],\"held\":[]}"] {
            fs::write(store.records_file(), text).unwrap();
            assert!(matches!(store.lock(), Err(StoreError::Records { .. })), "{text}");
        }
    }
}
