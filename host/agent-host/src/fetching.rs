//! Waiting for what comes over the network, with Ctrl-C and something to look at meanwhile.

use indicatif::{ProgressBar, ProgressStyle};
use voyager_package::{Offer, Source};

use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    printing,
};

/// Waits for the future, or for Ctrl-C, which is a failure.
pub(crate) fn until_cancelled<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot start a timer", &error))?;
    runtime.block_on(async {
        tokio::select! {
            done = future => Ok(done),
            _ = tokio::signal::ctrl_c() => {
                Err(Failure::new(FailureKind::Cancelled, "cancelled; nothing is changed"))
            }
        }
    })
}

/// The components of a source. Nothing is written before all have come.
pub(crate) fn fetch(
    context: &Context,
    source: &Source,
    plain_http: bool,
) -> Result<Vec<Offer>, Failure> {
    let shows = printing::on_terminal() && !context.quiet && !context.json && !context.logs;
    let bar = if shows { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("{spinner} {bytes}/{total_bytes}  {bytes_per_sec}")
            .expect("the template is well formed"),
    );
    let progress = |done: u64, total: Option<u64>| {
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
    };
    let fetched = until_cancelled(source.fetch(plain_http, &progress));
    bar.finish_and_clear();
    fetched?.map_err(|error| Failure::environment("cannot install", &error))
}
