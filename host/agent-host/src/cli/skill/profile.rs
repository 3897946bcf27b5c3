//! `agent-host skill profile`: in which functions the calls of an operation spend the guest's time.
//!
//! The calls run as those of `skill bench` do, in a sandbox that looks at the guests' stacks once a millisecond. What
//! it saw is told as a table, and written for the Firefox Profiler.

mod firefox;
mod table;

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use voyager_sandbox::{Profile as Samples, Profiler};

use self::table::Function;
use super::run::Call;
use crate::{cli::Context, failure::Failure, places::Places, printing, report};

/// Most functions that are told; the file has all.
const FUNCTIONS_MAX: usize = 20;

/// Calls one operation, and says in which functions its time goes.
///
/// The guest's stack is looked at once a millisecond while it runs. A table tells the functions, and a file for
/// the Firefox Profiler (profiler.firefox.com) has all stacks. Files are not changed, and no record stays.
#[derive(Args)]
pub(crate) struct Profile {
    #[command(flatten)]
    call: Call,
    /// Calls, one after the other: of a short one more of them say more.
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    times: u32,
    /// The file to write.
    #[arg(long, short, value_name = "FILE", default_value = "profile.json")]
    output: PathBuf,
}

/// What is told.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Profiled {
    calls: u32,
    samples: usize,
    interval_micros: u64,
    /// Those with the most samples.
    functions: Vec<Function>,
    output: PathBuf,
}

impl Profile {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let folder = tempfile::tempdir().map_err(|error| {
            Failure::environment("cannot make a folder for the profile", &error)
        })?;
        let places = Places { state: folder.path().join("state"), ..context.places.clone() };
        let profiler = Profiler::default();
        let inner = Context { profiler: Some(profiler.clone()), ..context.quietly_at(places) };
        let ran = self.call.repeated(&inner, self.times);
        let samples = profiler.profile();
        if let Err(failure) = ran {
            // One that used up its time is worth looking at, too.
            if !samples.samples.is_empty() && write(&self.output, &samples).is_ok() {
                printing::note(format!("what ran until then is in {}", self.output.display()));
            }
            return Err(failure);
        }
        write(&self.output, &samples)?;
        let mut functions = table::functions(&samples);
        functions.truncate(FUNCTIONS_MAX);
        let profiled = Profiled {
            calls: self.times,
            samples: samples.samples.len(),
            interval_micros: u64::try_from(samples.interval.as_micros()).unwrap_or(u64::MAX),
            functions,
            output: self.output,
        };
        report::tell(context, &profiled, 0, || profiled.print())
    }
}

fn write(file: &Path, samples: &Samples) -> Result<(), Failure> {
    std::fs::write(file, firefox::profile(samples).to_string()).map_err(|error| {
        Failure::environment(format!("cannot write {}", file.display()), &error)
            .hint("name another file with --output FILE")
    })
}

impl Profiled {
    fn print(&self) -> Result<(), Failure> {
        let Self { calls, samples, functions, .. } = self;
        printing::line(format!("{samples} samples of {calls} call(s), one a millisecond"))?;
        let several = functions.iter().any(|it| it.skill != functions[0].skill);
        if !functions.is_empty() {
            printing::line("    self    total  function")?;
        }
        for function in functions {
            printing::line(printing::harmless(&function.told(several)))?;
        }
        if functions.is_empty() {
            printing::note("hint: the calls were too short to be seen; raise --times");
        } else if functions.iter().all(|it| it.file.is_none()) {
            printing::note("hint: for source lines build it with `agent-host skill build --debug`");
        }
        printing::line(printing::harmless(&format!(
            "{} has all stacks: open it at https://profiler.firefox.com",
            self.output.display()
        )))
    }
}
