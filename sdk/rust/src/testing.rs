//! Tests of a skill: its component in the real host, with the grants that the test names.
//!
//! `agent-host skill test` builds the component and says where the host and the component are.

use std::{path::Path, process::Command};

use serde_json::Value;

/// One call of an operation.
pub struct Call {
    command: Command,
}

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The kind, as manifests name it, for example `failed` or `denied`.
    pub kind: String,
    /// One sentence.
    pub message: String,
}

impl Call {
    /// A call of `operation`, as in manifests, for example `word-count/count`, without arguments and
    /// grants.
    ///
    /// # Panics
    /// Where the test was not started by `agent-host skill test`.
    pub fn new(operation: &str) -> Self {
        let variable = |name| {
            std::env::var_os(name).unwrap_or_else(|| {
                panic!("{name} is not set: start tests by `agent-host skill test`")
            })
        };
        let mut command = Command::new(variable("VOYAGER_HOST"));
        command.arg("--skills").arg(variable("VOYAGER_SKILLS"));
        command.args(["--json", "skill", "run", operation]);
        Self { command }
    }

    /// The same with an argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.command.arg("--with").arg(format!("{name}={}", value.into()));
        self
    }

    /// The same, and it may read `folder`.
    #[must_use]
    pub fn read(mut self, folder: &Path) -> Self {
        self.command.arg("--read").arg(folder);
        self
    }

    /// The same, and it may read and change `folder`.
    #[must_use]
    pub fn write(mut self, folder: &Path) -> Self {
        self.command.arg("--write").arg(folder);
        self
    }

    /// Runs the call; gives back its result as JSON.
    ///
    /// # Errors
    /// [`Failure`] where the operation gave none.
    ///
    /// # Panics
    /// Where the host does not start or gives no answer.
    pub fn run(mut self) -> Result<Value, Failure> {
        let output = self.command.output().unwrap_or_else(|error| panic!("the host: {error}"));
        let text = String::from_utf8_lossy(&output.stdout);
        let updates = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let last = updates.last().unwrap_or_else(|| {
            panic!("the host gave no answer: {}", String::from_utf8_lossy(&output.stderr))
        });
        outcome(&last)
    }
}

fn outcome(last: &Value) -> Result<Value, Failure> {
    let answer = &last["answer"];
    if answer["status"] == "done" {
        return Ok(answer["outputs"]["result"].clone());
    }
    let error = if answer["error"].is_object() { &answer["error"] } else { &last["error"] };
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    let message = match text("message") {
        message if message.is_empty() => last.to_string(),
        message => message,
    };
    Err(Failure { kind: text("kind"), message })
}
