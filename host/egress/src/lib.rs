//! Sends one granted request to an address that was checked: the only way from this host's skills to a
//! network.
//!
//! What is here: the service behind `voyager:http` ([`Egress`]). A name is looked up once; only addresses
//! whose class the grants allow are dialled, and what is dialled is the address, not the name, so that a
//! second look at the name can't lead elsewhere. Each redirect begins anew with grants and addresses.
//! Secrets are filled in last, for the host that a grant names.
//!
//! What is deliberately not: who may ask whom (the grants), what a placeholder is (both in
//! [`voyager_base::http`]), the journal, proxies from the environment, cookies, caches, decompression, and
//! connections that outlive a request.
//!
//! Start reading at [`Egress`] in `service.rs`.

mod exchange;
mod resolve;
mod service;
mod tls;

pub use self::{
    resolve::{Resolver, SystemResolver},
    service::{Egress, EgressOptions},
    tls::Roots,
};
