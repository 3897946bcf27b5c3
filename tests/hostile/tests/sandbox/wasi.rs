//! The stand-ins for WASI: the same in every run, and no way out.

use voyager_base::{Limits, Value};
use voyager_hostile::{Host, World, component};

async fn run(world: &World, component: &[u8]) -> Value {
    Host::new().run(component, Vec::new(), Limits::default(), world).await.unwrap()
}

#[tokio::test]
async fn sleeping_moves_the_clocks_and_takes_no_time() {
    // Sleeps an hour, and says by how many seconds the wall clock moved.
    let sleeping = |version: &str| {
        component(
            "f: func() -> u64;",
            "import wasi:clocks/monotonic-clock@0.2.12; import wasi:clocks/wall-clock@0.2.12;
             import wasi:io/poll@0.2.12;",
            r#"(import "wasi:clocks/monotonic-clock@V" "subscribe-duration" (func $after (param i64) (result i32)))
            (import "wasi:clocks/wall-clock@V" "now" (func $now (param i32)))
            (import "wasi:io/poll@V" "[method]pollable.block" (func $block (param i32)))
            (func (export "test:hostile/api@0.1.0#f") (result i64) (local $before i64)
                (call $now (i32.const 64))
                (local.set $before (i64.load (i32.const 64)))
                (call $block (call $after (i64.const 3600000000000)))
                (call $now (i32.const 64))
                (i64.sub (i64.load (i32.const 64)) (local.get $before)))"#
                .replace("@V", version)
                .as_str(),
        )
    };
    assert_eq!(run(&World::default(), &sleeping("@0.2.12")).await, Value::Int(3_600));
}

#[tokio::test]
async fn randomness_is_the_same_for_the_same_seed() {
    let drawing = component(
        "f: func() -> u64;",
        "import wasi:random/random@0.2.12; import wasi:random/insecure-seed@0.2.12;",
        r#"(import "wasi:random/random@0.2.12" "get-random-u64" (func $random (result i64)))
        (import "wasi:random/insecure-seed@0.2.12" "insecure-seed" (func $seed (param i32)))
        (func (export "test:hostile/api@0.1.0#f") (result i64)
            (call $seed (i32.const 64))
            (i64.add (call $random) (i64.load (i32.const 64))))"#,
    );
    let numbers = [run(&World::default(), &drawing).await, run(&World::default(), &drawing).await];
    assert_eq!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn output_becomes_lines_of_the_log() {
    let printing = component(
        "f: func();",
        "import wasi:cli/stderr@0.2.12; import wasi:io/streams@0.2.12;",
        r#"(import "wasi:cli/stderr@0.2.12" "get-stderr" (func $stderr (result i32)))
        (import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
        (data (i32.const 16) "one\ntwo \1b[1mbold")
        (func (export "test:hostile/api@0.1.0#f")
            (call $write (call $stderr) (i32.const 16) (i32.const 16) (i32.const 64)))"#,
    );
    let world = World::default();
    run(&world, &printing).await;
    assert_eq!(world.book.lines(), ["warn: one", "warn: two bold"]);
}
