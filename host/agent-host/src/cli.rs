//! The command line: one file a command, each of the same shape.

mod approve;
mod arrange;
mod asking;
mod cache;
mod cancel;
mod completions;
mod explain;
mod fork;
mod grants;
mod graph;
mod kill;
mod lock;
mod lsp;
mod man;
mod memory;
mod out;
mod pause;
mod plan;
mod replay;
mod resume;
mod retry;
mod run;
mod runs;
mod scenario;
mod schema;
mod secrets;
mod serve;
mod signal;
mod skill;
mod test;
mod top;
mod undo;
mod validate;

use std::{num::NonZeroU32, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use voyager_sandbox::Profiler;

pub(crate) use self::arrange::arranged;
use crate::{
    encoding, failure::Failure, owner_key::KeySource, places::Places, system::Environment,
    telemetry,
};

/// Runs Logic Manifests with sandboxed skills: every effect granted, journaled, replayable.
#[derive(Parser)]
#[command(name = "agent-host", version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(clap::Args)]
pub(crate) struct Common {
    /// Folder of the journal and the content [default: $XDG_STATE_HOME/voyager].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Folder with skills, before the user's own and the shipped ones. May be given several times.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) skills: Vec<PathBuf>,
    /// Folder with shipped manifests, SDK and WIT [default: beside the program].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) share: Option<PathBuf>,
    /// The policy of this host [default: $VOYAGER_POLICY, else $XDG_CONFIG_HOME/voyager/policy.yaml]. It counts in
    /// the process that has the state.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// What makes the vectors of the memory: `none`, `hashed`, a folder with `model.safetensors` and
    /// `tokenizer.json`, or the address of an endpoint with its model, like
    /// http://127.0.0.1:11434/api/embed#MODEL [default: $VOYAGER_ENCODER, else encoder.yaml beside the policy,
    /// else none]. It counts in the process that has the state.
    #[arg(long, global = true, value_name = "ENCODER")]
    pub(crate) encoder: Option<String>,
    /// Where the key of that endpoint comes from, `env:VARIABLE` or `file:PATH` [default: $VOYAGER_ENCODER_KEY].
    #[arg(long, global = true, value_name = "SOURCE")]
    pub(crate) encoder_key: Option<String>,
    /// Print JSON: one object a line, the last with the answer or the error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing while something goes on.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Processors that tasks may use: as many compute at a time, and steps reserve of them [default: the
    /// machine's]. It counts in the process that has the state.
    #[arg(long, global = true, value_name = "NUMBER")]
    pub(crate) cpus: Option<NonZeroU32>,
    /// Memory that steps may reserve together, for example 8GiB [default: three quarters of the machine's]. It
    /// counts in the process that has the state.
    #[arg(long, global = true, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<u64>,
    /// What opens a locked memory: a passphrase as env:VARIABLE or file:PATH, or key-file:PATH [default:
    /// $VOYAGER_MEMORY_KEY].
    // Not read while the line is: what is wrong there is repeated to whoever typed it, and to their logs.
    #[arg(long, global = true, value_name = "SOURCE")]
    pub(crate) memory_key: Option<String>,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    #[command(flatten)]
    pub(crate) telemetry: telemetry::Options,
}

/// When to use colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Run(run::Run),
    Validate(validate::Validate),
    Explain(explain::Explain),
    Plan(plan::Plan),
    Approve(approve::Approve),
    Grants(grants::Grants),
    Graph(graph::Graph),
    Runs(runs::Runs),
    Cache(cache::Cache),
    Memory(memory::Memory),
    Top(top::Top),
    Serve(serve::Serve),
    Resume(resume::Resume),
    Retry(retry::Retry),
    Fork(fork::Fork),
    Replay(replay::Replay),
    Signal(signal::Signal),
    Pause(pause::Pause),
    Cancel(cancel::Cancel),
    Kill(kill::Kill),
    Undo(undo::Undo),
    Skill(skill::Skill),
    Test(test::Test),
    Scenario(scenario::Scenario),
    Lock(lock::Lock),
    Schema(schema::Schema),
    Lsp(lsp::Lsp),
    Completions(completions::Completions),
    Man(man::Man),
}

/// What a command works with.
pub(crate) struct Context {
    pub(crate) places: Places,
    pub(crate) environment: Environment,
    pub(crate) program: PathBuf,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) color: bool,
    /// Whether log lines go to standard error.
    pub(crate) logs: bool,
    /// What tasks may use of the machine.
    pub(crate) capacity: Capacity,
    /// What opens a locked memory, where somebody says so.
    pub(crate) memory_key: Option<KeySource>,
    /// What makes the vectors of the memory, where somebody says so.
    pub(crate) encoder: encoding::Said,
    /// Who looks at the stacks of guests, where somebody wants to know them.
    pub(crate) profiler: Option<Profiler>,
}

/// What tasks may use of the machine, where somebody says so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Capacity {
    /// Processors.
    pub(crate) cpus: Option<NonZeroU32>,
    /// Bytes of memory.
    pub(crate) memory: Option<u64>,
}

fn size(text: &str) -> Result<u64, String> {
    voyager_manifest::read_size(text)
        .ok_or_else(|| "a size like `512MiB` or `8GiB` is wanted".to_owned())
}

impl Context {
    /// The same at other places, where a command runs what nobody watches.
    pub(crate) fn quietly_at(&self, places: Places) -> Self {
        Self {
            places,
            environment: self.environment.clone(),
            program: self.program.clone(),
            json: false,
            quiet: true,
            color: self.color,
            logs: self.logs,
            capacity: self.capacity,
            memory_key: None,
            encoder: self.encoder.clone(),
            profiler: None,
        }
    }

    /// Who calls, as journals name them.
    pub(crate) fn user(&self) -> String {
        let number = || format!("user {}", rustix::process::getuid().as_raw());
        self.environment.user.clone().unwrap_or_else(number)
    }
}

impl Command {
    /// Whether runs may go on in its process.
    pub(crate) fn has_runs(&self) -> bool {
        // While one that only looks has the state, others may ask it to run something.
        matches!(
            self,
            Self::Run(_)
                | Self::Serve(_)
                | Self::Resume(_)
                | Self::Replay(_)
                | Self::Cancel(_)
                | Self::Undo(_)
                | Self::Runs(_)
                | Self::Cache(_)
                | Self::Memory(_)
                | Self::Skill(_)
        )
    }

    /// Runs the command; the number is the exit code where it is no failure.
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        match self {
            Self::Run(it) => it.run(context),
            Self::Validate(it) => it.run(context),
            Self::Explain(it) => it.run(context),
            Self::Plan(it) => it.run(context),
            Self::Approve(it) => it.run(context),
            Self::Grants(it) => it.run(context),
            Self::Graph(it) => it.run(context),
            Self::Runs(it) => it.run(context),
            Self::Cache(it) => it.run(context),
            Self::Memory(it) => it.run(context),
            Self::Top(it) => it.run(context),
            Self::Serve(it) => it.run(context),
            Self::Resume(it) => it.run(context),
            Self::Retry(it) => it.run(context),
            Self::Fork(it) => it.run(context),
            Self::Replay(it) => it.run(context),
            Self::Signal(it) => it.run(context),
            Self::Pause(it) => it.run(context),
            Self::Cancel(it) => it.run(context),
            Self::Kill(it) => it.run(context),
            Self::Undo(it) => it.run(context),
            Self::Skill(it) => it.run(context),
            Self::Test(it) => it.run(context),
            Self::Scenario(it) => it.run(context),
            Self::Schema(it) => it.run(context),
            Self::Lock(it) => it.run(context),
            Self::Lsp(it) => it.run(context),
            Self::Completions(it) => it.run(context),
            Self::Man(it) => it.run(context),
        }
    }
}
