//! Tests of a skill: its component in the real host, with the grants and the answers that the test names.
//!
//! `agent-host skill test` builds the component and says where the host and the component are.
//!
//! ```no_run
//! use voyager_sdk::testing::{Call, Program, Server};
//!
//! let played = Call::new("notes/publish")
//!     .with("since", "v1.0.0")
//!     .program("git log", Program::prints("fix: a crash\n"))
//!     .server("https://api.example.org/notes", Server::answers(201, "{}"))
//!     .play();
//! assert!(played.outcome.is_ok());
//! assert_eq!(played.asked("http.send")[0].arguments["body"], "fix: a crash\n");
//! ```
//!
//! The call is a run like any other but for two things: what the skill asks of programs, servers and other skills is
//! answered by the test, and nothing is journaled. What the test has no answer to fails, and the test with it.

mod script;

use std::{
    ffi::OsString,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::script::Script;
pub use self::script::{Child, Memory, Program, Server};

/// One call of an operation.
pub struct Call {
    /// Options of the host, before the command.
    options: Vec<OsString>,
    operation: String,
    /// Options of the command.
    words: Vec<OsString>,
    script: Script,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its result as JSON, or why there is none.
    pub outcome: Result<Value, Failure>,
    /// What the skill and its child tasks asked the host, in the order in which they did.
    pub asked: Vec<Asked>,
    /// Lines that it logged: level and message.
    pub log: Vec<(String, String)>,
}

/// A question to the host, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Its name, for example `workspace.read` or `process.run`.
    pub call: String,
    /// Its arguments by name. Bytes are text where they are some, `{ "bytes": NUMBER }` where not. `null` where they
    /// are larger than the host keeps.
    pub arguments: Value,
    /// Why it was not answered, or denied.
    pub failure: Option<Failure>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The kind, as manifests name it, for example `failed` or `denied`.
    pub kind: String,
    /// One sentence.
    pub message: String,
    /// The grant that is missing, or the bound that was hit.
    pub bound: Option<String>,
    /// The operation's own error, where the kind is `failed`; `null` otherwise.
    pub detail: Value,
}

impl Call {
    /// A call of `operation`, as in manifests, for example `word-count/count`, without arguments, grants and answers.
    pub fn new(operation: &str) -> Self {
        let (options, words) = (Vec::new(), Vec::new());
        Self { options, operation: operation.to_owned(), words, script: Script::default() }
    }

    /// The same with an argument.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Value>) -> Self {
        self.word("--with", format!("{name}={}", value.into()))
    }

    /// The same, and it may read `folder`.
    #[must_use]
    pub fn read(self, folder: &Path) -> Self {
        self.word("--read", folder)
    }

    /// The same, and it may read and change `folder`.
    #[must_use]
    pub fn write(self, folder: &Path) -> Self {
        self.word("--write", folder)
    }

    /// The same, and it may start what begins with `words`, for example `git log`, which `answer` answers.
    #[must_use]
    pub fn program(mut self, words: &str, answer: Program) -> Self {
        self.script.program(words, answer);
        self.allow_program(words)
    }

    /// The same, and it may ask the server of `url`, where `answer` answers requests whose URL begins so.
    #[must_use]
    pub fn server(mut self, url: &str, answer: Server) -> Self {
        self.script.server(url, answer);
        self.allow_server(script::origin(url))
    }

    /// The same, and it may call `operation` as a child task, which `answer` answers. The name is a whole one,
    /// `acme:spelling/checking.check`. Children of its own operations that have no answer really run.
    #[must_use]
    pub fn child(mut self, operation: &str, answer: Child) -> Self {
        self.script.child(operation, answer);
        self.allow_call(operation)
    }

    /// The same, and its requests may hold `${secrets.NAME}`.
    #[must_use]
    pub fn secret(self, name: &str) -> Self {
        self.word("--secret", name)
    }

    /// The same with another limit, for example `host-calls` and `10`, or `memory` and `256MiB`.
    #[must_use]
    pub fn limit(self, name: &str, value: impl std::fmt::Display) -> Self {
        self.word("--limit", format!("{name}={value}"))
    }

    /// The same with randomness that grows from `seed`. Without it randomness is the same in every call, too.
    #[must_use]
    pub fn seed(mut self, seed: &str) -> Self {
        self.script.seed(seed);
        self
    }

    /// The same, and it may start what begins with `words`.
    #[must_use]
    pub fn allow_program(self, words: &str) -> Self {
        self.word("--program", words)
    }

    /// The same, and it may ask `server`: `api.example.org`, `http://localhost:8080`.
    #[must_use]
    pub fn allow_server(self, server: &str) -> Self {
        self.word("--server", server)
    }

    /// The same, and it may recall from the spaces of the memory that a glob names.
    #[must_use]
    pub fn recall(self, glob: &str) -> Self {
        self.word("--recall", glob)
    }

    /// The same, and it may remember in the spaces of the memory that a glob names.
    #[must_use]
    pub fn remember(self, glob: &str) -> Self {
        self.word("--remember", glob)
    }

    /// The same, with an answer of the memory. Grants are [`Self::recall`] and [`Self::remember`].
    #[must_use]
    pub fn memory(mut self, answer: Memory) -> Self {
        self.script.memory(answer);
        self
    }

    /// The same, and it may call the operations as child tasks that a glob names.
    #[must_use]
    pub fn allow_call(self, glob: &str) -> Self {
        self.word("--call", glob)
    }

    /// The same, with the answers of a file, `voyager: script/v1`, instead of those given here.
    ///
    /// Grants are given here all the same.
    #[must_use]
    pub fn script(mut self, file: &Path) -> Self {
        self.script.file(file);
        self
    }

    /// The same, with the skill that a WIT package declares, in a file or a folder: it need not be here, since
    /// [`Self::child`] answers for it.
    #[must_use]
    pub fn wit(self, path: &Path) -> Self {
        self.word("--wit", path)
    }

    /// The same, with the skills in `folder` beside those that are there anyway.
    #[must_use]
    pub fn skills(mut self, folder: &Path) -> Self {
        self.options.push("--skills".into());
        self.options.push(folder.into());
        self
    }

    fn word(mut self, option: &str, value: impl Into<OsString>) -> Self {
        self.words.push(option.into());
        self.words.push(value.into());
        self
    }

    /// Plays the call; gives back its result as JSON.
    ///
    /// # Errors
    /// [`Failure`] where the operation gave none.
    ///
    /// # Panics
    /// As [`Self::play`].
    pub fn run(self) -> Result<Value, Failure> {
        self.play().outcome
    }

    /// Plays the call; gives back its result as a value of a type that has the names of the WIT type.
    ///
    /// # Errors
    /// [`Failure`] where the operation gave none.
    ///
    /// # Panics
    /// As [`Self::play`], and where the result is no `T`.
    pub fn run_as<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let result = self.run()?;
        Ok(T::deserialize(&result).unwrap_or_else(|error| panic!("{error}: {result}")))
    }

    /// Plays the call; gives back all that came of it.
    ///
    /// # Panics
    /// Where the test was not started by `agent-host skill test`, the call could not be made, the skill asked what the
    /// test has no answer to, or it did not ask what the test has an answer to.
    #[track_caller]
    pub fn play(self) -> Played {
        let mut command = Command::new(variable("VOYAGER_HOST"));
        command.arg("--skills").arg(variable("VOYAGER_SKILLS")).args(self.options);
        command.args(["--json", "skill", "run", &self.operation]).args(self.words);
        let (file, text) = self.script.source();
        command.arg("--script").arg(file);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut host = command.spawn().unwrap_or_else(|error| panic!("the host: {error}"));
        let mut input = host.stdin.take().expect("it is piped");
        // A host that does not read it says why.
        let _ = input.write_all(text.as_bytes());
        drop(input);
        let output = host.wait_with_output().unwrap_or_else(|error| panic!("the host: {error}"));
        let told = String::from_utf8_lossy(&output.stdout);
        let last = told.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok());
        let last = last.unwrap_or_else(|| {
            panic!("the host gave no answer: {}", String::from_utf8_lossy(&output.stderr))
        });
        assert!(
            last["answer"].is_object(),
            "the call can't be made: {}",
            text_of(&last["error"]["message"])
        );
        Played::of(&last["answer"])
    }
}

impl Played {
    #[track_caller]
    fn of(answer: &Value) -> Self {
        let problems = list(&answer["unanswered"]).iter().chain(list(&answer["unused"]));
        let problems: Vec<String> = problems.map(text_of).collect();
        assert!(problems.is_empty(), "the answers don't fit the call:\n{}", problems.join("\n"));
        let outcome = match answer["status"] == "done" {
            true => Ok(answer["outputs"]["result"].clone()),
            false => Err(Failure::of(&answer["error"])),
        };
        let asked = list(&answer["asked"]).iter().map(|it| Asked {
            call: text_of(&it["call"]),
            arguments: it["arguments"].clone(),
            failure: it["error"].is_object().then(|| Failure::of(&it["error"])),
        });
        let line = |it: &Value| (text_of(&it["level"]), text_of(&it["message"]));
        Self {
            outcome,
            asked: asked.collect(),
            log: list(&answer["log"]).iter().map(line).collect(),
        }
    }

    /// The questions of this name, in the order in which they were asked.
    pub fn asked(&self, call: &str) -> Vec<&Asked> {
        self.asked.iter().filter(|it| it.call == call).collect()
    }
}

impl Failure {
    fn of(error: &Value) -> Self {
        Self {
            kind: text_of(&error["kind"]),
            message: text_of(&error["message"]),
            bound: error["bound"].as_str().map(str::to_owned),
            detail: error["detail"].clone(),
        }
    }
}

fn variable(name: &str) -> OsString {
    std::env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set: start tests by `agent-host skill test`"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_of_a_call_is_read() {
        let played = Played::of(&json!({
            "status": "failed", "outputs": {},
            "error": { "kind": "failed", "message": "no", "bound": null, "detail": { "line": 3 } },
            "asked": [
                { "call": "process.run", "arguments": { "program": "git" }, "outcome": "denied",
                  "error": { "kind": "denied", "message": "no grant", "bound": "process: ..." } },
            ],
            "log": [{ "level": "warn", "message": "odd" }],
            "unanswered": [], "unused": [],
        }));
        assert_eq!(played.outcome.clone().unwrap_err().detail["line"], 3);
        let denied = played.asked("process.run")[0].failure.clone().unwrap();
        assert_eq!(
            (denied.kind.as_str(), denied.bound.as_deref()),
            ("denied", Some("process: ..."))
        );
        assert_eq!(played.log, [("warn".to_owned(), "odd".to_owned())]);
        assert!(played.asked("http.send").is_empty());
    }

    #[test]
    #[should_panic(expected = "there is no answer to the program")]
    fn a_call_that_the_answers_do_not_fit_fails_its_test() {
        let _ = Played::of(&json!({
            "status": "done", "outputs": { "result": null },
            "unanswered": ["there is no answer to the program [\"git\"]"], "unused": [],
        }));
    }
}
