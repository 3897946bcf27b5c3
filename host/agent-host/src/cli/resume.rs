//! `agent-host resume`: going on after a crash.

use std::path::PathBuf;

use clap::Args;

use super::{
    Context,
    run::{current_folder, read_manifest},
    secrets::SecretArgs,
};
use crate::{
    failure::Failure,
    protocol::{ForkRequest, Request, Took},
    report, session,
};

/// Goes on with an interrupted, paused or waiting run.
///
/// Finished steps are not repeated. A program that was running when the host died is never started
/// again by itself: the skill that started it gets the error `unknown-effect`.
#[derive(Args)]
pub(crate) struct Resume {
    /// Id of the run, or its beginning [default: the newest interrupted one].
    run: Option<String>,
    /// Folder for the artifacts, where it is to be another one.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Goes on with another version of the manifest, as a new run: what ended well is kept where it is as
    /// it was, otherwise all that is not is told, and nothing changes.
    #[arg(long, value_name = "MANIFEST", requires = "run")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Stays until the run ends, also where it waits for an approval or a signal.
    #[arg(long)]
    wait: bool,
}

impl Resume {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let folder = current_folder()?;
        let out = self.out.map(|it| folder.join(it));
        let secrets = self.secrets.read()?;
        if let (Some(run), Some(manifest)) = (&self.run, &self.manifest) {
            let manifest = Some(read_manifest(context, manifest)?);
            let request = ForkRequest {
                run: run.clone(),
                took: Took::TheRun { by: context.user() },
                inputs: Vec::new(),
                secrets,
                manifest,
                directory: folder,
                out,
                wait: self.wait,
            };
            let answer = session::ask(context, Request::Fork(request))?;
            return report::run(context, &answer);
        }
        let request = Request::Resume { run: self.run, out, wait: self.wait, secrets };
        let answer = session::ask(context, request)?;
        report::run(context, &answer)
    }
}
