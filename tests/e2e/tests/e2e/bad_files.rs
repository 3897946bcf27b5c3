//! The shipped manifests over a tree of everything that can be wrong with files: all is reported,
//! nothing is fatal, and nothing is touched.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
};

use e2e::{Ended, Stage};
use serde_json::Value as Json;

/// Files that no reader gets, with a part of the reason.
const UNREADABLE: [(&str, &str); 8] = [
    ("closed", "Permission denied"),
    ("denied.py", "does not let this host read"),
    ("pipe.py", "a pipe"),
    ("socket.py", "a socket"),
    ("nowhere.py", "does not exist"),
    ("out.py", "leaves its folder"),
    ("round.py", "symbolic links"),
    ("odd-\u{fffd}.py", "not UTF-8"),
];

/// Files that are read and not understood, with a part of the reason.
const ODD: [(&str, &str); 7] = [
    ("large.py", "bytes"),
    ("latin.py", "UTF-8"),
    ("nested.js", "deep"),
    ("nested.py", "deep"),
    ("nested.rs", "deep"),
    ("nested.ts", "deep"),
    ("nul.py", "NUL"),
];

/// Levels of brackets in the nested files.
const BRACKETS: usize = 10_000;
/// Folders below each other; the workspace enters 128.
const FOLDERS: usize = 200;

/// A tree with one good file and all that is bad, and what is to be said of each. A device node is
/// among it where the machine lets us make one.
fn tree(stage: &Stage) -> (PathBuf, BTreeMap<String, String>) {
    let repo = stage.path("repo");
    stage.write("repo/good.py", "def old_name():\n    return 1\n");
    stage.write("repo/large.py", "x = 1\n".repeat((100 << 20) / 6 + 1));
    stage.write("repo/nul.py", b"old_name = 1\n\0\0\0");
    stage.write("repo/latin.py", b"# caf\xe9\nx = 1\n");
    let nested = format!("{}1{}", "(".repeat(BRACKETS), ")".repeat(BRACKETS));
    stage.write("repo/nested.py", format!("x = {nested}\n"));
    stage.write("repo/nested.js", format!("x = {nested};\n"));
    stage.write("repo/nested.ts", format!("x = {nested};\n"));
    stage.write("repo/nested.rs", format!("const X: u32 = {nested};\n"));
    stage.write(&format!("repo/{}/deep.py", ["d"; FOLDERS].join("/")), "x = 1\n");
    let mut expected: BTreeMap<String, String> = UNREADABLE
        .iter()
        .chain(&ODD)
        .map(|(path, why)| (path.to_string(), why.to_string()))
        .collect();
    expected.insert(["d"; 129].join("/"), "deeper than 128 folders".to_owned());
    odd_nodes(&repo, &mut expected);
    (repo, expected)
}

fn odd_nodes(repo: &Path, expected: &mut BTreeMap<String, String>) {
    fs::write(repo.join("denied.py"), "x = 1\n").unwrap();
    fs::create_dir(repo.join("closed")).unwrap();
    fs::write(repo.join("closed/in.py"), "x = 1\n").unwrap();
    for name in ["denied.py", "closed"] {
        fs::set_permissions(repo.join(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    fs::write(repo.join(OsStr::from_bytes(b"odd-\xff.py")), "x = 1\n").unwrap();
    for (target, name) in [
        ("round-again.py", "round.py"),
        ("round.py", "round-again.py"),
        ("absent.py", "nowhere.py"),
        ("/etc/hostname", "out.py"),
        // What is read under another name is no loss.
        ("good.py", "alias.py"),
        (".", "here"),
    ] {
        symlink(target, repo.join(name)).unwrap();
    }
    // Its address is short enough only from within.
    drop(UnixListener::bind(repo.join("socket.py")).unwrap());
    let make = |program: &str, arguments: &[&str]| {
        let made = Command::new(program).args(arguments).current_dir(repo).output();
        made.is_ok_and(|made| made.status.success())
    };
    assert!(make("mkfifo", &["pipe.py"]));
    if make("mknod", &["device.py", "c", "1", "3"]) {
        expected.insert("device.py".to_owned(), "a device".to_owned());
    } else {
        eprintln!("without a device node: this machine lets nobody make one");
    }
}

/// What tells that nobody touched a tree, without opening what may block.
fn stamps(folder: &Path) -> BTreeMap<PathBuf, (u32, u64, i64, i64)> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                folders.push(entry.path());
            }
            let stamp = (meta.mode(), meta.len(), meta.mtime(), meta.mtime_nsec());
            found.insert(entry.path(), stamp);
        }
    }
    found
}

/// The rows of a report's table of files that were not read.
fn not_read(report: &str) -> BTreeMap<String, String> {
    let section = report.split("## Files not read").nth(1).expect("there is such a section");
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(|it| it.trim().to_owned());
        let path = cells.next().unwrap_or_default().trim_matches('`').to_owned();
        (path, cells.next().unwrap_or_default())
    };
    rows.map(row).collect()
}

fn assert_all_said(expected: &BTreeMap<String, String>, said: &BTreeMap<String, String>) {
    for (path, why) in expected {
        let reason = said.get(path).map_or("nothing", String::as_str);
        assert!(reason.contains(why), "of {path} it says {reason}, and not {why}: {said:#?}");
    }
}

#[test]
fn an_audit_reports_every_bad_file_and_ends_well() {
    let Some(stage) = Stage::new() else { return };
    let (repo, expected) = tree(&stage);
    let before = stamps(&repo);
    let input = format!("repo={}", repo.display());
    let arguments = ["run", "audit", "--input", &input, "--out", "out"];
    let Some(mut command) = stage.command_bound_by_permissions(arguments) else { return };
    let ended = Ended::from(command.output().expect("the program starts"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = fs::read_to_string(stage.path("out/report.md")).expect("the report is there");
    let said = not_read(&report);
    assert_all_said(&expected, &said);
    for fine in ["good.py", "alias.py", "here"] {
        assert!(!said.contains_key(fine), "{said:#?}");
    }
    assert_eq!(stamps(&repo), before);
}

#[test]
fn a_rename_changes_the_good_files_and_names_the_others() {
    let Some(stage) = Stage::new() else { return };
    let (repo, mut expected) = tree(&stage);
    // A rename needs no more than bytes.
    for (path, _) in ODD {
        expected.remove(path);
    }
    expected.insert("large.py".to_owned(), "more than 104857600 bytes".to_owned());
    expected.insert("nul.py".to_owned(), "binary".to_owned());
    expected.insert("denied.py".to_owned(), "Permission denied".to_owned());
    let before = stamps(&repo);
    let input = format!("repo={}", repo.display());
    let arguments = ["run", "rename", "--input", &input, "--input", "from=old_name"];
    let arguments = arguments.into_iter().chain(["--input", "to=new_name", "--json"]);
    let Some(mut command) = stage.command_bound_by_permissions(arguments) else { return };
    let ended = Ended::from(command.output().expect("the program starts"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let answer: Json = serde_json::from_str(ended.out.lines().last().unwrap()).unwrap();
    let outputs = &answer["answer"]["outputs"];
    let unread = outputs["unread"].as_array().expect("the others are named").iter();
    let text = |it: &Json| it.as_str().unwrap().to_owned();
    let said = unread.map(|it| (text(&it["path"]), text(&it["reason"]))).collect();
    assert_all_said(&expected, &said);
    assert_eq!(outputs["changed"], serde_json::json!(["good.py"]));
    let good = fs::read_to_string(repo.join("good.py")).unwrap();
    assert_eq!(good, "def new_name():\n    return 1\n");
    let untouched = |(path, _): &(PathBuf, _)| *path != repo.join("good.py");
    let kept = |stamps: BTreeMap<_, _>| stamps.into_iter().filter(untouched).collect::<Vec<_>>();
    assert_eq!(kept(stamps(&repo)), kept(before));
}

/// Lists files, has them vanish and change, and looks at what was listed.
const VANISHING: &str = r#"
voyager: manifest/v1
name: vanishing
version: 0.1.0
description: Lists files, has them vanish and change, and looks at what was listed.
inputs: { repo: { type: path, description: "A folder." } }
grants:
  workspace: [ { root: inputs.repo, read: ["**"], write: ["**"] } ]
  process: [ { run: "sh", network: none, time: 1m } ]
steps:
  - id: list
    use: coder/outline.tree
    with: { globs: [], files-max: 100 }
  - id: change
    use: process/run
    with: { command: "sh -c 'rm gone.py && echo x = 2 > changed.py'" }
    expect: [ { that: "result.passed", message: "the program failed" } ]
  - id: measure
    use: coder/metrics.measure
    with: { paths: { expr: "steps.list.map(file, file.path)" } }
  - id: secrets
    use: security/secrets.scan
    with: { paths: { expr: "steps.list.map(file, file.path)" } }
outputs:
  listed: { from: "steps.list.map(file, file.path)", description: "What was there." }
  measured: { from: steps.measure, description: "What was found of it." }
  skipped: { from: steps.secrets.skipped, description: "What could not be read of it." }
"#;

#[test]
fn files_that_vanish_or_change_between_listing_and_reading_are_reported() {
    let Some(stage) = Stage::new() else { return };
    for name in ["changed.py", "gone.py", "stays.py"] {
        stage.write(&format!("repo/{name}"), "x = 1\n");
    }
    let manifest = stage.write("vanishing.yaml", VANISHING);
    let input = format!("repo={}", stage.path("repo").display());
    let run = stage.answer(["run", &manifest.display().to_string(), "--input", &input]);
    assert_eq!(run["status"], "done", "{run}");
    let outputs = &run["outputs"];
    assert_eq!(outputs["listed"], serde_json::json!(["changed.py", "gone.py", "stays.py"]));
    let problem = |place: usize| &outputs["measured"][place]["problem"];
    assert!(problem(0).is_null() && problem(2).is_null(), "{run}");
    let message = problem(1)["message"].as_str().unwrap_or_default();
    assert!(message.contains("not-found"), "{run}");
    assert_eq!(outputs["skipped"][0][0], "gone.py", "{run}");
    assert_eq!(outputs["skipped"].as_array().map(Vec::len), Some(1), "{run}");
}
