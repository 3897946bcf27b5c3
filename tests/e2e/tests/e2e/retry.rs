//! `retry` and `fork` of runs whose blocks failed: what ended well inside is kept.

use e2e::{Ended, Stage};
use serde_json::Value as Json;

/// Each file is looked at by a block: first its name is noted, then it has to be good.
const LOOK: &str = "voyager: manifest/v1
name: look
version: 1.0.0
inputs: { repo: { type: path, default: repo }, word: { type: string, default: good } }
grants:
  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]
  process: [ { run: grep }, { run: touch } ]
steps:
  - id: each
    for-each: { in: \"['a', 'b', 'c', 'd', 'e']\", as: name, parallel: 1 }
    steps:
      - { id: noted, use: process/run, with: { command: { expr: \"'touch seen-' + name\" } } }
      - id: good
        use: process/run
        with: { command: { expr: \"'grep -q ' + inputs.word + ' ' + name\" } }
        expect: [ { that: result.passed, message: the file is not good } ]
";

/// The same, where the items are calls that change files: they are committed together.
const COPY: &str = "voyager: manifest/v1
name: copy
version: 1.0.0
inputs: { repo: { type: path, default: repo } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ], process: [ { run: cp } ] }
steps:
  - id: copies
    for-each: { in: \"['a', 'b', 'c']\", as: name, parallel: 1 }
    use: process/run
    with: { command: { expr: \"'cp ' + name + ' copy-of-' + name\" } }
    expect: [ { that: result.passed, message: there is no such file } ]
";

fn staged() -> Option<Stage> {
    let stage = Stage::new()?;
    for name in ["a", "b", "d", "e"] {
        stage.write(&format!("repo/{name}"), "good\n");
    }
    stage.write("repo/c", "bad\n");
    stage.write("look.yaml", LOOK);
    stage.write("copy.yaml", COPY);
    Some(stage)
}

fn well(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn failed(stage: &Stage, manifest: &str) -> String {
    let answer = stage.answer(["run", manifest]);
    assert_eq!(answer["status"], "failed", "{answer}");
    id(&answer)
}

fn id(answer: &Json) -> String {
    answer["run"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// A step of a run as `runs show` tells of it: its state, its kept items, how many attempts of tasks.
fn step(stage: &Stage, run: &str, id: &str) -> (String, Vec<String>, usize) {
    let shown = stage.answer(["runs", "show", run]);
    let steps = shown["steps"].as_array().unwrap_or_else(|| panic!("{shown}"));
    let step = steps.iter().find(|step| step["step"] == id).unwrap_or_else(|| panic!("{shown}"));
    let text = |it: &Json| it.as_str().unwrap_or_default().to_owned();
    let kept = step["kept"].as_array().into_iter().flatten().map(text).collect();
    let tasks = step["tasks"].as_array().map_or(0, Vec::len);
    (text(&step["state"]), kept, tasks)
}

fn of(state: &str, kept: &[&str], tasks: usize) -> (String, Vec<String>, usize) {
    (state.to_owned(), kept.iter().map(|it| (*it).to_owned()).collect(), tasks)
}

#[test]
fn what_ended_well_within_items_is_not_done_again() {
    let Some(stage) = staged() else { return };
    let run = &failed(&stage, "look.yaml");
    assert_eq!(step(&stage, run, "good"), of("failed", &[], 3));
    assert!(stage.path("repo/seen-c").exists(), "each step commits its own");
    stage.write("repo/c", "good\n");
    let retried = stage.answer(["retry", run]);
    assert_eq!(retried["status"], "done", "{retried}");
    let retried = &id(&retried);
    assert_eq!(step(&stage, retried, "each"), of("done", &["0", "1"], 0));
    assert_eq!(step(&stage, retried, "noted"), of("done", &["2"], 2));
    assert_eq!(step(&stage, retried, "good"), of("done", &[], 3));
    well(&stage.call(["replay", retried, "--verify"]));
    let traced = stage.call(["runs", "trace", retried]);
    assert!(traced.out.contains("each  done\n  [0]  kept\n  [1]  kept\n"), "{}", traced.out);
    let shown = stage.call(["runs", "show", retried]);
    assert!(shown.out.contains("done      each  2 items kept\n"), "{}", shown.out);
}

#[test]
fn a_step_within_a_block_runs_anew_for_each_item_and_what_comes_before_it_stays() {
    let Some(stage) = staged() else { return };
    stage.write("repo/c", "good\n");
    let whole = stage.answer(["run", "look.yaml"]);
    assert_eq!(whole["status"], "done", "{whole}");
    let (whole, word) = (&id(&whole), ["--input", "word=oo"]);
    let forked = stage.answer([["fork", whole, "--from", "good"].as_slice(), &word].concat());
    assert_eq!(forked["status"], "done", "{forked}");
    let forked = &id(&forked);
    assert_eq!(step(&stage, forked, "noted"), of("kept", &["0", "1", "2", "3", "4"], 0));
    assert_eq!(step(&stage, forked, "good"), of("done", &[], 5));
    well(&stage.call(["replay", forked, "--verify"]));
}

#[test]
fn what_kept_items_staged_becomes_real_and_is_undone_with_the_rest() {
    let Some(stage) = staged() else { return };
    std::fs::remove_file(stage.path("repo/c")).expect("it was written");
    let run = &failed(&stage, "copy.yaml");
    assert!(!stage.path("repo/copy-of-a").exists(), "items of a call are committed together");
    stage.write("repo/c", "c\n");
    let retried = stage.answer(["retry", run]);
    assert_eq!(retried["status"], "done", "{retried}");
    assert_eq!(retried["changed"].as_array().map(Vec::len), Some(3), "{retried}");
    let retried = &id(&retried);
    assert_eq!(step(&stage, retried, "copies"), of("done", &["0", "1"], 1));
    for name in ["a", "b", "c"] {
        assert!(stage.path(&format!("repo/copy-of-{name}")).exists(), "{name}");
    }
    well(&stage.call(["replay", retried, "--verify"]));
    well(&stage.call(["undo", retried]));
    assert!(!stage.path("repo/copy-of-a").exists(), "what the kept items changed is undone too");
}

#[test]
fn what_kept_items_staged_outlives_the_run_that_staged_it() {
    let Some(stage) = staged() else { return };
    std::fs::remove_file(stage.path("repo/c")).expect("it was written");
    let first = &failed(&stage, "copy.yaml");
    let second = stage.answer(["retry", first]);
    assert_eq!(second["status"], "failed", "{second}");
    let second = &id(&second);
    assert_eq!(step(&stage, second, "copies"), of("failed", &["0", "1"], 1));
    let shown = stage.answer(["runs", "show", second]);
    assert_eq!(shown["from"], Json::from(first.as_str()));
    // The files as the items saw and left them go with the last run that names them.
    stage.write("repo/c", "c\n");
    let third = stage.answer(["retry", second]);
    let pruned = stage.answer(["runs", "prune", "--older-than", "0"]);
    assert_eq!(pruned["runs"].as_array().map(Vec::len), Some(3), "{pruned}");
    assert_eq!(third["status"], "done", "{third}");
    assert_eq!(std::fs::read(stage.path("repo/copy-of-b")).expect("it is there"), b"good\n");
}

#[test]
fn a_retried_run_that_is_killed_keeps_what_it_took_over() {
    let Some(stage) = staged() else { return };
    let run = &failed(&stage, "look.yaml");
    stage.write("repo/c", "good\n");
    let mut done = 0;
    let killed = stage.kill_when(["retry", run], |line| {
        done += usize::from(line.contains("step-done") && line.contains("\"good\""));
        done == 2
    });
    assert!(killed, "it ended before");
    let listed = stage.answer(["runs"]);
    let runs = listed.as_array().unwrap_or_else(|| panic!("{listed}")).iter();
    let mut others = runs.filter(|it| it["run"] != run.as_str());
    let retried = &id(others.next().unwrap_or_else(|| panic!("{listed}")));
    let resumed = stage.answer(["resume", retried]);
    assert_eq!(resumed["status"], "done", "{resumed}");
    assert_eq!(step(&stage, retried, "each"), of("done", &["0", "1"], 0));
    let (_, kept, tasks) = step(&stage, retried, "noted");
    assert_eq!((kept, 2 <= tasks), (vec!["2".to_owned()], true));
    well(&stage.call(["replay", retried, "--verify"]));
}
