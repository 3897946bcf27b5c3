//! Errors of the host as ordinary Rust errors. The bindings make them [`std::error::Error`]; here is
//! what they say.

use crate::{Error, Fault, Retry};

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

    /// An error that the skill itself finds.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(Fault { message: message.into(), bound: None, retry: Retry::Never })
    }
}

/// For operations that fail with a sentence: `?` turns the error into it.
impl From<Error> for String {
    fn from(error: Error) -> Self {
        format!("{}: {}", error.kind(), error.fault().message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation() -> Result<(), String> {
        Err(Error::invalid("a glob is malformed"))?;
        Ok(())
    }

    fn library() -> Result<(), Box<dyn std::error::Error>> {
        Err(Error::invalid("a glob is malformed"))?;
        Ok(())
    }

    #[test]
    fn host_errors_work_with_the_question_mark() {
        assert_eq!(operation(), Err("invalid: a glob is malformed".to_owned()));
        assert!(library().is_err());
    }
}
