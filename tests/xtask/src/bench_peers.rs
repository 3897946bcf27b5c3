//! One call, fresh and warm, in the sandbox and in other hosts of WebAssembly.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    bench::example,
    build::{cargo, root, run as execute, target_folder},
};

/// What transpiles the component for Node.
const JCO: &str = "@bytecodealliance/jco@1.35.0";

/// Microseconds of a call.
struct Times {
    fresh: f64,
    warm: f64,
}

/// Measures all of them, one after the other, and prints how they compare.
pub(crate) fn run() -> Result<()> {
    let folder = target_folder().join("peers");
    let mut build = cargo(&["build", "--release", "--locked", "--quiet"]);
    build.args(["--manifest-path", "tests/peers/Cargo.toml", "--target-dir"]).arg(&folder);
    execute(build)?;
    let peers = folder.join("release").join("voyager-peers");
    let host = times(
        &told(&mut example::<&str>("voyager-sandbox", "calls", &[]))?,
        "fresh call, sandbox",
        "warm call, sandbox",
    )?;
    let told_by_extism = told(Command::new(&peers).arg("extism"))?;
    let extism = times(&told_by_extism, "fresh", "warm")?;
    let extism_name = format!("Extism {}", word(&told_by_extism, "version")?);
    let jco = times(&told(&mut node(&peers, &folder)?)?, "fresh", "warm")?;
    eprintln!("{:<22} {:>12} {:>12}", "", "fresh", "warm");
    let jco_name = JCO.trim_start_matches("@bytecodealliance/");
    for (name, its) in [("sandbox", &host), (&extism_name, &extism), (jco_name, &jco)] {
        eprintln!("{name:<22} {:>9.2} µs {:>9.2} µs", its.fresh, its.warm);
        eprintln!(
            "{:<22} {:>11.2}x {:>11.2}x",
            "  of the sandbox's",
            its.fresh / host.fresh,
            its.warm / host.warm
        );
    }
    Ok(())
}

/// Transpiles the sandbox's component, and gives back the command that calls it in Node.
fn node(peers: &Path, folder: &Path) -> Result<Command> {
    let (component, module) = (folder.join("echo.wasm"), folder.join("echo"));
    if module.exists() {
        fs::remove_dir_all(&module)
            .with_context(|| format!("cannot empty {}", module.display()))?;
    }
    let mut write = Command::new(peers);
    write.arg("component").arg(&component);
    execute(write)?;
    let mut transpile = Command::new("npx");
    transpile.args([
        "--yes",
        JCO,
        "transpile",
        "--instantiation",
        "sync",
        "--name",
        "echo",
        "--quiet",
    ]);
    transpile.arg("--out-dir").arg(&module).arg(&component);
    execute(transpile).context("Node 20 or newer has to be installed, with npx")?;
    let mut node = Command::new("node");
    node.arg(root().join("tests/peers/echo.mjs")).arg(module);
    Ok(node)
}

/// What a command prints.
fn told(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}").replace('"', "");
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot start {shown}"))?;
    ensure!(output.status.success(), "{shown} failed ({})", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("{shown} prints no text"))
}

/// The figures behind two labels.
fn times(told: &str, fresh: &str, warm: &str) -> Result<Times> {
    let figure = |label| {
        let number = word(told, label)?;
        number.parse::<f64>().with_context(|| format!("{number} is no figure"))
    };
    Ok(Times { fresh: figure(fresh)?, warm: figure(warm)? })
}

/// The word behind a label.
fn word<'a>(told: &'a str, label: &str) -> Result<&'a str> {
    let line = told.lines().find_map(|line| line.strip_prefix(label));
    let word = line.and_then(|rest| rest.split_whitespace().next());
    word.with_context(|| format!("nothing stands behind `{label}` in:\n{told}"))
}
