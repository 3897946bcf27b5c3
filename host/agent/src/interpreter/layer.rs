//! What the steps of a transaction changed, before any of it is real.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_base::{Error, ErrorKind, workspace::Change};

/// Changes by folder and path, each from what was on the disk to what the last step made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Layer(BTreeMap<String, BTreeMap<String, Change>>);

impl Layer {
    /// Whether all that a step changed it changed on top of this: otherwise another step that ran at the
    /// same time changed the same file.
    pub(super) fn takes(&self, changes: &[Change]) -> Result<(), Error> {
        let clashes = |change: &&Change| {
            self.get(change)
                .is_some_and(|known| known.after != change.before && known.after != change.after)
        };
        let Some(clash) = changes.iter().find(clashes) else { return Ok(()) };
        let message = format!(
            "`{}` in `{}` was changed differently by another step of the same transaction; let one wait \
             for the other (`needs`)",
            clash.path, clash.root
        );
        Err(Error::new(ErrorKind::Conflict, message))
    }

    /// Adds what a step changed.
    pub(super) fn add(&mut self, changes: &[Change]) {
        for change in changes {
            let mut change = change.clone();
            if let Some(known) = self.get(&change) {
                change.before.clone_from(&known.before);
            }
            let folder = self.0.entry(change.root.clone()).or_default();
            if change.before == change.after {
                folder.remove(&change.path);
            } else {
                folder.insert(change.path.clone(), change);
            }
        }
    }

    /// All of them, ordered by folder and path.
    pub(super) fn changes(&self) -> Vec<Change> {
        self.0.values().flat_map(BTreeMap::values).cloned().collect()
    }

    fn get(&self, change: &Change) -> Option<&Change> {
        self.0.get(&change.root)?.get(&change.path)
    }
}
