//! Steps that run another manifest: what a run does next, as text.

use expect_test::{Expect, expect};
use sim::{
    host::{Host, Life},
    manifests,
    plan::checked_among,
    script::{Answer, play},
};
use voyager_base::{ErrorKind, Value, sim::SimDisk};

/// Two steps with the names of the caller's, and what it was given.
const INNER: (&str, &str) = (
    "inner.yaml",
    "\
voyager: manifest/v1
name: inner
version: 1.0.0
inputs:
  text: { type: string, length-max: 5 }
  mark: { type: string, default: m }
limits: { deadline: 10s }
steps:
  - { id: one, use: guests/one, with: { p0: { from: inputs.text } } }
  - { id: two, use: guests/one, with: { p0: { expr: \"steps.one + inputs.mark\" } } }
outputs:
  both: { from: \"steps.one + steps.two\" }
  number: { from: \"int(steps.two)\" }
",
);

/// Three steps that wait for nothing, of which one at a time runs.
const NARROW: (&str, &str) = (
    "narrow.yaml",
    "\
voyager: manifest/v1
name: narrow
version: 1.0.0
limits: { parallel: 1 }
steps:
  - { id: one, use: guests/one, with: { p0: a } }
  - { id: two, needs: [], use: guests/one, with: { p0: b } }
  - id: block
    needs: []
    steps: [ { id: three, use: guests/one, with: { p0: c } } ]
",
);

fn check(body: &str, answers: &[(&str, Answer)], expect: Expect) {
    expect.assert_eq(&play(&checked_among(body, &[INNER, NARROW]), answers, &[]));
}

#[test]
fn a_manifest_sees_its_own_names_only_and_gives_its_outputs() {
    check(
        "
steps:
  - { id: one, use: guests/one, with: { p0: a } }
  - { id: run, use: ./inner.yaml, with: { text: { from: steps.one } } }
  - { id: two, use: guests/one, with: { p0: { expr: \"steps.run.both + string(steps.run.number)\" } } }
",
        &[("run/two #1", Answer::Text("7"))],
        expect![[r#"
            start one #1 ("a")
            done one #1
            end one
            start run/one #1 ("ok")
            done run/one #1
            end run/one
            start run/two #1 ("okm")
            done run/two #1
            end run/two
            end of a round
            end run
            start two #1 ("ok77")
            done two #1
            end two
            result 
        "#]],
    );
}

#[test]
fn each_item_is_given_its_own_and_one_that_can_not_be_given_fails_the_step() {
    check(
        "
steps:
  - id: run
    for-each: { in: \"['a', 'too long']\", parallel: 1 }
    use: ./inner.yaml
    with: { text: { from: item } }
    on-error: { invalid: continue }
",
        &[("run/two #1", Answer::Text("7"))],
        expect![[r#"
            start run/one #1 ("a")
            done run/one #1
            end run/one
            start run/two #1 ("okm")
            done run/two #1
            end run/two
            end of a round
            end run: invalid (with.text: the text has more than 5 characters), passed over
            result 
        "#]],
    );
}

#[test]
fn an_output_that_can_not_be_computed_fails_the_step() {
    check(
        "
steps:
  - id: run
    use: ./inner.yaml
    with: { text: a, mark: b }
    retry: { attempts: 2, wait: 1s, on: [other, timeout] }
    on-error: { invalid: continue }
  - { id: after, use: guests/one, with: { p0: { expr: \"string(has(steps.run))\" } } }
",
        &[("run/two #1", Answer::Text("no number"))],
        expect![[r#"
            start run/one #1 ("a")
            done run/one #1
            end run/one
            start run/two #1 ("okb")
            done run/two #1
            end run/two
            end of a round: invalid (outputs.number: `steps.two`: the text is no number)
            end run: invalid (outputs.number: `steps.two`: the text is no number), passed over
            start after #1 ("false")
            done after #1
            end after
            result 
        "#]],
    );
}

#[test]
fn its_deadline_is_a_timeout_of_each_attempt() {
    check(
        "
steps:
  - id: run
    use: ./inner.yaml
    with: { text: a }
    retry: { attempts: 2, wait: 1s }
",
        &[("run/two #1", Answer::Hangs), ("run/two' #1", Answer::Text("7"))],
        expect![[r#"
            start run/one #1 ("a")
            done run/one #1
            end run/one
            start run/two #1 ("okm")
            at 10s the timeout of a step
            stop a round: timeout
            stop run/two #1: timeout
            failed run/two #1: timeout
            end run/two: timeout (the step `run` took longer than its timeout of 10s; raise `timeout`)
            end of a round: timeout (the step `run` took longer than its timeout of 10s; raise `timeout`)
            wait until 10.900019s
            at 10.900019s the next attempt or the end of a sleep
            start run/one' #1 ("a")
            done run/one' #1
            end run/one
            start run/two' #1 ("okm")
            done run/two' #1
            end run/two
            end of a round
            end run
            result 
        "#]],
    );
}

#[test]
fn what_ended_well_within_it_is_taken_back_by_the_caller() {
    check(
        "
steps:
  - id: run
    use: ./inner.yaml
    with: { text: a }
    compensate: { use: guests/upper, with: { p0: { from: result.both } } }
  - { id: fails, use: guests/one, with: { p0: b } }
",
        &[("run/two #1", Answer::Text("7")), ("fails #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
            start run/one #1 ("a")
            done run/one #1
            end run/one
            start run/two #1 ("okm")
            done run/two #1
            end run/two
            end of a round
            end run
            start fails #1 ("b")
            failed fails #1: failed
            end fails: failed (scripted)
            take back: run.compensate
            start run.compensate #1 ("ok7")
            done run.compensate #1
            end run.compensate
            end of a round
            result step `fails`: scripted
        "#]],
    );
}

#[test]
fn its_bound_on_tasks_at_a_time_is_kept_within_each_execution_of_it() {
    check(
        "
steps:
  - { id: run, use: ./narrow.yaml, for-each: { in: \"[1, 2]\" } }
  - { id: other, needs: [], use: guests/one, with: { p0: o } }
",
        &[],
        expect![[r#"
            start other #1 ("o")
            start run/one #1 ("a")
            start run/one' #1 ("a")
            done other #1
            end other
            done run/one #1
            end run/one
            start run/two #1 ("b")
            done run/one' #1
            end run/one
            start run/two' #1 ("b")
            done run/two #1
            end run/two
            start run/three #1 ("c")
            done run/two' #1
            end run/two
            start run/three' #1 ("c")
            done run/three #1
            end run/three
            end of a round
            end run/block
            end of a round
            done run/three' #1
            end run/three
            end of a round
            end run/block
            end of a round
            end run
            result 
        "#]],
    );
}

#[test]
fn its_bound_on_tasks_is_kept_by_each_execution_of_it() {
    let manifest = manifests::all().into_iter().find(|it| it.name == "bounding").unwrap();
    let machine = manifest.machine();
    let host = Host::start(&SimDisk::new(1), &machine, &manifests::guests(), 1).unwrap();
    let Life::Ended(Ok(outputs)) = host.run(&manifest.plan) else { panic!("it ends well") };
    let done = [true, false, true, false].map(Value::Bool).to_vec();
    assert_eq!(outputs[0], ("done".to_owned(), Value::List(done)), "{outputs:?}");
    // The second one has four items; the last one an item, a task and its three children.
    let view = host.only_run().map(|run| {
        voyager_agent::inspect(&*host.world.journal, &*host.world.content, run).unwrap()
    });
    let errors = view.unwrap().tasks.into_iter().filter_map(|task| task.error);
    let errors: Vec<_> = errors.filter_map(|error| error.bound).collect();
    assert!(2 < errors.len() && errors.iter().all(|it| it == "steps: 3"), "{errors:?}");
}
