//! Metrics: what is told, counted; in Prometheus' text format, in a file and at an address.
//!
//! A file, since most processes live as long as one run: an address would be gone before anybody asks. The
//! node exporter's textfile collector reads it. An address is for those that live for long (decision 0021).

mod families;
mod serve;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    time::Duration,
};

use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, Filter},
    registry::LookupSpan,
};
use voyager_base::clock::{Clock, Timestamp};

use self::{families::Families, serve::Listening};
use super::{Options, fields::Fields};
use crate::{failure::Failure, printing, system};

/// How often the file is written while runs go on.
const EVERY: Duration = Duration::from_secs(10);

/// Counts what is told.
pub(super) struct Counting {
    families: Arc<Families>,
    clock: Arc<dyn Clock>,
}

/// What is counted: all that the project's crates tell.
pub(super) struct Ours;

impl<S> Filter<S> for Ours {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        metadata.target().starts_with("voyager_")
    }
}

/// A span that has not ended.
struct Open {
    since: Timestamp,
    fields: Fields,
    ended: bool,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counting {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.families.began(span.name());
        let open = Open { since: self.clock.now(), fields, ended: false };
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>().filter(|it| !it.ended) else { return };
        values.record(&mut open.fields);
        if open.fields.text("outcome").is_some() {
            open.ended = true;
            self.families.ended(span.name(), &open.fields, self.clock.now().since(open.since));
        }
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.families.happened(event.metadata().name(), &fields);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let is_open = span.extensions().get::<Open>().is_some_and(|open| !open.ended);
        if is_open {
            self.families.left(span.name());
        }
    }
}

/// What is left to be done at the end.
pub(super) struct Writing {
    families: Arc<Families>,
    file: Option<(PathBuf, SyncSender<()>)>,
}

/// Counts from now on, where metrics are asked for.
///
/// # Errors
/// The file can't be written, or the address not be listened at.
pub(super) fn start(options: &Options) -> Result<Option<(Counting, Writing)>, Failure> {
    if options.metrics_public && options.metrics_listen.is_none() {
        return Err(Failure::usage(
            "`--metrics-public` says who may reach what `--metrics-listen` names, and that is not there",
        ));
    }
    let address = options.metrics_listen.as_deref();
    let address = address.map(|it| serve::address(it, options.metrics_public)).transpose()?;
    if options.metrics_file.is_none() && address.is_none() {
        return Ok(None);
    }
    let families = Arc::new(Families::new());
    let clock: Arc<dyn Clock> = Arc::new(system::SystemClock::new());
    let listening = address.map(Listening::at).transpose()?;
    let file = options.metrics_file.as_deref();
    let file = file.map(|file| keep_writing(file, &families)).transpose()?;
    if let Some(listening) = listening {
        listening.serve(Arc::clone(&families), Arc::clone(&clock))?;
    }
    let counting = Counting { families: Arc::clone(&families), clock };
    Ok(Some((counting, Writing { families, file })))
}

/// Writes the file from time to time. What is given back ends that when it is dropped.
fn keep_writing(
    file: &Path,
    families: &Arc<Families>,
) -> Result<(PathBuf, SyncSender<()>), Failure> {
    // Now, so that a wrong path is known before anything runs.
    write(file, families).map_err(|error| {
        Failure::environment(format!("cannot write the metrics to {}", file.display()), &error)
            .hint("--metrics-file names a file in a folder that is there")
    })?;
    let (thread, ended) = sync_channel::<()>(0);
    let (path, all) = (file.to_owned(), Arc::clone(families));
    let every = move || {
        while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            // The last time it is told.
            let _ = write(&path, &all);
        }
    };
    std::thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(every)
        .map_err(|error| Failure::environment("cannot start a thread", &error))?;
    Ok((file.to_owned(), thread))
}

impl Writing {
    /// Writes the file the last time.
    pub(super) fn finish(&self) {
        let Some((file, _)) = &self.file else { return };
        if let Err(error) = write(file, &self.families) {
            printing::note(format!(
                "note: the metrics are not written to {}: {error}",
                file.display()
            ));
        }
    }
}

/// Writes beside the file and puts that in its place: a reader sees all or nothing.
fn write(file: &Path, families: &Families) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    // The collector reads what ends in `.prom`.
    name.push(format!(".{}.new", std::process::id()));
    let beside = file.with_file_name(name);
    std::fs::write(&beside, families.text())?;
    std::fs::rename(&beside, file).inspect_err(|_| {
        // What can't be put in its place is of no use.
        let _ = std::fs::remove_file(&beside);
    })
}
