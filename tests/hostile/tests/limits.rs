//! One component for each limit: it bites, it is named, and the host goes on.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::time::Duration;

use voyager_base::{Error, ErrorKind, Limits, Value};
use voyager_hostile::{Host, World, component, raw_component};

const MIB: u64 = 1 << 20;

/// An operation `f` without parameters and result, of this body.
fn body(body: &str) -> Vec<u8> {
    component("f: func();", "", &format!(r#"(func (export "test:hostile/api@0.1.0#f") {body})"#))
}

/// Runs `f` with small limits, and checks that the host is alive afterwards.
async fn attack(component: &[u8], limits: Limits) -> Result<Value, Error> {
    attack_in(&World::default(), component, limits).await
}

async fn attack_in(world: &World, component: &[u8], limits: Limits) -> Result<Value, Error> {
    let host = Host::new();
    let ended = host.run(component, Vec::new(), limits, world).await;
    assert!(host.is_alive().await, "after {ended:?}");
    ended
}

fn bound(ended: &Result<Value, Error>) -> (ErrorKind, &str) {
    let error = ended.as_ref().unwrap_err();
    (error.kind, error.bound.as_deref().unwrap_or(&error.message))
}

fn short_cpu() -> Limits {
    Limits { cpu: Duration::from_millis(50), ..Limits::default() }
}

#[tokio::test]
async fn an_endless_loop_uses_up_its_processor_time() {
    let ended = attack(&body("(loop br 0)"), short_cpu()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "cpu: 50ms"));
}

#[tokio::test]
async fn an_endless_loop_ends_with_its_wall_time() {
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let ended = attack(&body("(loop br 0)"), limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Timeout, "time: 50ms"));
}

#[tokio::test]
async fn a_loop_in_the_start_function_ends_like_any_other() {
    let looping = component(
        "f: func();",
        "",
        r#"(func $s (loop br 0)) (start $s) (func (export "test:hostile/api@0.1.0#f"))"#,
    );
    let ended = attack(&looping, short_cpu()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "cpu: 50ms"));
}

#[tokio::test]
async fn filling_memory_over_and_over_is_processor_time() {
    let filling = component(
        "f: func();",
        "",
        r#"(memory (export "memory") 512)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "test:hostile/api@0.1.0#f")
            (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 33554432)) br 0))"#,
    );
    let ended = attack(&filling, short_cpu()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "cpu: 50ms"));
}

#[tokio::test]
async fn others_get_their_turn_while_attackers_loop() {
    let host = std::sync::Arc::new(Host::new());
    let looping = body("(loop br 0)");
    let limits = Limits { cpu: Duration::from_millis(300), ..Limits::default() };
    let attackers: Vec<_> = (0..4)
        .map(|_| {
            let (host, looping, limits) = (host.clone(), looping.clone(), limits.clone());
            tokio::spawn(
                async move { host.run(&looping, Vec::new(), limits, &World::default()).await },
            )
        })
        .collect();
    tokio::task::yield_now().await;
    for _ in 0..5 {
        assert!(host.is_alive().await);
    }
    for attacker in attackers {
        let ended = attacker.await.unwrap();
        assert_eq!(bound(&ended), (ErrorKind::Limit, "cpu: 300ms"));
    }
}

#[tokio::test]
async fn one_memory_grows_to_its_limit() {
    let growing = body("(loop (drop (memory.grow (i32.const 16))) br 0)");
    let limits = Limits { memory: 8 * MIB, ..Limits::default() };
    let ended = attack(&growing, limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "memory: 8388608"));
}

#[tokio::test]
async fn a_memory_that_begins_beyond_the_limit_never_begins() {
    let large = component(
        "f: func();",
        "",
        r#"(memory (export "memory") 2048)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "test:hostile/api@0.1.0#f"))"#,
    );
    let ended = attack(&large, Limits::default()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "memory: 67108864"));
}

/// A component of `count` core instances of the module with these items.
fn many(count: usize, items: &str) -> Vec<u8> {
    let instances = "(core instance (instantiate $m))".repeat(count);
    raw_component(&format!(
        r#"(component
            (core module $m {items})
            (core module $main (func (export "f")))
            {instances}
            (core instance $main (instantiate $main))
            (func $f (canon lift (core func $main "f")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}

#[tokio::test]
async fn many_memories_count_together() {
    let ended = attack(&many(4, "(memory 320)"), Limits::default()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "memory: 67108864"));
}

#[tokio::test]
async fn instances_are_counted() {
    let limits = Limits { instances: 8, ..Limits::default() };
    let ended = attack(&many(12, ""), limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "instances: 8"));
}

#[tokio::test]
async fn tables_grow_to_their_limit_together() {
    let growing = component(
        "f: func();",
        "",
        r#"(table $a 1 funcref) (table $b 1 funcref)
        (func (export "test:hostile/api@0.1.0#f")
            (loop
                (drop (table.grow $a (ref.null func) (i32.const 500)))
                (drop (table.grow $b (ref.null func) (i32.const 500)))
                br 0))"#,
    );
    let ended = attack(&growing, Limits::default()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "table-elements: 20000"));
}

#[tokio::test]
async fn deep_recursion_uses_up_the_stack() {
    let recursing = component(
        "f: func();",
        "",
        r#"(func $deeper (export "test:hostile/api@0.1.0#f") (call $deeper))"#,
    );
    let ended = attack(&recursing, Limits::default()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "stack: 1048576"));
}

#[tokio::test]
async fn handles_are_counted() {
    let hoarding = component(
        "f: func();",
        "import voyager:workspace/files@0.1.0;",
        r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
        (func (export "test:hostile/api@0.1.0#f") (loop (call $roots (i32.const 64)) br 0))"#,
    );
    let limits = Limits { handles: 100, ..Limits::default() };
    let ended = attack(&hoarding, limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "handles: 100"));
}

#[tokio::test]
async fn handles_of_its_own_are_counted_too() {
    let hoarding = raw_component(
        r#"(component
            (type $r (resource (rep i32)))
            (core func $new (canon resource.new $r))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (func (export "f") (loop (drop (call $new (i32.const 1))) br 0)))
            (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
            (func $f (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#,
    );
    let limits = Limits { handles: 100, ..Limits::default() };
    let ended = attack(&hoarding, limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "handles: 100"));
}

#[tokio::test]
async fn a_million_small_questions_are_refused_beyond_the_limit() {
    // Counts answers with an error: byte 0 of the result is its tag.
    let asking = component(
        "f: func() -> u32;",
        "import voyager:workspace/files@0.1.0;",
        r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
        (import "voyager:workspace/files@0.1.0" "[method]folder.stat" (func $stat (param i32 i32 i32 i32)))
        (data (i32.const 16) "src/a")
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (local $left i32) (local $errors i32) (local $folder i32)
            (call $roots (i32.const 64))
            (local.set $folder (i32.load offset=8 (i32.load (i32.const 72))))
            (local.set $left (i32.const 1000000))
            (loop
                (call $stat (local.get $folder) (i32.const 16) (i32.const 5) (i32.const 128))
                (local.set $errors (i32.add (local.get $errors) (i32.load8_u (i32.const 128))))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if 0 (local.get $left)))
            (local.get $errors))"#,
    );
    let world = World::new(100, Duration::ZERO);
    let limits = Limits { cpu: Duration::from_secs(2), ..Limits::default() };
    let ended = attack_in(&world, &asking, limits).await;
    assert_eq!(world.asked().len(), 100);
    // Fast machines finish a million refusals, slow ones end at the processor's limit.
    match ended {
        Ok(errors) => assert_eq!(errors, Value::Int(1_000_000 - 100)),
        Err(_) => assert_eq!(bound(&ended), (ErrorKind::Limit, "cpu: 2s")),
    }
}

#[tokio::test]
async fn a_question_is_no_larger_than_a_call_may_carry() {
    let asking = component(
        "f: func();",
        "import voyager:run/run@0.1.0;",
        r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
        (memory (export "memory") 200)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "test:hostile/api@0.1.0#f")
            (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9000000)))"#,
    );
    let ended = attack(&asking, Limits::default()).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "call-bytes: 4194304"));
}

/// An operation whose result is the list or text of `length` elements at address 16.
fn returning(result: &str, pages: u32, length: u32) -> Vec<u8> {
    component(
        &format!("f: func() -> {result};"),
        "",
        &format!(
            r#"(memory (export "memory") {pages})
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (i32.store (i32.const 0) (i32.const 16))
                (i32.store (i32.const 4) (i32.const {length}))
                (i32.const 0))"#
        ),
    )
}

#[tokio::test]
async fn a_text_of_nearly_a_gibibyte_is_not_taken_over() {
    let limits = Limits { memory: 1 << 30, ..Limits::default() };
    let ended = attack(&returning("string", 16_000, 1_000_000_000), limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "value-bytes: 16777216"));
}

#[tokio::test]
async fn a_list_of_ten_million_empty_texts_is_not_taken_over() {
    let limits = Limits { memory: 256 * MIB, ..Limits::default() };
    let ended = attack(&returning("list<string>", 2_000, 10_000_000), limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "value-bytes: 16777216"));
}

#[tokio::test]
async fn a_list_longer_than_memory_is_a_lie() {
    let ended = attack(&returning("list<u64>", 1, 0x1000_0000), Limits::default()).await;
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Trapped);
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped_by_the_ledger() {
    let flooding = component(
        "f: func();",
        "import voyager:run/run@0.1.0;",
        r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
        (data (i32.const 16) "\1b[31mforged\0a\0d line\07")
        (func (export "test:hostile/api@0.1.0#f") (local $left i32)
            (local.set $left (i32.const 20000))
            (loop
                (call $log (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 19))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if 0 (local.get $left))))"#,
    );
    let world = World::default();
    attack_in(&world, &flooding, Limits::default()).await.unwrap();
    assert_eq!(world.book.lines()[0], "info: forged  line");
    assert_eq!((world.book.lines().len(), world.book.lines_dropped()), (1_000, 19_000));
}

/// An operation that reads `path` of the first folder and gives back the tag of the answer and of its
/// error: 0 for success, 1 + the place of the error in `voyager:types/types.error` otherwise.
fn reading(path: &str) -> Vec<u8> {
    component(
        "f: func() -> u32;",
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.read" (func $read (param i32 i32 i32 i64 i64 i32)))
            (data (i32.const 16) "{path}")
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (call $roots (i32.const 256))
                (call $read (i32.load offset=8 (i32.load (i32.const 264)))
                    (i32.const 16) (i32.const {length}) (i64.const 0) (i64.const 100)
                    (i32.const 512))
                (if (result i32) (i32.load8_u (i32.const 512))
                    (then (i32.add (i32.const 1) (i32.load8_u offset=8 (i32.const 512))))
                    (else (i32.const 0))))"#,
            length = path.len()
        ),
    )
}

#[tokio::test]
async fn only_granted_paths_are_read() {
    const DENIED: i128 = 1;
    for (path, answer) in [
        ("src/lib.rs", 0),
        ("../../etc/passwd", DENIED),
        ("/etc/passwd", DENIED),
        ("secret.txt", DENIED),
    ] {
        let world = World::default();
        let ended = attack_in(&world, &reading(path), Limits::default()).await;
        assert_eq!(ended, Ok(Value::Int(answer)), "{path}");
        assert_eq!(world.asked().len(), usize::from(answer == 0), "{path}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_granted_never_starts() {
    let starting = component(
        "f: func() -> u32;",
        "import voyager:process/process@0.1.0;",
        r#"(import "voyager:process/process@0.1.0" "run" (func $run (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)))
        (data (i32.const 16) "rm")
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (call $run
                (i32.const 16) (i32.const 2) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i64.const 0) (i32.const 512))
            (i32.add (i32.mul (i32.const 256) (i32.load8_u (i32.const 512)))
                (i32.load8_u offset=8 (i32.const 512))))"#,
    );
    let world = World::default();
    let ended = attack_in(&world, &starting, Limits::default()).await;
    assert_eq!((ended, world.asked()), (Ok(Value::Int(256)), Vec::new()));
}

#[tokio::test]
async fn a_host_call_that_takes_too_long_ends_with_the_wall_time() {
    let world = World::new(u64::MAX, Duration::from_secs(3_600));
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let ended = attack_in(&world, &reading("src/lib.rs"), limits).await;
    assert_eq!(bound(&ended), (ErrorKind::Timeout, "time: 50ms"));
}

#[tokio::test]
async fn waiting_for_children_costs_neither_time_nor_processor() {
    let waiting = component(
        "f: func() -> u32;",
        "import voyager:tasks/tasks@0.1.0;",
        r#"(import "voyager:tasks/tasks@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))
        (data (i32.const 16) "a:b/c.d")
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (call $call (i32.const 16) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 512))
            (i32.load8_u (i32.const 512)))"#,
    );
    let world = World::new(u64::MAX, Duration::from_millis(300));
    let (time, cpu) = (Duration::from_millis(100), Duration::from_millis(20));
    let ended = attack_in(&world, &waiting, Limits { time, cpu, ..Limits::default() }).await;
    assert_eq!(ended, Ok(Value::Int(0)));
}

#[tokio::test]
async fn a_trap_names_the_functions_of_the_skill() {
    let trapping = component(
        "f: func();",
        "",
        r#"(func $deep_inside unreachable)
        (func $outer (export "test:hostile/api@0.1.0#f") (call $deep_inside))"#,
    );
    let error = attack(&trapping, Limits::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Trapped);
    assert_eq!(
        error.message,
        "the skill broke: wasm trap: wasm `unreachable` instruction executed (in deep_inside < outer)"
    );
}

#[tokio::test]
async fn text_that_is_not_utf_8_traps() {
    let broken = component(
        "f: func() -> string;",
        "",
        r#"(data (i32.const 16) "\ff\fe")
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 2))
            (i32.const 0))"#,
    );
    assert_eq!(attack(&broken, Limits::default()).await.unwrap_err().kind, ErrorKind::Trapped);
}

#[tokio::test]
async fn values_outside_their_type_trap() {
    for (ty, raw) in [("char", 0xd800), ("e", 7)] {
        let broken = component(
            &format!("enum e {{ a, b }} f: func() -> {ty};"),
            "",
            &format!(r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const {raw})"#),
        );
        let error = attack(&broken, Limits::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Trapped, "{ty}");
    }
}

#[tokio::test]
async fn an_allocator_that_lies_traps() {
    let lying = component(
        "f: func(text: string);",
        "",
        r#"(memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const -16)
        (func (export "test:hostile/api@0.1.0#f") (param i32 i32))"#,
    );
    let host = Host::new();
    let text = vec![Value::String("a text of some length".to_owned())];
    let ended = host.run(&lying, text, Limits::default(), &World::default()).await;
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Trapped);
    assert!(host.is_alive().await);
}

#[tokio::test]
async fn leaving_by_exit_is_no_way_to_succeed() {
    let leaving = component(
        "f: func();",
        "import wasi:cli/exit@0.2.12;",
        r#"(import "wasi:cli/exit@0.2.12" "exit" (func $exit (param i32)))
        (func (export "test:hostile/api@0.1.0#f") (call $exit (i32.const 0)))"#,
    );
    let error = attack(&leaving, Limits::default()).await.unwrap_err();
    assert_eq!(error.message, "the skill ended itself with exit code 0 instead of returning");
}

#[tokio::test]
async fn arguments_are_checked_and_bounded() {
    let taking = component(
        "f: func(text: string);",
        "",
        r#"(func (export "test:hostile/api@0.1.0#f") (param i32 i32))"#,
    );
    let host = Host::new();
    let world = World::default();
    let limits = Limits { value_bytes: 1_000, ..Limits::default() };
    let call = |arguments| host.run(&taking, arguments, limits.clone(), &world);
    let error = call(vec![Value::Int(1)]).await.unwrap_err();
    assert_eq!(error.message, "the argument `text` of test:hostile@0.1.0/api.f is no `string`");
    assert_eq!(call(vec![]).await.unwrap_err().kind, ErrorKind::Invalid);
    let ended = call(vec![Value::String("x".repeat(2_000))]).await;
    assert_eq!(bound(&ended), (ErrorKind::Limit, "value-bytes: 1000"));
    assert_eq!(call(vec![Value::String("x".into())]).await, Ok(Value::Tuple(vec![])));
}
