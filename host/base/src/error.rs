//! Why something was not done: the words of `voyager:types/types.error`, and the kinds of failure
//! that a manifest can react to.

mod contract;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::contract::contract_type;
use crate::value::Value;

/// [`Error::code`] of a guest that did not even start, since others take all the room for instances.
pub const NO_ROOM: &str = "no-room";

/// What a manifest's `on-error` and `retry.on` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// No grant covers this.
    Denied,
    /// What was named does not exist.
    NotFound,
    /// The question itself is malformed.
    Invalid,
    /// Somebody else changed what this wanted to change.
    Conflict,
    /// A limit bit.
    Limit,
    /// A deadline passed.
    Timeout,
    /// The service can't answer now.
    Unavailable,
    /// A crash left open whether an effect happened.
    UnknownEffect,
    /// The run was cancelled.
    Cancelled,
    /// The operation's own typed error, in [`Error::detail`]. An operation that fails with the
    /// contract's `error` keeps the kind of that instead.
    Failed,
    /// The skill broke: a trap, with the reason in the message.
    Trapped,
    /// An `expect` of the manifest does not hold.
    Expectation,
    /// Somebody who was asked for approval refused it.
    Refused,
    /// Anything else; [`Error::code`] tells.
    Other,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::Denied,
        Self::NotFound,
        Self::Invalid,
        Self::Conflict,
        Self::Limit,
        Self::Timeout,
        Self::Unavailable,
        Self::UnknownEffect,
        Self::Cancelled,
        Self::Failed,
        Self::Trapped,
        Self::Expectation,
        Self::Refused,
        Self::Other,
    ];

    /// Its name in manifests and in WIT.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Limit => "limit",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::UnknownEffect => "unknown-effect",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Trapped => "trapped",
            Self::Expectation => "expectation",
            Self::Refused => "refused",
            Self::Other => "other",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the same may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// Asking again gives the same answer.
    Never,
    /// Worth trying again after this many milliseconds.
    After(u64),
    /// Worth trying again as it is.
    AsIs,
}

/// Why a host call, a task or a step has no result. A value: it is journaled, crosses to skills, and
/// manifests react to its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of failure.
    pub kind: ErrorKind,
    /// One sentence for a person: what, where, and the way out.
    pub message: String,
    /// The grant that is missing, or the bound that was hit with its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// Whether trying again helps.
    pub retry: Retry,
    /// Stable code where `kind` is [`ErrorKind::Other`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The operation's own error where `kind` is [`ErrorKind::Failed`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

impl Error {
    /// An error that trying again does not cure.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { kind, message, bound: None, retry: Retry::Never, code: None, detail: None }
    }

    /// Nothing happened, because no grant covers it; `grant` is the smallest one that would, as a line
    /// of a manifest.
    pub fn denied(message: impl Into<String>, grant: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message).bound(grant)
    }

    /// What was named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// The question is malformed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// The limit `name` with its `value` bit.
    pub fn limit(name: &str, value: impl fmt::Display) -> Self {
        Self::new(
            ErrorKind::Limit,
            format!(
                "the limit `{name}` of {value} is used up; raise `limits.{name}` in the manifest"
            ),
        )
        .bound(format!("{name}: {value}"))
    }

    /// The service can't answer now; trying again as it is may help.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { retry: Retry::AsIs, ..Self::new(ErrorKind::Unavailable, message) }
    }

    /// The run was cancelled.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the run was cancelled")
    }

    /// The same with the missing grant or the bound that was hit.
    #[must_use]
    pub fn bound(self, bound: impl Into<String>) -> Self {
        Self { bound: Some(bound.into()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ErrorKind::from_name("nonsense"), None);
    }
}
