//! Skills as their WIT declares them, without a component: what a test needs of a skill that it answers for.

use std::{path::Path, sync::Arc};

use voyager_base::{Digest, operation::Skill};
use wit_parser::{Resolve, SourceMap};

use crate::{
    decode,
    document::{DocumentError, parse, sources},
};

/// The one package of the contract that operations name.
const TYPES: &str = include_str!("../../../wit/types.wit");

/// The skill whose operations the WIT package in `wit`, a file or a folder, declares. It may name `voyager:types`.
///
/// # Errors
/// [`DocumentError`].
pub fn declared(wit: &Path) -> Result<Skill, DocumentError> {
    let malformed = |error: &dyn std::fmt::Display| DocumentError::Malformed(format!("{error:#}"));
    let mut types = SourceMap::new();
    types.push_str("types.wit", TYPES);
    let mut resolve = Resolve::default();
    let package = resolve
        .push_groups(parse(sources(&[wit])?)?, vec![parse(types)?])
        .map_err(|error| malformed(&error))?;
    let operations = decode::operations(&resolve, package).map_err(|error| malformed(&error))?;
    let name = &resolve.packages[package].name;
    Ok(Skill {
        component: Digest::of(format!("declared {name}").as_bytes()),
        package: format!("{}:{}", name.namespace, name.name),
        version: name.version.as_ref().map(ToString::to_string).unwrap_or_default(),
        docs: String::new(),
        operations: operations.into_iter().map(Arc::new).collect(),
        imports: Vec::new(),
        size: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wit_declares_the_operations_of_a_skill() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("spelling.wit");
        let wit = "package acme:spelling@1.2.0;\ninterface checking {\n  use voyager:types/types@0.1.0.{error};\n  \
                   check: func(text: string) -> result<list<string>, error>;\n}\n";
        std::fs::write(&file, wit).unwrap();
        let skill = declared(&file).unwrap();
        assert_eq!((skill.package.as_str(), skill.version.as_str()), ("acme:spelling", "1.2.0"));
        assert_eq!(skill.operations[0].name.to_string(), "acme:spelling@1.2.0/checking.check");
        assert!(skill.operations[0].fails_by_kind());
        std::fs::write(&file, "package acme:none;\ninterface i { type t = u8; }\n").unwrap();
        assert!(declared(&file).unwrap_err().to_string().contains("no operation"));
    }
}
