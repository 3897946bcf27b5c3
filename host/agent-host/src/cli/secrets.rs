//! Secrets on the command line: where they come from, never what they are.

use clap::Args;

use super::run::current_folder;
use crate::{failure::Failure, protocol::TypedSecret, secret_source::SecretSource};

/// The secrets of a run.
#[derive(Args)]
pub(crate) struct SecretArgs {
    /// A secret, as NAME=env:VARIABLE or NAME=file:PATH. May be given several times.
    // Not read while the line is: what is wrong there is repeated to whoever typed it, and to their logs.
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    secrets: Vec<String>,
}

impl SecretArgs {
    /// Reads them: here, and not in the process that has the state, since it is this one's environment that
    /// is meant.
    pub(super) fn read(self) -> Result<Vec<TypedSecret>, Failure> {
        read(&self.secrets)
    }
}

/// The name of a secret as it was typed; all of it where no source was.
pub(super) fn name(text: &str) -> &str {
    text.split_once('=').map_or(text, |(name, _)| name)
}

/// Reads secrets as they were typed.
pub(super) fn read(secrets: &[String]) -> Result<Vec<TypedSecret>, Failure> {
    let folder = current_folder()?;
    let mut read: Vec<TypedSecret> = Vec::new();
    let mut problems = Vec::new();
    for text in secrets {
        let (name, source) = name_and_source(text).map_err(Failure::usage)?;
        let source = source.absolute(&folder);
        if read.iter().any(|known| known.name == name) {
            problems.push(format!("the secret `{name}` is given twice"));
            continue;
        }
        match source.read() {
            Ok(value) => {
                let (source, value) = (source.to_string(), value.reveal().to_owned());
                read.push(TypedSecret { name, source, value });
            }
            Err(problem) => problems.push(format!("the secret `{name}`: {problem}")),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(Failure::usage(problems.join("; "))) }
}

fn name_and_source(text: &str) -> Result<(String, SecretSource), String> {
    let (name, source) = text
        .split_once('=')
        .ok_or("write `--secret NAME=env:VARIABLE` or `--secret NAME=file:PATH`")?;
    let source = source.parse().map_err(|error| format!("the secret `{name}`: {error}"))?;
    Ok((name.to_owned(), source))
}
