//! `agent-host signal`: telling a run what it waits for.

use clap::Args;
use serde_json::Value as Json;

use super::Context;
use crate::{
    failure::Failure,
    protocol::{Request, Word},
    report, session,
};

/// Sends a signal to a run that awaits it, now or later.
///
/// What it carries is checked against the type that the manifest declares. A signal with the `--id` of
/// an earlier one counts once, so that whoever does not know whether it arrived may send it again.
#[derive(Args)]
pub(crate) struct Signal {
    /// Id of the run, or its beginning.
    run: String,
    /// Name of the signal.
    name: String,
    /// What it carries, as JSON; what is none is taken as text.
    value: Option<String>,
    /// Tells it apart from others [default: a new one].
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Who sends it [default: $USER].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Signal {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let json =
            |text: String| serde_json::from_str(&text).unwrap_or_else(|_| Json::String(text));
        let (name, value, id) = (self.name, self.value.map(json), self.id);
        let by = self.by.unwrap_or_else(|| context.user());
        let word = Word::Signal { name, value, id };
        let answer = session::ask(context, Request::Tell { run: self.run, word, by })?;
        report::told(context, &answer, "signalled")
    }
}
