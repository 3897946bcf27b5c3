//! `agent-host plan`: what a run may do, before it does anything.

use std::path::{Path, PathBuf};

use clap::Args;
use voyager_manifest::{
    Plan as PlanOf,
    power::{self, Power},
    summary,
};

use super::{
    Context,
    run::{current_folder, read_manifest},
};
use crate::{
    approvals::Approvals,
    catalog::Catalog,
    checking,
    failure::{Failure, FailureKind},
    host, printing,
    progress::Progress,
    protocol::Update,
    report,
};

/// Shows what a manifest may read, write, start and reach, step by step, without running anything.
#[derive(Args)]
pub(crate) struct Plan {
    /// The manifest: a file, or the name of a shipped one.
    manifest: PathBuf,
    /// Only what is different from what `agent-host approve` approved; the exit code is 7 where it goes
    /// beyond that.
    #[arg(long)]
    diff: bool,
}

impl Plan {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let read = checked(context, &self.manifest)?;
        if self.diff {
            return diff(context, &read);
        }
        let summary = summary::summary(&read.plan, &|it| read.catalog.imports(it));
        report::tell(context, &summary, 0, || printing::line(summary::to_text(&summary).trim_end()))
    }
}

fn diff(context: &Context, read: &Read) -> Result<u8, Failure> {
    let power = Power::of(&read.plan, &|it| read.catalog.imports(it));
    let file = current_folder()?.join(&read.file);
    let change = Approvals::of(&context.places.state).change(&power, &file, &read.text)?;
    let exit_code = if change.is_beyond { FailureKind::Unapproved.exit_code() } else { 0 };
    report::tell(context, &change, exit_code, || {
        printing::bytes(power::to_text(&change.differences).as_bytes())?;
        let file = &read.file;
        match &change.approved {
            None => printing::note(format!("nothing of {file} is approved")),
            Some(at) if change.is_beyond => {
                printing::note(format!("{file} can do more than was approved on {at}"));
            }
            Some(at) => printing::note(format!("{file} can do no more than was approved on {at}")),
        }
        Ok(())
    })
}

/// A manifest that was read and checked.
pub(super) struct Read {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) plan: PlanOf,
    pub(super) catalog: Catalog,
}

/// Checks a manifest against the skills that there are; what is wrong is the failure.
pub(super) fn checked(context: &Context, named: &Path) -> Result<Read, Failure> {
    let (file, text) = read_manifest(context, named)?;
    let catalog = host::catalog(context)?;
    let checked = checking::check(&catalog, &file, &text, false);
    let (plan, warnings) = checked.into_plan(&catalog)?;
    if let Some(text) = warnings {
        Progress::new(context).show(&Update::Note { text })?;
    }
    Ok(Read { file, text, plan, catalog })
}
