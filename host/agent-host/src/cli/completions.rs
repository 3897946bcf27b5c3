//! `agent-host completions`: what shells need to complete our commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;

use super::{Cli, Context};
use crate::{failure::Failure, printing, report};

/// Prints completions for a shell.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "agent-host", &mut script);
        let answer = json!({
            "shell": self.shell.to_string(),
            "script": String::from_utf8_lossy(&script),
        });
        report::tell(context, &answer, 0, || printing::bytes(&script))
    }
}
