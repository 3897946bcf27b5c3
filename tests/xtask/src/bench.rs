//! Benchmarks by name. Each prints a ratio against a named peer or the raw library in the same run.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::build::{agent_host, cargo, run, skills, target_folder};

/// A benchmark that is an example of a crate: its name, what it measures, and where it is.
struct Bench {
    name: &'static str,
    what: &'static str,
    package: &'static str,
    example: &'static str,
}

/// Name of the benchmark that times the whole program.
const PROGRAM: &str = "program";
/// Name of the benchmark that runs the shipped skills in the sandbox.
const SKILLS: &str = "skills";

const BENCHES: &[Bench] = &[
    Bench {
        name: "journal",
        what: "durable steps a second, records a sync, a lone run, against the disk's own sync",
        package: "voyager-journal",
        example: "bench",
    },
    Bench {
        name: "sandbox",
        what: "fresh and warm calls against the wasmtime API, the grant check",
        package: "voyager-sandbox",
        example: "bench",
    },
    Bench {
        name: "workspace",
        what: "bulk replace against copying the files, search against rg, a commit of 500 files",
        package: "voyager-workspace",
        example: "bench",
    },
    Bench {
        name: "coder",
        what: "all metrics over a folder, natively: `cargo xtask bench coder FOLDER --quiet`",
        package: "voyager-skill-coder",
        example: "measure",
    },
    Bench {
        name: "security",
        what: "secrets over a folder, natively: `cargo xtask bench security FOLDER`",
        package: "voyager-skill-security",
        example: "scan",
    },
    Bench {
        name: "manifest",
        what: "parsing and checking a manifest of 1,000 steps",
        package: "voyager-manifest",
        example: "bench",
    },
];

/// Runs the benchmark `name`.
pub(crate) fn bench(name: Option<&str>, rest: &[String]) -> Result<()> {
    let known = || {
        let examples = BENCHES.iter().map(|it| (it.name, it.what));
        let others = [
            (PROGRAM, "whole processes of the released program"),
            (SKILLS, "coder and security over a folder, in the sandbox and natively"),
        ];
        examples
            .chain(others)
            .map(|(name, what)| format!("  {name:<10} {what}\n"))
            .collect::<String>()
    };
    let Some(name) = name else {
        eprint!("{}", known());
        return Ok(());
    };
    if name == PROGRAM {
        return program();
    }
    if name == SKILLS {
        return shipped(rest);
    }
    let Some(bench) = BENCHES.iter().find(|it| it.name == name) else {
        bail!("there is no benchmark `{name}`; there are:\n{}", known());
    };
    run(example(bench.package, bench.example, rest))
}

fn example<T: AsRef<OsStr>>(package: &str, example: &str, arguments: &[T]) -> Command {
    let mut command =
        cargo(&["run", "--release", "--package", package, "--example", example, "--"]);
    command.args(arguments);
    command
}

/// The shipped skills in the sandbox, then the same code natively.
fn shipped(rest: &[String]) -> Result<()> {
    let [folder] = rest else {
        bail!("type the folder to look at: `cargo xtask bench skills FOLDER`")
    };
    let folder =
        Path::new(folder).canonicalize().with_context(|| format!("cannot look at {folder}"))?;
    let skills = skills(&agent_host(true)?)?;
    run(example("agent-host", "skills", &[&skills, &folder]))?;
    eprintln!("natively:");
    let folder = folder.as_os_str();
    run(example("voyager-skill-coder", "measure", &[folder, OsStr::new("--quiet")]))?;
    run(example("voyager-skill-security", "scan", &[OsStr::new("secrets"), folder]))
}

/// Runs of each command; the first few warm caches and are not counted.
const RUNS: usize = 25;
const WARM_UP: usize = 5;

/// Times whole processes of the released program.
fn program() -> Result<()> {
    let program = agent_host(true)?;
    let skills = skills(&program)?;
    let folder = target_folder().join("bench");
    fs::create_dir_all(&folder)?;
    let (one, many) = (folder.join("one.yaml"), folder.join("many.yaml"));
    fs::write(&one, manifest(1))?;
    fs::write(&many, manifest(1_000))?;
    let state = folder.join("state");
    let time = |arguments: &[&Path]| -> Result<()> {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let mut command = Command::new(&program);
            command.arg("--state").arg(&state).arg("--skills").arg(&skills).args(arguments);
            times.push(timed(command)?);
        }
        let mut counted = times.split_off(WARM_UP);
        counted.sort();
        let shown = arguments[0].display();
        eprintln!(
            "{shown:<10} whole process: min {:?}, median {:?}, max {:?}",
            counted[0],
            counted[counted.len() / 2],
            counted[counted.len() - 1]
        );
        Ok(())
    };
    time(&[Path::new("validate"), &many])?;
    time(&[Path::new("run"), &one])
}

fn manifest(steps: usize) -> String {
    let head =
        "voyager: manifest/v1\nname: bench\nversion: 1.0.0\ndescription: Does little.\nsteps:\n";
    let step = |number| format!("  - id: step-{number}\n    use: security/rules.all\n");
    head.to_owned() + &(0..steps).map(step).collect::<String>()
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn timed(mut command: Command) -> Result<Duration> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let before = Instant::now();
    let status = command.status().context("the program does not start")?;
    let took = before.elapsed();
    ensure!(status.success(), "{command:?} failed");
    Ok(took)
}
