//! The text of a scenario: whatever it is, the checker answers, and its findings lie in the text and can be
//! shown.

use std::sync::LazyLock;

use crate::{catalog, lies_in};
use voyager_base::Limits;
use voyager_manifest::{Catalog, Plan, check, check_scenario, render, sarif};

const MANIFEST: &str = include_str!("../../../../host/manifest/tests/corpus/good/everything.yaml");

static CATALOG: LazyLock<Catalog> = LazyLock::new(catalog);
static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let checked = check(MANIFEST.as_bytes(), "everything.yaml", &CATALOG, &Limits::ceiling());
    checked.plan.expect("it is one of the corpus' good manifests")
});

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(text: &[u8]) {
    for plan in [Ok(&*PLAN), Err("it can't be read")] {
        let checked = check_scenario(text, plan, &CATALOG);
        assert!(checked.scenario.is_none() || checked.errors() == 0);
        let lossy = String::from_utf8_lossy(text);
        for diagnostic in &checked.diagnostics {
            lies_in(&diagnostic.place, &lossy);
            diagnostic.related.iter().for_each(|it| lies_in(&it.place, &lossy));
        }
        render(&checked.diagnostics, "fuzz.scenario.yaml", text, false);
        let diagnostics = &checked.diagnostics;
        sarif::render(&[sarif::Findings { file: "fuzz.scenario.yaml", text: &lossy, diagnostics }]);
    }
}
