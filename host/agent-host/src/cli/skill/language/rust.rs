//! Skills in Rust: cargo builds them for WASI.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::{
    failure::{Failure, FailureKind},
    printing,
};

const TARGET: &str = "wasm32-wasip2";

/// What cargo says of something that it built.
#[derive(Deserialize)]
struct Artifact {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    manifest_path: PathBuf,
}

pub(super) fn build(folder: &Path, lines: bool) -> Result<PathBuf, Failure> {
    let manifest = fs::canonicalize(folder.join("Cargo.toml")).map_err(|error| {
        Failure::environment(format!("cannot tell where {} lies", folder.display()), &error)
    })?;
    ensure_target()?;
    let mut cargo = Command::new("cargo");
    if lines {
        // What the skill's own profile says of it is for those who use the skill.
        cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
        cargo.env("CARGO_PROFILE_RELEASE_STRIP", "none");
    }
    let output = cargo
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| missing(&error))?;
    if !output.status.success() {
        return Err(Failure::new(FailureKind::Run, "the skill does not build"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts = text.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    artifacts
        .filter(|it| it.reason == "compiler-artifact" && it.manifest_path == manifest)
        .flat_map(|it| it.filenames)
        .find(|it| it.extension().is_some_and(|end| end == "wasm"))
        .ok_or_else(|| {
            Failure::new(FailureKind::Run, "the build gave no component")
                .hint("the library needs `crate-type = [\"cdylib\"]`")
        })
}

pub(super) fn tests() -> Command {
    let mut cargo = Command::new("cargo");
    cargo.arg("test");
    cargo
}

pub(super) fn missing(error: &std::io::Error) -> Failure {
    Failure::environment("cannot start cargo", error)
        .hint("skills in Rust need Rust's toolchain: https://rustup.rs")
}

fn ensure_target() -> Result<(), Failure> {
    let has = || {
        let asked =
            Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
        asked.is_ok_and(|it| Path::new(String::from_utf8_lossy(&it.stdout).trim()).exists())
    };
    if has() {
        return Ok(());
    }
    printing::note(format!("adding the target {TARGET}"));
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|it| it.success()) && has() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Environment, format!("the target {TARGET} is missing"))
        .hint(format!("type `rustup target add {TARGET}`")))
}
