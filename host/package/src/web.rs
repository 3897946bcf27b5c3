//! Components from an https address. Nothing of it is believed: size and content are checked, and whoever installs has
//! it validated.

use std::{path::Path, time::Duration};

use reqwest::{Client, Response, StatusCode, Url, redirect};

use crate::{COMPONENT_BYTES_MAX, FetchError, Offer, SIGNATURE_BYTES_MAX, source::stem};

const CONNECT: Duration = Duration::from_secs(10);
/// A server that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
const REDIRECTS_MAX: usize = 5;

/// Tells how many bytes have come, and how many there are where that is known.
pub type Progress<'a> = &'a (dyn Fn(u64, Option<u64>) + Sync);

/// Has TLS ready. Whoever chose another provider before keeps it.
pub fn ready_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Whether an address leads nowhere but to this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn may_ask(address: &Url, plain_http: bool) -> bool {
    let is_local = || address.host_str().is_some_and(is_loopback);
    address.scheme() == "https" || (address.scheme() == "http" && plain_http && is_local())
}

/// Reads an address.
pub(crate) fn address(text: &str, plain_http: bool) -> Result<Url, FetchError> {
    let url: Url =
        text.parse().map_err(|error| FetchError::Address(text.to_owned(), format!("{error}")))?;
    if may_ask(&url, plain_http) {
        return Ok(url);
    }
    let why = "only https is asked; --plain-http allows http to this machine itself";
    Err(FetchError::Address(text.to_owned(), why.to_owned()))
}

fn client(plain_http: bool) -> Result<Client, reqwest::Error> {
    ready_tls();
    let policy = redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS_MAX {
            attempt.error("too many redirects")
        } else if may_ask(attempt.url(), plain_http) {
            attempt.follow()
        } else {
            attempt.error("it is redirected to an address that is not https")
        }
    });
    let client = Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(policy)
        .user_agent(concat!("agent-host/", env!("CARGO_PKG_VERSION")));
    // What is not encrypted leaves this machine by no proxy either.
    let client = if plain_http { client.no_proxy() } else { client };
    client.build()
}

/// Fetches the component at an address, with the signature beside it.
pub(crate) async fn fetch(
    address: &Url,
    plain_http: bool,
    progress: Progress<'_>,
) -> Result<Offer, FetchError> {
    let failed = |source| FetchError::Web { address: address.to_string(), source };
    let client = client(plain_http).map_err(failed)?;
    let response = client.get(address.clone()).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(FetchError::Status(address.to_string(), response.status().as_u16()));
    }
    let bytes = body(address, response, COMPONENT_BYTES_MAX, progress).await?;
    let mut beside = address.clone();
    beside.set_path(&format!("{}.minisig", address.path()));
    let response = client.get(beside.clone()).send().await.map_err(failed)?;
    let signature = match response.status() {
        StatusCode::OK => {
            let text = body(&beside, response, SIGNATURE_BYTES_MAX, &|_, _| {}).await?;
            Some(String::from_utf8_lossy(&text).into_owned())
        }
        // Stores that list nothing say of what is not there that it is forbidden.
        StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE => None,
        other => return Err(FetchError::Status(beside.to_string(), other.as_u16())),
    };
    let (source, name) = (address.to_string(), stem(Path::new(address.path())));
    Ok(Offer { bytes, source, name, signature, manifest: None, is_local: false })
}

/// Reads a body of at most so many bytes, whatever its headers say.
async fn body(
    address: &Url,
    mut response: Response,
    bytes_max: u64,
    progress: Progress<'_>,
) -> Result<Vec<u8>, FetchError> {
    let length = response.content_length();
    if length.is_some_and(|it| it > bytes_max) {
        return Err(FetchError::TooLarge(address.to_string()));
    }
    let mut bytes = Vec::new();
    let failed = |source| FetchError::Web { address: address.to_string(), source };
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if (bytes.len() + chunk.len()) as u64 > bytes_max {
            return Err(FetchError::TooLarge(address.to_string()));
        }
        bytes.extend_from_slice(&chunk);
        progress(bytes.len() as u64, length);
    }
    Ok(bytes)
}
