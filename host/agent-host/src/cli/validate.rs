//! `agent-host validate`: every error of manifests, without running anything.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use voyager_manifest::sarif::{self, Findings};

use super::{Context, run::read_manifest};
use crate::{
    checking,
    failure::{Failure, FailureKind},
    host, policy, printing, report,
};

/// Checks manifests against the skills that there are, and reports everything that is wrong.
#[derive(Args)]
pub(crate) struct Validate {
    /// The manifests: files, or names of shipped ones.
    #[arg(required = true)]
    manifests: Vec<PathBuf>,
    /// Prints all findings as one SARIF 2.1.0 log, for code hosts and editors.
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

impl Validate {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let catalog = host::catalog(context)?;
        let ceiling = policy::read(&context.places)?.policy.limits;
        let mut checked = Vec::with_capacity(self.manifests.len());
        for named in &self.manifests {
            let (file, text) = read_manifest(context, named)?;
            let found =
                checking::check(&catalog, Path::new(""), &file, &text, context.color, &ceiling);
            checked.push((file, text, found));
        }
        let wrong = checked.iter().filter(|(_, _, found)| found.plan.is_none()).count();
        let exit_code = if wrong == 0 { 0 } else { FailureKind::Manifest.exit_code() };
        if self.sarif {
            let files: Vec<_> = checked
                .iter()
                .map(|(file, text, found)| Findings { file, text, diagnostics: &found.diagnostics })
                .collect();
            printing::json(&sarif::render(&files))?;
            return Ok(exit_code);
        }
        let answer: Vec<_> = checked
            .iter()
            .map(|(file, _, found)| {
                json!({
                    "file": file,
                    "valid": found.plan.is_some(),
                    "diagnostics": found.diagnostics,
                })
            })
            .collect();
        report::tell(context, &answer, exit_code, || {
            for (file, _, found) in &checked {
                if !found.shown.is_empty() {
                    printing::note(&found.shown);
                }
                if let Some(plan) = &found.plan {
                    printing::line(format!("{file}: valid, {} steps", plan.steps.len()))?;
                }
            }
            if wrong > 0 {
                printing::note(format!("{wrong} of {} manifests are wrong", checked.len()));
                printing::note(format!("hint: {}", checking::hint(&catalog)));
            }
            Ok(())
        })
    }
}
