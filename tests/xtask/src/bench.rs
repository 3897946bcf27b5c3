//! Benchmarks by name. Each prints a ratio against a named peer or the raw library in the same run.

use anyhow::{Result, bail};

use crate::build::{cargo, run};

/// A benchmark: its name, what it measures, and the example that does it.
struct Bench {
    name: &'static str,
    what: &'static str,
    package: &'static str,
    example: &'static str,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "journal",
        what: "durable steps a second, records a sync, a lone run, against the disk's own sync",
        package: "voyager-journal",
        example: "bench",
    },
    Bench {
        name: "sandbox",
        what: "fresh and warm calls against the wasmtime API, the grant check",
        package: "voyager-sandbox",
        example: "bench",
    },
    Bench {
        name: "workspace",
        what: "bulk replace against copying the files, search against rg, a commit of 500 files",
        package: "voyager-workspace",
        example: "bench",
    },
    Bench {
        name: "manifest",
        what: "parsing and checking a manifest of 1,000 steps",
        package: "voyager-manifest",
        example: "bench",
    },
];

/// Runs the benchmark `name`.
pub(crate) fn bench(name: Option<&str>, rest: &[String]) -> Result<()> {
    let known =
        || BENCHES.iter().map(|it| format!("  {:<10} {}\n", it.name, it.what)).collect::<String>();
    let Some(name) = name else {
        eprint!("{}", known());
        return Ok(());
    };
    let Some(bench) = BENCHES.iter().find(|it| it.name == name) else {
        bail!("there is no benchmark `{name}`; there are:\n{}", known());
    };
    let mut command =
        cargo(&["run", "--release", "--package", bench.package, "--example", bench.example, "--"]);
    command.args(rest);
    run(command)
}
