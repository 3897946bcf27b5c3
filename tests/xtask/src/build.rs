//! Building: the program, and the skills as components.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

const TARGET: &str = "wasm32-wasip2";

/// The folder of the workspace from which cargo runs this. Two clones may build into one folder: then this program may have been
/// built in the other one.
#[expect(clippy::disallowed_methods, reason = "cargo says where it runs this from")]
pub(crate) fn root() -> PathBuf {
    let built = || env!("CARGO_MANIFEST_DIR").to_owned();
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| built());
    Path::new(&folder).ancestors().nth(2).expect("two folders up").to_owned()
}

/// The folder that cargo builds into.
#[expect(clippy::disallowed_methods, reason = "cargo's own setting, read as cargo reads it")]
pub(crate) fn target_folder() -> PathBuf {
    std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), PathBuf::from)
}

/// Cargo, in the workspace's folder.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(arguments);
    command
}

/// Runs a command to its end, and fails where it fails.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let shown = format!("{command:?}").replace('"', "");
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    ensure!(status.success(), "{shown} failed ({status})");
    Ok(())
}

/// Builds the program and gives back its path.
pub(crate) fn agent_host(release: bool) -> Result<PathBuf> {
    // The tests build the whole workspace. Chosen by its package, the program would have libraries of its
    // own beside theirs, which differ in a feature or two: most of them twice.
    let what: &[&str] =
        if release { &["--package=agent-host", "--release"] } else { &["--workspace"] };
    run(cargo(&[&["build", "--bin=agent-host"], what].concat()))?;
    Ok(target_folder().join(if release { "release" } else { "debug" }).join("agent-host"))
}

/// Builds every shipped skill and puts the components, with their docs, into `target/skills`. `program`
/// is the host, which knows how docs go into a component.
pub(crate) fn skills(program: &Path) -> Result<PathBuf> {
    ensure_target()?;
    let names = skill_names()?;
    let packages: Vec<String> =
        names.iter().map(|name| format!("--package=voyager-skill-{name}")).collect();
    let mut command = cargo(&["build", "--profile", "skill", "--target", TARGET, "--lib"]);
    command.args(packages);
    run(command)?;
    let built = target_folder().join(TARGET).join("skill");
    let folder = target_folder().join("skills");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for name in names {
        let from = built.join(format!("voyager_skill_{}.wasm", name.replace('-', "_")));
        finish(program, &name, &from, &folder.join(format!("{name}.wasm")))?;
    }
    Ok(folder)
}

/// Builds the command-line programs of the tests as components, into the folder beside that of the skills:
/// none of the shipped ones.
pub(crate) fn test_tools() -> Result<()> {
    ensure_target()?;
    run(cargo(&["build", "--profile=skill", "--target", TARGET, "--package=voyager-test-tool"]))?;
    let folder = target_folder().join("test-skills");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for (built, name) in [("voyager-test-tool.wasm", "tool.wasm"), ("fetch.wasm", "fetch.wasm")] {
        let built = target_folder().join(TARGET).join("skill").join(built);
        fs::copy(&built, folder.join(name))
            .with_context(|| format!("cannot copy {}", built.display()))?;
    }
    Ok(())
}

/// Writes the component `from` with its docs to `to`, unless that is newer already.
fn finish(program: &Path, name: &str, from: &Path, to: &Path) -> Result<()> {
    let modified = |path: &Path| fs::metadata(path).and_then(|it| it.modified());
    if modified(to).is_ok_and(|to| modified(from).is_ok_and(|from| from < to)) {
        return Ok(());
    }
    // Renamed into place: a host that looks into the folder never sees half a component.
    let partial = to.with_file_name(format!(".{name}.partial"));
    fs::copy(from, &partial)
        .with_context(|| format!("cannot copy {} to {}", from.display(), partial.display()))?;
    let mut document = Command::new(program);
    document.args(["skill", "document"]).arg(&partial);
    document.arg("--wit").arg(root().join("skills").join(name).join("wit"));
    for entry in fs::read_dir(root().join("wit"))? {
        document.arg("--with").arg(entry?.path());
    }
    run(document)?;
    fs::rename(&partial, to).with_context(|| format!("cannot write {}", to.display()))
}

/// Names of the skills in the repository.
fn skill_names() -> Result<Vec<String>> {
    let folder = root().join("skills");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok().filter(|it| it.path().join("Cargo.toml").exists()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Makes sure that components can be compiled.
pub(crate) fn ensure_target() -> Result<()> {
    if has_target() {
        return Ok(());
    }
    eprintln!("adding the target {TARGET}");
    let added = Command::new("rustup").current_dir(root()).args(["target", "add", TARGET]).status();
    if !added.is_ok_and(|status| status.success()) || !has_target() {
        bail!(
            "the target {TARGET} is missing and rustup could not add it; type `rustup target add \
             {TARGET}`, or install it the way your Rust toolchain was installed"
        );
    }
    Ok(())
}

fn has_target() -> bool {
    let rustc = Command::new("rustc")
        .current_dir(root())
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null())
        .output();
    rustc.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists())
}
