//! Inputs as they were typed, as values of the plan's types.

use std::{collections::BTreeMap, path::Path};

use voyager_base::{Value, call::Folders};
use voyager_manifest::plan::{Input, InputKind, Plan};

use crate::failure::Failure;

/// Reads the inputs of a plan. Paths are relative to `directory`. All problems are told at once.
pub(crate) fn read(
    plan: &Plan,
    typed: &[(String, String)],
    directory: &Path,
) -> Result<BTreeMap<String, Value>, Failure> {
    let (mut values, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, text) in typed {
        let Some(input) = plan.inputs.iter().find(|it| it.name == *name) else {
            let known: Vec<&str> = plan.inputs.iter().map(|it| it.name.as_str()).collect();
            problems.push(format!("there is no input `{name}`; there are: {}", known.join(", ")));
            continue;
        };
        match value(input, text, directory) {
            Ok(value) => {
                if values.insert(name.clone(), value).is_some() {
                    problems.push(format!("the input `{name}` is given twice"));
                }
            }
            Err(problem) => problems.push(format!("the input `{name}`: {problem}")),
        }
    }
    // A path that is not typed is relative to the same folder as one that is.
    for input in plan.inputs.iter().filter(|it| matches!(it.kind, InputKind::Path)) {
        let Some(default) = input.default.as_ref().and_then(text) else { continue };
        if !values.contains_key(&input.name) {
            match value(input, default, directory) {
                Ok(value) => drop(values.insert(input.name.clone(), value)),
                Err(problem) => problems.push(format!("the input `{}`: {problem}", input.name)),
            }
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(Failure::usage(problems.join("; "))) }
}

fn value(input: &Input, text: &str, directory: &Path) -> Result<Value, String> {
    let whole = match input.kind {
        InputKind::Path => path(text, directory)?,
        _ => text.to_owned(),
    };
    input.read(&whole).map_err(|error| error.reason)
}

/// The real path: links resolved, so that the same folder has one name.
fn path(text: &str, directory: &Path) -> Result<String, String> {
    let whole = std::path::absolute(directory.join(text)).map_err(|error| error.to_string())?;
    let real =
        std::fs::canonicalize(&whole).map_err(|error| format!("{}: {error}", whole.display()))?;
    let text = real.into_os_string().into_string();
    text.map_err(|path| format!("{} is not UTF-8", path.display()))
}

/// Where the folders are that a plan grants, as far as their inputs are given.
pub(crate) fn folders(plan: &Plan, values: &BTreeMap<String, Value>) -> Result<Folders, Failure> {
    let of_steps = plan.steps.iter().filter_map(|step| step.grants.workspace.as_ref());
    let mut folders = Folders::new();
    for folder in plan.grants.workspace.iter().chain(of_steps).flatten() {
        let Some(path) = values.get(&folder.input).and_then(text) else { continue };
        if !Path::new(path).is_dir() {
            return Err(Failure::usage(format!(
                "the input `{}`: {path} is no folder",
                folder.input
            )));
        }
        folders.insert(folder.root.clone(), path.to_owned());
    }
    Ok(folders)
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Option(Some(inner)) => inner.as_str(),
        other => other.as_str(),
    }
}
