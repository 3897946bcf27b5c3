//! Errors of the host as ordinary Rust errors. The bindings make them [`std::error::Error`]; here is
//! what they say, and how a skill makes its own.
//!
//! An operation that fails with `error` gives them on by `?`, and the task's error keeps the kind, which
//! is what `on-error` and `retry` of a manifest look at.

use crate::{Error, Fault, OtherFault, Retry};

impl Error {
    /// The kind, as manifests name it; the code of `other`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Denied(_) => "denied",
            Self::NotFound(_) => "not-found",
            Self::Invalid(_) => "invalid",
            Self::Conflict(_) => "conflict",
            Self::Limit(_) => "limit",
            Self::Timeout(_) => "timeout",
            Self::Unavailable(_) => "unavailable",
            Self::UnknownEffect(_) => "unknown-effect",
            Self::Cancelled(_) => "cancelled",
            Self::Other(other) => &other.code,
        }
    }

    /// What went wrong, and what would help.
    pub fn fault(&self) -> &Fault {
        match self {
            Self::Denied(fault)
            | Self::NotFound(fault)
            | Self::Invalid(fault)
            | Self::Conflict(fault)
            | Self::Limit(fault)
            | Self::Timeout(fault)
            | Self::Unavailable(fault)
            | Self::UnknownEffect(fault)
            | Self::Cancelled(fault) => fault,
            Self::Other(other) => &other.fault,
        }
    }

    /// The question that the skill was asked is malformed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(fault(message))
    }

    /// What the skill was asked about does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(fault(message))
    }

    /// The skill needs a grant that it has not; `grant` is the line of a manifest that would do.
    pub fn denied(message: impl Into<String>, grant: impl Into<String>) -> Self {
        Self::Denied(Fault { bound: Some(grant.into()), ..fault(message) })
    }

    /// Anything else that the skill finds; `code` is for programs.
    pub fn other(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other(OtherFault { code: code.into(), fault: fault(message) })
    }
}

/// A fault that trying again does not cure.
fn fault(message: impl Into<String>) -> Fault {
    Fault { message: message.into(), bound: None, retry: Retry::Never }
}

/// For operations that fail with a sentence: `?` turns the error into it, and the kind is lost but for
/// its name.
impl From<Error> for String {
    fn from(error: Error) -> Self {
        format!("{}: {}", error.kind(), error.fault().message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation() -> Result<(), Error> {
        Err(Error::invalid("a glob is malformed"))?;
        Ok(())
    }

    fn sentence() -> Result<(), String> {
        operation()?;
        Ok(())
    }

    fn library() -> Result<(), Box<dyn std::error::Error>> {
        Err(Error::invalid("a glob is malformed"))?;
        Ok(())
    }

    #[test]
    fn host_errors_work_with_the_question_mark() {
        assert_eq!(operation(), Err(Error::invalid("a glob is malformed")));
        assert_eq!(sentence(), Err("invalid: a glob is malformed".to_owned()));
        assert!(library().is_err());
    }

    #[test]
    fn own_errors_say_kind_and_code() {
        let denied = Error::denied("no folder is granted", "workspace: [...]");
        assert_eq!(denied.fault().bound.as_deref(), Some("workspace: [...]"));
        let kinds = [denied, Error::not_found("x"), Error::other("too-many", "x")];
        assert_eq!(kinds.each_ref().map(Error::kind), ["denied", "not-found", "too-many"]);
    }
}
