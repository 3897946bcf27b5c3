//! `agent-host kill`: ending a run at once.

use clap::Args;

use super::Context;
use crate::{
    failure::Failure,
    protocol::{Request, Word},
    report, session,
};

/// Ends a run at once: nothing is taken back, and no `finally` runs.
///
/// `agent-host cancel` ends it with both. A commit of files under way is still finished.
#[derive(Args)]
pub(crate) struct Kill {
    /// Id of the run, or its beginning.
    run: String,
}

impl Kill {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let request = Request::Tell { run: self.run, word: Word::Kill, by: context.user() };
        let answer = session::ask(context, request)?;
        report::told(context, &answer, "killed")
    }
}
