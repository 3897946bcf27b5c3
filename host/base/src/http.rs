//! `voyager:http`: requests to servers that a grant names.
//!
//! An address is parsed once, in [`HttpRequest::new`]: what is granted, recorded and dialled is the same
//! [`Url`], never its text read a second time. A secret enters a request as a placeholder; whoever sends
//! it fills it in, for the host that the grant names.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    time::Duration,
};

pub use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use url::Host;
pub use url::{Position, Url};

use crate::{
    BoxFuture,
    call::{CallContext, Effect, HostCall, Need, Services},
    error::Error,
    secret::Secrets,
};

/// Methods that a request may have. Those that open a tunnel (`CONNECT`) or echo credentials (`TRACE`) are
/// not among them.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
/// Methods that change nothing (RFC 9110, 9.2.1).
pub const SAFE_METHODS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
/// Most redirects that are followed.
pub const REDIRECTS_MAX: u32 = 10;
/// Redirects that are followed where the request names no number.
pub const REDIRECTS_USUAL: u32 = 5;
/// Longest URL.
pub const URL_BYTES_MAX: usize = 8 << 10;
/// Most bytes of all headers of a request or an answer, names and values.
pub const HEADER_BYTES_MAX: usize = 64 << 10;
/// Most headers of a request or an answer.
pub const HEADERS_MAX: usize = 128;
/// The bound of a denial of an address that is never dialled.
pub const ADDRESS_NEVER: &str = "no grant allows this address";

/// Headers that frame a message or belong to one connection: a skill that sets them could say another
/// length or another host than is dialled.
const HOST_HEADERS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// Where a placeholder begins and ends.
const PLACEHOLDER: (&str, char) = ("${secrets.", '}');

/// One request, checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Its method, one of [`METHODS`].
    pub method: String,
    /// Where it goes.
    pub url: Url,
    /// Its headers, with names in lower case. Values may hold placeholders.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: ByteBuf,
    /// Longest time; never more than the grant's.
    pub time_max: Option<Duration>,
    /// How many redirects are followed.
    pub redirects_max: u32,
}

impl HttpRequest {
    /// A request from what a skill says.
    ///
    /// # Errors
    /// `invalid`, where it is no request that this host sends.
    pub fn new(
        method: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Self, Error> {
        if !METHODS.contains(&method) {
            let method: String = method.chars().take(20).filter(|c| !c.is_control()).collect();
            let message =
                format!("`{method}` is no method of a request; there are {}", METHODS.join(", "));
            return Err(Error::invalid(message));
        }
        Ok(Self {
            method: method.to_owned(),
            url: parse_url(url)?,
            headers: checked_headers(headers)?,
            body: ByteBuf::from(body),
            time_max: None,
            redirects_max: REDIRECTS_USUAL,
        })
    }

    /// Whether it changes nothing, and may be sent again.
    pub fn is_safe(&self) -> bool {
        SAFE_METHODS.contains(&self.method.as_str())
    }

    fn need(&self) -> Need<'_> {
        Need::Request { method: &self.method, url: &self.url }
    }
}

/// An absolute URL of a server, without what could name another one to somebody else.
///
/// # Errors
/// `invalid`.
pub fn parse_url(text: &str) -> Result<Url, Error> {
    let invalid = |reason: &str| Err(Error::invalid(format!("the URL can't be used: {reason}")));
    if URL_BYTES_MAX < text.len() {
        return invalid("it is longer than 8 KiB");
    }
    // The parser drops these without a word; a URL that was put together of pieces must not change so.
    if text.contains(|c: char| c.is_control()) {
        return invalid("it holds a control character");
    }
    let mut url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return invalid(&error.to_string()),
    };
    if !["https", "http"].contains(&url.scheme()) {
        return invalid("its scheme is neither `https` nor `http`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("it holds a user; credentials go into a header, as a placeholder");
    }
    if url.port() == Some(0) {
        return invalid("there is no port 0");
    }
    url.set_fragment(None);
    Ok(url)
}

fn checked_headers(headers: Vec<(String, String)>) -> Result<Vec<(String, String)>, Error> {
    if HEADERS_MAX < headers.len() {
        return Err(Error::invalid(format!("there are more than {HEADERS_MAX} headers")));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if HEADER_BYTES_MAX < bytes {
        return Err(Error::invalid(format!("the headers have more than {HEADER_BYTES_MAX} bytes")));
    }
    headers.into_iter().map(checked_header).collect()
}

fn checked_header((name, value): (String, String)) -> Result<(String, String), Error> {
    let name = name.to_ascii_lowercase();
    check_header(&name, &value)?;
    Ok((name, value))
}

/// Whether a header is set by the host alone, in whatever case its name is written.
pub fn is_host_header(name: &str) -> bool {
    HOST_HEADERS.iter().any(|it| it.eq_ignore_ascii_case(name))
}

/// Checks a header that a skill sets.
///
/// # Errors
/// `invalid`.
pub fn check_header(name: &str, value: &str) -> Result<(), Error> {
    if !is_token(name) {
        return Err(Error::invalid("the name of a header is no token of letters, digits and `-`"));
    }
    if is_host_header(name) {
        return Err(Error::invalid(format!("the header `{name}` is set by the host alone")));
    }
    // Visible characters, spaces and tabs: a line end would begin another header, or another request.
    if value.chars().any(|c| c != '\t' && c.is_control()) {
        let message = format!("the value of the header `{name}` holds a control character");
        return Err(Error::invalid(message));
    }
    let malformed = |()| {
        Error::invalid(format!(
            "the value of the header `{name}` holds a malformed placeholder; write `${{secrets.NAME}}`"
        ))
    };
    placeholders(value).map(drop).map_err(malformed)
}

fn is_token(name: &str) -> bool {
    let mark = |c: char| "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || mark(c))
}

/// Names of the secrets whose placeholders stand in the value of a header.
///
/// # Errors
/// A placeholder begins, and does not end as one.
#[expect(clippy::result_unit_err, reason = "there is one way to be malformed")]
pub fn placeholders(value: &str) -> Result<Vec<&str>, ()> {
    let pieces = value.split(PLACEHOLDER.0).skip(1);
    pieces
        .map(|piece| {
            let name = &piece[..piece.find(PLACEHOLDER.1).ok_or(())?];
            is_placeholder(name).then_some(name).ok_or(())
        })
        .collect()
}

/// Whether a text can be the name in a placeholder.
pub fn is_placeholder(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&name.len()) && name.chars().all(word)
}

/// The value of a header with what `fill` knows in the place of each placeholder.
///
/// # Errors
/// Those of `fill`.
pub fn fill<'v, E>(
    value: &'v str,
    mut fill: impl FnMut(&str) -> Result<String, E>,
) -> Result<Cow<'v, str>, E> {
    if !value.contains(PLACEHOLDER.0) {
        return Ok(Cow::Borrowed(value));
    }
    let mut filled = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once(PLACEHOLDER.0) {
        filled.push_str(before);
        let (name, behind) = after.split_once(PLACEHOLDER.1).unwrap_or((after, ""));
        filled.push_str(&fill(name)?);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(Cow::Owned(filled))
}

/// What came back, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: String,
    /// Headers with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: ByteBuf,
}

impl HttpResponse {
    fn scrubbed(self, secrets: &Secrets) -> Self {
        let text = |text: String| match secrets.found_in(text.as_bytes()) {
            None => text,
            Some(_) => secrets.scrub_text(&text),
        };
        let headers = self.headers.into_iter().map(|(name, value)| (name, text(value))).collect();
        let body = match secrets.scrub(&self.body) {
            Cow::Borrowed(_) => self.body,
            Cow::Owned(clean) => ByteBuf::from(clean),
        };
        Self { status: self.status, url: text(self.url), headers, body }
    }
}

/// A request that changes nothing. It is recorded like a read, and asked again after a crash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FetchHttp(pub HttpRequest);

/// A request that may change something. An intent is durable before it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SendHttp(pub HttpRequest);

impl HostCall for FetchHttp {
    const NAME: &'static str = "http.fetch";
    const EFFECT: Effect = Effect::Read;
    type Reply = HttpResponse;

    fn need(&self) -> Need<'_> {
        self.0.need()
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>> {
        Box::pin(exchange(services, context, self.0))
    }
}

impl HostCall for SendHttp {
    const NAME: &'static str = "http.send";
    const EFFECT: Effect = Effect::External;
    type Reply = HttpResponse;

    fn need(&self) -> Need<'_> {
        self.0.need()
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>> {
        Box::pin(exchange(services, context, self.0))
    }
}

async fn exchange(
    services: &Services,
    context: &CallContext,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    // What is recorded and what the guest gets holds no secret, whoever answered.
    match services.http.exchange(context, request).await {
        Ok(response) => Ok(response.scrubbed(&context.secrets)),
        Err(error) => Err(context.secrets.scrub_error(error)),
    }
}

/// Sends requests.
pub trait HttpService: Send + Sync {
    /// Sends a request and takes the whole answer, until the time is up or the context is cancelled.
    /// Whatever the answer leads to is checked against the grants of the context like the request.
    fn exchange<'a>(
        &'a self,
        context: &'a CallContext,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>>;
}

/// Nobody: a machine without a network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHttp;

impl HttpService for NoHttp {
    fn exchange<'a>(
        &'a self,
        _: &'a CallContext,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        Box::pin(async move { Err(Error::unavailable(format!("there is no way to `{host}`"))) })
    }
}

/// Which servers an entry of a grant names: `api.example.org`, `*.example.org` for all below it, `*` for
/// every name; with `http://` before it where the request goes in plain, and a port behind it where that
/// is another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpHost {
    /// `https` or `http`.
    scheme: String,
    name: HostName,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum HostName {
    Any,
    /// With the dot.
    Below(String),
    /// As in a URL: in lower case and ASCII, an address in its usual form.
    One(String),
}

/// A text names no servers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedHost(String);

impl HttpHost {
    /// Whether a request to `url` goes to one of them.
    pub fn matches(&self, url: &Url) -> bool {
        let same = self.scheme == url.scheme() && Some(self.port) == url.port_or_known_default();
        same && match (&self.name, url.host()) {
            (HostName::One(name), Some(_)) => url.host_str() == Some(name),
            (HostName::Any, Some(Host::Domain(_))) => true,
            (HostName::Below(suffix), Some(Host::Domain(name))) => {
                suffix.len() < name.len() && name.ends_with(suffix.as_str())
            }
            _ => false,
        }
    }

    /// Whether it names one server.
    pub fn is_one(&self) -> bool {
        matches!(self.name, HostName::One(_))
    }

    /// Whether what goes there can be read on the way.
    pub fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// Whether it names all that `narrow` names.
    pub fn covers(&self, narrow: &Self) -> bool {
        let same = self.scheme == narrow.scheme && self.port == narrow.port;
        same && match (&self.name, &narrow.name) {
            (HostName::Any, HostName::One(name)) => is_domain(name),
            (HostName::Any, _) => true,
            (HostName::Below(suffix), HostName::Below(other)) => other.ends_with(suffix.as_str()),
            (HostName::Below(suffix), HostName::One(name)) => {
                is_domain(name) && suffix.len() < name.len() && name.ends_with(suffix.as_str())
            }
            (HostName::One(name), HostName::One(other)) => name == other,
            (HostName::Below(_) | HostName::One(_), _) => false,
        }
    }

    /// The more of a name is given, the more it says.
    pub fn weight(&self) -> usize {
        match &self.name {
            HostName::Any => 0,
            HostName::Below(suffix) => suffix.len(),
            HostName::One(_) => usize::MAX,
        }
    }
}

fn is_domain(name: &str) -> bool {
    !name.starts_with('[') && name.parse::<Ipv4Addr>().is_err()
}

impl FromStr for HttpHost {
    type Err = MalformedHost;

    fn from_str(text: &str) -> Result<Self, MalformedHost> {
        let wrong = |reason: &str| MalformedHost(reason.to_owned());
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        if !["https", "http"].contains(&scheme) {
            return Err(wrong("its scheme is neither `https` nor `http`"));
        }
        let (star, named) = match rest.strip_prefix('*') {
            None => (None, rest.to_owned()),
            Some(below) => match below.strip_prefix('.') {
                Some(name) => (Some(true), name.to_owned()),
                // The name only stands for the port behind it.
                None if below.is_empty() || below.starts_with(':') => {
                    (Some(false), format!("any{below}"))
                }
                None => return Err(wrong("a `*` stands for all that is before a dot")),
            },
        };
        let url = parse_url(&format!("{scheme}://{named}"))
            .map_err(|error| MalformedHost(error.message))?;
        if url.path() != "/" || url.query().is_some() || named.contains(['/', '?', '#', '\\', '*'])
        {
            return Err(wrong("a host has no path"));
        }
        let (Some(name), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(wrong("it names no host"));
        };
        let name = match star {
            None => HostName::One(name.to_owned()),
            Some(false) => HostName::Any,
            Some(true) if !is_domain(name) => return Err(wrong("nothing is below an address")),
            Some(true) => HostName::Below(format!(".{name}")),
        };
        Ok(Self { scheme: scheme.to_owned(), name, port })
    }
}

impl fmt::Display for HttpHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = if self.is_plain() {
            f.write_str("http://")?;
            80
        } else {
            443
        };
        match &self.name {
            HostName::Any => f.write_str("*")?,
            HostName::Below(suffix) => write!(f, "*{suffix}")?,
            HostName::One(name) => f.write_str(name)?,
        }
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl Serialize for HttpHost {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HttpHost {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Servers that may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpGrant {
    /// Which.
    pub host: HttpHost,
    /// With which methods.
    pub methods: Vec<String>,
    /// Addresses that are no public ones, and may be dialled all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<IpNet>,
    /// Most bytes of the body of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_bytes_max: Option<u64>,
    /// Most bytes of the body of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_bytes_max: Option<u64>,
    /// Longest time from the request to the last byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_max: Option<Duration>,
    /// Secrets that headers may hold: name in the placeholder, and of the secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
}

impl HttpGrant {
    /// Whether one of its methods may change something.
    pub fn may_change(&self) -> bool {
        self.methods.iter().any(|method| !SAFE_METHODS.contains(&method.as_str()))
    }

    /// The entry that says most of where `url` goes; those that say less of it are silent.
    pub fn of<'g>(grants: &'g [Self], url: &Url) -> Option<&'g Self> {
        let named = grants.iter().filter(|grant| grant.host.matches(url));
        named.max_by_key(|grant| grant.host.weight())
    }
}

/// What all layers together allow a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpRule {
    /// Addresses that are no public ones: each layer has to name one.
    private: Vec<Vec<IpNet>>,
    /// Most bytes of the body of the request.
    pub send_bytes_max: Option<u64>,
    /// Most bytes of the body of the answer.
    pub receive_bytes_max: Option<u64>,
    /// Longest time.
    pub time_max: Option<Duration>,
    /// Secrets that headers may hold, by the name in the placeholder.
    pub secrets: Option<BTreeMap<String, String>>,
}

impl HttpRule {
    /// What layers together allow requests with a method to servers, by the entries that name all of
    /// them; none where one of the layers refuses them.
    pub fn of<'g>(
        layers: impl IntoIterator<Item = &'g [HttpGrant]>,
        host: &HttpHost,
        method: &str,
    ) -> Option<Self> {
        let mut rule = Self::default();
        for layer in layers {
            let covering = layer.iter().filter(|grant| grant.host.covers(host));
            let grant = covering.max_by_key(|grant| grant.host.weight())?;
            rule.narrow(grant.methods.iter().any(|it| it == method).then_some(grant)?);
        }
        Some(rule).filter(|rule| rule.secrets.is_some())
    }

    /// Whether whatever `narrow` allows, this allows too, as far as that can be shown.
    pub fn covers(&self, narrow: &Self) -> bool {
        let fits = |wide: Option<u64>, narrow: Option<u64>| match (wide, narrow) {
            (Some(wide), Some(narrow)) => narrow <= wide,
            (wide, _) => wide.is_none(),
        };
        let millis =
            |it: Option<Duration>| it.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
        let within = |nets: &[IpNet], wide: &[IpNet]| {
            nets.iter().all(|net| wide.iter().any(|wide| wide.contains(net)))
        };
        fits(self.send_bytes_max, narrow.send_bytes_max)
            && fits(self.receive_bytes_max, narrow.receive_bytes_max)
            && fits(millis(self.time_max), millis(narrow.time_max))
            && self.private.iter().all(|wide| narrow.private.iter().any(|own| within(own, wide)))
            && narrow.secrets.iter().flatten().all(|(key, name)| self.secret(key) == Some(name))
    }

    /// The addresses that are no public ones and are named, as the narrowest layer names them.
    pub fn private(&self) -> &[IpNet] {
        self.private.iter().min_by_key(|nets| nets.len()).map_or(&[], Vec::as_slice)
    }

    /// The same, and a host's policy must allow it too. That names no secret: it leaves them to whoever has them.
    pub(crate) fn narrow_by_policy(&mut self, grant: &HttpGrant, private: bool) {
        if private {
            self.private.push(grant.private.clone());
        }
        self.bound(grant);
    }

    /// The same, and `grant` must allow it too.
    pub(crate) fn narrow(&mut self, grant: &HttpGrant) {
        self.private.push(grant.private.clone());
        self.bound(grant);
        // A secret is for one host: an entry for many hands none out.
        let own = if grant.host.is_one() { grant.secrets.clone() } else { BTreeMap::new() };
        match &mut self.secrets {
            None => self.secrets = Some(own),
            Some(all) => all.retain(|placeholder, name| own.get(placeholder) == Some(name)),
        }
    }

    fn bound(&mut self, grant: &HttpGrant) {
        self.send_bytes_max = crate::grant::least(self.send_bytes_max, grant.send_bytes_max);
        self.receive_bytes_max =
            crate::grant::least(self.receive_bytes_max, grant.receive_bytes_max);
        self.time_max = crate::grant::least(self.time_max, grant.time_max);
    }

    /// Whether every layer names an address that is no public one.
    pub fn names(&self, address: IpAddr) -> bool {
        let within = |nets: &Vec<IpNet>| nets.iter().any(|net| net.contains(&address));
        !self.private.is_empty() && self.private.iter().all(within)
    }

    /// The secret behind a placeholder.
    pub fn secret(&self, placeholder: &str) -> Option<&str> {
        self.secrets.as_ref()?.get(placeholder).map(String::as_str)
    }
}

/// An address range from its text: an address, or one with the length of its prefix.
pub fn parse_range(text: &str) -> Option<IpNet> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().map(|net| net.trunc()).or_else(one)
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressClass {
    /// The public internet.
    Public,
    /// This machine, its network, its provider: nobody else's. Dialled where a grant names it.
    Private(&'static str),
    /// Not the address of one server, or another address in disguise. Never dialled.
    Never(&'static str),
}

impl AddressClass {
    /// The class of an address; one that holds an IPv4 address that is reached through it has that one's.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

/// The address that is reached: an IPv4 address written as IPv6 is the IPv4 address.
pub fn plain_address(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The special-purpose registry of IANA (RFC 6890 and its successors).
fn of_v4(address: Ipv4Addr) -> AddressClass {
    use AddressClass::{Never, Private, Public};
    match address.octets() {
        [0, ..] => Never("this network"),
        [127, ..] => Private("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Private("private"),
        [169, 254, ..] => Private("link-local"),
        [100, 64..=127, ..] => Private("shared with the provider"),
        [192, 0, 0, _] | [192, 88, 99, _] => Private("protocol assignments"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Private("documentation"),
        [198, 18..=19, ..] => Private("benchmarking"),
        [224..=239, ..] => Never("multicast"),
        [255, 255, 255, 255] => Never("broadcast"),
        [240..=255, ..] => Private("reserved"),
        _ => Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressClass {
    use AddressClass::{Never, Private, Public};
    let embedded = |at: usize| {
        let [a, b, c, d] = [0, 1, 2, 3].map(|byte| address.octets()[at + byte]);
        of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Never("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Private("loopback"),
        [0, 0, 0, 0, 0, 0xffff, _, _] => embedded(12),
        // What is left of ::/96 is IPv4 in an old disguise that no network carries.
        [0, 0, 0, 0, 0, 0, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => Never("IPv4 in disguise"),
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => embedded(12),
        [0x64, 0xff9b, 1, ..] => Private("local translation"),
        [0x100, ..] => Never("discarded"),
        [0x2002, ..] => Never("6to4"),
        [0x2001, 0, ..] => Never("Teredo"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Private("documentation"),
        [0x2001, 0..=0x1ff, ..] => Private("protocol assignments"),
        [0xfc00..=0xfdff, ..] => Private("unique local"),
        [0xfe80..=0xfebf, ..] => Private("link-local"),
        [0xfec0..=0xfeff, ..] => Private("site-local"),
        [0xff00..=0xffff, ..] => Never("multicast"),
        // All of the public IPv6 internet begins so.
        [0x2000..=0x3fff, ..] => Public,
        _ => Private("reserved"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        ErrorKind,
        grant::{GrantLayer, Grants},
    };

    fn host(text: &str) -> HttpHost {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn url(text: &str) -> Url {
        parse_url(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn grant(text: &str, methods: &[&str]) -> HttpGrant {
        HttpGrant {
            host: host(text),
            methods: methods.iter().map(|it| (*it).to_owned()).collect(),
            private: Vec::new(),
            send_bytes_max: None,
            receive_bytes_max: None,
            time_max: None,
            secrets: BTreeMap::new(),
        }
    }

    fn grants(layers: &[&[HttpGrant]]) -> Grants {
        let layer =
            |http: &&[HttpGrant]| GrantLayer { http: Some(http.to_vec()), ..GrantLayer::default() };
        Grants { layers: layers.iter().map(|it| layer(it).into()).collect(), ..Grants::default() }
    }

    #[test]
    fn a_host_names_one_server_those_below_a_name_or_all_names() {
        for (text, yes, no) in [
            ("api.example.org", "https://API.example.org/x", "https://api.example.org:8443/"),
            ("api.example.org", "https://api.example.org:443/", "http://api.example.org/"),
            ("*.example.org", "https://a.b.example.org/", "https://example.org/"),
            ("*.example.org", "https://a.example.org/", "https://evil-example.org/"),
            ("http://localhost:8080", "http://localhost:8080/", "http://localhost/"),
            ("*", "https://anything.test/", "https://127.0.0.1/"),
            ("*:8443", "https://anything.test:8443/", "https://anything.test/"),
            ("[::1]", "https://[0:0::1]/", "https://[::2]/"),
            ("http://127.0.0.1", "http://2130706433/", "http://127.0.0.2/"),
            ("b\u{fc}cher.test", "https://xn--bcher-kva.test/", "https://bucher.test/"),
        ] {
            assert!(host(text).matches(&url(yes)), "{text} {yes}");
            assert!(!host(text).matches(&url(no)), "{text} {no}");
            assert_eq!(host(&host(text).to_string()), host(text));
        }
    }

    #[test]
    fn what_names_no_server_is_refused() {
        for text in
            ["", "a b", "ftp://a", "a/b", "a?b", "u@a", "*a.b", "a.*.b", "*.127.0.0.1", "a:0"]
        {
            assert!(text.parse::<HttpHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_names_one_server_to_everybody() {
        for text in [
            "https://user:word@a.test/",
            "https://a.test@b.test/",
            "file:///etc/passwd",
            "gopher://a.test/",
            "/relative",
            "https://",
            "https://a.test/\r\nHost: b.test",
            "https://a.te\tst/",
            "https://a.test:0/",
            "https://1.2.3.256/",
        ] {
            let refused = HttpRequest::new("GET", text, Vec::new(), Vec::new()).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Invalid, "{text}");
        }
        assert_eq!(url("https://A.test\\@b.test/#x").host_str(), Some("a.test"));
    }

    #[test]
    fn the_headers_of_the_host_and_line_ends_are_refused() {
        let with = |name: &str, value: &str| {
            let headers = vec![(name.to_owned(), value.to_owned())];
            HttpRequest::new("GET", "https://a.test/", headers, Vec::new())
        };
        for (name, value) in [
            ("Host", "b.test"),
            ("Content-Length", "0"),
            ("transfer-encoding", "chunked"),
            ("Connection", "upgrade"),
            ("x\r\ny", "1"),
            ("x y", "1"),
            ("", "1"),
            ("x:", "1"),
            ("x", "1\r\nhost: b.test"),
            ("x", "1\n2"),
            ("x", "1\0"),
            ("x", "${secrets.}"),
            ("x", "${secrets.a b}"),
            ("x", "${secrets.token"),
        ] {
            let refused = with(name, value).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Invalid, "{name}: {value}");
        }
        let kept = with("X-Key", "Bearer ${secrets.token}\t!").unwrap().headers;
        assert_eq!(kept, [("x-key".to_owned(), "Bearer ${secrets.token}\t!".to_owned())]);
    }

    #[test]
    fn placeholders_are_filled_once() {
        let filled = |value: &str| {
            fill(value, |name| Ok::<_, ()>(format!("<{name}${{secrets.b}}>"))).unwrap().into_owned()
        };
        assert_eq!(filled("plain $ {x}"), "plain $ {x}");
        // What a secret holds is no placeholder.
        assert_eq!(filled("a${secrets.a}b${secrets.c}"), "a<a${secrets.b}>b<c${secrets.b}>");
        assert_eq!(placeholders("a${secrets.a}b${secrets.c}"), Ok(vec!["a", "c"]));
    }

    #[test]
    fn no_form_of_an_address_hides_its_class() {
        let class = |text: &str| AddressClass::of(text.parse().unwrap());
        for text in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700::1"] {
            assert_eq!(class(text), AddressClass::Public, "{text}");
        }
        assert_eq!(class("64:ff9b::101:101"), AddressClass::Public);
        for text in [
            "127.0.0.1",
            "127.255.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "240.0.0.1",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "2001:db8::1",
            "2001:2::1",
            "3fff::1",
            "4000::1",
        ] {
            assert!(matches!(class(text), AddressClass::Private(_)), "{text}: {:?}", class(text));
        }
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.1.1.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "2002:7f00:1::",
            "2001:0:1::1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "100::1",
            "::ffff:0.0.0.0",
            "::ffff:224.0.0.1",
        ] {
            assert!(matches!(class(text), AddressClass::Never(_)), "{text}: {:?}", class(text));
        }
    }

    #[test]
    fn a_request_needs_every_layer_and_gets_the_least_of_each() {
        let mut wide = grant("*.example.org", &["GET", "POST"]);
        wide.private = vec![parse_range("10.0.0.0/8").unwrap()];
        wide.receive_bytes_max = Some(10);
        let mut narrow = grant("api.example.org", &["GET"]);
        narrow.private = vec![parse_range("10.1.0.0/16").unwrap()];
        narrow.time_max = Some(Duration::from_secs(1));
        let grants = grants(&[&[wide], &[narrow]]);
        let rule = grants.request("GET", &url("https://api.example.org/x")).unwrap();
        assert_eq!(rule.receive_bytes_max, Some(10));
        assert_eq!(rule.time_max, Some(Duration::from_secs(1)));
        assert!(rule.names("10.1.2.3".parse().unwrap()));
        assert!(!rule.names("10.2.2.3".parse().unwrap()));
        assert!(grants.request("POST", &url("https://api.example.org/")).is_err());
        assert!(grants.request("GET", &url("https://www.example.org/")).is_err());
        assert!(!HttpRule::default().names("10.1.2.3".parse().unwrap()));
    }

    #[test]
    fn a_denial_names_the_smallest_grant_and_no_path() {
        let none = grants(&[&[]]);
        let error = none.request("POST", &url("http://a.test:8080/s3cret?x")).unwrap_err();
        assert_eq!(
            error.bound.as_deref(),
            Some("http: [ { host: \"http://a.test:8080\", methods: [POST] } ]")
        );
        assert!(!error.message.contains("s3cret"), "{}", error.message);
    }

    #[test]
    fn the_entry_that_says_most_decides_and_only_one_for_one_host_hands_out_secrets() {
        let with = |text: &str, methods: &[&str]| {
            let secrets = BTreeMap::from([("key".to_owned(), "token".to_owned())]);
            HttpGrant { secrets, ..grant(text, methods) }
        };
        let layer = [with("*.a.test", &["GET", "POST"]), with("x.a.test", &["GET"])];
        let grants = grants(&[&layer]);
        assert!(grants.request("POST", &url("https://x.a.test/")).is_err());
        let secret = |text: &str| {
            grants.request("GET", &url(text)).unwrap().secret("key").map(str::to_owned)
        };
        assert_eq!(secret("https://x.a.test/").as_deref(), Some("token"));
        assert_eq!(secret("https://y.a.test/"), None);
    }

    fn any_grant() -> impl Strategy<Value = HttpGrant> {
        let host =
            prop::sample::select(vec!["*", "*.a.test", "x.a.test", "http://x.a.test", "10.0.0.1"]);
        let methods = prop::sample::subsequence(vec!["GET", "POST"], 0..=2);
        let private =
            prop::sample::subsequence(vec!["10.0.0.0/8", "10.1.0.0/16", "127.0.0.1"], 0..=3);
        let secrets =
            prop::sample::subsequence(vec![("a", "one"), ("b", "two"), ("a", "two")], 0..=3);
        let most = prop::option::of(1..4_u64);
        (host, methods, private, secrets, most).prop_map(
            |(host, methods, private, secrets, most)| HttpGrant {
                private: private.into_iter().filter_map(parse_range).collect(),
                receive_bytes_max: most,
                send_bytes_max: most,
                time_max: most.map(Duration::from_secs),
                secrets: secrets.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect(),
                ..grant(host, &methods)
            },
        )
    }

    proptest! {
        #[test]
        fn narrowing_never_widens(
            layers in prop::collection::vec(prop::collection::vec(any_grant(), 0..4), 1..4),
        ) {
            let layers: Vec<&[HttpGrant]> = layers.iter().map(Vec::as_slice).collect();
            let (wide, narrow) = (grants(&layers[1..]), grants(&layers));
            for (method, at) in [
                ("GET", "https://x.a.test/"), ("POST", "https://x.a.test/"),
                ("GET", "https://y.a.test/"), ("GET", "http://x.a.test/"), ("GET", "https://10.0.0.1/"),
            ] {
                let Ok(rule) = narrow.request(method, &url(at)) else { continue };
                if layers.len() == 1 {
                    continue;
                }
                let before = wide.request(method, &url(at)).unwrap();
                for address in ["10.0.0.1", "10.1.0.1", "127.0.0.1"] {
                    let address = address.parse().unwrap();
                    prop_assert!(!rule.names(address) || before.names(address));
                }
                for placeholder in ["a", "b"] {
                    let own = rule.secret(placeholder);
                    prop_assert!(own.is_none() || own == before.secret(placeholder));
                }
                let fits = |own: Option<u64>, before: Option<u64>| match (own, before) {
                    (own, Some(before)) => own.is_some_and(|own| own <= before),
                    (_, None) => true,
                };
                prop_assert!(fits(rule.receive_bytes_max, before.receive_bytes_max));
                prop_assert!(fits(rule.send_bytes_max, before.send_bytes_max));
            }
        }

        #[test]
        fn what_a_host_covers_it_matches(wide in any_grant(), narrow in any_grant()) {
            for at in ["https://x.a.test/", "https://y.a.test/", "http://x.a.test/", "https://10.0.0.1/"] {
                let at = url(at);
                if wide.host.covers(&narrow.host) && narrow.host.matches(&at) {
                    prop_assert!(wide.host.matches(&at));
                }
            }
        }
    }
}
