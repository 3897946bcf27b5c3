//! The pieces, built and joined: journal, sandbox, services, and the loop that drives runs.

mod artifacts;
mod asking;
mod attend;
mod board;
mod compact;
mod cores;
mod cycles;
mod encoding;
mod explain;
mod fork;
mod inputs;
mod memory;
mod past;
mod prune;
mod recorded;
mod secrets;
mod shelf;
mod start;
mod tell;
mod undo;
mod watch;

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroUsize},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::sync::{Notify, RwLock, mpsc};
use voyager_agent::{Handle, Rules, Schedule, World};
use voyager_base::{
    RunId,
    call::{Blocking, Cancellation},
    clock::Clock,
    record::Content,
    workspace::WorkspaceService,
};
use voyager_disk::FileDisk;
use voyager_egress::{Egress, EgressOptions};
use voyager_journal::{OpenError, Options, ResultStore, Store};
use voyager_manifest::plan::Resources;
use voyager_process::{Launcher, Process, ProcessOptions, Toolchain};
use voyager_sandbox::{CompileBounds, CompilerCommand, EngineShape, Sandbox, SandboxOptions};
use voyager_workspace::Workspace;

pub(crate) use self::{
    asking::Ask,
    attend::Attended,
    explain::Explained,
    inputs::{folders, read as read_inputs},
    recorded::Recorded,
    shelf::Shelf,
    start::{run_error, status},
};
use self::{
    attend::Attendance, cycles::Cycles, encoding::Encoding, memory::LazyMemory, shelf::Loading,
    watch::Watchers,
};
use crate::{
    answer::ResultsAnswer,
    catalog::{Catalog, Gate, LiveCatalog},
    cli::Context,
    encoding::{Encoder, Setting},
    failure::{Failure, FailureKind},
    places::Places,
    policy::Today,
    protocol::{Request, Update},
    system::{SystemChance, SystemClock, SystemSpawn},
};

/// What kept results may take on the disk; then the oldest go.
const RESULTS_BYTES_MAX: u64 = 256 << 20;

/// Where updates of a request go.
pub(crate) type Updates = mpsc::Sender<Update>;

/// The pieces, joined.
pub(crate) struct Host {
    world: Arc<World>,
    catalog: Arc<LiveCatalog>,
    shelf: Arc<Shelf>,
    watchers: Arc<Watchers>,
    places: Places,
    /// The records and the content, beside what the world sees of them.
    store: Arc<Store>,
    /// Results that outlive their runs.
    results: Arc<ResultStore>,
    /// What is remembered.
    memory: Arc<LazyMemory>,
    /// What makes the vectors of that.
    encoding: Arc<Encoding>,
    /// What lets cycles of its decay pass.
    cycles: Arc<Cycles>,
    /// Held alone while runs are forgotten: whatever else is asked may be about to name content.
    pruning: RwLock<()>,
    /// Held while records are packed, or runs forgotten.
    packing: tokio::sync::Mutex<()>,
    active: Mutex<BTreeMap<RunId, Handle>>,
    attendance: Attendance,
    others: Mutex<Others>,
    changed: Notify,
}

/// What this process does for others.
#[derive(Default)]
struct Others {
    /// Requests whose answers are not all written.
    served: usize,
    /// It is about to end, and takes no more of them.
    closed: bool,
}

/// How often the host looks at the skills folders. A skill is compiled when two looks found it the same.
const LOOK: Duration = Duration::from_millis(250);

/// What ends sooner is not worth a word.
const A_WHILE: Duration = Duration::from_secs(1);

/// A request of another process that is being answered: the host does not end before it.
pub(crate) struct Served(Arc<Host>);

impl Drop for Served {
    fn drop(&mut self) {
        self.0.others().served -= 1;
        self.0.changed.notify_waiters();
    }
}

/// Whether this process has the state.
pub(crate) enum Opened {
    /// It has.
    Here(Arc<Host>),
    /// Another one has it.
    Elsewhere,
}

impl Host {
    /// Opens the state and builds the pieces around it.
    pub(crate) fn open(
        context: &Context,
        runtime: tokio::runtime::Handle,
    ) -> Result<Opened, Failure> {
        let places = &context.places;
        let current = std::env::current_dir().unwrap_or_default();
        let encoder = Setting::find(&context.encoder, places, &current)?;
        private_folder(&places.state)?;
        let store = match open_store(&places.state.join("journal")) {
            Ok(store) => Arc::new(store),
            Err(OpenError::Busy { .. }) => return Ok(Opened::Elsewhere),
            Err(error) => return Err(Failure::environment("cannot use the state", &error)),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let sandbox = sandbox_with(context, Arc::clone(&clock))?;
        let catalog = Arc::new(live_catalog(context, &sandbox));
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let blocking: Blocking = {
            let runtime = runtime.clone();
            Arc::new(move |work| {
                // Whoever waits for the work has a channel to it.
                drop(runtime.spawn_blocking(work));
            })
        };
        let workspace = Workspace::new(store.clone(), Arc::clone(&blocking), cores);
        let watchers = Arc::new(Watchers::default());
        let shelf = Arc::new(Shelf::new(Arc::clone(&catalog), sandbox, store.clone()));
        let schedule = Schedule::new(rules(context, cores), Arc::clone(&clock));
        // Whoever finds the journal free has the state: all of it must be free then.
        let results = FileDisk::open(places.state.join("results"))
            .map_err(|error| Failure::environment("cannot use the state", &error))?
            .within(store.clone());
        let results = Arc::new(ResultStore::new(Arc::new(results), RESULTS_BYTES_MAX));
        let encoder =
            Arc::new(Encoder::new(encoder, Arc::clone(&clock), places.state.join("words")));
        let memory = Arc::new(LazyMemory::new(
            &places.state,
            store.clone(),
            Arc::clone(&encoder),
            context.memory_key.clone(),
        ));
        let encoding = Encoding::new(Arc::clone(&memory), encoder, Arc::clone(&clock));
        let encoding = Arc::new(encoding);
        let cycles = Arc::new(Cycles::new(Arc::clone(&memory), Arc::clone(&clock)));
        let skills_memory = {
            let memory = Arc::clone(&memory);
            voyager_memory::Service::new(
                Arc::new(move || memory.open()),
                Arc::clone(&blocking),
                Arc::clone(&clock),
            )
            .with_encoder(encoding.clone())
        };
        let world = World {
            journal: store.clone(),
            content: Arc::clone(&store) as Arc<dyn Content>,
            results: results.clone(),
            skills: Arc::new(Loading(Arc::clone(&shelf))),
            workspace: Arc::new(workspace.clone()) as Arc<dyn WorkspaceService>,
            process: Arc::new(programs(context, &workspace, &clock, &watchers)?),
            http: Arc::new(Egress::new(EgressOptions::default())),
            memory: Arc::new(skills_memory),
            chance: Arc::new(SystemChance),
            spawn: Arc::new(SystemSpawn(runtime)),
            policy: Arc::new(Today::new(places.clone(), Arc::clone(&clock))),
            clock,
            observer: watchers.clone(),
            schedule,
        };
        Ok(Opened::Here(Arc::new(Self {
            world: Arc::new(world),
            catalog,
            shelf,
            watchers,
            places: places.clone(),
            store,
            results,
            memory,
            encoding,
            cycles,
            pruning: RwLock::default(),
            packing: tokio::sync::Mutex::default(),
            active: Mutex::default(),
            attendance: Attendance::default(),
            others: Mutex::default(),
            changed: Notify::new(),
        })))
    }

    /// Answers one request; the last update is the answer.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request,
        cancellation: &Cancellation,
        updates: &Updates,
    ) {
        let outcome = match request {
            Request::Prune { older_than, dry_run } => {
                self.prune(older_than, dry_run).await.map(to_json)
            }
            Request::Compact => self.compact(cancellation, updates).await.map(to_json),
            // It names no content of the journal.
            Request::Memory { what, key } => {
                self.ask_memory(what, key, cancellation, updates).await
            }
            request => {
                let _shared = self.pruning.read().await;
                self.answered(request, cancellation, updates).await
            }
        };
        let last = match outcome {
            Ok(answer) => Update::Done { answer },
            Err(error) => Update::Failed { error },
        };
        // Whoever asked may have left.
        let _ = updates.send(last).await;
    }

    async fn answered(
        &self,
        request: Request,
        cancellation: &Cancellation,
        updates: &Updates,
    ) -> Result<serde_json::Value, Failure> {
        match request {
            // They are answered alone, or beside the journal.
            Request::Prune { .. } | Request::Compact | Request::Memory { .. } => {
                Err(Failure::new(FailureKind::Bug, "a request for no run among those for runs"))
            }
            Request::Run(run) => self.run(run, cancellation, updates).await.map(to_json),
            Request::Resume { run, out, wait, secrets } => {
                let run = self.resume(run.as_deref(), out, wait, secrets, cancellation, updates);
                run.await.map(to_json)
            }
            Request::Fork(fork) => self.fork(fork, cancellation, updates).await.map(to_json),
            Request::Tell { run, word, by } => self.say(&run, word, by).await.map(to_json),
            Request::Cancel { run } => self.cancel(&run).await.map(to_json),
            Request::Replay { run, verify } => self.replay(&run, verify).await.map(to_json),
            Request::Undo { run, dry_run } => {
                self.undo(&run, dry_run, cancellation, updates).await.map(to_json)
            }
            Request::Results { clear } => Ok(to_json(self.results(clear))),
            Request::Top => self.top().map(to_json),
            Request::Runs => self.runs().map(to_json),
            Request::Show { run } => self.show(run.as_deref()).map(to_json),
            Request::FromRun { run } => self.recorded(run.as_deref()).map(to_json),
            Request::Grants { run } => self.explain(run.as_deref()).map(to_json),
            Request::Export { run } => self.export(&run).map(to_json),
        }
    }

    /// Takes a request of another process; none where this one is about to end.
    pub(crate) fn serve(self: &Arc<Self>) -> Option<Served> {
        let mut others = self.others();
        if others.closed {
            return None;
        }
        others.served += 1;
        Some(Served(Arc::clone(self)))
    }

    /// Takes no more of them.
    pub(crate) fn close(&self) {
        self.others().closed = true;
    }

    /// The same where nothing goes on; says whether that is so.
    pub(crate) fn close_idle(&self) -> bool {
        let mut others = self.others();
        others.closed |= others.served == 0 && self.active().is_empty();
        others.closed
    }

    /// Waits until no run is going on, and nobody waits for an answer; says `waiting` once where that takes a while.
    pub(crate) async fn idle(&self, waiting: impl Fn(String)) {
        let mut said = false;
        let mut a_while = pin!(tokio::time::sleep(A_WHILE));
        loop {
            let changed = self.changed.notified();
            let (runs, served) = (self.going_on(), self.others().served);
            if runs == 0 && served == 0 {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = &mut a_while, if !said => {
                    said = true;
                    waiting(match runs {
                        0 => format!("{served} request(s)"),
                        _ => format!("{runs} run(s)"),
                    });
                }
            }
        }
    }

    /// How many runs go on.
    pub(crate) fn going_on(&self) -> usize {
        self.active().len()
    }

    /// Answers `cache`.
    fn results(&self, clear: bool) -> ResultsAnswer {
        let taken = if clear { self.results.clear() } else { self.results.taken() };
        ResultsAnswer { cleared: clear, results: taken.results, bytes: taken.bytes }
    }

    /// Has skills ready before somebody runs them, and says what becomes of the skills folders.
    pub(crate) async fn watch_skills(self: Arc<Self>, tell: impl Fn(&Update)) {
        loop {
            let clock = &self.world.clock;
            clock.wait_until(clock.now().after(LOOK)).await;
            let catalog = Arc::clone(&self.catalog);
            let Ok(changes) = tokio::task::spawn_blocking(move || catalog.look()).await else {
                return;
            };
            if !changes.is_empty() {
                self.shelf.tidy();
            }
            changes.into_iter().for_each(|it| tell(&Update::Event(it)));
        }
    }

    fn active(&self) -> MutexGuard<'_, BTreeMap<RunId, Handle>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run whose id begins with `text`; the newest where nothing is named.
    fn named(&self, text: Option<&str>) -> Result<RunId, Failure> {
        let runs = self.all_runs()?;
        let Some(text) = text else {
            return runs.last().copied().ok_or_else(|| {
                Failure::usage("there are no runs yet").hint("`agent-host run MANIFEST` starts one")
            });
        };
        let mut found = runs.iter().filter(|run| run.to_string().starts_with(text));
        match (found.next(), found.next()) {
            (Some(run), None) => Ok(*run),
            (Some(_), Some(_)) => Err(Failure::usage(format!("several runs begin with `{text}`"))),
            (None, _) => Err(Failure::usage(format!("there is no run `{text}`"))
                .hint("`agent-host runs` lists them")),
        }
    }

    fn all_runs(&self) -> Result<Vec<RunId>, Failure> {
        self.world
            .journal
            .runs()
            .map_err(|error| Failure::environment("cannot list the runs", &error))
    }
}

/// The skills that there are, without opening the state.
pub(crate) fn catalog(context: &Context) -> Result<Catalog, Failure> {
    private_folder(&context.places.state)?;
    let sandbox = sandbox(context)?;
    Ok(catalog_of(context, &sandbox))
}

/// The skills that there are, described by a sandbox that is used further.
pub(crate) fn catalog_of(context: &Context, sandbox: &Sandbox) -> Catalog {
    let gate = Gate::of(&context.places);
    Catalog::read(&context.places.skills, sandbox, &skills_seen(context), &gate)
}

/// Those that are known, for as long as the process lives.
pub(crate) fn live_catalog(context: &Context, sandbox: &Sandbox) -> LiveCatalog {
    let (places, gate) = (&context.places, Gate::of(&context.places));
    LiveCatalog::new(places.skills.clone(), skills_seen(context), sandbox.clone(), gate)
}

/// The file that keeps what the files of the skills folders are.
fn skills_seen(context: &Context) -> PathBuf {
    context.places.state.join("skills-seen")
}

/// The sandbox alone.
pub(crate) fn sandbox(context: &Context) -> Result<Sandbox, Failure> {
    private_folder(&context.places.state)?;
    sandbox_with(context, Arc::new(SystemClock::new()))
}

fn sandbox_with(context: &Context, clock: Arc<dyn Clock>) -> Result<Sandbox, Failure> {
    let compiler = CompilerCommand::Child {
        program: context.program.clone(),
        arguments: vec![crate::COMPILE.into()],
        bounds: CompileBounds::default(),
    };
    let options = SandboxOptions {
        cache_folder: context.places.compiled.clone(),
        compiler,
        shape: EngineShape::default(),
        clock,
        chance: Arc::new(SystemChance),
        profiler: context.profiler.clone(),
    };
    Sandbox::new(options).map_err(|error| Failure::environment("cannot make a sandbox", &error))
}

/// What tasks may use of the machine: all of its cores, and as much memory as a program may have.
fn rules(context: &Context, cores: NonZeroUsize) -> Rules {
    let cores = u32::try_from(cores.get()).unwrap_or(u32::MAX);
    let cpu = context.capacity.cpus.map_or(cores, NonZeroU32::get);
    let memory = context.capacity.memory.unwrap_or_else(voyager_process::usable_memory_bytes);
    Rules::new(cpu).with_capacity(Resources { memory, cpu })
}

fn open_store(folder: &Path) -> Result<Store, OpenError> {
    Store::open(Arc::new(FileDisk::open(folder)?), Options::default())
}

fn programs(
    context: &Context,
    workspace: &Workspace,
    clock: &Arc<dyn Clock>,
    watchers: &Arc<Watchers>,
) -> Result<Process, Failure> {
    let home = context.environment.home.as_deref();
    let launcher =
        Launcher { program: context.program.clone(), arguments: vec![crate::LAUNCH.to_owned()] };
    let folder = context.places.state.join("programs");
    private_folder(&folder)?;
    let options = ProcessOptions {
        output: watchers.program_output(),
        ..ProcessOptions::new(
            launcher,
            home.map_or_else(Toolchain::system, Toolchain::found),
            folder,
            Arc::new(workspace.clone()),
            Arc::clone(clock),
        )
    };
    let process = Process::new(options);
    // What a host that died left there is in nobody's way.
    if let Err(error) = process.sweep() {
        crate::printing::note(format!("note: leftovers of programs stay: {error}"));
    }
    Ok(process)
}

/// Makes a folder that only its owner can enter.
pub(crate) fn private_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Failure::environment(format!("cannot create {}", folder.display()), &error)
            .hint("name another place with --state DIR")
    })
}

fn to_json(answer: impl Serialize) -> serde_json::Value {
    serde_json::to_value(answer).expect("answers are plain data")
}

/// What the journal's errors mean to a command.
fn journal_failure(error: &dyn std::error::Error) -> Failure {
    Failure::environment("cannot use the journal", error)
}

/// What a plan reserves that this host does not have.
fn beyond(problems: &[String]) -> Failure {
    Failure::new(FailureKind::Environment, problems.join("; "))
        .hint("reserve less in the manifest, or lend the host more with `--memory` and `--cpus`")
}

/// An error of the agent: a wrong input is the user's, the rest the machine's.
fn start_failure(error: voyager_agent::StartError) -> Failure {
    match error {
        voyager_agent::StartError::Inputs(problems) => Failure::usage(problems.join("; ")),
        voyager_agent::StartError::Capacity(problems) => beyond(&problems),
        voyager_agent::StartError::Semantics { .. } => {
            Failure::new(FailureKind::Environment, error.to_string())
                .hint("use the release of agent-host that began the run")
        }
        other => journal_failure(&other),
    }
}
