//! Installing: program, skills, manifests, SDK and WIT below one prefix.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::build::{agent_host, root, skills};

/// Installs below `prefix`; a leading `~` is the home folder.
pub(crate) fn install(prefix: &Path) -> Result<()> {
    let prefix = expand(prefix)?;
    let program = agent_host(true)?;
    let skills = skills(&program)?;
    let binary = prefix.join("bin/agent-host");
    fs::create_dir_all(prefix.join("bin"))?;
    // Renamed into place, so that a running host keeps its own file.
    let partial = prefix.join("bin/.agent-host.partial");
    fs::copy(&program, &partial).and_then(|_| fs::rename(&partial, &binary)).with_context(
        || format!("cannot install {}; choose another place with --prefix", binary.display()),
    )?;
    copy_folder(&skills, &prefix.join("lib/voyager/skills"))?;
    let share = prefix.join("share/voyager");
    for folder in ["wit", "manifests", "sdk"] {
        copy_folder(&root().join(folder), &share.join(folder))?;
    }
    eprintln!("installed {}", binary.display());
    eprintln!("skills    {}", prefix.join("lib/voyager/skills").display());
    eprintln!("shared    {}", share.display());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the home folder, as the shell would expand it")]
fn expand(prefix: &Path) -> Result<PathBuf> {
    match prefix.strip_prefix("~") {
        Ok(rest) => Ok(PathBuf::from(std::env::var("HOME").context("HOME is not set")?).join(rest)),
        Err(_) => Ok(std::path::absolute(prefix)?),
    }
}

/// Copies the files of a folder, hidden ones and build output left out. A template keeps hidden files with
/// `.in` behind their names, and those are copied.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let file_name = entry.file_name();
        let name = file_name.to_string_lossy();
        let is_hidden = name.starts_with('.') && !name.ends_with(".in");
        if is_hidden || ["target", "__pycache__", "node_modules"].contains(&&*name) {
            continue;
        }
        let (source, destination) = (entry.path(), to.join(&file_name));
        if entry.file_type()?.is_dir() {
            copy_folder(&source, &destination)?;
        } else {
            fs::copy(&source, &destination).with_context(|| {
                format!("cannot copy {} to {}", source.display(), destination.display())
            })?;
        }
    }
    Ok(())
}
