//! The main job on real input: an audit of this repository.

use std::process::Command;

use anyhow::Result;

use crate::build::{agent_host, root, run, skills, target_folder};

/// Audits this repository and says where the report is.
pub(crate) fn demo() -> Result<()> {
    let program = agent_host(false)?;
    let skills = skills(&program)?;
    let folder = target_folder().join("demo");
    let mut command = Command::new(&program);
    command.arg("--state").arg(folder.join("state")).arg("--skills").arg(&skills);
    command.arg("--share").arg(root());
    command.arg("run").arg(root().join("manifests/audit.yaml"));
    command.arg("--input").arg(format!("repo={}", root().display()));
    command.arg("--out").arg(folder.join("report"));
    run(command)
}
