//! The skills that there are: every `.wasm` of the skills folders, described without running it.
//!
//! A description is kept with the file's stamp (size, times, inode), so that starting reads no
//! component at all; only what a run needs is loaded. A file that is no skill is quarantined: named,
//! with the reason, and passed over until it changes. So is one that the policy of trust does not admit.

mod admission;
mod live;

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

use self::admission::Admission;
pub(crate) use self::{admission::Gate, live::LiveCatalog};

/// Larger files are not even read.
const COMPONENT_BYTES_MAX: u64 = 32 << 20;

/// The skills that there are.
#[derive(Default)]
pub(crate) struct Catalog {
    skills: Vec<Shelved>,
    quarantined: Vec<(PathBuf, String)>,
    /// What was found in each file, for as long as it stays as it is.
    known: Known,
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
    /// It could not be told, and may be another time: kept in memory only.
    Unclear(String),
}

type Known = BTreeMap<PathBuf, (Stamp, Described)>;

impl Catalog {
    /// Describes the skills below `folders`. Of two with the same package and version the earlier
    /// folder's counts. `memory` is the file that keeps descriptions.
    pub(crate) fn read(folders: &[PathBuf], sandbox: &Sandbox, memory: &Path, gate: &Gate) -> Self {
        let before = Self::remembered(memory);
        let catalog = before.again(&found(folders), sandbox, &gate.read(), |_, _, _| true);
        catalog.remember(&before, memory);
        catalog
    }

    /// What descriptions were kept, of whatever files.
    fn remembered(memory: &Path) -> Self {
        let known = fs::read(memory).ok().and_then(|bytes| rmp_serde::from_slice(&bytes).ok());
        Self { known: known.unwrap_or_default(), ..Self::default() }
    }

    /// The skills among `files`. Those that are as they were are not read again; one that can't be told from
    /// before, and that is not `ready` to be read, counts as it was.
    fn again(
        &self,
        files: &[(PathBuf, Stamp)],
        sandbox: &Sandbox,
        admission: &Admission,
        ready: impl Fn(&Path, &Stamp, Option<&Described>) -> bool,
    ) -> Self {
        let mut catalog = Self::default();
        for (path, stamp) in files {
            let known = self.known.get(path);
            let (stamp, described) = match known {
                Some((before, it)) if before == stamp && !matches!(it, Described::Unclear(_)) => {
                    (stamp, it.clone())
                }
                _ if ready(path, stamp, known.map(|it| &it.1)) => {
                    (stamp, describe(path, stamp.size, sandbox))
                }
                Some((before, described)) => (before, described.clone()),
                None => continue,
            };
            catalog.shelve(path, &described, admission);
            catalog.known.insert(path.clone(), (stamp.clone(), described));
        }
        catalog
    }

    /// Keeps the descriptions for the next start, where they are others than `before`.
    fn remember(&self, before: &Self, memory: &Path) {
        if self.is_as_in(&before.stamps()) {
            return;
        }
        let clear = |known: &&mut (Stamp, Described)| !matches!(known.1, Described::Unclear(_));
        let mut known = self.known.clone();
        known.retain(|_, it| clear(&it));
        // A description that can't be kept is made again next time.
        let bytes = rmp_serde::to_vec_named(&known).expect("descriptions are plain data");
        let partial = memory.with_extension("partial");
        let _ = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, memory));
    }

    fn stamps(&self) -> Vec<(PathBuf, Stamp)> {
        self.known.iter().map(|(path, (stamp, _))| (path.clone(), stamp.clone())).collect()
    }

    /// Whether these are its files, as they were then.
    fn is_as_in(&self, files: &[(PathBuf, Stamp)]) -> bool {
        self.known.len() == files.len()
            && files
                .iter()
                .all(|(path, stamp)| self.known.get(path).is_some_and(|it| it.0 == *stamp))
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

    /// Where a component lies.
    pub(crate) fn file(&self, component: &Digest) -> Option<&Path> {
        let shelved = self.skills.iter().find(|it| it.skill.component == *component);
        shelved.map(|it| it.path.as_path())
    }

    fn shelve(&mut self, path: &Path, described: &Described, admission: &Admission) {
        match described {
            Described::Refused(reason) | Described::Unclear(reason) => {
                self.quarantined.push((path.to_owned(), reason.clone()));
            }
            Described::Skill(skill) => {
                let same = |it: &Shelved| {
                    it.skill.package == skill.package && it.skill.version == skill.version
                };
                if let Some(reason) = admission.refuses(path, skill) {
                    self.quarantined.push((path.to_owned(), reason));
                } else if !self.skills.iter().any(same) {
                    self.skills.push(Shelved { path: path.to_owned(), skill: Arc::clone(skill) });
                }
            }
        }
    }
}

/// The files of all folders that may be components, with their stamps.
fn found(folders: &[PathBuf]) -> Vec<(PathBuf, Stamp)> {
    let files = folders.iter().flat_map(|folder| components(folder));
    files.filter_map(|path| stamp(&path).map(|stamp| (path, stamp))).collect()
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

/// The skill by its name, which some have from their file.
pub(crate) fn named(skill: &Skill, path: &Path) -> Arc<Skill> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Arc::new(skill.clone().named_after(&stem))
}

/// Tells what a file is.
fn describe(path: &Path, size: u64, sandbox: &Sandbox) -> Described {
    if size > COMPONENT_BYTES_MAX {
        let reason = format!("it has {size} bytes; at most {COMPONENT_BYTES_MAX} are allowed");
        return Described::Refused(reason);
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Described::Unclear(error.to_string()),
    };
    match sandbox.load(&bytes) {
        Ok(skill) => Described::Skill(named(&skill, path)),
        // Also one that was ended from outside counts as beyond its bounds: it may be good.
        Err(error @ (LoadError::CompilerUnavailable(_) | LoadError::CompileBound(_))) => {
            Described::Unclear(error.to_string())
        }
        Err(error) => Described::Refused(error.to_string()),
    }
}
