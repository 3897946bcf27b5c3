//! The way from a run to one of its tasks: who asked for whom, and for what.
//!
//! A path is shared with those that lead on from it, so that a child costs one link, however deep it
//! stands and however many tasks there are. Whether a call stands on it already, which would never end,
//! takes as long as the logarithm of its length.

use std::sync::Arc;

use voyager_base::{Digest, TaskId};

/// The way to a task. Clones share it.
#[derive(Clone, Debug)]
pub struct Path(Arc<Link>);

#[derive(Debug)]
struct Link {
    above: Option<Path>,
    task: TaskId,
    /// Links up to here, this one counted.
    length: usize,
    calls: Calls,
}

/// A set of calls that shares what it has in common with others: a tree along the bits of their hashes,
/// which are spread evenly.
#[derive(Clone, Debug, Default)]
enum Calls {
    #[default]
    None,
    One(Digest),
    Split(Arc<[Self; 2]>),
}

impl Path {
    /// The way to a run.
    pub fn root(task: TaskId) -> Self {
        Self(Arc::new(Link { above: None, task, length: 1, calls: Calls::None }))
    }

    /// The way on to a task, or an execution of steps, which calls nothing.
    #[must_use]
    pub fn to(&self, task: TaskId, call: Option<Digest>) -> Self {
        let calls = call.map_or_else(|| self.0.calls.clone(), |call| self.0.calls.with(call, 0));
        let length = self.0.length + 1;
        Self(Arc::new(Link { above: Some(self.clone()), task, length, calls }))
    }

    /// Whether a call stands on it.
    pub fn has(&self, call: Digest) -> bool {
        self.0.calls.has(call)
    }

    /// All on the way but the last, the run first.
    pub fn ancestors(&self) -> Arc<[TaskId]> {
        let mut ancestors = Vec::with_capacity(self.0.length);
        let mut link = &self.0.above;
        while let Some(Self(above)) = link {
            ancestors.push(above.task);
            link = &above.above;
        }
        ancestors.reverse();
        ancestors.into()
    }
}

impl Drop for Link {
    /// Link by link: a long path must not need as much stack.
    fn drop(&mut self) {
        let mut next = self.above.take();
        while let Some(Path(link)) = next {
            next = Arc::into_inner(link).and_then(|mut link| link.above.take());
        }
    }
}

impl Calls {
    fn with(&self, call: Digest, depth: usize) -> Self {
        match self {
            Self::None => Self::One(call),
            Self::One(known) if *known == call => self.clone(),
            Self::One(known) => {
                let mut sides = [Self::None, Self::None];
                sides[bit(*known, depth)] = Self::One(*known);
                let side = bit(call, depth);
                sides[side] = sides[side].with(call, depth + 1);
                Self::Split(Arc::new(sides))
            }
            Self::Split(sides) => {
                let mut sides = (**sides).clone();
                let side = bit(call, depth);
                sides[side] = sides[side].with(call, depth + 1);
                Self::Split(Arc::new(sides))
            }
        }
    }

    fn has(&self, call: Digest) -> bool {
        let (mut calls, mut depth) = (self, 0);
        loop {
            match calls {
                Self::None => return false,
                Self::One(known) => return *known == call,
                Self::Split(sides) => calls = &sides[bit(call, depth)],
            }
            depth += 1;
        }
    }
}

/// A bit of a hash. Two that are not equal differ before it has no more.
fn bit(digest: Digest, at: usize) -> usize {
    usize::from(digest.0[at / 8] >> (at % 8) & 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use voyager_base::RunId;

    use super::*;

    fn task(number: u64) -> TaskId {
        TaskId::root(RunId([7; 16])).child("test", number)
    }

    fn call(number: u64) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[test]
    fn a_path_knows_its_own_calls_and_ancestors_only() {
        let root = Path::root(task(0));
        let frame = root.to(task(1), None);
        let (left, right) = (frame.to(task(2), Some(call(2))), frame.to(task(3), Some(call(3))));
        let below = left.to(task(4), Some(call(4)));
        assert_eq!(*below.ancestors(), [task(0), task(1), task(2)]);
        assert_eq!([2, 3, 4].map(|it| below.has(call(it))), [true, false, true]);
        assert_eq!([2, 3, 4].map(|it| right.has(call(it))), [false, true, false]);
        assert!(!root.has(call(2)));
    }

    #[test]
    fn a_long_path_goes_as_it_came() {
        let links = 100_000;
        let on = |path: Path, number| path.to(task(number), Some(call(number)));
        let path = (1..links).fold(Path::root(task(0)), on);
        assert!(path.has(call(1)) && path.has(call(links - 1)) && !path.has(call(links)));
        assert_eq!(path.ancestors().len() as u64, links - 1);
        drop(path);
    }

    proptest! {
        #[test]
        fn a_path_has_just_the_calls_that_lead_to_it(
            calls in proptest::collection::vec((0..40_u64, 0..8_usize), 0..60),
        ) {
            let mut paths = vec![(Path::root(task(0)), BTreeSet::new())];
            for (number, from) in calls {
                let (path, mut known) = paths[from % paths.len()].clone();
                known.insert(number);
                paths.push((path.to(task(number), Some(call(number))), known));
            }
            for (path, known) in paths {
                for number in 0..40 {
                    prop_assert_eq!(path.has(call(number)), known.contains(&number));
                }
            }
        }
    }
}
