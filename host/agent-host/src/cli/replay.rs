//! `agent-host replay`: the record, once more.

use clap::Args;

use super::Context;
use crate::{failure::Failure, protocol::Request, report, session};

/// Replays a run from its journal: state, outputs and hash chain must come out identical.
#[derive(Args)]
pub(crate) struct Replay {
    /// Id of the run, or its beginning.
    run: String,
    /// Run the skills again as well, with the recorded answers, and compare every question they ask.
    #[arg(long)]
    verify: bool,
}

impl Replay {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let answer = session::ask(context, Request::Replay { run: self.run, verify: self.verify })?;
        report::replay(context, &answer)
    }
}
