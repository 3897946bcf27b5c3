//! A skill that breaks leaves a core, for who wants it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use e2e::Stage;
use wasmparser::{CoreDumpStackSection, KnownCustom, Parser, Payload};

/// A skill with something in its memory, whose only operation breaks.
fn broken() -> Vec<u8> {
    let text = r#"(component
        (core module $m
          (memory 1)
          (data (i32.const 16) "what the guest knew")
          (func $deep unreachable)
          (func (export "f") (result i32) (call $deep) (i32.const 1)))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $e (export "count" (func $f)))
        (export "acme:broken/checking@1.0.0" (instance $e)))"#;
    wat::parse_str(text).expect("it is a component")
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|it| it.expect("it can be listed").path()).collect()
}

/// How many functions are on the stack.
fn frames(core: &[u8]) -> usize {
    let payloads = Parser::new(0).parse_all(core).map(|it| it.expect("it is well formed"));
    let stacks = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::CoreDumpStack(CoreDumpStackSection { frames, .. }) => Some(frames.len()),
            _ => None,
        },
        _ => None,
    });
    stacks.sum()
}

#[test]
fn a_skill_that_breaks_leaves_a_core_where_it_is_wanted() {
    let Some(mut stage) = Stage::new() else { return };
    stage.prefer_skills_in("skills");
    stage.write("skills/broken.wasm", broken());
    let without = stage.call(["skill", "run", "broken/count"]);
    assert_eq!(without.code, Some(1), "{without:?}");
    assert!(names(&stage.path("cores")).is_empty());

    let with = stage.call(["skill", "run", "broken/count", "--cores", "cores"]);
    let [file] = &names(&stage.path("cores"))[..] else { panic!("one core: {with:?}") };
    assert!(with.err.contains(&file.display().to_string()), "{with:?}");
    let mode = fs::metadata(file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let core = fs::read(file).expect("it can be read");
    assert_eq!(frames(&core), 2);
    assert!(core.windows(19).any(|it| it == b"what the guest knew"));

    // Whoever watches by JSON reads of it too, and a manifest's guests leave theirs.
    let manifest = "voyager: manifest/v1\nname: twice\nversion: 1.0.0\nsteps:\n  \
        - { id: one, use: broken/count }\n";
    stage.write("one.yaml", manifest);
    let ran = stage.call(["run", "one.yaml", "--cores", "more", "--json"]);
    let [file] = &names(&stage.path("more"))[..] else { panic!("one core: {ran:?}") };
    assert!(
        ran.out.contains(&format!("\"event\":\"core\",\"step\":\"one\",\"file\":{file:?}")),
        "{ran:?}"
    );

    // It is no part of the record, which holds either way.
    for number in [0, 1, 2] {
        let runs = stage.answer(["runs"]);
        let run = runs[number]["run"].as_str().expect("an id").to_owned();
        let replayed = stage.call(["replay", &run, "--verify"]);
        assert_eq!(replayed.code, Some(0), "{replayed:?}");
    }
    assert_eq!(names(&stage.path("more")).len(), 1);
}
