//! Attacks on the processor and the stack.

use super::{Case, FILES, body};
use crate::{component, raw_component};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::call("endless-loop", "loops for ever", "`cpu` 50 ms", "limit cpu: 50ms", || {
            body("(loop br 0)")
        })
        .limits("cpu: 50ms"),
        Case::call(
            "endless-loop-in-time",
            "loops for ever, with a large `cpu`",
            "`time` 50 ms",
            "timeout time: 50ms",
            || body("(loop br 0)"),
        )
        .limits("time: 50ms"),
        Case::call(
            "loop-in-start",
            "loops in the start function, before it is called",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || in_start("(loop br 0)"),
        )
        .limits("cpu: 50ms"),
        Case::call(
            "loop-in-realloc",
            "loops where the host asks for memory for the arguments",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || {
                component(
                    "f: func(text: string);",
                    "",
                    r#"(memory (export "memory") 1)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                        (loop br 0) unreachable)
                    (func (export "test:hostile/api@0.1.0#f") (param i32 i32))"#,
                )
            },
        )
        .with("text: abc")
        .limits("cpu: 50ms"),
        Case::call(
            "loop-in-realloc-of-an-answer",
            "loops where the host asks for memory for an answer",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || {
                component(
                    "f: func();",
                    "import voyager:run/run@0.1.0;",
                    r#"(import "voyager:run/run@0.1.0" "get-lineage" (func $lineage (param i32)))
                    (memory (export "memory") 1)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                        (loop br 0) unreachable)
                    (func (export "test:hostile/api@0.1.0#f") (call $lineage (i32.const 64)))"#,
                )
            },
        )
        .limits("cpu: 50ms"),
        Case::call(
            "loop-in-post-return",
            "gives its result, and loops where it may clean up after it",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || post_return("(loop br 0)"),
        )
        .limits("cpu: 50ms"),
        Case::call(
            "loop-in-destructor",
            "loops in the destructor of a resource of its own",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || destructor("(loop br 0)"),
        )
        .limits("cpu: 50ms"),
        Case::call(
            "endless-tail-calls",
            "calls itself for ever without using up a stack",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(func $again (export "test:hostile/api@0.1.0#f") (return_call $again))"#,
                )
            },
        )
        .limits("cpu: 50ms"),
        Case::call(
            "memory-fill",
            "fills 32 MiB over and over, each time by one instruction",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(memory (export "memory") 512)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 33554432)) br 0))"#,
                )
            },
        )
        .limits("cpu: 50ms"),
        Case::call(
            "memory-copy",
            "copies 16 MiB within its memory over and over",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(memory (export "memory") 512)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop
                            (memory.copy (i32.const 16777216) (i32.const 0) (i32.const 16777216))
                            br 0))"#,
                )
            },
        )
        .limits("cpu: 50ms"),
        Case::call(
            "table-fill",
            "fills a table of 20,000 elements over and over",
            "`cpu` 50 ms",
            "limit cpu: 50ms",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(table $t 20000 funcref)
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop
                            (table.fill $t (i32.const 0) (ref.null func) (i32.const 20000))
                            br 0))"#,
                )
            },
        )
        .limits("cpu: 50ms"),
        Case::call("deep-recursion", "calls itself ever deeper", "1 MiB of stack", STACK, || {
            component(
                "f: func();",
                "",
                r#"(func $deeper (export "test:hostile/api@0.1.0#f") (call $deeper))"#,
            )
        }),
        Case::call(
            "deep-recursion-through-a-table",
            "calls itself ever deeper, by a table",
            "1 MiB of stack",
            STACK,
            || {
                component(
                    "f: func();",
                    "",
                    r#"(type $t (func)) (table $t 1 funcref) (elem (i32.const 0) $deeper)
                    (func $deeper (export "test:hostile/api@0.1.0#f")
                        (call_indirect $t (type $t) (i32.const 0)))"#,
                )
            },
        ),
        Case::call(
            "deep-recursion-in-start",
            "calls itself ever deeper in its start function",
            "1 MiB of stack",
            STACK,
            || in_start("(call $s)"),
        ),
        Case::call(
            "large-frames",
            "calls itself with a thousand variables in each frame, and the host at the end",
            "1 MiB of stack",
            STACK,
            large_frames,
        ),
        Case::call(
            "trap-in-start",
            "breaks in its start function",
            "a trap ends the call",
            "trapped: wasm `unreachable` instruction executed",
            || in_start("unreachable"),
        ),
        Case::call(
            "trap-in-post-return",
            "breaks where it may clean up after its result",
            "a trap ends the call",
            "trapped: wasm `unreachable` instruction executed",
            || post_return("unreachable"),
        ),
        Case::call(
            "trap-in-destructor",
            "breaks in the destructor of a resource of its own",
            "a trap ends the call",
            "trapped: wasm `unreachable` instruction executed",
            || destructor("unreachable"),
        ),
        Case::call(
            "tiny-host-calls",
            "asks the host for ever for what costs nothing",
            "`cpu` 100 ms",
            "limit cpu: 100ms",
            || {
                component(
                    "f: func();",
                    "import voyager:run/run@0.1.0;",
                    r#"(import "voyager:run/run@0.1.0" "get-remaining" (func $left (param i32)))
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop (call $left (i32.const 64)) br 0))"#,
                )
            },
        )
        .limits("cpu: 100ms"),
        Case::call(
            "many-host-calls",
            "asks the host 30,000 times, and counts the refusals",
            "`host-calls` 100",
            "gives 29900",
            || many("src/lib.rs"),
        )
        .grants(FILES)
        .limits("host-calls: 100, cpu: 1m, time: 2m"),
        Case::call(
            "many-denied-calls",
            "asks 30,000 times for what it is not granted",
            "`host-calls` 100: a refusal counts",
            "gives 30000",
            || many("secret.txt"),
        )
        .grants(FILES)
        .limits("host-calls: 100, cpu: 1m, time: 2m"),
        Case::call(
            "exit",
            "ends itself as if all were well",
            "leaving is no result",
            "trapped: the skill ended itself with exit code 0 instead of returning",
            || {
                component(
                    "f: func();",
                    "import wasi:cli/exit@0.2.12;",
                    r#"(import "wasi:cli/exit@0.2.12" "exit" (func $exit (param i32)))
                    (func (export "test:hostile/api@0.1.0#f") (call $exit (i32.const 0)))"#,
                )
            },
        ),
    ]
}

const STACK: &str = "limit stack: 1048576";

fn in_start(body: &str) -> Vec<u8> {
    let core = format!(r#"(func $s {body}) (start $s) (func (export "test:hostile/api@0.1.0#f"))"#);
    component("f: func();", "", &core)
}

fn post_return(body: &str) -> Vec<u8> {
    component(
        "f: func() -> string;",
        "",
        &format!(
            r#"(func (export "test:hostile/api@0.1.0#f") (result i32)
                (i32.store (i32.const 0) (i32.const 0))
                (i32.store (i32.const 4) (i32.const 0))
                (i32.const 0))
            (func (export "cabi_post_test:hostile/api@0.1.0#f") (param i32) {body})"#
        ),
    )
}

/// Makes a resource of its own, and drops it.
fn destructor(body: &str) -> Vec<u8> {
    raw_component(&format!(
        r#"(component
            (core module $d (func (export "drop") (param i32) {body}))
            (core instance $d (instantiate $d))
            (type $r (resource (rep i32) (dtor (core func $d "drop"))))
            (core func $new (canon resource.new $r))
            (core func $drop (canon resource.drop $r))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (import "" "drop" (func $drop (param i32)))
                (func (export "f") (call $drop (call $new (i32.const 1)))))
            (core instance $i (instantiate $m (with ""
                (instance (export "new" (func $new)) (export "drop" (func $drop))))))
            (func $f (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}

/// Recurses with frames of a thousand variables, whose values it needs afterwards.
fn large_frames() -> Vec<u8> {
    let locals = "i64 ".repeat(1_000);
    let set: String = (0..1_000)
        .map(|at| format!("(local.set {} (i64.load (i32.const {at})))", at + 1))
        .collect();
    let sum: String = (0..1_000)
        .map(|at| format!("(local.set $sum (i64.add (local.get $sum) (local.get {})))", at + 1))
        .collect();
    component(
        "f: func() -> u64;",
        "",
        &format!(
            r#"(func $deeper (param $depth i32) (result i64)
                (local {locals}) (local $sum i64)
                {set}
                (local.set $sum (call $deeper (i32.add (local.get $depth) (i32.const 1))))
                {sum}
                (local.get $sum))
            (func (export "test:hostile/api@0.1.0#f") (result i64) (call $deeper (i32.const 0)))"#
        ),
    )
}

/// Asks for a path 30,000 times; counts answers with an error: byte 0 of the result is its tag.
fn many(path: &str) -> Vec<u8> {
    component(
        "f: func() -> u32;",
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.stat" (func $stat (param i32 i32 i32 i32)))
            (data (i32.const 16) "{path}")
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (local $left i32) (local $errors i32) (local $folder i32)
                (call $roots (i32.const 64))
                (local.set $folder (i32.load offset=8 (i32.load (i32.const 72))))
                (local.set $left (i32.const 30000))
                (loop
                    ;; What an answer brings along is forgotten.
                    (global.set $next (i32.const 4096))
                    (call $stat (local.get $folder) (i32.const 16) (i32.const {}) (i32.const 128))
                    (local.set $errors (i32.add (local.get $errors) (i32.load8_u (i32.const 128))))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if 0 (local.get $left)))
                (local.get $errors))"#,
            path.len()
        ),
    )
}
