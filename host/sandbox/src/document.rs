//! Puts the doc comments of a skill's WIT into its component, where a host reads them: today's toolchains
//! drop them on the way.

use std::{fs, io, path::Path};

use wit_parser::{PackageMetadata, Resolve, SourceMap, UnresolvedPackageGroup};

use crate::docs::{SECTION, split};

/// Why a component could not be given its docs.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// A folder or file of WIT can't be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// What was read.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The WIT is malformed.
    #[error("malformed WIT: {0}")]
    Malformed(String),
    /// What should get docs is no WebAssembly.
    #[error("this is no WebAssembly")]
    NoWebAssembly,
}

/// Gives back `component` with the docs of the WIT package in the folder `wit`; `dependencies` are files
/// and folders with the packages that it names.
///
/// # Errors
/// [`DocumentError`].
pub fn document(
    component: &[u8],
    wit: &Path,
    dependencies: &[&Path],
) -> Result<Vec<u8>, DocumentError> {
    if !component.starts_with(b"\0asm") {
        return Err(DocumentError::NoWebAssembly);
    }
    let malformed = |error: &dyn std::fmt::Display| DocumentError::Malformed(format!("{error:#}"));
    let mut resolve = Resolve::default();
    let main = parse(sources(&[wit])?)?;
    let groups = dependencies.iter().map(|dependency| parse(sources(&[dependency])?));
    let groups = groups.collect::<Result<_, _>>()?;
    let package = resolve.push_groups(main, groups).map_err(|it| malformed(&it))?;
    let docs = PackageMetadata::extract(&resolve, package).encode().map_err(|it| malformed(&it))?;
    // Older docs give way.
    let (mut documented, _) = split(component);
    append_section(&mut documented, SECTION, &docs);
    Ok(documented)
}

pub(crate) fn parse(sources: SourceMap) -> Result<UnresolvedPackageGroup, DocumentError> {
    sources.parse().map_err(|(sources, error)| DocumentError::Malformed(error.render(&sources)))
}

/// The `.wit` files of each path, a file or a folder without its folders.
pub(crate) fn sources(paths: &[&Path]) -> Result<SourceMap, DocumentError> {
    let mut map = SourceMap::new();
    for path in paths {
        let unreadable =
            |source| DocumentError::Unreadable { path: path.display().to_string(), source };
        let mut files = vec![(*path).to_owned()];
        if path.is_dir() {
            let entries = fs::read_dir(path).map_err(unreadable)?.flatten().map(|it| it.path());
            files = entries.filter(|it| it.extension().is_some_and(|end| end == "wit")).collect();
            files.sort();
        }
        for file in files {
            let text = fs::read_to_string(&file).map_err(unreadable)?;
            map.push_str(&file.to_string_lossy(), text);
        }
    }
    Ok(map)
}

/// A custom section: id 0, the size of the rest, the name behind its length, the content
/// (WebAssembly core specification, 5.5.3; the same in components).
fn append_section(out: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = Vec::with_capacity(name.len() + content.len() + 8);
    put_length(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    out.push(0);
    put_length(out, body.len());
    out.extend_from_slice(&body);
}

/// An unsigned number in LEB128.
fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            return out.push(byte);
        }
        out.push(byte | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn docs_that_are_put_in_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let wit = "package a:b@1.0.0;\n/// About it.\ninterface i {\n  /// Does it.\n  f: func();\n}\n\
                   /// The skill.\nworld skill { export i; }\n";
        fs::write(folder.path().join("skill.wit"), wit).unwrap();
        let empty = b"\0asm\x0d\0\x01\0";
        let documented = document(empty, folder.path(), &[]).unwrap();
        let (plain, docs) = split(&documented);
        assert_eq!(plain, empty);
        assert_eq!((docs.skill(), docs.function("i", "f")), ("The skill.", "Does it."));
    }

    #[test]
    fn malformed_wit_is_an_error_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("skill.wit"), "package a:b;\ninterface {").unwrap();
        let error = document(b"\0asm\x0d\0\x01\0", folder.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("skill.wit:2"), "{error}");
    }
}
