//! A locked memory: commands, runs and a host that stays get it with its owner's key, and nobody without.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::Path,
    process::Command,
};

use e2e::{Ended, Stage, Telling};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value as Json;

const SECRET: &str = "The vault opens with xylophone.";
const PASSPHRASE: &str = "correct horse battery";

/// Calls `memory` with something that names the key.
fn with(stage: &Stage, key: &str, arguments: &[&str]) -> Json {
    stage.answer([&["--memory-key", key, "memory"], arguments].concat())
}

/// Calls the program, which is to fail with this exit code; gives back what is told about it.
fn refused(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let ended = stage.call(arguments);
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    assert!(!ended.err.contains(PASSPHRASE), "{ended:?}");
    ended.err
}

/// Whether bytes stand in any file of the memory.
fn stands(stage: &Stage, bytes: &[u8]) -> bool {
    let files = fs::read_dir(stage.path("state/memory")).unwrap();
    files
        .map(|it| fs::read(it.unwrap().path()).unwrap())
        .any(|content| content.windows(bytes.len()).any(|window| window == bytes))
}

fn locked(stage: &Stage) {
    stage.write("pass", format!("{PASSPHRASE}\n"));
    stage.answer(["memory", "add", SECRET, "--author", "Quentin", "--space", "belvedere"]);
    let locked = stage.answer(["memory", "lock", "--passphrase", "file:pass"]);
    assert_eq!(locked["locked-with"], "passphrase", "{locked}");
}

#[test]
fn a_locked_memory_opens_with_its_key_alone() {
    let Some(stage) = Stage::new() else { return };
    locked(&stage);
    for word in ["xylophone", "Quentin", "belvedere", PASSPHRASE] {
        assert!(!stands(&stage, word.as_bytes()), "{word}");
    }
    let told = refused(&stage, &["memory", "recall", "vault"], 5);
    assert!(told.contains("is locked") && told.contains("--memory-key env:VARIABLE"), "{told}");
    stage.write("wrong", "correct horse batter");
    let told = refused(&stage, &["--memory-key", "file:wrong", "memory", "list"], 5);
    assert!(told.contains("it opens with the passphrase of its owner alone"), "{told}");
    let told = refused(&stage, &["memory", "list", "--memory-key", PASSPHRASE], 2);
    assert!(told.contains("key-file:PATH"), "{told}");
    assert_eq!(with(&stage, "file:pass", &["show", "m0"])["text"], SECRET);
    assert_eq!(with(&stage, "file:pass", &["stats"])["locked-with"], "passphrase");
    let mut command = stage.command(["memory", "show", "m0"]);
    command.env("VOYAGER_MEMORY_KEY", "env:OWNER").env("OWNER", PASSPHRASE);
    let ended = Ended::from(command.output().unwrap());
    assert!(ended.code == Some(0) && ended.out.contains(SECRET), "{ended:?}");
}

#[test]
fn the_key_is_changed_and_taken_away() {
    let Some(stage) = Stage::new() else { return };
    stage.write("owner.key", [7; 32]);
    stage.write("state/inside.key", [7; 32]);
    stage.write("short.key", "short");
    locked(&stage);
    let rekey = |from: &str, file: &str| {
        stage.call(["--memory-key", from, "memory", "rekey", "--key-file", file])
    };
    for (file, code, told) in [
        ("state/inside.key", 2, "lies in the state folder"),
        ("short.key", 2, "32 to 65536 bytes"),
        ("none.key", 5, "none.key"),
    ] {
        let ended = rekey("file:pass", file);
        assert!(ended.code == Some(code) && ended.err.contains(told), "{ended:?}");
    }
    let ended = rekey("file:pass", "owner.key");
    assert!(ended.code == Some(0) && ended.out.contains("this key file alone"), "{ended:?}");
    assert!(ended.err.contains("without it nobody can read"), "{ended:?}");
    let told = refused(&stage, &["--memory-key", "file:pass", "memory", "list"], 5);
    assert!(told.contains("with the key file of its owner alone"), "{told}");
    let key = "key-file:owner.key";
    let again = ["--memory-key", key, "memory", "lock", "--key-file", "owner.key"];
    let told = refused(&stage, &again, 2);
    assert!(told.contains("locked already") && told.contains("memory rekey"), "{told}");
    assert!(!stands(&stage, &[7; 32]));
    assert_eq!(with(&stage, key, &["unlock"])["locked-with"], Json::Null);
    assert_eq!(stage.answer(["memory", "show", "m0"])["text"], SECRET);
    let told = refused(&stage, &["memory", "rekey", "--key-file", "owner.key"], 2);
    assert!(told.contains("is not locked"), "{told}");
}

#[test]
fn a_key_that_locks_nothing_is_told() {
    let Some(stage) = Stage::new() else { return };
    stage.write("pass", format!("{PASSPHRASE}\n"));
    stage.answer(["memory", "add", SECRET]);
    let note = "the memory is not locked, though a key is named";
    let list = ["--memory-key", "file:pass", "memory", "list"];
    let told = stage.call(list);
    assert!(told.code == Some(0) && told.err.contains(note), "{told:?}");
    let told = stage.call(["memory", "list"]);
    assert!(told.code == Some(0) && !told.err.contains(note), "{told:?}");
    let mut host = Telling::begin(stage.command(["--memory-key", "file:pass", "serve", "--json"]));
    host.until(&[note]);
    host.stop();
    let lock = ["--memory-key", "file:pass", "memory", "lock", "--passphrase", "file:pass"];
    for told in [stage.call(lock), stage.call(list)] {
        assert!(told.code == Some(0) && !told.err.contains(note), "{told:?}");
    }
}

#[test]
fn folders_of_snapshots_that_open_as_before_are_named() {
    let Some(stage) = Stage::new() else { return };
    stage.write("pass", format!("{PASSPHRASE}\n"));
    stage.answer(["memory", "add", SECRET]);
    stage.answer(["memory", "snapshot", "backup"]);
    let told = stage.call(["memory", "lock", "--passphrase", "file:pass"]);
    assert!(told.err.contains("NOT yet so the snapshots in"), "{told:?}");
    with(&stage, "file:pass", &["snapshot", "backup"]);
    fs::rename(stage.path("backup"), stage.path("unplugged")).unwrap();
    let told = with(&stage, "file:pass", &["unlock"]);
    let found = (told["snapshots"].as_array().unwrap().len(), &told["pending"][0]["problem"]);
    assert_eq!(found, (0, &Json::from("it is not there")), "{told}");
}

/// A manifest whose step asks the memory.
const ASKS: &str = "voyager: manifest/v1\nname: asks\nversion: 1.0.0\n\
    grants: { memory: { read: [\"**\"] } }\n\
    steps: [ { id: ask, use: memory/recall, with: { question: vault } } ]\n\
    outputs: { answer: { from: steps.ask } }\n";

#[test]
fn a_host_without_the_key_goes_on_without_a_memory() {
    let Some(stage) = Stage::new() else { return };
    locked(&stage);
    stage.write("asks.yaml", ASKS);
    let mut host = Telling::begin(stage.command(["serve", "--json"]));
    let note = host.until(&["get no memory here"]);
    assert!(note["text"].as_str().unwrap().contains("--memory-key"), "{note}");
    assert_eq!(stage.call(["runs"]).code, Some(0), "everything else goes on");
    let ended = stage.call(["run", "asks.yaml"]);
    assert!(ended.code == Some(1) && ended.err.contains("the memory is locked"), "{ended:?}");
    refused(&stage, &["memory", "list"], 5);
    // Whoever has the key opens it for as long as this host stays.
    assert_eq!(with(&stage, "file:pass", &["list"])["of"], 1);
    assert_eq!(stage.answer(["memory", "list"])["of"], 1);
    let run = stage.answer(["run", "asks.yaml"]);
    assert_eq!(run["outputs"]["answer"][0]["text"], SECRET, "{run}");
    host.stop();
    refused(&stage, &["memory", "list"], 5);
}

#[test]
fn a_host_with_the_key_has_the_memory() {
    let Some(stage) = Stage::new() else { return };
    locked(&stage);
    stage.write("asks.yaml", ASKS);
    let mut host = Telling::begin(stage.command(["serve", "--json", "--memory-key", "file:pass"]));
    host.until(&["\"serving\""]);
    let run = stage.answer(["run", "asks.yaml"]);
    assert_eq!(run["outputs"]["answer"][0]["text"], SECRET, "{run}");
    // It keeps what opens it from now on.
    stage.write("owner.key", [7; 32]);
    stage.answer(["memory", "rekey", "--key-file", "owner.key"]);
    assert_eq!(stage.answer(["memory", "list"])["of"], 1);
    host.stop();
    assert_eq!(with(&stage, "key-file:owner.key", &["list"])["of"], 1);
}

#[test]
fn a_copied_folder_opens_nowhere_without_the_key() {
    let (Some(stage), Some(other)) = (Stage::new(), Stage::new()) else { return };
    locked(&stage);
    copy(&stage.path("state/memory"), &other.path("state/memory"));
    refused(&other, &["memory", "list"], 5);
    other.write("pass", PASSPHRASE);
    assert_eq!(with(&other, "file:pass", &["show", "m0"])["text"], SECRET);
    fs::remove_file(other.path("state/memory/owner")).unwrap();
    let told = refused(&other, &["--memory-key", "file:pass", "memory", "list"], 5);
    assert!(told.contains("owner is damaged: it is missing"), "{told}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Calls the program at a terminal of its own; each time that it asks, the next line is typed. Gives back its exit
/// code and what stood there; none, with a word on standard error, where the machine has no `setsid`.
fn at_terminal(stage: &Stage, arguments: &[&str], lines: &[&str]) -> Option<(Option<i32>, String)> {
    let mut terminal = File::from(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap());
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let path = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let end = File::options().read(true).write(true).open(path).unwrap();
    let inner = stage.command(arguments);
    let mut command = Command::new("setsid");
    command.args(["--ctty", "--wait"]).arg(inner.get_program()).args(inner.get_args());
    command
        .current_dir(stage.path(""))
        .env("HOME", stage.path(""))
        .env_remove("VOYAGER_MEMORY_KEY");
    let other = || end.try_clone().unwrap();
    command.stdin(other()).stdout(other()).stderr(other());
    let Ok(mut child) = command.spawn() else {
        eprintln!("skipped: there is no `setsid` here");
        return None;
    };
    // It has ended once nobody else has the other end.
    drop((command, end));
    let (mut told, mut part) = (String::new(), [0; 4096]);
    let (mut lines, mut asked) = (lines.iter(), 0);
    while let Ok(bytes @ 1..) = terminal.read(&mut part) {
        told.push_str(&String::from_utf8_lossy(&part[..bytes]));
        let questions = ["passphrase of the memory: ", "again: "];
        let questions: usize = questions.iter().map(|it| told.matches(it).count()).sum();
        while asked < questions {
            let line = lines.next().unwrap_or_else(|| panic!("one question more: {told}"));
            terminal.write_all(format!("{line}\n").as_bytes()).unwrap();
            asked += 1;
        }
    }
    Some((child.wait().unwrap().code(), told))
}

#[test]
fn at_a_terminal_the_passphrase_is_asked_for() {
    let Some(stage) = Stage::new() else { return };
    stage.answer(["memory", "add", SECRET]);
    let lock = ["memory", "lock"];
    let Some((code, told)) = at_terminal(&stage, &lock, &[PASSPHRASE, "something else"]) else {
        return;
    };
    assert!(code == Some(2) && told.contains("are not the same"), "{told}");
    let (code, told) = at_terminal(&stage, &lock, &[PASSPHRASE, PASSPHRASE]).unwrap();
    assert!(code == Some(0) && told.contains("this passphrase alone"), "{told}");
    let show = ["memory", "show", "m0"];
    let (code, told) = at_terminal(&stage, &show, &[PASSPHRASE]).unwrap();
    assert!(code == Some(0) && told.contains(SECRET), "{told}");
    let (code, told) = at_terminal(&stage, &show, &["something else"]).unwrap();
    assert!(code == Some(5) && told.contains("the passphrase of its owner alone"), "{told}");
}
