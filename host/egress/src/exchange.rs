//! One request and its answer over one connection, which begins and ends with them.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    client::conn::http1,
    header::{HOST, HeaderName, HeaderValue, USER_AGENT},
    rt::{Read, Write},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use voyager_base::{
    Error, ErrorKind,
    http::{HEADER_BYTES_MAX, HEADERS_MAX, HttpRequest, HttpResponse, Position, Url},
};

use crate::tls::Tls;

/// Who asks, where the skill does not say.
const AGENT: &str = concat!("voyager/", env!("CARGO_PKG_VERSION"));
/// Most addresses that are tried.
const TRIED_MAX: usize = 4;

/// One hop: where it goes, and what it carries.
pub(crate) struct Hop<'a> {
    pub(crate) url: &'a Url,
    pub(crate) request: &'a HttpRequest,
    /// Headers with secrets in their places.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether one of them holds a secret.
    pub(crate) holds_secret: bool,
    /// Most bytes of the body of the answer.
    pub(crate) receive_bytes_max: u64,
    /// Turns true before the first byte is written.
    pub(crate) sent: &'a AtomicBool,
}

impl Hop<'_> {
    /// Sends it to the first of the addresses that takes a connection.
    pub(crate) async fn send(
        self,
        addresses: &[SocketAddr],
        tls: &Tls,
    ) -> Result<HttpResponse, Error> {
        let host = self.url.host_str().unwrap_or_default();
        let stream = self.dial(addresses).await?;
        if self.url.scheme() == "http" {
            return self.over(TokioIo::new(stream)).await;
        }
        let connector = tls.connector().map_err(Error::unavailable)?;
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name)
            .map_err(|_| Error::invalid(format!("`{host}` can be no name in a certificate")))?;
        let private = connector.connect(name, stream).await.map_err(|error| {
            Error::unavailable(format!("`{host}` can't be recognised by its certificate: {error}"))
        })?;
        self.over(TokioIo::new(private)).await
    }

    async fn dial(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
        let mut failed = None;
        for address in addresses.iter().take(TRIED_MAX) {
            // Anybody on the way could read it.
            if self.holds_secret && self.url.scheme() == "http" && !address.ip().is_loopback() {
                return Err(Error::denied(
                    "a secret goes over `https` alone, or to this machine itself",
                    "secrets: only over https",
                ));
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Small requests would wait for each other otherwise.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => failed = failed.or(Some((address, error))),
            }
        }
        let host = self.url.host_str().unwrap_or_default();
        Err(Error::unavailable(match failed {
            Some((address, error)) => format!("`{host}` can't be reached at {address}: {error}"),
            None => format!("`{host}` has no address"),
        }))
    }

    async fn over<T: Read + Write + Unpin>(mut self, io: T) -> Result<HttpResponse, Error> {
        let request = self.message()?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEADER_BYTES_MAX).max_headers(HEADERS_MAX);
        let (mut sender, connection) =
            builder.handshake(io).await.map_err(|error| self.broken(&error))?;
        let exchange = async {
            self.sent.store(true, Ordering::SeqCst);
            let answer = sender.send_request(request).await.map_err(|it| self.broken(&it))?;
            self.take(answer).await
        };
        let (mut exchange, connection) = (pin!(exchange), pin!(connection));
        tokio::select! {
            biased;
            done = &mut exchange => done,
            // It has said all that it will; what is left stands in the exchange.
            _ = connection => exchange.await,
        }
    }

    fn message(&mut self) -> Result<Request<Full<Bytes>>, Error> {
        let unfit = |error: hyper::http::Error| Error::invalid(format!("no request: {error}"));
        let url = self.url;
        // Only path and query: a proxy's form would name the host a second time.
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        let mut message = Request::builder().method(&*self.request.method).uri(target);
        message = message.header(HOST, authority);
        if self.headers.iter().all(|(name, _)| *name != USER_AGENT) {
            message = message.header(USER_AGENT, AGENT);
        }
        for (name, value) in std::mem::take(&mut self.headers) {
            message = message.header(name, value);
        }
        let body = Bytes::copy_from_slice(&self.request.body);
        message.body(Full::new(body)).map_err(unfit)
    }

    async fn take(&self, answer: Response<Incoming>) -> Result<HttpResponse, Error> {
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let headers = headers.collect();
        let mut body = answer.into_body();
        let mut bytes = Vec::new();
        if self.receive_bytes_max < body.size_hint().lower() {
            return Err(self.too_large(status));
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.broken(&error))?;
            // Trailers are dropped: nobody has checked them.
            let Ok(data) = frame.into_data() else { continue };
            if self.receive_bytes_max < (bytes.len() + data.len()) as u64 {
                return Err(self.too_large(status));
            }
            bytes.extend_from_slice(&data);
        }
        let url = self.url.to_string();
        Ok(HttpResponse { status, url, headers, body: bytes.into() })
    }

    fn too_large(&self, status: u16) -> Error {
        let most = self.receive_bytes_max;
        let message = format!(
            "the answer of `{}` (status {status}) has more than {most} bytes; raise `receive` of its grant",
            self.url.host_str().unwrap_or_default()
        );
        Error::new(ErrorKind::Limit, message).bound(format!("receive: {most}"))
    }

    fn broken(&self, error: &hyper::Error) -> Error {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(next) = cause {
            why = format!("{why}: {next}");
            cause = next.source();
        }
        let host = self.url.host_str().unwrap_or_default();
        Error::unavailable(format!("the connection to `{host}` broke: {why}"))
    }
}
