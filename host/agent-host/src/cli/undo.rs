//! `agent-host undo`: taking back what a run changed.

use clap::Args;

use super::Context;
use crate::{failure::Failure, protocol::Request, report, session};

/// Takes back what an ended run changed in files.
///
/// Contents and permissions come back as they were before the run; files that it created go. Where
/// somebody changed one of these files since, nothing is touched, and all such files are listed
/// (exit code 1). What programs did elsewhere can't be taken back, and is listed too.
///
/// An undo is a run of its own: it is journaled, `resume` goes on with it after a crash, and undoing it
/// brings the changes back.
#[derive(Args)]
pub(crate) struct Undo {
    /// Id of the run, or its beginning.
    run: String,
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
}

impl Undo {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let request = Request::Undo { run: self.run, dry_run: self.dry_run };
        report::undo(context, &session::ask(context, request)?)
    }
}
