//! Requests to servers.
//!
//! ```no_run
//! # fn main() -> Result<(), voyager_sdk::Error> {
//! use voyager_sdk::http;
//!
//! let response = http::Request::new("GET", "https://api.example.org/items")
//!     .header("Authorization", "Bearer ${secrets.token}")
//!     .send()?;
//! let body = http::bytes(&response);
//! # Ok(())
//! # }
//! ```

use crate::Error;
use crate::bindings::voyager::http::http;
pub use crate::bindings::voyager::http::http::{Body, Response};

/// Bytes that are taken from a body at a time.
const PIECE_BYTES: u32 = 256 << 10;

/// A request that is being made.
#[derive(Clone, Debug)]
pub struct Request(http::Request);

impl Request {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self(http::Request {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
            redirects_max: None,
        })
    }

    /// The same with one more header. The value may hold `${secrets.NAME}`, which the host fills in.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// The same with this longest time, to the last byte of the answer.
    #[must_use]
    pub fn timeout(mut self, time: std::time::Duration) -> Self {
        self.0.timeout_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// The same, and so many redirects are followed at most.
    #[must_use]
    pub fn redirects(mut self, most: u32) -> Self {
        self.0.redirects_max = Some(most);
        self
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// What the host says; see [`http::send`].
    pub fn send(&self) -> Result<Response, Error> {
        http::send(&self.0)
    }
}

/// All that is left of the body of an answer.
pub fn bytes(response: &Response) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(usize::try_from(response.body.remaining()).unwrap_or(0));
    loop {
        let piece = response.body.next(PIECE_BYTES);
        if piece.is_empty() {
            return bytes;
        }
        bytes.extend(piece);
    }
}
