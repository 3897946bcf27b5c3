//! Steps within steps, with real skills: the example of `docs/guide/manifests.md`.

use std::fs;

use e2e::Stage;
use serde_json::json;

const GUIDE: &str = include_str!("../../../../docs/guide/manifests.md");

fn example(stage: &Stage) -> String {
    let blocks = GUIDE.split("```yaml\n").skip(1).filter_map(|it| it.split("\n```").next());
    let block = blocks.into_iter().find(|it| it.contains("name: rename-many"));
    let text = format!("{}\n", block.expect("the guide shows `rename-many`"));
    stage.write("rename-many.yaml", text).display().to_string()
}

#[test]
fn a_block_for_each_name_rounds_and_what_runs_at_last() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/src/a.py", "def one():\n    return two()\n");
    stage.write("repo/src/b.py", "def two():\n    return 2\n");
    let repo = stage.path("repo");
    let manifest = example(&stage);
    let input = format!("repo={}", repo.display());
    let names = r#"names=["one", "two", "three"]"#;
    let arguments = ["run", &manifest, "--input", &input, "--input", names];
    let run = stage.answer(arguments);
    assert_eq!(run["status"], "done", "{run}");
    assert_eq!(run["outputs"]["renamed"], json!([1, 2]), "{run}");
    assert_eq!(
        fs::read_to_string(repo.join("src/b.py")).unwrap(),
        "def two_old():\n    return 2\n"
    );
    let id = run["run"].as_str().expect("the run has an id").to_owned();

    let shown = stage.answer(["runs", "show", &id]);
    let steps = shown["steps"].as_array().expect("steps are a list").clone();
    let tasks = |step: &str| {
        let step = steps.iter().find(|it| it["step"] == step).expect("the step is there");
        (step["state"].clone(), step["tasks"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(tasks("places"), (json!("done"), 3));
    assert_eq!(tasks("rename"), (json!("skipped"), 2), "the last name is not found");
    assert_eq!(tasks("survey").1, 3, "one round more than there are hot spots, at most three");
    assert_eq!(tasks("offers"), (json!("done"), 1));

    let replayed = stage.answer(["replay", &id, "--verify"]);
    assert_eq!(replayed["status"], "done", "{replayed}");
}

#[test]
fn what_stands_in_finally_runs_after_a_failure() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/src/a.py", "def one():\n    return 1\n");
    let input = format!("repo={}", stage.path("repo").display());
    let manifest = "\
voyager: manifest/v1
name: tidy
version: 1.0.0
inputs: { repo: { type: path } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ], tasks: [] }
steps:
  - id: change
    steps:
      - id: first
        use: coder/rename
        with: { name: one, to: two, globs: [], diff-bytes: 0 }
      - id: bad
        use: coder/rename
        with: { name: \"no identifier\", to: two, globs: [], diff-bytes: 0 }
    finally:
      - id: back
        use: coder/rename
        when: \"has(steps.first)\"
        with: { name: two, to: one, globs: [], diff-bytes: 0 }
";
    let manifest = stage.write("tidy.yaml", manifest).display().to_string();
    let ended = stage.call(["--json", "run", &manifest, "--input", &input]);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("step `bad`"), "{}", ended.out);
    let text = fs::read_to_string(stage.path("repo/src/a.py")).unwrap();
    assert_eq!(text, "def one():\n    return 1\n", "the change was taken back");
}
