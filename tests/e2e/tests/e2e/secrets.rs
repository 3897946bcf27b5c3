//! A secret reaches the program that it is granted to, and nothing that anybody can read.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use e2e::{Ended, Stage, tree};

const SECRET: &str = "hush-hush-hush";

const MANIFEST: &str = "\
voyager: manifest/v1
name: publish
version: 1.0.0
inputs: { token: { type: secret, description: \"Lets the program in.\" } }
grants: { workspace: [], process: [ { run: printenv TOKEN, env: { TOKEN: { secret: inputs.token } } } ] }
steps:
  - { id: told, use: process/run, with: { command: printenv TOKEN }, expect: [ { that: result.passed } ] }
outputs: { told: { from: steps.told.output-tail } }
";

/// Calls the program with the secret in a variable.
fn call(stage: &Stage, secret: Option<&str>, arguments: &[&str]) -> Ended {
    let mut command = stage.command(arguments);
    if let Some(secret) = secret {
        command.env("PUBLISH_TOKEN", secret);
    }
    let ended = Ended::from(command.output().unwrap());
    for text in [&ended.out, &ended.err] {
        assert!(!text.contains("hush"), "{text}");
    }
    ended
}

fn newest(stage: &Stage) -> String {
    stage.answer(["runs", "show"])["run"].as_str().unwrap().to_owned()
}

fn nothing_is_kept(stage: &Stage) {
    for (path, content) in tree(&stage.path("state")) {
        let found = content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "{} holds the secret", path.display());
    }
}

#[test]
fn a_secret_reaches_its_program_and_nobody_else() {
    let Some(stage) = Stage::new() else { return };
    stage.write("publish.yaml", MANIFEST);
    stage.write("token", format!("{SECRET}\n"));
    for source in ["token=env:PUBLISH_TOKEN", "token=file:token"] {
        let arguments = ["--json", "run", "publish.yaml", "--secret", source];
        let ended = call(&stage, Some(SECRET), &arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.contains("\"told\":\"***\\n\""), "{}", ended.out);
        nothing_is_kept(&stage);
    }
    let exported = call(&stage, None, &["runs", "export", &newest(&stage)]);
    assert!(exported.out.contains("\"source\":\"file:/"), "{}", exported.out);
    let planned = call(&stage, None, &["plan", "publish.yaml"]);
    assert!(planned.out.contains("with the secret inputs.token as TOKEN"), "{}", planned.out);
    let run = newest(&stage);
    let verified = call(&stage, None, &["replay", "--verify", &run]);
    assert_eq!(verified.code, Some(0), "a replay starts no program: {verified:?}");
}

#[test]
fn a_secret_that_is_not_there_or_unfit_is_told_without_it() {
    let Some(stage) = Stage::new() else { return };
    stage.write("publish.yaml", MANIFEST);
    let run = |given: &[&str]| {
        let ended = call(&stage, Some("hush"), &[&["run", "publish.yaml"], given].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.err
    };
    assert!(run(&[]).contains("`--secret token=env:VARIABLE`"));
    assert!(run(&["--secret", "token=env:NO_SUCH"]).contains("there is no variable `NO_SUCH`"));
    assert!(run(&["--secret", "token=env:PUBLISH_TOKEN"]).contains("less than 8 bytes"));
    assert!(run(&["--secret", "token=file:nowhere"]).contains("nowhere"));
    assert!(run(&["--secret", "token=hush-hush"]).contains("never stands here"));
    assert!(run(&["--secret", "hush-hush"]).contains("NAME=env:VARIABLE"));
    assert!(run(&["--input", "token=x"]).contains("no input `token`"));
}

#[test]
fn a_run_goes_on_with_the_secret_that_it_began_with() {
    let Some(stage) = Stage::new() else { return };
    let gate = "steps:\n  - { id: gate, approve: { show: publish } }\n";
    stage.write("publish.yaml", MANIFEST.replace("steps:\n", gate));
    let started =
        call(&stage, Some(SECRET), &["run", "publish.yaml", "--secret", "token=env:PUBLISH_TOKEN"]);
    assert_eq!(started.code, Some(8), "{started:?}");
    let run = newest(&stage);
    assert_eq!(call(&stage, None, &["approve", &run, "gate"]).code, Some(0));
    let missing = call(&stage, None, &["resume", &run]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(missing.err.contains("began with the one from env:PUBLISH_TOKEN"), "{}", missing.err);
    let other = call(&stage, Some("hush-hush-other"), &["resume", &run]);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.err.contains("another one than the run began with"), "{}", other.err);
    stage.write("token", SECRET);
    // From another place, the same.
    let done = call(&stage, None, &["resume", &run, "--secret", "token=file:token"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    nothing_is_kept(&stage);
}

#[test]
fn a_new_secret_goes_on_with_a_run_that_was_ended_for_it() {
    let Some(stage) = Stage::new() else { return };
    let gate = "steps:\n  - { id: gate, approve: { show: publish } }\n";
    stage.write("publish.yaml", MANIFEST.replace("steps:\n", gate));
    let from = ["--secret", "token=env:PUBLISH_TOKEN"];
    call(&stage, Some(SECRET), &[&["run", "publish.yaml"], &from[..]].concat());
    let run = newest(&stage);
    assert_eq!(call(&stage, None, &["cancel", &run]).code, Some(0), "without any secret");
    let other = Some("hush-hush-other");
    let retried = call(&stage, other, &[&["retry", &run], &from[..]].concat());
    assert_eq!(retried.code, Some(8), "{retried:?}");
    let run = newest(&stage);
    assert_eq!(call(&stage, None, &["approve", &run, "gate"]).code, Some(0));
    let done = call(&stage, other, &["resume", &run]);
    assert_eq!(done.code, Some(0), "{done:?}");
}

#[test]
fn a_scenario_has_stand_ins() {
    let Some(stage) = Stage::new() else { return };
    stage.write("publish.yaml", MANIFEST);
    let scenario = "voyager: scenario/v1\nname: published\nmanifest: publish.yaml\n\
                    programs: [ { run: printenv TOKEN, stdout: \"it is stand-in for token.\" } ]\n\
                    expect: { outputs: { told: \"it is ***.\" } }\n";
    stage.write("a.scenario.yaml", scenario);
    let named = scenario.replace("published", "named").replace("stand-in for token", "hush-hush");
    stage.write("b.scenario.yaml", format!("{named}secrets: {{ token: hush-hush }}\n"));
    // The real program.
    let real = "voyager: scenario/v1\nname: real\nmanifest: publish.yaml\n\
                expect: { outputs: { told: \"***\\n\" } }\n";
    stage.write("c.scenario.yaml", real);
    let ended = call(&stage, None, &["test", "."]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
