//! Attacks with child tasks: bombs, lies about arguments, operations that are not granted.

use super::Case;
use crate::component;

/// Every operation may be called.
pub(super) const ALL: &str = "tasks: [\"**\"]";

pub(super) fn cases() -> Vec<Case> {
    let call = |name, tries, bound, outcome, make: fn() -> Vec<u8>| {
        Case::call(name, tries, bound, outcome, make).grants(ALL).with("x: 1000000")
    };
    vec![
        call(
            "call-itself",
            "calls itself with the same arguments for ever",
            "no task calls what one of its ancestors does",
            "invalid",
            || caller("test:hostile/api.f", SAME),
        ),
        call(
            "call-itself-with-others",
            "calls itself with other arguments for ever",
            "`depth` 8",
            "limit depth: 8",
            || caller("test:hostile/api.f", LESS),
        ),
        call(
            "map-of-map",
            "has 40 children, each of which has 40, and so on",
            "`steps` 300 of the run",
            "limit steps: 300",
            endless_map,
        )
        .limits("steps: 300, depth: 64"),
        call(
            "huge-map",
            "asks for 20,000 children at once",
            "`children` 10,000",
            "limit children: 10000",
            || mapper("test:hostile/api.g", 20_000, 0, SAME),
        ),
        call(
            "many-maps",
            "asks for 100 children over and over",
            "`children` 250",
            "limit children: 250",
            || many_maps("test:hostile/api.g"),
        )
        .limits("children: 250"),
        call(
            "map-all-at-once",
            "asks for 300 children, four billion at a time",
            "one slot for each core",
            "goes on",
            || mapper("test:hostile/api.g", 300, -1, SAME),
        ),
        call(
            "call-what-is-not-there",
            "calls an operation that the plan does not know",
            "the plan pins what may be called",
            "not-found",
            || caller("evil:shell/exec.run", SAME),
        ),
        call(
            "call-with-a-strange-name",
            "calls an operation whose name holds what terminals obey",
            "the plan pins what may be called",
            "not-found",
            || caller("a:b/\\1b[2Jc.d", SAME),
        ),
        call(
            "call-without-a-grant",
            "calls an operation that it is not granted",
            "the grant `tasks`",
            "denied",
            || caller("test:hostile/api.g", SAME),
        )
        .grants("tasks: [\"other:**\"]"),
        call(
            "child-without-bytes",
            "calls with no arguments where one is needed",
            "arguments are checked against the operation",
            "invalid",
            || caller("test:hostile/api.g", ""),
        ),
        call(
            "child-of-another-type",
            "calls with a text where a number is needed",
            "arguments are checked against the operation",
            "invalid",
            || caller("test:hostile/api.g", r"\91\a1a"),
        ),
        call(
            "child-with-a-lying-length",
            "calls with a list that says it has four billion elements",
            "arguments are checked against the operation",
            "invalid",
            || caller("test:hostile/api.h", r"\91\dd\ff\ff\ff\ff"),
        ),
        call(
            "child-with-lying-bytes",
            "calls with bytes that say they are four billion",
            "arguments are checked against the operation",
            "invalid",
            || caller("test:hostile/api.b", r"\91\c6\ff\ff\ff\ff"),
        ),
        call(
            "child-with-deep-arguments",
            "calls with 10,000 lists within each other",
            "arguments are checked against the operation",
            "invalid",
            || caller("test:hostile/api.h", &r"\91".repeat(10_000)),
        ),
        call(
            "child-with-more-bytes",
            "calls with bytes behind the arguments",
            "arguments are checked against the operation",
            "invalid",
            || caller("test:hostile/api.g", r"\91\01\c0"),
        ),
    ]
}

/// Arguments: the tuple of one number, in MessagePack.
const SAME: &str = r"\91\ce\00\0f\42\40";
/// The same, to be made smaller with each level.
const LESS: &str = "";

const WIT: &str = "use voyager:types/types@0.1.0.{error};
    f: func(x: u32) -> result<_, error>; g: func(x: u32); h: func(x: list<u32>);
    b: func(x: list<u8>);";

/// `g`, `h`, `b` do nothing; `f` does `body`, and gives back the answer at address 512.
fn skill(import: &str, data: &str, pages: u32, body: &str) -> Vec<u8> {
    component(
        WIT,
        "import voyager:tasks/tasks@0.1.0;",
        &format!(
            r#"{import}
            (memory (export "memory") {pages})
            (global $next (mut i32) (i32.const 131072))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.set $next (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            {data}
            (func (export "test:hostile/api@0.1.0#g") (param i32))
            (func (export "test:hostile/api@0.1.0#h") (param i32 i32))
            (func (export "test:hostile/api@0.1.0#b") (param i32 i32))
            (func (export "test:hostile/api@0.1.0#f") (param $x i32) (result i32) (local $at i32)
                {body}
                (i32.const 512))"#
        ),
    )
}

/// Writes the arguments at address 4096: those given, or one number less than its own.
fn arguments(bytes: &str, itself: bool) -> (String, String) {
    let length = bytes.len() / 3 + bytes.len() % 3;
    if itself && bytes.is_empty() {
        let store = "(i32.store8 (i32.const 4096) (i32.const 0x91))
            (i32.store8 (i32.const 4097) (i32.const 0x10))
            (i32.store8 (i32.const 4097) (i32.and (i32.sub (local.get $x) (i32.const 1)) (i32.const 0x7f)))";
        return (store.to_owned(), "(i32.const 2)".to_owned());
    }
    (String::new(), format!("(i32.const {length})"))
}

fn caller(operation: &str, bytes: &str) -> Vec<u8> {
    let (store, length) = arguments(bytes, operation.ends_with("api.f"));
    let name = operation.len() - 2 * operation.matches('\\').count();
    skill(
        r#"(import "voyager:tasks/tasks@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))"#,
        &format!(r#"(data (i32.const 16) "{operation}") (data (i32.const 4096) "{bytes}")"#),
        4,
        &format!(
            "{store}
            (call $call (i32.const 16) (i32.const {name}) (i32.const 4096) {length} (i32.const 512))"
        ),
    )
}

/// Gives back the first child's failure as its own.
fn mapper(operation: &str, count: u32, parallel: i64, bytes: &str) -> Vec<u8> {
    let (store, length) = arguments(bytes, operation.ends_with("api.f"));
    skill(
        r#"(import "voyager:tasks/tasks@0.1.0" "map" (func $map (param i32 i32 i32 i32 i32 i32)))"#,
        &format!(r#"(data (i32.const 16) "{operation}") (data (i32.const 4096) "{bytes}")"#),
        40,
        &format!(
            "{store}
            (local.set $at (i32.const 0))
            (loop
                (i32.store offset=1048576 (local.get $at) (i32.const 4096))
                (i32.store offset=1048580 (local.get $at) {length})
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if 0 (i32.lt_u (local.get $at) (i32.const {bytes}))))
            (call $map (i32.const 16) (i32.const {name}) (i32.const 1048576) (i32.const {count})
                (i32.const {parallel}) (i32.const 512))
            ;; The first child's outcome is the answer, where the question as a whole did not fail.
            (if (i32.eqz (i32.load8_u (i32.const 512)))
                (then (return (i32.load (i32.const 520)))))",
            name = operation.len(),
            bytes = count * 8,
        ),
    )
}

/// Has 40 children, each of which has 40, and so on.
pub(super) fn endless_map() -> Vec<u8> {
    mapper("test:hostile/api.f", 40, 0, LESS)
}

fn many_maps(operation: &str) -> Vec<u8> {
    skill(
        r#"(import "voyager:tasks/tasks@0.1.0" "map" (func $map (param i32 i32 i32 i32 i32 i32)))"#,
        &format!(r#"(data (i32.const 16) "{operation}") (data (i32.const 4096) "{SAME}")"#),
        40,
        &format!(
            "(loop
                (i32.store offset=1048576 (local.get $at) (i32.const 4096))
                (i32.store offset=1048580 (local.get $at) (i32.const 6))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if 0 (i32.lt_u (local.get $at) (i32.const 800))))
            (loop
                (call $map (i32.const 16) (i32.const {}) (i32.const 1048576) (i32.const 100)
                    (i32.const 0) (i32.const 512))
                (br_if 0 (i32.eqz (i32.load8_u (i32.const 512)))))",
            operation.len()
        ),
    )
}
