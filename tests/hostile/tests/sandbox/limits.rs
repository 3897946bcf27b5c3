//! What a limit is not: it does not bite others, nor before its time, and says where it bit. That each bites
//! is the matter of the suite.

use std::time::Duration;

use voyager_base::{Error, ErrorKind, Limits, Value};
use voyager_hostile::{Host, World, component};

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
async fn what_a_guest_used_is_told_however_it_ends() {
    let (page, mib) = (64 << 10, 1 << 20);
    let grows = "(drop (memory.grow (i32.const 15)))";
    for (name, work, held) in [
        ("it returns", "", page),
        ("it has grown", grows, mib),
        ("it traps", &*format!("{grows} unreachable"), mib),
        ("it is out of time", &*format!("{grows} (loop br 0)"), mib),
    ] {
        let limits = Limits { cpu: Duration::from_millis(30), ..Limits::default() };
        let world = World::default();
        let _ = attack_in(&world, &body(work), limits).await;
        let [(cpu, memory_bytes)] = world.book.used()[..] else { panic!("{name}: told once") };
        assert_eq!(memory_bytes, held, "{name}");
        assert!(!work.contains("loop") || !cpu.is_zero(), "{name}: {cpu:?}");
    }
}

#[tokio::test]
async fn what_a_guest_used_is_told_where_nobody_waits_for_it() {
    let (host, world) = (Host::new(), World::default());
    let looping = body("(loop br 0)");
    let mut guest = Box::pin(host.run(&looping, Vec::new(), Limits::default(), &world));
    // Ready never: a guest that loops gives the thread back at each tick.
    for _ in 0..3 {
        let polled = futures_util::poll!(&mut guest);
        assert!(polled.is_pending() && world.book.used().is_empty());
    }
    drop(guest);
    assert_eq!(world.book.used().len(), 1);
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
