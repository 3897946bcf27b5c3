//! `agent-host test`: scenarios of manifests.

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use voyager_base::clock::Clock;
use voyager_process::{Launcher, Toolchain};

use super::Context;
use crate::{
    failure::{Failure, FailureKind},
    host,
    interrupts::Interrupts,
    printing, report,
    system::SystemClock,
    testing::{self, Case, Loader, Options, Report, Shared, Style, Tested},
};

/// Plays scenarios: tests of manifests.
///
/// Below a folder every file whose name ends in `.scenario.yaml` is one. Each is played in a fresh
/// workspace, in a time of its own, with the real skills in their sandbox where the scenario gives no
/// answer. Nothing is recorded in the journal, and no file outside the workspaces changes.
#[derive(Args)]
pub(crate) struct Test {
    /// Scenarios, or folders that hold some [default: the current folder].
    paths: Vec<PathBuf>,
    /// Only scenarios whose name or file contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How many at a time [default: as many as the machine has cores].
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// How often each is played.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Which part of its repetitions has to pass, from 0 to 1.
    #[arg(long, value_name = "RATE", default_value = "1", value_parser = rate)]
    pass_rate: f64,
    /// Also write a report: `junit=FILE`, `tap=FILE`, `json=FILE`. May be given several times.
    #[arg(long = "report", value_name = "FORM=FILE", value_parser = form_and_file)]
    reports: Vec<(Style, PathBuf)>,
    /// Only list the scenarios, and what is wrong with them.
    #[arg(long)]
    list: bool,
}

impl Test {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let began = clock.now();
        let sandbox = host::sandbox(context)?;
        let live = Arc::new(host::live_catalog(context, &sandbox));
        live.refresh();
        let skills = live.now();
        let names = skills.skills().iter().map(|it| (*it.skill).clone()).collect();
        let names = voyager_manifest::Catalog::new(names);
        let paths = if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths };
        let mut loader = Loader::new(&names, context.color);
        let (mut cases, mut wrong) = (Vec::new(), Vec::new());
        for path in testing::find(&paths)? {
            match loader.load(&path)? {
                Ok(case) => cases.push(Arc::new(case)),
                Err(it) => wrong.push(it),
            }
        }
        if let Some(text) = &self.filter {
            let is_meant =
                |case: &Arc<Case>| case.scenario.name.contains(text) || case.file.contains(text);
            cases.retain(is_meant);
            wrong.retain(|it| it.file.contains(text));
        }
        if cases.is_empty() && wrong.is_empty() {
            return Err(Failure::usage("there are no scenarios")
                .hint("their files are named like `rename.scenario.yaml`"));
        }
        let given_up = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let options = Options {
            repeat: self.repeat,
            pass_rate: self.pass_rate,
            jobs: self.jobs.unwrap_or(cores).get(),
        };
        let tested = if self.list {
            Vec::new()
        } else {
            let runtime = runtime(&given_up)?;
            let shared = shared(context, &clock, &runtime, sandbox, live)?;
            let bar = bar(context, cases.len());
            let failed = AtomicUsize::new(0);
            let tell = |tested: &Tested| {
                if !tested.good {
                    failed.fetch_add(1, Ordering::SeqCst);
                    if !context.json {
                        let shown = tested.shown(context.color).unwrap_or_default();
                        let name = &tested.case.scenario.name;
                        bar.suspend(|| printing::note(format!("{shown}\nFAILED {name}\n")));
                    }
                }
                bar.inc(1);
                bar.set_message(match failed.load(Ordering::SeqCst) {
                    0 => String::new(),
                    failed => format!("{failed} failed"),
                });
            };
            let tested = testing::play(&shared, &cases, &options, &given_up, &tell);
            bar.finish_and_clear();
            drop(shared);
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
            tested?
        };
        let left = tested.iter().filter(|it| it.is_none()).count();
        let report = Report {
            tested: tested.into_iter().flatten().collect(),
            wrong,
            left,
            took: clock.now().since(began),
        };
        for (style, file) in &self.reports {
            report.write(*style, file)?;
        }
        let interrupted = given_up.load(Ordering::SeqCst);
        let exit_code = if interrupted {
            FailureKind::Cancelled.exit_code()
        } else if !report.wrong.is_empty() {
            FailureKind::Manifest.exit_code()
        } else if report.failed() > 0 {
            FailureKind::Run.exit_code()
        } else {
            0
        };
        report::tell(context, &report.json(), exit_code, || {
            report.wrong.iter().for_each(|it| printing::note(format!("{}\n", it.shown)));
            if self.list {
                for case in &cases {
                    printing::line(format!("{}  {}", case.scenario.name, case.file))?;
                }
            } else {
                printing::line(summary(&report, interrupted))?;
            }
            if exit_code != 0 && !interrupted {
                printing::note("hint: `agent-host explain CODE` says more about an error");
            }
            Ok(())
        })
    }
}

fn summary(report: &Report, interrupted: bool) -> String {
    let failed = report.failed();
    let mut text = format!("{} passed, {failed} failed", report.tested.len() - failed);
    if !report.wrong.is_empty() {
        text += &format!(", {} wrong", report.wrong.len());
    }
    if report.left > 0 {
        text += &format!(", {} not run", report.left);
    }
    if interrupted {
        text += ", interrupted";
    }
    format!(
        "{text}, in {}",
        printing::duration(u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX))
    )
}

/// What real programs are waited for with; Ctrl-C gives the scenarios up.
pub(super) fn runtime(given_up: &Arc<AtomicBool>) -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot start threads", &error))?;
    let given_up = Arc::clone(given_up);
    let entered = runtime.enter();
    let mut interrupts = Interrupts::of_people()?;
    drop(entered);
    runtime.spawn(async move {
        loop {
            interrupts.next().await;
            given_up.store(true, Ordering::SeqCst);
        }
    });
    Ok(runtime)
}

/// What the scenarios of this process share.
pub(super) fn shared(
    context: &Context,
    clock: &Arc<dyn Clock>,
    runtime: &tokio::runtime::Runtime,
    sandbox: voyager_sandbox::Sandbox,
    skills: Arc<crate::catalog::LiveCatalog>,
) -> Result<Arc<Shared>, Failure> {
    let (folder, in_use) = testing::workspaces(&context.places.state)
        .map_err(|error| Failure::environment("cannot make a folder for workspaces", &error))?;
    let home = context.environment.home.as_deref();
    Ok(Arc::new(Shared {
        folder,
        in_use,
        shelf: Arc::new(host::Shelf::new(
            skills,
            sandbox,
            Arc::new(voyager_base::sim::MemoryJournal::default()),
        )),
        clock: Arc::clone(clock),
        runtime: runtime.handle().clone(),
        launcher: Launcher {
            program: context.program.clone(),
            arguments: vec![crate::LAUNCH.to_owned()],
        },
        toolchain: home.map_or_else(Toolchain::system, Toolchain::found),
    }))
}

fn bar(context: &Context, cases: usize) -> ProgressBar {
    if context.quiet || context.json || !printing::on_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(cases as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} scenarios {msg}") {
        bar.set_style(style);
    }
    bar
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.0..=1.0).contains(&rate) { Ok(rate) } else { Err("a rate is from 0 to 1".to_owned()) }
}

fn form_and_file(text: &str) -> Result<(Style, PathBuf), String> {
    let (form, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or_else(|| format!("`{text}` names no file; write FORM=FILE"))?;
    let style = match form {
        "json" => Style::Json,
        "junit" => Style::Junit,
        "tap" => Style::Tap,
        _ => return Err(format!("there is no form `{form}`; there are junit, tap, json")),
    };
    Ok((style, file.into()))
}
