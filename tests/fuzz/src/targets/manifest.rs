//! The text of a manifest: whatever it is, the checker answers, its findings lie in the text and can be
//! shown, and a plan survives the journal.

use std::sync::LazyLock;

use crate::{catalog, lies_in};
use voyager_base::Limits;
use voyager_manifest::{Catalog, Plan, check, graph, render, sarif};

static CATALOG: LazyLock<Catalog> = LazyLock::new(catalog);

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(text: &[u8]) {
    let checked = check(text, "fuzz.yaml", &CATALOG, &Limits::ceiling());
    assert_eq!(checked.plan.is_some(), checked.errors() == 0);
    let lossy = String::from_utf8_lossy(text);
    for diagnostic in &checked.diagnostics {
        lies_in(&diagnostic.place, &lossy);
        diagnostic.related.iter().for_each(|it| lies_in(&it.place, &lossy));
        assert!(!diagnostic.message.is_empty());
    }
    for colour in [false, true] {
        render(&checked.diagnostics, "fuzz.yaml", text, colour);
    }
    let diagnostics = &checked.diagnostics;
    sarif::render(&[sarif::Findings { file: "fuzz.yaml", text: &lossy, diagnostics }]);
    if let Some(plan) = &checked.plan {
        let bytes = rmp_serde::to_vec_named(plan).expect("a plan can be written");
        let read: Plan = rmp_serde::from_slice(&bytes).expect("a plan that was written is read");
        assert_eq!(*plan, read);
        graph::graph(plan, graph::Format::Mermaid);
    }
}
