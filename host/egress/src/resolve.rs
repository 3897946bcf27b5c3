//! From a host to the addresses that may be dialled.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use voyager_base::{
    BoxFuture, Error,
    http::{ADDRESS_NEVER, AddressClass, HttpRule, Url, plain_address},
};

/// Most addresses of a name that are looked at.
const ADDRESSES_MAX: usize = 64;

/// Looks names up.
pub trait Resolver: Send + Sync {
    /// The addresses of a name.
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver: its `hosts` file and the name servers that it is set up with.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).take(ADDRESSES_MAX).collect())
        })
    }
}

/// The addresses that a request may be sent to, as sockets. An address in the URL is checked like one
/// that was looked up.
pub(crate) async fn addresses(
    resolver: &dyn Resolver,
    url: &Url,
    rule: &HttpRule,
) -> Result<Vec<SocketAddr>, Error> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let found = match literal {
        Ok(address) => vec![address],
        Err(_) => resolver.resolve(host).await.map_err(|error| unknown(host, &error))?,
    };
    let mut refused = None;
    let mut allowed = Vec::new();
    for address in found.into_iter().map(plain_address) {
        match refusal(address, rule) {
            None if !allowed.contains(&address) => allowed.push(address),
            None => {}
            Some(class) => refused = refused.or(Some((address, class))),
        }
    }
    match (allowed.is_empty(), refused) {
        (false, _) => {
            Ok(allowed.into_iter().map(|address| SocketAddr::new(address, port)).collect())
        }
        (true, Some((address, class))) => Err(denied(url, address, class)),
        (true, None) => Err(Error::not_found(format!("the name `{host}` has no address"))),
    }
}

/// Why an address must not be dialled.
fn refusal(address: IpAddr, rule: &HttpRule) -> Option<AddressClass> {
    match AddressClass::of(address) {
        AddressClass::Public => None,
        AddressClass::Private(_) if rule.names(address) => None,
        class => Some(class),
    }
}

fn denied(url: &Url, address: IpAddr, class: AddressClass) -> Error {
    let host = url.host_str().unwrap_or_default();
    match class {
        AddressClass::Private(what) => {
            let message = format!(
                "`{host}` is at {address} ({what}), which is no public address; where that is meant, \
                 add `private: [\"{address}\"]` to the grant of the host"
            );
            Error::denied(message, format!("private: [\"{address}\"]"))
        }
        AddressClass::Never(what) => {
            let message = format!(
                "`{host}` is at {address} ({what}), which is never dialled, whatever is granted"
            );
            Error::denied(message, ADDRESS_NEVER)
        }
        AddressClass::Public => unreachable!("a public address is not refused"),
    }
}

/// Resolvers say little of why: where the name servers can't be reached, asking again helps.
fn unknown(host: &str, error: &io::Error) -> Error {
    let text = error.to_string();
    let passing = text.contains("emporary") || error.kind() == io::ErrorKind::TimedOut;
    let message = format!("the name `{host}` can't be looked up: {text}");
    if passing { Error::unavailable(message) } else { Error::not_found(message) }
}
