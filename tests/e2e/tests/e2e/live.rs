//! Runs that wait for people, are paused, and are ended from elsewhere.

use std::io::{BufRead, BufReader};

use e2e::{Ended, Stage};
use serde_json::Value as Json;

const RELEASE: &str = "voyager: manifest/v1
name: release
version: 1.0.0
inputs: { repo: { type: path, default: repo } }
grants:
  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]
steps:
  - id: sign-off
    approve: { show: \"rename it\" }
    on-error: { refused: continue }
  - id: built
    when: \"has(steps.sign-off)\"
    await: { signal: built, type: \"record { to: string }\" }
    timeout: 30d
  - id: change
    use: coder/rename
    with: { name: old, to: { expr: \"default(steps.built.?to, 'never')\" }, globs: [], diff-bytes: 0 }
    when: \"has(steps.built)\"
outputs:
  by: { from: \"default(steps.sign-off.?by, 'nobody')\" }
";

fn staged() -> Option<Stage> {
    let stage = Stage::new()?;
    stage.write("repo/a.py", "old = 1\n");
    stage.write("release.yaml", RELEASE);
    Some(stage)
}

fn waiting(stage: &Stage) -> String {
    let answer = stage.answer(["run", "release.yaml"]);
    assert_eq!(answer["status"], "waiting", "{answer}");
    assert_eq!(answer["waits"][0]["show"], "rename it", "{answer}");
    answer["run"].as_str().expect("an id").to_owned()
}

fn well(ended: Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_run_waits_for_people_without_a_process_and_goes_on_with_what_they_said() {
    let Some(stage) = staged() else { return };
    let run = &waiting(&stage);
    let again = stage.call(["resume", run]);
    assert_eq!(again.code, Some(8), "{again:?}");
    assert!(again.err.contains(&format!("agent-host approve {run} sign-off")), "{}", again.err);
    // Before anybody waits for it, and twice.
    let signal = ["signal", run, "built", "{\"to\": \"new\"}", "--id", "one"];
    assert_eq!(stage.answer(signal)["is-new"], true);
    assert_eq!(stage.answer(signal)["is-new"], false);
    well(stage.call(["approve", run, "sign-off", "--by", "ada", "--reason", "seen"]));
    let ended = stage.answer(["resume", run]);
    assert_eq!((&ended["status"], &ended["outputs"]["by"]), (&"done".into(), &"ada".into()));
    assert_eq!(std::fs::read_to_string(stage.path("repo/a.py")).unwrap(), "new = 1\n");
    let shown = stage.answer(["runs", "show", run]);
    assert_eq!(shown["told"][1]["what"], "approved", "{shown}");
    assert_eq!(shown["told"][1]["by"], "ada", "{shown}");
    assert_eq!(shown["told"][1]["comment"], "seen", "{shown}");
    well(stage.call(["replay", run, "--verify"]));
}

#[test]
fn a_refusal_is_an_error_that_the_manifest_passes_over() {
    let Some(stage) = staged() else { return };
    let run = &waiting(&stage);
    well(stage.call(["approve", run, "sign-off", "--refuse", "--reason", "no"]));
    let late = stage.call(["approve", run, "sign-off"]);
    assert_eq!(late.code, Some(2), "the first answer counts: {late:?}");
    let ended = stage.answer(["resume", run]);
    assert_eq!((&ended["status"], &ended["outputs"]["by"]), (&"done".into(), &"nobody".into()));
    assert_eq!(std::fs::read_to_string(stage.path("repo/a.py")).unwrap(), "old = 1\n");
}

#[test]
fn what_a_run_does_not_want_is_refused_with_what_it_wants() {
    let Some(stage) = staged() else { return };
    let run = &waiting(&stage);
    for (arguments, says) in [
        (vec!["signal", run, "built", "3"], "record { to: string }"),
        (vec!["signal", run, "other"], "there is `built`"),
        (vec!["approve", run, "built"], "asks for no approval"),
        (vec!["approve", run, "nowhere"], "there is `sign-off`"),
    ] {
        let ended = stage.call(&arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(says), "{arguments:?}: {}", ended.err);
    }
}

#[test]
fn a_run_that_stays_hears_at_once_what_another_process_is_told() {
    let Some(stage) = staged() else { return };
    let mut command = stage.command(["run", "release.yaml", "--wait", "--json"]);
    command.stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut until = |what: &str| -> Json {
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains(what));
        serde_json::from_str(&line.unwrap_or_else(|| panic!("{what} never came"))).unwrap()
    };
    let run = until("run-started")["run"].as_str().expect("an id").to_owned();
    until("\"waits\"");
    assert_eq!(stage.answer(["approve", &run, "sign-off"])["goes-on"], true);
    until("\"signal\":\"built\"");
    assert_eq!(stage.answer(["signal", &run, "built", "{\"to\": \"x\"}"])["goes-on"], true);
    let last = until("\"done\",");
    assert_eq!(last["answer"]["status"], "done", "{last}");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_run_of_another_process_is_paused_and_goes_on() {
    let Some(stage) = staged() else { return };
    let mut command = stage.command(["run", "release.yaml", "--wait", "--json"]);
    command.stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let begun = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("\"waits\"")));
    assert!(begun.is_some(), "it waits");
    let run = &stage.answer(["runs"])[0]["run"].as_str().expect("an id").to_owned();
    well(stage.call(["pause", run]));
    assert_eq!(child.wait().expect("it ends").code(), Some(8));
    assert_eq!(stage.answer(["runs"])[0]["status"], "paused");
    let none = stage.call(["resume"]);
    assert_eq!(none.code, Some(2), "a paused run is resumed by name alone: {none:?}");
    assert_eq!(stage.answer(["resume", run])["status"], "waiting");
    well(stage.call(["replay", run]));
}

/// A program that never ends by itself, what takes back, and what runs at last.
const ENDLESS: &str = "voyager: manifest/v1
name: endless
version: 1.0.0
inputs: { repo: { type: path, default: repo } }
grants:
  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]
  process: [ { run: sleep }, { run: touch } ]
steps:
  - id: done
    use: process/run
    with: { command: \"touch done\" }
    compensate: { use: process/run, with: { command: \"touch taken-back\" } }
  - { id: endless, use: process/run, with: { command: \"sleep 600\" } }
finally:
  - { id: last, use: process/run, with: { command: \"touch last\" } }
";

#[test]
fn cancel_takes_back_and_kill_does_not() {
    for (command, left) in [("cancel", true), ("kill", false)] {
        let Some(stage) = staged() else { return };
        stage.write("endless.yaml", ENDLESS);
        let mut run = stage.command(["run", "endless.yaml", "--json"]);
        run.stdout(std::process::Stdio::piped());
        let mut child = run.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let begun = lines.find(|line| {
            line.as_ref()
                .is_ok_and(|line| line.contains("step-started") && line.contains("endless"))
        });
        assert!(begun.is_some(), "it begins");
        let run = &stage.answer(["runs"])[0]["run"].as_str().expect("an id").to_owned();
        well(stage.call([command, run]));
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        assert_eq!(child.wait().expect("it ends").code(), Some(130), "{rest:?}");
        for file in ["repo/taken-back", "repo/last"] {
            assert_eq!(stage.path(file).exists(), left, "{command}: {file}, {rest:?}");
        }
        assert!(stage.path("repo/done").exists());
        well(stage.call(["replay", run, "--verify"]));
        assert_eq!(stage.call([command, run]).code, Some(2), "it has ended");
    }
}

const WAITS: &str = "voyager: scenario/v1
manifest: release.yaml
inputs: { repo: . }
files: { a.py: \"old = 1\\n\" }
";

#[test]
fn scenarios_answer_refuse_and_let_time_pass() {
    let Some(stage) = staged() else { return };
    for (name, rest) in [
        (
            "answered",
            "answers:
  - { step: sign-off, result: { by: ada, comment: ok }, takes: 3d }
  - { step: built, result: { to: new }, takes: 29d }
faults: [ { kill: wait-started, step: built, disk: lost }, { kill: wait-answered } ]
expect: { outputs: { by: ada }, files: { a.py: { equals: \"new = 1\\n\" } }, limits: { resumes: 2 } }",
        ),
        (
            "refused",
            "answers: [ { step: sign-off, fails: refused, message: no } ]
expect: { outputs: { by: nobody }, steps: { sign-off: { is: failed, kind: refused } } }",
        ),
        (
            "late",
            "answers: [ { step: sign-off }, { step: built, result: { to: new }, takes: 31d } ]
expect: { error: { kind: timeout, step: built } }",
        ),
    ] {
        stage.write(
            &format!("{name}.scenario.yaml"),
            WAITS.replace("scenario/v1\n", &format!("scenario/v1\nname: {name}\n")) + rest + "\n",
        );
        let ended = stage.call(["test", &format!("{name}.scenario.yaml")]);
        assert_eq!(ended.code, Some(0), "{name}: {}{}", ended.out, ended.err);
    }
    stage.write("never.scenario.yaml", WAITS.replace("v1\nm", "v1\nname: never\nm"));
    let never = stage.call(["test", "never.scenario.yaml"]);
    assert!(
        never.code == Some(1) && never.err.contains("the step `sign-off` waits for an approval"),
        "{never:?}"
    );
}

#[test]
fn a_run_with_answers_becomes_a_scenario_with_answers() {
    let Some(stage) = staged() else { return };
    let run = &waiting(&stage);
    well(stage.call(["approve", run, "sign-off", "--by", "ada"]));
    well(stage.call(["signal", run, "built", "{\"to\": \"new\"}"]));
    assert_eq!(stage.answer(["resume", run])["status"], "done");
    let written = stage.answer(["scenario", "from-run", run]);
    let text = written["scenario"].as_str().unwrap_or_else(|| panic!("{written}"));
    stage.write("recorded.scenario.yaml", text);
    let ended = stage.call(["test", "recorded.scenario.yaml"]);
    assert_eq!(ended.code, Some(0), "{}{}\n{written}", ended.out, ended.err);
}

const PARTS: &str = "voyager: manifest/v1
name: parts
version: 1.0.0
inputs: { repo: { type: path, default: repo }, word: { type: string, default: one }, ok: { type: bool, default: false } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ], process: [ { run: touch }, { run: test } ] }
steps:
  - { id: rules, use: security/rules.all }
  - { id: first, needs: [rules], use: coder/occurrences, with: { name: old, globs: [], places-max: 9 } }
  - { id: second, use: coder/occurrences, with: { name: { from: inputs.word }, globs: [], places-max: 9 } }
  - id: third
    steps:
      - { id: checks, use: process/run, with: { command: \"test -f go\" }, expect: [ { that: \"result.passed\" } ] }
outputs: { first: { from: \"size(steps.first.places)\" } }
";

/// The states of the steps of a run.
fn states(stage: &Stage, run: &str) -> Vec<String> {
    let shown = stage.answer(["runs", "show", run]);
    let steps = shown["steps"].as_array().unwrap_or_else(|| panic!("{shown}"));
    steps.iter().filter_map(|step| step["state"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_failed_run_goes_on_from_what_failed() {
    let Some(stage) = staged() else { return };
    stage.write("parts.yaml", PARTS);
    let failed = stage.answer(["run", "parts.yaml"]);
    assert_eq!(failed["status"], "failed", "{failed}");
    let run = failed["run"].as_str().expect("an id");
    stage.write("repo/go", "");
    let retried = stage.answer(["retry", run]);
    assert_eq!((&retried["status"], &retried["outputs"]["first"]), (&"done".into(), &1.into()));
    let retried = retried["run"].as_str().expect("an id");
    assert_eq!(states(&stage, retried), ["kept", "kept", "kept", "done", "done"]);
    well(stage.call(["replay", retried, "--verify"]));

    let other = ["--input", "word=two"];
    let blocked = stage.call([["fork", retried, "--from", "third"].as_slice(), &other].concat());
    assert_eq!(blocked.code, Some(2), "{blocked:?}");
    assert!(
        blocked.err.contains("`second` (line 9) ran with another `inputs.word`"),
        "{blocked:?}"
    );
    let forked = stage.answer([["fork", retried, "--from", "second"].as_slice(), &other].concat());
    assert_eq!(forked["status"], "done", "{forked}");
    let forked = forked["run"].as_str().expect("an id");
    assert_eq!(states(&stage, forked), ["kept", "kept", "done", "done", "done"]);
}

#[test]
fn a_waiting_run_goes_on_with_another_manifest_where_what_it_did_is_the_same() {
    let Some(stage) = staged() else { return };
    let manifest = |first: &str, rest: &str| {
        format!(
            "voyager: manifest/v1\nname: moved\nversion: 1.0.0\nsteps:\n{first}  - {{ id: rules, use: \
             security/rules.all }}\n  - {{ id: sure, approve: {{ show: sure }} }}\n{rest}"
        )
    };
    stage.write("moved.yaml", manifest("", ""));
    let begun = stage.answer(["run", "moved.yaml"]);
    let run = begun["run"].as_str().expect("an id");
    stage.write("moved.yaml", manifest("  - { id: before, sleep: 1ms }\n", ""));
    let blocked = stage.call(["resume", run, "--manifest", "moved.yaml"]);
    assert_eq!(blocked.code, Some(2), "{blocked:?}");
    assert!(blocked.err.contains("`rules` (line 6) ran, and is not the same"), "{blocked:?}");
    assert_eq!(stage.answer(["runs", "show", run])["status"], "waiting", "it is as it was");
    stage.write("moved.yaml", manifest("", "  - { id: after, sleep: 1ms }\n"));
    let moved = stage.answer(["resume", run, "--manifest", "moved.yaml"]);
    assert_eq!(moved["status"], "waiting", "{moved}");
    assert_eq!(stage.answer(["runs", "show", run])["status"], "cancelled");
    let moved = moved["run"].as_str().expect("an id");
    well(stage.call(["approve", moved, "sure"]));
    assert_eq!(stage.answer(["resume", moved])["status"], "done");
    assert_eq!(states(&stage, moved), ["kept", "done", "done"]);
}

#[test]
fn what_was_taken_back_runs_again_and_what_a_kill_left_is_taken_back_later() {
    let Some(stage) = staged() else { return };
    stage.write(
        "saga.yaml",
        "voyager: manifest/v1\nname: saga\nversion: 1.0.0\ninputs: { repo: { type: path, default: repo } }\n\
         grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ], process: [ { run: touch }, { run: test }, { run: rm } ] }\nsteps:\n  \
         - { id: make, use: process/run, with: { command: \"touch made\" }, compensate: { use: process/run, with: { command: \"touch taken-back\" } } }\n  \
         - { id: sure, approve: { show: sure } }\n  \
         - { id: check, use: process/run, with: { command: \"test -f go\" }, expect: [ { that: \"result.passed\" } ] }\n",
    );
    let begun = stage.answer(["run", "saga.yaml"]);
    let killed = begun["run"].as_str().expect("an id");
    well(stage.call(["kill", killed]));
    assert!(!stage.path("repo/taken-back").exists());
    let again = stage.answer(["retry", killed]);
    let run = again["run"].as_str().expect("an id");
    assert_eq!(states(&stage, run)[0], "kept");
    well(stage.call(["approve", run, "sure"]));
    assert_eq!(stage.answer(["resume", run])["status"], "failed");
    assert!(stage.path("repo/taken-back").exists(), "the second run took back what the first did");
    let third = stage.answer(["retry", run]);
    let third = third["run"].as_str().expect("an id");
    assert_eq!(states(&stage, third)[0], "done", "what was taken back runs again");
}

#[test]
fn runs_that_ended_are_forgotten_and_the_others_go_on() {
    let Some(stage) = staged() else { return };
    let open = &waiting(&stage);
    let rename = |from: &str, to: &str| {
        let (from, to) = (format!("from={from}"), format!("to={to}"));
        stage.answer([
            "run",
            "rename",
            "-i",
            "repo=repo",
            "-i",
            &from,
            "-i",
            &to,
            "-i",
            "apply=true",
        ])
    };
    assert_eq!(rename("old", "older")["status"], "done");
    assert_eq!(rename("older", "old")["status"], "done");
    let wanted = stage.answer(["runs", "prune", "--older-than", "0", "--dry-run"]);
    assert_eq!(wanted["runs"].as_array().map(Vec::len), Some(2), "{wanted}");
    assert_eq!(stage.answer(["runs"]).as_array().map(Vec::len), Some(3), "nothing was done");
    let nothing = stage.answer(["runs", "prune"]);
    assert_eq!(nothing["runs"].as_array().map(Vec::len), Some(0), "they are young: {nothing}");
    let pruned = stage.answer(["runs", "prune", "--older-than", "0"]);
    assert_eq!((&pruned["runs"], &pruned["kept"]), (&wanted["runs"], &1.into()));
    assert_eq!(pruned["content-bytes"], wanted["content-bytes"]);
    assert_eq!(stage.answer(["runs"]).as_array().map(Vec::len), Some(1));
    // What the open run needs of the content is there, its components among it.
    well(stage.call(["approve", open, "sign-off"]));
    well(stage.call(["signal", open, "built", "{\"to\": \"new\"}"]));
    assert_eq!(stage.answer(["resume", open])["status"], "done");
    well(stage.call(["replay", open, "--verify"]));
    well(stage.call(["undo", open]));
}

#[test]
fn packed_runs_are_read_as_before() {
    let Some(stage) = staged() else { return };
    let open = &waiting(&stage);
    let rename = ["run", "rename", "-i", "repo=repo", "-i", "from=old", "-i", "to=older"];
    let done = stage.answer([rename.as_slice(), &["-i", "apply=true"]].concat());
    let run = done["run"].as_str().expect("an id");
    let read = || {
        [run, open]
            .map(|run| [stage.answer(["runs", "show", run]), stage.answer(["runs", "export", run])])
    };
    let before = read();
    let packed = stage.answer(["runs", "compact"]);
    assert!(packed["records"].as_u64() > Some(0), "{packed}");
    assert!(packed["segment-bytes"].as_u64() < packed["row-bytes"].as_u64(), "{packed}");
    assert!(packed["disk-bytes-after"].as_u64() < packed["disk-bytes-before"].as_u64(), "{packed}");
    assert_eq!(packed["shrunk"], true, "{packed}");
    assert_eq!(read(), before);
    let again = stage.answer(["runs", "compact"]);
    assert_eq!(again["records"], 0, "{again}");
    well(stage.call(["replay", run, "--verify"]));
    well(stage.call(["runs", "trace", run]));
    well(stage.call(["scenario", "from-run", run]));
    assert_eq!(stage.answer(["undo", run])["outcome"], "done");
    well(stage.call(["approve", open, "sign-off"]));
    well(stage.call(["signal", open, "built", "{\"to\": \"new\"}"]));
    assert_eq!(stage.answer(["resume", open])["status"], "done");
    well(stage.call(["replay", open, "--verify"]));
    let pruned = stage.answer(["runs", "prune", "--older-than", "0"]);
    assert_eq!((pruned["runs"].as_array().map(Vec::len), &pruned["kept"]), (Some(3), &0.into()));
}
