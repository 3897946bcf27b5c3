//! What manifests may do while nobody watches: approved, compared, refused.

use std::{fs, os::unix::fs::PermissionsExt as _};

use e2e::Stage;

const MANIFEST: &str = r#"voyager: manifest/v1
name: tidy-up
version: 1.0.0
inputs:
  repo: { type: path, description: "The repository." }
grants:
  workspace: [ { root: inputs.repo, read: ["**"], write: ["src/*.py"] } ]
steps:
  - id: rename
    use: coder/rename
    with: { name: old_name, to: new_name, globs: [], diff-bytes: 1000 }
"#;

fn stage() -> Option<Stage> {
    let stage = Stage::new()?;
    stage.write("tidy-up.yaml", MANIFEST);
    stage.write("repo/src/a.py", "old_name = 1\n");
    Some(stage)
}

fn unattended(stage: &Stage) -> e2e::Ended {
    stage.call(["run", "tidy-up.yaml", "--unattended", "--input", "repo=repo"])
}

#[test]
fn an_unattended_run_needs_an_approval() {
    let Some(stage) = stage() else { return };
    let refused = unattended(&stage);
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(refused.err.contains("was never approved"), "{refused:?}");
    assert!(refused.err.contains("writes repo: src/*.py"), "the power is told: {refused:?}");
    assert!(refused.err.contains("agent-host approve tidy-up.yaml"), "{refused:?}");
    assert_eq!(stage.answer(["runs"]), serde_json::json!([]), "no run began");
    // Whoever watches needs none, and gives none.
    let diff = stage.call(["plan", "--diff", "tidy-up.yaml"]);
    assert_eq!(diff.code, Some(7), "{diff:?}");
    let approved = stage.call(["approve", "tidy-up.yaml"]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert!(approved.out.contains("writes repo (inputs.repo): src/*.py"), "{approved:?}");
    let ended = unattended(&stage);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(fs::read_to_string(stage.path("repo/src/a.py")).unwrap(), "new_name = 1\n");
}

#[test]
fn what_recalls_more_than_was_approved_is_refused() {
    let Some(stage) = Stage::new() else { return };
    let manifest = |trust: &str| {
        format!(
            "voyager: manifest/v1\nname: look-up\nversion: 1.0.0\n\
             grants: {{ memory: {{ read: [notes]{trust} }} }}\n\
             steps: [ {{ id: ask, use: memory/recall, with: {{ question: door }} }} ]\n"
        )
    };
    stage.write("look-up.yaml", manifest(", trust: owner"));
    let approved = stage.call(["approve", "look-up.yaml"]);
    assert!(approved.out.contains("notes what is trusted as `owner` at least"), "{approved:?}");
    let unattended = || stage.call(["run", "look-up.yaml", "--unattended"]);
    assert_eq!(unattended().code, Some(0));
    stage.write("look-up.yaml", manifest(""));
    let refused = unattended();
    assert_eq!(refused.code, Some(7), "{refused:?}");
    let told = "grew     least trust of what it recalls: outside, was owner";
    assert!(refused.err.contains(told), "{refused:?}");
}

#[test]
fn what_is_narrowed_runs_on_and_what_grows_is_refused_with_its_place() {
    let Some(stage) = stage() else { return };
    assert_eq!(stage.call(["approve", "tidy-up.yaml"]).code, Some(0));
    let narrow =
        MANIFEST.replace("src/*.py", "src/a.py").replace("old_name, to: new", "new, to: old");
    stage.write("tidy-up.yaml", narrow);
    let less = stage.call(["plan", "--diff", "tidy-up.yaml"]);
    assert_eq!(less.code, Some(0), "{less:?}");
    assert!(less.out.starts_with("shrank   writes repo: src/a.py, was src/*.py\n"), "{less:?}");
    assert_ne!(unattended(&stage).code, Some(7));

    stage.write("tidy-up.yaml", MANIFEST.replace("src/*.py", "**/*.py"));
    let more = stage.answer(["plan", "--diff", "tidy-up.yaml"]);
    assert_eq!(more["is-beyond"], true, "{more}");
    let difference = &more["differences"][0];
    assert_eq!(
        (&difference["how"], &difference["example"]),
        (&"grew".into(), &".py".into()),
        "{more}"
    );
    assert_eq!(
        difference["places"][0],
        serde_json::json!({ "step": "rename", "line": 9 }),
        "{more}"
    );
    let refused = unattended(&stage);
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(refused.err.contains("grew     writes repo: **/*.py, was src/*.py"), "{refused:?}");
    assert!(refused.err.contains("line 9, step rename"), "{refused:?}");
}

#[test]
fn an_approval_is_private_and_belongs_to_a_name_and_a_path() {
    let Some(stage) = stage() else { return };
    assert_eq!(stage.call(["approve", "tidy-up.yaml"]).code, Some(0));
    let files: Vec<_> = fs::read_dir(stage.path("state/approvals")).unwrap().flatten().collect();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let listed = stage.answer(["approve", "--list"]);
    assert_eq!(listed[0]["name"], "tidy-up", "{listed}");
    assert_eq!(listed.as_array().map(Vec::len), Some(1));

    stage.write("elsewhere/tidy-up.yaml", MANIFEST);
    let elsewhere = stage.call(["plan", "--diff", "elsewhere/tidy-up.yaml"]);
    assert_eq!(elsewhere.code, Some(7), "the path counts: {elsewhere:?}");
    stage.write("tidy-up.yaml", MANIFEST.replace("name: tidy-up", "name: other"));
    assert_eq!(unattended(&stage).code, Some(7), "the name counts");

    // It can be withdrawn when the file is gone.
    fs::remove_file(stage.path("tidy-up.yaml")).unwrap();
    assert_eq!(stage.call(["approve", "--withdraw", "tidy-up"]).code, Some(0));
    assert_eq!(stage.answer(["approve", "--list"]), serde_json::json!([]));
    stage.write("tidy-up.yaml", MANIFEST);
    assert_eq!(unattended(&stage).code, Some(7));
}

#[test]
fn another_component_and_a_damaged_approval_are_refused() {
    let Some(stage) = stage() else { return };
    assert_eq!(stage.call(["approve", "tidy-up.yaml"]).code, Some(0));
    let file =
        fs::read_dir(stage.path("state/approvals")).unwrap().flatten().next().unwrap().path();
    let good = fs::read_to_string(&file).unwrap();
    let power: serde_json::Value = serde_json::from_str(&good).unwrap();
    let component = power["power"]["skills"][0]["component"].as_str().unwrap();
    let other = if component.starts_with('0') { "1" } else { "0" }.to_owned() + &component[1..];
    fs::write(&file, good.replace(component, &other)).unwrap();
    let refused = unattended(&stage);
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(refused.err.contains("changed  skill voyager:coder"), "{refused:?}");
    fs::write(&file, &good[..good.len() / 2]).unwrap();
    let damaged = unattended(&stage);
    assert_eq!(damaged.code, Some(5), "{damaged:?}");
    assert!(damaged.err.contains("approve the manifest again"), "{damaged:?}");
}
