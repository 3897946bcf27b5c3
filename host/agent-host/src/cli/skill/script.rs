//! `agent-host skill run --script`: a call whose programs, servers and child tasks a file answers for.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value as Json;
use voyager_base::{Limits, operation::Skill, sim::MemoryJournal};
use voyager_manifest::{Catalog, Plan, Scenario, check_script, diagnostic, scenario::without_docs};

use super::run::Call;
use crate::{
    answer::Status,
    catalog::Catalog as Skills,
    checking,
    cli::{Context, test::runtime},
    failure::{Failure, FailureKind},
    host, policy, printing,
    protocol::RunRequest,
    report,
    testing::{Scripted, ScriptedAnswer},
};

/// Most bytes of a script.
const SCRIPT_BYTES_MAX: u64 = 16 << 20;

/// Plays the call, and tells what came of it.
pub(super) fn run(
    context: &Context,
    call: &Call,
    step: Json,
    file: &Path,
    wit: &[PathBuf],
) -> Result<u8, Failure> {
    let text = read(file)?;
    let name =
        if file == Path::new("-") { "the script".into() } else { file.display().to_string() };
    let request = call.request_without_secrets(context, step)?;
    let today = policy::read(&context.places)?.policy;
    let sandbox = host::sandbox(context)?;
    let live = Arc::new(host::live_catalog(context, &sandbox));
    live.refresh();
    let catalog = live.now();
    let names = names(&catalog, wit)?;
    let plan = plan(&request, &catalog, &names, &today.limits)?;
    let script = script_of(&name, &text, &plan, &names, context.color)?;
    let given_up = Arc::new(AtomicBool::new(false));
    let runtime = runtime(&given_up)?;
    let _entered = runtime.enter();
    let scripted = Scripted {
        plan: &plan,
        script,
        text: (&name, &text),
        inputs: host::read_inputs(&plan, &request.inputs, &request.directory)?,
        policy: policy::layer(&today),
        shelf: Arc::new(host::Shelf::new(live, sandbox, Arc::new(MemoryJournal::default()))),
        directory: &request.directory,
    };
    let answer = scripted.play(&|| given_up.load(Ordering::SeqCst))?;
    told(context, &answer)
}

/// The plan of the manifest that is the call.
fn plan(
    request: &RunRequest,
    catalog: &Skills,
    names: &Catalog,
    ceiling: &Limits,
) -> Result<Arc<Plan>, Failure> {
    let RunRequest { file, text, directory, .. } = request;
    let place = directory.join(file);
    let checked = checking::check_with_names(names, &place, file, text, false, None, ceiling);
    let (mut plan, _) = checked.into_plan(catalog)?;
    without_docs(&mut plan);
    Ok(Arc::new(plan))
}

/// The skills that there are, and those that `wit` declares.
fn names(catalog: &Skills, wit: &[PathBuf]) -> Result<Catalog, Failure> {
    let mut skills: Vec<Skill> = catalog.skills().iter().map(|it| (*it.skill).clone()).collect();
    for path in wit {
        let skill = voyager_sandbox::declared(path).map_err(|error| {
            Failure::environment(format!("{} declares no skill", path.display()), &error)
        })?;
        // One that is here knows its types best.
        if !skills.iter().any(|it| (&it.package, &it.version) == (&skill.package, &skill.version)) {
            skills.push(skill);
        }
    }
    Ok(Catalog::new(skills))
}

fn read(file: &Path) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::environment(format!("cannot read the script {}", file.display()), &error)
    };
    let source: Box<dyn std::io::Read> = match file == Path::new("-") {
        true => Box::new(std::io::stdin()),
        false => Box::new(std::fs::File::open(file).map_err(unreadable)?),
    };
    let mut text = String::new();
    let read = source.take(SCRIPT_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if SCRIPT_BYTES_MAX < read as u64 {
        let most = printing::size(SCRIPT_BYTES_MAX);
        return Err(Failure::usage(format!("the script {} is larger than {most}", file.display())));
    }
    Ok(text)
}

fn script_of(
    name: &str,
    text: &str,
    plan: &Plan,
    names: &Catalog,
    color: bool,
) -> Result<Arc<Scenario>, Failure> {
    let checked = check_script(text.as_bytes(), plan, names);
    match checked.scenario {
        Some(script) => Ok(Arc::new(script)),
        None => {
            let shown = diagnostic::render(&checked.diagnostics, name, text.as_bytes(), color);
            let message = format!("the script is wrong\n{}", shown.trim_end());
            let failure = Failure::new(FailureKind::Manifest, message)
                .hint("`agent-host explain CODE` says more about an error");
            Err(Failure { diagnostics: Some(diagnostic::to_json(&checked.diagnostics)), ..failure })
        }
    }
}

fn told(context: &Context, answer: &ScriptedAnswer) -> Result<u8, Failure> {
    let is_whole = answer.unanswered.is_empty() && answer.unused.is_empty();
    let exit_code = match (answer.status, &answer.error) {
        (Status::Done, _) if is_whole => 0,
        (_, Some(error)) if is_whole && error.kind == "denied" => FailureKind::Denied.exit_code(),
        (Status::Cancelled, _) => FailureKind::Cancelled.exit_code(),
        _ => FailureKind::Run.exit_code(),
    };
    report::tell(context, answer, exit_code, || {
        for (name, value) in &answer.outputs {
            printing::line(printing::harmless(&report::shown(name, value)))?;
        }
        for asked in &answer.asked {
            printing::note(printing::harmless(&format!("asked {}: {}", asked.call, asked.outcome)));
        }
        let problems = answer.unanswered.iter().chain(&answer.unused);
        problems.for_each(|it| printing::note(format!("error: {}", printing::harmless(it))));
        if let Some(error) = &answer.error {
            printing::note(format!("error: {}", printing::harmless(&report::explained(error))));
        }
        printing::note(format!("{}, as scripted; nothing is journaled", answer.status.word()));
        Ok(())
    })
}
