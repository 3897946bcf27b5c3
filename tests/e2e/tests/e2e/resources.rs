//! What a step reserves it waits for, and is held to.

use e2e::Stage;

const MANIFEST: &str = "\
voyager: manifest/v1
name: heavy
version: 1.0.0
grants: { workspace: [], process: [ { run: nproc } ] }
steps:
  - id: count
    for-each: { in: \"['nproc', 'nproc', 'nproc']\", as: command }
    use: process/run
    with: { command: { from: command } }
    resources: { memory: 512MiB, cpu: 1 }
outputs: { told: { from: \"steps.count.map(it, it.output-tail)\" } }
";

#[test]
fn a_program_is_held_to_what_its_step_reserves() {
    let Some(stage) = Stage::new() else { return };
    stage.write("heavy.yaml", MANIFEST);
    let answer = stage.answer(["run", "heavy.yaml", "--memory", "512MiB"]);
    assert_eq!(answer["outputs"]["told"], serde_json::json!(["1\n", "1\n", "1\n"]), "{answer}");
    let planned = stage.call(["plan", "heavy.yaml"]);
    assert!(planned.out.contains("  reserves memory 512MiB, 1 processor\n"), "{}", planned.out);
}

#[test]
fn what_this_host_does_not_have_is_told_before_anything_begins() {
    let Some(stage) = Stage::new() else { return };
    stage.write("heavy.yaml", MANIFEST);
    let ended = stage.call(["run", "heavy.yaml", "--memory", "511MiB"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.err.contains("the step `count` reserves memory 512MiB"), "{}", ended.err);
    assert!(ended.err.contains("`--memory` and `--cpus`"), "{}", ended.err);
    assert_eq!(stage.answer(["runs"]), serde_json::json!([]));
    let wrong = stage.call(["run", "heavy.yaml", "--memory", "much"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
