//! Everything that must pass before a change lands.

use anyhow::Result;

use crate::{
    build::{cargo, run},
    fuzz, test,
};

/// Format, lints with warnings as errors, docs, and all tests (licences, sources and advisories are
/// among them, in `tests/tidy`).
pub(crate) fn ci() -> Result<()> {
    run(cargo(&["fmt", "--all", "--check"]))?;
    run(cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ]))?;
    // Private items too: module docs point at the modules inside.
    let mut docs = cargo(&["doc", "--no-deps", "--document-private-items", "--locked"]);
    docs.env("RUSTDOCFLAGS", "--deny warnings");
    run(docs)?;
    fuzz::check()?;
    test::test(&["--locked".to_owned()])
}
