//! What the targets share: the catalog of the corpus, and types and values made of a fuzzer's bytes.
//!
//! One target for each thing that reads bytes from outside, in `targets/`. Each states what must hold
//! whatever the bytes, and panics where it does not. `cargo xtask fuzz` builds and runs them.

#[path = "../../../host/manifest/tests/common/mod.rs"]
mod corpus;
pub mod shape;

pub use libfuzzer_sys::fuzz_target;

/// The skills of the manifest crate's corpus: its files are the seeds, and mean the same here.
pub fn catalog() -> voyager_manifest::Catalog {
    corpus::catalog()
}
