//! `voyager:http`: requests to servers.

use std::time::Duration;

use serde_bytes::ByteBuf;
use voyager_base::{
    Error, ErrorKind,
    http::{FetchHttp, HttpRequest, HttpResponse, REDIRECTS_USUAL, SendHttp},
};
use wasmtime::component::Resource;

use super::wit::voyager::http::http;
use crate::guest::Guest;

/// Most bytes that one `body.next` gives.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// A guest that holds bodies with more bytes than this, not yet taken, gets no further one: each may have
/// 64 MiB, and handles alone would let it hold a thousand of them.
const HELD_BYTES_MAX: usize = 64 << 20;

/// The body of an answer, and how much of it the guest has seen. It is one effect, recorded as a whole.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Body {
    bytes: ByteBuf,
    seen: usize,
}

impl Body {
    fn left(&self) -> usize {
        self.bytes.len() - self.seen
    }
}

type Answer<T> = wasmtime::Result<Result<T, http::Error>>;

impl http::Host for Guest {
    async fn send(&mut self, request: http::Request) -> Answer<http::Response> {
        let request = match HttpRequest::try_from(request) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error.into())),
        };
        match self.exchange(request).await? {
            Ok(HttpResponse { status, url, headers, body: bytes }) => {
                let body = self.hold(bytes)?;
                Ok(Ok(http::Response { status, url, headers, body }))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl http::HostBody for Guest {
    async fn next(&mut self, body: Resource<Body>, max: u32) -> wasmtime::Result<Vec<u8>> {
        let most = PIECE_BYTES_MAX.min(usize::try_from(self.call_bytes_max).unwrap_or(usize::MAX));
        let body = self.handles.get_mut(&body)?;
        let length = body.left().min(max as usize).min(most);
        let piece = body.bytes[body.seen..body.seen + length].to_vec();
        body.seen += length;
        self.held -= length;
        Ok(piece)
    }

    async fn remaining(&mut self, body: Resource<Body>) -> wasmtime::Result<u64> {
        Ok(self.handles.get(&body)?.left() as u64)
    }

    async fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        let body = self.handles.delete(body)?;
        self.held -= body.left();
        Ok(())
    }
}

impl Guest {
    /// Asks a server: what changes nothing as a read, anything else as an effect on the outside.
    pub(crate) async fn exchange(
        &mut self,
        request: HttpRequest,
    ) -> wasmtime::Result<Result<HttpResponse, Error>> {
        if HELD_BYTES_MAX < self.held {
            let message = format!(
                "this task holds answers with more than {HELD_BYTES_MAX} bytes; take these, or drop the \
                 bodies, before the next"
            );
            let error = Error::new(ErrorKind::Limit, message);
            return Ok(Err(error.bound(format!("held-bytes: {HELD_BYTES_MAX}"))));
        }
        if request.is_safe() {
            self.ask(FetchHttp(request)).await
        } else {
            self.ask(SendHttp(request)).await
        }
    }

    /// Gives the guest a body.
    fn hold(&mut self, bytes: ByteBuf) -> wasmtime::Result<Resource<Body>> {
        self.held += bytes.len();
        self.open(Body { bytes, seen: 0 })
    }
}

impl TryFrom<http::Request> for HttpRequest {
    type Error = Error;

    fn try_from(request: http::Request) -> Result<Self, Error> {
        let http::Request { method, url, headers, body, timeout_ms, redirects_max } = request;
        Ok(Self {
            time_max: timeout_ms.map(Duration::from_millis),
            redirects_max: redirects_max.unwrap_or(REDIRECTS_USUAL),
            ..Self::new(&method, &url, headers, body)?
        })
    }
}
