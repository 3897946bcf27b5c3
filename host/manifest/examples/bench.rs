//! How long a manifest of many steps takes: `cargo run --release --example bench`.
//!
//! The manifest has 1,000 steps with arguments, references, conditions and expectations, and uses
//! one skill; parsing, checking and making the plan are measured together. Then what an editor waits for
//! in the same text: findings after a letter was typed into the middle, and what may stand at its end.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures and prints")]

use std::time::{Duration, Instant};

use voyager_base::{
    Digest, Limits, Type,
    operation::{Operation, OperationName, Skill},
    types::IntKind,
};
use voyager_manifest::{
    Catalog, check,
    editor::{self, Encoding, Positions},
};

const STEPS: usize = 1_000;
const ROUNDS: usize = 50;

fn main() {
    let (text, catalog, policy) = (manifest(), catalog(), Limits::ceiling());
    println!("{STEPS} steps, {} bytes, {ROUNDS} rounds", text.len());
    measure("check", || {
        let checked = check(text.as_bytes(), "bench.yaml", &catalog, &policy);
        assert!(checked.is_clean(), "{:?}", checked.diagnostics.first());
    });
    let middle = text.find("steps.s500.").expect("there is such a step") + "steps.s500".len();
    let keystroke = Positions::new(&text, Encoding::Utf16).position(middle);
    measure("keystroke to findings", || {
        let mut text = text.clone();
        let at = Positions::new(&text, Encoding::Utf16).byte(keystroke);
        text.insert(at, 'x');
        let checked = check(text.as_bytes(), "bench.yaml", &catalog, &policy);
        let positions = Positions::new(&text, Encoding::Utf16);
        let found = checked.diagnostics.iter().map(|it| positions.position(it.place.span.start));
        assert!(found.map(|it| it.line).eq([keystroke.line]), "{:?}", checked.diagnostics);
    });
    let half = format!("{text}  - id: last\n    when: \"steps.");
    measure("completion", || {
        let found = editor::complete(&half, half.len(), &catalog, &editor::Around::default())
            .expect("steps are known");
        assert_eq!(found.items.len(), STEPS);
    });
    measure("hover", || {
        assert!(editor::hover(&text, middle, &catalog).is_some());
    });
}

fn measure(what: &str, mut once: impl FnMut()) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            once();
            start.elapsed()
        })
        .collect();
    times.sort();
    let (first, last, median) = (times[0], times[ROUNDS - 1], times[ROUNDS / 2]);
    println!("{what}, first to last: {first:?} to {last:?}, median {median:?}");
}

fn manifest() -> String {
    let mut text = String::from(
        "voyager: manifest/v1\nname: bench\nversion: 1.0.0\ninputs:\n  repo: { type: path }\n  \
         count: { type: int, default: 3 }\ngrants:\n  workspace: [ { root: inputs.repo, read: \
         [\"**\"] } ]\nsteps:\n  - { id: s0, use: text/clip, with: { text: start, most: 1 } }\n",
    );
    for step in 1..STEPS {
        text.push_str(&format!(
            "  - id: s{step}\n    use: text/clip\n    when: \"inputs.count > {}\"\n    with:\n      \
             text: {{ expr: \"default(steps.s{}.?text, 'none') + string(inputs.count)\" }}\n      \
             most: {{ from: inputs.count }}\n    expect: [ {{ that: \"size(result.text) > 0\", \
             message: nothing is left }} ]\n    timeout: 20s\n",
            step % 7,
            step - 1,
        ));
    }
    text
}

fn catalog() -> Catalog {
    let name = OperationName {
        package: "acme:text".into(),
        version: "1.0.0".into(),
        interface: "words".into(),
        function: "clip".into(),
    };
    let result = Type::record([("text", Type::String), ("rest", Type::option(Type::String))]);
    let clip = Operation {
        name,
        docs: String::new(),
        parameters: vec![("text".into(), Type::String), ("most".into(), Type::Int(IntKind::U32))],
        result: Some(Type::Result(Some(Box::new(result)), Some(Box::new(Type::String)))),
    };
    Catalog::new(vec![Skill {
        component: Digest::of(b"text"),
        package: "acme:text".into(),
        version: "1.0.0".into(),
        docs: String::new(),
        operations: vec![clip.into()],
        imports: vec!["voyager:workspace/files@0.1.0".into()],
        size: 1,
    }])
}
