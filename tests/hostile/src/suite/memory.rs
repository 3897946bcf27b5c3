//! Attacks on memory: the guest's own, and what the host keeps for it.

use super::{Case, body};
use crate::{component, raw_component};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::call(
            "grow-memory",
            "grows its memory for ever",
            "`memory` 8 MiB",
            "limit memory: 8388608",
            || body("(loop (drop (memory.grow (i32.const 16))) br 0)"),
        )
        .limits("memory: 8MiB"),
        Case::call(
            "grow-by-everything",
            "grows its memory by 4 GiB at once",
            "`memory` 64 MiB",
            "limit memory: 67108864",
            || super::number("", &format!("{F} (memory.grow (i32.const 65535)))")),
        ),
        Case::call(
            "grow-beyond-its-own-maximum",
            "asks a thousand times for more than the most that it declares",
            "its own maximum; a refused growth counts for nothing",
            "gives 4294967295",
            || {
                super::number(
                    "",
                    r#"(memory (export "memory") 1 2)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                    (func (export "test:hostile/api@0.1.0#f") (result i32) (local $left i32)
                        (local.set $left (i32.const 1000))
                        (loop
                            (drop (memory.grow (i32.const 16)))
                            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                            (br_if 0 (local.get $left)))
                        (memory.grow (i32.const 16)))"#,
                )
            },
        ),
        Case::call(
            "begin-large",
            "declares a memory of 128 MiB",
            "`memory` 64 MiB",
            "limit memory: 67108864",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(memory (export "memory") 2048)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                    (func (export "test:hostile/api@0.1.0#f"))"#,
                )
            },
        ),
        Case::call(
            "many-memories",
            "has four instances with a memory of 20 MiB each",
            "`memory` 64 MiB, all added up",
            "limit memory: 67108864",
            || many(4, "(memory 320)"),
        ),
        Case::load(
            "many-memories-in-one-module",
            "has nine memories in one module",
            "slots of an instance: 8 memories",
            "refused: the skill does not fit this host's instances: …",
            || many(1, &"(memory 1)".repeat(9)),
        ),
        Case::load(
            "many-tables-in-one-module",
            "has nine tables in one module",
            "slots of an instance: 8 tables",
            "refused: the skill does not fit this host's instances: …",
            || many(1, &"(table 1 funcref)".repeat(9)),
        ),
        Case::call(
            "many-instances",
            "has 40 core instances",
            "`instances` 32",
            "limit instances: 32",
            || many(40, ""),
        ),
        Case::call(
            "grow-tables",
            "grows two tables in turn for ever",
            "`table-elements` 20,000, all added up",
            "limit table-elements: 20000",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(table $a 1 funcref) (table $b 1 funcref)
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop
                            (drop (table.grow $a (ref.null func) (i32.const 500)))
                            (drop (table.grow $b (ref.null func) (i32.const 500)))
                            br 0))"#,
                )
            },
        ),
        Case::call(
            "begin-with-a-large-table",
            "declares a table of 500,000 elements",
            "`table-elements` 20,000",
            "limit table-elements: 20000",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(table 500000 funcref) (func (export "test:hostile/api@0.1.0#f"))"#,
                )
            },
        ),
        Case::call(
            "many-large-instances",
            "runs 16 times at once, each with 60 MiB that it touches",
            "one slot for each core; `memory` 64 MiB for each",
            "goes on",
            || {
                component(
                    "f: func(x: s64);",
                    "",
                    r#"(memory (export "memory") 960)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                    (func (export "test:hostile/api@0.1.0#f") (param i64)
                        (memory.fill (i32.const 0) (i32.const 1) (i32.const 62914560)))"#,
                )
            },
        )
        .with("x: { from: item }")
        .more(concat!(
            "    for-each: { parallel: 16, in: \"[",
            "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]\" }",
        )),
    ]
}

const F: &str = r#"(func (export "test:hostile/api@0.1.0#f") (result i32)"#;

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
