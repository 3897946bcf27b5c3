//! `agent-host pause`: standing still, on purpose.

use clap::Args;

use super::Context;
use crate::{
    failure::Failure,
    protocol::{Request, Word},
    report, session,
};

/// Pauses a run, whichever process runs it: it lets go of all that it has.
///
/// Finished steps are done. A task in the middle of its work is let go as in a crash, and goes on from
/// its record; an effect under way is still recorded. `agent-host resume` goes on, after days too.
#[derive(Args)]
pub(crate) struct Pause {
    /// Id of the run, or its beginning.
    run: String,
}

impl Pause {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let request = Request::Tell { run: self.run, word: Word::Pause, by: context.user() };
        let answer = session::ask(context, request)?;
        report::told(context, &answer, "paused")
    }
}
