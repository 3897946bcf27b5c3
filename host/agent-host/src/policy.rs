//! The policy of this host: a file that its operator writes, read again when it changes.
//!
//! Nothing that a skill can reach names the file, and no request changes it. A policy that can't be read
//! allows nothing.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use voyager_base::{
    clock::{Clock, Timestamp},
    grant::GrantLayer,
    policy::{HostPolicy, Rules, Verdict, What},
};
use voyager_manifest::{HostPolicy as Policy, check_policy, diagnostic};
use voyager_package::Store;

use crate::{
    failure::{Failure, FailureKind},
    places::Places,
    trusting,
};

/// How often the file is looked at, at most, while runs go on.
const LOOK: Duration = Duration::from_millis(250);

/// A policy as it was read.
pub(crate) struct Read {
    /// What it says.
    pub(crate) policy: Policy,
    /// Warnings, for people; empty where there are none.
    pub(crate) warnings: String,
    /// Whether there is a file.
    pub(crate) is_there: bool,
}

/// Reads the policy. Where nobody named a file and none is there, everything is left to manifests.
///
/// # Errors
/// Where the file can't be read, is wrong, or was named and is not there.
pub(crate) fn read(places: &Places) -> Result<Read, Failure> {
    let Some(file) = &places.policy else { return Ok(none()) };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !places.policy_is_named => {
            return Ok(none());
        }
        Err(error) => {
            let what = format!("cannot read the policy {}", file.display());
            return Err(Failure::environment(what, &error)
                .hint("without its policy this host runs nothing; mend the file, or name another one with --policy"));
        }
    };
    let name = file.display().to_string();
    let home = places.home.as_ref().and_then(|it| it.to_str());
    let checked = check_policy(&text, &name, home);
    let shown = diagnostic::render(&checked.diagnostics, &name, &text, false);
    let shown = shown.trim_end().to_owned();
    match checked.policy {
        Some(mut policy) => {
            policy.rules.rules.iter_mut().for_each(|rule| resolve(&mut rule.what));
            Ok(Read { policy, warnings: shown, is_there: true })
        }
        None => {
            let message = format!("the policy is wrong, so nothing runs\n{shown}");
            let failure = Failure::new(FailureKind::Manifest, message).hint(
                "`agent-host explain CODE` says more; `agent-host grants check` tries the file",
            );
            Err(Failure { diagnostics: Some(diagnostic::to_json(&checked.diagnostics)), ..failure })
        }
    }
}

fn none() -> Read {
    Read { policy: Policy::default(), warnings: String::new(), is_there: false }
}

/// Follows the links of a folder, as those of a run are: a rule for a link means where it leads.
fn resolve(what: &mut What) {
    let What::Folder(folder) = what else { return };
    let real = folder.path.as_ref().and_then(|path| std::fs::canonicalize(path).ok());
    if let Some(real) = real.and_then(|path| path.into_os_string().into_string().ok()) {
        folder.path = Some(real);
    }
}

/// The policy as a layer above every manifest.
pub(crate) fn layer(policy: &Policy) -> GrantLayer {
    let rules = Some(&policy.rules).filter(|rules| !rules.are_open());
    GrantLayer {
        source: "this host".to_owned(),
        rules: rules.map(|rules| Arc::new(rules.clone())),
        ..GrantLayer::default()
    }
}

/// What is allowed while the policy can't be read: nothing.
fn nothing(file: &Path) -> GrantLayer {
    let file = format!("{} (it can't be read; `agent-host grants check` says why)", file.display());
    let rules = Rules { file, otherwise: Verdict::Deny, ..Rules::default() };
    GrantLayer {
        source: "this host".to_owned(),
        rules: Some(rules.into()),
        ..GrantLayer::default()
    }
}

/// The policy of this moment, for runs that go on.
pub(crate) struct Today {
    places: Places,
    clock: Arc<dyn Clock>,
    seen: Mutex<Seen>,
}

struct Seen {
    at: Timestamp,
    stamp: Option<(SystemTime, u64, u64)>,
    layer: Arc<GrantLayer>,
}

impl Today {
    /// That of the file which `places` name.
    pub(crate) fn new(places: Places, clock: Arc<dyn Clock>) -> Self {
        let (at, stamp) = (clock.now(), stamp(&places));
        let layer = Arc::new(now(&places));
        Self { places, clock, seen: Mutex::new(Seen { at, stamp, layer }) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostPolicy for Today {
    fn today(&self) -> Arc<GrantLayer> {
        let at = self.clock.now();
        let mut seen = self.seen();
        if LOOK <= at.since(seen.at) {
            seen.at = at;
            let stamp = stamp(&self.places);
            if stamp != seen.stamp {
                seen.stamp = stamp;
                let layer = now(&self.places);
                if layer != *seen.layer {
                    seen.layer = Arc::new(layer);
                }
            }
        }
        Arc::clone(&seen.layer)
    }
}

fn now(places: &Places) -> GrantLayer {
    match (read(places), &places.policy) {
        (Ok(read), _) => layer(&read.policy),
        (Err(_), file) => nothing(file.as_deref().unwrap_or_else(|| Path::new("policy.yaml"))),
    }
}

/// What tells one text of the file from the next: when it was changed, its size, its number.
fn stamp(places: &Places) -> Option<(SystemTime, u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(places.policy.as_ref()?).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}

/// What decides on tasks, so that none may write there: the policy, who is trusted, the skills that are served and
/// where they came from, and all of the state but output files.
pub(crate) fn own_paths(places: &Places) -> Vec<String> {
    const STATE: [&str; 9] = [
        "approvals",
        "decisions",
        "journal",
        "memory",
        "programs",
        "results",
        "secret-key",
        "skills-seen",
        "words",
    ];
    let real = |path: PathBuf| {
        // What is not there yet has a folder that is.
        let whole = std::fs::canonicalize(&path).or_else(|error| {
            let above = path.parent().map(std::fs::canonicalize).transpose().ok().flatten();
            above.zip(path.file_name()).map(|(above, name)| above.join(name)).ok_or(error)
        });
        whole.unwrap_or(path).into_os_string().into_string().ok()
    };
    let mut paths: Vec<PathBuf> = STATE.iter().map(|name| places.state.join(name)).collect();
    paths.push(places.compiled.clone());
    paths.extend(places.skills.iter().cloned());
    paths.extend(places.own.as_ref().map(|own| Store::beside(own).packages().to_owned()));
    paths.extend(trusting::file(places));
    paths.extend(crate::encoding::Setting::file(places));
    if let Some(policy) = &places.policy {
        // Not by another name either, where it is a link.
        paths.push(policy.clone());
        let named = policy.parent().and_then(|it| std::fs::canonicalize(it).ok());
        let named = named.zip(policy.file_name()).map(|(above, name)| above.join(name));
        let named = named.and_then(|it| it.into_os_string().into_string().ok());
        return paths.into_iter().filter_map(real).chain(named).collect();
    }
    paths.into_iter().filter_map(real).collect()
}

/// Where the policy lies, as messages name it.
pub(crate) fn file(places: &Places) -> PathBuf {
    places.policy.clone().unwrap_or_else(|| "policy.yaml".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guide's table of the state folder is what people know of it. What is missing in the list could be
    /// written by a task that was granted a folder around the state.
    #[test]
    fn no_task_writes_to_what_the_guide_lists_in_the_state() {
        let guide = include_str!("../../../docs/guide/operating.md");
        let table = guide.split("| in it | what |").nth(1).unwrap_or_default();
        let rows = table.lines().skip(1).take_while(|it| it.starts_with('|'));
        let names = rows.filter_map(|it| it.strip_prefix("| `")?.split(['/', '`']).next());
        let names: Vec<&str> = names.collect();
        assert!(names.contains(&"journal") && names.contains(&"memory"), "{names:?}");
        let state = Path::new("/nowhere/state");
        let places = Places {
            state: state.to_owned(),
            compiled: state.join("compiled"),
            skills: Vec::new(),
            own: None,
            shipped: None,
            configuration: None,
            share: None,
            policy: None,
            policy_is_named: false,
            home: None,
        };
        let own = own_paths(&places);
        // Output files are for everybody, and the socket is no file that can be written.
        for name in names.into_iter().filter(|it| !matches!(*it, "artifacts" | "socket")) {
            let path = state.join(name);
            assert!(own.iter().any(|it| Path::new(it) == path), "{name} is not in the list");
        }
    }
}
