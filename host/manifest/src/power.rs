//! The power of a plan: the most that its runs can do, whatever their skills do. What people approve, and
//! what a later version is compared with ([`differences`]).
//!
//! It is what the grants of the manifest, of the blocks and of the step leave together, and what the
//! skill can use of that. What the steps do with it is no part of it.

mod compare;
pub(crate) mod inclusion;

use std::{collections::BTreeSet, time::Duration};

use serde::{Deserialize, Serialize};
use voyager_base::{
    Digest, Limits, Value,
    grant::{Globs, GrantLayer, Grants, ProgramGrant, ProgramRule},
    http::{HttpGrant, HttpHost, HttpRule, METHODS},
    memory::{MemoryGrant, Trust},
};

pub use self::compare::{Difference, How, Place, differences, to_text};
pub(crate) use self::compare::{show_request, show_secrets};
use crate::{
    diagnostic::{Findings, Place as At},
    plan::{
        Argument, Awaited, Changes, Concurrency, FolderPlan, GrantPlan, Handling, Part, Plan,
        Priority, Step,
    },
    yaml,
};

/// What a component imports, for example `["voyager:process/process@0.1.0"]`; none where it is unknown.
pub type Imports<'a> = dyn Fn(&Digest) -> Option<Vec<String>> + 'a;

/// The power of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Power {
    /// The manifest's name.
    pub name: String,
    /// Time from the start of a run to its end.
    pub deadline: Option<Duration>,
    /// Most tasks of a run.
    pub tasks_max: u64,
    /// Most tasks at a time; 0 for as many as the host has cores.
    pub parallel: u32,
    /// How important a run is.
    pub priority: Priority,
    /// By what its runs take turns together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair_by: Option<Argument>,
    /// How many runs with the same key run at a time.
    pub concurrency: Option<Concurrency>,
    /// Where granted folders are, unless whoever starts a run says otherwise.
    pub defaults: Vec<FolderDefault>,
    /// The code that runs.
    pub skills: Vec<SkillPower>,
    /// What each step can do.
    pub steps: Vec<Reach>,
    /// Files that a run writes below `--out`.
    pub artifacts: Vec<String>,
}

/// Where a granted folder is, unless whoever starts a run says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FolderDefault {
    /// The input that holds its path.
    pub input: String,
    /// Its value where none is given.
    pub default: Option<Value>,
}

/// A skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SkillPower {
    /// Its package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Hash of the component, in hexadecimal digits.
    pub component: String,
}

/// What a step can do: at most this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reach {
    /// Its id, after those of the blocks that hold it.
    pub step: String,
    /// Where it stands in the file.
    pub line: u32,
    /// Its operation.
    pub operation: String,
    /// Most attempts of its task; none where that depends on what it is given.
    pub attempts_max: Option<u64>,
    /// Longest time of an attempt.
    pub timeout: Option<Duration>,
    /// Bounds of each of its tasks.
    pub limits: Limits,
    /// How important its tasks are.
    pub priority: Priority,
    /// Folders that it may use.
    pub folders: Vec<FolderReach>,
    /// Whether what it writes becomes real.
    pub keeps_changes: bool,
    /// Programs: every layer has to allow a start. Without a layer it starts nothing.
    pub programs: Vec<Vec<ProgramGrant>>,
    /// Servers: every layer has to allow a request. Without a layer it asks nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<Vec<HttpGrant>>,
    /// Spaces whose memories it may recall: every layer has to allow one. Without a layer it recalls nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recalls: Vec<Globs>,
    /// The least trust of what it may recall; none where it recalls nothing, or where nobody wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalls_trust: Option<Trust>,
    /// Spaces in which it may remember, relate and forget, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembers: Vec<Globs>,
    /// Operations that it may call as child tasks: every layer has to allow one. Without a layer it calls
    /// nothing.
    pub calls: Vec<Globs>,
    /// Steps whose approval it can't run without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<String>,
}

/// What a step can do in a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FolderReach {
    /// The folder's name.
    pub root: String,
    /// The input that holds its path.
    pub input: String,
    /// What it may read: a path has to match every layer.
    pub read: Vec<Globs>,
    /// What it may write, likewise.
    pub write: Vec<Globs>,
    /// Most bytes that one task may write.
    pub write_bytes_max: Option<u64>,
}

impl Power {
    /// The power of a plan. A capability that a step's skill doesn't import it can't use, whatever is
    /// granted.
    pub fn of(plan: &Plan, imports: &Imports<'_>) -> Self {
        let mut inputs: Vec<&str> = folders_of(&plan.grants).map(|it| it.input.as_str()).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let default = |input: &str| FolderDefault {
            input: input.to_owned(),
            default: plan
                .inputs
                .iter()
                .find(|it| it.name == input)
                .and_then(|it| it.default.clone()),
        };
        Self {
            name: plan.name.clone(),
            deadline: plan.bounds.deadline,
            tasks_max: plan.bounds.steps,
            parallel: plan.bounds.parallel,
            priority: plan.priority,
            fair_by: plan.fair_by.clone(),
            concurrency: plan.concurrency.clone(),
            defaults: inputs.into_iter().map(default).collect(),
            skills: plan
                .skills
                .iter()
                .map(|skill| SkillPower {
                    package: skill.package.clone(),
                    version: skill.version.clone(),
                    component: skill.component.to_string(),
                })
                .collect(),
            steps: (0..plan.steps.len()).filter_map(|at| Reach::of(plan, at, imports)).collect(),
            artifacts: plan.outputs.iter().filter_map(|output| output.file.clone()).collect(),
        }
    }
}

impl Power {
    /// The same run without anything that it does: what a power is compared with that nobody approved.
    #[must_use]
    pub fn nothing(&self) -> Self {
        let (skills, steps, artifacts) = (Vec::new(), Vec::new(), Vec::new());
        Self { skills, steps, artifacts, ..self.clone() }
    }
}

impl Reach {
    /// The same task without anything that it may use.
    pub(crate) fn nothing(&self) -> Self {
        let (folders, programs, calls) = (Vec::new(), Vec::new(), Vec::new());
        let (servers, recalls, remembers) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            folders,
            programs,
            calls,
            servers,
            recalls,
            recalls_trust: None,
            remembers,
            ..self.clone()
        }
    }

    /// What the step at a position can do; none where it calls nothing itself.
    pub fn of(plan: &Plan, at: usize, imports: &Imports<'_>) -> Option<Self> {
        let step = plan.steps.get(at)?;
        let call = step.call()?;
        let imports = imports(&call.component);
        // Unknown imports are taken as all of them: nobody is promised too little.
        let can = |capability: &str| {
            let prefix = format!("voyager:{capability}/");
            imports.as_ref().is_none_or(|all| all.iter().any(|it| it.starts_with(&prefix)))
        };
        let layers = layers(plan, at);
        let mut calls: Vec<Globs> = Vec::new();
        if can("tasks") {
            calls.extend(layers.iter().filter_map(|layer| layer.tasks.clone()));
        }
        if calls.iter().any(Globs::is_empty) {
            calls.clear();
        }
        // Child tasks may use what their own skills import, within the same grants.
        let lends = !calls.is_empty();
        let folders =
            if can("workspace") || can("process") || lends { folders(&layers) } else { Vec::new() };
        let mut programs: Vec<Vec<ProgramGrant>> = Vec::new();
        if can("process") || lends {
            programs.extend(layers.iter().filter_map(|layer| layer.process.clone()));
        }
        if programs.iter().any(Vec::is_empty) {
            programs.clear();
        }
        let mut servers: Vec<Vec<HttpGrant>> = Vec::new();
        if can("http") || lends {
            servers.extend(layers.iter().filter_map(|layer| layer.http.clone()));
        }
        if servers.iter().any(Vec::is_empty) {
            servers.clear();
        }
        let spaces = |globs: fn(&MemoryGrant) -> &Globs| {
            let used = layers.iter().filter(|_| can("memory") || lends);
            let mut spaces: Vec<Globs> =
                used.filter_map(|it| it.memory.as_ref()).map(|it| globs(it).clone()).collect();
            spaces.dedup();
            if spaces.iter().any(Globs::is_empty) { Vec::new() } else { spaces }
        };
        let recalls = spaces(|it| &it.read);
        let asked = layers.iter().filter_map(|it| it.memory.as_ref()?.trust).max();
        let recalls_trust = (!recalls.is_empty()).then(|| asked.unwrap_or_default());
        calls.dedup();
        programs.dedup();
        servers.dedup();
        Some(Self {
            step: path(plan, at),
            line: plan.line_of(at),
            operation: call.operation.name.to_string(),
            attempts_max: attempts_max(plan, at),
            timeout: step.timeout,
            limits: step.limits.clone(),
            priority: plan.priority_of(at),
            folders,
            keeps_changes: step.changes == Changes::Commit,
            programs,
            servers,
            recalls,
            recalls_trust,
            remembers: spaces(|it| &it.write),
            calls,
            approvals: approvals(plan, at),
        })
    }

    /// What all layers together let requests do; none where one of them refuses these.
    pub fn request(&self, host: &HttpHost, method: &str) -> Option<HttpRule> {
        HttpRule::of(self.servers.iter().map(Vec::as_slice), host, method)
    }

    /// The servers that it may ask, with the methods that it may use and the rule of the widest of them.
    pub fn asks(&self) -> Vec<(HttpHost, Vec<&'static str>, HttpRule)> {
        let named = self.servers.iter().flatten().map(|grant| grant.host.clone());
        let hosts: BTreeSet<HttpHost> = named.collect();
        let asked = |host: HttpHost| {
            let rules = METHODS.into_iter().filter_map(|it| Some((it, self.request(&host, it)?)));
            let (methods, rules): (Vec<_>, Vec<_>) = rules.unzip();
            Some((host, methods, rules.into_iter().next()?))
        };
        hosts.into_iter().filter_map(asked).collect()
    }

    /// What all layers together let this program do; none where one of them refuses it.
    pub fn rule(&self, run: &[String]) -> Option<ProgramRule> {
        let (program, arguments) = run.split_first()?;
        let layer = |programs: &Vec<ProgramGrant>| {
            GrantLayer { process: Some(programs.clone()), ..GrantLayer::default() }.into()
        };
        let layers = self.programs.iter().map(layer).collect();
        Grants { layers, ..Grants::default() }.program(program, arguments).ok()
    }

    /// The beginnings of commands that it may start, each with its rule. Those that only say again what a
    /// shorter one says are left out.
    pub fn starts(&self) -> Vec<(Vec<String>, ProgramRule)> {
        let mut starts: Vec<(Vec<String>, ProgramRule)> = Vec::new();
        let mut runs: Vec<&Vec<String>> =
            self.programs.iter().flatten().map(|it| &it.run).collect();
        runs.sort_by_key(|run| run.len());
        for run in runs {
            let Some(rule) = self.rule(run) else { continue };
            let above =
                starts.iter().filter(|(it, _)| run.starts_with(it)).max_by_key(|it| it.0.len());
            if above.is_none_or(|(_, known)| *known != rule) {
                starts.push((run.clone(), rule));
            }
        }
        starts.sort_by(|one, other| one.0.cmp(&other.0));
        starts
    }
}

/// Paths of the approvals that a step, or a block around it, waits for, whatever happens before.
fn approvals(plan: &Plan, at: usize) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![at];
    while let Some(step) = open.pop() {
        if seen.insert(step) {
            let it = &plan.steps[step];
            // What runs however the others ended waits for their end alone.
            open.extend(it.needs.iter().copied().filter(|_| it.part == Part::Body));
            open.extend(it.within);
        }
    }
    let is_gate = |step: &Step| {
        let is_approval = step.wait().is_some_and(|wait| matches!(wait.on, Awaited::Approval(_)));
        let passes = step.on_error.iter().any(|handler| handler.then == Handling::Continue);
        is_approval && !passes && step.when.is_none()
    };
    let gates = seen.into_iter().filter(|step| *step != at && is_gate(&plan.steps[*step]));
    gates.map(|step| path(plan, step)).collect()
}

/// Most attempts of a step's task: those of its `retry`, its rounds and its items, times those of the
/// blocks around it. None where the number of items depends on what the run is given.
fn attempts_max(plan: &Plan, at: usize) -> Option<u64> {
    let unknown = |step: &Step| items_max(step).is_none();
    (!plan.outward(at).any(unknown)).then(|| attempts_per_item(plan, at))
}

/// The same without the items whose number nobody knows.
pub(crate) fn attempts_per_item(plan: &Plan, at: usize) -> u64 {
    plan.outward(at).fold(1, |all: u64, step| {
        let retries = step.retry.as_ref().map_or(1, |retry| u64::from(retry.attempts.max(1)));
        let rounds = step.repeat.as_ref().map_or(1, |repeat| u64::from(repeat.max));
        let items = items_max(step).unwrap_or(1);
        all.saturating_mul(retries).saturating_mul(rounds).saturating_mul(items)
    })
}

/// Most items of a step; none where that depends on what the run is given.
pub(crate) fn items_max(step: &Step) -> Option<u64> {
    step.for_each.as_ref().map_or(Some(1), |each| each.items.elements_max())
}

/// Ids of the blocks that hold a step, the outermost first.
pub(crate) fn within(plan: &Plan, at: usize) -> Vec<String> {
    // The id of a compensation begins with that of its step.
    let own = if plan.steps[at].part == Part::Compensation { 2 } else { 1 };
    let mut blocks: Vec<String> =
        plan.outward(at).skip(own).map(|it| it.local_id().to_owned()).collect();
    blocks.reverse();
    blocks
}

/// Its id, after those of the blocks that hold it.
pub(crate) fn path(plan: &Plan, at: usize) -> String {
    let mut ids = within(plan, at);
    ids.push(plan.steps[at].local_id().to_owned());
    ids.join(".")
}

/// Where a key of the manifest stands, for what a plan has no place of.
pub(crate) fn line_of(text: &str, keys: &[&str]) -> Option<u32> {
    let root = yaml::read(text, &mut Findings::default())?;
    let (last, above) = keys.split_last()?;
    let node = above.iter().try_fold(&root, |node, key| node.get(key))?;
    u32::try_from(At::of(text, &node.entry(last)?.key_span).line).ok()
}

/// What narrows a step's power: the manifest's grants, those of the blocks and manifests around it, its own.
fn layers(plan: &Plan, at: usize) -> Vec<&GrantPlan> {
    plan.grants_around(at).into_iter().map(|(_, grants)| grants).collect()
}

fn folders_of(grants: &GrantPlan) -> impl Iterator<Item = &FolderPlan> {
    grants.workspace.iter().flatten()
}

/// The manifest's folders that the step may use too, with what every layer says of them.
fn folders(layers: &[&GrantPlan]) -> Vec<FolderReach> {
    let Some((manifest, narrower)) = layers.split_first() else { return Vec::new() };
    let reach = |folder: &FolderPlan| {
        let mut all = vec![folder];
        for own in narrower.iter().filter_map(|layer| layer.workspace.as_ref()) {
            all.push(own.iter().find(|inner| inner.root == folder.root)?);
        }
        let side = |globs: fn(&FolderPlan) -> &Globs| {
            let mut layers: Vec<Globs> = all.iter().map(|it| globs(it).clone()).collect();
            layers.dedup();
            if layers.iter().any(Globs::is_empty) { Vec::new() } else { layers }
        };
        Some(FolderReach {
            root: folder.root.clone(),
            input: folder.input.clone(),
            read: side(|it| &it.read),
            write: side(|it| &it.write),
            write_bytes_max: all.iter().filter_map(|it| it.write_bytes_max).min(),
        })
    };
    folders_of(manifest).filter_map(reach).collect()
}
