//! The pictures and summaries of a plan.

use std::{fs, path::Path};

use expect_test::{Expect, expect};
use voyager_base::Limits;
use voyager_manifest::{
    Plan, check,
    graph::{Format, graph},
    summary::{summary, to_text},
};

fn plan() -> Plan {
    good("everything.yaml")
}

fn good(name: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/good").join(name);
    let text = fs::read(path).unwrap();
    check(&text, name, &crate::common::catalog(), &Limits::ceiling()).plan.unwrap()
}

fn assert(text: &str, expect: Expect) {
    expect.assert_eq(text);
}

#[test]
fn a_plan_is_drawn_as_text() {
    assert(
        &graph(&plan(), Format::Text),
        expect![[r#"
        everything 1.0.0
          survey  voyager:coder/metrics.survey
          paths   voyager:coder/metrics.paths
          scan    voyager:security/scan.file  after paths; for each path in steps.paths; up to 3 attempts
          test    voyager:process/programs.run  after scan; when inputs.tests && inputs.mode == 'slow'; preview; may be passed over
          report  voyager:security/report.sarif  after test
          fold    acme:text/layout.fold  after report
          scale   acme:text/layout.scale  after fold
          encode  acme:text/layout.encode  after scale
          clip    acme:text/words.clip  after encode
          = report: string from steps.fold -> report.sarif
          = data: list<u8> from steps.encode -> data/encoded.bin
          = worst: string from default(steps.survey.worst, '')
          = scaled: f64 from steps.scale * 2
    "#]],
    );
}

#[test]
fn by_what_runs_take_turns_is_told() {
    let told = |name| {
        let text = to_text(&summary(&good(name), &|_| None));
        text.lines().find(|line| line.contains("turns")).map(str::to_owned)
    };
    let line = "  takes turns together with runs of the same ";
    assert_eq!(told("fair-by.yaml"), Some(format!("{line}inputs.customer")));
    assert_eq!(told("fair-by-template.yaml"), Some(format!("{line}team {{{{ inputs.team }}}}")));
    assert_eq!(told("everything.yaml"), None);
}

#[test]
fn transactions_and_compensations_are_drawn_and_told() {
    let transactions = graph(&good("transactions.yaml"), Format::Text);
    assert(
        &transactions,
        expect![[r#"
        transactions 1.0.0
          rename     block; up to 2 attempts; transaction over code
            code     voyager:coder/change.rename
            part     block  after code; transaction over code; may be passed over
              inner  voyager:coder/change.rename
            test     voyager:process/programs.run  after part
          each       block  after rename; for each name in ['x', 'y']
            preview  block; preview; transaction over docs
              one    voyager:coder/change.rename
              two    voyager:coder/change.rename
    "#]],
    );
    let plan = good("compensation.yaml");
    assert(
        &graph(&plan, Format::Text),
        expect![[r#"
        compensation 1.0.0
          branch               voyager:process/programs.run; taken back by voyager:process/programs.run
            branch.compensate  voyager:process/programs.run
          each                 voyager:coder/change.rename  after branch; for each name in inputs.names; taken back by voyager:coder/change.rename
            each.compensate    voyager:coder/change.rename; up to 3 attempts
          block                block  after each; up to 2 rounds; taken back by voyager:process/programs.run
            inner              voyager:process/programs.run
            block.compensate   voyager:process/programs.run
          last                 voyager:process/programs.run; runs however the others end; taken back by voyager:process/programs.run
            last.compensate    voyager:process/programs.run
    "#]],
    );
    assert(
        &graph(&plan, Format::Mermaid),
        expect![[r#"
        flowchart TD
            s0["<b>branch</b><br/>voyager:process/programs.run<br/>taken back by voyager:process/programs.run"]
            s2["<b>each</b><br/>voyager:coder/change.rename<br/>for each name in inputs.names<br/>taken back by voyager:coder/change.rename"]
            subgraph s4["<b>block</b><br/>block<br/>up to 2 rounds<br/>taken back by voyager:process/programs.run"]
                s5["<b>inner</b><br/>voyager:process/programs.run"]
            end
            s7["<b>last</b><br/>voyager:process/programs.run<br/>runs however the others end<br/>taken back by voyager:process/programs.run"]
            s0 --> s2
            s2 --> s4
    "#]],
    );
    let told = to_text(&summary(&plan, &|_| None));
    assert(
        told.lines().filter(|it| it.contains(": ")).collect::<Vec<_>>().join("\n").as_str(),
        expect![[r#"
        branch: voyager:process@0.1.0/programs.run
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**
        branch.compensate: voyager:process@0.1.0/programs.run
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**
        each: voyager:coder@0.2.0/change.rename
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**
        each.compensate: voyager:coder@0.2.0/change.rename
          reads repo (inputs.repo): src/**
          writes repo (inputs.repo): src/**
        block.inner: voyager:process@0.1.0/programs.run
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**
        block.compensate: voyager:process@0.1.0/programs.run
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**
        last: voyager:process@0.1.0/programs.run
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**
        last.compensate: voyager:process@0.1.0/programs.run
          reads repo (inputs.repo): **
          writes repo (inputs.repo): src/**"#]],
    );
}

#[test]
fn a_plan_is_drawn_for_mermaid_and_graphviz() {
    let mermaid = graph(&plan(), Format::Mermaid);
    assert!(mermaid.starts_with("flowchart TD\n    s0[\"<b>survey</b>"), "{mermaid}");
    assert!(mermaid.contains("inputs.mode == &#39;slow&#39;"), "{mermaid}");
    let dot = graph(&plan(), Format::Dot);
    assert!(dot.starts_with("digraph \"everything\" {\n"), "{dot}");
    assert!(dot.contains("    s1 -> s2;\n"), "{dot}");
}

#[test]
fn the_power_of_each_step_is_told() {
    let plan = plan();
    let catalog = crate::common::catalog();
    let imports = |component: &voyager_base::Digest| {
        let skill = catalog.skills().iter().find(|skill| skill.component == *component);
        skill.map(|skill| skill.imports.clone())
    };
    assert(
        &to_text(&summary(&plan, &imports)),
        expect![[r#"
            everything 1.0.0
              ends after 1h at the latest
              skill acme:text@1.2.0 (a0dad96c)
              skill voyager:coder@0.1.0 (6cc1a4fa)
              skill voyager:coder@0.2.0 (d3650722)
              skill voyager:process@0.1.0 (1ee45f14)
              skill voyager:security@0.1.0 (606411a1)

            survey: voyager:coder@0.2.0/metrics.survey
              reads repo (inputs.repo): **
              reads data (inputs.advisories): **
              writes repo (inputs.repo): **/*.py, docs/**, at most 4MiB
              starts cargo test for 5m
              calls voyager:coder/**
              up to 100 child tasks of each attempt

            paths: voyager:coder@0.1.0/metrics.paths
              reads repo (inputs.repo): **
              reads data (inputs.advisories): **
              writes repo (inputs.repo): **/*.py, docs/**, at most 4MiB
              starts cargo test for 5m
              calls voyager:coder/**
              up to 100 child tasks of each attempt

            scan: voyager:security@0.1.0/scan.file
              as many tasks as there are items, which no bound is known of
              reads repo (inputs.repo): **/*.py

            test: voyager:process@0.1.0/programs.run
              only when inputs.tests && inputs.mode == 'slow'
              reads repo (inputs.repo): **
              reads data (inputs.advisories): **
              writes repo (inputs.repo): **/*.py, docs/**, at most 4MiB, only to preview
              starts cargo test for 1m

            report: voyager:security@0.1.0/report.sarif
              reads repo (inputs.repo): **
              reads data (inputs.advisories): **
              writes repo (inputs.repo): **/*.py, docs/**, at most 4MiB

            fold: acme:text@1.2.0/layout.fold
              only computes

            scale: acme:text@1.2.0/layout.scale
              only computes

            encode: acme:text@1.2.0/layout.encode
              only computes

            clip: acme:text@1.2.0/words.clip
              only computes

            writes the artifact report.sarif

            writes the artifact data/encoded.bin

            in total
              at most 500 task attempts, where `limits.steps` ends the run
              reads data, repo
              changes repo
              starts cargo test for 1m, cargo test for 5m
              reaches no network
        "#]],
    );
}
