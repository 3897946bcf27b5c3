//! Hostile bytes for everything that reads bytes from outside: what must hold whatever they are.
//!
//! A target states that, and panics where it does not hold. Beside them stand the catalog of the corpus, and types and values
//! made of a fuzzer's bytes. The tests here give each target some bytes; `cargo xtask fuzz` links one with
//! libFuzzer (`libfuzzer`, a workspace of its own), which looks for hours.
//! Start reading at [`targets`].

#[path = "../../../host/manifest/tests/manifest/common/mod.rs"]
mod corpus;
// The program has no library: its readers are read here as they stand there.
#[allow(dead_code, unused_imports, reason = "files of a folder are not read here")]
#[path = "../../../host/agent-host/src/import.rs"]
mod import;
pub mod memory;
pub mod shape;
pub mod targets;
#[allow(dead_code, reason = "times of the command line are not read here")]
#[path = "../../../host/agent-host/src/when.rs"]
mod when;

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
