//! What a skill meets keeps its kind: in the answer, in the exit code, in `on-error`, after a crash.

use e2e::{Ended, Stage};

/// A manifest with one step that runs `command`, and `rest` for that step.
fn manifest(command: &str, granted: &str, rest: &str) -> String {
    format!(
        "voyager: manifest/v1\nname: kinds\nversion: 1.0.0\n\
         inputs:\n  repo: {{ type: path, default: repo, description: \"A folder.\" }}\n\
         grants:\n  workspace: [ {{ root: inputs.repo, read: [\"**\"] }} ]\n  \
         process: [ {{ run: \"{granted}\" }} ]\n\
         steps:\n  - id: program\n    use: process/run\n    with: {{ command: \"{command}\" }}\n    {rest}\n\
         outputs:\n  passed: {{ from: \"steps.program.?passed\" }}\n"
    )
}

fn staged(text: &str) -> Option<Stage> {
    let stage = Stage::new()?;
    stage.write("repo/a.py", "x = 1\n");
    stage.write("kinds.yaml", text);
    Some(stage)
}

fn run(stage: &Stage, command: &str) -> Ended {
    stage.call([command, "kinds.yaml", "--json"])
}

const NONE: &str = "changes: commit";

#[test]
fn a_denial_is_a_denial_and_replays_as_one() {
    let Some(stage) = staged(&manifest("ls -l", "make", NONE)) else { return };
    let ended = run(&stage, "run");
    let answer = &ended.last()["answer"];
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert_eq!(answer["error"]["kind"], "denied", "{answer}");
    assert_eq!(answer["error"]["bound"], "process: [ { run: \"ls -l\" } ]", "{answer}");
    let id = answer["run"].as_str().expect("an id");
    let replayed = stage.call(["replay", id, "--verify"]);
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
}

#[test]
fn a_manifest_reacts_to_the_kind() {
    let handled = manifest("ls -l", "make", "on-error: { denied: continue }");
    let Some(stage) = staged(&handled) else { return };
    let ended = run(&stage, "run");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.last()["answer"]["status"], "done", "{ended:?}");
    // Another kind is not meant.
    stage.write("kinds.yaml", manifest("ls -l", "make", "on-error: { timeout: continue }"));
    assert_eq!(run(&stage, "run").code, Some(4));
    // One that can't come is told.
    stage.write("kinds.yaml", manifest("ls -l", "make", "on-error: { failed: continue }"));
    let told = run(&stage, "validate").last();
    assert_eq!(told["answer"][0]["diagnostics"][0]["code"], "V0320", "{told}");
}

#[test]
fn what_the_skill_itself_finds_wrong_has_a_kind_too() {
    let Some(stage) = staged(&manifest("ls && ls", "ls", NONE)) else { return };
    let ended = run(&stage, "run");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.last()["answer"]["error"]["kind"], "invalid", "{ended:?}");
    let absent = ["skill", "run", "coder/survey", "--with", "globs=[]", "--with", "hot-spots=1"];
    let ended = stage.call([absent.as_slice(), &["--json"]].concat());
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert_eq!(ended.last()["answer"]["error"]["kind"], "denied", "{ended:?}");
}

#[test]
fn a_program_that_a_kill_left_open_is_an_unknown_effect() {
    // It says that it runs, and then goes on until it is ended.
    let program = "sh -c 'echo begun; exec sleep 600'";
    let killed = |rest: &str| {
        let stage = staged(&manifest(program, "sh", rest))?;
        let begun = |line: &String| line.contains("\"output\"") && line.contains("begun");
        assert!(stage.kill_when(["run", "kinds.yaml"], begun), "the program says that it runs");
        Some(stage)
    };
    let Some(stage) = killed(NONE) else { return };
    let ended = stage.call(["resume", "--json"]);
    assert_eq!(ended.last()["answer"]["error"]["kind"], "unknown-effect", "{ended:?}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let stage = killed("on-error: { unknown-effect: continue }").expect("staged before");
    let ended = stage.call(["resume", "--json"]);
    assert_eq!(ended.last()["answer"]["status"], "done", "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
