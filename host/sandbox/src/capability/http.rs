//! `voyager:http`: requests to servers.

use std::time::Duration;

use serde_bytes::ByteBuf;
use voyager_base::{
    Error,
    http::{FetchHttp, HttpRequest, HttpResponse, REDIRECTS_USUAL, SendHttp},
};
use wasmtime::component::Resource;

use super::wit::voyager::http::http;
use crate::{
    guest::Guest,
    held::{Held, Weight},
};

/// Most bytes that one `body.next` gives.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// The body of an answer, and how much of it the guest has seen. It is one effect, recorded as a whole.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Body {
    bytes: ByteBuf,
    seen: usize,
    weight: Weight,
}

impl Body {
    /// A body of which nothing was seen.
    pub(crate) fn new(bytes: ByteBuf, held: &Held) -> Self {
        let weight = held.weigh(bytes.len());
        Self { bytes, seen: 0, weight }
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.seen
    }

    /// The next bytes, at most so many. It is held as a whole until the last was taken.
    pub(crate) fn take(&mut self, most: usize) -> Vec<u8> {
        let length = self.left().min(most);
        let piece = self.bytes[self.seen..self.seen + length].to_vec();
        self.seen += length;
        if self.left() == 0 {
            (self.bytes, self.seen) = (ByteBuf::new(), 0);
            self.weight.set(0);
        }
        piece
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
                let body = self.open(Body::new(bytes, &self.held))?;
                Ok(Ok(http::Response { status, url, headers, body }))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl http::HostBody for Guest {
    async fn next(&mut self, body: Resource<Body>, max: u32) -> wasmtime::Result<Vec<u8>> {
        let most = PIECE_BYTES_MAX.min(usize::try_from(self.call_bytes_max).unwrap_or(usize::MAX));
        Ok(self.handles.get_mut(&body)?.take(most.min(max as usize)))
    }

    async fn remaining(&mut self, body: Resource<Body>) -> wasmtime::Result<u64> {
        Ok(self.handles.get(&body)?.left() as u64)
    }

    async fn drop(&mut self, body: Resource<Body>) -> wasmtime::Result<()> {
        self.handles.delete(body)?;
        Ok(())
    }
}

impl Guest {
    /// Asks a server: what changes nothing as a read, anything else as an effect on the outside.
    pub(crate) async fn exchange(
        &mut self,
        request: HttpRequest,
    ) -> wasmtime::Result<Result<HttpResponse, Error>> {
        if let Err(full) = self.held.room(0) {
            return Ok(Err(full));
        }
        if request.is_safe() {
            self.ask(FetchHttp(request)).await
        } else {
            self.ask(SendHttp(request)).await
        }
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
