//! What committing a transaction of 10,000 files costs, beside writing the same files plainly.
//!
//! `cargo xtask bench transaction [FOLDER]`. Everything it writes lies in a temporary folder, in FOLDER
//! where one is given.
//!
//! The two sides take turns, each on its own copy of the files, and each begins on a file system on which
//! nothing is left to be written: a sync writes what others left, too. Rounds alternate who is first, since
//! what one frees the other allocates. The plain side writes known contents over the files and syncs once.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, prints, and stops at the first surprise"
)]

mod common;

use std::{
    num::NonZeroUsize,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_executor::block_on;
use voyager_base::{
    call::Folders,
    record::Content,
    workspace::{Change, FileState, WorkspaceService as _},
};
use voyager_workspace::{Workspace, inverted, thread_each};

use self::common::{Pack, sync, timed};

/// Files of the transaction.
const FILES: usize = 10_000;
/// Rounds, of which the median is told.
const ROUNDS: usize = 7;

/// Where file `number` lies.
fn place(number: usize) -> String {
    format!("part{}/module{}/file{number}.rs", number % 10, number % 130)
}

/// A text like a source, 4 to 12 KB; `word` tells versions apart.
fn text(number: usize, word: &str) -> String {
    (0..(100 + number % 200))
        .map(|line| format!("    let value_{line} = {word}(argument_{number}, {line});\n"))
        .collect()
}

fn corpus(root: &Path, word: &str) {
    for number in 0..FILES {
        let path = root.join(place(number));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text(number, word)).unwrap();
    }
}

fn changes(content: &dyn Content, from: &str, to: &str) -> Vec<Change> {
    let state = |text: String| FileState {
        digest: content.put(text.as_bytes()).unwrap(),
        size: text.len() as u64,
        mode: Some(0o644),
    };
    let mut changes: Vec<Change> = (0..FILES)
        .map(|number| Change {
            root: "r".to_owned(),
            path: place(number),
            before: Some(state(text(number, from))),
            after: Some(state(text(number, to))),
        })
        .collect();
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    changes
}

/// Times in milliseconds: the median, the least and the most.
fn told(times: &[f64]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
    format!("{:8.2} ({least:.2} to {most:.2})", sorted[sorted.len() / 2])
}

struct Bench {
    plain: PathBuf,
    root: PathBuf,
    workspace: Workspace,
    changes: [Vec<Change>; 2],
    texts: [Vec<(PathBuf, String)>; 2],
}

impl Bench {
    /// Makes and syncs the same change on the plain side.
    fn write(&self, version: usize) -> f64 {
        sync(&self.plain);
        let ((), time) = timed(|| {
            for (path, text) in &self.texts[version] {
                std::fs::write(path, text).unwrap();
            }
            sync(&self.plain);
        });
        time.as_secs_f64() * 1e3
    }

    fn commit(&self, version: usize) -> f64 {
        sync(&self.root);
        let folders = Folders::from([("r".to_owned(), self.root.to_str().unwrap().to_owned())]);
        let (conflicts, time) =
            timed(|| block_on(self.workspace.commit(&folders, &self.changes[version])).unwrap());
        assert_eq!(conflicts, []);
        time.as_secs_f64() * 1e3
    }

    /// Begins a commit, and changes its last file as soon as the first one is replaced.
    fn roll_back(&self, version: usize) -> f64 {
        sync(&self.root);
        let folders = Folders::from([("r".to_owned(), self.root.to_str().unwrap().to_owned())]);
        let changes = &self.changes[version];
        let path = |change: &Change| self.root.join(&change.path);
        let (first, last) = (path(&changes[0]), path(&changes[FILES - 1]));
        let ours = std::fs::read(&last).unwrap();
        let before = std::fs::metadata(&first).unwrap().ino();
        let (conflicts, time) = std::thread::scope(|scope| {
            scope.spawn(|| {
                while std::fs::metadata(&first).unwrap().ino() == before {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::fs::write(&last, "somebody else's").unwrap();
            });
            timed(|| block_on(self.workspace.commit(&folders, changes)).unwrap())
        });
        assert_eq!(conflicts.len(), 1, "the commit was too fast to be disturbed");
        std::fs::write(&last, ours).unwrap();
        time.as_secs_f64() * 1e3
    }
}

fn main() {
    let base = match std::env::args_os().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
    .unwrap();
    let pack = Pack::new(base.path());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);

    let (plain, root) = (base.path().join("plain"), base.path().join("together"));
    corpus(&plain, "some_identifier");
    corpus(&root, "some_identifier");
    let forth = changes(&*pack, "some_identifier", "other_identifier");
    let texts = |word| {
        let mut texts: Vec<_> =
            (0..FILES).map(|number| (plain.join(place(number)), text(number, word))).collect();
        texts.sort();
        texts
    };
    let bench = Bench {
        texts: [texts("other_identifier"), texts("some_identifier")],
        changes: [forth.clone(), inverted(&forth)],
        workspace: Workspace::new(pack, thread_each(), threads),
        plain,
        root,
    };

    let [mut plainly, mut together, mut back] = [const { Vec::new() }; 3];
    for round in 0..ROUNDS + 1 {
        let version = round % 2;
        let (one, other) = if round % 4 < 2 {
            let plainly = bench.write(version);
            (plainly, bench.commit(version))
        } else {
            let together = bench.commit(version);
            (bench.write(version), together)
        };
        let undone = bench.roll_back(1 - version);
        // The first round only fills caches.
        if round > 0 {
            println!("  plainly {one:7.1} ms, commit {other:7.1} ms, rolled back {undone:7.1} ms");
            plainly.push(one);
            together.push(other);
            back.push(undone);
        }
    }
    let ratios = |times: &[f64]| -> Vec<f64> {
        times.iter().zip(&plainly).map(|(time, plainly)| time / plainly).collect()
    };
    println!("transaction of {FILES} files, {ROUNDS} rounds, median (least to most):");
    println!("  plain writes and one sync    {} ms", told(&plainly));
    println!("  commit                       {} ms", told(&together));
    println!("    in plain writes            {} x", told(&ratios(&together)));
    println!("  rolled back at its end        {} ms", told(&back));
    println!("    in plain writes            {} x", told(&ratios(&back)));
}
