//! The skills that there are: every `.wasm` of the skills folders, described without running it.
//!
//! A description is kept with the file's stamp (size, times, inode), so that starting reads no
//! component at all; only what a run needs is loaded. A file that is no skill is quarantined: named,
//! with the reason, and passed over until it changes.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use voyager_base::{Digest, operation::Skill};
use voyager_sandbox::{LoadError, Sandbox};

/// Larger files are not even read.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;

/// The skills that there are.
pub(crate) struct Catalog {
    skills: Vec<Shelved>,
    quarantined: Vec<(PathBuf, String)>,
}

/// A skill and where it lies.
#[derive(Clone)]
pub(crate) struct Shelved {
    /// The component's file.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) skill: Arc<Skill>,
}

/// What tells whether a file is still the one that was described.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
}

/// What was found in a file.
#[derive(Clone, Serialize, Deserialize)]
enum Described {
    Skill(Arc<Skill>),
    Refused(String),
}

type Known = BTreeMap<PathBuf, (Stamp, Described)>;

impl Catalog {
    /// Describes the skills below `folders`. Of two with the same package and version the earlier
    /// folder's counts. `memory` is the file that keeps descriptions.
    pub(crate) fn read(folders: &[PathBuf], sandbox: &Sandbox, memory: &Path) -> Self {
        let known: Known = fs::read(memory)
            .ok()
            .and_then(|bytes| rmp_serde::from_slice(&bytes).ok())
            .unwrap_or_default();
        let mut next = Known::new();
        let mut catalog = Self { skills: Vec::new(), quarantined: Vec::new() };
        for path in folders.iter().flat_map(|folder| components(folder)) {
            let Some(stamp) = stamp(&path) else { continue };
            let described = match known.get(&path) {
                Some((before, described)) if *before == stamp => described.clone(),
                _ => match describe(&path, stamp.size, sandbox) {
                    Ok(described) => described,
                    // Perhaps it is still being written: next time it may be whole.
                    Err(reason) => {
                        catalog.quarantined.push((path, reason));
                        continue;
                    }
                },
            };
            catalog.shelve(&path, &described);
            next.insert(path, (stamp, described));
        }
        if known.len() != next.len()
            || known.iter().any(|(path, (stamp, _))| next.get(path).is_none_or(|it| it.0 != *stamp))
        {
            // A description that can't be kept is made again next time.
            let bytes = rmp_serde::to_vec_named(&next).expect("descriptions are plain data");
            let partial = memory.with_extension("partial");
            let _ = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, memory));
        }
        catalog
    }

    /// All skills, in the order of the folders and of their file names.
    pub(crate) fn skills(&self) -> &[Shelved] {
        &self.skills
    }

    /// What a component imports; none where it isn't there.
    pub(crate) fn imports(&self, component: &Digest) -> Option<Vec<String>> {
        let shelved = self.skills.iter().find(|it| it.skill.component == *component);
        shelved.map(|it| it.skill.imports.clone())
    }

    /// Files that are no skills, with the reason.
    pub(crate) fn quarantined(&self) -> &[(PathBuf, String)] {
        &self.quarantined
    }

    /// Where each component lies.
    pub(crate) fn files(&self) -> BTreeMap<Digest, PathBuf> {
        self.skills.iter().map(|it| (it.skill.component, it.path.clone())).collect()
    }

    fn shelve(&mut self, path: &Path, described: &Described) {
        match described {
            Described::Refused(reason) => self.quarantined.push((path.to_owned(), reason.clone())),
            Described::Skill(skill) => {
                let same = |it: &Shelved| {
                    it.skill.package == skill.package && it.skill.version == skill.version
                };
                if !self.skills.iter().any(same) {
                    self.skills.push(Shelved { path: path.to_owned(), skill: Arc::clone(skill) });
                }
            }
        }
    }
}

/// Components of a folder, by name; hidden ones and those that end otherwise are being written, or not
/// meant.
fn components(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "wasm"))
        .collect();
    paths.sort();
    paths
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp {
        size: about.len(),
        modified: (about.mtime(), about.mtime_nsec()),
        changed: (about.ctime(), about.ctime_nsec()),
        inode: about.ino(),
    })
}

/// Describes a file for good, or says why it can't be told now.
fn describe(path: &Path, size: u64, sandbox: &Sandbox) -> Result<Described, String> {
    if size > COMPONENT_BYTES_MAX {
        return Ok(Described::Refused(format!(
            "it has {size} bytes; at most {COMPONENT_BYTES_MAX} are allowed"
        )));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    match sandbox.load(&bytes) {
        Ok(skill) => Ok(Described::Skill(skill)),
        Err(error @ (LoadError::CompilerUnavailable(_) | LoadError::CompileBound(_))) => {
            Err(error.to_string())
        }
        Err(error) => Ok(Described::Refused(error.to_string())),
    }
}
