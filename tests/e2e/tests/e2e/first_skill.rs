//! First skills, in an empty folder, as README and guides say.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use e2e::{Ended, Stage, Telling};

/// The commands of a section of a page, without their comments.
fn commands(page: &str, heading: &str) -> Vec<String> {
    let page = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(page);
    let text = fs::read_to_string(page).expect("the page is there");
    let section = text.split(heading).nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("it ends");
    section
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Follows the commands of a section. Gives back the skill's folder.
fn follow(stage: &Stage, page: &str, heading: &str) -> PathBuf {
    let commands = commands(page, heading);
    assert!(commands.len() >= 5, "{commands:?}");
    let mut folder = stage.path("");
    for line in commands {
        let mut words = words(&line).into_iter();
        match words.next().as_deref() {
            Some("cd") => folder.push(words.next().expect("a folder")),
            Some("agent-host") => {
                let mut command = staged(stage, words);
                let output = command.current_dir(&folder).output().expect("the program starts");
                let (out, err) = (
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr),
                );
                assert!(output.status.success(), "{line}\n{out}\n{err}");
            }
            other => panic!("{page} has a command that is not tried: {other:?}"),
        }
    }
    folder
}

/// Builds and tests once more, as programs do.
fn tell_programs(stage: &Stage, folder: &Path) {
    for command in ["build", "test"] {
        let mut command = staged(stage, ["skill", command, "--json"]);
        let output = command.current_dir(folder).output().expect("the program starts");
        let ended = Ended::from(output);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
        assert!(ended.last()["answer"]["component"].is_string(), "{}", ended.out);
    }
}

/// Words of a line as a shell would split it, where nothing but single quotes is special.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("one at least").push(letter),
        }
    }
    words.retain(|it| !it.is_empty());
    words
}

/// The program, with the settings by which this machine's package managers find their registry.
fn staged<I: AsRef<std::ffi::OsStr>>(
    stage: &Stage,
    arguments: impl IntoIterator<Item = I>,
) -> Command {
    let mut command = stage.command(arguments);
    if let Some(home) = std::env::var_os("HOME") {
        let home = Path::new(&home);
        command.env("NPM_CONFIG_USERCONFIG", home.join(".npmrc"));
        let mut files =
            [".config/pip/pip.conf", ".pip/pip.conf"].map(|it| home.join(it)).into_iter();
        if let Some(file) = files.find(|it| it.is_file()) {
            command.env("PIP_CONFIG_FILE", file);
        }
    }
    command
}

/// Whether a command that asks a registry is answered here; a word on standard error where not.
fn reaches(line: &str, needs: &str) -> bool {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    // Where there is none, that is soon known.
    command.env("PIP_DEFAULT_TIMEOUT", "10").env("PIP_RETRIES", "1");
    command.env("npm_config_fetch_timeout", "10000").env("npm_config_fetch_retries", "1");
    let asked = command.args(words).stdin(Stdio::null()).output();
    let reached = asked.as_ref().is_ok_and(|it| it.status.success());
    if !reached {
        eprintln!("skipped: this needs {needs}; `{line}` gave {asked:?}");
    }
    reached
}

#[test]
fn the_first_skill_of_the_readme_works_as_written() {
    let Some(stage) = Stage::new() else { return };
    let folder = follow(&stage, "README.md", "## A first skill");
    tell_programs(&stage, &folder);
    // And the author's loop: every save is a build, and what does not build leaves the last good one.
    let mut command = staged(&stage, ["skill", "dev", "--json"]);
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
    // And the page on testing, whose skill asks for programs, servers and child tasks.
    take_page(&stage, &folder, "## The skill");
    take_page(&stage, &folder, "## In Rust");
    let mut test = staged(&stage, ["skill", "test"]);
    let tested = Ended::from(test.current_dir(&folder).output().expect("the program starts"));
    assert_eq!(tested.code, Some(0), "{tested:?}");
}

#[test]
fn the_first_skill_in_python_works_as_written() {
    let Some(stage) = Stage::new() else { return };
    if !reaches("python3 -m venv --help", "python3 with venv")
        || !reaches("python3 -m pip index versions componentize-py", "PyPI")
    {
        return;
    }
    let folder = follow(&stage, "docs/guide/skills-python.md", "## Beginning one");
    develop(&stage, &folder, "## In Python", "app.py", "# later");
}

#[test]
fn the_first_skill_in_javascript_works_as_written() {
    let Some(stage) = Stage::new() else { return };
    if !reaches("node --version", "Node.js")
        || !reaches("npm view componentize-qjs version", "npm's registry")
    {
        return;
    }
    let folder = follow(&stage, "docs/guide/skills-javascript.md", "## Beginning one");
    develop(&stage, &folder, "## In JavaScript", "skill.js", "// later");
}

/// The author's loop, with the skill of the page on testing and its tests: every save is a build, a host that stays
/// serves it at once, and what does not build leaves the last good one.
fn develop(stage: &Stage, folder: &Path, heading: &str, source: &str, comment: &str) {
    take_page(stage, folder, "## The skill");
    take_page(stage, folder, heading);
    let mut command = staged(stage, ["--skills", "skills", "serve", "--json"]);
    command.current_dir(folder).stderr(Stdio::null());
    let mut serve = Telling::begin(command);
    serve.until(&["\"serving\""]);
    let mut command = staged(stage, ["skill", "dev", "--test", "--json"]);
    let mut dev = Telling::begin({
        command.current_dir(folder);
        command
    });
    let built = built(&mut dev);
    assert!(built["changes"].to_string().contains("publish(since"), "{built}");
    serve.until(&["\"skill-replaced\"", "word-count"]);
    let component = folder.join(built["component"].as_str().expect("a file"));
    let good = fs::read(&component).expect("it is there");
    let text = fs::read_to_string(folder.join(source)).expect("it is there");
    fs::write(folder.join(source), "no language (").expect("files can be written");
    let broken = dev.until(&["\"skill-not-built\""]);
    assert!(broken["error"]["message"].to_string().contains("does not build"), "{broken}");
    assert_eq!(fs::read(&component).expect("it is there"), good);
    fs::write(folder.join(source), format!("{text}{comment}\n")).expect("files can be written");
    let again = self::built(&mut dev);
    assert_eq!(again["changes"], serde_json::json!([]), "{again}");
    serve.until(&["\"skill-replaced\"", "word-count"]);
    dev.stop();
    serve.stop();
}

/// The next build, which succeeds, and its tests too.
fn built(dev: &mut Telling) -> serde_json::Value {
    let told = dev.until(&["\"skill-"]);
    assert_eq!(told["event"], "skill-built", "{told}");
    told
}

/// Writes the files of a section of the page on testing: each block begins with the name of its file.
fn take_page(stage: &Stage, folder: &Path, heading: &str) {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let text = fs::read_to_string(root.join("docs/guide/testing-skills.md")).expect("it is there");
    let heading = format!("\n{heading}\n");
    let section = text.split(&heading).nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("it ends");
    let sdk = stage.share().join("sdk/rust").canonicalize().expect("it is there");
    let mut taken = 0;
    for block in section.split("\n```").skip(1).step_by(2) {
        let (_, block) = block.split_once('\n').expect("a language");
        let (name, content) = block.split_once('\n').expect("a name");
        let name = name.trim_start_matches(['/', '#']).trim();
        let content = content.replace("{{sdk}}", &sdk.display().to_string());
        fs::write(folder.join(name), content + "\n").expect("files can be written");
        taken += 1;
    }
    assert!(taken > 0, "{heading} shows files");
}
