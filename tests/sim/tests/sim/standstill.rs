//! Scenarios whose run waits for what never comes: each fails as itself, and says what it waits for.

use std::{collections::BTreeMap, sync::Arc};

use expect_test::{Expect, expect};
use sim::{machine::Machine as Files, plan, workspace::SimWorkspace};
use voyager_agent::scenario::{Hosted, Machine, Play, PlayError, Rest};
use voyager_base::{
    BoxFuture, Error, Value,
    call::{Invocation, Skills},
    grant::GrantLayer,
    process::ProcessService,
    record::Content,
    sim::{CrashModel, Executor, MemoryJournal},
};
use voyager_manifest::check_scenario;

/// A machine whose skills never answer.
#[derive(Default)]
struct Mute(Arc<MemoryJournal>);

impl Skills for Mute {
    fn call(&self, _invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        Box::pin(std::future::pending())
    }
}

impl Machine for Mute {
    fn host(&self, _executor: &Executor) -> Result<Hosted, String> {
        let files = Files::with_files([]);
        let content: Arc<dyn Content> = self.0.clone();
        Ok(Hosted {
            journal: self.0.clone(),
            content: Arc::clone(&content),
            workspace: Arc::new(SimWorkspace::new(files.clone(), content)),
            process: Arc::new(files) as Arc<dyn ProcessService>,
            skills: Arc::new(Self(Arc::clone(&self.0))),
        })
    }

    fn died(&self, _model: CrashModel) {}
}

/// Plays a scenario of a manifest; what it says of the run that has no end, each with the line that it
/// stands at.
#[track_caller]
fn stands(manifest: &str, scenario: &str, told: &Expect) {
    let plan = Arc::new(plan::checked(manifest));
    let text = format!("voyager: scenario/v1\nname: stands\nmanifest: simulated.yaml\n{scenario}");
    let checked = check_scenario(text.as_bytes(), Ok(&plan), &plan::catalog());
    let scenario = checked.scenario.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let played = Play {
        scenario: Arc::new(scenario),
        plan: &plan,
        inputs: BTreeMap::new(),
        folders: BTreeMap::new(),
        workspace: "/repo".to_owned(),
        policy: GrantLayer::default(),
        rest: Rest::Real,
        machine: &Mute::default(),
        given_up: &|| false,
    }
    .play();
    let Err(PlayError::Stands(differences)) = played else {
        panic!("it has an end: {:?}", played.err())
    };
    let lines: Vec<String> = differences
        .iter()
        .map(|it| {
            let line = text[..it.span.start].matches('\n').count() + 1;
            format!("{line}: {}: {}\n", it.message, it.details.join("; "))
        })
        .collect();
    told.assert_eq(&lines.concat());
}

#[test]
fn a_step_that_nobody_answers_is_told_where_the_end_is_expected() {
    stands(
        "steps:\n  - { id: told, await: { signal: go } }\n",
        "expect: { status: succeeded }\n",
        &expect![[r#"
            4: the run has no end: the step `told` waits for the signal `go`: give an answer to the step `told`, or a `timeout` in the manifest
        "#]],
    );
}

#[test]
fn an_answer_that_does_not_help_is_told_where_it_stands() {
    // The signal is taken by the first that waits for it, whoever the answer was meant for.
    stands(
        "steps:
  - id: both
    parallel: all
    steps:
      - { id: one, await: { signal: go } }
      - { id: two, await: { signal: go } }
",
        "answers:\n  - { step: two, takes: 1m }\n",
        &expect![[r#"
            5: the run has no end: the step `two` waits for the signal `go`: another step took it
        "#]],
    );
    let comment = "x".repeat(5_000);
    stands(
        "steps:\n  - { id: sure, approve: { show: sure? } }\n",
        &format!("answers:\n  - {{ step: sure, result: {{ by: ada, comment: {comment} }} }}\n"),
        &expect![[r#"
            5: the run has no end: the step `sure` waits for an approval: more than 4096 bytes of text
        "#]],
    );
}

#[test]
fn an_answer_that_is_used_up_is_told() {
    stands(
        "steps:
  - id: rounds
    repeat: { max: 2 }
    steps: [ { id: sure, approve: { show: sure? } } ]
",
        "answers:\n  - { step: sure, times: 1 }\n",
        &expect![[r#"
            5: the run has no end: the step `sure` waits for an approval: it was given already, as often as `times` says
        "#]],
    );
}

#[test]
fn a_call_that_never_ends_is_told_by_its_step() {
    stands(
        "steps:\n  - { id: call, use: guests/one, with: { p0: a }, concurrency: { key: k } }\n",
        "",
        &expect![[r#"
            2: the run has no end: it waits for what never comes: the step `call` has begun and not ended; its `concurrency` may keep it
        "#]],
    );
}
