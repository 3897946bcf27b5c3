//! What the sandbox costs over wasmtime itself: the same component called through both, in one process.
//!
//! `cargo run --release -p voyager-sandbox --example calls`
//!
//! Processor time of this thread, medians. "Fresh" is store, instance, checked call with a small
//! record, drop; arguments are made before the clock starts. "Warm" is the call alone, in an instance
//! that lives: in the sandbox, one of a skill that exports `voyager:run/reusable`. wasmtime's pool has
//! the same settings on both sides.

#![allow(clippy::print_stdout, reason = "figures are the output")]

use std::{sync::Arc, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use voyager_base::{
    BoxFuture, Digest, Error, Limits, RunId, TaskId, Value,
    call::{
        Admission, CallContext, Folders, Invocation, Ledger, Lineage, Need, Outcome, Question,
        Remaining, Report, Services, Skills as _, StageId, Stop,
    },
    chance::Seeded,
    clock::{Clock, Timestamp},
    grant::{FolderGrant, Globs, GrantLayer, Grants},
    process::{Finished, ProcessService, RunProgram},
    tasks::{ChildOutcome, MapTasks, TasksService},
    workspace::{
        Change, Conflict, Entry, FileStat, Found, Inspect, List, Listed, Look, ReadFile,
        RemoveFile, RenameFile, Replace, Replaced, Search, ShowDiff, Standing, WorkspaceService,
        WriteFile,
    },
};
use voyager_sandbox::{CompilerCommand, EngineShape, Sandbox, SandboxOptions};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Linker, Val},
};

/// Gives back the record that it gets: an address and a length, and a number.
const ECHO: &str = include_str!("echo.wat");

/// The end of the component, where it stays fresh.
const FRESH: &str = ")";
/// The end of the component, where instances may be used again.
const REUSABLE: &str =
    r#"(instance $none) (export "voyager:run/reusable@0.1.0" (instance $none)))"#;

const ROUNDS: usize = 1_000;
/// Calls of a round: reading the clock costs as much as a call.
const CALLS: u32 = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let component = wat::parse_str([ECHO, FRESH].concat())?;
    let reusable = wat::parse_str([ECHO, REUSABLE].concat())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (direct_fresh, direct_warm) = runtime.block_on(direct(&component))?;
    let (sandbox_fresh, allocation) = runtime.block_on(sandboxed(&component))?;
    let (sandbox_warm, _) = runtime.block_on(sandboxed(&reusable))?;
    let check = grant_check();
    println!("allocation                     {allocation}");
    println!("fresh call, wasmtime directly  {:8.2} µs", micros(direct_fresh));
    println!("fresh call, sandbox            {:8.2} µs", micros(sandbox_fresh));
    println!("  ratio                        {:8.2}", sandbox_fresh / direct_fresh);
    println!("warm call, wasmtime directly   {:8.2} µs", micros(direct_warm));
    println!("warm call, sandbox             {:8.2} µs", micros(sandbox_warm));
    println!("  ratio                        {:8.2}", sandbox_warm / direct_warm);
    println!("grant check, allowed           {:8.3} µs", micros(check));
    Ok(())
}

async fn direct(component: &[u8]) -> wasmtime::Result<(f64, f64)> {
    let mut config = Config::new();
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(64 << 10)
        .table_keep_resident(4 << 10)
        .async_stack_keep_resident(16 << 10);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.epoch_interruption(true);
    let engine = Engine::new(&config)?;
    let component = Component::new(&engine, component)?;
    let pre = Linker::<()>::new(&engine).instantiate_pre(&component)?;
    let interface = component.get_export_index(None, "bench:echo/api@0.1.0");
    let index = component.get_export_index(interface.as_ref(), "f");
    let index = index.ok_or_else(|| wasmtime::Error::msg("`f` is exported"))?;
    let missing = || wasmtime::Error::msg("`f` is a function");
    let argument = || {
        let path = ("path".to_owned(), Val::String("src/lib.rs".to_owned()));
        [Val::Record(vec![path, ("line".to_owned(), Val::U32(7))])]
    };
    let mut fresh = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let arguments: Vec<_> = (0..CALLS).map(|_| argument()).collect();
        let before = thread_nanos();
        for argument in arguments {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1);
            let instance = pre.instantiate_async(&mut store).await?;
            let function = instance.get_func(&mut store, index).ok_or_else(missing)?;
            let mut results = [Val::Bool(false)];
            function.call_async(&mut store, &argument, &mut results).await?;
        }
        fresh.push(each(before));
    }
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(1);
    let instance = pre.instantiate_async(&mut store).await?;
    let function = instance.get_func(&mut store, index).ok_or_else(missing)?;
    let mut warm = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let arguments: Vec<_> = (0..CALLS).map(|_| argument()).collect();
        let before = thread_nanos();
        for argument in arguments {
            let mut results = [Val::Bool(false)];
            function.call_async(&mut store, &argument, &mut results).await?;
        }
        warm.push(each(before));
    }
    Ok((median(fresh), median(warm)))
}

async fn sandboxed(component: &[u8]) -> Result<(f64, String), Box<dyn std::error::Error>> {
    let cache = tempfile::tempdir()?;
    let sandbox = Sandbox::new(SandboxOptions {
        cache_folder: cache.path().join("compiled"),
        compiler: CompilerCommand::InProcess,
        shape: EngineShape::default(),
        clock: Arc::new(Still),
        chance: Arc::new(Seeded::new(1)),
        profiler: None,
    })?;
    let skill = sandbox.load(component)?;
    let nobody = Arc::new(Nobody(Arc::new([])));
    let services = Arc::new(Services {
        workspace: Arc::clone(&nobody) as _,
        process: Arc::clone(&nobody) as _,
        http: Arc::new(voyager_base::http::NoHttp),
        memory: Arc::new(voyager_base::memory::NoMemory),
        tasks: Arc::clone(&nobody) as _,
    });
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let invocation = || Invocation {
            component: skill.component,
            operation: Arc::clone(&skill.operations[0]),
            arguments: vec![Value::record([
                ("path", Value::String("src/lib.rs".to_owned())),
                ("line", Value::Int(7)),
            ])],
            limits: Limits::default(),
            seed: Digest([0; 32]),
            fresh: false,
            ledger: Arc::clone(&nobody) as _,
            services: Arc::clone(&services),
        };
        let invocations: Vec<_> = (0..CALLS).map(|_| invocation()).collect();
        let before = thread_nanos();
        for invocation in invocations {
            drop(sandbox.call(invocation).await?);
        }
        times.push(each(before));
    }
    Ok((median(times), format!("{:?}", sandbox.allocation())))
}

fn grant_check() -> f64 {
    let globs = Globs::new(["src/**", "tests/**/*.rs", "*.md"]).expect("the globs are well formed");
    let folder = FolderGrant {
        root: "repo".to_owned(),
        read: globs,
        write: Globs::none(),
        write_bytes_max: None,
    };
    let layer = |source: &str| GrantLayer {
        source: source.to_owned(),
        workspace: Some(vec![folder.clone()]),
        ..GrantLayer::default()
    };
    let folders = [("repo".to_owned(), "/repo".to_owned())].into_iter().collect();
    let grants = Grants { folders: Arc::new(folders), layers: Vec::new() };
    let grants =
        grants.narrowed(layer("policy")).narrowed(layer("manifest")).narrowed(layer("step"));
    let need = Need::Read { root: "repo", path: "src/deep/er/module.rs" };
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = thread_nanos();
        for _ in 0..CALLS {
            std::hint::black_box(grants.check(std::hint::black_box(&need))).expect("it is granted");
        }
        times.push(each(before));
    }
    median(times)
}

/// Nanoseconds of each call of a round that began at `before`.
fn each(before: u64) -> f64 {
    (thread_nanos() - before) as f64 / f64::from(CALLS)
}

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    seconds * 1_000_000_000 + nanos
}

fn median(mut nanos: Vec<f64>) -> f64 {
    nanos.sort_unstable_by(f64::total_cmp);
    nanos[nanos.len() / 2]
}

fn micros(nanos: f64) -> f64 {
    nanos / 1_000.0
}

/// A clock that stands still: no call here takes long.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn wait_until(&self, _: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_secs(3_600)))
    }
}

/// Everything around the sandbox: nothing of it is asked. Holds the ancestors of its task, none.
struct Nobody(Arc<[TaskId]>);

fn no_one<T: Send + 'static>() -> BoxFuture<'static, Result<T, Error>> {
    Box::pin(std::future::ready(Err(Error::unavailable("nobody is there"))))
}

impl Ledger for Nobody {
    fn admit<'a>(&'a self, _: Question<'a>) -> BoxFuture<'a, Result<Admission, Stop>> {
        Box::pin(std::future::ready(Err(Stop::Cancelled)))
    }

    fn perform<'a>(
        &'a self,
        _: CallContext,
        effect: BoxFuture<'static, Outcome>,
    ) -> BoxFuture<'a, Result<Vec<u8>, Stop>> {
        Box::pin(async move { Ok(effect.await.reply) })
    }

    fn report(&self, _: Report) {}

    fn time(&self) -> Timestamp {
        Timestamp::default()
    }

    fn run(&self) -> RunId {
        RunId([0; 16])
    }

    fn lineage(&self) -> Lineage {
        let run = RunId([0; 16]);
        Lineage { run, task: TaskId([0; 16]), parents: Arc::clone(&self.0) }
    }

    fn remaining(&self) -> Remaining {
        Remaining { host_calls: 0, log_bytes: 0, children: 0, depth: 0 }
    }

    fn grants(&self) -> Arc<Grants> {
        Arc::default()
    }
}

impl ProcessService for Nobody {
    fn run<'a>(
        &'a self,
        _: &'a CallContext,
        _: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        no_one()
    }
}

impl TasksService for Nobody {
    fn map<'a>(
        &'a self,
        _: &'a CallContext,
        _: MapTasks,
    ) -> BoxFuture<'a, Result<Vec<ChildOutcome>, Error>> {
        no_one()
    }
}

impl WorkspaceService for Nobody {
    fn list<'a>(&'a self, _: &'a CallContext, _: List) -> BoxFuture<'a, Result<Listed, Error>> {
        no_one()
    }

    fn look<'a>(&'a self, _: &'a CallContext, _: Look) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        no_one()
    }

    fn stat<'a>(
        &'a self,
        _: &'a CallContext,
        _: Inspect,
    ) -> BoxFuture<'a, Result<FileStat, Error>> {
        no_one()
    }

    fn read<'a>(
        &'a self,
        _: &'a CallContext,
        _: ReadFile,
    ) -> BoxFuture<'a, Result<serde_bytes::ByteBuf, Error>> {
        no_one()
    }

    fn write<'a>(&'a self, _: &'a CallContext, _: WriteFile) -> BoxFuture<'a, Result<(), Error>> {
        no_one()
    }

    fn remove<'a>(&'a self, _: &'a CallContext, _: RemoveFile) -> BoxFuture<'a, Result<(), Error>> {
        no_one()
    }

    fn rename<'a>(&'a self, _: &'a CallContext, _: RenameFile) -> BoxFuture<'a, Result<(), Error>> {
        no_one()
    }

    fn search<'a>(&'a self, _: &'a CallContext, _: Search) -> BoxFuture<'a, Result<Found, Error>> {
        no_one()
    }

    fn replace<'a>(
        &'a self,
        _: &'a CallContext,
        _: Replace,
    ) -> BoxFuture<'a, Result<Replaced, Error>> {
        no_one()
    }

    fn diff<'a>(&'a self, _: &'a CallContext, _: ShowDiff) -> BoxFuture<'a, Result<String, Error>> {
        no_one()
    }

    fn staged(&self, _: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        no_one()
    }

    fn staged_anew(&self, _: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        no_one()
    }

    fn restage(&self, _: StageId, _: &[Change]) -> Result<(), Error> {
        Ok(())
    }

    fn merge(&self, _: StageId, _: StageId) -> Result<(), Error> {
        Ok(())
    }

    fn discard(&self, _: StageId) {}

    fn assess<'a>(
        &'a self,
        _: &'a Folders,
        _: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Standing>, Error>> {
        no_one()
    }

    fn commit<'a>(
        &'a self,
        _: &'a Folders,
        _: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Conflict>, Error>> {
        no_one()
    }
}
