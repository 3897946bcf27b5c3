//! `agent-host runs`: what the journal holds.

use clap::{Args, Subcommand};

use super::Context;
use crate::{failure::Failure, protocol::Request, report, session};

/// Lists and shows runs.
#[derive(Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    command: Option<RunsCommand>,
}

#[derive(Subcommand)]
enum RunsCommand {
    /// All runs, the newest last.
    List,
    /// One run: its inputs, steps, outputs.
    Show {
        /// Id of the run, or its beginning [default: the newest].
        run: Option<String>,
    },
    /// One run as a tree of tasks, with every question they asked the host.
    Trace {
        /// Id of the run, or its beginning [default: the newest].
        run: Option<String>,
    },
    /// The records of one run, a line of JSON each.
    Export {
        /// Id of the run, or its beginning.
        run: String,
    },
}

impl Runs {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        match self.command.unwrap_or(RunsCommand::List) {
            RunsCommand::List => report::runs(context, &session::ask(context, Request::Runs)?),
            RunsCommand::Show { run } => {
                report::show(context, &session::ask(context, Request::Show { run })?)
            }
            RunsCommand::Trace { run } => {
                report::trace(context, &session::ask(context, Request::Show { run })?)
            }
            RunsCommand::Export { run } => {
                report::export(context, &session::ask(context, Request::Export { run })?)
            }
        }
    }
}
