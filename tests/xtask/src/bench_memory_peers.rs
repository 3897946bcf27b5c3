//! The memory beside usearch, hnsw_rs, LanceDB and Chroma, in a workspace of their own (`tests/memory-peers`).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::build::{cargo, root, run as execute, target_folder};

/// Measures all of them, one after the other, and prints a table.
pub(crate) fn run(rest: &[String]) -> Result<()> {
    let (folder, peers) = (folder(), peers());
    compile("build")?;
    let python = python(&folder.join("python"), &peers.join("requirements.txt"))?;
    let mut measure = Command::new(folder.join("release/voyager-memory-peers"));
    measure.arg(folder.join("data")).arg(python).arg(peers.join("peers.py")).args(rest);
    execute(measure)
}

/// Type-checks those in Rust, so that they don't fall behind the memory.
pub(crate) fn check() -> Result<()> {
    compile("check")
}

fn peers() -> PathBuf {
    root().join("tests/memory-peers")
}

/// Where they are built.
fn folder() -> PathBuf {
    target_folder().join("memory-peers")
}

fn compile(what: &str) -> Result<()> {
    // Not `--locked`: what the memory comes to depend on joins the lock file, and the peers stay as they are.
    let mut command = cargo(&[what, "--release", "--quiet"]);
    command.arg("--manifest-path").arg(peers().join("Cargo.toml"));
    command.arg("--target-dir").arg(folder());
    execute(command).context(
        "usearch is C++: where no compiler was found, type `sudo apt install g++` (Debian, Ubuntu), \
         `sudo dnf install gcc-c++` (Fedora) or `xcode-select --install` (macOS), and try again",
    )
}

/// A Python with the peers that are written for it, made once for each list of them.
fn python(folder: &Path, wanted: &Path) -> Result<PathBuf> {
    let (python, note) = (folder.join("bin/python"), folder.join("installed.txt"));
    let list = fs::read(wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    if fs::read(&note).is_ok_and(|it| it == list) {
        return Ok(python);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(folder);
    execute(make).context(
        "Python 3.10 or newer has to be installed, with venv: `sudo apt install python3-venv` (Debian, Ubuntu)",
    )?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(wanted);
    let shown = format!("{install:?}").replace('"', "");
    let status = install.status().with_context(|| format!("cannot start {shown}"))?;
    ensure!(
        status.success(),
        "{shown} failed ({status}). Without a network, fetch the files where there is one with \
         `pip download --dest WHEELS --requirement {}`, bring them here, type \
         `{} -m pip install --no-index --find-links WHEELS --requirement {0}` and \
         `cp {0} {}`, and try again",
        wanted.display(),
        python.display(),
        note.display()
    );
    Ok(fs::write(note, list).map(|()| python)?)
}
