//! Sends spans, in batches, from a thread of its own: a collector that is slow or gone never holds up a run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use prost::Message as _;

use super::{
    Settings,
    message::{ExportTraceServiceRequest, Resource, ResourceSpans, Scope, ScopeSpans, Span},
};
use crate::printing;

/// Spans that may wait to be sent; what is above is dropped.
const WAITING_MAX: usize = 4_096;
/// Spans of one request.
const BATCH_MAX: usize = 512;
/// A batch is sent when nothing has come for so long, and a failed one again.
const PAUSE: Duration = Duration::from_millis(500);
/// The most that the end of the process waits for the last batch.
const FINISH: Duration = Duration::from_secs(3);

/// Takes spans to be sent. Clones share the thread.
#[derive(Clone)]
pub(crate) struct Exporter {
    messages: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Span(Box<Span>),
    /// Send what there is, and tell.
    Finish(SyncSender<()>),
}

impl Exporter {
    /// Starts the thread; none where that is impossible, which is said.
    pub(crate) fn start(settings: Settings) -> Option<Self> {
        let (messages, received) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("otlp".to_owned());
        let sender = Sender::new(settings);
        match thread.spawn(move || sender.run(&received)) {
            Ok(_) => Some(Self { messages, dropped: Arc::default() }),
            Err(error) => {
                printing::note(format!("note: no traces are exported: {error}"));
                None
            }
        }
    }

    /// Has a span sent, some time.
    pub(super) fn send(&self, span: Span) {
        if let Err(TrySendError::Full(_)) = self.messages.try_send(Message::Span(Box::new(span))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all is sent, for a short while.
    pub(crate) fn finish(&self) {
        let (tell, told) = sync_channel(1);
        // A full channel belongs to a collector that does not answer.
        let asked = self.messages.try_send(Message::Finish(tell)).is_ok();
        if !asked || told.recv_timeout(FINISH) == Err(RecvTimeoutError::Timeout) {
            printing::note("note: the last traces are not exported: the collector does not answer");
        }
        let dropped = self.dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            printing::note(format!(
                "note: {dropped} spans are not exported: the collector is slow"
            ));
        }
    }
}

struct Sender {
    settings: Settings,
    agent: ureq::Agent,
    waiting: Vec<Span>,
    /// Whether somebody was told that it does not work.
    complained: bool,
}

impl Sender {
    fn new(settings: Settings) -> Self {
        let config = ureq::Agent::config_builder();
        let config = config.timeout_global(Some(settings.timeout)).http_status_as_error(false);
        // A proxy is for what is far away, and settings are read in one place.
        let config = config.proxy(None).max_redirects(0).user_agent("agent-host");
        Self { agent: config.build().into(), settings, waiting: Vec::new(), complained: false }
    }

    fn run(mut self, received: &Receiver<Message>) {
        loop {
            let next = match self.waiting.is_empty() {
                true => received.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => received.recv_timeout(PAUSE),
            };
            match next {
                Ok(Message::Span(span)) => {
                    self.waiting.push(*span);
                    if self.waiting.len() >= BATCH_MAX {
                        self.send();
                    }
                }
                Ok(Message::Finish(tell)) => {
                    self.send();
                    // Whoever asked may have given up.
                    let _ = tell.try_send(());
                }
                Err(RecvTimeoutError::Timeout) => self.send(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn send(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let spans = std::mem::take(&mut self.waiting);
        let request = self.request(spans);
        let mut post = self.agent.post(&self.settings.url).content_type("application/x-protobuf");
        for (name, value) in &self.settings.headers {
            post = post.header(name, value);
        }
        let refused = match post.send(&request.encode_to_vec()[..]) {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => {
                let status = answer.status();
                // Those by which a collector asks to come again.
                (matches!(status.as_u16(), 429 | 502..=504), format!("it answers {status}"))
            }
            Err(error) => (true, error.to_string()),
        };
        let (again, reason) = refused;
        if !self.complained {
            self.complained = true;
            let url = &self.settings.url;
            printing::note(format!("note: traces can't be sent to {url}: {reason}"));
        }
        if again {
            let of_scope = request.resource_spans.into_iter().flat_map(|it| it.scope_spans);
            self.waiting = of_scope.flat_map(|it| it.spans).collect();
            // What is oldest goes first: the rest may still get through.
            self.waiting.drain(..self.waiting.len().saturating_sub(BATCH_MAX - 1));
        }
    }

    fn request(&self, spans: Vec<Span>) -> ExportTraceServiceRequest {
        let scope =
            Scope { name: "voyager".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let resource = Resource { attributes: self.settings.resource.clone() };
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource),
                scope_spans: vec![ScopeSpans { scope: Some(scope), spans }],
            }],
        }
    }
}
