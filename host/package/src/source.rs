//! Where a skill comes from, as people name it.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use oci_client::Reference;
use reqwest::Url;

use crate::{
    COMPONENT_BYTES_MAX, SIGNATURE_BYTES_MAX,
    registry::{self, Publication},
    signature_file,
    web::{self, Progress},
};

/// Where a skill comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or a folder of this machine.
    Path(PathBuf),
    /// An address.
    Web(Url),
    /// A name in an OCI registry.
    Registry(Reference),
}

/// A component as its source gave it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The component.
    pub bytes: Vec<u8>,
    /// Where it came from.
    pub source: String,
    /// What it is called there: a command-line program has no other name. `sd`, or `sd@1.0.0`.
    pub name: String,
    /// The signature that came with it.
    pub signature: Option<String>,
    /// Digest of its manifest, where a registry gave it.
    pub manifest: Option<String>,
    /// Whether it was on this machine already: in the operator's own hand.
    pub is_local: bool,
}

/// Why a source gives no component.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file can't be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// An address can't be asked.
    #[error("{0}: {1}")]
    Address(String, String),
    /// It does not answer, or stops in between.
    #[error("cannot fetch {address}")]
    Web {
        /// The address.
        address: String,
        /// Why not.
        source: reqwest::Error,
    },
    /// It answers that there is nothing.
    #[error("{0} answers with the status {1}")]
    Status(String, u16),
    /// A registry does not give or take it.
    #[error("{address}")]
    Registry {
        /// The name in it.
        address: String,
        /// Why not.
        source: Box<oci_client::errors::OciDistributionError>,
    },
    /// A registry gives something else.
    #[error("{0} is no component: {1}")]
    Layout(String, String),
    /// A folder holds none.
    #[error("{} holds no component", .0.display())]
    Empty(PathBuf),
    /// It is larger than may be.
    #[error("{0} has more than {COMPONENT_BYTES_MAX} bytes, the most that a component may have")]
    TooLarge(String),
}

impl Source {
    /// Reads what somebody wrote. `plain_http` allows what is not encrypted, to this machine itself.
    ///
    /// # Errors
    /// It is an address that is not asked.
    pub fn read(text: &str, plain_http: bool) -> Result<Self, FetchError> {
        match text.split_once("://") {
            None => Ok(Self::Path(text.into())),
            Some(("oci", name)) => registry::reference(name, plain_http).map(Self::Registry),
            Some(_) => web::address(text, plain_http).map(Self::Web),
        }
    }

    /// Fetches its components; of a path one after the other, as the folder has them.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn fetch(
        &self,
        plain_http: bool,
        progress: Progress<'_>,
    ) -> Result<Vec<Offer>, FetchError> {
        match self {
            Self::Path(path) => components(path)?.iter().map(|it| read_component(it)).collect(),
            Self::Web(address) => Ok(vec![web::fetch(address, plain_http, progress).await?]),
            Self::Registry(image) => Ok(vec![registry::pull(image, plain_http, progress).await?]),
        }
    }

    /// Pushes a component to a registry; gives back the digest of its manifest.
    ///
    /// # Errors
    /// It is none, or refuses.
    pub async fn push(
        &self,
        plain_http: bool,
        publication: Publication<'_>,
    ) -> Result<String, FetchError> {
        match self {
            Self::Registry(image) => registry::push(image, plain_http, publication).await,
            other => Err(FetchError::Address(
                other.to_string(),
                "only a registry is pushed to: `oci://registry/name:tag`".to_owned(),
            )),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Web(address) => write!(f, "{address}"),
            Self::Registry(image) => write!(f, "oci://{image}"),
        }
    }
}

/// The components at a path: the file, or those of the folder, or of its folder `skills` where a skill was built.
///
/// # Errors
/// It can't be read, or there are none.
pub fn components(path: &Path) -> Result<Vec<PathBuf>, FetchError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    for folder in [path.join("skills"), path.to_owned()] {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut found: Vec<PathBuf> = entries
            .flatten()
            .filter(|it| !it.file_name().to_string_lossy().starts_with('.'))
            .map(|it| it.path())
            .filter(|it| it.is_file() && it.extension().is_some_and(|end| end == "wasm"))
            .collect();
        if !found.is_empty() {
            found.sort();
            return Ok(found);
        }
    }
    Err(FetchError::Empty(path.to_owned()))
}

/// Reads the component of a file.
///
/// # Errors
/// It can't be read, or is too large.
pub fn read_component(path: &Path) -> Result<Offer, FetchError> {
    let failed = |source| FetchError::File { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(failed)?;
    if about.len() > COMPONENT_BYTES_MAX {
        return Err(FetchError::TooLarge(path.display().to_string()));
    }
    let bytes = fs::read(path).map_err(failed)?;
    let source = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let source = source.display().to_string();
    let signature = read_signature(path)?;
    let name = stem(path);
    Ok(Offer { bytes, source, name, signature, manifest: None, is_local: true })
}

/// What a file is called.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The signature beside a component; none where there is no such file.
fn read_signature(component: &Path) -> Result<Option<String>, FetchError> {
    let path = signature_file(component);
    let failed = |source| FetchError::File { path: path.clone(), source };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = String::new();
    // What is longer is cut, and no signature.
    file.take(SIGNATURE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_what_was_built_in_it_or_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        assert!(matches!(components(path), Err(FetchError::Empty(_))));
        for name in ["b.wasm", "a.wasm", ".c.wasm", "d.txt"] {
            fs::write(path.join(name), "").unwrap();
        }
        assert_eq!(components(path).unwrap(), [path.join("a.wasm"), path.join("b.wasm")]);
        fs::create_dir(path.join("skills")).unwrap();
        fs::write(path.join("skills/built.wasm"), "").unwrap();
        assert_eq!(components(path).unwrap(), [path.join("skills/built.wasm")]);
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.wasm");
        File::create(&path).unwrap().set_len(COMPONENT_BYTES_MAX + 1).unwrap();
        assert!(matches!(read_component(&path), Err(FetchError::TooLarge(_))));
    }
}
