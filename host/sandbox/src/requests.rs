//! Requests of guests that know `wasi:http` alone: put together over many calls, and then asked by the one
//! question that `voyager:http` has.
//!
//! That question takes a whole body, so a request leaves when the guest has both handed it over and finished its
//! body, and the answer is there when the call returns that came last. Until then it lies here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_bytes::ByteBuf;
use voyager_base::{
    Error, ErrorKind,
    http::{ADDRESS_NEVER, HttpRequest, HttpResponse, is_host_header},
};

use crate::{
    capability::http::Body,
    ending::Ending,
    guest::Guest,
    held::{Held, Weight},
    wasi::{DnsErrorPayload, HttpErrorCode},
};

/// One request and its answer, shared by the handles through which a guest sees them.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the bindings name what holds it")]
pub struct Exchange(Arc<Mutex<State>>);

struct State {
    /// What the guest has handed over, without its body, until it leaves.
    request: Option<HttpRequest>,
    body: Written,
    /// How much the guest has said that it writes.
    promised: Option<u64>,
    bytes: Vec<u8>,
    weight: Weight,
    answer: Answer,
}

/// How far a body is.
enum Written {
    Begun,
    Whole,
    Broken(HttpErrorCode),
}

/// What came of it, taken once.
pub(crate) enum Answer {
    Awaited,
    Here(Result<Response, HttpErrorCode>),
    Taken,
}

/// What a server answered.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Response {
    pub(crate) status: u16,
    /// Without those that framed the message: its body is whole.
    pub(crate) headers: Vec<(String, String)>,
    /// Until it is taken.
    pub(crate) body: Option<Body>,
    /// Of the headers.
    _weight: Weight,
}

impl Response {
    fn new(response: HttpResponse, held: &Held) -> Self {
        let HttpResponse { status, mut headers, body, .. } = response;
        headers.retain(|(name, _)| name == "content-length" || !is_host_header(name));
        let text = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        Self { status, headers, body: Some(Body::new(body, held)), _weight: held.weigh(text) }
    }
}

impl Exchange {
    /// One whose body will be written, of the length that a header promises.
    pub(crate) fn begun(promised: Option<u64>, held: &Held) -> Self {
        Self::new(Written::Begun, promised, held)
    }

    /// One without a body.
    pub(crate) fn bodiless(held: &Held) -> Self {
        Self::new(Written::Whole, None, held)
    }

    fn new(body: Written, promised: Option<u64>, held: &Held) -> Self {
        let (bytes, weight) = (Vec::new(), held.weigh(0));
        let answer = Answer::Awaited;
        Self(Arc::new(Mutex::new(State { request: None, body, promised, bytes, weight, answer })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the body. A request whose body is not what was promised never leaves.
    pub(crate) fn finish(&self, with_trailers: bool) -> Result<(), HttpErrorCode> {
        let mut state = self.state();
        let written = state.bytes.len() as u64;
        let fault = if with_trailers {
            let why = "trailers are not sent; end the body without them";
            Some(HttpErrorCode::InternalError(Some(why.to_owned())))
        } else if state.promised.is_some_and(|promised| promised != written) {
            Some(HttpErrorCode::HttpRequestBodySize(Some(written)))
        } else {
            None
        };
        let ended = fault.clone().map_or(Written::Whole, Written::Broken);
        state.body = ended;
        fault.map_or(Ok(()), Err)
    }

    /// Lets go of the body before its end.
    pub(crate) fn abandon_body(&self) {
        let mut state = self.state();
        state.body = Written::Broken(HttpErrorCode::HttpProtocolError);
        state.settle();
    }

    /// The guest hands over what is asked.
    pub(crate) fn hand_over(&self, request: HttpRequest) {
        self.state().request = Some(request);
    }

    /// Nobody waits for the answer any more: what has not left does not leave.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        (state.request, state.answer) = (None, Answer::Taken);
    }

    /// Whether there is an answer, or was.
    pub(crate) fn is_answered(&self) -> bool {
        !matches!(self.state().answer, Answer::Awaited)
    }

    /// The answer, where it is there and was not taken.
    pub(crate) fn take(&self) -> Answer {
        let mut state = self.state();
        match state.answer {
            Answer::Awaited => Answer::Awaited,
            _ => std::mem::replace(&mut state.answer, Answer::Taken),
        }
    }

    /// The request, where nothing of it is missing: it leaves now.
    fn leave(&self) -> Option<HttpRequest> {
        let mut state = self.state();
        state.settle();
        if !matches!(state.body, Written::Whole) {
            return None;
        }
        let request = state.request.take()?;
        let body = ByteBuf::from(std::mem::take(&mut state.bytes));
        Some(HttpRequest { body, ..request })
    }

    fn answer(&self, answer: Result<Response, HttpErrorCode>) {
        let mut state = self.state();
        state.weight.set(0);
        state.answer = Answer::Here(answer);
    }
}

impl State {
    /// A request whose body broke is answered by that.
    fn settle(&mut self) {
        if let (Written::Broken(code), Some(_)) = (&self.body, &self.request) {
            self.answer = Answer::Here(Err(code.clone()));
            self.request = None;
        }
    }
}

impl Guest {
    /// Writes to the body of a request. It may have as many bytes as a host call may carry, since it leaves in one.
    ///
    /// # Errors
    /// The outer one ends a guest that writes more than that; the inner one is for one that writes more than it promised.
    pub(crate) fn write_body(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
    ) -> wasmtime::Result<Result<(), HttpErrorCode>> {
        let mut state = exchange.state();
        let written = state.bytes.len().saturating_add(bytes.len());
        if state.promised.is_some_and(|promised| promised < written as u64) {
            return Ok(Err(HttpErrorCode::HttpRequestBodySize(Some(written as u64))));
        }
        if self.call_bytes_max < written as u64 {
            return Err(Ending::limit("call-bytes", self.call_bytes_max));
        }
        self.make_room(bytes.len())?;
        state.bytes.extend_from_slice(bytes);
        state.weight.set(written);
        Ok(Ok(()))
    }

    /// Makes sure that so many bytes more may be held for the guest.
    ///
    /// # Errors
    /// Ends it where they may not.
    pub(crate) fn make_room(&self, more: usize) -> wasmtime::Result<()> {
        self.held.room(more).map_err(|error| Ending::Host(error).into())
    }

    /// Asks what of an exchange can be asked now, by the question of `voyager:http`.
    pub(crate) async fn go_on(&mut self, exchange: &Exchange) -> wasmtime::Result<()> {
        let Some(request) = exchange.leave() else { return Ok(()) };
        let sent = request.body.len() as u64;
        let answer = match self.exchange(request).await? {
            Ok(response) => Ok(Response::new(response, &self.held)),
            Err(error) => {
                // Codes say less than the error: those who watch see it whole, with the line that a grant lacks.
                self.log("warn", &error.message);
                Err(code(&error, sent))
            }
        };
        exchange.answer(answer);
        Ok(())
    }
}

/// The code of an error, for a request with a body of so many bytes.
fn code(error: &Error, sent: u64) -> HttpErrorCode {
    let bound = error.bound.as_deref().unwrap_or_default();
    match error.kind {
        ErrorKind::Denied if bound.starts_with("private:") || bound == ADDRESS_NEVER => {
            HttpErrorCode::DestinationIpProhibited
        }
        ErrorKind::Denied => HttpErrorCode::HttpRequestDenied,
        ErrorKind::NotFound => {
            HttpErrorCode::DnsError(DnsErrorPayload { rcode: None, info_code: None })
        }
        ErrorKind::Invalid => HttpErrorCode::HttpProtocolError,
        ErrorKind::Timeout => HttpErrorCode::HttpResponseTimeout,
        ErrorKind::Unavailable => HttpErrorCode::DestinationUnavailable,
        ErrorKind::UnknownEffect => HttpErrorCode::HttpResponseIncomplete,
        ErrorKind::Limit if bound.starts_with("send:") => {
            HttpErrorCode::HttpRequestBodySize(Some(sent))
        }
        ErrorKind::Limit if bound.starts_with("receive:") => {
            HttpErrorCode::HttpResponseBodySize(None)
        }
        _ => HttpErrorCode::InternalError(Some(error.message.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HttpRequest {
        HttpRequest::new("POST", "https://a.test/", Vec::new(), Vec::new()).unwrap()
    }

    fn written(promised: Option<u64>, bytes: &[u8]) -> Exchange {
        let exchange = Exchange::begun(promised, &Held::default());
        exchange.state().bytes.extend_from_slice(bytes);
        exchange
    }

    #[test]
    fn a_request_leaves_once_when_it_is_handed_over_and_its_body_is_whole() {
        let handed_first = written(None, b"one");
        handed_first.hand_over(request());
        assert!(handed_first.leave().is_none());
        handed_first.finish(false).unwrap();
        assert_eq!(handed_first.leave().unwrap().body.as_slice(), b"one");
        assert!(handed_first.leave().is_none());

        let finished_first = written(None, b"two");
        finished_first.finish(false).unwrap();
        assert!(finished_first.leave().is_none());
        finished_first.hand_over(request());
        assert_eq!(finished_first.leave().unwrap().body.as_slice(), b"two");
    }

    #[test]
    fn a_body_that_is_not_what_was_promised_never_leaves() {
        let failed = |exchange: &Exchange| {
            exchange.hand_over(request());
            assert!(exchange.leave().is_none());
            let Answer::Here(Err(code)) = exchange.take() else { panic!("no answer") };
            assert!(matches!(exchange.take(), Answer::Taken));
            format!("{code:?}")
        };
        let short = written(Some(4), b"one");
        short.finish(false).unwrap_err();
        assert!(failed(&short).contains("HttpRequestBodySize"));
        let with_trailers = written(None, b"one");
        with_trailers.finish(true).unwrap_err();
        assert!(failed(&with_trailers).contains("trailers are not sent"));
        let dropped = written(None, b"one");
        dropped.abandon_body();
        assert!(failed(&dropped).contains("HttpProtocolError"));
    }

    #[test]
    fn what_nobody_waits_for_does_not_leave() {
        let exchange = written(None, b"one");
        exchange.hand_over(request());
        exchange.forget();
        exchange.finish(false).unwrap();
        assert!(exchange.leave().is_none());
    }

    #[test]
    fn each_error_has_its_code() {
        let limit = |bound: &str| Error::new(ErrorKind::Limit, "too much").bound(bound);
        for (error, expected) in [
            (Error::denied("no", "http: [ { host: a.test } ]"), "HttpRequestDenied"),
            (Error::denied("no", "private: [\"10.0.0.1\"]"), "DestinationIpProhibited"),
            (Error::denied("no", ADDRESS_NEVER), "DestinationIpProhibited"),
            (Error::not_found("no"), "DnsError"),
            (Error::unavailable("no"), "DestinationUnavailable"),
            (Error::new(ErrorKind::Timeout, "late"), "HttpResponseTimeout"),
            (Error::new(ErrorKind::UnknownEffect, "who knows"), "HttpResponseIncomplete"),
            (limit("send: 1000"), "HttpRequestBodySize(Some(7))"),
            (limit("receive: 1000"), "HttpResponseBodySize"),
            (limit("host-calls: 1"), "InternalError(Some(\"too much\"))"),
        ] {
            let told = format!("{:?}", code(&error, 7));
            assert!(told.contains(expected), "{error:?}: {told}");
        }
    }
}
