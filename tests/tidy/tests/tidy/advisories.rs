//! Our own lock file against the RustSec database, where a copy lies beside the repository.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, Write},
    path::PathBuf,
};

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::{assert_none, metadata, root};

#[derive(Deserialize)]
struct Advisory {
    advisory: About,
    versions: Versions,
}

#[derive(Deserialize)]
struct About {
    id: String,
    package: String,
    withdrawn: Option<toml::Value>,
    /// `unmaintained`, `unsound`, `notice`: to be judged, no gate.
    informational: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<String>,
    #[serde(default)]
    unaffected: Vec<String>,
}

impl Advisory {
    fn affects(&self, version: &Version) -> bool {
        let in_one_of = |requirements: &[String]| {
            requirements
                .iter()
                .filter_map(|it| VersionReq::parse(it).ok())
                .any(|it| it.matches(version))
        };
        !in_one_of(&self.versions.patched) && !in_one_of(&self.versions.unaffected)
    }
}

fn database() -> PathBuf {
    root().join("../shared/data/rustsec/advisory-db.tar.gz")
}

/// All advisories, by package.
fn advisories(archive: impl Read) -> BTreeMap<String, Vec<Advisory>> {
    let mut found: BTreeMap<String, Vec<Advisory>> = BTreeMap::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").into_owned();
        if path.extension().is_none_or(|it| it != "md") {
            continue;
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        let Some(front) = text.strip_prefix("```toml").and_then(|it| it.split("```").next()) else {
            continue;
        };
        let advisory: Advisory =
            toml::from_str(front).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        found.entry(advisory.advisory.package.clone()).or_default().push(advisory);
    }
    found
}

#[test]
fn no_dependency_has_a_known_vulnerability() {
    let Ok(archive) = File::open(database()) else {
        eprintln!("skipped: no advisory database at {}", database().display());
        return;
    };
    let advisories = advisories(archive);
    assert!(advisories.len() > 500, "the database holds only {} crates", advisories.len());
    let mut findings = Vec::new();
    for package in metadata().packages.iter().filter(|it| it.source.is_some()) {
        let version: Version = package.version.parse().expect("cargo writes versions");
        let known = advisories.get(&package.name).map_or(&[][..], Vec::as_slice);
        let serious = known
            .iter()
            .filter(|it| it.advisory.withdrawn.is_none() && it.advisory.informational.is_none());
        for advisory in serious.filter(|it| it.affects(&version)) {
            findings.push(format!("{} {}: {}", package.name, version, advisory.advisory.id));
        }
    }
    assert_none("No dependency has a known vulnerability; update it, or replace it.", &findings);
}

#[test]
fn wasmtime_is_at_least_at_its_floor() {
    let floor = Version::new(48, 0, 8);
    let found = metadata().packages.iter().filter(|it| it.name == "wasmtime");
    let low: Vec<String> = found
        .filter(|it| it.version.parse::<Version>().is_ok_and(|version| version < floor))
        .map(|it| it.version.clone())
        .collect();
    assert_none("Earlier releases of wasmtime than 48.0.8 have open advisories.", &low);
}

#[test]
fn an_advisory_is_matched_by_its_versions() {
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2000-0001\"\npackage = \"demo\"\n\n\
                [versions]\npatched = [\">= 1.2.0\"]\nunaffected = [\"< 1.0.0\"]\n```\n# Title\n";
    let mut builder =
        tar::Builder::new(flate2::write::GzEncoder::new(tempfile(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "crates/demo/RUSTSEC-2000-0001.md", text.as_bytes()).unwrap();
    let mut file = builder.into_inner().unwrap().finish().unwrap();
    file.flush().unwrap();
    file.rewind().unwrap();
    let found = advisories(file);
    let advisory = &found["demo"][0];
    for (version, affected) in
        [("0.9.0", false), ("1.0.0", true), ("1.1.9", true), ("1.2.0", false)]
    {
        assert_eq!(advisory.affects(&version.parse().unwrap()), affected, "{version}");
    }
}

/// A buffer that reads, writes and seeks.
fn tempfile() -> std::io::Cursor<Vec<u8>> {
    std::io::Cursor::new(Vec::new())
}
