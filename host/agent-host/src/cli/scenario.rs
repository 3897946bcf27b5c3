//! `agent-host scenario`: scenarios made of runs.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use voyager_base::{Digest, clock::Clock, operation::Skill};
use voyager_manifest::Catalog;

use super::{
    Context,
    run::current_folder,
    test::{runtime, shared},
};
use crate::{
    draft::Draft,
    failure::{Failure, FailureKind},
    host::{self, Recorded},
    printing,
    protocol::{Event, Request, Update},
    report, session,
    system::SystemClock,
    testing::{Loader, Minimized, Minimizer, Size},
};

/// Makes scenarios.
#[derive(Args)]
pub(crate) struct Scenario {
    #[command(subcommand)]
    command: ScenarioCommand,
}

#[derive(Subcommand)]
enum ScenarioCommand {
    /// Writes a scenario of a run that happened: its inputs, the files that it changed as they were before,
    /// what each call of a step gave back, and how it ended.
    FromRun {
        /// Id of the run, or its beginning [default: the newest].
        run: Option<String>,
        /// File of the scenario, named `*.scenario.yaml` [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Its name [default: that of the manifest and `-recorded`].
        #[arg(long)]
        name: Option<String>,
        /// Leaves out whatever the run's end does not need: files, inputs, answers, lines, items. Ctrl-C
        /// ends with the smallest that was found.
        #[arg(long)]
        minimize: bool,
    },
}

impl Scenario {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let ScenarioCommand::FromRun { run, out, name, minimize } = self.command;
        let answer = session::ask(context, Request::FromRun { run })?;
        let mut recorded: Recorded = serde_json::from_value(answer)
            .map_err(|error| Failure::environment("the answer can't be read", &error))?;
        let folder = current_folder()?;
        let manifest = folder.join(&recorded.manifest);
        let near = match &out {
            Some(out) => folder.join(out).parent().map_or_else(PathBuf::new, Path::to_owned),
            None => folder,
        };
        let name = name.unwrap_or_else(|| format!("{}-recorded", recorded.name));
        let head = format!(
            "voyager: scenario/v1\nname: {name}\nmanifest: {}\n",
            between(&near, &manifest).display(),
        );
        match std::fs::read(&manifest) {
            Ok(bytes) if Digest::of(&bytes).to_string() == recorded.source => {}
            Ok(_) => recorded.notes.push(format!("{} changed since the run", manifest.display())),
            Err(error) => recorded.notes.push(format!("{}: {error}", manifest.display())),
        }
        for note in &recorded.notes {
            printing::note(format!("note: {}", printing::harmless(note)));
        }
        let minimized = match minimize {
            true => Some(smaller(context, near, head.clone(), recorded.draft.clone())?),
            false => None,
        };
        let draft = minimized.as_ref().map_or(&recorded.draft, |it| &it.draft);
        let text = format!("{head}{}", draft.text());
        let exit_code = match &minimized {
            Some(it) if !it.finished => FailureKind::Cancelled.exit_code(),
            _ => 0,
        };
        let file = out.as_ref().map(|it| it.display().to_string());
        let mut answer =
            json!({ "run": recorded.run, "scenario": text, "file": file, "notes": recorded.notes });
        if let Some(Minimized { before, after, tries, finished, .. }) = &minimized {
            answer["minimized"] =
                json!({ "before": before, "after": after, "tries": tries, "finished": finished });
        }
        if let Some(out) = &out {
            std::fs::write(out, &text).map_err(|error| {
                Failure::environment(format!("cannot write {}", out.display()), &error)
            })?;
        }
        report::tell(context, &answer, exit_code, || {
            if let Some(it) = &minimized {
                let left = if it.finished { "" } else { ", interrupted" };
                let (before, after) = (shown(it.before), shown(it.after));
                printing::note(format!("minimized: {before} -> {after}; {} tries{left}", it.tries));
            }
            match &out {
                Some(out) => printing::line(format!("{}", out.display())),
                None => printing::bytes(text.as_bytes()),
            }
        })
    }
}

/// The scenario without what the end of its run does not need.
fn smaller(
    context: &Context,
    near: PathBuf,
    head: String,
    draft: Draft,
) -> Result<Minimized, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let sandbox = host::sandbox(context)?;
    let live = Arc::new(host::live_catalog(context, &sandbox));
    live.refresh();
    let catalog = live.now();
    let skills: Vec<Arc<Skill>> = catalog.skills().iter().map(|it| Arc::clone(&it.skill)).collect();
    let names = Catalog::new(skills.iter().map(|it| (**it).clone()).collect());
    let given_up = Arc::new(AtomicBool::new(false));
    let runtime = runtime(&given_up)?;
    let shared = shared(context, &clock, &runtime, sandbox, live)?;
    let bar = bar(context);
    let minimized = {
        let _entered = runtime.enter();
        let minimizer = Minimizer {
            shared: &shared,
            loader: Loader::new(&names, false),
            skills,
            near,
            head,
            given_up: &|| given_up.load(Ordering::SeqCst),
            tell: &|tries, size, is_new| {
                bar.tick();
                bar.set_message(format!("{tries} tries, {}", shown(size)));
                if is_new && context.json && !context.quiet {
                    // Whoever reads them may have left: the last line tells.
                    let Size { inputs, files, answers, bytes } = size;
                    let smaller = Event::Smaller { tries, inputs, files, answers, bytes };
                    let _ = printing::json(&Update::Event(smaller));
                }
            },
            tries: 0,
            failed: BTreeSet::new(),
        };
        minimizer.minimize(draft)
    };
    bar.finish_and_clear();
    drop(shared);
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    minimized
}

fn shown(size: Size) -> String {
    let Size { inputs, files, answers, bytes } = size;
    format!("{inputs} input(s), {files} file(s), {answers} answer(s), {bytes} bytes")
}

fn bar(context: &Context) -> ProgressBar {
    if context.quiet || context.json || !printing::on_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// The way from a folder to a file; both are absolute.
fn between(folder: &Path, file: &Path) -> PathBuf {
    let plain = |path: &Path| {
        let mut parts: Vec<std::ffi::OsString> = Vec::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(parts.pop()),
                Component::Normal(name) => parts.push(name.to_owned()),
                _ => {}
            }
        }
        parts
    };
    let (from, to) = (plain(folder), plain(file));
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n(std::ffi::OsString::from(".."), from.len() - shared);
    up.chain(to[shared..].iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_manifest_begins_at_the_scenario() {
        let way = |from: &str, to: &str| between(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b/scenarios", "/a/b/rename.yaml"), Path::new("../rename.yaml"));
        assert_eq!(way("/a/b", "/a/b/./rename.yaml"), Path::new("rename.yaml"));
        assert_eq!(way("/a", "/b/../c/x.yaml"), Path::new("../c/x.yaml"));
    }
}
