//! `agent-host explain`: the page behind a code.

use clap::Args;
use serde_json::json;
use voyager_manifest::code;

use super::Context;
use crate::{failure::Failure, printing, report};

/// Explains an error code of `validate`: cause, example, way out.
#[derive(Args)]
pub(crate) struct Explain {
    /// The code, for example V0301.
    code: String,
}

impl Explain {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let page = code::explain(&self.code.to_ascii_uppercase())
            .ok_or_else(|| Failure::usage(format!("there is no code `{}`", self.code)))?;
        let answer = json!({ "code": self.code.to_ascii_uppercase(), "page": page });
        report::tell(context, &answer, 0, || printing::line(page.trim_end()))
    }
}
