//! `cargo xtask bench folder`: what a folder of 500 skills costs at a start, and how soon a dropped skill is
//! there.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::build::{agent_host, skills, target_folder};

/// Skills of the folder.
const SKILLS: usize = 500;
/// Starts with each folder; the first few warm caches and are not counted.
const STARTS: usize = 25;
const WARM_UP: usize = 5;
/// Skills that are dropped while a host stays.
const DROPS: usize = 11;
/// The name that is another one in each of the skills: as long, since it stands in sections with lengths.
const NAME: &str = "voyager:documentation";

/// Measures.
pub(crate) fn run() -> Result<()> {
    let program = agent_host(true)?;
    let component = fs::read(skills(&program)?.join("documentation.wasm"))?;
    let bench = target_folder().join("bench/folder");
    if bench.exists() {
        fs::remove_dir_all(&bench)?;
    }
    let (one, many) = (bench.join("one"), bench.join("many"));
    for (folder, count) in [(&one, 1), (&many, SKILLS)] {
        fs::create_dir_all(folder)?;
        for number in 0..count {
            put(folder, &component, number)?;
        }
    }
    let host = |folder: &Path| {
        let mut command = Command::new(&program);
        command.arg("--state").arg(folder.with_extension("state")).arg("--skills").arg(folder);
        // What lies elsewhere does not count.
        command.env("XDG_DATA_HOME", &bench).current_dir(&bench);
        command
    };
    let manifest = |number| -> Result<PathBuf> {
        let file = bench.join(format!("use-{number}.yaml"));
        let text = format!(
            "voyager: manifest/v1\nname: bench\nversion: 1.0.0\nsteps:\n  - {{ id: api, use: {}/report.api, \
             with: {{ title: x, outlines: [], public-only: true }} }}\n",
            name(number)
        );
        fs::write(&file, text)?;
        Ok(file)
    };
    let first = manifest(0)?;
    eprintln!("compiling {SKILLS} skills of {} kB took {:.1?}", component.len() / 1000, {
        let mut list = host(&many);
        list.args(["skill", "list", "--quiet"]);
        ended(list)?
    });
    let alone = starts(&|| host(&one), &first)?;
    let among = starts(&|| host(&many), &first)?;
    eprintln!("start to the end of a call, one skill:          {}", shown(&alone));
    eprintln!("start to the end of a call, {SKILLS} skills:       {}", shown(&among));
    dropped(&|| host(&many), &many, &component, &manifest)
}

/// Drops skills into the folder of a host that stays.
fn dropped(
    host: &dyn Fn() -> Command,
    folder: &Path,
    component: &[u8],
    manifest: &dyn Fn(usize) -> Result<PathBuf>,
) -> Result<()> {
    let mut serve = host();
    serve.args(["serve", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut serving = Ends(serve.spawn().context("the program does not start")?);
    let out = serving.0.stdout.take().context("its output is piped")?;
    let mut lines = BufReader::new(out).lines().map_while(|line| line.ok());
    let mut until = |what: &str| match lines.find(|line| line.contains(what)) {
        Some(_) => Ok(()),
        None => bail!("the host ended before it told of `{what}`"),
    };
    until("\"serving\"")?;
    let (mut ready, mut called) = (Vec::new(), Vec::new());
    for number in SKILLS..SKILLS + DROPS {
        let file = manifest(number)?;
        let began = now();
        put(folder, component, number)?;
        until(&name(number))?;
        ready.push(began.elapsed());
        run_of(host(), &file)?;
        called.push(began.elapsed());
    }
    // Nobody waits for the host to look: the run does.
    let mut at_once = Vec::new();
    for number in SKILLS + DROPS..SKILLS + 2 * DROPS {
        let file = manifest(number)?;
        let began = now();
        put(folder, component, number)?;
        run_of(host(), &file)?;
        at_once.push(began.elapsed());
    }
    for (what, times) in [
        ("a dropped skill is ready (compiled) after", &mut ready),
        ("and was called by another process after", &mut called),
        ("called at once, compiled for that call, after", &mut at_once),
    ] {
        times.sort();
        eprintln!("{what:<47} {}", shown(times));
    }
    Ok(())
}

/// A child that does not outlive the benchmark.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn name(number: usize) -> String {
    format!("voyager:documenta{number:04}")
}

/// Puts a skill of its own name into a folder, as `skill build` does: renamed into place.
fn put(folder: &Path, component: &[u8], number: usize) -> Result<()> {
    let (from, to) = (NAME.as_bytes(), name(number));
    let mut bytes = component.to_vec();
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|it| it == from) {
        at += found;
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    }
    let partial = folder.join(".partial");
    fs::write(&partial, bytes)?;
    Ok(fs::rename(partial, folder.join(format!("skill-{number}.wasm")))?)
}

fn starts(host: &dyn Fn() -> Command, manifest: &Path) -> Result<Vec<Duration>> {
    let times: Result<Vec<Duration>> = (0..STARTS).map(|_| run_of(host(), manifest)).collect();
    let mut counted = times?.split_off(WARM_UP);
    counted.sort();
    Ok(counted)
}

fn run_of(mut host: Command, manifest: &Path) -> Result<Duration> {
    host.args(["run", "--quiet"]).arg(manifest);
    ended(host)
}

fn ended(mut command: Command) -> Result<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let began = now();
    let status = command.status().context("the program does not start")?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(began.elapsed())
}

fn shown(sorted: &[Duration]) -> String {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    format!("min {min:.1?}, median {:.1?}, max {max:.1?}", sorted[sorted.len() / 2])
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}
