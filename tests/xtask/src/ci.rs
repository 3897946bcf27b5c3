//! Everything that must pass before a change lands.

use anyhow::Result;

use crate::{
    build::{cargo, run},
    fuzz, test,
};

/// Properties are tried with the same values each time: what fails here was broken by the change, and
/// fails again for whoever looks. `cargo xtask test` draws new values in each run.
const PROPTEST_SEED: u64 = 20_261_126;

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
    fuzz::clean()?;
    test::test(&["--locked".to_owned()], Some(PROPTEST_SEED))
}
