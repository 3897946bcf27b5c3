//! Attacks by programs: ones that are not granted, and granted ones with more than was meant.

use super::Case;
use crate::component;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = starts();
    cases.extend(variables());
    cases.extend(reaches());
    cases
}

const ECHO: &str = "process: [ { run: echo hello } ]";

/// What is started.
fn starts() -> Vec<Case> {
    const WORDS: &str = "a call begins with the words of its grant";
    const NAME: &str = "a program is a name, looked up in the host's search path";
    let case = |name, tries, bound, outcome, program: &'static str, arguments: &'static [&str]| {
        Case::call(name, tries, bound, outcome, move || {
            run(&Command { program, arguments, ..COMMAND })
        })
        .grants(ECHO)
    };
    vec![
        case("program-ungranted", "starts `rm`", WORDS, "denied", "rm", &["-rf", "."]),
        case("shell-ungranted", "starts `sh -c`", WORDS, "denied", "sh", &["-c", "echo hello"]),
        case(
            "argument-left-out",
            "starts `echo` without the granted first argument",
            WORDS,
            "denied",
            "echo",
            &["bye"],
        ),
        case(
            "argument-with-more",
            "starts `echo` with `hello world` as one argument",
            WORDS,
            "denied",
            "echo",
            &["hello world"],
        ),
        case(
            "argument-in-the-name",
            "starts a program called `echo hello`",
            WORDS,
            "denied",
            "echo hello",
            &[],
        ),
        case("program-by-path", "starts `/bin/echo`", WORDS, "denied", "/bin/echo", &["hello"]),
        case(
            "program-by-path-that-is-granted",
            "starts `/bin/echo`, which a careless grant names",
            NAME,
            "invalid",
            "/bin/echo",
            &["hello"],
        )
        .grants("process: [ { run: /bin/echo } ]"),
        case(
            "program-by-dots",
            "starts `../bin/echo`, which a careless grant names",
            NAME,
            "invalid",
            "../bin/echo",
            &["hello"],
        )
        .grants("process: [ { run: ../bin/echo } ]"),
        case(
            "program-with-a-nul",
            "starts `echo` with a NUL behind it",
            WORDS,
            "denied",
            "echo\\00x",
            &["hello"],
        ),
        case(
            "argument-with-a-nul",
            "gives an argument with a NUL",
            "an argument holds no NUL",
            "invalid",
            "echo",
            &["hello", "a\\00b"],
        ),
        case(
            "shell-in-an-argument",
            "gives `; touch ../outside/new` as an argument",
            "there is no shell between",
            "gives \"hello ; touch ../outside/new $(id) `id`\\n\"",
            "echo",
            &["hello", "; touch ../outside/new", "$(id)", "`id`"],
        ),
        case(
            "many-arguments",
            "gives 130,000 arguments",
            "1 MiB of command line",
            "limit process.argument-bytes: 1048576",
            "echo",
            &["hello", "*130000"],
        ),
        Case::call(
            "time-of-centuries",
            "wants to run `sleep` for as long as a number holds",
            "`time` of the grant",
            "timeout time: 0.1 s",
            || {
                run(&Command {
                    program: "sleep",
                    arguments: &["1000"],
                    timeout: Some(-1),
                    ..COMMAND
                })
            },
        )
        .grants("process: [ { run: sleep, time: 100ms } ]"),
        Case::call(
            "time-up-within-a-host-call",
            "waits in a host call until its own time is up",
            "`time` 300 ms; the program ends with the call",
            "timeout time: 300ms",
            || run(&Command { program: "sleep", arguments: &["1000"], ..COMMAND }),
        )
        .grants("process: [ { run: sleep } ]")
        .limits("time: 300ms"),
        Case::call(
            "no-time",
            "wants a program to end in no time",
            "a time that is up at once",
            "timeout …",
            || {
                run(&Command {
                    program: "sleep",
                    arguments: &["1000"],
                    timeout: Some(0),
                    ..COMMAND
                })
            },
        )
        .grants("process: [ { run: sleep } ]"),
    ]
}

/// What it is started with.
fn variables() -> Vec<Case> {
    const STEERS: &str = "variables that steer a loader or carry a secret are refused";
    let case = |name, tries, bound, outcome, variable: &'static str, value: &'static str| {
        let command = Command { variable: Some((variable, value)), ..COMMAND };
        Case::call(name, tries, bound, outcome, move || run(&command)).grants(ECHO)
    };
    vec![
        case(
            "variable-ld-preload",
            "sets `LD_PRELOAD`",
            STEERS,
            "denied",
            "LD_PRELOAD",
            "./evil.so",
        ),
        case("variable-path", "sets `PATH`", STEERS, "denied", "PATH", "."),
        case("variable-home", "sets `HOME`", STEERS, "denied", "HOME", "/root"),
        case(
            "variable-proxy",
            "sets `https_proxy`",
            STEERS,
            "denied",
            "https_proxy",
            "http://evil",
        ),
        case("variable-git", "sets `GIT_SSH_COMMAND`", STEERS, "denied", "GIT_SSH_COMMAND", "evil"),
        case(
            "variable-secret",
            "sets `AWS_SECRET_ACCESS_KEY`",
            STEERS,
            "denied",
            "AWS_SECRET_ACCESS_KEY",
            "x",
        ),
        case(
            "variable-with-an-equals-sign",
            "sets `X=1 LD_PRELOAD`",
            "a name is letters, digits and `_`",
            "invalid",
            "X=1\\00LD_PRELOAD",
            "x",
        ),
        case(
            "variable-with-a-nul",
            "sets a value with a NUL",
            "a value holds no NUL",
            "invalid",
            "X",
            "a\\00LD_PRELOAD=x",
        ),
        case(
            "variable-without-a-name",
            "sets a variable without a name",
            "a name is letters, digits and `_`",
            "invalid",
            "",
            "x",
        ),
        Case::call(
            "many-variables",
            "sets 300 variables",
            "256 variables",
            "limit process.environment: 256",
            || run(&Command { variable: Some(("X", "y")), variables: 300, ..COMMAND }),
        )
        .grants(ECHO),
        Case::call(
            "huge-input",
            "gives 40 MiB of standard input",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            || run(&Command { stdin: 40 << 20, ..COMMAND }),
        )
        .grants(ECHO)
        .limits("memory: 128MiB"),
    ]
}

/// What it reaches.
fn reaches() -> Vec<Case> {
    const VIEW: &str = "a program has a root of its own";
    let shell = |name, tries, bound, outcome, script: &'static str| {
        Case::call(name, tries, bound, outcome, move || {
            // One argument each, without quotes of the text form.
            run(&Command { program: "sh", arguments: &["-c", "@"], script, ..COMMAND })
        })
        .grants(concat!(
            "process: [ { run: sh, processes: 40, memory: 256MiB } ], ",
            "workspace: [ { root: inputs.repo, read: [\"src/**\"], write: [\"src/**\"] } ]"
        ))
    };
    let folder = |name, tries, bound, outcome, folder: &'static str, directory: &'static str| {
        let command = Command { folder: Some(folder), directory: Some(directory), ..COMMAND };
        Case::call(name, tries, bound, outcome, move || run(&command)).grants(concat!(
            "process: [ { run: echo hello } ], ",
            "workspace: [ { root: inputs.repo, read: [\"src/**\"] } ]"
        ))
    };
    vec![
        folder(
            "directory-dots",
            "wants to start in `../outside`",
            "a path is checked before anything opens it",
            "denied",
            "repo",
            "../outside",
        ),
        folder(
            "directory-absolute",
            "wants to start in `/etc`",
            "a path is checked before anything opens it",
            "denied",
            "repo",
            "/etc",
        ),
        folder(
            "folder-ungranted",
            "wants to start in a folder that is not granted",
            "the granted folders",
            "denied",
            "other",
            "src",
        ),
        shell(
            "program-reads-outside",
            "reads beside its folder",
            VIEW,
            "gives \"none\\n\"",
            "cat ../outside/secret.txt secret.txt /root/.ssh/* 2>/dev/null || echo none",
        ),
        shell(
            "program-writes-outside",
            "writes beside its folder, and where it may not",
            VIEW,
            "gives \"done\\n\"",
            "echo x >../outside/new; echo x >secret.txt; rm -rf ../outside; echo done",
        ),
        shell(
            "program-reads-the-host",
            "reads the host's variables and memory",
            "processes have a namespace of their own",
            "gives \"\"",
            "cat /proc/$PPID/environ /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c CARGO_MANIFEST | grep -v 0",
        ),
        shell(
            "program-links-out",
            "leaves a link to `/etc/passwd` to be kept",
            "only files are kept of what a program changes",
            "gives \"done\\n\"",
            "ln -s /etc/passwd src/link; mkfifo src/pipe; echo done",
        ),
        shell(
            "program-floods",
            "prints without end for a while",
            "1 MiB of each output is kept",
            "gives 1048576 bytes",
            "head -c 30000000 /dev/zero | tr '\\0' a",
        ),
        shell(
            "fork-bomb",
            "starts itself twice, for ever",
            "`processes` 40; all end with the first",
            "gives \"done\\n\"",
            // In a shell of its own: one that may start nothing more ends there and then.
            "f() { f | f & }; (f) 2>/dev/null; echo done",
        ),
        shell(
            "leave-a-process",
            "leaves a process behind that goes on",
            "all end with the first",
            "gives \"done\\n\"",
            "(setsid sleep 1000 >/dev/null 2>&1 &); echo done",
        ),
    ]
}

/// A command, in the text form of WebAssembly.
struct Command {
    program: &'static str,
    /// `*N`: so many empty ones; `@`: the script.
    arguments: &'static [&'static str],
    script: &'static str,
    variable: Option<(&'static str, &'static str)>,
    /// How often that.
    variables: u32,
    folder: Option<&'static str>,
    directory: Option<&'static str>,
    stdin: u32,
    timeout: Option<i64>,
}

const COMMAND: Command = Command {
    program: "echo",
    arguments: &["hello"],
    script: "",
    variable: None,
    variables: 1,
    folder: None,
    directory: None,
    stdin: 0,
    timeout: None,
};

/// Texts that lie one behind the other in the memory.
struct Texts {
    at: u32,
    data: String,
}

impl Texts {
    /// Puts a text down; where it is, and its bytes.
    fn put(&mut self, text: &str) -> (u32, u32) {
        let at = self.at;
        let length = u32::try_from(text.len() - 2 * text.matches("\\00").count()).unwrap_or(0);
        let quoted = text.replace('"', "\\22");
        self.data.push_str(&format!("(data (i32.const {at}) \"{quoted}\")\n"));
        self.at += length;
        (at, length)
    }
}

/// Runs a command, and gives back its standard output as a text, or the host's error.
fn run(command: &Command) -> Vec<u8> {
    let mut texts = Texts { at: 4_096, data: String::new() };
    let program = texts.put(command.program);
    let mut list = String::new();
    let mut count = 0;
    for argument in command.arguments {
        if let Some(many) = argument.strip_prefix('*') {
            count += many.parse::<u32>().unwrap_or(0);
            continue;
        }
        let script = command.script.replace('\\', "\\5c");
        let (at, length) = match *argument {
            "@" => {
                let at = texts.at;
                texts.data.push_str(&format!(
                    "(data (i32.const {at}) \"{}\")\n",
                    script.replace('"', "\\22")
                ));
                let length = u32::try_from(command.script.len()).unwrap_or(0);
                texts.at += length;
                (at, length)
            }
            other => texts.put(other),
        };
        let to = ARGUMENTS + count * 8;
        list.push_str(&format!(
            "(i32.store (i32.const {to}) (i32.const {at}))
            (i32.store offset=4 (i32.const {to}) (i32.const {length}))"
        ));
        count += 1;
    }
    let variables = command.variable.map_or(0, |(name, value)| {
        let ((name, name_length), (value, value_length)) = (texts.put(name), texts.put(value));
        for at in 0..command.variables {
            let to = VARIABLES + at * 16;
            for (offset, number) in [(0, name), (4, name_length), (8, value), (12, value_length)] {
                list.push_str(&format!(
                    "(i32.store offset={offset} (i32.const {to}) (i32.const {number}))"
                ));
            }
        }
        command.variables
    });
    let mut optional = |text: Option<&str>| match text {
        None => "(i32.const 0) (i32.const 0) (i32.const 0)".to_owned(),
        Some(text) => {
            let (at, length) = texts.put(text);
            format!("(i32.const 1) (i32.const {at}) (i32.const {length})")
        }
    };
    let (folder, directory) = (optional(command.folder), optional(command.directory));
    let timeout = match command.timeout {
        None => "(i32.const 0) (i64.const 0)".to_owned(),
        Some(time) => format!("(i32.const 1) (i64.const {time})"),
    };
    component(
        "use voyager:types/types@0.1.0.{error}; f: func() -> result<list<u8>, error>;",
        "import voyager:process/process@0.1.0;",
        &format!(
            r#"(import "voyager:process/process@0.1.0" "run" (func $run (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)))
            (memory (export "memory") 1000)
            (global $next (mut i32) (i32.const 8388608))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            {data}
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                {list}
                (call $run
                    (i32.const {at}) (i32.const {length}) (i32.const {ARGUMENTS}) (i32.const {count})
                    {folder} {directory}
                    (i32.const {VARIABLES}) (i32.const {variables})
                    (i32.const 131072) (i32.const {stdin})
                    {timeout} (i32.const 512))
                ;; Standard output, behind exit code (8 bytes) and signal (8 bytes).
                (if (i32.eqz (i32.load8_u (i32.const 512)))
                    (then (i64.store (i32.const 520) (i64.load (i32.const 536)))))
                (i32.const 512))"#,
            data = texts.data,
            at = program.0,
            length = program.1,
            stdin = command.stdin,
        ),
    )
}

const ARGUMENTS: u32 = 1 << 20;
const VARIABLES: u32 = 1 << 16;
