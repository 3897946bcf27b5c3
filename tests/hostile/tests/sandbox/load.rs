//! What is refused before it runs: each with a sentence that says why, and what to do.

use std::{path::Path, time::Duration};

use voyager_base::{Limits, Value};
use voyager_hostile::{Host, World, component, raw_component};
use voyager_sandbox::{CompileBounds, LoadError};

const COMPILER: &str = env!("CARGO_BIN_EXE_compiler");

fn small() -> CompileBounds {
    CompileBounds {
        memory_bytes: 512 << 20,
        cpu: Duration::from_secs(2),
        time: Duration::from_secs(10),
    }
}

fn child(bounds: CompileBounds) -> Host {
    Host::with_compiler(Path::new(COMPILER), bounds)
}

fn refusal(bytes: &[u8]) -> LoadError {
    let in_process = Host::new().sandbox.load(bytes).unwrap_err();
    let in_child = child(small()).sandbox.load(bytes).unwrap_err();
    assert_eq!(in_process, in_child);
    in_process
}

fn seven() -> Vec<u8> {
    component(
        "f: func() -> u32;",
        "",
        r#"(func (export "test:hostile/api@0.1.0#f") (result i32) i32.const 7)"#,
    )
}

#[tokio::test]
async fn what_a_child_compiled_runs_and_is_found_again() {
    let host = child(CompileBounds::default());
    let world = World::default();
    let ended = host.run(&seven(), Vec::new(), Limits::default(), &world).await;
    assert_eq!(ended, Ok(Value::Int(7)));
    let kept = || std::fs::read_dir(host.cache.path().join("compiled")).unwrap().count();
    assert_eq!(kept(), 2, "the key and one skill");
    let skill = host.sandbox.load(&seven()).unwrap();
    assert_eq!(host.sandbox.skill(skill.component), Some(skill.clone()));
    host.sandbox.unload(skill.component);
    assert_eq!(host.sandbox.skill(skill.component), None);
    assert_eq!(host.sandbox.load(&seven()).unwrap(), skill);
    assert_eq!(kept(), 2);
}

#[tokio::test]
async fn a_skill_is_described_without_running_it() {
    let described = component(
        "record place { path: string, line: u32 } f: func(at: list<place>) -> result<list<u8>, string>;",
        "import voyager:run/run@0.1.0;",
        r#"(import "voyager:run/run@0.1.0" "progress" (func (param i64 i32 i64 i32 i32)))
        (func (export "test:hostile/api@0.1.0#f") (param i32 i32) (result i32) unreachable)"#,
    );
    let skill = Host::new().sandbox.load(&described).unwrap();
    assert_eq!((skill.package.as_str(), skill.version.as_str()), ("test:hostile", "0.1.0"));
    assert_eq!(skill.imports, ["voyager:run/run@0.1.0"]);
    let operation = &skill.operations[0];
    assert_eq!(operation.name.to_string(), "test:hostile@0.1.0/api.f");
    let shown: Vec<String> =
        operation.parameters.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    assert_eq!(shown, ["at: list<place>"]);
    assert_eq!(operation.result.as_ref().unwrap().to_string(), "result<list<u8>, string>");
}

#[test]
fn what_is_no_component_is_refused() {
    for bytes in [b"".as_slice(), b"hello", b"\x7fELF\x02\x01\x01\0", b"(component)"] {
        let error = refusal(bytes).to_string();
        assert_eq!(error, "this is no component: it does not begin as WebAssembly does");
    }
    let module = raw_component("(module)");
    assert_eq!(
        refusal(&module).to_string(),
        "this is no component: it is a core module; build it for the target wasm32-wasip2, or wrap \
         it with `wasm-tools component new`"
    );
    assert_eq!(
        refusal(&raw_component("(component)")).to_string(),
        "the component is no skill: it exports no interface with a function, so it has no operation"
    );
    let large = vec![0; 33 << 20];
    assert_eq!(refusal(&large), LoadError::TooLarge { size: 33 << 20 });
}

#[test]
fn an_unknown_import_is_named_with_what_is_offered() {
    let importing = |import: &str| {
        refusal(&raw_component(&format!(
            r#"(component
                (import "{import}" (instance (export "g" (func))))
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (instance $api (export "f" (func $f)))
                (export "test:hostile/api@0.1.0" (instance $api)))"#
        )))
        .to_string()
    };
    assert_eq!(
        importing("voyager:workspace/files@0.2.0"),
        "the skill imports `voyager:workspace/files@0.2.0`; this host offers \
         `voyager:workspace/files@0.1.0`; rebuild the skill against this host's WIT with \
         `agent-host skill build`"
    );
    assert!(
        importing("evil:shell/exec@1.0.0").contains("the skill imports `evil:shell/exec@1.0.0`")
    );
    assert!(importing("wasi:keyvalue/store@0.2.0").contains("and WASI 0.2; remove the import"));
    // The right name with a function that is not there.
    let error = importing("voyager:run/run@0.1.0");
    assert!(error.starts_with("the skill's imports don't fit this host"), "{error}");
}

#[test]
fn proposals_that_are_off_are_invalid() {
    for module in ["(memory i64 1)", "(memory 1 1 shared)", "(type (struct))"] {
        let text = format!("(component (core module {module}))");
        assert!(matches!(refusal(&raw_component(&text)), LoadError::Invalid(_)), "{module}");
    }
}

#[test]
fn a_compiler_that_is_none_is_an_error() {
    let missing = Host::with_compiler(Path::new("/does/not/exist"), small());
    let error = missing.sandbox.load(&seven()).unwrap_err();
    assert!(matches!(error, LoadError::CompilerUnavailable(_)), "{error}");
    let silent = Host::with_compiler(Path::new("/bin/true"), small());
    let error = silent.sandbox.load(&seven()).unwrap_err();
    assert!(matches!(error, LoadError::CompilerUnavailable(_)), "{error}");
}
