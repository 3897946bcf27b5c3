//! `agent-host cancel`: ending a run that is going on.

use clap::Args;

use super::Context;
use crate::{failure::Failure, protocol::Request, report, session};

/// Cancels a run, whichever process runs it.
#[derive(Args)]
pub(crate) struct Cancel {
    /// Id of the run, or its beginning.
    run: String,
}

impl Cancel {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let answer = session::ask(context, Request::Cancel { run: self.run })?;
        report::cancel(context, &answer)
    }
}
