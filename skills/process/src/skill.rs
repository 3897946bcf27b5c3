//! The skill as a component: bindings on one side, the plain modules on the other.

#![expect(
    unsafe_code,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    reason = "the bindings are generated"
)]

wit_bindgen::generate!({
    path: ["../../wit/types.wit", "../../wit/process.wit", "../../wit/workspace.wit", "wit"],
    world: "voyager-skills:process/skill",
    generate_all,
});

use exports::voyager_skills::process::programs::{Guest, Outcome};
use voyager::{
    process::process::{self, Command},
    types::types::{Error, Fault, Retry},
    workspace::files::{self, Folder, Kind},
};

use crate::{
    command,
    detect::{self, Repository},
    output,
};

/// Largest file that is read for detection.
const FILE_BYTES_MAX: u64 = 1 << 20;

struct Skill;

export!(Skill);

impl Guest for Skill {
    fn run(command: String) -> Result<Outcome, Error> {
        run(command)
    }

    fn detect() -> Result<Option<String>, Error> {
        detected()
    }

    fn test() -> Result<Option<Outcome>, Error> {
        detected()?.map(run).transpose()
    }
}

fn run(line: String) -> Result<Outcome, Error> {
    let (program, arguments) = command::words(&line).map_err(invalid)?;
    let command = Command {
        program,
        arguments,
        folder: None,
        directory: None,
        environment: Vec::new(),
        stdin: Vec::new(),
        timeout_ms: None,
    };
    let finished = process::run(&command)?;
    Ok(Outcome {
        command: line,
        passed: finished.exit_code == Some(0),
        exit_code: finished.exit_code,
        signal: finished.signal,
        output_tail: output::tail(&finished.stdout, &finished.stderr),
        confinement: finished.confinement,
        changed: finished.changed,
    })
}

fn detected() -> Result<Option<String>, Error> {
    let mut roots = files::roots()?;
    if roots.len() > 1 {
        let names: Vec<_> = roots.iter().map(|root| root.name.as_str()).collect();
        return Err(invalid(format!(
            "several folders are granted ({}); tests are looked for where just one is",
            names.join(", ")
        )));
    }
    let Some(root) = roots.pop() else { return Ok(None) };
    Ok(detect::detect(&Granted(root.folder))?.map(str::to_owned))
}

struct Granted(Folder);

impl Repository for Granted {
    type Error = Error;

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.0.stat(path) {
            Ok(stat) if matches!(stat.kind, Kind::File) => {}
            // A file that may not be read tells nothing.
            Ok(_) | Err(Error::NotFound(_) | Error::Denied(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        self.0.read(path, 0, FILE_BYTES_MAX).map(Some)
    }

    fn any(&self, globs: &[&str]) -> Result<bool, Error> {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        Ok(!self.0.list(&globs)?.next(1)?.is_empty())
    }
}

/// What this skill itself finds wrong with a question.
fn invalid(message: String) -> Error {
    Error::Invalid(Fault { message, bound: None, retry: Retry::Never })
}
