//! Paths below a folder: checked once, before anything opens them.
//!
//! Deliberately strict: one spelling per file, so that the path a grant was checked for is the path that
//! is opened. Whether a path leaves its folder through a symbolic link is no matter of its text; see
//! [`crate::folder`].

use std::fmt;

use voyager_base::error::Error;

/// Longest path in bytes (`PATH_MAX` of Linux).
pub(crate) const PATH_BYTES_MAX: usize = 4096;
/// Longest name in bytes (`NAME_MAX` of Linux).
pub(crate) const NAME_BYTES_MAX: usize = 255;
/// First part of the names of folders in which a commit prepares its files. No task may write there.
pub(crate) const STAGING_PREFIX: &str = ".voyager-";

/// A relative path of plain names, separated by `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilePath(String);

impl FilePath {
    /// Checks a path that came from outside.
    ///
    /// # Errors
    /// `denied` for a path that leaves its folder, `invalid` for one with an odd form.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let quoted = || text.chars().take(200).collect::<String>().escape_debug().to_string();
        if text.len() > PATH_BYTES_MAX {
            let (shown, length) = (quoted(), text.len());
            return Err(Error::invalid(format!(
                "the path `{shown}…` has {length} bytes; at most {PATH_BYTES_MAX} are possible"
            )));
        }
        if text.starts_with('/') || text.split('/').any(|name| name == "..") {
            return Err(leaves(&quoted()));
        }
        for name in text.split('/') {
            if let Some(reason) = flaw(name) {
                return Err(Error::invalid(format!(
                    "the path `{}` {reason}; write names separated by single `/`, as in `src/lib.rs`",
                    quoted()
                )));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Its names, the outermost first.
    #[cfg(test)]
    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The folder part, where there is one, and the last name.
    pub(crate) fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((parent, name)) => (Some(parent), name),
            None => (None, &self.0),
        }
    }

    /// Whether it lies where commits prepare their files.
    pub(crate) fn is_reserved(&self) -> bool {
        self.0.starts_with(STAGING_PREFIX)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a path is refused that would lead out of its folder.
pub(crate) fn leaves(path: &str) -> Error {
    Error::denied(
        format!("the path `{path}` leaves its folder; name the file relative to a granted folder"),
        "no grant reaches beyond its folder: grant the folder that holds the file",
    )
}

/// What is wrong with one name of a path; none where it is fine.
pub(crate) fn flaw(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("has an empty name (a doubled or trailing `/`)"),
        "." | ".." => Some("has a name of dots"),
        _ if name.len() > NAME_BYTES_MAX => Some("has a name of more than 255 bytes"),
        // On other systems a separator, and never needed for one.
        _ if name.contains('\\') => Some("has a backslash"),
        // They would forge lines of diffs and listings, and escape sequences on terminals.
        _ if name.chars().any(char::is_control) => Some("has a control character"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use voyager_base::ErrorKind;

    use super::*;

    fn kind(path: &str) -> Option<ErrorKind> {
        FilePath::parse(path).err().map(|error| error.kind)
    }

    #[test]
    fn plain_paths_pass() {
        for path in
            ["a", "a/b", "src/ünï/文.rs", "...", "..a/b..", "-", "a b", ".git/config", "a:b"]
        {
            assert_eq!(kind(path), None, "{path}");
        }
    }

    #[test]
    fn paths_that_leave_are_denied() {
        for path in
            ["..", "../a", "a/..", "a/../b", "/", "/etc/passwd", "//a", "a/../../b", "/proc/self"]
        {
            assert_eq!(kind(path), Some(ErrorKind::Denied), "{path}");
        }
    }

    #[test]
    fn odd_forms_are_invalid() {
        let long = "n".repeat(256);
        let deep = "a/".repeat(2100) + "a";
        let odd = [
            "",
            ".",
            "./a",
            "a/.",
            "a/",
            "a//b",
            "a\0b",
            "a\\b",
            "a\nb",
            "\u{1b}[2J",
            &long,
            &deep,
        ];
        for path in odd {
            assert_eq!(kind(path), Some(ErrorKind::Invalid), "{path:?}");
        }
    }

    #[test]
    fn a_message_shows_odd_bytes_escaped() {
        let error = FilePath::parse("a\u{1b}[2J").unwrap_err();
        assert!(error.message.contains(r"a\u{1b}[2J"), "{}", error.message);
    }

    proptest! {
        #[test]
        fn what_passes_has_only_plain_names(text in "[a./\\\\ü\\x00]{0,12}") {
            if let Ok(path) = FilePath::parse(&text) {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert!(path.names().all(|name| flaw(name).is_none()));
                prop_assert!(!std::path::Path::new(&text).is_absolute());
            }
        }
    }
}
