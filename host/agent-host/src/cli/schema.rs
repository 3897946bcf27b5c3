//! `agent-host schema`: the languages of manifests, scenarios, scripts and policies for editors.

use clap::{Args, ValueEnum};

use super::Context;
use crate::{failure::Failure, printing, report};

/// Prints the JSON Schema of manifests, scenarios, scripts or policies, for completion and checks in editors.
#[derive(Args)]
pub(crate) struct Schema {
    /// Of what.
    #[arg(default_value = "manifest")]
    of: Language,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    Manifest,
    Scenario,
    Script,
    Policy,
}

impl Schema {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let schema = match self.of {
            Language::Manifest => voyager_manifest::schema::schema(),
            Language::Scenario => voyager_manifest::schema::scenario_schema(),
            Language::Script => voyager_manifest::schema::script_schema(),
            Language::Policy => voyager_manifest::schema::policy_schema(),
        };
        report::tell(context, &schema, 0, || {
            let text = serde_json::to_string_pretty(&schema)
                .map_err(|error| Failure::environment("cannot write the schema", &error))?;
            printing::line(text)
        })
    }
}
