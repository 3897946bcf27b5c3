//! Where attacks are played: one host with real files, real programs, a real journal and compilers in
//! processes of their own, as the program itself has them.

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use voyager_agent::{
    Failure, GivenSecret, GivenSecrets, KeptSecret, Live, Notice, Observer, Outcome, Request,
    replay, replay_verify,
};
use voyager_base::{
    Error, ErrorKind, Limits, RunId, Value,
    call::{Folders, Report, Services},
    chance::Seeded,
    clock::Timestamp,
    grant::GrantLayer,
    operation::{Operation, Skill},
    secret::Secret,
};
use voyager_disk::FileDisk;
use voyager_manifest::{Catalog, plan::Plan};
use voyager_memory::{Memory, Options, Service};
use voyager_process::{Launcher, Process, ProcessOptions, Toolchain};
use voyager_sandbox::{CompileBounds, CompilerCommand, LoadError};
use voyager_workspace::{Workspace, thread_each};

use crate::{
    Host, World, component,
    runs::{plan, store_on, world_on},
    server,
};

/// First argument with which a program of these tests is the compiler's process.
pub const COMPILE: &str = "__compile";
/// First argument with which it is the launcher of programs.
pub const LAUNCH: &str = "__launch";

/// What nobody may read or change: it lies beside the granted folder.
const SECRET: &str = "nobody may read this";

/// The secret of the runs whose manifest has one.
pub(crate) const TOKEN: &str = "hush-hush-hush";

/// What a line of a log may hold at most.
const LINE_BYTES_MAX: usize = 8 << 10;
/// What a note of progress may hold at most.
const NOTE_BYTES_MAX: usize = 512;

/// A host, and what lies around it.
pub struct Arena {
    /// The host.
    pub host: Host,
    /// What stands around its runs.
    pub world: Arc<voyager_agent::World>,
    told: Arc<Told>,
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// The folders of one attack: `repo`, of which some is granted, and `outside`, of which nothing is.
pub struct Ground {
    folder: tempfile::TempDir,
}

/// One component, and how a run calls it.
pub struct Call {
    /// Makes it.
    pub component: Box<dyn Fn() -> Vec<u8> + Send + Sync>,
    /// `limits` of the manifest, without braces.
    pub limits: String,
    /// `grants` of the manifest, without braces.
    pub grants: String,
    /// `with` of the step, without braces.
    pub with: String,
    /// More keys of the step, as `for-each`.
    pub more: String,
    /// Prepares the folders.
    pub prepare: fn(&Ground),
}

/// A real memory in a folder.
fn remembering(folder: &Path, host: &Host) -> Service {
    let disk = Arc::new(FileDisk::open(folder).expect("the folder is new"));
    let memory = Memory::open(disk, Options::default(), Arc::new(Seeded::new(1)));
    let memory = Arc::new(memory.expect("nothing is there yet"));
    Service::new(Arc::new(move || Ok(Arc::clone(&memory))), thread_each(), Arc::clone(&host.clock))
}

impl Arena {
    /// An arena of the program `program`, which knows [`COMPILE`] and [`LAUNCH`].
    ///
    /// # Panics
    /// Where the machine can't run WebAssembly, or has no room.
    pub fn new(program: &Path) -> Self {
        Self::with_room(program, 1_000)
    }

    /// The same with room for so many instances.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn with_room(program: &Path, instances: u32) -> Self {
        let host = Host::with(compiler(program, CompileBounds::default()), instances);
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let disk = FileDisk::open(folder.path().join("journal")).expect("the folder is new");
        let store = store_on(Arc::new(disk));
        let threads = NonZeroUsize::new(2).expect("two are some");
        let workspace = Workspace::new(Arc::clone(&store) as _, thread_each(), threads);
        let launcher = Launcher { program: program.to_owned(), arguments: vec![LAUNCH.to_owned()] };
        let process = Process::new(ProcessOptions::new(
            launcher,
            Toolchain::system(),
            folder.path().join("programs"),
            Arc::new(workspace.clone()),
            Arc::clone(&host.clock),
        ));
        fs::create_dir(folder.path().join("programs")).expect("the folder is new");
        let services = Services {
            workspace: Arc::new(workspace),
            process: Arc::new(process),
            http: Arc::new(server::egress()),
            memory: Arc::new(remembering(&folder.path().join("memory"), &host)),
            ..Services::clone(&World::default().services())
        };
        let told = Arc::<Told>::default();
        let world = world_on(&host, store, 2, &services, Arc::clone(&told) as _);
        Self { host, world: Arc::new(world), told, program: program.to_owned(), folder }
    }

    /// The program that is the compiler's process and the launcher.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Plays a call, and says how it ended.
    ///
    /// # Panics
    /// Where something happened that no attack may reach: a file outside the grant changed, the journal
    /// does not tell what happened, a line of the log holds what a terminal obeys.
    pub async fn call(&self, call: &Call) -> String {
        let ground = Ground::new();
        (call.prepare)(&ground);
        let ended = self.call_in(call, &ground).await;
        ground.check();
        ended
    }

    /// Plays a call in folders that are ready.
    ///
    /// # Panics
    /// Where the journal does not tell what happened, or a line of the log holds what a terminal obeys.
    pub async fn call_in(&self, call: &Call, ground: &Ground) -> String {
        let skill = match self.host.sandbox.load(&(call.component)()) {
            Ok(skill) => skill,
            Err(error) => return refused(&error),
        };
        let ended = self.run(&skill, call, ground).await;
        self.host.sandbox.unload(skill.component);
        assert_eq!(self.lines().wild, None, "a line that nobody should see");
        ended
    }

    /// Plays a whole manifest, whose input `repo` is a folder of `ground`.
    ///
    /// # Panics
    /// As [`Self::call_in`], and where a component is no skill.
    pub async fn play(&self, components: &[Vec<u8>], text: &str, ground: &Ground) -> String {
        let load = |it: &Vec<u8>| self.host.sandbox.load(it).expect("it is a skill");
        let catalog = Catalog::new(components.iter().map(|it| Skill::clone(&load(it))).collect());
        let live = self.begin(plan(&catalog, text), ground).await;
        let run = live.id;
        let outcome = live.outcome.await.expect("it can be recorded");
        self.is_told_by_the_record(run, &outcome).await;
        ended(outcome)
    }

    /// Loads a component, and says what came of it.
    pub fn load(&self, component: &[u8]) -> String {
        match self.host.sandbox.load(component) {
            Ok(skill) => {
                self.host.sandbox.unload(skill.component);
                "loaded".to_owned()
            }
            Err(error) => refused(&error),
        }
    }

    async fn run(&self, skill: &Arc<Skill>, call: &Call, ground: &Ground) -> String {
        let live = self.start(skill, call, ground).await;
        let run = live.id;
        let outcome = live.outcome.await.expect("it can be recorded");
        self.is_told_by_the_record(run, &outcome).await;
        ended(outcome)
    }

    /// Begins a run of a call.
    ///
    /// # Panics
    /// Where it can't begin.
    pub async fn start(&self, skill: &Arc<Skill>, call: &Call, ground: &Ground) -> Live {
        self.begin(manifest(skill, call), ground).await
    }

    async fn begin(&self, plan: Plan, ground: &Ground) -> Live {
        *self.told.lines() = Lines::default();
        let request = Request {
            inputs: BTreeMap::from([("repo".to_owned(), Value::String(ground.path("repo")))]),
            secrets: token(&plan),
            plan: plan.into(),
            folders: Folders::from([("repo".to_owned(), ground.path("repo"))]),
            policy: GrantLayer { source: "the host".to_owned(), ..GrantLayer::default() },
            limits: Limits::ceiling(),
        };
        voyager_agent::start(&self.world, request).await.expect("it begins")
    }

    /// The journal tells how a run ended, its chain is whole, and its guests do the same again.
    async fn is_told_by_the_record(&self, run: RunId, outcome: &Outcome) {
        let world = &self.world;
        let view = voyager_agent::inspect(&*world.journal, &*world.content, run)
            .expect("the journal can be read");
        assert!(!view.tasks.is_empty(), "the trace names the task");
        let replayed = replay(&*world.journal, &*world.content, run).expect("the chain is whole");
        assert_eq!(replayed.outcome.as_ref(), Some(outcome), "the record tells the same end");
        let verified = replay_verify(world, run).await.expect("the guests run again");
        assert_eq!(verified.difference.map(|it| it.to_string()), None);
    }

    /// What guests told in the last run.
    pub fn lines(&self) -> Lines {
        self.told.lines().clone()
    }

    /// The host still does its work: an operation without harm gives what it should, nobody computes,
    /// and no program's folder was left.
    ///
    /// # Errors
    /// What it does not do.
    pub async fn serves(&self) -> Result<(), String> {
        let call = Call { component: Box::new(harmless), ..Call::default() };
        let ended = self.call(&call).await;
        if ended != "gives 7" {
            return Err(format!("a good call afterwards: {ended}"));
        }
        if self.world.schedule.load().computing > 0 {
            return Err("somebody holds a slot for ever".to_owned());
        }
        let left = fs::read_dir(self.folder.path().join("programs")).into_iter().flatten().count();
        if left > 0 { Err(format!("{left} folders of programs were left")) } else { Ok(()) }
    }
}

impl Default for Call {
    fn default() -> Self {
        let text = String::new;
        let component = Box::new(harmless);
        let (limits, grants, with, more) = (text(), text(), text(), text());
        Self { component, limits, grants, with, more, prepare: |_| {} }
    }
}

/// An operation without harm.
pub(crate) fn harmless() -> Vec<u8> {
    component(
        "f: func() -> u32;",
        "",
        r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const 7)"#,
    )
}

/// The compiler's process of `program`.
pub(crate) fn compiler(program: &Path, bounds: CompileBounds) -> CompilerCommand {
    let (program, arguments) = (program.to_owned(), vec![COMPILE.into()]);
    CompilerCommand::Child { program, arguments, bounds }
}

/// The plan of a run that is one call.
pub(crate) fn manifest(skill: &Arc<Skill>, call: &Call) -> Plan {
    let Call { limits, grants, with, more, .. } = call;
    let is_called = |it: &&Arc<Operation>| ["f", "run"].contains(&it.name.function.as_str());
    let called = skill.operations.iter().find(is_called).expect("it has what is called");
    let (gives, name) = (called.success().is_some(), skill.short_name());
    let function = &called.name.function;
    let outputs = if gives { "outputs: { answer: { from: steps.attack } }\n" } else { "" };
    let text = format!(
        "inputs: {{ repo: {{ type: path }} }}\nlimits: {{ {limits} }}\ngrants: {{ {grants} }}\n\
         steps:\n  - id: attack\n    use: {name}/{function}\n    with: {{ {with} }}\n{more}\n{outputs}"
    );
    plan(&Catalog::new(vec![Skill::clone(skill)]), &text)
}

/// What a run is given where its manifest has a secret.
fn token(plan: &Plan) -> GivenSecrets {
    let value = Secret::new(TOKEN).expect("it can be kept");
    let kept = KeptSecret { source: "test".to_owned(), digest: value.digest(&[7; 32]) };
    let given = GivenSecret { value, kept };
    plan.secrets.iter().map(|it| (it.name.clone(), given.clone())).collect()
}

/// How a run ended, in a line.
pub(crate) fn ended(outcome: Outcome) -> String {
    match outcome {
        Ok(outputs) => match outputs.into_iter().next() {
            Some((_, Value::Tuple(none))) if none.is_empty() => "goes on".to_owned(),
            Some((_, Value::Bytes(bytes))) if bytes.len() > 1_000 => {
                format!("gives {} bytes", bytes.len())
            }
            Some((_, Value::Bytes(bytes))) => {
                format!("gives {:?}", String::from_utf8_lossy(&bytes))
            }
            Some((_, answer)) => {
                let text = answer.to_json().to_string();
                format!("gives {}", text.chars().take(300).collect::<String>())
            }
            None => "goes on".to_owned(),
        },
        Err(Failure { error, .. }) => failed(&error),
    }
}

/// Why something failed, in a line.
pub(crate) fn failed(error: &Error) -> String {
    let kind = error.kind.name();
    match (&error.bound, error.kind) {
        (Some(bound), ErrorKind::Limit | ErrorKind::Timeout) => format!("{kind} {bound}"),
        (_, ErrorKind::Trapped) => {
            let reason = error.message.trim_start_matches("the skill broke: ");
            let reason = reason.trim_start_matches("wasm trap: ");
            format!("{kind}: {}", reason.split(" (in ").next().unwrap_or(reason))
        }
        _ => kind.to_owned(),
    }
}

/// Why a component was refused, in a line.
pub(crate) fn refused(error: &LoadError) -> String {
    let text = error.to_string();
    format!("refused: {}", text.lines().next().unwrap_or(&text))
}

impl Default for Ground {
    fn default() -> Self {
        Self::new()
    }
}

impl Ground {
    /// Folders with a file each.
    ///
    /// # Panics
    /// Where there is no room for them.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let ground = Self { folder };
        for (path, text) in [
            ("repo/src/lib.rs", "fn main() {}\n"),
            ("repo/secret.txt", SECRET),
            ("outside/secret.txt", SECRET),
        ] {
            let path = ground.at(path);
            fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("it is new");
            fs::write(path, text).expect("it is new");
        }
        ground
    }

    /// A path below the folders of the attack.
    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The same as a text.
    pub fn path(&self, path: &str) -> String {
        self.at(path).to_str().expect("temporary folders have plain names").to_owned()
    }

    /// Looks whether anything changed that was not granted.
    ///
    /// # Panics
    /// Where it did.
    pub fn check(&self) {
        for path in ["repo/secret.txt", "outside/secret.txt"] {
            let now = fs::read_to_string(self.at(path)).unwrap_or_else(|error| error.to_string());
            assert_eq!(now, SECRET, "{path} was changed");
        }
        let beside = fs::read_dir(self.at("outside")).expect("it is there").count();
        assert_eq!(beside, 1, "something came to lie outside");
    }
}

/// What guests told: a few lines and numbers.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The first.
    pub first: String,
    /// How many.
    pub count: u64,
    /// Bytes of the longest.
    pub longest: usize,
    /// Notes of progress.
    pub progress: u64,
    /// Why a child task found no instance, where one did not.
    pub full: Option<String>,
    /// The first that a terminal would obey, or that is too long.
    pub wild: Option<String>,
}

#[derive(Default)]
struct Told(Mutex<Lines>);

impl Told {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Told {
    fn notice(&self, _run: RunId, _at: Timestamp, notice: Notice<'_>) {
        if let Notice::ChildDone { error: Some(error), .. } = notice {
            let bound = error.bound.as_deref().unwrap_or_default();
            if error.kind == ErrorKind::Unavailable || bound.starts_with("run-instances") {
                self.lines().full.get_or_insert_with(|| failed(error));
            }
        }
        let Notice::Report { report, .. } = notice else { return };
        let mut lines = self.lines();
        let (level, text, bytes_max) = match report {
            Report::Progress { note, .. } => ("info", note, NOTE_BYTES_MAX),
            Report::Log { level, message } => (level.as_str(), message, LINE_BYTES_MAX),
        };
        let is_known = ["error", "warn", "info", "debug"].contains(&level);
        if !is_known || text.len() > bytes_max || text.chars().any(char::is_control) {
            lines.wild.get_or_insert_with(|| format!("{level}: {text:?}"));
        }
        if matches!(report, Report::Progress { .. }) {
            lines.progress += 1;
            return;
        }
        if lines.count == 0 {
            lines.first = format!("{level}: {text}").chars().take(200).collect();
        }
        lines.count += 1;
        lines.longest = lines.longest.max(text.len());
    }
}
