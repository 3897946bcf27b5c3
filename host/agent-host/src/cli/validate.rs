//! `agent-host validate`: every error of manifests, without running anything.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use voyager_base::Limits;
use voyager_manifest::{Catalog, check, diagnostic};

use super::{Context, run::read_manifest};
use crate::{
    failure::{Failure, FailureKind},
    host, printing,
};

/// Checks manifests against the skills that there are, and reports everything that is wrong.
#[derive(Args)]
pub(crate) struct Validate {
    /// The manifests: files, or names of shipped ones.
    #[arg(required = true)]
    manifests: Vec<PathBuf>,
}

impl Validate {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let shelved = host::catalog(context)?;
        let catalog = Catalog::new(shelved.skills().iter().map(|it| (*it.skill).clone()).collect());
        let mut wrong = 0_usize;
        let mut all = Vec::new();
        for named in &self.manifests {
            let (file, text) = read_manifest(context, named)?;
            let checked = check(text.as_bytes(), &file, &catalog, &Limits::ceiling());
            wrong += usize::from(checked.plan.is_none());
            if context.json {
                let diagnostics = diagnostic::to_json(&checked.diagnostics);
                all.push(json!({
                    "file": file,
                    "valid": checked.plan.is_some(),
                    "diagnostics": diagnostics,
                }));
                continue;
            }
            let shown =
                diagnostic::render(&checked.diagnostics, &file, text.as_bytes(), context.color);
            if !shown.is_empty() {
                printing::note(shown.trim_end());
            }
            if let Some(plan) = &checked.plan {
                printing::line(format!("{file}: valid, {} steps", plan.steps.len()))?;
            }
        }
        if context.json {
            printing::json(&all)?;
        }
        if wrong == 0 {
            return Ok(0);
        }
        if !context.json {
            printing::note(format!("{wrong} of {} manifests are wrong", self.manifests.len()));
            printing::note("hint: `agent-host explain CODE` says more about an error");
        }
        Ok(FailureKind::Manifest.exit_code())
    }
}
