//! Voyager's developer commands: `cargo xtask demo`, `test`, `bench`, `train`, `storm`, `fuzz`, `install`.
//!
//! Each does its own set-up: the `wasm32-wasip2` target is added by rustup where it is missing, skills
//! are built before whatever needs them.

mod bench;
mod bench_folder;
mod bench_memory_peers;
mod bench_peers;
mod build;
mod ci;
mod commands;
mod demo;
mod fuzz;
mod install;
mod test;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Voyager's developer commands.
#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds what is needed, audits this repository, prints the summary and where the report is.
    Demo,
    /// Builds the skills and runs all tests.
    Test {
        /// Passed on to `cargo test`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Builds the shipped skills into `target/skills`.
    Skills,
    /// Measures one thing against its peer; without a name, says what can be measured.
    Bench {
        /// What to measure.
        name: Option<String>,
        /// Passed on to the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Trains what the memory ranks by, on conversations that we make up.
    Train {
        /// `--encoder FOLDER --shipped --out FOLDER`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Builds command-line programs of the registry, and tries them as skills on files.
    Commands,
    /// Runs the long suites: crashes at every point, kills by the hundred. Compiles what the memory is measured beside.
    Storm,
    /// Feeds hostile bytes to everything that reads bytes from outside; says what crashed.
    Fuzz {
        /// Which target; without one, all.
        name: Option<String>,
        /// How long each target runs.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Runs this input alone, for example one that crashed.
        #[arg(long)]
        input: Option<PathBuf>,
    },
    /// Installs binary, skills, manifests, SDK and WIT below a prefix.
    Install {
        /// Where to: `PREFIX/bin`, `PREFIX/lib/voyager`, `PREFIX/share/voyager`.
        #[arg(long, default_value = "~/.local")]
        prefix: PathBuf,
    },
    /// Everything that must pass before a change lands: format, lints, docs, tests.
    Ci,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo => demo::demo(),
        Command::Test { rest } => test::test(&rest, None),
        Command::Skills => build::agent_host(false).and_then(|it| build::skills(&it)).map(drop),
        Command::Bench { name, rest } => bench::bench(name.as_deref(), &rest),
        Command::Train { rest } => bench::train(&rest),
        Command::Commands => commands::commands(),
        Command::Storm => test::storm(),
        Command::Fuzz { name, seconds, input } => {
            fuzz::fuzz(name.as_deref(), seconds, input.as_deref())
        }
        Command::Install { prefix } => install::install(&prefix),
        Command::Ci => ci::ci(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
