//! Fuzzing: hostile bytes for everything that reads bytes from outside, with libFuzzer.
//!
//! What links libFuzzer is a workspace of its own, `tests/fuzz/libfuzzer`. What libFuzzer needs of the compiler, a stable
//! one has: neither a nightly toolchain nor `cargo-fuzz` has to be there.

#[path = "../../fuzz/tests/targets/seeds.rs"]
mod seeds;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::build::{cargo, root, run, target_folder};

/// A target: its name, and what it is given.
struct Target {
    name: &'static str,
    what: &'static str,
}

const TARGETS: &[Target] = &[
    Target { name: "manifest", what: "the text of a manifest: checked, shown, planned" },
    Target { name: "scenario", what: "the text of a scenario: checked, shown" },
    Target {
        name: "editor",
        what: "a half written text and a place in it: what stands there, what may",
    },
    Target { name: "expression", what: "an expression: read, checked, evaluated" },
    Target { name: "value", what: "values as bytes and JSON, of any type" },
    Target { name: "journal", what: "rows and segments of the journal" },
    Target { name: "run", what: "records of a run: read, looked at, replayed" },
    Target { name: "wire", what: "the line to the launcher of programs" },
    Target { name: "path", what: "paths and globs of a skill, on a real folder" },
    Target { name: "grant", what: "layers of grants" },
    Target { name: "question", what: "questions of a skill under any grants" },
    Target { name: "pack", what: "the file of the memory's kept index" },
    Target { name: "memory", what: "the memory's keys and rows" },
    Target { name: "analyse", what: "questions to the memory, taken apart" },
    Target { name: "import", what: "files that the memory imports" },
    Target { name: "table", what: "tables in Parquet that the memory imports" },
    Target { name: "snapshot", what: "folders of the memory's snapshots" },
    Target { name: "component", what: "bytes of a component" },
    Target { name: "crossing", what: "values to a guest and back" },
];

/// Those that link the sandbox: behind a feature, since wasmtime takes its time to build.
const OF_SANDBOX: &[&str] = &["component", "crossing"];

/// Words of the languages, for targets that read text.
const DICTIONARY: &str = "tests/fuzz/words.dict";

/// Coverage as libFuzzer reads it: what `cargo-fuzz` asks of the compiler.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Longest that one input may take, in seconds; most memory, in MiB.
const TIME_MAX: u32 = 10;
const MEMORY_MAX: u32 = 2_048;

/// Lines of a crash that are shown.
const CRASH_LINES: usize = 40;

/// Runs the target `name`, or all, for `seconds` each. With `input`, runs that file alone.
pub(crate) fn fuzz(name: Option<&str>, seconds: u64, input: Option<&Path>) -> Result<()> {
    let chosen: Vec<&Target> =
        TARGETS.iter().filter(|target| name.is_none_or(|name| target.name == name)).collect();
    if let (Some(name), true) = (name, chosen.is_empty()) {
        bail!("there is no target `{name}`; there are:\n{}", known());
    }
    if let Some(input) = input {
        let [target] = chosen[..] else { bail!("say which target shall read {}", input.display()) };
        let mut command = Command::new(build(target)?);
        command.arg(std::path::absolute(input)?);
        return run(command);
    }
    let mut crashed = Vec::new();
    for target in chosen {
        let program = build(target)?;
        if !session(target, &program, seconds)? {
            crashed.push(target.name);
        }
    }
    ensure!(crashed.is_empty(), "crashed: {}", crashed.join(", "));
    Ok(())
}

/// Type-checks all targets, so that they don't fall behind what they test.
pub(crate) fn check() -> Result<()> {
    let mut command = package("check")?;
    command.args(["--all-targets", "--features", "component"]);
    command.env("RUSTFLAGS", "--cfg=fuzzing --deny=warnings");
    run(command)
}

/// Removes what [`check`] built: its flags are those of no other build, so nothing else uses it.
pub(crate) fn clean() -> Result<()> {
    let folder = target_folder().join("fuzz");
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

fn known() -> String {
    TARGETS.iter().map(|it| format!("  {:<10} {}\n", it.name, it.what)).collect()
}

/// Cargo in the package of the targets, with the versions that the product is locked to.
fn package(what: &str) -> Result<Command> {
    let folder = root().join("tests/fuzz/libfuzzer");
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .with_context(|| format!("cannot lock the versions in {}", folder.display()))?;
    let mut command =
        cargo(&[what, "--release", "--manifest-path", "tests/fuzz/libfuzzer/Cargo.toml"]);
    command.arg("--target-dir").arg(target_folder().join("fuzz"));
    Ok(command)
}

/// Builds a target and gives back its program.
fn build(target: &Target) -> Result<PathBuf> {
    // With a target named, the flags are for it alone, not for build scripts.
    let triple = triple()?;
    let mut command = package("build")?;
    command.args(["--quiet", "--bin", target.name, "--target", &triple]);
    if OF_SANDBOX.contains(&target.name) {
        command.args(["--features", "component"]);
    }
    command.env("RUSTFLAGS", FLAGS.join(" "));
    run(command)?;
    Ok(target_folder().join("fuzz").join(triple).join("release").join(target.name))
}

/// Folders with inputs to begin with.
fn seeds(target: &Target) -> &'static [&'static str] {
    let found = seeds::SEEDS.iter().find(|(name, _)| *name == target.name);
    found.map_or_else(Default::default, |(_, folders)| *folders)
}

/// The machine's own target triple.
fn triple() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc does not start")?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` does not say its host")
}

/// Lets libFuzzer work for some time. Whether nothing crashed.
fn session(target: &Target, program: &Path, seconds: u64) -> Result<bool> {
    let folder = target_folder().join("fuzz");
    let corpus = folder.join("corpus").join(target.name);
    let crashes = folder.join("crashes").join(target.name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&crashes)?;
    let mut command = Command::new(program);
    command.current_dir(root()).arg(&corpus).args(seeds(target));
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={TIME_MAX}"),
        format!("-rss_limit_mb={MEMORY_MAX}"),
        format!("-artifact_prefix={}/", crashes.display()),
        format!("-dict={DICTIONARY}"),
        "-print_final_stats=1".to_owned(),
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let executions = figure(&told, "stat::number_of_executed_units:");
    let inputs = fs::read_dir(&corpus)?.count();
    let crashed = if output.status.success() { "no crash" } else { "CRASHED" };
    eprintln!(
        "{:<10} {seconds} s: {executions} executions, {inputs} inputs kept, {crashed}",
        target.name
    );
    if output.status.success() {
        return Ok(true);
    }
    let lines: Vec<&str> = told.lines().collect();
    eprintln!("{}", lines[lines.len().saturating_sub(CRASH_LINES)..].join("\n"));
    let written = told.lines().find_map(|line| line.split_once("Test unit written to "));
    if let Some((_, path)) = written {
        eprintln!("the input is {path}");
        eprintln!("run it alone: cargo xtask fuzz {} --input {path}", target.name);
    }
    Ok(false)
}

/// The figure behind `name` in libFuzzer's last words.
fn figure<'t>(told: &'t str, name: &str) -> &'t str {
    told.lines().find_map(|line| line.strip_prefix(name)).map_or("?", str::trim)
}
