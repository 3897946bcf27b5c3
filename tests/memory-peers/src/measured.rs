//! How all are measured: one question after the other on one core, from the fastest setting on.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::data::{Data, WANTED};

/// The share of the true nearest that is asked for.
pub(crate) const RECALL: f64 = 0.99;
/// Questions that warm caches and are not counted.
const WARM_UP: usize = 20;
/// Longest time for one setting; then fewer questions are asked.
const LONGEST: Duration = Duration::from_secs(5);
/// Questions that are asked in any case.
const FEWEST: usize = 50;

/// What is told of one contender.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) name: String,
    /// From the vectors in memory to the first question, in seconds.
    pub(crate) build_seconds: f64,
    /// Growth of the process's resident memory, in bytes.
    pub(crate) memory_bytes: u64,
    /// Zero where nothing is kept on a disk.
    pub(crate) disk_bytes: u64,
    /// Whether the bytes of a vector are still in its files after it was removed, as far as anybody can remove
    /// it. None where nothing can be removed, or nothing is kept.
    pub(crate) removed_stays: Option<bool>,
    /// From the fastest to the first that is good enough.
    pub(crate) settings: Vec<Setting>,
    pub(crate) note: String,
}

impl Report {
    /// The fastest setting that finds so much.
    pub(crate) fn fastest(&self, recall: f64) -> Option<&Setting> {
        let good = self.settings.iter().filter(|it| it.recall >= recall);
        good.max_by(|one, other| one.per_second.total_cmp(&other.per_second))
    }

    /// The fastest setting that finds enough; else the fastest of those that find most.
    pub(crate) fn best(&self) -> Option<&Setting> {
        let most = self.settings.iter().map(|it| it.recall).fold(0.0, f64::max);
        self.fastest(RECALL.min(most))
    }
}

/// What was measured with one setting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// The share of the ten nearest that was found.
    pub(crate) recall: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
    pub(crate) per_second: f64,
    /// How many were asked.
    pub(crate) questions: usize,
}

/// Asks with each setting in turn, until one finds enough.
pub(crate) fn sweep<S: Copy>(
    data: &Data,
    settings: &[S],
    name: impl Fn(S) -> String,
    mut ask: impl FnMut(S, &[f32]) -> Result<Vec<u32>>,
) -> Result<Vec<Setting>> {
    let mut measured = Vec::new();
    for setting in settings {
        let ask = |_, question: &[f32]| ask(*setting, question);
        measured.push(asked(data, name(*setting), ask)?);
        if measured.last().is_some_and(|it| it.recall >= RECALL) {
            break;
        }
    }
    Ok(measured)
}

/// Asks all questions, or as many as there is time for. The question comes with its number.
pub(crate) fn asked(
    data: &Data,
    name: String,
    mut ask: impl FnMut(usize, &[f32]) -> Result<Vec<u32>>,
) -> Result<Setting> {
    for (at, question) in data.questions.iter().enumerate().take(WARM_UP) {
        ask(at, question)?;
    }
    let (mut times, mut found) = (Vec::new(), 0);
    let begin = Instant::now();
    for (at, question) in data.questions.iter().enumerate() {
        let start = Instant::now();
        let near = ask(at, question)?;
        times.push(start.elapsed());
        found += data.truth[at].iter().filter(|it| near.contains(it)).count();
        if at + 1 >= FEWEST && begin.elapsed() > LONGEST {
            break;
        }
    }
    let seconds = times.iter().sum::<Duration>().as_secs_f64();
    let questions = times.len();
    times.sort_unstable();
    let micros = |of: usize| times[(questions * of / 100).min(questions - 1)].as_secs_f64() * 1e6;
    Ok(Setting {
        name,
        recall: found as f64 / (questions * WANTED) as f64,
        p50_micros: micros(50),
        p99_micros: micros(99),
        per_second: questions as f64 / seconds,
        questions,
    })
}

/// Keeps this thread, and those that it starts from now on, on one core: the last that it may use.
pub(crate) fn pin() -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|it| allowed.is_set(*it));
    let mut one = CpuSet::new();
    one.set(last.context("a thread runs on some core")?);
    Ok(sched_setaffinity(None, &one)?)
}

/// Memory of this process in use, in bytes.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Whether these bytes lie in a file.
pub(crate) fn holds(path: &Path, bytes: &[u8]) -> Result<bool> {
    Ok(fs::read(path)?.windows(bytes.len()).any(|it| it == bytes))
}
