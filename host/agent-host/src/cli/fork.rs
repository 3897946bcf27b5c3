//! `agent-host fork`: a run again from one of its steps, with other inputs or another manifest.

use std::path::PathBuf;

use clap::Args;

use super::{
    Context,
    run::{current_folder, name_and_value, read_manifest},
    secrets::SecretArgs,
};
use crate::{
    failure::Failure,
    protocol::{ForkRequest, Request, Took},
    report, session,
};

/// Runs a step again, and what depends on it: a new run that keeps the results of the others.
///
/// A result is kept where its step is the same and was given the same. Where a kept step used an input
/// that is another one now, or is not as it was in the manifest, all such steps are told, and nothing runs.
#[derive(Args)]
pub(crate) struct Fork {
    /// Id of the run, or its beginning.
    run: String,
    /// The step; of one within a block, the whole block runs again.
    #[arg(long, value_name = "STEP")]
    from: String,
    /// An input that is to be another one, as NAME=VALUE. May be given several times.
    #[arg(long = "input", short, value_name = "NAME=VALUE", value_parser = name_and_value)]
    inputs: Vec<(String, String)>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Another version of the manifest.
    #[arg(long, value_name = "MANIFEST")]
    manifest: Option<PathBuf>,
    /// Folder for the artifacts.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Stays until the run ends, also where it waits for an approval or a signal.
    #[arg(long)]
    wait: bool,
}

impl Fork {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let directory = current_folder()?;
        let out = self.out.map(|it| directory.join(it));
        let manifest = self.manifest.map(|it| read_manifest(context, &it)).transpose()?;
        let (run, inputs, wait) = (self.run, self.inputs, self.wait);
        let took = Took::WhatIsBefore { step: self.from };
        let secrets = self.secrets.read()?;
        let request = ForkRequest { run, took, inputs, secrets, manifest, directory, out, wait };
        let answer = session::ask(context, Request::Fork(request))?;
        report::run(context, &answer)
    }
}
