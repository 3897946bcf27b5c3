//! What a host tells of its runs: log lines.

use e2e::{Ended, Stage};
use serde_json::Value as Json;

const RULES: &str = "voyager: manifest/v1\nname: rules\nversion: 1.0.0\ninputs:\n  \
                     word: { type: string }\nsteps:\n  - { id: rules, use: security/rules.all }\n  \
                     - { id: never, use: security/rules.all, when: \"inputs.word == ''\" }\n";

const SECRET: &str = "swordfish";

fn run(stage: &Stage, options: &[&str], environment: &[(&str, &str)]) -> Ended {
    stage.write("rules.yaml", RULES);
    let word = format!("word={SECRET}");
    let mut command = stage.command(["run", "rules.yaml", "--input", &word]);
    command.args(options).envs(environment.iter().copied());
    Ended::from(command.output().expect("the program starts"))
}

fn lines(ended: &Ended) -> Vec<Json> {
    ended.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_log_has_each_task_with_its_run_and_no_argument() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &["--log", "debug", "--log-format", "json"], &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = lines(&ended);
    let told: Vec<&Json> =
        lines.iter().filter(|it| it["message"] == "the task has ended").collect();
    let [task] = told.as_slice() else { panic!("{ended:?}") };
    let span = &task["span"];
    assert_eq!(
        (&span["name"], &span["step"], &span["outcome"]),
        (&"task".into(), &"rules".into(), &"done".into())
    );
    let ended = lines.iter().find(|it| it["message"] == "the run has ended").expect("it is told");
    assert_eq!(
        (&ended["span"]["manifest"], &ended["span"]["run"]),
        (&"rules".into(), &span["run"])
    );
    assert!(lines.iter().any(|it| it["step"] == "never" && it["outcome"] == "skipped"));
    assert!(lines.iter().all(|it| !it.to_string().contains(SECRET)));
}

#[test]
fn the_environment_asks_for_a_log_and_the_command_line_wins() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &[], &[("VOYAGER_LOG", "info")]);
    assert!(ended.err.contains("the run has ended"), "{ended:?}");
    let ended = run(&stage, &["--log", "error"], &[("VOYAGER_LOG", "info")]);
    assert!(!ended.err.contains("the run has ended"), "{ended:?}");
    let ended = run(&stage, &[], &[]);
    assert!(!ended.err.contains("the run has ended"), "{ended:?}");
}

#[test]
fn a_level_that_is_none_is_told_with_those_that_there_are() {
    let Some(stage) = Stage::new() else { return };
    let ended = run(&stage, &["--log", "very=much=so"], &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("`debug`"), "{}", ended.err);
}
