//! What the targets share: the catalog of the corpus, and types and values made of a fuzzer's bytes.
//!
//! One target for each thing that reads bytes from outside, in `targets/`. Each states what must hold
//! whatever the bytes, and panics where it does not. `cargo xtask fuzz` builds and runs them.

#[path = "../../../host/manifest/tests/manifest/common/mod.rs"]
mod corpus;
pub mod memory;
pub mod shape;

pub use libfuzzer_sys::fuzz_target;

/// The skills of the manifest crate's corpus: its files are the seeds, and mean the same here.
pub fn catalog() -> voyager_manifest::Catalog {
    corpus::catalog()
}

/// The place of a finding lies in the text.
///
/// # Panics
/// Where it does not.
pub fn lies_in(place: &voyager_manifest::Place, text: &str) {
    assert!(text.get(place.span.clone()).is_some(), "{place:?} of {} bytes", text.len());
    let line = text.split('\n').nth(place.line - 1).expect("the line is there");
    assert!(place.column <= line.chars().count() + 1, "{place:?}");
}
