//! `agent-host man`: the manual page.

use clap::{Args, CommandFactory};
use serde_json::json;

use super::{Cli, Context};
use crate::{failure::Failure, printing, report};

/// Prints the manual page, in the format of man(7).
#[derive(Args)]
pub(crate) struct Man {
    /// The command to describe, all of them where none is named.
    command: Option<String>,
}

impl Man {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let mut root = Cli::command();
        root.build();
        let command = match &self.command {
            None => root,
            Some(name) => root
                .find_subcommand(name)
                .cloned()
                .ok_or_else(|| Failure::usage(format!("there is no command `{name}`")))?,
        };
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::environment("cannot write the manual page", &error))?;
        let answer = json!({ "page": String::from_utf8_lossy(&page) });
        report::tell(context, &answer, 0, || printing::bytes(&page))
    }
}
