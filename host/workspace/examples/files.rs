//! Figures of the workspace: bulk replace, search, atomic commit, each beside what it is compared with, and
//! what becomes of a transaction that is not committed.
//!
//! `cargo run --release -p voyager-workspace --example files -- [FOLDER TO SEARCH]`. Uses `rg` and
//! `fastmod` where they are installed. Everything it writes lies in a temporary folder.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reads the clock, prints, and stops at the first surprise"
)]

mod common;

use std::{
    num::NonZeroUsize,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_executor::block_on;
use voyager_base::{
    call::{CallContext, Folders, StageId},
    grant::{FolderGrant, Globs, GrantLayer, Grants},
    id::{RunId, TaskId},
    sim::asking,
    workspace::{Replace, Search, TextQuery, WorkspaceService},
};
use voyager_workspace::{Workspace, inverted, thread_each};

use self::common::{Pack, sync, timed};

const FILES: usize = 4_500;
/// Files of the transaction.
const TOGETHER: usize = 10_000;

fn best(mut work: impl FnMut()) -> Duration {
    (0..5).map(|_| timed(&mut work).1).min().unwrap()
}

fn context(root: &Path, task: u8) -> CallContext {
    let all = || Globs::new(["**"]).unwrap();
    let folder = FolderGrant { root: "r".into(), read: all(), write: all(), write_bytes_max: None };
    let layer = GrantLayer {
        source: "bench".into(),
        workspace: Some(vec![folder]),
        ..GrantLayer::default()
    };
    let stage = StageId { run: RunId([1; 16]), task: TaskId([task; 16]), attempt: 1 };
    CallContext {
        stages: [stage].into(),
        ..asking(Grants { folders: Arc::new(folders(root)), layers: vec![Arc::new(layer)] })
    }
}

fn folders(root: &Path) -> Folders {
    Folders::from([("r".to_owned(), root.to_str().unwrap().to_owned())])
}

/// Files like sources, 4 to 12 KB, with the name to be replaced a dozen times in each.
fn corpus(root: &Path, files: usize) {
    for number in 0..files {
        let folder = root.join(format!("part{}/module{}", number % 10, number % 130));
        std::fs::create_dir_all(&folder).unwrap();
        let mut text = String::new();
        for line in 0..(100 + number % 200) {
            let name = if line % 16 == 3 { "old_identifier" } else { "some_other_name" };
            text += &format!("    let value_{line} = {name}(argument_{number}, {line});\n");
        }
        std::fs::write(folder.join(format!("file{number}.rs")), text).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = entry.map(|it| (it.path(), to.join(it.file_name()))).unwrap();
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn query() -> TextQuery {
    TextQuery {
        pattern: "old_identifier".into(),
        literal: true,
        word: true,
        ignore_case: false,
        globs: vec![],
    }
}

fn replace(workspace: &Workspace, root: &Path, task: u8) -> usize {
    let context = context(root, task);
    let call = Replace { root: "r".into(), query: query(), replacement: "new_identifier".into() };
    let (replaced, staging) = timed(|| block_on(workspace.replace(&context, call)).unwrap());
    let (changes, keeping) = timed(|| block_on(workspace.staged(context.stages[0])).unwrap());
    let (conflicts, committing) =
        timed(|| block_on(workspace.commit(&folders(root), &changes)).unwrap());
    assert!(conflicts.is_empty());
    println!("  replace {staging:?}, contents kept {keeping:?}, commit, synced {committing:?}");
    let (conflicts, undoing) =
        timed(|| block_on(workspace.commit(&folders(root), &inverted(&changes))).unwrap());
    assert!(conflicts.is_empty());
    println!("  (undo of all {} files: {undoing:?})", changes.len());
    println!("  total {:?}, {} places", staging + keeping + committing, replaced.places);
    replaced.files.len()
}

/// One step of a transaction: replaces in all files, on top of what the steps before it changed.
fn step(
    workspace: &Workspace,
    root: &Path,
    layer: StageId,
    task: u8,
    names: [&str; 2],
) -> Duration {
    let mut context = context(root, task);
    let own = context.stages[0];
    context.stages = [own, layer].into();
    let (pattern, replacement) = (names[0].to_owned(), names[1].to_owned());
    let call = Replace { root: "r".into(), query: TextQuery { pattern, ..query() }, replacement };
    let (changes, time) = timed(|| {
        block_on(workspace.replace(&context, call)).unwrap();
        let changes = block_on(workspace.staged(own)).unwrap();
        workspace.discard(own);
        workspace.restage(layer, &changes).unwrap();
        changes
    });
    assert_eq!(changes.len(), TOGETHER);
    time
}

/// Two steps that change all files one after the other, rolled back before the commit, and refused. What
/// the commit itself costs, the benchmark of transactions tells.
fn transaction(workspace: &Workspace, base: &Path) {
    let root = base.join("together");
    corpus(&root, TOGETHER);
    println!("transaction of {TOGETHER} files:");
    for round in 0..3 {
        let layer = StageId { run: RunId([1; 16]), task: TaskId([240 + round; 16]), attempt: 0 };
        let steps = || {
            let first = step(workspace, &root, layer, 210, ["old_identifier", "between"]);
            first + step(workspace, &root, layer, 211, ["between", "new_identifier"])
        };
        let staging = steps();
        let ((), rolling_back) = timed(|| workspace.discard(layer));
        steps();
        let changes = block_on(workspace.staged(layer)).unwrap();
        let last = root.join(&changes.last().unwrap().path);
        let ours = std::fs::read(&last).unwrap();
        std::fs::write(&last, "somebody else's").unwrap();
        let (conflicts, refusing) =
            timed(|| block_on(workspace.commit(&folders(&root), &changes)).unwrap());
        assert_eq!(conflicts.len(), 1);
        std::fs::write(&last, ours).unwrap();
        workspace.discard(layer);
        println!(
            "  two steps {staging:?}; rollback {rolling_back:?}, refused for one conflict {refusing:?}"
        );
    }
}

fn main() {
    let base = tempfile::tempdir().unwrap();
    let pack = Pack::new(base.path());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let workspace = Workspace::new(pack, thread_each(), threads);

    let root = base.path().join("corpus");
    corpus(&root, FILES);
    sync(base.path());
    let ((), copying) = timed(|| copy(&root, &base.path().join("copy")));
    let ((), syncing) = timed(|| sync(base.path()));
    println!("copying {FILES} files: {copying:?}; sync of the copies: {syncing:?}");
    if Command::new("fastmod").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let copy = base.path().join("copy");
        let run = || {
            let arguments = ["--accept-all", r"\bold_identifier\b", "new_identifier"];
            Command::new("fastmod")
                .args(arguments)
                .current_dir(&copy)
                .stdout(Stdio::null())
                .status()
        };
        let (status, fastmod) = timed(run);
        println!("fastmod on the copy: {fastmod:?} ({})", status.unwrap());
        sync(base.path());
    } else {
        println!("fastmod is not installed");
    }
    for round in 0..3 {
        println!("bulk replace, round {round}:");
        assert_eq!(replace(&workspace, &root, round), FILES);
    }
    let small = base.path().join("small");
    corpus(&small, 500);
    sync(base.path());
    println!("500 files:");
    replace(&workspace, &small, 100);

    transaction(&workspace, base.path());

    let searched = std::env::args().nth(1).map_or(root, Into::into);
    let context = context(&searched, 200);
    for pattern in ["old_identifier", "fn from_str", "\\w+_identifier\\b"] {
        let query = TextQuery { pattern: pattern.into(), literal: false, word: false, ..query() };
        let mut found = None;
        let ours = best(|| {
            let call = Search { root: "r".into(), query: query.clone(), places_max: 100_000 };
            found = Some(block_on(workspace.search(&context, call)).unwrap());
        });
        let found = found.unwrap();
        let rg = best(|| {
            let mut rg = Command::new("rg");
            rg.args([
                "--no-heading",
                "--line-number",
                "--column",
                "--no-require-git",
                "-e",
                pattern,
            ])
            .arg(&searched);
            drop(rg.stdout(Stdio::null()).status());
        });
        let (places, files) = (found.places.len(), found.files_searched);
        println!("search `{pattern}`: {ours:?}, rg {rg:?}; {places} places, {files} files");
    }
}
