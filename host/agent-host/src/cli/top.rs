//! `agent-host top`: what goes on now.

use std::{io::IsTerminal as _, time::Duration};

use clap::Args;

use super::Context;
use crate::{failure::Failure, top};

/// Shows runs, their tasks and what the host has to do, as it changes; a run's trace at Enter.
///
/// It only looks: runs of other processes go on as if nobody did. With `--once` or `--json`, and where the output
/// is no terminal, it prints what there is and ends.
#[derive(Args)]
pub(crate) struct Top {
    /// Print what there is, and end.
    #[arg(long)]
    once: bool,
    /// Seconds from one look to the next.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
}

impl Top {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        if self.once || context.json || !std::io::stdout().is_terminal() {
            return top::once(context);
        }
        top::watch(context, Duration::from_secs(self.interval))
    }
}
