//! A manifest that runs another one: pinned, counted in the plan, resumed within it, played in scenarios.

use std::fs;

use e2e::Stage;
use serde_json::json;

const OUTER: &str = "\
voyager: manifest/v1
name: outer
version: 1.0.0
inputs: { repo: { type: path }, names: { type: list<string> } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**/*.py\"] } ] }
steps:
  - id: each
    use: ./parts/rename.yaml
    for-each: { in: inputs.names, as: name, parallel: 1 }
    with: { folder: { from: inputs.repo }, from: { from: name }, to: { expr: \"name + '_new'\" } }
outputs:
  places: { from: \"steps.each.map(it, it.places)\" }
";

const INNER: &str = "\
voyager: manifest/v1
name: rename-one
version: 1.0.0
inputs: { folder: { type: path }, from: { type: string }, to: { type: string, pattern: '[a-z_]+' } }
grants: { workspace: [ { root: inputs.folder, name: place, read: [\"**\"], write: [\"src/**/*.py\"] } ] }
steps:
  - id: all
    transaction: { workspace: place }
    steps:
      - { id: change, use: coder/rename, with: { name: { from: inputs.from }, to: { from: inputs.to }, globs: [], diff-bytes: 0 } }
outputs:
  places: { from: steps.all.change.places }
";

fn staged(stage: &Stage) -> [String; 6] {
    stage.write("outer.yaml", OUTER);
    stage.write("parts/rename.yaml", INNER);
    stage.write("repo/src/a.py", "def one():\n    return two() + two()\n");
    let repo = format!("repo={}", stage.path("repo").display());
    let names = r#"names=["one", "two"]"#.to_owned();
    ["run".into(), "outer.yaml".into(), "--input".into(), repo, "--input".into(), names]
}

#[test]
fn what_it_runs_is_pinned_and_one_run_with_its_own() {
    let Some(stage) = Stage::new() else { return };
    let run = staged(&stage);
    let unpinned = stage.call(["validate", "outer.yaml"]);
    assert!(unpinned.err.contains("V0384"), "{unpinned:?}");
    assert!(unpinned.err.contains("type `agent-host lock outer.yaml`"), "{unpinned:?}");
    let locked = stage.answer(["lock", "outer.yaml"]);
    assert_eq!(locked[0]["manifests"][0]["path"], "parts/rename.yaml", "{locked}");
    assert!(stage.path("outer.lock").exists());

    let plan = stage.answer(["plan", "outer.yaml"]);
    let step = &plan["steps"][0];
    assert_eq!(
        (&step["id"], &step["within"]),
        (&json!("change"), &json!(["each", "all"])),
        "{plan}"
    );
    assert_eq!(step["writes"][0]["root"], "repo", "{plan}");
    let globs = json!([["**/*.py"], ["src/**/*.py"]]);
    assert_eq!(step["writes"][0]["globs"], globs, "both ceilings count: {plan}");

    let done = stage.answer(&run);
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(done["outputs"]["places"], json!([1, 2]), "{done}");
    assert_eq!(
        fs::read_to_string(stage.path("repo/src/a.py")).unwrap(),
        "def one_new():\n    return two_new() + two_new()\n"
    );
    let replayed = stage.answer(["replay", "--verify", done["run"].as_str().unwrap()]);
    assert_eq!(replayed["status"], "done", "{replayed}");

    stage.write("parts/rename.yaml", INNER.replace("'[a-z_]+'", "'.*'"));
    let changed = stage.call(&run);
    assert_eq!(changed.code, Some(3), "{changed:?}");
    assert!(changed.err.contains("was changed since it was pinned"), "{changed:?}");
}

#[test]
fn a_run_that_is_killed_within_it_is_resumed_and_does_nothing_twice() {
    let Some(stage) = Stage::new() else { return };
    let run = staged(&stage);
    stage.answer(["lock", "outer.yaml"]);
    let within = |line: &String| line.contains("step-done") && line.contains("each/");
    assert!(stage.kill_when(&run, within), "a step within it ended");
    // What was recorded is what runs, whatever became of the files.
    fs::remove_file(stage.path("parts/rename.yaml")).unwrap();
    let resumed = stage.answer(["resume"]);
    assert_eq!(resumed["status"], "done", "{resumed}");
    assert_eq!(resumed["outputs"]["places"], json!([1, 2]), "{resumed}");
    assert_eq!(
        fs::read_to_string(stage.path("repo/src/a.py")).unwrap(),
        "def one_new():\n    return two_new() + two_new()\n"
    );
}

#[test]
fn scenarios_name_its_steps_behind_the_one_that_runs_it() {
    let Some(stage) = Stage::new() else { return };
    staged(&stage);
    stage.answer(["lock", "outer.yaml"]);
    let scenario = |kind: &str| {
        format!(
            "\
voyager: scenario/v1
name: {kind}
manifest: outer.yaml
inputs: {{ repo: ., names: [one] }}
files: {{ src/a.py: one }}
faults: [ {{ fail: timeout, step: each/change }} ]
expect:
  error: {{ kind: {kind}, step: each }}
  steps: {{ each/change: {{ is: failed, kind: {kind} }}, each/all: {{ is: failed }} }}
  other-files: unchanged
"
        )
    };
    stage.write("timeout.scenario.yaml", scenario("timeout"));
    let tested = stage.call(["test", "timeout.scenario.yaml"]);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    stage.write("denied.scenario.yaml", scenario("denied"));
    let tested = stage.call(["test", "denied.scenario.yaml"]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
}

#[test]
fn what_it_does_not_grant_itself_it_can_not_do_whatever_its_caller_may() {
    let Some(stage) = Stage::new() else { return };
    let run = staged(&stage);
    stage.write("repo/docs/b.py", "one\n");
    stage.write("parts/rename.yaml", INNER.replace("src/**/*.py", "docs/**/*.py"));
    stage.answer(["lock", "outer.yaml"]);
    let done = stage.answer(&run);
    assert_eq!(done["outputs"]["places"], json!([1, 0]), "only what it may write: {done}");
    let text = fs::read_to_string(stage.path("repo/src/a.py")).unwrap();
    assert!(text.contains("def one()"), "{text}");
}
