//! Where a skill spends its time: a table, and a file for the Firefox Profiler.

use std::{collections::BTreeSet, fs};

use e2e::Stage;
use serde_json::Value as Json;

/// A skill that computes in `hot`, and a hundredth as long in `cold`.
fn busy() -> Vec<u8> {
    let spin = |name: &str| {
        format!(
            "(func ${name} (param $left i64)
                (loop $again
                    (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                    (br_if $again (i64.gt_s (local.get $left) (i64.const 0)))))"
        )
    };
    let text = format!(
        r#"(component
            (core module $m
              {}
              {}
              (func $work (export "f") (param $rounds i64) (result i32)
                (call $cold (i64.div_s (local.get $rounds) (i64.const 100)))
                (call $hot (local.get $rounds))
                (i32.const 7)))
            (core instance $i (instantiate $m))
            (func $f (param "rounds" s64) (result u32) (canon lift (core func $i "f")))
            (instance $e (export "count" (func $f)))
            (export "acme:busy/checking@1.0.0" (instance $e)))"#,
        spin("hot"),
        spin("cold"),
    );
    wat::parse_str(text).expect("it is a component")
}

/// The names in the file, and how many samples it has.
fn read(stage: &Stage, file: &str) -> (BTreeSet<String>, usize) {
    let text = fs::read_to_string(stage.path(file)).expect("it is there");
    let profile: Json = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(profile["meta"]["interval"], 1.0);
    assert!(profile["meta"]["preprocessedProfileVersion"].is_number());
    assert!(profile["meta"]["startTime"].as_f64() > Some(1e12), "it is no time of today");
    let thread = &profile["threads"][0];
    assert_eq!(thread["name"], "acme:busy");
    let names = thread["stringArray"].as_array().expect("a list").iter();
    let names = names.filter_map(Json::as_str).map(str::to_owned).collect();
    (names, thread["samples"]["stack"].as_array().expect("a list").len())
}

#[test]
fn the_hot_function_is_the_first_of_a_profile() {
    let Some(mut stage) = Stage::new() else { return };
    stage.prefer_skills_in("skills");
    stage.write("skills/busy.wasm", busy());
    let rounds = "20000000";
    let words = ["skill", "profile", "busy/count", "--times", "20", "--rounds", rounds];
    let answer = stage.answer(words);
    let first = &answer["functions"][0];
    assert_eq!((&first["function"], &first["skill"]), (&"hot".into(), &"acme:busy".into()));
    assert!(first["self-percent"].as_f64() > Some(80.0), "{answer}");
    assert_eq!((&answer["calls"], &answer["interval-micros"]), (&20.into(), &1_000.into()));
    let (names, samples) = read(&stage, "profile.json");
    assert!(names.contains("hot") && names.contains("work"), "{names:?}");
    assert_eq!(answer["samples"], samples);

    let told = stage.call([&words[..], &["--output", "mine.json"]].concat());
    let line = told.out.lines().nth(2).unwrap_or_default();
    assert!(line.contains('%') && line.ends_with("  hot"), "{told:?}");
    assert!(told.out.contains("mine.json"), "{told:?}");
    assert!(told.err.contains("skill build --debug"), "{told:?}");
    read(&stage, "mine.json");
    // As with a bench: the state has no run of it.
    assert_eq!(stage.answer(["runs"]), Json::Array(Vec::new()));
}

#[test]
fn a_call_that_uses_up_its_time_has_a_profile_too() {
    let Some(mut stage) = Stage::new() else { return };
    stage.prefer_skills_in("skills");
    stage.write("skills/busy.wasm", busy());
    let words = ["skill", "profile", "busy/count", "--rounds", "1000000000000000"];
    let ended = stage.call(words);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("cpu") && ended.err.contains("profile.json"), "{ended:?}");
    let (names, samples) = read(&stage, "profile.json");
    // The limit is five seconds, and it never gets to `hot`.
    assert!(
        names.contains("cold") && !names.contains("hot") && samples == 5_000,
        "{names:?}, {samples} samples"
    );
}
