//! Attacks with what people see: floods, and text that terminals obey.

use std::sync::Arc;

use voyager_base::BoxFuture;

use super::Case;
use crate::{Arena, Call, component};

pub(super) fn cases() -> Vec<Case> {
    const DROPPED: &str = "`log-lines` 1,000, `log-bytes` 64 KiB; what is beyond is dropped";
    vec![
        Case::scene(
            "log-flood",
            "logs 20,000 lines",
            DROPPED,
            "goes on; 1000 lines, the longest of 1 bytes: info: x",
            |arena| told(arena, || log("x", 20_000)),
        ),
        Case::scene(
            "log-giant-line",
            "logs a line of 1 MiB",
            "8 KiB for a line",
            "goes on; 1 lines, the longest of 8192 bytes: info: aaaaaaaaaaaa…",
            |arena| told(arena, giant_line),
        ),
        Case::scene(
            "log-escape-sequences",
            "logs what colours, moves and rings a terminal, and turns text around",
            "what a terminal obeys is removed",
            "goes on; 1 lines, the longest of 13 bytes: info: forged  line.",
            |arena| {
                told(arena, || {
                    log(
                        concat!(
                            r"\1b[31mfor\1b]0;title\07ged\0a\0d line\08\07",
                            r"\c2\9b\e2\80\ae\e2\81\a6.\7f",
                        ),
                        1,
                    )
                })
            },
        ),
        Case::scene(
            "log-forged-fields",
            "logs what looks like a further line of the host's own log",
            "a line stays one line",
            "goes on; 1 lines, the longest of 50 bytes: info: ok 2026-01-01T00:00:00Z ERROR run=1 \"approved=yes\"",
            |arena| {
                told(arena, || {
                    log(r#"ok\0a2026-01-01T00:00:00Z ERROR run=1 \22approved=yes\22"#, 1)
                })
            },
        ),
        Case::scene(
            "log-forged-level",
            "logs with a level of its own that holds a line end",
            "a level is one of four",
            "goes on; 1 lines, the longest of 1 bytes: info: x",
            |arena| {
                told(arena, || {
                    printing_world(
                        r#"(data (i32.const 16) "error\0aroot: x") (data (i32.const 64) "x")"#,
                        "(call $log (i32.const 16) (i32.const 13) (i32.const 64) (i32.const 1))",
                    )
                })
            },
        ),
        Case::scene(
            "progress-flood",
            "reports progress 20,000 times, with notes of 1 KiB",
            "512 bytes for a note; `log-bytes` 64 KiB",
            "goes on; 0 lines, the longest of 0 bytes: ",
            |arena| told(arena, progress),
        ),
        Case::scene(
            "print-flood",
            "prints a million line ends at once",
            "64 KiB for a write, as `check-write` says",
            "trapped: a write of 1048576 bytes; `check-write` allows 65536; 0 lines, the longest of 0 bytes: ",
            |arena| told(arena, || printing(1 << 20, 10, 1)),
        ),
        Case::scene(
            "print-line-ends",
            "prints 65,536 line ends twenty times",
            DROPPED,
            "goes on; 1000 lines, the longest of 0 bytes: info: ",
            |arena| told(arena, || printing(65_536, 10, 20)),
        ),
        Case::scene(
            "print-endless-line",
            "prints 6 MiB without a line end",
            "8 KiB for a line",
            "goes on; 1 lines, the longest of 8192 bytes: info: aaaaaaaaaaaa…",
            |arena| told(arena, || printing(65_536, 97, 100)),
        ),
    ]
}

/// Plays a component, and says what was told.
fn told(arena: Arc<Arena>, component: fn() -> Vec<u8>) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let call = Call {
            component: Box::new(component),
            limits: "cpu: 1m".to_owned(),
            ..Call::default()
        };
        let ended = arena.call(&call).await;
        let told = arena.lines();
        format!(
            "{ended}; {} lines, the longest of {} bytes: {}",
            told.count, told.longest, told.first
        )
    })
}

fn printing_world(data: &str, body: &str) -> Vec<u8> {
    component(
        "f: func();",
        "import voyager:run/run@0.1.0;",
        &format!(
            r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
            {data}
            (func (export "test:hostile/api@0.1.0#f") (local $left i32) {body})"#
        ),
    )
}

fn log(line: &str, times: u32) -> Vec<u8> {
    let length = wat_length(line);
    printing_world(
        &format!(r#"(data (i32.const 16) "{line}")"#),
        &format!(
            "(local.set $left (i32.const {times}))
            (loop
                (call $log (i32.const 0) (i32.const 0) (i32.const 16) (i32.const {length}))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if 0 (local.get $left)))"
        ),
    )
}

/// Bytes of a text with `\hh` for one of them.
fn wat_length(text: &str) -> usize {
    text.len() - 2 * text.matches('\\').count()
}

fn giant_line() -> Vec<u8> {
    component(
        "f: func();",
        "import voyager:run/run@0.1.0;",
        r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
        (memory (export "memory") 32)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "test:hostile/api@0.1.0#f")
            (memory.fill (i32.const 0) (i32.const 97) (i32.const 1048576))
            (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1048576)))"#,
    )
}

fn progress() -> Vec<u8> {
    component(
        "f: func();",
        "import voyager:run/run@0.1.0;",
        r#"(import "voyager:run/run@0.1.0" "progress" (func $progress (param i64 i32 i64 i32 i32)))
        (func (export "test:hostile/api@0.1.0#f") (local $left i32)
            (memory.fill (i32.const 0) (i32.const 27) (i32.const 1024))
            (local.set $left (i32.const 20000))
            (loop
                (call $progress
                    (i64.const 1) (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 1024))
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if 0 (local.get $left))))"#,
    )
}

/// Prints `times` times `length` of the same byte.
fn printing(length: u32, byte: u8, times: u32) -> Vec<u8> {
    component(
        "f: func();",
        "import wasi:cli/stdout@0.2.12; import wasi:io/streams@0.2.12;",
        &format!(
            r#"(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
            (import "wasi:io/streams@0.2.12" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
            (memory (export "memory") 32)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
            (func (export "test:hostile/api@0.1.0#f") (local $left i32) (local $stdout i32)
                (memory.fill (i32.const 1024) (i32.const {byte}) (i32.const {length}))
                (local.set $stdout (call $stdout))
                (local.set $left (i32.const {times}))
                (loop
                    (call $write (local.get $stdout) (i32.const 1024) (i32.const {length}) (i32.const 64))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if 0 (local.get $left))))"#
        ),
    )
}
