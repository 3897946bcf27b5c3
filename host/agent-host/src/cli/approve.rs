//! `agent-host approve`: what manifests may do while nobody watches, and what runs wait for.

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
use crate::{
    approvals::Approvals,
    failure::Failure,
    host, printing,
    protocol::{Request, Word},
    report, session,
    system::SystemClock,
};

/// Approves what a manifest can do, for `run --unattended`; or, with a step, what a run waits for.
///
/// Of a manifest its power is approved: the grants of each step, limits, priority, and the skills with
/// the hashes of their components. `agent-host plan --diff` compares a later version with it.
///
/// Of a run the step `STEP` waits for the approval of what it shows (`agent-host runs show RUN`). Who
/// approved or refused, and when, is in the journal.
#[derive(Args)]
pub(crate) struct Approve {
    /// The manifest: a file, or the name of a shipped one. With STEP, id of the run, or its beginning.
    #[arg(required_unless_present = "list", value_name = "MANIFEST|RUN")]
    manifest: Option<PathBuf>,
    /// The step of the run that waits, or the beginning of the wait's own id.
    #[arg(conflicts_with_all = ["list", "withdraw"])]
    step: Option<String>,
    /// Refuses it.
    #[arg(long, requires = "step")]
    refuse: bool,
    /// Why, for the journal and for the run.
    #[arg(long, requires = "step", value_name = "TEXT")]
    reason: Option<String>,
    /// Who decides [default: $USER].
    #[arg(long, requires = "step", value_name = "NAME")]
    by: Option<String>,
    /// Lists what is approved.
    #[arg(long, conflicts_with_all = ["manifest", "withdraw"])]
    list: bool,
    /// Withdraws the approval of the manifest.
    #[arg(long)]
    withdraw: bool,
}

impl Approve {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        if let (Some(run), Some(step)) = (&self.manifest, &self.step) {
            let run = run.display().to_string();
            let comment = self.reason.unwrap_or_default();
            let word = Word::Answer { step: step.clone(), approved: !self.refuse, comment };
            let by = self.by.unwrap_or_else(|| context.user());
            let answer = session::ask(context, Request::Tell { run, word, by })?;
            return report::told(
                context,
                &answer,
                if self.refuse { "refused" } else { "approved" },
            );
        }
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
