//! Attacks with what crosses between guest and host: huge questions, huge answers, huge results.

use std::fs;

use super::{Case, FILES};
use crate::{Ground, component};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::call(
            "huge-question",
            "logs a line of 9 MB",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            || {
                component(
                    "f: func();",
                    "import voyager:run/run@0.1.0;",
                    r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
                    (memory (export "memory") 200)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                    (func (export "test:hostile/api@0.1.0#f")
                        (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 9000000)))"#,
                )
            },
        ),
        Case::call(
            "huge-text",
            "gives back a text of nearly a GiB",
            "`value-bytes` 16 MiB",
            "limit value-bytes: 16777216",
            || returning("string", 16_000, 1_000_000_000),
        )
        .limits("memory: 1GiB"),
        Case::call(
            "ten-million-empty-texts",
            "gives back a list of ten million empty texts",
            "`value-bytes` 16 MiB",
            "limit value-bytes: 16777216",
            || returning("list<string>", 2_000, 10_000_000),
        )
        .limits("memory: 256MiB"),
        Case::call(
            "million-empty-lists",
            "gives back a list of 6,000,000 lists, each of which takes a byte in canonical form",
            "`value-bytes` 16 MiB, and eight times that for the host's own form",
            "limit value-bytes: 16777216",
            || returning("list<list<list<string>>>", 900, 6_000_000),
        ),
        Case::call(
            "same-text-a-million-times",
            "gives back a list of texts that all lie at the same place",
            "`value-bytes` 16 MiB",
            "limit value-bytes: 16777216",
            same_text,
        ),
        Case::call(
            "huge-read",
            "reads as many bytes as a number holds",
            "4 MiB for each read",
            "limit read-bytes-max: 4194304",
            || read(-1),
        )
        .grants(FILES),
        Case::call(
            "read-beyond-every-end",
            "reads from the largest offset there is",
            "there is nothing behind the end",
            "gives \"\"",
            || {
                folder(
                    "list<u8>",
                    r#"(import "voyager:workspace/files@0.1.0" "[method]folder.read" (func $read (param i32 i32 i32 i64 i64 i32)))"#,
                    "(call $read (local.get $folder) (i32.const 16) (i32.const 10) (i64.const -1) (i64.const 100) (i32.const 512))",
                )
            },
        )
        .grants(FILES),
        Case::call(
            "answer-beyond-memory",
            "reads 4 MiB with a memory of 1 MiB",
            "`memory` 1 MiB",
            "limit memory: 1048576",
            || read(4 << 20),
        )
        .grants(FILES)
        .limits("memory: 1MiB")
        .prepare(large_file),
        Case::call(
            "leak-listings",
            "lists 1,000 files 999 times, and keeps each listing",
            "100,000 files in the listings that it holds already",
            "limit listed-files: 100000",
            leak_listings,
        )
        .grants(FILES)
        .prepare(many_files),
        Case::call(
            "replace-bomb",
            "replaces each of 100,000 letters by 1 MiB",
            "100 MiB for each file; what would be larger is passed over",
            "gives 1",
            || replace("a", "", "b"),
        )
        .grants(FILES)
        .prepare(large_file),
        Case::call(
            "replace-bomb-of-groups",
            "replaces a line of 4 MiB by itself a hundred thousand times",
            "100 MiB for each file; what would be larger is passed over",
            "gives 1",
            || replace(".+", "$0", ""),
        )
        .grants(FILES)
        .prepare(large_file),
        Case::call(
            "replace-nothing-bomb",
            "puts 1 MiB between all letters, where a pattern matches nothing",
            "100 MiB for each file; what would be larger is passed over",
            "gives 1",
            || replace("b*", "", "b"),
        )
        .grants(FILES)
        .prepare(large_file),
        Case::call(
            "pattern-bomb",
            "searches for a pattern that compiles to gigabytes",
            "64 KiB of pattern, 10 MiB compiled",
            "invalid",
            || search(r"(\\w{1000}){1000}"),
        )
        .grants(FILES),
        Case::call(
            "pattern-that-backtracks",
            "searches 4 MiB of `a` for a pattern that makes others try for years",
            "patterns are matched in linear time",
            "goes on",
            || search("(a*)*b"),
        )
        .grants(FILES)
        .prepare(large_file),
        Case::call(
            "glob-bomb",
            "lists with 100,000 globs",
            "10,000 globs, 256 KiB",
            "invalid",
            || list("s*[ab]c?d", 100_000),
        )
        .grants(FILES),
        Case::call(
            "glob-alternatives-bomb",
            "lists with a glob of 20,000 alternatives, 10 times",
            "10,000 globs, 256 KiB; 10 MiB compiled",
            "invalid",
            || list(&format!("{{{}}}", "a?b,".repeat(20_000)), 10),
        )
        .grants(FILES),
        Case::call(
            "million-places",
            "searches for a letter that is there four million times, and wants all places",
            "100,000 places; `memory` 64 MiB for what is told of them",
            "goes on",
            || search("a"),
        )
        .grants(FILES)
        .prepare(large_file),
        Case::call(
            "huge-diff",
            "asks for a diff without end of what it staged",
            "16 MiB of diff",
            "gives \"\"",
            || {
                folder(
                    "string",
                    r#"(import "voyager:workspace/files@0.1.0" "[method]folder.diff" (func $diff (param i32 i64 i32)))"#,
                    "(call $diff (local.get $folder) (i64.const -1) (i32.const 512))",
                )
            },
        )
        .grants(FILES),
    ]
}

/// A file of 4 MiB of one letter, in one line.
fn large_file(ground: &Ground) {
    fs::write(ground.at("repo/src/lib.rs"), "a".repeat(4 << 20)).expect("it is there");
}

fn many_files(ground: &Ground) {
    for file in 0..1_000 {
        fs::write(ground.at(&format!("repo/src/{file}.rs")), "").expect("the folder is there");
    }
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

/// A thousand texts of 64 KiB that share their bytes.
fn same_text() -> Vec<u8> {
    component(
        "f: func() -> list<string>;",
        "",
        r#"(memory (export "memory") 4)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "test:hostile/api@0.1.0#f") (result i32) (local $at i32)
            (i32.store (i32.const 0) (i32.const 16))
            (i32.store (i32.const 4) (i32.const 4000))
            (local.set $at (i32.const 16))
            (loop
                (i32.store (local.get $at) (i32.const 65536))
                (i32.store offset=4 (local.get $at) (i32.const 65536))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if 0 (i32.lt_u (local.get $at) (i32.const 32016))))
            (i32.const 0))"#,
    )
}

/// Opens the granted folder, asks it one question by `ask`, and gives back the answer at address 512,
/// a `result<answer, error>`.
fn folder(answer: &str, import: &str, ask: &str) -> Vec<u8> {
    component(
        &format!("use voyager:types/types@0.1.0.{{error}}; f: func() -> result<{answer}, error>;"),
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            {import}
            (data (i32.const 16) "src/lib.rs")
            (func (export "test:hostile/api@0.1.0#f") (result i32) (local $folder i32)
                (call $roots (i32.const 256))
                (local.set $folder (i32.load offset=8 (i32.load (i32.const 264))))
                {ask}
                (i32.const 512))"#
        ),
    )
}

fn read(length: i64) -> Vec<u8> {
    folder(
        "list<u8>",
        r#"(import "voyager:workspace/files@0.1.0" "[method]folder.read" (func $read (param i32 i32 i32 i64 i64 i32)))"#,
        &format!(
            "(call $read (local.get $folder) (i32.const 16) (i32.const 10) (i64.const 0) (i64.const {length}) (i32.const 512))"
        ),
    )
}

fn leak_listings() -> Vec<u8> {
    folder(
        "_",
        r#"(import "voyager:workspace/files@0.1.0" "[method]folder.list" (func $list (param i32 i32 i32 i32)))"#,
        "(loop
            (call $list (local.get $folder) (i32.const 0) (i32.const 0) (i32.const 512))
            (br_if 0 (i32.eqz (i32.load8_u (i32.const 512)))))",
    )
}

/// Replaces `pattern` by a MiB of `letter`, or by `group` as often as it fits in there; gives back how many
/// files were passed over.
fn replace(pattern: &str, group: &str, letter: &str) -> Vec<u8> {
    let fill = if group.is_empty() {
        format!(
            "(memory.fill (i32.const 65536) (i32.const {}) (i32.const 1048576))",
            letter.as_bytes()[0]
        )
    } else {
        // `$0` over and over.
        "(local.set $at (i32.const 65536))
        (loop
            (i32.store16 (local.get $at) (i32.const 0x3024))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (br_if 0 (i32.lt_u (local.get $at) (i32.const 1114112))))"
            .to_owned()
    };
    component(
        "use voyager:types/types@0.1.0.{error}; f: func() -> result<u32, error>;",
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.replace" (func $replace (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (memory (export "memory") 20)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 2048)
            (data (i32.const 16) "{pattern}")
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (local $folder i32) (local $at i32)
                (call $roots (i32.const 256))
                (local.set $folder (i32.load offset=8 (i32.load (i32.const 264))))
                {fill}
                (call $replace (local.get $folder)
                    (i32.const 16) (i32.const {length}) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 1048576)
                    (i32.const 512))
                ;; The number of files that were passed over.
                (if (i32.eqz (i32.load8_u (i32.const 512)))
                    (then (i32.store (i32.const 520) (i32.load (i32.const 540)))))
                (i32.const 512))"#,
            length = pattern.len()
        ),
    )
}

fn search(pattern: &str) -> Vec<u8> {
    let length = pattern.replace(r"\\", r"\").len();
    folder(
        "_",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "[method]folder.search" (func $search (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (data (i32.const 32) "{pattern}")"#
        ),
        &format!(
            "(call $search (local.get $folder)
                (i32.const 32) (i32.const {length}) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 512))"
        ),
    )
}

/// Lists with `count` globs that are all `glob`.
fn list(glob: &str, count: u32) -> Vec<u8> {
    component(
        "use voyager:types/types@0.1.0.{error}; f: func() -> result<_, error>;",
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.list" (func $list (param i32 i32 i32 i32)))
            (memory (export "memory") 100)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 2048)
            (data (i32.const 65536) "{glob}")
            (func (export "test:hostile/api@0.1.0#f") (result i32) (local $left i32) (local $at i32)
                (call $roots (i32.const 256))
                (local.set $left (i32.const {count}))
                (local.set $at (i32.const 1048576))
                (loop
                    (i32.store (local.get $at) (i32.const 65536))
                    (i32.store offset=4 (local.get $at) (i32.const {length}))
                    (local.set $at (i32.add (local.get $at) (i32.const 8)))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if 0 (local.get $left)))
                (call $list (i32.load offset=8 (i32.load (i32.const 264)))
                    (i32.const 1048576) (i32.const {count}) (i32.const 512))
                (i32.const 512))"#,
            length = glob.len()
        ),
    )
}
