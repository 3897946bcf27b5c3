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
    types::types::{Error, Fault},
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
    fn run(command: String) -> Result<Outcome, String> {
        run(command)
    }

    fn detect() -> Result<Option<String>, String> {
        detected()
    }

    fn test() -> Result<Option<Outcome>, String> {
        detected()?.map(run).transpose()
    }
}

fn run(line: String) -> Result<Outcome, String> {
    let (program, arguments) = command::words(&line)?;
    let command = Command {
        program,
        arguments,
        folder: None,
        directory: None,
        environment: Vec::new(),
        stdin: Vec::new(),
        timeout_ms: None,
    };
    let finished = process::run(&command).map_err(told)?;
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

fn detected() -> Result<Option<String>, String> {
    let mut roots = files::roots().map_err(told)?;
    if roots.len() > 1 {
        let names: Vec<_> = roots.iter().map(|root| root.name.as_str()).collect();
        return Err(format!(
            "several folders are granted ({}); tests are looked for where just one is",
            names.join(", ")
        ));
    }
    let Some(root) = roots.pop() else { return Ok(None) };
    Ok(detect::detect(&Granted(root.folder))?.map(str::to_owned))
}

struct Granted(Folder);

impl Repository for Granted {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match self.0.stat(path) {
            Ok(stat) if matches!(stat.kind, Kind::File) => {}
            // A file that may not be read tells nothing.
            Ok(_) | Err(Error::NotFound(_) | Error::Denied(_)) => return Ok(None),
            Err(error) => return Err(told(error)),
        }
        self.0.read(path, 0, FILE_BYTES_MAX).map(Some).map_err(told)
    }

    fn any(&self, globs: &[&str]) -> Result<bool, String> {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        let listing = self.0.list(&globs).map_err(told)?;
        Ok(!listing.next(1).map_err(told)?.is_empty())
    }
}

/// A host error in one line, its kind first.
fn told(error: Error) -> String {
    let of = |kind: &str, fault: Fault| format!("{kind}: {}", fault.message);
    match error {
        Error::Denied(fault) => of("denied", fault),
        Error::NotFound(fault) => of("not-found", fault),
        Error::Invalid(fault) => of("invalid", fault),
        Error::Conflict(fault) => of("conflict", fault),
        Error::Limit(fault) => of("limit", fault),
        Error::Timeout(fault) => of("timeout", fault),
        Error::Unavailable(fault) => of("unavailable", fault),
        Error::UnknownEffect(fault) => of("unknown-effect", fault),
        Error::Cancelled(fault) => of("cancelled", fault),
        Error::Other(other) => of(&other.code, other.fault),
    }
}
