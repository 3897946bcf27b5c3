//! Who may do what, and who said so: the policy of the host, its questions, and `grants explain`.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    process::Child,
};

use e2e::Stage;
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

const POLICY: &str = ".config/voyager/policy.yaml";
const MANIFEST: &str = "\
voyager: manifest/v1
name: hello
version: 1.0.0
inputs:
  repo: { type: path, default: repo, description: \"A folder.\" }
grants:
  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"src/**\"] } ]
  process:
    - { run: echo }
steps:
  - id: greet
    use: process/run
    with: { command: \"echo hello\" }
";
const RENAME: &str = "\
voyager: manifest/v1
name: rename-all
version: 1.0.0
inputs:
  repo: { type: path, default: repo, description: \"A folder.\" }
grants:
  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"src/**\"] } ]
steps:
  - id: rename
    use: coder/rename
    with: { name: old_name, to: new_name, globs: [], diff-bytes: 0 }
";

fn stage(policy: &str) -> Option<Stage> {
    let stage = Stage::new()?;
    stage.write("repo/src/a.py", "old_name = 1\n");
    stage.write("hello.yaml", MANIFEST);
    stage.write("rename.yaml", RENAME);
    stage.write(POLICY, format!("voyager: policy/v1\n{policy}"));
    Some(stage)
}

/// The message of a run that was denied.
fn denied(stage: &Stage, manifest: &str) -> String {
    let ended = stage.call(["run", manifest]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    ended.err
}

#[test]
fn a_policy_that_is_wrong_lets_nothing_run() {
    let Some(stage) = stage("otherwise: allow\nalow: {}\n") else { return };
    for command in [["run", "hello.yaml"], ["plan", "hello.yaml"], ["grants", "check"]] {
        let ended = stage.call(command);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.err.contains("policy.yaml:3:1"), "{ended:?}");
        assert!(ended.err.contains("a policy has no key `alow`"), "{ended:?}");
    }
    assert_eq!(stage.answer(["runs"]), serde_json::json!([]), "no run began");
    let gone = stage.call(["--policy", "nowhere.yaml", "run", "hello.yaml"]);
    assert_eq!(gone.code, Some(5), "a policy that was named has to be there: {gone:?}");
    fs::remove_file(stage.path(POLICY)).unwrap();
    let without = stage.call(["run", "hello.yaml"]);
    assert_eq!(without.code, Some(0), "without one, manifests decide: {without:?}");
}

#[test]
fn every_denial_names_the_line_to_add() {
    let Some(stage) = stage("otherwise: deny\nallow:\n  process: [ { run: ls } ]\n") else {
        return;
    };
    let policy = stage.path(POLICY).display().to_string();
    let err = denied(&stage, "hello.yaml");
    let line = format!("add `{{ run: \"echo hello\" }}` to `process` of `allow` at {policy}:4");
    assert!(err.contains(&line), "{err}");

    let err = denied(&stage, "rename.yaml");
    let repo = stage.path("repo").canonicalize().unwrap().display().to_string();
    let line = format!("{{ root: \"{repo}\", read: [\"**\"] }}");
    assert!(err.contains(&line) && err.contains(&format!("at {policy}:3")), "{err}");

    // With that line, and one for writing, it runs.
    let root = format!("root: \"{repo}\", read: [\"**\"], write: [\"**\"]");
    let added = format!(
        "allow:\n  workspace: [ {{ {root} }} ]\n  process: [ {{ run: \"echo hello\" }} ]\n"
    );
    stage.write(POLICY, format!("voyager: policy/v1\notherwise: deny\n{added}"));
    assert_eq!(stage.call(["run", "hello.yaml"]).code, Some(0));
    assert_eq!(stage.call(["run", "rename.yaml"]).code, Some(0));

    stage.write("hello.yaml", MANIFEST.replace("run: echo", "run: ls"));
    let err = denied(&stage, "hello.yaml");
    let line = "the grants of the manifest don't let this task start `echo`; \
                add `{ run: \"echo hello\" }` to `process` at hello.yaml:8";
    assert!(err.contains(line), "{err}");
    stage.write("hello.yaml", format!("{MANIFEST}    grants:\n      process: []\n"));
    let err = denied(&stage, "hello.yaml");
    let line = "the grants of step `greet` don't let this task start `echo`; \
                add `{ run: \"echo hello\" }` to `process` at hello.yaml:15";
    assert!(err.contains(line), "{err}");
}

#[test]
fn what_a_policy_denies_nobody_grants_and_plan_says_so() {
    let Some(stage) = stage("otherwise: allow\ndeny:\n  process: [ { run: echo } ]\n") else {
        return;
    };
    let err = denied(&stage, "hello.yaml");
    assert!(err.contains("the host's policy denies this task to start `echo`"), "{err}");
    assert!(err.contains("policy.yaml:4"), "{err}");
    let plan = stage.answer(["plan", "hello.yaml"]);
    assert_eq!(plan["policy"][0]["verdict"], "deny", "{plan}");
    assert_eq!(plan["policy"][0]["rule"], 4, "{plan}");
    stage.write(POLICY, "voyager: policy/v1\notherwise: allow\nlimits: { memory: 32MiB }\n");
    stage.write("hello.yaml", format!("{MANIFEST}limits: {{ memory: 64MiB }}\n"));
    let ended = stage.call(["run", "hello.yaml"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("V0601") && ended.err.contains("at most 32MiB"), "{ended:?}");
}

/// Calls the program at a terminal on which somebody types `typed` at the question, or where that is empty presses
/// Ctrl-C; its exit code, and what it wrote.
fn at_terminal(stage: &Stage, arguments: &[&str], typed: &str) -> (Option<i32>, String) {
    at_question(stage, arguments, |terminal, child| match typed {
        "" => kill_process(Pid::from_child(child), Signal::INT).expect("it lives"),
        typed => terminal.write_all(typed.as_bytes()).expect("it can be typed"),
    })
}

/// Calls the program at a terminal and does something once it asks; its exit code, and what it wrote.
pub(crate) fn at_question(
    stage: &Stage,
    arguments: &[&str],
    answer: impl FnOnce(&mut File, &Child),
) -> (Option<i32>, String) {
    let mut terminal =
        File::from(openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be had"));
    grantpt(&terminal).expect("a terminal can be had");
    unlockpt(&terminal).expect("a terminal can be had");
    let path = ptsname(&terminal, Vec::new()).expect("a terminal can be had");
    let path = path.to_str().expect("a terminal can be had");
    let end = File::options().read(true).write(true).open(path).expect("a terminal can be had");
    let mut command = stage.command(arguments);
    let other = || end.try_clone().expect("a terminal can be had");
    command.stdin(other()).stdout(other()).stderr(other());
    let mut child = command.spawn().expect("the program starts");
    // It has ended once nobody else has the other end.
    drop((command, end));
    let (mut told, mut part) = (Vec::new(), [0; 4096]);
    let mut answer = Some(answer);
    while let Ok(bytes @ 1..) = terminal.read(&mut part) {
        told.extend_from_slice(&part[..bytes]);
        if String::from_utf8_lossy(&told).contains("[n]o")
            && let Some(answer) = answer.take()
        {
            answer(&mut terminal, &child);
        }
    }
    let code = child.wait().expect("it ends").code();
    (code, String::from_utf8_lossy(&told).into_owned())
}

#[test]
fn where_the_policy_asks_a_person_answers_on_a_terminal_and_nobody_else_does() {
    let Some(stage) = stage("otherwise: allow\nask:\n  process: [ { run: echo } ]\n") else {
        return;
    };
    let run = ["run", "hello.yaml"];
    let alone = stage.call(run);
    assert_eq!(alone.code, Some(9), "{alone:?}");
    assert!(alone.err.contains("asked for at") && alone.err.contains("policy.yaml:4"), "{alone:?}");
    assert!(alone.err.contains("answer `always`, or move the named lines"), "{alone:?}");
    assert_eq!(stage.answer(["runs"]), serde_json::json!([]), "no run began");

    let (code, told) = at_terminal(&stage, &run, "n\n");
    assert_eq!(code, Some(9), "{told}");
    assert!(told.contains("process of voyager-skills:process: echo"), "{told}");
    assert!(told.contains("granted at hello.yaml:8"), "{told}");
    let (code, told) = at_terminal(&stage, &run, "");
    assert!(code == Some(9) && told.contains("nothing was run"), "{code:?} {told}");
    let (code, told) = at_terminal(&stage, &run, "what\nr\n");
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(stage.call(run).code, Some(9), "it was for that run");

    let (code, told) = at_terminal(&stage, &run, "always\n");
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(stage.call(run).code, Some(0), "it is remembered");
    let list = stage.answer(["grants", "list"]);
    assert_eq!(list[0]["name"], "hello", "{list}");
    assert_eq!(list[0]["allowed"][0]["scope"], "always", "{list}");
    // A manifest that grants more is asked about anew.
    stage.write("hello.yaml", MANIFEST.replace("run: echo", "run: echo, network: any"));
    assert_eq!(stage.call(run).code, Some(9));
    stage.write("hello.yaml", MANIFEST);
    assert_eq!(stage.call(run).code, Some(0));

    let explained = stage.answer(["grants", "explain"]);
    let past = explained["run"].as_str().unwrap();
    let decision = &explained["decisions"][0];
    assert_eq!((&decision["what"], &decision["scope"]), (&"echo".into(), &"always".into()));
    stage.answer(["grants", "forget", "hello.yaml"]);
    assert_eq!(stage.call(run).code, Some(9));
    assert_eq!(stage.call(["replay", past, "--verify"]).code, Some(0), "a replay asks nobody");
}

#[test]
fn no_task_changes_what_decides_on_it() {
    let Some(stage) = stage("otherwise: allow\n") else { return };
    let manifest = MANIFEST.replace("default: repo", "default: .").replace("src/**", "**");
    let manifest = manifest.replace("run: echo", "run: cp");
    let copies = |to: &str| {
        stage
            .write("hello.yaml", manifest.replace("echo hello", &format!("cp repo/src/a.py {to}")));
        let ended = stage.call(["run", "hello.yaml"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    copies("copied.py");
    assert!(stage.path("copied.py").is_file(), "it can write in the folder");
    copies(POLICY);
    let policy = fs::read_to_string(stage.path(POLICY)).unwrap();
    assert_eq!(policy, "voyager: policy/v1\notherwise: allow\n");
    fs::create_dir_all(stage.path("state/decisions")).unwrap();
    copies("state/decisions/a.json");
    assert!(!stage.path("state/decisions/a.json").exists());
    let explained = stage.answer(["grants", "explain"]);
    assert!(explained.to_string().contains("this host keeps its policy"), "{explained}");
}

#[test]
fn a_past_run_is_explained_from_its_record_alone() {
    let Some(stage) = stage(
        "otherwise: deny\nallow:\n  process: [ { run: echo } ]\n  workspace: [ { root: any, read: [\"**\"] } ]\n",
    ) else {
        return;
    };
    assert_eq!(stage.call(["run", "hello.yaml"]).code, Some(0));
    stage.write("hello.yaml", MANIFEST.replace("run: echo", "run: ls"));
    assert_eq!(stage.call(["run", "hello.yaml"]).code, Some(4));
    fs::remove_file(stage.path(POLICY)).unwrap();
    fs::remove_file(stage.path("hello.yaml")).unwrap();

    let runs = stage.answer(["runs"]);
    let explained = stage.answer(["grants", "explain", runs[0]["run"].as_str().unwrap()]);
    let programs = explained["steps"].as_array().unwrap().iter();
    let process = programs.clone().find(|it| it["capability"] == "process").unwrap();
    assert_eq!((&process["step"], &process["used"]), (&"greet".into(), &1.into()), "{process}");
    let grant = &process["grants"][0];
    assert_eq!((&grant["from"], &grant["policy"]), (&"hello.yaml:8".into(), &"allow".into()));
    assert!(grant["because"].as_str().unwrap().ends_with("policy.yaml:4"), "{grant}");
    let files = programs.clone().find(|it| it["capability"] == "workspace").unwrap();
    assert_eq!(files["grants"][0]["partly"], true, "writing is not allowed: {files}");

    let text = stage.call(["grants", "explain", "--step", "greet"]);
    assert!(text.out.contains("denied 1 times: "), "{text:?}");
    assert!(
        text.out.contains("add `{ run: \"echo hello\" }` to `process` at hello.yaml:8"),
        "{text:?}"
    );
    let other = stage.call(["grants", "explain", "--step", "nowhere"]);
    assert_eq!(other.code, Some(2), "{other:?}");
}
