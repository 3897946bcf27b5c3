//! `voyager:process`: programs of the machine.

use std::time::Duration;

use serde_bytes::ByteBuf;
use voyager_base::process::{Finished, RunProgram};

use super::wit::voyager::process::process;
use crate::guest::Guest;

impl process::Host for Guest {
    async fn run(
        &mut self,
        command: process::Command,
    ) -> wasmtime::Result<Result<process::Finished, process::Error>> {
        let answer = self.ask(RunProgram::from(command)).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }
}

impl From<process::Command> for RunProgram {
    fn from(command: process::Command) -> Self {
        Self {
            program: command.program,
            arguments: command.arguments,
            folder: command.folder,
            directory: command.directory,
            environment: command.environment,
            stdin: ByteBuf::from(command.stdin),
            time_max: command.timeout_ms.map(Duration::from_millis),
        }
    }
}

impl From<Finished> for process::Finished {
    fn from(finished: Finished) -> Self {
        Self {
            exit_code: finished.exit_code,
            signal: finished.signal,
            stdout: finished.stdout.into_vec(),
            stderr: finished.stderr.into_vec(),
            dropped: finished.dropped,
            changed: finished.changed,
            discarded: finished.discarded,
            confinement: finished.confinement,
        }
    }
}
