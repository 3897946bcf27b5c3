//! The plan of a manifest that runs others: where their steps stand in it, and what they may do.

use expect_test::expect;
use voyager_base::Limits;
use voyager_manifest::{
    Files, Library, Pins, Plan, check_among,
    graph::{Format, graph},
    power::{Power, to_text},
};

const OUTER: &str = "\
voyager: manifest/v1
name: outer
version: 1.0.0
inputs: { repo: { type: path } }
limits: { memory: 32MiB }
grants: { workspace: [ { root: inputs.repo, name: code, read: [\"**\"], write: [\"**\"] } ] }
steps:
  - { id: first, sleep: 1s }
  - id: each
    use: ./middle.yaml
    with: { place: { from: inputs.repo } }
    grants: { workspace: [ { root: code, read: [\"**\"], write: [\"src/**\", \"docs/**\"] } ] }
    compensate: { use: coder/clean, with: { path: a } }
  - { id: last, use: coder/paths, with: { globs: [] } }
";

const MIDDLE: &str = "\
voyager: manifest/v1
name: middle
version: 1.0.0
inputs: { place: { type: path } }
limits: { memory: 64MiB, cpu: 1s, deadline: 1m }
priority: low
grants: { workspace: [ { root: inputs.place, read: [\"**\"], write: [\"src/**\"] } ] }
steps:
  - { id: look, use: coder/paths, with: { globs: [] } }

  - id: inner
    use: ./inner.yaml
    with: { folder: { from: inputs.place } }
";

const INNER: &str = "\
voyager: manifest/v1
name: inner
version: 1.0.0
inputs: { folder: { type: path } }
grants: { workspace: [ { root: inputs.folder, name: own, write: [\"src/*.md\"] } ] }
steps:
  - id: all
    transaction: { workspace: own }
    steps:
      - { id: clean, use: coder/clean, with: { path: a.md } }
";

struct Others;

impl Files for Others {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "middle.yaml" => Ok(MIDDLE.into()),
            "inner.yaml" => Ok(INNER.into()),
            _ => Err("there is no such file".to_owned()),
        }
    }
}

fn plan() -> Plan {
    let library = Library { files: &Others, pins: &Pins::Ignored };
    let (catalog, ceiling) = (crate::common::catalog(), Limits::ceiling());
    let checked = check_among(OUTER.as_bytes(), "dir/outer.yaml", &catalog, &ceiling, library);
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

#[test]
fn steps_of_others_stand_within_the_step_that_runs_them() {
    let plan = plan();
    let step = |at: usize| {
        let step = &plan.steps[at];
        let within = step.within.map_or("-", |block| plan.steps[block].id.as_str());
        let needs: Vec<&str> = step.needs.iter().map(|it| plan.steps[*it].id.as_str()).collect();
        let (file, line) = (plan.file_of(at), plan.line_of(at));
        let (memory, priority) = (step.limits.memory >> 20, plan.priority_of(at));
        format!(
            "{} in {within} after {needs:?} ({file}:{}, {line}) {memory} MiB, {priority}\n",
            step.id, step.line
        )
    };
    let told: String = (0..plan.steps.len()).map(step).collect();
    expect![[r#"
        first in - after [] (dir/outer.yaml:8, 8) 32 MiB, standard
        each in - after ["first"] (dir/outer.yaml:9, 9) 32 MiB, low
        each/look in each after [] (dir/middle.yaml:9, 9) 32 MiB, low
        each/inner in each after ["each/look"] (dir/middle.yaml:11, 9) 32 MiB, low
        each/inner/all in each/inner after [] (dir/inner.yaml:7, 9) 32 MiB, low
        each/inner/clean in each/inner/all after [] (dir/inner.yaml:10, 9) 32 MiB, low
        each.compensate in each after [] (dir/outer.yaml:13, 13) 32 MiB, low
        last in - after ["each"] (dir/outer.yaml:14, 14) 32 MiB, standard
    "#]]
    .assert_eq(&told);
    let pins: Vec<&str> = plan.manifests.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(pins, ["inner.yaml", "middle.yaml"]);
    let lock = Pins::lock(&plan).unwrap();
    let Pins::Known(known) = Pins::read(Some(lock.as_bytes())) else { panic!("{lock}") };
    assert_eq!(known.len(), 2);
    assert_eq!(known["inner.yaml"], plan.manifests[0].source.to_string());
}

#[test]
fn their_power_is_what_all_ceilings_leave() {
    let power = Power::of(&plan(), &|_| None);
    let told = to_text(&voyager_manifest::power::differences(&power.nothing(), &power, OUTER));
    expect![[r#"
        grew     skill voyager:coder: 0.2.0 (d3650722)
        grew     a new step: voyager:coder@0.2.0/metrics.paths
                 line 9, step each.look
                 line 14, step last
        grew     reads code: **
                 line 9, step each.look
                 line 13, step each.compensate
                 line 14, step last
        grew     writes code: **; and of these only src/**, docs/**; and of these only src/**
                 line 9, step each.look
        grew     a new step: voyager:coder@0.2.0/change.clean
                 line 9, step each.inner.all.clean
                 line 13, step each.compensate
        grew     writes code: **; and of these only src/**, docs/**; and of these only src/**; and of these only src/*.md
                 line 9, step each.inner.all.clean
        grew     writes code: **; and of these only src/**, docs/**
                 line 13, step each.compensate
        grew     writes code: **
                 line 14, step last
    "#]].assert_eq(&told);
}

#[test]
fn they_are_drawn_within_the_step_that_runs_them() {
    expect![[r#"
        outer 1.0.0
          first              sleep 1s
          each               manifest middle 1.0.0  after first; taken back by voyager:coder/change.clean
            look             voyager:coder/metrics.paths
            inner            manifest inner 1.0.0  after look
              all            block; transaction over code
                clean        voyager:coder/change.clean
            each.compensate  voyager:coder/change.clean
          last               voyager:coder/metrics.paths  after each
    "#]].assert_eq(&graph(&plan(), Format::Text));
}
