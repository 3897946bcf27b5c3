//! Outputs that the manifest gives a file name, written as files beside no one's sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json};
use voyager_base::Value;
use voyager_manifest::plan::Plan;

use crate::failure::Failure;

/// Outputs of a run, as they are told.
pub(crate) struct Told {
    /// Those without a file, by name.
    pub(crate) outputs: Map<String, Json>,
    /// Name and file of the others.
    pub(crate) artifacts: Vec<(String, String)>,
}

/// Writes the artifacts among `outputs` below `folder`.
pub(crate) fn write(
    plan: &Plan,
    outputs: &[(String, Value)],
    folder: &Path,
) -> Result<Told, Failure> {
    let mut told = Told { outputs: Map::new(), artifacts: Vec::new() };
    for (name, value) in outputs {
        let declared = plan.outputs.iter().find(|it| it.name == *name);
        match (declared.and_then(|it| it.file.as_ref()), present(value)) {
            (Some(file), Some(value)) => {
                let path = write_one(folder, file, value)?;
                told.artifacts.push((name.clone(), path.display().to_string()));
            }
            // An artifact whose step was skipped has no content, hence no file.
            (Some(_), None) => {}
            (None, _) => drop(told.outputs.insert(name.clone(), value.to_json())),
        }
    }
    Ok(told)
}

/// What is inside an option.
fn present(value: &Value) -> Option<&Value> {
    match value {
        Value::Option(inner) => inner.as_deref().and_then(present),
        other => Some(other),
    }
}

fn write_one(folder: &Path, file: &str, value: &Value) -> Result<PathBuf, Failure> {
    let bytes = match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Bytes(bytes) => bytes.clone(),
        other => {
            let mut text =
                serde_json::to_vec_pretty(&other.to_json()).expect("JSON can be written");
            text.push(b'\n');
            text
        }
    };
    let path = folder.join(file);
    let above = path.parent().unwrap_or(folder);
    let partial = path.with_extension("partial");
    let written = fs::create_dir_all(above)
        .and_then(|()| fs::write(&partial, bytes))
        .and_then(|()| fs::rename(&partial, &path));
    written.map_err(|error| {
        Failure::environment(format!("cannot write the artifact {}", path.display()), &error)
            .hint("the run is done; `agent-host resume RUN --out DIR` writes its artifacts again")
    })?;
    Ok(path)
}
