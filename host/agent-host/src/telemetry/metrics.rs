//! Metrics: what is told, counted; in Prometheus' text format, in a file.
//!
//! A file, since a process lives as long as its runs: an address would be gone before anybody asks. The
//! node exporter's textfile collector reads it.

mod families;

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

use self::families::Families;
use super::fields::Fields;
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

/// Writes the file: from time to time, and at the end.
pub(super) struct Writing {
    file: PathBuf,
    families: Arc<Families>,
    /// Dropped, it ends the thread.
    _thread: SyncSender<()>,
}

/// Counts from now on, into `file`.
///
/// # Errors
/// The file can't be written.
pub(super) fn start(file: &Path) -> Result<(Counting, Writing), Failure> {
    let families = Arc::new(Families::new());
    // Now, so that a wrong path is known before anything runs.
    write(file, &families).map_err(|error| {
        Failure::environment(format!("cannot write the metrics to {}", file.display()), &error)
            .hint("--metrics-file names a file in a folder that is there")
    })?;
    let (thread, ended) = sync_channel::<()>(0);
    let (path, all) = (file.to_owned(), Arc::clone(&families));
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
    let clock = Arc::new(system::SystemClock::new());
    let counting = Counting { families: Arc::clone(&families), clock };
    Ok((counting, Writing { file: file.to_owned(), families, _thread: thread }))
}

impl Writing {
    /// Writes the last time.
    pub(super) fn finish(&self) {
        if let Err(error) = write(&self.file, &self.families) {
            printing::note(format!(
                "note: the metrics are not written to {}: {error}",
                self.file.display()
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
