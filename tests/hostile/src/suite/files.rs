//! Attacks of command-line programs on the files that they are given, past their standard library, which would
//! refuse some of them itself.

use super::{Case, FILES};
use crate::program;

/// To read and to write, as `open-at` has it.
const BOTH: &str = "(i32.const 3)";

pub(super) fn cases() -> Vec<Case> {
    const PATH: &str = "paths start at a folder that was given, and stay in it";
    const ABOVE: &str = r#"gives {"exit-code":31,"stdout":"","stderr":""}"#;
    vec![
        case("file-above", "opens `src/../../secret`", PATH, ABOVE, || opening("src/../../secret")),
        case("file-from-the-root", "opens `/etc/passwd`", PATH, ABOVE, || opening("/etc/passwd")),
        case(
            "file-with-a-zero",
            "opens a path with a zero byte in it",
            "names have no control characters",
            r#"gives {"exit-code":12,"stdout":"","stderr":""}"#,
            || opening("src/a\\00b"),
        ),
        case("file-link", "makes a symbolic link to `/etc/passwd`", "no link is made", ABOVE, || {
            let core = r#"
                (import "wasi:filesystem/types@0.2.12" "[method]descriptor.symlink-at" (func $link (param i32 i32 i32 i32 i32 i32)))
                (func $main (result i32)
                    (call $link (call $folder) (i32.const 16) (i32.const 11) (i32.const 17) (i32.const 3) (i32.const 512))
                    (i32.load8_u (i32.const 513)))"#;
            program("", "/etc/passwd", core)
        }),
        case("file-handles", "opens a file without end", "`handles` 1,000", "limit handles: 1000", || {
            program("", "src/new", &format!("(func $main (result i32) (loop (drop (call $open (i32.const 1) {BOTH})) br 0) (i32.const 0))"))
        }),
        case("folder-listings", "lists a folder without end", "`handles` 1,000", "limit handles: 1000", || {
            let core = r#"
                (import "wasi:filesystem/types@0.2.12" "[method]descriptor.read-directory" (func $list (param i32 i32)))
                (func $main (result i32) (local $folder i32)
                    (local.set $folder (call $folder))
                    (loop (call $list (local.get $folder) (i32.const 512)) br 0)
                    (i32.const 0))"#;
            program("", "src", core)
        }),
        case("file-far-away", "writes a byte at 2^62", "`memory` 64 MiB", "limit memory: 67108864", || {
            changing("write", "i32 i32 i32 i64 i32", "(i32.const 16) (i32.const 1) (i64.const 4611686018427387904)")
        }),
        case("file-at-the-end-of-numbers", "writes a byte where numbers end", "a size is a number", r#"gives {"exit-code":1,"stdout":"","stderr":""}"#, || {
            changing("write", "i32 i32 i32 i64 i32", "(i32.const 16) (i32.const 1) (i64.const -1)")
        }),
        case("file-of-all-bytes", "has a file of as many bytes as a number holds", "`memory` 64 MiB", "limit memory: 67108864", || {
            changing("set-size", "i32 i64 i32", "(i64.const -1)")
        }),
        case("many-files-at-once", "has 26 open files of 4 MiB each", "`memory` 64 MiB for all together", "limit memory: 67108864", || {
            let core = format!(
                r#"
                (import "wasi:filesystem/types@0.2.12" "[method]descriptor.set-size" (func $size (param i32 i64 i32)))
                (func $main (result i32) (local $left i32)
                    (local.set $left (i32.const 26))
                    (loop
                        (call $size (call $open (i32.const 1) {BOTH}) (i64.const 4194304) (i32.const 512))
                        ;; Another name each time.
                        (i32.store8 (i32.const 20) (i32.add (i32.const 96) (local.get $left)))
                        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                        (br_if 0 (local.get $left)))
                    (i32.const 0))"#
            );
            program("", "src/0", &core)
        }),
        case("folders-without-end", "makes folders without end", "`host-calls` 1,000", "limit host-calls: 1000", || {
            let core = r#"
                (import "wasi:filesystem/types@0.2.12" "[method]descriptor.create-directory-at" (func $make (param i32 i32 i32 i32)))
                (func $letter (param $at i32) (param $number i32)
                    (i32.store8 (local.get $at)
                        (i32.add (i32.const 97) (i32.rem_u (local.get $number) (i32.const 26)))))
                (func $main (result i32) (local $folder i32) (local $number i32)
                    (local.set $folder (call $folder))
                    (loop
                        (local.set $number (i32.add (local.get $number) (i32.const 1)))
                        (call $letter (i32.const 20) (local.get $number))
                        (call $letter (i32.const 21) (i32.div_u (local.get $number) (i32.const 26)))
                        (call $letter (i32.const 22) (i32.div_u (local.get $number) (i32.const 676)))
                        (call $make (local.get $folder) (i32.const 16) (i32.const 7) (i32.const 512))
                        br 0)
                    (i32.const 0))"#;
            program("", "src/aaa", core)
        })
        .limits("host-calls: 1000"),
        case("print-without-end", "prints zeroes without end", "`value-bytes` 16 MiB", "limit value-bytes: 16777216", || {
            let core = r#"
                (import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
                (import "wasi:io/streams@0.2.12" "[method]output-stream.write-zeroes" (func $zeroes (param i32 i64 i32)))
                (func $main (result i32) (local $out i32)
                    (local.set $out (call $stdout))
                    (loop (call $zeroes (local.get $out) (i64.const 65536) (i32.const 512)) br 0)
                    (i32.const 0))"#;
            program("import wasi:cli/stdout@0.2.12; import wasi:io/streams@0.2.12;", "", core)
        }),
        case("exit-within", "exits while a changed file is open", "an exit is an end", r#"gives {"exit-code":9,"stdout":"","stderr":""}"#, || {
            let core = format!("(func $main (result i32) (drop (call $open (i32.const 1) {BOTH})) (call $exit (i32.const 9)) (i32.const 0))");
            program("", "src/new", &core)
        }),
    ]
}

fn case(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    component: fn() -> Vec<u8>,
) -> Case {
    Case::call(name, tries, bound, outcome, component).grants(FILES).with("arguments: []")
}

/// Opens a path, and exits with the code of the error.
fn opening(path: &str) -> Vec<u8> {
    let core = format!(
        "(func $main (result i32) (i32.sub (i32.const 0) (call $open (i32.const 1) {BOTH})))"
    );
    program("", path, &core)
}

/// Makes a file, and calls this method of it; exits with 1 where that fails.
fn changing(method: &str, parameters: &str, arguments: &str) -> Vec<u8> {
    let core = format!(
        r#"
        (import "wasi:filesystem/types@0.2.12" "[method]descriptor.{method}" (func $change (param {parameters})))
        (func $main (result i32)
            (call $change (call $open (i32.const 1) {BOTH}) {arguments} (i32.const 512))
            (i32.load8_u (i32.const 512)))"#
    );
    program("", "src/new", &core)
}
