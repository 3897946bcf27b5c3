//! `agent-host grants`: who may do what, who said so, and what became of it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use voyager_base::{Limits, policy::Rule};
use voyager_manifest::outlook;

use super::{
    Context,
    run::{current_folder, manifest_path},
};
use crate::{
    decisions::{Decided, Decisions},
    failure::Failure,
    host::Explained,
    policy, printing,
    protocol::Request,
    report, session,
};

/// Shows what the policy of this host allows, what was allowed where it asks, and what a run used of it.
#[derive(Args)]
pub(crate) struct Grants {
    #[command(subcommand)]
    command: GrantsCommand,
}

#[derive(Subcommand)]
enum GrantsCommand {
    /// What the policy says, rule by rule.
    Show,
    /// Tries a policy: tells everything that is wrong with it, with its place.
    Check {
        /// The file [default: the policy of this host].
        file: Option<PathBuf>,
    },
    /// What a run could use, step by step: from which line of the policy, the manifest or a step, or by whose
    /// word; how much of it was used; what was denied, with the line to add.
    Explain {
        /// Id of the run, or its beginning [default: the newest].
        run: Option<String>,
        /// Only this step.
        #[arg(long, value_name = "STEP")]
        step: Option<String>,
    },
    /// What was answered for good where the policy asks.
    List,
    /// Forgets what was answered for a manifest: it is asked for again.
    Forget {
        /// The manifest: its file, or its name.
        manifest: PathBuf,
    },
}

impl Grants {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        match self.command {
            GrantsCommand::Show => show(context),
            GrantsCommand::Check { file } => check(context, file),
            GrantsCommand::Explain { run, step } => explain(context, run, step.as_deref()),
            GrantsCommand::List => list(context),
            GrantsCommand::Forget { manifest } => forget(context, &manifest),
        }
    }
}

fn show(context: &Context) -> Result<u8, Failure> {
    let read = policy::read(&context.places)?;
    let (rules, limits) = (&read.policy.rules, &read.policy.limits);
    let file = policy::file(&context.places);
    let told: Vec<_> = rules.rules.iter().map(about).collect();
    let ceiling = Limits::ceiling();
    let answer = json!({
        "file": file, "is-there": read.is_there, "otherwise": rules.otherwise, "rules": told,
        "limits": limits, "limits-are-lower": *limits != ceiling,
    });
    report::tell(context, &answer, 0, || {
        if !read.is_there {
            let file = file.display();
            return printing::line(format!(
                "there is no policy ({file}): manifests may grant whatever they say"
            ));
        }
        for rule in &rules.rules {
            let packages = rule.packages.as_ref().map(|it| it.patterns().join(", "));
            let whose = packages.map(|it| format!("  [only {it}]")).unwrap_or_default();
            let (line, verdict) = (rule.line, rule.verdict.name());
            let (sort, what) = (sort(rule), outlook::show(&rule.what));
            printing::line(format!("{line:>5}  {verdict:<5}  {sort:<9}  {what}{whose}"))?;
        }
        let otherwise = rules.otherwise.name();
        printing::line(format!("       {otherwise:<5}  whatever no rule speaks of"))?;
        if *limits != ceiling {
            printing::line("limits may be raised to less than the host's own: see the file")?;
        }
        Ok(())
    })
}

fn about(rule: &Rule) -> serde_json::Value {
    json!({
        "line": rule.line,
        "verdict": rule.verdict,
        "capability": sort(rule),
        "what": outlook::show(&rule.what),
        "packages": rule.packages,
    })
}

fn sort(rule: &Rule) -> &'static str {
    use voyager_base::policy::What;
    match rule.what {
        What::Folder(_) => "workspace",
        What::Program(_) => "process",
        What::Server(_) => "http",
        What::Memory(_) => "memory",
        What::Tasks(_) => "tasks",
    }
}

fn check(context: &Context, file: Option<PathBuf>) -> Result<u8, Failure> {
    let mut places = context.places.clone();
    if file.is_some() {
        (places.policy, places.policy_is_named) = (file, true);
    }
    let read = policy::read(&places)?;
    let file = policy::file(&places);
    let rules = read.policy.rules.rules.len();
    let answer = json!({
        "file": file, "is-there": read.is_there, "rules": rules, "warnings": read.warnings,
    });
    report::tell(context, &answer, 0, || {
        if !read.warnings.is_empty() {
            printing::note(&read.warnings);
        }
        let file = file.display();
        match read.is_there {
            true => printing::line(format!("{file} is good: {rules} rules")),
            false => printing::line(format!("there is no policy ({file})")),
        }
    })
}

fn explain(context: &Context, run: Option<String>, step: Option<&str>) -> Result<u8, Failure> {
    let answer = session::ask(context, Request::Grants { run })?;
    let mut explained: Explained = report::read(&answer)?;
    if let Some(step) = step {
        explained.steps.retain(|it| it.step == step);
        if explained.steps.is_empty() {
            return Err(Failure::usage(format!("no step `{step}` of this run can use anything"))
                .hint("`agent-host runs show` lists the steps"));
        }
    }
    report::tell(context, &explained, 0, || printing::bytes(text(&explained).as_bytes()))
}

fn text(explained: &Explained) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let policy = explained.policy.as_deref().unwrap_or("none: manifests decide");
    let _ = writeln!(text, "{}  {}  policy: {policy}", explained.run, explained.name);
    for it in &explained.decisions {
        let (what, package) = (&it.what, &it.package);
        let (by, at, scope) = (&it.by, &it.at, &it.scope);
        let _ = writeln!(text, "  {by} allowed {package} on {at} ({scope}): {what}");
    }
    for it in &explained.steps {
        let _ = writeln!(text, "{}  {}  used {} times", it.step, it.capability, it.used);
        if it.grants.is_empty() {
            let _ = writeln!(text, "    nothing is granted");
        }
        for grant in &it.grants {
            let (what, package, from) = (&grant.grant, &grant.package, &grant.from);
            let _ = writeln!(text, "    {what}  [{package}]");
            let narrows = match grant.narrows.is_empty() {
                true => String::new(),
                false => format!(", within {}", grant.narrows.join(", ")),
            };
            let part = if grant.partly { " a part of it" } else { "" };
            let because = grant.because.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
            let policy = &grant.policy;
            let _ =
                writeln!(text, "      granted at {from}{narrows}; policy: {policy}{part}{because}");
        }
        for denied in &it.denied {
            let _ = writeln!(text, "    denied {} times: {}", denied.times, denied.message);
        }
    }
    printing::harmless(&text)
}

fn list(context: &Context) -> Result<u8, Failure> {
    let all = Decisions::of(&context.places.state).all()?;
    report::tell(context, &all, 0, || {
        if all.is_empty() {
            printing::note("nothing is remembered; `run` asks on a terminal where the policy does");
        }
        all.iter().try_for_each(told)
    })
}

fn told(decided: &Decided) -> Result<(), Failure> {
    printing::line(format!("{}  {}", decided.name, decided.path.display()))?;
    decided.allowed.iter().try_for_each(|it| {
        let what = printing::harmless(&outlook::show(&it.what));
        printing::line(format!("  {}  {}  {}: {what}", it.at, it.by, it.package))
    })
}

fn forget(context: &Context, named: &Path) -> Result<u8, Failure> {
    let file = current_folder()?.join(manifest_path(context, named));
    let gone = Decisions::of(&context.places.state).forget(named, &file)?;
    report::tell(context, &json!({ "forgotten": gone }), 0, || {
        gone.iter().try_for_each(|it| {
            printing::line(format!("{} ({}) is asked for again", it.name, it.path.display()))
        })
    })
}
