//! Scenarios, checked against the plan of a manifest: text in, findings out.

use expect_test::{Expect, expect};
use voyager_base::Limits;
use voyager_manifest::{
    CheckedScenario, Code, Plan, Scenario, check, check_scenario, check_script, diagnostic::render,
};

const MANIFEST: &str = "voyager: manifest/v1
name: looks
version: 1.0.0
inputs:
  repo: { type: path }
  rounds: { type: int, min: 1, default: 3 }
  wait: { type: duration, optional: true }
grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ] }
steps:
  - { id: paths, use: coder@0.2/paths, with: { globs: [] } }
  - id: each
    for-each: { in: steps.paths, as: path, parallel: 1 }
    when: inputs.rounds > 0 && has(inputs.wait)
    steps:
      - { id: rest, sleep: 1s }
      - { id: scan, use: security/scan.file, with: { path: { from: path } } }
outputs:
  paths: { from: steps.paths }
  count: { from: size(steps.paths) }
";

fn plan() -> Plan {
    let checked =
        check(MANIFEST.as_bytes(), "looks.yaml", &crate::common::catalog(), &Limits::ceiling());
    let shown = render(&checked.diagnostics, "looks.yaml", MANIFEST.as_bytes(), false);
    checked.plan.unwrap_or_else(|| panic!("{shown}"))
}

fn checked(rest: &str) -> (Option<Scenario>, String) {
    let text = format!("voyager: scenario/v1\nname: one\nmanifest: looks.yaml\n{rest}");
    told(check_scenario(text.as_bytes(), Ok(&plan()), &crate::common::catalog()))
}

/// What became of a text: a line for each finding.
fn told(checked: CheckedScenario) -> (Option<Scenario>, String) {
    let line = |it: &voyager_manifest::Diagnostic| {
        let place = format!("{}:{}", it.place.line, it.place.column);
        let help = it.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place} {} {}{help}\n", it.code, it.message)
    };
    (checked.scenario, checked.diagnostics.iter().map(line).collect())
}

fn assert(rest: &str, expect: Expect) {
    expect.assert_eq(&checked(rest).1);
}

#[test]
fn a_good_one_has_no_findings() {
    let (scenario, found) = checked(
        "inputs: { repo: repo, rounds: 2, wait: 5m }
folder: fixture
files: { repo/a.py: \"x = 1\" }
answers:
  - { step: paths, attempt: 1, fails: timeout, takes: 5s }
  - { step: paths, result: [a.py], times: 1, writes: { repo/b.py: \"\" }, removes: [repo/a.py] }
  - { operation: security/scan.file, fails: failed, detail: broken, message: it broke }
programs: [ { run: cargo test, exit-code: 1 } ]
faults:
  - { kill: step-done, step: each, count: 2, disk: torn }
  - { fail: denied, step: scan, item: 1 }
  - { delay: 1m, step: scan }
  - { jump: 1h, at: task-done }
expect:
  outputs: { paths: [a.py], count: 1 }
  that: [ { that: \"size(outputs.paths) == inputs.rounds\" } ]
  steps: { each: { is: ran, runs: 1 }, scan: { attempts: 2 } }
  files: { repo/a.py: { is: unchanged, contains: [x] } }
  other-files: unchanged
  calls: [ { operation: coder@0.2/paths, least: 1 }, { host: workspace.read, times: 0 } ]
  limits: { tasks: 5, time: 1h }
",
    );
    assert_eq!(found, "");
    assert_eq!(scenario.unwrap().faults.len(), 4);
}

#[test]
fn inputs_are_those_of_the_manifest() {
    assert(
        "inputs: { repo: ../x, rounds: 0, wait: 5, round: 1 }\n",
        expect![[r#"
        4:17 V0802 `../x` is no path within the workspace (`.` is the whole workspace, `repo` a folder in it)
        4:31 V0804 at least 1 is wanted
        4:40 V0110 a duration like `30s` or `5m` is wanted, here is `5`
        4:43 V0406 the manifest has no input `round` (did you mean `rounds`?)
    "#]],
    );
    assert(
        "description: nothing given\n",
        expect![[r#"
        2:7 V0803 the input `repo` is missing (write `repo: .` for the whole workspace)
    "#]],
    );
}

#[test]
fn answers_are_checked_against_the_operation() {
    assert(
        "inputs: { repo: . }
answers:
  - { step: pths, result: [] }
  - { step: each, result: [] }
  - { step: rest }
  - { step: paths, result: [1, [2]] }
  - { step: paths }
  - { step: paths, operation: coder@0.2/paths, result: [] }
  - { step: paths, result: [], fails: timeout }
  - { step: paths, result: [], message: no }
  - { step: paths, fails: tiemout }
  - { step: paths, fails: timeout, detail: no }
  - { operation: coder@0.2/pths, result: [] }
  - { operation: coder@0.2/paths, item: 1, result: [] }
  - { step: paths, result: [], writes: { /etc/passwd: no } }
",
        expect![[r#"
            6:13 V0407 the manifest has no step `pths` (did you mean `paths`?)
            7:13 V0806 the step `each` is a block, and calls nothing (name a step that uses an operation)
            8:13 V0806 the step `rest` sleeps, and calls nothing (name a step that uses an operation)
            9:32 V0310 a string is wanted, here is a list (write a text)
            10:7 V0805 an answer needs a `result`, or says how it `fails` (the result is a list<string>)
            11:7 V0805 an answer is for a step or for an operation, not for both
            12:32 V0805 an answer gives a result or fails, not both
            13:32 V0805 `message` belongs to `fails`
            14:27 V0317 there is no kind of error `tiemout` (did you mean `timeout`?)
            15:36 V0805 `detail` belongs to `fails: failed` (remove it)
            16:18 V0303 the skill `coder` has no such operation (did you mean `coder/paths`?)
            17:35 V0805 `item` is counted within a step (name the `step` instead of the operation)
            18:42 V0802 `/etc/passwd` is no path within the workspace (write it from the workspace's root, for example `src/main.rs`)
        "#]],
    );
    assert(
        "inputs: { repo: . }
answers:
  - { step: paths, result: [] }
  - { step: paths, attempt: 2, result: [] }
",
        expect![[r#"
            7:7 V0807 no call takes this answer (put it first, or say above how many `times`)
        "#]],
    );
}

#[test]
fn faults_are_one_thing_each() {
    assert(
        "inputs: { repo: . }
faults:
  - { kill: step-don }
  - { kill: step-done, delay: 1s, step: paths }
  - { fail: timeout }
  - { delay: 1s, step: rest }
  - { jump: 1s }
  - { jump: 1s, at: step-done, disk: lost }
  - { step: paths }
",
        expect![[r#"
            6:13 V0112 `step-don` is not possible here (did you mean `step-done`?)
            7:7 V0808 a fault is one of `kill`, `fail`, `delay`, `jump`
            8:7 V0808 `fail` needs a `step`
            9:24 V0806 the step `rest` sleeps, and calls nothing (name a step that uses an operation)
            10:7 V0808 `jump` needs to know when: `at`
            11:32 V0808 `disk` has no meaning for `jump` (remove it)
            12:7 V0808 a fault is one of `kill`, `fail`, `delay`, `jump`
        "#]],
    );
}

#[test]
fn expectations_can_be_met() {
    assert(
        "inputs: { repo: . }
expect:
  status: succeeded
  error: { kind: timeout, step: pth }
  outputs: { count: many, cuont: 1 }
  that: [ { that: size(outputs.pths) }, { that: \"outputs.count\" } ]
  steps: { scan: { is: ran, kind: denied }, rset: { is: ran } }
  files: { a.py: {}, b.py: { is: absent, equals: x } }
  calls: [ { times: 1 }, { host: workspace.reed, times: 1 }, { host: tasks.map } ]
",
        expect![[r#"
            7:33 V0407 the manifest has no step `pth` (there are paths, each, rest, scan)
            8:21 V0310 an s64 is wanted, here is `many` (write digits, without quotes)
            8:27 V0810 the manifest has no output `cuont` (did you mean `count`?)
            9:32 V0408 a record { paths: list<string>, count: s64 } has no field `pths` (did you mean `paths`?)
            9:49 V0414 what is expected is an s64, not true or false (compare it: `outputs.count != 0`)
            10:35 V0809 a step that is `ran` has no error
            10:45 V0407 the manifest has no step `rset` (did you mean `rest`?)
            11:12 V0809 nothing is expected of `a.py` (write `equals`, `contains`, `lacks` or `is`)
            11:34 V0809 a file that is absent has no content
            12:14 V0809 calls are those of an `operation`, or questions to the `host`
            12:34 V0112 skills ask no `workspace.reed` (did you mean `workspace.read`?)
            12:64 V0809 how often: `times`, or `least` and `most`
        "#]],
    );
}

#[test]
fn a_manifest_that_cannot_be_used_is_told_at_its_name() {
    let text = "voyager: scenario/v1\nname: one\nmanifest: lok.yaml\nanswer: []\n";
    let checked = check_scenario(text.as_bytes(), Err("no such file"), &crate::common::catalog());
    let found: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|it| format!("{}:{} {}", it.place.line, it.place.column, it.message))
        .collect();
    assert_eq!(
        found,
        ["3:11 the manifest can't be used: no such file", "4:1 a scenario has no key `answer`"]
    );
    assert!(checked.scenario.is_none());
}

#[test]
fn an_answer_of_the_memory_holds_what_that_question_gives_back() {
    assert(
        "inputs: { repo: . }
memory:
  - { asks: recall, gives: [ { text: x } ], doubt: 0.5, dated: { first: 2024-05-31, said: false } }
  - { asks: remember, gives: [ { text: x } ] }
  - { asks: read, gives: [ { text: x } ], doubt: 0.5 }
  - { asks: offers, dated: { first: 2024-05-31 } }
  - { asks: recall, gives: [ { text: x } ], fails: timeout }
  - { asks: recall, doubt: 2 }
  - { asks: recall, dated: { last: 2024-05-31 } }
  - { asks: recall, dated: { first: 2024-02-30 } }
  - { asks: recall, dated: { first: 2024-05-31T10:00 } }
  - { asks: recall, dated: { first: 2024-05-31, last: 2024-05-30 } }
  - { asks: recall, dated: { first: 2024-05-31, granularity: days } }
  - { asks: passages, text: x }
  - { asks: relations, text: x }
",
        expect![[r#"
            7:23 V0805 `gives` is nothing that `remember` gives back (remove it)
            8:43 V0805 `doubt` is nothing that `read` gives back (remove it)
            9:21 V0805 `dated` is nothing that `offers` gives back (remove it)
            10:21 V0805 an answer that fails has no `gives` (keep one of them)
            11:28 V0113 `2` is not between 0 and 1
            12:30 V0104 a time needs `first` (Its first day.)
            13:37 V0812 `2024-02-30` is no day (days look like `2024-05-31`)
            14:37 V0812 `2024-05-31T10:00` is no day (days look like `2024-05-31`)
            15:49 V0805 the last day is before the first (swap them)
            16:62 V0112 `days` is not possible here (did you mean `day`?)
            18:24 V0805 what asks the memory to `relations` holds no text (remove it: this answer would fit nothing)
        "#]],
    );
}

#[test]
fn every_code_of_scenarios_has_a_case() {
    let own = include_str!("scenarios.rs");
    let missing: Vec<&str> = Code::ALL
        .iter()
        // Told at a manifest's name, and by whoever plays.
        .filter(|code| !matches!(code, Code::ScenarioManifest | Code::Unmet))
        .map(|code| code.text())
        .filter(|code| code.starts_with("V08") && !own.contains(&format!(" {code} ")))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn a_script_has_the_words_of_scenarios_and_only_those_of_answers() {
    let told = |rest: &str| {
        let text = format!("voyager: script/v1\n{rest}");
        told(check_script(text.as_bytes(), &plan(), &crate::common::catalog()))
    };
    let (script, found) = told(
        "seed: x\nanswers:\n  - { operation: security/scan.file, fails: failed, detail: broken, times: 2 }\n\
         programs: [ { run: cargo test, exit-code: 1 } ]\nservers: [ { url: https://a.org/, body: b } ]\n",
    );
    assert_eq!(found, "");
    let script = script.unwrap();
    assert_eq!((script.name.as_str(), script.answers[0].times), ("x", Some(2)));
    assert_eq!((script.programs.len(), script.servers.len()), (1, 1));
    let (script, found) = told(
        "files: { a: b }\nanswers:\n  - { step: paths, result: [] }\n  - { operation: coder/paths, result: 1 }\n",
    );
    assert!(script.is_none());
    expect![[r#"
        2:1 V0103 a script has no key `files` (there are voyager, description, seed, secrets, answers, programs, servers, memory; keys of your own begin with `x-`)
        4:7 V0103 an answer has no key `step` (there are operation, times, result, fails, message, detail, takes; keys of your own begin with `x-`)
        4:7 V0104 an answer needs `operation` (The operation whose calls it answers.)
        5:39 V0310 a list<string> is wanted, here is `1` (write `[...]` with a string each)
    "#]]
    .assert_eq(&found);
}
