//! Real command-line programs as skills: built from the registry as they are, and tried on files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::build::{agent_host, ensure_target, root, target_folder};

/// A program of the registry, and what is tried with it.
struct Tool {
    name: &'static str,
    version: &'static str,
    /// JSON of its arguments.
    arguments: &'static str,
    stdin: &'static str,
    /// What its output must hold.
    says: &'static str,
    /// What `notes.md` holds afterwards.
    leaves: &'static str,
}

const NOTES: &str = "the colour of\ncolours\n";

const TOOLS: &[Tool] = &[
    Tool {
        name: "ruplacer",
        version: "0.10.0",
        arguments: r#"["colour", "color", "--go"]"#,
        stdin: "",
        says: "Performed 2 replacements",
        leaves: "the color of\ncolors\n",
    },
    Tool {
        name: "hexyl",
        version: "0.17.0",
        arguments: r#"["--length=8", "--plain", "notes.md"]"#,
        stdin: "",
        says: "74 68 65 20 63 6f 6c 6f",
        leaves: NOTES,
    },
    Tool {
        name: "choose",
        version: "1.3.7",
        arguments: r#"["--input", "notes.md", "1"]"#,
        stdin: "",
        says: "colour",
        leaves: NOTES,
    },
    Tool {
        name: "choose",
        version: "1.3.7",
        arguments: r#"["0"]"#,
        stdin: "one two",
        says: "one",
        leaves: NOTES,
    },
];

/// Builds each program, has it work on a file, and says what came of it.
pub(crate) fn commands() -> Result<()> {
    let host = agent_host(false)?;
    ensure_target()?;
    let folder = target_folder().join("commands");
    for tool in TOOLS {
        let skills = install(&folder, tool)?;
        try_out(&host, &folder, &skills, tool)?;
        eprintln!("{} {} {}: as expected", tool.name, tool.version, tool.arguments);
    }
    Ok(())
}

/// Builds a program as its authors published it. Gives back the folder of such programs.
fn install(folder: &Path, tool: &Tool) -> Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    // Outside of this workspace, whose settings are its own.
    cargo.current_dir(std::env::temp_dir()).args(["install", tool.name, "--version", tool.version]);
    cargo.args(["--target", "wasm32-wasip2", "--root"]).arg(folder);
    cargo.env("CARGO_TARGET_DIR", folder.join("target"));
    crate::build::run(cargo).context("is the registry there?")?;
    Ok(folder.join("bin"))
}

fn try_out(host: &Path, folder: &Path, skills: &Path, tool: &Tool) -> Result<()> {
    let files = folder.join("files");
    fs::create_dir_all(&files)?;
    let notes = files.join("notes.md");
    fs::write(&notes, NOTES)?;
    let mut command = Command::new(host);
    command.arg("--state").arg(folder.join("state")).arg("--skills").arg(skills);
    command.arg("--share").arg(root()).args(["skill", "run", &format!("{}/run", tool.name)]);
    command.arg("--write").arg(&files).arg("--with").arg(format!("arguments={}", tool.arguments));
    if !tool.stdin.is_empty() {
        command.arg("--with").arg(format!("stdin={}", tool.stdin));
    }
    let ended = command.arg("--json").output().context("the program starts")?;
    let said = String::from_utf8_lossy(&ended.stdout);
    ensure!(ended.status.success() && said.contains(tool.says), "{}: {said}", tool.name);
    let left = fs::read_to_string(&notes)?;
    ensure!(left == tool.leaves, "{} left {left:?}", tool.name);
    Ok(())
}
