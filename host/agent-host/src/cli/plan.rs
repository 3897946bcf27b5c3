//! `agent-host plan`: what a run may do, before it does anything.

use std::path::{Path, PathBuf};

use clap::Args;
use voyager_base::{Digest, Limits};
use voyager_manifest::{Catalog, Plan as PlanOf, check, diagnostic, summary};

use super::{Context, run::read_manifest};
use crate::{
    failure::{Failure, FailureKind},
    host, printing,
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
            let skill = catalog.skills().iter().find(|it| it.component == *component);
            skill.map(|it| it.imports.clone())
        };
        let summary = summary::summary(&plan, &imports);
        if context.json {
            printing::json(&summary)?;
        } else {
            printing::line(summary::to_text(&summary).trim_end())?;
        }
        Ok(0)
    }
}

/// Checks a manifest against the skills that there are; what is wrong is the failure.
pub(super) fn checked(context: &Context, named: &Path) -> Result<(PlanOf, Catalog), Failure> {
    let (file, text) = read_manifest(context, named)?;
    let shelved = host::catalog(context)?;
    let catalog = Catalog::new(shelved.skills().iter().map(|it| (*it.skill).clone()).collect());
    let checked = check(text.as_bytes(), &file, &catalog, &Limits::ceiling());
    let shown = diagnostic::render(&checked.diagnostics, &file, text.as_bytes(), context.color);
    let plan = checked.plan.ok_or_else(|| {
        Failure::new(FailureKind::Manifest, format!("the manifest is wrong\n{}", shown.trim_end()))
            .hint("`agent-host explain CODE` says more")
    })?;
    Ok((plan, catalog))
}
