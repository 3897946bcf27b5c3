//! What a component exports and imports, read without running it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use voyager_base::{
    Digest, Type,
    operation::{Operation, OperationName, Skill},
    types::{Case, Field, IntKind, Named},
};
use wit_parser::{
    FunctionKind, Handle, Interface, PackageId, Resolve, Type as WitType, TypeDef, TypeDefKind,
    TypeId, TypeOwner, WorldItem, WorldKey, decoding::DecodedWasm,
};

use crate::{
    command,
    docs::{self, PackageDocs},
    text::plain,
};

/// Most parts of all types of a skill together. Types share parts in the component and don't here, so
/// that a few bytes could describe a type that fills the memory.
const TYPE_PARTS_MAX: usize = 200_000;
/// Deepest nesting of a type.
const TYPE_DEPTH_MAX: u32 = 64;

/// A component as a skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decoded {
    pub(crate) skill: Skill,
    /// All imported interfaces, WASI's too.
    pub(crate) imports: Vec<String>,
    /// It exports [`REUSABLE`].
    #[serde(default)]
    pub(crate) reusable: bool,
    /// The exported interface by which it is a command-line program.
    #[serde(default)]
    pub(crate) program: Option<String>,
    /// Its table of source lines, encoded; empty where it has none.
    #[serde(default, with = "serde_bytes")]
    pub(crate) lines: Vec<u8>,
}

/// The interface by which a skill promises to keep nothing from call to call. It has no functions.
const REUSABLE: &str = "voyager:run/reusable@0.1.";

/// Longest name of an export that is shown.
const EXPORT_BYTES_MAX: usize = 200;

/// What a program asks for whose standard library uses files: they are those of the workspace.
const WORKSPACE: &str = "voyager:workspace/files@0.1.0";

/// What a component asks for that sends requests by WASI's own HTTP.
const HTTP: &str = "voyager:http/http@0.1.0";

/// By which components send requests.
const OUTGOING: &str = "wasi:http/outgoing-handler@0.2.";

/// By which components are asked as servers, in any version.
const INCOMING: [&str; 2] = ["wasi:http/incoming-handler", "wasi:http/handler"];

/// A valid component is no skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum Undecodable {
    #[error("{0}")]
    Malformed(String),
    #[error("it exports no interface with a function, so it has no operation")]
    NoOperation,
    #[error(
        "it exports `{0}`, so it waits for requests as a server, and nobody sends any here; have it export an \
         interface of its own, whose functions ask other servers by `wasi:http/outgoing-handler`"
    )]
    Server(String),
    #[error("its types are too large: more than {TYPE_PARTS_MAX} parts or {TYPE_DEPTH_MAX} levels")]
    TooComplex,
}

/// Reads a component.
pub(crate) fn decode(component: &[u8]) -> Result<Decoded, Undecodable> {
    let (bare, docs) = docs::split(component);
    let malformed = |error: &dyn std::fmt::Display| Undecodable::Malformed(error.to_string());
    let (resolve, world) = match wit_parser::decoding::decode(&bare) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => {
            return Err(malformed(&"it is a WIT package, which describes skills but is none"));
        }
        Err(error) => return Err(malformed(&format!("{error:#}"))),
    };
    let mut reader = Reader { resolve: &resolve, docs: &docs, parts_left: TYPE_PARTS_MAX };
    let world = &resolve.worlds[world];
    let mut operations = Vec::new();
    let mut program = None;
    for (key, item) in &world.exports {
        let export = resolve.name_world_key(key);
        if INCOMING.iter().any(|it| export.starts_with(it)) {
            return Err(Undecodable::Server(plain(&export, EXPORT_BYTES_MAX)));
        }
        if command::is_program(&export) {
            program = Some(export);
        } else if let (WorldKey::Interface(_), WorldItem::Interface { id, .. }) = (key, item) {
            operations.extend(reader.operations(&resolve.interfaces[*id])?);
        }
    }
    if program.is_some() {
        let run = command::operation();
        // Beside operations with a name of their own it belongs to their skill.
        let named = operations.first().map_or_else(
            || run.name.clone(),
            |first| OperationName {
                interface: run.name.interface.clone(),
                function: run.name.function.clone(),
                ..first.name.clone()
            },
        );
        if !operations.iter().any(|it| it.name == named) {
            operations.push(Operation { name: named, ..run });
        }
    }
    let mut operations: Vec<_> = operations.into_iter().map(Arc::new).collect();
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    let first = &operations.first().ok_or(Undecodable::NoOperation)?.name;
    let imports: Vec<String> =
        world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
    let mut asks: Vec<String> =
        imports.iter().filter(|it| !it.starts_with("wasi:")).cloned().collect();
    let uses_files = program.is_some() && command::uses_files(&imports);
    let uses_http = imports.iter().any(|it| it.starts_with(OUTGOING));
    for (is_used, capability) in [(uses_files, WORKSPACE), (uses_http, HTTP)] {
        if is_used && !asks.iter().any(|it| it == capability) {
            asks.push(capability.to_owned());
        }
    }
    let skill = Skill {
        component: Digest::of(component),
        package: first.package.clone(),
        version: first.version.clone(),
        docs: docs.skill().to_owned(),
        imports: asks,
        size: component.len() as u64,
        operations,
    };
    let mut exports = world.exports.keys().map(|key| resolve.name_world_key(key));
    let reusable = exports.any(|name| name.starts_with(REUSABLE));
    Ok(Decoded { skill, imports, reusable, program, lines: Vec::new() })
}

/// The operations that the interfaces of a package declare, whoever exports them.
pub(crate) fn operations(
    resolve: &Resolve,
    package: PackageId,
) -> Result<Vec<Operation>, Undecodable> {
    let docs = PackageDocs::default();
    let mut reader = Reader { resolve, docs: &docs, parts_left: TYPE_PARTS_MAX };
    let mut operations = Vec::new();
    for interface in resolve.packages[package].interfaces.values() {
        operations.extend(reader.operations(&resolve.interfaces[*interface])?);
    }
    if operations.is_empty() { Err(Undecodable::NoOperation) } else { Ok(operations) }
}

struct Reader<'a> {
    resolve: &'a Resolve,
    docs: &'a PackageDocs,
    parts_left: usize,
}

impl Reader<'_> {
    fn operations(&mut self, interface: &Interface) -> Result<Vec<Operation>, Undecodable> {
        let (Some(name), Some(package)) = (&interface.name, interface.package) else {
            return Ok(Vec::new());
        };
        let package = &self.resolve.packages[package].name;
        let mut operations = Vec::new();
        for (function, declared) in &interface.functions {
            if declared.kind != FunctionKind::Freestanding {
                continue;
            }
            let parameters = declared.params.iter();
            operations.push(Operation {
                name: OperationName {
                    package: format!("{}:{}", package.namespace, package.name),
                    version: package.version.as_ref().map(ToString::to_string).unwrap_or_default(),
                    interface: name.clone(),
                    function: function.clone(),
                },
                docs: self.docs.function(name, function).to_owned(),
                parameters: parameters
                    .map(|it| Ok((it.name.clone(), self.ty(&it.ty, 0)?)))
                    .collect::<Result<_, _>>()?,
                result: declared.result.as_ref().map(|ty| self.ty(ty, 0)).transpose()?,
            });
        }
        Ok(operations)
    }

    fn ty(&mut self, ty: &WitType, depth: u32) -> Result<Type, Undecodable> {
        self.parts_left = self.parts_left.checked_sub(1).ok_or(Undecodable::TooComplex)?;
        if depth > TYPE_DEPTH_MAX {
            return Err(Undecodable::TooComplex);
        }
        Ok(match ty {
            WitType::Bool => Type::Bool,
            WitType::U8 => Type::Int(IntKind::U8),
            WitType::U16 => Type::Int(IntKind::U16),
            WitType::U32 => Type::Int(IntKind::U32),
            WitType::U64 => Type::Int(IntKind::U64),
            WitType::S8 => Type::Int(IntKind::S8),
            WitType::S16 => Type::Int(IntKind::S16),
            WitType::S32 => Type::Int(IntKind::S32),
            WitType::S64 => Type::Int(IntKind::S64),
            WitType::F32 => Type::F32,
            WitType::F64 => Type::F64,
            WitType::Char => Type::Char,
            WitType::String => Type::String,
            WitType::ErrorContext => Type::Handle("error-context".to_owned()),
            WitType::Id(id) => self.defined(*id, depth)?,
        })
    }

    fn defined(&mut self, id: TypeId, depth: u32) -> Result<Type, Undecodable> {
        let resolve = self.resolve;
        let def = &resolve.types[id];
        let name = || def.name.clone();
        let below = depth + 1;
        Ok(match &def.kind {
            TypeDefKind::Type(ty) => self.ty(ty, below)?,
            TypeDefKind::Option(ty) => Type::option(self.ty(ty, below)?),
            TypeDefKind::List(ty) => Type::list(self.ty(ty, below)?),
            TypeDefKind::Result(result) => {
                Type::Result(self.boxed(&result.ok, below)?, self.boxed(&result.err, below)?)
            }
            TypeDefKind::Tuple(tuple) => Type::Tuple(
                tuple.types.iter().map(|ty| self.ty(ty, below)).collect::<Result<_, _>>()?,
            ),
            TypeDefKind::Record(record) => {
                let fields = record.fields.iter().map(|field| {
                    Ok(Field {
                        name: field.name.clone(),
                        ty: self.ty(&field.ty, below)?,
                        docs: self.item_docs(def, &field.name),
                    })
                });
                Type::Record(Named::new(name(), fields.collect::<Result<_, _>>()?))
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| {
                    Ok(Case {
                        name: case.name.clone(),
                        ty: case.ty.as_ref().map(|ty| self.ty(ty, below)).transpose()?,
                        docs: self.item_docs(def, &case.name),
                    })
                });
                Type::Variant(Named::new(name(), cases.collect::<Result<_, _>>()?))
            }
            TypeDefKind::Enum(names) => Type::Enum(Named::new(
                name(),
                names.cases.iter().map(|case| case.name.clone()).collect(),
            )),
            TypeDefKind::Flags(flags) => Type::Flags(Named::new(
                name(),
                flags.flags.iter().map(|flag| flag.name.clone()).collect(),
            )),
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => Type::Handle(
                resolve.types[*id].name.clone().unwrap_or_else(|| "resource".to_owned()),
            ),
            TypeDefKind::Resource
            | TypeDefKind::Map(..)
            | TypeDefKind::FixedLengthList(..)
            | TypeDefKind::Future(_)
            | TypeDefKind::Stream(_)
            | TypeDefKind::Unknown => Type::Handle(def.kind.as_str().to_owned()),
        })
    }

    fn boxed(
        &mut self,
        ty: &Option<WitType>,
        depth: u32,
    ) -> Result<Option<Box<Type>>, Undecodable> {
        ty.as_ref().map(|ty| self.ty(ty, depth).map(Box::new)).transpose()
    }

    fn item_docs(&self, def: &TypeDef, item: &str) -> String {
        let (TypeOwner::Interface(interface), Some(name)) = (&def.owner, &def.name) else {
            return String::new();
        };
        let interface = self.resolve.interfaces[*interface].name.as_deref().unwrap_or_default();
        self.docs.item(interface, name, item).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use voyager_base::error::contract_type;

    use super::*;

    #[test]
    fn the_contract_declares_the_error_that_this_host_knows() {
        let mut resolve = Resolve::default();
        let text = include_str!("../../../wit/types.wit");
        let package = resolve.push_str("wit/types.wit", text).unwrap();
        let interface = resolve.packages[package].interfaces["types"];
        let error = resolve.interfaces[interface].types["error"];
        let docs = PackageDocs::default();
        let mut reader = Reader { resolve: &resolve, docs: &docs, parts_left: TYPE_PARTS_MAX };
        let declared = reader.defined(error, 0).unwrap();
        assert!(
            declared.same(&contract_type()),
            "wit/types.wit and host/base/src/error/contract.rs differ"
        );
    }
}
