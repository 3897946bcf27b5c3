//! What people allowed for good where the policy asks: a file for each manifest, in the folder of the state.
//!
//! A decision belongs to a manifest's name and its path together, as an approval does, and to exactly what was
//! asked: the package, and the grant. A manifest that grants itself more is asked about anew. No skill and no
//! request changes these files but the answer of whoever was asked, and `grants forget`.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use voyager_base::{Digest, policy::Allowed};

use crate::{
    approvals::{resolved, write},
    failure::{Failure, FailureKind},
};

/// The form of the files: others are not read.
const FORM: u32 = 1;

/// All decisions of a state folder.
pub(crate) struct Decisions {
    folder: PathBuf,
}

/// What was decided for one manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Decided {
    form: u32,
    /// The manifest's name.
    pub(crate) name: String,
    /// Where it lies, links resolved.
    pub(crate) path: PathBuf,
    /// What was allowed.
    pub(crate) allowed: Vec<Allowed>,
}

impl Decisions {
    /// Those of a state folder.
    pub(crate) fn of(state: &Path) -> Self {
        Self { folder: state.join("decisions") }
    }

    /// All, ordered by name and path.
    pub(crate) fn all(&self) -> Result<Vec<Decided>, Failure> {
        let unreadable = |error: std::io::Error| {
            Failure::environment(format!("cannot list {}", self.folder.display()), &error)
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|it| it == "json") {
                all.extend(read(&path)?);
            }
        }
        all.sort_by(|one: &Decided, other| (&one.name, &one.path).cmp(&(&other.name, &other.path)));
        Ok(all)
    }

    /// What was allowed for good to the manifest `name` in `file`.
    pub(crate) fn allowed(&self, name: &str, file: &Path) -> Result<Vec<Allowed>, Failure> {
        let known = read(&self.file(name, &resolved(file)))?;
        Ok(known.map(|it| it.allowed).unwrap_or_default())
    }

    /// Remembers what was allowed beside what is known.
    pub(crate) fn remember(
        &self,
        name: &str,
        file: &Path,
        more: impl IntoIterator<Item = Allowed>,
    ) -> Result<(), Failure> {
        let mut allowed = self.allowed(name, file)?;
        for new in more {
            allowed.retain(|it| (&it.package, &it.what) != (&new.package, &new.what));
            allowed.push(new);
        }
        let path = resolved(file);
        let target = self.file(name, &path);
        let decided = Decided { form: FORM, name: name.to_owned(), path, allowed };
        let text = serde_json::to_vec_pretty(&decided)
            .map_err(|error| Failure::environment("cannot write JSON", &error))?;
        write(&self.folder, &target, &text).map_err(|error| {
            Failure::environment(format!("cannot write {}", target.display()), &error)
        })
    }

    /// Forgets what was decided for a manifest that is named by its file, or by its name where that is no
    /// file's.
    pub(crate) fn forget(&self, named: &Path, file: &Path) -> Result<Vec<Decided>, Failure> {
        let path = resolved(file);
        let all = self.all()?;
        let mut gone: Vec<Decided> = all.iter().filter(|it| it.path == path).cloned().collect();
        if gone.is_empty() {
            gone = all.into_iter().filter(|it| Path::new(&it.name) == named).collect();
        }
        if gone.is_empty() {
            let message = format!("nothing is remembered for {}", named.display());
            return Err(Failure::usage(message).hint("`agent-host grants list` lists what is"));
        }
        for decided in &gone {
            let file = self.file(&decided.name, &decided.path);
            fs::remove_file(&file).map_err(|error| {
                Failure::environment(format!("cannot remove {}", file.display()), &error)
            })?;
        }
        Ok(gone)
    }

    fn file(&self, name: &str, path: &Path) -> PathBuf {
        let key = [name.as_bytes(), b"\0", path.as_os_str().as_encoded_bytes()].concat();
        self.folder.join(format!("{}.json", Digest::of(&key)))
    }
}

fn read(path: &Path) -> Result<Option<Decided>, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::environment(format!("cannot read {}", path.display()), &error));
        }
    };
    let decided: Option<Decided> = serde_json::from_slice(&bytes).ok();
    match decided {
        Some(decided) if decided.form == FORM => Ok(Some(decided)),
        // Fail closed: what can't be read allows nothing, and is not written over unseen.
        _ => {
            let message = format!("{}: these are no decisions of this release", path.display());
            Err(Failure::new(FailureKind::Environment, message)
                .hint("remove the file; what it allowed is asked for again"))
        }
    }
}
