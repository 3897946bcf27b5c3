//! Steps within steps: what a run does next, as text.

use expect_test::{Expect, expect};
use sim::{
    plan::checked,
    script::{Answer, play},
};
use voyager_base::ErrorKind;

fn check(body: &str, answers: &[(&str, Answer)], expect: Expect) {
    expect.assert_eq(&play(&checked(body), answers, &[]));
}

#[test]
fn a_block_gives_the_record_of_its_steps() {
    check(
        "
steps:
  - id: both
    steps:
      - { id: first, use: guests/one, with: { p0: a } }
      - { id: second, use: guests/one, with: { p0: { from: steps.first } } }
outputs:
  second: { from: steps.both.second }
",
        &[("first #1", Answer::Text("one")), ("second #1", Answer::Text("two"))],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            start second #1 ("one")
            done second #1
            end second
            end of a round
            end both
            result second="two"
        "#]],
    );
}

#[test]
fn the_error_of_a_step_inside_is_the_error_of_the_block() {
    check(
        "
steps:
  - id: outer
    steps:
      - id: inner
        steps:
          - { id: breaks, use: guests/one, with: { p0: a } }
          - { id: never, use: guests/one, with: { p0: b } }
    on-error: { timeout: continue }
  - { id: after, use: guests/one, with: { p0: { expr: \"string(has(steps.outer))\" } } }
",
        &[("breaks #1", Answer::Fails(ErrorKind::Timeout))],
        expect![[r#"
            start breaks #1 ("a")
            failed breaks #1: timeout
            end breaks: timeout (scripted)
            end of a round: timeout (step `breaks`: scripted)
            end inner: timeout (step `breaks`: scripted)
            end of a round: timeout (step `inner`: step `breaks`: scripted)
            end outer: timeout (step `inner`: step `breaks`: scripted), passed over
            start after #1 ("false")
            done after #1
            end after
            result 
        "#]],
    );
}

#[test]
fn a_block_is_tried_again_as_a_whole() {
    check(
        "
steps:
  - id: both
    retry: { attempts: 2, wait: 1s, on: [timeout] }
    steps:
      - { id: first, use: guests/one, with: { p0: a } }
      - { id: second, use: guests/one, with: { p0: b } }
",
        &[("second #1", Answer::Fails(ErrorKind::Timeout))],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            start second #1 ("b")
            failed second #1: timeout
            end second: timeout (scripted)
            end of a round: timeout (step `second`: scripted)
            wait until 768.666ms
            at 768.666ms the next attempt or the end of a sleep
            start first' #1 ("a")
            done first' #1
            end first
            start second' #1 ("b")
            done second' #1
            end second
            end of a round
            end both
            result 
        "#]],
    );
}

#[test]
fn a_block_runs_for_each_item_and_sees_it() {
    check(
        "
steps:
  - id: each
    for-each: { in: \"['x', 'y', 'z']\", as: name, parallel: 2 }
    steps:
      - { id: first, use: guests/one, with: { p0: { from: name } } }
      - { id: second, use: guests/one, with: { p0: { expr: \"name + steps.first\" } } }
outputs:
  all: { from: \"steps.each.map(it, it.second)\" }
",
        &[("second' #1", Answer::Text("other"))],
        expect![[r#"
            start first #1 ("x")
            start first' #1 ("y")
            done first #1
            end first
            start second #1 ("xok")
            done first' #1
            end first
            start second' #1 ("yok")
            done second #1
            end second
            end of a round
            start first'' #1 ("z")
            done second' #1
            end second
            end of a round
            done first'' #1
            end first
            start second'' #1 ("zok")
            done second'' #1
            end second
            end of a round
            end each
            result all=["ok","other","ok"]
        "#]],
    );
}

#[test]
fn no_more_items_of_a_block_begin_at_once_than_the_run_allows() {
    check(
        "
limits: { parallel: 1 }
steps:
  - id: each
    for-each: { in: \"['x', 'y']\" }
    steps:
      - { id: rest, sleep: 1s }
      - { id: inner, use: guests/one, with: { p0: { from: item } } }
",
        &[],
        expect![[r#"
            at 1s the next attempt or the end of a sleep
            end rest
            start inner #1 ("x")
            done inner #1
            end inner
            end of a round
            at 2.001s the next attempt or the end of a sleep
            end rest
            start inner' #1 ("y")
            done inner' #1
            end inner
            end of a round
            end each
            result 
        "#]],
    );
}

#[test]
fn a_failed_item_of_a_block_stops_the_others() {
    check(
        "
steps:
  - id: each
    for-each: { in: \"['x', 'y']\" }
    steps:
      - { id: inner, use: guests/one, with: { p0: { from: item } } }
",
        &[("inner #1", Answer::Hangs), ("inner' #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
            start inner #1 ("x")
            start inner' #1 ("y")
            failed inner' #1: failed
            end inner: failed (scripted)
            end of a round: failed (step `inner`: scripted)
            stop inner #1: cancelled
            failed inner #1: cancelled
            end inner: cancelled (another item of its step failed)
            end of a round: cancelled (another item of its step failed)
            end each: failed (step `inner`: scripted)
            result step `each`: step `inner`: scripted
        "#]],
    );
}

#[test]
fn any_ends_with_the_first_success_and_race_with_the_first_end() {
    let body = |mode: &str| {
        format!(
            "
steps:
  - id: some
    parallel: {mode}
    steps:
      - {{ id: slow, use: guests/one, with: {{ p0: a }} }}
      - {{ id: bad, use: guests/one, with: {{ p0: b }} }}
      - {{ id: good, use: guests/one, with: {{ p0: c }} }}
outputs:
  good: {{ from: \"default(steps.some.good, 'none')\" }}
"
        )
    };
    let answers = [("slow #1", Answer::Hangs), ("bad #1", Answer::Fails(ErrorKind::Failed))];
    check(
        &body("any"),
        &answers,
        expect![[r#"
        start slow #1 ("a")
        start bad #1 ("b")
        start good #1 ("c")
        failed bad #1: failed
        end bad: failed (scripted)
        done good #1
        end good
        stop slow #1: cancelled
        failed slow #1: cancelled
        end slow: cancelled (another step of its block ended first)
        end of a round
        end some
        result good="ok"
    "#]],
    );
    check(
        &body("race"),
        &answers,
        expect![[r#"
        start slow #1 ("a")
        start bad #1 ("b")
        start good #1 ("c")
        failed bad #1: failed
        end bad: failed (scripted)
        stop slow #1: cancelled
        stop good #1: cancelled
        done good #1
        failed slow #1: cancelled
        end slow: cancelled (another part of the run failed)
        end of a round: failed (step `bad`: scripted)
        end some: failed (step `bad`: scripted)
        result step `some`: step `bad`: scripted
    "#]],
    );
}

#[test]
fn any_fails_where_all_do() {
    check(
        "
steps:
  - id: some
    parallel: any
    steps:
      - { id: one, use: guests/one, with: { p0: a } }
      - { id: other, use: guests/one, with: { p0: b } }
",
        &[
            ("one #1", Answer::Fails(ErrorKind::Failed)),
            ("other #1", Answer::Fails(ErrorKind::Unavailable)),
        ],
        expect![[r#"
            start one #1 ("a")
            start other #1 ("b")
            failed one #1: failed
            end one: failed (scripted)
            failed other #1: unavailable
            end other: unavailable (scripted)
            end of a round: unavailable (step `other`: scripted)
            end some: unavailable (step `other`: scripted)
            result step `some`: step `other`: scripted
        "#]],
    );
}

#[test]
fn a_switch_runs_the_first_case_that_holds() {
    check(
        "
steps:
  - { id: kind, use: guests/one, with: { p0: a } }
  - id: choose
    switch:
      - { id: first, when: \"steps.kind == 'a'\", use: guests/one, with: { p0: a } }
      - { id: second, when: \"steps.kind == 'ok'\", use: guests/one, with: { p0: b } }
      - { id: otherwise, use: guests/one, with: { p0: c } }
outputs:
  second: { from: \"default(steps.choose.second, 'none')\" }
",
        &[("second #1", Answer::Text("chosen"))],
        expect![[r#"
            start kind #1 ("a")
            done kind #1
            end kind
            skip first
            start second #1 ("b")
            skip otherwise
            done second #1
            end second
            end of a round
            end choose
            result second="chosen"
        "#]],
    );
}

#[test]
fn rounds_go_on_until_a_result_is_good_and_carry_values() {
    check(
        "
steps:
  - id: think
    repeat:
      max: 5
      until: \"result.review == 'good'\"
      carry: { feedback: { type: string, start: nothing, next: result.review } }
    steps:
      - { id: draft, use: guests/one, with: { p0: { expr: \"feedback + string(round)\" } } }
      - { id: review, use: guests/one, with: { p0: { from: steps.draft } } }
outputs:
  draft: { from: steps.think.draft }
",
        &[
            ("review #1", Answer::Text("bad")),
            ("review' #1", Answer::Text("better")),
            ("review'' #1", Answer::Text("good")),
            ("draft'' #1", Answer::Text("third")),
        ],
        expect![[r#"
            start draft #1 ("nothing1")
            done draft #1
            end draft
            start review #1 ("ok")
            done review #1
            end review
            end of a round
            start draft' #1 ("bad2")
            done draft' #1
            end draft
            start review' #1 ("ok")
            done review' #1
            end review
            end of a round
            start draft'' #1 ("better3")
            done draft'' #1
            end draft
            start review'' #1 ("third")
            done review'' #1
            end review
            end of a round
            end think
            result draft="third"
        "#]],
    );
}

#[test]
fn rounds_that_never_become_good_are_a_limit() {
    check(
        "
steps:
  - id: think
    use: guests/one
    with: { p0: { expr: \"string(round)\" } }
    changes: discard
    repeat: { max: 2, until: \"result == 'good'\" }
",
        &[],
        expect![[r#"
            start think #1 ("1")
            done think #1
            start think' #1 ("2")
            done think' #1
            end think: limit (`repeat.until` held in none of 2 rounds; raise `repeat.max`, or write `exhausted: continue` to go on with the last result)
            result step `think`: `repeat.until` held in none of 2 rounds; raise `repeat.max`, or write `exhausted: continue` to go on with the last result
        "#]],
    );
}

#[test]
fn all_rounds_can_be_collected() {
    check(
        "
steps:
  - id: each
    use: guests/one
    with: { p0: { expr: \"string(round)\" } }
    changes: discard
    repeat: { max: 2, collect: true }
outputs:
  all: { from: steps.each }
",
        &[("each #1", Answer::Text("first")), ("each' #1", Answer::Text("second"))],
        expect![[r#"
            start each #1 ("1")
            done each #1
            start each' #1 ("2")
            done each' #1
            end each
            result all=["first","second"]
        "#]],
    );
}

#[test]
fn collected_rounds_outlive_a_last_one_that_is_tried_again() {
    check(
        "
steps:
  - id: each
    use: guests/one
    with: { p0: { expr: \"string(round)\" } }
    changes: discard
    repeat: { max: 2, collect: true }
    expect: [ { that: \"result[size(result) - 1] != 'bad'\", message: bad } ]
    retry: { attempts: 2, on: [expectation] }
outputs:
  all: { from: steps.each }
",
        &[
            ("each #1", Answer::Text("first")),
            ("each' #1", Answer::Text("bad")),
            ("each' #2", Answer::Text("second")),
        ],
        expect![[r#"
            start each #1 ("1")
            done each #1
            start each' #1 ("2")
            done each' #1
            wait until 888.274ms
            at 888.274ms the next attempt or the end of a sleep
            start each' #2 ("2")
            done each' #2
            end each
            result all=["first","second"]
        "#]],
    );
}

#[test]
fn what_stands_in_finally_runs_after_a_failure_too() {
    check(
        "
steps:
  - { id: good, use: guests/one, with: { p0: a } }
  - { id: bad, use: guests/one, with: { p0: b } }
  - { id: never, use: guests/one, with: { p0: c } }
finally:
  - { id: tidy, use: guests/one, with: { p0: { expr: \"default(steps.good, 'no') + default(steps.never, 'no')\" } } }
",
        &[("bad #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
            start good #1 ("a")
            done good #1
            end good
            start bad #1 ("b")
            failed bad #1: failed
            end bad: failed (scripted)
            start tidy #1 ("okno")
            done tidy #1
            end tidy
            result step `bad`: scripted
        "#]],
    );
}

#[test]
fn the_finally_of_a_block_runs_where_the_block_takes_too_long() {
    check(
        "
steps:
  - id: outer
    timeout: 2s
    steps:
      - { id: hangs, use: guests/one, with: { p0: a } }
    finally:
      - { id: tidy, use: guests/one, with: { p0: b } }
",
        &[("hangs #1", Answer::Hangs)],
        expect![[r#"
            start hangs #1 ("a")
            at 2s the timeout of a step
            stop a round: timeout
            stop hangs #1: timeout
            failed hangs #1: timeout
            end hangs: timeout (the step `outer` took longer than its timeout of 2s; raise `timeout`)
            start tidy #1 ("b")
            done tidy #1
            end tidy
            end of a round: timeout (the step `outer` took longer than its timeout of 2s; raise `timeout`)
            end outer: timeout (the step `outer` took longer than its timeout of 2s; raise `timeout`)
            result step `outer`: the step `outer` took longer than its timeout of 2s; raise `timeout`
        "#]],
    );
}

#[test]
fn a_sleep_ends_by_itself() {
    check(
        "
steps:
  - { id: rest, sleep: 5m }
  - { id: after, use: guests/one, with: { p0: a } }
",
        &[],
        expect![[r#"
            at 300s the next attempt or the end of a sleep
            end rest
            start after #1 ("a")
            done after #1
            end after
            result 
        "#]],
    );
}
