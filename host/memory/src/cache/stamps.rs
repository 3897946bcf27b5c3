//! Which commit changed a space last.

use std::collections::BTreeMap;

/// The last changes, by space. Holds no name of a space that is not there any more.
#[derive(Default)]
pub(crate) struct Stamps {
    spaces: BTreeMap<String, u64>,
    /// The last change of any space.
    last: u64,
    /// The last change that concerns all spaces.
    all: u64,
    /// The last commit that left a space empty.
    emptied: u64,
}

impl Stamps {
    /// Notes that `commit` changes a space.
    pub(crate) fn touch(&mut self, space: &str, commit: u64) {
        self.last = self.last.max(commit);
        match self.spaces.get_mut(space) {
            Some(stamp) => *stamp = commit.max(*stamp),
            None => drop(self.spaces.insert(space.to_owned(), commit)),
        }
    }

    /// Notes that `commit` changes what every space answers.
    pub(crate) fn touch_all(&mut self, commit: u64) {
        self.all = self.all.max(commit);
    }

    /// Notes that `commit` leaves a space empty: whoever asks for it is told the commit that emptied one last.
    pub(crate) fn empty(&mut self, space: &str, commit: u64) {
        self.touch(space, commit);
        self.spaces.remove(space);
        self.emptied = self.emptied.max(commit);
    }

    /// The last commit that changed any of `spaces`; of all where none is named. Never too low.
    pub(crate) fn of(&self, spaces: &[String]) -> u64 {
        let stamp = |space: &String| self.spaces.get(space).copied().unwrap_or(self.emptied);
        let of_spaces = spaces.iter().map(stamp).max();
        self.all.max(of_spaces.unwrap_or(self.last))
    }
}
