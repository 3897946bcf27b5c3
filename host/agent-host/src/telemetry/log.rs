//! The log: lines on standard error.

use tracing_subscriber::{
    Layer,
    fmt::{self, format::Writer, time::FormatTime},
    registry::LookupSpan,
};
use voyager_base::clock::Clock as _;

use super::{LogFormat, levels};
use crate::{failure::Failure, system::SystemClock};

/// Writes what is of the named levels.
///
/// # Errors
/// The levels can't be read.
pub(super) fn layer<S>(
    levels: &str,
    format: LogFormat,
) -> Result<Box<dyn Layer<S> + Send + Sync>, Failure>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    let targets = levels::read(levels)?;
    let lines = fmt::layer().with_ansi(false).with_timer(Time(SystemClock::new()));
    let lines = lines.with_writer(std::io::stderr);
    Ok(match format {
        LogFormat::Text => lines.with_filter(targets).boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_span_list(false).with_filter(targets).boxed()
        }
    })
}

/// Times as everywhere else.
struct Time(SystemClock);

impl FormatTime for Time {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{}", self.0.now())
    }
}
