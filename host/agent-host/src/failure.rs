//! Why a command failed, folded into who must act; the kind is the exit code.

use std::{error::Error as StdError, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use voyager_base::{Error, ErrorKind};

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FailureKind {
    /// The run itself failed: see its report.
    Run,
    /// The command line is wrong.
    Usage,
    /// A manifest is wrong.
    Manifest,
    /// No grant covers it.
    Denied,
    /// The machine refuses: disk, permission, a missing file, another process.
    Environment,
    /// A replay differs from the record.
    Diverged,
    /// An unattended run could do more than was approved.
    Unapproved,
    /// The policy asks before something is used, and nobody answered.
    Asked,
    /// A run stands still until somebody answers it or goes on with it.
    Waiting,
    /// Somebody cancelled.
    Cancelled,
    /// An invariant of ours is broken.
    Bug,
}

impl FailureKind {
    /// The exit code, as documented in `docs/reference/exit-codes.md`.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Run => 1,
            Self::Usage => 2,
            Self::Manifest => 3,
            Self::Denied => 4,
            Self::Environment => 5,
            Self::Diverged => 6,
            Self::Unapproved => 7,
            Self::Waiting => 8,
            Self::Asked => 9,
            Self::Bug => 70,
            Self::Cancelled => 130,
        }
    }
}

/// Why a command failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// Who must act.
    pub(crate) kind: FailureKind,
    /// One sentence, with its causes.
    pub(crate) message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// What is wrong with a manifest, each finding with its place; or how its power differs from what was
    /// approved; or what the policy asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) diagnostics: Option<Json>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, diagnostics: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    pub(crate) fn environment(what: impl fmt::Display, cause: &dyn StdError) -> Self {
        Self::new(FailureKind::Environment, format!("{what}: {}", with_causes(cause)))
    }

    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// An error with its causes.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        told = format!("{told}: {cause}");
        next = cause.source();
    }
    told
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Denied => FailureKind::Denied,
            ErrorKind::Cancelled => FailureKind::Cancelled,
            _ => FailureKind::Run,
        };
        Self::new(kind, format!("{}: {}", error.kind, error.message))
    }
}
