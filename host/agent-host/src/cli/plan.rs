//! `agent-host plan`: what a run may do, before it does anything.

use std::path::{Path, PathBuf};

use clap::Args;
use voyager_base::Digest;
use voyager_manifest::{Plan as PlanOf, summary};

use super::{Context, run::read_manifest};
use crate::{
    catalog::Catalog, checking, failure::Failure, host, printing, progress::Progress,
    protocol::Update, report,
};

/// Shows what a manifest may read, write and start, step by step, without running anything.
#[derive(Args)]
pub(crate) struct Plan {
    /// The manifest: a file, or the name of a shipped one.
    manifest: PathBuf,
}

impl Plan {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let (plan, catalog) = checked(context, &self.manifest)?;
        let imports = |component: &Digest| {
            let shelved = catalog.skills().iter().find(|it| it.skill.component == *component);
            shelved.map(|it| it.skill.imports.clone())
        };
        let summary = summary::summary(&plan, &imports);
        report::tell(context, &summary, 0, || printing::line(summary::to_text(&summary).trim_end()))
    }
}

/// Checks a manifest against the skills that there are; what is wrong is the failure.
pub(super) fn checked(context: &Context, named: &Path) -> Result<(PlanOf, Catalog), Failure> {
    let (file, text) = read_manifest(context, named)?;
    let catalog = host::catalog(context)?;
    let checked = checking::check(&catalog, &file, &text, false);
    let (plan, warnings) = checked.into_plan(&catalog)?;
    if let Some(text) = warnings {
        Progress::new(context).show(&Update::Note { text })?;
    }
    Ok((plan, catalog))
}
