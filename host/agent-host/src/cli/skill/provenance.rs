//! Where a component comes from: what its records and its signature say, and what it says of itself.

use std::path::{Path, PathBuf};

use serde::Serialize;
use voyager_base::operation::Skill;
use voyager_package::{Carried, Record, Signer, Standing, read_component};

use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    host, installing, trusting,
};

/// Most packages that are shown to people; programs get all.
const DEPENDENCIES_SHOWN: usize = 40;

/// Where a component comes from.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Provenance {
    /// Its file.
    pub(super) file: PathBuf,
    /// The record of its installation, where it was installed.
    pub(super) installed: Option<Record>,
    /// The trusted key that signed it.
    pub(super) signer: Option<Signer>,
    /// What its signature is worth, in words.
    pub(super) trust: String,
    /// What it says of itself.
    #[serde(flatten)]
    pub(super) carried: Carried,
}

impl Provenance {
    /// Of the component that was named so.
    pub(super) fn of(context: &Context, named: &str, skill: &Skill) -> Result<Self, Failure> {
        let file = match Path::new(named) {
            path if path.is_file() => path.to_owned(),
            _ => host::catalog(context)?.file(&skill.component).map(Path::to_owned).ok_or_else(
                || Failure::new(FailureKind::Environment, format!("`{named}` is gone meanwhile")),
            )?,
        };
        let offer = read_component(&file)
            .map_err(|error| Failure::environment("cannot inspect it", &error))?;
        let policy = trusting::policy(&context.places)?;
        let judged = policy.judge(&skill.package, &offer.bytes, offer.signature.as_deref());
        let (signer, trust) = match judged {
            Ok(Standing::Signed(it)) => {
                (Some(it.clone()), format!("signed by {} ({})", it.name, it.key))
            }
            Ok(Standing::Unsigned(why)) => (None, why),
            Err(refusal) => (None, format!("refused: {refusal}")),
        };
        let component = skill.component.to_string();
        let records = installing::store(context).ok().and_then(|it| it.records().ok());
        let all = records.into_iter().flat_map(|it| it.installed);
        let installed = all.into_iter().find(|it| it.component == component);
        let carried = Carried::of(&offer.bytes);
        Ok(Self { file, installed, signer, trust, carried })
    }

    /// For people, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("file       {}", self.file.display())];
        if let Some(record) = &self.installed {
            lines.push(format!("from       {}, {}", record.source, record.installed));
            lines.extend(record.manifest.iter().map(|it| format!("manifest   {it}")));
        }
        lines.push(format!("trust      {}", self.trust));
        let made = self.carried.producers.iter();
        let made: Vec<String> =
            made.map(|it| format!("{} {}", it.name, it.version).trim_end().to_owned()).collect();
        if !made.is_empty() {
            lines.push(format!("made by    {}", made.join(", ")));
        }
        let built_in = &self.carried.dependencies;
        let shown = built_in.iter().take(DEPENDENCIES_SHOWN);
        let shown: Vec<String> = shown.map(|it| format!("{} {}", it.name, it.version)).collect();
        match built_in.len() {
            0 => lines.push("built in   it does not say".to_owned()),
            all if all > DEPENDENCIES_SHOWN => {
                let rest = all - DEPENDENCIES_SHOWN;
                lines.push(format!("built in   {}, and {rest} more (--json)", shown.join(", ")));
            }
            _ => lines.push(format!("built in   {}", shown.join(", "))),
        }
        lines
    }
}
