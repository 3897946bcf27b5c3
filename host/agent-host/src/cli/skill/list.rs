//! `agent-host skill list`.

use clap::Args;
use serde_json::json;

use voyager_package::{Record, Records};

use crate::{cli::Context, failure::Failure, host, installing, printing, report};

/// Lists the skills that manifests can use, and the files that are none.
#[derive(Args)]
pub(crate) struct List {}

impl List {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let catalog = host::catalog(context)?;
        let skills: Vec<_> = catalog
            .skills()
            .iter()
            .map(|it| json!({ "file": it.path.display().to_string(), "skill": *it.skill }))
            .collect();
        let quarantined: Vec<_> = catalog
            .quarantined()
            .iter()
            .map(|(path, reason)| json!({ "file": path.display().to_string(), "reason": reason }))
            .collect();
        // Without a folder of one's own nothing can be installed.
        let records = match installing::store(context) {
            Ok(store) => store.records().map_err(|error| installing::failed(&error))?,
            Err(_) => Records::default(),
        };
        let answer = json!({
            "skills": skills,
            "quarantined": quarantined,
            "installed": records.installed,
            "held": records.held,
        });
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
                let component = skill.component.to_string();
                let installed = records.installed.iter().find(|it| it.component == component);
                if let Some(record) = installed.filter(|it| shelved.path.ends_with(&it.file)) {
                    printing::line(printing::harmless(&origin(record)))?;
                }
            }
            for held in &records.held {
                printing::note(printing::harmless(&format!(
                    "held: {} from {}: {}",
                    held.record.name(),
                    held.record.source,
                    held.reasons.join("; ")
                )));
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

/// Where an installed skill came from.
fn origin(record: &Record) -> String {
    let signer = record.signer.as_ref().map_or_else(
        || "not signed".to_owned(),
        |it| format!("signed by {} ({})", it.name, it.key),
    );
    format!("    {}  {signer}  from {}", &record.component[..16], record.source)
}
