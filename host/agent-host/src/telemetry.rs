//! What becomes of what the crates tell by `tracing`: log lines, traces for others, metrics. The only place that subscribes.
//!
//! The crates name spans and events; they know neither who listens nor what time it is. Where nothing is asked
//! for, nothing subscribes, and telling costs a look at an atomic. Decision 0014.

mod fields;
mod levels;
mod log;
mod metrics;
mod otlp;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use self::otlp::{Exporter, OfRuns, Settings, Spans};
use crate::{
    failure::Failure,
    system::{Environment, SystemChance, SystemClock},
};

/// What an operator wants to be told.
#[derive(Args)]
pub(crate) struct Options {
    /// Log what happens, to standard error: `off`, `error`, `warn`, `info`, `debug`, `trace`; also by crate, as in
    /// `info,voyager_journal=debug` [default: $VOYAGER_LOG, else nothing].
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// Form of the log.
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    log_format: LogFormat,
    /// Send traces to this OpenTelemetry collector, for example `http://localhost:4318`
    /// [default: $OTEL_EXPORTER_OTLP_ENDPOINT, else nowhere].
    #[arg(long, global = true, value_name = "URL")]
    otlp: Option<String>,
    /// Write metrics in Prometheus' text format to this file: every ten seconds, and at the end.
    #[arg(long, global = true, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    /// Serve metrics at this address, `http://ADDR/metrics`, as long as the process lives: for example
    /// `127.0.0.1:9464`.
    #[arg(long, global = true, value_name = "ADDR")]
    metrics_listen: Option<String>,
    /// Let `--metrics-listen` name an address that others than this machine reach.
    #[arg(long, global = true)]
    metrics_public: bool,
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
    exporter: Option<Exporter>,
    metrics: Option<metrics::Writing>,
}

impl Telemetry {
    /// Subscribes to what is asked for. Traces are sent by commands that have runs only: scenarios of a
    /// developer are nobody's production.
    ///
    /// # Errors
    /// An option can't be read.
    pub(crate) fn start(
        options: &Options,
        environment: &Environment,
        has_runs: bool,
    ) -> Result<Self, Failure> {
        let levels = options.log.as_ref().or(environment.log.as_ref());
        let log = levels.map(|levels| log::layer(levels, options.log_format)).transpose()?;
        let logs = log.is_some();
        let settings = Settings::read(options.otlp.as_deref(), &environment.telemetry)?;
        let settings = settings.filter(|_| has_runs);
        let caller = settings.as_ref().and_then(|it| it.caller.clone());
        let exporter = settings.and_then(Exporter::start);
        let spans = exporter.clone().map(|exporter| {
            let (clock, chance) = (Arc::new(SystemClock::new()), Arc::new(SystemChance));
            Spans { clock, chance, exporter, caller }.with_filter(OfRuns)
        });
        let metrics = if has_runs { metrics::start(options)? } else { None };
        let (counting, metrics) = metrics.unzip();
        let counting = counting.map(|it| it.with_filter(metrics::Ours));
        if logs || spans.is_some() || counting.is_some() {
            // Only a second subscription could fail, and there is none.
            let _ = tracing_subscriber::registry().with(log).with(spans).with(counting).try_init();
        }
        Ok(Self { logs, exporter, metrics })
    }

    /// Sends what is still to be sent, for a short while.
    pub(crate) fn finish(&self) {
        if let Some(exporter) = &self.exporter {
            exporter.finish();
        }
        if let Some(metrics) = &self.metrics {
            metrics.finish();
        }
    }
}
