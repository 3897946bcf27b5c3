//! The granted folders, as paths: files are named by their path in the one granted folder, or, where
//! several are granted, by the folder's name and the path in it.

use crate::contract::exports::voyager::coder::metrics::{Problem, Skipped};
use crate::contract::voyager::types::types::{Error, Fault, OtherFault, Retry};
use crate::contract::voyager::workspace::files::{self, Folder, Root};
use crate::measure::{self, FILE_BYTES_MAX, problem};
use crate::spread::Sized;

/// The most files that one call looks at.
pub(crate) const FILES_MAX: usize = 200_000;
/// How much one read asks for, and how many entries one listing: the most that the host gives.
const READ_BYTES: u64 = 4 << 20;
const ENTRIES: u32 = 10_000;

/// The granted folders.
pub(crate) struct Folders(Vec<Root>);

impl Folders {
    /// All folders that are granted to this task; at least one.
    pub(crate) fn granted() -> Result<Self, Error> {
        let roots = files::roots()?;
        if roots.is_empty() {
            return Err(Error::Denied(Fault {
                message: "No folder is granted. Grant one with `workspace` in the manifest."
                    .to_owned(),
                bound: Some("workspace: [ { root: inputs.NAME, read: [\"**\"] } ]".to_owned()),
                retry: Retry::Never,
            }));
        }
        Ok(Self(roots))
    }

    /// The folders with what their paths begin with.
    pub(crate) fn each(&self) -> impl Iterator<Item = (String, &Folder)> {
        let one = self.0.len() == 1;
        self.0.iter().map(move |root| {
            (if one { String::new() } else { format!("{}/", root.name) }, &root.folder)
        })
    }

    /// The files that match one of the globs, ordered by path within each folder, and what was passed
    /// over.
    pub(crate) fn list(&self, globs: &[String]) -> Result<(Vec<Sized>, Vec<Skipped>), Error> {
        let (mut found, mut skipped) = (Vec::new(), Vec::new());
        for (prefix, folder) in self.each() {
            let listing = folder.list(globs)?;
            loop {
                let entries = listing.next(ENTRIES)?;
                if entries.is_empty() {
                    break;
                }
                found.extend(
                    entries
                        .into_iter()
                        .map(|entry| (format!("{prefix}{}", entry.path), entry.size)),
                );
                if found.len() > FILES_MAX {
                    let message = format!("More than {FILES_MAX} files match. Narrow the globs.");
                    return Err(invalid(message));
                }
            }
            skipped.extend(listing.skipped().into_iter().map(|(path, reason)| Skipped {
                path: format!("{prefix}{path}"),
                problem: problem("unreadable", reason, None),
            }));
        }
        Ok((found, skipped))
    }

    /// The content of a file.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let (folder, path) = self.locate(path)?;
        let mut content = Vec::new();
        loop {
            let more = folder
                .read(path, content.len() as u64, READ_BYTES)
                .map_err(|error| problem("unreadable", sentence(&error), None))?;
            let last = (more.len() as u64) < READ_BYTES;
            if content.is_empty() {
                content = more;
            } else {
                content.extend(more);
            }
            if last {
                return Ok(content);
            }
            if content.len() > FILE_BYTES_MAX {
                let size = folder.stat(path).map_or(content.len() as u64, |stat| stat.size);
                return Err(measure::too_large(size));
            }
        }
    }

    fn locate<'a>(&self, path: &'a str) -> Result<(&Folder, &'a str), Problem> {
        if let [root] = self.0.as_slice() {
            return Ok((&root.folder, path));
        }
        let found = path.split_once('/').and_then(|(name, rest)| {
            let root = self.0.iter().find(|root| root.name == name)?;
            Some((&root.folder, rest))
        });
        let names = || self.0.iter().map(|root| root.name.as_str()).collect::<Vec<_>>().join(", ");
        found.ok_or_else(|| {
            let message =
                format!("The path has to begin with the name of a granted folder: {}.", names());
            problem("unreadable", message, None)
        })
    }
}

/// What this skill itself finds wrong with a question.
pub(crate) fn invalid(message: String) -> Error {
    Error::Invalid(Fault { message, bound: None, retry: Retry::Never })
}

/// What this skill finds wrong that has no kind of its own.
pub(crate) fn other(code: &str, message: String) -> Error {
    let fault = Fault { message, bound: None, retry: Retry::Never };
    Error::Other(OtherFault { code: code.to_owned(), fault })
}

/// The fault in an error of the host, with its code.
pub(crate) fn fault(error: &Error) -> (&str, &Fault) {
    match error {
        Error::Denied(fault) => ("denied", fault),
        Error::NotFound(fault) => ("not-found", fault),
        Error::Invalid(fault) => ("invalid", fault),
        Error::Conflict(fault) => ("conflict", fault),
        Error::Limit(fault) => ("limit", fault),
        Error::Timeout(fault) => ("timeout", fault),
        Error::Unavailable(fault) => ("unavailable", fault),
        Error::UnknownEffect(fault) => ("unknown-effect", fault),
        Error::Cancelled(fault) => ("cancelled", fault),
        Error::Other(other) => (&other.code, &other.fault),
    }
}

/// An error of the host as a sentence.
pub(crate) fn sentence(error: &Error) -> String {
    let (code, fault) = fault(error);
    match &fault.bound {
        Some(bound) => format!("{code}: {} ({bound})", fault.message),
        None => format!("{code}: {}", fault.message),
    }
}
