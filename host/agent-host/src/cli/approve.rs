//! `agent-host approve`: what manifests may do while nobody watches.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use voyager_base::clock::Clock as _;
use voyager_manifest::{
    power::{self, Power},
    summary,
};

use super::{
    Context,
    plan::checked,
    run::{current_folder, manifest_path},
};
use crate::{approvals::Approvals, failure::Failure, host, printing, report, system::SystemClock};

/// Approves what a manifest can do, for `run --unattended`.
///
/// What is approved is its power: the grants of each step, limits, priority, and the skills with the
/// hashes of their components. `agent-host plan --diff` compares a later version with it.
#[derive(Args)]
pub(crate) struct Approve {
    /// The manifest: a file, or the name of a shipped one.
    #[arg(required_unless_present = "list")]
    manifest: Option<PathBuf>,
    /// Lists what is approved.
    #[arg(long, conflicts_with_all = ["manifest", "withdraw"])]
    list: bool,
    /// Withdraws the approval of the manifest.
    #[arg(long)]
    withdraw: bool,
}

impl Approve {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let approvals = Approvals::of(&context.places.state);
        match self.manifest {
            None => list(context, &approvals),
            Some(named) if self.withdraw => {
                let file = current_folder()?.join(manifest_path(context, &named));
                let gone = approvals.withdraw(&named, &file)?;
                let answer: Vec<_> = gone.iter().map(about).collect();
                report::tell(context, &json!({ "withdrawn": answer }), 0, || {
                    gone.iter().try_for_each(|it| {
                        let path = it.path.display();
                        printing::line(format!("{} ({path}) is approved no more", it.name))
                    })
                })
            }
            Some(named) => {
                let read = checked(context, &named)?;
                host::private_folder(&context.places.state)?;
                let imports = |it: &_| read.catalog.imports(it);
                let power = Power::of(&read.plan, &imports);
                let file = current_folder()?.join(&read.file);
                let change = approvals.change(&power, &file, &read.text)?;
                let approval = approvals.approve(power, &file, SystemClock::new().now())?;
                let mut answer = about(&approval);
                answer["before"] = json!(change.approved);
                answer["differences"] = json!(change.differences);
                report::tell(context, &answer, 0, || {
                    if change.approved.is_some() {
                        printing::bytes(power::to_text(&change.differences).as_bytes())?;
                    } else {
                        let summary = summary::summary(&read.plan, &imports);
                        printing::line(summary::to_text(&summary))?;
                    }
                    let path = approval.path.display();
                    printing::line(format!("{} ({path}) is approved", approval.name))
                })
            }
        }
    }
}

fn list(context: &Context, approvals: &Approvals) -> Result<u8, Failure> {
    let all = approvals.all()?;
    let answer: Vec<_> = all.iter().map(about).collect();
    report::tell(context, &answer, 0, || {
        if all.is_empty() {
            printing::note("nothing is approved; `agent-host approve MANIFEST` approves something");
        }
        all.iter().try_for_each(|it| {
            printing::line(format!("{}  {}  {}", it.approved, it.name, it.path.display()))
        })
    })
}

fn about(approval: &crate::approvals::Approval) -> serde_json::Value {
    json!({ "name": approval.name, "path": approval.path, "approved": approval.approved })
}
