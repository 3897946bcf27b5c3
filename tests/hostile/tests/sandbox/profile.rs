//! Profiles: where guests spend their time, and that looking changes nothing that counts.

use std::{collections::BTreeMap, time::Duration};

use voyager_base::{ErrorKind, Limits, Value};
use voyager_hostile::{Host, World, component};
use voyager_sandbox::Profile;

/// Computes in `$hot`, a hundredth as long in `$cold`, both below `$middle`.
fn busy() -> Vec<u8> {
    let spin = |name: &str, rounds: &str| {
        format!(
            "(func ${name} (param $left i64)
                (local.set $left {rounds})
                (loop $again
                    (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                    (br_if $again (i64.gt_s (local.get $left) (i64.const 0)))))"
        )
    };
    let core = format!(
        r#"
        {}
        {}
        (func $middle (param $rounds i64)
            (call $cold (local.get $rounds))
            (call $hot (local.get $rounds)))
        (func $main (export "test:hostile/api@0.1.0#f") (param $rounds i64)
            (call $middle (local.get $rounds)))
        "#,
        spin("hot", "(local.get $left)"),
        spin("cold", "(i64.div_s (local.get $left) (i64.const 100))"),
    );
    component("f: func(rounds: u64);", "", &core)
}

/// How many samples met each function itself.
fn own(profile: &Profile) -> BTreeMap<&str, usize> {
    let mut own = BTreeMap::new();
    for sample in &profile.samples {
        let innermost = profile.stacks[sample.stack][0];
        *own.entry(profile.places[innermost].function.as_str()).or_default() += 1;
    }
    own
}

#[tokio::test]
async fn a_hot_function_is_met_most_often_and_its_callers_with_it() {
    let ((host, profiler), world, busy) = (Host::profiled(), World::default(), busy());
    // However fast the machine is.
    let mut rounds = 1 << 20;
    while profiler.profile().samples.len() < 50 {
        let ended = host.run(&busy, vec![Value::Int(rounds)], Limits::default(), &world).await;
        assert!(ended.is_ok() && rounds < 1 << 40, "{ended:?}");
        rounds *= 2;
    }
    let profile = profiler.profile();
    assert_eq!(profile.skills, ["test:hostile"]);
    let own = own(&profile);
    assert!(profile.samples.len() * 9 < own["hot"] * 10, "{own:?}");
    for sample in &profile.samples {
        let stack = profile.stacks[sample.stack].iter();
        let stack: Vec<&str> = stack.map(|it| profile.places[*it].function.as_str()).collect();
        let stack = stack.join(" ");
        // Ticks are noticed at the beginning of a function, too.
        let whole = ["hot middle main", "cold middle main"];
        assert!(whole.iter().any(|it| it.ends_with(&stack)), "{stack}");
    }
    assert!(profile.samples.is_sorted_by_key(|it| it.at));
}

#[tokio::test]
async fn processor_time_is_counted_in_the_ticks_that_are_looked_at() {
    let ((host, profiler), world) = (Host::profiled(), World::default());
    let limits = Limits { cpu: Duration::from_millis(40), ..Limits::default() };
    let ended = host.run(&busy(), vec![Value::Int(1 << 60)], limits, &world).await.unwrap_err();
    assert_eq!((ended.kind, ended.bound.as_deref()), (ErrorKind::Limit, Some("cpu: 40ms")));
    // One that it may still begin ends it.
    assert_eq!(profiler.profile().samples.len(), 40);
}

#[tokio::test]
async fn deep_stacks_are_seen_as_far_as_they_are_looked_at() {
    let core = r#"
        (func $deep (param $left i32)
            (if (i32.eqz (local.get $left)) (then (loop $again (br $again))))
            (call $deep (i32.sub (local.get $left) (i32.const 1))))
        (func $main (export "test:hostile/api@0.1.0#f") (call $deep (i32.const 1000)))
    "#;
    let ((host, profiler), world) = (Host::profiled(), World::default());
    let limits = Limits { cpu: Duration::from_millis(10), ..Limits::default() };
    let component = component("f: func();", "", core);
    host.run(&component, Vec::new(), limits, &world).await.unwrap_err();
    let profile = profiler.profile();
    // The first tick may come as it begins.
    let own = own(&profile);
    assert!(9 <= own["deep"] && profile.samples.len() == 10, "{own:?}");
    assert_eq!(profile.stacks.iter().map(Vec::len).max(), Some(256));
}
