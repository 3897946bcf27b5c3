//! `--json` means the same for every command: objects, one a line, the last with the answer or the error.

use std::{collections::BTreeSet, fs, path::Path};

use e2e::{Ended, Stage};
use serde_json::Value as Json;

use crate::memory_bench;

/// How a command is expected to end.
#[derive(Clone, Copy)]
enum End {
    /// With an answer and this exit code.
    Done(i32),
    /// With an error of this kind and this exit code.
    Failed(&'static str, i32),
}

use End::{Done, Failed};

/// Calls the program and checks everything that the convention says.
fn tell(stage: &Stage, arguments: &[&str], end: End) -> Json {
    let ended = stage.call([arguments, &["--json"]].concat());
    let updates = lines(&ended);
    let (last, before) = updates.split_last().unwrap_or_else(|| panic!("no line: {ended:?}"));
    for update in before {
        assert!(update["update"] == "event" || update["update"] == "note", "{update}");
    }
    let code = match end {
        Done(code) => {
            assert_eq!(last["update"], "done", "{arguments:?}: {last}");
            assert!(last.get("answer").is_some(), "{arguments:?}: {last}");
            code
        }
        Failed(kind, code) => {
            assert_eq!(last["update"], "failed", "{arguments:?}: {last}");
            assert_eq!(last["error"]["kind"], kind, "{arguments:?}: {last}");
            let message = last["error"]["message"].as_str().unwrap_or_default();
            assert!(!message.is_empty(), "{arguments:?}: {last}");
            code
        }
    };
    assert_eq!(ended.code, Some(code), "{arguments:?}: {last}");
    assert_eq!(last["exit-code"], code, "{arguments:?}: {last}");
    last.clone()
}

fn lines(ended: &Ended) -> Vec<Json> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    ended.out.lines().map(read).collect()
}

const BROKEN: &str = "voyager: manifest/v1\nname: broken\nversion: 1.0.0\nsteps:\n  - id: one\n    use: coder/surveyy\n";
const WAITS: &str = "voyager: manifest/v1\nname: waits\nversion: 1.0.0\nsteps:\n  \
    - { id: sure, approve: { show: sure } }\n  - { id: go, await: { signal: go, type: u32 } }\n";
const SLOW: &str = "voyager: manifest/v1\nname: slow\nversion: 1.0.0\n\
    inputs:\n  repo: { type: path, default: repo, description: \"A folder.\" }\n\
    grants:\n  workspace: [ { root: inputs.repo, read: [\"**\"] } ]\n  process: [ { run: sleep } ]\n\
    steps:\n  - id: wait\n    use: process/run\n    with: { command: \"sleep 600\" }\n";

#[test]
fn every_command_answers_in_the_same_form() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/a.py", "old_name = 1\n");
    stage.write("broken.yaml", BROKEN);
    stage.write("slow.yaml", SLOW);
    stage.write("owner.key", [1; 32]);
    stage.write("other.key", [2; 32]);
    stage.write("facts.jsonl", "{\"text\":\"The roof leaks.\"}\n");
    stage.write("talk.json", memory_bench::conversations(1).to_string());
    let rename = ["run", "rename", "--input", "repo=repo", "--input", "to=new_name", "--input"];
    let rename = |from: &'static str| [rename.as_slice(), &[from]].concat();
    let begun = |line: &String| line.contains("run-started");
    assert!(stage.kill_when(["run", "slow.yaml"], begun), "it begins");
    let runs = stage.answer(["runs"]);
    let interrupted = runs[0]["run"].as_str().expect("an id").to_owned();
    stage.write("waits.yaml", WAITS);
    let waiting = tell(&stage, &["run", "waits.yaml"], Done(8));
    let waiting = waiting["answer"]["run"].as_str().expect("an id").to_owned();
    let done = tell(&stage, &rename("from=old_name"), Done(0));
    let run = done["answer"]["run"].as_str().expect("an id").to_owned();
    let run = run.as_str();
    let component = stage.path("process.wasm");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed = stage.answer(["skill", "list"]);
    let skills = listed["skills"].as_array().expect("a list").iter();
    let files: Vec<&str> = skills.filter_map(|it| it["file"].as_str()).collect();
    let file = files.iter().find(|it| it.ends_with("process.wasm")).expect("it is shipped");
    fs::copy(file, &component).expect("files can be copied");
    // Another content under the same name, which is held.
    let other = [fs::read(file).expect("it can be read"), b"\0\x05\x04more".to_vec()].concat();
    stage.write("other.wasm", other);
    let (wit, deps) = (root.join("skills/process/wit"), root.join("wit"));
    let (wit, deps) = (wit.display().to_string(), deps.display().to_string());
    let with = |name: &str| format!("--with={deps}/{name}.wit");
    let withs = [with("types"), with("process"), with("workspace")];
    let document = ["skill", "document", "process.wasm", "--wit", &wit];
    let document: Vec<&str> =
        document.into_iter().chain(withs.iter().map(String::as_str)).collect();

    let scenarios = root.join("manifests/scenarios").display().to_string();
    let manifest = root.join("manifests/rename.yaml").display().to_string();
    stage.write(
        "fails.scenario.yaml",
        format!(
            "voyager: scenario/v1\nname: fails\nmanifest: {manifest}\n\
             inputs: {{ repo: ., from: a, to: b }}\n"
        ),
    );

    let calls: Vec<(&[&str], Vec<&str>, End)> = vec![
        (&["run"], rename("from=nowhere_named"), Done(1)),
        (&["run"], vec!["run", "audit"], Failed("usage", 2)),
        (&["run"], vec!["run", "broken.yaml"], Failed("manifest", 3)),
        (&["validate"], vec!["validate", "audit", "rename"], Done(0)),
        (&["validate"], vec!["validate", "audit", "broken.yaml"], Done(3)),
        (&["validate"], vec!["validate", "nowhere.yaml"], Failed("environment", 5)),
        (&["explain"], vec!["explain", "V0301"], Done(0)),
        (&["explain"], vec!["explain", "V9999"], Failed("usage", 2)),
        (&["plan"], vec!["plan", "audit"], Done(0)),
        (&["plan"], vec!["plan", "broken.yaml"], Failed("manifest", 3)),
        (&["plan"], vec!["plan", "--diff", "audit"], Done(7)),
        (&["run"], vec!["run", "audit", "--unattended"], Failed("unapproved", 7)),
        (&["plan"], vec!["plan", "--risks", "audit"], Done(0)),
        (&["approve"], vec!["approve", "audit"], Done(0)),
        (&["plan"], vec!["plan", "--diff", "audit"], Done(0)),
        (&["approve"], vec!["approve", "--list"], Done(0)),
        (&["approve"], vec!["approve", "--withdraw", "audit"], Done(0)),
        (&["approve"], vec!["approve", "--withdraw", "audit"], Failed("usage", 2)),
        (&["approve"], vec!["approve", "broken.yaml"], Failed("manifest", 3)),
        (&["grants", "show"], vec!["grants", "show"], Done(0)),
        (&["grants", "check"], vec!["grants", "check"], Done(0)),
        (&["grants", "check"], vec!["grants", "check", "broken.yaml"], Failed("manifest", 3)),
        (&["grants", "check"], vec!["grants", "check", "nowhere.yaml"], Failed("environment", 5)),
        (&["grants", "explain"], vec!["grants", "explain", run], Done(0)),
        (&["grants", "explain"], vec!["grants", "explain", "none"], Failed("usage", 2)),
        (&["grants", "list"], vec!["grants", "list"], Done(0)),
        (&["grants", "forget"], vec!["grants", "forget", "audit"], Failed("usage", 2)),
        (&["graph"], vec!["graph", "audit", "--format", "dot"], Done(0)),
        (&["graph"], vec!["graph", "broken.yaml"], Failed("manifest", 3)),
        // What it says as it stays is tested beside.
        (&["serve"], vec!["serve", "--state", "/dev/null/state"], Failed("environment", 5)),
        (&["runs"], vec!["runs"], Done(0)),
        (&["runs", "list"], vec!["runs", "list"], Done(0)),
        (&["runs", "show"], vec!["runs", "show"], Done(0)),
        (&["runs", "show"], vec!["runs", "show", "none"], Failed("usage", 2)),
        (&["runs", "trace"], vec!["runs", "trace", run], Done(0)),
        (&["runs", "export"], vec!["runs", "export", run], Done(0)),
        (&["runs", "export"], vec!["runs", "export", "none"], Failed("usage", 2)),
        (&["top"], vec!["top"], Done(0)),
        (&["run"], vec!["run", "waits.yaml"], Done(8)),
        (&["approve"], vec!["approve", &waiting, "sure"], Done(0)),
        (&["approve"], vec!["approve", &waiting, "sure"], Failed("usage", 2)),
        (&["signal"], vec!["signal", &waiting, "go", "3"], Done(0)),
        (&["signal"], vec!["signal", &waiting, "go", "three"], Failed("usage", 2)),
        (&["pause"], vec!["pause", &waiting], Done(0)),
        (&["kill"], vec!["kill", &waiting], Done(0)),
        (&["pause"], vec!["pause", &waiting], Failed("usage", 2)),
        (&["kill"], vec!["kill", &waiting], Failed("usage", 2)),
        (&["retry"], vec!["retry", &waiting], Done(8)),
        (&["retry"], vec!["retry", run], Failed("usage", 2)),
        (&["fork"], vec!["fork", run, "--from", "nowhere"], Failed("usage", 2)),
        (&["fork"], vec!["fork", &waiting, "--from", "go"], Done(8)),
        (&["cancel"], vec!["cancel", &interrupted], Done(0)),
        (&["cancel"], vec!["cancel", run], Failed("usage", 2)),
        (&["undo"], vec!["undo", run, "--dry-run"], Done(0)),
        (&["undo"], vec!["undo", "none"], Failed("usage", 2)),
        (&["resume"], vec!["resume", run], Done(0)),
        (&["resume"], vec!["resume"], Failed("usage", 2)),
        (&["replay"], vec!["replay", run, "--verify"], Done(0)),
        (&["replay"], vec!["replay", "none"], Failed("usage", 2)),
        (&["skill", "list"], vec!["skill", "list"], Done(0)),
        (&["skill", "inspect"], vec!["skill", "inspect", "coder"], Done(0)),
        (&["skill", "inspect"], vec!["skill", "inspect", "none"], Failed("environment", 5)),
        (&["skill", "run"], vec!["skill", "run", "coder/dialects"], Done(0)),
        (&["skill", "run"], vec!["skill", "run", "coder/occurrences", "--help"], Done(0)),
        (
            &["skill", "run"],
            vec!["skill", "run", "coder/occurrences", "--nam=x"],
            Failed("usage", 2),
        ),
        (&["skill", "run"], vec!["skill", "run", "process/run", "-w", "command=ls"], Done(4)),
        (&["skill", "run"], vec!["skill", "run", "none/none"], Failed("manifest", 3)),
        (
            &["skill", "run"],
            vec!["skill", "run", "coder/dialects", "--script", "none"],
            Failed("environment", 5),
        ),
        (&["skill", "bench"], vec!["skill", "bench", "coder/dialects", "--calls", "1"], Done(0)),
        (
            &["skill", "bench"],
            vec!["skill", "bench", "process/run", "--calls", "1", "-w", "command=ls"],
            Failed("run", 1),
        ),
        (&["skill", "profile"], vec!["skill", "profile", "coder/dialects"], Done(0)),
        (
            &["skill", "profile"],
            vec!["skill", "profile", "process/run", "-w", "command=ls"],
            Failed("run", 1),
        ),
        (&["skill", "new"], vec!["skill", "new", "fresh"], Done(0)),
        (&["skill", "new"], vec!["skill", "new", "fresh"], Failed("usage", 2)),
        // That they succeed is seen where the README's first skill is built.
        (&["skill", "build"], vec!["skill", "build", "none"], Failed("environment", 5)),
        (&["skill", "test"], vec!["skill", "test", "none"], Failed("environment", 5)),
        (&["skill", "dev"], vec!["skill", "dev", "none"], Failed("environment", 5)),
        (&["skill", "document"], document, Done(0)),
        (
            &["skill", "document"],
            vec!["skill", "document", "none", "--wit", "none"],
            Failed("environment", 5),
        ),
        (&["skill", "install"], vec!["skill", "install", "other.wasm"], Failed("unapproved", 7)),
        (&["skill", "approve"], vec!["skill", "approve", "process"], Done(0)),
        (&["skill", "approve"], vec!["skill", "approve", "process"], Failed("usage", 2)),
        (&["skill", "install"], vec!["skill", "install", "other.wasm"], Done(0)),
        (&["skill", "install"], vec!["skill", "install", "none.wasm"], Failed("environment", 5)),
        (&["skill", "remove"], vec!["skill", "remove", "process"], Done(0)),
        (&["skill", "remove"], vec!["skill", "remove", "process"], Failed("usage", 2)),
        (
            &["skill", "push"],
            vec!["skill", "push", "other.wasm", "https://x"],
            Failed("environment", 5),
        ),
        (&["skill", "keygen"], vec!["skill", "keygen", "me", "--no-password"], Done(0)),
        (&["skill", "keygen"], vec!["skill", "keygen", "me", "--no-password"], Failed("usage", 2)),
        (&["skill", "sign"], vec!["skill", "sign", "other.wasm", "--key", "me.key"], Done(0)),
        (
            &["skill", "sign"],
            vec!["skill", "sign", "other.wasm", "--key", "none"],
            Failed("environment", 5),
        ),
        (&["skill", "trust"], vec!["skill", "trust"], Done(0)),
        (
            &["skill", "trust"],
            vec!["skill", "trust", "add", "me", "me.pub", "--package", "*"],
            Done(0),
        ),
        (&["skill", "trust"], vec!["skill", "trust", "remove", "none"], Failed("usage", 2)),
        (&["test"], vec!["test", "none"], Failed("usage", 2)),
        (&["schema"], vec!["schema"], Done(0)),
        (&["schema"], vec!["schema", "scenario"], Done(0)),
        (&["schema"], vec!["schema", "script"], Done(0)),
        (&["scenario", "from-run"], vec!["scenario", "from-run", run], Done(0)),
        (&["scenario", "from-run"], vec!["scenario", "from-run", "none"], Failed("usage", 2)),
        (&["test"], vec!["test", &scenarios], Done(0)),
        (&["test"], vec!["test", "fails.scenario.yaml"], Done(1)),
        (&["test"], vec!["test", "broken.yaml"], Done(3)),
        (&["test"], vec!["test", "repo"], Failed("usage", 2)),
        // It speaks another language with an editor.
        (&["runs", "prune"], vec!["runs", "prune", "--dry-run"], Done(0)),
        (&["runs", "prune"], vec!["runs", "prune", "--older-than", "soon"], Failed("usage", 2)),
        (&["runs", "compact"], vec!["runs", "compact"], Done(0)),
        (&["cache"], vec!["cache"], Done(0)),
        (&["cache", "show"], vec!["cache", "show"], Done(0)),
        (&["cache", "clear"], vec!["cache", "clear"], Done(0)),
        (&["memory", "add"], vec!["memory", "add", "The door is green."], Done(0)),
        (&["memory", "add"], vec!["memory", "add", ""], Failed("usage", 2)),
        (&["memory", "recall"], vec!["memory", "recall", "door"], Done(0)),
        (&["memory", "recall"], vec!["memory", "recall", "door", "--passages"], Done(0)),
        (&["memory", "recall"], vec!["memory", "recall", "?"], Failed("usage", 2)),
        (&["memory", "explain"], vec!["memory", "explain", "door", "--id", "m0"], Done(0)),
        (
            &["memory", "explain"],
            vec!["memory", "explain", "door", "--id", "m9"],
            Failed("usage", 2),
        ),
        (&["memory", "show"], vec!["memory", "show", "m0"], Done(0)),
        (&["memory", "show"], vec!["memory", "show", "m9"], Failed("usage", 2)),
        (&["memory", "list"], vec!["memory", "list"], Done(0)),
        (&["memory", "import"], vec!["memory", "import", "facts.jsonl"], Done(0)),
        (
            &["memory", "import"],
            vec!["memory", "import", "nowhere.jsonl"],
            Failed("environment", 5),
        ),
        (&["memory", "import"], vec!["memory", "import", "broken.yaml"], Failed("usage", 2)),
        (&["memory", "relate"], vec!["memory", "relate", "m0", "near", "m1"], Done(0)),
        (&["memory", "relate"], vec!["memory", "relate", "m0", "near", "m0"], Failed("usage", 2)),
        (&["memory", "relate"], vec!["memory", "relate", "m1", "supersedes", "m0"], Done(0)),
        (
            &["memory", "relate"],
            vec!["memory", "relate", "m0", "supersedes", "m1"],
            Failed("usage", 2),
        ),
        (&["memory", "unrelate"], vec!["memory", "unrelate", "m0", "near", "m1"], Done(0)),
        (
            &["memory", "unrelate"],
            vec!["memory", "unrelate", "m0", "near", "m1"],
            Failed("usage", 2),
        ),
        (&["memory", "history"], vec!["memory", "history", "m0"], Done(0)),
        (&["memory", "history"], vec!["memory", "history", "m9"], Failed("usage", 2)),
        (&["memory", "diff"], vec!["memory", "diff", "0"], Done(0)),
        (&["memory", "diff"], vec!["memory", "diff", "soon"], Failed("usage", 2)),
        (&["memory", "diff"], vec!["memory", "diff", "2", "1"], Failed("usage", 2)),
        (&["memory", "blame"], vec!["memory", "blame", "m0"], Done(0)),
        (&["memory", "blame"], vec!["memory", "blame", "m9"], Failed("usage", 2)),
        (&["memory", "list"], vec!["memory", "list", "--as-of", "1"], Done(0)),
        (
            &["memory", "recall"],
            vec!["memory", "recall", "door", "--as-of", "999"],
            Failed("usage", 2),
        ),
        (&["memory", "pin"], vec!["memory", "pin", "m0"], Done(0)),
        (&["memory", "unpin"], vec!["memory", "unpin", "m0"], Done(0)),
        (&["memory", "unpin"], vec!["memory", "unpin", "m9"], Failed("usage", 2)),
        (&["memory", "use"], vec!["memory", "use", "m0"], Done(0)),
        (&["memory", "trust"], vec!["memory", "trust", "imported", "m0"], Done(0)),
        (&["memory", "trust"], vec!["memory", "trust", "root", "m0"], Failed("usage", 2)),
        (&["memory", "consolidate"], vec!["memory", "consolidate", "--dry-run"], Done(0)),
        (&["memory", "consolidate"], vec!["memory", "consolidate"], Done(0)),
        (
            &["memory", "consolidate"],
            vec!["memory", "consolidate", "--undo", "999"],
            Failed("usage", 2),
        ),
        (&["memory", "tick"], vec!["memory", "tick", "3"], Done(0)),
        (&["memory", "restore"], vec!["memory", "restore", "m0"], Done(0)),
        (
            &["memory", "restore"],
            vec!["memory", "restore", "m0", "--weight", "2"],
            Failed("usage", 2),
        ),
        (&["memory", "snapshot"], vec!["memory", "snapshot", "backup"], Done(0)),
        (&["memory", "snapshot"], vec!["memory", "snapshot", "backup", "--keep", "1"], Done(0)),
        (
            &["memory", "snapshot"],
            vec!["memory", "snapshot", "backup", "--keep", "0"],
            Failed("usage", 2),
        ),
        (&["memory", "snapshot"], vec!["memory", "snapshot", "no/where"], Failed("environment", 5)),
        (&["memory", "snapshots"], vec!["memory", "snapshots", "backup"], Done(0)),
        (&["memory", "snapshots"], vec!["memory", "snapshots", "backup", "--verify"], Done(0)),
        (
            &["memory", "snapshots"],
            vec!["memory", "snapshots", "elsewhere"],
            Failed("environment", 5),
        ),
        (&["memory", "restore"], vec!["memory", "restore", "--from", "backup"], Failed("usage", 2)),
        (&["memory", "audit"], vec!["memory", "audit"], Done(0)),
        (&["memory", "stats"], vec!["memory", "stats"], Done(0)),
        (&["memory", "verify"], vec!["memory", "verify"], Done(0)),
        (&["memory", "encode"], vec!["memory", "encode"], Failed("usage", 2)),
        (&["memory", "encode"], vec!["memory", "encode", "--encoder", "hashed"], Done(0)),
        (&["memory", "lock"], vec!["memory", "lock"], Failed("usage", 2)),
        (&["memory", "lock"], vec!["memory", "lock", "--key-file", "owner.key"], Done(0)),
        (&["memory", "stats"], vec!["memory", "stats"], Failed("environment", 5)),
        (
            &["memory", "rekey"],
            vec![
                "memory",
                "rekey",
                "--key-file",
                "other.key",
                "--memory-key",
                "key-file:owner.key",
            ],
            Done(0),
        ),
        (
            &["memory", "unlock"],
            vec!["memory", "unlock", "--memory-key", "key-file:owner.key"],
            Failed("environment", 5),
        ),
        (
            &["memory", "unlock"],
            vec!["memory", "unlock", "--memory-key", "key-file:other.key"],
            Done(0),
        ),
        (
            &["memory", "rekey"],
            vec!["memory", "rekey", "--key-file", "owner.key"],
            Failed("usage", 2),
        ),
        (&["memory", "export"], vec!["memory", "export"], Failed("usage", 2)),
        (&["memory", "export"], vec!["memory", "export", "--out", "facts.out"], Done(0)),
        (
            &["memory", "export"],
            vec!["memory", "export", "--format", "parquet"],
            Failed("usage", 2),
        ),
        (&["memory", "export"], vec!["memory", "export", "--out", "facts.parquet"], Done(0)),
        (&["memory", "import"], vec!["memory", "import", "facts.parquet", "--again"], Done(0)),
        (
            &["memory", "learn"],
            vec!["memory", "learn", "A tab.", "--tried", "four spaces", "--outcome", "wrong"],
            Done(0),
        ),
        (&["memory", "learn"], vec!["memory", "learn", "A tab."], Failed("usage", 2)),
        (
            &["memory", "learn"],
            vec!["memory", "learn", "", "--tried", "four spaces", "--outcome", "wrong"],
            Failed("usage", 2),
        ),
        (&["memory", "lessons"], vec!["memory", "lessons", "tabs"], Done(0)),
        (&["memory", "alias"], vec!["memory", "alias", "tab", "tabulator"], Done(0)),
        (&["memory", "alias"], vec!["memory", "alias", "tab"], Failed("usage", 2)),
        (&["memory", "alias"], vec!["memory", "alias", "tab", "Tab"], Failed("usage", 2)),
        (&["memory", "lessons"], vec!["memory", "lessons", "?"], Failed("usage", 2)),
        (&["memory", "bench"], vec!["memory", "bench", "locomo", "talk.json"], Done(0)),
        (
            &["memory", "bench"],
            vec!["memory", "bench", "locomo", "facts.jsonl"],
            Failed("usage", 2),
        ),
        (
            &["memory", "bench"],
            vec!["memory", "bench", "locomo", "nowhere.json"],
            Failed("environment", 5),
        ),
        (&["memory", "forget"], vec!["memory", "forget", "--space", "default"], Failed("usage", 2)),
        (&["memory", "forget"], vec!["memory", "forget", "m0", "m1"], Done(0)),
        (&["lock"], vec!["lock", "audit"], Done(0)),
        (&["lock"], vec!["lock", "broken.yaml"], Failed("manifest", 3)),
        (&["lsp"], vec!["lsp"], Failed("usage", 2)),
        (&["completions"], vec!["completions", "fish"], Done(0)),
        (&["completions"], vec!["completions", "none"], Failed("usage", 2)),
        (&["man"], vec!["man", "run"], Done(0)),
        (&["man"], vec!["man", "none"], Failed("usage", 2)),
    ];
    let mut told: BTreeSet<Vec<String>> = BTreeSet::new();
    for (command, arguments, end) in &calls {
        tell(&stage, arguments, *end);
        told.insert(command.iter().map(|&word| word.to_owned()).collect());
    }
    let mut all: BTreeSet<Vec<String>> =
        stage.commands(&[]).into_iter().map(|name| vec![name]).collect();
    for group in ["cache", "grants", "memory", "runs", "scenario", "skill"] {
        all.extend(stage.commands(&[group]).into_iter().map(|name| vec![group.to_owned(), name]));
    }
    all.remove(&vec!["skill".to_owned()]);
    all.remove(&vec!["scenario".to_owned()]);
    all.remove(&vec!["grants".to_owned()]);
    all.remove(&vec!["memory".to_owned()]);
    assert_eq!(told, all, "every command is called here");
}

#[test]
fn a_command_line_that_is_wrong_is_told_as_json_too() {
    let Some(stage) = Stage::new() else { return };
    let arguments: [&[&str]; 4] = [
        &["nonsense"],
        &["run"],
        &["explain", "V0301", "--nonsense"],
        &["run", "audit", "-i", "x"],
    ];
    for arguments in arguments {
        let last = tell(&stage, arguments, Failed("usage", 2));
        assert!(last["error"]["hint"].is_string(), "{last}");
    }
    // It is no word for us behind `--`, and help is for people.
    let plain = stage.call(["explain", "--", "--json"]);
    assert!(plain.code == Some(2) && plain.out.is_empty(), "{plain:?}");
    let help = stage.call(["--json", "--help"]);
    assert!(help.code == Some(0) && help.out.contains("Commands:"), "{help:?}");
}

#[test]
fn a_wrong_manifest_is_told_with_every_place() {
    let Some(stage) = Stage::new() else { return };
    stage.write("broken.yaml", BROKEN);
    for command in ["run", "plan", "graph"] {
        let last = tell(&stage, &[command, "broken.yaml"], Failed("manifest", 3));
        let found = &last["error"]["diagnostics"][0];
        assert_eq!(found["code"], "V0303", "{last}");
        assert_eq!(found["place"]["line"], 6, "{last}");
    }
}

#[test]
fn quiet_json_is_one_line() {
    let Some(stage) = Stage::new() else { return };
    let ended = stage.call(["skill", "run", "coder/dialects", "--json", "--quiet"]);
    assert_eq!((ended.code, ended.out.lines().count()), (Some(0), 1), "{ended:?}");
    assert!(ended.err.is_empty(), "{}", ended.err);
}

#[test]
fn what_standard_output_does_not_take_is_told_to_people() {
    let Some(stage) = Stage::new() else { return };
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let mut command = stage.command(["runs", "list", "--json"]);
    let ended = Ended::from(command.stdout(full).output().expect("the program starts"));
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(ended.err.contains("cannot write to standard output"), "{ended:?}");
}
