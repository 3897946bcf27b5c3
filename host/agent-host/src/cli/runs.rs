//! `agent-host runs`: what the journal holds.

use std::time::Duration;

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
    /// Forgets runs that ended long ago, and the content that nothing else names.
    ///
    /// Runs that have not ended stay, whatever their age. What is forgotten can't be shown, replayed, undone
    /// or forked any more; files that it wrote, and artifacts, stay.
    Prune {
        /// Those that ended so long ago: `12h`, `30d`.
        #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = age)]
        older_than: Duration,
        /// Only tells what it would do.
        #[arg(long)]
        dry_run: bool,
    },
    /// Packs the records of all runs, and gives back the room that they do not need any more.
    ///
    /// Nothing is forgotten: packed records are read as before. A host packs by itself what is old while it
    /// rests; this packs all that is left. Room is given back only while nothing else goes on, and with it the
    /// last of what runs left that were pruned.
    Compact,
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
            RunsCommand::Prune { older_than, dry_run } => {
                let request = Request::Prune { older_than, dry_run };
                report::prune(context, &session::ask(context, request)?)
            }
            RunsCommand::Compact => {
                report::compact(context, &session::ask(context, Request::Compact)?)
            }
            RunsCommand::Export { run } => {
                report::export(context, &session::ask(context, Request::Export { run })?)
            }
        }
    }
}

fn age(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let wrong = || format!("`{text}` is no duration; write for example `12h` or `30d`");
    voyager_manifest::read_duration(text).ok_or_else(wrong)
}
