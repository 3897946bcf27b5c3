//! What the page on packages shows is what happens.

use e2e::Stage;
use serde_json::Value as Json;

use crate::packaging::{FILES, PROCESS, component, named};

const PAGE: &str = include_str!("../../../../docs/guide/packaging.md");

/// The blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    PAGE.split(begin.as_str()).skip(1).filter_map(|it| it.split("```").next()).collect()
}

/// The commands of a block, without the program's name and what is said behind them.
fn commands(block: &str) -> Vec<Vec<String>> {
    let lines = block.lines().map(|line| line.split(" #").next().unwrap_or_default());
    let words = |line: &str| -> Vec<String> {
        line.split_whitespace().skip(1).map(|it| it.replace('"', "")).collect()
    };
    lines.map(words).filter(|it| !it.is_empty()).collect()
}

/// Runs the commands of a block that need nobody else.
fn run(stage: &Stage, block: &str) {
    for mut command in commands(block) {
        if command.iter().any(|it| it.contains("://")) {
            continue;
        }
        if command[1] == "keygen" {
            command.push("--no-password".to_owned());
        }
        let ended = stage.call(&command);
        assert_eq!(ended.code, Some(0), "{command:?}: {ended:?}");
    }
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let Some(stage) = Stage::new() else { return };
    stage.write("spelling.wasm", component("1.0.0", &[], 1));
    stage.write("my-skill/skills/mine.wasm", named("my:skill", "0.1.0", &[], 1));
    let all = blocks("sh");
    assert!(all.len() >= 4, "{all:?}");
    all.iter().for_each(|block| run(&stage, block));
}

#[test]
fn the_policy_of_the_page_is_one() {
    let Some(stage) = Stage::new() else { return };
    let [policy] = blocks("yaml")[..] else { panic!("one policy is shown") };
    stage.write(".config/voyager/trust.yaml", policy);
    let told = stage.answer(["skill", "trust"]);
    assert_eq!(told["keys"][0]["id"], "E7620F1842B4E81F", "{told}");
    assert_eq!(told["unsigned"], Json::from("ask"), "{told}");
}

#[test]
fn an_update_is_held_as_the_page_shows_it() {
    let Some(stage) = Stage::new() else { return };
    let [shown] = blocks("text")[..] else { panic!("one refusal is shown") };
    stage.write("one.wasm", component("1.1.0", &[FILES], 1));
    stage.write("two.wasm", component("1.2.0", &[FILES, PROCESS], 1));
    stage.answer(["skill", "install", "one.wasm"]);
    let ended = stage.call(["skill", "install", "two.wasm"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(7), shown), "{ended:?}");
}
