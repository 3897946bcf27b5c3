//! A policy of a host is read as strictly as a manifest, and means what it says.

use voyager_base::policy::{Refusal, Rule, Verdict, What};
use voyager_manifest::{HostPolicy, check_policy, render};

fn policy(text: &str) -> HostPolicy {
    let checked = check_policy(text.as_bytes(), "policy.yaml", Some("/home/ann"));
    checked.policy.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

/// What is found, each as `CODE line:column: message`.
fn found(text: &str) -> Vec<String> {
    let checked = check_policy(text.as_bytes(), "policy.yaml", None);
    assert_eq!(checked.policy.is_none(), checked.errors() > 0);
    let shown = checked.diagnostics.iter();
    shown
        .map(|it| format!("{} {}:{}: {}", it.code, it.place.line, it.place.column, it.message))
        .collect()
}

const WHOLE: &str = "\
voyager: policy/v1
otherwise: deny
limits: { memory: 512MiB, time: 10m }
allow:
  workspace:
    - { root: ~/work/, read: [\"**\"], write: [\"src/**\"], write-bytes: 1MiB }
    - { root: any, read: [\"docs/**\"] }
  process:
    - { run: cargo test, time: 5m }
  tasks: [\"voyager:*/**\"]
ask:
  process: [ { run: git push, network: any } ]
deny:
  workspace: [ { root: any, read: [\"**/.env\"], write: [\"**/.env\"] } ]
  process: [ { run: [rm, -r f] } ]
skills:
  - packages: [\"acme:*\"]
    allow: { process: [ { run: make } ] }
";

#[test]
fn every_rule_keeps_its_line_and_its_packages() {
    let policy = policy(WHOLE);
    assert_eq!(policy.limits.memory, 512 << 20);
    assert_eq!(policy.rules.otherwise, Verdict::Deny);
    let what = |rule: &Rule| match &rule.what {
        What::Folder(it) => it.path.clone().unwrap_or_else(|| "any".to_owned()),
        What::Program(it) => it.run.join("+"),
        What::Server(it) => format!("{} {}", it.host, it.methods.len()),
        What::Memory(it) => voyager_manifest::outlook::show_spaces(it),
        What::Tasks(it) => it.patterns().join(" "),
    };
    let rules = policy.rules.rules.iter();
    let told: Vec<_> = rules.map(|it| (it.line, it.verdict.name(), what(it))).collect();
    let told: Vec<_> =
        told.iter().map(|(line, verdict, what)| (*line, *verdict, &**what)).collect();
    assert_eq!(
        told,
        [
            (6, "allow", "/home/ann/work"),
            (7, "allow", "any"),
            (9, "allow", "cargo+test"),
            (10, "allow", "voyager:*/**"),
            (12, "ask", "git+push"),
            (14, "deny", "any"),
            (15, "deny", "rm+-r f"),
            (18, "allow", "make"),
        ]
    );
    assert_eq!(policy.rules.lines["allow.process"], 8);
    assert!(policy.rules.of("acme:x").program(&["make"], |_| ()).is_ok());
    assert_eq!(policy.rules.of("other:x").program(&["make"], |_| ()), Err(Refusal::Silent));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let wrong = "\
voyager: policy/v1
allow:
  workspace:
    - { root: inputs.repo, read: [\"**\"] }
    - { root: /home/../etc, read: [\"**\"] }
    - { root: any }
  process: [ { run: git, enviroment: all } ]
deny:
  process: [ { run: rm, time: 5m } ]
skills:
  - { packages: [], deny: { tasks: [\"[\"] } }
limits: { memory: 64GiB }
";
    assert_eq!(
        found(wrong),
        [
            "V0104 1:1: a policy needs `otherwise`",
            "V0490 4:15: `inputs.repo` is no absolute path of a folder",
            "V0490 5:15: `/home/../etc` is no absolute path of a folder",
            "V0491 6:15: this rule speaks of nothing: neither `read` nor `write` names a path in it",
            "V0103 7:26: a program has no key `enviroment`",
            "V0103 9:25: a program has no key `time`",
            "V0491 11:17: this rule speaks of nothing: no package is named",
            "V0601 12:19: `memory: 64GiB` is above what the host allows",
        ]
    );
    assert_eq!(
        found("voyager: policy/v2\notherwise: maybe\n").len(),
        2,
        "another version, and no such word"
    );
    assert!(!found("voyager: manifest/v1\notherwise: deny\n").is_empty());
    assert!(!found("").is_empty(), "an empty policy is none");
}

#[test]
fn findings_are_shown_as_those_of_manifests() {
    let text = "voyager: policy/v1\notherwise: deny\ndeny: { tasks: [\"[\"] }\n";
    let checked = check_policy(text.as_bytes(), "policy.yaml", None);
    let shown = render(&checked.diagnostics, "policy.yaml", text.as_bytes(), false);
    assert!(shown.contains("--> policy.yaml:3:17"), "{shown}");
}
