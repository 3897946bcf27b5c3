//! What a process that has the state does for whoever connects: also for those who say what nobody can read.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    process::{Child, ChildStdin, Stdio},
};

use e2e::{Ended, Stage, Telling};

/// Who only connects.
fn stray(stage: &Stage) -> UnixStream {
    UnixStream::connect(stage.path("state/socket")).expect("a process has the state")
}

/// Says a line, and reads until the other side closes.
fn told(stage: &Stage, line: &[u8]) -> String {
    let mut stream = stray(stage);
    stream.write_all(line).expect("it is read");
    let mut told = String::new();
    stream.read_to_string(&mut told).expect("it is closed");
    told
}

fn serving(stage: &Stage) -> Telling {
    let mut host = Telling::begin(stage.command(["serve", "--json"]));
    host.until(&["\"serving\""]);
    host
}

/// An import that works until its input is closed, and has told how far it is.
fn importing(stage: &Stage) -> (Child, ChildStdin) {
    let mut command = stage.command(["memory", "import", "-", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("it is piped");
    for number in 0..300 {
        writeln!(input, "{{\"text\":\"Line {number} of many.\"}}").expect("it is read");
    }
    let mut out = BufReader::new(child.stdout.as_mut().expect("it is piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("it is text");
    assert!(first.contains("\"importing\""), "{first}");
    (child, input)
}

/// Closes the input of an import, which ends then.
fn ended((child, input): (Child, ChildStdin)) -> Ended {
    drop(input);
    Ended::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn a_request_that_nobody_can_read_is_answered_and_done_with() {
    let Some(stage) = Stage::new() else { return };
    let unread = || {
        for line in ["{\"ask\":\"later\"}\n", "\n"] {
            let told = told(&stage, line.as_bytes());
            assert!(told.contains("the request can't be read"), "{line}: {told}");
        }
    };
    let import = importing(&stage);
    unread();
    assert_eq!(ended(import).code, Some(0));
    let host = serving(&stage);
    unread();
    host.stop();
}

#[test]
fn who_waits_for_requests_of_others_says_so() {
    let Some(stage) = Stage::new() else { return };
    let (mut first, input) = importing(&stage);
    let second = importing(&stage);
    drop(input);
    let mut err = BufReader::new(first.stderr.take().expect("it is piped")).lines();
    let waits = err.find(|it| it.as_ref().is_ok_and(|it| it.contains("waiting for 1 request(s)")));
    assert!(waits.is_some(), "it never said so");
    assert_eq!(ended(second).code, Some(0));
    assert!(first.wait().expect("it ends").success());
}
