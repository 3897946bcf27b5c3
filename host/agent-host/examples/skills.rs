//! What the shipped skills cost in the real sandbox, with the real workspace behind them.
//!
//! `cargo run --release -p agent-host --example skills -- SKILLS FOLDER`, or `cargo xtask bench skills
//! FOLDER`, which builds the components before and runs the same code natively behind it.
//!
//! Processor time is that of the whole process: reading files happens on another thread. Nothing is
//! journaled. `coder` measures each file in an instance of its own, then all of them in the parts that
//! its survey gives to child tasks; `security` looks for secrets in the shares of an audit.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, and reads the clock"
)]

use std::{
    collections::BTreeMap,
    error::Error as StdError,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use voyager_base::{
    BoxFuture, Digest, Error, Limits, RunId, TaskId, Value,
    call::{
        Admission, Blocking, CallContext, Invocation, Ledger, Lineage, Outcome, Question,
        Remaining, Report, Services, Skills as _, Stop,
    },
    chance::Seeded,
    clock::{Clock, Timestamp},
    grant::{FolderGrant, Globs, GrantLayer, Grants},
    operation::{Operation, Skill},
    process::{Finished, ProcessService, RunProgram},
    record::{AppendError, Content, ReadError},
    sim::asking,
    tasks::{ChildOutcome, MapTasks, TasksService},
};
use voyager_sandbox::{CompilerCommand, EngineShape, Sandbox, SandboxOptions};
use voyager_workspace::Workspace;

type Result<T> = std::result::Result<T, Box<dyn StdError>>;

/// Files that `coder` measures.
const SOURCES: [&str; 4] = ["py", "js", "ts", "rs"];
/// The parts that `coder` gives to its children (`skills/coder/src/spread.rs`).
const PART: Part = Part { bytes: 512 << 10, files: 256 };
/// The shares of an audit (`skills/security/src/audit.rs`).
const SHARE: Part = Part { bytes: 4 << 20, files: 250 };
/// Each figure is that of the round that took the least; the first warms caches.
const ROUNDS: usize = 4;
/// Slowest files that are shown.
const SHOWN: usize = 8;

struct Part {
    bytes: u64,
    files: usize,
}

/// A file of the folder, and its size.
type Sized = (String, u64);

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(skills), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("type the folder of the skills and the folder to look at".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let host = Host::new(&runtime, &folder.canonicalize()?)?;
    let mut files = Vec::new();
    find(&folder, &folder, &mut files)?;
    files.sort();
    runtime.block_on(async {
        coder(&host, &skills, &files).await?;
        secrets(&host, &skills, &files).await
    })
}

async fn coder(host: &Host, skills: &Path, files: &[Sized]) -> Result<()> {
    let coder = host.load(&skills.join("coder.wasm"))?;
    let sources: Vec<Sized> = files.iter().filter(|(path, _)| is_source(path)).cloned().collect();
    println!("coder: {} files, {:.1} MB", sources.len(), megabytes(&sources));

    let mut empty = Vec::new();
    for _ in 0..200 {
        let paths = Value::List(Vec::new());
        empty.push(host.timed(&coder, "metrics.measure", vec![paths]).await?.1.cpu);
    }
    empty.sort_unstable();
    println!("  an instance that measures nothing    {:>9.3} ms of processor", ms(empty[100]));

    let mut best: Option<Vec<(Cost, &Sized)>> = None;
    for _ in 0..ROUNDS {
        let mut costs = Vec::with_capacity(sources.len());
        for file in &sources {
            let (value, cost) =
                host.timed(&coder, "metrics.measure", vec![paths([&file.0])]).await?;
            expect_measured(&value, &file.0)?;
            costs.push((cost, file));
        }
        if best.as_ref().is_none_or(|best| cpu(best) > cpu(&costs)) {
            best = Some(costs);
        }
    }
    let costs = best.unwrap_or_default();
    println!(
        "  each file in an instance of its own: {:>9.3} s of processor",
        cpu(&costs).as_secs_f64()
    );
    shares("processor time", costs.iter().map(|(cost, _)| cost.cpu).collect());
    shares("wall time", costs.iter().map(|(cost, _)| cost.wall).collect());
    let mut slowest = costs;
    slowest.sort_by_key(|(cost, _)| std::cmp::Reverse(cost.cpu));
    for (cost, (path, size)) in slowest.iter().take(SHOWN) {
        println!("    {:>8.2} ms {:>8} bytes  {path}", ms(cost.cpu), size);
    }

    let mut best: Option<Duration> = None;
    let parts = parts(&sources, &PART);
    for _ in 0..ROUNDS {
        let mut total = Duration::ZERO;
        for part in &parts {
            let arguments = vec![paths(part), Value::Int(20)];
            total += host.timed(&coder, "metrics.tally", arguments).await?.1.cpu;
        }
        best = Some(best.map_or(total, |best| best.min(total)));
    }
    let best = best.unwrap_or_default().as_secs_f64();
    println!("  in the {} parts of a survey:          {best:>9.3} s of processor", parts.len());
    Ok(())
}

/// A file that could not be read would be measured fast; one that can't be parsed is counted as it is.
fn expect_measured(value: &Value, path: &str) -> Result<()> {
    let Value::List(files) = value else { return Err("no list of files".into()) };
    let problem = files.first().and_then(|file| file.field("problem"));
    if let Some(Value::Option(Some(problem))) = problem
        && problem.field("kind").and_then(Value::as_str) == Some("unreadable")
    {
        return Err(format!("{path} can't be read: {problem:?}").into());
    }
    Ok(())
}

async fn secrets(host: &Host, skills: &Path, files: &[Sized]) -> Result<()> {
    let security = host.load(&skills.join("security.wasm"))?;
    let parts = parts(files, &SHARE);
    let mut best: Option<(Duration, i128)> = None;
    for _ in 0..ROUNDS {
        let (mut total, mut bytes) = (Duration::ZERO, 0);
        for part in &parts {
            let (value, cost) = host.timed(&security, "secrets.scan", vec![paths(part)]).await?;
            total += cost.cpu;
            if let Some(Value::Int(scanned)) = value.field("bytes-scanned") {
                bytes += scanned;
            }
        }
        if best.is_none_or(|(best, _)| total < best) {
            best = Some((total, bytes));
        }
    }
    let (total, bytes) = best.unwrap_or_default();
    let rate = bytes as f64 / 1e6 / total.as_secs_f64();
    println!(
        "security, secrets: {} files, {:.1} MB scanned in {} shares: {:.3} s of processor, {rate:.0} MB/s",
        files.len(),
        bytes as f64 / 1e6,
        parts.len(),
        total.as_secs_f64()
    );
    Ok(())
}

fn shares(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 1_000).copied().unwrap_or_default();
    println!(
        "    {what:<15} median {:.2} ms, p99 {:.2} ms, most {:.2} ms",
        ms(at(500)),
        ms(at(990)),
        ms(times.last().copied().unwrap_or_default())
    );
}

fn cpu(costs: &[(Cost, &Sized)]) -> Duration {
    costs.iter().map(|(cost, _)| cost.cpu).sum()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn megabytes(files: &[Sized]) -> f64 {
    files.iter().map(|(_, size)| *size).sum::<u64>() as f64 / 1e6
}

fn paths<'a>(paths: impl IntoIterator<Item = &'a String>) -> Value {
    Value::List(paths.into_iter().map(|path| Value::String(path.clone())).collect())
}

fn parts(files: &[Sized], most: &Part) -> Vec<Vec<String>> {
    let mut parts = vec![Vec::new()];
    let mut bytes = 0;
    for (path, size) in files {
        let last = parts.last_mut().expect("there is one");
        if !last.is_empty() && (bytes + size > most.bytes || last.len() >= most.files) {
            parts.push(vec![path.clone()]);
            bytes = *size;
        } else {
            last.push(path.clone());
            bytes += size;
        }
    }
    parts
}

fn is_source(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| SOURCES.iter().any(|source| it == *source))
}

/// All files below a folder, symbolic links not followed.
fn find(root: &Path, folder: &Path, files: &mut Vec<Sized>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            find(root, &path, files)?;
        } else if kind.is_file()
            && let Some(name) = path.strip_prefix(root)?.to_str()
        {
            files.push((name.to_owned(), entry.metadata()?.len()));
        }
    }
    Ok(())
}

/// What a call took.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

/// The sandbox, with what surrounds it.
struct Host {
    sandbox: Sandbox,
    book: Arc<Book>,
    services: Arc<Services>,
    /// Keeps the cache of compiled skills.
    _cache: tempfile::TempDir,
}

impl Host {
    fn new(runtime: &tokio::runtime::Runtime, folder: &Path) -> Result<Self> {
        let cache = tempfile::tempdir()?;
        let sandbox = Sandbox::new(SandboxOptions {
            cache_folder: cache.path().join("compiled"),
            compiler: CompilerCommand::InProcess,
            shape: EngineShape::default(),
            clock: Arc::new(RealClock(Instant::now())),
            chance: Arc::new(Seeded::new(1)),
            profiler: None,
        })?;
        let handle = runtime.handle().clone();
        let blocking: Blocking = Arc::new(move |work| drop(handle.spawn_blocking(work)));
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let services = Services {
            workspace: Arc::new(Workspace::new(Arc::new(Nobody), blocking, cores)),
            process: Arc::new(Nobody),
            http: Arc::new(voyager_base::http::NoHttp),
            memory: Arc::new(voyager_base::memory::NoMemory),
            tasks: Arc::new(Nobody),
        };
        let book = Arc::new(Book(Arc::new(grants(folder)?)));
        Ok(Self { sandbox, book, services: Arc::new(services), _cache: cache })
    }

    fn load(&self, component: &Path) -> Result<Arc<Skill>> {
        let bytes = std::fs::read(component)
            .map_err(|error| format!("{}: {error}", component.display()))?;
        Ok(self.sandbox.load(&bytes)?)
    }

    /// Calls `interface.function` of a skill.
    async fn timed(
        &self,
        skill: &Skill,
        operation: &str,
        arguments: Vec<Value>,
    ) -> Result<(Value, Cost)> {
        let invocation = Invocation {
            component: skill.component,
            operation: named(skill, operation)?,
            arguments,
            limits: Limits { memory: 256 << 20, cpu: Duration::from_secs(60), ..Limits::default() },
            seed: Digest([0; 32]),
            fresh: false,
            ledger: Arc::clone(&self.book) as _,
            services: Arc::clone(&self.services),
        };
        let (cpu, wall) = (process_time(), Instant::now());
        let value = self.sandbox.call(invocation).await?;
        Ok((value, Cost { cpu: process_time() - cpu, wall: wall.elapsed() }))
    }
}

fn named(skill: &Skill, operation: &str) -> Result<Arc<Operation>> {
    let is_it =
        |it: &&Arc<Operation>| format!("{}.{}", it.name.interface, it.name.function) == operation;
    Ok(skill
        .operations
        .iter()
        .find(is_it)
        .ok_or_else(|| format!("{operation} is missing"))?
        .clone())
}

fn process_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn grants(folder: &Path) -> Result<Grants> {
    let path = folder.to_str().ok_or("the folder has no readable name")?;
    let files = FolderGrant {
        root: "repo".to_owned(),
        read: Globs::new(["**"])?,
        write: Globs::none(),
        write_bytes_max: None,
    };
    let layer = GrantLayer {
        source: "bench".to_owned(),
        workspace: Some(vec![files]),
        ..GrantLayer::default()
    };
    let folders = Arc::new(BTreeMap::from([("repo".to_owned(), path.to_owned())]));
    Ok(Grants { folders, layers: vec![Arc::new(layer)] })
}

struct RealClock(Instant);

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        Timestamp::default().after(self.0.elapsed())
    }

    fn wait_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(deadline.since(self.now())))
    }
}

/// A ledger that checks grants and records nothing.
struct Book(Arc<Grants>);

const RUN: RunId = RunId([1; 16]);

impl Book {
    fn decide(&self, question: &Question<'_>) -> Admission {
        if let Err(error) = self.0.check(&question.need) {
            return Admission::Denied(error);
        }
        Admission::Perform(asking(Arc::clone(&self.0)))
    }
}

impl Ledger for Book {
    fn admit<'a>(
        &'a self,
        question: Question<'a>,
    ) -> BoxFuture<'a, std::result::Result<Admission, Stop>> {
        Box::pin(std::future::ready(Ok(self.decide(&question))))
    }

    fn perform<'a>(
        &'a self,
        _: CallContext,
        effect: BoxFuture<'static, Outcome>,
    ) -> BoxFuture<'a, std::result::Result<Vec<u8>, Stop>> {
        Box::pin(async move { Ok(effect.await.reply) })
    }

    fn report(&self, _: Report) {}

    fn time(&self) -> Timestamp {
        Timestamp::default()
    }

    fn lineage(&self) -> Lineage {
        Lineage { run: RUN, task: TaskId::root(RUN), parents: Arc::new([]) }
    }

    fn remaining(&self) -> Remaining {
        Remaining { host_calls: 0, log_bytes: 0, children: 0, depth: 0 }
    }

    fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.0)
    }
}

/// What no skill here asks for: programs, children, contents of staged files.
struct Nobody;

fn no_one<T: Send + 'static>() -> BoxFuture<'static, std::result::Result<T, Error>> {
    Box::pin(std::future::ready(Err(Error::unavailable("nobody is there"))))
}

impl ProcessService for Nobody {
    fn run<'a>(
        &'a self,
        _: &'a CallContext,
        _: RunProgram,
    ) -> BoxFuture<'a, std::result::Result<Finished, Error>> {
        no_one()
    }
}

impl TasksService for Nobody {
    fn map<'a>(
        &'a self,
        _: &'a CallContext,
        _: MapTasks,
    ) -> BoxFuture<'a, std::result::Result<Vec<ChildOutcome>, Error>> {
        no_one()
    }
}

impl Content for Nobody {
    fn put(&self, bytes: &[u8]) -> std::result::Result<Digest, AppendError> {
        Ok(Digest::of(bytes))
    }

    fn get(&self, _: Digest) -> std::result::Result<Option<Vec<u8>>, ReadError> {
        Ok(None)
    }
}
