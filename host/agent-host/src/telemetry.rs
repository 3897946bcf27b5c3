//! What becomes of what the crates tell by `tracing`: log lines. The only place that subscribes.
//!
//! The crates name spans and events; they know neither who listens nor what time it is. Where nothing is asked
//! for, nothing subscribes, and telling costs a look at an atomic. Decision 0014.

mod log;

use clap::{Args, ValueEnum};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{failure::Failure, system::Environment};

/// What an operator wants to be told.
#[derive(Args)]
pub(crate) struct Options {
    /// Log what happens, to standard error: `error`, `warn`, `info`, `debug`, `trace`; also by crate, as in
    /// `info,voyager_journal=debug` [default: $VOYAGER_LOG, else nothing].
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// Form of the log.
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    log_format: LogFormat,
}

/// Form of the log.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Text,
    /// An object a line.
    Json,
}

/// The subscription. It lasts as long as the process.
pub(crate) struct Telemetry {
    /// Whether log lines go to standard error.
    pub(crate) logs: bool,
}

impl Telemetry {
    /// Subscribes to what is asked for.
    ///
    /// # Errors
    /// An option can't be read.
    pub(crate) fn start(options: &Options, environment: &Environment) -> Result<Self, Failure> {
        let levels = options.log.as_ref().or(environment.log.as_ref());
        let log = levels.map(|levels| log::layer(levels, options.log_format)).transpose()?;
        let logs = log.is_some();
        if logs {
            // Only a second subscription could fail, and there is none.
            let _ = tracing_subscriber::registry().with(log).try_init();
        }
        Ok(Self { logs })
    }
}
