//! Bytes that are no skill: cut, changed, foreign, too large, or made for another host.

use std::sync::Arc;

use voyager_base::{
    BoxFuture,
    chance::{Chance as _, Seeded},
};

use super::Case;
use crate::{
    Arena, Host,
    arena::{harmless, refused},
    raw_component,
};

pub(super) fn cases() -> Vec<Case> {
    const MAGIC: &str = "refused: this is no component: it does not begin as WebAssembly does";
    let mut cases = vec![
        Case::load("no-bytes", "is empty", "a component begins as one", MAGIC, Vec::new),
        Case::load(
            "elf",
            "is a program of the machine",
            "a component begins as one",
            MAGIC,
            || b"\x7fELF\x02\x01\x01\0".to_vec(),
        ),
        Case::load(
            "text",
            "is the text form of a component",
            "a component begins as one",
            MAGIC,
            || b"(component)".to_vec(),
        ),
        Case::load(
            "core-module",
            "is a core module",
            "a skill is a component",
            "refused: this is no component: it is a core module; build it for the target \
             wasm32-wasip2, or wrap it with `wasm-tools component new`",
            || raw_component("(module)"),
        ),
        Case::load(
            "precompiled-code",
            "is native code as wasmtime writes it",
            "compiled code is never taken from outside",
            MAGIC,
            precompiled,
        ),
        Case::load(
            "later-layer",
            "is of a version of the format to come",
            "a component begins as one",
            MAGIC,
            || b"\0asm\x0e\0\x01\0".to_vec(),
        ),
        Case::load(
            "only-a-header",
            "is a component without anything",
            "a skill has an operation",
            NO_OPERATION,
            || raw_component("(component)"),
        ),
        Case::load(
            "exports-no-interface",
            "exports a function outside any interface",
            "a skill has an operation",
            NO_OPERATION,
            || {
                raw_component(
                    r#"(component
                    (core module $m (func (export "f")))
                    (core instance $i (instantiate $m))
                    (func (export "f") (canon lift (core func $i "f"))))"#,
                )
            },
        ),
        Case::load(
            "too-large",
            "has 33 MiB",
            "32 MiB",
            "refused: the component has 34603008 bytes; at most 33554432 are allowed",
            || vec![0; 33 << 20],
        ),
        Case::load(
            "memory-of-64-bits",
            "has a memory of 64 bits",
            "proposals that are off",
            "refused: the component is invalid: …",
            || module("(memory i64 1)"),
        ),
        Case::load(
            "shared-memory",
            "has a memory for threads",
            "proposals that are off",
            "refused: the component is invalid: …",
            || module("(memory 1 1 shared)"),
        ),
        Case::load(
            "garbage-collection",
            "has a type of garbage collection",
            "proposals that are off",
            "refused: the component is invalid: …",
            || module("(type (struct))"),
        ),
        Case::load(
            "exceptions",
            "throws exceptions",
            "proposals that are off",
            "refused: the component is invalid: …",
            || module("(tag) (func throw 0)"),
        ),
        Case::load(
            "asynchronous",
            "gives back a stream",
            "proposals that are off",
            "refused: the component is invalid: …",
            || raw_component("(component (type (stream u8)))"),
        ),
        Case::load(
            "unknown-import",
            "imports an interface that nobody offers",
            "what this host offers",
            "refused: the skill imports `evil:shell/exec@1.0.0`; this host offers …",
            || importing("evil:shell/exec@1.0.0"),
        ),
        Case::load(
            "newer-version",
            "imports a newer version of an interface of ours",
            "versions of the same track",
            "refused: the skill imports `voyager:workspace/files@0.2.0`; this host offers \
             `voyager:workspace/files@0.1.0`; rebuild the skill against this host's WIT with \
             `agent-host skill build`",
            || importing("voyager:workspace/files@0.2.0"),
        ),
        Case::load(
            "nearly-the-same-name",
            "imports an interface whose name looks like one of ours",
            "what this host offers",
            "refused: the skill imports `voyager:workspace/fi1es@0.1.0`; the nearest that this host \
             offers is `voyager:workspace/files@0.1.0`; remove the import, or use a host that offers it",
            || importing("voyager:workspace/fi1es@0.1.0"),
        ),
        Case::load(
            "http-of-another-version",
            "imports the HTTP of a WASI to come",
            "versions of the same track",
            "refused: the skill imports `wasi:http/types@0.3.0`; this host offers `wasi:http/types@0.2.12`; …",
            || importing("wasi:http/types@0.3.0"),
        ),
        Case::load(
            "http-server",
            "waits for requests as a server",
            "nobody is served",
            "refused: the component is no skill: it exports `wasi:http/incoming-handler@0.2.4`, so it waits \
             for requests as a server, and nobody sends any here; …",
            || {
                raw_component(
                    r#"(component
                        (core module $m (func (export "f")))
                        (core instance $i (instantiate $m))
                        (func $f (canon lift (core func $i "f")))
                        (instance $handler (export "handle" (func $f)))
                        (instance $api (export "f" (func $f)))
                        (export "test:hostile/api@0.1.0" (instance $api))
                        (export "wasi:http/incoming-handler@0.2.4" (instance $handler)))"#,
                )
            },
        ),
        Case::load(
            "unknown-function",
            "imports a function that an interface of ours has not",
            "what this host offers",
            "refused: the skill's imports don't fit this host: …",
            || importing("voyager:run/run@0.1.0"),
        ),
        Case::load(
            "import-of-another-type",
            "imports `log` with a number where a text belongs",
            "types are compared when it is loaded",
            "refused: the skill's imports don't fit this host: …",
            || {
                raw_component(
                    r#"(component
                        (import "voyager:run/run@0.1.0" (instance
                            (export "log" (func (param "level" u32) (param "message" u32)))))
                        (core module $m (func (export "f")))
                        (core instance $i (instantiate $m))
                        (func $f (canon lift (core func $i "f")))
                        (instance $api (export "f" (func $f)))
                        (export "test:hostile/api@0.1.0" (instance $api)))"#,
                )
            },
        ),
        Case::load(
            "import-without-an-interface",
            "imports a function outside any interface",
            "what this host offers",
            "refused: the skill imports `system`; this host offers …",
            || {
                raw_component(
                    r#"(component (import "system" (func))
                        (core module $m (func (export "f")))
                        (core instance $i (instantiate $m))
                        (func $f (canon lift (core func $i "f")))
                        (instance $api (export "f" (func $f)))
                        (export "test:hostile/api@0.1.0" (instance $api)))"#,
                )
            },
        ),
        Case::load(
            "long-import",
            "imports an interface whose name has 50,000 letters",
            "what is shown of a name",
            "refused: the skill imports `evil:aaaaaaaa…",
            || importing(&format!("evil:{}/exec@1.0.0", "a".repeat(50_000))),
        ),
        Case::load(
            "name-that-colours",
            "imports a name with an escape sequence",
            "names are plain",
            "refused: the component is invalid: …",
            || importing_bytes("evil:shell/exec@1.0.0", "evil:\u{1b}[2Jx/exec@1.0.0"),
        ),
        Case::load(
            "docs-that-are-none",
            "has docs that are no JSON",
            "docs that can't be read count as none",
            "loaded",
            || documented(b"\x01{{{{"),
        ),
        Case::load(
            "deep-docs",
            "has docs of 100,000 objects within each other",
            "docs that can't be read count as none",
            "loaded",
            || documented(&[b"\x01".as_slice(), &b"{\"interfaces\":".repeat(100_000)].concat()),
        ),
        Case::scene(
            "cut-at-every-section",
            "is a real skill, cut behind each of its sections and at every seventh byte",
            "the validator comes before all else",
            "never breaks anything",
            |arena| scene(arena, cut),
        ),
        Case::scene(
            "flipped-bits",
            "is a real skill with 400 changes of a few bits each, seeded",
            "the validator comes before all else",
            "never breaks anything",
            |arena| scene(arena, flipped),
        ),
    ];
    cases.extend(super::compile::types());
    cases
}

const NO_OPERATION: &str = "refused: the component is no skill: it exports no interface with a \
                            function, so it has no operation";

fn module(items: &str) -> Vec<u8> {
    raw_component(&format!("(component (core module {items}))"))
}

fn importing(import: &str) -> Vec<u8> {
    raw_component(&format!(
        r#"(component
            (import "{import}" (instance (export "g" (func))))
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $api (export "f" (func $f)))
            (export "test:hostile/api@0.1.0" (instance $api)))"#
    ))
}

/// The same with the name replaced by one of the same length, which the text form would not take.
fn importing_bytes(import: &str, by: &str) -> Vec<u8> {
    let mut bytes = importing(import);
    let by = by.as_bytes();
    while let Some(at) = bytes.windows(import.len()).position(|it| it == import.as_bytes()) {
        bytes[at..at + import.len()].copy_from_slice(&by[..import.len()]);
    }
    bytes
}

/// A good skill with this custom section of docs.
fn documented(docs: &[u8]) -> Vec<u8> {
    let mut bytes = harmless();
    append_section(&mut bytes, "package-docs", docs);
    bytes
}

/// A custom section: id 0, the size of the rest, the name behind its length, the content.
pub(super) fn append_section(out: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = vec![u8::try_from(name.len()).expect("names are short")];
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    out.push(0);
    let mut length = body.len();
    while length > 0x7f {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(&body);
}

/// What the host itself has compiled, as it lies in its cache behind the authentication.
fn precompiled() -> Vec<u8> {
    let host = Host::new();
    host.sandbox.load(&harmless()).expect("it is a skill");
    let mut entries = std::fs::read_dir(host.cache.path().join("compiled")).expect("it is there");
    let entry = entries.find_map(|it| {
        let path = it.ok()?.path();
        path.extension().is_some_and(|end| end == "skill").then_some(path)
    });
    let bytes = std::fs::read(entry.expect("it was kept")).expect("it is there");
    let at = bytes.windows(4).position(|it| it == b"\x7fELF").expect("it is native code");
    bytes[at..].to_vec()
}

fn scene(_arena: Arc<Arena>, scene: fn(&Host) -> String) -> BoxFuture<'static, String> {
    // In this process: what comes before the compiler must hold by itself.
    Box::pin(async move { scene(&Host::new()) })
}

/// A skill with imports, types, resources and data.
fn real() -> Vec<u8> {
    super::paths::files("read")
}

fn cut(host: &Host) -> String {
    let whole = real();
    let sections = sections(&whole);
    assert!(sections.len() > 20, "{} sections", sections.len());
    let mut loaded = 0;
    for length in sections.into_iter().chain((0..whole.len()).step_by(7)) {
        // What is cut may be names alone.
        loaded += u32::from(host.sandbox.load(&whole[..length]).is_ok());
    }
    assert!(loaded < 10, "{loaded} of them load");
    "never breaks anything".to_owned()
}

/// Where sections end, nested ones too.
fn sections(component: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 8;
    while at < component.len() {
        let id = component[at];
        let (mut size, mut shift) = (0, 0);
        at += 1;
        while component[at] & 0x80 != 0 {
            size |= usize::from(component[at] & 0x7f) << shift;
            (shift, at) = (shift + 7, at + 1);
        }
        size |= usize::from(component[at]) << shift;
        at += 1;
        // A core module (1) and a component (4) hold sections of their own.
        if id == 1 || id == 4 {
            ends.extend(sections(&component[at..at + size]).into_iter().map(|end| at + end));
        }
        at += size;
        ends.push(at);
    }
    ends
}

fn flipped(host: &Host) -> String {
    let (whole, chance) = (real(), Seeded::new(7));
    let mut refusals = 0;
    for _ in 0..400 {
        let mut changed = whole.clone();
        for _ in 0..=chance.number() % 3 {
            let at = chance.number() as usize % changed.len();
            changed[at] ^= 1 << (chance.number() % 8);
        }
        // Some hit a name or a constant, and leave a valid component.
        match host.sandbox.load(&changed) {
            Ok(skill) => host.sandbox.unload(skill.component),
            Err(error) => refusals += usize::from(refused(&error).len() > 10),
        }
    }
    assert!(refusals > 200, "only {refusals} of 400 were refused");
    "never breaks anything".to_owned()
}
