//! `agent-host retry`: a failed run again, from what failed.

use std::path::PathBuf;

use clap::Args;

use super::{Context, run::current_folder, secrets::SecretArgs};
use crate::{
    failure::Failure,
    protocol::{ForkRequest, Request, Took},
    report, session,
};

/// Runs what failed again, and what depends on it: a new run that keeps the results of the others.
///
/// Steps that were taken back (`compensate`) run again too. Files are as they are now; of a block all of
/// it runs again.
#[derive(Args)]
pub(crate) struct Retry {
    /// Id of the failed run, or its beginning.
    run: String,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Folder for the artifacts.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Stays until the run ends, also where it waits for an approval or a signal.
    #[arg(long)]
    wait: bool,
}

impl Retry {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let directory = current_folder()?;
        let out = self.out.map(|it| directory.join(it));
        let (run, wait, took) = (self.run, self.wait, Took::WhatEndedWell);
        let (inputs, secrets, manifest) = (Vec::new(), self.secrets.read()?, None);
        let request = ForkRequest { run, took, inputs, secrets, manifest, directory, out, wait };
        let answer = session::ask(context, Request::Fork(request))?;
        report::run(context, &answer)
    }
}
