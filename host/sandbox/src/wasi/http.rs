//! `wasi:http`, its outgoing half: the requests of `voyager:http` in the words that any language's HTTP client
//! knows. This only translates; see `requests.rs`. Nobody asks a skill, so the incoming half has no handles.

mod fields;
mod incoming;
mod outgoing;

use wasmtime::component::Resource;

#[expect(unreachable_pub, reason = "the bindings re-export them")]
pub use self::{
    fields::Fields,
    incoming::{FutureResponse, FutureTrailers, IncomingBody, Never},
    outgoing::{OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions},
};
use super::{
    io::StreamFault,
    wit::wasi::http::types::{self, ErrorCode},
};
use crate::guest::Guest;

impl types::Host for Guest {
    fn http_error_code(
        &mut self,
        fault: Resource<StreamFault>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(match self.handles.get(&fault)? {
            StreamFault::Http(code) => Some(code.clone()),
            StreamFault::File(_) => None,
        })
    }
}
