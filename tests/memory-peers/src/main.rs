//! The memory beside indexes of vectors and stores of them: the same vectors, the same questions, one core.
//!
//! `voyager-memory-peers FOLDER PYTHON SCRIPT [RECORDS] [--shape round|thin] [--only NAME,...] [--json]` measures all contenders
//! one after the other, each in a process of its own, so that memory is that of one, and prints a table. The memory's own
//! search is measured first and last: what lies between the two is the noise of the machine.
//!
//! `voyager-memory-peers one NAME FOLDER` is such a process: it prints what it measured as JSON. Those in
//! Python (`peers.py`) print the same. A store on a disk is made by a process before it.
#![allow(clippy::disallowed_methods, reason = "a program that measures reads the clock")]

mod data;
mod graphs;
mod measured;
mod ours;
mod table;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    data::{Data, Shape},
    measured::Report,
};

/// Fewest records: those of Chroma come in batches.
const FEWEST: usize = 10_000;

/// Contenders of this program.
const NATIVE: [&str; 6] =
    ["memory", "recall", "usearch-f32", "usearch-i8", "hnsw_rs", "memory-again"];
/// Contenders in Python. Each is made by one process, and asked by another, which has one core from its start.
const PYTHON: [&str; 4] = ["lancedb-hnsw", "lancedb-pq", "lancedb-rq", "chroma"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", "recall", folder] => {
            let folder = Path::new(folder);
            ours::make(&Data::open(folder)?, folder)
        }
        ["one", name, folder] => {
            println!("{}", serde_json::to_string(&one(name, Path::new(folder))?)?);
            Ok(())
        }
        [folder, python, script, ref rest @ ..] => {
            all(Path::new(folder), Path::new(python), Path::new(script), &Choice::of(rest)?)
        }
        _ => bail!("type FOLDER PYTHON SCRIPT [RECORDS], or `one NAME FOLDER`"),
    }
}

/// What is measured.
struct Choice {
    records: usize,
    shape: Shape,
    only: Vec<String>,
    json: bool,
}

impl Choice {
    fn of(arguments: &[&str]) -> Result<Self> {
        let mut it = Self { records: 100_000, shape: Shape::Round, only: Vec::new(), json: false };
        let mut arguments = arguments.iter().copied();
        let names = || NATIVE.into_iter().chain(PYTHON);
        while let Some(argument) = arguments.next() {
            match argument {
                "--json" => it.json = true,
                "--shape" => it.shape = Shape::named(arguments.next().unwrap_or_default())?,
                "--only" => {
                    let only = arguments.next().unwrap_or_default();
                    it.only = only.split(',').map(str::to_owned).collect();
                    if let Some(other) = it.only.iter().find(|it| names().all(|one| one != *it)) {
                        let names = names().collect::<Vec<_>>().join(", ");
                        bail!("nobody is called `{other}`; there are {names}");
                    }
                }
                _ => it.records = argument.parse().context("name a number of records")?,
            }
        }
        ensure!(it.records >= FEWEST, "name a number of records, {FEWEST} or more");
        Ok(it)
    }

    fn takes(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| it == name)
    }
}

fn all(folder: &Path, python: &Path, script: &Path, choice: &Choice) -> Result<()> {
    eprintln!("{} vectors ({:?}) and what is near the questions", choice.records, choice.shape);
    Data::make(folder, choice.records, choice.shape)?;
    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    let last = NATIVE.len() - 1;
    for name in NATIVE[..last].iter().chain(&PYTHON).chain(&NATIVE[last..]) {
        if !choice.takes(name) {
            continue;
        }
        eprintln!("{name}");
        let report = if PYTHON.contains(name) {
            in_python(python, script, name, folder)
        } else {
            natively(name, folder)
        };
        // What the others showed would be lost with one that fails.
        match report {
            Ok(report) => reports.push(report),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    let about = Data::open(folder)?.about;
    table::print(&about, &reports, choice.json)?;
    ensure!(failed.is_empty(), "not measured: {}", failed.join("; "));
    Ok(())
}

fn natively(name: &str, folder: &Path) -> Result<Report> {
    let this = std::env::current_exe()?;
    let run = |what: &str| {
        let mut command = Command::new(&this);
        command.args([what, name]).arg(folder);
        command
    };
    if name == "recall" {
        printed(&mut run("make"))?;
    }
    told(&mut run("one"))
}

fn one(name: &str, folder: &Path) -> Result<Report> {
    let data = Data::open(folder)?;
    match name {
        "memory" => ours::vectors(&data),
        "memory-again" => {
            let report = ours::vectors(&data)?;
            Ok(Report { name: format!("{}, again", report.name), ..report })
        }
        "recall" => ours::recall(&data, folder),
        "hnsw_rs" => graphs::hnsw_rs(&data, folder),
        _ => match name.strip_prefix("usearch-") {
            Some(kind) => graphs::usearch(&data, folder, kind),
            None => bail!("nobody is called `{name}`"),
        },
    }
}

fn in_python(python: &Path, script: &Path, name: &str, folder: &Path) -> Result<Report> {
    let store = folder.join(name);
    if store.exists() {
        fs::remove_dir_all(&store)?;
    }
    let run = |what: &str| {
        let mut command = Command::new(python);
        command.arg(script).args([what, name]).arg(folder);
        if what == "ask" {
            for threads in ["OMP", "OPENBLAS", "RAYON"] {
                command.env(format!("{threads}_NUM_THREADS"), "1");
            }
            command.env("LANCE_CPU_THREADS", "1").env("TOKIO_WORKER_THREADS", "1");
        }
        command
    };
    let made = printed(&mut run("make"))?;
    fs::write(store.with_extension("json"), made)?;
    let report = told(&mut run("ask"));
    fs::remove_dir_all(&store)?;
    report
}

fn told(command: &mut Command) -> Result<Report> {
    let told = printed(command)?;
    serde_json::from_str(&told).with_context(|| format!("this is no report:\n{told}"))
}

/// What a command prints last.
fn printed(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}").replace('"', "");
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start {shown}"))?;
    ensure!(output.status.success(), "{shown} failed ({})", output.status);
    let told = String::from_utf8(output.stdout)?;
    Ok(told.lines().last().unwrap_or_default().to_owned())
}
