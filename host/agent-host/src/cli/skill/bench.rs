//! `agent-host skill bench`: what calls of an operation use, and whether another build uses less.
//!
//! Each call is a task of a run like any other, in a state folder of its own that is gone afterwards; what it
//! used is what the journal says. Two builds take turns in many short runs, and are compared run by run: what
//! else the machine does meets both alike.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use voyager_base::Usage;

use super::run::Call;
use crate::{
    answer::{RunDetail, TaskDetail},
    cli::Context,
    failure::Failure,
    places::Places,
    printing,
    protocol::Request,
    report, session,
};

/// Runs of each build that are counted.
const RUNS: usize = 11;
/// Of the runs' ratios in their order, the first and the last of those between which the true one lies with 98.8 %,
/// whatever the noise is like: the sign test's interval of a median of eleven.
const SURE: (usize, usize) = (1, 9);

/// Calls one operation many times, and says what the calls used.
///
/// Processor time, memory, questions to the host and bytes, as they are recorded of each task. Files are not changed,
/// and no record stays. A skill that exports `voyager:run/reusable` is measured with the instances that it shares.
#[derive(Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    call: Call,
    /// Calls of each run; there are eleven runs, and one before them that warms up.
    #[arg(long, default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    calls: u32,
    /// Another build of the component, which takes turns with the one that is there.
    #[arg(long, value_name = "WASM")]
    compare: Option<PathBuf>,
}

/// What is told.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Measured {
    calls: usize,
    cpu_micros: Spread,
    /// The largest of each.
    used: Usage,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
}

#[derive(Clone, Copy, Serialize)]
struct Spread {
    least: u64,
    median: u64,
    p95: u64,
    most: u64,
}

/// Another build beside the one that is there.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Compared {
    component: PathBuf,
    cpu_micros: Spread,
    used: Usage,
    /// Its processor time as a multiple: the median over the runs, and what it lies between.
    ratio: f64,
    between: (f64, f64),
    /// `faster`, `slower`, or `same` where the noise hides it.
    verdict: &'static str,
}

impl Bench {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::environment("cannot make a folder for the bench", &error))?;
        let here = Side::new(context, folder.path().join("here"), None)?;
        let other = self.compare.as_deref().map(|component| {
            Side::new(context, folder.path().join("other"), Some((component, folder.path())))
        });
        let other = other.transpose()?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for number in 0..=RUNS {
            if !context.quiet && !context.json {
                printing::note(format!("run {number} of {RUNS}"));
            }
            let one = self.calls_of(&here)?;
            let two = other.as_ref().map(|side| self.calls_of(side)).transpose()?;
            // The first compiles, and fills caches.
            if 0 < number {
                ours.push(one);
                theirs.extend(two);
            }
        }
        let compared = self.compare.map(|component| Compared::of(component, &ours, &theirs));
        let all: Vec<Usage> = ours.concat();
        let measured = Measured {
            calls: all.len(),
            cpu_micros: Spread::of(&all),
            used: largest(&all),
            compared,
        };
        report::tell(context, &measured, 0, || measured.print())
    }

    /// What the calls of one run used.
    fn calls_of(&self, side: &Side) -> Result<Vec<Usage>, Failure> {
        let run = self.call.repeated(&side.context, self.calls)?;
        let shown = session::ask(&side.context, Request::Show { run: Some(run) })?;
        let detail: RunDetail = report::read(&shown)?;
        let tasks = detail.steps.iter().flat_map(|step| &step.tasks);
        Ok(tasks.map(whole).collect())
    }
}

/// What a task and its children used.
fn whole(task: &TaskDetail) -> Usage {
    let mut usage = task.usage.unwrap_or_default();
    task.children.iter().for_each(|child| usage.add(whole(child)));
    usage
}

/// Where one of the builds runs.
struct Side {
    context: Context,
}

impl Side {
    /// With a state of its own; with `component` before all skills that there are, copied into a folder below
    /// another.
    fn new(
        context: &Context,
        state: PathBuf,
        component: Option<(&Path, &Path)>,
    ) -> Result<Self, Failure> {
        let mut places = Places { state, ..context.places.clone() };
        if let Some((component, folder)) = component {
            let skills = folder.join("skills");
            let name = component.file_name().unwrap_or_default();
            std::fs::create_dir(&skills)
                .and_then(|()| std::fs::copy(component, skills.join(name)))
                .map_err(|error| {
                    Failure::environment(format!("cannot take {}", component.display()), &error)
                })?;
            places.skills.insert(0, skills);
        }
        Ok(Self { context: context.quietly_at(places) })
    }
}

impl Compared {
    fn of(component: PathBuf, ours: &[Vec<Usage>], theirs: &[Vec<Usage>]) -> Self {
        let median = |run: &Vec<Usage>| Spread::of(run).median.max(1) as f64;
        let pairs = ours.iter().zip(theirs);
        let mut ratios: Vec<f64> = pairs.map(|(our, their)| median(their) / median(our)).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let between = (ratios[SURE.0], ratios[SURE.1]);
        let all = theirs.concat();
        Self {
            component,
            cpu_micros: Spread::of(&all),
            used: largest(&all),
            ratio: ratios[ratios.len() / 2],
            between,
            verdict: match between {
                (_, most) if most < 1.0 => "faster",
                (least, _) if 1.0 < least => "slower",
                _ => "same",
            },
        }
    }
}

impl Spread {
    fn of(calls: &[Usage]) -> Self {
        let mut all: Vec<u64> = calls.iter().map(|it| it.cpu_micros).collect();
        all.sort_unstable();
        let at = |part: usize| all.get(all.len() * part / 100).or_else(|| all.last()).copied();
        let [least, median, p95, most] = [0, 50, 95, 100].map(|part| at(part).unwrap_or_default());
        Self { least, median, p95, most }
    }
}

fn largest(calls: &[Usage]) -> Usage {
    let most = |of: fn(&Usage) -> u64| calls.iter().map(of).max().unwrap_or_default();
    Usage {
        cpu_micros: most(|it| it.cpu_micros),
        memory_bytes: most(|it| it.memory_bytes),
        host_calls: most(|it| it.host_calls),
        bytes_in: most(|it| it.bytes_in),
        bytes_out: most(|it| it.bytes_out),
    }
}

impl Measured {
    fn print(&self) -> Result<(), Failure> {
        printing::line(format!("{} calls", self.calls))?;
        shown(&self.cpu_micros, &self.used)?;
        let Some(compared) = &self.compared else { return Ok(()) };
        printing::line(printing::harmless(&format!("{}", compared.component.display())))?;
        shown(&compared.cpu_micros, &compared.used)?;
        let (least, most) = compared.between;
        let ratio = compared.ratio;
        printing::line(match compared.verdict {
            "same" => format!(
                "no difference that the noise would not hide: {ratio:.3}x of the processor time ({least:.3} to {most:.3})"
            ),
            verdict => {
                format!("{verdict}: {ratio:.3}x of the processor time ({least:.3} to {most:.3})")
            }
        })
    }
}

fn shown(cpu: &Spread, used: &Usage) -> Result<(), Failure> {
    let time = |micros| printing::fine_duration(std::time::Duration::from_micros(micros));
    printing::line(format!(
        "  processor   {} (median), {} (least), {} (p95), {} (most)",
        time(cpu.median),
        time(cpu.least),
        time(cpu.p95),
        time(cpu.most)
    ))?;
    printing::line(format!("  memory      {}", printing::size(used.memory_bytes)))?;
    printing::line(format!("  host calls  {}", used.host_calls))?;
    printing::line(format!(
        "  bytes       {} in, {} out",
        printing::size(used.bytes_in),
        printing::size(used.bytes_out)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(median: u64) -> Vec<Usage> {
        [median - 1, median, median + 50]
            .map(|cpu_micros| Usage { cpu_micros, ..Usage::default() })
            .to_vec()
    }

    fn verdict(theirs: impl Fn(u64) -> u64) -> &'static str {
        let ours: Vec<_> = (0..RUNS as u64).map(|number| run(1_000 + 10 * number)).collect();
        let theirs: Vec<_> =
            (0..RUNS as u64).map(|number| run(theirs(1_000 + 10 * number))).collect();
        Compared::of("other.wasm".into(), &ours, &theirs).verdict
    }

    #[test]
    fn a_difference_counts_where_nearly_all_runs_show_it() {
        assert_eq!(verdict(|cpu| cpu * 9 / 10), "faster");
        assert_eq!(verdict(|cpu| cpu * 11 / 10), "slower");
        assert_eq!(verdict(|cpu| cpu), "same");
        // Every third run says otherwise.
        assert_eq!(verdict(|cpu| if cpu % 30 == 10 { cpu * 2 } else { cpu * 9 / 10 }), "same");
    }

    #[test]
    fn a_spread_names_calls_that_there_were() {
        let spread = Spread::of(&run(10));
        assert_eq!((spread.least, spread.median, spread.p95, spread.most), (9, 10, 60, 60));
        assert_eq!(Spread::of(&[]).most, 0);
    }
}
