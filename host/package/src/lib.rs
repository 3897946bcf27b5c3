//! Skills on their way to a host: where they come from, what they carry, who signed them, what an update changes,
//! and what is installed.
//!
//! It does not know what a component means: whoever installs has it validated and described by the sandbox,
//! and hands the description in. Nor does it decide for people: it says what a policy demands, and what is held
//! until somebody approves.
//!
//! Start reading at [`Store`], which makes an installation one step that happened or did not.

mod carried;
mod change;
mod hash;
mod record;
mod registry;
mod signature;
mod source;
mod store;
mod trust;
mod web;

pub use self::{
    carried::{Carried, Dependency, Producer, with_dependencies},
    change::{Changes, Face},
    hash::{MalformedPin, Pin, sha256},
    record::{BadName, Held, Record, Records, Signer, file_name},
    registry::Publication,
    signature::{Keys, PublicKey, SIGNATURE_BYTES_MAX, Signature, SignatureError, sign},
    source::{FetchError, Offer, Source, components, read_component},
    store::{Locked, Package, Store, StoreError, signature_file},
    trust::{Policy, PolicyError, Refusal, Standing, TrustedKey, Unsigned},
    web::{Progress, is_loopback, ready_tls},
};

/// Larger components are neither fetched nor served.
pub const COMPONENT_BYTES_MAX: u64 = 32 << 20;
