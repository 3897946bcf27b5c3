//! Scenario files: found below folders, read, checked against their manifests.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value as Json;
use voyager_base::Limits;
use voyager_manifest::{
    Catalog, Files, Library, Pins, Plan, Scenario, check_among, check_scenario,
    diagnostic::{self, Diagnostic},
    manifest_of,
    scenario::without_docs,
};

use crate::{
    beside::{self, Beside},
    failure::Failure,
};

/// How the name of a scenario's file ends.
const ENDING: &str = ".scenario.yaml";

/// Most bytes of all files of a fixture.
const FIXTURE_BYTES_MAX: u64 = 64 << 20;

/// A scenario that can be played.
pub(crate) struct Case {
    /// Its file, as it was found.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
    /// What it says.
    pub(crate) scenario: Arc<Scenario>,
    /// The plan of its manifest.
    pub(crate) plan: Arc<Plan>,
    /// Files of the folder that it copies.
    pub(crate) folder: Arc<Vec<Fixture>>,
}

/// A file of a workspace.
pub(crate) struct Fixture {
    /// Path in the workspace.
    pub(crate) path: String,
    /// Its content.
    pub(crate) content: Vec<u8>,
    /// Whether it may be executed.
    pub(crate) executable: bool,
}

/// A scenario that can't be played.
pub(crate) struct Wrong {
    /// Its file.
    pub(crate) file: String,
    /// What is wrong, for people.
    pub(crate) shown: String,
    /// The same for programs.
    pub(crate) diagnostics: Json,
}

/// Loads scenarios. Manifests and folders that several share are read once.
pub(crate) struct Loader<'a> {
    catalog: &'a Catalog,
    color: bool,
    plans: BTreeMap<PathBuf, Result<Arc<Plan>, String>>,
    folders: BTreeMap<PathBuf, Arc<Vec<Fixture>>>,
}

/// The files of all scenarios that `paths` name: files as they are, folders with all below them whose name
/// ends in `.scenario.yaml`, ordered by path. Hidden folders are passed over.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut found)?;
        } else if path.is_file() {
            found.push(path.clone());
        } else {
            return Err(Failure::usage(format!("there is no {}", path.display()))
                .hint("name a scenario, or a folder that holds some"));
        }
    }
    Ok(found)
}

/// The files of the scenarios of a manifest: in its own folder, and below `scenarios` there.
pub(crate) fn beside(manifest: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        let place = manifest.display();
        Failure::environment(format!("cannot find the scenarios of {place}"), &error)
    };
    let manifest = manifest.canonicalize().map_err(unreadable)?;
    let folder = manifest.parent().unwrap_or(&manifest);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_file() && name.ends_with(ENDING) {
            found.push(path);
        }
    }
    if folder.join("scenarios").is_dir() {
        below(&folder.join("scenarios"), &mut found)?;
    }
    found.sort();
    let is_meant = |path: &PathBuf| {
        let named = fs::read(path).ok().and_then(|bytes| manifest_of(&bytes));
        let meant = named.and_then(|named| path.parent()?.join(named).canonicalize().ok());
        meant.is_some_and(|it| it == manifest)
    };
    found.retain(is_meant);
    Ok(found)
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error: &std::io::Error| {
        Failure::environment(format!("cannot list {}", folder.display()), error)
    };
    let entries = fs::read_dir(folder).map_err(|error| unreadable(&error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(|error| unreadable(&error))?;
        if (kind.is_dir() && !name.starts_with('.')) || (kind.is_file() && name.ends_with(ENDING)) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            below(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

impl<'a> Loader<'a> {
    pub(crate) fn new(catalog: &'a Catalog, color: bool) -> Self {
        Self { catalog, color, plans: BTreeMap::new(), folders: BTreeMap::new() }
    }

    /// Loads the scenario of a file.
    pub(crate) fn load(&mut self, path: &Path) -> Result<Result<Case, Wrong>, Failure> {
        let file = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|error| Failure::environment(format!("cannot read {file}"), &error))?;
        let near = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        self.read(file, &near, &bytes)
    }

    /// Loads the scenario of a text that stands, or would stand, in the folder `near`.
    pub(crate) fn read(
        &mut self,
        file: String,
        near: &Path,
        bytes: &[u8],
    ) -> Result<Result<Case, Wrong>, Failure> {
        let plan = match manifest_of(bytes) {
            Some(named) => self.plan(near, &named),
            None => Err("the text names none".to_owned()),
        };
        let checked = check_scenario(bytes, plan.as_deref().map_err(String::as_str), self.catalog);
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (Some(scenario), Ok(plan)) = (checked.scenario, plan) else {
            return Ok(Err(self.wrong(file, &checked.diagnostics, bytes)));
        };
        let folder = match &scenario.folder {
            None => Arc::default(),
            Some((span, named)) => match self.folder(&near.join(named)) {
                Ok(folder) => folder,
                Err(reason) => {
                    let message = format!("the folder {named} can't be copied: {reason}");
                    let found = finding(&text, span, message);
                    return Ok(Err(self.wrong(file, &[found], bytes)));
                }
            },
        };
        Ok(Ok(Case { file, text, scenario: Arc::new(scenario), plan, folder }))
    }

    fn wrong(&self, file: String, diagnostics: &[Diagnostic], text: &[u8]) -> Wrong {
        let shown = diagnostic::render(diagnostics, &file, text, self.color).trim_end().to_owned();
        Wrong { file, shown, diagnostics: diagnostic::to_json(diagnostics) }
    }

    fn plan(&mut self, near: &Path, named: &str) -> Result<Arc<Plan>, String> {
        let path = near.join(named);
        if let Some(known) = self.plans.get(&path) {
            return known.clone();
        }
        let plan = self.read_plan(&path);
        self.plans.insert(path, plan.clone());
        plan
    }

    fn read_plan(&self, path: &Path) -> Result<Arc<Plan>, String> {
        let file = path.display().to_string();
        let text = fs::read(path).map_err(|error| format!("{file}: {error}"))?;
        let pins = beside::pins(path);
        plan_of(&file, &text, self.catalog, &Beside::of(path), &pins)
    }

    fn folder(&mut self, path: &Path) -> Result<Arc<Vec<Fixture>>, String> {
        if let Some(known) = self.folders.get(path) {
            return Ok(Arc::clone(known));
        }
        let (mut files, mut left) = (Vec::new(), FIXTURE_BYTES_MAX);
        copy(path, "", &mut files, &mut left).map_err(|error| error.to_string())?;
        let files = Arc::new(files);
        self.folders.insert(path.to_owned(), Arc::clone(&files));
        Ok(files)
    }
}

/// The plan of the manifest `file`, or the first of what is wrong with it.
pub(crate) fn plan_of(
    file: &str,
    text: &[u8],
    catalog: &Catalog,
    files: &dyn Files,
    pins: &Pins,
) -> Result<Arc<Plan>, String> {
    let library = Library { files, pins };
    let checked = check_among(text, file, catalog, &Limits::ceiling(), library);
    match checked.plan {
        Some(mut plan) => {
            without_docs(&mut plan);
            Ok(Arc::new(plan))
        }
        None => {
            let first = checked
                .diagnostics
                .first()
                .map(|found| format!("{}:{}: {}", file, found.place.line, found.message));
            Err(first.unwrap_or_else(|| format!("{file} is wrong")))
        }
    }
}

/// Reads a folder's files, links left out: a workspace holds what the fixture holds and nothing of the
/// machine around it.
fn copy(
    folder: &Path,
    above: &str,
    files: &mut Vec<Fixture>,
    left: &mut u64,
) -> std::io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().map_err(|name| {
            std::io::Error::other(format!("{} is not UTF-8", name.to_string_lossy()))
        })?;
        let path = if above.is_empty() { name } else { format!("{above}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &path, files, left)?;
        } else if kind.is_file() {
            let about = entry.metadata()?;
            *left = left.checked_sub(about.len()).ok_or_else(|| {
                std::io::Error::other(format!("it has more than {FIXTURE_BYTES_MAX} bytes"))
            })?;
            let executable = about.permissions().mode() & 0o111 != 0;
            files.push(Fixture { path, content: fs::read(entry.path())?, executable });
        }
    }
    Ok(())
}

/// A finding that only shows when the scenario is loaded.
fn finding(text: &str, span: &std::ops::Range<usize>, message: String) -> Diagnostic {
    Diagnostic {
        code: voyager_manifest::Code::WorkspacePath,
        severity: voyager_manifest::Severity::Error,
        message,
        place: diagnostic::Place::of(text, span),
        label: String::new(),
        help: None,
        related: Vec::new(),
    }
}
