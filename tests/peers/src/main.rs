//! The echo of `voyager-sandbox`'s example `calls`, by Extism's Rust host; and as a component for jco.
//!
//! `voyager-peers extism` prints its version, and microseconds of a fresh and of a warm call; `voyager-peers component FILE`
//! writes the component that the sandbox is measured with.
//!
//! Extism's plugins get bytes and give bytes back. This one gets the same record as JSON and copies it
//! unread: less work than the sandbox's guest has, whose record is typed and checked both ways. Measured
//! alike: processor time of this thread, medians of rounds of 50 calls.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};
use rustix::time::{ClockId, clock_gettime};

const ECHO: &str = include_str!("../../../host/sandbox/examples/echo.wat");

/// Copies its input, eight bytes at a time, then one by one, as Extism's own kits do.
const PLUGIN: &str = r#"(module
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
    (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 1)
    (func (export "f") (result i32) (local $length i64) (local $to i64) (local $at i64)
        (local.set $length (call $input_length))
        (local.set $to (call $alloc (local.get $length)))
        (block $whole (loop $next
            (br_if $whole (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (local.get $length)))
            (call $store_u64
                (i64.add (local.get $to) (local.get $at)) (call $input_load_u64 (local.get $at)))
            (local.set $at (i64.add (local.get $at) (i64.const 8)))
            (br $next)))
        (block $end (loop $next
            (br_if $end (i64.ge_u (local.get $at) (local.get $length)))
            (call $store_u8
                (i64.add (local.get $to) (local.get $at)) (call $input_load_u8 (local.get $at)))
            (local.set $at (i64.add (local.get $at) (i64.const 1)))
            (br $next)))
        (call $output_set (local.get $to) (local.get $length))
        (i32.const 0)))"#;

const RECORD: &str = r#"{"path":"src/lib.rs","line":7}"#;

const ROUNDS: usize = 200;
const CALLS: u32 = 50;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["extism"] => extism(),
        ["component", file] => {
            fs::write(file, wat::parse_str(format!("{ECHO})"))?).with_context(|| file.to_owned())
        }
        _ => bail!("type `extism`, or `component FILE`"),
    }
}

fn extism() -> Result<()> {
    let manifest = Manifest::new([Wasm::data(wat::parse_str(PLUGIN)?)]);
    // Without the interface of WASI: the sandbox's guest has none either.
    let compiled = CompiledPlugin::new(PluginBuilder::new(manifest).with_wasi(false))?;
    let fresh = rounds(|| {
        let mut plugin = Plugin::new_from_compiled(&compiled)?;
        echo(&mut plugin)
    })?;
    let mut plugin = Plugin::new_from_compiled(&compiled)?;
    let warm = rounds(|| echo(&mut plugin))?;
    let version = extism::extism_version().trim_end_matches('\0');
    println!("version {version}\nfresh {fresh:.2}\nwarm {warm:.2}");
    Ok(())
}

fn echo(plugin: &mut Plugin) -> Result<()> {
    let answer: &str = plugin.call("f", RECORD)?;
    ensure!(answer == RECORD, "it gave back {answer}");
    Ok(())
}

/// Microseconds of a call, the median of all rounds.
fn rounds(mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let before = thread_nanos();
        for _ in 0..CALLS {
            call()?;
        }
        times.push((thread_nanos() - before) as f64 / f64::from(CALLS) / 1_000.0);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[ROUNDS / 2])
}

fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
