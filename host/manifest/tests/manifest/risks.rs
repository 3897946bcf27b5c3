//! What is open about plans.

use voyager_base::Limits;
use voyager_manifest::{
    Plan, Scenario, check, check_scenario,
    risks::{sheet, to_text},
};

const MANIFEST: &str = r#"voyager: manifest/v1
name: sample
version: 1.0.0
inputs:
  repo: { type: path, description: "The repository." }
  names: { type: list<string> }
grants:
  workspace: [ { root: inputs.repo, read: ["**"], write: ["**"] } ]
  process: [ { run: cargo publish, network: any } ]
steps:
  - id: publish
    use: process/run
    when: "size(inputs.names) > 0"
    on-error: { timeout: continue, any: fail }
    with: { command: cargo publish }
  - id: each
    use: voyager:coder@0.2.0/change.rename
    for-each: { in: inputs.names, as: name }
    with: { name: { from: name }, to: b, globs: [] }
"#;

fn plan(text: &str) -> Plan {
    let checked =
        check(text.as_bytes(), "sample.yaml", &crate::common::catalog(), &Limits::ceiling());
    checked.plan.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

fn scenario(plan: &Plan, steps: &str) -> Scenario {
    let text = format!(
        "voyager: scenario/v1\nname: one\nmanifest: sample.yaml\ninputs: {{ repo: \".\", names: [] }}\n\
         expect: {{ status: succeeded, steps: {steps} }}\n"
    );
    let checked = check_scenario(text.as_bytes(), Ok(plan), &crate::common::catalog());
    checked.scenario.unwrap_or_else(|| panic!("{:#?}\n{text}", checked.diagnostics))
}

/// Kind and line of what is open.
fn open(text: &str, expected: &[&str]) -> Vec<String> {
    let plan = plan(text);
    let scenarios: Vec<Scenario> = expected.iter().map(|it| scenario(&plan, it)).collect();
    let sheet = sheet(&plan, &|_| None, &scenarios.iter().collect::<Vec<_>>(), text);
    assert!(to_text(&sheet).ends_with(&match sheet.risks.len() {
        0 => "nothing is open\n".to_owned(),
        risks => format!("{risks} open\n"),
    }));
    let shown = |it: &voyager_manifest::risks::Risk| {
        format!("{} {}", it.line.unwrap_or_default(), it.kind.name())
    };
    sheet.risks.iter().map(shown).collect()
}

#[test]
fn what_is_open_is_told_in_the_order_of_the_lines() {
    let text = MANIFEST;
    let all = open(text, &[]);
    assert_eq!(all.first().map(String::as_str), Some("6 undescribed-input"), "{all:?}");
    for kind in ["irreversible", "kept-early", "no-compensation", "no-timeout", "unbounded-loop"] {
        assert!(all.iter().any(|it| it.ends_with(kind)), "{kind}: {all:?}");
    }
    let lines: Vec<u32> =
        all.iter().map(|it| it.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(lines.is_sorted(), "{all:?}");
    assert_eq!(all, open(text, &[]), "always the same");
}

#[test]
fn each_way_out_is_one() {
    let quiet = |text: &str, kind: &str, count: usize| {
        let all = open(text, &[]);
        assert_eq!(all.iter().filter(|it| it.ends_with(kind)).count(), count, "{kind}: {all:?}");
    };
    quiet(MANIFEST, "no-timeout", 2);
    quiet(&MANIFEST.replace("network: any", "network: any, time: 1m"), "no-timeout", 0);
    quiet(MANIFEST, "irreversible", 2);
    quiet(&MANIFEST.replace("network: any", "network: none"), "irreversible", 0);
    quiet(MANIFEST, "unbounded-loop", 1);
    quiet(&MANIFEST.replace("grants:", "limits: { steps: 9 }\ngrants:"), "unbounded-loop", 0);
    quiet(&MANIFEST.replace("write: [\"**\"]", "write: []"), "kept-early", 0);
    let back = "with: { command: cargo publish }\n    compensate:\n      use: process/run\n      \
                with: { command: cargo publish }\n";
    let back = MANIFEST.replace("with: { command: cargo publish }\n", back);
    quiet(MANIFEST, "no-compensation", 2);
    quiet(&back, "no-compensation", 1);
}

#[test]
fn a_branch_counts_where_a_scenario_expects_it() {
    let branches = |expected: &[&str]| {
        open(MANIFEST, expected).iter().filter(|it| it.ends_with("untested-branch")).count()
    };
    assert_eq!(branches(&[]), 4, "run, skipped, and two kinds of failure");
    assert_eq!(branches(&["{ each: { is: ran } }"]), 4, "another step is none of them");
    assert_eq!(branches(&["{ publish: { is: skipped } }"]), 3);
    assert_eq!(branches(&["{ publish: { is: skipped } }", "{ publish: { is: ran } }"]), 2);
    assert_eq!(branches(&["{ publish: { is: failed, kind: timeout } }"]), 1);
}
