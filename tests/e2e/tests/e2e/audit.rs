//! `manifests/audit.yaml` over a small repository with something of everything.

use std::fs;

use e2e::{Stage, tree};
use serde_json::Value as Json;

/// A repository with a complex function, a dangerous call, a secret, and files that can't be read.
pub(crate) fn repository(stage: &Stage) -> std::path::PathBuf {
    let secret = ["ghp_", "x7Yk2LmQ9vRtB4nWc8Zs1DfGh3JpK6aE0uTi"].concat();
    stage.write(
        "repo/src/app.py",
        "import os\n\ndef run(command):\n    if command:\n        os.system(command)\n",
    );
    stage.write("repo/src/lib.rs", "pub fn add(a: i32, b: i32) -> i32 { a + b }\n");
    stage.write(
        "repo/web/page.ts",
        "export function show(x: string) { document.body.innerHTML = x; }\n",
    );
    stage.write("repo/settings.ini", format!("token = {secret}\n"));
    stage.write("repo/broken.py", "def broken(:\n");
    stage.write("repo/latin.py", b"# caf\xe9\nx = 1\n");
    stage.write("repo/nul.py", b"x = 1\n\0\0\0");
    stage.write("repo/odd|`name.py", "def odd():\n    return 1\n");
    std::os::unix::fs::symlink("loop", stage.path("repo/loop")).expect("links can be made");
    stage.path("repo")
}

#[test]
fn an_audit_reports_and_leaves_the_tree_alone() {
    let Some(stage) = Stage::new() else { return };
    let repo = repository(&stage);
    let before = tree(&repo);
    let input = format!("repo={}", repo.display());
    let ended = stage.call(["run", "audit", "--input", &input, "--out", "out"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(tree(&repo), before);
    let report = fs::read_to_string(stage.path("out/report.md")).expect("the report is there");
    for expected in ["app.py", "settings.ini", "latin.py", "broken.py"] {
        assert!(report.contains(expected), "{expected} is missing in:\n{report}");
    }
    assert!(!report.contains("x7Yk2LmQ9vRtB4nWc8Zs1DfGh3JpK6aE0uTi"), "a report holds no secret");
    let sarif =
        fs::read_to_string(stage.path("out/findings.sarif")).expect("the findings are there");
    let sarif: Json = serde_json::from_str(&sarif).expect("SARIF is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    assert!(results.len() >= 3, "{results:?}");
}

#[test]
fn a_finished_run_replays_and_its_skills_do_the_same_again() {
    let Some(stage) = Stage::new() else { return };
    let input = format!("repo={}", repository(&stage).display());
    let run = stage.answer(["run", "audit", "--input", &input]);
    assert_eq!(run["status"], "done", "{run}");
    let id = run["run"].as_str().expect("an id");
    let one = stage.answer(["replay", id]);
    let other = stage.answer(["replay", id, "--verify"]);
    assert_eq!(one["chain"], other["chain"]);
    assert!(other["attempts-verified"].as_u64().is_some_and(|it| it >= 3), "{other}");
    let shown = stage.answer(["runs", "show", id]);
    assert_eq!(shown["chain"], one["chain"]);
    assert_eq!(shown["usage"], run["usage"], "a replay adds nothing");
    for used in ["cpu-micros", "memory-bytes", "host-calls", "bytes-in", "bytes-out"] {
        assert!(shown["usage"][used].as_u64().is_some_and(|it| 0 < it), "{used}: {shown}");
        let of_tasks = &shown["steps"][0]["tasks"][0]["usage"][used];
        assert!(of_tasks.as_u64() <= shown["usage"][used].as_u64(), "{used}: {of_tasks}");
    }
    let trace = stage.call(["runs", "trace", id]);
    assert!(trace.out.contains("workspace.read"), "{}", trace.out);
    assert!(trace.out.contains(" host call(s), "), "{}", trace.out);
    let export = stage.call(["runs", "export", id]);
    assert_eq!(export.out.lines().count() as u64, one["records"].as_u64().expect("a number"));
}
