//! Who starts a run says how important it is.

use e2e::Stage;

const RULES: &str = "voyager: manifest/v1\nname: rules\nversion: 1.0.0\npriority: high\n\
                     concurrency: { key: rules }\nsteps:\n  - { id: rules, use: security/rules.all }\n";

#[test]
fn the_command_line_replaces_what_the_manifest_says() {
    let Some(stage) = Stage::new() else { return };
    stage.write("rules.yaml", RULES);
    for (priority, recorded) in
        [(None, "high"), (Some("low"), "low"), (Some("critical"), "critical")]
    {
        let given = priority.map_or_else(Vec::new, |it| vec!["--priority", it]);
        let ended = stage.call([&["run", "rules.yaml"], given.as_slice()].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let shown = stage.answer(["runs", "show"]);
        let run = shown["run"].as_str().unwrap_or_else(|| panic!("{shown}"));
        let records = stage.call(["runs", "export", run]);
        let first = records.out.lines().next().unwrap_or_default();
        assert!(first.contains(&format!("\"priority\":\"{recorded}\"")), "{first}");
    }
}

#[test]
fn a_priority_that_is_none_is_told_with_those_that_there_are() {
    let Some(stage) = Stage::new() else { return };
    stage.write("rules.yaml", RULES);
    let ended = stage.call(["run", "rules.yaml", "--priority", "urgent"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("`low`, `standard`, `high`, `critical`"), "{}", ended.err);
}
