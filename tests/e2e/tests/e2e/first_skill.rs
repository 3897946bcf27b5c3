//! The README's first skill, in an empty folder, as it stands there.

use std::{
    fs,
    process::{Command, Stdio},
};

use e2e::{Ended, Stage, Telling};

/// The commands of the README's section, without its comments.
fn commands() -> Vec<String> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let text = fs::read_to_string(readme).expect("the README is there");
    let section = text.split("## A first skill").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("it ends");
    section
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn the_first_skill_of_the_readme_works_as_written() {
    let Some(stage) = Stage::new() else { return };
    let commands = commands();
    assert!(commands.len() >= 5, "{commands:?}");
    let mut folder = stage.path("");
    for line in commands {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("cd") => folder.push(words.next().expect("a folder")),
            Some("agent-host") => {
                let mut command: Command = stage.command(words);
                let output = command.current_dir(&folder).output().expect("the program starts");
                let (out, err) = (
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr),
                );
                assert!(output.status.success(), "{line}\n{out}\n{err}");
            }
            other => panic!("the README has a command that is not tried: {other:?}"),
        }
    }
    for command in ["build", "test"] {
        let mut command: Command = stage.command(["skill", command, "--json"]);
        let output = command.current_dir(&folder).output().expect("the program starts");
        let ended = Ended::from(output);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
        assert!(ended.last()["answer"]["component"].is_string(), "{}", ended.out);
    }
    // And the author's loop: every save is a build, and what does not build leaves the last good one.
    let mut command = stage.command(["skill", "dev", "--json"]);
    command.current_dir(&folder).stderr(Stdio::null());
    let mut dev = Telling::begin(command);
    let built = dev.until(&["\"skill-built\""]);
    assert!(built["changes"].to_string().contains("count(globs"), "{built}");
    let component = folder.join(built["component"].as_str().expect("a file"));
    let good = fs::read(&component).expect("it is there");
    let (wit, source) = (folder.join("wit/skill.wit"), folder.join("src/lib.rs"));
    let text = fs::read_to_string(&source).expect("it is there");
    fs::write(&source, format!("{text}\nno Rust")).expect("files can be written");
    let broken = dev.until(&["\"skill-not-built\""]);
    assert_eq!(broken["error"]["kind"], "run", "{broken}");
    assert_eq!(fs::read(&component).expect("it is there"), good);
    let shape = fs::read_to_string(&wit).expect("it is there");
    fs::write(
        &wit,
        shape.replace("  count: func", "  /// Nothing.\n  none: func();\n  count: func"),
    )
    .expect("files can be written");
    let none = "impl Guest for Skill {\n    fn none() {}\n";
    fs::write(&source, text.replace("impl Guest for Skill {\n", none))
        .expect("files can be written");
    let built = dev.until(&["\"skill-built\""]);
    assert!(built["changes"][0].as_str().is_some_and(|it| it.contains(".none()")), "{built}");
    dev.stop();
}
