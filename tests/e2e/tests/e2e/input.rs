//! Bad input: a clear error with its place, an exit code, and a host that goes on.

use e2e::Stage;

#[test]
fn a_broken_manifest_is_told_with_every_place() {
    let Some(stage) = Stage::new() else { return };
    let text = "voyager: manifest/v1\nname: broken\nversion: 1.0.0\nsteps:\n  - id: one\n    use: coder/surveyy\n    \
                when: \"inputs.missing\"\n";
    stage.write("broken.yaml", text);
    for command in ["validate", "run", "plan"] {
        let ended = stage.call([command, "broken.yaml"]);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.err.contains("survey"), "the nearest name is offered: {}", ended.err);
        assert!(ended.err.contains("broken.yaml:6"), "the place is told: {}", ended.err);
        assert!(ended.err.contains("missing"), "all errors come at once: {}", ended.err);
    }
}

#[test]
fn findings_are_told_as_sarif_too() {
    let Some(stage) = Stage::new() else { return };
    stage.write("odd.yaml", "voyager: manifest/v1\nname: odd\nversion: 1.0.0\nstepz: []\n");
    let ended = stage.call(["validate", "--sarif", "odd.yaml", "audit"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let log: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let result = &run["results"][0];
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "odd.yaml");
    let found: Vec<&str> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["message"]["text"].as_str())
        .collect();
    assert!(found.iter().any(|it| it.contains("stepz")), "{found:?}");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{rules:?}");
}

#[test]
fn shipped_manifests_are_valid() {
    let Some(stage) = Stage::new() else { return };
    let ended = stage.call(["validate", "audit", "rename"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for command in [["plan", "audit"], ["graph", "audit"], ["plan", "rename"], ["graph", "rename"]]
    {
        let ended = stage.call(command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.out.is_empty());
    }
}

#[test]
fn a_file_that_is_no_skill_is_named_and_passed_over() {
    let Some(stage) = Stage::new() else { return };
    stage.write("mine/not-a-skill.wasm", "this is text");
    stage.write("mine/.half-written.wasm", "");
    let ended = stage.call(["--skills", "mine", "skill", "list"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("not-a-skill.wasm"), "{}", ended.err);
    assert!(!ended.err.contains("half-written"), "{}", ended.err);
    assert!(ended.out.contains("voyager:coder"), "the others are served: {}", ended.out);
}

#[test]
fn what_is_not_granted_is_denied_with_the_line_to_add() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/a.py", "x = 1\n");
    let call = ["skill", "run", "process/run", "--with", "command=ls -l", "--read", "repo"];
    let ended = stage.call(call);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let line = "add `{ run: \"ls -l\" }` to `process` at the command line";
    assert!(ended.err.contains(line), "{}", ended.err);
    assert!(ended.err.contains("`--program`"), "{}", ended.err);
    let granted = stage.call([call.as_slice(), &["--program", "ls"]].concat());
    assert_eq!(granted.code, Some(0), "{granted:?}");
    assert!(granted.out.contains("a.py"), "{}", granted.out);
}

#[test]
fn a_wrong_input_is_told_before_anything_begins() {
    let Some(stage) = Stage::new() else { return };
    let none = stage.call(["run", "audit"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.err.contains("repo"), "{}", none.err);
    let missing = stage.call(["run", "audit", "--input", "repo=/does/not/exist"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    let unknown = stage.call(["run", "audit", "--input", "repo=.", "--input", "colour=red"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.err.contains("colour"), "{}", unknown.err);
    assert_eq!(stage.answer(["runs"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn every_command_explains_itself() {
    let Some(stage) = Stage::new() else { return };
    let commands = stage.commands(&[]);
    assert!(commands.len() >= 12, "{commands:?}");
    for command in commands {
        let help = stage.call([command.as_str(), "--help"]);
        assert_eq!(help.code, Some(0), "{command}");
        assert!(
            help.out.lines().next().is_some_and(|line| line.len() > 10),
            "{command}: {}",
            help.out
        );
    }
    assert!(stage.call(["completions", "bash"]).out.contains("agent-host"));
    assert!(stage.call(["man"]).out.contains(".TH"));
    assert_eq!(stage.call(["nonsense"]).code, Some(2));
}
