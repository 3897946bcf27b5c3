//! What the policy of a host makes of a plan: for each step and capability what is granted, from where, and
//! whether the policy allows it, asks first, or denies it. Known before a run, and of past runs from the record.

use serde::{Deserialize, Serialize};
use voyager_base::{
    call::Folders,
    grant::{Globs, ProgramGrant},
    http::HttpGrant,
    memory::MemoryGrant,
    policy::{FolderRule, Question, Rules, Verdict, What},
};

use crate::{
    plan::{GrantPlan, Plan, Step},
    power::Imports,
    scalar::{show_duration, show_size},
};

/// One grant of one step for the skills of one package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Prospect {
    /// The step.
    pub step: String,
    /// The package of the skill that may use it.
    pub package: String,
    /// The capability.
    pub capability: String,
    /// What is granted, for people.
    pub grant: String,
    /// The same as the policy speaks of it; none of a folder whose place nobody knows yet.
    pub what: Option<What>,
    /// Where the grant stands: the innermost of those that speak of the capability.
    pub from: String,
    /// The grants around it that it narrows, from the inside to the outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub narrows: Vec<String>,
    /// What the policy says of it, or of the worst part of it.
    pub verdict: Verdict,
    /// The line of the policy that says so; none where no rule speaks of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<u32>,
    /// Whether the policy says so of a part of it only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partly: bool,
}

/// What `rules` make of every grant that a step's skills can use. `folders` are the places of the granted
/// folders, as far as they are known.
pub fn outlook(
    plan: &Plan,
    rules: &Rules,
    folders: &Folders,
    imports: &Imports<'_>,
) -> Vec<Prospect> {
    let calls = (0..plan.steps.len()).filter(|at| plan.steps[*at].call().is_some());
    calls.flat_map(|at| of_step(plan, at, rules, folders, imports)).collect()
}

/// What a capability is granted by, and where that stands.
struct Granted<'p> {
    grants: &'p GrantPlan,
    from: String,
    narrows: Vec<String>,
}

fn of_step(
    plan: &Plan,
    at: usize,
    rules: &Rules,
    folders: &Folders,
    imports: &Imports<'_>,
) -> Vec<Prospect> {
    let mut all = Vec::new();
    for (package, can) in skills(plan, at, imports) {
        let rules = rules.of(&package);
        let mut add =
            |capability: &str, granted: &Granted<'_>, grant: String, what: Option<What>| {
                let asked = what.as_ref().map(|what| rules.question(what, &operations(plan)));
                let Question { verdict, line, partly } = asked.unwrap_or_default();
                all.push(Prospect {
                    step: plan.steps[at].id.clone(),
                    package: package.clone(),
                    capability: capability.to_owned(),
                    grant,
                    what,
                    from: granted.from.clone(),
                    narrows: granted.narrows.clone(),
                    verdict,
                    rule: line,
                    partly,
                });
            };
        if can("workspace") || can("process") {
            let granted = granted(plan, at, "workspace", |it| it.workspace.is_some());
            for folder in granted.iter().flat_map(|it| it.grants.workspace.iter().flatten()) {
                let place = folders.get(&folder.root);
                let what = place.map(|path| {
                    What::Folder(FolderRule {
                        path: Some(path.clone()),
                        read: folder.read.clone(),
                        write: folder.write.clone(),
                        write_bytes_max: folder.write_bytes_max,
                    })
                });
                let name = place.map_or(&*folder.root, |path| path);
                let text = show_folder(name, &folder.read, &folder.write);
                granted.iter().for_each(|it| add("workspace", it, text.clone(), what.clone()));
            }
        }
        if can("process") {
            let granted = granted(plan, at, "process", |it| it.process.is_some());
            for program in granted.iter().flat_map(|it| it.grants.process.iter().flatten()) {
                let what = Some(What::Program(program.clone()));
                granted
                    .iter()
                    .for_each(|it| add("process", it, show_program(program), what.clone()));
            }
        }
        if can("http") {
            let granted = granted(plan, at, "http", |it| it.http.is_some());
            for server in granted.iter().flat_map(|it| it.grants.http.iter().flatten()) {
                let what = Some(What::Server(server.clone()));
                granted.iter().for_each(|it| add("http", it, show_server(server), what.clone()));
            }
        }
        if can("memory") {
            let granted = granted(plan, at, "memory", |it| it.memory.is_some());
            let spaces = granted.iter().filter_map(|it| it.grants.memory.as_ref());
            for spaces in spaces.filter(|it| !it.is_empty()) {
                let what = Some(What::Memory(spaces.clone()));
                granted.iter().for_each(|it| add("memory", it, show_spaces(spaces), what.clone()));
            }
        }
        if can("tasks") {
            let granted = granted(plan, at, "tasks", |it| it.tasks.is_some());
            for globs in granted.iter().filter_map(|it| it.grants.tasks.as_ref()) {
                if !globs.is_empty() {
                    let what = Some(What::Tasks(globs.clone()));
                    let text = globs.patterns().join(", ");
                    granted.iter().for_each(|it| add("tasks", it, text.clone(), what.clone()));
                }
            }
        }
    }
    all
}

/// The skills that a step runs, itself and by child tasks: each package, and what it can use.
fn skills<'a>(
    plan: &'a Plan,
    at: usize,
    imports: &'a Imports<'_>,
) -> Vec<(String, impl Fn(&str) -> bool)> {
    let own = plan.steps[at].call().map(|call| (&call.operation.name.package, call.component));
    let lent = plan.grants_around(at).into_iter().rev().find_map(|(_, own)| own.tasks.as_ref());
    let lends = |globs: &Globs, skill: &crate::plan::PinnedSkill| {
        skill.operations.iter().any(|it| globs.matches(&it.name.unversioned()))
    };
    let lent = plan.skills.iter().filter(|skill| lent.is_some_and(|globs| lends(globs, skill)));
    let lent = lent.map(|skill| (&skill.package, skill.component));
    let can_lend = own.is_some_and(|(_, component)| can(imports(&component).as_deref(), "tasks"));
    let mut all: Vec<(String, _)> = Vec::new();
    for (package, component) in own.into_iter().chain(lent.filter(|_| can_lend)) {
        if all.iter().all(|(known, _)| known != package) {
            let imports = imports(&component);
            all.push((package.clone(), move |it: &str| can(imports.as_deref(), it)));
        }
    }
    all
}

/// Unknown imports are taken as all of them: nobody is promised too little.
fn can(imports: Option<&[String]>, capability: &str) -> bool {
    let prefix = format!("voyager:{capability}/");
    imports.is_none_or(|all| all.iter().any(|it| it.starts_with(&prefix)))
}

/// The innermost grants around a step that speak of a capability.
fn granted<'p>(
    plan: &'p Plan,
    at: usize,
    capability: &str,
    speaks: impl Fn(&GrantPlan) -> bool,
) -> Option<Granted<'p>> {
    let around = plan.grants_around(at);
    let mut speaking = around.into_iter().rev().filter(|(_, grants)| speaks(grants));
    let (step, grants) = speaking.next()?;
    let from = place(plan, step, grants, capability);
    let narrows = speaking.map(|(step, grants)| place(plan, step, grants, capability)).collect();
    Some(Granted { grants, from, narrows })
}

/// Where grants stand: `audit.yaml:7`.
fn place(plan: &Plan, step: Option<&Step>, grants: &GrantPlan, capability: &str) -> String {
    let line = grants.lines.0.get(capability).or_else(|| grants.lines.0.get("grants"));
    let (file, otherwise) = match step {
        None => (plan.file.as_str(), 1),
        Some(step) => match step.manifest().filter(|sub| std::ptr::eq(&sub.grants, grants)) {
            Some(sub) => (sub.file.as_str(), 1),
            None => {
                let at = plan.steps.iter().position(|it| std::ptr::eq(it, step));
                (at.map_or(plan.file.as_str(), |at| plan.file_of(at)), step.line)
            }
        },
    };
    format!("{file}:{}", line.unwrap_or(&otherwise))
}

fn operations(plan: &Plan) -> Vec<String> {
    let skills = plan.skills.iter();
    let names = skills.flat_map(|skill| skill.operations.iter().map(|it| it.name.unversioned()));
    names.collect()
}

/// A folder in one line.
pub fn show_folder(name: &str, read: &Globs, write: &Globs) -> String {
    let part = |word: &str, globs: &Globs| {
        (!globs.is_empty()).then(|| format!("{word} {}", globs.patterns().join(", ")))
    };
    let parts: Vec<String> =
        [part("read", read), part("write", write)].into_iter().flatten().collect();
    format!("{name}: {}", parts.join("; "))
}

/// A program with its bounds in one line.
pub fn show_program(program: &ProgramGrant) -> String {
    let bounds = [
        program.network.then(|| "with the network".to_owned()),
        program.time_max.map(|it| format!("at most {}", show_duration(it))),
        program.memory_bytes_max.map(|it| format!("at most {}", show_size(it))),
        program.processes_max.map(|it| format!("at most {it} processes")),
        program.cpus_max.map(|it| format!("at most {it} processors")),
    ];
    let secrets =
        program.secrets.iter().map(|(variable, name)| format!("{variable} = inputs.{name}"));
    let bounds: Vec<String> = bounds.into_iter().flatten().chain(secrets).collect();
    match bounds.is_empty() {
        true => program.run.join(" "),
        false => format!("{} ({})", program.run.join(" "), bounds.join(", ")),
    }
}

/// Servers with their bounds in one line.
pub fn show_server(server: &HttpGrant) -> String {
    let private: Vec<String> = server.private.iter().map(ToString::to_string).collect();
    let bounds = [
        (!private.is_empty()).then(|| format!("also at {}", private.join(", "))),
        server.send_bytes_max.map(|it| format!("sends at most {}", show_size(it))),
        server.receive_bytes_max.map(|it| format!("receives at most {}", show_size(it))),
        server.time_max.map(|it| format!("at most {}", show_duration(it))),
    ];
    let secrets = server.secrets.iter().map(|(key, name)| format!("{key} = inputs.{name}"));
    let bounds: Vec<String> = bounds.into_iter().flatten().chain(secrets).collect();
    let methods = server.methods.join(", ");
    match bounds.is_empty() {
        true => format!("{methods} {}", server.host),
        false => format!("{methods} {} ({})", server.host, bounds.join(", ")),
    }
}

/// Spaces of the memory in one line.
pub fn show_spaces(spaces: &MemoryGrant) -> String {
    let part = |words: &str, globs: &Globs| {
        (!globs.is_empty()).then(|| format!("{words} {}", globs.patterns().join(", ")))
    };
    let trusted = spaces.trust.filter(|_| !spaces.read.is_empty());
    let recall = part("recall from", &spaces.read).map(|it| match trusted {
        Some(least) => format!("{it} what is trusted as `{least}` at least"),
        None => it,
    });
    let parts = [recall, part("remember in", &spaces.write)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What a rule speaks of, or a person allowed, in one line.
pub fn show(what: &What) -> String {
    match what {
        What::Folder(folder) => {
            let name = folder.path.as_deref().unwrap_or("any folder");
            show_folder(name, &folder.read, &folder.write)
        }
        What::Program(program) => show_program(program),
        What::Server(server) => show_server(server),
        What::Memory(spaces) => show_spaces(spaces),
        What::Tasks(globs) => globs.patterns().join(", "),
    }
}
