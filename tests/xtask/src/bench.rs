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

/// Name of the benchmark that plays scenarios.
const SCENARIOS: &str = "scenarios";
/// Name of the benchmark of other hosts.
const PEERS: &str = "peers";
/// Name of the benchmark of other indexes of vectors.
const MEMORY_PEERS: &str = "memory-peers";
/// A folder of many skills.
const FOLDER: &str = "folder";

const BENCHES: &[Bench] = &[
    Bench {
        name: "journal",
        what: "durable steps a second, records a sync, a lone run, against the disk's own sync",
        package: "voyager-journal",
        example: "durability",
    },
    Bench {
        name: "sandbox",
        what: "fresh and warm calls against the wasmtime API, the grant check",
        package: "voyager-sandbox",
        example: "calls",
    },
    Bench {
        name: "workspace",
        what: "bulk replace against copying the files, search against rg, a commit of 500 files, a rollback",
        package: "voyager-workspace",
        example: "files",
    },
    Bench {
        name: "transaction",
        what: "committing 10,000 files, and rolling them back, against plain writes: `cargo xtask bench transaction [FOLDER]`",
        package: "voyager-workspace",
        example: "transaction",
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
        name: "preempt",
        what: "how soon a critical task runs while low ones compute without end",
        package: "voyager-hostile",
        example: "preempt",
    },
    Bench {
        name: "bounds",
        what: "what limits cost, how fast they bite, what a waiting call takes, against wasmtime",
        package: "voyager-hostile",
        example: "bounds",
    },
    Bench {
        name: "lineage",
        what: "placing a task among a million, finding a loop, telling its ancestors",
        package: "voyager-agent",
        example: "lineage",
    },
    Bench {
        name: "startup",
        what: "a host serving again with 10,000 open runs and 5 million records, resuming a run of 100,000 steps",
        package: "sim",
        example: "startup",
    },
    Bench {
        name: "manifest",
        what: "parsing and checking a manifest of 1,000 steps",
        package: "voyager-manifest",
        example: "bench",
    },
    Bench {
        name: "memory",
        what: "writing, asking and opening a large memory, bytes a record: `cargo xtask bench memory [RECORDS [FOLDER]] [--clusters]`",
        package: "voyager-memory",
        example: "scale",
    },
    Bench {
        name: "vectors",
        what: "how fast and how well vectors are found in two stages: `cargo xtask bench vectors [ROWS] [--real TEXTS [ENCODER]]`",
        package: "voyager-memory",
        example: "vectors",
    },
    Bench {
        name: "locomo",
        what: "evidence found in long conversations, by four rankings: `cargo xtask bench locomo [DATA] [--encoder FOLDER]`",
        package: "voyager-ranker",
        example: "locomo",
    },
    Bench {
        name: "encoder",
        what: "texts a second of a sentence encoder: `cargo xtask bench encoder FOLDER`",
        package: "voyager-encoder",
        example: "encoding",
    },
];

/// Runs the benchmark `name`.
pub(crate) fn bench(name: Option<&str>, rest: &[String]) -> Result<()> {
    let known = || {
        let examples = BENCHES.iter().map(|it| (it.name, it.what));
        let others = [
            (PROGRAM, "whole processes of the released program"),
            (PEERS, "the same fresh and warm call in Extism's Rust host, and by jco in Node"),
            (
                MEMORY_PEERS,
                "vectors found by the memory, usearch, hnsw_rs, LanceDB and Chroma: `cargo xtask bench memory-peers [RECORDS] [--shape round|thin] [--only NAMES] [--json]`",
            ),
            (FOLDER, "starting with 500 skills in the folder, and dropping others into it"),
            (SKILLS, "coder and security over a folder, in the sandbox and natively"),
            (
                SCENARIOS,
                "scenarios with the real skills and with stand-ins: `cargo xtask bench scenarios [PARTS]`, of which one is 1/PARTS of them",
            ),
        ];
        examples
            .chain(others)
            .map(|(name, what)| format!("  {name:<12} {what}\n"))
            .collect::<String>()
    };
    let Some(name) = name else {
        eprint!("{}", known());
        return Ok(());
    };
    if name == PROGRAM {
        return program();
    }
    if name == FOLDER {
        return crate::bench_folder::run();
    }
    if name == PEERS {
        return crate::bench_peers::run();
    }
    if name == MEMORY_PEERS {
        return crate::bench_memory_peers::run(rest);
    }
    if name == SKILLS {
        return shipped(rest);
    }
    if name == SCENARIOS {
        return scenarios(rest);
    }
    let Some(bench) = BENCHES.iter().find(|it| it.name == name) else {
        bail!("there is no benchmark `{name}`; there are:\n{}", known());
    };
    run(example(bench.package, bench.example, rest))
}

/// Trains what the memory ranks by.
pub(crate) fn train(rest: &[String]) -> Result<()> {
    run(example("voyager-ranker", "train", rest))
}

pub(crate) fn example<T: AsRef<OsStr>>(package: &str, example: &str, arguments: &[T]) -> Command {
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

/// Scenarios with the real skills in their sandbox.
const SANDBOXED: usize = 10_000;
/// Scenarios whose skills all have stand-ins.
const STUBBED: usize = 100_000;
/// Repetitions of the shipped scenarios, of which all have to pass.
const REPETITIONS: usize = 100;

/// Plays scenarios with the released program; a tenth of them where `rest` says 10.
fn scenarios(rest: &[String]) -> Result<()> {
    let parts: usize = match rest {
        [] => 1,
        [parts] => parts.parse().context("PARTS is a number")?,
        _ => bail!("type at most one number: `cargo xtask bench scenarios 10`"),
    };
    let program = agent_host(true)?;
    let skills = skills(&program)?;
    let folder = target_folder().join("bench/scenarios");
    // Files of an earlier round with other numbers.
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("rename.yaml"),
        fs::read(crate::build::root().join("manifests/rename.yaml"))?,
    )?;
    fs::write(folder.join("ten.yaml"), ten_steps())?;
    let (real, stubbed) = (folder.join("real"), folder.join("stubbed"));
    write_scenarios(&real, SANDBOXED / parts, |_| {
        "manifest: ../../rename.yaml\ninputs: { repo: ., from: old, to: new }\n\
         files: { a.py: \"old = 1\\n\", b.py: \"import old\\n\" }\n\
         expect:\n  outputs: { places: 2 }\n  files: { a.py: { equals: \"new = 1\\n\" } }\n"
            .to_owned()
    })?;
    write_scenarios(&stubbed, STUBBED / parts / 10, |number| {
        format!(
            "manifest: ../../ten.yaml\ninputs: {{ repo: . }}\n\
             answers: [ {{ operation: coder/occurrences, result: {{ places: [], files-searched: {number}, more: false, unread: [] }} }} ]\n\
             expect: {{ outputs: {{ searched: {number} }}, calls: [ {{ operation: coder/occurrences, times: 10 }} ] }}\n"
        )
    })?;
    let play = |what: &str, arguments: &[&OsStr]| -> Result<()> {
        let mut command = Command::new(&program);
        command.arg("--state").arg(folder.join("state")).arg("--skills").arg(&skills);
        command.args(["test", "--quiet"]).args(arguments);
        let took = timed(command)?;
        eprintln!("{what:<60} {took:.2?}");
        Ok(())
    };
    let shipped = crate::build::root().join("manifests");
    play("the shipped scenarios, skills being compiled", &[shipped.as_ref()])?;
    let count = SANDBOXED / parts;
    play(&format!("{count} in the sandbox, two calls each, a commit each"), &[real.as_ref()])?;
    let count = STUBBED / parts;
    let repeat = ["--repeat".as_ref(), "10".as_ref()];
    play(
        &format!("{count} with stand-ins, ten steps each"),
        &[&[stubbed.as_ref()], &repeat[..]].concat(),
    )?;
    let count = (REPETITIONS / parts).max(1).to_string();
    let repeat = ["--repeat".as_ref(), count.as_ref()];
    play(
        &format!("the shipped scenarios {count} times, all passed"),
        &[&[shipped.as_ref()], &repeat[..]].concat(),
    )
}

/// Ten steps in a row, each an argument of the next.
fn ten_steps() -> String {
    let mut text = String::from(
        "voyager: manifest/v1\nname: ten\nversion: 1.0.0\ninputs: { repo: { type: path } }\n\
         grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ], tasks: [] }\nsteps:\n",
    );
    for number in 0..10 {
        let name = match number {
            0 => "start".to_owned(),
            _ => {
                format!("{{ expr: \"'after' + string(steps.step{}.files-searched)\" }}", number - 1)
            }
        };
        text += &format!(
            "  - {{ id: step{number}, use: coder/occurrences, with: {{ name: {name}, globs: [], places-max: 1 }} }}\n"
        );
    }
    text + "outputs: { searched: { from: steps.step9.files-searched } }\n"
}

/// Writes scenarios, a thousand a folder.
fn write_scenarios(folder: &Path, count: usize, rest: impl Fn(usize) -> String) -> Result<()> {
    for number in 0..count {
        let part = folder.join((number / 1_000).to_string());
        fs::create_dir_all(&part)?;
        let text = format!("voyager: scenario/v1\nname: number-n{number}\n{}", rest(number));
        fs::write(part.join(format!("{number}.scenario.yaml")), text)?;
    }
    Ok(())
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
    let large = folder.join("one-of-the-largest-skill.yaml");
    let head = "voyager: manifest/v1\nname: bench\nversion: 1.0.0\n";
    fs::write(
        &one,
        format!(
            "{head}steps:\n  - {{ id: api, use: documentation/api, with: {{ title: x, outlines: [], public-only: true }} }}\n"
        ),
    )?;
    fs::write(&large, format!("{head}steps:\n  - {{ id: rules, use: security/rules.all }}\n"))?;
    fs::write(&many, format!("{head}{}", many_steps(1_000)))?;
    // A host that starts reads its whole journal, up to a bound: earlier runs must not count.
    let state = folder.join("state");
    if state.exists() {
        fs::remove_dir_all(&state)?;
    }
    let time = |arguments: &[&Path]| -> Result<()> {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let mut command = Command::new(&program);
            command.arg("--state").arg(&state).arg("--skills").arg(&skills).args(arguments);
            times.push(timed(command)?);
        }
        let mut counted = times.split_off(WARM_UP);
        counted.sort();
        let shown: Vec<String> = arguments
            .iter()
            .filter_map(|it| Some(it.file_name()?.to_string_lossy().into_owned()))
            .collect();
        let shown = shown.join(" ");
        eprintln!(
            "{shown:<34} whole process: min {:?}, median {:?}, max {:?}",
            counted[0],
            counted[counted.len() / 2],
            counted[counted.len() - 1]
        );
        Ok(())
    };
    time(&[Path::new("validate"), &many])?;
    time(&[Path::new("run"), &one])?;
    time(&[Path::new("run"), &large])
}

/// Steps as people write them: arguments that are computed from the step before, conditions, retries,
/// expectations.
fn many_steps(steps: usize) -> String {
    let mut text = String::from(
        "inputs: { repo: { type: path } }\n\
         grants: { workspace: [ { root: inputs.repo, read: [\"**\"] } ], tasks: [] }\nsteps:\n",
    );
    for number in 0..steps {
        let globs = match number {
            0 => "[\"**/*.py\"]".to_owned(),
            _ => format!("{{ expr: \"steps.step{}.places.map(it, it.path)\" }}", number - 1),
        };
        text += &format!(
            "  - id: step{number}\n    use: coder/occurrences\n    \
             with: {{ name: name{number}, globs: {globs}, places-max: 10 }}\n    \
             retry: {{ attempts: 2, on: [timeout] }}\n    \
             expect: [ {{ that: \"size(result.places) < 10 || result.more\", message: too many }} ]\n"
        );
    }
    text
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
