//! `agent-host skill push`: publishes a component in an OCI registry.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use voyager_base::clock::Clock as _;
use voyager_package::{Publication, Source, read_component};

use crate::{
    cli::Context, failure::Failure, fetching, host, printing, report, system::SystemClock,
};

/// Publishes a component in an OCI registry, with the signature that lies beside it.
///
/// Credentials are those of `docker login`.
#[derive(Args)]
pub(crate) struct Push {
    /// The component's file.
    component: PathBuf,
    /// Where to: `oci://registry/name:tag`.
    address: String,
    /// Ask a registry of this machine itself without encryption.
    #[arg(long)]
    plain_http: bool,
}

impl Push {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let failed = |error| Failure::environment("cannot push", &error);
        let target = Source::read(&self.address, self.plain_http).map_err(failed)?;
        let offer = read_component(&self.component).map_err(failed)?;
        let skill = host::sandbox(context)?.load(&offer.bytes).map_err(|error| {
            Failure::environment(format!("{} is no skill", self.component.display()), &error)
        })?;
        let is_signed = offer.signature.is_some();
        let publication = Publication {
            skill: &skill,
            bytes: offer.bytes,
            signature: offer.signature,
            created: SystemClock::new().now().to_string(),
        };
        let pushed = target.push(self.plain_http, publication);
        let digest = fetching::until_cancelled(pushed)?.map_err(failed)?;
        let answer = json!({ "address": self.address, "manifest": digest, "signed": is_signed });
        report::tell(context, &answer, 0, || {
            printing::line(printing::harmless(&format!("{target} is {digest}")))?;
            if !is_signed {
                printing::note("it is not signed; `agent-host skill sign` does that before");
            }
            Ok(())
        })
    }
}
