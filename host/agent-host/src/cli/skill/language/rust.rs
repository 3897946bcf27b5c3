//! Skills in Rust: cargo builds them for WASI.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;
use voyager_package::Dependency;

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

/// Packages of which code is in the component of the skill in `folder`, as cargo resolves them.
pub(super) fn dependencies(folder: &Path) -> Vec<Dependency> {
    let asked = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output();
    let metadata = asked.ok().and_then(|it| serde_json::from_slice(&it.stdout).ok());
    metadata.map(|it: Metadata| it.built_in()).unwrap_or_default()
}

/// What `cargo metadata` says.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    source: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    root: Option<String>,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

impl Metadata {
    /// The package itself and whatever it needs to run: what builds or tests it is not in the component, nor are
    /// macros.
    fn built_in(&self) -> Vec<Dependency> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = self.resolve.root.as_deref().into_iter().collect();
        while let Some(id) = open.pop() {
            let Some(package) = self.packages.iter().find(|it| it.id == id) else { continue };
            let is_macro = |it: &Target| it.kind.iter().any(|kind| kind == "proc-macro");
            if package.targets.iter().any(is_macro) || !found.insert(package.dependency()) {
                continue;
            }
            let nodes = self.resolve.nodes.iter().filter(|it| it.id == id);
            let edges = nodes.flat_map(|it| &it.deps);
            let needed = edges.filter(|it| it.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            open.extend(needed.map(|it| it.pkg.as_str()));
        }
        found.into_iter().collect()
    }
}

impl Package {
    fn dependency(&self) -> Dependency {
        let source = match self.source.as_deref() {
            None => "local",
            Some(it) if it.contains("crates.io-index") => "crates.io",
            Some(it) if it.starts_with("git+") => "git",
            Some(_) => "registry",
        };
        Dependency {
            name: self.name.clone(),
            version: self.version.clone(),
            source: source.to_owned(),
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Metadata;

    #[test]
    fn what_builds_or_tests_a_skill_is_not_in_it() {
        let package = |id: &str, source: Option<&str>, kind: &str| json!({ "id": id, "name": id, "version": "1.0.0", "source": source, "targets": [{ "kind": [kind] }] });
        let edge =
            |to: &str, kind: Option<&str>| json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] });
        let io = Some("registry+https://github.com/rust-lang/crates.io-index");
        let metadata = json!({
            "packages": [
                package("mine", None, "cdylib"), package("serde", io, "lib"), package("cc", io, "lib"),
                package("derive", io, "proc-macro"), package("quote", io, "lib"), package("test", io, "lib"),
            ],
            "resolve": { "root": "mine", "nodes": [
                { "id": "mine", "deps": [edge("serde", None), edge("cc", Some("build")), edge("test", Some("dev"))] },
                { "id": "serde", "deps": [edge("derive", None), edge("serde", None)] },
                { "id": "derive", "deps": [edge("quote", None)] },
            ] },
        });
        let metadata: Metadata = serde_json::from_value(metadata).unwrap();
        let found = metadata.built_in();
        let found: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.source.as_str())).collect();
        assert_eq!(found, [("mine", "local"), ("serde", "crates.io")]);
    }
}
