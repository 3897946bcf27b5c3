//! `agent-host skill list`.

use clap::Args;
use serde_json::json;

use crate::{cli::Context, failure::Failure, host, printing, report};

/// Lists the skills that manifests can use, and the files that are none.
#[derive(Args)]
pub(crate) struct List {}

impl List {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let catalog = host::catalog(context)?;
        let skills: Vec<_> = catalog
            .skills()
            .iter()
            .map(|it| json!({ "file": it.path, "skill": *it.skill }))
            .collect();
        let quarantined: Vec<_> = catalog
            .quarantined()
            .iter()
            .map(|(path, reason)| json!({ "file": path, "reason": reason }))
            .collect();
        let answer = json!({ "skills": skills, "quarantined": quarantined });
        report::tell(context, &answer, 0, || {
            for shelved in catalog.skills() {
                let skill = &shelved.skill;
                printing::line(printing::harmless(&format!(
                    "{:<28} {:<8} {:>10}  {:>3} operations  {}",
                    skill.package,
                    skill.version,
                    printing::size(skill.size),
                    skill.operations.len(),
                    shelved.path.display()
                )))?;
            }
            for (path, reason) in catalog.quarantined() {
                printing::note(printing::harmless(&format!(
                    "no skill: {}: {reason}",
                    path.display()
                )));
            }
            if catalog.skills().is_empty() {
                let folders: Vec<String> =
                    context.places.skills.iter().map(|it| it.display().to_string()).collect();
                printing::note(format!("no skills in {}", folders.join(", ")));
                printing::note(
                    "hint: name a folder with --skills DIR, or put components into one of these",
                );
            }
            Ok(())
        })
    }
}
