//! `cargo xtask bench lineage`: what a task costs to place among a million, to find on a loop, and to
//! tell its ancestors; in a tree as deep as a manifest allows, and on a single path of a million.
#![allow(clippy::unwrap_used, reason = "a benchmark stops where something is not as it should be")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use voyager_agent::path::Path;
use voyager_base::{Digest, Limits, RunId, TaskId};

const TASKS: u64 = 1_000_000;
/// Questions about tasks all over the lineage.
const ASKED: u64 = 20_000;

fn main() {
    let deepest = u64::from(Limits::ceiling().depth);
    let tree = built("a tree, 64 levels deep", |number| {
        // Each chain of 64 begins at the root.
        if number % deepest == 0 { 0 } else { number - 1 }
    });
    asked(&tree, deepest);
    drop(tree);
    let path = built("a single path", |number| number.max(1) - 1);
    asked(&path, TASKS);
}

fn call(number: u64) -> Digest {
    Digest::of(&number.to_le_bytes())
}

/// A million tasks, each below the one that `above` names.
fn built(what: &str, above: impl Fn(u64) -> u64) -> Vec<Path> {
    let root = TaskId::root(RunId([1; 16]));
    let named: Vec<(TaskId, Digest)> =
        (0..TASKS).map(|number| (root.child("bench", number), call(number))).collect();
    let mut paths = vec![Path::root(root)];
    let before = Instant::now();
    for (number, (task, call)) in (1..TASKS).zip(named) {
        let above = usize::try_from(above(number)).unwrap();
        let path = paths[above].to(task, Some(call));
        paths.push(path);
    }
    let took = before.elapsed() / u32::try_from(TASKS).unwrap();
    eprintln!("{what}: {TASKS} tasks, {took:?} to place each");
    paths
}

fn asked(paths: &[Path], depth: u64) {
    let pick = |number: u64| &paths[usize::try_from(number * 7_919 % TASKS).unwrap()];
    let show = |what: &str, mut times: Vec<Duration>| {
        times.sort();
        let at = |share: usize| times[times.len() * share / 1_000];
        eprintln!(
            "  {what:<36} p50 {:?}, p99.9 {:?}, most {:?}",
            at(500),
            at(999),
            times[times.len() - 1]
        );
    };
    let timed = |count: u64, ask: &dyn Fn(u64)| -> Vec<Duration> {
        let one = |number| {
            let before = Instant::now();
            ask(number);
            before.elapsed()
        };
        (0..count).map(one).collect()
    };
    let calls: Vec<Digest> = (0..ASKED).map(call).collect();
    let of = |number: u64| calls[usize::try_from(number).unwrap()];
    show(
        "whether a call would never end",
        timed(ASKED, &|it| {
            black_box(pick(it).has(of(it)));
        }),
    );
    // On a path of a million they are a million ids to copy: no manifest allows that depth.
    let few = if depth < 1_000 { ASKED } else { 50 };
    show("all ancestors", timed(few, &|it| drop(black_box(pick(it).ancestors()))));
}
