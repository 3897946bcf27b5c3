//! Attacks on the stand-ins for WASI: ways out, and clocks and polls with odd numbers.

use super::{Case, number};
use crate::component;

pub(super) fn cases() -> Vec<Case> {
    const NONE: &str = "there are no files and no network";
    vec![
        Case::call(
            "sockets",
            "makes TCP and UDP sockets, and looks up a name",
            NONE,
            "gives 111",
            sockets,
        ),
        Case::call("preopened-folders", "asks for the folders that it was given", NONE, "gives 0", || {
            counted("wasi:filesystem/preopens@0.2.12", "get-directories")
        }),
        Case::call("environment", "asks for the host's variables", "the environment is empty", "gives 0", || {
            counted("wasi:cli/environment@0.2.12", "get-environment")
        }),
        Case::call("arguments", "asks for the host's arguments", "the environment is empty", "gives 0", || {
            counted("wasi:cli/environment@0.2.12", "get-arguments")
        }),
        Case::call("standard-input", "reads the host's standard input", "it is closed", "gives 1", || {
            number(
                "import wasi:cli/stdin@0.2.12; import wasi:io/streams@0.2.12;",
                r#"(import "wasi:cli/stdin@0.2.12" "get-stdin" (func $stdin (result i32)))
                (import "wasi:io/streams@0.2.12" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
                (func (export "test:hostile/api@0.1.0#f") (result i32)
                    (call $read (call $stdin) (i64.const -1) (i32.const 64))
                    (i32.load8_u (i32.const 64)))"#,
            )
        }),
        Case::call(
            "random-flood",
            "asks for 64 MiB of random bytes",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            || random(64 << 20),
        )
        .limits("memory: 128MiB"),
        Case::call(
            "random-of-everything",
            "asks for as many random bytes as a number holds",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            || random(-1),
        ),
        Case::call(
            "random-for-ever",
            "asks for 1 MiB of random bytes for ever",
            "`cpu` 100 ms, `memory` 64 MiB: whatever is first",
            "limit …",
            || {
                component(
                    "f: func();",
                    "import wasi:random/random@0.2.12;",
                    r#"(import "wasi:random/random@0.2.12" "get-random-bytes" (func $random (param i64 i32)))
                    (func (export "test:hostile/api@0.1.0#f")
                        (loop (call $random (i64.const 1048576) (i32.const 64)) br 0))"#,
                )
            },
        )
        .limits("cpu: 100ms"),
        Case::call("poll-nothing", "waits for nothing", "there must be something to wait for", "trapped: `poll` without anything to wait for", || {
            poll("", 0)
        }),
        Case::call("poll-for-no-time", "waits for no time", "a wait that is over at once", "gives 1", || {
            poll("(i64.const 0)", 1)
        }),
        Case::call("poll-for-centuries", "waits for as long as a number holds", "waiting moves the skill's clock alone", "gives 1", || {
            poll("(i64.const -1)", 1)
        }),
        Case::call("poll-many", "waits for the same timer 100,000 times at once", "`handles` 1,000: what is lent counts", "limit handles: 1000", || {
            poll("(i64.const 5)", 100_000)
        })
        .limits("cpu: 1m"),
        Case::call("sleep-for-centuries", "sleeps for as long as a number holds, again and again", "waiting moves the skill's clock alone", "goes on", || {
            component(
                "f: func();",
                "import wasi:clocks/monotonic-clock@0.2.12; import wasi:io/poll@0.2.12;
                 import wasi:clocks/wall-clock@0.2.12;",
                r#"(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $after (param i64) (result i32)))
                (import "wasi:clocks/wall-clock@0.2.12" "now" (func $now (param i32)))
                (import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
                (func (export "test:hostile/api@0.1.0#f") (local $left i32)
                    (local.set $left (i32.const 500))
                    (loop
                        (call $block (call $after (i64.const -1)))
                        (call $now (i32.const 64))
                        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                        (br_if 0 (local.get $left))))"#,
            )
        }),
        Case::call("write-zeroes", "writes as many zeroes as a number holds", "zeroes are no text", "gives 0", || {
            stream("[method]output-stream.write-zeroes", "i32 i64 i32", "(i64.const -1)")
        }),
        Case::call("write-beyond-memory", "writes more than its memory holds", "addresses are checked where a value crosses", "trapped: list pointer/length out of bounds of memory", || {
            stream("[method]output-stream.write", "i32 i32 i32 i32", "(i32.const 0) (i32.const -1)")
        }),
    ]
}

/// 1 for a refused TCP socket, 10 for a refused UDP socket, 100 for a refused name.
fn sockets() -> Vec<u8> {
    number(
        "import wasi:sockets/tcp-create-socket@0.2.12; import wasi:sockets/udp-create-socket@0.2.12;
         import wasi:sockets/instance-network@0.2.12; import wasi:sockets/ip-name-lookup@0.2.12;",
        r#"(import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $tcp (param i32 i32)))
        (import "wasi:sockets/udp-create-socket@0.2.12" "create-udp-socket" (func $udp (param i32 i32)))
        (import "wasi:sockets/instance-network@0.2.12" "instance-network" (func $network (result i32)))
        (import "wasi:sockets/ip-name-lookup@0.2.12" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
        (data (i32.const 16) "example.org")
        (func (export "test:hostile/api@0.1.0#f") (result i32)
            (call $tcp (i32.const 0) (i32.const 128))
            (call $udp (i32.const 1) (i32.const 192))
            (call $resolve (call $network) (i32.const 16) (i32.const 11) (i32.const 256))
            (i32.add (i32.load8_u (i32.const 128))
                (i32.add (i32.mul (i32.const 10) (i32.load8_u (i32.const 192)))
                    (i32.mul (i32.const 100) (i32.load8_u (i32.const 256))))))"#,
    )
}

/// The length of the list that a function gives back.
fn counted(interface: &str, function: &str) -> Vec<u8> {
    number(
        &format!("import {interface};"),
        &format!(
            r#"(import "{interface}" "{function}" (func $list (param i32)))
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (call $list (i32.const 64))
                (i32.load (i32.const 68)))"#
        ),
    )
}

fn random(length: i64) -> Vec<u8> {
    component(
        "f: func();",
        "import wasi:random/random@0.2.12;",
        &format!(
            r#"(import "wasi:random/random@0.2.12" "get-random-bytes" (func $random (param i64 i32)))
            (func (export "test:hostile/api@0.1.0#f")
                (call $random (i64.const {length}) (i32.const 64)))"#
        ),
    )
}

/// Waits `count` times at once for one timer, and gives back how many are told to be ready.
fn poll(after: &str, count: u32) -> Vec<u8> {
    let timer = if after.is_empty() {
        String::new()
    } else {
        format!("(local.set $timer (call $after {after}))")
    };
    number(
        "import wasi:clocks/monotonic-clock@0.2.12; import wasi:io/poll@0.2.12;",
        &format!(
            r#"(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $after (param i64) (result i32)))
            (import "wasi:io/poll@0.2.12" "poll" (func $poll (param i32 i32 i32)))
            (memory (export "memory") 40)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1048576)
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (local $timer i32) (local $at i32)
                {timer}
                (local.set $at (i32.const 1024))
                (loop
                    (i32.store (local.get $at) (local.get $timer))
                    (local.set $at (i32.add (local.get $at) (i32.const 4)))
                    (br_if 0 (i32.lt_u (local.get $at) (i32.const {end}))))
                (call $poll (i32.const 1024) (i32.const {count}) (i32.const 64))
                (i32.load (i32.const 68)))"#,
            end = 1024 + 4 * count,
        ),
    )
}

/// The tag of the answer of one method of standard output.
fn stream(method: &str, signature: &str, arguments: &str) -> Vec<u8> {
    number(
        "import wasi:cli/stdout@0.2.12; import wasi:io/streams@0.2.12;",
        &format!(
            r#"(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
            (import "wasi:io/streams@0.2.12" "{method}" (func $do (param {signature})))
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (call $do (call $stdout) {arguments} (i32.const 64))
                (i32.load8_u (i32.const 64)))"#
        ),
    )
}
