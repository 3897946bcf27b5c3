//! What a plan can do: for each step what it may read, write, start, and call. For people who decide
//! whether to run it, before it runs.

use std::fmt::Write as _;

use serde::Serialize;
use voyager_base::grant::ProgramGrant;

use crate::{
    plan::{Call, Changes, FolderPlan, GrantPlan, Part, Plan},
    scalar::{show_duration, show_size},
};

/// The power of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// The manifest's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The skills with their components.
    pub skills: Vec<String>,
    /// Time from the start of a run to its end, where it is bounded.
    pub deadline: Option<String>,
    /// Most tasks of a run.
    pub tasks_max: u64,
    /// What each step may do, in their order.
    pub steps: Vec<StepPower>,
    /// Files that a run writes below `--out`.
    pub artifacts: Vec<String>,
}

/// What a step may do: at most this. Those of the host and of a parent narrow it further.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepPower {
    /// Its id.
    pub id: String,
    /// The blocks that hold it, the outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<String>,
    /// Its operation.
    pub operation: String,
    /// Most rounds of it, those of the blocks around it counted; 1 where nothing repeats it.
    pub rounds_max: u64,
    /// Whether it runs only under a condition.
    pub when: Option<String>,
    /// What it may read.
    pub reads: Vec<FolderPower>,
    /// What it may write.
    pub writes: Vec<FolderPower>,
    /// Whether what it writes becomes real.
    pub keeps_changes: bool,
    /// Programs that it may start.
    pub starts: Vec<String>,
    /// Operations that it may call as child tasks.
    pub calls: Vec<String>,
    /// Whether it has no way out at all: its result only depends on its arguments.
    pub pure: bool,
}

/// Paths of a folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FolderPower {
    /// The folder's name.
    pub root: String,
    /// The input that holds its path.
    pub input: String,
    /// Every path has to match one glob of each of these lists.
    pub globs: Vec<Vec<String>>,
    /// Most bytes that one task may write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<u64>,
}

/// The power of a plan. A capability that a step's skill doesn't import it can't use, whatever is
/// granted; `imports` says what a component imports, for example `["voyager:process/process@0.1.0"]`.
pub fn summary(
    plan: &Plan,
    imports: &dyn Fn(&voyager_base::Digest) -> Option<Vec<String>>,
) -> Summary {
    Summary {
        name: plan.name.clone(),
        version: plan.version.clone(),
        skills: plan
            .skills
            .iter()
            .map(|skill| {
                format!("{}@{} ({})", skill.package, skill.version, skill.component.short())
            })
            .collect(),
        deadline: plan.bounds.deadline.map(show_duration),
        tasks_max: plan.bounds.steps,
        steps: plan
            .steps
            .iter()
            .enumerate()
            .filter_map(|(at, step)| Some((at, step.call()?)))
            .map(|(at, call)| power(plan, at, call, imports(&call.component)))
            .collect(),
        artifacts: plan.outputs.iter().filter_map(|output| output.file.clone()).collect(),
    }
}

fn power(plan: &Plan, at: usize, call: &Call, imports: Option<Vec<String>>) -> StepPower {
    let (step, layers) = (&plan.steps[at], layers(plan, at));
    // Unknown imports are taken as all of them: a summary never promises too little.
    let can = |capability: &str| {
        let prefix = format!("voyager:{capability}/");
        imports.as_ref().is_none_or(|all| all.iter().any(|import| import.starts_with(&prefix)))
    };
    let calls = if can("tasks") { calls(&layers) } else { Vec::new() };
    // Child tasks may use what their own skills import, within the same grants.
    let lends = !calls.is_empty();
    let folders =
        if can("workspace") || can("process") || lends { folders(&layers) } else { Vec::new() };
    let starts = if can("process") || lends { starts(&layers) } else { Vec::new() };
    let side = |write: bool| {
        folders.iter().filter_map(|all| side(all, write)).collect::<Vec<FolderPower>>()
    };
    let (reads, writes) = (side(false), side(true));
    StepPower {
        id: step.id.clone(),
        within: within(plan, at),
        operation: call.operation.name.to_string(),
        rounds_max: rounds_max(plan, at),
        when: step.when.as_ref().map(ToString::to_string),
        pure: reads.is_empty() && writes.is_empty() && starts.is_empty() && calls.is_empty(),
        reads,
        writes,
        keeps_changes: step.changes == Changes::Commit,
        starts,
        calls,
    }
}

fn within(plan: &Plan, at: usize) -> Vec<String> {
    // The id of a compensation begins with that of its step.
    let own = if plan.steps[at].part == Part::Compensation { 2 } else { 1 };
    let mut blocks: Vec<String> = plan.outward(at).skip(own).map(|it| it.id.clone()).collect();
    blocks.reverse();
    blocks
}

fn rounds_max(plan: &Plan, at: usize) -> u64 {
    let rounds = plan.outward(at).filter_map(|step| step.repeat.as_ref());
    rounds.fold(1, |all, repeat| all.saturating_mul(repeat.max.into()))
}

/// What narrows a step's power: the manifest's grants, those of the blocks around it, its own.
fn layers(plan: &Plan, at: usize) -> Vec<&GrantPlan> {
    let mut layers: Vec<&GrantPlan> = plan.outward(at).map(|step| &step.grants).collect();
    layers.push(&plan.grants);
    layers.reverse();
    layers
}

/// The manifest's folders that the step may use too, each with what every layer says of it.
fn folders<'p>(layers: &[&'p GrantPlan]) -> Vec<Vec<&'p FolderPlan>> {
    let outer = layers.first().and_then(|layer| layer.workspace.as_ref()).into_iter().flatten();
    let through = |folder: &'p FolderPlan| {
        let mut all = vec![folder];
        for own in layers[1..].iter().filter_map(|layer| layer.workspace.as_ref()) {
            all.push(own.iter().find(|inner| inner.root == folder.root)?);
        }
        Some(all)
    };
    outer.filter_map(through).collect()
}

fn side(layers: &[&FolderPlan], write: bool) -> Option<FolderPower> {
    let outer = layers.first()?;
    let globs = |folder: &&FolderPlan| {
        let globs = if write { &folder.write } else { &folder.read };
        globs.patterns().to_vec()
    };
    let mut lists: Vec<Vec<String>> = layers.iter().map(globs).collect();
    lists.dedup();
    if lists.iter().any(Vec::is_empty) {
        return None;
    }
    // What allows everything doesn't need to be said twice.
    if lists.len() > 1 {
        lists.retain(|globs| !globs.iter().any(|glob| glob == "**"));
    }
    if lists.is_empty() {
        lists.push(vec!["**".to_owned()]);
    }
    let bounds = layers.iter().filter_map(|folder| folder.write_bytes_max);
    Some(FolderPower {
        root: outer.root.clone(),
        input: outer.input.clone(),
        globs: lists,
        bytes_max: bounds.min().filter(|_| write),
    })
}

fn starts(layers: &[&GrantPlan]) -> Vec<String> {
    let said = layers.iter().filter_map(|layer| layer.process.as_deref());
    let said: Vec<&[ProgramGrant]> = said.collect();
    let show = |program: &ProgramGrant| {
        let mut shown = program.run.join(" ");
        // The ceilings count too.
        let ceilings = said.iter().filter_map(|layer| {
            let granted = layer.iter().filter(|granted| program.run.starts_with(&granted.run));
            granted.max_by_key(|granted| granted.run.len())
        });
        let ceilings: Vec<&ProgramGrant> = ceilings.collect();
        if program.network && ceilings.iter().all(|ceiling| ceiling.network) {
            shown.push_str(" with network");
        }
        let times = ceilings.iter().filter_map(|ceiling| ceiling.time_max);
        if let Some(time) = times.chain(program.time_max).min() {
            let _ = write!(shown, " for {}", show_duration(time));
        }
        shown
    };
    said.last().copied().unwrap_or_default().iter().map(show).collect()
}

fn calls(layers: &[&GrantPlan]) -> Vec<String> {
    let globs = layers.iter().rev().find_map(|layer| layer.tasks.as_ref());
    globs.map(|globs| globs.patterns().to_vec()).unwrap_or_default()
}

/// The summary as lines for a person.
pub fn to_text(summary: &Summary) -> String {
    let mut text = format!("{} {}\n", summary.name, summary.version);
    if let Some(deadline) = &summary.deadline {
        let _ = writeln!(text, "  ends after {deadline} at the latest");
    }
    for skill in &summary.skills {
        let _ = writeln!(text, "  skill {skill}");
    }
    for step in &summary.steps {
        let within: String = step.within.iter().map(|block| format!("{block}.")).collect();
        let _ = writeln!(text, "\n{within}{}: {}", step.id, step.operation);
        if 1 < step.rounds_max {
            let _ = writeln!(text, "  up to {} times", step.rounds_max);
        }
        if let Some(when) = &step.when {
            let _ = writeln!(text, "  only when {when}");
        }
        for (verb, folders) in [("reads", &step.reads), ("writes", &step.writes)] {
            for folder in folders {
                let globs: Vec<String> =
                    folder.globs.iter().map(|globs| globs.join(", ")).collect();
                let bytes = folder
                    .bytes_max
                    .map(|bytes| format!(", at most {}", show_size(bytes)))
                    .unwrap_or_default();
                let preview =
                    if verb == "writes" && !step.keeps_changes { ", only to preview" } else { "" };
                let _ = writeln!(
                    text,
                    "  {verb} {} (inputs.{}): {}{bytes}{preview}",
                    folder.root,
                    folder.input,
                    globs.join("; and of these only ")
                );
            }
        }
        for program in &step.starts {
            let _ = writeln!(text, "  starts {program}");
        }
        for operation in &step.calls {
            let _ = writeln!(text, "  calls {operation}");
        }
        if step.pure {
            text.push_str("  only computes\n");
        }
    }
    for file in &summary.artifacts {
        let _ = writeln!(text, "\nwrites the artifact {file}");
    }
    text
}
