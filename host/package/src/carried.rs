//! What a component says of itself beside what it does: the tools that made it, and what was built into it.
//!
//! Nothing of it is checked by anybody; a signature says who claims it.

use std::collections::BTreeSet;

use miniz_oxide::{deflate::compress_to_vec_zlib, inflate::decompress_to_vec_zlib_with_limit};
use serde::{Deserialize, Serialize};
use wasmparser::{Parser, Payload, ProducersSectionReader};

/// The section in which `cargo auditable` and others put what was built in.
const DEPENDENCIES: &str = ".dep-v0";
/// Most bytes of it, unpacked.
const DEPENDENCIES_BYTES_MAX: usize = 8 << 20;

/// What a component carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Carried {
    /// Languages and tools: what each was for, its name and its version.
    pub producers: Vec<Producer>,
    /// What was built in, ordered by name; empty where it says nothing of that.
    pub dependencies: Vec<Dependency>,
}

/// A language or a tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub role: String,
    /// Its name.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
}

/// A package that was built in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Dependency {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from, for example `crates.io`.
    #[serde(default)]
    pub source: String,
}

/// The list as `cargo auditable` writes it.
#[derive(Deserialize)]
struct Audit {
    packages: Vec<AuditedPackage>,
}

#[derive(Deserialize)]
struct AuditedPackage {
    #[serde(flatten)]
    package: Dependency,
    #[serde(default)]
    kind: String,
}

impl Carried {
    /// Reads a component. What can't be read counts as not there.
    pub fn of(component: &[u8]) -> Self {
        let (mut producers, mut dependencies) = (BTreeSet::new(), BTreeSet::new());
        for payload in Parser::new(0).parse_all(component) {
            let Ok(payload) = payload else { break };
            let Payload::CustomSection(section) = payload else { continue };
            match section.name() {
                "producers" => {
                    producers.extend(read_producers(section.data(), section.data_offset()))
                }
                DEPENDENCIES => dependencies.extend(read_dependencies(section.data())),
                _ => {}
            }
        }
        Self {
            producers: producers.into_iter().collect(),
            dependencies: dependencies.into_iter().collect(),
        }
    }
}

/// Puts what was built in into a component, as `cargo auditable` would; a list that is there already stays.
pub fn with_dependencies(component: Vec<u8>, dependencies: &[Dependency]) -> Vec<u8> {
    if dependencies.is_empty() || !Carried::of(&component).dependencies.is_empty() {
        return component;
    }
    let audit = serde_json::json!({ "packages": dependencies }).to_string();
    let data = compress_to_vec_zlib(audit.as_bytes(), 6);
    let mut body = vec![DEPENDENCIES.len() as u8];
    body.extend_from_slice(DEPENDENCIES.as_bytes());
    body.extend_from_slice(&data);
    let mut whole = component;
    // A custom section: its number, its length in LEB128, and its name before what it holds.
    whole.push(0);
    let mut length = body.len();
    while length >= 0x80 {
        whole.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    whole.push(length as u8);
    whole.extend_from_slice(&body);
    whole
}

fn read_producers(data: &[u8], offset: usize) -> Vec<Producer> {
    let reader = wasmparser::BinaryReader::new(data, offset);
    let Ok(fields) = ProducersSectionReader::new(reader) else { return Vec::new() };
    let mut found = Vec::new();
    for field in fields.into_iter().map_while(Result::ok) {
        for value in field.values.into_iter().map_while(Result::ok) {
            found.push(Producer {
                role: field.name.to_owned(),
                name: value.name.to_owned(),
                version: value.version.to_owned(),
            });
        }
    }
    found
}

fn read_dependencies(data: &[u8]) -> Vec<Dependency> {
    let text = decompress_to_vec_zlib_with_limit(data, DEPENDENCIES_BYTES_MAX);
    let audit = text.ok().and_then(|it| serde_json::from_slice::<Audit>(&it).ok());
    let packages = audit.map(|it| it.packages).unwrap_or_default();
    // What only built it is not in it.
    packages.into_iter().filter(|it| it.kind != "build").map(|it| it.package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str, data: &[u8]) -> Vec<u8> {
        let mut body = vec![u8::try_from(name.len()).unwrap()];
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(data);
        let mut length = body.len();
        let mut section = vec![0];
        while length >= 0x80 {
            section.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        section.push(length as u8);
        [section, body].concat()
    }

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn tools_and_dependencies_are_read() {
        let producers = b"\x01\x08language\x01\x04Rust\x041.95";
        let audit = r#"{"packages":[
            {"name":"serde","version":"1.0.0","source":"crates.io"},
            {"name":"cc","version":"1.2.0","source":"crates.io","kind":"build"},
            {"name":"mine","version":"0.1.0","source":"local","root":true,"dependencies":[0]}]}"#;
        let audit = compress_to_vec_zlib(audit.as_bytes(), 6);
        let component =
            [COMPONENT.to_vec(), section("producers", producers), section(".dep-v0", &audit)]
                .concat();
        let carried = Carried::of(&component);
        let names: Vec<&str> = carried.dependencies.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["mine", "serde"]);
        let [rust] = carried.producers.as_slice() else { panic!("{carried:?}") };
        assert_eq!([&*rust.role, &*rust.name, &*rust.version], ["language", "Rust", "1.95"]);
    }

    #[test]
    fn what_is_put_in_is_read_back_once() {
        let dependency = |name: &str| Dependency {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: "crates.io".to_owned(),
        };
        let all: Vec<Dependency> =
            (0..500).map(|number| dependency(&format!("package-{number:03}"))).collect();
        let component = with_dependencies(COMPONENT.to_vec(), &all);
        assert_eq!(Carried::of(&component).dependencies, all);
        assert_eq!(with_dependencies(component.clone(), &[dependency("other")]), component);
        assert_eq!(with_dependencies(COMPONENT.to_vec(), &[]), COMPONENT);
    }

    #[test]
    fn a_bomb_or_noise_is_nothing() {
        let bomb = compress_to_vec_zlib(&vec![b' '; 64 << 20], 6);
        for data in [bomb.as_slice(), b"noise", b""] {
            let component = [COMPONENT.to_vec(), section(".dep-v0", data)].concat();
            assert_eq!(Carried::of(&component), Carried::default());
        }
        assert_eq!(Carried::of(b"no component"), Carried::default());
    }
}
