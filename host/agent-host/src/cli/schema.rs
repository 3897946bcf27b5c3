//! `agent-host schema`: the manifest language for editors.

use clap::Args;

use super::Context;
use crate::{failure::Failure, printing, report};

/// Prints the JSON Schema of manifests, for completion and checks in editors.
#[derive(Args)]
pub(crate) struct Schema {}

impl Schema {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let schema = voyager_manifest::schema::schema();
        report::tell(context, &schema, 0, || {
            let text = serde_json::to_string_pretty(&schema)
                .map_err(|error| Failure::environment("cannot write the schema", &error))?;
            printing::line(text)
        })
    }
}
