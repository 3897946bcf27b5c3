//! Calls whose programs, servers and child tasks a script answers for: nothing starts, nobody is asked, nothing is
//! journaled, and what the script does not say is told with the line that would.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use e2e::Stage;
use serde_json::{Value as Json, json};

/// Plays `skill run` with a script; gives back how it ended and its exit code.
fn play(stage: &Stage, script: &str, arguments: &[&str]) -> (Json, u64) {
    stage.write("answers.yaml", format!("voyager: script/v1\n{script}"));
    let script = ["--script", "answers.yaml", "--json"];
    let arguments = ["skill", "run"].iter().chain(arguments).chain(&script);
    let last = stage.call(arguments).last();
    (last["answer"].clone(), last["exit-code"].as_u64().unwrap())
}

const STATUS: [&str; 5] = ["process/run", "--program", "git", "--command", "git status"];

#[test]
fn a_script_answers_for_a_program_and_nothing_is_journaled() {
    let Some(stage) = Stage::new() else { return };
    let script = "programs: [ { run: git status, exit-code: 3, stdout: \"two files\\n\" } ]\n";
    let (answer, code) = play(&stage, script, &STATUS);
    assert_eq!((answer["scripted"].as_bool(), code), (Some(true), 0), "{answer}");
    assert_eq!(answer["outputs"]["result"]["exit-code"], 3, "{answer}");
    assert_eq!(answer["outputs"]["result"]["output-tail"], "two files\n", "{answer}");
    let asked = &answer["asked"][0];
    assert_eq!((&asked["call"], &asked["outcome"]), (&json!("process.run"), &json!("done")));
    assert_eq!(asked["arguments"]["arguments"], json!(["status"]), "{answer}");
    assert_eq!(stage.answer(["runs", "list"]), json!([]));
}

#[test]
fn what_the_script_does_not_say_is_told_with_the_line_that_would() {
    let Some(stage) = Stage::new() else { return };
    let (answer, code) =
        play(&stage, "programs: [ { run: git log } ]\n", &[&STATUS[..], &["--read", "."]].concat());
    assert_eq!(code, 1, "{answer}");
    assert_eq!(answer["error"]["kind"], "unavailable", "{answer}");
    let unanswered = answer["unanswered"][0].as_str().unwrap();
    let line = "add to `programs`: { run: [\"git\", \"status\"], stdout: ... }";
    assert!(unanswered.ends_with(line), "{unanswered}");
    assert_eq!(answer["unused"], json!(["answers.yaml:2: this program was not started"]));
    let get = ["http/get", "--server", "api.example.org", "--url", "https://api.example.org/a"];
    let (answer, code) = play(&stage, "", &get);
    let unanswered = answer["unanswered"][0].as_str().unwrap();
    let line = "add to `servers`: { url: \"https://api.example.org/a\", method: GET, status: 200, body: ... }";
    assert!(code == 1 && unanswered.ends_with(line), "{unanswered}");
}

#[test]
fn an_answer_that_nothing_took_fails_the_call() {
    let Some(stage) = Stage::new() else { return };
    let script = "programs: [ { run: git status }, { run: git } ]\n";
    let (answer, code) = play(&stage, script, &STATUS);
    assert_eq!((answer["status"].as_str(), code), (Some("done"), 1), "{answer}");
    assert_eq!(answer["unused"], json!(["answers.yaml:2: this program was not started"]));
}

#[test]
fn grants_limits_and_secrets_hold_as_in_every_run() {
    let Some(stage) = Stage::new() else { return };
    let (answer, code) = play(&stage, "", &["process/run", "--command", "git status"]);
    assert_eq!((code, answer["asked"][0]["outcome"].as_str()), (4, Some("denied")), "{answer}");
    assert_eq!(answer["asked"][0]["error"]["kind"], "denied", "{answer}");
    let (answer, _) = play(&stage, "", &[&STATUS[..], &["--limit", "memory=64KiB"]].concat());
    assert_eq!(answer["error"]["kind"], "limit", "{answer}");
    // The secret stays with the host, and so does its stand-in.
    let script = "secrets: { token: abcdefgh }\nservers: [ { url: https://api.example.org/, method: POST, status: 201 } ]\n";
    let header = r#"headers=[{"name":"Authorization","value":"Bearer ${secrets.token}"}]"#;
    let (answer, code) = play(
        &stage,
        script,
        &[
            "http/send",
            "--server",
            "https://api.example.org",
            "--secret",
            "token",
            "--with",
            "method=POST",
            "--with",
            "url=https://api.example.org/items",
            "--with",
            header,
            "--with",
            "body=x",
        ],
    );
    assert_eq!(code, 0, "{answer}");
    let asked = &answer["asked"][0]["arguments"];
    assert_eq!(asked["headers"][0][1], "Bearer ${secrets.token}", "{answer}");
}

#[test]
fn files_are_those_of_the_machine_and_the_policy_of_the_host_holds() {
    let Some(stage) = Stage::new() else { return };
    let source = stage.write("repo/app.py", "def fetch(): pass\n");
    let rename = ["coder/rename", "--write", "repo"];
    let with = ["--name=fetch", "--to=load", "--globs=**/*.py", "--diff-bytes=0"];
    let (answer, code) = play(&stage, "", &[&rename[..], &with[..]].concat());
    assert_eq!(code, 0, "{answer}");
    assert_eq!(std::fs::read_to_string(&source).unwrap(), "def load(): pass\n");
    let policy = "voyager: policy/v1\notherwise: deny\n";
    let policy = stage.write("policy.yaml", policy);
    let policy = ["--policy", policy.to_str().unwrap()];
    let with = ["--name=load", "--to=fetch", "--globs=**/*.py", "--diff-bytes=0"];
    let (answer, _) = play(&stage, "", &[&rename[..], &policy[..], &with[..]].concat());
    assert_eq!(answer["error"]["kind"], "denied", "{answer}");
    assert_eq!(std::fs::read_to_string(&source).unwrap(), "def load(): pass\n");
}

#[test]
fn a_script_that_is_wrong_is_told_with_its_place() {
    let Some(stage) = Stage::new() else { return };
    stage.write("answers.yaml", "voyager: script/v1\nprograms: [ { runs: git } ]\n");
    let arguments = ["skill", "run", "process/run", "--command", "git", "--script", "answers.yaml"];
    let ended = stage.call(arguments);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("answers.yaml:2:15") && ended.err.contains("`runs`"), "{ended:?}");
}

#[test]
fn a_script_answers_for_a_skill_that_is_not_here() {
    let Some(stage) = Stage::new() else { return };
    stage.write(
        "spelling.wit",
        "package acme:spelling@1.2.0;\ninterface checking { check: func(text: string) -> list<string>; }\n",
    );
    let script = "answers: [ { operation: acme:spelling/checking.check, result: [wrod] } ]\n";
    let call = ["coder/dialects", "--call", "acme:spelling/*"];
    // Without its WIT nobody knows its types.
    stage.write("answers.yaml", format!("voyager: script/v1\n{script}"));
    let unknown =
        stage.call(["skill", "run"].iter().chain(&call).chain(&["--script", "answers.yaml"]));
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    let (answer, code) = play(&stage, script, &[&call[..], &["--wit", "spelling.wit"]].concat());
    assert_eq!(code, 1, "{answer}");
    assert_eq!(answer["unused"], json!(["answers.yaml:2: no call took this answer"]), "{answer}");
}
