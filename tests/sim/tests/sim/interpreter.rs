//! What a run does next, as text.

use std::time::Duration;

use expect_test::{Expect, expect};
use sim::{
    plan::{self, expr, for_each, plan, step},
    script::{Answer, RUN, happens, play},
};
use voyager_agent::Event;
use voyager_base::{Digest, Error, ErrorKind, TaskId, Type};
use voyager_manifest::plan::{FailMode, Handler, Handling, Plan, RetryPlan, Step};

#[test]
fn steps_follow_each_other_and_results_flow_on() {
    check(
        &plan(
            vec![step("a", "one", &["\"x\""]), step("b", "one", &["steps.a + \"!\""])],
            &[("all", Type::String, "steps.b")],
        ),
        &[("a #1", Answer::Text("hello"))],
        expect![[r#"
            start a #1 ("x")
            done a #1
            end a
            start b #1 ("hello!")
            done b #1
            end b
            result all="ok"
        "#]],
    );
}

#[test]
fn steps_without_needs_run_beside_each_other() {
    let mut plan = plan(
        vec![
            step("a", "one", &["\"x\""]),
            step("b", "one", &["\"y\""]),
            step("c", "one", &["steps.a + steps.b"]),
        ],
        &[],
    );
    plan.steps[1].needs = vec![];
    plan.steps[2].needs = vec![0, 1];
    check(
        &plan,
        &[],
        expect![[r#"
        start a #1 ("x")
        start b #1 ("y")
        done a #1
        end a
        done b #1
        end b
        start c #1 ("okok")
        done c #1
        end c
        result 
    "#]],
    );
}

#[test]
fn a_step_whose_condition_does_not_hold_is_skipped() {
    let mut skipped = step("a", "one", &["\"x\""]);
    skipped.when = Some(expr("1 > 2"));
    skipped.result = Some(Type::option(Type::String));
    let then = step("b", "one", &["\"y\""]);
    check(
        &plan(vec![skipped, then], &[("a", Type::option(Type::String), "steps.a")]),
        &[],
        expect![[r#"
            skip a
            start b #1 ("y")
            done b #1
            end b
            result a=null
        "#]],
    );
}

#[test]
fn a_failed_task_is_tried_again_and_its_result_flows_on() {
    check(
        &plan(vec![retried(step("a", "one", &["\"x\""]), 3)], &[("a", Type::String, "steps.a")]),
        &[("a #1", Answer::Fails(ErrorKind::Timeout)), ("a #2", Answer::Fails(ErrorKind::Timeout))],
        expect![[r#"
            start a #1 ("x")
            failed a #1: timeout
            wait until 83.45ms
            at 83.45ms the next attempt or the end of a sleep
            start a #2 ("x")
            failed a #2: timeout
            wait until 278.567ms
            at 278.567ms the next attempt or the end of a sleep
            start a #3 ("x")
            done a #3
            end a
            result a="ok"
        "#]],
    );
}

#[test]
fn a_task_fails_for_good_after_its_last_attempt_or_by_another_kind() {
    let plan = plan(vec![retried(step("a", "one", &["\"x\""]), 2)], &[]);
    check(
        &plan,
        &[("a #1", Answer::Fails(ErrorKind::Timeout)), ("a #2", Answer::Fails(ErrorKind::Timeout))],
        expect![[r#"
            start a #1 ("x")
            failed a #1: timeout
            wait until 83.45ms
            at 83.45ms the next attempt or the end of a sleep
            start a #2 ("x")
            failed a #2: timeout
            end a: timeout (scripted)
            result step `a`: scripted
        "#]],
    );
    check(
        &plan,
        &[("a #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
        start a #1 ("x")
        failed a #1: failed
        end a: failed (scripted)
        result step `a`: scripted
    "#]],
    );
}

#[test]
fn items_run_as_many_at_a_time_as_allowed_and_keep_their_order() {
    check(
        &each(2, FailMode::Fast, Type::list(Type::String)),
        &[("a[0] #1", Answer::Text("zero")), ("a[2] #1", Answer::Text("two"))],
        expect![[r#"
            start a[0] #1 ("x")
            start a[1] #1 ("y")
            done a[0] #1
            start a[2] #1 ("z")
            done a[1] #1
            done a[2] #1
            end a
            result a=["zero","ok","two"]
        "#]],
    );
}

#[test]
fn the_first_failed_item_stops_the_others() {
    check(
        &each(2, FailMode::Fast, Type::list(Type::String)),
        &[("a[0] #1", Answer::Hangs), ("a[1] #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
            start a[0] #1 ("x")
            start a[1] #1 ("y")
            failed a[1] #1: failed
            stop a[0] #1: cancelled
            failed a[0] #1: cancelled
            end a: failed (scripted)
            result step `a`: scripted
        "#]],
    );
}

#[test]
fn failed_items_can_be_collected() {
    check(
        &each(1, FailMode::Collect, Type::list(Type::option(Type::String))),
        &[("a[1] #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
            start a[0] #1 ("x")
            done a[0] #1
            start a[1] #1 ("y")
            failed a[1] #1: failed
            start a[2] #1 ("z")
            done a[2] #1
            end a
            result a=["ok",null,"ok"]
        "#]],
    );
}

#[test]
fn a_step_of_no_items_ends_at_once() {
    let none =
        for_each(step("a", "one", &["item"]), "[\"x\"].filter(i, i == \"y\")", 0, FailMode::Fast);
    check(
        &plan(vec![none], &[("a", Type::list(Type::String), "steps.a")]),
        &[],
        expect![[r#"
            end a
            result a=[]
        "#]],
    );
}

#[test]
fn an_attempt_that_takes_too_long_is_stopped_and_tried_again() {
    let mut slow = retried(step("a", "one", &["\"x\""]), 2);
    slow.timeout = Some(Duration::from_secs(5));
    check(
        &plan(vec![slow], &[]),
        &[("a #1", Answer::Hangs)],
        expect![[r#"
        start a #1 ("x")
        at 5s the timeout of a step
        stop a #1: timeout
        failed a #1: timeout
        wait until 5.08345s
        at 5.08345s the next attempt or the end of a sleep
        start a #2 ("x")
        done a #2
        end a
        result 
    "#]],
    );
}

#[test]
fn the_deadline_ends_the_run() {
    let mut plan = plan(vec![step("a", "one", &["\"x\""])], &[]);
    plan.bounds.deadline = Some(Duration::from_secs(60));
    check(
        &plan,
        &[("a #1", Answer::Hangs)],
        expect![[r#"
        start a #1 ("x")
        at 60s the deadline of the run
        cancel: timeout
        stop a #1: timeout
        failed a #1: timeout
        end a: timeout (the run took longer than its deadline of 60s; raise `deadline`)
        result the run took longer than its deadline of 60s; raise `deadline`
    "#]],
    );
}

#[test]
fn an_expectation_that_does_not_hold_fails_the_step() {
    let expecting =
        plan::expect(step("a", "one", &["\"x\""]), "result == \"good\"", "it is not good");
    check(
        &plan(vec![expecting], &[]),
        &[],
        expect![[r#"
        start a #1 ("x")
        done a #1
        end a: expectation (it is not good)
        result step `a`: it is not good
    "#]],
    );
}

#[test]
fn a_failure_can_be_passed_over_by_its_kind() {
    let mut failing = step("a", "one", &["\"x\""]);
    failing.on_error = vec![Handler { kinds: vec![ErrorKind::NotFound], then: Handling::Continue }];
    failing.result = Some(Type::option(Type::String));
    let plan = plan(
        vec![failing, step("b", "one", &["\"y\""])],
        &[("a", Type::option(Type::String), "steps.a")],
    );
    check(
        &plan,
        &[("a #1", Answer::Fails(ErrorKind::NotFound))],
        expect![[r#"
        start a #1 ("x")
        failed a #1: not-found
        end a: not-found (scripted), passed over
        start b #1 ("y")
        done b #1
        end b
        result a=null
    "#]],
    );
    check(
        &plan,
        &[("a #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
        start a #1 ("x")
        failed a #1: failed
        end a: failed (scripted)
        result step `a`: scripted
    "#]],
    );
}

#[test]
fn what_all_items_changed_becomes_real_at_once() {
    check(
        &each(0, FailMode::Fast, Type::list(Type::String)),
        &[("a[0] #1", Answer::Changed(&["z", "b"])), ("a[1] #1", Answer::Changed(&["a"]))],
        expect![[r#"
            start a[0] #1 ("x")
            start a[1] #1 ("y")
            start a[2] #1 ("z")
            done a[0] #1
            done a[1] #1
            done a[2] #1
            commit a b z
            end a
            result a=["changed","changed","ok"]
        "#]],
    );
}

#[test]
fn a_conflict_is_tried_again_from_the_start() {
    let mut changing = retried(step("a", "one", &["\"x\""]), 2);
    changing.retry.as_mut().unwrap().on = vec![ErrorKind::Conflict];
    let plan = plan(vec![changing], &[]);
    let answers = [("a #1", Answer::Changed(&["a"])), ("a #2", Answer::Changed(&["a"]))];
    expect![[r#"
        start a #1 ("x")
        done a #1
        commit a
        conflict
        wait until 84.45ms
        at 84.45ms the next attempt or the end of a sleep
        start a #2 ("x")
        done a #2
        commit a
        end a
        result 
    "#]]
    .assert_eq(&play(&plan, &answers, &[true]));
    expect![[r#"
        start a #1 ("x")
        done a #1
        commit a
        conflict
        wait until 84.45ms
        at 84.45ms the next attempt or the end of a sleep
        start a #2 ("x")
        done a #2
        commit a
        conflict
        end a: conflict (nothing that the step `a` changed was written, since somebody else changed `a` in `repo`: changed)
        result step `a`: nothing that the step `a` changed was written, since somebody else changed `a` in `repo`: changed
    "#]].assert_eq(&play(&plan, &answers, &[true, true]));
}

#[test]
fn an_argument_that_has_no_value_fails_its_step() {
    check(
        &plan(vec![step("a", "one", &["[\"x\"][3]"])], &[]),
        &[],
        expect![[r#"
            end a: invalid (with.p0: `["x"][3]`: there is no element 3, the list has 1)
            result step `a`: with.p0: `["x"][3]`: there is no element 3, the list has 1
        "#]],
    );
}

#[test]
fn a_fact_of_a_step_that_the_plan_does_not_have_is_misplaced() {
    let plan = plan(vec![step("a", "one", &["\"x\""])], &[]);
    let (frame, step, files, passed) = (TaskId::root(RUN), 1, 0, false);
    let elsewhere = frame.child("a", 0);
    for event in [
        Event::StepStarted { frame, step, items: None },
        Event::StepStarted { frame: elsewhere, step: 0, items: None },
        Event::StepSkipped { frame, step },
        Event::FrameStarted { frame: elsewhere, within: frame, step, item: 0 },
        Event::FrameStopped { frame: elsewhere, reason: Error::cancelled() },
        Event::FrameDone { frame, error: None },
        Event::FrameDone { frame: elsewhere, error: None },
        Event::CommitIntended { frame, step, files, changes: Digest::of(b"") },
        Event::CommitDone { frame, step, conflicts: Vec::new(), error: None },
        Event::StepDone { frame, step, error: None, passed },
    ] {
        assert!(happens(&plan, &event).is_err(), "{event:?}");
    }
}

fn check(plan: &Plan, answers: &[(&str, Answer)], expected: Expect) {
    expected.assert_eq(&play(plan, answers, &[]));
}

fn each(parallel: u32, fail: FailMode, ty: Type) -> Plan {
    let items = "[\"x\", \"y\", \"z\"]";
    let each = for_each(step("a", "one", &["item"]), items, parallel, fail);
    plan(vec![each], &[("a", ty, "steps.a")])
}

fn retried(step: Step, attempts: u32) -> Step {
    let retry = RetryPlan {
        attempts,
        wait: Duration::from_millis(100),
        factor: 2.0,
        wait_max: Duration::from_secs(1),
        on: vec![ErrorKind::Timeout],
    };
    Step { retry: Some(retry), ..step }
}
