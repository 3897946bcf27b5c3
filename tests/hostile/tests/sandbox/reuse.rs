//! Instances that serve several calls: only where the skill promises to keep nothing, only within a
//! run, and without a way to see or spend what another call left.

use std::sync::Arc;

use voyager_base::{
    Error, Limits, RunId, Value,
    call::{Invocation, Skills as _},
};
use voyager_hostile::{Host, World, component};

const REUSABLE: &str = "export voyager:run/reusable@0.1.0;";

/// Counts its calls in a global, and gives back the number; then does `more`.
fn counter(world: &str, imports: &str, more: &str) -> Vec<u8> {
    let core = format!(
        r#"
        {imports}
        (global $calls (mut i32) (i32.const 0))
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            {more}
            (global.get $calls))
        "#
    );
    component("f: func() -> u32;", world, &core)
}

async fn calls(host: &Host, component: &[u8], limits: &Limits, world: &World) -> [i128; 3] {
    let mut counts = [0; 3];
    for count in &mut counts {
        *count = call(host, component, limits, world).await.unwrap();
    }
    counts
}

async fn call(
    host: &Host,
    component: &[u8],
    limits: &Limits,
    world: &World,
) -> Result<i128, Error> {
    match host.run(component, Vec::new(), limits.clone(), world).await? {
        Value::Int(count) => Ok(count),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_promise_no_call_sees_another() {
    let (host, world) = (Host::new(), World::default());
    let seen = calls(&host, &counter("", "", ""), &Limits::default(), &world).await;
    assert_eq!(seen, [1, 1, 1]);
}

/// Looks for a byte that is not zero in eight megabytes of grown memory, then writes into each kilobyte.
fn scavenger() -> Vec<u8> {
    let core = r#"
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (local $at i32) (local $end i32) (local $found i32)
            (local.set $at (i32.shl (memory.grow (i32.const 128)) (i32.const 16)))
            (local.set $end (i32.add (local.get $at) (i32.const 8388608)))
            (loop $next
                (local.set $found (i32.add (local.get $found)
                    (i64.ne (i64.load (local.get $at)) (i64.const 0))))
                (if (i32.eqz (i32.and (local.get $at) (i32.const 1023)))
                    (then (i64.store (local.get $at) (i64.const -1))))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
            (local.get $found))
        "#;
    component("f: func() -> u32;", "", core)
}

#[tokio::test]
async fn memory_that_is_kept_for_the_next_instance_is_cleared() {
    // One place, so that each instance gets the memory of the one before it.
    let (host, world) = (Host::with_room(1), World::default());
    assert_eq!(calls(&host, &scavenger(), &Limits::default(), &world).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_promise_is_taken_at_its_word_within_one_run_and_its_limits() {
    let (host, world) = (Host::new(), World::default());
    let (component, limits) = (counter(REUSABLE, "", ""), Limits::default());
    assert_eq!(calls(&host, &component, &limits, &world).await, [1, 2, 3]);
    let other_run = World::in_run(RunId([2; 16]));
    assert_eq!(calls(&host, &component, &limits, &other_run).await, [1, 2, 3]);
    let other_limits = Limits { handles: 999, ..Limits::default() };
    assert_eq!(calls(&host, &component, &other_limits, &world).await, [1, 2, 3]);
    assert_eq!(call(&host, &component, &limits, &world).await, Ok(4));
}

#[tokio::test]
async fn a_verification_does_not_take_its_word() {
    let (host, world) = (Host::new(), World::default());
    let (component, limits) = (counter(REUSABLE, "", ""), Limits::default());
    assert_eq!(calls(&host, &component, &limits, &world).await, [1, 2, 3]);
    let call = host.invocation(&component, Vec::new(), limits, &world);
    let fresh = host.sandbox.call(Invocation { fresh: true, ..call }).await;
    assert_eq!(fresh, Ok(Value::Int(1)));
}

#[tokio::test]
async fn calls_at_the_same_time_never_share_an_instance() {
    let (host, world) = (Host::new(), World::default());
    let (component, limits) = (counter(REUSABLE, "", ""), Limits::default());
    let both = || async {
        let (one, two) = tokio::join!(
            call(&host, &component, &limits, &world),
            call(&host, &component, &limits, &world)
        );
        (one.unwrap(), two.unwrap())
    };
    assert_eq!(both().await.0, 1);
    assert!(both().await.0 <= 3);
}

#[tokio::test]
async fn a_skill_that_can_ask_for_effects_gets_a_fresh_instance() {
    let (host, world) = (Host::new(), World::default());
    let world_wit = format!("import voyager:workspace/files@0.1.0; {REUSABLE}");
    let imports =
        r#"(import "voyager:workspace/files@0.1.0" "[resource-drop]folder" (func (param i32)))"#;
    let component = counter(&world_wit, imports, "");
    assert_eq!(calls(&host, &component, &Limits::default(), &world).await, [1, 1, 1]);
}

#[tokio::test]
async fn an_instance_with_a_history_fails_no_call() {
    let (host, world) = (Host::new(), World::default());
    let trap = counter(
        REUSABLE,
        "",
        "(if (i32.gt_u (global.get $calls) (i32.const 1)) (then unreachable))",
    );
    assert_eq!(calls(&host, &trap, &Limits::default(), &world).await, [1, 1, 1]);
    // Two more pages in each call: the second one is beyond the limit of four.
    let leak = counter(REUSABLE, "", "(drop (memory.grow (i32.const 2)))");
    let limits = Limits { memory: 4 << 16, ..Limits::default() };
    assert_eq!(calls(&host, &leak, &limits, &world).await, [1, 1, 1]);
}

#[tokio::test]
async fn an_instance_that_broke_is_not_asked_again() {
    let (host, world) = (Host::new(), World::default());
    let component = counter(REUSABLE, "", "unreachable");
    for _ in 0..3 {
        call(&host, &component, &Limits::default(), &world).await.unwrap_err();
    }
    assert!(host.is_alive().await);
}

#[tokio::test]
async fn an_instance_that_holds_a_handle_does_not_wait() {
    let (host, world) = (Host::new(), World::default());
    let world_wit = format!("import wasi:cli/stdout@0.2.12; {REUSABLE}");
    let imports = r#"(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))"#;
    let component = counter(&world_wit, imports, "(drop (call $stdout))");
    assert_eq!(calls(&host, &component, &Limits::default(), &world).await, [1, 1, 1]);
}

#[tokio::test]
async fn randomness_starts_anew_with_each_call() {
    let (host, world) = (Host::new(), World::default());
    let world_wit = format!("import wasi:random/random@0.2.12; {REUSABLE}");
    let core = r#"
        (import "wasi:random/random@0.2.12" "get-random-u64" (func $random (result i64)))
        (func (export "test:hostile/api@0.1.0#f") (result i64) (call $random))"#;
    let component = component("f: func() -> u64;", &world_wit, core);
    let limits = Limits::default();
    let first = call(&host, &component, &limits, &world).await.unwrap();
    assert_eq!(call(&host, &component, &limits, &world).await, Ok(first));
}

#[tokio::test]
async fn an_instance_that_waits_holds_nothing_of_its_task() {
    let (host, world) = (Host::new(), World::default());
    let component = counter(REUSABLE, "", "");
    assert_eq!(calls(&host, &component, &Limits::default(), &world).await, [1, 2, 3]);
    assert_eq!(Arc::strong_count(&world.book), 1);
}
