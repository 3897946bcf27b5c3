//! A receiver of traces: HTTP, and OpenTelemetry's messages as their own crate reads them.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message as _;

/// Listens until the test ends.
pub(crate) struct Collector {
    /// Where it listens.
    pub(crate) url: String,
    received: Arc<Mutex<Received>>,
}

/// What has come.
#[derive(Clone, Default)]
pub(crate) struct Received {
    pub(crate) spans: Vec<Span>,
    /// Headers of the last request, in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// `service.name` of the last request.
    pub(crate) service: String,
}

impl Collector {
    /// Starts one that answers with `status`.
    pub(crate) fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let received = Arc::<Mutex<Received>>::default();
        let into = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, status, &into);
            }
        });
        Self { url, received }
    }

    /// What has come so far. A sender has been answered before it ends.
    pub(crate) fn received(&self) -> Received {
        self.received.lock().expect("no test fails with it").clone()
    }
}

/// Serves the requests of one connection.
fn serve(stream: TcpStream, status: u16, into: &Mutex<Received>) {
    let mut writing = stream.try_clone().expect("a socket can be shared");
    let mut reading = BufReader::new(stream);
    while let Some((first, headers)) = head(&mut reading) {
        assert_eq!(first, "POST /v1/traces HTTP/1.1");
        assert_eq!(headers["content-type"], "application/x-protobuf");
        let mut body = vec![0; headers["content-length"].parse().expect("a number")];
        reading.read_exact(&mut body).expect("the whole body");
        let request = ExportTraceServiceRequest::decode(&body[..]).expect("a valid message");
        {
            let mut into = into.lock().expect("no test fails with it");
            into.headers = headers;
            for of_resource in request.resource_spans {
                for attribute in of_resource.resource.expect("a resource").attributes {
                    if attribute.key == "service.name"
                        && let Some(Value::StringValue(name)) =
                            attribute.value.and_then(|it| it.value)
                    {
                        into.service = name;
                    }
                }
                into.spans.extend(of_resource.scope_spans.into_iter().flat_map(|it| it.spans));
            }
        }
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
        writing.write_all(answer.as_bytes()).expect("it can be answered");
    }
}

/// The first line of a request and its headers; none where no more comes.
fn head(reading: &mut BufReader<TcpStream>) -> Option<(String, BTreeMap<String, String>)> {
    let mut lines =
        reading.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let first = lines.next()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some((first, headers.collect()))
}
