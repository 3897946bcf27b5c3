//! Attacks on the component ABI: values outside their type, allocators that lie, calls at the wrong time.

use super::{Case, body};
use crate::{component, raw_component};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        text("text-that-is-not-utf-8", "gives back bytes that are no text", r"\ff\fe", 2, TEXT),
        text(
            "text-with-a-surrogate",
            "gives back an encoded half of a character",
            r"\ed\a0\80",
            3,
            TEXT,
        ),
        text("text-overlong", "gives back `/` in two bytes", r"\c0\af", 2, TEXT),
        text(
            "text-beyond-unicode",
            "gives back a character beyond Unicode",
            r"\f5\80\80\80",
            4,
            TEXT,
        ),
        text(
            "text-cut",
            "gives back the first byte of a character",
            r"\e2",
            1,
            "trapped: incomplete utf-8 …",
        ),
        Case::call(
            "text-with-a-lone-surrogate-in-utf-16",
            "declares UTF-16, and gives back half of a pair",
            "text is checked where it crosses",
            "trapped: unpaired surrogate found: d800",
            || {
                lifted(
                    "string",
                    "string-encoding=utf16",
                    "(i32.store16 (i32.const 64) (i32.const 0xd800))",
                    1,
                )
            },
        ),
        Case::call(
            "argument-that-is-not-utf-8",
            "logs bytes that are no text",
            "text is checked where it crosses",
            "trapped: invalid utf-8 …",
            || log(r#"(data (i32.const 16) "\ff\fe")"#, "(i32.const 16) (i32.const 2)"),
        ),
        Case::call(
            "argument-beyond-memory",
            "logs a text that ends beyond its memory",
            "addresses are checked where a value crosses",
            "trapped: string pointer/length out of bounds of memory",
            || log("", "(i32.const 65530) (i32.const 100)"),
        ),
        Case::call(
            "argument-that-wraps-around",
            "logs a text whose end is beyond 4 GiB",
            "addresses are checked where a value crosses",
            "trapped: string pointer/length out of bounds of memory",
            || log("", "(i32.const -16) (i32.const 32)"),
        ),
        Case::call(
            "result-beyond-memory",
            "gives back the address of a result beyond its memory",
            "addresses are checked where a value crosses",
            "trapped: pointer out of bounds of memory",
            || pointing("string", 65_532),
        ),
        Case::call(
            "result-misaligned",
            "gives back the odd address of a result",
            "addresses are checked where a value crosses",
            "trapped: return pointer not aligned",
            || pointing("string", 17),
        ),
        Case::call(
            "list-misaligned",
            "gives back a list of numbers at an odd address",
            "addresses are checked where a value crosses",
            "trapped: list pointer is not aligned",
            || listing("list<u64>", 17, 1),
        ),
        Case::call(
            "list-beyond-memory",
            "gives back a list longer than its memory",
            "addresses are checked where a value crosses",
            "trapped: list pointer/length out of bounds of memory",
            || listing("list<u64>", 16, 0x1000_0000),
        ),
        Case::call(
            "list-whose-size-overflows",
            "gives back a list whose bytes are more than a number holds",
            "addresses are checked where a value crosses",
            "trapped: list …",
            || listing("list<u64>", 16, 0xffff_ffff),
        ),
    ];
    cases.extend(outside_their_types());
    cases.extend(allocators());
    cases.extend(wrong_times());
    cases
}

const TEXT: &str = "trapped: invalid utf-8 …";

/// A text of `length` of these bytes.
fn text(
    name: &'static str,
    tries: &'static str,
    bytes: &'static str,
    length: u32,
    outcome: &'static str,
) -> Case {
    Case::call(name, tries, "text is checked where it crosses", outcome, move || {
        component(
            "f: func() -> string;",
            "",
            &format!(
                r#"(data (i32.const 16) "{bytes}")
                (func (export "test:hostile/api@0.1.0#f") (result i32)
                    (i32.store (i32.const 0) (i32.const 16))
                    (i32.store (i32.const 4) (i32.const {length}))
                    (i32.const 0))"#
            ),
        )
    })
}

fn outside_their_types() -> Vec<Case> {
    const BOUND: &str = "values are checked where they cross";
    let raw = |name, tries, outcome, ty: &'static str, number: i64| {
        Case::call(name, tries, BOUND, outcome, move || {
            component(
                &format!("enum e {{ a, b }} flags s {{ a, b }} f: func() -> {ty};"),
                "",
                &format!(
                    r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const {number})"#
                ),
            )
        })
    };
    vec![
        raw(
            "char-surrogate",
            "gives back half of a character as a `char`",
            "trapped: converted integer out of range for `char`",
            "char",
            0xd800,
        ),
        raw(
            "char-beyond-unicode",
            "gives back a `char` beyond Unicode",
            "trapped: converted integer out of range for `char`",
            "char",
            0x0011_0000,
        ),
        raw("enum-out-of-range", "gives back a name that an enum has not", "trapped: …", "e", 7),
        raw(
            "flags-out-of-range",
            "gives back flags that are not declared",
            "gives [\"a\",\"b\"]",
            "s",
            0xff,
        ),
        raw("bool-of-7", "gives back a bool that is neither", "gives true", "bool", 7),
        raw("u8-of-300", "gives back a byte of more than 8 bits", "gives 44", "u8", 300),
        Case::call(
            "variant-out-of-range",
            "gives back a case that a variant has not",
            BOUND,
            "trapped: …",
            || {
                component(
                    "variant v { a(u32), b } f: func() -> v;",
                    "",
                    r#"(func (export "test:hostile/api@0.1.0#f") (result i32)
                        (i32.store (i32.const 64) (i32.const 9))
                        (i32.const 64))"#,
                )
            },
        ),
        Case::call(
            "option-out-of-range",
            "gives back an option that is neither there nor absent",
            BOUND,
            "trapped: …",
            || {
                component(
                    "f: func() -> option<u32>;",
                    "",
                    r#"(func (export "test:hostile/api@0.1.0#f") (result i32)
                        (i32.store (i32.const 64) (i32.const 2))
                        (i32.const 64))"#,
                )
            },
        ),
    ]
}

fn allocators() -> Vec<Case> {
    const BOUND: &str = "what an allocator gives is checked";
    let lying = |name, tries, bound, outcome, body: &'static str| {
        Case::call(name, tries, bound, outcome, move || {
            component(
                "f: func(texts: list<string>);",
                "",
                &format!(
                    r#"(memory (export "memory") 1)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {body})
                    (func (export "test:hostile/api@0.1.0#f") (param i32 i32))"#
                ),
            )
        })
        .with("texts: [ \"a text of some length\", \"another one of some length\" ]")
    };
    vec![
        lying(
            "realloc-beyond-memory",
            "gives the host an address beyond its memory",
            BOUND,
            "trapped: realloc return: beyond end of memory",
            "i32.const -16",
        ),
        lying(
            "realloc-at-the-end",
            "gives the host an address with too little room behind it",
            BOUND,
            "trapped: realloc return: beyond end of memory",
            "i32.const 65532",
        ),
        lying(
            "realloc-misaligned",
            "gives the host an odd address",
            BOUND,
            "trapped: realloc return: result not aligned",
            "i32.const 17",
        ),
        lying(
            "realloc-overlapping",
            "gives the host the same address each time",
            "only its own memory is overwritten",
            "goes on",
            "i32.const 1024",
        ),
        lying(
            "realloc-that-breaks",
            "breaks where the host asks for memory",
            "a trap ends the call",
            "trapped: wasm `unreachable` instruction executed",
            "unreachable",
        ),
        lying(
            "realloc-that-grows",
            "grows its memory where the host asks for some",
            "`memory` 64 MiB",
            "limit memory: 67108864",
            "(loop (drop (memory.grow (i32.const 64))) br 0) i32.const 0",
        ),
    ]
}

fn wrong_times() -> Vec<Case> {
    const BOUND: &str = "an instance is left only where it may be";
    vec![
        Case::call(
            "ask-in-realloc",
            "asks the host where the host asks it for memory",
            BOUND,
            "trapped: cannot leave component instance",
            || {
                component(
                    "f: func(text: string);",
                    "import voyager:run/run@0.1.0;",
                    r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
                    (memory (export "memory") 1)
                    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                        (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
                        i32.const 64)
                    (func (export "test:hostile/api@0.1.0#f") (param i32 i32))"#,
                )
            },
        )
        .with("text: abc"),
        Case::call(
            "ask-in-post-return",
            "asks the host where it may only clean up",
            BOUND,
            "trapped: cannot leave component instance",
            || {
                component(
                    "f: func() -> string;",
                    "import voyager:run/run@0.1.0;",
                    r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
                    (func (export "test:hostile/api@0.1.0#f") (result i32)
                        (i64.store (i32.const 64) (i64.const 0))
                        (i32.const 64))
                    (func (export "cabi_post_test:hostile/api@0.1.0#f") (param i32)
                        (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"#,
                )
            },
        ),
        Case::call(
            "re-entrance",
            "calls itself through a component inside it",
            BOUND,
            "trapped: …",
            re_entrance,
        ),
        Case::call(
            "trap-while-a-handle-is-lent",
            "has an inner component break while it holds a borrowed handle",
            "a trap ends the call",
            "trapped: wasm `unreachable` instruction executed",
            || lent("unreachable"),
        ),
        Case::call(
            "keep-a-borrowed-handle",
            "has an inner component keep a handle that was only lent to it",
            "what is lent is given back",
            "trapped: borrow handles still remain at the end of the call",
            || lent(""),
        ),
        Case::call(
            "drop-while-lent",
            "drops a handle while it is lent",
            "what is lent is not dropped",
            "trapped: …",
            drop_while_lent,
        ),
        Case::call(
            "unreachable",
            "breaks",
            "a trap ends the call",
            "trapped: wasm `unreachable` instruction executed",
            || body("unreachable"),
        ),
        Case::call(
            "division-by-zero",
            "divides by zero",
            "a trap ends the call",
            "trapped: integer divide by zero",
            || body("(drop (i32.div_u (i32.const 1) (i32.const 0)))"),
        ),
        Case::call(
            "load-beyond-memory",
            "reads beyond its memory",
            "a trap ends the call",
            "trapped: out of bounds memory access",
            || body("(drop (i32.load (i32.const -4)))"),
        ),
        Case::call(
            "load-with-a-large-offset",
            "reads 8 GiB behind the beginning of its memory",
            "a trap ends the call",
            "trapped: out of bounds memory access",
            || body("(drop (i32.load offset=4294967295 (i32.const -4)))"),
        ),
        Case::call(
            "call-of-another-type",
            "calls a function by a table as if it were another",
            "a trap ends the call",
            "trapped: indirect call type mismatch",
            || {
                component(
                    "f: func();",
                    "",
                    r#"(type $t (func (param i64))) (table $t 1 funcref) (elem (i32.const 0) $f)
                    (func $f (export "test:hostile/api@0.1.0#f")
                        (call_indirect $t (type $t) (i64.const 0) (i32.const 0)))"#,
                )
            },
        ),
    ]
}

fn log(data: &str, arguments: &str) -> Vec<u8> {
    component(
        "f: func();",
        "import voyager:run/run@0.1.0;",
        &format!(
            r#"(import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
            {data}
            (func (export "test:hostile/api@0.1.0#f")
                (call $log (i32.const 0) (i32.const 0) {arguments}))"#
        ),
    )
}

fn pointing(ty: &str, address: u32) -> Vec<u8> {
    component(
        &format!("f: func() -> {ty};"),
        "",
        &format!(r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const {address})"#),
    )
}

fn listing(ty: &str, address: u32, length: u32) -> Vec<u8> {
    component(
        &format!("f: func() -> {ty};"),
        "",
        &format!(
            r#"(func (export "test:hostile/api@0.1.0#f") (result i32)
                (i32.store (i32.const 0) (i32.const {address}))
                (i32.store (i32.const 4) (i32.const {length}))
                (i32.const 0))"#
        ),
    )
}

/// Gives back a text of `length` units at address 64, in an encoding of its own.
fn lifted(ty: &str, option: &str, store: &str, length: u32) -> Vec<u8> {
    raw_component(&format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func (export "f") (result i32)
                    {store}
                    (i32.store (i32.const 0) (i32.const 64))
                    (i32.store (i32.const 4) (i32.const {length}))
                    (i32.const 0)))
            (core instance $i (instantiate $m))
            (func $f (result {ty}) (canon lift (core func $i "f") (memory $i "memory") {option}))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}

/// An outer component whose core function reaches an inner component, which is given the outer's own
/// function.
fn re_entrance() -> Vec<u8> {
    raw_component(
        r#"(component
            (component $inner
                (import "back" (func $back))
                (core func $back (canon lower (func $back)))
                (core module $m
                    (import "" "back" (func $back))
                    (func (export "f") (call $back)))
                (core instance $i (instantiate $m
                    (with "" (instance (export "back" (func $back))))))
                (func (export "f") (canon lift (core func $i "f"))))
            (core module $table (table (export "t") 1 funcref)
                (type $t (func))
                (func (export "f") (call_indirect (type $t) (i32.const 0))))
            (core instance $table (instantiate $table))
            (func $f (canon lift (core func $table "f")))
            (instance $inner (instantiate $inner (with "back" (func $f))))
            (core func $again (canon lower (func $inner "f")))
            (core module $fill
                (import "" "t" (table 1 funcref))
                (import "" "again" (func $again))
                (elem (i32.const 0) func $again))
            (core instance (instantiate $fill (with "" (instance
                (export "t" (table $table "t")) (export "again" (func $again))))))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#,
    )
}

/// An outer component lends a handle to an inner one, which does `then` and returns.
fn lent(then: &str) -> Vec<u8> {
    raw_component(&format!(
        r#"(component
            (component $owner
                (type $r' (resource (rep i32)))
                (core func $new (canon resource.new $r'))
                (core module $m
                    (import "" "new" (func $new (param i32) (result i32)))
                    (func (export "make") (result i32) (call $new (i32.const 1))))
                (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
                (export $r "r" (type $r'))
                (func (export "make") (result (own $r)) (canon lift (core func $i "make"))))
            (instance $owner (instantiate $owner))
            (alias export $owner "r" (type $r))
            (component $inner
                (import "r" (type $r (sub resource)))
                (core module $m (func (export "use") (param i32) {then}))
                (core instance $i (instantiate $m))
                (func (export "use") (param "r" (borrow $r)) (canon lift (core func $i "use"))))
            (instance $inner (instantiate $inner (with "r" (type $r))))
            (component $main
                (import "r" (type $r (sub resource)))
                (import "make" (func $make (result (own $r))))
                (import "use" (func $use (param "r" (borrow $r))))
                (core func $make' (canon lower (func $make)))
                (core func $use' (canon lower (func $use)))
                (core module $m
                    (import "" "make" (func $make (result i32)))
                    (import "" "use" (func $use (param i32)))
                    (func (export "f") (call $use (call $make))))
                (core instance $i (instantiate $m (with "" (instance
                    (export "make" (func $make')) (export "use" (func $use'))))))
                (func (export "f") (canon lift (core func $i "f"))))
            (instance $main (instantiate $main (with "r" (type $r))
                (with "make" (func $owner "make")) (with "use" (func $inner "use"))))
            (instance $api (export "f" (func $main "f")))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}

/// The host lends a pollable to itself twice in one list, and the guest drops it in its allocator.
fn drop_while_lent() -> Vec<u8> {
    component(
        "f: func();",
        "import wasi:clocks/monotonic-clock@0.2.12; import wasi:io/poll@0.2.12;",
        r#"(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $after (param i64) (result i32)))
        (import "wasi:io/poll@0.2.12" "poll" (func $poll (param i32 i32 i32)))
        (import "wasi:io/poll@0.2.12" "[resource-drop]pollable" (func $drop (param i32)))
        (memory (export "memory") 1)
        (global $pollable (mut i32) (i32.const 0))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (call $drop (global.get $pollable))
            i32.const 1024)
        (func (export "test:hostile/api@0.1.0#f")
            (global.set $pollable (call $after (i64.const 1)))
            (i32.store (i32.const 64) (global.get $pollable))
            (call $poll (i32.const 64) (i32.const 1) (i32.const 128)))"#,
    )
}
