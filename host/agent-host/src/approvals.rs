//! What the operator approved: the power of manifests, a file each, in the folder of the state.
//!
//! An approval belongs to a manifest's name and its path together: another manifest in its place, or the
//! same elsewhere, has none.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use voyager_base::{Digest, clock::Timestamp};
use voyager_manifest::{
    power::{self, Difference, How, Power},
    shell,
};

use crate::failure::{Failure, FailureKind};

/// The form of the files: others are not read, since what they leave out could count as approved.
const FORM: u32 = 1;

/// All approvals of a state folder.
pub(crate) struct Approvals {
    folder: PathBuf,
}

/// One approval.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Approval {
    form: u32,
    /// The manifest's name.
    pub(crate) name: String,
    /// Where it lies, links resolved.
    pub(crate) path: PathBuf,
    /// When, as RFC 3339.
    pub(crate) approved: String,
    /// What was approved.
    pub(crate) power: Power,
}

/// What is different from what was approved.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Change {
    /// The manifest's name.
    pub(crate) name: String,
    /// When it was approved; none where it never was.
    pub(crate) approved: Option<String>,
    /// Whether it goes beyond what was approved.
    pub(crate) is_beyond: bool,
    /// What is different; everything where nothing was approved.
    pub(crate) differences: Vec<Difference>,
}

impl Approvals {
    /// Those of a state folder.
    pub(crate) fn of(state: &Path) -> Self {
        Self { folder: state.join("approvals") }
    }

    /// All, ordered by name and path.
    pub(crate) fn all(&self) -> Result<Vec<Approval>, Failure> {
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
        all.sort_by(|one: &Approval, other| {
            (&one.name, &one.path).cmp(&(&other.name, &other.path))
        });
        Ok(all)
    }

    /// How the power of the manifest `file` with this text differs from what was approved.
    pub(crate) fn change(&self, power: &Power, file: &Path, text: &str) -> Result<Change, Failure> {
        let approval = read(&self.file(&power.name, &resolved(file)))?;
        let nothing = power.nothing();
        let before = approval.as_ref().map_or(&nothing, |it| &it.power);
        let differences = power::differences(before, power, text);
        Ok(Change {
            name: power.name.clone(),
            is_beyond: approval.is_none() || differences.iter().any(|it| it.how.is_beyond()),
            approved: approval.map(|it| it.approved),
            differences,
        })
    }

    /// Refuses a manifest, `named` so in `directory`, that can do more than was approved.
    pub(crate) fn require(
        &self,
        power: &Power,
        directory: &Path,
        named: &str,
        text: &str,
    ) -> Result<(), Failure> {
        let mut change = self.change(power, &directory.join(named), text)?;
        if !change.is_beyond {
            return Ok(());
        }
        change.differences.retain(|it| it.how != How::Shrank);
        let shown = power::to_text(&change.differences);
        let why = match &change.approved {
            Some(at) => format!("`{}` can do more than was approved on {at}", change.name),
            None => format!("what `{}` can do was never approved", change.name),
        };
        let failure = Failure::new(FailureKind::Unapproved, format!("{why}\n{}", shown.trim_end()));
        let named = shell::word(named);
        let failure = failure.hint(format!(
            "read `agent-host plan {named}`; `agent-host approve {named}` lets it run unattended"
        ));
        Err(Failure { diagnostics: serde_json::to_value(&change).ok(), ..failure })
    }

    /// Approves a power, in place of what was approved before.
    pub(crate) fn approve(
        &self,
        power: Power,
        file: &Path,
        now: Timestamp,
    ) -> Result<Approval, Failure> {
        let path = resolved(file);
        let target = self.file(&power.name, &path);
        let name = power.name.clone();
        let approval = Approval { form: FORM, name, path, approved: now.to_string(), power };
        let text = serde_json::to_vec_pretty(&approval)
            .map_err(|error| Failure::environment("cannot write JSON", &error))?;
        write(&self.folder, &target, &text).map_err(|error| {
            Failure::environment(format!("cannot write {}", target.display()), &error)
        })?;
        Ok(approval)
    }

    /// Withdraws the approvals of a manifest that is named by its file, or by its name where that is no
    /// file's.
    pub(crate) fn withdraw(&self, named: &Path, file: &Path) -> Result<Vec<Approval>, Failure> {
        let path = resolved(file);
        let all = self.all()?;
        let mut gone: Vec<Approval> = all.iter().filter(|it| it.path == path).cloned().collect();
        if gone.is_empty() {
            gone = all.into_iter().filter(|it| Path::new(&it.name) == named).collect();
        }
        if gone.is_empty() {
            return Err(Failure::usage(format!("nothing of {} is approved", named.display()))
                .hint("`agent-host approve --list` lists what is"));
        }
        for approval in &gone {
            let file = self.file(&approval.name, &approval.path);
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

/// Its path with all links resolved; as it is where it is gone.
pub(crate) fn resolved(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

fn read(path: &Path) -> Result<Option<Approval>, Failure> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::environment(format!("cannot read {}", path.display()), &error));
        }
    };
    let unusable = |why: String| {
        Failure::new(FailureKind::Environment, format!("{}: {why}", path.display()))
            .hint("remove the file and approve the manifest again")
    };
    let approval: Approval = serde_json::from_slice(&bytes)
        .map_err(|error| unusable(format!("this is no approval: {error}")))?;
    match approval.form {
        FORM => Ok(Some(approval)),
        other => Err(unusable(format!("this approval is of another release (form {other})"))),
    }
}

/// Writes a file that only its owner reads: all of it or, whatever happens, what was there before.
pub(crate) fn write(folder: &Path, target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let partial = target.with_extension(format!("partial-{}", std::process::id()));
    let _ = fs::remove_file(&partial);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, target)?;
    File::open(folder)?.sync_all()
}
