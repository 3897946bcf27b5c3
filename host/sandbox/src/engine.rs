//! The wasmtime engine: what of WebAssembly is on, how instances are allocated, and the one ticker by
//! which running guests are interrupted.

use std::{
    hash::{Hash as _, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use voyager_base::Digest;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
    RegallocAlgorithm, WasmBacktraceDetails,
};

use crate::profiler;

/// How often running guests are looked at where nobody wants to know more. Processor time is counted in these.
const TICK: Duration = Duration::from_millis(10);

/// What lies on a guest's stack beyond its own frames: those of the host functions that it calls.
const HOST_STACK_BYTES: usize = 1 << 20;

/// Most functions of a skill that are looked at where it traps: a dozen belong to a panic itself.
const BACKTRACE_FRAMES_MAX: usize = 48;

/// Sizes that hold for all instances of a sandbox, since they are reserved when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineShape {
    /// Most instances alive at a time. Only address space is reserved for them.
    pub instances_max: u32,
    /// Most bytes of one linear memory: no limit of a manifest can exceed it.
    pub memory_bytes_max: usize,
    /// Most elements of one table.
    pub table_elements_max: usize,
    /// Bytes of stack for each call. The same for all calls, since stacks are made in advance.
    pub stack_bytes: usize,
}

impl Default for EngineShape {
    fn default() -> Self {
        Self {
            instances_max: 1_000,
            memory_bytes_max: 1 << 30,
            table_elements_max: 1_000_000,
            stack_bytes: 1 << 20,
        }
    }
}

/// How memory for instances is allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// From slots reserved when the sandbox started.
    Pooled,
    /// For each call anew, because the slots could not be reserved: slower, but otherwise the same.
    OnDemand {
        /// Why they could not.
        reason: String,
    },
}

/// An engine for running, pooled where the machine lets it; with deeper stacks where they are `profiled`.
pub(crate) fn running(
    shape: &EngineShape,
    profiled: bool,
) -> wasmtime::Result<(Engine, Allocation)> {
    let mut config = config(shape);
    if profiled {
        config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(profiler::FRAMES_MAX));
    }
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(shape)));
    match Engine::new(&config) {
        Ok(engine) => Ok((engine, Allocation::Pooled)),
        Err(error) => {
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Ok((Engine::new(&config)?, Allocation::OnDemand { reason: format!("{error:#}") }))
        }
    }
}

/// An engine for compiling: without a pool, so that it fits the bounds of a compiler's process.
/// Allocation does not affect compiled code, which [`identity`] proves at every load.
pub(crate) fn compiling(shape: &EngineShape) -> wasmtime::Result<Engine> {
    Engine::new(&config(shape))
}

/// Names everything that compiled code depends on: version of wasmtime, settings, processor.
pub(crate) fn identity(engine: &Engine) -> Digest {
    let mut hasher = Blake3Hasher(blake3::Hasher::new());
    hasher.write(concat!("voyager-sandbox ", env!("CARGO_PKG_VERSION"), " cache 3").as_bytes());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Digest(*hasher.0.finalize().as_bytes())
}

struct Blake3Hasher(blake3::Hasher);

impl Hasher for Blake3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0.finalize().as_bytes()[..8]);
        u64::from_le_bytes(head)
    }
}

fn config(shape: &EngineShape) -> Config {
    let mut config = Config::new();
    // Determinism: the same bits on every machine.
    config.cranelift_nan_canonicalization(true);
    config.wasm_relaxed_simd(true).relaxed_simd_deterministic(true);
    // Proposals that no toolchain of ours emits are attack surface and nothing else. (Threads and
    // garbage collection are not even compiled in.)
    config.wasm_memory64(false).wasm_wide_arithmetic(false).wasm_custom_page_sizes(false);
    config.wasm_multi_memory(true).wasm_tail_call(true);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);
    config.epoch_interruption(true);
    config.max_wasm_stack(shape.stack_bytes);
    config.async_stack_size(shape.stack_bytes + HOST_STACK_BYTES);
    // Names of functions only: lines come from a table of our own, so that no DWARF is read here.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(BACKTRACE_FRAMES_MAX));
    // Takes note of the stack where a guest ends by an error; memory is read only for who wants a core. Code does not
    // depend on it.
    config.coredump_on_trap(true);
    config
}

fn pool(shape: &EngineShape) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let instances = shape.instances_max;
    let pages_scanned = PoolingAllocationConfig::is_pagemap_scan_available();
    // A component is a handful of core instances around one memory; adapters have tables of their own.
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(4))
        .total_memories(instances)
        .total_tables(instances.saturating_mul(4))
        .total_stacks(instances)
        .max_tables_per_module(8)
        .max_memories_per_module(8)
        .max_memory_size(shape.memory_bytes_max)
        .table_elements(shape.table_elements_max)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .linear_memory_keep_resident(memory_kept(pages_scanned))
        .pagemap_scan(if pages_scanned { Enabled::Yes } else { Enabled::No })
        .table_keep_resident(4 << 10)
        .async_stack_keep_resident(16 << 10);
    pool
}

/// Bytes of a freed memory that are cleared and kept for the next instance instead of given back.
///
/// Where the kernel says which pages were written, only those are cleared, and a skill that builds
/// trees of megabytes saves a tenth of its time in page faults. Where it does not (Linux before 6.7),
/// all of them would be, and a small skill would pay for that with each call.
const fn memory_kept(pages_scanned: bool) -> usize {
    if pages_scanned { 4 << 20 } else { 64 << 10 }
}

/// Counts ticks for all guests of an engine, in one thread that ends with the engine.
#[derive(Clone)]
pub(crate) struct Ticks {
    count: Arc<AtomicU64>,
    /// The time between two.
    length: Duration,
}

impl Ticks {
    /// None yet; as often as somebody looks at stacks where they are `profiled`.
    pub(crate) fn new(profiled: bool) -> Self {
        let length = if profiled { profiler::INTERVAL } else { TICK };
        Self { count: Arc::default(), length }
    }

    /// Ticks so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// As many as there are in this time, or one more.
    pub(crate) fn within(&self, time: Duration) -> u64 {
        let ticks = time.as_nanos().div_ceil(self.length.as_nanos());
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// Starts to count; `each` hears of every tick.
    pub(crate) fn start(
        &self,
        engine: &Engine,
        each: impl Fn(u64) + Send + 'static,
    ) -> std::io::Result<()> {
        let (ticks, engine) = (self.clone(), engine.weak());
        let thread = std::thread::Builder::new().name("sandbox-ticker".to_owned());
        thread.spawn(move || ticks.run(&engine, each)).map(drop)
    }

    fn run(&self, engine: &EngineWeak, each: impl Fn(u64)) {
        loop {
            std::thread::sleep(self.length);
            let Some(engine) = engine.upgrade() else { return };
            let now = self.count.fetch_add(1, Ordering::Relaxed) + 1;
            engine.increment_epoch();
            each(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_compiled_without_a_pool_fits_the_running_engine() {
        let shape = EngineShape::default();
        let compiled = identity(&compiling(&shape).unwrap());
        for profiled in [false, true] {
            let (engine, _) = running(&shape, profiled).unwrap();
            assert_eq!(identity(&engine), compiled);
        }
    }
}
