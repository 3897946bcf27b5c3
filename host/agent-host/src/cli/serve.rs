//! `agent-host serve`: a host that stays.

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
}

impl Serve {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        session::serve(context, !self.no_resume)
    }
}
