//! Metrics at an address: `GET /metrics` over HTTP/1.1, for Prometheus itself.
//!
//! Whoever reaches the address is a stranger. So a connection gets one answer and is closed, and everything
//! about it is bounded: how many there are at once, the bytes of its request, and the time it may take. The bytes
//! are read by `httparse`; nothing of a request but its method, its path and its `Host` is looked at.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use voyager_base::clock::{Clock, Timestamp};

use super::families::Families;
use crate::{failure::Failure, printing};

/// Connections that are served at once. Prometheus needs one.
const CONNECTIONS_MAX: usize = 8;
/// Bytes of a request. Prometheus sends less than 500.
const REQUEST_BYTES_MAX: usize = 8 << 10;
/// Headers of a request.
const HEADERS_MAX: usize = 64;
/// Time of a connection, from its begin to its end.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Where the system refuses connections (too many open files), the next is asked for so much later.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the metrics can be had.
pub(super) struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

/// Reads an address; `localhost` stands for 127.0.0.1.
///
/// # Errors
/// It is none, or others than this machine reach it and `public` does not say that they may.
pub(super) fn address(text: &str, public: bool) -> Result<SocketAddr, Failure> {
    let port = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let local = port.map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let Some(address) = local.or_else(|| text.parse().ok()) else {
        return Err(Failure::usage(format!("`{text}` is no address to listen at"))
            .hint("an IP address and a port, as in `127.0.0.1:9464` or `[::1]:9464`"));
    };
    if !address.ip().is_loopback() && !public {
        let message = format!(
            "others than this machine may reach `{text}`, and the metrics ask for no password"
        );
        return Err(Failure::usage(message)
            .hint("listen at 127.0.0.1, or say `--metrics-public` where a firewall or a proxy stands before it"));
    }
    Ok(address)
}

impl Listening {
    /// Takes the address.
    ///
    /// # Errors
    /// Somebody else has it, or it is none of this machine's.
    pub(super) fn at(address: SocketAddr) -> Result<Self, Failure> {
        let listening = TcpListener::bind(address).and_then(|listener| {
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        });
        listening.map_err(|error| {
            Failure::environment(format!("cannot listen for metrics at {address}"), &error).hint(
                "each process needs a port of its own; port 0 takes any free one, and it is told",
            )
        })
    }

    /// Answers from now on, from threads of its own, until the process ends.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn serve(
        self,
        families: Arc<Families>,
        clock: Arc<dyn Clock>,
    ) -> Result<(), Failure> {
        printing::note(format!("metrics: http://{}/metrics", self.address));
        let only_here = self.address.ip().is_loopback();
        let server = Arc::new(Server { families, clock, only_here, open: AtomicUsize::new(0) });
        std::thread::Builder::new()
            .name("metrics-http".to_owned())
            .spawn(move || {
                for stream in self.listener.incoming() {
                    match stream {
                        Ok(stream) => server.accept(stream),
                        Err(_) => std::thread::sleep(PAUSE),
                    }
                }
            })
            .map(drop)
            .map_err(|error| Failure::environment("cannot start a thread", &error))
    }
}

struct Server {
    families: Arc<Families>,
    clock: Arc<dyn Clock>,
    /// Whether only this machine reaches it.
    only_here: bool,
    open: AtomicUsize,
}

impl Server {
    fn accept(self: &Arc<Self>, stream: TcpStream) {
        let until = self.clock.now().after(TIME_MAX);
        if self.open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            self.open.fetch_sub(1, Ordering::Relaxed);
            // Fits into the socket's buffer, so this thread does not wait for the peer.
            let full = Answer::refusal("503 Service Unavailable", "too many connections at once");
            drop((&stream).write_all(&full.bytes(true)));
            return;
        }
        let server = Arc::clone(self);
        let thread = std::thread::Builder::new().name("metrics-http".to_owned()).spawn(move || {
            let connection = Connection { stream: &stream, clock: &*server.clock, until };
            // Nobody can be told of a peer that is gone.
            drop(server.converse(&connection));
            server.open.fetch_sub(1, Ordering::Relaxed);
        });
        if thread.is_err() {
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn converse(&self, connection: &Connection<'_>) -> io::Result<()> {
        let mut request = Vec::new();
        let (answer, with_body) = loop {
            match connection.read(&mut request) {
                Ok(0) if request.is_empty() => return Ok(()),
                Ok(0) => break (Answer::malformed(), true),
                Ok(_) => {}
                Err(error) if is_late(&error) => {
                    break (
                        Answer::refusal("408 Request Timeout", "the request took too long"),
                        true,
                    );
                }
                Err(error) => return Err(error),
            }
            if let Some(answer) = self.answer(&request) {
                break answer;
            }
        };
        connection.write(&answer.bytes(with_body))?;
        connection.leave()
    }

    /// The answer to a request, and whether its body is wanted; none while the request is not at its end.
    fn answer(&self, request: &[u8]) -> Option<(Answer, bool)> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut read = httparse::Request::new(&mut headers);
        match read.parse(request) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) if request.len() < REQUEST_BYTES_MAX => return None,
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return Some((
                    Answer::refusal(
                        "431 Request Header Fields Too Large",
                        "the request is too long",
                    ),
                    true,
                ));
            }
            Err(_) => return Some((Answer::malformed(), true)),
        }
        let hosts: Vec<&[u8]> = read
            .headers
            .iter()
            .filter(|it| it.name.eq_ignore_ascii_case("host"))
            .map(|it| it.value)
            .collect();
        let with_body = read.method != Some("HEAD");
        let path = read.path.unwrap_or_default().split('?').next().unwrap_or_default();
        let answer = match (read.method, path) {
            // A page in a browser may let its own name lead here, and read what it gets.
            _ if self.only_here && !hosts.iter().all(|it| is_here(it)) => {
                Answer::refusal("403 Forbidden", "`Host` has to be an address of this machine")
            }
            (Some("GET" | "HEAD"), "/metrics") => Answer::metrics(self.families.text()),
            (Some("GET" | "HEAD"), _) => {
                Answer::refusal("404 Not Found", "the metrics are at /metrics")
            }
            _ => Answer {
                more: "Allow: GET, HEAD\r\n",
                ..Answer::refusal("405 Method Not Allowed", "only GET and HEAD")
            },
        };
        Some((answer, with_body))
    }
}

/// Whether a `Host` is an address, or this machine by its usual name.
fn is_here(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|it| it.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let plain = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || plain.parse::<IpAddr>().is_ok()
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A connection with the time at which it ends.
struct Connection<'a> {
    stream: &'a TcpStream,
    clock: &'a dyn Clock,
    until: Timestamp,
}

impl Connection<'_> {
    fn left(&self) -> io::Result<Duration> {
        match self.until.since(self.clock.now()) {
            Duration::ZERO => Err(ErrorKind::TimedOut.into()),
            left => Ok(left),
        }
    }

    /// Reads what comes next; nothing is left of the bound only where the request is answered.
    fn read(&self, request: &mut Vec<u8>) -> io::Result<usize> {
        let mut part = [0; 1 << 10];
        let room = REQUEST_BYTES_MAX.saturating_sub(request.len()).min(part.len());
        self.stream.set_read_timeout(Some(self.left()?))?;
        let length = (&mut &*self.stream).read(&mut part[..room])?;
        request.extend_from_slice(&part[..length]);
        Ok(length)
    }

    fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        // A peer that is slow to ask still hears that it was.
        let until = self.until.after(TIME_MAX);
        while !bytes.is_empty() {
            let left = until.since(self.clock.now());
            if left == Duration::ZERO {
                return Err(ErrorKind::TimedOut.into());
            }
            self.stream.set_write_timeout(Some(left))?;
            match (&mut &*self.stream).write(bytes)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                length => bytes = &bytes[length..],
            }
        }
        Ok(())
    }

    /// Ends the connection. What is still coming is read, within the bounds: else the system would tell the
    /// peer of a reset, and it might never see the answer.
    fn leave(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        let mut rest = Vec::new();
        while self.read(&mut rest)? != 0 {}
        Ok(())
    }
}

/// What is answered.
struct Answer {
    status: &'static str,
    kind: &'static str,
    more: &'static str,
    body: Vec<u8>,
}

impl Answer {
    fn metrics(body: Vec<u8>) -> Self {
        Self { status: "200 OK", kind: prometheus::TEXT_FORMAT, more: "", body }
    }

    fn refusal(status: &'static str, why: &str) -> Self {
        Self {
            status,
            kind: "text/plain; charset=utf-8",
            more: "",
            body: format!("{why}\n").into_bytes(),
        }
    }

    fn malformed() -> Self {
        Self::refusal("400 Bad Request", "this is no HTTP request")
    }

    fn bytes(&self, with_body: bool) -> Vec<u8> {
        let Self { status, kind, more, body } = self;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        );
        let body = if with_body { body.as_slice() } else { &[] };
        [head.as_bytes(), body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemClock;

    fn server(only_here: bool) -> Server {
        let clock = Arc::new(SystemClock::new());
        Server { families: Arc::new(Families::new()), clock, only_here, open: AtomicUsize::new(0) }
    }

    fn status(only_here: bool, request: &str) -> Option<&'static str> {
        server(only_here).answer(request.as_bytes()).map(|(answer, _)| answer.status)
    }

    #[test]
    fn requests_are_answered_or_waited_for_or_refused() {
        let long = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(REQUEST_BYTES_MAX));
        let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(HEADERS_MAX + 1));
        let cases = [
            ("GET /metrics HTTP/1.1\r\nHost: localhost:9464\r\n\r\n", Some("200 OK")),
            ("GET /metrics?x=y HTTP/1.0\r\n\r\n", Some("200 OK")),
            ("HEAD /metrics HTTP/1.1\r\nhost: [::1]:9464\r\n\r\n", Some("200 OK")),
            ("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", Some("404 Not Found")),
            ("POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", Some("405 Method Not Allowed")),
            ("GET /metrics HTTP/1.1\r\nHost: evil.example:9464\r\n\r\n", Some("403 Forbidden")),
            (
                "GET /metrics HTTP/1.1\r\nHost: ::1\r\nHost: evil.example\r\n\r\n",
                Some("403 Forbidden"),
            ),
            ("GET /metrics HTTP/1.1\r\nHost:", None),
            ("GET", None),
            ("\0\0\0\0", Some("400 Bad Request")),
            ("GET /metrics HTTP/9.9\r\n\r\n", Some("400 Bad Request")),
            (&long, Some("431 Request Header Fields Too Large")),
            (&many, Some("431 Request Header Fields Too Large")),
        ];
        for (request, expected) in cases {
            assert_eq!(status(true, request), expected, "{request:.80}");
        }
    }

    #[test]
    fn a_name_of_the_network_is_fine_where_others_may_ask() {
        let request = "GET /metrics HTTP/1.1\r\nHost: build7.example:9464\r\n\r\n";
        assert_eq!(status(false, request), Some("200 OK"));
    }

    #[test]
    fn only_this_machine_is_listened_to_unless_said() {
        for text in ["127.0.0.1:0", "localhost:9464", "[::1]:9464", "127.8.8.8:1"] {
            assert!(address(text, false).is_ok(), "{text}");
        }
        for text in ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:80"] {
            let refused = address(text, false).expect_err(text);
            assert!(refused.hint.is_some_and(|it| it.contains("--metrics-public")), "{text}");
            assert!(address(text, true).is_ok(), "{text}");
        }
        for text in ["", "9464", "localhost", "localhost:x", "example.org:80", "127.0.0.1:65536"] {
            assert!(address(text, true).is_err(), "{text}");
        }
    }
}
