//! From spans of `tracing` to spans of a trace.
//!
//! A run's trace has the run's id, and a span's id is a hash of what it tells of: so a run that goes on in
//! another process continues its trace, and a link to an earlier life, attempt or run needs no look-up.

use std::sync::Arc;

use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, Filter},
    registry::LookupSpan,
};
use voyager_base::{Digest, RunId, chance::Chance, clock::Clock};

use super::{
    Exporter,
    message::{self, KeyValue, Link, Span, Status},
};
use crate::telemetry::fields::Fields;

/// Events of a span that are sent; the rest is counted.
const EVENTS_MAX: usize = 128;

/// Makes spans and gives them to be sent.
pub(crate) struct Spans {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    pub(crate) exporter: Exporter,
    /// The trace and the span of who started this process.
    pub(crate) caller: Option<(Vec<u8>, Vec<u8>)>,
}

/// What is sent: all that runs tell of themselves.
pub(crate) struct OfRuns;

impl<S> Filter<S> for OfRuns {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        metadata.target().starts_with("voyager_agent")
    }
}

/// A span that has not ended.
struct Open {
    span: Span,
    ended: bool,
}

/// Ids of spans.
struct Ids;

impl Ids {
    /// The first life of a run has the epoch 1.
    fn run(run: &RunId, epoch: i64) -> Vec<u8> {
        Self::hash(&[b"run", &run.0, &epoch.to_le_bytes()])
    }

    /// An attempt that goes on in another life of its run has a span for each.
    fn task(task: &str, attempt: i64, epoch: Option<i64>) -> Vec<u8> {
        let epoch = epoch.unwrap_or_default().to_le_bytes();
        Self::hash(&[b"task", task.as_bytes(), &attempt.to_le_bytes(), &epoch])
    }

    fn hash(parts: &[&[u8]]) -> Vec<u8> {
        Digest::of_parts(parts.iter().copied()).0[..8].to_vec()
    }
}

impl Spans {
    fn nanos(&self) -> u64 {
        self.clock.now().as_micros().saturating_mul(1_000)
    }

    fn random<const N: usize>(&self) -> Vec<u8> {
        let mut bytes = [0; N];
        self.chance.fill(&mut bytes);
        bytes.to_vec()
    }

    /// The ids of a span and what it is linked with, by what it tells of.
    fn placed(&self, mut span: Span, fields: &Fields) -> Span {
        let epoch = fields.int("epoch").unwrap_or(1);
        let resumed = fields.bool("resumed");
        let link = |trace: &[u8], span, why: &str| Link {
            trace_id: trace.to_vec(),
            span_id: span,
            attributes: vec![KeyValue::text("voyager.link", why)],
        };
        match span.name.as_str() {
            "run" => {
                let Some(run) = run_of(fields, "run") else { return span };
                (span.trace_id, span.span_id) = (run.0.to_vec(), Ids::run(&run, epoch));
                if resumed {
                    span.links.push(link(&run.0, Ids::run(&run, 1), "resumes"));
                }
                if let Some(undone) = run_of(fields, "undoes") {
                    span.links.push(link(&undone.0, Ids::run(&undone, 1), "undoes"));
                }
                if let Some((trace, caller)) = &self.caller {
                    span.links.push(link(trace, caller.clone(), "started-by"));
                }
            }
            "task" => {
                let Some(task) = fields.text("task") else { return span };
                let attempt = fields.int("attempt").unwrap_or(1);
                span.span_id = Ids::task(task, attempt, resumed.then_some(epoch));
                if resumed {
                    let first = Ids::task(task, attempt, None);
                    span.links.push(link(&span.trace_id, first, "resumes"));
                }
                if attempt > 1 {
                    let earlier = Ids::task(task, attempt - 1, None);
                    span.links.push(link(&span.trace_id, earlier, "retries"));
                }
                if let Some(operation) = fields.text("operation") {
                    operation.clone_into(&mut span.name);
                }
            }
            "replay" => {
                if let Some(run) = run_of(fields, "replays") {
                    span.links.push(link(&run.0, Ids::run(&run, 1), "replays"));
                }
            }
            _ => {}
        }
        span
    }

    fn end(&self, open: &mut Open) {
        if std::mem::replace(&mut open.ended, true) {
            return;
        }
        let mut span = std::mem::take(&mut open.span);
        span.end_time_unix_nano = self.nanos();
        self.exporter.send(span);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(registered) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let above = registered.parent().and_then(|parent| {
            let extensions = parent.extensions();
            let open = extensions.get::<Open>()?;
            Some((open.span.trace_id.clone(), open.span.span_id.clone()))
        });
        let (trace_id, parent_span_id) = above.unwrap_or_else(|| (self.random::<16>(), Vec::new()));
        let span = Span {
            trace_id,
            span_id: self.random::<8>(),
            parent_span_id,
            name: attributes.metadata().name().to_owned(),
            kind: message::KIND_INTERNAL,
            start_time_unix_nano: self.nanos(),
            ..Span::default()
        };
        let mut span = self.placed(span, &fields);
        span.attributes = as_attributes(fields);
        registered.extensions_mut().insert(Open { span, ended: false });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(registered) = context.span(id) else { return };
        let mut extensions = registered.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>() else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        let outcome = fields.text("outcome").map(str::to_owned);
        open.span.attributes.extend(as_attributes(fields));
        let Some(outcome) = outcome else { return };
        let is_good = matches!(outcome.as_str(), "done" | "same");
        let code = if is_good { message::STATUS_OK } else { message::STATUS_ERROR };
        let message = if is_good { String::new() } else { outcome };
        open.span.status = Some(Status { message, code });
        self.end(open);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(registered) = context.event_span(event) else { return };
        let mut extensions = registered.extensions_mut();
        let Some(open) = extensions.get_mut::<Open>().filter(|it| !it.ended) else { return };
        if open.span.events.len() >= EVENTS_MAX {
            open.span.dropped_events_count += 1;
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        open.span.events.push(message::Event {
            time_unix_nano: self.nanos(),
            name: event.metadata().name().to_owned(),
            attributes: as_attributes(fields),
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(registered) = context.span(&id) else { return };
        let mut extensions = registered.extensions_mut();
        if let Some(open) = extensions.get_mut::<Open>() {
            self.end(open);
        }
    }
}

/// A run that a field names.
fn run_of(fields: &Fields, name: &str) -> Option<RunId> {
    fields.text(name)?.parse().ok()
}

/// Fields as attributes: under the project's name, but for what OpenTelemetry has a name for.
fn as_attributes(fields: Fields) -> Vec<KeyValue> {
    let name = |field: &str| match field {
        "error" => "error.type".to_owned(),
        field => format!("voyager.{field}"),
    };
    let fields = fields.0.into_iter().filter(|(field, _)| *field != "message");
    fields.map(|(field, value)| KeyValue::of(name(field), value.into())).collect()
}
