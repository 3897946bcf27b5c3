//! `agent-host run`: one run from start to end.

use std::path::{Path, PathBuf};

use clap::Args;
use voyager_manifest::plan::Priority;

use super::{Context, asking, secrets::SecretArgs};
use crate::{failure::Failure, protocol::RunRequest, report};

/// Runs a manifest.
///
/// The run is journaled: after a crash `agent-host resume` goes on where it stopped. Ctrl-C cancels it;
/// a second one leaves it as it is, to be resumed.
#[derive(Args)]
pub(crate) struct Run {
    /// The manifest: a file, or the name of a shipped one (`audit`, `rename`).
    manifest: PathBuf,
    /// An input, as NAME=VALUE. May be given several times.
    #[arg(long = "input", short, value_name = "NAME=VALUE", value_parser = name_and_value)]
    inputs: Vec<(String, String)>,
    #[command(flatten)]
    secrets: SecretArgs,
    /// Folder for the artifacts that the manifest names; created where it does not exist.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How important the run is, instead of what the manifest says: `low`, `standard`, `high`,
    /// `critical`. A critical task takes the slot of a lower one where none is free.
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// Nobody watches: refuses a manifest whose power was not approved, or grew since.
    #[arg(long)]
    unattended: bool,
    /// Stays until the run ends, also where it waits for an approval or a signal. Otherwise such a run is
    /// left, with the exit code 8, and holds nothing until it is resumed.
    #[arg(long)]
    wait: bool,
    /// Folder for the cores of guests that break, made where it does not exist: a WebAssembly core dump each, with all
    /// that was in the guest's memory.
    #[arg(long, value_name = "DIR")]
    cores: Option<PathBuf>,
}

impl Run {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let (file, text) = read_manifest(context, &self.manifest)?;
        let directory = current_folder()?;
        let priority = self.priority;
        let out = self.out.map(|it| directory.join(it));
        let (inputs, unattended, wait) = (self.inputs, self.unattended, self.wait);
        let secrets = self.secrets.read()?;
        let allows = Vec::new();
        let cores = self.cores.map(|it| directory.join(it));
        let request = RunRequest {
            file,
            text,
            inputs,
            secrets,
            directory,
            out,
            priority,
            unattended,
            wait,
            allows,
            cores,
        };
        let answer = asking::run(context, request)?;
        report::run(context, &answer)
    }
}

/// The folder that relative paths start from.
pub(crate) fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::environment("cannot tell the current folder", &error))
}

fn priority(text: &str) -> Result<Priority, String> {
    let names = Priority::NAMES.join("`, `");
    Priority::named(text).ok_or_else(|| format!("`{text}` is none of `{names}`"))
}

/// Reads `NAME=VALUE`.
pub(crate) fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` has no `=`; write NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads a manifest: a file, or a shipped one by its name.
pub(crate) fn read_manifest(context: &Context, named: &Path) -> Result<(String, String), Failure> {
    let path = manifest_path(context, named);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::environment(format!("cannot read the manifest {}", path.display()), &error)
            .hint("name a file, or a shipped manifest: `audit`, `rename`")
    })?;
    Ok((path.display().to_string(), text))
}

/// Where a manifest lies: a file, or a shipped one by its name.
pub(super) fn manifest_path(context: &Context, named: &Path) -> PathBuf {
    let shipped = context.places.share.as_ref().map(|share| share.join("manifests"));
    let by_name = shipped
        .filter(|_| !named.exists() && named.components().count() == 1)
        .map(|folder| folder.join(named).with_extension("yaml"))
        .filter(|it| it.exists());
    by_name.unwrap_or_else(|| named.to_owned())
}
