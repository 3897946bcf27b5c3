//! What a process that has the state does for whoever connects: also for those who say nothing, or too much, or what nobody
//! can read.

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    os::unix::net::UnixStream,
    process::{Child, ChildStdin, Command, Stdio},
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

fn serving(command: Command) -> Telling {
    let mut host = Telling::begin(command);
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
    let host = serving(stage.command(["serve", "--json"]));
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

#[test]
fn too_many_open_files_are_an_error_of_the_moment() {
    let Some(stage) = Stage::new() else { return };
    let program = stage.command(["serve", "--json", "--log", "warn", "--log-format", "json"]);
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\" 2>&1"]).arg(program.get_program());
    command.args(program.get_args()).stdin(Stdio::null());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut host = serving(command);
    let strays: Vec<UnixStream> = (0..100).map(|_| stray(&stage)).collect();
    host.until(&["Too many open files"]);
    drop(strays);
    assert_eq!(stage.answer(["memory", "stats"])["records"], 0);
    host.stop();
}

#[test]
fn who_does_not_finish_a_request_is_in_nobodys_way() {
    let Some(stage) = Stage::new() else { return };
    let host = serving(stage.command(["serve", "--json"]));
    let part = [b'x'; 64 << 10];
    let unfinished = || {
        let mut stream = stray(&stage);
        stream.set_nonblocking(true).expect("it is a socket");
        let full = loop {
            if let Err(error) = stream.write(&part) {
                break error.kind();
            }
        };
        assert_eq!(full, ErrorKind::WouldBlock);
        stream.set_nonblocking(false).expect("it is a socket");
        stream
    };
    // More than may ask at a time: their time runs out.
    let mut many: Vec<UnixStream> = (0..300).map(|_| unfinished()).collect();
    assert_eq!(stage.answer(["memory", "stats"])["records"], 0);
    let closed = many[0].read(&mut [0]).map_err(|it| it.kind());
    assert!(matches!(closed, Ok(0) | Err(ErrorKind::ConnectionReset)), "{closed:?}");
    host.stop();
}

#[test]
fn what_the_limits_allow_is_asked_of_another_process_and_more_is_refused() {
    let Some(stage) = Stage::new() else { return };
    let host = serving(stage.command(["serve", "--json"]));
    // Each letter is six in a request.
    let text = stage.write("text", "\u{1}".repeat(1 << 20));
    let text = Stdio::from(std::fs::File::open(text).expect("it was written"));
    let mut add = stage.command(["memory", "add", "-"]);
    for number in 0..20 {
        add.args(["--field", &format!("f{number}={}", "\u{1}".repeat(60_000))]);
    }
    let added = Ended::from(add.stdin(text).output().expect("the program starts"));
    assert_eq!((added.code, &*added.out), (Some(0), "m0\n"), "{}", added.err);
    stage.write("large.yaml", "#".repeat(33 << 20));
    let refused = stage.call(["run", "large.yaml"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("the request has more than 32 MiB"), "{refused:?}");
    // Another version of the program may send more than this one would.
    let mut line = vec![b'x'; 33 << 20];
    line.push(b'\n');
    assert!(told(&stage, &line).contains("the request has more than 32 MiB"));
    host.stop();
}
