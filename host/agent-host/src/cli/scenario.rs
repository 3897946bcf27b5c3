//! `agent-host scenario`: scenarios made of runs.

use std::path::{Component, Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use voyager_base::Digest;

use super::{Context, run::current_folder};
use crate::{failure::Failure, host::Recorded, printing, protocol::Request, report, session};

/// Makes scenarios.
#[derive(Args)]
pub(crate) struct Scenario {
    #[command(subcommand)]
    command: ScenarioCommand,
}

#[derive(Subcommand)]
enum ScenarioCommand {
    /// Writes a scenario of a run that happened: its inputs, the files that it changed as they were before,
    /// what each call of a step gave back, and how it ended.
    FromRun {
        /// Id of the run, or its beginning [default: the newest].
        run: Option<String>,
        /// File of the scenario, named `*.scenario.yaml` [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Its name [default: that of the manifest and `-recorded`].
        #[arg(long)]
        name: Option<String>,
    },
}

impl Scenario {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        let ScenarioCommand::FromRun { run, out, name } = self.command;
        let answer = session::ask(context, Request::FromRun { run })?;
        let recorded: Recorded = serde_json::from_value(answer)
            .map_err(|error| Failure::environment("the answer can't be read", &error))?;
        let folder = current_folder()?;
        let manifest = folder.join(&recorded.manifest);
        let near = match &out {
            Some(out) => folder.join(out).parent().map_or_else(PathBuf::new, Path::to_owned),
            None => folder,
        };
        let name = name.unwrap_or_else(|| format!("{}-recorded", recorded.name));
        let text = format!(
            "voyager: scenario/v1\nname: {name}\nmanifest: {}\n{}",
            between(&near, &manifest).display(),
            recorded.body
        );
        let mut notes = recorded.notes.clone();
        match std::fs::read(&manifest) {
            Ok(bytes) if Digest::of(&bytes).to_string() == recorded.source => {}
            Ok(_) => notes.push(format!("{} changed since the run", manifest.display())),
            Err(error) => notes.push(format!("{}: {error}", manifest.display())),
        }
        notes.iter().for_each(|it| printing::note(format!("note: {}", printing::harmless(it))));
        let answer = json!({ "run": recorded.run, "scenario": text, "file": out, "notes": notes });
        if let Some(out) = &out {
            std::fs::write(out, &text).map_err(|error| {
                Failure::environment(format!("cannot write {}", out.display()), &error)
            })?;
        }
        report::tell(context, &answer, 0, || match &out {
            Some(out) => printing::line(format!("{}", out.display())),
            None => printing::bytes(text.as_bytes()),
        })
    }
}

/// The way from a folder to a file; both are absolute.
fn between(folder: &Path, file: &Path) -> PathBuf {
    let plain = |path: &Path| {
        let mut parts: Vec<std::ffi::OsString> = Vec::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(parts.pop()),
                Component::Normal(name) => parts.push(name.to_owned()),
                _ => {}
            }
        }
        parts
    };
    let (from, to) = (plain(folder), plain(file));
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n(std::ffi::OsString::from(".."), from.len() - shared);
    up.chain(to[shared..].iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_manifest_begins_at_the_scenario() {
        let way = |from: &str, to: &str| between(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b/scenarios", "/a/b/rename.yaml"), Path::new("../rename.yaml"));
        assert_eq!(way("/a/b", "/a/b/./rename.yaml"), Path::new("rename.yaml"));
        assert_eq!(way("/a", "/b/../c/x.yaml"), Path::new("../c/x.yaml"));
    }
}
