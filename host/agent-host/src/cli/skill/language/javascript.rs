//! Skills in JavaScript: componentize-qjs, in the skill's own `node_modules`, puts interpreter and modules
//! into one component.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{ensure_installed, run, unfinished};
use crate::failure::{Failure, FailureKind};

/// What pins the tools, and the libraries that the skill uses.
pub(super) const PACKAGE: &str = "package.json";
/// The module that the component is made of.
const MODULE: &str = "skill.js";
const MODULES: &str = "node_modules";
/// The tool, as node starts it: npm's links are not followed, so that it is the one of this folder.
const TOOL: &str = "node_modules/componentize-qjs/bin/componentize-qjs";

pub(super) fn build(folder: &Path) -> Result<PathBuf, Failure> {
    ensure_tools(folder)?;
    let component = unfinished(folder)?;
    let output = component.strip_prefix(folder).unwrap_or(&component);
    run(
        Command::new("node")
            .arg(TOOL)
            // `--sync`: the host has no asynchronous component model, and runs tasks for that.
            .args(["--sync", "--wit", "wit", "--js", MODULE, "--module-root", ".", "--output"])
            .arg(output)
            .current_dir(folder),
        |error| missing("node", error),
        || Failure::new(FailureKind::Run, "the skill does not build"),
    )?;
    Ok(component)
}

pub(super) fn tests() -> Command {
    let mut node = Command::new("node");
    node.arg("--test");
    node
}

pub(super) fn missing(program: &str, error: &std::io::Error) -> Failure {
    Failure::environment(format!("cannot start {program}"), error).hint(
        "skills in JavaScript need Node.js 20 or newer with npm: on Debian and Ubuntu type \
         `sudo apt install nodejs npm`, elsewhere see https://nodejs.org/en/download",
    )
}

fn ensure_tools(folder: &Path) -> Result<(), Failure> {
    ensure_installed(&folder.join(PACKAGE), &folder.join(MODULES), || {
        run(
            Command::new("npm").args(["install", "--no-fund", "--no-audit"]).current_dir(folder),
            |error| missing("npm", error),
            || {
                Failure::new(
                    FailureKind::Environment,
                    format!("npm did not install what {PACKAGE} pins"),
                )
                .hint(
                    "that needs npm's registry or a mirror of it once; what npm said stands above",
                )
            },
        )
    })
}
