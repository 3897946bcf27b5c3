//! What the host tells is what the page lists.

use std::{collections::BTreeSet, fs};

use crate::{assert_none, root};

/// Where something is told.
const TELLING: [&str; 4] = [
    "host/agent/src/telemetry.rs",
    "host/journal/src/compact.rs",
    "host/journal/src/writer.rs",
    "host/sandbox/src/call.rs",
];

/// Macros that tell.
const MACROS: [&str; 6] = ["info_span!(", "debug_span!(", "info!(", "debug!(", "warn!(", "error!("];

/// Names and fields of the spans and events in a text.
fn told(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut names, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for start in MACROS.iter().flat_map(|it| text.match_indices(it)) {
        let inner = within(&text[start.0 + start.1.len()..]);
        let mut parts = pieces(inner).into_iter().map(str::trim).filter(|it| !it.is_empty());
        let is_span = start.1.contains("span");
        let mut is_named = false;
        for part in parts.by_ref() {
            if let Some(name) = part.strip_prefix("name:") {
                names.insert(name.trim().trim_matches('"').to_owned());
            } else if let Some(name) = part.strip_prefix('"').filter(|_| is_span && !is_named) {
                names.insert(name.trim_end_matches('"').to_owned());
                is_named = true;
            } else if !part.starts_with("parent:") && !part.starts_with('"') {
                let field = part.split('=').next().unwrap_or(part).trim();
                fields.insert(field.trim_start_matches('%').to_owned());
            }
        }
    }
    (names, fields)
}

/// The text up to the bracket that ends it.
fn within(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|it| {
        depth += match it {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &text[..end.unwrap_or(text.len())]
}

/// What stands between the commas that are in no bracket and no text.
fn pieces(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted) = (0, false);
    text.split(|it: char| {
        match it {
            '"' => quoted = !quoted,
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            _ => {}
        }
        it == ',' && depth == 0 && !quoted
    })
    .collect()
}

#[test]
fn spans_and_events_are_those_of_the_page() {
    let page = fs::read_to_string(root().join("docs/reference/telemetry.md")).unwrap();
    let listed = |heading: &str| -> BTreeSet<String> {
        let part = page.split(heading).nth(1).unwrap_or_default();
        let part = part.split("\n## ").next().unwrap_or_default();
        let rows = part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        rows.map(str::to_owned).collect()
    };
    let (mut names, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for file in TELLING {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let told = told(&text);
        names.extend(told.0);
        fields.extend(told.1);
    }
    assert!(names.len() > 10 && fields.len() > 10, "{names:?} {fields:?}");
    let page_names = &listed("\n## Spans\n") | &listed("\n## Events\n");
    let page_fields = listed("\n## Fields\n");
    let findings: Vec<String> =
        (&names ^ &page_names).into_iter().chain(&fields ^ &page_fields).collect();
    assert_none(
        "docs/reference/telemetry.md lists the spans, events and fields that there are.",
        &findings,
    );
}

#[test]
fn a_log_can_be_asked_of_the_crates_that_tell() {
    let levels =
        fs::read_to_string(root().join("host/agent-host/src/telemetry/levels.rs")).unwrap();
    let page = fs::read_to_string(root().join("docs/reference/telemetry.md")).unwrap();
    let crates = TELLING.map(|file| format!("voyager_{}", file.split('/').nth(1).unwrap_or(file)));
    let findings: Vec<String> = crates
        .into_iter()
        .filter(|it| {
            !levels.contains(&format!("\"{it}\"")) || !page.contains(&format!("| `{it}` |"))
        })
        .collect();
    assert_none("`--log` knows each crate that tells something, and so does the page.", &findings);
}

#[test]
fn only_the_program_subscribes() {
    let ours = crate::metadata().packages.iter().filter(|it| it.source.is_none());
    let others = ours.filter(|it| it.name != "agent-host");
    let subscribe = |it: &&crate::Package| {
        it.dependencies
            .iter()
            .any(|it| matches!(it.name.as_str(), "tracing-subscriber" | "prometheus" | "ratatui"))
    };
    let findings: Vec<String> = others.filter(subscribe).map(|it| it.name.clone()).collect();
    assert_none("Crates tell by tracing; who listens is the program's business.", &findings);
}

#[test]
fn what_is_told_is_read_out_of_the_macros() {
    let text = "info!(name: \"a\", parent: span, x = f(1, 2), %y, z, \"said, once\"); debug_span!(\"b\", w = Empty)";
    let (names, fields) = told(text);
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["w", "x", "y", "z"]);
}
