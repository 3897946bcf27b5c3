//! What is exported where: OpenTelemetry's standard variables.

use std::{collections::BTreeMap, time::Duration};

use super::message::KeyValue;
use crate::failure::Failure;

/// Where spans go, and as whose.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// The URL that batches are sent to.
    pub(super) url: String,
    /// Headers of each request.
    pub(super) headers: Vec<(String, String)>,
    /// The most that a request may take.
    pub(super) timeout: Duration,
    /// What the process is.
    pub(super) resource: Vec<KeyValue>,
    /// The trace and the span of who started this process.
    pub(crate) caller: Option<(Vec<u8>, Vec<u8>)>,
}

impl Settings {
    /// Reads them; none where nobody asks for an export. The `endpoint` of the command line comes before that
    /// of the environment.
    ///
    /// # Errors
    /// An export is asked for that this host can't do.
    pub(crate) fn read(
        endpoint: Option<&str>,
        variables: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, Failure> {
        let of = |name: &str| variables.get(name).map(String::as_str).filter(|it| !it.is_empty());
        let of_traces = |name: &str| {
            let own = of(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
            own.or_else(|| of(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let below = |base: &str| format!("{}/v1/traces", base.trim_end_matches('/'));
        let own = of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(str::to_owned);
        let common = of("OTEL_EXPORTER_OTLP_ENDPOINT").map(below);
        let is_off = of("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"))
            || of("OTEL_TRACES_EXPORTER") == Some("none");
        let Some(url) = endpoint.map(below).or_else(|| own.or(common).filter(|_| !is_off)) else {
            return Ok(None);
        };
        if !url.starts_with("http://") {
            return Err(Failure::usage(format!("traces can't be sent to `{url}`"))
                .hint("this host speaks plain HTTP: `http://HOST:4318` of a collector nearby, which forwards them"));
        }
        if let Some(other) = of_traces("PROTOCOL").filter(|it| *it != "http/protobuf") {
            return Err(Failure::usage(format!("traces can't be sent by the protocol `{other}`"))
                .hint("this host speaks `http/protobuf`, which collectors hear on port 4318"));
        }
        let millis = of_traces("TIMEOUT").and_then(|it| it.parse().ok()).unwrap_or(10_000);
        Ok(Some(Self {
            url,
            headers: of_traces("HEADERS").map(pairs).unwrap_or_default(),
            timeout: Duration::from_millis(millis),
            resource: resource(of("OTEL_SERVICE_NAME"), of("OTEL_RESOURCE_ATTRIBUTES")),
            caller: of("TRACEPARENT").and_then(caller),
        }))
    }
}

fn resource(service: Option<&str>, attributes: Option<&str>) -> Vec<KeyValue> {
    let mut all: BTreeMap<String, String> =
        attributes.map(pairs).unwrap_or_default().into_iter().collect();
    if let Some(service) = service {
        all.insert("service.name".to_owned(), service.to_owned());
    }
    all.entry("service.name".to_owned()).or_insert_with(|| "agent-host".to_owned());
    all.entry("service.version".to_owned()).or_insert_with(|| env!("CARGO_PKG_VERSION").to_owned());
    all.into_iter().map(|(key, value)| KeyValue::text(key, value)).collect()
}

/// Reads `a=b,c=d`, with `%2C` and its like in the values.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), decoded(value.trim()))).collect()
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads the W3C's `traceparent`: version, trace, span, flags.
fn caller(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = text.split('-').skip(1);
    let (trace, span) = (bytes(parts.next()?, 16)?, bytes(parts.next()?, 8)?);
    let is_some = |id: &[u8]| id.iter().any(|byte| *byte != 0);
    (is_some(&trace) && is_some(&span)).then_some((trace, span))
}

fn bytes(hex: &str, count: usize) -> Option<Vec<u8>> {
    let digits = (hex.len() == count * 2 && hex.is_ascii()).then_some(hex)?;
    let byte = |place: usize| u8::from_str_radix(&digits[place * 2..place * 2 + 2], 16).ok();
    (0..count).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        endpoint: Option<&str>,
        variables: &[(&str, &str)],
    ) -> Result<Option<Settings>, Failure> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Settings::read(endpoint, &variables.iter().map(owned).collect())
    }

    fn url(endpoint: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        read(endpoint, variables).unwrap().map(|it| it.url)
    }

    const COMMON: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/");
    const OWN: (&str, &str) = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b/x");

    #[test]
    fn the_endpoint_is_the_nearest_that_is_named() {
        assert_eq!(url(None, &[]), None);
        assert_eq!(url(None, &[COMMON]).as_deref(), Some("http://a:4318/v1/traces"));
        assert_eq!(url(None, &[COMMON, OWN]).as_deref(), Some("http://b/x"));
        assert_eq!(url(Some("http://c"), &[OWN]).as_deref(), Some("http://c/v1/traces"));
    }

    #[test]
    fn the_environment_can_say_no() {
        assert_eq!(url(None, &[COMMON, ("OTEL_SDK_DISABLED", "true")]), None);
        assert_eq!(url(None, &[OWN, ("OTEL_TRACES_EXPORTER", "none")]), None);
    }

    #[test]
    fn what_this_host_does_not_speak_is_refused() {
        assert!(read(Some("https://a"), &[]).is_err());
        assert!(read(None, &[COMMON, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).is_err());
    }

    #[test]
    fn headers_and_resource_are_lists_of_pairs() {
        let settings = read(
            None,
            &[
                COMMON,
                ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb, other=100%"),
                ("OTEL_RESOURCE_ATTRIBUTES", "service.name=no,team=x"),
                ("OTEL_SERVICE_NAME", "mine"),
            ],
        );
        let settings = settings.unwrap().unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(settings.headers, [pair("api-key", "a,b"), pair("other", "100%")]);
        assert!(settings.resource.contains(&KeyValue::text("service.name", "mine")));
        assert!(settings.resource.contains(&KeyValue::text("team", "x")));
    }

    #[test]
    fn a_caller_is_known_by_both_its_ids() {
        let (trace, span) =
            caller("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!((trace[0], trace.len(), span[0], span.len()), (0x0a, 16, 0xb7, 8));
        for text in [
            "",
            "00-xyz-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            assert_eq!(caller(text), None, "{text}");
        }
    }
}
