//! `cargo xtask bench bounds`: what bounds cost, how fast they bite, and what an instance takes.
//!
//! - Three kernels that compute only, through the sandbox with all its limits armed and through wasmtime
//!   without any: processor time of one thread, medians, the two in turns.
//! - A fresh call that does nothing, against starting a process that does nothing.
//! - Guests that loop without end: how long after their deadline they are gone.
//! - A thousand calls that wait for the host at a time: memory of the process for each, against wasmtime's own
//!   pool with the same component. Each side is measured in a process of its own.
#![allow(clippy::unwrap_used, reason = "a benchmark stops where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "figures are the output")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::{
    process::Command,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use voyager_base::{ErrorKind, Limits, Value, call::Skills as _};
use voyager_hostile::{Host, World, component};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, Func, Linker, Resource, ResourceAny, ResourceType, Val},
};

/// Calls of functions: each of them looks whether it may go on.
const CALLS: &str = r#"
    (func $fib (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
            (then (local.get 0))
            (else (i32.add
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "test:hostile/api@0.1.0#f") (result i32) (call $fib (i32.const 31)))"#;

/// The sieve of Eratosthenes up to a million, ten times: short loops over memory.
const SIEVE: &str = r#"
    (func (export "test:hostile/api@0.1.0#f") (result i32)
        (local $round i32) (local $i i32) (local $j i32) (local $found i32)
        (drop (memory.grow (i32.const 20)))
        (loop $again
            (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1000000))
            (local.set $found (i32.const 0))
            (local.set $i (i32.const 2))
            (loop $next
                (if (i32.eqz (i32.load8_u offset=65536 (local.get $i)))
                    (then
                        (local.set $found (i32.add (local.get $found) (i32.const 1)))
                        (local.set $j (i32.add (local.get $i) (local.get $i)))
                        (block $done (loop $strike
                            (br_if $done (i32.le_u (i32.const 1000000) (local.get $j)))
                            (i32.store8 offset=65536 (local.get $j) (i32.const 1))
                            (local.set $j (i32.add (local.get $j) (local.get $i)))
                            (br $strike)))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.lt_u (local.get $i) (i32.const 1000000))))
            (local.set $round (i32.add (local.get $round) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $round) (i32.const 10))))
        (local.get $found))"#;

/// ChaCha's quarter rounds over sixteen words: much arithmetic for each turn of the loop.
fn chacha() -> String {
    let quarter = |a, b, c, d| {
        [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)].map(|(to, with, turned, by)| {
            format!(
                "(local.set $w{to} (i32.add (local.get $w{to}) (local.get $w{with})))
                 (local.set $w{turned} (i32.rotl (i32.xor (local.get $w{turned}) (local.get $w{to})) (i32.const {by})))"
            )
        }).concat()
    };
    let columns = (0..4).map(|i| quarter(i, 4 + i, 8 + i, 12 + i));
    let diagonals = (0..4).map(|i| quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4));
    let round: String = columns.chain(diagonals).collect();
    let words: String = (0..16).map(|i| format!("(local $w{i} i32) ")).collect();
    let seeds: String =
        (0..16).map(|i| format!("(local.set $w{i} (i32.const {}))", 0x9e37 * (i + 1))).collect();
    format!(
        r#"(func (export "test:hostile/api@0.1.0#f") (result i32) (local $i i32) {words}
            {seeds}
            (loop $again {round}
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (i32.const 2000000))))
            (local.get $w0))"#
    )
}

/// Asks for the folders, and reads a file of the first.
const READING: &str = r#"
    (import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
    (import "voyager:workspace/files@0.1.0" "[method]folder.read" (func $read (param i32 i32 i32 i64 i64 i32)))
    (data (i32.const 16) "src/lib.rs")
    (func (export "test:hostile/api@0.1.0#f") (result i32)
        (call $roots (i32.const 256))
        (call $read (i32.load offset=8 (i32.load (i32.const 264)))
            (i32.const 16) (i32.const 10) (i64.const 0) (i64.const 100) (i32.const 512))
        (i32.load8_u (i32.const 512)))"#;

const ROUNDS: usize = 11;
const STARTS: usize = 500;
const RUNAWAYS: usize = 200;
const DEADLINE: Duration = Duration::from_millis(50);
const WAITING: u32 = 1_000;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("waiting-in-sandbox") => return println!("{}", waiting_in_sandbox()),
        Some("waiting-in-wasmtime") => return println!("{}", waiting_in_wasmtime()),
        Some("nothing") => return,
        _ => {}
    }
    let chacha = chacha();
    for (name, core) in [("calls", CALLS), ("short loops", SIEVE), ("arithmetic", &chacha)] {
        let (limited, free) = throughput(core);
        let ratio = limited / free;
        println!("{name:<12} {limited:8.1} ms with limits, {free:8.1} ms without, {ratio:.3}x");
    }
    let (call, process) = (fresh_call(), process());
    println!(
        "a fresh call takes {:.1} µs, starting a process for it {:.1} µs, {:.0}x",
        call * 1e3,
        process * 1e3,
        process / call
    );
    let mut late = runaways();
    late.sort_unstable();
    let [median, p99] = [late[late.len() / 2], late[late.len() * 99 / 100]];
    let most = late.last().copied().unwrap_or_default();
    println!(
        "a runaway is gone {median:.1?} after its deadline (median), {p99:.1?} (p99), {most:.1?} (most)"
    );
    let [ours, bare] = ["waiting-in-sandbox", "waiting-in-wasmtime"].map(|side| {
        let own = std::env::current_exe().unwrap();
        let told = Command::new(own).arg(side).output().unwrap();
        String::from_utf8(told.stdout).unwrap().trim().parse::<f64>().unwrap()
    });
    let ratio = ours / bare;
    println!(
        "a call that waits takes {ours:.1} KiB, in wasmtime's pool {bare:.1} KiB, {ratio:.2}x"
    );
}

/// Milliseconds of processor time with limits and without.
fn throughput(core: &str) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let component = component("f: func() -> u32;", "", core);
    let (host, world) = (Host::new(), World::default());
    let mut config = Config::new();
    config.cranelift_nan_canonicalization(true);
    let (engine, component_free) = compiled(&config, &component);
    let pre = Linker::<()>::new(&engine).instantiate_pre(&component_free).unwrap();
    let index = exported(&component_free);
    let (mut limited, mut free) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let mut answers = Vec::new();
        for _ in 0..ROUNDS {
            let before = thread_millis();
            let limits = Limits { cpu: Duration::from_secs(60), ..Limits::default() };
            answers.push(host.run(&component, Vec::new(), limits, &world).await.unwrap());
            limited.push(thread_millis() - before);
            let before = thread_millis();
            let mut store = Store::new(&engine, ());
            let instance = pre.instantiate_async(&mut store).await.unwrap();
            let function = instance.get_func(&mut store, index).unwrap();
            let mut results = [Val::Bool(false)];
            function.call_async(&mut store, &[], &mut results).await.unwrap();
            free.push(thread_millis() - before);
            let Val::U32(number) = results[0] else { panic!("a number") };
            answers.push(Value::Int((number).into()));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "both compute the same");
    });
    (median(limited), median(free))
}

/// Milliseconds of a call that does nothing, in an instance of its own.
fn fresh_call() -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let nothing = component("f: func();", "", r#"(func (export "test:hostile/api@0.1.0#f"))"#);
    let (host, world) = (Host::new(), World::default());
    runtime.block_on(async {
        let mut each = Vec::new();
        for _ in 0..STARTS {
            let invocation = host.invocation(&nothing, Vec::new(), Limits::default(), &world);
            let began = Instant::now();
            host.sandbox.call(invocation).await.unwrap();
            each.push(began.elapsed().as_secs_f64() * 1e3);
        }
        median(each)
    })
}

/// Milliseconds of a process that does nothing.
fn process() -> f64 {
    let own = std::env::current_exe().unwrap();
    let start = || {
        let began = Instant::now();
        assert!(Command::new(&own).arg("nothing").status().unwrap().success());
        began.elapsed().as_secs_f64() * 1e3
    };
    median((0..STARTS).map(|_| start()).collect())
}

/// How long after its deadline each of many guests that loop was gone.
fn runaways() -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let looping =
        component("f: func();", "", r#"(func (export "test:hostile/api@0.1.0#f") (loop br 0))"#);
    runtime.block_on(async {
        let (host, world) = (Host::new(), World::default());
        let limits = Limits { time: DEADLINE, ..Limits::default() };
        let mut late = Vec::new();
        for _ in 0..RUNAWAYS {
            let began = Instant::now();
            let ended = host.run(&looping, Vec::new(), limits.clone(), &world).await;
            assert_eq!(ended.unwrap_err().kind, ErrorKind::Timeout);
            late.push(began.elapsed().saturating_sub(DEADLINE));
        }
        late
    })
}

/// KiB of the process for each call that waits for the host.
fn waiting_in_sandbox() -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reading = component("f: func() -> u32;", "import voyager:workspace/files@0.1.0;", READING);
    runtime.block_on(async {
        // Of one run, which has half of the instances at most.
        let host = Host::with_room(2 * WAITING);
        let world = World::new(u64::MAX, Duration::from_secs(3_600));
        let limits = Limits { time: Duration::from_secs(3_600), ..Limits::default() };
        let call = |_| Box::pin(host.run(&reading, Vec::new(), limits.clone(), &world));
        let mut first = call(0);
        assert!(futures_util::poll!(&mut first).is_pending());
        let before = resident_kib();
        let mut waiting: Vec<_> = (1..WAITING).map(call).collect();
        // One that a tick meets gives the thread back before it asks.
        while world.asked().len() < WAITING as usize {
            for call in &mut waiting {
                assert!(futures_util::poll!(call).is_pending());
            }
        }
        (resident_kib() - before) / f64::from(WAITING - 1)
    })
}

/// The same in wasmtime's own pool, with nothing around it.
fn waiting_in_wasmtime() -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reading = component("f: func() -> u32;", "import voyager:workspace/files@0.1.0;", READING);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(WAITING).total_memories(WAITING).total_stacks(WAITING);
    pool.total_core_instances(4 * WAITING).total_tables(4 * WAITING);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let (engine, component) = compiled(&config, &reading);
    let mut linker = Linker::<()>::new(&engine);
    let mut files = linker.instance("voyager:workspace/files@0.1.0").unwrap();
    files.resource("folder", ResourceType::host::<()>(), |_, _| Ok(())).unwrap();
    files
        .func_new("roots", |mut store, _, _, results| {
            let folder = ResourceAny::try_from_resource(Resource::<()>::new_own(1), &mut store)?;
            let name = ("name".to_owned(), Val::String("repo".to_owned()));
            let root = Val::Record(vec![name, ("folder".to_owned(), Val::Resource(folder))]);
            let roots = Val::List(vec![root]);
            results[0] = Val::Result(Ok(Some(Box::new(roots))));
            Ok(())
        })
        .unwrap();
    files
        .func_new_async("[method]folder.read", |_, _, _, _| {
            Box::new(std::future::pending::<wasmtime::Result<()>>())
        })
        .unwrap();
    let pre = linker.instantiate_pre(&component).unwrap();
    let index = exported(&component);
    runtime.block_on(async {
        let call = |_| {
            let (engine, pre) = (&engine, &pre);
            Box::pin(async move {
                let mut store = Store::new(engine, ());
                let instance = pre.instantiate_async(&mut store).await.unwrap();
                let function: Func = instance.get_func(&mut store, index).unwrap();
                let mut results = [Val::Bool(false)];
                function.call_async(&mut store, &[], &mut results).await.unwrap();
            })
        };
        let mut first = call(0);
        assert!(futures_util::poll!(&mut first).is_pending());
        let before = resident_kib();
        let mut waiting: Vec<_> = (1..WAITING).map(call).collect();
        for call in &mut waiting {
            assert!(futures_util::poll!(call).is_pending());
        }
        (resident_kib() - before) / f64::from(WAITING - 1)
    })
}

fn compiled(config: &Config, component: &[u8]) -> (Engine, Component) {
    let engine = Engine::new(config).unwrap();
    let component = Component::new(&engine, component).unwrap();
    (engine, component)
}

fn exported(component: &Component) -> wasmtime::component::ComponentExportIndex {
    let interface = component.get_export_index(None, "test:hostile/api@0.1.0");
    component.get_export_index(interface.as_ref(), "f").unwrap()
}

fn resident_kib() -> f64 {
    let told = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = told.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size() as f64 / 1_024.0
}

fn thread_millis() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}
