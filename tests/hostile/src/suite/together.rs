//! Skills that work together against what each may do alone, and runs that take from others.

use std::{collections::BTreeSet, sync::Arc};

use voyager_base::BoxFuture;

use super::{Case, FILES, paths::files, tasks};
use crate::{Arena, Call, Ground, component};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::scene(
            "pass-on-through-an-instance",
            "leaves something in an instance that serves several calls, for another run to find",
            "an instance serves calls of one run",
            "gives 1, then gives 1",
            |arena| {
                Box::pin(async move {
                    let first = call(&arena, counter, "").await;
                    format!("{first}, then {}", call(&arena, counter, "").await)
                })
            },
        ),
        Case::scene(
            "pass-on-through-memory",
            "fills a memory, and looks for what others left in a fresh one",
            "what is kept of a memory is cleared",
            "gives 0, then gives 0, then gives 0",
            |arena| {
                Box::pin(async move {
                    let limits = "cpu: 1m";
                    let mut ends = Vec::new();
                    for _ in 0..3 {
                        ends.push(call(&arena, scavenger, limits).await);
                    }
                    ends.join(", then ")
                })
            },
        ),
        Case::scene(
            "poison-kept-results",
            "has its result kept under the name of an operation that another skill has, too",
            "results are kept for the hash of a component",
            "gives 666, then gives 7",
            |arena| {
                Box::pin(async move {
                    let evil = kept(&arena, || constant(666)).await;
                    format!("{evil}, then {}", kept(&arena, || constant(7)).await)
                })
            },
        ),
        Case::scene(
            "keep-an-error",
            "has a result kept by breaking",
            "failures are not kept",
            "trapped: wasm `unreachable` instruction executed, then trapped: wasm `unreachable` \
             instruction executed",
            |arena| {
                Box::pin(async move {
                    let broken = || super::number("", BROKEN);
                    let first = kept(&arena, broken).await;
                    format!("{first}, then {}", kept(&arena, broken).await)
                })
            },
        ),
        Case::scene(
            "pass-on-staged-files",
            "stages a file in a transaction, for a skill that may not read it",
            "what a task sees is what its own grant says, staged or not",
            "denied",
            |arena| {
                staged(
                    arena,
                    "grants: { workspace: [ { root: inputs.repo, read: [\"src/lib.rs\"] } ] }",
                )
            },
        ),
        Case::scene(
            "pass-on-staged-files-that-are-granted",
            "does the same for a skill that may: so the attack above is one",
            "what a task sees is what its own grant says, staged or not",
            "gives \"src\"",
            |arena| staged(arena, ""),
        ),
        Case::scene(
            "take-all-instances",
            "has tasks wait for tasks until all instances are taken, while somebody else asks for one",
            "half of the host's instances for one run: 20 here",
            "limit run-instances: 20; the other run gives 7",
            take_all,
        ),
    ]
}

const BROKEN: &str = r#"(func (export "test:hostile/api@0.1.0#f") (result i32) unreachable)"#;

async fn call(arena: &Arena, make: fn() -> Vec<u8>, limits: &str) -> String {
    let limits = limits.to_owned();
    arena.call(&Call { component: Box::new(make), limits, ..Call::default() }).await
}

/// A call whose result is kept for a day.
async fn kept(arena: &Arena, make: fn() -> Vec<u8>) -> String {
    let more = "    cache: { ttl: 1d }".to_owned();
    arena.call(&Call { component: Box::new(make), more, ..Call::default() }).await
}

fn constant(number: u32) -> Vec<u8> {
    super::number(
        "",
        &format!(r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const {number})"#),
    )
}

/// Counts its calls, and promises to keep nothing.
fn counter() -> Vec<u8> {
    component(
        "f: func() -> u32;",
        "export voyager:run/reusable@0.1.0;",
        r#"(global $calls (mut i32) (i32.const 0))
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (global.get $calls))"#,
    )
}

/// Counts the words of 4 MiB that are not zero, and fills them.
fn scavenger() -> Vec<u8> {
    super::number(
        "",
        r#"(memory (export "memory") 65)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "test:hostile/api@0.1.0#f") (result i32) (local $at i32) (local $found i32)
            (loop $next
                (local.set $found (i32.add (local.get $found)
                    (i64.ne (i64.load (local.get $at)) (i64.const 0))))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $next (i32.lt_u (local.get $at) (i32.const 4194304))))
            (memory.fill (i32.const 0) (i32.const 255) (i32.const 4194304))
            (local.get $found))"#,
    )
}

/// One step stages `src/new`, the next reads it with `grants`.
fn staged(arena: Arc<Arena>, grants: &'static str) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let ground = Ground::new();
        let text = format!(
            "inputs: {{ repo: {{ type: path }} }}\ngrants: {{ {FILES} }}\nsteps:\n\
             \x20 - id: both\n    transaction: {{ workspace: inputs.repo }}\n    steps:\n\
             \x20     - {{ id: write, use: hostile/f, with: {{ path: src/new }} }}\n\
             \x20     - {{ id: read, use: others2/f, with: {{ path: src/new }}, {grants} }}\n\
             outputs: {{ answer: {{ from: steps.both.read }} }}\n"
        );
        let other = renamed(&files("read"));
        let ended = arena.play(&[files("write"), other], &text, &ground).await;
        ground.check();
        ended
    })
}

/// The same component in the package `test:others2`, whose name is as long.
fn renamed(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let (from, to) = (b"test:hostile", b"test:others2");
    for at in 0..bytes.len() - from.len() {
        if &bytes[at..at + from.len()] == from {
            bytes[at..at + from.len()].copy_from_slice(to);
        }
    }
    bytes
}

fn take_all(arena: Arc<Arena>) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let bomb = Call {
            component: Box::new(tasks::endless_map),
            grants: tasks::ALL.to_owned(),
            with: "x: 1000000".to_owned(),
            limits: "depth: 64, time: 1h, cpu: 1h".to_owned(),
            ..Call::default()
        };
        let arena = Arena::with_room(arena.program(), 40);
        let ground = Ground::new();
        let skill = arena.host.sandbox.load(&(bomb.component)()).expect("it is a skill");
        let live = arena.start(&skill, &bomb, &ground).await;
        let (handle, outcome) = (live.handle.clone(), tokio::spawn(live.outcome));
        let full = loop {
            if let Some(full) = arena.lines().full {
                break full;
            }
            assert!(!outcome.is_finished(), "the bomb ended by itself");
            tokio::task::yield_now().await;
        };
        let mut others = BTreeSet::new();
        for _ in 0..20 {
            others.insert(arena.call(&Call::default()).await);
        }
        handle.cancel();
        let bombed = outcome.await;
        assert!(bombed.is_ok(), "{bombed:?}");
        let others: Vec<String> = others.into_iter().collect();
        format!("{full}; the other run {}", others.join(", "))
    })
}
