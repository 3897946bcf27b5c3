//! The state: one process has it, the others ask that one.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    sync::Arc,
};

use e2e::{Stage, Telling};
use rustix::process::{Pid, Signal, kill_process};
use voyager_base::{RunId, chance::Seeded, clock::Timestamp, record::Journal as _};
use voyager_disk::FileDisk;
use voyager_journal::{Options, Store};

#[test]
fn runs_that_do_not_exist_are_said_not_to() {
    let Some(stage) = Stage::new() else { return };
    for arguments in
        [["runs", "show", "0123"].as_slice(), &["replay", "0123"], &["cancel", "0123"], &["resume"]]
    {
        let ended = stage.call(arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}

/// A manifest whose only step is a program that ends only when it is ended.
const SLOW: &str = "voyager: manifest/v1\nname: slow\nversion: 1.0.0\ndescription: Waits.\n\
                    inputs:\n  repo: { type: path, description: \"A folder.\" }\n\
                    grants:\n  workspace: [ { root: inputs.repo, read: [\"**\"] } ]\n  \
                    process: [ { run: \"sleep\", network: none, time: 10m } ]\n\
                    steps:\n  - id: wait\n    use: process/run\n    with: { command: \"sleep 600\" }\n    \
                    timeout: 11m\n    limits: { time: 11m }\n";

#[test]
fn a_run_that_was_killed_before_it_began_is_in_nobodys_way() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/a", "");
    stage.write("slow.yaml", SLOW);
    let begins = |line: &String| line.contains("step-started");
    assert!(stage.kill_when(["run", "slow.yaml", "--input", "repo=repo"], begins), "it begins");
    // What a host leaves that is killed when it has claimed a run.
    let journal = FileDisk::open(stage.path("state/journal")).expect("nobody has it");
    let store = Store::open(Arc::new(journal), Options::default()).expect("it opens");
    let newest = RunId::new(Timestamp::from_millis(4_000_000_000_000), &Seeded::new(1));
    drop(store.claim(newest));
    drop(store);
    let listed = stage.answer(["runs"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let begun = Telling::begin(stage.command(["resume", "--json"])).until(&["\"resumed\":true"]);
    assert_eq!(begun["run"], listed[0]["run"], "the older one goes on");
}

#[test]
fn another_process_sees_and_cancels_a_run_that_is_going_on() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/Cargo.toml", "[package]\nname = \"slow\"\n");
    stage.write("slow.yaml", SLOW);
    let mut command = stage.command(["run", "slow.yaml", "--input", "repo=repo", "--json"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.contains("run-started"), "{first}");
    let listed = stage.answer(["runs"]);
    assert_eq!(listed[0]["status"], "running", "{listed}");
    let id = listed[0]["run"].as_str().expect("an id").to_owned();
    // What is old is packed meanwhile; for the room somebody would have to wait.
    let packed = stage.answer(["runs", "compact"]);
    assert_eq!(
        (&packed["damaged-runs"], &packed["shrunk"]),
        (&0.into(), &false.into()),
        "{packed}"
    );
    let cancelled = stage.call(["cancel", &id[..]]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let last = lines.map_while(Result::ok).last().unwrap_or_default();
    assert!(last.contains("cancelled"), "{last}");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(stage.answer(["runs"])[0]["status"], "cancelled");
}

#[test]
fn what_commands_beside_each_other_ask_is_done_once() {
    const THREADS: u64 = 6;
    const EACH: u64 = 16;
    let Some(stage) = Stage::new() else { return };
    let add = |number: u64| {
        let text = format!("Fact {number}.");
        let ended = stage.call(["--encoder", "hashed", "memory", "add", &text]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || (0..EACH).for_each(|it| add(thread * EACH + it)));
        }
    });
    assert_eq!(stage.answer(["memory", "stats"])["records"], THREADS * EACH);
}

#[test]
fn who_presses_ctrl_c_twice_leaves_at_once() {
    let Some(stage) = Stage::new() else { return };
    // What runs at last runs for a cancelled run, too.
    let manifest = "voyager: manifest/v1\nname: slow\nversion: 1.0.0\n\
                    inputs: { repo: { type: path } }\n\
                    grants:\n  workspace: [ { root: inputs.repo, read: [\"**\"] } ]\n  \
                    process: [ { run: sleep, time: 10m } ]\n\
                    steps:\n  - { id: wait, use: process/run, with: { command: \"sleep 600\" } }\n\
                    finally:\n  - { id: last, use: process/run, with: { command: \"sleep 20\" } }\n";
    stage.write("slow.yaml", manifest);
    stage.write("repo/a", "");
    let mut command = stage.command(["run", "slow.yaml", "--input", "repo=repo", "--json"]);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    for step in ["wait", "last"] {
        let begun = format!("\"step-started\",\"step\":\"{step}\"");
        let begun = lines.by_ref().map_while(Result::ok).find(|line| line.contains(&begun));
        assert!(begun.is_some(), "`{step}` begins");
        kill_process(Pid::from_child(&child), Signal::INT).expect("it lives");
    }
    let last = lines.map_while(Result::ok).last().unwrap_or_default();
    assert!(last.contains("\"left\""), "{last}");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert_eq!(stage.answer(["runs"])[0]["status"], "interrupted");
}
