//! Compensation: what a run takes back when it fails, as text.

use expect_test::{Expect, expect};
use sim::{
    plan::checked,
    script::{Answer, play},
};
use voyager_base::ErrorKind;

fn check(body: &str, answers: &[(&str, Answer)], expect: Expect) {
    expect.assert_eq(&play(&checked(body), answers, &[]));
}

/// Two steps that can be taken back, and one that may fail.
const TRIP: &str = "
steps:
  - id: flight
    use: guests/one
    with: { p0: a }
    compensate: { use: guests/upper, with: { p0: { from: result } } }
  - id: rooms
    for-each: { in: \"['x', 'y']\", as: town, parallel: 1 }
    use: guests/one
    with: { p0: { from: town } }
    compensate: { use: guests/upper, with: { p0: { expr: \"town + result\" } }, retry: { attempts: 2, wait: 1s } }
  - { id: pay, use: guests/one, with: { p0: b } }
finally:
  - { id: tidy, use: guests/one, with: { p0: c } }
";

#[test]
fn a_run_that_ends_well_takes_nothing_back() {
    check(
        TRIP,
        &[],
        expect![[r#"
        start flight #1 ("a")
        done flight #1
        end flight
        start rooms[0] #1 ("x")
        done rooms[0] #1
        start rooms[1] #1 ("y")
        done rooms[1] #1
        end rooms
        start pay #1 ("b")
        done pay #1
        end pay
        start tidy #1 ("c")
        done tidy #1
        end tidy
        result 
    "#]],
    );
}

#[test]
fn a_run_that_fails_takes_back_what_ended_well_the_last_first_and_then_tidies_up() {
    check(
        TRIP,
        &[("pay #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
        start flight #1 ("a")
        done flight #1
        end flight
        start rooms[0] #1 ("x")
        done rooms[0] #1
        start rooms[1] #1 ("y")
        done rooms[1] #1
        end rooms
        start pay #1 ("b")
        failed pay #1: failed
        end pay: failed (scripted)
        take back: rooms.compensate
        start rooms.compensate #1 ("yok")
        done rooms.compensate #1
        end rooms.compensate
        end of a round
        take back: rooms.compensate
        start rooms.compensate' #1 ("xok")
        done rooms.compensate' #1
        end rooms.compensate
        end of a round
        take back: flight.compensate
        start flight.compensate #1 ("ok")
        done flight.compensate #1
        end flight.compensate
        end of a round
        start tidy #1 ("c")
        done tidy #1
        end tidy
        result step `pay`: scripted
    "#]],
    );
}

#[test]
fn items_that_ended_well_are_taken_back_where_another_one_failed() {
    check(
        TRIP,
        &[("rooms[1] #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
        start flight #1 ("a")
        done flight #1
        end flight
        start rooms[0] #1 ("x")
        done rooms[0] #1
        start rooms[1] #1 ("y")
        failed rooms[1] #1: failed
        end rooms: failed (scripted)
        take back: rooms.compensate
        start rooms.compensate #1 ("xok")
        done rooms.compensate #1
        end rooms.compensate
        end of a round
        take back: flight.compensate
        start flight.compensate #1 ("ok")
        done flight.compensate #1
        end flight.compensate
        end of a round
        start tidy #1 ("c")
        done tidy #1
        end tidy
        result step `rooms`: scripted
    "#]],
    );
}

#[test]
fn a_compensation_that_fails_is_told_and_the_others_run() {
    check(
        TRIP,
        &[
            ("pay #1", Answer::Fails(ErrorKind::Failed)),
            ("rooms.compensate #1", Answer::Fails(ErrorKind::Timeout)),
            ("rooms.compensate' #1", Answer::Fails(ErrorKind::Failed)),
        ],
        expect![[r#"
            start flight #1 ("a")
            done flight #1
            end flight
            start rooms[0] #1 ("x")
            done rooms[0] #1
            start rooms[1] #1 ("y")
            done rooms[1] #1
            end rooms
            start pay #1 ("b")
            failed pay #1: failed
            end pay: failed (scripted)
            take back: rooms.compensate
            start rooms.compensate #1 ("yok")
            failed rooms.compensate #1: timeout
            wait until 934.411ms
            at 934.411ms the next attempt or the end of a sleep
            start rooms.compensate #2 ("yok")
            done rooms.compensate #2
            end rooms.compensate
            end of a round
            take back: rooms.compensate
            start rooms.compensate' #1 ("xok")
            failed rooms.compensate' #1: failed
            end rooms.compensate: failed (scripted)
            end of a round: failed (step `rooms.compensate`: scripted)
            take back: flight.compensate
            start flight.compensate #1 ("ok")
            done flight.compensate #1
            end flight.compensate
            end of a round
            start tidy #1 ("c")
            done tidy #1
            end tidy
            result step `pay`: scripted; not taken back: step `rooms.compensate`: scripted
        "#]],
    );
}

#[test]
fn a_cancelled_run_takes_back_what_it_did() {
    check(
        "
limits: { deadline: 1s }
steps:
  - { id: first, use: guests/one, with: { p0: a }, compensate: { use: guests/upper, with: { p0: x } } }
  - { id: second, use: guests/one, with: { p0: b }, compensate: { use: guests/upper, with: { p0: y } } }
",
        &[("second #1", Answer::Hangs)],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            start second #1 ("b")
            at 1s the deadline of the run
            cancel: timeout
            stop second #1: timeout
            failed second #1: timeout
            end second: timeout (the run took longer than its deadline of 1s; raise `deadline`)
            take back: first.compensate
            start first.compensate #1 ("x")
            done first.compensate #1
            end first.compensate
            end of a round
            result the run took longer than its deadline of 1s; raise `deadline`
        "#]],
    );
}

#[test]
fn a_block_takes_back_its_own_before_it_is_tried_again() {
    check(
        "
steps:
  - { id: before, use: guests/one, with: { p0: a }, compensate: { use: guests/upper, with: { p0: before } } }
  - id: both
    retry: { attempts: 2, wait: 1s, on: [timeout] }
    steps:
      - { id: first, use: guests/one, with: { p0: a }, compensate: { use: guests/upper, with: { p0: first } } }
      - { id: second, use: guests/one, with: { p0: b } }
",
        &[("second #1", Answer::Fails(ErrorKind::Timeout))],
        expect![[r#"
            start before #1 ("a")
            done before #1
            end before
            start first #1 ("a")
            done first #1
            end first
            start second #1 ("b")
            failed second #1: timeout
            end second: timeout (scripted)
            take back: first.compensate
            start first.compensate #1 ("first")
            done first.compensate #1
            end first.compensate
            end of a round
            end of a round: timeout (step `second`: scripted)
            wait until 770.666ms
            at 770.666ms the next attempt or the end of a sleep
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
fn what_blocks_did_that_ended_well_is_taken_back_by_what_is_around_them() {
    check(
        "
steps:
  - id: block
    steps:
      - { id: first, use: guests/one, with: { p0: a }, compensate: { use: guests/upper, with: { p0: first } } }
      - id: inner
        steps:
          - { id: second, use: guests/one, with: { p0: b }, compensate: { use: guests/upper, with: { p0: { from: result } } } }
    compensate: { use: guests/upper, with: { p0: { from: result.first } } }
  - id: passed
    on-error: { any: continue }
    steps:
      - { id: third, use: guests/one, with: { p0: c }, compensate: { use: guests/upper, with: { p0: third } } }
      - { id: fourth, use: guests/one, with: { p0: d } }
outputs:
  broken: { from: \"string(1 / (size(string(has(steps.passed))) - 5))\" }
",
        &[("second #1", Answer::Text("two")), ("fourth #1", Answer::Fails(ErrorKind::Failed))],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            start second #1 ("b")
            done second #1
            end second
            end of a round
            end inner
            end of a round
            end block
            start third #1 ("c")
            done third #1
            end third
            start fourth #1 ("d")
            failed fourth #1: failed
            end fourth: failed (scripted)
            take back: third.compensate
            start third.compensate #1 ("third")
            done third.compensate #1
            end third.compensate
            end of a round
            end of a round: failed (step `fourth`: scripted)
            end passed: failed (step `fourth`: scripted), passed over
            take back: block.compensate
            start block.compensate #1 ("ok")
            done block.compensate #1
            end block.compensate
            end of a round
            take back: second.compensate
            start second.compensate #1 ("two")
            done second.compensate #1
            end second.compensate
            end of a round
            take back: first.compensate
            start first.compensate #1 ("first")
            done first.compensate #1
            end first.compensate
            end of a round
            result outputs.broken: `1 / (size(string(has(steps.passed))) - 5)`: division by zero
        "#]],
    );
}

#[test]
fn the_loser_of_a_race_takes_back_what_it_did() {
    check(
        "
steps:
  - id: some
    parallel: race
    steps:
      - id: slow
        steps:
          - { id: begun, use: guests/one, with: { p0: a }, compensate: { use: guests/upper, with: { p0: begun } } }
          - { id: hangs, use: guests/one, with: { p0: b } }
      - id: fast
        steps:
          - { id: quick, use: guests/one, with: { p0: c }, compensate: { use: guests/upper, with: { p0: quick } } }
          - { id: done, use: guests/one, with: { p0: d } }
",
        &[("hangs #1", Answer::Hangs)],
        expect![[r#"
            start begun #1 ("a")
            start quick #1 ("c")
            done begun #1
            end begun
            start hangs #1 ("b")
            done quick #1
            end quick
            start done #1 ("d")
            done done #1
            end done
            end of a round
            end fast
            stop hangs #1: cancelled
            failed hangs #1: cancelled
            end hangs: cancelled (another step of its block ended first)
            take back: begun.compensate
            start begun.compensate #1 ("begun")
            done begun.compensate #1
            end begun.compensate
            end of a round
            end of a round: cancelled (step `hangs`: another step of its block ended first)
            end slow: cancelled (step `hangs`: another step of its block ended first)
            end of a round
            end some
            result 
        "#]],
    );
}

#[test]
fn what_a_compensation_can_not_be_asked_fails_its_step() {
    check(
        "
steps:
  - { id: zero, use: guests/one, with: { p0: a } }
  - id: first
    use: guests/one
    with: { p0: a }
    compensate: { use: guests/upper, with: { p0: { expr: \"string(1 / (size(steps.zero) - 2))\" } } }
",
        &[],
        expect![[r#"
            start zero #1 ("a")
            done zero #1
            end zero
            start first #1 ("a")
            done first #1
            end first: invalid (compensate.with.p0: `1 / (size(steps.zero) - 2)`: division by zero)
            result step `first`: compensate.with.p0: `1 / (size(steps.zero) - 2)`: division by zero
        "#]],
    );
}

#[test]
fn what_was_done_is_taken_back_in_files_as_well() {
    use sim::{
        host::{Host, Life},
        manifests,
    };
    let all = manifests::all();
    let manifest = all.iter().find(|it| it.name == "compensating").expect("it is one of them");
    let machine = manifest.machine();
    let disk = voyager_base::sim::SimDisk::new(1);
    let host = Host::start(&disk, &machine, &manifests::guests(), 1).expect("the host starts");
    let life = host.run(&manifest.plan);
    assert!(matches!(life, Life::Ended(Ok(_))), "{life:?}");
    let words = ["flight", "keys", "no car of keys", "no keys", "two is no TWO", "one is no ONE"];
    let words = [&words[..], &["no flight", "tidy", "kept", ""]].concat();
    assert_eq!(machine.files()["log.txt"], words.join("\n"));
}
