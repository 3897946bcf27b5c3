//! The service: from a granted request to a whole answer, over as many redirects as are allowed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::header::{HeaderName, HeaderValue};
use voyager_base::{
    BoxFuture, Error, ErrorKind, Retry,
    call::CallContext,
    http::{
        HttpRequest, HttpResponse, HttpRule, HttpService, REDIRECTS_MAX, Url, fill, parse_url,
        placeholders,
    },
};

use crate::{
    exchange::Hop,
    resolve::{Resolver, SystemResolver, addresses},
    tls::{Roots, Tls},
};

/// Longest time that any request may take, whatever a grant says.
const TIME_MOST: Duration = Duration::from_secs(600);
/// Most bytes of any body, whatever a grant says: it is in memory, and in the record.
const BODY_BYTES_MOST: u64 = 64 << 20;
/// By which a server tells a request that it has seen.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Headers that say who asks: they are for the origin that they were made for.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// What the service needs and what bounds it.
#[derive(Clone)]
pub struct EgressOptions {
    /// Looks names up.
    pub resolver: Arc<dyn Resolver>,
    /// Who is trusted to say who a server is.
    pub roots: Roots,
    /// Longest time of a request whose grant names none.
    pub time_max: Duration,
    /// Most bytes of the body of a request whose grant names none.
    pub send_bytes_max: u64,
    /// Most bytes of the body of an answer where the grant names none.
    pub receive_bytes_max: u64,
}

impl Default for EgressOptions {
    /// The machine's names and authorities; 30 seconds, 1 MiB out, 8 MiB in.
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            roots: Roots::machine(),
            time_max: Duration::from_secs(30),
            send_bytes_max: 1 << 20,
            receive_bytes_max: 8 << 20,
        }
    }
}

/// The way out.
pub struct Egress {
    options: EgressOptions,
    tls: Tls,
}

impl Egress {
    /// A way out within bounds.
    pub fn new(options: EgressOptions) -> Self {
        let tls = Tls::new(options.roots.clone());
        Self { options, tls }
    }

    async fn answered(
        &self,
        context: &CallContext,
        request: HttpRequest,
    ) -> Result<HttpResponse, Error> {
        let rule = context.grants.request(&request.method, &request.url)?;
        self.fits(&request, &rule)?;
        let granted = rule.time_max.unwrap_or(self.options.time_max).min(TIME_MOST);
        let time = request.time_max.map_or(granted, |own| own.min(granted));
        let sent = AtomicBool::new(false);
        let failed = tokio::select! {
            biased;
            () = context.cancellation.cancelled() => Error::cancelled(),
            answer = tokio::time::timeout(time, self.follow(context, &request, rule, &sent)) => {
                match answer {
                    Ok(Ok(response)) => return Ok(response),
                    Ok(Err(error)) => error,
                    Err(_) => late(&request, time),
                }
            }
        };
        Err(if request.is_safe() || !sent.load(Ordering::SeqCst) {
            failed
        } else {
            unknown(&request, failed)
        })
    }

    /// Sends a request, and goes where the answers lead.
    async fn follow(
        &self,
        context: &CallContext,
        request: &HttpRequest,
        mut rule: HttpRule,
        sent: &AtomicBool,
    ) -> Result<HttpResponse, Error> {
        let mut url = request.url.clone();
        let mut redirects = 0;
        loop {
            let (headers, holds_secret) = headers(context, request, &url, &rule)?;
            let receive = rule.receive_bytes_max.unwrap_or(self.options.receive_bytes_max);
            let receive_bytes_max = receive.min(BODY_BYTES_MOST);
            let found = addresses(&*self.options.resolver, &url, &rule).await?;
            let hop = Hop { url: &url, request, headers, holds_secret, receive_bytes_max, sent };
            let response = hop.send(&found, &self.tls).await?;
            // What changes something is sent once, to the place that the skill named.
            let follows = request.is_safe() && redirects < request.redirects_max.min(REDIRECTS_MAX);
            let Some(next) = leads_to(&url, &response).filter(|_| follows) else {
                return Ok(response);
            };
            url = next?;
            rule = context.grants.request(&request.method, &url)?;
            redirects += 1;
        }
    }

    fn fits(&self, request: &HttpRequest, rule: &HttpRule) -> Result<(), Error> {
        let most = rule.send_bytes_max.unwrap_or(self.options.send_bytes_max).min(BODY_BYTES_MOST);
        if request.body.len() as u64 <= most {
            return Ok(());
        }
        let message = format!(
            "the body has {} bytes, and {most} may be sent; raise `send` of the grant",
            request.body.len()
        );
        Err(Error::new(ErrorKind::Limit, message).bound(format!("send: {most}")))
    }
}

impl HttpService for Egress {
    fn exchange<'a>(
        &'a self,
        context: &'a CallContext,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>> {
        Box::pin(self.answered(context, request))
    }
}

/// The headers of one hop, with secrets in their places, and whether there is one.
fn headers(
    context: &CallContext,
    request: &HttpRequest,
    url: &Url,
    rule: &HttpRule,
) -> Result<(Vec<(HeaderName, HeaderValue)>, bool), Error> {
    let at_home = url.origin() == request.url.origin();
    let mut headers = Vec::new();
    let mut holds_secret = false;
    for (name, value) in &request.headers {
        let is_secret = !placeholders(value).unwrap_or_default().is_empty();
        if !at_home && (is_secret || CREDENTIALS.contains(&name.as_str())) {
            continue;
        }
        let filled = fill(value, |placeholder| secret(context, url, rule, placeholder))?;
        let unfit =
            || Error::invalid(format!("the value of the header `{name}` is no text of one line"));
        let mut filled = HeaderValue::from_str(&filled).map_err(|_| unfit())?;
        filled.set_sensitive(is_secret);
        holds_secret |= is_secret;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
        headers.push((name, filled));
    }
    if !request.is_safe() && headers.iter().all(|(name, _)| name != IDEMPOTENCY_KEY) {
        let key = context.idempotency_key.to_string();
        let key = HeaderValue::from_str(&key).map_err(|error| Error::invalid(error.to_string()))?;
        headers.push((HeaderName::from_static(IDEMPOTENCY_KEY), key));
    }
    Ok((headers, holds_secret))
}

fn secret(
    context: &CallContext,
    url: &Url,
    rule: &HttpRule,
    placeholder: &str,
) -> Result<String, Error> {
    let host = url.host_str().unwrap_or_default();
    let Some(name) = rule.secret(placeholder) else {
        let grant = format!("secrets: {{ {placeholder}: {{ secret: inputs.NAME }} }}");
        let message = format!(
            "no grant of `{host}` has a secret `{placeholder}`; add `{grant}` to the grant of this host"
        );
        return Err(Error::denied(message, grant));
    };
    match context.secrets.get(name)? {
        Some(secret) => Ok(secret.reveal().to_owned()),
        None => {
            let message = format!(
                "the run was given no secret `{name}`, which `{placeholder}` stands for; start it with \
                 `--secret {name}=...`"
            );
            Err(Error::denied(message, format!("secret: {name}")))
        }
    }
}

/// Where an answer sends its reader.
fn leads_to(from: &Url, response: &HttpResponse) -> Option<Result<Url, Error>> {
    if ![301, 302, 303, 307, 308].contains(&response.status) {
        return None;
    }
    let location = response.headers.iter().find(|(name, _)| name == "location")?;
    let joined = from.join(&location.1).map_err(|error| {
        let host = from.host_str().unwrap_or_default();
        Error::invalid(format!("`{host}` leads to what is no URL: {error}"))
    });
    Some(joined.and_then(|url| parse_url(url.as_str())))
}

fn late(request: &HttpRequest, time: Duration) -> Error {
    let host = request.url.host_str().unwrap_or_default();
    let message = format!("`{host}` did not answer within {} ms", time.as_millis());
    Error::new(ErrorKind::Timeout, message).bound(format!("time: {} ms", time.as_millis()))
}

/// A request that may change something was sent, and what became of it is not known.
fn unknown(request: &HttpRequest, why: Error) -> Error {
    let message = format!(
        "`{}` was sent to `{}`, and whether it was done nobody can tell: {}; look there before it is sent \
         again",
        request.method,
        request.url.host_str().unwrap_or_default(),
        why.message
    );
    Error { kind: ErrorKind::UnknownEffect, message, retry: Retry::Never, ..why }
}
