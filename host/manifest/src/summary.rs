//! What a plan can do: for each step what it may read, write, start, and call. For people who decide
//! whether to run it, before it runs.

use std::{collections::BTreeSet, fmt::Write as _};

use serde::Serialize;
use voyager_base::{
    grant::{Globs, ProgramRule},
    memory::Trust,
};

use crate::{
    plan::{Argument, Plan},
    power::{FolderReach, Imports, Reach, attempts_per_item, show_request, show_secrets, within},
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
    /// By what its runs take turns together, where they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fair_by: Option<String>,
    /// What each step may do, in their order.
    pub steps: Vec<StepPower>,
    /// Files that a run writes below `--out`.
    pub artifacts: Vec<String>,
    /// What all steps may do together.
    pub total: Total,
}

/// What all steps may do together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Total {
    /// Most attempts of tasks, child tasks counted.
    pub attempts_max: u64,
    /// Whether only the bound of the run says so, since the steps alone could need more, or nobody
    /// knows how many.
    pub is_cut: bool,
    /// Folders that it reads.
    pub reads: Vec<String>,
    /// Folders in which it changes something.
    pub writes: Vec<String>,
    /// Programs that it starts.
    pub starts: Vec<String>,
    /// Programs and servers through which it reaches the network.
    pub reaches: Vec<String>,
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
    /// Most attempts of its task: retries, rounds and items, those of the blocks around it counted; none
    /// where the number of items depends on what the run is given.
    pub attempts_max: Option<u64>,
    /// The same without the items whose number nobody knows.
    pub attempts_per_item: u64,
    /// Whether it runs only under a condition.
    pub when: Option<String>,
    /// What each of its tasks reserves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserves: Option<String>,
    /// How old a result may be that an earlier call gave, where it takes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_for: Option<String>,
    /// Approvals that it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
    /// What it may read.
    pub reads: Vec<FolderPower>,
    /// What it may write.
    pub writes: Vec<FolderPower>,
    /// Whether what it writes becomes real.
    pub keeps_changes: bool,
    /// Programs that it may start.
    pub starts: Vec<String>,
    /// Servers that it may ask.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// Those servers, and the programs that may use the network: nothing else reaches it.
    pub reaches: Vec<String>,
    /// Spaces of the memory that it may recall from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recalls: Vec<String>,
    /// The least trust of what it may recall; none where it recalls nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recalls_trust: Option<Trust>,
    /// Spaces of the memory that it may remember in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remembers: Vec<String>,
    /// Operations that it may call as child tasks.
    pub calls: Vec<String>,
    /// Most child tasks of one attempt.
    pub children_max: u32,
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

/// What a plan can do, for people. A capability that a step's skill doesn't import it can't use, whatever
/// is granted.
pub fn summary(plan: &Plan, imports: &Imports<'_>) -> Summary {
    let reaches = (0..plan.steps.len()).filter_map(|at| Some((at, Reach::of(plan, at, imports)?)));
    let steps: Vec<StepPower> = reaches.map(|(at, reach)| power(plan, at, &reach)).collect();
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
        fair_by: plan.fair_by.as_ref().map(show_argument),
        total: total(plan, &steps),
        steps,
        artifacts: plan.outputs.iter().filter_map(|output| output.file.clone()).collect(),
    }
}

fn power(plan: &Plan, at: usize, reach: &Reach) -> StepPower {
    let step = &plan.steps[at];
    let side = |globs: fn(&FolderReach) -> &[Globs], write: bool| -> Vec<FolderPower> {
        reach.folders.iter().filter_map(|it| folder(it, globs(it), write)).collect()
    };
    let (reads, writes) = (side(|it| &it.read, false), side(|it| &it.write, true));
    let (starts, calls, asks) = (reach.starts(), innermost(&reach.calls), reach.asks());
    let online = starts.iter().filter(|(_, rule)| rule.network).map(|it| it.0.join(" "));
    let reaches = online.chain(asks.iter().map(|(host, ..)| host.to_string())).collect();
    StepPower {
        id: step.local_id().to_owned(),
        within: within(plan, at),
        operation: reach.operation.clone(),
        rounds_max: rounds_max(plan, at),
        attempts_max: reach.attempts_max,
        attempts_per_item: attempts_per_item(plan, at),
        when: step.when.as_ref().map(ToString::to_string),
        reserves: step.resources.map(|it| it.to_string()),
        kept_for: step.call().and_then(|call| call.cache).map(show_duration),
        approvals: reach.approvals.clone(),
        pure: reads.is_empty()
            && writes.is_empty()
            && starts.is_empty()
            && asks.is_empty()
            && reach.recalls.is_empty()
            && reach.remembers.is_empty()
            && calls.is_empty(),
        reads,
        writes,
        keeps_changes: reach.keeps_changes,
        reaches,
        asks: asks
            .iter()
            .map(|(host, methods, rule)| {
                format!("{host} ({}) {}", methods.join(", "), show_request(rule))
            })
            .collect(),
        recalls: innermost(&reach.recalls),
        recalls_trust: reach.recalls_trust,
        remembers: innermost(&reach.remembers),
        starts: starts.iter().map(|(run, rule)| show_start(run, rule)).collect(),
        children_max: if calls.is_empty() { 0 } else { reach.limits.children },
        calls,
    }
}

fn rounds_max(plan: &Plan, at: usize) -> u64 {
    let rounds = plan.outward(at).filter_map(|step| step.repeat.as_ref());
    rounds.fold(1, |all, repeat| all.saturating_mul(repeat.max.into()))
}

fn folder(reach: &FolderReach, globs: &[Globs], write: bool) -> Option<FolderPower> {
    let mut lists: Vec<Vec<String>> = globs.iter().map(|it| it.patterns().to_vec()).collect();
    if lists.is_empty() {
        return None;
    }
    // What allows everything doesn't need to be said twice.
    if lists.len() > 1 {
        lists.retain(|globs| !globs.iter().any(|glob| glob == "**"));
    }
    if lists.is_empty() {
        lists.push(vec!["**".to_owned()]);
    }
    Some(FolderPower {
        root: reach.root.clone(),
        input: reach.input.clone(),
        globs: lists,
        bytes_max: reach.write_bytes_max.filter(|_| write),
    })
}

/// An argument as it stands in the manifest.
fn show_argument(argument: &Argument) -> String {
    match argument {
        Argument::Literal(value) => value.to_json().to_string(),
        Argument::Computed(expr) => expr.text().to_owned(),
        Argument::Template(template) => template.text().to_owned(),
        Argument::Record(_) | Argument::List(_) => "value".to_owned(),
    }
}

fn show_start(run: &[String], rule: &ProgramRule) -> String {
    let mut shown = run.join(" ");
    if rule.network {
        shown.push_str(" with network");
    }
    if let Some(time) = rule.time_max {
        let _ = write!(shown, " for {}", show_duration(time));
    }
    if let Some(secrets) = show_secrets(rule) {
        let _ = write!(shown, ", {secrets}");
    }
    shown
}

/// What the innermost layer says, which the others hold.
fn innermost(layers: &[Globs]) -> Vec<String> {
    layers.last().map(|globs| globs.patterns().to_vec()).unwrap_or_default()
}

fn total(plan: &Plan, steps: &[StepPower]) -> Total {
    let all = |of: fn(&StepPower) -> Vec<String>| {
        let all: BTreeSet<String> = steps.iter().flat_map(of).collect();
        all.into_iter().collect()
    };
    let attempts = steps.iter().try_fold(0_u64, |all, step| {
        (step.children_max == 0).then_some(all.saturating_add(step.attempts_max?))
    });
    Total {
        attempts_max: attempts.map_or(plan.bounds.steps, |all| all.min(plan.bounds.steps)),
        is_cut: attempts.is_none_or(|all| plan.bounds.steps < all),
        reads: all(|step| step.reads.iter().map(|it| it.root.clone()).collect()),
        writes: all(|step| {
            let kept = step.writes.iter().filter(|_| step.keeps_changes);
            kept.map(|it| it.root.clone()).collect()
        }),
        starts: all(|step| step.starts.clone()),
        reaches: all(|step| step.reaches.clone()),
    }
}

/// The summary as lines for a person.
pub fn to_text(summary: &Summary) -> String {
    let mut text = format!("{} {}\n", summary.name, summary.version);
    if let Some(deadline) = &summary.deadline {
        let _ = writeln!(text, "  ends after {deadline} at the latest");
    }
    if let Some(key) = &summary.fair_by {
        let _ = writeln!(text, "  takes turns together with runs of the same {key}");
    }
    for skill in &summary.skills {
        let _ = writeln!(text, "  skill {skill}");
    }
    for step in &summary.steps {
        let within: String = step.within.iter().map(|block| format!("{block}.")).collect();
        let _ = writeln!(text, "\n{within}{}: {}", step.id, step.operation);
        if 1 < step.rounds_max {
            let _ = writeln!(text, "  up to {} rounds", step.rounds_max);
        }
        match step.attempts_max {
            Some(1) => {}
            Some(most) => drop(writeln!(text, "  at most {most} task attempts")),
            None => {
                text.push_str("  as many tasks as there are items, which no bound is known of\n")
            }
        }
        if let Some(when) = &step.when {
            let _ = writeln!(text, "  only when {when}");
        }
        if let Some(reserves) = &step.reserves {
            let _ = writeln!(text, "  reserves {reserves}");
        }
        if let Some(ttl) = &step.kept_for {
            let _ = writeln!(text, "  takes the result of an earlier call, up to {ttl} old");
        }
        if !step.approvals.is_empty() {
            let _ = writeln!(text, "  only after the approval {}", step.approvals.join(", "));
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
        for server in &step.asks {
            let _ = writeln!(text, "  asks {server}");
        }
        if !step.recalls.is_empty() {
            // All is trusted as much as the least.
            let asked = step.recalls_trust.filter(|it| *it > Trust::default());
            let trust = asked
                .map(|least| format!(" what is trusted as `{least}` at least"))
                .unwrap_or_default();
            let _ = writeln!(text, "  may recall from {}{trust}", step.recalls.join(", "));
        }
        if !step.remembers.is_empty() {
            let _ = writeln!(text, "  may remember in {}", step.remembers.join(", "));
        }
        for operation in &step.calls {
            let _ = writeln!(text, "  calls {operation}");
        }
        if step.children_max != 0 {
            let _ = writeln!(text, "  up to {} child tasks of each attempt", step.children_max);
        }
        if step.pure {
            text.push_str("  only computes\n");
        }
    }
    for file in &summary.artifacts {
        let _ = writeln!(text, "\nwrites the artifact {file}");
    }
    text.push_str(&total_text(&summary.total));
    text
}

fn total_text(total: &Total) -> String {
    let why = if total.is_cut { ", where `limits.steps` ends the run" } else { "" };
    let mut text = format!("\nin total\n  at most {} task attempts{why}\n", total.attempts_max);
    let lists = [
        ("reads", &total.reads),
        ("changes", &total.writes),
        ("starts", &total.starts),
        ("reaches the network through", &total.reaches),
    ];
    for (verb, what) in lists {
        let what = match what.as_slice() {
            [] if verb.contains("network") => {
                text.push_str("  reaches no network\n");
                continue;
            }
            [] => "nothing".to_owned(),
            what => what.join(", "),
        };
        let _ = writeln!(text, "  {verb} {what}");
    }
    text
}
