//! Makes components from text.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract, as it is in `wit/`.
const CONTRACT: &[(&str, &str)] = &[
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("run.wit", include_str!("../../../wit/run.wit")),
    ("workspace.wit", include_str!("../../../wit/workspace.wit")),
    ("tasks.wit", include_str!("../../../wit/tasks.wit")),
    ("process.wit", include_str!("../../../wit/process.wit")),
    ("http.wit", include_str!("../../../wit/http.wit")),
    ("memory.wit", include_str!("../../../wit/memory.wit")),
];

/// WASI, as far as attacks use it.
const WASI: &[(&str, &str)] = &[
    ("io.wit", include_str!("../../../host/sandbox/wit/wasi/io.wit")),
    ("clocks.wit", include_str!("../../../host/sandbox/wit/wasi/clocks.wit")),
    ("random.wit", include_str!("../../../host/sandbox/wit/wasi/random.wit")),
    ("filesystem.wit", include_str!("../../../host/sandbox/wit/wasi/filesystem.wit")),
    ("sockets.wit", include_str!("../../../host/sandbox/wit/wasi/sockets.wit")),
    ("cli.wit", include_str!("../../../host/sandbox/wit/wasi/cli.wit")),
    ("http.wit", include_str!("../../../host/sandbox/wit/wasi/http.wit")),
];

/// The contract alone.
pub(crate) fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    for (name, text) in CONTRACT {
        resolve.push_str(name, text).unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }
    resolve
}

/// A component with the interface `test:hostile/api@0.1.0`, whose WIT is `interface`, and the imports
/// of `world`, around a core module with the items `core`. Memory and allocation come with it unless
/// `core` exports a memory of its own.
pub fn component(interface: &str, world: &str, core: &str) -> Vec<u8> {
    let api = format!("interface api {{ {interface} }}");
    encoded(&api, &format!("{world} export api;"), core)
}

/// A command-line program with the imports of `world`, whose function `$main` gives its exit code. `$folder`
/// gives it the first folder that it has, `$open` what it finds there by the path at 16, or an error's code
/// below 0.
pub fn program(world: &str, path: &str, core: &str) -> Vec<u8> {
    let world = format!(
        "import wasi:filesystem/preopens@0.2.12; import wasi:filesystem/types@0.2.12;
         import wasi:cli/exit@0.2.12; {world} export wasi:cli/run@0.2.12;"
    );
    let length = path.len();
    let core = format!(
        r#"
        (import "wasi:filesystem/preopens@0.2.12" "get-directories" (func $folders (param i32)))
        (import "wasi:filesystem/types@0.2.12" "[method]descriptor.open-at" (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
        (import "wasi:cli/exit@0.2.12" "exit-with-code" (func $exit (param i32)))
        (data (i32.const 16) "{path}")
        (func $folder (result i32)
            (call $folders (i32.const 1024))
            (i32.load (i32.load (i32.const 1024))))
        (func $open (param $how i32) (param $rights i32) (result i32)
            (call $open-at (call $folder) (i32.const 1) (i32.const 16) (i32.const {length})
                (local.get $how) (local.get $rights) (i32.const 1024))
            (if (result i32) (i32.load8_u (i32.const 1024))
                (then (i32.sub (i32.const 0) (i32.load8_u (i32.const 1028))))
                (else (i32.load (i32.const 1028)))))
        {core}
        (func (export "wasi:cli/run@0.2.12#run") (result i32)
            (call $exit (call $main))
            (i32.const 1))"#
    );
    encoded("", &world, &core)
}

/// A component of the package `test:hostile@0.1.0` with these interfaces, a world, and a core module.
fn encoded(interfaces: &str, world: &str, core: &str) -> Vec<u8> {
    let wit = format!("package test:hostile@0.1.0;\n{interfaces}\nworld skill {{ {world} }}");
    let mut resolve = contract();
    for (name, text) in WASI {
        resolve.push_str(name, text).unwrap_or_else(|error| panic!("{name}: {error:#}"));
    }
    let package = resolve.push_str("skill.wit", &wit).unwrap_or_else(|error| panic!("{error:#}"));
    let world = resolve.select_world(&[package], Some("skill")).expect("the world is there");
    let module = format!("(module {}{core})", if core.contains("(memory ") { "" } else { MEMORY });
    // Imports come before all else in a module.
    let module = hoist_imports(&module);
    let mut module = wat::parse_str(&module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .unwrap_or_else(|error| panic!("{error:#}"));
    let encoder = ComponentEncoder::default().validate(true).module(&module);
    encoder.and_then(|mut it| it.encode()).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Computes for as many rounds as it is told, and gives back what came out.
pub fn spinner() -> Vec<u8> {
    let core = format!(
        r#"(func (export "test:hostile/api@0.1.0#f") (param $rounds i64) (result i64) {SPIN})"#
    );
    component("f: func(rounds: u64) -> u64;", "", &core)
}

/// Starts the program `true`, logs that, computes, and starts it once more.
pub fn working_spinner() -> Vec<u8> {
    let core = format!(
        r#"
        (import "voyager:process/process@0.1.0" "run" (func $run (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)))
        (import "voyager:run/run@0.1.0" "log" (func $log (param i32 i32 i32 i32)))
        (data (i32.const 16) "true")
        (func $start
            (call $run
                (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 0) (i64.const 0) (i32.const 512)))
        (func $spin (param $rounds i64) (result i64) {SPIN})
        (func (export "test:hostile/api@0.1.0#f") (param $rounds i64) (result i64)
            (call $start)
            (call $log (i32.const 16) (i32.const 4) (i32.const 16) (i32.const 4))
            (call $spin (local.get $rounds))
            (call $start))
        "#
    );
    let world = "import voyager:process/process@0.1.0; import voyager:run/run@0.1.0;";
    component("f: func(rounds: u64) -> u64;", world, &core)
}

/// Computes for `$rounds`; what comes out depends on each.
const SPIN: &str = "
    (local $sum i64)
    (block $done
        (loop $again
            (br_if $done (i64.eqz (local.get $rounds)))
            (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1)))
            (local.set $sum (i64.add
                (i64.mul (local.get $sum) (i64.const 6364136223846793005))
                (local.get $rounds)))
            (br $again)))
    (local.get $sum)";

/// A component in its own text form.
pub fn raw_component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// One page, and an allocator that never frees, from 4096 on.
const MEMORY: &str = r#"
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func $allocate (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (block $fits
            (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
            (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))))
        (local.get $at))
"#;

fn hoist_imports(module: &str) -> String {
    let is_import = |line: &&str| line.trim_start().starts_with("(import");
    let imports: Vec<&str> = module.lines().filter(is_import).collect();
    let rest: Vec<&str> = module.lines().filter(|line| !is_import(line)).collect();
    rest.join("\n").replacen("(module", &format!("(module\n{}\n", imports.join("\n")), 1)
}
