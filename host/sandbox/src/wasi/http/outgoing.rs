//! What a guest sends: requests, put together part by part. (Responses too, since clients of some languages make
//! them for themselves; they go nowhere.)

use std::time::Duration;

use voyager_base::http::{HttpRequest, METHODS, URL_BYTES_MAX, parse_url};
use wasmtime::component::Resource;

use super::{Fields, FutureResponse};
use crate::{
    guest::Guest,
    held::Weight,
    requests::Exchange,
    wasi::{
        io::Sink,
        wit::wasi::http::{
            outgoing_handler,
            types::{
                ErrorCode, HostOutgoingBody, HostOutgoingRequest, HostOutgoingResponse,
                HostRequestOptions, Method, Scheme,
            },
        },
    },
};

/// Longest name of a method or a scheme.
const NAME_BYTES_MAX: usize = 32;

/// What a setter says of a part that it does not take.
type Set = wasmtime::Result<Result<(), ()>>;

/// A request that is put together.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct OutgoingRequest {
    method: Method,
    scheme: Option<Scheme>,
    authority: Option<String>,
    path: Option<String>,
    fields: Fields,
    /// There once the body was begun.
    exchange: Option<Exchange>,
    /// Of its texts.
    weight: Weight,
}

impl OutgoingRequest {
    fn texts(&self) -> usize {
        [&self.authority, &self.path].into_iter().flatten().map(String::len).sum()
    }

    /// What is asked, without the body.
    fn request(&self, options: &RequestOptions) -> Result<HttpRequest, (ErrorCode, String)> {
        let method = method_name(&self.method);
        if !METHODS.contains(&method) {
            let message =
                format!("`{method}` is no method of a request; there are {}", METHODS.join(", "));
            return Err((ErrorCode::HttpRequestMethodInvalid, message));
        }
        let url = self.url()?;
        let unfit = |message: String| (ErrorCode::InternalError(Some(message.clone())), message);
        let request = HttpRequest::new(method, &url, self.fields.sent(), Vec::new());
        let request = request.map_err(|error| unfit(error.message))?;
        // Clients follow redirects themselves, each by a request of its own.
        Ok(HttpRequest { redirects_max: 0, time_max: options.time_max(), ..request })
    }

    fn url(&self) -> Result<String, (ErrorCode, String)> {
        let invalid = |message: &str| (ErrorCode::HttpRequestUriInvalid, message.to_owned());
        let scheme = match &self.scheme {
            Some(Scheme::Http) => "http",
            Some(Scheme::Https) | None => "https",
            Some(Scheme::Other(_)) => {
                return Err(invalid("the scheme of a request is neither `https` nor `http`"));
            }
        };
        let authority = self.authority.as_deref();
        let authority = authority.ok_or_else(|| invalid("the request names no authority"))?;
        let url = format!("{scheme}://{authority}{}", self.path.as_deref().unwrap_or_default());
        if URL_BYTES_MAX < url.len() {
            let message = format!("the URL is longer than {URL_BYTES_MAX} bytes");
            return Err((ErrorCode::HttpRequestUriTooLong, message));
        }
        match parse_url(&url) {
            Ok(_) => Ok(url),
            Err(error) => Err(invalid(&error.message)),
        }
    }
}

/// Whether a text can be an authority: a host and a port, and nothing that would end it in a URL.
fn is_authority(text: &str) -> bool {
    let ends = |c: char| c.is_control() || c.is_whitespace() || "/?#\\@".contains(c);
    !text.is_empty() && text.len() <= URL_BYTES_MAX && !text.contains(ends)
}

/// Whether a text can be a path and a query: it begins as one of them, so that it can't change the authority.
fn is_path(text: &str) -> bool {
    let begins = text.is_empty() || text.starts_with(['/', '?']);
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '#';
    begins && text.len() <= URL_BYTES_MAX && !text.contains(odd)
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(fits)
}

fn method_name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
}

impl Guest {
    /// Changes a text of a request.
    fn set_text(
        &mut self,
        request: &Resource<OutgoingRequest>,
        text: Option<String>,
        fits: fn(&str) -> bool,
        place: fn(&mut OutgoingRequest) -> &mut Option<String>,
    ) -> Set {
        if text.as_deref().is_some_and(|text| !fits(text)) {
            return Ok(Err(()));
        }
        self.make_room(text.as_ref().map_or(0, String::len))?;
        let request = self.handles.get_mut(request)?;
        *place(request) = text;
        let texts = request.texts();
        request.weight.set(texts);
        Ok(Ok(()))
    }
}

impl HostOutgoingRequest for Guest {
    fn new(&mut self, headers: Resource<Fields>) -> wasmtime::Result<Resource<OutgoingRequest>> {
        let fields = self.handles.delete(headers)?;
        let weight = self.held.weigh(0);
        self.open(OutgoingRequest {
            method: Method::Get,
            scheme: None,
            authority: None,
            path: None,
            fields,
            exchange: None,
            weight,
        })
    }

    fn body(
        &mut self,
        request: Resource<OutgoingRequest>,
    ) -> wasmtime::Result<Result<Resource<OutgoingBody>, ()>> {
        let request = self.handles.get_mut(&request)?;
        let (None, Ok(promised)) = (&request.exchange, request.fields.length()) else {
            return Ok(Err(()));
        };
        let exchange = Exchange::begun(promised, &self.held);
        request.exchange = Some(exchange.clone());
        self.open(OutgoingBody { exchange, is_begun: false }).map(Ok)
    }

    fn method(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Method> {
        Ok(self.handles.get(&request)?.method.clone())
    }

    fn set_method(&mut self, request: Resource<OutgoingRequest>, method: Method) -> Set {
        if !is_name(method_name(&method)) {
            return Ok(Err(()));
        }
        self.handles.get_mut(&request)?.method = method;
        Ok(Ok(()))
    }

    fn path_with_query(
        &mut self,
        request: Resource<OutgoingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        Ok(self.handles.get(&request)?.path.clone())
    }

    fn set_path_with_query(
        &mut self,
        request: Resource<OutgoingRequest>,
        path: Option<String>,
    ) -> Set {
        self.set_text(&request, path, is_path, |it| &mut it.path)
    }

    fn scheme(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<Scheme>> {
        Ok(self.handles.get(&request)?.scheme.clone())
    }

    fn set_scheme(&mut self, request: Resource<OutgoingRequest>, scheme: Option<Scheme>) -> Set {
        if matches!(&scheme, Some(Scheme::Other(name)) if !is_name(name)) {
            return Ok(Err(()));
        }
        self.handles.get_mut(&request)?.scheme = scheme;
        Ok(Ok(()))
    }

    fn authority(
        &mut self,
        request: Resource<OutgoingRequest>,
    ) -> wasmtime::Result<Option<String>> {
        Ok(self.handles.get(&request)?.authority.clone())
    }

    fn set_authority(
        &mut self,
        request: Resource<OutgoingRequest>,
        authority: Option<String>,
    ) -> Set {
        self.set_text(&request, authority, is_authority, |it| &mut it.authority)
    }

    fn headers(
        &mut self,
        request: Resource<OutgoingRequest>,
    ) -> wasmtime::Result<Resource<Fields>> {
        let entries = self.handles.get(&request)?.fields.copied();
        self.show_fields(entries)
    }

    fn drop(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<()> {
        self.handles.delete(request)?;
        Ok(())
    }
}

impl outgoing_handler::Host for Guest {
    async fn handle(
        &mut self,
        request: Resource<OutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> wasmtime::Result<Result<Resource<FutureResponse>, ErrorCode>> {
        let request = self.handles.delete(request)?;
        let options = options.map(|it| self.handles.delete(it)).transpose()?.unwrap_or_default();
        let asked = match request.request(&options) {
            Ok(asked) => asked,
            Err((code, message)) => {
                self.log("warn", &message);
                return Ok(Err(code));
            }
        };
        let exchange = match request.exchange {
            Some(exchange) => exchange,
            // Nobody can write a body any more.
            None => match request.fields.length() {
                Ok(None | Some(0)) => Exchange::bodiless(&self.held),
                _ => return Ok(Err(ErrorCode::HttpRequestBodySize(Some(0)))),
            },
        };
        exchange.hand_over(asked);
        let future = self.open(FutureResponse(exchange.clone()))?;
        self.go_on(&exchange).await?;
        Ok(Ok(future))
    }
}

/// The body of a request, or of a response that goes nowhere.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct OutgoingBody {
    exchange: Exchange,
    /// Whether it was given its stream.
    is_begun: bool,
}

impl HostOutgoingBody for Guest {
    fn write(
        &mut self,
        body: Resource<OutgoingBody>,
    ) -> wasmtime::Result<Result<Resource<Sink>, ()>> {
        let OutgoingBody { exchange, is_begun } = self.handles.get_mut(&body)?;
        if std::mem::replace(is_begun, true) {
            return Ok(Err(()));
        }
        let sink = Sink::Body(exchange.clone());
        self.open_below(sink, &body).map(Ok)
    }

    async fn finish(
        &mut self,
        body: Resource<OutgoingBody>,
        trailers: Option<Resource<Fields>>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        let trailers = trailers.map(|it| self.handles.delete(it)).transpose()?;
        let OutgoingBody { exchange, .. } = self.handles.delete(body)?;
        let ended = exchange.finish(trailers.is_some_and(|it| !it.is_empty()));
        self.go_on(&exchange).await?;
        Ok(ended)
    }

    fn drop(&mut self, body: Resource<OutgoingBody>) -> wasmtime::Result<()> {
        self.handles.delete(body)?.exchange.abandon_body();
        Ok(())
    }
}

/// How long a guest means to wait.
#[derive(Default)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct RequestOptions {
    connect: Option<u64>,
    first_byte: Option<u64>,
    between_bytes: Option<u64>,
}

impl RequestOptions {
    /// The time of the whole exchange, which comes as one. A time for one part of it bounds nothing but that, so only
    /// one for the answer itself counts, with what the guest allows for the rest.
    fn time_max(&self) -> Option<Duration> {
        let first = self.first_byte?;
        let rest = [self.connect, self.between_bytes].into_iter().flatten();
        Some(Duration::from_nanos(rest.fold(first, u64::saturating_add)))
    }
}

impl HostRequestOptions for Guest {
    fn new(&mut self) -> wasmtime::Result<Resource<RequestOptions>> {
        self.open(RequestOptions::default())
    }

    fn connect_timeout(
        &mut self,
        options: Resource<RequestOptions>,
    ) -> wasmtime::Result<Option<u64>> {
        Ok(self.handles.get(&options)?.connect)
    }

    fn set_connect_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<u64>,
    ) -> Set {
        self.handles.get_mut(&options)?.connect = duration;
        Ok(Ok(()))
    }

    fn first_byte_timeout(
        &mut self,
        options: Resource<RequestOptions>,
    ) -> wasmtime::Result<Option<u64>> {
        Ok(self.handles.get(&options)?.first_byte)
    }

    fn set_first_byte_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<u64>,
    ) -> Set {
        self.handles.get_mut(&options)?.first_byte = duration;
        Ok(Ok(()))
    }

    fn between_bytes_timeout(
        &mut self,
        options: Resource<RequestOptions>,
    ) -> wasmtime::Result<Option<u64>> {
        Ok(self.handles.get(&options)?.between_bytes)
    }

    fn set_between_bytes_timeout(
        &mut self,
        options: Resource<RequestOptions>,
        duration: Option<u64>,
    ) -> Set {
        self.handles.get_mut(&options)?.between_bytes = duration;
        Ok(Ok(()))
    }

    fn drop(&mut self, options: Resource<RequestOptions>) -> wasmtime::Result<()> {
        self.handles.delete(options)?;
        Ok(())
    }
}

/// A response of the guest's own.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct OutgoingResponse {
    status: u16,
    fields: Fields,
    has_body: bool,
}

impl HostOutgoingResponse for Guest {
    fn new(&mut self, headers: Resource<Fields>) -> wasmtime::Result<Resource<OutgoingResponse>> {
        let fields = self.handles.delete(headers)?;
        self.open(OutgoingResponse { status: 200, fields, has_body: false })
    }

    fn status_code(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<u16> {
        Ok(self.handles.get(&response)?.status)
    }

    fn set_status_code(&mut self, response: Resource<OutgoingResponse>, status: u16) -> Set {
        if !(100..=999).contains(&status) {
            return Ok(Err(()));
        }
        self.handles.get_mut(&response)?.status = status;
        Ok(Ok(()))
    }

    fn headers(
        &mut self,
        response: Resource<OutgoingResponse>,
    ) -> wasmtime::Result<Resource<Fields>> {
        let entries = self.handles.get(&response)?.fields.copied();
        self.show_fields(entries)
    }

    fn body(
        &mut self,
        response: Resource<OutgoingResponse>,
    ) -> wasmtime::Result<Result<Resource<OutgoingBody>, ()>> {
        let response = self.handles.get_mut(&response)?;
        let Ok(promised) = response.fields.length() else { return Ok(Err(())) };
        if std::mem::replace(&mut response.has_body, true) {
            return Ok(Err(()));
        }
        let exchange = Exchange::begun(promised, &self.held);
        self.open(OutgoingBody { exchange, is_begun: false }).map(Ok)
    }

    fn drop(&mut self, response: Resource<OutgoingResponse>) -> wasmtime::Result<()> {
        self.handles.delete(response)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_an_authority_nor_a_path_can_change_the_other() {
        for text in ["a.test", "a.test:8080", "127.0.0.1:1", "[::1]:80", "bücher.test"] {
            assert!(is_authority(text), "{text}");
        }
        for text in
            ["", "a.test/x", "u@a.test", "a.test?x", "a.test#", "a\\b", "a.test\r\nx", "a b"]
        {
            assert!(!is_authority(text), "{text:?}");
        }
        for text in ["", "/", "/a?b=c", "?b", "//a", "/ä"] {
            assert!(is_path(text), "{text}");
        }
        for text in [".evil.test/", "evil", ":80/", "@evil.test/", "/a#b", "/a b", "/a\r\nx: y"] {
            assert!(!is_path(text), "{text:?}");
        }
    }

    #[test]
    fn the_time_of_an_answer_bounds_the_whole_exchange_and_no_other_does() {
        let options = |connect, first_byte, between_bytes| {
            RequestOptions { connect, first_byte, between_bytes }.time_max()
        };
        assert_eq!(options(Some(1), None, Some(1)), None);
        assert_eq!(options(None, Some(5), None), Some(Duration::from_nanos(5)));
        assert_eq!(options(Some(1), Some(5), Some(2)), Some(Duration::from_nanos(8)));
        let most = Some(u64::MAX);
        assert_eq!(options(most, most, most), Some(Duration::from_nanos(u64::MAX)));
    }
}
