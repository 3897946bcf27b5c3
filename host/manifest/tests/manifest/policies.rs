//! A policy means what its keys mean in the step itself.

use voyager_base::Limits;
use voyager_manifest::{check, plan::Step};

fn steps(body: &str) -> Vec<Step> {
    let text = format!("voyager: manifest/v1\nname: sample\nversion: 1.0.0\n{body}");
    let checked =
        check(text.as_bytes(), "sample.yaml", &crate::common::catalog(), &Limits::ceiling());
    let plan = checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    plan.steps.into_iter().map(|step| Step { line: 0, ..step }).collect()
}

#[test]
fn a_policy_means_what_its_keys_mean_in_the_step() {
    let named = "\
policies:
  patient: { retry: { attempts: 3 }, timeout: 5m, limits: { memory: 32MiB }, on-error: { timeout: continue } }
  hasty: { timeout: 1s }
defaults: { any: patient, coder: hasty }
grants: { workspace: [] }
steps:
  - { id: by-default, use: acme:text/count, with: { text: x } }
  - { id: by-skill, use: voyager:coder@0.2/paths, with: { globs: [] } }
  - { id: by-name, use: coder/paths, with: { globs: [] }, policy: patient, timeout: 1m }
  - { id: without, use: coder/paths, with: { globs: [] }, policy: none }
  - id: block
    steps:
      - { id: inner, use: acme:text/count, with: { text: x } }
  - { id: rest, sleep: 1s }
";
    let patient =
        "retry: { attempts: 3 }, limits: { memory: 32MiB }, on-error: { timeout: continue }";
    let written = format!(
        "\
grants: {{ workspace: [] }}
steps:
  - {{ id: by-default, use: acme:text/count, with: {{ text: x }}, timeout: 5m, {patient} }}
  - {{ id: by-skill, use: voyager:coder@0.2/paths, with: {{ globs: [] }}, timeout: 1s }}
  - {{ id: by-name, use: coder/paths, with: {{ globs: [] }}, timeout: 1m, {patient} }}
  - {{ id: without, use: coder/paths, with: {{ globs: [] }} }}
  - id: block
    steps:
      - {{ id: inner, use: acme:text/count, with: {{ text: x }}, timeout: 5m, {patient} }}
  - {{ id: rest, sleep: 1s }}
"
    );
    assert_eq!(steps(named), steps(&written));
}
