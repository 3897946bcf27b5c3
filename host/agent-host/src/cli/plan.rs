//! `agent-host plan`: what a run may do, before it does anything.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use voyager_base::{call::Folders, policy::Verdict};
use voyager_manifest::{
    Catalog as Names, Plan as PlanOf, Scenario,
    outlook::{Prospect, outlook},
    power::{self, Power},
    risks, summary,
};

use super::{
    Context,
    run::{current_folder, read_manifest},
};
use crate::{
    approvals::Approvals,
    catalog::Catalog,
    checking,
    failure::{Failure, FailureKind},
    host, policy, printing,
    progress::Progress,
    protocol::Update,
    report,
    testing::{self, Loader},
};

/// Shows what a manifest may read, write, start and reach, step by step, without running anything.
#[derive(Args)]
pub(crate) struct Plan {
    /// The manifest: a file, or the name of a shipped one.
    manifest: PathBuf,
    /// Only what is different from what `agent-host approve` approved; the exit code is 7 where it goes
    /// beyond that.
    #[arg(long)]
    diff: bool,
    /// Only what it needs, and what is open about it: effects that nothing takes back, branches that no
    /// scenario beside the manifest expects, programs and loops without a bound.
    #[arg(long, conflicts_with = "diff")]
    risks: bool,
}

impl Plan {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let read = checked(context, &self.manifest)?;
        if self.diff {
            return diff(context, &read);
        }
        if self.risks {
            return risks(context, &read);
        }
        let summary = summary::summary(&read.plan, &|it| read.catalog.imports(it));
        let policy = under_policy(context, &read)?;
        let mut answer = serde_json::to_value(&summary)
            .map_err(|error| Failure::environment("cannot write JSON", &error))?;
        answer["policy"] = json!(policy);
        report::tell(context, &answer, 0, || {
            printing::line(summary::to_text(&summary).trim_end())?;
            policy.iter().try_for_each(|it| {
                let (capability, grant, step) = (&it.capability, &it.grant, &it.step);
                let line = it.rule.map(|line| format!(" (line {line})")).unwrap_or_default();
                let part = if it.partly { "a part of " } else { "" };
                let says = it.verdict.name();
                printing::line(format!(
                    "policy: {says} {part}{capability} {grant}, step {step}{line}"
                ))
            })
        })
    }
}

/// What the policy of this host asks for or denies of a plan. Of folders nobody knows yet where they are.
fn under_policy(context: &Context, read: &Read) -> Result<Vec<Prospect>, Failure> {
    let policy = policy::read(&context.places)?.policy;
    let imports = |it: &_| read.catalog.imports(it);
    let all = outlook(&read.plan, &policy.rules, &Folders::new(), &imports);
    Ok(all.into_iter().filter(|it| it.verdict != Verdict::Allow).collect())
}

fn diff(context: &Context, read: &Read) -> Result<u8, Failure> {
    let power = Power::of(&read.plan, &|it| read.catalog.imports(it));
    let file = current_folder()?.join(&read.file);
    let change = Approvals::of(&context.places.state).change(&power, &file, &read.text)?;
    let exit_code = if change.is_beyond { FailureKind::Unapproved.exit_code() } else { 0 };
    report::tell(context, &change, exit_code, || {
        printing::bytes(power::to_text(&change.differences).as_bytes())?;
        let file = &read.file;
        match &change.approved {
            None => printing::note(format!("nothing of {file} is approved")),
            Some(at) if change.is_beyond => {
                printing::note(format!("{file} can do more than was approved on {at}"));
            }
            Some(at) => printing::note(format!("{file} can do no more than was approved on {at}")),
        }
        Ok(())
    })
}

fn risks(context: &Context, read: &Read) -> Result<u8, Failure> {
    let skills = read.catalog.skills().iter().map(|it| (*it.skill).clone()).collect();
    let names = Names::new(skills);
    let mut loader = Loader::new(&names, context.color);
    let mut cases = Vec::new();
    for file in testing::beside(Path::new(&read.file))? {
        match loader.load(&file)? {
            Ok(case) => cases.push(case),
            Err(wrong) => {
                let text = format!("{} is wrong, and doesn't count", wrong.file);
                Progress::new(context).show(&Update::Note { text })?;
            }
        }
    }
    let scenarios: Vec<&Scenario> = cases.iter().map(|case| &*case.scenario).collect();
    let imports = |it: &_| read.catalog.imports(it);
    let sheet = risks::sheet(&read.plan, &imports, &scenarios, &read.text);
    report::tell(context, &sheet, 0, || printing::bytes(risks::to_text(&sheet).as_bytes()))
}

/// A manifest that was read and checked.
pub(super) struct Read {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) plan: PlanOf,
    pub(super) catalog: Catalog,
}

/// Checks a manifest against the skills that there are; what is wrong is the failure.
pub(super) fn checked(context: &Context, named: &Path) -> Result<Read, Failure> {
    let (file, text) = read_manifest(context, named)?;
    let catalog = host::catalog(context)?;
    let ceiling = policy::read(&context.places)?.policy.limits;
    let checked = checking::check(&catalog, Path::new(""), &file, &text, false, &ceiling);
    let (plan, warnings) = checked.into_plan(&catalog)?;
    if let Some(text) = warnings {
        Progress::new(context).show(&Update::Note { text })?;
    }
    Ok(Read { file, text, plan, catalog })
}
