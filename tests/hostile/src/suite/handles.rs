//! Attacks with handles: too many, forged ones, and ones that are gone.

use super::{Case, FILES};
use crate::{component, raw_component};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::call(
            "hoard-handles",
            "asks for handles of the host for ever, and drops none",
            "`handles` 100",
            "limit handles: 100",
            || {
                component(
                    "f: func();",
                    "import voyager:workspace/files@0.1.0;",
                    r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop (call $roots (i32.const 64)) br 0))"#,
                )
            },
        )
        .grants(FILES)
        .limits("handles: 100"),
        Case::call(
            "hoard-its-own-handles",
            "makes handles of a resource of its own for ever",
            "`handles` 100",
            "limit handles: 100",
            || {
                raw_component(
                    r#"(component
                        (type $r (resource (rep i32)))
                        (core func $new (canon resource.new $r))
                        (core module $m
                            (import "" "new" (func $new (param i32) (result i32)))
                            (func (export "f") (loop (drop (call $new (i32.const 1))) br 0)))
                        (core instance $i (instantiate $m
                            (with "" (instance (export "new" (func $new))))))
                        (func $f (canon lift (core func $i "f")))
                        (instance $api (export "f" (func $f)))
                        (export "test:hostile/api@0.1.0" (instance $api)))"#,
                )
            },
        )
        .limits("handles: 100"),
        Case::call(
            "hoard-streams",
            "asks for its standard output for ever",
            "`handles` 1,000",
            "limit handles: 1000",
            || hoard("wasi:cli/stdout@0.2.12", "get-stdout", "", ""),
        ),
        Case::call(
            "hoard-networks",
            "asks for the network, which is none, for ever",
            "`handles` 1,000",
            "limit handles: 1000",
            || hoard("wasi:sockets/instance-network@0.2.12", "instance-network", "", ""),
        ),
        Case::call(
            "hoard-timers",
            "sets timers for ever",
            "`handles` 1,000",
            "limit handles: 1000",
            || {
                let timer = "subscribe-duration";
                hoard("wasi:clocks/monotonic-clock@0.2.12", timer, "(param i64)", "(i64.const 1)")
            },
        ),
        Case::call(
            "leak-handles-in-every-call",
            "leaks 900 handles in each of 50 calls, and promises to keep nothing",
            "an instance that holds a handle serves no other call",
            "goes on",
            leak,
        )
        .with("x: { from: item }")
        .more(concat!(
            "    for-each: { in: \"[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,",
            "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]\" }",
        )),
        Case::call(
            "use-after-drop",
            "drops a folder, and reads through it",
            "a handle that is gone is none",
            UNKNOWN,
            || {
                folder(
                    "(call $drop (local.get $folder))
                    (call $stat (local.get $folder) (i32.const 16) (i32.const 3) (i32.const 512))",
                )
            },
        )
        .grants(FILES),
        Case::call(
            "double-drop",
            "drops a folder twice",
            "a handle that is gone is none",
            UNKNOWN,
            || folder("(call $drop (local.get $folder)) (call $drop (local.get $folder))"),
        )
        .grants(FILES),
        Case::call(
            "handle-of-another-type",
            "gives a listing where a folder is asked for",
            "handles have types",
            "trapped: handle index 2 used with the wrong type, …",
            || {
                folder(
                    "(call $list (local.get $folder) (i32.const 0) (i32.const 0) (i32.const 512))
                    (call $stat (i32.load offset=8 (i32.const 512))
                        (i32.const 16) (i32.const 3) (i32.const 640))",
                )
            },
        )
        .grants(FILES),
        Case::call(
            "drop-as-another-type",
            "drops a listing as if it were a folder",
            "handles have types",
            "trapped: handle index 2 used with the wrong type, …",
            || {
                folder(
                    "(call $list (local.get $folder) (i32.const 0) (i32.const 0) (i32.const 512))
                    (call $drop (i32.load offset=8 (i32.const 512)))",
                )
            },
        )
        .grants(FILES),
        Case::load(
            "resource-of-its-own-as-a-folder",
            "imports the folder's methods for a resource that it made itself",
            "types are compared when it is loaded",
            "refused: …",
            own_folder,
        ),
    ];
    cases.extend(forged());
    cases
}

const UNKNOWN: &str = "trapped: unknown handle index 1";

/// Numbers of handles that nobody gave.
fn forged() -> Vec<Case> {
    let forge = |name, tries, outcome, number: i64| {
        let made = move || {
            folder(&format!(
                "(call $stat (i32.const {number}) (i32.const 16) (i32.const 3) (i32.const 512))"
            ))
        };
        Case::call(name, tries, "a handle is what the host gave", outcome, made).grants(FILES)
    };
    vec![
        forge("forged-handle-0", "uses handle 0", "trapped: unknown handle index 0", 0),
        forge(
            "forged-handle-2",
            "uses a handle not yet given",
            "trapped: unknown handle index 2",
            2,
        ),
        forge(
            "forged-handle-12345",
            "uses a number far beyond its handles",
            "trapped: unknown handle index 12345",
            12_345,
        ),
        forge(
            "forged-handle-minus-1",
            "uses the largest number there is",
            "trapped: unknown handle index 4294967295",
            -1,
        ),
    ]
}

/// Asks `function` of `interface` for handles for ever.
fn hoard(interface: &str, function: &str, parameters: &str, arguments: &str) -> Vec<u8> {
    component(
        "f: func();",
        &format!("import {interface};"),
        &format!(
            r#"(import "{interface}" "{function}" (func $open {parameters} (result i32)))
            (func (export "test:hostile/api@0.1.0#f")
                (loop (drop (call $open {arguments})) br 0))"#
        ),
    )
}

fn leak() -> Vec<u8> {
    component(
        "f: func(x: s64);",
        "import wasi:cli/stdout@0.2.12; export voyager:run/reusable@0.1.0;",
        r#"(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
        (func (export "test:hostile/api@0.1.0#f") (param i64) (local $left i32)
            (local.set $left (i32.const 900))
            (loop
                (drop (call $stdout))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if 0 (local.get $left))))"#,
    )
}

/// Opens the granted folder, and does `then` with it.
fn folder(then: &str) -> Vec<u8> {
    component(
        "f: func();",
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.stat" (func $stat (param i32 i32 i32 i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.list" (func $list (param i32 i32 i32 i32)))
            (import "voyager:workspace/files@0.1.0" "[resource-drop]folder" (func $drop (param i32)))
            (data (i32.const 16) "src")
            (func (export "test:hostile/api@0.1.0#f") (local $folder i32)
                (call $roots (i32.const 256))
                (local.set $folder (i32.load offset=8 (i32.load (i32.const 264))))
                {then})"#
        ),
    )
}

/// Exports a resource, and imports `stat` as a method of that.
fn own_folder() -> Vec<u8> {
    raw_component(
        r#"(component
            (type $own (resource (rep i32)))
            (import "voyager:workspace/files@0.1.0" (instance $files
                (alias outer 1 $own (type $own))
                (export "folder" (type (eq $own)))
                (export "[method]folder.stat" (func (param "self" (borrow 0))))))
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#,
    )
}
