//! A host that stays: it has skills ready that appear in a folder, and goes on with runs that nobody asks for.

use std::fs;

use e2e::{Stage, Telling};

fn serving(stage: &Stage) -> Telling {
    let mut host = Telling::begin(stage.command(["serve", "--json"]));
    host.until(&["\"serving\""]);
    host
}

/// A component with a custom section more: another one, that does the same.
fn another(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    bytes.extend_from_slice(&[0, 5, 4, b'm', b'o', b'r', b'e']);
    bytes
}

fn shipped(stage: &Stage, name: &str) -> Vec<u8> {
    let listed = stage.answer(["skill", "list"]);
    let skills = listed["skills"].as_array().expect("a list").iter();
    let mut files = skills.filter_map(|it| it["file"].as_str());
    fs::read(files.find(|it| it.ends_with(name)).expect("it is shipped")).expect("it can be read")
}

const COUNT: &str = "voyager: manifest/v1
name: count
version: 1.0.0
inputs: { repo: { type: path, default: repo } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ] }
steps:
  - id: ready
    await: { signal: ready }
  - id: survey
    use: coder/survey
    with: { globs: [], hot-spots: 3 }
outputs: { survey: { from: steps.survey } }
";

#[test]
fn skills_come_change_and_go_while_a_host_lives() {
    let Some(mut stage) = Stage::new() else { return };
    let component = shipped(&stage, "coder.wasm");
    stage.prefer_skills_in("mine");
    let mut host = serving(&stage);
    // Half a component is refused, and is a skill when the rest has come.
    let half = stage.write("mine/coder.wasm", &component[..component.len() / 2]);
    let refused = host.until(&["\"skill-quarantined\""]);
    assert!(refused["file"].as_str().is_some_and(|it| it.ends_with("coder.wasm")), "{refused}");
    fs::write(&half, another(&component)).expect("files can be written");
    let replaced = host.until(&["\"skill-replaced\""]);
    assert_eq!(replaced["skill"], "voyager:coder@0.1.0");
    // A run that waits keeps the component that it began with, whatever becomes of the folder.
    stage.write("repo/a.py", "x = 1\n");
    stage.write("count.yaml", COUNT);
    let waiting = stage.answer(["run", "count.yaml"]);
    assert_eq!(waiting["status"], "waiting", "{waiting}");
    let run = waiting["run"].as_str().expect("an id");
    fs::write(&half, another(&another(&component))).expect("files can be written");
    host.until(&["\"skill-replaced\""]);
    assert_eq!(stage.answer(["signal", run, "ready"])["goes-on"], true);
    let attended = host.until(&["\"attended\"", run]);
    assert_eq!(attended["status"], "done", "{attended}");
    let used =
        |run: &str| stage.answer(["runs", "export", run])[0]["body"]["plan"]["skills"].clone();
    let before = used(run);
    // What was put there a moment ago is used, whether the host has looked or not.
    let without = COUNT.replace("  - id: ready\n    await: { signal: ready }\n", "");
    stage.write("now.yaml", without);
    fs::write(&half, another(&component)).expect("files can be written");
    let now = stage.answer(["run", "now.yaml"]);
    assert_eq!(now["status"], "done", "{now}");
    assert_eq!(used(now["run"].as_str().expect("an id")), before, "the component of the first run");
    fs::remove_file(&half).expect("files can be removed");
    host.until(&["\"skill-replaced\""]);
    assert_eq!(host.stop()["answer"]["interrupted"], 0);
}

const WAITS: &str = "voyager: manifest/v1
name: waits
version: 1.0.0
steps:
  - id: sign-off
    approve: { show: ship it }
    timeout: 1s
    on-error: { timeout: continue }
outputs: { late: { from: \"!has(steps.sign-off)\" } }
";

const SLEEPS: &str = "voyager: manifest/v1
name: sleeps
version: 1.0.0
steps:
  - id: rest
    sleep: 5s
";

#[test]
fn a_host_goes_on_with_what_was_interrupted_and_with_what_is_due() {
    let Some(stage) = Stage::new() else { return };
    stage.write("waits.yaml", WAITS);
    stage.write("sleeps.yaml", SLEEPS);
    assert!(stage.kill_when(["run", "sleeps.yaml"], |line| line.contains("step-started")));
    let waiting = stage.answer(["run", "waits.yaml"]);
    assert_eq!(waiting["status"], "waiting", "{waiting}");
    let mut host = serving(&stage);
    let second = stage.call(["serve"]);
    assert_eq!(second.code, Some(5), "{second:?}");
    let mut ended = [host.until(&["\"attended\""]), host.until(&["\"attended\""])];
    ended.sort_by_key(|it| it["name"].to_string());
    for (ended, name) in ended.iter().zip(["sleeps", "waits"]) {
        assert_eq!((&ended["name"], &ended["status"]), (&name.into(), &"done".into()), "{ended}");
    }
    // One that begins to wait while the host lives wakes too.
    let waiting = stage.answer(["run", "waits.yaml"]);
    let run = waiting["run"].as_str().expect("an id");
    assert_eq!(host.until(&["\"attended\"", run])["status"], "done");
    host.stop();
    assert!(
        stage
            .answer(["runs"])
            .as_array()
            .is_some_and(|it| it.iter().all(|it| it["status"] == "done"))
    );
}

#[test]
fn a_host_at_rest_packs_old_records() {
    let Some(stage) = Stage::new() else { return };
    stage.write("repo/a.py", "x = 1\n");
    stage.write("now.yaml", COUNT.replace("  - id: ready\n    await: { signal: ready }\n", ""));
    let mut host = serving(&stage);
    let run = stage.answer(["run", "now.yaml"])["run"].as_str().expect("an id").to_owned();
    let exported = stage.answer(["runs", "export", &run]);
    let records = exported.as_array().expect("a list").len() as u64;
    let packed = host.until(&["\"packed\""])["records"].as_u64().expect("a number");
    assert!(packed < records, "{packed} of {records}");
    assert_eq!(stage.answer(["runs", "export", &run]), exported);
    host.stop();
    let replayed = stage.answer(["replay", &run, "--verify"]);
    assert_eq!(replayed["records"], records, "{replayed}");
}

#[test]
fn a_host_that_is_told_how_long_a_cycle_is_says_when_the_next_one_passes() {
    let Some(stage) = Stage::new() else { return };
    stage.answer(["memory", "add", "The door is green."]);
    let stats = stage.answer(["memory", "stats"]);
    assert!(stats["cycle-since"].is_string() && stats["cycle-until"].is_null(), "{stats}");
    let short = stage.call(["serve", "--cycle", "59s"]);
    assert_eq!(short.code, Some(2), "{short:?}");
    let mut host = Telling::begin(stage.command(["serve", "--json", "--cycle", "1d"]));
    host.until(&["\"serving\""]);
    let stats = stage.answer(["memory", "stats"]);
    let time = |key: &str| stats[key].as_str().expect("a time").split_at(10);
    let ((since, at), (until, then)) = (time("cycle-since"), time("cycle-until"));
    assert!(since < until && at == then, "{stats}");
    host.stop();
}
