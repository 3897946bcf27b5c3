//! `agent-host completions`: what shells need to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Context};
use crate::{failure::Failure, printing};

/// Prints completions for a shell.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, _context: &Context) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "agent-host", &mut script);
        printing::bytes(&script)?;
        Ok(0)
    }
}
