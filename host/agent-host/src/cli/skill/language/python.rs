//! Skills in Python: componentize-py, in a virtual environment of the skill's own, puts interpreter and
//! modules into one component.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{ensure_installed, run, unfinished};
use crate::failure::{Failure, FailureKind};

/// The module that the component is made of.
pub(super) const APP: &str = "app.py";
/// What pins the tools, and the libraries that the skill uses.
const PINS: &str = "requirements.txt";
const ENVIRONMENT: &str = ".venv";

pub(super) fn build(folder: &Path) -> Result<PathBuf, Failure> {
    ensure_tools(folder)?;
    let component = unfinished(folder)?;
    // Asked from inside the folder, where paths of errors make sense.
    let output = component.strip_prefix(folder).unwrap_or(&component);
    let environment = absolute(&folder.join(ENVIRONMENT))?;
    run(
        Command::new(environment.join("bin/python"))
            // The tool's own start file names the folder where the environment was made.
            .args(["-I", "-c", "import sys, componentize_py; sys.exit(componentize_py.script())"])
            .args(["-q", "-d", "wit", "componentize", "app", "-p", ".", "-o"])
            .arg(output)
            .env("VIRTUAL_ENV", &environment)
            .current_dir(folder),
        missing,
        || Failure::new(FailureKind::Run, "the skill does not build"),
    )?;
    Ok(component)
}

pub(super) fn tests(folder: &Path) -> Result<Command, Failure> {
    let mut python = Command::new(absolute(&folder.join(ENVIRONMENT).join("bin/python"))?);
    python.args(["-m", "unittest"]);
    Ok(python)
}

pub(super) fn missing(error: &std::io::Error) -> Failure {
    Failure::environment("cannot start python3", error).hint(
        "skills in Python need Python 3.11 or newer: on Debian and Ubuntu type \
         `sudo apt install python3 python3-venv`, elsewhere see https://www.python.org/downloads",
    )
}

fn ensure_tools(folder: &Path) -> Result<(), Failure> {
    let environment = folder.join(ENVIRONMENT);
    let python = environment.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment), missing, || {
            Failure::new(FailureKind::Environment, "python3 makes no virtual environment")
                .hint("on Debian and Ubuntu type `sudo apt install python3-venv`")
        })?;
    }
    let pins = folder.join(PINS);
    ensure_installed(&pins, &environment, || {
        run(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(&pins),
            missing,
            || {
                Failure::new(
                    FailureKind::Environment,
                    format!("pip did not install what {PINS} pins"),
                )
                .hint("that needs PyPI or a mirror of it once; what pip said stands above")
            },
        )
    })
}

/// A path that holds from another folder too, without following the link that makes an environment one.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::environment(format!("cannot tell where {} lies", path.display()), &error)
    })
}
