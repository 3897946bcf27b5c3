//! The sandbox: loads skills, and runs their operations.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use voyager_base::{
    BoxFuture, Digest, Error, Value,
    call::{Invocation, Skills},
    chance::Chance,
    clock::Clock,
    operation::Skill,
};
use wasmtime::{Engine, component::Linker};

use crate::{
    cache::Cache,
    call, capability,
    compiler::CompilerCommand,
    engine::{self, Allocation, EngineShape, Ticks},
    guest::Guest,
    idle::{IDLE, Idle, Live},
    load::{self, LoadError, Loaded},
    profiler::Profiler,
    share::Shares,
    wasi,
};

/// What a sandbox is made of.
pub struct SandboxOptions {
    /// Where compiled skills are kept. Must belong to the host alone; made where it is missing.
    pub cache_folder: PathBuf,
    /// Who compiles components.
    pub compiler: CompilerCommand,
    /// Sizes that hold for all instances.
    pub shape: EngineShape,
    /// Measures wall time limits.
    pub clock: Arc<dyn Clock>,
    /// Where the key of a new cache comes from.
    pub chance: Arc<dyn Chance>,
    /// Who looks at the stacks of guests, where somebody wants to know them: then ticks are shorter.
    pub profiler: Option<Profiler>,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine did not start, not even without a pool.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// The folder of compiled skills can't be used.
    #[error("the cache of compiled skills in {} can't be used", folder.display())]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The thread that interrupts running skills did not start.
    #[error("the ticker of the sandbox does not start")]
    Ticker(#[source] std::io::Error),
}

/// Runs operations of components. Clones share everything.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<Guest>,
    pub(crate) shape: EngineShape,
    pub(crate) ticks: Ticks,
    pub(crate) idle: Arc<Idle<Box<Live>>>,
    pub(crate) shares: Arc<Shares>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Cache,
    pub(crate) compiler: CompilerCommand,
    pub(crate) profiler: Option<Profiler>,
    /// Held while a component is compiled: one compiler uses all cores, and may use much memory.
    pub(crate) compiling: Mutex<()>,
    allocation: Allocation,
    skills: RwLock<BTreeMap<Digest, Arc<Loaded>>>,
}

impl Sandbox {
    /// A sandbox without skills.
    ///
    /// # Errors
    /// [`SandboxError`] where the machine does not have what it takes. That slots for instances can't be
    /// reserved is no error: see [`Sandbox::allocation`].
    pub fn new(options: SandboxOptions) -> Result<Self, SandboxError> {
        let engine_error = |error: wasmtime::Error| SandboxError::Engine(format!("{error:#}"));
        let profiled = options.profiler.is_some();
        let (engine, allocation) =
            engine::running(&options.shape, profiled).map_err(engine_error)?;
        let mut linker = Linker::new(&engine);
        capability::link(&mut linker).map_err(engine_error)?;
        wasi::link(&mut linker).map_err(engine_error)?;
        let identity = engine::identity(&engine);
        let cache = Cache::open(&options.cache_folder, identity, &*options.chance)
            .map_err(|source| SandboxError::Cache { folder: options.cache_folder, source })?;
        let ticks = Ticks::new(profiled);
        let idle = Arc::new(Idle::new(options.shape.instances_max, ticks.within(IDLE)));
        let shares = Arc::new(Shares::new(options.shape.instances_max));
        let waiting = Arc::downgrade(&idle);
        let sweep = move |now| waiting.upgrade().iter().for_each(|idle| idle.sweep(now));
        ticks.start(&engine, sweep).map_err(SandboxError::Ticker)?;
        Ok(Self(Arc::new(Shared {
            engine,
            linker,
            shape: options.shape,
            ticks,
            idle,
            shares,
            clock: options.clock,
            cache,
            compiler: options.compiler,
            profiler: options.profiler,
            compiling: Mutex::default(),
            allocation,
            skills: RwLock::default(),
        })))
    }

    /// Makes a component ready to run, and describes it. Blocks while it is compiled, which takes up to
    /// the bounds of [`CompilerCommand`]; a component that was compiled before takes a few milliseconds,
    /// one that is loaded nothing.
    ///
    /// # Errors
    /// [`LoadError`], with what to do about it.
    pub fn load(&self, component: &[u8]) -> Result<Arc<Skill>, LoadError> {
        let digest = Digest::of(component);
        if let Some(skill) = self.load_compiled(digest) {
            return Ok(skill);
        }
        load::load(&self.0, digest, component).map(|loaded| self.0.keep(loaded))
    }

    /// Makes a component ready to run that was compiled before, without its bytes. None where its
    /// compiled code is not kept: then [`Sandbox::load`] needs them.
    pub fn load_compiled(&self, component: Digest) -> Option<Arc<Skill>> {
        self.skill(component)
            .or_else(|| load::cached(&self.0, component).map(|loaded| self.0.keep(loaded)))
    }

    /// The loaded skill with this hash.
    pub fn skill(&self, component: Digest) -> Option<Arc<Skill>> {
        self.0.loaded(component).map(|loaded| Arc::clone(&loaded.skill))
    }

    /// Forgets a skill. Calls under way go on.
    pub fn unload(&self, component: Digest) {
        self.unload_unless(|it| *it != component);
    }

    /// Forgets the skills that are not used. Calls under way go on.
    pub fn unload_unless(&self, is_used: impl Fn(&Digest) -> bool) {
        let mut skills = self.0.skills.write().unwrap_or_else(PoisonError::into_inner);
        skills.retain(|component, _| is_used(component));
    }

    /// How memory for instances is allocated.
    pub fn allocation(&self) -> &Allocation {
        &self.0.allocation
    }
}

impl Shared {
    pub(crate) fn loaded(&self, component: Digest) -> Option<Arc<Loaded>> {
        self.skills.read().unwrap_or_else(PoisonError::into_inner).get(&component).cloned()
    }

    fn keep(&self, loaded: Loaded) -> Arc<Skill> {
        let skill = Arc::clone(&loaded.skill);
        let mut skills = self.skills.write().unwrap_or_else(PoisonError::into_inner);
        skills.insert(skill.component, Arc::new(loaded));
        skill
    }
}

impl Skills for Sandbox {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Error>> {
        Box::pin(call::call(Arc::clone(&self.0), invocation))
    }
}
