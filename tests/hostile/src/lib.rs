//! A host for hostile components: the real sandbox between a ledger and services that only count.
//!
//! [`component`] makes a component from a core module in text form and its WIT, so that each attack in
//! `tests/` is as short as its idea. [`Host`] runs it, with real time and the real compiler's process.

mod arena;
mod double;
mod forge;
mod runs;
mod server;
pub mod suite;

pub use self::{
    arena::{Arena, COMPILE, Call, Ground, LAUNCH, Lines},
    double::{Book, World},
    forge::{component, program, raw_component, spinner, working_spinner},
    runs::{Pauses, RunHost},
};

use std::{path::Path, sync::Arc, time::Duration};

use voyager_base::{
    BoxFuture, Digest, Error, Limits, Value,
    call::{Invocation, Skills as _},
    chance::Seeded,
    clock::{Clock, Timestamp},
};
use voyager_sandbox::{
    CompileBounds, CompilerCommand, EngineShape, Profiler, Sandbox, SandboxError, SandboxOptions,
};

/// A sandbox with a cache of its own.
pub struct Host {
    /// The sandbox.
    pub sandbox: Sandbox,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Keeps the cache until the end of the test.
    pub cache: Arc<tempfile::TempDir>,
}

impl Host {
    /// A host that compiles in this process: for components that are hostile only when they run.
    pub fn new() -> Self {
        Self::with_room(50)
    }

    /// The same with room for so many instances.
    pub fn with_room(instances: u32) -> Self {
        Self::with(CompilerCommand::InProcess, instances)
    }

    /// A host that compiles in `program`, a child process with these bounds.
    pub fn with_compiler(program: &Path, bounds: CompileBounds) -> Self {
        let (program, arguments) = (program.to_owned(), Vec::new());
        Self::with(CompilerCommand::Child { program, arguments, bounds }, 50)
    }

    /// A host whose guests are looked at, and who looks.
    pub fn profiled() -> (Self, Profiler) {
        let profiler = Profiler::default();
        let cache = tempfile::tempdir().expect("there is room for a temporary folder");
        let shape = EngineShape { instances_max: 50, ..EngineShape::default() };
        let looked_at = Some(profiler.clone());
        let host = Self::on(Arc::new(cache), CompilerCommand::InProcess, shape, looked_at);
        (host.expect("the machine can run WebAssembly"), profiler)
    }

    fn with(compiler: CompilerCommand, instances_max: u32) -> Self {
        let shape = EngineShape { instances_max, ..EngineShape::default() };
        let cache = tempfile::tempdir().expect("there is room for a temporary folder");
        Self::on(Arc::new(cache), compiler, shape, None).expect("the machine can run WebAssembly")
    }

    /// A host that starts on the cache of this one, with another shape.
    pub(crate) fn again(&self, shape: EngineShape) -> Result<Self, SandboxError> {
        Self::on(Arc::clone(&self.cache), CompilerCommand::InProcess, shape, None)
    }

    fn on(
        cache: Arc<tempfile::TempDir>,
        compiler: CompilerCommand,
        shape: EngineShape,
        profiler: Option<Profiler>,
    ) -> Result<Self, SandboxError> {
        let clock: Arc<dyn Clock> = Arc::new(RealClock(tokio::time::Instant::now()));
        let options = SandboxOptions {
            cache_folder: cache.path().join("compiled"),
            compiler,
            shape,
            clock: Arc::clone(&clock),
            chance: Arc::new(Seeded::new(1)),
            profiler,
        };
        Ok(Self { sandbox: Sandbox::new(options)?, clock, cache })
    }

    /// Loads a component and calls its operation `f` of the interface `test:hostile/api`.
    ///
    /// # Errors
    /// That of the call.
    pub async fn run(
        &self,
        component: &[u8],
        arguments: Vec<Value>,
        limits: Limits,
        world: &World,
    ) -> Result<Value, Error> {
        self.sandbox.call(self.invocation(component, arguments, limits, world)).await
    }

    /// A call of the operation `f`, for [`Host::sandbox`].
    pub fn invocation(
        &self,
        component: &[u8],
        arguments: Vec<Value>,
        limits: Limits,
        world: &World,
    ) -> Invocation {
        let skill = self.sandbox.load(component).unwrap_or_else(|error| panic!("{error}"));
        Invocation {
            component: skill.component,
            operation: Arc::clone(&skill.operations[0]),
            arguments,
            limits,
            seed: Digest::of(b"seed"),
            fresh: false,
            ledger: Arc::clone(&world.book) as _,
            services: world.services(),
        }
    }

    /// The host still does its work: an operation without harm gives what it should.
    pub async fn is_alive(&self) -> bool {
        let harmless = component(
            "f: func() -> u32;",
            "",
            r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const 7)"#,
        );
        let world = World::default();
        self.run(&harmless, Vec::new(), Limits::default(), &world).await == Ok(Value::Int(7))
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

/// Real time, from an arbitrary beginning.
struct RealClock(tokio::time::Instant);

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        Timestamp::default().after(self.0.elapsed())
    }

    fn wait_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let deadline = self.0 + Duration::from_micros(deadline.as_micros());
        Box::pin(tokio::time::sleep_until(deadline))
    }
}
