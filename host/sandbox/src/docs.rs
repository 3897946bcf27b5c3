//! Doc comments of a component: the standard custom section `package-docs`, JSON behind a version byte.
//!
//! Read here and not by `wit-parser`, which takes a component's section to speak of the component's
//! own nameless package, while it speaks of the package that the skill was written in.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasmparser::{Parser, Payload};

/// Name of the custom section.
pub(crate) const SECTION: &str = "package-docs";

/// Docs of the package of a skill. Parts that are not needed are not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PackageDocs {
    docs: Option<String>,
    worlds: BTreeMap<String, WorldDocs>,
    interfaces: BTreeMap<String, InterfaceDocs>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WorldDocs {
    docs: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InterfaceDocs {
    docs: Option<String>,
    funcs: BTreeMap<String, ItemDocs>,
    types: BTreeMap<String, ItemDocs>,
}

/// Docs of a function or a type. The oldest form of the section has the text alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ItemDocs {
    Text(String),
    Item {
        #[serde(default)]
        docs: Option<String>,
        /// Docs of fields, cases and names.
        #[serde(default)]
        items: BTreeMap<String, Self>,
    },
}

impl PackageDocs {
    /// The doc comment of the skill: of its world, its package, or its only interface.
    pub(crate) fn skill(&self) -> &str {
        let world = self.worlds.values().find_map(|world| world.docs.as_deref());
        let interface = || match self.interfaces.len() {
            1 => self.interfaces.values().find_map(|it| it.docs.as_deref()),
            _ => None,
        };
        world.or(self.docs.as_deref()).or_else(interface).unwrap_or_default()
    }

    /// The doc comment of a function.
    pub(crate) fn function(&self, interface: &str, function: &str) -> &str {
        self.interfaces
            .get(interface)
            .and_then(|it| it.funcs.get(function))
            .map_or("", ItemDocs::text)
    }

    /// The doc comment of a field or case of a type.
    pub(crate) fn item(&self, interface: &str, ty: &str, item: &str) -> &str {
        let ty = self.interfaces.get(interface).and_then(|it| it.types.get(ty));
        ty.and_then(|ty| ty.item(item)).map_or("", ItemDocs::text)
    }
}

impl ItemDocs {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Item { docs, .. } => docs.as_deref().unwrap_or_default(),
        }
    }

    fn item(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Text(_) => None,
            Self::Item { items, .. } => items.get(name),
        }
    }
}

/// A component without its docs, and its docs. A section that can't be read counts as none: docs never
/// keep a skill from running.
pub(crate) fn split(component: &[u8]) -> (Vec<u8>, PackageDocs) {
    let mut docs = None;
    let mut rest = Vec::with_capacity(component.len());
    let mut copied = 0;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        let Ok(payload) = payload else { return (component.to_vec(), PackageDocs::default()) };
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 && section.name() == SECTION => {
                // The range is that of the content: before it lie the section's id and size.
                let start = section_start(component, section.range().start);
                rest.extend_from_slice(&component[copied..start]);
                copied = section.range().end;
                docs = docs.or_else(|| read(section.data()));
            }
            _ => {}
        }
    }
    rest.extend_from_slice(&component[copied..]);
    (rest, docs.unwrap_or_default())
}

/// Where the section begins whose content begins at `content`: behind the id (0) lies its size in
/// LEB128, whose last byte alone has no continuation bit.
fn section_start(component: &[u8], content: usize) -> usize {
    let mut at = content - 1;
    while at > 0 && component[at - 1] & 0x80 != 0 {
        at -= 1;
    }
    at.saturating_sub(1)
}

fn read(data: &[u8]) -> Option<PackageDocs> {
    match data.split_first() {
        Some((0 | 1, json)) => serde_json::from_slice(json).ok(),
        _ => None,
    }
}
