//! `agent-host`: reads configuration, builds the pieces, joins them, prints.
//!
//! Start reading at `session.rs`: a command becomes a [`protocol::Request`], which [`host::Host`]
//! answers, in this process or in the one that holds the state. What a run does is not decided here:
//! see the crate `voyager-agent`.

mod answer;
mod approvals;
mod beside;
mod catalog;
mod checking;
mod cli;
mod decisions;
mod draft;
mod encoding;
mod failure;
mod fetching;
mod host;
mod import;
mod installing;
mod interrupts;
mod moment;
mod owner_key;
mod places;
mod policy;
mod printing;
mod progress;
mod protocol;
mod report;
mod secret_source;
mod session;
mod system;
mod telemetry;
mod testing;
mod top;
mod trusting;
mod when;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Capacity, Cli, Color, Context},
    failure::{Failure, FailureKind},
    owner_key::KeySource,
    places::Places,
    system::Environment,
    telemetry::Telemetry,
};

/// First argument of the child that compiles untrusted components, bounded by its parent.
pub(crate) const COMPILE: &str = "__compile";
/// First argument of the child that confines itself and becomes a program.
pub(crate) const LAUNCH: &str = "__launch";

fn main() -> ExitCode {
    if let Some(code) = child() {
        return code;
    }
    let cli = match Cli::try_parse_from(cli::arranged(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let json = cli.common.json;
    tell_panics_once();
    match guarded(|| run(cli)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            complain(&failure, json);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}

/// A command line that can't be read. Help and version are asked for, and no error.
fn misread(error: &clap::Error) -> ExitCode {
    let mut words = std::env::args_os().skip(1).take_while(|word| word != "--");
    if !error.use_stderr() || !words.any(|word| word == "--json") {
        error.exit();
    }
    let text = error.to_string();
    let text = text.trim().trim_start_matches("error: ");
    let failure = match text.split_once("\n\n") {
        Some((message, usage)) => Failure::usage(message).hint(usage),
        None => Failure::usage(text),
    };
    complain(&failure, true);
    ExitCode::from(failure.kind.exit_code())
}

/// A panic is a defect, and ends as every other failure does.
fn guarded(command: impl FnOnce() -> Result<u8, Failure>) -> Result<u8, Failure> {
    // Nobody looks again at what it left half done: the process ends.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(command));
    ended.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Failure::new(FailureKind::Bug, text.unwrap_or("a panic").to_owned()))
    })
}

/// A panic over a damaged page is told as an error that says what to do; the logs keep where it was.
fn tell_panics_once() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if voyager_disk::database::is_guarded() {
            tracing::debug!("a database is damaged: {panic}");
        } else {
            tell(panic);
        }
    }));
}

/// What this program does as its own child: it must begin before anything else has.
fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next()?.to_str()? {
        COMPILE => {
            // A kernel without a layer gives the others; the compiler's own bounds hold anyway.
            voyager_process::confine_self();
            let (input, output) = (std::io::stdin(), std::io::stdout());
            let done = voyager_sandbox::compile_child_main(&mut input.lock(), &mut output.lock());
            Some(if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        LAUNCH => {
            let text = |it: std::ffi::OsString| it.to_string_lossy().into_owned();
            voyager_process::launcher_main(arguments.map(text).collect())
        }
        _ => None,
    }
}

fn run(cli: Cli) -> Result<u8, Failure> {
    let environment = Environment::read();
    let program = std::env::current_exe()
        .map_err(|error| Failure::environment("cannot tell where this program lies", &error))?;
    let common = &cli.common;
    let has_runs = cli.command.has_runs();
    let telemetry = Telemetry::start(&common.telemetry, &environment, has_runs)?;
    let mut places = Places::find(common.state.as_deref(), &common.skills, &program, &environment)?;
    if let Some(policy) = common.policy.as_ref().or(environment.policy.as_ref()) {
        (places.policy, places.policy_is_named) = (Some(policy.clone()), true);
    }
    if let Some(share) = &common.share {
        places.share = Some(share.clone());
    }
    let color = match common.color {
        Color::Auto => printing::on_terminal() && !environment.no_color,
        Color::Always => true,
        Color::Never => false,
    };
    let (json, quiet, logs) = (common.json, common.quiet, telemetry.logs);
    let capacity = Capacity { cpus: common.cpus, memory: common.memory };
    let profiler = None;
    let memory_key = memory_key(common.memory_key.as_ref().or(environment.memory_key.as_ref()))?;
    let encoder = encoding::Said {
        encoder: common.encoder.clone().or_else(|| environment.encoder.clone()),
        key: common.encoder_key.clone().or_else(|| environment.encoder_key.clone()),
    };
    let context = Context {
        places,
        environment,
        program,
        json,
        quiet,
        color,
        logs,
        capacity,
        memory_key,
        encoder,
        profiler,
    };
    let ended = cli.command.run(&context);
    telemetry.finish();
    ended
}

/// Says why the command failed: for people on standard error, for programs as the last line of JSON.
fn complain(failure: &Failure, json: bool) {
    if json {
        let update = protocol::Update::Failed { error: failure.clone() };
        // Where standard output takes nothing, people are told.
        if printing::last(&update, failure.kind.exit_code()).is_ok() {
            return;
        }
    }
    printing::note(format!("error: {}", printing::harmless(&failure.message)));
    if let Some(hint) = &failure.hint {
        printing::note(format!("hint: {}", printing::harmless(hint)));
    }
    if failure.kind == FailureKind::Bug {
        printing::note("this is a defect of agent-host; please report it");
    }
}

/// Where the key of the memory comes from, where somebody says so. It is not read before it is needed.
fn memory_key(text: Option<&String>) -> Result<Option<KeySource>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let source: KeySource = text
        .parse()
        .map_err(|problem| Failure::usage(format!("the key of the memory: {problem}")))?;
    let folder = std::env::current_dir()
        .map_err(|error| Failure::environment("cannot tell the current folder", &error))?;
    Ok(Some(source.absolute(&folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect_and_not_a_code_of_its_own() {
        for (panics, told) in [(true, "it is 7"), (false, "it is none")] {
            let number = 7;
            let failure = guarded(|| match panics {
                true => panic!("it is {number}"),
                false => panic!("it is none"),
            });
            let failure = failure.expect_err("it panics");
            assert_eq!((failure.kind.exit_code(), failure.message.as_str()), (70, told));
        }
    }
}
