//! `agent-host test`: the shipped scenarios, those of the pages, and how failures are told.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use e2e::Stage;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A manifest with a step that the scenarios below let fail, be slow, be tried again.
const MANIFEST: &str = "voyager: manifest/v1
name: looks
version: 1.0.0
inputs: { repo: { type: path } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ] }
steps:
  - id: find
    use: coder/occurrences
    with: { name: fox, globs: [], places-max: 9 }
    retry: { attempts: 3, wait: 1h, on: [unavailable] }
    timeout: 1m
  - id: change
    use: coder/rename
    with: { name: fox, to: dog, globs: [], diff-bytes: 0 }
outputs: { places: { from: \"size(steps.find.places)\" }, changed: { from: steps.change.places } }
";

fn staged(scenarios: &[(&str, &str)]) -> Option<Stage> {
    let stage = Stage::new()?;
    stage.write("looks.yaml", MANIFEST);
    for (name, rest) in scenarios {
        let head = format!("voyager: scenario/v1\nname: {name}\nmanifest: looks.yaml\n");
        let text = format!("{head}inputs: {{ repo: . }}\nfiles: {{ a.txt: \"fox\\n\" }}\n{rest}");
        stage.write(&format!("{name}.scenario.yaml"), text);
    }
    Some(stage)
}

#[test]
fn every_shipped_manifest_has_scenarios_and_they_pass() {
    let Some(stage) = Stage::new() else { return };
    let manifests = Path::new(ROOT).join("manifests");
    let ended = stage.call([Path::new("test"), &manifests]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    let scenarios: String = fs::read_dir(manifests.join("scenarios"))
        .expect("there are scenarios")
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for entry in fs::read_dir(&manifests).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".yaml") {
            assert!(scenarios.contains(&format!("manifest: ../{name}\n")), "{name} has none");
        }
    }
}

#[test]
fn the_manifests_and_scenarios_of_the_guide_pass() {
    let Some(stage) = Stage::new() else { return };
    let mut pages = 0;
    for entry in fs::read_dir(Path::new(ROOT).join("docs/guide")).unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|it| it.split("\n```").next());
        for block in blocks {
            let name = block.lines().find_map(|line| line.strip_prefix("name: "));
            let Some(name) = name else { continue };
            if block.starts_with("voyager: manifest/") {
                stage.write(&format!("guide/{name}.yaml"), format!("{block}\n"));
            } else if block.starts_with("voyager: scenario/") {
                stage.write(&format!("guide/{name}.scenario.yaml"), format!("{block}\n"));
                pages += 1;
            }
        }
    }
    assert!(pages > 0, "the guide shows a scenario");
    for entry in fs::read_dir(Path::new(ROOT).join("tests/e2e/scenarios/guide")).unwrap().flatten()
    {
        let name = entry.file_name().into_string().unwrap();
        stage.write(&format!("guide/{name}"), fs::read(entry.path()).unwrap());
    }
    let ended = stage.call(["test", "guide"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
}

#[test]
fn waits_take_no_time_and_scripted_errors_are_tried_again() {
    let Some(stage) = staged(&[(
        "patient",
        "answers:
  - { step: find, attempt: 1, fails: unavailable }
  - { step: find, attempt: 2, fails: unavailable }
expect:
  outputs: { places: 1, changed: 1 }
  steps: { find: { is: ran, attempts: 3 } }
  files: { a.txt: { equals: \"dog\\n\" } }
",
    )]) else {
        return;
    };
    let answer = stage.answer(["test"]);
    assert_eq!(answer["passed"], 1, "{answer}");
}

#[test]
fn a_failure_shows_what_differs_where_the_scenario_expects_it() {
    let Some(stage) = staged(&[
        ("good", ""),
        ("other-places", "expect:\n  outputs: { places: 2, changed: 1 }\n"),
        ("idle", "faults:\n  - { kill: task-done, step: change, count: 7 }\n"),
    ]) else {
        return;
    };
    let ended = stage.call(["test", "--report", "junit=x.xml", "--report", "tap=x.tap"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.starts_with("1 passed, 2 failed, in "), "{ended:?}");
    for part in [
        "error[V0811]: the output `places` is not this\n --> ./other-places.scenario.yaml:7:22\n",
        "help: wanted 2, is 1",
        "error[V0811]: this fault never struck\n --> ./idle.scenario.yaml:7:7\n",
    ] {
        assert!(ended.err.contains(part), "{part:?} is not in\n{}", ended.err);
    }
    assert!(!ended.err.contains("`changed`"), "{}", ended.err);
    let junit = fs::read_to_string(stage.path("x.xml")).unwrap();
    assert!(junit.contains("tests=\"3\" failures=\"2\" errors=\"0\""), "{junit}");
    let tap = fs::read_to_string(stage.path("x.tap")).unwrap();
    assert!(tap.contains("\n1..3\nok 1 - good "), "{tap}");
    assert!(tap.contains("\nnot ok 3 - other-places "), "{tap}");

    let ended = stage.call(["test", "--filter", "good"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.starts_with("1 passed, 0 failed, in "), "{ended:?}");
    assert_eq!(stage.call(["test", "--filter", "nothing"]).code, Some(2));
}

const SIGNALS: &str = "voyager: manifest/v1
name: signals
version: 1.0.0
grants: {}
steps:
  - id: both
    parallel: all
    steps:
      - { id: one, await: { signal: go } }
      - { id: two, await: { signal: go } }
";

#[test]
fn a_run_that_waits_for_what_never_comes_fails_as_its_scenario() {
    let Some(stage) = staged(&[("good", "")]) else { return };
    stage.write("signals.yaml", SIGNALS);
    let head = "voyager: scenario/v1\nmanifest: signals.yaml\n";
    let answers = "answers:\n  - { step: one }\n";
    stage.write("ends.scenario.yaml", format!("{head}name: ends\n{answers}  - {{ step: two }}\n"));
    stage.write("stands.scenario.yaml", format!("{head}name: stands\n{answers}"));
    let ended = stage.call(["test"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.starts_with("2 passed, 1 failed, in "), "{ended:?}");
    for part in [
        "error[V0811]: the run has no end: the step `two` waits for the signal `go`\n --> \
         ./stands.scenario.yaml:3:7\n",
        "help: give an answer to the step `two`, or a `timeout` in the manifest",
        "FAILED stands",
    ] {
        assert!(ended.err.contains(part), "{part:?} is not in\n{}", ended.err);
    }
    let answer = stage.answer(["test", "--filter", "stands"]);
    let difference = &answer["scenarios"][0]["differences"][0];
    assert_eq!((&difference["code"], &difference["place"]["line"]), (&"V0811".into(), &3.into()));
}

#[test]
fn a_scenario_that_does_not_fit_its_manifest_is_not_played() {
    let Some(stage) = staged(&[
        ("good", ""),
        ("bad", "answers:\n  - { step: fnid, result: 1 }\nexpect: { outputs: { places: many } }\n"),
    ]) else {
        return;
    };
    let ended = stage.call(["test"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    for part in ["error[V0407]", "did you mean `find`?", "error[V0310]", "bad.scenario.yaml:7:"] {
        assert!(ended.err.contains(part), "{part:?} is not in\n{}", ended.err);
    }
    assert!(ended.out.starts_with("1 passed, 0 failed, 1 wrong, in "), "{ended:?}");
}

#[test]
fn repetitions_pass_at_the_rate_that_is_asked_for() {
    let Some(stage) = staged(&[("good", ""), ("bad", "expect: { status: failed }\n")]) else {
        return;
    };
    let answer = stage.answer(["test", "--repeat", "5", "--jobs", "3"]);
    let scenarios = answer["scenarios"].as_array().unwrap();
    let passed = |at: usize| scenarios[at]["runs-passed"].as_u64();
    assert_eq!((passed(0), passed(1)), (Some(0), Some(5)), "{answer}");
    assert_eq!(answer["failed"], 1, "{answer}");
    let ended = stage.call(["test", "--repeat", "2", "--pass-rate", "0"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_killed_host_goes_on_whatever_its_disk_kept() {
    let points = [
        ("step-started", "find"),
        ("task-started", "find"),
        ("effect-answered", "find"),
        ("task-done", "find"),
        ("step-done", "find"),
        ("task-started", "change"),
        ("task-done", "change"),
        ("commit-intended", "change"),
        ("commit-done", "change"),
        ("step-done", "change"),
    ];
    let mut scenarios = Vec::new();
    for (point, step) in points {
        for disk in ["kept", "lost", "torn", "reordered"] {
            let name = format!("killed-{point}-{step}-{disk}");
            let rest = format!(
                "faults:\n  - {{ kill: {point}, step: {step}, disk: {disk} }}\n\
                 expect:\n  outputs: {{ places: 1, changed: 1 }}\n  \
                 files: {{ a.txt: {{ equals: \"dog\\n\" }} }}\n  other-files: unchanged\n"
            );
            scenarios.push((name, rest));
        }
    }
    let all: Vec<(&str, &str)> =
        scenarios.iter().map(|(name, rest)| (name.as_str(), rest.as_str())).collect();
    let Some(stage) = staged(&all) else { return };
    let ended = stage.call(["test"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
}

const TOGETHER: &str = "voyager: manifest/v1
name: together
version: 1.0.0
inputs:
  repo: { type: path, description: A folder. }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**/*.txt\"] } ], process: [], tasks: [] }
steps:
  - id: both
    transaction: { workspace: inputs.repo }
    steps:
      - { id: one, use: coder/rename, with: { name: dog, to: cow, globs: [], diff-bytes: 0 } }
      - { id: two, use: coder/rename, with: { name: cow, to: hen, globs: [], diff-bytes: 0 } }
";

#[test]
fn a_run_that_happened_becomes_a_scenario_that_passes() {
    let Some(stage) = Stage::new() else { return };
    stage.write("looks.yaml", MANIFEST);
    stage.write("repo/a.txt", "fox\nfox \"quoted\"\n\tfox\n");
    stage.write("repo/deep/b.txt", "no line end: fox");
    let good = stage.answer(["run", "looks.yaml", "--input", "repo=repo"]);
    assert_eq!(good["status"], "done", "{good}");
    let out = ["scenario", "from-run", "--out", "cases/good.scenario.yaml"];
    fs::create_dir(stage.path("cases")).unwrap();
    let written = stage.call(out);
    assert_eq!(written.code, Some(0), "{written:?}");

    // A run that failed.
    let empty = stage.path("empty");
    fs::create_dir(&empty).unwrap();
    let manifest = Path::new(ROOT).join("manifests/rename.yaml").display().to_string();
    let inputs = ["--input", "repo=empty", "--input", "from=a", "--input", "to=b"];
    let failed = stage.answer([&["run", manifest.as_str()], &inputs[..]].concat());
    assert_eq!(failed["status"], "failed", "{failed}");
    let out = ["scenario", "from-run", "--out", "cases/failed.scenario.yaml", "--name", "nothing"];
    assert_eq!(stage.call(out).code, Some(0));

    // A run whose changes a block made real.
    stage.write("together.yaml", TOGETHER);
    let together = stage.answer(["run", "together.yaml", "--input", "repo=repo"]);
    assert_eq!(together["status"], "done", "{together}");
    let out = ["scenario", "from-run", "--out", "cases/together.scenario.yaml"];
    assert_eq!(stage.call(out).code, Some(0));
    let text = fs::read_to_string(stage.path("cases/together.scenario.yaml")).unwrap();
    assert!(text.contains("equals: \"no line end: hen\""), "{text}");

    let ended = stage.call(["test", "cases"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(ended.out.starts_with("3 passed, 0 failed, in "), "{ended:?}");
    // It expects what came of the run, and not just anything.
    let text = fs::read_to_string(stage.path("cases/good.scenario.yaml")).unwrap();
    assert!(text.contains("manifest: ../looks.yaml\n"), "{text}");
    stage.write("cases/good.scenario.yaml", text.replace("places: 4", "places: 5"));
    assert_eq!(stage.call(["test", "cases"]).code, Some(1));
}

/// A manifest that fails where it finds more than two places.
const PICKY: &str = "voyager: manifest/v1
name: picky
version: 1.0.0
inputs: { repo: { type: path }, note: { type: string, default: none } }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"], write: [] } ] }
steps:
  - { id: before, use: coder/occurrences, with: { name: cow, globs: [], places-max: 9 } }
  - id: find
    use: coder/occurrences
    with: { name: fox, globs: [], places-max: 99 }
    expect: [ { that: \"size(result.places) < 3\", message: too many } ]
outputs: { places: { from: \"size(steps.find.places)\" } }
";

#[test]
fn a_scenario_is_made_as_small_as_its_end_allows() {
    let Some(stage) = Stage::new() else { return };
    stage.write("picky.yaml", PICKY);
    stage.write("repo/a.txt", "fox\ncow\nfox fox\n\nhen\nfox\n");
    stage.write("repo/b.txt", "cow\n");
    let run = ["run", "picky.yaml", "--input", "repo=repo", "--input", "note=said"];
    assert_eq!(stage.answer(run)["status"], "failed");
    let whole = stage.answer(["scenario", "from-run"]);
    let whole = whole["scenario"].as_str().unwrap();
    assert_eq!(whole.matches("path:").count(), 6, "{whole}");

    let file = ["--out", "cases/small.scenario.yaml", "--minimize"];
    fs::create_dir(stage.path("cases")).unwrap();
    let answer = stage.answer([&["scenario", "from-run"], &file[..]].concat());
    let small = answer["scenario"].as_str().unwrap();
    let minimized = &answer["minimized"];
    assert_eq!(minimized["finished"], true, "{answer}");
    assert_eq!(minimized["after"]["bytes"].as_u64().map(|it| it < 1_000), Some(true), "{answer}");
    // Three places are too many, and nothing else is needed; the skill that looks first finds nothing.
    assert_eq!(small.matches("path:").count(), 3, "{small}");
    for part in ["files:", "note:", "step: before", "other-files", "steps:"] {
        assert!(!small.contains(part), "{part} is in\n{small}");
    }
    for part in ["inputs:\n  repo: .\n", "  error:\n    kind: expectation\n    step: find\n"] {
        assert!(small.contains(part), "{part} is not in\n{small}");
    }
    let ended = stage.call(["test", "cases"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    let again = stage.answer([&["scenario", "from-run"], &file[..]].concat());
    assert_eq!((&again["scenario"], &again["minimized"]), (&answer["scenario"], minimized));
    // It still tests the manifest: one that is not as picky is told.
    stage.write("picky.yaml", PICKY.replace("< 3", "< 5"));
    assert_eq!(stage.call(["test", "cases"]).code, Some(1));
    let refused = stage.call(["scenario", "from-run", "--minimize"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("does not end as the run did"), "{refused:?}");
}

#[test]
fn what_a_run_changed_stays_in_its_smallest_scenario() {
    let Some(stage) = Stage::new() else { return };
    stage.write("looks.yaml", MANIFEST);
    stage.write("repo/a.txt", "fox\n");
    stage.write("repo/other.txt", "hen\n");
    let good = stage.answer(["run", "looks.yaml", "--input", "repo=repo"]);
    assert_eq!(good["status"], "done", "{good}");
    let answer = stage.answer(["scenario", "from-run", "--minimize"]);
    let small = answer["scenario"].as_str().unwrap();
    for part in
        ["  \"a.txt\": \"fox\\n\"\n", "equals: \"dog\\n\"", "other-files: unchanged", "changed: 1"]
    {
        assert!(small.contains(part), "{part} is not in\n{small}");
    }
    // The real skill does the same with that file: nothing needs to stand in for it.
    assert_eq!(answer["minimized"]["after"]["answers"], 0, "{small}");
}

#[test]
fn ctrl_c_keeps_the_smallest_scenario_so_far() {
    let Some(stage) = Stage::new() else { return };
    stage.write("picky.yaml", PICKY.replace("places-max: 99", "places-max: 500"));
    let lines: String = (0..400).map(|line| format!("fox {line}\n")).collect();
    stage.write("repo/a.txt", lines);
    assert_eq!(stage.answer(["run", "picky.yaml", "--input", "repo=repo"])["status"], "failed");
    // Each of the hundreds of items that are needed has to be tried.
    stage
        .write("picky.yaml", PICKY.replace("size(result.places) < 3", "size(result.places) < 350"));
    let arguments =
        ["scenario", "from-run", "--minimize", "--out", "small.scenario.yaml", "--json"];
    let mut command = stage.command(arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    assert!(first.contains("\"event\":\"smaller\""), "{first}");
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.expect("it can be sent").success());
    let last = lines.map_while(Result::ok).last().expect("an answer");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{last}");
    assert!(last.contains("\"finished\":false"), "{last}");
    let ended = stage.call(["test", "small.scenario.yaml"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
}
