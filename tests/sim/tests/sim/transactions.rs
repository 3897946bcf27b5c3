//! Transactions: what a run does next, as text, and what becomes of files.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_bytes::ByteBuf;
use sim::{
    guests::{Guest, Guests},
    host::{Host, Life},
    machine::Machine,
    plan::checked,
    script::{Answer, play},
};
use voyager_base::{
    Error, ErrorKind, Value,
    process::RunProgram,
    sim::{CrashModel, SimDisk},
    workspace::{ReadFile, WriteFile},
};

fn check(body: &str, answers: &[(&str, Answer)], conflicts: &[bool], expect: Expect) {
    expect.assert_eq(&play(&checked(body), answers, conflicts));
}

const TWO: &str = "
steps:
  - id: both
    transaction: { workspace: inputs.repo }
    retry: { attempts: 2, wait: 1s, on: [timeout, conflict] }
    steps:
      - { id: first, use: guests/one, with: { p0: a } }
      - { id: second, use: guests/one, with: { p0: b } }
  - { id: after, use: guests/one, with: { p0: c } }
";

#[test]
fn steps_of_a_transaction_are_committed_once_and_together() {
    check(
        TWO,
        &[("first #1", Answer::Changed(&["x", "y"])), ("second #1", Answer::Changed(&["y", "z"]))],
        &[],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            stage x y
            start second #1 ("b")
            done second #1
            end second
            stage y z
            end of a round
            unstage
            commit x y z
            end both
            start after #1 ("c")
            done after #1
            end after
            result 
        "#]],
    );
}

#[test]
fn a_transaction_that_is_tried_again_begins_with_nothing_staged() {
    check(
        TWO,
        &[
            ("first #1", Answer::Changed(&["x"])),
            ("second #1", Answer::Fails(ErrorKind::Timeout)),
            ("second' #1", Answer::Changed(&["z"])),
        ],
        &[],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            stage x
            start second #1 ("b")
            failed second #1: timeout
            end second: timeout (scripted)
            end of a round: timeout (step `second`: scripted)
            unstage
            wait until 768.666ms
            at 768.666ms the next attempt or the end of a sleep
            start first' #1 ("a")
            done first' #1
            end first
            start second' #1 ("b")
            done second' #1
            end second
            stage z
            end of a round
            unstage
            commit z
            end both
            start after #1 ("c")
            done after #1
            end after
            result 
        "#]],
    );
}

#[test]
fn a_conflict_of_the_commit_is_the_error_of_the_transaction() {
    check(
        TWO,
        &[("first #1", Answer::Changed(&["x"])), ("first' #1", Answer::Changed(&["x"]))],
        &[true, true],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            stage x
            start second #1 ("b")
            done second #1
            end second
            end of a round
            unstage
            commit x
            conflict
            wait until 769.666ms
            at 769.666ms the next attempt or the end of a sleep
            start first' #1 ("a")
            done first' #1
            end first
            stage x
            start second' #1 ("b")
            done second' #1
            end second
            end of a round
            unstage
            commit x
            conflict
            end both: conflict (nothing that the step `both` changed was written, since somebody else changed `a` in `repo`: changed)
            result step `both`: nothing that the step `both` changed was written, since somebody else changed `a` in `repo`: changed
        "#]],
    );
}

#[test]
fn a_failed_inner_transaction_leaves_the_outer_one_as_it_was() {
    check(
        "
steps:
  - id: outer
    transaction: { workspace: inputs.repo }
    steps:
      - { id: first, use: guests/one, with: { p0: a } }
      - id: inner
        transaction: { workspace: inputs.repo }
        on-error: { any: continue }
        steps:
          - { id: second, use: guests/one, with: { p0: b } }
          - { id: third, use: guests/one, with: { p0: c } }
      - id: good
        transaction: { workspace: inputs.repo }
        steps:
          - { id: fourth, use: guests/one, with: { p0: d } }
",
        &[
            ("first #1", Answer::Changed(&["a"])),
            ("second #1", Answer::Changed(&["b"])),
            ("third #1", Answer::Fails(ErrorKind::Failed)),
            ("fourth #1", Answer::Changed(&["d"])),
        ],
        &[],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            stage a
            start second #1 ("b")
            done second #1
            end second
            stage b
            start third #1 ("c")
            failed third #1: failed
            end third: failed (scripted)
            end of a round: failed (step `third`: scripted)
            unstage
            end inner: failed (step `third`: scripted), passed over
            start fourth #1 ("d")
            done fourth #1
            end fourth
            stage d
            end of a round
            unstage
            end good
            stage d
            end of a round
            unstage
            commit a d
            end outer
            result 
        "#]],
    );
}

#[test]
fn a_preview_within_a_transaction_is_no_part_of_it_and_a_whole_one_can_be_a_preview() {
    check(
        "
steps:
  - id: whole
    transaction: { workspace: inputs.repo }
    changes: discard
    steps:
      - { id: first, use: guests/one, with: { p0: a } }
  - id: part
    transaction: { workspace: inputs.repo }
    steps:
      - { id: second, use: guests/one, with: { p0: a }, changes: discard }
      - { id: third, use: guests/one, with: { p0: a } }
",
        &[
            ("first #1", Answer::Changed(&["a"])),
            ("second #1", Answer::Changed(&["b"])),
            ("third #1", Answer::Changed(&["c"])),
        ],
        &[],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            stage a
            end of a round
            unstage
            end whole
            start second #1 ("a")
            done second #1
            end second
            start third #1 ("a")
            done third #1
            end third
            stage c
            end of a round
            unstage
            commit c
            end part
            result 
        "#]],
    );
}

#[test]
fn a_transaction_that_takes_too_long_changes_nothing() {
    check(
        "
steps:
  - id: both
    transaction: { workspace: inputs.repo }
    timeout: 1s
    steps:
      - { id: first, use: guests/one, with: { p0: a } }
      - { id: second, use: guests/one, with: { p0: b } }
",
        &[("first #1", Answer::Changed(&["a"])), ("second #1", Answer::Hangs)],
        &[],
        expect![[r#"
            start first #1 ("a")
            done first #1
            end first
            stage a
            start second #1 ("b")
            at 1s the timeout of a step
            stop a round: timeout
            stop second #1: timeout
            failed second #1: timeout
            end second: timeout (the step `both` took longer than its timeout of 1s; raise `timeout`)
            end of a round: timeout (the step `both` took longer than its timeout of 1s; raise `timeout`)
            unstage
            end both: timeout (the step `both` took longer than its timeout of 1s; raise `timeout`)
            result step `both`: the step `both` took longer than its timeout of 1s; raise `timeout`
        "#]],
    );
}

/// Steps that write, read back, and check with a program what the transaction did so far.
const EDITS: &str = "
steps:
  - id: both
    transaction: { workspace: inputs.repo }
    steps:
      - { id: first, use: guests/copy, with: { p0: a.txt } }
      - { id: seen, use: guests/one, with: { p0: copy-of-a.txt } }
      - { id: second, use: guests/copy, with: { p0: copy-of-a.txt } }
      - { id: made, use: guests/make, with: { p0: { from: steps.seen } } }
outputs:
  seen: { from: steps.both.seen }
";

#[test]
fn steps_see_what_the_steps_before_staged_and_the_disk_does_not() {
    let machine = Machine::with_files([("a.txt", "old")]);
    let host = Host::start(&SimDisk::new(1), &machine, &guests(&machine), 1).unwrap();
    let life = host.run(&checked(EDITS));
    let Life::Ended(Ok(outputs)) = life else { panic!("{life:?}") };
    let on_disk = "[\"a.txt\"]";
    assert_eq!(outputs[0].1, text(&format!("old, and on the disk are {on_disk}")));
    let paths: Vec<String> = machine.files().into_keys().collect();
    assert_eq!(paths, ["a.txt", "copy-of-a.txt", "copy-of-copy-of-a.txt", "made.txt"]);
}

#[test]
fn a_crash_anywhere_leaves_all_or_nothing_and_the_run_goes_on() {
    let calm = Machine::with_files([("a.txt", "old")]);
    let host = Host::start(&SimDisk::new(1), &calm, &guests(&calm), 1).unwrap();
    assert!(matches!(host.run(&checked(EDITS)), Life::Ended(Ok(_))));
    for point in 1..=calm.points() {
        let (machine, host) = interrupted(EDITS, point);
        let life = host.resume(host.only_run().unwrap());
        match life {
            Life::Ended(Ok(_)) => assert_eq!(machine.files(), calm.files(), "point {point}"),
            // Nobody knows whether the program ran.
            Life::Ended(Err(failure)) => {
                assert_eq!(
                    failure.error.kind,
                    ErrorKind::UnknownEffect,
                    "point {point}: {failure}"
                );
                assert_eq!(machine.files().len(), 1, "point {point}");
            }
            Life::Died => panic!("point {point}"),
        }
    }
}

#[test]
fn what_somebody_changed_meanwhile_is_a_conflict_and_left_alone() {
    let body = "
steps:
  - id: both
    transaction: { workspace: inputs.repo }
    steps:
      - { id: first, use: guests/rename, with: { p0: old, p1: new } }
      - { id: edited, use: guests/edit }
      - { id: second, use: guests/rename, with: { p0: new, p1: newer } }
";
    let machine = Machine::with_files([("a.txt", "old"), ("b.txt", "old too")]);
    let host = Host::start(&SimDisk::new(1), &machine, &guests(&machine), 1).unwrap();
    let life = host.run(&checked(body));
    let Life::Ended(Err(failure)) = life else { panic!("{life:?}") };
    assert_eq!(failure.error.kind, ErrorKind::Conflict, "{failure}");
    let files = [("a.txt", "the user's"), ("b.txt", "old too")];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(machine.files(), BTreeMap::from(files));
}

#[test]
fn of_steps_that_change_a_file_differently_at_the_same_time_one_is_told() {
    let body = |retry: &str| {
        format!(
            "
steps:
  - id: both
    transaction: {{ workspace: inputs.repo }}
    parallel: all
    steps:
      - {{ id: first, use: guests/append, with: {{ p0: one }}, {retry} }}
      - {{ id: second, use: guests/append, with: {{ p0: two }}, {retry} }}
"
        )
    };
    let run = |body: &str| {
        let machine = Machine::with_files([("a.txt", "")]);
        let host = Host::start(&SimDisk::new(1), &machine, &guests(&machine), 1).unwrap();
        (host.run(&checked(body)), machine.files()["a.txt"].clone())
    };
    let (life, file) = run(&body(""));
    let Life::Ended(Err(failure)) = life else { panic!("{life:?}") };
    assert_eq!((failure.error.kind, file.as_str()), (ErrorKind::Conflict, ""), "{failure}");
    // Tried again, it sees what the other one did.
    let (life, file) = run(&body("retry: { attempts: 2, on: [conflict] }"));
    assert!(matches!(life, Life::Ended(Ok(_))), "{life:?}");
    assert!(file == " one two" || file == " two one", "{file}");
}

/// A host that starts anew after the one before it died at a point of the machine.
fn interrupted(body: &str, point: u64) -> (Machine, Host) {
    let machine = Machine::with_files([("a.txt", "old")]);
    let disk = SimDisk::new(point);
    machine.crash_at(point);
    let host = Host::start(&disk, &machine, &guests(&machine), point).unwrap();
    assert_eq!(host.run(&checked(body)), Life::Died, "point {point}");
    drop(host);
    machine.restart();
    let disk = disk.after_crash(CrashModel::Lost, point);
    let host = Host::start(&disk, &machine, &guests(&machine), point + 1).unwrap();
    (machine, host)
}

/// The simulation's guests, and some that look at the machine itself.
fn guests(machine: &Machine) -> Guests {
    let (looks, edits) = (machine.clone(), machine.clone());
    sim::manifests::guests()
        .with("one", move |guest| {
            let on_disk: Vec<String> = looks.files().into_keys().collect();
            async move {
                let content = read(&guest, guest.text(0)).await?;
                Ok(text(&format!("{content}, and on the disk are {on_disk:?}")))
            }
        })
        .with("make", |guest| async move {
            let call = RunProgram {
                program: "make".to_owned(),
                arguments: vec![guest.text(0).to_owned()],
                folder: None,
                directory: None,
                environment: Vec::new(),
                stdin: ByteBuf::new(),
                time_max: None,
            };
            guest.ask(call).await?;
            write(&guest, "made.txt", "made").await?;
            Ok(text(""))
        })
        .with("edit", move |_| {
            edits.set_file("a.txt", Some(b"the user's".to_vec()));
            async { Ok(text("")) }
        })
        .with("append", |guest| async move {
            let content = read(&guest, "a.txt").await?;
            write(&guest, "a.txt", &format!("{content} {}", guest.text(0))).await?;
            Ok(text(""))
        })
}

async fn read(guest: &Guest, path: &str) -> Result<String, Error> {
    let (root, path) = ("repo".to_owned(), path.to_owned());
    let bytes = guest.ask(ReadFile { root, path, offset: 0, length: 1 << 20 }).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn write(guest: &Guest, path: &str, content: &str) -> Result<(), Error> {
    let (root, path) = ("repo".to_owned(), path.to_owned());
    guest.ask(WriteFile { root, path, content: ByteBuf::from(content.as_bytes()) }).await
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
