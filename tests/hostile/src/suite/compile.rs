//! Components that are made to eat a compiler, and types that are made to eat whoever reads them.

use std::{sync::Arc, time::Duration};

use voyager_base::BoxFuture;
use voyager_sandbox::CompileBounds;

use super::Case;
use crate::{
    Arena, Host,
    arena::{compiler, harmless, refused},
    component, raw_component,
};

/// What compilers of these cases may use.
const SMALL: CompileBounds = CompileBounds {
    memory_bytes: 512 << 20,
    cpu: Duration::from_secs(1),
    time: Duration::from_secs(60),
};

/// What those may use that something else ends, or nothing, on a slow and busy machine too.
const ROOMY: CompileBounds = CompileBounds { cpu: Duration::from_secs(30), ..SMALL };

pub(super) fn cases() -> Vec<Case> {
    const CPU: &str = "1 s of processor time of the compiler's process";
    const ROOMY_CPU: &str = "30 s of processor time of the compiler's process";
    const TOO_SLOW: &str = "refused: compiling the component took more than 1s of processor time; it \
                            is too large or was made to do harm";
    vec![
        bomb(
            "huge-function",
            "has a function of 250,000 multiplications",
            CPU,
            TOO_SLOW,
            |arena| play(arena, SMALL, || huge_function(250_000)),
        ),
        bomb(
            "huge-function-in-little-memory",
            "has a function of 100,000 multiplications",
            "96 MiB of address space of the compiler's process",
            "refused: compiling the component took more than 100663296 bytes of memory, …",
            |arena| {
                let cpu = Duration::from_secs(60);
                let bounds = CompileBounds { memory_bytes: 96 << 20, cpu, ..SMALL };
                play(arena, bounds, || huge_function(100_000))
            },
        ),
        bomb(
            "huge-function-in-little-time",
            "has a function of 100,000 multiplications",
            "200 ms of time of the compiler's process",
            "refused: compiling the component took more than 200ms of time; it is too large or was \
             made to do harm",
            |arena| {
                let time = Duration::from_millis(200);
                let cpu = Duration::from_secs(60);
                play(arena, CompileBounds { time, cpu, ..SMALL }, || huge_function(100_000))
            },
        ),
        bomb(
            "too-many-variables",
            "has a function of 100,000 variables",
            "50,000 variables",
            "refused: the component is invalid: …",
            |arena| play(arena, ROOMY, || variables(100_000)),
        ),
        bomb(
            "many-variables-and-calls",
            "has a function of 40,000 variables that all live across calls",
            CPU,
            TOO_SLOW,
            |arena| play(arena, SMALL, live_variables),
        ),
        bomb("deep-blocks", "has 100,000 blocks within each other", CPU, BOUNDED, |arena| {
            play(arena, SMALL, deep_blocks)
        }),
        bomb(
            "million-functions",
            "has 1,000,000 functions that do nothing",
            CPU,
            TOO_SLOW,
            |arena| play(arena, SMALL, || functions(1_000_000)),
        ),
        bomb(
            "too-many-functions",
            "has 1,000,001 functions",
            "1,000,000 functions",
            "refused: the component is invalid: …",
            |arena| play(arena, ROOMY, || functions(1_000_001)),
        ),
        bomb(
            "huge-branch-table",
            "has a branch table of 1,000,000 targets",
            CPU,
            BOUNDED,
            |arena| play(arena, SMALL, branch_table),
        ),
        bomb("many-exports", "has 120,000 exports of one function", ROOMY_CPU, "loaded", |arena| {
            play(arena, ROOMY, exports)
        }),
        bomb(
            "giant-name-section",
            "has 20 MiB of names that are all one function's",
            "names are only shown, and shortened",
            "loaded",
            |arena| play(arena, ROOMY, giant_names),
        ),
        bomb(
            "giant-custom-section",
            "has 30 MiB of a section that nobody reads",
            "32 MiB",
            "loaded",
            |arena| play(arena, ROOMY, giant_section),
        ),
        bomb(
            "many-custom-sections",
            "has 100,000 sections that nobody reads",
            "32 MiB",
            "loaded",
            |arena| play(arena, ROOMY, many_sections),
        ),
        bomb(
            "large-image",
            "has a byte at the end of a memory of 1 GiB",
            "pages that are not there take no room",
            "loaded",
            |arena| {
                play(arena, ROOMY, || module(r#"(memory 16384) (data (i32.const 1073741823) "x")"#))
            },
        ),
        bomb(
            "large-table-image",
            "has 1,000,000 elements of a table",
            "1,000,000 elements for a table",
            "loaded",
            |arena| {
                play(arena, ROOMY, || {
                    module(&format!(
                        "(func $g) (table 1000000 funcref) (elem (i32.const 0) func {})",
                        "0 ".repeat(1_000_000)
                    ))
                })
            },
        ),
    ]
}

/// Bounded by whichever comes first: time, memory, the validator.
const BOUNDED: &str = "refused: …";

/// Types that are large, deep, or share their parts.
pub(super) fn types() -> Vec<Case> {
    vec![
        bomb(
            "nested-components",
            "has 10,000 components within each other",
            CPU_OR_STACK,
            BOUNDED,
            |arena| play(arena, SMALL, nested),
        ),
        bomb(
            "nested-instances",
            "has 12 components, each of which holds ten instances of the next",
            CPU_OR_STACK,
            BOUNDED,
            |arena| play(arena, SMALL, instances),
        ),
        Case::load(
            "deep-type",
            "gives back a list of lists, 80 deep",
            "64 levels",
            TOO_COMPLEX,
            || typed(80, |at| format!("(list $t{at})")),
        ),
        Case::load(
            "doubling-type",
            "gives back a pair of pairs of pairs, 40 times",
            "the validator's bound on types; 200,000 parts",
            BOUNDED,
            || typed(40, |at| format!("(tuple $t{at} $t{at})")),
        ),
        Case::load(
            "large-type",
            "gives back a pair of pairs of pairs, 17 times",
            "200,000 parts",
            TOO_COMPLEX,
            || typed(17, |at| format!("(tuple $t{at} $t{at})")),
        ),
        Case::load(
            "wide-type",
            "gives back a tuple of 100,000 numbers",
            "the validator's bound on types",
            BOUNDED,
            || typed(1, |_| format!("(tuple {})", "u8 ".repeat(100_000))),
        ),
    ]
}

const CPU_OR_STACK: &str =
    "1 s of processor time, 512 MiB, and the stack of the compiler's process";

const TOO_COMPLEX: &str = "refused: the component is no skill: its types are too large: more than \
                           200000 parts or 64 levels";

fn bomb(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    scene: super::Scene,
) -> Case {
    Case::scene(name, tries, bound, outcome, scene)
}

/// Loads a component with these bounds, and a good one afterwards.
fn play(
    arena: Arc<Arena>,
    bounds: CompileBounds,
    make: fn() -> Vec<u8>,
) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let host = Host::with(compiler(arena.program(), bounds), 10);
        let ended = match host.sandbox.load(&make()) {
            Ok(_) => "loaded".to_owned(),
            Err(error) => refused(&error),
        };
        match host.sandbox.load(&harmless()) {
            Ok(_) => ended,
            // A process that may use little can't compile anything.
            Err(_) if bounds != SMALL => ended,
            Err(error) => format!("{ended}; then a good one: {error}"),
        }
    })
}

/// A component with an operation that does nothing, and a module with these items.
fn module(items: &str) -> Vec<u8> {
    raw_component(&format!(
        r#"(component
            (core module $bomb {items})
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}

/// One function of `operations` multiplications that all depend on each other.
fn huge_function(operations: usize) -> Vec<u8> {
    let mut body = String::new();
    for at in 0..operations {
        body.push_str(&format!(
            "(local.set {} (i32.mul (i32.xor (local.get {}) (local.get {})) (i32.const {at})))",
            at % 200,
            (at * 7 + 1) % 200,
            (at * 13 + 5) % 200,
        ));
    }
    let locals = "i32 ".repeat(200);
    component(
        "f: func();",
        "",
        &format!(r#"(func (export "test:hostile/api@0.1.0#f") (local {locals}) {body})"#),
    )
}

fn variables(count: usize) -> Vec<u8> {
    module(&format!("(func (local {}))", "i64 ".repeat(count)))
}

/// Variables that are set before a call each and needed after all of them.
fn live_variables() -> Vec<u8> {
    let count = 40_000;
    let set: String = (0..count).map(|at| format!("(local.set {at} (call $g))")).collect();
    let sum: String = (0..count)
        .map(|at| format!("(local.set 0 (i64.add (local.get 0) (local.get {at})))"))
        .collect();
    module(&format!(
        "(func $g (result i64) (i64.const 1)) (func (result i64) (local {}) {set} {sum} (local.get 0))",
        "i64 ".repeat(count)
    ))
}

fn deep_blocks() -> Vec<u8> {
    module(&format!("(func {} {})", "block ".repeat(100_000), "end ".repeat(100_000)))
}

/// So many functions; the text of a million would be slow to read, so they are bytes.
fn functions(count: u32) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    // One type without parameters and results.
    section(&mut module, 1, &[1, 0x60, 0, 0]);
    let mut list = Vec::new();
    number(&mut list, count);
    list.resize(list.len() + count as usize, 0);
    section(&mut module, 3, &list);
    let mut code = Vec::new();
    number(&mut code, count);
    // Two bytes: no variables, end.
    (0..count).for_each(|_| code.extend_from_slice(&[2, 0, 0x0b]));
    section(&mut module, 10, &code);
    with_module(&module)
}

/// A good skill with one core module more.
fn with_module(module: &[u8]) -> Vec<u8> {
    let mut bytes = harmless();
    section(&mut bytes, 1, module);
    bytes
}

fn section(out: &mut Vec<u8>, id: u8, content: &[u8]) {
    out.push(id);
    number(out, u32::try_from(content.len()).expect("sections are below 4 GiB"));
    out.extend_from_slice(content);
}

/// An unsigned number in LEB128.
fn number(out: &mut Vec<u8>, mut number: u32) {
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn branch_table() -> Vec<u8> {
    module(&format!("(func (block (br_table {} (i32.const 0))))", "0 ".repeat(1_000_000)))
}

fn exports() -> Vec<u8> {
    let exports: String = (0..120_000).map(|at| format!("(export \"{at}\" (func 0))")).collect();
    module(&format!("(func) {exports}"))
}

/// A core module whose only function has a name of 20 MiB, in the standard section of names.
fn giant_names() -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    section(&mut module, 1, &[1, 0x60, 0, 0]);
    section(&mut module, 3, &[1, 0]);
    section(&mut module, 10, &[1, 2, 0, 0x0b]);
    let length = 20 << 20;
    let mut functions = vec![1, 0];
    number(&mut functions, length);
    functions.resize(functions.len() + length as usize, b'a');
    let mut names = b"\x04name".to_vec();
    section(&mut names, 1, &functions);
    section(&mut module, 0, &names);
    with_module(&module)
}

fn giant_section() -> Vec<u8> {
    let mut bytes = harmless();
    super::shape::append_section(&mut bytes, "x", &vec![0; 30 << 20]);
    bytes
}

fn many_sections() -> Vec<u8> {
    let mut bytes = harmless();
    (0..100_000).for_each(|_| super::shape::append_section(&mut bytes, "x", &[0]));
    bytes
}

/// As bytes, since whoever reads the text form would end its own stack.
fn nested() -> Vec<u8> {
    let mut inner = b"\0asm\x0d\0\x01\0".to_vec();
    for _ in 0..10_000 {
        let mut outer = b"\0asm\x0d\0\x01\0".to_vec();
        section(&mut outer, 4, &inner);
        inner = outer;
    }
    let mut bytes = harmless();
    section(&mut bytes, 4, &inner);
    bytes
}

fn instances() -> Vec<u8> {
    let mut inner = "(component)".to_owned();
    for _ in 0..12 {
        let ten = "(instance (instantiate $c))".repeat(10);
        inner = format!("(component {} {ten})", inner.replacen("(component", "(component $c", 1));
    }
    raw_component(&inner)
}

/// An operation whose result is the last of `count` types, each made of the one before it.
fn typed(count: usize, next: impl Fn(usize) -> String) -> Vec<u8> {
    let types: String = (0..count).map(|at| format!("(type $t{} {})", at + 1, next(at))).collect();
    raw_component(&format!(
        r#"(component
            (type $t0 (list u8))
            {types}
            (core module $m
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                (func (export "f") (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (func $f (result $t{count}) (canon lift (core func $i "f") (memory $i "memory")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}
