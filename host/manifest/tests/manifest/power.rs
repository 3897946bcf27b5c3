//! The power of plans, compared.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use voyager_base::{Digest, Limits};
use voyager_manifest::{
    check,
    power::{Difference, How, Power, differences, to_text},
    summary::summary,
};

const BASE: &str = r#"voyager: manifest/v1
name: sample
version: 1.0.0
inputs:
  repo: { type: path, default: "." }
  names: { type: list<string>, default: [] }
limits: { deadline: 10m, steps: 50 }
priority: low
grants:
  workspace: [ { root: inputs.repo, read: ["**"], write: ["src/*.rs"] } ]
  process: [ { run: cargo test, network: none, time: 5m } ]
steps:
  - id: change
    transaction: { workspace: inputs.repo }
    steps:
      - id: rename
        use: voyager:coder@0.2.0/change.rename
        with: { name: a, to: b, globs: ["**"] }
        retry: { attempts: 2 }
      - id: test
        use: process/run
        with: { command: cargo test }
        timeout: 5m
"#;

fn power(text: &str) -> Power {
    let catalog = crate::common::catalog();
    let checked = check(text.as_bytes(), "sample.yaml", &catalog, &Limits::ceiling());
    let plan = checked.plan.unwrap_or_else(|| panic!("{:#?}\n{text}", checked.diagnostics));
    let imports = |component: &Digest| {
        let skill = catalog.skills().iter().find(|skill| skill.component == *component);
        skill.map(|skill| skill.imports.clone())
    };
    Power::of(&plan, &imports)
}

fn changed(from: &str, to: &str) -> Vec<Difference> {
    let text = BASE.replace(from, to);
    assert_ne!(text, BASE, "`{from}` is there");
    differences(&power(BASE), &power(&text), &text)
}

fn assert(from: &str, to: &str, expect: Expect) {
    expect.assert_eq(&to_text(&changed(from, to)));
}

#[test]
fn the_same_power_has_no_difference() {
    assert_eq!(differences(&power(BASE), &power(BASE), BASE), []);
    assert_eq!(changed("name: a,", "name: c,"), [], "what a step is given is no power");
    assert_eq!(changed(r#"read: ["**"]"#, r#"read: ["**/*", "x/**"]"#), [], "it matches the same");
    // What is stored says the same.
    let text = serde_json::to_string(&power(BASE)).unwrap();
    assert_eq!(serde_json::from_str::<Power>(&text).unwrap(), power(BASE));
}

#[test]
fn each_difference_says_its_direction_and_its_place() {
    assert(
        r#"["src/*.rs"]"#,
        r#"["src/**"]"#,
        expect![[r#"
        grew     writes repo: src/**, was src/*.rs; now also `src/a`
                 line 16, step change.rename
                 line 20, step change.test
    "#]],
    );
    assert(
        r#"["src/*.rs"]"#,
        r#"["src/a*.rs"]"#,
        expect![[r#"
        shrank   writes repo: src/a*.rs, was src/*.rs
                 line 16, step change.rename
                 line 20, step change.test
    "#]],
    );
    assert(
        "network: none, time: 5m",
        "network: any, time: 1m",
        expect![[r#"
        grew     starts `cargo test`: with network, for 1m, was without network, for 5m
                 line 20, step change.test
    "#]],
    );
    assert(
        "cargo test, network",
        "cargo, network",
        expect![[r#"
        grew     starts `cargo`: without network, for 5m
                 line 20, step change.test
    "#]],
    );
    assert(
        "deadline: 10m, steps: 50",
        "steps: 60",
        expect![[r#"
        grew     deadline of a run: without bound, was 10m
                 line 7
        grew     tasks of a run: 60, was 50
                 line 7
    "#]],
    );
    assert(
        "priority: low",
        "priority: critical",
        expect![[r#"
        grew     priority: critical, was low
                 line 8
                 line 16, step change.rename
                 line 20, step change.test
    "#]],
    );
    assert(
        r#"default: ".""#,
        r#"default: "/""#,
        expect![[r#"
        changed  where inputs.repo is by default: "/", was "."
                 line 5
    "#]],
    );
    assert(
        "attempts: 2",
        "attempts: 9",
        expect![[r#"
        grew     attempts of its task: 9, was 2
                 line 16, step change.rename
    "#]],
    );
    assert(
        "timeout: 5m",
        "limits: { time: 20s }",
        expect![[r#"
        grew     timeout: without bound, was 5m
                 line 20, step change.test
        shrank   limit `time`: 20s, was 5m
                 line 20, step change.test
    "#]],
    );
    assert(
        "coder@0.2.0",
        "coder@0.1.0",
        expect![[r#"
        changed  skill voyager:coder: 0.1.0 (6cc1a4fa), was 0.2.0 (d3650722)
        changed  operation: voyager:coder@0.1.0/change.rename, was voyager:coder@0.2.0/change.rename
                 line 16, step change.rename
    "#]],
    );
    assert(
        "id: test",
        "id: other",
        expect![[r#"
            grew     a new step: voyager:process@0.1.0/programs.run
                     line 20, step change.other
            grew     reads repo: **
                     line 20, step change.other
            grew     writes repo: src/*.rs
                     line 20, step change.other
            grew     starts `cargo test`: without network, for 5m
                     line 20, step change.other
            shrank   a step is gone: was voyager:process@0.1.0/programs.run
                     step change.test
        "#]],
    );
}

#[test]
fn more_spaces_of_the_memory_are_more_power() {
    const KEEP: &str = r#"voyager: manifest/v1
name: keep
version: 1.0.0
grants: { memory: { read: ["notes/*"], write: ["notes/a"] } }
steps:
  - { id: find, use: notes/find, with: { text: x } }
"#;
    let told = |from: &str, to: &str| {
        let text = KEEP.replace(from, to);
        assert_ne!(text, KEEP, "`{from}` is there");
        to_text(&differences(&power(KEEP), &power(&text), &text))
    };
    assert_eq!(
        told("\"notes/a\"", "\"notes/*\""),
        "grew     remembers in the memory: notes/*, was notes/a; now also `notes/b`\n         line 6, step find\n"
    );
    assert_eq!(
        told("read: [\"notes/*\"], ", ""),
        "shrank   recalls from the memory: was notes/*\n         line 6, step find\n"
    );
}

#[test]
fn less_trust_of_what_is_recalled_is_more_power() {
    let of = |whole: &str, own: &str| {
        let text = format!(
            r#"voyager: manifest/v1
name: keep
version: 1.0.0
grants: {{ memory: {{ read: ["notes/*"]{whole} }} }}
steps:
  - id: find
    use: notes/find
    with: {{ text: x }}
    grants: {{ memory: {{ read: ["notes/*"]{own} }} }}
"#
        );
        (power(&text), text)
    };
    let told = |before: &Power, (after, text): &(Power, String)| {
        to_text(&differences(before, after, text))
    };
    let (plain, skill, owner) = (of("", ""), of(", trust: skill", ""), of("", ", trust: owner"));
    let place = "         line 6, step find\n";
    let grew = format!("grew     least trust of what it recalls: outside, was skill\n{place}");
    assert_eq!(told(&skill.0, &plain), grew);
    let shrank = format!("shrank   least trust of what it recalls: skill, was outside\n{place}");
    assert_eq!(told(&plain.0, &skill), shrank);
    // The strictest of all layers counts, whichever it is.
    let both = of(", trust: owner", ", trust: imported");
    assert_eq!(told(&owner.0, &both), "");
    // What approvals do not say is taken as the most.
    let mut unknown = plain.0.clone();
    unknown.steps[0].recalls_trust = None;
    let grew = format!("grew     least trust of what it recalls: outside, was unknown\n{place}");
    assert_eq!(told(&unknown, &plain), grew);
    assert_eq!(told(&unknown, &owner), "");
    // Where nothing was recalled, the spaces say it.
    let nothing = plain.0.nothing();
    assert_eq!(told(&nothing, &owner).matches("recall").count(), 1);
    let stored = serde_json::to_string(&owner.0).unwrap();
    assert_eq!(serde_json::from_str::<Power>(&stored).unwrap(), owner.0);
}

#[test]
fn what_may_be_recalled_is_told_with_its_trust() {
    let text = r#"voyager: manifest/v1
name: keep
version: 1.0.0
grants: { memory: { read: ["notes/*"], trust: imported } }
steps:
  - { id: find, use: notes/find, with: { text: x } }
"#;
    let told = |text: &str| {
        let catalog = crate::common::catalog();
        let checked = check(text.as_bytes(), "keep.yaml", &catalog, &Limits::ceiling());
        voyager_manifest::summary::to_text(&summary(&checked.plan.unwrap(), &|_| None))
    };
    let line = "  may recall from notes/* what is trusted as `imported` at least\n";
    assert!(told(text).contains(line), "{}", told(text));
    let plain = text.replace(", trust: imported", "");
    assert!(told(&plain).contains("  may recall from notes/*\n"), "{}", told(&plain));
}

#[test]
fn another_fair_by_is_told() {
    assert(
        "priority: low",
        "priority: low\nfair-by: { from: inputs.repo }",
        expect![[r#"
        changed  by what runs take turns
                 line 9
    "#]],
    );
}

#[test]
fn a_step_that_does_more_within_the_same_grants_of_the_manifest_grew() {
    let wide = BASE.replace(r#"["src/*.rs"]"#, r#"["**"]"#);
    let own =
        "timeout: 5m\n        grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ] }";
    let narrow = wide.replace("timeout: 5m", own);
    let grown = differences(&power(&narrow), &power(&wide), &wide);
    assert_eq!(grown.len(), 1, "{grown:?}");
    assert_eq!((grown[0].how, grown[0].places[0].line), (How::Grew, Some(20)), "{grown:?}");
    let shrunk = differences(&power(&wide), &power(&narrow), &narrow);
    assert_eq!(shrunk.iter().map(|it| it.how).collect::<Vec<_>>(), [How::Shrank]);
}

#[test]
fn attempts_multiply() {
    let catalog = crate::common::catalog();
    let summary_of = |from: &str, to: &str| {
        let text = BASE.replace(from, to);
        let checked = check(text.as_bytes(), "sample.yaml", &catalog, &Limits::ceiling());
        let plan = checked.plan.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
        summary(&plan, &|_| Some(Vec::new()))
    };
    let block = "transaction: { workspace: inputs.repo }";
    let known = summary_of(
        block,
        "transaction: { workspace: inputs.repo }\n    for-each: { in: \"[1, 2, 3]\", as: it }\n    \
         retry: { attempts: 4 }",
    );
    let attempts: Vec<_> = known.steps.iter().map(|step| step.attempts_max).collect();
    assert_eq!(attempts, [Some(24), Some(12)]);
    assert_eq!((known.total.attempts_max, known.total.is_cut), (36, false));
    let unknown = summary_of(
        block,
        "transaction: { workspace: inputs.repo }\n    for-each: { in: inputs.names, as: it }",
    );
    let attempts: Vec<_> =
        unknown.steps.iter().map(|step| (step.attempts_max, step.attempts_per_item)).collect();
    assert_eq!(attempts, [(None, 2), (None, 1)]);
    assert_eq!((unknown.total.attempts_max, unknown.total.is_cut), (50, true));
}

fn glob() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]", "[ab]/\\*\\*", "\\*\\*/[ab]\\*", "[ab]/\\*", "\\*\\*"]
}

fn with(write: &[String], minutes: u64, network: bool, attempts: u32) -> String {
    let network = if network { "any" } else { "none" };
    BASE.replace(r#"["src/*.rs"]"#, &format!("{write:?}"))
        .replace("network: none, time: 5m", &format!("network: {network}, time: {minutes}m"))
        .replace("attempts: 2", &format!("attempts: {attempts}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// One side is the other with some of it taken away. The way down has only what shrank; the way up
    /// has something that grew wherever the way down has something that shrank.
    #[test]
    fn narrower_never_counts_as_grown_and_wider_always_does(
        write in prop::collection::vec(glob(), 2..4),
        (minutes, less) in (2_u64..9, 0_u64..2),
        network: bool,
        (attempts, fewer) in (3_u32..6, 0_u32..2),
    ) {
        let wide = with(&write, minutes, network, attempts);
        let narrow = with(&write[1..], minutes - less, false, attempts - fewer);
        let down = differences(&power(&wide), &power(&narrow), &narrow);
        prop_assert!(down.iter().all(|it| it.how == How::Shrank), "{}", to_text(&down));
        let up = differences(&power(&narrow), &power(&wide), &wide);
        prop_assert_eq!(up.iter().any(|it| it.how == How::Grew), !down.is_empty());
        prop_assert_eq!(up.len(), down.len());
    }
}
