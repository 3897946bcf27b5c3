//! Which skills are served: those that the policy of trust admits, and that are what was installed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use voyager_base::{Digest, operation::Skill};
use voyager_package::{
    Policy, Record, SIGNATURE_BYTES_MAX, Standing, Store, Unsigned, signature_file,
};

use super::{Stamp, stamp};
use crate::{places::Places, trusting};

/// Where it stands who is admitted.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    trust: Option<PathBuf>,
    store: Option<Store>,
    shipped: Option<PathBuf>,
}

/// Who is admitted.
pub(super) struct Admission {
    policy: Result<Policy, String>,
    /// Installed skills by their file.
    installed: Result<BTreeMap<PathBuf, Record>, String>,
    shipped: Option<PathBuf>,
}

impl Gate {
    /// That of the user whose places these are.
    pub(crate) fn of(places: &Places) -> Self {
        Self {
            trust: trusting::file(places),
            store: places.own.as_deref().map(Store::beside),
            shipped: places.shipped.clone(),
        }
    }

    /// Reads it as it is now.
    pub(super) fn read(&self) -> Admission {
        let installed = self.store.as_ref().map_or_else(
            || Ok(BTreeMap::new()),
            |store| {
                let records = store.records().map_err(|error| error.to_string())?;
                let path = |it: Record| (store.skills().join(&it.file), it);
                Ok(records.installed.into_iter().map(path).collect())
            },
        );
        Admission {
            policy: trusting::read(self.trust.as_deref()),
            installed,
            shipped: self.shipped.clone(),
        }
    }

    /// What tells whether others may be admitted than before: of the policy, the records, and the signatures of
    /// these components.
    pub(super) fn stamps(&self, files: &[(PathBuf, Stamp)]) -> Vec<(PathBuf, Stamp)> {
        let records = self.store.as_ref().map(Store::records_file);
        let own = self.trust.clone().into_iter().chain(records);
        let all = own.chain(files.iter().map(|(path, _)| signature_file(path)));
        all.filter_map(|path| stamp(&path).map(|stamp| (path, stamp))).collect()
    }
}

impl Admission {
    /// Why a skill is not served; none where it is.
    pub(super) fn refuses(&self, path: &Path, skill: &Skill) -> Option<String> {
        if self.shipped.is_some() && path.parent() == self.shipped.as_deref() {
            return None;
        }
        let policy = match &self.policy {
            Ok(policy) => policy,
            Err(why) => return Some(format!("nobody can tell whether it is trusted: {why}")),
        };
        let installed = match &self.installed {
            Ok(installed) => installed.get(path),
            Err(why) => return Some(format!("nobody can tell whether it was installed: {why}")),
        };
        let standing = match installed {
            Some(record) if record.component != skill.component.to_string() => {
                return Some(format!(
                    "it is not {} as it was installed; install it again, or remove it",
                    record.name()
                ));
            }
            // Its signature was checked when it was installed, and it is the same since.
            Some(record) => match &record.signer {
                Some(signer) if policy.still_trusts(signer, &skill.package) => return None,
                _ => Standing::Unsigned("no trusted key signed it".to_owned()),
            },
            None => match judged(policy, path, skill) {
                Ok(standing) => standing,
                Err(why) => return Some(why),
            },
        };
        match standing {
            Standing::Unsigned(why) if policy.unsigned == Unsigned::Deny => {
                Some(format!("{why}, and the policy of trust denies that"))
            }
            _ => None,
        }
    }
}

/// What the signature beside a component is worth that somebody put there.
fn judged(policy: &Policy, path: &Path, skill: &Skill) -> Result<Standing, String> {
    let signature = signature_file(path);
    let Ok(about) = fs::metadata(&signature) else {
        return Ok(Standing::Unsigned("it is not signed".to_owned()));
    };
    if about.len() > SIGNATURE_BYTES_MAX {
        return Err(format!("{} is no signature: it is too long", signature.display()));
    }
    let text = fs::read_to_string(&signature).map_err(|error| error.to_string())?;
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    if Digest::of(&bytes) != skill.component {
        return Err("it was changed a moment ago".to_owned());
    }
    policy.judge(&skill.package, &bytes, Some(&text)).map_err(|error| error.to_string())
}
