//! The machine that a scenario plays on: a fresh folder for its files, the real services over it, a journal
//! in memory; on a simulated disk where its host dies.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    num::NonZeroUsize,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use voyager_agent::scenario::{Hosted, Judged, Machine, Play, PlayError, Played, Rest, judge};
use voyager_base::{
    BoxFuture, Digest, Error, Type, Value,
    call::{CallContext, Invocation, Skills},
    clock::Clock,
    grant::GrantLayer,
    process::{Finished, ProcessService, RunProgram},
    record::{Content, Journal},
    sim::{CrashModel, Executor, MemoryJournal, SimDisk},
    workspace::WorkspaceService,
};
use voyager_journal::{Options, Store};
use voyager_manifest::{
    plan::{Input, InputKind},
    scenario::Fault,
};
use voyager_process::{Launcher, Process, ProcessOptions, Toolchain};
use voyager_workspace::Workspace;

use super::{Case, Verdict};
use crate::{failure::Failure, host::Shelf};

/// What all scenarios share.
pub(crate) struct Shared {
    /// Folder of their workspaces.
    pub(crate) folder: PathBuf,
    /// Says that the folder is in use, as long as it is open.
    #[expect(dead_code, reason = "it is held, not read")]
    pub(crate) in_use: File,
    /// The skills.
    pub(crate) shelf: Arc<Shelf>,
    /// The machine's own clock, for programs and reports.
    pub(crate) clock: Arc<dyn Clock>,
    /// What real programs are waited for with.
    pub(crate) runtime: tokio::runtime::Handle,
    /// How programs are started.
    pub(crate) launcher: Launcher,
    /// Where programs are found.
    pub(crate) toolchain: Toolchain,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // It lies among temporary things, under a name that nobody takes again.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// One scenario and its machine.
pub(crate) struct Desk<'a> {
    shared: &'a Arc<Shared>,
    case: &'a Case,
    workspace: PathBuf,
    /// The journal of a host that does not die.
    memory: Arc<MemoryJournal>,
    /// The disk of one that does.
    disk: Option<Mutex<Disk>>,
}

struct Disk {
    now: SimDisk,
    deaths: u64,
}

impl<'a> Desk<'a> {
    /// A desk in a folder of its own, `number`, with the files of the scenario.
    pub(crate) fn new(
        shared: &'a Arc<Shared>,
        case: &'a Case,
        number: usize,
    ) -> Result<Self, Failure> {
        let workspace = shared.folder.join(number.to_string());
        let desk = Self {
            shared,
            case,
            workspace,
            memory: Arc::default(),
            disk: case.scenario.faults.iter().any(|(_, it)| matches!(it, Fault::Kill { .. })).then(
                || {
                    let seed = Digest::of(case.scenario.name.as_bytes()).0;
                    let seed = u64::from_le_bytes(*seed.first_chunk().expect("a hash is long"));
                    Mutex::new(Disk { now: SimDisk::new(seed), deaths: 0 })
                },
            ),
        };
        desk.fill().map_err(|error| {
            let folder = desk.workspace.display();
            Failure::environment(format!("cannot make the workspace {folder}"), &error)
        })?;
        Ok(desk)
    }

    fn fill(&self) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.workspace)?;
        for file in self.case.folder.iter() {
            self.put(&file.path, &file.content, file.executable)?;
        }
        for (path, text) in &self.case.scenario.files {
            self.put(path, text.as_bytes(), false)?;
        }
        for value in self.case.scenario.inputs.iter().filter_map(|(name, value)| {
            let input = self.case.plan.inputs.iter().find(|input| input.name == *name)?;
            matches!(input.kind, InputKind::Path).then(|| text(value)).flatten()
        }) {
            let path = self.workspace.join(value);
            if !path.exists() {
                fs::create_dir_all(path)?;
            }
        }
        Ok(())
    }

    fn put(&self, path: &str, content: &[u8], executable: bool) -> std::io::Result<()> {
        let path = self.workspace.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mode = if executable { 0o755 } else { 0o644 };
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(mode).open(path)?;
        std::io::Write::write_all(&mut file, content)
    }

    /// Removes the folder.
    pub(crate) fn clear(&self) {
        // All of them are removed once more in the end.
        let _ = fs::remove_dir_all(&self.workspace);
    }

    /// Plays the scenario; none where it is given up.
    pub(crate) fn play(&self, given_up: &dyn Fn() -> bool) -> Result<Option<Verdict>, Failure> {
        let (case, scenario) = (self.case, &self.case.scenario);
        let inputs = match self.inputs() {
            Ok(inputs) => inputs,
            Err(reason) => return Ok(Some(Verdict::Stuck(reason))),
        };
        let folders = match crate::host::folders(&case.plan, &inputs) {
            Ok(folders) => folders,
            Err(failure) => return Ok(Some(Verdict::Stuck(failure.message))),
        };
        let play = Play {
            scenario: Arc::clone(scenario),
            plan: &case.plan,
            inputs: inputs.clone(),
            folders,
            workspace: self.workspace.display().to_string(),
            policy: GrantLayer { source: "this host".to_owned(), ..GrantLayer::default() },
            rest: Rest::Real,
            machine: self,
            given_up,
        };
        match play.play() {
            Ok(played) => self.verdict(&played, inputs).map(Some),
            Err(PlayError::GivenUp) => Ok(None),
            Err(PlayError::Stuck(reason)) => Ok(Some(Verdict::Stuck(reason))),
            Err(PlayError::Stands(differences)) => Ok(Some(Verdict::Differs(differences))),
        }
    }

    fn verdict(
        &self,
        played: &Played,
        mut given: BTreeMap<String, Value>,
    ) -> Result<Verdict, Failure> {
        let (case, scenario) = (self.case, &self.case.scenario);
        let inputs: Vec<(String, Value)> = case
            .plan
            .inputs
            .iter()
            .map(|input| {
                let value = given.remove(&input.name).or_else(|| input.default.clone());
                (input.name.clone(), value.unwrap_or(Value::NONE))
            })
            .collect();
        let before = self.fixtures();
        let changed = match scenario.expect.others_unchanged {
            None => Vec::new(),
            Some(_) => changed(&self.workspace, &before)
                .map_err(|error| Failure::environment("cannot look at a workspace", &error))?,
        };
        let file = |path: &str| {
            let now = fs::read(self.workspace.join(path)).ok();
            (now, before.get(path).map(|content| content.to_vec()))
        };
        let differences = judge(&Judged {
            scenario,
            plan: &case.plan,
            inputs: &inputs,
            played,
            file: &file,
            changed: &changed,
        });
        Ok(match differences.is_empty() {
            true => Verdict::Passed,
            false => Verdict::Differs(differences),
        })
    }

    /// The files that the workspace began with.
    fn fixtures(&self) -> BTreeMap<&str, &[u8]> {
        let copied = self.case.folder.iter().map(|it| (it.path.as_str(), it.content.as_slice()));
        let own = self.case.scenario.files.iter();
        copied.chain(own.map(|(path, text)| (path.as_str(), text.as_bytes()))).collect()
    }

    /// The inputs with their paths in the workspace.
    fn inputs(&self) -> Result<BTreeMap<String, Value>, String> {
        let mut inputs = self.case.scenario.inputs.clone();
        for input in &self.case.plan.inputs {
            if !matches!(input.kind, InputKind::Path) {
                continue;
            }
            let given = inputs.get(&input.name).or(input.default.as_ref()).and_then(text);
            let Some(path) = given.map(Path::new) else { continue };
            if path.is_absolute() {
                return Err(format!(
                    "the default of the input `{}` is a path of the machine; give it one within the \
                     workspace",
                    input.name
                ));
            }
            // `.` is no part of a folder's name.
            let path: PathBuf = self.workspace.join(path).components().collect();
            inputs.insert(input.name.clone(), whole(input, path.display().to_string()));
        }
        Ok(inputs)
    }
}

fn whole(input: &Input, path: String) -> Value {
    let value = Value::String(path);
    if matches!(input.ty, Type::Option(_)) { Value::some(value) } else { value }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Option(Some(inner)) => inner.as_str(),
        other => other.as_str(),
    }
}

/// Paths of all files that differ from `before`.
fn changed(folder: &Path, before: &BTreeMap<&str, &[u8]>) -> std::io::Result<Vec<String>> {
    let mut now = BTreeMap::new();
    walk(folder, "", &mut now)?;
    let mut changed: Vec<String> = now
        .iter()
        .filter(|(path, content)| before.get(path.as_str()) != Some(&content.as_slice()))
        .map(|(path, _)| path.clone())
        .collect();
    changed
        .extend(before.keys().filter(|path| !now.contains_key(**path)).map(|it| (*it).to_owned()));
    changed.sort();
    Ok(changed)
}

fn walk(folder: &Path, above: &str, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if above.is_empty() { name } else { format!("{above}/{name}") };
        match entry.file_type()? {
            kind if kind.is_dir() => walk(&entry.path(), &path, files)?,
            kind if kind.is_file() => drop(files.insert(path, fs::read(entry.path())?)),
            _ => drop(files.insert(path, Vec::new())),
        }
    }
    Ok(())
}

impl Machine for Desk<'_> {
    fn host(&self, _executor: &Executor) -> Result<Hosted, String> {
        let (journal, content): (Arc<dyn Journal>, Arc<dyn Content>) = match &self.disk {
            None => (self.memory.clone(), self.memory.clone()),
            Some(disk) => {
                let disk = disk.lock().unwrap_or_else(PoisonError::into_inner).now.clone();
                let options = Options { cache_bytes: 1 << 20, ..Options::default() };
                let store = Store::open(Arc::new(disk), options);
                let store = Arc::new(store.map_err(|error| error.to_string())?);
                (store.clone(), store)
            }
        };
        // On the thread of the scenario: in the order in which it asks.
        let at_once = Arc::new(|work: Box<dyn FnOnce() + Send>| work());
        let workspace = Workspace::new(Arc::clone(&content), at_once, NonZeroUsize::MIN);
        let process = Programs { shared: Arc::clone(self.shared), workspace: workspace.clone() };
        Ok(Hosted {
            journal,
            content,
            workspace: Arc::new(workspace) as Arc<dyn WorkspaceService>,
            process: Arc::new(process),
            skills: Arc::new(OnShelf(Arc::clone(&self.shared.shelf))),
        })
    }

    fn died(&self, model: CrashModel) {
        let Some(disk) = &self.disk else { return };
        let mut disk = disk.lock().unwrap_or_else(PoisonError::into_inner);
        disk.deaths += 1;
        disk.now = disk.now.after_crash(model, disk.deaths);
    }
}

/// Skills that are loaded, on the thread of the scenario, when they are first called.
pub(super) struct OnShelf(pub(super) Arc<Shelf>);

impl Skills for OnShelf {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        match self.0.load(invocation.component) {
            Ok(()) => self.0.call(invocation),
            Err(failure) => Box::pin(std::future::ready(Err(Error::unavailable(failure.message)))),
        }
    }
}

/// Programs, whose service is only made where one is really started.
struct Programs {
    shared: Arc<Shared>,
    workspace: Workspace,
}

impl ProcessService for Programs {
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        let folder = self.shared.folder.join("programs");
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        if let Err(error) = made {
            let message = format!("cannot make {}: {error}", folder.display());
            return Box::pin(std::future::ready(Err(Error::unavailable(message))));
        }
        let process = Process::new(ProcessOptions::new(
            self.shared.launcher.clone(),
            self.shared.toolchain.clone(),
            folder,
            Arc::new(self.workspace.clone()),
            Arc::clone(&self.shared.clock),
        ));
        Box::pin(async move { process.run(context, call).await })
    }
}
