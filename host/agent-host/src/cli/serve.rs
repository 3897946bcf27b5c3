//! `agent-host serve`: a host that stays.

use std::time::Duration;

use clap::Args;

use super::Context;
use crate::{failure::Failure, session};

/// Stays, until it is stopped: goes on with runs, and has skills ready.
///
/// Other commands ask it, and the runs that they begin go on where they leave. It goes on with interrupted runs,
/// with waiting ones once they were told something or their time is over, and compiles skills that appear in the skills
/// folders before anybody runs them. Ctrl-C and SIGTERM stop it: runs are interrupted, and go on at the next start.
#[derive(Args)]
pub(crate) struct Serve {
    /// Leave interrupted and waiting runs to `agent-host resume`.
    #[arg(long)]
    no_resume: bool,
    /// Let a cycle of the memory's decay pass each so long, for example 1d; without it none passes by itself.
    #[arg(long, value_name = "DURATION", value_parser = cycle)]
    cycle: Option<Duration>,
}

/// The shortest cycle: even with it all that nobody uses is archived within four hours.
const CYCLE_LEAST: Duration = Duration::from_secs(60);

impl Serve {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        session::serve(context, !self.no_resume, self.cycle)
    }
}

fn cycle(text: &str) -> Result<Duration, String> {
    let cycle = voyager_manifest::read_duration(text).filter(|it| *it >= CYCLE_LEAST);
    cycle.ok_or_else(|| format!("`{text}` is no duration from `1m` on; write for example `1d`"))
}
