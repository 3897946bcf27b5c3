//! `agent-host cache`: results that outlive their runs.

use clap::{Args, Subcommand};

use super::Context;
use crate::{failure::Failure, protocol::Request, report, session};

/// Shows or forgets the results that steps with `cache` keep.
#[derive(Args)]
pub(crate) struct Cache {
    #[command(subcommand)]
    command: Option<CacheCommand>,
}

#[derive(Subcommand)]
enum CacheCommand {
    /// How many there are, and what they take.
    Show,
    /// Forgets all: the next runs compute them again. Journals of runs keep what they were given.
    Clear,
}

impl Cache {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let clear = matches!(self.command, Some(CacheCommand::Clear));
        report::results(context, &session::ask(context, Request::Results { clear })?)
    }
}
