//! The skills folders as they are now: looked at again before each run, and all the while in a process
//! that lives longer than one command.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use voyager_base::{Digest, operation::Skill};
use voyager_sandbox::Sandbox;

use super::{Catalog, Described, Gate, Stamp, found};
use crate::protocol::Event;

/// The skills that there are now.
pub(crate) struct LiveCatalog {
    folders: Vec<PathBuf>,
    memory: PathBuf,
    sandbox: Sandbox,
    gate: Gate,
    now: RwLock<Arc<Catalog>>,
    /// Held while the folders are looked at.
    looking: Mutex<Seen>,
}

/// What the last look saw.
#[derive(Default)]
struct Seen {
    files: BTreeMap<PathBuf, Stamp>,
    /// Of what says who is admitted.
    gate: Vec<(PathBuf, Stamp)>,
}

impl LiveCatalog {
    /// The skills below `folders` that are known by the descriptions in `memory`. What is new there is known after
    /// a look.
    pub(crate) fn new(
        folders: Vec<PathBuf>,
        memory: PathBuf,
        sandbox: Sandbox,
        gate: Gate,
    ) -> Self {
        let files = found(&folders);
        let seen = Seen { gate: gate.stamps(&files), ..Seen::default() };
        let now =
            Catalog::remembered(&memory).again(&files, &sandbox, &gate.read(), |_, _, _| false);
        let now = RwLock::new(Arc::new(now));
        Self { folders, memory, sandbox, gate, now, looking: Mutex::new(seen) }
    }

    /// The skills as they were at the last look.
    pub(crate) fn now(&self) -> Arc<Catalog> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the folders: whoever just put a skill there finds it. Blocks while components are compiled that
    /// are new.
    pub(crate) fn refresh(&self) -> Vec<Event> {
        let mut seen = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let files = found(&self.folders);
        seen.files = files.iter().cloned().collect();
        seen.gate = self.gate.stamps(&files);
        self.become_now(&files, |_, _, _| true)
    }

    /// Looks at the folders from time to time. A file that has changed since the last look is perhaps still being
    /// written and left for the next one.
    pub(crate) fn look(&self) -> Vec<Event> {
        let mut seen = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let files = found(&self.folders);
        let last: BTreeMap<PathBuf, Stamp> = files.iter().cloned().collect();
        let before = std::mem::replace(&mut seen.files, last);
        let gate = self.gate.stamps(&files);
        let gate_before = std::mem::replace(&mut seen.gate, gate);
        if self.now().is_as_in(&files) && gate_before == seen.gate {
            return Vec::new();
        }
        self.become_now(&files, |path, stamp, known| {
            let tried = matches!(known, Some(Described::Unclear(_)));
            !tried && before.get(path) == Some(stamp)
        })
    }

    fn become_now(
        &self,
        files: &[(PathBuf, Stamp)],
        ready: impl Fn(&Path, &Stamp, Option<&Described>) -> bool,
    ) -> Vec<Event> {
        let before = self.now();
        let next = Arc::new(before.again(files, &self.sandbox, &self.gate.read(), ready));
        let changes = changes(&before, &next);
        next.remember(&before, &self.memory);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = next;
        changes
    }
}

/// What is in `after` and was not so `before`.
fn changes(before: &Catalog, after: &Catalog) -> Vec<Event> {
    let (was, is) = (components(before), components(after));
    let mut changes = Vec::new();
    for (name, component) in &is {
        match was.get(name) {
            None => changes.push(Event::SkillAdded { skill: name.clone() }),
            Some(other) if other != component => {
                changes.push(Event::SkillReplaced { skill: name.clone() });
            }
            Some(_) => {}
        }
    }
    let gone = was.keys().filter(|name| !is.contains_key(*name));
    changes.extend(gone.map(|name| Event::SkillRemoved { skill: name.clone() }));
    let told: BTreeSet<_> = before.quarantined().iter().collect();
    let new = after.quarantined().iter().filter(|it| !told.contains(it));
    changes.extend(new.map(|(path, reason)| Event::SkillQuarantined {
        file: path.clone(),
        reason: reason.clone(),
    }));
    changes
}

/// Components by the skill's package and version.
fn components(catalog: &Catalog) -> BTreeMap<String, Digest> {
    let name = |skill: &Skill| match skill.version.as_str() {
        "" => skill.package.clone(),
        version => format!("{}@{version}", skill.package),
    };
    catalog.skills().iter().map(|it| (name(&it.skill), it.skill.component)).collect()
}
